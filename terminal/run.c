/* What must never happen: an operation marked as sent without a receipt. */
#include "terminal/run.h"

#include <string.h>

#include "base/message.h"
#include "terminal/answer.h"
#include "terminal/number.h"
#include "terminal/upload.h"

enum { RETRY_AFTER_MAX_MS = 3600 * 1000 };
static const int64_t OFFER_AGAIN_MS = (int64_t)30 * 24 * 3600 * 1000;

static enum jc_code offer_unproven(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    return jc_terminal_operation_offer_unproven(tx, run->self.holder.device_id, err);
}

static enum jc_code offer_again(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    int64_t since_ms = jc_clock_now_ms(&run->terminal->wall) - OFFER_AGAIN_MS;
    enum jc_code code = jc_terminal_operation_offer_again(tx, run->self.holder.device_id, since_ms, err);
    return code ? code : jc_terminal_upload_doubt(tx, since_ms, err);
}

/* What an answer says beside results and page. */
static enum jc_code keep_side(struct jc_tx *tx, struct jc_terminal_run *run, struct jc_err *err) {
    const struct jc_terminal_holder *sender = &run->sender.holder;
    enum jc_code code = jc_terminal_keys_store(tx, &run->keys, err);
    if (code == JC_OK && run->proven)
        code = jc_terminal_backed_up_keep(tx, sender->agency_id, run->response->receipt->backed_up_through, err);
    if (code == JC_OK && run->proven)
        code = jc_terminal_blobs_proven(tx, run->response->receipt, run->now_ms, err);
    if (code == JC_OK)
        code = jc_terminal_blocks_keep(tx, sender->device_id, run->response, err);
    return code == JC_OK ? jc_terminal_pace_keep(tx, &run->pace, err) : code;
}

/* What became of the i-th operation sent. One that the receipt does not name was rejected and is not on the server: it
 * stays here with the words, like one that is refused together with its request. */
static struct jc_terminal_outcome outcome_of(const struct jc_terminal_run *run, size_t i) {
    struct jc_terminal_outcome outcome = run->batch.items[i].outcome;
    const Jc__OperationResult *result = jc_terminal_answer_result(run->response, i, &outcome.operation_id);
    outcome.set_aside = !jc_terminal_answer_is_named(run->response->receipt, i, &outcome.operation_id);
    outcome.unsent = outcome.set_aside;
    outcome.status = result->status;
    outcome.proven = run->proven && !outcome.set_aside;
    outcome.code = jc_str(result->code);
    outcome.reason_zh = jc_str(result->reason_zh);
    outcome.reason_en = jc_str(result->reason_en);
    return outcome;
}

static enum jc_code settle(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    enum jc_code code = keep_side(tx, run, err);
    for (size_t i = 0; code == JC_OK && i < run->batch.count; i++) {
        struct jc_terminal_outcome outcome = outcome_of(run, i);
        const Jc__OperationResult *result = jc_terminal_answer_result(run->response, i, &outcome.operation_id);
        code = outcome.set_aside ? jc_terminal_operation_set_aside(tx, &outcome, err)
                                 : jc_terminal_operation_settle(tx, result, run->proven, run->now_ms, err);
    }
    return code;
}

static enum jc_code stage(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    run->page = (struct jc_terminal_page){
        .arena = run->round,
        .position = run->self.position,
        .response = run->response,
        .now_ms = run->now_ms,
    };
    enum jc_code code = jc_terminal_stage(tx, &run->page, err);
    return code == JC_OK ? keep_side(tx, run, err) : code;
}

enum jc_code jc_terminal_run_tell(struct jc_terminal_run *run, const struct jc_terminal_outcome *outcome,
                                  struct jc_err *err) {
    struct {
        struct jc_terminal_outcome *items;
        size_t count, capacity;
    } list = {run->out->outcomes, run->out->outcome_count, run->outcomes_capacity};
    struct jc_terminal_outcome *item = JC_PUSH(run->results, &list, struct jc_terminal_outcome);
    if (!item)
        return jc_fail_memory(err);
    *item = *outcome;
    struct jc_str *texts[] = {&item->unit_id, &item->code, &item->reason_zh, &item->reason_en};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = jc_arena_copy(run->results, *texts[i]);
        if (!texts[i]->ptr)
            return jc_fail_memory(err);
    }
    run->out->outcomes = list.items;
    run->out->outcome_count = list.count;
    run->outcomes_capacity = list.capacity;
    return JC_OK;
}

