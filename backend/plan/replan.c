/* Re-planning. A read job (what is free, the problem), four runs of the worker without a transaction, a write
 * job (the draft). As in solving, the write job builds the problem again and stores only if nothing it rests on
 * has changed. What may move is decided once, on a copy of the plan in force: visits whose marks are taken off
 * there are free, and everything behind (problem, solution, notice) only asks whether a visit is kept.
 *
 * Exactness of the third stage: with c the cost of the plan before it, a change priced at c or more makes
 * any plan with one more change dearer than it, since no cost is negative. */
#include "plan/replan.h"

#include <string.h>

#include "base/index.h"
#include "model/problem.h"
#include "plan/solution.h"
#include "plan/visit.h"
#include "store/audit_log.h"
#include "store/plan.h"

/* What a stage may take of the time and work that is left; the last one takes it all. */
enum { EIGHTHS_TIERS = 5, EIGHTHS_CHANGES = 6, EIGHTHS_COST = 4 };

enum { ROUND_MILLI = 60000 }; /* a multiple of usual weights */

struct replanning {
    int64_t agency_id;
    const struct jc_replan_request *request;
    struct jc_arena *arena;
    struct jc_replanned *out;
    struct jc_plan_problem pp;
    uint8_t fingerprint[JC_SHA256_SIZE];
    Jc__Solution *solution; /* the best so far, and … */
    struct jc_measure best; /* … what it is worth to the planner */
    int64_t taken_off;      /* cost that only the third stage's price of changes makes, e5 */
    Jc__Objective proven;   /* lower bounds of the tiers */
    bool settled;           /* … which the best plan has reached */
    int64_t bound_e5;       /* no plan with these tiers costs less */
    bool cancelled;
    bool broken_off;  /* a stage's solver died or hung behind its plan */
    int64_t begun_ms; /* monotonic */
    int64_t end_ms;   /* of the stages, if there is a limit */
    int64_t work;
};

/* --- what is free -------------------------------------------------------------------------------------- */

/* Can a visit that somebody was told of, or that is pinned, stay as the register is now? */
static bool can_stay(const struct jc_register *reg, const Jc__Visit *visit) {
    int team = jc_register_team(reg, visit->lead_team), unit = jc_register_unit(reg, visit->unit_id);
    if (team < 0)
        return false;
    if (*visit->draw_id) {
        int draw = jc_register_draw(reg, visit->draw_id);
        return draw >= 0 && strcmp(reg->draws[draw]->team_id, visit->lead_team) == 0;
    }
    if (*visit->forced_by)
        return unit >= 0;
    if (unit < 0 || !reg->units[unit]->n_rule_ids || reg->teams[team]->headcount == 0 ||
        reg->units[unit]->blackout_months >> (visit->month - 1) & 1)
        return false;
    for (size_t i = 0; i < reg->units[unit]->n_lead_teams; i++)
        if (strcmp(reg->units[unit]->lead_teams[i], visit->lead_team) == 0)
            return true;
    return false;
}

/* Takes the marks off a visit, so that it is planned like any other. */
static void set_free(Jc__Visit *visit) {
    visit->status = JC__VISIT_STATUS__VISIT_STATUS_PLANNED;
    visit->pinned = false;
    visit->forced_by = visit->forced_reason = (char *)protobuf_c_empty_string;
    if (*visit->draw_id)
        visit->unit_id = (char *)protobuf_c_empty_string; /* given back by the notice */
}

/* The plan in force as the new draft sees it: done visits kept, and of the others in open months those that
 * are released, drawn or fixed, as long as they can be. */
static enum jc_code free_visits(struct replanning *r, const struct jc_register *reg, const Jc__Plan *force,
                                struct jc_arena *arena, Jc__Plan **out, struct jc_err *err) {
    char day[JC_TIME_MAX];
    int over = jc_months_over(force->year, r->request->as_of);
    Jc__Plan *plan = JC_NEW(arena, Jc__Plan);
    Jc__Visit *copies = JC_NEW_ARRAY(arena, force->n_visits + 1, Jc__Visit);
    if (!plan || !copies)
        return jc_fail_memory(err);
    *plan = *force;
    plan->as_of = (char *)jc_arena_copy(arena, jc_date_format(r->request->as_of, day)).ptr;
    plan->visits = JC_NEW_ARRAY(arena, force->n_visits + 1, Jc__Visit *);
    if (!plan->as_of || !plan->visits)
        return jc_fail_memory(err);
    for (size_t i = 0; i < force->n_visits; i++) {
        Jc__Visit *v = plan->visits[i] = &copies[i];
        *v = *force->visits[i];
        bool forced = *v->forced_by != 0; /* such a visit stands alone if it has to; its mark comes back later */
        v->forced_by = v->forced_reason = (char *)protobuf_c_empty_string;
        v->pinned |= forced;
        if (v->status == JC__VISIT_STATUS__VISIT_STATUS_DONE)
            continue;
        if (v->month <= over || !can_stay(reg, force->visits[i]))
            set_free(v);
    }
    *out = plan;
    return JC_OK;
}

