/* jiancha review list|show|accept|reject|link: operations of terminals that wait for a person to decide
 * (待核处理). */
#include "store/review.h"

#include <string.h>

#include "cli/table.h"
#include "store/words.h"
#include "sync/review.h"

static const struct jc_command review_list, review_show, review_accept, review_reject, review_link;
const struct jc_command jc_cmd_review;

struct listing {
    struct jc_cli *cli;
    struct jc_review_filter filter;
    Jc__Review **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_review_list(tx, listing->cli->agency_id, &listing->filter, listing->cli->arena, &listing->items,
                          &listing->count, err);
}

/* --- words --------------------------------------------------------------------------------------------- */

static struct jc_str reason_words(const struct jc_cli *cli, const Jc__Review *review) {
    return jc_str(cli->lang == JC_ZH ? review->reason_zh : review->reason_en);
}

/* --- the listing: what a person reads, and what a script reads ------------------------------------------- */

static void time_cell(struct jc_table *table, const Jc__Review *review) {
    char text[JC_TIME_MAX];
    jc_table_text(table, jc_time_format(review->received_at->seconds * 1000, text));
}

static struct jc_table *people_table(const struct listing *listing) {
    static const struct jc_column columns[] = {
        {"review_id", JC_MSG_COL_REVIEW, true}, {"received_at", JC_MSG_COL_RECEIVED, false},
        {"command", JC_MSG_COL_COMMAND, false}, {"inspector_id", JC_MSG_COL_INSPECTOR, false},
        {"unit_id", JC_MSG_COL_UNIT_ID, false}, {"text", JC_MSG_COL_REVIEW_TEXT, false},
    };
    struct jc_table *table = jc_table_new(listing->cli->arena, "review", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; table && i < listing->count; i++) {
        const Jc__Review *review = listing->items[i];
        jc_table_int(table, review->review_id);
        time_cell(table, review);
        jc_table_text(table, jc_words_command(listing->cli->lang, review->command));
        jc_table_text(table, jc_str(review->inspector_id));
        jc_table_text(table, jc_str(review->unit_id));
        jc_table_text(table, reason_words(listing->cli, review));
    }
    return table;
}

static struct jc_table *script_table(const struct listing *listing) {
    static const struct jc_column columns[] = {
        {"review_id", JC_MSG_COL_REVIEW, true},        {"received_at", JC_MSG_COL_RECEIVED, false},
        {"reason", JC_MSG_COL_REVIEW_REASON, false},   {"command", JC_MSG_COL_COMMAND, false},
        {"device_id", JC_MSG_COL_DEVICE, false},       {"inspector_id", JC_MSG_COL_INSPECTOR, false},
        {"unit_id", JC_MSG_COL_UNIT_ID, false},        {"task_id", JC_MSG_COL_REVIEW_TASK, false},
        {"operation_id", JC_MSG_COL_OPERATION, false}, {"text", JC_MSG_COL_REVIEW_TEXT, false},
    };
    struct jc_table *table = jc_table_new(listing->cli->arena, "review", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; table && i < listing->count; i++) {
        const Jc__Review *review = listing->items[i];
        jc_table_int(table, review->review_id);
        time_cell(table, review);
        jc_table_text(table, jc_words_enum(listing->cli->arena, &jc__review_reason__descriptor, (int)review->reason));
        jc_table_text(table, jc_str(review->command));
        jc_table_id(table, review->device_id);
        jc_table_text(table, jc_str(review->inspector_id));
        jc_table_text(table, jc_str(review->unit_id));
        jc_table_id(table, review->task_id);
        jc_table_id(table, review->operation_id);
        jc_table_text(table, reason_words(listing->cli, review));
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    const char *closed = NULL;
    struct jc_option options[] = {{.name = "closed", .value = &closed}};
    struct listing listing = {.cli = cli, .filter = {.state = JC__REVIEW_STATE__REVIEW_STATE_OPEN}};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &review_list, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &review_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (closed)
        listing.filter.state = JC__REVIEW_STATE__REVIEW_STATE_CLOSED;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code) {
        struct jc_table *table = cli->format == JC_FORMAT_TABLE ? people_table(&listing) : script_table(&listing);
        code = jc_table_print(table, cli, &err);
    }
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- show: the operation beside the record it competes with ----------------------------------------------- */

struct showing {
    struct jc_cli *cli;
    int64_t review_id;
    Jc__GetReviewResponse *found;
};

static enum jc_code show_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct showing *showing = ctx;
    return jc_review_show(tx, showing->cli->agency_id, showing->review_id, showing->cli->arena, &showing->found, err);
}

