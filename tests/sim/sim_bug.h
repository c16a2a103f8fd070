/* The deliberate bugs of the server's side (JC_SIM_BUG), as wrappers around a call. Without one they do nothing. */
#ifndef JC_SIM_BUG_H
#define JC_SIM_BUG_H

#include "sim/sim_server.h"

/* In the job: before the procedure, and behind it. */
enum jc_code sim_bug_before(struct sim_server *server, struct jc_tx *tx, struct jc_call *call, struct jc_err *err);
enum jc_code sim_bug_after(struct sim_server *server, struct jc_tx *tx, struct jc_call *call, struct jc_err *err);
/* On the answer, once it is complete. */
void sim_bug_answer(struct sim_server *server, struct jc_call *call);

#endif
