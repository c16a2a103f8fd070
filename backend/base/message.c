/* A walk over the wire format (tag, then varint, 64 bit, 32 bit or length and bytes). Fields the
 * descriptor does not know are skipped by their wire type; groups are refused as protobuf-c refuses
 * them. The path of the field being read is a list on the stack, rendered only for an error. What
 * must never happen: a length read from the wire is believed before it is compared with what is left. */
#include "base/message.h"

#include <string.h>

#include "base/text.h"

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5, VARINT_MAX = 10 };

static enum jc_code fail_malformed(struct jc_err *err) {
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_MALFORMED);
}

static void add_path(struct jc_buf *text, const struct jc_field_path *path) {
    if (path->parent) {
        add_path(text, path->parent);
        jc_buf_char(text, '.');
    }
    jc_buf_add(text, jc_str(path->name));
}

enum jc_code jc_field_fail(struct jc_err *err, enum jc_code code, enum jc_msg what, const struct jc_field_path *path,
                           struct jc_str more) {
    struct jc_buf text;
    jc_buf_init(&text, 200);
    if (path)
        add_path(&text, path);
    (void)jc_fail(err, code, what, jc_buf_str(&text), more);
    jc_buf_free(&text);
    return jc_failed(code);
}

/* Takes `len` bytes off the front; false if there are fewer. */
static bool take(struct jc_str *rest, uint64_t len, struct jc_str *out) {
    if (len > rest->len)
        return false;
    *out = (struct jc_str){rest->ptr, (size_t)len};
    rest->ptr += len;
    rest->len -= (size_t)len;
    return true;
}

static bool take_varint(struct jc_str *rest, uint64_t *out) {
    *out = 0;
    for (size_t i = 0; i < rest->len && i < VARINT_MAX; i++) {
        uint64_t byte = (unsigned char)rest->ptr[i];
        *out |= (byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            struct jc_str used;
            return take(rest, i + 1, &used);
        }
    }
    return false;
}

/* Reads a field's value; *value is set for WIRE_BYTES alone. */
static bool take_value(struct jc_str *rest, unsigned wire, struct jc_str *value) {
    uint64_t number;
    struct jc_str skipped;
    switch (wire) {
    case WIRE_VARINT:
        return take_varint(rest, &number);
    case WIRE_64:
        return take(rest, 8, &skipped);
    case WIRE_32:
        return take(rest, 4, &skipped);
    case WIRE_BYTES:
        return take_varint(rest, &number) && take(rest, number, value);
    default:
        return false;
    }
}

/* Items in the bytes of a packed list; anything else is one value. */
static size_t count_values(const ProtobufCFieldDescriptor *field, struct jc_str value) {
    if (!field || field->label != PROTOBUF_C_LABEL_REPEATED)
        return 1;
    size_t ends = 0;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 1;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return value.len / 4;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return value.len / 8;
    default: /* the last byte of a varint has no top bit */
        for (size_t i = 0; i < value.len; i++)
            ends += !((unsigned char)value.ptr[i] & 0x80);
        return ends;
    }
}

enum jc_code jc_field_fail_long(struct jc_err *err, const struct jc_field_path *path) {
    char limit[JC_NUMBER_TEXT];
    return jc_field_fail(err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_TEXT_LONG, path,
                         jc_str_from_int64(JC_MESSAGE_TEXT, limit));
}

static enum jc_code check_text(struct jc_str text, const struct jc_field_path *path, struct jc_err *err) {
    if (text.len > JC_MESSAGE_TEXT)
        return jc_field_fail_long(err, path);
    return jc_text_valid(text, NULL) ? JC_OK
                                     : jc_field_fail(err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_TEXT, path, JC_STR(""));
}

static enum jc_code check_message(const ProtobufCMessageDescriptor *descriptor, struct jc_str rest,
                                  const struct jc_field_path *parent, size_t *values, struct jc_err *err) {
    while (rest.len) {
        uint64_t tag;
        struct jc_str value = {0};
        if (!take_varint(&rest, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
            return fail_malformed(err);
        unsigned wire = (unsigned)(tag & 7);
        if (!take_value(&rest, wire, &value))
            return fail_malformed(err);
        const ProtobufCFieldDescriptor *field =
            wire == WIRE_BYTES ? protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3)) : NULL;
        *values += count_values(field, value);
        if (*values > JC_MESSAGE_VALUES)
            return jc_field_fail(err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_VALUES_MANY, parent, JC_STR(""));
        if (!field)
            continue;
        struct jc_field_path path = {parent, field->name, parent ? parent->depth + 1 : 1};
        enum jc_code code = JC_OK;
        if (field->type == PROTOBUF_C_TYPE_STRING)
            code = check_text(value, &path, err);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            code = path.depth < JC_MESSAGE_DEPTH ? check_message(field->descriptor, value, &path, values, err)
                                                 : fail_malformed(err);
        if (code)
            return code;
    }
    return JC_OK;
}

enum jc_code jc_message_check(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes, struct jc_err *err) {
    size_t values = 0;
    return check_message(descriptor, bytes, NULL, &values, err);
}

/* protobuf-c answers NULL for broken bytes and for lack of memory alike; this tells them apart. */
struct watched {
    struct jc_arena *arena;
    bool failed;
};

static void *watched_alloc(void *ctx, size_t size) {
    struct watched *watched = ctx;
    void *memory = jc_arena_alloc(watched->arena, size);
    watched->failed |= !memory;
    return memory;
}

static void watched_free(void *ctx, void *memory) {
    (void)ctx, (void)memory;
}

enum jc_code jc_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                               struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err) {
    enum jc_code code = jc_message_check(descriptor, bytes, err);
    if (code)
        return code;
    struct watched watched = {arena, false};
    ProtobufCAllocator allocator = {watched_alloc, watched_free, &watched};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, bytes.len, (const uint8_t *)bytes.ptr);
    if (!message)
        return watched.failed ? jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE) : fail_malformed(err);
    *out = message;
    return JC_OK;
}

enum jc_code jc_message_pack(const ProtobufCMessage *message, struct jc_arena *arena, struct jc_str *out,
                             struct jc_err *err) {
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = jc_arena_alloc(arena, len);
    if (!bytes)
        return jc_fail_memory(err);
    protobuf_c_message_pack(message, bytes);
    *out = (struct jc_str){(const char *)bytes, len};
    return JC_OK;
}
