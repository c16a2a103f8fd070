/* Orders and rechecks: what follows from a finding by deadline (限期整改), each with its document.
 *
 * An order takes its items from the record it follows, so it cannot say anything else than the record. A recheck
 * answers the items of the order: all that no earlier recheck made here found corrected. */
#include <string.h>

#include "base/message.h"
#include "terminal/check.h"
#include "terminal/entity.h"
#include "terminal/record.h"
#include "terminal/work.h"

static bool same_id(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool is_rejected(const struct jc_terminal_operation *operation) {
    return jc_terminal_stands(&operation->outcome) == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
}

/* --- issuing an order ------------------------------------------------------------------------------------ */

struct issuing {
    struct jc_terminal_making making;
    const struct jc_terminal_order_draft *draft;
};

/* The record the order follows, made here and not rejected. */
static enum jc_code find_record(struct jc_tx *tx, const struct issuing *issuing, Jc__Inspection **out,
                                const struct jc_terminal_operation **operation, struct jc_err *err) {
    struct jc_terminal_record record;
    struct jc_terminal_ref ref = {JC_TERMINAL_INSPECTION, issuing->draft->inspection_id};
    enum jc_code code = jc_terminal_record_read(tx, ref, issuing->making.arena, &record, operation, err);
    if (code)
        return code;
    *out = record.inspection;
    if (is_rejected(*operation))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_RECORD_REJECTED, jc_str(record.inspection->unit_id));
    return JC_OK;
}

static enum jc_code refuse_second(struct jc_tx *tx, const struct issuing *issuing, const Jc__Inspection *inspection,
                                  struct jc_err *err) {
    struct jc_terminal_operations list;
    enum jc_code code = jc_terminal_operation_list_command(
        tx, JC__OPERATION_BODY__COMMAND_ISSUE_ORDER, jc_str(inspection->unit_id), issuing->making.arena, &list, err);
    for (size_t i = 0; code == JC_OK && i < list.count; i++) {
        Jc__OperationBody *body;
        code = jc_terminal_operation_body(&list.items[i], issuing->making.arena, &body, err);
        if (code || is_rejected(&list.items[i]) || body->command_case != JC__OPERATION_BODY__COMMAND_ISSUE_ORDER)
            continue;
        if (same_id(body->issue_order->order->inspection_id, inspection->inspection_id))
            return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_ORDER_EXISTS, jc_str(inspection->unit_id));
    }
    return code;
}

static enum jc_code fill_items(struct jc_arena *arena, const Jc__Inspection *inspection, Jc__RectificationOrder *order,
                               struct jc_err *err) {
    struct jc_date day = jc_date_of_ms(jc_terminal_ms(order->issued_at));
    char number[JC_NUMBER_TEXT];
    order->items = JC_NEW_ARRAY(arena, inspection->n_findings, Jc__OrderItem *);
    if (!order->items)
        return jc_fail_memory(err);
    for (size_t i = 0; i < inspection->n_findings; i++) {
        const Jc__Finding *finding = inspection->findings[i];
        if (finding->outcome != JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE)
            continue;
        Jc__OrderItem *item = JC_NEW(arena, Jc__OrderItem);
        if (!item)
            return jc_fail_memory(err);
        enum jc_code code =
            jc_terminal_check_deadline(finding->deadline, day, jc_str_from_int64((int64_t)i + 1, number), err);
        if (code)
            return code;
        jc__order_item__init(item);
        item->finding_id = finding->finding_id;
        item->problem = finding->description;
        item->deadline = finding->deadline;
        order->items[order->n_items++] = item;
    }
    if (order->n_items == 0)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_ORDER_EMPTY);
    return JC_OK;
}

/* An order handed over with its record bears the same signature unless another is given. */
static enum jc_code fill_order(const struct issuing *issuing, const Jc__Inspection *inspection,
                               Jc__RectificationOrder *order, struct jc_err *err) {
    const struct jc_terminal_making *making = &issuing->making;
    int64_t now_ms = jc_clock_now_ms(&making->terminal->wall);
    int64_t issued_ms = issuing->draft->issued_ms ? issuing->draft->issued_ms : now_ms;
    bool same_day = jc_date_to_days(jc_date_of_ms(issued_ms)) ==
                    jc_date_to_days(jc_date_of_ms(jc_terminal_ms(inspection->ended_at)));
    order->inspection_id = inspection->inspection_id;
    order->unit_id = inspection->unit_id;
    order->inspector_ids = inspection->inspector_ids;
    order->n_inspector_ids = inspection->n_inspector_ids;
    order->signature = issuing->draft->signature;
    if (!order->signature && same_day)
        order->signature = inspection->signature;
    order->issued_at = jc_terminal_timestamp(making->arena, issued_ms);
    if (!order->issued_at)
        return jc_fail_memory(err);
    if (issued_ms < jc_terminal_ms(inspection->started_at)) {
        char issued[JC_TIME_MAX], started[JC_TIME_MAX];
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ORDER_EARLY, jc_time_format(issued_ms, issued),
                       jc_time_format(jc_terminal_ms(inspection->started_at), started));
    }
    enum jc_code code = fill_items(making->arena, inspection, order, err);
    return code == JC_OK ? jc_terminal_check_signature(order->signature, err) : code;
}

