/* A unit is a row of `unit` and its lists in unit_team, unit_rule, unit_joint and unit_group. Units
 * are read first, then each list once for the whole range of unit ids; a list's rows find their unit
 * by bisection, so n units cost five statements and O(n log n). What must never happen: a unit is
 * written without its change, terminals would keep the old one. */
#include "store/unit.h"

#include <stdlib.h>
#include <string.h>

#include "store/change.h"
#include "store/row.h"

/* --- reading ------------------------------------------------------------------------------------ */

struct unit_list JC_ROW_LIST(Jc__Unit);

struct reader {
    struct unit_list units;
    Jc__Unit **by_id; /* the same units, sorted by unit_id */
    Jc__Unit *last;   /* the unit of the last list row */
};

static enum jc_code read_unit(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct reader *reader = ctx;
    struct jc_row row = {rows, reader->units.arena, false};
    Jc__Unit *unit = JC_NEW(row.arena, Jc__Unit);
    if (!unit)
        return jc_fail_memory(err);
    jc__unit__init(unit);
    unit->unit_id = jc_row_text(&row, 0);
    unit->name = jc_row_text(&row, 1);
    unit->aliases = jc_row_list(&row, 2, ';', &unit->n_aliases);
    unit->address = jc_row_text(&row, 3);
    unit->district = jc_row_text(&row, 4);
    unit->industry = jc_row_text(&row, 5);
    unit->category = jc_row_text(&row, 6);
    unit->key_reasons = jc_row_list(&row, 7, ';', &unit->n_key_reasons);
    unit->credit_code = jc_row_text(&row, 8);
    unit->hazards = jc_row_list(&row, 9, ';', &unit->n_hazards);
    unit->risk = (int32_t)jc_rows_int64(rows, 10);
    unit->persons = (int32_t)jc_rows_int64(rows, 11);
    unit->days_centi = (int32_t)jc_rows_int64(rows, 12);
    unit->blackout_months = (uint32_t)jc_rows_int64(rows, 13);
    unit->preferred_months = (uint32_t)jc_rows_int64(rows, 14);
    unit->last_visit = jc_row_text(&row, 15);
    Jc__Unit **slot = JC_PUSH(row.arena, &reader->units, Jc__Unit *);
    if (!slot || row.failed)
        return jc_fail_memory(err);
    *slot = unit;
    return JC_OK;
}

static int by_unit_id(const void *a, const void *b) {
    return strcmp((*(Jc__Unit *const *)a)->unit_id, (*(Jc__Unit *const *)b)->unit_id);
}

static int id_to_unit(const void *key, const void *element) {
    const struct jc_str *id = key;
    return jc_str_cmp(*id, jc_str((*(Jc__Unit *const *)element)->unit_id));
}

/* The unit that column 0 of a list row names; NULL for one outside the page. */
static Jc__Unit *unit_of_row(struct reader *reader, struct jc_rows *rows) {
    struct jc_str id = jc_rows_text(rows, 0);
    if (!reader->last || !jc_str_eq(id, jc_str(reader->last->unit_id))) {
        Jc__Unit **found = bsearch(&id, reader->by_id, reader->units.count, sizeof *reader->by_id, id_to_unit);
        reader->last = found ? *found : NULL;
    }
    return reader->last;
}

/* Room for one more pointer: lists double when their length is a power of two. */
static void *add_pointer(struct jc_arena *arena, void *list, size_t count, void *item) {
    void **items = list;
    if (item && (count & (count - 1)) == 0) {
        items = JC_NEW_ARRAY(arena, count ? 2 * count : 1, void *);
        if (items && count)
            memcpy(items, list, count * sizeof *items);
    }
    if (!item || !items)
        return NULL;
    items[count] = item;
    return items;
}

