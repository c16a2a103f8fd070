/* The plan problem: what jiancha asks of jiancha-optimizer (Jc__Problem, proto optimizer.proto).
 *
 * Both sides check it with the function below: the server before it starts the worker, so that people
 * read which row is wrong, and the worker before it believes a single index, because a frame may be cut
 * or hostile. Everything in model/ and optimizer/ may rely on a checked problem. */
#ifndef JC_MODEL_PROBLEM_H
#define JC_MODEL_PROBLEM_H

#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* What a problem may hold. Larger ones are refused: nobody plans that many, and all sums below fit. */
enum {
    JC_PROBLEM_UNITS = 1000000, /* units, rules, pins: each */
    JC_PROBLEM_ROWS = 100000,   /* teams times 12, draws, quotas: each */
    JC_PROBLEM_SLOTS = 1000000, /* of all draws */
};
#define JC_PROBLEM_CENTI_MAX INT64_C(100000000000) /* 10^9 workdays: any single amount of work */
#define JC_PROBLEM_WEIGHT_MAX INT64_C(1000000000)  /* 10^6: any weight, in thousandths */

/* JC_OK if the problem can be worked with: indices in range, amounts neither negative nor too large,
 * month masks within 12 bits, windows that do not overlap, bounds in order, no identifier twice, draws
 * whose slots fit their windows and pins, a plan in force in order, and no sum of work or cost that leaves int64. Otherwise
 * JC_INVALID_ARGUMENT (JC_RESOURCE_EXHAUSTED if it is too large) with the row's name in `err`.
 * A unit without any possible month passes: it comes back unserved. */
enum jc_code jc_problem_check(const Jc__Problem *problem, struct jc_err *err);

/* The weights in force: the problem's, or DESIGN's where it has none. */
Jc__Weights jc_problem_weights(const Jc__Problem *problem);

/* What leaving the unit out costs in tier 1: the fewest visits among its options; 0 for a unit that is
 * not due under one of them. */
int jc_problem_unit_due(const Jc__ProblemUnit *unit);

#endif
