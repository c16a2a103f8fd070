/* Rows first, then files: an upload's row goes before its file, so nobody can go on with half of it. A file
 * is only judged by jobs of its own, each a transaction; a file younger than a day may belong to somebody
 * who is about to write its row. */
#include "blob/collect.h"

#include <string.h>

#include "store/blob.h"
#include "store/upload.h"

enum { GRACE_MS = 24 * 3600 * 1000, ARENA_BYTES = 4 << 20 };

struct collecting {
    struct jc_db *db;
    struct jc_blob_folder *folder;
    int64_t now_ms;
    struct jc_blob_collected *out;

    /* what the job at hand is about */
    struct jc_upload_id upload;
    int64_t agency_id;
    uint8_t sha256[JC_SHA256_SIZE];
    struct jc_arena *arena;
    bool known;   /* the database has it, or an upload of it has begun */
    bool named;   /* a record names it */
    bool deleted; /* under retention, and nobody misses it: the file should have gone with the row's deletion */
};

static bool is_old(const struct collecting *collecting, int64_t changed_ms) {
    return collecting->now_ms - changed_ms >= GRACE_MS;
}

/* --- uploads -------------------------------------------------------------------------------------------- */

struct expiry {
    struct collecting *collecting;
    struct jc_str *ids;
    size_t count;
};

static enum jc_code expire_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct expiry *expiry = ctx;
    struct collecting *collecting = expiry->collecting;
    enum jc_code code = jc_upload_expired(tx, collecting->now_ms, collecting->arena, &expiry->ids, &expiry->count, err);
    for (size_t i = 0; !code && i < expiry->count; i++)
        code = jc_upload_delete(tx, expiry->ids[i], err);
    return code;
}

static enum jc_code expire(struct collecting *collecting, struct jc_err *err) {
    struct expiry expiry = {.collecting = collecting};
    enum jc_code code = jc_db_write_wait(collecting->db, 0, expire_job, &expiry, err);
    for (size_t i = 0; !code && i < expiry.count; i++) {
        struct jc_upload_id id;
        if (jc_upload_id_parse(expiry.ids[i], &id))
            code = jc_blob_incoming_drop(collecting->folder, id, err);
        collecting->out->expired += !code;
    }
    return code;
}

static enum jc_code look_at_upload(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct collecting *collecting = ctx;
    return jc_upload_exists(tx, jc_str(collecting->upload.text), &collecting->known, err);
}

static enum jc_code judge_incoming(void *ctx, struct jc_upload_id id, int64_t changed_ms, struct jc_err *err) {
    struct collecting *collecting = ctx;
    if (!is_old(collecting, changed_ms))
        return JC_OK;
    collecting->upload = id;
    enum jc_code code = jc_db_read(collecting->db, look_at_upload, collecting, err);
    if (code || collecting->known)
        return code;
    code = jc_blob_incoming_drop(collecting->folder, id, err);
    collecting->out->removed += !code;
    return code;
}

/* --- blobs ----------------------------------------------------------------------------------------------- */

static enum jc_code look_at_blob(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct collecting *collecting = ctx;
    struct jc_blob blob;
    struct jc_blob_named named;
    bool found = false, settled = false;
    enum jc_code code =
        jc_blob_get(tx, collecting->agency_id, collecting->sha256, collecting->arena, &blob, &found, err);
    collecting->known = found && blob.deleted_ms < 0;
    collecting->named = collecting->deleted = false;
    if (!code && !collecting->known)
        code = jc_upload_exists_of(tx, collecting->agency_id, collecting->sha256, collecting->now_ms,
                                   &collecting->known, err);
    if (!code && !collecting->known)
        code = jc_blob_is_settled(tx, collecting->agency_id, collecting->sha256, &settled, err);
    collecting->deleted = found && settled;
    if (!code && !collecting->known && !collecting->deleted)
        code = jc_blob_find_named(tx, collecting->agency_id, collecting->sha256, collecting->arena, &named,
                                  &collecting->named, err);
    return code;
}

