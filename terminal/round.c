/* A round reads the next operations and the listing's place, asks, judges the answer as a whole, and then
 * writes in separate transactions: results (push), then the page (pull). Nothing is written before the
 * answer is judged complete: receipt and server time are there, every operation sent has a result and is
 * named by the receipt, and the listing moves on. So a cut at any byte, a kill between the transactions or
 * a lost answer costs at most the same round again, which the server answers with the stored results.
 *
 * A request that the server refuses although it got through (a body it cannot digest) is halved until one
 * operation is left alone; if the server then takes the same request without it, that operation is set
 * aside with the server's words and everything that does not depend on it goes on. It is offered at every
 * later sync. */
#include "terminal/round.h"

#include "base/message.h"
#include "terminal/answer.h"
#include "terminal/number.h"
#include "terminal/report.h"
#include "terminal/upload.h"
#include "terminal/wire.h"

enum {
    BLOBS_ASKED_MAX = 500, /* the server looks at no more */
    PAGE_UNWANTED = 1,     /* bytes asked of a page that nobody will look at */
};

/* --- asking ------------------------------------------------------------------------------------------ */

/* Who sends this round: whose operations they are; the active holder if there are none. An enrolment of version 1 that
 * is not on record any more sends nothing itself. */
static enum jc_code find_sender(struct jc_tx *tx, struct jc_terminal_run *run, struct jc_err *err) {
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
    struct jc_terminal_run *run = ctx;
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

static enum jc_code pack_request(struct jc_terminal_run *run, struct jc_str *out, struct jc_err *err) {
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    request.report = run->report;
    if (jc_terminal_run_is_own(run))
        request.cursor = jc_terminal_wire_bytes(run->self.position);
    request.page_bytes = jc_terminal_run_is_own(run) ? run->page_max : PAGE_UNWANTED;
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
static enum jc_code judge(struct jc_terminal_run *run, struct jc_err *err) {
    const Jc__SyncResponse *response = run->response;
    struct jc_terminal_asked asked = {run->sender.holder.device_id, run->sender.holder.agency_id, run->batch.items,
                                      run->batch.count};
    struct jc_str position = jc_terminal_run_is_own(run) ? run->self.position : (struct jc_str){"", 0};
    enum jc_code code = jc_terminal_answer_judge(response, &run->batch, position, err);
    if (code == JC_OK)
        code = jc_terminal_keys_learn(&run->keys, response->server_keys, response->n_server_keys, err);
    if (code == JC_OK)
        code = jc_terminal_receipt_check(response->receipt, response->results, response->n_results, &asked, &run->keys,
                                         run->round, &run->proven, err);
    return code;
}

/* One complete answer into run->response; with `repeat` the same bytes are sent again and answered alike. */
static enum jc_code ask(struct jc_terminal_run *run, struct jc_err *err) {
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
static struct jc_str words(struct jc_terminal_run *run, enum jc_lang lang, const struct jc_err *why) {
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
static enum jc_code suspect(struct jc_terminal_run *run, struct jc_err *err) {
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
static enum jc_code after_refusal(struct jc_terminal_run *run, struct jc_err *err) {
    if (!run->refused || run->batch.count == 0 || !may_lie_in_operation(err->code))
        return err->code;
    if (run->batch.count == 1)
        return suspect(run, err);
    run->count_refused = run->batch.count / 2;
    return JC_OK;
}

static enum jc_code set_aside(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    return jc_terminal_operation_set_aside(tx, &run->suspect, err);
}

/* The request went through without the suspect: it is the operation's fault. */
static enum jc_code condemn(struct jc_terminal_run *run, struct jc_err *err) {
    run->has_suspect = false;
    enum jc_code code = jc_terminal_run_skip(run, run->suspect.operation_id, err);
    if (code == JC_OK)
        code = jc_terminal_write(run->terminal, set_aside, run, err);
    return code == JC_OK ? jc_terminal_run_tell(run, &run->suspect, err) : code;
}

/* --- a round ------------------------------------------------------------------------------------------------ */

static enum jc_code revoke(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    return jc_terminal_enrolment_revoke(tx, run->sender.holder.device_id, run->self.holder.device_id, err);
}

static enum jc_code keep_pace(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_terminal_run *run = ctx;
    return jc_terminal_pace_keep(tx, &run->pace, err);
}

/* Nothing whole came: smaller pieces next time. Whether that can be stored does not matter. */
static void slow_down(struct jc_terminal_run *run) {
    struct jc_err ignored;
    if (run->cut && jc_terminal_pace_slower(&run->pace))
        jc_terminal_write(run->terminal, keep_pace, run, &ignored);
}

/* JC_OK: go on. */
static enum jc_code after_failure(struct jc_terminal_run *run, struct jc_err *err) {
    slow_down(run);
    if (run->refused && err->code == JC_UNAUTHENTICATED && !jc_terminal_run_is_own(run))
        return jc_terminal_write(run->terminal, revoke, run, err);
    return after_refusal(run, err);
}

/* What the options ask for, else what got through lately; operations at most as many as refusals left. */
static void find_limits(struct jc_terminal_run *run) {
    const struct jc_terminal_sync_options *options = &run->options;
    size_t most = options->batch_operations > 0 ? (size_t)options->batch_operations : (size_t)run->pace.operations;
    run->count_max = run->count_refused && run->count_refused < most ? run->count_refused : most;
    if (run->has_suspect || run->tells_alone)
        run->count_max = 0;
    run->bytes_max = options->batch_bytes > 0 ? (size_t)options->batch_bytes : (size_t)run->pace.bytes;
    run->page_max = options->page_bytes > 0 ? options->page_bytes : (int32_t)run->pace.bytes;
}

enum jc_code jc_terminal_round(struct jc_terminal_run *run, bool *done, struct jc_err *err) {
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
    if ((code = jc_terminal_run_keep(run, err)) != JC_OK)
        return code;
    if (run->has_suspect && (code = condemn(run, err)) != JC_OK)
        return code;
    run->count_refused *= 2;
    return JC_OK;
}
