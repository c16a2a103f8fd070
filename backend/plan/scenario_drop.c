/* A team less: what it has done or been told stays with it, its other visits are free again, its units go to the
 * teams named with it, its draws and quotas ask nothing. A unit that nobody may lead any more stays in the problem
 * without a lead team: it is left out, and the shortfall names it. One pass over units, draws, quotas and visits. */
#include <string.h>

#include "plan/scenario_maker.h"
#include "plan/visit.h"

/* What becomes of the units and draws of one team that goes. */
struct loss {
    struct jc_scenario_ids moved, nobody, stayed, alone, draws;
};

static bool takes_part(const Jc__Visit *visit, struct jc_str team) {
    bool part = jc_str_eq(jc_str(visit->lead_team), team);
    for (size_t i = 0; i < visit->n_joined; i++)
        part |= jc_str_eq(jc_str(visit->joined[i]->team_id), team);
    return part;
}

/* Units whose visits by the team are told or done; the plan without its other visits of the team. */
static enum jc_code split_kept(struct jc_scenario_maker *m, struct jc_str team, struct jc_index **history) {
    const Jc__Plan *kept = m->out->kept;
    *history = jc_index_new(m->arena, 0);
    if (!*history)
        return jc_fail_memory(m->err);
    if (!kept)
        return JC_OK;
    Jc__Plan *plan = JC_CLONE(m->arena, kept);
    if (!plan)
        return jc_fail_memory(m->err);
    plan->visits = JC_NEW_ARRAY(m->arena, kept->n_visits + 1, Jc__Visit *);
    plan->n_visits = 0;
    if (!plan->visits)
        return jc_fail_memory(m->err);
    for (size_t i = 0; i < kept->n_visits; i++) {
        Jc__Visit *visit = kept->visits[i];
        bool part = takes_part(visit, team);
        if (part && !jc_visit_is_told(visit))
            continue;
        plan->visits[plan->n_visits++] = visit;
        int64_t *place = part ? jc_index_at(*history, jc_str(jc_visit_owner(visit)), NULL) : NULL;
        if (part && !place)
            return jc_fail_memory(m->err);
        if (place)
            *place = 1;
    }
    m->out->kept = plan;
    return JC_OK;
}

static enum jc_code drop_joint(struct jc_scenario_maker *m, Jc__Unit *unit, struct jc_str team, struct loss *loss) {
    Jc__JointVisit **joints = JC_NEW_ARRAY(m->arena, unit->n_joints + 1, Jc__JointVisit *);
    size_t count = 0;
    if (!joints)
        return jc_fail_memory(m->err);
    for (size_t i = 0; i < unit->n_joints; i++)
        if (!jc_str_eq(jc_str(unit->joints[i]->team_id), team))
            joints[count++] = unit->joints[i];
    bool fewer = count < unit->n_joints;
    unit->joints = joints;
    unit->n_joints = count;
    return fewer ? jc_scenario_id_add(m, &loss->alone, unit->unit_id) : JC_OK;
}

static enum jc_code drop_from_unit(struct jc_scenario_maker *m, size_t index, struct jc_str team,
                                   const struct jc_index *history, struct loss *loss) {
    const Jc__Unit *old = m->reg->units[index];
    bool leads = jc_scenario_has(old->lead_teams, old->n_lead_teams, team), joins = false;
    for (size_t i = 0; i < old->n_joints; i++)
        joins |= jc_str_eq(jc_str(old->joints[i]->team_id), team);
    if (!old->n_rule_ids || (!leads && !joins))
        return JC_OK;
    if (jc_index_find(history, jc_str(old->unit_id), 0))
        return jc_scenario_id_add(m, &loss->stayed, old->unit_id);
    Jc__Unit *unit = JC_SCENARIO_OWN(m, m->reg->units[index]);
    char **teams = JC_NEW_ARRAY(m->arena, old->n_lead_teams + 1, char *);
    if (!unit || !teams)
        return jc_fail_memory(m->err);
    enum jc_code code = drop_joint(m, unit, team, loss);
    if (code || !leads)
        return code;
    unit->lead_teams = teams;
    unit->n_lead_teams = 0;
    for (size_t i = 0; i < old->n_lead_teams; i++)
        if (!jc_str_eq(jc_str(old->lead_teams[i]), team))
            teams[unit->n_lead_teams++] = old->lead_teams[i];
    return jc_scenario_id_add(m, unit->n_lead_teams ? &loss->moved : &loss->nobody, unit->unit_id);
}

/* Its draws without slots, its quotas without bounds: both are the team's own. */
static enum jc_code drop_lists(struct jc_scenario_maker *m, struct jc_str team, const struct jc_index *history,
                               struct loss *loss) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < m->reg->n_draws; i++) {
        if (!jc_str_eq(jc_str(m->reg->draws[i]->team_id), team) || m->reg->draws[i]->sample == 0 ||
            jc_index_find(history, jc_str(m->reg->draws[i]->draw_id), 0))
            continue;
        Jc__Draw *draw = JC_SCENARIO_OWN(m, m->reg->draws[i]);
        if (!draw)
            return jc_fail_memory(m->err);
        draw->sample = 0;
        draw->n_windows = 0;
        code = jc_scenario_id_add(m, &loss->draws, draw->draw_id);
    }
    for (size_t i = 0; !code && i < m->reg->n_quotas; i++) {
        if (!jc_str_eq(jc_str(m->reg->quotas[i]->team_id), team))
            continue;
        Jc__Quota *quota = JC_SCENARIO_OWN(m, m->reg->quotas[i]);
        if (!quota)
            return jc_fail_memory(m->err);
        quota->min = quota->max = -1;
    }
    return code;
}

