/* The life of a plan: solved, moved by hand, approved, released, amended. On the small year of
 * jc_plan_test.h, with the real solver where a plan has to be made. */
#include "jc_plan_test.h"

#include "plan/amendment.h"
#include "plan/approval.h"
#include "plan/move.h"
#include "plan/release.h"
#include "plan/shortfall.h"

static struct jc_arena *arena;
static struct jc_db *db;
static char folder[JC_TEST_PATH];

static Jc__Plan *solve(void) {
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    return plan;
}

static int open_year(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 29);
    db = jc_plan_test_arranged(arena);
    jc_test_folder(folder);
    return 0;
}

static int close_year(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    jc_test_folder_remove(folder);
    return 0;
}

/* Changes if any visit does. */
static int64_t fingerprint(void) {
    return jc_test_number(db, "SELECT SUM(month * (length(visit_id) + 7 * unicode(substr(visit_id, 2))"
                              "            + 31 * unicode(substr(visit_id, 5))) + 1000 * pinned + 3000 * status"
                              "            + 100000 * unicode(substr(lead_team, 2)) + 7 * length(rule_id))"
                              "  + 1000000 * COUNT(*) FROM visit");
}

/* --- solving -------------------------------------------------------------------------------------------- */

static void write_script(const char *name, const char *text, char path[JC_TEST_PATH + 32]) {
    snprintf(path, JC_TEST_PATH + 32, "%s/%s", folder, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0700);
    assert_true(fd >= 0);
    dprintf(fd, "#!/bin/sh\ncd '%s'\n%s\n", folder, text);
    close(fd);
}

/* A worker that fails leaves the plan as it was. */
static void test_bad_workers(void **state) {
    (void)state;
    static const struct {
        const char *name, *script;
        enum jc_code code;
        enum jc_msg what;
    } cases[] = {
        {"aborts", "kill -ABRT $$", JC_INTERNAL, JC_MSG_WORKER_DIED},
        {"prints rubbish", "echo nonsense; sleep 600", JC_DATA_LOSS, JC_MSG_WORKER_RUBBISH},
        {"is killed", "kill -KILL $$", JC_INTERNAL, JC_MSG_WORKER_DIED},
        /* length 3, solution, `last` set: a plan without the slots that the draws must have */
        {"lies", "printf '\\003\\000\\000\\000\\003\\110\\001'; sleep 600", JC_DATA_LOSS, JC_MSG_WORKER_WRONG},
    };
    int64_t before = fingerprint();
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[JC_TEST_PATH + 32];
        Jc__Plan *plan = NULL;
        struct jc_register *reg = NULL;
        struct jc_err err = {0};
        write_script("worker", cases[i].script, path);
        CHECK_INT(cases[i].name, jc_plan_test_solve(db, arena, path, &plan, &reg, &err), cases[i].code);
        CHECK_INT(cases[i].name, err.what, cases[i].what);
        CHECK_INT(cases[i].name, fingerprint(), before);
        CHECK_INT(cases[i].name, jc_test_number(db, "SELECT COUNT(*) FROM plan"), 1);
    }
}

/* Somebody pins a visit while the worker runs: the result is thrown away. */
static enum jc_code pin_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    Jc__Visit *visit = NULL;
    (void)ctx;
    return jc_plan_pin(tx, 1, JC_STR("u1-01"), true, JC_STR("cli:test"), 1, arena, &visit, err);
}

static void pin_meanwhile(void *ctx, const Jc__Progress *progress) {
    (void)ctx, (void)progress;
    jc_test_write(db, pin_job, NULL);
}

static void test_changed_meanwhile(void **state) {
    (void)state;
    char path[JC_TEST_PATH + 32];
    /* an empty progress frame, then the real solver */
    write_script("worker", "printf '\\001\\000\\000\\000\\002'; exec '" JC_TEST_OPTIMIZER "'", path);
    const struct jc_solve_request request = {.options = {.work_limit = 1000},
                                             .program = path,
                                             .cancel_fd = -1,
                                             .progress = pin_meanwhile,
                                             .actor = JC_STR("cli:test"),
                                             .clock = jc_test_clock};
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_INT("aborted", jc_solve(db, 1, &request, arena, &plan, &reg, &err), JC_ABORTED);
    CHECK_INT("words", err.what, JC_MSG_PLAN_CHANGED);
    CHECK_INT("the pin stands", jc_test_number(db, "SELECT month FROM visit WHERE visit_id = 'u1-01' AND pinned = 1"),
              2);
}

