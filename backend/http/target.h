/* The target of a request: "/path?name=value&…" (RFC 9112, section 3.2), split and decoded by us. libmicrohttpd
 * would keep every parameter in the memory of the connection, and where that ends before the parameters do, 0.9.75
 * answers nothing and keeps the connection. */
#ifndef JC_HTTP_TARGET_H
#define JC_HTTP_TARGET_H

#include "base/arena.h"

/* Decodes the escapes of a path in place, but for %00, which would end it early. Returns its length. */
size_t jc_target_decode_path(char *path);
/* What a path means to us: a proxy may name the whole address, "http://host/path". */
const char *jc_target_path(const char *path);

/* One parameter after the other, percent-decoded and with '+' for a blank, in the order in which they stand there.
 * Names and values are the arena's; false without memory. */
bool jc_target_each(const char *query, struct jc_arena *arena,
                    void (*each)(void *ctx, struct jc_str name, struct jc_str value), void *ctx);

#endif
