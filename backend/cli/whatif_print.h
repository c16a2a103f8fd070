/* What a change would mean, side by side. */
#ifndef JC_CLI_WHATIF_PRINT_H
#define JC_CLI_WHATIF_PRINT_H

#include "cli/cli.h"
#include "plan/whatif.h"

/* The comparison in cli->format, appended to cli->out: tables and sentences for people, one object with
 * the teams in the array "whatif" for scripts, the teams alone as CSV. */
enum jc_code jc_whatif_print(struct jc_cli *cli, const struct jc_whatif *whatif, struct jc_err *err);

#endif
