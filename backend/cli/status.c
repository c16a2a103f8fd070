/* jiancha status: what the database holds. */
#include "store/status.h"

#include <string.h>

#include "cli/table.h"
#include "store/agency.h"
#include "store/head.h"
#include "store/store.h"

const struct jc_command jc_cmd_status;

static const struct jc_column columns[] = {
    {"name", JC_MSG_COL_NAME, false},
    {"title", JC_MSG_COL_TITLE, false},
    {"value", JC_MSG_COL_VALUE, false},
};

static const struct {
    const char *name;
    enum jc_msg title;
} titles[] = {
    {"database", JC_MSG_STATUS_DATABASE},
    {"schema_version", JC_MSG_STATUS_SCHEMA},
    {"incarnation", JC_MSG_STATUS_INCARNATION},
    {"agency", JC_MSG_STATUS_AGENCY},
    {"year", JC_MSG_STATUS_YEAR},
    {"units", JC_MSG_STATUS_UNITS},
    {"teams", JC_MSG_STATUS_TEAMS},
    {"inspectors", JC_MSG_STATUS_INSPECTORS},
    {"plan_version", JC_MSG_STATUS_PLAN},
    {"approved_version", JC_MSG_STATUS_APPROVED},
    {"tasks_open", JC_MSG_STATUS_TASKS_OPEN},
    {"tasks_done", JC_MSG_STATUS_TASKS_DONE},
    {"operations", JC_MSG_STATUS_OPERATIONS},
    {"inspections", JC_MSG_STATUS_INSPECTIONS},
    {"orders", JC_MSG_STATUS_ORDERS},
    {"reviews_open", JC_MSG_STATUS_REVIEWS},
    {"devices", JC_MSG_STATUS_DEVICES},
    {"devices_revoked", JC_MSG_STATUS_DEVICES_REVOKED},
    {"people", JC_MSG_STATUS_PEOPLE},
    {"chain_head", JC_MSG_STATUS_CHAIN_HEAD},
    {"audit_lines", JC_MSG_STATUS_AUDIT_LINES},
    {"audit_head", JC_MSG_STATUS_AUDIT_HEAD},
};

struct work {
    struct jc_cli *cli;
    struct jc_table *table;
};

static void start_row(struct work *work, const char *name) {
    size_t t = 0;
    while (t + 1 < sizeof titles / sizeof titles[0] && strcmp(titles[t].name, name) != 0)
        t++;
    jc_table_text(work->table, jc_str(name));
    jc_table_text(work->table, jc_msg_text(titles[t].title, work->cli->lang));
}

static void number_row(void *ctx, const char *name, int64_t value) {
    start_row(ctx, name);
    jc_table_int(((struct work *)ctx)->table, value);
}

static void text_row(struct work *work, const char *name, struct jc_str value) {
    start_row(work, name);
    jc_table_text(work->table, value);
}

static enum jc_code gather(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    struct jc_cli *cli = work->cli;
    struct jc_store_meta meta;
    struct jc_head head;
    Jc__Agency *agency = NULL;
    char hex[2 * JC_SHA256_SIZE + 1];
    enum jc_code code = jc_store_meta(tx, &meta, err);
    if (code == JC_OK)
        code = jc_agency_get(tx, cli->agency_id, cli->arena, &agency, err);
    if (code == JC_OK)
        code = jc_head_read(tx, cli->agency_id, &head, err);
    if (code != JC_OK)
        return code;
    text_row(work, "database", jc_str(cli->db_path));
    number_row(work, "schema_version", meta.schema_version);
    text_row(work, "incarnation", jc_hex(meta.incarnation, sizeof meta.incarnation, hex));
    text_row(work, "agency", jc_arena_printf(cli->arena, "%s %s", agency->agency_id, agency->name));
    number_row(work, "year", agency->year);
    code = jc_status_figures(tx, cli->agency_id, number_row, work, err);
    if (code != JC_OK)
        return code;
    text_row(work, "chain_head", jc_hex(head.chain_head, sizeof head.chain_head, hex));
    number_row(work, "audit_lines", head.audit_no);
    text_row(work, "audit_head", jc_hex(head.audit_head, sizeof head.audit_head, hex));
    return JC_OK;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    if (!jc_cli_options(cli, &jc_cmd_status, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_status, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    struct jc_err err = {0};
    struct work work = {cli, jc_table_new(cli->arena, "status", columns, sizeof columns / sizeof columns[0])};
    enum jc_code code = work.table ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_cli_read(cli, gather, &work, &err);
    if (code == JC_OK)
        code = jc_table_print(work.table, cli, &err);
    return code == JC_OK ? JC_EXIT_DONE : jc_cli_fail(cli, &err);
}

const struct jc_command jc_cmd_status = {
    .name = "status",
    .summary = {"数据库现状", "how the database stands"},
    .usage = "status",
    .help = {"登记、计划、任务、记录、终端的数量，以及证据链的当前链头（可抄存，供日后核验）。",
             "Counts of register, plan, tasks, records and terminals, and the head of the evidence chain, to be noted\n"
             "elsewhere for a later verification."},
    .example = "jiancha status --format json",
    .run = run,
};
