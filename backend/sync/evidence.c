/* Making: the inspection's operation, then the device's next rows up to the first that bears a seal.
 * Checking: the same way back, from bytes alone. */
#include "sync/evidence.h"

#include <string.h>

#include "base/message.h"
#include "store/audit_log.h"
#include "store/device.h"
#include "store/inspection.h"
#include "store/row.h"
#include "store/stamp.h"

/* --- making -------------------------------------------------------------------------------------------- */

static ProtobufCBinaryData copy(struct jc_arena *arena, const void *bytes, size_t len) {
    return jc_data(jc_arena_copy(arena, (struct jc_str){bytes, len}));
}

/* depends_on of a row as the contract lists it. */
static ProtobufCBinaryData *split_ids(struct jc_str ids, struct jc_arena *arena, size_t *count) {
    ProtobufCBinaryData *out = JC_NEW_ARRAY(arena, ids.len / JC_UUID_SIZE + 1, ProtobufCBinaryData);
    *count = ids.len / JC_UUID_SIZE;
    for (size_t i = 0; out && i < *count; i++)
        out[i] = copy(arena, ids.ptr + i * JC_UUID_SIZE, JC_UUID_SIZE);
    return out;
}

static enum jc_code fill_record(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *row,
                                struct jc_arena *arena, Jc__EvidenceRecord *out, struct jc_err *err) {
    struct jc_operation before = {0};
    struct jc_str key;
    Jc__Operation *operation = JC_NEW(arena, Jc__Operation);
    if (!operation)
        return jc_fail_memory(err);
    jc__operation__init(operation);
    enum jc_code code =
        row->operation_no > 1 ? jc_operation_get(tx, agency_id, row->operation_no - 1, arena, &before, err) : JC_OK;
    if (!code)
        code = jc_device_public_key(tx, agency_id, row->device_id, arena, &key, err);
    if (code)
        return code;
    operation->id = copy(arena, row->id.bytes, JC_UUID_SIZE);
    operation->body = jc_data(row->body);
    operation->depends_on = split_ids(row->depends_on, arena, &operation->n_depends_on);
    if (row->format == JC_OPERATION_SIGNED)
        operation->signature = jc_data(row->seal);
    else
        operation->previous = copy(arena, row->previous, JC_SHA256_SIZE);
    out->operation = operation;
    out->device_id = copy(arena, row->device_id.bytes, JC_UUID_SIZE);
    out->public_key = jc_data(key);
    out->seal = row->format == JC_OPERATION_CHAINED ? jc_data(row->seal) : (ProtobufCBinaryData){0};
    out->operation_no = row->operation_no;
    out->received_at = jc_stamp_of_ms(arena, row->received_ms);
    out->status = row->status;
    out->inspector_id = (char *)jc_arena_copy(arena, row->inspector_id).ptr;
    out->chain_hash = copy(arena, row->chain_hash, JC_SHA256_SIZE);
    out->chain_before = copy(arena, before.chain_hash, JC_SHA256_SIZE);
    out->code = (int32_t)row->code;
    out->reason = (int32_t)row->reason;
    out->grounds = (char *)jc_arena_copy(arena, row->grounds).ptr;
    out->agency_no = agency_id;
    out->estimated_ms = row->estimated_ms;
    bool whole = operation->id.data && operation->depends_on && out->received_at && out->inspector_id &&
                 out->chain_hash.data && out->chain_before.data && out->grounds;
    return whole ? JC_OK : jc_fail_memory(err);
}

/* Nearly always the next row; one that came by another way, in a colleague's hand, say, may lie before, and be of an
 * earlier enrolment of the same terminal, which has the same key. */
static const char SELECT_NEXT[] =
    "SELECT o.op_key\n"
    "FROM operation AS o\n"
    "WHERE o.op_key > $1 AND o.op_key < $2 AND o.agency_id = $3 AND o.previous = $4\n"
    "  AND EXISTS (SELECT 1 FROM device AS d\n"
    "                JOIN device AS e ON e.agency_id = d.agency_id AND e.public_key = d.public_key\n"
    "               WHERE d.agency_id = o.agency_id AND d.device_id = $5 AND e.device_id = o.device_id)\n"
    "ORDER BY o.op_key\n"
    "LIMIT 1";

