/* The optimizer's promises to its caller: it repeats itself, stops when told, tells plans that are valid,
 * ends by itself, and fails cleanly. How good its plans are is asked in test_optimizer_brute.c and
 * test_optimizer_properties.c. */
#include "jc_problem_test.h"

#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"
#include "optimizer/random.h"

enum { WORK = 60000 };

static Jc__Solution *run(const char *name, Jc__Problem *p, struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure m;
    Jc__Solution *s = NULL;
    CHECK_OK(name, jc_optimizer_run(p, NULL, arena, &s, &err), &err);
    CHECK_OK(name, jc_solution_check(p, s, arena, &m, &err), &err);
    CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
    CHECK(name, s->last);
    return s;
}

/* --- promises -------------------------------------------------------------------------------------------- */

static void repeats_itself(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    uint8_t *first = NULL;
    size_t first_size = 0;
    for (int i = 0; i < 3; i++) {
        Jc__Problem *p = larger_problem(arena);
        p->work_limit = 400000;
        p->seed = i < 2 ? 3 : 4;
        Jc__Solution *s = run("repeat", p, arena);
        s->elapsed_ms = 0; /* all that may differ */
        size_t size = jc__solution__get_packed_size(s);
        uint8_t *bytes = jc_arena_alloc(arena, size);
        jc__solution__pack(s, bytes);
        if (i == 0) {
            first = bytes;
            first_size = size;
        } else {
            bool same = size == first_size && memcmp(first, bytes, size) == 0;
            CHECK(i == 1 ? "same seed" : "other seed", same == (i == 1));
        }
    }
    jc_arena_free(arena);
}

struct audience {
    const Jc__Problem *p;
    int solutions, asked, cancel_after;
    Jc__Objective last;
};

static bool cancelled(void *ctx) {
    struct audience *a = ctx;
    return a->cancel_after && ++a->asked > a->cancel_after;
}

/* Every plan told on the way is valid and better than the one before. */
static void hear(void *ctx, const Jc__Solution *s) {
    struct audience *a = ctx;
    struct jc_arena *arena = jc_arena_new(1 << 24);
    struct jc_measure m;
    struct jc_err err = {0};
    CHECK_OK("told plan", jc_solution_check(a->p, s, arena, &m, &err), &err);
    CHECK_INT("told plan", jc_objective_cmp(&m.objective, s->objective), 0);
    CHECK("told plan", a->solutions == 0 || jc_objective_cmp(&m.objective, &a->last) < 0);
    a->last = m.objective;
    a->solutions++;
    jc_arena_free(arena);
}

static void stops_when_told(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int after;
    } cases[] = {{"at once", 1}, {"soon", 20}, {"later", 2000}};
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct audience a = {.p = larger_problem(arena), .cancel_after = cases[i].after};
        const struct jc_optimizer_callbacks callbacks = {&a, cancelled, NULL, hear};
        struct jc_err err = {0};
        struct jc_measure m;
        Jc__Solution *s = NULL;
        CHECK_OK(cases[i].name, jc_optimizer_run(a.p, &callbacks, arena, &s, &err), &err);
        CHECK_INT(cases[i].name, s->status, JC__SOLVE_STATUS__SOLVE_STATUS_CANCELLED);
        CHECK_OK(cases[i].name, jc_solution_check(a.p, s, arena, &m, &err), &err);
        CHECK_INT(cases[i].name, jc_objective_cmp(&m.objective, s->objective), 0);
        CHECK(cases[i].name, a.solutions >= 1);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* A limit that ends before the first plan is there: the plan is whole and judged right all the same, and helpers
 * that were never set up are not asked. */
