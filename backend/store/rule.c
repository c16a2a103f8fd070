/* Rules and draws with their windows, and quotas. */
#include <string.h>

#include "store/registry.h"
#include "store/row.h"

/* --- windows ------------------------------------------------------------------------------------ */

/* Rules or draws being read; rows of windows come by owner, so each owner is looked for once. */
struct owners {
    struct jc_arena *arena;
    void **items;
    size_t count, capacity;
    size_t last;
    const char *(*id)(const void *owner);
    void (*windows)(void *owner, size_t **count, Jc__TimeWindow ****list);
};

static void *owner_of_row(struct owners *owners, struct jc_rows *rows) {
    struct jc_str id = jc_rows_text(rows, 0);
    if (owners->last < owners->count && jc_str_eq(id, jc_str(owners->id(owners->items[owners->last]))))
        return owners->items[owners->last];
    for (owners->last = 0; owners->last < owners->count; owners->last++)
        if (jc_str_eq(id, jc_str(owners->id(owners->items[owners->last]))))
            return owners->items[owners->last];
    return NULL;
}

static enum jc_code read_window(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    enum { WINDOWS_MAX = 12 }; /* they do not overlap */
    struct owners *owners = ctx;
    void *owner = owner_of_row(owners, rows);
    if (!owner)
        return JC_OK;
    size_t *count;
    Jc__TimeWindow ***list;
    owners->windows(owner, &count, &list);
    if (*count == WINDOWS_MAX)
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, jc_str(owners->id(owner)));
    if (*count == 0)
        *list = JC_NEW_ARRAY(owners->arena, WINDOWS_MAX, Jc__TimeWindow *);
    Jc__TimeWindow *window = JC_NEW(owners->arena, Jc__TimeWindow);
    if (!window || !*list)
        return jc_fail_memory(err);
    jc__time_window__init(window);
    window->months = (uint32_t)jc_rows_int64(rows, 1);
    window->min = (int32_t)jc_rows_int64(rows, 2);
    window->max = (int32_t)jc_rows_int64(rows, 3);
    (*list)[(*count)++] = window;
    return JC_OK;
}

static enum jc_code put_windows(struct jc_tx *tx, int64_t agency_id, const char *delete_sql, const char *insert_sql,
                                struct jc_str id, size_t count, Jc__TimeWindow *const *windows, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, delete_sql, JC_VALUES(jc_int(agency_id), jc_text(id)), err);
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(tx, insert_sql,
                          JC_VALUES(jc_int(agency_id), jc_text(id), jc_int((int64_t)i), jc_int(windows[i]->months),
                                    jc_int(windows[i]->min), jc_int(windows[i]->max)),
                          err);
    return code;
}

/* Deletes the row `id` with its windows, unless `in_use` finds who names it. */
static enum jc_code delete_with_windows(struct jc_tx *tx, int64_t agency_id, struct jc_str id, const char *in_use,
                                        enum jc_msg used_text, const char *delete_windows, const char *delete_row,
                                        enum jc_msg unknown_text, struct jc_err *err) {
    bool used = false;
    enum jc_code code = jc_row_exists(tx, in_use, JC_VALUES(jc_int(agency_id), jc_text(id)), &used, err);
    if (!code && used)
        code = jc_fail(err, JC_FAILED_PRECONDITION, used_text, id);
    if (!code)
        code = jc_tx_exec(tx, delete_windows, JC_VALUES(jc_int(agency_id), jc_text(id)), err);
    if (!code)
        code = jc_tx_exec(tx, delete_row, JC_VALUES(jc_int(agency_id), jc_text(id)), err);
    if (!code && jc_tx_changed(tx) == 0)
        code = jc_fail(err, JC_NOT_FOUND, unknown_text, id);
    return code;
}

/* --- rules -------------------------------------------------------------------------------------- */

static const char *rule_id(const void *owner) {
    return ((const Jc__Rule *)owner)->rule_id;
}

static void rule_windows(void *owner, size_t **count, Jc__TimeWindow ****list) {
    Jc__Rule *rule = owner;
    *count = &rule->n_windows;
    *list = &rule->windows;
}

