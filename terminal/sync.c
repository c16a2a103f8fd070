/* Sync from the terminal's side: rounds of one request and one complete answer each.
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
 * What must never happen: an operation marked as sent without a receipt; success told without one. */
#include <string.h>
#include <sys/statvfs.h>

#include "base/message.h"
#include "terminal/call.h"
#include "terminal/number.h"
#include "terminal/operation.h"
#include "terminal/stage.h"

enum {
    BATCH_OPERATIONS = 50,
    BATCH_BYTES = 512 * 1024,
    CURSOR_MAX = 4096,
    HEAD_MAX = 64,
    ROUNDS_MAX = 100000,
};
static const int64_t OFFER_AGAIN_MS = (int64_t)30 * 24 * 3600 * 1000;
static const int64_t SECONDS_MAX = 253402300799; /* the end of year 9999 */

struct run {
    struct jc_terminal *terminal;
    const struct jc_transport *transport;
    struct jc_terminal_sync_options options;
    struct jc_arena *results; /* the caller's */
    struct jc_arena *lasting; /* of this run */
    struct jc_arena *round;   /* reset before each round */
    struct jc_terminal_sync_result *out;
    size_t outcomes_capacity;
    size_t count_max; /* operations in the next request */
    struct jc_terminal_skips skip;
    bool offered_again;
    bool has_suspect;                   /* one operation was refused alone; the next round goes without any */
    struct jc_terminal_outcome suspect; /* with the server's words */
    /* this round */
    struct jc_terminal_self self;
    struct jc_terminal_operations batch;
    Jc__DocumentNumber **used;
    size_t used_count;
    int64_t unsent;
    bool refused;
    const Jc__SyncResponse *response;
    struct jc_terminal_page page;
};

/* --- asking ------------------------------------------------------------------------------------------ */

static enum jc_code prepare(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    struct jc_terminal_batch_limits limits = {run->count_max, (size_t)run->options.batch_bytes};
    enum jc_code code = jc_terminal_self_enrolled(tx, run->round, &run->self, err);
    jc_sign_forget(run->self.secret_key, sizeof run->self.secret_key);
    if (code == JC_OK)
        code = jc_terminal_operation_batch(tx, limits, &run->skip, run->round, &run->batch, err);
    if (code == JC_OK)
        code = jc_terminal_number_used(tx, run->round, &run->used, &run->used_count, err);
    if (code == JC_OK)
        code = jc_terminal_operation_count_unsent(tx, &run->unsent, err);
    return code;
}

static ProtobufCBinaryData field(struct jc_str bytes) {
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.ptr};
}

static Jc__Operation *wire_operation(struct run *run, const struct jc_terminal_operation *from) {
    size_t depends = from->depends_on.len / JC_UUID_SIZE;
    Jc__Operation *operation = JC_NEW(run->round, Jc__Operation);
    ProtobufCBinaryData *ids = JC_NEW_ARRAY(run->round, depends, ProtobufCBinaryData);
    if (!operation || !ids)
        return NULL;
    jc__operation__init(operation);
    operation->id = jc_terminal_uuid_field(run->round, from->outcome.operation_id);
    operation->body = field(from->body);
    operation->signature = field(from->signature);
    for (size_t i = 0; i < depends; i++)
        ids[i] = field((struct jc_str){from->depends_on.ptr + i * JC_UUID_SIZE, JC_UUID_SIZE});
    operation->depends_on = ids;
    operation->n_depends_on = depends;
    return operation->id.data ? operation : NULL;
}

