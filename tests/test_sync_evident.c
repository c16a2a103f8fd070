/* Clocks, persons and duplicate visits (sync/evident.h): what is flagged, what is not, and that nothing is
 * ever refused for a clock. */
#include "jc_field_test.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* --- clock -------------------------------------------------------------------------------------------------- */

static ProtobufCBinaryData boot(struct field *f, char name) {
    return (ProtobufCBinaryData){1, field_copy(f, &name, 1)};
}

/* A record made `ago_ms` before it is sent, by a terminal whose wall clock is off by `off_ms`. */
static Jc__Operation *made(struct field *f, int n, int64_t off_ms, int64_t ago_ms, char boot_id) {
    Jc__Inspection *inspection = field_inspection(f, n, FIELD_T1, "u1", n);
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    Jc__SubmitInspection submit = JC__SUBMIT_INSPECTION__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    inspection->started_at = field_time(f, FIELD_NOW_MS - ago_ms - 2 * FIELD_HOUR_MS);
    inspection->ended_at = field_time(f, FIELD_NOW_MS - ago_ms - FIELD_HOUR_MS);
    submit.inspection = inspection;
    body.device_time = field_time(f, FIELD_NOW_MS - ago_ms + off_ms);
    body.monotonic_ms = 1000;
    body.boot_id = boot(f, boot_id);
    body.command_case = JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION;
    body.submit_inspection = &submit;
    CHECK_OK("pack", jc_message_pack(&body.base, f->arena, &bytes, &err), &err);
    return field_operation(f, n, bytes);
}

static Jc__OperationResult *send_now(struct field *f, Jc__Operation *operation, int64_t off_ms, int64_t ago_ms) {
    struct field_call call = field_call(f, FIELD_A1);
    Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;
    report.device_time = field_time(f, FIELD_NOW_MS + off_ms);
    report.monotonic_ms = 1000 + ago_ms;
    report.boot_id = boot(f, 'x');
    call.request.report = &report;
    call.request.operations = &operation;
    call.request.n_operations = 1;
    jc_test_write(f->db, field_call_job, &call);
    return call.response->results[0];
}

static void test_clock(void **state) {
    struct field *f = &field;
    (void)state;
    static const int64_t MINUTE = 60000, DAY = 86400000;
    const struct {
        const char *name;
        int64_t off_ms, ago_ms;
        char boot;
        bool estimated;
        const char *grounds, *words;
    } CASES[] = {
        {"right", 0, 0, 'x', true, "", NULL},
        {"made days ago, right", 0, 3 * DAY, 'x', true, "", NULL},
        {"off by ten minutes", 10 * MINUTE, 0, 'x', true, "", NULL},
        {"off by eleven", 11 * MINUTE, 0, 'x', true, "CLOCK_OFF", "+00:11"},
        {"400 days behind", -400 * DAY, 2 * DAY, 'x', true, "CLOCK_OFF", "-400d 00:00"},
        {"400 days ahead", 400 * DAY, 0, 'x', true, "CLOCK_OFF", "+400d 00:00"},
        {"started anew since, off by ten minutes", 10 * MINUTE, 0, 'y', false, "", NULL},
        {"started anew since", -400 * DAY, 0, 'y', false, "CLOCK_OFF_NOW", "-400d 00:00"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const char *name = CASES[i].name;
        teardown(NULL);
        setup(NULL);
        Jc__OperationResult *result =
            send_now(f, made(f, 1, CASES[i].off_ms, CASES[i].ago_ms, CASES[i].boot), CASES[i].off_ms, CASES[i].ago_ms);
        CHECK_INT(name, result->status, APPLIED); /* a clock refuses nothing */
        CHECK_STR(name, field_grounds(f), CASES[i].grounds);
        CHECK(name, !CASES[i].words || strstr(result->reason_zh, CASES[i].words));
        CHECK(name, !CASES[i].words || strstr(result->reason_en, CASES[i].words));
        CHECK_INT(name, jc_test_number(f->db, "SELECT COALESCE(estimated_ms, 0) FROM operation"),
                  CASES[i].estimated ? FIELD_NOW_MS - CASES[i].ago_ms : 0);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM review WHERE reason = 12"), *CASES[i].grounds != 0);
    }
}

static void test_clock_parameter(void **state) {
    struct field *f = &field;
    (void)state;
    field_script(f, "INSERT INTO parameter VALUES (1, 'clock_off_minutes', '2020-01-01', NULL, '60', 'minutes', '')");
    send_now(f, made(f, 1, 59 * 60000, 0, 'x'), 59 * 60000, 0);
    CHECK_STR("below the parameter", field_grounds(f), "");
    send_now(f, made(f, 2, 61 * 60000, 0, 'x'), 61 * 60000, 0);
    CHECK_STR("above it (and second)", field_grounds(f), "CLOCK_OFF,TASK_DONE");
    send_now(f, made(f, 3, 0, 0, 'y'), 59 * 60000, 0);
    CHECK_STR("started anew, below it (third)", field_grounds(f), "TASK_DONE");
    send_now(f, made(f, 4, 0, 0, 'y'), -61 * 60000, 0);
    CHECK_STR("started anew, above it (fourth)", field_grounds(f), "CLOCK_OFF_NOW,TASK_DONE");
    field_send(f, FIELD_A1, made(f, 5, 0, 0, 'y'));
    CHECK_STR("without a report nothing is known (fifth)", field_grounds(f), "TASK_DONE");
}

/* --- who acted ------------------------------------------------------------------------------------------------ */

static Jc__Operation *acted_by(struct field *f, int n, const char *inspector_id) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    uint8_t signature[JC_SIGNATURE_SIZE];
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    start.inspection_id = field_id(f, FIELD_INSPECTION, n);
    body.device_time = field_time(f, FIELD_NOW_MS);
    body.acting_inspector_id = (char *)inspector_id;
    body.command_case = JC__OPERATION_BODY__COMMAND_START_INSPECTION;
    body.start_inspection = &start;
    CHECK_OK("pack", jc_message_pack(&body.base, f->arena, &bytes, &err), &err);
    Jc__Operation *operation = field_operation(f, n, bytes);
    jc_sign(bytes, f->secret_key, signature);
    operation->signature = (ProtobufCBinaryData){sizeof signature, field_copy(f, signature, sizeof signature)};
    return operation;
}

