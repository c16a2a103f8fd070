/* The tables of columns: the format of DESIGN section 10, file by file. The order of columns here is
 * the order of the design's table and of a printed difference. */
#include "plan/case.h"

#include <string.h>

#include "jiancha/v1/registry.pb-c.h"
#include "store/registry.h"
#include "store/workday_line.h"

enum {
    NEEDED = JC_CASE_NEEDED,
    KEY = JC_CASE_KEY | JC_CASE_NEEDED,
    VIEW = JC_CASE_VIEW,
    IN_COLUMN = JC_CASE_IN_COLUMN,
};
#define COUNT_MAX 1000000               /* persons, units, visits of one row */
#define CENTI_MAX INT64_C(100000000000) /* 10^9 workdays: what the optimizer accepts */

/* A column of `type`, `flags`, kept in member `field` of `row`. */
#define AT(row, field) .offset = offsetof(row, field)
#define LIST(row, field) .offset = offsetof(row, field), .count_offset = offsetof(row, n_##field)
#define COL(column, kind, flag, ...) \
    { .name = (column), .type = JC_CASE_##kind, .flags = (flag), .refers = JC_CASE_NO_PART, __VA_ARGS__ }
#define REF(column, kind, flag, part, ...) \
    { .name = (column), .type = JC_CASE_##kind, .flags = (flag), .refers = JC_CASE_##part, __VA_ARGS__ }
#define RANGE(low, high, none) .min = (low), .max = (high), .empty = (none)

static const struct jc_case_column agency_columns[] = {
    COL("agency_id", ID, KEY, AT(Jc__Agency, agency_id)),
    COL("name", TEXT, NEEDED, AT(Jc__Agency, name)),
    COL("level", CHOICE, 0, AT(Jc__Agency, level), .choices = "|province|city|county|town"),
    COL("year", INT, NEEDED, AT(Jc__Agency, year), RANGE(2000, 2100, 0)),
    COL("statutory_days_per_person", INT, 0, AT(Jc__Agency, statutory_days_per_person), RANGE(1, 366, 0)),
    COL("headcount_registered", INT, 0, AT(Jc__Agency, headcount_registered), RANGE(0, COUNT_MAX, -1)),
    COL("headcount_counted", INT, 0, AT(Jc__Agency, headcount_counted), RANGE(0, COUNT_MAX, -1)),
};

static const struct jc_case_column team_columns[] = {
    COL("team_id", ID, KEY, AT(Jc__Team, team_id)),
    COL("name", TEXT, NEEDED, AT(Jc__Team, name)),
    COL("kind", CHOICE, 0, AT(Jc__Team, kind), .choices = "bureau|brigade"),
    COL("headcount", INT, 0, AT(Jc__Team, headcount), RANGE(0, COUNT_MAX, 0)),
    COL("headcount_registered", INT, 0, AT(Jc__Team, headcount_registered), RANGE(0, COUNT_MAX, -1)),
    COL("supervision_workdays", CENTI, 0, AT(Jc__Team, supervision_centi), RANGE(0, CENTI_MAX, -1)),
};

static const struct jc_case_column rule_columns[] = {
    COL("rule_id", ID, KEY, AT(Jc__Rule, rule_id)),
    COL("name", TEXT, 0, AT(Jc__Rule, name)),
    COL("visits_per_year", VISITS, NEEDED),
    COL("windows", WINDOWS, 0, LIST(Jc__Rule, windows), .max = 12),
    COL("min_gap_months", INT, 0, AT(Jc__Rule, min_gap_months), RANGE(0, 12, 0)),
};

static const struct jc_case_column draw_columns[] = {
    COL("draw_id", ID, KEY, AT(Jc__Draw, draw_id)),
    REF("team_id", ID, NEEDED, TEAMS, AT(Jc__Draw, team_id)),
    COL("name", TEXT, 0, AT(Jc__Draw, name)),
    COL("pool_size", INT, 0, AT(Jc__Draw, pool_size), RANGE(0, COUNT_MAX, -1)),
    COL("sample", INT, NEEDED, AT(Jc__Draw, sample), RANGE(0, COUNT_MAX, 0)),
    COL("windows", WINDOWS, 0, LIST(Jc__Draw, windows), .max = COUNT_MAX),
    REF("rule_id", ID, NEEDED, RULES, AT(Jc__Draw, rule_id)),
    COL("persons", INT, NEEDED, AT(Jc__Draw, persons), RANGE(1, 1000, 0)),
    COL("days", HALF_DAYS, NEEDED, AT(Jc__Draw, days_centi), RANGE(50, 36600, 0)),
    COL("method", CHOICE, 0, AT(Jc__Draw, method), .choices = "double_random|random_unit|full_coverage"),
};

static const struct jc_case_column unit_columns[] = {
    COL("unit_id", ID, KEY, AT(Jc__Unit, unit_id)),
    COL("name", TEXT, NEEDED, AT(Jc__Unit, name)),
    COL("aliases", WORDS, 0, LIST(Jc__Unit, aliases)),
    COL("address", TEXT, 0, AT(Jc__Unit, address)),
    COL("district", TEXT, 0, AT(Jc__Unit, district)),
    COL("industry", TEXT, 0, AT(Jc__Unit, industry)),
    COL("category", CHOICE, NEEDED, AT(Jc__Unit, category), .choices = "key|general"),
    COL("key_reasons", WORDS, 0, LIST(Jc__Unit, key_reasons)),
    COL("credit_code", CREDIT_CODE, 0, AT(Jc__Unit, credit_code)),
    COL("hazards", WORDS, 0, LIST(Jc__Unit, hazards)),
    COL("risk", INT, 0, AT(Jc__Unit, risk), RANGE(0, 2, 0)),
    REF("lead_team", IDS, IN_COLUMN, TEAMS, LIST(Jc__Unit, lead_teams), .separator = '|'),
    REF("rule_id", IDS, IN_COLUMN, RULES, LIST(Jc__Unit, rule_ids), .separator = '|'),
    COL("persons", INT, IN_COLUMN, AT(Jc__Unit, persons), RANGE(1, 1000, 0)),
    COL("days", HALF_DAYS, IN_COLUMN, AT(Jc__Unit, days_centi), RANGE(50, 36600, 0)),
    COL("blackout_months", MONTHS, 0, AT(Jc__Unit, blackout_months)),
    COL("preferred_months", MONTHS, 0, AT(Jc__Unit, preferred_months)),
    COL("groups", IDS, 0, LIST(Jc__Unit, groups), .separator = ';'),
    COL("last_visit", YEAR_MONTH, 0, AT(Jc__Unit, last_visit)),
    REF("co_team", CO_TEAM, 0, TEAMS, .separator = ';'),
    REF("co_rule", CO_RULE, 0, RULES, .separator = ';'),
    COL("co_persons", CO_PERSONS, 0, RANGE(1, 1000, 0)),
    COL("co_days", CO_DAYS, 0, RANGE(50, 36600, 0)),
};

static const struct jc_case_column inspector_columns[] = {
    COL("inspector_id", ID, KEY, AT(Jc__Inspector, inspector_id)),
    COL("name", TEXT, NEEDED, AT(Jc__Inspector, name)),
    REF("team_id", ID, NEEDED, TEAMS, AT(Jc__Inspector, team_id)),
    COL("licence_no", TEXT, 0, AT(Jc__Inspector, licence_no)),
    COL("licence_expiry", DATE, 0, AT(Jc__Inspector, licence_expiry)),
    COL("specialities", WORDS, 0, LIST(Jc__Inspector, specialities)),
    REF("recusals", IDS, 0, UNITS, LIST(Jc__Inspector, recusals), .separator = ';'),
};

static const struct jc_case_column quota_columns[] = {
    COL("quota_id", ID, KEY, AT(Jc__Quota, quota_id)),
    REF("team_id", ID, 0, TEAMS, AT(Jc__Quota, team_id)),
    COL("scope", SCOPE, NEEDED),
    COL("months", MONTHS, NEEDED, AT(Jc__Quota, months)),
    COL("counts", CHOICE, NEEDED, AT(Jc__Quota, counts), .choices = "visits|units|remote_visits"),
    COL("min", INT, 0, AT(Jc__Quota, min), RANGE(0, COUNT_MAX, -1)),
    COL("max", INT, 0, AT(Jc__Quota, max), RANGE(0, COUNT_MAX, -1)),
    COL("theme", TEXT, 0, AT(Jc__Quota, theme)),
};

static const struct jc_case_column workday_columns[] = {
    COL("line_id", ID, KEY | VIEW, AT(struct jc_workday_line, line_id)),
    REF("team_id", ID, VIEW, TEAMS, AT(struct jc_workday_line, team_id)),
    COL("bucket", CHOICE, NEEDED | VIEW, AT(struct jc_workday_line, bucket),
        .choices = "statutory|supervision|supervision_key|supervision_general|other_enforcement|non_enforcement"),
    REF("parent_line_id", ID, VIEW, WORKDAYS, AT(struct jc_workday_line, parent_line_id)),
    COL("item", TEXT, VIEW, AT(struct jc_workday_line, item)),
    COL("count", CENTI, 0, AT(struct jc_workday_line, count_centi), RANGE(0, COUNT_MAX *INT64_C(100), -1)),
    COL("persons", CENTI, 0, AT(struct jc_workday_line, persons_centi), RANGE(0, COUNT_MAX *INT64_C(100), -1)),
    COL("days", CENTI, 0, AT(struct jc_workday_line, days_centi), RANGE(0, COUNT_MAX *INT64_C(100), -1)),
    COL("formula", LONG_TEXT, VIEW, AT(struct jc_workday_line, formula)),
    COL("stated_total", CENTI, 0, AT(struct jc_workday_line, stated_centi), RANGE(0, CENTI_MAX, -1)),
};

static const struct jc_case_column budget_columns[] = {
    REF("team_id", ID, KEY | VIEW, TEAMS, AT(struct jc_budget_line, team_id)),
    COL("month", INT, KEY, AT(struct jc_budget_line, month), RANGE(1, 12, 0)),
    COL("workdays", CENTI, NEEDED, AT(struct jc_budget_line, workdays_centi), RANGE(0, CENTI_MAX, 0)),
};

/* Units, rules and teams of last year need not be there any more. */
static const struct jc_case_column previous_columns[] = {
    COL("unit_id", ID, JC_CASE_KEY | VIEW, AT(struct jc_previous_line, unit_id)),
    COL("draw_id", ID, JC_CASE_KEY | VIEW, AT(struct jc_previous_line, draw_id)),
    COL("rule_id", ID, VIEW, AT(struct jc_previous_line, rule_id)),
    COL("month", INT, KEY, AT(struct jc_previous_line, month), RANGE(1, 12, 0)),
    COL("lead_team", ID, VIEW, AT(struct jc_previous_line, lead_team)),
    COL("status", CHOICE, NEEDED | VIEW, AT(struct jc_previous_line, status), .choices = "planned|done|missed"),
};

static const struct jc_case_column checklist_columns[] = {
    COL("checklist_id", ID, KEY | VIEW, AT(struct jc_checklist_line, checklist_id)),
    COL("item_no", INT, KEY, AT(struct jc_checklist_line, item_no), RANGE(1, 100000, 0)),
    COL("text", LONG_TEXT, NEEDED | VIEW, AT(struct jc_checklist_line, text)),
};

static const struct jc_case_column parameter_columns[] = {
    COL("name", ID, KEY | VIEW, AT(struct jc_parameter_line, name)),
    COL("value", DECIMAL, NEEDED | VIEW, AT(struct jc_parameter_line, value)),
    COL("unit", TEXT, NEEDED | VIEW, AT(struct jc_parameter_line, unit)),
    COL("valid_from", DATE, KEY | VIEW, AT(struct jc_parameter_line, valid_from)),
    COL("valid_to", DATE, VIEW, AT(struct jc_parameter_line, valid_to)),
    COL("source", TEXT, VIEW, AT(struct jc_parameter_line, source)),
};

static const struct jc_case_column published_columns[] = {
    COL("metric", ID, KEY | VIEW, AT(struct jc_published_line, metric)),
    COL("value", TEXT, NEEDED | VIEW, AT(struct jc_published_line, value)),
    COL("unit", TEXT, VIEW, AT(struct jc_published_line, unit)),
    COL("source", TEXT, VIEW, AT(struct jc_published_line, source)),
};

/* --- files -------------------------------------------------------------------------------------- */

static void init_agency(void *row) {
    jc__agency__init(row);
}
static void init_team(void *row) {
    jc__team__init(row);
}
static void init_rule(void *row) {
    jc__rule__init(row);
}
static void init_draw(void *row) {
    jc__draw__init(row);
}
static void init_unit(void *row) {
    jc__unit__init(row);
}
static void init_inspector(void *row) {
    jc__inspector__init(row);
}
static void init_quota(void *row) {
    jc__quota__init(row);
}
static void init_plain(void *row) {
    (void)row;
}

#define COLUMNS(table) .columns = (table), .column_count = sizeof(table) / sizeof *(table)

const struct jc_case_file jc_case_files[JC_CASE_PARTS] = {
    [JC_CASE_AGENCY] = {"agency", true, false, false, COLUMNS(agency_columns), sizeof(Jc__Agency), init_agency},
    [JC_CASE_TEAMS] = {"teams", true, true, false, COLUMNS(team_columns), sizeof(Jc__Team), init_team},
    [JC_CASE_RULES] = {"rules", true, true, false, COLUMNS(rule_columns), sizeof(Jc__Rule), init_rule},
    [JC_CASE_DRAWS] = {"draws", false, true, false, COLUMNS(draw_columns), sizeof(Jc__Draw), init_draw},
    [JC_CASE_UNITS] = {"units", true, true, false, COLUMNS(unit_columns), sizeof(Jc__Unit), init_unit},
    [JC_CASE_INSPECTORS] = {"inspectors", false, true, false, COLUMNS(inspector_columns), sizeof(Jc__Inspector),
                            init_inspector},
    [JC_CASE_QUOTAS] = {"quotas", false, true, false, COLUMNS(quota_columns), sizeof(Jc__Quota), init_quota},
    [JC_CASE_WORKDAYS] = {"workdays", false, true, false, COLUMNS(workday_columns), sizeof(struct jc_workday_line),
                          init_plain},
    [JC_CASE_BUDGETS] = {"budgets", false, false, false, COLUMNS(budget_columns), sizeof(struct jc_budget_line),
                         init_plain},
    [JC_CASE_PREVIOUS] = {"previous", false, true, true, COLUMNS(previous_columns), sizeof(struct jc_previous_line),
                          init_plain},
    [JC_CASE_CHECKLISTS] = {"checklists", false, false, false, COLUMNS(checklist_columns),
                            sizeof(struct jc_checklist_line), init_plain},
    [JC_CASE_PARAMETERS] = {"parameters", false, false, false, COLUMNS(parameter_columns),
                            sizeof(struct jc_parameter_line), init_plain},
    [JC_CASE_PUBLISHED] = {"published", false, false, false, COLUMNS(published_columns),
                           sizeof(struct jc_published_line), init_plain},
};

int jc_case_column_find(const struct jc_case_file *file, struct jc_str name) {
    for (size_t i = 0; i < file->column_count; i++)
        if (jc_str_eq(name, jc_str(file->columns[i].name)))
            return (int)i;
    return -1;
}

struct jc_case_row *jc_case_add(struct jc_case *c, enum jc_case_part part) {
    const struct jc_case_file *file = &jc_case_files[part];
    void *data = jc_arena_alloc(c->arena, file->row_size);
    struct jc_case_row *row = data ? JC_PUSH(c->arena, &c->parts[part], struct jc_case_row) : NULL;
    if (!row)
        return NULL;
    file->init(data);
    row->data = data;
    return row;
}
