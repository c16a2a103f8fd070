/* Whether the listing here is what the server says it should be, and whether everything for the work ahead is here.
 *
 * Every entity is hashed as it was received and XORed into the hash of its kind (base/evidence.h), so the order does
 * not matter; a listing of ten thousand units costs some 20 ms. What leaves a listing with time alone takes no part: of
 * tasks the open and returned ones count, of orders those with an item that is not corrected, outcomes of reviews do not.
 * Rebuilding forgets where the listing stands; what is shown stays until the new one is complete, and nothing made here
 * is touched. */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/blob.h"
#include "terminal/call.h"
#include "terminal/digest.h"
#include "terminal/entity.h"
#include "terminal/holder.h"
#include "terminal/upload.h"
#include "terminal/wire.h"

enum { KINDS = JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME };

struct hash {
    uint8_t bytes[JC_SHA256_SIZE];
};

struct checking {
    struct jc_terminal *terminal;
    struct jc_arena *arena;   /* the caller's */
    struct jc_arena *scratch; /* of one entity */
    struct jc_terminal_self self;
    struct jc_terminal_kind_check kinds[KINDS];
    uint8_t sets[KINDS][JC_SHA256_SIZE];
    struct {
        struct hash *items;
        size_t count, capacity;
    } assigned, blobs; /* that open tasks need and that are here */
    struct {
        struct jc_terminal_missing *items;
        size_t count, capacity;
    } missing;
    const Jc__GetDigestResponse *answer;
    struct jc_terminal_checked *out;
};

/* --- what is here -------------------------------------------------------------------------------------------- */

static bool is_open(const Jc__RectificationOrder *order) {
    for (size_t i = 0; i < order->n_items; i++) {
        if (!*order->items[i]->corrected_on)
            return true;
    }
    return false;
}

static bool counts(int kind, const ProtobufCMessage *message) {
    const Jc__Task *task = (const Jc__Task *)message;
    switch (kind) {
    case JC__ENTITY_KIND__ENTITY_KIND_TASK:
        return task->state == JC__TASK_STATE__TASK_STATE_OPEN || task->state == JC__TASK_STATE__TASK_STATE_RETURNED;
    case JC__ENTITY_KIND__ENTITY_KIND_ORDER:
        return is_open((const Jc__RectificationOrder *)message);
    default:
        return kind > 0 && kind < KINDS;
    }
}

static const char SQL_ENTITIES[] = "SELECT kind, id, body FROM entity";

static enum jc_code add_entity(struct checking *checking, const struct jc_rows *rows, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    uint8_t hash[JC_SHA256_SIZE];
    int kind = (int)jc_rows_int64(rows, 0);
    const ProtobufCMessageDescriptor *type = jc_terminal_entity_type(kind);
    jc_arena_reset(checking->scratch);
    if (!type || kind >= KINDS)
        return JC_OK;
    enum jc_code code = jc_terminal_unpack(type, jc_rows_bytes(rows, 2), checking->scratch, &message, err);
    if (code || !counts(kind, message))
        return code;
    jc_entity_hash((uint8_t)kind, jc_rows_bytes(rows, 1), jc_rows_bytes(rows, 2), hash);
    jc_set_hash_flip(checking->sets[kind], hash);
    checking->kinds[kind].here++;
    return JC_OK;
}

static enum jc_code add_entities(struct jc_tx *tx, struct checking *checking, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_ENTITIES, JC_NO_VALUES, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row)
        code = add_entity(checking, rows, err);
    jc_rows_close(rows);
    return code;
}

/* --- what the open tasks need ---------------------------------------------------------------------------------- */

static const char SQL_ENTITY_BODY[] = "SELECT body FROM entity WHERE kind = $1 AND id = $2";

