/* One walk over the operations of an agency. Each body is compared with the rows drawn from it, and those are
 * counted; what is there beyond that, and relations that lead nowhere, are looked for afterwards
 * (derived_excess.c).
 *
 * What must never happen: a row of evidence says something else than its operation, and nobody is told. */
#include "sync/derived.h"

#include <string.h>

#include "store/row.h"
#include "sync/derived_row.h"

enum { SCRATCH_BYTES = 64 << 20 };

/* --- reviews -------------------------------------------------------------------------------------------- */

/* It is open again behind a decision that did not know of a wrong seal; or it was closed before version 3, when a
 * decision was no row of the chain. */
static const char COMPARE_REVIEW[] =
    "SELECT reason = $1, reason_args = $2 OR (reason_args = $2 || CHAR(30) || 'SEAL_LATE_WRONG'\n"
    "                                         AND EXISTS (SELECT 1 FROM device AS d\n"
    "                                                      WHERE d.agency_id = $3 AND d.device_id = $4\n"
    "                                                        AND d.seal_wrong_no IS NOT NULL)),\n"
    "       device_id = $4,\n"
    "       state = CASE WHEN decision = 0 THEN 1 ELSE 2 END\n"
    "       OR (state = 1 AND INSTR(reason_args, 'SEAL_LATE_WRONG') > 0)\n"
    "       OR (state = 2 AND decision = 0 AND decided_by <> '' AND decided_ms IS NOT NULL AND decision_no IS NULL\n"
    "           AND EXISTS (SELECT 1 FROM operation AS o\n"
    "                        WHERE o.op_key = review.agency_id * 1099511627776 + review.review_id AND o.format = 1)),\n"
    "       decision = 0 OR EXISTS (SELECT 1 FROM operation AS o\n"
    "                                WHERE o.op_key = review.agency_id * 1099511627776 + review.decision_no\n"
    "                                  AND o.device_id = zeroblob(16))\n"
    "FROM review\n"
    "WHERE agency_id = $3 AND review_id = $5";
static const char COUNT_LATER[] = "SELECT COUNT(*)\n"
                                  "FROM review AS r\n"
                                  "WHERE r.agency_id = $1 AND r.review_id = $2 AND " JC_DERIVED_REVIEW_LATER;

static enum jc_code check_review(struct jc_derived *d, struct jc_err *err) {
    bool may_lack = d->may_lack, there = false;
    int64_t later = 0;
    if (!d->reason) {
        enum jc_code code =
            jc_tx_int64(d->tx, COUNT_LATER, JC_VALUES(jc_int(d->agency_id), jc_int(d->operation_no)), &later, err);
        d->rows[JC_DERIVED_REVIEW] += later;
        return code;
    }
    d->may_lack = false;
    enum jc_code code =
        jc_derived_compare(d, JC_DERIVED_REVIEW, "reason reason_args device_id state decision", COMPARE_REVIEW,
                           JC_VALUES(jc_int(d->reason), jc_text(d->reason_args), jc_int(d->agency_id),
                                     jc_bytes(d->device_id.ptr, d->device_id.len), jc_int(d->operation_no)),
                           &there, err);
    d->may_lack = may_lack;
    return code;
}

static const char COMPARE_DECISION[] =
    "SELECT decision = $1, COALESCE(linked_to, $2) = $2, note = $3, decided_by = $4, decision_no = $5,\n"
    "       (SELECT o.id FROM operation AS o\n"
    "         WHERE o.op_key = review.agency_id * 1099511627776 + review.review_id) = $6\n"
    "FROM review\n"
    "WHERE agency_id = $7 AND review_id = $8";

/* The review was opened again behind this decision, and may have been decided again since. */
static const char COUNT_DECIDED_AGAIN[] = "SELECT COUNT(*)\n"
                                          "FROM review\n"
                                          "WHERE agency_id = $1 AND review_id = $2 AND decision_no > $3\n"
                                          "  AND INSTR(reason_args, 'SEAL_LATE_WRONG') > 0";

/* A decision's row of the chain against the review it closed. */
static enum jc_code check_decision(struct jc_derived *d, const Jc__ReviewDecision *decision, struct jc_err *err) {
    int64_t counted = d->rows[JC_DERIVED_REVIEW], again = 0;
    bool there = false;
    enum jc_code code =
        jc_tx_int64(d->tx, COUNT_DECIDED_AGAIN,
                    JC_VALUES(jc_int(d->agency_id), jc_int(decision->review_id), jc_int(d->operation_no)), &again, err);
    if (code || again)
        return code;
    code = jc_derived_compare(
        d, JC_DERIVED_REVIEW, "decision linked_to note decided_by decision_no review_id", COMPARE_DECISION,
        JC_VALUES(jc_int(decision->kind),
                  jc_bytes(decision->linked_inspection_id.data, decision->linked_inspection_id.len),
                  jc_text(jc_str(decision->note)), jc_text(jc_str(decision->decided_by)), jc_int(d->operation_no),
                  jc_bytes(decision->operation_id.data, decision->operation_id.len), jc_int(d->agency_id),
                  jc_int(decision->review_id)),
        &there, err);
    d->rows[JC_DERIVED_REVIEW] = counted; /* the operation's it is about */
    return code;
}

