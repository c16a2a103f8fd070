/* Reading cells by type into a row. Reading never guesses: whatever is not exactly of the expected form is
 * refused with what was expected. The text of an error names the cell's own content, its place is the
 * reader's. case_cell_write.c writes them back. */
#include <string.h>

#include "base/clock.h"
#include "jiancha/v1/registry.pb-c.h"
#include "plan/case.h"
#include "plan/credit_code.h"

enum { ID_MAX = 64, LIST_MAX = 200 };

#define REFUSE(reader, ...) \
    (jc_diags_error((reader)->diags, (reader)->file, (reader)->place.line, (reader)->place.column, __VA_ARGS__), false)

static void *field_of(void *row, size_t offset) {
    return (char *)row + offset;
}

/* --- texts -------------------------------------------------------------------------------------- */

static bool has_control(struct jc_str text, bool lines) {
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if ((c < 0x20 && !(lines && (c == '\n' || c == '\t' || c == '\r'))) || c == 0x7f)
            return true;
    }
    return false;
}

/* Keeps a NUL-terminated copy. */
static bool keep_text(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str text,
                      void *row) {
    struct jc_str copy = text.len ? jc_arena_copy(reader->arena, text) : JC_STR("");
    if (!copy.ptr) {
        reader->memory = true;
        return false;
    }
    if (column->flags & JC_CASE_VIEW)
        *(struct jc_str *)field_of(row, column->offset) = copy;
    else
        *(char **)field_of(row, column->offset) = (char *)copy.ptr;
    return true;
}

static bool check_id(struct jc_case_reader *reader, struct jc_str id) {
    bool bad = id.len == 0 || id.len > ID_MAX || has_control(id, false);
    for (size_t i = 0; i < id.len && !bad; i++)
        bad = id.ptr[i] == ';' || id.ptr[i] == '|';
    return !bad || REFUSE(reader, JC_MSG_CASE_ID_BAD, id);
}

static bool is_choice(const char *choices, struct jc_str cell) {
    struct jc_str rest = jc_str(choices), choice;
    while (jc_str_cut(&rest, '|', &choice))
        if (choice.len && jc_str_eq(choice, cell))
            return true;
    return false;
}

static bool read_choice(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                        void *row) {
    struct jc_str rest = jc_str(column->choices), first;
    if (cell.len == 0) {
        jc_str_cut(&rest, '|', &first);
        return keep_text(reader, column, first, row);
    }
    if (is_choice(column->choices, cell))
        return keep_text(reader, column, cell, row);
    keep_text(reader, column, JC_STR(""), row);
    char list[200];
    size_t len = 0;
    const char *choices = column->choices[0] == '|' ? column->choices + 1 : column->choices;
    for (const char *c = choices; *c && len + 2 < sizeof list; c++) {
        list[len++] = *c == '|' ? ',' : *c;
        if (*c == '|')
            list[len++] = ' ';
    }
    return REFUSE(reader, JC_MSG_CASE_CHOICE_BAD, cell, ((struct jc_str){list, len}));
}

static bool read_date(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                      void *row) {
    struct jc_date date;
    if (cell.len && !jc_date_parse(cell, &date))
        return REFUSE(reader, JC_MSG_CASE_DATE_BAD, cell);
    return keep_text(reader, column, cell, row);
}

static bool read_year_month(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                            void *row) {
    char day[16];
    struct jc_date date;
    if (cell.len) {
        bool good = cell.len == 7;
        if (good) {
            memcpy(day, cell.ptr, 7);
            memcpy(day + 7, "-01", 3);
            good = jc_date_parse((struct jc_str){day, 10}, &date);
        }
        if (!good)
            return REFUSE(reader, JC_MSG_CASE_YEAR_MONTH_BAD, cell);
    }
    return keep_text(reader, column, cell, row);
}

static bool read_decimal(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                         void *row) {
    int64_t centi;
    if (cell.len && (!jc_str_to_centi(cell, &centi) || centi < 0))
        return REFUSE(reader, JC_MSG_CASE_DECIMAL_BAD, cell);
    return keep_text(reader, column, cell, row);
}

static bool read_credit_code(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                             void *row) {
    size_t at = 0;
    char expected[2] = "", length[JC_NUMBER_TEXT];
    if (cell.len)
        switch (jc_credit_code_check(cell, &at, expected)) {
        case JC_CREDIT_OK:
            break;
        case JC_CREDIT_LENGTH:
            return REFUSE(reader, JC_MSG_CASE_CREDIT_LENGTH, cell, jc_str_from_int64((int64_t)cell.len, length));
        case JC_CREDIT_CHARACTER:
            return REFUSE(reader, JC_MSG_CASE_CREDIT_CHARACTER, cell, jc_str_from_int64((int64_t)at + 1, length));
        case JC_CREDIT_CHECK:
            return REFUSE(reader, JC_MSG_CASE_CREDIT_CHECK, cell, ((struct jc_str){expected, 1}));
        }
    return keep_text(reader, column, cell, row);
}

