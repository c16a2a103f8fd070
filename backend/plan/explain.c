/* Explaining a problem. One worker run for each question, all from the same plan: first the problem as it is (is the
 * plan the best there is?), then for each shortfall the problem without one kind of limit, as far as
 * arithmetic has not named it (plan/limit.h), then with one repair each (plan/repair.h). Every answer is
 * measured by the referee in the whole problem, and the plan itself is measured in the changed problem too, so a
 * repair that needs no move at all is not lost by the search. In a large plan only the units around the shortfall
 * and the repair may move (plan/excerpt.h), the rest stays where the plan has it. Time is shared out, the worst
 * shortfalls first: one may take twice its share of what is left. */
#include "plan/explain.h"

#include <stdlib.h>
#include <string.h>

#include "model/problem.h"
#include "model/quota.h"
#include "plan/excerpt.h"
#include "plan/lift.h"
#include "plan/repair.h"
#include "plan/shortfall.h"
#include "plan/solve.h"
#include "plan/variant.h"

enum {
    WORK_LEAST = 100000, /* priced visits a question may cost … */
    WORK_A_VISIT = 1000, /* … and for each visit of the plan */
    WORK_MOST = 3000000, /* … at most of the whole plan */
    WHOLE_VISITS = 3000, /* up to here every unit may move in a question, unless the caller says otherwise */
    SHARE = 2,           /* times its share of the time left … */
    SHARE_LEAST_MS = 2000,
};

/* An answer: a plan of a changed problem and what it is worth. */
struct answer {
    Jc__Solution *plan;
    struct jc_measure measure;
};

struct explaining {
    const struct jc_explain_request *request;
    const Jc__Problem *problem;
    const Jc__Solution *plan;
    const struct jc_past *past;
    struct jc_lacks *lacks;
    Jc__Solution *start; /* the plan without what only its own run knows */
    struct jc_measure measure;
    struct answer again;           /* the problem solved again as it is */
    const struct jc_measure *from; /* `start`'s */
    struct jc_arena *arena, *scratch;
    struct jc_err *err;
    int64_t end_ms;  /* 0: none */
    int64_t stop_ms; /* of the present shortfall; 0: none */
    bool cancelled;
};

/* --- solving again ------------------------------------------------------------------------------------- */

static int64_t left_ms(const struct explaining *e) {
    int64_t end = e->stop_ms ? e->stop_ms : e->end_ms;
    return end ? end - jc_monotonic_ms() : INT64_MAX;
}

static bool out_of_time(const struct explaining *e) {
    return e->cancelled || left_ms(e) <= 0;
}

/* A part of the plan gets its share of what the whole would. */
static int64_t effort(const struct explaining *e, const Jc__Solution *start) {
    int64_t whole = (int64_t)e->plan->n_visits * WORK_A_VISIT, part = (int64_t)start->n_visits * WORK_A_VISIT;
    return WORK_LEAST + (whole > WORK_MOST ? part * WORK_MOST / whole : part);
}

/* Runs the worker on a problem that has a start. *out stays NULL if time ends first. */
static enum jc_code run_worker(struct explaining *e, Jc__Problem *p, Jc__Solution **out) {
    const struct jc_solve_request run = {.program = e->request->program, .cancel_fd = e->request->cancel_fd};
    int64_t left = left_ms(e);
    if (left <= 0)
        return JC_OK;
    p->work_limit = effort(e, p->start);
    p->plan_only = true;
    p->time_limit_ms = e->end_ms ? left : 0;
    enum jc_code code = jc_solve_problem(p, &run, e->scratch, out, e->err);
    e->cancelled |= code == JC_CANCELLED || (!code && (*out)->status == JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED);
    return code == JC_CANCELLED ? JC_OK : code;
}

/* Solves a variant from the plan, where `moves` is given with these units alone. *found is false if it cannot be
 * solved, or if time ended first. */
static enum jc_code solve_again(struct explaining *e, Jc__Problem *v, const bool *moves, struct answer *out,
                                bool *found) {
    struct jc_err ignored = {0};
    struct jc_excerpt part = {.problem = v};
    enum jc_code code = JC_OK;
    *found = false;
    if (out_of_time(e) || jc_problem_check(v, &ignored))
        return JC_OK;
    v->start = e->start;
    if (moves)
        code = jc_excerpt_make(e->problem, v, e->start, e->from, moves, e->scratch, &part, e->err);
    if (!code)
        code = run_worker(e, part.problem, &out->plan);
    if (code || !out->plan)
        return code;
    if (moves)
        code = jc_excerpt_merge(&part, out->plan, e->scratch, &out->plan, e->err);
    if (!code)
        code = jc_solution_check(v, out->plan, e->scratch, &out->measure, e->err);
    *found = !code;
    return code;
}

