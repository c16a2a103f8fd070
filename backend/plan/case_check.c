/* Checks run file by file over the typed rows. Look-ups are hash indexes, one per file that others refer
 * to. Units alike in rules, blackout and joint visits share the answer whether any months suit them, so
 * 100,000 units cost a few hundred enumerations. */
#include "plan/case_check.h"

#include <string.h>

#include "jiancha/v1/registry.pb-c.h"
#include "model/pattern.h"
#include "plan/case_read.h"
#include "plan/register.h"
#include "store/registry.h"
#include "store/workday_line.h"

struct check {
    const struct jc_case *c;
    struct jc_diags *diags;
    struct jc_index *ids[JC_CASE_PARTS]; /* key -> row + 1 */
    struct jc_index *groups;             /* groups of units */
    struct jc_index *possible;           /* kind of unit -> POSSIBLE_… */
    struct jc_str files[JC_CASE_PARTS];  /* "units.csv" */
    bool *unreachable;                   /* by rule: no months can satisfy it */
    bool memory;                         /* ended */
    int year;
};

/* An error or a warning at a cell of a row. */
#define WRONG(check, part, row, cell, ...)                                                                     \
    jc_diags_error((check)->diags, (check)->files[part], (row)->places[cell].line, (row)->places[cell].column, \
                   __VA_ARGS__)
#define WARN(check, part, row, cell, ...)                                                                        \
    jc_diags_warning((check)->diags, (check)->files[part], (row)->places[cell].line, (row)->places[cell].column, \
                     __VA_ARGS__)

static bool is_bad(const struct jc_case_row *row, int column) {
    return row->bad >> column & 1;
}

/* The key of a row as a text of the arena. */
static struct jc_str key_of(struct check *check, enum jc_case_part part, const struct jc_case_row *row) {
    struct jc_buf buf;
    jc_buf_init(&buf, 4096);
    jc_case_write_key(part, row->data, &buf);
    struct jc_str key = jc_arena_copy(check->c->arena, jc_buf_str(&buf));
    check->memory |= buf.failed || !key.ptr;
    jc_buf_free(&buf);
    return key;
}

/* --- identifiers -------------------------------------------------------------------------------- */

/* The columns that name a row could all be read. */
static bool key_is_good(enum jc_case_part part, const struct jc_case_row *row) {
    const struct jc_case_file *file = &jc_case_files[part];
    for (size_t i = 0; i < file->column_count; i++)
        if ((file->columns[i].flags & JC_CASE_KEY) && is_bad(row, (int)i))
            return false;
    return true;
}

static void check_keys(struct check *check, enum jc_case_part part) {
    const struct jc_case_rows *rows = &check->c->parts[part];
    struct jc_index *index = check->ids[part] = jc_index_new(check->c->arena, rows->count);
    check->memory |= !index;
    for (size_t i = 0; i < rows->count && !check->memory; i++) {
        const struct jc_case_row *row = &rows->items[i];
        bool is_new = true;
        if (!key_is_good(part, row))
            continue;
        struct jc_str key = key_of(check, part, row);
        int64_t *first = check->memory ? NULL : jc_index_at(index, key, &is_new);
        if (!first) {
            check->memory = true;
        } else if (is_new) {
            *first = (int64_t)i + 1;
        } else if (!jc_case_files[part].repeats) {
            char line[JC_NUMBER_TEXT];
            WRONG(check, part, row, 0, JC_MSG_CASE_DUPLICATE, key,
                  jc_str_from_int64(rows->items[*first - 1].places[0].line, line));
        }
    }
}

/* --- references --------------------------------------------------------------------------------- */

/* A slip near one of few names is worth a suggestion. */
static struct jc_str suggest(struct check *check, enum jc_case_part part, struct jc_str id) {
    enum { FEW = 500 };
    const struct jc_case_rows *rows = &check->c->parts[part];
    struct jc_str names[FEW];
    size_t count = 0;
    for (size_t i = 0; i < rows->count && count < FEW; i++)
        names[count++] = key_of(check, part, &rows->items[i]);
    return jc_case_nearest(id, names, check->memory ? 0 : count);
}

