/* The versions of the plan: one row each, with what the solver said of it, and its shortfalls. The
 * visits are in visit.c. A version that is not a draft is never rewritten: jc_plan_put and
 * jc_plan_approve ask for the status first, in the same transaction. */
#include "store/plan.h"

#include <string.h>

#include "base/clock.h"
#include "store/row.h"

static const char *const STATUS[] = {
    [JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED] = "",
    [JC__PLAN_STATUS__PLAN_STATUS_DRAFT] = "draft",
    [JC__PLAN_STATUS__PLAN_STATUS_APPROVED] = "approved",
    [JC__PLAN_STATUS__PLAN_STATUS_SUPERSEDED] = "superseded",
};

static Jc__PlanStatus status_of(struct jc_str text) {
    for (int i = 1; i < (int)(sizeof(STATUS) / sizeof(*STATUS)); i++)
        if (jc_str_eq(text, jc_str(STATUS[i])))
            return (Jc__PlanStatus)i;
    return JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED;
}

static enum jc_code unknown(int version, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (version == JC_PLAN_NEWEST)
        return jc_fail(err, JC_NOT_FOUND, JC_MSG_PLAN_NONE);
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_PLAN_UNKNOWN, jc_str_from_int64(version, number));
}

/* --- read ---------------------------------------------------------------------------------------- */

static const char SQL_PLAN_FIND[] = "SELECT COALESCE(MAX(version), 0)"
                                    "  FROM plan"
                                    " WHERE agency_id = $1 AND ($2 = '' OR status = $2)";

enum jc_code jc_plan_find(struct jc_tx *tx, int64_t agency_id, Jc__PlanStatus status, int *out_version,
                          struct jc_err *err) {
    int64_t version = 0;
    enum jc_code code =
        jc_tx_int64(tx, SQL_PLAN_FIND, JC_VALUES(jc_int(agency_id), jc_text(jc_str(STATUS[status]))), &version, err);
    if (!code)
        *out_version = (int)version;
    return code;
}

#define PLAN_COLUMNS                                                                                       \
    "version, year, status, created_ms, document_no, approved_by, approved_on, solve_status, unserved,"    \
    " over_centi, quota, cost_e5, bound_e5, tiers_settled, elapsed_ms, work, balance_milli, travel_milli," \
    " risk_milli, preferred_milli, amend_reason, decided_on, changes_milli, changes, changes_bound, as_of"

static Jc__SolveSummary *solve_of(struct jc_row *row, int column) {
    const struct jc_rows *rows = row->rows;
    Jc__SolveSummary *solve = JC_NEW(row->arena, Jc__SolveSummary);
    if (!solve) {
        row->failed = true;
        return NULL;
    }
    jc__solve_summary__init(solve);
    solve->status = (Jc__SolveStatus)jc_rows_int64(rows, column++);
    solve->unserved = jc_rows_int64(rows, column++);
    solve->over_centi = jc_rows_int64(rows, column++);
    solve->quota = jc_rows_int64(rows, column++);
    solve->cost_e5 = jc_rows_int64(rows, column++);
    solve->bound_e5 = jc_rows_int64(rows, column++);
    solve->tiers_settled = jc_rows_int64(rows, column++) != 0;
    solve->elapsed_ms = jc_rows_int64(rows, column++);
    solve->work = jc_rows_int64(rows, column++);
    solve->balance_milli = jc_rows_int64(rows, column++);
    solve->travel_milli = jc_rows_int64(rows, column++);
    solve->risk_milli = jc_rows_int64(rows, column++);
    solve->preferred_milli = jc_rows_int64(rows, column++);
    return solve;
}

static Google__Protobuf__Timestamp *time_of(struct jc_row *row, int column) {
    int64_t ms = jc_rows_int64(row->rows, column);
    Google__Protobuf__Timestamp *time = JC_NEW(row->arena, Google__Protobuf__Timestamp);
    if (!time) {
        row->failed = true;
        return NULL;
    }
    google__protobuf__timestamp__init(time);
    time->seconds = ms / 1000;
    time->nanos = (int32_t)(ms % 1000) * 1000000;
    return time;
}

