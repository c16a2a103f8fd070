/* All of it follows from the descriptors that protoc-c generates; see protobuf-c.h. */
#include "base/proto_field.h"

#include <string.h>

bool jc_proto_is_time(const ProtobufCMessageDescriptor *descriptor) {
    return strcmp(descriptor->name, "google.protobuf.Timestamp") == 0;
}

int64_t *jc_proto_seconds(const ProtobufCMessage *time) {
    return (int64_t *)(void *)((char *)time + time->descriptor->fields[0].offset);
}

int32_t *jc_proto_nanos(const ProtobufCMessage *time) {
    return (int32_t *)(void *)((char *)time + time->descriptor->fields[1].offset);
}

struct jc_str jc_proto_json_name(const char *name, char out[JC_PROTO_NAME_MAX]) {
    size_t len = 0;
    bool upper = false;
    for (; *name && len < JC_PROTO_NAME_MAX; name++) {
        if (*name != '_')
            out[len++] = upper && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        upper = *name == '_';
    }
    return (struct jc_str){out, len};
}

bool jc_proto_is_long(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return true;
    default:
        return false;
    }
}

size_t jc_proto_item_size(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return jc_proto_is_long(type) ? sizeof(int64_t) : sizeof(int32_t);
    }
}

void *jc_proto_member(const ProtobufCMessage *message, unsigned offset) {
    return (char *)message + offset;
}

uint32_t *jc_proto_choice(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    return jc_proto_member(message, field->quantifier_offset);
}