static enum jc_code issue(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct issuing *issuing = ctx;
    struct jc_terminal_making *making = &issuing->making;
    Jc__Inspection *inspection = NULL;
    const struct jc_terminal_operation *operation = NULL;
    Jc__RectificationOrder order = JC__RECTIFICATION_ORDER__INIT;
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = find_record(tx, issuing, &inspection, &operation, err);
    if (code == JC_OK)
        code = refuse_second(tx, issuing, inspection, err);
    if (code == JC_OK)
        code = fill_order(issuing, inspection, &order, err);
    if (code)
        return code;
    Jc__IssueOrder issue_order = JC__ISSUE_ORDER__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.command_case = JC__OPERATION_BODY__COMMAND_ISSUE_ORDER;
    body.issue_order = &issue_order;
    issue_order.order = &order;
    making->command = (struct jc_terminal_command){.body = &body,
                                                   .task_id = jc_terminal_uuid_of(inspection->task_id),
                                                   .subject_id = jc_uuid7(&making->terminal->wall),
                                                   .unit_id = jc_str(inspection->unit_id),
                                                   .depends_on = operation->outcome.operation_id};
    order.order_id = (ProtobufCBinaryData){JC_UUID_SIZE, making->command.subject_id.bytes};
    code = jc_terminal_making_number(tx, making, JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER,
                                     jc_terminal_ms(order.issued_at), &order.document_number, err);
    if (code == JC_OK)
        code = jc_terminal_making_store(tx, making, JC_TERMINAL_ORDER, err);
    return code == JC_OK ? jc_terminal_making_sources(tx, making, order.inspector_ids, order.n_inspector_ids, err)
                         : code;
}

enum jc_code jc_terminal_order(struct jc_terminal *terminal, const struct jc_terminal_order_draft *draft,
                               struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err) {
    struct issuing issuing = {{.terminal = terminal, .arena = arena, .out = out}, draft};
    return jc_terminal_write(terminal, issue, &issuing, err);
}

/* --- the order of a recheck ---------------------------------------------------------------------------------- */

static enum jc_code read_order(struct jc_tx *tx, const Jc__Task *task, struct jc_arena *arena,
                               Jc__RectificationOrder **out, struct jc_err *err) {
    struct jc_terminal_record record;
    struct jc_terminal_ref ref = {JC_TERMINAL_ORDER, jc_terminal_uuid_of(task->order_id)};
    struct jc_str order_id = {(const char *)task->order_id.data, task->order_id.len};
    ProtobufCMessage *told = NULL;
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order_id, arena, &told, err);
    if (code == JC_OK && told) { /* with what rechecks of other terminals found */
        *out = (Jc__RectificationOrder *)told;
        return JC_OK;
    }
    if (code == JC_OK)
        code = jc_terminal_record_read(tx, ref, arena, &record, NULL, err);
    if (code == JC_NOT_FOUND)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_ORDER_UNKNOWN, jc_str(task->unit_id));
    *out = code == JC_OK ? record.order : NULL;
    return code;
}

struct asking {
    struct jc_uuid task_id;
    struct jc_arena *arena;
    Jc__RectificationOrder **out;
};

static enum jc_code ask_order(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct asking *asking = ctx;
    struct jc_terminal_record record;
    struct jc_terminal_ref ref = {JC_TERMINAL_TASK, asking->task_id};
    enum jc_code code = jc_terminal_record_read(tx, ref, asking->arena, &record, NULL, err);
    if (code)
        return code;
    if (record.task->kind != JC__TASK_KIND__TASK_KIND_RECHECK)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_TASK_NO_RECHECK, jc_str(record.task->unit_id));
    return read_order(tx, record.task, asking->arena, asking->out, err);
}

enum jc_code jc_terminal_order_of(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_arena *arena,
                                  Jc__RectificationOrder **out, struct jc_err *err) {
    struct asking asking = {task_id, arena, out};
    return jc_terminal_read(terminal, ask_order, &asking, err);
}

/* --- recheck --------------------------------------------------------------------------------------------------- */

