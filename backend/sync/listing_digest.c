/* One walk over the listing, each entity hashed as it would be sent (base/evidence.h: jc_entity_hash) and
 * put into the set of its kind; the open tasks are remembered, and what they need is loaded behind it.
 * The assigned set is sorted, so that it says the same whatever order the terminal keeps. */
#include "sync/listing_digest.h"

#include <stdlib.h>
#include <string.h>

#include "base/evidence.h"
#include "base/message.h"
#include "store/blob.h"
#include "store/completeness.h"
#include "store/feed.h"
#include "store/store.h"
#include "sync/changes.h"
#include "sync/cursor.h"

enum { KINDS = JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME + 1, ENTITY_ARENA = 64 << 20, MISSING_MAX = 500 };

struct hash {
    uint8_t bytes[JC_SHA256_SIZE];
};

struct needed { /* by an open task */
    struct jc_str unit_id, order_id, checklist_id;
};

struct digest {
    struct jc_tx *tx;
    const struct jc_sync_caller *caller;
    int64_t now_ms;
    struct jc_arena *arena;   /* the answer's */
    struct jc_arena *scratch; /* of one entity */
    int64_t counts[KINDS];
    uint8_t sets[KINDS][JC_SHA256_SIZE];
    struct {
        struct needed *items;
        size_t count, capacity;
    } tasks;
    struct {
        struct hash *items;
        size_t count, capacity;
    } assigned, blobs; /* blobs: that open tasks need */
};

/* --- one entity ------------------------------------------------------------------------------------------- */

struct entity {
    Jc__EntityKind kind;
    struct jc_str id;
    const ProtobufCMessage *message;
    bool counts; /* it does not leave the listing with time alone */
};

static bool is_open(const Jc__RectificationOrder *order) {
    for (size_t i = 0; i < order->n_items; i++) {
        if (!*order->items[i]->corrected_on)
            return true;
    }
    return false;
}

static bool is_to_do(const Jc__Task *task) {
    return task->state == JC__TASK_STATE__TASK_STATE_OPEN || task->state == JC__TASK_STATE__TASK_STATE_RETURNED;
}

static struct entity entity_of(const Jc__Change *change) {
    switch (change->entity_case) {
    case JC__CHANGE__ENTITY_TASK:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_TASK, jc_view(change->task->task_id), &change->task->base,
                               is_to_do(change->task)};
    case JC__CHANGE__ENTITY_UNIT:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_UNIT, jc_str(change->unit->unit_id), &change->unit->base,
                               true};
    case JC__CHANGE__ENTITY_CHECKLIST:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, jc_str(change->checklist->checklist_id),
                               &change->checklist->base, true};
    case JC__CHANGE__ENTITY_INSPECTOR:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, jc_str(change->inspector->inspector_id),
                               &change->inspector->base, true};
    case JC__CHANGE__ENTITY_ORDER:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_ORDER, jc_view(change->order->order_id),
                               &change->order->base, is_open(change->order)};
    case JC__CHANGE__ENTITY_AGENCY:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_AGENCY, jc_str(change->agency->agency_id),
                               &change->agency->base, true};
    case JC__CHANGE__ENTITY_TEAM:
        return (struct entity){JC__ENTITY_KIND__ENTITY_KIND_TEAM, jc_str(change->team->team_id), &change->team->base,
                               true};
    default:
        return (struct entity){.counts = false};
    }
}

static enum jc_code hash_of(struct digest *digest, const struct entity *entity, uint8_t out[JC_SHA256_SIZE],
                            struct jc_err *err) {
    struct jc_str bytes;
    enum jc_code code = jc_message_pack(entity->message, digest->scratch, &bytes, err);
    if (!code)
        jc_entity_hash((uint8_t)entity->kind, entity->id, bytes, out);
    jc_arena_reset(digest->scratch);
    return code;
}

static enum jc_code assign(struct digest *digest, const uint8_t hash[JC_SHA256_SIZE], struct jc_err *err) {
    struct hash *slot = JC_PUSH(digest->arena, &digest->assigned, struct hash);
    if (!slot)
        return jc_fail_memory(err);
    memcpy(slot->bytes, hash, JC_SHA256_SIZE);
    return JC_OK;
}

static enum jc_code remember_task(struct digest *digest, const Jc__Task *task, const uint8_t hash[JC_SHA256_SIZE],
                                  struct jc_err *err) {
    struct needed *needed = JC_PUSH(digest->arena, &digest->tasks, struct needed);
    if (!needed)
        return jc_fail_memory(err);
    needed->unit_id = jc_arena_copy(digest->arena, jc_str(task->unit_id));
    needed->order_id = jc_arena_copy(digest->arena, jc_view(task->order_id));
    needed->checklist_id = jc_arena_copy(digest->arena, jc_str(task->checklist_id));
    if (!needed->unit_id.ptr || !needed->order_id.ptr || !needed->checklist_id.ptr)
        return jc_fail_memory(err);
    for (size_t i = 0; i < task->n_needed_blobs; i++) {
        struct hash *slot = JC_PUSH(digest->arena, &digest->blobs, struct hash);
        if (!slot)
            return jc_fail_memory(err);
        if (task->needed_blobs[i]->sha256.len == sizeof slot->bytes)
            memcpy(slot->bytes, task->needed_blobs[i]->sha256.data, sizeof slot->bytes);
    }
    return assign(digest, hash, err);
}

