/* jiancha terminal recheck: a recheck opinion on an order, made offline. */
#include <stdio.h>
#include <string.h>

#include "cli/terminal_draft.h"

struct recheck {
    struct jc_cli_terminal run;
    struct jc_cli_draft draft;
    struct {
        const char **items;
        size_t count, capacity;
    } results; /* as typed */
    struct {
        Jc__RecheckItem **items;
        size_t count, capacity;
    } items;
};

static bool add_result(void *ctx, const char *value) {
    struct recheck *recheck = ctx;
    const char **item = JC_PUSH(recheck->run.cli->arena, &recheck->results, const char *);
    if (item)
        *item = value;
    return item != NULL;
}

/* A finding of the order: its number there, or the beginning or ending of its identifier. */
static const Jc__OrderItem *find_item(const Jc__RectificationOrder *order, struct jc_str text) {
    int64_t number;
    const Jc__OrderItem *found = NULL;
    if (jc_str_to_int64(text, &number) && number >= 1 && number <= (int64_t)order->n_items)
        return order->items[number - 1];
    for (size_t i = 0; i < order->n_items && text.len >= 4; i++) {
        char hex[2 * JC_UUID_SIZE + 1], dashed[JC_UUID_TEXT];
        struct jc_uuid id = {{0}};
        if (order->items[i]->finding_id.len != sizeof id.bytes)
            continue;
        memcpy(id.bytes, order->items[i]->finding_id.data, sizeof id.bytes);
        struct jc_str forms[] = {jc_hex(id.bytes, sizeof id.bytes, hex), jc_uuid_format(id, dashed)};
        for (int k = 0; k < 2; k++) {
            size_t behind = forms[k].len - text.len;
            bool fits = text.len <= forms[k].len &&
                        (jc_str_starts_with(forms[k], text) || memcmp(forms[k].ptr + behind, text.ptr, text.len) == 0);
            if (fits && found && found != order->items[i])
                return NULL;
            found = fits ? order->items[i] : found;
        }
    }
    return found;
}

static Jc__RecheckResult result_of(struct jc_str word) {
    static const struct {
        const char *word;
        Jc__RecheckResult result;
    } words[] = {
        {"corrected", JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED},
        {"已整改", JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED},
        {"partly", JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY},
        {"部分整改", JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY},
        {"not", JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED},
        {"not_corrected", JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED},
        {"未整改", JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (jc_str_eq(word, jc_str(words[i].word)))
            return words[i].result;
    }
    return JC__RECHECK_RESULT__RECHECK_RESULT_UNSPECIFIED;
}

/* Splits "not:note@2023-03-10": what follows the last @ is the deadline. */
static struct jc_str cut_deadline(struct jc_str *text) {
    for (size_t i = text->len; i-- > 0;) {
        if (text->ptr[i] != '@')
            continue;
        struct jc_str deadline = {text->ptr + i + 1, text->len - i - 1};
        text->len = i;
        return deadline;
    }
    return JC_STR("");
}

static enum jc_code take_result(struct recheck *recheck, const Jc__RectificationOrder *order, const char *value,
                                struct jc_err *err) {
    struct jc_arena *arena = recheck->run.cli->arena;
    struct jc_str rest = jc_str(value), finding, word;
    jc_str_cut(&rest, '=', &finding);
    struct jc_str deadline = cut_deadline(&rest);
    jc_str_cut(&rest, ':', &word);
    Jc__RecheckResult result = result_of(jc_str_trim(word));
    const Jc__OrderItem *answered = find_item(order, jc_str_trim(finding));
    if (!result)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_RESULT_OPTION, jc_str(value));
    if (!answered)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_FINDING_UNKNOWN, finding);
    Jc__RecheckItem **item = JC_PUSH(arena, &recheck->items, Jc__RecheckItem *);
    struct jc_str note = jc_arena_copy(arena, jc_str_trim(rest)), day = jc_arena_copy(arena, jc_str_trim(deadline));
    if (!item || !(*item = JC_NEW(arena, Jc__RecheckItem)) || !note.ptr || !day.ptr)
        return jc_fail_memory(err);
    jc__recheck_item__init(*item);
    (*item)->finding_id = answered->finding_id;
    (*item)->result = result;
    (*item)->note = (char *)(uintptr_t)note.ptr;
    (*item)->deadline = (char *)(uintptr_t)day.ptr;
    return JC_OK;
}

