/* Everything here runs on the event thread. A request that can be refused by its head is still read
 * to its end (up to a multiple of the limit) before it is answered, because a client that is busy
 * sending may not look at an answer, and closing on it could destroy the answer on its way; only a
 * client that asked first (Expect: 100-continue) or announces an absurd size is answered at once. */
#include "http/request.h"

#include <string.h>

#include "base/text.h"
#include "http/refusal.h"
#include "http/run.h"
#include "http/target.h"
#include "sync/receipt.h"

enum {
    STRANGER_SHARE = 16,    /* one part in so many of all bodies' bytes is an address's whose tokens are not known */
    ARENA_FACTOR = 16,      /* memory of a request by the limit of its body: unpacked, answered, encoded */
    SPARE_MAX = 32 << 10,   /* bytes used by a request whose arena is worth keeping */
    RESERVE_MAX = 64 << 10, /* bytes of a body whose memory is taken because they were announced */
    DISCARD_FACTOR = 4,     /* bytes of a refused body that are read before the connection is cut */
};

static struct jc_request *request_of(struct jc_exchange *exchange) {
    return (struct jc_request *)(void *)exchange; /* its first member */
}

/* --- reading --------------------------------------------------------------------------------------- */

static void each_parameter(void *ctx, struct jc_str name, struct jc_str value) {
    jc_connect_query_add(ctx, name, value);
}

static void read_head(struct jc_request *request, struct jc_connect_head *head) {
    struct MHD_Connection *connection = request->connection;
    *head = (struct jc_connect_head){
        .method = request->method,
        .path = request->path,
        .content_type = jc_exchange_header(connection, MHD_HTTP_HEADER_CONTENT_TYPE),
        .content_encoding = jc_exchange_header(connection, MHD_HTTP_HEADER_CONTENT_ENCODING),
        .accept_encoding = jc_exchange_header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
        .accept_language = jc_exchange_header(connection, MHD_HTTP_HEADER_ACCEPT_LANGUAGE),
        .authorization = jc_exchange_header(connection, MHD_HTTP_HEADER_AUTHORIZATION),
        .protocol_version = jc_exchange_header(connection, "Connect-Protocol-Version"),
        .timeout = jc_exchange_header(connection, "Connect-Timeout-Ms"),
        .content_length = jc_exchange_header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH),
    };
    if (!jc_target_each(request->query, request->arena, each_parameter, &head->query))
        (void)jc_fail_memory(&request->err);
}

static enum jc_code fail_large(struct jc_request *request) {
    char number[JC_NUMBER_TEXT];
    return jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_BODY_LARGE,
                   jc_str_from_int64((int64_t)request->http->config.body_max, number));
}

/* The size announced; an impossible one counts as too large. */
static void check_length(struct jc_request *request, const struct jc_connect_head *head) {
    int64_t length = 0, limit = (int64_t)request->http->config.body_max;
    if (!head->content_length.ptr)
        return;
    if (!jc_str_to_int64(head->content_length, &length) || length < 0)
        length = INT64_MAX;
    if (length > limit)
        (void)fail_large(request);
    else if (!request->err.code)
        jc_buf_reserve(&request->body, length < RESERVE_MAX ? (size_t)length : RESERVE_MAX);
    request->cut |= length > limit * DISCARD_FACTOR;
}

static void fill_call(struct jc_request *request) {
    struct jc_connect *connect = &request->connect;
    if (connect->timeout_ms >= 0)
        request->deadline_ms = request->started_ms + connect->timeout_ms;
    request->call = (struct jc_call){
        .procedure = connect->procedure,
        .arena = request->arena,
        .now_ms = jc_clock_now_ms(&request->http->config.clock),
        .token = jc_arena_copy(request->arena, connect->token),
        .sealer = request->http->sealer,
        .splits = true,
        .signs = true,
    };
    request->ticket.token = jc_admit_token(request->http->admit, connect->token);
    request->known = jc_admit_knows(request->http->admit, request->ticket.token);
    if (!request->call.token.ptr)
        (void)jc_fail_memory(&request->err);
    else if (!connect->token.len && !(connect->procedure->callers & JC_CALLS_WITHOUT_TOKEN))
        (void)jc_fail(&request->err, JC_UNAUTHENTICATED, JC_MSG_TOKEN_MISSING);
}

