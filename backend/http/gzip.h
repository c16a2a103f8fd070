/* gzip (RFC 1952) both ways. zlib is seen by this folder alone. */
#ifndef JC_HTTP_GZIP_H
#define JC_HTTP_GZIP_H

#include "base/arena.h"
#include "base/err.h"

/* Appends the decompressed bytes to `out`, whose maximum counts: more is JC_RESOURCE_EXHAUSTED,
 * found before it is written (a bomb costs no memory). Cut or broken input is JC_INVALID_ARGUMENT. */
enum jc_code jc_gunzip(struct jc_str in, struct jc_buf *out, struct jc_err *err);
/* The arena's. */
enum jc_code jc_gzip(struct jc_str in, struct jc_arena *arena, struct jc_str *out, struct jc_err *err);

#endif