/* What people decided stands in the round's arena; the caller gets it in its own. */
static enum jc_code tell_decided(struct jc_terminal_run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < run->page.decided.count; i++) {
        struct jc_terminal_outcome outcome = run->page.decided.items[i].outcome;
        ProtobufCMessage *copy = NULL;
        struct jc_str packed;
        code = jc_message_pack(&outcome.review->base, run->round, &packed, err);
        if (code == JC_OK)
            code = jc_terminal_unpack(outcome.review->base.descriptor, packed, run->results, &copy, err);
        outcome.review = (const Jc__ReviewOutcome *)copy;
        if (code == JC_OK)
            code = jc_terminal_run_tell(run, &outcome, err);
    }
    return code;
}

enum jc_code jc_terminal_run_skip(struct jc_terminal_run *run, struct jc_uuid operation_id, struct jc_err *err) {
    struct jc_uuid *skipped = JC_PUSH(run->lasting, &run->skip, struct jc_uuid);
    if (!skipped)
        return jc_fail_memory(err);
    *skipped = operation_id;
    run->out->set_aside++;
    return JC_OK;
}

static enum jc_code count_results(struct jc_terminal_run *run, struct jc_err *err) {
    struct jc_terminal_sync_result *out = run->out;
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < run->batch.count; i++) {
        struct jc_terminal_outcome outcome = outcome_of(run, i);
        if (outcome.set_aside) {
            code = jc_terminal_run_skip(run, outcome.operation_id, err);
        } else {
            out->sent++;
            out->applied += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
            out->rejected += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
            out->kept += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
        }
        if (code == JC_OK)
            code = jc_terminal_run_tell(run, &outcome, err);
    }
    return code;
}

static void count_page(struct jc_terminal_run *run) {
    struct jc_terminal_sync_result *out = run->out;
    const Jc__Receipt *receipt = run->response->receipt;
    int64_t wait_ms = run->response->retry_after_ms;
    out->rounds++;
    out->retry_after_ms = wait_ms < 0 ? 0 : wait_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : wait_ms;
    out->rebuild |= run->response->rebuild && jc_terminal_run_is_own(run); /* only its listing is kept */
    out->received += run->page.received;
    out->removed += run->page.removed;
    out->skipped += run->page.skipped;
    out->restarted |= run->response->restarted;
    if (jc_terminal_run_is_own(run))
        out->shown = run->page.shown;
    out->server_time_ms = run->response->server_time->seconds * 1000 + run->response->server_time->nanos / 1000000;
    out->clock_offset_ms = run->now_ms - out->server_time_ms;
    out->chain_length = receipt->chain_length;
    memset(out->chain_head, 0, sizeof out->chain_head);
    if (receipt->chain_head.len == sizeof out->chain_head)
        memcpy(out->chain_head, receipt->chain_head.data, sizeof out->chain_head);
}

enum jc_code jc_terminal_run_keep(struct jc_terminal_run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (run->response->restarted && jc_terminal_run_is_own(run) && !run->offered_again) {
        code = jc_terminal_write(run->terminal, offer_again, run, err);
        run->offered_again = true;
    }
    if (code == JC_OK && run->keys.stored == 0 && run->keys.count > 0)
        code = jc_terminal_write(run->terminal, offer_unproven, run, err);
    if (code == JC_OK && run->batch.count > 0)
        code = jc_terminal_write(run->terminal, settle, run, err);
    if (code == JC_OK && run->batch.count > 0)
        code = count_results(run, err);
    if (code == JC_OK && jc_terminal_run_is_own(run)) {
        code = jc_terminal_write(run->terminal, stage, run, err);
        if (code == JC_OK)
            code = tell_decided(run, err);
    }
    if (code == JC_OK)
        count_page(run);
    return code;
}
