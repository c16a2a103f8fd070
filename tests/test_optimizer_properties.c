/* What must hold between the answers to two related problems: more room never makes a proven optimum worse,
 * names and order never change it, one core or two give the same bytes, and a run stopped anywhere keeps
 * a valid plan. Small problems, solved to proven optimality, so that the comparison is exact. */
#include <sched.h>

#include "jc_problem_test.h"
#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"

enum { WORK = 80000, SEEDS = 60, LEAST_PROVEN = 90 /* percent */ };

static Jc__Solution *solve(const char *name, Jc__Problem *p, const struct jc_optimizer_callbacks *callbacks,
                           struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure m;
    Jc__Solution *s = NULL;
    CHECK_OK(name, jc_problem_check(p, &err), &err);
    CHECK_OK(name, jc_optimizer_run(p, callbacks, arena, &s, &err), &err);
    CHECK_OK(name, jc_solution_check(p, s, arena, &m, &err), &err);
    CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
    return s;
}

/* --- more room ------------------------------------------------------------------------------------------ */

/* Each widens the problem in one way; false if there was nothing to widen. Seeded, so that the narrow
 * problem can be made again. */

static bool more_budget(struct maker *k, struct dice *d) {
    bool any = false;
    for (size_t t = 0; t < k->p->n_teams; t++) {
        Jc__ProblemTeam *team = k->p->teams[t];
        any |= team->year_limit_centi >= 0;
        team->year_limit_centi += team->year_limit_centi < 0 ? 0 : 50 * (int64_t)roll(d, 8);
        for (int m = 0; m < JC_MONTHS; m++) {
            any |= team->month_limit_centi[m] >= 0;
            team->month_limit_centi[m] += team->month_limit_centi[m] < 0 ? 0 : 50 * (int64_t)roll(d, 8);
        }
    }
    return any;
}

static bool no_limit(struct maker *k, struct dice *d) {
    Jc__ProblemTeam *team = k->p->teams[roll(d, (uint32_t)k->p->n_teams)];
    team->month_limit_centi[roll(d, JC_MONTHS)] = -1;
    team->year_limit_centi = -1;
    return true;
}

static bool fewer_quotas(struct maker *k, struct dice *d) {
    if (!k->p->n_quotas)
        return false;
    k->p->quotas[roll(d, (uint32_t)k->p->n_quotas)] = k->p->quotas[k->p->n_quotas - 1];
    k->p->n_quotas--;
    return true;
}

static bool looser_quotas(struct maker *k, struct dice *d) {
    for (size_t q = 0; q < k->p->n_quotas; q++) {
        Jc__ProblemQuota *quota = k->p->quotas[q];
        quota->min -= quota->min > 0 ? (int)roll(d, 2) : 0;
        quota->max += quota->max >= 0 ? (int)roll(d, 2) : 0;
    }
    return k->p->n_quotas > 0;
}

/* A month that no other window of the rule holds joins one of them, whose bounds stay. */
static bool wider_window(struct maker *k, struct dice *d) {
    Jc__ProblemRule *r = k->p->rules[roll(d, (uint32_t)k->p->n_rules)];
    uint32_t covered = 0, month = 1u << roll(d, JC_MONTHS);
    for (size_t w = 0; w < r->n_windows; w++)
        covered |= r->windows[w]->months;
    if (!r->n_windows || covered & month)
        return false;
    r->windows[roll(d, (uint32_t)r->n_windows)]->months |= month;
    return true;
}

static bool smaller_gap(struct maker *k, struct dice *d) {
    Jc__ProblemRule *r = k->p->rules[roll(d, (uint32_t)k->p->n_rules)];
    if (r->min_gap_months < 2)
        return false;
    r->min_gap_months--;
    return true;
}

static bool less_blackout(struct maker *k, struct dice *d) {
    Jc__ProblemUnit *u = k->p->units[roll(d, (uint32_t)k->p->n_units)];
    if (!u->blackout_months)
        return false;
    u->blackout_months &= u->blackout_months - 1;
    return true;
}

/* A team without work or limits that may lead one of the units. */
static bool another_team(struct maker *k, struct dice *d) {
    add_team(k, -1, -1, -1);
    add_lead(k, k->p->units[roll(d, (uint32_t)k->p->n_units)], (int)k->p->n_teams - 1);
    return true;
}

static bool no_pins(struct maker *k, struct dice *d) {
    (void)d;
    bool any = k->p->n_pins > 0;
    k->p->n_pins = 0;
    return any;
}

static const struct {
    const char *name;
    bool (*widen)(struct maker *k, struct dice *d);
} widenings[] = {
    {"more budget", more_budget},     {"no limit", no_limit},         {"fewer quotas", fewer_quotas},
    {"looser quotas", looser_quotas}, {"wider window", wider_window}, {"smaller gap", smaller_gap},
    {"less blackout", less_blackout}, {"another team", another_team}, {"no pins", no_pins},
};

