/* How a server is to run; what is 0 or NULL has a default. */
#ifndef JC_HTTP_CONFIG_H
#define JC_HTTP_CONFIG_H

#include "base/clock.h"
#include "db/db.h"
#include "http/cors.h"

struct jc_blob_folder;

struct jc_server_config {
    const char *address; /* numeric, IPv4 or IPv6; NULL: 127.0.0.1 */
    int port;            /* 0 picks a free one */
    /* A second listener with TLS; NULL: none. Certificate chain and key are PEM files. */
    const char *tls_address;
    int tls_port;
    const char *tls_cert, *tls_key;
    /* A listener for /metrics and /healthz alone; NULL: /metrics is answered to callers on this machine. */
    const char *metrics_address;
    int metrics_port;
    struct jc_db *db;             /* stays the caller's; outlives the server */
    struct jc_blob_folder *blobs; /* as well; NULL: no photos are taken */
    int64_t blob_max_bytes;       /* of one; 0: 64 MiB */
    int64_t blob_daily_bytes;     /* that a terminal may begin to send in 24 h; 0: 2 GiB */
    struct jc_clock clock;
    struct jc_clock ticks;  /* monotonic, for durations; now_ms NULL: the system's */
    size_t body_max;        /* bytes of a request, compressed and not; 0: 4 MiB */
    int connections_max;    /* of a listener; 0: 4096, less if there are fewer file descriptors */
    int per_address_max;    /* connections of one address; 0: half of those */
    int idle_timeout_s;     /* a silent connection is closed after; 0: 60 */
    int request_timeout_ms; /* from the first to the last byte of a request; 0: 60,000 */
    int readers;            /* threads for reads; 0: 2 */
    int queue_max;          /* reads waiting before JC_RESOURCE_EXHAUSTED; 0: 1024 */
    int writes_max;         /* writes in hand before JC_RESOURCE_EXHAUSTED; 0: 2048 */
    size_t bytes_max;       /* of bodies in hand before JC_RESOURCE_EXHAUSTED; 0: 256 MiB */
    /* Bytes kept for a connection as long as it lives: the head of a request must fit (else 431), a body
     * passes through in pieces. 0: 4096. */
    size_t connection_memory;
    bool verify_every;   /* every seal before its answer (sync/seal.h) */
    bool upkeep_by_hand; /* no thread for it: jc_server_upkeep (tests) */
    struct jc_cors cors; /* origins whose pages may call; they outlive the server */
};

#endif
