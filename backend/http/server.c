/* The parts put together: listeners, pools, limits, upkeep.
 *
 * Stopping goes in one order, because libmicrohttpd aborts the program when it is stopped with a
 * suspended connection: no new connections; new requests are refused; those running are finished and
 * resumed; their answers are sent; only then the daemons stop, and after them the pools. */
#include "http/server.h"

#include <errno.h>
#include <malloc.h>
#include <sys/resource.h>

#include "http/chores.h"
#include "http/listener.h"
#include "http/run.h"
#include "http/upkeep.h"
#include "sync/seal.h"
#include "sync/sealer.h"

enum {
    BODY_MAX = 4 << 20,
    CONNECTIONS_MAX = 4096,
    SPARE_FDS = 64, /* database, log, listening, the rest of the program */
    IDLE_TIMEOUT_S = 60,
    REQUEST_TIMEOUT_MS = 60000,
    READERS = 2,
    QUEUE_MAX = 1024,
    WRITES_MAX = 2048,
    BYTES_MAX = 256 << 20,
    PASSWORD_QUEUE_MAX = 64,
    BLOB_THREADS = 2,
    BLOB_MAX = 64 << 20,
    CONNECTION_MEMORY = 4096,
    SWEEP_MS = 1000, /* for slow peers */
    FORGET_MS = 10000,
    TRIM_MS = 5000, /* a server that had nothing to do gives memory back */
};

static const int64_t BLOB_DAILY = INT64_C(2) << 30;

struct jc_server {
    struct jc_http http;
    struct jc_listener plain, tls, metrics;
    struct jc_tls *certificate;
    struct jc_upkeep *upkeep;
    uint64_t requests_seen; /* by the last trim */
    bool trimmed;
    struct jc_chores chores;
};

/* --- starting ------------------------------------------------------------------------------------------ */

static int64_t system_ticks(void *ctx) {
    (void)ctx;
    return jc_monotonic_ms();
}

static int or_else(int given, int otherwise) {
    return given ? given : otherwise;
}

/* Each listener may have as many connections, so descriptors must do for all of them. */
static void fit_descriptors(struct jc_server_config *config) {
    struct rlimit files = {0};
    rlim_t listeners = config->tls_address ? 2 : 1;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur <= 2 * SPARE_FDS)
        return;
    rlim_t most = (files.rlim_cur - SPARE_FDS) / listeners;
    if (most < (rlim_t)config->connections_max)
        config->connections_max = (int)most;
}

static void fill_defaults(struct jc_server_config *config) {
    if (!config->address)
        config->address = "127.0.0.1";
    if (!config->ticks.now_ms)
        config->ticks = (struct jc_clock){system_ticks, NULL};
    config->body_max = config->body_max ? config->body_max : (size_t)BODY_MAX;
    config->bytes_max = config->bytes_max ? config->bytes_max : (size_t)BYTES_MAX;
    config->connection_memory = config->connection_memory ? config->connection_memory : (size_t)CONNECTION_MEMORY;
    config->connections_max = or_else(config->connections_max, CONNECTIONS_MAX);
    config->idle_timeout_s = or_else(config->idle_timeout_s, IDLE_TIMEOUT_S);
    config->request_timeout_ms = or_else(config->request_timeout_ms, REQUEST_TIMEOUT_MS);
    config->readers = or_else(config->readers, READERS);
    config->queue_max = or_else(config->queue_max, QUEUE_MAX);
    config->writes_max = or_else(config->writes_max, WRITES_MAX);
    fit_descriptors(config);
    config->per_address_max = or_else(config->per_address_max, (config->connections_max + 1) / 2);
}

static void release_spares(struct jc_http *http) {
    pthread_mutex_lock(&http->lock);
    while (http->spares > 0)
        jc_arena_free(http->spare[--http->spares]);
    pthread_mutex_unlock(&http->lock);
}

static void release(struct jc_server *server) {
    struct jc_http *http = &server->http;
    jc_upkeep_free(server->upkeep);
    jc_listener_close(&server->plain);
    jc_listener_close(&server->tls);
    jc_listener_close(&server->metrics);
    jc_db_on_batch_end(http->config.db, NULL, NULL);
    jc_pool_free(http->pool);
    jc_pool_free(http->passwords);
    jc_pool_free(http->blob_pool);
    jc_holds_free(http->desk.holds);
    jc_limit_free(http->limit);
    jc_admit_free(http->admit);
    jc_sealer_free(http->sealer);
    jc_metrics_free(http->metrics);
    jc_tls_free(server->certificate);
    release_spares(http);
    pthread_mutex_destroy(&http->lock);
    jc_traffic_destroy(&http->traffic);
    jc_free(server);
}

/* Everything that needs no thread and no socket. */
static enum jc_code fill(struct jc_server *server, struct jc_err *err) {
    struct jc_http *http = &server->http;
    const struct jc_server_config *config = &http->config;
    http->batch.last = &http->batch.first;
    http->limit = jc_limit_new(JC_LIMIT_BURST, JC_LIMIT_REFILL_MS);
    http->admit = jc_admit_new(config->bytes_max, config->writes_max);
    http->sealer = jc_sealer_new(config->verify_every ? 0 : JC_SEAL_WAIT_MS);
    http->metrics = jc_metrics_new();
    server->plain = (struct jc_listener){.http = http, .kind = JC_LISTENER_PLAIN};
    server->tls = (struct jc_listener){.http = http, .kind = JC_LISTENER_TLS};
    server->metrics = (struct jc_listener){.http = http, .kind = JC_LISTENER_METRICS};
    if (!http->limit || !http->admit || !http->sealer || !http->metrics)
        return jc_fail_memory(err);
    jc_metrics_set(http->metrics, JC_METRIC_START_US, jc_clock_now_ms(&config->clock) * 1000);
    return config->tls_address ? jc_tls_new(config->tls_cert, config->tls_key, &server->certificate, err) : JC_OK;
}

