/* The Lagrangian bound: looks for the prices at which the relaxed problem (relax.h) is worth most.
 *
 * Adam steps in cycles come close within some hundred evaluations; on problems small enough a bundle then
 * closes in on the best prices there are. Whatever the prices, every evaluation is a bound. */
#ifndef JC_OPTIMIZER_LAGRANGE_H
#define JC_OPTIMIZER_LAGRANGE_H

#include "optimizer/relax.h"

struct jc_lagrange;

/* NULL without memory. */
struct jc_lagrange *jc_lagrange_new(const struct jc_instance *in, struct jc_arena *arena);

/* Starts bounding a tier, with the tiers before it at `held`, which must be the best possible. `scale` is
 * jc_search_scale: the size of a decision in cost. Fails only without memory. */
enum jc_code jc_lagrange_begin(struct jc_lagrange *l, enum jc_tier tier, const struct jc_totals *held, int64_t scale,
                               struct jc_err *err);

/* One evaluation and the next prices, given up when *stop becomes true. False once no better prices can be
 * expected. */
bool jc_lagrange_step(struct jc_lagrange *l, const atomic_bool *stop);

/* The best bound of the tier so far, in the tier's own unit, never negative. */
int64_t jc_lagrange_bound(const struct jc_lagrange *l);

/* Work of the last step, in the search's unit. */
int64_t jc_lagrange_step_work(const struct jc_lagrange *l);

#endif
