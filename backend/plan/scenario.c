/* Changes to a register in memory. Rows of the source are shared until a change touches them, then
 * cloned; a second change to the same row clones it once more, which costs nothing that counts. A change
 * is O(register).
 *
 * What must never happen: a write through a pointer of the source. */
#include "plan/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "plan/headcount.h"
#include "plan/scenario_maker.h"

enum { CHANGE_MAX = 1000000 };

/* --- pieces ------------------------------------------------------------------------------------------ */

static enum jc_code unknown(struct jc_scenario_maker *m, enum jc_msg what, struct jc_str id) {
    return jc_fail(m->err, JC_NOT_FOUND, what, id);
}

enum jc_code jc_scenario_note_add(struct jc_scenario_maker *m, enum jc_msg what, const struct jc_str *args,
                                  size_t count) {
    struct jc_scenario_note *note = JC_PUSH(m->arena, &m->out->notes, struct jc_scenario_note);
    if (!note)
        return jc_fail_memory(m->err);
    *note = (struct jc_scenario_note){.what = what};
    for (size_t i = 0; i < count; i++) {
        note->args[i] = jc_arena_copy(m->arena, args[i]);
        if (!note->args[i].ptr)
            return jc_fail_memory(m->err);
    }
    return JC_OK;
}

enum jc_code jc_scenario_id_add(struct jc_scenario_maker *m, struct jc_scenario_ids *ids, const char *id) {
    struct jc_str *slot = JC_PUSH(m->arena, ids, struct jc_str);
    if (!slot)
        return jc_fail_memory(m->err);
    *slot = jc_str(id);
    return JC_OK;
}

struct named {
    const char *id, *name;
};

static struct named team_named(const struct jc_register *reg, size_t i) {
    return (struct named){reg->teams[i]->team_id, reg->teams[i]->name};
}

static struct named unit_named(const struct jc_register *reg, size_t i) {
    return (struct named){reg->units[i]->unit_id, reg->units[i]->name};
}

/* Puts the code in the place of a name that one row alone has. A code is no name, and what is neither stays, for
 * the change to complain about. */
static enum jc_code take_name(struct jc_scenario_maker *m, const struct jc_index *index, size_t n,
                              struct named (*row)(const struct jc_register *, size_t), struct jc_str *text) {
    const char *id = NULL;
    if (!text->len || jc_index_find(index, *text, -1) >= 0)
        return JC_OK;
    for (size_t i = 0; i < n; i++) {
        struct named named = row(m->reg, i);
        if (!jc_str_eq(jc_str(named.name), *text))
            continue;
        if (id)
            return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NAME_TWICE, *text);
        id = named.id;
    }
    if (id)
        *text = jc_str(id);
    return JC_OK;
}

/* The change with codes for names of teams and units. */
static enum jc_code take_names(struct jc_scenario_maker *m, struct jc_change *change) {
    const struct jc_register *reg = m->reg;
    enum jc_code code = take_name(m, reg->team_index, reg->n_teams, team_named, &change->team);
    if (code)
        return code;
    switch (change->kind) {
    case JC_CHANGE_HEADCOUNT:
    case JC_CHANGE_BUDGET:
    case JC_CHANGE_DROP_TEAM:
        return take_name(m, reg->team_index, reg->n_teams, team_named, &change->id);
    case JC_CHANGE_LEAD_TEAM:
        return take_name(m, reg->unit_index, reg->n_units, unit_named, &change->id);
    default:
        return JC_OK;
    }
}

enum jc_code jc_scenario_find_team(struct jc_scenario_maker *m, struct jc_str id, int *out) {
    *out = (int)jc_index_find(m->reg->team_index, id, -1);
    for (size_t i = 0; i < m->dropped.count; i++)
        if (jc_str_eq(m->dropped.items[i], id))
            return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_TEAM_DROPPED, id);
    return *out < 0 ? unknown(m, JC_MSG_SCENARIO_TEAM_UNKNOWN, id) : JC_OK;
}

static enum jc_code find_rule(struct jc_scenario_maker *m, struct jc_str id, int *out) {
    *out = (int)jc_index_find(m->reg->rule_index, id, -1);
    return *out < 0 ? unknown(m, JC_MSG_SCENARIO_RULE_UNKNOWN, id) : JC_OK;
}

