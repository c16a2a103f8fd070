/* The event thread gathers a piece, suspends the connection, and a thread of the pool writes it; the connection
 * is resumed for the next one. When the connection goes in the middle of a body, what has arrived is written
 * all the same, by the pool, after everything else of the request is over.
 *
 * What must never happen: two threads in one struct jc_tus. The state says whose it is. */
#include "http/transfer.h"

#include <unistd.h>

#include "base/log.h"
#include "http/refusal.h"
#include "http/tus.h"

enum {
    ARENA_BYTES = 1 << 20,
    DISCARD_BYTES = 1 << 20, /* of a body nobody wants, before the connection is cut */
};

enum transfer_state {
    READING, /* the event thread's */
    PIECE,   /* the pool's: a piece is written */
    LAST,    /* the pool's: what was asked is done */
    DONE,    /* the event thread's: to be answered */
};

struct transfer {
    struct jc_exchange exchange; /* first */
    struct jc_http *http;
    struct MHD_Connection *connection;
    struct jc_peer *peer;
    struct jc_exchange_line line;
    struct jc_tus *tus;
    enum jc_lang lang;
    bool worked; /* we took time: the peer is measured anew */
    bool whole;  /* arrived */
    bool cut;    /* the answer is followed by the end of the connection */
    struct jc_err err;
    _Atomic int state;
    struct jc_pool_task task;
};

static struct transfer *transfer_of(struct jc_exchange *exchange) {
    return (struct transfer *)(void *)exchange; /* its first member */
}

static struct transfer *transfer_of_task(struct jc_pool_task *task) {
    return (struct transfer *)(void *)((char *)task - offsetof(struct transfer, task));
}

static void free_transfer(struct transfer *transfer) {
    struct jc_http *http = transfer->http;
    bool whole = transfer->whole;
    jc_tus_free(transfer->tus);
    jc_free(transfer);
    atomic_fetch_sub(&http->transfers, 1);
    jc_traffic_end(&http->traffic, whole);
}

/* --- on the pool --------------------------------------------------------------------------------------------- */

/* Gives the transfer back to the event thread; it must not be touched afterwards. */
static void give_back(struct transfer *transfer, enum transfer_state state) {
    struct jc_http *http = transfer->http;
    struct MHD_Connection *connection = transfer->connection;
    atomic_store(&transfer->state, state);
    MHD_resume_connection(connection);
    jc_traffic_leave(&http->traffic);
}

static void piece_task(struct jc_pool_task *task) {
    struct transfer *transfer = transfer_of_task(task);
    jc_tus_piece(transfer->tus);
    give_back(transfer, READING);
}

static void last_task(struct jc_pool_task *task) {
    struct transfer *transfer = transfer_of_task(task);
    jc_tus_finish(transfer->tus);
    give_back(transfer, DONE);
}

static void abandon_task(struct jc_pool_task *task) {
    struct transfer *transfer = transfer_of_task(task);
    jc_tus_abandon(transfer->tus);
    free_transfer(transfer);
}

/* --- on the event thread ------------------------------------------------------------------------------------- */

/* Suspends the connection and hands the transfer to the pool. False, with err set and nothing suspended, if the
 * server is draining or the pool is full. */
static bool hand_over(struct transfer *transfer, enum transfer_state state, void (*run)(struct jc_pool_task *task)) {
    struct jc_http *http = transfer->http;
    if (!jc_traffic_enter(&http->traffic)) {
        (void)jc_fail(&transfer->err, JC_UNAVAILABLE, JC_MSG_SERVER_DRAINING);
        return false;
    }
    jc_peer_working(transfer->peer);
    transfer->worked = true;
    transfer->task.run = run;
    atomic_store(&transfer->state, state);
    MHD_suspend_connection(transfer->connection);
    if (jc_pool_submit(http->blob_pool, &transfer->task))
        return true;
    atomic_store(&transfer->state, READING);
    MHD_resume_connection(transfer->connection);
    jc_traffic_leave(&http->traffic);
    (void)jc_fail(&transfer->err, JC_UNAVAILABLE, JC_MSG_SERVER_BUSY);
    return false;
}

static bool take(struct jc_exchange *exchange, const char *bytes, size_t len) {
    struct transfer *transfer = transfer_of(exchange);
    if (atomic_load(&transfer->state) != READING)
        return false;
    if (transfer->worked)
        jc_peer_arriving(transfer->peer, jc_http_now(transfer->http));
    transfer->worked = false;
    transfer->line.bytes_in += (int64_t)len;
    jc_peer_arrived(transfer->peer, len);
    if (transfer->err.code || jc_tus_has_failed(transfer->tus))
        return transfer->line.bytes_in < DISCARD_BYTES;
    if (jc_tus_take(transfer->tus, (struct jc_str){bytes, len}))
        return hand_over(transfer, PIECE, piece_task);
    return true;
}

static struct MHD_Response *new_response(struct transfer *transfer, const struct jc_tus_answer *answer) {
    struct jc_arena *arena = answer->err->code ? jc_arena_new(ARENA_BYTES) : NULL;
    struct jc_str text = JC_STR("");
    struct MHD_Response *response = NULL;
    if (arena)
        text = jc_connect_error(answer->err, transfer->lang, 0, arena);
    if (answer->fd >= 0)
        response = MHD_create_response_from_fd_at_offset64((uint64_t)answer->byte_count, answer->fd,
                                                           (uint64_t)answer->first_byte);
    else
        response = MHD_create_response_from_buffer(text.len, (void *)text.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response && answer->fd >= 0)
        close(answer->fd);
    transfer->line.bytes_out = answer->fd >= 0 ? answer->byte_count : (int64_t)text.len;
    jc_arena_free(arena);
    return response;
}

