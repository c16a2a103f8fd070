/* One condition says what is not finished; blobs and bodies ask it of the records they belong to. */
#include "store/retention.h"

#include <string.h>

#include "base/clock.h"
#include "store/audit_log.h"
#include "store/retention_document.h"
#include "store/row.h"

#define UNFINISHED JC_RETENTION_UNFINISHED

/* --- blobs --------------------------------------------------------------------------------------------------- */

/* Old: no record that names it is young; and it is named, or has lain here long. */
#define OLD_BLOBS                                                                                                  \
    "FROM blob AS b\n"                                                                                             \
    "WHERE b.agency_id = $1 AND b.deleted_ms IS NULL\n"                                                            \
    "  AND (b.stored_ms < $2\n"                                                                                    \
    "       OR EXISTS (SELECT 1 FROM record_blob AS r WHERE r.agency_id = b.agency_id AND r.sha256 = b.sha256))\n" \
    "  AND NOT EXISTS (SELECT 1 FROM record_blob AS r\n"                                                           \
    "                   JOIN inspection AS i ON i.agency_id = r.agency_id AND i.inspection_id = r.inspection_id\n" \
    "                  WHERE r.agency_id = b.agency_id AND r.sha256 = b.sha256 AND i.ended_ms >= $2)\n"
#define HELD_BLOB                                                                                         \
    "EXISTS (SELECT 1 FROM record_blob AS r\n"                                                            \
    "          JOIN inspection AS i ON i.agency_id = r.agency_id AND i.inspection_id = r.inspection_id\n" \
    "         WHERE r.agency_id = b.agency_id AND r.sha256 = b.sha256 AND " UNFINISHED ")\n"

static const char SELECT_BLOBS[] =
    "SELECT b.sha256, b.size_bytes\n" OLD_BLOBS "  AND NOT " HELD_BLOB "ORDER BY b.sha256";
static const char COUNT_HELD_BLOBS[] = "SELECT COUNT(*)\n" OLD_BLOBS "  AND " HELD_BLOB;

struct refs {
    struct jc_arena *arena;
    int64_t agency_id, bytes;
    struct jc_blob_ref *items;
    size_t count, capacity;
};

static enum jc_code add_ref(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct refs *refs = ctx;
    struct jc_str sha256 = jc_rows_bytes(rows, 0);
    struct jc_blob_ref *ref = JC_PUSH(refs->arena, refs, struct jc_blob_ref);
    if (!ref)
        return jc_fail_memory(err);
    *ref = (struct jc_blob_ref){.agency_id = refs->agency_id, .size_bytes = jc_rows_int64(rows, 1)};
    if (sha256.len == JC_SHA256_SIZE)
        memcpy(ref->sha256, sha256.ptr, JC_SHA256_SIZE);
    refs->bytes += ref->size_bytes;
    return JC_OK;
}

static enum jc_code find_blobs(struct jc_tx *tx, int64_t agency_id, int64_t before_ms, struct jc_arena *arena,
                               struct jc_retained *out, struct jc_err *err) {
    struct refs refs = {.arena = arena, .agency_id = agency_id};
    enum jc_code code =
        jc_row_each(tx, SELECT_BLOBS, JC_VALUES(jc_int(agency_id), jc_int(before_ms)), add_ref, &refs, err);
    out->blobs = refs.items;
    out->count = (int64_t)refs.count;
    out->bytes = refs.bytes;
    return code ? code
                : jc_tx_int64(tx, COUNT_HELD_BLOBS, JC_VALUES(jc_int(agency_id), jc_int(before_ms)), &out->held, err);
}

static enum jc_code delete_blobs(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                                 const struct jc_retained *found, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (int64_t i = 0; !code && i < found->count; i++)
        code = jc_blob_delete(tx, agency_id, found->blobs[i].sha256, retention->now_ms, retention->reason, err);
    return code;
}

/* --- bodies -------------------------------------------------------------------------------------------------- */

#define OLD_BODIES                                                        \
    "FROM inspection AS i\n"                                              \
    "JOIN operation AS o ON o.op_key = i.op_key AND o.body IS NOT NULL\n" \
    "WHERE i.agency_id = $1 AND i.ended_ms < $2\n"

static const char COUNT_BODIES[] =
    "SELECT COUNT(*), COALESCE(SUM(LENGTH(o.body)), 0)\n" OLD_BODIES "  AND NOT " UNFINISHED;
