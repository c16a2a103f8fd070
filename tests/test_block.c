/* Tables over sets of open months against their definition, and blocks against a sum over all sets: the
 * bounds of docs/OPTIMIZER.md (10)-(16) stand on these values. */
#include "jc_problem_test.h"

#include "model/problem.h"
#include "optimizer/block.h"
#include "optimizer/random.h"
#include "optimizer/relax.h"

enum { TABLES = 30, PROBLEMS = 80 };

static int32_t *chance_table(struct jc_arena *arena, struct jc_random *r) {
    int32_t *t = JC_NEW_ARRAY(arena, JC_SETS, int32_t);
    assert_non_null(t);
    for (int z = 0; z < JC_SETS; z++)
        t[z] = jc_random_below(r, 3) ? JC_TABLE_CAP : (int32_t)jc_random_below(r, JC_TABLE_CAP);
    return t;
}

static void minimum_over_subsets(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 24);
    struct jc_random r;
    jc_random_seed(&r, 1, 1);
    for (int round = 0; round < TABLES; round++) {
        int32_t *t = chance_table(arena, &r), *before = JC_NEW_ARRAY(arena, JC_SETS, int32_t);
        memcpy(before, t, JC_SETS * sizeof *t);
        jc_table_subset_minimum(t);
        for (uint32_t z = 0; z < JC_SETS; z += 1 + jc_random_below(&r, 9)) {
            int32_t least = before[0];
            for (uint32_t sub = z; sub; sub = (sub - 1) & z)
                least = before[sub] < least ? before[sub] : least;
            CHECK_INT("subset minimum", t[z], least);
        }
        jc_arena_reset(arena);
    }
    jc_arena_free(arena);
}

static void sums_are_cut(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 24);
    struct jc_random r;
    jc_random_seed(&r, 2, 1);
    static const int32_t times[] = {1, 2, 7, 100000}, most[] = {0, 1, 12345, JC_TABLE_CAP};
    for (int i = 0; i < 16; i++) {
        int32_t *to = chance_table(arena, &r), *from = chance_table(arena, &r);
        int32_t *sum = JC_NEW_ARRAY(arena, JC_SETS, int32_t);
        memcpy(sum, to, JC_SETS * sizeof *to);
        jc_table_add(sum, from, times[i % 4], most[i / 4]);
        for (int z = 0; z < JC_SETS; z++) {
            int64_t exact = to[z] + (int64_t)times[i % 4] * (from[z] < most[i / 4] ? from[z] : most[i / 4]);
            assert_true(sum[z] >= to[z] && sum[z] <= exact && sum[z] <= JC_TABLE_CAP);
            if (exact < JC_TABLE_CAP - times[i % 4])
                CHECK_INT("sum", sum[z], exact);
        }
    }
    jc_arena_free(arena);
}

/* What the unit costs at the team within the open months. */
static int64_t within(const struct jc_duals *d, int32_t unit, int32_t team, uint32_t open, int64_t *joins,
                      int64_t *cost) {
    const struct jc_plan_unit *u = &d->in->units[unit];
    int64_t least = JC_DUALS_NEVER;
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++) {
        const struct jc_choice *choice = &d->in->choices[c];
        if (choice->team != team)
            continue;
        jc_duals_patterns(d, u, choice, joins, cost);
        for (int p = 0; p < choice->patterns->n; p++)
            if (!(choice->patterns->masks[p] & ~open & (choice->pair >= 0 ? JC_MONTHS_ALL : 0)))
                least = cost[p] < least ? cost[p] : least;
    }
    return least;
}

static bool leads(const struct jc_instance *in, int32_t unit, int32_t team, int32_t pair) {
    const struct jc_plan_unit *u = &in->units[unit];
    int32_t at = -1;
    bool led = false;
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++)
        if (in->choices[c].team == team) {
            led = true;
            at = in->choices[c].pair > at ? in->choices[c].pair : at;
        }
    return led && at == pair;
}

/* A block by its definition: the best set of open months; pair -1: the team's units without district. */
static int64_t by_definition(const struct jc_blocks *b, const struct jc_duals *d, int32_t team, int32_t pair,
                             const struct jc_openings *o, int64_t *joins, int64_t *cost) {
    int64_t best = INT64_MAX;
    for (uint32_t open = 0; open < JC_SETS; open++) {
        if (pair < 0 ? open != JC_MONTHS_ALL
                     : (open & o->must[pair]) != o->must[pair] || open & ~(uint32_t)o->may[pair])
            continue;
        int64_t sum = pair < 0 ? 0 : d->travel * __builtin_popcount(open);
        for (int32_t u = 0; u < d->in->n_units; u++) {
            if (!leads(d->in, u, team, pair))
                continue;
            int64_t add = within(d, u, team, open, joins, cost);
            if (jc_blocks_shared(b, u))
                add = add < d->unit[u] ? add - d->unit[u] : 0;
            sum = sum + add < JC_DUALS_NEVER ? sum + add : JC_DUALS_NEVER;
        }
        best = sum < best ? sum : best;
    }
    return best;
}

static void chance_duals(struct jc_duals *d, struct jc_random *r) {
    for (int32_t i = 0; i < d->in->n_teams * JC_MONTHS; i++)
        d->cell[i] = (int64_t)jc_random_below(r, 2000) - 1000;
    for (int32_t q = 0; q < d->in->n_quotas; q++)
        d->quota[q] = (int64_t)jc_random_below(r, 400000) - 200000;
    for (int32_t u = 0; u < d->in->n_units; u++)
        d->unit[u] = (int64_t)jc_random_below(r, 1000000) - 300000;
    d->travel = jc_random_below(r, 2) ? 0 : 400000;
    d->season = jc_random_below(r, 2);
}

