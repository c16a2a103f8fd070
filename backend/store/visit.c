/* Visits. A visit's id is the same in every version, so what happens in the field (released, done, a
 * slot drawn) is written to the version it happened under and to the later ones of the same year: an
 * amended draft must not lose it. Earlier versions stay as they were approved.
 *
 * Listing costs two queries however many visits there are: visits and joining teams come in the same
 * order and are merged. */
#include "store/visit.h"

#include <string.h>

#include "store/row.h"

struct visits {
    Jc__Visit **items;
    size_t count, capacity;
};

/* --- read ---------------------------------------------------------------------------------------- */

static Jc__Visit *visit_of(struct jc_row *row) {
    const struct jc_rows *rows = row->rows;
    Jc__Visit *visit = JC_NEW(row->arena, Jc__Visit);
    if (!visit) {
        row->failed = true;
        return NULL;
    }
    jc__visit__init(visit);
    visit->visit_id = jc_row_text(row, 0);
    visit->unit_id = jc_row_text(row, 1);
    visit->draw_id = jc_row_text(row, 2);
    visit->rule_id = jc_row_text(row, 3);
    visit->visit_no = (int32_t)jc_rows_int64(rows, 4);
    visit->month = (int32_t)jc_rows_int64(rows, 5);
    visit->lead_team = jc_row_text(row, 6);
    visit->persons = (int32_t)jc_rows_int64(rows, 7);
    visit->days_centi = (int32_t)jc_rows_int64(rows, 8);
    visit->mode = (Jc__VisitMode)jc_rows_int64(rows, 9);
    visit->status = (Jc__VisitStatus)jc_rows_int64(rows, 10);
    visit->pinned = jc_rows_int64(rows, 11) != 0;
    visit->forced_by = jc_row_text(row, 12);
    visit->forced_reason = jc_row_text(row, 13);
    return visit;
}

#define VISIT_WHERE                                                                 \
    " WHERE v.agency_id = $1 AND v.version = $2"                                    \
    "   AND ($3 = '' OR v.lead_team = $3"                                           \
    "        OR EXISTS (SELECT 1 FROM visit_joint AS k"                             \
    "                    WHERE k.agency_id = v.agency_id AND k.version = v.version" \
    "                      AND k.visit_id = v.visit_id AND k.team_id = $3))"        \
    "   AND ($4 = 0 OR v.month = $4)"                                               \
    "   AND ($5 = '' OR v.draw_id = $5)"
#define VISIT_ORDER " ORDER BY v.month, v.lead_team, v.visit_id"

static const char SQL_VISIT_LIST[] =
    "SELECT v.visit_id, v.unit_id, v.draw_id, v.rule_id, v.visit_no, v.month, v.lead_team, v.persons,"
    "       v.days_centi, v.mode, v.status, v.pinned, v.forced_by, v.forced_reason"
    "  FROM visit AS v" VISIT_WHERE VISIT_ORDER;

static const char SQL_VISIT_JOINTS[] =
    "SELECT j.visit_id, j.team_id, j.rule_id, j.persons, j.days_centi"
    "  FROM visit AS v"
    "  JOIN visit_joint AS j ON j.agency_id = v.agency_id AND j.version = v.version AND j.visit_id = v.visit_id" VISIT_WHERE
        VISIT_ORDER ", j.position";

/* A joining team behind those the visit has; few visits have more than one. */
static bool join(struct jc_row *row, Jc__Visit *visit) {
    struct {
        Jc__JoinedTeam **items;
        size_t count, capacity;
    } list = {visit->joined, visit->n_joined, visit->n_joined};
    Jc__JoinedTeam *team = JC_NEW(row->arena, Jc__JoinedTeam), **slot = JC_PUSH(row->arena, &list, Jc__JoinedTeam *);
    if (!team || !slot)
        return false;
    jc__joined_team__init(team);
    team->team_id = jc_row_text(row, 1);
    team->rule_id = jc_row_text(row, 2);
    team->persons = (int32_t)jc_rows_int64(row->rows, 3);
    team->days_centi = (int32_t)jc_rows_int64(row->rows, 4);
    *slot = team;
    visit->joined = list.items;
    visit->n_joined = list.count;
    return !row->failed;
}

