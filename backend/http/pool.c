/* One queue, first come first served, bounded; the tasks are the links of the list, so submitting
 * allocates nothing. Signals are left to the thread that asked for them. */
#include "http/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "base/arena.h"

struct jc_pool {
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t work;
    struct jc_pool_task *first, **last;
    int waiting, queue_max;
    bool closing;
    int threads;
    pthread_t thread[];
};

static void *work(void *ctx) {
    struct jc_pool *pool = ctx;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->first && !pool->closing)
            pthread_cond_wait(&pool->work, &pool->lock);
        struct jc_pool_task *task = pool->first;
        if (!task)
            break;
        pool->first = task->next;
        if (!pool->first)
            pool->last = &pool->first;
        pool->waiting--;
        pthread_mutex_unlock(&pool->lock);
        task->run(task);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum jc_code jc_pool_new(int threads, int queue_max, struct jc_pool **out, struct jc_err *err) {
    struct jc_pool *pool = jc_calloc(1, sizeof *pool + (size_t)threads * sizeof(pthread_t));
    if (!pool)
        return jc_fail_memory(err);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->last = &pool->first;
    pool->queue_max = queue_max;

    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int result = 0;
    while (!result && pool->threads < threads) {
        result = pthread_create(&pool->thread[pool->threads], NULL, work, pool);
        pool->threads += result == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (result) {
        jc_pool_free(pool);
        errno = result;
        return jc_fail_errno(err, JC_STR("thread"));
    }
    *out = pool;
    return JC_OK;
}

void jc_pool_free(struct jc_pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    jc_free(pool);
}

bool jc_pool_submit(struct jc_pool *pool, struct jc_pool_task *task) {
    pthread_mutex_lock(&pool->lock);
    bool room = pool->waiting < pool->queue_max && !pool->closing;
    if (room) {
        task->next = NULL;
        *pool->last = task;
        pool->last = &task->next;
        pool->waiting++;
        pthread_cond_signal(&pool->work);
    }
    pthread_mutex_unlock(&pool->lock);
    return room;
}

int jc_pool_waiting(struct jc_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    int waiting = pool->waiting;
    pthread_mutex_unlock(&pool->lock);
    return waiting;
}
