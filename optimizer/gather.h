/* Gathers things that are alike, so that each sort of them is looked at once.
 *
 * Things are numbers below n; what they are only the owner's functions know. Classes are ranked by the owner's
 * order, whatever order the things come in, so nothing depends on hashes. O(n) and a sort of the classes. */
#ifndef JC_OPTIMIZER_GATHER_H
#define JC_OPTIMIZER_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jc_gather {
    const void *ctx;
    uint64_t (*hash)(const void *ctx, uint32_t i);         /* the same for things alike */
    int (*order)(const void *ctx, uint32_t a, uint32_t b); /* <0, 0: alike, >0 */
};

/* rank[i] is the class of thing i, from 0 in the owner's order. Returns how many there are; -1 without memory. */
int64_t jc_gather_rank(const struct jc_gather *gather, uint32_t n, uint32_t *rank);

/* Lists the n things `from` (NULL: 0, 1, …) by their keys, which are below n_keys; those of one key keep their
 * order. False without memory. */
bool jc_gather_sort(const uint32_t *key, uint32_t n_keys, const uint32_t *from, uint32_t n, uint32_t *to);

#endif
