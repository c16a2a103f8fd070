/* Pages and batches share one figure of bytes: both travel the same way. */
#include "terminal/pace.h"

enum { GOOD_ENOUGH = 2 };

static int64_t within(int64_t number, int64_t least, int64_t most) {
    return number < least ? least : number > most ? most : number;
}

struct jc_terminal_pace jc_terminal_pace_sane(struct jc_terminal_pace pace) {
    if (pace.bytes <= 0)
        pace.bytes = JC_TERMINAL_PACE_BYTES_FIRST;
    if (pace.operations <= 0)
        pace.operations = JC_TERMINAL_PACE_OPERATIONS_FIRST;
    pace.bytes = within(pace.bytes, JC_TERMINAL_PACE_BYTES_MIN, JC_TERMINAL_PACE_BYTES_MAX);
    pace.operations = within(pace.operations, 1, JC_TERMINAL_PACE_OPERATIONS_MAX);
    return pace;
}

static bool change(struct jc_terminal_pace *pace, int64_t bytes, int64_t operations) {
    struct jc_terminal_pace next = jc_terminal_pace_sane((struct jc_terminal_pace){bytes, operations, 0});
    bool changed = next.bytes != pace->bytes || next.operations != pace->operations || pace->good != 0;
    *pace = next;
    return changed;
}

bool jc_terminal_pace_slower(struct jc_terminal_pace *pace) {
    return change(pace, pace->bytes / 2, pace->operations > 1 ? pace->operations / 2 : 1);
}

bool jc_terminal_pace_good(struct jc_terminal_pace *pace) {
    bool fastest = pace->bytes == JC_TERMINAL_PACE_BYTES_MAX && pace->operations == JC_TERMINAL_PACE_OPERATIONS_MAX;
    if (fastest)
        return false;
    if (++pace->good < GOOD_ENOUGH)
        return true;
    return change(pace, pace->bytes * 2, pace->operations * 2);
}

static const char SQL_PACE_KEEP[] =
    "UPDATE terminal SET pace_bytes = $1, pace_operations = $2, pace_good = $3 WHERE only_row = 1";

enum jc_code jc_terminal_pace_keep(struct jc_tx *tx, const struct jc_terminal_pace *pace, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_PACE_KEEP, JC_VALUES(jc_int(pace->bytes), jc_int(pace->operations), jc_int(pace->good)),
                      err);
}
