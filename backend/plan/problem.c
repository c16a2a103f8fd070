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

#include "model/pattern.h"
#include "model/problem.h"
#include "plan/budget.h"
#include "plan/remainder.h"
#include "store/plan.h"

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
    struct {
        struct made_rule {
            int32_t of, rule; /* the register's, and the one made of it */
            bool counted;     /* by `units` quotas */
        } * items;
        size_t count, capacity;
    } remainders;
    struct sorted {
        const Jc__Visit **visits;
        size_t count;
    } kept, force;   /* visits of units in the kept plan and in the plan in force, by unit and month */
    uint32_t closed; /* months over by the plan's as_of */
    struct jc_executed *executed;
    size_t n_executed;
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
        code = push_unit(b, u, (struct jc_problem_source){.unit = unit});
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
        code = push_unit(b, u, (struct jc_problem_source){.unit = unit, .alone = visit});
    return code ? code : add_pin(b, index, -1, visit->month, -1, -1);
}

static bool any_forced(const Jc__Visit *const *visits, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (*visits[i]->forced_by)
            return true;
    return false;
}

/* The unit's visits in the sorted list. */
static struct sorted visits_of(const struct sorted *all, const char *unit_id) {
    size_t lo = 0, hi = all->count, n = 0;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(all->visits[mid]->unit_id, unit_id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (lo + n < all->count && strcmp(all->visits[lo + n]->unit_id, unit_id) == 0)
        n++;
    return (struct sorted){all->visits + lo, n};
}

/* --- units in the middle of the year ------------------------------------------------------------------- */

/* The month a visit was really inspected in; 0: the plan's, or not at all. */
static int executed_month(const struct builder *b, const Jc__Visit *visit) {
    struct jc_str id = jc_str(visit->visit_id);
    size_t lo = 0, hi = b->n_executed;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (jc_str_cmp(b->executed[mid].visit_id, id) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    bool found = lo < b->n_executed && jc_str_eq(b->executed[lo].visit_id, id);
    return found && visit->status == JC__VISIT_STATUS__VISIT_STATUS_DONE ? b->executed[lo].month : 0;
}

/* What is fixed of a unit, and the rule its visits follow: the one they have, else its first. */
static struct jc_remainder_year look_at_year(const struct builder *b, const Jc__Unit *unit, const struct sorted *visits,
                                             int32_t *rule) {
    struct jc_remainder_year year = {.closed = b->closed | unit->blackout_months};
    *rule = -1;
    for (size_t i = 0; i < visits->count; i++) {
        const Jc__Visit *v = visits->visits[i];
        int month = executed_month(b, v);
        *rule = *rule < 0 ? jc_register_rule(b->reg, v->rule_id) : *rule;
        if (jc_visit_is_kept(v))
            year.held |= 1u << (v->month - 1);
        if (month && month != v->month)
            year.executed |= 1u << (month - 1);
    }
    bool known = false;
    for (size_t i = 0; i < unit->n_rule_ids; i++)
        known |= jc_register_rule(b->reg, unit->rule_ids[i]) == *rule;
    if (!known)
        *rule = unit->n_rule_ids ? jc_register_rule(b->reg, unit->rule_ids[0]) : -1;
    return year;
}

/* A rule of `visits` visits made of one of the register's. */
static enum jc_code make_rule(struct builder *b, int32_t of, bool counted, int visits, Jc__ProblemRule **out,
                              int32_t *index) {
    MAKE(b, r, Jc__ProblemRule, jc__problem_rule__init);
    struct made_rule *made = JC_PUSH(b->arena, &b->remainders, struct made_rule);
    r->rule_id = (char *)jc_arena_printf(b->arena, "%s/%zu", b->reg->rules[of]->rule_id, b->rules.count).ptr;
    if (!made || !r->rule_id)
        return jc_fail_memory(b->err);
    r->visits = visits;
    *index = (int32_t)b->rules.count;
    *made = (struct made_rule){of, *index, counted};
    *out = r;
    return push_rule(b, r);
}

/* A problem unit of `visits` of the unit's visits under a rule made for them. */
static enum jc_code make_part(struct builder *b, const Jc__Unit *unit, int32_t of, bool counted, int visits,
                              Jc__ProblemUnit **out, Jc__ProblemRule **rule) {
    MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
    describe_unit(u, unit);
    u->unit_id = (char *)jc_arena_printf(b->arena, "%s/%zu", unit->unit_id, b->units.count).ptr;
    u->options = JC_NEW_ARRAY(b->arena, 1, Jc__UnitOption *);
    if (!u->unit_id || !u->options)
        return jc_fail_memory(b->err);
    u->options[u->n_options++] = option;
    option->visits = visits;
    *out = u;
    enum jc_code code = make_rule(b, of, counted, visits, rule, &option->rule);
    return code ? code : add_lead_teams(b, u, unit->lead_teams, unit->n_lead_teams);
}

/* The joins that visits standing alone have not used up, in the order of the unit's joints. */
static enum jc_code add_rest_joints(struct builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit,
                                    const struct sorted *visits, int most) {
    enum jc_code code = JC_OK;
    u->joints = JC_NEW_ARRAY(b->arena, unit->n_joints + 1, Jc__ProblemJoint *);
    if (!u->joints)
        return jc_fail_memory(b->err);
    for (size_t j = 0; !code && j < unit->n_joints; j++) {
        const Jc__JointVisit *joint = unit->joints[j];
        int32_t of = jc_register_rule(b->reg, joint->rule_id), rule = 0;
        Jc__ProblemRule *made = NULL;
        if (of < 0)
            return unknown(b, "rule", joint->rule_id);
        int left = jc_rule_due(b->reg->rules[of], unit, b->reg->year);
        for (size_t i = 0; i < visits->count; i++)
            for (size_t k = 0; jc_visit_is_kept(visits->visits[i]) && k < visits->visits[i]->n_joined; k++)
                left -= strcmp(visits->visits[i]->joined[k]->team_id, joint->team_id) == 0;
        left = left < 0 ? 0 : left > most ? most : left;
        code = make_rule(b, of, false, left, &made, &rule);
        if (!code)
            code = add_joint(b, u, joint->team_id, rule, left, (int64_t)joint->persons * joint->days_centi);
    }
    return code;
}

/* What the unit has beside its visits standing alone: those that can be placed, and those that were missed. */
static enum jc_code add_rest(struct builder *b, const Jc__Unit *unit, const struct sorted *visits, int32_t rule,
                             const struct jc_remainder *rest, bool counted) {
    Jc__ProblemUnit *u = NULL;
    Jc__ProblemRule *made = NULL;
    enum jc_code code = JC_OK;
    if (rest->visits) {
        code = make_part(b, unit, rule, counted, rest->visits, &u, &made);
        if (code)
            return code;
        made->min_gap_months = b->reg->rules[rule]->min_gap_months;
        made->windows = rest->windows;
        made->n_windows = rest->n_windows;
        u->blackout_months = rest->blocked;
        code = add_rest_joints(b, u, unit, visits, rest->visits);
        if (!code)
            code = push_unit(b, u, (struct jc_problem_source){.unit = unit, .rest = true, .rule = rule});
    }
    if (!code && rest->missed) {
        code = make_part(b, unit, rule, false, rest->missed, &u, &made);
        if (code)
            return code;
        u->blackout_months = (1u << 12) - 1;
        code = push_unit(b, u, (struct jc_problem_source){.unit = unit, .rest = true, .rule = rule});
    }
    return code;
}

/* A unit that no pattern fits: what stays stands alone. */
static enum jc_code add_parts(struct builder *b, const Jc__Unit *unit, const struct sorted *visits, int32_t rule,
                              const struct jc_remainder_year *year, bool all_alone) {
    struct jc_remainder rest = {0};
    enum jc_code code = JC_OK;
    size_t alone = 0;
    for (size_t i = 0; !code && i < visits->count; i++)
        if (all_alone || jc_visit_is_kept(visits->visits[i]))
            code = add_alone(b, unit, visits->visits[i], alone++ ? UNCOUNTED : COUNTED);
    if (code || rule < 0)
        return code;
    int due = jc_rule_due(b->reg->rules[rule], unit, b->reg->year);
    if (all_alone)
        rest.missed = due > (int)alone ? due - (int)alone : 0;
    else
        code = jc_remainder_of(b->rules.items[rule], due, year, b->arena, &rest, b->err);
    return code ? code : add_rest(b, unit, visits, rule, &rest, !alone);
}

/* Has the unit a pattern with what stays where it is? */
static bool has_pattern(const struct builder *b, const Jc__ProblemUnit *u, const struct sorted *visits, uint32_t held) {
    const Jc__Problem view = {.rules = b->rules.items, .n_rules = b->rules.count};
    uint16_t masks[JC_PATTERNS_MAX];
    const Jc__Visit *first = NULL;
    for (size_t i = 0; i < visits->count; i++) {
        const Jc__Visit *v = visits->visits[i];
        bool leads = false;
        if (!jc_visit_is_kept(v))
            continue;
        first = first ? first : v;
        for (size_t t = 0; t < u->n_lead_teams; t++)
            leads |= u->lead_teams[t] == jc_register_team(b->reg, v->lead_team);
        if (!leads || strcmp(v->lead_team, first->lead_team) != 0 || strcmp(v->rule_id, first->rule_id) != 0)
            return false;
    }
    for (size_t o = 0; o < u->n_options; o++)
        if ((!first || u->options[o]->rule == jc_register_rule(b->reg, first->rule_id)) &&
            jc_pattern_of_option(&view, u, u->options[o], held, masks))
            return true;
    return false;
}

/* A unit of a plan that is re-planned: whole if it can be, else in parts. */
static enum jc_code add_unit_as_of(struct builder *b, const Jc__Unit *unit, const struct sorted *visits) {
    int32_t rule;
    struct jc_remainder_year year = look_at_year(b, unit, visits, &rule);
    if (rule < 0 || any_forced(visits->visits, visits->count))
        return add_parts(b, unit, visits, rule, &year, rule >= 0);
    size_t before = b->units.count, pins = b->pins.count;
    enum jc_code code = add_unit(b, unit, visits->visits, visits->count);
    if (code)
        return code;
    Jc__ProblemUnit *u = b->units.items[before];
    u->blackout_months = (year.closed | jc_remainder_near(b->rules.items[rule], year.executed)) & ~year.held;
    if (has_pattern(b, u, visits, year.held))
        return JC_OK;
    b->units.count = b->sources.count = before; /* not whole, then */
    b->pins.count = pins;
    return add_parts(b, unit, visits, rule, &year, false);
}

static enum jc_code add_units(struct builder *b) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < b->reg->n_units; i++) {
        const Jc__Unit *unit = b->reg->units[i];
        struct sorted visits = visits_of(&b->kept, unit->unit_id);
        if (b->out->in_force) {
            code = add_unit_as_of(b, unit, &visits);
            continue;
        }
        if (!unit->n_rule_ids)
            continue;
        if (!any_forced(visits.visits, visits.count)) {
            code = add_unit(b, unit, visits.visits, visits.count);
            continue;
        }
        for (size_t v = 0; !code && v < visits.count; v++)
            code = add_alone(b, unit, visits.visits[v], v ? UNCOUNTED : COUNTED);
    }
    b->problem->units = b->units.items;
    b->problem->n_units = b->units.count;
    b->out->sources = b->sources.items;
    return code;
}

