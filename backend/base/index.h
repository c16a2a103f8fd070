/* A hash index: strings to numbers, in an arena. For finding rows by their identifiers. */
#ifndef JC_BASE_INDEX_H
#define JC_BASE_INDEX_H

#include "base/arena.h"

struct jc_index;

/* `expected` entries fit without growing; 0 is fine. NULL without memory. */
struct jc_index *jc_index_new(struct jc_arena *arena, size_t expected);
/* The value stored under `key`; a new key gets 0 and *is_new (may be NULL) is set. The key is borrowed:
 * its bytes must live as long as the index. The pointer is valid until the next call. NULL without
 * memory. */
int64_t *jc_index_at(struct jc_index *index, struct jc_str key, bool *is_new);
/* The value stored under `key`, or `otherwise`. */
int64_t jc_index_find(const struct jc_index *index, struct jc_str key, int64_t otherwise);

#endif