bool jc_scenario_has(char *const *ids, size_t count, struct jc_str id) {
    for (size_t i = 0; i < count; i++)
        if (jc_str_eq(jc_str(ids[i]), id))
            return true;
    return false;
}

/* --- workdays ---------------------------------------------------------------------------------------- */

/* Adds to the months that budgets.csv states, spread by working days; the parts make exactly `centi`. */
static void spread(const struct jc_register *reg, struct jc_team_budget *budget, int64_t centi) {
    int64_t days = 0, given = 0;
    for (int m = 0; m < 12; m++) {
        days += reg->month_days[m];
        int64_t due = (int64_t)((__int128)centi * days / (reg->year_days ? reg->year_days : 1)) - given;
        given += due;
        if (budget->centi[m] >= 0)
            budget->centi[m] = budget->centi[m] + due > 0 ? budget->centi[m] + due : 0;
    }
}

/* Nobody left is no workday left, though a team without heads would have no limit at all. */
static void close_team(Jc__Team *team, struct jc_team_budget *budget) {
    team->supervision_centi = 0;
    budget->stated = true;
    for (int m = 0; m < 12; m++)
        budget->centi[m] = 0;
}

static enum jc_code change_headcount(struct jc_scenario_maker *m, const struct jc_change *change) {
    int index = 0;
    int64_t gain = 0;
    enum jc_code code = jc_scenario_find_team(m, change->id, &index);
    if (code)
        return code;
    Jc__Team *team = m->reg->teams[index];
    struct jc_team_budget *budget = &m->reg->budgets[index];
    int64_t before = team->headcount, year = team->supervision_centi;
    if (before <= 0)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NO_HEADCOUNT, jc_str(team->name));
    if (change->amount < -CHANGE_MAX || change->amount > CHANGE_MAX || before + change->amount < 0)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_TOO_FEW, jc_str(team->name));
    code = jc_headcount_gain(m->reg, index, change->amount, &gain, m->err);
    if (code)
        return code;
    team = JC_SCENARIO_OWN(m, m->reg->teams[index]);
    if (!team)
        return jc_fail_memory(m->err);
    team->headcount = (int32_t)(before + change->amount);
    if (year >= 0)
        team->supervision_centi = year + gain > 0 ? year + gain : 0;
    if (budget->stated)
        spread(m->reg, budget, gain);
    if (team->headcount == 0)
        close_team(team, budget);
    char text[4][JC_NUMBER_TEXT];
    struct jc_str args[] = {
        jc_str(team->name), jc_str_from_int64(before, text[0]), jc_str_from_int64(team->headcount, text[1]),
        jc_str_from_centi(year < 0 ? gain : year, text[2]), jc_str_from_centi(team->supervision_centi, text[3])};
    return jc_scenario_note_add(m, year < 0 ? JC_MSG_SCENARIO_HEADCOUNT_ALONE : JC_MSG_SCENARIO_HEADCOUNT, args, 5);
}

static enum jc_code change_budget(struct jc_scenario_maker *m, const struct jc_change *change) {
    int index = 0;
    enum jc_code code = jc_scenario_find_team(m, change->id, &index);
    if (code)
        return code;
    Jc__Team *team = m->reg->teams[index];
    struct jc_team_budget *budget = &m->reg->budgets[index];
    int64_t *amount = change->month ? &budget->extra_centi[change->month - 1] : NULL, before = 0;
    if (change->month && budget->centi[change->month - 1] >= 0)
        amount = &budget->centi[change->month - 1];
    else if (change->month && team->headcount <= 0)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NO_LIMIT, jc_str(team->name));
    if (!change->month) {
        if (team->supervision_centi < 0)
            return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NO_LIMIT, jc_str(team->name));
        team = JC_SCENARIO_OWN(m, m->reg->teams[index]);
        if (!team)
            return jc_fail_memory(m->err);
        amount = &team->supervision_centi;
    }
    if (amount == &budget->extra_centi[change->month ? change->month - 1 : 0])
        before = (int64_t)team->headcount * m->reg->month_days[change->month - 1] * 100;
    if (before + *amount + change->amount < 0)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_TOO_FEW_DAYS, jc_str(team->name));
    *amount += change->amount;
    char text[3][JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str(team->name), jc_str_from_int64(change->month, text[0]),
                            jc_str_from_centi(before + *amount - change->amount, text[1]),
                            jc_str_from_centi(before + *amount, text[2])};
    return jc_scenario_note_add(m, change->month ? JC_MSG_SCENARIO_MONTH : JC_MSG_SCENARIO_YEAR, args, 4);
}

