/* The budget: T, O, N, S and need of the published plan; need and targets worked out by hand for small
 * ones (DESIGN section 9.6, W3, W8). */
#include "jc_case_test.h"

#include "plan/budget.h"

struct loaded {
    struct jc_arena *arena;
    struct jc_register *reg;
    struct jc_budget budget;
};

static enum jc_code load_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct loaded *loaded = ctx;
    enum jc_code code = jc_register_load(tx, 1, loaded->arena, &loaded->reg, err);
    return code ? code : jc_budget_make(loaded->reg, &loaded->budget, err);
}

static void load(struct jc_db *db, struct loaded *loaded) {
    loaded->arena = jc_arena_new(64 << 20);
    jc_test_read(db, load_job, loaded);
}

/* --- the published plan ------------------------------------------------------------------------------ */

static void import_huainan(struct jc_db *db) {
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_case_input *inputs;
    struct jc_import_result result;
    struct jc_err err = {0};
    size_t count;
    CHECK_OK("folder", jc_case_folder("examples/huainan-2023", arena, &inputs, &count, &err), &err);
    jc_test_import(db, arena, inputs, count, false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_NEW);
    jc_arena_free(arena);
}

static void test_huainan(void **state) {
    (void)state;
    enum { NONE = JC_BUDGET_ABSENT };
    static const struct {
        const char *team;
        int64_t headcount, t, o, n, remainder, s, need, key, general, joint;
    } expected[] = {
        {"hn-t1", 5, 124500, 46100, 48500, 29900, 29900, 29900, 16, 5, 0},
        {"hn-t2", 2, 49800, 15000, 22800, 12000, 12000, 12000, 54, 6, 0},
        {"hn-t3", 3, 74700, 38000, 27700, 9000, 9000, 9000, 17, 10, 0},
        {"hn-em", 3, 75000, 41800, 29600, 3600, 3600, 3600, 4, 4, 4},
        {"hn-hr", 2, 49800, 16400, 29800, 3600, 3600, 3600, 6, 3, 0},
        {"hn-oth", 25, NONE, NONE, NONE, NONE, NONE, 0, 0, 0, 0},
        {"", 40, 996000, 498000, 439900, 58100, 58100, 58100, 97, 28, 4},
    };
    struct jc_db *db = jc_test_store();
    struct loaded loaded;
    import_huainan(db);
    load(db, &loaded);
    assert_int_equal(loaded.budget.count, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct jc_budget_row *row = &loaded.budget.rows[i];
        CHECK_STR(expected[i].team, row->team_id, expected[i].team);
        CHECK_INT(expected[i].team, row->headcount, expected[i].headcount);
        CHECK_INT(expected[i].team, row->statutory_centi, expected[i].t);
        CHECK_INT(expected[i].team, row->other_centi, expected[i].o);
        CHECK_INT(expected[i].team, row->non_enforcement_centi, expected[i].n);
        CHECK_INT(expected[i].team, row->has_remainder, expected[i].remainder != NONE);
        CHECK_INT(expected[i].team, row->has_remainder ? row->remainder_centi : NONE, expected[i].remainder);
        CHECK_INT(expected[i].team, row->supervision_centi, expected[i].s);
        CHECK_INT(expected[i].team, row->need_centi, expected[i].need);
        CHECK_INT(expected[i].team, row->key_units, expected[i].key);
        CHECK_INT(expected[i].team, row->general_units, expected[i].general);
        CHECK_INT(expected[i].team, row->joint_units, expected[i].joint);
    }
    /* 299 spread over 249 days: 299 x 18 / 249 = 21.6 in January, 299 x 23 / 249 = 27.6 in March */
    const struct jc_budget_targets *t1 = loaded.budget.rows[0].targets;
    static const int64_t targets[12] = {22, 24, 28, 24, 25, 25, 25, 28, 24, 23, 26, 25};
    for (int m = 0; m < 12; m++)
        assert_int_equal(t1->target_centi[m], 100 * targets[m]);
    assert_int_equal(t1->month_centi[0], 5 * 1800);
    assert_int_equal(t1->year_centi, 29900);
    assert_false(loaded.budget.rows[5].targets->has_target);
    jc_arena_free(loaded.arena);
    jc_db_close(db);
}