/* The row that the device made behind this one; JC_NOT_FOUND without any. */
static enum jc_code find_next(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *row, int64_t *out,
                              struct jc_err *err) {
    uint8_t link[JC_SHA256_SIZE];
    int64_t own = jc_op_key(agency_id, row->operation_no);
    int64_t ranges[2][2] = {{own, jc_op_key(agency_id + 1, 0)}, {jc_op_key(agency_id, 0), own}};
    enum jc_code code = JC_NOT_FOUND;
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, link);
    for (int i = 0; code == JC_NOT_FOUND && i < 2; i++)
        code = jc_tx_int64(tx, SELECT_NEXT,
                           JC_VALUES(jc_int(ranges[i][0]), jc_int(ranges[i][1]), jc_int(agency_id),
                                     jc_bytes(link, sizeof link), jc_bytes(row->device_id.bytes, JC_UUID_SIZE)),
                           out, err);
    return code;
}

/* The device's next operations up to one that bears a seal; without one the record stays unsealed. */
static enum jc_code add_steps(struct jc_tx *tx, int64_t agency_id, struct jc_operation row, struct jc_arena *arena,
                              Jc__EvidenceRecord *out, struct jc_err *err) {
    struct {
        Jc__LinkStep **items;
        size_t count, capacity;
    } steps = {0};
    enum jc_code code = JC_OK;
    while (!code && !row.seal.len) {
        int64_t next = 0;
        code = find_next(tx, agency_id, &row, &next, err);
        if (code == JC_NOT_FOUND)
            return JC_OK;
        if (!code)
            code = jc_operation_get(tx, agency_id, jc_op_key_no(next), arena, &row, err);
        Jc__LinkStep *step = JC_NEW(arena, Jc__LinkStep), **slot = JC_PUSH(arena, &steps, Jc__LinkStep *);
        if (code || !step || !slot)
            return code ? code : jc_fail_memory(err);
        jc__link_step__init(step);
        step->id = copy(arena, row.id.bytes, JC_UUID_SIZE);
        step->body_sha256 = copy(arena, row.body_sha256, JC_SHA256_SIZE);
        step->depends_on = split_ids(row.depends_on, arena, &step->n_depends_on);
        *slot = step;
    }
    out->steps = steps.items;
    out->n_steps = steps.count;
    out->seal = jc_data(row.seal);
    return code;
}

static enum jc_code find_row(struct jc_tx *tx, int64_t agency_id, struct jc_uuid inspection_id, struct jc_arena *arena,
                             struct jc_operation *row, struct jc_err *err) {
    struct jc_inspection inspection;
    char text[JC_UUID_TEXT];
    bool found = false;
    enum jc_code code =
        jc_inspection_find(tx, agency_id, (struct jc_str){(const char *)inspection_id.bytes, JC_UUID_SIZE}, arena,
                           &inspection, &found, err);
    if (!code && !found)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_EVIDENCE_UNKNOWN, jc_uuid_format(inspection_id, text));
    if (!code)
        code = jc_operation_get(tx, agency_id, inspection.operation_no, arena, row, err);
    if (!code && !row->body.ptr)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_EVIDENCE_DELETED, jc_uuid_format(inspection_id, text));
    return code;
}

