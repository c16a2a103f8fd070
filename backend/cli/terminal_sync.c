/* jiancha terminal sync: one call of jc_terminal_sync() and what to tell about it.
 *
 * People get a summary and a line per operation; scripts get both in one object:
 * {"sync":[{"sent":…,"durable":…,"results":[{…}]}]}. It is printed on failure too: it says how far the sync came. */
#include <jansson.h>
#include <stdlib.h>

#include "cli/terminal.h"
#include "cli/watch.h"
#include "store/words.h"

static const struct {
    Jc__OperationBody__CommandCase command;
    const char *name;
} command_names[] = {
    {JC__OPERATION_BODY__COMMAND_START_INSPECTION, "start_inspection"},
    {JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION, "submit_inspection"},
    {JC__OPERATION_BODY__COMMAND_ISSUE_ORDER, "issue_order"},
    {JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK, "submit_recheck"},
    {JC__OPERATION_BODY__COMMAND_RETURN_TASK, "return_task"},
    {JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE, "report_unit_change"},
    {JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION, "add_ad_hoc_inspection"},
    {JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, "void_document_number"},
    {JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK, "hand_over_task"},
    {JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK, "take_over_task"},
};

/* The contract's name, for scripts; people get jc_words_command() of it. */
static struct jc_str command_name(Jc__OperationBody__CommandCase command) {
    for (size_t i = 0; i < sizeof command_names / sizeof command_names[0]; i++) {
        if (command_names[i].command == command)
            return jc_str(command_names[i].name);
    }
    return JC_STR("");
}

static const struct jc_column sync_columns[] = {
    {"sent", JC_MSG_TERM_COL_SENT, true},           {"applied", JC_MSG_TERM_COL_APPLIED, true},
    {"kept", JC_MSG_TERM_COL_KEPT, true},           {"rejected", JC_MSG_TERM_COL_REJECTED, true},
    {"set_aside", JC_MSG_TERM_COL_SET_ASIDE, true}, {"repeated", JC_MSG_TERM_COL_REPEATED, true},
    {"received", JC_MSG_TERM_COL_RECEIVED, true},   {"unsent", JC_MSG_TERM_COL_UNSENT, true},
};

static const struct jc_column outcome_columns[] = {
    {"operation_id", JC_MSG_TERM_COL_OPERATION, false},
    {"command", JC_MSG_TERM_COL_COMMAND, false},
    {"unit_id", JC_MSG_COL_UNIT_ID, false},
    {"result", JC_MSG_TERM_COL_RESULT, false},
    {"reason", JC_MSG_TERM_COL_REASON, false},
};

static enum jc_code print_sync_tables(struct jc_cli *cli, const struct jc_terminal_sync_result *result,
                                      struct jc_err *err) {
    const int64_t numbers[] = {result->sent,      result->applied,  result->kept,     result->rejected,
                               result->set_aside, result->repeated, result->received, result->unsent};
    struct jc_table *summary =
        jc_table_new(cli->arena, "sync", sync_columns, sizeof sync_columns / sizeof sync_columns[0]);
    struct jc_table *outcomes =
        jc_table_new(cli->arena, "results", outcome_columns, sizeof outcome_columns / sizeof outcome_columns[0]);
    if (!summary || !outcomes)
        return jc_fail_memory(err);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        jc_table_int(summary, numbers[i]);
    for (size_t i = 0; i < result->outcome_count; i++) {
        const struct jc_terminal_outcome *outcome = &result->outcomes[i];
        jc_table_text(outcomes, jc_cli_terminal_id(cli, outcome->operation_id));
        jc_table_text(outcomes, jc_words_command(cli->lang, command_name(outcome->command).ptr));
        jc_table_text(outcomes, outcome->unit_id);
        jc_table_text(outcomes, jc_cli_terminal_result(cli, outcome));
        jc_table_text(outcomes, jc_cli_terminal_reason(cli, outcome));
    }
    enum jc_code code = jc_table_print(summary, cli, err);
    if (code == JC_OK && result->outcome_count > 0 && cli->format == JC_FORMAT_TABLE)
        code = jc_table_print(outcomes, cli, err);
    return code;
}

static json_t *text_of(struct jc_str text) {
    return json_stringn(text.ptr ? text.ptr : "", text.len);
}