/* The review's number, which is the operation's. */
static bool parse_review(struct jc_cli *cli, const struct jc_command *command, int argc, char **argv, int64_t *out,
                         struct jc_err *err, enum jc_exit *status) {
    struct jc_str text;
    if (!jc_cli_argument(cli, command, "REVIEW", argc, argv, &text)) {
        *status = JC_EXIT_REFUSED;
        return false;
    }
    if (jc_str_to_int64(text, out) && *out > 0)
        return true;
    jc_fail(err, JC_NOT_FOUND, JC_MSG_REVIEW_UNKNOWN, text);
    *status = jc_cli_fail(cli, err);
    return false;
}

static struct jc_str time_text(struct jc_cli *cli, const Google__Protobuf__Timestamp *stamp) {
    char text[JC_TIME_MAX];
    return stamp ? jc_arena_copy(cli->arena, jc_time_format(stamp->seconds * 1000, text)) : JC_STR("");
}

static void show_row(struct jc_table *table, const struct jc_cli *cli, const char *field, struct jc_str mine,
                     struct jc_str theirs) {
    struct jc_str name = cli->format == JC_FORMAT_TABLE ? jc_words_field(cli->lang, field) : jc_str(field);
    if (!mine.len && !theirs.len)
        return;
    jc_table_text(table, name);
    jc_table_text(table, mine);
    jc_table_text(table, theirs);
}

/* An inspection's answers to the questions a planner asks; empty for none. */
struct answers {
    struct jc_str id, started, ended, inspectors, outcome, findings, number;
};

static struct answers answers_of(struct jc_cli *cli, const Jc__Inspection *inspection) {
    struct answers a = {0};
    char text[JC_UUID_TEXT];
    struct jc_uuid id;
    if (!inspection)
        return a;
    if (inspection->inspection_id.len == JC_UUID_SIZE) {
        memcpy(id.bytes, inspection->inspection_id.data, JC_UUID_SIZE);
        a.id = jc_arena_copy(cli->arena, jc_uuid_format(id, text));
    }
    a.started = time_text(cli, inspection->started_at);
    a.ended = time_text(cli, inspection->ended_at);
    for (size_t i = 0; i < inspection->n_inspector_ids; i++)
        a.inspectors =
            jc_arena_printf(cli->arena, "%.*s%s%s", JC_FMT(a.inspectors), i ? ";" : "", inspection->inspector_ids[i]);
    struct jc_str name = jc_words_enum(cli->arena, &jc__inspection_outcome__descriptor, (int)inspection->outcome);
    a.outcome = cli->format == JC_FORMAT_TABLE ? jc_words_value(cli->lang, "outcome", name) : name;
    a.findings = jc_arena_printf(cli->arena, "%zu", inspection->n_findings);
    if (inspection->document_number)
        a.number = jc_arena_printf(cli->arena, "%d-%lld", inspection->document_number->year,
                                   (long long)inspection->document_number->number);
    return a;
}

