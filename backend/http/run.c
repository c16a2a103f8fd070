/* How a request moves between threads:
 *
 *   READ      event ─ pool: decode, snapshot, encode ─ event
 *   WRITE     event: decode, prepare ─ writer: job, commit ─ event: encode
 *   PASSWORD  event: decode ─ password pool: look, Argon2id ─ writer: job, commit ─ event: encode
 *
 * Large bodies of a WRITE are decoded, and large answers encoded, on the pool, so that the event
 * thread is never busy with one request for long; so is what a WRITE leaves to a snapshot after its
 * commit. The requests of one commit wait for each other: they leave the writer together at the end
 * of the batch (jc_run_batch_end), the writer having nothing left to do for them. It resumes one connection
 * of a daemon; the daemon's thread resumes those that follow. Waking a thread forty times a commit costs
 * the writer a system call and the other a switch each time.
 *
 * What must never happen: a thread touches a request
 * after it resumed its connection, because the event thread may have freed it by then; therefore
 * finish() is the last thing done with it, always. */
#include "http/run.h"

#include <assert.h>

#include "http/codec.h"
#include "http/gauges.h"
#include "store/store.h"
#include "sync/receipt.h"

enum {
    LARGE_BODY = 64 << 10, /* bytes that the event thread does not decode or encode itself */
    LARGE_GZIP = 16 << 10, /* the same, compressed */
    GZIP_TAIL = 8,         /* checksum and size behind the compressed bytes */
    METRICS_MAX = 1 << 20,
};

/* --- steps ----------------------------------------------------------------------------------------- */

static bool is_late(const struct jc_request *request) {
    return request->deadline_ms >= 0 && jc_http_now(request->http) >= request->deadline_ms;
}

static enum jc_code decode(struct jc_request *request) {
    ProtobufCMessage *message = NULL;
    size_t most =
        request->small && request->http->config.body_max > LARGE_BODY ? LARGE_BODY : request->http->config.body_max;
    enum jc_code code =
        jc_codec_decode(&request->connect, jc_buf_str(&request->body), most, request->arena, &message, &request->err);
    request->call.request = message;
    if (!code)
        jc_buf_free(&request->body);
    return code;
}

/* The receipt of an answer that is durable: with the others of its commit, or alone. */
static enum jc_code sign(struct jc_request *request) {
    struct jc_receipt_draft *draft = request->call.receipt;
    if (!draft)
        return JC_OK;
    enum jc_code code = request->receipts
                            ? jc_receipt_batch_complete(request->receipts, draft, request->arena, &request->err)
                            : jc_receipt_complete(draft, request->arena, &request->err);
    if (!code)
        request->call.receipt = NULL;
    return code;
}

void jc_run_encode(struct jc_request *request) {
    assert(request->call.response); /* a procedure that succeeds has answered */
    if (sign(request))
        return;
    (void)jc_codec_encode(&request->connect, request->call.response, request->arena, &request->answer,
                          &request->answer_gzip, &request->err);
}

/* Gives the request back to the event thread. The request must not be touched afterwards. */
static void finish(struct jc_request *request) {
    struct jc_http *http = request->http;
    struct MHD_Connection *connection = request->connection;
    atomic_store(&request->state, JC_REQUEST_ANSWERED);
    MHD_resume_connection(connection);
    jc_traffic_leave(&http->traffic);
}

static enum jc_code fail_busy(struct jc_request *request, enum jc_metric why) {
    jc_metrics_add(request->http->metrics, why, 1);
    return jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_SERVER_BUSY);
}

/* Hands the request to a pool, or finishes it as refused. */
static void submit(struct jc_request *request, struct jc_pool *pool, void (*run)(struct jc_pool_task *task)) {
    request->task.run = run;
    if (jc_pool_submit(pool, &request->task))
        return;
    (void)fail_busy(request, JC_METRIC_REJECTED_READS);
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

static enum jc_code after_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_request *request = ctx;
    return jc_rpc_after(tx, &request->call, err);
}

/* --- WRITE ----------------------------------------------------------------------------------------- */

static void encode_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    jc_run_encode(request);
    finish(request);
}

/* The write is durable whatever happens here: a client that hears of a failure asks again and is told
 * what it missed. */
static void after_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (!jc_db_read(request->http->config.db, after_job, request, &request->err))
        jc_run_encode(request);
    finish(request);
}

/* Without memory the receipt is signed alone. */
static void join_receipts(struct jc_batch *batch, struct jc_request *request) {
    if (!batch->receipts)
        batch->receipts = jc_receipt_batch_new();
    if (batch->receipts && jc_receipt_batch_join(batch->receipts, request->call.receipt))
        request->receipts = batch->receipts;
}

/* On the writer's thread, which alone touches the batch: the job is durable, or it failed. */
static void written(void *ctx, enum jc_code code, const struct jc_err *err) {
    struct jc_request *request = ctx;
    struct jc_batch *batch = &request->http->batch;
    jc_admit_written(request->http->admit, &request->ticket);
    batch->count++;
    if (code)
        jc_err_copy(&request->err, err);
    else if (request->call.receipt)
        join_receipts(batch, request);
    request->next = NULL;
    *batch->last = request;
    batch->last = &request->next;
}

void jc_run_follow(struct jc_request *request) {
    struct jc_request *follower = request->followers;
    request->followers = NULL;
    for (struct jc_request *next; follower; follower = next) {
        next = follower->next;
        finish(follower);
    }
}

/* More than the event thread should encode. Whatever is large takes room in the arena. */
static bool is_large(const struct jc_request *request) {
    return jc_arena_used(request->arena) > LARGE_BODY &&
           protobuf_c_message_get_packed_size(request->call.response) > LARGE_BODY;
}

