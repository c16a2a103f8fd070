/* One row per draft, the inspection as far as it goes; saving replaces it in one transaction, so a battery that dies
 * leaves the last state that was saved, whole. Nothing is checked but that texts are text: a draft may be wrong.
 *
 * What must never happen: a draft that outlives its record, or one that goes before its record is stored. */
#include "terminal/draft.h"

#include "base/message.h"
#include "terminal/entity.h"
#include "terminal/operation.h"
#include "terminal/standing.h"

/* --- rows ------------------------------------------------------------------------------------------------- */

#define COLUMNS "draft_id, task_id, unit_id, changed_ms, handed_to, reason, body"

static const char SQL_PHOTO_PATHS[] = "SELECT path FROM photo WHERE subject_id = $1 ORDER BY position";

static enum jc_code read_paths(struct jc_tx *tx, struct jc_arena *arena, struct jc_terminal_saved *out,
                               struct jc_err *err) {
    struct {
        struct jc_str *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_PHOTO_PATHS, JC_VALUES(jc_terminal_uuid_value(&out->draft_id)), &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_str *path = JC_PUSH(arena, &list, struct jc_str);
        if (path)
            *path = jc_rows_copy(rows, 0, arena);
        if (!path || !path->ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    out->photo_paths = list.count == out->inspection->n_photos ? list.items : NULL;
    return code;
}

static enum jc_code read_saved(struct jc_rows *rows, struct jc_arena *arena, struct jc_terminal_saved *out,
                               struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    *out = (struct jc_terminal_saved){
        .draft_id = jc_terminal_uuid(jc_rows_bytes(rows, 0)),
        .task_id = jc_terminal_uuid(jc_rows_bytes(rows, 1)),
        .unit_id = jc_rows_copy(rows, 2, arena),
        .changed_ms = jc_rows_int64(rows, 3),
        .handed_to = jc_rows_copy(rows, 4, arena),
        .reason = jc_rows_copy(rows, 5, arena),
    };
    if (!out->unit_id.ptr || !out->handed_to.ptr || !out->reason.ptr)
        return jc_fail_memory(err);
    enum jc_code code = jc_terminal_unpack(&jc__inspection__descriptor, jc_rows_bytes(rows, 6), arena, &message, err);
    out->inspection = (Jc__Inspection *)message;
    return code;
}

static const char SQL_DRAFT_GET[] = "SELECT " COLUMNS " FROM draft WHERE draft_id = $1";

static const char SQL_DRAFT_OF_TASK[] =
    "SELECT " COLUMNS " FROM draft WHERE task_id = $1 AND handed_to = '' ORDER BY changed_ms DESC LIMIT 1";

enum jc_code jc_terminal_draft_find(struct jc_tx *tx, struct jc_uuid draft_id, struct jc_uuid task_id,
                                    struct jc_arena *arena, struct jc_terminal_saved *out, bool *found,
                                    struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool by_task = jc_terminal_uuid_is_zero(draft_id);
    *found = false;
    if (by_task && jc_terminal_uuid_is_zero(task_id))
        return JC_OK;
    enum jc_code code = jc_tx_query(tx, by_task ? SQL_DRAFT_OF_TASK : SQL_DRAFT_GET,
                                    JC_VALUES(jc_terminal_uuid_value(by_task ? &task_id : &draft_id)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, found, err);
    if (code == JC_OK && *found)
        code = read_saved(rows, arena, out, err);
    jc_rows_close(rows);
    return code == JC_OK && *found ? read_paths(tx, arena, out, err) : code;
}

static const char SQL_PHOTOS_CLEAR[] = "DELETE FROM photo WHERE subject_id = $1";

static const char SQL_PHOTO_ADD[] = "INSERT INTO photo (subject_id, position, sha256, path, uploaded_ms)"
                                    "VALUES ($1, $2, $3, $4, NULL)";

enum jc_code jc_terminal_photos_put(struct jc_tx *tx, struct jc_uuid subject_id, const Jc__Inspection *inspection,
                                    const struct jc_str *paths, struct jc_err *err) {
    struct jc_value subject = jc_terminal_uuid_value(&subject_id);
    if (!paths)
        return JC_OK;
    enum jc_code code = jc_tx_exec(tx, SQL_PHOTOS_CLEAR, JC_VALUES(subject), err);
    for (size_t i = 0; code == JC_OK && i < inspection->n_photos; i++) {
        ProtobufCBinaryData sha256 = inspection->photos[i]->sha256;
        code = jc_tx_exec(tx, SQL_PHOTO_ADD,
                          JC_VALUES(subject, jc_int((int64_t)i), jc_bytes(sha256.data, sha256.len), jc_text(paths[i])),
                          err);
    }
    return code;
}

static const char SQL_DRAFT_PUT[] =
    "INSERT INTO draft (draft_id, task_id, unit_id, device_id, changed_ms, handed_to, reason, body)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    "    ON CONFLICT (draft_id) DO UPDATE SET task_id = excluded.task_id, unit_id = excluded.unit_id,"
    "       device_id = excluded.device_id, changed_ms = excluded.changed_ms, handed_to = excluded.handed_to,"
    "       reason = excluded.reason, body = excluded.body";

enum jc_code jc_terminal_draft_put(struct jc_tx *tx, const struct jc_terminal_saved *saved, struct jc_uuid device_id,
                                   struct jc_arena *arena, struct jc_err *err) {
    struct jc_str body;
    enum jc_code code = jc_message_pack(&saved->inspection->base, arena, &body, err);
    if (code == JC_OK)
        code = jc_message_check(&jc__inspection__descriptor, body, err);
    if (code == JC_OK && body.len > JC_TERMINAL_BODY_MAX)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_BODY_LARGE);
    if (code == JC_OK)
        code =
            jc_tx_exec(tx, SQL_DRAFT_PUT,
                       JC_VALUES(jc_terminal_uuid_value(&saved->draft_id), jc_terminal_uuid_value(&saved->task_id),
                                 jc_text(saved->unit_id), jc_terminal_uuid_value(&device_id), jc_int(saved->changed_ms),
                                 jc_text(saved->handed_to), jc_text(saved->reason), jc_bytes(body.ptr, body.len)),
                       err);
    return code == JC_OK ? jc_terminal_photos_put(tx, saved->draft_id, saved->inspection, saved->photo_paths, err)
                         : code;
}

static const char SQL_DRAFT_DONE[] =
    "DELETE FROM draft WHERE draft_id = $1 OR (task_id = $2 AND length(task_id) > 0 AND handed_to = '')";

enum jc_code jc_terminal_draft_done(struct jc_tx *tx, struct jc_uuid inspection_id, struct jc_uuid task_id,
                                    struct jc_err *err) {
    return jc_tx_exec(tx, SQL_DRAFT_DONE,
                      JC_VALUES(jc_terminal_uuid_value(&inspection_id), jc_terminal_uuid_value(&task_id)), err);
}

static const char SQL_DRAFT_HAND_OVER[] = "UPDATE draft SET handed_to = $1 WHERE task_id = $2";

enum jc_code jc_terminal_draft_hand_over(struct jc_tx *tx, struct jc_uuid task_id, struct jc_str inspector_id,
                                         struct jc_err *err) {
    return jc_tx_exec(tx, SQL_DRAFT_HAND_OVER, JC_VALUES(jc_text(inspector_id), jc_terminal_uuid_value(&task_id)), err);
}

/* --- saving ------------------------------------------------------------------------------------------------- */

struct saving {
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    const struct jc_terminal_draft *draft;
    struct jc_terminal_saved saved;
};

/* The inspection_id that the arrival on site gave the task; zeros: nobody has arrived. */
static enum jc_code find_arrival(struct jc_tx *tx, struct saving *saving, struct jc_uuid *out, struct jc_err *err) {
    struct jc_terminal_operations list;
    ProtobufCMessage *task = NULL;
    struct jc_uuid none = {{0}}, task_id = saving->saved.task_id;
    struct jc_str id = {(const char *)task_id.bytes, sizeof task_id.bytes};
    *out = none;
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, id, saving->arena, &task, err);
    if (code == JC_OK && !task) {
        char text[JC_UUID_TEXT];
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_TASK_UNKNOWN, jc_uuid_format(task_id, text));
    }
    if (code == JC_OK)
        code = jc_terminal_operation_list(tx, none, task_id, saving->arena, &list, err);
    if (code)
        return code;
    saving->saved.unit_id = jc_str(((const Jc__Task *)task)->unit_id);
    struct jc_terminal_standing standing = jc_terminal_standing((const Jc__Task *)task, &list);
    *out = jc_terminal_standing_inspection(&standing);
    return JC_OK;
}

