/* IssueOrder (责令限期整改指令书): findings of one inspection that are to be corrected by a deadline.
 * The order makes a recheck task, due the legal limit after its latest deadline. */
#include "sync/check.h"

#include "base/id.h"
#include "base/message.h"
#include "store/finding.h"
#include "store/inspection.h"
#include "store/number.h"
#include "store/stamp.h"
#include "sync/limit.h"

struct work {
    const Jc__RectificationOrder *message;
    struct jc_inspection inspection;
    int64_t issued_ms;
    struct jc_date deadline, due; /* the latest of the items; of the recheck */
    bool own_number;
};

static enum jc_code check_id(struct jc_apply *apply, ProtobufCBinaryData id, struct jc_err *err) {
    static const char FIELD[] = "order.order_id";
    struct jc_order other;
    char shown[JC_UUID_TEXT];
    bool found = false;
    if (!jc_check_id(apply, FIELD, id))
        return JC_OK;
    enum jc_code code =
        jc_order_find(apply->tx, apply->caller->agency_id, jc_view(id), apply->scratch, &other, &found, err);
    if (found)
        jc_verdict_add(&apply->verdict, JC_GROUND_EXISTS, jc_str(FIELD), jc_uuid_show(jc_view(id), shown));
    return code;
}

/* The inspection must be here, and be the record of its task. */
static enum jc_code check_inspection(struct jc_apply *apply, struct work *work, bool *found, struct jc_err *err) {
    static const char FIELD[] = "order.inspection_id";
    struct jc_str id = jc_view(work->message->inspection_id);
    char shown[JC_UUID_TEXT];
    *found = false;
    if (!jc_check_id(apply, FIELD, work->message->inspection_id))
        return JC_OK;
    enum jc_code code =
        jc_inspection_find(apply->tx, apply->caller->agency_id, id, apply->scratch, &work->inspection, found, err);
    if (code)
        return code;
    if (!*found) {
        jc_check_unknown(apply, FIELD, jc_uuid_show(id, shown));
        return JC_OK;
    }
    apply->task_id = work->inspection.task_id;
    if (!work->inspection.is_record)
        jc_verdict_add(&apply->verdict, JC_GROUND_RECORD_BESIDE, jc_str(FIELD), jc_uuid_show(id, shown));
    if (!jc_str_eq(jc_str(work->message->unit_id), work->inspection.unit_id))
        jc_verdict_add(&apply->verdict, JC_GROUND_UNIT_OTHER, JC_STR("order.unit_id"), jc_str(work->message->unit_id),
                       work->inspection.unit_id);
    return JC_OK;
}

/* Its finding must be of the inspection, by deadline, and in no order yet. */
static void check_finding(struct jc_apply *apply, const struct work *work, size_t index,
                          const struct jc_finding *findings, size_t count) {
    static const char FIELD[] = "order.items.finding_id";
    struct jc_str id = jc_view(work->message->items[index]->finding_id);
    char shown[JC_UUID_TEXT];
    const struct jc_finding *finding = NULL;
    for (size_t i = 0; i < count && !finding; i++)
        finding = jc_str_eq(findings[i].finding_id, id) ? &findings[i] : NULL;
    for (size_t i = 0; i < index; i++) {
        if (jc_str_eq(jc_view(work->message->items[i]->finding_id), id))
            jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(FIELD), jc_uuid_show(id, shown));
    }
    if (!finding)
        jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_OTHER, jc_str(FIELD), jc_uuid_show(id, shown));
    else if (finding->outcome != JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE)
        jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_NO_DEADLINE, jc_str(FIELD), jc_uuid_show(id, shown));
    else if (finding->order_id.len)
        jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_ORDERED, jc_str(FIELD), jc_uuid_show(id, shown));
}

static enum jc_code check_items(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    const Jc__RectificationOrder *message = work->message;
    struct jc_date issued = jc_date_of_ms(work->issued_ms), deadline;
    struct jc_finding *findings = NULL;
    size_t count = 0;
    if (!message->n_items)
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("order.items"));
    if (!jc_check_count(apply, "order.items", message->n_items, JC_ITEMS_MAX))
        return JC_OK;
    enum jc_code code = jc_finding_of_inspection(apply->tx, apply->caller->agency_id, work->inspection.inspection_id,
                                                 apply->scratch, &findings, &count, err);
    for (size_t i = 0; !code && i < message->n_items; i++) {
        jc_check_given(apply, "order.items.problem", message->items[i]->problem);
        if (jc_check_deadline(apply, "order.items.deadline", message->items[i]->deadline, issued, &deadline) &&
            (i == 0 || jc_date_to_days(deadline) > jc_date_to_days(work->deadline)))
            work->deadline = deadline;
        check_finding(apply, work, i, findings, count);
    }
    return code;
}

static enum jc_code check_document(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    const Jc__RectificationOrder *message = work->message;
    if (!jc_stamp_to_ms(message->issued_at, &work->issued_ms)) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("order.issued_at"));
        work->issued_ms = apply->now_ms;
    }
    jc_check_signature(apply, "order.signature", message->signature);
    enum jc_code code = jc_check_inspectors(apply, "order.inspector_ids", message->inspector_ids,
                                            message->n_inspector_ids, jc_date_of_ms(work->issued_ms), err);
    if (code)
        return code;
    return jc_check_number(apply, "order.document_number", message->document_number,
                           JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER, &work->own_number, err);
}

static enum jc_code check_order(struct jc_apply *apply, struct jc_err *err) {
    const Jc__RectificationOrder *message = apply->body->issue_order->order;
    struct work *work = JC_NEW(apply->scratch, struct work);
    bool found = false;
    if (!work)
        return jc_fail_memory(err);
    if (!message) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("order"));
        return JC_OK;
    }
    apply->work = work;
    work->message = message;
    apply->unit_id = jc_str(message->unit_id);
    enum jc_code code = check_id(apply, message->order_id, err);
    if (!code)
        code = check_inspection(apply, work, &found, err);
    if (!code)
        code = check_document(apply, work, err);
    if (!code && found && work->issued_ms < work->inspection.started_ms)
        jc_verdict_add(&apply->verdict, JC_GROUND_TIMES, JC_STR("order.issued_at"), JC_STR("inspection.started_at"));
    if (!code && found)
        code = check_items(apply, work, err);
    if (code || !jc_verdict_applied(&apply->verdict))
        return code;
    return jc_recheck_due(apply, work->deadline, &work->due, err);
}

static enum jc_code write_order(struct jc_apply *apply, struct jc_err *err) {
    struct work *work = apply->work;
    const Jc__RectificationOrder *message = work->message;
    int64_t agency_id = apply->caller->agency_id;
    char deadline_on[JC_TIME_MAX];
    const struct jc_order order = {
        .order_id = jc_view(message->order_id),
        .unit_id = work->inspection.unit_id,
        .team_id = work->inspection.team_id,
        .inspector_ids = work->inspection.inspector_ids,
    };
    enum jc_code code = jc_order_add(apply->tx, agency_id, apply->row.operation_no, message, work->issued_ms,
                                     jc_date_format(work->deadline, deadline_on), order.team_id, apply->scratch, err);
    if (!code && work->own_number)
        code = jc_number_record(apply->tx, agency_id, apply->caller->device_id, message->document_number, false,
                                &apply->numbers, err);
    return code ? code : jc_recheck_task_add(apply, &order, work->due, err);
}

const struct jc_command jc_command_issue_order = {JC__OPERATION_BODY__COMMAND_ISSUE_ORDER, "issue_order", true,
                                                  check_order, write_order};
