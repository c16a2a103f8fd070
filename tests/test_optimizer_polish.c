/* Polish (docs/OPTIMIZER.md, (28)): whatever part of a plan is opened, what comes back is a plan the referee accepts,
 * worth what it says, never worse, and the same for the same seed. */
#include "jc_problem_test.h"

#include "model/objective.h"
#include "optimizer/construct.h"
#include "optimizer/plan_message.h"
#include "optimizer/polish.h"

static bool always(void *ctx) {
    (void)ctx;
    return true;
}

/* A plan made in a hurry, which leaves much to polish. */
static struct jc_snapshot *hurried(const char *name, const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_pricer p = {.closed_pair = -1, .penalties = {100000, 100000}, .temperature = 50000};
    struct jc_err err = {0};
    struct jc_snapshot *plan = jc_snapshot_new(in, arena);
    p.state = jc_state_new(in, arena);
    assert_non_null(p.state);
    assert_non_null(plan);
    jc_random_seed(&p.random, 1, 0);
    jc_noise_init(&p.noise);
    CHECK_OK(name, jc_construct(&p, always, NULL, arena, &err), &err);
    jc_snapshot_take(plan, p.state);
    return plan;
}

static struct jc_snapshot *polished(const struct jc_instance *in, const struct jc_snapshot *plan, int64_t share,
                                    struct jc_arena *arena) {
    atomic_bool stop = false;
    struct jc_polish *polish = jc_polish_new(in, 7, arena);
    struct jc_snapshot *out = jc_snapshot_new(in, arena);
    assert_non_null(polish);
    assert_non_null(out);
    jc_snapshot_copy(in, out, plan);
    if (jc_polish_fits(polish)) {
        jc_polish_run(polish, plan, share, &stop);
        jc_snapshot_copy(in, out, jc_polish_plan(polish));
    }
    return out;
}

static void check_plan(const char *name, const Jc__Problem *problem, const struct jc_instance *in,
                       const struct jc_snapshot *plan, struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure m;
    struct jc_plan_message *message = jc_plan_message_new(in, arena);
    assert_non_null(message);
    Jc__Solution *s = jc_plan_message_fill(message, plan);
    CHECK_OK(name, jc_solution_check(problem, s, arena, &m, &err), &err);
    CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
}

static void a_polished_plan_is_a_plan_and_no_worse(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    int better = 0;
    for (uint64_t seed = 1; seed < 80; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *problem = chance_problem(arena, seed, 6);
        struct jc_instance *in;
        struct jc_err err = {0};
        CHECK_OK(name, jc_instance_build(problem, arena, &in, &err), &err);
        struct jc_snapshot *plan = hurried(name, in, arena);
        struct jc_snapshot *found = polished(in, plan, 300000, arena);
        check_plan(name, problem, in, found, arena);
        CHECK(name, jc_totals_cmp(&found->totals, &plan->totals) <= 0);
        better += jc_totals_cmp(&found->totals, &plan->totals) < 0;
        jc_arena_reset(arena);
    }
    assert_true(better > 0);
    jc_arena_free(arena);
}

static void the_same_seed_polishes_to_the_same_plan(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    Jc__Problem *problem = larger_problem(arena);
    struct jc_instance *in;
    struct jc_err err = {0};
    CHECK_OK("instance", jc_instance_build(problem, arena, &in, &err), &err);
    struct jc_snapshot *plan = hurried("larger", in, arena);
    struct jc_snapshot *one = polished(in, plan, 30000000, arena), *two = polished(in, plan, 30000000, arena);
    assert_true(jc_totals_cmp(&one->totals, &plan->totals) < 0);
    assert_int_equal(jc_totals_cmp(&one->totals, &two->totals), 0);
    assert_memory_equal(one->place, two->place, (size_t)in->n_units * sizeof *one->place);
    check_plan("larger", problem, in, one, arena);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_polished_plan_is_a_plan_and_no_worse),
        cmocka_unit_test(the_same_seed_polishes_to_the_same_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
