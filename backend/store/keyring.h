/* Whether the server's keys (store/server_key.h) are those that it made (jiancha verify).
 *
 * A key's id is the hash of its public half, its secret half makes the public one, each is endorsed by the one before,
 * and the log of acts names what a rotation made. So a key that was altered, put in or taken away is found and named.
 * What nothing in the database says is when its first key was made, and whether that is the one the terminals know: a
 * backup that left the building tells, and so do the terminals. */
#ifndef JC_STORE_KEYRING_H
#define JC_STORE_KEYRING_H

#include "store/operation.h"

/* Tells every fault with the key's id; the number given to `found` is its position, 0: it has none. Keys serve all
 * agencies, so the logs of all are read. Keys without a secret half (a backup) are in order. */
enum jc_code jc_keyring_verify(struct jc_tx *tx, jc_chain_found *found, void *ctx, struct jc_err *err);
/* Tells every key of a backup's database that is not here, or is another one here. */
enum jc_code jc_keyring_compare(struct jc_tx *tx, struct jc_tx *backup, jc_chain_found *found, void *ctx,
                                struct jc_err *err);

#endif
