/* How a request moves between threads:
 *
 *   READ      event ─ pool: decode, snapshot, encode ─ event
 *   WRITE     event: decode ─ writer: job, commit ─ event: encode
 *   PASSWORD  event: decode ─ password pool: look, Argon2id ─ writer: job, commit ─ event: encode
 *
 * Large bodies of a WRITE are decoded, and large answers encoded, on the pool, so that the event
 * thread is never busy with one request for long. What must never happen: a thread touches a request
 * after it resumed its connection, because the event thread may have freed it by then; therefore
 * finish() is the last thing done with it, always. */
#include "http/run.h"

#include <assert.h>

#include "http/codec.h"
#include "store/store.h"

enum {
    LARGE_BODY = 64 << 10, /* bytes that the event thread does not decode or encode itself */
};

/* --- steps ----------------------------------------------------------------------------------------- */

static bool is_late(const struct jc_request *request) {
    return request->deadline_ms >= 0 && jc_monotonic_ms() > request->deadline_ms;
}

static enum jc_code decode(struct jc_request *request) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_codec_decode(&request->connect, jc_buf_str(&request->body), request->http->config.body_max,
                                        request->arena, &message, &request->err);
    request->call.request = message;
    jc_buf_free(&request->body);
    return code;
}

static void encode(struct jc_request *request) {
    assert(request->call.response); /* a procedure that succeeds has answered */
    (void)jc_codec_encode(&request->connect, request->call.response, request->arena, &request->answer,
                          &request->answer_gzip, &request->err);
}

/* Gives the request back to the event thread. The request must not be touched afterwards. */
static void finish(struct jc_request *request) {
    struct jc_http *http = request->http;
    struct MHD_Connection *connection = request->connection;
    atomic_store(&request->state, JC_REQUEST_ANSWERED);
    MHD_resume_connection(connection);
    pthread_mutex_lock(&http->lock);
    http->running--;
    pthread_cond_signal(&http->idle);
    pthread_mutex_unlock(&http->lock);
}

static enum jc_code fail_busy(struct jc_request *request) {
    return jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_SERVER_BUSY);
}

/* Hands the request to a pool, or finishes it as refused. */
static void submit(struct jc_request *request, struct jc_pool *pool, void (*run)(struct jc_pool_task *task)) {
    request->task.run = run;
    if (jc_pool_submit(pool, &request->task))
        return;
    (void)fail_busy(request);
    finish(request);
}

static struct jc_request *request_of(struct jc_pool_task *task) {
    return (struct jc_request *)(void *)((char *)task - offsetof(struct jc_request, task));
}

/* --- jobs ------------------------------------------------------------------------------------------ */

static enum jc_code run_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_request *request = ctx;
    if (is_late(request))
        return jc_fail(err, JC_DEADLINE_EXCEEDED, JC_MSG_TIMEOUT_PASSED);
    return jc_rpc_run(tx, &request->call, err);
}

static enum jc_code look_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_request *request = ctx;
    return jc_rpc_look(tx, &request->call, err);
}

static enum jc_code health_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_store_meta meta;
    (void)ctx;
    return jc_store_meta(tx, &meta, err);
}

/* --- WRITE ----------------------------------------------------------------------------------------- */

static void encode_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    encode(request);
    finish(request);
}

/* On the writer's thread: the job is durable, or it failed. */
static void written(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct jc_request *request = ctx;
    if (code) {
        jc_err_copy(&request->err, err);
        finish(request);
        return;
    }
    request->task.run = encode_task;
    bool large = protobuf_c_message_get_packed_size(request->call.response) > LARGE_BODY;
    if (large && jc_pool_submit(request->http->pool, &request->task))
        return;
    finish(request);
}

/* The agency is not known before the token has been looked up, inside the job. */
static void write_job(struct jc_request *request) {
    if (jc_db_write(request->http->config.db, 0, run_job, request, written, &request->err))
        finish(request);
}

static void write_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (decode(request))
        finish(request);
    else
        write_job(request);
}

static void start_write(struct jc_request *request) {
    if (request->body.len > LARGE_BODY || request->connect.gzip_in)
        submit(request, request->http->pool, write_task);
    else
        write_task(&request->task);
}

/* --- READ, PASSWORD, health -------------------------------------------------------------------------- */

static void read_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (!decode(request) && !jc_db_read(request->http->config.db, run_job, request, &request->err))
        encode(request);
    finish(request);
}

static void password_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (is_late(request))
        (void)jc_fail(&request->err, JC_DEADLINE_EXCEEDED, JC_MSG_TIMEOUT_PASSED);
    else if (!decode(request) && !jc_db_read(request->http->config.db, look_job, request, &request->err) &&
             !jc_rpc_work(&request->call, &request->err)) {
        write_job(request);
        return;
    }
    finish(request);
}

static void health_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (!jc_db_read(request->http->config.db, health_job, NULL, &request->err))
        request->answer = JC_STR("{\"status\":\"ok\"}\n");
    finish(request);
}

/* Counts the request as running unless nothing may run any more. */
static bool enter(struct jc_http *http) {
    pthread_mutex_lock(&http->lock);
    bool open = !http->draining;
    http->running += open;
    pthread_mutex_unlock(&http->lock);
    return open;
}

bool jc_run_start(struct jc_request *request) {
    struct jc_http *http = request->http;
    if (!enter(http)) {
        (void)jc_fail(&request->err, JC_UNAVAILABLE, JC_MSG_SERVER_DRAINING);
        return false;
    }
    atomic_store(&request->state, JC_REQUEST_RUNNING);
    MHD_suspend_connection(request->connection);
    if (request->health)
        submit(request, http->pool, health_task);
    else if (request->call.procedure->kind == JC_PROCEDURE_READ)
        submit(request, http->pool, read_task);
    else if (request->call.procedure->kind == JC_PROCEDURE_PASSWORD)
        submit(request, http->passwords, password_task);
    else
        start_write(request);
    return true;
}
