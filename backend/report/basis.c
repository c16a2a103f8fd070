/* The basis of a report: found once, then handed to every query of it. */
#include "report/basis.h"

static const char SQL_NEWEST_APPROVED[] = "SELECT version, year"
                                          "  FROM plan"
                                          " WHERE agency_id = $1 AND status = 'approved'"
                                          " ORDER BY version DESC LIMIT 1";

enum jc_code jc_basis_of(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_basis *out,
                         struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code = jc_tx_query(tx, SQL_NEWEST_APPROVED, JC_VALUES(jc_int(agency_id)), &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &found, err);
    if (code == JC_OK && !found)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_REPORT_NO_PLAN);
    if (code == JC_OK) {
        out->agency_id = agency_id;
        out->version = jc_rows_int64(rows, 0);
        out->year = jc_rows_int64(rows, 1);
        out->as_of = as_of;
        out->until_ms = jc_date_to_ms(jc_date_from_days(jc_date_to_days(as_of) + 1));
        out->as_of_iso = jc_date_format(as_of, out->iso_buf);
        out->months_over = jc_months_over((int)out->year, as_of);
    }
    jc_rows_close(rows);
    return code;
}
