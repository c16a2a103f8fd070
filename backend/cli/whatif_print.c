/* Two plans side by side: their tiers and cost, then the teams, then what the change makes short or
 * whole. Every figure is the referee's measure of a side. */
#include "cli/whatif_print.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_out.h"
#include "cli/plan_json.h"
#include "cli/plan_print.h"
#include "cli/shortfall_print.h"
#include "plan/shortfall.h"

/* --- figures ------------------------------------------------------------------------------------------- */

/* A side's figures, of a team or of all. */
struct figures {
    int64_t headcount, visits, workdays_centi, over_centi;
    int64_t limit_centi; /* the year's; -1: none */
};

static struct figures team_figures(const struct jc_whatif_side *side, size_t team) {
    const Jc__Problem *p = side->pp.problem;
    struct figures f = {.headcount = side->pp.reg->teams[team]->headcount,
                        .limit_centi = p->teams[team]->year_limit_centi};
    for (int month = 0; month <= 12; month++)
        f.over_centi += jc_measure_over(p, &side->measure, (int)team, month);
    for (int month = 0; month < 12; month++)
        f.workdays_centi += side->measure.load_centi[team * 12 + (size_t)month];
    for (size_t i = 0; i < side->plan->n_visits; i++)
        f.visits += strcmp(side->plan->visits[i]->lead_team, p->teams[team]->team_id) == 0;
    return f;
}

static struct figures all_figures(const struct jc_whatif_side *side) {
    struct figures all = {.visits = side->measure.visits, .limit_centi = -1};
    for (size_t t = 0; t < side->pp.problem->n_teams; t++) {
        struct figures f = team_figures(side, t);
        all.headcount += f.headcount;
        all.workdays_centi += f.workdays_centi;
        all.over_centi += f.over_centi;
    }
    return all;
}

static bool same_figures(const struct figures *a, const struct figures *b) {
    return a->headcount == b->headcount && a->visits == b->visits && a->workdays_centi == b->workdays_centi &&
           a->over_centi == b->over_centi && a->limit_centi == b->limit_centi;
}

/* Where a side's plan comes from. */
static const struct {
    const char *name;
    enum jc_msg words;
} SOURCES[] = {
    [JC_WHATIF_SOLVED] = {"solved", JC_MSG_WHATIF_SOLVED},
    [JC_WHATIF_STORED] = {"stored", JC_MSG_WHATIF_STORED},
    [JC_WHATIF_IMPROVED] = {"improved", JC_MSG_WHATIF_IMPROVED},
};

/* --- sentences ----------------------------------------------------------------------------------------- */

