/* Polish: fix-and-optimise. A part of the plan, some months of some teams, is opened again while all else
 * stays, and GLPK's branch and bound is asked for a plan that is cheaper there (docs/OPTIMIZER.md, (28)).
 *
 * What annealing leaves behind are exchanges of several visits at once that pay only together; where few of
 * them are left, an exact answer finds them or says that there are none. The parts grow while they are
 * answered within their nodes and shrink while they are not, so each plan finds its own size. */
#ifndef JC_OPTIMIZER_POLISH_H
#define JC_OPTIMIZER_POLISH_H

#include <stdatomic.h>

#include "optimizer/state.h"

struct jc_polish;

/* `seed` decides which parts are tried. NULL without memory. */
struct jc_polish *jc_polish_new(const struct jc_instance *in, uint64_t seed, struct jc_arena *arena);

/* Is there anything to polish, in a plan small enough for GLPK? */
bool jc_polish_fits(const struct jc_polish *p);

/* Tries parts of the better one of `best` and its own plan until `share` of work is used up or *stop is true. Reads `best` during the call
 * only. The tiers before the cost get no worse. Uses GLPK on this thread and frees its environment. */
void jc_polish_run(struct jc_polish *p, const struct jc_snapshot *best, int64_t share, const atomic_bool *stop);

/* The best plan it knows. Read it while it rests. */
const struct jc_snapshot *jc_polish_plan(const struct jc_polish *p);

#endif
