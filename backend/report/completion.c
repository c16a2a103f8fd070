/* Completion by team and month: five queries fill one matrix of teams × 13 (month 0 is the year). */
#include <string.h>

#include "report/basis.h"
#include "report/report.h"
#include "store/registry.h"

enum { MONTHS = 13 };

/* The last team of the matrix is the agency itself. */
struct matrix {
    const struct jc_basis *basis;
    Jc__Team **teams;
    size_t team_count;
    Jc__CompletionRow *cells; /* (team_count + 1) × MONTHS */
};

static Jc__CompletionRow *cell(const struct matrix *m, size_t team, int month) {
    return &m->cells[team * MONTHS + (size_t)month];
}

static size_t team_index(const struct matrix *m, struct jc_str team_id) {
    for (size_t i = 0; i < m->team_count; i++) {
        if (jc_str_eq(jc_str(m->teams[i]->team_id), team_id))
            return i;
    }
    return m->team_count;
}

static void add(Jc__CompletionRow *to, const Jc__CompletionRow *figures) {
    to->planned += figures->planned;
    to->done += figures->done;
    to->overdue += figures->overdue;
    to->planned_workdays_centi += figures->planned_workdays_centi;
    to->used_workdays_centi += figures->used_workdays_centi;
    to->ad_hoc += figures->ad_hoc;
    to->ad_hoc_workdays_centi += figures->ad_hoc_workdays_centi;
}

/* Adds figures of a team in a month to the team's month and year, and to the agency's. */
static void book(struct matrix *m, struct jc_str team_id, int month, const Jc__CompletionRow *figures) {
    size_t team = team_index(m, team_id);
    if (team < m->team_count) {
        add(cell(m, team, month), figures);
        add(cell(m, team, 0), figures);
    }
    add(cell(m, m->team_count, month), figures);
    add(cell(m, m->team_count, 0), figures);
}

/* --- queries: each yields rows that book_row understands ------------------------------------------- */

/* team, month, planned, done, workdays: the lead's */
static const char SQL_LEAD_VISITS[] =
    "SELECT v.lead_team, v.month, COUNT(*), COUNT(i.inspection_id), SUM(v.persons * v.days_centi)"
    "  FROM (SELECT * FROM visit WHERE agency_id = $1 AND version = $2) v"
    "  JOIN plan p ON p.agency_id = v.agency_id AND p.version = v.version"
    "  LEFT JOIN task t ON t.agency_id = v.agency_id AND t.visit_id = v.visit_id AND t.plan_year = p.year"
    "                  AND t.kind = 1"
    "  LEFT JOIN inspection i ON i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1"
    "                        AND i.ended_ms < $3"
    " GROUP BY v.lead_team, v.month";

static void book_lead_visits(struct matrix *m, const struct jc_rows *rows) {
    Jc__CompletionRow figures = JC__COMPLETION_ROW__INIT;
    int month = (int)jc_rows_int64(rows, 1);
    figures.planned = (int32_t)jc_rows_int64(rows, 2);
    figures.done = (int32_t)jc_rows_int64(rows, 3);
    figures.overdue = month <= m->basis->months_over ? figures.planned - figures.done : 0;
    figures.planned_workdays_centi = jc_rows_int64(rows, 4);
    book(m, jc_rows_text(rows, 0), month, &figures);
}

/* team, month, workdays: those of joining teams */
static const char SQL_JOINED_WORKDAYS[] =
    "SELECT j.team_id, v.month, SUM(j.persons * j.days_centi)"
    "  FROM visit_joint j"
    "  JOIN visit v ON v.agency_id = j.agency_id AND v.version = j.version AND v.visit_id = j.visit_id"
    " WHERE j.agency_id = $1 AND j.version = $2"
    " GROUP BY j.team_id, v.month";

static void book_joined_workdays(struct matrix *m, const struct jc_rows *rows) {
    Jc__CompletionRow figures = JC__COMPLETION_ROW__INIT;
    figures.planned_workdays_centi = jc_rows_int64(rows, 2);
    book(m, jc_rows_text(rows, 0), (int)jc_rows_int64(rows, 1), &figures);
}

/* team, month of the plan, workdays used on visits of this plan: the lead's, then those of joining teams */
#define VISIT_OF_RECORD                                                                                 \
    "  JOIN task t ON t.agency_id = i.agency_id AND t.task_id = i.task_id AND t.kind = 1"               \
    "  JOIN plan p ON p.agency_id = t.agency_id AND p.year = t.plan_year"                               \
    "  JOIN visit v ON v.agency_id = t.agency_id AND v.version = p.version AND v.visit_id = t.visit_id" \
    " WHERE i.agency_id = $1 AND p.version = $2 AND i.ended_ms < $3 AND i.is_record = 1"
static const char SQL_USED_BY_LEAD[] = "SELECT i.team_id, v.month, SUM(i.lead_centi)"
                                       "  FROM inspection i" VISIT_OF_RECORD " GROUP BY i.team_id, v.month";
