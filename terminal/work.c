/* Work is made in one transaction: checks, number, operation and sources are there together or not at all, also
 * across a kill. This file has what inspections, orders and rechecks share, and the two commands without a
 * document: arrival on site and the return of a task. */
#include "terminal/work.h"

#include <string.h>

#include "terminal/check.h"
#include "terminal/entity.h"
#include "terminal/number.h"

/* --- shared -------------------------------------------------------------------------------------------- */

Google__Protobuf__Timestamp *jc_terminal_timestamp(struct jc_arena *arena, int64_t ms) {
    Google__Protobuf__Timestamp *time = JC_NEW(arena, Google__Protobuf__Timestamp);
    if (!time)
        return NULL;
    google__protobuf__timestamp__init(time);
    int64_t rest = ms % 1000 < 0 ? ms % 1000 + 1000 : ms % 1000;
    time->seconds = (ms - rest) / 1000;
    time->nanos = (int32_t)rest * 1000000;
    return time;
}

bool jc_terminal_workdays_add(struct jc_arena *arena, struct jc_terminal_workdays *list, char *team_id, int persons,
                              int days_centi) {
    if (persons <= 0 || days_centi <= 0)
        return true;
    Jc__TeamWorkdays **item = JC_PUSH(arena, list, Jc__TeamWorkdays *);
    if (item)
        *item = JC_NEW(arena, Jc__TeamWorkdays);
    if (!item || !*item)
        return false;
    jc__team_workdays__init(*item);
    (*item)->team_id = team_id;
    (*item)->workdays_centi = (int64_t)persons * days_centi;
    return true;
}

enum jc_code jc_terminal_making_begin(struct jc_tx *tx, struct jc_terminal_making *making, struct jc_err *err) {
    *making->out = (struct jc_terminal_work){.document_number = JC__DOCUMENT_NUMBER__INIT};
    return jc_terminal_self_enrolled(tx, making->arena, &making->self, err);
}

enum jc_code jc_terminal_making_number(struct jc_tx *tx, struct jc_terminal_making *making, Jc__DocumentKind kind,
                                       int64_t day_ms, Jc__DocumentNumber **out, struct jc_err *err) {
    Jc__DocumentNumber *number = JC_NEW(making->arena, Jc__DocumentNumber);
    if (!number)
        return jc_fail_memory(err);
    jc__document_number__init(number);
    number->kind = kind;
    number->year = jc_date_of_ms(day_ms).year;
    enum jc_code code = jc_terminal_number_take(tx, making->self.holder.device_id, kind, number->year,
                                                making->command.subject_id, &number->number, err);
    making->out->document_number = *number;
    *out = number;
    return code;
}

enum jc_code jc_terminal_making_store(struct jc_tx *tx, struct jc_terminal_making *making, enum jc_terminal_noun noun,
                                      struct jc_err *err) {
    making->command.operation_id = jc_uuid7(&making->terminal->wall);
    making->out->operation_id = making->command.operation_id;
    making->out->subject = (struct jc_terminal_ref){noun, making->command.subject_id};
    making->out->task_id = making->command.task_id;
    enum jc_code code =
        jc_terminal_operation_add(tx, making->terminal, &making->self, &making->command, making->arena, err);
    jc_sign_forget(making->self.secret_key, sizeof making->self.secret_key);
    return code;
}

const Jc__RecentVisit *jc_terminal_duplicate_of(const Jc__Task *task, int64_t now_ms) {
    char today[JC_TIME_MAX];
    jc_date_format(jc_date_of_ms(now_ms), today);
    for (size_t i = 0; task && i < task->n_recent_visits; i++) {
        const Jc__RecentVisit *visit = task->recent_visits[i];
        if (visit->ad_hoc && strcmp(visit->recent_until, today) >= 0)
            return visit;
    }
    return NULL;
}

static enum jc_code keep_person(struct jc_tx *tx, struct jc_terminal_making *making, const char *inspector_id,
                                struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    struct jc_uuid subject = making->command.subject_id;
    struct jc_str id = jc_str(inspector_id);
    enum jc_code code = jc_terminal_source_keep(tx, subject, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, id, err);
    if (code == JC_OK)
        code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, id, making->arena, &message, err);
    const Jc__Inspector *person = (const Jc__Inspector *)message;
    if (code == JC_OK && person)
        code = jc_terminal_source_keep(tx, subject, JC__ENTITY_KIND__ENTITY_KIND_TEAM, jc_str(person->team_id), err);
    return code;
}

