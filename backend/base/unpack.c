/* The input is copied once; texts and bytes are views of the copy. A text needs a NUL behind it, where the next tag
 * stands: it is put there once that tag has been read, or at the end, where the copy has one byte more.
 *
 * Usual are: known fields of the types that the contract has, their tags in one or two bytes; the items of a list one
 * after the other (lists of numbers packed); one value of a oneof, and one of each message that is no list. Everything
 * else, and everything that is wrong, gives up, so what is unusual means what protobuf-c says it means.
 *
 * What must never happen: a length is believed before it is compared with what is left; a NUL is put on a byte that is
 * still to be read. */
#include "base/unpack.h"

#include <string.h>

#include "base/message.h"
#include "base/proto_field.h"
#include "base/text.h"

enum {
    WIRE_VARINT = 0,
    WIRE_BYTES = 2,
    NUMBER_BYTES = 9, /* a tenth holds a single bit, of negative numbers */
    LENGTH_BYTES = 5, /* protobuf-c reads no more */
    MEMORY_MAX = 1 << 20,
};

/* Every value takes a byte of the input at least. */
_Static_assert((int)JC_UNPACK_MAX <= (int)JC_MESSAGE_VALUES && (int)JC_UNPACK_MAX <= (int)JC_MESSAGE_TEXT,
               "no limit can be passed");

struct unpack {
    struct jc_arena *arena;
    size_t memory_max; /* what is used of the arena by then */
    char *at;          /* in the copy */
    char *text_end;    /* of the text before `at`, which has no NUL yet; NULL: none */
};

static void end_text(struct unpack *u) {
    if (u->text_end)
        *u->text_end = '\0';
    u->text_end = NULL;
}

static bool take_varint(struct unpack *u, const char *end, unsigned bytes_max, uint64_t *out) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes_max && u->at < end; i++) {
        uint64_t byte = (unsigned char)*u->at++;
        value |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* The field's number and wire type, in one or two bytes. */
static bool take_tag(struct unpack *u, const char *end, unsigned *tag) {
    unsigned first = (unsigned char)*u->at++;
    *tag = first;
    if (first >= 0x80) {
        if (u->at == end || (unsigned char)*u->at >= 0x80)
            return false;
        *tag = (first & 0x7f) | (unsigned)(unsigned char)*u->at++ << 7;
    }
    end_text(u);
    return *tag >> 3 != 0;
}

/* The bytes of a value with a length; `at` stands behind them. */
static bool take_bytes(struct unpack *u, const char *end, char **begin, size_t *len) {
    uint64_t size;
    if (!take_varint(u, end, LENGTH_BYTES, &size) || size > (size_t)(end - u->at))
        return false;
    *begin = u->at;
    *len = (size_t)size;
    u->at += size;
    return true;
}

static void *take_memory(struct unpack *u, size_t size) {
    return jc_arena_used(u->arena) <= u->memory_max ? jc_arena_alloc(u->arena, size) : NULL;
}

/* Fields are mostly written in the order of their numbers, which is the descriptor's. */
static const ProtobufCFieldDescriptor *find_field(const ProtobufCMessageDescriptor *descriptor, unsigned number,
                                                  unsigned *hint) {
    unsigned i = *hint < descriptor->n_fields && descriptor->fields[*hint].id <= number ? *hint : 0;
    while (i < descriptor->n_fields && descriptor->fields[i].id < number)
        i++;
    *hint = i;
    return i < descriptor->n_fields && descriptor->fields[i].id == number ? &descriptor->fields[i] : NULL;
}

/* --- values ------------------------------------------------------------------------------------------- */

static bool set_number(ProtobufCType type, uint64_t value, void *slot) {
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)slot = value != 0;
        return true;
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
        *(uint32_t *)slot = (uint32_t)value;
        return true;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)slot = value;
        return true;
    default:
        return false;
    }
}

static bool read_number(struct unpack *u, const char *end, ProtobufCType type, void *slot) {
    uint64_t value;
    return take_varint(u, end, NUMBER_BYTES, &value) && set_number(type, value, slot);
}

static bool read_text(struct unpack *u, const char *end, char **slot) {
    size_t len;
    if (!take_bytes(u, end, slot, &len) || !jc_text_valid((struct jc_str){*slot, len}, NULL))
        return false;
    u->text_end = u->at;
    return true;
}

static bool read_bytes(struct unpack *u, const char *end, ProtobufCBinaryData *slot) {
    char *begin;
    if (!take_bytes(u, end, &begin, &slot->len))
        return false;
    slot->data = slot->len ? (uint8_t *)begin : NULL;
    return true;
}

static bool read_fields(struct unpack *u, const char *end, ProtobufCMessage *message, int depth);

static ProtobufCMessage *new_message(struct unpack *u, const ProtobufCMessageDescriptor *descriptor) {
    ProtobufCMessage *message = descriptor->message_init ? take_memory(u, descriptor->sizeof_message) : NULL;
    if (message)
        descriptor->message_init(message);
    return message;
}

