/* The reference terminal against the real server, without sockets: the terminal's transport runs the
 * procedures on a database. Two inspectors of one team work offline through inspection, order, a failed
 * recheck and a passed one; the net loses answers, and every request that carries operations is
 * repeated. What one side takes for granted the other must keep. */
#include "jc_handheld.h"

/* An inspection of the unit's open visit; findings by deadline get an order. */
static struct jc_terminal_work inspect(struct handheld *h, const char *unit_id, int findings, const char *deadline) {
    struct field *f = h->f;
    struct jc_terminal_work work, order;
    struct jc_err err = {0};
    Jc__Inspection *inspection = field_inspection(f, 1, 0, unit_id, 0);
    inspection->inspection_id.len = 0;
    inspection->task_id = open_task(h, JC__TASK_KIND__TASK_KIND_VISIT, unit_id)->task_id;
    inspection->started_at = field_time(f, f->now_ms - FIELD_HOUR_MS);
    inspection->ended_at = field_time(f, f->now_ms);
    field_add_findings(f, inspection, 1, findings, deadline);
    for (int i = 0; i < findings; i++)
        inspection->findings[i]->finding_id.len = 0;
    struct jc_terminal_draft draft = {.inspection = inspection};
    CHECK_OK("submit", jc_terminal_submit(h->terminal, &draft, f->arena, &work, &err), &err);
    if (findings) {
        struct jc_terminal_order_draft order_draft = {.inspection_id = work.subject.id};
        CHECK_OK("order", jc_terminal_order(h->terminal, &order_draft, f->arena, &order, &err), &err);
    }
    return work;
}

/* A result for each item of the order of the unit's open recheck that is still open. */
static void recheck(struct handheld *h, const char *unit_id, const Jc__RecheckResult *results, const char *deadline) {
    struct field *f = h->f;
    struct jc_terminal_work work;
    struct jc_err err = {0};
    Jc__RectificationOrder *order = NULL;
    Jc__Task *task = open_task(h, JC__TASK_KIND__TASK_KIND_RECHECK, unit_id);
    struct jc_uuid task_id;
    memcpy(task_id.bytes, task->task_id.data, JC_UUID_SIZE);
    CHECK_OK("order", jc_terminal_order_of(h->terminal, task_id, f->arena, &order, &err), &err);
    Jc__Recheck *message = field_recheck(f, 1, task->task_id, 1, 1, (int)order->n_items,
                                         JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED, f->now_ms, 0);
    message->recheck_id.len = message->order_id.len = 0;
    message->n_items = 0;
    for (size_t i = 0, open = 0; i < order->n_items; i++) {
        if (*order->items[i]->corrected_on)
            continue;
        Jc__RecheckItem *item = message->items[message->n_items++];
        item->finding_id = order->items[i]->finding_id;
        item->result = results[open++];
        if (item->result != JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED)
            item->deadline = (char *)deadline;
    }
    CHECK_OK("recheck", jc_terminal_recheck(h->terminal, message, f->arena, &work, &err), &err);
}

static bool all_proven(struct handheld *h) {
    struct jc_terminal_task *tasks = NULL;
    size_t count = 0;
    struct jc_err err = {0};
    CHECK_OK("tasks", jc_terminal_tasks(h->terminal, h->f->arena, &tasks, &count, &err), &err);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tasks[i].outcome_count; k++) {
            if (!tasks[i].outcomes[k].proven)
                return false;
        }
    }
    return count > 0;
}

/* Enrols the terminal (again) for an inspector. */
static void enrol(struct handheld *h, const char *inspector_id) {
    struct field *f = h->f;
    struct jc_err err = {0};
    struct jc_terminal_holder holder;
    struct invite invite = {.inspector_id = inspector_id, .clock = {field_now, f}, .arena = f->arena};
    jc_test_write(f->db, invite_job, &invite);
    struct jc_terminal_invitation invitation = {
        .server = JC_STR("http://test"), .code = jc_str(invite.code), .device_name = JC_STR("手持机"), .again = true};
    CHECK_OK("enrol", jc_terminal_enroll(h->terminal, &h->transport, &invitation, f->arena, &holder, &err), &err);
}

