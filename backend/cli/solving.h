/* What commands that run the solver have in common: limits, seed and weights, progress, and Ctrl-C. */
#ifndef JC_CLI_SOLVING_H
#define JC_CLI_SOLVING_H

#include <signal.h>

#include "cli/cli.h"
#include "plan/problem.h"

enum { JC_SOLVING_OPTIONS = 4 };

struct jc_solving {
    struct jc_cli *cli;
    /* as given; NULL: not given */
    const char *time_limit, *seed, *work, *weights;
    Jc__Weights weights_value; /* read */
    int64_t started_ms, told_ms;
    struct sigaction old[2];
};

/* --time-limit, --seed, --work and --weights, to stand beside the command's own. */
void jc_solving_options(struct jc_solving *s, struct jc_option out[JC_SOLVING_OPTIONS]);

/* Turns them into options of the problem; `seconds` is the time limit without --time-limit and --work. Names
 * the first option that cannot be taken, NULL if all can. `w` must live as long as the options. */
const char *jc_solving_read(struct jc_solving *w, int seconds, struct jc_problem_options *options);

/* Shows how the search goes (`ctx` is the struct): silent at first, then a line every two seconds with phase,
 * tiers, cost, gap, moves a second and time; with --format json each is a document
 * {"progress":{"phase","tiers","cost","bound","gap","moves","moves_per_second","seconds"}} on stderr. */
void jc_solving_progress(void *ctx, const Jc__Progress *progress);

/* From here on SIGINT and SIGTERM make the descriptor readable that it returns, instead of ending the program
 * (-1: they cannot); until the end. One at a time. */
int jc_solving_begin(struct jc_solving *s);
/* Another run begins under the same roof: progress counts anew, a cancel that ended the last one is spent. */
void jc_solving_again(struct jc_solving *s);
void jc_solving_end(const struct jc_solving *s);

#endif
