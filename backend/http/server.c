/* The daemon and its socket. libmicrohttpd's event thread is the only one that touches connections;
 * the rest of this folder hands requests to other threads and back by suspending and resuming.
 *
 * Stopping goes in one order, because libmicrohttpd aborts the program when it is stopped with a
 * suspended connection: no new connections; new requests are refused; those running are finished and
 * resumed; their answers are sent; only then the daemon stops, and after it the pools. */
#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "http/run.h"
#include "sync/sealer.h"

enum {
    BODY_MAX = 4 << 20,
    CONNECTIONS_MAX = 4096,
    SPARE_FDS = 64, /* database, log, listening, the rest of the program */
    IDLE_TIMEOUT_S = 60,
    REQUEST_TIMEOUT_MS = 60000,
    READERS = 4,
    QUEUE_MAX = 1024,
    PASSWORD_QUEUE_MAX = 64,
    BACKLOG = 511,
    CONNECTION_MEMORY = 4096,
};

struct jc_server {
    struct jc_http http;
    struct MHD_Daemon *daemon;
    int port;
};

/* --- libmicrohttpd's callbacks ------------------------------------------------------------------------ */

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload_data, size_t *upload_data_size,
                                  void **con_cls) {
    struct jc_exchange *exchange = *con_cls;
    (void)version;
    if (!exchange) {
        exchange = jc_request_begin(cls, connection, url, method);
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

/* --- starting ------------------------------------------------------------------------------------------ */

static enum jc_code fail_listen(const struct jc_server_config *config, int number, struct jc_err *err) {
    char text[128];
    snprintf(text, sizeof text, strchr(config->address, ':') ? "[%s]:%d" : "%s:%d", config->address, config->port);
    return jc_fail(err, JC_UNAVAILABLE, JC_MSG_LISTEN_FAILED, jc_str(text), jc_str(strerror(number)));
}

/* A bound, listening, non-blocking socket. */
static enum jc_code listen_on(const struct jc_server_config *config, int *out, struct jc_err *err) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char port[JC_NUMBER_TEXT];
    jc_str_from_int64(config->port, port);
    if (config->port < 0 || config->port > 65535 || getaddrinfo(config->address, port, &hints, &found) != 0)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_LISTEN_INVALID, jc_str(config->address));
    int yes = 1, fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
    int number = errno;
    freeaddrinfo(found);
    if (!good) {
        if (fd >= 0)
            close(fd);
        return fail_listen(config, number, err);
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

static void fill_defaults(struct jc_server_config *config) {
    struct rlimit files = {0};
    if (!config->address)
        config->address = "127.0.0.1";
    config->body_max = config->body_max ? config->body_max : (size_t)BODY_MAX;
    config->connections_max = config->connections_max ? config->connections_max : CONNECTIONS_MAX;
    config->idle_timeout_s = config->idle_timeout_s ? config->idle_timeout_s : IDLE_TIMEOUT_S;
    config->request_timeout_ms = config->request_timeout_ms ? config->request_timeout_ms : REQUEST_TIMEOUT_MS;
    config->readers = config->readers ? config->readers : READERS;
    config->queue_max = config->queue_max ? config->queue_max : QUEUE_MAX;
    config->connection_memory = config->connection_memory ? config->connection_memory : (size_t)CONNECTION_MEMORY;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > 2 * SPARE_FDS &&
        files.rlim_cur - SPARE_FDS < (rlim_t)config->connections_max)
        config->connections_max = (int)(files.rlim_cur - SPARE_FDS);
}

static enum jc_code start_daemon(struct jc_server *server, struct jc_err *err) {
    const struct jc_server_config *config = &server->http.config;
    int fd = -1;
    enum jc_code code = listen_on(config, &fd, err);
    if (code)
        return code;
    server->port = port_of(fd);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        on_request, &server->http, MHD_OPTION_EXTERNAL_LOGGER, on_trouble, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)config->connections_max,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        config->connection_memory, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (server->daemon)
        return JC_OK;
    close(fd);
    (void)jc_fail(err, JC_UNAVAILABLE, JC_MSG_SERVER_FAILED);
    return jc_err_detail(err, "MHD_start_daemon: %s", strerror(errno));
}

static void release(struct jc_server *server) {
    struct jc_http *http = &server->http;
    jc_db_on_batch_end(http->config.db, NULL, NULL);
    jc_pool_free(http->pool);
    jc_pool_free(http->passwords);
    jc_limit_free(http->limit);
    jc_sealer_free(http->sealer);
    while (http->spares > 0)
        jc_arena_free(http->spare[--http->spares]);
    pthread_mutex_destroy(&http->lock);
    jc_traffic_destroy(&http->traffic);
    jc_free(server);
}

enum jc_code jc_server_start(const struct jc_server_config *config, struct jc_server **out, struct jc_err *err) {
    struct jc_server *server = jc_calloc(1, sizeof *server);
    if (!server)
        return jc_fail_memory(err);
    struct jc_http *http = &server->http;
    http->config = *config;
    fill_defaults(&http->config);
    pthread_mutex_init(&http->lock, NULL);
    jc_traffic_init(&http->traffic);
    http->batch.last = &http->batch.first;
    http->limit = jc_limit_new();
    http->sealer = jc_sealer_new();
    enum jc_code code = http->limit && http->sealer ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_pool_new(http->config.readers, http->config.queue_max, &http->pool, err);
    if (!code)
        code = jc_pool_new(1, PASSWORD_QUEUE_MAX, &http->passwords, err);
    jc_db_on_batch_end(http->config.db, jc_run_batch_end, http);
    if (!code)
        code = start_daemon(server, err);
    if (code) {
        release(server);
        return code;
    }
    *out = server;
    return JC_OK;
}

int jc_server_port(const struct jc_server *server) {
    return server->port;
}

/* --- stopping ------------------------------------------------------------------------------------------ */

void jc_server_stop(struct jc_server *server, int grace_ms) {
    if (!server)
        return;
    struct jc_http *http = &server->http;
    jc_traffic_drain(&http->traffic);
    int fd = MHD_quiesce_daemon(server->daemon);
    if (fd >= 0)
        close(fd);
    jc_traffic_wait(&http->traffic, grace_ms);
    MHD_stop_daemon(server->daemon);
    release(server);
}