static enum jc_code add_text(struct reader *reader, struct jc_rows *rows, size_t *count, char ***list,
                             struct jc_err *err) {
    struct jc_arena *arena = reader->units.arena;
    *list = add_pointer(arena, *list, *count, (void *)jc_rows_copy(rows, 1, arena).ptr);
    if (!*list)
        return jc_fail_memory(err);
    ++*count;
    return JC_OK;
}

static enum jc_code read_team(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    Jc__Unit *unit = unit_of_row(ctx, rows);
    return unit ? add_text(ctx, rows, &unit->n_lead_teams, &unit->lead_teams, err) : JC_OK;
}

static enum jc_code read_rule(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    Jc__Unit *unit = unit_of_row(ctx, rows);
    return unit ? add_text(ctx, rows, &unit->n_rule_ids, &unit->rule_ids, err) : JC_OK;
}

static enum jc_code read_group(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    Jc__Unit *unit = unit_of_row(ctx, rows);
    return unit ? add_text(ctx, rows, &unit->n_groups, &unit->groups, err) : JC_OK;
}

static enum jc_code read_joint(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct reader *reader = ctx;
    struct jc_row row = {rows, reader->units.arena, false};
    Jc__Unit *unit = unit_of_row(reader, rows);
    if (!unit)
        return JC_OK;
    Jc__JointVisit *joint = JC_NEW(row.arena, Jc__JointVisit);
    if (!joint)
        return jc_fail_memory(err);
    jc__joint_visit__init(joint);
    joint->team_id = jc_row_text(&row, 1);
    joint->rule_id = jc_row_text(&row, 2);
    joint->persons = (int32_t)jc_rows_int64(rows, 3);
    joint->days_centi = (int32_t)jc_rows_int64(rows, 4);
    unit->joints = add_pointer(row.arena, unit->joints, unit->n_joints, joint);
    if (!unit->joints || row.failed)
        return jc_fail_memory(err);
    unit->n_joints++;
    return JC_OK;
}

#define LIST_OF_UNITS(columns, table)                                         \
    "SELECT unit_id, " columns "\n"                                           \
    "FROM " table "\n"                                                        \
    "WHERE agency_id = $1 AND unit_id >= $2 AND ($3 = '' OR unit_id <= $3)\n" \
    "ORDER BY unit_id, position"

static const char SELECT_TEAMS[] = LIST_OF_UNITS("team_id", "unit_team");
static const char SELECT_RULES[] = LIST_OF_UNITS("rule_id", "unit_rule");
static const char SELECT_GROUPS[] = LIST_OF_UNITS("group_id", "unit_group");
static const char SELECT_JOINTS[] = LIST_OF_UNITS("team_id, rule_id, persons, days_centi", "unit_joint");

/* Adds the lists of the units from `first` to `last` (empty: without end). */
static enum jc_code read_lists(struct jc_tx *tx, int64_t agency_id, struct reader *reader, struct jc_str first,
                               struct jc_str last, struct jc_err *err) {
    const struct {
        const char *sql;
        jc_row_fn *read;
    } lists[] = {
        {SELECT_TEAMS, read_team}, {SELECT_RULES, read_rule}, {SELECT_GROUPS, read_group}, {SELECT_JOINTS, read_joint}};
    size_t count = reader->units.count;
    if (count == 0)
        return JC_OK;
    reader->by_id = JC_NEW_ARRAY(reader->units.arena, count, Jc__Unit *);
    if (!reader->by_id)
        return jc_fail_memory(err);
    memcpy(reader->by_id, reader->units.items, count * sizeof *reader->by_id);
    qsort(reader->by_id, count, sizeof *reader->by_id, by_unit_id);
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && !code; i++) {
        reader->last = NULL;
        code = jc_row_each(tx, lists[i].sql, JC_VALUES(jc_int(agency_id), jc_text(first), jc_text(last)), lists[i].read,
                           reader, err);
    }
    return code;
}

#define UNIT_COLUMNS                                                                                    \
    "SELECT unit_id, name, aliases, address, district, industry, category, key_reasons, credit_code,\n" \
    "       hazards, risk, persons, days_centi, blackout_months, preferred_months, last_visit\n"        \
    "FROM unit\n"

