/* Lower bounds that hold to the last digit: Lagrangian relaxation over blocks (docs/OPTIMIZER.md).
 *
 * Loads, years, quotas and the choice between districts are priced instead of enforced. What is left
 * falls apart into blocks, one (team, district) each, and a block is solved exactly for all 2^12 sets of
 * open months at once. Whatever the prices are, the value is a bound; all of it is integer arithmetic,
 * so rounding can only make prices worse, never the bound wrong. A subgradient method looks for good
 * prices. */
#ifndef JC_OPTIMIZER_LAGRANGE_H
#define JC_OPTIMIZER_LAGRANGE_H

#include <stdatomic.h>

#include "optimizer/state.h"

/* Which tier is bounded. The tiers before it are held at the values given. */
enum jc_tier { JC_TIER_OVER, JC_TIER_QUOTA, JC_TIER_COST };

struct jc_lagrange;

/* NULL without memory. */
struct jc_lagrange *jc_lagrange_new(const struct jc_instance *in, struct jc_arena *arena);

/* Starts bounding a tier, from zero prices, with the tiers before it at `held`, which must be the best
 * possible. `scale` is jc_search_scale: the size of a decision in cost.
 * Fails only without memory. */
enum jc_code jc_lagrange_begin(struct jc_lagrange *l, enum jc_tier tier, const struct jc_totals *held, int64_t scale,
                               struct jc_err *err);

/* One evaluation and a step of the prices, given up when *stop becomes true. False once further steps
 * would be too small to matter. */
bool jc_lagrange_step(struct jc_lagrange *l, const atomic_bool *stop);

/* The best bound of the tier so far, in the tier's own unit, never negative. */
int64_t jc_lagrange_bound(const struct jc_lagrange *l);

/* Work of one step, in the search's unit. */
int64_t jc_lagrange_step_work(const struct jc_lagrange *l);

#endif
