/* Random bytes for ids, tokens and keys. Every random byte of the programs comes from here, so that
 * a simulation can replay a run; libsodium underneath. jc_id_init() has been called before. */
#ifndef JC_BASE_RANDOM_H
#define JC_BASE_RANDOM_H

#include <stddef.h>

/* Fills `out` with bytes nobody can guess. Thread-safe. */
void jc_random(void *out, size_t len);

/* From now on jc_random asks `fill` instead of the system; NULL: the system again. For simulations
 * and tests: set before threads start, and from one thread. */
typedef void jc_random_fill(void *ctx, void *out, size_t len);
void jc_random_source(jc_random_fill *fill, void *ctx);

#endif
