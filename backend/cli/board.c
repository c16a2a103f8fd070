/* The board reads every device, what it last said of itself, and how far it is, in one snapshot: a walk over devices,
 * open reviews and incomplete records. `show` takes its one device from the same, so both say the same of it. */
#include "cli/board.h"

#include <string.h>

#include "store/change.h"
#include "store/device.h"

void jc_cli_time_cell(struct jc_table *table, int64_t ms) {
    char text[JC_TIME_MAX];
    if (ms < 0)
        jc_table_null(table);
    else
        jc_table_text(table, jc_time_format(ms, text));
}

/* --- the board ------------------------------------------------------------------------------------- */

struct board {
    struct jc_cli *cli;
    struct jc_device *items;
    struct jc_device_state *states;
    bool *up_to_date;
    size_t count;
};

static enum jc_code board_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct board *board = ctx;
    struct jc_arena *arena = board->cli->arena;
    enum jc_code code = jc_device_list(tx, board->cli->agency_id, arena, &board->items, &board->count, err);
    if (!code)
        code = jc_device_states(tx, board->cli->agency_id, arena, &board->states, &board->count, err);
    board->up_to_date = code ? NULL : JC_NEW_ARRAY(arena, board->count, bool);
    if (!code && !board->up_to_date)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < board->count; i++) {
        const struct jc_device *device = &board->items[i];
        int64_t newest = 0;
        code = jc_change_newest(tx, device->agency_id, device->team_id, &newest, err);
        board->up_to_date[i] = board->states[i].known_seq > 0 && board->states[i].known_seq >= newest;
    }
    return code;
}

static enum jc_msg state_of(const struct board *board, size_t i) {
    const struct jc_device_state *state = &board->states[i];
    if (board->items[i].revoked_ms >= 0)
        return JC_MSG_DEVICE_STATE_REVOKED;
    if (state->seal_wrong)
        return JC_MSG_DEVICE_STATE_SEAL_WRONG;
    if (board->items[i].last_seen_ms < 0)
        return JC_MSG_DEVICE_STATE_NEVER;
    if (board->items[i].rebuild_requested)
        return JC_MSG_DEVICE_STATE_REBUILD;
    if (state->report && state->report->digest_state == JC__DIGEST_STATE__DIGEST_STATE_DIFFERS)
        return JC_MSG_DEVICE_STATE_DIFFERS;
    return board->up_to_date[i] ? JC_MSG_DEVICE_STATE_GOOD : JC_MSG_DEVICE_STATE_BEHIND;
}

static const char *state_name(enum jc_msg state) {
    switch (state) {
    case JC_MSG_DEVICE_STATE_REVOKED:
        return "revoked";
    case JC_MSG_DEVICE_STATE_SEAL_WRONG:
        return "seal_wrong";
    case JC_MSG_DEVICE_STATE_NEVER:
        return "never_seen";
    case JC_MSG_DEVICE_STATE_REBUILD:
        return "rebuild_requested";
    case JC_MSG_DEVICE_STATE_DIFFERS:
        return "differs";
    case JC_MSG_DEVICE_STATE_GOOD:
        return "up_to_date";
    default:
        return "behind";
    }
}

static void stamp_cell(struct jc_table *table, const Google__Protobuf__Timestamp *stamp) {
    jc_cli_time_cell(table, stamp ? stamp->seconds * 1000 : -1);
}

/* What the terminal said last of itself; nothing before its first report. */
static void report_cells(struct jc_table *table, const Jc__DeviceReport *report) {
    if (!report) {
        for (int i = 0; i < 6; i++)
            jc_table_null(table);
        return;
    }
    stamp_cell(table, report->oldest_unsent);
    jc_table_int(table, report->open_tasks_held);
    jc_table_int(table, report->units_held);
    jc_table_int(table, report->blobs_waiting);
    jc_table_int(table, report->free_bytes >> 20);
    stamp_cell(table, report->ready_at);
}

