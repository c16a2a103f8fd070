/* What remains of a rule in the middle of a year: a table of rules, months that hold a visit and months that
 * are over. */
#include "jc_problem_test.h"

#include "plan/remainder.h"

enum { Q1 = 0x007, Q2 = 0x038, Q3 = 0x1c0, Q4 = 0xe00, FIVE = 0x01f, HALF = 0x03f };

static void finds_what_is_left(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int due, gap;
        uint32_t windows[4]; /* one visit each; 0 ends them */
        struct jc_remainder_year year;
        int visits, missed;
        uint32_t free; /* months that are not blocked */
    } cases[] = {
        {"nothing done, nothing over", 2, 1, {0}, {0, 0, 0}, 2, 0, 0xfff},
        {"all done", 2, 1, {0}, {0x003, 0, 0x003}, 0, 0, 0xffc},
        {"more done than due", 1, 1, {0}, {0x003, 0, 0x003}, 0, 0, 0xffc},
        {"one missed, any month will do", 2, 1, {0}, {0x001, 0, FIVE}, 1, 0, 0xfe0},
        {"a quarter is over", 4, 1, {Q1, Q2, Q3, Q4}, {0, 0, FIVE}, 3, 1, 0xfe0},
        {"a quarter is over, the next one is done", 4, 1, {Q1, Q2, Q3, Q4}, {0x010, 0, FIVE}, 2, 1, 0xfe0},
        {"the whole year is over", 4, 1, {Q1, Q2, Q3, Q4}, {0x010, 0, 0xfff}, 0, 3, 0},
        {"the gap leaves less room", 2, 3, {0}, {0x020, 0, 0}, 1, 0, 0xf07},
        {"done in June instead of May", 2, 3, {0}, {0x010, 0x020, FIVE}, 1, 0, 0xf00},
        {"too many for the months left", 4, 3, {0}, {0, 0, 0x1ff}, 1, 3, 0xe00},
        {"a window that is full", 2, 1, {HALF, 0xfc0}, {0x020, 0, HALF}, 1, 0, 0xfc0},
    };
    struct jc_arena *arena = jc_arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct maker k = maker_new(arena);
        Jc__ProblemRule *rule = add_rule(&k, cases[i].due, cases[i].gap);
        struct jc_remainder left;
        struct jc_err err = {0};
        for (int w = 0; w < 4 && cases[i].windows[w]; w++)
            add_window(&k, &rule->windows, &rule->n_windows, cases[i].windows[w], 1, 1);
        CHECK_OK(cases[i].name, jc_remainder_of(rule, cases[i].due, &cases[i].year, arena, &left, &err), &err);
        CHECK_INT(cases[i].name, left.visits, cases[i].visits);
        CHECK_INT(cases[i].name, left.missed, cases[i].missed);
        CHECK_INT(cases[i].name, left.blocked ^ 0xfff, cases[i].free);
        struct jc_pattern_rule pattern = {left.windows, left.n_windows, left.visits, cases[i].gap, left.blocked};
        uint16_t masks[JC_PATTERNS_MAX];
        CHECK(cases[i].name, jc_pattern_list(&pattern, masks) > 0); /* what is left can be placed */
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_is_left)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
