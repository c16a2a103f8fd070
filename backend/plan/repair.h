/* Repairs: changes that might remove a shortfall, and what a problem becomes under one.
 *
 * jc_repair_list only proposes, from the plan and its loads; whether a repair holds is found out by
 * solving the changed problem (explain.h). Both functions are pure. */
#ifndef JC_PLAN_REPAIR_H
#define JC_PLAN_REPAIR_H

#include "model/objective.h"
#include "plan/limit.h"

enum { JC_REPAIRS_MAX = 24 }; /* proposals for one shortfall */

/* Proposals in the order in which they are worth trying: the plainest of every kind first, then the second
 * ones. Amounts are the least that arithmetic allows: a tier cannot fall by more than a limit is raised.
 * `past` (NULL: the year lies ahead) is left alone. `plan` is a checked solution of the problem and `measure`
 * its measure. Memory is the arena's. Cost: a few passes over units and visits. */
enum jc_code jc_repair_list(const Jc__Problem *problem, const Jc__Solution *plan, const struct jc_measure *measure,
                            const struct jc_lack *lack, const struct jc_past *past, struct jc_arena *arena,
                            Jc__Repair ***out, size_t *count, struct jc_err *err);

/* The problem with the repair made; the arena's. JC_NOT_FOUND if it names a row the problem does not have. */
enum jc_code jc_repair_apply(const Jc__Problem *problem, const Jc__Repair *repair, struct jc_arena *arena,
                             Jc__Problem **out, struct jc_err *err);

/* Fills the repair's joint_team_ids: a team cannot join more visits than there are, so where units change to a rule
 * with fewer visits than a joining team's, that team joins under the new rule as well. Each team once; none for
 * other kinds. Memory is the arena's, the names the problem's. */
enum jc_code jc_repair_name_joints(const Jc__Problem *problem, Jc__Repair *repair, struct jc_arena *arena,
                                   struct jc_err *err);

#endif
