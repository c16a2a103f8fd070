/* How many requests are under way, and waiting until none is.
 *
 *   begin ─ arrived ─ (enter ─ leave) … ─ end
 *
 * A request is open from its first byte to the end of its answer, whole once it has arrived, and running
 * while other threads work on it and its connection is suspended. Any thread may call. */
#ifndef JC_HTTP_TRAFFIC_H
#define JC_HTTP_TRAFFIC_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct jc_traffic {
    pthread_mutex_t lock;
    pthread_cond_t idle; /* a counter went down */
    uint64_t begun;      /* since the start */
    int open;
    int whole;
    int running;
    bool draining; /* nothing may start running */
};

void jc_traffic_init(struct jc_traffic *traffic);
void jc_traffic_destroy(struct jc_traffic *traffic);

/* A request begins; its number. */
uint64_t jc_traffic_begin(struct jc_traffic *traffic);
/* How many have begun since the start. */
uint64_t jc_traffic_begun(struct jc_traffic *traffic);
/* It has arrived whole: from now on a drain waits for its answer. */
void jc_traffic_arrived(struct jc_traffic *traffic);
/* Counts it as running, unless nothing may run any more: false. */
bool jc_traffic_enter(struct jc_traffic *traffic);
/* Its connection has been resumed. */
void jc_traffic_leave(struct jc_traffic *traffic);
/* It is over; `whole` if it had arrived. */
void jc_traffic_end(struct jc_traffic *traffic, bool whole);

/* Nothing may start running from now on. */
void jc_traffic_drain(struct jc_traffic *traffic);
/* Waits until all is over. A request still arriving gets a second to arrive and be refused; one that has
 * arrived gets the whole grace to be answered; one that is running gets all the time it needs. */
void jc_traffic_wait(struct jc_traffic *traffic, int grace_ms);

#endif
