/* Draws: the published test vectors (docs/DRAW.md), pool files, and the life of a draw. The expected
 * units of the vectors were computed by another program (tests/e2e/test_plan.py has it). */
#include "jc_plan_test.h"

#include "plan/draw.h"
#include "plan/lot.h"

static struct jc_arena *arena;
static struct jc_db *db;

static int open_year(void **state) {
    (void)state;
    arena = jc_arena_new(1 << 28);
    db = jc_plan_test_year(arena);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    jc_db_close(db);
    jc_arena_free(arena);
    return 0;
}

/* --- lots ------------------------------------------------------------------------------------------------- */

/* "unit-01" … of `count` units. */
static void number_ids(struct jc_str *ids, int count, const char *stem, int digits, int first) {
    for (int i = 0; i < count; i++)
        ids[i] = jc_arena_printf(arena, "%s%0*d", stem, digits, first + i);
}

static void test_vectors(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int count, first, digits;
        const char *stem, *ids[6], *seed, *pool_hash;
        uint32_t drawn;
        const char *units[10];
    } cases[] = {
        {"twelve units",
         12,
         1,
         2,
         "unit-",
         {NULL},
         "双色球 2023001: 03 07 15 21 28 33 + 09",
         "679590a0f5275d36728dd6949f31e46a4d2387120b45714c0443aa6674c1d637",
         4,
         {"unit-03", "unit-11", "unit-01", "unit-06"}},
        {"NFC, order and repeats",
         5,
         0,
         0,
         NULL,
         {"b", "a", "\xc3\xa9", "e\xcc\x81", "煤矿"},
         "",
         "782189783e7cc552d45b66ed45ec802e14a4c48dd3bc2ab1aabb8f0ae00a6f9a",
         4,
         {"b", "煤矿", "a", "\xc3\xa9"}},
        {"601 units",
         601,
         0,
         3,
         "u",
         {NULL},
         "seed",
         "97b7cdc340be4de128d04cd44fcbb41a33a41149c214ea42f2dc820801df113a",
         10,
         {"u350", "u105", "u341", "u424", "u207", "u505", "u383", "u193", "u232", "u046"}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_str given[601], pool, *ids = NULL;
        struct jc_err err = {0};
        uint8_t hash[JC_SHA256_SIZE];
        char hex[2 * JC_SHA256_SIZE + 1];
        uint32_t *lots = NULL;
        size_t count = 0;
        if (cases[i].stem)
            number_ids(given, cases[i].count, cases[i].stem, cases[i].digits, cases[i].first);
        for (int k = 0; !cases[i].stem && k < cases[i].count; k++)
            given[k] = jc_str(cases[i].ids[k]);
        CHECK_OK(cases[i].name, jc_lot_pool(arena, given, (size_t)cases[i].count, &pool, &err), &err);
        jc_sha256(pool, hash);
        CHECK_STR(cases[i].name, jc_hex(hash, sizeof(hash), hex), cases[i].pool_hash);
        CHECK_OK(cases[i].name, jc_lot_ids(arena, pool, &ids, &count, &err), &err);
        CHECK_OK(cases[i].name,
                 jc_lot_draw(arena, hash, jc_str(cases[i].seed), (uint32_t)count, cases[i].drawn, &lots, &err), &err);
        for (uint32_t k = 0; k < cases[i].drawn; k++)
            CHECK_STR(cases[i].name, ids[lots[k]], cases[i].units[k]);
    }
}

/* Drawing everybody is a permutation; drawing k of them is its beginning. */
static void test_everybody(void **state) {
    (void)state;
    enum { N = 64 };
    uint8_t hash[JC_SHA256_SIZE] = {1};
    uint32_t *all = NULL, *some = NULL;
    bool seen[N] = {false};
    struct jc_err err = {0};
    CHECK_OK("all", jc_lot_draw(arena, hash, JC_STR("s"), N, N, &all, &err), &err);
    CHECK_OK("some", jc_lot_draw(arena, hash, JC_STR("s"), N, 9, &some, &err), &err);
    for (int i = 0; i < N; i++) {
        CHECK("in range, once", all[i] < N && !seen[all[i]]);
        seen[all[i]] = true;
    }
    assert_memory_equal(all, some, 9 * sizeof(*some));
    CHECK_OK("nobody", jc_lot_draw(arena, hash, JC_STR("s"), 0, 0, &all, &err), &err);
}

