/* From the register to the problem. Teams, rules and draws keep the register's indices, so a solution
 * can be read back without a table; units that are not inspected by any rule are left out, and
 * jc_problem_source says what each problem unit is. Cost: one pass over every list, binary searches for
 * identifiers.
 *
 * A visit that breaks a rule on purpose stands alone (see problem.h) under a copy of its rule without
 * windows: once counted by every quota of the rule, for the other visits of the same unit by all but the
 * `units` quotas, so that the unit counts once. */
#include "plan/problem.h"

#include <stdlib.h>
#include <string.h>

#include "model/problem.h"
#include "plan/budget.h"

enum copy { COUNTED, UNCOUNTED, COPIES }; /* by `units` quotas, or not */

struct builder {
    struct jc_arena *arena;
    struct jc_err *err;
    struct jc_plan_problem *out;
    const struct jc_register *reg;
    Jc__Problem *problem;
    struct {
        Jc__ProblemRule **items;
        size_t count, capacity;
    } rules;
    int32_t *copies[COPIES]; /* by register rule: index of the copy, 0 if there is none yet */
    struct {
        Jc__ProblemUnit **items;
        size_t count, capacity;
    } units;
    struct {
        struct jc_problem_source *items;
        size_t count, capacity;
    } sources;
    struct {
        Jc__ProblemPin **items;
        size_t count, capacity;
    } pins;
    const Jc__Visit **visits; /* the kept plan's, sorted by unit; slots first */
    size_t n_visits;
};

/* A message of the arena, initialised; NULL without memory. */
#define MAKE(b, variable, type, init)          \
    type *variable = JC_NEW((b)->arena, type); \
    if (!(variable))                           \
        return jc_fail_memory((b)->err);       \
    init(variable)

bool jc_visit_is_kept(const Jc__Visit *visit) {
    return visit->pinned || *visit->forced_by || visit->status == JC__VISIT_STATUS__VISIT_STATUS_RELEASED ||
           visit->status == JC__VISIT_STATUS__VISIT_STATUS_DONE || (*visit->draw_id && *visit->unit_id);
}

static enum jc_code unknown(struct builder *b, const char *kind, const char *id) {
    return jc_fail(b->err, JC_DATA_LOSS, JC_MSG_PROBLEM_UNKNOWN_ID, jc_str(kind), jc_str(id));
}

/* --- teams ------------------------------------------------------------------------------------------ */

