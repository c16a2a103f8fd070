/* What a connection carries with it from its first byte to its last. Inside http alone; its event thread's. */
#ifndef JC_HTTP_LINE_H
#define JC_HTTP_LINE_H

#include <microhttpd.h>

#include "http/http.h"
#include "http/peers.h"
#include "http/tls.h"

struct jc_line {
    struct jc_http *http;
    struct jc_peer *peer; /* as others see it; NULL: not counted */
    struct jc_tls_session tls;
    char *query; /* of the request at hand, as it came; NULL: none */
    char hidden; /* its first byte, while a NUL stands there */
};

/* NULL if the connection began without memory. */
static inline struct jc_line *jc_line_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

#endif
