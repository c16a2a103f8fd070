#include "http/exchange.h"

#include <string.h>

struct jc_str jc_exchange_header(struct MHD_Connection *connection, const char *name) {
    const char *value = NULL;
    size_t len = 0;
    if (MHD_lookup_connection_value_n(connection, MHD_HEADER_KIND, name, strlen(name), &value, &len) != MHD_YES)
        return (struct jc_str){NULL, 0};
    return value ? (struct jc_str){value, len} : JC_STR("");
}
