/* The tables `blob` and `record_blob`. inspection.blobs_missing counts the rows of record_blob without
 * received_ms and is moved in the same transaction, always. */
#include "store/blob.h"

#include <string.h>

#include "store/row.h"

static const char SELECT_BLOB[] = "SELECT size_bytes, media_type, stored_ms, deleted_ms, deleted_why\n"
                                  "FROM blob\n"
                                  "WHERE agency_id = $1 AND sha256 = $2";

enum jc_code jc_blob_get(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                         struct jc_arena *arena, struct jc_blob *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_BLOB, JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        *out = (struct jc_blob){
            .size_bytes = jc_rows_int64(rows, 0),
            .media_type = jc_rows_copy(rows, 1, arena),
            .stored_ms = jc_rows_int64(rows, 2),
            .deleted_ms = jc_rows_is_null(rows, 3) ? -1 : jc_rows_int64(rows, 3),
            .deleted_why = jc_rows_copy(rows, 4, arena),
        };
        memcpy(out->sha256, sha256, JC_SHA256_SIZE);
        code = out->media_type.ptr && out->deleted_why.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_SETTLED[] =
    "SELECT 1\n"
    "FROM blob AS b\n"
    "WHERE b.agency_id = $1 AND b.sha256 = $2\n"
    "  AND (b.deleted_ms IS NULL\n"
    "       OR NOT EXISTS (SELECT 1\n"
    "                      FROM record_blob AS r\n"
    "                      WHERE r.agency_id = b.agency_id AND r.sha256 = b.sha256 AND r.received_ms IS NULL))";

enum jc_code jc_blob_is_settled(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], bool *out,
                                struct jc_err *err) {
    return jc_row_exists(tx, SELECT_SETTLED, JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), out, err);
}

static const char INSERT_BLOB[] = "INSERT INTO blob (agency_id, sha256, size_bytes, media_type, stored_ms)\n"
                                  "VALUES ($1, $2, $3, $4, $5)\n"
                                  "ON CONFLICT (agency_id, sha256) DO UPDATE\n"
                                  "SET stored_ms = excluded.stored_ms, deleted_ms = NULL, deleted_why = NULL\n"
                                  "WHERE blob.deleted_ms IS NOT NULL";
static const char COUNT_ARRIVED[] =
    "UPDATE inspection\n"
    "SET blobs_missing = blobs_missing - 1\n"
    "WHERE agency_id = $1 AND inspection_id IN (SELECT inspection_id\n"
    "                                           FROM record_blob\n"
    "                                           WHERE agency_id = $1 AND sha256 = $2 AND received_ms IS NULL)";
static const char UPDATE_ARRIVED[] = "UPDATE record_blob\n"
                                     "SET received_ms = $1\n"
                                     "WHERE agency_id = $2 AND sha256 = $3 AND received_ms IS NULL";

enum jc_code jc_blob_store(struct jc_tx *tx, int64_t agency_id, const struct jc_blob *blob, struct jc_err *err) {
    struct jc_value hash = jc_bytes(blob->sha256, JC_SHA256_SIZE);
    enum jc_code code = jc_tx_exec(tx, INSERT_BLOB,
                                   JC_VALUES(jc_int(agency_id), hash, jc_int(blob->size_bytes),
                                             jc_text(blob->media_type), jc_int(blob->stored_ms)),
                                   err);
    if (!code)
        code = jc_tx_exec(tx, COUNT_ARRIVED, JC_VALUES(jc_int(agency_id), hash), err);
    if (!code)
        code = jc_tx_exec(tx, UPDATE_ARRIVED, JC_VALUES(jc_int(blob->stored_ms), jc_int(agency_id), hash), err);
    return code;
}

static const char DELETE_BLOB[] = "DELETE FROM blob\n"
                                  "WHERE agency_id = $1 AND sha256 = $2 AND deleted_ms IS NULL";
