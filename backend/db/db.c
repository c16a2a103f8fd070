/* The database as the rest of the house sees it: opening, reading, writing, upkeep.
 *
 * A jc_db is a writer (writer.c) and a pool of connections for reads. A read takes a connection that
 * is free, or opens another one if all are in use, so reads never wait for each other; at most
 * `readers` of them are kept. A database that lives in one connection (":memory:") has no pool: its
 * reads use the writer's connection between two batches, under the lock `single`. */
#include <pthread.h>
#include <string.h>

#include "db/checkpoint.h"
#include "db/writer.h"

enum {
    DEFAULT_BUSY_TIMEOUT_MS = 10000,
    DEFAULT_READERS = 4,
    DEFAULT_BATCH_MAX = 256,
    DEFAULT_QUEUE_MAX = 4096,
    DEFAULT_BATCH_COST_MAX = 2048,
};

struct jc_db {
    const struct jc_driver *driver;
    struct jc_conn_config conn; /* of a reader */
    char *path, *vfs;           /* owned; conn points to them */
    struct jc_writer *writer;   /* NULL: opened read-only */
    bool inline_writer;
    struct jc_checkpoint *checkpoint; /* NULL: the writer moves the log itself */
    struct jc_session *only;          /* the writer's session, if it is the only one */
    pthread_mutex_t single;           /* held while `only` is used */
    pthread_mutex_t lock;             /* of the pool: the fields below */
    pthread_cond_t returned;
    struct jc_session **idle;
    size_t idle_count, idle_max;
    size_t active; /* reads going on */
    bool closing;
};

/* --- the pool ------------------------------------------------------------------------------------ */

static void give_session(struct jc_db *db, struct jc_session *session) {
    if (db->only) {
        pthread_mutex_unlock(&db->single);
        session = NULL;
    }
    pthread_mutex_lock(&db->lock);
    if (session && db->idle_count < db->idle_max) {
        db->idle[db->idle_count++] = session;
        session = NULL;
    }
    pthread_mutex_unlock(&db->lock);
    jc_session_close(session); /* one too many; closed before this read counts as over */
    pthread_mutex_lock(&db->lock);
    db->active--;
    pthread_cond_signal(&db->returned);
    pthread_mutex_unlock(&db->lock);
}

static enum jc_code take_session(struct jc_db *db, struct jc_session **out, struct jc_err *err) {
    *out = NULL;
    pthread_mutex_lock(&db->lock);
    bool closing = db->closing;
    if (!closing) {
        db->active++;
        if (db->idle_count > 0)
            *out = db->idle[--db->idle_count];
    }
    pthread_mutex_unlock(&db->lock);
    if (closing)
        return jc_fail(err, JC_UNAVAILABLE, JC_MSG_DB_CLOSING);
    if (db->only) {
        pthread_mutex_lock(&db->single);
        *out = db->only;
    }
    if (*out)
        return JC_OK;
    enum jc_code code = jc_session_open(db->driver, &db->conn, out, err);
    if (code != JC_OK)
        give_session(db, NULL);
    return code;
}

enum jc_code jc_db_read(struct jc_db *db, jc_job *job, void *ctx, struct jc_err *err) {
    struct jc_session *session;
    enum jc_code code = take_session(db, &session, err);
    if (code != JC_OK)
        return code;
    struct jc_tx tx;
    jc_tx_init(&tx);
    code = jc_tx_begin(&tx, session, false, err);
    if (code == JC_OK)
        code = jc_tx_run(&tx, job, ctx, err);
    bool usable = jc_tx_rollback(&tx);
    jc_tx_free(&tx);
    if (!usable && !db->only) {
        jc_session_close(session);
        session = NULL;
    }
    give_session(db, session);
    if (code == JC_OK)
        err->code = JC_OK; /* of something that the job looked for in vain, and did without */
    return code;
}

/* --- writes ------------------------------------------------------------------------------------ */

enum jc_code jc_db_write_cost(struct jc_db *db, int64_t agency_id, unsigned cost, jc_job *job, void *ctx, jc_done *done,
                              struct jc_err *err) {
    if (!db->writer)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_DB_READ_ONLY);
    return jc_writer_submit(db->writer, agency_id, cost, job, ctx, done, err);
}

