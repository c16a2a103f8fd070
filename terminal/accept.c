/* The receipt that comes back as a file after `jiancha ingest`. It is read through once and its signature checked
 * before anything of it counts; each part then settles what its own receipt names, exactly as an answer to a sync
 * does. The same file twice changes nothing the second time.
 *
 * What must never happen: an operation out of the outbox because of a file that is not by the server's key. */
#include <string.h>

#include "base/bundle.h"
#include "base/message.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "terminal/answer.h"
#include "terminal/holder.h"
#include "terminal/receipt.h"

struct accepting {
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    const char *path;
    struct jc_bundle_reader *reader;
    struct jc_terminal_keys keys;
    bool is_receipt;                          /* its header says so */
    const Jc__BundleReceipt *part;            /* being settled */
    struct jc_terminal_accepted *out, before; /* this part */
};

/* --- the file as a whole ----------------------------------------------------------------------------------- */

static enum jc_code unpack(struct accepting *accepting, const ProtobufCMessageDescriptor *type,
                           const struct jc_bundle_frame *frame, ProtobufCMessage **out, struct jc_err *err) {
    struct jc_err why;
    if (jc_message_unpack(type, frame->payload, accepting->arena, out, &why) == JC_OK)
        return JC_OK;
    return why.code == JC_INVALID_ARGUMENT ? jc_bundle_malformed(accepting->reader, frame->number, err)
                                           : jc_fail_memory(err);
}

/* The signature of the END frame, by a key that is known or that the file shows to be endorsed by one. */
static enum jc_code check_end(struct accepting *accepting, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    uint8_t sha256[JC_SHA256_SIZE];
    enum jc_code code = unpack(accepting, &jc__bundle_end__descriptor, frame, &message, err);
    if (code)
        return code;
    const Jc__BundleEnd *end = (const Jc__BundleEnd *)message;
    jc_bundle_hash(accepting->reader, sha256);
    if (end->sha256.len != sizeof sha256 || memcmp(end->sha256.data, sha256, sizeof sha256) != 0 ||
        end->signature.len != JC_SIGNATURE_SIZE)
        return jc_bundle_altered(accepting->reader, err);
    const struct jc_terminal_key *key = jc_terminal_key_find(&accepting->keys, end->key_id);
    if (!key)
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_KEY_UNKNOWN);
    if (!jc_bundle_signed(sha256, end->signature.data, key->public_key))
        return jc_bundle_altered(accepting->reader, err);
    return JC_OK;
}

/* Told before anything is said of keys: the terminal's own bundle would else look like a server with a new key. */
static enum jc_code fail_no_receipt(const struct accepting *accepting, struct jc_err *err) {
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_BUNDLE_NO_RECEIPT, jc_str(accepting->path));
}

/* The first pass: what the file is, its keys, its signature. */
static enum jc_code look(struct accepting *accepting, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = JC_OK;
    switch (frame->type) {
    case JC_BUNDLE_HEADER:
        code = unpack(accepting, &jc__bundle_header__descriptor, frame, &message, err);
        accepting->is_receipt =
            code == JC_OK && ((const Jc__BundleHeader *)message)->kind == JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT;
        return code || accepting->is_receipt ? code : fail_no_receipt(accepting, err);
    case JC_BUNDLE_RECEIPT:
        code = unpack(accepting, &jc__bundle_receipt__descriptor, frame, &message, err);
        if (code)
            return code;
        const Jc__BundleReceipt *part = (const Jc__BundleReceipt *)message;
        return jc_terminal_keys_learn(&accepting->keys, part->server_keys, part->n_server_keys, err);
    case JC_BUNDLE_END:
        return check_end(accepting, frame, err);
    default:
        return JC_OK;
    }
}

/* --- one part of it -------------------------------------------------------------------------------------------- */

/* The operations here that the receipt names; those it names and that are not here are for another terminal. */
static enum jc_code find_operations(struct jc_tx *tx, struct accepting *accepting, struct jc_terminal_operations *out,
                                    struct jc_err *err) {
    const Jc__Receipt *receipt = accepting->part->receipt;
    enum jc_code code = JC_OK;
    *out = (struct jc_terminal_operations){0};
    for (size_t i = 0; code == JC_OK && i < receipt->n_operation_ids; i++) {
        struct jc_terminal_operation operation;
        bool found = false;
        struct jc_uuid id = jc_terminal_uuid_of(receipt->operation_ids[i]);
        code = jc_terminal_operation_get(tx, id, accepting->arena, &operation, &found, err);
        if (code || !found)
            continue;
        struct jc_terminal_operation *item = JC_PUSH(accepting->arena, out, struct jc_terminal_operation);
        if (!item)
            return jc_fail_memory(err);
        *item = operation;
    }
    return code;
}