enum jc_code jc_evidence_make(struct jc_tx *tx, int64_t agency_id, struct jc_uuid inspection_id, int64_t now_ms,
                              struct jc_str actor, struct jc_arena *arena, struct jc_evidence *out,
                              struct jc_err *err) {
    struct jc_operation row;
    char text[JC_UUID_TEXT];
    struct jc_receipt_content nothing = {{{0}}, NULL, 0, NULL, 0};
    *out =
        (struct jc_evidence){JC__BUNDLE_HEADER__INIT, JC_NEW(arena, Jc__EvidenceRecord), JC__EVIDENCE_HEAD__INIT, NULL};
    if (!out->record)
        return jc_fail_memory(err);
    jc__evidence_record__init(out->record);
    enum jc_code code = find_row(tx, agency_id, inspection_id, arena, &row, err);
    if (!code)
        code = fill_record(tx, agency_id, &row, arena, out->record, err);
    if (!code && row.format == JC_OPERATION_CHAINED)
        code = add_steps(tx, agency_id, row, arena, out->record, err);
    if (!code)
        code = jc_receipt_make(tx, agency_id, now_ms, &nothing, arena, &out->draft, err);
    if (!code)
        code = jc_server_key_list(tx, arena, &out->head.server_keys, &out->head.n_server_keys, err);
    if (!code)
        code = jc_audit_log_add(tx, agency_id, now_ms, actor, JC_STR("evidence.export"),
                                jc_uuid_format(inspection_id, text), JC_STR(""), err);
    if (code)
        return code;
    out->header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_EVIDENCE;
    out->header.agency_id = out->draft->receipt->agency_id;
    out->header.device_id = out->record->device_id;
    out->header.public_key = out->record->public_key;
    out->header.inspector_id = out->record->inspector_id;
    out->header.made_at = jc_stamp_of_ms(arena, now_ms);
    out->header.operations = 1;
    out->head.receipt = out->draft->receipt;
    out->head.chain_length = out->draft->chain_length;
    out->head.chain_head = out->draft->receipt->chain_head;
    return out->header.made_at ? JC_OK : jc_fail_memory(err);
}

static enum jc_code put(struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                        const ProtobufCMessage *message, struct jc_arena *arena, struct jc_err *err) {
    struct jc_str payload;
    enum jc_code code = jc_message_pack(message, arena, &payload, err);
    return code ? code : jc_bundle_write(writer, type, payload, err);
}

enum jc_code jc_evidence_write(struct jc_evidence *evidence, const char *path, struct jc_arena *arena,
                               struct jc_err *err) {
    struct jc_bundle_writer *writer = NULL;
    struct jc_signet signet = evidence->draft->signet;
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    struct jc_str payload;
    if (!signet.can_sign)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_INGEST_NO_KEY);
    enum jc_code code = jc_receipt_complete(evidence->draft, arena, err);
    if (!code)
        code = jc_bundle_create(path, &writer, err);
    if (!code)
        code = put(writer, JC_BUNDLE_HEADER, &evidence->header.base, arena, err);
    if (!code)
        code = put(writer, JC_BUNDLE_RECORD, &evidence->record->base, arena, err);
    if (!code)
        code = put(writer, JC_BUNDLE_HEAD, &evidence->head.base, arena, err);
    if (!code) {
        jc_bundle_written_hash(writer, sha256);
        jc_bundle_sign(sha256, signet.secret_key, signature);
        end.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
        end.signature = (ProtobufCBinaryData){sizeof signature, signature};
        end.key_id = (ProtobufCBinaryData){JC_KEY_ID_SIZE, signet.key_id};
        code = jc_message_pack(&end.base, arena, &payload, err);
    }
    jc_sign_forget(&signet.secret_key, sizeof signet.secret_key);
    if (!code)
        return jc_bundle_finish(writer, payload, err);
    jc_bundle_abort(writer);
    return code;
}

/* --- checking ------------------------------------------------------------------------------------------ */

struct checking {
    struct jc_bundle_reader *reader;
    struct jc_arena *arena;
    jc_chain_found *found;
    void *ctx;
    const Jc__BundleHeader *header;
    const Jc__EvidenceHead *head;
    struct jc_evidence_report *out;
};

static void tell(const struct checking *c, const Jc__EvidenceRecord *record, enum jc_msg what) {
    char number[JC_NUMBER_TEXT];
    struct jc_err fault;
    jc_fail(&fault, JC_DATA_LOSS, what, jc_str_from_int64(record->operation_no, number));
    c->found(c->ctx, record->operation_no, &fault);
}

