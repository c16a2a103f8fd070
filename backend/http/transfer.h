/* Requests for /blobs on their way between libmicrohttpd and http/tus.h: pieces of a body go to the disk as they
 * come, on threads of their own, so that no photo holds up a record. */
#ifndef JC_HTTP_TRANSFER_H
#define JC_HTTP_TRANSFER_H

#include "http/exchange.h"
#include "http/http.h"
#include "http/peers.h"

/* A request for a blob begins; NULL without memory, or when as many as there may be are under way. */
struct jc_exchange *jc_transfer_begin(struct jc_http *http, struct MHD_Connection *connection, struct jc_peer *peer,
                                      const char *url, const char *method, const char *version);

#endif