/* --- draws ------------------------------------------------------------------------------------------ */

static enum jc_code push_window(struct builder *b, Jc__ProblemDraw *d, uint32_t months, int min, int max) {
    if (!months || !max)
        return JC_OK;
    MAKE(b, w, Jc__TimeWindow, jc__time_window__init);
    w->months = months;
    w->min = min;
    w->max = max;
    d->windows[d->n_windows++] = w;
    return JC_OK;
}

static int held_in(const int held[12], uint32_t months) {
    int sum = 0;
    for (int m = 0; m < 12; m++)
        sum += months >> m & 1 ? held[m] : 0;
    return sum;
}

/* Can the sample be spread over the windows, with what is held in open months inside them? */
static bool windows_hold(const Jc__ProblemDraw *d, const int held[12]) {
    int64_t least = 0, most = 0;
    uint32_t covered = 0;
    for (size_t i = 0; i < d->n_windows; i++) {
        const Jc__TimeWindow *w = d->windows[i];
        int inside = held_in(held, w->months);
        if (inside > w->max)
            return false;
        least += inside > w->min ? inside : w->min;
        most += w->max;
        covered |= w->months;
    }
    return !held_in(held, ~covered & 0xfff) && least <= d->sample && d->sample <= most;
}

/* A draw's windows in the middle of the year: closed months hold exactly the slots that stay there, open
 * ones what their window leaves. If that cannot hold the sample (slots were missed and their window is
 * over), any open month will do. */
