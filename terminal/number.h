/* Document numbers (文号) from the blocks the server leased to this device.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_NUMBER_H
#define JC_TERMINAL_NUMBER_H

#include "terminal/store.h"

/* Gives the next number of (kind, year) in that enrolment's blocks to the document `subject`, in the transaction that stores the
 * document: both are there or neither. JC_FAILED_PRECONDITION without a block or when all are used. */
enum jc_code jc_terminal_number_take(struct jc_tx *tx, struct jc_uuid device_id, Jc__DocumentKind kind, int year,
                                     struct jc_uuid subject, int *out, struct jc_err *err);

/* The highest number used of each kind and year, of that enrolment. */
enum jc_code jc_terminal_number_used(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                     Jc__DocumentNumber ***out, size_t *count, struct jc_err *err);

#endif