/* --- rules ------------------------------------------------------------------------------------------- */

static bool windows_allow(const Jc__Rule *rule) {
    int lo = 0, hi = 0;
    for (size_t i = 0; i < rule->n_windows; i++) {
        lo += rule->windows[i]->min;
        hi += rule->windows[i]->max;
    }
    return !rule->n_windows || (lo <= rule->visits && rule->visits <= hi);
}

/* The same windows for another number of visits: each gets its part of them, as even as whole visits
 * are; 2 visits "1-6:1;7-12:1" become 3 "1-6:1-2;7-12:1-2". */
static enum jc_code share_windows(struct jc_scenario_maker *m, Jc__Rule *rule) {
    Jc__TimeWindow **windows = JC_NEW_ARRAY(m->arena, rule->n_windows, Jc__TimeWindow *);
    int total = 0;
    if (!windows)
        return jc_fail_memory(m->err);
    for (size_t i = 0; i < rule->n_windows; i++)
        total += rule->windows[i]->max;
    for (size_t i = 0; i < rule->n_windows; i++) {
        Jc__TimeWindow *w = windows[i] = JC_CLONE(m->arena, rule->windows[i]);
        if (!w)
            return jc_fail_memory(m->err);
        int part = rule->visits * w->max, months = __builtin_popcount(w->months);
        w->min = part / total < months ? part / total : months;
        w->max = (part + total - 1) / total < months ? (part + total - 1) / total : months;
    }
    rule->windows = windows;
    char number[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str(rule->rule_id), jc_str_from_int64(rule->visits, number)};
    return jc_scenario_note_add(m, JC_MSG_SCENARIO_WINDOWS_SHARED, args, 2);
}

static enum jc_code change_rule(struct jc_scenario_maker *m, const struct jc_change *change) {
    int index = 0;
    enum jc_code code = find_rule(m, change->id, &index);
    if (code)
        return code;
    Jc__Rule *rule = JC_SCENARIO_OWN(m, m->reg->rules[index]);
    if (!rule)
        return jc_fail_memory(m->err);
    if (change->fields & JC_CHANGE_VISITS) {
        rule->visits = change->rule->visits;
        rule->cycle_years = change->rule->cycle_years;
    }
    if (change->fields & JC_CHANGE_WINDOWS) {
        rule->windows = change->rule->windows;
        rule->n_windows = change->rule->n_windows;
    }
    if (change->fields & JC_CHANGE_GAP)
        rule->min_gap_months = change->rule->min_gap_months;
    size_t units = 0;
    for (size_t i = 0; i < m->reg->n_units; i++)
        for (size_t k = 0; k < m->reg->units[i]->n_rule_ids; k++)
            units += strcmp(m->reg->units[i]->rule_ids[k], rule->rule_id) == 0;
    char number[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str(rule->rule_id), jc_str_from_int64((int64_t)units, number)};
    code = jc_scenario_note_add(m, JC_MSG_SCENARIO_RULE, args, 2);
    if (code || windows_allow(rule) || change->fields & JC_CHANGE_WINDOWS)
        return code;
    return share_windows(m, rule);
}

/* --- units ------------------------------------------------------------------------------------------- */

static int by_kind(const void *a, const void *b) {
    const Jc__Unit *x = *(const Jc__Unit *const *)a, *y = *(const Jc__Unit *const *)b;
    int order = strcmp(x->rule_ids[0], y->rule_ids[0]);
    if (!order)
        order = strcmp(x->n_lead_teams ? x->lead_teams[0] : "", y->n_lead_teams ? y->lead_teams[0] : "");
    if (!order)
        order = strcmp(x->district, y->district);
    return order ? order : strcmp(x->unit_id, y->unit_id);
}

