/* Two columns of `inspection`, is_record and linked_to, and the state of the task. */
#include "sync/standing.h"

#include "base/message.h"
#include "store/finding.h"
#include "store/task.h"
#include "store/verdict.h"
#include "sync/prepare.h"

enum jc_code jc_standing_own(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                             struct jc_arena *arena, struct jc_inspection *out, bool *found, struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    const Jc__Inspection *message = NULL;
    struct jc_str arg;
    enum jc_ground ground;
    *found = false;
    if (!kase->operation.body.ptr)
        return JC_OK;
    enum jc_code code = jc_sync_decode(kase->operation.body, arena, &body, &ground, &arg, err);
    if (code || !body)
        return code;
    if (body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        message = body->submit_inspection->inspection;
    else if (body->command_case == JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION)
        message = body->add_ad_hoc_inspection->inspection;
    if (!message)
        return JC_OK;
    code = jc_inspection_find(tx, agency_id, jc_view(message->inspection_id), arena, out, found, err);
    *found = *found && out->operation_no == kase->operation.operation_no;
    return code;
}

static enum jc_code may_give_way(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *inspection, bool *may,
                                 struct jc_err *err) {
    bool ordered = false;
    *may = !inspection->task_id.len;
    enum jc_code code = *may ? jc_inspection_has_order(tx, agency_id, inspection->inspection_id, &ordered, err) : JC_OK;
    *may = *may && !ordered;
    return code;
}

/* Whoever is to go to the unit is shown who was there lately (sync/recent.h): a record more or less changes that. */
static enum jc_code tell_visits(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *inspection,
                                struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = arena ? jc_task_tell_visits(tx, agency_id, inspection->unit_id, inspection->task_id, arena, err)
                              : jc_fail_memory(err);
    jc_arena_free(arena);
    return code;
}

enum jc_code jc_standing_link(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own,
                              const struct jc_inspection *named, struct jc_err *err) {
    bool own_may = false, named_may = false;
    enum jc_code code = may_give_way(tx, agency_id, own, &own_may, err);
    if (!code && !own_may && own->is_record)
        code = may_give_way(tx, agency_id, named, &named_may, err);
    if (code)
        return code;
    const struct jc_inspection *from = named_may ? named : own, *to = named_may ? own : named;
    code = jc_inspection_link(tx, agency_id, from->inspection_id, to->inspection_id,
                              from->is_record && !own_may && !named_may, err);
    return code ? code : tell_visits(tx, agency_id, from, err);
}

enum jc_code jc_standing_unlink(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own,
                                const Jc__ReviewDecision *decision, struct jc_err *err) {
    struct jc_str named = jc_view(decision->linked_inspection_id);
    enum jc_code code = jc_inspection_unlink(tx, agency_id, own->inspection_id, named, own->is_record, err);
    return code ? code : jc_inspection_unlink(tx, agency_id, named, own->inspection_id, true, err);
}

enum jc_code jc_standing_task_back(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                   struct jc_str task_id, struct jc_str note, int64_t now_ms, struct jc_err *err) {
    uint64_t grounds = jc_verdict_grounds(kase->operation.grounds);
    if (grounds >> JC_GROUND_TASK_LATE_RECALLED & 1)
        return jc_task_move(tx, agency_id, task_id, JC__TASK_STATE__TASK_STATE_RECALLED, note, now_ms, err);
    if (grounds >> JC_GROUND_TASK_LATE_RETURNED & 1)
        return jc_task_move(tx, agency_id, task_id, JC__TASK_STATE__TASK_STATE_RETURNED, note, now_ms, err);
    enum jc_code code = jc_task_note(tx, agency_id, task_id, note, err);
    return code ? code : jc_task_move(tx, agency_id, task_id, JC__TASK_STATE__TASK_STATE_OPEN, JC_STR(""), now_ms, err);
}

/* One that was rejected has no finding. */
static enum jc_code has_order_in_force(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own, bool *out,
                                       struct jc_err *err) {
    struct jc_finding *findings = NULL;
    size_t count = 0;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = arena
                            ? jc_finding_of_inspection(tx, agency_id, own->inspection_id, arena, &findings, &count, err)
                            : jc_fail_memory(err);
    *out = false;
    for (size_t i = 0; !code && i < count; i++)
        *out = *out || findings[i].order_id.len;
    jc_arena_free(arena);
    return code;
}

enum jc_code jc_standing_reject(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                const struct jc_inspection *own, struct jc_str note, int64_t now_ms,
                                struct jc_err *err) {
    bool ordered = false;
    enum jc_code code = has_order_in_force(tx, agency_id, own, &ordered, err);
    if (!code && ordered)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_ORDERED);
    if (!code)
        code = jc_inspection_count(tx, agency_id, own->inspection_id, false, err);
    if (!code)
        code = tell_visits(tx, agency_id, own, err);
    return code || !own->task_id.len ? code
                                     : jc_standing_task_back(tx, agency_id, kase, own->task_id, note, now_ms, err);
}

enum jc_code jc_standing_accept(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own, int64_t now_ms,
                                struct jc_err *err) {
    bool recorded = true;
    enum jc_code code = JC_OK;
    if (own->task_id.len && !own->is_record)
        code = jc_inspection_is_recorded(tx, agency_id, own->task_id, &recorded, err);
    if (code || recorded)
        return code;
    code = jc_inspection_count(tx, agency_id, own->inspection_id, true, err);
    if (!code)
        code = tell_visits(tx, agency_id, own, err);
    return code ? code
                : jc_task_move(tx, agency_id, own->task_id, JC__TASK_STATE__TASK_STATE_DONE, JC_STR(""),
                               own->ended_ms < now_ms ? own->ended_ms : now_ms, err);
}