/* --- stories ------------------------------------------------------------------------------------------------------ */

static void test_the_whole_way(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    static const Jc__RecheckResult HALF[] = {JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED,
                                             JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);

    inspect(&one, "u1", 2, "2023-01-20");
    inspect(&one, "u2", 0, "");
    struct jc_terminal_sync_result result = handheld_sync(&one);
    CHECK_INT("inspections and order", result.applied, 3);
    CHECK_INT("answered twice alike", result.repeated, 3);
    CHECK_INT("nothing to decide", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
    CHECK_STR("due 10 days after the deadline", jc_str(open_task(&one, JC__TASK_KIND__TASK_KIND_RECHECK, "u1")->due_on),
              "2023-01-30");

    f->now_ms += 12 * FIELD_DAY_MS;
    recheck(&one, "u1", HALF, "2023-02-01");
    CHECK_INT("recheck", handheld_sync(&one).applied, 1);
    CHECK_STR("another", jc_str(open_task(&one, JC__TASK_KIND__TASK_KIND_RECHECK, "u1")->due_on), "2023-02-11");
    f->now_ms += 12 * FIELD_DAY_MS;
    recheck(&one, "u1", HALF, "");
    CHECK_INT("second recheck", handheld_sync(&one).applied, 1);
    CHECK_STR("all corrected", field_query(f, "SELECT corrected_on FROM finding ORDER BY finding_key"),
              "2023-01-22,2023-02-03");
    CHECK_INT("nothing to decide", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
    CHECK_INT("each request sealed by its last",
              jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE length(seal) = 64"), 3);
    CHECK("every receipt verified", all_proven(&one));
    CHECK_STR("numbers in order",
              field_query(f, "SELECT kind || ':' || used FROM number_block WHERE used <> '' ORDER BY 1"),
              "1:11,2:1,3:11");
    jc_terminal_close(one.terminal);
    field_close(f);
}

/* The other inspector of the team rechecks what the first one found, knowing only what came down. */
static void test_handed_over(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one, two;
    static const Jc__RecheckResult HALF[] = {JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED,
                                             JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_open(&two, f, "a2");
    handheld_sync(&one);
    inspect(&one, "u1", 2, "2023-01-20");
    handheld_sync(&one);
    f->now_ms += 11 * FIELD_DAY_MS;
    recheck(&one, "u1", HALF, "");
    handheld_sync(&one);
    handheld_sync(&two);
    recheck(&two, "u1", HALF, ""); /* the one item that is open */
    CHECK_INT("applied", handheld_sync(&two).applied, 1);
    CHECK_STR("closed", field_query(f, "SELECT COUNT(*) FROM finding WHERE corrected_on IS NULL"), "0");
    jc_terminal_close(one.terminal);
    jc_terminal_close(two.terminal);
    field_close(f);
}

static void test_two_for_one_task(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one, two;
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_open(&two, f, "a2");
    handheld_sync(&one);
    handheld_sync(&two);
    inspect(&one, "u1", 1, "2023-01-20");
    inspect(&two, "u1", 1, "2023-01-20");
    CHECK_INT("first", handheld_sync(&one).applied, 2);
    struct jc_terminal_sync_result result = handheld_sync(&two);
    CHECK_INT("second and its order are kept", result.kept, 2);
    CHECK("the inspector is told", *result.outcomes[0].reason_zh.ptr && *result.outcomes[0].reason_en.ptr);
    CHECK_STR("the record, and the one beside it", field_query(f, "SELECT is_record FROM inspection ORDER BY op_key"),
              "1,0");
    CHECK_STR("for the planner", field_query(f, "SELECT reason FROM review ORDER BY review_id"), "1,4");
    jc_terminal_close(one.terminal);
    jc_terminal_close(two.terminal);
    field_close(f);
}

/* The answer to each call in turn is lost; the next sync is always right. */
static void test_lost_answers(void **state) {
    (void)state;
    for (int lose = 1; lose <= 6; lose++) {
        struct field field, *f = &field;
        struct handheld one;
        char name[32];
        snprintf(name, sizeof name, "answer %d lost", lose);
        field_open(f);
        handheld_open(&one, f, "a1");
        one.lose = lose;
        for (int tries = 0; tries < 3; tries++) {
            struct jc_terminal_sync_result result;
            struct jc_terminal_sync_options options = {.repeat = true, .batch_operations = 1, .page_bytes = 4096};
            struct jc_err err = {0};
            enum jc_code code = jc_terminal_sync(one.terminal, &one.transport, &options, f->arena, &result, &err);
            CHECK(name, code == JC_OK || code == JC_UNAVAILABLE);
            if (tries == 0 && code == JC_OK) {
                inspect(&one, "u1", 2, "2023-01-20");
                inspect(&one, "u2", 1, "2023-01-20");
            }
        }
        handheld_sync(&one);
        CHECK(name, one.lose == 0);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM operation"),
                  jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE status = 1"));
        jc_terminal_close(one.terminal);
        field_close(f);
    }
}

/* The answer is lost, then the device is enrolled anew: what the server holds under the old enrolment is recognised,
 * for the device has kept its key. */
static void test_enrolled_anew_after_a_lost_answer(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    struct jc_terminal_sync_result result;
    struct jc_err err = {0};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);
    inspect(&one, "u1", 1, "2023-01-20");
    one.lose = 1;
    assert_int_equal(jc_terminal_sync(one.terminal, &one.transport, NULL, f->arena, &result, &err), JC_UNAVAILABLE);
    enrol(&one, "a1");
    CHECK_INT("taken once", handheld_sync(&one).applied, 2);
    CHECK_INT("one record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
    CHECK_INT("two operations", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 2);
    CHECK("proven", all_proven(&one));
    jc_terminal_close(one.terminal);
    field_close(f);
}

/* Two people on one device: each has an enrolment of their own, and what each did goes out under it. */
static void test_shared_device(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    struct jc_terminal_holder holder = {0};
    struct jc_err err = {0};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);
    inspect(&one, "u1", 0, "");
    enrol(&one, "a2");
    handheld_sync(&one);
    inspect(&one, "u2", 0, "");
    CHECK_OK("back", jc_terminal_switch(one.terminal, JC_STR("a1"), f->arena, &holder, &err), &err);
    CHECK_INT("both", handheld_sync(&one).unsent, 0);
    CHECK_STR("who did it", field_query(f, "SELECT inspector_id FROM operation ORDER BY op_key"), "a1,a2");
    CHECK_INT("nothing to decide", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
    CHECK("proven", all_proven(&one));
    jc_terminal_close(one.terminal);
    field_close(f);
}

/* A request's report is older than its answer; the board knows what a terminal holds when it has told. */
static void test_tells_the_board(void **state) {
    (void)state;
    static const char BOARD[] =
        "SELECT unsent || ' ' || (cursor_seq = (SELECT change_seq FROM agency_head WHERE agency_id = 1))"
        " FROM device WHERE inspector_id = 'a1' AND last_seen_ms IS NOT NULL";
    struct field field, *f = &field;
    struct handheld one;
    struct jc_err err = {0};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);
    CHECK_STR("it may not have come", field_query(f, BOARD), "0 0");
    CHECK_OK("tell", jc_terminal_tell(one.terminal, &one.transport, &err), &err);
    CHECK_STR("it has", field_query(f, BOARD), "0 1");
    inspect(&one, "u1", 0, "");
    CHECK_OK("tell", jc_terminal_tell(one.terminal, &one.transport, &err), &err);
    CHECK_STR("work that waits is told, not sent", field_query(f, BOARD), "1 1");
    CHECK_INT("nothing was sent", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 0);
    one.drop = 1;
    CHECK_INT("no net", jc_terminal_tell(one.terminal, &one.transport, &err), JC_UNAVAILABLE);
    CHECK_INT("sent", handheld_sync(&one).applied, 1);
    CHECK_STR("what it sent waits no more", field_query(f, BOARD), "0 0");
    CHECK_OK("tell", jc_terminal_tell(one.terminal, &one.transport, &err), &err);
    CHECK_STR("and it has what came of it", field_query(f, BOARD), "0 1");
    jc_terminal_close(one.terminal);
    field_close(f);
}

static enum jc_code damage(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_exec(tx, "DELETE FROM entity WHERE kind = 2", JC_NO_VALUES, err); /* all units */
}

/* What is here is what the server says; damage is found, named by task, and cured without losing work. */
static void test_check_and_rebuild(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    struct jc_terminal_checked checked;
    struct jc_err err = {0};
    field_open(f);
    handheld_open(&one, f, "a1");
    assert_int_equal(jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), JC_FAILED_PRECONDITION);
    handheld_sync(&one);
    CHECK_OK("check", jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), &err);
    CHECK("matched", checked.matched && checked.kind_count == 7);
    CHECK("ready", checked.ready && checked.tasks > 0);
    inspect(&one, "u1", 1, "2023-01-20");
    handheld_sync(&one);
    CHECK_OK("check", jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), &err);
    CHECK("matched with an order", checked.matched && checked.ready);
    inspect(&one, "u2", 0, "");
    CHECK_OK("damage", jc_terminal_write(one.terminal, damage, NULL, &err), &err);
    CHECK_OK("check", jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), &err);
    CHECK("differs", !checked.matched && !checked.ready);
    CHECK("names what is missing",
          checked.missing_count > 0 && checked.missing[0].kind == JC__ENTITY_KIND__ENTITY_KIND_UNIT);
    CHECK_OK("rebuild", jc_terminal_rebuild(one.terminal, &err), &err);
    CHECK_INT("unsent work survives", handheld_sync(&one).applied, 1);
    CHECK_OK("check", jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), &err);
    CHECK("cured", checked.matched && checked.ready);
    jc_terminal_close(one.terminal);
    field_close(f);
}

