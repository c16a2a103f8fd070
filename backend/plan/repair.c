/* Making a repair: rows are found by their identifiers, because a repair is kept with the plan and made
 * again later. Cost: a variant's lists, one pass over the list the row is in. */
#include "plan/repair.h"

#include <string.h>

#include "plan/variant.h"

struct making {
    const Jc__Repair *repair;
    Jc__Problem *v;
    struct jc_arena *arena;
    struct jc_err *err;
};

static enum jc_code missing(const struct making *m, const char *id) {
    return jc_fail(m->err, JC_NOT_FOUND, JC_MSG_PROBLEM_UNKNOWN_ID, JC_STR("repair"), jc_str(id));
}

/* Defines find_<row>: its index by identifier, -1 if there is none. */
#define FINDER(row)                                               \
    static int find_##row(const Jc__Problem *p, const char *id) { \
        for (size_t i = 0; i < p->n_##row##s; i++)                \
            if (strcmp(p->row##s[i]->row##_id, id) == 0)          \
                return (int)i;                                    \
        return -1;                                                \
    }
FINDER(team)
FINDER(rule)
FINDER(unit)
FINDER(draw)
FINDER(quota)
#undef FINDER

static enum jc_code make_workdays(struct making *m) {
    int team = find_team(m->v, m->repair->team_id);
    if (team < 0)
        return missing(m, m->repair->team_id);
    Jc__ProblemTeam *t = jc_variant_team(m->v, (size_t)team, m->arena);
    if (!t)
        return jc_fail_memory(m->err);
    if (!m->repair->month)
        t->year_limit_centi += m->repair->amount_centi;
    else if (t->n_month_limit_centi)
        t->month_limit_centi[m->repair->month - 1] += m->repair->amount_centi;
    return JC_OK;
}

/* A team cannot join more visits than there are. */
static bool joint_follows(const Jc__ProblemJoint *joint, int32_t visits) {
    return joint->visits > visits;
}

static enum jc_code make_rule(struct making *m, Jc__ProblemUnit *u) {
    int rule = find_rule(m->v, m->repair->rule_id);
    Jc__UnitOption *option = JC_NEW(m->arena, Jc__UnitOption), **options = JC_NEW_ARRAY(m->arena, 1, Jc__UnitOption *);
    if (rule < 0)
        return missing(m, m->repair->rule_id);
    if (!option || !options)
        return jc_fail_memory(m->err);
    jc__unit_option__init(option);
    option->rule = rule;
    option->visits = m->v->rules[rule]->visits;
    options[0] = option;
    u->options = options;
    u->n_options = 1;
    for (size_t j = 0; j < u->n_joints; j++)
        if (joint_follows(u->joints[j], option->visits)) {
            u->joints[j]->rule = rule;
            u->joints[j]->visits = option->visits;
        }
    return JC_OK;
}

static enum jc_code make_team(struct making *m, Jc__ProblemUnit *u) {
    int team = find_team(m->v, m->repair->team_id);
    int32_t *teams = JC_NEW_ARRAY(m->arena, 1, int32_t);
    if (team < 0)
        return missing(m, m->repair->team_id);
    if (!teams)
        return jc_fail_memory(m->err);
    teams[0] = team;
    u->lead_teams = teams;
    u->n_lead_teams = 1;
    return JC_OK;
}

static enum jc_code make_unit(struct making *m, const char *id) {
    int unit = find_unit(m->v, id);
    if (unit < 0)
        return missing(m, id);
    Jc__ProblemUnit *u = jc_variant_unit(m->v, (size_t)unit, m->arena);
    if (!u)
        return jc_fail_memory(m->err);
    switch (m->repair->kind) {
    case JC__REPAIR_KIND__REPAIR_KIND_TEAM:
        return make_team(m, u);
    case JC__REPAIR_KIND__REPAIR_KIND_RULE:
        return make_rule(m, u);
    case JC__REPAIR_KIND__REPAIR_KIND_UNPIN:
        jc_variant_unpin(m->v, (size_t)unit);
        return JC_OK;
    default:
        u->blackout_months &= ~m->repair->months;
        return JC_OK;
    }
}

static enum jc_code make_units(struct making *m) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < m->repair->n_unit_ids; i++)
        code = make_unit(m, m->repair->unit_ids[i]);
    return code;
}

