/* Counters under one lock, and a condition that counts time by the monotonic clock. */
#include "http/traffic.h"

#include <errno.h>
#include <time.h>

enum { ARRIVING_MS = 1000 };

void jc_traffic_init(struct jc_traffic *traffic) {
    pthread_condattr_t attributes;
    *traffic = (struct jc_traffic){0};
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&traffic->lock, NULL);
    pthread_cond_init(&traffic->idle, &attributes);
    pthread_condattr_destroy(&attributes);
}

void jc_traffic_destroy(struct jc_traffic *traffic) {
    pthread_cond_destroy(&traffic->idle);
    pthread_mutex_destroy(&traffic->lock);
}

uint64_t jc_traffic_begin(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    uint64_t number = ++traffic->begun;
    traffic->open++;
    pthread_mutex_unlock(&traffic->lock);
    return number;
}

uint64_t jc_traffic_begun(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    uint64_t begun = traffic->begun;
    pthread_mutex_unlock(&traffic->lock);
    return begun;
}

void jc_traffic_arrived(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    traffic->whole++;
    pthread_mutex_unlock(&traffic->lock);
}

bool jc_traffic_enter(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    bool open = !traffic->draining;
    traffic->running += open;
    pthread_mutex_unlock(&traffic->lock);
    return open;
}

void jc_traffic_leave(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    traffic->running--;
    pthread_cond_signal(&traffic->idle);
    pthread_mutex_unlock(&traffic->lock);
}

void jc_traffic_end(struct jc_traffic *traffic, bool whole) {
    pthread_mutex_lock(&traffic->lock);
    traffic->open--;
    traffic->whole -= whole;
    pthread_cond_signal(&traffic->idle);
    pthread_mutex_unlock(&traffic->lock);
}

void jc_traffic_drain(struct jc_traffic *traffic) {
    pthread_mutex_lock(&traffic->lock);
    traffic->draining = true;
    pthread_mutex_unlock(&traffic->lock);
}

static struct timespec deadline_in(int ms) {
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += ms / 1000;
    deadline.tv_nsec += ms % 1000 * 1000000L;
    if (deadline.tv_nsec >= 1000000000L) {
        deadline.tv_sec++;
        deadline.tv_nsec -= 1000000000L;
    }
    return deadline;
}

/* Waits until the counter is 0, at most until the deadline. */
static void wait_for(struct jc_traffic *traffic, const int *counter, const struct timespec *deadline) {
    while (*counter && pthread_cond_timedwait(&traffic->idle, &traffic->lock, deadline) != ETIMEDOUT)
        ;
}

void jc_traffic_wait(struct jc_traffic *traffic, int grace_ms) {
    struct timespec soon = deadline_in(grace_ms < ARRIVING_MS ? grace_ms : ARRIVING_MS);
    struct timespec late = deadline_in(grace_ms);
    pthread_mutex_lock(&traffic->lock);
    wait_for(traffic, &traffic->open, &soon);
    wait_for(traffic, &traffic->whole, &late);
    while (traffic->running)
        pthread_cond_wait(&traffic->idle, &traffic->lock);
    pthread_mutex_unlock(&traffic->lock);
}