static void check_one(struct check *check, enum jc_case_part part, const struct jc_case_row *row, int column,
                      struct jc_str id, enum jc_case_part target) {
    if (id.len == 0 || check->c->parts[target].broken || jc_index_find(check->ids[target], id, 0))
        return;
    struct jc_str nearest = suggest(check, target, id);
    if (nearest.len)
        WRONG(check, part, row, column, JC_MSG_CASE_REFERENCE_NEAR, id, check->files[target], nearest);
    else
        WRONG(check, part, row, column, JC_MSG_CASE_REFERENCE, id, check->files[target]);
}

static void check_joint_references(struct check *check, const struct jc_case_row *row, int column,
                                   const struct jc_case_column *described) {
    const Jc__Unit *unit = row->data;
    for (size_t i = 0; i < unit->n_joints; i++) {
        bool team = described->type == JC_CASE_CO_TEAM;
        const char *id = team ? unit->joints[i]->team_id : unit->joints[i]->rule_id;
        check_one(check, JC_CASE_UNITS, row, column, jc_str(id), described->refers);
    }
}

static void check_references(struct check *check, enum jc_case_part part) {
    const struct jc_case_file *file = &jc_case_files[part];
    const struct jc_case_rows *rows = &check->c->parts[part];
    for (size_t i = 0; i < rows->count; i++)
        for (size_t c = 0; c < file->column_count && !check->memory; c++) {
            const struct jc_case_column *column = &file->columns[c];
            const struct jc_case_row *row = &rows->items[i];
            const char *data = row->data;
            if (column->refers == JC_CASE_NO_PART || is_bad(row, (int)c))
                continue;
            if (column->type == JC_CASE_CO_TEAM || column->type == JC_CASE_CO_RULE) {
                check_joint_references(check, row, (int)c, column);
            } else if (column->type == JC_CASE_IDS) {
                size_t count = *(const size_t *)(const void *)(data + column->count_offset);
                char *const *ids = *(char **const *)(const void *)(data + column->offset);
                for (size_t k = 0; k < count; k++)
                    check_one(check, part, row, (int)c, jc_str(ids[k]), column->refers);
            } else {
                const void *field = data + column->offset;
                struct jc_str id =
                    column->flags & JC_CASE_VIEW ? *(const struct jc_str *)field : jc_str(*(const char *const *)field);
                check_one(check, part, row, (int)c, id, column->refers);
            }
        }
}

/* --- rules and draws ------------------------------------------------------------------------------ */

static struct jc_pattern_rule pattern_of(const Jc__Rule *rule, uint32_t blackout) {
    return (struct jc_pattern_rule){.windows = rule->windows,
                                    .n_windows = rule->n_windows,
                                    .visits = rule->visits,
                                    .gap = rule->min_gap_months,
                                    .blackout = blackout};
}

static void check_rule(struct check *check, const struct jc_case_row *row) {
    const Jc__Rule *rule = row->data;
    uint16_t masks[JC_PATTERNS_MAX];
    char visits[JC_NUMBER_TEXT], gap[JC_NUMBER_TEXT];
    if (is_bad(row, JC_RULE_VISITS) || is_bad(row, JC_RULE_WINDOWS) || is_bad(row, JC_RULE_GAP))
        return;
    struct jc_pattern_rule pattern = pattern_of(rule, 0);
    if (jc_pattern_list(&pattern, masks) > 0)
        return;
    int column = rule->n_windows ? JC_RULE_WINDOWS : JC_RULE_GAP;
    check->unreachable[row - check->c->parts[JC_CASE_RULES].items] = true;
    WRONG(check, JC_CASE_RULES, row, column, JC_MSG_CASE_RULE_UNREACHABLE, jc_str(rule->rule_id),
          jc_str_from_int64(rule->visits, visits), jc_str_from_int64(rule->min_gap_months, gap));
}

static void check_persons(struct check *check, enum jc_case_part part, const struct jc_case_row *row, int column,
                          int persons) {
    if (persons == 1 && !is_bad(row, column))
        WARN(check, part, row, column, JC_MSG_CASE_ONE_PERSON);
}

