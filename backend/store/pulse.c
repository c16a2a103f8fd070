/* One query; open reviews and due seals are counted in their partial indexes. */
#include "store/pulse.h"

#include "store/row.h"

static const int64_t DAY_MS = 86400000;

static const char SELECT_PULSE[] = "SELECT (SELECT COUNT(*) FROM review WHERE state = 1),\n"
                                   "       (SELECT COUNT(*) FROM device WHERE seal_due_ms IS NOT NULL),\n"
                                   "       (SELECT COALESCE(SUM(size_bytes), 0) FROM blob WHERE deleted_ms IS NULL),\n"
                                   "       COALESCE(SUM(revoked_ms IS NULL AND COALESCE(last_seen_ms, 0) >= $1), 0),\n"
                                   "       COALESCE(SUM(revoked_ms IS NULL AND COALESCE(last_seen_ms, 0) < $1), 0),\n"
                                   "       COALESCE(SUM(revoked_ms IS NOT NULL), 0)\n"
                                   "FROM device";

static enum jc_code take(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    (void)err;
    *(struct jc_pulse *)ctx = (struct jc_pulse){.reviews_open = jc_rows_int64(rows, 0),
                                                .seals_due = jc_rows_int64(rows, 1),
                                                .blob_bytes = jc_rows_int64(rows, 2),
                                                .devices_seen_today = jc_rows_int64(rows, 3),
                                                .devices_stale = jc_rows_int64(rows, 4),
                                                .devices_revoked = jc_rows_int64(rows, 5)};
    return JC_OK;
}

enum jc_code jc_pulse_read(struct jc_tx *tx, int64_t now_ms, struct jc_pulse *out, struct jc_err *err) {
    *out = (struct jc_pulse){0};
    return jc_row_each(tx, SELECT_PULSE, JC_VALUES(jc_int(now_ms - DAY_MS)), take, out, err);
}
