/* jiancha.v1.EvidenceService: what records lack, with what receipts are signed, and who did what. */
#include "jiancha/v1/evidence_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/audit_log.h"
#include "store/completeness.h"
#include "store/operation.h"
#include "store/server_key.h"

enum jc_code jc_list_incomplete_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListIncompleteRequest *request = (const Jc__ListIncompleteRequest *)call->request;
    struct jc_completeness_filter filter = {0};
    struct jc_str token = jc_str(request->page_token);
    char number[JC_NUMBER_TEXT];
    int64_t next = 0;
    Jc__ListIncompleteResponse *response = JC_ANSWER(call, Jc__ListIncompleteResponse, jc__list_incomplete_response);
    if (!response)
        return jc_fail_memory(err);
    if (token.len &&
        (!jc_str_to_int64(token, &filter.after) || filter.after < 1 || filter.after >> JC_OP_KEY_BITS != 0))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PAGE_TOKEN_BAD, token);
    enum jc_code code = jc_call_team(call, request->team_id, &filter.team_id, err);
    if (!code)
        code = jc_page_size(request->page_size, &filter.limit, err);
    if (!code)
        code = jc_completeness_list(tx, call->caller.agency_id, &filter, call->arena, &response->records,
                                    &response->n_records, &next, err);
    if (!code && next) {
        response->next_page_token = (char *)jc_arena_copy(call->arena, jc_str_from_int64(next, number)).ptr;
        code = response->next_page_token ? JC_OK : jc_fail_memory(err);
    }
    call->response = &response->base;
    return code;
}

enum jc_code jc_get_completeness_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetCompletenessRequest *request = (const Jc__GetCompletenessRequest *)call->request;
    struct jc_str id = {(const char *)request->inspection_id.data, request->inspection_id.len}, team_id = {0};
    struct jc_completeness found;
    Jc__GetCompletenessResponse *response = JC_ANSWER(call, Jc__GetCompletenessResponse, jc__get_completeness_response);
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = jc_call_team(call, "", &team_id, err);
    if (!code)
        code = jc_completeness_get(tx, call->caller.agency_id, id, team_id, call->now_ms, call->arena, &found, err);
    if (code)
        return code;
    response->record = found.record;
    response->blobs = found.blobs;
    response->n_blobs = found.count;
    call->response = &response->base;
    return JC_OK;
}

enum jc_code jc_list_server_keys_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    Jc__ListServerKeysResponse *response = JC_ANSWER(call, Jc__ListServerKeysResponse, jc__list_server_keys_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_server_key_list(tx, call->arena, &response->keys, &response->n_keys, err);
}

enum jc_code jc_list_audit_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListAuditRequest *request = (const Jc__ListAuditRequest *)call->request;
    struct jc_audit_filter filter = {.act = jc_str(request->act)};
    struct jc_str token = jc_str(request->page_token);
    char number[JC_NUMBER_TEXT];
    bool more = false;
    Jc__ListAuditResponse *response = JC_ANSWER(call, Jc__ListAuditResponse, jc__list_audit_response);
    if (!response)
        return jc_fail_memory(err);
    if (token.len && (!jc_str_to_int64(token, &filter.before) || filter.before < 1))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PAGE_TOKEN_BAD, token);
    enum jc_code code = jc_page_size(request->page_size, &filter.limit, err);
    if (!code)
        code = jc_audit_log_list(tx, call->caller.agency_id, &filter, call->arena, &response->entries,
                                 &response->n_entries, &more, err);
    if (!code && more) {
        struct jc_str next = jc_str_from_int64(response->entries[response->n_entries - 1]->audit_no, number);
        response->next_page_token = (char *)jc_arena_copy(call->arena, next).ptr;
        code = response->next_page_token ? JC_OK : jc_fail_memory(err);
    }
    call->response = &response->base;
    return code;
}