/* B(k,m), A(k) and T(k,m) of DESIGN section 9, as the budget has them. */
static enum jc_code add_teams(struct builder *b) {
    struct jc_budget_targets *targets = NULL;
    enum jc_code code = jc_budget_targets(b->reg, &targets, b->err);
    if (code)
        return code;
    b->problem->teams = JC_NEW_ARRAY(b->arena, b->reg->n_teams + 1, Jc__ProblemTeam *);
    if (!b->problem->teams)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < b->reg->n_teams; i++) {
        MAKE(b, t, Jc__ProblemTeam, jc__problem_team__init);
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

/* --- rules ------------------------------------------------------------------------------------------ */

static enum jc_code push_rule(struct builder *b, Jc__ProblemRule *rule) {
    Jc__ProblemRule **slot = JC_PUSH(b->arena, &b->rules, Jc__ProblemRule *);
    if (!slot)
        return jc_fail_memory(b->err);
    *slot = rule;
    return JC_OK;
}

static enum jc_code add_rules(struct builder *b) {
    enum jc_code code = JC_OK;
    for (int i = 0; i < COPIES; i++) {
        b->copies[i] = JC_NEW_ARRAY(b->arena, b->reg->n_rules + 1, int32_t);
        if (!b->copies[i])
            return jc_fail_memory(b->err);
    }
    for (size_t i = 0; !code && i < b->reg->n_rules; i++) {
        const Jc__Rule *rule = b->reg->rules[i];
        MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
        r->rule_id = rule->rule_id;
        r->visits = rule->visits;
        r->windows = rule->windows;
        r->n_windows = rule->n_windows;
        r->min_gap_months = rule->min_gap_months;
        code = push_rule(b, r);
    }
    return code;
}

/* The rule without windows under which one visit stands alone. */
static enum jc_code copy_rule(struct builder *b, int32_t rule, enum copy kind, int32_t *out) {
    if (!b->copies[kind][rule]) {
        MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
        r->rule_id =
            (char *)jc_arena_printf(b->arena, "%s/%s", b->reg->rules[rule]->rule_id, kind == COUNTED ? "alone" : "more")
                .ptr;
        r->visits = 1;
        if (!r->rule_id)
            return jc_fail_memory(b->err);
        b->copies[kind][rule] = (int32_t)b->rules.count;
        enum jc_code code = push_rule(b, r);
        if (code)
            return code;
    }
    *out = b->copies[kind][rule];
    return JC_OK;
}

/* --- units ------------------------------------------------------------------------------------------ */

static enum jc_code add_pin(struct builder *b, int32_t unit, int32_t draw, int32_t month, int32_t team, int32_t rule) {
    MAKE(b, pin, Jc__ProblemPin, jc__problem_pin__init);
    Jc__ProblemPin **slot = JC_PUSH(b->arena, &b->pins, Jc__ProblemPin *);
    if (!slot)
        return jc_fail_memory(b->err);
    pin->unit = unit;
    pin->draw = draw;
    pin->month = month;
    pin->team = team;
    pin->rule = rule;
    *slot = pin;
    return JC_OK;
}

static enum jc_code push_unit(struct builder *b, Jc__ProblemUnit *unit, struct jc_problem_source source) {
    Jc__ProblemUnit **slot = JC_PUSH(b->arena, &b->units, Jc__ProblemUnit *);
    struct jc_problem_source *of = JC_PUSH(b->arena, &b->sources, struct jc_problem_source);
    if (!slot || !of)
        return jc_fail_memory(b->err);
    *slot = unit;
    *of = source;
    return JC_OK;
}

/* What a unit and each of its visits standing alone have in common. */
static void describe_unit(Jc__ProblemUnit *u, const Jc__Unit *unit) {
    u->district = unit->district;
    u->work_centi = (int64_t)unit->persons * unit->days_centi;
    u->risk = unit->risk;
    u->preferred_months = unit->preferred_months;
    u->groups = unit->groups;
    u->n_groups = unit->n_groups;
}

/* Alternatives that are not due this year are no alternative to one that is: a unit due under any of its
 * rules is visited (rule 1). */
static void keep_due_options(Jc__ProblemUnit *u) {
    size_t due = 0;
    for (size_t i = 0; i < u->n_options; i++)
        if (u->options[i]->visits)
            u->options[due++] = u->options[i];
    if (due)
        u->n_options = due;
}

static enum jc_code add_options(struct builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit) {
    u->options = JC_NEW_ARRAY(b->arena, unit->n_rule_ids + 1, Jc__UnitOption *);
    if (!u->options)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
        option->rule = jc_register_rule(b->reg, unit->rule_ids[i]);
        if (option->rule < 0)
            return unknown(b, "rule", unit->rule_ids[i]);
        option->visits = jc_rule_due(b->reg->rules[option->rule], unit, b->reg->year);
        u->options[u->n_options++] = option;
    }
    keep_due_options(u);
    return JC_OK;
}

static enum jc_code add_lead_teams(struct builder *b, Jc__ProblemUnit *u, char *const *team_ids, size_t count) {
    u->lead_teams = JC_NEW_ARRAY(b->arena, count + 1, int32_t);
    if (!u->lead_teams)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < count; i++) {
        u->lead_teams[i] = jc_register_team(b->reg, team_ids[i]);
        if (u->lead_teams[i] < 0)
            return unknown(b, "team", team_ids[i]);
    }
    u->n_lead_teams = count;
    return JC_OK;
}