static Jc__Plan *plan_of(struct jc_row *row) {
    const struct jc_rows *rows = row->rows;
    Jc__Plan *plan = JC_NEW(row->arena, Jc__Plan);
    if (!plan) {
        row->failed = true;
        return NULL;
    }
    jc__plan__init(plan);
    plan->version = (int32_t)jc_rows_int64(rows, 0);
    plan->year = (int32_t)jc_rows_int64(rows, 1);
    plan->status = status_of(jc_rows_text(rows, 2));
    plan->created_at = time_of(row, 3);
    plan->document_no = jc_row_text(row, 4);
    plan->approved_by = jc_row_text(row, 5);
    plan->approved_on = jc_row_text(row, 6);
    plan->solve = solve_of(row, 7);
    if (!plan->solve)
        return NULL;
    plan->amend_reason = jc_row_text(row, 20);
    plan->decided_on = jc_row_text(row, 21);
    plan->solve->changes_milli = jc_rows_int64(rows, 22);
    plan->solve->changes = jc_rows_int64(rows, 23);
    plan->solve->changes_bound = jc_rows_int64(rows, 24);
    plan->as_of = jc_row_text(row, 25);
    return plan;
}

static const char SQL_PLAN_LIST[] = "SELECT " PLAN_COLUMNS "  FROM plan"
                                    " WHERE agency_id = $1 AND ($2 = 0 OR version = $2)"
                                    " ORDER BY version DESC"
                                    " LIMIT $3";

