/* jiancha.v1.ReportService: what a supervisor reads, as of a day. */
#include "jiancha/v1/report_service.pb-c.h"
#include "report/report.h"
#include "rpc/answer.h"
#include "rpc/services.h"

static enum jc_code parse_day(const char *text, struct jc_date *out, struct jc_err *err) {
    if (!jc_date_parse(jc_str(text), out))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DAY_INVALID, jc_str(text));
    return JC_OK;
}

enum jc_code jc_get_completion_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetCompletionRequest *request = (const Jc__GetCompletionRequest *)call->request;
    Jc__GetCompletionResponse *response = JC_ANSWER(call, Jc__GetCompletionResponse, jc__get_completion_response);
    struct jc_date as_of;
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    enum jc_code code = parse_day(request->as_of, &as_of, err);
    if (!code)
        code = jc_report_completion(tx, call->caller.agency_id, as_of, call->arena, &response->rows, &response->n_rows,
                                    err);
    return code;
}

enum jc_code jc_get_rates_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetRatesRequest *request = (const Jc__GetRatesRequest *)call->request;
    Jc__GetRatesResponse *response = JC_ANSWER(call, Jc__GetRatesResponse, jc__get_rates_response);
    struct jc_date as_of;
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    enum jc_code code = parse_day(request->as_of, &as_of, err);
    if (!code)
        code =
            jc_report_rates(tx, call->caller.agency_id, as_of, call->arena, &response->rates, &response->n_rates, err);
    return code;
}

enum jc_code jc_list_overdue_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListOverdueRequest *request = (const Jc__ListOverdueRequest *)call->request;
    Jc__ListOverdueResponse *response = JC_ANSWER(call, Jc__ListOverdueResponse, jc__list_overdue_response);
    struct jc_date as_of;
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    enum jc_code code = parse_day(request->as_of, &as_of, err);
    if (!code)
        code = jc_report_overdue(tx, call->caller.agency_id, as_of, call->arena, &response->items, &response->n_items,
                                 err);
    return code;
}
