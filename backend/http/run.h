/* Working on a request: decode, run by the kind of its procedure, encode. Inside http alone. A request is
 *
 *   READING    the body arrives            the event thread owns everything
 *   RUNNING    suspended; a pool or the    they own everything, the arena above all; the event thread
 *              writer works on it          does not touch it until it is resumed
 *   ANSWERED   resumed; sent and logged    the event thread again
 */
#ifndef JC_HTTP_RUN_H
#define JC_HTTP_RUN_H

#include <microhttpd.h>

#include "http/connect.h"
#include "http/exchange.h"
#include "http/http.h"
#include "http/peers.h"

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
    bool known; /* its token was good lately */
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

/* Suspends the connection and hands the request to the threads that will work on it. When they are
 * done request->err and request->answer are set and the connection is resumed; if it could not even
 * be handed on, that happens at once. False, with request->err set and nothing suspended, if the server
 * is draining. */
bool jc_run_start(struct jc_request *request);

/* Resumes what follows a request that has come back: by its connection's thread, before anything else. */
void jc_run_follow(struct jc_request *request);

/* The answer of a procedure that succeeded: request->answer, or request->err. */
void jc_run_encode(struct jc_request *request);

/* The database's batch_end, with the struct jc_http: the requests of a commit go on their ways. */
void jc_run_batch_end(void *ctx);

#endif