static void add_headers(struct transfer *transfer, const struct jc_tus_answer *answer, struct MHD_Response *response) {
    for (int i = 0; i < answer->header_count; i++)
        MHD_add_response_header(response, answer->headers[i].name, answer->headers[i].value);
    if (answer->err->code)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (answer->err->code == JC_UNAUTHENTICATED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    if (answer->err->code == JC_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    else if (answer->status == MHD_HTTP_TOO_MANY_REQUESTS)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "3600");
    jc_exchange_allow(transfer->connection, &transfer->http->config.cors, false, response);
    if (transfer->cut)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result respond(struct transfer *transfer) {
    struct jc_tus_answer answer;
    jc_tus_answer(transfer->tus, &answer);
    if (transfer->err.code) { /* refused before it could be asked */
        answer.err = &transfer->err;
        answer.status = jc_connect_status(transfer->err.code);
    }
    struct MHD_Response *response = new_response(transfer, &answer);
    if (!response)
        return MHD_NO;
    add_headers(transfer, &answer, response);
    transfer->line.status = answer.status;
    transfer->line.code = answer.err->code;
    transfer->line.detail = answer.err->detail;
    jc_peer_sending(transfer->peer, jc_http_now(transfer->http), (size_t)transfer->line.bytes_out);
    enum MHD_Result result = jc_refusal_pass(transfer->connection, answer.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result step(struct jc_exchange *exchange) {
    struct transfer *transfer = transfer_of(exchange);
    if (atomic_load(&transfer->state) == READING && !transfer->whole) {
        jc_traffic_arrived(&transfer->http->traffic);
        transfer->whole = true;
        if (!transfer->err.code && hand_over(transfer, LAST, last_task))
            return MHD_YES;
    }
    return respond(transfer);
}

static void end(struct jc_exchange *exchange, bool sent) {
    struct transfer *transfer = transfer_of(exchange);
    int64_t now_ms = jc_http_now(transfer->http);
    transfer->line.sent = sent && transfer->line.status;
    jc_exchange_log(&transfer->line, now_ms);
    jc_peer_idle(transfer->peer, now_ms);
    transfer->task.run = abandon_task;
    bool half = !transfer->whole && !jc_tus_has_failed(transfer->tus);
    if (half && jc_pool_submit(transfer->http->blob_pool, &transfer->task))
        return;
    free_transfer(transfer);
}

/* --- its beginning --------------------------------------------------------------------------------------------- */

static void read_head(struct MHD_Connection *connection, const char *method, const char *url,
                      struct jc_tus_head *head) {
    *head = (struct jc_tus_head){
        .method = jc_str(method),
        .path = jc_str(url),
        .method_override = jc_exchange_header(connection, "X-HTTP-Method-Override"),
        .resumable = jc_exchange_header(connection, "Tus-Resumable"),
        .upload_length = jc_exchange_header(connection, "Upload-Length"),
        .upload_defer_length = jc_exchange_header(connection, "Upload-Defer-Length"),
        .upload_offset = jc_exchange_header(connection, "Upload-Offset"),
        .upload_metadata = jc_exchange_header(connection, "Upload-Metadata"),
        .upload_checksum = jc_exchange_header(connection, "Upload-Checksum"),
        .content_type = jc_exchange_header(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .content_length = jc_exchange_header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH),
        .range = jc_exchange_header(connection, MHD_HTTP_HEADER_RANGE),
    };
}

static struct jc_tus *new_tus(struct jc_http *http, struct MHD_Connection *connection, const char *url,
                              const char *method) {
    struct jc_tus_head head;
    struct jc_arena *arena = jc_arena_new(ARENA_BYTES);
    if (!arena)
        return NULL;
    read_head(connection, method, url, &head);
    struct jc_str token = jc_connect_bearer(jc_exchange_header(connection, MHD_HTTP_HEADER_AUTHORIZATION));
    struct jc_tus *tus = jc_tus_begin(&http->desk, arena, &head, token, jc_clock_now_ms(&http->config.clock));
    if (!tus)
        jc_arena_free(arena);
    return tus;
}

struct jc_exchange *jc_transfer_begin(struct jc_http *http, struct MHD_Connection *connection, struct jc_peer *peer,
                                      const char *url, const char *method, const char *version) {
    uint64_t id = jc_traffic_begin(&http->traffic);
    bool room = atomic_fetch_add(&http->transfers, 1) < JC_HTTP_TRANSFERS_MAX;
    struct transfer *transfer = room ? jc_calloc(1, sizeof *transfer) : NULL;
    struct jc_tus *tus = transfer ? new_tus(http, connection, url, method) : NULL;
    if (!tus) {
        jc_free(transfer);
        atomic_fetch_sub(&http->transfers, 1);
        jc_traffic_end(&http->traffic, false);
        return NULL;
    }
    transfer->exchange = (struct jc_exchange){.take = take, .step = step, .end = end};
    transfer->http = http;
    transfer->connection = connection;
    transfer->peer = peer;
    transfer->tus = tus;
    transfer->lang = jc_connect_language(jc_exchange_header(connection, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
    transfer->line = (struct jc_exchange_line){
        .id = id,
        .peer = jc_exchange_peer(connection),
        .method = jc_str(method),
        .path = jc_str(url),
        .started_ms = jc_http_now(http),
    };
    struct jc_connect_framing framing = jc_exchange_framing(connection, method, version);
    if (jc_connect_check_framing(&framing, &transfer->err)) {
        transfer->cut = true;
        transfer->exchange.hopeless = true;
    }
    jc_peer_arriving(peer, transfer->line.started_ms);
    return &transfer->exchange;
}
