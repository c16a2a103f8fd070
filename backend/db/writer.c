/* The writer: one thread, one queue, many jobs in one commit.
 *
 * The thread takes whatever waits (at most batch_max jobs, or batch_cost_max of their costs), begins,
 * runs the jobs one after another, stores the states of the transaction, commits, and only then calls
 * the `done` of each, in the order they came, and batch_end. Nobody waits for company: while one batch
 * is on its way to the disk the next one gathers by itself, and lingering was measured to be slower.
 *
 * The first run is hopeful: no savepoints, which cost two statements a job and a copy of every page it
 * touches. A job that fails before it has written is simply left out. One that fails behind its writes
 * takes the batch back; it runs once more, each job in a savepoint of its own, so that the failed one
 * is rolled back alone. If the transaction as a whole is lost (the disk is full, an I/O error, no
 * memory, a commit that fails), nobody has been answered yet: each job runs once more in a transaction
 * of its own, and just those that fail alone fail. A job alone in its batch has had that chance
 * already. If the transaction cannot even begin because another process keeps the database, all fail
 * at once instead of each waiting in its turn.
 *
 * The queue is a ring allocated at the start: submitting costs a lock and no malloc. */
#include "db/writer.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>

#include "db/checkpoint.h"

struct write {
    jc_job *job;
    void *ctx;
    jc_done *done;
    int64_t agency_id; /* a driver with a writer for each agency would batch by it; SQLite has one for all */
    unsigned cost;
};

struct outcome {
    enum jc_code code;
    struct jc_err err; /* set only if code is not JC_OK */
};

struct jc_writer {
    struct jc_writer_config config;
    pthread_t thread;
    pthread_mutex_t lock; /* of the queue: ring, head, count, closing */
    pthread_cond_t work;
    struct write *ring;
    size_t head, count;
    bool closing;
    bool pumping;         /* inline: a batch is running */
    pthread_mutex_t hook; /* of config.batch_end and batch_ctx; held during the call */
    /* the thread's own */
    struct jc_session *session; /* NULL after a failure that cost the connection */
    struct jc_tx tx;
    struct write *batch;
    struct outcome *outcomes;
    _Atomic int64_t jobs, commits, replays;
};

/* --- running a batch ----------------------------------------------------------------------------- */

/* A connection that could not roll back is replaced. */
static enum jc_code session_ready(struct jc_writer *writer, struct jc_err *err) {
    if (writer->session)
        return JC_OK;
    return jc_session_open(writer->config.driver, &writer->config.conn, &writer->session, err);
}

static enum jc_code begin(struct jc_writer *writer, struct jc_err *err) {
    enum jc_code code = session_ready(writer, err);
    return code == JC_OK ? jc_tx_begin(&writer->tx, writer->session, true, err) : code;
}

static void rollback(struct jc_writer *writer) {
    if (!writer->session || jc_tx_rollback(&writer->tx) || writer->config.single)
        return;
    jc_session_close(writer->session);
    writer->session = NULL;
}

/* A job that fails says why; one that did not gets words. */
static void set_outcome(struct outcome *outcome, enum jc_code code, const struct jc_err *err) {
    outcome->code = code;
    if (code == JC_OK)
        return;
    if (err->code == code) {
        jc_err_copy(&outcome->err, err);
    } else {
        jc_fail(&outcome->err, code, JC_MSG_INTERNAL);
        jc_err_detail(&outcome->err, "a job failed without saying why");
    }
}

static void answer(const struct write *write, const struct outcome *outcome) {
    static const struct jc_err nothing;
    write->done(write->ctx, outcome->code, outcome->code == JC_OK ? &nothing : &outcome->err);
}

/* The job in a transaction of its own. */
static void run_single(struct jc_writer *writer, const struct write *write, struct outcome *outcome) {
    struct jc_err err;
    err.code = JC_OK;
    enum jc_code code = begin(writer, &err);
    if (code == JC_OK) {
        code = jc_tx_run(&writer->tx, write->job, write->ctx, &err);
        if (code == JC_OK)
            code = jc_tx_commit(&writer->tx, &err);
        if (code == JC_OK)
            atomic_fetch_add_explicit(&writer->commits, 1, memory_order_relaxed);
    }
    if (code != JC_OK)
        rollback(writer);
    set_outcome(outcome, code, &err);
}

enum run {
    STANDS, /* every outcome is certain */
    SPOILT, /* a job failed behind its writes: carefully, then */
    LOST,   /* the transaction is gone: each alone, then */
};

