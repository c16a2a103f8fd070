/* libmicrohttpd's callbacks and what stands between them and jc_request: who may connect, and what each
 * connection is busy with. The daemon's event thread is the only one that touches its connections; other
 * threads hand requests back by resuming them. */
#include "http/listener.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "http/line.h"
#include "http/refusal.h"
#include "http/request.h"
#include "http/target.h"
#include "http/transfer.h"

enum {
    BACKLOG = 1024,
    SHAKING_MAX = 1024,      /* handshakes at a time … */
    SHAKING_SHARE = 4,       /* … of which an address may have one part in so many */
    HEADER_RECORD = 64,      /* what libmicrohttpd needs to remember a header */
    ANSWER_HEAD = 640,       /* no head of an answer of ours is longer */
    HEAD_PATIENCE_MS = 5000, /* behind libmicrohttpd's own timeout, which every byte starts anew */
};

/* --- connections ------------------------------------------------------------------------------------------ */

static enum MHD_Result on_accept(void *cls, const struct sockaddr *address, socklen_t len) {
    struct jc_listener *listener = cls;
    struct jc_metrics *metrics = listener->http->metrics;
    (void)len;
    if (!jc_peers_welcome(listener->peers, address)) {
        jc_metrics_add(metrics, JC_METRIC_REJECTED_ADDRESS, 1);
        return MHD_NO;
    }
    if (listener->tls && (jc_peers_shaking(listener->peers) >= SHAKING_MAX ||
                          jc_peers_shaking_of(listener->peers, address) >= SHAKING_MAX / SHAKING_SHARE)) {
        jc_metrics_add(metrics, JC_METRIC_REJECTED_HANDSHAKES, 1);
        return MHD_NO;
    }
    return MHD_YES;
}

static void on_handshake(void *ctx, bool resumed) {
    struct jc_line *line = ctx;
    struct jc_http *http = line->http;
    jc_metrics_add(http->metrics, resumed ? JC_METRIC_HANDSHAKES_RESUMED : JC_METRIC_HANDSHAKES_FULL, 1);
    jc_peer_idle(line->peer, jc_http_now(http));
}

static void count(const struct jc_listener *listener, int more) {
    if (listener->kind != JC_LISTENER_METRICS)
        jc_metrics_add(listener->http->metrics, listener->tls ? JC_METRIC_CONNECTIONS_TLS : JC_METRIC_CONNECTIONS_PLAIN,
                       more);
}

static void begin_line(struct jc_listener *listener, struct MHD_Connection *connection, void **context) {
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct jc_line *line = jc_calloc(1, sizeof *line);
    if (!line)
        return;
    *context = line;
    line->http = listener->http;
    count(listener, 1);
    line->peer = jc_peers_add(listener->peers, fd->connect_fd, jc_exchange_peer(connection), listener->tls, line,
                              jc_http_now(listener->http));
    if (!listener->tls)
        return;
    line->tls = (struct jc_tls_session){listener->tls, on_handshake, line};
    const union MHD_ConnectionInfo *session = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    jc_tls_accept((gnutls_session_t)session->tls_session, &line->tls);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what) {
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_line(cls, connection, context);
        return;
    }
    struct jc_line *line = *context;
    if (!line)
        return;
    jc_peer_remove(line->peer);
    count(cls, -1);
    jc_free(line);
    *context = NULL;
}

static struct jc_peer *peer_of(struct MHD_Connection *connection) {
    const struct jc_line *line = jc_line_of(connection);
    return line ? line->peer : NULL;
}

/* --- requests --------------------------------------------------------------------------------------------- */

/* libmicrohttpd shows a target, finds its '?', and takes the query apart until its NUL: it is made to find one at
 * once. What it shows lies in its buffer, which it goes on to write to. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection) {
    struct jc_line *line = jc_line_of(connection);
    char *mark = target ? strchr(target, '?') : NULL;
    (void)cls;
    if (line) {
        line->query = mark ? mark + 1 : NULL;
        line->hidden = mark ? mark[1] : '\0';
    }
    if (mark)
        mark[1] = '\0';
    return NULL;
}

/* The query is over by now, the path is next. */
static size_t on_path(void *cls, struct MHD_Connection *connection, char *path) {
    struct jc_line *line = jc_line_of(connection);
    (void)cls;
    if (line && line->query)
        *line->query = line->hidden;
    return jc_target_decode_path(path);
}

/* libmicrohttpd builds the head of an answer in what the head of the request has left of the connection's memory,
 * and closes without a word where that does not do. */
static bool leaves_room(const struct jc_listener *listener, struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *head = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    int headers = MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL);
    size_t used = (head ? head->header_size : 0) + (size_t)headers * HEADER_RECORD + ANSWER_HEAD;
    return used <= listener->http->config.connection_memory;
}

