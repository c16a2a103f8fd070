/* What planners do with tasks (sync/recall.h): recall with grace, reassign, reopen, and what the
 * terminals and the plan see of it. */
#include "jc_field_test.h"

#include "sync/recall.h"

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

enum what { RECALL, REASSIGN, REOPEN };

struct act {
    struct jc_task_act act;
    enum what what;
    struct jc_str team_id;
    struct jc_arena *arena;
    Jc__Task **tasks;
};

static enum jc_code act_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct act *act = ctx;
    switch (act->what) {
    case RECALL:
        return jc_task_act_recall(tx, &act->act, act->arena, &act->tasks, err);
    case REASSIGN:
        return jc_task_act_reassign(tx, &act->act, act->team_id, act->arena, &act->tasks, err);
    default:
        return jc_task_act_reopen(tx, &act->act, act->arena, &act->tasks, err);
    }
}

/* One act on one or two tasks (0: none). */
static enum jc_code act_on(struct field *f, enum what what, int first, int second, const char *team_id,
                           const char *reason, struct act *out) {
    ProtobufCBinaryData *ids = jc_arena_array(f->arena, 2, sizeof *ids);
    struct jc_err err = {0};
    ids[0] = field_id(f, FIELD_TASK, first);
    ids[1] = field_id(f, FIELD_TASK, second);
    *out = (struct act){
        {1, ids, second ? 2 : 1, jc_str(reason), JC_STR("planner"), f->now_ms}, what, jc_str(team_id), f->arena, NULL};
    return jc_db_write_wait(f->db, 1, act_job, out, &err);
}

static void must_act(struct field *f, enum what what, int task, const char *team_id, const char *reason) {
    struct act act;
    assert_int_equal(act_on(f, what, task, 0, team_id, reason, &act), JC_OK);
}

/* What a terminal is told of a task since `cursor`: its state, "gone", or "-". */
static const char *told(struct field *f, int device, int task, ProtobufCBinaryData *cursor) {
    static const char *const STATES[] = {"?", "open", "done", "returned", "recalled"};
    struct field_call call = field_call(f, device);
    ProtobufCBinaryData id = field_id(f, FIELD_TASK, task);
    const char *seen = "-";
    call.request.cursor = *cursor;
    jc_test_write(f->db, field_call_job, &call);
    *cursor = call.response->cursor;
    for (size_t i = 0; i < call.response->n_changes; i++) {
        const Jc__Change *change = call.response->changes[i];
        if (change->entity_case == JC__CHANGE__ENTITY_TASK && change->task->task_id.len == id.len &&
            memcmp(change->task->task_id.data, id.data, id.len) == 0)
            seen = STATES[change->task->state];
        if (change->entity_case == JC__CHANGE__ENTITY_REMOVAL && change->removal->id.len == id.len &&
            memcmp(change->removal->id.data, id.data, id.len) == 0)
            seen = "gone";
    }
    return seen;
}

/* --- recall ---------------------------------------------------------------------------------------------- */

static void test_recall(void **state) {
    struct field *f = &field;
    (void)state;
    struct act act;
    ProtobufCBinaryData a = {0}, b = {0};
    told(f, FIELD_A1, FIELD_T1, &a);
    told(f, FIELD_B1, FIELD_T1J, &b);
    assert_int_equal(act_on(f, RECALL, FIELD_T1, FIELD_T2, "", "企业停产", &act), JC_OK);
    CHECK_INT("state", act.tasks[0]->state, JC__TASK_STATE__TASK_STATE_RECALLED);
    CHECK_STR("reason", jc_str(act.tasks[1]->recall_reason), "企业停产");
    CHECK("moment", act.tasks[0]->recalled_at != NULL);
    CHECK_STR("the lead's terminal", jc_str(told(f, FIELD_A1, FIELD_T1, &a)), "recalled");
    CHECK_STR("the joint team's terminal", jc_str(told(f, FIELD_B1, FIELD_T1J, &b)), "recalled");
    CHECK_STR("the visits are planned again",
              field_query(f, "SELECT status FROM visit WHERE version = 1 ORDER BY visit_id"), "1,1,2");
    CHECK_STR("audit", field_query(f, "SELECT act || actor || detail FROM audit_log WHERE agency_id = 1"),
              "task.recallplanner\x1eTASKS\x1f"
              "2\x1f企业停产");
    CHECK_STR(
        "every task is named",
        field_query(
            f, "SELECT group_concat(instr(replace(l.object, '-', ''), lower(hex(t.task_id))) > 0) FROM audit_log AS l,"
               " task AS t WHERE l.agency_id = 1 AND t.agency_id = 1 AND t.state = 4 AND t.kind = 1"),
        "1,1");
}