/* --- numbers ------------------------------------------------------------------------------------ */

static bool parse_int(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                      int64_t *out) {
    char low[JC_NUMBER_TEXT], high[JC_NUMBER_TEXT];
    if (!jc_str_to_int64(cell, out) || *out < column->min || *out > column->max)
        return REFUSE(reader, JC_MSG_CASE_INT_BAD, cell, jc_str_from_int64(column->min, low),
                      jc_str_from_int64(column->max, high));
    return true;
}

static bool parse_half_days(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                            int64_t *out) {
    char low[JC_NUMBER_TEXT], high[JC_NUMBER_TEXT];
    if (!jc_str_to_centi(cell, out) || *out < column->min || *out > column->max || *out % 50 != 0)
        return REFUSE(reader, JC_MSG_CASE_HALF_DAYS_BAD, cell, jc_str_from_centi(column->min, low),
                      jc_str_from_centi(column->max, high));
    return true;
}

static bool read_int(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                     void *row) {
    int64_t number = column->empty;
    bool good = cell.len == 0 || parse_int(reader, column, cell, &number);
    *(int32_t *)field_of(row, column->offset) = (int32_t)(good ? number : column->empty);
    return good;
}

static bool read_half_days(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                           void *row) {
    int64_t centi = column->empty;
    bool good = cell.len == 0 || parse_half_days(reader, column, cell, &centi);
    *(int32_t *)field_of(row, column->offset) = (int32_t)(good ? centi : column->empty);
    return good;
}

static bool read_centi(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                       void *row) {
    int64_t centi = column->empty;
    char low[JC_NUMBER_TEXT], high[JC_NUMBER_TEXT];
    bool good = cell.len == 0 || (jc_str_to_centi(cell, &centi) && centi >= column->min && centi <= column->max) ||
                REFUSE(reader, JC_MSG_CASE_CENTI_BAD, cell, jc_str_from_centi(column->min, low),
                       jc_str_from_centi(column->max, high));
    *(int64_t *)field_of(row, column->offset) = good ? centi : column->empty;
    return good;
}

/* 1-12 visits a year, or one in 2 or 3 years. */
static bool read_visits(struct jc_case_reader *reader, struct jc_str cell, Jc__Rule *rule) {
    int64_t visits;
    rule->visits = rule->cycle_years = 1;
    if (jc_str_eq(cell, JC_STR("0.5"))) {
        rule->cycle_years = 2;
    } else if (jc_str_eq(cell, JC_STR("0.33"))) {
        rule->cycle_years = 3;
    } else if (jc_str_to_int64(cell, &visits) && visits >= 1 && visits <= 12) {
        rule->visits = (int32_t)visits;
    } else {
        return REFUSE(reader, JC_MSG_CASE_VISITS_BAD, cell);
    }
    return true;
}

/* --- months and windows --------------------------------------------------------------------------- */

static bool parse_month(struct jc_case_reader *reader, struct jc_str text, int64_t *out) {
    text = jc_str_trim(text);
    return (jc_str_to_int64(text, out) && *out >= 1 && *out <= 12) || REFUSE(reader, JC_MSG_CASE_MONTH_BAD, text);
}

/* "3" or "1-3", first not behind last, as a mask. */
static bool parse_months(struct jc_case_reader *reader, struct jc_str text, uint32_t *out) {
    struct jc_str rest = text, head, tail;
    int64_t first, last;
    jc_str_cut(&rest, '-', &head);
    if (!parse_month(reader, head, &first))
        return false;
    last = first;
    tail = rest;
    if (tail.ptr && !parse_month(reader, tail, &last))
        return false;
    if (first > last)
        return REFUSE(reader, JC_MSG_CASE_MONTHS_BACKWARDS, text);
    *out = ((1u << last) - 1) & ~((1u << (first - 1)) - 1);
    return true;
}

static bool read_months(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                        void *row) {
    struct jc_str rest = cell, part;
    uint32_t mask = 0, months;
    bool good = true;
    while (cell.len && good && jc_str_cut(&rest, ';', &part)) {
        good = parse_months(reader, jc_str_trim(part), &months);
        mask |= good ? months : 0;
    }
    *(uint32_t *)field_of(row, column->offset) = good ? mask : 0;
    return good;
}

