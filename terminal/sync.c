/* Sync from the terminal's side: rounds of one request and one complete answer each.
 *
 * Each round belongs to one enrolment: that of the operations it sends. The page of the listing is kept from
 * rounds of the active one alone.
 *
 * A round reads the next operations and the listing's place, asks, judges the answer as a whole, and then
 * writes in separate transactions: results (push), then the page (pull). Nothing is written before the
 * answer is judged complete: receipt and server time are there, every operation sent has a result and is
 * named by the receipt, and the listing moves on. So a cut at any byte, a kill between the transactions or
 * a lost answer costs at most the same round again, which the server answers with the stored results.
 *
 * A request that the server refuses although it got through (a body it cannot digest) is halved until one
 * operation is left alone; if the server then takes the same request without it, that operation is set
 * aside with the server's words and everything that does not depend on it goes on. It is offered at every
 * later sync. When the server restarts its listing (perhaps a restored backup), operations of the last 30
 * days are offered once more; their ids make that harmless.
 *
 * Operations carried for colleagues (terminal/carried.h) go first: the server then has them when it judges what was
 * done since. If they do not get through, the own work goes on.
 *
 * What must never happen: an operation marked as sent without a receipt; success told without one. */
#include <string.h>

#include "base/message.h"
#include "terminal/answer.h"
#include "terminal/call.h"
#include "terminal/carried.h"
#include "terminal/digest.h"
#include "terminal/holder.h"
#include "terminal/number.h"
#include "terminal/pace.h"
#include "terminal/receipt.h"
#include "terminal/report.h"
#include "terminal/stage.h"
#include "terminal/upload.h"
#include "terminal/wire.h"

enum {
    ROUNDS_MAX = 100000,
    BLOBS_ASKED_MAX = 500, /* the server looks at no more */
    RETRY_AFTER_MAX_MS = 3600 * 1000,
    PAGE_UNWANTED = 1, /* bytes asked of a page that nobody will look at */
};
static const int64_t OFFER_AGAIN_MS = (int64_t)30 * 24 * 3600 * 1000;

struct run {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_terminal_sync_options options;
    struct jc_arena *results; /* the caller's */
    struct jc_arena *lasting; /* of this run */
    struct jc_arena *round;   /* reset before each round */
    struct jc_terminal_sync_result *out;
    size_t outcomes_capacity;
    struct jc_terminal_pace pace;
    size_t count_refused;        /* operations that one request may hold after refusals; 0: as many as wanted */
    size_t count_max, bytes_max; /* of the next request */
    int32_t page_max;            /* of the next page, in bytes */
    struct jc_terminal_skips skip;
    struct jc_terminal_comparison comparison;
    bool offered_again;
    bool tells_alone;                   /* jc_terminal_tell: no operations */
    bool has_suspect;                   /* one operation was refused alone; the next round goes without any */
    struct jc_terminal_outcome suspect; /* with the server's words */
    /* this round */
    struct jc_terminal_self self; /* forgets the secret key at the round's end */
    struct jc_terminal_enrolment sender;
    struct jc_terminal_operations batch;
    Jc__DocumentNumber **used;
    size_t used_count;
    struct jc_str *blobs; /* to ask about */
    size_t blob_count;
    Jc__DeviceReport *report;
    struct jc_terminal_keys keys; /* known, and those that the answer brought */
    bool refused, cut;
    bool proven;    /* by the answer's receipt */
    int64_t now_ms; /* when the answer was there */
    const Jc__SyncResponse *response;
    struct jc_terminal_page page;
};

/* --- asking ------------------------------------------------------------------------------------------ */

/* Who sends this round: whose operations they are; the active holder if there are none. An enrolment of version 1 that
 * is not on record any more sends nothing itself. */
