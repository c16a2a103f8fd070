/* Memory ends at the n-th request for it, for all n, in every command and in a listing: the sync fails
 * whole and leaves the database as it was, or it succeeds. */
#include "jc_fail_each.h"
#include "jc_field_test.h"

struct attempt {
    struct field *f;
    const char *name;
    int device;
    Jc__Operation *operation; /* NULL: a listing */
    struct jc_str before;
    uint64_t failures;
};

static enum jc_code try_sync(void *ctx, struct jc_err *err) {
    struct attempt *attempt = ctx;
    struct field_call call = field_call(attempt->f, attempt->device);
    if (attempt->operation) {
        call.request.operations = &attempt->operation;
        call.request.n_operations = 1;
    }
    call.arena = jc_arena_new(16 << 20);
    enum jc_code code =
        call.arena ? jc_db_write_wait(attempt->f->db, 1, field_call_job, &call, err) : jc_fail_memory(err);
    jc_alloc_fail_at(0);
    if (code) {
        CHECK(attempt->name, jc_str_eq(field_state(attempt->f, true), attempt->before));
        attempt->failures++;
    }
    if (!code && attempt->operation)
        CHECK_INT(attempt->name, call.response->results[0]->status != 0, 1);
    jc_arena_free(call.arena);
    return code;
}

static void attempt(struct field *f, const char *name, Jc__Operation *operation) {
    struct attempt attempt = {.f = f, .name = name, .device = FIELD_A1, .operation = operation};
    attempt.before = field_state(f, true);
    jc_fail_each(try_sync, &attempt);
    CHECK(name, attempt.failures > 5);
    CHECK_INT(name, jc_test_number(f->db, "SELECT status FROM operation ORDER BY op_key DESC LIMIT 1") != REJECTED, 1);
}

static ProtobufCBinaryData recheck_task(struct field *f) {
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 AND state = 1");
    uint8_t id[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, id, sizeof id));
    return (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id, sizeof id)};
}

static void test_every_command(void **state) {
    (void)state;
    struct field field, *f = &field;
    field_open(f);
    field_lease(f, FIELD_A1);

    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    start.inspection_id = field_id(f, FIELD_INSPECTION, 1);
    start.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    attempt(f, "start", field_command(f, 1, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start));

    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    Jc__Operation *submit = field_submit(f, 2, inspection);
    field_depend(f, submit, 1);
    attempt(f, "submit", submit);
    attempt(f, "submit again", submit);
    attempt(f, "beside", field_submit(f, 3, field_inspection(f, 3, FIELD_T1, "u1", 2)));
    attempt(f, "order", field_issue(f, 4, field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1)));
    attempt(f, "failed recheck",
            field_submit_recheck(f, 5,
                                 field_recheck(f, 1, recheck_task(f), 1, 1, 2,
                                               JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY, FIELD_NOW_MS, 1)));
    attempt(f, "recheck",
            field_submit_recheck(f, 6,
                                 field_recheck(f, 2, recheck_task(f), 1, 1, 2,
                                               JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED, FIELD_NOW_MS, 2)));
    attempt(f, "ad hoc", field_ad_hoc(f, 7, field_inspection(f, 7, 0, "u4", 3)));
    attempt(f, "return", field_return(f, 8, FIELD_T2, "r"));

    Jc__ReportUnitChange report = JC__REPORT_UNIT_CHANGE__INIT;
    report.unit_id = (char *)"u1";
    report.field = (char *)"address";
    attempt(f, "unit change", field_command(f, 9, JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE, &report));

    Jc__VoidDocumentNumber spoiled = JC__VOID_DOCUMENT_NUMBER__INIT;
    spoiled.document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 9);
    spoiled.reason = (char *)"r";
    attempt(f, "void", field_command(f, 10, JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, &spoiled));

    Jc__Inspection *bad = field_inspection(f, 11, FIELD_T2, "u9", 0);
    bad->signature = NULL;
    bad->started_at = NULL;
    attempt(f, "kept", field_submit(f, 11, bad));
    attempt(f, "first listing", NULL);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_command)};
    return cmocka_run_group_tests_name("sync_memory", tests, NULL, NULL);
}
