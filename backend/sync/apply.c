/* One operation from the wire to its row.
 *
 *   id malformed            rejected, not stored: there is nothing to store it under
 *   id known                same device and bytes: the stored result; else rejected, the first stays
 *   dependency, signature,
 *   body, command           each looked at, each adds grounds to the verdict
 *   row, review, effects    written in this order; effects only of what is applied
 *
 * Memory for one operation comes from a scratch arena that is emptied behind it, so a request of 200
 * operations needs no more than its largest. What must never happen: an operation is lost, applied
 * twice, or stops those behind it. */
#include "sync/apply.h"

#include <string.h>

#include "base/message.h"
#include "base/sign.h"
#include "store/device.h"
#include "store/review.h"

enum {
    SCRATCH_BYTES = 64 << 20,
    DEPENDENCIES_MAX = 200,
};

static const struct jc_command *const COMMANDS[] = {
    &jc_command_start_inspection,      &jc_command_submit_inspection,    &jc_command_issue_order,
    &jc_command_submit_recheck,        &jc_command_return_task,          &jc_command_report_unit_change,
    &jc_command_add_ad_hoc_inspection, &jc_command_void_document_number,
};

struct jc_str jc_show_id(struct jc_str id, char buf[JC_UUID_TEXT]) {
    struct jc_uuid uuid;
    if (id.len != JC_UUID_SIZE)
        return jc_hex(id.ptr, id.len < JC_UUID_SIZE ? id.len : JC_UUID_SIZE, buf);
    memcpy(uuid.bytes, id.ptr, JC_UUID_SIZE);
    return jc_uuid_format(uuid, buf);
}

struct jc_uuid jc_apply_derive(const struct jc_apply *apply, const char *purpose) {
    struct jc_sha256_state state;
    uint8_t hash[JC_SHA256_SIZE];
    struct jc_uuid id = apply->row.id;
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){purpose, strlen(purpose) + 1});
    jc_sha256_add(&state, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE});
    jc_sha256_end(&state, hash);
    memcpy(id.bytes + 6, hash, JC_UUID_SIZE - 6);
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f)); /* version 7 */
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f)); /* variant of RFC 9562 */
    return id;
}

/* --- open and close ------------------------------------------------------------------------------------- */

enum jc_code jc_apply_open(struct jc_apply *apply, struct jc_tx *tx, const struct jc_sync_caller *caller,
                           int64_t now_ms, struct jc_arena *arena, struct jc_err *err) {
    memset(apply, 0, sizeof *apply);
    apply->tx = tx;
    apply->caller = caller;
    apply->now_ms = now_ms;
    apply->arena = arena;
    apply->scratch = jc_arena_new(SCRATCH_BYTES);
    if (!apply->scratch)
        return jc_fail_memory(err);
    return jc_device_public_key(tx, caller->agency_id, caller->device_id, arena, &apply->public_key, err);
}

void jc_apply_close(struct jc_apply *apply) {
    jc_arena_free(apply->scratch);
    apply->scratch = NULL;
}

/* --- results ----------------------------------------------------------------------------------------------- */

static enum jc_code result_of(struct jc_apply *apply, struct jc_str id, Jc__OperationStatus status, enum jc_code why,
                              struct jc_str grounds, Jc__OperationResult **out, struct jc_err *err) {
    Jc__OperationResult *result = JC_NEW(apply->arena, Jc__OperationResult);
    if (!result)
        return jc_fail_memory(err);
    jc__operation_result__init(result);
    result->id = jc_data(id);
    result->status = status;
    if (why != JC_OK)
        result->code = (char *)jc_code_name(why);
    if (grounds.len) {
        result->reason_zh = jc_verdict_words(apply->arena, JC_ZH, grounds);
        result->reason_en = jc_verdict_words(apply->arena, JC_EN, grounds);
        if (!result->reason_zh || !result->reason_en)
            return jc_fail_memory(err);
    }
    *out = result;
    return JC_OK;
}

/* An answer that leaves no row. */
static enum jc_code refuse(struct jc_apply *apply, struct jc_str id, enum jc_ground ground, Jc__OperationResult **out,
                           struct jc_err *err) {
    struct jc_verdict verdict;
    jc_verdict_init(&verdict);
    jc_verdict_add(&verdict, ground);
    return result_of(apply, id, verdict.status, verdict.code, jc_verdict_text(&verdict), out, err);
}

/* --- what any operation must satisfy ------------------------------------------------------------------------- */

