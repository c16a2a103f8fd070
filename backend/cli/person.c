/* jiancha person add|passwd|disable|list: the people who sign in. */
#include "auth/device.h"
#include "cli/table.h"

static const struct jc_command person_add, person_passwd, person_disable, person_list;
const struct jc_command jc_cmd_person;

/* The one place where a one-time password is shown. */
static enum jc_exit print_password(struct jc_cli *cli, struct jc_str login, struct jc_str password) {
    static const struct jc_column columns[] = {
        {"login", JC_MSG_COL_LOGIN, false},
        {"one_time_password", JC_MSG_COL_ONE_TIME_PASSWORD, false},
    };
    struct jc_err err = {0};
    struct jc_table *table = jc_table_new(cli->arena, "person", columns, 2);
    enum jc_code code = table ? JC_OK : jc_fail_memory(&err);
    if (!code) {
        jc_table_text(table, login);
        jc_table_text(table, password);
        code = jc_table_print(table, cli, &err);
    }
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- add ------------------------------------------------------------------------------------------- */

static enum jc_exit run_add(struct jc_cli *cli, int argc, char **argv) {
    const char *name = NULL, *roles = NULL, *inspector = "", *team = "";
    struct jc_option options[] = {
        {.name = "name", .takes_value = true, .value = &name},
        {.name = "role", .takes_value = true, .value = &roles},
        {.name = "inspector", .takes_value = true, .value = &inspector},
        {.name = "team", .takes_value = true, .value = &team},
    };
    struct jc_person person = {0};
    struct jc_str password;
    struct jc_err err = {0};
    struct jc_act act = {cli->actor, &cli->clock};
    if (!jc_cli_options(cli, &person_add, options, 4, &argc, argv) ||
        !jc_cli_argument(cli, &person_add, "LOGIN", argc, argv, &person.login))
        return JC_EXIT_REFUSED;
    if (!roles)
        return jc_cli_misuse(cli, &person_add, JC_MSG_CLI_OPTION_MISSING, JC_STR("--role"));
    person.name = name ? jc_str(name) : *inspector ? JC_STR("") : person.login;
    person.inspector_id = jc_str(inspector);
    person.team_id = jc_str(team);
    enum jc_code code = jc_roles_parse(jc_str(roles), &person.roles, &err);
    if (!code)
        code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_person_create(cli->db, cli->agency_id, &person, act, cli->arena, &password, &err);
    return code ? jc_cli_fail(cli, &err) : print_password(cli, person.login, password);
}

/* --- passwd ---------------------------------------------------------------------------------------- */

static enum jc_exit run_passwd(struct jc_cli *cli, int argc, char **argv) {
    struct jc_str login, password;
    struct jc_err err = {0};
    struct jc_act act = {cli->actor, &cli->clock};
    if (!jc_cli_options(cli, &person_passwd, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &person_passwd, "LOGIN", argc, argv, &login))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_person_reset_password(cli->db, cli->agency_id, login, act, cli->arena, &password, &err);
    return code ? jc_cli_fail(cli, &err) : print_password(cli, login, password);
}

/* --- disable --------------------------------------------------------------------------------------- */

struct disable {
    struct jc_cli *cli;
    struct jc_str login;
    bool disabled;
    bool revoke;               /* the person's terminals too */
    struct jc_device *devices; /* that were not revoked before */
    size_t count;
};

static enum jc_code disable_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct disable *disable = ctx;
    struct jc_cli *cli = disable->cli;
    struct jc_act act = {cli->actor, &cli->clock};
    enum jc_code code = jc_person_disable(tx, cli->agency_id, disable->login, disable->disabled, act, err);
    if (!code && disable->disabled)
        code =
            jc_person_devices(tx, cli->agency_id, disable->login, cli->arena, &disable->devices, &disable->count, err);
    for (size_t i = 0; !code && disable->revoke && i < disable->count; i++)
        code = jc_device_revoke(tx, cli->agency_id, disable->devices[i].device_id, JC_STR(""), act, err);
    return code;
}

/* A terminal speaks with its own token: it goes on after its holder is shut out, and its work may still be wanted. */
static void tell_devices(const struct disable *disable) {
    struct jc_cli *cli = disable->cli;
    for (size_t i = 0; i < disable->count; i++) {
        const struct jc_device *device = &disable->devices[i];
        char id[JC_UUID_TEXT];
        struct jc_str shown = jc_uuid_format(device->device_id, id);
        if (!disable->revoke) {
            jc_cli_note(cli, JC_MSG_PERSON_DEVICE_SYNCS, (struct jc_str[]){device->inspector_id, device->name, shown},
                        3);
            continue;
        }
        jc_cli_say(cli, JC_MSG_DEVICE_IS_REVOKED, &shown, 1);
    }
}

