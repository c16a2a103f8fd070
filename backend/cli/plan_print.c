/* How a plan is shown: tables carry names instead of identifiers where people read them. */
#include "cli/plan_print.h"

#include <string.h>

#include "cli/plan_json.h"

static const enum jc_msg PLAN_STATUS_WORD[] = {JC_MSG_NONE, JC_MSG_PLAN_DRAFT, JC_MSG_PLAN_APPROVED,
                                               JC_MSG_PLAN_SUPERSEDED};
static const enum jc_msg SOLVE_STATUS_WORD[] = {JC_MSG_NONE, JC_MSG_SOLVE_OPTIMAL, JC_MSG_SOLVE_FEASIBLE,
                                                JC_MSG_SOLVE_CANCELLED, JC_MSG_SOLVE_BROKEN_OFF};
static const enum jc_msg VISIT_STATUS_WORD[] = {JC_MSG_NONE, JC_MSG_VISIT_PLANNED, JC_MSG_VISIT_IS_RELEASED,
                                                JC_MSG_VISIT_DONE};

/* --- words ------------------------------------------------------------------------------------------------- */

struct jc_str jc_cost_text(struct jc_arena *arena, int64_t cost_e5) {
    int64_t tenths = (cost_e5 + 5000) / 10000;
    return jc_arena_printf(arena, "%lld.%lld", (long long)(tenths / 10), (long long)(tenths % 10));
}

struct jc_str jc_gap_text(struct jc_arena *arena, int64_t cost_e5, int64_t bound_e5, bool settled) {
    if (!settled)
        return JC_STR("");
    int64_t permille = cost_e5 ? ((cost_e5 - bound_e5) * 1000 + cost_e5 / 2) / cost_e5 : 0;
    return jc_arena_printf(arena, "%lld.%lld %%", (long long)(permille / 10), (long long)(permille % 10));
}

static void line(struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count) {
    jc_msg_render(&cli->out, cli->lang, what, args, count);
    jc_buf_char(&cli->out, '\n');
}

void jc_print_solve(struct jc_cli *cli, const Jc__SolveSummary *s) {
    char unserved[JC_NUMBER_TEXT], over[JC_NUMBER_TEXT], quota[JC_NUMBER_TEXT];
    struct jc_str tiers[] = {jc_str_from_int64(s->unserved, unserved), jc_str_from_centi(s->over_centi, over),
                             jc_str_from_int64(s->quota, quota)};
    line(cli, JC_MSG_SOLVE_TIERS, tiers, 3);
    struct jc_str gap = jc_gap_text(cli->arena, s->cost_e5, s->bound_e5, s->tiers_settled);
    struct jc_str cost[] = {jc_msg_text(SOLVE_STATUS_WORD[s->status], cli->lang), jc_cost_text(cli->arena, s->cost_e5),
                            jc_cost_text(cli->arena, s->bound_e5), gap};
    line(cli, gap.len ? JC_MSG_SOLVE_COST : JC_MSG_SOLVE_COST_ALONE, cost, 4);
}

/* --- months ------------------------------------------------------------------------------------------------- */

static const struct jc_column MONTH_COLUMNS[] = {
    {"team_id", JC_MSG_COL_TEAM, false}, {"m1", JC_MSG_COL_M1, true},       {"m2", JC_MSG_COL_M2, true},
    {"m3", JC_MSG_COL_M3, true},         {"m4", JC_MSG_COL_M4, true},       {"m5", JC_MSG_COL_M5, true},
    {"m6", JC_MSG_COL_M6, true},         {"m7", JC_MSG_COL_M7, true},       {"m8", JC_MSG_COL_M8, true},
    {"m9", JC_MSG_COL_M9, true},         {"m10", JC_MSG_COL_M10, true},     {"m11", JC_MSG_COL_M11, true},
    {"m12", JC_MSG_COL_M12, true},       {"total", JC_MSG_COL_TOTAL, true}, {"budget", JC_MSG_COL_YEAR_LIMIT, true},
};

/* What a team has in a month: visits led and joined, and workdays booked. */
struct month_load {
    int64_t visits, centi;
};

static void add_load(struct month_load *loads, const struct jc_register *reg, const char *team_id, int month,
                     int64_t work_centi) {
    int team = jc_register_team(reg, team_id);
    if (team < 0 || month < 1 || month > 12)
        return;
    loads[team * 12 + month - 1].visits++;
    loads[team * 12 + month - 1].centi += work_centi;
}

/* "30 (3)": workdays and visits; nothing for an empty month. */
static void load_cell(struct jc_table *table, struct jc_arena *arena, struct month_load load) {
    char number[JC_NUMBER_TEXT];
    jc_str_from_centi(load.centi, number);
    if (load.visits)
        jc_table_text(table, jc_arena_printf(arena, "%s (%lld)", number, (long long)load.visits));
    else
        jc_table_null(table);
}

static void months_row(struct jc_table *table, struct jc_cli *cli, struct jc_str name, const struct month_load *loads,
                       int64_t limit_centi) {
    struct month_load total = {0};
    for (int m = 0; m < 12; m++) {
        total.visits += loads[m].visits;
        total.centi += loads[m].centi;
    }
    if (!total.visits)
        return;
    jc_table_text(table, name);
    for (int m = 0; m < 12; m++)
        load_cell(table, cli->arena, loads[m]);
    load_cell(table, cli->arena, total);
    if (limit_centi >= 0)
        jc_table_centi(table, limit_centi);
    else
        jc_table_null(table);
}

