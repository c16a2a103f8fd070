/* Solving. The three steps are a read job (problem), the worker (no transaction), a write job (draft).
 * What the first step read is fingerprinted: the write job builds the problem again and stores only if
 * the fingerprint is the same, so a move, a draw or an import made meanwhile is never overwritten. */
#include "plan/solve.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "model/pattern.h"
#include "model/problem.h"
#include "plan/coverage.h"
#include "plan/shortfall.h"
#include "plan/solution.h"
#include "plan/visit.h"
#include "plan/worker.h"
#include "store/agency.h"
#include "store/audit_log.h"
#include "store/plan.h"

struct solving {
    int64_t agency_id;
    const struct jc_solve_request *request;
    struct jc_arena *arena;
    struct jc_plan_problem pp;
    Jc__Plan *draft; /* that is replaced; NULL: a new version */
    int version;     /* that is written */
    uint8_t fingerprint[JC_SHA256_SIZE];
    Jc__Plan *plan; /* the result */
};

/* --- the problem, and whether it is still the same ----------------------------------------------------- */

enum jc_code jc_plan_problem_fingerprint(const struct jc_plan_problem *pp, struct jc_arena *arena,
                                         uint8_t out[JC_SHA256_SIZE], struct jc_err *err) {
    size_t problem = jc__problem__get_packed_size(pp->problem), kept = 0;
    if (pp->kept)
        kept = jc__plan__get_packed_size(pp->kept);
    uint8_t *bytes = jc_arena_alloc(arena, problem + kept + 1);
    if (!bytes)
        return jc_fail_memory(err);
    jc__problem__pack(pp->problem, bytes);
    if (pp->kept)
        jc__plan__pack(pp->kept, bytes + problem);
    jc_sha256((struct jc_str){(const char *)bytes, problem + kept}, out);
    return JC_OK;
}

/* The draft to be replaced and the version to be written. A version of another year is no hindrance and
 * stays as it is. */
static enum jc_code find_draft(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan **draft,
                               int *version, struct jc_err *err) {
    Jc__Agency *agency = NULL;
    Jc__Plan *newest = NULL;
    int found = 0;
    char number[JC_NUMBER_TEXT];
    enum jc_code code = jc_plan_find(tx, agency_id, JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED, &found, err);
    *draft = NULL;
    *version = found + 1;
    if (code || !found)
        return code;
    code = jc_agency_get(tx, agency_id, arena, &agency, err);
    if (!code)
        code = jc_plan_get(tx, agency_id, found, NULL, arena, &newest, err);
    if (code)
        return code;
    if (newest->year != agency->year)
        return JC_OK;
    if (newest->status != JC__PLAN_STATUS__PLAN_STATUS_DRAFT)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NOT_DRAFT, jc_str_from_int64(found, number));
    *draft = newest;
    *version = found;
    return JC_OK;
}

static enum jc_code read_problem(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct solving *s = ctx;
    enum jc_code code = find_draft(tx, s->agency_id, s->arena, &s->draft, &s->version, err);
    if (!code)
        code = jc_plan_problem_build(tx, s->agency_id, s->draft, &s->request->options, s->arena, &s->pp, err);
    return code ? code : jc_plan_problem_fingerprint(&s->pp, s->arena, s->fingerprint, err);
}

/* --- the plan ----------------------------------------------------------------------------------------------- */

/* A run of the worker: the referee judges every plan it sends. */
struct solver {
    const Jc__Problem *problem;
    const struct jc_solve_request *request;
    struct jc_arena *scratch; /* reset for every plan that is judged */
};

static enum jc_code judge(void *ctx, const Jc__Solution *solution, struct jc_err *err) {
    struct solver *s = ctx;
    struct jc_measure measure;
    jc_arena_reset(s->scratch);
    return jc_solution_check(s->problem, solution, s->scratch, &measure, err);
}

static void hear(void *ctx, const Jc__Progress *progress) {
    const struct solver *s = ctx;
    if (s->request->progress)
        s->request->progress(s->request->ctx, progress);
}

