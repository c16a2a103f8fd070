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

static const char SELECT_REVIEWS[] =
    "SELECT r.review_id, r.reason, r.state, o.id, r.command, o.device_id, o.inspector_id, r.unit_id, r.task_id,\n"
    "       o.received_ms, r.reason_args\n"
    "FROM review AS r\n"
    "JOIN operation AS o ON o.op_key = r.agency_id * 1099511627776 + r.review_id\n"
    "WHERE r.agency_id = $1 AND r.state = $2\n"
    "ORDER BY r.review_id";

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
    return row->failed || !review->received_at || !review->reason_zh || !review->reason_en ? NULL : review;
}

enum jc_code jc_review_list(struct jc_tx *tx, int64_t agency_id, Jc__ReviewState state, struct jc_arena *arena,
                            Jc__Review ***out, size_t *count, struct jc_err *err) {
    struct {
        Jc__Review **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    if (state == JC__REVIEW_STATE__REVIEW_STATE_UNSPECIFIED)
        state = JC__REVIEW_STATE__REVIEW_STATE_OPEN;
    enum jc_code code = jc_tx_query(tx, SELECT_REVIEWS, JC_VALUES(jc_int(agency_id), jc_int(state)), &rows, err);
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
