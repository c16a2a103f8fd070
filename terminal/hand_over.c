/* Unfinished work of a task for a colleague's terminal, without a network (bundle of kind HAND_OVER).
 *
 *   header
 *   operations of the task that are not sent, the hand-over among them
 *   part         hash and signature of this device over the frames so far: with it as their END they are a bundle of
 *                their own, which the other terminal hands in
 *   entities     task, unit, checklist, order, persons as they are shown here
 *   draft        the inspection as far as it goes, or what the arrival on site recorded
 *   photos
 *   end
 *
 * The hand-over is stored before the file is written, so a task is never begun on two terminals because one of them
 * lost its battery in between; writing again is the same file anew.
 *
 * What must never happen: a file that names an operation which the store does not hold. */
#include <string.h>

#include "base/message.h"
#include "terminal/bundle.h"
#include "terminal/draft.h"
#include "terminal/entity.h"
#include "terminal/work.h"

enum { CARRIED_MAX = 3 << 20 }; /* bytes of bodies: the server takes a bundle of 4 MiB */

struct handing {
    struct jc_terminal_making making;
    struct jc_terminal_work work;
    const struct jc_terminal_giving *giving;
    struct jc_terminal_packing packing;
    struct jc_terminal_operations all; /* of the task */
    struct jc_terminal_standing standing;
    const Jc__Task *task;
    struct jc_uuid inspection_id; /* zeros: nothing begun */
    Jc__Inspection *inspection;   /* the draft; NULL: nothing begun */
    struct jc_terminal_saved saved;
    struct {
        Jc__Change **items;
        size_t count, capacity;
    } changes;
    struct {
        struct jc_terminal_pack_blob *items;
        size_t count, capacity;
    } blobs;
    struct jc_terminal_given *out;
};

/* --- the operation ---------------------------------------------------------------------------------------- */

static enum jc_code find_task(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    struct jc_uuid none = {{0}}, task_id = handing->giving->task_id;
    struct jc_arena *arena = handing->making.arena;
    ProtobufCMessage *message = NULL;
    char text[JC_UUID_TEXT];
    struct jc_str id = {(const char *)task_id.bytes, sizeof task_id.bytes};
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, id, arena, &message, err);
    if (code == JC_OK && !message)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_TASK_UNKNOWN, jc_uuid_format(task_id, text));
    handing->task = (const Jc__Task *)message;
    if (code == JC_OK)
        code = jc_terminal_operation_list(tx, none, task_id, arena, &handing->all, err);
    if (code == JC_OK)
        handing->standing = jc_terminal_standing(handing->task, &handing->all);
    return code;
}

static enum jc_code check_person(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    ProtobufCMessage *person = NULL;
    struct jc_str to = handing->giving->to_inspector_id;
    if (jc_str_eq(to, handing->making.self.holder.inspector_id))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_HAND_OVER_SELF, to);
    enum jc_code code =
        jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, to, handing->making.arena, &person, err);
    return code == JC_OK && !person ? jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_INSPECTOR_UNKNOWN, to) : code;
}

/* The hand-over there is, if it is to the same person. */
static enum jc_code repeat(struct handing *handing, struct jc_err *err) {
    const struct jc_terminal_operation *given = handing->standing.given;
    Jc__OperationBody *body = NULL;
    enum jc_code code = jc_terminal_operation_body(given, handing->making.arena, &body, err);
    if (code || body->command_case != JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK)
        return code;
    struct jc_str to = jc_str(body->hand_over_task->to_inspector_id);
    if (!jc_str_eq(to, handing->giving->to_inspector_id))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_HANDED_TO_OTHER, jc_str(handing->task->unit_id), to);
    handing->inspection_id = given->outcome.subject_id;
    handing->out->operation_id = given->outcome.operation_id;
    return JC_OK;
}

