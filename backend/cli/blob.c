/* jiancha blob list: photos, recordings and images of signatures that records name, arrived or not. */
#include <string.h>

#include "base/message.h"
#include "cli/table.h"
#include "store/completeness.h"

static const struct jc_command blob_list;
const struct jc_command jc_cmd_blob;

enum { PAGE = 200 };

struct listing {
    struct jc_cli *cli;
    struct jc_completeness_filter filter;
    bool missing_only;
    struct jc_uuid record; /* of --record */
    struct jc_table *table;
    int64_t now_ms;
};

/* --- rows ------------------------------------------------------------------------------------------ */

static const struct jc_column columns[] = {
    {"inspection_id", JC_MSG_COL_BLOB_INSPECTION, false},
    {"unit_id", JC_MSG_COL_UNIT, false},
    {"unit", JC_MSG_COL_BLOB_UNIT_NAME, false},
    {"team_id", JC_MSG_COL_TEAM, false},
    {"device", JC_MSG_COL_DEVICE_NAME, false},
    {"record_received_at", JC_MSG_COL_RECEIVED, false},
    {"media_type", JC_MSG_COL_BLOB_MEDIA_TYPE, false},
    {"bytes", JC_MSG_COL_BLOB_BYTES, true},
    {"state", JC_MSG_COL_BLOB_STATE, false},
    {"reason", JC_MSG_COL_BLOB_REASON, false},
    {"sha256", JC_MSG_COL_BLOB_SHA256, false},
};

static void time_cell(struct jc_table *table, const Google__Protobuf__Timestamp *stamp) {
    char text[JC_TIME_MAX];
    jc_table_text(table, jc_time_format(stamp->seconds * 1000, text));
}

/* Scripts get the word; people the one of their language. */
static struct jc_str state_of(const struct jc_cli *cli, const Jc__BlobStatus *status) {
    static const struct {
        const char *word;
        enum jc_msg text;
    } STATES[] = {{"missing", JC_MSG_BLOB_STATE_MISSING},
                  {"uploading", JC_MSG_BLOB_STATE_UPLOADING},
                  {"received", JC_MSG_BLOB_STATE_RECEIVED},
                  {"deleted", JC_MSG_BLOB_STATE_DELETED}};
    int i = status->deleted_at ? 3 : status->received_at ? 2 : status->upload_begun_at ? 1 : 0;
    return cli->format == JC_FORMAT_TABLE ? jc_msg_text(STATES[i].text, cli->lang) : jc_str(STATES[i].word);
}

static void add_row(struct listing *listing, const Jc__RecordCompleteness *record, const Jc__BlobStatus *status) {
    struct jc_table *table = listing->table;
    char text[JC_UUID_TEXT], hex[2 * JC_SHA256_SIZE + 1];
    struct jc_uuid id = {{0}};
    uint8_t sha256[JC_SHA256_SIZE] = {0};
    if (record->inspection_id.len == sizeof id.bytes)
        memcpy(id.bytes, record->inspection_id.data, sizeof id.bytes);
    if (status->blob->sha256.len == sizeof sha256)
        memcpy(sha256, status->blob->sha256.data, sizeof sha256);
    jc_table_text(table, jc_uuid_format(id, text));
    jc_table_text(table, jc_str(record->unit_id));
    jc_table_text(table, jc_str(record->unit_name));
    jc_table_text(table, jc_str(record->team_id));
    jc_table_text(table, jc_str(record->device_name));
    time_cell(table, record->received_at);
    jc_table_text(table, jc_str(status->blob->media_type));
    jc_table_int(table, status->blob->size_bytes);
    jc_table_text(table, state_of(listing->cli, status));
    jc_table_text(table, jc_str(status->deleted_why));
    jc_table_text(table, jc_hex(sha256, sizeof sha256, hex));
}

static enum jc_code add_record(struct jc_tx *tx, struct listing *listing, struct jc_str inspection_id,
                               struct jc_err *err) {
    struct jc_completeness found = {0};
    enum jc_code code = jc_completeness_get(tx, listing->cli->agency_id, inspection_id, listing->filter.team_id,
                                            listing->now_ms, listing->cli->arena, &found, err);
    for (size_t i = 0; !code && i < found.count; i++)
        if (!listing->missing_only || !found.blobs[i]->received_at)
            add_row(listing, found.record, found.blobs[i]);
    return code;
}

