/* Bytes from anybody, as a message of any type of the contract, which the first byte chooses: what is
 * accepted packs and unpacks to the same bytes, and its JSON, if its times have one, means the same. */
#include "base/message.h"
#include "base/proto_json.h"
#include "fuzz.h"
#include "jc_contract.inc"

enum { ARENA_MAX = 32 << 20, JSON_MAX = 32 << 20 };

static const ProtobufCMessageDescriptor *const MESSAGES[] = JC_CONTRACT_MESSAGES;

static void through_json(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_buf once, twice;
    struct jc_err err;
    ProtobufCMessage *again;
    jc_buf_init(&once, JSON_MAX);
    jc_buf_init(&twice, JSON_MAX);
    enum jc_code code = jc_message_to_json(message, &once, &err);
    PROMISE(code == JC_OK || code == JC_FAILED_PRECONDITION || code == JC_RESOURCE_EXHAUSTED);
    if (!code) {
        code = jc_message_from_json(message->descriptor, jc_buf_str(&once), (struct jc_proto_json){false}, arena,
                                    &again, &err);
        PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    }
    if (!code && jc_message_to_json(again, &twice, &err) == JC_OK)
        PROMISE(jc_str_eq(jc_buf_str(&once), jc_buf_str(&twice)));
    jc_buf_free(&once);
    jc_buf_free(&twice);
}

static void through_bytes(const ProtobufCMessage *message, struct jc_arena *arena) {
    struct jc_str once, twice;
    struct jc_err err;
    ProtobufCMessage *again;
    if (jc_message_pack(message, arena, &once, &err))
        return;
    enum jc_code code = jc_message_unpack(message->descriptor, once, arena, &again, &err);
    PROMISE(code == JC_OK || code == JC_RESOURCE_EXHAUSTED);
    if (!code && jc_message_pack(again, arena, &twice, &err) == JC_OK)
        PROMISE(jc_str_eq(once, twice));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_err err;
    ProtobufCMessage *message;
    if (size < 1)
        return 0;
    struct jc_arena *arena = jc_arena_new(ARENA_MAX);
    const ProtobufCMessageDescriptor *descriptor = MESSAGES[data[0] % (sizeof MESSAGES / sizeof MESSAGES[0])];
    struct jc_str bytes = {(const char *)data + 1, size - 1};
    enum jc_code code = jc_message_unpack(descriptor, bytes, arena, &message, &err);
    PROMISE(code == JC_OK || code == JC_INVALID_ARGUMENT || code == JC_RESOURCE_EXHAUSTED);
    if (!code) {
        through_bytes(message, arena);
        through_json(message, arena);
    }
    jc_arena_free(arena);
    return 0;
}
