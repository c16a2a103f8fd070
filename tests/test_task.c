/* Tasks: how they are made, moved and listed, and how the plan's visits follow them. */
#include "jc_store_test.h"

#include "store/change.h"
#include "store/plan.h"
#include "store/task.h"

static struct jc_arena *arena;
static struct jc_db *db;

/* Two versions of 2023 and one of 2024; u1-01 is led by a, and b joins. */
static enum jc_code fill(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_tx_script(
        tx,
        "UPDATE agency SET code = 'x', year = 2023;"
        "INSERT INTO team VALUES (1, 'a', 0, 'A', 'bureau', 3, NULL, NULL), (1, 'b', 1, 'B', 'bureau', 3, NULL, NULL);"
        "INSERT INTO rule VALUES (1, 'r', 0, 'R', 2, 1, 1);"
        "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,"
        "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"
        "                  preferred_months, last_visit)"
        "VALUES (1, 'u1', 0, 'U1', '', '', '', '', 'key', '', '', '', 0, 2, 100, 0, 0, NULL);"
        "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota,"
        "                  cost_e5, bound_e5, tiers_settled, elapsed_ms, work)"
        "VALUES (1, 1, 2023, 'approved', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0),"
        "       (1, 2, 2023, 'draft', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0),"
        "       (1, 3, 2024, 'draft', 0, 1, 0, 0, 0, 0, 0, 1, 0, 0);"
        "INSERT INTO visit (agency_id, version, visit_id, unit_id, draw_id, rule_id, visit_no, month, lead_team,"
        "                   persons, days_centi, mode, status, pinned)"
        "VALUES (1, 1, 'u1-01', 'u1', NULL, 'r', 1, 1, 'a', 2, 100, 1, 2, 0),"
        "       (1, 2, 'u1-01', 'u1', NULL, 'r', 1, 1, 'a', 2, 100, 1, 2, 0),"
        "       (1, 3, 'u1-01', 'u1', NULL, 'r', 1, 1, 'a', 2, 100, 1, 1, 0);"
        "INSERT INTO visit_joint VALUES (1, 1, 'u1-01', 0, 'b', 'r', 3, 50);",
        err);
}

static int open_db(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 24);
    db = jc_test_store();
    jc_test_write(db, fill, NULL);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

/* Task number n, its id sixteen bytes n. */
static Jc__Task *make_task(int n, const char *team, Jc__TaskKind kind, const char *visit, const char *due_on) {
    Jc__Task *task = JC_NEW(arena, Jc__Task);
    uint8_t *id = jc_arena_alloc(arena, JC_UUID_SIZE);
    memset(id, n, JC_UUID_SIZE);
    jc__task__init(task);
    task->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, id};
    task->kind = kind;
    task->state = JC__TASK_STATE__TASK_STATE_OPEN;
    task->team_id = (char *)team;
    task->unit_id = (char *)"u1";
    task->visit_id = (char *)visit;
    task->plan_version = *visit ? 1 : 0;
    task->month = *visit ? 1 : 0;
    task->due_on = (char *)due_on;
    task->mode = JC__VISIT_MODE__VISIT_MODE_ONSITE;
    task->persons = 2;
    task->days_centi = 100;
    task->theme = (char *)"春节前";
    task->checklist_id = (char *)"default";
    return task;
}

#define VISIT JC__TASK_KIND__TASK_KIND_VISIT
#define JOINT JC__TASK_KIND__TASK_KIND_JOINT
#define RECHECK JC__TASK_KIND__TASK_KIND_RECHECK

static enum jc_code add_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_task_add(tx, 1, ctx, 1000, err);
}

static void add(const Jc__Task *task) {
    jc_test_write(db, add_job, (void *)task);
}

struct one {
    int n;
    Jc__TaskState state;
    const char *reason;
    Jc__Task *task;
};

static struct jc_str id_of(int n, uint8_t id[JC_UUID_SIZE]) {
    memset(id, n, JC_UUID_SIZE);
    return (struct jc_str){(const char *)id, JC_UUID_SIZE};
}

static enum jc_code get_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct one *one = ctx;
    uint8_t id[JC_UUID_SIZE];
    return jc_task_get(tx, 1, id_of(one->n, id), arena, &one->task, err);
}

