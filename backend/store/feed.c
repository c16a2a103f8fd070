/* Reading the change feed. Writers move an entity's row to a new number (store/change.h); readers walk
 * the feed's indexes from where they stood, so the cost does not depend on what lies behind them, nor
 * on what concerns others. */
#include "store/feed.h"

#include "jiancha/v1/task.pb-c.h"
#include "store/row.h"

/* Three ranges of two indexes, merged by number: what other teams changed is not even looked at. */
static const char SELECT_CHANGES[] = "SELECT seq, kind, id, deleted\n"
                                     "FROM change\n"
                                     "WHERE agency_id = $1 AND scope = '' AND seq > $2\n"
                                     "UNION ALL\n"
                                     "SELECT seq, kind, id, deleted\n"
                                     "FROM change\n"
                                     "WHERE agency_id = $1 AND scope = $3 AND scope <> '' AND seq > $2\n"
                                     "UNION ALL\n"
                                     "SELECT seq, kind, id, 1\n"
                                     "FROM departure\n"
                                     "WHERE agency_id = $1 AND scope = $3 AND seq > $2\n"
                                     "ORDER BY 1\n"
                                     "LIMIT $4";

enum jc_code jc_change_page(struct jc_tx *tx, int64_t agency_id, int64_t after_seq, struct jc_str team_id, int limit,
                            struct jc_arena *arena, struct jc_change **out, size_t *count, struct jc_err *err) {
    struct {
        struct jc_change *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_CHANGES,
                    JC_VALUES(jc_int(agency_id), jc_int(after_seq), jc_text(team_id), jc_int(limit)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_change *change = JC_PUSH(arena, &list, struct jc_change);
        if (!change) {
            code = jc_fail_memory(err);
            break;
        }
        change->seq = jc_rows_int64(rows, 0);
        change->kind = (Jc__EntityKind)jc_rows_int64(rows, 1);
        change->removal = jc_rows_int64(rows, 3) != 0;
        change->id = jc_rows_copy(rows, 2, arena);
        if (!change->id.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

static const char SELECT_TASKS[] = "SELECT task_id\n"
                                   "FROM task\n"
                                   "WHERE agency_id = $1 AND team_id = $2 AND task_id > $3\n"
                                   "  AND (state IN ($4, $5) OR (state = $6 AND done_ms >= $7)\n"
                                   "       OR (state = $8 AND recalled_ms >= $7\n"
                                   "           AND NOT EXISTS (SELECT 1 FROM change AS c\n"
                                   "                            WHERE c.agency_id = task.agency_id AND c.kind = $9\n"
                                   "                              AND c.id = task.task_id AND c.deleted = 1)))\n"
                                   "ORDER BY task_id\n"
                                   "LIMIT $10";

enum jc_code jc_feed_tasks(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, int64_t since_ms,
                           struct jc_str after, int limit, struct jc_arena *arena, struct jc_str **out, size_t *count,
                           struct jc_err *err) {
    return jc_row_first_column(tx, SELECT_TASKS,
                               JC_VALUES(jc_int(agency_id), jc_text(team_id), jc_bytes(after.ptr, after.len),
                                         jc_int(JC__TASK_STATE__TASK_STATE_OPEN),
                                         jc_int(JC__TASK_STATE__TASK_STATE_RETURNED),
                                         jc_int(JC__TASK_STATE__TASK_STATE_DONE), jc_int(since_ms),
                                         jc_int(JC__TASK_STATE__TASK_STATE_RECALLED),
                                         jc_int(JC__ENTITY_KIND__ENTITY_KIND_TASK), jc_int(limit)),
                               arena, out, count, err);
}
