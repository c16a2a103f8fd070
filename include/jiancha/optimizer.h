/* The optimizer: a plan problem in, the best plan it can find and a proven bound out.
 *
 * The nouns are the messages of proto/jiancha/v1/optimizer.proto; docs/OPTIMIZER.md has the mathematics.
 * The search is anytime: from the first call of `solution` on there is a valid plan, and whenever the
 * run stops (limit, cancel, optimum proven, nothing left to try) the best one so far is returned.
 *
 * Tiers are strict: fewer unserved visits first, then less work over the limits, then fewer quota
 * violations, then less cost. Everything elastic is counted, so any checked problem has a plan.
 *
 * A problem may bring a plan to start from: what of it is possible is taken over, so that a small change
 * of a solved problem is solved again in a fraction of the time, and never worse than that plan is in it.
 *
 * A problem may bring a plan in force (re-planning): each visit or slot that differs from it then costs
 * weights.changes, which the caller makes as large as staying is worth, beyond all other cost if need be.
 * Visits that happened are pins; months that are over are the caller's to close.
 *
 * A problem may bring bounds of its tiers that were proven before (Problem.proven): they are believed and
 * not proven again. Where values are few (work over limits, quotas, changes), branch and bound counts: limits
 * just above what is proven are refuted or met in turn (docs/OPTIMIZER.md, "The month program").
 *
 * The bound is proven and exact: no plan of the problem has a lower value in that tier, given the tiers
 * before it; its cost is 0 until those are settled (tiers_settled). Status OPTIMAL means cost = bound.
 *
 * Same problem, seed and work_limit (and no time limit): same plan, byte for byte, on any machine.
 *
 * GLPK ends the process when memory runs out, so servers run the program jiancha-optimizer (this
 * function behind frames on stdin and stdout, see optimizer/frame.h) instead of calling this. */
#ifndef JIANCHA_OPTIMIZER_H
#define JIANCHA_OPTIMIZER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* What the caller hears meanwhile; each may be NULL. All are called from the calling thread, never at
 * the same time, and must return soon: the search waits. Messages are valid during the call only. */
struct jc_optimizer_callbacks {
    void *ctx;
    /* Asked several times a second; true ends the run with the best plan so far (status CANCELLED). */
    bool (*cancelled)(void *ctx);
    /* How the run goes, at most twice a second: what it works at (phase), the best plan and the proven
     * bound by tier, moves tried so far and in a second (since the last report), and, once the tiers are
     * settled, the gap of the cost in millionths. */
    void (*progress)(void *ctx, const Jc__Progress *progress);
    /* A whole plan, better than any before; at most twice a second. The last one is not told here but
     * returned by jc_optimizer_run. */
    void (*solution)(void *ctx, const Jc__Solution *solution);
};

/* Plans the problem. `*out` is the best plan, the arena's, with objective, bound, status, elapsed
 * milliseconds and work filled in and `last` set. time_limit_ms is honoured within 1 s or 5 %,
 * whichever is more, but for the first plan, which there always is: whole, if in haste (1 s of CPU time at
 * 10^6 units, little below 10^5); work_limit counts priced visits and is what repeatable runs use; with neither the
 * run ends when rounds of search bring nothing new. Uses two threads, one of which proves bounds and
 * searches, too, once nothing is left to prove.
 *
 * Fails with jc_problem_check's error on a wrong problem, and with JC_RESOURCE_EXHAUSTED when the arena
 * is too small (about 2 kB for each unit). A limit or a cancel is no failure. */
enum jc_code jc_optimizer_run(const Jc__Problem *problem, const struct jc_optimizer_callbacks *callbacks,
                              struct jc_arena *arena, Jc__Solution **out, struct jc_err *err);

#endif
