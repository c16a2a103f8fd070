/* jiancha ingest FILE: unsent work of a terminal from a USB stick, and the receipt that goes back on it.
 *
 * Operations first, a write job for each frame; then the blobs, each durable before its row; then what
 * the receipt's last part says of them. A cut at any point leaves whole frames: the same file again does
 * the rest. */
#include "sync/ingest.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "blob/folder.h"
#include "cli/blobs.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "store/blob.h"
#include "store/stamp.h"
#include "store/words.h"

const struct jc_command jc_cmd_ingest;

enum { FRAME_ARENA = 64 << 20 };

struct hash_list {
    uint8_t (*items)[JC_SHA256_SIZE];
    size_t count, capacity;
};

struct work {
    struct jc_cli *cli;
    struct jc_table *table;
    struct jc_ingest ingest;
    struct jc_bundle_writer *writer; /* NULL: no receipt asked for */
    Jc__ServerKey **keys;
    size_t key_count;
    struct jc_arena *arena; /* of the frame in hand */
    int64_t now_ms;
    int64_t operations, applied, kept, rejected;

    struct jc_sync_prepared *prepared; /* to the job and back */
    struct jc_ingested part;
    struct jc_receipt_content content;
    struct jc_receipt_draft *draft;

    struct jc_blob_folder *folder;
    bool in_blob; /* bytes are to come: */
    struct jc_upload_id upload;
    struct jc_blob blob;
    int64_t blob_bytes; /* that have come */
    bool blob_named;
    struct hash_list stored, missing;
};

/* --- receipts ---------------------------------------------------------------------------------------- */

static enum jc_code pack_frame(struct work *work, enum jc_bundle_frame_type type, const ProtobufCMessage *message,
                               struct jc_err *err) {
    struct jc_str payload;
    enum jc_code code = jc_message_pack(message, work->arena, &payload, err);
    return code ? code : jc_bundle_write(work->writer, type, payload, err);
}

static enum jc_code begin_receipt(struct work *work, const char *path, struct jc_err *err) {
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT;
    header.agency_id = work->ingest.header->agency_id;
    header.device_id = work->ingest.header->device_id;
    header.inspector_id = work->ingest.header->inspector_id;
    header.made_at = jc_stamp_of_ms(work->arena, work->now_ms);
    enum jc_code code = jc_bundle_create(path, &work->writer, err);
    return code ? code : pack_frame(work, JC_BUNDLE_HEADER, &header.base, err);
}

/* A part of the receipt: signed, with the keys to check it by. */
static enum jc_code write_part(struct work *work, Jc__BundleReceipt *part, struct jc_err *err) {
    enum jc_code code = jc_receipt_complete(work->draft, work->arena, err);
    if (code || !work->writer)
        return code;
    part->device_id = work->ingest.header->device_id;
    part->receipt = work->draft->receipt;
    part->server_keys = work->keys;
    part->n_server_keys = work->key_count;
    return pack_frame(work, JC_BUNDLE_RECEIPT, &part->base, err);
}

/* --- operations -------------------------------------------------------------------------------------- */

static enum jc_code apply_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    enum jc_code code = jc_ingest_apply(tx, &work->ingest, work->prepared, work->now_ms, work->arena, &work->part, err);
    work->content = (struct jc_receipt_content){
        .device_id = work->ingest.made_by, .operations = work->part.durable, .count = work->part.durable_count};
    return code ? code
                : jc_receipt_make(tx, work->ingest.caller.agency_id, work->now_ms, &work->content, work->arena,
                                  &work->draft, err);
}

static void count_result(struct work *work, const Jc__OperationResult *result) {
    struct jc_cli *cli = work->cli;
    work->operations++;
    work->applied += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    work->kept += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
    work->rejected += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
    if (result->operation_no)
        jc_table_int(work->table, result->operation_no);
    else
        jc_table_null(work->table);
    struct jc_str status = jc_words_enum(cli->arena, &jc__operation_status__descriptor, (int)result->status);
    jc_table_id(work->table, result->id);
    jc_table_text(work->table, cli->format == JC_FORMAT_TABLE ? jc_words_value(cli->lang, "status", status) : status);
    jc_table_text(work->table, jc_str(cli->lang == JC_ZH ? result->reason_zh : result->reason_en));
}

