/* JSON from anybody, as a message of any type of the contract: the first byte chooses the type, the second
 * whether unknown fields are ignored. Whatever is accepted is written again, the same every time, and read
 * as the same message; what we write is accepted strictly. */
#include "base/proto_json.h"

#include "base/json.h"
#include "fuzz.h"
#include "jc_contract.inc"

enum { ARENA_MAX = 16 << 20, JSON_MAX = 16 << 20 };

static const ProtobufCMessageDescriptor *const MESSAGES[] = JC_CONTRACT_MESSAGES;

static void check_json(struct jc_str text) {
    struct jc_json json;
    jc_json_init(&json, text);
    PROMISE(jc_json_next(&json) && jc_json_skip(&json) && jc_json_next(&json) == JC_JSON_END);
}

/* What was read, written and read again. */
static void round_trip(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_buf once, twice;
    struct jc_err err;
    struct jc_str before, after;
    ProtobufCMessage *again;
    jc_buf_init(&once, JSON_MAX);
    jc_buf_init(&twice, JSON_MAX);
    enum jc_code code = jc_message_to_json(message, &once, &err);
    PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    if (!code) {
        check_json(jc_buf_str(&once));
        code = jc_message_from_json(message->descriptor, jc_buf_str(&once), (struct jc_proto_json){false}, arena,
                                    &again, &err);
        PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    }
    if (!code && !jc_message_pack(message, arena, &before, &err) && !jc_message_pack(again, arena, &after, &err)) {
        PROMISE(jc_str_eq(before, after));
        PROMISE(jc_message_check(message->descriptor, before, &err) == JC_OK);
    }
    if (!code && jc_message_to_json(again, &twice, &err) == JC_OK)
        PROMISE(jc_str_eq(jc_buf_str(&once), jc_buf_str(&twice)));
    jc_buf_free(&once);
    jc_buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_err err;
    ProtobufCMessage *message;
    if (size < 2)
        return 0;
    struct jc_arena *arena = jc_arena_new(ARENA_MAX);
    const ProtobufCMessageDescriptor *descriptor = MESSAGES[data[0] % (sizeof MESSAGES / sizeof MESSAGES[0])];
    struct jc_str text = {(const char *)data + 2, size - 2};
    const struct jc_proto_json options = {.ignore_unknown = data[1] & 1};
    enum jc_code code = jc_message_from_json(descriptor, text, options, arena, &message, &err);
    PROMISE(code == JC_OK || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
    if (!code) {
        check_json(text);
        round_trip(message, arena);
    }
    jc_arena_free(arena);
    return 0;
}
