/* The last of a row of documents is taken back first, so nothing that counts is left hanging on what does not: a
 * recheck before the one it came from, all rechecks before their order. */
#include "sync/withdraw.h"

#include "base/message.h"
#include "store/finding.h"
#include "store/order.h"
#include "store/recheck.h"
#include "store/row.h"
#include "store/task.h"
#include "sync/prepare.h"
#include "sync/standing.h"

struct withdrawal {
    struct jc_tx *tx;
    int64_t agency_id;
    const struct jc_review_case *kase;
    struct jc_str note;
    int64_t now_ms;
    struct jc_arena *arena;
};

static enum jc_code recall_pending(const struct withdrawal *w, const struct jc_order *order, struct jc_err *err) {
    return jc_recheck_recall_pending(w->tx, w->agency_id, order->unit_id, order->order_id, w->note, w->now_ms, w->arena,
                                     err);
}

/* --- recheck ------------------------------------------------------------------------------------------------- */

static enum jc_code withdraw_recheck(const struct withdrawal *w, const Jc__Recheck *message,
                                     const struct jc_order *order, struct jc_err *err) {
    Jc__RectificationOrder *issued = NULL;
    bool later = false;
    enum jc_code code =
        jc_recheck_is_followed(w->tx, w->agency_id, order->order_id, w->kase->operation.operation_no, &later, err);
    if (!code && later)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_RECHECKED_AGAIN);
    if (!code)
        code = recall_pending(w, order, err);
    if (!code)
        code = jc_order_issued(w->tx, w->agency_id, order->order_id, w->arena, &issued, err);
    if (!code)
        code = jc_recheck_withdraw(w->tx, w->agency_id, jc_view(message->recheck_id), issued, w->arena, err);
    if (!code && message->task_id.len)
        code = jc_standing_task_back(w->tx, w->agency_id, w->kase, jc_view(message->task_id), w->note, w->now_ms, err);
    return code ? code : jc_order_changed(w->tx, w->agency_id, order->order_id, w->arena, err);
}

/* --- order --------------------------------------------------------------------------------------------------- */

/* The record as received; NULL if its content was deleted under retention. */
static enum jc_code find_inspection(const struct withdrawal *w, struct jc_str inspection_id, const Jc__Inspection **out,
                                    struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    struct jc_inspection row;
    struct jc_operation operation = {0};
    struct jc_str arg;
    enum jc_ground ground;
    bool found = false;
    *out = NULL;
    enum jc_code code = jc_inspection_find(w->tx, w->agency_id, inspection_id, w->arena, &row, &found, err);
    if (!code && found)
        code = jc_operation_get(w->tx, w->agency_id, row.operation_no, w->arena, &operation, err);
    if (!code && found && operation.body.ptr)
        code = jc_sync_decode(operation.body, w->arena, &body, &ground, &arg, err);
    if (code || !body)
        return code;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        *out = body->submit_inspection->inspection;
    else if (body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION)
        *out = body->add_ad_hoc_inspection->inspection;
    return JC_OK;
}

/* As the inspection gave it; the order's if that is gone. */
static struct jc_str deadline_before(const Jc__Inspection *inspection, const Jc__OrderItem *item) {
    for (size_t i = 0; inspection && i < inspection->n_findings; i++) {
        if (jc_str_eq(jc_view(inspection->findings[i]->finding_id), jc_view(item->finding_id)))
            return jc_str(inspection->findings[i]->deadline);
    }
    return jc_str(item->deadline);
}

static enum jc_code withdraw_order(const struct withdrawal *w, const Jc__RectificationOrder *message,
                                   const struct jc_order *order, struct jc_err *err) {
    const Jc__Inspection *inspection = NULL;
    bool rechecked = false;
    enum jc_code code = jc_recheck_is_followed(w->tx, w->agency_id, order->order_id, 0, &rechecked, err);
    if (!code && rechecked)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_RECHECKED);
    if (!code)
        code = find_inspection(w, order->inspection_id, &inspection, err);
    if (!code)
        code = jc_order_drop(w->tx, w->agency_id, order->order_id, w->arena, err);
    for (size_t i = 0; !code && i < message->n_items; i++)
        code = jc_finding_unset_order(w->tx, w->agency_id, order->order_id, jc_view(message->items[i]->finding_id),
                                      deadline_before(inspection, message->items[i]), err);
    return code ? code : recall_pending(w, order, err);
}

/* --- either -------------------------------------------------------------------------------------------------- */

/* Whether the operation's own document counts: a recheck that is the record, an order with findings in it. */
static enum jc_code counts(const struct withdrawal *w, const Jc__OperationBody *body, const struct jc_order *order,
                           bool *out, struct jc_err *err) {
    int64_t no = w->kase->operation.operation_no;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK)
        return jc_recheck_counts(w->tx, w->agency_id, jc_view(body->submit_recheck->recheck->recheck_id), no, out, err);
    return jc_order_counts(w->tx, w->agency_id, order->order_id, no, out, err);
}

static struct jc_str order_id_of(const Jc__OperationBody *body) {
    if (body && body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK && body->submit_recheck->recheck)
        return jc_view(body->submit_recheck->recheck->order_id);
    if (body && body->command_case == JC__OPERATION_BODY__COMMAND_ISSUE_ORDER && body->issue_order->order)
        return jc_view(body->issue_order->order->order_id);
    return (struct jc_str){0};
}

enum jc_code jc_withdraw(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase, struct jc_str note,
                         int64_t now_ms, struct jc_arena *arena, bool *withdrew, struct jc_err *err) {
    const struct withdrawal w = {tx, agency_id, kase, note, now_ms, arena};
    const Jc__OperationBody *body = NULL;
    struct jc_order order;
    struct jc_str arg;
    enum jc_ground ground;
    bool found = false;
    *withdrew = false;
    if (!kase->operation.body.ptr)
        return JC_OK;
    enum jc_code code = jc_sync_decode(kase->operation.body, arena, &body, &ground, &arg, err);
    struct jc_str order_id = order_id_of(body);
    if (!code && order_id.len)
        code = jc_order_find(tx, agency_id, order_id, arena, &order, &found, err);
    if (!code && found)
        code = counts(&w, body, &order, withdrew, err);
    if (code || !*withdrew)
        return code;
    return body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK
               ? withdraw_recheck(&w, body->submit_recheck->recheck, &order, err)
               : withdraw_order(&w, body->issue_order->order, &order, err);
}

enum jc_code jc_withdraw_beside(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                struct jc_arena *arena, bool *lifted, struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    struct jc_str arg;
    enum jc_ground ground;
    *lifted = false;
    if (!kase->operation.body.ptr)
        return JC_OK;
    enum jc_code code = jc_sync_decode(kase->operation.body, arena, &body, &ground, &arg, err);
    if (code || !body || body->command_case != JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK ||
        !body->submit_recheck->recheck)
        return code;
    return jc_recheck_lift(tx, agency_id, jc_view(body->submit_recheck->recheck->recheck_id),
                           kase->operation.operation_no, lifted, err);
}
