/* The thread sleeps until the next task is due. A task that was late is not made up for: its next turn is a
 * period after this one. The last turn at the end leaves nothing behind (lines of the log, for one). */
#include "http/upkeep.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

struct jc_upkeep {
    struct jc_clock clock;
    pthread_mutex_t lock; /* of ending */
    pthread_cond_t end;
    bool ending, threaded;
    pthread_t thread;
    int count;
    struct turn {
        struct jc_upkeep_task task;
        int64_t due_ms;
    } turn[];
};

enum jc_code jc_upkeep_new(const struct jc_upkeep_task *tasks, int count, struct jc_clock clock, struct jc_upkeep **out,
                           struct jc_err *err) {
    struct jc_upkeep *upkeep = jc_calloc(1, sizeof *upkeep + (size_t)count * sizeof upkeep->turn[0]);
    if (!upkeep)
        return jc_fail_memory(err);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&upkeep->lock, NULL);
    pthread_cond_init(&upkeep->end, &attributes);
    pthread_condattr_destroy(&attributes);
    upkeep->clock = clock;
    upkeep->count = count;
    for (int i = 0; i < count; i++)
        upkeep->turn[i] = (struct turn){tasks[i], jc_clock_now_ms(&clock) + tasks[i].period_ms};
    *out = upkeep;
    return JC_OK;
}

int jc_upkeep_turn(struct jc_upkeep *upkeep) {
    int64_t now_ms = jc_clock_now_ms(&upkeep->clock);
    int ran = 0;
    for (int i = 0; i < upkeep->count; i++) {
        struct turn *turn = &upkeep->turn[i];
        if (turn->due_ms > now_ms)
            continue;
        turn->task.run(turn->task.ctx, now_ms);
        turn->due_ms = now_ms + turn->task.period_ms;
        ran++;
    }
    return ran;
}

static int64_t pause_ms(const struct jc_upkeep *upkeep) {
    int64_t now_ms = jc_clock_now_ms(&upkeep->clock), next_ms = INT64_MAX;
    for (int i = 0; i < upkeep->count; i++)
        if (upkeep->turn[i].due_ms < next_ms)
            next_ms = upkeep->turn[i].due_ms;
    return next_ms > now_ms ? next_ms - now_ms : 0;
}

static void *run(void *ctx) {
    struct jc_upkeep *upkeep = ctx;
    pthread_mutex_lock(&upkeep->lock);
    while (!upkeep->ending) {
        struct timespec until;
        int64_t ms = pause_ms(upkeep);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)(ms / 1000);
        until.tv_nsec += (long)(ms % 1000) * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        if (pthread_cond_timedwait(&upkeep->end, &upkeep->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&upkeep->lock);
        (void)jc_upkeep_turn(upkeep);
        pthread_mutex_lock(&upkeep->lock);
    }
    pthread_mutex_unlock(&upkeep->lock);
    return NULL;
}

enum jc_code jc_upkeep_start(struct jc_upkeep *upkeep, struct jc_err *err) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int result = pthread_create(&upkeep->thread, NULL, run, upkeep);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = result;
    upkeep->threaded = result == 0;
    return result ? jc_fail_errno(err, JC_STR("thread")) : JC_OK;
}

void jc_upkeep_free(struct jc_upkeep *upkeep) {
    if (!upkeep)
        return;
    pthread_mutex_lock(&upkeep->lock);
    upkeep->ending = true;
    pthread_cond_signal(&upkeep->end);
    pthread_mutex_unlock(&upkeep->lock);
    if (upkeep->threaded)
        pthread_join(upkeep->thread, NULL);
    for (int i = 0; i < upkeep->count; i++)
        upkeep->turn[i].task.run(upkeep->turn[i].task.ctx, jc_clock_now_ms(&upkeep->clock));
    pthread_cond_destroy(&upkeep->end);
    pthread_mutex_destroy(&upkeep->lock);
    jc_free(upkeep);
}
