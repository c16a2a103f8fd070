/* Drawing lots: the arithmetic of a draw (DESIGN section 8, docs/DRAW.md), pure and repeatable.
 *
 * Whoever knows the pool and the seed computes the same units, with any program: SHA-256 and ChaCha20
 * are standards, and a test vector is published. Every unit of the pool is equally likely; there is no
 * modulo bias and no dependence on the order in which the pool was handed in. */
#ifndef JC_PLAN_LOT_H
#define JC_PLAN_LOT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

/* What is hashed: the ids in normal form C, sorted bytewise, each once, each followed by LF. The text
 * and the ids (views into it) are the arena's. An id with a control character is JC_INVALID_ARGUMENT. */
enum jc_code jc_lot_pool(struct jc_arena *arena, const struct jc_str *ids, size_t count, struct jc_str *out_text,
                         struct jc_err *err);
/* The ids of a pool text in their order. */
enum jc_code jc_lot_ids(struct jc_arena *arena, struct jc_str pool, struct jc_str **out, size_t *count,
                        struct jc_err *err);

/* The first `drawn` of `count` units after the shuffle, as indices into the sorted pool. `drawn` may
 * not be above `count`. */
enum jc_code jc_lot_draw(struct jc_arena *arena, const uint8_t pool_hash[JC_SHA256_SIZE], struct jc_str seed,
                         uint32_t count, uint32_t drawn, uint32_t **out, struct jc_err *err);

#endif