static struct jc_str words(const struct jc_cli *cli, enum jc_msg what, const struct jc_str *args, size_t count) {
    struct jc_buf text;
    jc_buf_init(&text, 1 << 21);
    jc_msg_render(&text, cli->lang, what, args, count);
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

static struct jc_str note_text(const struct jc_cli *cli, const struct jc_scenario_note *note) {
    return words(cli, note->what, note->args, sizeof(note->args) / sizeof(*note->args));
}

static struct jc_str shortfall_words(const struct jc_cli *cli, const struct jc_whatif_side *side, size_t i) {
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_shortfall_text(&text, cli->lang, side->pp.reg, side->plan->shortfalls[i]);
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

/* By team and month, unit or quota, whatever the amount. */
static int by_subject(const void *a, const void *b) {
    const Jc__Shortfall *x = *(Jc__Shortfall *const *)a, *y = *(Jc__Shortfall *const *)b;
    int order = strcmp(x->unit_id, y->unit_id);
    order = order ? order : strcmp(x->team_id, y->team_id);
    order = order ? order : strcmp(x->quota_id, y->quota_id);
    return order ? order : (x->month > y->month) - (x->month < y->month);
}

/* A plan's shortfalls in that order; NULL without memory. */
static Jc__Shortfall **sort_shortfalls(const struct jc_cli *cli, const Jc__Plan *plan) {
    Jc__Shortfall **sorted = JC_NEW_ARRAY(cli->arena, plan->n_shortfalls + 1, Jc__Shortfall *);
    for (size_t i = 0; sorted && i < plan->n_shortfalls; i++)
        sorted[i] = plan->shortfalls[i];
    if (sorted && plan->n_shortfalls)
        qsort(sorted, plan->n_shortfalls, sizeof *sorted, by_subject);
    return sorted;
}

/* The shortfall of the same subject; NULL: none. */
static const Jc__Shortfall *find_shortfall(Jc__Shortfall *const *sorted, const Jc__Plan *plan,
                                           const Jc__Shortfall *of) {
    Jc__Shortfall *const *found =
        plan->n_shortfalls ? bsearch(&of, sorted, plan->n_shortfalls, sizeof *sorted, by_subject) : NULL;
    return found ? *found : NULL;
}

/* A heading in front of the first line. */
static void print_line(struct jc_cli *cli, enum jc_msg heading, bool *any, struct jc_str line) {
    if (!*any)
        jc_cli_say(cli, heading, NULL, 0);
    *any = true;
    jc_buf_add(&cli->out, JC_STR("  "));
    jc_buf_add(&cli->out, line);
    jc_buf_char(&cli->out, '\n');
}

/* Shortfalls of one side that the other does not have. */
static void print_shortfalls(struct jc_cli *cli, const struct jc_whatif_side *side, const struct jc_whatif_side *other,
                             enum jc_msg heading) {
    bool any = false;
    Jc__Shortfall **others = sort_shortfalls(cli, other->plan);
    for (size_t i = 0; others && i < side->plan->n_shortfalls; i++)
        if (!find_shortfall(others, other->plan, side->plan->shortfalls[i]))
            print_line(cli, heading, &any, shortfall_words(cli, side, i));
}

/* Shortfalls of both sides whose amounts differ. */
static void print_altered(struct jc_cli *cli, const struct jc_whatif *w) {
    char number[JC_NUMBER_TEXT];
    bool any = false;
    Jc__Shortfall **before = sort_shortfalls(cli, w->present.plan);
    for (size_t i = 0; before && i < w->changed.plan->n_shortfalls; i++) {
        const Jc__Shortfall *now = w->changed.plan->shortfalls[i];
        const Jc__Shortfall *was = find_shortfall(before, w->present.plan, now);
        if (!was || was->amount_centi == now->amount_centi)
            continue;
        struct jc_str args[] = {shortfall_words(cli, &w->changed, i), jc_str_from_centi(was->amount_centi, number)};
        print_line(cli, JC_MSG_WHATIF_ALTERED_SHORT, &any, words(cli, JC_MSG_WHATIF_WAS, args, 2));
    }
}

/* --- tables -------------------------------------------------------------------------------------------- */

static const struct jc_column TOTAL_COLUMNS[] = {
    {"figure", JC_MSG_COL_FIGURE, false},
    {"present", JC_MSG_COL_PRESENT, true},
    {"changed", JC_MSG_COL_CHANGED, true},
    {"difference", JC_MSG_COL_MORE_OR_LESS, true},
};

/* "+3", "-0.5", "0". */
static struct jc_str signed_text(struct jc_arena *arena, int64_t number, struct jc_str text) {
    return number > 0 ? jc_arena_printf(arena, "+%.*s", JC_FMT(text)) : text;
}

static void centi_row(struct jc_table *table, struct jc_cli *cli, enum jc_msg name, int64_t present, int64_t changed) {
    char text[JC_NUMBER_TEXT];
    jc_table_text(table, jc_msg_text(name, cli->lang));
    jc_table_centi(table, present);
    jc_table_centi(table, changed);
    jc_table_text(table, signed_text(cli->arena, changed - present, jc_str_from_centi(changed - present, text)));
}

static void count_row(struct jc_table *table, struct jc_cli *cli, enum jc_msg name, int64_t present, int64_t changed) {
    centi_row(table, cli, name, present * 100, changed * 100);
}

static void cost_rows(struct jc_table *table, struct jc_cli *cli, const Jc__SolveSummary *present,
                      const Jc__SolveSummary *changed) {
    int64_t more = changed->cost_e5 - present->cost_e5;
    jc_table_text(table, jc_msg_text(JC_MSG_WHATIF_COST, cli->lang));
    jc_table_text(table, jc_cost_text(cli->arena, present->cost_e5));
    jc_table_text(table, jc_cost_text(cli->arena, changed->cost_e5));
    jc_table_text(table, more < 0 ? jc_arena_printf(cli->arena, "-%.*s", JC_FMT(jc_cost_text(cli->arena, -more)))
                                  : signed_text(cli->arena, more, jc_cost_text(cli->arena, more)));
    const Jc__SolveSummary *sides[] = {present, changed};
    jc_table_text(table, jc_msg_text(JC_MSG_WHATIF_BOUND, cli->lang));
    for (int i = 0; i < 2; i++) {
        struct jc_str gap = jc_gap_text(cli->arena, sides[i]->cost_e5, sides[i]->bound_e5, sides[i]->tiers_settled);
        if (gap.len)
            jc_table_text(table, jc_arena_printf(cli->arena, "%.*s (%.*s)",
                                                 JC_FMT(jc_cost_text(cli->arena, sides[i]->bound_e5)), JC_FMT(gap)));
        else
            jc_table_null(table);
    }
    jc_table_null(table);
}

static enum jc_code print_totals(struct jc_cli *cli, const struct jc_whatif *w, struct jc_err *err) {
    const Jc__SolveSummary *a = w->present.plan->solve, *b = w->changed.plan->solve;
    struct figures present = all_figures(&w->present), changed = all_figures(&w->changed);
    struct jc_table *table =
        jc_table_new(cli->arena, "totals", TOTAL_COLUMNS, sizeof(TOTAL_COLUMNS) / sizeof(*TOTAL_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    count_row(table, cli, JC_MSG_WHATIF_UNSERVED, a->unserved, b->unserved);
    centi_row(table, cli, JC_MSG_WHATIF_OVER, a->over_centi, b->over_centi);
    count_row(table, cli, JC_MSG_WHATIF_QUOTA, a->quota, b->quota);
    cost_rows(table, cli, a, b);
    count_row(table, cli, JC_MSG_COL_VISITS, present.visits, changed.visits);
    centi_row(table, cli, JC_MSG_COL_PLANNED_WORKDAYS, present.workdays_centi, changed.workdays_centi);
    count_row(table, cli, JC_MSG_WHATIF_OPENINGS, w->present.measure.openings, w->changed.measure.openings);
    count_row(table, cli, JC_MSG_COL_HEADCOUNT, present.headcount, changed.headcount);
    return jc_table_print(table, cli, err);
}

static const struct jc_column TEAM_COLUMNS[] = {
    {"team_id", JC_MSG_COL_TEAM, false},
    {"name", JC_MSG_COL_TEAM_NAME, false},
    {"present_headcount", JC_MSG_COL_HEADCOUNT, true},
    {"changed_headcount", JC_MSG_COL_CHANGED, true},
    {"present_limit", JC_MSG_COL_YEAR_LIMIT, true},
    {"changed_limit", JC_MSG_COL_CHANGED, true},
    {"present_visits", JC_MSG_COL_VISITS, true},
    {"changed_visits", JC_MSG_COL_CHANGED, true},
    {"present_workdays", JC_MSG_COL_PLANNED_WORKDAYS, true},
    {"changed_workdays", JC_MSG_COL_CHANGED, true},
    {"present_over", JC_MSG_WHATIF_OVER, true},
    {"changed_over", JC_MSG_COL_CHANGED, true},
};

static void limit_cell(struct jc_table *table, int64_t centi) {
    if (centi < 0)
        jc_table_null(table);
    else
        jc_table_centi(table, centi);
}

static void team_row(struct jc_table *table, struct jc_str id, struct jc_str name, const struct figures *a,
                     const struct figures *b) {
    jc_table_text(table, id);
    jc_table_text(table, name);
    jc_table_int(table, a->headcount);
    jc_table_int(table, b->headcount);
    limit_cell(table, a->limit_centi);
    limit_cell(table, b->limit_centi);
    jc_table_int(table, a->visits);
    jc_table_int(table, b->visits);
    jc_table_centi(table, a->workdays_centi);
    jc_table_centi(table, b->workdays_centi);
    jc_table_centi(table, a->over_centi);
    jc_table_centi(table, b->over_centi);
}

/* The teams; for people only those that differ. */
static enum jc_code print_teams(struct jc_cli *cli, const struct jc_whatif *w, struct jc_err *err) {
    bool people = cli->format == JC_FORMAT_TABLE;
    struct jc_table *table =
        jc_table_new(cli->arena, "whatif", TEAM_COLUMNS, sizeof(TEAM_COLUMNS) / sizeof(*TEAM_COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (size_t t = 0; t < w->present.pp.reg->n_teams; t++) {
        struct figures a = team_figures(&w->present, t), b = team_figures(&w->changed, t);
        const Jc__Team *team = w->present.pp.reg->teams[t];
        if (!people || !same_figures(&a, &b))
            team_row(table, jc_str(team->team_id),
                     people ? jc_table_name(cli->arena, jc_str(team->name)) : jc_str(team->name), &a, &b);
    }
    if (people && !jc_table_rows(table)) {
        jc_cli_say(cli, JC_MSG_WHATIF_TEAMS_SAME, NULL, 0);
        return JC_OK;
    }
    return jc_table_print(table, cli, err);
}

static enum jc_code print_for_people(struct jc_cli *cli, const struct jc_whatif *w, struct jc_err *err) {
    char version[JC_NUMBER_TEXT];
    for (size_t i = 0; i < w->scenario.notes.count; i++) {
        jc_buf_add(&cli->out, note_text(cli, &w->scenario.notes.items[i]));
        jc_buf_char(&cli->out, '\n');
    }
    jc_buf_char(&cli->out, '\n');
    enum jc_code code = print_totals(cli, w, err);
    jc_buf_char(&cli->out, '\n');
    if (!code)
        code = print_teams(cli, w, err);
    if (code)
        return code;
    jc_buf_char(&cli->out, '\n');
    print_shortfalls(cli, &w->changed, &w->present, JC_MSG_WHATIF_NEW_SHORT);
    print_altered(cli, w);
    print_shortfalls(cli, &w->present, &w->changed, JC_MSG_WHATIF_GONE_SHORT);
    struct jc_str args[] = {jc_str_from_int64(w->version, version)};
    jc_cli_say(cli, SOURCES[w->present.source].words, args, 1);
    return JC_OK;
}

/* --- JSON ---------------------------------------------------------------------------------------------- */

static json_t *figures_json(const struct figures *f) {
    return json_pack("{s:I, s:o, s:I, s:o, s:o}", "headcount", (json_int_t)f->headcount, "limit",
                     f->limit_centi < 0 ? json_null() : jc_centi_json(f->limit_centi), "visits", (json_int_t)f->visits,
                     "workdays", jc_centi_json(f->workdays_centi), "over", jc_centi_json(f->over_centi));
}

static json_t *ids_json(const struct jc_scenario_ids *ids) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < ids->count; i++)
        json_array_append_new(list, json_stringn(ids->items[i].ptr, ids->items[i].len));
    return list;
}

static json_t *side_json(const struct jc_cli *cli, const struct jc_whatif_side *side) {
    struct figures all = all_figures(side);
    return json_pack("{s:o, s:s, s:I, s:o, s:I, s:I, s:o, s:o}", "solve", jc_solve_json(side->plan->solve), "source",
                     SOURCES[side->source].name, "visits", (json_int_t)all.visits, "workdays",
                     jc_centi_json(all.workdays_centi), "openings", (json_int_t)side->measure.openings, "headcount",
                     (json_int_t)all.headcount, "shortfalls", jc_shortfalls_json(cli, side->plan, side->pp.reg),
                     "coverage", jc_coverage_json(cli, side->plan->coverage, side->pp.reg));
}

static json_t *difference_json(const struct jc_whatif *w) {
    const Jc__SolveSummary *a = w->present.plan->solve, *b = w->changed.plan->solve;
    struct figures present = all_figures(&w->present), changed = all_figures(&w->changed);
    return json_pack("{s:I, s:o, s:I, s:o, s:I, s:o}", "unserved", (json_int_t)(b->unserved - a->unserved), "over",
                     jc_centi_json(b->over_centi - a->over_centi), "quota", (json_int_t)(b->quota - a->quota), "cost",
                     jc_e5_json(b->cost_e5 - a->cost_e5), "visits", (json_int_t)(changed.visits - present.visits),
                     "workdays", jc_centi_json(changed.workdays_centi - present.workdays_centi));
}

static enum jc_code print_json(struct jc_cli *cli, const struct jc_whatif *w, struct jc_err *err) {
    json_t *notes = json_array(), *teams = json_array();
    for (size_t i = 0; notes && i < w->scenario.notes.count; i++) {
        struct jc_str text = note_text(cli, &w->scenario.notes.items[i]);
        json_array_append_new(notes, json_stringn(text.ptr, text.len));
    }
    for (size_t t = 0; teams && t < w->present.pp.reg->n_teams; t++) {
        struct figures a = team_figures(&w->present, t), b = team_figures(&w->changed, t);
        const Jc__Team *team = w->present.pp.reg->teams[t];
        json_array_append_new(teams, json_pack("{s:s, s:s, s:o, s:o}", "team_id", team->team_id, "name", team->name,
                                               "present", figures_json(&a), "changed", figures_json(&b)));
    }
    const struct jc_scenario *s = &w->scenario;
    json_t *root =
        json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version", w->version, "changes",
                  notes, "present", side_json(cli, &w->present), "changed", side_json(cli, &w->changed), "difference",
                  difference_json(w), "whatif", teams, "added", ids_json(&s->added), "moved", ids_json(&s->moved),
                  "nobody", ids_json(&s->nobody), "stayed", ids_json(&s->stayed), "alone", ids_json(&s->alone), "draws",
                  ids_json(&s->draws));
    return jc_print_json(cli, root, err);
}

enum jc_code jc_whatif_print(struct jc_cli *cli, const struct jc_whatif *whatif, struct jc_err *err) {
    if (cli->format == JC_FORMAT_JSON)
        return print_json(cli, whatif, err);
    if (cli->format == JC_FORMAT_CSV)
        return print_teams(cli, whatif, err);
    return print_for_people(cli, whatif, err);
}
