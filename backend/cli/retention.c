/* jiancha retention delete: what may go when its time is over; hash and reason stay. */
#include "store/retention.h"

#include <string.h>

#include "blob/collect.h"
#include "cli/blobs.h"
#include "cli/table.h"
#include "cli/watch.h"

static const struct jc_command retention_delete;
const struct jc_command jc_cmd_retention;

enum { REASON_MAX = 500 };

struct deletion {
    struct jc_cli *cli;
    struct jc_retention retention;
    const char *before, *kind, *reason, *dry_run, *blobs_dir;
    struct jc_retained done;
};

static enum jc_code delete_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct deletion *deletion = ctx;
    struct jc_cli *cli = deletion->cli;
    return jc_retention_delete(tx, cli->agency_id, &deletion->retention, cli->arena, &deletion->done, err);
}

static enum jc_code find_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct deletion *deletion = ctx;
    struct jc_cli *cli = deletion->cli;
    return jc_retention_find(tx, cli->agency_id, &deletion->retention, cli->arena, &deletion->done, err);
}

/* The rows are durable; a file that stays because the machine dies here is collected by the server. */
static enum jc_code remove_files(const struct deletion *deletion, struct jc_err *err) {
    struct jc_cli *cli = deletion->cli;
    struct jc_blob_folder *folder = NULL;
    const struct jc_retained *done = &deletion->done;
    bool removed = false;
    if (!done->blobs || !done->count)
        return JC_OK;
    enum jc_code code = jc_cli_open_blobs(cli, deletion->blobs_dir, &folder, err);
    for (int64_t i = 0; !code && i < done->count; i++)
        code = jc_blob_collect_one(cli->db, folder, cli->agency_id, done->blobs[i].sha256, deletion->retention.now_ms,
                                   &removed, err);
    jc_blob_folder_close(folder);
    return code;
}

static enum jc_code print(const struct deletion *deletion, struct jc_err *err) {
    static const struct jc_column columns[] = {
        {"kind", JC_MSG_COL_RETENTION_KIND, false},  {"before", JC_MSG_COL_RETENTION_BEFORE, false},
        {"count", JC_MSG_COL_RETENTION_COUNT, true}, {"bytes", JC_MSG_COL_BLOB_BYTES, true},
        {"held", JC_MSG_COL_RETENTION_HELD, true},   {"deleted", JC_MSG_COL_RETENTION_DONE, false},
    };
    struct jc_table *table = jc_table_new(deletion->cli->arena, "retention", columns, sizeof columns / sizeof *columns);
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, jc_str(deletion->kind));
    jc_table_text(table, jc_str(deletion->before));
    jc_table_int(table, deletion->done.count);
    jc_table_int(table, deletion->done.bytes);
    jc_table_int(table, deletion->done.held);
    jc_table_bool(table, !deletion->dry_run);
    return jc_table_print(table, deletion->cli, err);
}

/* False, told, if a value is none. */
static bool read_values(struct deletion *deletion, const struct jc_option *options, size_t count) {
    struct jc_cli *cli = deletion->cli;
    struct jc_retention *retention = &deletion->retention;
    const struct {
        const char *value, *name;
    } NEEDED[] = {{deletion->before, "--before"}, {deletion->kind, "--kind"}, {deletion->reason, "--reason"}};
    struct jc_date day;
    for (size_t i = 0; i < sizeof NEEDED / sizeof *NEEDED; i++)
        if (!NEEDED[i].value || !*NEEDED[i].value)
            return (void)jc_cli_misuse(cli, &retention_delete, JC_MSG_CLI_OPTION_MISSING, jc_str(NEEDED[i].name)),
                   false;
    const char *refused = NULL;
    if (!jc_date_parse(jc_str(deletion->before), &day) || jc_date_to_ms(day) > retention->now_ms)
        refused = "before";
    else if (strcmp(deletion->kind, "blobs") != 0 && strcmp(deletion->kind, "bodies") != 0)
        refused = "kind";
    else if (strlen(deletion->reason) > REASON_MAX)
        refused = "reason";
    if (refused)
        return (void)jc_cli_value_refused(cli, &retention_delete, options, count, refused), false;
    retention->before_ms = jc_date_to_ms(day);
    retention->kind = strcmp(deletion->kind, "blobs") == 0 ? JC_RETENTION_BLOBS : JC_RETENTION_BODIES;
    retention->reason = jc_str(deletion->reason);
    return true;
}

