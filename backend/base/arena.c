/* A list of blocks, newest first; an allocation moves a mark in the newest block, so it costs a
 * memset. A new block is as large as all before it together (at least BLOCK_MIN, at most BLOCK_MAX
 * unless one allocation needs more), so n bytes take O(log n) blocks and at most twice the memory.
 * What must never happen: two live allocations overlap, or blocks add up to more than the limit. */
#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifdef ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(ptr, size) ((void)(ptr), (void)(size))
#endif

#ifdef ASAN
enum { GAP = 16 }; /* poisoned bytes behind every allocation */
#else
enum { GAP = 0 };
#endif
enum { ALIGN = _Alignof(max_align_t), BLOCK_MIN = 4096, BLOCK_MAX = 1 << 20 };

struct block {
    struct block *older;
    size_t size, used;
    _Alignas(max_align_t) char data[];
};

struct jc_arena {
    struct block *newest;
    size_t limit; /* for the sum of block sizes */
    size_t total; /* that sum */
    size_t used;  /* bytes handed out */
    bool wipes;   /* they are overwritten before they are forgotten */
};

/* --- the heap --------------------------------------------------------------------------------- */

static _Atomic uint64_t fail_at; /* requests until the one that fails; 0: none */

static bool must_fail(void) {
    uint64_t left = atomic_load_explicit(&fail_at, memory_order_relaxed);
    while (left) {
        if (atomic_compare_exchange_weak(&fail_at, &left, left - 1))
            return left == 1;
    }
    return false;
}

void *jc_malloc(size_t size) {
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *jc_calloc(size_t count, size_t size) {
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *jc_realloc(void *old, size_t size) {
    return must_fail() ? NULL : realloc(old, size ? size : 1);
}

void jc_free(void *memory) {
    free(memory);
}

void jc_alloc_fail_at(uint64_t nth) {
    atomic_store(&fail_at, nth);
}

/* --- the arena -------------------------------------------------------------------------------- */

struct jc_arena *jc_arena_new(size_t limit_bytes) {
    struct jc_arena *arena = jc_calloc(1, sizeof *arena);
    if (arena)
        arena->limit = limit_bytes;
    return arena;
}

static void free_blocks(struct block *block) {
    while (block) {
        struct block *older = block->older;
        ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
        jc_free(block);
        block = older;
    }
}

void jc_arena_wipe(struct jc_arena *arena) {
    arena->wipes = true;
}

static void wipe(struct jc_arena *arena) {
    for (struct block *block = arena->wipes ? arena->newest : NULL; block; block = block->older) {
        ASAN_UNPOISON_MEMORY_REGION(block->data, block->used);
        explicit_bzero(block->data, block->used);
    }
    arena->wipes = false;
}

void jc_arena_free(struct jc_arena *arena) {
    if (!arena)
        return;
    wipe(arena);
    free_blocks(arena->newest);
    jc_free(arena);
}

void jc_arena_reset(struct jc_arena *arena) {
    wipe(arena);
    struct block **largest = &arena->newest;
    for (struct block **link = &arena->newest; *link; link = &(*link)->older)
        if ((*link)->size > (*largest)->size)
            largest = link;
    struct block *kept = *largest;
    if (kept) {
        *largest = kept->older;
        free_blocks(arena->newest);
        kept->older = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->data, kept->size);
    }
    arena->newest = kept;
    arena->total = kept ? kept->size : 0;
    arena->used = 0;
}

/* A new newest block with room for `need` bytes, NULL if limit or system refuse. */
static struct block *add_block(struct jc_arena *arena, size_t need) {
    size_t left = arena->limit - arena->total;
    if (need > left)
        return NULL;
    size_t size = arena->total < BLOCK_MIN ? BLOCK_MIN : arena->total > BLOCK_MAX ? BLOCK_MAX : arena->total;
    if (size < need)
        size = need;
    if (size > left)
        size = left;
    if (size > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *block = jc_malloc(sizeof *block + size);
    if (!block)
        return NULL;
    *block = (struct block){.older = arena->newest, .size = size};
    ASAN_POISON_MEMORY_REGION(block->data, size);
    arena->newest = block;
    arena->total += size;
    return block;
}

void *jc_arena_alloc(struct jc_arena *arena, size_t size) {
    if (size > SIZE_MAX - GAP - ALIGN)
        return NULL;
    size_t need = size ? size : 1;
    need = (need + GAP + ALIGN - 1) / ALIGN * ALIGN;
    struct block *block = arena->newest;
    if (!block || block->size - block->used < need)
        block = add_block(arena, need);
    if (!block)
        return NULL;
    void *memory = block->data + block->used;
    block->used += need;
    arena->used += need;
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    memset(memory, 0, size);
    return memory;
}

void *jc_arena_array(struct jc_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return jc_arena_alloc(arena, bytes);
}

void *jc_arena_clone(struct jc_arena *arena, const void *items, size_t count, size_t size) {
    void *clone = jc_arena_array(arena, count ? count : 1, size);
    return clone && count ? memcpy(clone, items, count * size) : clone;
}

struct jc_str jc_arena_copy(struct jc_arena *arena, struct jc_str s) {
    char *copy = s.len < SIZE_MAX ? jc_arena_alloc(arena, s.len + 1) : NULL;
    if (!copy)
        return (struct jc_str){NULL, 0};
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return (struct jc_str){copy, s.len};
}

struct jc_str jc_arena_printf(struct jc_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : jc_arena_alloc(arena, (size_t)len + 1);
    if (!text)
        return (struct jc_str){NULL, 0};
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct jc_str){text, (size_t)len};
}

void *jc_arena_push(struct jc_arena *arena, void **items, size_t *count, size_t *capacity, size_t size) {
    if (*count == *capacity) {
        size_t bigger = *capacity ? *capacity * 2 : 8;
        if (bigger < *capacity)
            return NULL;
        void *memory = jc_arena_array(arena, bigger, size);
        if (!memory)
            return NULL;
        if (*count)
            memcpy(memory, *items, *count * size);
        *items = memory;
        *capacity = bigger;
    }
    void *item = (char *)*items + *count * size;
    memset(item, 0, size);
    ++*count;
    return item;
}

size_t jc_arena_used(const struct jc_arena *arena) {
    return arena->used;
}

/* --- protobuf-c --------------------------------------------------------------------------------- */

static void *protobuf_alloc(void *arena, size_t size) {
    return jc_arena_alloc(arena, size);
}

static void protobuf_free(void *arena, void *memory) {
    (void)arena;
    (void)memory;
}

struct ProtobufCAllocator *jc_arena_protobuf(struct ProtobufCAllocator *allocator, struct jc_arena *arena) {
    *allocator = (struct ProtobufCAllocator){protobuf_alloc, protobuf_free, arena};
    return allocator;
}
