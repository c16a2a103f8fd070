/* Terminals: whose they are, whether they may still speak, what they last said of themselves. */
#ifndef JC_STORE_DEVICE_H
#define JC_STORE_DEVICE_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

struct jc_device {
    int64_t agency_id;
    struct jc_uuid device_id;
    struct jc_str name;
    struct jc_str inspector_id;
    struct jc_str team_id; /* of the inspector, as the register says now; empty if not of the register */
    int64_t scope_version; /* moves when team, role or agency of the holder change */
    int64_t enrolled_ms;
    int64_t revoked_ms;   /* -1: not revoked */
    int64_t last_seen_ms; /* -1: never */
    struct jc_str app_version;
    int64_t unsent;          /* operations it had not sent when it last reported */
    int64_t clock_offset_ms; /* its clock minus ours */
    int64_t free_bytes;
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

/* From now on its token is refused. A second revocation keeps the first moment. JC_NOT_FOUND. */
enum jc_code jc_device_set_revoked(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms,
                                   struct jc_err *err);
/* Keeps what a device says of itself with a sync; without a report only that it was seen. */
enum jc_code jc_device_seen(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms,
                            const Jc__DeviceReport *report, struct jc_err *err);
/* Before the row of an inspector is written with this team: if it is another than before, the
 * inspector's devices begin their listing anew (DESIGN section 5, point 5). */
enum jc_code jc_device_rescope(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_str team_id,
                               struct jc_err *err);

#endif
