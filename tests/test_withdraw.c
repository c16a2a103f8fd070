/* A planner rejects an order or a recheck that was applied and flagged: it counts no more, findings and tasks go back
 * to what they were, terminals hear of it, and verify finds everything in order (sync/withdraw.h). */
#include "jc_field_test.h"

#include "store/row.h"
#include "sync/derived.h"
#include "sync/recall.h"
#include "sync/review.h"

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

#define CORRECTED JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED
#define NOT_CORRECTED JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED
#define ACCEPT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT
#define REJECT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT

enum { OWN = 0, FOREIGN = 990 }; /* added to a number: leased to nobody, so the operation is flagged */

static void inspect(struct field *f) {
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    CHECK_INT("inspection", field_send(f, FIELD_A1, field_submit(f, 1, inspection))->status, APPLIED);
}

static void issue(struct field *f, int n, int number) {
    Jc__RectificationOrder *order = field_order(f, n, 1, "u1", 1, 2, "2023-01-25", n + number);
    CHECK_INT("order", field_send(f, FIELD_A1, field_issue(f, 10 + n, order))->status, APPLIED);
}

static ProtobufCBinaryData open_recheck(struct field *f) {
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 AND state = 1");
    uint8_t id[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, id, sizeof id));
    return (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id, sizeof id)};
}

/* Of both findings, whose new deadline is the given one. */
static void recheck(struct field *f, int n, int number, Jc__RecheckResult result, const char *deadline) {
    Jc__Recheck *message =
        field_recheck(f, n, open_recheck(f), 1, 1, 2, result, FIELD_NOW_MS + n * FIELD_HOUR_MS, n + number);
    for (size_t i = 0; i < message->n_items; i++)
        message->items[i]->deadline = (char *)deadline;
    CHECK_INT("recheck", field_send(f, FIELD_A1, field_submit_recheck(f, 20 + n, message))->status, APPLIED);
}

struct decide {
    struct jc_review_act act;
    Jc__DecideReviewResponse *response;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decide *d = ctx;
    return jc_review_decide(tx, &d->act, field.arena, &d->response, err);
}

/* About the operation with this id. */
static enum jc_code decide(struct field *f, int operation, Jc__ReviewDecisionKind kind) {
    struct jc_err err = {0};
    char hex[2 * JC_UUID_SIZE + 1];
    ProtobufCBinaryData id = field_id(f, FIELD_OPERATION, operation);
    struct jc_str no = field_query(
        f, jc_arena_printf(f->arena, "SELECT op_key %% 1099511627776 FROM operation WHERE lower(hex(id)) = '%.*s'",
                           JC_FMT(jc_hex(id.data, id.len, hex)))
               .ptr);
    int64_t review = 0;
    assert_true(jc_str_to_int64(no, &review));
    struct decide d = {
        {1, review, kind, JC_STR(""), JC_STR("文书有误"), JC_STR("planner"), f->now_ms + 2 * FIELD_HOUR_MS}, NULL};
    return jc_db_write_wait(f->db, 1, decide_job, &d, &err);
}

/* The one recheck that is recalled. */
static enum jc_code reopen_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct field *f = ctx;
    struct jc_str *ids = NULL;
    size_t count = 0;
    Jc__Task **tasks = NULL;
    enum jc_code code = jc_row_first_column(tx, "SELECT task_id FROM task WHERE kind = 3 AND state = 4", JC_NO_VALUES,
                                            f->arena, &ids, &count, err);
    if (code)
        return code;
    assert_int_equal(count, 1);
    ProtobufCBinaryData id = {ids[0].len, (uint8_t *)(uintptr_t)ids[0].ptr};
    struct jc_task_act act = {1, &id, 1, JC_STR(""), JC_STR("planner"), f->now_ms + 3 * FIELD_HOUR_MS};
    return jc_task_act_reopen(tx, &act, f->arena, &tasks, err);
}

static void count_fault(void *ctx, int64_t no, const struct jc_err *fault) {
    (void)no;
    (void)fault;
    ++*(int *)ctx;
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_derived_verify(tx, 1, count_fault, ctx, err);
}

static void check_sound(const char *name) {
    int faults = 0;
    jc_test_read(field.db, verify_job, &faults);
    CHECK_INT(name, faults, 0);
}

