/* SubmitRecheck (整改复查意见书): a result for every item of an order that is still open. What is
 * corrected is closed on the day of the recheck; if anything is not, another recheck follows, due the
 * legal limit after the latest of the new deadlines (after the day of this recheck where no new
 * deadline was given). */
#include "sync/check.h"

#include "base/id.h"
#include "base/message.h"
#include "store/finding.h"
#include "store/number.h"
#include "store/recheck.h"
#include "store/task.h"
#include "sync/limit.h"

struct work {
    const Jc__Recheck *message;
    struct jc_order order;
    const Jc__Task *task;
    struct jc_recheck row;
    struct jc_date day;       /* of this recheck */
    struct jc_date base, due; /* of the next one, if the row did not pass */
    int64_t ended_ms;
    bool own_number;
};

static enum jc_code check_id(struct jc_apply *apply, ProtobufCBinaryData id, struct jc_err *err) {
    static const char FIELD[] = "recheck.recheck_id";
    char shown[JC_UUID_TEXT];
    bool exists = false;
    if (!jc_check_id(apply, FIELD, id))
        return JC_OK;
    enum jc_code code = jc_recheck_exists(apply->tx, apply->caller->agency_id, jc_view(id), &exists, err);
    if (exists)
        jc_verdict_add(&apply->verdict, JC_GROUND_EXISTS, jc_str(FIELD), jc_uuid_show(jc_view(id), shown));
    return code;
}

/* Order and task must be here and belong together. */
static enum jc_code check_references(struct jc_apply *apply, struct work *work, bool *found, struct jc_err *err) {
    const Jc__Recheck *message = work->message;
    Jc__Task *task = NULL;
    char shown[JC_UUID_TEXT];
    *found = false;
    enum jc_code code = jc_check_task(apply, "recheck.task_id", message->task_id, &task, err);
    if (!code && jc_check_id(apply, "recheck.order_id", message->order_id)) {
        code = jc_order_find(apply->tx, apply->caller->agency_id, jc_view(message->order_id), apply->scratch,
                             &work->order, found, err);
        if (!code && !*found)
            jc_check_unknown(apply, "recheck.order_id", jc_uuid_show(jc_view(message->order_id), shown));
    }
    if (code)
        return code;
    work->task = task;
    if (*found)
        apply->unit_id = work->order.unit_id;
    if (!task)
        return JC_OK;
    work->row.due_on = jc_str(task->due_on);
    if (task->kind != JC__TASK_KIND__TASK_KIND_RECHECK)
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_KIND, JC_STR("recheck.task_id"),
                       jc_uuid_show(jc_view(message->task_id), shown));
    else if (!jc_str_eq(jc_view(task->order_id), jc_view(message->order_id)))
        jc_verdict_add(&apply->verdict, JC_GROUND_ORDER_OTHER, JC_STR("recheck.order_id"),
                       jc_uuid_show(jc_view(message->task_id), shown));
    return JC_OK;
}

/* --- items ------------------------------------------------------------------------------------------------- */

static const char ITEM_ID[] = "recheck.items.finding_id";

static const struct jc_finding *finding_of(struct jc_str id, const struct jc_finding *findings, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (jc_str_eq(findings[i].finding_id, id))
            return &findings[i];
    }
    return NULL;
}

/* The next recheck counts from the latest of these days. */
static void extend_base(struct jc_apply *apply, struct work *work, const Jc__RecheckItem *item) {
    struct jc_date base = work->day;
    if (*item->deadline && !jc_check_deadline(apply, "recheck.items.deadline", item->deadline, work->day, &base))
        return;
    if (work->row.passed || jc_date_to_days(base) > jc_date_to_days(work->base))
        work->base = base;
    work->row.passed = false;
}

static void check_item(struct jc_apply *apply, struct work *work, size_t index, const struct jc_finding *findings,
                       size_t count) {
    const Jc__RecheckItem *item = work->message->items[index];
    struct jc_str id = jc_view(item->finding_id);
    const struct jc_finding *finding = finding_of(id, findings, count);
    bool corrected = item->result == JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED;
    char shown[JC_UUID_TEXT];
    for (size_t i = 0; i < index; i++) {
        if (jc_str_eq(jc_view(work->message->items[i]->finding_id), id))
            jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(ITEM_ID), jc_uuid_show(id, shown));
    }
    if (item->result < JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED ||
        item->result > JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED)
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("recheck.items.result"),
                       jc_str_from_int64(item->result, shown));
    if (!finding)
        jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_OTHER, jc_str(ITEM_ID), jc_uuid_show(id, shown));
    else if (finding->corrected_on.len && !corrected)
        jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_CLOSED, jc_str(ITEM_ID), jc_uuid_show(id, shown));
    if (!corrected)
        extend_base(apply, work, item);
}

static bool has_result(const Jc__Recheck *message, struct jc_str finding_id) {
    for (size_t i = 0; i < message->n_items; i++) {
        if (jc_str_eq(jc_view(message->items[i]->finding_id), finding_id))
            return true;
    }
    return false;
}