/* A joining team; `rule` and `visits` as they hold for this unit or visit. */
static enum jc_code add_joint(struct builder *b, Jc__ProblemUnit *u, const char *team_id, int32_t rule, int visits,
                              int64_t work_centi) {
    MAKE(b, joint, Jc__ProblemJoint, jc__problem_joint__init);
    joint->team = jc_register_team(b->reg, team_id);
    if (joint->team < 0)
        return unknown(b, "team", team_id);
    joint->rule = rule;
    joint->visits = visits;
    joint->work_centi = work_centi;
    u->joints[u->n_joints++] = joint;
    return JC_OK;
}

static enum jc_code add_joints(struct builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit) {
    enum jc_code code = JC_OK;
    u->joints = JC_NEW_ARRAY(b->arena, unit->n_joints + 1, Jc__ProblemJoint *);
    if (!u->joints)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < unit->n_joints; i++) {
        const Jc__JointVisit *j = unit->joints[i];
        int32_t rule = jc_register_rule(b->reg, j->rule_id);
        if (rule < 0)
            return unknown(b, "rule", j->rule_id);
        code = add_joint(b, u, j->team_id, rule, jc_rule_due(b->reg->rules[rule], unit, b->reg->year),
                         (int64_t)j->persons * j->days_centi);
    }
    return code;
}

/* A whole unit, its kept visits pinned. */
static enum jc_code add_unit(struct builder *b, const Jc__Unit *unit, const Jc__Visit *const *visits, size_t n) {
    MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    describe_unit(u, unit);
    u->unit_id = unit->unit_id;
    u->blackout_months = unit->blackout_months;
    int32_t index = (int32_t)b->units.count;
    enum jc_code code = add_options(b, u, unit);
    if (!code)
        code = add_lead_teams(b, u, unit->lead_teams, unit->n_lead_teams);
    if (!code)
        code = add_joints(b, u, unit);
    if (!code)
        code = push_unit(b, u, (struct jc_problem_source){unit, NULL});
    for (size_t i = 0; !code && i < n; i++)
        if (jc_visit_is_kept(visits[i]))
            code = add_pin(b, index, -1, visits[i]->month, jc_register_team(b->reg, visits[i]->lead_team),
                           jc_register_rule(b->reg, visits[i]->rule_id));
    return code;
}

/* One visit of a unit, standing alone. */
static enum jc_code add_alone(struct builder *b, const Jc__Unit *unit, const Jc__Visit *visit, enum copy kind) {
    MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
    describe_unit(u, unit);
    u->unit_id = (char *)jc_arena_printf(b->arena, "%s/%s", unit->unit_id, visit->visit_id).ptr;
    u->options = JC_NEW_ARRAY(b->arena, 1, Jc__UnitOption *);
    u->joints = JC_NEW_ARRAY(b->arena, visit->n_joined + 1, Jc__ProblemJoint *);
    if (!u->unit_id || !u->options || !u->joints)
        return jc_fail_memory(b->err);
    int32_t rule = jc_register_rule(b->reg, visit->rule_id), index = (int32_t)b->units.count;
    if (rule < 0)
        return unknown(b, "rule", visit->rule_id);
    u->options[u->n_options++] = option;
    option->visits = 1;
    enum jc_code code = copy_rule(b, rule, kind, &option->rule);
    if (!code)
        code = add_lead_teams(b, u, &(char *){visit->lead_team}, 1);
    for (size_t i = 0; !code && i < visit->n_joined; i++) {
        const Jc__JoinedTeam *j = visit->joined[i];
        int32_t co_rule = jc_register_rule(b->reg, j->rule_id);
        if (co_rule < 0)
            return unknown(b, "rule", j->rule_id);
        code = copy_rule(b, co_rule, UNCOUNTED, &co_rule);
        if (!code)
            code = add_joint(b, u, j->team_id, co_rule, 1, (int64_t)j->persons * j->days_centi);
    }
    if (!code)
        code = push_unit(b, u, (struct jc_problem_source){unit, visit});
    return code ? code : add_pin(b, index, -1, visit->month, -1, -1);
}

