/* The search: the same plan whatever the machine gives it (one processor, several, no threads at all); the
 * soft energy counted by differences equals the one from scratch; a construction in a hurry is whole; work over limits is the least where every month is full. */
#include "jc_problem_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"
#include "optimizer/construct.h"
#include "optimizer/plan_message.h"

/* --- threads refused -------------------------------------------------------------------------------------- */

static bool refuse_threads;
static int threads_asked;

typedef int thread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg);

/* Stands before libc's pthread_create. */
thread_create refusable_create __asm__("pthread_create");

int refusable_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *), void *arg) {
    threads_asked++;
    if (refuse_threads)
        return EAGAIN;
    union {
        void *symbol;
        thread_create *function;
    } real = {dlsym(RTLD_NEXT, "pthread_create")};
    return real.function(thread, attr, start, arg);
}

/* Runs on this many processors at most; false if there is no choice. */
static bool limit_processors(int most) {
    cpu_set_t all, some;
    CPU_ZERO(&some);
    if (sched_getaffinity(0, sizeof all, &all) != 0)
        return false;
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&some) < most; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &some);
    return sched_setaffinity(0, sizeof some, &some) == 0;
}

static struct jc_str solve(struct jc_arena *arena) {
    Jc__Problem *p = larger_problem(arena);
    struct jc_err err = {0};
    Jc__Solution *s = NULL;
    p->work_limit = 3000000;
    p->seed = 5;
    CHECK_OK("solve", jc_optimizer_run(p, NULL, arena, &s, &err), &err);
    s->elapsed_ms = 0; /* all that may differ */
    size_t size = jc__solution__get_packed_size(s);
    uint8_t *bytes = jc_arena_alloc(arena, size);
    assert_non_null(bytes);
    jc__solution__pack(s, bytes);
    return (struct jc_str){(const char *)bytes, size};
}

static void same_plan_whatever_the_threads(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int processors;
        bool refuse;
    } cases[] = {{"two processors", 2, false}, {"one processor", 1, false}, {"no threads", 2, true}};
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct jc_str first = {NULL, 0};
    cpu_set_t all;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(cases[i].name, limit_processors(cases[i].processors));
        refuse_threads = cases[i].refuse;
        threads_asked = 0;
        struct jc_str plan = solve(arena);
        CHECK(cases[i].name, threads_asked > 0);
        if (i == 0)
            first = plan;
        CHECK(cases[i].name, plan.len == first.len && memcmp(plan.ptr, first.ptr, plan.len) == 0);
        assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    }
    refuse_threads = false;
    jc_arena_free(arena);
}

/* --- softness --------------------------------------------------------------------------------------------- */

static bool never(void *ctx) {
    (void)ctx;
    return false;
}

static bool always(void *ctx) {
    (void)ctx;
    return true;
}

static struct jc_pricer pricer_of(const Jc__Problem *p, struct jc_arena *arena) {
    struct jc_pricer pricer = {.closed_pair = -1, .penalties = {100000, 100000}, .temperature = 50000};
    struct jc_instance *in;
    struct jc_err err = {0};
    CHECK_OK("instance", jc_instance_build(p, arena, &in, &err), &err);
    pricer.state = jc_state_new(in, arena);
    assert_non_null(pricer.state);
    jc_random_seed(&pricer.random, 1, 0);
    jc_noise_init(&pricer.noise);
    return pricer;
}

/* Soft energy less cost, from the definition. */
static int64_t excess_of(const struct jc_state *s) {
    const struct jc_instance *in = s->in;
    int64_t excess = 0;
    for (size_t cell = 0; cell < (size_t)in->n_teams * JC_MONTHS; cell++) {
        int64_t x = s->load[cell] - in->target[cell];
        if (in->target[cell] >= 0)
            excess += in->balance_e5 * (jc_soft_deviation(&s->soft, cell, x) - llabs(x));
    }
    for (int32_t q = 0; q < in->n_quotas; q++) {
        int64_t n = s->count[q], low = in->quota_min[q], high = in->quota_max[q];
        int64_t missed = n < low ? low - n : n > high ? n - high : 0;
        excess += jc_soft_miss(&s->soft, q, n, low, high) - missed * s->soft.softness.miss_e5;
    }
    for (int32_t i = 0; i < in->n_pairs * JC_MONTHS; i++)
        for (int32_t n = 0; n < s->visits_in[i]; n++)
            excess += jc_soft_step(&s->soft, n);
    return excess;
}

