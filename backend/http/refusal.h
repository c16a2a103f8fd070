/* What libmicrohttpd refuses by itself, in our words: a head or a chunk that is no HTTP, a head larger than the
 * memory of its connection, a length that is no number. Inside http alone.
 *
 * libmicrohttpd has an English page for each and no hook to change it; behind a complete head 0.9.75 sends it with
 * two heads, and for lack of memory it may send nothing and keep the connection. It queues its pages by its own
 * public MHD_queue_response, through the table that lets a program put another function in a library's place. This
 * module does: whatever calls MHD_queue_response refuses the request. Answers of ours take jc_refusal_pass. */
#ifndef JC_HTTP_REFUSAL_H
#define JC_HTTP_REFUSAL_H

#include <microhttpd.h>

/* Queues an answer that is no refusal: libmicrohttpd's own MHD_queue_response. */
enum MHD_Result jc_refusal_pass(struct MHD_Connection *connection, int status, struct MHD_Response *response);

/* Says what `status` (400, 413, 414, 431, 500, 505) means in our words, at once and past libmicrohttpd, logs it and
 * ends the connection. Only for a request without an answer; the caller returns MHD_NO. */
void jc_refusal_send(struct MHD_Connection *connection, int status);

#endif