static bool any_forced(const Jc__Visit *const *visits, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (*visits[i]->forced_by)
            return true;
    return false;
}

/* Where the unit's visits begin in the sorted list, and how many they are. */
static size_t visits_of(const struct builder *b, const char *unit_id, const Jc__Visit ***out) {
    size_t lo = 0, hi = b->n_visits, n = 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(b->visits[mid]->unit_id, unit_id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    *out = b->visits + lo;
    while (lo + n < b->n_visits && strcmp(b->visits[lo + n]->unit_id, unit_id) == 0)
        n++;
    return n;
}

static enum jc_code add_units(struct builder *b) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < b->reg->n_units; i++) {
        const Jc__Unit *unit = b->reg->units[i];
        const Jc__Visit **visits = NULL;
        size_t n = visits_of(b, unit->unit_id, &visits);
        if (!unit->n_rule_ids)
            continue;
        if (!any_forced(visits, n)) {
            code = add_unit(b, unit, visits, n);
            continue;
        }
        for (size_t v = 0; !code && v < n; v++)
            code = add_alone(b, unit, visits[v], v ? UNCOUNTED : COUNTED);
    }
    b->problem->units = b->units.items;
    b->problem->n_units = b->units.count;
    b->out->sources = b->sources.items;
    return code;
}

/* --- draws ------------------------------------------------------------------------------------------ */

/* Pins the slots that stay where they are: those filled or fixed, or all of them if one was forced. */
static enum jc_code pin_slots(struct builder *b, int32_t index, Jc__ProblemDraw *d) {
    const Jc__Plan *kept = b->out->kept;
    enum jc_code code = JC_OK;
    bool forced = false;
    for (size_t i = 0; kept && i < kept->n_visits; i++)
        forced |= strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && *kept->visits[i]->forced_by;
    if (forced)
        d->n_windows = 0;
    for (size_t i = 0; !code && kept && i < kept->n_visits; i++)
        if (strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && (forced || jc_visit_is_kept(kept->visits[i])))
            code = add_pin(b, -1, index, kept->visits[i]->month, -1, -1);
    return code;
}

static enum jc_code add_draws(struct builder *b) {
    enum jc_code code = JC_OK;
    b->problem->draws = JC_NEW_ARRAY(b->arena, b->reg->n_draws + 1, Jc__ProblemDraw *);
    if (!b->problem->draws)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < b->reg->n_draws; i++) {
        const Jc__Draw *draw = b->reg->draws[i];
        MAKE(b, d, Jc__ProblemDraw, jc__problem_draw__init);
        d->draw_id = draw->draw_id;
        d->team = jc_register_team(b->reg, draw->team_id);
        d->rule = jc_register_rule(b->reg, draw->rule_id);
        d->sample = draw->sample;
        d->work_centi = (int64_t)draw->persons * draw->days_centi;
        d->windows = draw->windows;
        d->n_windows = draw->n_windows;
        if (d->team < 0)
            return unknown(b, "team", draw->team_id);
        if (jc_register_unit(b->reg, draw->draw_id) >= 0) /* visit ids are made of either */
            return jc_fail(b->err, JC_FAILED_PRECONDITION, JC_MSG_PROBLEM_DRAW_IS_UNIT, jc_str(draw->draw_id));
        b->problem->draws[b->problem->n_draws++] = d;
        code = pin_slots(b, (int32_t)i, d);
    }
    return code;
}

/* --- quotas ----------------------------------------------------------------------------------------- */

