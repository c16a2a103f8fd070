/* A valid request for each procedure of the contract, and a bureau in a file in which each of them succeeds. */
#ifndef JC_PROCEDURES_H
#define JC_PROCEDURES_H

#include "jc_field_test.h"

#include "auth/device.h"
#include "auth/password.h"
#include "auth/token.h"
#include "base/base64.h"
#include "base/bundle.h"
#include "base/message.h"
#include "base/proto_json.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "rpc/procedure.h"
#include "store/session.h"

#define PASSWORD "a password of hers"

struct office {
    struct field field; /* db: while it is open */
    char code[JC_ONE_TIME_TEXT];
    int64_t review_id;
    struct jc_str order_task; /* 16 bytes: the recheck of order 1 */
    struct jc_str packed;     /* the last answer, if there was one */
};

/* --- the bureau ---------------------------------------------------------------------------------------------- */

static inline int64_t office_now(void *ctx) {
    (void)ctx;
    return FIELD_NOW_MS;
}

static inline enum jc_code office_fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct office *office = ctx;
    struct field *f = &office->field;
    char hash[JC_PASSWORD_HASH], sql[400], hex[2 * JC_SHA256_SIZE + 1];
    uint8_t token[JC_SHA256_SIZE];
    int64_t expires_ms = 0;
    struct jc_clock clock = {office_now, NULL};
    struct jc_act act = {JC_STR("test"), &clock};
    struct jc_person admin = {.login = JC_STR("admin"), .name = JC_STR("管理员"), .roles = JC_ROLE(ADMIN)};
    enum jc_code code = field_fill_bureau(tx, f->public_key, err);
    if (!code)
        code = jc_password_hash(JC_STR(PASSWORD), hash, err);
    if (!code)
        code = jc_person_insert(tx, 1, &admin, jc_str(hash), err);
    jc_token_hash(JC_STR("token-admin"), token);
    if (!code)
        code = jc_session_add(tx, 1, admin.login, token, FIELD_NOW_MS, INT64_C(253402300799000), err);
    if (!code)
        code = jc_device_invite(tx, 1, JC_STR("a2"), 24 * 14, act, f->arena, office->code, &expires_ms, err);
    jc_token_hash(JC_STR("token-device"), token);
    jc_hex(token, sizeof token, hex);
    snprintf(sql, sizeof sql, "UPDATE device SET token_hash = X'%s' WHERE inspector_id = 'a1'", hex);
    return code ? code : jc_tx_script(tx, sql, err);
}

/* A record with an order, and something that a person has to decide. */
static inline void office_work(struct office *office) {
    struct field *f = &office->field;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T2, "u2", 1);
    field_lease(f, FIELD_A1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    Jc__Operation *operations[] = {
        field_submit(f, 1, inspection),
        field_issue(f, 2, field_order(f, 1, 1, "u2", 1, 2, "2023-01-20", 1)),
        field_return(f, 3, FIELD_T3, "不是我队的"),
    };
    Jc__SyncResponse *answer = field_sync(f, FIELD_A1, operations, COUNT(operations));
    CHECK_INT("record", answer->results[0]->status, APPLIED);
    CHECK_INT("order", answer->results[1]->status, APPLIED);
    CHECK_INT("return", answer->results[2]->status, KEPT);
    office->review_id = jc_test_number(f->db, "SELECT review_id FROM review WHERE command = 'return_task'");
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 AND agency_id = 1");
    char *id = jc_arena_alloc(f->arena, JC_UUID_SIZE);
    CHECK("recheck", id && jc_hex_parse(hex, id, JC_UUID_SIZE));
    office->order_task = (struct jc_str){id, JC_UUID_SIZE};
}

/* Everything is in the file at `path` afterwards, and the file is closed. */
static inline void office_make(struct office *office, const char *path) {
    struct field *f = &office->field;
    struct jc_db_config config = {.path = path, .create = true};
    struct jc_err err = {0};
    assert_true(jc_id_init());
    *f = (struct field){.arena = jc_arena_new(512 << 20), .now_ms = FIELD_NOW_MS};
    assert_non_null(f->arena);
    jc_sign_keypair(f->public_key, f->secret_key);
    CHECK_OK("open", jc_db_open(&config, &f->db, &err), &err);
    CHECK_OK("create", jc_store_create(f->db, &jc_test_clock, &err), &err);
    jc_test_write(f->db, office_fill, office);
    office_work(office);
    jc_db_close(f->db);
    f->db = NULL;
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

static inline const char *office_base64(struct office *office, struct jc_str bytes) {
    struct jc_str text = jc_base64(bytes, office->field.arena);
    assert_non_null(text.ptr);
    return text.ptr;
}

static inline const char *office_id(struct office *office, int kind, int n) {
    struct jc_uuid id = field_uuid(kind, n);
    return office_base64(office, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE});
}