/* Moves units about while soft, in stages that harden. */
static void soften_problem(const char *name, const Jc__Problem *problem, struct jc_arena *arena) {
    static const struct jc_softness stages[] = {
        {JC_SOFT_WIDTH_MAX, JC_SOFT_WIDTH_MAX, INT64_C(50) << 16, 100000},
        {17, 20, 10 << 16, 100000},
        {3, 15, 1 << 12, 100000},
        {0, 0, 0, 100000},
    };
    struct jc_pricer p = pricer_of(problem, arena);
    struct jc_state *s = p.state;
    struct jc_err err = {0};
    CHECK_OK(name, jc_construct(&p, never, NULL, arena, &err), &err);
    for (size_t i = 0; i < COUNT(stages); i++) {
        jc_soften(s, &stages[i]);
        CHECK_INT(name, s->soft.excess, excess_of(s));
        for (int move = 0; move < 500; move++) {
            int32_t unit = (int32_t)jc_random_below(&p.random, (uint32_t)s->in->n_units);
            if (s->place[unit].choice < 0)
                continue;
            jc_state_remove(s, unit);
            int64_t base = jc_state_energy(s, &p.penalties);
            int64_t predicted = jc_price_insert(&p, unit);
            CHECK_INT(name, s->soft.excess, excess_of(s));
            CHECK("pricing sees softness", s->in->n_quotas || s->in->units[unit].n_joins ||
                                               jc_state_energy(s, &p.penalties) == base + predicted);
        }
    }
    jc_harden(s);
    CHECK_INT(name, jc_state_energy(s, &p.penalties), jc_energy(&s->totals, &p.penalties));
}

static void soft_energy_adds_up(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    soften_problem("larger", larger_problem(arena), arena);
    for (uint64_t seed = 1; seed < 40; seed++) { /* with quotas of every kind */
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        jc_arena_reset(arena);
        soften_problem(name, chance_problem(arena, seed, 8), arena);
    }
    jc_arena_free(arena);
}

/* An opening is dearer by its first visit than by its second, and never dearer than the true one in all. */
static void openings_are_paid_visit_by_visit(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    struct jc_state *s = pricer_of(larger_problem(arena), arena).state;
    jc_soften(s, &(struct jc_softness){10, 10, 4 << 16, 100000});
    int64_t paid = s->in->travel_e5;
    for (int32_t n = 0; n < JC_SOFT_STEPS; n++) {
        paid += jc_soft_step(&s->soft, n);
        assert_true(paid > 0 && paid < s->in->travel_e5);
        assert_true(n < 2 || jc_soft_step(&s->soft, n) <= jc_soft_step(&s->soft, n - 1) + 1); /* rounding */
    }
    jc_arena_free(arena);
}

/* Prices pull loads to their targets: a cell above its target gets dearer, one below gets cheaper. */
static void prices_follow_deviations(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    struct jc_pricer p = pricer_of(larger_problem(arena), arena);
    struct jc_state *s = p.state;
    struct jc_err err = {0};
    CHECK_OK("construct", jc_construct(&p, never, NULL, arena, &err), &err);
    s->load[0] = s->in->target[0] + 500;
    s->load[1] = s->in->target[1] - 500;
    s->load[2] = s->in->target[2];
    s->load[3] = JC_NO_LIMIT;
    const struct jc_soft_price *price = s->soft.load;
    for (int step = 0; step < 3; step++) {
        int32_t before[3] = {price[0].at, price[1].at, price[2].at};
        jc_soften(s, &(struct jc_softness){12, 16, 0, 100000});
        assert_true(price[0].at > before[0]);
        assert_true(price[1].at < before[1]);
        assert_int_equal(price[2].at, 0);
        assert_int_equal(price[3].at, JC_SOFT_PRICE_ONE);
    }
    jc_arena_free(arena);
}

/* What a quota misses costs nothing within its bounds and the whole penalty far outside; its price rises while it
 * is passed, falls while it is not reached and fades within. */
