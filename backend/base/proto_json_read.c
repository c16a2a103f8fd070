/* Reading goes token by token straight into the message's struct: no tree in between. The items of a
 * list are counted by a look ahead, so that its memory is asked for once; a list inside lists is
 * therefore looked at once for each level, and the levels of the contract are few. What must never
 * happen: memory is asked for before it is known to be earned by the text, or an integer is rounded. */
#include <assert.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/proto_field.h"
#include "base/proto_json.h"

enum {
    FIELDS_MAX = 256,      /* of one message; a set of them is kept */
    SHORT_MAX_BYTES = 128, /* of a number, time or name that is written with escapes */
    EXPONENT_MAX = 100000000,
    NANOS = 1000000000,
};

struct reader {
    struct jc_json json;
    struct jc_proto_json options;
    struct jc_arena *arena;
    size_t values;
    struct jc_err *err;
};

static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor, struct jc_str name) {
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        char buf[JC_PROTO_NAME_MAX];
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (jc_str_eq(name, jc_proto_json_name(field->name, buf)) || jc_str_eq(name, jc_str(field->name)))
            return field;
    }
    return NULL;
}

/* --- failures ---------------------------------------------------------------------------------------------- */

static enum jc_code fail_json(struct reader *reader, const struct jc_field_path *path) {
    char number[JC_NUMBER_TEXT];
    switch (reader->json.fault) {
    case JC_JSON_DEEP:
        return jc_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_DEEP, jc_str_from_int64(JC_JSON_DEPTH, number));
    case JC_JSON_NO_TEXT:
        if (path)
            return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_TEXT, path, JC_STR(""));
        break;
    default:
        break;
    }
    return jc_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_BROKEN,
                   jc_str_from_int64((int64_t)reader->json.at + 1, number));
}

/* The token at hand is not what the field takes; or it is no token at all. */
static enum jc_code fail_value(struct reader *reader, const struct jc_field_path *path, const char *expected) {
    if (reader->json.token == JC_JSON_BAD)
        return fail_json(reader, path);
    return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_VALUE, path, jc_str(expected));
}

static enum jc_code fail_large(struct reader *reader) {
    return jc_fail(reader->err, JC_RESOURCE_EXHAUSTED, JC_MSG_MESSAGE_LARGE);
}

static enum jc_code fail_many(struct reader *reader) {
    return jc_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_VALUES_MANY);
}

/* --- integers ---------------------------------------------------------------------------------------------- */

static bool times_ten(uint64_t *number, int64_t times) {
    for (; times > 0; times--)
        if (__builtin_mul_overflow(*number, 10, number))
            return false;
    return true;
}

/* What stands behind the e of a number; a larger one than any that could matter is as good as it. */
static int64_t exponent_of(struct jc_str text) {
    int64_t exponent = 0;
    bool negative = text.len && text.ptr[0] == '-';
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9' && exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (text.ptr[i] - '0');
    return negative ? -exponent : exponent;
}

/* The exact value of a number of JSON, if it is an integer of 64 bits: "1e3", "1000.0" and "1000" are the
 * same. Zeros are multiplied in only when another digit follows, so that those at the end can still be
 * divided away by the exponent. */
static bool exact_integer(struct jc_str text, bool *negative, uint64_t *out) {
    uint64_t number = 0;
    int64_t zeros = 0, places = 0, exponent = 0;
    bool behind_point = false;
    *negative = text.ptr[0] == '-';
    for (size_t i = *negative; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == 'e' || c == 'E') {
            exponent = exponent_of((struct jc_str){text.ptr + i + 1, text.len - i - 1});
            break;
        }
        if (c == '.') {
            behind_point = true;
            continue;
        }
        places += behind_point;
        if (c == '0') {
            zeros += number != 0;
            continue;
        }
        if (!times_ten(&number, zeros + 1) || __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
            return false;
        zeros = 0;
    }
    *out = number;
    if (!number)
        return true;
    int64_t power = exponent - places + zeros;
    return power >= 0 && times_ten(out, power);
}

/* The text of the token, which is a NAME or STRING; `buf` serves if it has escapes. */
static bool short_text(const struct jc_json *json, char buf[SHORT_MAX_BYTES], struct jc_str *out) {
    *out = json->raw;
    if (!json->escaped)
        return true;
    if (json->raw.len > SHORT_MAX_BYTES)
        return false;
    *out = (struct jc_str){buf, jc_json_unescape(json, buf)};
    return true;
}

/* A number, or a string that holds nothing but one. */
static bool take_integer(const struct jc_json *json, bool *negative, uint64_t *out) {
    char buf[SHORT_MAX_BYTES];
    struct jc_str text = json->raw;
    if (json->token == JC_JSON_STRING) {
        if (!short_text(json, buf, &text) || !text.len || jc_json_number(text) != text.len)
            return false;
    } else if (json->token != JC_JSON_NUMBER) {
        return false;
    }
    return exact_integer(text, negative, out);
}

