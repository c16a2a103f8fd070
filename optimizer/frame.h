/* Frames on file descriptors: u32 little-endian length of what follows, one byte Jc__FrameType, one
 * protobuf message. Whoever reads must expect a peer that is killed, cut or hostile. */
#ifndef JC_OPTIMIZER_FRAME_H
#define JC_OPTIMIZER_FRAME_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* The largest frame either side accepts. */
#define JC_FRAME_MAX ((size_t)1 << 30)

struct jc_frame {
    Jc__FrameType type;
    struct jc_str message; /* protobuf bytes */
};

/* Reads one frame; the message is the arena's. JC_OUT_OF_RANGE if the stream ends before the first byte,
 * JC_DATA_LOSS if it ends inside the frame, JC_RESOURCE_EXHAUSTED if the length is above `max_size` or
 * memory ends, JC_INVALID_ARGUMENT for a length of zero. */
enum jc_code jc_frame_read(int fd, size_t max_size, struct jc_arena *arena, struct jc_frame *out, struct jc_err *err);

/* Writes one frame whole. JC_UNAVAILABLE if nobody reads any more. */
enum jc_code jc_frame_write(int fd, Jc__FrameType type, const ProtobufCMessage *message, struct jc_err *err);

#endif