/* Units are lost, and will be whenever they come. */
static enum jc_code bend(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    enum jc_code code = damage(tx, ctx, err);
    return code ? code
                : jc_tx_exec(tx,
                             "CREATE TRIGGER bend AFTER INSERT ON entity WHEN NEW.kind = 2"
                             " BEGIN DELETE FROM entity WHERE kind = 2; END",
                             JC_NO_VALUES, err);
}

static int64_t stored_state(struct handheld *h) {
    struct field_text query = {.sql = "SELECT digest_state FROM terminal"};
    struct jc_err err = {0};
    CHECK_OK("state", jc_terminal_read(h->terminal, field_text_job, &query, &err), &err);
    return atoll(query.text);
}

struct board {
    struct field *f;
    int64_t state; /* of the device that enrolled last */
};

static enum jc_code board_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct board *board = ctx;
    struct jc_device_state *states = NULL;
    size_t count = 0;
    enum jc_code code = jc_device_states(tx, 1, board->f->arena, &states, &count, err);
    if (!code)
        board->state = states[count - 1].report ? (int64_t)states[count - 1].report->digest_state : -1;
    return code;
}

enum { SAME = JC__DIGEST_STATE__DIGEST_STATE_MATCHED, OTHER = JC__DIGEST_STATE__DIGEST_STATE_DIFFERS };

