/* A plan over several years: everybody once within the cycle of the rule, every year planned by months.
 *
 * The years are chosen by jc_spread_make; then each year is a register of its own (who comes that year,
 * under rules that ask for it then) and is planned like any other. Nothing is stored. */
#ifndef JC_PLAN_YEARS_H
#define JC_PLAN_YEARS_H

#include "plan/solve.h"
#include "plan/spread.h"

struct jc_year {
    int year;
    bool estimated; /* no holidays are published: working days are those of the known years on average */
    struct jc_register *reg;
    struct jc_plan_problem pp;
    Jc__Plan *plan; /* visits, summary, shortfalls */
    struct jc_measure measure;
};

struct jc_years {
    struct jc_register *reg; /* as stored */
    struct jc_spread spread;
    Jc__KeyCoverage *coverage; /* F2, of all key units of the register (coverage.h) */
    struct jc_year *items;
    size_t count;
    size_t left_out; /* units on rules of several years that had their turn in a year with no month for them */
};

struct jc_years_request {
    struct jc_solve_request solve;      /* limits are those of every single year */
    int years;                          /* 2 to JC_SPREAD_MAX */
    void (*begin)(void *ctx, int year); /* a year is about to be solved; NULL: nobody hears */
};

/* Spreads the units over the years and plans each. Visits of the stored plan that are released, done,
 * drawn, pinned or forced stay in the first year. Everything is the arena's. Fails as
 * jc_plan_problem_make and jc_worker_run do. */
enum jc_code jc_years_run(struct jc_db *db, int64_t agency_id, const struct jc_years_request *request,
                          struct jc_arena *arena, struct jc_years *out, struct jc_err *err);

#endif