/* {"sync":[{"sent":…,"results":[{…}]}]} */
static enum jc_code print_sync_json(struct jc_cli *cli, const struct jc_terminal_sync_result *result,
                                    const struct jc_terminal_photos_result *photos, bool durable, struct jc_err *err) {
    char time[JC_TIME_MAX], head[2 * JC_SHA256_SIZE + 1];
    json_t *results = json_array();
    for (size_t i = 0; i < result->outcome_count; i++) {
        const struct jc_terminal_outcome *outcome = &result->outcomes[i];
        json_array_append_new(
            results, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "operation_id",
                               text_of(jc_cli_terminal_id(cli, outcome->operation_id)), "command",
                               text_of(command_name(outcome->command)), "unit_id", text_of(outcome->unit_id), "result",
                               text_of(jc_cli_terminal_result(cli, outcome)), "code", text_of(outcome->code),
                               "reason_zh", text_of(outcome->reason_zh), "reason_en", text_of(outcome->reason_en),
                               "note", outcome->review ? outcome->review->note : ""));
    }
    struct jc_str when = result->rounds ? jc_time_format(result->server_time_ms, time) : JC_STR("");
    json_t *row = json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:b,s:b,s:b,s:b,s:I,s:I,s:o,s:s,s:o}", "sent",
        (json_int_t)result->sent, "applied", (json_int_t)result->applied, "kept", (json_int_t)result->kept, "rejected",
        (json_int_t)result->rejected, "set_aside", (json_int_t)result->set_aside, "repeated",
        (json_int_t)result->repeated, "received", (json_int_t)result->received, "removed", (json_int_t)result->removed,
        "skipped", (json_int_t)result->skipped, "unsent", (json_int_t)result->unsent, "carried",
        (json_int_t)result->carried, "compared", result->compared, "cured", result->cured, "differs", result->differs,
        "restarted", result->restarted, "durable", durable, "rounds", (json_int_t)result->rounds, "chain_length",
        (json_int_t)result->chain_length, "server_time", text_of(when), "chain_head",
        jc_hex(result->chain_head, JC_SHA256_SIZE, head).ptr, "results", results);
    json_t *sent = json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "photos_sent", (json_int_t)photos->upload.sent_blobs, "photos_sent_bytes",
        (json_int_t)photos->upload.sent_bytes, "photos_waiting", (json_int_t)photos->upload.waiting_blobs,
        "photos_waiting_bytes", (json_int_t)photos->upload.waiting_bytes, "photos_lost",
        (json_int_t)photos->upload.lost_blobs, "photos_fetched", (json_int_t)photos->fetched.blobs, "photos_needed",
        (json_int_t)photos->fetched.waiting_blobs, "photos_needed_bytes", (json_int_t)photos->fetched.waiting_bytes);
    json_object_update(row, sent);
    json_decref(sent);
    json_t *root = json_pack("{s:[o]}", "sync", row);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    if (text) {
        jc_buf_add(&cli->out, jc_str(text));
        jc_buf_char(&cli->out, '\n');
    }
    free(text);
    json_decref(root);
    return text ? JC_OK : jc_fail_memory(err);
}

static void note_number(struct jc_cli *cli, enum jc_msg what, int64_t number) {
    char text[JC_NUMBER_TEXT];
    struct jc_str arg = jc_str_from_int64(number, text);
    jc_cli_note(cli, what, &arg, 1);
}

enum { OFFSET_NOTED_MS = 5 * 60 * 1000, MINUTE_MS = 60000, PHOTOS_MAX_MB = 1000000 };

static void note_clock(struct jc_cli *cli, int64_t offset_ms) {
    char days[JC_NUMBER_TEXT], hours[JC_NUMBER_TEXT], rest[JC_NUMBER_TEXT];
    int64_t minutes = (offset_ms < 0 ? -offset_ms : offset_ms) / MINUTE_MS;
    struct jc_str args[] = {jc_str_from_int64(minutes / (24 * 60), days), jc_str_from_int64(minutes / 60 % 24, hours),
                            jc_str_from_int64(minutes % 60, rest)};
    if (offset_ms > OFFSET_NOTED_MS)
        jc_cli_note(cli, JC_MSG_TERM_CLOCK_AHEAD, args, 3);
    else if (offset_ms < -OFFSET_NOTED_MS)
        jc_cli_note(cli, JC_MSG_TERM_CLOCK_BEHIND, args, 3);
}