enum jc_code jc_db_write(struct jc_db *db, int64_t agency_id, jc_job *job, void *ctx, jc_done *done,
                         struct jc_err *err) {
    return jc_db_write_cost(db, agency_id, 1, job, ctx, done, err);
}

void jc_db_on_batch_end(struct jc_db *db, void (*batch_end)(void *batch_ctx), void *batch_ctx) {
    if (db->writer)
        jc_writer_on_batch_end(db->writer, batch_end, batch_ctx);
}

size_t jc_db_pump(struct jc_db *db) {
    return db->writer ? jc_writer_pump(db->writer) : 0;
}

struct waiting {
    jc_job *job;
    void *ctx;
    struct jc_err *err;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool done;
    enum jc_code code;
};

static enum jc_code run_waiting(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct waiting *waiting = ctx;
    return waiting->job(tx, waiting->ctx, err);
}

static void wake_waiting(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct waiting *waiting = ctx;
    pthread_mutex_lock(&waiting->lock);
    waiting->code = code;
    if (code != JC_OK)
        jc_err_copy(waiting->err, err);
    waiting->done = true;
    pthread_cond_signal(&waiting->ready);
    pthread_mutex_unlock(&waiting->lock);
}

/* Without a thread: batches are run here until the job's has been. */
static void pump_until_done(struct jc_db *db, struct waiting *waiting) {
    for (bool done = false; !done;) {
        jc_db_pump(db);
        pthread_mutex_lock(&waiting->lock);
        done = waiting->done;
        pthread_mutex_unlock(&waiting->lock);
    }
}

enum jc_code jc_db_write_wait(struct jc_db *db, int64_t agency_id, jc_job *job, void *ctx, struct jc_err *err) {
    if (db->writer && jc_writer_is_self(db->writer)) {
        jc_fail(err, JC_INTERNAL, JC_MSG_INTERNAL);
        return jc_err_detail(err, "the writer cannot wait for itself");
    }
    struct waiting waiting = {.job = job, .ctx = ctx, .err = err};
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.ready, NULL);
    enum jc_code code = jc_db_write(db, agency_id, run_waiting, &waiting, wake_waiting, err);
    if (code == JC_OK) {
        if (db->inline_writer)
            pump_until_done(db, &waiting);
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.done)
            pthread_cond_wait(&waiting.ready, &waiting.lock);
        pthread_mutex_unlock(&waiting.lock);
        code = waiting.code;
    }
    pthread_cond_destroy(&waiting.ready);
    pthread_mutex_destroy(&waiting.lock);
    return code;
}

/* --- upkeep -------------------------------------------------------------------------------------- */

enum jc_code jc_db_copy_to(struct jc_db *db, const char *path, struct jc_err *err) {
    struct jc_session *session;
    enum jc_code code = take_session(db, &session, err);
    if (code != JC_OK)
        return code;
    code = db->driver->copy_to(jc_session_conn(session), path, err);
    give_session(db, session);
    return code;
}

enum jc_code jc_db_check(struct jc_db *db, jc_db_fault *found, void *ctx, struct jc_err *err) {
    struct jc_session *session;
    enum jc_code code = take_session(db, &session, err);
    if (code != JC_OK)
        return code;
    code = db->driver->check(jc_session_conn(session), found, ctx, err);
    give_session(db, session);
    return code;
}

void jc_db_stats(const struct jc_db *db, struct jc_db_stats *out) {
    *out = (struct jc_db_stats){0};
    if (db->writer)
        jc_writer_stats(db->writer, out);
    if (db->checkpoint)
        jc_checkpoint_stats(db->checkpoint, out);
}

/* --- opening and closing --------------------------------------------------------------------------- */

static char *copy_text(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = jc_malloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}

static int or_default(int given, int otherwise) {
    return given > 0 ? given : otherwise;
}

/* Everything but the connections. */
static enum jc_code fill(struct jc_db *db, const struct jc_db_config *config, struct jc_err *err) {
    db->path = copy_text(config->path);
    db->vfs = config->vfs ? copy_text(config->vfs) : NULL;
    db->idle_max = (size_t)or_default(config->readers, DEFAULT_READERS);
    db->idle = jc_calloc(db->idle_max, sizeof *db->idle);
    if (!db->path || (config->vfs && !db->vfs) || !db->idle)
        return jc_fail_memory(err);
    db->conn = (struct jc_conn_config){
        .path = db->path,
        .vfs = db->vfs,
        .read_only = config->read_only,
        .must_write = config->must_write,
        .reader = true,
        .busy_timeout_ms = or_default(config->busy_timeout_ms, DEFAULT_BUSY_TIMEOUT_MS),
    };
    return JC_OK;
}

