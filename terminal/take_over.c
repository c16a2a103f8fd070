/* Taking a colleague's unfinished work over from a file (terminal/hand_over.c says what it holds).
 *
 * The file is read through first: its hash, the maker's signature over the whole and over the part that will be
 * handed in, and whom it is for. Then the photos are written beside the store, and one transaction keeps what is to be
 * handed in, what the listing here lacks, the draft, and the operation that says who took over. A battery that dies in
 * between leaves photos that nobody names; taking the file again finds them there.
 *
 * What must never happen: a draft of this terminal lost to an older one of the file. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bundle.h"
#include "base/file.h"
#include "base/message.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "terminal/carried.h"
#include "terminal/draft.h"
#include "terminal/entity.h"
#include "terminal/holder.h"
#include "terminal/work.h"

enum { BLOB_MAX = 64 << 20, PART_MAX = 4 << 20 };

struct taking {
    struct jc_terminal_making making;
    struct jc_terminal_work work;
    const char *path;
    struct jc_bundle_reader *reader;
    /* what the file says */
    const Jc__BundleHeader *header;
    struct jc_buf part; /* the operations as a bundle of their own */
    struct jc_bundle_writer *part_writer;
    struct jc_terminal_carried carried;
    bool part_sound, whole_sound;
    const Jc__HandOverTask *given;
    struct jc_uuid hand_over_id;
    Jc__BundleEntities *entities;
    bool lacked;                /* the listing here had not all of them */
    Jc__Inspection *inspection; /* NULL: nothing was begun */
    /* the photo that is being read */
    struct jc_buf blob;
    uint8_t blob_sha256[JC_SHA256_SIZE];
    int64_t blob_size;
    struct jc_terminal_taken *out;
};

/* --- the file as a whole ----------------------------------------------------------------------------------- */

static enum jc_code unpack(struct taking *taking, const ProtobufCMessageDescriptor *type,
                           const struct jc_bundle_frame *frame, ProtobufCMessage **out, struct jc_err *err) {
    struct jc_err why;
    if (jc_message_unpack(type, frame->payload, taking->making.arena, out, &why) == JC_OK)
        return JC_OK;
    return why.code == JC_INVALID_ARGUMENT ? jc_bundle_malformed(taking->reader, frame->number, err)
                                           : jc_fail_memory(err);
}

static enum jc_code look_at_header(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = unpack(taking, &jc__bundle_header__descriptor, frame, &message, err);
    if (code)
        return code;
    taking->header = (const Jc__BundleHeader *)message;
    if (taking->header->kind != JC__BUNDLE_KIND__BUNDLE_KIND_HAND_OVER)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_HAND_OVER_KIND, jc_str(taking->path));
    if (taking->header->device_id.len != JC_UUID_SIZE || taking->header->public_key.len != JC_SIGN_PUBLIC_SIZE)
        return jc_bundle_malformed(taking->reader, frame->number, err);
    taking->carried.device_id = jc_terminal_uuid_of(taking->header->device_id);
    code = jc_bundle_create_bytes(&taking->part, &taking->part_writer, err);
    return code == JC_OK ? jc_bundle_write(taking->part_writer, JC_BUNDLE_HEADER, frame->payload, err) : code;
}

/* The newest hand-over among the operations is the one the file is about. */
static enum jc_code look_at_operations(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = unpack(taking, &jc__bundle_operations__descriptor, frame, &message, err);
    if (code == JC_OK && (!taking->part_writer || taking->part.len + frame->payload.len > PART_MAX))
        return jc_bundle_malformed(taking->reader, frame->number, err);
    const Jc__BundleOperations *list = (const Jc__BundleOperations *)message;
    for (size_t i = 0; code == JC_OK && i < list->n_operations; i++) {
        ProtobufCBinaryData body = list->operations[i]->body;
        struct jc_str bytes = {(const char *)body.data, body.len};
        struct jc_err ignored;
        ProtobufCMessage *inner = NULL;
        taking->out->operations++;
        if (jc_message_unpack(&jc__operation_body__descriptor, bytes, taking->making.arena, &inner, &ignored) != JC_OK)
            continue; /* the server judges it */
        const Jc__OperationBody *command = (const Jc__OperationBody *)inner;
        if (command->command_case != JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK)
            continue;
        taking->given = command->hand_over_task;
        taking->hand_over_id = jc_terminal_uuid_of(list->operations[i]->id);
    }
    return code == JC_OK ? jc_bundle_write(taking->part_writer, JC_BUNDLE_OPERATIONS, frame->payload, err) : code;
}