/* Solving again leaves what is pinned, released, done or forced where it is. */
static void test_kept(void **state) {
    (void)state;
    jc_test_script(db, "UPDATE visit SET pinned = 1 WHERE visit_id = 'u3-01';"
                       "UPDATE visit SET status = 2, month = 4 WHERE visit_id = 'u1-01';"
                       "UPDATE visit SET status = 3, mode = 2 WHERE visit_id = 'u1-02';"
                       "UPDATE visit SET month = 12, forced_by = 'li', forced_reason = 'x' WHERE visit_id = 'u2-01';"
                       "UPDATE visit SET unit_id = 'u6' WHERE visit_id = 'd1-03';");
    Jc__Plan *plan = solve();
    static const struct {
        const char *id, *team, *unit;
        int month, status, mode;
    } kept[] = {{"u3-01", "t1", "u3", 4, 1, 1},
                {"u1-01", "t1", "u1", 4, 2, 1},
                {"u1-02", "t1", "u1", 8, 3, 2},
                {"u2-01", "t1", "u2", 12, 1, 1},
                {"d1-03", "t1", "u6", 10, 1, 1}};
    for (size_t i = 0; i < COUNT(kept); i++) {
        const Jc__Visit *v = NULL;
        for (size_t k = 0; k < plan->n_visits; k++)
            if (strcmp(plan->visits[k]->visit_id, kept[i].id) == 0)
                v = plan->visits[k];
        CHECK(kept[i].id, v != NULL);
        CHECK_INT(kept[i].id, v->month, kept[i].month);
        CHECK_INT(kept[i].id, v->status, kept[i].status);
        CHECK_INT(kept[i].id, v->mode, kept[i].mode);
        CHECK_STR(kept[i].id, jc_str(v->lead_team), kept[i].team);
        CHECK_STR(kept[i].id, jc_str(v->unit_id), kept[i].unit);
    }
    CHECK_INT("nothing else came or went", plan->n_visits, 10);
}

/* A visit that people were told of cannot silently leave the plan because its rule changed. */
static void test_kept_impossible(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql;
    } cases[] = {
        {"another rule", "UPDATE unit_rule SET rule_id = 'second' WHERE unit_id = 'u1'"},
        {"no rule any more", "DELETE FROM unit_rule WHERE unit_id = 'u1'"},
        {"another lead team", "UPDATE unit_team SET team_id = 't2' WHERE unit_id = 'u1'"},
        {"blacked out", "UPDATE unit SET blackout_months = 2 WHERE unit_id = 'u1'"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Jc__Plan *plan = NULL;
        struct jc_register *reg = NULL;
        struct jc_err err = {0};
        jc_test_script(db, "UPDATE visit SET status = 2 WHERE visit_id = 'u1-01'");
        jc_test_script(db, cases[i].sql);
        int64_t before = fingerprint();
        CHECK_INT(cases[i].name, jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err),
                  JC_FAILED_PRECONDITION);
        CHECK_INT(cases[i].name, err.what, JC_MSG_PLAN_KEPT_IMPOSSIBLE);
        CHECK_STR(cases[i].name, err.arg[0], "u1-01");
        CHECK_INT(cases[i].name, fingerprint(), before);
        jc_db_close(db);
        db = jc_plan_test_year(arena);
        solve();
        jc_test_script(db, JC_YEAR_ARRANGED);
    }
}

/* A draft of last year is neither replaced nor kept from. */
static void test_next_year(void **state) {
    (void)state;
    jc_test_script(db, "UPDATE visit SET pinned = 1; UPDATE agency SET year = 2024");
    int64_t before = fingerprint();
    Jc__Plan *plan = solve();
    CHECK_INT("version", plan->version, 2);
    CHECK_INT("year", plan->year, 2024);
    CHECK_INT("nothing is pinned", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE version = 2 AND pinned = 1"),
              0);
    jc_test_script(db, "DELETE FROM visit_joint WHERE version = 2; DELETE FROM visit WHERE version = 2");
    CHECK_INT("last year's draft stands", fingerprint(), before);
}

/* --- shortfalls -------------------------------------------------------------------------------------------- */