static void test_actor(void **state) {
    struct field *f = &field;
    (void)state;
    CHECK_INT("the holder", field_send(f, FIELD_KEYED, acted_by(f, 1, "a3"))->status, APPLIED);
    CHECK_INT("somebody never seen here", field_send(f, FIELD_KEYED, acted_by(f, 2, "a2"))->status, KEPT);
    CHECK_STR("grounds", field_grounds(f), "ACTOR_OTHER");
    field_script(f, "UPDATE device SET public_key = (SELECT k.public_key FROM device AS k WHERE k.inspector_id = 'a3')"
                    " WHERE inspector_id = 'a2'"); /* enrolled with the same key: they share the device */
    CHECK_INT("somebody who shares it", field_send(f, FIELD_KEYED, acted_by(f, 3, "a2"))->status, APPLIED);
    CHECK_STR("on record", field_query(f, "SELECT inspector_id FROM operation ORDER BY op_key"), "a3,a3,a2");
    field_script(f, "UPDATE device SET revoked_ms = 1 WHERE inspector_id = 'a2'"); /* that enrolment has ended */
    CHECK_INT("who shared it", field_send(f, FIELD_KEYED, acted_by(f, 5, "a2"))->status, APPLIED);
    CHECK_STR("still on record", field_query(f, "SELECT inspector_id FROM operation ORDER BY op_key DESC LIMIT 1"),
              "a2");
    CHECK_INT("without a key nobody else", field_send(f, FIELD_A1, acted_by(f, 4, "a2"))->status, KEPT);
}

/* --- twice ---------------------------------------------------------------------------------------------------- */

/* A record of u1 by T1 or ad hoc (task 0), `days` from now. */
static Jc__Operation *visit(struct field *f, int n, int task, int days) {
    Jc__Inspection *inspection = field_inspection(f, n, task, "u1", n);
    inspection->started_at = field_time(f, FIELD_NOW_MS + days * FIELD_DAY_MS - FIELD_HOUR_MS);
    inspection->ended_at = field_time(f, FIELD_NOW_MS + days * FIELD_DAY_MS);
    return task ? field_submit(f, n, inspection) : field_ad_hoc(f, n, inspection);
}

static void test_duplicate(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name, *parameter;
        int first_task, second_task, days;
        const char *grounds;
    } CASES[] = {
        {"ad hoc behind a planned visit", NULL, FIELD_T1, 0, 5, "DUPLICATE_VISIT"},
        {"planned behind an ad hoc one", NULL, 0, FIELD_T1, 5, "DUPLICATE_VISIT"},
        {"two ad hoc", NULL, 0, 0, 30, "DUPLICATE_VISIT"},
        {"told later, made earlier", NULL, 0, 0, -3, "DUPLICATE_VISIT"},
        {"a month later", NULL, 0, 0, 31, ""},
        {"seven days of the parameter", "7", 0, 0, 7, "DUPLICATE_VISIT"},
        {"and behind them", "7", 0, 0, 8, ""},
        {"not asked for", "0", 0, 0, 0, ""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const char *name = CASES[i].name;
        teardown(NULL);
        setup(NULL);
        if (CASES[i].parameter)
            field_script(f,
                         jc_arena_printf(f->arena,
                                         "INSERT INTO parameter VALUES (1, 'duplicate_visit_days', '2020-01-01', NULL, "
                                         "'%s', 'calendar_days', '')",
                                         CASES[i].parameter)
                             .ptr);
        CHECK_INT(name, field_send(f, FIELD_A1, visit(f, 1, CASES[i].first_task, 0))->status, APPLIED);
        f->now_ms = FIELD_NOW_MS + 40 * FIELD_DAY_MS;
        CHECK_INT(name, field_send(f, FIELD_A1, visit(f, 2, CASES[i].second_task, CASES[i].days))->status, APPLIED);
        CHECK_STR(name, field_grounds(f), CASES[i].grounds);
    }
}