static Jc__Task *get(int n) {
    struct one one = {.n = n};
    jc_test_read(db, get_job, &one);
    return one.task;
}

static enum jc_code move_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct one *one = ctx;
    uint8_t id[JC_UUID_SIZE];
    return jc_task_move(tx, 1, id_of(one->n, id), one->state, jc_str(one->reason), 5000, err);
}

static void move(int n, Jc__TaskState state, const char *reason) {
    struct one one = {.n = n, .state = state, .reason = reason};
    jc_test_write(db, move_job, &one);
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void test_round_trip(void **state) {
    (void)state;
    Jc__Task *task = make_task(1, "a", RECHECK, "", "2023-02-10");
    char *people[] = {(char *)"i1", (char *)"i2"};
    task->inspector_ids = people;
    task->n_inspector_ids = 2;
    task->order_id = task->task_id;
    add(task);
    Jc__Task *back = get(1);
    uint8_t x[1000], y[1000];
    size_t n = jc__task__pack(task, x);
    CHECK_INT("what was written", jc__task__pack(back, y), n);
    assert_memory_equal(x, y, n);
}

static void test_joined(void **state) {
    (void)state;
    add(make_task(1, "a", VISIT, "u1-01", "2023-01-31"));
    add(make_task(2, "b", JOINT, "u1-01", "2023-01-31"));
    CHECK_INT("who joins", get(1)->n_joined, 1);
    CHECK_STR("who joins", jc_str(get(1)->joined[0]->team_id), "b");
    CHECK_INT("with how many", get(1)->joined[0]->persons, 3);
    CHECK_INT("who leads", get(2)->n_joined, 1);
    CHECK_STR("who leads", jc_str(get(2)->joined[0]->team_id), "a");
}

static void test_second_release(void **state) {
    (void)state;
    struct jc_err err = {0};
    add(make_task(1, "a", VISIT, "u1-01", "2023-01-31"));
    CHECK_INT("the same visit", jc_test_try(db, add_job, make_task(2, "a", VISIT, "u1-01", "2023-01-31"), &err),
              JC_ALREADY_EXISTS);
    Jc__Task *amended = make_task(3, "a", VISIT, "u1-01", "2023-01-31");
    amended->plan_version = 2;
    CHECK_INT("of the next version", jc_test_try(db, add_job, amended, &err), JC_ALREADY_EXISTS);
    CHECK_INT("words", err.what, JC_MSG_VISIT_RELEASED);
    Jc__Task *next_year = make_task(4, "a", VISIT, "u1-01", "2024-01-31");
    next_year->plan_version = 3;
    add(next_year); /* visit ids come again every year */
    add(make_task(5, "a", RECHECK, "", "2023-02-10"));
    add(make_task(6, "a", RECHECK, "", "2023-02-10"));
}

static int64_t visit_status(int version) {
    static const char *const sql[] = {"", "SELECT status FROM visit WHERE version = 1",
                                      "SELECT status FROM visit WHERE version = 2",
                                      "SELECT status FROM visit WHERE version = 3"};
    return jc_test_number(db, sql[version]);
}

static void test_move(void **state) {
    (void)state;
    add(make_task(1, "a", VISIT, "u1-01", "2023-01-31"));
    add(make_task(2, "b", JOINT, "u1-01", "2023-01-31"));
    int64_t seq = jc_test_number(db, "SELECT MAX(seq) FROM change");
    move(1, JC__TASK_STATE__TASK_STATE_DONE, "");
    CHECK_INT("done", get(1)->state, JC__TASK_STATE__TASK_STATE_DONE);
    CHECK_INT("with who joins", get(2)->state, JC__TASK_STATE__TASK_STATE_DONE);
    CHECK_INT("when", jc_test_number(db, "SELECT SUM(done_ms) FROM task"), 10000);
    CHECK_INT("both teams are told", jc_test_number(db, "SELECT MAX(seq) FROM change"), seq + 2);
    CHECK_INT("visit of version 1", visit_status(1), JC__VISIT_STATUS__VISIT_STATUS_DONE);
    CHECK_INT("of the draft", visit_status(2), JC__VISIT_STATUS__VISIT_STATUS_DONE);
    CHECK_INT("not of next year", visit_status(3), JC__VISIT_STATUS__VISIT_STATUS_PLANNED);
    move(1, JC__TASK_STATE__TASK_STATE_RETURNED, "停产");
    CHECK_STR("reason", jc_str(get(1)->return_reason), "停产");
    CHECK_INT("not done any more", jc_test_number(db, "SELECT COUNT(done_ms) FROM task"), 0);
    CHECK_INT("nor its visit", visit_status(1), JC__VISIT_STATUS__VISIT_STATUS_RELEASED);
    move(1, JC__TASK_STATE__TASK_STATE_OPEN, "ignored");
    CHECK_STR("a reason is of a return alone", jc_str(get(1)->return_reason), "");
}

static void test_unknown(void **state) {
    (void)state;
    struct one one = {.n = 9, .state = JC__TASK_STATE__TASK_STATE_DONE, .reason = ""};
    struct jc_err err = {0};
    CHECK_INT("get", jc_db_read(db, get_job, &one, &err), JC_NOT_FOUND);
    CHECK_INT("move", jc_test_try(db, move_job, &one, &err), JC_NOT_FOUND);
    CHECK_INT("words", err.what, JC_MSG_TASK_UNKNOWN);
}

struct listing {
    struct jc_task_filter filter;
    Jc__Task **tasks;
    size_t count;
    struct jc_str next;
};

static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing *l = ctx;
    return jc_task_list(tx, 1, &l->filter, arena, &l->tasks, &l->count, &l->next, err);
}

