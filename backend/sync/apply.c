/* One operation from the wire to its row.
 *
 *   id malformed            rejected, not stored: there is nothing to store it under
 *   dependency, signature
 *   or seal, body, command  each looked at, each adds grounds to the verdict
 *   row, review, effects    written in this order; effects only of what is applied
 *   id known                no row is written: same device and bytes get the stored result, others are
 *                           rejected and shown to a person, the first stays
 *
 * Memory for one operation comes from a scratch arena that is emptied behind it, so a request of 200
 * operations needs no more than its largest. What must never happen: an operation is lost, applied
 * twice, or stops those behind it. */
#include "sync/apply.h"

#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/device.h"
#include "store/id_conflict.h"
#include "store/registry.h"
#include "store/review.h"
#include "store/waiting.h"
#include "sync/evident.h"

enum {
    SCRATCH_BYTES = 64 << 20,
    DEPENDENCIES_MAX = 200,
};

static const struct jc_command *const COMMANDS[] = {
    &jc_command_start_inspection,      &jc_command_submit_inspection,    &jc_command_issue_order,
    &jc_command_submit_recheck,        &jc_command_return_task,          &jc_command_report_unit_change,
    &jc_command_add_ad_hoc_inspection, &jc_command_void_document_number, &jc_command_hand_over_task,
    &jc_command_take_over_task,
};

/* --- open and close ------------------------------------------------------------------------------------- */

enum jc_code jc_apply_open(struct jc_apply *apply, struct jc_tx *tx, const struct jc_sync_caller *caller,
                           int64_t now_ms, const struct jc_sync_prepared *prepared, struct jc_arena *arena,
                           struct jc_err *err) {
    memset(apply, 0, sizeof *apply);
    apply->tx = tx;
    apply->caller = caller;
    apply->now_ms = now_ms;
    apply->prepared = prepared;
    apply->newest = -1;
    apply->arena = arena;
    apply->applied = JC_NEW_ARRAY(arena, prepared->request->n_operations, struct jc_uuid);
    apply->scratch = jc_arena_new(SCRATCH_BYTES);
    if (!apply->scratch || !apply->applied)
        return jc_fail_memory(err);
    return prepared->request->n_operations ? jc_waiting_any(tx, caller->agency_id, &apply->anything_waits, err) : JC_OK;
}

void jc_apply_close(struct jc_apply *apply) {
    jc_arena_free(apply->scratch);
    apply->scratch = NULL;
}

/* --- results ----------------------------------------------------------------------------------------------- */

static enum jc_code result_of(struct jc_apply *apply, struct jc_str id, const struct jc_operation *row,
                              Jc__OperationResult **out, struct jc_err *err) {
    Jc__OperationResult *result = JC_NEW(apply->arena, Jc__OperationResult);
    if (!result)
        return jc_fail_memory(err);
    jc__operation_result__init(result);
    result->id = jc_data(id);
    result->status = row->status;
    result->operation_no = row->operation_no;
    if (row->code != JC_OK)
        result->code = (char *)jc_code_name(row->code);
    if (row->grounds.len) {
        result->reason_zh = jc_verdict_words(apply->arena, JC_ZH, row->grounds);
        result->reason_en = jc_verdict_words(apply->arena, JC_EN, row->grounds);
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
    const struct jc_operation none = {
        .status = verdict.status, .code = verdict.code, .grounds = jc_verdict_text(&verdict)};
    return result_of(apply, id, &none, out, err);
}

/* --- what any operation must satisfy ------------------------------------------------------------------------- */

static bool applied_here(const struct jc_apply *apply, struct jc_uuid id) {
    for (size_t i = apply->applied_count; i-- > 0;) {
        if (memcmp(apply->applied[i].bytes, id.bytes, JC_UUID_SIZE) == 0)
            return true;
    }
    return false;
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
            applied = applied_here(apply, uuid);
            enum jc_code code =
                applied ? JC_OK : jc_operation_is_applied(apply->tx, apply->caller->agency_id, uuid, &applied, err);
            if (code)
                return code;
        }
        if (!applied && id.len == JC_UUID_SIZE) {
            enum jc_code code = jc_review_is_accepted(apply->tx, apply->caller->agency_id, uuid, &applied, err);
            if (code)
                return code;
        }
        if (!applied)
            jc_verdict_add(&apply->verdict, JC_GROUND_DEPENDENCY, jc_uuid_show(id, shown));
    }
    return JC_OK;
}

