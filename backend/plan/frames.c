/* Frames. Bytes gather in one buffer; a frame is looked at where it lies. The length is judged before a
 * byte of the frame is waited for, so a wrong one costs nothing. */
#include "plan/frames.h"

#include <string.h>

enum { ADD_MAX = 1 << 16 }; /* behind a frame that is nearly whole */

void jc_frames_init(struct jc_frames *frames, size_t frame_max) {
    jc_buf_init(&frames->pending, JC_FRAME_HEAD + frame_max + ADD_MAX);
    frames->taken = 0;
    frames->frame_max = frame_max;
}

void jc_frames_free(struct jc_frames *frames) {
    jc_buf_free(&frames->pending);
}

enum jc_code jc_frames_add(struct jc_frames *frames, const void *bytes, size_t len, struct jc_err *err) {
    struct jc_buf *pending = &frames->pending;
    if (frames->taken) {
        memmove(pending->ptr, pending->ptr + frames->taken, pending->len - frames->taken);
        pending->len -= frames->taken;
        frames->taken = 0;
    }
    jc_buf_append(pending, bytes, len);
    return pending->failed ? jc_fail_memory(err) : JC_OK;
}

enum jc_code jc_frames_next(struct jc_frames *frames, uint8_t *type, struct jc_str *message, struct jc_err *err) {
    size_t waiting = frames->pending.len - frames->taken;
    *type = 0;
    if (waiting < JC_FRAME_HEAD)
        return JC_OK;
    const uint8_t *head = (const uint8_t *)frames->pending.ptr + frames->taken;
    size_t len = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
    if (len < 1 || len > frames->frame_max) {
        jc_fail(err, JC_DATA_LOSS, JC_MSG_WORKER_RUBBISH);
        return jc_err_detail(err, "frame length %zu out of range", len);
    }
    if (waiting - JC_FRAME_HEAD < len)
        return JC_OK;
    *type = head[JC_FRAME_HEAD];
    *message = (struct jc_str){(const char *)head + JC_FRAME_HEAD + 1, len - 1};
    frames->taken += JC_FRAME_HEAD + len;
    if (!*type) { /* 0 stands for none; a sender has no such type either */
        jc_fail(err, JC_DATA_LOSS, JC_MSG_WORKER_RUBBISH);
        return jc_err_detail(err, "frame without a type");
    }
    return JC_OK;
}
