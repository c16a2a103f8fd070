/* Working on a request: decode, run by the kind of its procedure, encode. Inside http alone. */
#ifndef JC_HTTP_RUN_H
#define JC_HTTP_RUN_H

#include "http/request.h"

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
