/* jiancha budget: workdays there are and workdays the plan needs, by team, year and month. */
#include "plan/budget.h"

#include <string.h>

#include "cli/table.h"

const struct jc_command jc_cmd_budget;

struct work {
    struct jc_cli *cli;
    struct jc_budget budget;
};

static enum jc_code load(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    struct jc_register *reg;
    enum jc_code code = jc_register_load(tx, work->cli->agency_id, work->cli->arena, &reg, err);
    return code ? code : jc_budget_make(reg, &work->budget, err);
}

static void centi_cell(struct jc_table *table, int64_t centi) {
    if (centi == JC_BUDGET_ABSENT)
        jc_table_null(table);
    else
        jc_table_centi(table, centi);
}

/* S - need; nothing where S is not stated. */
static void left_cell(struct jc_table *table, const struct jc_budget_row *row) {
    if (row->supervision_centi == JC_BUDGET_ABSENT)
        jc_table_null(table);
    else
        jc_table_centi(table, row->supervision_centi - row->need_centi);
}

static void year_cells(struct jc_table *table, const struct jc_budget_row *row) {
    jc_table_int(table, row->headcount);
    centi_cell(table, row->statutory_centi);
    centi_cell(table, row->other_centi);
    centi_cell(table, row->non_enforcement_centi);
    if (row->has_remainder)
        jc_table_centi(table, row->remainder_centi);
    else
        jc_table_null(table);
    centi_cell(table, row->supervision_centi);
    jc_table_centi(table, row->need_centi);
    left_cell(table, row);
    jc_table_int(table, row->key_units);
    jc_table_int(table, row->general_units);
    jc_table_int(table, row->joint_units);
}

/* --- scripts: a row per team and month; month 0 is the year ------------------------------------------- */

static const struct jc_column columns[] = {
    {"team_id", JC_MSG_COL_TEAM, false},
    {"name", JC_MSG_COL_TEAM_NAME, false},
    {"month", JC_MSG_COL_MONTH, true},
    {"headcount", JC_MSG_COL_HEADCOUNT, true},
    {"statutory", JC_MSG_COL_STATUTORY, true},
    {"other_enforcement", JC_MSG_COL_OTHER, true},
    {"non_enforcement", JC_MSG_COL_NON_ENFORCEMENT, true},
    {"remainder", JC_MSG_COL_REMAINDER, true},
    {"supervision", JC_MSG_COL_SUPERVISION, true},
    {"need", JC_MSG_COL_NEED, true},
    {"left", JC_MSG_COL_LEFT, true},
    {"key_units", JC_MSG_COL_KEY_UNITS, true},
    {"general_units", JC_MSG_COL_GENERAL_UNITS, true},
    {"joint_units", JC_MSG_COL_JOINT_UNITS, true},
    {"limit", JC_MSG_COL_LIMIT, true},
    {"target", JC_MSG_COL_TARGET, true},
};

static void script_rows(struct jc_table *table, const struct jc_budget_row *row) {
    enum { YEAR_CELLS = 11 };
    jc_table_text(table, row->team_id);
    jc_table_text(table, row->name);
    jc_table_int(table, 0);
    year_cells(table, row);
    centi_cell(table, row->targets ? row->targets->year_centi : JC_BUDGET_ABSENT);
    jc_table_null(table);
    for (int month = 1; row->targets && month <= 12; month++) {
        jc_table_text(table, row->team_id);
        jc_table_text(table, row->name);
        jc_table_int(table, month);
        for (int i = 0; i < YEAR_CELLS; i++)
            jc_table_null(table);
        centi_cell(table, row->targets->month_centi[month - 1]);
        centi_cell(table, row->targets->has_target ? row->targets->target_centi[month - 1] : JC_BUDGET_ABSENT);
    }
}

static enum jc_code print_for_scripts(struct work *work, struct jc_err *err) {
    struct jc_table *table = jc_table_new(work->cli->arena, "budget", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table && i < work->budget.count; i++)
        script_rows(table, &work->budget.rows[i]);
    return jc_table_print(table, work->cli, err);
}

/* --- people: a table of the year, a table of the months ------------------------------------------------- */

static const struct jc_column year_columns[] = {
    {"team_id", JC_MSG_COL_TEAM, false},
    {"headcount", JC_MSG_COL_HEADCOUNT, true},
    {"statutory", JC_MSG_COL_STATUTORY, true},
    {"other_enforcement", JC_MSG_COL_OTHER, true},
    {"non_enforcement", JC_MSG_COL_NON_ENFORCEMENT, true},
    {"remainder", JC_MSG_COL_REMAINDER, true},
    {"supervision", JC_MSG_COL_SUPERVISION, true},
    {"need", JC_MSG_COL_NEED, true},
    {"left", JC_MSG_COL_LEFT, true},
    {"key_units", JC_MSG_COL_KEY_UNITS, true},
    {"general_units", JC_MSG_COL_GENERAL_UNITS, true},
    {"joint_units", JC_MSG_COL_JOINT_UNITS, true},
};

