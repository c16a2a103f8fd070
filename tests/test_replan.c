/* Re-planning in the middle of the year, on the small year of jc_plan_year.h: three months are over, what was
 * planned for them is done. Each case changes the register or what was done and says what has to move, and why.
 * The same from outside, on whole cases: tests/e2e/test_replan.py. */
#include "jc_plan_test.h"

#include "plan/approval.h"
#include "plan/replan.h"

static struct jc_arena *arena;
static struct jc_db *db;
static char folder[JC_TEST_PATH];

static enum jc_code approve_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_approved approved;
    const struct jc_approval approval = {JC_STR("1号"), JC_STR("市政府"), {2023, 1, 9}, JC_STR("cli:test"), 1};
    (void)ctx;
    return jc_plan_approval(tx, 1, &approval, arena, &approved, err);
}

/* The first three months are done. */
static const char DONE[] = "UPDATE visit SET status = 3 WHERE month <= 3";

static int open_year(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 29);
    db = jc_plan_test_arranged(arena);
    jc_test_folder(folder);
    jc_test_write(db, approve_job, NULL);
    jc_test_script(db, DONE);
    return 0;
}

static int close_year(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    jc_test_folder_remove(folder);
    return 0;
}

static struct jc_replan_request request_of(const char *program) {
    return (struct jc_replan_request){
        .options = {.seed = 1, .work_limit = 400000},
        .program = program,
        .cancel_fd = -1,
        .as_of = {2023, 4, 1},
        .actor = JC_STR("cli:test"),
        .clock = jc_test_clock,
    };
}

/* --- what has to move ----------------------------------------------------------------------------------- */

enum { ROWS = 3 };

struct change {
    const char *name, *sql;
    int changes;
    int unserved; /* visits that no month can take any more */
    struct {
        const char *visit_id;
        enum jc_notice_kind kind;
        enum jc_notice_why why;
        uint32_t months; /* it may come to; 0: any after March */
        const char *team;
    } rows[ROWS]; /* by unit, then draws */
};

static const struct change CHANGES[] = {
    {"nothing", "SELECT 1", 0, 0, {{0}}},
    {"everything is fixed", "UPDATE visit SET pinned = 1 WHERE status = 1", 0, 0, {{0}}},
    {"blackout",
     "UPDATE unit SET blackout_months = 8 WHERE unit_id = 'u3'",
     1,
     0,
     {{"u3-01", JC_NOTICE_MOVED, JC_NOTICE_BLACKOUT, 0xff0, NULL}}},
    {"missed, and its window is open",
     "UPDATE visit SET status = 1 WHERE visit_id = 'u2-01'",
     1,
     0,
     {{"u2-01", JC_NOTICE_MOVED, JC_NOTICE_MISSED, 0xff8, "t1"}}},
    {"missed, and it keeps its distance to the one in August",
     "UPDATE visit SET status = 1 WHERE visit_id = 'u1-01'",
     1,
     0,
     {{"u1-01", JC_NOTICE_MOVED, JC_NOTICE_MISSED, 0x18, "t1"}}}, /* April or May, which is blacked out */
    {"a slot is missed",                                          /* within 1-6, with the other slots where they are */
     "UPDATE visit SET status = 1 WHERE visit_id = 'd1-01'",
     1,
     0,
     {{"d1-01", JC_NOTICE_MOVED, JC_NOTICE_MISSED, 0x38, "t1"}}},
    {"the team does not lead the unit any more",
     "DELETE FROM unit_team WHERE unit_id = 'u3' AND team_id = 't1'",
     1,
     0,
     {{"u3-01", JC_NOTICE_MOVED, JC_NOTICE_TEAM, 0xff8, "t2"}}},
    {"another team leads the unit",
     "UPDATE unit_team SET team_id = 't1' WHERE unit_id = 'u5'",
     1,
     0,
     {{"u5-01", JC_NOTICE_MOVED, JC_NOTICE_TEAM, 0xff8, "t1"}}},
    {"fewer workdays in a month",
     "UPDATE month_budget SET workdays_centi = 100 WHERE team_id = 't2' AND month = 8",
     1,
     0,
     {{"u5-01", JC_NOTICE_MOVED, JC_NOTICE_ROOM, 0xf78, "t2"}}},
    {"fewer persons, so fewer workdays in the year",
     "UPDATE team SET headcount = 2, supervision_centi = 1200 WHERE team_id = 't1'",
     1,
     0,
     {{"u3-01", JC_NOTICE_MOVED, JC_NOTICE_ROOM, 0xff8, "t2"}}},
    {"a unit is new",
     "INSERT INTO unit_rule VALUES (1, 'u6', 0, 'once'); INSERT INTO unit_team VALUES (1, 'u6', 0, 't1'); "
     "UPDATE unit SET persons = 2, days_centi = 100 WHERE unit_id = 'u6'",
     1,
     0,
     {{"u6-01", JC_NOTICE_ADDED, JC_NOTICE_NEW_UNIT, 0xff8, "t1"}}},
    {"a rule of the unit is due behind one that is not, and half of its year is over",
     "INSERT INTO unit_rule VALUES (1, 'u4', 1, 'half'); UPDATE unit SET blackout_months = 56 WHERE unit_id = 'u4'",
     1,
     1,
     {{"u4-01", JC_NOTICE_ADDED, JC_NOTICE_NEW_UNIT, 0xfc0, "t2"}}},
    {"two at once",
     "UPDATE unit SET blackout_months = 8 WHERE unit_id = 'u3'; UPDATE visit SET status = 1 WHERE visit_id = 'u2-01'",
     2,
     0,
     {{"u2-01", JC_NOTICE_MOVED, JC_NOTICE_MISSED, 0xff8, "t1"},
      {"u3-01", JC_NOTICE_MOVED, JC_NOTICE_BLACKOUT, 0xff0, NULL}}},
};