/* As given, else that of the arrival, else that of the task's draft, else a new one. */
static enum jc_code find_id(struct jc_tx *tx, struct saving *saving, struct jc_err *err) {
    struct jc_terminal_saved known;
    struct jc_uuid id = jc_terminal_uuid_of(saving->draft->inspection->inspection_id);
    struct jc_uuid arrival = {{0}};
    bool found = false;
    enum jc_code code = JC_OK;
    if (!jc_terminal_uuid_is_zero(saving->saved.task_id))
        code = find_arrival(tx, saving, &arrival, err);
    if (code == JC_OK && jc_terminal_uuid_is_zero(id))
        id = arrival;
    if (code == JC_OK && jc_terminal_uuid_is_zero(id)) {
        code = jc_terminal_draft_find(tx, id, saving->saved.task_id, saving->arena, &known, &found, err);
        id = found ? known.draft_id : jc_uuid7(&saving->terminal->wall);
    }
    saving->saved.draft_id = id;
    return code;
}

static enum jc_code save(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct saving *saving = ctx;
    struct jc_terminal_self self;
    Jc__Inspection *inspection = saving->draft->inspection;
    saving->saved = (struct jc_terminal_saved){
        .task_id = jc_terminal_uuid_of(inspection->task_id),
        .unit_id = jc_str(inspection->unit_id),
        .changed_ms = jc_clock_now_ms(&saving->terminal->wall),
        .handed_to = JC_STR(""),
        .reason = saving->draft->reason.ptr ? saving->draft->reason : JC_STR(""),
        .inspection = inspection,
        .photo_paths = (struct jc_str *)(uintptr_t)saving->draft->photo_paths,
    };
    enum jc_code code = jc_terminal_self_enrolled(tx, saving->arena, &self, err);
    jc_sign_forget(self.secret_key, sizeof self.secret_key);
    if (code == JC_OK)
        code = find_id(tx, saving, err);
    if (code)
        return code;
    inspection->inspection_id = jc_terminal_uuid_field(saving->arena, saving->saved.draft_id);
    if (!inspection->inspection_id.data)
        return jc_fail_memory(err);
    return jc_terminal_draft_put(tx, &saving->saved, self.holder.device_id, saving->arena, err);
}

