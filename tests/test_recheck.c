/* Findings by deadline make an order, an order makes a recheck with its legal limit (FORMS), a failed
 * recheck makes another. */
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

/* The inspection with `count` findings that everything below hangs on; the order is operation 2. */
static void inspect(struct field *f, int count, const char *deadline) {
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, count, deadline);
    CHECK_INT("inspection", field_send(f, FIELD_A1, field_submit(f, 1, inspection))->status, APPLIED);
}

static Jc__OperationResult *issue(struct field *f, int count, const char *deadline) {
    return field_send(f, FIELD_A1, field_issue(f, 2, field_order(f, 1, 1, "u1", 1, count, deadline, 1)));
}

/* The open recheck task, or the last one. */
static ProtobufCBinaryData recheck_task(struct field *f) {
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 ORDER BY state, task_id LIMIT 1");
    uint8_t id[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, id, sizeof id));
    return (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id, sizeof id)};
}

static Jc__OperationResult *recheck(struct field *f, int n, int first, int count, Jc__RecheckResult result,
                                    int64_t ended_ms) {
    Jc__Recheck *message = field_recheck(f, n, recheck_task(f), 1, first, count, result, ended_ms, n);
    return field_send(f, FIELD_A1, field_submit_recheck(f, 10 + n, message));
}

#define CORRECTED JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED
#define PARTLY JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY
#define NOT_CORRECTED JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED

/* --- the order ------------------------------------------------------------------------------------------------ */

static void test_order(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f, 2, "2023-01-20");
    Jc__RectificationOrder *order = field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1);
    order->items[1]->deadline = (char *)"2023-02-01";
    CHECK_INT("applied", field_send(f, FIELD_A1, field_issue(f, 2, order))->status, APPLIED);
    CHECK_STR("deadline: the latest", field_query(f, "SELECT deadline_on FROM rectification_order"), "2023-02-01");
    CHECK_STR("findings are under it",
              field_query(f, "SELECT deadline_on FROM finding WHERE order_id IS NOT NULL"
                             " ORDER BY finding_key"),
              "2023-01-20,2023-02-01");
    CHECK_STR("the recheck: same team, same persons, 10 calendar days later",
              field_query(f, "SELECT team_id || ' ' || inspector_ids || ' ' || due_on || ' ' || state || ' ' || persons"
                             " FROM task WHERE kind = 3"),
              "a a1;a2 2023-02-11 1 2");
    CHECK_INT("of this order",
              jc_test_number(f->db, "SELECT COUNT(*) FROM task AS t JOIN rectification_order AS o"
                                    " ON o.order_id = t.order_id WHERE t.kind = 3"),
              1);
    CHECK_INT("told to the team", jc_test_number(f->db, "SELECT COUNT(*) FROM change WHERE kind = 5 AND scope = 'a'"),
              1);
    CHECK_INT("number", jc_test_number(f->db, "SELECT COUNT(*) FROM number_block WHERE kind = 2 AND used = '1'"), 1);
}

static void none(Jc__RectificationOrder *o) {
    (void)o;
}
static void no_items(Jc__RectificationOrder *o) {
    o->n_items = 0;
}
static void unknown_inspection(Jc__RectificationOrder *o) {
    o->inspection_id = field_id(&field, FIELD_INSPECTION, 9);
}
static void other_unit(Jc__RectificationOrder *o) {
    o->unit_id = (char *)"u2";
}
static void other_finding(Jc__RectificationOrder *o) {
    o->items[0]->finding_id = field_id(&field, FIELD_FINDING, 9);
}
static void twice(Jc__RectificationOrder *o) {
    o->items[1]->finding_id = o->items[0]->finding_id;
}
static void on_site(Jc__RectificationOrder *o) {
    o->items[0]->finding_id = field_id(&field, FIELD_FINDING, 3);
}
static void early(Jc__RectificationOrder *o) {
    o->items[0]->deadline = (char *)"2023-01-09";
}
static void no_problem(Jc__RectificationOrder *o) {
    o->items[0]->problem = (char *)"";
}
static void not_issued(Jc__RectificationOrder *o) {
    o->issued_at = NULL;
}
static void before_inspection(Jc__RectificationOrder *o) {
    o->issued_at = field_time(&field, FIELD_NOW_MS - FIELD_DAY_MS);
}
static void not_signed(Jc__RectificationOrder *o) {
    o->signature = NULL;
}
static void alone(Jc__RectificationOrder *o) {
    o->n_inspector_ids = 1;
}
static void no_id(Jc__RectificationOrder *o) {
    o->order_id.len = 0;
}