static void test_shortfalls(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql, *zh, *en, *why;
        int64_t unserved, over_centi, quota;
    } cases[] = {
        {"a month",
         "DELETE FROM month_budget; INSERT INTO month_budget SELECT 1, 't1', value, 0 FROM"
         " (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6"
         "  UNION SELECT 7 UNION SELECT 8 UNION SELECT 9 UNION SELECT 10 UNION SELECT 11 UNION SELECT 12);"
         "UPDATE unit_team SET team_id = 't1'; DELETE FROM draw_window; DELETE FROM draw;"
         "DELETE FROM quota; DELETE FROM unit_rule WHERE unit_id <> 'u5'; DELETE FROM unit_joint;"
         "UPDATE unit SET blackout_months = 4095 - 512",
         "执法1队10月缺 3 个工作日", "执法1队 lacks 3 workdays in month 10",
         "按检查窗口、间隔和停检月份，执法1队10月至少要完成 3 个工作日的检查，只有 0 个", 0, 300, 0},
        {"a year",
         "UPDATE team SET supervision_centi = 150 WHERE team_id = 't2'; DELETE FROM month_budget;"
         "DELETE FROM quota; DELETE FROM draw_window; DELETE FROM draw; DELETE FROM unit_joint;"
         "DELETE FROM unit_rule WHERE unit_id <> 'u5'",
         "执法2队全年缺 1.5 个工作日", "执法2队 lacks 1.5 workdays in the year",
         "执法2队全年至少要完成 3 个工作日的检查，只有 1.5 个", 0, 150, 0},
        {"a unit", "UPDATE unit SET blackout_months = 4094 WHERE unit_id = 'u1'; DELETE FROM quota",
         "单位“甲厂”未排入计划，缺 2 次检查", "unit \"甲厂\" is left out: 2 visits missing",
         "停检月份使其没有可以检查的月份", 2, 0, 0},
        {"a quota",
         "DELETE FROM quota WHERE quota_id <> 'q-spring'; UPDATE quota SET min = 30, max = 30, months = 1;"
         "DELETE FROM draw_window; DELETE FROM draw; DELETE FROM unit_rule WHERE unit_id <> 'u5'",
         "月检查计划“q-spring 春节前检查”差 30", "quota \"q-spring 春节前检查\" is missed by 30",
         "1月内最多能安排 0，计划要求 30", 0, 0, 30},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        Jc__Plan *plan = NULL;
        struct jc_register *reg = NULL;
        struct jc_err err = {0};
        struct jc_buf text;
        jc_test_script(
            db,
            "DELETE FROM visit_joint; DELETE FROM visit; DELETE FROM shortfall; DELETE FROM key_coverage; DELETE FROM plan;");
        jc_test_script(db, cases[i].sql);
        CHECK_OK(cases[i].name, jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
        CHECK_INT(cases[i].name, plan->n_shortfalls, 1);
        CHECK_INT(cases[i].name, plan->solve->unserved, cases[i].unserved);
        CHECK_INT(cases[i].name, plan->solve->over_centi, cases[i].over_centi);
        CHECK_INT(cases[i].name, plan->solve->quota, cases[i].quota);
        jc_buf_init(&text, 1000);
        jc_shortfall_text(&text, JC_ZH, reg, plan->shortfalls[0]);
        CHECK_STR(cases[i].name, jc_buf_str(&text), cases[i].zh);
        jc_buf_reset(&text);
        jc_shortfall_text(&text, JC_EN, reg, plan->shortfalls[0]);
        CHECK_STR(cases[i].name, jc_buf_str(&text), cases[i].en);
        CHECK(cases[i].name, plan->shortfalls[0]->n_limits > 0); /* all four follow by arithmetic */
        jc_buf_reset(&text);
        jc_limit_text(&text, JC_ZH, reg, plan->shortfalls[0], plan->shortfalls[0]->limits[0]);
        CHECK_STR(cases[i].name, jc_buf_str(&text), cases[i].why);
        jc_buf_free(&text);
        jc_db_close(db);
        db = jc_plan_test_year(arena);
    }
}

/* --- moving by hand ------------------------------------------------------------------------------------------ */

struct move_job {
    struct jc_move move;
    struct jc_moved out;
};

static enum jc_code move_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct move_job *job = ctx;
    return jc_plan_move(tx, 1, &job->move, arena, &job->out, err);
}

static enum jc_code move(const char *visit, int month, const char *team, const char *force, struct jc_moved *out,
                         struct jc_err *err) {
    struct move_job job = {.move = {.visit_id = jc_str(visit),
                                    .month = month,
                                    .team = jc_str(team),
                                    .force = force != NULL,
                                    .reason = jc_str(force),
                                    .actor = JC_STR("cli:li"),
                                    .now_ms = 1}};
    enum jc_code code = jc_test_try(db, move_job, &job, err);
    *out = job.out;
    return code;
}

