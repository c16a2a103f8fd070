/* A bump arena: memory that is freed all at once.
 *
 * Each request, each job of the command line and each plan owns one. Blocks grow by doubling up to
 * `limit_bytes`; an allocation that would pass the limit, or that the system refuses, returns NULL.
 * Under AddressSanitizer unused memory is poisoned, so overruns inside the arena are found. */
#ifndef JC_BASE_ARENA_H
#define JC_BASE_ARENA_H

#include "base/str.h"

struct jc_arena;

/* NULL without memory. The first block comes with the first allocation. */
struct jc_arena *jc_arena_new(size_t limit_bytes);
void jc_arena_free(struct jc_arena *arena); /* NULL is fine */
/* Forgets everything, keeps the largest block for the next use. */
void jc_arena_reset(struct jc_arena *arena);
/* A secret is about to lie in it: whatever it holds is overwritten when it is reset or freed, once. So a
 * copy that nobody finds any more (of a job that ran again, of a step that failed) does not stay. */
void jc_arena_wipe(struct jc_arena *arena);

/* Zeroed, aligned for any type. NULL without memory. */
void *jc_arena_alloc(struct jc_arena *arena, size_t size);
/* Zeroed array; NULL on overflow of count * size too. */
void *jc_arena_array(struct jc_arena *arena, size_t count, size_t size);
#define JC_NEW(arena, type) ((type *)jc_arena_alloc((arena), sizeof(type)))
#define JC_NEW_ARRAY(arena, count, type) ((type *)jc_arena_array((arena), (count), sizeof(type)))

/* A copy of `count` elements, not NULL for none of them. NULL without memory. */
void *jc_arena_clone(struct jc_arena *arena, const void *items, size_t count, size_t size);
#define JC_CLONE(arena, row) jc_arena_clone((arena), (row), 1, sizeof(*(row)))

/* A NUL-terminated copy; ptr is NULL without memory. */
struct jc_str jc_arena_copy(struct jc_arena *arena, struct jc_str s);
struct jc_str jc_arena_printf(struct jc_arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A growing array whose memory is the arena's: makes room for one more element of `size` bytes in
 * *items (count in use, *capacity allocated). Returns the new element, zeroed, or NULL.
 * JC_PUSH does the same for a struct with the members items, count and capacity. */
void *jc_arena_push(struct jc_arena *arena, void **items, size_t *count, size_t *capacity, size_t size);
#define JC_PUSH(arena, list, type) \
    ((type *)jc_arena_push((arena), (void **)&(list)->items, &(list)->count, &(list)->capacity, sizeof(type)))

/* Bytes handed out since the start or the last reset, alignment included. */
size_t jc_arena_used(const struct jc_arena *arena);

/* An allocator for protobuf-c: unpack(jc_arena_protobuf(&alloc, arena), ...). free is a no-op. */
struct ProtobufCAllocator;
struct ProtobufCAllocator *jc_arena_protobuf(struct ProtobufCAllocator *allocator, struct jc_arena *arena);

/* All heap memory of the program comes through these, so tests can make the n-th request fail:
 * after jc_alloc_fail_at(n) the n-th following request returns NULL (0: never), once. */
void *jc_malloc(size_t size);
void *jc_calloc(size_t count, size_t size);
void *jc_realloc(void *old, size_t size);
void jc_free(void *memory);
void jc_alloc_fail_at(uint64_t nth);

#endif