/* Two visits that the plan asked for are no duplicates of each other, nor is another unit's record. */
static void test_no_duplicate(void **state) {
    struct field *f = &field;
    (void)state;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    field_script(f, "UPDATE task SET unit_id = 'u1' WHERE unit_id = 'u2'");
    CHECK_INT("planned twice",
              field_send(f, FIELD_A1, field_submit(f, 2, field_inspection(f, 2, FIELD_T2, "u1", 2)))->status, APPLIED);
    CHECK_STR("grounds", field_grounds(f), "");
    field_send(f, FIELD_A1, field_ad_hoc(f, 3, field_inspection(f, 3, 0, "u4", 3)));
    CHECK_STR("another unit", field_grounds(f), "");
}

/* --- what the device's row says -------------------------------------------------------------------------------- */

static void test_device_row(void **state) {
    struct field *f = &field;
    (void)state;
    struct field_call call = field_call(f, FIELD_A1);
    Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;
    report.unsent = 3;
    report.battery_percent = 40;
    report.model = (char *)"T1";
    call.request.report = &report;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("unsent", jc_test_number(f->db, "SELECT unsent FROM device WHERE inspector_id = 'a1'"), 3);
    CHECK("the whole report", jc_test_number(f->db, "SELECT LENGTH(report) FROM device WHERE inspector_id = 'a1'") > 4);

    struct field_call next = field_call(f, FIELD_A1), fresh = field_call(f, FIELD_A1);
    next.request.cursor = call.response->cursor;
    field_script(f, "UPDATE device SET rebuild_requested = 1 WHERE inspector_id = 'a1'");
    jc_test_write(f->db, field_call_job, &next);
    CHECK("where its listing stands",
          jc_test_number(f->db, "SELECT cursor_seq > 0 FROM device WHERE inspector_id = 'a1'"));
    CHECK_INT("without a report the last word stands",
              jc_test_number(f->db, "SELECT unsent FROM device WHERE inspector_id = 'a1'"), 3);
    CHECK("a rebuild is asked for", next.response->rebuild);
    jc_test_write(f->db, field_call_job, &fresh);
    CHECK("it has begun", !fresh.response->rebuild);
}

struct report_query {
    struct field *f;
    const Jc__DeviceReport *found; /* of the first device */
};

static enum jc_code report_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct report_query *query = ctx;
    struct jc_device_state *states = NULL;
    size_t count = 0;
    enum jc_code code = jc_device_states(tx, 1, query->f->arena, &states, &count, err);
    query->found = !code && count ? states[0].report : NULL;
    return code;
}

/* The report is older than what its request brings: the board counts what is still on the device alone. */
static void test_unsent_that_arrived(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        int unsent;
        bool with_operations, malformed;
        int left;
        bool tells_since;
    } CASES[] = {
        {"nothing came with it", 3, false, false, 3, true},
        {"two of three", 3, true, false, 1, true},
        {"all", 2, true, false, 0, false},
        {"repeats are there as well", 2, true, false, 0, false},
        {"one is not kept", 2, true, true, 1, true},
        {"more than it knew of", 1, true, false, 0, false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int first = i == 3 ? 10 * 2 : 10 * (int)i; /* the fourth repeats the third */
        Jc__Operation *operations[] = {field_return(f, first + 1, FIELD_T1, "r"),
                                       field_return(f, first + 2, FIELD_T2, "r")};
        struct field_call call = field_call(f, FIELD_A1);
        Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;
        report.device_time = field_time(f, FIELD_NOW_MS);
        report.unsent = CASES[i].unsent;
        report.oldest_unsent = field_time(f, FIELD_NOW_MS - FIELD_HOUR_MS);
        if (CASES[i].malformed)
            operations[1]->id.len = 3;
        call.request.report = &report;
        call.request.operations = operations;
        call.request.n_operations = CASES[i].with_operations ? COUNT(operations) : 0;
        jc_test_write(f->db, field_call_job, &call);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT unsent FROM device WHERE inspector_id = 'a1'"),
                  CASES[i].left);
        struct report_query query = {.f = f};
        jc_test_read(f->db, report_job, &query);
        CHECK(CASES[i].name, query.found && query.found->unsent == CASES[i].left &&
                                 (query.found->oldest_unsent != NULL) == CASES[i].tells_since);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_clock, setup, teardown),
        cmocka_unit_test_setup_teardown(test_clock_parameter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_actor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_duplicate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsent_that_arrived, setup, teardown),
    };
    return cmocka_run_group_tests_name("sync_evident", tests, NULL, NULL);
}
