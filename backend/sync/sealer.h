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

/* NULL without memory. */
struct jc_sealer *jc_sealer_new(void);
void jc_sealer_free(struct jc_sealer *sealer); /* NULL is fine */

/* jc_sync_vouch if the key is known; otherwise the job will do it. */
void jc_sealer_vouch(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE],
                     struct jc_sync_prepared *prepared);
/* Remembers the key that a job vouched with. Without memory it is not remembered. */
void jc_sealer_learn(struct jc_sealer *sealer, const uint8_t token_hash[JC_SHA256_SIZE],
                     const struct jc_sync_prepared *prepared);

#endif