/* --- the problem --------------------------------------------------------------------------------------- */

static enum jc_code find_versions(struct replanning *r, struct jc_tx *tx, struct jc_arena *arena, int year,
                                  Jc__Plan **force, int *version, int *replaced, struct jc_err *err) {
    int found = 0;
    enum jc_code code = jc_plan_find(tx, r->agency_id, JC__PLAN_STATUS__PLAN_STATUS_APPROVED, &found, err);
    if (!code && !found)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NONE_APPROVED);
    if (!code)
        code = jc_plan_get(tx, r->agency_id, found, NULL, arena, force, err);
    if (!code && (*force)->year != year)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NONE_APPROVED);
    if (!code)
        code = jc_plan_find(tx, r->agency_id, JC__PLAN_STATUS__PLAN_STATUS_DRAFT, replaced, err);
    *version = *replaced ? *replaced : found + 1; /* an approved plan is only followed by a draft */
    return code;
}

static enum jc_code build(struct replanning *r, struct jc_tx *tx, struct jc_arena *arena, struct jc_plan_problem *pp,
                          int *replaced, struct jc_err *err) {
    struct jc_register *reg = NULL;
    Jc__Plan *force = NULL, *kept = NULL;
    char day[JC_TIME_MAX], year[JC_NUMBER_TEXT];
    int version = 0;
    enum jc_code code = jc_register_load(tx, r->agency_id, arena, &reg, err);
    if (!code)
        code = find_versions(r, tx, arena, reg->year, &force, &version, replaced, err);
    if (!code && (r->request->as_of.year != reg->year || jc_months_over(reg->year, r->request->as_of) == 12))
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_REPLAN_YEAR, jc_date_format(r->request->as_of, day),
                       jc_str_from_int64(reg->year, year));
    if (!code)
        code = free_visits(r, reg, force, arena, &kept, err);
    if (code)
        return code;
    r->out->against = force->version;
    kept->version = version;
    kept->status = JC__PLAN_STATUS__PLAN_STATUS_DRAFT;
    return jc_plan_problem_build(tx, r->agency_id, kept, &r->request->options, arena, pp, err);
}

static enum jc_code read_problem(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct replanning *r = ctx;
    enum jc_code code = build(r, tx, r->arena, &r->pp, &r->out->replaced, err);
    return code ? code : jc_plan_problem_fingerprint(&r->pp, r->arena, r->fingerprint, err);
}

/* --- the stages -------------------------------------------------------------------------------------------- */

static void hear(void *ctx, const Jc__Progress *progress) {
    struct replanning *r = ctx;
    Jc__Progress told = *progress;
    Jc__Objective incumbent = JC__OBJECTIVE__INIT, bound = JC__OBJECTIVE__INIT;
    if (!r->request->progress)
        return;
    if (progress->incumbent)
        incumbent = *progress->incumbent;
    if (progress->bound)
        bound = *progress->bound;
    incumbent.cost_e5 -= incumbent.cost_e5 > r->taken_off ? r->taken_off : 0;
    bound.cost_e5 -= bound.cost_e5 > r->taken_off ? r->taken_off : bound.cost_e5;
    told.incumbent = &incumbent;
    told.bound = &bound;
    told.gap_ppm = progress->tiers_settled ? jc_gap_ppm(incumbent.cost_e5, bound.cost_e5) : 0;
    told.elapsed_ms = jc_monotonic_ms() - r->begun_ms;
    r->request->progress(r->request->ctx, &told);
}

/* A stage's problem: the weights, the best plan so far to start from, what is proven of its tiers, and a part of
 * the time and work that is left. */
