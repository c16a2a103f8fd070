/* Deciding is reading the review with its operation, doing what the kind says, and then, whatever the
 * kind, one row of the chain, the closed review, one change row and one line of the audit log.
 *
 * A returned task is decided by moving the task; what was kept is applied once more with the grounds
 * overruled that stand in the review and may be (store/verdict.h); a record that lies beside another is
 * written already, so that accepting it only makes it the record if there is none
 * (sync/standing.h says what becomes of records). What must never happen: an operation is
 * applied twice, therefore a closed review is never decided again. */
#include "sync/review.h"

#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/audit_log.h"
#include "store/id_conflict.h"
#include "store/inspection.h"
#include "store/review.h"
#include "store/stamp.h"
#include "store/task.h"
#include "sync/apply.h"
#include "sync/recall.h"
#include "sync/release.h"
#include "sync/standing.h"
#include "sync/withdraw.h"

struct decision {
    struct jc_tx *tx;
    const struct jc_review_act *act;
    struct jc_arena *arena;
    struct jc_review_case kase;
    Jc__OperationResult *result;
    struct jc_inspection own;   /* what the operation wrote, */
    bool wrote;                 /* if it did */
    struct jc_inspection named; /* of LINK */
    bool stays_open;            /* it could not be carried out */
};

/* --- looking ------------------------------------------------------------------------------------------ */

/* Of a review that was opened again (store/review.h): what was decided then. */
static bool decided_before(const struct decision *d, Jc__ReviewDecisionKind kind) {
    return d->kase.review->decision && d->kase.review->decision->kind == kind;
}

static enum jc_code check_open(const struct decision *d, struct jc_err *err) {
    const Jc__Review *review = d->kase.review;
    char number[JC_NUMBER_TEXT], time[JC_TIME_MAX];
    int64_t decided_ms = 0;
    if (review->state == JC__REVIEW_STATE__REVIEW_STATE_OPEN)
        return JC_OK;
    (void)jc_stamp_to_ms(review->decided_at, &decided_ms);
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_DECIDED, jc_str_from_int64(review->review_id, number),
                   jc_str(review->decision->decided_by), jc_time_format(decided_ms, time));
}

/* The inspection it is linked to: of this agency, not the operation's own, and itself linked to none, so that
 * two never give way to each other. */
static enum jc_code check_link(struct decision *d, struct jc_err *err) {
    char shown[JC_UUID_TEXT], other[JC_UUID_TEXT];
    struct jc_str id = d->act->linked_inspection_id;
    bool found = false;
    enum jc_code code = jc_inspection_find(d->tx, d->act->agency_id, id, d->arena, &d->named, &found, err);
    if (!code && found && d->named.linked_to.len)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_LINK_LINKED, jc_uuid_show(id, shown),
                       jc_uuid_show(d->named.linked_to, other));
    if (code || (found && d->named.operation_no != d->act->review_id))
        return code;
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_REVIEW_LINK_UNKNOWN, jc_uuid_show(id, shown));
}

static enum jc_code check_act(struct decision *d, struct jc_err *err) {
    enum jc_code code = check_open(d, err);
    if (code)
        return code;
    switch (d->act->kind) {
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT:
        return JC_OK;
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT:
        return jc_str_trim(d->act->note).len ? JC_OK : jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_REASON_MISSING);
    case JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK:
        return check_link(d, err);
    default:
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_REVIEW_KIND);
    }
}

/* --- carrying it out ------------------------------------------------------------------------------------ */

static enum jc_code look_at_own(struct decision *d, struct jc_err *err) {
    return jc_standing_own(d->tx, d->act->agency_id, &d->kase, d->arena, &d->own, &d->wrote, err);
}

/* What was kept is applied now, as far as the planner's word goes; `settled`: grounds that are none any more. */
static enum jc_code apply_kept(struct decision *d, bool must_lie_beside, uint64_t settled, struct jc_err *err) {
    const struct jc_operation *operation = &d->kase.operation;
    uint64_t overruled = (jc_verdict_grounds(operation->grounds) & jc_verdict_may_overrule()) | settled;
    char number[JC_NUMBER_TEXT];
    if (!operation->body.ptr)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_BODY_GONE,
                       jc_str_from_int64(d->act->review_id, number));
    return jc_apply_again(d->tx, d->act->agency_id, operation, overruled, must_lie_beside, d->arena, &d->result, err);
}

