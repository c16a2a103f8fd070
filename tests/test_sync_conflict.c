/* Conflicts (DESIGN section 5, point 4): two terminals for one task, and tasks that were recalled,
 * returned or reassigned while the inspector was offline. Nothing is lost, people decide. */
#include "jc_field_test.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1); /* 1..50 */
    field_lease(&field, FIELD_A2); /* 51..100 */
    field_lease(&field, FIELD_B1); /* 101..150 */
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

static void test_two_terminals(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *first = field_inspection(f, 1, FIELD_T1, "u1", 1);
    Jc__Inspection *second = field_inspection(f, 2, FIELD_T1, "u1", 51);
    field_add_findings(f, second, 1, 1, "2023-01-20");
    CHECK_INT("first", field_send(f, FIELD_A1, field_submit(f, 1, first))->status, APPLIED);
    Jc__OperationResult *result = field_send(f, FIELD_A2, field_submit(f, 2, second));
    CHECK_INT("second", result->status, KEPT);
    CHECK_STR("second", jc_str(result->code), "already_exists");
    CHECK_STR("grounds", field_grounds(f), "TASK_DONE");
    CHECK_STR("first is the record, second beside it",
              field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"), "1,0");
    CHECK_INT("flagged", jc_test_number(f->db, "SELECT reason FROM review WHERE review_id = 2"),
              JC__REVIEW_REASON__REVIEW_REASON_TASK_ALREADY_DONE);
    CHECK_INT("its finding is kept", jc_test_number(f->db, "SELECT COUNT(*) FROM finding"), 1);
    CHECK_INT(
        "its number is used",
        jc_test_number(f->db, "SELECT COUNT(*) FROM number_block WHERE kind = 1 AND first_number = 51 AND used = '1'"),
        1);

    Jc__RectificationOrder *order = field_order(f, 1, 2, "u1", 1, 1, "2023-01-20", 51);
    CHECK_INT("an order on it waits", field_send(f, FIELD_A2, field_issue(f, 3, order))->status, KEPT);
    CHECK_STR("grounds", field_grounds(f), "RECORD_BESIDE");
    CHECK_INT("no order", jc_test_number(f->db, "SELECT COUNT(*) FROM rectification_order"), 0);
}

/* A second record that is wrong in itself is kept, but not beside the record. */
static void test_second_and_wrong(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *second = field_inspection(f, 2, FIELD_T1, "u1", 51);
    second->signature = NULL;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    CHECK_INT("kept", field_send(f, FIELD_A2, field_submit(f, 2, second))->status, KEPT);
    CHECK_STR("grounds", field_grounds(f), "SIGNATURE_UNIT,TASK_DONE");
    CHECK_INT("one row", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
}

static void test_late(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name, *meanwhile, *grounds, *team;
    } CASES[] = {
        {"recalled", "UPDATE task SET state = 4 WHERE kind = 1 AND unit_id = 'u1'", "TASK_LATE_RECALLED", "a"},
        {"returned", "UPDATE task SET state = 3 WHERE kind = 1 AND unit_id = 'u1'", "TASK_LATE_RETURNED", "a"},
        {"reassigned",
         "DELETE FROM task WHERE kind = 2; UPDATE task SET team_id = 'b' WHERE kind = 1 AND unit_id = 'u1'",
         "TASK_LATE_REASSIGNED", "a"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const char *name = CASES[i].name;
        field_close(f);
        setup(NULL);
        field_script(f, CASES[i].meanwhile);
        Jc__OperationResult *result =
            field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
        CHECK_INT(name, result->status, APPLIED);
        CHECK_STR(name, jc_str(result->code), "");
        CHECK(name, *result->reason_zh && *result->reason_en);
        CHECK_STR(name, field_grounds(f), CASES[i].grounds);
        CHECK_STR(name, field_query(f, "SELECT is_record || late || team_id FROM inspection"),
                  jc_arena_printf(f->arena, "11%s", CASES[i].team).ptr);
        CHECK_INT(name, jc_test_number(f->db, "SELECT state FROM task WHERE kind = 1 AND unit_id = 'u1'"), 2);
        CHECK_INT(name, jc_test_number(f->db, "SELECT reason FROM review"),
                  JC__REVIEW_REASON__REVIEW_REASON_TASK_RECALLED);
        CHECK_INT(name, jc_test_number(f->db, "SELECT status FROM visit WHERE visit_id = 'u1-01'"), 3);
    }
}

/* The other team does its task, then the late record comes: it is the second. */
static void test_late_and_second(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *other = field_inspection(f, 1, FIELD_T1, "u1", 101);
    field_script(f, "DELETE FROM task WHERE kind = 2; UPDATE task SET team_id = 'b' WHERE unit_id = 'u1'");
    other->inspector_ids = field_people(f, "b1", "b2");
    CHECK_INT("the new team", field_send(f, FIELD_B1, field_submit(f, 1, other))->status, APPLIED);
    CHECK_INT("the old team, late",
              field_send(f, FIELD_A1, field_submit(f, 2, field_inspection(f, 2, FIELD_T1, "u1", 1)))->status, KEPT);
    CHECK_STR("grounds", field_grounds(f), "TASK_DONE");
    CHECK_STR("records", field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"), "1,0");
}

/* A task that a planner opened again although it has its record: the record stays the record. */
static void test_reopened(void **state) {
    struct field *f = &field;
    (void)state;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    field_script(f, "UPDATE task SET state = 1 WHERE unit_id = 'u1'");
    CHECK_INT("kept", field_send(f, FIELD_A2, field_submit(f, 2, field_inspection(f, 2, FIELD_T1, "u1", 51)))->status,
              KEPT);
    CHECK_STR("records", field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"), "1,0");
}

/* A visit carried into the next version of the plan is done there, too. */
static void test_amended_meanwhile(void **state) {
    struct field *f = &field;
    (void)state;
    field_script(f,
                 "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi,"
                 "                  quota, cost_e5, bound_e5, tiers_settled, elapsed_ms, work)"
                 "VALUES (1, 2, 2023, 'draft', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);"
                 "INSERT INTO visit SELECT agency_id, 2, visit_id, unit_id, draw_id, rule_id, visit_no, month,"
                 "                         lead_team, persons, days_centi, mode, status, pinned, NULL, NULL"
                 "  FROM visit WHERE version = 1");
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    CHECK_STR("both versions", field_query(f, "SELECT status FROM visit WHERE visit_id = 'u1-01'"), "3,3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_terminals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_and_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_and_second, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopened, setup, teardown),
        cmocka_unit_test_setup_teardown(test_amended_meanwhile, setup, teardown),
    };
    return cmocka_run_group_tests_name("sync_conflict", tests, NULL, NULL);
}