static void check_draw(struct check *check, const struct jc_case_row *row) {
    const Jc__Draw *draw = row->data;
    int64_t least = 0, most = 0;
    char sample[JC_NUMBER_TEXT], other[JC_NUMBER_TEXT];
    check_persons(check, JC_CASE_DRAWS, row, JC_DRAW_PERSONS, draw->persons);
    if (is_bad(row, JC_DRAW_SAMPLE))
        return;
    jc_str_from_int64(draw->sample, sample);
    for (size_t i = 0; i < draw->n_windows; i++) {
        least += draw->windows[i]->min;
        most += draw->windows[i]->max;
    }
    if (draw->n_windows && !is_bad(row, JC_DRAW_WINDOWS) && (draw->sample < least || draw->sample > most))
        WRONG(check, JC_CASE_DRAWS, row, JC_DRAW_WINDOWS, JC_MSG_CASE_DRAW_WINDOWS, jc_str(sample));
    if (is_bad(row, JC_DRAW_POOL) || draw->pool_size < 0)
        return;
    jc_str_from_int64(draw->pool_size, other);
    if (draw->sample > draw->pool_size)
        WRONG(check, JC_CASE_DRAWS, row, JC_DRAW_SAMPLE, JC_MSG_CASE_DRAW_POOL, jc_str(sample), jc_str(other));
    else if (strcmp(draw->method, "full_coverage") == 0 && draw->sample != draw->pool_size)
        WARN(check, JC_CASE_DRAWS, row, JC_DRAW_SAMPLE, JC_MSG_CASE_DRAW_FULL, jc_str(sample), jc_str(other));
}

/* --- units ---------------------------------------------------------------------------------------- */

enum { POSSIBLE_NO = 1, POSSIBLE_YES };

/* The rule, if it is there and makes sense. */
static const Jc__Rule *find_rule(const struct check *check, const char *rule_id) {
    int64_t row = jc_index_find(check->ids[JC_CASE_RULES], jc_str(rule_id), 0);
    if (row && check->unreachable[row - 1])
        return NULL;
    const struct jc_case_row *found = row ? &check->c->parts[JC_CASE_RULES].items[row - 1] : NULL;
    return found && !found->bad ? found->data : NULL;
}

/* Some joint pattern lies inside the lead's months. */
static bool joins(const struct check *check, const Jc__Unit *unit, const Jc__JointVisit *joint, uint16_t lead) {
    uint16_t masks[JC_PATTERNS_MAX];
    const Jc__Rule *rule = find_rule(check, joint->rule_id);
    if (!rule || jc_rule_due(rule, unit, check->year) == 0)
        return true;
    struct jc_pattern_rule pattern = pattern_of(rule, unit->blackout_months);
    size_t count = jc_pattern_list(&pattern, masks);
    for (size_t i = 0; i < count; i++)
        if ((masks[i] & ~lead) == 0)
            return true;
    return false;
}

/* Does the rule leave the unit any months, joint visits included? */
static bool has_months(const struct check *check, const Jc__Unit *unit, const Jc__Rule *rule) {
    uint16_t masks[JC_PATTERNS_MAX];
    struct jc_pattern_rule pattern = pattern_of(rule, unit->blackout_months);
    size_t count = jc_pattern_list(&pattern, masks);
    for (size_t i = 0; i < count; i++) {
        bool all = true;
        for (size_t k = 0; k < unit->n_joints && all; k++)
            all = joins(check, unit, unit->joints[k], masks[i]);
        if (all)
            return true;
    }
    return false;
}

/* The same, remembered for units of the same kind. */
static bool is_possible(struct check *check, const Jc__Unit *unit, const Jc__Rule *rule) {
    struct jc_buf kind;
    jc_buf_init(&kind, 16384);
    jc_buf_printf(&kind, "%s;%x", rule->rule_id, unit->blackout_months);
    for (size_t i = 0; i < unit->n_joints; i++) {
        const Jc__Rule *joint = find_rule(check, unit->joints[i]->rule_id);
        jc_buf_printf(&kind, ";%s;%d", unit->joints[i]->rule_id, joint ? jc_rule_due(joint, unit, check->year) : 0);
    }
    int64_t known = jc_index_find(check->possible, jc_buf_str(&kind), 0);
    if (!known) {
        known = has_months(check, unit, rule) ? POSSIBLE_YES : POSSIBLE_NO;
        struct jc_str key = jc_arena_copy(check->c->arena, jc_buf_str(&kind));
        int64_t *place = key.ptr ? jc_index_at(check->possible, key, NULL) : NULL;
        if (place)
            *place = known;
        check->memory |= !place;
    }
    check->memory |= kind.failed;
    jc_buf_free(&kind);
    return known == POSSIBLE_YES;
}

