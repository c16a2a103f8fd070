/* A partition of 0 .. n-1 that only grows coarser (union-find): `parent` leads each element towards the
 * least one of its set. Nearly constant time for each call. */
#ifndef JC_OPTIMIZER_PARTITION_H
#define JC_OPTIMIZER_PARTITION_H

#include <stdint.h>

/* Every element alone. */
static inline void jc_partition_init(int32_t *parent, int32_t n) {
    for (int32_t i = 0; i < n; i++)
        parent[i] = i;
}

/* The least element of i's set. */
static inline int32_t jc_partition_root(int32_t *parent, int32_t i) {
    while (parent[i] != i) {
        parent[i] = parent[parent[i]];
        i = parent[i];
    }
    return i;
}

/* Makes the sets of a and b one. */
static inline void jc_partition_unite(int32_t *parent, int32_t a, int32_t b) {
    a = jc_partition_root(parent, a);
    b = jc_partition_root(parent, b);
    if (a != b)
        parent[a > b ? a : b] = a > b ? b : a;
}

#endif
