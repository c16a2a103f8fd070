/* An operation is written once and afterwards only its fate changes (unsent, status, words, who sends it). The
 * outbox is an index on (unsent, position), so a sync costs what it sends, whatever lies in the archive.
 *
 * Every operation is a link of one chain for the whole device, whoever holds it, and is sealed in the transaction
 * that makes it: it is signed when it happens, not when it is sent.
 *
 * What must never happen: a body changed after it was sealed; two operations behind one link; an operation leaving the outbox without a
 * receipt; two with one position. */
#include "terminal/operation.h"

#include <string.h>

#include "base/message.h"
#include "base/text.h"

enum { REASON_MAX = 1024 };

/* --- rows ------------------------------------------------------------------------------------------ */

#define COLUMNS                                                                                                \
    "position, operation_id, command, task_id, subject_id, unit_id, made_ms, unsent, status, set_aside, code," \
    " reason_zh, reason_en, body, body_sha256, previous, link, seal, depends_on, device_id, proven, offset_ms, review"

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_terminal_operation *out,
                             struct jc_err *err) {
    struct jc_terminal_outcome *outcome = &out->outcome;
    struct {
        int column;
        struct jc_str *to;
    } copies[] = {
        {5, &outcome->unit_id}, {10, &outcome->code},    {11, &outcome->reason_zh}, {12, &outcome->reason_en},
        {13, &out->body},       {14, &out->body_sha256}, {15, &out->previous},      {16, &out->link},
        {17, &out->seal},       {18, &out->depends_on},
    };
    out->position = jc_rows_int64(rows, 0);
    outcome->operation_id = jc_terminal_uuid(jc_rows_bytes(rows, 1));
    outcome->command = (Jc__OperationBody__CommandCase)jc_rows_int64(rows, 2);
    outcome->task_id = jc_terminal_uuid(jc_rows_bytes(rows, 3));
    outcome->subject_id = jc_terminal_uuid(jc_rows_bytes(rows, 4));
    outcome->made_ms = jc_rows_int64(rows, 6);
    outcome->unsent = jc_rows_int64(rows, 7) != 0;
    outcome->status = (Jc__OperationStatus)jc_rows_int64(rows, 8);
    outcome->set_aside = jc_rows_int64(rows, 9) != 0;
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        *copies[i].to = jc_rows_copy(rows, copies[i].column, arena);
        if (!copies[i].to->ptr)
            return jc_fail_memory(err);
    }
    out->device_id = jc_terminal_uuid(jc_rows_bytes(rows, 19));
    outcome->proven = jc_rows_int64(rows, 20) != 0;
    outcome->clock_offset_ms = jc_rows_int64(rows, 21);
    struct jc_str review = jc_rows_bytes(rows, 22);
    if (!review.len)
        return JC_OK;
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_terminal_unpack(&jc__review_outcome__descriptor, review, arena, &message, err);
    outcome->review = (const Jc__ReviewOutcome *)message;
    return code;
}