static void fill_report(struct run *run, Jc__DeviceReport *report, Google__Protobuf__Timestamp *time) {
    int64_t now_ms = jc_clock_now_ms(&run->terminal->wall);
    struct statvfs disk;
    jc__device_report__init(report);
    google__protobuf__timestamp__init(time);
    time->seconds = now_ms / 1000;
    time->nanos = (int32_t)(now_ms % 1000) * 1000000;
    report->device_time = time;
    report->monotonic_ms = jc_clock_now_ms(&run->terminal->steady);
    report->unsent = (int32_t)(run->unsent > INT32_MAX ? INT32_MAX : run->unsent);
    report->app_version = (char *)(uintptr_t)JC_VERSION;
    if (statvfs(run->terminal->path, &disk) == 0)
        report->free_bytes = (int64_t)(disk.f_bavail * disk.f_frsize);
}

static enum jc_code pack_request(struct run *run, struct jc_str *out, struct jc_err *err) {
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    Jc__DeviceReport report;
    Google__Protobuf__Timestamp time;
    fill_report(run, &report, &time);
    request.report = &report;
    request.cursor = field(run->self.position);
    request.page_bytes = run->options.page_bytes;
    request.numbers_used = run->used;
    request.n_numbers_used = run->used_count;
    request.operations = JC_NEW_ARRAY(run->round, run->batch.count, Jc__Operation *);
    if (!request.operations)
        return jc_fail_memory(err);
    for (size_t i = 0; i < run->batch.count; i++) {
        request.operations[i] = wire_operation(run, &run->batch.items[i]);
        if (!request.operations[i])
            return jc_fail_memory(err);
    }
    request.n_operations = run->batch.count;
    return jc_message_pack(&request.base, run->round, out, err);
}

/* --- judging ------------------------------------------------------------------------------------------- */

static enum jc_code incomplete(struct jc_err *err, const char *what) {
    jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_ANSWER_BROKEN);
    return jc_err_detail(err, "the answer to a sync is not complete: %s", what);
}

static bool is_id(ProtobufCBinaryData bytes, const struct jc_uuid *id) {
    return bytes.len == sizeof id->bytes && memcmp(bytes.data, id->bytes, sizeof id->bytes) == 0;
}

/* The i-th result as a rule, for the server answers in order. */
static const Jc__OperationResult *result_of(const Jc__SyncResponse *response, size_t i, const struct jc_uuid *id) {
    if (i < response->n_results && is_id(response->results[i]->id, id))
        return response->results[i];
    for (size_t k = 0; k < response->n_results; k++) {
        if (is_id(response->results[k]->id, id))
            return response->results[k];
    }
    return NULL;
}

static bool has_receipt(const Jc__Receipt *receipt, size_t i, const struct jc_uuid *id) {
    if (i < receipt->n_operation_ids && is_id(receipt->operation_ids[i], id))
        return true;
    for (size_t k = 0; k < receipt->n_operation_ids; k++) {
        if (is_id(receipt->operation_ids[k], id))
            return true;
    }
    return false;
}

static bool is_final(const Jc__OperationResult *result) {
    return result->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED ||
           result->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED ||
           result->status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
}

static enum jc_code judge(const struct run *run, const Jc__SyncResponse *response, struct jc_err *err) {
    const Google__Protobuf__Timestamp *time = response->server_time;
    if (!response->receipt || response->receipt->chain_head.len > HEAD_MAX)
        return incomplete(err, "receipt");
    if (!time || time->seconds < 0 || time->seconds > SECONDS_MAX || time->nanos < 0 || time->nanos >= 1000000000)
        return incomplete(err, "server time");
    if (response->cursor.len == 0 || response->cursor.len > CURSOR_MAX)
        return incomplete(err, "cursor");
    if (response->has_more &&
        jc_str_eq((struct jc_str){(char *)response->cursor.data, response->cursor.len}, run->self.position))
        return incomplete(err, "the listing does not move on");
    for (size_t i = 0; i < run->batch.count; i++) {
        const struct jc_uuid *id = &run->batch.items[i].outcome.operation_id;
        const Jc__OperationResult *result = result_of(response, i, id);
        if (!result || !is_final(result))
            return incomplete(err, "result");
        if (!has_receipt(response->receipt, i, id))
            return incomplete(err, "an operation without receipt");
    }
    return JC_OK;
}

