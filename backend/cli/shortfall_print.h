/* What a plan cannot meet, and why, as people and scripts read it (DESIGN section 11). JSON references are the
 * caller's; NULL without memory. */
#ifndef JC_CLI_SHORTFALL_PRINT_H
#define JC_CLI_SHORTFALL_PRINT_H

#include <jansson.h>

#include "cli/cli.h"
#include "plan/register.h"
#include "store/plan.h"

json_t *jc_shortfall_json(const struct jc_cli *cli, const Jc__Shortfall *shortfall, const struct jc_register *reg);
json_t *jc_shortfalls_json(const struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg);
json_t *jc_coverage_json(const struct jc_cli *cli, const Jc__KeyCoverage *coverage,
                         const struct jc_register *reg); /* null without one */
/* {"version","shortfalls":[…],"coverage":…} appended to cli->out. */
enum jc_code jc_print_explanation_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                       struct jc_err *err);

/* What the plan says of its key units (F2); nothing if all can be covered in the year. */
void jc_print_coverage(struct jc_cli *cli, const Jc__KeyCoverage *coverage, const struct jc_register *reg);
/* Every shortfall in words: which limit binds, what it costs, what would repair it. */
void jc_print_shortfalls(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg);

#endif
