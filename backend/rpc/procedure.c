/* One table, searched by service and method: with about twenty entries a binary search would win
 * nothing. Types of request and response come from the service's descriptor, so the table cannot
 * disagree with the contract; a test holds both against each other. */
#include "rpc/procedure.h"

#include <string.h>

#include "jiancha/v1/device_service.pb-c.h"
#include "jiancha/v1/evidence_service.pb-c.h"
#include "jiancha/v1/plan_service.pb-c.h"
#include "jiancha/v1/registry_service.pb-c.h"
#include "jiancha/v1/report_service.pb-c.h"
#include "jiancha/v1/review_service.pb-c.h"
#include "jiancha/v1/session_service.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "jiancha/v1/task_service.pb-c.h"
#include "rpc/services.h"

/* Who may call. An administrator may do what a planner may. */
#define ADMINS (JC_ROLE(PLANNER) | JC_ROLE(ADMIN))
#define READERS (ADMINS | JC_ROLE(SUPERVISOR))
#define PEOPLE (READERS | JC_ROLE(INSPECTOR) | JC_ROLE(TEAM_LEAD))
#define ALL (PEOPLE | JC_CALLS_DEVICE)

#define SESSION &jc__session_service__descriptor
#define DEVICE &jc__device_service__descriptor
#define REGISTRY &jc__registry_service__descriptor
#define PLAN &jc__plan_service__descriptor
#define TASK &jc__task_service__descriptor
#define SYNC &jc__sync_service__descriptor
#define REVIEW &jc__review_service__descriptor
#define EVIDENCE &jc__evidence_service__descriptor
#define REPORT &jc__report_service__descriptor

#define READ .kind = JC_PROCEDURE_READ
#define WRITE .kind = JC_PROCEDURE_WRITE
#define PASSWORD .kind = JC_PROCEDURE_PASSWORD

static const struct jc_procedure TABLE[] = {
    {SESSION, "Login", PASSWORD, .callers = JC_CALLS_WITHOUT_TOKEN, .guessable = true, .run = jc_login_run,
     .look = jc_login_look, .work = jc_login_work},
    {SESSION, "Logout", WRITE, .callers = PEOPLE, .before_password_change = true, .run = jc_logout_run},
    {SESSION, "ChangePassword", PASSWORD, .callers = PEOPLE, .before_password_change = true, .guessable = true,
     .run = jc_change_password_run, .look = jc_change_password_look, .work = jc_change_password_work},
    {SESSION, "GetSelf", READ, .callers = ALL, .before_password_change = true, .run = jc_get_self_run},

    {DEVICE, "CreateInvitation", WRITE, .callers = ADMINS, .run = jc_create_invitation_run},
    {DEVICE, "Enroll", WRITE, .callers = JC_CALLS_WITHOUT_TOKEN, .run = jc_enroll_run},
    {DEVICE, "ListDevices", READ, .callers = READERS | JC_ROLE(TEAM_LEAD), .run = jc_list_devices_run},
    {DEVICE, "RevokeDevice", WRITE, .callers = ADMINS, .run = jc_revoke_device_run},
    {DEVICE, "RenameDevice", WRITE, .callers = ADMINS, .run = jc_rename_device_run},
    {DEVICE, "RequestRebuild", WRITE, .callers = ADMINS, .run = jc_request_rebuild_run},
    {DEVICE, "TrustSeal", WRITE, .callers = ADMINS, .run = jc_trust_seal_run},

    {REGISTRY, "GetAgency", READ, .callers = ALL, .run = jc_get_agency_run},
    {REGISTRY, "ListTeams", READ, .callers = ALL, .run = jc_list_teams_run},
    {REGISTRY, "ListUnits", READ, .callers = ALL, .run = jc_list_units_run},
    {REGISTRY, "GetUnit", READ, .callers = ALL, .run = jc_get_unit_run},

    {PLAN, "GetPlan", READ, .callers = READERS | JC_ROLE(TEAM_LEAD), .run = jc_get_plan_run},
    {TASK, "ListTasks", READ, .callers = ALL, .run = jc_list_tasks_run},
    {TASK, "RecallTasks", WRITE, .callers = ADMINS, .run = jc_recall_tasks_run},
    {TASK, "ReassignTasks", WRITE, .callers = ADMINS, .run = jc_reassign_tasks_run},
    {TASK, "ReopenTask", WRITE, .callers = ADMINS, .run = jc_reopen_task_run},
    {SYNC, "Sync", WRITE, .callers = JC_CALLS_DEVICE, .run = jc_sync_call_run, .prepare = jc_sync_call_prepare,
     .after = jc_sync_call_after},
    {SYNC, "GetDigest", READ, .callers = JC_CALLS_DEVICE, .run = jc_get_digest_run},
    {SYNC, "Ingest", WRITE, .callers = ADMINS | JC_CALLS_DEVICE, .run = jc_ingest_call_run},
    {REVIEW, "ListReviews", READ, .callers = READERS, .run = jc_list_reviews_run},
    {REVIEW, "GetReview", READ, .callers = READERS, .run = jc_get_review_run},
    {REVIEW, "DecideReview", WRITE, .callers = ADMINS | JC_ROLE(TEAM_LEAD), .run = jc_decide_review_run},

    {EVIDENCE, "ListIncomplete", READ, .callers = READERS | JC_ROLE(TEAM_LEAD), .run = jc_list_incomplete_run},
    {EVIDENCE, "GetCompleteness", READ, .callers = READERS | JC_ROLE(TEAM_LEAD), .run = jc_get_completeness_run},
    {EVIDENCE, "ListServerKeys", READ, .callers = ALL, .run = jc_list_server_keys_run},
    {EVIDENCE, "ListAudit", READ, .callers = JC_ROLE(ADMIN) | JC_ROLE(SUPERVISOR), .run = jc_list_audit_run},

    {REPORT, "GetCompletion", READ, .callers = READERS, .run = jc_get_completion_run},
    {REPORT, "GetRates", READ, .callers = READERS, .run = jc_get_rates_run},
    {REPORT, "ListOverdue", READ, .callers = READERS, .run = jc_list_overdue_run},
};
enum { TABLE_COUNT = sizeof TABLE / sizeof TABLE[0] };

