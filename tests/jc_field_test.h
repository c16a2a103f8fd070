/* Builders for what a terminal sends, and a sync of a terminal of the bureau (jc_field_bureau.h).
 * Everything a builder makes is valid; a test spoils what it is about. */
#ifndef JC_FIELD_TEST_H
#define JC_FIELD_TEST_H

#include "jc_field_bureau.h"
#include "jc_store_test.h"

#include "base/message.h"
#include "base/sign.h"
#include "store/device.h"
#include "store/task.h"
#include "store/verdict.h"
#include "sync/prepare.h"
#include "sync/sync.h"

struct field {
    struct jc_db *db;
    struct jc_arena *arena;
    int64_t now_ms;
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE];
};

static inline void *field_copy(struct field *f, const void *from, size_t size) {
    void *to = jc_arena_alloc(f->arena, size);
    assert_non_null(to);
    memcpy(to, from, size);
    return to;
}

static inline ProtobufCBinaryData field_id(struct field *f, int kind, int n) {
    struct jc_uuid id = field_uuid(kind, n);
    return (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id.bytes, JC_UUID_SIZE)};
}

static inline Google__Protobuf__Timestamp *field_time(struct field *f, int64_t ms) {
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = ms / 1000;
    time.nanos = (int32_t)(ms % 1000) * 1000000;
    return field_copy(f, &time, sizeof time);
}

/* A message in the arena, set to its INIT. */
#define FIELD_NEW(f, type, init) ((type *)field_copy((f), &(type)init, sizeof(type)))

static inline enum jc_code field_fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return field_fill_bureau(tx, ((struct field *)ctx)->public_key, err);
}

static inline void field_open(struct field *f) {
    memset(f, 0, sizeof *f);
    f->db = jc_test_store();
    f->arena = jc_arena_new(256 << 20);
    f->now_ms = FIELD_NOW_MS;
    assert_non_null(f->arena);
    jc_sign_keypair(f->public_key, f->secret_key);
    jc_test_write(f->db, field_fill, f);
}

static inline void field_close(struct field *f) {
    jc_db_close(f->db);
    jc_arena_free(f->arena);
}

/* SQL that changes the bureau in the middle of a test. */
static inline enum jc_code field_script_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_tx_script(tx, ctx, err);
}

static inline void field_script(struct field *f, const char *sql) {
    jc_test_write(f->db, field_script_job, (void *)sql);
}

struct field_text {
    const char *sql;
    char text[1024];
};

static inline enum jc_code field_text_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct field_text *query = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    query->text[0] = '\0';
    enum jc_code code = jc_tx_query(tx, query->sql, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        size_t used = strlen(query->text);
        snprintf(query->text + used, sizeof query->text - used, "%s%.*s", used ? "," : "",
                 JC_FMT(jc_rows_text(rows, 0)));
    }
    jc_rows_close(rows);
    return code;
}

/* The first column of all rows, joined by commas; `sql` must be a constant. */
static inline struct jc_str field_query(struct field *f, const char *sql) {
    struct field_text query = {.sql = sql};
    jc_test_read(f->db, field_text_job, &query);
    return jc_arena_copy(f->arena, jc_str(query.text));
}

/* --- what a terminal sends -------------------------------------------------------------------------------------- */

static inline Jc__DocumentNumber *field_number(struct field *f, Jc__DocumentKind kind, int number) {
    Jc__DocumentNumber *message = FIELD_NEW(f, Jc__DocumentNumber, JC__DOCUMENT_NUMBER__INIT);
    message->kind = kind;
    message->year = 2023;
    message->number = number;
    return message;
}

static inline Jc__UnitSignature *field_signature(struct field *f) {
    Jc__Signed *name = FIELD_NEW(f, Jc__Signed, JC__SIGNED__INIT);
    name->name = (char *)"张三";
    Jc__UnitSignature *signature = FIELD_NEW(f, Jc__UnitSignature, JC__UNIT_SIGNATURE__INIT);
    signature->result_case = JC__UNIT_SIGNATURE__RESULT_SIGNED;
    signature->signed_ = name;
    return signature;
}