static const char SELECT_UNIT[] = UNIT_COLUMNS "WHERE agency_id = $1 AND unit_id = $2";

enum jc_code jc_unit_get(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_arena *arena,
                         Jc__Unit **out, struct jc_err *err) {
    struct reader reader = {.units.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SELECT_UNIT, JC_VALUES(jc_int(agency_id), jc_text(unit_id)), read_unit, &reader, err);
    if (!code && reader.units.count == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_UNIT_UNKNOWN, unit_id);
    if (!code)
        code = read_lists(tx, agency_id, &reader, unit_id, unit_id, err);
    if (!code)
        *out = reader.units.items[0];
    return code;
}

static const char SELECT_UNIT_EXISTS[] = "SELECT 1\n"
                                         "FROM unit\n"
                                         "WHERE agency_id = $1 AND unit_id = $2";

enum jc_code jc_unit_exists(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, bool *exists,
                            struct jc_err *err) {
    int64_t one = 0;
    enum jc_code code = jc_tx_int64(tx, SELECT_UNIT_EXISTS, JC_VALUES(jc_int(agency_id), jc_text(unit_id)), &one, err);
    *exists = code == JC_OK;
    return code == JC_NOT_FOUND ? JC_OK : code;
}

static const char LIST_UNITS[] = UNIT_COLUMNS "WHERE agency_id = $1\n"
                                              "ORDER BY position, unit_id";

enum jc_code jc_unit_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Unit ***out, size_t *count,
                          struct jc_err *err) {
    struct reader reader = {.units.arena = arena};
    enum jc_code code = jc_row_each(tx, LIST_UNITS, JC_VALUES(jc_int(agency_id)), read_unit, &reader, err);
    if (!code)
        code = read_lists(tx, agency_id, &reader, JC_STR(""), JC_STR(""), err);
    *out = reader.units.items;
    *count = reader.units.count;
    return code;
}

static const char PAGE_UNITS[] = UNIT_COLUMNS "WHERE agency_id = $1 AND unit_id > $2\n"
                                              "ORDER BY unit_id\n"
                                              "LIMIT $3";

enum jc_code jc_unit_page(struct jc_tx *tx, int64_t agency_id, struct jc_str after, int limit, struct jc_arena *arena,
                          Jc__Unit ***out, size_t *count, struct jc_err *err) {
    struct reader reader = {.units.arena = arena};
    enum jc_code code = jc_row_each(tx, PAGE_UNITS, JC_VALUES(jc_int(agency_id), jc_text(after), jc_int(limit)),
                                    read_unit, &reader, err);
    size_t n = reader.units.count;
    if (!code && n)
        code = read_lists(tx, agency_id, &reader, jc_str(reader.units.items[0]->unit_id),
                          jc_str(reader.units.items[n - 1]->unit_id), err);
    *out = reader.units.items;
    *count = n;
    return code;
}

/* --- writing ------------------------------------------------------------------------------------ */

static const char UPSERT_UNIT[] =
    "INSERT INTO unit (agency_id, unit_id, position, name, aliases, address, district, industry, category,\n"
    "                  key_reasons, credit_code, hazards, risk, persons, days_centi, blackout_months,\n"
    "                  preferred_months, last_visit)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)\n"
    "ON CONFLICT (agency_id, unit_id) DO UPDATE\n"
    "SET position = excluded.position, name = excluded.name, aliases = excluded.aliases,\n"
    "    address = excluded.address, district = excluded.district, industry = excluded.industry,\n"
    "    category = excluded.category, key_reasons = excluded.key_reasons, credit_code = excluded.credit_code,\n"
    "    hazards = excluded.hazards, risk = excluded.risk, persons = excluded.persons,\n"
    "    days_centi = excluded.days_centi, blackout_months = excluded.blackout_months,\n"
    "    preferred_months = excluded.preferred_months, last_visit = excluded.last_visit";

