/* The optimizer against all plans there are: on small random problems every plan is enumerated and judged
 * by the referee, so tiers, cost, bounds and status can be compared with the true optimum. */
#include "jc_problem_test.h"

#include "jiancha/optimizer.h"
#include "model/objective.h"
#include "model/problem.h"
#include "optimizer/random.h"

enum { PROBLEMS = 300, PLANS_MAX = 4000, WORK = 60000 };

/* --- every plan ------------------------------------------------------------------------------------- */

/* One way to serve a unit. */
struct way {
    int rule, team;
    uint16_t months, remote;
    uint16_t joined[JC_MONTHS];
};

struct ways {
    struct way *list;
    size_t n, capacity;
};

static void add_way(struct jc_arena *arena, struct ways *w, const struct way *way) {
    struct way *to = jc_arena_push(arena, (void **)&w->list, &w->n, &w->capacity, sizeof *to);
    assert_non_null(to);
    *to = *way;
}

/* All subsets of the months for the joins from `j` on, then all remote subsets. */
static void add_ways(struct jc_arena *arena, const Jc__Problem *p, const Jc__ProblemUnit *u, struct ways *w,
                     struct way *way, size_t j, bool remote) {
    if (j < u->n_joints) {
        struct jc_pattern_rule rule = jc_pattern_rule(p->rules[u->joints[j]->rule], u->joints[j]->visits, 0);
        for (uint32_t sub = way->months;; sub = (sub - 1) & way->months) {
            way->joined[j] = (uint16_t)sub;
            if (jc_pattern_check(&rule, sub) == JC_PATTERN_OK)
                add_ways(arena, p, u, w, way, j + 1, remote);
            if (!sub)
                return;
        }
    }
    for (uint32_t sub = remote ? way->months : 0;; sub = (sub - 1) & way->months) {
        way->remote = (uint16_t)sub;
        add_way(arena, w, way);
        if (!sub)
            return;
    }
}

static void unit_ways(struct jc_arena *arena, const Jc__Problem *p, int32_t unit, bool remote, struct ways *w) {
    const Jc__ProblemUnit *u = p->units[unit];
    struct way out = {0};
    add_way(arena, w, &out); /* left out */
    uint32_t pinned = 0;
    int team = -1, rule = -1;
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->unit == unit) {
            pinned |= 1u << (p->pins[i]->month - 1);
            team = p->pins[i]->team;
            rule = p->pins[i]->rule;
        }
    for (size_t o = 0; o < u->n_options; o++)
        for (size_t t = 0; t < u->n_lead_teams; t++) {
            uint16_t masks[JC_PATTERNS_MAX];
            size_t n = jc_pattern_of_option(p, u, u->options[o], pinned, masks);
            if (!u->options[o]->visits || (team >= 0 && team != u->lead_teams[t]) ||
                (rule >= 0 && rule != u->options[o]->rule))
                continue;
            for (size_t i = 0; i < n; i++) {
                struct way way = {u->options[o]->rule, u->lead_teams[t], masks[i], 0, {0}};
                add_ways(arena, p, u, w, &way, 0, remote);
            }
        }
}

struct enumeration {
    const Jc__Problem *p;
    struct jc_arena *arena, *scratch;
    struct ways *ways;
    Jc__Solution plan;
    Jc__Objective best;
    size_t judged;
};

static void judge(struct enumeration *e) {
    struct jc_measure m;
    struct jc_err err = {0};
    if (jc_solution_check(e->p, &e->plan, e->scratch, &m, &err) == JC_OK) {
        if (e->judged++ == 0 || jc_objective_cmp(&m.objective, &e->best) < 0)
            e->best = m.objective;
    } else {
        assert_int_equal(err.what, JC_MSG_SOLUTION_DRAW); /* units are right by construction, slots are tried out */
    }
    jc_arena_reset(e->scratch);
}

