/* jiancha init: makes the database and the first administrator. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/person.h"
#include "cli/table.h"
#include "store/store.h"

const struct jc_command jc_cmd_init;

/* Takes back what a failed init made, so that it can be tried again. */
static void remove_database(struct jc_cli *cli) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    char path[4096];
    jc_db_close(cli->db);
    cli->db = NULL;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (snprintf(path, sizeof path, "%s%s", cli->db_path, endings[i]) < (int)sizeof path)
            unlink(path);
}

static enum jc_code make_database(struct jc_cli *cli, struct jc_str login, struct jc_str *password,
                                  struct jc_err *err) {
    struct jc_db_config config = {.path = cli->db_path, .create = true};
    struct jc_person admin = {
        .login = login, .name = jc_msg_text(JC_MSG_INIT_ADMIN_NAME, cli->lang), .roles = JC_ROLE(ADMIN)};
    struct jc_act act = {cli->actor, &cli->clock};
    enum jc_code code = jc_db_open(&config, &cli->db, err);
    if (!code)
        code = jc_store_create(cli->db, &cli->clock, err);
    return code ? code : jc_person_create(cli->db, 1, &admin, act, cli->arena, password, err);
}

static enum jc_exit print_admin(struct jc_cli *cli, struct jc_str login, struct jc_str password) {
    static const struct jc_column columns[] = {
        {"database", JC_MSG_STATUS_DATABASE, false},
        {"login", JC_MSG_COL_LOGIN, false},
        {"one_time_password", JC_MSG_COL_ONE_TIME_PASSWORD, false},
    };
    struct jc_err err = {0};
    struct jc_table *table = jc_table_new(cli->arena, "init", columns, sizeof columns / sizeof *columns);
    enum jc_code code = table ? JC_OK : jc_fail_memory(&err);
    if (!code) {
        jc_table_text(table, jc_str(cli->db_path));
        jc_table_text(table, login);
        jc_table_text(table, password);
        code = jc_table_print(table, cli, &err);
    }
    if (code)
        return jc_cli_fail(cli, &err);
    jc_cli_note(cli, JC_MSG_INIT_DONE, NULL, 0);
    return JC_EXIT_DONE;
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    const char *login = "admin";
    struct jc_option options[] = {{.name = "admin", .takes_value = true, .value = &login}};
    struct jc_str password = {0};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_init, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_init, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (access(cli->db_path, F_OK) == 0) {
        jc_fail(&err, JC_ALREADY_EXISTS, JC_MSG_FILE_EXISTS, jc_str(cli->db_path));
        return jc_cli_fail(cli, &err);
    }
    if (make_database(cli, jc_str(login), &password, &err)) {
        remove_database(cli);
        return jc_cli_fail(cli, &err);
    }
    return print_admin(cli, jc_str(login), password);
}

const struct jc_command jc_cmd_init = {
    .name = "init",
    .summary = {"建立数据库和首位管理员", "make the database and the first administrator"},
    .usage = "init [--admin LOGIN]",
    .help = {"建立 --db 指明的数据库（已有文件不会覆盖）和一名管理员，显示一次性密码。\n"
             "密码只显示这一次，首次登录必须更换。\n"
             "--admin  管理员登录名（缺省：admin）",
             "Makes the database named by --db (a file that exists is never overwritten) and an administrator, and\n"
             "prints the one-time password. It is shown this once and must be changed at the first login.\n"
             "--admin  login of the administrator (default: admin)"},
    .example = "jiancha init --db huainan.db\njiancha init --db huainan.db --admin wang",
    .run = run,
};