static enum jc_code accept_kept(struct decision *d, struct jc_err *err) {
    bool lifted = false;
    if (d->wrote)
        return jc_standing_accept(d->tx, d->act->agency_id, &d->own, d->act->now_ms, err);
    enum jc_code code = jc_withdraw_beside(d->tx, d->act->agency_id, &d->kase, d->arena, &lifted, err);
    if (!code)
        code = apply_kept(d, false, lifted ? UINT64_C(1) << JC_GROUND_NUMBER_USED : 0, err); /* by its own row */
    if (code)
        return code;
    d->stays_open = d->result->status != JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    return lifted && d->stays_open ? jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_REVIEW_BESIDE) : JC_OK;
}

static bool is_inspection(const struct decision *d) {
    const char *command = d->kase.review->command;
    return strcmp(command, jc_command_submit_inspection.name) == 0 ||
           strcmp(command, jc_command_add_ad_hoc_inspection.name) == 0;
}

/* An inspection that was kept is written beside the one it belongs to; other operations only say so. */
static enum jc_code link_own(struct decision *d, struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool kept = d->kase.operation.status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
    if (!d->wrote && kept && is_inspection(d)) {
        code = apply_kept(d, true, 0, err);
        if (!code)
            code = look_at_own(d, err);
        d->stays_open = !d->wrote;
    }
    if (code || !d->wrote)
        return code;
    d->result = NULL; /* written: nothing stands against it any more */
    return jc_standing_link(d->tx, d->act->agency_id, &d->own, &d->named, err);
}

static enum jc_code unlink_own(struct decision *d, struct jc_err *err) {
    enum jc_code code = jc_standing_unlink(d->tx, d->act->agency_id, &d->own, d->kase.review->decision, err);
    return code ? code : look_at_own(d, err);
}

/* Of what was applied and flagged. One whose id alone is in doubt stays: the review is about the other. */
static enum jc_code reject_flagged(struct decision *d, struct jc_err *err) {
    bool id_alone = !d->kase.operation.reason && !(d->kase.grounds >> JC_GROUND_SEAL_LATE_WRONG & 1), withdrew = false;
    enum jc_code code = JC_OK;
    if (id_alone)
        return JC_OK;
    if (!d->wrote)
        return jc_withdraw(d->tx, d->act->agency_id, &d->kase, d->act->note, d->act->now_ms, d->arena, &withdrew, err);
    if (decided_before(d, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK))
        code = unlink_own(d, err);
    if (code || !d->own.is_record)
        return code;
    return jc_standing_reject(d->tx, d->act->agency_id, &d->kase, &d->own, d->act->note, d->act->now_ms, err);
}

/* The planner's answer to a return: taken back, or open again with the note. A task that somebody moved
 * meanwhile stays as it is. */
static enum jc_code answer_return(struct decision *d, struct jc_err *err) {
    bool accept = d->act->kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT;
    struct jc_str id = jc_view(d->kase.review->task_id);
    Jc__Task *task = NULL;
    enum jc_code code = jc_task_get(d->tx, d->act->agency_id, id, d->arena, &task, err);
    if (code || task->state != JC__TASK_STATE__TASK_STATE_RETURNED)
        return code == JC_NOT_FOUND ? JC_OK : code;
    if (!accept)
        code = jc_task_note(d->tx, d->act->agency_id, id, d->act->note, err);
    if (code)
        return code;
    return jc_task_move(d->tx, d->act->agency_id, id,
                        accept ? JC__TASK_STATE__TASK_STATE_RECALLED : JC__TASK_STATE__TASK_STATE_OPEN,
                        accept ? jc_str(task->return_reason) : JC_STR(""), d->act->now_ms, err);
}

static enum jc_code carry_out(struct decision *d, struct jc_err *err) {
    Jc__ReviewDecisionKind kind = d->act->kind;
    Jc__OperationStatus status = d->kase.operation.status;
    enum jc_code code = look_at_own(d, err);
    if (code)
        return code;
    if (kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK)
        return link_own(d, err);
    if (d->kase.review->reason == JC__REVIEW_REASON__REVIEW_REASON_TASK_RETURNED)
        return answer_return(d, err);
    bool applied = status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED ||
                   decided_before(d, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT);
    if (kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT)
        return applied || d->wrote ? reject_flagged(d, err) : JC_OK;
    return !applied && status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW ? accept_kept(d, err) : JC_OK;
}

/* --- what any decision leaves ----------------------------------------------------------------------------- */