/* Between -2^(bits-1) and 2^(bits-1) - 1. */
static bool take_signed(const struct jc_json *json, int bits, int64_t *out) {
    bool negative;
    uint64_t number, limit = UINT64_C(1) << (bits - 1);
    if (!take_integer(json, &negative, &number) || number > limit - !negative)
        return false;
    *out = negative ? (int64_t)(0 - number) : (int64_t)number;
    return true;
}

static bool take_unsigned(const struct jc_json *json, uint64_t limit, uint64_t *out) {
    bool negative;
    return take_integer(json, &negative, out) && *out <= limit && !(negative && *out);
}

/* --- reading: scalars ----------------------------------------------------------------------------------------- */

static enum jc_code read_int32(struct reader *reader, void *slot, const struct jc_field_path *path) {
    int64_t number;
    if (!take_signed(&reader->json, 32, &number))
        return fail_value(reader, path, "int32");
    *(int32_t *)slot = (int32_t)number;
    return JC_OK;
}

static enum jc_code read_int64(struct reader *reader, void *slot, const struct jc_field_path *path) {
    return take_signed(&reader->json, 64, slot) ? JC_OK : fail_value(reader, path, "int64");
}

static enum jc_code read_uint32(struct reader *reader, void *slot, const struct jc_field_path *path) {
    uint64_t number;
    if (!take_unsigned(&reader->json, UINT32_MAX, &number))
        return fail_value(reader, path, "uint32");
    *(uint32_t *)slot = (uint32_t)number;
    return JC_OK;
}

static enum jc_code read_uint64(struct reader *reader, void *slot, const struct jc_field_path *path) {
    return take_unsigned(&reader->json, UINT64_MAX, slot) ? JC_OK : fail_value(reader, path, "uint64");
}

static enum jc_code read_bool(struct reader *reader, void *slot, const struct jc_field_path *path) {
    if (reader->json.token != JC_JSON_TRUE && reader->json.token != JC_JSON_FALSE)
        return fail_value(reader, path, "true | false");
    *(protobuf_c_boolean *)slot = reader->json.token == JC_JSON_TRUE;
    return JC_OK;
}

static enum jc_code read_string(struct reader *reader, void *slot, const struct jc_field_path *path) {
    const struct jc_json *json = &reader->json;
    if (json->token != JC_JSON_STRING)
        return fail_value(reader, path, "string");
    if (!json->raw.len)
        return JC_OK; /* as it was initialised */
    char *text = jc_arena_alloc(reader->arena, json->raw.len + 1);
    if (!text)
        return fail_large(reader);
    size_t len = jc_json_unescape(json, text);
    if (len > JC_MESSAGE_TEXT)
        return jc_field_fail_long(reader->err, path);
    if (memchr(text, '\0', len))
        return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_MESSAGE_TEXT, path, JC_STR(""));
    text[len] = '\0';
    *(char **)slot = text;
    return JC_OK;
}

/* Base64 has no character that needs an escape, but some writers escape its '/'. */
static enum jc_code read_bytes(struct reader *reader, void *slot, const struct jc_field_path *path) {
    const struct jc_json *json = &reader->json;
    ProtobufCBinaryData *bytes = slot;
    struct jc_str text = json->raw;
    if (json->token != JC_JSON_STRING)
        return fail_value(reader, path, "base64");
    if (json->escaped) {
        char *plain = jc_arena_alloc(reader->arena, json->raw.len);
        if (!plain)
            return fail_large(reader);
        text = (struct jc_str){plain, jc_json_unescape(json, plain)};
    }
    if (!text.len)
        return JC_OK;
    uint8_t *data = jc_arena_alloc(reader->arena, jc_base64_space(text.len));
    if (!data)
        return fail_large(reader);
    if (!jc_base64_read(text, data, &bytes->len))
        return fail_value(reader, path, "base64");
    bytes->data = data;
    return JC_OK;
}

/* A number is taken as it is, as in the binary form. *known: false for a name that is to be ignored. */
static enum jc_code read_enum(struct reader *reader, const ProtobufCFieldDescriptor *field, void *slot, bool *known,
                              const struct jc_field_path *path) {
    const ProtobufCEnumDescriptor *descriptor = field->descriptor;
    char buf[SHORT_MAX_BYTES], name[JC_PROTO_NAME_MAX + 1];
    struct jc_str text = {"", 0};
    int64_t number;
    if (reader->json.token == JC_JSON_NUMBER && take_signed(&reader->json, 32, &number)) {
        *(int32_t *)slot = (int32_t)number;
        return JC_OK;
    }
    if (reader->json.token != JC_JSON_STRING)
        return fail_value(reader, path, descriptor->name);
    const ProtobufCEnumValue *value = NULL;
    if (short_text(&reader->json, buf, &text) && text.len < sizeof name && !memchr(text.ptr, '\0', text.len)) {
        memcpy(name, text.ptr, text.len);
        name[text.len] = '\0';
        value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);
    }
    *known = value != NULL;
    if (!value)
        return reader->options.ignore_unknown ? JC_OK : fail_value(reader, path, descriptor->name);
    *(int32_t *)slot = value->value;
    return JC_OK;
}