/* --- by hand ------------------------------------------------------------------------------------------- */

struct small {
    const char *name, *file, *find, *with;
    int64_t need[3];   /* t1, t2, and t3 where there is one */
    int64_t target[2]; /* of t1 in January and February; -1: no target */
};

/* The small case: u1 two visits of 2 workdays over two teams, t2 joins one of them with 1; u2 4.5
 * workdays, once or twice; u3 every three years, last in 2021; the draw 6 times 2. */
static const struct small smalls[] = {
    {"as it stands", NULL, NULL, "", {2075, 300}, {600, 400}},
    {"u3 is due", "units.csv", "2021-03", "2020-12", {2075, 500}, {600, 400}},
    {"u3 was never visited", "units.csv", "2021-03", "", {2075, 500}, {600, 400}},
    {"u3 every two years", "rules.csv", "0.33", "0.5", {2075, 500}, {600, 400}},
    {"quotas fix that u2 has two visits",
     "quotas.csv",
     "q4,",
     "q5,,rule:r1,1-12,units,0,0,\nq4,",
     {2300, 300},
     {600, 400}},
    {"quotas fix more units than there are",
     "quotas.csv",
     "q4,",
     "q5,,rule:r1,1-12,units,3,3,\nq4,",
     {2075, 300},
     {600, 400}},
    {"a bound is no fixed number", "quotas.csv", "q4,", "q5,,rule:r1,1-12,units,0,1,\nq4,", {2075, 300}, {600, 400}},
    {"no joint visit", "units.csv", "t2,r1,2,0.5", ",,,", {2075, 200}, {600, 400}},
    {"a team more", "teams.csv", "t2,二科", "t3,三科,,1,,\nt2,二科", {2075, 0, 300}, {600, 400}},
    {"half a budget", "budgets.csv", "t1,1,5.5\nt1,2,4", "t1,1,41.5\nt1,2,0", {2075, 300}, {2100, 0}},
    {"need above half of one workday rounds up",
     "budgets.csv",
     "t1,1,5.5\nt1,2,4",
     "t1,1,1\nt1,2,40.5",
     {2075, 300},
     {100, 2000}},
    {"just below half rounds down", "budgets.csv", "t1,1,5.5\nt1,2,4", "t1,1,1\nt1,2,40.51", {2075, 300}, {0, 2000}},
    {"no budgets: A(k) by working days", "budgets.csv", "t1,1,5.5\nt1,2,4", "t2,1,5.5", {2075, 300}, {200, 200}},
    {"neither budgets nor A(k)", "teams.csv", "60.5", "", {2075, 300}, {600, 400}},
    {"budgets of nothing", "budgets.csv", "t1,1,5.5\nt1,2,4", "t1,1,0", {2075, 300}, {-1, -1}},
};

static void test_small(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(smalls); i++) {
        const struct small *small = &smalls[i];
        struct jc_db *db = jc_test_store();
        struct jc_arena *arena = jc_arena_new(64 << 20);
        struct jc_case_input inputs[JC_SMALL_FILES];
        struct jc_import_result result;
        struct loaded loaded;
        size_t count = jc_small_inputs(arena, small->file, small->find, jc_str(small->with), inputs);
        jc_test_import(db, arena, inputs, count, false, &result);
        CHECK_INT(small->name, result.outcome, JC_IMPORT_NEW);
        load(db, &loaded);
        for (size_t t = 0; t + 1 < loaded.budget.count; t++)
            CHECK_INT(small->name, loaded.budget.rows[t].need_centi, small->need[t]);
        const struct jc_budget_targets *t1 = loaded.budget.rows[0].targets;
        CHECK_INT(small->name, t1->has_target, small->target[0] >= 0);
        for (int m = 0; t1->has_target && m < 2; m++)
            CHECK_INT(small->name, t1->target_centi[m], small->target[m]);
        jc_arena_free(loaded.arena);
        jc_arena_free(arena);
        jc_db_close(db);
    }
}

