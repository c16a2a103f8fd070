/* Frames as they come from the solver's process, whole or in pieces: u32 little-endian length of what
 * follows, one byte Jc__FrameType, one protobuf message. The sender may be killed, cut or hostile. */
#ifndef JC_PLAN_FRAMES_H
#define JC_PLAN_FRAMES_H

#include "base/err.h"

enum { JC_FRAME_HEAD = 4 }; /* bytes of the length */

struct jc_frames {
    struct jc_buf pending; /* bytes of frames not yet taken */
    size_t taken;          /* of these */
    size_t frame_max;      /* type and message */
};

void jc_frames_init(struct jc_frames *frames, size_t frame_max);
void jc_frames_free(struct jc_frames *frames); /* also fine on a zeroed struct */

/* Adds what was read; takes back the room of frames already taken. JC_RESOURCE_EXHAUSTED without memory,
 * or if much more than one frame waits. */
enum jc_code jc_frames_add(struct jc_frames *frames, const void *bytes, size_t len, struct jc_err *err);
/* Takes the next whole frame; *type is 0 if there is none yet. `message` is valid until the next add. A
 * length of zero or above the maximum is JC_DATA_LOSS: nothing behind it can be read. */
enum jc_code jc_frames_next(struct jc_frames *frames, uint8_t *type, struct jc_str *message, struct jc_err *err);

#endif