/* /metrics is for a listener of its own; without one, for callers on this machine. */
static enum jc_route route_of(struct jc_request *request, bool aside) {
    const struct sockaddr *address = jc_exchange_peer(request->connection);
    if (jc_exchange_is_preflight(request->connection, &request->http->config.cors, request->method.ptr))
        return JC_ROUTE_PREFLIGHT;
    if (!jc_str_eq(request->method, JC_STR("GET")) && !jc_str_eq(request->method, JC_STR("HEAD")))
        return JC_ROUTE_PROCEDURE;
    if (jc_str_eq(request->path, JC_STR("/healthz")))
        return JC_ROUTE_HEALTH;
    bool may = request->http->config.metrics_address ? aside : address && jc_address_is_loopback(address);
    return may && jc_str_eq(request->path, JC_STR("/metrics")) ? JC_ROUTE_METRICS : JC_ROUTE_PROCEDURE;
}

/* A new request in an arena of its own, counted; NULL without memory. */
static struct jc_request *new_request(struct jc_http *http) {
    uint64_t id = jc_traffic_begin(&http->traffic);
    pthread_mutex_lock(&http->lock);
    struct jc_arena *arena = http->spares ? http->spare[--http->spares] : NULL;
    pthread_mutex_unlock(&http->lock);
    if (!arena)
        arena = jc_arena_new(http->config.body_max * ARENA_FACTOR);
    struct jc_request *request = arena ? JC_NEW(arena, struct jc_request) : NULL;
    if (!request) {
        jc_arena_free(arena);
        jc_traffic_end(&http->traffic, false);
        return NULL;
    }
    request->id = id;
    request->arena = arena;
    return request;
}

/* True if it can be answered without its body. */
static bool is_hopeless(const struct jc_request *request) {
    return request->route == JC_ROUTE_PREFLIGHT ||
           (request->err.code && (request->cut || jc_exchange_header(request->connection, MHD_HTTP_HEADER_EXPECT).len));
}

/* What the head asks for, or why it cannot have it. */
static void read_request(struct jc_request *request, bool aside, const char *version) {
    struct jc_connect_head head;
    struct jc_connect_framing framing = jc_exchange_framing(request->connection, request->method.ptr, version);
    read_head(request, &head);
    if (jc_connect_check_framing(&framing, &request->err)) {
        request->connect.lang = jc_connect_language(head.accept_language);
        request->cut = true;
        return;
    }
    request->route = route_of(request, aside);
    if (request->route != JC_ROUTE_PROCEDURE)
        return;
    if (aside) {
        request->connect.status = MHD_HTTP_NOT_FOUND;
        (void)jc_fail(&request->err, JC_UNIMPLEMENTED, JC_MSG_PROCEDURE_UNKNOWN, jc_text_cut(request->path, 100));
    } else if (!jc_connect_begin(&head, &request->connect, &request->err)) {
        fill_call(request);
    }
    check_length(request, &head);
}

/* Room for more of the body: in what all requests have, and where nobody knows who sends it in its address's share. */
static bool has_room(struct jc_request *request, size_t len) {
    const struct jc_server_config *config = &request->http->config;
    size_t share = config->bytes_max / STRANGER_SHARE;
    share = share > config->body_max ? share : config->body_max;
    return (request->known || jc_peer_hold(request->peer, len, share)) &&
           jc_admit_bytes(request->http->admit, &request->ticket, len);
}

static bool take(struct jc_exchange *exchange, const char *bytes, size_t len) {
    struct jc_request *request = request_of(exchange);
    const struct jc_server_config *config = &request->http->config;
    request->received += len;
    jc_peer_arrived(request->peer, len);
    if (jc_http_now(request->http) - request->started_ms > config->request_timeout_ms)
        return false;
    if (request->received > (uint64_t)config->body_max * DISCARD_FACTOR)
        return false;
    if (request->err.code)
        return true;
    if (request->received > config->body_max) {
        (void)fail_large(request);
    } else if (!has_room(request, len)) {
        jc_metrics_add(request->http->metrics, JC_METRIC_REJECTED_BYTES, 1);
        (void)jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_SERVER_BUSY);
    } else {
        jc_buf_append(&request->body, bytes, len);
    }
    if (request->body.failed)
        (void)jc_fail_memory(&request->err);
    if (request->err.code)
        jc_buf_free(&request->body);
    return true;
}

/* --- answering ------------------------------------------------------------------------------------- */

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    MHD_add_response_header(response, name, value);
}

/* Seconds after which asking again makes sense; 0: it does not, or at once. A full queue is empty when what
 * is in hand is done. */