/* --- which units a question is about ----------------------------------------------------------------------- */

/* By team: is it the shortfall's, or the repair's? */
static bool *concerned_teams(const struct explaining *e, const struct jc_lack *lack, const Jc__Repair *repair) {
    bool *teams = JC_NEW_ARRAY(e->scratch, e->problem->n_teams + 1, bool);
    for (size_t k = 0; teams && k < e->problem->n_teams; k++)
        teams[k] = (int)k == lack->team || (repair && strcmp(e->problem->teams[k]->team_id, repair->team_id) == 0);
    const Jc__ProblemUnit *u = lack->unit >= 0 ? e->problem->units[lack->unit] : NULL;
    for (size_t t = 0; teams && u && t < u->n_lead_teams; t++)
        teams[u->lead_teams[t]] = true;
    return teams;
}

static bool works_for(const Jc__ProblemUnit *u, const bool *teams) {
    for (size_t t = 0; t < u->n_lead_teams; t++)
        if (teams[u->lead_teams[t]])
            return true;
    for (size_t j = 0; j < u->n_joints; j++)
        if (teams[u->joints[j]->team])
            return true;
    return false;
}

/* In a large plan: the units that may move in a variant, by unit: those it alters, those the shortfall counts,
 * and all the work of its teams and the repair's. *out is NULL if all may. */
static enum jc_code choose_moves(struct explaining *e, const struct jc_lack *lack, const Jc__Repair *repair,
                                 const Jc__Problem *v, const bool **out) {
    size_t whole = e->request->whole_visits ? e->request->whole_visits : WHOLE_VISITS;
    *out = NULL;
    if (e->plan->n_visits <= whole)
        return JC_OK;
    bool *teams = concerned_teams(e, lack, repair);
    bool *moves = JC_NEW_ARRAY(e->scratch, v->n_units + 1, bool);
    size_t n = 0;
    if (!teams || !moves)
        return jc_fail_memory(e->err);
    for (size_t u = 0; u < v->n_units; u++) {
        moves[u] = v->units[u] != e->problem->units[u] || works_for(e->problem->units[u], teams) ||
                   (lack->quota >= 0 && jc_lift_concerns(e->problem, lack, u));
        n += moves[u];
    }
    *out = n < v->n_units ? moves : NULL;
    return JC_OK;
}

/* --- what an answer says ---------------------------------------------------------------------------------- */

/* How much of the shortfall is left in a plan of a variant, in its own unit. */
static int64_t left_of(const struct jc_lack *lack, const Jc__Problem *v, const struct jc_measure *m) {
    if (lack->unit >= 0)
        return m->unserved[lack->unit];
    if (lack->quota >= 0)
        return jc_quota_miss(v->quotas[lack->quota], m->quota_count[lack->quota]);
    return jc_measure_over(v, m, lack->team, lack->month);
}

enum verdict { FAILS, AT_A_PRICE, HOLDS };

/* Is the shortfall gone, and at what price in the tiers? */
static enum verdict judge_repair(const struct explaining *e, const struct jc_lack *lack, const Jc__Problem *v,
                                 const struct jc_measure *m) {
    const Jc__Objective *was = &e->measure.objective, *is = &m->objective;
    int64_t visits = lack->amount_centi / 100;
    if (left_of(lack, v, m))
        return FAILS;
    if (lack->unit >= 0) {
        if (is->unserved > was->unserved - visits)
            return FAILS;
        return is->over_centi <= was->over_centi && is->quota <= was->quota ? HOLDS : AT_A_PRICE;
    }
    int64_t over = was->over_centi - (lack->quota < 0 ? lack->amount_centi : 0);
    int64_t quota = was->quota - (lack->quota >= 0 ? visits : 0);
    return is->unserved <= was->unserved && is->over_centi <= over && is->quota <= quota ? HOLDS : FAILS;
}

/* --- repairs ------------------------------------------------------------------------------------------------- */

struct found {
    Jc__Repair *repairs[JC_REPAIRS_MAX];
    size_t n;
    Jc__Repair *priced[JC_REPAIRS_KEPT]; /* those that hold at a price only */
    size_t n_priced;
};