static const struct {
    const char *name, *visit;
    int month;
    const char *team;
    enum jc_msg what; /* of the refusal; JC_MSG_NONE if it is allowed */
} MOVES[] = {
    {"another month of the half-year", "u1-01", 4, NULL, JC_MSG_NONE},
    {"with the team that joins", "u1-02", 9, NULL, JC_MSG_NONE},
    {"another team that may lead", "u3-01", 0, "t2", JC_MSG_NONE},
    {"a slot within its window", "d1-02", 12, NULL, JC_MSG_NONE},
    {"blackout month", "u1-01", 5, NULL, JC_MSG_SOLUTION_BLACKOUT},
    {"the other half-year", "u1-01", 12, NULL, JC_MSG_SOLUTION_WINDOW},
    {"too close", "u1-01", 6, NULL, JC_MSG_SOLUTION_GAP},
    {"the same month", "u1-01", 8, NULL, JC_MSG_MOVE_SAME_MONTH},
    {"a team that may not lead", "u2-01", 0, "t2", JC_MSG_SOLUTION_CHOICE},
    {"a slot outside its window", "d1-01", 7, NULL, JC_MSG_SOLUTION_DRAW},
    {"over the month", "u5-01", 1, NULL, JC_MSG_MOVE_OVER_MONTH},
    {"a quota that was met", "u3-01", 3, NULL, JC_MSG_MOVE_QUOTA},
    {"a quota on slots", "u2-01", 7, NULL, JC_MSG_NONE},
};

static void test_moves(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(MOVES); i++) {
        struct jc_moved moved;
        struct jc_err err = {0};
        int64_t before = fingerprint();
        enum jc_code code = move(MOVES[i].visit, MOVES[i].month, MOVES[i].team, NULL, &moved, &err);
        if (MOVES[i].what != JC_MSG_NONE) {
            CHECK_INT(MOVES[i].name, code, JC_FAILED_PRECONDITION);
            CHECK_INT(MOVES[i].name, err.what, MOVES[i].what);
            CHECK_INT(MOVES[i].name, fingerprint(), before);
        } else {
            CHECK_OK(MOVES[i].name, code, &err);
            CHECK(MOVES[i].name, !moved.forced && moved.visit->pinned && !*moved.visit->forced_by);
            CHECK(MOVES[i].name, fingerprint() != before);
        }
        jc_test_script(db, JC_YEAR_ARRANGED);
    }
}

/* With force the same moves are made and marked, and what the plan is worth is true. */
static void test_forced_moves(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(MOVES); i++) {
        struct jc_moved moved;
        struct jc_err err = {0};
        bool breaks = MOVES[i].what != JC_MSG_NONE;
        CHECK_OK(MOVES[i].name, move(MOVES[i].visit, MOVES[i].month, MOVES[i].team, "专项", &moved, &err), &err);
        CHECK_INT(MOVES[i].name, moved.forced, breaks);
        CHECK_INT(MOVES[i].name, moved.broken.what, MOVES[i].what);
        CHECK_STR(MOVES[i].name, jc_str(moved.visit->forced_reason), breaks ? "专项" : "");
        CHECK_INT(MOVES[i].name, jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE forced_by = 'cli:li'"), breaks);
        CHECK_INT(MOVES[i].name, moved.plan->solve->unserved, 0);
        int64_t missed = 0, over = 0;
        for (size_t k = 0; k < moved.plan->n_shortfalls; k++)
            *(*moved.plan->shortfalls[k]->quota_id ? &missed : &over) += moved.plan->shortfalls[k]->amount_centi;
        CHECK_INT(MOVES[i].name, moved.plan->solve->quota * 100, missed);
        CHECK_INT(MOVES[i].name, moved.plan->solve->over_centi, over);
        jc_test_script(db, JC_YEAR_ARRANGED);
    }
    CHECK_INT("who, when, what, why",
              jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'plan.move'"
                                 "   AND actor = 'cli:li' AND detail LIKE '%MOVED_FORCED%专项'"),
              8);
}

