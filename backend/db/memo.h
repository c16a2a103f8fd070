/* What a connection remembers from one job to the next: rows that every request asks for and hardly
 * anybody changes (devices, inspectors, checklists, parameters).
 *
 * What is found in the memo is true in the snapshot at hand. It is forgotten as a whole
 *   - when another connection or process has committed (PRAGMA data_version, read inside each
 *     transaction),
 *   - when a job has written that did not say jc_tx_memo_keep,
 *   - when anything is rolled back.
 * So nothing that a memo answers is older than the database, and nobody has to remember to
 * invalidate; a job that writes rows somebody memoises simply does not call jc_tx_memo_keep, and reads
 * them by a query, not by the memo, behind its own writes. Modules that own rows which every sync writes
 * (store/device.c, store/waiting.c) change what is remembered of them behind each statement that
 * succeeds; a rollback forgets it. */
#ifndef JC_DB_MEMO_H
#define JC_DB_MEMO_H

#include "db/db.h"

/* What was put under (kind, key); NULL: nothing, ask the database. `kind` is the address of something
 * of the caller's own, so modules do not meet. Valid until the job ends. */
const void *jc_tx_memo_find(struct jc_tx *tx, const void *kind, struct jc_str key);
/* Room for `size` bytes under (kind, key), zeroed, to be filled in at once; the newest counts. NULL:
 * no memory or the memo is full (it begins anew with the next job), then go on without. */
void *jc_tx_memo_put(struct jc_tx *tx, const void *kind, struct jc_str key, size_t size);
/* For what a value points to: lives as long as the values. NULL without memory. */
struct jc_arena *jc_tx_memo_arena(struct jc_tx *tx);

/* The running job promises that it writes no row that anybody memoises, or only through modules that change
 * what is remembered too, so the memo stays. */
void jc_tx_memo_keep(struct jc_tx *tx);

#endif
