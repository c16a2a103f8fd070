/* Planners decide about what was kept or flagged (sync/review.h), operations that wait are judged again
 * when what they wait for arrives (sync/release.h), and the outcome reaches the inspector's team. */
#include "jc_field_test.h"

#include "sync/review.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1);
    field_lease(&field, FIELD_A2);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

#define ACCEPT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT
#define REJECT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT
#define LINK JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK

struct decide {
    struct jc_review_act act;
    struct jc_arena *arena;
    Jc__DecideReviewResponse *response;
    Jc__GetReviewResponse *shown;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decide *decide = ctx;
    return jc_review_decide(tx, &decide->act, decide->arena, &decide->response, err);
}

static enum jc_code show_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decide *decide = ctx;
    return jc_review_show(tx, 1, decide->act.review_id, decide->arena, &decide->shown, err);
}

static enum jc_code decide(struct field *f, int64_t review, Jc__ReviewDecisionKind kind, int link, const char *note,
                           struct decide *out) {
    struct jc_err err = {0};
    ProtobufCBinaryData linked = {0};
    if (link)
        linked = field_id(f, FIELD_INSPECTION, link);
    *out = (struct decide){{1,
                            review,
                            kind,
                            {(const char *)linked.data, linked.len},
                            jc_str(note),
                            JC_STR("planner"),
                            f->now_ms + FIELD_HOUR_MS},
                           f->arena,
                           NULL,
                           NULL};
    return jc_db_write_wait(f->db, 1, decide_job, out, &err);
}

static int64_t newest_review(struct field *f) {
    return jc_test_number(f->db, "SELECT MAX(review_id) FROM review");
}

/* The outcome of an operation that a terminal is told from `cursor` on; NULL if it is not told. */
static const Jc__ReviewOutcome *told(struct field *f, int device, int operation, ProtobufCBinaryData *cursor) {
    struct field_call call = field_call(f, device);
    ProtobufCBinaryData id = field_id(f, FIELD_OPERATION, operation);
    const Jc__ReviewOutcome *found = NULL;
    call.request.cursor = *cursor;
    jc_test_write(f->db, field_call_job, &call);
    *cursor = call.response->cursor;
    for (size_t i = 0; i < call.response->n_changes; i++) {
        const Jc__Change *change = call.response->changes[i];
        if (change->entity_case == JC__CHANGE__ENTITY_REVIEW_OUTCOME &&
            memcmp(change->review_outcome->operation_id.data, id.data, id.len) == 0)
            found = change->review_outcome;
    }
    return found;
}

static Jc__Operation *unsigned_record(struct field *f, int n) {
    Jc__Inspection *inspection = field_inspection(f, n, FIELD_T1, "u1", n);
    inspection->signature = NULL;
    return field_submit(f, n, inspection);
}

/* --- accept, reject, link ----------------------------------------------------------------------------------- */

