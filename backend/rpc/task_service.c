/* jiancha.v1.TaskService: what is to be done, by due date. */
#include "jiancha/v1/task_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/task.h"

enum jc_code jc_list_tasks_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListTasksRequest *request = (const Jc__ListTasksRequest *)call->request;
    struct jc_task_filter filter = {.state = request->state, .after = jc_str(request->page_token)};
    struct jc_str next = {0};
    Jc__ListTasksResponse *response = JC_ANSWER(call, Jc__ListTasksResponse, jc__list_tasks_response);
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = jc_call_team(call, request->team_id, &filter.team_id, err);
    if (!code)
        code = jc_page_size(request->page_size, &filter.limit, err);
    if (!code)
        code = jc_task_list(tx, call->caller.agency_id, &filter, call->arena, &response->tasks, &response->n_tasks,
                            &next, err);
    if (code)
        return code;
    if (next.len) {
        response->next_page_token = (char *)jc_arena_copy(call->arena, next).ptr;
        if (!response->next_page_token)
            return jc_fail_memory(err);
    }
    call->response = &response->base;
    return JC_OK;
}