/* The units on the rule and led by the team, as far as one is named, by rule, team and district. */
static const Jc__Unit **list_models(struct jc_scenario_maker *m, struct jc_str rule, struct jc_str team,
                                    size_t *count) {
    const Jc__Unit **models = JC_NEW_ARRAY(m->arena, m->reg->n_units + 1, const Jc__Unit *);
    *count = 0;
    for (size_t i = 0; models && i < m->reg->n_units; i++) {
        const Jc__Unit *unit = m->reg->units[i];
        bool fits = unit->n_rule_ids > 0 && (!rule.len || jc_scenario_has(unit->rule_ids, unit->n_rule_ids, rule)) &&
                    (!team.len || jc_scenario_has(unit->lead_teams, unit->n_lead_teams, team));
        if (fits)
            models[(*count)++] = unit;
    }
    if (models && *count)
        qsort(models, *count, sizeof(*models), by_kind);
    return models;
}

/* One more unit: like `model` (NULL: 2 persons for a day), on one rule and one team if they are named. It
 * belongs to no group, since quotas by group count named units, and was never visited. */
static enum jc_code add_unit(struct jc_scenario_maker *m, const Jc__Unit *model, const struct jc_change *change,
                             int64_t number) {
    Jc__Unit *unit = model ? JC_CLONE(m->arena, model) : JC_NEW(m->arena, Jc__Unit);
    if (!unit)
        return jc_fail_memory(m->err);
    if (!model) {
        jc__unit__init(unit);
        unit->category = (char *)"general";
        unit->persons = 2;
        unit->days_centi = 100;
    }
    struct jc_str id = jc_arena_printf(m->arena, "+%lld", (long long)number);
    while (id.ptr && jc_index_find(m->reg->unit_index, id, -1) >= 0)
        id = jc_arena_printf(m->arena, "+%.*s", JC_FMT(id));
    unit->unit_id = (char *)id.ptr;
    unit->name = (char *)jc_arena_printf(m->arena, "%s+%lld", model ? model->name : "", (long long)number).ptr;
    unit->last_visit = (char *)"";
    unit->n_groups = 0;
    if (change->id.len) {
        unit->rule_ids = jc_arena_clone(m->arena, &change->id.ptr, 1, sizeof(char *));
        unit->n_rule_ids = 1;
    }
    if (change->team.len) {
        unit->lead_teams = jc_arena_clone(m->arena, &change->team.ptr, 1, sizeof(char *));
        unit->n_lead_teams = 1;
    }
    if (!unit->unit_id || !unit->name || !unit->rule_ids || !unit->lead_teams)
        return jc_fail_memory(m->err);
    m->reg->units[m->reg->n_units++] = unit;
    return jc_scenario_id_add(m, &m->out->added, unit->unit_id);
}

/* "A1×3, H4×1": how many units were added on each rule. */
static struct jc_str count_added(struct jc_scenario_maker *m, size_t first) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    for (size_t end = first; first < m->reg->n_units; first = end) {
        const char *rule = m->reg->units[first]->rule_ids[0];
        while (end < m->reg->n_units && strcmp(m->reg->units[end]->rule_ids[0], rule) == 0)
            end++;
        jc_buf_printf(&text, "%s%s×%zu", text.len ? ", " : "", rule, end - first);
    }
    struct jc_str copy = jc_arena_copy(m->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

/* Systematic sampling: models in order of rule, team and district, taken at even distances, so every
 * rule, team and district gets its share; always the same ones. */
static enum jc_code change_add_units(struct jc_scenario_maker *m, const struct jc_change *change) {
    int found = 0;
    size_t count = 0, before = m->reg->n_units;
    enum jc_code code = JC_OK;
    if (change->amount < 1 || change->amount > CHANGE_MAX)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NO_UNITS);
    if (change->id.len)
        code = find_rule(m, change->id, &found);
    if (!code && change->team.len)
        code = jc_scenario_find_team(m, change->team, &found);
    if (code)
        return code;
    const Jc__Unit **models = list_models(m, change->id, change->team, &count);
    if (models && !count && change->team.len) /* nobody of that team: others on the rule */
        models = list_models(m, change->id, JC_STR(""), &count);
    Jc__Unit **units = JC_NEW_ARRAY(m->arena, before + (size_t)change->amount + 1, Jc__Unit *);
    if (!models || !units)
        return jc_fail_memory(m->err);
    if (!count && (!change->id.len || !change->team.len))
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_SCENARIO_NO_MODEL);
    memcpy(units, m->reg->units, before * sizeof(*units));
    m->reg->units = units;
    for (int64_t i = 0; !code && i < change->amount; i++) {
        size_t at = (size_t)(((uint64_t)(2 * i + 1) * count) / (uint64_t)(2 * change->amount));
        code = add_unit(m, count ? models[at] : NULL, change, (int64_t)m->out->added.count + 1);
    }
    if (!code && !jc_register_reindex(m->reg))
        code = jc_fail_memory(m->err);
    char number[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(change->amount, number), count_added(m, before)};
    return code ? code : jc_scenario_note_add(m, JC_MSG_SCENARIO_ADDED, args, 2);
}

