/* What if. One read job takes register and plan; then the worker runs once or twice, no transaction being
 * open; nothing is ever written. Plans are carried from side to side by identifiers and judged by the
 * referee there, so a plan that does not fit is simply not offered. */
#include "plan/whatif.h"

#include <string.h>

#include "plan/solution.h"
#include "store/plan.h"

struct asking {
    int64_t agency_id;
    const struct jc_whatif_request *request;
    struct jc_arena *arena;
    struct jc_whatif *out;
    Jc__Weights weights;
    Jc__Plan *newest; /* of the register's year; NULL: none */
};

/* --- the two problems -------------------------------------------------------------------------------- */

static enum jc_code find_newest(struct jc_tx *tx, struct asking *a, int year, struct jc_err *err) {
    int found = 0;
    Jc__Plan *plan = NULL;
    enum jc_code code = jc_plan_find(tx, a->agency_id, JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED, &found, err);
    if (!code && found)
        code = jc_plan_get(tx, a->agency_id, found, NULL, a->arena, &plan, err);
    if (!code && plan && plan->year == year) {
        a->newest = plan;
        a->out->version = found;
    }
    return code;
}

static bool same_weights(const Jc__Weights *a, const Jc__Weights *b) {
    return a->balance_milli == b->balance_milli && a->travel_milli == b->travel_milli &&
           a->risk_milli == b->risk_milli && a->preferred_milli == b->preferred_milli &&
           a->changes_milli == b->changes_milli;
}

static enum jc_code read_sides(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct asking *a = ctx;
    struct jc_register *reg = NULL;
    struct jc_problem_options options = a->request->solve.options;
    enum jc_code code = jc_register_load(tx, a->agency_id, a->arena, &reg, err);
    if (!code)
        code = find_newest(tx, a, reg->year, err);
    if (code)
        return code;
    if (options.weights) {
        a->weights = *options.weights;
    } else {
        Jc__Plan none = JC__PLAN__INIT;
        a->weights = jc_plan_weights(a->newest ? a->newest : &none);
    }
    options.weights = &a->weights;
    code =
        jc_scenario_make(reg, a->newest, a->request->changes, a->request->n_changes, a->arena, &a->out->scenario, err);
    if (!code)
        code = jc_plan_problem_make(reg, a->newest, &options, a->arena, &a->out->present.pp, err);
    if (!code)
        code = jc_plan_problem_make(a->out->scenario.reg, a->out->scenario.kept, &options, a->arena,
                                    &a->out->changed.pp, err);
    return code;
}

/* --- plans -------------------------------------------------------------------------------------------- */

static enum jc_code solve_side(struct asking *a, struct jc_whatif_side *side, Jc__Solution **solution,
                               struct jc_err *err) {
    if (a->request->begin)
        a->request->begin(a->request->solve.ctx, side == &a->out->changed);
    return jc_solve_problem(side->pp.problem, &a->request->solve, a->arena, solution, err);
}

/* Is the plan still worth what was stored with it? If not, the register has changed since, and the bound
 * beside it may hold no more. */
static bool as_stored(const Jc__SolveSummary *solve, const Jc__Objective *now) {
    return solve->unserved == now->unserved && solve->over_centi == now->over_centi && solve->quota == now->quota &&
           solve->cost_e5 == now->cost_e5;
}

/* The stored plan as a solution of the present problem; NULL if it is not up to date. */
static Jc__Solution *stored_solution(struct asking *a) {
    struct jc_err why = {0};
    struct jc_measure measure;
    Jc__Solution *solution = NULL;
    const struct jc_plan_problem *pp = &a->out->present.pp;
    if (!a->newest || a->request->anew || !a->newest->solve ||
        a->newest->solve->status == JC__SOLVE_STATUS__SOLVE_STATUS_UNSPECIFIED)
        return NULL;
    Jc__Weights weights = jc_plan_weights(a->newest);
    if (!same_weights(&weights, &a->weights) || jc_solution_of_plan(pp, a->newest, a->arena, &solution, &why) ||
        jc_solution_check(pp->problem, solution, a->arena, &measure, &why) ||
        !as_stored(a->newest->solve, &measure.objective))
        return NULL;
    return solution;
}

/* --- from one side to the other ------------------------------------------------------------------------ */

/* Index in a unit's joints of the same team and rule; -1: it joins no more. */
static int same_joint(const Jc__ProblemUnit *from, int joint, const Jc__ProblemUnit *to) {
    for (size_t i = 0; i < to->n_joints; i++)
        if (to->joints[i]->team == from->joints[joint]->team && to->joints[i]->rule == from->joints[joint]->rule)
            return (int)i;
    return -1;
}

static Jc__SolvedVisit *carry_visit(const Jc__ProblemUnit *from, const Jc__SolvedVisit *visit,
                                    const Jc__ProblemUnit *to, int unit, struct jc_arena *arena) {
    Jc__SolvedVisit *copy = JC_NEW(arena, Jc__SolvedVisit);
    if (!copy)
        return NULL;
    *copy = *visit;
    copy->unit = unit;
    copy->n_joints = 0;
    copy->joints = JC_NEW_ARRAY(arena, visit->n_joints + 1, int32_t);
    for (size_t i = 0; copy->joints && i < visit->n_joints; i++) {
        int joint = same_joint(from, visit->joints[i], to);
        if (joint >= 0)
            copy->joints[copy->n_joints++] = joint;
    }
    return copy->joints ? copy : NULL;
}