static int retry_after_s(struct jc_request *request) {
    if (request->err.code == JC_UNAVAILABLE)
        return 1;
    if (request->err.what == JC_MSG_GUESSES_MANY)
        return JC_LIMIT_REFILL_MS / 1000;
    if (request->err.what != JC_MSG_SERVER_BUSY && request->err.what != JC_MSG_DB_QUEUE_FULL)
        return 0;
    return (jc_admit_retry_ms(request->http->admit) + 999) / 1000;
}

static void add_error_headers(struct jc_request *request, struct MHD_Response *response) {
    char number[JC_NUMBER_TEXT];
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    add_header(response, "X-Request-Id", jc_str_from_int64((int64_t)request->id, number).ptr);
    if (request->status == MHD_HTTP_METHOD_NOT_ALLOWED)
        add_header(response, MHD_HTTP_HEADER_ALLOW, jc_connect_verbs(request->connect.procedure));
    if (request->status == MHD_HTTP_UNSUPPORTED_MEDIA_TYPE)
        add_header(response, "Accept-Post", "application/proto, application/json");
    if (request->err.what == JC_MSG_ENCODING_UNKNOWN)
        add_header(response, MHD_HTTP_HEADER_ACCEPT_ENCODING, "gzip");
    if (request->err.code == JC_UNAUTHENTICATED)
        add_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    int retry_s = retry_after_s(request);
    if (retry_s)
        add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, jc_str_from_int64(retry_s, number).ptr);
}

/* The body of the answer, whatever the outcome. Without memory an error has an empty body: the status
 * still says what it is. */
static void make_body(struct jc_request *request) {
    if (!request->err.code && request->route == JC_ROUTE_PROCEDURE && !request->answer.ptr) {
        jc_run_encode(request);
    }
    if (!request->err.code)
        return;
    request->answer =
        jc_connect_error(&request->err, request->connect.lang, retry_after_s(request) * 1000, request->arena);
    request->answer_gzip = false;
}

static const char *content_type(const struct jc_request *request) {
    switch (request->route) {
    case JC_ROUTE_METRICS:
        return "text/plain; version=0.0.4; charset=utf-8";
    case JC_ROUTE_HEALTH:
        return jc_connect_media_type(JC_CODEC_JSON);
    default:
        return jc_connect_media_type(request->connect.codec);
    }
}

static enum MHD_Result answer(struct jc_request *request) {
    make_body(request);
    enum jc_code code = request->err.code;
    request->status = code && request->connect.status ? request->connect.status : jc_connect_status(code);
    if (request->route == JC_ROUTE_PREFLIGHT)
        request->status = MHD_HTTP_NO_CONTENT;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(request->answer.len, (void *)request->answer.ptr, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    if (code)
        add_error_headers(request, response);
    else if (request->route != JC_ROUTE_PREFLIGHT)
        add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type(request));
    if (!code && request->connect.get)
        add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "private, no-store");
    jc_exchange_allow(request->connection, &request->http->config.cors, request->route == JC_ROUTE_PREFLIGHT, response);
    if (request->answer_gzip)
        add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (request->cut || request->err.what == JC_MSG_SERVER_DRAINING)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    jc_peer_sending(request->peer, jc_http_now(request->http), request->answer.len);
    enum MHD_Result result = jc_refusal_pass(request->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- between ----------------------------------------------------------------------------------------- */

/* A guess costs a token until it turns out to have been none. */
static void take_guess(struct jc_request *request) {
    const struct sockaddr *address = jc_exchange_peer(request->connection);
    if (request->route != JC_ROUTE_PROCEDURE || !request->call.procedure->guessable || !address)
        return;
    request->guess = jc_limit_take(request->http->limit, address, request->started_ms);
    if (request->guess)
        return;
    jc_metrics_add(request->http->metrics, JC_METRIC_REJECTED_GUESSES, 1);
    (void)jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_GUESSES_MANY);
}

static void settle_guess(struct jc_request *request) {
    enum jc_code code = request->err.code;
    if (request->guess && code != JC_UNAUTHENTICATED && code != JC_PERMISSION_DENIED)
        jc_limit_give_back(request->http->limit, jc_exchange_peer(request->connection));
    request->guess = false;
}