static void test_orders(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        void (*spoil)(Jc__RectificationOrder *order);
        const char *grounds;
    } CASES[] = {
        {"no items", no_items, "MISSING"},
        {"unknown inspection", unknown_inspection, "UNKNOWN"},
        {"another unit", other_unit, "UNIT_OTHER"},
        {"finding of another inspection", other_finding, "FINDING_OTHER"},
        {"the same finding twice", twice, "REPEATED"},
        {"finding corrected on site", on_site, "FINDING_NO_DEADLINE"},
        {"deadline before the order", early, "DATE_EARLY"},
        {"no problem", no_problem, "MISSING"},
        {"no date of issue", not_issued, "MISSING"},
        {"issued before the inspection", before_inspection, "TIMES"},
        {"not signed", not_signed, "SIGNATURE_UNIT"},
        {"one inspector", alone, "INSPECTORS_FEW"},
        {"no id", no_id, "MISSING"},
        {"as it should be", none, ""},
    };
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 3, "2023-01-20");
    inspection->findings[2]->outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    field_send(f, FIELD_A1, field_submit(f, 1, inspection));
    for (size_t i = 0; i < COUNT(CASES); i++) {
        bool good = !*CASES[i].grounds;
        Jc__RectificationOrder *order = field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1);
        CASES[i].spoil(order);
        CHECK_INT(CASES[i].name, field_send(f, FIELD_A1, field_issue(f, 2 + (int)i, order))->status,
                  good ? APPLIED : KEPT);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM rectification_order"), good);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE kind = 3"), good);
    }
    Jc__RectificationOrder *again = field_order(f, 2, 1, "u1", 1, 1, "2023-01-20", 2);
    CHECK_INT("ordered already", field_send(f, FIELD_A1, field_issue(f, 40, again))->status, KEPT);
    CHECK_STR("ordered already", field_grounds(f), "FINDING_ORDERED");
}

/* --- the limit ---------------------------------------------------------------------------------------------------- */

static void test_limits(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name, *parameters, *deadline, *due_on, *grounds;
    } CASES[] = {
        {"10 calendar days", "SELECT 1", "2023-01-20", "2023-01-30", ""},
        /* Spring Festival 21-27 January; 28 and 29 January were make-up workdays */
        {"10 working days", "UPDATE parameter SET unit = 'working_days' WHERE name = 'recheck_due'", "2023-01-20",
         "2023-02-08", ""},
        {"0 days", "UPDATE parameter SET value = '0' WHERE name = 'recheck_due'", "2023-01-20", "2023-01-20", ""},
        {"last day in force", "UPDATE parameter SET valid_to = '2023-01-20' WHERE name = 'recheck_due'", "2023-01-20",
         "2023-01-30", ""},
        {"none in force the day after", "UPDATE parameter SET valid_to = '2023-01-19' WHERE name = 'recheck_due'",
         "2023-01-20", "2023-01-20", "NO_LEGAL_LIMIT"},
        {"its successor in force",
         "UPDATE parameter SET valid_to = '2023-01-19' WHERE name = 'recheck_due';"
         "INSERT INTO parameter VALUES (1, 'recheck_due', '2023-01-20', NULL, '15', 'calendar_days', '')",
         "2023-01-20", "2023-02-04", ""},
        {"after 2026-01-31 nothing is in force", "SELECT 1", "2026-02-01", "2026-02-01", "NO_LEGAL_LIMIT"},
        {"until then it is", "SELECT 1", "2026-01-31", "2026-02-10", ""},
        {"a unit nobody knows", "UPDATE parameter SET unit = 'percent' WHERE name = 'recheck_due'", "2023-01-20",
         "2023-01-20", "NO_LEGAL_LIMIT"},
        {"working days of a year without holidays",
         "UPDATE parameter SET unit = 'working_days', valid_to = NULL"
         " WHERE name = 'recheck_due'",
         "2031-01-10", "2031-01-24", "NO_CALENDAR"},
        {"no parameter at all", "DELETE FROM parameter", "2023-01-20", "2023-01-20", "NO_LEGAL_LIMIT"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        field_close(f);
        setup(NULL);
        field_script(f, CASES[i].parameters);
        inspect(f, 1, CASES[i].deadline);
        CHECK_INT(CASES[i].name, issue(f, 1, CASES[i].deadline)->status, APPLIED);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
        CHECK_STR(CASES[i].name, field_query(f, "SELECT due_on FROM task WHERE kind = 3"), CASES[i].due_on);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM review WHERE reason = 9"),
                  *CASES[i].grounds != '\0');
    }
}

/* --- the recheck ---------------------------------------------------------------------------------------------------- */

