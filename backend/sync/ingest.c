/* The file is trusted for nothing but its bytes: the device's own key decides who speaks, and every
 * operation then stands for itself as in a sync, its seal included. */
#include "sync/ingest.h"

#include <string.h>

#include "base/message.h"
#include "store/audit_log.h"
#include "store/device.h"
#include "sync/prepare.h"

/* --- the file as a whole ------------------------------------------------------------------------------- */

static enum jc_code unpack(struct jc_bundle_reader *reader, const struct jc_bundle_frame *frame,
                           const ProtobufCMessageDescriptor *type, struct jc_arena *arena, ProtobufCMessage **out,
                           struct jc_err *err) {
    struct jc_err why;
    enum jc_code code = jc_message_unpack(type, frame->payload, arena, out, &why);
    if (code == JC_RESOURCE_EXHAUSTED)
        return jc_fail_memory(err);
    return code ? jc_bundle_malformed(reader, frame->number, err) : JC_OK;
}

static enum jc_code check_header(struct jc_ingest *ingest, const struct jc_bundle_frame *frame, struct jc_arena *arena,
                                 struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = unpack(ingest->reader, frame, &jc__bundle_header__descriptor, arena, &message, err);
    if (code)
        return code;
    ingest->header = (const Jc__BundleHeader *)message;
    if (ingest->header->kind != JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT &&
        ingest->header->kind != JC__BUNDLE_KIND__BUNDLE_KIND_HAND_OVER)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_INGEST_KIND);
    if (ingest->header->device_id.len != JC_UUID_SIZE || ingest->header->public_key.len != JC_SIGN_PUBLIC_SIZE)
        return jc_bundle_malformed(ingest->reader, frame->number, err);
    return JC_OK;
}

static enum jc_code check_end(const struct jc_ingest *ingest, const struct jc_bundle_frame *frame,
                              struct jc_arena *arena, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    uint8_t sha256[JC_SHA256_SIZE];
    enum jc_code code = unpack(ingest->reader, frame, &jc__bundle_end__descriptor, arena, &message, err);
    if (code)
        return code;
    const Jc__BundleEnd *end = (const Jc__BundleEnd *)message;
    jc_bundle_hash(ingest->reader, sha256);
    bool holds = end->sha256.len == sizeof sha256 && memcmp(end->sha256.data, sha256, sizeof sha256) == 0 &&
                 end->signature.len == JC_SIGNATURE_SIZE &&
                 jc_bundle_signed(sha256, end->signature.data, ingest->header->public_key.data);
    return holds ? JC_OK : jc_bundle_altered(ingest->reader, err);
}

enum jc_code jc_ingest_check(struct jc_bundle_reader *reader, struct jc_arena *arena, struct jc_ingest *out,
                             struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = JC_OK;
    *out = (struct jc_ingest){.reader = reader};
    while (!code && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(reader, &frame, err);
        if (!code && frame.type == JC_BUNDLE_HEADER)
            code = check_header(out, &frame, arena, err);
        else if (!code && frame.type == JC_BUNDLE_END)
            code = check_end(out, &frame, arena, err);
    }
    return code ? code : jc_bundle_rewind(reader, err);
}

/* --- whose it is --------------------------------------------------------------------------------------- */

/* By its identifier, else by who held it and its key. */
static enum jc_code find_device(struct jc_tx *tx, int64_t agency_id, const struct jc_ingest *ingest,
                                struct jc_arena *arena, struct jc_device *out, struct jc_err *err) {
    bool found = false;
    enum jc_code code = jc_device_get(tx, agency_id, ingest->made_by, arena, out, err);
    if (code != JC_NOT_FOUND)
        return code;
    struct jc_err unknown;
    jc_err_copy(&unknown, err);
    code = jc_device_find_by_key(tx, agency_id, jc_str(ingest->header->inspector_id),
                                 jc_view(ingest->header->public_key), arena, out, &found, err);
    if (code || found)
        return code;
    jc_err_copy(err, &unknown);
    return JC_NOT_FOUND;
}

