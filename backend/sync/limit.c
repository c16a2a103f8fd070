/* Dates in, dates out; the parameter and the holidays are read in the operation's transaction. */
#include "sync/limit.h"

#include "base/id.h"
#include "base/message.h"
#include "store/registry.h"
#include "store/task.h"

enum { LIMIT_MAX_DAYS = 3660 };

/* Days of the limit in force; *known false if there is none. */
static enum jc_code limit_on(struct jc_apply *apply, struct jc_date day, bool *known, int *days, bool *working,
                             struct jc_err *err) {
    struct jc_parameter parameter;
    enum jc_code code = jc_parameter_at(apply->tx, apply->caller->agency_id, JC_STR("recheck_due"), day, apply->scratch,
                                        &parameter, err);
    *known = false;
    if (code)
        return code == JC_NOT_FOUND ? JC_OK : code;
    *working = jc_str_eq(parameter.unit, JC_STR("working_days"));
    if ((!*working && !jc_str_eq(parameter.unit, JC_STR("calendar_days"))) || parameter.value_centi < 0 ||
        parameter.value_centi > LIMIT_MAX_DAYS * 100)
        return JC_OK;
    *days = (int)(parameter.value_centi / 100);
    *known = true;
    return JC_OK;
}

static enum jc_code load_calendar(struct jc_apply *apply, struct jc_err *err) {
    return apply->calendar ? JC_OK : jc_calendar_load(apply->tx, apply->arena, &apply->calendar, err);
}

/* The holidays of every year that is counted through must be known. */
static void flag_unknown_years(struct jc_apply *apply, int first, int last) {
    char shown[JC_NUMBER_TEXT];
    for (int year = first; year <= last; year++) {
        if (!jc_calendar_knows(apply->calendar, year)) {
            jc_verdict_add(&apply->verdict, JC_GROUND_NO_CALENDAR, jc_str_from_int64(year, shown));
            return;
        }
    }
}

enum jc_code jc_recheck_due(struct jc_apply *apply, struct jc_date deadline, struct jc_date *out, struct jc_err *err) {
    char shown[JC_TIME_MAX];
    bool known = false, working = false;
    int days = 0;
    *out = deadline;
    enum jc_code code = limit_on(apply, deadline, &known, &days, &working, err);
    if (!code && !known)
        jc_verdict_add(&apply->verdict, JC_GROUND_NO_LEGAL_LIMIT, jc_date_format(deadline, shown));
    if (!code && known)
        code = load_calendar(apply, err);
    if (code || !known)
        return code;
    *out = jc_calendar_add(apply->calendar, deadline, days, working);
    if (working)
        flag_unknown_years(apply, deadline.year, out->year);
    return JC_OK;
}

/* The words of a list joined by ; as protobuf-c wants them. */
static char **split(struct jc_arena *arena, struct jc_str joined, size_t *count) {
    struct {
        char **items;
        size_t count, capacity;
    } list = {0};
    struct jc_str word;
    while (joined.len && jc_str_cut(&joined, ';', &word)) {
        char **slot = JC_PUSH(arena, &list, char *);
        struct jc_str copy = jc_arena_copy(arena, word);
        if (!slot || !copy.ptr)
            return NULL;
        *slot = (char *)copy.ptr;
    }
    *count = list.count;
    return list.items;
}

enum jc_code jc_recheck_task_add(struct jc_apply *apply, const struct jc_order *order, struct jc_date due,
                                 struct jc_err *err) {
    char due_on[JC_TIME_MAX];
    struct jc_uuid id = jc_uuid_derive(apply->row.id, "recheck task");
    Jc__Task task = JC__TASK__INIT;
    task.task_id = (ProtobufCBinaryData){JC_UUID_SIZE, id.bytes};
    task.kind = JC__TASK_KIND__TASK_KIND_RECHECK;
    task.state = JC__TASK_STATE__TASK_STATE_OPEN;
    task.team_id = (char *)order->team_id.ptr;
    task.unit_id = (char *)order->unit_id.ptr;
    task.due_on = (char *)jc_date_format(due, due_on).ptr;
    task.mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    task.order_id = jc_data(order->order_id);
    task.inspector_ids = split(apply->scratch, order->inspector_ids, &task.n_inspector_ids);
    if (!task.inspector_ids)
        return jc_fail_memory(err);
    task.persons = (int32_t)task.n_inspector_ids;
    return jc_task_add(apply->tx, apply->caller->agency_id, &task, apply->now_ms, err);
}