static enum jc_code store(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    struct jc_terminal_making *making = &handing->making;
    const struct jc_terminal_giving *giving = handing->giving;
    Jc__HandOverTask give = JC__HAND_OVER_TASK__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    struct jc_str to = jc_arena_copy(making->arena, giving->to_inspector_id);
    struct jc_str reason = jc_arena_copy(making->arena, giving->reason);
    if (!to.ptr || !reason.ptr)
        return jc_fail_memory(err);
    give.task_id = handing->task->task_id;
    if (!jc_terminal_uuid_is_zero(handing->inspection_id))
        give.inspection_id = (ProtobufCBinaryData){JC_UUID_SIZE, handing->inspection_id.bytes};
    give.to_inspector_id = (char *)(uintptr_t)to.ptr;
    give.reason = (char *)(uintptr_t)reason.ptr;
    body.command_case = JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK;
    body.hand_over_task = &give;
    making->command = (struct jc_terminal_command){.body = &body,
                                                   .task_id = giving->task_id,
                                                   .subject_id = handing->inspection_id,
                                                   .unit_id = jc_str(handing->task->unit_id)};
    enum jc_code code = jc_terminal_making_store(tx, making, JC_TERMINAL_TASK, err);
    handing->out->operation_id = making->command.operation_id;
    return code == JC_OK ? jc_terminal_draft_hand_over(tx, giving->task_id, giving->to_inspector_id, err) : code;
}

/* A new hand-over: the task must be one that could be worked on here. */
static enum jc_code give(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    struct jc_terminal_open_task open;
    bool found = false;
    enum jc_code code = jc_terminal_standing_open(tx, handing->giving->task_id, ~0u, handing->making.arena, &open, err);
    if (code)
        return code;
    handing->inspection_id = jc_terminal_standing_inspection(&open.standing);
    code = jc_terminal_draft_find(tx, handing->inspection_id, handing->giving->task_id, handing->making.arena,
                                  &handing->saved, &found, err);
    if (code == JC_OK && found)
        handing->inspection_id = handing->saved.draft_id;
    return code == JC_OK ? store(tx, handing, err) : code;
}

/* --- what goes along ------------------------------------------------------------------------------------ */

/* What is not sent of the task, and the hand-over in any case: the other side depends on it. */
static enum jc_code collect_operations(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    struct jc_uuid none = {{0}};
    size_t bytes = 0;
    struct jc_arena *arena = handing->making.arena;
    struct jc_terminal_operations *list = &handing->packing.operations;
    *list = (struct jc_terminal_operations){0};
    enum jc_code code = jc_terminal_operation_list(tx, none, handing->giving->task_id, arena, &handing->all, err);
    for (size_t i = 0; code == JC_OK && i < handing->all.count; i++) {
        const struct jc_terminal_operation *operation = &handing->all.items[i];
        if (!operation->outcome.unsent &&
            !jc_terminal_uuid_equal(operation->outcome.operation_id, handing->out->operation_id))
            continue;
        struct jc_terminal_operation *item = JC_PUSH(arena, list, struct jc_terminal_operation);
        if (!item)
            return jc_fail_memory(err);
        *item = *operation;
        bytes += operation->body.len;
    }
    return code == JC_OK && bytes > CARRIED_MAX ? jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_HAND_OVER_LARGE)
                                                : code;
}

/* Without a draft, what the arrival recorded. */
static enum jc_code draft_of_arrival(struct handing *handing, struct jc_err *err) {
    Jc__OperationBody *body = NULL;
    const struct jc_terminal_operation *start = handing->standing.start;
    if (!start)
        return JC_OK;
    enum jc_code code = jc_terminal_operation_body(start, handing->making.arena, &body, err);
    if (code || body->command_case != JC__OPERATION_BODY__COMMAND_START_INSPECTION)
        return code;
    Jc__Inspection *inspection = JC_NEW(handing->making.arena, Jc__Inspection);
    if (!inspection)
        return jc_fail_memory(err);
    jc__inspection__init(inspection);
    inspection->inspection_id = body->start_inspection->inspection_id;
    inspection->task_id = handing->task->task_id;
    inspection->unit_id = handing->task->unit_id;
    inspection->started_at = body->start_inspection->started_at;
    inspection->inspector_ids = body->start_inspection->inspector_ids;
    inspection->n_inspector_ids = body->start_inspection->n_inspector_ids;
    handing->inspection = inspection;
    return JC_OK;
}