static enum jc_code read_rule(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct owners *owners = ctx;
    struct jc_row row = {rows, owners->arena, false};
    Jc__Rule *rule = JC_NEW(owners->arena, Jc__Rule);
    void **slot = JC_PUSH(owners->arena, owners, void *);
    if (!rule || !slot)
        return jc_fail_memory(err);
    jc__rule__init(rule);
    rule->rule_id = jc_row_text(&row, 0);
    rule->name = jc_row_text(&row, 1);
    rule->visits = (int32_t)jc_rows_int64(rows, 2);
    rule->cycle_years = (int32_t)jc_rows_int64(rows, 3);
    rule->min_gap_months = (int32_t)jc_rows_int64(rows, 4);
    *slot = rule;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SELECT_RULES[] = "SELECT rule_id, name, visits, cycle_years, min_gap_months\n"
                                   "FROM rule\n"
                                   "WHERE agency_id = $1\n"
                                   "ORDER BY position";
static const char SELECT_RULE_WINDOWS[] = "SELECT rule_id, months, min, max\n"
                                          "FROM rule_window\n"
                                          "WHERE agency_id = $1\n"
                                          "ORDER BY rule_id, position";

enum jc_code jc_rule_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Rule ***out, size_t *count,
                          struct jc_err *err) {
    struct owners owners = {.arena = arena, .id = rule_id, .windows = rule_windows};
    enum jc_code code = jc_row_each(tx, SELECT_RULES, JC_VALUES(jc_int(agency_id)), read_rule, &owners, err);
    if (!code)
        code = jc_row_each(tx, SELECT_RULE_WINDOWS, JC_VALUES(jc_int(agency_id)), read_window, &owners, err);
    *out = (Jc__Rule **)owners.items;
    *count = owners.count;
    return code;
}

static const char UPSERT_RULE[] =
    "INSERT INTO rule (agency_id, rule_id, position, name, visits, cycle_years, min_gap_months)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7)\n"
    "ON CONFLICT (agency_id, rule_id) DO UPDATE\n"
    "SET position = excluded.position, name = excluded.name, visits = excluded.visits,\n"
    "    cycle_years = excluded.cycle_years, min_gap_months = excluded.min_gap_months";
static const char DELETE_RULE_WINDOWS[] = "DELETE FROM rule_window WHERE agency_id = $1 AND rule_id = $2";
static const char INSERT_RULE_WINDOW[] = "INSERT INTO rule_window (agency_id, rule_id, position, months, min, max)\n"
                                         "VALUES ($1, $2, $3, $4, $5, $6)";

enum jc_code jc_rule_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Rule *rule,
                         struct jc_err *err) {
    struct jc_str id = jc_str(rule->rule_id);
    enum jc_code code =
        jc_tx_exec(tx, UPSERT_RULE,
                   JC_VALUES(jc_int(agency_id), jc_text(id), jc_int(position), jc_text(jc_str(rule->name)),
                             jc_int(rule->visits), jc_int(rule->cycle_years), jc_int(rule->min_gap_months)),
                   err);
    return code ? code
                : put_windows(tx, agency_id, DELETE_RULE_WINDOWS, INSERT_RULE_WINDOW, id, rule->n_windows,
                              rule->windows, err);
}

static const char RULE_IN_USE[] =
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM unit_rule WHERE agency_id = $1 AND rule_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM unit_joint WHERE agency_id = $1 AND rule_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM draw WHERE agency_id = $1 AND rule_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM visit WHERE agency_id = $1 AND rule_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM visit_joint WHERE agency_id = $1 AND rule_id = $2)";
static const char DELETE_RULE[] = "DELETE FROM rule WHERE agency_id = $1 AND rule_id = $2";

enum jc_code jc_rule_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str id, struct jc_err *err) {
    return delete_with_windows(tx, agency_id, id, RULE_IN_USE, JC_MSG_RULE_IN_USE, DELETE_RULE_WINDOWS, DELETE_RULE,
                               JC_MSG_RULE_UNKNOWN, err);
}