static const struct jc_column photo_columns[] = {
    {"blobs", JC_MSG_TERM_COL_BLOBS, true},     {"bytes", JC_MSG_TERM_COL_BYTES, true},
    {"waiting", JC_MSG_TERM_COL_WAITING, true}, {"lost", JC_MSG_TERM_COL_LOST, true},
    {"missing", JC_MSG_TERM_COL_MISSING, true},
};

/* What went up, what still has to, and what rechecks need that is not here. */
static enum jc_code print_photos(struct jc_cli *cli, const struct jc_terminal_photos_result *photos,
                                 struct jc_err *err) {
    const struct jc_terminal_upload_result *upload = &photos->upload;
    const int64_t numbers[] = {upload->sent_blobs, upload->sent_bytes, upload->waiting_blobs, upload->lost_blobs,
                               photos->fetched.waiting_blobs};
    struct jc_table *table =
        jc_table_new(cli->arena, "photos", photo_columns, sizeof photo_columns / sizeof photo_columns[0]);
    int64_t sum = 0;
    if (!table)
        return jc_fail_memory(err);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        jc_table_int(table, numbers[i]);
        sum += numbers[i];
    }
    return sum ? jc_table_print(table, cli, err) : JC_OK;
}

/* The records are sent: what becomes of the photos is told and decides nothing. */
static void sync_photos(struct jc_cli_terminal *run, const struct jc_transport *transport, int64_t megabytes,
                        struct jc_terminal_photos_result *out) {
    struct jc_cli *cli = run->cli;
    struct jc_err err = {0};
    if (megabytes > 0 &&
        jc_terminal_photos(run->terminal, transport, megabytes * 1000000, cli->arena, out, &err) != JC_OK)
        jc_cli_note(cli, err.what, err.arg, JC_ERR_ARGS);
    if (out->fetched.blobs)
        note_number(cli, JC_MSG_TERM_FETCHED, out->fetched.blobs);
}

static enum jc_code print_sync(struct jc_cli *cli, const struct jc_terminal_sync_result *result,
                               const struct jc_terminal_photos_result *photos, bool durable, struct jc_err *err) {
    if (result->repeated > 0)
        note_number(cli, JC_MSG_TERM_REPEAT_SAME, result->repeated);
    if (result->skipped > 0)
        note_number(cli, JC_MSG_TERM_SKIPPED_NOTE, result->skipped);
    if (result->carried > 0)
        note_number(cli, JC_MSG_TERM_CARRIED_NOTE, result->carried);
    if (result->differs)
        jc_cli_note(cli, JC_MSG_TERM_DIFFERS_NOTE, NULL, 0);
    else if (result->cured)
        jc_cli_note(cli, JC_MSG_TERM_CURED_NOTE, NULL, 0);
    if (result->rounds > 0)
        note_clock(cli, result->clock_offset_ms);
    if (cli->format == JC_FORMAT_JSON)
        return print_sync_json(cli, result, photos, durable, err);
    enum jc_code code = print_sync_tables(cli, result, err);
    return code == JC_OK && cli->format == JC_FORMAT_TABLE ? print_photos(cli, photos, err) : code;
}

/* A whole number in a range; false for rubbish. */
static bool take_number(const char *text, int64_t max, int *out) {
    int64_t number;
    if (!jc_str_to_int64(jc_str(text), &number) || number < 1 || number > max)
        return false;
    *out = (int)number;
    return true;
}

