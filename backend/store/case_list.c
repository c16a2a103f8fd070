/* Lists of the register that nothing refers to: month budgets, parameters, last year's visits,
 * published figures. They are read whole and replaced whole. */
#include "store/registry.h"
#include "store/row.h"

/* Copies the columns 0..count-1 into texts; false without memory. */
static bool read_texts(struct jc_rows *rows, struct jc_arena *arena, struct jc_str *const *texts, int count) {
    for (int i = 0; i < count; i++) {
        *texts[i] = jc_rows_copy(rows, i, arena);
        if (!texts[i]->ptr)
            return false;
    }
    return true;
}

/* --- month budgets ------------------------------------------------------------------------------ */

struct month_budget {
    bool *stated;
    int64_t *centi;
};

static enum jc_code read_month(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct month_budget *budget = ctx;
    int64_t month = jc_rows_int64(rows, 0);
    if (month < 1 || month > 12)
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("month_budget.month"));
    *budget->stated = true;
    budget->centi[month - 1] = jc_rows_int64(rows, 1);
    return JC_OK;
}

static const char SELECT_MONTHS[] = "SELECT month, workdays_centi\n"
                                    "FROM month_budget\n"
                                    "WHERE agency_id = $1 AND team_id = $2";

enum jc_code jc_month_budget(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, bool *stated,
                             int64_t centi[12], struct jc_err *err) {
    struct month_budget budget = {stated, centi};
    *stated = false;
    for (int month = 0; month < 12; month++)
        centi[month] = -1;
    return jc_row_each(tx, SELECT_MONTHS, JC_VALUES(jc_int(agency_id), jc_text(team_id)), read_month, &budget, err);
}

struct budget_list {
    struct jc_arena *arena;
    struct jc_budget_line *items;
    size_t count, capacity;
};

static enum jc_code read_budget_line(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct budget_list *list = ctx;
    struct jc_budget_line *line = JC_PUSH(list->arena, list, struct jc_budget_line);
    if (!line || !read_texts(rows, list->arena, (struct jc_str *[]){&line->team_id}, 1))
        return jc_fail_memory(err);
    line->month = (int)jc_rows_int64(rows, 1);
    line->workdays_centi = jc_rows_int64(rows, 2);
    return JC_OK;
}

static const char SELECT_BUDGETS[] = "SELECT b.team_id, b.month, b.workdays_centi\n"
                                     "FROM month_budget b\n"
                                     "JOIN team t ON t.agency_id = b.agency_id AND t.team_id = b.team_id\n"
                                     "WHERE b.agency_id = $1\n"
                                     "ORDER BY t.position, b.month";

enum jc_code jc_budget_line_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                                 struct jc_budget_line **out, size_t *count, struct jc_err *err) {
    struct budget_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_BUDGETS, JC_VALUES(jc_int(agency_id)), read_budget_line, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_BUDGETS[] = "DELETE FROM month_budget WHERE agency_id = $1";
static const char INSERT_BUDGET[] = "INSERT INTO month_budget (agency_id, team_id, month, workdays_centi)\n"
                                    "VALUES ($1, $2, $3, $4)";

enum jc_code jc_budget_line_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_budget_line *lines,
                                    size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, DELETE_BUDGETS, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(tx, INSERT_BUDGET,
                          JC_VALUES(jc_int(agency_id), jc_text(lines[i].team_id), jc_int(lines[i].month),
                                    jc_int(lines[i].workdays_centi)),
                          err);
    return code;
}

/* --- parameters --------------------------------------------------------------------------------- */

struct parameter_list {
    struct jc_arena *arena;
    struct jc_parameter_line *items;
    size_t count, capacity;
};

static enum jc_code read_parameter(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct parameter_list *list = ctx;
    struct jc_parameter_line *line = JC_PUSH(list->arena, list, struct jc_parameter_line);
    if (!line || !read_texts(rows, list->arena,
                             (struct jc_str *[]){&line->name, &line->value, &line->unit, &line->valid_from,
                                                 &line->valid_to, &line->source},
                             6))
        return jc_fail_memory(err);
    return JC_OK;
}

#define PARAMETER_COLUMNS                                      \
    "SELECT name, value, unit, valid_from, valid_to, source\n" \
    "FROM parameter\n"

static const char SELECT_PARAMETERS[] = PARAMETER_COLUMNS "WHERE agency_id = $1\n"
                                                          "ORDER BY name, valid_from";