/* A device with a key vouches for what it did: by a signature of its own, or by a seal over it. */
static void check_voucher(struct jc_apply *apply, const struct jc_sync_operation *operation) {
    const struct jc_sync_operation *sealed =
        operation->sealed_by < 0 ? NULL : &apply->prepared->operations[operation->sealed_by];
    if (!apply->prepared->must_sign)
        return;
    if (operation->signature == JC_VOUCHER_WRONG)
        jc_verdict_add(&apply->verdict, JC_GROUND_SIGNATURE_WRONG);
    if (sealed && sealed->seal == JC_VOUCHER_WRONG)
        jc_verdict_add(&apply->verdict, JC_GROUND_SEAL_WRONG);
    if (operation->signature == JC_VOUCHER_NONE && !sealed)
        jc_verdict_add(&apply->verdict, operation->chained ? JC_GROUND_SEAL_MISSING : JC_GROUND_SIGNATURE_MISSING);
}

/* The body as a message; `body` stays NULL if it is none, and the verdict says why. */
static enum jc_code take_message(struct jc_apply *apply, const struct jc_sync_operation *operation,
                                 struct jc_err *err) {
    enum jc_ground ground = operation->ground;
    struct jc_str arg = operation->ground_arg;
    apply->body = operation->message;
    enum jc_code code =
        operation->decoded ? JC_OK : jc_sync_decode(operation->body, apply->scratch, &apply->body, &ground, &arg, err);
    if (!code && !apply->body)
        jc_verdict_add(&apply->verdict, ground, arg);
    return code;
}

const struct jc_command *jc_command_of(const Jc__OperationBody *body) {
    for (size_t i = 0; body && i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (COMMANDS[i]->which == body->command_case)
            return COMMANDS[i];
    }
    return NULL;
}

/* --- one operation -------------------------------------------------------------------------------------------- */

/* Everything that is to be known about the operation, before anything is written. */
static enum jc_code judge(struct jc_apply *apply, const struct jc_sync_operation *operation,
                          const struct jc_command **command, struct jc_err *err) {
    enum jc_code code = check_dependencies(apply, operation->wire, err);
    if (code)
        return code;
    if (apply->caller->revoked)
        jc_verdict_add(&apply->verdict, JC_GROUND_REVOKED_DEVICE);
    check_voucher(apply, operation);
    code = take_message(apply, operation, err);
    if (code || !apply->body)
        return code;
    *command = jc_command_of(apply->body);
    if (!*command) {
        jc_verdict_add(&apply->verdict, JC_GROUND_COMMAND_UNKNOWN);
        return JC_OK;
    }
    code = jc_evident_actor(apply, err);
    if (!code)
        code = jc_evident_time(apply, (*command)->is_document, err);
    return code ? code : (*command)->check(apply, err);
}

/* The unit's id as far as a review shows it: text of a sane length. */
static struct jc_str shown_unit(struct jc_str unit_id) {
    return unit_id.len <= JC_VERDICT_ARG_MAX ? unit_id : (struct jc_str){0};
}

/* Only of what is applied, or kept beside the record. */
static enum jc_code write_effects(struct jc_apply *apply, const struct jc_command *command, struct jc_err *err) {
    bool effects = command && command->write && (apply->beside || jc_verdict_applied(&apply->verdict));
    return effects ? command->write(apply, err) : JC_OK;
}

/* What a person has to look at, and what it waits for. */
static enum jc_code flag(struct jc_apply *apply, const struct jc_command *command, struct jc_err *err) {
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
    enum jc_code code = jc_review_add(apply->tx, apply->caller->agency_id, &review, err);
    if (code || !(jc_verdict_grounds(apply->row.grounds) >> JC_GROUND_DEPENDENCY & 1))
        return code;
    apply->anything_waits = true;
    return jc_waiting_add(apply->tx, apply->caller->agency_id, apply->row.depends_on, apply->row.operation_no, err);
}

