/* DESIGN section 9 as one mixed integer program with month variables, the way a good modeller would give it
 * to a solver: the fair opponent of `scripts/bench optimizer`.
 *
 *   y(u,r,k)      1 if unit u is on rule r and team k leads; unserved(u) = 1 − Σ y
 *   x(u,r,k,m)    1 if visited in month m: Σ_m x = n(r)·y, windows, gaps; pins equal y      rows (1) and (2)
 *   c(u,j,m)      team j joins; replaced by Σ x where it joins every visit                  rows (3)
 *   v(u,r,k,m)    the visit is remote, only where a quota asks                              rows (4)
 *   s(d,m)        slots
 *   z(k,m,δ)      team k travels to district δ: x ≤ z for each visit                        rows (7)
 *   changes       on y the visits in force a rule has no room for, on x and s what is not in force
 *   L, over, deviation, quota slack                                                         rows (4)–(6)
 *
 * Months in which no pattern of a unit has a visit get no column. The tiers are weights on one objective:
 * far above any cost that a plan could trade for them, and still within a solver's tolerances. */
#ifndef JC_BENCH_MONTH_MODEL_H
#define JC_BENCH_MONTH_MODEL_H

#include "base/err.h"
#include "bench/program.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* Cost of one unserved visit, one workday over a limit, one quota violation. */
#define JC_MODEL_UNSERVED 1e6
#define JC_MODEL_OVER 1e4
#define JC_MODEL_QUOTA 1e3

struct jc_month_model;

/* The problem must have passed jc_problem_check. Memory is the arena's. */
enum jc_code jc_month_model_new(const Jc__Problem *problem, struct jc_arena *arena, struct jc_month_model **out,
                                struct jc_err *err);

struct jc_program *jc_month_model_program(struct jc_month_model *model);

/* Sets the program's point to the plan. The plan is the referee's first: an invalid one is refused. */
enum jc_code jc_month_model_fix(struct jc_month_model *model, const Jc__Solution *plan, struct jc_err *err);

/* The plan at the program's point, whose integer columns are rounded; not yet judged. */
Jc__Solution *jc_month_model_plan(const struct jc_month_model *model);

/* What the model's objective is for a plan of these tiers and cost. */
double jc_month_model_value(const Jc__Objective *objective);

#endif
