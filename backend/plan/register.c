/* Seven lists, the calendar and five indexes. Cost: one pass over the register; 100,000 units take
 * about 100 MB of the arena. */
#include "plan/register.h"

#include <stdlib.h>
#include <string.h>

#include "store/agency.h"

static enum jc_code load_lists(struct jc_tx *tx, int64_t agency_id, struct jc_register *reg, struct jc_err *err) {
    struct jc_arena *arena = reg->arena;
    enum jc_code code = jc_team_list(tx, agency_id, arena, &reg->teams, &reg->n_teams, err);
    if (!code)
        code = jc_rule_list(tx, agency_id, arena, &reg->rules, &reg->n_rules, err);
    if (!code)
        code = jc_unit_list(tx, agency_id, arena, &reg->units, &reg->n_units, err);
    if (!code)
        code = jc_draw_list(tx, agency_id, arena, &reg->draws, &reg->n_draws, err);
    if (!code)
        code = jc_quota_list(tx, agency_id, arena, &reg->quotas, &reg->n_quotas, err);
    return code;
}

static enum jc_code load_budgets(struct jc_tx *tx, int64_t agency_id, struct jc_register *reg, struct jc_err *err) {
    enum jc_code code = jc_workday_line_list(tx, agency_id, reg->arena, &reg->lines, &reg->n_lines, err);
    reg->budgets = JC_NEW_ARRAY(reg->arena, reg->n_teams + 1, struct jc_team_budget);
    if (!code && !reg->budgets)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < reg->n_teams; i++)
        code = jc_month_budget(tx, agency_id, jc_str(reg->teams[i]->team_id), &reg->budgets[i].stated,
                               reg->budgets[i].centi, err);
    return code;
}

static enum jc_code load_calendar(struct jc_tx *tx, struct jc_register *reg, struct jc_err *err) {
    enum jc_code code = jc_calendar_load(tx, reg->arena, &reg->calendar, err);
    if (code)
        return code;
    if (!jc_calendar_knows(reg->calendar, reg->year)) {
        char number[JC_NUMBER_TEXT];
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_CALENDAR_UNKNOWN, jc_str_from_int64(reg->year, number),
                       jc_calendar_years(reg->calendar, reg->arena));
    }
    for (int month = 1; month <= 12; month++) {
        reg->month_days[month - 1] = jc_calendar_month(reg->calendar, reg->year, month);
        reg->year_days += reg->month_days[month - 1];
    }
    return JC_OK;
}

bool jc_register_reindex(struct jc_register *reg) {
    reg->team_index = jc_index_new(reg->arena, reg->n_teams);
    reg->rule_index = jc_index_new(reg->arena, reg->n_rules);
    reg->unit_index = jc_index_new(reg->arena, reg->n_units);
    reg->draw_index = jc_index_new(reg->arena, reg->n_draws);
    reg->quota_index = jc_index_new(reg->arena, reg->n_quotas);
    if (!reg->team_index || !reg->rule_index || !reg->unit_index || !reg->draw_index || !reg->quota_index)
        return false;
    for (size_t i = 0; i < reg->n_teams; i++)
        *jc_index_at(reg->team_index, jc_str(reg->teams[i]->team_id), NULL) = (int64_t)i;
    for (size_t i = 0; i < reg->n_rules; i++)
        *jc_index_at(reg->rule_index, jc_str(reg->rules[i]->rule_id), NULL) = (int64_t)i;
    for (size_t i = 0; i < reg->n_units; i++)
        *jc_index_at(reg->unit_index, jc_str(reg->units[i]->unit_id), NULL) = (int64_t)i;
    for (size_t i = 0; i < reg->n_draws; i++)
        *jc_index_at(reg->draw_index, jc_str(reg->draws[i]->draw_id), NULL) = (int64_t)i;
    for (size_t i = 0; i < reg->n_quotas; i++)
        *jc_index_at(reg->quota_index, jc_str(reg->quotas[i]->quota_id), NULL) = (int64_t)i;
    return true;
}

enum jc_code jc_register_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_register **out,
                              struct jc_err *err) {
    struct jc_register *reg = JC_NEW(arena, struct jc_register);
    if (!reg)
        return jc_fail_memory(err);
    reg->arena = arena;
    enum jc_code code = jc_agency_get(tx, agency_id, arena, &reg->agency, err);
    if (!code && reg->agency->agency_id[0] == '\0')
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REGISTER_EMPTY);
    if (code)
        return code;
    reg->year = reg->agency->year;
    code = load_lists(tx, agency_id, reg, err);
    if (!code)
        code = load_budgets(tx, agency_id, reg, err);
    if (!code)
        code = load_calendar(tx, reg, err);
    if (!code && !jc_register_reindex(reg))
        code = jc_fail_memory(err);
    if (!code)
        *out = reg;
    return code;
}

struct jc_register *jc_register_copy(const struct jc_register *reg, struct jc_arena *arena) {
    struct jc_register *copy = JC_NEW(arena, struct jc_register);
    if (!copy)
        return NULL;
    *copy = *reg;
    copy->arena = arena;
    copy->teams = jc_arena_clone(arena, reg->teams, reg->n_teams, sizeof(Jc__Team *));
    copy->rules = jc_arena_clone(arena, reg->rules, reg->n_rules, sizeof(Jc__Rule *));
    copy->units = jc_arena_clone(arena, reg->units, reg->n_units, sizeof(Jc__Unit *));
    copy->draws = jc_arena_clone(arena, reg->draws, reg->n_draws, sizeof(Jc__Draw *));
    copy->quotas = jc_arena_clone(arena, reg->quotas, reg->n_quotas, sizeof(Jc__Quota *));
    copy->budgets = jc_arena_clone(arena, reg->budgets, reg->n_teams, sizeof(struct jc_team_budget));
    bool whole = copy->teams && copy->rules && copy->units && copy->draws && copy->quotas && copy->budgets;
    return whole ? copy : NULL;
}

int jc_register_team(const struct jc_register *reg, const char *team_id) {
    return (int)jc_index_find(reg->team_index, jc_str(team_id), -1);
}

int jc_register_rule(const struct jc_register *reg, const char *rule_id) {
    return (int)jc_index_find(reg->rule_index, jc_str(rule_id), -1);
}

int jc_register_unit(const struct jc_register *reg, const char *unit_id) {
    return (int)jc_index_find(reg->unit_index, jc_str(unit_id), -1);
}

int jc_register_draw(const struct jc_register *reg, const char *draw_id) {
    return (int)jc_index_find(reg->draw_index, jc_str(draw_id), -1);
}

int jc_register_quota(const struct jc_register *reg, const char *quota_id) {
    return (int)jc_index_find(reg->quota_index, jc_str(quota_id), -1);
}

int jc_rule_due(const Jc__Rule *rule, const Jc__Unit *unit, int year) {
    if (rule->cycle_years <= 1)
        return rule->visits;
    int last = atoi(unit->last_visit); /* YYYY-MM; 0 if empty */
    return last == 0 || year - last >= rule->cycle_years ? rule->visits : 0;
}
