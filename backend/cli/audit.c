/* jiancha audit: the plan's arithmetic, recomputed. */
#include "plan/audit.h"

#include "cli/table.h"

const struct jc_command jc_cmd_audit;

struct work {
    struct jc_cli *cli;
    struct jc_audit_finding *findings;
    size_t count;
};

static enum jc_code load(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    return jc_audit_load(tx, work->cli->agency_id, work->cli->arena, &work->findings, &work->count, err);
}

static const struct jc_column columns[] = {
    {"line_id", JC_MSG_COL_WORKDAY_LINE, false},
    {"team_id", JC_MSG_COL_TEAM, false},
    {"kind", JC_MSG_COL_KIND, false},
    {"stated", JC_MSG_COL_STATED, true},
    {"computed", JC_MSG_COL_COMPUTED, true},
    {"recomputed", JC_MSG_COL_RECOMPUTED, true},
    {"cause", JC_MSG_COL_CAUSE, false},
    {"text", JC_MSG_COL_TEXT, false},
    {"because", JC_MSG_COL_BECAUSE, false},
};
static const struct jc_column people_columns[] = {
    {"line_id", JC_MSG_COL_WORKDAY_LINE, false}, {"kind", JC_MSG_COL_KIND, false},
    {"stated", JC_MSG_COL_STATED, true},         {"computed", JC_MSG_COL_COMPUTED, true},
    {"cause", JC_MSG_COL_CAUSE, false},          {"text", JC_MSG_COL_TEXT, false},
};

static struct jc_str kind_word(const struct jc_cli *cli, enum jc_audit_kind kind) {
    static const enum jc_msg words[] = {JC_MSG_AUDIT_KIND_SUM,       JC_MSG_AUDIT_KIND_PRODUCT,
                                        JC_MSG_AUDIT_KIND_STATUTORY, JC_MSG_AUDIT_KIND_BALANCE,
                                        JC_MSG_AUDIT_KIND_AGENCY,    JC_MSG_AUDIT_KIND_RATIO};
    return cli->format == JC_FORMAT_TABLE ? jc_msg_text(words[kind], cli->lang) : jc_str(jc_audit_kind_name(kind));
}

static struct jc_str cause_word(const struct jc_cli *cli, bool direct) {
    if (cli->format != JC_FORMAT_TABLE)
        return direct ? JC_STR("direct") : JC_STR("consequence");
    return jc_msg_text(direct ? JC_MSG_AUDIT_DIRECT : JC_MSG_AUDIT_CONSEQUENCE, cli->lang);
}

static void causes_cell(struct jc_table *table, const struct jc_audit_finding *finding) {
    struct jc_buf causes;
    jc_buf_init(&causes, 1 << 16);
    for (size_t i = 0; i < finding->cause_count; i++) {
        if (i)
            jc_buf_char(&causes, ';');
        jc_buf_add(&causes, finding->causes[i]);
    }
    jc_table_text(table, jc_buf_str(&causes));
    jc_buf_free(&causes);
}

static void finding_row(struct jc_table *table, struct jc_cli *cli, const struct jc_audit_finding *finding) {
    bool people = cli->format == JC_FORMAT_TABLE;
    struct jc_buf text;
    jc_buf_init(&text, 1 << 16);
    jc_audit_text(finding, cli->lang, &text);
    jc_table_text(table, finding->line_id);
    if (!people)
        jc_table_text(table, finding->team_id);
    jc_table_text(table, kind_word(cli, finding->kind));
    jc_table_micro(table, finding->stated_micro);
    jc_table_micro(table, finding->computed_micro);
    if (!people)
        jc_table_micro(table, finding->recomputed_micro);
    jc_table_text(table, cause_word(cli, finding->direct));
    jc_table_text(table, jc_buf_str(&text));
    if (!people)
        causes_cell(table, finding);
    jc_buf_free(&text);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct work work = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_audit, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_audit, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, load, &work, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    if (cli->format == JC_FORMAT_TABLE && work.count == 0) {
        jc_cli_say(cli, JC_MSG_AUDIT_CLEAN, NULL, 0);
        return JC_EXIT_DONE;
    }
    bool people = cli->format == JC_FORMAT_TABLE;
    struct jc_table *table =
        people ? jc_table_new(cli->arena, "findings", people_columns, sizeof people_columns / sizeof *people_columns)
               : jc_table_new(cli->arena, "findings", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table && i < work.count; i++)
        finding_row(table, cli, &work.findings[i]);
    code = jc_table_print(table, cli, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    return work.count ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_audit = {
    .name = "audit",
    .summary = {"复核计划的工作日测算", "recompute the plan's workdays"},
    .usage = "audit",
    .help =
        {"逐行复算工作日：合计与分项、次数×人数×天数、总法定工作日、T−O−N＝S、全局与各单位、计入人数比例。\n"
         "写明数从不改动，不符的列出：直接＝本行有误，连带＝由其他行的错误引起。有发现时退出码为 1。",
         "Recomputes every line: totals and parts, count by persons by days, statutory days, S = T-O-N, the agency\n"
         "against its teams, and the ratio of persons counted. Stated figures are never changed. direct: the line's\n"
         "own slip; consequence: it comes from another line. The exit status is 1 if something was found."},
    .example = "jiancha audit\njiancha audit --format json",
    .run = run,
};
