/* Writing a row's cells by type, in the form case_cell.c reads. */
#include "plan/case.h"

static const void *field_in(const void *row, size_t offset) {
    return (const char *)row + offset;
}

static void write_months(uint32_t mask, struct jc_buf *out) {
    bool first = true;
    for (int month = 1; month <= 12; month++) {
        if (!(mask >> (month - 1) & 1))
            continue;
        int last = month;
        while (last < 12 && mask >> last & 1)
            last++;
        jc_buf_printf(out, "%s%d", first ? "" : ";", month);
        if (last > month)
            jc_buf_printf(out, "-%d", last);
        first = false;
        month = last;
    }
}

void jc_case_write_windows(size_t count, Jc__TimeWindow *const *windows, struct jc_buf *out) {
    for (size_t i = 0; i < count; i++) {
        if (i)
            jc_buf_char(out, ';');
        write_months(windows[i]->months, out);
        jc_buf_printf(out, ":%d", windows[i]->min);
        if (windows[i]->max != windows[i]->min)
            jc_buf_printf(out, "-%d", windows[i]->max);
    }
}

static void write_list(size_t count, char *const *items, char separator, struct jc_buf *out) {
    for (size_t i = 0; i < count; i++) {
        if (i)
            jc_buf_char(out, separator);
        jc_buf_add(out, jc_str(items[i]));
    }
}

static void write_joints(const struct jc_case_column *column, const Jc__Unit *unit, struct jc_buf *out) {
    for (size_t i = 0; i < unit->n_joints; i++) {
        const Jc__JointVisit *joint = unit->joints[i];
        if (i)
            jc_buf_char(out, ';');
        if (column->type == JC_CASE_CO_TEAM)
            jc_buf_add(out, jc_str(joint->team_id));
        else if (column->type == JC_CASE_CO_RULE)
            jc_buf_add(out, jc_str(joint->rule_id));
        else if (column->type == JC_CASE_CO_PERSONS)
            jc_buf_printf(out, "%d", joint->persons);
        else
            jc_buf_centi(out, joint->days_centi);
    }
}

static void write_visits(const Jc__Rule *rule, struct jc_buf *out) {
    if (rule->cycle_years > 1)
        jc_buf_add(out, rule->cycle_years == 2 ? JC_STR("0.5") : JC_STR("0.33"));
    else
        jc_buf_printf(out, "%d", rule->visits);
}

static void write_scope(const Jc__Quota *quota, struct jc_buf *out) {
    jc_buf_printf(out, "%s:", quota->scope_kind);
    write_list(quota->n_scope_ids, quota->scope_ids, '|', out);
}

static void write_number(const struct jc_case_column *column, const void *field, struct jc_buf *out) {
    int64_t number = column->type == JC_CASE_CENTI ? *(const int64_t *)field : *(const int32_t *)field;
    if (number == column->empty)
        return;
    if (column->type == JC_CASE_INT)
        jc_buf_printf(out, "%lld", (long long)number);
    else
        jc_buf_centi(out, number);
}

void jc_case_write_cell(const struct jc_case_column *column, const void *row, struct jc_buf *out) {
    const void *field = field_in(row, column->offset);
    const size_t *count = field_in(row, column->count_offset);
    switch (column->type) {
    case JC_CASE_TEXT:
    case JC_CASE_LONG_TEXT:
    case JC_CASE_ID:
    case JC_CASE_CHOICE:
    case JC_CASE_DATE:
    case JC_CASE_YEAR_MONTH:
    case JC_CASE_DECIMAL:
    case JC_CASE_CREDIT_CODE:
        jc_buf_add(out,
                   column->flags & JC_CASE_VIEW ? *(const struct jc_str *)field : jc_str(*(const char *const *)field));
        return;
    case JC_CASE_INT:
    case JC_CASE_CENTI:
    case JC_CASE_HALF_DAYS:
        write_number(column, field, out);
        return;
    case JC_CASE_MONTHS:
        write_months(*(const uint32_t *)field, out);
        return;
    case JC_CASE_WINDOWS:
        jc_case_write_windows(*count, *(Jc__TimeWindow * *const *)field, out);
        return;
    case JC_CASE_WORDS:
    case JC_CASE_IDS:
        write_list(*count, *(char **const *)field, column->type == JC_CASE_IDS ? column->separator : ';', out);
        return;
    case JC_CASE_VISITS:
        write_visits(row, out);
        return;
    case JC_CASE_SCOPE:
        write_scope(row, out);
        return;
    case JC_CASE_CO_TEAM:
    case JC_CASE_CO_RULE:
    case JC_CASE_CO_PERSONS:
    case JC_CASE_CO_DAYS:
        write_joints(column, row, out);
        return;
    }
}

void jc_case_write_key(enum jc_case_part part, const void *row, struct jc_buf *out) {
    const struct jc_case_file *file = &jc_case_files[part];
    bool first = true;
    for (size_t i = 0; i < file->column_count; i++) {
        if (!(file->columns[i].flags & JC_CASE_KEY))
            continue;
        if (!first)
            jc_buf_char(out, '/');
        jc_case_write_cell(&file->columns[i], row, out);
        first = false;
    }
}
