/* jiancha.v1.ReviewService: operations of terminals kept for a person to decide. */
#include "jiancha/v1/review_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/review.h"

enum jc_code jc_list_reviews_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListReviewsRequest *request = (const Jc__ListReviewsRequest *)call->request;
    Jc__ListReviewsResponse *response = JC_ANSWER(call, Jc__ListReviewsResponse, jc__list_reviews_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_review_list(tx, call->caller.agency_id, request->state, call->arena, &response->reviews,
                          &response->n_reviews, err);
}
