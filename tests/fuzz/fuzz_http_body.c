/* The body of a request from anybody, as a procedure receives it: decompressed, checked, unpacked.
 *
 * The first byte chooses the procedure, the second whether the rest is gzip. Whatever is accepted holds
 * valid text in every string, packs, and unpacks to the same bytes. */
#include "base/message.h"
#include "base/text.h"
#include "fuzz.h"
#include "http/gzip.h"
#include "rpc/procedure.h"

enum { BODY_MAX = 1 << 20, ARENA_MAX = 16 << 20 };

static void check_message(const ProtobufCMessage *message);

static void check_string(const char *text) {
    PROMISE(jc_text_valid(jc_str(text), NULL));
}

/* One field of a message: a pointer for repeated ones, the value itself for single ones. */
static void check_value(const ProtobufCFieldDescriptor *field, const void *value) {
    if (field->type == PROTOBUF_C_TYPE_STRING)
        check_string(*(const char *const *)value);
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE && *(const ProtobufCMessage *const *)value)
        check_message(*(const ProtobufCMessage *const *)value);
}

static void check_message(const ProtobufCMessage *message) {
    const char *base = (const char *)message;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        bool chosen = !(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
                      *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            if (chosen)
                check_value(field, base + field->offset);
            continue;
        }
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        const char *const *items = *(const char *const *const *)(const void *)(base + field->offset);
        bool pointers = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
        for (size_t j = 0; pointers && j < count; j++)
            check_value(field, &items[j]);
    }
}

/* What was read is written and read again, and is the same when written once more. */
static void round_trip(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str once, twice;
    struct jc_err err;
    ProtobufCMessage *again;
    if (jc_message_pack(message, arena, &once, &err))
        return;
    enum jc_code code = jc_message_unpack(message->descriptor, once, arena, &again, &err);
    PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    if (code || jc_message_pack(again, arena, &twice, &err))
        return;
    PROMISE(jc_str_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_err err;
    struct jc_buf plain;
    ProtobufCMessage *message;
    size_t procedures;
    const struct jc_procedure *table = jc_procedure_table(&procedures);
    if (size < 2)
        return 0;
    struct jc_arena *arena = jc_arena_new(ARENA_MAX);
    const ProtobufCMessageDescriptor *descriptor = jc_procedure_request(&table[data[0] % procedures]);
    struct jc_str body = {(const char *)data + 2, size - 2};
    jc_buf_init(&plain, BODY_MAX);
    enum jc_code code = JC_OK;
    if (data[1] & 1) {
        code = jc_gunzip(body, &plain, &err);
        PROMISE(code == JC_OK || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
        PROMISE(plain.len <= BODY_MAX);
        body = jc_buf_str(&plain);
    }
    if (!code)
        code = jc_message_unpack(descriptor, body, arena, &message, &err);
    PROMISE(code == JC_OK || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
    if (!code) {
        check_message(message);
        round_trip(message, arena);
    }
    jc_buf_free(&plain);
    jc_arena_free(arena);
    return 0;
}
