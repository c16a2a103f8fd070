/* Decompressed first, then read; written first, then compressed. Small answers are left as they are,
 * because a packet is a packet. */
#include "http/codec.h"

#include "base/base64.h"
#include "base/proto_json.h"
#include "http/gzip.h"

enum {
    GZIP_MIN = 1024,     /* smaller answers are sent as they are */
    JSON_MAX = 64 << 20, /* bytes of an answer in JSON */
};

static enum jc_code read_message(const struct jc_connect *connect, struct jc_str bytes, struct jc_arena *arena,
                                 ProtobufCMessage **out, struct jc_err *err) {
    const ProtobufCMessageDescriptor *descriptor = jc_procedure_request(connect->procedure);
    const struct jc_proto_json options = {.ignore_unknown = true}; /* of newer clients, as in binary */
    return connect->codec == JC_CODEC_JSON ? jc_message_from_json(descriptor, bytes, options, arena, out, err)
                                           : jc_message_unpack(descriptor, bytes, arena, out, err);
}

/* The message of a GET, out of base64. */
static enum jc_code read_base64(struct jc_str text, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    char *bytes = jc_arena_alloc(arena, jc_base64_space(text.len));
    if (!bytes)
        return jc_fail_memory(err);
    if (!jc_base64_read(text, bytes, &out->len))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_QUERY_BASE64);
    out->ptr = bytes;
    return JC_OK;
}

enum jc_code jc_codec_decode(const struct jc_connect *connect, struct jc_str body, size_t body_max,
                             struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err) {
    struct jc_buf plain;
    enum jc_code code = JC_OK;
    jc_buf_init(&plain, body_max);
    if (connect->get)
        body = connect->message;
    if (connect->get && connect->base64)
        code = read_base64(connect->message, arena, &body, err);
    if (!code && connect->gzip_in && body.len) {
        code = jc_gunzip(body, &plain, err);
        body = jc_buf_str(&plain);
    }
    if (!code)
        code = read_message(connect, body, arena, out, err);
    jc_buf_free(&plain);
    return code;
}

static enum jc_code write_json(const ProtobufCMessage *message, struct jc_arena *arena, struct jc_str *out,
                               struct jc_err *err) {
    struct jc_buf json;
    jc_buf_init(&json, JSON_MAX);
    enum jc_code code = jc_message_to_json(message, &json, err);
    *out = code ? (struct jc_str){NULL, 0} : jc_arena_copy(arena, jc_buf_str(&json));
    jc_buf_free(&json);
    return code || out->ptr ? code : jc_fail_memory(err);
}

enum jc_code jc_codec_encode(const struct jc_connect *connect, const ProtobufCMessage *message, struct jc_arena *arena,
                             struct jc_str *out, bool *gzip, struct jc_err *err) {
    struct jc_str plain;
    *gzip = false;
    enum jc_code code = connect->codec == JC_CODEC_JSON ? write_json(message, arena, &plain, err)
                                                        : jc_message_pack(message, arena, &plain, err);
    if (code)
        return code;
    *out = plain;
    if (!connect->gzip_out || plain.len < GZIP_MIN)
        return JC_OK;
    code = jc_gzip(plain, arena, out, err);
    *gzip = code == JC_OK;
    return code;
}
