/* The referee: does a plan hold every hard rule of DESIGN section 9, and what is it worth?
 *
 * The server asks before it stores what the worker sent, and the optimizer's tests ask about every plan
 * it returns; the search itself evaluates by differences and never comes here. All arithmetic is exact
 * in int64 (jc_problem_check has proven that it fits). The figures are those of check_plan.py: work in
 * hundredths of a workday, cost in hundred-thousandths. */
#ifndef JC_MODEL_OBJECTIVE_H
#define JC_MODEL_OBJECTIVE_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* What a plan comes to, and where it falls short. */
struct jc_measure {
    Jc__Objective objective;
    const int64_t *load_centi;  /* L(k,m) at [team * 12 + month - 1] */
    const int64_t *quota_count; /* by quota: what was counted */
    const int32_t *unserved;    /* by unit: visits missing; 0 if served or not due */
    int64_t visits;             /* visits and slots in the plan */
    int64_t openings;           /* Σ z: (team, month, district) travelled to */
    int64_t changes;            /* visits and slots that differ from the plan in force; 0 without one */
};

/* Work over the month's limit (month 1-12) or the year's (month 0); 0 without a limit. */
int64_t jc_measure_over(const Jc__Problem *problem, const struct jc_measure *measure, int team, int month);

/* Checks the plan against a checked problem and measures it. A unit is served wholly (rule 1-3: all
 * visits of one option by one of its lead teams, all joining teams, all pins) or not at all; every draw
 * has its slots. Over-work and quotas are elastic and only counted. The measure is the arena's.
 * A broken rule is JC_FAILED_PRECONDITION with the unit or draw and the rule in `err`; an index out of
 * range or rows out of order are JC_INVALID_ARGUMENT. `solution->objective` is not looked at. */
enum jc_code jc_solution_check(const Jc__Problem *problem, const Jc__Solution *solution, struct jc_arena *arena,
                               struct jc_measure *out, struct jc_err *err);

/* (cost - bound) / cost in millionths, rounded to nearest; 0 where the cost is 0. */
int64_t jc_gap_ppm(int64_t cost_e5, int64_t bound_e5);

/* <0 if a is better than b, in strict tiers: unserved, over, quota, cost. */
int jc_objective_cmp(const Jc__Objective *a, const Jc__Objective *b);

#endif