/* Ids one after another, as links cover them; ptr NULL without memory. */
static struct jc_str join_ids(const ProtobufCBinaryData *ids, size_t count, struct jc_arena *arena) {
    char *out = jc_arena_alloc(arena, count * JC_UUID_SIZE + 1);
    for (size_t i = 0; out && i < count; i++)
        memcpy(out + i * JC_UUID_SIZE, ids[i].data, ids[i].len == JC_UUID_SIZE ? JC_UUID_SIZE : 0);
    return (struct jc_str){out, out ? count * JC_UUID_SIZE : 0};
}

/* The fields that have a fixed length; whatever else stands there proves nothing. */
static bool is_shaped(const Jc__EvidenceRecord *record) {
    const Jc__Operation *operation = record->operation;
    bool good = operation && record->received_at && operation->id.len == JC_UUID_SIZE &&
                record->device_id.len == JC_UUID_SIZE && record->public_key.len == JC_SIGN_PUBLIC_SIZE &&
                record->chain_hash.len == JC_SHA256_SIZE && record->chain_before.len == JC_SHA256_SIZE &&
                (operation->previous.len == JC_SHA256_SIZE || operation->signature.len == JC_SIGNATURE_SIZE);
    for (size_t i = 0; good && i < record->n_steps; i++)
        good = record->steps[i]->id.len == JC_UUID_SIZE && record->steps[i]->body_sha256.len == JC_SHA256_SIZE;
    return good;
}

/* From the record's link to the one that is sealed. */
static bool seal_holds(const struct checking *c, const Jc__EvidenceRecord *record, const struct jc_operation *row) {
    uint8_t link[JC_SHA256_SIZE], next[JC_SHA256_SIZE];
    if (row->format == JC_OPERATION_SIGNED)
        return jc_sign_verify(row->body, record->operation->signature.data, record->public_key.data);
    jc_link(row->previous, row->id, row->body_sha256, row->depends_on, link);
    for (size_t i = 0; i < record->n_steps; i++) {
        const Jc__LinkStep *step = record->steps[i];
        struct jc_uuid id;
        memcpy(id.bytes, step->id.data, JC_UUID_SIZE);
        jc_link(link, id, step->body_sha256.data, join_ids(step->depends_on, step->n_depends_on, c->arena), next);
        memcpy(link, next, sizeof link);
    }
    return record->seal.len == JC_SIGNATURE_SIZE && jc_seal_verify(link, record->seal.data, record->public_key.data);
}

/* The record as the row it was. */
static struct jc_operation row_of(const struct checking *c, const Jc__EvidenceRecord *record) {
    const Jc__Operation *operation = record->operation;
    bool chained = operation->previous.len == JC_SHA256_SIZE;
    struct jc_operation row = {
        .operation_no = record->operation_no,
        .format = chained ? JC_OPERATION_CHAINED : JC_OPERATION_SIGNED,
        .inspector_id = jc_str(record->inspector_id),
        .received_ms = record->received_at->seconds * 1000 + record->received_at->nanos / 1000000,
        .estimated_ms = record->estimated_ms,
        .body = jc_view(operation->body),
        .seal = chained ? (record->n_steps ? (struct jc_str){"", 0} : jc_view(record->seal))
                        : jc_view(operation->signature),
        .depends_on = join_ids(operation->depends_on, operation->n_depends_on, c->arena),
        .status = record->status,
        .code = (enum jc_code)record->code,
        .reason = (Jc__ReviewReason)record->reason,
        .grounds = jc_str(record->grounds),
    };
    memcpy(row.id.bytes, operation->id.data, JC_UUID_SIZE);
    memcpy(row.device_id.bytes, record->device_id.data, JC_UUID_SIZE);
    if (chained)
        memcpy(row.previous, operation->previous.data, JC_SHA256_SIZE);
    jc_sha256(row.body, row.body_sha256);
    return row;
}

static enum jc_code check_record(struct checking *c, const struct jc_bundle_frame *frame,
                                 const Jc__EvidenceRecord *record, struct jc_err *err) {
    uint8_t hash[JC_SHA256_SIZE];
    if (!is_shaped(record))
        return jc_bundle_malformed(c->reader, frame->number, err);
    struct jc_operation row = row_of(c, record);
    if (!row.depends_on.ptr)
        return jc_fail_memory(err);
    c->out->records++;
    if (!record->seal.len && !record->operation->signature.len)
        tell(c, record, JC_MSG_EVIDENCE_UNSEALED);
    else if (!seal_holds(c, record, &row))
        tell(c, record, JC_MSG_EVIDENCE_SIGNATURE);
    jc_chain_hash(record->agency_no, &row, record->chain_before.data, hash);
    if (memcmp(hash, record->chain_hash.data, sizeof hash) != 0)
        tell(c, record, JC_MSG_EVIDENCE_CHAIN);
    return JC_OK;
}