static Jc__Problem stage(struct replanning *r, Jc__Weights *weights, int64_t eighths) {
    const Jc__Problem *whole = r->pp.problem;
    Jc__Problem problem = *whole;
    int64_t ms = (r->end_ms - jc_monotonic_ms()) * eighths / 8;
    int64_t work = (whole->work_limit - r->work) * eighths / 8;
    problem.weights = weights;
    if (r->solution) {
        problem.start = r->solution;
        problem.proven = &r->proven;
    }
    if (whole->time_limit_ms)
        problem.time_limit_ms = ms > 0 ? ms : 1;
    if (whole->work_limit)
        problem.work_limit = work > 0 ? work : 1;
    return problem;
}

/* Runs the worker. A cancel keeps what the stages before have found; *out is then NULL if this one found
 * nothing. */
static enum jc_code ask(struct replanning *r, Jc__Problem *problem, Jc__Solution **out, struct jc_err *err) {
    const struct jc_solve_request run = {
        .program = r->request->program, .cancel_fd = r->request->cancel_fd, .progress = hear, .ctx = r};
    *out = NULL;
    enum jc_code code = jc_solve_problem(problem, &run, r->arena, out, err);
    if (code == JC_CANCELLED && r->solution) {
        r->cancelled = true;
        *err = (struct jc_err){0};
        return JC_OK;
    }
    if (code)
        return code;
    r->cancelled |= (*out)->status == JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED;
    r->broken_off |= (*out)->status == JC__SOLVE_STATUS__SOLVE_STATUS_BROKEN_OFF;
    r->work += (*out)->work;
    return JC_OK;
}

/* <0 if a is better: tiers, then changes, then cost. */
static int cmp_measures(const struct jc_measure *a, const struct jc_measure *b) {
    Jc__Objective x = a->objective, y = b->objective;
    x.cost_e5 = a->changes;
    y.cost_e5 = b->changes;
    int order = jc_objective_cmp(&x, &y);
    return order ? order : jc_objective_cmp(&a->objective, &b->objective);
}

/* Takes a stage's plan if it is no worse than the best so far. */
static enum jc_code take(struct replanning *r, Jc__Solution *solution, struct jc_err *err) {
    struct jc_measure now;
    enum jc_code code = solution ? jc_solution_check(r->pp.problem, solution, r->arena, &now, err) : JC_OK;
    if (code || !solution || (r->solution && cmp_measures(&now, &r->best) > 0))
        return code;
    r->solution = solution;
    r->best = now;
    return JC_OK;
}

/* Nothing but the tiers: where limits or quotas must be broken, this finds out how little of it is enough
 * without paying attention to anything else. What it proves need not be proven again. */
static enum jc_code settle_tiers(struct replanning *r, struct jc_err *err) {
    Jc__Weights nothing = JC__WEIGHTS__INIT;
    Jc__Problem problem = stage(r, &nothing, EIGHTHS_TIERS);
    Jc__Solution *solution = NULL;
    enum jc_code code = ask(r, &problem, &solution, err);
    if (!code && solution->bound) {
        r->proven = *solution->bound;
        r->proven.cost_e5 = 0;
    }
    return code ? code : take(r, solution, err);
}

/* Changes alone. Their proven number is rounded up: there are no halves of a change. */
static enum jc_code fewest_changes(struct replanning *r, struct jc_err *err) {
    Jc__Weights weights = JC__WEIGHTS__INIT;
    weights.changes_milli = 1000;
    Jc__Problem problem = stage(r, &weights, EIGHTHS_CHANGES);
    Jc__Solution *solution = NULL;
    enum jc_code code = ask(r, &problem, &solution, err);
    if (!code && solution && solution->tiers_settled && solution->bound) {
        r->proven = *solution->bound;
        r->proven.cost_e5 = 0;
        r->settled = true;
        r->out->least = (solution->bound->cost_e5 + 99999) / 100000;
    }
    return code ? code : take(r, solution, err);
}

/* A price above `cost`; round, so that costs keep the common divisor that bounds are rounded up to. */
static int64_t dear_change(const Jc__Weights *asked, int64_t cost_e5) {
    int64_t milli = (cost_e5 / 100 / ROUND_MILLI + 1) * ROUND_MILLI + asked->changes_milli;
    return milli > JC_PROBLEM_WEIGHT_MAX ? JC_PROBLEM_WEIGHT_MAX : milli;
}

/* The planner's weights, with a change dearer than all the best plan costs. Nothing is proven here: what a bound
 * lacks of the number of changes is multiplied by that price. */