/* The bytes that count: as sent, or those of a JSON client's plain body. */
static enum jc_code take_body(struct jc_apply *apply, const Jc__Operation *operation, struct jc_str *out,
                              struct jc_err *err) {
    *out = jc_view(operation->body);
    if (out->len || !operation->plain)
        return JC_OK;
    return jc_message_pack(&operation->plain->base, apply->scratch, out, err);
}

static enum jc_code take_dependencies(struct jc_apply *apply, const Jc__Operation *operation, struct jc_err *err) {
    size_t len = 0;
    for (size_t i = 0; i < operation->n_depends_on; i++)
        len += operation->depends_on[i].len;
    char *bytes = jc_arena_alloc(apply->scratch, len);
    if (!bytes)
        return jc_fail_memory(err);
    apply->row.depends_on = (struct jc_str){bytes, len};
    for (size_t i = 0; i < operation->n_depends_on; i++) {
        ProtobufCBinaryData id = operation->depends_on[i];
        if (id.len)
            memcpy(bytes, id.data, id.len);
        bytes += id.len;
    }
    return JC_OK;
}

/* An operation that is unknown here, or here but not applied, holds back those that depend on it. */
static enum jc_code check_dependencies(struct jc_apply *apply, const Jc__Operation *operation, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    size_t count = operation->n_depends_on;
    if (count > DEPENDENCIES_MAX) {
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("depends_on"),
                       jc_str_from_int64((int64_t)count, shown));
        return JC_OK;
    }
    for (size_t i = 0; i < count; i++) {
        struct jc_str id = jc_view(operation->depends_on[i]);
        struct jc_uuid uuid;
        bool applied = false;
        if (id.len == JC_UUID_SIZE) {
            memcpy(uuid.bytes, id.ptr, JC_UUID_SIZE);
            enum jc_code code = jc_operation_is_applied(apply->tx, apply->caller->agency_id, uuid, &applied, err);
            if (code)
                return code;
        }
        if (!applied)
            jc_verdict_add(&apply->verdict, JC_GROUND_DEPENDENCY, jc_show_id(id, shown));
    }
    return JC_OK;
}

static void check_signature(struct jc_apply *apply) {
    struct jc_str signature = apply->row.signature;
    if (apply->public_key.len != JC_SIGN_PUBLIC_SIZE)
        return;
    if (!signature.len)
        jc_verdict_add(&apply->verdict, JC_GROUND_SIGNATURE_MISSING);
    else if (signature.len != JC_SIGNATURE_SIZE ||
             !jc_sign_verify(apply->row.body, (const uint8_t *)signature.ptr, (const uint8_t *)apply->public_key.ptr))
        jc_verdict_add(&apply->verdict, JC_GROUND_SIGNATURE_WRONG);
}

/* The body as a message; `body` stays NULL if it is none, and the verdict says why. */
static enum jc_code decode(struct jc_apply *apply, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code =
        jc_message_unpack(&jc__operation_body__descriptor, apply->row.body, apply->scratch, &message, err);
    if (code == JC_OK) {
        apply->body = (const Jc__OperationBody *)message;
    } else if (code == JC_INVALID_ARGUMENT && err->what == JC_MSG_MESSAGE_TEXT) {
        jc_verdict_add(&apply->verdict, JC_GROUND_TEXT, err->arg[0]);
    } else if (code == JC_INVALID_ARGUMENT) {
        jc_verdict_add(&apply->verdict, JC_GROUND_BODY_MALFORMED);
    } else if (code == JC_RESOURCE_EXHAUSTED && jc_arena_used(apply->scratch) > SCRATCH_BYTES / 4) {
        jc_verdict_add(&apply->verdict, JC_GROUND_BODY_LARGE); /* the arena's limit, not the machine's */
    } else {
        return code;
    }
    return JC_OK;
}

static const struct jc_command *command_of(const Jc__OperationBody *body) {
    for (size_t i = 0; body && i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (COMMANDS[i]->which == body->command_case)
            return COMMANDS[i];
    }
    return NULL;
}

/* --- one operation -------------------------------------------------------------------------------------------- */

/* Everything that is to be known about the operation, before anything is written. */
static enum jc_code judge(struct jc_apply *apply, const Jc__Operation *operation, const struct jc_command **command,
                          struct jc_err *err) {
    enum jc_code code = check_dependencies(apply, operation, err);
    if (code)
        return code;
    check_signature(apply);
    code = decode(apply, err);
    if (code || !apply->body)
        return code;
    *command = command_of(apply->body);
    if (*command)
        return (*command)->check(apply, err);
    jc_verdict_add(&apply->verdict, JC_GROUND_COMMAND_UNKNOWN);
    return JC_OK;
}

