/* Protobuf messages from outside: checked, then unpacked into an arena.
 *
 * protobuf-c hands text over as C strings, so a NUL inside one would cut it unseen, and it does not
 * ask for UTF-8. The check therefore reads the wire format itself, guided by the descriptor. */
#ifndef JC_BASE_MESSAGE_H
#define JC_BASE_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    JC_MESSAGE_DEPTH = 16,       /* deeper nesting is refused; ours is flat (no recursive messages) */
    JC_MESSAGE_TEXT = 512 << 10, /* bytes of one text */
    JC_MESSAGE_VALUES = 65536,   /* values in a message and all within it: each field given, each item of a list */
};

/* JC_INVALID_ARGUMENT for bytes that are no message (cut off, say), for more values than
 * JC_MESSAGE_VALUES, and for text that is not UTF-8, holds a NUL or is longer than JC_MESSAGE_TEXT, naming the field
 * ("operations.plain.return_task.reason"). Bytes fields are not looked into. Cost: one pass, no memory. */
enum jc_code jc_message_check(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes, struct jc_err *err);

/* Checks and unpacks. The message is the arena's; JC_RESOURCE_EXHAUSTED if it does not fit there. */
enum jc_code jc_message_unpack(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                               struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err);

/* A field on the way from the outermost message to it. */
struct jc_field_path {
    const struct jc_field_path *parent; /* NULL: of the outermost message */
    const char *name;
    int depth; /* 1: of the outermost message */
};
/* Fails with `code` and the catalogue entry `what`, whose {0} is the path ("" for NULL, the message as a
 * whole) and whose {1} is `more`. */
enum jc_code jc_field_fail(struct jc_err *err, enum jc_code code, enum jc_msg what, const struct jc_field_path *path,
                           struct jc_str more);

/* Fails for a text that is longer than JC_MESSAGE_TEXT. */
enum jc_code jc_field_fail_long(struct jc_err *err, const struct jc_field_path *path);

/* A field of bytes as a text, and back; the bytes stay where they are. */
static inline struct jc_str jc_view(ProtobufCBinaryData data) {
    return (struct jc_str){(const char *)data.data, data.len};
}
static inline ProtobufCBinaryData jc_data(struct jc_str bytes) {
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.ptr};
}

/* The message's bytes, the arena's. */
enum jc_code jc_message_pack(const ProtobufCMessage *message, struct jc_arena *arena, struct jc_str *out,
                             struct jc_err *err);

#endif