/* `@code`, `@review`, `@task`, `@device`, `@inspection`, `@key` in the JSON stand for what the bureau has. */
static inline ProtobufCMessage *office_json(struct office *office, const ProtobufCMessageDescriptor *type,
                                            const char *json) {
    struct field *f = &office->field;
    char review[32];
    struct jc_buf text;
    ProtobufCMessage *message = NULL;
    struct jc_err err = {0};
    snprintf(review, sizeof review, "%lld", (long long)office->review_id);
    const struct {
        const char *name, *value;
    } places[] = {
        {"@code", office->code},
        {"@review", review},
        {"@task", office_id(office, FIELD_TASK, FIELD_T1)},
        {"@device", office_id(office, FIELD_DEVICE, FIELD_A2)},
        {"@inspection", office_id(office, FIELD_INSPECTION, 1)},
        {"@key", office_base64(office, (struct jc_str){(const char *)f->public_key, JC_SIGN_PUBLIC_SIZE})},
    };
    jc_buf_init(&text, 1 << 16);
    for (const char *at = json; *at;) {
        size_t i = 0;
        while (i < COUNT(places) && strncmp(at, places[i].name, strlen(places[i].name)) != 0)
            i++;
        if (i < COUNT(places))
            jc_buf_add(&text, jc_str(places[i].value));
        else
            jc_buf_char(&text, *at);
        at += i < COUNT(places) ? strlen(places[i].name) : 1;
    }
    struct jc_proto_json options = {0};
    CHECK_OK(type->name, jc_message_from_json(type, jc_buf_str(&text), options, f->arena, &message, &err), &err);
    jc_buf_free(&text);
    return message;
}

/* A request with every command; hand-over and take-over among them. */
static inline ProtobufCMessage *office_sync(struct office *office) {
    struct field *f = &office->field;
    Jc__SyncRequest *request = FIELD_NEW(f, Jc__SyncRequest, JC__SYNC_REQUEST__INIT);
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    Jc__ReportUnitChange change = JC__REPORT_UNIT_CHANGE__INIT;
    Jc__VoidDocumentNumber spoiled = JC__VOID_DOCUMENT_NUMBER__INIT;
    Jc__HandOverTask give = JC__HAND_OVER_TASK__INIT;
    Jc__TakeOverTask take = JC__TAKE_OVER_TASK__INIT;
    Jc__Inspection *inspection = field_inspection(f, 2, FIELD_T1, "u1", 2);
    ProtobufCBinaryData recheck = {JC_UUID_SIZE, (uint8_t *)office->order_task.ptr};
    field_add_findings(f, inspection, 11, 2, "2023-01-25");
    start.inspection_id = field_id(f, FIELD_INSPECTION, 2);
    start.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    start.started_at = field_time(f, FIELD_NOW_MS);
    change.unit_id = (char *)"u1";
    change.field = (char *)"address";
    change.value = (char *)"新址";
    spoiled.document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 7);
    spoiled.reason = (char *)"写坏了";
    give.task_id = take.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    give.to_inspector_id = (char *)"a2";
    take.from_device_id = field_id(f, FIELD_DEVICE, FIELD_A1);
    take.hand_over_id = field_id(f, FIELD_OPERATION, 12);
    Jc__Operation *operations[] = {
        field_command(f, 11, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start),
        field_command(f, 12, JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK, &give),
        field_command(f, 13, JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK, &take),
        field_submit(f, 14, inspection),
        field_issue(f, 15, field_order(f, 2, 2, "u1", 11, 2, "2023-01-25", 2)),
        field_submit_recheck(
            f, 16,
            field_recheck(f, 1, recheck, 1, 1, 2, JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED, FIELD_NOW_MS, 1)),
        field_return(f, 17, FIELD_T3, "停产"),
        field_command(f, 18, JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE, &change),
        field_ad_hoc(f, 19, field_inspection(f, 3, 0, "u4", 3)),
        field_command(f, 20, JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, &spoiled),
    };
    request->operations = field_copy(f, operations, sizeof operations);
    request->n_operations = COUNT(operations);
    return &request->base;
}

static inline void office_frame(struct office *office, struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                                const ProtobufCMessage *message) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    CHECK_OK("pack", jc_message_pack(message, office->field.arena, &bytes, &err), &err);
    CHECK_OK("frame", jc_bundle_write(writer, type, bytes, &err), &err);
}

