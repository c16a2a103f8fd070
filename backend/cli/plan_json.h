/* A plan and its summary as scripts read them (DESIGN section 11). */
#ifndef JC_CLI_PLAN_JSON_H
#define JC_CLI_PLAN_JSON_H

#include <jansson.h>

#include "cli/cli.h"
#include "plan/register.h"
#include "store/plan.h"

/* "planned", "released", "done". */
const char *jc_visit_status_code(Jc__VisitStatus status);

/* The `solve` object; the reference is the caller's. NULL without memory. */
json_t *jc_solve_json(const Jc__SolveSummary *solve);

/* {"plan":{…},"solve":{…},"visits":[…],"shortfalls":[…]} appended to cli->out. */
enum jc_code jc_print_plan_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                struct jc_err *err);
/* The `solve` object alone. */
enum jc_code jc_print_solve_json(struct jc_cli *cli, const Jc__SolveSummary *solve, struct jc_err *err);

#endif