static const char COUNT_HELD_BODIES[] = "SELECT COUNT(*)\n" OLD_BODIES "  AND " UNFINISHED;
static const char DELETE_BODIES[] = "WITH old AS (SELECT o.op_key\n" OLD_BODIES "  AND NOT " UNFINISHED ")\n"
                                    "UPDATE operation\n"
                                    "SET body = NULL, deleted_why = $3\n"
                                    "WHERE op_key IN (SELECT op_key FROM old)";

static enum jc_code take_counts(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_retained *out = ctx;
    (void)err;
    out->count = jc_rows_int64(rows, 0);
    out->bytes = jc_rows_int64(rows, 1);
    return JC_OK;
}

static enum jc_code find_bodies(struct jc_tx *tx, int64_t agency_id, int64_t before_ms, struct jc_arena *arena,
                                struct jc_retention_documents *documents, struct jc_retained *out, struct jc_err *err) {
    enum jc_code code =
        jc_row_each(tx, COUNT_BODIES, JC_VALUES(jc_int(agency_id), jc_int(before_ms)), take_counts, out, err);
    if (!code)
        code = jc_tx_int64(tx, COUNT_HELD_BODIES, JC_VALUES(jc_int(agency_id), jc_int(before_ms)), &out->held, err);
    if (!code)
        code = jc_retention_find_documents(tx, agency_id, before_ms, arena, documents, err);
    if (code)
        return code;
    out->count += (int64_t)documents->count;
    out->bytes += documents->bytes;
    out->held += documents->held;
    return JC_OK;
}

/* Documents first: whether they may go is asked of the inspection they follow from. */
static enum jc_code delete_bodies(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                                  const struct jc_retention_documents *documents, struct jc_err *err) {
    enum jc_code code = jc_retention_delete_documents(tx, agency_id, documents, retention->reason, err);
    if (code)
        return code;
    return jc_tx_exec(tx, DELETE_BODIES,
                      JC_VALUES(jc_int(agency_id), jc_int(retention->before_ms), jc_text(retention->reason)), err);
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static enum jc_code find(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                         struct jc_arena *arena, struct jc_retention_documents *documents, struct jc_retained *out,
                         struct jc_err *err) {
    *out = (struct jc_retained){0};
    return retention->kind == JC_RETENTION_BLOBS
               ? find_blobs(tx, agency_id, retention->before_ms, arena, out, err)
               : find_bodies(tx, agency_id, retention->before_ms, arena, documents, out, err);
}

enum jc_code jc_retention_find(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                               struct jc_arena *arena, struct jc_retained *out, struct jc_err *err) {
    struct jc_retention_documents documents;
    return find(tx, agency_id, retention, arena, &documents, out, err);
}

/* What it was about: "blobs < 2020-01-01". */
static enum jc_code note(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                         const struct jc_retained *done, struct jc_arena *arena, struct jc_err *err) {
    char day[JC_TIME_MAX];
    const char *kind = retention->kind == JC_RETENTION_BLOBS ? "blobs" : "bodies";
    struct jc_str date = jc_date_format(jc_date_of_ms(retention->before_ms), day);
    struct jc_str object = jc_arena_printf(arena, "%s < %.*s", kind, JC_FMT(date));
    const struct jc_audited act = {agency_id, retention->now_ms, retention->actor, JC_STR("retention.delete"), object};
    return object.ptr ? jc_audit_log_note(tx, &act, err, JC_NOTE_RETAINED, "%lld" JC_NOTE_AND "%lld" JC_NOTE_AND "%.*s",
                                          (long long)done->count, (long long)done->bytes, JC_FMT(retention->reason))
                      : jc_fail_memory(err);
}

enum jc_code jc_retention_delete(struct jc_tx *tx, int64_t agency_id, const struct jc_retention *retention,
                                 struct jc_arena *arena, struct jc_retained *out, struct jc_err *err) {
    struct jc_retention_documents documents = {0};
    enum jc_code code = find(tx, agency_id, retention, arena, &documents, out, err);
    if (code || !out->count)
        return code;
    code = retention->kind == JC_RETENTION_BLOBS ? delete_blobs(tx, agency_id, retention, out, err)
                                                 : delete_bodies(tx, agency_id, retention, &documents, err);
    return code ? code : note(tx, agency_id, retention, out, arena, err);
}
