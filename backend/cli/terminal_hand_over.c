/* jiancha terminal hand-over|take-over|take-back: unfinished work from one terminal to another without a network. */
#include "cli/terminal.h"

/* --- hand over ---------------------------------------------------------------------------------------------- */

static const struct jc_column given_columns[] = {
    {"file", JC_MSG_TERM_COL_FILE, false},
    {"operations", JC_MSG_TERM_COL_OPERATIONS, true},
    {"draft", JC_MSG_TERM_COL_DRAFTS, false},
    {"blobs", JC_MSG_TERM_COL_BLOBS, true},
    {"operation_id", JC_MSG_TERM_COL_OPERATION, false},
};

static enum jc_code print_given(struct jc_cli *cli, const struct jc_terminal_giving *giving,
                                const struct jc_terminal_given *given, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, "hand_over", given_columns, 5);
    const struct jc_str told[] = {jc_str(giving->path), giving->to_inspector_id};
    char text[JC_NUMBER_TEXT];
    struct jc_str missing = jc_str_from_int64(given->blobs_missing, text);
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, jc_str(giving->path));
    jc_table_int(table, given->operations);
    jc_table_bool(table, given->draft);
    jc_table_int(table, given->blobs);
    jc_table_text(table, jc_cli_terminal_id(cli, given->operation_id));
    jc_cli_note(cli, JC_MSG_TERM_HANDED_OVER, told, 2);
    if (given->blobs_missing > 0)
        jc_cli_note(cli, JC_MSG_TERM_BUNDLE_PHOTOS_GONE, &missing, 1);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_hand_over(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_hand_over};
    const char *to = NULL, *reason = NULL;
    struct jc_terminal_given given = {0};
    struct jc_terminal_ref task = {0};
    struct jc_err err;
    const struct jc_option options[] = {{.name = "to", .takes_value = true, .value = &to},
                                        {.name = "reason", .takes_value = true, .value = &reason}};
    if (!jc_cli_terminal_options(&run, options, 2, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 3)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, jc_str(argc < 2 ? "TASK" : "FILE"));
    if (!to)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_OPTION_MISSING, JC_STR("--to"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_find(run.terminal, jc_str(argv[1]), JC_TERMINAL_TASK, &task, &err);
    const struct jc_terminal_giving giving = {
        .task_id = task.id, .to_inspector_id = jc_str(to), .reason = jc_str(reason ? reason : ""), .path = argv[2]};
    if (code == JC_OK)
        code = jc_terminal_hand_over(run.terminal, &giving, &given, &err);
    if (code == JC_OK)
        code = print_given(cli, &giving, &given, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_hand_over = {
    .name = "hand-over",
    .summary = {"把未完成的任务交给同事的终端（不需要网络）", "hand an unfinished task to a colleague's terminal"},
    .usage = "terminal --store FILE hand-over TASK FILE --to INSPECTOR [--reason TEXT]",
    .help =
        {"不需要网络。文件里有未发送的操作、草稿和照片；对方用 take-over 接手。\n"
         "操作仍留在本机待发，谁先同步都不会丢失，也不会重复。文件丢失时再执行一次即可重写。\n"
         "--to INSPECTOR  接手的执法人员\n"
         "--reason TEXT   原因",
         "Needs no net. The file holds what is not sent, the draft and its photos; the other side takes it over.\n"
         "The work stays in the outbox here too: whoever syncs first delivers it, and once. Run it again if the file is lost.\n"
         "--to INSPECTOR  who takes over\n"
         "--reason TEXT   why"},
    .example = "jiancha terminal --store t1.db hand-over hn-002-01 /media/usb/task.jcb --to hn-t1-02",
    .run = run_hand_over,
};

/* --- take over ------------------------------------------------------------------------------------------------ */

static const struct jc_column taken_columns[] = {
    {"task_id", JC_MSG_TERM_COL_TASK, false},   {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"from", JC_MSG_TERM_COL_INSPECTOR, false}, {"operations", JC_MSG_TERM_COL_OPERATIONS, true},
    {"draft", JC_MSG_TERM_COL_DRAFTS, false},   {"blobs", JC_MSG_TERM_COL_BLOBS, true},
};

static enum jc_code print_taken(struct jc_cli *cli, const struct jc_terminal_taken *taken, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, "take_over", taken_columns, 6);
    const struct jc_str told[] = {taken->from_inspector_id, taken->unit_id};
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, jc_cli_terminal_id(cli, taken->task_id));
    jc_table_text(table, taken->unit_id);
    jc_table_text(table, taken->from_inspector_id);
    jc_table_int(table, taken->operations);
    jc_table_bool(table, taken->draft);
    jc_table_int(table, taken->blobs);
    if (taken->already)
        jc_cli_note(cli, JC_MSG_TERM_TAKEN_BEFORE, NULL, 0);
    else
        jc_cli_note(cli, JC_MSG_TERM_TAKEN_OVER, told, 2);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_take_over(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_take_over};
    struct jc_terminal_taken taken = {0};
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("FILE"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_take_over(run.terminal, argv[1], cli->arena, &taken, &err);
    if (code == JC_OK)
        code = print_taken(cli, &taken, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_take_over = {
    .name = "take-over",
    .summary = {"接手同事交来的任务", "take a colleague's unfinished task over"},
    .usage = "terminal --store FILE take-over FILE",
    .help =
        {"核对文件的签名后，草稿和照片收入本机（照片在 STORE.photos），对方未发送的操作下次同步时一并送交；重复接手无妨。",
         "Checks the file's signature; draft and photos are kept here (photos in STORE.photos), and the next sync hands\n"
         "in what the other terminal had not sent. Taking a file twice is fine."},
    .example = "jiancha terminal --store t2.db take-over /media/usb/task.jcb",
    .run = run_take_over,
};

/* --- take back ------------------------------------------------------------------------------------------------ */

static const struct jc_column back_columns[] = {
    {"task_id", JC_MSG_TERM_COL_TASK, false},
    {"operation_id", JC_MSG_TERM_COL_OPERATION, false},
};

static enum jc_exit run_take_back(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_take_back};
    struct jc_terminal_ref task;
    struct jc_terminal_work work;
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, run.command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    struct jc_table *table = jc_table_new(cli->arena, "take_back", back_columns, 2);
    enum jc_code code = table ? jc_cli_terminal_open(&run, false, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_terminal_find(run.terminal, jc_str(argv[1]), JC_TERMINAL_TASK, &task, &err);
    if (code == JC_OK)
        code = jc_terminal_take_back(run.terminal, task.id, cli->arena, &work, &err);
    if (code == JC_OK) {
        jc_table_text(table, jc_cli_terminal_id(cli, work.task_id));
        jc_table_text(table, jc_cli_terminal_id(cli, work.operation_id));
        code = jc_table_print(table, cli, &err);
    }
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_take_back = {
    .name = "take-back",
    .summary = {"收回已交出的任务", "go on here with a task that was handed over"},
    .usage = "terminal --store FILE take-back TASK",
    .help = {"不需要文件。若同事也已办理，服务器把后到的记录留待核处理。",
             "Needs no file. If the colleague does it as well, the server keeps the second record for review."},
    .example = "jiancha terminal --store t1.db take-back hn-002-01",
    .run = run_take_back,
};
