/* jiancha.v1.TaskService: what is to be done, by due date; and what planners do with it. */
#include "jiancha/v1/task_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/task.h"
#include "sync/recall.h"

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

/* --- acts of planners ------------------------------------------------------------------------------------ */

static enum jc_code fill_act(const struct jc_call *call, const ProtobufCBinaryData *ids, size_t count,
                             const char *reason, struct jc_task_act *out, struct jc_err *err) {
    *out = (struct jc_task_act){
        .agency_id = call->caller.agency_id,
        .task_ids = ids,
        .count = count,
        .reason = jc_str(reason),
        .actor = jc_caller_actor(&call->caller, call->arena),
        .now_ms = call->now_ms,
    };
    return out->actor.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_recall_tasks_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__RecallTasksRequest *request = (const Jc__RecallTasksRequest *)call->request;
    Jc__RecallTasksResponse *response = JC_ANSWER(call, Jc__RecallTasksResponse, jc__recall_tasks_response);
    struct jc_task_act act;
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = fill_act(call, request->task_ids, request->n_task_ids, request->reason, &act, err);
    if (!code)
        code = jc_task_act_recall(tx, &act, call->arena, &response->tasks, err);
    response->n_tasks = code ? 0 : act.count;
    call->response = &response->base;
    return code;
}

enum jc_code jc_reassign_tasks_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ReassignTasksRequest *request = (const Jc__ReassignTasksRequest *)call->request;
    Jc__ReassignTasksResponse *response = JC_ANSWER(call, Jc__ReassignTasksResponse, jc__reassign_tasks_response);
    struct jc_task_act act;
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = fill_act(call, request->task_ids, request->n_task_ids, request->reason, &act, err);
    if (!code)
        code = jc_task_act_reassign(tx, &act, jc_str(request->team_id), call->arena, &response->tasks, err);
    response->n_tasks = code ? 0 : act.count;
    call->response = &response->base;
    return code;
}

enum jc_code jc_reopen_task_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ReopenTaskRequest *request = (const Jc__ReopenTaskRequest *)call->request;
    Jc__ReopenTaskResponse *response = JC_ANSWER(call, Jc__ReopenTaskResponse, jc__reopen_task_response);
    struct jc_task_act act;
    Jc__Task **tasks = NULL;
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = fill_act(call, &request->task_id, 1, request->note, &act, err);
    if (!code)
        code = jc_task_act_reopen(tx, &act, call->arena, &tasks, err);
    if (!code)
        response->task = tasks[0];
    call->response = &response->base;
    return code;
}