enum jc_code jc_terminal_draft_save(struct jc_terminal *terminal, const struct jc_terminal_draft *draft,
                                    struct jc_arena *arena, struct jc_uuid *out, struct jc_err *err) {
    struct saving saving = {.terminal = terminal, .arena = arena, .draft = draft};
    enum jc_code code = jc_terminal_write(terminal, save, &saving, err);
    *out = saving.saved.draft_id;
    return code;
}

/* --- listing and dropping ------------------------------------------------------------------------------------- */

static const char SQL_DRAFTS[] = "SELECT " COLUMNS " FROM draft ORDER BY changed_ms DESC, draft_id";

struct drafts {
    struct jc_arena *arena;
    struct jc_terminal_saved *items;
    size_t count, capacity;
};

static enum jc_code list_drafts(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct drafts *list = ctx;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    list->items = NULL;
    list->count = list->capacity = 0;
    enum jc_code code = jc_tx_query(tx, SQL_DRAFTS, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        struct jc_terminal_saved *saved = JC_PUSH(list->arena, list, struct jc_terminal_saved);
        code = saved ? read_saved(rows, list->arena, saved, err) : jc_fail_memory(err);
        if (code == JC_OK)
            code = read_paths(tx, list->arena, saved, err);
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_terminal_drafts(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_saved **out,
                                size_t *count, struct jc_err *err) {
    struct drafts list = {.arena = arena};
    enum jc_code code = jc_terminal_read(terminal, list_drafts, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char SQL_DRAFT_DROP[] = "DELETE FROM draft WHERE draft_id = $1";

static enum jc_code drop(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_uuid *draft_id = ctx;
    char text[JC_UUID_TEXT];
    enum jc_code code = jc_tx_exec(tx, SQL_DRAFT_DROP, JC_VALUES(jc_terminal_uuid_value(draft_id)), err);
    if (code == JC_OK && jc_tx_changed(tx) == 0)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_ID_UNKNOWN, jc_uuid_format(*draft_id, text));
    return code == JC_OK ? jc_tx_exec(tx, SQL_PHOTOS_CLEAR, JC_VALUES(jc_terminal_uuid_value(draft_id)), err) : code;
}

enum jc_code jc_terminal_draft_drop(struct jc_terminal *terminal, struct jc_uuid draft_id, struct jc_err *err) {
    return jc_terminal_write(terminal, drop, &draft_id, err);
}