static enum jc_code note_dropped(struct jc_scenario_maker *m, const char *team_name, const struct loss *loss) {
    const struct {
        enum jc_msg what;
        const struct jc_scenario_ids *ids;
    } lists[] = {{JC_MSG_SCENARIO_MOVED, &loss->moved},
                 {JC_MSG_SCENARIO_NOBODY, &loss->nobody},
                 {JC_MSG_SCENARIO_STAYED, &loss->stayed},
                 {JC_MSG_SCENARIO_ALONE, &loss->alone},
                 {JC_MSG_SCENARIO_DRAWS, &loss->draws}};
    enum jc_code code = JC_OK;
    for (size_t l = 0; !code && l < sizeof(lists) / sizeof(*lists); l++) {
        char number[JC_NUMBER_TEXT];
        struct jc_buf text;
        jc_buf_init(&text, 1 << 20);
        for (size_t i = 0; i < lists[l].ids->count; i++) {
            int64_t unit = jc_index_find(m->reg->unit_index, lists[l].ids->items[i], -1);
            jc_buf_printf(&text, "%s%.*s%s%s", i ? ", " : "", JC_FMT(lists[l].ids->items[i]), unit < 0 ? "" : " ",
                          unit < 0 ? "" : m->reg->units[unit]->name);
        }
        struct jc_str args[] = {jc_str(team_name), jc_str_from_int64((int64_t)lists[l].ids->count, number),
                                jc_buf_str(&text)};
        if (lists[l].ids->count)
            code = jc_scenario_note_add(m, lists[l].what, args, 3);
        jc_buf_free(&text);
    }
    return code;
}

/* Adds to a list what it does not have yet. */
static enum jc_code join_lists(struct jc_scenario_maker *m, struct jc_scenario_ids *all,
                               const struct jc_scenario_ids *more) {
    struct jc_index *known = jc_index_new(m->arena, all->count + more->count);
    size_t before = all->count;
    enum jc_code code = known ? JC_OK : jc_fail_memory(m->err);
    for (size_t i = 0; !code && i < before + more->count; i++) {
        bool is_new = false;
        struct jc_str id = i < before ? all->items[i] : more->items[i - before];
        if (!jc_index_at(known, id, &is_new))
            code = jc_fail_memory(m->err);
        else if (i >= before && is_new)
            code = jc_scenario_id_add(m, all, id.ptr);
    }
    return code;
}

/* Units that an earlier team's end moved and this one's leaves without anybody are moved no more. */
static void forget_moved(struct jc_scenario_maker *m) {
    struct jc_scenario_ids *moved = &m->out->moved;
    size_t count = 0;
    for (size_t i = 0; i < moved->count; i++)
        if (m->reg->units[jc_index_find(m->reg->unit_index, moved->items[i], 0)]->n_lead_teams)
            moved->items[count++] = moved->items[i];
    moved->count = count;
}

static enum jc_code sum_up(struct jc_scenario_maker *m, const struct loss *loss) {
    struct jc_scenario *out = m->out;
    enum jc_code code = join_lists(m, &out->moved, &loss->moved);
    if (!code)
        code = join_lists(m, &out->nobody, &loss->nobody);
    if (!code)
        code = join_lists(m, &out->stayed, &loss->stayed);
    if (!code)
        code = join_lists(m, &out->alone, &loss->alone);
    if (!code)
        code = join_lists(m, &out->draws, &loss->draws);
    if (!code)
        forget_moved(m);
    return code;
}

enum jc_code jc_scenario_drop_team(struct jc_scenario_maker *m, const struct jc_change *change) {
    struct jc_index *history = NULL;
    struct loss loss = {0};
    int index = 0;
    enum jc_code code = jc_scenario_find_team(m, change->id, &index);
    if (!code)
        code = split_kept(m, change->id, &history);
    for (size_t i = 0; !code && i < m->reg->n_units; i++)
        code = drop_from_unit(m, i, change->id, history, &loss);
    if (!code)
        code = drop_lists(m, change->id, history, &loss);
    if (!code)
        code = sum_up(m, &loss);
    if (!code)
        code = jc_scenario_id_add(m, &m->dropped, m->reg->teams[index]->team_id);
    Jc__Team *team = code ? NULL : JC_SCENARIO_OWN(m, m->reg->teams[index]);
    if (!code && !team)
        code = jc_fail_memory(m->err);
    if (code)
        return code;
    team->headcount = 0; /* what it has done needs no limit, and nothing new comes to it */
    team->supervision_centi = -1;
    m->reg->budgets[index] = (struct jc_team_budget){.stated = false};
    for (int month = 0; month < 12; month++)
        m->reg->budgets[index].centi[month] = JC_CENTI_ABSENT;
    return note_dropped(m, team->name, &loss);
}