struct rechecking {
    struct jc_terminal_making making;
    Jc__Recheck *recheck;
    struct jc_terminal_open_task open;
    Jc__RectificationOrder *order;
};

static const Jc__RecheckItem *answer_of(const Jc__Recheck *recheck, ProtobufCBinaryData finding_id) {
    for (size_t i = 0; i < recheck->n_items; i++) {
        if (same_id(recheck->items[i]->finding_id, finding_id))
            return recheck->items[i];
    }
    return NULL;
}

/* Marks the order's items that an earlier recheck found corrected: as the server says, or made here. */
static enum jc_code mark_corrected(struct jc_tx *tx, const struct rechecking *rechecking, bool *corrected,
                                   struct jc_err *err) {
    const Jc__RectificationOrder *order = rechecking->order;
    struct jc_arena *arena = rechecking->making.arena;
    struct jc_terminal_operations list;
    enum jc_code code = jc_terminal_operation_list_command(tx, JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK,
                                                           jc_str(rechecking->open.task->unit_id), arena, &list, err);
    for (size_t k = 0; k < order->n_items; k++)
        corrected[k] = *order->items[k]->corrected_on != '\0';
    for (size_t i = 0; code == JC_OK && i < list.count; i++) {
        Jc__OperationBody *body;
        code = jc_terminal_operation_body(&list.items[i], arena, &body, err);
        if (code || is_rejected(&list.items[i]) || body->command_case != JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK ||
            !same_id(body->submit_recheck->recheck->order_id, order->order_id))
            continue;
        for (size_t k = 0; k < order->n_items; k++) {
            const Jc__RecheckItem *item = answer_of(body->submit_recheck->recheck, order->items[k]->finding_id);
            corrected[k] |= item && item->result == JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED;
        }
    }
    return code;
}

static enum jc_code check_answer(const Jc__RecheckItem *item, struct jc_date day, struct jc_str where,
                                 struct jc_err *err) {
    if (item->result < JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED ||
        item->result > JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_RECHECK_RESULT, where);
    if (!*item->deadline)
        return JC_OK;
    if (item->result == JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_DEADLINE_UNWANTED, where);
    return jc_terminal_check_deadline(item->deadline, day, where, err);
}

/* Each item of the order is answered once, unless it was corrected before; nothing else is answered. */
static enum jc_code check_items(struct jc_tx *tx, const struct rechecking *rechecking, struct jc_err *err) {
    const Jc__Recheck *recheck = rechecking->recheck;
    const Jc__RectificationOrder *order = rechecking->order;
    struct jc_date day = jc_date_of_ms(jc_terminal_ms(recheck->ended_at));
    bool *corrected = JC_NEW_ARRAY(rechecking->making.arena, order->n_items, bool);
    char number[JC_NUMBER_TEXT];
    size_t answered = 0;
    if (!corrected)
        return jc_fail_memory(err);
    enum jc_code code = mark_corrected(tx, rechecking, corrected, err);
    for (size_t i = 0; code == JC_OK && i < order->n_items; i++) {
        struct jc_str where = jc_str_from_int64((int64_t)i + 1, number);
        const Jc__RecheckItem *item = answer_of(recheck, order->items[i]->finding_id);
        answered += item != NULL;
        if (item)
            code = check_answer(item, day, where, err);
        else if (!corrected[i])
            code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_RECHECK_UNANSWERED, where);
    }
    if (code == JC_OK && (answered != recheck->n_items || answered == 0))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_RECHECK_ITEMS);
    return code;
}

static enum jc_code complete(struct jc_tx *tx, struct rechecking *rechecking, struct jc_err *err) {
    struct jc_terminal_making *making = &rechecking->making;
    Jc__Recheck *recheck = rechecking->recheck;
    const Jc__Task *task = rechecking->open.task;
    struct jc_terminal_workdays list = {0};
    enum jc_code code = read_order(tx, task, making->arena, &rechecking->order, err);
    if (code)
        return code;
    recheck->order_id = task->order_id;
    if (recheck->recheck_id.len != JC_UUID_SIZE)
        recheck->recheck_id = jc_terminal_uuid_field(making->arena, jc_uuid7(&making->terminal->wall));
    if (recheck->n_inspector_ids == 0 && task->n_inspector_ids > 0) {
        recheck->inspector_ids = task->inspector_ids;
        recheck->n_inspector_ids = task->n_inspector_ids;
    } else if (recheck->n_inspector_ids == 0) {
        recheck->inspector_ids = rechecking->order->inspector_ids;
        recheck->n_inspector_ids = rechecking->order->n_inspector_ids;
    }
    if (!recheck->ended_at)
        recheck->ended_at = jc_terminal_timestamp(making->arena, jc_clock_now_ms(&making->terminal->wall));
    if (!recheck->started_at)
        recheck->started_at = jc_terminal_timestamp(making->arena, jc_clock_now_ms(&making->terminal->wall));
    if (recheck->n_workdays == 0) {
        if (!jc_terminal_workdays_add(making->arena, &list, task->team_id, task->persons, task->days_centi))
            return jc_fail_memory(err);
        recheck->workdays = list.items;
        recheck->n_workdays = list.count;
    }
    return recheck->recheck_id.data && recheck->ended_at && recheck->started_at ? JC_OK : jc_fail_memory(err);
}

