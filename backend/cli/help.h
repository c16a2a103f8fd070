/* The list of subcommands (commands.def) and their help texts. */
#ifndef JC_CLI_HELP_H
#define JC_CLI_HELP_H

#include "cli/cli.h"

/* NULL if there is none of that name. */
const struct jc_command *jc_help_find(const char *name);
/* All subcommands, a line each. */
void jc_help_all(struct jc_buf *out, enum jc_lang lang);
/* One subcommand, or a subcommand of one. */
void jc_help_command(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command);
/* The words by which it is called: "plan move", "terminal draft save". */
void jc_help_name(struct jc_buf *out, const struct jc_command *command);
/* "usage: jiancha …", a line each. */
void jc_help_usage(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command);

#endif