static inline char **field_people(struct field *f, const char *first, const char *second) {
    char *ids[] = {(char *)first, (char *)second};
    return field_copy(f, ids, sizeof ids);
}

static inline Jc__TeamWorkdays **field_workdays(struct field *f, const char *team_id, int64_t centi) {
    Jc__TeamWorkdays *used = FIELD_NEW(f, Jc__TeamWorkdays, JC__TEAM_WORKDAYS__INIT);
    used->team_id = (char *)team_id;
    used->workdays_centi = centi;
    return field_copy(f, &used, sizeof used);
}

/* Inspection n of a task (0: ad hoc): today from 08:00 to 09:00, a1 and a2, signed, without findings.
 * `number` of the record; 0: none. */
static inline Jc__Inspection *field_inspection(struct field *f, int n, int task, const char *unit_id, int number) {
    Jc__Inspection *inspection = FIELD_NEW(f, Jc__Inspection, JC__INSPECTION__INIT);
    Jc__ChecklistResult *result = FIELD_NEW(f, Jc__ChecklistResult, JC__CHECKLIST_RESULT__INIT);
    result->item_no = 1;
    result->answer = JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS;
    inspection->inspection_id = field_id(f, FIELD_INSPECTION, n);
    if (task)
        inspection->task_id = field_id(f, FIELD_TASK, task);
    inspection->unit_id = (char *)unit_id;
    inspection->started_at = field_time(f, FIELD_NOW_MS - FIELD_HOUR_MS);
    inspection->ended_at = field_time(f, FIELD_NOW_MS);
    inspection->inspector_ids = field_people(f, "a1", "a2");
    inspection->n_inspector_ids = 2;
    inspection->mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    inspection->outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED;
    inspection->place = (char *)"一号车间";
    inspection->checklist_id = (char *)"default";
    inspection->checklist_results = field_copy(f, &result, sizeof result);
    inspection->n_checklist_results = 1;
    inspection->signature = field_signature(f);
    inspection->workdays = field_workdays(f, "a", 200);
    inspection->n_workdays = 1;
    if (number)
        inspection->document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, number);
    return inspection;
}

static inline Jc__Finding *field_finding(struct field *f, int n, Jc__FindingOutcome outcome, const char *deadline) {
    Jc__Finding *finding = FIELD_NEW(f, Jc__Finding, JC__FINDING__INIT);
    finding->finding_id = field_id(f, FIELD_FINDING, n);
    finding->description = (char *)"未设置安全警示标志";
    finding->outcome = outcome;
    finding->deadline = (char *)deadline;
    return finding;
}

/* Puts `count` findings first, first + 1 … into the record, all by deadline. */
static inline void field_add_findings(struct field *f, Jc__Inspection *inspection, int first, int count,
                                      const char *deadline) {
    inspection->findings = jc_arena_array(f->arena, (size_t)count, sizeof *inspection->findings);
    inspection->n_findings = (size_t)count;
    for (int i = 0; i < count; i++)
        inspection->findings[i] =
            field_finding(f, first + i, JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE, deadline);
}

/* Order n of an inspection with findings first … */
static inline Jc__RectificationOrder *field_order(struct field *f, int n, int inspection, const char *unit_id,
                                                  int first, int count, const char *deadline, int number) {
    Jc__RectificationOrder *order = FIELD_NEW(f, Jc__RectificationOrder, JC__RECTIFICATION_ORDER__INIT);
    order->order_id = field_id(f, FIELD_ORDER, n);
    order->inspection_id = field_id(f, FIELD_INSPECTION, inspection);
    order->unit_id = (char *)unit_id;
    order->items = jc_arena_array(f->arena, (size_t)count, sizeof *order->items);
    order->n_items = (size_t)count;
    for (int i = 0; i < count; i++) {
        order->items[i] = FIELD_NEW(f, Jc__OrderItem, JC__ORDER_ITEM__INIT);
        order->items[i]->finding_id = field_id(f, FIELD_FINDING, first + i);
        order->items[i]->problem = (char *)"未设置安全警示标志";
        order->items[i]->deadline = (char *)deadline;
    }
    order->issued_at = field_time(f, FIELD_NOW_MS);
    order->inspector_ids = field_people(f, "a1", "a2");
    order->n_inspector_ids = 2;
    order->signature = field_signature(f);
    if (number)
        order->document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER, number);
    return order;
}

