/* What is done to terminals: invited with a one-time code, enrolled, shut out. For use in write jobs;
 * every act stands in the audit log. */
#ifndef JC_AUTH_DEVICE_H
#define JC_AUTH_DEVICE_H

#include "auth/person.h"
#include "auth/token.h"
#include "store/device.h"

enum {
    JC_INVITATION_HOURS = 24,          /* validity unless asked otherwise */
    JC_INVITATION_MAX_HOURS = 14 * 24, /* longest validity */
    JC_PUBLIC_KEY_SIZE = 32,           /* Ed25519 */
};

/* A one-time code for a terminal of this inspector; valid_hours 0 is JC_INVITATION_HOURS.
 * JC_NOT_FOUND for an unknown inspector, JC_INVALID_ARGUMENT for impossible hours. */
enum jc_code jc_device_invite(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, int valid_hours,
                              struct jc_act act, struct jc_arena *arena, char code_text[JC_ONE_TIME_TEXT],
                              int64_t *expires_ms, struct jc_err *err);

struct jc_enrolment {
    struct jc_str code;        /* as typed */
    struct jc_str device_name; /* 1 to 128 bytes */
    struct jc_str public_key;  /* empty or JC_PUBLIC_KEY_SIZE bytes */
    struct jc_str app_version;
};

/* Turns a code into a device and its token. A wrong code is JC_UNAUTHENTICATED; a used or expired one
 * too, saying so, unless the key is the one that used it: then the answer was lost, and the same device
 * gets a new token. *device is complete, its strings the arena's. */
enum jc_code jc_device_enroll(struct jc_tx *tx, const struct jc_enrolment *enrolment, const struct jc_clock *clock,
                              struct jc_arena *arena, struct jc_device *device, char token[JC_TOKEN_TEXT],
                              struct jc_err *err);

/* Refuses the device from now on; the reason may be empty. JC_NOT_FOUND. */
enum jc_code jc_device_revoke(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str reason,
                              struct jc_act act, struct jc_err *err);
/* 1 to 128 bytes. JC_NOT_FOUND. */
enum jc_code jc_device_rename(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str name,
                              struct jc_act act, struct jc_err *err);
/* Its next sync is asked to list anew; unsent work stays. JC_NOT_FOUND. */
enum jc_code jc_device_rebuild(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_act act,
                               struct jc_err *err);
/* Takes away the mark that a seal of it did not hold: operations are sealed from its board's view again, and its seals
 * may wait (sync/seal.h). With a reason. JC_FAILED_PRECONDITION if it is not marked, or while reviews about its seals
 * are open. */
enum jc_code jc_device_trust_seal(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, struct jc_str reason,
                                  struct jc_act act, struct jc_err *err);

#endif
