/* jiancha terminal holders|switch|upload|bundle|accept|check|ready|wipe: the device itself, with and without a network. */
#include "cli/terminal.h"
#include "cli/watch.h"

/* --- who holds it ------------------------------------------------------------------------------------------ */

static const struct jc_column holder_columns[] = {
    {"inspector_id", JC_MSG_TERM_COL_INSPECTOR, false},
    {"inspector", JC_MSG_COL_PERSON_NAME, false},
    {"state", JC_MSG_TERM_COL_STATE, false},
    {"unsent", JC_MSG_TERM_COL_UNSENT, true},
    {"device_id", JC_MSG_TERM_COL_DEVICE, false},
    {"enrolled_at", JC_MSG_TERM_COL_ENROLLED, false},
};

static struct jc_str share_word(const struct jc_cli *cli, const struct jc_terminal_share *share) {
    if (share->active)
        return jc_cli_terminal_word(cli, "active", JC_MSG_TERM_HOLDER_ACTIVE);
    if (share->revoked)
        return jc_cli_terminal_word(cli, "ended", JC_MSG_TERM_HOLDER_ENDED);
    return jc_cli_terminal_word(cli, "enrolled", JC_MSG_TERM_HOLDER_ENROLLED);
}

static enum jc_code print_holders(struct jc_cli_terminal *run, struct jc_err *err) {
    struct jc_cli *cli = run->cli;
    struct jc_terminal_share *list = NULL;
    size_t count = 0;
    char time[JC_TIME_MAX];
    struct jc_table *table =
        jc_table_new(cli->arena, "holders", holder_columns, sizeof holder_columns / sizeof holder_columns[0]);
    enum jc_code code =
        table ? jc_terminal_holders(run->terminal, cli->arena, &list, &count, err) : jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < count; i++) {
        jc_table_text(table, list[i].holder.inspector_id);
        jc_table_text(table, list[i].holder.inspector_name);
        jc_table_text(table, share_word(cli, &list[i]));
        jc_table_int(table, list[i].unsent);
        jc_table_text(table, jc_cli_terminal_id(cli, list[i].holder.device_id));
        jc_table_text(table, jc_time_format(list[i].enrolled_ms, time));
    }
    return code == JC_OK ? jc_table_print(table, cli, err) : code;
}