static enum jc_code check_items(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    struct jc_finding *findings = NULL;
    size_t count = 0;
    char shown[JC_UUID_TEXT];
    if (!jc_check_count(apply, "recheck.items", work->message->n_items, JC_ITEMS_MAX))
        return JC_OK;
    enum jc_code code = jc_finding_of_order(apply->tx, apply->caller->agency_id, work->order.order_id, apply->scratch,
                                            &findings, &count, err);
    if (code)
        return code;
    work->row.passed = true;
    for (size_t i = 0; i < work->message->n_items; i++)
        check_item(apply, work, i, findings, count);
    for (size_t i = 0; i < count; i++) {
        if (!findings[i].corrected_on.len && !has_result(work->message, findings[i].finding_id))
            jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_LEFT_OUT, JC_STR("recheck.items"),
                           jc_uuid_show(findings[i].finding_id, shown));
    }
    return JC_OK;
}

/* --- the document ------------------------------------------------------------------------------------------- */

static enum jc_code check_document(struct jc_apply *apply, struct work *work, bool ordered, struct jc_err *err) {
    const Jc__Recheck *message = work->message;
    int64_t started_ms = 0;
    bool timed = jc_check_times(apply, "recheck", message->started_at, message->ended_at, &started_ms, &work->ended_ms);
    work->day = jc_date_of_ms(timed ? work->ended_ms : apply->now_ms);
    if (timed && ordered && started_ms < work->order.issued_ms)
        jc_verdict_add(&apply->verdict, JC_GROUND_TIMES, JC_STR("recheck.started_at"), JC_STR("order.issued_at"));
    jc_check_signature(apply, "recheck.signature", message->signature);
    enum jc_code code = jc_check_inspectors(apply, "recheck.inspector_ids", message->inspector_ids,
                                            message->n_inspector_ids, work->day, err);
    if (!code)
        code = jc_check_workdays(apply, "recheck.workdays", message->workdays, message->n_workdays, err);
    if (code)
        return code;
    return jc_check_number(apply, "recheck.document_number", message->document_number,
                           JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK, &work->own_number, err);
}

/* With everything else in order: is this the record, a late one, or one beside the record? */
static enum jc_code place(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    struct jc_str task_id = jc_view(work->message->task_id);
    bool recorded = work->task->state == JC__TASK_STATE__TASK_STATE_DONE;
    enum jc_code code = JC_OK;
    if (!recorded)
        code = jc_recheck_is_recorded(apply->tx, apply->caller->agency_id, task_id, &recorded, err);
    if (code)
        return code;
    work->row.is_record = !recorded;
    if (!recorded) {
        bool late = false;
        code = jc_check_late(apply, work->task, &late, err);
        return code || work->row.passed ? code : jc_recheck_due(apply, work->base, &work->due, err);
    }
    apply->beside = jc_verdict_applied(&apply->verdict);
    jc_verdict_add(&apply->verdict, JC_GROUND_TASK_DONE, jc_uuid_show(task_id, shown));
    return JC_OK;
}

static enum jc_code check_recheck(struct jc_apply *apply, struct jc_err *err) {
    struct work *work = JC_NEW(apply->scratch, struct work);
    bool found = false;
    if (!work)
        return jc_fail_memory(err);
    work->message = apply->body->submit_recheck->recheck;
    apply->work = work;
    if (!work->message) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("recheck"));
        return JC_OK;
    }
    enum jc_code code = check_id(apply, work->message->recheck_id, err);
    if (!code)
        code = check_references(apply, work, &found, err);
    if (!code)
        code = check_document(apply, work, found, err);
    if (!code && found)
        code = check_items(apply, work, err);
    if (code || !work->task || !found)
        return code;
    return place(apply, work, err);
}

static enum jc_code write_record(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    int64_t agency_id = apply->caller->agency_id;
    int64_t done_ms = work->ended_ms < apply->now_ms ? work->ended_ms : apply->now_ms;
    enum jc_code code = jc_task_move(apply->tx, agency_id, jc_view(work->message->task_id),
                                     JC__TASK_STATE__TASK_STATE_DONE, JC_STR(""), done_ms, err);
    if (!code && !work->row.passed)
        code = jc_recheck_task_add(apply, &work->order, work->due, err);
    if (!code && work->row.passed) /* one before it may be open again */
        code = jc_recheck_recall_pending(apply->tx, agency_id, work->order.unit_id, work->order.order_id, JC_STR(""),
                                         apply->now_ms, apply->scratch, err);
    return code ? code : jc_order_changed(apply->tx, agency_id, work->order.order_id, apply->scratch, err);
}

static enum jc_code write_recheck(struct jc_apply *apply, struct jc_err *err) {
    struct work *work = apply->work;
    char done_on[JC_TIME_MAX];
    work->row.operation_no = apply->row.operation_no;
    work->row.done_on = jc_date_format(work->day, done_on);
    enum jc_code code =
        jc_recheck_add(apply->tx, apply->caller->agency_id, &work->row, work->message, apply->scratch, err);
    if (!code && work->own_number)
        code = jc_number_record(apply->tx, apply->caller->agency_id, apply->caller->device_id,
                                work->message->document_number, false, &apply->numbers, err);
    return !code && work->row.is_record ? write_record(apply, work, err) : code;
}

const struct jc_command jc_command_submit_recheck = {JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK, "submit_recheck", true,
                                                     check_recheck, write_recheck};