static enum jc_code print_year(struct work *work, struct jc_err *err) {
    struct jc_cli *cli = work->cli;
    struct jc_table *table =
        jc_table_new(cli->arena, "budget", year_columns, sizeof year_columns / sizeof *year_columns);
    for (size_t i = 0; table && i < work->budget.count; i++) {
        const struct jc_budget_row *row = &work->budget.rows[i];
        struct jc_str name = jc_table_name(cli->arena, row->name);
        if (row->team_id.len) /* the id too: commands want it */
            jc_table_text(table, jc_arena_printf(cli->arena, "%.*s %.*s", JC_FMT(row->team_id), JC_FMT(name)));
        else
            jc_table_text(table, jc_msg_text(JC_MSG_BUDGET_AGENCY, cli->lang));
        year_cells(table, row);
    }
    return jc_table_print(table, cli, err);
}

/* "25/100": the month's target and what there is; one figure where there is one. */
static void month_cell(struct jc_table *table, const struct jc_budget_targets *team, int month) {
    struct jc_buf text;
    jc_buf_init(&text, 128);
    if (team->has_target)
        jc_buf_centi(&text, team->target_centi[month]);
    jc_buf_char(&text, '/');
    if (team->month_centi[month] != JC_BUDGET_ABSENT)
        jc_buf_centi(&text, team->month_centi[month]);
    jc_table_text(table, jc_buf_str(&text));
    jc_buf_free(&text);
}

static enum jc_code print_months(struct work *work, struct jc_err *err) {
    static const enum jc_msg headings[] = {JC_MSG_COL_M1, JC_MSG_COL_M2,  JC_MSG_COL_M3,  JC_MSG_COL_M4,
                                           JC_MSG_COL_M5, JC_MSG_COL_M6,  JC_MSG_COL_M7,  JC_MSG_COL_M8,
                                           JC_MSG_COL_M9, JC_MSG_COL_M10, JC_MSG_COL_M11, JC_MSG_COL_M12};
    struct jc_column month_columns[13] = {{"team_id", JC_MSG_COL_TEAM, false}};
    struct jc_cli *cli = work->cli;
    for (int m = 0; m < 12; m++)
        month_columns[m + 1] = (struct jc_column){"month", headings[m], true};
    struct jc_table *table = jc_table_new(cli->arena, "months", month_columns, 13);
    for (size_t i = 0; table && i < work->budget.count; i++) {
        const struct jc_budget_row *row = &work->budget.rows[i];
        if (!row->targets || row->need_centi == 0)
            continue;
        jc_table_text(table, jc_table_name(cli->arena, row->name));
        for (int m = 0; m < 12; m++)
            month_cell(table, row->targets, m);
    }
    jc_buf_char(&cli->out, '\n');
    jc_cli_say(cli, JC_MSG_BUDGET_MONTHS, NULL, 0);
    return jc_table_print(table, cli, err);
}

/* W8: what is needed must not exceed what there is. */
static void note_gaps(struct work *work) {
    for (size_t i = 0; i < work->budget.count; i++) {
        const struct jc_budget_row *row = &work->budget.rows[i];
        if (row->supervision_centi == JC_BUDGET_ABSENT || row->need_centi <= row->supervision_centi)
            continue;
        char need[JC_NUMBER_TEXT], there[JC_NUMBER_TEXT], gap[JC_NUMBER_TEXT];
        struct jc_str args[] = {row->name, jc_str_from_centi(row->need_centi, need),
                                jc_str_from_centi(row->supervision_centi, there),
                                jc_str_from_centi(row->need_centi - row->supervision_centi, gap)};
        jc_cli_note(work->cli, JC_MSG_BUDGET_GAP, args, 4);
    }
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct work work = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_budget, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_budget, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, load, &work, &err);
    if (!code && cli->format != JC_FORMAT_TABLE) {
        code = print_for_scripts(&work, &err);
    } else if (!code) {
        code = print_year(&work, &err);
        if (!code)
            code = print_months(&work, &err);
    }
    if (code)
        return jc_cli_fail(cli, &err);
    note_gaps(&work);
    return JC_EXIT_DONE;
}

const struct jc_command jc_cmd_budget = {
    .name = "budget",
    .summary = {"工作日预算：总法定、其他执法、非执法、监督检查与计划所需",
                "the workday budget by team: what there is and what the plan needs"},
    .usage = "budget",
    .help =
        {"各执法单位的总法定、其他执法、非执法工作日，余下的监督检查工作日，写明的监督检查工作日，\n"
         "以及按检查频次×人数×天数计算的所需工作日；再按月列出均衡目标与当月可用工作日。\n"
         "所需超过写明的监督检查工作日时给出提示。",
         "For each team: statutory, other-enforcement and non-enforcement workdays, what they leave, the supervision\n"
         "workdays stated, and what rules by persons by days need; then by month the target of an even load and the\n"
         "workdays there are. A need above the stated supervision workdays is told."},
    .example = "jiancha budget\njiancha budget --format json",
    .run = run,
};