static bool is_signed(const struct taking *taking, const Jc__BundleEnd *end, const uint8_t sha256[JC_SHA256_SIZE]) {
    return end->sha256.len == JC_SHA256_SIZE && memcmp(end->sha256.data, sha256, JC_SHA256_SIZE) == 0 &&
           end->signature.len == JC_SIGNATURE_SIZE &&
           jc_bundle_signed(sha256, end->signature.data, taking->header->public_key.data);
}

/* Hash and signature of the operations as a bundle of their own; completes it. */
static enum jc_code look_at_part(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    struct jc_bundle_writer *writer = taking->part_writer;
    enum jc_code code = unpack(taking, &jc__bundle_end__descriptor, frame, &message, err);
    if (code == JC_OK && !writer)
        return jc_bundle_malformed(taking->reader, frame->number, err);
    if (code)
        return code;
    jc_bundle_written_hash(writer, taking->carried.sha256);
    taking->part_sound = is_signed(taking, (const Jc__BundleEnd *)message, taking->carried.sha256);
    taking->part_writer = NULL;
    return jc_bundle_finish(writer, frame->payload, err);
}

static enum jc_code look_at_end(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    uint8_t sha256[JC_SHA256_SIZE];
    enum jc_code code = unpack(taking, &jc__bundle_end__descriptor, frame, &message, err);
    jc_bundle_hash(taking->reader, sha256);
    taking->whole_sound = code == JC_OK && is_signed(taking, (const Jc__BundleEnd *)message, sha256);
    return code;
}

static enum jc_code look(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = JC_OK;
    switch (frame->type) {
    case JC_BUNDLE_HEADER:
        return look_at_header(taking, frame, err);
    case JC_BUNDLE_OPERATIONS:
        return look_at_operations(taking, frame, err);
    case JC_BUNDLE_PART:
        return look_at_part(taking, frame, err);
    case JC_BUNDLE_ENTITIES:
        code = unpack(taking, &jc__bundle_entities__descriptor, frame, &message, err);
        taking->entities = (Jc__BundleEntities *)message;
        return code;
    case JC_BUNDLE_DRAFT:
        code = unpack(taking, &jc__inspection__descriptor, frame, &message, err);
        taking->inspection = (Jc__Inspection *)message;
        return code;
    case JC_BUNDLE_END:
        return look_at_end(taking, frame, err);
    default:
        return JC_OK;
    }
}

static enum jc_code each_frame(struct taking *taking,
                               enum jc_code (*visit)(struct taking *, const struct jc_bundle_frame *, struct jc_err *),
                               struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    enum jc_code code = JC_OK;
    while (code == JC_OK && frame.type != JC_BUNDLE_END) {
        code = jc_bundle_next(taking->reader, &frame, err);
        if (code == JC_OK)
            code = visit(taking, &frame, err);
    }
    return code;
}

static enum jc_code check(struct taking *taking, struct jc_err *err) {
    enum jc_code code = each_frame(taking, look, err);
    if (code)
        return code;
    bool sound = taking->part_sound && taking->whole_sound && taking->given &&
                 taking->given->task_id.len == JC_UUID_SIZE &&
                 (!taking->inspection || taking->inspection->inspection_id.len == JC_UUID_SIZE);
    taking->carried.bundle = jc_buf_str(&taking->part);
    return sound ? JC_OK : jc_bundle_altered(taking->reader, err);
}

/* --- photos -------------------------------------------------------------------------------------------------- */

static enum jc_code photo_path(const struct taking *taking, const uint8_t sha256[JC_SHA256_SIZE], struct jc_str *out,
                               struct jc_err *err) {
    char hex[2 * JC_SHA256_SIZE + 1];
    jc_hex(sha256, JC_SHA256_SIZE, hex);
    *out = jc_arena_printf(taking->making.arena, "%s.photos/%s", taking->making.terminal->path, hex);
    return out->ptr ? JC_OK : jc_fail_memory(err);
}