enum jc_code jc_terminal_making_sources(struct jc_tx *tx, struct jc_terminal_making *making, char *const *inspector_ids,
                                        size_t count, struct jc_err *err) {
    struct jc_uuid subject = making->command.subject_id, task_id = making->command.task_id;
    struct jc_str task = {(const char *)task_id.bytes, sizeof task_id.bytes};
    enum jc_code code =
        jc_terminal_source_keep(tx, subject, JC__ENTITY_KIND__ENTITY_KIND_AGENCY, making->self.holder.agency_id, err);
    if (code == JC_OK)
        code = jc_terminal_source_keep(tx, subject, JC__ENTITY_KIND__ENTITY_KIND_UNIT, making->command.unit_id, err);
    if (code == JC_OK)
        code = jc_terminal_source_keep(tx, subject, JC__ENTITY_KIND__ENTITY_KIND_TASK, task, err);
    for (size_t i = 0; code == JC_OK && i < count; i++)
        code = keep_person(tx, making, inspector_ids[i], err);
    return code;
}

/* --- arrival on site ------------------------------------------------------------------------------------- */

enum { KINDS_INSPECTED = 1 << JC__TASK_KIND__TASK_KIND_VISIT | 1 << JC__TASK_KIND__TASK_KIND_AD_HOC };

struct beginning {
    struct jc_terminal_making making;
    const struct jc_terminal_arrival *arrival;
};

static enum jc_code begin(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct beginning *beginning = ctx;
    struct jc_terminal_making *making = &beginning->making;
    const struct jc_terminal_arrival *arrival = beginning->arrival;
    struct jc_terminal_open_task open;
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = jc_terminal_standing_open(tx, arrival->task_id, KINDS_INSPECTED, making->arena, &open, err);
    if (code)
        return code;
    if (open.standing.start)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_TASK_BEGUN, jc_str(open.task->unit_id));
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    start.n_inspector_ids = arrival->inspector_count;
    start.inspector_ids = JC_NEW_ARRAY(making->arena, arrival->inspector_count, char *);
    start.started_at = jc_terminal_timestamp(making->arena, arrival->started_ms);
    if (!start.inspector_ids || !start.started_at)
        return jc_fail_memory(err);
    for (size_t i = 0; i < arrival->inspector_count; i++)
        start.inspector_ids[i] = (char *)(uintptr_t)arrival->inspector_ids[i];
    code = jc_terminal_check_persons(tx, start.inspector_ids, start.n_inspector_ids, jc_str(open.task->unit_id),
                                     jc_str(open.task->team_id), making->arena, err);
    if (code)
        return code;
    struct jc_uuid inspection_id = jc_terminal_standing_inspection(&open.standing);
    if (jc_terminal_uuid_is_zero(inspection_id))
        inspection_id = jc_uuid7(&making->terminal->wall);
    start.inspection_id = (ProtobufCBinaryData){JC_UUID_SIZE, inspection_id.bytes};
    start.task_id = open.task->task_id;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.command_case = JC__OPERATION_BODY__COMMAND_START_INSPECTION;
    body.start_inspection = &start;
    making->command = (struct jc_terminal_command){
        .body = &body, .task_id = arrival->task_id, .subject_id = inspection_id, .unit_id = jc_str(open.task->unit_id)};
    making->out->recalled = open.recalled;
    making->out->duplicate_of = jc_terminal_duplicate_of(open.task, jc_clock_now_ms(&making->terminal->wall));
    return jc_terminal_making_store(tx, making, JC_TERMINAL_INSPECTION, err);
}

enum jc_code jc_terminal_begin(struct jc_terminal *terminal, const struct jc_terminal_arrival *arrival,
                               struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err) {
    struct beginning beginning = {{.terminal = terminal, .arena = arena, .out = out}, arrival};
    return jc_terminal_write(terminal, begin, &beginning, err);
}

/* --- return ------------------------------------------------------------------------------------------------ */

struct returning {
    struct jc_terminal_making making;
    struct jc_uuid task_id;
    struct jc_str reason;
};

static enum jc_code give_back(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct returning *returning = ctx;
    struct jc_terminal_making *making = &returning->making;
    unsigned any = ~0u;
    struct jc_terminal_open_task open;
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = jc_terminal_standing_open(tx, returning->task_id, any, making->arena, &open, err);
    if (code)
        return code;
    struct jc_str reason = jc_arena_copy(making->arena, jc_str_trim(returning->reason));
    if (!reason.ptr)
        return jc_fail_memory(err);
    if (reason.len == 0)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_REASON_MISSING);
    Jc__ReturnTask give = JC__RETURN_TASK__INIT;
    give.task_id = open.task->task_id;
    give.reason = (char *)(uintptr_t)reason.ptr;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.command_case = JC__OPERATION_BODY__COMMAND_RETURN_TASK;
    body.return_task = &give;
    making->command = (struct jc_terminal_command){.body = &body,
                                                   .task_id = returning->task_id,
                                                   .subject_id = returning->task_id,
                                                   .unit_id = jc_str(open.task->unit_id)};
    making->out->recalled = open.recalled;
    return jc_terminal_making_store(tx, making, JC_TERMINAL_TASK, err);
}

enum jc_code jc_terminal_return(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_str reason,
                                struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err) {
    struct returning returning = {{.terminal = terminal, .arena = arena, .out = out}, task_id, reason};
    return jc_terminal_write(terminal, give_back, &returning, err);
}
