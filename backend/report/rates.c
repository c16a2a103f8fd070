/* The rates a supervisor answers for (FORMS), each with its own numerator and denominator.
 *
 * A rate is a statement that yields one row of two numbers; its parameters are the first of agency,
 * version of the plan, end of the day (ms), the day (ISO), and months of the plan that are over. */
#include "report/basis.h"
#include "report/report.h"

/* Records of planned visits up to the day; `v` is the visit, `i` the record. */
#define DONE_VISITS                                                                                   \
    "  FROM visit v"                                                                                  \
    "  JOIN plan p ON p.agency_id = v.agency_id AND p.version = v.version"                            \
    "  JOIN task t ON t.agency_id = v.agency_id AND t.visit_id = v.visit_id AND t.plan_year = p.year" \
    "             AND t.kind = 1"                                                                     \
    "  JOIN inspection i ON i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1"  \
    " WHERE v.agency_id = $1 AND v.version = $2 AND i.ended_ms < $3"

/* Units inspected ÷ units planned; a slot not drawn yet is a unit to come. */
static const char SQL_COVERAGE[] =
    "SELECT (SELECT COUNT(DISTINCT v.unit_id)" DONE_VISITS "),"
    "       (SELECT COUNT(DISTINCT COALESCE(unit_id, visit_id)) FROM visit WHERE agency_id = $1 AND version = $2)";

/* Visits done ÷ planned to date, both of the months that are over. */
static const char SQL_VISIT_COMPLETION[] =
    "SELECT (SELECT COUNT(*)" DONE_VISITS " AND v.month <= $4),"
    "       (SELECT COUNT(*) FROM visit WHERE agency_id = $1 AND version = $2 AND month <= $4)";

/* 频次完成率: visits done ÷ visits planned for the year. */
static const char SQL_FREQUENCY[] = "SELECT (SELECT COUNT(*)" DONE_VISITS "),"
                                    "       (SELECT COUNT(*) FROM visit WHERE agency_id = $1 AND version = $2)";

/* Findings with the records they stand in: `i` first, whose findings are a range of `f`. */
#define FINDINGS            \
    "  FROM inspection i"   \
    " CROSS JOIN finding f" \
    " WHERE f.finding_key >= i.op_key * 1024 AND f.finding_key < (i.op_key + 1) * 1024 AND i.is_record = 1"

/* Findings that took their way (corrected on site, ordered, measures, case) ÷ findings. A finding by
 * deadline is handled once an order names it. */
static const char SQL_VIOLATIONS_HANDLED[] =
    "SELECT COALESCE(SUM(CASE WHEN f.outcome <> 2 OR f.order_id IS NOT NULL THEN 1 ELSE 0 END), 0), COUNT(*)" FINDINGS
    " AND i.agency_id = $1 AND i.ended_ms < $2";

/* Findings by deadline found corrected ÷ those whose deadline has come. */
static const char SQL_RECTIFIED[] =
    "SELECT COALESCE(SUM(CASE WHEN f.corrected_on <= $1 THEN 1 ELSE 0 END), 0), COUNT(*)" FINDINGS
    " AND f.deadline_on <= $1 AND i.agency_id = $2 AND f.outcome = 2";

/* Rechecks held by their legal deadline ÷ rechecks whose deadline has come. */
static const char SQL_RECHECK_ON_TIME[] =
    "SELECT COALESCE(SUM(CASE WHEN r.done_on <= t.due_on THEN 1 ELSE 0 END), 0), COUNT(*)"
    "  FROM task t"
    "  LEFT JOIN recheck r ON r.agency_id = t.agency_id AND r.task_id = t.task_id AND r.is_record = 1"
    " WHERE t.due_on <= $1 AND t.agency_id = $2 AND t.kind = 3 AND t.state <> 4";

/* Inspections of key units ÷ inspections. */
static const char SQL_KEY_SHARE[] = "SELECT COALESCE(SUM(CASE WHEN u.category = 'key' THEN 1 ELSE 0 END), 0), COUNT(*)"
                                    "  FROM inspection i"
                                    "  JOIN unit u ON u.agency_id = i.agency_id AND u.unit_id = i.unit_id"
                                    " WHERE i.agency_id = $1 AND i.ended_ms < $2 AND i.is_record = 1";

/* General inspections whose unit was drawn by double random (F5) ÷ general inspections of the plan. */
static const char SQL_DOUBLE_RANDOM_SHARE[] =
    "SELECT COALESCE(SUM(CASE WHEN d.method = 'double_random' THEN 1 ELSE 0 END), 0), COUNT(*)"
    "  FROM visit v"
    "  JOIN plan p ON p.agency_id = v.agency_id AND p.version = v.version"
    "  JOIN task t ON t.agency_id = v.agency_id AND t.visit_id = v.visit_id AND t.plan_year = p.year"
    "             AND t.kind = 1"
    "  JOIN inspection i ON i.agency_id = t.agency_id AND i.task_id = t.task_id AND i.is_record = 1"
    "  JOIN unit u ON u.agency_id = i.agency_id AND u.unit_id = i.unit_id AND u.category = 'general'"
    "  LEFT JOIN draw d ON d.agency_id = v.agency_id AND d.draw_id = v.draw_id"
    " WHERE v.agency_id = $1 AND v.version = $2 AND i.ended_ms < $3";