enum jc_code jc_ingest_admit(struct jc_tx *tx, int64_t agency_id, struct jc_ingest *ingest, struct jc_arena *arena,
                             struct jc_err *err) {
    struct jc_device device;
    struct jc_str key;
    memcpy(ingest->made_by.bytes, ingest->header->device_id.data, JC_UUID_SIZE);
    enum jc_code code = find_device(tx, agency_id, ingest, arena, &device, err);
    if (!code)
        code = jc_device_public_key(tx, agency_id, device.device_id, arena, &key, err);
    if (code)
        return code;
    if (!jc_str_eq(key, jc_view(ingest->header->public_key)))
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_INGEST_KEY, device.name);
    ingest->caller = (struct jc_sync_caller){
        .agency_id = agency_id,
        .device_id = device.device_id,
        .inspector_id = device.inspector_id,
        .team_id = device.team_id,
        .scope_version = device.scope_version,
        .blocks_version = device.blocks_version,
        .chain = device.chain,
        .rebuild = device.rebuild_requested,
        .revoked = device.revoked_ms >= 0,
    };
    return JC_OK;
}

/* --- a frame ------------------------------------------------------------------------------------------- */

enum jc_code jc_ingest_unpack(const struct jc_ingest *ingest, const struct jc_bundle_frame *frame,
                              struct jc_arena *arena, struct jc_sync_prepared **out, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    Jc__SyncRequest *request = JC_NEW(arena, Jc__SyncRequest);
    if (!request)
        return jc_fail_memory(err);
    jc__sync_request__init(request);
    enum jc_code code = unpack(ingest->reader, frame, &jc__bundle_operations__descriptor, arena, &message, err);
    if (code)
        return code;
    request->operations = ((const Jc__BundleOperations *)message)->operations;
    request->n_operations = ((const Jc__BundleOperations *)message)->n_operations;
    return jc_sync_prepare(request, arena, out, err);
}

/* Through the index of incomplete records: nothing to read for the others. */
static const char SELECT_MISSING[] = "SELECT b.sha256\n"
                                     "FROM inspection AS i\n"
                                     "JOIN record_blob AS b ON b.agency_id = i.agency_id\n"
                                     "                     AND b.inspection_id = i.inspection_id\n"
                                     "WHERE i.agency_id = $1 AND i.op_key = $2 AND i.blobs_missing > 0\n"
                                     "  AND b.received_ms IS NULL";

static enum jc_code add_missing(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                                struct jc_ingested *out, struct jc_err *err) {
    struct {
        ProtobufCBinaryData *items;
        size_t count, capacity;
    } list = {out->missing, out->missing_count, out->missing_capacity};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(
        tx, SELECT_MISSING, JC_VALUES(jc_int(agency_id), jc_int(jc_op_key(agency_id, operation_no))), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_str sha256 = jc_rows_copy(rows, 0, arena);
        ProtobufCBinaryData *slot = JC_PUSH(arena, &list, ProtobufCBinaryData);
        if (!sha256.ptr || !slot)
            code = jc_fail_memory(err);
        else
            *slot = jc_data(sha256);
    }
    jc_rows_close(rows);
    out->missing = list.items;
    out->missing_count = list.count;
    out->missing_capacity = list.capacity;
    return code;
}

enum jc_code jc_ingest_apply(struct jc_tx *tx, const struct jc_ingest *ingest, struct jc_sync_prepared *prepared,
                             int64_t now_ms, struct jc_arena *arena, struct jc_ingested *out, struct jc_err *err) {
    *out = (struct jc_ingested){0};
    enum jc_code code = jc_sync_take(tx, &ingest->caller, now_ms, prepared, arena, &out->results, &out->durable,
                                     &out->durable_count, err);
    out->result_count = code ? 0 : prepared->request->n_operations;
    for (size_t i = 0; !code && i < out->durable_count; i++)
        code = add_missing(tx, ingest->caller.agency_id, out->durable[i].operation_no, arena, out, err);
    return code;
}

enum jc_code jc_ingest_note(struct jc_tx *tx, const struct jc_ingest *ingest, int64_t now_ms, struct jc_str actor,
                            int64_t operations, struct jc_err *err) {
    char id[JC_UUID_TEXT];
    const struct jc_audited act = {ingest->caller.agency_id, now_ms, actor, JC_STR("bundle.ingest"),
                                   jc_uuid_format(ingest->caller.device_id, id)};
    return jc_audit_log_note(tx, &act, err, JC_NOTE_OPERATIONS, "%lld", (long long)operations);
}
