/* Explaining a plan: which limits bind, and up to three repairs for each shortfall, each verified by
 * solving the changed problem again (DESIGN section 9).
 *
 * A repair is verified if there is a plan of the changed problem in which the shortfall is gone and every
 * tier is as good as before, the shortfall's own tier better by all of its amount, so that it has not just
 * moved elsewhere. Only for a unit that is left out, if nothing else is found, more work over the limits or
 * quota violations are accepted, because its visits need somebody's time; the repair then says so. Every
 * solve starts from the plan, with a fixed amount of work, so the answer repeats as long as time is not cut.
 *
 * In a larger plan (whole_visits) only the units may move that the repair alters, that the shortfall's quota
 * counts, or that work for the teams of shortfall and repair; all others stay where the plan has them. What is
 * found is checked and measured in the whole problem all the same, so a repair is never claimed wrongly; one
 * that needs others to move as well is not found, nor is a limit whose absence would need that. */
#ifndef JC_PLAN_EXPLAIN_H
#define JC_PLAN_EXPLAIN_H

#include "base/clock.h"
#include "plan/limit.h"
#include "plan/problem.h"

enum { JC_REPAIRS_KEPT = 3 };

struct jc_explain_request {
    const char *program;   /* see jc_worker_program */
    int cancel_fd;         /* readable: stop with what has been found; -1: none */
    int64_t time_limit_ms; /* 0: none */
    size_t whole_visits;   /* plans of so many visits are looked at as a whole in every question; 0: 3,000 */
    /* Hears which shortfall is being looked at; NULL: nobody. */
    void (*progress)(void *ctx, size_t done, size_t count, size_t found);
    void *ctx;
    struct jc_str actor; /* for the audit log */
    struct jc_clock clock;
};

/* Explains the shortfalls of the newest plan and stores the explanation with it. *out is that plan with
 * `limits` and `repairs` of its shortfalls filled in, as far as time reached (`explained`); both are the
 * arena's. JC_NOT_FOUND without a plan; JC_ABORTED if the plan changed meanwhile; what jc_worker_run fails
 * with, except when it is cancelled or out of time. Nothing is stored then. */
enum jc_code jc_explain(struct jc_db *db, int64_t agency_id, const struct jc_explain_request *request,
                        struct jc_arena *arena, Jc__Plan **out, struct jc_register **out_register, struct jc_err *err);

/* The same on a problem and one of its plans, without a database: fills the shortfalls. `plan` is a checked
 * solution; `past` NULL: the year lies ahead. */
enum jc_code jc_explain_problem(const Jc__Problem *problem, const Jc__Solution *plan, const struct jc_past *past,
                                const struct jc_explain_request *request, Jc__Shortfall *const *shortfalls,
                                size_t count, struct jc_arena *arena, struct jc_err *err);

#endif
