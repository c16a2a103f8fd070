/* The queue of photos, recordings and images of signatures (table `upload`).
 *
 * Internal to terminal/; the public face is jc_terminal_upload(). */
#ifndef JC_TERMINAL_UPLOAD_H
#define JC_TERMINAL_UPLOAD_H

#include "terminal/store.h"

/* Queues the blob that a record names; once is enough for the same bytes. */
enum jc_code jc_terminal_upload_add(struct jc_tx *tx, const Jc__Photo *photo, struct jc_err *err);

/* Blobs that were sent whole and that no receipt has named yet, to be asked for; at most `max`, the arena's. */
enum jc_code jc_terminal_upload_unproven(struct jc_tx *tx, size_t max, struct jc_arena *arena, struct jc_str **out,
                                         size_t *count, struct jc_err *err);
/* The server may have lost what it had (another incarnation of it): what was acknowledged since is to be proven again. */
enum jc_code jc_terminal_upload_doubt(struct jc_tx *tx, int64_t since_ms, struct jc_err *err);
/* The server says that it misses it: to be sent from the beginning, if it was taken for sent. */
enum jc_code jc_terminal_upload_again(struct jc_tx *tx, struct jc_str sha256, struct jc_err *err);
/* A receipt that was verified names it: the server has it for good. */
enum jc_code jc_terminal_upload_proven(struct jc_tx *tx, struct jc_str sha256, int64_t now_ms, struct jc_err *err);

#endif
