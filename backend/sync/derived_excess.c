/* Rows that no operation says, and relations that lead nowhere.
 *
 * A table that holds as many rows as operations say has none too many, since each of those was found. Only if
 * the numbers differ, or some body is gone so that they mean nothing, is it gone through row by row: the
 * operation a row names must say it. */
#include <string.h>

#include "base/message.h"
#include "store/row.h"
#include "sync/check.h"
#include "sync/derived_row.h"

static void tell(const struct jc_derived *d, enum jc_msg what, struct jc_str table, struct jc_str key, int64_t no) {
    char number[JC_NUMBER_TEXT];
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what,
               (const struct jc_str[JC_ERR_ARGS]){table, key, jc_str_from_int64(no, number)});
    d->found(d->ctx, no, &fault);
}

/* --- rows that no operation says ---------------------------------------------------------------------------- */

static bool names_photo(const Jc__Inspection *message, struct jc_str sha256) {
    for (size_t i = 0; i < message->n_photos; i++) {
        if (jc_str_eq(jc_view(message->photos[i]->sha256), sha256))
            return true;
    }
    return false;
}

static bool names_team(Jc__TeamWorkdays *const *used, size_t count, struct jc_str team_id) {
    for (size_t i = 0; i < count; i++) {
        if (jc_str_eq(jc_str(used[i]->team_id), team_id))
            return true;
    }
    return false;
}

/* Whether an operation with this body says a row with this key. */
static bool says(const Jc__OperationBody *body, enum jc_derived_table table, struct jc_str key, int64_t place) {
    const Jc__Inspection *inspection = jc_derived_inspection_of(body);
    const Jc__RectificationOrder *order =
        body->command_case == JC__OPERATION_BODY__COMMAND_ISSUE_ORDER ? body->issue_order->order : NULL;
    const Jc__Recheck *recheck =
        body->command_case == JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK ? body->submit_recheck->recheck : NULL;
    switch (table) {
    case JC_DERIVED_INSPECTION:
        return inspection && jc_str_eq(jc_view(inspection->inspection_id), key);
    case JC_DERIVED_INSPECTION_WORKDAYS:
        return inspection && names_team(inspection->workdays, inspection->n_workdays, key);
    case JC_DERIVED_FINDING:
        return inspection && place < (int64_t)inspection->n_findings;
    case JC_DERIVED_RECORD_BLOB:
        return inspection && names_photo(inspection, key);
    case JC_DERIVED_ORDER:
        return order && jc_str_eq(jc_view(order->order_id), key);
    case JC_DERIVED_RECHECK:
        return recheck && jc_str_eq(jc_view(recheck->recheck_id), key);
    case JC_DERIVED_RECHECK_WORKDAYS:
        return recheck && names_team(recheck->workdays, recheck->n_workdays, key);
    default:
        return true; /* a review is said by its operation's row, not by the body */
    }
}

/* op_key of the operation that should say the row, the row's key, its place in the record. */
static const char *const SELECT_ROWS[JC_DERIVED_COUNTED] = {
    "SELECT op_key, inspection_id, 0 FROM inspection WHERE agency_id = $1",
    "SELECT COALESCE(i.op_key, 0), w.team_id, 0 FROM inspection_workdays AS w\n"
    "LEFT JOIN inspection AS i ON i.agency_id = w.agency_id AND i.inspection_id = w.inspection_id\n"
    "WHERE w.agency_id = $1",
    "SELECT finding_key / 1024, finding_id, finding_key % 1024 FROM finding WHERE agency_id = $1",
    "SELECT COALESCE(i.op_key, 0), b.sha256, 0 FROM record_blob AS b\n"
    "LEFT JOIN inspection AS i ON i.agency_id = b.agency_id AND i.inspection_id = b.inspection_id\n"
    "WHERE b.agency_id = $1",
    "SELECT op_key, order_id, 0 FROM rectification_order WHERE agency_id = $1",
    "SELECT op_key, recheck_id, 0 FROM recheck WHERE agency_id = $1",
    "SELECT COALESCE(r.op_key, 0), w.team_id, 0 FROM recheck_workdays AS w\n"
    "LEFT JOIN recheck AS r ON r.agency_id = w.agency_id AND r.recheck_id = w.recheck_id\n"
    "WHERE w.agency_id = $1",
    "SELECT r.agency_id * 1099511627776 + r.review_id, r.device_id, 0 FROM review AS r\n"
    "WHERE r.agency_id = $1\n"
    "  AND NOT EXISTS (SELECT 1 FROM operation AS o\n"
    "                   WHERE o.op_key = r.agency_id * 1099511627776 + r.review_id AND o.reason <> 0)\n"
    "  AND NOT " JC_DERIVED_REVIEW_LATER,
};

