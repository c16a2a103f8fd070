/* jiancha.v1.PlanService: a version of the plan, for planners and supervisors whole, for a team lead
 * what concerns the team. Terminals never read the plan: they see what was released (DESIGN section 8). */
#include "jiancha/v1/plan_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/plan.h"

/* Leaves the shortfalls of one team; those of the whole agency go as well. */
static void keep_team(Jc__Plan *plan, struct jc_str team_id) {
    size_t kept = 0;
    for (size_t i = 0; i < plan->n_shortfalls; i++)
        if (jc_str_eq(jc_str(plan->shortfalls[i]->team_id), team_id))
            plan->shortfalls[kept++] = plan->shortfalls[i];
    plan->n_shortfalls = kept;
}

enum jc_code jc_get_plan_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetPlanRequest *request = (const Jc__GetPlanRequest *)call->request;
    struct jc_visit_filter filter = {.month = request->month};
    Jc__GetPlanResponse *response = JC_ANSWER(call, Jc__GetPlanResponse, jc__get_plan_response);
    if (!response)
        return jc_fail_memory(err);
    if (request->month < 0 || request->month > 12)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_MONTH_INVALID);
    enum jc_code code = jc_call_team(call, request->team_id, &filter.team_id, err);
    if (!code)
        code = jc_plan_get(tx, call->caller.agency_id, request->version, &filter, call->arena, &response->plan, err);
    if (code)
        return code;
    if (!jc_caller_sees_agency(&call->caller))
        keep_team(response->plan, filter.team_id);
    call->response = &response->base;
    return JC_OK;
}
