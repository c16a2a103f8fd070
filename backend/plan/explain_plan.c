/* Explaining a stored plan: read, explained without a transaction open, stored if the plan has stayed what it
 * was. */
#include <string.h>

#include "plan/explain.h"
#include "plan/shortfall.h"
#include "plan/solution.h"
#include "plan/solve.h"
#include "store/audit_log.h"
#include "store/plan.h"

struct stored {
    int64_t agency_id;
    const struct jc_explain_request *request;
    struct jc_arena *arena;
    struct jc_plan_problem pp;
    Jc__Plan *plan;
    Jc__Solution *solution;
    struct jc_past past;
};

static enum jc_code read_plan(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct stored *s = ctx;
    struct jc_problem_options options = {.seed = 1};
    enum jc_code code = jc_plan_get(tx, s->agency_id, JC_PLAN_NEWEST, NULL, s->arena, &s->plan, err);
    if (code)
        return code;
    Jc__Weights weights = jc_plan_weights(s->plan);
    options.weights = &weights;
    code = jc_plan_problem_build(tx, s->agency_id, s->plan, &options, s->arena, &s->pp, err);
    if (!code)
        code = jc_plan_past(&s->pp, s->arena, &s->past, err);
    return code ? code : jc_solution_of_plan(&s->pp, s->plan, s->arena, &s->solution, err);
}

/* Has the plan stayed what it was? */
static bool same_plan(const Jc__Plan *a, const Jc__Plan *b) {
    return a->version == b->version && a->n_visits == b->n_visits && a->solve->cost_e5 == b->solve->cost_e5 &&
           jc_shortfalls_equal(a->shortfalls, a->n_shortfalls, b->shortfalls, b->n_shortfalls);
}

static enum jc_code store_explanation(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct stored *s = ctx;
    struct jc_arena *arena = jc_arena_new(SIZE_MAX / 2);
    Jc__Plan *now = NULL;
    char number[JC_NUMBER_TEXT];
    enum jc_code code = arena ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_plan_get(tx, s->agency_id, JC_PLAN_NEWEST, NULL, arena, &now, err);
    if (!code && !same_plan(now, s->plan))
        code = jc_fail(err, JC_ABORTED, JC_MSG_PLAN_CHANGED);
    if (!code)
        code =
            jc_plan_set_shortfalls(tx, s->agency_id, s->plan->version, s->plan->shortfalls, s->plan->n_shortfalls, err);
    if (!code)
        code = jc_audit_log_add(tx, s->agency_id, jc_clock_now_ms(&s->request->clock), s->request->actor,
                                JC_STR("plan.explain"), jc_str_from_int64(s->plan->version, number), JC_STR(""), err);
    jc_arena_free(arena);
    return code;
}

/* Parts of units are the solver's affair: people know the unit. */
static enum jc_code name_whole_units(const struct jc_register *reg, const Jc__Plan *plan, struct jc_arena *arena,
                                     struct jc_err *err) {
    for (size_t i = 0; i < plan->n_shortfalls; i++)
        for (size_t r = 0; r < plan->shortfalls[i]->n_repairs; r++) {
            Jc__Repair *repair = plan->shortfalls[i]->repairs[r];
            for (size_t u = 0; u < repair->n_unit_ids; u++) {
                struct jc_str rest = jc_str(repair->unit_ids[u]), id;
                if (jc_register_unit(reg, repair->unit_ids[u]) >= 0)
                    continue;
                jc_str_cut(&rest, '/', &id);
                repair->unit_ids[u] = (char *)jc_arena_copy(arena, id).ptr;
                if (!repair->unit_ids[u])
                    return jc_fail_memory(err);
            }
        }
    return JC_OK;
}

enum jc_code jc_explain(struct jc_db *db, int64_t agency_id, const struct jc_explain_request *request,
                        struct jc_arena *arena, Jc__Plan **out, struct jc_register **out_register, struct jc_err *err) {
    struct stored s = {.agency_id = agency_id, .request = request, .arena = arena};
    struct jc_explain_request hurry = *request;
    int64_t begun_ms = jc_monotonic_ms();
    enum jc_code code = jc_db_read(db, read_plan, &s, err);
    hurry.time_limit_ms = jc_solve_share(request->time_limit_ms, jc_monotonic_ms() - begun_ms);
    if (!code)
        code = jc_explain_problem(s.pp.problem, s.solution, &s.past, &hurry, s.plan->shortfalls, s.plan->n_shortfalls,
                                  arena, err);
    if (!code)
        code = name_whole_units(s.pp.reg, s.plan, arena, err);
    if (!code && s.plan->n_shortfalls)
        code = jc_db_write_wait(db, agency_id, store_explanation, &s, err);
    if (!code) {
        *out = s.plan;
        *out_register = s.pp.reg;
    }
    return code;
}
