/* jiancha terminal: the reference handheld. This file has enroll and tasks; sync is in terminal_sync.c, inspections
 * in terminal_inspect.c, what follows in terminal_work.c and terminal_recheck.c, printing in terminal_print.c.
 *
 * Nothing here touches the server's database: a terminal has its own store and talks over the net. */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

const struct jc_command jc_cmd_terminal;
static const struct jc_command cmd_enroll, cmd_tasks;

/* --- shared ---------------------------------------------------------------------------------------------- */

bool jc_cli_terminal_options(struct jc_cli_terminal *run, const struct jc_option *options, size_t count,
                             size_t positional, int *argc, char **argv) {
    struct jc_option all[32];
    if (count + 1 > sizeof all / sizeof all[0])
        return false;
    const char *store = getenv("JIANCHA_STORE");
    run->store = store && *store ? store : NULL;
    all[0] = (struct jc_option){.name = "store", .takes_value = true, .value = &run->store};
    if (count)
        memcpy(all + 1, options, count * sizeof *options);
    if (!jc_cli_options(run->cli, run->command, all, count + 1, argc, argv))
        return false;
    if (!run->store) {
        jc_cli_misuse(run->cli, run->command, JC_MSG_CLI_OPTION_MISSING, JC_STR("--store"));
        return false;
    }
    if (*argc > (int)positional + 1) {
        jc_cli_misuse(run->cli, run->command, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[positional + 1]));
        return false;
    }
    return true;
}

enum jc_code jc_cli_terminal_open(struct jc_cli_terminal *run, bool create, struct jc_err *err) {
    struct jc_terminal_config config = {.path = run->store, .create = create, .wall = run->cli->clock};
    return jc_terminal_open(&config, &run->terminal, err);
}

enum jc_exit jc_cli_terminal_end(struct jc_cli_terminal *run, enum jc_code code, const struct jc_err *err) {
    jc_terminal_close(run->terminal);
    run->terminal = NULL;
    return code == JC_OK ? JC_EXIT_DONE : jc_cli_fail(run->cli, err);
}

struct jc_str jc_cli_terminal_word(const struct jc_cli *cli, const char *name, enum jc_msg word) {
    return cli->format == JC_FORMAT_TABLE ? jc_msg_text(word, cli->lang) : jc_str(name);
}

struct jc_str jc_cli_terminal_result(const struct jc_cli *cli, const struct jc_terminal_outcome *outcome) {
    if (outcome->set_aside)
        return jc_cli_terminal_word(cli, "set_aside", JC_MSG_TERM_RESULT_SET_ASIDE);
    switch (outcome->review ? (int)outcome->review->kind : 0) {
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT:
        return jc_cli_terminal_word(cli, "accepted", JC_MSG_TERM_RESULT_ACCEPTED);
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT:
        return jc_cli_terminal_word(cli, "not_accepted", JC_MSG_TERM_RESULT_NOT_ACCEPTED);
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK:
        return jc_cli_terminal_word(cli, "linked", JC_MSG_TERM_RESULT_LINKED);
    default:
        break;
    }
    switch (outcome->status) {
    case JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED:
        return jc_cli_terminal_word(cli, "applied", JC_MSG_TERM_RESULT_APPLIED);
    case JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED:
        return jc_cli_terminal_word(cli, "rejected", JC_MSG_TERM_RESULT_REJECTED);
    case JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW:
        return jc_cli_terminal_word(cli, "kept", JC_MSG_TERM_RESULT_KEPT);
    default:
        return jc_cli_terminal_word(cli, "unsent", JC_MSG_TERM_RESULT_UNSENT);
    }
}

struct jc_str jc_cli_terminal_reason(const struct jc_cli *cli, const struct jc_terminal_outcome *outcome) {
    if (outcome->review && *outcome->review->note)
        return jc_str(outcome->review->note);
    return cli->lang == JC_ZH && outcome->reason_zh.len ? outcome->reason_zh : outcome->reason_en;
}

