/* The prover: lower bounds, tier after tier, beside the search.
 *
 * A tier is worked on once the tiers before it are settled (best plan and bound agree). It runs in
 * slices with a given amount of work, so that runs with a work limit repeat exactly, and looks at a flag
 * often enough to stop within a fraction of a second. */
#ifndef JC_OPTIMIZER_PROVE_H
#define JC_OPTIMIZER_PROVE_H

#include <stdatomic.h>

#include "optimizer/state.h"

struct jc_prover;

/* NULL without memory. `scale` is jc_search_scale. */
struct jc_prover *jc_prover_new(const struct jc_instance *in, int64_t scale, struct jc_arena *arena);

/* Proves on until its `share` of work is used up, nothing is left to try or *stop is true. One step may
 * take longer than the share, but not more than `budget` by much. `best` is the best plan known; it is
 * read during the call only. */
void jc_prover_run(struct jc_prover *p, const struct jc_snapshot *best, int64_t share, int64_t budget,
                   const atomic_bool *stop);

/* What holds for every plan: tiers, and the cost of plans with the best tiers (0 until settled). */
const struct jc_totals *jc_prover_bound(const struct jc_prover *p);

/* Nothing left to prove or to try about this plan. */
bool jc_prover_idle(const struct jc_prover *p, const struct jc_totals *best);

/* Is little to be expected of what comes next? Ask while it rests. */
bool jc_prover_yields(const struct jc_prover *p, const struct jc_totals *best);

/* The cost's bound while the prover works; may be called at any time, from any thread. It bounds the cost of plans
 * that reach the bounds of the tiers before it. */
int64_t jc_prover_cost_now(const struct jc_prover *p);

/* The best plan the prover knows: the one it was given, or a better one branch and bound found. Read it
 * while the prover rests. */
const struct jc_snapshot *jc_prover_plan(const struct jc_prover *p);

/* What it is doing, for progress; may be asked while it runs. */
Jc__SearchPhase jc_prover_phase(const struct jc_prover *p);

#endif
