/* The table `review`. The words are rendered when the list is read (store/verdict.h). Cost of a list:
 * one join with `operation`. */
#include "store/review.h"

#include "store/row.h"
#include "store/stamp.h"
#include "store/verdict.h"

static const char INSERT_REVIEW[] =
    "INSERT INTO review (agency_id, review_id, reason, reason_args, state, command, device_id, team_id, unit_id,\n"
    "                    task_id, decision, note, decided_by)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', '')";

enum jc_code jc_review_add(struct jc_tx *tx, int64_t agency_id, const struct jc_review *review, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_REVIEW,
                      JC_VALUES(jc_int(agency_id), jc_int(review->review_id), jc_int(review->reason),
                                jc_text(review->grounds), jc_int(JC__REVIEW_STATE__REVIEW_STATE_OPEN),
                                jc_text(review->command), jc_bytes(review->device_id.bytes, JC_UUID_SIZE),
                                jc_text(review->team_id), jc_text(review->unit_id),
                                jc_bytes(review->task_id.ptr, review->task_id.len)),
                      err);
}

static const char SELECT_EXISTS[] = "SELECT 1\n"
                                    "FROM review\n"
                                    "WHERE agency_id = $1 AND review_id = $2";

enum jc_code jc_review_exists(struct jc_tx *tx, int64_t agency_id, int64_t review_id, bool *exists,
                              struct jc_err *err) {
    return jc_row_exists(tx, SELECT_EXISTS, JC_VALUES(jc_int(agency_id), jc_int(review_id)), exists, err);
}

static const char ADD_GROUND[] = "UPDATE review\n"
                                 "SET reason_args = reason_args || CHAR(30) || $1\n"
                                 "WHERE agency_id = $2 AND review_id = $3 AND state = $4\n"
                                 "  AND INSTR(CHAR(30) || reason_args || CHAR(30), CHAR(30) || $1 || CHAR(30)) = 0";

enum jc_code jc_review_add_ground(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_str ground,
                                  struct jc_err *err) {
    return jc_tx_exec(
        tx, ADD_GROUND,
        JC_VALUES(jc_text(ground), jc_int(agency_id), jc_int(review_id), jc_int(JC__REVIEW_STATE__REVIEW_STATE_OPEN)),
        err);
}

static const char UPDATE_REOPENED[] = "UPDATE review\n"
                                      "SET state = $1\n"
                                      "WHERE agency_id = $2 AND review_id = $3";

enum jc_code jc_review_reopen(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_REOPENED,
                      JC_VALUES(jc_int(JC__REVIEW_STATE__REVIEW_STATE_OPEN), jc_int(agency_id), jc_int(review_id)),
                      err);
}

static const char SELECT_DECISION_NO[] = "SELECT COALESCE(MAX(decision_no), 0)\n"
                                         "FROM review\n"
                                         "WHERE agency_id = $1 AND review_id = $2";

enum jc_code jc_review_decision_no(struct jc_tx *tx, int64_t agency_id, int64_t review_id, int64_t *no,
                                   struct jc_err *err) {
    return jc_tx_int64(tx, SELECT_DECISION_NO, JC_VALUES(jc_int(agency_id), jc_int(review_id)), no, err);
}

/* The operation of a review. */
#define OF_REVIEW "JOIN operation AS o ON o.op_key = r.agency_id * 1099511627776 + r.review_id\n"
/* And the review of an operation. */
#define OF_OPERATION                                  \
    "JOIN review AS r ON r.agency_id = o.agency_id\n" \
    "                AND r.review_id = o.op_key - o.agency_id * 1099511627776\n"

#define REVIEW_COLUMNS                                                                                      \
    "r.review_id, r.reason, r.state, o.id, r.command, o.device_id, o.inspector_id, r.unit_id, r.task_id,\n" \
    "       o.received_ms, r.reason_args, r.decision, r.linked_to, r.note, r.decided_by, r.decided_ms, r.team_id\n"

static const char SELECT_REVIEWS[] =
    "SELECT " REVIEW_COLUMNS "FROM review AS r\n" OF_REVIEW "WHERE r.agency_id = $1 AND r.state = $2\n"
    "  AND r.review_id > $3\n"
    "ORDER BY r.review_id\n"
    "LIMIT $4";

