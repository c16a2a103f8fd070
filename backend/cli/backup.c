/* jiancha backup DIR: a consistent copy while the server runs. */
#include "store/backup.h"

#include "cli/cli.h"

const struct jc_command jc_cmd_backup;

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str dir;
    if (!jc_cli_options(cli, &jc_cmd_backup, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_backup, "DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct jc_err err = {0};
    enum jc_code code = jc_cli_open_db(cli, &err); /* the whole database, whichever agencies are in it */
    if (code == JC_OK)
        code = jc_backup_make(cli->db, &cli->clock, dir.ptr, &err);
    if (code != JC_OK)
        return jc_cli_fail(cli, &err);
    jc_cli_say(cli, JC_MSG_BACKUP_MADE, &dir, 1);
    return JC_EXIT_DONE;
}

const struct jc_command jc_cmd_backup = {
    .name = "backup",
    .summary = {"备份数据库到目录", "back the database up to a folder"},
    .usage = "backup DIR",
    .help = {"在目录中写入数据库的一致副本和清单（含哈希与证据链）；服务器可同时运行。",
             "Writes a consistent copy of the database and a manifest (hashes, evidence chain); the server may run."},
    .example = "jiancha backup /var/backups/jiancha-2023-01-31",
    .run = run,
};
