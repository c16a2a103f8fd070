/* A unit of the problem: a whole unit with its kept visits pinned, or one visit that stands alone. */
#include <string.h>

#include "plan/problem_builder.h"
#include "plan/visit.h"

void jc_builder_describe_unit(Jc__ProblemUnit *u, const Jc__Unit *unit) {
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

static enum jc_code add_options(struct jc_builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit) {
    u->options = JC_NEW_ARRAY(b->arena, unit->n_rule_ids + 1, Jc__UnitOption *);
    if (!u->options)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        JC_BUILDER_MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
        option->rule = jc_register_rule(b->reg, unit->rule_ids[i]);
        if (option->rule < 0)
            return jc_builder_unknown(b, "rule", unit->rule_ids[i]);
        option->visits = jc_rule_due(b->reg->rules[option->rule], unit, b->reg->year);
        u->options[u->n_options++] = option;
    }
    keep_due_options(u);
    return JC_OK;
}

enum jc_code jc_builder_add_lead_teams(struct jc_builder *b, Jc__ProblemUnit *u, char *const *team_ids, size_t count) {
    u->lead_teams = JC_NEW_ARRAY(b->arena, count + 1, int32_t);
    if (!u->lead_teams)
        return jc_fail_memory(b->err);
    for (size_t i = 0; i < count; i++) {
        u->lead_teams[i] = jc_register_team(b->reg, team_ids[i]);
        if (u->lead_teams[i] < 0)
            return jc_builder_unknown(b, "team", team_ids[i]);
    }
    u->n_lead_teams = count;
    return JC_OK;
}

enum jc_code jc_builder_add_joint(struct jc_builder *b, Jc__ProblemUnit *u, const char *team_id, int32_t rule,
                                  int visits, int64_t work_centi) {
    JC_BUILDER_MAKE(b, joint, Jc__ProblemJoint, jc__problem_joint__init);
    joint->team = jc_register_team(b->reg, team_id);
    if (joint->team < 0)
        return jc_builder_unknown(b, "team", team_id);
    joint->rule = rule;
    joint->visits = visits;
    joint->work_centi = work_centi;
    u->joints[u->n_joints++] = joint;
    return JC_OK;
}

static enum jc_code add_joints(struct jc_builder *b, Jc__ProblemUnit *u, const Jc__Unit *unit) {
    enum jc_code code = JC_OK;
    u->joints = JC_NEW_ARRAY(b->arena, unit->n_joints + 1, Jc__ProblemJoint *);
    if (!u->joints)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < unit->n_joints; i++) {
        const Jc__JointVisit *j = unit->joints[i];
        int32_t rule = jc_register_rule(b->reg, j->rule_id);
        if (rule < 0)
            return jc_builder_unknown(b, "rule", j->rule_id);
        code = jc_builder_add_joint(b, u, j->team_id, rule, jc_rule_due(b->reg->rules[rule], unit, b->reg->year),
                                    (int64_t)j->persons * j->days_centi);
    }
    return code;
}

/* People were told who joins the visits that are fixed. */
static void tell_joints(const struct jc_builder *b, Jc__ProblemUnit *u, const struct jc_visit_list *visits) {
    for (size_t j = 0; j < u->n_joints; j++) {
        Jc__ProblemJoint *joint = u->joints[j];
        for (size_t i = 0; i < visits->count; i++) {
            const Jc__Visit *v = visits->visits[i];
            uint32_t month = 1u << (v->month - 1);
            if (!jc_visit_is_fixed(v))
                continue;
            joint->told_months |= month;
            for (size_t k = 0; k < v->n_joined; k++)
                joint->joined_months |= jc_register_team(b->reg, v->joined[k]->team_id) == joint->team ? month : 0;
        }
    }
}

enum jc_code jc_builder_add_whole(struct jc_builder *b, const Jc__Unit *unit, const struct jc_visit_list *visits) {
    JC_BUILDER_MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    jc_builder_describe_unit(u, unit);
    u->unit_id = unit->unit_id;
    u->blackout_months = unit->blackout_months;
    int32_t index = (int32_t)b->units.count;
    enum jc_code code = add_options(b, u, unit);
    if (!code)
        code = jc_builder_add_lead_teams(b, u, unit->lead_teams, unit->n_lead_teams);
    if (!code)
        code = add_joints(b, u, unit);
    if (!code)
        code = jc_builder_push_unit(b, u, (struct jc_problem_source){.unit = unit});
    tell_joints(b, u, visits);
    for (size_t i = 0; !code && i < visits->count; i++)
        if (jc_visit_is_kept(visits->visits[i]))
            code = jc_builder_pin_visit(b, index, visits->visits[i]);
    return code;
}

enum jc_code jc_builder_add_alone(struct jc_builder *b, const Jc__Unit *unit, const Jc__Visit *visit,
                                  enum jc_builder_copy kind) {
    JC_BUILDER_MAKE(b, u, Jc__ProblemUnit, jc__problem_unit__init);
    JC_BUILDER_MAKE(b, option, Jc__UnitOption, jc__unit_option__init);
    jc_builder_describe_unit(u, unit);
    u->unit_id = (char *)jc_arena_printf(b->arena, "%s/%s", unit->unit_id, visit->visit_id).ptr;
    if (visit->status == JC__VISIT_STATUS__VISIT_STATUS_DONE)
        u->work_centi = (int64_t)visit->persons * visit->days_centi;
    u->options = JC_NEW_ARRAY(b->arena, 1, Jc__UnitOption *);
    u->joints = JC_NEW_ARRAY(b->arena, visit->n_joined + 1, Jc__ProblemJoint *);
    if (!u->unit_id || !u->options || !u->joints)
        return jc_fail_memory(b->err);
    int32_t rule = jc_register_rule(b->reg, visit->rule_id), index = (int32_t)b->units.count;
    if (rule < 0)
        return jc_builder_unknown(b, "rule", visit->rule_id);
    u->options[u->n_options++] = option;
    option->visits = 1;
    enum jc_code code = jc_builder_copy_rule(b, rule, kind, &option->rule);
    if (!code)
        code = jc_builder_add_lead_teams(b, u, &(char *){visit->lead_team}, 1);
    for (size_t i = 0; !code && i < visit->n_joined; i++) {
        const Jc__JoinedTeam *j = visit->joined[i];
        int32_t co_rule = jc_register_rule(b->reg, j->rule_id);
        if (co_rule < 0)
            return jc_builder_unknown(b, "rule", j->rule_id);
        code = jc_builder_copy_rule(b, co_rule, JC_BUILDER_UNCOUNTED, &co_rule);
        if (!code)
            code = jc_builder_add_joint(b, u, j->team_id, co_rule, 1, (int64_t)j->persons * j->days_centi);
    }
    if (!code)
        code = jc_builder_push_unit(b, u, (struct jc_problem_source){.unit = unit, .alone = visit});
    return code ? code : jc_builder_pin_visit(b, index, visit);
}
