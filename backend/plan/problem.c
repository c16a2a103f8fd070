/* From the register to the problem. Teams, rules and draws keep the register's indices, so a solution
 * can be read back without a table; units that are not inspected by any rule are left out, and
 * jc_problem_source says what each problem unit is. Cost: one pass over every list, binary searches for
 * identifiers. Units, draws and the plan in force have files of their own behind plan/problem_builder.h. */
#include "plan/problem.h"

#include <string.h>

#include "model/problem.h"
#include "plan/budget.h"
#include "plan/problem_builder.h"
#include "store/plan.h"

/* --- teams and rules -------------------------------------------------------------------------------- */

/* B(k,m), A(k) and T(k,m) of DESIGN section 9, as the budget has them. */
static enum jc_code add_teams(struct jc_builder *b) {
    struct jc_budget_targets *targets = NULL;
    enum jc_code code = jc_budget_targets(b->reg, &targets, b->err);
    if (code)
        return code;
    b->problem->teams = JC_NEW_ARRAY(b->arena, b->reg->n_teams + 1, Jc__ProblemTeam *);
    if (!b->problem->teams)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < b->reg->n_teams; i++) {
        JC_BUILDER_MAKE(b, t, Jc__ProblemTeam, jc__problem_team__init);
        t->team_id = b->reg->teams[i]->team_id;
        t->month_limit_centi = targets[i].month_centi;
        t->n_month_limit_centi = 12;
        t->year_limit_centi = targets[i].year_centi;
        t->target_centi = targets[i].target_centi;
        t->n_target_centi = targets[i].has_target ? 12 : 0;
        b->problem->teams[b->problem->n_teams++] = t;
    }
    return JC_OK;
}

static enum jc_code add_rules(struct jc_builder *b) {
    enum jc_code code = JC_OK;
    for (int i = 0; i < JC_BUILDER_COPIES; i++) {
        b->copies[i] = JC_NEW_ARRAY(b->arena, b->reg->n_rules + 1, int32_t);
        if (!b->copies[i])
            return jc_fail_memory(b->err);
    }
    for (size_t i = 0; !code && i < b->reg->n_rules; i++) {
        const Jc__Rule *rule = b->reg->rules[i];
        JC_BUILDER_MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
        r->rule_id = rule->rule_id;
        r->visits = rule->visits;
        r->windows = rule->windows;
        r->n_windows = rule->n_windows;
        r->min_gap_months = rule->min_gap_months;
        code = jc_builder_push_rule(b, r);
    }
    return code;
}

/* --- units ------------------------------------------------------------------------------------------ */

static enum jc_code add_units(struct jc_builder *b) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < b->reg->n_units; i++) {
        const Jc__Unit *unit = b->reg->units[i];
        struct jc_visit_list visits = jc_visit_list_of(&b->kept, false, unit->unit_id);
        if (b->out->in_force) {
            code = jc_builder_add_as_of(b, unit, &visits);
            continue;
        }
        if (!unit->n_rule_ids)
            continue;
        if (!jc_builder_any_forced(&visits)) {
            code = jc_builder_add_whole(b, unit, &visits);
            continue;
        }
        for (size_t v = 0; !code && v < visits.count; v++)
            code = jc_builder_add_alone(b, unit, visits.visits[v], v ? JC_BUILDER_UNCOUNTED : JC_BUILDER_COUNTED);
    }
    b->problem->units = b->units.items;
    b->problem->n_units = b->units.count;
    b->out->sources = b->sources.items;
    return code;
}

/* --- quotas ----------------------------------------------------------------------------------------- */

static enum jc_code push_member(struct jc_builder *b, Jc__ProblemQuota *q, size_t *capacity, int32_t member) {
    struct {
        int32_t *items;
        size_t count, capacity;
    } list = {q->members, q->n_members, *capacity};
    int32_t *slot = JC_PUSH(b->arena, &list, int32_t);
    if (!slot)
        return jc_fail_memory(b->err);
    *slot = member;
    q->members = list.items;
    q->n_members = list.count;
    *capacity = list.capacity;
    return JC_OK;
}

/* The rules or draws a quota counts, copies of rules included. */
static enum jc_code add_members(struct jc_builder *b, Jc__ProblemQuota *q, const Jc__Quota *quota) {
    bool by_rule = q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE;
    size_t capacity = 0;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < quota->n_scope_ids; i++) {
        int32_t member =
            by_rule ? jc_register_rule(b->reg, quota->scope_ids[i]) : jc_register_draw(b->reg, quota->scope_ids[i]);
        if (member < 0)
            return jc_builder_unknown(b, quota->scope_kind, quota->scope_ids[i]);
        code = push_member(b, q, &capacity, member);
        for (int kind = 0; !code && by_rule && kind < JC_BUILDER_COPIES; kind++)
            if (b->copies[kind][member] &&
                (kind == JC_BUILDER_COUNTED || q->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS))
                code = push_member(b, q, &capacity, b->copies[kind][member]);
        for (size_t r = 0; !code && by_rule && r < b->remainders.count; r++) {
            const struct jc_builder_made *made = &b->remainders.items[r];
            if (made->of == member && (made->counted || q->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS))
                code = push_member(b, q, &capacity, made->rule);
        }
    }
    return code;
}

static Jc__QuotaScope scope_of(const char *kind) {
    return strcmp(kind, "rule") == 0   ? JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE
           : strcmp(kind, "draw") == 0 ? JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW
                                       : JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP;
}

