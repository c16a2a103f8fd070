/* jiancha approve: freezes the draft as the version in force (P3). */
#include "cli/plan_print.h"
#include "plan/approval.h"

const struct jc_command jc_cmd_approve;

struct approving {
    struct jc_cli *cli;
    struct jc_approval approval;
    struct jc_approved approved;
};

static enum jc_code approve_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct approving *a = ctx;
    return jc_plan_approval(tx, a->cli->agency_id, &a->approval, a->cli->arena, &a->approved, err);
}

static const struct jc_column COLUMNS[] = {
    {"version", JC_MSG_COL_VERSION, true},          {"year", JC_MSG_COL_YEAR, true},
    {"document_no", JC_MSG_COL_DOCUMENT, false},    {"approved_by", JC_MSG_COL_APPROVED_BY, false},
    {"approved_on", JC_MSG_COL_APPROVED_ON, false}, {"visits", JC_MSG_COL_VISITS, true},
    {"superseded", JC_MSG_COL_SUPERSEDED, true},
};

/* What the approver should know: key units nobody visits (F2), and what the plan cannot meet. */
static void print_notes(struct jc_cli *cli, const struct jc_approved *approved) {
    char number[JC_NUMBER_TEXT];
    if (approved->uncovered_key) {
        struct jc_str arg = jc_str_from_int64((int64_t)approved->uncovered_key, number);
        jc_cli_note(cli, JC_MSG_APPROVE_UNCOVERED, &arg, 1);
    }
    if (approved->recalled) {
        struct jc_str arg = jc_str_from_int64((int64_t)approved->recalled, number);
        jc_cli_note(cli, JC_MSG_APPROVE_RECALLED, &arg, 1);
    }
    if (approved->plan->n_shortfalls) {
        struct jc_str arg = jc_str_from_int64((int64_t)approved->plan->n_shortfalls, number);
        jc_cli_note(cli, JC_MSG_APPROVE_SHORT, &arg, 1);
    }
}

static enum jc_code print_approved(struct approving *a, struct jc_err *err) {
    struct jc_cli *cli = a->cli;
    char day[JC_TIME_MAX];
    struct jc_table *table = jc_table_new(cli->arena, "approve", COLUMNS, sizeof(COLUMNS) / sizeof(*COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    jc_table_int(table, a->approved.plan->version);
    jc_table_int(table, a->approved.plan->year);
    jc_table_text(table, a->approval.document_no);
    jc_table_text(table, a->approval.approved_by);
    jc_table_text(table, jc_date_format(a->approval.approved_on, day));
    jc_table_int(table, (int64_t)a->approved.plan->n_visits);
    if (a->approved.superseded)
        jc_table_int(table, a->approved.superseded);
    else
        jc_table_null(table);
    print_notes(cli, &a->approved);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *document = NULL, *by = NULL, *date = NULL;
    const struct jc_option options[] = {
        {.name = "document-no", .takes_value = true, .value = &document},
        {.name = "by", .takes_value = true, .value = &by},
        {.name = "date", .takes_value = true, .value = &date, .expects = JC_EXPECTS_DATE},
    };
    struct approving a = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_approve, options, 3, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_approve, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!document || !by || !date)
        return jc_cli_misuse(cli, &jc_cmd_approve, JC_MSG_CLI_OPTION_MISSING,
                             !document ? JC_STR("--document-no")
                             : !by     ? JC_STR("--by")
                                       : JC_STR("--date"));
    if (!jc_date_parse(jc_str(date), &a.approval.approved_on))
        return jc_cli_value_refused(cli, &jc_cmd_approve, options, 3, "date");
    a.approval.document_no = jc_str(document);
    a.approval.approved_by = jc_str(by);
    a.approval.actor = cli->actor;
    a.approval.now_ms = jc_clock_now_ms(&cli->clock);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, approve_job, &a, &err);
    if (!code)
        code = print_approved(&a, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_approve = {
    .name = "approve",
    .summary = {"登记批准，冻结草案为现行计划", "record the approval and freeze the draft as the plan in force"},
    .usage = "approve --document-no NO --by WHO --date YYYY-MM-DD",
    .help = {"批准后该版本不再改动，此前批准的版本同时失效；调整须用 amend 形成下一版草案。\n"
             "检查任务要按月下达（release）后才出现在终端上。",
             "An approved version is frozen, and the version approved before it is superseded; changes need a draft\n"
             "of the next version (amend). Visits reach the terminals only when a month is released."},
    .example = "jiancha approve --document-no 淮应急〔2023〕12号 --by 淮南市人民政府 --date 2023-01-09",
    .run = run,
};