/* What a plan differs by: its tiers from the plan's, its cost from where its search began. */
static void note_change(const struct explaining *e, Jc__Repair *repair, const struct jc_measure *m, int64_t from_e5) {
    const Jc__Objective *was = &e->measure.objective;
    repair->unserved_change = m->objective.unserved - was->unserved;
    repair->over_change_centi = m->objective.over_centi - was->over_centi;
    repair->quota_change = m->objective.quota - was->quota;
    repair->cost_change_e5 = m->objective.cost_e5 - from_e5;
}

/* Solves the problem with the repair; keeps it if it holds. */
static enum jc_code try_repair(struct explaining *e, const struct jc_lack *lack, Jc__Repair *repair,
                               struct found *found) {
    struct answer answer = {0};
    struct jc_measure as_is;
    struct jc_err ignored = {0};
    Jc__Problem *v = NULL;
    const bool *moves = NULL;
    bool solved = false;
    int64_t from_e5 = e->from->objective.cost_e5;
    jc_arena_reset(e->scratch);
    enum jc_code code = jc_repair_apply(e->problem, repair, e->scratch, &v, e->err);
    if (!code)
        code = choose_moves(e, lack, repair, v, &moves);
    if (!code)
        code = solve_again(e, v, moves, &answer, &solved);
    if (code || !solved)
        return code;
    enum verdict verdict = judge_repair(e, lack, v, &answer.measure);
    if (verdict != HOLDS && jc_solution_check(v, e->plan, e->scratch, &as_is, &ignored) == JC_OK &&
        judge_repair(e, lack, v, &as_is) == HOLDS) { /* the plan itself will do */
        verdict = HOLDS;
        answer.measure = as_is;
        from_e5 = e->measure.objective.cost_e5;
    }
    if (verdict == FAILS)
        return JC_OK;
    note_change(e, repair, &answer.measure, from_e5);
    if (verdict == HOLDS)
        found->repairs[found->n++] = repair;
    else if (found->n_priced < JC_REPAIRS_KEPT)
        found->priced[found->n_priced++] = repair;
    return jc_repair_name_joints(e->problem, repair, e->arena, e->err);
}

static bool has_kind(const struct found *found, Jc__RepairKind kind) {
    for (size_t i = 0; i < found->n; i++)
        if (found->repairs[i]->kind == kind)
            return true;
    return false;
}

static int by_cost(const void *a, const void *b) {
    const Jc__Repair *x = *(Jc__Repair *const *)a, *y = *(Jc__Repair *const *)b;
    return (x->cost_change_e5 > y->cost_change_e5) - (x->cost_change_e5 < y->cost_change_e5);
}

static enum jc_code keep_repairs(struct explaining *e, struct found *found, Jc__Shortfall *s) {
    Jc__Repair **from = found->n ? found->repairs : found->priced;
    size_t n = found->n ? found->n : found->n_priced;
    if (n)
        qsort(from, n, sizeof(*from), by_cost);
    n = n < JC_REPAIRS_KEPT ? n : JC_REPAIRS_KEPT;
    s->repairs = JC_NEW_ARRAY(e->arena, n + 1, Jc__Repair *);
    if (!s->repairs)
        return jc_fail_memory(e->err);
    memcpy(s->repairs, from, n * sizeof(*from));
    s->n_repairs = n;
    return JC_OK;
}

/* One repair of each kind first, then second ones of the kinds that hold. */
static enum jc_code find_repairs(struct explaining *e, const struct jc_lack *lack, Jc__Shortfall *s) {
    struct found found = {0};
    Jc__Repair **list = NULL;
    bool tried[JC_REPAIRS_MAX] = {0};
    size_t n = 0;
    enum jc_code code = jc_repair_list(e->problem, e->plan, &e->measure, lack, e->past, e->arena, &list, &n, e->err);
    for (int pass = 0; !code && pass < 2; pass++)
        for (size_t i = 0; !code && i < n && found.n < JC_REPAIRS_KEPT && !out_of_time(e); i++) {
            if (tried[i] || (!pass && has_kind(&found, list[i]->kind)))
                continue;
            tried[i] = true;
            code = try_repair(e, lack, list[i], &found);
        }
    return code ? code : keep_repairs(e, &found, s);
}

/* --- limits that arithmetic does not name -------------------------------------------------------------------- */

/* Is the shortfall gone in a plan of the problem without a limit? Tiers that the limit itself counts are
 * not compared. */
static bool gone(const struct explaining *e, const struct jc_lack *lack, Jc__LimitKind kind, const Jc__Problem *v,
                 const struct jc_measure *m) {
    const Jc__Objective *was = &e->measure.objective, *is = &m->objective;
    bool workdays = kind == JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS;
    int64_t over = was->over_centi - (lack->quota < 0 ? lack->amount_centi : 0);
    return !left_of(lack, v, m) && is->unserved <= was->unserved && (workdays || is->over_centi <= over);
}