static void check_months(struct check *check, const struct jc_case_row *row) {
    const Jc__Unit *unit = row->data;
    const char *refused = NULL;
    size_t due = 0, possible = 0;
    if (is_bad(row, JC_UNIT_RULE) || is_bad(row, JC_UNIT_BLACKOUT) || is_bad(row, JC_UNIT_LAST_VISIT) ||
        is_bad(row, JC_UNIT_CO_RULE))
        return;
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        const Jc__Rule *rule = find_rule(check, unit->rule_ids[i]);
        if (!rule)
            return; /* told already */
        if (jc_rule_due(rule, unit, check->year) == 0)
            continue;
        due++;
        if (is_possible(check, unit, rule))
            possible++;
        else
            refused = unit->rule_ids[i];
    }
    int column = unit->blackout_months ? JC_UNIT_BLACKOUT : unit->n_joints ? JC_UNIT_CO_RULE : JC_UNIT_RULE;
    if (due && !possible)
        WRONG(check, JC_CASE_UNITS, row, column, JC_MSG_CASE_UNIT_IMPOSSIBLE, jc_str(unit->unit_id), jc_str(refused));
    else if (refused)
        WARN(check, JC_CASE_UNITS, row, column, JC_MSG_CASE_UNIT_ALTERNATIVE, jc_str(unit->unit_id), jc_str(refused));
}

static void check_joints(struct check *check, const struct jc_case_row *row) {
    const Jc__Unit *unit = row->data;
    for (size_t i = 0; i < unit->n_joints; i++) {
        struct jc_str team = jc_str(unit->joints[i]->team_id);
        if (unit->n_lead_teams == 1 && jc_str_eq(team, jc_str(unit->lead_teams[0])))
            WRONG(check, JC_CASE_UNITS, row, JC_UNIT_CO_TEAM, JC_MSG_CASE_JOINT_IS_LEAD, team);
        check_persons(check, JC_CASE_UNITS, row, JC_UNIT_CO_PERSONS, unit->joints[i]->persons);
    }
    if (unit->n_joints && unit->n_rule_ids == 0)
        WRONG(check, JC_CASE_UNITS, row, JC_UNIT_CO_TEAM, JC_MSG_CASE_JOINT_ALONE);
}

static void check_unit(struct check *check, const struct jc_case_row *row) {
    const Jc__Unit *unit = row->data;
    if (unit->n_rule_ids) {
        if (unit->n_lead_teams == 0 && !is_bad(row, JC_UNIT_LEAD_TEAM))
            WRONG(check, JC_CASE_UNITS, row, JC_UNIT_LEAD_TEAM, JC_MSG_CASE_NEEDED_BY_RULE, JC_STR("lead_team"));
        if (unit->persons == 0 && !is_bad(row, JC_UNIT_PERSONS))
            WRONG(check, JC_CASE_UNITS, row, JC_UNIT_PERSONS, JC_MSG_CASE_NEEDED_BY_RULE, JC_STR("persons"));
        if (unit->days_centi == 0 && !is_bad(row, JC_UNIT_DAYS))
            WRONG(check, JC_CASE_UNITS, row, JC_UNIT_DAYS, JC_MSG_CASE_NEEDED_BY_RULE, JC_STR("days"));
    }
    check_persons(check, JC_CASE_UNITS, row, JC_UNIT_PERSONS, unit->persons);
    check_joints(check, row);
    check_months(check, row);
}

static void collect_groups(struct check *check) {
    const struct jc_case_rows *units = &check->c->parts[JC_CASE_UNITS];
    check->groups = jc_index_new(check->c->arena, 0);
    check->memory |= !check->groups;
    for (size_t i = 0; i < units->count && !check->memory; i++) {
        const Jc__Unit *unit = units->items[i].data;
        for (size_t k = 0; k < unit->n_groups; k++) {
            int64_t *place = jc_index_at(check->groups, jc_str(unit->groups[k]), NULL);
            if (place)
                *place = 1;
            check->memory |= !place;
        }
    }
}