/* The bytes of a photo that shows several findings go along once. */
static enum jc_code collect_photo(struct handing *handing, size_t index, struct jc_err *err) {
    ProtobufCBinaryData hash = handing->inspection->photos[index]->sha256;
    struct jc_str sha256 = {(const char *)hash.data, hash.len};
    for (size_t i = 0; i < handing->blobs.count; i++) {
        if (jc_str_eq(handing->blobs.items[i].sha256, sha256))
            return JC_OK;
    }
    struct jc_terminal_pack_blob *blob = JC_PUSH(handing->making.arena, &handing->blobs, struct jc_terminal_pack_blob);
    if (!blob)
        return jc_fail_memory(err);
    *blob = (struct jc_terminal_pack_blob){.sha256 = sha256, .path = handing->saved.photo_paths[index]};
    return JC_OK;
}

static enum jc_code collect_draft(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    struct jc_uuid none = {{0}};
    bool found = false;
    enum jc_code code = JC_OK;
    handing->inspection = NULL;
    handing->blobs.count = 0;
    if (!jc_terminal_uuid_is_zero(handing->inspection_id))
        code = jc_terminal_draft_find(tx, handing->inspection_id, none, handing->making.arena, &handing->saved, &found,
                                      err);
    if (code || !found)
        return code ? code : draft_of_arrival(handing, err);
    handing->inspection = handing->saved.inspection;
    for (size_t i = 0; !code && handing->saved.photo_paths && i < handing->inspection->n_photos; i++)
        code = collect_photo(handing, i, err);
    return code;
}

/* The entity as it is shown here; nothing if it is not here. */
static enum jc_code add_entity(struct jc_tx *tx, struct handing *handing, Jc__EntityKind kind,
                               Jc__Change__EntityCase which, struct jc_str id, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    if (!id.len)
        return JC_OK;
    enum jc_code code = jc_terminal_entity_get(tx, kind, id, handing->making.arena, &message, err);
    if (code || !message)
        return code;
    Jc__Change *change = JC_NEW(handing->making.arena, Jc__Change);
    Jc__Change **item = JC_PUSH(handing->making.arena, &handing->changes, Jc__Change *);
    if (!change || !item)
        return jc_fail_memory(err);
    jc__change__init(change);
    change->entity_case = which;
    change->task = (Jc__Task *)message; /* the members of the oneof share their place */
    *item = change;
    return JC_OK;
}

static enum jc_code collect_entities(struct jc_tx *tx, struct handing *handing, struct jc_err *err) {
    const Jc__Task *task = handing->task;
    const Jc__Inspection *inspection = handing->inspection;
    handing->changes.count = 0;
    enum jc_code code = add_entity(tx, handing, JC__ENTITY_KIND__ENTITY_KIND_TASK, JC__CHANGE__ENTITY_TASK,
                                   jc_view(task->task_id), err);
    if (code == JC_OK)
        code = add_entity(tx, handing, JC__ENTITY_KIND__ENTITY_KIND_UNIT, JC__CHANGE__ENTITY_UNIT,
                          jc_str(task->unit_id), err);
    if (code == JC_OK)
        code = add_entity(tx, handing, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, JC__CHANGE__ENTITY_CHECKLIST,
                          jc_str(task->checklist_id), err);
    if (code == JC_OK)
        code = add_entity(tx, handing, JC__ENTITY_KIND__ENTITY_KIND_ORDER, JC__CHANGE__ENTITY_ORDER,
                          jc_view(task->order_id), err);
    for (size_t i = 0; code == JC_OK && inspection && i < inspection->n_inspector_ids; i++)
        code = add_entity(tx, handing, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, JC__CHANGE__ENTITY_INSPECTOR,
                          jc_str(inspection->inspector_ids[i]), err);
    return code;
}