static enum jc_code find_sender(struct jc_tx *tx, struct run *run, struct jc_err *err) {
    bool found = false;
    enum jc_code code = JC_OK;
    struct jc_uuid own = run->self.holder.device_id;
    struct jc_uuid device_id = run->batch.count ? run->batch.items[0].device_id : own;
    if (!jc_terminal_uuid_equal(device_id, own))
        code = jc_terminal_enrolment_get(tx, device_id, run->round, &run->sender, &found, err);
    if (code == JC_OK && (!found || run->sender.revoked))
        run->sender = (struct jc_terminal_enrolment){.holder = run->self.holder,
                                                     .active = true,
                                                     .token = run->self.token,
                                                     .blocks_version = run->self.blocks_version};
    return code;
}

static enum jc_code prepare(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    struct jc_terminal_batch_limits limits = {run->count_max, run->bytes_max};
    enum jc_code code = jc_terminal_self_enrolled(tx, run->round, &run->self, err);
    if (code == JC_OK)
        code = jc_terminal_operation_batch(tx, limits, &run->skip, run->round, &run->batch, err);
    if (code == JC_OK)
        code = find_sender(tx, run, err);
    if (code == JC_OK)
        code = jc_terminal_number_used(tx, run->sender.holder.device_id, run->round, &run->used, &run->used_count, err);
    if (code == JC_OK)
        code = jc_terminal_upload_unproven(tx, BLOBS_ASKED_MAX, run->round, &run->blobs, &run->blob_count, err);
    if (code == JC_OK)
        code = jc_terminal_keys_read(tx, run->round, &run->keys, err);
    if (code == JC_OK)
        code = jc_terminal_report(tx, run->terminal, run->round, &run->report, err);
    return code;
}

static bool is_own(const struct run *run) {
    return jc_terminal_uuid_equal(run->sender.holder.device_id, run->self.holder.device_id);
}

static enum jc_code pack_request(struct run *run, struct jc_str *out, struct jc_err *err) {
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    request.report = run->report;
    if (is_own(run))
        request.cursor = jc_terminal_wire_bytes(run->self.position);
    request.page_bytes = is_own(run) ? run->page_max : PAGE_UNWANTED;
    request.numbers_used = run->used;
    request.n_numbers_used = run->used_count;
    request.number_blocks_version = run->sender.blocks_version;
    request.blobs_asked = JC_NEW_ARRAY(run->round, run->blob_count, ProtobufCBinaryData);
    request.n_blobs_asked = run->blob_count;
    request.known_key_id = jc_terminal_wire_bytes(run->self.key_id);
    request.operations = jc_terminal_wire(&run->batch, run->self.takes_seals ? NULL : run->self.secret_key, run->round);
    request.n_operations = run->batch.count;
    if (!request.operations || !request.blobs_asked)
        return jc_fail_memory(err);
    for (size_t i = 0; i < run->blob_count; i++)
        request.blobs_asked[i] = jc_terminal_wire_bytes(run->blobs[i]);
    return jc_message_pack(&request.base, run->round, out, err);
}

/* Judges run->response as a whole, its receipt included. */
static enum jc_code judge(struct run *run, struct jc_err *err) {
    const Jc__SyncResponse *response = run->response;
    struct jc_terminal_asked asked = {run->sender.holder.device_id, run->sender.holder.agency_id, run->batch.items,
                                      run->batch.count};
    struct jc_str position = is_own(run) ? run->self.position : (struct jc_str){"", 0};
    enum jc_code code = jc_terminal_answer_judge(response, &run->batch, position, err);
    if (code == JC_OK)
        code = jc_terminal_keys_learn(&run->keys, response->server_keys, response->n_server_keys, err);
    if (code == JC_OK)
        code = jc_terminal_receipt_check(response->receipt, response->results, response->n_results, &asked, &run->keys,
                                         run->round, &run->proven, err);
    return code;
}

