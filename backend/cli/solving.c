/* What solving shares on the command line. Signals are blocked nowhere: the handler writes one byte into a
 * pipe that the worker's parent watches beside the worker, so Ctrl-C ends the search and keeps its best plan. */
#include "cli/solving.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json_out.h"
#include "cli/plan_print.h"
#include "cli/weights.h"
#include "model/problem.h"

enum { QUIET_MS = 1500, EVERY_MS = 2000 };

/* --- progress and Ctrl-C ---------------------------------------------------------------------------------- */

static const enum jc_msg PHASES[] = {JC_MSG_PHASE_START, JC_MSG_PHASE_CONSTRUCT, JC_MSG_PHASE_SEARCH,
                                     JC_MSG_PHASE_BOUND, JC_MSG_PHASE_INTEGER};
static const char *const PHASE_CODE[] = {"start", "construct", "search", "bound", "integer_program"};

/* In the user's words. */
static void tell_people(struct jc_cli *cli, const Jc__Progress *p, const Jc__Objective *best, int64_t bound_e5,
                        struct jc_arena *arena) {
    char over[JC_NUMBER_TEXT];
    size_t phase = p->phase < sizeof(PHASES) / sizeof(*PHASES) ? p->phase : 0;
    struct jc_str gap = jc_gap_text(arena, best->cost_e5, bound_e5, p->tiers_settled);
    jc_str_from_centi(best->over_centi, over);
    struct jc_str args[] = {
        jc_msg_text(PHASES[phase], cli->lang),
        jc_arena_printf(arena, "%lld/%s/%lld", (long long)best->unserved, over, (long long)best->quota),
        jc_cost_text(arena, best->cost_e5),
        jc_arena_printf(arena, "%lld", (long long)p->moves_per_second),
        jc_arena_printf(arena, "%lld", (long long)(p->elapsed_ms / 1000)),
        gap,
    };
    jc_cli_note(cli, gap.len ? JC_MSG_SOLVE_PROGRESS : JC_MSG_SOLVE_PROGRESS_OPEN, args, sizeof(args) / sizeof(*args));
}

/* A line of its own on stderr, so that stdout stays one document. */
static void tell_scripts(const Jc__Progress *p, const Jc__Objective *best, int64_t bound_e5) {
    size_t phase = p->phase < sizeof(PHASE_CODE) / sizeof(*PHASE_CODE) ? p->phase : 0;
    json_t *root = json_pack("{s:{s:s, s:{s:I, s:o, s:I}, s:o, s:o, s:o, s:I, s:I, s:o}}", "progress", "phase",
                             PHASE_CODE[phase], "tiers", "unserved", (json_int_t)best->unserved, "over",
                             jc_centi_json(best->over_centi), "quota", (json_int_t)best->quota, "cost",
                             jc_e5_json(best->cost_e5), "bound", p->tiers_settled ? jc_e5_json(bound_e5) : json_null(),
                             "gap", p->tiers_settled ? json_real((double)p->gap_ppm / 1000000) : json_null(), "moves",
                             (json_int_t)p->moves, "moves_per_second", (json_int_t)p->moves_per_second, "seconds",
                             json_real((double)p->elapsed_ms / 1000));
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
    if (text)
        fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(root);
}

void jc_solving_progress(void *ctx, const Jc__Progress *progress) {
    struct jc_solving *watch = ctx;
    int64_t now = jc_monotonic_ms();
    if (now - watch->started_ms < QUIET_MS || now - watch->told_ms < EVERY_MS)
        return;
    watch->told_ms = now;
    const Jc__Objective none = JC__OBJECTIVE__INIT, *best = progress->incumbent ? progress->incumbent : &none;
    int64_t bound_e5 = progress->bound ? progress->bound->cost_e5 : 0;
    if (watch->cli->format == JC_FORMAT_JSON) {
        tell_scripts(progress, best, bound_e5);
        return;
    }
    struct jc_arena *arena = jc_arena_new(1 << 16);
    if (!arena)
        return;
    tell_people(watch->cli, progress, best, bound_e5, arena);
    jc_arena_free(arena);
}

static int cancel_pipe[2] = {-1, -1};

static void on_signal(int number) {
    int saved = errno;
    (void)number;
    (void)!write(cancel_pipe[1], "x", 1);
    errno = saved;
}

int jc_solving_begin(struct jc_solving *s) {
    struct sigaction action = {.sa_handler = on_signal};
    s->started_ms = jc_monotonic_ms();
    if (pipe2(cancel_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        cancel_pipe[0] = cancel_pipe[1] = -1;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &s->old[0]);
    sigaction(SIGTERM, &action, &s->old[1]);
    return cancel_pipe[0];
}

void jc_solving_again(struct jc_solving *s) {
    char bytes[16];
    s->started_ms = jc_monotonic_ms();
    while (cancel_pipe[0] >= 0 && read(cancel_pipe[0], bytes, sizeof(bytes)) > 0)
        ;
}

void jc_solving_end(const struct jc_solving *s) {
    sigaction(SIGINT, &s->old[0], NULL);
    sigaction(SIGTERM, &s->old[1], NULL);
    for (int i = 0; i < 2; i++)
        if (cancel_pipe[i] >= 0)
            close(cancel_pipe[i]);
}

/* --- options ------------------------------------------------------------------------------------------------ */

void jc_solving_options(struct jc_solving *s, struct jc_option out[JC_SOLVING_OPTIONS]) {
    out[0] = (struct jc_option){.name = "time-limit",
                                .takes_value = true,
                                .value = &s->time_limit,
                                .expects = {"秒数，0 至 100000", "seconds, 0 to 100000"}};
    out[1] = (struct jc_option){.name = "seed",
                                .takes_value = true,
                                .value = &s->seed,
                                .expects = {"不小于 0 的整数", "a whole number, 0 or more"}};
    out[2] = (struct jc_option){.name = "work",
                                .takes_value = true,
                                .value = &s->work,
                                .expects = {"不小于 1 的整数", "a whole number, 1 or more"}};
    out[3] =
        (struct jc_option){.name = "weights", .takes_value = true, .value = &s->weights, .expects = JC_EXPECTS_WEIGHTS};
}

const char *jc_solving_read(struct jc_solving *w, int seconds, struct jc_problem_options *options) {
    const Jc__Problem none = JC__PROBLEM__INIT;
    int64_t number = (int64_t)seconds * 100;
    w->weights_value = jc_problem_weights(&none);
    if (w->work && !w->time_limit)
        number = 0; /* a repeatable run is not cut by the clock */
    if (w->time_limit && (!jc_str_to_centi(jc_str(w->time_limit), &number) || number < 0 || number > 10000000))
        return "time-limit";
    options->time_limit_ms = number * 10;
    number = 1;
    if (w->seed && (!jc_str_to_int64(jc_str(w->seed), &number) || number < 0))
        return "seed";
    options->seed = (uint64_t)number;
    number = 0;
    if (w->work && (!jc_str_to_int64(jc_str(w->work), &number) || number < 1))
        return "work";
    options->work_limit = number;
    if (w->weights && !jc_weights_read(w->weights, &w->weights_value))
        return "weights";
    options->weights = &w->weights_value;
    return NULL;
}