static enum jc_code push_member(struct builder *b, Jc__ProblemQuota *q, size_t *capacity, int32_t member) {
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
static enum jc_code add_members(struct builder *b, Jc__ProblemQuota *q, const Jc__Quota *quota) {
    bool by_rule = q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE;
    size_t capacity = 0;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < quota->n_scope_ids; i++) {
        int32_t member =
            by_rule ? jc_register_rule(b->reg, quota->scope_ids[i]) : jc_register_draw(b->reg, quota->scope_ids[i]);
        if (member < 0)
            return unknown(b, quota->scope_kind, quota->scope_ids[i]);
        code = push_member(b, q, &capacity, member);
        for (int kind = 0; !code && by_rule && kind < COPIES; kind++)
            if (b->copies[kind][member] && (kind == COUNTED || q->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS))
                code = push_member(b, q, &capacity, b->copies[kind][member]);
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

static enum jc_code add_quotas(struct builder *b) {
    enum jc_code code = JC_OK;
    b->problem->quotas = JC_NEW_ARRAY(b->arena, b->reg->n_quotas + 1, Jc__ProblemQuota *);
    if (!b->problem->quotas)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < b->reg->n_quotas; i++) {
        const Jc__Quota *quota = b->reg->quotas[i];
        MAKE(b, q, Jc__ProblemQuota, jc__problem_quota__init);
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

/* --- all of it -------------------------------------------------------------------------------------- */

static int by_unit(const void *a, const void *b) {
    const Jc__Visit *x = *(const Jc__Visit *const *)a, *y = *(const Jc__Visit *const *)b;
    int order = strcmp(x->unit_id, y->unit_id);
    if (!order)
        order = x->month - y->month;
    return order ? order : strcmp(x->visit_id, y->visit_id);
}

/* The kept plan's visits of units, sorted; slots are found by their draw. */
static enum jc_code sort_kept(struct builder *b) {
    const Jc__Plan *kept = b->out->kept;
    b->visits = JC_NEW_ARRAY(b->arena, (kept ? kept->n_visits : 0) + 1, const Jc__Visit *);
    if (!b->visits)
        return jc_fail_memory(b->err);
    for (size_t i = 0; kept && i < kept->n_visits; i++)
        if (!*kept->visits[i]->draw_id)
            b->visits[b->n_visits++] = kept->visits[i];
    qsort(b->visits, b->n_visits, sizeof(*b->visits), by_unit);
    return JC_OK;
}

static enum jc_code set_options(struct builder *b, const struct jc_problem_options *options) {
    b->problem->time_limit_ms = options->time_limit_ms;
    b->problem->work_limit = options->work_limit;
    b->problem->seed = options->seed;
    if (options->weights) {
        MAKE(b, weights, Jc__Weights, jc__weights__init);
        *weights = *options->weights;
        b->problem->weights = weights;
    }
    return JC_OK;
}

enum jc_code jc_plan_problem_make(struct jc_register *reg, const Jc__Plan *kept,
                                  const struct jc_problem_options *options, struct jc_arena *arena,
                                  struct jc_plan_problem *out, struct jc_err *err) {
    *out = (struct jc_plan_problem){.reg = reg, .kept = kept};
    struct builder b = {.arena = arena, .err = err, .out = out, .reg = reg};
    out->problem = b.problem = JC_NEW(arena, Jc__Problem);
    if (!b.problem)
        return jc_fail_memory(err);
    jc__problem__init(b.problem);
    b.problem->year = b.reg->year;
    enum jc_code code = set_options(&b, options);
    if (!code)
        code = sort_kept(&b);
    if (!code)
        code = add_teams(&b);
    if (!code)
        code = add_rules(&b);
    if (!code)
        code = add_units(&b);
    if (!code)
        code = add_draws(&b);
    if (!code)
        code = add_quotas(&b);
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
    enum jc_code code = jc_register_load(tx, agency_id, arena, &reg, err);
    return code ? code : jc_plan_problem_make(reg, kept, options, arena, out, err);
}
