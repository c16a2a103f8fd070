/* One pass over the operations in order makes hashes and links (an operation without `previous` follows
 * the one before it in the request), one pass backwards finds the seal that covers each: the nearest
 * behind it that is reached without a hole in the chain.
 *
 * Costs: two SHA-256 per operation and the unpacking of its body. */
#include "sync/prepare.h"

#include <string.h>

#include "base/message.h"

enum {
    EAGER_BODY = 64 << 10,   /* larger bodies are unpacked by the job, one at a time */
    EAGER_TOTAL = 8 << 20,   /* and all of them once this much is in use */
    DECODE_LARGE = 16 << 20, /* a body that fills this much of its arena is too large, whatever the machine */
};

/* --- one operation ------------------------------------------------------------------------------------ */

static enum jc_code take_body(struct jc_sync_operation *operation, struct jc_arena *arena, struct jc_err *err) {
    const Jc__Operation *wire = operation->wire;
    operation->body = jc_view(wire->body);
    if (!operation->body.len && wire->plain) {
        enum jc_code code = jc_message_pack(&wire->plain->base, arena, &operation->body, err);
        if (code)
            return code;
    }
    jc_sha256(operation->body, operation->body_sha256);
    return JC_OK;
}

static enum jc_code take_dependencies(struct jc_sync_operation *operation, struct jc_arena *arena, struct jc_err *err) {
    const Jc__Operation *wire = operation->wire;
    size_t len = 0;
    if (wire->n_depends_on == 1) { /* nearly always at most one */
        operation->depends_on = jc_view(wire->depends_on[0]);
        return JC_OK;
    }
    for (size_t i = 0; i < wire->n_depends_on; i++)
        len += wire->depends_on[i].len;
    char *bytes = jc_arena_alloc(arena, len);
    if (!bytes)
        return jc_fail_memory(err);
    operation->depends_on = (struct jc_str){bytes, len};
    for (size_t i = 0; i < wire->n_depends_on; i++) {
        if (wire->depends_on[i].len)
            memcpy(bytes, wire->depends_on[i].data, wire->depends_on[i].len);
        bytes += wire->depends_on[i].len;
    }
    return JC_OK;
}

enum jc_code jc_sync_decode(struct jc_str body, struct jc_arena *arena, const Jc__OperationBody **out,
                            enum jc_ground *ground, struct jc_str *ground_arg, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    size_t before = jc_arena_used(arena);
    enum jc_code code = JC_RESOURCE_EXHAUSTED;
    *out = NULL;
    *ground_arg = (struct jc_str){0};
    if (body.len <= JC_SYNC_BODY_MAX)
        code = jc_message_unpack(&jc__operation_body__descriptor, body, arena, &message, err);
    if (code == JC_OK) {
        *out = (const Jc__OperationBody *)message;
    } else if (code == JC_INVALID_ARGUMENT && err->what == JC_MSG_MESSAGE_TEXT) {
        *ground = JC_GROUND_TEXT;
        *ground_arg = jc_arena_copy(arena, err->arg[0]); /* `err` is used again */
        return ground_arg->ptr ? JC_OK : jc_fail_memory(err);
    } else if (code == JC_INVALID_ARGUMENT) {
        *ground = JC_GROUND_BODY_MALFORMED;
    } else if (body.len > JC_SYNC_BODY_MAX || jc_arena_used(arena) - before > DECODE_LARGE) {
        *ground = JC_GROUND_BODY_LARGE; /* the limit of this body, not of the machine */
    } else {
        return code;
    }
    return JC_OK;
}

static enum jc_code decode_early(struct jc_sync_operation *operation, struct jc_arena *arena, struct jc_err *err) {
    operation->decoded = operation->body.len <= EAGER_BODY && jc_arena_used(arena) <= EAGER_TOTAL;
    return operation->decoded ? jc_sync_decode(operation->body, arena, &operation->message, &operation->ground,
                                               &operation->ground_arg, err)
                              : JC_OK;
}

/* --- chain and seals ------------------------------------------------------------------------------------ */

static bool follows(const struct jc_sync_operation *operation, const struct jc_sync_operation *before) {
    return operation->chained && before->chained &&
           memcmp(operation->previous, before->link, sizeof operation->previous) == 0;
}

/* `before` is NULL for the first. */
static void link_up(struct jc_sync_operation *operation, const struct jc_sync_operation *before) {
    ProtobufCBinaryData previous = operation->wire->previous;
    if (previous.len == JC_SHA256_SIZE)
        memcpy(operation->previous, previous.data, JC_SHA256_SIZE);
    else if (!previous.len && before && before->chained)
        memcpy(operation->previous, before->link, JC_SHA256_SIZE);
    else
        return;
    operation->chained = true;
    jc_link(operation->previous, operation->id, operation->body_sha256, operation->depends_on, operation->link);
}

/* What there is to be verified; a wrong size needs no key. */
static enum jc_voucher voucher_of(ProtobufCBinaryData signature) {
    if (!signature.len)
        return JC_VOUCHER_NONE;
    return signature.len == JC_SIGNATURE_SIZE ? JC_VOUCHER_UNKNOWN : JC_VOUCHER_WRONG;
}

