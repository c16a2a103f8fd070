/* The list of subcommands (commands.def) and their help texts. */
#ifndef JC_CLI_HELP_H
#define JC_CLI_HELP_H

#include "cli/cli.h"

/* NULL if there is none of that name. */
const struct jc_command *jc_help_find(const char *name);
/* All subcommands, a line each. */
void jc_help_all(struct jc_buf *out, enum jc_lang lang);
/* One subcommand; `sub` is the sub-subcommand asked for, or NULL. */
void jc_help_command(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command,
                     const struct jc_command *sub);
/* "usage: jiancha …", a line each. */
void jc_help_usage(struct jc_buf *out, enum jc_lang lang, const struct jc_command *command);

#endif
