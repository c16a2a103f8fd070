/* Teams, inspectors, checklists, and the order of all lists. Rules, draws and quotas are in rule.c,
 * the lists that are only replaced in case_list.c. */
#include "store/registry.h"

#include <string.h>

#include "store/change.h"
#include "store/device.h"
#include "store/row.h"

static enum jc_code record(struct jc_tx *tx, int64_t agency_id, Jc__EntityKind kind, struct jc_str id, bool deleted,
                           struct jc_err *err) {
    return jc_change_record(tx, agency_id, kind, id, JC_STR(""), deleted, err);
}

/* Deletes the row `id` by two statements ($1 agency_id, $2 id): one that finds who names it, one that
 * deletes it. */
static enum jc_code delete_row(struct jc_tx *tx, int64_t agency_id, struct jc_str id, const char *in_use,
                               enum jc_msg used_text, const char *sql, enum jc_msg unknown_text, struct jc_err *err) {
    bool used = false;
    enum jc_code code = jc_row_exists(tx, in_use, JC_VALUES(jc_int(agency_id), jc_text(id)), &used, err);
    if (!code && used)
        code = jc_fail(err, JC_FAILED_PRECONDITION, used_text, id);
    if (!code)
        code = jc_tx_exec(tx, sql, JC_VALUES(jc_int(agency_id), jc_text(id)), err);
    if (!code && jc_tx_changed(tx) == 0)
        code = jc_fail(err, JC_NOT_FOUND, unknown_text, id);
    return code;
}

/* --- teams -------------------------------------------------------------------------------------- */

struct team_list JC_ROW_LIST(Jc__Team);

static enum jc_code read_team(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct team_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__Team *team = JC_NEW(list->arena, Jc__Team);
    Jc__Team **slot = JC_PUSH(list->arena, list, Jc__Team *);
    if (!team || !slot)
        return jc_fail_memory(err);
    jc__team__init(team);
    team->team_id = jc_row_text(&row, 0);
    team->name = jc_row_text(&row, 1);
    team->kind = jc_row_text(&row, 2);
    team->headcount = (int32_t)jc_rows_int64(rows, 3);
    team->headcount_registered = (int32_t)jc_row_int_or_absent(&row, 4);
    team->supervision_centi = jc_row_int_or_absent(&row, 5);
    *slot = team;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

#define TEAM_COLUMNS                                                                   \
    "SELECT team_id, name, kind, headcount, headcount_registered, supervision_centi\n" \
    "FROM team\n"

static const char LIST_TEAMS[] = TEAM_COLUMNS "WHERE agency_id = $1\n"
                                              "ORDER BY position";

enum jc_code jc_team_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Team ***out, size_t *count,
                          struct jc_err *err) {
    struct team_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, LIST_TEAMS, JC_VALUES(jc_int(agency_id)), read_team, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char SELECT_TEAM[] = TEAM_COLUMNS "WHERE agency_id = $1 AND team_id = $2";

enum jc_code jc_team_get(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_arena *arena,
                         Jc__Team **out, struct jc_err *err) {
    struct team_list list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SELECT_TEAM, JC_VALUES(jc_int(agency_id), jc_text(team_id)), read_team, &list, err);
    if (!code && list.count == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN, team_id);
    if (!code)
        *out = list.items[0];
    return code;
}

static const char UPSERT_TEAM[] =
    "INSERT INTO team (agency_id, team_id, position, name, kind, headcount, headcount_registered, supervision_centi)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)\n"
    "ON CONFLICT (agency_id, team_id) DO UPDATE\n"
    "SET position = excluded.position, name = excluded.name, kind = excluded.kind,\n"
    "    headcount = excluded.headcount, headcount_registered = excluded.headcount_registered,\n"
    "    supervision_centi = excluded.supervision_centi";

enum jc_code jc_team_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Team *team,
                         struct jc_err *err) {
    struct jc_str id = jc_str(team->team_id);
    enum jc_code code =
        jc_tx_exec(tx, UPSERT_TEAM,
                   JC_VALUES(jc_int(agency_id), jc_text(id), jc_int(position), jc_text(jc_str(team->name)),
                             jc_text(jc_str(team->kind)), jc_int(team->headcount),
                             jc_int_or_null(team->headcount_registered), jc_int_or_null(team->supervision_centi)),
                   err);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_TEAM, id, false, err);
}

static const char TEAM_IN_USE[] =
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM inspector WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM unit_team WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM unit_joint WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM quota WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM draw WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM workday_line WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM month_budget WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM visit WHERE agency_id = $1 AND lead_team = $2)\n"
    "   OR EXISTS (SELECT 1 FROM visit_joint WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM task WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM inspection WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM inspection_workdays WHERE agency_id = $1 AND team_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM person WHERE agency_id = $1 AND team_id = $2)";
static const char DELETE_TEAM[] = "DELETE FROM team WHERE agency_id = $1 AND team_id = $2";

enum jc_code jc_team_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_err *err) {
    enum jc_code code =
        delete_row(tx, agency_id, team_id, TEAM_IN_USE, JC_MSG_TEAM_IN_USE, DELETE_TEAM, JC_MSG_TEAM_UNKNOWN, err);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_TEAM, team_id, true, err);
}

