/* jiancha report completion|rates|overdue: what a supervisor reads. */
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "store/head.h"
#include "store/registry.h"

const struct jc_command jc_cmd_report;

struct question {
    struct jc_date as_of;
    struct jc_arena *arena;
    enum jc_code (*ask)(struct question *question, struct jc_tx *tx, struct jc_err *err);
    int64_t agency_id;
    union {
        Jc__CompletionRow **rows;
        Jc__Rate **rates;
        Jc__OverdueItem **items;
    };
    size_t count;
    Jc__Team **teams;
    size_t team_count;
    struct jc_head head; /* a report that leaves the house takes the chain's head along (DESIGN section 6) */
};

static enum jc_code ask_completion(struct question *q, struct jc_tx *tx, struct jc_err *err) {
    return jc_report_completion(tx, q->agency_id, q->as_of, q->arena, &q->rows, &q->count, err);
}

static enum jc_code ask_rates(struct question *q, struct jc_tx *tx, struct jc_err *err) {
    return jc_report_rates(tx, q->agency_id, q->as_of, q->arena, &q->rates, &q->count, err);
}

static enum jc_code ask_overdue(struct question *q, struct jc_tx *tx, struct jc_err *err) {
    return jc_report_overdue(tx, q->agency_id, q->as_of, q->arena, &q->items, &q->count, err);
}

static enum jc_code ask_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct question *question = ctx;
    enum jc_code code =
        jc_team_list(tx, question->agency_id, question->arena, &question->teams, &question->team_count, err);
    if (!code)
        code = jc_head_read(tx, question->agency_id, &question->head, err);
    return code ? code : question->ask(question, tx, err);
}

/* A table says the team's name; a script reads its id. */
static struct jc_str team_word(const struct question *q, const struct jc_cli *cli, const char *team_id) {
    for (size_t i = 0; cli->format == JC_FORMAT_TABLE && i < q->team_count; i++) {
        if (strcmp(q->teams[i]->team_id, team_id) == 0)
            return jc_str(q->teams[i]->name);
    }
    return jc_str(team_id);
}

/* --- listings --------------------------------------------------------------------------------------- */

static const struct jc_column completion_columns[] = {
    {"team_id", JC_MSG_COL_TEAM, false},
    {"month", JC_MSG_COL_MONTH, true},
    {"planned", JC_MSG_COL_PLANNED, true},
    {"done", JC_MSG_COL_DONE, true},
    {"overdue", JC_MSG_COL_OVERDUE, true},
    {"planned_workdays", JC_MSG_COL_PLANNED_WORKDAYS, true},
    {"used_workdays", JC_MSG_COL_USED_WORKDAYS, true},
    {"ad_hoc", JC_MSG_COL_AD_HOC, true},
    {"ad_hoc_workdays", JC_MSG_COL_AD_HOC_WORKDAYS, true},
};

/* The year and the agency have their own words in a table; a script reads "" and 0. */
static void completion_names(struct jc_table *table, const struct question *q, const struct jc_cli *cli,
                             const Jc__CompletionRow *row) {
    bool words = cli->format == JC_FORMAT_TABLE;
    jc_table_text(table, words && !row->team_id[0] ? jc_msg_text(JC_MSG_REPORT_AGENCY, cli->lang)
                                                   : team_word(q, cli, row->team_id));
    if (words && !row->month) {
        jc_table_text(table, jc_msg_text(JC_MSG_REPORT_YEAR, cli->lang));
    } else {
        jc_table_int(table, row->month);
    }
}

static struct jc_table *completion_table(const struct question *q, const struct jc_cli *cli) {
    struct jc_table *table = jc_table_new(cli->arena, "completion", completion_columns,
                                          sizeof completion_columns / sizeof(struct jc_column));
    for (size_t i = 0; table && i < q->count; i++) {
        const Jc__CompletionRow *row = q->rows[i];
        completion_names(table, q, cli, row);
        jc_table_int(table, row->planned);
        jc_table_int(table, row->done);
        jc_table_int(table, row->overdue);
        jc_table_centi(table, row->planned_workdays_centi);
        jc_table_centi(table, row->used_workdays_centi);
        jc_table_int(table, row->ad_hoc);
        jc_table_centi(table, row->ad_hoc_workdays_centi);
    }
    return table;
}

static const struct jc_column rate_columns[] = {
    {"name", JC_MSG_COL_RATE, false},          {"title", JC_MSG_COL_TITLE, false},
    {"numerator", JC_MSG_COL_NUMERATOR, true}, {"denominator", JC_MSG_COL_DENOMINATOR, true},
    {"rate", JC_MSG_COL_RATE_VALUE, true},
};