/* Slots of draw `d` still to place, from `month` on. */
static void try_slots(struct enumeration *e, size_t d, int left, int month) {
    if (d == e->p->n_draws) {
        judge(e);
        return;
    }
    if (!left) {
        size_t next = d + 1;
        try_slots(e, next, next < e->p->n_draws ? e->p->draws[next]->sample : 0, 1);
        return;
    }
    for (int m = month; m <= JC_MONTHS; m++) {
        Jc__SolvedSlot *slot = e->plan.slots[e->plan.n_slots++];
        slot->draw = (int32_t)d;
        slot->month = m;
        try_slots(e, d, left - 1, m);
        e->plan.n_slots--;
    }
}

static void try_units(struct enumeration *e, size_t unit) {
    if (unit == e->p->n_units) {
        try_slots(e, 0, e->p->n_draws ? e->p->draws[0]->sample : 0, 1);
        return;
    }
    const Jc__ProblemUnit *u = e->p->units[unit];
    for (size_t i = 0; i < e->ways[unit].n; i++) {
        const struct way *way = &e->ways[unit].list[i];
        size_t before = e->plan.n_visits;
        for (int m = 0; m < JC_MONTHS; m++) {
            if (!(way->months >> m & 1))
                continue;
            Jc__SolvedVisit *v = e->plan.visits[e->plan.n_visits++];
            v->unit = (int32_t)unit;
            v->rule = way->rule;
            v->team = way->team;
            v->month = m + 1;
            v->mode = way->remote >> m & 1 ? JC__VISIT_MODE__VISIT_MODE_REMOTE : JC__VISIT_MODE__VISIT_MODE_ONSITE;
            v->n_joints = 0;
            for (size_t j = 0; j < u->n_joints; j++)
                if (way->joined[j] >> m & 1)
                    v->joints[v->n_joints++] = (int32_t)j;
        }
        try_units(e, unit + 1);
        e->plan.n_visits = before;
    }
}

/* The best objective of all plans; false if there are too many plans to try. */
static bool enumerate(const Jc__Problem *p, struct jc_arena *arena, struct jc_arena *scratch, Jc__Objective *best) {
    struct enumeration e = {.p = p, .arena = arena, .scratch = scratch};
    bool remote = false;
    double plans = 1;
    for (size_t q = 0; q < p->n_quotas; q++)
        remote |= p->quotas[q]->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS;
    jc__solution__init(&e.plan);
    e.ways = JC_NEW_ARRAY(arena, p->n_units + 1, struct ways);
    for (size_t u = 0; u < p->n_units; u++) {
        unit_ways(arena, p, (int32_t)u, remote, &e.ways[u]);
        plans *= (double)e.ways[u].n;
    }
    for (size_t d = 0; d < p->n_draws; d++)
        plans *= p->draws[d]->sample == 1 ? 12 : 78;
    if (plans > PLANS_MAX)
        return false;
    e.plan.visits = JC_NEW_ARRAY(arena, p->n_units * JC_MONTHS + 1, Jc__SolvedVisit *);
    e.plan.slots = JC_NEW_ARRAY(arena, 100, Jc__SolvedSlot *);
    for (size_t i = 0; i < p->n_units * JC_MONTHS; i++) {
        e.plan.visits[i] = JC_NEW(arena, Jc__SolvedVisit);
        jc__solved_visit__init(e.plan.visits[i]);
        e.plan.visits[i]->joints = JC_NEW_ARRAY(arena, JC_MONTHS, int32_t);
    }
    for (size_t i = 0; i < 100; i++) {
        e.plan.slots[i] = JC_NEW(arena, Jc__SolvedSlot);
        jc__solved_slot__init(e.plan.slots[i]);
    }
    try_units(&e, 0);
    assert_true(e.judged > 0);
    *best = e.best;
    return true;
}

/* --- the comparison ------------------------------------------------------------------------------------ */

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