/* --- inspectors --------------------------------------------------------------------------------- */

struct inspector_list JC_ROW_LIST(Jc__Inspector);

static enum jc_code read_inspector(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct inspector_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__Inspector *inspector = JC_NEW(list->arena, Jc__Inspector);
    Jc__Inspector **slot = JC_PUSH(list->arena, list, Jc__Inspector *);
    if (!inspector || !slot)
        return jc_fail_memory(err);
    jc__inspector__init(inspector);
    inspector->inspector_id = jc_row_text(&row, 0);
    inspector->name = jc_row_text(&row, 1);
    inspector->team_id = jc_row_text(&row, 2);
    inspector->licence_no = jc_row_text(&row, 3);
    inspector->licence_expiry = jc_row_text(&row, 4);
    inspector->specialities = jc_row_list(&row, 5, ';', &inspector->n_specialities);
    inspector->recusals = jc_row_list(&row, 6, ';', &inspector->n_recusals);
    *slot = inspector;
    return row.failed ? jc_fail_memory(err) : JC_OK;
}

#define INSPECTOR_COLUMNS                                                                      \
    "SELECT inspector_id, name, team_id, licence_no, licence_expiry, specialities, recusals\n" \
    "FROM inspector\n"

static const char LIST_INSPECTORS[] = INSPECTOR_COLUMNS "WHERE agency_id = $1\n"
                                                        "ORDER BY position";

enum jc_code jc_inspector_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Inspector ***out,
                               size_t *count, struct jc_err *err) {
    struct inspector_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, LIST_INSPECTORS, JC_VALUES(jc_int(agency_id)), read_inspector, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char SELECT_INSPECTOR[] = INSPECTOR_COLUMNS "WHERE agency_id = $1 AND inspector_id = $2";

enum jc_code jc_inspector_get(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_arena *arena,
                              Jc__Inspector **out, struct jc_err *err) {
    struct inspector_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_INSPECTOR, JC_VALUES(jc_int(agency_id), jc_text(inspector_id)),
                                    read_inspector, &list, err);
    if (!code && list.count == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_INSPECTOR_UNKNOWN, inspector_id);
    if (!code)
        *out = list.items[0];
    return code;
}

static const char UPSERT_INSPECTOR[] =
    "INSERT INTO inspector (agency_id, inspector_id, position, name, team_id, licence_no, licence_expiry,\n"
    "                       specialities, recusals)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)\n"
    "ON CONFLICT (agency_id, inspector_id) DO UPDATE\n"
    "SET position = excluded.position, name = excluded.name, team_id = excluded.team_id,\n"
    "    licence_no = excluded.licence_no, licence_expiry = excluded.licence_expiry,\n"
    "    specialities = excluded.specialities, recusals = excluded.recusals";

enum jc_code jc_inspector_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Inspector *inspector,
                              struct jc_err *err) {
    struct jc_str id = jc_str(inspector->inspector_id);
    struct jc_arena *scratch = jc_arena_new(1 << 20);
    if (!scratch)
        return jc_fail_memory(err);
    struct jc_str specialities = jc_row_join(scratch, inspector->specialities, inspector->n_specialities, ';');
    struct jc_str recusals = jc_row_join(scratch, inspector->recusals, inspector->n_recusals, ';');
    enum jc_code code = specialities.ptr && recusals.ptr ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_device_rescope(tx, agency_id, id, jc_str(inspector->team_id), err);
    if (!code)
        code = jc_tx_exec(tx, UPSERT_INSPECTOR,
                          JC_VALUES(jc_int(agency_id), jc_text(id), jc_int(position), jc_text(jc_str(inspector->name)),
                                    jc_text(jc_str(inspector->team_id)), jc_text(jc_str(inspector->licence_no)),
                                    jc_text_or_null(jc_str(inspector->licence_expiry)), jc_text(specialities),
                                    jc_text(recusals)),
                          err);
    jc_arena_free(scratch);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, id, false, err);
}

/* A task's expected persons are joined by ; in one column. */
static const char INSPECTOR_IN_USE[] =
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM person WHERE agency_id = $1 AND inspector_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM device WHERE agency_id = $1 AND inspector_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM invitation WHERE agency_id = $1 AND inspector_id = $2)\n"
    "   OR EXISTS (SELECT 1 FROM task WHERE agency_id = $1\n"
    "              AND REPLACE(';' || inspector_ids || ';', ';' || $2 || ';', '') <> ';' || inspector_ids || ';')";
static const char DELETE_INSPECTOR[] = "DELETE FROM inspector WHERE agency_id = $1 AND inspector_id = $2";

enum jc_code jc_inspector_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_err *err) {
    enum jc_code code = delete_row(tx, agency_id, inspector_id, INSPECTOR_IN_USE, JC_MSG_INSPECTOR_IN_USE,
                                   DELETE_INSPECTOR, JC_MSG_INSPECTOR_UNKNOWN, err);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, inspector_id, true, err);
}

