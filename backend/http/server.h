/* The HTTP server: procedures by the Connect protocol, and /healthz.
 *
 * One event thread (libmicrohttpd, epoll) reads and writes sockets; reads of the database and Argon2id
 * run on small pools, writes on the database's writer. A connection is suspended while its request is
 * being worked on. One line is logged for each request when it is over. */
#ifndef JC_HTTP_SERVER_H
#define JC_HTTP_SERVER_H

#include "base/clock.h"
#include "db/db.h"

struct jc_server;

struct jc_server_config {
    const char *address; /* numeric, IPv4 or IPv6; NULL: 127.0.0.1 */
    int port;            /* 0 picks a free one */
    struct jc_db *db;    /* stays the caller's; outlives the server */
    struct jc_clock clock;
    size_t body_max;        /* bytes of a request, compressed and not; 0: 4 MiB */
    int connections_max;    /* 0: 4096, less if there are fewer file descriptors */
    int idle_timeout_s;     /* a silent connection is closed after; 0: 60 */
    int request_timeout_ms; /* from the first to the last byte of a request; 0: 60,000 */
    int readers;            /* threads for reads; 0: 4 */
    int queue_max;          /* reads waiting before JC_RESOURCE_EXHAUSTED; 0: 1024 */
    /* Bytes kept for a connection as long as it lives: the head of a request must fit (else 431), a body
     * passes through in pieces. 0: 4096. */
    size_t connection_memory;
};

/* Listens and serves when it returns. JC_INVALID_ARGUMENT for an address that is none,
 * JC_UNAVAILABLE if it cannot be listened on. */
enum jc_code jc_server_start(const struct jc_server_config *config, struct jc_server **out, struct jc_err *err);
/* The port it listens on. */
int jc_server_port(const struct jc_server *server);

/* Stops: no new connections, new requests are answered with `unavailable`, those being worked on are
 * finished and sent, then everything is released. Waits at most `grace_ms` for slow clients, and as
 * long as it takes for the database. NULL is fine. */
void jc_server_stop(struct jc_server *server, int grace_ms);

#endif