enum jc_code jc_solve_problem(const Jc__Problem *problem, const struct jc_solve_request *request,
                              struct jc_arena *arena, Jc__Solution **out, struct jc_err *err) {
    struct solver solver = {.problem = problem, .request = request, .scratch = jc_arena_new(SIZE_MAX / 2)};
    const struct jc_worker_config worker = {
        .program = request->program,
        .cancel_fd = request->cancel_fd,
        .accept = judge,
        .progress = hear,
        .ctx = &solver,
    };
    enum jc_code code = solver.scratch ? jc_worker_run(&worker, problem, arena, out, err) : jc_fail_memory(err);
    jc_arena_free(solver.scratch);
    return code;
}

static void set_objective(Jc__SolveSummary *solve, const struct jc_measure *measure) {
    const Jc__Objective *objective = &measure->objective;
    solve->changes = measure->changes;
    if (solve->changes_bound > solve->changes)
        solve->changes_bound = 0; /* proven for another plan in force */
    solve->unserved = objective->unserved;
    solve->over_centi = objective->over_centi;
    solve->quota = objective->quota;
    solve->cost_e5 = objective->cost_e5;
    if (solve->tiers_settled && solve->bound_e5 > solve->cost_e5) {
        solve->tiers_settled = false; /* a bound above what was reached proves nothing */
        solve->bound_e5 = 0;
    }
    bool proven = solve->tiers_settled && solve->bound_e5 == solve->cost_e5;
    if (solve->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL && !proven)
        solve->status = JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE;
}

static void set_weights(Jc__SolveSummary *solve, const Jc__Problem *problem) {
    Jc__Weights weights = jc_problem_weights(problem);
    solve->balance_milli = weights.balance_milli;
    solve->travel_milli = weights.travel_milli;
    solve->risk_milli = weights.risk_milli;
    solve->preferred_milli = weights.preferred_milli;
    solve->changes_milli = weights.changes_milli;
}

enum jc_code jc_plan_past(const struct jc_plan_problem *pp, struct jc_arena *arena, struct jc_past *out,
                          struct jc_err *err) {
    struct jc_date as_of;
    uint8_t *told = JC_NEW_ARRAY(arena, pp->problem->n_units + 1, uint8_t);
    uint8_t *units = JC_NEW_ARRAY(arena, pp->reg->n_units + 1, uint8_t); /* of the register */
    uint16_t *blackout = JC_NEW_ARRAY(arena, pp->problem->n_units + 1, uint16_t);
    *out = (struct jc_past){.told = told, .blackout = blackout};
    if (!told || !units || !blackout)
        return jc_fail_memory(err);
    if (pp->kept && *pp->kept->as_of && jc_date_parse(jc_str(pp->kept->as_of), &as_of))
        out->closed = (1u << jc_months_over(pp->kept->year, as_of)) - 1;
    for (size_t i = 0; pp->kept && i < pp->kept->n_visits; i++) {
        int unit = jc_register_unit(pp->reg, pp->kept->visits[i]->unit_id);
        if (unit >= 0 && jc_visit_is_fixed(pp->kept->visits[i]))
            units[unit] = 1;
    }
    for (size_t u = 0; u < pp->problem->n_units; u++) {
        int unit = jc_register_unit(pp->reg, pp->sources[u].unit->unit_id);
        told[u] = unit >= 0 && units[unit];
        bool missed = pp->sources[u].rest && pp->problem->units[u]->blackout_months == JC_MONTHS_ALL;
        blackout[u] = missed ? 0 : (uint16_t)pp->sources[u].unit->blackout_months;
    }
    return JC_OK;
}

/* What the plan cannot meet, which limits bind, and what it must say of its key units (F2). */
static enum jc_code tell_shortfalls(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                                    struct jc_arena *arena, Jc__Plan *plan, struct jc_err *err) {
    struct jc_past past;
    enum jc_code code = jc_shortfall_list(pp, measure, arena, &plan->shortfalls, &plan->n_shortfalls, err);
    if (!code && plan->n_shortfalls)
        code = jc_plan_past(pp, arena, &past, err);
    if (!code)
        code = jc_limit_list(pp->problem, &past, plan->shortfalls, plan->n_shortfalls, arena, err);
    return code ? code : jc_coverage_find(pp, measure, arena, &plan->coverage, err);
}

