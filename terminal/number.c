/* Numbers rise within a block: the next is behind the highest one given there. `document_number` outlives
 * the blocks, so a block that the server leases anew (a restored backup, a new enrolment) gives no number
 * twice. Cost: one row per block looked at. */
#include "terminal/number.h"

static const char SQL_NUMBER_BLOCKS[] = "SELECT b.first_number, b.last_number,"
                                        "       COALESCE((SELECT MAX(d.number)"
                                        "                   FROM document_number AS d"
                                        "                  WHERE d.kind = b.kind AND d.year = b.year"
                                        "                    AND d.number BETWEEN b.first_number AND b.last_number), 0)"
                                        "  FROM number_block AS b"
                                        " WHERE b.device_id = $1 AND b.kind = $2 AND b.year = $3"
                                        " ORDER BY b.first_number";

static enum jc_code find_free(struct jc_tx *tx, struct jc_uuid device_id, Jc__DocumentKind kind, int year, int64_t *out,
                              struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *out = 0;
    enum jc_code code = jc_tx_query(
        tx, SQL_NUMBER_BLOCKS, JC_VALUES(jc_terminal_uuid_value(&device_id), jc_int(kind), jc_int(year)), &rows, err);
    while (code == JC_OK && !*out && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        int64_t first = jc_rows_int64(rows, 0), last = jc_rows_int64(rows, 1), used = jc_rows_int64(rows, 2);
        int64_t next = used ? used + 1 : first;
        if (next <= last)
            *out = next;
    }
    jc_rows_close(rows);
    return code;
}

static const char SQL_NUMBER_GIVE[] =
    "INSERT INTO document_number (kind, year, number, subject_id, device_id) VALUES ($1, $2, $3, $4, $5)";

enum jc_code jc_terminal_number_take(struct jc_tx *tx, struct jc_uuid device_id, Jc__DocumentKind kind, int year,
                                     struct jc_uuid subject, int *out, struct jc_err *err) {
    int64_t number = 0;
    char text[JC_NUMBER_TEXT];
    enum jc_code code = find_free(tx, device_id, kind, year, &number, err);
    if (code)
        return code;
    if (!number)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TERM_NO_NUMBER, jc_str_from_int64(year, text));
    *out = (int)number;
    return jc_tx_exec(tx, SQL_NUMBER_GIVE,
                      JC_VALUES(jc_int(kind), jc_int(year), jc_int(number), jc_terminal_uuid_value(&subject),
                                jc_terminal_uuid_value(&device_id)),
                      err);
}

static const char SQL_NUMBER_USED[] = "SELECT kind, year, MAX(number)"
                                      "  FROM document_number"
                                      " WHERE device_id = $1"
                                      " GROUP BY kind, year"
                                      " ORDER BY kind, year";

enum jc_code jc_terminal_number_used(struct jc_tx *tx, struct jc_uuid device_id, struct jc_arena *arena,
                                     Jc__DocumentNumber ***out, size_t *count, struct jc_err *err) {
    struct {
        Jc__DocumentNumber **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_NUMBER_USED, JC_VALUES(jc_terminal_uuid_value(&device_id)), &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &has_row, err)) == JC_OK && has_row) {
        Jc__DocumentNumber **item = JC_PUSH(arena, &list, Jc__DocumentNumber *);
        if (item)
            *item = JC_NEW(arena, Jc__DocumentNumber);
        if (!item || !*item) {
            code = jc_fail_memory(err);
            break;
        }
        jc__document_number__init(*item);
        (*item)->kind = (Jc__DocumentKind)jc_rows_int64(rows, 0);
        (*item)->year = (int32_t)jc_rows_int64(rows, 1);
        (*item)->number = (int32_t)jc_rows_int64(rows, 2);
    }
    jc_rows_close(rows);
    *out = list.items;
    *count = list.count;
    return code;
}
