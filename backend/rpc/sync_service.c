/* jiancha.v1.SyncService: one round trip of a terminal. The caller is a device, the work is sync's. */
#include "rpc/services.h"
#include "sync/sync.h"

enum jc_code jc_sync_call_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__SyncRequest *request = (const Jc__SyncRequest *)call->request;
    Jc__SyncResponse *response = NULL;
    struct jc_sync_caller caller = {
        .agency_id = call->caller.agency_id,
        .device_id = call->caller.device_id,
        .inspector_id = call->caller.inspector_id,
        .team_id = call->caller.team_id,
        .scope_version = call->caller.scope_version,
    };
    enum jc_code code = jc_sync_run(tx, &caller, call->now_ms, request, call->arena, &response, err);
    if (!code)
        call->response = &response->base;
    return code;
}
