/* jiancha task list|recall|reassign|reopen: what terminals have to do, and what planners change of it. */
#include "store/task.h"

#include <string.h>

#include "cli/table.h"
#include "store/words.h"
#include "sync/recall.h"

static const struct jc_command task_list, task_recall, task_reassign, task_reopen;
const struct jc_command jc_cmd_task;

static struct jc_str uuid_text(ProtobufCBinaryData id, char buf[JC_UUID_TEXT]) {
    struct jc_uuid uuid = {{0}};
    if (id.len == JC_UUID_SIZE)
        memcpy(uuid.bytes, id.data, JC_UUID_SIZE);
    return jc_uuid_format(uuid, buf);
}

/* --- the table, of listings and of what an act has changed ---------------------------------------------- */

static struct jc_str value_cell(struct jc_cli *cli, const char *field, const ProtobufCEnumDescriptor *descriptor,
                                int value) {
    struct jc_str name = jc_words_enum(cli->arena, descriptor, value);
    return cli->format == JC_FORMAT_TABLE ? jc_words_value(cli->lang, field, name) : name;
}

/* What the planner or the inspector said last of it. */
static struct jc_str last_word(const Jc__Task *task) {
    struct jc_str answer = jc_str(task->planner_note), recalled = jc_str(task->recall_reason);
    if (task->state == JC__TASK_STATE__TASK_STATE_RECALLED)
        return recalled;
    return answer.len ? answer : jc_str(task->return_reason);
}

static enum jc_code print_tasks(struct jc_cli *cli, Jc__Task **tasks, size_t count, struct jc_err *err) {
    static const struct jc_column columns[] = {
        {"task_id", JC_MSG_COL_TASK, false},    {"team_id", JC_MSG_COL_TEAM, false},
        {"unit_id", JC_MSG_COL_UNIT_ID, false}, {"kind", JC_MSG_COL_KIND, false},
        {"due_on", JC_MSG_COL_DUE, false},      {"state", JC_MSG_COL_STATUS, false},
        {"text", JC_MSG_COL_DETAIL, false},
    };
    struct jc_table *table = jc_table_new(cli->arena, "task", columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; table && i < count; i++) {
        char id[JC_UUID_TEXT];
        jc_table_text(table, uuid_text(tasks[i]->task_id, id));
        jc_table_text(table, jc_str(tasks[i]->team_id));
        jc_table_text(table, jc_str(tasks[i]->unit_id));
        jc_table_text(table, value_cell(cli, "kind", &jc__task_kind__descriptor, (int)tasks[i]->kind));
        jc_table_text(table, jc_str(tasks[i]->due_on));
        jc_table_text(table, value_cell(cli, "state", &jc__task_state__descriptor, (int)tasks[i]->state));
        jc_table_text(table, last_word(tasks[i]));
    }
    return jc_table_print(table, cli, err);
}

/* --- list ------------------------------------------------------------------------------------------------ */