/* --- reading: Timestamp --------------------------------------------------------------------------------------- */

/* "2023-01-31T09:00:00" is 19 bytes. */
enum { TO_SECONDS = 19, T_AT = 10, SECOND_AT = 17 };

/* The digits of a fraction as nanoseconds; false unless there are one to nine. */
static bool take_nanos(struct jc_str *rest, int32_t *nanos) {
    int32_t unit = NANOS;
    *nanos = 0;
    if (!rest->len || rest->ptr[0] != '.')
        return true;
    size_t i = 1;
    for (; i < rest->len && rest->ptr[i] >= '0' && rest->ptr[i] <= '9' && unit > 1; i++) {
        unit /= 10;
        *nanos += (rest->ptr[i] - '0') * unit;
    }
    *rest = (struct jc_str){rest->ptr + i, rest->len - i};
    return i > 1;
}

/* RFC 3339 as ProtoJSON wants it: capital T and Z, no leap second, the years 1 to 9999. */
static bool parse_time(struct jc_str text, int64_t *seconds, int32_t *nanos) {
    char whole[TO_SECONDS + 6];
    int64_t ms;
    if (text.len < TO_SECONDS || text.ptr[T_AT] != 'T' || text.ptr[SECOND_AT] == '6')
        return false;
    struct jc_str rest = {text.ptr + TO_SECONDS, text.len - TO_SECONDS};
    if (!take_nanos(&rest, nanos) || rest.len > sizeof whole - TO_SECONDS || !rest.len || rest.ptr[0] == 'z' ||
        rest.ptr[0] == '.')
        return false;
    memcpy(whole, text.ptr, TO_SECONDS);
    memcpy(whole + TO_SECONDS, rest.ptr, rest.len);
    if (!jc_time_parse((struct jc_str){whole, TO_SECONDS + rest.len}, &ms))
        return false;
    *seconds = ms / 1000;
    return *seconds >= JC_PROTO_FIRST_SECOND && *seconds <= JC_PROTO_LAST_SECOND;
}

static enum jc_code read_time(struct reader *reader, ProtobufCMessage *message, const struct jc_field_path *path) {
    char buf[SHORT_MAX_BYTES];
    struct jc_str text;
    if (reader->json.token != JC_JSON_STRING || !short_text(&reader->json, buf, &text) ||
        !parse_time(text, jc_proto_seconds(message), jc_proto_nanos(message)))
        return fail_value(reader, path, "2023-01-31T09:00:00Z");
    return JC_OK;
}

/* --- reading: messages ------------------------------------------------------------------------------------------ */

static enum jc_code read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                 ProtobufCMessage **out, const struct jc_field_path *path);

/* One value, whose first token is at hand, into its place. */
static enum jc_code read_value(struct reader *reader, const ProtobufCFieldDescriptor *field, void *slot, bool *known,
                               const struct jc_field_path *path) {
    *known = true;
    if (++reader->values > JC_MESSAGE_VALUES)
        return fail_many(reader);
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return read_int32(reader, slot, path);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_int64(reader, slot, path);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return read_uint32(reader, slot, path);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_uint64(reader, slot, path);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(reader, slot, path);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reader, field, slot, known, path);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reader, slot, path);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reader, slot, path);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(reader, field->descriptor, slot, path);
    default: /* float and double: the contract has none */
        return fail_value(reader, path, "-");
    }
}

/* Items of the array whose `[` is at hand; at most one more than are allowed. */
static size_t count_items(struct jc_json ahead) {
    size_t count = 0;
    while (count <= JC_MESSAGE_VALUES && jc_json_next(&ahead) != JC_JSON_ARRAY_END) {
        count++; /* a broken one too: reading it begins with its place */
        if (!jc_json_skip(&ahead))
            break;
    }
    return count;
}

