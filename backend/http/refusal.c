/* The answer is written to the socket (or into the TLS session) at once: the memory that libmicrohttpd would build
 * it in may be what is missing. There is nothing before it that has not been sent, since libmicrohttpd reads the
 * next request when it has sent the last answer. Some kilobytes always fit into the buffer of a socket whose other
 * side reads; where they do not, the connection ends without an answer.
 *
 * What must never happen: a second head behind this answer. Therefore libmicrohttpd is told that nothing could be
 * queued, whereupon it gives the connection up, and the socket is shut, whatever it thinks of it. */
#include "http/refusal.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "http/exchange.h"
#include "http/line.h"

enum {
    ARENA_BYTES = 1 << 16,
    DRAIN_BYTES = 1 << 16, /* that have arrived and are read, so that closing does not take the answer back */
};

typedef enum MHD_Result queue_function(struct MHD_Connection *connection, unsigned status,
                                       struct MHD_Response *response);

enum MHD_Result jc_refusal_pass(struct MHD_Connection *connection, int status, struct MHD_Response *response) {
    static queue_function *_Atomic known;
    queue_function *queue = known;
    if (!queue) {
        void *symbol = dlsym(RTLD_NEXT, "MHD_queue_response");
        queue = *(queue_function **)(void *)&symbol;
        known = queue;
    }
    return queue ? queue(connection, (unsigned)status, response) : MHD_NO;
}

/* Stands in libmicrohttpd's place, which calls it for its own pages alone. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response) {
    (void)response;
    jc_refusal_send(connection, (int)status);
    return MHD_NO;
}

/* --- words ---------------------------------------------------------------------------------------------------- */

/* What libmicrohttpd means by a status. 500 is a line of chunks that outgrew its memory. Returns the status of the
 * answer. */
static int explain(const struct jc_server_config *config, int status, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    switch (status) {
    case MHD_HTTP_CONTENT_TOO_LARGE:
        (void)jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_BODY_LARGE,
                      jc_str_from_int64((int64_t)config->body_max, number));
        return status;
    case MHD_HTTP_URI_TOO_LONG:
    case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
    case MHD_HTTP_INTERNAL_SERVER_ERROR:
        (void)jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_HEAD_LARGE,
                      jc_str_from_int64((int64_t)config->connection_memory, number));
        return status == MHD_HTTP_URI_TOO_LONG ? status : MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
    case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
        (void)jc_fail(err, JC_UNIMPLEMENTED, JC_MSG_HTTP_VERSION);
        return status;
    default:
        (void)jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_HTTP_BROKEN);
        return MHD_HTTP_BAD_REQUEST;
    }
}

static void put_head(struct jc_buf *head, int status, uint64_t id, const struct jc_cors_header *cors, size_t body_len) {
    char date[64] = "";
    struct tm day;
    time_t now = time(NULL);
    if (gmtime_r(&now, &day))
        strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &day);
    jc_buf_printf(head, "HTTP/1.1 %d %s\r\n%sConnection: close\r\nContent-Type: application/json\r\n", status,
                  MHD_get_reason_phrase_for((unsigned)status), date);
    for (; cors->name; cors++)
        jc_buf_printf(head, "%s: %s\r\n", cors->name, cors->value);
    jc_buf_printf(head, "X-Request-Id: %llu\r\nContent-Length: %zu\r\n\r\n", (unsigned long long)id, body_len);
}

/* --- bytes ---------------------------------------------------------------------------------------------------- */

static gnutls_session_t session_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? (gnutls_session_t)info->tls_session : NULL;
}

/* Writes all of it or what fits. True if it was all. */
static bool write_out(int fd, gnutls_session_t session, struct jc_str bytes) {
    ssize_t sent = session ? gnutls_record_send(session, bytes.ptr, bytes.len)
                           : send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent == (ssize_t)bytes.len;
}

/* Ends the connection for its other side and for libmicrohttpd, which closes it. A socket closed over bytes that
 * nobody has read takes back what it has sent. */
static void shut(int fd, gnutls_session_t session) {
    char rest[4096];
    if (session)
        (void)gnutls_bye(session, GNUTLS_SHUT_WR);
    shutdown(fd, SHUT_WR);
    for (size_t read = 0; read < DRAIN_BYTES; read += sizeof rest)
        if (recv(fd, rest, sizeof rest, MSG_DONTWAIT) <= 0)
            break;
    shutdown(fd, SHUT_RD);
}

/* Head and body in one write; false if they were not sent whole. */
static bool answer(struct MHD_Connection *connection, const struct jc_cors *cors, struct jc_arena *arena,
                   const struct jc_err *err, struct jc_exchange_line *line) {
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    gnutls_session_t session = session_of(connection);
    enum jc_lang lang = jc_connect_language(jc_exchange_header(connection, MHD_HTTP_HEADER_ACCEPT_LANGUAGE));
    struct jc_str body = jc_connect_error(err, lang, 0, arena);
    struct jc_cors_header allow[JC_CORS_HEADERS];
    struct jc_buf whole;
    jc_cors_headers(cors, jc_exchange_header(connection, MHD_HTTP_HEADER_ORIGIN), false, allow);
    jc_buf_init(&whole, ARENA_BYTES);
    put_head(&whole, line->status, line->id, allow, body.len);
    jc_buf_add(&whole, body);
    bool sent = body.ptr && !whole.failed && write_out(fd, session, jc_buf_str(&whole));
    line->bytes_out = (int64_t)body.len;
    jc_buf_free(&whole);
    shut(fd, session);
    return sent;
}

void jc_refusal_send(struct MHD_Connection *connection, int status) {
    const struct jc_line *at = jc_line_of(connection);
    struct jc_arena *arena = at ? jc_arena_new(ARENA_BYTES) : NULL;
    struct jc_err err = {0};
    if (!arena)
        return;
    struct jc_http *http = at->http;
    int64_t now_ms = jc_http_now(http);
    struct jc_exchange_line line = {
        .id = jc_traffic_begin(&http->traffic), .peer = jc_exchange_peer(connection), .started_ms = now_ms};
    line.status = explain(&http->config, status, &err);
    line.code = err.code;
    line.detail = "refused before it could be read";
    line.method = line.path = JC_STR("");
    line.sent = answer(connection, &http->config.cors, arena, &err, &line);
    jc_exchange_log(&line, now_ms);
    jc_metrics_add(http->metrics, JC_METRIC_REJECTED_BROKEN, 1);
    jc_traffic_end(&http->traffic, false);
    jc_arena_free(arena);
}