/* One complete answer into run->response; with `repeat` the same bytes are sent again and answered alike. */
static enum jc_code ask(struct run *run, struct jc_err *err) {
    struct jc_terminal_call call = {
        .procedure = "/jiancha.v1.SyncService/Sync",
        .token = run->sender.token,
        .type = &jc__sync_response__descriptor,
    };
    enum jc_code code = pack_request(run, &call.request, err);
    const Jc__SyncResponse *first = NULL;
    int times = run->options.repeat && run->batch.count ? 2 : 1;
    for (int time = 0; code == JC_OK && time < times; time++) {
        code = jc_terminal_call(run->transport, &call, run->round, err);
        run->refused = call.refused;
        run->cut = call.cut;
        run->response = (const Jc__SyncResponse *)call.answer;
        if (code == JC_OK)
            code = judge(run, err);
        if (code == JC_OK && first)
            code = jc_terminal_answer_same(first, run->response, &run->batch, err);
        if (code == JC_OK && first)
            run->out->repeated += (int64_t)run->batch.count;
        first = run->response;
    }
    return code;
}

/* --- keeping --------------------------------------------------------------------------------------------- */

static enum jc_code offer_unproven(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_operation_offer_unproven(tx, run->self.holder.device_id, err);
}

static enum jc_code offer_again(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    int64_t since_ms = jc_clock_now_ms(&run->terminal->wall) - OFFER_AGAIN_MS;
    enum jc_code code = jc_terminal_operation_offer_again(tx, run->self.holder.device_id, since_ms, err);
    return code ? code : jc_terminal_upload_doubt(tx, since_ms, err);
}

/* What an answer says beside results and page. */
static enum jc_code keep_side(struct jc_tx *tx, struct run *run, struct jc_err *err) {
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
static struct jc_terminal_outcome outcome_of(const struct run *run, size_t i) {
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
    struct run *run = ctx;
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
    struct run *run = ctx;
    run->page = (struct jc_terminal_page){
        .arena = run->round,
        .position = run->self.position,
        .response = run->response,
        .now_ms = run->now_ms,
    };
    enum jc_code code = jc_terminal_stage(tx, &run->page, err);
    return code == JC_OK ? keep_side(tx, run, err) : code;
}

/* Adds an outcome to what the caller gets; the texts are copied. */
static enum jc_code tell(struct run *run, const struct jc_terminal_outcome *outcome, struct jc_err *err) {
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
static enum jc_code tell_decided(struct run *run, struct jc_err *err) {
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
            code = tell(run, &outcome, err);
    }
    return code;
}

/* Not again in this sync. */
static enum jc_code skip(struct run *run, struct jc_uuid operation_id, struct jc_err *err) {
    struct jc_uuid *skipped = JC_PUSH(run->lasting, &run->skip, struct jc_uuid);
    if (!skipped)
        return jc_fail_memory(err);
    *skipped = operation_id;
    run->out->set_aside++;
    return JC_OK;
}

static enum jc_code count_results(struct run *run, struct jc_err *err) {
    struct jc_terminal_sync_result *out = run->out;
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < run->batch.count; i++) {
        struct jc_terminal_outcome outcome = outcome_of(run, i);
        if (outcome.set_aside) {
            code = skip(run, outcome.operation_id, err);
        } else {
            out->sent++;
            out->applied += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
            out->rejected += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
            out->kept += outcome.status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
        }
        if (code == JC_OK)
            code = tell(run, &outcome, err);
    }
    return code;
}

static void count_page(struct run *run) {
    struct jc_terminal_sync_result *out = run->out;
    const Jc__Receipt *receipt = run->response->receipt;
    int64_t wait_ms = run->response->retry_after_ms;
    out->rounds++;
    out->retry_after_ms = wait_ms < 0 ? 0 : wait_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : wait_ms;
    out->rebuild |= run->response->rebuild && is_own(run); /* only its listing is kept */
    out->received += run->page.received;
    out->removed += run->page.removed;
    out->skipped += run->page.skipped;
    out->restarted |= run->response->restarted;
    if (is_own(run))
        out->shown = run->page.shown;
    out->server_time_ms = run->response->server_time->seconds * 1000 + run->response->server_time->nanos / 1000000;
    out->clock_offset_ms = run->now_ms - out->server_time_ms;
    out->chain_length = receipt->chain_length;
    memset(out->chain_head, 0, sizeof out->chain_head);
    if (receipt->chain_head.len == sizeof out->chain_head)
        memcpy(out->chain_head, receipt->chain_head.data, sizeof out->chain_head);
}