static enum jc_code make_rules(struct making *m) {
    int rule = find_rule(m->v, m->repair->rule_id);
    int amount = (int)(m->repair->amount_centi / 100);
    if (rule < 0)
        return missing(m, m->repair->rule_id);
    if (m->repair->kind == JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS)
        return jc_variant_visits(m->v, (size_t)rule, amount, m->arena) ? JC_OK : jc_fail_memory(m->err);
    Jc__ProblemRule *r = jc_variant_rule(m->v, (size_t)rule, m->arena);
    if (!r)
        return jc_fail_memory(m->err);
    r->min_gap_months = amount;
    return JC_OK;
}

static enum jc_code make_quota(struct making *m) {
    int quota = find_quota(m->v, m->repair->quota_id);
    if (quota < 0)
        return missing(m, m->repair->quota_id);
    Jc__ProblemQuota *q = jc_variant_quota(m->v, (size_t)quota, m->arena);
    if (!q)
        return jc_fail_memory(m->err);
    if (m->repair->kind == JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MONTHS)
        q->months = m->repair->months;
    else if (m->repair->kind == JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MIN)
        q->min = (int32_t)(m->repair->amount_centi / 100);
    else
        q->max = (int32_t)(m->repair->amount_centi / 100);
    return JC_OK;
}

static enum jc_code make_draw(struct making *m) {
    int draw = find_draw(m->v, m->repair->draw_id);
    if (draw < 0)
        return missing(m, m->repair->draw_id);
    bool made = jc_variant_sample(m->v, (size_t)draw, (int)(m->repair->amount_centi / 100), m->arena);
    return made ? JC_OK : jc_fail_memory(m->err);
}

enum jc_code jc_repair_apply(const Jc__Problem *problem, const Jc__Repair *repair, struct jc_arena *arena,
                             Jc__Problem **out, struct jc_err *err) {
    struct making m = {repair, jc_variant_new(problem, arena), arena, err};
    if (!m.v)
        return jc_fail_memory(err);
    *out = m.v;
    switch (repair->kind) {
    case JC__REPAIR_KIND__REPAIR_KIND_WORKDAYS:
        return make_workdays(&m);
    case JC__REPAIR_KIND__REPAIR_KIND_TEAM:
    case JC__REPAIR_KIND__REPAIR_KIND_RULE:
    case JC__REPAIR_KIND__REPAIR_KIND_BLACKOUT:
    case JC__REPAIR_KIND__REPAIR_KIND_UNPIN:
        return make_units(&m);
    case JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS:
    case JC__REPAIR_KIND__REPAIR_KIND_GAP:
        return make_rules(&m);
    case JC__REPAIR_KIND__REPAIR_KIND_SAMPLE:
        return make_draw(&m);
    case JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MONTHS:
    case JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MIN:
    case JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MAX:
        return make_quota(&m);
    default:
        return JC_OK; /* solving again changes nothing */
    }
}

static bool is_named(const Jc__Repair *repair, const char *team_id) {
    for (size_t i = 0; i < repair->n_joint_team_ids; i++)
        if (strcmp(repair->joint_team_ids[i], team_id) == 0)
            return true;
    return false;
}

enum jc_code jc_repair_name_joints(const Jc__Problem *problem, Jc__Repair *repair, struct jc_arena *arena,
                                   struct jc_err *err) {
    int rule = find_rule(problem, repair->rule_id);
    repair->n_joint_team_ids = 0;
    if (repair->kind != JC__REPAIR_KIND__REPAIR_KIND_RULE || rule < 0)
        return JC_OK;
    repair->joint_team_ids = JC_NEW_ARRAY(arena, problem->n_teams + 1, char *);
    if (!repair->joint_team_ids)
        return jc_fail_memory(err);
    for (size_t i = 0; i < repair->n_unit_ids; i++) {
        int unit = find_unit(problem, repair->unit_ids[i]);
        for (size_t j = 0; unit >= 0 && j < problem->units[unit]->n_joints; j++) {
            const Jc__ProblemJoint *joint = problem->units[unit]->joints[j];
            char *team_id = problem->teams[joint->team]->team_id;
            if (joint_follows(joint, problem->rules[rule]->visits) && !is_named(repair, team_id))
                repair->joint_team_ids[repair->n_joint_team_ids++] = team_id;
        }
    }
    return JC_OK;
}
