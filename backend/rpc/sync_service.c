/* jiancha.v1.SyncService: one round trip of a terminal. The caller is a device, the work is sync's.
 *
 * Before the job the bodies are hashed and unpacked, and signatures verified if the device was here
 * before. The sealer learns keys inside the job, which is no effect that a rolled back job would have
 * to undo: the key of a device that exists never changes. */
#include "auth/token.h"
#include "rpc/services.h"
#include "sync/digest.h"
#include "sync/prepare.h"
#include "sync/sealer.h"
#include "sync/sync.h"

enum jc_code jc_sync_call_prepare(struct jc_call *call, struct jc_err *err) {
    struct jc_sync_prepared *prepared = NULL;
    uint8_t token_hash[JC_SHA256_SIZE];
    enum jc_code code = jc_sync_prepare((const Jc__SyncRequest *)call->request, call->arena, &prepared, err);
    if (code)
        return code;
    call->work = prepared;
    if (call->sealer && call->token.len) {
        jc_token_hash(call->token, token_hash);
        jc_sealer_vouch(call->sealer, token_hash, prepared);
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
        jc_sealer_learn(call->sealer, call->caller.token_hash, prepared);
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
    enum jc_code code = jc_digest_make(tx, &caller, call->now_ms, cursor, call->arena, &response, err);
    if (!code)
        call->response = &response->base;
    return code;
}