/* The visits that also exist on the other side, as a solution there; whether it holds is the referee's
 * question. Teams, rules and draws have the same places on both sides. NULL without memory. */
static Jc__Solution *carry(const struct jc_plan_problem *from, const Jc__Solution *solution,
                           const struct jc_plan_problem *to, struct jc_arena *arena) {
    Jc__Solution *copy = JC_NEW(arena, Jc__Solution);
    struct jc_index *units = jc_index_new(arena, to->problem->n_units);
    if (!copy || !units)
        return NULL;
    *copy = *solution;
    copy->n_visits = 0;
    copy->visits = JC_NEW_ARRAY(arena, solution->n_visits + 1, Jc__SolvedVisit *);
    for (size_t i = 0; i < to->problem->n_units; i++) {
        int64_t *place = jc_index_at(units, jc_str(to->problem->units[i]->unit_id), NULL);
        if (!place)
            return NULL;
        *place = (int64_t)i + 1;
    }
    for (size_t i = 0; copy->visits && i < solution->n_visits; i++) {
        const Jc__ProblemUnit *unit = from->problem->units[solution->visits[i]->unit];
        int64_t there = jc_index_find(units, jc_str(unit->unit_id), 0);
        if (!there)
            continue;
        Jc__SolvedVisit *visit =
            carry_visit(unit, solution->visits[i], to->problem->units[there - 1], (int)there - 1, arena);
        if (!visit)
            return NULL;
        copy->visits[copy->n_visits++] = visit;
    }
    return copy->visits ? copy : NULL;
}

/* Takes the other side's plan if it holds here and is better: its visits, with what is known of this
 * side's bound. */
static void offer(const struct jc_plan_problem *from, const Jc__Solution *theirs, const struct jc_plan_problem *to,
                  Jc__Solution **ours, bool *taken, struct jc_arena *arena) {
    struct jc_measure there, here;
    struct jc_err why = {0};
    Jc__Solution *copy = carry(from, theirs, to, arena);
    *taken = false;
    if (!copy || jc_solution_check(to->problem, copy, arena, &there, &why) ||
        jc_solution_check(to->problem, *ours, arena, &here, &why) ||
        jc_objective_cmp(&there.objective, &here.objective) >= 0)
        return;
    copy->bound = (*ours)->bound;
    copy->status = (*ours)->status;
    copy->tiers_settled = (*ours)->tiers_settled;
    copy->elapsed_ms = (*ours)->elapsed_ms;
    copy->work = (*ours)->work;
    *ours = copy;
    *taken = true;
}

/* --- run ------------------------------------------------------------------------------------------------ */

static enum jc_code fill_side(struct asking *a, struct jc_whatif_side *side, Jc__Solution *solution,
                              struct jc_err *err) {
    if (side->source == JC_WHATIF_STORED) {
        side->plan = a->newest;
        return jc_plan_measure(&side->pp, side->plan, a->arena, &side->measure, err);
    }
    return jc_plan_of_solution(&side->pp, solution, 0, a->arena, &side->plan, &side->measure, err);
}

static enum jc_code solve_sides(struct asking *a, struct jc_err *err) {
    struct jc_whatif_side *present = &a->out->present, *changed = &a->out->changed;
    Jc__Solution *left = stored_solution(a), *right = NULL;
    enum jc_code code = JC_OK;
    bool taken = false;
    present->source = left ? JC_WHATIF_STORED : JC_WHATIF_SOLVED;
    if (!left)
        code = solve_side(a, present, &left, err);
    if (code)
        return code;
    if (present->source == JC_WHATIF_SOLVED && left->status == JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED)
        changed->pp.problem->time_limit_ms = left->elapsed_ms > 1000 ? left->elapsed_ms : 1000;
    changed->pp.problem->start = carry(&present->pp, left, &changed->pp, a->arena);
    code = solve_side(a, changed, &right, err);
    if (code)
        return code;
    offer(&present->pp, left, &changed->pp, &right, &taken, a->arena);
    offer(&changed->pp, right, &present->pp, &left, &taken, a->arena);
    if (taken && present->source == JC_WHATIF_STORED) { /* the bound is with the stored summary */
        present->source = JC_WHATIF_IMPROVED;
        left->bound = JC_NEW(a->arena, Jc__Objective);
        if (!left->bound)
            return jc_fail_memory(err);
        jc__objective__init(left->bound);
        left->bound->cost_e5 = a->newest->solve->bound_e5;
        left->tiers_settled = a->newest->solve->tiers_settled;
        left->status = JC__SOLVE_STATUS__SOLVE_STATUS_FEASIBLE;
    }
    code = fill_side(a, present, left, err);
    return code ? code : fill_side(a, changed, right, err);
}

enum jc_code jc_whatif_run(struct jc_db *db, int64_t agency_id, const struct jc_whatif_request *request,
                           struct jc_arena *arena, struct jc_whatif *out, struct jc_err *err) {
    struct asking a = {.agency_id = agency_id, .request = request, .arena = arena, .out = out};
    *out = (struct jc_whatif){0};
    enum jc_code code = jc_db_read(db, read_sides, &a, err);
    return code ? code : solve_sides(&a, err);
}
