/* An operation that was rejected has no effect on the task. A record kept for review leaves the task to the
 * server: while the server says it is open, a corrected record may follow (both are kept, DESIGN section 5, point 3).
 * A task that was handed over is nobody's here until it is taken back.
 * A return holds while it is not sent, and then for as long as the server says so. */
#include "terminal/standing.h"

#include "terminal/entity.h"

struct jc_terminal_standing jc_terminal_standing(const Jc__Task *task,
                                                 const struct jc_terminal_operations *operations) {
    struct jc_terminal_standing standing = {0};
    bool returned_there = task && task->state == JC__TASK_STATE__TASK_STATE_RETURNED;
    for (size_t i = 0; i < operations->count; i++) {
        const struct jc_terminal_operation *operation = &operations->items[i];
        if (jc_terminal_stands(&operation->outcome) == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED)
            continue;
        switch (operation->outcome.command) {
        case JC__OPERATION_BODY__COMMAND_START_INSPECTION:
            standing.start = operation;
            standing.local = JC_TERMINAL_LOCAL_STARTED;
            break;
        case JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION:
        case JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK:
        case JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION:
            standing.start = standing.taken = NULL;
            standing.record = operation;
            standing.local = JC_TERMINAL_LOCAL_DONE;
            break;
        case JC__OPERATION_BODY__COMMAND_RETURN_TASK:
            if (operation->outcome.unsent || returned_there)
                standing.local = JC_TERMINAL_LOCAL_RETURNED;
            break;
        case JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK:
            standing.given = operation;
            standing.local = JC_TERMINAL_LOCAL_HANDED_OVER;
            break;
        case JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK:
            standing.given = NULL;
            standing.taken = operation;
            standing.local = JC_TERMINAL_LOCAL_STARTED;
            break;
        default:
            break;
        }
    }
    return standing;
}

struct jc_uuid jc_terminal_standing_inspection(const struct jc_terminal_standing *standing) {
    const struct jc_terminal_operation *from = standing->start ? standing->start : standing->taken;
    return from ? from->outcome.subject_id : (struct jc_uuid){{0}};
}

static enum jc_code refuse(const Jc__Task *task, const struct jc_terminal_standing *standing, struct jc_err *err) {
    const struct jc_terminal_operation *record = standing->record;
    bool kept = record && !record->outcome.unsent &&
                jc_terminal_stands(&record->outcome) == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
    if (task->state == JC__TASK_STATE__TASK_STATE_DONE || (record && !kept))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_TASK_DONE, jc_str(task->unit_id));
    if (standing->local == JC_TERMINAL_LOCAL_HANDED_OVER)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_TASK_HANDED_OVER, jc_str(task->unit_id));
    if (task->state == JC__TASK_STATE__TASK_STATE_RETURNED || standing->local == JC_TERMINAL_LOCAL_RETURNED)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_TASK_RETURNED, jc_str(task->unit_id));
    return JC_OK;
}

enum jc_code jc_terminal_standing_open(struct jc_tx *tx, struct jc_uuid task_id, unsigned kinds, struct jc_arena *arena,
                                       struct jc_terminal_open_task *out, struct jc_err *err) {
    ProtobufCMessage *message;
    struct jc_str id = {(const char *)task_id.bytes, sizeof task_id.bytes};
    *out = (struct jc_terminal_open_task){0};
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, id, arena, &message, err);
    if (code)
        return code;
    out->task = (Jc__Task *)message;
    if (!out->task) {
        char text[JC_UUID_TEXT];
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_TASK_UNKNOWN, jc_uuid_format(task_id, text));
    }
    if (out->task->kind < 0 || out->task->kind >= 32 || !(kinds & 1u << out->task->kind)) {
        enum jc_msg what = out->task->kind == JC__TASK_KIND__TASK_KIND_JOINT     ? JC_MSG_TERM_TASK_JOINT
                           : out->task->kind == JC__TASK_KIND__TASK_KIND_RECHECK ? JC_MSG_TERM_TASK_IS_RECHECK
                                                                                 : JC_MSG_TERM_TASK_NO_RECHECK;
        return jc_fail(err, JC_FAILED_PRECONDITION, what, jc_str(out->task->unit_id));
    }
    code = jc_terminal_operation_list(tx, (struct jc_uuid){{0}}, task_id, arena, &out->operations, err);
    if (code)
        return code;
    out->standing = jc_terminal_standing(out->task, &out->operations);
    out->recalled = out->task->state == JC__TASK_STATE__TASK_STATE_RECALLED;
    return refuse(out->task, &out->standing, err);
}