static enum jc_code keep_photo(struct taking *taking, struct jc_err *err) {
    struct jc_str path = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char folder[PATH_MAX];
    jc_sha256(jc_buf_str(&taking->blob), sha256);
    if (memcmp(sha256, taking->blob_sha256, sizeof sha256) != 0)
        return jc_bundle_altered(taking->reader, err);
    enum jc_code code = photo_path(taking, sha256, &path, err);
    snprintf(folder, sizeof folder, "%s.photos", taking->making.terminal->path);
    if (code == JC_OK && mkdir(folder, 0700) != 0 && errno != EEXIST)
        return jc_fail_errno(err, jc_str(folder));
    if (code == JC_OK)
        code = jc_file_write(path.ptr, jc_buf_str(&taking->blob), 0600, err);
    taking->out->blobs += code == JC_OK;
    return code;
}

static enum jc_code take_photo(struct taking *taking, const struct jc_bundle_frame *frame, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    if (frame->type == JC_BUNDLE_BLOB) {
        enum jc_code code = unpack(taking, &jc__bundle_blob__descriptor, frame, &message, err);
        if (code)
            return code;
        const Jc__BundleBlob *head = (const Jc__BundleBlob *)message;
        if (head->sha256.len != JC_SHA256_SIZE || head->size_bytes < 1 || head->size_bytes > BLOB_MAX)
            return jc_bundle_malformed(taking->reader, frame->number, err);
        memcpy(taking->blob_sha256, head->sha256.data, JC_SHA256_SIZE);
        taking->blob_size = head->size_bytes;
        jc_buf_reset(&taking->blob);
        return JC_OK;
    }
    if (frame->type != JC_BUNDLE_BLOB_BYTES)
        return JC_OK;
    jc_buf_add(&taking->blob, frame->payload);
    if (taking->blob.failed)
        return jc_fail_memory(err);
    return (int64_t)taking->blob.len == taking->blob_size ? keep_photo(taking, err) : JC_OK;
}

/* --- what is stored --------------------------------------------------------------------------------------------- */

static enum jc_code check_person(struct taking *taking, struct jc_err *err) {
    const struct jc_terminal_holder *holder = &taking->making.self.holder;
    struct jc_str to = jc_str(taking->given->to_inspector_id);
    if (!jc_str_eq(jc_str(taking->header->agency_id), holder->agency_id))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_HAND_OVER_AGENCY, jc_str(taking->header->agency_id));
    if (!jc_str_eq(to, holder->inspector_id))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_HAND_OVER_FOR, to, holder->inspector_id);
    return JC_OK;
}

static const char SQL_ENTITY_LACKED[] = "INSERT INTO entity (kind, id, body)"
                                        "VALUES ($1, $2, $3)"
                                        "    ON CONFLICT (kind, id) DO NOTHING";

static enum jc_code keep_entity(struct jc_tx *tx, Jc__EntityKind kind, struct jc_str id,
                                const ProtobufCMessage *message, struct taking *taking, struct jc_err *err) {
    struct jc_str body;
    enum jc_code code = jc_message_pack(message, taking->making.arena, &body, err);
    if (code == JC_OK)
        code = jc_tx_exec(tx, SQL_ENTITY_LACKED,
                          JC_VALUES(jc_int(kind), jc_bytes(id.ptr, id.len), jc_bytes(body.ptr, body.len)), err);
    taking->lacked |= code == JC_OK && jc_tx_changed(tx) > 0;
    return code;
}

/* What the listing here shows is newer; what it lacks is kept until the next one, which is a whole one then: no change
 * will ever take away what is not the team's. */
static enum jc_code keep_entities(struct jc_tx *tx, struct taking *taking, struct jc_err *err) {
    enum jc_code code = JC_OK;
    taking->lacked = false;
    for (size_t i = 0; code == JC_OK && taking->entities && i < taking->entities->n_changes; i++) {
        const Jc__Change *change = taking->entities->changes[i];
        switch (change->entity_case) {
        case JC__CHANGE__ENTITY_TASK:
            code = keep_entity(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, jc_view(change->task->task_id),
                               &change->task->base, taking, err);
            break;
        case JC__CHANGE__ENTITY_UNIT:
            code = keep_entity(tx, JC__ENTITY_KIND__ENTITY_KIND_UNIT, jc_str(change->unit->unit_id),
                               &change->unit->base, taking, err);
            break;
        case JC__CHANGE__ENTITY_CHECKLIST:
            code = keep_entity(tx, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, jc_str(change->checklist->checklist_id),
                               &change->checklist->base, taking, err);
            break;
        case JC__CHANGE__ENTITY_ORDER:
            code = keep_entity(tx, JC__ENTITY_KIND__ENTITY_KIND_ORDER, jc_view(change->order->order_id),
                               &change->order->base, taking, err);
            break;
        case JC__CHANGE__ENTITY_INSPECTOR:
            code = keep_entity(tx, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, jc_str(change->inspector->inspector_id),
                               &change->inspector->base, taking, err);
            break;
        default:
            break;
        }
    }
    return code == JC_OK && taking->lacked ? jc_terminal_list_anew(tx, err) : code;
}