/* The teams that would then be over their workdays more than now. */
static enum jc_code name_over(struct explaining *e, const struct jc_measure *m, Jc__BindingLimit *limit) {
    limit->team_ids = JC_NEW_ARRAY(e->arena, e->problem->n_teams + 1, char *);
    if (!limit->team_ids)
        return jc_fail_memory(e->err);
    for (size_t k = 0; k < e->problem->n_teams; k++) {
        int64_t was = 0, is = 0;
        for (int month = 0; month <= 12; month++) {
            was += jc_measure_over(e->problem, &e->measure, (int)k, month);
            is += jc_measure_over(e->problem, m, (int)k, month);
        }
        if (is > was)
            limit->team_ids[limit->n_team_ids++] = e->problem->teams[k]->team_id;
    }
    return JC_OK;
}

/* Lifts one kind of limit after the other; those whose absence alone removes the shortfall bind. */
static enum jc_code find_limits(struct explaining *e, const struct jc_lack *lack, Jc__Shortfall *s) {
    static const Jc__LimitKind kinds[] = {JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS, JC__LIMIT_KIND__LIMIT_KIND_WINDOWS,
                                          JC__LIMIT_KIND__LIMIT_KIND_QUOTAS, JC__LIMIT_KIND__LIMIT_KIND_TEAMS,
                                          JC__LIMIT_KIND__LIMIT_KIND_KEPT};
    enum jc_code code = JC_OK;
    size_t asked = 0, answered = 0;
    for (size_t i = 0; !code && i < sizeof(kinds) / sizeof(*kinds); i++) {
        struct answer answer = {0};
        Jc__BindingLimit *limit = NULL;
        const bool *moves = NULL;
        bool solved = false;
        if (!jc_lift_applies(e->problem, lack, kinds[i]))
            continue;
        asked++;
        jc_arena_reset(e->scratch);
        Jc__Problem *v = jc_lift(e->problem, lack, kinds[i], e->scratch);
        if (!v)
            return jc_fail_memory(e->err);
        code = choose_moves(e, lack, NULL, v, &moves);
        if (!code)
            code = solve_again(e, v, moves, &answer, &solved);
        answered += solved && !moves; /* a part alone proves no absence */
        if (code || !solved || !gone(e, lack, kinds[i], v, &answer.measure))
            continue;
        code = jc_shortfall_add_limit(s, kinds[i], e->arena, &limit, e->err);
        if (!code && kinds[i] == JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS)
            code = name_over(e, &answer.measure, limit);
    }
    if (!code && !s->n_limits && answered == asked)
        code = jc_shortfall_add_limit(s, JC__LIMIT_KIND__LIMIT_KIND_TOGETHER, e->arena, NULL, e->err);
    return code;
}

/* --- all shortfalls --------------------------------------------------------------------------------------------- */

/* The plan is not the best there is: solving again does away with this. */
static enum jc_code only_solve_again(struct explaining *e, Jc__Shortfall *s) {
    struct found found = {0};
    Jc__Repair *repair = JC_NEW(e->arena, Jc__Repair);
    if (!repair)
        return jc_fail_memory(e->err);
    jc__repair__init(repair);
    repair->kind = JC__REPAIR_KIND__REPAIR_KIND_SOLVE_AGAIN;
    note_change(e, repair, &e->again.measure, e->measure.objective.cost_e5);
    found.repairs[found.n++] = repair;
    return keep_repairs(e, &found, s);
}

static bool tiers_equal(const Jc__Objective *a, const Jc__Objective *b) {
    return a->unserved == b->unserved && a->over_centi == b->over_centi && a->quota == b->quota;
}

static enum jc_code explain_one(struct explaining *e, Jc__Shortfall *s) {
    struct jc_lack lack = jc_lack_of(e->lacks, s);
    const Jc__Objective *again = &e->again.measure.objective, *was = &e->measure.objective;
    enum jc_code code = JC_OK;
    s->explained = true;
    if (lack.unit < 0 && lack.quota < 0 && lack.team < 0)
        return JC_OK;
    if (e->again.plan && !tiers_equal(again, was) && !left_of(&lack, e->problem, &e->again.measure) &&
        jc_objective_cmp(again, was) < 0)
        code = only_solve_again(e, s);
    else if (!s->n_limits && lack.unit < 0)
        code = find_limits(e, &lack, s);
    if (!code && !s->n_repairs)
        code = find_repairs(e, &lack, s);
    s->explained = !code && !out_of_time(e);
    return code;
}