static void blocks_are_solved(void **state) {
    (void)state;
    int blocks = 0, never = 0;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (uint64_t seed = 1; seed <= PROBLEMS; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        struct jc_err err = {0};
        struct jc_instance *in;
        Jc__Problem *p = chance_problem(arena, seed, 5);
        CHECK_OK(name, jc_problem_check(p, &err), &err);
        CHECK_OK(name, jc_instance_build(p, arena, &in, &err), &err);
        struct jc_blocks *b = jc_blocks_new(in, arena);
        struct jc_duals d;
        struct jc_random r;
        jc_random_seed(&r, seed, 3);
        assert_true(b && jc_duals_init(&d, in, arena));
        chance_duals(&d, &r);
        int64_t *joins = JC_NEW_ARRAY(arena, (size_t)JC_MONTHS * JC_SETS, int64_t);
        int64_t *cost = JC_NEW_ARRAY(arena, JC_PATTERNS_MAX, int64_t);
        uint16_t *must = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, uint16_t);
        uint16_t *may = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, uint16_t);
        for (int32_t i = 0; i < in->n_pairs; i++) {
            may[i] = (uint16_t)(JC_MONTHS_ALL & ~(1u << jc_random_below(&r, 12)));
            must[i] = (uint16_t)(jc_random_below(&r, 2) << jc_random_below(&r, 12)) & may[i];
        }
        struct jc_openings o = {must, may, NULL};
        for (int32_t k = 0; k < in->n_teams; k++) {
            int64_t exact = by_definition(b, &d, k, -1, &o, joins, cost);
            for (int32_t i = 0; i < in->n_pairs; i++)
                if (in->pair_team[i] == k) {
                    int64_t one = by_definition(b, &d, k, i, &o, joins, cost);
                    exact = exact + one < JC_DUALS_NEVER ? exact + one : JC_DUALS_NEVER;
                    blocks++;
                }
            int64_t value = jc_blocks_team(b, &d, k, &o, NULL, NULL);
            if (exact < JC_DUALS_NEVER / 2)
                CHECK_INT(name, value, exact);
            else
                never++, assert_true(value < exact && value > JC_TABLE_CAP / 2);
        }
        jc_arena_reset(arena);
    }
    print_message("%d blocks, %d teams that cannot\n", blocks, never);
    assert_true(blocks > 80 && never > 0);
    jc_arena_free(arena);
}

/* Without travel: what is summed over the units served by the cheapest is what the best prices of units would make of
 * it, and block by block it is the same. */
static void shared_units_are_served(void **state) {
    (void)state;
    int shared = 0;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    for (uint64_t seed = 1; seed <= PROBLEMS; seed++) {
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        struct jc_err err = {0};
        struct jc_instance *in;
        struct jc_duals d;
        struct jc_usage whole;
        struct jc_parts parts;
        struct jc_random r;
        Jc__Problem *p = chance_problem(arena, seed, 5);
        CHECK_OK(name, jc_problem_check(p, &err), &err);
        CHECK_OK(name, jc_instance_build(p, arena, &in, &err), &err);
        struct jc_blocks *b = jc_blocks_new(in, arena);
        assert_true(b && jc_duals_init(&d, in, arena) && jc_usage_init(&whole, in, arena));
        assert_true(jc_parts_init(&parts, in, arena));
        jc_random_seed(&r, seed, 4);
        chance_duals(&d, &r);
        d.travel = 0;
        int64_t expected = 0, value = 0, apart = 0;
        jc_blocks_value_units(b, &d);
        for (int32_t u = 0; u < in->n_units; u++) {
            expected += jc_blocks_shared(b, u) ? d.unit[u] : 0;
            shared += jc_blocks_shared(b, u);
        }
        for (int32_t k = 0; k < in->n_teams; k++)
            expected += jc_blocks_team(b, &d, k, NULL, NULL, NULL);
        value = jc_blocks_serve_shared(b, &d, &whole, NULL);
        for (int32_t k = 0; k < in->n_teams; k++)
            value += jc_blocks_team(b, &d, k, NULL, &whole, NULL);
        CHECK_INT(name, value, expected);
        value = jc_blocks_serve_shared(b, &d, parts.usage, parts.value);
        for (int32_t k = 0; k < in->n_teams; k++)
            value += jc_blocks_apart(b, &d, k, NULL, parts.usage, parts.value);
        CHECK_INT(name, value, expected);
        for (size_t i = 0; i < parts.n; i++) {
            apart += parts.value[i];
            for (int32_t c = 0; c < in->n_teams * JC_MONTHS; c++)
                whole.cell[c] -= parts.usage[i].cell[c];
        }
        CHECK_INT(name, apart, expected);
        for (int32_t c = 0; c < in->n_teams * JC_MONTHS; c++)
            CHECK_INT(name, whole.cell[c], 0);
        jc_arena_reset(arena);
    }
    assert_true(shared > 20);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimum_over_subsets),
        cmocka_unit_test(sums_are_cut),
        cmocka_unit_test(blocks_are_solved),
        cmocka_unit_test(shared_units_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