static const char SQL_USED_BY_JOINED[] =
    "SELECT w.team_id, v.month, SUM(w.workdays_centi)"
    "  FROM inspection i"
    "  JOIN inspection_workdays w ON w.agency_id = i.agency_id AND w.inspection_id = i.inspection_id" VISIT_OF_RECORD
    " GROUP BY w.team_id, v.month";

static void book_used_workdays(struct matrix *m, const struct jc_rows *rows) {
    Jc__CompletionRow figures = JC__COMPLETION_ROW__INIT;
    figures.used_workdays_centi = jc_rows_int64(rows, 2);
    book(m, jc_rows_text(rows, 0), (int)jc_rows_int64(rows, 1), &figures);
}

/* lead team, end, workdays, year of the plan: each inspection outside the plan */
static const char SQL_AD_HOC[] = "SELECT i.team_id, i.ended_ms, i.workdays_centi, p.year"
                                 "  FROM inspection i"
                                 "  JOIN plan p ON p.agency_id = i.agency_id"
                                 "  LEFT JOIN task t ON t.agency_id = i.agency_id AND t.task_id = i.task_id"
                                 " WHERE i.agency_id = $1 AND p.version = $2 AND i.ended_ms < $3 AND i.is_record = 1"
                                 "   AND (t.kind IS NULL OR t.kind = 4)";

static void book_ad_hoc(struct matrix *m, const struct jc_rows *rows) {
    struct jc_date day = jc_date_of_ms(jc_rows_int64(rows, 1));
    if (day.year != jc_rows_int64(rows, 3))
        return;
    Jc__CompletionRow figures = JC__COMPLETION_ROW__INIT;
    figures.ad_hoc = 1;
    figures.ad_hoc_workdays_centi = jc_rows_int64(rows, 2);
    book(m, jc_rows_text(rows, 0), day.month, &figures);
}

/* The parameters of a query are the first `values` of agency, version, until. */
static const struct {
    const char *sql;
    size_t values;
    void (*book)(struct matrix *m, const struct jc_rows *rows);
} queries[] = {
    {SQL_LEAD_VISITS, 3, book_lead_visits},
    {SQL_JOINED_WORKDAYS, 2, book_joined_workdays},
    {SQL_USED_BY_LEAD, 3, book_used_workdays},
    {SQL_USED_BY_JOINED, 3, book_used_workdays},
    {SQL_AD_HOC, 3, book_ad_hoc},
};

static enum jc_code fill(struct jc_tx *tx, struct matrix *m, struct jc_err *err) {
    const struct jc_value values[] = {jc_int(m->basis->agency_id), jc_int(m->basis->version),
                                      jc_int(m->basis->until_ms)};
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        struct jc_rows *rows = NULL;
        bool more = false;
        enum jc_code code = jc_tx_query(tx, queries[i].sql, values, queries[i].values, &rows, err);
        while (code == JC_OK && (code = jc_rows_next(rows, &more, err)) == JC_OK && more)
            queries[i].book(m, rows);
        jc_rows_close(rows);
        if (code != JC_OK)
            return code;
    }
    return JC_OK;
}

/* --- the answer ------------------------------------------------------------------------------------ */

static bool empty(const Jc__CompletionRow *row) {
    return !row->planned && !row->planned_workdays_centi && !row->used_workdays_centi && !row->ad_hoc;
}

static bool make_matrix(struct matrix *m, struct jc_arena *arena) {
    m->cells = JC_NEW_ARRAY(arena, (m->team_count + 1) * MONTHS, Jc__CompletionRow);
    for (size_t t = 0; m->cells && t <= m->team_count; t++) {
        for (int month = 0; month < MONTHS; month++) {
            Jc__CompletionRow *row = cell(m, t, month);
            jc__completion_row__init(row);
            if (t < m->team_count)
                row->team_id = m->teams[t]->team_id;
            row->month = month;
        }
    }
    return m->cells != NULL;
}

/* The months of a team, then its year. */
static size_t put_team(const struct matrix *m, size_t team, Jc__CompletionRow **out) {
    size_t count = 0;
    for (int month = 1; month <= MONTHS; month++) {
        Jc__CompletionRow *row = cell(m, team, month % MONTHS);
        if (!empty(row))
            out[count++] = row;
    }
    return count;
}

enum jc_code jc_report_completion(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                                  Jc__CompletionRow ***out, size_t *count, struct jc_err *err) {
    struct jc_basis basis;
    struct matrix m = {.basis = &basis};
    enum jc_code code = jc_basis_of(tx, agency_id, as_of, &basis, err);
    if (code == JC_OK)
        code = jc_team_list(tx, agency_id, arena, &m.teams, &m.team_count, err);
    if (code != JC_OK)
        return code;
    Jc__CompletionRow **rows = JC_NEW_ARRAY(arena, (m.team_count + 1) * MONTHS, Jc__CompletionRow *);
    if (!rows || !make_matrix(&m, arena))
        return jc_fail_memory(err);
    if ((code = fill(tx, &m, err)) != JC_OK)
        return code;
    *count = 0;
    for (size_t t = 0; t <= m.team_count; t++)
        *count += put_team(&m, t, rows + *count);
    *out = rows;
    return JC_OK;
}
