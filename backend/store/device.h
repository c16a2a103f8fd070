/* Terminals: whose they are, whether they may still speak, what they last said of themselves. */
#ifndef JC_STORE_DEVICE_H
#define JC_STORE_DEVICE_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

/* Where the chain of its operations stands here (sync/seal.h). */
struct jc_device_chain {
    bool begun;                   /* the two below are known */
    uint8_t link[JC_SHA256_SIZE]; /* of its newest operation */
    int64_t link_no;              /* row of that */
    int64_t sealed_no;            /* a verified seal covers every row of it up to this one */
    bool due;                     /* rows behind that wait for theirs to be verified */
    int64_t wrong_no;             /* row of the first seal that did not hold, from when on none waits; 0: none */
};

struct jc_device {
    int64_t agency_id;
    struct jc_uuid device_id;
    struct jc_str name;
    struct jc_str inspector_id;
    struct jc_str team_id;  /* of the inspector, as the register says now; empty if not of the register */
    int64_t scope_version;  /* moves when team, role or agency of the holder change */
    int64_t blocks_version; /* moves when document numbers are leased to it */
    int64_t enrolled_ms;
    int64_t revoked_ms;   /* -1: not revoked */
    int64_t last_seen_ms; /* -1: never */
    struct jc_str app_version;
    int64_t unsent;          /* operations it had not sent when it last reported */
    int64_t clock_offset_ms; /* its clock minus ours */
    int64_t free_bytes;
    struct jc_device_chain chain;
    bool rebuild_requested; /* somebody asked it to list anew */
};

/* Writes a new row from agency_id, device_id, name, inspector_id, enrolled_ms and app_version. An
 * empty public_key means none. JC_FAILED_PRECONDITION for an unknown inspector. */
enum jc_code jc_device_insert(struct jc_tx *tx, const struct jc_device *device,
                              const uint8_t token_hash[JC_SHA256_SIZE], struct jc_str public_key, struct jc_err *err);
/* The device whose token has this hash, revoked ones too; *found is false if there is none. Strings
 * are the arena's. */
enum jc_code jc_device_find(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                            struct jc_device *out, bool *found, struct jc_err *err);
/* The newest of an inspector's devices with this public key. */
enum jc_code jc_device_find_by_key(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id,
                                   struct jc_str public_key, struct jc_arena *arena, struct jc_device *out, bool *found,
                                   struct jc_err *err);
/* From now on it speaks with another token. */
enum jc_code jc_device_set_token(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                 const uint8_t token_hash[JC_SHA256_SIZE], struct jc_err *err);
/* JC_NOT_FOUND, naming the device. */
enum jc_code jc_device_get(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                           struct jc_device *out, struct jc_err *err);
/* Its Ed25519 key, empty if it has none. JC_NOT_FOUND. */
enum jc_code jc_device_public_key(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_arena *arena,
                                  struct jc_str *out, struct jc_err *err);
/* In the order of enrolment. */
enum jc_code jc_device_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_device **out,
                            size_t *count, struct jc_err *err);

/* What the board shows besides. */
struct jc_device_state {
    const Jc__DeviceReport *report; /* the last one; NULL: none yet */
    bool seal_wrong, seal_due;
    int64_t known_seq; /* it has every change up to this one */
    struct jc_str revoked_reason;
    int64_t open_reviews;  /* operations of it that wait for a person */
    int64_t blobs_missing; /* records of it whose photos have not all arrived */
};
/* Of every device, in the order of jc_device_list. All is the arena's. Cost: a walk over the open reviews and the
 * incomplete records of the agency. */
enum jc_code jc_device_states(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_device_state **out,
                              size_t *count, struct jc_err *err);

/* From now on its token is refused. A second revocation keeps the first moment and reason. JC_NOT_FOUND. */
enum jc_code jc_device_set_revoked(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms,
                                   struct jc_str reason, struct jc_err *err);
enum jc_code jc_device_set_name(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str name,
                                struct jc_err *err);
/* Its next syncs are told to list anew, until it does. */
enum jc_code jc_device_set_rebuild(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_err *err);

/* Takes away the mark that a seal of it did not hold: the row stays in seal_wrong_no, below zero. JC_FAILED_PRECONDITION
 * if it has none, or while a person has to look at operations of it for their seals. */
enum jc_code jc_device_set_seal_trusted(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                        struct jc_err *err);

/* JC_NOT_FOUND. */
enum jc_code jc_device_set_blocks_version(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                          int64_t version, struct jc_err *err);

/* What a sync tells of a device. */
struct jc_device_note {
    int64_t now_ms;
    const Jc__DeviceReport *report; /* NULL: it said nothing of itself */
    int64_t known_seq;
    bool begins_anew;                    /* it lists from the beginning: whatever rebuild was asked for is under way */
    const struct jc_device_chain *chain; /* NULL: as it was */
    bool due_changes;                    /* seals begin to wait, or wait no more */
};
/* Keeps it: one statement. */
enum jc_code jc_device_seen(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                            const struct jc_device_note *note, struct jc_arena *arena, struct jc_err *err);
/* Whoever writes the row by a statement of their own, in a job that keeps the memo (db/memo.h), says so in the same
 * job, before anybody looks the device up. */
void jc_device_forget(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id);
/* Before the row of an inspector is written with this team: if it is another than before, the
 * inspector's devices begin their listing anew (DESIGN section 5, point 5). */
enum jc_code jc_device_rescope(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_str team_id,
                               struct jc_err *err);

#endif
