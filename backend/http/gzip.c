/* Streams through a buffer on the stack, so that the limit of the output is met 16 KiB at a time. A
 * body may be several gzip members one after another; anything else behind the end is refused. */
#include "http/gzip.h"

#include <limits.h>
#include <zlib.h>

enum {
    CHUNK = 16 * 1024,
    GZIP = 16,            /* added to the bits of a window: with a gzip header */
    WINDOW_BITS_MAX = 15, /* a window of 32 KiB, what any stream may use */
    WINDOW_BITS_MIN = 9,
    MEMORY_LESS = 7,    /* zlib's memory level follows the window: 8 for the largest */
    FAST_MAX = 64 << 10 /* below, speed counts more than the last tenth of the size */
};

/* The smallest window that sees all of the text: zlib takes and clears four times its size. */
static int window_bits(size_t len) {
    int bits = WINDOW_BITS_MIN;
    while (bits < WINDOW_BITS_MAX && ((size_t)1 << bits) < len)
        bits++;
    return bits;
}

static enum jc_code fail_broken(struct jc_err *err) {
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_GZIP_BROKEN);
}

static enum jc_code inflate_all(z_stream *stream, struct jc_buf *out, struct jc_err *err) {
    char chunk[CHUNK];
    for (;;) {
        stream->next_out = (Bytef *)chunk;
        stream->avail_out = sizeof chunk;
        int result = inflate(stream, Z_NO_FLUSH);
        if (result == Z_MEM_ERROR)
            return jc_fail_memory(err);
        if (result != Z_OK && result != Z_STREAM_END)
            return fail_broken(err); /* Z_BUF_ERROR: the input ended in the middle */
        size_t made = sizeof chunk - stream->avail_out;
        if (made > out->max_size - out->len)
            return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE);
        jc_buf_append(out, chunk, made);
        if (out->failed)
            return jc_fail_memory(err);
        if (result == Z_STREAM_END && !stream->avail_in)
            return JC_OK;
        if (result == Z_STREAM_END && inflateReset(stream) != Z_OK)
            return jc_fail_memory(err);
    }
}

enum jc_code jc_gunzip(struct jc_str in, struct jc_buf *out, struct jc_err *err) {
    z_stream stream = {.next_in = (Bytef *)in.ptr, .avail_in = (uInt)in.len};
    if (in.len > UINT_MAX)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE);
    if (inflateInit2(&stream, WINDOW_BITS_MAX + GZIP) != Z_OK)
        return jc_fail_memory(err);
    enum jc_code code = inflate_all(&stream, out, err);
    inflateEnd(&stream);
    return code;
}

enum jc_code jc_gzip(struct jc_str in, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    z_stream stream = {.next_in = (Bytef *)in.ptr, .avail_in = (uInt)in.len};
    int level = in.len < FAST_MAX ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, bits = window_bits(in.len);
    if (in.len > UINT_MAX ||
        deflateInit2(&stream, level, Z_DEFLATED, bits + GZIP, bits - MEMORY_LESS, Z_DEFAULT_STRATEGY) != Z_OK)
        return jc_fail_memory(err);
    size_t bound = deflateBound(&stream, in.len);
    char *bytes = jc_arena_alloc(arena, bound);
    stream.next_out = (Bytef *)bytes;
    stream.avail_out = (uInt)bound;
    bool done = bytes && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    *out = (struct jc_str){bytes, bound - stream.avail_out};
    deflateEnd(&stream);
    return done ? JC_OK : jc_fail_memory(err);
}
