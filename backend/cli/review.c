/* jiancha review list: operations of terminals that wait for a person to decide (待核处理). */
#include "store/review.h"

#include <string.h>

#include "cli/table.h"
#include "cli/words.h"

static const struct jc_command review_list;
const struct jc_command jc_cmd_review;

struct listing {
    struct jc_cli *cli;
    Jc__ReviewState state;
    Jc__Review **items;
    size_t count;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return jc_review_list(tx, listing->cli->agency_id, listing->state, listing->cli->arena, &listing->items,
                          &listing->count, err);
}

/* --- words --------------------------------------------------------------------------------------------- */

/* The value's name in the contract without its prefix, in lower case: "task_already_done". */
static struct jc_str reason_name(struct jc_arena *arena, Jc__ReviewReason reason) {
    static const char PREFIX[] = "REVIEW_REASON_";
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&jc__review_reason__descriptor, (int)reason);
    struct jc_str name = jc_arena_copy(arena, jc_str(value ? value->name + sizeof PREFIX - 1 : ""));
    for (size_t i = 0; i < name.len; i++) {
        char *c = (char *)name.ptr + i;
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    }
    return name;
}

static struct jc_str reason_words(const struct jc_cli *cli, const Jc__Review *review) {
    return jc_str(cli->lang == JC_ZH ? review->reason_zh : review->reason_en);
}

/* --- the listing: what a person reads, and what a script reads ------------------------------------------- */

static void time_cell(struct jc_table *table, const Jc__Review *review) {
    char text[JC_TIME_MAX];
    jc_table_text(table, jc_time_format(review->received_at->seconds * 1000, text));
}

static void id_cell(struct jc_table *table, ProtobufCBinaryData id) {
    char text[JC_UUID_TEXT];
    struct jc_uuid uuid;
    if (id.len != JC_UUID_SIZE) {
        jc_table_null(table);
        return;
    }
    memcpy(uuid.bytes, id.data, JC_UUID_SIZE);
    jc_table_text(table, jc_uuid_format(uuid, text));
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
        jc_table_text(table, reason_name(listing->cli->arena, review->reason));
        jc_table_text(table, jc_str(review->command));
        id_cell(table, review->device_id);
        jc_table_text(table, jc_str(review->inspector_id));
        jc_table_text(table, jc_str(review->unit_id));
        id_cell(table, review->task_id);
        id_cell(table, review->operation_id);
        jc_table_text(table, reason_words(listing->cli, review));
    }
    return table;
}

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    const char *closed = NULL;
    struct jc_option options[] = {{.name = "closed", .value = &closed}};
    struct listing listing = {.cli = cli, .state = JC__REVIEW_STATE__REVIEW_STATE_OPEN};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &review_list, options, 1, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &review_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (closed)
        listing.state = JC__REVIEW_STATE__REVIEW_STATE_CLOSED;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, list_job, &listing, &err);
    if (!code) {
        struct jc_table *table = cli->format == JC_FORMAT_TABLE ? people_table(&listing) : script_table(&listing);
        code = jc_table_print(table, cli, &err);
    }
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
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

static const struct jc_command *const subs[] = {&review_list, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_review, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_review, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("review"));
}

const struct jc_command jc_cmd_review = {
    .name = "review",
    .summary = {"待核处理：终端送来、需人决定的操作", "operations of terminals that a person must decide"},
    .usage = "review list [--closed]",
    .help = {"查看同步中保留下来的操作及其理由。", "Shows what sync kept, and why."},
    .example = "jiancha review list",
    .run = run,
    .sub = subs,
};
