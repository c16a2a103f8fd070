/* Nouns in full: tasks from the server, inspections, orders and rechecks from the operations made here.
 *
 * Internal to terminal/; the public face is jc_terminal_load(). */
#ifndef JC_TERMINAL_RECORD_H
#define JC_TERMINAL_RECORD_H

#include "terminal/operation.h"

/* JC_NOT_FOUND. *operation (may be NULL) is the operation that carries the noun, NULL for what came from the
 * server. */
enum jc_code jc_terminal_record_read(struct jc_tx *tx, struct jc_terminal_ref ref, struct jc_arena *arena,
                                     struct jc_terminal_record *out, const struct jc_terminal_operation **operation,
                                     struct jc_err *err);

#endif
