/* The tally of quotas by hand: what must be missed is counted, however the plan is made; what can be met is
 * not. Against brute force it stands in test_optimizer_brute, with all other bounds. */
#include "jc_problem_test.h"

#include "model/problem.h"
#include "optimizer/tally.h"

enum { FIRST_HALF = 0x03f, SECOND_HALF = 0xfc0, FIRST_QUARTER = 0x007, SECOND_QUARTER = 0x038 };

/* Units due once in each half of the year, in a group with at most `first` visits in its first quarter and
 * `second` in its second one; `team` may be one of two for every third unit. A draw with one slot a quarter. */
struct tally_case {
    const char *name;
    int groups, units, first, second, draw_min;
    int64_t missed;
};

static const struct tally_case cases[] = {
    {"room for all", 1, 18, 8, 10, 0, 0},   {"one too many", 1, 19, 8, 10, 0, 1},
    {"five too many", 1, 23, 8, 10, 0, 5},  {"one too many, in each of three groups", 3, 19, 8, 10, 0, 3},
    {"no visit allowed", 1, 2, 0, 0, 0, 2}, {"a draw short of its quota by two", 1, 3, 8, 10, 3, 2},
    {"no quota", 0, 4, 0, 0, 0, 0},
};

static void make_group(struct maker *k, const struct tally_case *c, int group) {
    char *name = maker_name(k, "g", (size_t)group);
    for (int u = 0; u < c->units; u++) {
        Jc__ProblemUnit *unit = add_unit(k, 100);
        add_option(k, unit, 0, true);
        add_lead(k, unit, 0);
        if (u % 3 == 0)
            add_lead(k, unit, 1);
        add_group(k, &unit->groups, &unit->n_groups, name);
    }
    const struct {
        uint32_t months;
        int most;
    } quarters[] = {{FIRST_QUARTER, c->first}, {SECOND_QUARTER, c->second}};
    for (size_t i = 0; i < COUNT(quarters); i++) {
        Jc__ProblemQuota *q = add_quota(k, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS,
                                        quarters[i].months, 0, quarters[i].most);
        add_group(k, &q->groups, &q->n_groups, name);
    }
}

static Jc__Problem *make(struct jc_arena *arena, const struct tally_case *c) {
    struct maker k = maker_new(arena);
    add_team(&k, -1, -1, -1);
    add_team(&k, 100, -1, -1); /* limits play no part */
    Jc__ProblemRule *rule = add_rule(&k, 2, 1);
    add_window(&k, &rule->windows, &rule->n_windows, FIRST_HALF, 1, 1);
    add_window(&k, &rule->windows, &rule->n_windows, SECOND_HALF, 1, 1);
    for (int group = 0; group < c->groups; group++)
        make_group(&k, c, group);
    if (c->draw_min) {
        Jc__ProblemDraw *d = add_draw(&k, 0, 2, 100);
        add_window(&k, &d->windows, &d->n_windows, FIRST_HALF, 1, 1);
        add_window(&k, &d->windows, &d->n_windows, SECOND_HALF, 1, 1);
        Jc__ProblemQuota *q = add_quota(&k, JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS,
                                        FIRST_HALF, c->draw_min, -1);
        add_member(&k, q, 0);
    }
    return k.p;
}

static void counts_what_must_be_missed(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_err err = {0};
        struct jc_instance *in;
        Jc__Problem *p = make(arena, &cases[i]);
        CHECK_OK(cases[i].name, jc_problem_check(p, &err), &err);
        CHECK_OK(cases[i].name, jc_instance_build(p, arena, &in, &err), &err);
        struct jc_tally *t = jc_tally_new(in, arena);
        assert_non_null(t);
        int64_t before = 0;
        while (jc_tally_step(t)) {
            CHECK(cases[i].name, jc_tally_bound(t) >= before && jc_tally_bound(t) <= cases[i].missed);
            before = jc_tally_bound(t);
        }
        CHECK_INT(cases[i].name, jc_tally_bound(t), cases[i].missed);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_what_must_be_missed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