static enum jc_code same_results(const struct run *run, const Jc__SyncResponse *first, const Jc__SyncResponse *second,
                                 struct jc_err *err) {
    for (size_t i = 0; i < run->batch.count; i++) {
        const struct jc_uuid *id = &run->batch.items[i].outcome.operation_id;
        const Jc__OperationResult *a = result_of(first, i, id), *b = result_of(second, i, id);
        if (a->status != b->status || strcmp(a->code, b->code) != 0 || strcmp(a->reason_zh, b->reason_zh) != 0 ||
            strcmp(a->reason_en, b->reason_en) != 0) {
            char text[JC_UUID_TEXT];
            return jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_REPEAT_DIFFERS, jc_uuid_format(*id, text));
        }
    }
    return JC_OK;
}

/* One complete answer into run->response; with `repeat` the same bytes are sent again and answered alike. */
static enum jc_code ask(struct run *run, struct jc_err *err) {
    struct jc_terminal_call call = {
        .procedure = "/jiancha.v1.SyncService/Sync",
        .token = run->self.token,
        .type = &jc__sync_response__descriptor,
    };
    enum jc_code code = pack_request(run, &call.request, err);
    const Jc__SyncResponse *first = NULL;
    int times = run->options.repeat && run->batch.count ? 2 : 1;
    for (int time = 0; code == JC_OK && time < times; time++) {
        code = jc_terminal_call(run->transport, &call, run->round, err);
        run->refused = call.refused;
        run->response = (const Jc__SyncResponse *)call.answer;
        if (code == JC_OK)
            code = judge(run, run->response, err);
        if (code == JC_OK && first)
            code = same_results(run, first, run->response, err);
        if (code == JC_OK && first)
            run->out->repeated += (int64_t)run->batch.count;
        first = run->response;
    }
    return code;
}

/* --- keeping --------------------------------------------------------------------------------------------- */

static enum jc_code offer_again(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    int64_t since_ms = jc_clock_now_ms(&run->terminal->wall) - OFFER_AGAIN_MS;
    return jc_terminal_operation_offer_again(tx, run->self.holder.device_id, since_ms, err);
}

static enum jc_code settle(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    int64_t now_ms = jc_clock_now_ms(&run->terminal->wall);
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < run->batch.count; i++) {
        const struct jc_uuid *id = &run->batch.items[i].outcome.operation_id;
        code = jc_terminal_operation_settle(tx, result_of(run->response, i, id), now_ms, err);
    }
    return code;
}

static enum jc_code stage(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    run->page = (struct jc_terminal_page){
        .arena = run->round,
        .position = run->self.position,
        .response = run->response,
        .now_ms = jc_clock_now_ms(&run->terminal->wall),
    };
    return jc_terminal_stage(tx, &run->page, err);
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

static enum jc_code count_results(struct run *run, struct jc_err *err) {
    struct jc_terminal_sync_result *out = run->out;
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < run->batch.count; i++) {
        struct jc_terminal_outcome outcome = run->batch.items[i].outcome;
        const Jc__OperationResult *result = result_of(run->response, i, &outcome.operation_id);
        outcome.unsent = outcome.set_aside = false;
        outcome.status = result->status;
        outcome.code = jc_str(result->code);
        outcome.reason_zh = jc_str(result->reason_zh);
        outcome.reason_en = jc_str(result->reason_en);
        out->sent++;
        out->applied += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
        out->rejected += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
        out->kept += result->status == JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW;
        code = tell(run, &outcome, err);
    }
    return code;
}

