/* The optimizer against brute force: on thousands of small random problems (up to eight units) every plan
 * there is gets enumerated and added up by code of the test's own (jc_brute.h), and tier by tier
 * bound ≤ optimum ≤ plan must hold, after hardly any work and after enough; *optimal* must mean it.
 *
 * JC_BRUTE_CASES: how many problems (scripts/test --full asks for more); JC_BRUTE_SEED: the first seed. A
 * failure names its seed, and JC_BRUTE_SEED=that JC_BRUTE_CASES=1 repeats it alone. */
#include "jc_brute.h"
#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"

enum { CASES = 350, PLANS_MAX = 40000, WORK = 150000, SAMPLES = 8 };

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *value = getenv(name);
    return value && *value ? strtoull(value, NULL, 10) : otherwise;
}

/* --- problems ------------------------------------------------------------------------------------------- */

/* Up to eight units whose rules leave few months, so that more of them can be enumerated. */
static void few_months(struct maker *k, struct dice *d) {
    for (int i = 0; i < 2; i++) {
        Jc__ProblemRule *r = add_rule(k, 1, (int)roll(d, 3));
        add_window(k, &r->windows, &r->n_windows, roll_mask(d, 2), 1, 1);
    }
    Jc__ProblemRule *twice = add_rule(k, 2, (int)roll(d, 4));
    uint32_t spring = 3u << roll(d, 4), autumn = 3u << (6 + roll(d, 5));
    add_window(k, &twice->windows, &twice->n_windows, spring, 1, 1);
    add_window(k, &twice->windows, &twice->n_windows, autumn, (int)roll(d, 2), 1);
}

/* One kind of thing in plenty. */
static void pinned(struct maker *k, struct dice *d) {
    for (size_t u = 0; u < k->p->n_units; u++) {
        if (roll(d, 2))
            continue;
        Jc__ProblemPin *pin = add_pin(k, (int)u, -1, 1 + (int)roll(d, JC_MONTHS));
        const Jc__ProblemUnit *unit = k->p->units[u];
        pin->team = roll(d, 3) || !unit->n_lead_teams ? -1 : unit->lead_teams[roll(d, (uint32_t)unit->n_lead_teams)];
        pin->rule = roll(d, 3) ? -1 : unit->options[roll(d, (uint32_t)unit->n_options)]->rule;
    }
}

static void joined(struct maker *k, struct dice *d) {
    for (size_t u = 0; u < k->p->n_units; u++)
        if (k->p->units[u]->n_joints < 2 && roll(d, 2))
            add_joint(k, k->p->units[u], (int)roll(d, (uint32_t)k->p->n_teams), k->p->units[u]->options[0]->rule,
                      50 * (int64_t)(1 + roll(d, 3)));
}

/* Pinned visits that people were told of: mode and joining teams stay. */
static void told(struct maker *k, struct dice *d) {
    joined(k, d);
    pinned(k, d);
    for (size_t i = 0; i < k->p->n_pins; i++) {
        Jc__ProblemPin *pin = k->p->pins[i];
        if (pin->unit < 0)
            continue;
        const Jc__ProblemUnit *u = k->p->units[pin->unit];
        pin->mode = (Jc__VisitMode)roll(d, 3);
        for (size_t j = 0; j < u->n_joints; j++) {
            u->joints[j]->told_months |= roll(d, 2) << (pin->month - 1);
            u->joints[j]->joined_months |= roll(d, 2) << (pin->month - 1);
        }
    }
    chance_quota(k, d);
    Jc__ProblemQuota *q = k->p->quotas[k->p->n_quotas - 1];
    if (q->scope != JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW)
        q->counts = JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS;
}

static void many_quotas(struct maker *k, struct dice *d) {
    while (k->p->n_quotas < 5)
        chance_quota(k, d);
    for (size_t q = 0; q < k->p->n_quotas; q++)
        if (k->p->quotas[q]->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && roll(d, 2) &&
            k->p->quotas[q]->members[0] != 0)
            add_member(k, k->p->quotas[q], 0);
}

static void uneven_months(struct maker *k, struct dice *d) {
    for (size_t t = 0; t < k->p->n_teams; t++)
        for (int m = 0; m < JC_MONTHS; m++) {
            Jc__ProblemTeam *team = k->p->teams[t];
            team->month_limit_centi[m] = roll(d, 4) ? 50 * (int64_t)roll(d, 12) : -1;
            if (team->n_target_centi)
                team->target_centi[m] = 50 * (int64_t)roll(d, 8);
        }
}

