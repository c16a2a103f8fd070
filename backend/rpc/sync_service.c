/* jiancha.v1.SyncService: one round trip of a terminal, or a bundle of one that has no network. The work is
 * sync's.
 *
 * Before the job the bodies are hashed and unpacked, and signatures verified if the device was here
 * before. The sealer learns keys inside the job, which is no effect that a rolled back job would have
 * to undo: the key of a device that exists never changes. */
#include "auth/token.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "sync/ingest.h"
#include "sync/listing_digest.h"
#include "sync/prepare.h"
#include "sync/sealer.h"
#include "sync/sync.h"

enum jc_code jc_sync_call_prepare(struct jc_call *call, struct jc_err *err) {
    struct jc_sync_prepared *prepared = NULL;
    enum jc_code code = jc_sync_prepare((const Jc__SyncRequest *)call->request, call->arena, &prepared, err);
    if (code)
        return code;
    call->work = prepared;
    if (call->sealer && call->token.len) {
        jc_token_hash(call->token, call->token_hash);
        call->hashed = true;
        jc_sealer_vouch(call->sealer, call->token_hash, call->now_ms, prepared);
    }
    return JC_OK;
}

static struct jc_sync_caller caller_of(const struct jc_call *call) {
    return (struct jc_sync_caller){
        .agency_id = call->caller.agency_id,
        .device_id = call->caller.device_id,
        .inspector_id = call->caller.inspector_id,
        .team_id = call->caller.team_id,
        .scope_version = call->caller.scope_version,
        .blocks_version = call->caller.blocks_version,
        .chain = call->caller.chain,
        .rebuild = call->caller.rebuild,
    };
}

enum jc_code jc_sync_call_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const struct jc_sync_caller caller = caller_of(call);
    Jc__SyncResponse *response = NULL;
    enum jc_code code = call->work ? JC_OK : jc_sync_call_prepare(call, err);
    if (code)
        return code;
    struct jc_sync_prepared *prepared = call->work;
    call->more = false;
    call->receipt = NULL;
    code = jc_sync_run(tx, &caller, call->now_ms, prepared, call->arena, &response, call->splits ? &call->more : NULL,
                       call->signs ? &call->receipt : NULL, err);
    if (code)
        return code;
    if (call->sealer)
        jc_sealer_learn(call->sealer, call->caller.token_hash, call->now_ms, prepared);
    call->response = &response->base;
    return JC_OK;
}

enum jc_code jc_sync_call_after(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const struct jc_sync_caller caller = caller_of(call);
    call->more = false;
    return jc_sync_page(tx, &caller, call->now_ms, (const Jc__SyncRequest *)call->request, call->arena,
                        (Jc__SyncResponse *)call->response, err);
}

enum jc_code jc_get_digest_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetDigestRequest *request = (const Jc__GetDigestRequest *)call->request;
    const struct jc_sync_caller caller = caller_of(call);
    struct jc_str cursor = {(const char *)request->cursor.data, request->cursor.len};
    Jc__GetDigestResponse *response = NULL;
    enum jc_code code = jc_listing_digest_make(tx, &caller, call->now_ms, cursor, call->arena, &response, err);
    if (!code)
        call->response = &response->base;
    return code;
}

/* --- bundles --------------------------------------------------------------------------------------------- */

enum { BUNDLE_MAX = 4 << 20 };

/* What all frames of a bundle came to. */
struct bundle {
    struct jc_ingest ingest;
    struct jc_receipt_operation *items;
    size_t count, capacity;
};

static bool join_results(struct jc_call *call, Jc__IngestResponse *response, const struct jc_ingested *part) {
    size_t count = response->n_results + part->result_count, missing = response->n_missing_blobs + part->missing_count;
    Jc__OperationResult **results = JC_NEW_ARRAY(call->arena, count, Jc__OperationResult *);
    ProtobufCBinaryData *blobs = JC_NEW_ARRAY(call->arena, missing, ProtobufCBinaryData);
    if (!results || !blobs)
        return false;
    for (size_t i = 0; i < count; i++)
        results[i] = i < response->n_results ? response->results[i] : part->results[i - response->n_results];
    for (size_t i = 0; i < missing; i++)
        blobs[i] =
            i < response->n_missing_blobs ? response->missing_blobs[i] : part->missing[i - response->n_missing_blobs];
    response->results = results;
    response->n_results = count;
    response->missing_blobs = blobs;
    response->n_missing_blobs = missing;
    return true;
}

