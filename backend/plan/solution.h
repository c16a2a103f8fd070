/* Between the solver's solution (indices) and the plan's visits (identifiers).
 *
 * A visit's id is "<unit_id>-<two digits>" by month order, a slot's "<draw_id>-<two digits>". Visits
 * that were kept keep their id, unit, status and marks; the others take the lowest numbers left. */
#ifndef JC_PLAN_SOLUTION_H
#define JC_PLAN_SOLUTION_H

#include "plan/problem.h"

/* The solution that a plan's visits are, for measuring it. The problem must have been built with the
 * same plan as `kept`. JC_FAILED_PRECONDITION if a visit does not fit the register any more. */
enum jc_code jc_solution_of_plan(const struct jc_plan_problem *pp, const Jc__Plan *plan, struct jc_arena *arena,
                                 Jc__Solution **out, struct jc_err *err);

/* The visits of a checked solution into plan->visits, the arena's. JC_FAILED_PRECONDITION, naming it, if
 * a visit to be kept is not in the solution: the register changed under it. */
enum jc_code jc_solution_to_plan(const struct jc_plan_problem *pp, const Jc__Solution *solution, struct jc_arena *arena,
                                 Jc__Plan *plan, struct jc_err *err);

#endif