/* The row of `unit`; joined lists are made in `scratch`. */
static enum jc_code put_row(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Unit *unit,
                            struct jc_arena *scratch, struct jc_err *err) {
    struct jc_str aliases = jc_row_join(scratch, unit->aliases, unit->n_aliases, ';');
    struct jc_str reasons = jc_row_join(scratch, unit->key_reasons, unit->n_key_reasons, ';');
    struct jc_str hazards = jc_row_join(scratch, unit->hazards, unit->n_hazards, ';');
    if (!aliases.ptr || !reasons.ptr || !hazards.ptr)
        return jc_fail_memory(err);
    return jc_tx_exec(tx, UPSERT_UNIT,
                      JC_VALUES(jc_int(agency_id), jc_text(jc_str(unit->unit_id)), jc_int(position),
                                jc_text(jc_str(unit->name)), jc_text(aliases), jc_text(jc_str(unit->address)),
                                jc_text(jc_str(unit->district)), jc_text(jc_str(unit->industry)),
                                jc_text(jc_str(unit->category)), jc_text(reasons), jc_text(jc_str(unit->credit_code)),
                                jc_text(hazards), jc_int(unit->risk), jc_int(unit->persons), jc_int(unit->days_centi),
                                jc_int(unit->blackout_months), jc_int(unit->preferred_months),
                                jc_text_or_null(jc_str(unit->last_visit))),
                      err);
}

static const char INSERT_TEAM[] = "INSERT INTO unit_team (agency_id, unit_id, position, team_id)\n"
                                  "VALUES ($1, $2, $3, $4)";
static const char INSERT_RULE[] = "INSERT INTO unit_rule (agency_id, unit_id, position, rule_id)\n"
                                  "VALUES ($1, $2, $3, $4)";
static const char INSERT_GROUP[] = "INSERT INTO unit_group (agency_id, unit_id, position, group_id)\n"
                                   "VALUES ($1, $2, $3, $4)";

static enum jc_code put_list(struct jc_tx *tx, const char *sql, int64_t agency_id, const Jc__Unit *unit, size_t count,
                             char *const *items, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < count && !code; i++)
        code = jc_tx_exec(
            tx, sql,
            JC_VALUES(jc_int(agency_id), jc_text(jc_str(unit->unit_id)), jc_int((int64_t)i), jc_text(jc_str(items[i]))),
            err);
    return code;
}

static const char INSERT_JOINT[] =
    "INSERT INTO unit_joint (agency_id, unit_id, position, team_id, rule_id, persons, days_centi)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7)";

static enum jc_code put_joints(struct jc_tx *tx, int64_t agency_id, const Jc__Unit *unit, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < unit->n_joints && !code; i++) {
        const Jc__JointVisit *joint = unit->joints[i];
        code = jc_tx_exec(tx, INSERT_JOINT,
                          JC_VALUES(jc_int(agency_id), jc_text(jc_str(unit->unit_id)), jc_int((int64_t)i),
                                    jc_text(jc_str(joint->team_id)), jc_text(jc_str(joint->rule_id)),
                                    jc_int(joint->persons), jc_int(joint->days_centi)),
                          err);
    }
    return code;
}

static const char DELETE_TEAMS[] = "DELETE FROM unit_team WHERE agency_id = $1 AND unit_id = $2";
static const char DELETE_RULES[] = "DELETE FROM unit_rule WHERE agency_id = $1 AND unit_id = $2";
static const char DELETE_GROUPS[] = "DELETE FROM unit_group WHERE agency_id = $1 AND unit_id = $2";
static const char DELETE_JOINTS[] = "DELETE FROM unit_joint WHERE agency_id = $1 AND unit_id = $2";