/* --- draws -------------------------------------------------------------------------------------- */

static const char *draw_id(const void *owner) {
    return ((const Jc__Draw *)owner)->draw_id;
}

static void draw_windows(void *owner, size_t **count, Jc__TimeWindow ****list) {
    Jc__Draw *draw = owner;
    *count = &draw->n_windows;
    *list = &draw->windows;
}

static enum jc_code read_draw(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct owners *owners = ctx;
    struct jc_row row = {rows, owners->arena, false};
    Jc__Draw *draw = JC_NEW(owners->arena, Jc__Draw);
    void **slot = JC_PUSH(owners->arena, owners, void *);
    if (!draw || !slot)
        return jc_fail_memory(err);
    jc__draw__init(draw);
    draw->draw_id = jc_row_text(&row, 0);
    draw->team_id = jc_row_text(&row, 1);
    draw->name = jc_row_text(&row, 2);
    draw->pool_size = (int32_t)jc_row_int_or_absent(&row, 3);
    draw->sample = (int32_t)jc_rows_int64(rows, 4);
    draw->rule_id = jc_row_text(&row, 5);
    draw->persons = (int32_t)jc_rows_int64(rows, 6);
    draw->days_centi = (int32_t)jc_rows_int64(rows, 7);
    draw->method = jc_row_text(&row, 8);
    *slot = draw;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SELECT_DRAWS[] =
    "SELECT draw_id, team_id, name, pool_size, sample, rule_id, persons, days_centi, method\n"
    "FROM draw\n"
    "WHERE agency_id = $1\n"
    "ORDER BY position";
static const char SELECT_DRAW_WINDOWS[] = "SELECT draw_id, months, min, max\n"
                                          "FROM draw_window\n"
                                          "WHERE agency_id = $1\n"
                                          "ORDER BY draw_id, position";

enum jc_code jc_draw_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Draw ***out, size_t *count,
                          struct jc_err *err) {
    struct owners owners = {.arena = arena, .id = draw_id, .windows = draw_windows};
    enum jc_code code = jc_row_each(tx, SELECT_DRAWS, JC_VALUES(jc_int(agency_id)), read_draw, &owners, err);
    if (!code)
        code = jc_row_each(tx, SELECT_DRAW_WINDOWS, JC_VALUES(jc_int(agency_id)), read_window, &owners, err);
    *out = (Jc__Draw **)owners.items;
    *count = owners.count;
    return code;
}

static const char UPSERT_DRAW[] =
    "INSERT INTO draw (agency_id, draw_id, position, team_id, name, pool_size, sample, rule_id, persons,\n"
    "                  days_centi, method)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)\n"
    "ON CONFLICT (agency_id, draw_id) DO UPDATE\n"
    "SET position = excluded.position, team_id = excluded.team_id, name = excluded.name,\n"
    "    pool_size = excluded.pool_size, sample = excluded.sample, rule_id = excluded.rule_id,\n"
    "    persons = excluded.persons, days_centi = excluded.days_centi, method = excluded.method";
static const char DELETE_DRAW_WINDOWS[] = "DELETE FROM draw_window WHERE agency_id = $1 AND draw_id = $2";
static const char INSERT_DRAW_WINDOW[] = "INSERT INTO draw_window (agency_id, draw_id, position, months, min, max)\n"
                                         "VALUES ($1, $2, $3, $4, $5, $6)";

enum jc_code jc_draw_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Draw *draw,
                         struct jc_err *err) {
    struct jc_str id = jc_str(draw->draw_id);
    enum jc_code code =
        jc_tx_exec(tx, UPSERT_DRAW,
                   JC_VALUES(jc_int(agency_id), jc_text(id), jc_int(position), jc_text(jc_str(draw->team_id)),
                             jc_text(jc_str(draw->name)), jc_int_or_null(draw->pool_size), jc_int(draw->sample),
                             jc_text(jc_str(draw->rule_id)), jc_int(draw->persons), jc_int(draw->days_centi),
                             jc_text(jc_str(draw->method))),
                   err);
    return code ? code
                : put_windows(tx, agency_id, DELETE_DRAW_WINDOWS, INSERT_DRAW_WINDOW, id, draw->n_windows,
                              draw->windows, err);
}