/* Row, review, effects; nothing of it if the id is *known. */
static enum jc_code record(struct jc_apply *apply, const struct jc_command *command, bool *known, struct jc_err *err) {
    apply->row.status = apply->verdict.status;
    apply->row.code = apply->verdict.code;
    apply->row.reason = apply->verdict.reason;
    apply->row.grounds = jc_verdict_text(&apply->verdict);
    enum jc_code code = jc_operation_append(apply->tx, apply->caller->agency_id, &apply->row, known, err);
    if (code || *known)
        return code;
    if (apply->verdict.reason)
        code = flag(apply, command, err);
    return code ? code : write_effects(apply, command, err);
}

static bool is_applied(const struct jc_operation *row) {
    return row->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
}

/* Operations behind it in the request may depend on it. */
static void remember(struct jc_apply *apply, const struct jc_operation *row) {
    if (is_applied(row))
        apply->applied[apply->applied_count++] = apply->row.id;
}

/* Whether the row came from the caller's device: under this enrolment, or an earlier one of the same key (the answer
 * was lost, the device was enrolled anew). */
static enum jc_code is_own(struct jc_apply *apply, const struct jc_operation *stored, bool *own, struct jc_err *err) {
    struct jc_str key = {0};
    *own = memcmp(stored->device_id.bytes, apply->caller->device_id.bytes, JC_UUID_SIZE) == 0;
    if (*own || !apply->prepared->must_sign)
        return JC_OK;
    enum jc_code code =
        jc_device_public_key(apply->tx, apply->caller->agency_id, stored->device_id, apply->scratch, &key, err);
    if (code == JC_NOT_FOUND)
        return JC_OK; /* no device's at all */
    *own = !code && jc_str_eq(key, (struct jc_str){(const char *)apply->prepared->public_key, JC_SIGN_PUBLIC_SIZE});
    return code;
}

/* The id is known. What was answered the first time, if it is the same operation; if not, the first
 * stays, and a person is shown both. */
static enum jc_code answer_again(struct jc_apply *apply, const struct jc_sync_operation *operation,
                                 Jc__OperationResult **out, bool *durable, struct jc_err *err) {
    struct jc_str id = jc_view(operation->wire->id);
    struct jc_operation stored;
    bool found = false;
    enum jc_code code =
        jc_operation_find(apply->tx, apply->caller->agency_id, apply->row.id, apply->scratch, &stored, &found, err);
    if (!code && found)
        code = is_own(apply, &stored, durable, err);
    if (code)
        return code;
    *durable = *durable && memcmp(stored.body_sha256, apply->row.body_sha256, JC_SHA256_SIZE) == 0;
    if (*durable) {
        remember(apply, &stored);
        return result_of(apply, id, &stored, out, err);
    }
    apply->row.operation_no = stored.operation_no;
    code = jc_id_conflict_add(apply->tx, apply->caller->agency_id, &apply->row, apply->caller->team_id, err);
    return code ? code : refuse(apply, id, JC_GROUND_ID_TAKEN, out, err);
}

/* The row as far as the request says it. */
static void begin(struct jc_apply *apply, const struct jc_sync_operation *operation) {
    ProtobufCBinaryData signature = operation->wire->signature;
    bool chained = operation->chained && !signature.len;
    apply->body = NULL;
    apply->beside = false;
    apply->work = NULL;
    apply->unit_id = apply->task_id = (struct jc_str){0};
    apply->row = (struct jc_operation){
        .format = chained ? JC_OPERATION_CHAINED : JC_OPERATION_SIGNED,
        .id = operation->id,
        .device_id = apply->caller->device_id,
        .inspector_id = apply->caller->inspector_id,
        .received_ms = apply->now_ms,
        .body = operation->body,
        .seal = jc_view(signature.len ? signature : operation->wire->seal),
        .depends_on = operation->depends_on,
    };
    memcpy(apply->row.body_sha256, operation->body_sha256, JC_SHA256_SIZE);
    if (!chained)
        return;
    memcpy(apply->row.previous, operation->previous, JC_SHA256_SIZE);
    apply->row.link = operation->link;
}

/* Judged before it is known whether it is new: nearly every operation is, and asking first would cost as
 * much as storing it. */