static enum jc_code push_hash(struct work *work, struct hash_list *list, const uint8_t sha256[JC_SHA256_SIZE],
                              struct jc_err *err) {
    void *slot = jc_arena_push(work->cli->arena, (void **)&list->items, &list->count, &list->capacity, JC_SHA256_SIZE);
    if (!slot)
        return jc_fail_memory(err);
    memcpy(slot, sha256, JC_SHA256_SIZE);
    return JC_OK;
}

static enum jc_code take_operations(struct work *work, const struct jc_bundle_frame *frame, struct jc_err *err) {
    Jc__BundleReceipt part = JC__BUNDLE_RECEIPT__INIT;
    enum jc_code code = jc_ingest_unpack(&work->ingest, frame, work->arena, &work->prepared, err);
    if (!code)
        code = jc_cli_write(work->cli, apply_job, work, err);
    if (code)
        return code;
    for (size_t i = 0; i < work->part.result_count; i++)
        count_result(work, work->part.results[i]);
    for (size_t i = 0; !code && i < work->part.missing_count; i++)
        if (work->part.missing[i].len == JC_SHA256_SIZE)
            code = push_hash(work, &work->missing, work->part.missing[i].data, err);
    part.results = work->part.results;
    part.n_results = work->part.result_count;
    return code ? code : write_part(work, &part, err);
}

/* --- blobs ------------------------------------------------------------------------------------------- */

static enum jc_code named_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    struct jc_blob_named named;
    return jc_blob_find_named(tx, work->cli->agency_id, work->blob.sha256, work->arena, &named, &work->blob_named, err);
}

static enum jc_code store_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    return jc_blob_store(tx, work->cli->agency_id, &work->blob, err);
}

/* All bytes have come: the file first, then its row. */
static enum jc_code end_blob(struct work *work, struct jc_err *err) {
    work->in_blob = false;
    if (!work->blob_named)
        return JC_OK;
    enum jc_code code = jc_blob_publish(work->folder, work->upload, work->cli->agency_id, work->blob.sha256, err);
    if (!code)
        code = jc_cli_write(work->cli, store_job, work, err);
    return code ? code : push_hash(work, &work->stored, work->blob.sha256, err);
}

/* Only what a record names is taken. */
static enum jc_code begin_blob(struct work *work, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_message_unpack(&jc__bundle_blob__descriptor, frame->payload, work->arena, &message, err);
    if (code)
        return code == JC_INVALID_ARGUMENT ? jc_bundle_malformed(work->ingest.reader, frame->number, err) : code;
    const Jc__BundleBlob *head = (const Jc__BundleBlob *)message;
    if (work->in_blob || head->sha256.len != JC_SHA256_SIZE || head->size_bytes < 0)
        return jc_bundle_malformed(work->ingest.reader, frame->number, err);
    work->blob = (struct jc_blob){.size_bytes = head->size_bytes,
                                  .media_type = jc_arena_copy(work->cli->arena, jc_str(head->media_type)),
                                  .stored_ms = work->now_ms,
                                  .deleted_ms = -1};
    memcpy(work->blob.sha256, head->sha256.data, JC_SHA256_SIZE);
    work->blob_bytes = 0;
    work->in_blob = true;
    work->upload = jc_upload_id_new();
    code = work->blob.media_type.ptr ? jc_cli_read(work->cli, named_job, work, err) : jc_fail_memory(err);
    if (!code && work->blob_named)
        code = jc_blob_folder_room(work->folder, work->blob.size_bytes, err);
    if (!code && work->blob_named)
        code = jc_blob_incoming_create(work->folder, work->upload, err);
    return code || head->size_bytes > 0 ? code : end_blob(work, err);
}

static enum jc_code take_bytes(struct work *work, const struct jc_bundle_frame *frame, struct jc_err *err) {
    int64_t len = (int64_t)frame->payload.len;
    if (!work->in_blob || len > work->blob.size_bytes - work->blob_bytes)
        return jc_bundle_malformed(work->ingest.reader, frame->number, err);
    enum jc_code code = JC_OK;
    if (work->blob_named)
        code = jc_blob_incoming_write(work->folder, work->upload, work->blob_bytes, frame->payload, err);
    work->blob_bytes += len;
    return code || work->blob_bytes < work->blob.size_bytes ? code : end_blob(work, err);
}

/* --- the whole --------------------------------------------------------------------------------------- */