static struct jc_exchange *begin(struct jc_listener *listener, struct MHD_Connection *connection, const char *target,
                                 const char *method, const char *version) {
    const char *url = jc_target_path(target);
    const struct jc_line *line = jc_line_of(connection);
    struct jc_http *http = listener->http;
    bool aside = listener->kind == JC_LISTENER_METRICS;
    if (!leaves_room(listener, connection)) {
        jc_refusal_send(connection, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE);
        return NULL;
    }
    if (http->blob_pool && !aside && jc_tus_is_path(jc_str(url)) &&
        !jc_exchange_is_preflight(connection, &http->config.cors, method))
        return jc_transfer_begin(http, connection, peer_of(connection), url, method, version);
    return jc_request_begin(http, connection, peer_of(connection), aside, url, line ? line->query : NULL, method,
                            version);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload_data, size_t *upload_data_size,
                                  void **con_cls) {
    struct jc_exchange *exchange = *con_cls;
    struct jc_listener *listener = cls;
    if (!exchange) {
        exchange = begin(listener, connection, url, method, version);
        *con_cls = exchange;
        if (!exchange)
            return MHD_NO;
        return exchange->hopeless ? exchange->step(exchange) : MHD_YES;
    }
    if (*upload_data_size) {
        bool goes_on = exchange->take(exchange, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return exchange->step(exchange);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode why) {
    struct jc_exchange *exchange = *con_cls;
    (void)cls, (void)connection;
    if (exchange)
        exchange->end(exchange, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *con_cls = NULL;
}

static void on_trouble(void *cls, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_trouble(void *cls, const char *format, va_list args) {
    char text[512];
    (void)cls;
    int len = vsnprintf(text, sizeof text, format, args);
    if (len > 0 && text[strlen(text) - 1] == '\n')
        text[strlen(text) - 1] = '\0';
    jc_log(JC_LOG_WARN, "http", JC_LOG_STR("detail", jc_str(text)));
}

/* --- the socket ------------------------------------------------------------------------------------------- */

static enum jc_code fail_listen(const char *address, int port, int number, struct jc_err *err) {
    char text[128];
    snprintf(text, sizeof text, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, port);
    return jc_fail(err, JC_UNAVAILABLE, JC_MSG_LISTEN_FAILED, jc_str(text), jc_str(strerror(number)));
}

/* A bound, listening, non-blocking socket. */
static enum jc_code listen_on(const char *address, int port, int *out, struct jc_err *err) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[JC_NUMBER_TEXT];
    jc_str_from_int64(port, service);
    if (port < 0 || port > 65535 || getaddrinfo(address, service, &hints, &found) != 0)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_LISTEN_INVALID, jc_str(address));
    int yes = 1, fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int number = errno;
    freeaddrinfo(found);
    if (!good) {
        if (fd >= 0)
            close(fd);
        return fail_listen(address, port, number, err);
    }
    *out = fd;
    return JC_OK;
}

static int port_of(int fd) {
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, NULL, 0, port, sizeof port, NI_NUMERICSERV) != 0)
        return 0;
    int64_t number = 0;
    return jc_str_to_int64(jc_str(port), &number) ? (int)number : 0;
}

/* --- life --------------------------------------------------------------------------------------------------- */

static enum jc_code start_daemon(struct jc_listener *listener, int fd, struct jc_err *err) {
    const struct jc_server_config *config = &listener->http->config;
    bool tls = listener->tls;
    unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     (tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD);
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, config->connections_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)config->connection_memory, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 0, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)on_path, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, NULL},
        {tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0, (void *)JC_TLS_PRIORITIES},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)jc_tls_certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    listener->daemon =
        MHD_start_daemon(flags, 0, on_accept, listener, on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_trouble,
                         NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
                         on_connection, listener, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (listener->daemon)
        return JC_OK;
    (void)jc_fail(err, JC_UNAVAILABLE, JC_MSG_SERVER_FAILED);
    return jc_err_detail(err, "MHD_start_daemon: %s", strerror(errno));
}

enum jc_code jc_listener_open(struct jc_listener *listener, const char *address, int port, struct jc_err *err) {
    const struct jc_server_config *config = &listener->http->config;
    int fd = -1;
    enum jc_code code = listen_on(address, port, &fd, err);
    if (code)
        return code;
    listener->port = port_of(fd);
    listener->peers = jc_peers_new(config->per_address_max, config->idle_timeout_s * 1000 + HEAD_PATIENCE_MS);
    code = listener->peers ? start_daemon(listener, fd, err) : jc_fail_memory(err);
    if (code)
        close(fd);
    return code;
}

void jc_listener_quiesce(struct jc_listener *listener) {
    int fd = listener->daemon ? MHD_quiesce_daemon(listener->daemon) : -1;
    if (fd >= 0)
        close(fd);
}

void jc_listener_close(struct jc_listener *listener) {
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    jc_peers_free(listener->peers);
    listener->daemon = NULL;
    listener->peers = NULL;
}