static enum jc_exit run_holders(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_holders};
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = print_holders(&run, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_holders = {
    .name = "holders",
    .summary = {"登记在此终端的执法人员", "the people enrolled on this terminal"},
    .usage = "terminal --store FILE holders",
    .help =
        {"几人可以共用一台终端：各自登记（enroll --again），用 switch 换人，各人的工作以各人的名义发送。",
         "Several people may share a terminal: each enrols (enroll --again), switch says who works, and what each did\n"
         "goes out in their own name."},
    .example = "jiancha terminal --store t1.db holders",
    .run = run_holders,
};

static enum jc_exit run_switch(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_switch};
    struct jc_terminal_holder holder = {0};
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("INSPECTOR"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_switch(run.terminal, jc_str(argv[1]), cli->arena, &holder, &err);
    if (code == JC_OK)
        code = print_holders(&run, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_switch = {
    .name = "switch",
    .summary = {"换另一位已登记的执法人员使用", "another enrolled person works from now on"},
    .usage = "terminal --store FILE switch INSPECTOR",
    .help = {"不需要网络。未发送的工作仍以原来那位的名义发送。",
             "Needs no net. Work that is not sent still goes out in the name of who did it."},
    .example = "jiancha terminal --store t1.db switch hn-t1-02",
    .run = run_switch,
};

/* --- by file ------------------------------------------------------------------------------------------------- */

static void note_count(struct jc_cli *cli, enum jc_msg what, int64_t count) {
    char text[JC_NUMBER_TEXT];
    struct jc_str arg = jc_str_from_int64(count, text);
    if (count > 0)
        jc_cli_note(cli, what, &arg, 1);
}

static const struct jc_column bundle_columns[] = {
    {"file", JC_MSG_TERM_COL_FILE, false},
    {"operations", JC_MSG_TERM_COL_OPERATIONS, true},
    {"blobs", JC_MSG_TERM_COL_BLOBS, true},
};

static enum jc_exit run_bundle(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_bundle};
    struct jc_terminal_bundled bundled = {0};
    struct jc_err err;
    int photos = 0;
    const struct jc_option options[] = {{.name = "photos", .count = &photos}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("FILE"));
    struct jc_table *table = jc_table_new(cli->arena, "bundle", bundle_columns, 3);
    enum jc_code code = table ? jc_cli_terminal_open(&run, false, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_terminal_bundle(run.terminal, argv[1], photos > 0, &bundled, &err);
    note_count(cli, JC_MSG_TERM_BUNDLE_LEFT_OUT, bundled.left_out);
    note_count(cli, JC_MSG_TERM_BUNDLE_PHOTOS_GONE, bundled.blobs_missing);
    if (code == JC_OK) {
        jc_table_text(table, jc_str(argv[1]));
        jc_table_int(table, bundled.operations);
        jc_table_int(table, bundled.blobs);
        code = jc_table_print(table, cli, &err);
    }
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_bundle = {
    .name = "bundle",
    .summary = {"把未发送的工作写入一个文件（U盘）", "write unsent work to one file (USB stick)"},
    .usage = "terminal --store FILE bundle FILE [--photos]",
    .help =
        {"没有网络时用：文件交给计划人员 jiancha ingest，带回的回执用 terminal accept 收入。\n"
         "终端里什么也不改变，之后联网同步也不会重复。\n"
         "--photos  连同服务器还没有的照片",
         "For where there is no net: a planner takes the file in (jiancha ingest), the receipt comes back (terminal accept).\n"
         "Nothing changes here, and a later sync does no harm.\n"
         "--photos  with the photos that the server does not have yet"},
    .example = "jiancha terminal --store t1.db bundle /media/usb/t1.jcb --photos",
    .run = run_bundle,
};

static const struct jc_column accept_columns[] = {
    {"settled", JC_MSG_TERM_COL_SETTLED, true},
    {"already", JC_MSG_TERM_COL_ALREADY, true},
    {"missing_blobs", JC_MSG_TERM_COL_MISSING_BLOBS, true},
};

static enum jc_exit run_accept(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_accept};
    struct jc_terminal_accepted accepted = {0};
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("FILE"));
    struct jc_table *table = jc_table_new(cli->arena, "accept", accept_columns, 3);
    enum jc_code code = table ? jc_cli_terminal_open(&run, false, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_terminal_accept(run.terminal, argv[1], &accepted, &err);
    if (code == JC_OK) {
        jc_table_int(table, accepted.settled);
        jc_table_int(table, accepted.already);
        jc_table_int(table, accepted.missing_blobs);
        code = jc_table_print(table, cli, &err);
    }
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_accept = {
    .name = "accept",
    .summary = {"收入带回的回执", "take in the receipt that came back"},
    .usage = "terminal --store FILE accept FILE",
    .help = {"核对服务器的签名后，回执所列的工作才算已发送；重复收入无妨。",
             "Work counts as sent once the server's signature has been checked; taking a receipt twice is fine."},
    .example = "jiancha terminal --store t1.db accept /media/usb/t1.receipt",
    .run = run_accept,
};

/* --- upload ---------------------------------------------------------------------------------------------------- */

static const struct jc_column upload_columns[] = {
    {"blobs", JC_MSG_TERM_COL_BLOBS, true},
    {"bytes", JC_MSG_TERM_COL_BYTES, true},
    {"waiting", JC_MSG_TERM_COL_WAITING, true},
    {"lost", JC_MSG_TERM_COL_LOST, true},
};

static enum jc_code print_upload(struct jc_cli *cli, const struct jc_terminal_upload_result *result,
                                 struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, "upload", upload_columns, 4);
    if (!table)
        return jc_fail_memory(err);
    jc_table_int(table, result->sent_blobs);
    jc_table_int(table, result->sent_bytes);
    jc_table_int(table, result->waiting_blobs);
    jc_table_int(table, result->lost_blobs);
    return jc_table_print(table, cli, err);
}

enum { BUDGET_MAX_MB = 1000000 };

static enum jc_exit run_upload(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_upload};
    const char *budget = NULL, *server = NULL;
    int64_t megabytes = 0;
    struct jc_terminal_upload_result result = {0};
    struct jc_terminal_holder holder = {0};
    struct jc_transport transport = {0};
    struct jc_err err, print_err;
    const struct jc_option options[] = {
        {.name = "budget", .takes_value = true, .value = &budget, .expects = {"兆字节数", "a number of megabytes"}},
        {.name = "server", .takes_value = true, .value = &server}};
    if (!jc_cli_terminal_options(&run, options, 2, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (budget && (!jc_str_to_int64(jc_str(budget), &megabytes) || megabytes < 1 || megabytes > BUDGET_MAX_MB))
        return jc_cli_value_refused(cli, run.command, options, 2, "budget");
    struct jc_terminal_upload_options upload = {.budget_bytes = megabytes * 1000000};
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_holder(run.terminal, cli->arena, &holder, &err);
    if (code == JC_OK)
        code = jc_transport_curl(server ? server : holder.server.ptr, 0, cli->lang, &transport, &err);
    if (code == JC_OK) {
        static const struct jc_watch_stage UPLOAD = {"upload", JC_MSG_WATCH_UPLOAD};
        struct jc_watch *watch = jc_watch_begin(cli, 0);
        jc_watch_enter(watch, &UPLOAD);
        code = jc_terminal_upload(run.terminal, &transport, &upload, cli->arena, &result, &err);
        jc_watch_end(watch);
        if (print_upload(cli, &result, &print_err) != JC_OK && code == JC_OK) {
            code = print_err.code;
            jc_err_copy(&err, &print_err);
        }
    }
    if (code == JC_OK && result.sent_blobs) /* for the board, and the receipt names them */
        jc_terminal_tell(run.terminal, &transport, &print_err);
    jc_transport_close(&transport);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_upload = {
    .name = "upload",
    .summary = {"上传照片", "send the photos"},
    .usage = "terminal --store FILE upload [--budget MB] [--server URL]",
    .help = {"先同步记录，再上传照片：小的在前，从中断处续传。\n"
             "--budget MB   这次最多上传多少兆字节\n"
             "--server URL  改用这个地址",
             "After a sync: small ones first, each from where it was cut.\n"
             "--budget MB   at most so many megabytes now\n"
             "--server URL  use this address"},
    .example = "jiancha terminal --store t1.db upload --budget 50",
    .run = run_upload,
};

/* --- before leaving --------------------------------------------------------------------------------------------- */

struct visit {
    struct jc_cli_terminal run;
    const char *server;
    struct jc_transport transport;
    struct jc_terminal_checked checked;
    bool fetches; /* photos too */
};

static enum jc_code fetch_photos(struct visit *visit, struct jc_err *err) {
    struct jc_cli *cli = visit->run.cli;
    struct jc_terminal_fetched fetched = {0};
    char number[JC_NUMBER_TEXT];
    enum jc_code code = jc_terminal_fetch(visit->run.terminal, &visit->transport, 0, cli->arena, &fetched, err);
    struct jc_str count = jc_str_from_int64(fetched.blobs, number);
    if (fetched.blobs)
        jc_cli_note(cli, JC_MSG_TERM_FETCHED, &count, 1);
    count = jc_str_from_int64(fetched.absent, number);
    if (fetched.absent)
        jc_cli_note(cli, JC_MSG_TERM_FETCH_ABSENT, &count, 1);
    return code;
}

/* Syncs and compares. */
static enum jc_code sync_and_check(struct visit *visit, struct jc_err *err) {
    struct jc_arena *arena = visit->run.cli->arena;
    struct jc_terminal_sync_result result;
    enum jc_code code = jc_terminal_sync(visit->run.terminal, &visit->transport, NULL, arena, &result, err);
    if (code == JC_OK && result.rebuild)
        jc_cli_note(visit->run.cli, JC_MSG_TERM_REBUILD_NOTE, NULL, 0);
    if (code == JC_OK && visit->fetches)
        code = fetch_photos(visit, err);
    if (code == JC_OK)
        code = jc_terminal_check(visit->run.terminal, &visit->transport, arena, &visit->checked, err);
    struct jc_err ignored;
    if (code == JC_OK) /* the board learns whether it may leave */
        jc_terminal_tell(visit->run.terminal, &visit->transport, &ignored);
    return code;
}

static enum jc_code visit_server(struct visit *visit, bool rebuild, struct jc_err *err) {
    struct jc_cli *cli = visit->run.cli;
    struct jc_terminal_holder holder = {0};
    enum jc_code code = jc_cli_terminal_open(&visit->run, false, err);
    if (code == JC_OK)
        code = jc_terminal_holder(visit->run.terminal, cli->arena, &holder, err);
    if (code == JC_OK)
        code =
            jc_transport_curl(visit->server ? visit->server : holder.server.ptr, 0, cli->lang, &visit->transport, err);
    if (code == JC_OK && rebuild)
        code = jc_terminal_rebuild(visit->run.terminal, err);
    static const struct jc_watch_stage SYNC = {"sync", JC_MSG_WATCH_SYNC};
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &SYNC);
    if (code == JC_OK)
        code = sync_and_check(visit, err);
    jc_watch_end(watch);
    return code;
}

static const struct jc_column check_columns[] = {
    {"kind", JC_MSG_TERM_COL_KIND, false},
    {"here", JC_MSG_TERM_COL_LOCAL, true},
    {"there", JC_MSG_TERM_COL_SERVER, true},
    {"same", JC_MSG_TERM_COL_SAME, false},
};

static struct jc_str entity_word(const struct jc_cli *cli, Jc__EntityKind kind) {
    switch (kind) {
    case JC__ENTITY_KIND__ENTITY_KIND_TASK:
        return jc_cli_terminal_word(cli, "task", JC_MSG_TERM_ENTITY_TASK);
    case JC__ENTITY_KIND__ENTITY_KIND_UNIT:
        return jc_cli_terminal_word(cli, "unit", JC_MSG_TERM_ENTITY_UNIT);
    case JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST:
        return jc_cli_terminal_word(cli, "checklist", JC_MSG_TERM_ENTITY_CHECKLIST);
    case JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR:
        return jc_cli_terminal_word(cli, "inspector", JC_MSG_TERM_ENTITY_INSPECTOR);
    case JC__ENTITY_KIND__ENTITY_KIND_ORDER:
        return jc_cli_terminal_word(cli, "order", JC_MSG_TERM_ENTITY_ORDER);
    case JC__ENTITY_KIND__ENTITY_KIND_AGENCY:
        return jc_cli_terminal_word(cli, "agency", JC_MSG_TERM_ENTITY_AGENCY);
    case JC__ENTITY_KIND__ENTITY_KIND_TEAM:
        return jc_cli_terminal_word(cli, "team", JC_MSG_TERM_ENTITY_TEAM);
    case JC__ENTITY_KIND__ENTITY_KIND_UNSPECIFIED:
        return jc_cli_terminal_word(cli, "photo", JC_MSG_TERM_ENTITY_PHOTO);
    default:
        return JC_STR("");
    }
}

static enum jc_code print_check(struct visit *visit, struct jc_err *err) {
    struct jc_cli *cli = visit->run.cli;
    struct jc_table *table = jc_table_new(cli->arena, "check", check_columns, 4);
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < visit->checked.kind_count; i++) {
        const struct jc_terminal_kind_check *kind = &visit->checked.kinds[i];
        jc_table_text(table, entity_word(cli, kind->kind));
        jc_table_int(table, kind->here);
        jc_table_int(table, kind->there);
        jc_table_bool(table, kind->same);
    }
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_check(struct jc_cli *cli, int argc, char **argv) {
    struct visit visit = {.run = {.cli = cli, .command = &jc_cmd_terminal_check}};
    struct jc_err err;
    int rebuild = 0;
    const struct jc_option options[] = {{.name = "rebuild", .count = &rebuild},
                                        {.name = "server", .takes_value = true, .value = &visit.server}};
    if (!jc_cli_terminal_options(&visit.run, options, 2, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = visit_server(&visit, rebuild > 0, &err);
    if (code == JC_OK)
        code = print_check(&visit, &err);
    jc_transport_close(&visit.transport);
    enum jc_exit status = jc_cli_terminal_end(&visit.run, code, &err);
    if (code == JC_OK && !visit.checked.matched) {
        jc_cli_note(cli, JC_MSG_TERM_CHECK_DIFFERS, NULL, 0);
        return JC_EXIT_FOUND;
    }
    return status;
}

const struct jc_command jc_cmd_terminal_check = {
    .name = "check",
    .summary = {"核对终端与服务器的内容是否一致", "whether the listing here is the server's"},
    .usage = "terminal --store FILE check [--rebuild] [--server URL]",
    .help = {"先同步，再逐类比较数量和校验值；有不同则退出码为 1。\n"
             "--rebuild     重新取得全部清单（未发送的工作、草稿和编号保留）\n"
             "--server URL  改用这个地址",
             "Syncs, then compares counts and hashes of each kind; exit status 1 if something differs.\n"
             "--rebuild     fetch the whole listing anew (unsent work, drafts and numbers stay)\n"
             "--server URL  use this address"},
    .example = "jiancha terminal --store t1.db check --rebuild",
    .run = run_check,
};

static const struct jc_column ready_columns[] = {
    {"task_id", JC_MSG_TERM_COL_TASK, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"missing", JC_MSG_TERM_COL_MISSING, false},
};

static enum jc_code print_ready(struct visit *visit, struct jc_err *err) {
    struct jc_cli *cli = visit->run.cli;
    struct jc_table *table = jc_table_new(cli->arena, "ready", ready_columns, 3);
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < visit->checked.missing_count; i++) {
        const struct jc_terminal_missing *missing = &visit->checked.missing[i];
        jc_table_text(table, jc_cli_terminal_id(cli, missing->task_id));
        jc_table_text(table, missing->unit_id);
        jc_table_text(table, entity_word(cli, missing->kind));
    }
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_ready(struct jc_cli *cli, int argc, char **argv) {
    struct visit visit = {.run = {.cli = cli, .command = &jc_cmd_terminal_ready}, .fetches = true};
    struct jc_err err;
    const struct jc_option options[] = {{.name = "server", .takes_value = true, .value = &visit.server}};
    if (!jc_cli_terminal_options(&visit.run, options, 1, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = visit_server(&visit, false, &err);
    if (code == JC_OK)
        code = print_ready(&visit, &err);
    jc_transport_close(&visit.transport);
    enum jc_exit status = jc_cli_terminal_end(&visit.run, code, &err);
    if (code)
        return status;
    char text[JC_NUMBER_TEXT];
    struct jc_str tasks = jc_str_from_int64(visit.checked.tasks, text);
    jc_cli_note(cli, visit.checked.ready ? JC_MSG_TERM_READY : JC_MSG_TERM_NOT_READY, &tasks, 1);
    return visit.checked.ready ? JC_EXIT_DONE : JC_EXIT_FOUND;
}

const struct jc_command jc_cmd_terminal_ready = {
    .name = "ready",
    .summary = {"出发前核对：待办任务所需内容是否齐全", "before leaving: is everything for the open tasks here"},
    .usage = "terminal --store FILE ready [--server URL]",
    .help =
        {"先同步，取回复查所需的原检查照片（存放在终端文件旁的 .blobs 目录，断点续传），再与服务器核对全部待办任务\n"
         "及其检查对象、指令书、检查表和照片；列出缺少的，不齐全则退出码为 1。",
         "Syncs, fetches the photos of the findings to recheck (to the folder .blobs beside the terminal's file, each\n"
         "from where it was cut), then compares the open tasks with their units, orders, checklists and photos with\n"
         "the server's; lists what is missing; exit status 1 if anything is."},
    .example = "jiancha terminal --store t1.db ready",
    .run = run_ready,
};

/* --- wipe ---------------------------------------------------------------------------------------------------------- */

static const struct jc_column wipe_columns[] = {
    {"unsent", JC_MSG_TERM_COL_UNSENT, true},
    {"unproven", JC_MSG_TERM_COL_UNPROVEN, true},
    {"not_backed_up", JC_MSG_TERM_COL_NOT_BACKED_UP, true},
    {"blobs", JC_MSG_TERM_COL_BLOBS, true},
    {"drafts", JC_MSG_TERM_COL_DRAFTS, true},
    {"carried", JC_MSG_TERM_COL_CARRIED, true},
    {"safe", JC_MSG_TERM_COL_SAFE, false},
};

static enum jc_code print_state(struct jc_cli *cli, const struct jc_terminal_wipe_state *state, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, "wipe", wipe_columns, 7);
    if (!table)
        return jc_fail_memory(err);
    jc_table_int(table, state->unsent);
    jc_table_int(table, state->unproven);
    jc_table_int(table, state->not_backed_up);
    jc_table_int(table, state->blobs);
    jc_table_int(table, state->drafts);
    jc_table_int(table, state->carried);
    jc_table_bool(table, state->safe);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_wipe(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_wipe};
    struct jc_terminal_wipe_state state;
    struct jc_err err;
    int look = 0;
    const struct jc_option options[] = {{.name = "dry-run", .count = &look}};
    if (!jc_cli_terminal_options(&run, options, 1, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_safe_to_wipe(run.terminal, &state, &err);
    if (code == JC_OK)
        code = print_state(cli, &state, &err);
    if (code == JC_OK && !look)
        code = jc_terminal_wipe(run.terminal, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_wipe = {
    .name = "wipe",
    .summary = {"清除终端数据（仅在不丢失任何内容时）", "empty the terminal, only if nothing is lost"},
    .usage = "terminal --store FILE wipe [--dry-run]",
    .help =
        {"全部工作都有经核对签名的回执、且已在服务器备份中，没有草稿和未上传的照片时，才删除终端文件（包括密钥）；否则拒绝。\n"
         "--dry-run  只列出还有什么只存在于本机",
         "Removes the store, key included, once every piece of work has a verified receipt and is in a backup of the\n"
         "server, and no draft or photo is only here; refuses otherwise.\n"
         "--dry-run  only list what is nowhere else"},
    .example = "jiancha terminal --store t1.db wipe --dry-run",
    .run = run_wipe,
};