/* Thirds and sevenths stay exact: 7 units of 3 teams, each a workday, are 7/3 a team. */
static void test_fractions(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_buf units;
    struct jc_import_result result;
    struct loaded loaded;
    jc_buf_init(&units, 1 << 16);
    jc_buf_printf(&units, "unit_id,name,category,lead_team,rule_id,persons,days\n");
    for (int i = 0; i < 7; i++)
        jc_buf_printf(&units, "u%d,n%d,key,a|b|c,r,2,0.5\n", i, i);
    struct jc_case_input inputs[] = {
        {JC_STR("agency.csv"), JC_STR("agency_id,name,year\nx,X,2023\n")},
        {JC_STR("teams.csv"), JC_STR("team_id,name,headcount\na,A,1\nb,B,0\nc,C,1\n")},
        {JC_STR("rules.csv"), JC_STR("rule_id,name,visits_per_year\nr,R,1\n")},
        {JC_STR("units.csv"), jc_buf_str(&units)},
        {JC_STR("budgets.csv"), JC_STR("team_id,month,workdays\na,1,1\na,2,2\na,3,4\nc,1,1\nc,2,1\n")},
    };
    jc_test_import(db, arena, inputs, COUNT(inputs), false, &result);
    assert_int_equal(result.outcome, JC_IMPORT_NEW);
    load(db, &loaded);
    assert_int_equal(loaded.budget.rows[0].need_centi, 233); /* 7/3, rounded to hundredths for people */
    const struct jc_budget_targets *a = loaded.budget.rows[0].targets, *b = loaded.budget.rows[1].targets;
    /* need 7/3, sum of shares 7: one third of each share: 1/3, 2/3, 4/3 -> 0, 1, 1 */
    assert_int_equal(a->target_centi[0], 0);
    assert_int_equal(a->target_centi[1], 100);
    assert_int_equal(a->target_centi[2], 100);
    /* headcount 0 and no budgets: no limit, no target */
    assert_int_equal(b->month_centi[0], JC_BUDGET_ABSENT);
    assert_int_equal(b->year_centi, JC_BUDGET_ABSENT);
    assert_false(b->has_target);
    /* a month that budgets.csv leaves out keeps headcount x working days as its limit */
    assert_int_equal(a->month_centi[3], 2000);
    /* need above what there is: the share itself */
    assert_int_equal(loaded.budget.rows[2].targets->target_centi[0], 100);
    jc_buf_free(&units);
    jc_arena_free(loaded.arena);
    jc_arena_free(arena);
    jc_db_close(db);
}

static enum jc_code load_only(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct loaded *loaded = ctx;
    return jc_register_load(tx, 1, loaded->arena, &loaded->reg, err);
}

static void test_refusals(void **state) {
    (void)state;
    struct jc_db *db = jc_test_store();
    struct loaded loaded = {jc_arena_new(64 << 20), NULL, {0}};
    struct jc_case_input inputs[JC_SMALL_FILES];
    struct jc_import_result result;
    struct jc_err err = {0};
    assert_int_equal(jc_db_read(db, load_only, &loaded, &err), JC_FAILED_PRECONDITION);
    assert_int_equal(err.what, JC_MSG_REGISTER_EMPTY);
    size_t count = jc_small_inputs(loaded.arena, "agency.csv", "2023", JC_STR("2031"), inputs);
    jc_test_import(db, loaded.arena, inputs, count, false, &result);
    assert_int_equal(jc_db_read(db, load_only, &loaded, &err), JC_FAILED_PRECONDITION);
    assert_int_equal(err.what, JC_MSG_CALENDAR_UNKNOWN);
    CHECK_STR("names the year", err.arg[0], "2031");
    CHECK_STR("names known years", err.arg[1], "2020-2026");
    jc_arena_free(loaded.arena);
    jc_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huainan),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