static enum jc_code settle(struct jc_tx *tx, struct accepting *accepting, const struct jc_terminal_operations *list,
                           struct jc_err *err) {
    const Jc__BundleReceipt *part = accepting->part;
    int64_t now_ms = jc_clock_now_ms(&accepting->terminal->wall);
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < list->count; i++) {
        const struct jc_uuid *id = &list->items[i].outcome.operation_id;
        const Jc__OperationResult *result = NULL;
        for (size_t k = 0; k < part->n_results && !result; k++) {
            if (jc_terminal_uuid_equal(jc_terminal_uuid_of(part->results[k]->id), *id))
                result = part->results[k];
        }
        if (!result || !jc_terminal_answer_is_final(result))
            return jc_terminal_incomplete(err, "result");
        accepting->out->already += !list->items[i].outcome.unsent;
        accepting->out->settled += list->items[i].outcome.unsent;
        code = jc_terminal_operation_settle(tx, result, true, now_ms, err);
    }
    return code;
}

static enum jc_code part_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct accepting *accepting = ctx;
    const Jc__BundleReceipt *part = accepting->part;
    struct jc_terminal_enrolment enrolment;
    struct jc_terminal_operations list;
    bool found = false, proven = false;
    *accepting->out = accepting->before; /* the job may run twice */
    enum jc_code code =
        jc_terminal_enrolment_get(tx, jc_terminal_uuid_of(part->device_id), accepting->arena, &enrolment, &found, err);
    if (code == JC_OK && !found)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_RECEIPT_OTHER);
    if (code == JC_OK)
        code = find_operations(tx, accepting, &list, err);
    if (code)
        return code;
    struct jc_terminal_asked asked = {enrolment.holder.device_id, enrolment.holder.agency_id, list.items, list.count};
    code = jc_terminal_receipt_check(part->receipt, part->results, part->n_results, &asked, &accepting->keys,
                                     accepting->arena, &proven, err);
    if (code == JC_OK && !proven)
        code = jc_fail(err, JC_DATA_LOSS, JC_MSG_TERM_RECEIPT_WRONG);
    if (code == JC_OK)
        code = jc_terminal_keys_store(tx, &accepting->keys, err);
    if (code == JC_OK)
        code = settle(tx, accepting, &list, err);
    if (code == JC_OK)
        code = jc_terminal_blobs_proven(tx, part->receipt, jc_clock_now_ms(&accepting->terminal->wall), err);
    if (code == JC_OK)
        code = jc_terminal_backed_up_keep(tx, enrolment.holder.agency_id, part->receipt->backed_up_through, err);
    return code;
}

/* The second pass: each receipt is a transaction of its own. */
static enum jc_code apply(struct accepting *accepting, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    if (frame->type != JC_BUNDLE_RECEIPT)
        return JC_OK;
    enum jc_code code = unpack(accepting, &jc__bundle_receipt__descriptor, frame, &message, err);
    if (code)
        return code;
    accepting->part = (const Jc__BundleReceipt *)message;
    if (!accepting->part->receipt)
        return jc_bundle_malformed(accepting->reader, frame->number, err);
    accepting->out->missing_blobs += (int64_t)accepting->part->n_missing_blobs;
    accepting->before = *accepting->out;
    code = jc_terminal_write(accepting->terminal, part_job, accepting, err);
    if (code)
        *accepting->out = accepting->before;
    return code;
}

static enum jc_code each_frame(struct accepting *accepting,
                               enum jc_code (*visit)(struct accepting *, const struct jc_bundle_frame *,
                                                     struct jc_err *),
                               struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = JC_OK;
    while (code == JC_OK && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(accepting->reader, &frame, err);
        if (code == JC_OK)
            code = visit(accepting, &frame, err);
    }
    return code;
}

/* --- public ------------------------------------------------------------------------------------------------------ */

static enum jc_code keys_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct accepting *accepting = ctx;
    struct jc_terminal_self self;
    enum jc_code code = jc_terminal_self_enrolled(tx, accepting->arena, &self, err);
    jc_sign_forget(self.secret_key, sizeof self.secret_key);
    if (code == JC_OK)
        code = jc_terminal_keys_read(tx, accepting->arena, &accepting->keys, err);
    if (code == JC_OK && accepting->keys.count == 0)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_KEY_UNKNOWN);
    return code;
}

enum jc_code jc_terminal_accept(struct jc_terminal *terminal, const char *path, struct jc_terminal_accepted *out,
                                struct jc_err *err) {
    struct accepting accepting = {
        .terminal = terminal, .arena = jc_arena_new(JC_TERMINAL_ARENA_MAX), .path = path, .out = out};
    *out = (struct jc_terminal_accepted){0};
    enum jc_code code = accepting.arena ? jc_terminal_read(terminal, keys_job, &accepting, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = jc_bundle_open(path, &accepting.reader, err);
    if (code == JC_OK)
        code = each_frame(&accepting, look, err);
    if (code == JC_OK && !accepting.is_receipt)
        code = fail_no_receipt(&accepting, err);
    if (code == JC_OK)
        code = jc_bundle_rewind(accepting.reader, err);
    if (code == JC_OK)
        code = each_frame(&accepting, apply, err);
    jc_bundle_close(accepting.reader);
    jc_arena_free(accepting.arena);
    return code;
}