/* A draft of the same inspection that is the holder's own stays. */
static enum jc_code keep_draft(struct jc_tx *tx, struct taking *taking, struct jc_err *err) {
    Jc__Inspection *inspection = taking->inspection;
    struct jc_terminal_saved known;
    struct jc_uuid none = {{0}};
    bool found = false;
    if (!inspection)
        return JC_OK;
    struct jc_terminal_saved saved = {
        .draft_id = jc_terminal_uuid_of(inspection->inspection_id),
        .task_id = jc_terminal_uuid_of(taking->given->task_id),
        .unit_id = jc_str(inspection->unit_id),
        .changed_ms = jc_clock_now_ms(&taking->making.terminal->wall),
        .handed_to = JC_STR(""),
        .reason = JC_STR(""),
        .inspection = inspection,
        .photo_paths = JC_NEW_ARRAY(taking->making.arena, inspection->n_photos, struct jc_str),
    };
    enum jc_code code = saved.photo_paths ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < inspection->n_photos; i++) {
        uint8_t sha256[JC_SHA256_SIZE] = {0};
        if (inspection->photos[i]->sha256.len == sizeof sha256)
            memcpy(sha256, inspection->photos[i]->sha256.data, sizeof sha256);
        code = photo_path(taking, sha256, &saved.photo_paths[i], err);
    }
    if (code == JC_OK)
        code = jc_terminal_draft_find(tx, saved.draft_id, none, taking->making.arena, &known, &found, err);
    if (code || (found && !known.handed_to.len))
        return code;
    taking->out->draft = true;
    return jc_terminal_draft_put(tx, &saved, taking->making.self.holder.device_id, taking->making.arena, err);
}

/* TakeOverTask, which needs the hand-over. */
static enum jc_code add_operation(struct jc_tx *tx, struct jc_terminal_making *making, const Jc__HandOverTask *given,
                                  const struct jc_terminal_carried *from, struct jc_uuid hand_over_id,
                                  struct jc_str unit_id, struct jc_err *err) {
    struct jc_uuid device_id = from->device_id;
    Jc__TakeOverTask take = JC__TAKE_OVER_TASK__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    take.task_id = given->task_id;
    take.inspection_id = given->inspection_id;
    take.from_device_id = (ProtobufCBinaryData){JC_UUID_SIZE, device_id.bytes};
    take.hand_over_id = (ProtobufCBinaryData){JC_UUID_SIZE, hand_over_id.bytes};
    body.command_case = JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK;
    body.take_over_task = &take;
    making->command = (struct jc_terminal_command){.body = &body,
                                                   .task_id = jc_terminal_uuid_of(given->task_id),
                                                   .subject_id = jc_terminal_uuid_of(given->inspection_id),
                                                   .unit_id = unit_id,
                                                   .depends_on = hand_over_id};
    return jc_terminal_making_store(tx, making, JC_TERMINAL_TASK, err);
}

/* Whether the hand-over was taken here before; which unit the task is at. */
static enum jc_code find_before(struct jc_tx *tx, struct taking *taking, struct jc_err *err) {
    struct jc_terminal_operations list;
    struct jc_uuid none = {{0}}, task_id = jc_terminal_uuid_of(taking->given->task_id);
    struct jc_arena *arena = taking->making.arena;
    ProtobufCMessage *task = NULL;
    struct jc_str id = {(const char *)task_id.bytes, sizeof task_id.bytes};
    taking->out->task_id = task_id;
    taking->out->already = false;
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, id, arena, &task, err);
    if (code == JC_OK)
        code = jc_terminal_operation_list(tx, none, task_id, arena, &list, err);
    if (code)
        return code;
    taking->out->unit_id = jc_str(task ? ((const Jc__Task *)task)->unit_id : "");
    for (size_t i = 0; i < list.count; i++) {
        const struct jc_terminal_operation *operation = &list.items[i];
        taking->out->already |= operation->outcome.command == JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK &&
                                jc_terminal_uuid_equal(jc_terminal_uuid(operation->depends_on), taking->hand_over_id);
    }
    return JC_OK;
}