/* A record of a recalled task: accepted and flagged within the days of grace, kept behind them. */
static void test_grace(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name, *parameter;
        int days;
        const char *grounds;
        Jc__OperationStatus status;
        int task_state;
    } CASES[] = {
        {"the same day", NULL, 0, "TASK_LATE_RECALLED", APPLIED, JC__TASK_STATE__TASK_STATE_DONE},
        {"last day of 30", NULL, 30, "TASK_LATE_RECALLED", APPLIED, JC__TASK_STATE__TASK_STATE_DONE},
        {"a day later", NULL, 31, "TASK_LATE_GRACE", KEPT, JC__TASK_STATE__TASK_STATE_RECALLED},
        {"grace of 3 days", "3", 3, "TASK_LATE_RECALLED", APPLIED, JC__TASK_STATE__TASK_STATE_DONE},
        {"behind 3 days", "3", 4, "TASK_LATE_GRACE", KEPT, JC__TASK_STATE__TASK_STATE_RECALLED},
        {"no grace at all", "0", 1, "TASK_LATE_GRACE", KEPT, JC__TASK_STATE__TASK_STATE_RECALLED},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        field_close(f);
        setup(NULL);
        if (CASES[i].parameter)
            field_script(f, jc_arena_printf(f->arena,
                                            "INSERT INTO parameter VALUES (1, 'recall_grace_days', '2020-01-01', NULL, "
                                            "'%s', 'calendar_days', '')",
                                            CASES[i].parameter)
                                .ptr);
        must_act(f, RECALL, FIELD_T1, "", "r");
        f->now_ms += CASES[i].days * FIELD_DAY_MS;
        Jc__OperationResult *result =
            field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1)));
        CHECK_INT(CASES[i].name, result->status, CASES[i].status);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT state FROM task WHERE kind = 1 AND unit_id = 'u1'"),
                  CASES[i].task_state);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), CASES[i].status == APPLIED);
    }
}

/* --- reassign, reopen ------------------------------------------------------------------------------------- */

static void test_reassign(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = {0}, b = {0};
    told(f, FIELD_A1, FIELD_T2, &a);
    told(f, FIELD_B1, FIELD_T2, &b);
    must_act(f, REASSIGN, FIELD_T2, "b", "人手不足");
    CHECK_STR("old team", jc_str(told(f, FIELD_A1, FIELD_T2, &a)), "gone");
    CHECK_STR("new team", jc_str(told(f, FIELD_B1, FIELD_T2, &b)), "open");
    Jc__OperationResult *result =
        field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T2, "u2", 1)));
    CHECK_INT("the old team's record, late", result->status, APPLIED);
    CHECK_STR("grounds", field_grounds(f), "TASK_LATE_REASSIGNED");
    CHECK_STR("the new team sees it done", jc_str(told(f, FIELD_B1, FIELD_T2, &b)), "done");
}

/* Whether a terminal is told an order (1), its removal (-1) or neither (0) from `cursor` on. */
static int told_order(struct field *f, int device, ProtobufCBinaryData *cursor) {
    struct field_call call = field_call(f, device);
    int told = 0;
    call.request.cursor = *cursor;
    jc_test_write(f->db, field_call_job, &call);
    *cursor = call.response->cursor;
    for (size_t i = 0; i < call.response->n_changes; i++) {
        const Jc__Change *change = call.response->changes[i];
        if (change->entity_case == JC__CHANGE__ENTITY_ORDER)
            told = 1;
        if (change->entity_case == JC__CHANGE__ENTITY_REMOVAL &&
            change->removal->kind == JC__ENTITY_KIND__ENTITY_KIND_ORDER)
            told = -1;
    }
    return told;
}