static enum jc_code make_recheck(struct recheck *recheck, const char *task_text, struct jc_terminal_work *work,
                                 struct jc_err *err) {
    struct jc_terminal *terminal = recheck->run.terminal;
    struct jc_arena *arena = recheck->run.cli->arena;
    struct jc_cli_draft *draft = &recheck->draft;
    struct jc_terminal_ref task;
    Jc__RectificationOrder *order = NULL;
    enum jc_code code = jc_terminal_find(terminal, jc_str(task_text), JC_TERMINAL_TASK, &task, err);
    if (code == JC_OK)
        code = jc_terminal_order_of(terminal, task.id, arena, &order, err);
    for (size_t i = 0; code == JC_OK && i < recheck->results.count; i++)
        code = take_result(recheck, order, recheck->results.items[i], err);
    if (code)
        return code;
    Jc__Recheck message = JC__RECHECK__INIT;
    message.task_id = (ProtobufCBinaryData){sizeof task.id.bytes, task.id.bytes};
    message.started_at = draft->start;
    message.ended_at = draft->end;
    message.inspector_ids = draft->inspectors.items;
    message.n_inspector_ids = draft->inspectors.count;
    message.items = recheck->items.items;
    message.n_items = recheck->items.count;
    message.signature = draft->signature;
    message.workdays = draft->workdays.items;
    message.n_workdays = draft->workdays.count;
    message.notes = draft->notes;
    return jc_terminal_recheck(terminal, &message, arena, work, err);
}

static enum jc_exit run_recheck(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("recheck_id", JC_MSG_TERM_COL_RECHECK);
    struct recheck recheck = {.run = {.cli = cli, .command = &jc_cmd_terminal_recheck}};
    struct jc_terminal_work work;
    struct jc_err err;
    void *draft = &recheck.draft;
    jc_cli_draft_init(draft, cli);
    const struct jc_option options[] = {
        {.name = "result", .takes_value = true, .each = add_result, .ctx = &recheck},
        {.name = "start", .takes_value = true, .each = jc_cli_draft_start, .ctx = draft},
        {.name = "end", .takes_value = true, .each = jc_cli_draft_end, .ctx = draft},
        {.name = "inspectors", .takes_value = true, .each = jc_cli_draft_inspectors, .ctx = draft},
        {.name = "signed", .takes_value = true, .each = jc_cli_draft_signed, .ctx = draft},
        {.name = "refused-signature", .takes_value = true, .each = jc_cli_draft_refused_signature, .ctx = draft},
        {.name = "workdays", .takes_value = true, .each = jc_cli_draft_workdays, .ctx = draft},
        {.name = "notes", .takes_value = true, .each = jc_cli_draft_notes, .ctx = draft},
    };
    if (!jc_cli_terminal_options(&recheck.run, options, sizeof options / sizeof options[0], 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2)
        return jc_cli_misuse(cli, &jc_cmd_terminal_recheck, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    enum jc_code code = jc_cli_draft_check(&recheck.draft, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_open(&recheck.run, false, &err);
    if (code == JC_OK)
        code = make_recheck(&recheck, argv[1], &work, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_print_work(cli, "recheck", columns, &work, &err);
    return jc_cli_terminal_end(&recheck.run, code, &err);
}

const struct jc_command jc_cmd_terminal_recheck = {
    .name = "recheck",
    .summary = {"填写整改复查意见书", "make a recheck opinion"},
    .usage = "terminal --store FILE recheck TASK --result FINDING=corrected|partly|not[:NOTE][@DEADLINE] … "
             "--signed NAME[:POSITION]|--refused-signature REASON",
    .help =
        {"对指令书的每个问题给出一个意见；FINDING 是问题在指令书里的序号（1、2 …）或其编号。\n"
         "--result  corrected 已整改、partly 部分整改、not 未整改，可附说明和新的期限；可重复\n"
         "--start、--end TIME、--inspectors A,B（缺省为任务或原检查的人员）、--workdays TEAM=N、--notes TEXT",
         "One result for each finding of the order; FINDING is its number there (1, 2 …) or its identifier.\n"
         "--result  corrected, partly or not, perhaps with a note and a new deadline; may be repeated\n"
         "--start, --end TIME, --inspectors A,B (default: of the task, else the original ones), --workdays TEAM=N, --notes TEXT"},
    .example = "jiancha terminal --store t1.db recheck 3f2a --start 14:00 --end 14:40 --result 1=corrected "
               "--result 2=not:阀门未更换@2023-03-10 --signed 王某:安全总监",
    .run = run_recheck,
};
