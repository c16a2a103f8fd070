/* Says on stderr what a long command is doing: nothing for the first two seconds, then a line every two seconds with the
 * stage it is in and how long it has taken, so that nobody takes it for dead. With --format json each line is a document
 * {"progress":{"phase","seconds"}}. */
#ifndef JC_CLI_WATCH_H
#define JC_CLI_WATCH_H

#include "cli/cli.h"

struct jc_watch;

struct jc_watch_stage {
    const char *name;  /* for scripts */
    enum jc_msg words; /* "checking the evidence chain" */
};

/* Begins to watch; every_ms 0 means every two seconds. NULL if it cannot, which is no failure: the calls below take
 * NULL. One at a time. */
struct jc_watch *jc_watch_begin(const struct jc_cli *cli, int every_ms);
/* From here on the command is in this stage; it must outlive the watch. Before the first, nothing is said. */
void jc_watch_enter(struct jc_watch *watch, const struct jc_watch_stage *stage);
/* Nothing is said any more when this returns. */
void jc_watch_end(struct jc_watch *watch);

#endif