/* Whether a key is text; others are bytes. */
static bool is_text(enum jc_derived_table table) {
    return table == JC_DERIVED_INSPECTION_WORKDAYS || table == JC_DERIVED_RECHECK_WORKDAYS;
}

struct search {
    struct jc_derived *d;
    enum jc_derived_table table;
};

static enum jc_code check_said(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct search *search = ctx;
    struct jc_derived *d = search->d;
    const Jc__OperationBody *body = NULL;
    struct jc_str bytes = {0}, arg;
    enum jc_ground ground;
    char shown[2 * JC_SHA256_SIZE + 1];
    int64_t no = jc_op_key_no(jc_rows_int64(rows, 0));
    bool text = is_text(search->table);
    struct jc_str key = text ? jc_rows_text(rows, 1) : jc_rows_bytes(rows, 1);
    jc_arena_reset(d->scratch);
    enum jc_code code = jc_operation_body(d->tx, d->agency_id, no, d->scratch, &bytes, err);
    if (code && code != JC_NOT_FOUND)
        return code;
    bool said = !code && search->table != JC_DERIVED_REVIEW && !bytes.ptr; /* deleted: whatever it said */
    if (!code && bytes.ptr && search->table != JC_DERIVED_REVIEW) {
        code = jc_sync_decode(bytes, d->scratch, &body, &ground, &arg, err);
        said = !code && body && says(body, search->table, key, jc_rows_int64(rows, 2));
    }
    if (!said && (!code || code == JC_NOT_FOUND))
        jc_derived_excess(d, search->table,
                          text ? key : jc_hex(key.ptr, key.len < JC_SHA256_SIZE ? key.len : JC_SHA256_SIZE, shown), no);
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static const char *const COUNT_ROWS[JC_DERIVED_COUNTED] = {
    "SELECT COUNT(*) FROM inspection WHERE agency_id = $1",
    "SELECT COUNT(*) FROM inspection_workdays WHERE agency_id = $1",
    "SELECT COUNT(*) FROM finding WHERE agency_id = $1",
    "SELECT COUNT(*) FROM record_blob WHERE agency_id = $1",
    "SELECT COUNT(*) FROM rectification_order WHERE agency_id = $1",
    "SELECT COUNT(*) FROM recheck WHERE agency_id = $1",
    "SELECT COUNT(*) FROM recheck_workdays WHERE agency_id = $1",
    "SELECT COUNT(*) FROM review WHERE agency_id = $1",
};

enum jc_code jc_derived_check_excess(struct jc_derived *d, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (int table = 0; !code && table < JC_DERIVED_COUNTED; table++) {
        struct search search = {d, (enum jc_derived_table)table};
        int64_t rows = 0;
        code = jc_tx_int64(d->tx, COUNT_ROWS[table], JC_VALUES(jc_int(d->agency_id)), &rows, err);
        if (!code && (d->unread || rows != d->rows[table]))
            code = jc_row_each(d->tx, SELECT_ROWS[table], JC_VALUES(jc_int(d->agency_id)), check_said, &search, err);
    }
    return code;
}

/* --- relations ---------------------------------------------------------------------------------------------- */

/* Rows that name something that is not there: op_key, and what they name. */
static const struct {
    const char *table, *sql;
} RELATIONS[] = {
    {"inspection.unit_id", "SELECT i.op_key, i.unit_id FROM inspection AS i\n"
                           "WHERE i.agency_id = $1\n"
                           "  AND NOT EXISTS (SELECT 1 FROM unit AS u\n"
                           "                   WHERE u.agency_id = i.agency_id AND u.unit_id = i.unit_id)"},
    {"inspection.team_id", "SELECT i.op_key, i.team_id FROM inspection AS i\n"
                           "WHERE i.agency_id = $1\n"
                           "  AND NOT EXISTS (SELECT 1 FROM team AS t\n"
                           "                   WHERE t.agency_id = i.agency_id AND t.team_id = i.team_id)"},
    {"inspection.task_id", "SELECT i.op_key, hex(i.task_id) FROM inspection AS i\n"
                           "WHERE i.agency_id = $1 AND i.task_id IS NOT NULL\n"
                           "  AND NOT EXISTS (SELECT 1 FROM task AS t\n"
                           "                   WHERE t.agency_id = i.agency_id AND t.task_id = i.task_id)"},
    {"finding.order_id",
     "SELECT f.finding_key / 1024, hex(f.order_id) FROM finding AS f\n"
     "LEFT JOIN rectification_order AS o ON o.agency_id = f.agency_id AND o.order_id = f.order_id\n"
     "LEFT JOIN inspection AS i ON i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id\n"
     "WHERE f.agency_id = $1 AND f.order_id IS NOT NULL\n"
     "  AND COALESCE(i.op_key, 0) <> f.finding_key / 1024"},
    {"rectification_order.inspection_id",
     "SELECT o.op_key, hex(o.inspection_id) FROM rectification_order AS o\n"
     "WHERE o.agency_id = $1\n"
     "  AND NOT EXISTS (SELECT 1 FROM inspection AS i\n"
     "                   WHERE i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id)"},
    {"recheck.order_id", "SELECT r.op_key, hex(r.order_id) FROM recheck AS r\n"
                         "WHERE r.agency_id = $1\n"
                         "  AND NOT EXISTS (SELECT 1 FROM rectification_order AS o\n"
                         "                   WHERE o.agency_id = r.agency_id AND o.order_id = r.order_id)"},
    {"id_conflict.op_key", "SELECT c.op_key, hex(c.device_id) FROM id_conflict AS c\n"
                           "WHERE c.agency_id = $1\n"
                           "  AND NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.op_key = c.op_key)"},
    {"operation_waiting.op_key", "SELECT w.op_key, hex(w.depends_on) FROM operation_waiting AS w\n"
                                 "WHERE w.agency_id = $1\n"
                                 "  AND NOT EXISTS (SELECT 1 FROM operation AS o WHERE o.op_key = w.op_key)"},
    {"operation.device_id", "SELECT o.op_key, hex(o.device_id) FROM operation AS o\n"
                            "WHERE o.agency_id = $1 AND o.device_id <> zeroblob(16)\n"
                            "  AND NOT EXISTS (SELECT 1 FROM device AS d\n"
                            "                   WHERE d.agency_id = o.agency_id AND d.device_id = o.device_id)"},
    /* The team of the device's holder, who has not changed teams since it was enrolled; else any. */
    {"review.team_id",
     "SELECT r.agency_id * 1099511627776 + r.review_id, r.team_id FROM review AS r\n"
     "JOIN device AS d ON d.agency_id = r.agency_id AND d.device_id = r.device_id\n"
     "JOIN inspector AS i ON i.agency_id = d.agency_id AND i.inspector_id = d.inspector_id\n"
     "WHERE r.agency_id = $1 AND r.team_id <> i.team_id\n"
     "  AND (d.scope_version = 1\n"
     "       OR (r.team_id <> '' AND NOT EXISTS (SELECT 1 FROM team AS t\n"
     "                                            WHERE t.agency_id = r.agency_id AND t.team_id = r.team_id)))"},
    {"task.state", "SELECT 0, hex(t.task_id) FROM task AS t\n"
                   "WHERE t.agency_id = $1 AND t.state = 2 AND t.kind IN (1, 3)\n"
                   "  AND NOT EXISTS (SELECT 1 FROM inspection AS i\n"
                   "                   WHERE i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1)\n"
                   "  AND NOT EXISTS (SELECT 1 FROM recheck AS r\n"
                   "                   WHERE r.agency_id = t.agency_id AND r.task_id = t.task_id AND r.is_record = 1)"},
    /* of the plan in force, and released */
    {"visit.status", "SELECT 0, v.visit_id FROM visit AS v\n"
                     "JOIN plan AS p ON p.agency_id = v.agency_id AND p.version = v.version AND p.status = 'approved'\n"
                     "WHERE v.agency_id = $1 AND v.status = 2\n"
                     "  AND NOT EXISTS (SELECT 1 FROM task AS t\n"
                     "                   WHERE t.agency_id = v.agency_id AND t.plan_year = p.year\n"
                     "                     AND t.visit_id = v.visit_id AND t.state IN (1, 3))"},
};

struct relation {
    struct jc_derived *d;
    const char *table;
};

static enum jc_code tell_loose(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    const struct relation *relation = ctx;
    (void)err;
    tell(relation->d, JC_MSG_DERIVED_LOOSE, jc_str(relation->table), jc_rows_text(rows, 1),
         jc_op_key_no(jc_rows_int64(rows, 0)));
    return JC_OK;
}

enum jc_code jc_derived_check_relations(struct jc_derived *d, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < sizeof RELATIONS / sizeof *RELATIONS; i++) {
        struct relation relation = {d, RELATIONS[i].table};
        code = jc_row_each(d->tx, RELATIONS[i].sql, JC_VALUES(jc_int(d->agency_id)), tell_loose, &relation, err);
    }
    return code;
}