static enum jc_code change_lead_team(struct jc_scenario_maker *m, const struct jc_change *change) {
    int team = 0;
    int64_t index = jc_index_find(m->reg->unit_index, change->id, -1);
    enum jc_code code = jc_scenario_find_team(m, change->team, &team);
    if (code || index < 0)
        return code ? code : unknown(m, JC_MSG_SCENARIO_UNIT_UNKNOWN, change->id);
    const Jc__Unit *old = m->reg->units[index];
    if (jc_scenario_has(old->lead_teams, old->n_lead_teams, change->team))
        return JC_OK;
    Jc__Unit *unit = JC_SCENARIO_OWN(m, m->reg->units[index]);
    char **teams = JC_NEW_ARRAY(m->arena, old->n_lead_teams + 1, char *);
    if (!unit || !teams)
        return jc_fail_memory(m->err);
    for (size_t i = 0; i < old->n_lead_teams; i++)
        teams[i] = old->lead_teams[i];
    teams[old->n_lead_teams] = m->reg->teams[team]->team_id;
    unit->lead_teams = teams;
    unit->n_lead_teams++;
    return jc_scenario_note_add(m, JC_MSG_SCENARIO_LEAD,
                                (struct jc_str[]){jc_str(unit->name), jc_str(m->reg->teams[team]->name)}, 2);
}

static enum jc_code change_quota(struct jc_scenario_maker *m, const struct jc_change *change) {
    int64_t index = jc_index_find(m->reg->quota_index, change->id, -1);
    if (index < 0)
        return unknown(m, JC_MSG_SCENARIO_QUOTA_UNKNOWN, change->id);
    Jc__Quota *quota = JC_SCENARIO_OWN(m, m->reg->quotas[index]);
    if (!quota)
        return jc_fail_memory(m->err);
    quota->months = change->months;
    return jc_scenario_note_add(m, JC_MSG_SCENARIO_QUOTA, (struct jc_str[]){change->id}, 1);
}

/* --- all of it --------------------------------------------------------------------------------------- */

enum jc_code jc_scenario_make(const struct jc_register *reg, const Jc__Plan *kept, const struct jc_change *changes,
                              size_t n_changes, struct jc_arena *arena, struct jc_scenario *out, struct jc_err *err) {
    static enum jc_code (*const apply[])(struct jc_scenario_maker *, const struct jc_change *) = {
        [JC_CHANGE_HEADCOUNT] = change_headcount,
        [JC_CHANGE_BUDGET] = change_budget,
        [JC_CHANGE_RULE] = change_rule,
        [JC_CHANGE_ADD_UNITS] = change_add_units,
        [JC_CHANGE_DROP_TEAM] = jc_scenario_drop_team,
        [JC_CHANGE_LEAD_TEAM] = change_lead_team,
        [JC_CHANGE_QUOTA_MONTHS] = change_quota,
    };
    *out = (struct jc_scenario){.reg = jc_register_copy(reg, arena), .kept = kept};
    struct jc_scenario_maker m = {.arena = arena, .err = err, .out = out, .reg = out->reg};
    enum jc_code code = m.reg ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; !code && i < n_changes; i++) {
        struct jc_change change = changes[i];
        code = take_names(&m, &change);
        if (!code)
            code = apply[change.kind](&m, &change);
    }
    return code;
}