static void counts_are_held_by_prices(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 26);
    Jc__Problem *problem = NULL;
    for (uint64_t seed = 1; !problem || problem->n_quotas == 0; seed++)
        problem = chance_problem(arena, seed, 8);
    struct jc_state *s = pricer_of(problem, arena).state;
    s->in->quota_min[0] = 3;
    s->in->quota_max[0] = 5;
    const struct jc_softness softness = {0, 17, 0, 100000}; /* a reach of two */
    jc_soften(s, &softness);
    s->soft.count[0] = (struct jc_soft_price){0, 0};
    static const struct {
        int64_t n, cost;
    } rows[] = {{3, 0}, {5, 0}, {6, 25000}, {2, 25000}, {7, 100000}, {8, 200000}};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(jc_state_soft_miss(s, 0, rows[i].n), rows[i].cost);
    const struct jc_soft_price *price = &s->soft.count[0];
    for (int step = 0; step < 3; step++) {
        int32_t before = price->at;
        s->count[0] = 7;
        jc_soften(s, &softness);
        assert_true(price->at > before);
    }
    assert_true(jc_state_soft_miss(s, 0, 5) > 0); /* the price keeps it from the bound */
    for (int step = 0; step < 40; step++) {
        s->count[0] = 4;
        jc_soften(s, &softness);
    }
    assert_true(price->at >= 0 && price->at < JC_SOFT_PRICE_ONE / 100);
    s->count[0] = 0;
    jc_soften(s, &softness);
    assert_true(price->at < 0);
    jc_arena_free(arena);
}

/* --- construction ------------------------------------------------------------------------------------------ */

static void a_hurried_plan_is_whole(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (uint64_t seed = 1; seed < 60; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *problem = seed == 1 ? larger_problem(arena) : chance_problem(arena, seed, 5);
        struct jc_pricer p = pricer_of(problem, arena);
        struct jc_snapshot *plan = jc_snapshot_new(p.state->in, arena);
        struct jc_plan_message *message = jc_plan_message_new(p.state->in, arena);
        struct jc_err err = {0};
        struct jc_measure m;
        CHECK_OK(name, jc_construct(&p, always, NULL, arena, &err), &err);
        jc_snapshot_take(plan, p.state);
        Jc__Solution *s = jc_plan_message_fill(message, plan);
        CHECK_OK(name, jc_solution_check(problem, s, arena, &m, &err), &err);
        CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

/* --- more work than there is room for ------------------------------------------------------------------------ */

/* Sets every limit and target; returns the work there is beyond them. All units have one rule, so work is fixed. */
static int64_t fill_up(Jc__Problem *p, int64_t month_centi) {
    int64_t beyond = 0;
    for (size_t u = 0; u < p->n_units; u++)
        beyond += p->units[u]->work_centi * p->units[u]->options[0]->visits;
    for (size_t k = 0; k < p->n_teams; k++)
        for (int m = 0; m < JC_MONTHS; m++) {
            p->teams[k]->month_limit_centi[m] = p->teams[k]->target_centi[m] = month_centi;
            beyond -= month_centi;
        }
    return beyond;
}

/* Where every limit is passed the penalty of tier 2 is small; its least is kept all the same. */
static void work_beyond_all_limits_is_no_more_than_must_be(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t month_centi, balance_milli;
    } cases[] = {{"held by the balance", 600, 1000}, {"held by the penalty alone", 600, 0}, {"tight", 750, 1000}};
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (size_t i = 0; i < COUNT(cases); i++) {
        Jc__Problem *p = larger_problem(arena);
        Jc__Weights weights = JC__WEIGHTS__INIT;
        struct jc_err err = {0};
        Jc__Solution *s = NULL;
        int64_t beyond = fill_up(p, cases[i].month_centi);
        CHECK(cases[i].name, beyond > 0);
        weights.balance_milli = cases[i].balance_milli;
        weights.travel_milli = 4000;
        weights.risk_milli = 100;
        p->weights = &weights;
        p->work_limit = 4000000;
        p->plan_only = true;
        CHECK_OK(cases[i].name, jc_optimizer_run(p, NULL, arena, &s, &err), &err);
        CHECK_INT(cases[i].name, s->objective->over_centi, beyond);
        CHECK_INT(cases[i].name, s->objective->unserved, 0);
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_plan_whatever_the_threads),
        cmocka_unit_test(soft_energy_adds_up),
        cmocka_unit_test(openings_are_paid_visit_by_visit),
        cmocka_unit_test(counts_are_held_by_prices),
        cmocka_unit_test(prices_follow_deviations),
        cmocka_unit_test(a_hurried_plan_is_whole),
        cmocka_unit_test(work_beyond_all_limits_is_no_more_than_must_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