/* Recheck n of an order at `ended_ms`, with one result for findings first … */
static inline Jc__Recheck *field_recheck(struct field *f, int n, ProtobufCBinaryData task_id, int order, int first,
                                         int count, Jc__RecheckResult result, int64_t ended_ms, int number) {
    Jc__Recheck *recheck = FIELD_NEW(f, Jc__Recheck, JC__RECHECK__INIT);
    recheck->recheck_id = field_id(f, FIELD_RECHECK, n);
    recheck->task_id = task_id;
    recheck->order_id = field_id(f, FIELD_ORDER, order);
    recheck->started_at = field_time(f, ended_ms - FIELD_HOUR_MS);
    recheck->ended_at = field_time(f, ended_ms);
    recheck->inspector_ids = field_people(f, "a1", "a2");
    recheck->n_inspector_ids = 2;
    recheck->items = jc_arena_array(f->arena, (size_t)count, sizeof *recheck->items);
    recheck->n_items = (size_t)count;
    for (int i = 0; i < count; i++) {
        recheck->items[i] = FIELD_NEW(f, Jc__RecheckItem, JC__RECHECK_ITEM__INIT);
        recheck->items[i]->finding_id = field_id(f, FIELD_FINDING, first + i);
        recheck->items[i]->result = result;
    }
    recheck->signature = field_signature(f);
    recheck->workdays = field_workdays(f, "a", 100);
    recheck->n_workdays = 1;
    if (number)
        recheck->document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECHECK, number);
    return recheck;
}

/* --- operations ---------------------------------------------------------------------------------------------------- */

/* Operation n with these bytes. */
static inline Jc__Operation *field_operation(struct field *f, int n, struct jc_str body) {
    Jc__Operation *operation = FIELD_NEW(f, Jc__Operation, JC__OPERATION__INIT);
    operation->id = field_id(f, FIELD_OPERATION, n);
    operation->body = (ProtobufCBinaryData){body.len, (uint8_t *)body.ptr};
    return operation;
}

static inline Jc__Operation *field_command(struct field *f, int n, Jc__OperationBody__CommandCase which,
                                           void *command) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.device_time = field_time(f, FIELD_NOW_MS);
    body.monotonic_ms = 1000;
    body.command_case = which;
    body.start_inspection = command; /* the members of the oneof share their place */
    CHECK_OK("pack", jc_message_pack(&body.base, f->arena, &bytes, &err), &err);
    return field_operation(f, n, bytes);
}

static inline Jc__Operation *field_submit(struct field *f, int n, Jc__Inspection *inspection) {
    Jc__SubmitInspection submit = JC__SUBMIT_INSPECTION__INIT;
    submit.inspection = inspection;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION, &submit);
}

static inline Jc__Operation *field_ad_hoc(struct field *f, int n, Jc__Inspection *inspection) {
    Jc__AddAdHocInspection add = JC__ADD_AD_HOC_INSPECTION__INIT;
    add.inspection = inspection;
    add.reason = (char *)"群众举报";
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION, &add);
}

static inline Jc__Operation *field_issue(struct field *f, int n, Jc__RectificationOrder *order) {
    Jc__IssueOrder issue = JC__ISSUE_ORDER__INIT;
    issue.order = order;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_ISSUE_ORDER, &issue);
}

static inline Jc__Operation *field_submit_recheck(struct field *f, int n, Jc__Recheck *recheck) {
    Jc__SubmitRecheck submit = JC__SUBMIT_RECHECK__INIT;
    submit.recheck = recheck;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK, &submit);
}