/* A recheck looks at what an order asked for, so it cannot begin before the order was issued. */
static enum jc_code check_times(const struct rechecking *rechecking, struct jc_err *err) {
    const Jc__Recheck *recheck = rechecking->recheck;
    int64_t issued_ms = jc_terminal_ms(rechecking->order->issued_at);
    enum jc_code code = jc_terminal_check_times(recheck->started_at, recheck->ended_at, true, err);
    if (code == JC_OK && jc_terminal_ms(recheck->started_at) < issued_ms) {
        char began[JC_TIME_MAX], issued[JC_TIME_MAX];
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_RECHECK_EARLY,
                       jc_time_format(jc_terminal_ms(recheck->started_at), began), jc_time_format(issued_ms, issued));
    }
    return code;
}

static enum jc_code check(struct jc_tx *tx, struct rechecking *rechecking, struct jc_err *err) {
    Jc__Recheck *recheck = rechecking->recheck;
    const Jc__Task *task = rechecking->open.task;
    struct jc_arena *arena = rechecking->making.arena;
    enum jc_code code = check_times(rechecking, err);
    if (code == JC_OK)
        code = jc_terminal_check_persons(tx, recheck->inspector_ids, recheck->n_inspector_ids, jc_str(task->unit_id),
                                         jc_str(task->team_id), arena, err);
    if (code == JC_OK)
        code = check_items(tx, rechecking, err);
    if (code == JC_OK)
        code = jc_terminal_check_signature(recheck->signature, err);
    if (code == JC_OK)
        code = jc_terminal_check_workdays(tx, task, recheck->workdays, recheck->n_workdays, arena, err);
    return code;
}

static enum jc_code store(struct jc_tx *tx, struct rechecking *rechecking, struct jc_err *err) {
    struct jc_terminal_making *making = &rechecking->making;
    Jc__Recheck *recheck = rechecking->recheck;
    Jc__SubmitRecheck submit = JC__SUBMIT_RECHECK__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.command_case = JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK;
    body.submit_recheck = &submit;
    submit.recheck = recheck;
    making->command = (struct jc_terminal_command){.body = &body,
                                                   .task_id = jc_terminal_uuid_of(recheck->task_id),
                                                   .subject_id = jc_terminal_uuid_of(recheck->recheck_id),
                                                   .unit_id = jc_str(rechecking->open.task->unit_id)};
    making->out->recalled = rechecking->open.recalled;
    enum jc_code code = jc_terminal_making_number(tx, making, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK,
                                                  jc_terminal_ms(recheck->ended_at), &recheck->document_number, err);
    if (code == JC_OK)
        code = jc_terminal_making_store(tx, making, JC_TERMINAL_RECHECK, err);
    if (code == JC_OK)
        code = jc_terminal_making_sources(tx, making, recheck->inspector_ids, recheck->n_inspector_ids, err);
    if (code == JC_OK)
        code = jc_terminal_source_keep(tx, making->command.subject_id, JC__ENTITY_KIND__ENTITY_KIND_ORDER,
                                       jc_view(recheck->order_id), err);
    return code;
}

static enum jc_code do_recheck(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct rechecking *rechecking = ctx;
    struct jc_terminal_making *making = &rechecking->making;
    struct jc_uuid task_id = jc_terminal_uuid_of(rechecking->recheck->task_id);
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = jc_terminal_standing_open(tx, task_id, 1u << JC__TASK_KIND__TASK_KIND_RECHECK, making->arena,
                                         &rechecking->open, err);
    if (code == JC_OK)
        code = complete(tx, rechecking, err);
    if (code == JC_OK)
        code = check(tx, rechecking, err);
    return code == JC_OK ? store(tx, rechecking, err) : code;
}

enum jc_code jc_terminal_recheck(struct jc_terminal *terminal, Jc__Recheck *recheck, struct jc_arena *arena,
                                 struct jc_terminal_work *out, struct jc_err *err) {
    struct rechecking rechecking = {{.terminal = terminal, .arena = arena, .out = out}, .recheck = recheck};
    return jc_terminal_write(terminal, do_recheck, &rechecking, err);
}