static const struct {
    const char *name;
    enum jc_msg title;
    bool percent; /* else a number per head */
} rate_titles[] = {
    {"coverage", JC_MSG_RATE_COVERAGE, true},
    {"visit_completion", JC_MSG_RATE_VISIT_COMPLETION, true},
    {"frequency_completion", JC_MSG_RATE_FREQUENCY, true},
    {"violations_handled", JC_MSG_RATE_HANDLED, true},
    {"findings_rectified", JC_MSG_RATE_RECTIFIED, true},
    {"recheck_on_time", JC_MSG_RATE_RECHECK, true},
    {"key_inspection_share", JC_MSG_RATE_KEY_SHARE, true},
    {"double_random_share", JC_MSG_RATE_DOUBLE_RANDOM, true},
    {"inspections_per_inspector", JC_MSG_RATE_PER_INSPECTOR, false},
    {"penalties_per_inspector", JC_MSG_RATE_PENALTIES, false},
    {"powers_exercised", JC_MSG_RATE_POWERS, true},
};

/* Rounded half up to hundredths of a percent (or of a number per head); nothing to measure is empty. */
static void rate_cell(struct jc_table *table, const Jc__Rate *rate, bool percent) {
    if (!rate->denominator) {
        jc_table_null(table);
        return;
    }
    int64_t scaled = rate->numerator * (percent ? 10000 : 100);
    jc_table_centi(table, (2 * scaled + rate->denominator) / (2 * rate->denominator));
}

static struct jc_table *rates_table(const struct question *q, const struct jc_cli *cli) {
    struct jc_table *table =
        jc_table_new(cli->arena, "rates", rate_columns, sizeof rate_columns / sizeof(struct jc_column));
    for (size_t i = 0; table && i < q->count; i++) {
        const Jc__Rate *rate = q->rates[i];
        size_t t = 0;
        while (t + 1 < sizeof rate_titles / sizeof rate_titles[0] && strcmp(rate_titles[t].name, rate->name) != 0)
            t++;
        jc_table_text(table, jc_str(rate->name));
        jc_table_text(table, jc_msg_text(rate_titles[t].title, cli->lang));
        jc_table_int(table, rate->numerator);
        jc_table_int(table, rate->denominator);
        rate_cell(table, rate, rate_titles[t].percent);
    }
    return table;
}

static const struct jc_column overdue_columns[] = {
    {"kind", JC_MSG_COL_KIND, false},
    {"due_on", JC_MSG_COL_DUE, false},
    {"days_overdue", JC_MSG_COL_DAYS_OVERDUE, true},
    {"team_id", JC_MSG_COL_TEAM, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"unit_name", JC_MSG_COL_UNIT, false},
    {"visit_id", JC_MSG_COL_VISIT, false},
};

static struct jc_str overdue_kind(const struct jc_cli *cli, const char *kind) {
    if (cli->format != JC_FORMAT_TABLE)
        return jc_str(kind);
    enum jc_msg words = strcmp(kind, "recheck") == 0         ? JC_MSG_OVERDUE_RECHECK
                        : strcmp(kind, "order_missing") == 0 ? JC_MSG_OVERDUE_ORDER_MISSING
                                                             : JC_MSG_OVERDUE_VISIT;
    return jc_msg_text(words, cli->lang);
}

static struct jc_table *overdue_table(const struct question *q, const struct jc_cli *cli) {
    struct jc_table *table =
        jc_table_new(cli->arena, "overdue", overdue_columns, sizeof overdue_columns / sizeof(struct jc_column));
    for (size_t i = 0; table && i < q->count; i++) {
        const Jc__OverdueItem *item = q->items[i];
        jc_table_text(table, overdue_kind(cli, item->kind));
        jc_table_text(table, jc_str(item->due_on));
        jc_table_int(table, item->days_overdue);
        jc_table_text(table, team_word(q, cli, item->team_id));
        jc_table_text(table, jc_str(item->unit_id));
        jc_table_text(table, item->unit_id[0] || cli->format != JC_FORMAT_TABLE
                                 ? jc_str(item->unit_name)
                                 : jc_msg_text(JC_MSG_VISIT_UNDRAWN, cli->lang));
        jc_table_text(table, jc_str(item->visit_id));
    }
    return table;
}

static void add_head(struct jc_table *table, const struct jc_head *head) {
    char hex[2 * JC_SHA256_SIZE + 1], text[JC_NUMBER_TEXT + sizeof hex + 1];
    (void)jc_hex(head->chain_head, sizeof head->chain_head, hex);
    int len = snprintf(text, sizeof text, "%lld:%s", (long long)head->operation_no, hex);
    jc_table_note(table, "chain_head", JC_MSG_REPORT_CHAIN_HEAD, (struct jc_str){text, (size_t)len});
}

/* --- the command ------------------------------------------------------------------------------------- */

