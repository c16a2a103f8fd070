/* jiancha restore DIR: a backup becomes a database again. */
#include "cli/cli.h"
#include "store/backup.h"

const struct jc_command jc_cmd_restore;

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str dir;
    if (!jc_cli_options(cli, &jc_cmd_restore, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_restore, "DIR", argc, argv, &dir))
        return JC_EXIT_REFUSED;
    struct jc_err err = {0};
    if (jc_backup_restore(dir.ptr, cli->db_path, cli->arena, &err) != JC_OK)
        return jc_cli_fail(cli, &err);
    struct jc_str path = jc_str(cli->db_path);
    jc_cli_say(cli, JC_MSG_RESTORED, &path, 1);
    return JC_EXIT_DONE;
}

const struct jc_command jc_cmd_restore = {
    .name = "restore",
    .summary = {"从备份目录恢复数据库", "restore a database from a backup"},
    .usage = "restore DIR --db FILE",
    .help = {"核对清单后恢复到 --db 指明的新文件，绝不覆盖已有数据库。\n"
             "恢复后的数据库是新的一代：终端会重新核对，并补交备份之后的记录。",
             "Checks the backup against its manifest and restores it to the new file named by --db; an existing\n"
             "database is never overwritten. The restored database begins a new incarnation: terminals list anew\n"
             "and offer again what the backup does not hold."},
    .example = "jiancha restore /var/backups/jiancha-2023-01-31 --db restored.db",
    .run = run,
};
