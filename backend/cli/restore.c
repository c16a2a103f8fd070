/* jiancha restore DIR: a backup becomes a database again. */
#include "blob/backup.h"
#include "cli/blobs.h"
#include "cli/watch.h"

const struct jc_command jc_cmd_restore;

static void say_blobs(struct jc_cli *cli, const struct jc_blob_backup *blobs) {
    struct jc_str args[] = {jc_arena_printf(cli->arena, "%lld", (long long)blobs->check.blobs),
                            jc_arena_printf(cli->arena, "%lld", (long long)blobs->copied),
                            jc_arena_printf(cli->arena, "%lld", (long long)blobs->kept)};
    struct jc_str faults = jc_arena_printf(cli->arena, "%lld", (long long)blobs->check.faults);
    if (blobs->check.blobs)
        jc_cli_say(cli, JC_MSG_RESTORE_BLOBS, args, 3);
    if (blobs->check.faults)
        jc_cli_note(cli, JC_MSG_RESTORE_BLOBS_FAULTY, &faults, 1);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str dir;
    const char *blobs_dir = NULL;
    struct jc_option options[] = {{.name = "blobs", .takes_value = true, .value = &blobs_dir}};
    if (!jc_cli_options(cli, &jc_cmd_restore, options, 1, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_restore, "DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct jc_err err = {0};
    struct jc_blob_backup blobs = {
        .check = {
            .found = jc_cli_note_blob_fault, .ctx = cli, .actor = cli->actor, .now_ms = jc_clock_now_ms(&cli->clock)}};
    struct jc_backup_files files = jc_blob_restore_files(&blobs);
    enum jc_code code = jc_cli_open_blobs(cli, blobs_dir, &blobs.folder, &err);
    static const struct jc_watch_stage RESTORE = {"restore", JC_MSG_WATCH_RESTORE};
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &RESTORE);
    if (code == JC_OK)
        code = jc_backup_restore(dir.ptr, cli->db_path, cli->actor, &files, cli->arena, &err);
    jc_watch_end(watch);
    jc_blob_folder_close(blobs.folder);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    struct jc_str path = jc_str(cli->db_path);
    jc_cli_say(cli, JC_MSG_RESTORED, &path, 1);
    say_blobs(cli, &blobs);
    return blobs.check.faults ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_restore = {
    .name = "restore",
    .summary = {"从备份目录恢复数据库", "restore a database from a backup"},
    .usage = "restore DIR --db FILE [--blobs DIR]",
    .help =
        {"核对清单后恢复到 --db 指明的新文件，绝不覆盖已有数据库。\n"
         "照片等附件恢复到数据库旁的 .blobs 目录（或 --blobs），逐个核对哈希；不能恢复的记为未收到，退出码为 1。\n"
         "恢复后的数据库是新的一代：终端会重新核对，并补交备份之后的记录。\n"
         "另一代可能已发出的文号不再使用：当年和次年的文号改从一个随机的九位数起。",
         "Checks the backup against its manifest and restores it to the new file named by --db; an existing\n"
         "database is never overwritten. Photos and recordings go to the folder beside it (or of --blobs), held against\n"
         "their hashes; what cannot be restored counts as missing, and the exit status is 1. The restored database\n"
         "begins a new incarnation: terminals list anew and offer again what the backup does not hold. Document\n"
         "numbers that another incarnation may have leased are not leased again: those of this year and the next go on from a random place of nine digits."},
    .example = "jiancha restore /var/backups/jiancha-2023-01-31 --db restored.db",
    .run = run,
};
