/* Invitations: one-time codes with which a terminal enrols for an inspector. */
#ifndef JC_STORE_INVITATION_H
#define JC_STORE_INVITATION_H

#include "base/id.h"
#include "db/db.h"

struct jc_invitation {
    int64_t agency_id;
    struct jc_str inspector_id;
    struct jc_str created_by;
    int64_t created_ms;
    int64_t expires_ms;
    int64_t used_ms;       /* -1: not used */
    struct jc_str used_by; /* public key of the terminal that used it; empty: it has none */
};

enum jc_code jc_invitation_add(struct jc_tx *tx, const struct jc_invitation *invitation,
                               const uint8_t code_hash[JC_SHA256_SIZE], struct jc_err *err);
/* *found is false if there is none; used and expired ones are found. Strings are the arena's. */
enum jc_code jc_invitation_find(struct jc_tx *tx, const uint8_t code_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                                struct jc_invitation *out, bool *found, struct jc_err *err);
enum jc_code jc_invitation_set_used(struct jc_tx *tx, const uint8_t code_hash[JC_SHA256_SIZE], int64_t now_ms,
                                    struct jc_str used_by, struct jc_err *err);

#endif