static inline Jc__Operation *field_return(struct field *f, int n, int task, const char *reason) {
    Jc__ReturnTask message = JC__RETURN_TASK__INIT;
    message.task_id = field_id(f, FIELD_TASK, task);
    message.reason = (char *)reason;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_RETURN_TASK, &message);
}

static inline void field_depend(struct field *f, Jc__Operation *operation, int on) {
    ProtobufCBinaryData id = field_id(f, FIELD_OPERATION, on);
    operation->depends_on = field_copy(f, &id, sizeof id);
    operation->n_depends_on = 1;
}

/* --- sync -------------------------------------------------------------------------------------------------------------- */

struct field_call {
    struct field *f;
    struct jc_arena *arena;
    struct jc_sync_caller caller;
    Jc__SyncRequest request;
    Jc__SyncResponse *response;
};

static inline enum jc_code field_call_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct field_call *call = ctx;
    struct jc_sync_prepared *prepared = NULL;
    struct jc_device device = {0};
    enum jc_code code = jc_device_get(tx, call->caller.agency_id, call->caller.device_id, call->arena, &device, err);
    call->caller.blocks_version = device.blocks_version;
    call->caller.chain = device.chain;
    call->caller.rebuild = device.rebuild_requested;
    if (!code)
        code = jc_sync_prepare(&call->request, call->arena, &prepared, err);
    return code ? code
                : jc_sync_run(tx, &call->caller, call->f->now_ms, prepared, call->arena, &call->response, NULL, NULL,
                              err);
}

static inline struct field_call field_call(struct field *f, int device) {
    struct field_call call = {.f = f, .arena = f->arena, .request = JC__SYNC_REQUEST__INIT};
    call.caller.agency_id = 1;
    call.caller.device_id = field_uuid(FIELD_DEVICE, device);
    call.caller.inspector_id = jc_str(FIELD_TERMINALS[device - 1].inspector_id);
    call.caller.team_id = jc_str(FIELD_TERMINALS[device - 1].team_id);
    call.caller.scope_version = 1;
    return call;
}

/* One round trip of a terminal with these operations; fails the test if the request fails. */
static inline Jc__SyncResponse *field_sync(struct field *f, int device, Jc__Operation **operations, size_t count) {
    struct field_call call = field_call(f, device);
    call.request.operations = operations;
    call.request.n_operations = count;
    jc_test_write(f->db, field_call_job, &call);
    assert_int_equal(call.response->n_results, count);
    return call.response;
}

/* The result of a single operation. */
static inline Jc__OperationResult *field_send(struct field *f, int device, Jc__Operation *operation) {
    return field_sync(f, device, &operation, 1)->results[0];
}

/* Leases the first blocks of a terminal; they are 1..50, 51..100 … in the order of the calls. */
static inline void field_lease(struct field *f, int device) {
    field_sync(f, device, NULL, 0);
}

#define APPLIED JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED
#define KEPT JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW
#define REJECTED JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED

/* Keys of the grounds of the newest operation, without arguments: "MISSING,TIMES". */
static inline struct jc_str field_grounds(struct field *f) {
    struct jc_str rest = field_query(f, "SELECT reason_args FROM operation ORDER BY op_key DESC LIMIT 1"), ground;
    struct jc_str keys = JC_STR("");
    while (rest.len && jc_str_cut(&rest, '\x1e', &ground)) {
        struct jc_str key;
        jc_str_cut(&ground, '\x1f', &key);
        keys = jc_arena_printf(f->arena, "%.*s%s%.*s", JC_FMT(keys), keys.len ? "," : "", JC_FMT(key));
    }
    return keys;
}

/* --- the state as text ------------------------------------------------------------------------------------------------- */

