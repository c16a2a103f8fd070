/* The Connect protocol, unary (connectrpc.com/docs/protocol), without sockets: what a request's
 * headers ask for, and what an error looks like on the wire. */
#ifndef JC_HTTP_CONNECT_H
#define JC_HTTP_CONNECT_H

#include "base/arena.h"
#include "base/err.h"
#include "rpc/procedure.h"

/* The query of a GET; absent parameters have ptr NULL, values are percent-decoded. */
struct jc_connect_query {
    struct jc_str connect, encoding, message, base64, compression;
    struct jc_str twice; /* the name of one that occurs more than once */
};
/* Keeps a parameter; names the protocol does not know are passed over. The value stays the caller's. */
void jc_connect_query_add(struct jc_connect_query *query, struct jc_str name, struct jc_str value);

/* What of a head decides where the request ends and whom it is for. */
struct jc_connect_framing {
    bool old;                                       /* HTTP/1.0 */
    int content_lengths, transfer_encodings, hosts; /* how many such headers there are */
    bool broken_names; /* a header's name is empty or holds a blank, or there is something that was read as no header:
                          it may hide a name from us */
    struct jc_str transfer_encoding;
    const char *repeated; /* a header that says one thing and came twice; NULL: none */
};
/* Refuses a head that somebody else on the way might read in another way (RFC 9112, sections 3.2, 5.1 and 6.1):
 * behind it the connection cannot be trusted. */
enum jc_code jc_connect_check_framing(const struct jc_connect_framing *framing, struct jc_err *err);

/* What a request says before its body; absent headers have ptr NULL. */
struct jc_connect_head {
    struct jc_str method, path;
    struct jc_str content_type, content_encoding;
    struct jc_str accept_encoding, accept_language;
    struct jc_str authorization;
    struct jc_str protocol_version, timeout;
    struct jc_str content_length;
    struct jc_connect_query query; /* of GET and HEAD */
};

enum jc_codec { JC_CODEC_PROTO, JC_CODEC_JSON };

struct jc_connect {
    const struct jc_procedure *procedure;
    struct jc_str token;   /* of `Authorization: Bearer`, a view of the header; empty: none */
    enum jc_lang lang;     /* of the message of an error */
    int64_t timeout_ms;    /* -1: none */
    enum jc_codec codec;   /* of the request's message and of the answer's */
    bool get;              /* the message stands in the query, not in the body */
    struct jc_str message; /* of a GET, as it stands there; a view of the query */
    bool base64;           /* of a GET: the message is in base64 */
    bool gzip_in;          /* the message is compressed */
    bool gzip_out;         /* the answer may be */
    int status;            /* of a refusal that has one of its own (404, 405, 415); else 0 */
};

/* Reads the head of a request. On a refusal `out` is filled as far as an answer needs it. */
enum jc_code jc_connect_begin(const struct jc_connect_head *head, struct jc_connect *out, struct jc_err *err);

/* The HTTP status of a code. */
int jc_connect_status(enum jc_code code);
/* Of an answer with a message. */
const char *jc_connect_media_type(enum jc_codec codec);
/* What may be asked of a path: "GET, HEAD, POST" of a procedure that only reads, else "POST". */
const char *jc_connect_verbs(const struct jc_procedure *procedure);
/* {"code":…,"message":…,"details":[…]} with the message in `lang`. The details: both languages as a
 * jiancha.v1.ErrorDetail; a FieldViolation if a field of the request is wrong; a RetryInfo unless
 * retry_ms is 0. The arena's, with ptr NULL without memory. */
struct jc_str jc_connect_error(const struct jc_err *err, enum jc_lang lang, int retry_ms, struct jc_arena *arena);

/* --- parts, for tests ------------------------------------------------------------------------------ */

/* The token of "Bearer <token>"; any other scheme is no token. A view of the header. */
struct jc_str jc_connect_bearer(struct jc_str authorization);
/* The language a person prefers; Chinese unless English is asked for first. */
enum jc_lang jc_connect_language(struct jc_str accept_language);
bool jc_connect_accepts_gzip(struct jc_str accept_encoding);
/* Connect-Timeout-Ms: at most ten digits. */
bool jc_connect_timeout(struct jc_str text, int64_t *out_ms);

#endif
