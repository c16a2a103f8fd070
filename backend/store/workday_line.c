/* A parent may stand behind its children in the file: the foreign key is checked at the commit. */
#include "store/workday_line.h"

#include "store/row.h"

struct line_list {
    struct jc_arena *arena;
    struct jc_workday_line *items;
    size_t count, capacity;
};

static enum jc_code read_line(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct line_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_workday_line *line = JC_PUSH(list->arena, list, struct jc_workday_line);
    if (!line)
        return jc_fail_memory(err);
    struct jc_str *const texts[] = {&line->line_id,        &line->team_id, &line->bucket,
                                    &line->parent_line_id, &line->item,    &line->formula};
    for (int i = 0; i < 6; i++) {
        *texts[i] = jc_rows_copy(rows, i, list->arena);
        if (!texts[i]->ptr)
            return jc_fail_memory(err);
    }
    line->count_centi = jc_row_int_or_absent(&row, 6);
    line->persons_centi = jc_row_int_or_absent(&row, 7);
    line->days_centi = jc_row_int_or_absent(&row, 8);
    line->stated_centi = jc_row_int_or_absent(&row, 9);
    return JC_OK;
}

static const char SELECT_LINES[] = "SELECT line_id, team_id, bucket, parent_line_id, item, formula,\n"
                                   "       count_centi, persons_centi, days_centi, stated_centi\n"
                                   "FROM workday_line\n"
                                   "WHERE agency_id = $1\n"
                                   "ORDER BY position";

enum jc_code jc_workday_line_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                                  struct jc_workday_line **out, size_t *count, struct jc_err *err) {
    struct line_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_LINES, JC_VALUES(jc_int(agency_id)), read_line, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_LINES[] = "DELETE FROM workday_line WHERE agency_id = $1";
static const char INSERT_LINE[] =
    "INSERT INTO workday_line (agency_id, line_id, position, team_id, bucket, parent_line_id, item,\n"
    "                          count_centi, persons_centi, days_centi, formula, stated_centi)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

enum jc_code jc_workday_line_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_workday_line *lines,
                                     size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, DELETE_LINES, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++) {
        const struct jc_workday_line *line = &lines[i];
        code = jc_tx_exec(
            tx, INSERT_LINE,
            JC_VALUES(jc_int(agency_id), jc_text(line->line_id), jc_int((int64_t)i), jc_text_or_null(line->team_id),
                      jc_text(line->bucket), jc_text_or_null(line->parent_line_id), jc_text(line->item),
                      jc_int_or_null(line->count_centi), jc_int_or_null(line->persons_centi),
                      jc_int_or_null(line->days_centi), jc_text(line->formula), jc_int_or_null(line->stated_centi)),
            err);
    }
    return code;
}