static void check_rows(const struct change *c, const struct jc_notice *notice) {
    for (size_t i = 0; i < notice->count; i++) {
        const struct jc_notice_row *row = &notice->rows[i];
        const Jc__Visit *visit = row->to ? row->to : row->from;
        const char *name = c->rows[i].visit_id;
        CHECK_STR(c->name, jc_str(visit->visit_id), name ? name : "");
        CHECK_INT(name, row->kind, c->rows[i].kind);
        CHECK_INT(name, row->why, c->rows[i].why);
        uint32_t months = c->rows[i].months ? c->rows[i].months : 0xff8;
        CHECK(name, months >> (visit->month - 1) & 1);
        if (c->rows[i].team)
            CHECK_STR(name, jc_str(visit->lead_team), c->rows[i].team);
    }
}

static void test_changes(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CHANGES); i++) {
        const struct change *c = &CHANGES[i];
        struct jc_replanned done;
        struct jc_err err = {0};
        open_year(NULL);
        jc_test_script(db, c->sql);
        const struct jc_replan_request request = request_of(JC_TEST_OPTIMIZER);
        CHECK_OK(c->name, jc_replan(db, 1, &request, arena, &done, &err), &err);
        CHECK_INT(c->name, done.notice.changes, c->changes);
        CHECK_INT(c->name, done.least, c->changes);
        CHECK_INT(c->name, done.plan->solve->unserved, c->unserved);
        CHECK_INT(c->name, done.against, 1);
        check_rows(c, &done.notice);
        if (!c->changes) /* nothing is left to choose, so nothing is searched for */
            CHECK_INT(c->name, done.plan->solve->status, JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL);
        CHECK_INT(c->name,
                  jc_test_number(db, "SELECT COUNT(*) FROM visit AS a JOIN visit AS b USING (visit_id) WHERE "
                                     "a.version = 1 AND b.version = 2 AND a.status = 3 AND a.month <> b.month"),
                  0);
        close_year(NULL);
    }
}

/* --- gaps to what was executed ------------------------------------------------------------------------------- */

struct build {
    Jc__Plan *plan;
    struct jc_register *reg;
};

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct build *b = ctx;
    enum jc_code code = jc_register_load(tx, 1, arena, &b->reg, err);
    return code ? code : jc_plan_get(tx, 1, 1, NULL, arena, &b->plan, err);
}

/* u1 is asked for twice, at least three months apart; its first visit was planned for February. */
static void test_gap_to_executed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int month;       /* the first visit was inspected in */
        uint32_t closed; /* to the second, beside those over by the end of June */
    } cases[] = {
        {"as planned", 2, 0},
        {"in April", 4, 0},
        {"in May", 5, 1 << 6},
        {"in June, late", 6, 3 << 6},
        {"on a day of another year", 0, 0},
    };
    struct build b = {0};
    jc_test_read(db, load_job, &b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_executed executed = {JC_STR("u1-01"), cases[i].month};
        const struct jc_year_so_far so_far = {b.plan, &executed, 1};
        const struct jc_problem_options options = {.so_far = &so_far};
        struct jc_plan_problem pp;
        struct jc_err err = {0};
        uint32_t open = 0;
        b.plan->as_of = (char *)"2023-07-01";
        CHECK_OK(cases[i].name, jc_plan_problem_make(b.reg, b.plan, &options, arena, &pp, &err), &err);
        for (size_t u = 0; u < pp.problem->n_units; u++)
            if (strcmp(pp.sources[u].unit->unit_id, "u1") == 0 && !pp.sources[u].alone)
                open |= ~pp.problem->units[u]->blackout_months & 0xfff;
        CHECK_INT(cases[i].name, open & 0xfc0, 0xfc0 & ~cases[i].closed);
    }
}

/* --- what done visits took --------------------------------------------------------------------------------------- */

/* Persons and days changed in the register hold for visits to come; a done visit keeps those it had, and they are
 * what its team's budget lost. */