static enum jc_code take(void *ctx, const Jc__Change *change, struct jc_err *err) {
    struct digest *digest = ctx;
    struct entity entity = entity_of(change);
    uint8_t hash[JC_SHA256_SIZE];
    if (!entity.counts)
        return JC_OK;
    enum jc_code code = hash_of(digest, &entity, hash, err);
    if (code)
        return code;
    digest->counts[entity.kind]++;
    jc_set_hash_flip(digest->sets[entity.kind], hash);
    if (entity.kind == JC__ENTITY_KIND__ENTITY_KIND_TASK && change->task->state == JC__TASK_STATE__TASK_STATE_OPEN)
        code = remember_task(digest, change->task, hash, err);
    return code;
}

/* --- the assigned set --------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b) {
    return memcmp(a, b, JC_SHA256_SIZE);
}

/* Sorts and leaves out what is there twice; the number of those left. */
static size_t sort_unique(struct hash *hashes, size_t count) {
    size_t kept = 0;
    if (count)
        qsort(hashes, count, sizeof *hashes, by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (!kept || by_bytes(&hashes[kept - 1], &hashes[i]) != 0)
            hashes[kept++] = hashes[i];
    }
    return kept;
}

/* Loads one thing that a task names; nothing if it names none, or the agency has it no longer. */
static enum jc_code assign_named(struct digest *digest, Jc__EntityKind kind, struct jc_str id, struct jc_err *err) {
    Jc__Change change;
    uint8_t hash[JC_SHA256_SIZE];
    if (!id.len)
        return JC_OK;
    enum jc_code code =
        jc_listing_load(digest->tx, digest->caller, digest->now_ms, kind, id, digest->scratch, &change, err);
    if (code)
        return code == JC_NOT_FOUND ? JC_OK : code;
    const struct entity entity = entity_of(&change);
    code = hash_of(digest, &entity, hash, err);
    return code ? code : assign(digest, hash, err);
}

/* Everything of one kind that the open tasks name, each once. *count: how many. */
static enum jc_code assign_kind(struct digest *digest, Jc__EntityKind kind, int32_t *count, struct jc_err *err) {
    size_t first = digest->assigned.count;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < digest->tasks.count; i++) {
        const struct needed *needed = &digest->tasks.items[i];
        struct jc_str id = kind == JC__ENTITY_KIND__ENTITY_KIND_UNIT    ? needed->unit_id
                           : kind == JC__ENTITY_KIND__ENTITY_KIND_ORDER ? needed->order_id
                                                                        : needed->checklist_id;
        code = assign_named(digest, kind, id, err);
    }
    if (code || digest->assigned.count == first)
        return code;
    digest->assigned.count = first + sort_unique(digest->assigned.items + first, digest->assigned.count - first);
    *count = (int32_t)(digest->assigned.count - first);
    return JC_OK;
}

/* Of the blobs that open tasks need those that are here; in digest->blobs, each once. */
static enum jc_code add_blobs(struct digest *digest, Jc__AssignedSet *set, struct jc_err *err) {
    size_t count = sort_unique(digest->blobs.items, digest->blobs.count), kept = 0;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < count; i++) {
        struct hash *items = digest->blobs.items;
        struct jc_blob blob;
        bool found = false;
        jc_arena_reset(digest->scratch);
        code = jc_blob_get(digest->tx, digest->caller->agency_id, items[i].bytes, digest->scratch, &blob, &found, err);
        if (code || !found || blob.deleted_ms >= 0)
            continue;
        items[kept++] = items[i];
        set->blob_bytes += blob.size_bytes;
    }
    digest->blobs.count = kept;
    set->blobs = (int32_t)kept;
    return code;
}