static Jc__QuotaCounts counts_of(const char *counts) {
    return strcmp(counts, "units") == 0           ? JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS
           : strcmp(counts, "remote_visits") == 0 ? JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS
                                                  : JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS;
}

static enum jc_code add_quotas(struct jc_builder *b) {
    enum jc_code code = JC_OK;
    b->problem->quotas = JC_NEW_ARRAY(b->arena, b->reg->n_quotas + 1, Jc__ProblemQuota *);
    if (!b->problem->quotas)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < b->reg->n_quotas; i++) {
        const Jc__Quota *quota = b->reg->quotas[i];
        JC_BUILDER_MAKE(b, q, Jc__ProblemQuota, jc__problem_quota__init);
        q->quota_id = quota->quota_id;
        q->team = *quota->team_id ? jc_register_team(b->reg, quota->team_id) : -1;
        q->scope = scope_of(quota->scope_kind);
        q->counts = counts_of(quota->counts);
        q->months = quota->months;
        q->min = quota->min;
        q->max = quota->max;
        if (q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP) {
            q->groups = quota->scope_ids;
            q->n_groups = quota->n_scope_ids;
        } else {
            code = add_members(b, q, quota);
        }
        b->problem->quotas[b->problem->n_quotas++] = q;
    }
    return code;
}

/* --- the year so far -------------------------------------------------------------------------------- */

/* Is the plan re-planned? Then months over by its day are closed. */
static enum jc_code look_as_of(struct jc_builder *b, const struct jc_year_so_far *so_far) {
    const Jc__Plan *kept = b->out->kept;
    struct jc_date as_of;
    if (!kept || !*kept->as_of)
        return JC_OK;
    if (!jc_date_parse(jc_str(kept->as_of), &as_of))
        return jc_fail(b->err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("plan.as_of"));
    b->closed = (1u << jc_months_over(kept->year, as_of)) - 1;
    b->out->in_force = so_far && so_far->in_force ? so_far->in_force : kept;
    b->executed = so_far ? so_far->executed : NULL;
    b->n_executed = so_far ? so_far->n_executed : 0;
    return JC_OK;
}

/* The plan in force of the same year, and what was inspected. */
static enum jc_code load_so_far(struct jc_tx *tx, int64_t agency_id, int year, struct jc_arena *arena,
                                struct jc_year_so_far *out, struct jc_err *err) {
    int version = 0;
    Jc__Plan *plan = NULL;
    enum jc_code code = jc_plan_find(tx, agency_id, JC__PLAN_STATUS__PLAN_STATUS_APPROVED, &version, err);
    if (!code && version)
        code = jc_plan_get(tx, agency_id, version, NULL, arena, &plan, err);
    if (!code && plan && plan->year == year)
        out->in_force = plan;
    return code ? code : jc_inspection_executed(tx, agency_id, year, arena, &out->executed, &out->n_executed, err);
}

/* --- all of it -------------------------------------------------------------------------------------- */

static enum jc_code set_options(struct jc_builder *b, const struct jc_problem_options *options) {
    b->problem->time_limit_ms = options->time_limit_ms;
    b->problem->work_limit = options->work_limit;
    b->problem->seed = options->seed;
    if (options->weights) {
        JC_BUILDER_MAKE(b, weights, Jc__Weights, jc__weights__init);
        *weights = *options->weights;
        b->problem->weights = weights;
    }
    return JC_OK;
}

enum jc_code jc_plan_problem_make(struct jc_register *reg, const Jc__Plan *kept,
                                  const struct jc_problem_options *options, struct jc_arena *arena,
                                  struct jc_plan_problem *out, struct jc_err *err) {
    *out = (struct jc_plan_problem){.reg = reg, .kept = kept};
    struct jc_builder b = {.arena = arena, .err = err, .out = out, .reg = reg};
    out->problem = b.problem = JC_NEW(arena, Jc__Problem);
    if (!b.problem)
        return jc_fail_memory(err);
    jc__problem__init(b.problem);
    b.problem->year = b.reg->year;
    enum jc_code code = set_options(&b, options);
    if (!code)
        code = look_as_of(&b, options->so_far);
    if (!code)
        code = jc_visit_list_sort(kept, arena, &b.kept, err);
    if (!code)
        code = jc_visit_list_sort(out->in_force, arena, &b.force, err);
    if (!code)
        code = add_teams(&b);
    if (!code)
        code = add_rules(&b);
    if (!code)
        code = add_units(&b);
    if (!code)
        code = jc_builder_add_draws(&b);
    if (!code)
        code = add_quotas(&b);
    if (!code)
        code = jc_builder_add_in_force(&b);
    b.problem->rules = b.rules.items;
    b.problem->n_rules = b.rules.count;
    b.problem->pins = b.pins.items;
    b.problem->n_pins = b.pins.count;
    return code ? code : jc_problem_check(b.problem, err);
}

enum jc_code jc_plan_problem_build(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *kept,
                                   const struct jc_problem_options *options, struct jc_arena *arena,
                                   struct jc_plan_problem *out, struct jc_err *err) {
    struct jc_register *reg = NULL;
    struct jc_problem_options all = *options;
    struct jc_year_so_far so_far = {0};
    enum jc_code code = jc_register_load(tx, agency_id, arena, &reg, err);
    if (!code && kept && *kept->as_of) {
        code = load_so_far(tx, agency_id, kept->year, arena, &so_far, err);
        all.so_far = &so_far;
    }
    return code ? code : jc_plan_problem_make(reg, kept, &all, arena, out, err);
}
