/* jiancha device: the terminals. How they stand is the board's (board.c). */
#include "auth/device.h"

#include "cli/board.h"

static const struct jc_command device_rename, device_rebuild, device_invite, device_list, device_revoke,
    device_trust_seal;
const struct jc_command jc_cmd_device;

/* --- invite ---------------------------------------------------------------------------------------- */

struct invite {
    struct jc_cli *cli;
    struct jc_str inspector_id;
    int hours;
    char code[JC_ONE_TIME_TEXT];
    int64_t expires_ms;
};

static enum jc_code invite_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct invite *invite = ctx;
    struct jc_act act = {invite->cli->actor, &invite->cli->clock};
    return jc_device_invite(tx, invite->cli->agency_id, invite->inspector_id, invite->hours, act, invite->cli->arena,
                            invite->code, &invite->expires_ms, err);
}

static enum jc_code print_code(struct jc_cli *cli, const struct invite *invite, struct jc_err *err) {
    static const struct jc_column columns[] = {
        {"inspector_id", JC_MSG_COL_INSPECTOR, false},
        {"code", JC_MSG_COL_INVITATION_CODE, false},
        {"expires_at", JC_MSG_COL_EXPIRES, false},
    };
    char time[JC_TIME_MAX];
    struct jc_table *table = jc_table_new(cli->arena, "device", columns, 3);
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, invite->inspector_id);
    jc_table_text(table, jc_str(invite->code));
    jc_table_text(table, jc_time_format(invite->expires_ms, time));
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_invite(struct jc_cli *cli, int argc, char **argv) {
    const char *inspector = NULL, *hours = NULL;
    struct jc_option options[] = {
        {.name = "inspector", .takes_value = true, .value = &inspector},
        {.name = "hours", .takes_value = true, .value = &hours, .expects = {"1 至 336 的小时数", "hours, 1 to 336"}},
    };
    struct invite invite = {.cli = cli};
    struct jc_err err = {0};
    int64_t number = 0;
    if (!jc_cli_options(cli, &device_invite, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &device_invite, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!inspector)
        return jc_cli_misuse(cli, &device_invite, JC_MSG_CLI_OPTION_MISSING, JC_STR("--inspector"));
    if (hours && (!jc_str_to_int64(jc_str(hours), &number) || number < 1 || number > JC_INVITATION_MAX_HOURS))
        return jc_cli_value_refused(cli, &device_invite, options, 2, "hours");
    invite.inspector_id = jc_str(inspector);
    invite.hours = (int)number;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, invite_job, &invite, &err);
    if (!code)
        code = print_code(cli, &invite, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- list ------------------------------------------------------------------------------------------ */

struct listing {
    struct jc_cli *cli;
    struct jc_device *items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_device_list(tx, listing->cli->agency_id, listing->cli->arena, &listing->items, &listing->count, err);
}

static const struct jc_column list_columns[] = {
    {"device_id", JC_MSG_COL_DEVICE, false},       {"name", JC_MSG_COL_DEVICE_NAME, false},
    {"inspector_id", JC_MSG_COL_INSPECTOR, false}, {"team_id", JC_MSG_COL_TEAM, false},
    {"enrolled_at", JC_MSG_COL_ENROLLED, false},   {"last_seen_at", JC_MSG_COL_LAST_SEEN, false},
    {"revoked_at", JC_MSG_COL_REVOKED, false},     {"app_version", JC_MSG_COL_APP_VERSION, false},
    {"unsent", JC_MSG_COL_UNSENT, true},
};

static struct jc_table *list_table(const struct listing *listing) {
    struct jc_table *table =
        jc_table_new(listing->cli->arena, "device", list_columns, sizeof list_columns / sizeof list_columns[0]);
    for (size_t i = 0; table && i < listing->count; i++) {
        const struct jc_device *device = &listing->items[i];
        char id[JC_UUID_TEXT];
        jc_table_text(table, jc_uuid_format(device->device_id, id));
        jc_table_text(table, device->name);
        jc_table_text(table, device->inspector_id);
        jc_table_text(table, device->team_id);
        jc_cli_time_cell(table, device->enrolled_ms);
        jc_cli_time_cell(table, device->last_seen_ms);
        jc_cli_time_cell(table, device->revoked_ms);
        jc_table_text(table, device->app_version);
        jc_table_int(table, device->unsent);
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    struct listing listing = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &device_list, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &device_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code) {
        struct jc_table *table = list_table(&listing);
        code = jc_table_print(table, cli, &err);
    }
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- acts on one device ------------------------------------------------------------------------------ */

enum act_kind { REVOKE, RENAME, REBUILD, TRUST_SEAL };

struct device_act {
    struct jc_cli *cli;
    enum act_kind kind;
    struct jc_uuid device_id;
    struct jc_str text; /* reason or name */
};

static enum jc_code act_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct device_act *act = ctx;
    const struct jc_act who = {act->cli->actor, &act->cli->clock};
    int64_t agency_id = act->cli->agency_id;
    if (act->kind == REVOKE)
        return jc_device_revoke(tx, agency_id, act->device_id, act->text, who, err);
    if (act->kind == TRUST_SEAL)
        return jc_device_trust_seal(tx, agency_id, act->device_id, act->text, who, err);
    return act->kind == RENAME ? jc_device_rename(tx, agency_id, act->device_id, act->text, who, err)
                               : jc_device_rebuild(tx, agency_id, act->device_id, who, err);
}

static enum jc_exit run_act(struct device_act *act, struct jc_str id, enum jc_msg done) {
    struct jc_cli *cli = act->cli;
    struct jc_err err = {0};
    enum jc_code code = JC_OK;
    if (!jc_uuid_parse(id, &act->device_id))
        code = jc_fail(&err, JC_NOT_FOUND, JC_MSG_DEVICE_UNKNOWN, id);
    if (!code)
        code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, act_job, act, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    jc_cli_say(cli, done, (struct jc_str[]){id, act->text}, 2);
    return JC_EXIT_DONE;
}

static enum jc_exit run_with_reason(struct jc_cli *cli, const struct jc_command *command, enum act_kind kind,
                                    enum jc_msg done, int argc, char **argv) {
    const char *reason = "";
    struct jc_option options[] = {{.name = "reason", .takes_value = true, .value = &reason}};
    struct device_act act = {.cli = cli, .kind = kind};
    struct jc_str id;
    if (!jc_cli_options(cli, command, options, 1, &argc, argv) ||
        !jc_cli_argument(cli, command, "DEVICE_ID", argc, argv, &id))
        return JC_EXIT_REFUSED;
    act.text = jc_str(reason);
    return run_act(&act, id, done);
}

static enum jc_exit run_revoke(struct jc_cli *cli, int argc, char **argv) {
    return run_with_reason(cli, &device_revoke, REVOKE, JC_MSG_DEVICE_IS_REVOKED, argc, argv);
}

static enum jc_exit run_trust_seal(struct jc_cli *cli, int argc, char **argv) {
    return run_with_reason(cli, &device_trust_seal, TRUST_SEAL, JC_MSG_DEVICE_SEAL_IS_TRUSTED, argc, argv);
}

static enum jc_exit run_rename(struct jc_cli *cli, int argc, char **argv) {
    struct device_act act = {.cli = cli, .kind = RENAME};
    if (!jc_cli_options(cli, &device_rename, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 3)
        return jc_cli_misuse(cli, &device_rename, JC_MSG_CLI_ARGUMENT_MISSING,
                             argc < 2 ? JC_STR("DEVICE_ID") : JC_STR("NAME"));
    if (argc > 3)
        return jc_cli_misuse(cli, &device_rename, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[3]));
    act.text = jc_str(argv[2]);
    return run_act(&act, jc_str(argv[1]), JC_MSG_DEVICE_IS_RENAMED);
}

static enum jc_exit run_rebuild(struct jc_cli *cli, int argc, char **argv) {
    struct device_act act = {.cli = cli, .kind = REBUILD};
    struct jc_str id;
    if (!jc_cli_options(cli, &device_rebuild, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &device_rebuild, "DEVICE_ID", argc, argv, &id))
        return JC_EXIT_REFUSED;
    return run_act(&act, id, JC_MSG_DEVICE_WILL_REBUILD);
}

/* --- the command ------------------------------------------------------------------------------------- */

static const struct jc_command device_invite = {
    .name = "invite",
    .summary = {"为执法人员生成终端邀请码", "make a code with which an inspector's terminal enrols"},
    .usage = "device invite --inspector ID [--hours N]",
    .help = {"邀请码只显示一次，只能使用一次，默认 24 小时内有效。",
             "The code is shown once, works once, and holds for 24 hours unless told otherwise."},
    .example = "jiancha device invite --inspector hn-t1-01",
    .run = run_invite,
};

static const struct jc_command device_list = {
    .name = "list",
    .summary = {"列出终端", "list terminals"},
    .usage = "device list",
    .help = {"包括最近联系时间和未上报的操作数。", "With the time each was last seen and what it had not sent then."},
    .example = "jiancha device list",
    .run = run_list,
};

static const struct jc_command device_revoke = {
    .name = "revoke",
    .summary = {"吊销终端", "refuse a terminal from now on"},
    .usage = "device revoke DEVICE_ID [--reason TEXT]",
    .help = {"立即生效，服务器运行时也是如此。终端中未上报的记录可用 U 盘接收，保留待核。",
             "Holds at once, also while the server runs. What it has not sent can come on a stick and is kept for\n"
             "review."},
    .example = "jiancha device revoke 0185f0a4-7c00-7000-8000-000000000001",
    .run = run_revoke,
};

static const struct jc_command device_rename = {
    .name = "rename",
    .summary = {"修改终端名称", "give a terminal another name"},
    .usage = "device rename DEVICE_ID NAME",
    .help = {"名称只用于辨认。", "The name serves people alone."},
    .example = "jiancha device rename 0185f0a4-7c00-7000-8000-000000000001 执法2队3号机",
    .run = run_rename,
};

static const struct jc_command device_rebuild = {
    .name = "rebuild",
    .summary = {"让终端重新下载全部资料", "ask a terminal to list everything anew"},
    .usage = "device rebuild DEVICE_ID",
    .help = {"终端下次同步时重新下载，未上报的记录不受影响。", "With its next sync; what it has not sent stays."},
    .example = "jiancha device rebuild 0185f0a4-7c00-7000-8000-000000000001",
    .run = run_rebuild,
};

static const struct jc_command device_trust_seal = {
    .name = "trust-seal",
    .summary = {"撤销终端的签封不符标记", "take away a terminal's mark of a wrong seal"},
    .usage = "device trust-seal DEVICE_ID --reason TEXT",
    .help = {"先办理完因签封不符而待核的操作；理由记入审计日志。终端的记录和证据链不变。",
             "Once every review about its seals is decided; the reason stands in the audit log. Its records and the\n"
             "evidence chain stay as they are."},
    .example = "jiancha device trust-seal 0185f0a4-7c00-7000-8000-000000000001 --reason 更换存储卡后核对无误",
    .run = run_trust_seal,
};

static const struct jc_command *const subs[] = {&device_invite,      &device_list,       &jc_cmd_device_board,
                                                &jc_cmd_device_show, &device_rename,     &device_revoke,
                                                &device_rebuild,     &device_trust_seal, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_device, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_device, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("device"));
}

const struct jc_command jc_cmd_device = {
    .name = "device",
    .summary = {"管理终端", "manage terminals"},
    .usage = "device invite --inspector ID [--hours N]\n"
             "device list\n"
             "device board\n"
             "device show NAME|DEVICE_ID\n"
             "device rename DEVICE_ID NAME\n"
             "device revoke DEVICE_ID [--reason TEXT]\n"
             "device rebuild DEVICE_ID\n"
             "device trust-seal DEVICE_ID --reason TEXT",
    .help = {"邀请、查看、改名、吊销。所有操作记入审计日志。",
             "Invite, look at, rename, revoke. Every act stands in the audit log."},
    .example = "jiancha device invite --inspector hn-t1-01",
    .run = run,
    .sub = subs,
};