static enum jc_code delete_lists(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_err *err) {
    const char *const statements[] = {DELETE_TEAMS, DELETE_RULES, DELETE_GROUPS, DELETE_JOINTS};
    enum jc_code code = JC_OK;
    for (size_t i = 0; i < sizeof statements / sizeof *statements && !code; i++)
        code = jc_tx_exec(tx, statements[i], JC_VALUES(jc_int(agency_id), jc_text(unit_id)), err);
    return code;
}

static enum jc_code record_change(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, bool deleted,
                                  struct jc_err *err) {
    return jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_UNIT, unit_id, JC_STR(""), deleted, err);
}

static const char NEXT_POSITION[] = "SELECT COALESCE(MAX(position), -1) + 1 FROM unit WHERE agency_id = $1";

enum jc_code jc_unit_next_position(struct jc_tx *tx, int64_t agency_id, int64_t *out, struct jc_err *err) {
    return jc_tx_int64(tx, NEXT_POSITION, JC_VALUES(jc_int(agency_id)), out, err);
}

enum jc_code jc_unit_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Unit *unit,
                         struct jc_err *err) {
    struct jc_str unit_id = jc_str(unit->unit_id);
    struct jc_arena *scratch = jc_arena_new(1 << 20);
    if (!scratch)
        return jc_fail_memory(err);
    enum jc_code code = put_row(tx, agency_id, position, unit, scratch, err);
    jc_arena_free(scratch);
    if (!code)
        code = delete_lists(tx, agency_id, unit_id, err);
    if (!code)
        code = put_list(tx, INSERT_TEAM, agency_id, unit, unit->n_lead_teams, unit->lead_teams, err);
    if (!code)
        code = put_list(tx, INSERT_RULE, agency_id, unit, unit->n_rule_ids, unit->rule_ids, err);
    if (!code)
        code = put_list(tx, INSERT_GROUP, agency_id, unit, unit->n_groups, unit->groups, err);
    if (!code)
        code = put_joints(tx, agency_id, unit, err);
    return code ? code : record_change(tx, agency_id, unit_id, false, err);
}

static const char UNIT_IN_USE[] = "SELECT 1 WHERE EXISTS (SELECT 1 FROM visit WHERE agency_id = $1 AND unit_id = $2)\n"
                                  "   OR EXISTS (SELECT 1 FROM draw_pick WHERE agency_id = $1 AND unit_id = $2)\n"
                                  "   OR EXISTS (SELECT 1 FROM task WHERE agency_id = $1 AND unit_id = $2)\n"
                                  "   OR EXISTS (SELECT 1 FROM inspection WHERE agency_id = $1 AND unit_id = $2)";
static const char DELETE_UNIT[] = "DELETE FROM unit WHERE agency_id = $1 AND unit_id = $2";

enum jc_code jc_unit_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_err *err) {
    bool used = false;
    enum jc_code code = jc_row_exists(tx, UNIT_IN_USE, JC_VALUES(jc_int(agency_id), jc_text(unit_id)), &used, err);
    if (!code && used)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_UNIT_IN_USE, unit_id);
    if (!code)
        code = delete_lists(tx, agency_id, unit_id, err);
    if (!code)
        code = jc_tx_exec(tx, DELETE_UNIT, JC_VALUES(jc_int(agency_id), jc_text(unit_id)), err);
    if (!code && jc_tx_changed(tx) == 0)
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_UNIT_UNKNOWN, unit_id);
    return code ? code : record_change(tx, agency_id, unit_id, true, err);
}

static const char UNIT_IS_DRAWN[] =
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM draw_pick WHERE agency_id = $1 AND unit_id = $2)\n"
    "   AND EXISTS (SELECT 1 FROM draw_candidate WHERE agency_id = $1 AND unit_id = $2)";

enum jc_code jc_unit_is_drawn(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, bool *out,
                              struct jc_err *err) {
    return jc_row_exists(tx, UNIT_IS_DRAWN, JC_VALUES(jc_int(agency_id), jc_text(unit_id)), out, err);
}