enum jc_code jc_print_plan_months(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                  struct jc_err *err) {
    struct month_load *loads = JC_NEW_ARRAY(cli->arena, (reg->n_teams + 1) * 12, struct month_load), all[12] = {0};
    struct jc_table *table =
        jc_table_new(cli->arena, "months", MONTH_COLUMNS, sizeof(MONTH_COLUMNS) / sizeof(*MONTH_COLUMNS));
    if (!loads || !table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < plan->n_visits; i++) {
        const Jc__Visit *v = plan->visits[i];
        add_load(loads, reg, v->lead_team, v->month, (int64_t)v->persons * v->days_centi);
        all[v->month - 1].visits++;
        for (size_t k = 0; k < v->n_joined; k++)
            add_load(loads, reg, v->joined[k]->team_id, v->month,
                     (int64_t)v->joined[k]->persons * v->joined[k]->days_centi);
    }
    for (size_t t = 0; t < reg->n_teams; t++) {
        for (int m = 0; m < 12; m++)
            all[m].centi += loads[t * 12 + (size_t)m].centi;
        months_row(table, cli, jc_str(reg->teams[t]->name), loads + t * 12, reg->teams[t]->supervision_centi);
    }
    months_row(table, cli, jc_msg_text(JC_MSG_PLAN_ALL_TEAMS, cli->lang), all, -1);
    return jc_table_print(table, cli, err);
}

/* --- visits ------------------------------------------------------------------------------------------------- */

static const struct jc_column VISIT_COLUMNS[] = {
    {"visit_id", JC_MSG_COL_VISIT, false},       {"month", JC_MSG_COL_MONTH, true},
    {"lead_team", JC_MSG_COL_LEAD_TEAM, false},  {"unit_id", JC_MSG_COL_UNIT, false},
    {"draw_id", JC_MSG_COL_DRAW, false},         {"rule_id", JC_MSG_COL_RULE, false},
    {"persons", JC_MSG_COL_PERSONS, true},       {"days", JC_MSG_COL_VISIT_DAYS, true},
    {"joined", JC_MSG_COL_JOINED, false},        {"mode", JC_MSG_COL_MODE, false},
    {"status", JC_MSG_COL_STATUS, false},        {"pinned", JC_MSG_COL_PINNED, false},
    {"forced_reason", JC_MSG_COL_FORCED, false},
};

static struct jc_str unit_cell(const struct jc_cli *cli, const struct jc_register *reg, const Jc__Visit *v) {
    int unit = jc_register_unit(reg, v->unit_id);
    if (cli->format != JC_FORMAT_TABLE)
        return jc_str(v->unit_id);
    if (!*v->unit_id)
        return jc_msg_text(JC_MSG_VISIT_UNDRAWN, cli->lang);
    return jc_str(unit >= 0 ? reg->units[unit]->name : v->unit_id);
}

static struct jc_str team_cell(const struct jc_cli *cli, const struct jc_register *reg, const char *team_id) {
    int team = jc_register_team(reg, team_id);
    return jc_str(cli->format == JC_FORMAT_TABLE && team >= 0 ? reg->teams[team]->name : team_id);
}

static struct jc_str joined_cell(const struct jc_cli *cli, const struct jc_register *reg, const Jc__Visit *v) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    for (size_t i = 0; i < v->n_joined; i++) {
        if (i)
            jc_buf_char(&text, ';');
        jc_buf_add(&text, team_cell(cli, reg, v->joined[i]->team_id));
    }
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

static void visit_row(struct jc_table *table, const struct jc_cli *cli, const struct jc_register *reg,
                      const Jc__Visit *v) {
    bool words = cli->format == JC_FORMAT_TABLE, remote = v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE;
    jc_table_text(table, jc_str(v->visit_id));
    jc_table_int(table, v->month);
    jc_table_text(table, team_cell(cli, reg, v->lead_team));
    jc_table_text(table, unit_cell(cli, reg, v));
    jc_table_text(table, jc_str(v->draw_id));
    jc_table_text(table, jc_str(v->rule_id));
    jc_table_int(table, v->persons);
    jc_table_centi(table, v->days_centi);
    jc_table_text(table, joined_cell(cli, reg, v));
    jc_table_text(table, !words   ? jc_str(remote ? "remote" : "onsite")
                         : remote ? jc_msg_text(JC_MSG_VISIT_REMOTE, cli->lang)
                                  : jc_msg_text(JC_MSG_VISIT_ONSITE, cli->lang));
    jc_table_text(table, words ? jc_msg_text(VISIT_STATUS_WORD[v->status], cli->lang)
                               : jc_str(jc_visit_status_code(v->status)));
    jc_table_bool(table, v->pinned);
    jc_table_text(table, jc_str(v->forced_reason));
}

void jc_print_plan_head(struct jc_cli *cli, const Jc__Plan *plan) {
    char version[JC_NUMBER_TEXT], year[JC_NUMBER_TEXT];
    struct jc_str args[] = {jc_str_from_int64(plan->year, year), jc_str_from_int64(plan->version, version),
                            jc_msg_text(PLAN_STATUS_WORD[plan->status], cli->lang), jc_str(plan->document_no)};
    line(cli, *plan->document_no ? JC_MSG_PLAN_HEAD_APPROVED : JC_MSG_PLAN_HEAD, args, 4);
}

enum jc_code jc_print_visits(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                             struct jc_err *err) {
    struct jc_table *table =
        jc_table_new(cli->arena, "visits", VISIT_COLUMNS, sizeof(VISIT_COLUMNS) / sizeof(*VISIT_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < plan->n_visits; i++)
        visit_row(table, cli, reg, plan->visits[i]);
    return jc_table_print(table, cli, err);
}
