/* One request from its first byte to its last, as the event thread sees it. Inside http alone.
 *
 *   READING    the body arrives            the event thread owns everything
 *   RUNNING    suspended; a pool or the    they own everything, the arena above all; the event thread
 *              writer works on it          does not touch it until it is resumed
 *   ANSWERED   resumed; sent and logged    the event thread again
 */
#ifndef JC_HTTP_REQUEST_H
#define JC_HTTP_REQUEST_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/admit.h"
#include "http/connect.h"
#include "http/exchange.h"
#include "http/limit.h"
#include "http/metrics.h"
#include "http/peers.h"
#include "http/pool.h"
#include "http/server.h"
#include "http/traffic.h"
#include "http/tus.h"

struct jc_receipt_batch;
struct jc_request;
struct jc_sealer;

enum { JC_HTTP_SPARE_ARENAS = 64, JC_HTTP_TRANSFERS_MAX = 256 };

/* Requests whose jobs are durable and whose commit's other answers are still being collected. */
struct jc_batch {
    struct jc_request *first, **last;
    int count;
    struct jc_receipt_batch *receipts; /* NULL: none has joined yet */
};

/* What all requests of a server share. */
struct jc_http {
    struct jc_server_config config; /* defaults filled in */
    struct jc_pool *pool;           /* reads, large bodies */
    struct jc_pool *passwords;      /* Argon2id: one thread, 64 MiB at a time */
    struct jc_pool *blob_pool;      /* files of blobs; NULL: none are taken */
    struct jc_tus_desk desk;        /* of uploads */
    _Atomic int transfers;          /* of blobs, under way */
    struct jc_sealer *sealer;
    struct jc_batch batch; /* the writer's thread's */
    struct jc_metrics *metrics;
    struct jc_admit *admit;
    struct jc_limit *limit; /* guesses of passwords and codes */
    struct jc_traffic traffic;
    pthread_mutex_t lock;                         /* of the rest */
    struct jc_arena *spare[JC_HTTP_SPARE_ARENAS]; /* of requests that are over, for the next ones */
    int spares;
};

/* Monotonic milliseconds by the server's clock. */
static inline int64_t jc_http_now(const struct jc_http *http) {
    return jc_clock_now_ms(&http->config.ticks);
}

/* What is asked for. */
enum jc_route { JC_ROUTE_PROCEDURE, JC_ROUTE_HEALTH, JC_ROUTE_METRICS, JC_ROUTE_PREFLIGHT };

enum jc_request_state { JC_REQUEST_READING, JC_REQUEST_RUNNING, JC_REQUEST_ANSWERED };

struct jc_request {
    struct jc_exchange exchange; /* first */
    struct jc_http *http;
    struct MHD_Connection *connection;
    struct jc_peer *peer;   /* the connection as others see it; NULL: not counted */
    struct jc_arena *arena; /* holds this struct as well */
    uint64_t id;
    int64_t started_ms;  /* monotonic */
    int64_t deadline_ms; /* monotonic; -1: none */
    struct jc_str method, path;
    const char *query; /* as it came; NULL: none */
    struct jc_connect connect;
    enum jc_route route;
    bool whole; /* arrived */
    bool guess; /* took a token of the limit */
    bool cut;   /* the answer is followed by the end of the connection */
    bool small; /* decoded on the event thread */
    struct jc_ticket ticket;
    struct jc_buf body;
    uint64_t received; /* bytes of the body on the wire */
    struct jc_call call;
    _Atomic int state; /* enum jc_request_state */
    struct jc_err err; /* err.code is the outcome */
    int status;        /* of the answer; 0 while there is none */
    struct jc_str answer;
    bool answer_gzip;
    struct jc_pool_task task;
    struct jc_request *next;           /* of its batch */
    struct jc_request *followers;      /* of its batch and daemon, not resumed yet: its own thread does that */
    struct jc_receipt_batch *receipts; /* that its receipt has joined; held */
};

/* A call begins. `aside`: the listener is for metrics and health alone. NULL without memory. */
struct jc_exchange *jc_request_begin(struct jc_http *http, struct MHD_Connection *connection, struct jc_peer *peer,
                                     bool aside, const char *url, const char *query, const char *method,
                                     const char *version);

/* What the server is busy with now, and what it has counted (server.c). */
void jc_server_metrics(struct jc_http *http, struct jc_buf *out);

#endif
