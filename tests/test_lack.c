/* Rows that shortfalls name are found by their names: a unit, or behind a slash the first of its parts that has no
 * month; names that only begin alike are others. */
#include "jc_test.h"

#include "plan/limit.h"

static void test_units(void **state) {
    (void)state;
    /* in the problem's order; a name with a plus has a month */
    static const char *const NAMES[] = {"u2", "u1/9", "u1-1", "u10",  "u1/3+", "u1/4",
                                        "u1", "u/1",  "u3+",  "u3/2", "中/一"};
    static const struct {
        const char *unit_id;
        int unit;
    } CASES[] = {
        {"u2", 0},   {"u1", 6}, {"u1-1", 2}, {"u10", 3}, {"u", 7}, {"u/1", 7},  {"u1/3", -1},
        {"u1/4", 5}, {"u3", 9}, {"中", 10},  {"u4", -1}, {"", -1}, {"u1/", -1}, {"zz", -1},
    };
    Jc__ProblemUnit units[COUNT(NAMES)], *list[COUNT(NAMES)];
    char ids[COUNT(NAMES)][16];
    Jc__UnitOption once = JC__UNIT_OPTION__INIT, *options[] = {&once};
    Jc__ProblemRule rule = JC__PROBLEM_RULE__INIT, *rules[] = {&rule};
    Jc__Problem problem = JC__PROBLEM__INIT;
    int32_t team = 0;
    rule.visits = once.visits = 1;
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        size_t len = strcspn(NAMES[i], "+");
        jc__problem_unit__init(list[i] = &units[i]);
        snprintf(ids[i], sizeof ids[i], "%.*s", (int)len, NAMES[i]);
        units[i].unit_id = ids[i];
        units[i].options = options;
        units[i].n_options = 1;
        units[i].lead_teams = &team;
        units[i].n_lead_teams = 1;
        units[i].blackout_months = NAMES[i][len] ? 0 : 0xfff;
    }
    problem.units = list;
    problem.n_units = COUNT(NAMES);
    problem.rules = rules;
    problem.n_rules = 1;
    struct jc_arena *arena = jc_arena_new(1 << 16);
    const struct jc_lacks *lacks = jc_lacks_new(&problem, arena);
    assert_non_null(lacks);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        Jc__Shortfall shortfall = JC__SHORTFALL__INIT;
        shortfall.unit_id = (char *)CASES[i].unit_id;
        CHECK_INT(CASES[i].unit_id, jc_lack_of(lacks, &shortfall).unit, CASES[i].unit);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_units)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
