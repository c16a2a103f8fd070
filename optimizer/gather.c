/* A hash table finds for each thing the first one like it; only these are sorted, because comparing things that
 * are alike is what costs: they agree in every field. 10^6 units of a few thousand sorts take a tenth of a
 * second, where a sort of all took two. Without memory nothing is left behind. */
#include "optimizer/gather.h"

#include <stdlib.h>

#include "base/arena.h"

struct class {
    uint64_t hash;
    uint32_t first; /* the thing that stands for it */
    uint32_t id;    /* in the order in which classes were found */
};

struct found {
    struct class *classes;
    uint32_t *slots; /* hash table: class + 1; 0: free */
    uint32_t n, mask;
};

/* The class of thing i, a new one if there is none like it. */
static uint32_t find(struct found *f, const struct jc_gather *g, uint32_t i) {
    uint64_t hash = g->hash(g->ctx, i);
    for (uint32_t at = (uint32_t)(hash ^ hash >> 32) & f->mask;; at = (at + 1) & f->mask) {
        if (!f->slots[at]) {
            f->classes[f->n] = (struct class){hash, i, f->n};
            f->slots[at] = ++f->n;
            return f->n - 1;
        }
        const struct class *c = &f->classes[f->slots[at] - 1];
        if (c->hash == hash && g->order(g->ctx, c->first, i) == 0)
            return f->slots[at] - 1;
    }
}

static int by_order(const void *a, const void *b, void *gather) {
    const struct jc_gather *g = gather;
    return g->order(g->ctx, ((const struct class *)a)->first, ((const struct class *)b)->first);
}

int64_t jc_gather_rank(const struct jc_gather *gather, uint32_t n, uint32_t *rank) {
    struct found f = {.mask = 15};
    while (f.mask / 2 < n)
        f.mask = f.mask * 2 + 1;
    f.slots = jc_calloc((size_t)f.mask + 1, sizeof *f.slots);
    f.classes = jc_malloc(((size_t)n + 1) * sizeof *f.classes);
    int64_t n_classes = -1;
    if (f.slots && f.classes) {
        for (uint32_t i = 0; i < n; i++)
            rank[i] = find(&f, gather, i);
        if (f.n)
            qsort_r(f.classes, f.n, sizeof *f.classes, by_order, (void *)gather);
        for (uint32_t c = 0; c < f.n; c++)
            f.slots[f.classes[c].id] = c;
        for (uint32_t i = 0; i < n; i++)
            rank[i] = f.slots[rank[i]];
        n_classes = f.n;
    }
    jc_free(f.slots);
    jc_free(f.classes);
    return n_classes;
}

bool jc_gather_sort(const uint32_t *key, uint32_t n_keys, const uint32_t *from, uint32_t n, uint32_t *to) {
    uint32_t *next = jc_calloc((size_t)n_keys + 1, sizeof *next);
    if (!next)
        return false;
    for (uint32_t i = 0; i < n; i++)
        next[key[i] + 1]++;
    for (uint32_t k = 1; k < n_keys; k++)
        next[k] += next[k - 1];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t thing = from ? from[i] : i;
        to[next[key[thing]]++] = thing;
    }
    jc_free(next);
    return true;
}
