#include "http/exchange.h"

#include <string.h>

struct jc_str jc_exchange_header(struct MHD_Connection *connection, const char *name) {
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, name, strlen(name), &value, &len) != MHD_YES)
        return (struct jc_str){NULL, 0};
    return value ? (struct jc_str){value, len} : JC_STR("");
}

bool jc_exchange_is_preflight(struct MHD_Connection *connection, const struct jc_cors *cors, const char *method) {
    return cors->count && strcmp(method, MHD_HTTP_METHOD_OPTIONS) == 0 &&
           jc_exchange_header(connection, MHD_HTTP_HEADER_ORIGIN).len &&
           jc_exchange_header(connection, "Access-Control-Request-Method").len;
}

void jc_exchange_allow(struct MHD_Connection *connection, const struct jc_cors *cors, bool preflight,
                       struct MHD_Response *response) {
    struct jc_cors_header headers[JC_CORS_HEADERS];
    if (!cors->count)
        return;
    struct jc_str origin = jc_exchange_header(connection, MHD_HTTP_HEADER_ORIGIN);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
                            preflight ? "Origin, Access-Control-Request-Method" : "Origin");
    if (!jc_cors_allows(cors, origin))
        return;
    MHD_add_response_header(response, "Access-Control-Allow-Origin", origin.ptr);
    jc_cors_headers(preflight, headers);
    for (size_t i = 0; headers[i].name; i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
}