/* bound ≤ optimum ≤ plan, tier by tier; `optimal` means it. */
static void compare(const char *name, const Jc__Solution *s, const Jc__Objective *best) {
    const int64_t plan[] = {s->objective->unserved, s->objective->over_centi, s->objective->quota,
                            s->objective->cost_e5};
    const int64_t optimum[] = {best->unserved, best->over_centi, best->quota, best->cost_e5};
    const int64_t bound[] = {s->bound->unserved, s->bound->over_centi, s->bound->quota, s->bound->cost_e5};
    CHECK(name, jc_objective_cmp(best, s->objective) <= 0);
    CHECK_INT(name, bound[0], optimum[0]);
    for (int i = 0; i < 4; i++)
        if (bound[i] > optimum[i])
            fail_msg("case %s: bound %lld of tier %d is above the optimum %lld", name, (long long)bound[i], i + 1,
                     (long long)optimum[i]);
    if (s->tiers_settled)
        for (int i = 0; i < 3; i++)
            CHECK_INT(name, plan[i], optimum[i]);
    if (s->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL)
        CHECK_INT(name, jc_objective_cmp(best, s->objective), 0);
}

static void agrees_with_all_plans(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 30), *scratch = jc_arena_new((size_t)1 << 24);
    int compared = 0, optimal = 0, equal = 0, tiers[3] = {0};
    for (uint64_t seed = 1; compared < PROBLEMS; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *p = chance_problem(arena, seed, 5);
        struct jc_err err = {0};
        Jc__Objective best;
        CHECK_OK(name, jc_problem_check(p, &err), &err);
        if (enumerate(p, arena, scratch, &best)) {
            p->work_limit = WORK;
            Jc__Solution *s = run(name, p, arena);
            compare(name, s, &best);
            compared++;
            optimal += s->status == JC__SOLVE_STATUS__SOLVE_STATUS_OPTIMAL;
            equal += jc_objective_cmp(&best, s->objective) == 0;
            tiers[0] += best.unserved > 0;
            tiers[1] += best.over_centi > 0;
            tiers[2] += best.quota > 0;
        }
        jc_arena_reset(arena);
    }
    /* the problems must be worth the name: some over-constrained in each tier; and the proof must close */
    printf("%d problems: %d optima found, %d proven; %d with unserved visits, %d over limits, %d missing quotas\n",
           compared, equal, optimal, tiers[0], tiers[1], tiers[2]);
    assert_true(tiers[0] > 5 && tiers[1] > 20 && tiers[2] > 20);
    assert_int_equal(equal, compared);
    assert_true(optimal * 100 >= compared * 95);
    jc_arena_free(arena);
    jc_arena_free(scratch);
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

/* More workdays in the limits never make a tier worse. */
static void more_budget_is_never_worse(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (uint64_t seed = 500; seed < 540; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Objective before = JC__OBJECTIVE__INIT;
        for (int more = 0; more < 3; more++) {
            Jc__Problem *p = chance_problem(arena, seed, 4);
            p->work_limit = WORK;
            for (size_t t = 0; t < p->n_teams; t++) {
                p->teams[t]->year_limit_centi += p->teams[t]->year_limit_centi < 0 ? 0 : 100 * more;
                for (int m = 0; m < JC_MONTHS; m++)
                    p->teams[t]->month_limit_centi[m] += p->teams[t]->month_limit_centi[m] < 0 ? 0 : 100 * more;
            }
            Jc__Solution *s = run(name, p, arena);
            CHECK(name, more == 0 || s->objective->over_centi <= before.over_centi);
            CHECK(name, more == 0 || s->objective->unserved == before.unserved);
            before = *s->objective;
        }
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
        cmocka_unit_test(logarithms_are_right),
        cmocka_unit_test(agrees_with_all_plans),
        cmocka_unit_test(repeats_itself),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(more_budget_is_never_worse),
        cmocka_unit_test(starts_from_a_plan),
        cmocka_unit_test(ends_by_itself),
        cmocka_unit_test(fails_cleanly_without_memory),
        cmocka_unit_test(refuses_a_wrong_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