static enum jc_exit answer(struct jc_cli *cli, const struct jc_command *command, int argc, char **argv,
                           enum jc_code (*ask)(struct question *, struct jc_tx *, struct jc_err *),
                           struct jc_table *(*lay_out)(const struct question *, const struct jc_cli *)) {
    const char *as_of = NULL;
    const struct jc_option options[] = {
        {.name = "as-of", .takes_value = true, .value = &as_of, .expects = JC_EXPECTS_DATE}};
    if (!jc_cli_options(cli, command, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    struct question question = {.as_of = jc_date_of_ms(jc_clock_now_ms(&cli->clock)), .arena = cli->arena, .ask = ask};
    if (as_of && !jc_date_parse(jc_str(as_of), &question.as_of)) {
        return jc_cli_value_refused(cli, command, options, 1, "as-of");
    }
    struct jc_err err = {0};
    enum jc_code code = jc_cli_open(cli, &err);
    question.agency_id = cli->agency_id;
    if (code == JC_OK)
        code = jc_cli_read(cli, ask_job, &question, &err);
    struct jc_table *table = code == JC_OK ? lay_out(&question, cli) : NULL;
    if (table)
        add_head(table, &question.head);
    if (code == JC_OK)
        code = jc_table_print(table, cli, &err);
    return code == JC_OK ? JC_EXIT_DONE : jc_cli_fail(cli, &err);
}

static enum jc_exit run_completion(struct jc_cli *cli, int argc, char **argv);
static enum jc_exit run_rates(struct jc_cli *cli, int argc, char **argv);
static enum jc_exit run_overdue(struct jc_cli *cli, int argc, char **argv);

static const struct jc_command cmd_completion = {
    .name = "completion",
    .summary = {"各执法单位各月完成情况", "completion by team and month"},
    .usage = "report completion [--as-of DATE]",
    .help = {"计划家次、完成、逾期，计划与实际使用的工作日；计划外检查单独计数。\n"
             "联合检查只计牵头单位一次，工作日各计各的；拒绝检查的视为已完成。\n"
             "--as-of DATE  截至日期（缺省为今天）",
             "visits planned, done and overdue, workdays planned and used; inspections outside the plan apart.\n"
             "A joint visit counts once, for its lead, its workdays for both; a refused visit is done.\n"
             "--as-of DATE  up to this day (default: today)"},
    .example = "jiancha report completion --as-of 2023-01-31",
    .run = run_completion,
};

static const struct jc_command cmd_rates = {
    .name = "rates",
    .summary = {"法定各项比率，附分子分母", "the rates the law asks for, with numerator and denominator"},
    .usage = "report rates [--as-of DATE]",
    .help = {"覆盖率、频次完成率、查处率、整改率、复查及时率等，分母为 0 时不给出比率。\n"
             "--as-of DATE  截至日期（缺省为今天）",
             "coverage, completion, handling, rectification, rechecks on time …; no rate where the denominator is 0.\n"
             "--as-of DATE  up to this day (default: today)"},
    .example = "jiancha report rates --as-of 2023-03-31",
    .run = run_rates,
};

static const struct jc_command cmd_overdue = {
    .name = "overdue",
    .summary = {"逾期的检查、复查和漏开的指令书", "visits and rechecks past their day, orders never issued"},
    .usage = "report overdue [--as-of DATE]",
    .help = {"逾期最久的在前。\n--as-of DATE  截至日期（缺省为今天）",
             "The longest overdue first.\n--as-of DATE  up to this day (default: today)"},
    .example = "jiancha report overdue --as-of 2023-02-28",
    .run = run_overdue,
};

static enum jc_exit run_completion(struct jc_cli *cli, int argc, char **argv) {
    return answer(cli, &cmd_completion, argc, argv, ask_completion, completion_table);
}

static enum jc_exit run_rates(struct jc_cli *cli, int argc, char **argv) {
    return answer(cli, &cmd_rates, argc, argv, ask_rates, rates_table);
}

static enum jc_exit run_overdue(struct jc_cli *cli, int argc, char **argv) {
    return answer(cli, &cmd_overdue, argc, argv, ask_overdue, overdue_table);
}

static const struct jc_command *const subs[] = {&cmd_completion, &cmd_rates, &cmd_overdue, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_report, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_report, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("report"));
}

const struct jc_command jc_cmd_report = {
    .name = "report",
    .summary = {"完成情况、比率、逾期", "completion, rates, what is overdue"},
    .usage = "report completion|rates|overdue [--as-of DATE]",
    .help =
        {"各报表以最新批准的计划为准；末行是证据链的链头，随报表存于外部，日后用 verify --head 核对。",
         "All reports measure against the newest approved plan. The last line is the head of the evidence chain: kept with the\n"
         "report outside, it proves later by verify --head that no record before it was changed."},
    .example = "jiancha report completion --as-of 2023-01-31\njiancha report rates --as-of 2023-01-31 --format json",
    .run = run,
    .sub = subs,
};
