/* The index inspection_by_unit has a unit's records in the order of their ends. */
#include "store/near.h"

static const char SELECT_NEAR[] = "SELECT inspection_id, ended_ms\n"
                                  "FROM inspection\n"
                                  "WHERE agency_id = $1 AND unit_id = $2 AND ended_ms >= $3 AND ended_ms <= $4\n"
                                  "  AND is_record = 1 AND inspection_id <> $5 AND ($6 = 0 OR task_id IS NULL)\n"
                                  "ORDER BY ended_ms DESC\n"
                                  "LIMIT 1";

enum jc_code jc_near_find(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, int64_t from_ms, int64_t to_ms,
                          struct jc_str inspection_id, bool ad_hoc_only, struct jc_arena *arena, struct jc_near *out,
                          bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_NEAR,
                                    JC_VALUES(jc_int(agency_id), jc_text(unit_id), jc_int(from_ms), jc_int(to_ms),
                                              jc_bytes(inspection_id.ptr, inspection_id.len), jc_int(ad_hoc_only)),
                                    &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        *out = (struct jc_near){jc_rows_copy(rows, 0, arena), jc_rows_int64(rows, 1)};
        if (!out->inspection_id.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char SELECT_VISITS[] = "SELECT inspection_id, team_id, ended_ms, task_id IS NULL\n"
                                    "FROM inspection\n"
                                    "WHERE agency_id = $1 AND unit_id = $2 AND ended_ms >= $3 AND is_record = 1\n"
                                    "  AND (task_id IS NULL OR task_id <> $4)\n"
                                    "ORDER BY ended_ms DESC, inspection_id\n"
                                    "LIMIT $5";

enum jc_code jc_near_list(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, int64_t from_ms,
                          struct jc_str but_task, size_t max, struct jc_arena *arena, struct jc_near_visit *out,
                          size_t *count, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *count = 0;
    enum jc_code code = jc_tx_query(tx, SELECT_VISITS,
                                    JC_VALUES(jc_int(agency_id), jc_text(unit_id), jc_int(from_ms),
                                              jc_bytes(but_task.ptr, but_task.len), jc_int((int64_t)max)),
                                    &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row && *count < max) {
        struct jc_near_visit *visit = &out[(*count)++];
        *visit = (struct jc_near_visit){jc_rows_copy(rows, 0, arena), jc_rows_copy(rows, 1, arena),
                                        jc_rows_int64(rows, 2), jc_rows_int64(rows, 3) != 0};
        if (!visit->inspection_id.ptr || !visit->team_id.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}