/* --- one operation ---------------------------------------------------------------------------------------- */

static enum jc_code check_body(struct jc_derived *d, struct jc_err *err) {
    const Jc__OperationBody *body = d->body;
    switch (body->command_case) {
    case JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION:
        return body->submit_inspection->inspection ? jc_derived_inspection(d, body->submit_inspection->inspection, err)
                                                   : JC_OK;
    case JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION:
        return body->add_ad_hoc_inspection->inspection
                   ? jc_derived_inspection(d, body->add_ad_hoc_inspection->inspection, err)
                   : JC_OK;
    case JC__OPERATION_BODY__COMMAND_ISSUE_ORDER:
        return body->issue_order->order ? jc_derived_order(d, body->issue_order->order, err) : JC_OK;
    case JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK:
        return body->submit_recheck->recheck ? jc_derived_recheck(d, body->submit_recheck->recheck, err) : JC_OK;
    case JC__OPERATION_BODY__COMMAND_REVIEW_DECISION:
        return check_decision(d, body->review_decision, err);
    default:
        return JC_OK;
    }
}

static const char SELECT_OPERATIONS[] =
    "SELECT o.op_key, o.id, o.device_id, o.status, o.reason, o.reason_args, o.body, COALESCE(r.decision, 0),\n"
    "       o.inspector_id, COALESCE(r.reason_args, ''), COALESCE(r.state, 0)\n"
    "FROM operation AS o\n"
    "LEFT JOIN review AS r ON r.agency_id = o.agency_id AND r.review_id = o.op_key - o.agency_id * 1099511627776\n"
    "WHERE o.op_key > $1 AND o.op_key < $2 AND o.agency_id = $3\n"
    "ORDER BY o.op_key";

static void take(struct jc_derived *d, const struct jc_rows *rows) {
    struct jc_str id = jc_rows_bytes(rows, 1);
    d->operation_no = jc_op_key_no(jc_rows_int64(rows, 0));
    memset(&d->id, 0, sizeof d->id);
    if (id.len == JC_UUID_SIZE)
        memcpy(d->id.bytes, id.ptr, JC_UUID_SIZE);
    d->device_id = jc_rows_bytes(rows, 2);
    d->status = (Jc__OperationStatus)jc_rows_int64(rows, 3);
    d->reason = (Jc__ReviewReason)jc_rows_int64(rows, 4);
    d->reason_args = jc_rows_text(rows, 5);
    d->grounds = jc_verdict_grounds(d->reason_args);
    d->decision = (Jc__ReviewDecisionKind)jc_rows_int64(rows, 7);
    d->inspector_id = jc_rows_text(rows, 8);
    d->seal_late_wrong = jc_verdict_grounds(jc_rows_text(rows, 9)) >> JC_GROUND_SEAL_LATE_WRONG & 1;
    d->reopened = d->decision && jc_rows_int64(rows, 10) == JC__REVIEW_STATE__REVIEW_STATE_OPEN;
    d->may_lack = d->status != JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED &&
                  d->decision != JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT;
    d->body = NULL;
}

static enum jc_code check_operation(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_derived *d = ctx;
    enum jc_ground ground;
    struct jc_str arg;
    jc_arena_reset(d->scratch);
    take(d, rows);
    d->unread |= jc_rows_is_null(rows, 6);
    enum jc_code code = check_review(d, err);
    if (code || jc_rows_is_null(rows, 6) || d->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
        return code;
    code = jc_sync_decode(jc_rows_bytes(rows, 6), d->scratch, &d->body, &ground, &arg, err);
    if (code || !d->body)
        return code; /* a body that cannot be read was rejected */
    code = check_body(d, err);
    if (!code)
        jc_derived_number(d, jc_derived_number_of(d->body),
                          d->body->command_case == JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER);
    return code;
}

/* --- all of it ------------------------------------------------------------------------------------------------ */

enum jc_code jc_derived_verify(struct jc_tx *tx, int64_t agency_id, jc_chain_found *found, void *ctx,
                               struct jc_err *err) {
    struct jc_derived d = {.tx = tx, .agency_id = agency_id, .found = found, .ctx = ctx};
    d.scratch = jc_arena_new(SCRATCH_BYTES);
    if (!d.scratch)
        return jc_fail_memory(err);
    enum jc_code code = jc_derived_numbers_open(&d, err);
    if (!code)
        code = jc_row_each(
            tx, SELECT_OPERATIONS,
            JC_VALUES(jc_int(jc_op_key(agency_id, 0)), jc_int(jc_op_key(agency_id + 1, 0)), jc_int(agency_id)),
            check_operation, &d, err);
    if (!code)
        code = jc_derived_check_excess(&d, err);
    if (!code)
        code = jc_derived_numbers_check(&d, err);
    if (!code)
        code = jc_derived_check_relations(&d, err);
    jc_derived_numbers_close(&d);
    jc_arena_free(d.scratch);
    return code;
}