static const char COUNT_LOST[] =
    "UPDATE inspection\n"
    "SET blobs_missing = blobs_missing + 1\n"
    "WHERE agency_id = $1 AND inspection_id IN (SELECT inspection_id\n"
    "                                           FROM record_blob\n"
    "                                           WHERE agency_id = $1 AND sha256 = $2 AND received_ms IS NOT NULL)";
static const char UPDATE_LOST[] = "UPDATE record_blob\n"
                                  "SET received_ms = NULL\n"
                                  "WHERE agency_id = $1 AND sha256 = $2";

enum jc_code jc_blob_lose(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                          struct jc_err *err) {
    const struct jc_value values[] = {jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)};
    enum jc_code code = jc_tx_exec(tx, DELETE_BLOB, values, 2, err);
    if (!code && jc_tx_changed(tx))
        code = jc_tx_exec(tx, COUNT_LOST, values, 2, err);
    else
        return code;
    return code ? code : jc_tx_exec(tx, UPDATE_LOST, values, 2, err);
}

static const char UPDATE_DELETED[] =
    "UPDATE blob\n"
    "SET deleted_ms = COALESCE(deleted_ms, $1), deleted_why = COALESCE(deleted_why, $2)\n"
    "WHERE agency_id = $3 AND sha256 = $4";

enum jc_code jc_blob_delete(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], int64_t now_ms,
                            struct jc_str why, struct jc_err *err) {
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_DELETED,
                   JC_VALUES(jc_int(now_ms), jc_text(why), jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), err);
    return !code && !jc_tx_changed(tx) ? JC_NOT_FOUND : code;
}

static const char SELECT_NAMED[] = "SELECT size_bytes, media_type\n"
                                   "FROM record_blob\n"
                                   "WHERE agency_id = $1 AND sha256 = $2\n"
                                   "LIMIT 1";

enum jc_code jc_blob_find_named(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                struct jc_arena *arena, struct jc_blob_named *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_NAMED, JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        *out = (struct jc_blob_named){jc_rows_int64(rows, 0), jc_rows_copy(rows, 1, arena)};
        code = out->media_type.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_OF_TEAM[] =
    "SELECT 1\n"
    "FROM record_blob AS b\n"
    "JOIN inspection AS i ON i.agency_id = b.agency_id AND i.inspection_id = b.inspection_id\n"
    "WHERE b.agency_id = $1 AND b.sha256 = $2\n"
    "  AND (i.team_id = $3\n"
    "       OR EXISTS (SELECT 1\n"
    "                  FROM inspection_workdays AS w\n"
    "                  WHERE w.agency_id = i.agency_id AND w.inspection_id = i.inspection_id AND w.team_id = $3)\n"
    "       OR EXISTS (SELECT 1\n"
    "                  FROM rectification_order AS o\n"
    "                  JOIN task AS t ON t.agency_id = o.agency_id AND t.order_id = o.order_id\n"
    "                  WHERE o.agency_id = i.agency_id AND o.inspection_id = i.inspection_id AND t.team_id = $3))\n"
    "LIMIT 1";

enum jc_code jc_blob_is_of_team(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                struct jc_str team_id, bool *out, struct jc_err *err) {
    return jc_row_exists(tx, SELECT_OF_TEAM,
                         JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE), jc_text(team_id)), out, err);
}

static const char SELECT_PAGE[] = "SELECT agency_id, sha256, size_bytes\n"
                                  "FROM blob\n"
                                  "WHERE ($1 = 0 OR agency_id = $1) AND (agency_id, sha256) > ($2, $3)\n"
                                  "  AND deleted_ms IS NULL\n"
                                  "ORDER BY agency_id, sha256\n"
                                  "LIMIT $4";

struct refs {
    struct jc_arena *arena;
    struct jc_blob_ref *items;
    size_t count, capacity;
};