/* A write job, so that no upload of these bytes can begin between the look and the removal. */
static enum jc_code remove_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct collecting *collecting = ctx;
    enum jc_code code = look_at_blob(tx, ctx, err);
    if (code || collecting->known || collecting->named)
        return code;
    return jc_blob_remove(collecting->folder, collecting->agency_id, collecting->sha256, err);
}

static enum jc_code adopt_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct collecting *collecting = ctx;
    struct jc_blob_named named;
    bool found = false;
    enum jc_code code =
        jc_blob_find_named(tx, collecting->agency_id, collecting->sha256, collecting->arena, &named, &found, err);
    if (code || !found)
        return code;
    struct jc_blob blob = {
        .size_bytes = named.size_bytes, .media_type = named.media_type, .stored_ms = collecting->now_ms};
    memcpy(blob.sha256, collecting->sha256, JC_SHA256_SIZE);
    return jc_blob_store(tx, collecting->agency_id, &blob, err);
}

/* A file that a record names counts if it is what it is called. */
static enum jc_code adopt(struct collecting *collecting, struct jc_err *err) {
    bool whole = false;
    enum jc_code code = jc_blob_is_whole(collecting->folder, collecting->agency_id, collecting->sha256, &whole, err);
    if (!code && !whole)
        code = jc_blob_remove(collecting->folder, collecting->agency_id, collecting->sha256, err);
    else if (!code)
        code = jc_db_write_wait(collecting->db, 0, adopt_job, collecting, err);
    collecting->out->removed += !code && !whole;
    collecting->out->adopted += !code && whole;
    return code;
}

static enum jc_code judge_blob(void *ctx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], int64_t changed_ms,
                               struct jc_err *err) {
    struct collecting *collecting = ctx;
    collecting->agency_id = agency_id;
    memcpy(collecting->sha256, sha256, JC_SHA256_SIZE);
    jc_arena_reset(collecting->arena);
    enum jc_code code = jc_db_read(collecting->db, look_at_blob, collecting, err);
    if (code || collecting->known)
        return code;
    if (collecting->named)
        return adopt(collecting, err);
    if (!collecting->deleted && !is_old(collecting, changed_ms))
        return JC_OK;
    code = jc_db_write_wait(collecting->db, 0, remove_job, collecting, err);
    collecting->out->removed += !code && !collecting->known && !collecting->named;
    return code;
}

enum jc_code jc_blob_collect_one(struct jc_db *db, struct jc_blob_folder *folder, int64_t agency_id,
                                 const uint8_t sha256[JC_SHA256_SIZE], int64_t now_ms, bool *removed,
                                 struct jc_err *err) {
    struct jc_blob_collected out = {0};
    struct collecting collecting = {
        .db = db, .folder = folder, .now_ms = now_ms, .out = &out, .arena = jc_arena_new(ARENA_BYTES)};
    enum jc_code code =
        collecting.arena ? judge_blob(&collecting, agency_id, sha256, now_ms, err) : jc_fail_memory(err);
    *removed = out.removed > 0;
    jc_arena_free(collecting.arena);
    return code;
}

enum jc_code jc_blob_collect(struct jc_db *db, struct jc_blob_folder *folder, int64_t now_ms,
                             struct jc_blob_collected *out, struct jc_err *err) {
    struct collecting collecting = {
        .db = db, .folder = folder, .now_ms = now_ms, .out = out, .arena = jc_arena_new(ARENA_BYTES)};
    const struct jc_blob_walk walk = {&collecting, judge_incoming, judge_blob};
    *out = (struct jc_blob_collected){0};
    if (!collecting.arena)
        return jc_fail_memory(err);
    enum jc_code code = expire(&collecting, err);
    if (!code)
        code = jc_blob_folder_walk(folder, &walk, err);
    jc_arena_free(collecting.arena);
    return code;
}