static struct jc_table *board_table(const struct board *board) {
    static const struct jc_column columns[] = {
        {"name", JC_MSG_COL_DEVICE_NAME, false},
        {"inspector_id", JC_MSG_COL_INSPECTOR, false},
        {"team_id", JC_MSG_COL_TEAM, false},
        {"state", JC_MSG_COL_STATUS, false},
        {"last_seen_at", JC_MSG_COL_LAST_SEEN, false},
        {"unsent", JC_MSG_COL_UNSENT, true},
        {"oldest_unsent", JC_MSG_COL_OLDEST_UNSENT, false},
        {"tasks_held", JC_MSG_COL_TASKS_HELD, true},
        {"units_held", JC_MSG_COL_UNITS_HELD, true},
        {"blobs_waiting", JC_MSG_COL_BLOBS_WAITING, true},
        {"free_mb", JC_MSG_COL_FREE_MB, true},
        {"ready_at", JC_MSG_COL_READY_AT, false},
        {"blobs_missing", JC_MSG_COL_BLOBS_MISSING, true},
        {"open_reviews", JC_MSG_COL_OPEN_REVIEWS, true},
        {"clock_offset_s", JC_MSG_COL_CLOCK_OFFSET, true},
        {"app_version", JC_MSG_COL_APP_VERSION, false},
        {"device_id", JC_MSG_COL_DEVICE, false},
    };
    struct jc_cli *cli = board->cli;
    struct jc_table *table = jc_table_new(cli->arena, "device", columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; table && i < board->count; i++) {
        const struct jc_device *device = &board->items[i];
        enum jc_msg state = state_of(board, i);
        char id[JC_UUID_TEXT];
        jc_table_text(table, device->name);
        jc_table_text(table, device->inspector_id);
        jc_table_text(table, device->team_id);
        jc_table_text(table,
                      cli->format == JC_FORMAT_TABLE ? jc_msg_text(state, cli->lang) : jc_str(state_name(state)));
        jc_cli_time_cell(table, device->last_seen_ms);
        jc_table_int(table, device->unsent);
        report_cells(table, board->states[i].report);
        jc_table_int(table, board->states[i].blobs_missing);
        jc_table_int(table, board->states[i].open_reviews);
        jc_table_int(table, device->clock_offset_ms / 1000);
        jc_table_text(table, device->app_version);
        jc_table_text(table, jc_uuid_format(device->device_id, id));
    }
    return table;
}

