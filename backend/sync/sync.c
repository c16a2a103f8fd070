/* The order of things in one round trip: operations first, so that the changes below show what they
 * did; then numbers, what the device says of itself, a page of changes, and the receipt last, when the
 * chain's head is final. */
#include "sync/sync.h"

#include <string.h>

#include "base/text.h"
#include "store/device.h"
#include "store/head.h"
#include "store/stamp.h"
#include "sync/apply.h"
#include "sync/changes.h"
#include "sync/numbers.h"
#include "sync/receipt.h"

enum { APP_VERSION_MAX = 64 };

struct run {
    struct jc_tx *tx;
    const struct jc_sync_caller *caller;
    int64_t now_ms;
    const Jc__SyncRequest *request;
    struct jc_arena *arena;
    Jc__SyncResponse *response;
    ProtobufCBinaryData *durable; /* ids for the receipt */
    size_t durable_count;
};

static enum jc_code apply_all(struct run *run, struct jc_err *err) {
    size_t count = run->request->n_operations;
    struct jc_apply apply;
    run->response->results = JC_NEW_ARRAY(run->arena, count, Jc__OperationResult *);
    run->durable = JC_NEW_ARRAY(run->arena, count, ProtobufCBinaryData);
    if (!run->response->results || !run->durable)
        return jc_fail_memory(err);
    enum jc_code code = jc_apply_open(&apply, run->tx, run->caller, run->now_ms, run->arena, err);
    for (size_t i = 0; !code && i < count; i++) {
        bool durable = false;
        code = jc_apply_operation(&apply, run->request->operations[i], &run->response->results[i], &durable, err);
        if (!code && durable)
            run->durable[run->durable_count++] = run->request->operations[i]->id;
    }
    jc_apply_close(&apply);
    run->response->n_results = code ? 0 : count;
    return code;
}

/* The report as the board may show it: its text cut to size. */
static enum jc_code note_device(struct run *run, struct jc_err *err) {
    const Jc__DeviceReport *report = run->request->report;
    if (!report)
        return jc_device_seen(run->tx, run->caller->agency_id, run->caller->device_id, run->now_ms, NULL, err);
    Jc__DeviceReport clean = *report;
    char version[APP_VERSION_MAX + 1] = "";
    jc_text_clean(jc_str(report->app_version), version, APP_VERSION_MAX);
    clean.app_version = version;
    clean.unsent = report->unsent > 0 ? report->unsent : 0;
    clean.free_bytes = report->free_bytes > 0 ? report->free_bytes : 0;
    return jc_device_seen(run->tx, run->caller->agency_id, run->caller->device_id, run->now_ms, &clean, err);
}

static size_t page_bytes(const Jc__SyncRequest *request) {
    int32_t asked = request->page_bytes ? request->page_bytes : JC_SYNC_PAGE_DEFAULT;
    if (asked < JC_SYNC_PAGE_MIN)
        return JC_SYNC_PAGE_MIN;
    return asked > JC_SYNC_PAGE_MAX ? JC_SYNC_PAGE_MAX : (size_t)asked;
}

static enum jc_code add_changes(struct run *run, struct jc_err *err) {
    struct jc_changes changes;
    struct jc_head *head = NULL;
    enum jc_code code = jc_head_of(run->tx, run->caller->agency_id, &head, err);
    if (!code)
        code = jc_changes_page(run->tx, run->caller, run->now_ms, head->change_seq, jc_view(run->request->cursor),
                               page_bytes(run->request), run->arena, &changes, err);
    if (code)
        return code;
    run->response->changes = changes.items;
    run->response->n_changes = changes.count;
    run->response->cursor = jc_data(changes.cursor);
    run->response->has_more = changes.has_more;
    run->response->restarted = changes.restarted;
    return JC_OK;
}

static enum jc_code check_request(const Jc__SyncRequest *request, struct jc_err *err) {
    char limit[JC_NUMBER_TEXT], count[JC_NUMBER_TEXT];
    if (request->n_operations <= JC_SYNC_OPERATIONS_MAX)
        return JC_OK;
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_SYNC_TOO_MANY, jc_str_from_int64(JC_SYNC_OPERATIONS_MAX, limit),
                   jc_str_from_int64((int64_t)request->n_operations, count));
}

enum jc_code jc_sync_run(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                         const Jc__SyncRequest *request, struct jc_arena *arena, Jc__SyncResponse **out,
                         struct jc_err *err) {
    struct run run = {.tx = tx, .caller = caller, .now_ms = now_ms, .request = request, .arena = arena};
    enum jc_code code = check_request(request, err);
    if (code)
        return code;
    run.response = JC_NEW(arena, Jc__SyncResponse);
    if (!run.response)
        return jc_fail_memory(err);
    jc__sync_response__init(run.response);
    code = apply_all(&run, err);
    if (!code)
        code = jc_numbers_lease(tx, caller, now_ms, request->numbers_used, request->n_numbers_used, arena,
                                &run.response->number_blocks, &run.response->n_number_blocks, err);
    if (!code)
        code = note_device(&run, err);
    if (!code)
        code = add_changes(&run, err);
    if (!code)
        code = jc_receipt_make(tx, caller->agency_id, now_ms, run.durable, run.durable_count, arena,
                               &run.response->receipt, err);
    if (code)
        return code;
    run.response->server_time = jc_stamp_of_ms(arena, now_ms);
    if (!run.response->server_time)
        return jc_fail_memory(err);
    *out = run.response;
    return JC_OK;
}
