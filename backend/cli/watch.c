/* A thread that sleeps on a condition until it is time for the next line or the end. It shares the stage with the command
 * under a lock, writes to stderr alone, and has no part in the work: a command that is ended by Ctrl-C ends with it. */
#include "cli/watch.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { EVERY_MS = 2000 };

struct jc_watch {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum jc_lang lang;
    enum jc_format format;
    int every_ms;
    const struct jc_watch_stage *stage; /* these two under the lock */
    bool ends;
};

static void say(const struct jc_watch *watch, const struct jc_watch_stage *stage, long long seconds) {
    char number[JC_NUMBER_TEXT];
    struct jc_buf line;
    if (watch->format == JC_FORMAT_JSON) {
        fprintf(stderr, "{\"progress\":{\"phase\":\"%s\",\"seconds\":%lld}}\n", stage->name, seconds);
        return;
    }
    struct jc_str args[] = {jc_msg_text(stage->words, watch->lang), jc_str_from_int64(seconds, number)};
    jc_buf_init(&line, 1024);
    jc_msg_render(&line, watch->lang, JC_MSG_WATCH_LINE, args, 2);
    fprintf(stderr, "jiancha: %.*s\n", JC_FMT(jc_buf_str(&line)));
    jc_buf_free(&line);
}

static struct timespec behind(struct timespec time, int ms) {
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    time.tv_sec += ms / 1000 + time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

/* Whoever reads stderr may be slow: nothing is written under the lock. */
static void *run(void *ctx) {
    struct jc_watch *watch = ctx;
    int64_t began_ms = jc_monotonic_ms();
    pthread_mutex_lock(&watch->lock);
    while (!watch->ends) {
        struct timespec now;
        int woken = 0;
        clock_gettime(CLOCK_MONOTONIC, &now);
        const struct timespec next = behind(now, watch->every_ms);
        while (!watch->ends && !woken)
            woken = pthread_cond_timedwait(&watch->wake, &watch->lock, &next);
        const struct jc_watch_stage *stage = watch->ends ? NULL : watch->stage;
        pthread_mutex_unlock(&watch->lock);
        if (stage)
            say(watch, stage, (long long)(jc_monotonic_ms() - began_ms) / 1000);
        pthread_mutex_lock(&watch->lock);
    }
    pthread_mutex_unlock(&watch->lock);
    return NULL;
}

struct jc_watch *jc_watch_begin(const struct jc_cli *cli, int every_ms) {
    struct jc_watch *watch = jc_calloc(1, sizeof *watch);
    pthread_condattr_t monotonic;
    if (!watch)
        return NULL;
    watch->lang = cli->lang;
    watch->format = cli->format;
    watch->every_ms = every_ms ? every_ms : EVERY_MS;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&watch->thread, NULL, run, watch) == 0)
        return watch;
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    jc_free(watch);
    return NULL;
}

void jc_watch_enter(struct jc_watch *watch, const struct jc_watch_stage *stage) {
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->stage = stage;
    pthread_mutex_unlock(&watch->lock);
}

void jc_watch_end(struct jc_watch *watch) {
    if (!watch)
        return;
    pthread_mutex_lock(&watch->lock);
    watch->ends = true;
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
    pthread_join(watch->thread, NULL);
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    jc_free(watch);
}