enum jc_code jc_plan_of_solution(const struct jc_plan_problem *pp, Jc__Solution *solution, int version,
                                 struct jc_arena *arena, Jc__Plan **out, struct jc_measure *measure,
                                 struct jc_err *err) {
    Jc__Plan *plan = JC_NEW(arena, Jc__Plan);
    Jc__SolveSummary *solve = JC_NEW(arena, Jc__SolveSummary);
    if (!plan || !solve)
        return jc_fail_memory(err);
    jc__plan__init(plan);
    jc__solve_summary__init(solve);
    plan->version = version;
    plan->year = pp->problem->year;
    plan->status = JC__PLAN_STATUS__PLAN_STATUS_DRAFT;
    plan->solve = solve;
    enum jc_code code = jc_solution_check(pp->problem, solution, arena, measure, err);
    if (!code)
        code = jc_solution_to_plan(pp, solution, arena, plan, err);
    if (!code)
        code = tell_shortfalls(pp, measure, arena, plan, err);
    if (code)
        return code;
    solve->status = solution->status;
    solve->tiers_settled = solution->tiers_settled;
    solve->bound_e5 = solution->bound && solution->tiers_settled ? solution->bound->cost_e5 : 0;
    solve->elapsed_ms = solution->elapsed_ms;
    solve->work = solution->work;
    set_weights(solve, pp->problem);
    set_objective(solve, measure);
    *out = plan;
    return JC_OK;
}

/* On plans of 200,000 visits, where it is seconds, all the rest takes two and a half times as long as the reading. */
int64_t jc_solve_share(int64_t limit_ms, int64_t spent_ms) {
    int64_t share = limit_ms - spent_ms * 7 / 2, least = (limit_ms + 3) / 4;
    return share > least ? share : least;
}

static enum jc_code make_plan(struct solving *s, Jc__Solution *solution, struct jc_err *err) {
    struct jc_measure measure;
    enum jc_code code = jc_plan_of_solution(&s->pp, solution, s->version, s->arena, &s->plan, &measure, err);
    if (!code && s->draft) {
        s->plan->amend_reason = s->draft->amend_reason;
        s->plan->decided_on = s->draft->decided_on;
        s->plan->as_of = s->draft->as_of;
    }
    return code;
}

const char *jc_solve_worth(const Jc__SolveSummary *solve, char text[JC_SOLVE_WORTH]) {
    char over[JC_NUMBER_TEXT], cost[JC_NUMBER_TEXT];
    snprintf(text, JC_SOLVE_WORTH, "%lld" JC_NOTE_AND "%.*s" JC_NOTE_AND "%lld" JC_NOTE_AND "%.*s",
             (long long)solve->unserved, JC_FMT(jc_str_from_centi(solve->over_centi, over)), (long long)solve->quota,
             JC_FMT(jc_str_from_centi((solve->cost_e5 + 500) / 1000, cost)));
    return text;
}

static enum jc_code store_plan(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct solving *s = ctx;
    struct jc_arena *arena = jc_arena_new(SIZE_MAX / 2);
    struct jc_plan_problem again;
    Jc__Plan *draft = NULL;
    int version = 0;
    uint8_t fingerprint[JC_SHA256_SIZE] = {0};
    char number[JC_NUMBER_TEXT], worth[JC_SOLVE_WORTH];
    const struct jc_audited act = {s->agency_id, jc_clock_now_ms(&s->request->clock), s->request->actor,
                                   JC_STR("plan.solve"), jc_str_from_int64(s->version, number)};
    enum jc_code code = arena ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = find_draft(tx, s->agency_id, arena, &draft, &version, err);
    if (!code)
        code = jc_plan_problem_build(tx, s->agency_id, draft, &s->request->options, arena, &again, err);
    if (!code)
        code = jc_plan_problem_fingerprint(&again, arena, fingerprint, err);
    if (!code && (version != s->version || memcmp(fingerprint, s->fingerprint, JC_SHA256_SIZE) != 0))
        code = jc_fail(err, JC_ABORTED, JC_MSG_PLAN_CHANGED);
    if (!code)
        code = jc_plan_put(tx, s->agency_id, s->plan, act.now_ms, err);
    if (!code)
        code = jc_audit_log_note(tx, &act, err, JC_NOTE_SOLVED, "%s", jc_solve_worth(s->plan->solve, worth));
    jc_arena_free(arena);
    return code;
}

