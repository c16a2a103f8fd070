/* The HTTP server: procedures by the Connect protocol, /healthz and /metrics.
 *
 * One event thread a listener (libmicrohttpd) reads and writes sockets; reads of the database and Argon2id
 * run on small pools, writes on the database's writer. A connection is suspended while its request is
 * being worked on. One line is logged for each request when it is over. */
#ifndef JC_HTTP_SERVER_H
#define JC_HTTP_SERVER_H

#include "http/config.h"

struct jc_server;

/* Listens and serves when it returns. JC_INVALID_ARGUMENT for an address that is none,
 * JC_UNAVAILABLE if it cannot be listened on; failures of jc_tls_new. */
enum jc_code jc_server_start(const struct jc_server_config *config, struct jc_server **out, struct jc_err *err);
/* The ports it listens on; 0: no such listener. */
int jc_server_port(const struct jc_server *server);
int jc_server_tls_port(const struct jc_server *server);
int jc_server_metrics_port(const struct jc_server *server);

/* Reads certificate and key again, for connections from now on. On failure the ones before stay. */
enum jc_code jc_server_reload_tls(struct jc_server *server, struct jc_err *err);
/* With upkeep_by_hand: runs what is due by `ticks`, here and now. */
void jc_server_upkeep(struct jc_server *server);

/* Stops: no new connections, new requests are answered with `unavailable`, those being worked on are
 * finished and sent, then everything is released. Waits at most `grace_ms` for slow clients, and as
 * long as it takes for the database. NULL is fine. */
void jc_server_stop(struct jc_server *server, int grace_ms);

#endif