static enum jc_voucher voucher_if(bool holds) {
    return holds ? JC_VOUCHER_HOLDS : JC_VOUCHER_WRONG;
}

static void find_seals(struct jc_sync_prepared *prepared) {
    struct jc_sync_operation *operations = prepared->operations;
    size_t count = prepared->request->n_operations;
    for (size_t i = count; i-- > 0;) {
        bool next = i + 1 < count && follows(&operations[i + 1], &operations[i]);
        operations[i].sealed_by = -1;
        if (operations[i].chained && operations[i].seal != JC_VOUCHER_NONE)
            operations[i].sealed_by = (int)i;
        else if (next)
            operations[i].sealed_by = operations[i + 1].sealed_by;
    }
}

/* --- the request ---------------------------------------------------------------------------------------- */

static enum jc_code prepare(struct jc_sync_operation *operation, const struct jc_sync_operation *before,
                            struct jc_arena *arena, struct jc_err *err) {
    const Jc__Operation *wire = operation->wire;
    operation->named = wire->id.len == JC_UUID_SIZE;
    if (!operation->named)
        return JC_OK;
    memcpy(operation->id.bytes, wire->id.data, JC_UUID_SIZE);
    enum jc_code code = take_body(operation, arena, err);
    if (!code)
        code = take_dependencies(operation, arena, err);
    if (!code)
        code = decode_early(operation, arena, err);
    if (code)
        return code;
    link_up(operation, before);
    operation->signature = voucher_of(wire->signature);
    operation->seal = operation->chained ? voucher_of(wire->seal) : JC_VOUCHER_NONE;
    return JC_OK;
}

enum jc_code jc_sync_prepare(const Jc__SyncRequest *request, struct jc_arena *arena, struct jc_sync_prepared **out,
                             struct jc_err *err) {
    char limit[JC_NUMBER_TEXT], shown[JC_NUMBER_TEXT];
    size_t count = request->n_operations;
    if (count > JC_SYNC_OPERATIONS_MAX)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_SYNC_TOO_MANY, jc_str_from_int64(JC_SYNC_OPERATIONS_MAX, limit),
                       jc_str_from_int64((int64_t)count, shown));
    struct jc_sync_prepared *prepared = JC_NEW(arena, struct jc_sync_prepared);
    struct jc_sync_operation *operations = JC_NEW_ARRAY(arena, count, struct jc_sync_operation);
    enum jc_code code = prepared && operations ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++) {
        operations[i].wire = request->operations[i];
        code = prepare(&operations[i], i ? &operations[i - 1] : NULL, arena, err);
    }
    if (code)
        return code;
    prepared->request = request;
    prepared->operations = operations;
    find_seals(prepared);
    *out = prepared;
    return JC_OK;
}

/* --- vouching ------------------------------------------------------------------------------------------- */

void jc_sync_vouch(struct jc_sync_prepared *prepared, struct jc_str public_key) {
    if (prepared->vouched)
        return;
    prepared->vouched = true;
    prepared->must_sign = public_key.len == JC_SIGN_PUBLIC_SIZE;
    if (!prepared->must_sign)
        return;
    memcpy(prepared->public_key, public_key.ptr, JC_SIGN_PUBLIC_SIZE);
    for (size_t i = 0; i < prepared->request->n_operations; i++) {
        struct jc_sync_operation *operation = &prepared->operations[i];
        const Jc__Operation *wire = operation->wire;
        if (operation->signature == JC_VOUCHER_UNKNOWN)
            operation->signature =
                voucher_if(jc_sign_verify(operation->body, wire->signature.data, prepared->public_key));
        if (operation->seal == JC_VOUCHER_UNKNOWN)
            operation->seal = voucher_if(jc_seal_verify(operation->link, wire->seal.data, prepared->public_key));
    }
}

bool jc_sync_is_sealed_whole(const struct jc_sync_prepared *prepared) {
    int last = (int)prepared->request->n_operations - 1;
    for (int i = 0; i <= last; i++) {
        const struct jc_sync_operation *operation = &prepared->operations[i];
        bool chained = operation->named && operation->chained && operation->signature == JC_VOUCHER_NONE;
        bool sealed_at_end = operation->seal == JC_VOUCHER_NONE ? i < last : i == last;
        if (!chained || !sealed_at_end || (i && !follows(operation, operation - 1)))
            return false;
    }
    return last >= 0;
}

bool jc_sync_seal_holds(const struct jc_sync_prepared *prepared) {
    size_t count = prepared->request->n_operations;
    return count && prepared->operations[count - 1].seal == JC_VOUCHER_HOLDS;
}

bool jc_sync_any_wrong(const struct jc_sync_prepared *prepared) {
    for (size_t i = 0; i < prepared->request->n_operations; i++) {
        const struct jc_sync_operation *operation = &prepared->operations[i];
        if (operation->seal == JC_VOUCHER_WRONG || operation->signature == JC_VOUCHER_WRONG)
            return true;
    }
    return false;
}