/* A recheck is nothing without its order: it goes along, is in a first listing, and is told when an item changes. */
static void test_reassigned_recheck(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = {0}, b = {0}, anew = {0};
    struct jc_err err = {0};
    uint8_t id[JC_UUID_SIZE];
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    CHECK_INT("inspection", field_send(f, FIELD_A1, field_submit(f, 1, inspection))->status, APPLIED);
    CHECK_INT("order",
              field_send(f, FIELD_A1, field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1)))->status,
              APPLIED);
    CHECK_INT("the team that inspected holds it", told_order(f, FIELD_A1, &a), 1);
    CHECK_INT("the other does not", told_order(f, FIELD_B1, &b), 0);

    assert_true(jc_hex_parse(field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3"), id, sizeof id));
    ProtobufCBinaryData task = {sizeof id, id};
    struct act act = {
        {1, &task, 1, JC_STR("人手不足"), JC_STR("planner"), f->now_ms}, REASSIGN, JC_STR("b"), f->arena, NULL};
    CHECK_OK("reassign", jc_db_write_wait(f->db, 1, act_job, &act, &err), &err);
    CHECK_INT("gone from the old team", told_order(f, FIELD_A1, &a), -1);
    CHECK_INT("told to the new one", told_order(f, FIELD_B1, &b), 1);
    CHECK_INT("in its first listing", told_order(f, FIELD_B1, &anew), 1);
    anew = (ProtobufCBinaryData){0};
    CHECK_INT("not in the old one's", told_order(f, FIELD_A1, &anew), 0);

    field_lease(f, FIELD_B1);
    Jc__Recheck *recheck = field_recheck(f, 1, task, 1, 1, 2, JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED,
                                         FIELD_NOW_MS + 11 * FIELD_DAY_MS, 51);
    recheck->items[1]->result = JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED;
    CHECK_INT("recheck", field_send(f, FIELD_B1, field_submit_recheck(f, 3, recheck))->status, APPLIED);
    CHECK_INT("the next recheck is the old team's, with the order", told_order(f, FIELD_A1, &a), 1);
    CHECK_INT("and leaves the other", told_order(f, FIELD_B1, &b), -1);
}

struct expiry {
    int64_t now_ms;
};

static enum jc_code expire_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_recall_expire(tx, 1, ((struct expiry *)ctx)->now_ms, err);
}

/* Grace ends on the last day of recall_grace_days; then the task leaves the terminals, until it is opened again. */
static void test_expiry(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = {0}, anew = {0};
    struct expiry expiry = {f->now_ms + 30 * FIELD_DAY_MS};
    must_act(f, RECALL, FIELD_T2, "", "r");
    told(f, FIELD_A1, FIELD_T2, &a);
    jc_test_write(f->db, expire_job, &expiry);
    CHECK_STR("last day", jc_str(told(f, FIELD_A1, FIELD_T2, &a)), "-");
    expiry.now_ms += FIELD_DAY_MS;
    jc_test_write(f->db, expire_job, &expiry);
    CHECK_STR("the day after", jc_str(told(f, FIELD_A1, FIELD_T2, &a)), "gone");
    CHECK_STR("a new listing is without", jc_str(told(f, FIELD_A1, FIELD_T2, &anew)), "-");
    jc_test_write(f->db, expire_job, &expiry);
    CHECK_STR("once", jc_str(told(f, FIELD_A1, FIELD_T2, &a)), "-");
    must_act(f, REOPEN, FIELD_T2, "", "");
    CHECK_STR("opened again", jc_str(told(f, FIELD_A1, FIELD_T2, &a)), "open");
}