struct jc_str jc_cli_terminal_id(struct jc_cli *cli, struct jc_uuid id) {
    static const struct jc_uuid none;
    char text[JC_UUID_TEXT];
    if (memcmp(&id, &none, sizeof id) == 0)
        return (struct jc_str){"", 0};
    return jc_arena_copy(cli->arena, jc_uuid_format(id, text));
}

/* --- enroll ------------------------------------------------------------------------------------------------ */

static const struct jc_column enroll_columns[] = {
    {"device_id", JC_MSG_TERM_COL_DEVICE, false}, {"inspector_id", JC_MSG_TERM_COL_INSPECTOR, false},
    {"inspector", JC_MSG_COL_PERSON_NAME, false}, {"team_id", JC_MSG_TERM_COL_TEAM, false},
    {"agency", JC_MSG_TERM_COL_AGENCY, false},    {"server", JC_MSG_TERM_COL_SERVER, false},
};

static enum jc_code print_holder(struct jc_cli *cli, const struct jc_terminal_holder *holder, struct jc_err *err) {
    struct jc_table *table =
        jc_table_new(cli->arena, "enroll", enroll_columns, sizeof enroll_columns / sizeof enroll_columns[0]);
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, jc_cli_terminal_id(cli, holder->device_id));
    jc_table_text(table, holder->inspector_id);
    jc_table_text(table, holder->inspector_name);
    jc_table_text(table, holder->team_id);
    jc_table_text(table, holder->agency_name);
    jc_table_text(table, holder->server);
    return jc_table_print(table, cli, err);
}

