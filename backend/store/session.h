/* Sessions of people: a token's hash, whose it is, and until when it holds. */
#ifndef JC_STORE_SESSION_H
#define JC_STORE_SESSION_H

#include "base/id.h"
#include "store/person.h"

/* A session and what its owner is now; the team of an inspector is the one the register says. */
struct jc_session {
    int64_t agency_id;
    int64_t created_ms;
    int64_t expires_ms;
    struct jc_person person;
};

enum jc_code jc_session_add(struct jc_tx *tx, int64_t agency_id, struct jc_str login,
                            const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms, int64_t expires_ms,
                            struct jc_err *err);
/* *found is false if no session has this hash. Expiry and disabled are the caller's to judge. */
enum jc_code jc_session_find(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                             struct jc_session *out, bool *found, struct jc_err *err);
/* Ends one session; nothing happens if there is none. */
enum jc_code jc_session_delete(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_err *err);
/* Ends every session of a login but the one with the hash `keep` (NULL: all). */
enum jc_code jc_session_delete_others(struct jc_tx *tx, int64_t agency_id, struct jc_str login, const uint8_t *keep,
                                      struct jc_err *err);
/* Forgets sessions of a login that ended before now. */
enum jc_code jc_session_prune(struct jc_tx *tx, int64_t agency_id, struct jc_str login, int64_t now_ms,
                              struct jc_err *err);

#endif