/* The decision of a closed review, or of one that was opened again. */
static void add_decision(struct jc_row *row, Jc__Review *review) {
    Jc__ReviewDecision *decision = NULL;
    if (review->state != JC__REVIEW_STATE__REVIEW_STATE_CLOSED && !jc_rows_int64(row->rows, 11))
        return;
    decision = JC_NEW(row->arena, Jc__ReviewDecision);
    if (decision) {
        jc__review_decision__init(decision);
        decision->review_id = review->review_id;
        decision->operation_id = review->operation_id;
        decision->kind = (Jc__ReviewDecisionKind)jc_rows_int64(row->rows, 11);
        decision->linked_inspection_id = jc_row_bytes(row, 12);
        decision->note = jc_row_text(row, 13);
        decision->decided_by = jc_row_text(row, 14);
    }
    review->decision = decision;
    review->decided_at = jc_stamp_of_ms(row->arena, jc_rows_int64(row->rows, 15));
    if (!decision || !review->decided_at)
        row->failed = true;
}

static Jc__Review *review_of(struct jc_row *row) {
    Jc__Review *review = JC_NEW(row->arena, Jc__Review);
    if (!review)
        return NULL;
    jc__review__init(review);
    review->review_id = jc_rows_int64(row->rows, 0);
    review->reason = (Jc__ReviewReason)jc_rows_int64(row->rows, 1);
    review->state = (Jc__ReviewState)jc_rows_int64(row->rows, 2);
    review->operation_id = jc_row_bytes(row, 3);
    review->command = jc_row_text(row, 4);
    review->device_id = jc_row_bytes(row, 5);
    review->inspector_id = jc_row_text(row, 6);
    review->unit_id = jc_row_text(row, 7);
    review->task_id = jc_row_bytes(row, 8);
    review->received_at = jc_stamp_of_ms(row->arena, jc_rows_int64(row->rows, 9));
    review->reason_zh = jc_verdict_words(row->arena, JC_ZH, jc_rows_text(row->rows, 10));
    review->reason_en = jc_verdict_words(row->arena, JC_EN, jc_rows_text(row->rows, 10));
    add_decision(row, review);
    return row->failed || !review->received_at || !review->reason_zh || !review->reason_en ? NULL : review;
}