static void drawn(struct maker *k, struct dice *d) {
    while (k->p->n_draws < 2) {
        Jc__ProblemDraw *draw = add_draw(k, (int)roll(d, (uint32_t)k->p->n_teams), 1 + (int)roll(d, 2), 150);
        draw->rule = (int)roll(d, (uint32_t)k->p->n_rules + 1) - 1;
        if (roll(d, 3)) {
            add_window(k, &draw->windows, &draw->n_windows, 1u << roll(d, 6), 0, 1);
            add_window(k, &draw->windows, &draw->n_windows, 3u << (6 + roll(d, 5)), draw->sample - 1, draw->sample);
        }
    }
}

static void weightless(struct maker *k, struct dice *d) {
    set_weights(k, 1000 * roll(d, 2), 4000 * roll(d, 2), 100 * roll(d, 2), 1000 * roll(d, 2));
}

static const struct {
    const char *name;
    void (*add)(struct maker *k, struct dice *d);
} flavours[] = {
    {"plain", NULL},    {"pins", pinned}, {"quotas", many_quotas}, {"months", uneven_months},
    {"joints", joined}, {"draws", drawn}, {"weights", weightless}, {"told", told},
};

/* Problem number `seed`: the chance problem of the other tests, or one with more units and fewer months;
 * then one flavour, sometimes two. */
static Jc__Problem *problem_of(struct jc_arena *arena, uint64_t seed, char name[64]) {
    struct dice d = {seed * 977 + 13};
    size_t flavour = roll(&d, COUNT(flavours)), second = roll(&d, 3) ? 0 : roll(&d, COUNT(flavours));
    struct maker k = {arena, NULL};
    if (roll(&d, 2)) {
        k.p = chance_problem(arena, seed, 5);
    } else {
        k = maker_new(arena);
        for (uint32_t i = 0, n = 1 + roll(&d, 3); i < n; i++)
            add_team(&k, roll(&d, 3) ? 100 * (int64_t)(1 + roll(&d, 7)) : -1,
                     roll(&d, 3) ? -1 : 100 * (int64_t)(2 + roll(&d, 12)),
                     roll(&d, 4) ? 100 * (int64_t)roll(&d, 5) : -1);
        few_months(&k, &d);
        for (uint32_t i = 0, n = 5 + roll(&d, 4); i < n; i++)
            chance_unit(&k, &d);
        for (uint32_t i = 0, n = roll(&d, 3); i < n; i++)
            chance_quota(&k, &d);
        chance_in_force(&k, &d);
    }
    if (flavours[flavour].add)
        flavours[flavour].add(&k, &d);
    if (flavours[second].add && second != flavour)
        flavours[second].add(&k, &d);
    k.p->seed = seed;
    snprintf(name, 64, "seed %llu (%s, %s)", (unsigned long long)seed, flavours[flavour].name, flavours[second].name);
    return k.p;
}

/* --- comparisons ----------------------------------------------------------------------------------------- */

struct tally {
    struct jc_arena *scratch;
    const char *name;
    int compared, equal, optimal, settled;
    int unserved, over, quota; /* problems whose optimum is not 0 there */
    uint64_t plans;
};

/* The referee's word on a plan of the enumeration. */
static void referee(struct brute *b, const Jc__Objective *objective) {
    struct tally *t = b->ctx;
    struct jc_measure m;
    struct jc_err err = {0};
    size_t arena_at[BRUTE_PARTS];
    memcpy(arena_at, b->at, sizeof arena_at);
    struct jc_arena *own = b->arena;
    b->arena = t->scratch;
    Jc__Solution *s = brute_plan(b, arena_at);
    b->arena = own;
    CHECK_OK(t->name, jc_solution_check(b->p, s, t->scratch, &m, &err), &err);
    CHECK_INT(t->name, jc_objective_cmp(&m.objective, objective), 0);
    jc_arena_reset(t->scratch);
}

