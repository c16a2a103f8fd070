/* Keys of the devices that have been here since the server started, so that signatures and seals are
 * verified before the write job, on a thread that is not the writer's.
 *
 * In memory, one per server, safe to use from any thread. A key is found by the hash of the device's
 * token: the pair never changes, so nothing is believed that could have been taken back. Whether the
 * token still allows anything is asked in the job, as ever. */
#ifndef JC_SYNC_SEALER_H
#define JC_SYNC_SEALER_H

#include "sync/prepare.h"

struct jc_sealer;

/* A seal may wait if one of the device held within `wait_ms`; 0: each is verified before its answer. NULL
 * without memory. */
struct jc_sealer *jc_sealer_new(int wait_ms);
void jc_sealer_free(struct jc_sealer *sealer); /* NULL is fine */

/* If the key is known: jc_sync_vouch, or, if a seal of the device held a moment ago and nothing but one seal
 * at the end is to be verified, `postponed`. Otherwise the job will do it. */
void jc_sealer_vouch(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                     struct jc_sync_prepared *prepared);
/* Remembers the key that a job vouched with, and how it went. */
void jc_sealer_learn(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms,
                     const struct jc_sync_prepared *prepared);

#endif