static enum jc_code least_cost(struct replanning *r, struct jc_err *err) {
    Jc__Weights asked = jc_problem_weights(r->pp.problem), weights = asked;
    weights.changes_milli = dear_change(&asked, r->best.objective.cost_e5);
    Jc__Problem problem = stage(r, &weights, EIGHTHS_COST);
    Jc__Solution *solution = NULL;
    problem.plan_only = true;
    r->taken_off = r->best.changes * (weights.changes_milli - asked.changes_milli) * 100;
    enum jc_code code = ask(r, &problem, &solution, err);
    r->taken_off = 0;
    return code ? code : take(r, solution, err);
}

/* What no plan costs less than, however many changes it makes: the planner's own weights. */
static enum jc_code bound_cost(struct replanning *r, struct jc_err *err) {
    Jc__Weights asked = jc_problem_weights(r->pp.problem);
    Jc__Problem problem = stage(r, &asked, 8);
    Jc__Solution *solution = NULL;
    enum jc_code code = ask(r, &problem, &solution, err);
    if (!code && solution && solution->tiers_settled && solution->bound) {
        r->settled = true;
        r->bound_e5 = solution->bound->cost_e5;
    }
    return code ? code : take(r, solution, err);
}

static enum jc_code solve(struct replanning *r, struct jc_err *err) {
    int64_t now_ms = jc_monotonic_ms();
    r->end_ms = now_ms + jc_solve_share(r->pp.problem->time_limit_ms, now_ms - r->begun_ms);
    enum jc_code code = settle_tiers(r, err);
    if (!code && !r->cancelled)
        code = fewest_changes(r, err);
    if (code || r->cancelled)
        return code;
    if (r->best.changes == 0 && r->settled) {
        r->bound_e5 = r->best.objective.cost_e5; /* there is nothing left to choose */
        return JC_OK;
    }
    code = least_cost(r, err);
    if (!code && !r->cancelled)
        code = bound_cost(r, err);
    return code;
}

/* --- the draft ------------------------------------------------------------------------------------------- */

/* The marks that were taken off or changed for the problem are given back to visits that stay. */
static enum jc_code give_marks_back(const struct jc_plan_problem *pp, Jc__Plan *plan, struct jc_arena *arena,
                                    struct jc_err *err) {
    struct jc_index *by_id = jc_index_new(arena, pp->in_force->n_visits);
    for (size_t k = 0; by_id && k < pp->in_force->n_visits; k++) {
        int64_t *at = jc_index_at(by_id, jc_str(pp->in_force->visits[k]->visit_id), NULL);
        if (!at)
            return jc_fail_memory(err);
        *at = (int64_t)k;
    }
    for (size_t i = 0; by_id && i < plan->n_visits; i++) {
        int64_t k = jc_index_find(by_id, jc_str(plan->visits[i]->visit_id), -1);
        if (k < 0 || !jc_visit_is_kept(plan->visits[i]))
            continue;
        const Jc__Visit *old = pp->in_force->visits[k];
        plan->visits[i]->pinned = old->pinned;
        plan->visits[i]->forced_by = old->forced_by;
        plan->visits[i]->forced_reason = old->forced_reason;
    }
    return by_id ? JC_OK : jc_fail_memory(err);
}

static enum jc_code describe(struct replanning *r, Jc__Plan *plan, struct jc_err *err) {
    const struct jc_replan_request *request = r->request;
    char day[JC_TIME_MAX];
    struct jc_date decided = request->decided_on.year ? request->decided_on : request->as_of;
    struct jc_str as_of = jc_str(r->pp.kept->as_of);
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    if (request->reason.len)
        jc_buf_add(&text, request->reason);
    else
        jc_msg_render(&text, JC_ZH, JC_MSG_REPLAN_REASON, &as_of, 1);
    plan->amend_reason = (char *)jc_arena_copy(r->arena, jc_buf_str(&text)).ptr;
    plan->decided_on = (char *)jc_arena_copy(r->arena, jc_date_format(decided, day)).ptr;
    plan->as_of = r->pp.kept->as_of;
    jc_buf_free(&text);
    return plan->amend_reason && plan->decided_on ? JC_OK : jc_fail_memory(err);
}

/* Visits that were missed cannot stay where they are: so many changes has every plan, whatever its tiers. */
static int64_t count_missed(const struct replanning *r) {
    int over = jc_months_over(r->pp.in_force->year, r->request->as_of);
    int64_t missed = 0;
    for (size_t i = 0; i < r->pp.in_force->n_visits; i++)
        missed += r->pp.in_force->visits[i]->month <= over &&
                  r->pp.in_force->visits[i]->status != JC__VISIT_STATUS__VISIT_STATUS_DONE;
    return missed;
}

