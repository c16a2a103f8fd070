/* The order of things in one round trip: operations first, so that the changes below show what they
 * did; then numbers, what the device says of itself, a page of changes, and the receipt last, when the
 * chain's head is final. */
#include "sync/sync.h"

#include <string.h>

#include "base/message.h"
#include "base/text.h"
#include "db/memo.h"
#include "store/device.h"
#include "store/head.h"
#include "store/row.h"
#include "store/stamp.h"
#include "sync/apply.h"
#include "sync/changes.h"
#include "sync/numbers.h"
#include "sync/receipt.h"
#include "sync/release.h"
#include "sync/seal.h"

enum { REPORT_TEXT_MAX = 64, BOOT_ID_MAX = 16 };

struct run {
    struct jc_tx *tx;
    const struct jc_sync_caller *caller;
    int64_t now_ms;
    const Jc__SyncRequest *request;
    struct jc_sync_prepared *prepared;
    struct jc_arena *arena;
    Jc__SyncResponse *response;
    struct jc_receipt_operation *durable; /* for the receipt */
    size_t durable_count;
    bool numbers_low; /* the first three by apply_all */
    bool chain_moved;
    struct jc_device_chain chain;
    int64_t known_seq; /* of the changes; by add_changes */
};

/* Signatures and seals, if nobody who knew the device's key has looked at them before the job and they may not
 * wait. */
static enum jc_code vouch(struct run *run, struct jc_err *err) {
    struct jc_str key;
    if (run->prepared->vouched || (run->prepared->postponed && jc_seal_may_wait(&run->caller->chain, run->prepared)))
        return JC_OK;
    enum jc_code code =
        jc_device_public_key(run->tx, run->caller->agency_id, run->caller->device_id, run->arena, &key, err);
    if (!code)
        jc_sync_vouch(run->prepared, key);
    return code;
}

static void note_durable(struct run *run, const struct jc_sync_operation *operation,
                         const Jc__OperationResult *result) {
    struct jc_receipt_operation *durable = &run->durable[run->durable_count++];
    durable->id = operation->id;
    durable->operation_no = result->operation_no;
    memcpy(durable->body_sha256, operation->body_sha256, JC_SHA256_SIZE);
}

/* Operations that have waited for the one in hand are judged again; they see what it wrote. */
static enum jc_code release_waiting(struct jc_apply *apply, struct jc_err *err) {
    if (!apply->newly_applied || !apply->anything_waits)
        return JC_OK;
    int64_t agency_id = apply->caller->agency_id;
    enum jc_code code = jc_number_write(apply->tx, agency_id, &apply->numbers, err);
    return code ? code : jc_release(apply->tx, agency_id, apply->row.id, apply->now_ms, apply->arena, err);
}

static enum jc_code apply_all(struct run *run, struct jc_err *err) {
    size_t count = run->request->n_operations;
    struct jc_apply apply;
    run->response->results = JC_NEW_ARRAY(run->arena, count, Jc__OperationResult *);
    run->durable = JC_NEW_ARRAY(run->arena, count, struct jc_receipt_operation);
    if (!run->response->results || !run->durable)
        return jc_fail_memory(err);
    enum jc_code code = jc_apply_open(&apply, run->tx, run->caller, run->now_ms, run->prepared, run->arena, err);
    for (size_t i = 0; !code && i < count; i++) {
        bool durable = false;
        code = jc_apply_operation(&apply, i, &run->response->results[i], &durable, err);
        if (!code && durable)
            note_durable(run, &run->prepared->operations[i], run->response->results[i]);
        if (!code)
            code = release_waiting(&apply, err);
    }
    if (!code)
        code = jc_number_write(run->tx, run->caller->agency_id, &apply.numbers, err);
    if (!code)
        code = jc_seal_advance(run->tx, run->caller, run->now_ms, run->prepared, apply.newest, apply.newest_no,
                               &run->chain, &run->chain_moved, err);
    run->numbers_low = apply.numbers_low;
    jc_apply_close(&apply);
    run->response->n_results = code ? 0 : count;
    return code;
}

