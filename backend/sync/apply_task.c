/* ReturnTask, ReportUnitChange, VoidDocumentNumber: what an inspector says without a record.
 *
 * A returned task waits for the planner. A change of a unit is only kept: the register is the
 * planner's. A number that was spoiled on paper is voided on record, so that it is never missed. */
#include "sync/check.h"

#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "jiancha/v1/registry.pb-c.h"
#include "store/number.h"
#include "store/task.h"

/* --- return ----------------------------------------------------------------------------------------------- */

static enum jc_code check_return(struct jc_apply *apply, struct jc_err *err) {
    const Jc__ReturnTask *message = apply->body->return_task;
    char shown[JC_UUID_TEXT];
    Jc__Task *task = NULL;
    jc_check_given(apply, "return_task.reason", message->reason);
    enum jc_code code = jc_check_task(apply, "return_task.task_id", message->task_id, &task, err);
    if (code || !task)
        return code;
    struct jc_str id = jc_uuid_show(jc_view(message->task_id), shown);
    apply->unit_id = jc_str(task->unit_id);
    if (task->state != JC__TASK_STATE__TASK_STATE_OPEN || !jc_str_eq(jc_str(task->team_id), apply->caller->team_id))
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_CLOSED, id);
    else
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_RETURNED, id, jc_str(message->reason));
    return JC_OK;
}

static enum jc_code write_return(struct jc_apply *apply, struct jc_err *err) {
    const Jc__ReturnTask *message = apply->body->return_task;
    return jc_task_move(apply->tx, apply->caller->agency_id, jc_view(message->task_id),
                        JC__TASK_STATE__TASK_STATE_RETURNED, jc_str(message->reason), apply->now_ms, err);
}

/* --- unit ---------------------------------------------------------------------------------------------------- */

static enum jc_code check_unit_change(struct jc_apply *apply, struct jc_err *err) {
    const Jc__ReportUnitChange *message = apply->body->report_unit_change;
    bool known = false;
    apply->unit_id = jc_str(message->unit_id);
    enum jc_code code = jc_check_unit(apply, "report_unit_change.unit_id", message->unit_id, &known, err);
    if (code)
        return code;
    if (strcmp(message->field, "closed") != 0 &&
        !protobuf_c_message_descriptor_get_field_by_name(&jc__unit__descriptor, message->field))
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("report_unit_change.field"), jc_str(message->field));
    if (jc_verdict_applied(&apply->verdict))
        jc_verdict_add(&apply->verdict, JC_GROUND_UNIT_CHANGE, apply->unit_id, jc_str(message->field),
                       jc_str(message->value));
    return JC_OK;
}

/* --- document number ------------------------------------------------------------------------------------------ */

static enum jc_code check_void(struct jc_apply *apply, struct jc_err *err) {
    const Jc__VoidDocumentNumber *message = apply->body->void_document_number;
    enum jc_number_state state = JC_NUMBER_FOREIGN;
    char shown[64];
    jc_check_given(apply, "void_document_number.reason", message->reason);
    if (!message->document_number) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("void_document_number.document_number"));
        return JC_OK;
    }
    enum jc_code code = jc_check_number_state(apply, message->document_number, &state, err);
    if (!code && state != JC_NUMBER_FREE)
        jc_verdict_add(&apply->verdict, JC_GROUND_NUMBER_NOT_VOID, jc_show_number(message->document_number, shown));
    return code;
}

static enum jc_code write_void(struct jc_apply *apply, struct jc_err *err) {
    const Jc__VoidDocumentNumber *message = apply->body->void_document_number;
    return jc_number_record(apply->tx, apply->caller->agency_id, apply->caller->device_id, message->document_number,
                            true, &apply->numbers, err);
}

const struct jc_command jc_command_return_task = {JC__OPERATION_BODY__COMMAND_RETURN_TASK, "return_task", false,
                                                  check_return, write_return};
const struct jc_command jc_command_report_unit_change = {JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE,
                                                         "report_unit_change", false, check_unit_change, NULL};
const struct jc_command jc_command_void_document_number = {JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER,
                                                           "void_document_number", false, check_void, write_void};
