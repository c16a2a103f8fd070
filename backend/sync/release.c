/* A list of operations that became applied, worked off from its front; each may add those that waited
 * for it. An operation waits under every dependency that was missing and is looked at under each; it is
 * applied once, because its review is closed with that. Cost: one look-up for each applied operation. */
#include "sync/release.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/change.h"
#include "store/review.h"
#include "store/stamp.h"
#include "store/waiting.h"
#include "sync/apply.h"

static const char SERVER[] = "server"; /* who decides */

enum jc_code jc_decision_record(struct jc_tx *tx, int64_t agency_id, const Jc__ReviewDecision *decision,
                                struct jc_str team_id, int64_t now_ms, struct jc_arena *arena, struct jc_err *err) {
    char purpose[64] = "review decision";
    int64_t earlier_no = 0;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    struct jc_uuid decided = {{0}};
    struct jc_operation row = {.received_ms = now_ms,
                               .inspector_id = JC_STR(""),
                               .format = JC_OPERATION_CHAINED,
                               .seal = JC_STR(""),
                               .depends_on = JC_STR(""),
                               .status = JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED,
                               .grounds = JC_STR("")};
    struct jc_str id = jc_view(decision->operation_id);
    bool known = false;
    if (id.len == JC_UUID_SIZE)
        memcpy(decided.bytes, id.ptr, JC_UUID_SIZE);
    enum jc_code code = jc_review_decision_no(tx, agency_id, decision->review_id, &earlier_no, err);
    if (code)
        return code;
    if (earlier_no) /* decided before, and opened again */
        snprintf(purpose, sizeof purpose, "review decision behind %lld", (long long)earlier_no);
    row.id = jc_uuid_derive(decided, purpose);
    body.device_time = jc_stamp_of_ms(arena, now_ms);
    body.command_case = JC__OPERATION_BODY__COMMAND_REVIEW_DECISION;
    body.review_decision = (Jc__ReviewDecision *)decision;
    if (!body.device_time)
        return jc_fail_memory(err);
    code = jc_message_pack(&body.base, arena, &row.body, err);
    if (code)
        return code;
    jc_sha256(row.body, row.body_sha256);
    code = jc_operation_append(tx, agency_id, &row, &known, err);
    if (!code)
        code = jc_review_close(tx, agency_id, decision, now_ms, row.operation_no, err);
    if (!code && team_id.len) /* nobody without a team has a terminal that could be told */
        code = jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME, id, team_id, false, err);
    return code;
}

/* --- waiting ------------------------------------------------------------------------------------------ */

struct released {
    struct jc_uuid *items;
    size_t count, capacity;
};

static enum jc_code all_applied(struct jc_tx *tx, int64_t agency_id, struct jc_str depends_on, bool *all,
                                struct jc_err *err) {
    *all = depends_on.len % JC_UUID_SIZE == 0;
    for (size_t at = 0; *all && at < depends_on.len; at += JC_UUID_SIZE) {
        struct jc_uuid id;
        memcpy(id.bytes, depends_on.ptr + at, JC_UUID_SIZE);
        enum jc_code code = jc_operation_is_applied(tx, agency_id, id, all, err);
        if (!code && !*all)
            code = jc_review_is_accepted(tx, agency_id, id, all, err);
        if (code)
            return code;
    }
    return JC_OK;
}

static enum jc_code accept(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase, int64_t now_ms,
                           struct jc_arena *arena, struct jc_err *err) {
    Jc__ReviewDecision decision = JC__REVIEW_DECISION__INIT;
    decision.review_id = kase->review->review_id;
    decision.operation_id = kase->review->operation_id;
    decision.kind = JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT;
    decision.decided_by = (char *)SERVER;
    return jc_decision_record(tx, agency_id, &decision, kase->team_id, now_ms, arena, err);
}

/* Judges one again; *applied if its effects are written now. */
static enum jc_code judge(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, int64_t now_ms,
                          struct jc_arena *arena, struct released *released, struct jc_err *err) {
    Jc__OperationResult *result = NULL;
    struct jc_review_case kase;
    bool ready = false;
    enum jc_code code = jc_review_get(tx, agency_id, operation_no, arena, &kase, err);
    if (!code && kase.review->state == JC__REVIEW_STATE__REVIEW_STATE_OPEN && kase.operation.body.ptr)
        code = all_applied(tx, agency_id, kase.operation.depends_on, &ready, err);
    if (code || !ready)
        return code;
    code = jc_waiting_drop(tx, agency_id, kase.operation.depends_on, operation_no, err);
    if (!code && (kase.grounds & jc_verdict_of_sender()))
        return JC_OK; /* stays with the planner */
    if (!code)
        code = jc_apply_again(tx, agency_id, &kase.operation, 0, false, arena, &result, err);
    if (code || result->status != JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED)
        return code;
    struct jc_uuid *slot = JC_PUSH(arena, released, struct jc_uuid);
    if (!slot)
        return jc_fail_memory(err);
    *slot = kase.operation.id;
    return accept(tx, agency_id, &kase, now_ms, arena, err);
}

enum jc_code jc_release(struct jc_tx *tx, int64_t agency_id, struct jc_uuid operation_id, int64_t now_ms,
                        struct jc_arena *arena, struct jc_err *err) {
    struct released released = {0};
    struct jc_uuid *first = JC_PUSH(arena, &released, struct jc_uuid);
    enum jc_code code = first ? JC_OK : jc_fail_memory(err);
    if (first)
        *first = operation_id;
    for (size_t i = 0; !code && i < released.count; i++) {
        int64_t *waiting = NULL;
        size_t count = 0;
        code = jc_waiting_for(tx, agency_id, released.items[i], arena, &waiting, &count, err);
        for (size_t k = 0; !code && k < count; k++)
            code = judge(tx, agency_id, waiting[k], now_ms, arena, &released, err);
    }
    return code;
}