/* Proven values: the wide problem's plan is no worse, its bound not above the narrow problem's plan. */
static void more_room_is_never_worse(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    int compared = 0, proven = 0, better = 0;
    for (uint64_t seed = 5000; seed < 5000 + SEEDS; seed++) {
        struct maker k = {arena, chance_problem(arena, seed, 5)};
        k.p->work_limit = WORK;
        const Jc__Solution *narrow = solve("narrow", k.p, NULL, arena);
        for (size_t w = 0; w < COUNT(widenings); w++) {
            struct dice d = {seed};
            char name[64];
            snprintf(name, sizeof name, "seed %llu, %s", (unsigned long long)seed, widenings[w].name);
            k.p = chance_problem(arena, seed, 5);
            k.p->work_limit = WORK;
            if (!widenings[w].widen(&k, &d))
                continue;
            const Jc__Solution *wide = solve(name, k.p, NULL, arena);
            bool optimal = narrow->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL &&
                           wide->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
            int order = jc_objective_cmp(wide->objective, narrow->objective);
            CHECK(name, wide->bound->unserved <= narrow->objective->unserved);
            CHECK(name, !optimal || order <= 0);
            compared++;
            proven += optimal;
            better += order < 0;
        }
        jc_arena_reset(arena);
    }
    printf("%d wider problems, %d proven on both sides, %d got better\n", compared, proven, better);
    assert_true(compared > SEEDS * 4);
    assert_true(proven * 100 >= compared * LEAST_PROVEN);
    assert_true(better * 10 > compared);
    jc_arena_free(arena);
}

/* --- names and order -------------------------------------------------------------------------------------- */

static void permutation(struct dice *d, size_t n, int32_t to[]) {
    for (size_t i = 0; i < n; i++) {
        size_t j = roll(d, (uint32_t)i + 1);
        to[i] = to[j];
        to[j] = (int32_t)i;
    }
}

#define PERMUTE(arena, rows, n, to)                                        \
    do {                                                                   \
        void **old_ = jc_arena_alloc((arena), ((n) + 1) * sizeof(void *)); \
        memcpy(old_, (rows), (n) * sizeof(void *));                        \
        for (size_t i_ = 0; i_ < (n); i_++)                                \
            *((void **)(rows) + (to)[i_]) = old_[i_];                      \
    } while (0)

enum { MOST = 32 };

/* The same problem with units, teams and quotas in another order. */
static void shuffle(struct jc_arena *arena, Jc__Problem *p, uint64_t seed) {
    struct dice d = {seed};
    int32_t unit[MOST] = {0}, team[MOST] = {0}, quota[MOST] = {0};
    assert_true(p->n_units <= MOST && p->n_teams <= MOST && p->n_quotas <= MOST);
    permutation(&d, p->n_units, unit);
    permutation(&d, p->n_teams, team);
    permutation(&d, p->n_quotas, quota);
    for (size_t u = 0; u < p->n_units; u++) {
        for (size_t t = 0; t < p->units[u]->n_lead_teams; t++)
            p->units[u]->lead_teams[t] = team[p->units[u]->lead_teams[t]];
        for (size_t j = 0; j < p->units[u]->n_joints; j++)
            p->units[u]->joints[j]->team = team[p->units[u]->joints[j]->team];
    }
    for (size_t i = 0; i < p->n_draws; i++)
        p->draws[i]->team = team[p->draws[i]->team];
    for (size_t q = 0; q < p->n_quotas; q++)
        p->quotas[q]->team = p->quotas[q]->team < 0 ? -1 : team[p->quotas[q]->team];
    for (size_t i = 0; i < p->n_pins; i++) {
        p->pins[i]->unit = p->pins[i]->unit < 0 ? -1 : unit[p->pins[i]->unit];
        p->pins[i]->team = p->pins[i]->team < 0 ? -1 : team[p->pins[i]->team];
    }
    struct maker k = {arena, p};
    Jc__PlanInForce *before = p->in_force;
    p->in_force = NULL;
    for (size_t u = 0; before && u < p->n_units; u++) /* by unit again, then month */
        for (size_t i = 0; i < before->n_visits; i++) {
            const Jc__VisitInForce *v = before->visits[i];
            if (unit[v->unit] == (int32_t)u)
                add_in_force(&k, (int)u, v->month, v->team < 0 ? -1 : team[v->team]);
        }
    if (before && p->in_force) {
        p->in_force->slots = before->slots;
        p->in_force->n_slots = before->n_slots;
    } else if (before) {
        p->in_force = before;
    }
    if (p->n_units)
        PERMUTE(arena, p->units, p->n_units, unit);
    PERMUTE(arena, p->teams, p->n_teams, team);
    if (p->n_quotas)
        PERMUTE(arena, p->quotas, p->n_quotas, quota);
}

