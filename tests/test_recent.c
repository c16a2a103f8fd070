/* What an inspector is told before a visit: who was at the unit lately, with a warning where the server would flag a
 * duplicate (sync/recent.h), and that telling it disturbs no digest. */
#include "jc_handheld.h"

#include "sync/review.h"

static void ad_hoc(struct handheld *h, const char *unit_id) {
    struct field *f = h->f;
    struct jc_terminal_work work;
    struct jc_err err = {0};
    Jc__Inspection *inspection = field_inspection(f, 1, 0, unit_id, 0);
    inspection->inspection_id.len = 0;
    inspection->started_at = field_time(f, f->now_ms - FIELD_HOUR_MS);
    inspection->ended_at = field_time(f, f->now_ms);
    const struct jc_terminal_draft draft = {.inspection = inspection, .reason = JC_STR("群众举报")};
    CHECK_OK("ad hoc", jc_terminal_submit(h->terminal, &draft, f->arena, &work, &err), &err);
}

static struct jc_terminal_work begin(struct handheld *h, const Jc__Task *task) {
    struct jc_terminal_work work;
    struct jc_err err = {0};
    const char *persons[] = {"a1", "a2"};
    struct jc_terminal_arrival arrival = {.started_ms = h->f->now_ms, .inspector_ids = persons, .inspector_count = 2};
    memcpy(arrival.task_id.bytes, task->task_id.data, JC_UUID_SIZE);
    CHECK_OK("begin", jc_terminal_begin(h->terminal, &arrival, h->f->arena, &work, &err), &err);
    return work;
}

static void check_digest(struct handheld *h, const char *name) {
    struct jc_terminal_checked checked;
    struct jc_err err = {0};
    CHECK_OK(name, jc_terminal_check(h->terminal, &h->transport, h->f->arena, &checked, &err), &err);
    CHECK(name, checked.matched);
}

static void test_told_and_warned(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one, two;
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_open(&two, f, "a2");
    handheld_sync(&one);
    handheld_sync(&two);
    CHECK_INT("nobody yet", open_task(&two, JC__TASK_KIND__TASK_KIND_VISIT, "u1")->n_recent_visits, 0);
    ad_hoc(&one, "u1");
    handheld_sync(&one);
    handheld_sync(&two);
    check_digest(&two, "digest");
    const Jc__Task *task = open_task(&two, JC__TASK_KIND__TASK_KIND_VISIT, "u1");
    CHECK_INT("told", task->n_recent_visits, 1);
    assert_string_equal(task->recent_visits[0]->team_id, "a");
    assert_string_equal(task->recent_visits[0]->recent_until, "2023-02-09"); /* 30 days behind 2023-01-10 */
    CHECK("ad hoc", task->recent_visits[0]->ad_hoc);
    CHECK_INT("not of other units", open_task(&two, JC__TASK_KIND__TASK_KIND_VISIT, "u2")->n_recent_visits, 0);
    struct jc_terminal_work work = begin(&two, task);
    CHECK("warned", work.duplicate_of != NULL);
    assert_memory_equal(work.duplicate_of->inspection_id.data, task->recent_visits[0]->inspection_id.data,
                        JC_UUID_SIZE);
    jc_terminal_close(one.terminal);
    jc_terminal_close(two.terminal);
    field_close(f);
}

/* Links the second record, which came as a duplicate, to the first. */
static enum jc_code link_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct field *f = ctx;
    struct jc_review_act act = {.agency_id = 1,
                                .kind = JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK,
                                .actor = JC_STR("planner"),
                                .now_ms = f->now_ms};
    Jc__DecideReviewResponse *response = NULL;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_int64(tx, "SELECT review_id FROM review", JC_NO_VALUES, &act.review_id, err);
    if (!code)
        code =
            jc_tx_query(tx, "SELECT inspection_id FROM inspection ORDER BY op_key LIMIT 1", JC_NO_VALUES, &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code)
        act.linked_inspection_id = jc_arena_copy(f->arena, jc_rows_bytes(rows, 0));
    jc_rows_close(rows);
    return code ? code : jc_review_decide(tx, &act, f->arena, &response, err);
}

/* What a decision makes of a record reaches whoever is to go there. */
static void test_decided(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one, two;
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_open(&two, f, "a2");
    handheld_sync(&one);
    ad_hoc(&one, "u1");
    f->now_ms += FIELD_HOUR_MS;
    ad_hoc(&one, "u1");
    handheld_sync(&one);
    handheld_sync(&two);
    CHECK_INT("both", open_task(&two, JC__TASK_KIND__TASK_KIND_VISIT, "u1")->n_recent_visits, 2);
    jc_test_write(f->db, link_job, f);
    handheld_sync(&two);
    CHECK_INT("one visit", open_task(&two, JC__TASK_KIND__TASK_KIND_VISIT, "u1")->n_recent_visits, 1);
    check_digest(&two, "digest");
    jc_terminal_close(one.terminal);
    jc_terminal_close(two.terminal);
    field_close(f);
}

/* Days later the task says the same, so the digest holds; the terminal no longer warns. */
static void test_time_passes(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one;
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_sync(&one);
    ad_hoc(&one, "u2");
    handheld_sync(&one);
    f->now_ms += 31 * FIELD_DAY_MS;
    handheld_sync(&one);
    check_digest(&one, "digest later");
    const Jc__Task *task = open_task(&one, JC__TASK_KIND__TASK_KIND_VISIT, "u2");
    CHECK_INT("still told", task->n_recent_visits, 1);
    CHECK("not warned", begin(&one, task).duplicate_of == NULL);
    jc_terminal_close(one.terminal);
    field_close(f);
}

/* The newest three, and none of the task's own; visits of the plan are told without a warning. */
static void test_which(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct handheld one, other;
    field_open(f);
    handheld_open(&one, f, "a1");
    handheld_open(&other, f, "b1");
    handheld_sync(&one);
    handheld_sync(&other);
    for (int i = 0; i < 4; i++) {
        f->now_ms += FIELD_HOUR_MS;
        ad_hoc(&one, "u3");
    }
    handheld_sync(&one);
    handheld_sync(&other);
    check_digest(&other, "digest");
    const Jc__Task *task = open_task(&other, JC__TASK_KIND__TASK_KIND_VISIT, "u3");
    CHECK_INT("three", task->n_recent_visits, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT("newest first", task->recent_visits[i]->ended_at->seconds * 1000, f->now_ms - i * FIELD_HOUR_MS);
    field_script(f,
                 "UPDATE inspection SET task_id = zeroblob(16) WHERE ended_ms = (SELECT MAX(ended_ms) FROM inspection);"
                 "DELETE FROM inspection WHERE task_id IS NULL");
    CHECK_OK("rebuild", jc_terminal_rebuild(other.terminal, &(struct jc_err){0}), &(struct jc_err){0});
    handheld_sync(&other);
    task = open_task(&other, JC__TASK_KIND__TASK_KIND_VISIT, "u3");
    CHECK_INT("of the plan", task->n_recent_visits, 1);
    CHECK("of the plan", !task->recent_visits[0]->ad_hoc);
    jc_terminal_close(one.terminal);
    jc_terminal_close(other.terminal);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told_and_warned),
        cmocka_unit_test(test_decided),
        cmocka_unit_test(test_time_passes),
        cmocka_unit_test(test_which),
    };
    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