static void test_reopen(void **state) {
    struct field *f = &field;
    (void)state;
    ProtobufCBinaryData a = {0};
    struct act act;
    field_send(f, FIELD_A1, field_return(f, 1, FIELD_T1, "道路中断"));
    told(f, FIELD_A1, FIELD_T1, &a);
    assert_int_equal(act_on(f, REOPEN, FIELD_T1, 0, "", "请下周再去", &act), JC_OK);
    CHECK_STR("note", jc_str(act.tasks[0]->planner_note), "请下周再去");
    CHECK_STR("return reason is gone", jc_str(act.tasks[0]->return_reason), "");
    CHECK_STR("terminal", jc_str(told(f, FIELD_A1, FIELD_T1, &a)), "open");
    must_act(f, RECALL, FIELD_T1, "", "r");
    assert_int_equal(act_on(f, REOPEN, FIELD_T1, 0, "", "", &act), JC_OK);
    CHECK_STR("recall is forgotten", jc_str(act.tasks[0]->recall_reason), "");
    CHECK("moment too", act.tasks[0]->recalled_at == NULL);
    CHECK_STR("joint tasks and visits go along",
              field_query(f, "SELECT state FROM task WHERE agency_id = 1 AND unit_id = 'u1'"), "1,1");
    CHECK_STR("released again", field_query(f, "SELECT status FROM visit WHERE visit_id = 'u1-01'"), "2");
    CHECK_INT("a record is in time",
              field_send(f, FIELD_A1, field_submit(f, 2, field_inspection(f, 1, FIELD_T1, "u1", 1)))->status, APPLIED);
    CHECK_STR("nothing to flag", field_grounds(f), "");
}

/* --- what is refused ---------------------------------------------------------------------------------------- */

static void test_refused(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        enum what what;
        int first, second;
        const char *team, *reason;
        enum jc_code code;
    } CASES[] = {
        {"recall without a reason", RECALL, FIELD_T1, 0, "", "  ", JC_INVALID_ARGUMENT},
        {"recall of an unknown task", RECALL, FIELD_T1, 99, "", "r", JC_NOT_FOUND},
        {"recall of another agency's task", RECALL, FIELD_FOREIGN, 0, "", "r", JC_NOT_FOUND},
        {"recall of a joint task", RECALL, FIELD_T1J, 0, "", "r", JC_FAILED_PRECONDITION},
        {"recall of a done task", RECALL, FIELD_T1, FIELD_T3, "", "r", JC_FAILED_PRECONDITION},
        {"reassign without a reason", REASSIGN, FIELD_T1, 0, "b", "", JC_INVALID_ARGUMENT},
        {"reassign to an unknown team", REASSIGN, FIELD_T2, 0, "q", "r", JC_NOT_FOUND},
        {"reassign to another agency's team", REASSIGN, FIELD_T2, 0, "z", "r", JC_NOT_FOUND},
        {"reassign to the same team", REASSIGN, FIELD_T2, 0, "a", "r", JC_FAILED_PRECONDITION},
        {"reassign to a team that joins", REASSIGN, FIELD_T1, 0, "b", "r", JC_ALREADY_EXISTS},
        {"reassign a done task", REASSIGN, FIELD_T3, 0, "a", "r", JC_FAILED_PRECONDITION},
        {"reopen an open task", REOPEN, FIELD_T1, 0, "", "", JC_FAILED_PRECONDITION},
        {"reopen a done task", REOPEN, FIELD_T3, 0, "", "", JC_FAILED_PRECONDITION},
    };
    field_lease(f, FIELD_B1);
    Jc__Inspection *third = field_inspection(f, 1, FIELD_T3, "u3", 51);
    third->inspector_ids = field_people(f, "b1", "b2");
    assert_int_equal(field_send(f, FIELD_B1, field_submit(f, 1, third))->status, APPLIED);
    struct jc_str before = field_state(f, true);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct act act;
        CHECK_INT(CASES[i].name,
                  act_on(f, CASES[i].what, CASES[i].first, CASES[i].second, CASES[i].team, CASES[i].reason, &act),
                  CASES[i].code);
        CHECK(CASES[i].name, jc_str_eq(field_state(f, true), before));
    }
    CHECK_INT("and nothing in the audit log", jc_test_number(f->db, "SELECT COUNT(*) FROM audit_log"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_recall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_grace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reassign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reassigned_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(test_expiry, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
