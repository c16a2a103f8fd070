/* The body of a call both ways: what its head announced (compression, codec) is undone and done here,
 * and nowhere else. Any thread; nothing is kept between calls. */
#ifndef JC_HTTP_CODEC_H
#define JC_HTTP_CODEC_H

#include "http/connect.h"

/* The request's message out of the body as it came over the wire, the arena's. `body_max` holds for the
 * decompressed bytes. JC_INVALID_ARGUMENT for bytes that are no such message, JC_RESOURCE_EXHAUSTED for
 * more than body_max or than the arena has. */
enum jc_code jc_codec_decode(const struct jc_connect *connect, struct jc_str body, size_t body_max,
                             struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err);

/* The body of the answer, the arena's. *gzip: it is compressed. */
enum jc_code jc_codec_encode(const struct jc_connect *connect, const ProtobufCMessage *message, struct jc_arena *arena,
                             struct jc_str *out, bool *gzip, struct jc_err *err);

#endif