enum jc_code jc_solve(struct jc_db *db, int64_t agency_id, const struct jc_solve_request *request,
                      struct jc_arena *arena, Jc__Plan **out, struct jc_register **out_register, struct jc_err *err) {
    struct solving s = {.agency_id = agency_id, .request = request, .arena = arena};
    Jc__Solution *solution = NULL;
    int64_t begun_ms = jc_monotonic_ms();
    enum jc_code code = jc_db_read(db, read_problem, &s, err);
    if (!code) {
        s.pp.problem->time_limit_ms = jc_solve_share(s.pp.problem->time_limit_ms, jc_monotonic_ms() - begun_ms);
        code = jc_solve_problem(s.pp.problem, request, arena, &solution, err);
    }
    if (!code)
        code = make_plan(&s, solution, err);
    if (!code)
        code = jc_db_write_wait(db, agency_id, store_plan, &s, err);
    if (!code) {
        *out = s.plan;
        *out_register = s.pp.reg;
    }
    return code;
}

/* --- measuring a plan again ------------------------------------------------------------------------------- */

static bool is_forced(const Jc__Plan *plan) {
    for (size_t i = 0; i < plan->n_visits; i++)
        if (*plan->visits[i]->forced_by)
            return true;
    return false;
}

/* Repairs that were found for this very plan stay with it. */
static void keep_explanations(Jc__Plan *plan, Jc__Shortfall *const *before, size_t count) {
    bool same = jc_shortfalls_equal(plan->shortfalls, plan->n_shortfalls, before, count);
    for (size_t i = 0; same && i < count; i++)
        if (before[i]->explained)
            plan->shortfalls[i] = before[i];
}

enum jc_code jc_plan_measure(const struct jc_plan_problem *pp, Jc__Plan *plan, struct jc_arena *arena,
                             struct jc_measure *out, struct jc_err *err) {
    Jc__Solution *solution = NULL;
    Jc__Shortfall **before = plan->shortfalls;
    size_t count = plan->n_shortfalls;
    int64_t cost_e5 = plan->solve ? plan->solve->cost_e5 : -1;
    enum jc_code code = jc_solution_of_plan(pp, plan, arena, &solution, err);
    if (!code)
        code = jc_solution_check(pp->problem, solution, arena, out, err);
    if (!code)
        code = tell_shortfalls(pp, out, arena, plan, err);
    if (code)
        return code;
    if (cost_e5 == out->objective.cost_e5)
        keep_explanations(plan, before, count);
    if (!plan->solve) {
        plan->solve = JC_NEW(arena, Jc__SolveSummary);
        if (!plan->solve)
            return jc_fail_memory(err);
        jc__solve_summary__init(plan->solve);
    }
    if (is_forced(plan)) { /* the bound holds for plans that keep the rules */
        plan->solve->tiers_settled = false;
        plan->solve->bound_e5 = 0;
    }
    set_weights(plan->solve, pp->problem);
    set_objective(plan->solve, out);
    return JC_OK;
}

Jc__Weights jc_plan_weights(const Jc__Plan *plan) {
    const Jc__Problem none = JC__PROBLEM__INIT;
    Jc__Weights weights = jc_problem_weights(&none);
    if (plan->solve && plan->solve->status != JC__SOLVE_STATUS__SOLVE_STATUS_UNSPECIFIED) {
        weights.balance_milli = plan->solve->balance_milli;
        weights.travel_milli = plan->solve->travel_milli;
        weights.risk_milli = plan->solve->risk_milli;
        weights.preferred_milli = plan->solve->preferred_milli;
        weights.changes_milli = plan->solve->changes_milli;
    }
    return weights;
}
