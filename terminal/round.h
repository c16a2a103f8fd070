/* A round of a sync: one request and one complete answer. Inside terminal/.
 *
 * Each round belongs to one enrolment: that of the operations it sends. The page of the listing is kept from
 * rounds of the active one alone. */
#ifndef JC_TERMINAL_ROUND_H
#define JC_TERMINAL_ROUND_H

#include "terminal/run.h"

/* One round. *done: there was nothing to send or fetch. JC_OK although the server refused something: the next
 * round is a smaller one. */
enum jc_code jc_terminal_round(struct jc_terminal_run *run, bool *done, struct jc_err *err);

#endif