/* bound ≤ optimum ≤ plan in each tier; what is called settled or optimal is. */
static void compare(const char *name, const struct brute *b, const Jc__Solution *s) {
    const Jc__Objective *best = &b->best;
    CHECK(name, s->last);
    CHECK(name, jc_objective_cmp(best, s->objective) <= 0);
    CHECK_INT(name, s->bound->unserved, best->unserved);
    CHECK_INT(name, s->objective->unserved, best->unserved);
    CHECK(name, s->bound->over_centi <= best->over_centi);
    CHECK(name, s->bound->quota <= best->quota);
    if (s->tiers_settled) {
        CHECK_INT(name, s->objective->over_centi, best->over_centi);
        CHECK_INT(name, s->objective->quota, best->quota);
        CHECK(name, s->bound->cost_e5 <= best->cost_e5);
        CHECK(name, best->cost_e5 <= s->objective->cost_e5);
    }
    if (s->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL)
        CHECK_INT(name, jc_objective_cmp(best, s->objective), 0);
    for (size_t u = 0; u < b->p->n_units; u++)
        CHECK(name, brute_knows(b, s, u));
}

static Jc__Solution *solve(const char *name, Jc__Problem *p, int64_t work, struct jc_arena *arena) {
    struct jc_err err = {0};
    struct jc_measure m;
    Jc__Solution *s = NULL;
    p->work_limit = work;
    CHECK_OK(name, jc_optimizer_run(p, NULL, arena, &s, &err), &err);
    CHECK_OK(name, jc_solution_check(p, s, arena, &m, &err), &err);
    CHECK_INT(name, jc_objective_cmp(&m.objective, s->objective), 0);
    return s;
}

/* One problem; false if it has too many plans to be tried. */
static bool compare_one(uint64_t seed, struct jc_arena *arena, struct tally *t) {
    static const int64_t little[] = {1, 400, 4000};
    struct jc_err err = {0};
    struct brute b;
    char name[64];
    Jc__Problem *p = problem_of(arena, seed, name);
    if (jc_problem_check(p, &err) != JC_OK)
        return false; /* a pin that contradicts a draw's windows */
    double plans = brute_prepare(&b, p, arena);
    if (plans < 2 || plans > PLANS_MAX)
        return false;
    t->name = name;
    b.sample = referee;
    b.ctx = t;
    b.sample_every = (uint64_t)(plans / SAMPLES) + 1;
    brute_force(&b);
    memcpy(b.at, b.best_at, sizeof b.at);
    referee(&b, &b.best);
    compare(name, &b, solve(name, p, little[seed % COUNT(little)], arena));
    const Jc__Solution *s = solve(name, p, WORK, arena);
    compare(name, &b, s);
    if (jc_objective_cmp(&b.best, s->objective) != 0 || s->status != JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL)
        printf("%s: best %lld %lld %lld %lld, plan %lld %lld %lld %lld, bound %lld %lld %lld %lld\n", name,
               (long long)b.best.unserved, (long long)b.best.over_centi, (long long)b.best.quota,
               (long long)b.best.cost_e5, (long long)s->objective->unserved, (long long)s->objective->over_centi,
               (long long)s->objective->quota, (long long)s->objective->cost_e5, (long long)s->bound->unserved,
               (long long)s->bound->over_centi, (long long)s->bound->quota, (long long)s->bound->cost_e5);
    t->compared++;
    t->equal += jc_objective_cmp(&b.best, s->objective) == 0;
    t->optimal += s->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
    t->settled += s->tiers_settled;
    t->unserved += b.best.unserved > 0;
    t->over += b.best.over_centi > 0;
    t->quota += b.best.quota > 0;
    t->plans += b.plans;
    return true;
}

static void agrees_with_all_plans(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 30);
    struct tally t = {.scratch = jc_arena_new((size_t)1 << 24)};
    uint64_t seed = setting("JC_BRUTE_SEED", 1);
    int cases = (int)setting("JC_BRUTE_CASES", CASES);
    for (uint64_t last = seed + 100 * (uint64_t)cases; t.compared < cases && seed < last; seed++) {
        compare_one(seed, arena, &t);
        jc_arena_reset(arena);
    }
    printf("%d problems, %llu plans: %d optima found, %d proven, %d settled; %d with unserved visits, %d over "
           "limits, %d missing quotas\n",
           t.compared, (unsigned long long)t.plans, t.equal, t.optimal, t.settled, t.unserved, t.over, t.quota);
    assert_int_equal(t.compared, cases);
    assert_true(t.compared - t.equal <= 1 + t.compared / 1000); /* the work is short on purpose */
    assert_true(t.optimal * 100 >= t.compared * 98);
    if (cases >= CASES) /* the problems must be worth the name: some over-constrained in each tier */
        assert_true(t.unserved * 20 > cases && t.over * 10 > cases && t.quota * 10 > cases);
    jc_arena_free(arena);
    jc_arena_free(t.scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_all_plans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