/* --- checklists --------------------------------------------------------------------------------- */

struct checklist_list JC_ROW_LIST(Jc__Checklist);

static enum jc_code add_item(Jc__Checklist *checklist, struct jc_row *row, struct jc_err *err) {
    size_t count = checklist->n_items;
    if ((count & (count - 1)) == 0) { /* full: as long as a power of two */
        Jc__ChecklistItem **items = JC_NEW_ARRAY(row->arena, count ? 2 * count : 1, Jc__ChecklistItem *);
        if (!items)
            return jc_fail_memory(err);
        if (count)
            memcpy(items, checklist->items, count * sizeof *items);
        checklist->items = items;
    }
    Jc__ChecklistItem *item = JC_NEW(row->arena, Jc__ChecklistItem);
    if (!item)
        return jc_fail_memory(err);
    jc__checklist_item__init(item);
    item->item_no = (int32_t)jc_rows_int64(row->rows, 1);
    item->text = jc_row_text(row, 2);
    checklist->items[checklist->n_items++] = item;
    return row->failed ? jc_fail_memory(err) : JC_OK;
}

static enum jc_code read_item(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct checklist_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    struct jc_str id = jc_rows_text(rows, 0);
    Jc__Checklist *checklist = list->count ? list->items[list->count - 1] : NULL;
    if (!checklist || !jc_str_eq(id, jc_str(checklist->checklist_id))) {
        checklist = JC_NEW(list->arena, Jc__Checklist);
        Jc__Checklist **slot = JC_PUSH(list->arena, list, Jc__Checklist *);
        if (!checklist || !slot)
            return jc_fail_memory(err);
        jc__checklist__init(checklist);
        checklist->checklist_id = jc_row_text(&row, 0);
        *slot = checklist;
    }
    return add_item(checklist, &row, err);
}

static const char SELECT_ITEMS[] = "SELECT checklist_id, item_no, text\n"
                                   "FROM checklist_item\n"
                                   "WHERE agency_id = $1\n"
                                   "ORDER BY checklist_id, item_no";

enum jc_code jc_checklist_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Checklist ***out,
                               size_t *count, struct jc_err *err) {
    struct checklist_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_ITEMS, JC_VALUES(jc_int(agency_id)), read_item, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char DELETE_ITEMS[] = "DELETE FROM checklist_item WHERE agency_id = $1 AND checklist_id = $2";
static const char INSERT_ITEM[] = "INSERT INTO checklist_item (agency_id, checklist_id, item_no, text)\n"
                                  "VALUES ($1, $2, $3, $4)";

enum jc_code jc_checklist_put(struct jc_tx *tx, int64_t agency_id, const Jc__Checklist *checklist, struct jc_err *err) {
    struct jc_str id = jc_str(checklist->checklist_id);
    enum jc_code code = jc_tx_exec(tx, DELETE_ITEMS, JC_VALUES(jc_int(agency_id), jc_text(id)), err);
    for (size_t i = 0; i < checklist->n_items && !code; i++)
        code = jc_tx_exec(tx, INSERT_ITEM,
                          JC_VALUES(jc_int(agency_id), jc_text(id), jc_int(checklist->items[i]->item_no),
                                    jc_text(jc_str(checklist->items[i]->text))),
                          err);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, id, false, err);
}

static const char CHECKLIST_IN_USE[] = "SELECT 1 FROM task WHERE agency_id = $1 AND checklist_id = $2";

enum jc_code jc_checklist_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str checklist_id, struct jc_err *err) {
    enum jc_code code = delete_row(tx, agency_id, checklist_id, CHECKLIST_IN_USE, JC_MSG_CHECKLIST_IN_USE, DELETE_ITEMS,
                                   JC_MSG_CHECKLIST_UNKNOWN, err);
    return code ? code : record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, checklist_id, true, err);
}

/* --- order -------------------------------------------------------------------------------------- */

#define MOVE(table, id) "UPDATE " table " SET position = $1 WHERE agency_id = $2 AND " id " = $3 AND position <> $1"

static const char MOVE_TEAM[] = MOVE("team", "team_id");
static const char MOVE_INSPECTOR[] = MOVE("inspector", "inspector_id");
static const char MOVE_RULE[] = MOVE("rule", "rule_id");
static const char MOVE_UNIT[] = MOVE("unit", "unit_id");
static const char MOVE_DRAW[] = MOVE("draw", "draw_id");

enum jc_code jc_registry_move(struct jc_tx *tx, int64_t agency_id, enum jc_ordered what, struct jc_str id,
                              int64_t position, struct jc_err *err) {
    static const char *const STATEMENTS[] = {
        [JC_ORDERED_TEAM] = MOVE_TEAM, [JC_ORDERED_INSPECTOR] = MOVE_INSPECTOR, [JC_ORDERED_RULE] = MOVE_RULE,
        [JC_ORDERED_UNIT] = MOVE_UNIT, [JC_ORDERED_DRAW] = MOVE_DRAW,
    };
    return jc_tx_exec(tx, STATEMENTS[what], JC_VALUES(jc_int(position), jc_int(agency_id), jc_text(id)), err);
}