static enum jc_code take_over(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct taking *taking = ctx;
    struct jc_terminal_making *making = &taking->making;
    taking->out->draft = false;
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = check_person(taking, err);
    if (code == JC_OK)
        code = keep_entities(tx, taking, err);
    if (code == JC_OK)
        code = find_before(tx, taking, err);
    if (code == JC_OK && !taking->out->already)
        code = jc_terminal_carried_add(tx, &taking->carried, jc_clock_now_ms(&making->terminal->wall), err);
    if (code == JC_OK && !taking->out->already)
        code = keep_draft(tx, taking, err);
    if (code == JC_OK && !taking->out->already)
        code =
            add_operation(tx, making, taking->given, &taking->carried, taking->hand_over_id, taking->out->unit_id, err);
    jc_sign_forget(making->self.secret_key, sizeof making->self.secret_key);
    return code;
}

static enum jc_code look_who(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct taking *taking = ctx;
    enum jc_code code = jc_terminal_making_begin(tx, &taking->making, err);
    jc_sign_forget(taking->making.self.secret_key, sizeof taking->making.self.secret_key);
    return code == JC_OK ? check_person(taking, err) : code;
}

enum jc_code jc_terminal_take_over(struct jc_terminal *terminal, const char *path, struct jc_arena *arena,
                                   struct jc_terminal_taken *out, struct jc_err *err) {
    struct taking taking = {.making = {.terminal = terminal, .arena = arena}, .path = path, .out = out};
    taking.making.out = &taking.work;
    *out = (struct jc_terminal_taken){0};
    jc_buf_init(&taking.part, PART_MAX + JC_BUNDLE_PAYLOAD_MAX);
    jc_buf_init(&taking.blob, BLOB_MAX);
    enum jc_code code = jc_bundle_open(path, &taking.reader, err);
    if (code == JC_OK)
        code = check(&taking, err);
    if (code == JC_OK)
        code = jc_terminal_read(terminal, look_who, &taking, err);
    if (code == JC_OK)
        code = jc_bundle_rewind(taking.reader, err);
    if (code == JC_OK)
        code = each_frame(&taking, take_photo, err);
    if (code == JC_OK)
        code = jc_terminal_write(terminal, take_over, &taking, err);
    if (code == JC_OK)
        out->from_inspector_id = jc_str(taking.header->inspector_id);
    jc_bundle_abort(taking.part_writer);
    jc_bundle_close(taking.reader);
    jc_buf_free(&taking.part);
    jc_buf_free(&taking.blob);
    return code;
}

/* --- taking back -------------------------------------------------------------------------------------------------- */

struct back {
    struct jc_terminal_making making;
    struct jc_uuid task_id;
};

static enum jc_code take_back(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct back *back = ctx;
    struct jc_terminal_making *making = &back->making;
    struct jc_terminal_operations list;
    struct jc_uuid none = {{0}};
    Jc__OperationBody *body = NULL;
    char text[JC_UUID_TEXT];
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK)
        code = jc_terminal_operation_list(tx, none, back->task_id, making->arena, &list, err);
    if (code)
        return code;
    const struct jc_terminal_operation *given = jc_terminal_standing(NULL, &list).given;
    if (!given)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NOT_HANDED_OVER,
                       list.count ? list.items[0].outcome.unit_id : jc_uuid_format(back->task_id, text));
    code = jc_terminal_operation_body(given, making->arena, &body, err);
    if (code || body->command_case != JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK)
        return code;
    const struct jc_terminal_carried from = {.device_id = making->self.holder.device_id};
    code = add_operation(tx, making, body->hand_over_task, &from, given->outcome.operation_id, given->outcome.unit_id,
                         err);
    return code == JC_OK ? jc_terminal_draft_hand_over(tx, back->task_id, JC_STR(""), err) : code;
}

enum jc_code jc_terminal_take_back(struct jc_terminal *terminal, struct jc_uuid task_id, struct jc_arena *arena,
                                   struct jc_terminal_work *out, struct jc_err *err) {
    struct back back = {{.terminal = terminal, .arena = arena, .out = out}, task_id};
    enum jc_code code = jc_terminal_write(terminal, take_back, &back, err);
    jc_sign_forget(back.making.self.secret_key, sizeof back.making.self.secret_key);
    return code;
}