/* "1-6:2", "10:0-1", "10-10:0-1". */
static bool parse_window(struct jc_case_reader *reader, struct jc_str text, int64_t max, Jc__TimeWindow *window) {
    struct jc_str rest = text, months, low, high;
    int64_t min_visits, max_visits;
    jc_str_cut(&rest, ':', &months);
    if (!rest.ptr)
        return REFUSE(reader, JC_MSG_CASE_WINDOW_BAD, text);
    if (!parse_months(reader, jc_str_trim(months), &window->months))
        return false;
    jc_str_cut(&rest, '-', &low);
    high = rest.ptr ? rest : low;
    if (!jc_str_to_int64(jc_str_trim(low), &min_visits) || !jc_str_to_int64(jc_str_trim(high), &max_visits) ||
        min_visits < 0 || max_visits > max)
        return REFUSE(reader, JC_MSG_CASE_WINDOW_BAD, text);
    if (min_visits > max_visits || max_visits == 0)
        return REFUSE(reader, JC_MSG_CASE_WINDOW_BOUNDS, text);
    window->min = (int32_t)min_visits;
    window->max = (int32_t)max_visits;
    return true;
}

static bool read_windows(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                         void *row) {
    enum { WINDOWS_MAX = 12 };
    size_t count = 0;
    uint32_t covered = 0;
    struct jc_str rest = cell, part;
    Jc__TimeWindow **windows = cell.len ? JC_NEW_ARRAY(reader->arena, WINDOWS_MAX, Jc__TimeWindow *) : NULL;
    *(size_t *)field_of(row, column->count_offset) = 0;
    if (cell.len == 0)
        return true;
    while (jc_str_cut(&rest, ';', &part)) {
        Jc__TimeWindow *window = JC_NEW(reader->arena, Jc__TimeWindow);
        if (!window || !windows) {
            reader->memory = true;
            return false;
        }
        jc__time_window__init(window);
        part = jc_str_trim(part);
        if (!parse_window(reader, part, column->max, window))
            return false;
        if (covered & window->months)
            return REFUSE(reader, JC_MSG_CASE_WINDOW_OVERLAP, part);
        covered |= window->months;
        windows[count++] = window; /* at most 12 without overlap */
    }
    *(size_t *)field_of(row, column->count_offset) = count;
    *(Jc__TimeWindow ***)field_of(row, column->offset) = windows;
    return true;
}

/* --- lists -------------------------------------------------------------------------------------- */

/* Splits a cell; every part trimmed, not empty, and (for codes) valid and not repeated. */
static bool split(struct jc_case_reader *reader, struct jc_str cell, char separator, bool ids, bool may_repeat,
                  size_t *count, char ***out) {
    struct jc_str rest = cell, part;
    size_t parts = 1, used = 0;
    *count = 0;
    if (cell.len == 0)
        return true;
    for (size_t i = 0; i < cell.len; i++)
        parts += cell.ptr[i] == separator;
    if (parts > LIST_MAX)
        return REFUSE(reader, JC_MSG_CASE_LIST_LONG, JC_STR("200"));
    char **list = JC_NEW_ARRAY(reader->arena, parts, char *);
    while (list && jc_str_cut(&rest, separator, &part)) {
        part = jc_str_trim(part);
        if (part.len == 0)
            return REFUSE(reader, JC_MSG_CASE_LIST_GAP, cell);
        if (ids && !check_id(reader, part))
            return false;
        for (size_t i = 0; i < used && !may_repeat; i++)
            if (jc_str_eq(part, jc_str(list[i])))
                return REFUSE(reader, JC_MSG_CASE_LIST_TWICE, part);
        list[used] = (char *)jc_arena_copy(reader->arena, part).ptr;
        if (!list[used++])
            list = NULL;
    }
    if (!list) {
        reader->memory = true;
        return false;
    }
    *count = used;
    *out = list;
    return true;
}

static bool read_list(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                      void *row) {
    bool ids = column->type == JC_CASE_IDS;
    return split(reader, cell, ids ? column->separator : ';', ids, false, field_of(row, column->count_offset),
                 field_of(row, column->offset));
}

/* rule:a|b, draw:x, group:g */
static bool read_scope(struct jc_case_reader *reader, struct jc_str cell, Jc__Quota *quota) {
    static const char *const kinds[] = {"rule", "draw", "group"};
    struct jc_str rest = cell, kind;
    jc_str_cut(&rest, ':', &kind);
    for (size_t i = 0; rest.len && i < 3; i++)
        if (jc_str_eq(kind, jc_str(kinds[i]))) {
            quota->scope_kind = (char *)kinds[i];
            return split(reader, rest, '|', true, false, &quota->n_scope_ids, &quota->scope_ids);
        }
    return REFUSE(reader, JC_MSG_CASE_SCOPE_BAD, cell);
}

