/* The table `finding`. What was said on site stays in the record; here is what became of it: the
 * order it went into, the deadline in force, the day it was found corrected. One b-tree, appended;
 * the findings of a record are a range of it. */
#include "store/finding.h"

#include "store/operation.h"

static struct jc_value id_value(struct jc_str id) {
    return jc_bytes(id.ptr, id.len);
}

#define INSERT_FINDING                                                                                             \
    "INSERT INTO finding (finding_key, agency_id, finding_id, outcome, major_hazard, deadline_on, corrected_on)\n" \
    "VALUES ($1, $2, $3, $4, $5, $6, $7)"
enum { COLUMNS = 7, TOGETHER = 4 };
static const char INSERT_ONE[] = INSERT_FINDING;
/* Four rows by one statement cost about half. */
static const char INSERT_FOUR[] =
    INSERT_FINDING ", ($8, $9, $10, $11, $12, $13, $14),\n"
                   "       ($15, $16, $17, $18, $19, $20, $21), ($22, $23, $24, $25, $26, $27, $28)";

static void put_row(struct jc_value *values, int64_t agency_id, int64_t key, const Jc__Finding *finding,
                    struct jc_str day) {
    bool dated = finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    bool corrected = finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    values[0] = jc_int(key);
    values[1] = jc_int(agency_id);
    values[2] = jc_bytes(finding->finding_id.data, finding->finding_id.len);
    values[3] = jc_int(finding->outcome);
    values[4] = jc_int(finding->major_hazard);
    values[5] = dated ? jc_text_or_null(jc_str(finding->deadline)) : jc_null();
    values[6] = corrected ? jc_text(day) : jc_null();
}

enum jc_code jc_finding_add(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, Jc__Finding *const *findings,
                            size_t count, struct jc_str day, struct jc_err *err) {
    struct jc_value values[TOGETHER * COLUMNS];
    int64_t first = jc_op_key(agency_id, operation_no) * JC_FINDINGS_MAX;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < count;) {
        size_t rows = count - i >= TOGETHER ? TOGETHER : 1;
        for (size_t k = 0; k < rows; k++)
            put_row(values + k * COLUMNS, agency_id, first + (int64_t)(i + k), findings[i + k], day);
        code = jc_tx_exec(tx, rows == 1 ? INSERT_ONE : INSERT_FOUR, values, rows * COLUMNS, err);
        i += rows;
    }
    return code;
}

/* --- lists -------------------------------------------------------------------------------------------- */

#define FINDING_COLUMNS "f.finding_id, f.outcome, f.deadline_on, f.order_id, f.corrected_on"