static void test_bad_ids(void **state) {
    (void)state;
    static const char *const ids[] = {"", "a\nb", "a\tb", "\xff", "a\x7f"};
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct jc_str id = jc_str(ids[i]), pool;
        struct jc_err err = {0};
        CHECK_INT(ids[i], jc_lot_pool(arena, &id, 1, &pool, &err), JC_INVALID_ARGUMENT);
        CHECK_INT(ids[i], err.what, JC_MSG_DRAW_ID_BAD);
    }
}

/* --- pool files --------------------------------------------------------------------------------------------- */

static void test_pool_file(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        size_t rows, errors;
        enum jc_msg first;
        int line, column;
    } cases[] = {
        {"columns in any order", "name,unit_id,district\n甲,a,东区\n,b,\n", 2, 0, JC_MSG_NONE, 0, 0},
        {"BOM and CRLF", "\xef\xbb\xbfunit_id\r\na\r\nb\r\n", 2, 0, JC_MSG_NONE, 0, 0},
        {"header alone", "unit_id\n", 0, 0, JC_MSG_NONE, 0, 0},
        {"no header", "", 0, 1, JC_MSG_DRAW_COLUMN_MISSING, 1, 1},
        {"wrong header", "id,名称\na,b\n", 0, 3, JC_MSG_DRAW_COLUMN_UNKNOWN, 1, 1},
        {"column twice", "unit_id,unit_id\na,b\n", 0, 1, JC_MSG_DRAW_COLUMN_TWICE, 1, 9},
        {"empty id", "unit_id,name\na,x\n,y\n", 2, 1, JC_MSG_DRAW_ID_BAD, 3, 1},
        {"the same id written in two forms", "unit_id\n\xc3\xa9\ne\xcc\x81\n", 2, 1, JC_MSG_DRAW_UNIT_TWICE, 3, 1},
        {"field missing", "unit_id,name\na\nb,x\n", 1, 1, JC_MSG_DRAW_FIELDS_WRONG, 2, 1},
        {"every error at once", "unit_id\na\na\na\n", 3, 2, JC_MSG_DRAW_UNIT_TWICE, 3, 1},
        {"quote left open", "unit_id\n\"a\n", 0, 1, JC_MSG_CSV_QUOTE_OPEN, 2, 1},
        {"not UTF-8", "unit_id\n\xff\n", 0, 1, JC_MSG_CSV_NOT_UTF8, 2, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_diags diags = {.arena = arena};
        struct jc_draw_candidate *rows = NULL;
        struct jc_err err = {0};
        size_t count = 0;
        enum jc_code code =
            jc_draw_pool_read(arena, JC_STR("pool.csv"), jc_str(cases[i].text), &diags, &rows, &count, &err);
        CHECK_INT(cases[i].name, code, cases[i].errors ? JC_INVALID_ARGUMENT : JC_OK);
        CHECK_INT(cases[i].name, diags.errors, cases[i].errors);
        CHECK_INT(cases[i].name, count, cases[i].rows);
        if (!cases[i].errors)
            continue;
        CHECK_INT(cases[i].name, diags.items[0].what, cases[i].first);
        CHECK_INT(cases[i].name, diags.items[0].line, cases[i].line);
        CHECK_INT(cases[i].name, diags.items[0].column, cases[i].column);
    }
}

/* --- the life of a draw ---------------------------------------------------------------------------------------- */

static void solve(void) {
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
}

struct commit_job {
    const char *draw, *pool, *source;
    struct jc_draw_committed out;
};

