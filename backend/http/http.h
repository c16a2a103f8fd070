/* What all requests of a server share. Inside http alone. */
#ifndef JC_HTTP_HTTP_H
#define JC_HTTP_HTTP_H

#include <pthread.h>
#include <stdatomic.h>

#include "http/admit.h"
#include "http/config.h"
#include "http/limit.h"
#include "http/metrics.h"
#include "http/pool.h"
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

#endif
