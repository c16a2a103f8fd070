/* jiancha backup DIR: a consistent copy while the server runs. */
#include "store/backup.h"

#include "cli/cli.h"

const struct jc_command jc_cmd_backup;

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str dir;
    const char *keys = NULL;
    struct jc_option options[] = {{.name = "with-keys", .value = &keys}};
    if (!jc_cli_options(cli, &jc_cmd_backup, options, 1, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_backup, "DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct jc_err err = {0};
    struct jc_backup_options how = {.with_keys = keys != NULL, .actor = cli->actor};
    enum jc_code code = jc_cli_open_db(cli, &err); /* the whole database, whichever agencies are in it */
    if (code == JC_OK)
        code = jc_backup_make(cli->db, &cli->clock, dir.ptr, &how, &err);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    jc_cli_say(cli, JC_MSG_BACKUP_MADE, &dir, 1);
    return JC_EXIT_DONE;
}

const struct jc_command jc_cmd_backup = {
    .name = "backup",
    .summary = {"备份数据库到目录", "back the database up to a folder"},
    .usage = "backup DIR [--with-keys]",
    .help = {"在目录中写入数据库的一致副本和清单（含哈希与证据链）；服务器可同时运行。\n"
             "备份完成后，回执会告知终端哪些记录已在备份中。\n"
             "--with-keys  连同服务器签名私钥一起备份，请妥善保管（缺省：不含私钥；恢复后须由管理员核对新密钥）",
             "Writes a consistent copy of the database and a manifest (hashes, evidence chain); the server may run.\n"
             "Once it is made, receipts tell terminals which records are in a backup.\n"
             "--with-keys  with the secret halves of the server's keys, to be kept safe (default: without; after a\n"
             "             restore an administrator then confirms the new key on the terminals)"},
    .example = "jiancha backup /var/backups/jiancha-2023-01-31",
    .run = run,
};
