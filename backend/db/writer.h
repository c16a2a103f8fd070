/* The writer, inside db/: one thread (or, inline, its caller) that runs the write jobs in batches. See writer.c. */
#ifndef JC_DB_WRITER_H
#define JC_DB_WRITER_H

#include <pthread.h>

#include "db/tx.h"

struct jc_writer;

struct jc_writer_config {
    const struct jc_driver *driver;
    struct jc_conn_config conn; /* to open the session again after a failure; strings are borrowed */
    struct jc_session *session; /* the writer closes it */
    pthread_mutex_t *single;    /* held while the session is used; NULL if it is the writer's alone */
    size_t batch_max, queue_max, batch_cost_max;
    struct jc_checkpoint *checkpoint; /* does the upkeep of the log; NULL: the writer does */
    bool inline_writer;               /* no thread: jc_writer_pump */
    void (*batch_end)(void *batch_ctx);
    void *batch_ctx;
};

/* On failure the session still belongs to the caller. */
enum jc_code jc_writer_start(const struct jc_writer_config *config, struct jc_writer **out, struct jc_err *err);
/* Refuses new jobs, finishes the waiting ones, ends the thread. Nothing may be submitted afterwards. */
void jc_writer_drain(struct jc_writer *writer);
void jc_writer_free(struct jc_writer *writer); /* after drain; closes the session. NULL is fine */

enum jc_code jc_writer_submit(struct jc_writer *writer, int64_t agency_id, unsigned cost, jc_job *job, void *ctx,
                              jc_done *done, struct jc_err *err);
/* One batch of an inline writer; the number of its jobs. */
size_t jc_writer_pump(struct jc_writer *writer);
/* See jc_db_on_batch_end. */
void jc_writer_on_batch_end(struct jc_writer *writer, void (*batch_end)(void *batch_ctx), void *batch_ctx);
bool jc_writer_is_self(const struct jc_writer *writer); /* is the caller a job or an answer of this writer? */
void jc_writer_stats(struct jc_writer *writer, struct jc_db_stats *out);

#endif