static bool read_message(struct unpack *u, const char *end, const ProtobufCMessageDescriptor *descriptor, int depth,
                         ProtobufCMessage **slot) {
    char *begin;
    size_t len;
    if (*slot || depth + 1 >= JC_MESSAGE_DEPTH || !take_bytes(u, end, &begin, &len))
        return false;
    *slot = new_message(u, descriptor);
    u->at = begin;
    return *slot && read_fields(u, begin + len, *slot, depth + 1);
}

static bool read_value(struct unpack *u, const char *end, const ProtobufCFieldDescriptor *field, unsigned wire,
                       int depth, void *slot) {
    if (wire == WIRE_VARINT)
        return read_number(u, end, field->type, slot);
    switch (wire == WIRE_BYTES ? field->type : PROTOBUF_C_TYPE_FLOAT) {
    case PROTOBUF_C_TYPE_STRING:
        return read_text(u, end, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(u, end, slot);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(u, end, field->descriptor, depth, slot);
    default:
        return false;
    }
}

/* --- lists -------------------------------------------------------------------------------------------- */

/* Numbers in the bytes of a packed list: the last byte of each has no top bit. */
static size_t count_numbers(const char *bytes, size_t len) {
    size_t ends = 0;
    for (size_t i = 0; i < len; i++)
        ends += !((unsigned char)bytes[i] & 0x80);
    return ends;
}

static bool read_packed(struct unpack *u, const char *end, ProtobufCType type, size_t *count, void **list) {
    char *begin;
    size_t len, size = jc_proto_item_size(type);
    if (!take_bytes(u, end, &begin, &len))
        return false;
    *count = count_numbers(begin, len);
    *list = *count ? take_memory(u, *count * size) : NULL;
    if (*count && !*list)
        return false;
    const char *list_end = u->at;
    u->at = begin;
    for (size_t i = 0; i < *count; i++)
        if (!read_number(u, list_end, type, (char *)*list + i * size))
            return false;
    return u->at == list_end;
}

/* Items from `at`, where the length of the first one stands, that have the same tag before them. */
static size_t count_items(const struct unpack *u, const char *end, unsigned tag) {
    struct unpack ahead = {.at = u->at};
    size_t count = 0, len;
    char *begin;
    for (unsigned next = tag; next == tag; count++) {
        if (!take_bytes(&ahead, end, &begin, &len))
            return 0;
        if (ahead.at == end || !take_tag(&ahead, end, &next))
            next = 0;
    }
    return count;
}

static bool read_items(struct unpack *u, const char *end, const ProtobufCFieldDescriptor *field, unsigned tag,
                       int depth, size_t *count, void **list) {
    size_t size = jc_proto_item_size(field->type);
    *count = count_items(u, end, tag);
    *list = *count ? take_memory(u, *count * size) : NULL;
    if (!*list)
        return false;
    for (size_t i = 0; i < *count; i++) {
        unsigned same;
        if (i && !take_tag(u, end, &same))
            return false;
        if (!read_value(u, end, field, WIRE_BYTES, depth, (char *)*list + i * size))
            return false;
    }
    return true;
}

static bool read_list(struct unpack *u, const char *end, const ProtobufCFieldDescriptor *field, unsigned tag, int depth,
                      ProtobufCMessage *message) {
    size_t *count = jc_proto_member(message, field->quantifier_offset);
    void **list = jc_proto_member(message, field->offset);
    if (*count || (tag & 7) != WIRE_BYTES)
        return false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_items(u, end, field, tag, depth, count, list);
    default:
        return read_packed(u, end, field->type, count, list);
    }
}

/* --- messages ----------------------------------------------------------------------------------------- */

/* The field is said to be set: in its oneof, or by its own mark. False if another of the oneof is. */
static bool note_set(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field) {
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t *choice = jc_proto_choice(message, field);
        bool first = !*choice;
        *choice = field->id;
        return first;
    }
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset)
        *(protobuf_c_boolean *)jc_proto_member(message, field->quantifier_offset) = 1;
    return true;
}

static bool read_fields(struct unpack *u, const char *end, ProtobufCMessage *message, int depth) {
    unsigned hint = 0, tag;
    while (u->at < end) {
        if (!take_tag(u, end, &tag))
            return false;
        const ProtobufCFieldDescriptor *field = find_field(message->descriptor, tag >> 3, &hint);
        if (!field || field->label == PROTOBUF_C_LABEL_REQUIRED)
            return false;
        bool good = field->label == PROTOBUF_C_LABEL_REPEATED
                        ? read_list(u, end, field, tag, depth, message)
                        : note_set(message, field) &&
                              read_value(u, end, field, tag & 7, depth, jc_proto_member(message, field->offset));
        if (!good)
            return false;
    }
    return true;
}

ProtobufCMessage *jc_unpack_usual(const ProtobufCMessageDescriptor *descriptor, struct jc_str bytes,
                                  struct jc_arena *arena) {
    if (bytes.len > JC_UNPACK_MAX)
        return NULL;
    struct jc_str copy = jc_arena_copy(arena, bytes);
    struct unpack u = {.arena = arena, .memory_max = jc_arena_used(arena) + MEMORY_MAX, .at = (char *)copy.ptr};
    ProtobufCMessage *message = copy.ptr ? new_message(&u, descriptor) : NULL;
    if (!message || !read_fields(&u, copy.ptr + copy.len, message, 0))
        return NULL;
    end_text(&u);
    return message;
}
