/* The table `upload`. */
#include "store/upload.h"

#include <string.h>

#include "store/row.h"

static const char INSERT_UPLOAD[] =
    "INSERT INTO upload (upload_id, agency_id, device_id, sha256, size_bytes, media_type, created_ms, expires_ms)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

enum jc_code jc_upload_insert(struct jc_tx *tx, const struct jc_upload *upload, struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_UPLOAD,
                      JC_VALUES(jc_text(upload->id), jc_int(upload->agency_id),
                                jc_bytes(upload->device_id.bytes, JC_UUID_SIZE),
                                jc_bytes(upload->sha256, JC_SHA256_SIZE), jc_int(upload->size_bytes),
                                jc_text(upload->media_type), jc_int(upload->created_ms), jc_int(upload->expires_ms)),
                      err);
}

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_upload *out,
                             struct jc_err *err) {
    struct jc_str device_id = jc_rows_bytes(rows, 1), sha256 = jc_rows_bytes(rows, 2);
    *out = (struct jc_upload){
        .id = jc_rows_copy(rows, 0, arena),
        .agency_id = jc_rows_int64(rows, 7),
        .size_bytes = jc_rows_int64(rows, 3),
        .media_type = jc_rows_copy(rows, 4, arena),
        .created_ms = jc_rows_int64(rows, 5),
        .expires_ms = jc_rows_int64(rows, 6),
    };
    if (device_id.len == JC_UUID_SIZE)
        memcpy(out->device_id.bytes, device_id.ptr, JC_UUID_SIZE);
    if (sha256.len == JC_SHA256_SIZE)
        memcpy(out->sha256, sha256.ptr, JC_SHA256_SIZE);
    return out->id.ptr && out->media_type.ptr ? JC_OK : jc_fail_memory(err);
}

#define UPLOAD_COLUMNS                                                                                 \
    "SELECT upload_id, device_id, sha256, size_bytes, media_type, created_ms, expires_ms, agency_id\n" \
    "FROM upload\n"

/* At most one row of `sql`. */
static enum jc_code find_one(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                             struct jc_arena *arena, struct jc_upload *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, sql, values, count, &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found)
        code = read_row(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

static const char SELECT_UPLOAD[] = UPLOAD_COLUMNS "WHERE upload_id = $1 AND agency_id = $2";

enum jc_code jc_upload_get(struct jc_tx *tx, int64_t agency_id, struct jc_str id, struct jc_arena *arena,
                           struct jc_upload *out, bool *found, struct jc_err *err) {
    return find_one(tx, SELECT_UPLOAD, JC_VALUES(jc_text(id), jc_int(agency_id)), arena, out, found, err);
}

static const char SELECT_SAME[] =
    UPLOAD_COLUMNS "WHERE agency_id = $1 AND device_id = $2 AND sha256 = $3 AND size_bytes = $4 AND expires_ms > $5\n"
                   "ORDER BY created_ms\n"
                   "LIMIT 1";

enum jc_code jc_upload_find_same(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id,
                                 const uint8_t sha256[JC_SHA256_SIZE], int64_t size_bytes, int64_t now_ms,
                                 struct jc_arena *arena, struct jc_upload *out, bool *found, struct jc_err *err) {
    return find_one(tx, SELECT_SAME,
                    JC_VALUES(jc_int(agency_id), jc_bytes(device_id.bytes, JC_UUID_SIZE),
                              jc_bytes(sha256, JC_SHA256_SIZE), jc_int(size_bytes), jc_int(now_ms)),
                    arena, out, found, err);
}

static const char UPDATE_EXPIRY[] = "UPDATE upload\n"
                                    "SET expires_ms = $1\n"
                                    "WHERE upload_id = $2";

enum jc_code jc_upload_extend(struct jc_tx *tx, struct jc_str id, int64_t expires_ms, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_EXPIRY, JC_VALUES(jc_int(expires_ms), jc_text(id)), err);
}

static const char DELETE_UPLOAD[] = "DELETE FROM upload\n"
                                    "WHERE upload_id = $1";

enum jc_code jc_upload_delete(struct jc_tx *tx, struct jc_str id, struct jc_err *err) {
    return jc_tx_exec(tx, DELETE_UPLOAD, JC_VALUES(jc_text(id)), err);
}

static const char SUM_BYTES[] = "SELECT COALESCE(SUM(size_bytes), 0)\n"
                                "FROM upload\n"
                                "WHERE agency_id = $1 AND device_id = $2 AND created_ms >= $3";

enum jc_code jc_upload_bytes_since(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t since_ms,
                                   int64_t *out_bytes, struct jc_err *err) {
    return jc_tx_int64(tx, SUM_BYTES,
                       JC_VALUES(jc_int(agency_id), jc_bytes(device_id.bytes, JC_UUID_SIZE), jc_int(since_ms)),
                       out_bytes, err);
}

static const char SELECT_EXPIRED[] = "SELECT upload_id\n"
                                     "FROM upload\n"
                                     "WHERE expires_ms <= $1\n"
                                     "ORDER BY expires_ms, upload_id";

enum jc_code jc_upload_expired(struct jc_tx *tx, int64_t now_ms, struct jc_arena *arena, struct jc_str **out,
                               size_t *count, struct jc_err *err) {
    return jc_row_first_column(tx, SELECT_EXPIRED, JC_VALUES(jc_int(now_ms)), arena, out, count, err);
}

static const char SELECT_ID[] = "SELECT 1\n"
                                "FROM upload\n"
                                "WHERE upload_id = $1";

enum jc_code jc_upload_exists(struct jc_tx *tx, struct jc_str id, bool *out, struct jc_err *err) {
    return jc_row_exists(tx, SELECT_ID, JC_VALUES(jc_text(id)), out, err);
}

static const char SELECT_OF_BYTES[] = "SELECT 1\n"
                                      "FROM upload\n"
                                      "WHERE agency_id = $1 AND sha256 = $2 AND expires_ms > $3\n"
                                      "LIMIT 1";

enum jc_code jc_upload_exists_of(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                 int64_t now_ms, bool *out, struct jc_err *err) {
    return jc_row_exists(tx, SELECT_OF_BYTES,
                         JC_VALUES(jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE), jc_int(now_ms)), out, err);
}