static enum jc_code keep(struct run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (run->response->restarted && is_own(run) && !run->offered_again) {
        code = jc_terminal_write(run->terminal, offer_again, run, err);
        run->offered_again = true;
    }
    if (code == JC_OK && run->keys.stored == 0 && run->keys.count > 0)
        code = jc_terminal_write(run->terminal, offer_unproven, run, err);
    if (code == JC_OK && run->batch.count > 0)
        code = jc_terminal_write(run->terminal, settle, run, err);
    if (code == JC_OK && run->batch.count > 0)
        code = count_results(run, err);
    if (code == JC_OK && is_own(run)) {
        code = jc_terminal_write(run->terminal, stage, run, err);
        if (code == JC_OK)
            code = tell_decided(run, err);
    }
    if (code == JC_OK)
        count_page(run);
    return code;
}

/* --- refusals ---------------------------------------------------------------------------------------------- */

/* Whether the reason of a refused request may lie in one of its operations. */
static bool may_lie_in_operation(enum jc_code code) {
    switch (code) {
    case JC_INVALID_ARGUMENT:
    case JC_NOT_FOUND:
    case JC_ALREADY_EXISTS:
    case JC_RESOURCE_EXHAUSTED:
    case JC_FAILED_PRECONDITION:
    case JC_OUT_OF_RANGE:
    case JC_UNKNOWN:
    case JC_INTERNAL:
    case JC_DATA_LOSS:
        return true;
    default:
        return false;
    }
}

