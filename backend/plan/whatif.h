/* What would the year's plan be worth if …: the present problem and a changed one, solved side by side.
 * Nothing is stored; register and plan stay as they are. */
#ifndef JC_PLAN_WHATIF_H
#define JC_PLAN_WHATIF_H

#include "plan/scenario.h"
#include "plan/solve.h"

enum jc_whatif_source {
    JC_WHATIF_SOLVED,
    JC_WHATIF_STORED,   /* the stored plan as it is */
    JC_WHATIF_IMPROVED, /* the stored plan, for which the changed side found a better one */
};

struct jc_whatif_side {
    struct jc_plan_problem pp;
    Jc__Plan *plan; /* visits, summary and shortfalls */
    struct jc_measure measure;
    enum jc_whatif_source source;
};

struct jc_whatif {
    struct jc_scenario scenario;
    int version; /* of the year's newest plan; 0: there is none yet */
    struct jc_whatif_side present, changed;
};

struct jc_whatif_request {
    struct jc_solve_request solve; /* limits for either side; without weights those of the stored plan */
    const struct jc_change *changes;
    size_t n_changes;
    bool anew; /* solve the present problem too, even if there is a plan of it */
    /* A side is about to be solved; NULL: nobody hears. A cancel that is still readable then ends it at
     * once, so whoever cancelled the first side has to read it away here. */
    void (*begin)(void *ctx, bool changed);
};

/* The present side is the stored plan if it still fits the register and has the same weights, else it is
 * solved; the changed side is always solved, with the same limits (if the first was cut short by a cancel,
 * with the time that took). Visits that are released, done, drawn, pinned or forced stay on both sides.
 * What one side found is offered to the other: so a change that only gives freedom (workdays, months,
 * teams) never looks worse by the chance of a search, nor one that only takes it better.
 *
 * Everything is the arena's. Fails as jc_scenario_make, jc_plan_problem_make and jc_worker_run do. */
enum jc_code jc_whatif_run(struct jc_db *db, int64_t agency_id, const struct jc_whatif_request *request,
                           struct jc_arena *arena, struct jc_whatif *out, struct jc_err *err);

#endif
