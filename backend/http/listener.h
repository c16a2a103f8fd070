/* One listening socket and the libmicrohttpd daemon behind it. Inside http alone.
 *
 *   PLAIN    epoll
 *   TLS      poll: the epoll daemon of libmicrohttpd 0.9.75 spins while a handshake waits for its client
 *   METRICS  epoll; /metrics and /healthz alone */
#ifndef JC_HTTP_LISTENER_H
#define JC_HTTP_LISTENER_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/peers.h"
#include "http/tls.h"

enum jc_listener_kind { JC_LISTENER_PLAIN, JC_LISTENER_TLS, JC_LISTENER_METRICS };

struct jc_listener {
    struct jc_http *http;
    enum jc_listener_kind kind;
    struct MHD_Daemon *daemon; /* NULL: it is not open */
    struct jc_peers *peers;
    struct jc_tls *tls; /* of a TLS listener; the caller's */
    int port;
};

/* Listens and serves when it returns. JC_INVALID_ARGUMENT for an address that is none, JC_UNAVAILABLE if it
 * cannot be listened on. On failure jc_listener_close is still due. */
enum jc_code jc_listener_open(struct jc_listener *listener, const char *address, int port, struct jc_err *err);
/* No new connections. A listener that is not open is fine, here and below. */
void jc_listener_quiesce(struct jc_listener *listener);
/* Ends all connections; none may be suspended. */
void jc_listener_close(struct jc_listener *listener);

#endif