static enum jc_code list(struct jc_tx *tx, const char *sql, int64_t agency_id, struct jc_str id, struct jc_arena *arena,
                         struct jc_finding **out, size_t *count, struct jc_err *err) {
    struct {
        struct jc_finding *items;
        size_t count, capacity;
    } findings = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, sql, JC_VALUES(jc_int(agency_id), id_value(id)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_finding *finding = JC_PUSH(arena, &findings, struct jc_finding);
        if (!finding) {
            code = jc_fail_memory(err);
            break;
        }
        finding->finding_id = jc_rows_copy(rows, 0, arena);
        finding->outcome = (Jc__FindingOutcome)jc_rows_int64(rows, 1);
        finding->deadline_on = jc_rows_copy(rows, 2, arena);
        finding->order_id = jc_rows_copy(rows, 3, arena);
        finding->corrected_on = jc_rows_copy(rows, 4, arena);
        if (!finding->finding_id.ptr || !finding->deadline_on.ptr || !finding->order_id.ptr ||
            !finding->corrected_on.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = findings.items;
    *count = findings.count;
    return JC_OK;
}

static const char SELECT_OF_INSPECTION[] =
    "SELECT " FINDING_COLUMNS "\n"
    "FROM inspection AS i\n"
    "JOIN finding AS f ON f.finding_key >= i.op_key * 1024 AND f.finding_key < (i.op_key + 1) * 1024\n"
    "WHERE i.agency_id = $1 AND i.inspection_id = $2\n"
    "ORDER BY f.finding_key";
static const char SELECT_OF_ORDER[] = "SELECT " FINDING_COLUMNS "\n"
                                      "FROM finding AS f\n"
                                      "WHERE f.agency_id = $1 AND f.order_id = $2\n"
                                      "ORDER BY f.finding_key";

enum jc_code jc_finding_of_inspection(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                      struct jc_arena *arena, struct jc_finding **out, size_t *count,
                                      struct jc_err *err) {
    return list(tx, SELECT_OF_INSPECTION, agency_id, inspection_id, arena, out, count, err);
}

enum jc_code jc_finding_of_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                                 struct jc_finding **out, size_t *count, struct jc_err *err) {
    return list(tx, SELECT_OF_ORDER, agency_id, order_id, arena, out, count, err);
}

/* --- what becomes of it ---------------------------------------------------------------------------------- */

static const char UPDATE_ORDER[] =
    "UPDATE finding\n"
    "SET order_id = $1, deadline_on = $2\n"
    "WHERE finding_id = $3\n"
    "  AND finding_key >= (SELECT op_key * 1024 FROM inspection WHERE agency_id = $4 AND inspection_id = $5)\n"
    "  AND finding_key < (SELECT (op_key + 1) * 1024 FROM inspection WHERE agency_id = $4 AND inspection_id = $5)";

enum jc_code jc_finding_set_order(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                  struct jc_str finding_id, struct jc_str order_id, struct jc_str deadline_on,
                                  struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_ORDER,
                      JC_VALUES(id_value(order_id), jc_text(deadline_on), id_value(finding_id), jc_int(agency_id),
                                id_value(inspection_id)),
                      err);
}

static const char UPDATE_NO_ORDER[] = "UPDATE finding\n"
                                      "SET order_id = NULL, deadline_on = $1\n"
                                      "WHERE agency_id = $2 AND order_id = $3 AND finding_id = $4";

enum jc_code jc_finding_unset_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                    struct jc_str finding_id, struct jc_str deadline_on, struct jc_err *err) {
    return jc_tx_exec(
        tx, UPDATE_NO_ORDER,
        JC_VALUES(jc_text_or_null(deadline_on), jc_int(agency_id), id_value(order_id), id_value(finding_id)), err);
}

static const char UPDATE_OPEN[] = "UPDATE finding\n"
                                  "SET corrected_on = NULL, deadline_on = $1\n"
                                  "WHERE agency_id = $2 AND order_id = $3 AND finding_id = $4";

enum jc_code jc_finding_reopen(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_str finding_id,
                               struct jc_str deadline_on, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_OPEN,
                      JC_VALUES(jc_text(deadline_on), jc_int(agency_id), id_value(order_id), id_value(finding_id)),
                      err);
}

static const char UPDATE_DEADLINE[] = "UPDATE finding\n"
                                      "SET deadline_on = $1\n"
                                      "WHERE agency_id = $2 AND order_id = $3 AND finding_id = $4";

enum jc_code jc_finding_set_deadline(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                     struct jc_str finding_id, struct jc_str deadline_on, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_DEADLINE,
                      JC_VALUES(jc_text(deadline_on), jc_int(agency_id), id_value(order_id), id_value(finding_id)),
                      err);
}

static const char UPDATE_CORRECTED[] = "UPDATE finding\n"
                                       "SET corrected_on = $1\n"
                                       "WHERE agency_id = $2 AND order_id = $3 AND finding_id = $4\n"
                                       "  AND corrected_on IS NULL";

enum jc_code jc_finding_set_corrected(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                      struct jc_str finding_id, struct jc_str corrected_on, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_CORRECTED,
                      JC_VALUES(jc_text(corrected_on), jc_int(agency_id), id_value(order_id), id_value(finding_id)),
                      err);
}