/* Once a day a sync compares by itself; what is another is fetched anew, once; what that does not cure is told. */
static void test_compares_daily(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    struct board board = {.f = f};
    struct jc_err err = {0};
    static const struct {
        const char *name;
        int hours; /* since the one before */
        jc_job *harm;
        int drop; /* calls that the net swallows, behind the sync's own */
        bool compared, cured, differs;
        int64_t state;
    } DAYS[] = {
        {"the first sync", 0, NULL, 0, false, false, false, 0},
        {"not yet a day", 23, NULL, 0, false, false, false, 0},
        {"a day", 1, NULL, 0, true, false, false, SAME},
        {"once a day", 23, damage, 0, false, false, false, SAME},
        {"found and cured", 1, NULL, 0, true, true, false, SAME},
        {"the clock went back", -100, NULL, 0, true, false, false, SAME},
        {"the net is gone behind the sync", 24, NULL, 1, false, false, false, SAME},
        {"then with the next", 0, NULL, 0, true, false, false, SAME},
        {"what cannot be cured", 24, bend, 0, true, true, true, OTHER},
        {"is not fetched again", 24, NULL, 0, true, false, true, OTHER},
    };
    field_open(f);
    handheld_open(&one, f, "a1");
    for (size_t i = 0; i < COUNT(DAYS); i++) {
        f->now_ms += DAYS[i].hours * FIELD_HOUR_MS;
        if (DAYS[i].harm)
            CHECK_OK(DAYS[i].name, jc_terminal_write(one.terminal, DAYS[i].harm, NULL, &err), &err);
        one.lose = DAYS[i].drop ? 2 : 0;
        struct jc_terminal_sync_result result = handheld_sync(&one);
        CHECK_INT(DAYS[i].name, result.compared, DAYS[i].compared);
        CHECK_INT(DAYS[i].name, result.cured, DAYS[i].cured);
        CHECK_INT(DAYS[i].name, result.differs, DAYS[i].differs);
        CHECK_INT(DAYS[i].name, stored_state(&one), DAYS[i].state);
    }
    handheld_sync(&one);
    jc_test_read(f->db, board_job, &board);
    CHECK_INT("the board hears of it", board.state, OTHER);
    jc_terminal_close(one.terminal);
    field_close(f);
}