static enum jc_exit run_delete(struct jc_cli *cli, int argc, char **argv) {
    struct deletion deletion = {.cli = cli, .retention = {.actor = cli->actor, .now_ms = jc_clock_now_ms(&cli->clock)}};
    struct jc_option options[] = {
        {.name = "before",
         .takes_value = true,
         .value = &deletion.before,
         .expects = {"已过去的日期，如 2018-01-01", "a day that is over, like 2018-01-01"}},
        {.name = "kind",
         .takes_value = true,
         .value = &deletion.kind,
         .expects = {"blobs 或 bodies", "blobs or bodies"}},
        {.name = "reason",
         .takes_value = true,
         .value = &deletion.reason,
         .expects = {"不超过 500 字节的理由", "a reason of at most 500 bytes"}},
        {.name = "dry-run", .value = &deletion.dry_run},
        {.name = "blobs", .takes_value = true, .value = &deletion.blobs_dir},
    };
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &retention_delete, options, 5, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &retention_delete, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!read_values(&deletion, options, 5))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_open(cli, &err);
    static const struct jc_watch_stage RETENTION = {"retention", JC_MSG_WATCH_RETENTION};
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &RETENTION);
    if (!code)
        code = deletion.dry_run ? jc_cli_read(cli, find_job, &deletion, &err)
                                : jc_cli_write(cli, delete_job, &deletion, &err);
    if (!code && !deletion.dry_run)
        code = remove_files(&deletion, &err);
    bool settled = code || deletion.dry_run || jc_db_settle(cli->db, JC_DB_SETTLE_MS);
    jc_watch_end(watch);
    if (!settled)
        jc_cli_say(cli, JC_MSG_DELETED_LATER, NULL, 0);
    if (!code)
        code = print(&deletion, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

#define USAGE "retention delete --before DATE --kind blobs|bodies --reason TEXT [--dry-run] [--blobs DIR]"

static const struct jc_command retention_delete = {
    .name = "delete",
    .summary = {"删除保存期已满的内容，保留哈希与理由", "delete contents whose time is over; hash and reason stay"},
    .usage = USAGE,
    .help =
        {"--before DATE  检查在这一天之前结束的记录\n"
         "--kind         blobs：照片、录音、签名图像；bodies：检查记录及其指令书、复查意见书的正文\n"
         "--reason TEXT  删除理由，随记录保存并记入审计日志\n"
         "--dry-run      只统计，不删除\n"
         "--blobs DIR    附件所在目录（缺省：数据库旁的 .blobs）\n"
         "整改未完成、待复查或有待核处理的一律保留（held）；指令书在最后一次复查也期满后才删除。证据链不受影响，\n"
         "verify 仍可核验；文号、期限、结果等统计所需的数据不删除。已有备份中的内容不受影响，请另行处理。",
         "--before DATE  records of inspections that ended before this day\n"
         "--kind         blobs: photos, recordings, images of signatures; bodies: the words of inspection records, their orders and rechecks\n"
         "--reason TEXT  kept with the record and in the audit log\n"
         "--dry-run      counts alone\n"
         "--blobs DIR    where the photos lie (default: beside the database)\n"
         "What is not finished is held whatever its age: findings not corrected, rechecks to be made, open\n"
         "reviews; an order waits for its last recheck. The evidence chain verifies as before; numbers, deadlines, results\n"
         "and what reports count stay. Backups made earlier keep what\n"
         "they have."},
    .example = "jiancha retention delete --before 2013-01-01 --kind blobs --reason 保存期满 --dry-run",
    .run = run_delete,
};

static const struct jc_command *const subs[] = {&retention_delete, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_retention, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_retention, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("retention"));
}

const struct jc_command jc_cmd_retention = {
    .name = "retention",
    .summary = {"保存期限：删除期满的内容", "retention: delete what may go"},
    .usage = USAGE,
    .help = {"内容删除后，其哈希、时间和理由仍在，证据链照常核验。",
             "Of what is deleted the hash, the time and the reason stay; the evidence chain verifies as before."},
    .example = "jiancha retention delete --before 2013-01-01 --kind blobs --reason 保存期满 --dry-run",
    .run = run,
    .sub = subs,
};
