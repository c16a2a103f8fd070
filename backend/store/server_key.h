/* The Ed25519 keys with which this server signs receipts and bundles.
 *
 * One is in use: the newest, if its secret half is here. A rotation makes the next one, endorsed by the
 * one before, and wipes the old secret, so whoever knows an old public key can follow to the new one
 * without being told. A database restored from a backup without keys has no secret: it gets a new key
 * that nobody endorses, and terminals ask a person before they believe it. */
#ifndef JC_STORE_SERVER_KEY_H
#define JC_STORE_SERVER_KEY_H

#include "base/evidence.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

/* Makes a key if there is none whose secret half is here; does nothing else. Write jobs only. */
enum jc_code jc_server_key_ensure(struct jc_tx *tx, int64_t now_ms, struct jc_err *err);
/* The next key, endorsed by the one in use, whose secret is wiped. *key_id is the new one's. */
enum jc_code jc_server_key_rotate(struct jc_tx *tx, int64_t now_ms, uint8_t key_id[JC_KEY_ID_SIZE], struct jc_err *err);

/* Public halves, the newest first. */
enum jc_code jc_server_key_list(struct jc_tx *tx, struct jc_arena *arena, Jc__ServerKey ***out, size_t *count,
                                struct jc_err *err);
/* Those that came after `known`, the oldest first; all of them if it is unknown or empty. */
enum jc_code jc_server_key_since(struct jc_tx *tx, struct jc_str known, struct jc_arena *arena, Jc__ServerKey ***out,
                                 size_t *count, struct jc_err *err);

/* Removes all secret halves: for the copy of a backup. The pages that held them are still in the file. */
enum jc_code jc_server_key_forget(struct jc_tx *tx, struct jc_err *err);

/* What an agency's receipts are made with in this transaction. */
struct jc_signet {
    int64_t agency_id;
    size_t agency_len; /* bytes of the code; at most 255 */
    char agency[256];
    int64_t backed_up_through; /* operations up to this row are in a finished backup, with their photos; 0: none */
    bool can_sign;             /* a key with its secret half is here: */
    uint8_t key_id[JC_KEY_ID_SIZE];
    uint8_t secret_key[JC_SIGN_SECRET_SIZE];
};
/* Read once a transaction. Write jobs only. *out is valid until the job ends. */
enum jc_code jc_signet_of(struct jc_tx *tx, int64_t agency_id, const struct jc_signet **out, struct jc_err *err);

#endif
