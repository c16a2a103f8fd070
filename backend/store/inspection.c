/* The tables `inspection`, `inspection_workdays` and `record_blob`; findings have a module of their own.
 * The columns are what reports and lists ask for. Cost: a row, one for each finding, and one for each
 * team that joined and each blob. */
#include "store/inspection.h"

#include "base/clock.h"
#include "jiancha/v1/task.pb-c.h"
#include "store/finding.h"
#include "store/operation.h"
#include "store/row.h"

static struct jc_value id_value(struct jc_str id) {
    return jc_bytes(id.ptr, id.len);
}

/* --- add ------------------------------------------------------------------------------------------------ */

static const char INSERT_INSPECTION[] =
    "INSERT INTO inspection (agency_id, inspection_id, op_key, task_id, is_record, late, unit_id, team_id,\n"
    "                        started_ms, ended_ms, inspector_ids, mode, outcome, workdays_centi, lead_centi,\n"
    "                        document_no, document_year, blobs_missing)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

static enum jc_code add_row(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *row,
                            const Jc__Inspection *message, int64_t blobs_missing, struct jc_err *err) {
    const Jc__DocumentNumber *number = message->document_number;
    int64_t workdays_centi = 0, lead_centi = 0;
    for (size_t i = 0; i < message->n_workdays; i++) {
        workdays_centi += message->workdays[i]->workdays_centi;
        if (jc_str_eq(jc_str(message->workdays[i]->team_id), row->team_id))
            lead_centi += message->workdays[i]->workdays_centi;
    }
    return jc_tx_exec(
        tx, INSERT_INSPECTION,
        JC_VALUES(jc_int(agency_id), id_value(row->inspection_id), jc_int(jc_op_key(agency_id, row->operation_no)),
                  row->task_id.len ? id_value(row->task_id) : jc_null(), jc_int(row->is_record), jc_int(row->late),
                  jc_text(row->unit_id), jc_text(row->team_id), jc_int(row->started_ms), jc_int(row->ended_ms),
                  jc_text(row->inspector_ids), jc_int(message->mode), jc_int(message->outcome), jc_int(workdays_centi),
                  jc_int(lead_centi), number ? jc_int(number->number) : jc_null(),
                  number ? jc_int(number->year) : jc_null(), jc_int(blobs_missing)),
        err);
}

static const char INSERT_WORKDAYS[] =
    "INSERT INTO inspection_workdays (agency_id, inspection_id, team_id, workdays_centi)\n"
    "VALUES ($1, $2, $3, $4)";

/* Of the teams that joined; the lead's stand in the row. */
static enum jc_code add_workdays(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *row,
                                 const Jc__Inspection *message, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < message->n_workdays; i++) {
        const Jc__TeamWorkdays *used = message->workdays[i];
        if (jc_str_eq(jc_str(used->team_id), row->team_id))
            continue;
        code = jc_tx_exec(tx, INSERT_WORKDAYS,
                          JC_VALUES(jc_int(agency_id), id_value(row->inspection_id), jc_text(jc_str(used->team_id)),
                                    jc_int(used->workdays_centi)),
                          err);
    }
    return code;
}

/* The same photo may show two findings: one row. */
static const char INSERT_BLOB[] =
    "INSERT INTO record_blob (agency_id, inspection_id, sha256, kind, size_bytes, media_type, received_ms)\n"
    "VALUES ($1, $2, $3, $4, $5, $6,\n"
    "        (SELECT stored_ms FROM blob WHERE agency_id = $1 AND sha256 = $3 AND deleted_ms IS NULL))\n"
    "ON CONFLICT (agency_id, inspection_id, sha256) DO NOTHING";
static const char COUNT_MISSING[] = "SELECT COUNT(*)\n"
                                    "FROM record_blob\n"
                                    "WHERE agency_id = $1 AND inspection_id = $2 AND received_ms IS NULL";

static enum jc_code add_blobs(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                              const Jc__Inspection *message, int64_t *missing, struct jc_err *err) {
    enum jc_code code = JC_OK;
    *missing = 0;
    for (size_t i = 0; !code && i < message->n_photos; i++) {
        const Jc__Photo *photo = message->photos[i];
        code = jc_tx_exec(tx, INSERT_BLOB,
                          JC_VALUES(jc_int(agency_id), id_value(inspection_id),
                                    jc_bytes(photo->sha256.data, photo->sha256.len),
                                    jc_int(photo->kind ? photo->kind : JC__BLOB_KIND__BLOB_KIND_PHOTO),
                                    jc_int(photo->size_bytes), jc_text(jc_str(photo->media_type))),
                          err);
    }
    if (code || !message->n_photos)
        return code;
    return jc_tx_int64(tx, COUNT_MISSING, JC_VALUES(jc_int(agency_id), id_value(inspection_id)), missing, err);
}

enum jc_code jc_inspection_add(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *row,
                               const Jc__Inspection *message, struct jc_err *err) {
    char buf[JC_TIME_MAX];
    struct jc_str day = jc_date_format(jc_date_of_ms(row->ended_ms), buf);
    int64_t blobs_missing = 0;
    enum jc_code code = add_blobs(tx, agency_id, row->inspection_id, message, &blobs_missing, err);
    if (!code)
        code = add_row(tx, agency_id, row, message, blobs_missing, err);
    if (!code)
        code = add_workdays(tx, agency_id, row, message, err);
    return code ? code
                : jc_finding_add(tx, agency_id, row->operation_no, message->findings, message->n_findings, day, err);
}

/* --- find ------------------------------------------------------------------------------------------------ */

