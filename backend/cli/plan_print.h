/* A plan and its summary, as people read them; for scripts see plan_json.h. */
#ifndef JC_CLI_PLAN_PRINT_H
#define JC_CLI_PLAN_PRINT_H

#include "cli/table.h"
#include "plan/register.h"
#include "store/plan.h"

/* "全部检查已排入 …": status, tiers, cost, bound and gap, in one or two lines. */
void jc_print_solve(struct jc_cli *cli, const Jc__SolveSummary *solve);
/* "2023年计划第 1 版（草案）". */
void jc_print_plan_head(struct jc_cli *cli, const Jc__Plan *plan);
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