/* The report as the board may show it: its text cut to size, nothing negative. */
static bool clean_report(const Jc__DeviceReport *report, struct jc_arena *arena, Jc__DeviceReport *out) {
    char *version = jc_arena_alloc(arena, REPORT_TEXT_MAX + 1), *model = jc_arena_alloc(arena, REPORT_TEXT_MAX + 1);
    if (!version || !model)
        return false;
    *out = *report;
    jc_text_clean(jc_str(report->app_version), version, REPORT_TEXT_MAX);
    jc_text_clean(jc_str(report->model), model, REPORT_TEXT_MAX);
    out->app_version = version;
    out->model = model;
    out->unsent = report->unsent > 0 ? report->unsent : 0;
    out->free_bytes = report->free_bytes > 0 ? report->free_bytes : 0;
    if (report->boot_id.len > BOOT_ID_MAX)
        out->boot_id.len = 0;
    out->base.n_unknown_fields = 0;
    return true;
}

/* The report was made before its request was sent: what came with it and is durable does not wait on the device any
 * more, which the board must not tell a planner until the device is heard again. */
static void count_arrived(const struct run *run, Jc__DeviceReport *report) {
    int64_t left = (int64_t)report->unsent - (int64_t)run->durable_count;
    report->unsent = left > 0 ? (int32_t)left : 0;
    if (report->unsent == 0)
        report->oldest_unsent = NULL;
}

/* What the device says of itself, and whether a planner wants its listing built anew. */
static enum jc_code note_device(struct run *run, struct jc_err *err) {
    const struct jc_sync_caller *caller = run->caller;
    Jc__DeviceReport clean;
    struct jc_device_note note = {
        .now_ms = run->now_ms,
        .known_seq = run->known_seq,
        .begins_anew = run->request->cursor.len == 0,
        .chain = run->chain_moved ? &run->chain : NULL,
        .due_changes = run->chain_moved && run->chain.due != caller->chain.due,
    };
    if (run->request->report) {
        if (!clean_report(run->request->report, run->arena, &clean))
            return jc_fail_memory(err);
        count_arrived(run, &clean);
        note.report = &clean;
    }
    run->response->rebuild = caller->rebuild && !note.begins_anew;
    return jc_device_seen(run->tx, caller->agency_id, caller->device_id, &note, run->arena, err);
}

static size_t page_bytes(const Jc__SyncRequest *request) {
    int32_t asked = request->page_bytes ? request->page_bytes : JC_SYNC_PAGE_DEFAULT;
    if (asked < JC_SYNC_PAGE_MIN)
        return JC_SYNC_PAGE_MIN;
    return asked > JC_SYNC_PAGE_MAX ? JC_SYNC_PAGE_MAX : (size_t)asked;
}

static void put_page(Jc__SyncResponse *response, const struct jc_changes *page) {
    response->changes = page->items;
    response->n_changes = page->count;
    response->cursor = jc_data(page->cursor);
    response->has_more = page->has_more;
    response->restarted = page->restarted;
}

/* In the job only what is quickly told, if the rest may come later. */
static enum jc_code add_changes(struct run *run, bool *later, struct jc_err *err) {
    struct jc_changes page;
    struct jc_head *head = NULL;
    bool whole = false;
    struct jc_str cursor = jc_view(run->request->cursor);
    enum jc_code code = jc_head_of(run->tx, run->caller->agency_id, &head, err);
    if (!code && later)
        code =
            jc_changes_few(run->tx, run->caller, run->now_ms, head->change_seq, cursor, run->arena, &page, &whole, err);
    if (!code && !later)
        code = jc_changes_page(run->tx, run->caller, run->now_ms, head->change_seq, cursor, page_bytes(run->request),
                               run->arena, &page, err);
    if (code)
        return code;
    run->known_seq = page.known_seq;
    if (later)
        *later = !whole;
    if (!later || whole)
        put_page(run->response, &page);
    return JC_OK;
}

enum jc_code jc_sync_page(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                          const Jc__SyncRequest *request, struct jc_arena *arena, Jc__SyncResponse *response,
                          struct jc_err *err) {
    struct jc_changes page;
    struct jc_head head;
    enum jc_code code = jc_head_read(tx, caller->agency_id, &head, err);
    if (!code)
        code = jc_changes_page(tx, caller, now_ms, head.change_seq, jc_view(request->cursor), page_bytes(request),
                               arena, &page, err);
    if (!code)
        put_page(response, &page);
    return code;
}

/* --- the receipt ------------------------------------------------------------------------------------- */

static const char SELECT_BLOB[] = "SELECT 1 FROM blob WHERE agency_id = $1 AND sha256 = $2";