static const char SELECT_INSPECTION[] =
    "SELECT inspection_id, op_key, task_id, is_record, late, unit_id, team_id, started_ms, ended_ms,\n"
    "       inspector_ids, linked_to\n"
    "FROM inspection\n"
    "WHERE agency_id = $1 AND inspection_id = $2";

static bool read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_inspection *out) {
    *out = (struct jc_inspection){
        .inspection_id = jc_rows_copy(rows, 0, arena),
        .operation_no = jc_op_key_no(jc_rows_int64(rows, 1)),
        .task_id = jc_rows_copy(rows, 2, arena),
        .is_record = jc_rows_int64(rows, 3) != 0,
        .late = jc_rows_int64(rows, 4) != 0,
        .unit_id = jc_rows_copy(rows, 5, arena),
        .team_id = jc_rows_copy(rows, 6, arena),
        .started_ms = jc_rows_int64(rows, 7),
        .ended_ms = jc_rows_int64(rows, 8),
        .inspector_ids = jc_rows_copy(rows, 9, arena),
        .linked_to = jc_rows_copy(rows, 10, arena),
    };
    return out->linked_to.ptr && out->inspection_id.ptr && out->task_id.ptr && out->unit_id.ptr && out->team_id.ptr &&
           out->inspector_ids.ptr;
}

enum jc_code jc_inspection_find(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                struct jc_arena *arena, struct jc_inspection *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_INSPECTION, JC_VALUES(jc_int(agency_id), id_value(inspection_id)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found && !read_row(rows, arena, out))
        code = jc_fail_memory(err);
    jc_rows_close(rows);
    return code;
}

static const char COUNT_RECORDS[] = "SELECT COUNT(*)\n"
                                    "FROM inspection\n"
                                    "WHERE agency_id = $1 AND task_id = $2 AND is_record = 1";

enum jc_code jc_inspection_is_recorded(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, bool *recorded,
                                       struct jc_err *err) {
    int64_t count = 0;
    enum jc_code code = jc_tx_int64(tx, COUNT_RECORDS, JC_VALUES(jc_int(agency_id), id_value(task_id)), &count, err);
    *recorded = count > 0;
    return code;
}

/* --- standing --------------------------------------------------------------------------------------------- */

static const char SELECT_HAS_ORDER[] = "SELECT 1\n"
                                       "FROM rectification_order\n"
                                       "WHERE agency_id = $1 AND inspection_id = $2";

enum jc_code jc_inspection_has_order(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id, bool *has,
                                     struct jc_err *err) {
    return jc_row_exists(tx, SELECT_HAS_ORDER, JC_VALUES(jc_int(agency_id), id_value(inspection_id)), has, err);
}

static const char UPDATE_COUNTS[] = "UPDATE inspection\n"
                                    "SET is_record = $1\n"
                                    "WHERE agency_id = $2 AND inspection_id = $3";

enum jc_code jc_inspection_count(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id, bool counts,
                                 struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_COUNTS, JC_VALUES(jc_int(counts), jc_int(agency_id), id_value(inspection_id)), err);
}

static const char UPDATE_LINK[] = "UPDATE inspection\n"
                                  "SET is_record = $1, linked_to = $2\n"
                                  "WHERE agency_id = $3 AND inspection_id = $4";

enum jc_code jc_inspection_link(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                struct jc_str linked_to, bool counts, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_LINK,
                      JC_VALUES(jc_int(counts), id_value(linked_to), jc_int(agency_id), id_value(inspection_id)), err);
}

static const char UPDATE_UNLINK[] = "UPDATE inspection\n"
                                    "SET is_record = $1, linked_to = NULL\n"
                                    "WHERE agency_id = $2 AND inspection_id = $3 AND linked_to = $4";

enum jc_code jc_inspection_unlink(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                  struct jc_str linked_to, bool counts, struct jc_err *err) {
    return jc_tx_exec(tx, UPDATE_UNLINK,
                      JC_VALUES(jc_int(counts), jc_int(agency_id), id_value(inspection_id), id_value(linked_to)), err);
}

/* --- executed ---------------------------------------------------------------------------------------------- */

static const char SELECT_EXECUTED[] =
    "SELECT t.visit_id, i.ended_ms\n"
    "FROM task AS t\n"
    "JOIN inspection AS i ON i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1\n"
    "WHERE t.agency_id = $1 AND t.plan_year = $2 AND t.visit_id IS NOT NULL AND t.kind = $3\n"
    "ORDER BY t.visit_id";

struct executed_list {
    struct jc_arena *arena;
    int year;
    struct jc_executed *items;
    size_t count, capacity;
};

static enum jc_code read_executed(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct executed_list *list = ctx;
    struct jc_executed *row = JC_PUSH(list->arena, list, struct jc_executed);
    if (!row)
        return jc_fail_memory(err);
    struct jc_date day = jc_date_of_ms(jc_rows_int64(rows, 1));
    row->visit_id = jc_rows_copy(rows, 0, list->arena);
    row->month = day.year == list->year ? day.month : 0;
    return row->visit_id.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_inspection_executed(struct jc_tx *tx, int64_t agency_id, int year, struct jc_arena *arena,
                                    struct jc_executed **out, size_t *count, struct jc_err *err) {
    struct executed_list list = {.arena = arena, .year = year};
    enum jc_code code = jc_row_each(tx, SELECT_EXECUTED,
                                    JC_VALUES(jc_int(agency_id), jc_int(year), jc_int(JC__TASK_KIND__TASK_KIND_VISIT)),
                                    read_executed, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}
