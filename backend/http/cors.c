/* Every answer of a server that knows origins says Vary: Origin, so that a cache never gives one page's
 * permission to another. What must never happen: an origin is echoed that is not in the list. */
#include "http/cors.h"

#include <string.h>

#include "base/text.h"

enum { ORIGIN_MAX = 300 };

static bool is_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(struct jc_str host) {
    if (!host.len)
        return false;
    if (host.ptr[0] == '[') {
        for (size_t i = 1; i + 1 < host.len; i++)
            if (!memchr("0123456789abcdef:.", host.ptr[i], 18))
                return false;
        return host.len > 3 && host.ptr[host.len - 1] == ']';
    }
    for (size_t i = 0; i < host.len; i++)
        if (!is_host_character(host.ptr[i]))
            return false;
    return true;
}

/* The origin without the port its scheme has anyway; ptr NULL if it is none. */
static struct jc_str parse(struct jc_str url) {
    struct jc_str nothing = {NULL, 0}, rest;
    bool secure = jc_str_starts_with(url, JC_STR("https://"));
    if (!secure && !jc_str_starts_with(url, JC_STR("http://")))
        return nothing;
    size_t scheme = secure ? strlen("https://") : strlen("http://");
    rest = (struct jc_str){url.ptr + scheme, url.len - scheme};
    const char *bracket = rest.len ? memchr(rest.ptr, ']', rest.len) : NULL;
    size_t from = bracket ? (size_t)(bracket - rest.ptr) : 0;
    const char *colon = rest.len ? memchr(rest.ptr + from, ':', rest.len - from) : NULL;
    struct jc_str host = {rest.ptr, colon ? (size_t)(colon - rest.ptr) : rest.len};
    if (!is_host(host))
        return nothing;
    if (!colon)
        return url;
    struct jc_str digits = {colon + 1, rest.len - host.len - 1};
    int64_t port;
    if (!digits.len || digits.ptr[0] < '1' || digits.ptr[0] > '9' || !jc_str_to_int64(digits, &port) || port > 65535)
        return nothing;
    return port == (secure ? 443 : 80) ? (struct jc_str){url.ptr, scheme + host.len} : url;
}

enum jc_code jc_cors_origin(struct jc_str url, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    char lower[ORIGIN_MAX];
    struct jc_str origin = {NULL, 0};
    if (url.len <= sizeof lower) {
        for (size_t i = 0; i < url.len; i++)
            lower[i] = url.ptr[i] >= 'A' && url.ptr[i] <= 'Z' ? (char)(url.ptr[i] - 'A' + 'a') : url.ptr[i];
        origin = parse((struct jc_str){lower, url.len});
    }
    if (!origin.ptr)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_ORIGIN_INVALID, jc_text_cut(url, 100));
    *out = jc_arena_copy(arena, origin);
    return out->ptr ? JC_OK : jc_fail_memory(err);
}

bool jc_cors_allows(const struct jc_cors *cors, struct jc_str origin) {
    for (size_t i = 0; origin.len && i < cors->count; i++)
        if (jc_str_eq(cors->origins[i], origin))
            return true;
    return false;
}

void jc_cors_headers(const struct jc_cors *cors, struct jc_str origin, bool preflight,
                     struct jc_cors_header out[JC_CORS_HEADERS]) {
    static const struct jc_cors_header PREFLIGHT[] = {
        {"Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE"},
        {"Access-Control-Allow-Headers",
         "Authorization, Content-Type, Content-Encoding, Accept-Language, Connect-Protocol-Version, Connect-Timeout-Ms, "
         "X-User-Agent, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum"},
        {"Access-Control-Max-Age", "7200"},
    };
    static const struct jc_cors_header ANSWER = {
        "Access-Control-Expose-Headers",
        "Content-Encoding, Retry-After, X-Request-Id, Location, Tus-Resumable, Tus-Version, Tus-Extension, "
        "Tus-Max-Size, Tus-Checksum-Algorithm, Upload-Length, Upload-Offset, Upload-Expires"};
    memset(out, 0, JC_CORS_HEADERS * sizeof *out);
    if (!cors->count)
        return;
    *out++ = (struct jc_cors_header){"Vary", preflight ? "Origin, Access-Control-Request-Method" : "Origin"};
    if (!jc_cors_allows(cors, origin))
        return;
    *out++ = (struct jc_cors_header){"Access-Control-Allow-Origin", origin.ptr};
    if (preflight)
        memcpy(out, PREFLIGHT, sizeof PREFLIGHT);
    else
        *out = ANSWER;
}
