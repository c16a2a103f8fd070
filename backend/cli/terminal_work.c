/* jiancha terminal inspect|order|recheck|return: work made offline.
 *
 * Each command prints what it made as a listing of one row: the identifier, the document number, the operation. */
#include <stdio.h>
#include <string.h>

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

/* --- inspect ------------------------------------------------------------------------------------------------- */

struct inspecting {
    struct jc_cli_terminal run;
    struct jc_cli_draft draft;
    const char *ad_hoc; /* the unit; NULL: a task */
    int begin;
    int from_draft;
    const char *task; /* as typed */
};

/* --- drafts -------------------------------------------------------------------------------------------------- */

#define TAKE_LIST(to, from, field)           \
    if ((to)->n_##field == 0) {              \
        (to)->n_##field = (from)->n_##field; \
        (to)->field = (from)->field;         \
    }

/* What the draft says where the command line says nothing. */
static void take_saved(Jc__Inspection *to, const Jc__Inspection *from) {
    to->inspection_id = from->inspection_id;
    if (!to->started_at)
        to->started_at = from->started_at;
    if (!to->ended_at)
        to->ended_at = from->ended_at;
    TAKE_LIST(to, from, inspector_ids)
    TAKE_LIST(to, from, checklist_results)
    TAKE_LIST(to, from, findings)
    TAKE_LIST(to, from, workdays)
    if (!to->signature)
        to->signature = from->signature;
    if (!to->outcome)
        to->outcome = from->outcome;
    if (!to->mode)
        to->mode = from->mode;
    if (!*to->notes)
        to->notes = from->notes;
    if (!*to->place)
        to->place = from->place;
}

/* The newest draft of the task, or of an ad hoc inspection of the unit; nothing happens without one. */
static enum jc_code continue_draft(struct inspecting *inspecting, struct jc_terminal_draft *draft, struct jc_err *err) {
    struct jc_terminal_saved *list = NULL;
    size_t count = 0;
    Jc__Inspection *to = draft->inspection;
    enum jc_code code = jc_terminal_drafts(inspecting->run.terminal, inspecting->run.cli->arena, &list, &count, err);
    for (size_t i = 0; code == JC_OK && i < count; i++) {
        const Jc__Inspection *from = list[i].inspection;
        bool same = to->task_id.len ? from->task_id.len == to->task_id.len &&
                                          memcmp(from->task_id.data, to->task_id.data, to->task_id.len) == 0
                                    : from->task_id.len == 0 && strcmp(from->unit_id, to->unit_id) == 0;
        if (!same)
            continue;
        take_saved(to, from);
        if (to->n_photos == 0) {
            to->photos = from->photos;
            to->n_photos = from->n_photos;
            draft->photo_paths = list[i].photo_paths;
        }
        if (draft->reason.len == 0)
            draft->reason = list[i].reason;
        break;
    }
    return code;
}

static enum jc_code begin_inspection(struct inspecting *inspecting, struct jc_terminal_ref task,
                                     struct jc_terminal_work *work, struct jc_err *err) {
    struct jc_cli *cli = inspecting->run.cli;
    const Google__Protobuf__Timestamp *start = inspecting->draft.start;
    struct jc_terminal_arrival arrival = {
        .task_id = task.id,
        .started_ms = start ? start->seconds * 1000 + start->nanos / 1000000 : jc_clock_now_ms(&cli->clock),
        .inspector_ids = (const char *const *)inspecting->draft.inspectors.items,
        .inspector_count = inspecting->draft.inspectors.count,
    };
    return jc_terminal_begin(inspecting->run.terminal, &arrival, cli->arena, work, err);
}

/* A record, or with `saved` a draft. */
static enum jc_code make_inspection(struct inspecting *inspecting, struct jc_terminal_work *work, struct jc_uuid *saved,
                                    struct jc_err *err) {
    struct jc_cli *cli = inspecting->run.cli;
    struct jc_terminal_ref task = {0};
    Jc__Inspection inspection = JC__INSPECTION__INIT;
    enum jc_code code = JC_OK;
    if (!inspecting->ad_hoc)
        code = jc_terminal_find(inspecting->run.terminal, jc_str(inspecting->task), JC_TERMINAL_TASK, &task, err);
    if (code)
        return code;
    if (inspecting->begin)
        return begin_inspection(inspecting, task, work, err);
    jc_cli_draft_fill(&inspecting->draft, &inspection);
    if (inspecting->ad_hoc)
        inspection.unit_id = (char *)(uintptr_t)inspecting->ad_hoc;
    else
        inspection.task_id = (ProtobufCBinaryData){sizeof task.id.bytes, task.id.bytes};
    struct jc_terminal_draft draft = {
        .inspection = &inspection,
        .reason = jc_str(inspecting->draft.reason),
        .photo_paths = inspecting->draft.photo_paths.items,
    };
    if (saved || inspecting->from_draft)
        code = continue_draft(inspecting, &draft, err);
    if (code)
        return code;
    if (saved)
        return jc_terminal_draft_save(inspecting->run.terminal, &draft, cli->arena, saved, err);
    return jc_terminal_submit(inspecting->run.terminal, &draft, cli->arena, work, err);
}