static enum jc_code add_ref(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct refs *refs = ctx;
    struct jc_str sha256 = jc_rows_bytes(rows, 1);
    struct jc_blob_ref *ref = JC_PUSH(refs->arena, refs, struct jc_blob_ref);
    if (!ref)
        return jc_fail_memory(err);
    *ref = (struct jc_blob_ref){.agency_id = jc_rows_int64(rows, 0), .size_bytes = jc_rows_int64(rows, 2)};
    if (sha256.len == JC_SHA256_SIZE)
        memcpy(ref->sha256, sha256.ptr, JC_SHA256_SIZE);
    return JC_OK;
}

enum jc_code jc_blob_page(struct jc_tx *tx, int64_t agency_id, const struct jc_blob_ref *after, int limit,
                          struct jc_arena *arena, struct jc_blob_ref **out, size_t *count, struct jc_err *err) {
    struct refs refs = {.arena = arena};
    struct jc_value hash = after ? jc_bytes(after->sha256, JC_SHA256_SIZE) : jc_bytes("", 0);
    enum jc_code code = jc_row_each(
        tx, SELECT_PAGE, JC_VALUES(jc_int(agency_id), jc_int(after ? after->agency_id : 0), hash, jc_int(limit)),
        add_ref, &refs, err);
    *out = refs.items;
    *count = refs.count;
    return code;
}

static const char SELECT_RECORD[] =
    "SELECT i.inspection_id, i.unit_id, u.name\n"
    "FROM record_blob AS b\n"
    "JOIN inspection AS i ON i.agency_id = b.agency_id AND i.inspection_id = b.inspection_id\n"
    "LEFT JOIN unit AS u ON u.agency_id = i.agency_id AND u.unit_id = i.unit_id\n"
    "WHERE b.agency_id = $1 AND b.sha256 = $2\n"
    "ORDER BY i.op_key\n"
    "LIMIT 1";

enum jc_code jc_blob_find_record(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                 struct jc_arena *arena, struct jc_blob_record *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    *out = (struct jc_blob_record){.unit_id = JC_STR(""), .unit_name = JC_STR("")};
    enum jc_code code =
        jc_tx_query(tx, SELECT_RECORD, JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        struct jc_str id = jc_rows_bytes(rows, 0);
        if (id.len == JC_UUID_SIZE)
            memcpy(out->inspection_id.bytes, id.ptr, JC_UUID_SIZE);
        out->unit_id = jc_rows_copy(rows, 1, arena);
        out->unit_name = jc_rows_copy(rows, 2, arena);
        code = out->unit_id.ptr && out->unit_name.ptr ? JC_OK : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_OF_ORDER[] =
    "SELECT b.sha256, b.size_bytes, b.media_type, b.kind\n"
    "FROM rectification_order AS o\n"
    "JOIN record_blob AS b ON b.agency_id = o.agency_id AND b.inspection_id = o.inspection_id\n"
    "WHERE o.agency_id = $1 AND o.order_id = $2 AND b.kind IN (0, 1)\n" /* unspecified: a photo; photo */
    "ORDER BY b.sha256\n"
    "LIMIT $3";

struct photo_list JC_ROW_LIST(Jc__Photo);

static enum jc_code add_photo(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct photo_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__Photo *photo = JC_NEW(list->arena, Jc__Photo), **slot = JC_PUSH(list->arena, list, Jc__Photo *);
    if (!photo || !slot)
        return jc_fail_memory(err);
    jc__photo__init(photo);
    photo->sha256 = jc_row_bytes(&row, 0);
    photo->size_bytes = jc_rows_int64(rows, 1);
    photo->media_type = jc_row_text(&row, 2);
    photo->kind = (Jc__BlobKind)jc_rows_int64(rows, 3);
    *slot = photo;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

enum jc_code jc_blob_of_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                              Jc__Photo ***out, size_t *count, struct jc_err *err) {
    struct photo_list list = {.arena = arena};
    enum jc_code code = jc_row_each(
        tx, SELECT_OF_ORDER, JC_VALUES(jc_int(agency_id), jc_bytes(order_id.ptr, order_id.len), jc_int(JC_NEEDED_MAX)),
        add_photo, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}