/* Adds the hash of one thing that a task names; *here is false if it is not on this terminal. */
static enum jc_code assign(struct jc_tx *tx, struct checking *checking, Jc__EntityKind kind, struct jc_str id,
                           bool *here, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    struct hash *slot = NULL;
    enum jc_code code = jc_tx_query(tx, SQL_ENTITY_BODY, JC_VALUES(jc_int(kind), jc_bytes(id.ptr, id.len)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, here, err);
    if (code == JC_OK && *here && !(slot = JC_PUSH(checking->arena, &checking->assigned, struct hash)))
        code = jc_fail_memory(err);
    if (slot)
        jc_entity_hash((uint8_t)kind, id, jc_rows_bytes(rows, 0), slot->bytes);
    jc_rows_close(rows);
    return code;
}

static enum jc_code add_missing(struct checking *checking, const Jc__Task *task, Jc__EntityKind kind,
                                struct jc_err *err) {
    struct jc_terminal_missing *missing = JC_PUSH(checking->arena, &checking->missing, struct jc_terminal_missing);
    if (!missing)
        return jc_fail_memory(err);
    *missing = (struct jc_terminal_missing){
        .task_id = jc_terminal_uuid_of(task->task_id), .unit_id = jc_str(task->unit_id), .kind = kind};
    return JC_OK;
}

static enum jc_code need(struct jc_tx *tx, struct checking *checking, const Jc__Task *task, Jc__EntityKind kind,
                         struct jc_str id, struct jc_err *err) {
    bool here = false;
    if (id.len == 0)
        return JC_OK;
    enum jc_code code = assign(tx, checking, kind, id, &here, err);
    if (code || here)
        return code;
    return add_missing(checking, task, kind, err);
}

/* A photo that the task needs. One that is not here is missing, unless the server does not have it either (compare). */
static enum jc_code need_blob(struct jc_tx *tx, struct checking *checking, const Jc__Task *task, const Jc__Photo *photo,
                              struct jc_err *err) {
    struct jc_str path;
    enum jc_code code = jc_terminal_blob_find(tx, checking->terminal, photo, checking->arena, &path, err);
    if (code)
        return code;
    if (!path.ptr || photo->sha256.len != JC_SHA256_SIZE)
        return add_missing(checking, task, JC__ENTITY_KIND__ENTITY_KIND_UNSPECIFIED, err);
    struct hash *slot = JC_PUSH(checking->arena, &checking->blobs, struct hash);
    if (!slot)
        return jc_fail_memory(err);
    memcpy(slot->bytes, photo->sha256.data, sizeof slot->bytes);
    return JC_OK;
}

static enum jc_code add_needs(struct jc_tx *tx, struct checking *checking, struct jc_err *err) {
    struct jc_terminal_entities tasks;
    enum jc_code code = jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, checking->arena, &tasks, err);
    for (size_t i = 0; code == JC_OK && i < tasks.count; i++) {
        const Jc__Task *task = (const Jc__Task *)tasks.items[i];
        if (task->state != JC__TASK_STATE__TASK_STATE_OPEN)
            continue;
        checking->out->tasks++;
        const struct {
            Jc__EntityKind kind;
            struct jc_str id;
        } needs[] = {
            {JC__ENTITY_KIND__ENTITY_KIND_TASK, {(const char *)task->task_id.data, task->task_id.len}},
            {JC__ENTITY_KIND__ENTITY_KIND_UNIT, jc_str(task->unit_id)},
            {JC__ENTITY_KIND__ENTITY_KIND_ORDER, {(const char *)task->order_id.data, task->order_id.len}},
            {JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, jc_str(task->checklist_id)},
        };
        for (size_t k = 0; code == JC_OK && k < sizeof needs / sizeof *needs; k++)
            code = need(tx, checking, task, needs[k].kind, needs[k].id, err);
        for (size_t k = 0; code == JC_OK && k < task->n_needed_blobs; k++)
            code = need_blob(tx, checking, task, task->needed_blobs[k], err);
    }
    return code;
}

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, JC_SHA256_SIZE);
}

/* Sorts and leaves out what is there twice; the number of those left. */
static size_t sort_unique(struct hash *items, size_t count) {
    size_t kept = 0;
    if (count)
        qsort(items, count, sizeof *items, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (!kept || by_bytes(&items[kept - 1], &items[i]) != 0)
            items[kept++] = items[i];
    }
    return kept;
}