static enum jc_code admit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    enum jc_code code = jc_ingest_admit(tx, work->cli->agency_id, &work->ingest, work->cli->arena, err);
    return code ? code : jc_server_key_list(tx, work->cli->arena, &work->keys, &work->key_count, err);
}

/* The log's line, and the draft of the last part. */
static enum jc_code last_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct work *work = ctx;
    work->content = (struct jc_receipt_content){.device_id = work->ingest.made_by,
                                                .blobs = (const uint8_t(*)[JC_SHA256_SIZE])work->stored.items,
                                                .blob_count = work->stored.count};
    enum jc_code code = jc_ingest_note(tx, &work->ingest, work->now_ms, work->cli->actor, work->operations, err);
    return code ? code
                : jc_receipt_make(tx, work->ingest.caller.agency_id, work->now_ms, &work->content, work->arena,
                                  &work->draft, err);
}

static bool is_stored(const struct work *work, const uint8_t sha256[JC_SHA256_SIZE]) {
    for (size_t i = 0; i < work->stored.count; i++)
        if (memcmp(work->stored.items[i], sha256, JC_SHA256_SIZE) == 0)
            return true;
    return false;
}

/* Blobs that the records name and that came neither now nor before. */
static void drop_stored(struct work *work) {
    size_t kept = 0;
    for (size_t i = 0; i < work->missing.count; i++)
        if (!is_stored(work, work->missing.items[i]))
            memmove(work->missing.items[kept++], work->missing.items[i], JC_SHA256_SIZE);
    work->missing.count = kept;
}

static enum jc_code write_end(struct work *work, const struct jc_signet *signet, struct jc_err *err) {
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    struct jc_str payload;
    jc_bundle_written_hash(work->writer, sha256);
    jc_bundle_sign(sha256, signet->secret_key, signature);
    end.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    end.signature = (ProtobufCBinaryData){sizeof signature, signature};
    end.key_id = (ProtobufCBinaryData){JC_KEY_ID_SIZE, (uint8_t *)signet->key_id};
    enum jc_code code = jc_message_pack(&end.base, work->arena, &payload, err);
    if (code)
        return code;
    struct jc_bundle_writer *writer = work->writer;
    work->writer = NULL; /* finish frees it */
    return jc_bundle_finish(writer, payload, err);
}

static enum jc_code finish(struct work *work, struct jc_err *err) {
    Jc__BundleReceipt part = JC__BUNDLE_RECEIPT__INIT;
    drop_stored(work);
    enum jc_code code = jc_cli_write(work->cli, last_job, work, err);
    if (code || !work->writer)
        return code;
    struct jc_signet signet = work->draft->signet;
    part.missing_blobs = JC_NEW_ARRAY(work->arena, work->missing.count, ProtobufCBinaryData);
    if (!part.missing_blobs)
        return jc_fail_memory(err);
    for (; part.n_missing_blobs < work->missing.count; part.n_missing_blobs++)
        part.missing_blobs[part.n_missing_blobs] =
            (ProtobufCBinaryData){JC_SHA256_SIZE, work->missing.items[part.n_missing_blobs]};
    code = write_part(work, &part, err);
    if (!code && !signet.can_sign)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_INGEST_NO_KEY);
    if (!code)
        code = write_end(work, &signet, err);
    jc_sign_forget(&signet, sizeof signet);
    return code;
}

static enum jc_code take_frames(struct work *work, struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = JC_OK;
    while (!code && frame.type != JC_BUNDLE_END) {
        jc_arena_reset(work->arena);
        code = jc_bundle_next(work->ingest.reader, &frame, err);
        if (!code && frame.type == JC_BUNDLE_OPERATIONS)
            code = take_operations(work, &frame, err);
        else if (!code && frame.type == JC_BUNDLE_BLOB)
            code = begin_blob(work, &frame, err);
        else if (!code && frame.type == JC_BUNDLE_BLOB_BYTES)
            code = take_bytes(work, &frame, err);
    }
    return code;
}

static enum jc_code ingest(struct work *work, const char *receipt, const char *blobs, struct jc_err *err) {
    struct jc_cli *cli = work->cli;
    enum jc_code code = jc_ingest_check(work->ingest.reader, cli->arena, &work->ingest, err);
    if (!code)
        code = jc_cli_open(cli, err);
    if (!code)
        code = jc_cli_read(cli, admit_job, work, err);
    if (!code)
        code = jc_cli_open_blobs(cli, blobs, &work->folder, err);
    if (!code && receipt)
        code = begin_receipt(work, receipt, err);
    if (!code)
        code = take_frames(work, err);
    return code ? code : finish(work, err);
}