/* The unsent work of the terminal with a key, as a file. */
static inline ProtobufCMessage *office_ingest(struct office *office) {
    struct field *f = &office->field;
    struct jc_buf file;
    struct jc_bundle_writer *writer = NULL;
    struct jc_err err = {0};
    struct jc_str end = {0};
    uint8_t sha256[JC_SHA256_SIZE], signature[2][JC_SIGNATURE_SIZE];
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    Jc__BundleOperations operations = JC__BUNDLE_OPERATIONS__INIT;
    Jc__BundleEnd last = JC__BUNDLE_END__INIT;
    Jc__Operation *operation = field_ad_hoc(f, 21, field_inspection(f, 4, 0, "u3", 0));
    Jc__IngestRequest *request = FIELD_NEW(f, Jc__IngestRequest, JC__INGEST_REQUEST__INIT);
    jc_sign(jc_view(operation->body), f->secret_key, signature[0]);
    operation->signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, field_copy(f, signature[0], JC_SIGNATURE_SIZE)};
    header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT;
    header.agency_id = (char *)"x";
    header.device_id = field_id(f, FIELD_DEVICE, FIELD_KEYED);
    header.public_key = (ProtobufCBinaryData){JC_SIGN_PUBLIC_SIZE, f->public_key};
    operations.operations = &operation;
    operations.n_operations = 1;
    jc_buf_init(&file, 1 << 20);
    CHECK_OK("bundle", jc_bundle_create_bytes(&file, &writer, &err), &err);
    office_frame(office, writer, JC_BUNDLE_HEADER, &header.base);
    office_frame(office, writer, JC_BUNDLE_OPERATIONS, &operations.base);
    jc_bundle_written_hash(writer, sha256);
    jc_bundle_sign(sha256, f->secret_key, signature[1]);
    last.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    last.signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signature[1]};
    CHECK_OK("end", jc_message_pack(&last.base, f->arena, &end, &err), &err);
    CHECK_OK("end", jc_bundle_finish(writer, end, &err), &err);
    request->bundle = (ProtobufCBinaryData){file.len, field_copy(f, jc_buf_str(&file).ptr, file.len)};
    jc_buf_free(&file);
    return &request->base;
}

/* --- the table ------------------------------------------------------------------------------------------------------ */

struct office_request {
    const char *path; /* behind "/jiancha.v1." */
    const char *json;
    ProtobufCMessage *(*make)(struct office *office); /* instead of JSON */
    bool by_device;
    bool once; /* a second time it is refused, or does more */
};

static const struct office_request OFFICE_REQUESTS[] = {
    {"SessionService/Login", "{\"agencyId\":\"x\",\"login\":\"admin\",\"password\":\"" PASSWORD "\"}", NULL, false,
     true},
    {"SessionService/Logout", "{}", NULL, false, true},
    {"SessionService/ChangePassword", "{\"oldPassword\":\"" PASSWORD "\",\"newPassword\":\"another password of hers\"}",
     NULL, false, true},
    {"SessionService/GetSelf", "{}", NULL, false, false},
    {"DeviceService/CreateInvitation", "{\"inspectorId\":\"a1\"}", NULL, false, true},
    {"DeviceService/Enroll", "{\"code\":\"@code\",\"deviceName\":\"手持机\",\"publicKey\":\"@key\"}", NULL, false,
     true},
    {"DeviceService/ListDevices", "{}", NULL, false, false},
    {"DeviceService/RevokeDevice", "{\"deviceId\":\"@device\",\"reason\":\"丢失\"}", NULL, false, true},
    {"DeviceService/RenameDevice", "{\"deviceId\":\"@device\",\"name\":\"二号机\"}", NULL, false, true},
    {"DeviceService/RequestRebuild", "{\"deviceId\":\"@device\"}", NULL, false, true},
    {"DeviceService/TrustSeal", "{\"deviceId\":\"@device\",\"reason\":\"核对无误\"}", NULL, false, true},
    {"RegistryService/GetAgency", "{}", NULL, false, false},
    {"RegistryService/ListTeams", "{}", NULL, false, false},
    {"RegistryService/ListUnits", "{}", NULL, false, false},
    {"RegistryService/GetUnit", "{\"unitId\":\"u1\"}", NULL, false, false},
    {"PlanService/GetPlan", "{\"version\":1}", NULL, false, false},
    {"TaskService/ListTasks", "{}", NULL, false, false},
    {"TaskService/RecallTasks", "{\"taskIds\":[\"@task\"],\"reason\":\"计划有变\"}", NULL, false, true},
    {"TaskService/ReassignTasks", "{\"taskIds\":[\"@task\"],\"teamId\":\"c\",\"reason\":\"调整\"}", NULL, false, true},
    {"TaskService/ReopenTask", "{\"taskId\":\"@task\",\"note\":\"照旧\"}", NULL, false, true},
    {"SyncService/Sync", NULL, office_sync, true, false},
    {"SyncService/GetDigest", "{}", NULL, true, false},
    {"SyncService/Ingest", NULL, office_ingest, false, true},
    {"ReviewService/ListReviews", "{}", NULL, false, false},
    {"ReviewService/GetReview", "{\"reviewId\":\"@review\"}", NULL, false, false},
    {"ReviewService/DecideReview",
     "{\"reviewId\":\"@review\",\"kind\":\"REVIEW_DECISION_KIND_REJECT\",\"note\":\"否\"}", NULL, false, true},
    {"EvidenceService/ListIncomplete", "{}", NULL, false, false},
    {"EvidenceService/GetCompleteness", "{\"inspectionId\":\"@inspection\"}", NULL, false, false},
    {"EvidenceService/ListServerKeys", "{}", NULL, false, false},
    {"EvidenceService/ListAudit", "{}", NULL, false, false},
    {"ReportService/GetCompletion", "{\"asOf\":\"2023-01-31\"}", NULL, false, false},
    {"ReportService/GetRates", "{\"asOf\":\"2023-01-31\"}", NULL, false, false},
    {"ReportService/ListOverdue", "{\"asOf\":\"2023-01-31\"}", NULL, false, false},
};

