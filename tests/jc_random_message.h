/* Random messages of any type of the contract, made from its descriptor: every field is set or left out,
 * numbers lie at the ends of their range as often as between, text holds what JSON must escape. */
#ifndef JC_RANDOM_MESSAGE_H
#define JC_RANDOM_MESSAGE_H

#include "base/arena.h"
#include "base/proto_field.h"
#include "jc_test.h"

struct dice {
    uint64_t state; /* not 0 */
    struct jc_arena *arena;
    int items; /* the most in a list */
};

static inline uint64_t roll(struct dice *dice) {
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return dice->state;
}

static inline size_t roll_below(struct dice *dice, size_t n) {
    return (size_t)(roll(dice) >> 11) % n;
}

static inline uint64_t roll_number(struct dice *dice) {
    static const uint64_t ENDS[] = {
        0,         1, 10, 1000000, INT32_MAX, (uint64_t)INT32_MAX + 1, UINT32_MAX, INT64_MAX, (uint64_t)INT64_MAX + 1,
        UINT64_MAX};
    return roll_below(dice, 2) ? ENDS[roll_below(dice, COUNT(ENDS))] : roll(dice) >> roll_below(dice, 64);
}

static inline char *roll_text(struct dice *dice) {
    static const char *const PIECES[] = {
        "a", "unit-7",           "\"",           "\\",      "/",    "\n", "\x01", "\x1f", "\x7f", "淮南市",
        "é", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\\u0041", "null", " "};
    char text[256] = "";
    size_t len = 0;
    for (size_t n = roll_below(dice, 8); n; n--) {
        const char *piece = PIECES[roll_below(dice, COUNT(PIECES))];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
    }
    return (char *)jc_arena_copy(dice->arena, jc_str(text)).ptr;
}

static inline ProtobufCMessage *roll_message(struct dice *dice, const ProtobufCMessageDescriptor *descriptor);

static inline void roll_value(struct dice *dice, const ProtobufCFieldDescriptor *field, void *slot) {
    const ProtobufCEnumDescriptor *names = field->descriptor;
    ProtobufCBinaryData *bytes = slot;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        *(char **)slot = roll_text(dice);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        bytes->len = roll_below(dice, 40);
        bytes->data = bytes->len ? jc_arena_alloc(dice->arena, bytes->len) : NULL;
        for (size_t i = 0; i < bytes->len; i++)
            bytes->data[i] = (uint8_t)roll(dice);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)slot = roll_message(dice, field->descriptor);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)slot = (protobuf_c_boolean)roll_below(dice, 2);
        break;
    case PROTOBUF_C_TYPE_ENUM: /* once in a while one that has no name */
        *(int32_t *)slot = roll_below(dice, 10) ? names->values[roll_below(dice, names->n_values)].value : 77777;
        break;
    default:
        if (jc_proto_is_long(field->type))
            *(uint64_t *)slot = roll_number(dice);
        else
            *(uint32_t *)slot = (uint32_t)roll_number(dice);
    }
}

static inline void roll_time(struct dice *dice, const ProtobufCMessage *time) {
    static const int64_t SECONDS[] = {JC_PROTO_FIRST_SECOND, JC_PROTO_LAST_SECOND, 0, -1, 951782400, 1672531199};
    static const int32_t NANOS[] = {0, 1, 999999999, 120000000, 123456000, 1000, 999000};
    const uint64_t span = (uint64_t)(JC_PROTO_LAST_SECOND - JC_PROTO_FIRST_SECOND + 1);
    *jc_proto_seconds(time) = roll_below(dice, 2) ? SECONDS[roll_below(dice, COUNT(SECONDS))]
                                                  : JC_PROTO_FIRST_SECOND + (int64_t)(roll(dice) % span);
    *jc_proto_nanos(time) = NANOS[roll_below(dice, COUNT(NANOS))];
}

/* Of a oneof each later field takes the place of an earlier one or leaves it. */
static inline void roll_single(struct dice *dice, const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field) {
    void *slot = jc_proto_member(message, field->offset);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*jc_proto_choice(message, field) && roll_below(dice, 2))
            return;
        memset(slot, 0, field->type == PROTOBUF_C_TYPE_BYTES ? sizeof(ProtobufCBinaryData) : sizeof(uint64_t));
        *jc_proto_choice(message, field) = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type != PROTOBUF_C_TYPE_STRING &&
               field->type != PROTOBUF_C_TYPE_MESSAGE) {
        *(protobuf_c_boolean *)jc_proto_member(message, field->quantifier_offset) = 1;
    }
    roll_value(dice, field, slot);
}

static inline ProtobufCMessage *roll_message(struct dice *dice, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = jc_arena_alloc(dice->arena, descriptor->sizeof_message);
    assert_non_null(message);
    protobuf_c_message_init(descriptor, message);
    if (jc_proto_is_time(descriptor)) {
        roll_time(dice, message);
        return message;
    }
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (roll_below(dice, 3) == 0)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            roll_single(dice, message, field);
            continue;
        }
        size_t count = roll_below(dice, (size_t)dice->items + 1), size = jc_proto_item_size(field->type);
        char *items = jc_arena_array(dice->arena, count, size);
        assert_non_null(items);
        for (size_t j = 0; j < count; j++)
            roll_value(dice, field, items + j * size);
        *(size_t *)jc_proto_member(message, field->quantifier_offset) = count;
        *(void **)jc_proto_member(message, field->offset) = items;
    }
    return message;
}

#endif
