/* jiancha amend: a draft of the next version, and whether the change is a major one (P5-P8). */
#include "cli/table.h"
#include "plan/amendment.h"

const struct jc_command jc_cmd_amend;

struct amending {
    struct jc_cli *cli;
    bool measure_only; /* the draft there is */
    struct jc_amendment amendment;
    Jc__Plan *plan;
    struct jc_major_change change;
};

/* The draft that amends the plan in force, with the day it was decided on. */
static enum jc_code find_draft(struct jc_tx *tx, struct amending *a, struct jc_err *err) {
    enum jc_code code = jc_plan_get(tx, a->cli->agency_id, JC_PLAN_NEWEST, NULL, a->cli->arena, &a->plan, err);
    if (!code && (a->plan->status != JC__PLAN_STATUS__PLAN_STATUS_DRAFT || !*a->plan->decided_on))
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_CLI_OPTION_MISSING, JC_STR("--reason"));
    if (!code && !jc_date_parse(jc_str(a->plan->decided_on), &a->amendment.decided_on))
        code = jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("plan.decided_on"));
    return code;
}

static enum jc_code measure(struct jc_tx *tx, struct amending *a, struct jc_err *err) {
    return jc_plan_change(tx, a->cli->agency_id, a->plan, a->amendment.decided_on, a->cli->arena, &a->change, err);
}

static enum jc_code measure_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct amending *a = ctx;
    enum jc_code code = find_draft(tx, a, err);
    return code ? code : measure(tx, a, err);
}

static enum jc_code amend_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct amending *a = ctx;
    enum jc_code code = jc_plan_amend(tx, a->cli->agency_id, &a->amendment, a->cli->arena, &a->plan, err);
    return code ? code : measure(tx, a, err);
}

static const struct jc_column COLUMNS[] = {
    {"check", JC_MSG_COL_CHECK, false},
    {"title", JC_MSG_COL_TITLE, false},
    {"before", JC_MSG_COL_BEFORE, true},
    {"after", JC_MSG_COL_AFTER, true},
    {"limit_percent", JC_MSG_COL_CHANGE_LIMIT, true},
    {"crossed", JC_MSG_COL_CROSSED, false},
    {"due_on", JC_MSG_COL_DUE, false},
};

static void change_row(struct jc_table *table, const struct jc_cli *cli, const struct jc_major_change *change,
                       enum jc_major_kind kind) {
    static const struct {
        const char *name;
        enum jc_msg title;
    } rows[JC_MAJOR_KINDS] = {
        [JC_MAJOR_KEY_UNITS] = {"key_units", JC_MSG_CHANGE_KEY_UNITS},
        [JC_MAJOR_KEY_SCOPE] = {"key_scope", JC_MSG_CHANGE_KEY_SCOPE},
        [JC_MAJOR_UNITS] = {"units", JC_MSG_CHANGE_UNITS},
    };
    char day[JC_TIME_MAX];
    jc_table_text(table, jc_str(rows[kind].name));
    jc_table_text(table, jc_msg_text(rows[kind].title, cli->lang));
    jc_table_int(table, change->of[kind].before);
    jc_table_int(table, change->of[kind].after);
    jc_table_centi(table, change->of[kind].limit_percent_centi);
    jc_table_bool(table, change->of[kind].crossed);
    if (change->of[kind].crossed)
        jc_table_text(table, jc_date_format(change->due, day));
    else
        jc_table_null(table);
}

/* What follows: a new approval (P5, P7) or a document on file (P8). */
static void print_notes(struct jc_cli *cli, const struct amending *a) {
    char version[JC_NUMBER_TEXT], against[JC_NUMBER_TEXT], missing[JC_NUMBER_TEXT], day[JC_TIME_MAX];
    struct jc_str args[] = {jc_str_from_int64(a->plan->version, version), jc_str_from_int64(a->change.against, against),
                            jc_date_format(a->change.due, day)};
    jc_cli_note(cli, a->change.major ? JC_MSG_AMEND_MAJOR : JC_MSG_AMEND_MINOR, args, 3);
    if (a->change.industries.len)
        jc_cli_note(cli, JC_MSG_AMEND_INDUSTRIES, &a->change.industries, 1);
    if (a->change.missing) {
        struct jc_str arg = jc_str_from_int64((int64_t)a->change.missing, missing);
        jc_cli_note(cli, JC_MSG_AMEND_MISSING, &arg, 1);
    }
}

static enum jc_code print_change(struct amending *a, struct jc_err *err) {
    struct jc_cli *cli = a->cli;
    struct jc_table *table = jc_table_new(cli->arena, "amend", COLUMNS, sizeof(COLUMNS) / sizeof(*COLUMNS));
    if (!table)
        return jc_fail_memory(err);
    for (int kind = 0; kind < JC_MAJOR_KINDS; kind++)
        change_row(table, cli, &a->change, kind);
    print_notes(cli, a);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *reason = NULL, *decided = NULL;
    const struct jc_option options[] = {
        {.name = "reason", .takes_value = true, .value = &reason},
        {.name = "decided-on", .takes_value = true, .value = &decided, .expects = JC_EXPECTS_DATE},
    };
    struct amending a = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_amend, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_amend, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    a.measure_only = !reason && !decided;
    if (!a.measure_only && (!reason || !decided))
        return jc_cli_misuse(cli, &jc_cmd_amend, JC_MSG_CLI_OPTION_MISSING,
                             reason ? JC_STR("--decided-on") : JC_STR("--reason"));
    if (decided && !jc_date_parse(jc_str(decided), &a.amendment.decided_on))
        return jc_cli_value_refused(cli, &jc_cmd_amend, options, 2, "decided-on");
    a.amendment.reason = jc_str(reason);
    a.amendment.actor = cli->actor;
    a.amendment.now_ms = jc_clock_now_ms(&cli->clock);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = a.measure_only ? jc_cli_read(cli, measure_job, &a, &err) : jc_cli_write(cli, amend_job, &a, &err);
    if (!code)
        code = print_change(&a, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_amend = {
    .name = "amend",
    .summary = {"由现行计划形成下一版草案，并判断是否属于重大变更",
                "start a draft from the plan in force, and tell whether the change is major"},
    .usage = "amend --reason TEXT --decided-on YYYY-MM-DD\namend",
    .help =
        {"形成下一版草案：检查及其状态照搬，可以再 plan move、solve，然后 approve。与最近一次批准的版本比较：重点检查单位\n"
         "数量变动超过 10%、重点检查单位所属行业变动、检查单位总数变动超过 20%（界限取自 parameters.csv）即为重大变更，\n"
         "须自决定之日起 30 日内重新报批并重新测算工作日；未达到的应立即形成文件存档。不带选项时重新判断现有草案。",
         "Makes a draft of the next version with all visits and their status; change it with plan move and solve,\n"
         "then approve it. The change is major, measured against the version approved last, if the number of key\n"
         "units changes by more than 10 %, the industries of key units change, or the number of units inspected\n"
         "changes by more than 20 % (limits from parameters.csv): then a new approval is due within 30 days of the\n"
         "decision, and the workload is measured again. Below that a document goes on file. Without options the\n"
         "draft there is is measured again."},
    .example = "jiancha amend --reason 增加专项整治单位 --decided-on 2023-05-08",
    .run = run,
};
