#include "http/exchange.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "http/address.h"

enum { PATH_LOG_MAX = 200 };

struct jc_str jc_exchange_header(struct MHD_Connection *connection, const char *name) {
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, name, strlen(name), &value, &len) != MHD_YES)
        return (struct jc_str){NULL, 0};
    return value ? (struct jc_str){value, len} : JC_STR("");
}

const struct sockaddr *jc_exchange_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info ? info->client_addr : NULL;
}

static bool is_named(const char *name, size_t len, const char *other) {
    return len == strlen(other) && strncasecmp(name, other, len) == 0;
}

/* Headers of which we read one (RFC 9110 5.3): another reader might take the other. */
static const char *const SINGLE[] = {
    MHD_HTTP_HEADER_AUTHORIZATION,
    MHD_HTTP_HEADER_CONTENT_TYPE,
    "Connect-Timeout-Ms",
    "Connect-Protocol-Version",
    MHD_HTTP_HEADER_RANGE,
    "Tus-Resumable",
    "Upload-Length",
    "Upload-Offset",
    "Upload-Metadata",
    "Upload-Checksum",
    MHD_HTTP_HEADER_CONTENT_ENCODING,
};

/* A head as it lies in libmicrohttpd's memory, which puts NULs where names, values and lines end. */
struct scan {
    struct jc_connect_framing *framing;
    uint32_t seen;  /* of SINGLE */
    const char *at; /* behind the last header that was seen */
    const char *end;
};

/* Whether between `at` and `to` there are blanks and then from `least` to `most` NULs. */
static bool is_gap(const char *at, const char *to, ptrdiff_t least, ptrdiff_t most) {
    if (!at || to < at)
        return false;
    while (at < to && (*at == ' ' || *at == '\t'))
        at++;
    ptrdiff_t len = to - at;
    while (at < to && !*at)
        at++;
    return at == to && len >= least && len <= most;
}

/* Whatever stands between two headers that was read as none hides something: a line without a name ends a head for
 * libmicrohttpd, a NUL ends a value, and the next line of a value lies elsewhere. */
static enum MHD_Result count_header(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                    const char *value, size_t value_len) {
    struct scan *scan = ctx;
    struct jc_connect_framing *framing = scan->framing;
    (void)kind;
    framing->broken_names |= !name_len || memchr(name, ' ', name_len) || memchr(name, '\t', name_len);
    framing->broken_names |= !is_gap(scan->at, name, 1, 2);
    framing->content_lengths += is_named(name, name_len, MHD_HTTP_HEADER_CONTENT_LENGTH);
    framing->transfer_encodings += is_named(name, name_len, MHD_HTTP_HEADER_TRANSFER_ENCODING);
    framing->hosts += is_named(name, name_len, MHD_HTTP_HEADER_HOST);
    for (size_t i = 0; i < sizeof SINGLE / sizeof *SINGLE; i++) {
        if (!is_named(name, name_len, SINGLE[i]))
            continue;
        framing->repeated = scan->seen >> i & 1 ? SINGLE[i] : framing->repeated;
        scan->seen |= 1u << i;
    }
    scan->at = value ? value + value_len : NULL;
    return MHD_YES;
}

struct jc_connect_framing jc_exchange_framing(struct MHD_Connection *connection, const char *method,
                                              const char *version) {
    struct jc_connect_framing framing = {
        .old = strcmp(version, MHD_HTTP_VERSION_1_0) == 0,
        .transfer_encoding = jc_exchange_header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING),
    };
    const union MHD_ConnectionInfo *size = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct scan scan = {
        .framing = &framing, .at = version + strlen(version), .end = method + (size ? size->header_size : 0)};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, count_header, &scan);
    framing.broken_names |= !is_gap(scan.at, scan.end, 2, 4);
    return framing;
}

void jc_exchange_log(const struct jc_exchange_line *line, int64_t now_ms) {
    struct jc_str path = {line->path.ptr, line->path.len < PATH_LOG_MAX ? line->path.len : PATH_LOG_MAX};
    const char *code = line->status == 0 ? jc_code_name(JC_CANCELLED) : jc_code_name(line->code);
    bool bug = line->code == JC_INTERNAL || line->code == JC_UNKNOWN || line->code == JC_DATA_LOSS;
    char peer[JC_ADDRESS_TEXT];
    jc_log(bug ? JC_LOG_ERROR : JC_LOG_INFO, "request", JC_LOG_INT("id", (int64_t)line->id),
           JC_LOG_STR("peer", jc_str(jc_address_print(line->peer, peer))), JC_LOG_STR("method", line->method),
           JC_LOG_STR("path", path), JC_LOG_INT("status", line->status), JC_LOG_STR("code", jc_str(code)),
           JC_LOG_INT("duration_ms", now_ms - line->started_ms), JC_LOG_INT("bytes_in", line->bytes_in),
           JC_LOG_INT("bytes", line->bytes_out), JC_LOG_INT("sent", line->sent),
           JC_LOG_STR("detail", jc_str(line->code ? line->detail : "")));
}

bool jc_exchange_is_preflight(struct MHD_Connection *connection, const struct jc_cors *cors, const char *method) {
    return cors->count && strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0 &&
           jc_exchange_header(connection, MHD_HTTP_HEADER_ORIGIN).len &&
           jc_exchange_header(connection, "Access-Control-Request-Method").len;
}

void jc_exchange_allow(struct MHD_Connection *connection, const struct jc_cors *cors, bool preflight,
                       struct MHD_Response *response) {
    struct jc_cors_header headers[JC_CORS_HEADERS];
    jc_cors_headers(cors, jc_exchange_header(connection, MHD_HTTP_HEADER_ORIGIN), preflight, headers);
    for (size_t i = 0; headers[i].name; i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
}
