/* Parts of problems made by chance: what the part is worth differs from the whole by the same amount for every
 * plan, and a plan of the part is a plan of the whole. */
#include "jc_plan_test.h"
#include "jc_problem_test.h"

#include "model/objective.h"
#include "model/problem.h"
#include "plan/excerpt.h"

static Jc__Solution *solve(const char *name, Jc__Problem *p, struct jc_arena *arena, struct jc_measure *m) {
    const struct jc_worker_config worker = {.program = JC_TEST_OPTIMIZER, .cancel_fd = -1};
    struct jc_err err = {0};
    Jc__Solution *s = NULL;
    p->work_limit = 3000;
    p->plan_only = true;
    CHECK_OK(name, jc_worker_run(&worker, p, arena, &s, &err), &err);
    CHECK_OK(name, jc_solution_check(p, s, arena, m, &err), &err);
    return s;
}

/* The visits of units that stay are those of the plan, one by one. */
static void check_stays(const char *name, const bool *moves, const Jc__Solution *plan, const Jc__Solution *merged) {
    size_t j = 0;
    for (size_t i = 0; i < plan->n_visits; i++) {
        if (moves[plan->visits[i]->unit])
            continue;
        while (j < merged->n_visits && moves[merged->visits[j]->unit])
            j++;
        CHECK(name, j < merged->n_visits && merged->visits[j++] == plan->visits[i]);
    }
    for (; j < merged->n_visits; j++)
        CHECK(name, moves[merged->visits[j]->unit]);
}

static void test_chance(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    int moved = 0, stayed = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        char name[32];
        struct jc_err err = {0};
        struct jc_measure before, after, part_before, part_after;
        struct jc_excerpt x;
        Jc__Solution *merged = NULL;
        struct dice d = {seed};
        snprintf(name, sizeof name, "seed %d", (int)seed);
        Jc__Problem *p = chance_problem(arena, seed, 8);
        if (!p->weights)
            set_weights(&(struct maker){arena, p}, 1000, 0, 100, 1000);
        p->weights->travel_milli = 0; /* the one thing a part does not know */
        if (jc_problem_check(p, &err))
            continue;
        Jc__Solution *plan = solve(name, p, arena, &before);
        bool *moves = JC_NEW_ARRAY(arena, p->n_units + 1, bool);
        for (size_t u = 0; u < p->n_units; u++) {
            moves[u] = roll(&d, 2);
            moved += moves[u];
            stayed += !moves[u];
        }
        CHECK_OK(name, jc_excerpt_make(p, p, plan, &before, moves, arena, &x, &err), &err);
        CHECK_OK(name, jc_problem_check(x.problem, &err), &err);
        p->seed = x.problem->seed = seed;
        Jc__Solution *part = solve(name, x.problem, arena, &part_after);
        CHECK_OK(name, jc_excerpt_merge(&x, part, arena, &merged, &err), &err);
        CHECK_OK(name, jc_solution_check(p, merged, arena, &after, &err), &err);
        check_stays(name, moves, plan, merged);
        /* the plan itself, as a plan of the part: its start and the fixed work */
        Jc__Solution start = *x.problem->start;
        start.visits = JC_NEW_ARRAY(arena, start.n_visits + part->n_visits + 1, Jc__SolvedVisit *);
        memcpy(start.visits, x.problem->start->visits, start.n_visits * sizeof *start.visits);
        for (size_t i = 0; i < part->n_visits; i++)
            if ((size_t)part->visits[i]->unit >= x.n_units)
                start.visits[start.n_visits++] = part->visits[i];
        CHECK_OK(name, jc_solution_check(x.problem, &start, arena, &part_before, &err), &err);
        const Jc__Objective *b = &before.objective, *a = &after.objective, *pb = &part_before.objective,
                            *pa = &part_after.objective;
        CHECK_INT(name, a->unserved - b->unserved, pa->unserved - pb->unserved);
        CHECK_INT(name, a->over_centi - b->over_centi, pa->over_centi - pb->over_centi);
        CHECK_INT(name, a->quota - b->quota, pa->quota - pb->quota);
        CHECK_INT(name, a->cost_e5 - b->cost_e5, pa->cost_e5 - pb->cost_e5);
        jc_arena_reset(arena);
    }
    assert_true(moved > 50 && stayed > 50);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chance)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
