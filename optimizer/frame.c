/* Reading grows with what has arrived instead of trusting the announced length: a frame that claims a
 * gigabyte and sends ten bytes costs one small block. Interrupted calls go on. */
#include "optimizer/frame.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_BLOCK = 1 << 16 };

static enum jc_code fail(struct jc_err *err, enum jc_code code, const char *detail) {
    jc_fail(err, code, JC_MSG_INTERNAL);
    return jc_err_detail(err, "%s", detail);
}

/* Reads up to `want` bytes; less only at the end of the stream. Negative: errno. */
static ssize_t read_all(int fd, void *to, size_t want) {
    size_t have = 0;
    while (have < want) {
        ssize_t n = read(fd, (char *)to + have, want - have);
        if (n == 0)
            break;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

enum jc_code jc_frame_read(int fd, size_t max_size, struct jc_arena *arena, struct jc_frame *out, struct jc_err *err) {
    unsigned char head[4];
    ssize_t n = read_all(fd, head, sizeof head);
    if (n < 0)
        return fail(err, JC_UNAVAILABLE, "frame: read failed");
    if (n == 0)
        return fail(err, JC_OUT_OF_RANGE, "frame: end of stream");
    if ((size_t)n < sizeof head)
        return fail(err, JC_DATA_LOSS, "frame: cut in its length");
    size_t length = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (length == 0)
        return fail(err, JC_INVALID_ARGUMENT, "frame: empty");
    if (length > max_size)
        return fail(err, JC_RESOURCE_EXHAUSTED, "frame: too large");
    unsigned char *bytes = NULL;
    size_t have = 0, room = 0;
    while (have < length) {
        size_t wanted = room ? room * 2 : FIRST_BLOCK;
        wanted = wanted < length ? wanted : length;
        unsigned char *more = jc_realloc(bytes, wanted);
        if (!more) {
            jc_free(bytes);
            return jc_fail_memory(err);
        }
        bytes = more;
        room = wanted;
        n = read_all(fd, bytes + have, room - have);
        if (n < 0 || (size_t)n < room - have) {
            jc_free(bytes);
            return fail(err, JC_DATA_LOSS, "frame: cut in its message");
        }
        have = room;
    }
    struct jc_str copy = jc_arena_copy(arena, (struct jc_str){(const char *)bytes, length});
    jc_free(bytes);
    if (!copy.ptr)
        return jc_fail_memory(err);
    out->type = (Jc__FrameType)(unsigned char)copy.ptr[0];
    out->message = (struct jc_str){copy.ptr + 1, length - 1};
    return JC_OK;
}

enum jc_code jc_frame_write(int fd, Jc__FrameType type, const ProtobufCMessage *message, struct jc_err *err) {
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size >= JC_FRAME_MAX)
        return fail(err, JC_RESOURCE_EXHAUSTED, "frame: too large to write");
    unsigned char *bytes = jc_malloc(size + 5);
    if (!bytes)
        return jc_fail_memory(err);
    size_t length = size + 1;
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(length >> (8 * i));
    bytes[4] = (unsigned char)type;
    protobuf_c_message_pack(message, bytes + 5);
    size_t sent = 0;
    while (sent < size + 5) {
        ssize_t n = write(fd, bytes + sent, size + 5 - sent);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        sent += (size_t)n;
    }
    jc_free(bytes);
    return sent == size + 5 ? JC_OK : fail(err, JC_UNAVAILABLE, "frame: nobody reads");
}