static enum jc_code take_frame(struct jc_tx *tx, struct jc_call *call, struct bundle *bundle,
                               const struct jc_bundle_frame *frame, struct jc_err *err) {
    struct jc_sync_prepared *prepared = NULL;
    struct jc_ingested part;
    enum jc_code code = jc_ingest_unpack(&bundle->ingest, frame, call->arena, &prepared, err);
    if (!code)
        code = jc_ingest_apply(tx, &bundle->ingest, prepared, call->now_ms, call->arena, &part, err);
    for (size_t i = 0; !code && i < part.durable_count; i++) {
        struct jc_receipt_operation *slot = JC_PUSH(call->arena, bundle, struct jc_receipt_operation);
        if (!slot)
            return jc_fail_memory(err);
        *slot = part.durable[i];
    }
    if (!code && !join_results(call, (Jc__IngestResponse *)call->response, &part))
        code = jc_fail_memory(err);
    return code;
}

static enum jc_code take_bundle(struct jc_tx *tx, struct jc_call *call, struct bundle *bundle, struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = jc_ingest_check(bundle->ingest.reader, call->arena, &bundle->ingest, err);
    if (!code)
        code = jc_ingest_admit(tx, call->caller.agency_id, &bundle->ingest, call->arena, err);
    while (!code && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(bundle->ingest.reader, &frame, err);
        if (!code && frame.type == JC_BUNDLE_OPERATIONS)
            code = take_frame(tx, call, bundle, &frame, err);
    }
    return code;
}

/* The receipt over all of it, and the log's line. */
static enum jc_code close_bundle(struct jc_tx *tx, struct jc_call *call, const struct bundle *bundle,
                                 struct jc_err *err) {
    Jc__IngestResponse *response = (Jc__IngestResponse *)call->response;
    struct jc_str actor = jc_caller_actor(&call->caller, call->arena);
    const struct jc_receipt_content content = {
        .device_id = bundle->ingest.made_by, .operations = bundle->items, .count = bundle->count};
    struct jc_receipt_draft *draft = NULL;
    if (!actor.ptr)
        return jc_fail_memory(err);
    enum jc_code code = jc_ingest_note(tx, &bundle->ingest, call->now_ms, actor, (int64_t)response->n_results, err);
    if (!code)
        code = jc_receipt_make(tx, call->caller.agency_id, call->now_ms, &content, call->arena, &draft, err);
    if (!code && !call->signs)
        code = jc_receipt_complete(draft, call->arena, err);
    if (code)
        return code;
    response->device_id = bundle->ingest.header->device_id;
    response->receipt = draft->receipt;
    call->receipt = call->signs ? draft : NULL;
    return JC_OK;
}

enum jc_code jc_ingest_call_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__IngestRequest *request = (const Jc__IngestRequest *)call->request;
    Jc__IngestResponse *response = JC_ANSWER(call, Jc__IngestResponse, jc__ingest_response);
    struct jc_str bytes = {(const char *)request->bundle.data, request->bundle.len};
    struct bundle bundle = {0};
    char limit[JC_NUMBER_TEXT];
    call->receipt = NULL;
    if (!response)
        return jc_fail_memory(err);
    if (bytes.len > BUNDLE_MAX)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_BODY_LARGE, jc_str_from_int64(BUNDLE_MAX, limit));
    call->response = &response->base;
    enum jc_code code = jc_bundle_open_bytes(JC_STR("bundle"), bytes, &bundle.ingest.reader, err);
    if (!code)
        code = take_bundle(tx, call, &bundle, err);
    if (!code)
        code = close_bundle(tx, call, &bundle, err);
    jc_bundle_close(bundle.ingest.reader);
    return code;
}