static enum jc_code commit_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct commit_job *job = ctx;
    struct jc_diags diags = {.arena = arena};
    struct jc_draw_candidate *rows = NULL;
    struct jc_draw_request request = {
        .draw_id = jc_str(job->draw), .seed_source = jc_str(job->source), .actor = JC_STR("cli:test"), .now_ms = 1};
    enum jc_code code =
        jc_draw_pool_read(arena, JC_STR("pool.csv"), jc_str(job->pool), &diags, &rows, &request.n_rows, err);
    request.rows = rows;
    return code ? code : jc_draw_commit_pool(tx, 1, &request, arena, &job->out, err);
}

static enum jc_code commit(const char *draw, const char *pool, struct jc_draw_committed *out, struct jc_err *err) {
    struct commit_job job = {.draw = draw, .pool = pool, .source = "彩票"};
    enum jc_code code = jc_test_try(db, commit_job, &job, err);
    *out = job.out;
    return code;
}

struct run_job {
    const char *draw, *seed;
    struct jc_draw_drawn out;
};

static enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct run_job *job = ctx;
    return jc_draw_run_seed(tx, 1, jc_str(job->draw), jc_str(job->seed), JC_STR("cli:test"), 2, arena, &job->out, err);
}

static enum jc_code draw(const char *draw_id, const char *seed, struct jc_draw_drawn *out, struct jc_err *err) {
    struct run_job job = {.draw = draw_id, .seed = seed};
    enum jc_code code = jc_test_try(db, run_job, &job, err);
    *out = job.out;
    return code;
}

struct verify_job {
    const char *draw;
    struct jc_draw_check *checks;
    size_t count;
    bool good;
};

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct verify_job *job = ctx;
    return jc_draw_verify(tx, 1, jc_str(job->draw), arena, &job->checks, &job->count, &job->good, err);
}

#define POOL "unit_id,name\nf1,一店\nf2,二店\nf3,三店\nf4,四店\n"