static void test_accept(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    ProtobufCBinaryData a = {0}, b = {0};
    CHECK_INT("kept", field_send(f, FIELD_A1, unsigned_record(f, 1))->status, KEPT);
    told(f, FIELD_A1, 1, &a);
    told(f, FIELD_B1, 1, &b);
    int64_t review = newest_review(f);
    assert_int_equal(decide(f, review, ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("result", d.response->result->status, APPLIED);
    CHECK_INT("closed", d.response->review->state, JC__REVIEW_STATE__REVIEW_STATE_CLOSED);
    CHECK_STR("by", jc_str(d.response->review->decision->decided_by), "planner");
    CHECK_STR("the record is there", field_query(f, "SELECT is_record || unit_id FROM inspection"), "1u1");
    CHECK_INT("task done", jc_test_number(f->db, "SELECT state FROM task WHERE kind = 1 AND unit_id = 'u1'"), 2);
    CHECK_STR("audit", field_query(f, "SELECT act || object FROM audit_log WHERE agency_id = 1"),
              jc_arena_printf(f->arena, "review.accept%lld", (long long)review).ptr);
    CHECK_INT("a row of the chain", jc_test_number(f->db, "SELECT MAX(op_key) - 1099511627776 FROM operation"),
              review + 1);
    CHECK_INT("named by the review", jc_test_number(f->db, "SELECT decision_no FROM review"), review + 1);
    const Jc__ReviewOutcome *outcome = told(f, FIELD_A1, 1, &a);
    assert_non_null(outcome);
    CHECK_INT("outcome", outcome->kind, ACCEPT);
    CHECK_STR("unit", jc_str(outcome->unit_id), "u1");
    CHECK("another team is told nothing", !told(f, FIELD_B1, 1, &b));
    CHECK_INT("the answer stays", field_send(f, FIELD_A1, unsigned_record(f, 1))->status, KEPT);
    CHECK_INT("twice", decide(f, review, ACCEPT, 0, "", &d), JC_FAILED_PRECONDITION);
    CHECK_INT("once applied", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
    ProtobufCBinaryData fresh = {0};
    CHECK("a new listing has it", told(f, FIELD_A2, 1, &fresh) != NULL);
}

static void test_reject(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    field_send(f, FIELD_A1, unsigned_record(f, 1));
    CHECK_INT("without words", decide(f, newest_review(f), REJECT, 0, " ", &d), JC_INVALID_ARGUMENT);
    assert_int_equal(decide(f, newest_review(f), REJECT, 0, "请补签后重新提交", &d), JC_OK);
    CHECK("no result", !d.response->result);
    CHECK_STR("note", jc_str(d.response->review->decision->note), "请补签后重新提交");
    CHECK_INT("no record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 0);
    CHECK_INT("task open", jc_test_number(f->db, "SELECT state FROM task WHERE kind = 1 AND unit_id = 'u1'"), 1);
}

static void test_link_and_show(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    CHECK_INT("second", field_send(f, FIELD_A2, field_submit(f, 2, field_inspection(f, 2, FIELD_T1, "u1", 51)))->status,
              KEPT);
    int64_t review = newest_review(f);
    d = (struct decide){.act.review_id = review, .arena = f->arena};
    jc_test_read(f->db, show_job, &d);
    CHECK_INT("the operation", d.shown->operation->submit_inspection->inspection->document_number->number, 51);
    CHECK_INT("beside the record", d.shown->record->document_number->number, 1);
    CHECK_INT("to nothing", decide(f, review, LINK, 0, "", &d), JC_INVALID_ARGUMENT);
    CHECK_INT("to itself", decide(f, review, LINK, 2, "", &d), JC_INVALID_ARGUMENT);
    CHECK_INT("to an unknown one", decide(f, review, LINK, 9, "", &d), JC_INVALID_ARGUMENT);
    assert_int_equal(decide(f, review, LINK, 1, "同一次检查", &d), JC_OK);
    CHECK_INT("linked", (int)d.response->review->decision->linked_inspection_id.len, JC_UUID_SIZE);
    CHECK_STR("records", field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"), "1,0");
}

/* What lies beside the record already is not written again. */
static void test_accept_beside(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
    field_send(f, FIELD_A2, field_submit(f, 2, field_inspection(f, 2, FIELD_T1, "u1", 51)));
    assert_int_equal(decide(f, newest_review(f), ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("closed", d.response->review->state, JC__REVIEW_STATE__REVIEW_STATE_CLOSED);
    CHECK_STR("records", field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"), "1,0");
}

/* An accept that cannot be carried out decides nothing. */
static void test_cannot_accept(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u9", 1)));
    struct jc_str before = field_state(f, true);
    assert_int_equal(decide(f, newest_review(f), ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("result", d.response->result->status, KEPT);
    CHECK("words", *d.response->result->reason_zh && *d.response->result->reason_en);
    CHECK_INT("open", d.response->review->state, JC__REVIEW_STATE__REVIEW_STATE_OPEN);
    CHECK("nothing written", jc_str_eq(field_state(f, true), before));
    CHECK_INT("unknown", decide(f, 99, ACCEPT, 0, "", &d), JC_NOT_FOUND);
    CHECK_INT("no kind", decide(f, newest_review(f), 0, 0, "", &d), JC_INVALID_ARGUMENT);
}

/* The planner's answer to a return. */
static void test_answer_to_return(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        Jc__ReviewDecisionKind kind;
        const char *note, *task, *visit;
    } CASES[] = {
        {"taken back", ACCEPT, "", "4企业已拆除", "1"},
        {"not accepted", REJECT, "请再联系企业", "1请再联系企业", "2"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct decide d;
        teardown(NULL);
        setup(NULL);
        field_send(f, FIELD_A1, field_return(f, 1, FIELD_T2, "企业已拆除"));
        assert_int_equal(decide(f, newest_review(f), CASES[i].kind, 0, CASES[i].note, &d), JC_OK);
        CHECK_STR(CASES[i].name,
                  field_query(f, "SELECT state || recall_reason || planner_note FROM task WHERE unit_id = 'u2'"),
                  CASES[i].task);
        CHECK_STR(CASES[i].name, field_query(f, "SELECT status FROM visit WHERE visit_id = 'u2-01'"), CASES[i].visit);
    }
}

/* Two operations under one id: the first stays, both are shown, a copy of the second adds nothing. */
static void test_id_conflict(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d = {.arena = f->arena};
    Jc__Operation *first = field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1));
    Jc__Operation *second = field_submit(f, 1, field_inspection(f, 2, FIELD_T2, "u2", 2));
    CHECK_INT("first", field_send(f, FIELD_A1, first)->status, APPLIED);
    CHECK_INT("nothing to look at", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
    for (int again = 0; again < 3; again++) {
        Jc__OperationResult *result = field_send(f, FIELD_A1, second);
        CHECK_INT("second", result->status, REJECTED);
        CHECK_STR("second", jc_str(result->code), "already_exists");
    }
    CHECK_INT("the same from another device", field_send(f, FIELD_A2, first)->status, REJECTED);
    CHECK_INT("one row each", jc_test_number(f->db, "SELECT COUNT(*) FROM id_conflict"), 2);
    CHECK_INT("one operation", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 1);
    CHECK_INT("the first is answered as ever", field_send(f, FIELD_A1, first)->status, APPLIED);
    d.act.review_id = newest_review(f);
    jc_test_read(f->db, show_job, &d);
    CHECK_STR("the first", jc_str(d.shown->operation->submit_inspection->inspection->unit_id), "u1");
    CHECK_INT("and what came later", d.shown->n_conflicts, 2);
    CHECK_STR("the second", jc_str(d.shown->conflicts[0]->operation->submit_inspection->inspection->unit_id), "u2");
}

/* --- waiting -------------------------------------------------------------------------------------------------- */

static Jc__Operation *start(struct field *f, int n) {
    Jc__StartInspection message = JC__START_INSPECTION__INIT;
    message.inspection_id = field_id(f, FIELD_INSPECTION, n);
    message.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &message);
}

/* 1 start, 2 record (waits for 1), 3 order (waits for 2); they arrive backwards. */
static void test_waiting_chain(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData cursor = {0};
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 1, "2023-01-20");
    Jc__Operation *record = field_submit(f, 2, inspection);
    Jc__Operation *order = field_issue(f, 3, field_order(f, 1, 1, "u1", 1, 1, "2023-01-20", 1));
    field_depend(f, record, 1);
    field_depend(f, order, 2);
    told(f, FIELD_A1, 2, &cursor);
    CHECK_INT("order first", field_send(f, FIELD_A1, order)->status, KEPT);
    CHECK_INT("then the record", field_send(f, FIELD_A1, record)->status, KEPT);
    CHECK_INT("both wait", jc_test_number(f->db, "SELECT COUNT(*) FROM operation_waiting"), 2);
    CHECK_INT("the start", field_send(f, FIELD_A1, start(f, 1))->status, APPLIED);
    CHECK_INT("record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
    CHECK_INT("order", jc_test_number(f->db, "SELECT COUNT(*) FROM rectification_order"), 1);
    CHECK_INT("nothing waits", jc_test_number(f->db, "SELECT COUNT(*) FROM operation_waiting"), 0);
    CHECK_STR("decided by the server", field_query(f, "SELECT DISTINCT decided_by || decision || state FROM review"),
              "server12");
    CHECK_INT("rows of operations stay", jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE status = 3"), 2);
    const Jc__ReviewOutcome *outcome = told(f, FIELD_A1, 2, &cursor);
    assert_non_null(outcome);
    CHECK_INT("the terminal hears of it", outcome->kind, ACCEPT);
    Jc__Operation *more = start(f, 9);
    field_depend(f, more, 2);
    CHECK_INT("what depends on it is applied", field_send(f, FIELD_A1, more)->status, APPLIED);
}

/* In one request, the wrong way round. */
static void test_waiting_in_a_request(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation *operations[] = {field_submit(f, 2, field_inspection(f, 1, FIELD_T1, "u1", 1)), start(f, 1)};
    field_depend(f, operations[0], 1);
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, operations, 2);
    CHECK_INT("kept as it came", response->results[0]->status, KEPT);
    CHECK_INT("record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
}

/* One that is wrong in itself, too, stays with the planner; one that a planner decided is left alone. */
static void test_waiting_and_wrong(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    Jc__Operation *wrong = unsigned_record(f, 2), *decided = unsigned_record(f, 3);
    field_depend(f, wrong, 1);
    field_depend(f, decided, 1);
    field_send(f, FIELD_A1, wrong);
    field_send(f, FIELD_A1, decided);
    assert_int_equal(decide(f, newest_review(f), REJECT, 0, "n", &d), JC_OK);
    field_send(f, FIELD_A1, start(f, 1));
    CHECK_INT("no record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 0);
    CHECK_STR("one open, one rejected", field_query(f, "SELECT state || decision FROM review ORDER BY review_id"),
              "10,22");
    assert_int_equal(decide(f, jc_test_number(f->db, "SELECT MIN(review_id) FROM review"), ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("accepted now", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
}

/* Accepting what others wait for lets them through. */
static void test_accept_releases(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    inspection->signature = NULL;
    field_add_findings(f, inspection, 1, 1, "2023-01-20");
    Jc__Operation *order = field_issue(f, 3, field_order(f, 1, 1, "u1", 1, 1, "2023-01-20", 1));
    field_depend(f, order, 2);
    CHECK_INT("kept", field_send(f, FIELD_A1, field_submit(f, 2, inspection))->status, KEPT);
    int64_t review = newest_review(f);
    CHECK_INT("waits", field_send(f, FIELD_A1, order)->status, KEPT);
    assert_int_equal(decide(f, review, ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("order", jc_test_number(f->db, "SELECT COUNT(*) FROM rectification_order"), 1);
    CHECK_STR("both closed", field_query(f, "SELECT decided_by FROM review ORDER BY review_id"), "planner,server");
}

/* Who sent it is judged when it arrives, not again: an operation whose sender is in doubt is not applied without a
 * person, though what it waited for is there. */
static void test_waiting_and_doubtful(void **state) {
    struct field *f = &field;
    (void)state;
    struct decide d;
    Jc__Operation *record = field_submit(f, 2, field_inspection(f, 1, FIELD_T1, "u1", 1));
    field_depend(f, record, 1);
    CHECK_INT("neither signed nor its turn", field_send(f, FIELD_KEYED, record)->status, KEPT);
    int64_t review = newest_review(f);
    CHECK_INT("what it waits for", field_send(f, FIELD_A1, start(f, 1))->status, APPLIED);
    CHECK_INT("no record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 0);
    CHECK_STR("a person decides", field_query(f, "SELECT state FROM review ORDER BY review_id"), "1");
    assert_int_equal(decide(f, review, ACCEPT, 0, "", &d), JC_OK);
    CHECK_INT("who may accept it", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reject, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_and_show, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accept_beside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cannot_accept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_to_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_id_conflict, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_in_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_and_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accept_releases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_and_doubtful, setup, teardown),
    };
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