static bool take_inspect_options(struct inspecting *inspecting, int *argc, char **argv) {
    void *draft = &inspecting->draft;
    const struct jc_option options[] = {
        {.name = "ad-hoc", .takes_value = true, .value = &inspecting->ad_hoc},
        {.name = "begin", .count = &inspecting->begin},
        {.name = "draft", .count = &inspecting->from_draft},
        {.name = "file", .takes_value = true, .each = jc_cli_draft_file, .ctx = draft},
        {.name = "start", .takes_value = true, .each = jc_cli_draft_start, .ctx = draft},
        {.name = "end", .takes_value = true, .each = jc_cli_draft_end, .ctx = draft},
        {.name = "inspectors", .takes_value = true, .each = jc_cli_draft_inspectors, .ctx = draft},
        {.name = "item", .takes_value = true, .each = jc_cli_draft_item, .ctx = draft},
        {.name = "finding", .takes_value = true, .each = jc_cli_draft_finding, .ctx = draft},
        {.name = "outcome", .takes_value = true, .each = jc_cli_draft_outcome, .ctx = draft},
        {.name = "basis", .takes_value = true, .each = jc_cli_draft_basis, .ctx = draft},
        {.name = "item-no", .takes_value = true, .each = jc_cli_draft_item_no, .ctx = draft},
        {.name = "major", .each = jc_cli_draft_major, .ctx = draft},
        {.name = "signed", .takes_value = true, .each = jc_cli_draft_signed, .ctx = draft},
        {.name = "refused-signature", .takes_value = true, .each = jc_cli_draft_refused_signature, .ctx = draft},
        {.name = "photo", .takes_value = true, .each = jc_cli_draft_photo, .ctx = draft},
        {.name = "workdays", .takes_value = true, .each = jc_cli_draft_workdays, .ctx = draft},
        {.name = "notes", .takes_value = true, .each = jc_cli_draft_notes, .ctx = draft},
        {.name = "place", .takes_value = true, .each = jc_cli_draft_place, .ctx = draft},
        {.name = "reason", .takes_value = true, .each = jc_cli_draft_reason, .ctx = draft},
        {.name = "mode", .takes_value = true, .each = jc_cli_draft_mode, .ctx = draft},
    };
    return jc_cli_terminal_options(&inspecting->run, options, sizeof options / sizeof options[0], 1, argc, argv);
}

