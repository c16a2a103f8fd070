/* Checkpoints off the commit path. The thread copies pages from the log into the file whenever THREAD_PAGES
 * are behind. While commits go on it can never copy the last ones, and only a log that is copied
 * whole begins anew; so the writer copies the small rest itself between two batches, once the log is
 * longer than RESTART_PAGES and the thread has left it no more than REST_PAGES: some milliseconds
 * instead of the thirty of a whole log.
 *
 * A reader in an old snapshot keeps the log from beginning anew. Then it grows, and from LIMIT_PAGES on
 * the writer waits for the readers, a fifth of a second at a time, to cut it: the log is bounded by
 * what commits in between. */
#include "db/checkpoint.h"

#include <pthread.h>
#include <signal.h>

enum {
    THREAD_PAGES = 1000,
    REST_PAGES = 512,
    RESTART_PAGES = 4096, /* 16 MB */
    LIMIT_PAGES = 16384,  /* 64 MB */
    LIMIT_STEP = 4096,    /* behind a wait in vain */
    LIMIT_WAIT_MS = 200,
};

struct jc_checkpoint {
    const struct jc_driver *driver;
    struct jc_conn *conn; /* the thread's */
    pthread_t thread;
    pthread_mutex_t turn; /* held by the thread while it copies, and by the writer that cuts the log */
    pthread_mutex_t lock; /* of the fields below; taken behind `turn` */
    pthread_cond_t work;
    bool closing;
    int pages;  /* in the log, as the writer last said */
    int copied; /* of them, as the thread last said */
    int64_t forced;
    int limit; /* the writer's own: from how many pages on it waits */
};

/* --- the thread --------------------------------------------------------------------------------- */

static void *thread_main(void *ctx) {
    struct jc_checkpoint *checkpoint = ctx;
    pthread_mutex_lock(&checkpoint->lock);
    while (!checkpoint->closing) {
        if (checkpoint->pages - checkpoint->copied < THREAD_PAGES) {
            pthread_cond_wait(&checkpoint->work, &checkpoint->lock);
            continue;
        }
        int asked = checkpoint->pages, pages = 0, copied = 0;
        pthread_mutex_unlock(&checkpoint->lock);
        pthread_mutex_lock(&checkpoint->turn);
        bool ran = checkpoint->driver->checkpoint(checkpoint->conn, 0, &pages, &copied);
        pthread_mutex_unlock(&checkpoint->turn);
        pthread_mutex_lock(&checkpoint->lock);
        if (ran && copied > checkpoint->copied)
            checkpoint->copied = copied;
        /* the writer is at it, or a reader keeps the rest: wait for the next commit to ask again */
        if (!checkpoint->closing && asked == checkpoint->pages)
            pthread_cond_wait(&checkpoint->work, &checkpoint->lock);
    }
    pthread_mutex_unlock(&checkpoint->lock);
    return NULL;
}

/* --- the writer's part ---------------------------------------------------------------------------- */

/* What the thread has copied of a log of so many pages; wakes it if much is behind. */
static int note_pages(struct jc_checkpoint *checkpoint, int pages) {
    pthread_mutex_lock(&checkpoint->lock);
    if (pages < checkpoint->pages)
        checkpoint->copied = 0; /* the log has begun anew */
    checkpoint->pages = pages;
    int copied = checkpoint->copied;
    if (pages - copied >= THREAD_PAGES)
        pthread_cond_signal(&checkpoint->work);
    pthread_mutex_unlock(&checkpoint->lock);
    return copied;
}

void jc_checkpoint_tend(struct jc_checkpoint *checkpoint, struct jc_conn *conn, int pages) {
    int copied = note_pages(checkpoint, pages), all = 0;
    if (pages < RESTART_PAGES)
        checkpoint->limit = LIMIT_PAGES;
    if (pages > checkpoint->limit) {
        pthread_mutex_lock(&checkpoint->turn);
        checkpoint->driver->checkpoint(conn, LIMIT_WAIT_MS, &all, &copied);
        pthread_mutex_unlock(&checkpoint->turn);
        checkpoint->limit = pages + LIMIT_STEP;
        pthread_mutex_lock(&checkpoint->lock);
        checkpoint->forced++;
        pthread_mutex_unlock(&checkpoint->lock);
    } else if (pages > RESTART_PAGES && pages - copied <= REST_PAGES && copied < pages) {
        if (checkpoint->driver->checkpoint(conn, 0, &all, &copied)) {
            pthread_mutex_lock(&checkpoint->lock);
            checkpoint->copied = copied;
            pthread_mutex_unlock(&checkpoint->lock);
        }
    }
}

void jc_checkpoint_stats(struct jc_checkpoint *checkpoint, struct jc_db_stats *out) {
    pthread_mutex_lock(&checkpoint->lock);
    out->log_pages = checkpoint->pages;
    out->log_pages_copied = checkpoint->copied;
    out->checkpoints_forced = checkpoint->forced;
    pthread_mutex_unlock(&checkpoint->lock);
}

/* --- start and end ---------------------------------------------------------------------------------- */

/* Signals are for the program's other threads. */
static bool start_thread(struct jc_checkpoint *checkpoint) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&checkpoint->thread, NULL, thread_main, checkpoint);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void free_checkpoint(struct jc_checkpoint *checkpoint) {
    if (checkpoint->conn)
        checkpoint->driver->close(checkpoint->conn);
    pthread_cond_destroy(&checkpoint->work);
    pthread_mutex_destroy(&checkpoint->lock);
    pthread_mutex_destroy(&checkpoint->turn);
    jc_free(checkpoint);
}

enum jc_code jc_checkpoint_start(const struct jc_driver *driver, const struct jc_conn_config *config,
                                 struct jc_checkpoint **out, struct jc_err *err) {
    struct jc_checkpoint *checkpoint = jc_calloc(1, sizeof *checkpoint);
    if (!checkpoint)
        return jc_fail_memory(err);
    checkpoint->driver = driver;
    checkpoint->limit = LIMIT_PAGES;
    pthread_mutex_init(&checkpoint->turn, NULL);
    pthread_mutex_init(&checkpoint->lock, NULL);
    pthread_cond_init(&checkpoint->work, NULL);
    enum jc_code code = driver->open(config, &checkpoint->conn, err);
    if (code == JC_OK && !start_thread(checkpoint))
        code = jc_fail_memory(err);
    if (code == JC_OK)
        *out = checkpoint;
    else
        free_checkpoint(checkpoint);
    return code;
}

void jc_checkpoint_stop(struct jc_checkpoint *checkpoint) {
    if (!checkpoint)
        return;
    pthread_mutex_lock(&checkpoint->lock);
    checkpoint->closing = true;
    pthread_cond_signal(&checkpoint->work);
    pthread_mutex_unlock(&checkpoint->lock);
    pthread_join(checkpoint->thread, NULL);
    free_checkpoint(checkpoint);
}