/* --- quotas --------------------------------------------------------------------------------------- */

static void check_scope(struct check *check, const struct jc_case_row *row) {
    const Jc__Quota *quota = row->data;
    for (size_t i = 0; i < quota->n_scope_ids; i++) {
        struct jc_str id = jc_str(quota->scope_ids[i]);
        if (strcmp(quota->scope_kind, "rule") == 0)
            check_one(check, JC_CASE_QUOTAS, row, JC_QUOTA_SCOPE, id, JC_CASE_RULES);
        else if (strcmp(quota->scope_kind, "draw") == 0)
            check_one(check, JC_CASE_QUOTAS, row, JC_QUOTA_SCOPE, id, JC_CASE_DRAWS);
        else if (!check->c->parts[JC_CASE_UNITS].broken && !jc_index_find(check->groups, id, 0))
            WRONG(check, JC_CASE_QUOTAS, row, JC_QUOTA_SCOPE, JC_MSG_CASE_GROUP_UNKNOWN, id);
    }
}

static void check_quota(struct check *check, const struct jc_case_row *row) {
    const Jc__Quota *quota = row->data;
    if (!is_bad(row, JC_QUOTA_SCOPE)) {
        check_scope(check, row);
        if (strcmp(quota->counts, "units") == 0 && strcmp(quota->scope_kind, "rule") != 0)
            WRONG(check, JC_CASE_QUOTAS, row, JC_QUOTA_COUNTS, JC_MSG_CASE_QUOTA_UNITS);
    }
    if (is_bad(row, JC_QUOTA_MIN) || is_bad(row, JC_QUOTA_MAX))
        return;
    if (quota->max >= 0 && quota->min > quota->max)
        WRONG(check, JC_CASE_QUOTAS, row, JC_QUOTA_MIN, JC_MSG_CASE_QUOTA_BOUNDS);
    if (quota->min < 0 && quota->max < 0)
        WARN(check, JC_CASE_QUOTAS, row, JC_QUOTA_MIN, JC_MSG_CASE_QUOTA_EMPTY);
}

/* --- workday lines, parameters, previous ------------------------------------------------------------ */

/* A line whose parents lead back to itself. Every step goes one parent up, so a walk longer than the
 * list is a circle; `seen` stops walks at lines known to end. */
static void check_circles(struct check *check) {
    const struct jc_case_rows *rows = &check->c->parts[JC_CASE_WORKDAYS];
    size_t *walk = JC_NEW_ARRAY(check->c->arena, rows->count, size_t); /* row -> number of the walk, 0: none */
    check->memory |= !walk;
    for (size_t i = 0; i < rows->count && !check->memory; i++) {
        size_t at = i;
        while (!walk[at]) {
            walk[at] = i + 1;
            const struct jc_workday_line *line = rows->items[at].data;
            int64_t parent = jc_index_find(check->ids[JC_CASE_WORKDAYS], line->parent_line_id, 0);
            if (!line->parent_line_id.len || !parent)
                break;
            at = (size_t)parent - 1;
            if (walk[at] == i + 1) {
                WRONG(check, JC_CASE_WORKDAYS, &rows->items[at], JC_WORKDAY_PARENT, JC_MSG_CASE_CIRCLE,
                      ((const struct jc_workday_line *)rows->items[at].data)->line_id);
                break;
            }
        }
    }
}

/* Three factors of a line must have a product that can be told. */
static void check_product(struct check *check, const struct jc_case_row *row) {
    const struct jc_workday_line *line = row->data;
    __int128 product = 1;
    const int64_t factors[] = {line->count_centi, line->persons_centi, line->days_centi};
    for (int i = 0; i < 3; i++)
        product *= factors[i] < 0 ? 100 : factors[i];
    if (product > INT64_C(1000000000) * 1000000)
        WRONG(check, JC_CASE_WORKDAYS, row, JC_WORKDAY_COUNT, JC_MSG_CASE_PRODUCT);
}