enum jc_code jc_review_list(struct jc_tx *tx, int64_t agency_id, const struct jc_review_filter *filter,
                            struct jc_arena *arena, Jc__Review ***out, size_t *count, struct jc_err *err) {
    struct {
        Jc__Review **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    Jc__ReviewState state = filter->state;
    if (state == JC__REVIEW_STATE__REVIEW_STATE_UNSPECIFIED)
        state = JC__REVIEW_STATE__REVIEW_STATE_OPEN;
    int64_t limit = filter->limit ? filter->limit : INT64_MAX;
    enum jc_code code =
        jc_tx_query(tx, SELECT_REVIEWS,
                    JC_VALUES(jc_int(agency_id), jc_int(state), jc_int(filter->after), jc_int(limit)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__Review *review = review_of(&row), **slot = JC_PUSH(arena, &list, Jc__Review *);
        if (review && slot)
            *slot = review;
        else
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

/* --- one, and what became of it ------------------------------------------------------------------------ */

static const char SELECT_REVIEW[] =
    "SELECT " REVIEW_COLUMNS "FROM review AS r\n" OF_REVIEW "WHERE r.agency_id = $1 AND r.review_id = $2";

enum jc_code jc_review_get(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_arena *arena,
                           struct jc_review_case *out, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_REVIEW, JC_VALUES(jc_int(agency_id), jc_int(review_id)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &found, err);
    if (!code && !found)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_REVIEW_UNKNOWN, jc_str_from_int64(review_id, number));
    if (!code) {
        struct jc_row row = {rows, arena, false};
        out->review = review_of(&row);
        out->grounds = jc_verdict_grounds(jc_rows_text(rows, 10));
        out->team_id = jc_rows_copy(rows, 16, arena);
        if (!out->review || !out->team_id.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code ? code : jc_operation_get(tx, agency_id, review_id, arena, &out->operation, err);
}

static const char UPDATE_CLOSED[] =
    "UPDATE review\n"
    "SET state = $1, decision = $2, linked_to = $3, note = $4, decided_by = $5, decided_ms = $6, decision_no = $7\n"
    "WHERE agency_id = $8 AND review_id = $9";

enum jc_code jc_review_close(struct jc_tx *tx, int64_t agency_id, const Jc__ReviewDecision *decision, int64_t now_ms,
                             int64_t decision_no, struct jc_err *err) {
    ProtobufCBinaryData linked = decision->linked_inspection_id;
    return jc_tx_exec(tx, UPDATE_CLOSED,
                      JC_VALUES(jc_int(JC__REVIEW_STATE__REVIEW_STATE_CLOSED), jc_int(decision->kind),
                                linked.len ? jc_bytes(linked.data, linked.len) : jc_null(),
                                jc_text(jc_str(decision->note)), jc_text(jc_str(decision->decided_by)), jc_int(now_ms),
                                jc_int(decision_no), jc_int(agency_id), jc_int(decision->review_id)),
                      err);
}

static const char SELECT_ACCEPTED[] =
    "SELECT 1\n"
    "FROM operation AS o\n" OF_OPERATION "WHERE o.agency_id = $1 AND o.id = $2 AND o.status = $3 AND r.decision = $4";

enum jc_code jc_review_is_accepted(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, bool *accepted,
                                   struct jc_err *err) {
    return jc_row_exists(tx, SELECT_ACCEPTED,
                         JC_VALUES(jc_int(agency_id), jc_bytes(id.bytes, JC_UUID_SIZE),
                                   jc_int(JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW),
                                   jc_int(JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT)),
                         accepted, err);
}

static const char SELECT_OUTCOME[] = "SELECT " REVIEW_COLUMNS "FROM operation AS o\n" OF_OPERATION
                                     "WHERE o.agency_id = $1 AND o.id = $2 AND r.state = $3";

static Jc__ReviewOutcome *outcome_of(struct jc_row *row) {
    const Jc__Review *review = review_of(row);
    Jc__ReviewOutcome *outcome = JC_NEW(row->arena, Jc__ReviewOutcome);
    if (!review || !outcome)
        return NULL;
    jc__review_outcome__init(outcome);
    outcome->operation_id = review->operation_id;
    outcome->kind = review->decision->kind;
    outcome->note = review->decision->note;
    outcome->decided_by = review->decision->decided_by;
    outcome->decided_at = review->decided_at;
    outcome->linked_inspection_id = review->decision->linked_inspection_id;
    outcome->device_id = review->device_id;
    outcome->inspector_id = review->inspector_id;
    outcome->task_id = review->task_id;
    outcome->unit_id = review->unit_id;
    return outcome;
}

enum jc_code jc_review_outcome(struct jc_tx *tx, int64_t agency_id, struct jc_str operation_id, struct jc_arena *arena,
                               Jc__ReviewOutcome **out, struct jc_err *err) {
    char hex[2 * JC_UUID_SIZE + 1];
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_OUTCOME,
                                    JC_VALUES(jc_int(agency_id), jc_bytes(operation_id.ptr, operation_id.len),
                                              jc_int(JC__REVIEW_STATE__REVIEW_STATE_CLOSED)),
                                    &rows, err);
    if (!code)
        code = jc_rows_next(rows, &found, err);
    if (!code && !found)
        code =
            jc_fail(err, JC_NOT_FOUND, JC_MSG_REVIEW_UNKNOWN,
                    jc_hex(operation_id.ptr, operation_id.len < JC_UUID_SIZE ? operation_id.len : JC_UUID_SIZE, hex));
    if (!code) {
        struct jc_row row = {rows, arena, false};
        *out = outcome_of(&row);
        if (!*out || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_DECIDED[] =
    "SELECT o.id\n"
    "FROM review AS r\n" OF_REVIEW "WHERE r.agency_id = $1 AND r.state = $2 AND r.team_id = $3 AND r.decided_ms >= $4\n"
    "  AND o.id > $5\n"
    "ORDER BY o.id\n"
    "LIMIT $6";

enum jc_code jc_review_decided(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, int64_t since_ms,
                               struct jc_str after, int limit, struct jc_arena *arena, struct jc_str **out,
                               size_t *count, struct jc_err *err) {
    return jc_row_first_column(tx, SELECT_DECIDED,
                               JC_VALUES(jc_int(agency_id), jc_int(JC__REVIEW_STATE__REVIEW_STATE_CLOSED),
                                         jc_text(team_id), jc_int(since_ms), jc_bytes(after.ptr, after.len),
                                         jc_int(limit)),
                               arena, out, count, err);
}

static const char SELECT_RIVAL[] = "SELECT o.body\n"
                                   "FROM inspection AS i\n"
                                   "JOIN operation AS o ON o.op_key = i.op_key\n"
                                   "WHERE i.agency_id = $1 AND i.task_id = $2 AND i.is_record = 1\n"
                                   "  AND i.op_key <> $3 AND o.body IS NOT NULL";

enum jc_code jc_review_rival(struct jc_tx *tx, int64_t agency_id, const Jc__Review *review, struct jc_arena *arena,
                             struct jc_str *body, struct jc_err *err) {
    struct jc_str *bodies = NULL;
    size_t count = 0;
    enum jc_code code = jc_row_first_column(
        tx, SELECT_RIVAL,
        JC_VALUES(jc_int(agency_id), jc_bytes(review->task_id.data, review->task_id.len), jc_int(review->review_id)),
        arena, &bodies, &count, err);
    *body = count ? bodies[0] : (struct jc_str){0};
    return code;
}
