/* The small year of jc_plan_year.h and the real case, imported; for tests of planning. */
#ifndef JC_PLAN_TEST_H
#define JC_PLAN_TEST_H

#include "jc_store_test.h"

#include "jc_plan_year.h"
#include "plan/import.h"
#include "plan/solve.h"
#include "plan/worker.h"
#include "store/plan.h"

static inline void jc_plan_test_import(struct jc_db *db, struct jc_arena *arena, const struct jc_case_input *inputs,
                                       size_t count, bool update) {
    struct jc_import import = {.inputs = inputs,
                               .input_count = count,
                               .update = update,
                               .actor = JC_STR("cli:test"),
                               .clock = &jc_test_clock,
                               .arena = arena};
    struct jc_import_result result = {0};
    struct jc_err err = {0};
    CHECK_OK("import", jc_import_run(db, &import, &result, &err), &err);
    if (result.outcome == JC_IMPORT_REFUSED) {
        struct jc_buf text;
        jc_buf_init(&text, 1 << 16);
        for (size_t i = 0; i < result.diags.count; i++) {
            jc_diag_render(&text, JC_EN, &result.diags.items[i]);
            jc_buf_char(&text, '\n');
        }
        fail_msg("import refused:\n%.*s", JC_FMT(jc_buf_str(&text)));
    }
}

/* A database with the small year. */
static inline struct jc_db *jc_plan_test_year(struct jc_arena *arena) {
    struct jc_db *db = jc_test_store();
    jc_plan_test_import(db, arena, JC_YEAR, COUNT(JC_YEAR), false);
    return db;
}

/* A database with the published plan of Huainan; tests run in the project's folder. */
static inline struct jc_db *jc_plan_test_huainan(struct jc_arena *arena) {
    struct jc_db *db = jc_test_store();
    struct jc_case_input *inputs = NULL;
    struct jc_err err = {0};
    size_t count = 0;
    CHECK_OK("folder", jc_case_folder("examples/huainan-2023", arena, &inputs, &count, &err), &err);
    jc_plan_test_import(db, arena, inputs, count, false);
    return db;
}

#define JC_TEST_OPTIMIZER JC_TEST_BIN "/jiancha-optimizer"

/* Plans with the real solver, by work and not by time, so the outcome is always the same. */
static inline enum jc_code jc_plan_test_solve(struct jc_db *db, struct jc_arena *arena, const char *program,
                                              Jc__Plan **plan, struct jc_register **reg, struct jc_err *err) {
    const struct jc_solve_request request = {
        .options = {.seed = 1, .work_limit = 100000},
        .program = program,
        .cancel_fd = -1,
        .actor = JC_STR("cli:test"),
        .clock = jc_test_clock,
    };
    return jc_solve(db, 1, &request, arena, plan, reg, err);
}

/* A database with the small year, solved and arranged. */
static inline struct jc_db *jc_plan_test_arranged(struct jc_arena *arena) {
    struct jc_db *db = jc_plan_test_year(arena);
    Jc__Plan *plan = NULL;
    struct jc_register *reg = NULL;
    struct jc_err err = {0};
    CHECK_OK("solve", jc_plan_test_solve(db, arena, JC_TEST_OPTIMIZER, &plan, &reg, &err), &err);
    jc_test_script(db, JC_YEAR_ARRANGED);
    return db;
}

/* A call on one transaction: fill in what you need and give `run`. */
struct jc_plan_call {
    enum jc_code (*run)(struct jc_tx *tx, struct jc_plan_call *call, struct jc_err *err);
    struct jc_arena *arena;
    const void *in;
    void *out;
};

static inline enum jc_code jc_plan_call_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_plan_call *call = ctx;
    return call->run(tx, call, err);
}

#endif