/* Moved back where the rules allow it, the mark goes, and so does the pin if it is asked for. */
static void test_moved_back(void **state) {
    (void)state;
    struct jc_moved moved;
    struct jc_err err = {0};
    CHECK_OK("force", move("u1-01", 12, NULL, "专项", &moved, &err), &err);
    CHECK_INT("a second visit of the unit is judged by the rules", move("u1-02", 10, NULL, NULL, &moved, &err),
              JC_FAILED_PRECONDITION);
    CHECK_OK("back", move("u1-01", 3, NULL, NULL, &moved, &err), &err);
    CHECK_INT("no mark", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE forced_by IS NOT NULL"), 0);
}

static enum jc_code unpin_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    Jc__Visit *visit = NULL;
    return jc_plan_pin(tx, 1, jc_str(ctx), false, JC_STR("cli:test"), 1, arena, &visit, err);
}

static void test_pins(void **state) {
    (void)state;
    struct jc_moved moved;
    struct jc_err err = {0};
    jc_test_write(db, pin_job, NULL);
    CHECK_INT("pinned", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE pinned = 1"), 1);
    jc_test_write(db, unpin_job, (void *)"u1-01");
    CHECK_INT("free again", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE pinned = 1"), 0);
    CHECK_OK("force", move("u1-01", 12, NULL, "专项", &moved, &err), &err);
    CHECK_INT("a forced visit stays", jc_test_try(db, unpin_job, (void *)"u1-01", &err), JC_FAILED_PRECONDITION);
    CHECK_INT("unknown", jc_test_try(db, unpin_job, (void *)"u9-01", &err), JC_NOT_FOUND);
}

static void test_bad_moves(void **state) {
    (void)state;
    static const struct {
        const char *name, *visit;
        int month;
        const char *team, *force;
        enum jc_code code;
        enum jc_msg what;
    } cases[] = {
        {"unknown visit", "u9-01", 3, NULL, NULL, JC_NOT_FOUND, JC_MSG_VISIT_UNKNOWN},
        {"unknown team", "u1-01", 3, "t9", NULL, JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN},
        {"month 13", "u1-01", 13, NULL, NULL, JC_INVALID_ARGUMENT, JC_MSG_MONTH_INVALID},
        {"force without a reason", "u1-01", 12, NULL, " ", JC_INVALID_ARGUMENT, JC_MSG_MOVE_REASON_MISSING},
        {"team of a slot", "d1-01", 3, "t2", "x", JC_FAILED_PRECONDITION, JC_MSG_MOVE_SLOT_TEAM},
        {"released", "u3-01", 6, NULL, "x", JC_FAILED_PRECONDITION, JC_MSG_MOVE_TOLD},
    };
    jc_test_script(db, "UPDATE visit SET status = 2 WHERE visit_id = 'u3-01'");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_moved moved;
        struct jc_err err = {0};
        CHECK_INT(cases[i].name, move(cases[i].visit, cases[i].month, cases[i].team, cases[i].force, &moved, &err),
                  cases[i].code);
        CHECK_INT(cases[i].name, err.what, cases[i].what);
    }
}

/* --- approval -------------------------------------------------------------------------------------------------- */

struct approve_job {
    const char *document, *by;
    struct jc_approved out;
};

static enum jc_code approve_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct approve_job *job = ctx;
    const struct jc_approval approval = {jc_str(job->document), jc_str(job->by), {2023, 1, 9}, JC_STR("cli:test"), 1};
    return jc_plan_approval(tx, 1, &approval, arena, &job->out, err);
}

static void approve(void) {
    struct approve_job job = {.document = "1号", .by = "市政府"};
    jc_test_write(db, approve_job, &job);
}