/* The jobs in the transaction that has begun, with a savepoint each or without; how many succeeded. */
static enum run run_jobs(struct jc_writer *writer, size_t count, bool careful, size_t *succeeded) {
    struct jc_tx *tx = &writer->tx;
    *succeeded = 0;
    for (size_t i = 0; i < count; i++) {
        const struct write *write = &writer->batch[i];
        struct jc_err err = {0};
        enum jc_code code = (careful ? jc_tx_run_alone : jc_tx_run)(tx, write->job, write->ctx, &err);
        set_outcome(&writer->outcomes[i], code, &err);
        *succeeded += code == JC_OK;
        if (tx->lost)
            return LOST;
        if (code != JC_OK && !careful && tx->wrote)
            return SPOILT;
    }
    return STANDS;
}

/* All jobs in one transaction. */
static enum run run_together(struct jc_writer *writer, size_t count, bool careful) {
    struct jc_err err;
    err.code = JC_OK;
    enum jc_code code = begin(writer, &err);
    if (code != JC_OK) {
        rollback(writer);
        for (size_t i = 0; i < count && err.what == JC_MSG_DB_BUSY; i++)
            set_outcome(&writer->outcomes[i], code, &err);
        return err.what == JC_MSG_DB_BUSY ? STANDS : LOST;
    }
    size_t succeeded;
    enum run run = run_jobs(writer, count, careful, &succeeded);
    if (run == STANDS && succeeded > 0 && jc_tx_commit(&writer->tx, &err) != JC_OK)
        run = LOST;
    if (run != STANDS || succeeded == 0)
        rollback(writer);
    else
        atomic_fetch_add_explicit(&writer->commits, 1, memory_order_relaxed);
    return run;
}

static void count_replays(struct jc_writer *writer, size_t count) {
    atomic_fetch_add_explicit(&writer->replays, (int64_t)count, memory_order_relaxed);
}

/* Every outcome is certain when it returns. */
static void run_until_certain(struct jc_writer *writer, size_t count) {
    enum run run = count > 1 ? run_together(writer, count, false) : LOST;
    if (run == SPOILT) {
        count_replays(writer, count);
        run = run_together(writer, count, true);
    }
    if (run == STANDS)
        return;
    if (count > 1)
        count_replays(writer, count);
    for (size_t i = 0; i < count; i++)
        run_single(writer, &writer->batch[i], &writer->outcomes[i]);
}

static void end_batch(struct jc_writer *writer) {
    pthread_mutex_lock(&writer->hook);
    if (writer->config.batch_end)
        writer->config.batch_end(writer->config.batch_ctx);
    pthread_mutex_unlock(&writer->hook);
}

void jc_writer_on_batch_end(struct jc_writer *writer, void (*batch_end)(void *batch_ctx), void *batch_ctx) {
    pthread_mutex_lock(&writer->hook);
    writer->config.batch_end = batch_end;
    writer->config.batch_ctx = batch_ctx;
    pthread_mutex_unlock(&writer->hook);
}

static void tend_log(struct jc_writer *writer, struct jc_conn *conn) {
    const struct jc_driver *driver = writer->config.driver;
    if (writer->config.checkpoint)
        jc_checkpoint_tend(writer->config.checkpoint, conn, driver->log_pages(conn));
    else
        driver->upkeep(conn);
}

/* Runs the batch; answers only what is certain, in order. */
static void run_batch(struct jc_writer *writer, size_t count) {
    pthread_mutex_t *single = writer->config.single;
    if (single)
        pthread_mutex_lock(single);
    run_until_certain(writer, count);
    if (single)
        pthread_mutex_unlock(single);
    atomic_fetch_add_explicit(&writer->jobs, (int64_t)count, memory_order_relaxed);
    for (size_t i = 0; i < count; i++)
        answer(&writer->batch[i], &writer->outcomes[i]);
    end_batch(writer);
    if (!writer->session)
        return;
    if (single)
        pthread_mutex_lock(single);
    tend_log(writer, jc_session_conn(writer->session));
    if (single)
        pthread_mutex_unlock(single);
}

/* --- the queue --------------------------------------------------------------------------------- */

/* Moves waiting jobs into the batch until it is full or costs enough; how many. Under the lock. */
static size_t take_batch(struct jc_writer *writer) {
    size_t taken = 0, cost = 0;
    while (taken < writer->count && taken < writer->config.batch_max && cost < writer->config.batch_cost_max) {
        writer->batch[taken] = writer->ring[writer->head];
        cost += writer->batch[taken++].cost;
        if (++writer->head == writer->config.queue_max)
            writer->head = 0;
    }
    writer->count -= taken;
    return taken;
}