enum jc_code jc_parameter_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                               struct jc_parameter_line **out, size_t *count, struct jc_err *err) {
    struct parameter_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_PARAMETERS, JC_VALUES(jc_int(agency_id)), read_parameter, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char PARAMETER_AT[] = PARAMETER_COLUMNS
    "WHERE agency_id = $1 AND name = $2 AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)\n"
    "ORDER BY valid_from DESC\n"
    "LIMIT 1";

enum jc_code jc_parameter_at(struct jc_tx *tx, int64_t agency_id, struct jc_str name, struct jc_date on,
                             struct jc_arena *arena, struct jc_parameter *out, struct jc_err *err) {
    struct parameter_list list = {.arena = arena};
    char buf[JC_TIME_MAX];
    struct jc_str day = jc_date_format(on, buf);
    enum jc_code code = jc_row_each(tx, PARAMETER_AT, JC_VALUES(jc_int(agency_id), jc_text(name), jc_text(day)),
                                    read_parameter, &list, err);
    if (!code && list.count == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_PARAMETER_MISSING, name, day);
    if (code)
        return code;
    out->unit = list.items[0].unit;
    out->source = list.items[0].source;
    if (!jc_str_to_centi(list.items[0].value, &out->value_centi))
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("parameter.value"));
    return JC_OK;
}

static const char DELETE_PARAMETERS[] = "DELETE FROM parameter WHERE agency_id = $1";
static const char INSERT_PARAMETER[] =
    "INSERT INTO parameter (agency_id, name, valid_from, valid_to, value, unit, source)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";

enum jc_code jc_parameter_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_parameter_line *lines,
                                  size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, DELETE_PARAMETERS, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(tx, INSERT_PARAMETER,
                          JC_VALUES(jc_int(agency_id), jc_text(lines[i].name), jc_text(lines[i].valid_from),
                                    jc_text_or_null(lines[i].valid_to), jc_text(lines[i].value), jc_text(lines[i].unit),
                                    jc_text(lines[i].source)),
                          err);
    return code;
}

/* --- last year's visits ------------------------------------------------------------------------- */

struct previous_list {
    struct jc_arena *arena;
    struct jc_previous_line *items;
    size_t count, capacity;
};

static enum jc_code read_previous(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct previous_list *list = ctx;
    struct jc_previous_line *line = JC_PUSH(list->arena, list, struct jc_previous_line);
    if (!line ||
        !read_texts(
            rows, list->arena,
            (struct jc_str *[]){&line->unit_id, &line->draw_id, &line->rule_id, &line->lead_team, &line->status}, 5))
        return jc_fail_memory(err);
    line->month = (int)jc_rows_int64(rows, 5);
    return JC_OK;
}

static const char SELECT_PREVIOUS[] = "SELECT unit_id, draw_id, rule_id, lead_team, status, month\n"
                                      "FROM previous_visit\n"
                                      "WHERE agency_id = $1\n"
                                      "ORDER BY position";

enum jc_code jc_previous_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                              struct jc_previous_line **out, size_t *count, struct jc_err *err) {
    struct previous_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_PREVIOUS, JC_VALUES(jc_int(agency_id)), read_previous, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_PREVIOUS[] = "DELETE FROM previous_visit WHERE agency_id = $1";
static const char INSERT_PREVIOUS[] =
    "INSERT INTO previous_visit (agency_id, position, unit_id, draw_id, rule_id, month, lead_team, status)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

enum jc_code jc_previous_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_previous_line *lines,
                                 size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, DELETE_PREVIOUS, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(tx, INSERT_PREVIOUS,
                          JC_VALUES(jc_int(agency_id), jc_int((int64_t)i), jc_text(lines[i].unit_id),
                                    jc_text(lines[i].draw_id), jc_text(lines[i].rule_id), jc_int(lines[i].month),
                                    jc_text(lines[i].lead_team), jc_text(lines[i].status)),
                          err);
    return code;
}

/* --- published figures -------------------------------------------------------------------------- */

struct published_list {
    struct jc_arena *arena;
    struct jc_published_line *items;
    size_t count, capacity;
};

static enum jc_code read_published(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct published_list *list = ctx;
    struct jc_published_line *line = JC_PUSH(list->arena, list, struct jc_published_line);
    if (!line ||
        !read_texts(rows, list->arena, (struct jc_str *[]){&line->metric, &line->value, &line->unit, &line->source}, 4))
        return jc_fail_memory(err);
    return JC_OK;
}

static const char SELECT_PUBLISHED[] = "SELECT metric, value, unit, source\n"
                                       "FROM published\n"
                                       "WHERE agency_id = $1\n"
                                       "ORDER BY metric";

enum jc_code jc_published_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                               struct jc_published_line **out, size_t *count, struct jc_err *err) {
    struct published_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_PUBLISHED, JC_VALUES(jc_int(agency_id)), read_published, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_PUBLISHED[] = "DELETE FROM published WHERE agency_id = $1";
static const char INSERT_PUBLISHED[] = "INSERT INTO published (agency_id, metric, value, unit, source)\n"
                                       "VALUES ($1, $2, $3, $4, $5)";

enum jc_code jc_published_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_published_line *lines,
                                  size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, DELETE_PUBLISHED, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(tx, INSERT_PUBLISHED,
                          JC_VALUES(jc_int(agency_id), jc_text(lines[i].metric), jc_text(lines[i].value),
                                    jc_text(lines[i].unit), jc_text(lines[i].source)),
                          err);
    return code;
}
