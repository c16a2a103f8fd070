/* jiancha terminal order|return: work made offline beside inspections (terminal_inspect.c) and rechecks.
 *
 * Each of these commands prints what it made as a listing of one row: the identifier, the document number, the operation. */
#include <stdio.h>

#include "cli/terminal_draft.h"

/* --- what was made ----------------------------------------------------------------------------------------- */

/* "应急检记〔2023〕1号", or empty. */
static struct jc_str number_text(struct jc_cli *cli, const Jc__DocumentNumber *number) {
    struct jc_buf text;
    jc_buf_init(&text, 128);
    jc_terminal_document_number(&text, number);
    struct jc_str copy = jc_arena_copy(cli->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy.ptr ? copy : JC_STR("");
}

enum jc_code jc_cli_terminal_print_work(struct jc_cli *cli, const char *name, const struct jc_column columns[4],
                                        const struct jc_terminal_work *work, struct jc_err *err) {
    struct jc_table *table = jc_table_new(cli->arena, name, columns, 4);
    if (!table)
        return jc_fail_memory(err);
    jc_table_text(table, jc_cli_terminal_id(cli, work->subject.id));
    jc_table_text(table, number_text(cli, &work->document_number));
    jc_table_text(table, jc_cli_terminal_id(cli, work->task_id));
    jc_table_text(table, jc_cli_terminal_id(cli, work->operation_id));
    if (work->recalled)
        jc_cli_note(cli, JC_MSG_TERM_RECALLED_NOTE, NULL, 0);
    if (work->duplicate_of) {
        const Google__Protobuf__Timestamp *ended = work->duplicate_of->ended_at;
        char time[JC_TIME_MAX];
        const struct jc_str args[] = {jc_time_format(ended ? ended->seconds * 1000 : 0, time),
                                      jc_str(work->duplicate_of->team_id)};
        jc_cli_note(cli, JC_MSG_TERM_DUPLICATE_NOTE, args, 2);
    }
    return jc_table_print(table, cli, err);
}

/* --- order ---------------------------------------------------------------------------------------------------- */

static enum jc_exit run_order(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("order_id", JC_MSG_TERM_COL_ORDER);
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_order};
    struct jc_cli_draft draft;
    struct jc_terminal_ref inspection;
    struct jc_terminal_work work;
    struct jc_err err;
    jc_cli_draft_init(&draft, cli);
    const struct jc_option options[] = {
        {.name = "issued", .takes_value = true, .each = jc_cli_draft_start, .ctx = &draft},
        {.name = "signed", .takes_value = true, .each = jc_cli_draft_signed, .ctx = &draft},
        {.name = "refused-signature", .takes_value = true, .each = jc_cli_draft_refused_signature, .ctx = &draft},
    };
    if (!jc_cli_terminal_options(&run, options, sizeof options / sizeof options[0], 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_order, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("INSPECTION"));
    enum jc_code code = jc_cli_draft_check(&draft, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_find(run.terminal, jc_str(argv[1]), JC_TERMINAL_INSPECTION, &inspection, &err);
    if (code == JC_OK) {
        const struct jc_terminal_order_draft order = {
            .inspection_id = inspection.id,
            .issued_ms = draft.start ? draft.start->seconds * 1000 : 0,
            .signature = draft.signature,
        };
        code = jc_terminal_order(run.terminal, &order, cli->arena, &work, &err);
    }
    if (code == JC_OK)
        code = jc_cli_terminal_print_work(cli, "order", columns, &work, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_order = {
    .name = "order",
    .summary = {"下达责令限期整改指令书", "issue a rectification order"},
    .usage =
        "terminal --store FILE order INSPECTION [--issued TIME] [--signed NAME[:POSITION]|--refused-signature REASON]",
    .help = {"一次检查中所有限期整改的问题开一份指令书。INSPECTION 也可以写任务或计划检查编号。\n"
             "--issued TIME  下达时间（缺省为现在）\n"
             "--signed、--refused-signature  签收或拒收（缺省：与检查记录同日下达的，以记录上的签名为准）",
             "One order for all findings by deadline of one inspection. INSPECTION may also be the task or visit.\n"
             "--issued TIME  default: now\n"
             "--signed, --refused-signature  default: as in the record, if the order is of the same day"},
    .example = "jiancha terminal --store t1.db order hn-001-01",
    .run = run_order,
};

/* --- return --------------------------------------------------------------------------------------------------------- */

static enum jc_exit run_return(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("returned_id", JC_MSG_TERM_COL_RETURNED);
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_return};
    const char *reason = NULL;
    struct jc_terminal_ref task;
    struct jc_terminal_work work;
    struct jc_err err;
    const struct jc_option options[] = {{.name = "reason", .takes_value = true, .value = &reason}};
    if (!jc_cli_terminal_options(&run, options, 1, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_return, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    if (!reason)
        return jc_cli_misuse(cli, &jc_cmd_terminal_return, JC_MSG_CLI_OPTION_MISSING, JC_STR("--reason"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_find(run.terminal, jc_str(argv[1]), JC_TERMINAL_TASK, &task, &err);
    if (code == JC_OK)
        code = jc_terminal_return(run.terminal, task.id, jc_str(reason), cli->arena, &work, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_print_work(cli, "return", columns, &work, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_return = {
    .name = "return",
    .summary = {"退回检查任务", "send a task back"},
    .usage = "terminal --store FILE return TASK --reason TEXT",
    .help = {"退回后由计划人员决定。", "The planner decides what becomes of it."},
    .example = "jiancha terminal --store t1.db return hn-002-01 --reason 企业停产",
    .run = run_return,
};
