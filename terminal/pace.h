/* How much to ask and to send at once, learned from what got through.
 *
 * A cut or a timeout halves it, two good answers in a row double it, between 8 KiB and 1 MiB; it is kept in the
 * store, so the next sync in the same valley does not start with what failed. Internal to terminal/. */
#ifndef JC_TERMINAL_PACE_H
#define JC_TERMINAL_PACE_H

#include "terminal/store.h"

enum {
    JC_TERMINAL_PACE_BYTES_MIN = 8 * 1024,
    JC_TERMINAL_PACE_BYTES_MAX = 1024 * 1024,
    JC_TERMINAL_PACE_BYTES_FIRST = 256 * 1024,
    JC_TERMINAL_PACE_OPERATIONS_MAX = 200, /* the server takes no more */
    JC_TERMINAL_PACE_OPERATIONS_FIRST = 50,
};

/* What the store says, within the limits. */
struct jc_terminal_pace jc_terminal_pace_sane(struct jc_terminal_pace pace);
/* True if it changed. */
bool jc_terminal_pace_slower(struct jc_terminal_pace *pace);
bool jc_terminal_pace_good(struct jc_terminal_pace *pace);
enum jc_code jc_terminal_pace_keep(struct jc_tx *tx, const struct jc_terminal_pace *pace, struct jc_err *err);

#endif
