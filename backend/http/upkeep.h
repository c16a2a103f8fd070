/* What a server does from time to time: one thread, a list of tasks with names and periods. */
#ifndef JC_HTTP_UPKEEP_H
#define JC_HTTP_UPKEEP_H

#include "base/clock.h"
#include "base/err.h"

/* Runs on the thread of upkeep; short, because the others wait for it. */
struct jc_upkeep_task {
    const char *name;
    int period_ms;
    void (*run)(void *ctx, int64_t now_ms);
    void *ctx;
};

struct jc_upkeep;

/* `tasks` are copied; the first turn of each comes after its period. `clock` is monotonic. No thread yet. */
enum jc_code jc_upkeep_new(const struct jc_upkeep_task *tasks, int count, struct jc_clock clock, struct jc_upkeep **out,
                           struct jc_err *err);
enum jc_code jc_upkeep_start(struct jc_upkeep *upkeep, struct jc_err *err);
/* Runs what is due by the clock, on this thread; how many tasks. For whoever has no thread. */
int jc_upkeep_turn(struct jc_upkeep *upkeep);
/* Ends the thread, runs every task once more, frees. NULL is fine. */
void jc_upkeep_free(struct jc_upkeep *upkeep);

#endif
