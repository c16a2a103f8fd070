/* A few threads for what may not hold the event thread: reads, decoding of large bodies, Argon2id. */
#ifndef JC_HTTP_POOL_H
#define JC_HTTP_POOL_H

#include "base/err.h"

/* A piece of work, embedded in whatever it is about; it lives until `run` is called. */
struct jc_pool_task {
    void (*run)(struct jc_pool_task *task);
    struct jc_pool_task *next; /* the pool's */
};

struct jc_pool;

/* JC_RESOURCE_EXHAUSTED without threads or memory. */
enum jc_code jc_pool_new(int threads, int queue_max, struct jc_pool **out, struct jc_err *err);
/* Finishes what waits, then ends the threads. NULL is fine. */
void jc_pool_free(struct jc_pool *pool);
/* False if the queue is full: then nothing happened. */
bool jc_pool_submit(struct jc_pool *pool, struct jc_pool_task *task);
/* Tasks that wait; those being run do not. */
int jc_pool_waiting(struct jc_pool *pool);

#endif
