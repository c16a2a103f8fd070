/* jiancha log list: who did what, the newest first. (`audit` is the check of workdays.) */
#include "cli/table.h"
#include "store/audit_log.h"

static const struct jc_command log_list;
const struct jc_command jc_cmd_log;

enum { COUNT_USUAL = 50, COUNT_LARGEST = 100000 };

struct listing {
    struct jc_cli *cli;
    struct jc_audit_filter filter;
    Jc__AuditEntry **items;
    size_t count;
    bool more;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_audit_log_list(tx, listing->cli->agency_id, &listing->filter, listing->cli->arena, &listing->items,
                             &listing->count, &listing->more, err);
}

static struct jc_table *list_table(const struct listing *listing) {
    static const struct jc_column columns[] = {
        {"audit_no", JC_MSG_COL_AUDIT_NO, true},    {"at", JC_MSG_COL_AUDIT_AT, false},
        {"actor", JC_MSG_COL_ACTOR, false},         {"act", JC_MSG_COL_ACT, false},
        {"act_words", JC_MSG_COL_ACT_WORDS, false}, {"object", JC_MSG_COL_OBJECT, false},
        {"detail", JC_MSG_COL_DETAIL, false},
    };
    struct jc_table *table = jc_table_new(listing->cli->arena, "log", columns, sizeof columns / sizeof *columns);
    bool chinese = listing->cli->lang == JC_ZH;
    for (size_t i = 0; table && i < listing->count; i++) {
        const Jc__AuditEntry *entry = listing->items[i];
        char time[JC_TIME_MAX];
        jc_table_int(table, entry->audit_no);
        jc_table_text(table, jc_time_format(entry->at->seconds * 1000, time));
        jc_table_text(table, jc_str(entry->actor));
        jc_table_text(table, jc_str(entry->act));
        jc_table_text(table, jc_str(chinese ? entry->act_zh : entry->act_en));
        jc_table_text(table, jc_str(entry->object));
        jc_table_text(table, jc_str(chinese ? entry->detail_zh : entry->detail));
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    const char *act = "", *count = NULL;
    struct jc_option options[] = {
        {.name = "act", .takes_value = true, .value = &act},
        {.name = "count",
         .takes_value = true,
         .value = &count,
         .expects = {"1 至 100000 的条数", "a number of lines, 1 to 100000"}},
    };
    struct listing listing = {.cli = cli, .filter = {.limit = COUNT_USUAL}};
    struct jc_err err = {0};
    int64_t number = COUNT_USUAL;
    if (!jc_cli_options(cli, &log_list, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &log_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (count && (!jc_str_to_int64(jc_str(count), &number) || number < 1 || number > COUNT_LARGEST))
        return jc_cli_value_refused(cli, &log_list, options, 2, "count");
    listing.filter.act = jc_str(act);
    listing.filter.limit = (int)number;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code)
        code = jc_table_print(list_table(&listing), cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

static const struct jc_command log_list = {
    .name = "list",
    .summary = {"列出管理操作", "list administrative acts"},
    .usage = "log list [--act ACT] [--count N]",
    .help = {"最新的在前。\n"
             "--act    只列一种操作，如 device.revoke；以点结尾表示一类，如 device.\n"
             "--count  最多列出的条数（缺省：50）",
             "The newest first.\n"
             "--act    one kind alone, as device.revoke; ending with a dot all of that name, as device.\n"
             "--count  at most so many (default: 50)"},
    .example = "jiancha log list\njiancha log list --act device. --format csv",
    .run = run_list,
};

static const struct jc_command *const subs[] = {&log_list, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_log, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_log, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("log"));
}

const struct jc_command jc_cmd_log = {
    .name = "log",
    .summary = {"审计日志：谁在何时做了什么", "the audit log: who did what, when"},
    .usage = "log list [--act ACT] [--count N]",
    .help = {"所有管理操作逐条记录，前后相连，verify 可查出任何改动。",
             "Every administrative act stands here, chained line to line: verify finds any alteration."},
    .example = "jiancha log list",
    .run = run,
    .sub = subs,
};