static void test_approval(void **state) {
    (void)state;
    struct approve_job job = {.document = " ", .by = "市政府"};
    struct jc_err err = {0};
    CHECK_INT("no document", jc_test_try(db, approve_job, &job, &err), JC_INVALID_ARGUMENT);
    job = (struct approve_job){.document = "1号", .by = ""};
    CHECK_INT("by nobody", jc_test_try(db, approve_job, &job, &err), JC_INVALID_ARGUMENT);
    jc_test_script(db, "UPDATE unit SET category = 'key' WHERE unit_id = 'u6'");
    job.by = "市政府";
    CHECK_OK("approve", jc_test_try(db, approve_job, &job, &err), &err);
    CHECK_INT("nobody before", job.out.superseded, 0);
    CHECK_INT("F2: u6 is key and has no visit", job.out.uncovered_key, 1);
    CHECK_INT("its units are remembered", jc_test_number(db, "SELECT COUNT(*) FROM plan_unit WHERE version = 1"), 4);
    CHECK_INT("logged", jc_test_number(db, "SELECT COUNT(*) FROM audit_log WHERE act = 'plan.approve'"), 1);
    CHECK_INT("once", jc_test_try(db, approve_job, &job, &err), JC_FAILED_PRECONDITION);
    struct jc_moved moved;
    CHECK_INT("no move", move("u1-01", 4, NULL, "x", &moved, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("no move", err.what, JC_MSG_PLAN_NOT_DRAFT);
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    CHECK_INT("no solving", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err),
              JC_FAILED_PRECONDITION);
    jc_test_script(db, "UPDATE agency SET year = 2024");
    CHECK_OK("but next year's", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    CHECK_INT("is version 2", plan->version, 2);
}

/* A draft that no longer fits the register is not approved. */
static void test_outdated(void **state) {
    (void)state;
    struct approve_job job = {.document = "1号", .by = "市政府"};
    struct jc_err err = {0};
    jc_test_script(db, "UPDATE unit_rule SET rule_id = 'cycle' WHERE unit_id = 'u1'");
    CHECK_INT("rule changed", jc_test_try(db, approve_job, &job, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("nothing approved", jc_test_number(db, "SELECT COUNT(*) FROM plan WHERE status = 'approved'"), 0);
    jc_test_script(db, "DELETE FROM unit_rule WHERE unit_id = 'u1'");
    CHECK_INT("not inspected any more", jc_test_try(db, approve_job, &job, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("words", err.what, JC_MSG_PLAN_OUTDATED);
}

/* --- release ------------------------------------------------------------------------------------------------------ */

struct release_job {
    int month;
    const char *team;
    struct jc_released out;
};

static enum jc_code release_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct release_job *job = ctx;
    const struct jc_release release = {job->month, jc_str(job->team), JC_STR("cli:test"), jc_test_clock};
    return jc_plan_release(tx, 1, &release, arena, &job->out, err);
}

static void test_release_refused(void **state) {
    (void)state;
    struct release_job job = {.month = 1};
    struct jc_err err = {0};
    CHECK_INT("not approved", jc_test_try(db, release_job, &job, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("not approved", err.what, JC_MSG_PLAN_NONE_APPROVED);
    approve();
    job.month = 13;
    CHECK_INT("month", jc_test_try(db, release_job, &job, &err), JC_INVALID_ARGUMENT);
    job = (struct release_job){.month = 1, .team = "t9"};
    CHECK_INT("team", jc_test_try(db, release_job, &job, &err), JC_NOT_FOUND);
    CHECK_INT("no task", jc_test_number(db, "SELECT COUNT(*) FROM task"), 0);
}

static void test_release(void **state) {
    (void)state;
    approve();
    static const struct {
        const char *name;
        int month;
        const char *team;
        size_t visits, tasks, before, undrawn;
    } cases[] = {
        {"a slot that is not drawn", 1, NULL, 0, 0, 0, 1},
        {"one visit", 2, NULL, 1, 1, 0, 0},
        {"again", 2, NULL, 0, 0, 1, 0},
        {"of another team", 8, "t2", 1, 1, 0, 0}, /* u5; u1 is joined by t2 but led by t1 */
        {"the rest, with who joins", 8, NULL, 1, 2, 1, 0},
        {"an empty month", 11, NULL, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct release_job job = {.month = cases[i].month, .team = cases[i].team};
        jc_test_write(db, release_job, &job);
        CHECK_INT(cases[i].name, job.out.visits, cases[i].visits);
        CHECK_INT(cases[i].name, job.out.n_tasks, cases[i].tasks);
        CHECK_INT(cases[i].name, job.out.before, cases[i].before);
        CHECK_INT(cases[i].name, job.out.n_undrawn, cases[i].undrawn);
    }
    CHECK_INT("due on the month's last day",
              jc_test_number(db, "SELECT COUNT(*) FROM task WHERE (month = 2 AND due_on = '2023-02-28')"
                                 "    OR (month = 8 AND due_on = '2023-08-31')"),
              4);
    CHECK_INT("open, with the checklist",
              jc_test_number(db, "SELECT COUNT(*) FROM task WHERE state = 1 AND checklist_id = 'default'"), 4);
    CHECK_INT("the theme that speaks most exactly",
              jc_test_number(db, "SELECT COUNT(*) FROM task WHERE visit_id = 'u1-01' AND theme = '春节前检查'"), 1);
    CHECK_INT("the year's where no other speaks",
              jc_test_number(db, "SELECT COUNT(*) FROM task WHERE visit_id = 'u1-02' AND kind = 1"
                                 "   AND theme = '全年检查'"),
              1);
    CHECK_INT("a task for the lead and one for who joins",
              jc_test_number(db, "SELECT COUNT(*) FROM task WHERE visit_id = 'u1-02'"
                                 "   AND ((kind = 1 AND team_id = 't1' AND persons = 2 AND days_centi = 100)"
                                 "     OR (kind = 2 AND team_id = 't2' AND persons = 2 AND days_centi = 50))"),
              2);
    CHECK_INT("remote stays remote", jc_test_number(db, "SELECT COUNT(*) FROM task WHERE mode = 2"), 2);
    CHECK_INT("terminals are told", jc_test_number(db, "SELECT COUNT(*) FROM change WHERE kind = 1"), 4);
    CHECK_INT("visits are released", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE status = 2"), 3);
    jc_test_script(db, "UPDATE visit SET unit_id = 'u6' WHERE visit_id = 'd1-01'");
    struct release_job job = {.month = 1};
    jc_test_write(db, release_job, &job);
    CHECK_INT("drawn, it is released", job.out.n_tasks, 1);
}

/* --- amendment ------------------------------------------------------------------------------------------------------- */

struct amend_job {
    const char *reason;
    Jc__Plan *plan;
    struct jc_major_change change;
};

static enum jc_code amend_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct amend_job *job = ctx;
    const struct jc_amendment amendment = {jc_str(job->reason), {2023, 5, 8}, JC_STR("cli:test"), 1};
    enum jc_code code = jc_plan_amend(tx, 1, &amendment, arena, &job->plan, err);
    return code ? code : jc_plan_change(tx, 1, job->plan, amendment.decided_on, arena, &job->change, err);
}

#define ADD_UNIT(id, category, industry)                                                                    \
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category," \
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,"      \
    "                  preferred_months, last_visit)"                                                       \
    "VALUES (1, '" id "', 90, '" id "', '', '', '', '" industry "', '" category                             \
    "', '', '', '', 0, 2, 100, 0, 0, NULL);"                                                                \
    "INSERT INTO unit_team VALUES (1, '" id "', 0, 't1'); INSERT INTO unit_rule VALUES (1, '" id "', 0, 'once');"

/* P6, against 2 key units (化工, 冶金), 2 general ones and 5 slots. */
static void test_major_change(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql;
        int64_t key, scope, units; /* now */
        bool key_crossed, scope_crossed, units_crossed;
        size_t missing;
        const char *industries;
        struct jc_date due;
    } cases[] = {
        {"nothing", "SELECT 1", 2, 2, 9, false, false, false, 0, "", {2023, 6, 7}},
        {"a general unit", ADD_UNIT("g1", "general", ""), 2, 2, 10, false, false, false, 1, "", {2023, 6, 7}},
        {"two general units: 22 %",
         ADD_UNIT("g1", "general", "") ADD_UNIT("g2", "general", ""),
         2,
         2,
         11,
         false,
         false,
         true,
         2,
         "",
         {2023, 6, 7}},
        {"exactly the limit is not major",
         ADD_UNIT("g1", "general", "") ADD_UNIT("g2", "general", "")
             ADD_UNIT("g3", "general", "") "UPDATE parameter SET value = '33.34' WHERE name = 'major_change_units'",
         2,
         2,
         12,
         false,
         false,
         false,
         3,
         "",
         {2023, 6, 7}},
        {"a key unit of a known industry",
         ADD_UNIT("k1", "key", "化工"),
         3,
         2,
         10,
         true,
         false,
         false,
         1,
         "",
         {2023, 6, 7}},
        {"exactly the limit of key units",
         ADD_UNIT("k1", "key", "化工") "UPDATE parameter SET value = '50' WHERE name = 'major_change_key_units'",
         3,
         2,
         10,
         false,
         false,
         false,
         1,
         "",
         {2023, 6, 7}},
        {"just above it",
         ADD_UNIT("k1", "key", "化工") "UPDATE parameter SET value = '49.99' WHERE name = 'major_change_key_units'",
         3,
         2,
         10,
         true,
         false,
         false,
         1,
         "",
         {2023, 6, 7}},
        {"another industry",
         "UPDATE unit SET industry = '建材' WHERE unit_id = 'u1'",
         2,
         2,
         9,
         false,
         true,
         false,
         0,
         "建材、化工",
         {2023, 6, 7}},
        {"no key unit any more",
         "UPDATE unit SET category = 'general' WHERE category = 'key'",
         0,
         0,
         9,
         true,
         true,
         false,
         0,
         "冶金、化工",
         {2023, 6, 7}},
        {"without parameters the regulation's own",
         "DELETE FROM parameter;" ADD_UNIT("k1", "key", "化工"),
         3,
         2,
         10,
         true,
         false,
         false,
         1,
         "",
         {2023, 6, 7}},
        {"working days",
         "UPDATE parameter SET unit = 'working_days', value = '5' WHERE name = 'major_change_reapproval_due'",
         2,
         2,
         9,
         false,
         false,
         false,
         0,
         "",
         {2023, 5, 15}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct amend_job job = {.reason = "专项整治"};
        approve();
        jc_test_script(db, cases[i].sql);
        jc_test_write(db, amend_job, &job);
        const struct jc_major_change *c = &job.change;
        const char *name = cases[i].name;
        CHECK_INT(name, c->against, 1);
        CHECK_INT(name, c->of[JC_MAJOR_KEY_UNITS].before, 2);
        CHECK_INT(name, c->of[JC_MAJOR_UNITS].before, 9);
        CHECK_INT(name, c->of[JC_MAJOR_KEY_UNITS].after, cases[i].key);
        CHECK_INT(name, c->of[JC_MAJOR_KEY_SCOPE].after, cases[i].scope);
        CHECK_INT(name, c->of[JC_MAJOR_UNITS].after, cases[i].units);
        CHECK_INT(name, c->of[JC_MAJOR_KEY_UNITS].crossed, cases[i].key_crossed);
        CHECK_INT(name, c->of[JC_MAJOR_KEY_SCOPE].crossed, cases[i].scope_crossed);
        CHECK_INT(name, c->of[JC_MAJOR_UNITS].crossed, cases[i].units_crossed);
        CHECK_INT(name, c->major, cases[i].key_crossed || cases[i].scope_crossed || cases[i].units_crossed);
        CHECK_INT(name, c->missing, cases[i].missing);
        CHECK_STR(name, c->industries, cases[i].industries);
        CHECK_INT(name, jc_date_to_days(c->due), jc_date_to_days(cases[i].due));
        jc_db_close(db);
        db = jc_plan_test_year(arena);
        solve();
        jc_test_script(db, JC_YEAR_ARRANGED);
    }
}

static void test_amend(void **state) {
    (void)state;
    struct amend_job job = {.reason = "专项整治"};
    struct release_job release = {.month = 8};
    struct jc_err err = {0};
    CHECK_INT("a draft is amended as it is", jc_test_try(db, amend_job, &job, &err), JC_FAILED_PRECONDITION);
    approve();
    jc_test_write(db, release_job, &release);
    job.reason = "";
    CHECK_INT("no reason", jc_test_try(db, amend_job, &job, &err), JC_INVALID_ARGUMENT);
    job.reason = "专项整治";
    int64_t before = fingerprint();
    jc_test_write(db, amend_job, &job);
    CHECK_INT("version 2", job.plan->version, 2);
    CHECK_INT("the same visits", fingerprint(), 2 * before);
    CHECK_INT("decided on",
              jc_test_number(db, "SELECT COUNT(*) FROM plan WHERE version = 2 AND status = 'draft'"
                                 "   AND decided_on = '2023-05-08' AND amend_reason = '专项整治'"),
              1);
    CHECK_INT("version 1 stays in force",
              jc_test_number(db, "SELECT COUNT(*) FROM plan WHERE version = 1"
                                 "   AND status = 'approved'"),
              1);
    Jc__Plan *plan = solve(); /* what was released stays, and the decision too */
    CHECK_INT("still version 2", plan->version, 2);
    CHECK_INT("released in August",
              jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE version = 2 AND status = 2 AND month = 8"), 2);
    CHECK_STR("decided on", jc_str(plan->decided_on), "2023-05-08");
    approve();
    CHECK_INT("version 1 is superseded",
              jc_test_number(db, "SELECT COUNT(*) FROM plan WHERE version = 1"
                                 "   AND status = 'superseded'"),
              1);
    jc_test_write(db, release_job, &release);
    CHECK_INT("nothing is released twice", release.out.visits, 0);
    CHECK_INT("nothing is released twice", release.out.before, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_workers, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_changed_meanwhile, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_kept, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_kept_impossible, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_next_year, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_shortfalls, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_moves, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_forced_moves, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_moved_back, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_pins, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_bad_moves, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_approval, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_outdated, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_release_refused, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_release, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_major_change, open_year, close_year),
        cmocka_unit_test_setup_teardown(test_amend, open_year, close_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