static void say_sum(const struct work *work) {
    struct jc_cli *cli = work->cli;
    struct jc_str args[] = {jc_arena_printf(cli->arena, "%lld", (long long)work->operations),
                            jc_arena_printf(cli->arena, "%lld", (long long)work->applied),
                            jc_arena_printf(cli->arena, "%lld", (long long)work->kept),
                            jc_arena_printf(cli->arena, "%lld", (long long)work->rejected)};
    struct jc_str blobs[] = {jc_arena_printf(cli->arena, "%zu", work->stored.count),
                             jc_arena_printf(cli->arena, "%zu", work->missing.count)};
    jc_cli_note(cli, JC_MSG_INGEST_SUM, args, 4);
    if (work->stored.count || work->missing.count)
        jc_cli_note(cli, JC_MSG_INGEST_BLOBS, blobs, 2);
}

static enum jc_exit run(struct jc_cli *cli, int argc, char **argv) {
    static const struct jc_column columns[] = {
        {"operation_no", JC_MSG_COL_ROW, true},
        {"operation_id", JC_MSG_COL_OPERATION, false},
        {"status", JC_MSG_COL_STATUS, false},
        {"text", JC_MSG_COL_REVIEW_TEXT, false},
    };
    const char *receipt = NULL, *blobs = NULL;
    struct jc_option options[] = {{.name = "receipt", .takes_value = true, .value = &receipt},
                                  {.name = "blobs", .takes_value = true, .value = &blobs}};
    struct jc_str path;
    struct jc_err err = {0};
    if (!jc_cli_options(cli, &jc_cmd_ingest, options, 2, &argc, argv) ||
        !jc_cli_argument(cli, &jc_cmd_ingest, "FILE", argc, argv, &path))
        return JC_EXIT_REFUSED;
    struct work work = {.cli = cli,
                        .table = jc_table_new(cli->arena, "ingest", columns, sizeof columns / sizeof *columns),
                        .arena = jc_arena_new(FRAME_ARENA),
                        .now_ms = jc_clock_now_ms(&cli->clock)};
    enum jc_code code = work.table && work.arena ? JC_OK : jc_fail_memory(&err);
    if (!code)
        code = jc_bundle_open(path.ptr, &work.ingest.reader, &err);
    static const struct jc_watch_stage INGEST = {"ingest", JC_MSG_WATCH_INGEST};
    struct jc_watch *watch = jc_watch_begin(cli, 0);
    jc_watch_enter(watch, &INGEST);
    if (!code)
        code = ingest(&work, receipt, blobs, &err);
    jc_watch_end(watch);
    if (!code)
        code = jc_table_print(work.table, cli, &err);
    if (!code)
        say_sum(&work);
    jc_bundle_abort(work.writer);
    jc_bundle_close(work.ingest.reader);
    jc_blob_folder_close(work.folder);
    jc_arena_free(work.arena);
    return code ? jc_cli_fail(cli, &err) : JC_EXIT_DONE;
}

const struct jc_command jc_cmd_ingest = {
    .name = "ingest",
    .summary = {"接收终端拷来的未上报数据", "take unsent work of a terminal from a file"},
    .usage = "ingest FILE [--receipt FILE] [--blobs DIR]",
    .help =
        {"FILE 由终端的 terminal bundle 生成。核对签名后逐项接收，与联网同步完全一样；重复接收同一文件不会重复记账。\n"
         "--receipt  把回执写入文件，拷回终端后用 terminal accept 确认\n"
         "--blobs    照片等文件的目录（缺省：数据库文件名加 .blobs）",
         "FILE was made by `terminal bundle`. Its signature is checked, then everything is taken exactly as in a\n"
         "sync; the same file twice counts once.\n"
         "--receipt  writes the receipt to a file, for `terminal accept` on the terminal\n"
         "--blobs    folder of photos and other files (default: the database's name with .blobs)"},
    .example = "jiancha ingest /media/usb/zhang.jcb --receipt /media/usb/zhang.receipt",
    .run = run,
};