static enum jc_code add_assigned(struct digest *digest, Jc__GetDigestResponse *response, struct jc_err *err) {
    Jc__AssignedSet *set = JC_NEW(digest->arena, Jc__AssignedSet);
    uint8_t *hash = jc_arena_alloc(digest->arena, JC_SHA256_SIZE);
    int32_t checklists = 0;
    if (!set || !hash)
        return jc_fail_memory(err);
    jc__assigned_set__init(set);
    set->tasks = (int32_t)digest->tasks.count;
    enum jc_code code = assign_kind(digest, JC__ENTITY_KIND__ENTITY_KIND_UNIT, &set->units, err);
    if (!code)
        code = assign_kind(digest, JC__ENTITY_KIND__ENTITY_KIND_ORDER, &set->orders, err);
    if (!code)
        code = assign_kind(digest, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, &checklists, err);
    if (!code)
        code = add_blobs(digest, set, err);
    if (code)
        return code;
    digest->assigned.count = sort_unique(digest->assigned.items, digest->assigned.count);
    for (size_t i = 0; !code && i < digest->blobs.count; i++)
        code = assign(digest, digest->blobs.items[i].bytes, err);
    if (code)
        return code;
    size_t count = digest->assigned.count;
    jc_sha256((struct jc_str){(const char *)digest->assigned.items, count * sizeof *digest->assigned.items}, hash);
    set->sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, hash};
    response->assigned = set;
    return JC_OK;
}

/* --- the answer ----------------------------------------------------------------------------------------------- */

/* Whether the terminal has to sync first. */
static enum jc_code has_moved(struct digest *digest, struct jc_str bytes, bool *moved, struct jc_err *err) {
    struct jc_store_meta meta;
    struct jc_cursor cursor;
    struct jc_change *rows = NULL;
    size_t count = 0;
    enum jc_code code = jc_store_meta(digest->tx, &meta, err);
    *moved = true;
    if (code || !jc_cursor_read(bytes, digest->caller, meta.incarnation, &cursor) ||
        cursor.section != JC_SECTION_CHANGES)
        return code;
    code = jc_change_page(digest->tx, digest->caller->agency_id, cursor.seq, digest->caller->team_id, 1, digest->arena,
                          &rows, &count, err);
    *moved = count > 0;
    return code;
}

static enum jc_code add_kinds(struct digest *digest, Jc__GetDigestResponse *response, struct jc_err *err) {
    response->kinds = JC_NEW_ARRAY(digest->arena, KINDS, Jc__KindDigest *);
    if (!response->kinds)
        return jc_fail_memory(err);
    for (int kind = 1; kind < JC__ENTITY_KIND__ENTITY_KIND_REVIEW_OUTCOME; kind++) {
        Jc__KindDigest *digest_of = JC_NEW(digest->arena, Jc__KindDigest);
        struct jc_str set =
            jc_arena_copy(digest->arena, (struct jc_str){(const char *)digest->sets[kind], JC_SHA256_SIZE});
        if (!digest_of || !set.ptr)
            return jc_fail_memory(err);
        jc__kind_digest__init(digest_of);
        digest_of->kind = (Jc__EntityKind)kind;
        digest_of->count = digest->counts[kind];
        digest_of->sha256_xor = jc_data(set);
        response->kinds[response->n_kinds++] = digest_of;
    }
    return JC_OK;
}

/* A terminal that has them sends them, even if it had been told that they are here. */
static enum jc_code add_missing(struct digest *digest, Jc__GetDigestResponse *response, struct jc_err *err) {
    struct jc_str *hashes = NULL;
    size_t count = 0;
    enum jc_code code = jc_completeness_of_device(digest->tx, digest->caller->agency_id, digest->caller->device_id,
                                                  MISSING_MAX, digest->arena, &hashes, &count, err);
    response->missing_blobs = code ? NULL : JC_NEW_ARRAY(digest->arena, count + 1, ProtobufCBinaryData);
    if (!code && !response->missing_blobs)
        code = jc_fail_memory(err);
    for (size_t i = 0; !code && i < count; i++)
        response->missing_blobs[i] = jc_data(hashes[i]);
    response->n_missing_blobs = code ? 0 : count;
    return code;
}

static enum jc_code fill(struct digest *digest, struct jc_str cursor, Jc__GetDigestResponse *response,
                         struct jc_err *err) {
    bool moved = true;
    enum jc_code code = has_moved(digest, cursor, &moved, err);
    if (!code)
        code = add_missing(digest, response, err);
    response->moved = moved;
    if (code || moved)
        return code;
    code = jc_listing_walk(digest->tx, digest->caller, digest->now_ms, take, digest, err);
    if (!code)
        code = add_kinds(digest, response, err);
    return code ? code : add_assigned(digest, response, err);
}

enum jc_code jc_listing_digest_make(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                                    struct jc_str cursor, struct jc_arena *arena, Jc__GetDigestResponse **out,
                                    struct jc_err *err) {
    struct digest *digest = JC_NEW(arena, struct digest);
    Jc__GetDigestResponse *response = JC_NEW(arena, Jc__GetDigestResponse);
    if (!digest || !response)
        return jc_fail_memory(err);
    jc__get_digest_response__init(response);
    *digest = (struct digest){.tx = tx, .caller = caller, .now_ms = now_ms, .arena = arena};
    digest->scratch = jc_arena_new(ENTITY_ARENA);
    enum jc_code code = digest->scratch ? fill(digest, cursor, response, err) : jc_fail_memory(err);
    jc_arena_free(digest->scratch);
    if (!code)
        *out = response;
    return code;
}
