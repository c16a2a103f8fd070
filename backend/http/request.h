/* One request from its first byte to its last, as the event thread sees it (its states: http/run.h). Inside http
 * alone. */
#ifndef JC_HTTP_REQUEST_H
#define JC_HTTP_REQUEST_H

#include "http/exchange.h"
#include "http/http.h"
#include "http/peers.h"

/* A call begins. `aside`: the listener is for metrics and health alone. NULL without memory. */
struct jc_exchange *jc_request_begin(struct jc_http *http, struct MHD_Connection *connection, struct jc_peer *peer,
                                     bool aside, const char *url, const char *query, const char *method,
                                     const char *version);

#endif