/* The words of an error, in memory that lasts as long as the run. */
static struct jc_str words(struct run *run, enum jc_lang lang, const struct jc_err *why) {
    struct jc_buf text;
    jc_buf_init(&text, sizeof why->argbuf * 8);
    jc_err_render(&text, lang, why);
    struct jc_str copy = {NULL, 0};
    if (!text.failed)
        copy = jc_arena_copy(run->lasting, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

/* One operation was refused alone: the next round goes without any, to see whose fault it is. */
static enum jc_code suspect(struct run *run, struct jc_err *err) {
    struct jc_terminal_outcome *outcome = &run->suspect;
    *outcome = run->batch.items[0].outcome;
    outcome->set_aside = true;
    outcome->code = jc_str(jc_code_name(err->code));
    outcome->reason_zh = words(run, JC_ZH, err);
    outcome->reason_en = words(run, JC_EN, err);
    outcome->unit_id = jc_arena_copy(run->lasting, outcome->unit_id);
    if (!outcome->reason_zh.ptr || !outcome->reason_en.ptr || !outcome->unit_id.ptr)
        return jc_fail_memory(err);
    run->has_suspect = true;
    return JC_OK;
}

/* JC_OK: go on with a smaller request. */
static enum jc_code after_refusal(struct run *run, struct jc_err *err) {
    if (!run->refused || run->batch.count == 0 || !may_lie_in_operation(err->code))
        return err->code;
    if (run->batch.count == 1)
        return suspect(run, err);
    run->count_refused = run->batch.count / 2;
    return JC_OK;
}

static enum jc_code set_aside(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_operation_set_aside(tx, &run->suspect, err);
}

/* The request went through without the suspect: it is the operation's fault. */
static enum jc_code condemn(struct run *run, struct jc_err *err) {
    run->has_suspect = false;
    enum jc_code code = skip(run, run->suspect.operation_id, err);
    if (code == JC_OK)
        code = jc_terminal_write(run->terminal, set_aside, run, err);
    return code == JC_OK ? tell(run, &run->suspect, err) : code;
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

static enum jc_code revoke(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_enrolment_revoke(tx, run->sender.holder.device_id, run->self.holder.device_id, err);
}

static enum jc_code keep_pace(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_pace_keep(tx, &run->pace, err);
}

/* Nothing whole came: smaller pieces next time. Whether that can be stored does not matter. */
static void slow_down(struct run *run) {
    struct jc_err ignored;
    if (run->cut && jc_terminal_pace_slower(&run->pace))
        jc_terminal_write(run->terminal, keep_pace, run, &ignored);
}

/* JC_OK: go on. */
static enum jc_code after_failure(struct run *run, struct jc_err *err) {
    slow_down(run);
    if (run->refused && err->code == JC_UNAUTHENTICATED && !is_own(run))
        return jc_terminal_write(run->terminal, revoke, run, err);
    return after_refusal(run, err);
}

/* What the options ask for, else what got through lately; operations at most as many as refusals left. */
static void find_limits(struct run *run) {
    const struct jc_terminal_sync_options *options = &run->options;
    size_t most = options->batch_operations > 0 ? (size_t)options->batch_operations : (size_t)run->pace.operations;
    run->count_max = run->count_refused && run->count_refused < most ? run->count_refused : most;
    if (run->has_suspect || run->tells_alone)
        run->count_max = 0;
    run->bytes_max = options->batch_bytes > 0 ? (size_t)options->batch_bytes : (size_t)run->pace.bytes;
    run->page_max = options->page_bytes > 0 ? options->page_bytes : (int32_t)run->pace.bytes;
}

static enum jc_code play_round(struct run *run, bool *done, struct jc_err *err) {
    jc_arena_reset(run->round);
    run->page = (struct jc_terminal_page){0};
    run->cut = run->refused = false;
    find_limits(run);
    enum jc_code code = jc_terminal_read(run->terminal, prepare, run, err);
    if (code)
        return code;
    if (run->out->shown && run->batch.count == 0 && !run->has_suspect) {
        *done = true;
        return JC_OK;
    }
    code = ask(run, err);
    if (code)
        return after_failure(run, err);
    run->now_ms = jc_clock_now_ms(&run->terminal->wall);
    jc_terminal_pace_good(&run->pace);
    if ((code = keep(run, err)) != JC_OK)
        return code;
    if (run->has_suspect && (code = condemn(run, err)) != JC_OK)
        return code;
    run->count_refused *= 2;
    return JC_OK;
}

static enum jc_code play(struct run *run, struct jc_err *err) {
    bool done = false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        enum jc_code code = play_round(run, &done, err);
        jc_sign_forget(run->self.secret_key, sizeof run->self.secret_key);
        if (code)
            return code;
        if (done)
            return JC_OK;
    }
    return jc_terminal_incomplete(err, "the listing has no end");
}

/* The rounds, and once more behind a rebuild that a planner asked for. What is unsent has been sent before; work,
 * drafts and numbers stay in any case. */
static enum jc_code play_all(struct run *run, struct jc_err *err) {
    enum jc_code code = play(run, err);
    if (code || !run->out->rebuild)
        return code;
    code = jc_terminal_rebuild(run->terminal, err);
    run->out->shown = false;
    return code ? code : play(run, err);
}

static enum jc_code read_comparison(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_comparison(tx, jc_clock_now_ms(&run->terminal->wall), &run->comparison, err);
}

/* Once a day the listing that is shown is compared with the server's. If it is another it is fetched anew, once; if that
 * does not help, the state says so and nothing is fetched again until somebody asks for it. A comparison that cannot be
 * made (the net is gone again, the listing has moved on) is the next sync's: everything is sent and shown by now. */
static enum jc_code compare(struct run *run, struct jc_err *err) {
    struct jc_terminal_checked checked;
    struct jc_err ignored;
    if (!run->out->shown || jc_terminal_read(run->terminal, read_comparison, run, &ignored) != JC_OK ||
        !run->comparison.due)
        return JC_OK;
    jc_arena_reset(run->round);
    if (jc_terminal_check(run->terminal, run->transport, run->round, &checked, &ignored) != JC_OK)
        return JC_OK;
    run->out->compared = true;
    run->out->differs = !checked.matched && run->comparison.rebuilt;
    if (checked.matched || run->comparison.rebuilt)
        return JC_OK;
    enum jc_code code = jc_terminal_rebuild(run->terminal, err);
    run->out->shown = false;
    if (code == JC_OK)
        code = play(run, err);
    run->out->cured = code == JC_OK;
    return code ? code : compare(run, err); /* now it has been rebuilt */
}

static enum jc_code count_unsent(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_terminal_operation_count_unsent(tx, ctx, err);
}

static enum jc_code read_pace(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    enum jc_code code = jc_terminal_self_enrolled(tx, run->round, &run->self, err);
    jc_sign_forget(run->self.secret_key, sizeof run->self.secret_key);
    run->pace = jc_terminal_pace_sane(run->self.pace);
    return code;
}

/* The rounds bring the key that signed the receipt of a carried file; and once more, if it was rotated since. */
static enum jc_code carry_again(struct run *run, enum jc_code *carried, struct jc_err *failure, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (int turn = 0; turn < 2 && code == JC_OK && *carried == JC_DATA_LOSS; turn++) {
        int64_t done = 0;
        if (turn > 0) {
            run->out->shown = false;
            code = play_all(run, err);
        }
        if (code == JC_OK)
            *carried = jc_terminal_carried_send(run->terminal, run->transport, &done, failure);
        run->out->carried += done;
    }
    return code;
}

enum jc_code jc_terminal_sync(struct jc_terminal *terminal, const struct jc_transport *transport,
                              const struct jc_terminal_sync_options *options, struct jc_arena *arena,
                              struct jc_terminal_sync_result *out, struct jc_err *err) {
    struct run run = {.terminal = terminal,
                      .transport = transport,
                      .options = options ? *options : (struct jc_terminal_sync_options){0},
                      .results = arena,
                      .lasting = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                      .round = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                      .out = out};
    *out = (struct jc_terminal_sync_result){0};
    run.skip.arena = run.lasting;
    struct jc_err failure = {0};
    enum jc_code code =
        run.lasting && run.round ? jc_terminal_read(terminal, read_pace, &run, err) : jc_fail_memory(err);
    enum jc_code carried = code ? code : jc_terminal_carried_send(terminal, transport, &out->carried, &failure);
    if (code == JC_OK)
        code = play_all(&run, err);
    if (code == JC_OK)
        code = compare(&run, err);
    if (code == JC_OK && carried == JC_DATA_LOSS)
        code = carry_again(&run, &carried, &failure, err);
    struct jc_err ignored;
    if (code == JC_OK)
        code = jc_terminal_read(terminal, count_unsent, &out->unsent, err);
    else
        jc_terminal_read(terminal, count_unsent, &out->unsent, &ignored);
    jc_arena_free(run.lasting);
    jc_arena_free(run.round);
    if (code == JC_OK && out->set_aside > 0) {
        char number[JC_NUMBER_TEXT];
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_SET_ASIDE, jc_str_from_int64(out->set_aside, number));
    }
    if (code == JC_OK && carried)
        jc_err_copy(err, &failure);
    return code ? code : carried;
}

enum jc_code jc_terminal_tell(struct jc_terminal *terminal, const struct jc_transport *transport, struct jc_err *err) {
    struct jc_terminal_sync_result ignored = {0};
    struct run run = {.terminal = terminal,
                      .transport = transport,
                      .lasting = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                      .round = jc_arena_new(JC_TERMINAL_ARENA_MAX),
                      .tells_alone = true,
                      .out = &ignored};
    bool done = false;
    run.results = run.skip.arena = run.lasting;
    enum jc_code code =
        run.lasting && run.round ? jc_terminal_read(terminal, read_pace, &run, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = play_round(&run, &done, err);
    jc_sign_forget(run.self.secret_key, sizeof run.self.secret_key);
    jc_arena_free(run.lasting);
    jc_arena_free(run.round);
    return code;
}