/* The server's signature of the whole, by the trusted key or the one the file names. */
static enum jc_code check_end(struct checking *c, const Jc__BundleEnd *end, struct jc_str trusted, struct jc_err *err) {
    uint8_t sha256[JC_SHA256_SIZE];
    jc_bundle_hash(c->reader, sha256);
    if (!jc_str_eq(jc_view(end->sha256), (struct jc_str){(const char *)sha256, sizeof sha256}) ||
        end->signature.len != JC_SIGNATURE_SIZE || end->key_id.len != JC_KEY_ID_SIZE || !c->head)
        return jc_bundle_altered(c->reader, err);
    memcpy(c->out->key_id, end->key_id.data, JC_KEY_ID_SIZE);
    for (size_t i = 0; i < c->head->n_server_keys; i++) {
        const Jc__ServerKey *key = c->head->server_keys[i];
        if (!jc_str_eq(jc_view(key->key_id), jc_view(end->key_id)) || key->public_key.len != JC_SIGN_PUBLIC_SIZE)
            continue;
        if (trusted.len && !jc_str_eq(jc_view(key->public_key), trusted))
            break;
        return jc_bundle_signed(sha256, end->signature.data, key->public_key.data) ? JC_OK
                                                                                   : jc_bundle_altered(c->reader, err);
    }
    return jc_fail(err, JC_DATA_LOSS, JC_MSG_EVIDENCE_KEY);
}

static enum jc_code check_frame(struct checking *c, const struct jc_bundle_frame *frame, struct jc_str trusted,
                                struct jc_err *err) {
    static const struct {
        int type;
        const ProtobufCMessageDescriptor *descriptor;
    } TYPES[] = {
        {JC_BUNDLE_HEADER, &jc__bundle_header__descriptor},
        {JC_BUNDLE_RECORD, &jc__evidence_record__descriptor},
        {JC_BUNDLE_HEAD, &jc__evidence_head__descriptor},
        {JC_BUNDLE_END, &jc__bundle_end__descriptor},
    };
    ProtobufCMessage *message = NULL;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (TYPES[i].type == frame->type &&
            jc_message_unpack(TYPES[i].descriptor, frame->payload, c->arena, &message, err) != JC_OK)
            return err->code == JC_RESOURCE_EXHAUSTED ? err->code : jc_bundle_malformed(c->reader, frame->number, err);
    }
    if (frame->type == JC_BUNDLE_HEADER &&
        ((const Jc__BundleHeader *)message)->kind != JC__BUNDLE_KIND__BUNDLE_KIND_EVIDENCE)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_EVIDENCE_KIND);
    if (frame->type == JC_BUNDLE_RECORD)
        return check_record(c, frame, (const Jc__EvidenceRecord *)message, err);
    if (frame->type == JC_BUNDLE_HEAD)
        c->head = (const Jc__EvidenceHead *)message;
    return frame->type == JC_BUNDLE_END ? check_end(c, (const Jc__BundleEnd *)message, trusted, err) : JC_OK;
}

enum jc_code jc_evidence_check(struct jc_bundle_reader *reader, struct jc_str trusted, struct jc_arena *arena,
                               jc_chain_found *found, void *ctx, struct jc_evidence_report *out, struct jc_err *err) {
    struct checking c = {.reader = reader, .arena = arena, .found = found, .ctx = ctx, .out = out};
    struct jc_bundle_frame frame = {0};
    enum jc_code code = JC_OK;
    *out = (struct jc_evidence_report){0};
    while (!code && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(reader, &frame, err);
        if (!code)
            code = check_frame(&c, &frame, trusted, err);
    }
    return code;
}