/* Inspections ÷ inspectors on the register. */
static const char SQL_PER_INSPECTOR[] =
    "SELECT (SELECT COUNT(*) FROM inspection WHERE agency_id = $1 AND ended_ms < $2 AND is_record = 1),"
    "       (SELECT COUNT(*) FROM inspector WHERE agency_id = $1)";

/* Cases filed (立案, where every penalty starts) ÷ inspectors on the register. */
static const char SQL_PENALTIES_PER_INSPECTOR[] =
    "SELECT (SELECT COUNT(*)" FINDINGS " AND i.agency_id = $1 AND i.ended_ms < $2 AND f.outcome = 4),"
    "       (SELECT COUNT(*) FROM inspector WHERE agency_id = $1)";

/* 职权履行率: penalty powers used ÷ penalty powers on the 权力清单, as the agency counts them: both are
 * dated parameters, because the formula is the province's (R5). */
static const char SQL_POWERS_USED[] =
    "SELECT COALESCE((SELECT CAST(value AS INTEGER) FROM parameter"
    "                  WHERE name = 'penalty_powers_used' AND valid_from <= $1"
    "                    AND (valid_to IS NULL OR valid_to >= $1) AND agency_id = $2), 0),"
    "       COALESCE((SELECT CAST(value AS INTEGER) FROM parameter"
    "                  WHERE name = 'penalty_powers_listed' AND valid_from <= $1"
    "                    AND (valid_to IS NULL OR valid_to >= $1) AND agency_id = $2), 0)";

enum value { AGENCY, VERSION, UNTIL, DAY, MONTHS_OVER, END };

static const struct {
    const char *name;
    const char *sql;
    enum value values[5]; /* of $1, $2 …, ended by END */
} rates[] = {
    {"coverage", SQL_COVERAGE, {AGENCY, VERSION, UNTIL, END}},
    {"visit_completion", SQL_VISIT_COMPLETION, {AGENCY, VERSION, UNTIL, MONTHS_OVER, END}},
    {"frequency_completion", SQL_FREQUENCY, {AGENCY, VERSION, UNTIL, END}},
    {"violations_handled", SQL_VIOLATIONS_HANDLED, {AGENCY, UNTIL, END}},
    {"findings_rectified", SQL_RECTIFIED, {DAY, AGENCY, END}},
    {"recheck_on_time", SQL_RECHECK_ON_TIME, {DAY, AGENCY, END}},
    {"key_inspection_share", SQL_KEY_SHARE, {AGENCY, UNTIL, END}},
    {"double_random_share", SQL_DOUBLE_RANDOM_SHARE, {AGENCY, VERSION, UNTIL, END}},
    {"inspections_per_inspector", SQL_PER_INSPECTOR, {AGENCY, UNTIL, END}},
    {"penalties_per_inspector", SQL_PENALTIES_PER_INSPECTOR, {AGENCY, UNTIL, END}},
    {"powers_exercised", SQL_POWERS_USED, {DAY, AGENCY, END}},
};
enum { RATE_COUNT = sizeof rates / sizeof rates[0] };

static struct jc_value value_of(const struct jc_basis *basis, enum value value) {
    switch (value) {
    case AGENCY:
        return jc_int(basis->agency_id);
    case VERSION:
        return jc_int(basis->version);
    case UNTIL:
        return jc_int(basis->until_ms);
    case DAY:
        return jc_text(basis->as_of_iso);
    case MONTHS_OVER:
        return jc_int(basis->months_over);
    case END:
        break;
    }
    return jc_null();
}

static enum jc_code measure(struct jc_tx *tx, const struct jc_basis *basis, size_t i, Jc__Rate *rate,
                            struct jc_err *err) {
    struct jc_value values[4];
    size_t count = 0;
    while (rates[i].values[count] != END) {
        values[count] = value_of(basis, rates[i].values[count]);
        count++;
    }
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code = jc_tx_query(tx, rates[i].sql, values, count, &rows, err);
    if (code == JC_OK)
        code = jc_rows_next(rows, &found, err);
    if (code == JC_OK && found) {
        jc__rate__init(rate);
        rate->name = (char *)rates[i].name;
        rate->numerator = jc_rows_int64(rows, 0);
        rate->denominator = jc_rows_int64(rows, 1);
    }
    jc_rows_close(rows);
    return code;
}

enum jc_code jc_report_rates(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                             Jc__Rate ***out, size_t *count, struct jc_err *err) {
    struct jc_basis basis;
    enum jc_code code = jc_basis_of(tx, agency_id, as_of, &basis, err);
    if (code != JC_OK)
        return code;
    Jc__Rate *items = JC_NEW_ARRAY(arena, RATE_COUNT, Jc__Rate);
    Jc__Rate **list = JC_NEW_ARRAY(arena, RATE_COUNT, Jc__Rate *);
    if (!items || !list)
        return jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < RATE_COUNT; i++) {
        list[i] = &items[i];
        code = measure(tx, &basis, i, &items[i], err);
    }
    *out = list;
    *count = RATE_COUNT;
    return code;
}
