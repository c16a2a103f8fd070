/* A hash table with chains in an arena, one for each session. Forgetting is a memset and an arena reset,
 * and nothing if nothing was put. When it is forgotten is said in tx.c. */
#include "db/memo_table.h"

#include <string.h>

enum {
    MEMO_BYTES = 4 << 20,
    BUCKETS = 1024, /* a power of two */
};

struct entry {
    struct entry *next;
    const void *kind;
    struct jc_str key;
    uint64_t hash;
    void *value;
};

struct jc_memo {
    struct jc_arena *arena;
    struct entry *buckets[BUCKETS];
    bool full;
};

/* Eight bytes at a time: it is asked a dozen times a record, with keys of up to sixty bytes. */
static uint64_t hash_of(const void *kind, struct jc_str key) {
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = ((uint64_t)(uintptr_t)kind ^ key.len) * odd, eight;
    for (; key.len >= sizeof eight; key.ptr += sizeof eight, key.len -= sizeof eight) {
        memcpy(&eight, key.ptr, sizeof eight);
        hash = (hash ^ eight) * odd;
        hash ^= hash >> 32;
    }
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * odd;
    return hash ^ hash >> 32;
}

struct jc_memo *jc_memo_new(void) {
    struct jc_memo *memo = jc_calloc(1, sizeof *memo);
    if (memo)
        memo->arena = jc_arena_new(MEMO_BYTES);
    if (memo && !memo->arena) {
        jc_free(memo);
        memo = NULL;
    }
    return memo;
}

struct jc_arena *jc_memo_arena(struct jc_memo *memo) {
    return memo->arena;
}

const void *jc_memo_find(const struct jc_memo *memo, const void *kind, struct jc_str key) {
    uint64_t hash = hash_of(kind, key);
    const struct entry *entry = memo->buckets[hash & (BUCKETS - 1)];
    while (entry && (entry->hash != hash || entry->kind != kind || !jc_str_eq(entry->key, key)))
        entry = entry->next;
    return entry ? entry->value : NULL;
}

void *jc_memo_put(struct jc_memo *memo, const void *kind, struct jc_str key, size_t size) {
    struct entry *entry = JC_NEW(memo->arena, struct entry);
    struct jc_str copy = jc_arena_copy(memo->arena, key);
    void *value = jc_arena_alloc(memo->arena, size);
    if (!entry || !copy.ptr || !value) {
        memo->full = true;
        return NULL;
    }
    uint64_t hash = hash_of(kind, key);
    struct entry **bucket = &memo->buckets[hash & (BUCKETS - 1)];
    *entry = (struct entry){*bucket, kind, copy, hash, value};
    *bucket = entry;
    return value;
}

void jc_memo_forget(struct jc_memo *memo) {
    if (!memo || jc_arena_used(memo->arena) == 0)
        return;
    jc_arena_reset(memo->arena);
    memset(memo->buckets, 0, sizeof memo->buckets);
    memo->full = false;
}

bool jc_memo_is_full(const struct jc_memo *memo) {
    return memo && memo->full;
}

void jc_memo_free(struct jc_memo *memo) {
    if (!memo)
        return;
    jc_arena_free(memo->arena);
    jc_free(memo);
}
