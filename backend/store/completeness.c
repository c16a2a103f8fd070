/* Two questions and one row form: records that lack something, and what one record names. */
#include "store/completeness.h"

#include "store/operation.h"
#include "store/row.h"
#include "store/stamp.h"

/* --- records ------------------------------------------------------------------------------------------------ */

#define RECORD_COLUMNS                                                                                            \
    "SELECT i.op_key, i.inspection_id, i.unit_id, u.name, i.team_id, o.device_id, d.name, o.received_ms,\n"       \
    "       i.blobs_missing,\n"                                                                                   \
    "       (SELECT COUNT(*) FROM record_blob AS b\n"                                                             \
    "         WHERE b.agency_id = i.agency_id AND b.inspection_id = i.inspection_id),\n"                          \
    "       (SELECT COALESCE(SUM(b.size_bytes), 0) FROM record_blob AS b\n"                                       \
    "         WHERE b.agency_id = i.agency_id AND b.inspection_id = i.inspection_id AND b.received_ms IS NULL)\n" \
    "FROM inspection AS i\n"                                                                                      \
    "JOIN operation AS o ON o.op_key = i.op_key\n"                                                                \
    "LEFT JOIN unit AS u ON u.agency_id = i.agency_id AND u.unit_id = i.unit_id\n"                                \
    "LEFT JOIN device AS d ON d.agency_id = i.agency_id AND d.device_id = o.device_id\n"

static Jc__RecordCompleteness *record_of(struct jc_row *row) {
    Jc__RecordCompleteness *record = JC_NEW(row->arena, Jc__RecordCompleteness);
    if (!record)
        return NULL;
    jc__record_completeness__init(record);
    record->inspection_id = jc_row_bytes(row, 1);
    record->unit_id = jc_row_text(row, 2);
    record->unit_name = jc_row_text(row, 3);
    record->team_id = jc_row_text(row, 4);
    record->device_id = jc_row_bytes(row, 5);
    record->device_name = jc_row_text(row, 6);
    record->received_at = jc_stamp_of_ms(row->arena, jc_rows_int64(row->rows, 7));
    record->missing = (int32_t)jc_rows_int64(row->rows, 8);
    record->blobs = (int32_t)jc_rows_int64(row->rows, 9);
    record->missing_bytes = jc_rows_int64(row->rows, 10);
    return row->failed || !record->received_at ? NULL : record;
}

static const char SELECT_INCOMPLETE[] =
    RECORD_COLUMNS "WHERE i.agency_id = $1 AND i.blobs_missing > 0 AND i.op_key > $2 AND ($3 = '' OR i.team_id = $3)\n"
                   "ORDER BY i.op_key\n"
                   "LIMIT $4";

struct listing {
    struct JC_ROW_LIST(Jc__RecordCompleteness) list;
    size_t limit;
    int64_t last, next; /* operation numbers */
};

static enum jc_code add_record(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct listing *listing = ctx;
    struct jc_row row = {rows, listing->list.arena, false};
    if (listing->list.count == listing->limit) { /* one more than asked for: there is a next page */
        listing->next = listing->last;
        return JC_OK;
    }
    Jc__RecordCompleteness *record = record_of(&row);
    Jc__RecordCompleteness **slot = JC_PUSH(listing->list.arena, &listing->list, Jc__RecordCompleteness *);
    if (!record || !slot)
        return jc_fail_memory(err);
    *slot = record;
    listing->last = jc_op_key_no(jc_rows_int64(rows, 0));
    return JC_OK;
}

enum jc_code jc_completeness_list(struct jc_tx *tx, int64_t agency_id, const struct jc_completeness_filter *filter,
                                  struct jc_arena *arena, Jc__RecordCompleteness ***out, size_t *count, int64_t *next,
                                  struct jc_err *err) {
    struct listing listing = {.list.arena = arena, .limit = (size_t)filter->limit};
    enum jc_code code = jc_row_each(tx, SELECT_INCOMPLETE,
                                    JC_VALUES(jc_int(agency_id), jc_int(jc_op_key(agency_id, filter->after)),
                                              jc_text(filter->team_id), jc_int((int64_t)filter->limit + 1)),
                                    add_record, &listing, err);
    *out = listing.list.items;
    *count = listing.list.count;
    *next = listing.next;
    return code;
}

/* --- the first of them --------------------------------------------------------------------------------------- */

static const char FIRST_INCOMPLETE[] = "SELECT COALESCE(MIN(i.op_key), 0)\n"
                                       "FROM inspection AS i\n"
                                       "JOIN operation AS o ON o.op_key = i.op_key AND o.received_ms >= $1\n"
                                       "WHERE i.agency_id = $2 AND i.blobs_missing > 0";

enum jc_code jc_completeness_first(struct jc_tx *tx, int64_t agency_id, int64_t since_ms, int64_t *operation_no,
                                   struct jc_err *err) {
    int64_t op_key = 0;
    enum jc_code code = jc_tx_int64(tx, FIRST_INCOMPLETE, JC_VALUES(jc_int(since_ms), jc_int(agency_id)), &op_key, err);
    *operation_no = jc_op_key_no(op_key);
    return code;
}

static const char FIRST_WITH[] =
    "SELECT COALESCE(MIN(i.op_key), 0)\n"
    "FROM record_blob AS b\n"
    "JOIN inspection AS i ON i.agency_id = b.agency_id AND i.inspection_id = b.inspection_id\n"
    "JOIN operation AS o ON o.op_key = i.op_key AND o.received_ms >= $1\n"
    "WHERE b.agency_id = $2 AND b.sha256 = $3";

