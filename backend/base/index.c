/* Open addressing with linear probing, at most half full; growing copies into a table of twice the
 * size (the old one stays in the arena). The hash is FNV-1a, so keys chosen by an enemy could make
 * look-ups slow; the keys are the planner's own identifiers. */
#include "base/index.h"

struct entry {
    struct jc_str key; /* ptr NULL: free */
    int64_t value;
};

struct jc_index {
    struct jc_arena *arena;
    struct entry *entries;
    size_t size; /* a power of two */
    size_t count;
};

static uint64_t hash_of(struct jc_str key) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * UINT64_C(1099511628211);
    return hash ^ hash >> 32;
}

/* The entry of `key`, or the free one where it belongs. */
static struct entry *place_of(const struct jc_index *index, struct jc_str key) {
    size_t i = (size_t)hash_of(key) & (index->size - 1);
    while (index->entries[i].key.ptr && !jc_str_eq(index->entries[i].key, key))
        i = (i + 1) & (index->size - 1);
    return &index->entries[i];
}

struct jc_index *jc_index_new(struct jc_arena *arena, size_t expected) {
    struct jc_index *index = JC_NEW(arena, struct jc_index);
    if (!index || expected > SIZE_MAX / 4)
        return NULL;
    index->arena = arena;
    index->size = 16;
    while (index->size < 2 * expected)
        index->size *= 2;
    index->entries = JC_NEW_ARRAY(arena, index->size, struct entry);
    return index->entries ? index : NULL;
}

static bool grow(struct jc_index *index) {
    struct jc_index bigger = {.arena = index->arena, .size = 2 * index->size, .count = index->count};
    bigger.entries = JC_NEW_ARRAY(index->arena, bigger.size, struct entry);
    if (!bigger.entries)
        return false;
    for (size_t i = 0; i < index->size; i++)
        if (index->entries[i].key.ptr)
            *place_of(&bigger, index->entries[i].key) = index->entries[i];
    *index = bigger;
    return true;
}

int64_t *jc_index_at(struct jc_index *index, struct jc_str key, bool *is_new) {
    if (!key.ptr)
        key.ptr = "";
    struct entry *entry = place_of(index, key);
    bool fresh = !entry->key.ptr;
    if (fresh && 2 * (index->count + 1) > index->size) {
        if (!grow(index))
            return NULL;
        entry = place_of(index, key);
    }
    if (fresh) {
        *entry = (struct entry){key, 0};
        index->count++;
    }
    if (is_new)
        *is_new = fresh;
    return &entry->value;
}

int64_t jc_index_find(const struct jc_index *index, struct jc_str key, int64_t otherwise) {
    if (!key.ptr)
        key.ptr = "";
    const struct entry *entry = place_of(index, key);
    return entry->key.ptr ? entry->value : otherwise;
}