struct listing {
    struct jc_cli *cli;
    struct jc_task_filter filter;
    Jc__Task **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    struct jc_str next = {0};
    return jc_task_list(tx, listing->cli->agency_id, &listing->filter, listing->cli->arena, &listing->items,
                        &listing->count, &next, err);
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    const char *team = "", *state = "open";
    struct jc_option options[] = {
        {.name = "team", .takes_value = true, .value = &team},
        {.name = "state",
         .takes_value = true,
         .value = &state,
         .expects = {"open、done、returned、recalled 或 all", "open, done, returned, recalled or all"}},
    };
    struct listing listing = {.cli = cli};
    struct jc_err err = {0};
    int value = 0;
    if (!jc_cli_options(cli, &task_list, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &task_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (strcmp(state, "all") != 0 &&
        (!jc_words_enum_parse(&jc__task_state__descriptor, jc_str(state), &value) || value == 0))
        return jc_cli_value_refused(cli, &task_list, options, 2, "state");
    listing.filter.team_id = jc_str(team);
    listing.filter.state = (Jc__TaskState)value;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code)
        code = print_tasks(cli, listing.items, listing.count, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- acts ------------------------------------------------------------------------------------------------ */

struct change {
    struct jc_cli *cli;
    struct jc_task_act act;
    struct jc_str team_id; /* of a reassignment; empty: none */
    bool reopen;
    Jc__Task **tasks;
};

static enum jc_code change_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct change *change = ctx;
    struct jc_cli *cli = change->cli;
    change->act.agency_id = cli->agency_id;
    change->act.now_ms = jc_clock_now_ms(&cli->clock);
    change->act.actor = cli->actor;
    if (change->reopen)
        return jc_task_act_reopen(tx, &change->act, cli->arena, &change->tasks, err);
    if (change->team_id.len)
        return jc_task_act_reassign(tx, &change->act, change->team_id, cli->arena, &change->tasks, err);
    return jc_task_act_recall(tx, &change->act, cli->arena, &change->tasks, err);
}

/* The ids behind the name; JC_NOT_FOUND for what is none. */
static enum jc_code parse_ids(struct change *change, int argc, char **argv, struct jc_err *err) {
    size_t count = (size_t)argc - 1;
    struct jc_uuid *ids = JC_NEW_ARRAY(change->cli->arena, count, struct jc_uuid);
    ProtobufCBinaryData *out = JC_NEW_ARRAY(change->cli->arena, count, ProtobufCBinaryData);
    if (!ids || !out)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        if (!jc_uuid_parse(jc_str(argv[i + 1]), &ids[i]))
            return jc_fail(err, JC_NOT_FOUND, JC_MSG_TASK_UNKNOWN, jc_str(argv[i + 1]));
        out[i] = (ProtobufCBinaryData){JC_UUID_SIZE, ids[i].bytes};
    }
    change->act.task_ids = out;
    change->act.count = count;
    return JC_OK;
}

static enum jc_exit run_change(struct change *change, const struct jc_command *command, int argc, char **argv) {
    struct jc_cli *cli = change->cli;
    struct jc_err err = {0};
    if (argc < 2)
        return jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK_ID"));
    enum jc_code code = parse_ids(change, argc, argv, &err);
    if (!code)
        code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, change_job, change, &err);
    if (!code)
        code = print_tasks(cli, change->tasks, change->act.count, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

static enum jc_exit run_recall(struct jc_cli *cli, int argc, char **argv) {
    const char *reason = NULL;
    struct jc_option options[] = {{.name = "reason", .takes_value = true, .value = &reason}};
    struct change change = {.cli = cli};
    if (!jc_cli_options(cli, &task_recall, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (!reason)
        return jc_cli_misuse(cli, &task_recall, JC_MSG_CLI_OPTION_MISSING, JC_STR("--reason"));
    change.act.reason = jc_str(reason);
    return run_change(&change, &task_recall, argc, argv);
}

static enum jc_exit run_reassign(struct jc_cli *cli, int argc, char **argv) {
    const char *reason = NULL, *team = "";
    struct jc_option options[] = {
        {.name = "to", .takes_value = true, .value = &team},
        {.name = "reason", .takes_value = true, .value = &reason},
    };
    struct change change = {.cli = cli};
    if (!jc_cli_options(cli, &task_reassign, options, 2, &argc, argv))
        return JC_EXIT_REFUSED;
    if (!*team || !reason)
        return jc_cli_misuse(cli, &task_reassign, JC_MSG_CLI_OPTION_MISSING,
                             *team ? JC_STR("--reason") : JC_STR("--to"));
    change.act.reason = jc_str(reason);
    change.team_id = jc_str(team);
    return run_change(&change, &task_reassign, argc, argv);
}

static enum jc_exit run_reopen(struct jc_cli *cli, int argc, char **argv) {
    const char *note = "";
    struct jc_option options[] = {{.name = "note", .takes_value = true, .value = &note}};
    struct change change = {.cli = cli, .reopen = true};
    if (!jc_cli_options(cli, &task_reopen, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    change.act.reason = jc_str(note);
    return run_change(&change, &task_reopen, argc, argv);
}

/* --- the commands ---------------------------------------------------------------------------------------- */

static const struct jc_command task_list = {
    .name = "list",
    .summary = {"列出任务", "list tasks"},
    .usage = "task list [--team T] [--state S]",
    .help = {"按到期日排列。\n"
             "--team   只列一个执法单位的任务\n"
             "--state  open 未完成（缺省）、done 已完成、returned 已退回、recalled 已收回、all 全部",
             "By due date.\n"
             "--team   of one team alone\n"
             "--state  open (default), done, returned, recalled, or all"},
    .example = "jiancha task list --state returned",
    .run = run_list,
};

static const struct jc_command task_recall = {
    .name = "recall",
    .summary = {"收回已下达的任务", "take released tasks back"},
    .usage = "task recall TASK_ID… --reason TEXT",
    .help = {"任务从终端收回，对应的检查恢复为待下达。终端得知之前已做的记录在宽限期内仍予接收并提示。\n"
             "--reason  执法人员看到的理由",
             "The terminals give the tasks back and their visits are planned again. Records that were made before a\n"
             "terminal knew are accepted in the days of grace, and flagged.\n"
             "--reason  what the inspectors are told"},
    .example = "jiancha task recall 0185f0a4-7c00-7000-8000-000000000001 --reason 企业停产",
    .run = run_recall,
};

static const struct jc_command task_reassign = {
    .name = "reassign",
    .summary = {"把任务交给另一执法单位", "give tasks to another team"},
    .usage = "task reassign TASK_ID… --to TEAM --reason TEXT",
    .help = {"原单位终端上的任务移除（未上报的记录保留），新单位的终端收到任务。",
             "The old team's terminals lose the tasks (unsent work stays), those of the new one get them."},
    .example = "jiancha task reassign 0185f0a4-7c00-7000-8000-000000000001 --to hn-t2 --reason 人员调整",
    .run = run_reassign,
};

static const struct jc_command task_reopen = {
    .name = "reopen",
    .summary = {"重新打开已退回或已收回的任务", "open a returned or recalled task again"},
    .usage = "task reopen TASK_ID… [--note TEXT]",
    .help = {"--note  对执法人员退回的答复", "--note  the answer to the inspector who returned it"},
    .example = "jiancha task reopen 0185f0a4-7c00-7000-8000-000000000001 --note 请按原计划检查",
    .run = run_reopen,
};

static const struct jc_command *const subs[] = {&task_list, &task_recall, &task_reassign, &task_reopen, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_task, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_task, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("task"));
}

const struct jc_command jc_cmd_task = {
    .name = "task",
    .summary = {"任务：查看、收回、改派、重新打开", "tasks: list, recall, reassign, reopen"},
    .usage = "task list [--team T] [--state S]\n"
             "task recall TASK_ID… --reason TEXT\n"
             "task reassign TASK_ID… --to TEAM --reason TEXT\n"
             "task reopen TASK_ID… [--note TEXT]",
    .help = {"下达给终端的任务。每次改动记入审计日志。",
             "What terminals have to do. Every change stands in the audit log."},
    .example = "jiancha task list",
    .run = run,
    .sub = subs,
};