/* --- joint visits ---------------------------------------------------------------------------------- */

/* co_team makes the joints, the other three fill them in. */
static bool make_joints(struct jc_case_reader *reader, Jc__Unit *unit, size_t count, char **teams) {
    unit->joints = count ? JC_NEW_ARRAY(reader->arena, count, Jc__JointVisit *) : NULL;
    for (size_t i = 0; i < count; i++) {
        Jc__JointVisit *joint = unit->joints ? JC_NEW(reader->arena, Jc__JointVisit) : NULL;
        if (!joint) {
            reader->memory = true;
            return false;
        }
        jc__joint_visit__init(joint);
        joint->team_id = teams[i];
        unit->joints[i] = joint;
    }
    unit->n_joints = count;
    return true;
}

static bool fill_joint(struct jc_case_reader *reader, const struct jc_case_column *column, Jc__JointVisit *joint,
                       char *part) {
    int64_t number = 0;
    switch (column->type) {
    case JC_CASE_CO_RULE:
        joint->rule_id = part;
        return true;
    case JC_CASE_CO_PERSONS:
        if (!parse_int(reader, column, jc_str(part), &number))
            return false;
        joint->persons = (int32_t)number;
        return true;
    default:
        if (!parse_half_days(reader, column, jc_str(part), &number))
            return false;
        joint->days_centi = (int32_t)number;
        return true;
    }
}

static bool read_joints(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                        Jc__Unit *unit) {
    size_t count = 0;
    char **parts = NULL;
    bool teams = column->type == JC_CASE_CO_TEAM, ids = teams || column->type == JC_CASE_CO_RULE;
    if (!split(reader, cell, ';', ids, !teams, &count, &parts))
        return false;
    if (teams)
        return make_joints(reader, unit, count, parts);
    if (count != unit->n_joints) {
        char here[JC_NUMBER_TEXT], there[JC_NUMBER_TEXT];
        return REFUSE(reader, JC_MSG_CASE_PARALLEL, jc_str(column->name), jc_str_from_int64((int64_t)count, here),
                      jc_str_from_int64((int64_t)unit->n_joints, there));
    }
    bool good = true;
    for (size_t i = 0; i < count; i++)
        good &= fill_joint(reader, column, unit->joints[i], parts[i]);
    return good;
}

/* --- one cell ------------------------------------------------------------------------------------- */

static bool read_typed(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                       void *row) {
    switch (column->type) {
    case JC_CASE_TEXT:
    case JC_CASE_LONG_TEXT:
        if (has_control(cell, column->type == JC_CASE_LONG_TEXT))
            return REFUSE(reader, JC_MSG_CASE_CONTROL);
        return keep_text(reader, column, cell, row);
    case JC_CASE_ID:
        return (cell.len == 0 || check_id(reader, cell)) && keep_text(reader, column, cell, row);
    case JC_CASE_CHOICE:
        return read_choice(reader, column, cell, row);
    case JC_CASE_INT:
        return read_int(reader, column, cell, row);
    case JC_CASE_CENTI:
        return read_centi(reader, column, cell, row);
    case JC_CASE_HALF_DAYS:
        return read_half_days(reader, column, cell, row);
    case JC_CASE_MONTHS:
        return read_months(reader, column, cell, row);
    case JC_CASE_WINDOWS:
        return read_windows(reader, column, cell, row);
    case JC_CASE_WORDS:
    case JC_CASE_IDS:
        if (has_control(cell, false))
            return REFUSE(reader, JC_MSG_CASE_CONTROL);
        return read_list(reader, column, cell, row);
    case JC_CASE_DATE:
        return read_date(reader, column, cell, row);
    case JC_CASE_YEAR_MONTH:
        return read_year_month(reader, column, cell, row);
    case JC_CASE_DECIMAL:
        return read_decimal(reader, column, cell, row);
    case JC_CASE_VISITS:
        return read_visits(reader, cell, row);
    case JC_CASE_SCOPE:
        return read_scope(reader, cell, row);
    case JC_CASE_CREDIT_CODE:
        return read_credit_code(reader, column, cell, row);
    case JC_CASE_CO_TEAM:
    case JC_CASE_CO_RULE:
    case JC_CASE_CO_PERSONS:
    case JC_CASE_CO_DAYS:
        return read_joints(reader, column, cell, row);
    }
    return false;
}

bool jc_case_read_cell(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                       void *row) {
    if ((column->flags & JC_CASE_NEEDED) && cell.len == 0)
        return REFUSE(reader, JC_MSG_CASE_CELL_EMPTY, jc_str(column->name));
    return read_typed(reader, column, cell, row);
}
