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
        return jc_derived_decision(d, body->review_decision, err);
    default:
        return JC_OK;
    }
}

static const char SELECT_OPERATIONS[] =
    "SELECT o.op_key, o.id, o.device_id, o.status, o.reason, o.reason_args, o.body, COALESCE(r.decision, 0),\n"
    "       o.inspector_id, COALESCE(r.reason_args, ''), COALESCE(r.state, 0), o.received_ms\n"
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
    d->reviewed = jc_rows_int64(rows, 10) != 0;
    d->received_ms = jc_rows_int64(rows, 11);
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
    enum jc_code code = jc_derived_review(d, err);
    if (code || jc_rows_is_null(rows, 6))
        return code;
    code = jc_sync_decode(jc_rows_bytes(rows, 6), d->scratch, &d->body, &ground, &arg, err);
    if (!code)
        code = jc_derived_review_words(d, err);
    if (code || !d->body || d->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
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
