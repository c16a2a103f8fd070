/* Which web pages may call the server from a browser (the Fetch standard, "CORS protocol").
 *
 * Origins are listed one by one and compared letter by letter; there is no "*". Credentials are never
 * allowed: who calls says so with a token in Authorization, not with a cookie. */
#ifndef JC_HTTP_CORS_H
#define JC_HTTP_CORS_H

#include "base/arena.h"
#include "base/err.h"

struct jc_cors {
    const struct jc_str *origins; /* the caller's; as jc_cors_origin() returned them */
    size_t count;                 /* 0: no page of another origin may call */
};

/* "https://plan.example.cn:8443" as browsers send it: lower case, without the port a scheme has
 * anyway, in the arena. JC_INVALID_ARGUMENT for what is no origin ("*", "null", a path behind it). */
enum jc_code jc_cors_origin(struct jc_str url, struct jc_arena *arena, struct jc_str *out, struct jc_err *err);

bool jc_cors_allows(const struct jc_cors *cors, struct jc_str origin);

struct jc_cors_header {
    const char *name, *value;
};
enum { JC_CORS_HEADERS = 6 };

/* The headers of an answer to a page of this origin (NUL behind it, kept by the caller; empty: no page), ended by a
 * NULL name: none if no origin is listed, Vary alone for one that is not; those of a preflight answer its question. */
void jc_cors_headers(const struct jc_cors *cors, struct jc_str origin, bool preflight,
                     struct jc_cors_header out[JC_CORS_HEADERS]);

#endif