static enum jc_code missing_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    enum jc_code code = JC_OK;
    do {
        Jc__RecordCompleteness **records = NULL;
        size_t count = 0;
        code = jc_completeness_list(tx, listing->cli->agency_id, &listing->filter, listing->cli->arena, &records,
                                    &count, &listing->filter.after, err);
        for (size_t i = 0; !code && i < count; i++) {
            ProtobufCBinaryData id = records[i]->inspection_id;
            code = add_record(tx, listing, jc_view(id), err);
        }
    } while (!code && listing->filter.after);
    return code;
}

static enum jc_code record_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    return add_record(tx, listing, (struct jc_str){(const char *)listing->record.bytes, JC_UUID_SIZE}, err);
}

/* --- list ------------------------------------------------------------------------------------------ */

static enum jc_exit run_list(struct jc_cli *cli, int argc, char **argv) {
    const char *missing = NULL, *record = NULL, *team = "";
    struct jc_option options[] = {
        {.name = "missing", .value = &missing},
        {.name = "record",
         .takes_value = true,
         .value = &record,
         .expects = {"检查记录编号", "the id of an inspection"}},
        {.name = "team", .takes_value = true, .value = &team},
    };
    struct listing listing = {.cli = cli, .filter.limit = PAGE};
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &blob_list, options, 3, &argc, argv))
        return JC_EXIT_REFUSED;
    if (argc > 1)
        return jc_cli_misuse(cli, &blob_list, JC_MSG_CLI_ARGUMENT_UNWANTED, jc_str(argv[1]));
    if (!missing && !record)
        return jc_cli_misuse(cli, &blob_list, JC_MSG_CLI_OPTION_MISSING, JC_STR("--missing"));
    if (record && !jc_uuid_parse(jc_str(record), &listing.record))
        return jc_cli_value_refused(cli, &blob_list, options, 3, "record");
    listing.missing_only = missing != NULL;
    listing.filter.team_id = jc_str(team);
    listing.now_ms = jc_clock_now_ms(&cli->clock);
    listing.table = jc_table_new(cli->arena, "blob", columns, sizeof columns / sizeof *columns);
    enum jc_code code = listing.table ? jc_cli_open(cli, &err) : jc_fail_memory(&err);
    if (!code)
        code = jc_cli_read(cli, record ? record_job : missing_job, &listing, &err);
    if (!code)
        code = jc_table_print(listing.table, cli, &err);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

static const struct jc_command blob_list = {
    .name = "list",
    .summary = {"列出检查记录的照片等附件及是否收齐", "list what records name, and whether it has arrived"},
    .usage = "blob list --missing [--team TEAM]\nblob list --record INSPECTION [--missing]",
    .help = {"--missing  只列尚未收到的附件：哪份检查记录、在哪台终端上（最早的在前）\n"
             "--team     只列一个执法单位的\n"
             "--record   一份检查记录的全部附件，包括已按保存期限规定删除的",
             "--missing  only what has not arrived: of which record, on which terminal (the oldest first)\n"
             "--team     of one team alone\n"
             "--record   all that one record names, what was deleted under retention included"},
    .example = "jiancha blob list --missing",
    .run = run_list,
};

static const struct jc_command *const subs[] = {&blob_list, NULL};

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    bool ran = false;
    enum jc_exit status = jc_cli_dispatch(cli, &jc_cmd_blob, argc, argv, &ran);
    return ran ? status : jc_cli_misuse(cli, &jc_cmd_blob, JC_MSG_CLI_SUBCOMMAND_MISSING, JC_STR("blob"));
}

const struct jc_command jc_cmd_blob = {
    .name = "blob",
    .summary = {"附件：照片、录音、签名图像", "photos, recordings and images of signatures"},
    .usage = "blob list --missing [--team TEAM]\nblob list --record INSPECTION [--missing]",
    .help = {"附件由终端在记录之后上传；一份记录的附件收齐后才算完整。",
             "Terminals send them after their records; a record is complete when all it names has arrived."},
    .example = "jiancha blob list --missing",
    .run = run,
    .sub = subs,
};
