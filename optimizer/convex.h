/* Convex functions of a load or a count: what |L - T|, work over a limit and missed quotas cost (formulas
 * (4)-(6), (15) of docs/OPTIMIZER.md), on the values a plan can have.
 *
 * Such a function is linear between its corners, so it is kept as its values at the possible values next to
 * the corners. `excess` is counted apart from `cost`, because what exceeds may have a price of its own. */
#ifndef JC_OPTIMIZER_CONVEX_H
#define JC_OPTIMIZER_CONVEX_H

#include <stdbool.h>
#include <stdint.h>

enum { JC_CONVEX_POINTS = 8 };

struct jc_convex {
    int n;                            /* points; 0: no value is possible */
    int64_t at[JC_CONVEX_POINTS];     /* ascending */
    int64_t cost[JC_CONVEX_POINTS];   /* e5 */
    int64_t excess[JC_CONVEX_POINTS]; /* below or above what is allowed */
};

/* Loads 0, grain, ... up to top: balance · |x - target| (target -1: none), excess above limit. With `hard`
 * no load exceeds. */
struct jc_convex jc_convex_load(int64_t top, int64_t grain, int64_t target, int64_t balance, int64_t limit, bool hard);

/* Counts from 0 to top: excess outside lo..hi. With `hard` no count misses; perhaps none is possible. */
struct jc_convex jc_convex_count(int64_t top, int64_t lo, int64_t hi, bool hard);

/* The point with the least cost + excess_price · excess - price · x; writes that value. 0 and *value = 0 if
 * there is no point. */
int jc_convex_least(const struct jc_convex *f, int64_t excess_price, int64_t price, int64_t *value);

#endif