const struct jc_procedure *jc_procedure_table(size_t *count) {
    *count = TABLE_COUNT;
    return TABLE;
}

const struct jc_procedure *jc_procedure_find(struct jc_str path) {
    struct jc_str nothing, service;
    if (!jc_str_cut(&path, '/', &nothing) || nothing.len || !jc_str_cut(&path, '/', &service))
        return NULL;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        if (jc_str_eq(path, jc_str(TABLE[i].method)) && jc_str_eq(service, jc_str(TABLE[i].service->name)))
            return &TABLE[i];
    return NULL;
}

static const ProtobufCMethodDescriptor *method_of(const struct jc_procedure *procedure) {
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(procedure->service, procedure->method);
    return method;
}

const ProtobufCMessageDescriptor *jc_procedure_request(const struct jc_procedure *procedure) {
    return method_of(procedure)->input;
}

const ProtobufCMessageDescriptor *jc_procedure_response(const struct jc_procedure *procedure) {
    return method_of(procedure)->output;
}

static int64_t standing_now(void *ctx) {
    return ((const struct jc_call *)ctx)->now_ms;
}

struct jc_clock jc_call_clock(const struct jc_call *call) {
    return (struct jc_clock){standing_now, (void *)call};
}

/* Who calls, and whether they may. */
static enum jc_code admit(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const struct jc_procedure *procedure = call->procedure;
    if (procedure->callers & JC_CALLS_WITHOUT_TOKEN) {
        memset(&call->caller, 0, sizeof call->caller);
        return JC_OK;
    }
    enum jc_code code = call->hashed
                            ? jc_caller_of_hash(tx, call->token_hash, call->now_ms, call->arena, &call->caller, err)
                            : jc_caller_authenticate(tx, call->token, call->now_ms, call->arena, &call->caller, err);
    if (code)
        return code;
    uint32_t is = call->caller.kind == JC_CALLER_DEVICE ? (uint32_t)JC_CALLS_DEVICE : call->caller.roles;
    if (!(procedure->callers & is))
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_ROLE_NOT_ALLOWED);
    if (call->caller.must_change_password && !procedure->before_password_change)
        return jc_fail(err, JC_PERMISSION_DENIED, JC_MSG_PASSWORD_MUST_CHANGE);
    return JC_OK;
}

enum jc_code jc_rpc_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    call->response = NULL;
    enum jc_code code = admit(tx, call, err);
    return code ? code : call->procedure->run(tx, call, err);
}

enum jc_code jc_rpc_look(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    enum jc_code code = admit(tx, call, err);
    return code ? code : call->procedure->look(tx, call, err);
}

enum jc_code jc_rpc_work(struct jc_call *call, struct jc_err *err) {
    return call->procedure->work(call, err);
}

enum jc_code jc_rpc_prepare(struct jc_call *call, struct jc_err *err) {
    return call->procedure->prepare ? call->procedure->prepare(call, err) : JC_OK;
}

enum jc_code jc_rpc_after(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    return call->procedure->after(tx, call, err);
}
