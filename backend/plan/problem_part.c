/* A unit in the middle of the year. It stays whole if one of its patterns holds what is fixed; else it falls
 * apart into the visits that stay, the remainder of its rule (plan/remainder.h), and what no month can take. */
#include <string.h>

#include "model/pattern.h"
#include "plan/problem_builder.h"
#include "plan/remainder.h"
#include "plan/visit.h"

/* The month a visit was really inspected in; 0: the plan's, or not at all. */
static int executed_month(const struct jc_builder *b, const Jc__Visit *visit) {
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

/* What is fixed of a unit, and the rule its visits follow: the one they have, else its first that is due. */
static struct jc_remainder_year look_at_year(const struct jc_builder *b, const Jc__Unit *unit,
                                             const struct jc_visit_list *visits, int32_t *rule) {
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
    *rule = known ? *rule : -1;
    for (size_t i = 0; !known && i < unit->n_rule_ids; i++) {
        int first = jc_register_rule(b->reg, unit->rule_ids[i]);
        bool due = first >= 0 && jc_rule_due(b->reg->rules[first], unit, b->reg->year);
        *rule = i == 0 || due ? first : *rule;
        known |= due;
    }
    return year;
}

/* A problem unit of `visits` of the unit's visits under a rule made for them. */
static enum jc_code make_part(struct jc_builder *b, const Jc__Unit *unit, int32_t of, bool counted, int visits,
                              Jc__ProblemUnit **out, Jc__ProblemRule **rule) {
    JC_BUILDER_MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    JC_BUILDER_MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
    jc_builder_describe_unit(u, unit);
    u->unit_id = (char *)jc_arena_printf(b->arena, "%s/%zu", unit->unit_id, b->units.count).ptr;
    u->options = JC_NEW_ARRAY(b->arena, 1, Jc__UnitOption *);
    if (!u->unit_id || !u->options)
        return jc_fail_memory(b->err);
    u->options[u->n_options++] = option;
    option->visits = visits;
    *out = u;
    enum jc_code code = jc_builder_make_rule(b, of, counted, visits, rule, &option->rule);
    return code ? code : jc_builder_add_lead_teams(b, u, unit->lead_teams, unit->n_lead_teams);
}

/* The joins that visits standing alone have not used up, in the order of the unit's joints. */
static enum jc_code add_rest_joints(struct jc_builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit,
                                    const struct jc_visit_list *visits, int most) {
    enum jc_code code = JC_OK;
    u->joints = JC_NEW_ARRAY(b->arena, unit->n_joints + 1, Jc__ProblemJoint *);
    if (!u->joints)
        return jc_fail_memory(b->err);
    for (size_t j = 0; !code && j < unit->n_joints; j++) {
        const Jc__JointVisit *joint = unit->joints[j];
        int32_t of = jc_register_rule(b->reg, joint->rule_id), rule = 0;
        Jc__ProblemRule *made = NULL;
        if (of < 0)
            return jc_builder_unknown(b, "rule", joint->rule_id);
        int left = jc_rule_due(b->reg->rules[of], unit, b->reg->year);
        for (size_t i = 0; i < visits->count; i++)
            for (size_t k = 0; jc_visit_is_kept(visits->visits[i]) && k < visits->visits[i]->n_joined; k++)
                left -= strcmp(visits->visits[i]->joined[k]->team_id, joint->team_id) == 0;
        left = left < 0 ? 0 : left > most ? most : left;
        code = jc_builder_make_rule(b, of, false, left, &made, &rule);
        if (!code)
            code = jc_builder_add_joint(b, u, joint->team_id, rule, left, (int64_t)joint->persons * joint->days_centi);
    }
    return code;
}

/* What the unit has beside its visits standing alone: those that can be placed, and those that were missed. */
static enum jc_code add_rest(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits,
                             int32_t rule, const struct jc_remainder *rest, bool counted) {
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
            code = jc_builder_push_unit(b, u, (struct jc_problem_source){.unit = unit, .rest = true, .rule = rule});
    }
    if (!code && rest->missed) {
        code = make_part(b, unit, rule, false, rest->missed, &u, &made);
        if (code)
            return code;
        u->blackout_months = JC_MONTHS_ALL;
        code = jc_builder_push_unit(b, u, (struct jc_problem_source){.unit = unit, .rest = true, .rule = rule});
    }
    return code;
}