static enum jc_code apply_or_repeat(struct jc_apply *apply, const struct jc_sync_operation *operation,
                                    Jc__OperationResult **out, bool *durable, struct jc_err *err) {
    const struct jc_command *command = NULL;
    bool known = false;
    jc_verdict_init(&apply->verdict);
    enum jc_code code = judge(apply, operation, &command, err);
    if (!code)
        code = record(apply, command, &known, err);
    if (code)
        return code;
    if (known)
        return answer_again(apply, operation, out, durable, err);
    *durable = true;
    apply->newest = (int)(operation - apply->prepared->operations);
    apply->newest_no = apply->row.operation_no;
    remember(apply, &apply->row);
    code = result_of(apply, jc_view(operation->wire->id), &apply->row, out, err);
    apply->newly_applied = is_applied(&apply->row);
    return code;
}

enum jc_code jc_apply_operation(struct jc_apply *apply, size_t index, Jc__OperationResult **out, bool *durable,
                                struct jc_err *err) {
    const struct jc_sync_operation *operation = &apply->prepared->operations[index];
    *durable = apply->newly_applied = false;
    if (!operation->named)
        return refuse(apply, jc_view(operation->wire->id), JC_GROUND_ID_MALFORMED, out, err);
    begin(apply, operation);
    enum jc_code code = apply_or_repeat(apply, operation, out, durable, err);
    jc_arena_reset(apply->scratch);
    return code;
}

/* --- once more ------------------------------------------------------------------------------------------------ */

/* The device and holder of a stored operation; the team is the holder's now. */
static enum jc_code stored_caller(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *stored,
                                  struct jc_arena *arena, struct jc_sync_caller *out, struct jc_err *err) {
    Jc__Inspector *inspector = NULL;
    *out = (struct jc_sync_caller){
        .agency_id = agency_id, .device_id = stored->device_id, .inspector_id = stored->inspector_id};
    enum jc_code code = jc_inspector_get(tx, agency_id, stored->inspector_id, arena, &inspector, err);
    out->team_id = code ? JC_STR("") : jc_str(inspector->team_id);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static enum jc_code judge_again(struct jc_apply *apply, const struct jc_command **command, struct jc_err *err) {
    const struct jc_sync_operation operation = {.body = apply->row.body};
    enum jc_code code = take_message(apply, &operation, err);
    if (code || !apply->body)
        return code;
    *command = jc_command_of(apply->body);
    return *command ? (*command)->check(apply, err) : JC_OK;
}

enum jc_code jc_apply_again(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *stored, uint64_t overruled,
                            bool must_lie_beside, struct jc_arena *arena, Jc__OperationResult **out,
                            struct jc_err *err) {
    static const Jc__SyncRequest REQUEST = JC__SYNC_REQUEST__INIT;
    const struct jc_sync_prepared nothing = {.request = &REQUEST};
    const struct jc_command *command = NULL;
    struct jc_sync_caller caller;
    struct jc_apply apply;
    enum jc_code code = stored_caller(tx, agency_id, stored, arena, &caller, err);
    if (code)
        return code;
    code = jc_apply_open(&apply, tx, &caller, stored->received_ms, &nothing, arena, err);
    if (!code) {
        apply.row = *stored;
        jc_verdict_init(&apply.verdict);
        apply.verdict.overruled = overruled;
        apply.must_lie_beside = must_lie_beside;
        code = judge_again(&apply, &command, err);
    }
    if (!code && !command && jc_verdict_applied(&apply.verdict))
        jc_verdict_add(&apply.verdict, JC_GROUND_COMMAND_UNKNOWN);
    if (!code)
        code = write_effects(&apply, command, err);
    if (!code)
        code = jc_number_write(tx, agency_id, &apply.numbers, err);
    if (!code) {
        const struct jc_operation now = {.operation_no = stored->operation_no,
                                         .status = apply.verdict.status,
                                         .code = apply.verdict.code,
                                         .grounds = jc_verdict_text(&apply.verdict)};
        code = result_of(&apply, (struct jc_str){(const char *)stored->id.bytes, JC_UUID_SIZE}, &now, out, err);
    }
    jc_apply_close(&apply);
    return code;
}