static enum jc_exit run_inspect(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("inspection_id", JC_MSG_TERM_COL_INSPECTION);
    struct inspecting inspecting = {.run = {.cli = cli, .command = &jc_cmd_terminal_inspect}};
    struct jc_terminal_work work;
    struct jc_err err;
    jc_cli_draft_init(&inspecting.draft, cli);
    if (!take_inspect_options(&inspecting, &argc, argv))
        return JC_EXIT_REFUSED;
    inspecting.task = argc > 1 ? argv[1] : NULL;
    if (!inspecting.task && !inspecting.ad_hoc)
        return jc_cli_misuse(cli, &jc_cmd_terminal_inspect, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    if (inspecting.ad_hoc && (inspecting.task || inspecting.begin))
        return jc_cli_misuse(cli, &jc_cmd_terminal_inspect, JC_MSG_CLI_ARGUMENT_UNWANTED,
                             inspecting.task ? jc_str(inspecting.task) : JC_STR("--begin"));
    enum jc_code code = jc_cli_draft_check(&inspecting.draft, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_open(&inspecting.run, false, &err);
    if (code == JC_OK)
        code = make_inspection(&inspecting, &work, NULL, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_print_work(cli, "inspect", columns, &work, &err);
    return jc_cli_terminal_end(&inspecting.run, code, &err);
}

const struct jc_command jc_cmd_terminal_inspect = {
    .name = "inspect",
    .summary = {"填写现场检查记录", "make an inspection record"},
    .usage =
        "terminal --store FILE inspect TASK|--ad-hoc UNIT [--file FILE.json] [--start TIME] [--end TIME] --inspectors A,B …\n"
        "terminal --store FILE inspect TASK --begin [--start TIME] --inspectors A,B",
    .help =
        {"离线填写，全部检查通过后连同文号、签名一次保存；任何一处有误则什么也不保存。\n"
         "--draft               以保存的草稿为基础（terminal draft save），命令行所写优先\n"
         "--begin               只记录到场（开始时间、人员），之后再填写记录\n"
         "--start、--end TIME   起止时间，如 2023-01-05T09:00 或当天的 09:00（缺省为现在；到场已记录则以其为开始）\n"
         "--inspectors A,B      执法人员编号，两人以上，不得有应回避者（缺省为任务指定的人员）\n"
         "--item N=ANSWER[:说明] 检查表第 N 项：conforms 符合、violates 不符合、na 不涉及；可重复\n"
         "--finding TEXT        发现的问题，后跟它的 --outcome，以及 --basis 依据、--item-no 检查项、--major 重大隐患；可重复\n"
         "--outcome OUTCOME     corrected 当场整改、deadline:日期 限期整改、measures 现场处理措施、case 立案；refused 指整次检查被拒绝\n"
         "--signed 姓名[:职务]  被检查单位负责人签名；或 --refused-signature 拒签说明\n"
         "--photo FILE          照片（只记录校验值，以后上传）；可重复\n"
         "--workdays TEAM=N     实际工作日（缺省为计划的人数×天数）；可重复\n"
         "--notes、--place TEXT 备注、检查场所；--mode onsite|remote；--reason 计划外检查的事由\n"
         "--file FILE.json      以上内容也可写在 JSON 里：start end inspectors items findings signed refused_signature photos workdays notes place outcome mode reason",
         "Works offline. Everything is checked, then stored at once with number and signature; one mistake and nothing is stored.\n"
         "--draft               begin with the saved draft (terminal draft save); what is written here goes first\n"
         "--begin               only record the arrival (start and persons); the record follows later\n"
         "--start, --end TIME   say 2023-01-05T09:00, or 09:00 of today (default: now; the start of the arrival if recorded)\n"
         "--inspectors A,B      two or more, none recused (default: the persons named by the task)\n"
         "--item N=ANSWER[:note] checklist item N: conforms, violates, na; may be repeated\n"
         "--finding TEXT        what was found, followed by its --outcome and perhaps --basis, --item-no, --major; may be repeated\n"
         "--outcome OUTCOME     corrected, deadline:DATE, measures, case; refused is said of the whole inspection\n"
         "--signed NAME[:POSITION] the unit's representative; or --refused-signature REASON\n"
         "--photo FILE          by its hash, uploaded later; may be repeated\n"
         "--workdays TEAM=N     actually used (default: persons × days as planned); may be repeated\n"
         "--notes, --place TEXT; --mode onsite|remote; --reason why an ad hoc inspection was made\n"
         "--file FILE.json      the same in JSON: start end inspectors items findings signed refused_signature photos workdays notes place outcome mode reason"},
    .example =
        "jiancha terminal --store t1.db inspect hn-001-01 --start 09:00 --end 11:30 --inspectors hn-t1-01,hn-t1-02 "
        "--item 1=conforms --item 3=violates:未签订责任书 --finding 未签订安全生产责任书 --outcome deadline:2023-02-15 "
        "--item-no 3 --signed 王某:安全总监",
    .run = run_inspect,
};

/* --- draft ---------------------------------------------------------------------------------------------------- */

static const struct jc_command cmd_draft_save, cmd_draft_list, cmd_draft_drop;

static const struct jc_column draft_columns[] = {
    {"draft_id", JC_MSG_TERM_COL_DRAFT, false},   {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"task_id", JC_MSG_TERM_COL_TASK, false},     {"changed_at", JC_MSG_TERM_COL_CHANGED, false},
    {"findings", JC_MSG_TERM_COL_FINDINGS, true}, {"handed_to", JC_MSG_TERM_COL_HANDED_TO, false},
};

static enum jc_code print_drafts(struct jc_cli_terminal *run, const struct jc_uuid *only, struct jc_err *err) {
    struct jc_cli *cli = run->cli;
    struct jc_terminal_saved *list = NULL;
    size_t count = 0;
    char time[JC_TIME_MAX];
    struct jc_table *table =
        jc_table_new(cli->arena, "drafts", draft_columns, sizeof draft_columns / sizeof draft_columns[0]);
    enum jc_code code = table ? jc_terminal_drafts(run->terminal, cli->arena, &list, &count, err) : jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < count; i++) {
        if (only && memcmp(only->bytes, list[i].draft_id.bytes, JC_UUID_SIZE) != 0)
            continue;
        jc_table_text(table, jc_cli_terminal_id(cli, list[i].draft_id));
        jc_table_text(table, list[i].unit_id);
        jc_table_text(table, jc_cli_terminal_id(cli, list[i].task_id));
        jc_table_text(table, jc_time_format(list[i].changed_ms, time));
        jc_table_int(table, (int64_t)list[i].inspection->n_findings);
        jc_table_text(table, list[i].handed_to);
    }
    return code == JC_OK ? jc_table_print(table, cli, err) : code;
}

static enum jc_exit run_draft_save(struct jc_cli *cli, int argc, char **argv) {
    struct inspecting inspecting = {.run = {.cli = cli, .command = &cmd_draft_save}};
    struct jc_uuid saved;
    struct jc_err err;
    jc_cli_draft_init(&inspecting.draft, cli);
    if (!take_inspect_options(&inspecting, &argc, argv))
        return JC_EXIT_REFUSED;
    inspecting.task = argc > 1 ? argv[1] : NULL;
    if (!inspecting.task && !inspecting.ad_hoc)
        return jc_cli_misuse(cli, &cmd_draft_save, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    if (inspecting.begin || (inspecting.ad_hoc && inspecting.task))
        return jc_cli_misuse(cli, &cmd_draft_save, JC_MSG_CLI_ARGUMENT_UNWANTED,
                             inspecting.begin ? JC_STR("--begin") : jc_str(inspecting.task));
    enum jc_code code = jc_cli_draft_check(&inspecting.draft, &err);
    if (code == JC_OK)
        code = jc_cli_terminal_open(&inspecting.run, false, &err);
    if (code == JC_OK)
        code = make_inspection(&inspecting, NULL, &saved, &err);
    if (code == JC_OK)
        code = print_drafts(&inspecting.run, &saved, &err);
    return jc_cli_terminal_end(&inspecting.run, code, &err);
}

static enum jc_exit run_draft_list(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &cmd_draft_list};
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = print_drafts(&run, NULL, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

static enum jc_exit run_draft_drop(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &cmd_draft_drop};
    struct jc_uuid id;
    struct jc_err err;
    if (!jc_cli_terminal_options(&run, NULL, 0, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc < 2 || !jc_uuid_parse(jc_str(argv[1]), &id))
        return jc_cli_misuse(cli, &cmd_draft_drop, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("DRAFT"));
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_draft_drop(run.terminal, id, &err);
    return jc_cli_terminal_end(&run, code, &err);
}

static const struct jc_command cmd_draft_save = {
    .name = "save",
    .summary = {"保存尚未完成的检查记录", "keep an inspection that is not finished"},
    .usage = "terminal --store FILE draft save TASK|--ad-hoc UNIT [options of terminal inspect]",
    .help =
        {"立即写入终端文件，断电不丢失；再次保存时未写的内容沿用上次。完成后用 terminal inspect TASK --draft 提交。",
         "Is in the store at once and survives a flat battery; what a later save leaves out stays as it was.\n"
         "Submit it with terminal inspect TASK --draft."},
    .example = "jiancha terminal --store t1.db draft save hn-001-01 --start 09:00 --item 1=conforms",
    .run = run_draft_save,
};

static const struct jc_command cmd_draft_list = {
    .name = "list",
    .summary = {"列出草稿", "list the drafts"},
    .usage = "terminal --store FILE draft list",
    .help = {"最近修改的在前。", "The newest first."},
    .example = "jiancha terminal --store t1.db draft list",
    .run = run_draft_list,
};

static const struct jc_command cmd_draft_drop = {
    .name = "drop",
    .summary = {"删除草稿", "remove a draft"},
    .usage = "terminal --store FILE draft drop DRAFT",
    .help = {"DRAFT 是 draft list 所列的编号。", "DRAFT is an identifier of draft list."},
    .example = "jiancha terminal --store t1.db draft drop 01857577-bea8-7922-a9af-1ddf98fbb5d4",
    .run = run_draft_drop,
};

static const struct jc_command *const draft_subs[] = {&cmd_draft_save, &cmd_draft_list, &cmd_draft_drop, NULL};

static enum jc_exit run_draft(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_terminal_draft, argc, argv, &ran);
    return ran ? status
               : jc_cli_misuse(cli, &jc_cmd_terminal_draft, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("terminal draft"));
}

const struct jc_command jc_cmd_terminal_draft = {
    .name = "draft",
    .summary = {"未完成的检查记录", "inspections that are not finished"},
    .usage = "terminal --store FILE draft save|list|drop …",
    .help = {"草稿保存在终端里，断电不丢失。", "Drafts are kept in the store and survive a flat battery."},
    .example = "jiancha terminal --store t1.db draft list",
    .run = run_draft,
    .sub = draft_subs,
};

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

/* --- recheck ----------------------------------------------------------------------------------------------------- */

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