static enum jc_code open_listeners(struct jc_server *server, struct jc_err *err) {
    const struct jc_server_config *config = &server->http.config;
    server->tls.tls = server->certificate;
    enum jc_code code = jc_listener_open(&server->plain, config->address, config->port, err);
    if (!code && config->tls_address)
        code = jc_listener_open(&server->tls, config->tls_address, config->tls_port, err);
    if (!code && config->metrics_address)
        code = jc_listener_open(&server->metrics, config->metrics_address, config->metrics_port, err);
    return code;
}

static enum jc_code open_desk(struct jc_http *http, struct jc_err *err) {
    const struct jc_server_config *config = &http->config;
    http->desk = (struct jc_tus_desk){
        .db = config->db,
        .folder = config->blobs,
        .holds = jc_holds_new(config->blobs),
        .blob_max_bytes = config->blob_max_bytes ? config->blob_max_bytes : BLOB_MAX,
        .daily_max_bytes = config->blob_daily_bytes ? config->blob_daily_bytes : BLOB_DAILY,
    };
    if (!http->desk.holds)
        return jc_fail_memory(err);
    return jc_pool_new(BLOB_THREADS, JC_HTTP_TRANSFERS_MAX, &http->blob_pool, err);
}

static enum jc_code start_upkeep(struct jc_server *server, struct jc_err *err);

enum jc_code jc_server_start(const struct jc_server_config *config, struct jc_server **out, struct jc_err *err) {
    struct jc_server *server = jc_calloc(1, sizeof *server);
    if (!server)
        return jc_fail_memory(err);
    struct jc_http *http = &server->http;
    http->config = *config;
    fill_defaults(&http->config);
    pthread_mutex_init(&http->lock, NULL);
    jc_traffic_init(&http->traffic);
    server->chores = (struct jc_chores){.http = http};
    enum jc_code code = fill(server, err);
    if (!code)
        code = jc_pool_new(http->config.readers, http->config.queue_max, &http->pool, err);
    if (!code)
        code = jc_pool_new(1, PASSWORD_QUEUE_MAX, &http->passwords, err);
    if (!code && config->blobs)
        code = open_desk(http, err);
    jc_db_on_batch_end(http->config.db, jc_run_batch_end, http);
    if (!code)
        code = open_listeners(server, err);
    if (!code)
        code = start_upkeep(server, err);
    if (code) {
        release(server);
        return code;
    }
    *out = server;
    return JC_OK;
}

int jc_server_port(const struct jc_server *server) {
    return server->plain.port;
}

int jc_server_tls_port(const struct jc_server *server) {
    return server->tls.port;
}

int jc_server_metrics_port(const struct jc_server *server) {
    return server->metrics.port;
}

enum jc_code jc_server_reload_tls(struct jc_server *server, struct jc_err *err) {
    return server->certificate ? jc_tls_reload(server->certificate, jc_http_now(&server->http), err) : JC_OK;
}

/* --- from time to time ------------------------------------------------------------------------------------ */

static void cut_slow(void *ctx, int64_t now_ms) {
    struct jc_server *server = ctx;
    struct jc_peers *peers[] = {server->plain.peers, server->tls.peers, server->metrics.peers};
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++)
        if (peers[i])
            jc_metrics_add(server->http.metrics, JC_METRIC_CUT_SLOW, jc_peers_sweep(peers[i], now_ms));
}

static void forget_certificates(void *ctx, int64_t now_ms) {
    struct jc_server *server = ctx;
    if (server->certificate)
        jc_tls_forget(server->certificate, now_ms);
}

/* Once, when nothing has been asked for a whole period. */
static void trim_memory(void *ctx, int64_t now_ms) {
    struct jc_server *server = ctx;
    (void)now_ms;
    uint64_t requests = jc_traffic_begun(&server->http.traffic);
    bool quiet = requests == server->requests_seen;
    if (quiet && !server->trimmed) {
        release_spares(&server->http);
        malloc_trim(0);
    }
    server->trimmed = quiet;
    server->requests_seen = requests;
}

static enum jc_code start_upkeep(struct jc_server *server, struct jc_err *err) {
    const struct jc_server_config *config = &server->http.config;
    struct jc_upkeep_task tasks[3 + JC_CHORES] = {
        {"slow peers", SWEEP_MS, cut_slow, server},
        {"certificates", FORGET_MS, forget_certificates, server},
        {"memory", TRIM_MS, trim_memory, server},
    };
    jc_chores_list(&server->chores, tasks + 3);
    enum jc_code code = jc_upkeep_new(tasks, sizeof tasks / sizeof tasks[0], config->ticks, &server->upkeep, err);
    return code || config->upkeep_by_hand ? code : jc_upkeep_start(server->upkeep, err);
}

void jc_server_upkeep(struct jc_server *server) {
    (void)jc_upkeep_turn(server->upkeep);
}

/* --- stopping ------------------------------------------------------------------------------------------ */

void jc_server_stop(struct jc_server *server, int grace_ms) {
    if (!server)
        return;
    struct jc_http *http = &server->http;
    jc_traffic_drain(&http->traffic);
    jc_listener_quiesce(&server->plain);
    jc_listener_quiesce(&server->tls);
    jc_listener_quiesce(&server->metrics);
    jc_traffic_wait(&http->traffic, grace_ms);
    release(server);
}