static enum jc_code conclude(struct decision *d, struct jc_err *err) {
    static const char *const ACTS[] = {"", "review.accept", "review.reject", "review.link"};
    const struct jc_review_act *act = d->act;
    char number[JC_NUMBER_TEXT];
    Jc__ReviewDecision decision = JC__REVIEW_DECISION__INIT;
    decision.review_id = act->review_id;
    decision.operation_id = d->kase.review->operation_id;
    decision.kind = act->kind;
    if (act->kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK)
        decision.linked_inspection_id = jc_data(act->linked_inspection_id);
    decision.note = (char *)jc_arena_copy(d->arena, act->note).ptr;
    decision.decided_by = (char *)jc_arena_copy(d->arena, act->actor).ptr;
    if (!decision.note || !decision.decided_by)
        return jc_fail_memory(err);
    enum jc_code code =
        jc_decision_record(d->tx, act->agency_id, &decision, d->kase.team_id, act->now_ms, d->arena, err);
    if (!code)
        code = jc_audit_log_add(d->tx, act->agency_id, act->now_ms, act->actor, jc_str(ACTS[act->kind]),
                                jc_str_from_int64(act->review_id, number), act->note, err);
    if (!code && act->kind == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT)
        code = jc_release(d->tx, act->agency_id, d->kase.operation.id, act->now_ms, d->arena, err);
    return code;
}

enum jc_code jc_review_decide(struct jc_tx *tx, const struct jc_review_act *act, struct jc_arena *arena,
                              Jc__DecideReviewResponse **out, struct jc_err *err) {
    struct decision d = {.tx = tx, .act = act, .arena = arena};
    Jc__DecideReviewResponse *response = JC_NEW(arena, Jc__DecideReviewResponse);
    if (!response)
        return jc_fail_memory(err);
    jc__decide_review_response__init(response);
    enum jc_code code = jc_review_get(tx, act->agency_id, act->review_id, arena, &d.kase, err);
    if (!code)
        code = check_act(&d, err);
    if (!code)
        code = carry_out(&d, err);
    if (!code && !d.stays_open)
        code = conclude(&d, err);
    if (!code)
        code = jc_review_get(tx, act->agency_id, act->review_id, arena, &d.kase, err);
    if (code)
        return code;
    response->review = d.kase.review;
    response->result = d.result;
    *out = response;
    return JC_OK;
}

/* --- showing ---------------------------------------------------------------------------------------------- */

/* The record that the operation's task has, if another brought it. */
static enum jc_code find_record(struct jc_tx *tx, int64_t agency_id, const Jc__Review *review, struct jc_arena *arena,
                                Jc__Inspection **out, struct jc_err *err) {
    const Jc__OperationBody *body = NULL;
    struct jc_str bytes = {0}, arg;
    enum jc_ground ground;
    if (!review->task_id.len)
        return JC_OK;
    enum jc_code code = jc_review_rival(tx, agency_id, review, arena, &bytes, err);
    if (!code && bytes.ptr)
        code = jc_sync_decode(bytes, arena, &body, &ground, &arg, err);
    if (!code && body && body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION)
        *out = body->submit_inspection->inspection;
    return code;
}

/* Wall clock of the terminal against the server's at the moment the operation was made. */
static enum jc_code add_clock(Jc__GetReviewResponse *response, int64_t estimated_ms, struct jc_arena *arena,
                              struct jc_err *err) {
    int64_t device_ms = 0;
    const Jc__OperationBody *body = response->operation;
    if (!estimated_ms || !body || !jc_stamp_to_ms(body->device_time, &device_ms))
        return JC_OK;
    response->clock_offset_ms = device_ms - estimated_ms;
    response->estimated_at = jc_stamp_of_ms(arena, estimated_ms);
    return response->estimated_at ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_review_show(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_arena *arena,
                            Jc__GetReviewResponse **out, struct jc_err *err) {
    Jc__GetReviewResponse *response = JC_NEW(arena, Jc__GetReviewResponse);
    const Jc__OperationBody *body = NULL;
    struct jc_review_case kase;
    struct jc_str arg;
    enum jc_ground ground;
    if (!response)
        return jc_fail_memory(err);
    jc__get_review_response__init(response);
    enum jc_code code = jc_review_get(tx, agency_id, review_id, arena, &kase, err);
    if (!code && kase.operation.body.ptr)
        code = jc_sync_decode(kase.operation.body, arena, &body, &ground, &arg, err);
    if (!code)
        code = find_record(tx, agency_id, kase.review, arena, &response->record, err);
    if (!code)
        code = jc_id_conflict_list(tx, agency_id, review_id, arena, &response->conflicts, &response->n_conflicts, err);
    if (code)
        return code;
    response->review = kase.review;
    response->operation = (Jc__OperationBody *)body;
    *out = response;
    return add_clock(response, kase.operation.estimated_ms, arena, err);
}
