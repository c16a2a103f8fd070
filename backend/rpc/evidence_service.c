/* jiancha.v1.EvidenceService: with what receipts are signed, and who did what. */
#include "jiancha/v1/evidence_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/audit_log.h"
#include "store/server_key.h"

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
