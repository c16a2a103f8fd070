/* jiancha backup DIR: a consistent copy while the server runs. */
#include "blob/backup.h"

#include "cli/blobs.h"
#include "cli/watch.h"

const struct jc_command jc_cmd_backup;

static void say_blobs(struct jc_cli *cli, const struct jc_blob_backup *blobs) {
    struct jc_str args[] = {jc_arena_printf(cli->arena, "%lld", (long long)blobs->check.blobs),
                            jc_arena_printf(cli->arena, "%lld", (long long)blobs->copied),
                            jc_arena_printf(cli->arena, "%lld", (long long)blobs->linked)};
    struct jc_str faults = jc_arena_printf(cli->arena, "%lld", (long long)blobs->check.faults);
    if (blobs->check.blobs)
        jc_cli_say(cli, JC_MSG_BACKUP_BLOBS, args, 3);
    if (blobs->check.faults)
        jc_cli_note(cli, JC_MSG_BACKUP_BLOBS_FAULTY, &faults, 1);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str dir;
    const char *keys = NULL, *blobs_dir = NULL, *previous = NULL;
    struct jc_option options[] = {{.name = "with-keys", .value = &keys},
                                  {.name = "blobs", .takes_value = true, .value = &blobs_dir},
                                  {.name = "previous", .takes_value = true, .value = &previous}};
    if (!jc_cli_options(cli, &jc_cmd_backup, options, 3, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_backup, "DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct jc_err err = {0};
    struct jc_blob_backup blobs = {.previous = previous, .check = {.found = jc_cli_note_blob_fault, .ctx = cli}};
    int64_t held_back = 0;
    struct jc_backup_options how = {
        .with_keys = keys != NULL, .actor = cli->actor, .files = jc_blob_backup_files(&blobs), .held_back = &held_back};
    enum jc_code code = jc_cli_open_db(cli, &err); /* the whole database, whichever agencies are in it */
    if (code == JC_OK)
        code = jc_cli_open_blobs(cli, blobs_dir, &blobs.folder, &err);
    blobs.check.db = cli->db;
    static const struct jc_watch_stage BACKUP = {"backup", JC_MSG_WATCH_BACKUP};
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &BACKUP);
    if (code == JC_OK)
        code = jc_backup_make(cli->db, &cli->clock, dir.ptr, &how, &err);
    jc_watch_end(watch);
    jc_blob_folder_close(blobs.folder);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    jc_cli_say(cli, JC_MSG_BACKUP_MADE, &dir, 1);
    say_blobs(cli, &blobs);
    struct jc_str rows = jc_arena_printf(cli->arena, "%lld", (long long)held_back);
    if (held_back)
        jc_cli_note(cli, JC_MSG_BACKUP_HELD_BACK, &rows, 1);
    return blobs.check.faults ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_backup = {
    .name = "backup",
    .summary = {"备份数据库到目录", "back the database up to a folder"},
    .usage = "backup DIR [--with-keys] [--previous DIR] [--blobs DIR]",
    .help =
        {"在目录中写入数据库的一致副本、照片等附件和清单（含哈希与证据链）；服务器可同时运行。\n"
         "附件复制后逐个核对哈希；缺失或被改动的列出名单，退出码为 1。\n"
         "备份完成后，回执会告知终端哪些记录连同照片已在备份中；30 天内的记录有照片未到时，它和其后的记录暂不算。\n"
         "--with-keys     连同服务器签名私钥一起备份，请妥善保管（缺省：不含私钥；恢复后须由管理员核对新密钥）\n"
         "--previous DIR  同一磁盘上的上一次备份：其中已有的附件不再复制，两份备份共用\n"
         "--blobs DIR     附件所在目录（缺省：数据库旁的 .blobs）",
         "Writes a consistent copy of the database, the photos and recordings it names, and a manifest (hashes,\n"
         "evidence chain); the server may run. Copies are held against their hashes; what is missing or altered is\n"
         "named, and the exit status is 1.\n"
         "Once it is made, receipts tell terminals which records are in a backup with their photos: up to the first\n"
         "one of the last 30 days that still waits for a photo.\n"
         "--with-keys     with the secret halves of the server's keys, to be kept safe (default: without; after a\n"
         "                restore an administrator then confirms the new key on the terminals)\n"
         "--previous DIR  an earlier backup on the same disk: what is in it is shared, not copied again\n"
         "--blobs DIR     where the photos lie (default: beside the database)"},
    .example = "jiancha backup /var/backups/jiancha-2023-01-31",
    .run = run,
};