/* SHA-256 over the sorted hashes of entities, each once, then those of the blobs. */
static enum jc_code hash_assigned(struct checking *checking, uint8_t out[JC_SHA256_SIZE], struct jc_err *err) {
    size_t entities = sort_unique(checking->assigned.items, checking->assigned.count);
    size_t blobs = sort_unique(checking->blobs.items, checking->blobs.count);
    struct hash *all = jc_arena_array(checking->arena, entities + blobs + 1, sizeof *all);
    if (!all)
        return jc_fail_memory(err);
    if (entities)
        memcpy(all, checking->assigned.items, entities * sizeof *all);
    if (blobs)
        memcpy(all + entities, checking->blobs.items, blobs * sizeof *all);
    jc_sha256((struct jc_str){(const char *)all, (entities + blobs) * sizeof *all}, out);
    return JC_OK;
}

/* What the server does not have either is not missing here. */
static void drop_blobs(struct checking *checking) {
    size_t kept = 0;
    for (size_t i = 0; i < checking->missing.count; i++)
        if (checking->missing.items[i].kind != JC__ENTITY_KIND__ENTITY_KIND_UNSPECIFIED)
            checking->missing.items[kept++] = checking->missing.items[i];
    checking->missing.count = kept;
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static void compare_kinds(struct checking *checking) {
    struct jc_terminal_checked *out = checking->out;
    out->matched = true;
    for (int kind = 1; kind < KINDS; kind++) {
        struct jc_terminal_kind_check *check = &checking->kinds[kind];
        *check = (struct jc_terminal_kind_check){.kind = (Jc__EntityKind)kind, .here = check->here};
        for (size_t i = 0; i < checking->answer->n_kinds; i++) {
            const Jc__KindDigest *there = checking->answer->kinds[i];
            if ((int)there->kind != kind)
                continue;
            check->there = there->count;
            check->same = there->count == check->here && there->sha256_xor.len == JC_SHA256_SIZE &&
                          memcmp(there->sha256_xor.data, checking->sets[kind], JC_SHA256_SIZE) == 0;
        }
        out->matched &= check->same;
        out->kinds[out->kind_count++] = *check;
    }
}

static const char SQL_CHECKED[] = "UPDATE terminal"
                                  "   SET digest_state = $1, digest_ms = $2, ready_ms = $3"
                                  " WHERE only_row = 1";

static enum jc_code compare(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct checking *checking = ctx;
    struct jc_terminal_checked *out = checking->out;
    const Jc__AssignedSet *assigned = checking->answer->assigned;
    uint8_t hash[JC_SHA256_SIZE];
    struct jc_terminal_self now;
    *out = (struct jc_terminal_checked){0};
    memset(checking->kinds, 0, sizeof checking->kinds);
    memset(checking->sets, 0, sizeof checking->sets);
    checking->assigned.count = checking->blobs.count = checking->missing.count = 0;
    enum jc_code code = jc_terminal_self_enrolled(tx, checking->arena, &now, err);
    jc_sign_forget(now.secret_key, sizeof now.secret_key);
    if (code == JC_OK && !jc_str_eq(now.position, checking->self.position))
        code = jc_fail(err, JC_ABORTED, JC_MSG_TERM_SYNC_ELSEWHERE);
    if (code == JC_OK)
        code = add_entities(tx, checking, err);
    if (code == JC_OK)
        code = add_needs(tx, checking, err);
    if (code)
        return code;
    compare_kinds(checking);
    if ((code = hash_assigned(checking, hash, err)) != JC_OK)
        return code;
    bool same =
        assigned && assigned->sha256.len == sizeof hash && memcmp(assigned->sha256.data, hash, sizeof hash) == 0;
    if (same)
        drop_blobs(checking);
    out->missing = checking->missing.items;
    out->missing_count = checking->missing.count;
    out->ready = same && out->missing_count == 0;
    int64_t now_ms = jc_clock_now_ms(&checking->terminal->wall);
    Jc__DigestState state =
        out->matched ? JC__DIGEST_STATE__DIGEST_STATE_MATCHED : JC__DIGEST_STATE__DIGEST_STATE_DIFFERS;
    return jc_tx_exec(tx, SQL_CHECKED,
                      JC_VALUES(jc_int(state), jc_int(now_ms), out->ready ? jc_int(now_ms) : jc_null()), err);
}

/* --- once a day ------------------------------------------------------------------------------------------------------ */

static const int64_t DAY_MS = (int64_t)24 * 3600 * 1000;

static const char SQL_COMPARED[] = "SELECT t.digest_state, COALESCE(t.digest_ms, h.enrolled_ms)"
                                   "  FROM terminal AS t"
                                   "  JOIN holder AS h ON h.active = 1"
                                   " WHERE t.only_row = 1";

enum jc_code jc_terminal_comparison(struct jc_tx *tx, int64_t now_ms, struct jc_terminal_comparison *out,
                                    struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = (struct jc_terminal_comparison){0};
    enum jc_code code = jc_tx_query(tx, SQL_COMPARED, JC_NO_VALUES, &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &has_row, err);
    if (code == JC_OK && has_row) {
        int64_t state = jc_rows_int64(rows, 0), last_ms = jc_rows_int64(rows, 1);
        bool fresh = state == JC__DIGEST_STATE__DIGEST_STATE_REBUILT;
        out->due = fresh || now_ms < last_ms || now_ms - last_ms >= DAY_MS;
        out->rebuilt = fresh || state == JC__DIGEST_STATE__DIGEST_STATE_DIFFERS;
    }
    jc_rows_close(rows);
    return code;
}

/* --- public ---------------------------------------------------------------------------------------------------------- */

/* Photos that the server has lost, or never had. */
static enum jc_code send_again(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct checking *checking = ctx;
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < checking->answer->n_missing_blobs; i++) {
        ProtobufCBinaryData sha256 = checking->answer->missing_blobs[i];
        code = jc_terminal_upload_again(tx, (struct jc_str){(const char *)sha256.data, sha256.len}, err);
    }
    return code;
}