static enum jc_exit run_sync(struct jc_cli *cli, int argc, char **argv) {
    struct jc_cli_terminal run = {.cli = cli, .command = &jc_cmd_terminal_sync};
    const char *server = NULL, *timeout = "120", *batch = "50", *photos_mb = "50";
    int repeat = 0, timeout_s = 0;
    int64_t megabytes = 0;
    struct jc_terminal_photos_result photos = {0};
    struct jc_terminal_sync_options sync = {0};
    const struct jc_option options[] = {
        {.name = "server", .takes_value = true, .value = &server},
        {.name = "timeout",
         .takes_value = true,
         .value = &timeout,
         .expects = {"1 至 3600 的秒数", "seconds, 1 to 3600"}},
        {.name = "batch",
         .takes_value = true,
         .value = &batch,
         .expects = {"1 至 200 的整数", "a whole number, 1 to 200"}},
        {.name = "repeat", .count = &repeat},
        {.name = "photos",
         .takes_value = true,
         .value = &photos_mb,
         .expects = {"0 至 1000000 的兆字节数", "megabytes, 0 to 1000000"}},
    };
    if (!jc_cli_terminal_options(&run, options, sizeof options / sizeof options[0], 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (!take_number(timeout, 3600, &timeout_s))
        return jc_cli_value_refused(cli, &jc_cmd_terminal_sync, options, 5, "timeout");
    if (!take_number(batch, 200, &sync.batch_operations))
        return jc_cli_value_refused(cli, &jc_cmd_terminal_sync, options, 5, "batch");
    if (!jc_str_to_int64(jc_str(photos_mb), &megabytes) || megabytes < 0 || megabytes > PHOTOS_MAX_MB)
        return jc_cli_value_refused(cli, &jc_cmd_terminal_sync, options, 5, "photos");
    sync.repeat = repeat > 0;
    struct jc_transport transport = {0};
    struct jc_terminal_holder holder = {0};
    struct jc_terminal_sync_result result = {0};
    struct jc_err err, print_err;
    enum jc_code code = jc_cli_terminal_open(&run, false, &err);
    if (code == JC_OK)
        code = jc_terminal_holder(run.terminal, cli->arena, &holder, &err);
    if (code == JC_OK)
        code = jc_transport_curl(server ? server : holder.server.ptr, timeout_s * 1000, cli->lang, &transport, &err);
    if (code == JC_OK) {
        static const struct jc_watch_stage SYNC = {"sync", JC_MSG_WATCH_SYNC};
        struct jc_watch *watch = jc_watch_begin(cli, 0);
        jc_watch_enter(watch, &SYNC);
        code = jc_terminal_sync(run.terminal, &transport, &sync, cli->arena, &result, &err);
        jc_watch_end(watch);
        if (code == JC_OK)
            sync_photos(&run, &transport, megabytes, &photos);
        if (print_sync(cli, &result, &photos, code == JC_OK, &print_err) != JC_OK && code == JC_OK) {
            code = print_err.code;
            jc_err_copy(&err, &print_err);
        }
    }
    if (code == JC_OK &&
        result.sent + result.received > 0) /* the board should know; what it knows is no success of ours */
        jc_terminal_tell(run.terminal, &transport, &print_err);
    jc_transport_close(&transport);
    return jc_cli_terminal_end(&run, code, &err);
}

const struct jc_command jc_cmd_terminal_sync = {
    .name = "sync",
    .summary = {"发送未发送的工作，接收任务和名录", "send what is not sent, receive tasks and register"},
    .usage = "terminal --store FILE sync [--repeat] [--server URL] [--timeout SECONDS] [--batch N] [--photos MB]",
    .help =
        {"只有服务器确认全部操作已经落盘才算成功（退出码 0）；中断后再次同步总是安全的。\n"
         "被拒绝或待核处理的操作连同理由留在终端，不影响后面的操作。\n"
         "--repeat           故意把同一请求发送两次，并核对两次结果相同（演示、测试用）\n"
         "--server URL       改用这个地址（缺省为登记时的地址）\n"
         "--timeout SECONDS  每次请求最长等待（缺省 120）\n"
         "--batch N          每次请求最多几项操作（缺省 50）\n"
         "--photos MB        记录之后的照片：先传签名和小图，再取复查所需的照片，最后传原图；\n"
         "                   这次上传和取回合计最多多少兆字节（缺省 50；0：不传照片）",
         "Success (exit 0) means that the server holds every operation durably; after a cut it is always safe to\n"
         "sync again. What was rejected or kept for review stays here with the reason and blocks nothing.\n"
         "--repeat           send each request with operations twice on purpose and compare the results\n"
         "--server URL       use this address (default: that of the enrolment)\n"
         "--timeout SECONDS  longest wait for one request (default 120)\n"
         "--batch N          most operations in one request (default 50)\n"
         "--photos MB        behind the records: signatures and small photos go up, those that rechecks need come down,\n"
         "                   originals go last; so many megabytes up and down together (default 50; 0: none)"},
    .example = "jiancha terminal --store t1.db sync",
    .run = run_sync,
};
