/* The cost bound of blocks and months in accord against brute force: at every step, whatever the prices are
 * then, it must not pass the best plan's cost; and what comes after the first steps of the blocks alone must
 * raise it often. */
#include <stdatomic.h>

#include "jc_brute.h"
#include "model/problem.h"
#include "optimizer/lagrange.h"

enum { CASES = 12, PLANS_MAX = 30000, FIRST_STEPS = 450 };

struct tally {
    int compared, higher, reached;
};

/* Bounds one problem; false if it has too many plans to enumerate. */
static bool bound_one(uint64_t seed, struct jc_arena *arena, struct tally *t) {
    char name[32];
    snprintf(name, sizeof name, "seed %d", (int)seed);
    struct brute b;
    struct jc_err err = {0};
    struct jc_instance *in;
    atomic_bool stop = false;
    Jc__Problem *p = chance_problem(arena, seed, 6);
    CHECK_OK(name, jc_problem_check(p, &err), &err);
    if (brute_prepare(&b, p, arena) > PLANS_MAX)
        return false;
    brute_force(&b);
    CHECK_OK(name, jc_instance_build(p, arena, &in, &err), &err);
    struct jc_lagrange *l = jc_lagrange_new(in, arena);
    struct jc_totals held = {b.best.over_centi, b.best.quota, 0};
    CHECK_OK(name, jc_lagrange_begin(l, JC_TIER_COST, &held, in->travel_e5 + 100000, &err), &err);
    int64_t first = 0;
    bool more = true;
    for (int step = 0; more; step++) {
        more = jc_lagrange_step(l, &stop);
        if (jc_lagrange_bound(l) > b.best.cost_e5)
            fail_msg("case %s: bound %lld after step %d is above the optimum %lld", name,
                     (long long)jc_lagrange_bound(l), step, (long long)b.best.cost_e5);
        if (step < FIRST_STEPS)
            first = jc_lagrange_bound(l);
    }
    t->compared++;
    t->higher += jc_lagrange_bound(l) > first;
    t->reached += jc_lagrange_bound(l) * 100 >= b.best.cost_e5 * 99;
    return true;
}

static void never_passes_the_best_plan(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct tally t = {0};
    for (uint64_t seed = 9000; t.compared < CASES; seed++) {
        bound_one(seed, arena, &t);
        jc_arena_reset(arena);
    }
    printf("%d problems: raised after the first steps in %d, within a hundredth of the optimum in %d\n", t.compared,
           t.higher, t.reached);
    assert_true(t.higher * 4 > t.compared);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_passes_the_best_plan)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
