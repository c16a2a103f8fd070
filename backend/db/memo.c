/* Whose memo it is; the memo itself is memo_table.c. When it is forgotten is said in tx.c. */
#include "db/memo.h"

#include "db/memo_table.h"
#include "db/tx.h"

/* The session's memo, made when first needed. */
static struct jc_memo *memo_of(struct jc_tx *tx) {
    struct jc_memo **memo = jc_session_memo(tx->session);
    if (!*memo)
        *memo = jc_memo_new();
    return *memo;
}

const void *jc_tx_memo_find(struct jc_tx *tx, const void *kind, struct jc_str key) {
    const struct jc_memo *memo = *jc_session_memo(tx->session);
    return memo ? jc_memo_find(memo, kind, key) : NULL;
}

void *jc_tx_memo_put(struct jc_tx *tx, const void *kind, struct jc_str key, size_t size) {
    struct jc_memo *memo = memo_of(tx);
    return memo ? jc_memo_put(memo, kind, key, size) : NULL;
}

struct jc_arena *jc_tx_memo_arena(struct jc_tx *tx) {
    struct jc_memo *memo = memo_of(tx);
    return memo ? jc_memo_arena(memo) : NULL;
}

void jc_tx_memo_keep(struct jc_tx *tx) {
    tx->keeps = true;
}
