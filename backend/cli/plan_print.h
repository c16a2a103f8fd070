/* A plan and its summary, as people and scripts read them (DESIGN section 11). */
#ifndef JC_CLI_PLAN_PRINT_H
#define JC_CLI_PLAN_PRINT_H

#include <jansson.h>

#include "cli/table.h"
#include "plan/register.h"
#include "store/plan.h"

/* {"plan":{…},"solve":{…},"visits":[…],"shortfalls":[…]} appended to cli->out. */
enum jc_code jc_print_plan_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                struct jc_err *err);
/* The `solve` object alone. */
enum jc_code jc_print_solve_json(struct jc_cli *cli, const Jc__SolveSummary *solve, struct jc_err *err);

/* The same for a document of a command's own; the reference is the caller's. NULL without memory. */
json_t *jc_solve_json(const Jc__SolveSummary *solve);
json_t *jc_shortfall_json(const struct jc_cli *cli, const Jc__Shortfall *shortfall, const struct jc_register *reg);
json_t *jc_shortfalls_json(const struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg);
json_t *jc_coverage_json(const struct jc_cli *cli, const Jc__KeyCoverage *coverage,
                         const struct jc_register *reg); /* null without one */
json_t *jc_centi_json(int64_t centi);                    /* 50 is 0.5 */
json_t *jc_e5_json(int64_t e5);
/* Appends a document to cli->out and frees it; NULL is "without memory". */
enum jc_code jc_print_json(struct jc_cli *cli, json_t *root, struct jc_err *err);

/* "全部检查已排入 …": status, tiers, cost, bound and gap, in one or two lines. */
void jc_print_solve(struct jc_cli *cli, const Jc__SolveSummary *solve);
/* "2023年计划第 1 版（草案）". */
void jc_print_plan_head(struct jc_cli *cli, const Jc__Plan *plan);
/* {"version","shortfalls":[…],"coverage":…}: what the plan cannot meet, and why, appended to cli->out. */
enum jc_code jc_print_explanation_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                       struct jc_err *err);
/* What the plan says of its key units (F2); nothing if all can be covered in the year. */
void jc_print_coverage(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg);
/* Every shortfall in words: which limit binds, what it costs, what would repair it. */
void jc_print_shortfalls(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg);
/* Workdays and visits by team and month; joint visits count for every team that books days. */
enum jc_code jc_print_plan_months(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                  struct jc_err *err);
/* The visits, a row each; in CSV with the fields of the JSON. */
enum jc_code jc_print_visits(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                             struct jc_err *err);

/* "57.5" of hundred-thousandths, at least one decimal; the arena's. */
struct jc_str jc_cost_text(struct jc_arena *arena, int64_t cost_e5);
/* "3.4 %", or "" while there is no proven bound. */
struct jc_str jc_gap_text(struct jc_arena *arena, int64_t cost_e5, int64_t bound_e5, bool settled);

#endif
