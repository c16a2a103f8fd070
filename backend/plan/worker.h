/* The solver's process: a plan problem goes in, whole plans come back (DESIGN section 2).
 *
 * GLPK ends its process when misused or out of memory, so it runs in a child: `jiancha-optimizer`, in
 * its own process group (Ctrl-C must not reach it first), with file descriptors 0-2 alone, killed by
 * the kernel when the thread that started it ends. Whatever the child does (abort, hang, print rubbish,
 * be killed) ends in one clear error here, and nothing of it stays behind. */
#ifndef JC_PLAN_WORKER_H
#define JC_PLAN_WORKER_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

struct jc_worker_config {
    const char *program; /* see jc_worker_program */
    int cancel_fd;       /* becomes readable: stop with the best plan so far; -1: none */
    int64_t grace_ms;    /* how long behind the problem's time limit the child may end; 0: 10 s */
    int64_t silence_ms;  /* how long it may send no frame at all; 0: 10 min */
    int64_t memory_max;  /* RLIMIT_AS in bytes; 0: 4 GiB. Not in sanitizer builds */
    /* Judges each whole plan; an error ends the run. NULL: every plan will do. */
    enum jc_code (*accept)(void *ctx, const Jc__Solution *solution, struct jc_err *err);
    /* Hears how the search goes; NULL: nobody. The message lives during the call. */
    void (*progress)(void *ctx, const Jc__Progress *progress);
    void *ctx;
};

/* The path of the solver: $JIANCHA_OPTIMIZER, else jiancha-optimizer beside the running program, else
 * beside `argv0`. The arena's; NULL without memory. */
const char *jc_worker_program(struct jc_arena *arena, const char *argv0);

/* Runs the solver to its end, its time limit, or a cancel. *out is the newest plan, the arena's.
 *
 * Cancel: SIGTERM; the last plan may come within 1 s, then SIGKILL, and the newest plan stands, with
 * status CANCELLED; without any plan JC_CANCELLED. A child that ends without its last plan is
 * JC_INTERNAL, one that does not end JC_DEADLINE_EXCEEDED, one that sends what is no frame or a plan
 * that is not accepted JC_DATA_LOSS, one that cannot be started JC_UNAVAILABLE; what it wrote to stderr
 * last is the detail. Needs no lock and may run in several threads at once. */
enum jc_code jc_worker_run(const struct jc_worker_config *config, const Jc__Problem *problem, struct jc_arena *arena,
                           Jc__Solution **out, struct jc_err *err);

#endif