/* The first bytes of the listed ids: "24" is task 2, then task 4. */
static const char *list(struct listing *l, char out[20]) {
    jc_test_read(db, list_job, l);
    for (size_t i = 0; i < l->count; i++)
        out[i] = (char)('0' + l->tasks[i]->task_id.data[0]);
    out[l->count] = '\0';
    return out;
}

static void test_list(void **state) {
    (void)state;
    add(make_task(1, "a", RECHECK, "", "2023-03-01"));
    add(make_task(2, "a", RECHECK, "", "2023-01-31"));
    add(make_task(3, "b", RECHECK, "", "2023-02-01"));
    add(make_task(4, "a", RECHECK, "", "2023-01-31"));
    move(4, JC__TASK_STATE__TASK_STATE_DONE, "");
    static const struct {
        const char *name;
        struct jc_task_filter filter;
        const char *ids;
        bool more;
    } cases[] = {
        {"by due date, then id", {.limit = 0}, "2431", false},
        {"a team's", {.team_id = JC_STR("a")}, "241", false},
        {"open ones", {.state = JC__TASK_STATE__TASK_STATE_OPEN}, "231", false},
        {"a team's done ones", {.team_id = JC_STR("a"), .state = JC__TASK_STATE__TASK_STATE_DONE}, "4", false},
        {"nobody's", {.team_id = JC_STR("c")}, "", false},
        {"a page", {.limit = 2}, "24", true},
        {"a page that is just full", {.limit = 4}, "2431", false},
    };
    char ids[20];
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct listing l = {.filter = cases[i].filter};
        CHECK_STR(cases[i].name, jc_str(list(&l, ids)), cases[i].ids);
        CHECK_INT(cases[i].name, l.next.len > 0, cases[i].more);
    }
    struct listing l = {.filter = {.limit = 1}};
    char all[20] = "";
    do { /* page after page */
        strcat(all, list(&l, ids));
        l.filter.after = l.next;
    } while (l.next.len);
    CHECK_STR("all pages", jc_str(all), "2431");
}

static void test_bad_token(void **state) {
    (void)state;
    static const char *const tokens[] = {"x",
                                         "2023-01-31",
                                         "2023-01-31.",
                                         "2023-01-31.0g",
                                         ".00",
                                         "2023-13-31.00",
                                         "2023-01-31.000102030405060708090a0b0c0d0e0f10"};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct listing l = {.filter = {.after = jc_str(tokens[i])}};
        struct jc_err err = {0};
        CHECK_INT(tokens[i], jc_db_read(db, list_job, &l, &err), JC_INVALID_ARGUMENT);
        CHECK_INT(tokens[i], err.what, JC_MSG_PAGE_TOKEN_BAD);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_joined, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_second_release, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_move, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_unknown, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_list, open_db, close_db),
        cmocka_unit_test_setup_teardown(test_bad_token, open_db, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