static enum jc_code open_writer(struct jc_db *db, const struct jc_db_config *config, struct jc_err *err) {
    struct jc_writer_config writer = {
        .driver = db->driver,
        .conn = db->conn,
        .batch_max = (size_t)or_default(config->batch_max, DEFAULT_BATCH_MAX),
        .queue_max = (size_t)or_default(config->queue_max, DEFAULT_QUEUE_MAX),
        .batch_cost_max = (size_t)or_default(config->batch_cost_max, DEFAULT_BATCH_COST_MAX),
        .inline_writer = config->inline_writer,
        .batch_end = config->batch_end,
        .batch_ctx = config->batch_ctx,
    };
    db->inline_writer = config->inline_writer;
    writer.conn.reader = false;
    writer.conn.create = config->create;
    writer.conn.long_log = config->checkpoint_thread;
    enum jc_code code = jc_session_open(db->driver, &writer.conn, &writer.session, err);
    if (code != JC_OK)
        return code;
    writer.conn.create = false; /* a file that vanishes later is not made again, empty */
    if (db->driver->single(db->path)) {
        db->only = writer.session;
        writer.single = &db->single;
    }
    if (config->checkpoint_thread && !db->only && !config->inline_writer)
        code = jc_checkpoint_start(db->driver, &writer.conn, &db->checkpoint, err);
    writer.checkpoint = db->checkpoint;
    if (code == JC_OK)
        code = jc_writer_start(&writer, &db->writer, err);
    if (code != JC_OK)
        jc_session_close(writer.session);
    return code;
}

/* Opens the first reader, so that what is wrong with the file shows at once. */
static enum jc_code open_reader(struct jc_db *db, struct jc_err *err) {
    struct jc_session *session;
    enum jc_code code = take_session(db, &session, err);
    if (code == JC_OK)
        give_session(db, session);
    return code;
}

enum jc_code jc_db_open(const struct jc_db_config *config, struct jc_db **out, struct jc_err *err) {
    *out = NULL;
    struct jc_db *db = jc_calloc(1, sizeof *db);
    if (!db)
        return jc_fail_memory(err);
    db->driver = &jc_driver_sqlite;
    pthread_mutex_init(&db->single, NULL);
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->returned, NULL);
    enum jc_code code = fill(db, config, err);
    if (code == JC_OK && !config->read_only)
        code = open_writer(db, config, err);
    if (code == JC_OK)
        code = open_reader(db, err);
    if (code == JC_OK) {
        *out = db;
    } else {
        jc_db_close(db);
    }
    return code;
}

bool jc_db_settle(struct jc_db *db, int wait_ms) {
    struct jc_conn_config config = db->conn;
    struct jc_conn *conn = NULL;
    struct jc_err ignored = {0};
    int pages, copied;
    if (db->driver->single(db->path))
        return true; /* in memory */
    config.reader = false;
    if (db->driver->open(&config, &conn, &ignored))
        return false;
    bool settled = db->driver->checkpoint(conn, wait_ms, &pages, &copied);
    db->driver->close(conn);
    return settled;
}

void jc_db_close(struct jc_db *db) {
    if (!db)
        return;
    if (db->writer)
        jc_writer_drain(db->writer);
    jc_checkpoint_stop(db->checkpoint);
    pthread_mutex_lock(&db->lock);
    db->closing = true;
    while (db->active > 0)
        pthread_cond_wait(&db->returned, &db->lock);
    pthread_mutex_unlock(&db->lock);
    while (db->idle_count > 0)
        jc_session_close(db->idle[--db->idle_count]);
    jc_writer_free(db->writer); /* last: the last connection moves the log into the file */
    pthread_cond_destroy(&db->returned);
    pthread_mutex_destroy(&db->lock);
    pthread_mutex_destroy(&db->single);
    jc_free(db->idle);
    jc_free(db->path);
    jc_free(db->vfs);
    jc_free(db);
}