static struct jc_str findings(struct field *f) {
    return field_query(f, "SELECT (order_id IS NOT NULL) || ' ' || deadline_on || ' ' || COALESCE(corrected_on, '-')"
                          " FROM finding ORDER BY finding_key");
}

static struct jc_str rechecks(struct field *f) {
    return field_query(f, "SELECT t.state FROM task AS t WHERE t.kind = 3 ORDER BY t.state");
}

/* --- the order ---------------------------------------------------------------------------------------------- */

static void test_order(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, FOREIGN);
    CHECK_STR("flagged", field_grounds(f), "NUMBER_FOREIGN");
    CHECK_STR("ordered", findings(f), "1 2023-01-25 -,1 2023-01-25 -");
    CHECK_INT("its record stands while it does", decide(f, 1, REJECT), JC_NOT_FOUND);
    CHECK_INT("rejected", decide(f, 11, REJECT), JC_OK);
    CHECK_STR("in no order, with the record's deadlines", findings(f), "0 2023-01-20 -,0 2023-01-20 -");
    CHECK_STR("its recheck is recalled", rechecks(f), "4");
    CHECK_STR("with the planner's words", field_query(f, "SELECT recall_reason FROM task WHERE kind = 3"), "文书有误");
    CHECK_INT("gone from terminals",
              jc_test_number(f->db, "SELECT COUNT(*) FROM change WHERE kind = 5 AND deleted = 1"), 1);
    CHECK_STR("the inspector is told", field_query(f, "SELECT DISTINCT scope FROM change WHERE kind = 8"), "a");
    check_sound("verify");
    struct jc_err err = {0};
    CHECK_INT("nothing to recheck", jc_db_write_wait(f->db, 1, reopen_job, f, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("said so", err.what, JC_MSG_TASK_ORDER_REJECTED);
    issue(f, 2, OWN);
    CHECK_STR("another order is in force", findings(f), "1 2023-01-25 -,1 2023-01-25 -");
    check_sound("verify with another order");
    field_script(f, "UPDATE finding SET order_id = (SELECT order_id FROM rectification_order ORDER BY op_key LIMIT 1)");
    int faults = 0;
    jc_test_read(f->db, verify_job, &faults);
    CHECK("a finding put back under what was rejected is found", faults > 0);
}

/* What hangs on it goes first. */
static void test_order_with_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, FOREIGN);
    recheck(f, 1, FOREIGN, CORRECTED, "");
    CHECK_INT("rechecked", decide(f, 11, REJECT), JC_FAILED_PRECONDITION);
    check_sound("nothing changed");
    CHECK_INT("the recheck first", decide(f, 21, REJECT), JC_OK);
    CHECK_INT("then the order", decide(f, 11, REJECT), JC_OK);
    CHECK_STR("in no order", findings(f), "0 2023-01-20 -,0 2023-01-20 -");
    CHECK_STR("nothing to recheck", rechecks(f), "4");
    check_sound("verify");
}

/* --- the recheck -------------------------------------------------------------------------------------------- */

static void test_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, OWN);
    recheck(f, 1, FOREIGN, CORRECTED, "");
    CHECK_STR("corrected", findings(f), "1 2023-01-25 2023-01-10,1 2023-01-25 2023-01-10");
    CHECK_INT("rejected", decide(f, 21, REJECT), JC_OK);
    CHECK_STR("open again", findings(f), "1 2023-01-25 -,1 2023-01-25 -");
    CHECK_STR("to be rechecked again", rechecks(f), "1");
    CHECK_STR("with the planner's words", field_query(f, "SELECT planner_note FROM task WHERE kind = 3"), "文书有误");
    CHECK_INT("it counts no more", jc_test_number(f->db, "SELECT SUM(is_record) FROM recheck"), 0);
    check_sound("verify");
    recheck(f, 2, OWN, CORRECTED, "");
    CHECK_STR("corrected by another", findings(f), "1 2023-01-25 2023-01-10,1 2023-01-25 2023-01-10");
    check_sound("verify with another");
}

