/* jiancha terminal inspect|draft: an inspection, and drafts of one, made offline. */
#include <stdio.h>
#include <string.h>

#include "cli/terminal_draft.h"

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

/* Options, and the task or the unit: one of them. An arrival is of a task, and never a draft. */
static bool take_inspect_arguments(struct inspecting *inspecting, int argc, char **argv) {
    const struct jc_command *command = inspecting->run.command;
    struct jc_cli *cli = inspecting->run.cli;
    if (!take_inspect_options(inspecting, &argc, argv))
        return false;
    inspecting->task = argc > 1 ? argv[1] : NULL;
    bool begins_wrongly = inspecting->begin && (inspecting->ad_hoc || command != &jc_cmd_terminal_inspect);
    if (!inspecting->task && !inspecting->ad_hoc)
        jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_MISSING, JC_STR("TASK"));
    else if (inspecting->ad_hoc && inspecting->task)
        jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(inspecting->task));
    else if (begins_wrongly)
        jc_cli_misuse(cli, command, JC_MSG_CLI_ARGUMENT_UNWANTED, JC_STR("--begin"));
    else
        return true;
    return false;
}

static enum jc_exit run_inspect(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = JC_CLI_WORK_COLUMNS("inspection_id", JC_MSG_TERM_COL_INSPECTION);
    struct inspecting inspecting = {.run = {.cli = cli, .command = &jc_cmd_terminal_inspect}};
    struct jc_terminal_work work;
    struct jc_err err;
    jc_cli_draft_init(&inspecting.draft, cli);
    if (!take_inspect_arguments(&inspecting, argc, argv))
        return JC_EXIT_REFUSED;
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
    if (!take_inspect_arguments(&inspecting, argc, argv))
        return JC_EXIT_REFUSED;
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