/* The request's procedure and message. */
static inline const struct jc_procedure *office_request(struct office *office, const struct office_request *request,
                                                        const ProtobufCMessage **message) {
    char path[128];
    snprintf(path, sizeof path, "/jiancha.v1.%s", request->path);
    const struct jc_procedure *procedure = jc_procedure_find(jc_str(path));
    CHECK(request->path, procedure != NULL);
    *message =
        request->make ? request->make(office) : office_json(office, jc_procedure_request(procedure), request->json);
    return procedure;
}

/* --- calls ---------------------------------------------------------------------------------------------------------- */

/* Whoever may make the request. */
static inline const char *office_token(const struct office_request *request, const struct jc_procedure *procedure) {
    if (request->by_device)
        return "token-device";
    return procedure->callers & JC_CALLS_WITHOUT_TOKEN ? "" : "token-admin";
}

/* Special wishes of a request before it succeeds. */
static inline void office_arrange(struct office *office, const char *path) {
    if (strcmp(path, "TaskService/ReopenTask") == 0)
        field_script(&office->field, "UPDATE task SET state = 3, return_reason = 'x' WHERE unit_id = 'u1'");
    if (strcmp(path, "DeviceService/TrustSeal") == 0)
        field_script(&office->field, "UPDATE device SET seal_wrong_no = 3");
    if (strcmp(path, "TaskService/ReassignTasks") == 0)
        field_script(&office->field, "INSERT INTO team VALUES (1, 'c', 9, 'C', 'bureau', 3, NULL, NULL)");
}

static inline enum jc_code office_run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_run(tx, ctx, err);
}
static inline enum jc_code office_look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_look(tx, ctx, err);
}
static inline enum jc_code office_after_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_rpc_after(tx, ctx, err);
}

/* The steps that the layer above takes; *done: the job is durable, only its answer may be missing. */
static inline enum jc_code office_call(struct office *office, const struct jc_procedure *procedure, const char *token,
                                       const ProtobufCMessage *message, struct jc_arena *arena, bool *done,
                                       struct jc_err *err) {
    struct jc_db *db = office->field.db;
    office->packed = (struct jc_str){NULL, 0};
    struct jc_call call = {
        .procedure = procedure,
        .arena = arena,
        .now_ms = FIELD_NOW_MS,
        .token = jc_str(token),
        .request = message,
        .splits = true,
    };
    enum jc_code code = JC_OK;
    *done = false;
    if (procedure->kind == JC_PROCEDURE_PASSWORD) {
        code = jc_db_read(db, office_look_job, &call, err);
        if (!code)
            code = jc_rpc_work(&call, err);
    } else if (procedure->kind == JC_PROCEDURE_WRITE) {
        code = jc_rpc_prepare(&call, err);
    }
    if (code)
        return code;
    code = procedure->kind == JC_PROCEDURE_READ ? jc_db_read(db, office_run_job, &call, err)
                                                : jc_db_write_wait(db, 1, office_run_job, &call, err);
    *done = !code;
    if (!code && call.more)
        code = jc_db_read(db, office_after_job, &call, err);
    return code ? code : jc_message_pack(call.response, arena, &office->packed, err);
}

#endif
