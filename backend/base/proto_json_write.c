/* One pass, straight into the buffer. What must never happen: JSON that another reader refuses, so text is
 * made valid on its way out and a time without a JSON form is an error. */
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/proto_field.h"
#include "base/proto_json.h"

enum { SECONDS_A_DAY = 86400, NANOS = 1000000000 };

static enum jc_code write_message(const ProtobufCMessage *message, const struct jc_field_path *parent,
                                  struct jc_buf *out, struct jc_err *err);

/* With as many groups of three digits behind the point as it takes. */
static enum jc_code write_time(const ProtobufCMessage *time, const struct jc_field_path *path, struct jc_buf *out,
                               struct jc_err *err) {
    int64_t seconds = *jc_proto_seconds(time);
    int32_t nanos = *jc_proto_nanos(time);
    if (seconds < JC_PROTO_FIRST_SECOND || seconds > JC_PROTO_LAST_SECOND || nanos < 0 || nanos >= NANOS)
        return jc_field_fail(err, JC_FAILED_PRECONDITION, JC_MSG_JSON_TIME, path, JC_STR(""));
    int64_t days = (seconds - JC_PROTO_FIRST_SECOND) / SECONDS_A_DAY + JC_PROTO_FIRST_SECOND / SECONDS_A_DAY;
    int second = (int)((seconds - JC_PROTO_FIRST_SECOND) % SECONDS_A_DAY);
    char date[JC_TIME_MAX];
    jc_buf_printf(out, "\"%.*sT%02d:%02d:%02d", JC_FMT(jc_date_format(jc_date_from_days(days), date)), second / 3600,
                  second / 60 % 60, second % 60);
    if (nanos % 1000)
        jc_buf_printf(out, ".%09d", nanos);
    else if (nanos % 1000000)
        jc_buf_printf(out, ".%06d", nanos / 1000);
    else if (nanos)
        jc_buf_printf(out, ".%03d", nanos / 1000000);
    jc_buf_add(out, JC_STR("Z\""));
    return JC_OK;
}

static void write_signed(struct jc_buf *out, int64_t number) {
    char text[JC_NUMBER_TEXT];
    jc_buf_add(out, jc_str_from_int64(number, text));
}

static void write_unsigned(struct jc_buf *out, uint64_t number) {
    jc_buf_printf(out, "%llu", (unsigned long long)number);
}

static void write_enum(const ProtobufCEnumDescriptor *descriptor, int32_t number, struct jc_buf *out) {
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    if (value)
        jc_json_put(out, jc_str(value->name));
    else
        write_signed(out, number);
}

static enum jc_code write_value(const ProtobufCFieldDescriptor *field, const void *slot,
                                const struct jc_field_path *path, struct jc_buf *out, struct jc_err *err) {
    bool quoted = jc_proto_is_long(field->type) || field->type == PROTOBUF_C_TYPE_BYTES;
    const ProtobufCBinaryData *bytes = slot;
    if (quoted)
        jc_buf_char(out, '"');
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        write_signed(out, *(const int32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        write_signed(out, *(const int64_t *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        write_unsigned(out, *(const uint32_t *)slot);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        write_unsigned(out, *(const uint64_t *)slot);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        jc_buf_add(out, *(const protobuf_c_boolean *)slot ? JC_STR("true") : JC_STR("false"));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        write_enum(field->descriptor, *(const int32_t *)slot, out);
        break;
    case PROTOBUF_C_TYPE_STRING:
        jc_json_put(out, jc_str(*(const char *const *)slot));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        jc_base64_put(out, (struct jc_str){(const char *)bytes->data, bytes->len});
        break;
    default:
        return write_message(*(const ProtobufCMessage *const *)slot, path, out, err);
    }
    if (quoted)
        jc_buf_char(out, '"');
    return JC_OK;
}

/* Whether a single value is written: in a oneof the chosen one, where presence is known what is present,
 * else what is not the default. */
static bool is_written(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    const void *slot = jc_proto_member(message, field->offset);
    const char *text;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF && *jc_proto_choice(message, field) != field->id)
        return false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(const ProtobufCMessage *const *)slot != NULL;
    case PROTOBUF_C_TYPE_STRING:
        text = *(const char *const *)slot;
        return text &&
               (*text || field->label == PROTOBUF_C_LABEL_OPTIONAL || field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
    default:
        break;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)jc_proto_member(message, field->quantifier_offset);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)slot)->len != 0;
    static const char ZERO[sizeof(int64_t)];
    return memcmp(slot, ZERO, jc_proto_item_size(field->type)) != 0;
}

static enum jc_code write_list(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                               const struct jc_field_path *path, struct jc_buf *out, struct jc_err *err) {
    size_t count = *(const size_t *)jc_proto_member(message, field->quantifier_offset);
    const char *items = *(const char *const *)jc_proto_member(message, field->offset);
    enum jc_code code = JC_OK;
    jc_buf_char(out, '[');
    for (size_t i = 0; !code && i < count; i++) {
        if (i)
            jc_buf_char(out, ',');
        code = write_value(field, items + i * jc_proto_item_size(field->type), path, out, err);
    }
    jc_buf_char(out, ']');
    return code;
}

static enum jc_code write_message(const ProtobufCMessage *message, const struct jc_field_path *parent,
                                  struct jc_buf *out, struct jc_err *err) {
    if (jc_proto_is_time(message->descriptor))
        return write_time(message, parent, out, err);
    enum jc_code code = JC_OK;
    char separator = '{';
    for (unsigned i = 0; !code && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
        if (list ? !*(const size_t *)jc_proto_member(message, field->quantifier_offset) : !is_written(message, field))
            continue;
        char name[JC_PROTO_NAME_MAX];
        struct jc_field_path path = {parent, field->name, parent ? parent->depth + 1 : 1};
        jc_buf_char(out, separator);
        separator = ',';
        jc_json_put(out, jc_proto_json_name(field->name, name));
        jc_buf_char(out, ':');
        code = list ? write_list(message, field, &path, out, err)
                    : write_value(field, jc_proto_member(message, field->offset), &path, out, err);
    }
    jc_buf_add(out, separator == '{' ? JC_STR("{}") : JC_STR("}"));
    return code;
}

enum jc_code jc_message_to_json(const ProtobufCMessage *message, struct jc_buf *out, struct jc_err *err) {
    enum jc_code code = write_message(message, NULL, out, err);
    return !code && out->failed ? jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE) : code;
}