static void test_life(void **state) {
    (void)state;
    struct jc_draw_committed committed;
    struct jc_draw_drawn drawn;
    struct jc_err err = {0};
    CHECK_INT("no plan yet", commit("d1", POOL, &committed, &err), JC_NOT_FOUND);
    solve();
    CHECK_INT("no commit yet", draw("d1", "7", &drawn, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("no commit yet", err.what, JC_MSG_DRAW_NOT_COMMITTED);
    CHECK_OK("commit", commit("d1", POOL "u1,\nu3,\nu6,\n", &committed, &err), &err);
    CHECK_INT("pool: f1 to f4, u6", committed.commit.pool_count, 5);
    CHECK_INT("slots", committed.slots, 3);
    CHECK_INT("excluded", committed.n_exclusions, 2);
    CHECK_STR("u1", committed.exclusions[0].reason, "key_unit");
    CHECK_STR("u3", committed.exclusions[1].reason, "planned");

    CHECK_OK("empty seed: recorded", draw("d1", "", &drawn, &err), &err);
    CHECK_INT("and refused", drawn.refused, JC_MSG_DRAW_SEED_EMPTY);
    CHECK_OK("draw", draw("d1", "7", &drawn, &err), &err);
    CHECK_INT("drawn", drawn.refused, JC_MSG_NONE);
    CHECK_INT("three of them", drawn.n_picks, 3);
    CHECK_STR("the first slot first", drawn.picks[0].visit_id, "d1-01");
    CHECK_OK("again: recorded", draw("d1", "8", &drawn, &err), &err);
    CHECK_INT("and refused", drawn.refused, JC_MSG_DRAW_AGAIN);
    CHECK_INT("every attempt", jc_test_number(db, "SELECT COUNT(*) FROM draw_run"), 3);
    CHECK_INT("slots filled", jc_test_number(db, "SELECT COUNT(*) FROM visit WHERE draw_id = 'd1' AND unit_id <> ''"),
              3);
    CHECK_INT("new units are general, without rule and lead",
              jc_test_number(db, "SELECT COUNT(*) FROM unit AS u WHERE u.unit_id LIKE 'f%' AND category = 'general'"
                                 "   AND persons = 2 AND NOT EXISTS (SELECT 1 FROM unit_rule AS r"
                                 "                                    WHERE r.unit_id = u.unit_id)") >= 2,
              1);
    struct verify_job verify = {.draw = "d1"};
    jc_test_read(db, verify_job, &verify);
    CHECK("verified", verify.good);
    CHECK_INT("a commit and a run", verify.count, 2);
}

static void test_order(void **state) {
    (void)state;
    struct jc_draw_committed committed;
    struct jc_draw_drawn drawn;
    struct jc_err err = {0};
    solve();
    CHECK_OK("first", commit("d1", POOL, &committed, &err), &err);
    CHECK_INT("a unit waits in another pool",
              commit("d2", "unit_id,name\nf9,\xe4\xb9\x9d\nf1,一店\n", &committed, &err), JC_FAILED_PRECONDITION);
    CHECK_INT("a unit waits in another pool", err.what, JC_MSG_DRAW_PENDING);
    CHECK_OK("draw the first", draw("d1", "7", &drawn, &err), &err);
    char pool[200];
    snprintf(pool, sizeof(pool), "unit_id,name\ng1,甲\ng2,乙\n%.*s,x\n", JC_FMT(drawn.picks[0].unit_id));
    CHECK_OK("now without the one drawn", commit("d2", pool, &committed, &err), &err);
    CHECK_STR("drawn", committed.exclusions[0].reason, "drawn");
    CHECK_OK("full coverage takes all", draw("d2", "x", &drawn, &err), &err);
    CHECK_INT("full coverage takes all", drawn.n_picks, 2);
    /* a new commit draws what is not released anew */
    CHECK_OK("commit again", commit("d1", POOL, &committed, &err), &err);
    CHECK_INT("those of its own slots may be drawn again", committed.commit.pool_count, 4);
    CHECK_OK("draw again", draw("d1", "another", &drawn, &err), &err);
    CHECK_INT("draw again", drawn.refused, JC_MSG_NONE);
    struct verify_job verify = {.draw = "d1"};
    jc_test_read(db, verify_job, &verify);
    CHECK("verified", verify.good);
    CHECK_INT("two commits, two runs", verify.count, 4);
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *name, *draw, *pool, *source;
        enum jc_code code;
        enum jc_msg what;
    } cases[] = {
        {"unknown draw", "d9", POOL, "彩票", JC_NOT_FOUND, JC_MSG_DRAW_UNKNOWN},
        {"no source", "d1", POOL, " ", JC_INVALID_ARGUMENT, JC_MSG_DRAW_SOURCE_MISSING},
        {"unknown unit without a name", "d1", "unit_id\nf1\n", "彩票", JC_INVALID_ARGUMENT, JC_MSG_DRAW_NAME_MISSING},
        {"nobody left", "d1", "unit_id\nu1\n", "彩票", JC_FAILED_PRECONDITION, JC_MSG_DRAW_POOL_EMPTY},
        {"nobody at all", "d1", "unit_id\n", "彩票", JC_FAILED_PRECONDITION, JC_MSG_DRAW_POOL_EMPTY},
        {"full coverage, pool too large", "d2", POOL, "彩票", JC_FAILED_PRECONDITION, JC_MSG_DRAW_FULL_SIZE},
        {"bad file", "d1", "unit_id\na\na\n", "彩票", JC_INVALID_ARGUMENT, JC_MSG_DRAW_POOL_WRONG},
    };
    solve();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct commit_job job = {.draw = cases[i].draw, .pool = cases[i].pool, .source = cases[i].source};
        struct jc_err err = {0};
        CHECK_INT(cases[i].name, jc_test_try(db, commit_job, &job, &err), cases[i].code);
        CHECK_INT(cases[i].name, err.what, cases[i].what);
    }
    CHECK_INT("nothing is on record", jc_test_number(db, "SELECT COUNT(*) FROM draw_commit"), 0);
}

