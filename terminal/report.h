/* What the terminal says of itself in each request: clocks, storage, what waits and what it holds.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_REPORT_H
#define JC_TERMINAL_REPORT_H

#include "terminal/store.h"

/* Fills a report in the arena from the store; storage is asked of the file system. */
enum jc_code jc_terminal_report(struct jc_tx *tx, const struct jc_terminal *terminal, struct jc_arena *arena,
                                Jc__DeviceReport **out, struct jc_err *err);

#endif