static void check_periods(struct check *check) {
    const struct jc_case_rows *rows = &check->c->parts[JC_CASE_PARAMETERS];
    for (size_t i = 0; i < rows->count; i++) {
        const struct jc_case_row *row = &rows->items[i];
        const struct jc_parameter_line *line = row->data;
        if (is_bad(row, JC_PARAMETER_FROM) || is_bad(row, JC_PARAMETER_TO))
            continue;
        if (line->valid_to.len && jc_str_cmp(line->valid_to, line->valid_from) < 0)
            WRONG(check, JC_CASE_PARAMETERS, row, JC_PARAMETER_TO, JC_MSG_CASE_PERIOD_BACKWARDS);
        for (size_t k = 0; k < i; k++) {
            const struct jc_parameter_line *other = rows->items[k].data;
            bool apart = (other->valid_to.len && jc_str_cmp(other->valid_to, line->valid_from) < 0) ||
                         (line->valid_to.len && jc_str_cmp(line->valid_to, other->valid_from) < 0);
            if (apart || rows->items[k].bad || !jc_str_eq(line->name, other->name) ||
                jc_str_eq(line->valid_from, other->valid_from))
                continue;
            char number[JC_NUMBER_TEXT];
            WRONG(check, JC_CASE_PARAMETERS, row, JC_PARAMETER_FROM, JC_MSG_CASE_PERIOD_OVERLAP, line->name,
                  jc_str_from_int64(rows->items[k].places[0].line, number));
        }
    }
}

static void check_previous(struct check *check, const struct jc_case_row *row) {
    const struct jc_previous_line *line = row->data;
    if (!is_bad(row, 0) && !is_bad(row, 1) && !line->unit_id.len && !line->draw_id.len)
        WRONG(check, JC_CASE_PREVIOUS, row, JC_PREVIOUS_UNIT, JC_MSG_CASE_PREVIOUS_EMPTY);
}

/* --- all -------------------------------------------------------------------------------------------- */

static void each_row(struct check *check, enum jc_case_part part,
                     void (*run)(struct check *check, const struct jc_case_row *row)) {
    const struct jc_case_rows *rows = &check->c->parts[part];
    for (size_t i = 0; i < rows->count && !check->memory; i++)
        run(check, &rows->items[i]);
}

static void check_agency(struct check *check) {
    const struct jc_case_rows *rows = &check->c->parts[JC_CASE_AGENCY];
    char count[JC_NUMBER_TEXT];
    if (rows->count > 1)
        WRONG(check, JC_CASE_AGENCY, &rows->items[1], 0, JC_MSG_CASE_AGENCY_ROWS,
              jc_str_from_int64((int64_t)rows->count, count));
    else if (rows->count == 0 && !rows->broken)
        jc_diags_error(check->diags, check->files[JC_CASE_AGENCY], 2, 1, JC_MSG_CASE_AGENCY_ROWS, JC_STR("0"));
    if (rows->count)
        check->year = ((const Jc__Agency *)rows->items[0].data)->year;
}

enum jc_code jc_case_check(const struct jc_case *c, struct jc_diags *diags, struct jc_err *err) {
    struct check check = {.c = c, .diags = diags, .possible = jc_index_new(c->arena, 0)};
    check.unreachable = JC_NEW_ARRAY(c->arena, c->parts[JC_CASE_RULES].count, bool);
    check.memory = !check.possible || !check.unreachable;
    for (int part = 0; part < JC_CASE_PARTS; part++) {
        check.files[part] = jc_arena_printf(c->arena, "%s.csv", jc_case_files[part].name);
        check.memory |= !check.files[part].ptr;
    }
    for (int part = 0; part < JC_CASE_PARTS && !check.memory; part++)
        check_keys(&check, (enum jc_case_part)part);
    for (int part = 0; part < JC_CASE_PARTS && !check.memory; part++)
        check_references(&check, (enum jc_case_part)part);
    if (!check.memory) {
        check_agency(&check);
        collect_groups(&check);
        each_row(&check, JC_CASE_RULES, check_rule);
        each_row(&check, JC_CASE_DRAWS, check_draw);
        each_row(&check, JC_CASE_UNITS, check_unit);
        each_row(&check, JC_CASE_QUOTAS, check_quota);
        each_row(&check, JC_CASE_WORKDAYS, check_product);
        each_row(&check, JC_CASE_PREVIOUS, check_previous);
    }
    if (!check.memory) {
        check_circles(&check);
        check_periods(&check);
    }
    return check.memory || diags->failed ? jc_fail_memory(err) : JC_OK;
}