/* A pool smaller than the slots leaves some empty; the next commit fills those alone. */
static void test_small_pool(void **state) {
    (void)state;
    struct jc_draw_committed committed;
    struct jc_draw_drawn drawn;
    struct jc_err err = {0};
    solve();
    CHECK_OK("commit", commit("d1", "unit_id,name\nf1,一店\nf2,二店\n", &committed, &err), &err);
    CHECK_OK("draw", draw("d1", "7", &drawn, &err), &err);
    CHECK_INT("two drawn", drawn.n_picks, 2);
    CHECK_INT("one empty", drawn.empty, 1);
    CHECK_OK("commit the rest", commit("d1", POOL, &committed, &err), &err);
    CHECK_INT("one slot", committed.slots, 1);
    CHECK_INT("two left to draw from", committed.commit.pool_count, 2);
    CHECK_OK("draw the rest", draw("d1", "8", &drawn, &err), &err);
    CHECK_INT("one drawn", drawn.n_picks, 1);
    CHECK_INT("all different", jc_test_number(db, "SELECT COUNT(DISTINCT unit_id) FROM visit WHERE draw_id = 'd1'"), 3);
    /* solving again leaves drawn slots where they are */
    int64_t where = jc_test_number(db, "SELECT SUM(month * month) FROM visit WHERE draw_id = 'd1'");
    solve();
    CHECK_INT("slots stay", jc_test_number(db, "SELECT SUM(month * month) FROM visit WHERE draw_id = 'd1'"), where);
    CHECK_INT("units stay", jc_test_number(db, "SELECT COUNT(DISTINCT unit_id) FROM visit WHERE draw_id = 'd1'"), 3);
}

/* Whoever alters the record is found. */
static void test_tampering(void **state) {
    (void)state;
    static const struct {
        const char *name, *sql;
        enum jc_msg fault;
    } cases[] = {
        {"another unit in the pool", "UPDATE draw_commit SET pool = CAST('f1' || char(10) AS BLOB)",
         JC_MSG_DRAW_FAULT_HASH},
        {"another size", "UPDATE draw_commit SET pool_count = 3", JC_MSG_DRAW_FAULT_COUNT},
        {"another seed", "UPDATE draw_run SET seed = 'mine'", JC_MSG_DRAW_FAULT_PICK},
        {"another unit drawn", "UPDATE draw_pick SET unit_id = 'u6' WHERE position = 0;", JC_MSG_DRAW_FAULT_PICK},
        {"no pick left", "DELETE FROM draw_pick", JC_MSG_DRAW_FAULT_PICK},
        {"a pick struck out", "DELETE FROM draw_pick WHERE position = (SELECT MAX(position) FROM draw_pick)",
         JC_MSG_DRAW_FAULT_SLOT},
        {"no run left", "DELETE FROM draw_pick; DELETE FROM draw_run", JC_MSG_DRAW_FAULT_SLOT},
        {"another unit in the slot", "UPDATE visit SET unit_id = 'u6' WHERE visit_id = 'd1-01'",
         JC_MSG_DRAW_FAULT_SLOT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_draw_committed committed;
        struct jc_draw_drawn drawn;
        struct jc_err err = {0};
        struct verify_job verify = {.draw = "d1"};
        enum jc_msg found = JC_MSG_NONE;
        solve();
        CHECK_OK(cases[i].name, commit("d1", POOL, &committed, &err), &err);
        CHECK_OK(cases[i].name, draw("d1", "7", &drawn, &err), &err);
        jc_test_script(db, cases[i].sql);
        jc_test_read(db, verify_job, &verify);
        CHECK(cases[i].name, !verify.good);
        for (size_t k = 0; k < verify.count && found == JC_MSG_NONE; k++)
            found = verify.checks[k].fault;
        CHECK_INT(cases[i].name, found, cases[i].fault);
        jc_db_close(db);
        db = jc_plan_test_year(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_vectors, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_everybody, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_bad_ids, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_pool_file, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_life, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_order, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_refused, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_small_pool, open_year, close_db),
        cmocka_unit_test_setup_teardown(test_tampering, open_year, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