static void is_whole_in_haste(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (int plan_only = 0; plan_only < 2; plan_only++) {
        const char *name = plan_only ? "plan only" : "with bounds";
        struct jc_err err = {0};
        struct jc_measure m;
        Jc__Solution *s = NULL;
        Jc__Problem *p = larger_problem(arena);
        p->time_limit_ms = 1;
        p->plan_only = plan_only;
        CHECK_OK(name, jc_optimizer_run(p, NULL, arena, &s, &err), &err);
        CHECK_OK(name, jc_solution_check(p, s, arena, &m, &err), &err);
        CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
        CHECK(name, s->last && s->bound->over_centi <= s->objective->over_centi);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* A plan to start from is where the search begins; one that does not fit is taken as far as it does. */
static void starts_from_a_plan(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (uint64_t seed = 600; seed < 660; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *p = seed % 2 ? chance_problem(arena, seed, 5) : larger_problem(arena);
        p->work_limit = WORK;
        Jc__Solution *first = run(name, p, arena);
        p->work_limit = 1;
        p->start = first;
        Jc__Solution *second = run(name, p, arena);
        CHECK(name, jc_objective_cmp(second->objective, first->objective) <= 0);
        struct jc_random random;
        jc_random_seed(&random, seed, 0);
        for (size_t i = 0; i < first->n_visits; i++) { /* now cut, torn and out of range */
            Jc__SolvedVisit *v = first->visits[i];
            int32_t *fields[] = {&v->unit, &v->rule, &v->team, &v->month, v->n_joints ? &v->joints[0] : &v->month};
            if (jc_random_below(&random, 2))
                *fields[jc_random_below(&random, COUNT(fields))] = (int32_t)jc_random_below(&random, 20) - 3;
        }
        for (size_t i = 0; i < first->n_slots; i++)
            if (jc_random_below(&random, 2))
                first->slots[i]->month = (int32_t)jc_random_below(&random, 16) - 2;
        run(name, p, arena);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* A plan that reaches all that is proven already, in a problem in which nothing else counts, is the answer at once. */
static void believes_what_is_proven(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct maker k = maker_new(arena);
    Jc__Weights nothing = JC__WEIGHTS__INIT;
    add_team(&k, 0, -1, -1);
    add_rule(&k, 1, 1);
    for (int i = 0; i < 5; i++) {
        Jc__ProblemUnit *unit = add_unit(&k, 100);
        add_option(&k, unit, 0, true);
        add_lead(&k, unit, 0);
    }
    k.p->weights = &nothing;
    k.p->work_limit = WORK;
    Jc__Solution *first = run("all is over the limits", k.p, arena);
    assert_int_equal(first->status, JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL);
    assert_true(first->objective->over_centi > 0);
    k.p->start = first;
    k.p->proven = first->bound;
    k.p->work_limit = (int64_t)1 << 30;
    Jc__Solution *second = run("proven", k.p, arena);
    assert_int_equal(second->status, JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL);
    assert_in_range(second->work, 0, WORK);
    jc_arena_free(arena);
}

static void ends_by_itself(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    Jc__Problem *p = chance_problem(arena, 7, 5);
    run("without limits", p, arena);
    struct maker k = maker_new(arena); /* nothing to plan at all */
    Jc__Solution *s = run("empty", k.p, arena);
    assert_int_equal(s->status, JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL);
    assert_int_equal(s->n_visits, 0);
    jc_arena_free(arena);
}

static void fails_cleanly_without_memory(void **state) {
    (void)state;
    struct jc_arena *source = jc_arena_new((size_t)1 << 26);
    Jc__Problem *p = larger_problem(source);
    p->work_limit = 20000;
    for (size_t limit = 1 << 12; limit < (size_t)1 << 26; limit *= 3) {
        struct jc_arena *arena = jc_arena_new(limit);
        struct jc_err err = {0};
        Jc__Solution *s;
        enum jc_code code = jc_optimizer_run(p, NULL, arena, &s, &err);
        CHECK("little memory", code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
        CHECK("enough memory", code == JC_OK || limit < (size_t)1 << 24);
        jc_arena_free(arena);
    }
    jc_arena_free(source);
}

static void refuses_a_wrong_problem(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    Jc__Problem *p = larger_problem(arena);
    struct jc_err err = {0};
    Jc__Solution *s;
    p->units[5]->lead_teams[0] = 99;
    assert_int_equal(jc_optimizer_run(p, NULL, arena, &s, &err), JC_INVALID_ARGUMENT);
    assert_int_equal(err.what, JC_MSG_PROBLEM_REFERENCE);
    jc_arena_free(arena);
}

/* ln in fixed point: ln 1 = 0, ln 2, ln 1000, and the noise's mean and order. */
static void logarithms_are_right(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t x;
        int64_t ln;
    } cases[] = {{"1", 1 << 16, 0},
                 {"2", 2 << 16, 45426},
                 {"1000", 1000 << 16, 452707},
                 {"1/65536", 1, -726817},
                 {"e^20 or so", UINT64_C(485165195) << 16, 1310720}};
    static struct jc_noise noise;
    int64_t sum = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t off = jc_fixed_ln(cases[i].x) - cases[i].ln;
        CHECK(cases[i].name, off >= -1 && off <= 1);
    }
    jc_noise_init(&noise);
    for (int i = 0; i < JC_NOISE_SIZE; i++) {
        sum += noise.exponential[i];
        assert_true(noise.exponential[i] > 0);
        assert_true(i == 0 || noise.exponential[i] <= noise.exponential[i - 1]);
        assert_true(i == 0 || noise.gumbel[i] >= noise.gumbel[i - 1]);
    }
    assert_true(llabs(sum / JC_NOISE_SIZE - 65536) < 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithms_are_right),    cmocka_unit_test(repeats_itself),
        cmocka_unit_test(stops_when_told),         cmocka_unit_test(starts_from_a_plan),
        cmocka_unit_test(is_whole_in_haste),       cmocka_unit_test(believes_what_is_proven),
        cmocka_unit_test(ends_by_itself),          cmocka_unit_test(fails_cleanly_without_memory),
        cmocka_unit_test(refuses_a_wrong_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
