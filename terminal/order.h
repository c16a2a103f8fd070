/* The order a recheck asks about.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_ORDER_H
#define JC_TERMINAL_ORDER_H

#include "terminal/store.h"

/* JC_NOT_FOUND if neither the server sent it nor it was made here. */
enum jc_code jc_terminal_order_read(struct jc_tx *tx, const Jc__Task *task, struct jc_arena *arena,
                                    Jc__RectificationOrder **out, struct jc_err *err);

#endif