/* Units left out first, then by amount: what there is no time for matters least. */
static int worst_first(const void *a, const void *b) {
    const Jc__Shortfall *x = *(Jc__Shortfall *const *)a, *y = *(Jc__Shortfall *const *)b;
    if ((*x->unit_id != 0) != (*y->unit_id != 0))
        return *x->unit_id ? -1 : 1;
    return (x->amount_centi < y->amount_centi) - (x->amount_centi > y->amount_centi);
}

/* When the next shortfall has had its time. */
static int64_t share_ends(const struct explaining *e, size_t left) {
    int64_t now = jc_monotonic_ms(), share = (e->end_ms - now) * SHARE / (int64_t)left;
    share = share > SHARE_LEAST_MS ? share : SHARE_LEAST_MS;
    return now + share < e->end_ms ? now + share : e->end_ms;
}

static enum jc_code explain_all(struct explaining *e, Jc__Shortfall *const *shortfalls, size_t count) {
    Jc__Shortfall **order = JC_NEW_ARRAY(e->arena, count + 1, Jc__Shortfall *);
    size_t found = 0;
    enum jc_code code = order ? JC_OK : jc_fail_memory(e->err);
    if (!code && count) {
        memcpy(order, shortfalls, count * sizeof(*order));
        qsort(order, count, sizeof(*order), worst_first);
    }
    for (size_t i = 0; !code && i < count; i++) {
        e->stop_ms = 0;
        if (out_of_time(e))
            break;
        if (e->request->progress)
            e->request->progress(e->request->ctx, i, count, found);
        if (e->end_ms)
            e->stop_ms = share_ends(e, count - i);
        code = explain_one(e, order[i]);
        found += order[i]->n_repairs;
    }
    return code;
}

/* The plan as a start: what only its own run knows is left behind. */
static Jc__Solution *start_of(const Jc__Solution *plan, struct jc_arena *arena) {
    Jc__Solution *start = JC_NEW(arena, Jc__Solution);
    if (start) {
        *start = *plan;
        start->objective = start->bound = NULL;
    }
    return start;
}

/* A cheaper plan with the same tiers is where the other questions start from, so that what a repair costs is
 * not what the search gains besides. */
static void start_from_better(struct explaining *e) {
    const Jc__Objective *again = &e->again.measure.objective;
    if (!e->again.plan || !tiers_equal(again, &e->measure.objective) || again->cost_e5 >= e->measure.objective.cost_e5)
        return;
    e->from = &e->again.measure;
    *e->start = *e->again.plan;
    e->start->objective = e->start->bound = NULL;
}

enum jc_code jc_explain_problem(const Jc__Problem *problem, const Jc__Solution *plan, const struct jc_past *past,
                                const struct jc_explain_request *request, Jc__Shortfall *const *shortfalls,
                                size_t count, struct jc_arena *arena, struct jc_err *err) {
    struct explaining e = {
        .request = request, .problem = problem, .plan = plan, .past = past, .arena = arena, .err = err};
    struct jc_arena *own = jc_arena_new(SIZE_MAX / 2);
    bool solved = false;
    e.end_ms = request->time_limit_ms ? jc_monotonic_ms() + request->time_limit_ms : 0;
    e.start = start_of(plan, arena);
    e.from = &e.measure;
    e.scratch = own; /* the first answer stays */
    Jc__Problem *same = own ? jc_variant_new(problem, own) : NULL;
    e.lacks = jc_lacks_new(problem, arena);
    enum jc_code code = same && e.start && e.lacks ? JC_OK : jc_fail_memory(err);
    if (!code && count)
        code = jc_solution_check(problem, plan, arena, &e.measure, err);
    if (!code)
        code = jc_limit_list(problem, past, shortfalls, count, arena, err);
    if (!code && count)
        code = solve_again(&e, same, NULL, &e.again, &solved);
    if (!solved) {
        e.again.plan = NULL;
        e.again.measure.objective = e.measure.objective;
    }
    start_from_better(&e);
    for (size_t i = 0; i < count; i++) { /* what was found for another plan says nothing of this one */
        shortfalls[i]->n_repairs = 0;
        shortfalls[i]->explained = false;
    }
    e.scratch = jc_arena_new(SIZE_MAX / 2);
    if (!code && !e.scratch)
        code = jc_fail_memory(err);
    if (!code)
        code = explain_all(&e, shortfalls, count);
    jc_arena_free(e.scratch);
    jc_arena_free(own);
    return code;
}
