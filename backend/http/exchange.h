/* A request and its answer as libmicrohttpd's callbacks see them: the first member of every kind there is
 * (http/request.h: procedures; http/transfer.h: blobs). All three are called on the event thread. */
#ifndef JC_HTTP_EXCHANGE_H
#define JC_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "http/connect.h"
#include "http/cors.h"

struct jc_exchange {
    /* A piece of the body. False: cut the connection. */
    bool (*take)(struct jc_exchange *exchange, const char *bytes, size_t len);
    /* The body is complete, or the connection was resumed. */
    enum MHD_Result (*step)(struct jc_exchange *exchange);
    /* Over; `sent` if the answer went out whole. Logs and frees. */
    void (*end)(struct jc_exchange *exchange, bool sent);
    bool hopeless; /* can be answered without its body */
};

/* The value of a header of the request; ptr NULL if absent. */
struct jc_str jc_exchange_header(struct MHD_Connection *connection, const char *name);

/* Who is at the other end, as long as the connection is there; NULL if nobody knows. */
const struct sockaddr *jc_exchange_peer(struct MHD_Connection *connection);

/* What says whom the request is for and where its body ends, counted header by header: a lookup by name would not
 * tell how many there are. `method` and `version` are the request line's, where libmicrohttpd has them. */
struct jc_connect_framing jc_exchange_framing(struct MHD_Connection *connection, const char *method,
                                              const char *version);

/* What is logged of an exchange when it is over. */
struct jc_exchange_line {
    uint64_t id;
    const struct sockaddr *peer;
    struct jc_str method, path;
    int64_t started_ms; /* monotonic */
    int status;         /* of the answer; 0: none was sent */
    enum jc_code code;
    const char *detail; /* of a failure */
    int64_t bytes_in, bytes_out;
    bool sent; /* whole */
};
void jc_exchange_log(const struct jc_exchange_line *line, int64_t now_ms);

/* A browser asks whether a page of another origin may call: answered from the head alone, whatever the
 * path. False while no origin is configured. */
bool jc_exchange_is_preflight(struct MHD_Connection *connection, const struct jc_cors *cors, const char *method);
/* Adds to an answer (of a preflight, or of any other request) what a page of a configured origin needs to
 * see it, and Vary. Nothing while no origin is configured. */
void jc_exchange_allow(struct MHD_Connection *connection, const struct jc_cors *cors, bool preflight,
                       struct MHD_Response *response);

#endif