static enum jc_code read_heads(struct jc_tx *tx, int64_t agency_id, int version, int64_t limit, struct jc_arena *arena,
                               Jc__Plan ***out, size_t *count, struct jc_err *err) {
    struct {
        Jc__Plan **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SQL_PLAN_LIST, JC_VALUES(jc_int(agency_id), jc_int(version), jc_int(limit)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__Plan *plan = plan_of(&row), **slot = JC_PUSH(arena, &list, Jc__Plan *);
        if (slot)
            *slot = plan;
        if (!slot || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (!code) {
        *out = list.items;
        *count = list.count;
    }
    return code;
}

enum jc_code jc_plan_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan ***out, size_t *count,
                          struct jc_err *err) {
    return read_heads(tx, agency_id, JC_PLAN_NEWEST, INT64_MAX, arena, out, count, err);
}

static enum jc_code read_head(struct jc_tx *tx, int64_t agency_id, int version, struct jc_arena *arena, Jc__Plan **out,
                              struct jc_err *err) {
    Jc__Plan **plans = NULL;
    size_t count = 0;
    enum jc_code code = read_heads(tx, agency_id, version, 1, arena, &plans, &count, err);
    if (!code && !count)
        code = unknown(version, err);
    if (!code)
        *out = plans[0];
    return code;
}

static const char SQL_SHORTFALL_LIST[] = "SELECT team_id, month, unit_id, quota_id, amount_centi, explanation"
                                         "  FROM shortfall"
                                         " WHERE agency_id = $1 AND version = $2"
                                         " ORDER BY position";

/* A row, with what was stored of its explanation. NULL without memory. */
static Jc__Shortfall *shortfall_of(struct jc_row *row) {
    ProtobufCBinaryData stored = jc_row_bytes(row, 5);
    ProtobufCAllocator allocator;
    Jc__Shortfall *s =
        stored.len ? jc__shortfall__unpack(jc_arena_protobuf(&allocator, row->arena), stored.len, stored.data) : NULL;
    if (!s && (s = JC_NEW(row->arena, Jc__Shortfall)))
        jc__shortfall__init(s);
    if (!s)
        return NULL;
    s->team_id = jc_row_text(row, 0);
    s->month = (int32_t)jc_rows_int64(row->rows, 1);
    s->unit_id = jc_row_text(row, 2);
    s->quota_id = jc_row_text(row, 3);
    s->amount_centi = jc_rows_int64(row->rows, 4);
    return s;
}

static enum jc_code read_shortfalls(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan *plan,
                                    struct jc_err *err) {
    struct {
        Jc__Shortfall **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SQL_SHORTFALL_LIST, JC_VALUES(jc_int(agency_id), jc_int(plan->version)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__Shortfall *shortfall = shortfall_of(&row), **slot = JC_PUSH(arena, &list, Jc__Shortfall *);
        if (shortfall && slot)
            *slot = shortfall;
        if (!shortfall || !slot || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    plan->shortfalls = list.items;
    plan->n_shortfalls = list.count;
    return code;
}

static const char SQL_COVERAGE_GET[] = "SELECT units, need_centi, limit_centi, planned_centi, unserved, years, team_id"
                                       "  FROM key_coverage"
                                       " WHERE agency_id = $1 AND version = $2";

static enum jc_code read_coverage(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan *plan,
                                  struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SQL_COVERAGE_GET, JC_VALUES(jc_int(agency_id), jc_int(plan->version)), &rows, err);
    if (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        plan->coverage = JC_NEW(arena, Jc__KeyCoverage);
        if (plan->coverage) {
            jc__key_coverage__init(plan->coverage);
            plan->coverage->units = (int32_t)jc_rows_int64(rows, 0);
            plan->coverage->need_centi = jc_rows_int64(rows, 1);
            plan->coverage->limit_centi = jc_rows_int64(rows, 2);
            plan->coverage->planned_centi = jc_rows_int64(rows, 3);
            plan->coverage->unserved = (int32_t)jc_rows_int64(rows, 4);
            plan->coverage->years = (int32_t)jc_rows_int64(rows, 5);
            plan->coverage->team_id = jc_row_text(&row, 6);
        }
        if (!plan->coverage || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_plan_get(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_visit_filter *filter,
                         struct jc_arena *arena, Jc__Plan **out, struct jc_err *err) {
    const struct jc_visit_filter all = {.team_id = JC_STR(""), .draw_id = JC_STR("")};
    Jc__Plan *plan = NULL;
    enum jc_code code = read_head(tx, agency_id, version, arena, &plan, err);
    if (!code)
        code = jc_visit_list(tx, agency_id, plan->version, filter ? filter : &all, arena, &plan->visits,
                             &plan->n_visits, err);
    if (!code)
        code = read_shortfalls(tx, agency_id, arena, plan, err);
    if (!code)
        code = read_coverage(tx, agency_id, arena, plan, err);
    if (!code)
        *out = plan;
    return code;
}

/* --- write --------------------------------------------------------------------------------------- */

static const char SQL_PLAN_STATUS[] = "SELECT status FROM plan WHERE agency_id = $1 AND version = $2";

/* *found is unspecified if there is no such version. */
static enum jc_code status_now(struct jc_tx *tx, int64_t agency_id, int version, Jc__PlanStatus *found,
                               struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    *found = JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED;
    enum jc_code code = jc_tx_query(tx, SQL_PLAN_STATUS, JC_VALUES(jc_int(agency_id), jc_int(version)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row)
        *found = status_of(jc_rows_text(rows, 0));
    jc_rows_close(rows);
    return code;
}

static enum jc_code not_draft(int version, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NOT_DRAFT, jc_str_from_int64(version, number));
}

static const char SQL_SHORTFALL_CLEAR[] = "DELETE FROM shortfall WHERE agency_id = $1 AND version = $2";
static const char SQL_SHORTFALL_ADD[] =
    "INSERT INTO shortfall (agency_id, version, position, team_id, month, unit_id, quota_id, amount_centi,"
    "                       explanation)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

static enum jc_code write_shortfall(struct jc_tx *tx, int64_t agency_id, int version, int64_t position,
                                    const Jc__Shortfall *s, struct jc_err *err) {
    size_t size = jc__shortfall__get_packed_size(s);
    uint8_t *bytes = jc_malloc(size + 1);
    if (!bytes)
        return jc_fail_memory(err);
    jc__shortfall__pack(s, bytes);
    enum jc_code code =
        jc_tx_exec(tx, SQL_SHORTFALL_ADD,
                   JC_VALUES(jc_int(agency_id), jc_int(version), jc_int(position), jc_text_or_null(jc_str(s->team_id)),
                             jc_int(s->month), jc_text_or_null(jc_str(s->unit_id)),
                             jc_text_or_null(jc_str(s->quota_id)), jc_int(s->amount_centi), jc_bytes(bytes, size)),
                   err);
    jc_free(bytes);
    return code;
}

static enum jc_code write_shortfalls(struct jc_tx *tx, int64_t agency_id, int version, Jc__Shortfall *const *shortfalls,
                                     size_t count, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_SHORTFALL_CLEAR, JC_VALUES(jc_int(agency_id), jc_int(version)), err);
    for (size_t i = 0; !code && i < count; i++)
        code = write_shortfall(tx, agency_id, version, (int64_t)i, shortfalls[i], err);
    return code;
}

enum jc_code jc_plan_set_shortfalls(struct jc_tx *tx, int64_t agency_id, int version, Jc__Shortfall *const *shortfalls,
                                    size_t count, struct jc_err *err) {
    return write_shortfalls(tx, agency_id, version, shortfalls, count, err);
}

static const char SQL_COVERAGE_CLEAR[] = "DELETE FROM key_coverage WHERE agency_id = $1 AND version = $2";
static const char SQL_COVERAGE_ADD[] =
    "INSERT INTO key_coverage (agency_id, version, units, need_centi, limit_centi, planned_centi, unserved, years,"
    "                          team_id)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

enum jc_code jc_plan_set_coverage(struct jc_tx *tx, int64_t agency_id, int version, const Jc__KeyCoverage *c,
                                  struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_COVERAGE_CLEAR, JC_VALUES(jc_int(agency_id), jc_int(version)), err);
    if (code || !c)
        return code;
    return jc_tx_exec(tx, SQL_COVERAGE_ADD,
                      JC_VALUES(jc_int(agency_id), jc_int(version), jc_int(c->units), jc_int(c->need_centi),
                                jc_int(c->limit_centi), jc_int(c->planned_centi), jc_int(c->unserved), jc_int(c->years),
                                jc_text_or_null(jc_str(c->team_id))),
                      err);
}

static const char SQL_PLAN_PUT[] =
    "INSERT INTO plan (agency_id, version, year, status, created_ms, solve_status, unserved, over_centi, quota,"
    "                  cost_e5, bound_e5, tiers_settled, elapsed_ms, work, balance_milli, travel_milli,"
    "                  risk_milli, preferred_milli, amend_reason, decided_on, changes_milli, changes,"
    "                  changes_bound, as_of)"
    "VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8,"
    "        $9, $10, $11, $12, $13, $14, $15,"
    "        $16, $17, $18, $19, $20, $21,"
    "        $22, $23)"
    "ON CONFLICT (agency_id, version) DO UPDATE"
    "   SET year = excluded.year, created_ms = excluded.created_ms, solve_status = excluded.solve_status,"
    "       unserved = excluded.unserved, over_centi = excluded.over_centi, quota = excluded.quota,"
    "       cost_e5 = excluded.cost_e5, bound_e5 = excluded.bound_e5, tiers_settled = excluded.tiers_settled,"
    "       elapsed_ms = excluded.elapsed_ms, work = excluded.work, balance_milli = excluded.balance_milli,"
    "       travel_milli = excluded.travel_milli, risk_milli = excluded.risk_milli,"
    "       preferred_milli = excluded.preferred_milli, amend_reason = excluded.amend_reason,"
    "       decided_on = excluded.decided_on, changes_milli = excluded.changes_milli, changes = excluded.changes,"
    "       changes_bound = excluded.changes_bound, as_of = excluded.as_of";

static enum jc_code write_head(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *plan, int64_t now_ms,
                               struct jc_err *err) {
    const Jc__SolveSummary none = JC__SOLVE_SUMMARY__INIT, *solve = plan->solve ? plan->solve : &none;
    return jc_tx_exec(
        tx, SQL_PLAN_PUT,
        JC_VALUES(jc_int(agency_id), jc_int(plan->version), jc_int(plan->year), jc_int(now_ms), jc_int(solve->status),
                  jc_int(solve->unserved), jc_int(solve->over_centi), jc_int(solve->quota), jc_int(solve->cost_e5),
                  jc_int(solve->bound_e5), jc_int(solve->tiers_settled), jc_int(solve->elapsed_ms), jc_int(solve->work),
                  jc_int(solve->balance_milli), jc_int(solve->travel_milli), jc_int(solve->risk_milli),
                  jc_int(solve->preferred_milli), jc_text_or_null(jc_str(plan->amend_reason)),
                  jc_text_or_null(jc_str(plan->decided_on)), jc_int(solve->changes_milli), jc_int(solve->changes),
                  jc_int(solve->changes_bound), jc_text_or_null(jc_str(plan->as_of))),
        err);
}

enum jc_code jc_plan_put(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *plan, int64_t now_ms,
                         struct jc_err *err) {
    Jc__PlanStatus now = JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED;
    enum jc_code code = status_now(tx, agency_id, plan->version, &now, err);
    if (!code && now != JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED && now != JC__PLAN_STATUS__PLAN_STATUS_DRAFT)
        code = not_draft(plan->version, err);
    if (!code)
        code = write_head(tx, agency_id, plan, now_ms, err);
    if (!code)
        code = jc_visit_delete_all(tx, agency_id, plan->version, err);
    for (size_t i = 0; !code && i < plan->n_visits; i++)
        code = jc_visit_add(tx, agency_id, plan->version, plan->visits[i], err);
    if (!code)
        code = write_shortfalls(tx, agency_id, plan->version, plan->shortfalls, plan->n_shortfalls, err);
    if (!code)
        code = jc_plan_set_coverage(tx, agency_id, plan->version, plan->coverage, err);
    return code;
}

static const char SQL_PLAN_RESULT[] =
    "UPDATE plan"
    "   SET solve_status = $1, unserved = $2, over_centi = $3, quota = $4, cost_e5 = $5, bound_e5 = $6,"
    "       tiers_settled = $7, elapsed_ms = $8, work = $9, changes = $10, changes_bound = $11"
    " WHERE agency_id = $12 AND version = $13";

enum jc_code jc_plan_set_result(struct jc_tx *tx, int64_t agency_id, int version, const Jc__SolveSummary *solve,
                                Jc__Shortfall *const *shortfalls, size_t n_shortfalls, struct jc_err *err) {
    enum jc_code code =
        jc_tx_exec(tx, SQL_PLAN_RESULT,
                   JC_VALUES(jc_int(solve->status), jc_int(solve->unserved), jc_int(solve->over_centi),
                             jc_int(solve->quota), jc_int(solve->cost_e5), jc_int(solve->bound_e5),
                             jc_int(solve->tiers_settled), jc_int(solve->elapsed_ms), jc_int(solve->work),
                             jc_int(solve->changes), jc_int(solve->changes_bound), jc_int(agency_id), jc_int(version)),
                   err);
    if (!code && !jc_tx_changed(tx))
        code = unknown(version, err);
    return code ? code : write_shortfalls(tx, agency_id, version, shortfalls, n_shortfalls, err);
}

static const char SQL_PLAN_SUPERSEDE[] = "UPDATE plan"
                                         "   SET status = 'superseded'"
                                         " WHERE agency_id = $1 AND status = 'approved'"
                                         "   AND year = (SELECT year FROM plan WHERE agency_id = $1 AND version = $2)";
static const char SQL_PLAN_APPROVE[] =
    "UPDATE plan"
    "   SET status = 'approved', document_no = $1, approved_by = $2, approved_on = $3"
    " WHERE agency_id = $4 AND version = $5";

enum jc_code jc_plan_approve(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str document_no,
                             struct jc_str approved_by, struct jc_str approved_on, struct jc_err *err) {
    Jc__PlanStatus now = JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED;
    enum jc_code code = status_now(tx, agency_id, version, &now, err);
    if (!code && now == JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED)
        code = unknown(version, err);
    if (!code && now != JC__PLAN_STATUS__PLAN_STATUS_DRAFT)
        code = not_draft(version, err);
    if (!code)
        code = jc_tx_exec(tx, SQL_PLAN_SUPERSEDE, JC_VALUES(jc_int(agency_id), jc_int(version)), err);
    if (!code)
        code = jc_tx_exec(tx, SQL_PLAN_APPROVE,
                          JC_VALUES(jc_text(document_no), jc_text(approved_by), jc_text(approved_on), jc_int(agency_id),
                                    jc_int(version)),
                          err);
    return code;
}

/* --- the units of an approved version ------------------------------------------------------------ */

static const char SQL_PLAN_UNIT_ADD[] = "INSERT INTO plan_unit (agency_id, version, unit_id, category, industry)"
                                        "VALUES ($1, $2, $3, $4, $5)";

enum jc_code jc_plan_unit_add(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_plan_unit *unit,
                              struct jc_err *err) {
    return jc_tx_exec(tx, SQL_PLAN_UNIT_ADD,
                      JC_VALUES(jc_int(agency_id), jc_int(version), jc_text(unit->unit_id), jc_text(unit->category),
                                jc_text(unit->industry)),
                      err);
}

struct unit_list {
    struct jc_arena *arena;
    struct jc_plan_unit *items;
    size_t count, capacity;
};

static enum jc_code read_unit(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct unit_list *list = ctx;
    struct jc_plan_unit *unit = JC_PUSH(list->arena, list, struct jc_plan_unit);
    if (!unit)
        return jc_fail_memory(err);
    unit->unit_id = jc_rows_copy(rows, 0, list->arena);
    unit->category = jc_rows_copy(rows, 1, list->arena);
    unit->industry = jc_rows_copy(rows, 2, list->arena);
    return unit->unit_id.ptr && unit->category.ptr && unit->industry.ptr ? JC_OK : jc_fail_memory(err);
}

static const char SQL_PLAN_UNIT_LIST[] = "SELECT unit_id, category, industry"
                                         "  FROM plan_unit"
                                         " WHERE agency_id = $1 AND version = $2"
                                         " ORDER BY unit_id";

enum jc_code jc_plan_unit_list(struct jc_tx *tx, int64_t agency_id, int version, struct jc_arena *arena,
                               struct jc_plan_unit **out, size_t *count, struct jc_err *err) {
    struct unit_list list = {.arena = arena};
    enum jc_code code =
        jc_row_each(tx, SQL_PLAN_UNIT_LIST, JC_VALUES(jc_int(agency_id), jc_int(version)), read_unit, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}