static const char DRAW_IN_USE[] = "SELECT 1 WHERE EXISTS (SELECT 1 FROM visit WHERE agency_id = $1 AND draw_id = $2)\n"
                                  "   OR EXISTS (SELECT 1 FROM draw_commit WHERE agency_id = $1 AND draw_id = $2)";
static const char DELETE_DRAW[] = "DELETE FROM draw WHERE agency_id = $1 AND draw_id = $2";

enum jc_code jc_draw_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str id, struct jc_err *err) {
    return delete_with_windows(tx, agency_id, id, DRAW_IN_USE, JC_MSG_DRAW_IN_USE, DELETE_DRAW_WINDOWS, DELETE_DRAW,
                               JC_MSG_DRAW_UNKNOWN, err);
}

/* --- quotas ------------------------------------------------------------------------------------- */

struct quota_list JC_ROW_LIST(Jc__Quota);

static enum jc_code read_quota(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct quota_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__Quota *quota = JC_NEW(list->arena, Jc__Quota);
    Jc__Quota **slot = JC_PUSH(list->arena, list, Jc__Quota *);
    if (!quota || !slot)
        return jc_fail_memory(err);
    jc__quota__init(quota);
    quota->quota_id = jc_row_text(&row, 0);
    quota->team_id = jc_row_text(&row, 1);
    quota->scope_kind = jc_row_text(&row, 2);
    quota->scope_ids = jc_row_list(&row, 3, '|', &quota->n_scope_ids);
    quota->months = (uint32_t)jc_rows_int64(rows, 4);
    quota->counts = jc_row_text(&row, 5);
    quota->min = (int32_t)jc_row_int_or_absent(&row, 6);
    quota->max = (int32_t)jc_row_int_or_absent(&row, 7);
    quota->theme = jc_row_text(&row, 8);
    *slot = quota;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

static const char SELECT_QUOTAS[] = "SELECT quota_id, team_id, scope_kind, scope_ids, months, counts, min, max, theme\n"
                                    "FROM quota\n"
                                    "WHERE agency_id = $1\n"
                                    "ORDER BY position";

enum jc_code jc_quota_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Quota ***out, size_t *count,
                           struct jc_err *err) {
    struct quota_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_QUOTAS, JC_VALUES(jc_int(agency_id)), read_quota, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_QUOTAS[] = "DELETE FROM quota WHERE agency_id = $1";
static const char INSERT_QUOTA[] =
    "INSERT INTO quota (agency_id, quota_id, position, team_id, scope_kind, scope_ids, months, counts, min, max,\n"
    "                   theme)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

enum jc_code jc_quota_replace(struct jc_tx *tx, int64_t agency_id, const Jc__Quota *const *quotas, size_t count,
                              struct jc_err *err) {
    struct jc_arena *scratch = jc_arena_new(16 << 20);
    if (!scratch)
        return jc_fail_memory(err);
    enum jc_code code = jc_tx_exec(tx, DELETE_QUOTAS, JC_VALUES(jc_int(agency_id)), err);
    for (size_t i = 0; i < count && !code; i++) {
        const Jc__Quota *quota = quotas[i];
        struct jc_str ids = jc_row_join(scratch, quota->scope_ids, quota->n_scope_ids, '|');
        if (!ids.ptr)
            code = jc_fail_memory(err);
        else
            code = jc_tx_exec(tx, INSERT_QUOTA,
                              JC_VALUES(jc_int(agency_id), jc_text(jc_str(quota->quota_id)), jc_int((int64_t)i),
                                        jc_text_or_null(jc_str(quota->team_id)), jc_text(jc_str(quota->scope_kind)),
                                        jc_text(ids), jc_int(quota->months), jc_text(jc_str(quota->counts)),
                                        jc_int_or_null(quota->min), jc_int_or_null(quota->max),
                                        jc_text(jc_str(quota->theme))),
                              err);
        jc_arena_reset(scratch);
    }
    jc_arena_free(scratch);
    return code;
}
