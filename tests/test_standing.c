/* What decisions do to records (sync/standing.h): of two of one visit one counts, a rejected one counts no more and
 * gives its task back, one kept beside takes its place. After each, rows are what operations and decisions say. */
#include "jc_field_test.h"

#include "sync/derived.h"
#include "sync/review.h"

static struct field field;

#define ACCEPT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT
#define REJECT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT
#define LINK JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK

static int setup(void **state) {
    (void)state;
    field_open(&field);
    for (int device = FIELD_A1; device <= FIELD_B1; device++)
        field_lease(&field, device);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

struct decision {
    struct jc_review_act act;
    Jc__DecideReviewResponse *response;
    struct jc_err err;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decision *d = ctx;
    return jc_review_decide(tx, &d->act, field.arena, &d->response, err);
}

static void accuse(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct jc_str *words = ctx;
    *words =
        jc_arena_printf(field.arena, "%d %.*s %.*s", (int)operation_no, JC_FMT(fault->arg[0]), JC_FMT(fault->arg[3]));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_derived_verify(tx, 1, accuse, ctx, err);
}

/* Decides; the rows must be what the operations say afterwards. */
static enum jc_code decide_one(int64_t review, Jc__ReviewDecisionKind kind, int link, struct decision *d) {
    struct jc_str words = JC_STR("");
    ProtobufCBinaryData linked = {0};
    if (link)
        linked = field_id(&field, FIELD_INSPECTION, link);
    *d = (struct decision){{1,
                            review,
                            kind,
                            {(const char *)linked.data, linked.len},
                            JC_STR("说明"),
                            JC_STR("planner"),
                            field.now_ms + FIELD_HOUR_MS},
                           NULL,
                           {0}};
    enum jc_code code = jc_db_write_wait(field.db, 1, decide_job, d, &d->err);
    jc_test_read(field.db, verify_job, &words);
    CHECK_STR("rows say what operations say", words, "");
    return code;
}

static enum jc_code decide(Jc__ReviewDecisionKind kind, int link, struct decision *d) {
    return decide_one(jc_test_number(field.db, "SELECT MAX(review_id) FROM review WHERE state = 1"), kind, link, d);
}

/* "1-" for each: whether it counts, and the last digit of the inspection it belongs to. */
static struct jc_str standing(void) {
    return field_query(
        &field,
        "SELECT is_record || CASE WHEN linked_to IS NULL THEN '-' ELSE substr(hex(linked_to), 32) END FROM inspection"
        " ORDER BY op_key");
}

static void order_of(int operation, int inspection, const char *unit_id) {
    CHECK_INT("order",
              field_send(&field, FIELD_A1,
                         field_issue(&field, operation,
                                     field_order(&field, inspection, inspection, unit_id, inspection * 10, 1,
                                                 "2023-01-20", 10)))
                  ->status,
              APPLIED);
}

static Jc__Inspection *with_finding(int n, int task, int number) {
    Jc__Inspection *inspection = field_inspection(&field, n, task, "u1", number);
    field_add_findings(&field, inspection, n * 10, 1, "2023-01-20");
    return inspection;
}

static void test_link(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int first_task, second_task; /* the second is the one linked; 0: ad hoc */
        bool first_ordered, second_ordered;
        const char *standing;
    } CASES[] = {
        {"ad hoc to the plan's", FIELD_T1, 0, false, false, "1-,01"},
        {"ad hoc to ad hoc", 0, 0, false, false, "1-,01"},
        {"the plan's to ad hoc", 0, FIELD_T1, false, false, "02,1-"},
        {"ad hoc with an order to the plan's", FIELD_T1, 0, false, true, "1-,11"},
        {"ad hoc with an order to ad hoc", 0, 0, false, true, "02,1-"},
        {"the plan's to ad hoc with an order", 0, FIELD_T1, true, false, "1-,11"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct decision d;
        setup(NULL);
        for (int n = 1; n <= 2; n++) {
            int task = n == 1 ? CASES[i].first_task : CASES[i].second_task;
            Jc__Inspection *inspection = with_finding(n, task, n);
            CHECK_INT(CASES[i].name,
                      field_send(&field, FIELD_A1,
                                 task ? field_submit(&field, n, inspection) : field_ad_hoc(&field, n, inspection))
                          ->status,
                      APPLIED);
            if (n == 1 ? CASES[i].first_ordered : CASES[i].second_ordered)
                order_of(n + 10, n, "u1");
        }
        CHECK_INT(CASES[i].name, decide(LINK, 1, &d), JC_OK);
        CHECK_STR(CASES[i].name, standing(), CASES[i].standing);
        teardown(NULL);
    }
}

/* One that belongs to another is nobody's other, so two never give way to each other. */
static void test_no_circle(void **state) {
    (void)state;
    struct decision d;
    field_send(&field, FIELD_A1, field_ad_hoc(&field, 1, field_inspection(&field, 1, 0, "u1", 1)));
    field_send(&field, FIELD_A1, field_ad_hoc(&field, 2, field_inspection(&field, 2, 0, "u1", 2)));
    field_send(&field, FIELD_A1, field_ad_hoc(&field, 3, field_inspection(&field, 3, 0, "u1", 3)));
    assert_int_equal(decide(LINK, 2, &d), JC_OK);
    CHECK_INT("to one that is linked", decide(LINK, 3, &d), JC_FAILED_PRECONDITION);
    CHECK_INT("words", d.err.what, JC_MSG_REVIEW_LINK_LINKED);
    CHECK_STR("standing", standing(), "1-,1-,02");
}

/* What was kept for a wrong time, say, is written beside the one it belongs to; what names something unknown cannot. */
static void test_link_kept(void **state) {
    (void)state;
    struct decision d;
    Jc__Inspection *bare = field_inspection(&field, 2, FIELD_T2, "u2", 2);
    bare->signature = NULL;
    field_send(&field, FIELD_A1, field_submit(&field, 1, field_inspection(&field, 1, FIELD_T1, "u1", 1)));
    CHECK_INT("kept", field_send(&field, FIELD_A1, field_submit(&field, 2, bare))->status, KEPT);
    assert_int_equal(decide(LINK, 1, &d), JC_OK);
    CHECK_STR("beside", standing(), "1-,01");
    CHECK_INT("its task stays open", jc_test_number(field.db, "SELECT state FROM task WHERE unit_id = 'u2'"), 1);
    field_send(&field, FIELD_A1, field_submit(&field, 3, field_inspection(&field, 3, FIELD_T2, "u9", 3)));
    assert_int_equal(decide(LINK, 1, &d), JC_OK);
    CHECK_INT("open", d.response->review->state, JC__REVIEW_STATE__REVIEW_STATE_OPEN);
    CHECK("words", d.response->result && *d.response->result->reason_zh);
    CHECK_STR("nothing written", standing(), "1-,01");
}

static void test_reject(void **state) {
    (void)state;
    static const struct {
        const char *name, *before,
            *task; /* SQL before the record comes; state and note of the task behind the decision */
    } CASES[] = {
        {"recalled",
         "UPDATE task SET state = 4, recalled_ms = 1673312400000, recall_reason = 'x' WHERE kind = 1;"
         "UPDATE visit SET status = 1",
         "4说明"},
        {"reassigned", "UPDATE task SET team_id = 'b' WHERE unit_id = 'u2'", "1说明"},
        {"open", "SELECT 1", "1说明"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct decision d;
        setup(NULL);
        field_script(&field, CASES[i].before);
        Jc__Inspection *inspection = field_inspection(&field, 1, FIELD_T2, "u2", i == 2 ? 77 : 1);
        CHECK_INT(CASES[i].name, field_send(&field, FIELD_A1, field_submit(&field, 1, inspection))->status, APPLIED);
        CHECK_STR(CASES[i].name, standing(), "1-");
        CHECK_INT(CASES[i].name, decide(REJECT, 0, &d), JC_OK);
        CHECK_STR(CASES[i].name, standing(), "0-");
        CHECK_STR(CASES[i].name,
                  field_query(&field, "SELECT state || CASE state WHEN 4 THEN recall_reason ELSE planner_note END"
                                      " FROM task WHERE unit_id = 'u2'"),
                  CASES[i].task);
        CHECK_INT(CASES[i].name, jc_test_number(field.db, "SELECT COUNT(*) FROM visit WHERE status = 3"), 0);
        teardown(NULL);
    }
}

static void test_reject_ordered(void **state) {
    (void)state;
    struct decision d;
    Jc__Inspection *inspection = with_finding(1, FIELD_T1, 77); /* a number that is not the terminal's: flagged */
    CHECK_INT("flagged", field_send(&field, FIELD_A1, field_submit(&field, 1, inspection))->status, APPLIED);
    int64_t review = jc_test_number(field.db, "SELECT MAX(review_id) FROM review");
    field_send(&field, FIELD_A1, field_issue(&field, 2, field_order(&field, 1, 1, "u1", 10, 1, "2023-01-20", 1)));
    CHECK_INT("the only review", jc_test_number(field.db, "SELECT MAX(review_id) FROM review"), review);
    CHECK_INT("in the unit's hands", decide(REJECT, 0, &d), JC_FAILED_PRECONDITION);
    CHECK_INT("words", d.err.what, JC_MSG_REVIEW_ORDERED);
    CHECK_STR("counts", standing(), "1-");
}

/* The record of a task is rejected: the one that lay beside it can take its place, or a third can. */
static void test_take_the_place(void **state) {
    (void)state;
    struct decision d;
    field_send(&field, FIELD_A2, field_submit(&field, 2, field_inspection(&field, 2, FIELD_T2, "u2", 177)));
    assert_int_equal(decide(REJECT, 0, &d), JC_OK);
    field_send(&field, FIELD_A1, field_submit(&field, 3, field_inspection(&field, 3, FIELD_T2, "u2", 1)));
    CHECK_STR("another came", standing(), "0-,1-");
    teardown(NULL);
    setup(NULL);
    field_send(&field, FIELD_A1, field_submit(&field, 1, field_inspection(&field, 1, FIELD_T2, "u2", 177)));
    field_send(&field, FIELD_A2, field_submit(&field, 2, field_inspection(&field, 2, FIELD_T2, "u2", 51)));
    CHECK_STR("one beside", standing(), "1-,0-");
    assert_int_equal(decide_one(1, REJECT, 0, &d), JC_OK);
    CHECK_INT("open", jc_test_number(field.db, "SELECT state FROM task WHERE unit_id = 'u2'"), 1);
    assert_int_equal(decide_one(2, ACCEPT, 0, &d), JC_OK);
    CHECK_STR("the other counts", standing(), "0-,1-");
    CHECK_INT("done", jc_test_number(field.db, "SELECT state FROM task WHERE unit_id = 'u2'"), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link),
        cmocka_unit_test_setup_teardown(test_no_circle, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_kept, setup, teardown),
        cmocka_unit_test(test_reject),
        cmocka_unit_test_setup_teardown(test_reject_ordered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_take_the_place, setup, teardown),
    };
    return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