static const Jc__Inspection *inspection_of(const Jc__OperationBody *body) {
    if (body && body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        return body->submit_inspection->inspection;
    if (body && body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION)
        return body->add_ad_hoc_inspection->inspection;
    return NULL;
}

static struct jc_table *show_table(const struct showing *showing) {
    static const struct jc_column columns[] = {
        {"field", JC_MSG_COL_FIELD, false},
        {"operation", JC_MSG_COL_REVIEW_MINE, false},
        {"record", JC_MSG_COL_REVIEW_RECORD, false},
    };
    struct jc_cli *cli = showing->cli;
    const struct jc_str none = {0};
    const Jc__Review *review = showing->found->review;
    const Jc__OperationBody *body = showing->found->operation;
    struct answers mine = answers_of(cli, inspection_of(body)), theirs = answers_of(cli, showing->found->record);
    struct jc_table *table = jc_table_new(cli->arena, "review", columns, 3);
    if (!table)
        return NULL;
    show_row(table, cli, "result_reason", reason_words(cli, review), none);
    show_row(table, cli, "unit_id", jc_str(review->unit_id), none);
    show_row(table, cli, "received_at", time_text(cli, review->received_at), none);
    show_row(table, cli, "device_time", time_text(cli, body ? body->device_time : NULL), none);
    show_row(table, cli, "estimated_at", time_text(cli, showing->found->estimated_at), none);
    show_row(table, cli, "inspection_id", mine.id, theirs.id);
    show_row(table, cli, "started_at", mine.started, theirs.started);
    show_row(table, cli, "ended_at", mine.ended, theirs.ended);
    show_row(table, cli, "inspector_ids", mine.inspectors.len ? mine.inspectors : jc_str(review->inspector_id),
             theirs.inspectors);
    show_row(table, cli, "outcome", mine.outcome, theirs.outcome);
    show_row(table, cli, "findings", mine.findings, theirs.findings);
    show_row(table, cli, "document_number", mine.number, theirs.number);
    if (body && body->command_case == JC__OPERATION_BODY__COMMAND_RETURN_TASK)
        show_row(table, cli, "return_reason", jc_str(body->return_task->reason), none);
    if (review->decision) {
        struct jc_str kind =
            jc_words_enum(cli->arena, &jc__review_decision_kind__descriptor, (int)review->decision->kind);
        show_row(table, cli, "decision",
                 cli->format == JC_FORMAT_TABLE ? jc_words_value(cli->lang, "decision", kind) : kind, none);
        show_row(table, cli, "note", jc_str(review->decision->note), none);
        show_row(table, cli, "decided_by", jc_str(review->decision->decided_by), none);
    }
    return table;
}

static enum jc_exit run_show(struct jc_cli *cli, int argc, char **argv) {
    struct showing showing = {.cli = cli};
    struct jc_err err = {0};
    enum jc_exit status = JC_EXIT_REFUSED;
    if (!jc_cli_options(cli, &review_show, NULL, 0, &argc, argv) ||
        !parse_review(cli, &review_show, argc, argv, &showing.review_id, &err, &status))
        return status;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, show_job, &showing, &err);
    if (!code)
        code = jc_table_print(show_table(&showing), cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- deciding ---------------------------------------------------------------------------------------------- */

struct deciding {
    struct jc_cli *cli;
    struct jc_review_act act;
    Jc__DecideReviewResponse *answer;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct deciding *deciding = ctx;
    deciding->act.agency_id = deciding->cli->agency_id;
    deciding->act.actor = deciding->cli->actor;
    deciding->act.now_ms = jc_clock_now_ms(&deciding->cli->clock);
    return jc_review_decide(tx, &deciding->act, deciding->cli->arena, &deciding->answer, err);
}

/* What was decided; what could not be carried out is told with its reason and exit 1. */
static enum jc_exit say_decided(struct jc_cli *cli, const struct deciding *deciding) {
    const Jc__OperationResult *result = deciding->answer->result;
    struct jc_str number = jc_arena_printf(cli->arena, "%lld", (long long)deciding->act.review_id);
    struct jc_str words =
        result ? jc_str(cli->lang == JC_ZH ? result->reason_zh : result->reason_en) : (struct jc_str){0};
    bool open = deciding->answer->review->state == JC__REVIEW_STATE__REVIEW_STATE_OPEN;
    jc_cli_say(cli, open ? JC_MSG_REVIEW_STAYS_OPEN : JC_MSG_REVIEW_IS_DECIDED, (struct jc_str[]){number, words}, 2);
    return open ? JC_EXIT_FOUND : JC_EXIT_DONE;
}

static enum jc_exit decide(struct jc_cli *cli, const struct jc_command *command, Jc__ReviewDecisionKind kind, int argc,
                           char **argv) {
    const char *note = "", *link = NULL;
    struct jc_option options[] = {
        {.name = "note", .takes_value = true, .value = &note},
        {.name = "to", .takes_value = true, .value = &link},
    };
    struct deciding deciding = {.cli = cli, .act = {.kind = kind}};
    struct jc_err err = {0};
    struct jc_uuid linked;
    bool links = kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK;
    enum jc_exit status = JC_EXIT_REFUSED;
    if (!jc_cli_options(cli, command, options, links ? 2 : 1, &argc, argv) ||
        !parse_review(cli, command, argc, argv, &deciding.act.review_id, &err, &status))
        return status;
    if (links && (!link || !jc_uuid_parse(jc_str(link), &linked)))
        return jc_cli_misuse(cli, command, link ? JC_MSG_CLI_OPTION_VALUE_BAD : JC_MSG_CLI_OPTION_MISSING,
                             JC_STR("--to"));
    if (links)
        deciding.act.linked_inspection_id = (struct jc_str){(const char *)linked.bytes, JC_UUID_SIZE};
    deciding.act.note = jc_str(note);
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_write(cli, decide_job, &deciding, &err);
    return code ? jc_cli_fail(cli, &err) : say_decided(cli, &deciding);
}

static enum jc_exit run_accept(struct jc_cli *cli, int argc, char **argv) {
    return decide(cli, &review_accept, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT, argc, argv);
}

static enum jc_exit run_reject(struct jc_cli *cli, int argc, char **argv) {
    return decide(cli, &review_reject, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT, argc, argv);
}

static enum jc_exit run_link(struct jc_cli *cli, int argc, char **argv) {
    return decide(cli, &review_link, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK, argc, argv);
}

/* --- the commands ------------------------------------------------------------------------------------------ */

static const struct jc_command review_list = {
    .name = "list",
    .summary = {"列出待核处理的操作", "list the operations that wait for a person"},
    .usage = "review list [--closed]",
    .help = {"终端送来的操作，凡不能照办或需要留意的，都原样保存并列在这里，最早的在前。\n"
             "--closed  列出已处理的（缺省：未处理的）",
             "What terminals sent and could not be applied as asked, or needs a look, is kept whole and listed here,\n"
             "the oldest first.\n"
             "--closed  those that are decided (default: those that are not)"},
    .example = "jiancha review list\njiancha review list --format json",
    .run = run_list,
};

static const struct jc_command review_show = {
    .name = "show",
    .summary = {"显示一项操作及与之冲突的记录", "show one with the record it competes with"},
    .usage = "review show REVIEW",
    .help = {"左列是终端送来的操作，右列是同一任务已有的记录。",
             "On the left the operation as it came, on the right the record that its task has already."},
    .example = "jiancha review show 17",
    .run = run_show,
};

static const struct jc_command review_accept = {
    .name = "accept",
    .summary = {"认可", "accept it"},
    .usage = "review accept REVIEW [--note TEXT]",
    .help =
        {"保留的操作现在照办，已提示的操作视为无误，退回的任务予以收回。结果随下次同步告知执法人员。\n"
         "仍无法照办时说明理由，保持待核，退出码为 1。",
         "What was kept is applied now, what was flagged is in order, a returned task is taken back. The inspector\n"
         "hears of it with the next sync. What still cannot be applied stays open, with the reason and exit 1."},
    .example = "jiancha review accept 17 --note 情况属实",
    .run = run_accept,
};

static const struct jc_command review_reject = {
    .name = "reject",
    .summary = {"不认可", "reject it"},
    .usage = "review reject REVIEW --note TEXT",
    .help = {"操作不计入记录（原文保留）；退回的任务重新打开。\n--note  执法人员看到的理由",
             "It stays out of the records (but is kept whole); a returned task is open again.\n"
             "--note  what the inspector is told"},
    .example = "jiancha review reject 17 --note 请按原计划检查",
    .run = run_reject,
};

static const struct jc_command review_link = {
    .name = "link",
    .summary = {"归入另一次检查", "it belongs to another inspection"},
    .usage = "review link REVIEW --to INSPECTION [--note TEXT]",
    .help = {"两次检查从此互相指明。", "From then on both inspections name each other."},
    .example = "jiancha review link 17 --to 0185f0a4-7c00-7000-8000-000000000001",
    .run = run_link,
};

static const struct jc_command *const subs[] = {&review_list,   &review_show, &review_accept,
                                                &review_reject, &review_link, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_review, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_review, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("review"));
}

const struct jc_command jc_cmd_review = {
    .name = "review",
    .summary = {"待核处理：终端送来、需人决定的操作", "operations of terminals that a person must decide"},
    .usage = "review list [--closed]\n"
             "review show REVIEW\n"
             "review accept REVIEW [--note TEXT]\n"
             "review reject REVIEW --note TEXT\n"
             "review link REVIEW --to INSPECTION [--note TEXT]",
    .help = {"查看同步中保留下来的操作及其理由，并作出决定。决定进入证据链，并随同步告知执法人员。",
             "Shows what sync kept, and why, and decides it. Decisions stand in the evidence chain and reach the\n"
             "inspector with the next sync."},
    .example = "jiancha review list",
    .run = run,
    .sub = subs,
};
