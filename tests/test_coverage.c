/* F2: the years it takes to inspect all key units, by hand and against counting year by year. */
#include "jc_problem_test.h"

#include "plan/coverage.h"

/* Two teams; each unit: work of a visit, visits a year, lead team (2: either), key or not. */
static const struct {
    const char *name;
    int64_t year[2], month[2]; /* limits of the two teams, -1: none */
    struct {
        int64_t work;
        int visits, team;
        bool key;
    } units[6];
    int unserved;        /* so many of the first units */
    int years;           /* -1: nothing is to be said */
    const char *team_id; /* whose */
    int64_t need, limit, planned;
} CASES[] = {
    {"all fits", {900, -1}, {-1, -1}, {{300, 1, 0, true}, {300, 2, 0, true}}, 0, -1, "", 0, 0, 0},
    {"exactly", {600, -1}, {-1, -1}, {{300, 1, 0, true}, {300, 1, 0, true}}, 0, -1, "", 0, 0, 0},
    {"one hundredth too few", {599, -1}, {-1, -1}, {{300, 1, 0, true}, {300, 1, 0, true}}, 0, 2, "t1", 600, 599, 600},
    {"once but not as often", {600, -1}, {-1, -1}, {{300, 2, 0, true}, {300, 2, 0, true}}, 0, 1, "t1", 600, 600, 1200},
    {"three years", {250, -1}, {-1, -1}, {{300, 1, 0, true}, {300, 1, 0, true}}, 0, 3, "t1", 600, 250, 600},
    {"months are less than the year", {600, -1}, {20, -1}, {{300, 1, 0, true}}, 0, 2, "t1", 300, 240, 300},
    {"no workdays", {0, -1}, {-1, -1}, {{300, 1, 0, true}}, 0, 0, "t1", 300, 0, 300},
    {"general units do not count", {300, -1}, {-1, -1}, {{300, 1, 0, true}, {900, 4, 0, false}}, 0, -1, "", 0, 0, 0},
    {"no limit at all", {-1, -1}, {-1, -1}, {{300, 12, 0, true}}, 0, -1, "", 0, 0, 0},
    {"the worse team speaks", {100, 300}, {-1, -1}, {{200, 1, 0, true}, {900, 1, 1, true}}, 0, 3, "t2", 900, 300, 900},
    {"both together", {300, 300}, {-1, -1}, {{700, 1, 2, true}, {600, 1, 2, true}}, 0, 3, "", 1300, 600, 1300},
    {"months leave one out", {900, -1}, {-1, -1}, {{300, 1, 0, true}, {300, 1, 0, true}}, 1, 1, "", 600, -1, 600},
    {"a general one left out", {900, -1}, {-1, -1}, {{300, 1, 0, false}, {300, 1, 0, true}}, 1, -1, "", 0, 0, 0},
};

static void test_years(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 22);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct maker k = maker_new(arena);
        struct jc_problem_source sources[6] = {0};
        Jc__Unit rows[6];
        int32_t unserved[6] = {0};
        struct jc_measure measure = {.unserved = unserved};
        struct jc_err err = {0};
        Jc__KeyCoverage *said = NULL;
        for (int t = 0; t < 2; t++)
            add_team(&k, CASES[i].month[t], CASES[i].year[t], -1);
        for (int u = 0; u < 6 && CASES[i].units[u].work; u++) {
            add_rule(&k, CASES[i].units[u].visits, 1);
            Jc__ProblemUnit *unit = add_unit(&k, CASES[i].units[u].work);
            add_option(&k, unit, u, true);
            add_lead(&k, unit, CASES[i].units[u].team % 2);
            if (CASES[i].units[u].team == 2)
                add_lead(&k, unit, 1);
            jc__unit__init(&rows[u]);
            rows[u].category = CASES[i].units[u].key ? (char *)"key" : (char *)"general";
            sources[u].unit = &rows[u];
            unserved[u] = u < CASES[i].unserved;
        }
        const struct jc_plan_problem pp = {.problem = k.p, .sources = sources};
        CHECK_OK(CASES[i].name, jc_coverage_find(&pp, &measure, arena, &said, &err), &err);
        CHECK_INT(CASES[i].name, said ? said->years : -1, CASES[i].years);
        if (said) {
            CHECK_STR(CASES[i].name, jc_str(said->team_id), CASES[i].team_id);
            CHECK_INT(CASES[i].name, said->need_centi, CASES[i].need);
            CHECK_INT(CASES[i].name, said->limit_centi, CASES[i].limit);
            CHECK_INT(CASES[i].name, said->planned_centi, CASES[i].planned);
            CHECK_INT(CASES[i].name, said->unserved, CASES[i].unserved);
            int64_t years = 0; /* year by year */
            for (int64_t done = 0; said->limit_centi > 0 && done < said->need_centi; done += said->limit_centi)
                years++;
            CHECK(CASES[i].name, said->limit_centi <= 0 || years == said->years);
        }
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_years)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