static enum jc_code make_plan(struct replanning *r, struct jc_err *err) {
    struct jc_measure m;
    Jc__Plan *plan = NULL;
    r->solution->tiers_settled = r->settled && r->bound_e5 > 0; /* a bound of 0 proves nothing about the cost */
    r->solution->bound->cost_e5 = r->bound_e5;
    enum jc_code code = jc_plan_of_solution(&r->pp, r->solution, r->pp.kept->version, r->arena, &plan, &m, err);
    if (!code)
        code = jc_notice_make(&r->pp, plan, r->arena, &r->out->notice, err);
    if (!code)
        code = describe(r, plan, err);
    if (!code)
        code = give_marks_back(&r->pp, plan, r->arena, err);
    if (code)
        return code;
    Jc__SolveSummary *s = plan->solve;
    bool optimal = s->tiers_settled && s->bound_e5 == s->cost_e5 && r->out->least >= m.changes;
    s->status = r->cancelled    ? JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED
                : optimal       ? JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL
                : r->broken_off ? JC__SOLVE_STATUS__SOLVE_STATUS_BROKEN_OFF
                                : JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE;
    s->elapsed_ms = jc_monotonic_ms() - r->begun_ms;
    s->work = r->work;
    /* visits no plan can have (missed for good, units not planned any more) change in every plan */
    int64_t in_every_plan = r->out->notice.changes - m.changes, missed = count_missed(r) - in_every_plan;
    s->changes_bound = r->out->least > missed ? r->out->least : missed;
    s->changes_bound = s->changes_bound < m.changes ? s->changes_bound : m.changes;
    r->out->least = s->changes_bound + in_every_plan;
    r->out->plan = plan;
    r->out->reg = r->pp.reg;
    return JC_OK;
}

/* P6, on the day of the decision. */
static enum jc_code find_major(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct replanning *r = ctx;
    struct jc_date decided = r->request->decided_on.year ? r->request->decided_on : r->request->as_of;
    return jc_plan_change(tx, r->agency_id, r->out->plan, decided, r->arena, &r->out->major, err);
}

static enum jc_code store(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct replanning *r = ctx;
    struct jc_plan_problem again;
    int replaced = 0;
    uint8_t fingerprint[JC_SHA256_SIZE] = {0};
    char number[JC_NUMBER_TEXT], worth[JC_SOLVE_WORTH];
    const struct jc_audited act = {r->agency_id, jc_clock_now_ms(&r->request->clock), r->request->actor,
                                   JC_STR("plan.replan"), jc_str_from_int64(r->out->plan->version, number)};
    struct jc_arena *arena = jc_arena_new(SIZE_MAX / 2);
    enum jc_code code = arena ? build(r, tx, arena, &again, &replaced, err) : jc_fail_memory(err);
    if (!code)
        code = jc_plan_problem_fingerprint(&again, arena, fingerprint, err);
    jc_arena_free(arena);
    if (!code && memcmp(fingerprint, r->fingerprint, JC_SHA256_SIZE) != 0)
        code = jc_fail(err, JC_ABORTED, JC_MSG_PLAN_CHANGED);
    if (!code)
        code = jc_plan_put(tx, r->agency_id, r->out->plan, act.now_ms, err);
    return code ? code
                : jc_audit_log_note(tx, &act, err, JC_NOTE_REPLANNED,
                                    "%s" JC_NOTE_AND "%d" JC_NOTE_AND "%lld" JC_NOTE_AND "%lld" JC_NOTE_AND "%s",
                                    r->out->plan->as_of, r->out->against, (long long)r->out->notice.changes,
                                    (long long)r->out->least, jc_solve_worth(r->out->plan->solve, worth));
}

enum jc_code jc_replan(struct jc_db *db, int64_t agency_id, const struct jc_replan_request *request,
                       struct jc_arena *arena, struct jc_replanned *out, struct jc_err *err) {
    struct replanning r = {
        .agency_id = agency_id, .request = request, .arena = arena, .out = out, .proven = JC__OBJECTIVE__INIT};
    *out = (struct jc_replanned){0};
    r.begun_ms = jc_monotonic_ms();
    enum jc_code code = jc_db_read(db, read_problem, &r, err);
    if (!code)
        code = solve(&r, err);
    if (!code)
        code = make_plan(&r, err);
    if (!code)
        code = jc_db_read(db, find_major, &r, err);
    if (!code && !request->dry_run)
        code = jc_db_write_wait(db, agency_id, store, &r, err);
    return code;
}