static enum jc_code cut_draw_windows(struct builder *b, Jc__ProblemDraw *d) {
    const Jc__Plan *kept = b->out->kept;
    Jc__TimeWindow year = JC__TIME_WINDOW__INIT, *whole = &year, **rows = d->n_windows ? d->windows : &whole;
    size_t n = d->n_windows ? d->n_windows : 1;
    int held[12] = {0};
    enum jc_code code = JC_OK;
    year.months = 0xfff;
    year.max = d->sample;
    for (size_t i = 0; i < kept->n_visits; i++)
        if (strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && jc_visit_is_kept(kept->visits[i]))
            held[kept->visits[i]->month - 1]++;
    d->windows = JC_NEW_ARRAY(b->arena, n + 13, Jc__TimeWindow *);
    if (!d->windows)
        return jc_fail_memory(b->err);
    d->n_windows = 0;
    for (int m = 0; !code && m < 12; m++)
        if (b->closed >> m & 1)
            code = push_window(b, d, 1u << m, held[m], held[m]);
    size_t closed = d->n_windows;
    for (size_t i = 0; !code && i < n; i++) {
        int past = held_in(held, rows[i]->months & b->closed);
        int least = rows[i]->min > past ? rows[i]->min - past : 0, most = rows[i]->max > past ? rows[i]->max - past : 0;
        code = push_window(b, d, rows[i]->months & ~b->closed, least, most);
    }
    if (code || windows_hold(d, held))
        return code;
    d->n_windows = closed;
    return push_window(b, d, ~b->closed & 0xfff, 0, d->sample);
}

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
        if (b->out->in_force)
            code = cut_draw_windows(b, d);
        if (!code)
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
        for (size_t r = 0; !code && by_rule && r < b->remainders.count; r++) {
            const struct made_rule *made = &b->remainders.items[r];
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

/* A plan's visits of units, sorted; slots are found by their draw. */
static enum jc_code sort_visits(struct builder *b, const Jc__Plan *plan, struct sorted *out) {
    out->visits = JC_NEW_ARRAY(b->arena, (plan ? plan->n_visits : 0) + 1, const Jc__Visit *);
    if (!out->visits)
        return jc_fail_memory(b->err);
    for (size_t i = 0; plan && i < plan->n_visits; i++)
        if (!*plan->visits[i]->draw_id)
            out->visits[out->count++] = plan->visits[i];
    qsort(out->visits, out->count, sizeof(*out->visits), by_unit);
    return JC_OK;
}

/* --- the plan in force ------------------------------------------------------------------------------ */

/* Is the plan re-planned? Then months over by its day are closed. */
static enum jc_code look_as_of(struct builder *b, const struct jc_year_so_far *so_far) {
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

/* The visit as one to start from; the worker takes what fits. */
static enum jc_code push_start(struct builder *b, int32_t unit, const Jc__Visit *visit) {
    const struct jc_problem_source *source = &b->out->sources[unit];
    const Jc__ProblemUnit *u = b->problem->units[unit];
    MAKE(b, v, Jc__SolvedVisit, jc__solved_visit__init);
    v->unit = unit;
    v->rule = source->alone || source->rest ? u->options[0]->rule : jc_register_rule(b->reg, visit->rule_id);
    v->team = jc_register_team(b->reg, visit->lead_team);
    v->month = visit->month;
    v->mode = visit->mode;
    v->joints = JC_NEW_ARRAY(b->arena, u->n_joints + 1, int32_t);
    if (!v->joints)
        return jc_fail_memory(b->err);
    for (size_t j = 0; j < u->n_joints; j++)
        for (size_t k = 0; k < visit->n_joined; k++)
            if (u->joints[j]->team == jc_register_team(b->reg, visit->joined[k]->team_id))
                v->joints[v->n_joints++] = (int32_t)j;
    b->problem->start->visits[b->problem->start->n_visits++] = v;
    return JC_OK;
}

static enum jc_code push_in_force(struct builder *b, Jc__PlanInForce *plan, int32_t unit, const Jc__Visit *visit) {
    Jc__VisitInForce *last = plan->n_visits ? plan->visits[plan->n_visits - 1] : NULL;
    if (last && last->unit == unit && last->month == visit->month)
        return JC_OK;
    MAKE(b, v, Jc__VisitInForce, jc__visit_in_force__init);
    v->unit = unit;
    v->month = visit->month;
    v->team = jc_register_team(b->reg, visit->lead_team);
    plan->visits[plan->n_visits++] = v;
    return push_start(b, unit, visit);
}

static const Jc__Visit *same_visit(const struct sorted *visits, const char *visit_id) {
    for (size_t i = 0; i < visits->count; i++)
        if (strcmp(visits->visits[i]->visit_id, visit_id) == 0)
            return visits->visits[i];
    return NULL;
}

/* What the plan in force has for one problem unit. A part is compared with what the parts before it leave. */
static enum jc_code add_force_of(struct builder *b, Jc__PlanInForce *plan, int32_t u) {
    const struct jc_problem_source *source = &b->out->sources[u];
    struct sorted force = visits_of(&b->force, source->unit->unit_id);
    struct sorted kept = visits_of(&b->kept, source->unit->unit_id);
    enum jc_code code = JC_OK;
    if (source->rest && b->problem->units[u]->blackout_months == (1u << 12) - 1)
        return JC_OK; /* missed */
    for (size_t i = 0; !code && i < force.count; i++) {
        const Jc__Visit *now = same_visit(&kept, force.visits[i]->visit_id);
        bool mine = source->alone ? now == source->alone : !source->rest || !now || !jc_visit_is_kept(now);
        if (mine)
            code = push_in_force(b, plan, u, force.visits[i]);
    }
    return code;
}

static enum jc_code add_slots_in_force(struct builder *b, Jc__PlanInForce *plan, int32_t draw) {
    const Jc__Plan *force = b->out->in_force;
    const Jc__Draw *row = b->reg->draws[draw];
    for (size_t i = 0; i < force->n_visits; i++) {
        const Jc__Visit *visit = force->visits[i];
        if (strcmp(visit->draw_id, row->draw_id) != 0 || strcmp(visit->lead_team, row->team_id) != 0)
            continue;
        MAKE(b, slot, Jc__SolvedSlot, jc__solved_slot__init);
        slot->draw = draw;
        slot->month = visit->month;
        plan->slots[plan->n_slots++] = slot;
        b->problem->start->slots[b->problem->start->n_slots++] = slot;
    }
    return JC_OK;
}

static enum jc_code add_in_force(struct builder *b) {
    const Jc__Plan *force = b->out->in_force;
    enum jc_code code = JC_OK;
    if (!force)
        return JC_OK;
    MAKE(b, plan, Jc__PlanInForce, jc__plan_in_force__init);
    MAKE(b, start, Jc__Solution, jc__solution__init);
    b->problem->start = start;
    start->visits = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedVisit *);
    start->slots = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedSlot *);
    plan->visits = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__VisitInForce *);
    plan->slots = JC_NEW_ARRAY(b->arena, force->n_visits + 1, Jc__SolvedSlot *);
    if (!plan->visits || !plan->slots || !start->visits || !start->slots)
        return jc_fail_memory(b->err);
    for (size_t u = 0; !code && u < b->problem->n_units; u++)
        code = add_force_of(b, plan, (int32_t)u);
    for (size_t d = 0; !code && d < b->reg->n_draws; d++)
        code = add_slots_in_force(b, plan, (int32_t)d);
    b->problem->in_force = plan;
    return code;
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
        code = look_as_of(&b, options->so_far);
    if (!code)
        code = sort_visits(&b, kept, &b.kept);
    if (!code)
        code = sort_visits(&b, out->in_force, &b.force);
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
    if (!code)
        code = add_in_force(&b);
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