/* The unit's id as far as a review shows it: text of a sane length. */
static struct jc_str shown_unit(struct jc_str unit_id) {
    return unit_id.len <= JC_VERDICT_ARG_MAX ? unit_id : (struct jc_str){0};
}

static enum jc_code record(struct jc_apply *apply, const struct jc_command *command, struct jc_err *err) {
    apply->row.status = apply->verdict.status;
    apply->row.code = apply->verdict.code;
    apply->row.reason = apply->verdict.reason;
    apply->row.grounds = jc_verdict_text(&apply->verdict);
    enum jc_code code = jc_operation_append(apply->tx, apply->caller->agency_id, &apply->row, err);
    if (!code && apply->verdict.reason) {
        const struct jc_review review = {
            .review_id = apply->row.operation_no,
            .reason = apply->verdict.reason,
            .grounds = apply->row.grounds,
            .command = jc_str(command ? command->name : ""),
            .device_id = apply->caller->device_id,
            .team_id = apply->caller->team_id,
            .unit_id = shown_unit(apply->unit_id),
            .task_id = apply->task_id,
        };
        code = jc_review_add(apply->tx, apply->caller->agency_id, &review, err);
    }
    bool effects = command && command->write && (apply->beside || jc_verdict_applied(&apply->verdict));
    return !code && effects ? command->write(apply, err) : code;
}

static enum jc_code apply_new(struct jc_apply *apply, const Jc__Operation *operation, Jc__OperationResult **out,
                              struct jc_err *err) {
    const struct jc_command *command = NULL;
    apply->row.device_id = apply->caller->device_id;
    apply->row.inspector_id = apply->caller->inspector_id;
    apply->row.received_ms = apply->now_ms;
    apply->row.signature = jc_view(operation->signature);
    jc_verdict_init(&apply->verdict);
    enum jc_code code = take_dependencies(apply, operation, err);
    if (!code)
        code = judge(apply, operation, &command, err);
    if (!code)
        code = record(apply, command, err);
    if (code)
        return code;
    return result_of(apply, jc_view(operation->id), apply->row.status, apply->row.code, apply->row.grounds, out, err);
}

/* What was answered the first time, if it is the same operation. */
static enum jc_code answer_again(struct jc_apply *apply, const Jc__Operation *operation,
                                 const struct jc_operation *stored, Jc__OperationResult **out, bool *durable,
                                 struct jc_err *err) {
    *durable = memcmp(stored->body_sha256, apply->row.body_sha256, JC_SHA256_SIZE) == 0 &&
               memcmp(stored->device_id.bytes, apply->caller->device_id.bytes, JC_UUID_SIZE) == 0;
    if (!*durable)
        return refuse(apply, jc_view(operation->id), JC_GROUND_ID_TAKEN, out, err);
    return result_of(apply, jc_view(operation->id), stored->status, stored->code, stored->grounds, out, err);
}

static enum jc_code apply_or_repeat(struct jc_apply *apply, const Jc__Operation *operation, Jc__OperationResult **out,
                                    bool *durable, struct jc_err *err) {
    struct jc_operation stored;
    bool found = false;
    memcpy(apply->row.id.bytes, operation->id.data, JC_UUID_SIZE);
    enum jc_code code = take_body(apply, operation, &apply->row.body, err);
    if (code)
        return code;
    jc_sha256(apply->row.body, apply->row.body_sha256);
    code = jc_operation_find(apply->tx, apply->caller->agency_id, apply->row.id, apply->scratch, &stored, &found, err);
    if (code)
        return code;
    if (found)
        return answer_again(apply, operation, &stored, out, durable, err);
    *durable = true;
    return apply_new(apply, operation, out, err);
}

enum jc_code jc_apply_operation(struct jc_apply *apply, const Jc__Operation *operation, Jc__OperationResult **out,
                                bool *durable, struct jc_err *err) {
    *durable = false;
    if (operation->id.len != JC_UUID_SIZE)
        return refuse(apply, jc_view(operation->id), JC_GROUND_ID_MALFORMED, out, err);
    apply->body = NULL;
    apply->beside = false;
    apply->work = NULL;
    apply->unit_id = apply->task_id = (struct jc_str){0};
    memset(&apply->row, 0, sizeof apply->row);
    enum jc_code code = apply_or_repeat(apply, operation, out, durable, err);
    jc_arena_reset(apply->scratch);
    return code;
}