static void test_passed(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f, 2, "2023-01-20");
    issue(f, 2, "2023-01-20");
    CHECK_INT("applied", recheck(f, 1, 1, 2, CORRECTED, FIELD_NOW_MS + 12 * FIELD_DAY_MS)->status, APPLIED);
    CHECK_STR("closed on the day", field_query(f, "SELECT corrected_on FROM finding"), "2023-01-22,2023-01-22");
    CHECK_STR("the recheck", field_query(f, "SELECT is_record || passed || due_on || done_on FROM recheck"),
              "112023-01-302023-01-22");
    CHECK_INT("its days", jc_test_number(f->db, "SELECT SUM(workdays_centi) FROM recheck_workdays WHERE team_id = 'a'"),
              100);
    CHECK_STR("no other follows", field_query(f, "SELECT state FROM task WHERE kind = 3"), "2");
    CHECK_INT("number", jc_test_number(f->db, "SELECT COUNT(*) FROM number_block WHERE kind = 3 AND used LIKE '%1'"),
              1);
}

static void test_failed_makes_another(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f, 3, "2023-01-20");
    issue(f, 3, "2023-01-20");
    Jc__Recheck *first = field_recheck(f, 1, recheck_task(f), 1, 1, 3, CORRECTED, FIELD_NOW_MS + 11 * FIELD_DAY_MS, 1);
    first->items[1]->result = PARTLY;
    first->items[1]->deadline = (char *)"2023-02-10";
    first->items[2]->result = NOT_CORRECTED;
    CHECK_INT("first", field_send(f, FIELD_A1, field_submit_recheck(f, 11, first))->status, APPLIED);
    CHECK_STR("what is corrected is closed, the rest has its deadline",
              field_query(f, "SELECT COALESCE(corrected_on, deadline_on) FROM finding ORDER BY finding_key"),
              "2023-01-21,2023-02-10,2023-01-20");
    CHECK_STR("the next is due 10 days after the latest deadline",
              field_query(f, "SELECT due_on FROM task WHERE kind = 3 AND state = 1"), "2023-02-20");

    CHECK_INT("what is closed needs no result",
              recheck(f, 2, 2, 2, NOT_CORRECTED, FIELD_NOW_MS + 40 * FIELD_DAY_MS)->status, APPLIED);
    CHECK_STR("no new deadline: 10 days after this recheck",
              field_query(f, "SELECT due_on FROM task WHERE kind = 3 AND state = 1"), "2023-03-01");
    CHECK_INT("third", recheck(f, 3, 1, 3, CORRECTED, FIELD_NOW_MS + 45 * FIELD_DAY_MS)->status, APPLIED);
    CHECK_STR("closed, and the first day stands",
              field_query(f, "SELECT corrected_on FROM finding ORDER BY finding_key"),
              "2023-01-21,2023-02-24,2023-02-24");
    CHECK_STR("three rechecks, all done", field_query(f, "SELECT state FROM task WHERE kind = 3"), "2,2,2");
    CHECK_STR("the last passed", field_query(f, "SELECT passed FROM recheck ORDER BY op_key"), "0,0,1");
}

static void as_is(Jc__Recheck *r) {
    (void)r;
}
static void left_out(Jc__Recheck *r) {
    r->n_items = 1;
}
static void r_other_finding(Jc__Recheck *r) {
    r->items[1]->finding_id = field_id(&field, FIELD_FINDING, 9);
}
static void r_twice(Jc__Recheck *r) {
    r->items[1]->finding_id = r->items[0]->finding_id;
}
static void no_result(Jc__Recheck *r) {
    r->items[0]->result = 0;
}
static void past_deadline(Jc__Recheck *r) {
    r->items[0]->result = NOT_CORRECTED;
    r->items[0]->deadline = (char *)"2023-01-20";
}
static void unknown_order(Jc__Recheck *r) {
    r->order_id = field_id(&field, FIELD_ORDER, 9);
}
static void visit_task(Jc__Recheck *r) {
    r->task_id = field_id(&field, FIELD_TASK, FIELD_T2);
}
static void unknown_task(Jc__Recheck *r) {
    r->task_id = field_id(&field, FIELD_TASK, 99);
}
static void r_not_signed(Jc__Recheck *r) {
    r->signature = NULL;
}
static void r_alone(Jc__Recheck *r) {
    r->n_inspector_ids = 1;
}
static void backwards(Jc__Recheck *r) {
    r->ended_at = field_time(&field, FIELD_NOW_MS);
}
static void before_order(Jc__Recheck *r) {
    r->started_at = field_time(&field, FIELD_NOW_MS - FIELD_DAY_MS);
}
static void r_no_id(Jc__Recheck *r) {
    r->recheck_id.len = 0;
}
static void r_negative(Jc__Recheck *r) {
    r->workdays[0]->workdays_centi = -100;
}

