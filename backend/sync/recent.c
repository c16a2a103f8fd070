/* One look into the index of a unit's records for each open visit that is sent. */
#include "sync/recent.h"

#include "base/clock.h"
#include "store/near.h"
#include "store/registry.h"
#include "store/stamp.h"
#include "sync/known.h"

enum {
    USUAL_DAYS = 30,
    DAYS_MAX = 3660,
    VISITS_MAX = 3,
};

enum jc_code jc_recent_days(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_arena *arena, int64_t *out,
                            struct jc_err *err) {
    return jc_known_parameter(tx, agency_id, JC_STR("duplicate_visit_days"), jc_date_of_ms(now_ms), USUAL_DAYS,
                              DAYS_MAX, arena, out, err);
}

static Jc__RecentVisit *visit_of(const struct jc_near_visit *near, int64_t days, struct jc_arena *arena) {
    char text[JC_TIME_MAX];
    struct jc_date until = jc_date_from_days(jc_date_to_days(jc_date_of_ms(near->ended_ms)) + days);
    Jc__RecentVisit *visit = JC_NEW(arena, Jc__RecentVisit);
    struct jc_str day = jc_arena_copy(arena, jc_date_format(until, text));
    if (!visit || !day.ptr)
        return NULL;
    jc__recent_visit__init(visit);
    visit->inspection_id =
        (ProtobufCBinaryData){near->inspection_id.len, (uint8_t *)(uintptr_t)near->inspection_id.ptr};
    visit->team_id = (char *)(uintptr_t)near->team_id.ptr;
    visit->ended_at = jc_stamp_of_ms(arena, near->ended_ms);
    visit->recent_until = (char *)(uintptr_t)day.ptr;
    visit->ad_hoc = near->ad_hoc;
    return visit->ended_at ? visit : NULL;
}

enum jc_code jc_recent_load(struct jc_tx *tx, int64_t agency_id, int64_t days, struct jc_arena *arena, Jc__Task *task,
                            struct jc_err *err) {
    struct jc_near_visit near[VISITS_MAX];
    size_t count = 0;
    struct jc_date due;
    bool to_do = task->state == JC__TASK_STATE__TASK_STATE_OPEN || task->state == JC__TASK_STATE__TASK_STATE_RETURNED;
    if (!to_do || task->kind != JC__TASK_KIND__TASK_KIND_VISIT || !days || !jc_date_parse(jc_str(task->due_on), &due))
        return JC_OK;
    due.day = 1;
    int64_t from_ms = jc_date_to_ms(jc_date_from_days(jc_date_to_days(due) - days));
    struct jc_str own = {(const char *)task->task_id.data, task->task_id.len};
    enum jc_code code =
        jc_near_list(tx, agency_id, jc_str(task->unit_id), from_ms, own, VISITS_MAX, arena, near, &count, err);
    if (code || !count)
        return code;
    task->recent_visits = JC_NEW_ARRAY(arena, count, Jc__RecentVisit *);
    if (!task->recent_visits)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        task->recent_visits[i] = visit_of(&near[i], days, arena);
        if (!task->recent_visits[i])
            return jc_fail_memory(err);
    }
    task->n_recent_visits = count;
    return JC_OK;
}