static enum jc_exit run_board(struct jc_cli *cli, int argc, char **argv) {
    struct board board = {.cli = cli};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_device_board, NULL, 0, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &jc_cmd_device_board, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, board_job, &board, &err);
    if (!code)
        code = jc_table_print(board_table(&board), cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- show ------------------------------------------------------------------------------------------ */

/* One device as a row for programs, as a line for each of its fields for people. */
struct sheet {
    struct jc_cli *cli;
    struct jc_table *table;
    bool lines;
    size_t at;
};

static const struct jc_column show_columns[] = {
    {"device_id", JC_MSG_COL_DEVICE, false},
    {"name", JC_MSG_COL_DEVICE_NAME, false},
    {"inspector_id", JC_MSG_COL_INSPECTOR, false},
    {"team_id", JC_MSG_COL_TEAM, false},
    {"state", JC_MSG_COL_STATUS, false},
    {"up_to_date", JC_MSG_COL_UP_TO_DATE, false},
    {"rebuild_requested", JC_MSG_COL_REBUILD_REQUESTED, false},
    {"digest", JC_MSG_COL_DIGEST, false},
    {"seal", JC_MSG_COL_SEAL, false},
    {"seal_wrong_row", JC_MSG_COL_SEAL_WRONG_ROW, false},
    {"enrolled_at", JC_MSG_COL_ENROLLED, false},
    {"revoked_at", JC_MSG_COL_REVOKED, false},
    {"revoked_reason", JC_MSG_COL_REVOKED_REASON, false},
    {"last_seen_at", JC_MSG_COL_LAST_SEEN, false},
    {"device_time", JC_MSG_COL_DEVICE_TIME, false},
    {"clock_offset_s", JC_MSG_COL_CLOCK_OFFSET, false},
    {"unsent", JC_MSG_COL_UNSENT, false},
    {"oldest_unsent", JC_MSG_COL_OLDEST_UNSENT, false},
    {"tasks_held", JC_MSG_COL_TASKS_HELD, false},
    {"units_held", JC_MSG_COL_UNITS_HELD, false},
    {"ready_at", JC_MSG_COL_READY_AT, false},
    {"blobs_waiting", JC_MSG_COL_BLOBS_WAITING, false},
    {"blobs_waiting_bytes", JC_MSG_COL_BLOBS_WAITING_BYTES, false},
    {"blobs_missing", JC_MSG_COL_BLOBS_MISSING, false},
    {"open_reviews", JC_MSG_COL_OPEN_REVIEWS, false},
    {"free_mb", JC_MSG_COL_FREE_MB, false},
    {"total_mb", JC_MSG_COL_TOTAL_MB, false},
    {"battery_percent", JC_MSG_COL_BATTERY, false},
    {"model", JC_MSG_COL_MODEL, false},
    {"app_version", JC_MSG_COL_APP_VERSION, false},
};
enum { SHOW_COLUMNS = sizeof show_columns / sizeof show_columns[0] };

/* Its table, standing before the next field. */
static struct jc_table *next(struct sheet *sheet) {
    const struct jc_column *column = &show_columns[sheet->at++];
    if (sheet->lines)
        jc_table_text(sheet->table, jc_msg_text(column->heading, sheet->cli->lang));
    return sheet->table;
}

/* A word of the contract: its name for programs, the catalogue's for people. */
struct word {
    const char *name;
    enum jc_msg text;
};

static void word_cell(struct sheet *sheet, struct word word) {
    jc_table_text(next(sheet), sheet->lines ? jc_msg_text(word.text, sheet->cli->lang) : jc_str(word.name));
}

static struct word digest_word(const Jc__DeviceReport *report) {
    switch (report ? report->digest_state : JC__DIGEST_STATE__DIGEST_STATE_UNSPECIFIED) {
    case JC__DIGEST_STATE__DIGEST_STATE_MATCHED:
        return (struct word){"matched", JC_MSG_DEVICE_DIGEST_MATCHED};
    case JC__DIGEST_STATE__DIGEST_STATE_REBUILT:
        return (struct word){"rebuilt", JC_MSG_DEVICE_DIGEST_REBUILT};
    case JC__DIGEST_STATE__DIGEST_STATE_DIFFERS:
        return (struct word){"differs", JC_MSG_DEVICE_STATE_DIFFERS};
    default:
        return (struct word){"unknown", JC_MSG_DEVICE_DIGEST_UNKNOWN};
    }
}

static struct word seal_word(const struct jc_device *device, const struct jc_device_state *state) {
    if (state->seal_wrong)
        return (struct word){"wrong", JC_MSG_DEVICE_STATE_SEAL_WRONG};
    if (state->seal_due)
        return (struct word){"due", JC_MSG_DEVICE_SEAL_DUE};
    return device->chain.sealed_no > 0 ? (struct word){"good", JC_MSG_DEVICE_SEAL_GOOD}
                                       : (struct word){"none", JC_MSG_DEVICE_SEAL_NONE};
}

static void show_standing(struct sheet *sheet, const struct board *board, size_t i) {
    const struct jc_device *device = &board->items[i];
    const struct jc_device_state *state = &board->states[i];
    enum jc_msg standing = state_of(board, i);
    char id[JC_UUID_TEXT];
    jc_table_text(next(sheet), jc_uuid_format(device->device_id, id));
    jc_table_text(next(sheet), device->name);
    jc_table_text(next(sheet), device->inspector_id);
    jc_table_text(next(sheet), device->team_id);
    word_cell(sheet, (struct word){state_name(standing), standing});
    jc_table_bool(next(sheet), board->up_to_date[i]);
    jc_table_bool(next(sheet), device->rebuild_requested);
    word_cell(sheet, digest_word(state->report));
    word_cell(sheet, seal_word(device, state));
    if (state->seal_wrong)
        jc_table_int(next(sheet), device->chain.wrong_no);
    else
        jc_table_null(next(sheet));
    jc_cli_time_cell(next(sheet), device->enrolled_ms);
    jc_cli_time_cell(next(sheet), device->revoked_ms);
    jc_table_text(next(sheet), state->revoked_reason);
    jc_cli_time_cell(next(sheet), device->last_seen_ms);
}

/* A number the terminal said; nothing before its first report. */
static void said(struct sheet *sheet, const Jc__DeviceReport *report, int64_t number) {
    struct jc_table *table = next(sheet);
    if (report)
        jc_table_int(table, number);
    else
        jc_table_null(table);
}

static void show_report(struct sheet *sheet, const struct board *board, size_t i) {
    static const Jc__DeviceReport NONE = JC__DEVICE_REPORT__INIT;
    const struct jc_device *device = &board->items[i];
    const struct jc_device_state *state = &board->states[i];
    const Jc__DeviceReport *given = state->report, *report = given ? given : &NONE;
    stamp_cell(next(sheet), report->device_time);
    said(sheet, given, device->clock_offset_ms / 1000);
    said(sheet, given, device->unsent);
    stamp_cell(next(sheet), report->oldest_unsent);
    said(sheet, given, report->open_tasks_held);
    said(sheet, given, report->units_held);
    stamp_cell(next(sheet), report->ready_at);
    said(sheet, given, report->blobs_waiting);
    said(sheet, given, report->blobs_waiting_bytes);
    jc_table_int(next(sheet), state->blobs_missing);
    jc_table_int(next(sheet), state->open_reviews);
    said(sheet, given, report->free_bytes >> 20);
    said(sheet, given, report->total_bytes >> 20);
    said(sheet, report->battery_percent > 0 ? given : NULL, report->battery_percent);
    jc_table_text(next(sheet), jc_str(report->model));
    jc_table_text(next(sheet), device->app_version);
}

/* By id, or by a name that one device alone has. */
static enum jc_code find_device(const struct board *board, struct jc_str name, size_t *out, struct jc_err *err) {
    struct jc_uuid id;
    char number[JC_NUMBER_TEXT];
    bool by_id = jc_uuid_parse(name, &id);
    int64_t found = 0;
    for (size_t i = 0; i < board->count; i++) {
        const struct jc_device *device = &board->items[i];
        if (by_id ? memcmp(device->device_id.bytes, id.bytes, JC_UUID_SIZE) != 0 : !jc_str_eq(device->name, name))
            continue;
        *out = i;
        found++;
    }
    if (found > 1)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DEVICE_NAME_SHARED, name, jc_str_from_int64(found, number));
    return found ? JC_OK : jc_fail(err, JC_NOT_FOUND, JC_MSG_DEVICE_NOT_CALLED, name);
}