static void test_rechecks(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        void (*spoil)(Jc__Recheck *recheck);
        const char *grounds;
    } CASES[] = {
        {"an open item without a result", left_out, "FINDING_LEFT_OUT"},
        {"a finding of another order", r_other_finding, "FINDING_OTHER,FINDING_LEFT_OUT"},
        {"the same finding twice", r_twice, "REPEATED,FINDING_LEFT_OUT"},
        {"no result", no_result, "RANGE"},
        {"a deadline before the recheck", past_deadline, "DATE_EARLY"},
        {"unknown order", unknown_order, "UNKNOWN,ORDER_OTHER"},
        {"task of a visit", visit_task, "TASK_KIND"},
        {"unknown task", unknown_task, "UNKNOWN"},
        {"not signed", r_not_signed, "SIGNATURE_UNIT"},
        {"one inspector", r_alone, "INSPECTORS_FEW"},
        {"end before start", backwards, "TIMES"},
        {"before its order", before_order, "TIMES"},
        {"no id", r_no_id, "MISSING"},
        {"negative days", r_negative, "RANGE"},
        {"as it should be", as_is, ""},
    };
    inspect(f, 2, "2023-01-20");
    issue(f, 2, "2023-01-20");
    for (size_t i = 0; i < COUNT(CASES); i++) {
        bool good = !*CASES[i].grounds;
        int64_t ended_ms = FIELD_NOW_MS + 11 * FIELD_DAY_MS;
        Jc__Recheck *message = field_recheck(f, 1, recheck_task(f), 1, 1, 2, CORRECTED, ended_ms, 1);
        CASES[i].spoil(message);
        Jc__OperationResult *result = field_send(f, FIELD_A1, field_submit_recheck(f, 20 + (int)i, message));
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
        CHECK_INT(CASES[i].name, result->status, good ? APPLIED : KEPT);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM recheck"), good);
    }
    CHECK_INT("closed findings stay closed",
              recheck(f, 2, 1, 2, NOT_CORRECTED, FIELD_NOW_MS + 12 * FIELD_DAY_MS)->status, KEPT);
}

static void test_second_recheck_is_beside(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f, 1, "2023-01-20");
    issue(f, 1, "2023-01-20");
    field_lease(f, FIELD_A2);
    ProtobufCBinaryData task = recheck_task(f);
    int64_t ended_ms = FIELD_NOW_MS + 11 * FIELD_DAY_MS;
    Jc__Recheck *first = field_recheck(f, 1, task, 1, 1, 1, CORRECTED, ended_ms, 1);
    Jc__Recheck *second = field_recheck(f, 2, task, 1, 1, 1, CORRECTED, ended_ms, 51);
    CHECK_INT("first", field_send(f, FIELD_A1, field_submit_recheck(f, 11, first))->status, APPLIED);
    CHECK_INT("second", field_send(f, FIELD_A2, field_submit_recheck(f, 12, second))->status, KEPT);
    CHECK_STR("grounds", field_grounds(f), "TASK_DONE");
    CHECK_STR("beside", field_query(f, "SELECT is_record FROM recheck ORDER BY op_key"), "1,0");
}

/* A recheck recalled while the inspector was on the way: accepted, flagged. */
static void test_late_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f, 1, "2023-01-20");
    issue(f, 1, "2023-01-20");
    field_script(f, "UPDATE task SET state = 4 WHERE kind = 3");
    CHECK_INT("applied", recheck(f, 1, 1, 1, CORRECTED, FIELD_NOW_MS + 11 * FIELD_DAY_MS)->status, APPLIED);
    CHECK_STR("flagged", field_grounds(f), "TASK_LATE_RECALLED");
    CHECK_STR("done", field_query(f, "SELECT state FROM task WHERE kind = 3"), "2");
}

/* An order that depends on its inspection comes in the same request, as terminals send it. */
static void test_in_one_request(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 1, "2023-01-20");
    Jc__Operation *operations[] = {field_submit(f, 1, inspection),
                                   field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 1, "2023-01-20", 1))};
    field_depend(f, operations[1], 1);
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, operations, 2);
    CHECK_INT("inspection", response->results[0]->status, APPLIED);
    CHECK_INT("order", response->results[1]->status, APPLIED);
    size_t tasks = 0, orders = 0;
    for (size_t i = 0; i < response->n_changes; i++) {
        const Jc__Change *change = response->changes[i];
        tasks +=
            change->entity_case == JC__CHANGE__ENTITY_TASK && change->task->kind == JC__TASK_KIND__TASK_KIND_RECHECK;
        orders += change->entity_case == JC__CHANGE__ENTITY_ORDER && change->order->n_items == 1 &&
                  !*change->order->items[0]->corrected_on;
    }
    CHECK_INT("the recheck comes down at once", tasks, 1);
    CHECK_INT("with its order", orders, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_orders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_passed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_makes_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rechecks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_recheck_is_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(test_in_one_request, setup, teardown),
    };
    return cmocka_run_group_tests_name("recheck", tests, NULL, NULL);
}