/* One that did not pass led to another: that one is recalled while nobody has made it, and goes first when somebody has. */
static void test_recheck_in_a_row(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, OWN);
    recheck(f, 1, OWN, NOT_CORRECTED, "2023-02-10");
    recheck(f, 2, FOREIGN, NOT_CORRECTED, "2023-02-20");
    CHECK_STR("the last deadline", findings(f), "1 2023-02-20 -,1 2023-02-20 -");
    CHECK_STR("two made, one to make", rechecks(f), "1,2,2");
    field_script(f, "UPDATE task SET team_id = 'b' WHERE kind = 3 AND state = 1"); /* the planner gave it to them */
    CHECK_INT("the second", decide(f, 22, REJECT), JC_OK);
    CHECK_STR("the order goes back with it", field_query(f, "SELECT scope FROM change WHERE kind = 5"), "a");
    struct jc_err err = {0};
    CHECK_INT("two at a time", jc_db_write_wait(f->db, 1, reopen_job, f, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("said so", err.what, JC_MSG_TASK_ORDER_TAKEN);
    CHECK_STR("what the first one said", findings(f), "1 2023-02-10 -,1 2023-02-10 -");
    CHECK_STR("the second to be made again", rechecks(f), "1,2,4");
    check_sound("verify");
    recheck(f, 3, OWN, NOT_CORRECTED, "2023-02-20");
    check_sound("verify with the second made again");
}

/* The follow-up of a rejected recheck was made before its recall was known: nothing is left of what was to be done again. */
static void test_late_follow_up(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, OWN);
    recheck(f, 1, FOREIGN, NOT_CORRECTED, "2023-02-10");
    ProtobufCBinaryData follow_up = open_recheck(f);
    CHECK_INT("rejected", decide(f, 21, REJECT), JC_OK);
    CHECK_STR("the first to be made again", rechecks(f), "1,4");
    Jc__Recheck *late = field_recheck(f, 2, follow_up, 1, 1, 2, CORRECTED, FIELD_NOW_MS + 2 * FIELD_HOUR_MS, 2 + OWN);
    for (size_t i = 0; i < late->n_items; i++)
        late->items[i]->deadline = (char *)"";
    CHECK_INT("late", field_send(f, FIELD_A1, field_submit_recheck(f, 22, late))->status, APPLIED);
    CHECK_INT("all corrected", jc_test_number(f->db, "SELECT COUNT(*) FROM finding WHERE corrected_on IS NULL"), 0);
    CHECK_STR("and nothing to recheck", rechecks(f), "2,4");
    check_sound("verify");
}

/* Two terminals rechecked: the record is rejected, and the one that lay beside it is accepted in its place. */
static void test_the_other_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    field_lease(f, FIELD_A2);
    inspect(f);
    issue(f, 1, OWN);
    ProtobufCBinaryData task = open_recheck(f);
    recheck(f, 1, FOREIGN, NOT_CORRECTED, "2023-02-10");
    Jc__Recheck *other = field_recheck(f, 2, task, 1, 1, 2, CORRECTED, FIELD_NOW_MS + FIELD_HOUR_MS, 51);
    CHECK_INT("beside", field_send(f, FIELD_A2, field_submit_recheck(f, 22, other))->status, KEPT);
    CHECK_STR("the first counts", findings(f), "1 2023-02-10 -,1 2023-02-10 -");
    CHECK_INT("rejected", decide(f, 21, REJECT), JC_OK);
    CHECK_INT("the other", decide(f, 22, ACCEPT), JC_OK);
    CHECK_STR("the second counts", findings(f), "1 2023-01-25 2023-01-10,1 2023-01-25 2023-01-10");
    CHECK_STR("its task is done, what the first led to is recalled", rechecks(f), "2,4");
    CHECK_STR("one record", field_query(f, "SELECT is_record FROM recheck ORDER BY op_key"), "0,1");
    check_sound("verify");
}

static void test_later_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    inspect(f);
    issue(f, 1, OWN);
    recheck(f, 1, FOREIGN, NOT_CORRECTED, "2023-02-10");
    recheck(f, 2, OWN, CORRECTED, "");
    CHECK_INT("a later one counts", decide(f, 21, REJECT), JC_FAILED_PRECONDITION);
    CHECK_INT("accepted", decide(f, 21, ACCEPT), JC_OK);
    CHECK_STR("as it was", findings(f), "1 2023-02-10 2023-01-10,1 2023-02-10 2023-01-10");
    check_sound("verify");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_with_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(test_recheck_in_a_row, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_follow_up, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_other_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_recheck, setup, teardown),
    };
    return cmocka_run_group_tests_name("withdraw", tests, NULL, NULL);
}
