/* Rows are numbered by the agency's head. Cost: one walk over the agency's conflicts, of which there are
 * few. */
#include "store/id_conflict.h"

#include "base/message.h"
#include "store/head.h"
#include "store/review.h"
#include "store/row.h"
#include "store/stamp.h"

static const char SELECT_COPIES[] = "SELECT COUNT(*), COALESCE(SUM(device_id = $1 AND body = $2), 0)\n"
                                    "FROM id_conflict\n"
                                    "WHERE agency_id = $3 AND op_key = $4";

struct copies {
    int64_t all, same;
};

static enum jc_code read_copies(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct copies *copies = ctx;
    (void)err;
    *copies = (struct copies){jc_rows_int64(rows, 0), jc_rows_int64(rows, 1)};
    return JC_OK;
}

static const char INSERT_CONFLICT[] =
    "INSERT INTO id_conflict (agency_id, conflict_no, op_key, device_id, received_ms, body)\n"
    "VALUES ($1, $2, $3, $4, $5, $6)";

static enum jc_code insert(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *second, struct jc_err *err) {
    struct jc_head *head = NULL;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    head->conflict_no++;
    return jc_tx_exec(tx, INSERT_CONFLICT,
                      JC_VALUES(jc_int(agency_id), jc_int(head->conflict_no),
                                jc_int(jc_op_key(agency_id, second->operation_no)),
                                jc_bytes(second->device_id.bytes, JC_UUID_SIZE), jc_int(second->received_ms),
                                jc_bytes(second->body.ptr, second->body.len)),
                      err);
}

/* So that somebody looks: a review of the one that stays. */
static enum jc_code open_review(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *second,
                                struct jc_str team_id, struct jc_err *err) {
    struct jc_verdict verdict;
    struct jc_review review = {.review_id = second->operation_no, .device_id = second->device_id, .team_id = team_id};
    bool has = false;
    enum jc_code code = jc_review_exists(tx, agency_id, second->operation_no, &has, err);
    if (code || has)
        return code;
    jc_verdict_init(&verdict);
    jc_verdict_add(&verdict, JC_GROUND_ID_SHARED);
    review.reason = verdict.reason;
    review.grounds = jc_verdict_text(&verdict);
    review.command = review.unit_id = review.task_id = JC_STR("");
    return jc_review_add(tx, agency_id, &review, err);
}

enum jc_code jc_id_conflict_add(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *second,
                                struct jc_str team_id, struct jc_err *err) {
    struct copies copies = {0, 0};
    enum jc_code code = jc_row_each(tx, SELECT_COPIES,
                                    JC_VALUES(jc_bytes(second->device_id.bytes, JC_UUID_SIZE),
                                              jc_bytes(second->body.ptr, second->body.len), jc_int(agency_id),
                                              jc_int(jc_op_key(agency_id, second->operation_no))),
                                    read_copies, &copies, err);
    if (code || copies.same || copies.all >= JC_ID_CONFLICTS_MAX)
        return code;
    code = insert(tx, agency_id, second, err);
    return code ? code : open_review(tx, agency_id, second, team_id, err);
}

static const char SELECT_CONFLICTS[] = "SELECT device_id, received_ms, body\n"
                                       "FROM id_conflict\n"
                                       "WHERE agency_id = $1 AND op_key = $2\n"
                                       "ORDER BY conflict_no";

struct list JC_ROW_LIST(Jc__IdConflict);

static enum jc_code take_conflict(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    ProtobufCMessage *body = NULL;
    Jc__IdConflict *conflict = JC_NEW(list->arena, Jc__IdConflict),
                   **slot = JC_PUSH(list->arena, list, Jc__IdConflict *);
    if (!conflict || !slot)
        return jc_fail_memory(err);
    jc__id_conflict__init(conflict);
    *slot = conflict;
    conflict->device_id = jc_row_bytes(&row, 0);
    conflict->received_at = jc_stamp_of_ms(list->arena, jc_rows_int64(rows, 1));
    enum jc_code code =
        jc_message_unpack(&jc__operation_body__descriptor, jc_rows_bytes(rows, 2), list->arena, &body, err);
    conflict->operation = (Jc__OperationBody *)body;
    if (row.failed || !conflict->received_at)
        return jc_fail_memory(err);
    return code == JC_INVALID_ARGUMENT ? JC_OK : code;
}

enum jc_code jc_id_conflict_list(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                                 Jc__IdConflict ***out, size_t *count, struct jc_err *err) {
    struct list list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SELECT_CONFLICTS, JC_VALUES(jc_int(agency_id), jc_int(jc_op_key(agency_id, operation_no))),
                    take_conflict, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}
