/* The functions behind the procedures, one file per service of the contract. Each reads its own type
 * of request from call->request and leaves its own type of response. */
#ifndef JC_RPC_SERVICES_H
#define JC_RPC_SERVICES_H

#include "rpc/procedure.h"

/* session_service.c */
jc_procedure_step jc_login_look, jc_login_run;
enum jc_code jc_login_work(struct jc_call *call, struct jc_err *err);
jc_procedure_step jc_logout_run;
jc_procedure_step jc_change_password_look, jc_change_password_run;
enum jc_code jc_change_password_work(struct jc_call *call, struct jc_err *err);
jc_procedure_step jc_get_self_run;

/* device_service.c */
jc_procedure_step jc_create_invitation_run, jc_enroll_run, jc_list_devices_run, jc_revoke_device_run;
jc_procedure_step jc_rename_device_run, jc_request_rebuild_run, jc_trust_seal_run;

/* registry_service.c */
jc_procedure_step jc_get_agency_run, jc_list_teams_run, jc_list_units_run, jc_get_unit_run;

/* plan_service.c, task_service.c, sync_service.c, review_service.c, report_service.c */
jc_procedure_step jc_get_plan_run;
jc_procedure_step jc_list_tasks_run, jc_recall_tasks_run, jc_reassign_tasks_run, jc_reopen_task_run;
enum jc_code jc_sync_call_prepare(struct jc_call *call, struct jc_err *err);
jc_procedure_step jc_ingest_call_run;
jc_procedure_step jc_sync_call_run, jc_sync_call_after, jc_get_digest_run;
jc_procedure_step jc_list_reviews_run, jc_get_review_run, jc_decide_review_run;
jc_procedure_step jc_get_completion_run, jc_get_rates_run, jc_list_overdue_run;

/* evidence_service.c */
jc_procedure_step jc_list_incomplete_run, jc_get_completeness_run, jc_list_server_keys_run, jc_list_audit_run;

#endif
