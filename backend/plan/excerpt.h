/* A part of a problem in which one question can be asked: some units may move, all others stay where a plan
 * has them.
 *
 * The part has the units that may move, all draws, and what the others come to: their work as one fixed unit
 * for each team and month, their counts taken off the quotas. So work over limits, quotas missed and
 * deviations from targets differ from those of the whole by what is constant, and a plan of the part merged
 * with the visits that stay is a plan of the whole. Two things a part does not know: that a district is
 * travelled to already for a unit that stays (it only looks dearer), and plans in which more units move (what
 * it does not find may still exist). Whoever relies on a plan of a part checks the merged plan in the whole
 * problem. */
#ifndef JC_PLAN_EXCERPT_H
#define JC_PLAN_EXCERPT_H

#include "base/arena.h"
#include "base/err.h"
#include "model/objective.h"

struct jc_excerpt {
    Jc__Problem *problem; /* to be solved; its start is the plan's part */
    const Jc__Solution *plan;
    const bool *moves;    /* by unit of the whole */
    const int32_t *units; /* by unit of the part: which of the whole it is; the fixed ones are behind them */
    size_t n_units;
};

/* The part of `changed` (a variant of `base`: same rows, some of them altered, see variant.h) in which the
 * units marked in `moves` may move. `plan` is a checked solution of `base` and `measure` its measure;
 * units whose own row was altered must be among those that move, since they might not hold where they are. Rows are shared with both
 * problems, memory is the arena's. Cost: a few passes over units and visits. */
enum jc_code jc_excerpt_make(const Jc__Problem *base, const Jc__Problem *changed, const Jc__Solution *plan,
                             const struct jc_measure *measure, const bool *moves, struct jc_arena *arena,
                             struct jc_excerpt *out, struct jc_err *err);

/* The plan with the part's visits and slots in place of its own; the arena's. `part` is a checked solution of
 * the excerpt's problem; objective and bound are left out, because they are the part's. */
enum jc_code jc_excerpt_merge(const struct jc_excerpt *x, const Jc__Solution *part, struct jc_arena *arena,
                              Jc__Solution **out, struct jc_err *err);

#endif