/* The fewest visits that one of the unit's rules asks for this year; `most` if there is none with fewer. */
static int least_due(const struct jc_builder *b, const Jc__Unit *unit, int most) {
    int least = most;
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(b->reg, unit->rule_ids[i]);
        int due = rule < 0 ? 0 : jc_rule_due(b->reg->rules[rule], unit, b->reg->year);
        least = due > 0 && due < least ? due : least;
    }
    return least;
}

/* A unit that no pattern fits: what stays stands alone. Where nothing stays and nothing can come, the rule that
 * asks least says how much is missing (rule 1). */
static enum jc_code add_parts(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits,
                              int32_t rule, const struct jc_remainder_year *year, bool all_alone) {
    struct jc_remainder rest = {0};
    enum jc_code code = JC_OK;
    size_t alone = 0;
    for (size_t i = 0; !code && i < visits->count; i++)
        if (all_alone || jc_visit_is_kept(visits->visits[i]))
            code =
                jc_builder_add_alone(b, unit, visits->visits[i], alone++ ? JC_BUILDER_UNCOUNTED : JC_BUILDER_COUNTED);
    if (code || rule < 0)
        return code;
    int due = jc_rule_due(b->reg->rules[rule], unit, b->reg->year);
    if (all_alone)
        rest.missed = due > (int)alone ? due - (int)alone : 0;
    else
        code = jc_remainder_of(b->rules.items[rule], due, year, b->arena, &rest, b->err);
    if (!code && !alone && !rest.visits)
        rest.missed = least_due(b, unit, rest.missed);
    return code ? code : add_rest(b, unit, visits, rule, &rest, !alone);
}

/* Did a done visit take the persons and days that the register now asks for, and only teams that still join the
 * unit? What it took is what it counts, whatever the register says since. */
static bool is_as_registered(const Jc__Unit *unit, const Jc__Visit *visit) {
    if (visit->status != JC__VISIT_STATUS__VISIT_STATUS_DONE)
        return true;
    if (visit->persons != unit->persons || visit->days_centi != unit->days_centi)
        return false;
    for (size_t i = 0; i < visit->n_joined; i++) {
        const Jc__JoinedTeam *joined = visit->joined[i];
        bool known = false;
        for (size_t j = 0; j < unit->n_joints; j++) {
            const Jc__JointVisit *joint = unit->joints[j];
            known |= strcmp(joint->team_id, joined->team_id) == 0 && joint->persons == joined->persons &&
                     joint->days_centi == joined->days_centi;
        }
        if (!known)
            return false;
    }
    return true;
}

/* Has the unit a pattern with what stays where it is? */
static bool has_pattern(const struct jc_builder *b, const Jc__Unit *unit, const Jc__ProblemUnit *u,
                        const struct jc_visit_list *visits, uint32_t held) {
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
        if (!leads || strcmp(v->lead_team, first->lead_team) != 0 || strcmp(v->rule_id, first->rule_id) != 0 ||
            !is_as_registered(unit, v))
            return false;
    }
    for (size_t o = 0; o < u->n_options; o++) {
        if (first && u->options[o]->rule != jc_register_rule(b->reg, first->rule_id))
            continue;
        if (jc_pattern_of_option(&view, u, u->options[o], held, masks))
            return true;
    }
    return false;
}

enum jc_code jc_builder_add_as_of(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits) {
    int32_t rule;
    struct jc_remainder_year year = look_at_year(b, unit, visits, &rule);
    if (rule < 0 || jc_builder_any_forced(visits))
        return add_parts(b, unit, visits, rule, &year, rule >= 0);
    size_t before = b->units.count, pins = b->pins.count;
    enum jc_code code = jc_builder_add_whole(b, unit, visits);
    if (code)
        return code;
    Jc__ProblemUnit *u = b->units.items[before];
    u->blackout_months = (year.closed | jc_remainder_near(b->rules.items[rule], year.executed)) & ~year.held;
    if (has_pattern(b, unit, u, visits, year.held))
        return JC_OK;
    b->units.count = b->sources.count = before; /* not whole, then */
    b->pins.count = pins;
    return add_parts(b, unit, visits, rule, &year, false);
}
