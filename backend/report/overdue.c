/* What is past its day: released visits whose month is over, visits of such months never released,
 * rechecks past their legal deadline, and findings by deadline that no order names. */
#include <stdlib.h>
#include <string.h>

#include "report/basis.h"
#include "report/report.h"
#include "store/row.h"

struct list {
    struct jc_arena *arena;
    Jc__OverdueItem **items;
    size_t count, capacity;
};

/* kind, task, visit, unit, unit name, team, due: visits of the plan not done by the end of their month.
 * The due day of a visit never released is the last of its month, which `due` computes. */
static const char SQL_VISITS[] =
    "SELECT 'visit', t.task_id, v.visit_id, v.unit_id, u.name, v.lead_team, v.month"
    "  FROM (SELECT * FROM visit WHERE agency_id = $1 AND version = $2 AND month <= $3) v"
    "  LEFT JOIN unit u ON u.agency_id = v.agency_id AND u.unit_id = v.unit_id"
    "  JOIN plan p ON p.agency_id = v.agency_id AND p.version = v.version"
    "  LEFT JOIN task t ON t.agency_id = v.agency_id AND t.visit_id = v.visit_id AND t.plan_year = p.year"
    "                  AND t.kind = 1"
    " WHERE NOT EXISTS (SELECT 1 FROM inspection i"
    "                    WHERE i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1"
    "                      AND i.ended_ms < $4)"
    " ORDER BY v.month, v.visit_id";

static const char SQL_RECHECKS[] =
    "SELECT 'recheck', t.task_id, '', t.unit_id, u.name, t.team_id, t.due_on"
    "  FROM task t"
    "  JOIN unit u ON u.agency_id = t.agency_id AND u.unit_id = t.unit_id"
    " WHERE t.agency_id = $1 AND t.kind = 3 AND t.state <> 4 AND t.due_on < $2"
    "   AND NOT EXISTS (SELECT 1 FROM recheck r"
    "                    WHERE r.agency_id = t.agency_id AND r.task_id = t.task_id AND r.is_record = 1"
    "                      AND r.done_on <= $2)"
    " ORDER BY t.due_on, t.task_id";

static const char SQL_ORDERS_MISSING[] =
    "SELECT 'order_missing', i.task_id, '', i.unit_id, u.name, i.team_id, f.deadline_on"
    "  FROM inspection i"
    " CROSS JOIN finding f"
    "  JOIN unit u ON u.agency_id = i.agency_id AND u.unit_id = i.unit_id"
    " WHERE i.agency_id = $1 AND i.is_record = 1"
    "   AND f.finding_key >= i.op_key * 1024 AND f.finding_key < (i.op_key + 1) * 1024"
    "   AND f.outcome = 2 AND f.order_id IS NULL AND f.deadline_on < $2"
    " ORDER BY f.deadline_on, f.finding_id";

/* Column 6 is a month of the plan's year for visits, else a date. */
static struct jc_date due_of(const struct jc_basis *basis, const struct jc_rows *rows, bool visit) {
    struct jc_date due = {0};
    if (!visit) {
        jc_date_parse(jc_rows_text(rows, 6), &due);
        return due;
    }
    int month = (int)jc_rows_int64(rows, 6), year = (int)basis->year;
    return (struct jc_date){year, month, jc_days_in_month(year, month)};
}

static bool add(struct list *list, const struct jc_basis *basis, const struct jc_rows *rows, bool visit) {
    Jc__OverdueItem **place =
        jc_arena_push(list->arena, (void **)&list->items, &list->count, &list->capacity, sizeof *place);
    Jc__OverdueItem *item = JC_NEW(list->arena, Jc__OverdueItem);
    char iso[JC_TIME_MAX];
    if (!place || !item)
        return false;
    jc__overdue_item__init(item);
    struct jc_date due = due_of(basis, rows, visit);
    struct jc_row row = {.rows = rows, .arena = list->arena};
    item->kind = jc_row_text(&row, 0);
    item->task_id = jc_row_bytes(&row, 1);
    item->visit_id = jc_row_text(&row, 2);
    item->unit_id = jc_row_text(&row, 3);
    item->unit_name = jc_row_text(&row, 4);
    item->team_id = jc_row_text(&row, 5);
    item->due_on = (char *)jc_arena_copy(list->arena, jc_date_format(due, iso)).ptr;
    item->days_overdue = (int32_t)(jc_date_to_days(basis->as_of) - jc_date_to_days(due));
    *place = item;
    return !row.failed && item->due_on;
}

static enum jc_code gather(struct jc_tx *tx, struct list *list, const struct jc_basis *basis, const char *sql,
                           const struct jc_value *values, size_t value_count, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool more = false;
    enum jc_code code = jc_tx_query(tx, sql, values, value_count, &rows, err);
    while (code == JC_OK && (code = jc_rows_next(rows, &more, err)) == JC_OK && more) {
        if (!add(list, basis, rows, sql == SQL_VISITS))
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static int longest_first(const void *a, const void *b) {
    const Jc__OverdueItem *x = *(Jc__OverdueItem *const *)a, *y = *(Jc__OverdueItem *const *)b;
    if (x->days_overdue != y->days_overdue)
        return x->days_overdue < y->days_overdue ? 1 : -1;
    int by_kind = strcmp(x->kind, y->kind), by_unit = strcmp(x->unit_id, y->unit_id);
    if (by_kind || by_unit)
        return by_kind ? by_kind : by_unit;
    return strcmp(x->visit_id, y->visit_id);
}

enum jc_code jc_report_overdue(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                               Jc__OverdueItem ***out, size_t *count, struct jc_err *err) {
    struct jc_basis basis;
    struct list list = {.arena = arena};
    enum jc_code code = jc_basis_of(tx, agency_id, as_of, &basis, err);
    if (code == JC_OK) {
        code = gather(
            tx, &list, &basis, SQL_VISITS,
            JC_VALUES(jc_int(agency_id), jc_int(basis.version), jc_int(basis.months_over), jc_int(basis.until_ms)),
            err);
    }
    if (code == JC_OK) {
        code = gather(tx, &list, &basis, SQL_RECHECKS, JC_VALUES(jc_int(agency_id), jc_text(basis.as_of_iso)), err);
    }
    if (code == JC_OK) {
        code =
            gather(tx, &list, &basis, SQL_ORDERS_MISSING, JC_VALUES(jc_int(agency_id), jc_text(basis.as_of_iso)), err);
    }
    if (code != JC_OK)
        return code;
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, longest_first);
    *out = list.items;
    *count = list.count;
    return JC_OK;
}
