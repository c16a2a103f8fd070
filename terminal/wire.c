/* A hole is where an operation was set aside, was sent before, or belongs to another person of this device. The
 * chain goes on over it: `previous` says where, and a seal before it vouches for what came so far. */
#include "terminal/wire.h"
#include "base/message.h"

ProtobufCBinaryData jc_terminal_wire_bytes(struct jc_str bytes) {
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.ptr};
}

static bool follows(const struct jc_terminal_operation *operation, const struct jc_terminal_operation *before) {
    return operation->previous.len > 0 && jc_str_eq(operation->previous, before->link);
}

static bool put_signature(Jc__Operation *operation, const uint8_t *signing, struct jc_arena *arena) {
    uint8_t *signature = jc_arena_alloc(arena, JC_SIGNATURE_SIZE);
    if (!signature)
        return false;
    jc_sign(jc_view(operation->body), signing, signature);
    operation->signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signature};
    return true;
}

static Jc__Operation *wire_one(const struct jc_terminal_operation *from, struct jc_arena *arena) {
    size_t depends = from->depends_on.len / JC_UUID_SIZE;
    Jc__Operation *operation = JC_NEW(arena, Jc__Operation);
    ProtobufCBinaryData *ids = JC_NEW_ARRAY(arena, depends, ProtobufCBinaryData);
    if (!operation || !ids)
        return NULL;
    jc__operation__init(operation);
    operation->id = jc_terminal_uuid_field(arena, from->outcome.operation_id);
    operation->body = jc_terminal_wire_bytes(from->body);
    for (size_t i = 0; i < depends; i++)
        ids[i] = jc_terminal_wire_bytes((struct jc_str){from->depends_on.ptr + i * JC_UUID_SIZE, JC_UUID_SIZE});
    operation->depends_on = ids;
    operation->n_depends_on = depends;
    return operation->id.data ? operation : NULL;
}

/* Place and proof of the i-th. */
static bool put_chain(Jc__Operation *operation, const struct jc_terminal_operations *operations, size_t i,
                      const uint8_t *signing, struct jc_arena *arena) {
    const struct jc_terminal_operation *from = &operations->items[i];
    if (from->previous.len == 0) {
        operation->signature = jc_terminal_wire_bytes(from->seal);
        return true;
    }
    if (i == 0 || !follows(from, from - 1))
        operation->previous = jc_terminal_wire_bytes(from->previous);
    if (i + 1 == operations->count || !follows(from + 1, from))
        operation->seal = jc_terminal_wire_bytes(from->seal);
    return !signing || put_signature(operation, signing, arena);
}

Jc__Operation **jc_terminal_wire(const struct jc_terminal_operations *operations,
                                 const uint8_t signing[JC_SIGN_SECRET_SIZE], struct jc_arena *arena) {
    Jc__Operation **out = JC_NEW_ARRAY(arena, operations->count, Jc__Operation *);
    for (size_t i = 0; out && i < operations->count; i++) {
        out[i] = wire_one(&operations->items[i], arena);
        if (!out[i] || !put_chain(out[i], operations, i, signing, arena))
            return NULL;
    }
    return out;
}