static enum jc_code look(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct checking *checking = ctx;
    enum jc_code code = jc_terminal_self_enrolled(tx, checking->arena, &checking->self, err);
    jc_sign_forget(checking->self.secret_key, sizeof checking->self.secret_key);
    if (code == JC_OK && (checking->self.staging || checking->self.position.len == 0))
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_CHECK_MOVED);
    return code;
}

static enum jc_code ask(struct checking *checking, const struct jc_transport *transport, struct jc_err *err) {
    Jc__GetDigestRequest request = JC__GET_DIGEST_REQUEST__INIT;
    struct jc_terminal_call call = {.procedure = "/jiancha.v1.SyncService/GetDigest",
                                    .token = checking->self.token,
                                    .type = &jc__get_digest_response__descriptor};
    request.cursor = jc_terminal_wire_bytes(checking->self.position);
    enum jc_code code = jc_message_pack(&request.base, checking->arena, &call.request, err);
    if (code == JC_OK)
        code = jc_terminal_call(transport, &call, checking->arena, err);
    checking->answer = (const Jc__GetDigestResponse *)call.answer;
    if (code == JC_OK && checking->answer->n_missing_blobs)
        code = jc_terminal_write(checking->terminal, send_again, checking, err);
    if (code == JC_OK && checking->answer->moved)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_CHECK_MOVED);
    return code;
}

enum jc_code jc_terminal_check(struct jc_terminal *terminal, const struct jc_transport *transport,
                               struct jc_arena *arena, struct jc_terminal_checked *out, struct jc_err *err) {
    struct checking checking = {
        .terminal = terminal, .arena = arena, .scratch = jc_arena_new(JC_TERMINAL_ARENA_MAX), .out = out};
    *out = (struct jc_terminal_checked){0};
    enum jc_code code = checking.scratch ? jc_terminal_read(terminal, look, &checking, err) : jc_fail_memory(err);
    if (code == JC_OK)
        code = ask(&checking, transport, err);
    if (code == JC_OK)
        code = jc_terminal_write(terminal, compare, &checking, err);
    jc_arena_free(checking.scratch);
    return code;
}

static const char SQL_REBUILT[] = "UPDATE terminal"
                                  "   SET digest_state = $1, ready_ms = NULL"
                                  " WHERE only_row = 1";

static enum jc_code rebuild(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    enum jc_code code = jc_terminal_list_anew(tx, err);
    return code ? code : jc_tx_exec(tx, SQL_REBUILT, JC_VALUES(jc_int(JC__DIGEST_STATE__DIGEST_STATE_REBUILT)), err);
}

enum jc_code jc_terminal_rebuild(struct jc_terminal *terminal, struct jc_err *err) {
    return jc_terminal_write(terminal, rebuild, NULL, err);
}
