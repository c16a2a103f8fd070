/* Re-planning in the middle of the year: what is done stays, what was missed or is new finds a month, and
 * as little as possible of the rest changes.
 *
 * The worker runs four times. First nothing costs, so it settles the tiers. Then only changes cost, so its optimum,
 * within the tiers, is the least number of visits whose month or lead team differs from the plan in force, and its
 * bound proves it. Then the planner's weights decide among the plans with that number: a change is priced above all
 * that could be saved by one more. Last the planner's weights alone give the bound of the cost: no plan with these
 * tiers costs less, with however many changes. A cancel keeps the best plan of all runs so far. The result is a
 * draft of the next version (P5-P8); the plan in force is untouched until it is approved, and then tasks of released
 * visits that moved are taken back (plan/recall.h). */
#ifndef JC_PLAN_REPLAN_H
#define JC_PLAN_REPLAN_H

#include "plan/amendment.h"
#include "plan/notice.h"
#include "plan/solve.h"

struct jc_replan_request {
    struct jc_problem_options options;
    const char *program; /* see jc_worker_program */
    int cancel_fd;       /* readable: stop with the best plan so far; -1: none */
    /* Hears how the search goes; NULL: nobody. */
    void (*progress)(void *ctx, const Jc__Progress *progress);
    void *ctx;
    struct jc_date as_of;      /* months over by then are closed to whatever was not done */
    struct jc_str reason;      /* of the amendment; empty: that it was re-planned as of that day */
    struct jc_date decided_on; /* year 0: as_of */
    bool dry_run;              /* nothing is stored */
    struct jc_str actor;
    struct jc_clock clock;
};

struct jc_replanned {
    Jc__Plan *plan; /* the draft, with summary and shortfalls */
    struct jc_register *reg;
    int against;  /* the version in force */
    int replaced; /* the draft it takes the place of; 0: none */
    struct jc_notice notice;
    struct jc_major_change major; /* whether the change needs a new approval (P6) */
    int64_t least; /* proven: no plan with the best tiers has fewer changes than so many; 0 while the tiers are not */
};

/* Re-plans the agency's year and stores the result as a draft, in place of the draft there is. Everything
 * is the arena's. JC_FAILED_PRECONDITION if no version of the year is approved; JC_INVALID_ARGUMENT if as_of
 * is not in the year or leaves no month; else what jc_solve fails with. Whatever fails or is cancelled
 * without a plan, nothing is stored. */
enum jc_code jc_replan(struct jc_db *db, int64_t agency_id, const struct jc_replan_request *request,
                       struct jc_arena *arena, struct jc_replanned *out, struct jc_err *err);

#endif
