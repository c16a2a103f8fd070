/* The hash table behind memo.h: values in an arena, found by kind and key. Inside db/. */
#ifndef JC_DB_MEMO_TABLE_H
#define JC_DB_MEMO_TABLE_H

#include "base/arena.h"
#include "base/str.h"

struct jc_memo;

struct jc_memo *jc_memo_new(void);       /* NULL without memory */
void jc_memo_free(struct jc_memo *memo); /* NULL is fine, here and in the next two */
/* As if nothing had been put. */
void jc_memo_forget(struct jc_memo *memo);
/* Something did not fit any more. */
bool jc_memo_is_full(const struct jc_memo *memo);

/* As jc_tx_memo_find, jc_tx_memo_put and jc_tx_memo_arena. */
const void *jc_memo_find(const struct jc_memo *memo, const void *kind, struct jc_str key);
void *jc_memo_put(struct jc_memo *memo, const void *kind, struct jc_str key, size_t size);
struct jc_arena *jc_memo_arena(struct jc_memo *memo);

#endif
