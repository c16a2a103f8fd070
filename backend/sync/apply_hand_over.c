/* HandOverTask, TakeOverTask: unfinished work that goes from one terminal to another without a network.
 *
 * Neither moves the task: whose record counts is judged when a record arrives, as always. They say in the
 * evidence chain who gave the work to whom, and the second names the first; the task then says who has it. */
#include "sync/check.h"

#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/registry.h"
#include "store/task.h"

/* --- hand over ------------------------------------------------------------------------------------------ */

static bool check_inspection_id(struct jc_apply *apply, const char *field, ProtobufCBinaryData id) {
    return id.len == 0 || jc_check_id(apply, field, id);
}

static enum jc_code check_hand_over(struct jc_apply *apply, struct jc_err *err) {
    const Jc__HandOverTask *message = apply->body->hand_over_task;
    Jc__Task *task = NULL;
    Jc__Inspector *to = NULL;
    check_inspection_id(apply, "hand_over_task.inspection_id", message->inspection_id);
    enum jc_code code = jc_check_task(apply, "hand_over_task.task_id", message->task_id, &task, err);
    if (code || !task)
        return code;
    apply->unit_id = jc_str(task->unit_id);
    code = jc_inspector_get(apply->tx, apply->caller->agency_id, jc_str(message->to_inspector_id), apply->scratch, &to,
                            err);
    if (code != JC_NOT_FOUND)
        return code;
    jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, JC_STR("hand_over_task.to_inspector_id"),
                   jc_str(message->to_inspector_id));
    return JC_OK;
}

/* --- take over ------------------------------------------------------------------------------------------ */

/* The body of the operation that is said to have handed the task over; *out stays NULL if there is none. */
static enum jc_code find_hand_over(struct jc_apply *apply, ProtobufCBinaryData id, struct jc_operation *stored,
                                   const Jc__HandOverTask **out, struct jc_err *err) {
    struct jc_uuid hand_over_id;
    bool found = false;
    struct jc_str body = {0}, arg;
    enum jc_ground ground;
    const Jc__OperationBody *message = NULL;
    memcpy(hand_over_id.bytes, id.data, JC_UUID_SIZE);
    enum jc_code code =
        jc_operation_find(apply->tx, apply->caller->agency_id, hand_over_id, apply->scratch, stored, &found, err);
    if (code || !found)
        return code;
    code = jc_operation_body(apply->tx, apply->caller->agency_id, stored->operation_no, apply->scratch, &body, err);
    if (!code && body.ptr)
        code = jc_sync_decode(body, apply->scratch, &message, &ground, &arg, err);
    if (!code && message && message->command_case == JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK)
        *out = message->hand_over_task;
    return code;
}

/* Handed to whoever took it; or whoever handed it over took it back. Not compared: the device it came from, which may
 * have been enrolled anew meanwhile. */
static bool fits(const struct jc_apply *apply, const struct jc_operation *stored, const Jc__HandOverTask *given) {
    const Jc__TakeOverTask *taken = apply->body->take_over_task;
    return given && jc_str_eq(jc_view(given->task_id), jc_view(taken->task_id)) &&
           (jc_str_eq(jc_str(given->to_inspector_id), apply->row.inspector_id) ||
            jc_str_eq(stored->inspector_id, apply->row.inspector_id));
}

static enum jc_code check_take_over(struct jc_apply *apply, struct jc_err *err) {
    const Jc__TakeOverTask *message = apply->body->take_over_task;
    const Jc__HandOverTask *given = NULL;
    struct jc_operation stored = {0};
    char id[JC_UUID_TEXT], task_id[JC_UUID_TEXT];
    Jc__Task *task = NULL;
    check_inspection_id(apply, "take_over_task.inspection_id", message->inspection_id);
    if (!jc_check_id(apply, "take_over_task.from_device_id", message->from_device_id) ||
        !jc_check_id(apply, "take_over_task.hand_over_id", message->hand_over_id))
        return JC_OK;
    enum jc_code code = jc_check_task(apply, "take_over_task.task_id", message->task_id, &task, err);
    if (code || !task)
        return code;
    apply->unit_id = jc_str(task->unit_id);
    apply->work = task;
    code = find_hand_over(apply, message->hand_over_id, &stored, &given, err);
    if (!code && !fits(apply, &stored, given))
        jc_verdict_add(&apply->verdict, JC_GROUND_HAND_OVER_UNKNOWN, jc_uuid_show(jc_view(message->task_id), task_id),
                       jc_uuid_show(jc_view(message->hand_over_id), id));
    return code;
}

static enum jc_code write_take_over(struct jc_apply *apply, struct jc_err *err) {
    return jc_task_hold(apply->tx, apply->caller->agency_id, apply->work, apply->row.inspector_id, err);
}

const struct jc_command jc_command_hand_over_task = {JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK, "hand_over_task",
                                                     false, check_hand_over, NULL};
const struct jc_command jc_command_take_over_task = {JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK, "take_over_task",
                                                     false, check_take_over, write_take_over};