static enum jc_code hand_over(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct handing *handing = ctx;
    *handing->out = (struct jc_terminal_given){0};
    handing->inspection_id = (struct jc_uuid){{0}};
    enum jc_code code = jc_terminal_making_begin(tx, &handing->making, err);
    if (code == JC_OK)
        code = check_person(tx, handing, err);
    if (code == JC_OK)
        code = find_task(tx, handing, err);
    if (code == JC_OK)
        code = handing->standing.given ? repeat(handing, err) : give(tx, handing, err);
    if (code == JC_OK)
        code = collect_operations(tx, handing, err);
    if (code == JC_OK)
        code = collect_draft(tx, handing, err);
    if (code == JC_OK)
        code = collect_entities(tx, handing, err);
    if (code == JC_OK)
        code = jc_terminal_self_enrolled(tx, handing->making.arena, &handing->packing.self, err);
    jc_sign_forget(handing->making.self.secret_key, sizeof handing->making.self.secret_key);
    return code;
}

/* --- the file ---------------------------------------------------------------------------------------------- */

static enum jc_code pack_part(struct jc_terminal_packing *packing, struct jc_err *err) {
    struct jc_str proof;
    enum jc_code code = jc_terminal_pack_proof(packing, &proof, err);
    return code == JC_OK ? jc_bundle_write(packing->writer, JC_BUNDLE_PART, proof, err) : code;
}

static enum jc_code pack(struct handing *handing, struct jc_err *err) {
    struct jc_terminal_packing *packing = &handing->packing;
    Jc__BundleEntities entities = JC__BUNDLE_ENTITIES__INIT;
    entities.changes = handing->changes.items;
    entities.n_changes = handing->changes.count;
    for (size_t i = 0; i < handing->blobs.count; i++) {
        jc_terminal_pack_look(packing, &handing->blobs.items[i]);
        handing->out->blobs_missing += !handing->blobs.items[i].photo;
    }
    enum jc_code code = jc_terminal_pack_begin(packing, handing->giving->path, err);
    if (code == JC_OK)
        code = jc_terminal_pack_operations(packing, err);
    if (code == JC_OK)
        code = pack_part(packing, err);
    if (code == JC_OK)
        code = jc_terminal_pack_frame(packing, JC_BUNDLE_ENTITIES, &entities.base, err);
    if (code == JC_OK && handing->inspection)
        code = jc_terminal_pack_frame(packing, JC_BUNDLE_DRAFT, &handing->inspection->base, err);
    for (size_t i = 0; code == JC_OK && i < handing->blobs.count; i++)
        code = jc_terminal_pack_bytes(packing, &handing->blobs.items[i], err);
    return code;
}

enum jc_code jc_terminal_hand_over(struct jc_terminal *terminal, const struct jc_terminal_giving *giving,
                                   struct jc_terminal_given *out, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(JC_TERMINAL_ARENA_MAX);
    struct handing handing = {
        .making = {.terminal = terminal, .arena = arena},
        .giving = giving,
        .packing = {.terminal = terminal, .arena = arena, .kind = JC__BUNDLE_KIND__BUNDLE_KIND_HAND_OVER},
        .out = out,
    };
    handing.making.out = &handing.work;
    *out = (struct jc_terminal_given){0};
    enum jc_code code = arena ? jc_terminal_write(terminal, hand_over, &handing, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = pack(&handing, err);
    code = jc_terminal_pack_end(&handing.packing, code, err);
    out->operations = (int64_t)handing.packing.operations.count;
    out->blobs = handing.packing.blobs;
    out->draft = handing.inspection != NULL;
    jc_arena_free(arena);
    return code;
}
