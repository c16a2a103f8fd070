#include "sync/derived_row.h"

#include <string.h>

struct jc_str jc_derived_table(enum jc_derived_table table) {
    static const char *const TABLES[JC_DERIVED_TABLES] = {
        "inspection", "inspection_workdays", "finding", "record_blob", "rectification_order",
        "recheck",    "recheck_workdays",    "review",  "number_block"};
    return jc_str(TABLES[table]);
}

/* --- telling -------------------------------------------------------------------------------------------- */

static void tell(const struct jc_derived *d, int64_t no, enum jc_msg what, const struct jc_str args[JC_ERR_ARGS]) {
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what, args);
    d->found(d->ctx, no, &fault);
}

void jc_derived_missing(const struct jc_derived *d, enum jc_derived_table table) {
    char number[JC_NUMBER_TEXT], id[JC_UUID_TEXT];
    tell(d, d->operation_no, JC_MSG_DERIVED_MISSING,
         (const struct jc_str[JC_ERR_ARGS]){jc_derived_table(table), jc_str_from_int64(d->operation_no, number),
                                            jc_uuid_format(d->id, id)});
}

void jc_derived_altered(const struct jc_derived *d, enum jc_derived_table table, const char *column) {
    char number[JC_NUMBER_TEXT], id[JC_UUID_TEXT];
    tell(d, d->operation_no, JC_MSG_DERIVED_ALTERED,
         (const struct jc_str[JC_ERR_ARGS]){jc_derived_table(table), jc_str_from_int64(d->operation_no, number),
                                            jc_uuid_format(d->id, id), jc_str(column)});
}

void jc_derived_excess(const struct jc_derived *d, enum jc_derived_table table, struct jc_str key, int64_t no) {
    char number[JC_NUMBER_TEXT];
    tell(d, no, no ? JC_MSG_DERIVED_EXCESS : JC_MSG_DERIVED_EXCESS_NONE,
         (const struct jc_str[JC_ERR_ARGS]){jc_derived_table(table), key, jc_str_from_int64(no, number)});
}

/* --- comparing ------------------------------------------------------------------------------------------ */

/* The n-th word. */
static const char *word(const char *words, int n, char buf[64]) {
    struct jc_str rest = jc_str(words), one = {0};
    for (int i = 0; i <= n; i++)
        jc_str_cut(&rest, ' ', &one);
    size_t len = one.len < 63 ? one.len : 63;
    memcpy(buf, one.ptr, len);
    buf[len] = '\0';
    return buf;
}

static int count_words(const char *words) {
    int count = 1;
    for (; *words; words++)
        count += *words == ' ';
    return count;
}

enum jc_code jc_derived_compare(struct jc_derived *d, enum jc_derived_table table, const char *columns, const char *sql,
                                const struct jc_value *values, size_t count, bool *there, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    char column[64];
    *there = false;
    enum jc_code code = jc_tx_query(d->tx, sql, values, count, &rows, err);
    if (!code)
        code = jc_rows_next(rows, there, err);
    int first = 0, all = count_words(columns);
    while (!code && *there && first < all && jc_rows_int64(rows, first))
        first++;
    if (d->may_lack && first == 0 && strncmp(columns, "op_key ", 7) == 0)
        *there = false; /* another operation brought it */
    if (!code && *there) {
        if (first < all)
            jc_derived_altered(d, table, word(columns, first, column));
        d->rows[table]++;
    } else if (!code && !d->may_lack) {
        jc_derived_missing(d, table);
    }
    jc_rows_close(rows);
    return code;
}