/* Waits for jobs; 0 if the end has come. */
static size_t gather(struct jc_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    while (writer->count == 0 && !writer->closing)
        pthread_cond_wait(&writer->work, &writer->lock);
    size_t taken = take_batch(writer);
    pthread_mutex_unlock(&writer->lock);
    return taken;
}

static void *writer_main(void *ctx) {
    struct jc_writer *writer = ctx;
    size_t count;
    while ((count = gather(writer)) > 0)
        run_batch(writer, count);
    return NULL;
}

size_t jc_writer_pump(struct jc_writer *writer) {
    assert(writer->config.inline_writer && !writer->pumping);
    pthread_mutex_lock(&writer->lock);
    size_t count = take_batch(writer);
    pthread_mutex_unlock(&writer->lock);
    writer->pumping = true;
    if (count > 0)
        run_batch(writer, count);
    writer->pumping = false;
    return count;
}

enum jc_code jc_writer_submit(struct jc_writer *writer, int64_t agency_id, unsigned cost, jc_job *job, void *ctx,
                              jc_done *done, struct jc_err *err) {
    assert(job && done);
    pthread_mutex_lock(&writer->lock);
    bool closing = writer->closing;
    bool full = writer->count == writer->config.queue_max;
    if (!closing && !full) {
        size_t tail = writer->head + writer->count;
        if (tail >= writer->config.queue_max)
            tail -= writer->config.queue_max;
        writer->ring[tail] = (struct write){job, ctx, done, agency_id, cost};
        if (writer->count++ == 0)
            pthread_cond_signal(&writer->work);
    }
    pthread_mutex_unlock(&writer->lock);
    if (closing)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_CLOSING);
    if (full)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_DB_QUEUE_FULL);
    return JC_OK;
}

bool jc_writer_is_self(const struct jc_writer *writer) {
    return writer->config.inline_writer ? writer->pumping : pthread_equal(pthread_self(), writer->thread);
}

void jc_writer_stats(struct jc_writer *writer, struct jc_db_stats *out) {
    out->jobs = atomic_load_explicit(&writer->jobs, memory_order_relaxed);
    out->commits = atomic_load_explicit(&writer->commits, memory_order_relaxed);
    out->replays = atomic_load_explicit(&writer->replays, memory_order_relaxed);
    pthread_mutex_lock(&writer->lock);
    out->queued = (int64_t)writer->count;
    pthread_mutex_unlock(&writer->lock);
}

/* --- start and end ------------------------------------------------------------------------------- */

/* Signals are for the program's other threads. */
static bool start_thread(struct jc_writer *writer) {
    if (writer->config.inline_writer)
        return true;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&writer->thread, NULL, writer_main, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

static void free_memory(struct jc_writer *writer) {
    pthread_cond_destroy(&writer->work);
    pthread_mutex_destroy(&writer->lock);
    pthread_mutex_destroy(&writer->hook);
    jc_tx_free(&writer->tx);
    jc_free(writer->ring);
    jc_free(writer->batch);
    jc_free(writer->outcomes);
    jc_free(writer);
}

enum jc_code jc_writer_start(const struct jc_writer_config *config, struct jc_writer **out, struct jc_err *err) {
    struct jc_writer *writer = jc_calloc(1, sizeof *writer);
    if (!writer)
        return jc_fail_memory(err);
    writer->config = *config;
    writer->session = config->session;
    jc_tx_init(&writer->tx);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_mutex_init(&writer->hook, NULL);
    pthread_cond_init(&writer->work, NULL);
    writer->ring = jc_calloc(config->queue_max, sizeof *writer->ring);
    writer->batch = jc_calloc(config->batch_max, sizeof *writer->batch);
    writer->outcomes = jc_calloc(config->batch_max, sizeof *writer->outcomes);
    if (!writer->ring || !writer->batch || !writer->outcomes || !start_thread(writer)) {
        free_memory(writer);
        return jc_fail_memory(err);
    }
    *out = writer;
    return JC_OK;
}

void jc_writer_drain(struct jc_writer *writer) {
    pthread_mutex_lock(&writer->lock);
    writer->closing = true;
    pthread_cond_signal(&writer->work);
    pthread_mutex_unlock(&writer->lock);
    if (!writer->config.inline_writer)
        pthread_join(writer->thread, NULL);
    while (writer->config.inline_writer && jc_writer_pump(writer) > 0)
        ;
}

void jc_writer_free(struct jc_writer *writer) {
    if (!writer)
        return;
    jc_session_close(writer->session);
    free_memory(writer);
}
