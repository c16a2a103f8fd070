/* jiancha.v1.ReviewService: operations of terminals kept for a person to decide. A team lead decides what
 * is the own team's. */
#include "jiancha/v1/review_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/review.h"
#include "sync/review.h"

enum jc_code jc_list_reviews_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListReviewsRequest *request = (const Jc__ListReviewsRequest *)call->request;
    struct jc_review_filter filter = {.state = request->state};
    struct jc_str token = jc_str(request->page_token);
    char number[JC_NUMBER_TEXT];
    Jc__ListReviewsResponse *response = JC_ANSWER(call, Jc__ListReviewsResponse, jc__list_reviews_response);
    if (!response)
        return jc_fail_memory(err);
    if (token.len && (!jc_str_to_int64(token, &filter.after) || filter.after < 1))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PAGE_TOKEN_BAD, token);
    enum jc_code code = jc_page_size(request->page_size ? request->page_size : JC_PAGE_LARGEST, &filter.limit, err);
    size_t page = (size_t)filter.limit++; /* one more tells whether there is a next page */
    if (!code)
        code = jc_review_list(tx, call->caller.agency_id, &filter, call->arena, &response->reviews,
                              &response->n_reviews, err);
    if (!code && response->n_reviews > page) {
        response->n_reviews = page;
        struct jc_str next = jc_str_from_int64(response->reviews[page - 1]->review_id, number);
        response->next_page_token = (char *)jc_arena_copy(call->arena, next).ptr;
        code = response->next_page_token ? JC_OK : jc_fail_memory(err);
    }
    call->response = &response->base;
    return code;
}

enum jc_code jc_get_review_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetReviewRequest *request = (const Jc__GetReviewRequest *)call->request;
    Jc__GetReviewResponse *response = NULL;
    enum jc_code code = jc_review_show(tx, call->caller.agency_id, request->review_id, call->arena, &response, err);
    if (!code)
        call->response = &response->base;
    return code;
}

/* A lead's own team; whoever sees the agency may decide all of it. */
static enum jc_code check_team(struct jc_tx *tx, const struct jc_call *call, int64_t review_id, struct jc_err *err) {
    struct jc_review_case kase;
    if (jc_caller_sees_agency(&call->caller))
        return JC_OK;
    enum jc_code code = jc_review_get(tx, call->caller.agency_id, review_id, call->arena, &kase, err);
    if (!code && !jc_caller_sees_team(&call->caller, kase.team_id))
        code = jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_TEAM_FOREIGN, kase.team_id);
    return code;
}

enum jc_code jc_decide_review_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__DecideReviewRequest *request = (const Jc__DecideReviewRequest *)call->request;
    Jc__DecideReviewResponse *response = NULL;
    struct jc_review_act act = {
        .agency_id = call->caller.agency_id,
        .review_id = request->review_id,
        .kind = request->kind,
        .linked_inspection_id = {(const char *)request->linked_inspection_id.data, request->linked_inspection_id.len},
        .note = jc_str(request->note),
        .actor = jc_caller_actor(&call->caller, call->arena),
        .now_ms = call->now_ms,
    };
    if (!act.actor.ptr)
        return jc_fail_memory(err);
    enum jc_code code = check_team(tx, call, act.review_id, err);
    if (!code)
        code = jc_review_decide(tx, &act, call->arena, &response, err);
    if (!code)
        call->response = &response->base;
    return code;
}