static enum jc_code read_rows(enum jc_code code, struct jc_rows *rows, struct jc_arena *arena,
                              struct jc_terminal_operations *out, struct jc_err *err) {
    bool has_row = false;
    *out = (struct jc_terminal_operations){0};
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_operation *item = JC_PUSH(arena, out, struct jc_terminal_operation);
        code = item ? read_row(rows, arena, item, err) : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

/* --- adding ------------------------------------------------------------------------------------------ */

/* Who acts and when, filled in for the time of packing. */
static enum jc_code pack_body(const struct jc_terminal *terminal, const struct jc_terminal_self *self,
                              Jc__OperationBody *body, int64_t now_ms, struct jc_arena *arena, struct jc_str *out,
                              struct jc_err *err) {
    Google__Protobuf__Timestamp device_time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    device_time.seconds = now_ms / 1000;
    device_time.nanos = (int32_t)(now_ms % 1000) * 1000000;
    body->monotonic_ms = jc_clock_now_ms(&terminal->steady);
    body->boot_id = jc_terminal_uuid_field(arena, terminal->boot_id);
    if (!body->boot_id.data)
        return jc_fail_memory(err);
    body->device_time = &device_time;
    body->acting_inspector_id = (char *)(uintptr_t)self->holder.inspector_id.ptr;
    enum jc_code code = jc_message_pack(&body->base, arena, out, err);
    body->device_time = NULL;
    return code == JC_OK ? jc_message_check(body->base.descriptor, *out, err) : code; /* text from a keyboard */
}

static const char SQL_OPERATION_ADD[] =
    "INSERT INTO operation (position, operation_id, device_id, command, task_id, subject_id, unit_id, made_ms,"
    "                       body, body_sha256, previous, link, seal, depends_on, offset_ms, unsent,"
    "                       acknowledged_ms, status, set_aside, code, reason_zh, reason_en, operation_no, proven,"
    "                       review)"
    "SELECT COALESCE(MAX(position), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, NULL, 0,"
    "       0, '', '', '', 0, 0, $15"
    "  FROM operation";

static const char SQL_LINK_KEEP[] = "UPDATE terminal SET link = $1 WHERE only_row = 1";

enum jc_code jc_terminal_operation_add(struct jc_tx *tx, const struct jc_terminal *terminal,
                                       const struct jc_terminal_self *self, struct jc_terminal_command *command,
                                       struct jc_arena *arena, struct jc_err *err) {
    int64_t now_ms = jc_clock_now_ms(&terminal->wall);
    struct jc_str body = {0};
    enum jc_code code = pack_body(terminal, self, command->body, now_ms, arena, &body, err);
    if (code)
        return code;
    if (body.len > JC_TERMINAL_BODY_MAX)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_BODY_LARGE);
    uint8_t sha256[JC_SHA256_SIZE], link[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    struct jc_value depends = jc_terminal_uuid_value(&command->depends_on);
    jc_sha256(body, sha256);
    jc_link(self->link, command->operation_id, sha256, depends.bytes, link);
    jc_seal_sign(link, self->secret_key, seal);
    code = jc_tx_exec(tx, SQL_OPERATION_ADD,
                      JC_VALUES(jc_terminal_uuid_value(&command->operation_id),
                                jc_terminal_uuid_value(&self->holder.device_id), jc_int(command->body->command_case),
                                jc_terminal_uuid_value(&command->task_id), jc_terminal_uuid_value(&command->subject_id),
                                jc_text(command->unit_id), jc_int(now_ms), jc_bytes(body.ptr, body.len),
                                jc_bytes(sha256, sizeof sha256), jc_bytes(self->link, sizeof self->link),
                                jc_bytes(link, sizeof link), jc_bytes(seal, sizeof seal), depends,
                                jc_int(self->offset_ms), jc_bytes("", 0)),
                      err);
    return code == JC_OK ? jc_tx_exec(tx, SQL_LINK_KEEP, JC_VALUES(jc_bytes(link, sizeof link)), err) : code;
}

/* --- listing ----------------------------------------------------------------------------------------- */

static const char SQL_OPERATION_ALL[] = "SELECT " COLUMNS " FROM operation ORDER BY position";

static const char SQL_OPERATION_BY_SUBJECT[] =
    "SELECT " COLUMNS " FROM operation WHERE subject_id = $1 ORDER BY position";

static const char SQL_OPERATION_BY_TASK[] = "SELECT " COLUMNS " FROM operation WHERE task_id = $1 ORDER BY position";

enum jc_code jc_terminal_operation_list(struct jc_tx *tx, struct jc_uuid subject, struct jc_uuid task,
                                        struct jc_arena *arena, struct jc_terminal_operations *out,
                                        struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code;
    if (!jc_terminal_uuid_is_zero(subject))
        code = jc_tx_query(tx, SQL_OPERATION_BY_SUBJECT, JC_VALUES(jc_terminal_uuid_value(&subject)), &rows, err);
    else if (!jc_terminal_uuid_is_zero(task))
        code = jc_tx_query(tx, SQL_OPERATION_BY_TASK, JC_VALUES(jc_terminal_uuid_value(&task)), &rows, err);
    else
        code = jc_tx_query(tx, SQL_OPERATION_ALL, JC_NO_VALUES, &rows, err);
    return read_rows(code, rows, arena, out, err);
}

static const char SQL_OPERATION_BY_COMMAND[] =
    "SELECT " COLUMNS " FROM operation WHERE command = $1 AND unit_id = $2 ORDER BY position";

enum jc_code jc_terminal_operation_list_command(struct jc_tx *tx, Jc__OperationBody__CommandCase command,
                                                struct jc_str unit_id, struct jc_arena *arena,
                                                struct jc_terminal_operations *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code =
        jc_tx_query(tx, SQL_OPERATION_BY_COMMAND, JC_VALUES(jc_int(command), jc_text(unit_id)), &rows, err);
    return read_rows(code, rows, arena, out, err);
}

static const char SQL_OPERATION_GET[] = "SELECT " COLUMNS " FROM operation WHERE operation_id = $1";

enum jc_code jc_terminal_operation_get(struct jc_tx *tx, struct jc_uuid operation_id, struct jc_arena *arena,
                                       struct jc_terminal_operation *out, bool *found, struct jc_err *err) {
    struct jc_terminal_operations list;
    struct jc_rows *rows = NULL;
    enum jc_code code =
        jc_tx_query(tx, SQL_OPERATION_GET, JC_VALUES(jc_terminal_uuid_value(&operation_id)), &rows, err);
    code = read_rows(code, rows, arena, &list, err);
    *found = code == JC_OK && list.count > 0;
    if (*found)
        *out = list.items[0];
    return code;
}

static const char SQL_OPERATION_DECIDE[] =
    "UPDATE operation"
    "   SET review = (SELECT s.body FROM staged AS s WHERE s.kind = $1 AND s.id = operation.operation_id)"
    " WHERE operation_id IN (SELECT s.id FROM staged AS s"
    "                         WHERE s.kind = $1 AND s.body IS NOT NULL"
    "                           AND (operation.review IS NULL OR operation.review <> s.body))"
    "RETURNING " COLUMNS;

enum jc_code jc_terminal_operation_decide(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_operations *out,
                                          struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code = jc_tx_query(tx, SQL_OPERATION_DECIDE,
                                    JC_VALUES(jc_int(JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME)), &rows, err);
    return read_rows(code, rows, arena, out, err);
}

static const char SQL_OPERATION_LIST_UNSENT[] =
    "SELECT " COLUMNS "  FROM operation"
    " WHERE unsent = 1"
    "   AND (device_id = $1 OR device_id NOT IN (SELECT h.device_id FROM holder AS h WHERE h.revoked = 0))"
    " ORDER BY position";

enum jc_code jc_terminal_operation_list_unsent(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                               struct jc_terminal_operations *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code =
        jc_tx_query(tx, SQL_OPERATION_LIST_UNSENT, JC_VALUES(jc_terminal_uuid_value(&device_id)), &rows, err);
    return read_rows(code, rows, arena, out, err);
}

enum jc_code jc_terminal_operation_body(const struct jc_terminal_operation *operation, struct jc_arena *arena,
                                        Jc__OperationBody **out, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_terminal_unpack(&jc__operation_body__descriptor, operation->body, arena, &message, err);
    *out = (Jc__OperationBody *)message;
    return code;
}

/* --- the outbox ---------------------------------------------------------------------------------------- */

static bool is_skipped(const struct jc_terminal_skips *skip, struct jc_uuid id) {
    for (size_t i = 0; i < skip->count; i++) {
        if (jc_terminal_uuid_equal(skip->items[i], id))
            return true;
    }
    return false;
}

/* Whether the operation is left out; joins `skip` if only because of what it depends on. */
static enum jc_code leave_out(struct jc_terminal_skips *skip, const struct jc_terminal_operation *operation, bool *out,
                              struct jc_err *err) {
    *out = is_skipped(skip, operation->outcome.operation_id);
    struct jc_str rest = operation->depends_on;
    for (; !*out && rest.len >= JC_UUID_SIZE; rest.ptr += JC_UUID_SIZE, rest.len -= JC_UUID_SIZE) {
        if (!is_skipped(skip, jc_terminal_uuid((struct jc_str){rest.ptr, JC_UUID_SIZE})))
            continue;
        struct jc_uuid *item = JC_PUSH(skip->arena, skip, struct jc_uuid);
        if (!item)
            return jc_fail_memory(err);
        *item = operation->outcome.operation_id;
        *out = true;
    }
    return JC_OK;
}

static const char SQL_OPERATION_UNSENT[] = "SELECT " COLUMNS " FROM operation WHERE unsent = 1 ORDER BY position";

enum jc_code jc_terminal_operation_batch(struct jc_tx *tx, struct jc_terminal_batch_limits limits,
                                         struct jc_terminal_skips *skip, struct jc_arena *arena,
                                         struct jc_terminal_operations *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false, left_out = false;
    size_t bytes = 0;
    *out = (struct jc_terminal_operations){0};
    if (limits.count_max == 0)
        return JC_OK;
    enum jc_code code = jc_tx_query(tx, SQL_OPERATION_UNSENT, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && out->count < limits.count_max && (code = jc_rows_next(rows, &has_row, err)) == JC_OK &&
           has_row) {
        struct jc_terminal_operation operation = {0};
        code = read_row(rows, arena, &operation, err);
        if (code == JC_OK)
            code = leave_out(skip, &operation, &left_out, err);
        if (code || left_out)
            continue;
        if (out->count > 0 && (bytes + operation.body.len > limits.bytes_max ||
                               !jc_terminal_uuid_equal(operation.device_id, out->items[0].device_id)))
            break;
        bytes += operation.body.len;
        struct jc_terminal_operation *item = JC_PUSH(arena, out, struct jc_terminal_operation);
        if (item)
            *item = operation;
        else
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SQL_OPERATION_COUNT_UNSENT[] = "SELECT COUNT(*) FROM operation WHERE unsent = 1";

enum jc_code jc_terminal_operation_count_unsent(struct jc_tx *tx, int64_t *out, struct jc_err *err) {
    return jc_tx_int64(tx, SQL_OPERATION_COUNT_UNSENT, JC_NO_VALUES, out, err);
}

/* --- what became of it --------------------------------------------------------------------------------- */

static const char SQL_OPERATION_SETTLE[] =
    "UPDATE operation"
    "   SET unsent = 0, set_aside = 0, acknowledged_ms = COALESCE(acknowledged_ms, $1), status = $2, code = $3,"
    "       reason_zh = $4, reason_en = $5, operation_no = $6, proven = $7"
    " WHERE operation_id = $8";

/* The server's words, without what could steer a screen. */
static struct jc_str clean(const char *text, char buf[REASON_MAX]) {
    return (struct jc_str){buf, jc_text_clean(jc_str(text), buf, REASON_MAX)};
}

enum jc_code jc_terminal_operation_settle(struct jc_tx *tx, const Jc__OperationResult *result, bool proven,
                                          int64_t now_ms, struct jc_err *err) {
    char code[REASON_MAX], zh[REASON_MAX], en[REASON_MAX];
    return jc_tx_exec(tx, SQL_OPERATION_SETTLE,
                      JC_VALUES(jc_int(now_ms), jc_int(result->status), jc_text(clean(result->code, code)),
                                jc_text(clean(result->reason_zh, zh)), jc_text(clean(result->reason_en, en)),
                                jc_int(proven ? result->operation_no : 0), jc_int(proven),
                                jc_bytes(result->id.data, result->id.len)),
                      err);
}

static const char SQL_OPERATION_SET_ASIDE[] = "UPDATE operation"
                                              "   SET set_aside = 1, code = $1, reason_zh = $2, reason_en = $3"
                                              " WHERE operation_id = $4 AND unsent = 1";

enum jc_code jc_terminal_operation_set_aside(struct jc_tx *tx, const struct jc_terminal_outcome *outcome,
                                             struct jc_err *err) {
    return jc_tx_exec(tx, SQL_OPERATION_SET_ASIDE,
                      JC_VALUES(jc_text(outcome->code), jc_text(outcome->reason_zh), jc_text(outcome->reason_en),
                                jc_terminal_uuid_value(&outcome->operation_id)),
                      err);
}

static const char SQL_OPERATION_OFFER_AGAIN[] = "UPDATE operation"
                                                "   SET unsent = 1"
                                                " WHERE unsent = 0 AND device_id = $1 AND acknowledged_ms >= $2";

enum jc_code jc_terminal_operation_offer_again(struct jc_tx *tx, struct jc_uuid device_id, int64_t since_ms,
                                               struct jc_err *err) {
    return jc_tx_exec(tx, SQL_OPERATION_OFFER_AGAIN, JC_VALUES(jc_terminal_uuid_value(&device_id), jc_int(since_ms)),
                      err);
}

static const char SQL_OPERATION_OFFER_UNPROVEN[] =
    "UPDATE operation"
    "   SET unsent = 1, device_id = $1"
    " WHERE unsent = 0 AND proven = 0"
    "   AND device_id IN (SELECT h.device_id"
    "                       FROM holder AS h"
    "                      WHERE h.device_id = $1"
    "                         OR (h.revoked = 1 AND h.agency_id = (SELECT a.agency_id"
    "                                                                FROM holder AS a"
    "                                                               WHERE a.device_id = $1)))";

enum jc_code jc_terminal_operation_offer_unproven(struct jc_tx *tx, struct jc_uuid device_id, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_OPERATION_OFFER_UNPROVEN, JC_VALUES(jc_terminal_uuid_value(&device_id)), err);
}

static const char SQL_OPERATION_ADOPT[] = "UPDATE operation SET device_id = $1 WHERE unsent = 1 AND device_id = $2";

enum jc_code jc_terminal_operation_adopt(struct jc_tx *tx, struct jc_uuid from, struct jc_uuid to, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_OPERATION_ADOPT, JC_VALUES(jc_terminal_uuid_value(&to), jc_terminal_uuid_value(&from)),
                      err);
}

/* --- what stands ----------------------------------------------------------------------------------------- */

Jc__OperationStatus jc_terminal_stands(const struct jc_terminal_outcome *outcome) {
    if (!outcome->review || outcome->status != JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW)
        return outcome->status;
    switch (outcome->review->kind) {
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT:
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK:
        return JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT:
        return JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
    default:
        return outcome->status;
    }
}

bool jc_terminal_needs_attention(const struct jc_terminal_outcome *outcome) {
    Jc__OperationStatus status = jc_terminal_stands(outcome);
    return outcome->set_aside || status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED ||
           status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
}