enum jc_code jc_completeness_first_with(struct jc_tx *tx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE],
                                        int64_t since_ms, int64_t *operation_no, struct jc_err *err) {
    int64_t op_key = 0;
    enum jc_code code = jc_tx_int64(
        tx, FIRST_WITH, JC_VALUES(jc_int(since_ms), jc_int(agency_id), jc_bytes(sha256, JC_SHA256_SIZE)), &op_key, err);
    *operation_no = jc_op_key_no(op_key);
    return code;
}

/* --- one record ---------------------------------------------------------------------------------------------- */

static const char SELECT_RECORD[] =
    RECORD_COLUMNS "WHERE i.agency_id = $1 AND i.inspection_id = $2 AND ($3 = '' OR i.team_id = $3)";

/* What has arrived for an earlier record and was deleted since tells both. */
static const char SELECT_BLOBS[] =
    "SELECT r.sha256, r.size_bytes, r.media_type, r.kind, r.received_ms, b.deleted_ms, b.deleted_why,\n"
    "       (SELECT MAX(u.created_ms) FROM upload AS u\n"
    "         WHERE u.agency_id = r.agency_id AND u.device_id = o.device_id AND u.sha256 = r.sha256\n"
    "           AND u.expires_ms > $1)\n"
    "FROM record_blob AS r\n"
    "JOIN inspection AS i ON i.agency_id = r.agency_id AND i.inspection_id = r.inspection_id\n"
    "JOIN operation AS o ON o.op_key = i.op_key\n"
    "LEFT JOIN blob AS b ON b.agency_id = r.agency_id AND b.sha256 = r.sha256\n"
    "WHERE r.agency_id = $2 AND r.inspection_id = $3\n"
    "ORDER BY r.sha256";

static Google__Protobuf__Timestamp *time_or_none(struct jc_row *row, int column) {
    if (jc_rows_is_null(row->rows, column))
        return NULL;
    Google__Protobuf__Timestamp *stamp = jc_stamp_of_ms(row->arena, jc_rows_int64(row->rows, column));
    row->failed |= !stamp;
    return stamp;
}

static Jc__BlobStatus *status_of(struct jc_row *row) {
    Jc__BlobStatus *status = JC_NEW(row->arena, Jc__BlobStatus);
    Jc__Photo *blob = JC_NEW(row->arena, Jc__Photo);
    if (!status || !blob)
        return NULL;
    jc__blob_status__init(status);
    jc__photo__init(blob);
    blob->sha256 = jc_row_bytes(row, 0);
    blob->size_bytes = jc_rows_int64(row->rows, 1);
    blob->media_type = jc_row_text(row, 2);
    blob->kind = (Jc__BlobKind)jc_rows_int64(row->rows, 3);
    status->blob = blob;
    status->received_at = time_or_none(row, 4);
    status->deleted_at = status->received_at ? time_or_none(row, 5) : NULL;
    if (status->deleted_at)
        status->deleted_why = jc_row_text(row, 6);
    if (!status->received_at)
        status->upload_begun_at = time_or_none(row, 7);
    return row->failed ? NULL : status;
}

struct blob_list JC_ROW_LIST(Jc__BlobStatus);

static enum jc_code add_blob(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct blob_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__BlobStatus *status = status_of(&row), **slot = JC_PUSH(list->arena, list, Jc__BlobStatus *);
    if (!status || !slot)
        return jc_fail_memory(err);
    *slot = status;
    return JC_OK;
}

enum jc_code jc_completeness_get(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                 struct jc_str team_id, int64_t now_ms, struct jc_arena *arena,
                                 struct jc_completeness *out, struct jc_err *err) {
    struct listing record = {.list.arena = arena, .limit = 1};
    struct blob_list blobs = {.arena = arena};
    struct jc_value id = jc_bytes(inspection_id.ptr, inspection_id.len);
    enum jc_code code =
        jc_row_each(tx, SELECT_RECORD, JC_VALUES(jc_int(agency_id), id, jc_text(team_id)), add_record, &record, err);
    if (!code && !record.list.count)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_BLOB_NO_RECORD);
    if (!code)
        code = jc_row_each(tx, SELECT_BLOBS, JC_VALUES(jc_int(now_ms), jc_int(agency_id), id), add_blob, &blobs, err);
    if (!code)
        *out = (struct jc_completeness){record.list.items[0], blobs.items, blobs.count};
    return code;
}

static const char SELECT_OF_DEVICE[] =
    "SELECT r.sha256\n"
    "FROM inspection AS i\n"
    "JOIN operation AS o ON o.op_key = i.op_key\n"
    "JOIN device AS s ON s.agency_id = i.agency_id AND s.device_id = o.device_id\n"
    "JOIN device AS d ON d.agency_id = i.agency_id AND d.device_id = $1\n"
    "                AND (s.device_id = d.device_id OR (s.public_key = d.public_key AND LENGTH(d.public_key) > 0))\n"
    "JOIN record_blob AS r ON r.agency_id = i.agency_id AND r.inspection_id = i.inspection_id\n"
    "                     AND r.received_ms IS NULL\n"
    "WHERE i.agency_id = $2 AND i.blobs_missing > 0\n"
    "ORDER BY i.op_key, r.sha256\n"
    "LIMIT $3";

enum jc_code jc_completeness_of_device(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int limit,
                                       struct jc_arena *arena, struct jc_str **out, size_t *count, struct jc_err *err) {
    return jc_row_first_column(tx, SELECT_OF_DEVICE,
                               JC_VALUES(jc_bytes(device_id.bytes, JC_UUID_SIZE), jc_int(agency_id), jc_int(limit)),
                               arena, out, count, err);
}