/* What the operations came to, whatever order and requests they came in. */
static const char *const FIELD_EFFECTS[] = {
    "SELECT hex(id) || status || '|' || code || '|' || reason || '|' || reason_args || hex(body_sha256) FROM operation"
    " ORDER BY id",
    "SELECT hex(inspection_id) || COALESCE(hex(task_id), '-') || is_record || late || unit_id || team_id || started_ms"
    " || '|' || ended_ms || inspector_ids || mode || outcome || '|' || workdays_centi || '|' || lead_centi || '|'"
    " || COALESCE(document_no, '-') || blobs_missing FROM inspection ORDER BY inspection_id",
    "SELECT hex(inspection_id) || team_id || workdays_centi FROM inspection_workdays ORDER BY inspection_id, team_id",
    "SELECT hex(f.finding_id) || hex(o.id) || (f.finding_key % 1024) || f.outcome || COALESCE(f.deadline_on, '-')"
    " || COALESCE(hex(f.order_id), '-') || COALESCE(f.corrected_on, '-')"
    " FROM finding f JOIN operation o ON o.op_key = f.finding_key / 1024 ORDER BY 1",
    "SELECT hex(inspection_id) || hex(sha256) FROM record_blob ORDER BY inspection_id, sha256",
    "SELECT hex(order_id) || deadline_on || unit_id FROM rectification_order ORDER BY order_id",
    "SELECT hex(recheck_id) || is_record || due_on || done_on || passed FROM recheck ORDER BY recheck_id",
    "SELECT hex(task_id) || kind || state || team_id || unit_id || due_on || return_reason || inspector_ids ||"
    " COALESCE(done_ms, '-') FROM task ORDER BY task_id",
    "SELECT visit_id || version || status FROM visit ORDER BY version, visit_id",
    "SELECT kind || '|' || year || '|' || first_number || '|' || used FROM number_block WHERE used <> ''"
    " ORDER BY kind, year, first_number",
    "SELECT kind || hex(id) || scope || deleted FROM change WHERE agency_id = 1 ORDER BY kind, id",
    "SELECT kind || hex(id) || scope FROM departure WHERE agency_id = 1 ORDER BY kind, id, scope",
    "SELECT reason || '|' || reason_args || state || command || unit_id || hex(task_id) FROM review ORDER BY 1",
};
/* And in which order. */
static const char *const FIELD_ORDERING[] = {
    "SELECT op_key || hex(id) || hex(chain_hash) FROM operation WHERE agency_id = 1 ORDER BY op_key",
    "SELECT change_seq || '|' || operation_no || hex(chain_head) FROM agency_head WHERE agency_id = 1",
    "SELECT seq || '|' || kind || hex(id) FROM change WHERE agency_id = 1 ORDER BY seq",
    "SELECT review_id || '|' || reason FROM review ORDER BY review_id",
};

struct field_state {
    const char *const *queries;
    size_t count;
    struct jc_buf *out;
};

static inline enum jc_code field_state_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct field_state *state = ctx;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < state->count; i++) {
        struct jc_rows *rows = NULL;
        bool has_row = false;
        code = jc_tx_query(tx, state->queries[i], JC_NO_VALUES, &rows, err);
        while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
            jc_buf_add(state->out, jc_rows_text(rows, 0));
            jc_buf_char(state->out, '\n');
        }
        jc_rows_close(rows);
        jc_buf_add(state->out, JC_STR("--\n"));
    }
    return code;
}

/* The effects, and their ordering if `exact`. */
static inline struct jc_str field_state(struct field *f, bool exact) {
    struct jc_buf text;
    jc_buf_init(&text, 16 << 20);
    struct field_state effects = {FIELD_EFFECTS, COUNT(FIELD_EFFECTS), &text};
    struct field_state ordering = {FIELD_ORDERING, COUNT(FIELD_ORDERING), &text};
    jc_test_read(f->db, field_state_job, &effects);
    if (exact)
        jc_test_read(f->db, field_state_job, &ordering);
    assert_false(text.failed);
    struct jc_str copy = jc_arena_copy(f->arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return copy;
}

#endif