static enum jc_exit run_enroll(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &cmd_enroll};
    const char *server = NULL, *code_text = NULL, *name = "";
    int again = 0;
    const struct jc_option options[] = {
        {.name = "server", .takes_value = true, .value = &server},
        {.name = "code", .takes_value = true, .value = &code_text},
        {.name = "name", .takes_value = true, .value = &name},
        {.name = "again", .count = &again},
    };
    if (!jc_cli_terminal_options(&run, options, sizeof options / sizeof options[0], 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (!server || !code_text)
        return jc_cli_misuse(cli, &cmd_enroll, JC_MSG_CLI_OPTION_MISSING,
                             server ? JC_STR("--code") : JC_STR("--server"));
    struct jc_terminal_invitation invitation = {jc_str(server), jc_str(code_text), jc_str(name), again > 0};
    struct jc_transport transport = {0};
    struct jc_terminal_holder holder = {0};
    struct jc_err err;
    enum jc_code code = jc_transport_curl(server, 0, cli->lang, &transport, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_open(&run, true, &err);
    if (code == JC_OK)
        code = jc_terminal_enroll(run.terminal, &transport, &invitation, cli->arena, &holder, &err);
    if (code == JC_OK)
        code = print_holder(cli, &holder, &err);
    jc_transport_close(&transport);
    return jc_cli_terminal_end(&run, code, &err);
}

static const struct jc_command cmd_enroll = {
    .name = "enroll",
    .summary = {"用一次性邀请码登记终端", "enrol the terminal with a one-time code"},
    .usage = "terminal --store FILE enroll --server URL --code CODE [--name NAME] [--again]",
    .help =
        {"在终端生成密钥，向服务器登记，令牌保存在终端数据文件里（仅本人可读）。\n"
         "--server URL  服务器地址，以后同步仍用它\n"
         "--code CODE   计划人员发出的一次性邀请码（jiancha device invite）\n"
         "--name NAME   终端名称，显示在终端一览里\n"
         "--again       终端被停用后重新登记，或再登记一位共用此终端的执法人员；未发送的工作保留",
         "Makes the device's key, enrols it at the server and keeps the token in the store (readable by you alone).\n"
         "--server URL  the server; later syncs use it too\n"
         "--code CODE   the one-time code from a planner (jiancha device invite)\n"
         "--name NAME   the device's name on the device board\n"
         "--again       enrol anew after a revocation, or another person who shares it; work that is not sent stays"},
    .example = "jiancha terminal --store t1.db enroll --server http://127.0.0.1:8420 --code ABCD-EFGH --name 平板1",
    .run = run_enroll,
};

/* --- tasks -------------------------------------------------------------------------------------------------- */

static const struct jc_column task_columns[] = {
    {"task_id", JC_MSG_TERM_COL_TASK, false},        {"due_on", JC_MSG_TERM_COL_DUE, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},          {"unit", JC_MSG_COL_UNIT, false},
    {"kind", JC_MSG_TERM_COL_KIND, false},           {"visit_id", JC_MSG_COL_VISIT, false},
    {"state", JC_MSG_TERM_COL_STATE, false},         {"local", JC_MSG_TERM_COL_LOCAL, false},
    {"record_id", JC_MSG_TERM_COL_RECORD, false},    {"unsent", JC_MSG_TERM_COL_UNSENT, true},
    {"attention", JC_MSG_TERM_COL_ATTENTION, false},
};

/* Work that never had a task; that of a task which has left the terminal is something else. */
static bool is_ad_hoc(const struct jc_terminal_task *task) {
    static const struct jc_uuid none;
    return !task->task && task->outcome_count > 0 && memcmp(&task->outcomes[0].task_id, &none, sizeof none) == 0;
}

static struct jc_str kind_word(const struct jc_cli *cli, const struct jc_terminal_task *task) {
    switch (task->task ? (int)task->task->kind : is_ad_hoc(task) ? JC__TASK_KIND__TASK_KIND_AD_HOC : 0) {
    case JC__TASK_KIND__TASK_KIND_VISIT:
        return jc_cli_terminal_word(cli, "visit", JC_MSG_TERM_KIND_VISIT);
    case JC__TASK_KIND__TASK_KIND_JOINT:
        return jc_cli_terminal_word(cli, "joint", JC_MSG_TERM_KIND_JOINT);
    case JC__TASK_KIND__TASK_KIND_RECHECK:
        return jc_cli_terminal_word(cli, "recheck", JC_MSG_TERM_KIND_RECHECK);
    case JC__TASK_KIND__TASK_KIND_AD_HOC:
        return jc_cli_terminal_word(cli, "ad_hoc", JC_MSG_TERM_KIND_AD_HOC);
    default:
        return JC_STR("");
    }
}

static struct jc_str state_word(const struct jc_cli *cli, const struct jc_terminal_task *task) {
    switch (task->task ? (int)task->task->state : 0) {
    case JC__TASK_STATE__TASK_STATE_OPEN:
        return jc_cli_terminal_word(cli, "open", JC_MSG_TERM_STATE_OPEN);
    case JC__TASK_STATE__TASK_STATE_DONE:
        return jc_cli_terminal_word(cli, "done", JC_MSG_TERM_STATE_DONE);
    case JC__TASK_STATE__TASK_STATE_RETURNED:
        return jc_cli_terminal_word(cli, "returned", JC_MSG_TERM_STATE_RETURNED);
    case JC__TASK_STATE__TASK_STATE_RECALLED:
        return jc_cli_terminal_word(cli, "recalled", JC_MSG_TERM_STATE_RECALLED);
    default:
        return task->task || is_ad_hoc(task) ? JC_STR("") : jc_cli_terminal_word(cli, "gone", JC_MSG_TERM_STATE_GONE);
    }
}

static struct jc_str local_word(const struct jc_cli *cli, enum jc_terminal_local local) {
    switch (local) {
    case JC_TERMINAL_LOCAL_STARTED:
        return jc_cli_terminal_word(cli, "started", JC_MSG_TERM_LOCAL_STARTED);
    case JC_TERMINAL_LOCAL_DONE:
        return jc_cli_terminal_word(cli, "done", JC_MSG_TERM_LOCAL_DONE);
    case JC_TERMINAL_LOCAL_RETURNED:
        return jc_cli_terminal_word(cli, "returned", JC_MSG_TERM_LOCAL_RETURNED);
    case JC_TERMINAL_LOCAL_HANDED_OVER:
        return jc_cli_terminal_word(cli, "handed_over", JC_MSG_TERM_LOCAL_HANDED_OVER);
    default:
        return JC_STR("");
    }
}

/* The newest that was rejected, else the newest that a person should look at: an order that waits for a record hides
 * the record's rejection otherwise. NULL: none. */
static const struct jc_terminal_outcome *gravest(const struct jc_terminal_task *task) {
    const struct jc_terminal_outcome *newest = NULL;
    for (size_t i = task->outcome_count; i-- > 0;) {
        const struct jc_terminal_outcome *outcome = &task->outcomes[i];
        if (jc_terminal_stands(outcome) == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
            return outcome;
        if (!newest && jc_terminal_needs_attention(outcome))
            newest = outcome;
    }
    return newest;
}

/* "rejected: …". */
static struct jc_str attention_words(struct jc_cli *cli, const struct jc_terminal_task *task) {
    const struct jc_terminal_outcome *outcome = gravest(task);
    if (!outcome)
        return JC_STR("");
    struct jc_str args[] = {jc_cli_terminal_result(cli, outcome), jc_cli_terminal_reason(cli, outcome)};
    struct jc_buf text;
    jc_buf_init(&text, 4096);
    jc_msg_render(&text, cli->lang, JC_MSG_TERM_ATTENTION, args, 2);
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

static void add_task(struct jc_cli *cli, struct jc_table *table, const struct jc_terminal_task *task) {
    const Jc__Task *from = task->task;
    struct jc_uuid task_id = task->outcome_count ? task->outcomes[0].task_id : (struct jc_uuid){{0}};
    if (from)
        memcpy(task_id.bytes, from->task_id.data, sizeof task_id.bytes);
    jc_table_text(table, jc_cli_terminal_id(cli, task_id));
    jc_table_text(table, jc_str(from ? from->due_on : ""));
    jc_table_text(table, task->unit_id);
    jc_table_text(table, jc_str(task->unit ? task->unit->name : ""));
    jc_table_text(table, kind_word(cli, task));
    jc_table_text(table, jc_str(from ? from->visit_id : ""));
    jc_table_text(table, state_word(cli, task));
    jc_table_text(table, local_word(cli, task->local));
    jc_table_text(table, jc_cli_terminal_id(cli, task->subject_id));
    jc_table_int(table, (int64_t)task->unsent);
    jc_table_text(table, attention_words(cli, task));
}

static bool is_todo(const struct jc_terminal_task *task) {
    return task->task && task->task->state == JC__TASK_STATE__TASK_STATE_OPEN &&
           (task->local == JC_TERMINAL_LOCAL_NONE || task->local == JC_TERMINAL_LOCAL_STARTED);
}

static enum jc_exit run_tasks(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &cmd_tasks};
    int open = 0;
    const struct jc_option options[] = {{.name = "open", .count = &open}};
    if (!jc_cli_terminal_options(&run, options, 1, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    struct jc_terminal_task *tasks = NULL;
    size_t count = 0;
    struct jc_err err;
    struct jc_table *table =
        jc_table_new(cli->arena, "tasks", task_columns, sizeof task_columns / sizeof task_columns[0]);
    enum jc_code code = table ? jc_cli_terminal_open(&run, false, &err) : jc_fail_memory(&err);
    if (code == JC_OK)
        code = jc_terminal_tasks(run.terminal, cli->arena, &tasks, &count, &err);
    for (size_t i = 0; code == JC_OK && i < count; i++) {
        if (!open || is_todo(&tasks[i]))
            add_task(cli, table, &tasks[i]);
    }
    if (code == JC_OK)
        code = jc_table_print(table, cli, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

static const struct jc_command cmd_tasks = {
    .name = "tasks",
    .summary = {"本机的检查任务", "the tasks on this terminal"},
    .usage = "terminal --store FILE tasks [--open]",
    .help =
        {"未完成的在前，按截止日期排列；“状态”是服务器所知，“本机”是在本机做了什么，“需关注”是被拒绝或待核处理的操作及理由。\n"
         "--open  只列尚待完成的",
         "What is to be done comes first, by due date; \"here\" is work the server's state does not show yet,\n"
         "\"attention\" what was rejected or kept for review, and why.\n"
         "--open  only what is still to be done"},
    .example = "jiancha terminal --store t1.db tasks",
    .run = run_tasks,
};

/* --- the command ---------------------------------------------------------------------------------------------- */

static const struct jc_command *const subs[] = {&cmd_enroll,
                                                &jc_cmd_terminal_sync,
                                                &cmd_tasks,
                                                &jc_cmd_terminal_show,
                                                &jc_cmd_terminal_inspect,
                                                &jc_cmd_terminal_order,
                                                &jc_cmd_terminal_recheck,
                                                &jc_cmd_terminal_return,
                                                &jc_cmd_terminal_void_number,
                                                &jc_cmd_terminal_draft,
                                                &jc_cmd_terminal_upload,
                                                &jc_cmd_terminal_check,
                                                &jc_cmd_terminal_ready,
                                                &jc_cmd_terminal_bundle,
                                                &jc_cmd_terminal_accept,
                                                &jc_cmd_terminal_accept_key,
                                                &jc_cmd_terminal_hand_over,
                                                &jc_cmd_terminal_take_over,
                                                &jc_cmd_terminal_take_back,
                                                &jc_cmd_terminal_carried,
                                                &jc_cmd_terminal_drop,
                                                &jc_cmd_terminal_holders,
                                                &jc_cmd_terminal_switch,
                                                &jc_cmd_terminal_wipe,
                                                NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_terminal, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_terminal, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("terminal"));
}

const struct jc_command jc_cmd_terminal = {
    .name = "terminal",
    .summary = {"执法终端：离线检查、文书、同步", "the handheld: inspect offline, documents, sync"},
    .usage =
        "terminal --store FILE enroll|sync|tasks|show|inspect|order|recheck|return|void-number|draft|upload|check|ready|\n"
        "                      bundle|accept|accept-key|hand-over|take-over|take-back|carried|drop|\n"
        "                      holders|switch|wipe …",
    .help =
        {"除 enroll、sync、upload、check 和 ready 外都不需要网络。终端数据都在一个文件里（--store，或环境变量 JIANCHA_STORE）。\n"
         "编号可以只写开头或结尾的几位（能唯一确定即可），任务也可以写计划检查编号或单位编号。",
         "Everything but enroll, sync, upload, check and ready works offline. A terminal is one file (--store, or JIANCHA_STORE).\n"
         "Identifiers may be given by a unique beginning or ending, tasks also by their visit or unit."},
    .example =
        "jiancha terminal --store t1.db enroll --server http://127.0.0.1:8420 --code ABCD-EFGH\n"
        "jiancha terminal --store t1.db sync\n"
        "jiancha terminal --store t1.db tasks\n"
        "jiancha terminal --store t1.db inspect hn-001-01 --start 09:00 --end 11:30 --inspectors hn-t1-01,hn-t1-02 "
        "--item 3=violates:未签订责任书 --finding 未签订安全生产责任书 --outcome deadline:2023-02-15 --signed 王某:安全总监\n"
        "jiancha terminal --store t1.db order hn-001-01\n"
        "jiancha terminal --store t1.db show hn-001-01 --print",
    .run = run,
    .sub = subs,
};