static enum jc_exit run_show(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column lines[] = {{"title", JC_MSG_COL_TITLE, false}, {"value", JC_MSG_COL_VALUE, false}};
    struct board board = {.cli = cli};
    struct sheet sheet = {.cli = cli};
    struct jc_err err = {0};
    struct jc_str name;
    size_t at = 0;
    if (!jc_cli_options(cli, &jc_cmd_device_show, NULL, 0, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_device_show, "DEVICE_ID", argc, argv, &name))
        return JC_EXIT_REFUSED;
    sheet.lines = cli->format == JC_FORMAT_TABLE;
    enum jc_code code = jc_cli_open(cli, &err);
    if (!code)
        code = jc_cli_read(cli, board_job, &board, &err);
    if (!code)
        code = find_device(&board, name, &at, &err);
    if (code)
        return jc_cli_fail(cli, &err);
    sheet.table = sheet.lines ? jc_table_new(cli->arena, "device", lines, 2)
                              : jc_table_new(cli->arena, "device", show_columns, SHOW_COLUMNS);
    if (sheet.table) {
        show_standing(&sheet, &board, at);
        show_report(&sheet, &board, at);
    }
    code = jc_table_print(sheet.table, cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

/* --- the commands ---------------------------------------------------------------------------------- */

const struct jc_command jc_cmd_device_board = {
    .name = "board",
    .summary = {"终端一览：持有、未上报、时钟、存储", "what each terminal holds, and how it stands"},
    .usage = "device board",
    .help = {"每台终端一行：状态、最近联系、未上报的操作（及其中最早的时间）、持有的任务和单位、待传照片、\n"
             "剩余存储、可否外出、时钟偏差、版本，以及服务器上待核和缺照片的记录。",
             "A line for each terminal: state, last seen, what it had not sent (and since when), tasks and units it\n"
             "holds, photos that wait, free storage, since when it is ready to leave, clock offset, version, and what\n"
             "waits for review or photos here."},
    .example = "jiancha device board",
    .run = run_board,
};

const struct jc_command jc_cmd_device_show = {
    .name = "show",
    .summary = {"一台终端的全部情况", "all there is to know of one terminal"},
    .usage = "device show NAME|DEVICE_ID",
    .help =
        {"终端名称（没有重名时）或编号。除一览各列外，还有注册与吊销、资料核对、签名核验、时钟、电量、型号。\n"
         "终端自己报告的数据以最近一次联系时为准；从未报告的为空。",
         "By its name, if no other has the same, or its id. Besides what the board lists: enrolment and revocation,\n"
         "whether what it holds was compared, its seals, clock, battery, model. What a terminal says of itself is\n"
         "as of when it was last seen; empty before it first said it."},
    .example =
        "jiancha device show 执法2队3号机\njiancha device show 0185f0a4-7c00-7000-8000-000000000001 --format json",
    .run = run_show,
};