static void order_does_not_matter(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    int proven = 0;
    for (uint64_t seed = 7000; seed < 7000 + SEEDS; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
        Jc__Solution *s[3];
        for (int i = 0; i < 3; i++) {
            Jc__Problem *p = chance_problem(arena, seed, 6);
            p->work_limit = WORK;
            if (i)
                shuffle(arena, p, seed + (uint64_t)i);
            s[i] = solve(name, p, NULL, arena);
        }
        for (int i = 1; i < 3; i++) {
            bool optimal = s[0]->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL &&
                           s[i]->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
            proven += optimal;
            if (optimal)
                CHECK_INT(name, jc_objective_cmp(s[0]->objective, s[i]->objective), 0);
        }
        jc_arena_reset(arena);
    }
    assert_true(proven * 100 >= 2 * SEEDS * LEAST_PROVEN);
    jc_arena_free(arena);
}

/* --- the same bytes on one core and on two ------------------------------------------------------------------ */

/* Everything but the time it took. */
static struct jc_str bytes_of(Jc__Solution *s, struct jc_arena *arena) {
    s->elapsed_ms = 0;
    size_t size = jc__solution__get_packed_size(s);
    uint8_t *bytes = jc_arena_alloc(arena, size + 1);
    assert_non_null(bytes);
    jc__solution__pack(s, bytes);
    return (struct jc_str){(const char *)bytes, size};
}

static void cores_do_not_matter(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t work;
        uint64_t seed;
    } cases[] = {
        {"hardly any work", 1, 3}, {"little work", 20000, 3}, {"more work", 300000, 3}, {"other seed", 60000, 9}};
    cpu_set_t all, one;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &all))
            CPU_SET(cpu, &one);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jc_str bytes[3];
        for (int run = 0; run < 3; run++) { /* one core, all, one again */
            assert_int_equal(sched_setaffinity(0, sizeof all, run == 1 ? &all : &one), 0);
            Jc__Problem *p = larger_problem(arena);
            p->work_limit = cases[i].work;
            p->seed = cases[i].seed;
            bytes[run] = bytes_of(solve(cases[i].name, p, NULL, arena), arena);
        }
        CHECK(cases[i].name, jc_str_eq(bytes[0], bytes[1]));
        CHECK(cases[i].name, jc_str_eq(bytes[0], bytes[2]));
        jc_arena_reset(arena);
    }
    sched_setaffinity(0, sizeof all, &all);
    jc_arena_free(arena);
}

/* --- stopped anywhere --------------------------------------------------------------------------------------- */

struct audience {
    const Jc__Problem *p;
    struct jc_arena *scratch;
    int left; /* questions until the answer is yes */
    int told;
    Jc__Objective last, bound;
};

static bool cancelled(void *ctx) {
    struct audience *a = ctx;
    return a->left-- <= 0;
}

/* Each plan told is valid and better than the one before. */
static void hear(void *ctx, const Jc__Solution *s) {
    struct audience *a = ctx;
    struct jc_measure m;
    struct jc_err err = {0};
    CHECK_OK("told plan", jc_solution_check(a->p, s, a->scratch, &m, &err), &err);
    CHECK_INT("told plan", jc_objective_cmp(&m.objective, s->objective), 0);
    CHECK("told plan", a->told == 0 || jc_objective_cmp(&m.objective, &a->last) < 0);
    a->last = m.objective;
    a->told++;
    jc_arena_reset(a->scratch);
}

/* No bound ever told is above the plan of its time. */
static void watch(void *ctx, const Jc__Progress *progress) {
    (void)ctx;
    CHECK("progress", progress->bound->over_centi <= progress->incumbent->over_centi);
    CHECK("progress", !progress->tiers_settled || progress->bound->cost_e5 <= progress->incumbent->cost_e5);
    int64_t gap = jc_gap_ppm(progress->incumbent->cost_e5, progress->bound->cost_e5);
    CHECK_INT("gap", progress->gap_ppm, progress->tiers_settled ? gap : 0);
    CHECK("moves", progress->moves_per_second >= 0);
}

static void keeps_its_best_wherever_it_stops(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    struct dice d = {4};
    int told = 0;
    for (int i = 0; i < 24; i++) {
        char name[32];
        struct audience a = {.scratch = jc_arena_new(1 << 24), .left = i < 4 ? i : (int)roll(&d, 1u << (i / 2))};
        snprintf(name, sizeof name, "after %d", a.left);
        Jc__Problem *p = i % 3 ? larger_problem(arena) : chance_problem(arena, 40 + (uint64_t)i, 6);
        p->work_limit = 150000;
        a.p = p;
        const struct jc_optimizer_callbacks callbacks = {&a, cancelled, watch, hear};
        const Jc__Solution *s = solve(name, p, &callbacks, arena);
        CHECK(name, s->last && a.told >= 1);
        CHECK(name, jc_objective_cmp(s->objective, &a.last) <= 0);
        CHECK(name, s->bound->unserved == s->objective->unserved);
        CHECK(name, !s->tiers_settled || s->bound->cost_e5 <= s->objective->cost_e5);
        told += a.told;
        jc_arena_free(a.scratch);
        jc_arena_reset(arena);
    }
    assert_true(told >= 24);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_room_is_never_worse),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(cores_do_not_matter),
        cmocka_unit_test(keeps_its_best_wherever_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