static enum jc_exit run_disable(struct jc_cli *cli, int argc, char **argv) {
    const char *undo = NULL, *devices = NULL;
    struct jc_option options[] = {{.name = "undo", .value = &undo}, {.name = "devices", .value = &devices}};
    struct disable disable = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &person_disable, options, 2, &argc, argv) ||
        !jc_cli_argument(cli, &person_disable, "LOGIN", argc, argv, &disable.login))
        return JC_EXIT_REFUSED;
    if (undo && devices)
        return jc_cli_misuse(cli, &person_disable, JC_MSG_PERSON_UNDO_DEVICES, JC_STR("--devices"));
    disable.disabled = !undo;
    disable.revoke = devices != NULL;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, disable_job, &disable, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    jc_cli_say(cli, undo ? JC_MSG_PERSON_IS_ENABLED : JC_MSG_PERSON_IS_DISABLED, &disable.login, 1);
    tell_devices(&disable);
    return JC_EXIT_DONE;
}

/* --- list ------------------------------------------------------------------------------------------ */

struct listing {
    struct jc_cli *cli;
    struct jc_person *items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_person_list(tx, listing->cli->agency_id, listing->cli->arena, &listing->items, &listing->count, err);
}

static const struct jc_column list_columns[] = {
    {"login", JC_MSG_COL_LOGIN, false},       {"name", JC_MSG_COL_PERSON_NAME, false},
    {"roles", JC_MSG_COL_ROLES, false},       {"inspector_id", JC_MSG_COL_INSPECTOR, false},
    {"team_id", JC_MSG_COL_TEAM, false},      {"must_change_password", JC_MSG_COL_MUST_CHANGE, false},
    {"disabled", JC_MSG_COL_DISABLED, false},
};

static struct jc_table *list_table(const struct listing *listing) {
    struct jc_arena *arena = listing->cli->arena;
    struct jc_table *table = jc_table_new(arena, "person", list_columns, sizeof list_columns / sizeof list_columns[0]);
    for (size_t i = 0; table && i < listing->count; i++) {
        const struct jc_person *person = &listing->items[i];
        jc_table_text(table, person->login);
        jc_table_text(table, person->name);
        jc_table_text(table, jc_roles_format(person->roles, arena));
        jc_table_text(table, person->inspector_id);
        jc_table_text(table, person->team_id);
        jc_table_bool(table, person->must_change_password);
        jc_table_bool(table, person->disabled);
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    struct listing listing = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &person_list, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &person_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code) {
        struct jc_table *table = list_table(&listing);
        code = jc_table_print(table, cli, &err);
    }
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- the command ------------------------------------------------------------------------------------- */

static const struct jc_command person_add = {
    .name = "add",
    .summary = {"添加人员并打印一次性密码", "add a person and print a one-time password"},
    .usage = "person add LOGIN --role ROLE[,ROLE] [--name NAME] [--inspector ID] [--team ID]",
    .help = {"角色：inspector 执法人员、team_lead 执法单位负责人、planner 计划编制、supervisor 监督、admin 管理员。\n"
             "执法人员须用 --inspector 指明名录中的编号；一次性密码只显示一次，首次登录须修改。",
             "Roles: inspector, team_lead, planner, supervisor, admin. An inspector is named by --inspector as the\n"
             "register numbers them. The password is shown once and must be changed at the first login."},
    .example = "jiancha person add lihua --role planner --name 李华",
    .run = run_add,
};

static const struct jc_command person_passwd = {
    .name = "passwd",
    .summary = {"重置密码并打印一次性密码", "reset a password and print a one-time one"},
    .usage = "person passwd LOGIN",
    .help = {"该人员的登录全部失效。", "All sessions of the person end."},
    .example = "jiancha person passwd lihua",
    .run = run_passwd,
};

static const struct jc_command person_disable = {
    .name = "disable",
    .summary = {"停用人员", "shut a person out"},
    .usage = "person disable LOGIN [--devices]\n"
             "person disable LOGIN --undo",
    .help = {"立即生效，登录全部失效。终端凭自己的令牌同步，不随人员停用：仍可同步的终端逐一列出，附吊销命令。\n"
             "--devices  同时吊销该执法人员的全部终端\n"
             "--undo     恢复该人员；已吊销的终端不恢复",
             "Holds at once and ends all sessions. A terminal syncs with a token of its own and is not shut out with\n"
             "the person: those that still sync are listed with the command that revokes them.\n"
             "--devices  revokes all terminals of the inspector as well\n"
             "--undo     lets the person in again; revoked terminals stay revoked"},
    .example = "jiancha person disable lihua",
    .run = run_disable,
};

static const struct jc_command person_list = {
    .name = "list",
    .summary = {"列出人员", "list people"},
    .usage = "person list",
    .help = {"按登录名排列。", "In the order of logins."},
    .example = "jiancha person list --format json",
    .run = run_list,
};

static const struct jc_command *const subs[] = {&person_add, &person_passwd, &person_disable, &person_list, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_person, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_person, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("person"));
}

const struct jc_command jc_cmd_person = {
    .name = "person",
    .summary = {"管理登录人员", "manage the people who sign in"},
    .usage = "person add LOGIN --role ROLE[,ROLE] [--name NAME] [--inspector ID] [--team ID]\n"
             "person passwd LOGIN\n"
             "person disable LOGIN [--devices]\n"
             "person disable LOGIN --undo\n"
             "person list",
    .help = {"添加、重置密码、停用、列出。所有操作记入审计日志。",
             "Add, reset, shut out, list. Every act stands in the audit log."},
    .example = "jiancha person add lihua --role planner --name 李华",
    .run = run,
    .sub = subs,
};