/* Which of the blobs the terminal asks for are here, or were until retention deleted them. */
static enum jc_code find_blobs(struct run *run, struct jc_receipt_content *content, struct jc_err *err) {
    size_t asked = run->request->n_blobs_asked < JC_SYNC_BLOBS_MAX ? run->request->n_blobs_asked : JC_SYNC_BLOBS_MAX;
    uint8_t(*blobs)[JC_SHA256_SIZE] = jc_arena_array(run->arena, asked, JC_SHA256_SIZE);
    if (!blobs)
        return jc_fail_memory(err);
    content->blobs = (const uint8_t(*)[JC_SHA256_SIZE])blobs;
    for (size_t i = 0; i < asked; i++) {
        struct jc_str sha256 = jc_view(run->request->blobs_asked[i]);
        bool here = false;
        if (sha256.len != JC_SHA256_SIZE)
            continue;
        enum jc_code code =
            jc_row_exists(run->tx, SELECT_BLOB,
                          JC_VALUES(jc_int(run->caller->agency_id), jc_bytes(sha256.ptr, sha256.len)), &here, err);
        if (code)
            return code;
        if (here)
            memcpy(blobs[content->blob_count++], sha256.ptr, JC_SHA256_SIZE);
    }
    return JC_OK;
}

/* The keys that came after the one the terminal knows: asked for only when they differ. */
static enum jc_code add_keys(struct run *run, const struct jc_signet *signet, struct jc_err *err) {
    struct jc_str known = jc_view(run->request->known_key_id);
    if (!signet->can_sign || jc_str_eq(known, (struct jc_str){(const char *)signet->key_id, JC_KEY_ID_SIZE}))
        return JC_OK;
    return jc_server_key_since(run->tx, known, run->arena, &run->response->server_keys, &run->response->n_server_keys,
                               err);
}

static enum jc_code add_receipt(struct run *run, struct jc_receipt_draft **later, struct jc_err *err) {
    struct jc_receipt_content content = {
        .device_id = run->caller->device_id, .operations = run->durable, .count = run->durable_count};
    struct jc_receipt_draft *draft = NULL;
    enum jc_code code = find_blobs(run, &content, err);
    if (!code)
        code = jc_receipt_make(run->tx, run->caller->agency_id, run->now_ms, &content, run->arena, &draft, err);
    if (!code)
        code = add_keys(run, &draft->signet, err);
    if (!code && !later)
        code = jc_receipt_complete(draft, run->arena, err);
    if (code)
        return code;
    run->response->receipt = draft->receipt;
    if (later)
        *later = draft;
    return JC_OK;
}

enum jc_code jc_sync_run(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                         struct jc_sync_prepared *prepared, struct jc_arena *arena, Jc__SyncResponse **out,
                         bool *page_later, struct jc_receipt_draft **sign_later, struct jc_err *err) {
    const Jc__SyncRequest *request = prepared->request;
    struct run run = {.tx = tx,
                      .caller = caller,
                      .now_ms = now_ms,
                      .request = request,
                      .prepared = prepared,
                      .arena = arena,
                      .response = JC_NEW(arena, Jc__SyncResponse)};
    if (!run.response)
        return jc_fail_memory(err);
    jc__sync_response__init(run.response);
    run.response->takes_seals = true;
    jc_tx_memo_keep(tx); /* a sync writes no row of sync/known.h */
    enum jc_code code = vouch(&run, err);
    if (!code)
        code = apply_all(&run, err);
    if (!code)
        code = jc_numbers_lease(tx, caller, now_ms, request, run.numbers_low, arena, run.response, err);
    if (!code)
        code = add_changes(&run, page_later, err);
    if (!code)
        code = note_device(&run, err);
    if (!code)
        code = add_receipt(&run, sign_later, err);
    if (code)
        return code;
    run.response->server_time = jc_stamp_of_ms(arena, now_ms);
    if (!run.response->server_time)
        return jc_fail_memory(err);
    *out = run.response;
    return JC_OK;
}

enum jc_code jc_sync_take(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                          struct jc_sync_prepared *prepared, struct jc_arena *arena, Jc__OperationResult ***results,
                          struct jc_receipt_operation **durable, size_t *durable_count, struct jc_err *err) {
    struct run run = {.tx = tx,
                      .caller = caller,
                      .now_ms = now_ms,
                      .request = prepared->request,
                      .prepared = prepared,
                      .arena = arena,
                      .response = JC_NEW(arena, Jc__SyncResponse)};
    if (!run.response)
        return jc_fail_memory(err);
    jc__sync_response__init(run.response);
    enum jc_code code = vouch(&run, err);
    if (!code)
        code = apply_all(&run, err);
    *results = run.response->results;
    *durable = run.durable;
    *durable_count = run.durable_count;
    return code;
}
