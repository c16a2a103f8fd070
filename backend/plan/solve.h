/* Solving: the register becomes a problem, the worker a plan, the checked plan a draft (DESIGN section 8).
 *
 * No transaction is open while the worker runs. Before the draft is stored the problem is built again;
 * if anything it rests on has changed meanwhile (register, budget, kept visits), nothing is stored. */
#ifndef JC_PLAN_SOLVE_H
#define JC_PLAN_SOLVE_H

#include "base/clock.h"
#include "base/id.h"
#include "model/objective.h"
#include "plan/limit.h"
#include "plan/problem.h"

struct jc_solve_request {
    struct jc_problem_options options;
    const char *program; /* see jc_worker_program */
    int cancel_fd;       /* readable: stop with the best plan so far; -1: none */
    /* Hears how the search goes; NULL: nobody. */
    void (*progress)(void *ctx, const Jc__Progress *progress);
    void *ctx;
    struct jc_str actor; /* for the audit log */
    struct jc_clock clock;
};

/* Plans the agency's year and stores it as the draft: in place of the draft there is, whose released,
 * done, drawn, pinned and forced visits stay, or as the next version. *out has visits, shortfalls and
 * the summary; *out_register the words for them. Both are the arena's.
 *
 * JC_FAILED_PRECONDITION if the newest version of the year is approved (amend it), JC_ABORTED if the
 * case or plan changed while the worker ran, and what jc_worker_run fails with; the stored plan is then
 * as it was. */
enum jc_code jc_solve(struct jc_db *db, int64_t agency_id, const struct jc_solve_request *request,
                      struct jc_arena *arena, Jc__Plan **out, struct jc_register **out_register, struct jc_err *err);

/* What of a limit is the solver's, since a planner waits for the whole: reading the problem took `spent_ms`, and to judge
 * the plan and store it will take in proportion. At least a quarter; 0 is no limit and stays 0. */
int64_t jc_solve_share(int64_t limit_ms, int64_t spent_ms);

/* The worker on a problem, with the limits in it; of the request only program, cancel and progress count.
 * Every plan it sends is judged by jc_solution_check before it counts. Fails as jc_worker_run does. */
enum jc_code jc_solve_problem(const Jc__Problem *problem, const struct jc_solve_request *request,
                              struct jc_arena *arena, Jc__Solution **out, struct jc_err *err);

/* A new draft of `version` with the worker's solution as its visits, its shortfalls and its summary.
 * Objective and rules are the referee's; *measure is what it found. A broken rule is jc_solution_check's error,
 * a visit to be kept that is not in the solution JC_FAILED_PRECONDITION. All is the arena's. */
enum jc_code jc_plan_of_solution(const struct jc_plan_problem *pp, Jc__Solution *solution, int version,
                                 struct jc_arena *arena, Jc__Plan **out, struct jc_measure *measure,
                                 struct jc_err *err);

/* SHA-256 of the problem and of the plan whose visits are kept: it is the same if nothing they rest on has
 * changed. */
enum jc_code jc_plan_problem_fingerprint(const struct jc_plan_problem *pp, struct jc_arena *arena,
                                         uint8_t out[JC_SHA256_SIZE], struct jc_err *err);

/* What a plan's visits are worth now: fills plan->solve (tiers and cost; what the search said of it stays
 * as far as it still holds) and plan->shortfalls. The problem must have been built with this plan as
 * `kept`. A broken rule is jc_solution_check's error. */
enum jc_code jc_plan_measure(const struct jc_plan_problem *pp, Jc__Plan *plan, struct jc_arena *arena,
                             struct jc_measure *out, struct jc_err *err);

/* What nobody can change any more: months over by the plan's as_of, units whose visits are released, done
 * or forced. Memory is the arena's. */
enum jc_code jc_plan_past(const struct jc_plan_problem *pp, struct jc_arena *arena, struct jc_past *out,
                          struct jc_err *err);

/* The weights a plan's cost is counted with: those it was solved with. */
Jc__Weights jc_plan_weights(const Jc__Plan *plan);

/* Unserved, over, quota, cost: what a plan is worth, as arguments of a note in the audit log (store/audit_words.h). */
enum { JC_SOLVE_WORTH = 4 * JC_NUMBER_TEXT };
const char *jc_solve_worth(const Jc__SolveSummary *solve, char text[JC_SOLVE_WORTH]);

#endif
