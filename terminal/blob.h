/* Photos of others that open tasks need: files STORE.blobs/HASH beside the store, HASH.part while they come.
 *
 * Internal to terminal/; the public face is jc_terminal_fetch(). */
#ifndef JC_TERMINAL_BLOB_H
#define JC_TERMINAL_BLOB_H

#include "terminal/store.h"

/* Where the bytes are (taken here, or fetched); out->ptr NULL: not here. The text is the arena's. */
enum jc_code jc_terminal_blob_find(struct jc_tx *tx, const struct jc_terminal *terminal, const Jc__Photo *photo,
                                   struct jc_arena *arena, struct jc_str *out, struct jc_err *err);
/* Removes all that was fetched. */
void jc_terminal_blob_forget(const struct jc_terminal *terminal);

#endif