static enum jc_code read_visits(struct jc_tx *tx, const struct jc_value *values, size_t n_values,
                                struct jc_arena *arena, struct visits *list, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_VISIT_LIST, values, n_values, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__Visit *visit = visit_of(&row), **slot = JC_PUSH(arena, list, Jc__Visit *);
        if (slot)
            *slot = visit;
        if (!slot || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static enum jc_code read_joints(struct jc_tx *tx, const struct jc_value *values, size_t n_values,
                                struct jc_arena *arena, struct visits *list, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    size_t at = 0;
    enum jc_code code = jc_tx_query(tx, SQL_VISIT_JOINTS, values, n_values, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        struct jc_str visit_id = jc_rows_text(rows, 0);
        while (at < list->count && !jc_str_eq(jc_str(list->items[at]->visit_id), visit_id))
            at++;
        if (at < list->count && !join(&row, list->items[at]))
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_visit_list(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_visit_filter *filter,
                           struct jc_arena *arena, Jc__Visit ***out, size_t *count, struct jc_err *err) {
    const struct jc_value values[] = {jc_int(agency_id), jc_int(version), jc_text(filter->team_id),
                                      jc_int(filter->month), jc_text(filter->draw_id)};
    struct visits list = {0};
    enum jc_code code = read_visits(tx, values, 5, arena, &list, err);
    if (!code)
        code = read_joints(tx, values, 5, arena, &list, err);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

static enum jc_code unknown(struct jc_str visit_id, struct jc_err *err) {
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_VISIT_UNKNOWN, visit_id);
}

/* --- write --------------------------------------------------------------------------------------- */

static const char SQL_VISIT_JOIN[] =
    "INSERT INTO visit_joint (agency_id, version, visit_id, position, team_id, rule_id, persons, days_centi)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

static enum jc_code add_joints(struct jc_tx *tx, int64_t agency_id, int version, const Jc__Visit *visit,
                               struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < visit->n_joined; i++) {
        const Jc__JoinedTeam *team = visit->joined[i];
        code = jc_tx_exec(tx, SQL_VISIT_JOIN,
                          JC_VALUES(jc_int(agency_id), jc_int(version), jc_text(jc_str(visit->visit_id)),
                                    jc_int((int64_t)i), jc_text(jc_str(team->team_id)), jc_text(jc_str(team->rule_id)),
                                    jc_int(team->persons), jc_int(team->days_centi)),
                          err);
    }
    return code;
}

static const char SQL_VISIT_ADD[] =
    "INSERT INTO visit (agency_id, version, visit_id, unit_id, draw_id, rule_id, visit_no, month, lead_team,"
    "                   persons, days_centi, mode, status, pinned, forced_by, forced_reason)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9,"
    "        $10, $11, $12, $13, $14, $15, $16)";

enum jc_code jc_visit_add(struct jc_tx *tx, int64_t agency_id, int version, const Jc__Visit *visit,
                          struct jc_err *err) {
    enum jc_code code =
        jc_tx_exec(tx, SQL_VISIT_ADD,
                   JC_VALUES(jc_int(agency_id), jc_int(version), jc_text(jc_str(visit->visit_id)),
                             jc_text_or_null(jc_str(visit->unit_id)), jc_text_or_null(jc_str(visit->draw_id)),
                             jc_text(jc_str(visit->rule_id)), jc_int(visit->visit_no), jc_int(visit->month),
                             jc_text(jc_str(visit->lead_team)), jc_int(visit->persons), jc_int(visit->days_centi),
                             jc_int(visit->mode), jc_int(visit->status), jc_int(visit->pinned),
                             jc_text_or_null(jc_str(visit->forced_by)), jc_text_or_null(jc_str(visit->forced_reason))),
                   err);
    return code ? code : add_joints(tx, agency_id, version, visit, err);
}

static const char SQL_VISIT_CHANGE[] =
    "UPDATE visit"
    "   SET unit_id = $1, month = $2, lead_team = $3, mode = $4, status = $5, pinned = $6,"
    "       forced_by = $7, forced_reason = $8, visit_no = $9"
    " WHERE agency_id = $10 AND version = $11 AND visit_id = $12";
static const char SQL_VISIT_LEAVE[] = "DELETE FROM visit_joint"
                                      " WHERE agency_id = $1 AND version = $2 AND visit_id = $3";

enum jc_code jc_visit_change(struct jc_tx *tx, int64_t agency_id, int version, const Jc__Visit *visit,
                             struct jc_err *err) {
    struct jc_str id = jc_str(visit->visit_id);
    enum jc_code code = jc_tx_exec(
        tx, SQL_VISIT_CHANGE,
        JC_VALUES(jc_text_or_null(jc_str(visit->unit_id)), jc_int(visit->month), jc_text(jc_str(visit->lead_team)),
                  jc_int(visit->mode), jc_int(visit->status), jc_int(visit->pinned),
                  jc_text_or_null(jc_str(visit->forced_by)), jc_text_or_null(jc_str(visit->forced_reason)),
                  jc_int(visit->visit_no), jc_int(agency_id), jc_int(version), jc_text(id)),
        err);
    if (!code && !jc_tx_changed(tx))
        code = unknown(id, err);
    if (!code)
        code = jc_tx_exec(tx, SQL_VISIT_LEAVE, JC_VALUES(jc_int(agency_id), jc_int(version), jc_text(id)), err);
    return code ? code : add_joints(tx, agency_id, version, visit, err);
}

/* The version it happened under and the later ones of its year. */
#define VERSIONS_FROM(agency, version)                                    \
    " (SELECT p.version"                                                  \
    "    FROM plan AS p"                                                  \
    "    JOIN plan AS r ON r.agency_id = p.agency_id AND r.year = p.year" \
    "   WHERE r.agency_id = " agency " AND r.version = " version " AND p.version >= r.version)"

static const char SQL_VISIT_STATUS[] = "UPDATE visit"
                                       "   SET status = $1"
                                       " WHERE agency_id = $2 AND visit_id = $3"
                                       "   AND version IN" VERSIONS_FROM("$2", "$4");

enum jc_code jc_visit_set_status(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str visit_id,
                                 Jc__VisitStatus status, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_VISIT_STATUS,
                      JC_VALUES(jc_int(status), jc_int(agency_id), jc_text(visit_id), jc_int(version)), err);
}

static const char SQL_VISIT_UNIT[] = "UPDATE visit"
                                     "   SET unit_id = $1"
                                     " WHERE agency_id = $2 AND visit_id = $3 AND draw_id IS NOT NULL"
                                     "   AND version IN" VERSIONS_FROM("$2", "$4");

enum jc_code jc_visit_set_unit(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str visit_id,
                               struct jc_str unit_id, struct jc_err *err) {
    return jc_tx_exec(tx, SQL_VISIT_UNIT,
                      JC_VALUES(jc_text_or_null(unit_id), jc_int(agency_id), jc_text(visit_id), jc_int(version)), err);
}

static const char SQL_VISIT_LEAVE_ALL[] = "DELETE FROM visit_joint WHERE agency_id = $1 AND version = $2";
static const char SQL_VISIT_DELETE_ALL[] = "DELETE FROM visit WHERE agency_id = $1 AND version = $2";

enum jc_code jc_visit_delete_all(struct jc_tx *tx, int64_t agency_id, int version, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_VISIT_LEAVE_ALL, JC_VALUES(jc_int(agency_id), jc_int(version)), err);
    return code ? code : jc_tx_exec(tx, SQL_VISIT_DELETE_ALL, JC_VALUES(jc_int(agency_id), jc_int(version)), err);
}
