/* What every JSON document of the command line needs. References are the caller's; NULL without memory. */
#ifndef JC_CLI_JSON_OUT_H
#define JC_CLI_JSON_OUT_H

#include <jansson.h>

#include "cli/cli.h"

json_t *jc_centi_json(int64_t centi); /* 50 is 0.5 */
json_t *jc_e5_json(int64_t e5);

/* Appends a document to cli->out and frees it; NULL is "without memory". */
enum jc_code jc_print_json(struct jc_cli *cli, json_t *root, struct jc_err *err);

#endif
