/* Decompressed first, then read; written first, then compressed. Small answers are left as they are,
 * because a packet is a packet. */
#include "http/codec.h"

#include "base/message.h"
#include "http/gzip.h"

enum { GZIP_MIN = 1024 /* smaller answers are sent as they are */ };

enum jc_code jc_codec_decode(const struct jc_connect *connect, struct jc_str body, size_t body_max,
                             struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err) {
    struct jc_buf plain;
    enum jc_code code = JC_OK;
    jc_buf_init(&plain, body_max);
    if (connect->gzip_in && body.len) {
        code = jc_gunzip(body, &plain, err);
        body = jc_buf_str(&plain);
    }
    if (!code)
        code = jc_message_unpack(jc_procedure_request(connect->procedure), body, arena, out, err);
    jc_buf_free(&plain);
    return code;
}

enum jc_code jc_codec_encode(const struct jc_connect *connect, const ProtobufCMessage *message, struct jc_arena *arena,
                             struct jc_str *out, bool *gzip, struct jc_err *err) {
    struct jc_str plain;
    *gzip = false;
    if (jc_message_pack(message, arena, &plain, err))
        return err->code;
    *out = plain;
    if (!connect->gzip_out || plain.len < GZIP_MIN)
        return JC_OK;
    if (jc_gzip(plain, arena, out, err))
        return err->code;
    *gzip = true;
    return JC_OK;
}
