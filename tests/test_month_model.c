/* The month model our opponents are given must be the whole problem: on small problems its value at a plan
 * is the referee's, for whatever plan, and its optimum, found by GLPK from the MPS file, is the best of all
 * plans (jc_brute.h). A model that asked too much or too little would make the comparison worthless. */
#include <glpk.h>

#include "bench/month_model.h"
#include "jc_brute.h"
#include "model/objective.h"
#include "model/problem.h"

enum { PROBLEMS = 120, PLANS_MAX = 6000, SAMPLES = 12 };

struct checking {
    struct jc_month_model *model;
    const char *name;
};

/* Fixes the model at a plan of the enumeration and reads the plan off again. */
static void fix(struct brute *b, const Jc__Objective *objective) {
    const struct checking *c = b->ctx;
    struct jc_err err = {0};
    struct jc_measure m;
    size_t at[BRUTE_PARTS];
    int broken;
    memcpy(at, b->at, sizeof at);
    CHECK_OK(c->name, jc_month_model_fix(c->model, brute_plan(b, at), &err), &err);
    double value = jc_program_evaluate(jc_month_model_program(c->model), &broken);
    CHECK_INT(c->name, broken, 0);
    CHECK_INT(c->name, value * 100000 + 0.5, jc_month_model_value(objective) * 100000 + 0.5);
    Jc__Solution *s = jc_month_model_plan(c->model);
    CHECK_OK(c->name, jc_solution_check(b->p, s, b->arena, &m, &err), &err);
    CHECK_INT(c->name, jc_objective_cmp(&m.objective, objective), 0);
}

/* GLPK's optimum of the MPS file, its point taken over into the model. */
static double solve(struct jc_program *program, const char *path) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    jc_program_write_mps(program, "test", file);
    fclose(file);
    glp_prob *lp = glp_create_prob();
    glp_term_out(GLP_OFF);
    assert_int_equal(glp_read_mps(lp, GLP_MPS_FILE, NULL, path), 0);
    assert_int_equal(glp_get_num_cols(lp), (int)program->n_columns);
    glp_iocp control;
    glp_init_iocp(&control);
    control.presolve = GLP_ON;
    control.msg_lev = GLP_MSG_OFF;
    assert_int_equal(glp_intopt(lp, &control), 0);
    assert_int_equal(glp_mip_status(lp), GLP_OPT);
    for (size_t c = 0; c < program->n_columns; c++)
        program->columns[c].value = glp_mip_col_val(lp, (int)c + 1);
    double value = glp_mip_obj_val(lp);
    glp_delete_prob(lp);
    return value;
}

static void is_the_whole_problem(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new((size_t)1 << 28);
    char folder[JC_TEST_PATH], path[JC_TEST_PATH + 16];
    int compared = 0, equal = 0;
    jc_test_folder(folder);
    snprintf(path, sizeof path, "%s/model.mps", folder);
    for (uint64_t seed = 1; compared < PROBLEMS; seed++) {
        char name[32];
        struct brute b;
        struct jc_err err = {0};
        struct jc_measure m;
        struct checking checking = {.name = name};
        snprintf(name, sizeof name, "seed %llu", (unsigned long long)seed);
        Jc__Problem *p = chance_problem(arena, seed, 5);
        double plans = jc_problem_check(p, &err) == JC_OK ? brute_prepare(&b, p, arena) : 0;
        if (plans >= 2 && plans <= PLANS_MAX) {
            CHECK_OK(name, jc_month_model_new(p, arena, &checking.model, &err), &err);
            b.ctx = &checking;
            b.sample = fix;
            b.sample_every = (uint64_t)(plans / SAMPLES) + 1;
            brute_force(&b);
            memcpy(b.at, b.best_at, sizeof b.at);
            fix(&b, &b.best);
            double value = solve(jc_month_model_program(checking.model), path);
            Jc__Solution *s = jc_month_model_plan(checking.model);
            CHECK_OK(name, jc_solution_check(p, s, arena, &m, &err), &err);
            double off = value - jc_month_model_value(&m.objective);
            CHECK(name, off > -1e-3 && off < 1e-3);
            /* GLPK calls a plan optimal within 10⁻⁷ of the objective, of which the tiers' weights are a part */
            double best = jc_month_model_value(&b.best);
            CHECK(name, value <= best + 1e-3 + 1e-6 * best);
            equal += jc_objective_cmp(&m.objective, &b.best) == 0;
            compared++;
        }
        jc_arena_reset(arena);
    }
    glp_free_env();
    printf("%d models, %d with the best plan's tiers and cost\n", compared, equal);
    assert_true(equal * 100 >= compared * 95);
    jc_test_folder_remove(folder);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_the_whole_problem)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