static void test_done_as_executed(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql, *unit_id;
    } cases[] = {
        {"nothing changed", "SELECT 1", "u2"},
        {"more persons", "UPDATE unit SET persons = persons + 7 WHERE unit_id = 'u2'", "u2"},
        {"fewer days", "UPDATE unit SET days_centi = 50 WHERE unit_id = 'u2'", "u2"},
        {"one of two visits is done", "UPDATE unit SET days_centi = days_centi + 100 WHERE unit_id = 'u1'", "u1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_replanned done;
        struct build b = {0};
        struct jc_plan_problem pp;
        struct jc_err err = {0};
        open_year(NULL);
        jc_test_script(db, cases[i].sql);
        const struct jc_replan_request request = request_of(JC_TEST_OPTIMIZER);
        CHECK_OK(cases[i].name, jc_replan(db, 1, &request, arena, &done, &err), &err);
        CHECK_INT(cases[i].name, done.notice.changes, 0);
        int64_t kept =
            jc_test_number(db, "SELECT COUNT(*) FROM visit AS a JOIN visit AS b USING (visit_id) WHERE a.version = 1 "
                               "AND b.version = 2 AND a.status = 3 AND a.draw_id = '' AND a.persons = b.persons AND "
                               "a.days_centi = b.days_centi");
        CHECK_INT(cases[i].name, kept,
                  jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE version = 1 AND status = 3 AND draw_id = ''"));
        CHECK_INT(cases[i].name,
                  jc_test_number(db,
                                 "SELECT COUNT(*) FROM visit AS v JOIN unit AS u USING (unit_id) WHERE v.version = 2 "
                                 "AND v.status = 1 AND v.days_centi <> u.days_centi"),
                  0);
        jc_test_read(db, load_job, &b);
        b.plan->as_of = (char *)"2023-04-01";
        CHECK_OK(cases[i].name,
                 jc_plan_problem_make(b.reg, b.plan, &(struct jc_problem_options){.seed = 1}, arena, &pp, &err), &err);
        size_t found = 0;
        for (size_t u = 0; u < pp.problem->n_units; u++) {
            const Jc__Visit *visit = pp.sources[u].alone;
            if (strcmp(pp.sources[u].unit->unit_id, cases[i].unit_id) != 0 || !visit)
                continue;
            CHECK_INT(cases[i].name, pp.problem->units[u]->work_centi, (int64_t)visit->persons * visit->days_centi);
            found++;
        }
        CHECK_INT(cases[i].name, found, i ? 1 : 0); /* it stands alone where the register says something else */
        close_year(NULL);
    }
}

/* --- Ctrl-C --------------------------------------------------------------------------------------------------- */

struct cancel {
    int fd; /* written to when the worker that hangs has said so */
};

/* The worker that hangs says nothing but an empty progress. */
static void cancel_when_hanging(void *ctx, const Jc__Progress *progress) {
    const struct cancel *c = ctx;
    if (progress->phase == JC__SEARCH_PHASE__SEARCH_PHASE_UNSPECIFIED)
        assert_int_equal(write(c->fd, "x", 1), 1);
}

static void write_worker(int hangs, char path[JC_TEST_PATH + 32]) {
    snprintf(path, JC_TEST_PATH + 32, "%s/worker", folder);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    dprintf(fd,
            "#!/bin/sh\nn=$(($(cat '%s/runs' 2>/dev/null || echo 0) + 1))\necho $n > '%s/runs'\n"
            "[ $n -ne %d ] && exec '" JC_TEST_OPTIMIZER "'\nprintf '\\001\\000\\000\\000\\002'\nexec sleep 600\n",
            folder, folder, hangs);
    close(fd);
}

static void test_cancelled(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int run; /* that hangs */
        enum jc_code code;
        int64_t least; /* proven all the same */
    } cases[] = {
        {"before there is a plan", 1, JC_CANCELLED, 0},
        {"while changes are counted", 2, JC_OK, 0},
        {"while the cost is brought down", 3, JC_OK, 1},
        {"while the cost is bounded", 4, JC_OK, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[JC_TEST_PATH + 32];
        int pipe_fds[2];
        struct jc_replanned done;
        struct jc_err err = {0};
        open_year(NULL);
        jc_test_script(db, "UPDATE unit SET blackout_months = 8 WHERE unit_id = 'u3'");
        assert_int_equal(pipe(pipe_fds), 0);
        write_worker(cases[i].run, path);
        struct cancel cancel = {pipe_fds[1]};
        struct jc_replan_request request = request_of(path);
        request.cancel_fd = pipe_fds[0];
        request.progress = cancel_when_hanging;
        request.ctx = &cancel;
        CHECK_INT(cases[i].name, jc_replan(db, 1, &request, arena, &done, &err), cases[i].code);
        CHECK_INT(cases[i].name, jc_test_number(db, "SELECT COUNT(*) FROM plan"), cases[i].code ? 1 : 2);
        if (!cases[i].code) {
            CHECK_INT(cases[i].name, done.plan->solve->status, JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED);
            CHECK_INT(cases[i].name, done.plan->solve->unserved, 0);
            CHECK_INT(cases[i].name, done.least, cases[i].least);
            CHECK(cases[i].name, done.notice.changes >= 1);
        }
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        close_year(NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test_setup_teardown(test_gap_to_executed, open_year, close_year),
        cmocka_unit_test(test_done_as_executed),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