/* Hands on what has work left; false: the request is finished but for being given back. */
static bool goes_on(struct jc_request *request) {
    if (request->err.code)
        return false;
    if (request->call.more) {
        submit(request, request->http->pool, after_task);
        return true;
    }
    request->task.run = encode_task;
    return is_large(request) && jc_pool_submit(request->http->pool, &request->task);
}

/* The first of a daemon's requests that leave together. */
struct train {
    struct MHD_Daemon *daemon;
    struct jc_request *first, **last;
};
enum { TRAINS = 3 }; /* plain, TLS, one to spare */

static struct MHD_Daemon *daemon_of(const struct jc_request *request) {
    return MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_DAEMON)->daemon;
}

/* The request behind the others of its daemon; alone if there are too many daemons. */
static void couple(struct train trains[TRAINS], struct jc_request *request) {
    struct MHD_Daemon *daemon = daemon_of(request);
    int at = 0;
    while (at < TRAINS && trains[at].first && trains[at].daemon != daemon)
        at++;
    request->next = request->followers = NULL;
    if (at == TRAINS) {
        finish(request);
    } else if (trains[at].first) {
        *trains[at].last = request;
        trains[at].last = &request->next;
    } else {
        trains[at] = (struct train){daemon, request, &request->followers};
    }
}

void jc_run_batch_end(void *ctx) {
    struct jc_http *http = ctx;
    struct jc_batch *batch = &http->batch;
    struct jc_request *request = batch->first;
    if (!request)
        return;
    jc_admit_committed(http->admit, jc_http_now(http));
    jc_metrics_observe(http->metrics, JC_HISTOGRAM_BATCH, batch->count);
    jc_receipt_batch_release(batch->receipts); /* those who joined hold it, too */
    *batch = (struct jc_batch){.last = &batch->first};
    struct train trains[TRAINS] = {0};
    for (struct jc_request *next; request; request = next) {
        next = request->next; /* it may be gone once it has left */
        if (!goes_on(request))
            couple(trains, request);
    }
    for (int i = 0; i < TRAINS && trains[i].first; i++)
        finish(trains[i].first);
}

/* A record is half a kilobyte or more: what a job will cost the writer, so that large requests make
 * small batches. The agency is not known before the token has been looked up, inside the job. */
static void write_job(struct jc_request *request) {
    unsigned cost = 1 + (unsigned)(request->received >> 9);
    if (!jc_admit_write(request->http->admit, &request->ticket)) {
        (void)fail_busy(request, JC_METRIC_REJECTED_WRITES);
        finish(request);
    } else if (jc_db_write_cost(request->http->config.db, 0, cost, run_job, request, written, &request->err)) {
        jc_admit_written(request->http->admit, &request->ticket);
        finish(request);
    }
}

static void write_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    enum jc_code code = decode(request);
    if (code && request->small && request->err.what == JC_MSG_MESSAGE_LARGE) {
        request->small = false; /* larger than it promised: of several gzip members, or a lie */
        request->err.code = JC_OK;
        submit(request, request->http->pool, write_task);
        return;
    }
    if (code || jc_rpc_prepare(&request->call, &request->err))
        finish(request);
    else
        write_job(request);
}

/* The size that gzip's last bytes promise. */
static size_t gzip_promise(struct jc_str gzip) {
    const uint8_t *at = (const uint8_t *)gzip.ptr + gzip.len - 4;
    return gzip.len < GZIP_TAIL ? 0 : at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
}

static void start_write(struct jc_request *request) {
    struct jc_str body = jc_buf_str(&request->body);
    bool gzip = request->connect.gzip_in;
    if (body.len > (gzip ? LARGE_GZIP : LARGE_BODY) || (gzip && gzip_promise(body) > LARGE_BODY)) {
        submit(request, request->http->pool, write_task);
        return;
    }
    request->small = true;
    write_task(&request->task);
}

/* --- READ, PASSWORD, health -------------------------------------------------------------------------- */

static void read_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    if (!decode(request) && !jc_db_read(request->http->config.db, run_job, request, &request->err))
        jc_run_encode(request);
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

static void metrics_task(struct jc_pool_task *task) {
    struct jc_request *request = request_of(task);
    struct jc_buf text;
    jc_buf_init(&text, METRICS_MAX);
    jc_gauges_read(request->http);
    jc_metrics_render(request->http->metrics, &text);
    request->answer = jc_arena_copy(request->arena, jc_buf_str(&text));
    if (text.failed || !request->answer.ptr)
        (void)jc_fail_memory(&request->err);
    jc_buf_free(&text);
    finish(request);
}

bool jc_run_start(struct jc_request *request) {
    struct jc_http *http = request->http;
    if (!jc_traffic_enter(&http->traffic)) {
        (void)jc_fail(&request->err, JC_UNAVAILABLE, JC_MSG_SERVER_DRAINING);
        return false;
    }
    atomic_store(&request->state, JC_REQUEST_RUNNING);
    MHD_suspend_connection(request->connection);
    if (request->route == JC_ROUTE_HEALTH)
        submit(request, http->pool, health_task);
    else if (request->route == JC_ROUTE_METRICS)
        submit(request, http->pool, metrics_task);
    else if (request->call.procedure->kind == JC_PROCEDURE_READ)
        submit(request, http->pool, read_task);
    else if (request->call.procedure->kind == JC_PROCEDURE_PASSWORD)
        submit(request, http->passwords, password_task);
    else
        start_write(request);
    return true;
}