static void test_rebuilt_when_asked(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    struct jc_terminal_checked checked;
    struct jc_err err = {0};
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);
    inspect(&one, "u2", 0, "");
    CHECK_OK("damage", jc_terminal_write(one.terminal, damage, NULL, &err), &err);
    field_script(f, "UPDATE device SET rebuild_requested = 1");
    struct jc_terminal_sync_result result = handheld_sync(&one);
    CHECK("a planner wants it rebuilt: done in the same sync", result.rebuild && result.shown);
    CHECK_INT("with the work sent", result.sent, 1);
    CHECK_INT("nothing left", result.unsent, 0);
    CHECK_INT("and the server knows",
              jc_test_number(f->db, "SELECT SUM(rebuild_requested) FROM device"
                                    " WHERE inspector_id = 'a1' AND last_seen_ms IS NOT NULL"),
              0);
    CHECK_OK("check", jc_terminal_check(one.terminal, &one.transport, f->arena, &checked, &err), &err);
    CHECK("whole again", checked.matched && checked.ready);
    CHECK("once", !handheld_sync(&one).rebuild);
    jc_terminal_close(one.terminal);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_way),
        cmocka_unit_test(test_handed_over),
        cmocka_unit_test(test_two_for_one_task),
        cmocka_unit_test(test_lost_answers),
        cmocka_unit_test(test_enrolled_anew_after_a_lost_answer),
        cmocka_unit_test(test_shared_device),
        cmocka_unit_test(test_tells_the_board),
        cmocka_unit_test(test_check_and_rebuild),
        cmocka_unit_test(test_compares_daily),
        cmocka_unit_test(test_rebuilt_when_asked),
    };
    return cmocka_run_group_tests_name("terminal_server", tests, NULL, NULL);
}