static enum jc_code read_list(struct reader *reader, const ProtobufCFieldDescriptor *field,
                              const ProtobufCMessage *message, const struct jc_field_path *path) {
    if (reader->json.token != JC_JSON_ARRAY)
        return fail_value(reader, path, "[]");
    size_t room = count_items(reader->json), size = jc_proto_item_size(field->type);
    size_t *count = jc_proto_member(message, field->quantifier_offset);
    if (room > JC_MESSAGE_VALUES - reader->values)
        return fail_many(reader);
    char *items = jc_arena_array(reader->arena, room, size);
    if (!items)
        return fail_large(reader);
    *(void **)jc_proto_member(message, field->offset) = items;
    while (jc_json_next(&reader->json) != JC_JSON_ARRAY_END) {
        bool known;
        void *slot = items + *count * size;
        if (reader->json.token == JC_JSON_BAD)
            return fail_json(reader, path);
        if (field->type == PROTOBUF_C_TYPE_STRING)
            *(char **)slot = (char *)protobuf_c_empty_string;
        enum jc_code code = read_value(reader, field, slot, &known, path);
        if (code)
            return code;
        *count += known;
    }
    return JC_OK;
}

/* Marks a field that can be told apart from one that was never set. */
static void mark_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    bool pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *jc_proto_choice(message, field) = field->id;
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && !pointer)
        *(protobuf_c_boolean *)jc_proto_member(message, field->quantifier_offset) = 1;
}

/* The value of a member, whose first token is at hand and is not null. */
static enum jc_code read_field(struct reader *reader, const ProtobufCFieldDescriptor *field,
                               const ProtobufCMessage *message, const struct jc_field_path *path) {
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(reader, field, message, path);
    bool one_of = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0, known;
    if (one_of && *jc_proto_choice(message, field))
        return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_ONEOF, path, JC_STR(""));
    void *slot = jc_proto_member(message, field->offset);
    if (field->type == PROTOBUF_C_TYPE_STRING)
        *(char **)slot = (char *)protobuf_c_empty_string; /* in a oneof or optional there is none yet */
    enum jc_code code = read_value(reader, field, slot, &known, path);
    if (!code && known)
        mark_present(message, field);
    return code;
}

/* The member whose name is at hand, up to the end of its value. */
static enum jc_code read_member(struct reader *reader, const ProtobufCMessage *message, uint64_t seen[FIELDS_MAX / 64],
                                const struct jc_field_path *parent) {
    char buf[SHORT_MAX_BYTES];
    struct jc_str name;
    const ProtobufCFieldDescriptor *field =
        short_text(&reader->json, buf, &name) ? find_field(message->descriptor, name) : NULL;
    if (!field && !reader->options.ignore_unknown)
        return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_UNKNOWN, parent, name);
    struct jc_field_path path = {parent, field ? field->name : "", parent ? parent->depth + 1 : 1};
    if (!jc_json_next(&reader->json))
        return fail_json(reader, field ? &path : parent);
    if (!field)
        return jc_json_skip(&reader->json) ? JC_OK : fail_json(reader, parent);
    size_t index = (size_t)(field - message->descriptor->fields);
    uint64_t bit = UINT64_C(1) << (index % 64);
    if (seen[index / 64] & bit)
        return jc_field_fail(reader->err, JC_INVALID_ARGUMENT, JC_MSG_JSON_TWICE, &path, JC_STR(""));
    seen[index / 64] |= bit;
    return reader->json.token == JC_JSON_NULL ? JC_OK : read_field(reader, field, message, &path);
}

/* The message whose first token is at hand. */
static enum jc_code read_message(struct reader *reader, const ProtobufCMessageDescriptor *descriptor,
                                 ProtobufCMessage **out, const struct jc_field_path *path) {
    uint64_t seen[FIELDS_MAX / 64] = {0};
    assert(descriptor->n_fields <= FIELDS_MAX);
    if (reader->json.token != (jc_proto_is_time(descriptor) ? JC_JSON_STRING : JC_JSON_OBJECT))
        return fail_value(reader, path, jc_proto_is_time(descriptor) ? "2023-01-31T09:00:00Z" : "{}");
    ProtobufCMessage *message = jc_arena_alloc(reader->arena, descriptor->sizeof_message);
    if (!message)
        return fail_large(reader);
    protobuf_c_message_init(descriptor, message);
    *out = message;
    if (jc_proto_is_time(descriptor))
        return read_time(reader, message, path);
    while (jc_json_next(&reader->json) != JC_JSON_OBJECT_END) {
        enum jc_code code =
            reader->json.token == JC_JSON_BAD ? fail_json(reader, path) : read_member(reader, message, seen, path);
        if (code)
            return code;
    }
    return JC_OK;
}

enum jc_code jc_message_from_json(const ProtobufCMessageDescriptor *descriptor, struct jc_str text,
                                  struct jc_proto_json options, struct jc_arena *arena, ProtobufCMessage **out,
                                  struct jc_err *err) {
    struct reader reader = {.options = options, .arena = arena, .err = err};
    jc_json_init(&reader.json, text);
    if (!jc_json_next(&reader.json))
        return fail_json(&reader, NULL);
    enum jc_code code = read_message(&reader, descriptor, out, NULL);
    if (!code && jc_json_next(&reader.json) != JC_JSON_END)
        code = fail_json(&reader, NULL);
    return code;
}