static void count_page(struct run *run) {
    struct jc_terminal_sync_result *out = run->out;
    const Jc__Receipt *receipt = run->response->receipt;
    out->rounds++;
    out->received += run->page.received;
    out->removed += run->page.removed;
    out->skipped += run->page.skipped;
    out->restarted |= run->response->restarted;
    out->shown = run->page.shown;
    out->server_time_ms = run->response->server_time->seconds * 1000 + run->response->server_time->nanos / 1000000;
    out->clock_offset_ms = run->page.now_ms - out->server_time_ms;
    out->chain_length = receipt->chain_length;
    memset(out->chain_head, 0, sizeof out->chain_head);
    if (receipt->chain_head.len == sizeof out->chain_head)
        memcpy(out->chain_head, receipt->chain_head.data, sizeof out->chain_head);
}

static enum jc_code keep(struct run *run, struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (run->response->restarted && !run->offered_again) {
        code = jc_terminal_write(run->terminal, offer_again, run, err);
        run->offered_again = true;
    }
    if (code == JC_OK && run->batch.count > 0)
        code = jc_terminal_write(run->terminal, settle, run, err);
    if (code == JC_OK && run->batch.count > 0)
        code = count_results(run, err);
    if (code == JC_OK)
        code = jc_terminal_write(run->terminal, stage, run, err);
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
    run->count_max = 0;
    return JC_OK;
}

/* JC_OK: go on with a smaller request. */
static enum jc_code after_refusal(struct run *run, struct jc_err *err) {
    if (!run->refused || run->batch.count == 0 || !may_lie_in_operation(err->code))
        return err->code;
    if (run->batch.count == 1)
        return suspect(run, err);
    run->count_max = run->batch.count / 2;
    return JC_OK;
}

static enum jc_code set_aside(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run *run = ctx;
    return jc_terminal_operation_set_aside(tx, &run->suspect, err);
}

/* The request went through without the suspect: it is the operation's fault. */
static enum jc_code condemn(struct run *run, struct jc_err *err) {
    struct jc_uuid *skipped = JC_PUSH(run->lasting, &run->skip, struct jc_uuid);
    if (!skipped)
        return jc_fail_memory(err);
    *skipped = run->suspect.operation_id;
    run->has_suspect = false;
    run->out->set_aside++;
    enum jc_code code = jc_terminal_write(run->terminal, set_aside, run, err);
    return code == JC_OK ? tell(run, &run->suspect, err) : code;
}

/* --- the loop ------------------------------------------------------------------------------------------------ */

static enum jc_code play_round(struct run *run, bool *done, struct jc_err *err) {
    jc_arena_reset(run->round);
    enum jc_code code = jc_terminal_read(run->terminal, prepare, run, err);
    if (code)
        return code;
    if (run->out->shown && run->batch.count == 0 && !run->has_suspect) {
        *done = true;
        return JC_OK;
    }
    code = ask(run, err);
    if (code)
        return after_refusal(run, err);
    if ((code = keep(run, err)) != JC_OK)
        return code;
    if (run->has_suspect && (code = condemn(run, err)) != JC_OK)
        return code;
    size_t most = (size_t)run->options.batch_operations;
    run->count_max = run->count_max == 0 || run->count_max * 2 > most ? most : run->count_max * 2;
    return JC_OK;
}

static enum jc_code play(struct run *run, struct jc_err *err) {
    bool done = false;
    for (int i = 0; i < ROUNDS_MAX; i++) {
        enum jc_code code = play_round(run, &done, err);
        if (code)
            return code;
        if (done)
            return JC_OK;
    }
    return incomplete(err, "the listing has no end");
}

static enum jc_code count_unsent(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_terminal_operation_count_unsent(tx, ctx, err);
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
    if (run.options.batch_operations <= 0)
        run.options.batch_operations = BATCH_OPERATIONS;
    if (run.options.batch_bytes <= 0)
        run.options.batch_bytes = BATCH_BYTES;
    run.count_max = (size_t)run.options.batch_operations;
    run.skip.arena = run.lasting;
    enum jc_code code = run.lasting && run.round ? play(&run, err) : jc_fail_memory(err);
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
    return code;
}