/* An address that keeps sending tokens nobody has is not looked up for each. */
static void meet_stranger(struct jc_request *request) {
    const struct sockaddr *address = jc_exchange_peer(request->connection);
    if (!request->ticket.token || !address ||
        jc_admit_stranger(request->http->admit, request->ticket.token, address, request->started_ms))
        return;
    jc_metrics_add(request->http->metrics, JC_METRIC_REJECTED_STRANGER, 1);
    (void)jc_fail(&request->err, JC_RESOURCE_EXHAUSTED, JC_MSG_GUESSES_MANY);
}

/* What the work has shown about the token. */
static void settle_stranger(struct jc_request *request) {
    const struct sockaddr *address = jc_exchange_peer(request->connection);
    if (!request->ticket.token || !address)
        return;
    if (!request->err.code && !(request->call.procedure->callers & JC_CALLS_WITHOUT_TOKEN))
        jc_admit_known(request->http->admit, request->ticket.token);
    else if (request->err.code == JC_UNAUTHENTICATED)
        jc_admit_unknown(request->http->admit, request->ticket.token, address, request->started_ms);
}

static enum MHD_Result step(struct jc_exchange *exchange) {
    struct jc_request *request = request_of(exchange);
    jc_run_follow(request);
    if (atomic_load(&request->state) == JC_REQUEST_READING) {
        jc_traffic_arrived(&request->http->traffic);
        request->whole = true;
        jc_peer_working(request->peer);
        if (!request->err.code)
            meet_stranger(request);
        if (!request->err.code)
            take_guess(request);
        if (!request->err.code && request->route != JC_ROUTE_PREFLIGHT && jc_run_start(request))
            return MHD_YES;
    } else {
        settle_stranger(request);
    }
    settle_guess(request);
    return answer(request);
}

static void log_request(const struct jc_request *request, bool sent, int64_t now_ms) {
    const struct jc_exchange_line line = {
        .id = request->id,
        .peer = jc_exchange_peer(request->connection),
        .method = request->method,
        .path = request->path,
        .started_ms = request->started_ms,
        .status = request->status,
        .code = request->err.code,
        .detail = request->err.detail,
        .bytes_in = (int64_t)request->received,
        .bytes_out = (int64_t)request->answer.len,
        .sent = sent && request->status,
    };
    jc_exchange_log(&line, now_ms);
}

static void end(struct jc_exchange *exchange, bool sent) {
    struct jc_request *request = request_of(exchange);
    struct jc_http *http = request->http;
    bool whole = request->whole;
    int64_t now_ms = jc_http_now(http);
    jc_run_follow(request);
    log_request(request, sent, now_ms);
    if (request->route == JC_ROUTE_PROCEDURE) {
        enum jc_code code = request->status ? request->err.code : JC_CANCELLED;
        jc_metrics_request(http->metrics, request->connect.procedure, code);
        jc_metrics_observe(http->metrics, JC_HISTOGRAM_REQUEST, (now_ms - request->started_ms) * 1000);
    }
    jc_receipt_batch_release(request->receipts);
    jc_admit_leave(http->admit, &request->ticket);
    jc_peer_idle(request->peer, now_ms);
    jc_buf_free(&request->body);
    struct jc_arena *arena = request->arena; /* the request itself lies in it */
    bool keep = jc_arena_used(arena) <= SPARE_MAX;
    if (keep)
        jc_arena_reset(arena);
    pthread_mutex_lock(&http->lock);
    keep = keep && http->spares < JC_HTTP_SPARE_ARENAS;
    if (keep)
        http->spare[http->spares++] = arena;
    pthread_mutex_unlock(&http->lock);
    if (!keep)
        jc_arena_free(arena);
    jc_traffic_end(&http->traffic, whole);
}

/* --- the whole ------------------------------------------------------------------------------------------ */

struct jc_exchange *jc_request_begin(struct jc_http *http, struct MHD_Connection *connection, struct jc_peer *peer,
                                     bool aside, const char *url, const char *query, const char *method,
                                     const char *version) {
    struct jc_request *request = new_request(http);
    if (!request)
        return NULL;
    request->exchange = (struct jc_exchange){.take = take, .step = step, .end = end};
    request->http = http;
    request->connection = connection;
    request->peer = peer;
    request->started_ms = jc_http_now(http);
    request->deadline_ms = -1;
    request->method = jc_str(method);
    request->path = jc_str(url);
    request->query = query;
    jc_buf_init(&request->body, http->config.body_max);
    jc_peer_arriving(peer, request->started_ms);
    read_request(request, aside, version);
    request->exchange.hopeless = is_hopeless(request);
    return &request->exchange;
}
