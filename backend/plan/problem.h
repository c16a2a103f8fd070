/* From the register to the problem of DESIGN section 9, and the visits that must stay where they are.
 *
 * `kept` is a plan whose released, done, drawn, pinned and forced visits the solver may not move. A
 * visit that a planner forced against a rule cannot stand in its unit's pattern: that unit's visits
 * become units of their own, one visit each, pinned where they are and bound by no window, gap or
 * blackout; quotas, budgets and cost count them as before. A draw with a forced slot keeps all its slots
 * where they are.
 *
 * A plan with an `as_of` is re-planned in the middle of the year. Months that were over by then take no
 * visit but those that stay there, gaps hold to the month a visit was really inspected in, and the problem
 * carries the plan in force, so that changes cost. A unit that no longer has a pattern (a visit was missed
 * and its window is over, or a done one breaks a rule) falls apart: visits that stay stand alone, the
 * others are one problem unit under the remainder of their rule, and those no month can take are one
 * without months, which comes back unserved. */
#ifndef JC_PLAN_PROBLEM_H
#define JC_PLAN_PROBLEM_H

#include "jiancha/v1/optimizer.pb-c.h"
#include "jiancha/v1/plan.pb-c.h"
#include "plan/register.h"
#include "store/inspection.h"

/* What a plan that is re-planned needs to know beside the register. */
struct jc_year_so_far {
    const Jc__Plan *in_force;     /* what changes are counted against */
    struct jc_executed *executed; /* when its visits were really inspected */
    size_t n_executed;
};

struct jc_problem_options {
    const struct jc_year_so_far *so_far; /* NULL: changes are counted against `kept`, done visits as planned */
    const Jc__Weights *weights;          /* NULL: DESIGN's */
    int64_t time_limit_ms, work_limit;
    uint64_t seed;
};

/* What a unit of the problem stands for. */
struct jc_problem_source {
    const Jc__Unit *unit;
    const Jc__Visit *alone; /* the one visit it stands for; NULL: the whole unit, or … */
    bool rest;              /* … what it has beside its visits standing alone, under `rule` of the register */
    int32_t rule;
};

struct jc_plan_problem {
    struct jc_register *reg;
    Jc__Problem *problem;              /* teams and draws have the register's indices, rules too (copies follow) */
    struct jc_problem_source *sources; /* by unit of the problem */
    const Jc__Plan *kept;              /* as given; NULL: nothing to keep */
    const Jc__Plan *in_force;          /* what changes are counted against; NULL: `kept` is not re-planned */
};

/* The problem of a register in memory, which need not be the stored one (see scenario.h). Everything is
 * the arena's; register and `kept` must live as long. The problem has passed jc_problem_check. */
enum jc_code jc_plan_problem_make(struct jc_register *reg, const Jc__Plan *kept,
                                  const struct jc_problem_options *options, struct jc_arena *arena,
                                  struct jc_plan_problem *out, struct jc_err *err);

/* The problem of the stored register; for a plan that is re-planned with the year so far as it is stored,
 * too. Everything is the arena's; `kept` must live as long. The problem has passed jc_problem_check.
 * JC_FAILED_PRECONDITION if no case has been imported or the year's holidays are unknown. */
enum jc_code jc_plan_problem_build(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *kept,
                                   const struct jc_problem_options *options, struct jc_arena *arena,
                                   struct jc_plan_problem *out, struct jc_err *err);

#endif
