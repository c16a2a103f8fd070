/* A case: the files in which a bureau writes down its year (DESIGN section 10), as typed rows.
 *
 * One table of columns per file says how a cell is read, what an empty one means, and how its value is
 * written again, so reading, comparing and printing a difference share one description. Rows are the
 * messages and structs of the store; a case comes from files (case_read.h) or from the database
 * (case_store.h), and the two can be compared (case_diff.h). */
#ifndef JC_PLAN_CASE_H
#define JC_PLAN_CASE_H

#include "base/csv.h"
#include "base/index.h"
#include "jiancha/v1/registry.pb-c.h"

enum jc_case_part {
    JC_CASE_AGENCY,
    JC_CASE_TEAMS,
    JC_CASE_RULES,
    JC_CASE_DRAWS,
    JC_CASE_UNITS,
    JC_CASE_INSPECTORS,
    JC_CASE_QUOTAS,
    JC_CASE_WORKDAYS,
    JC_CASE_BUDGETS,
    JC_CASE_PREVIOUS,
    JC_CASE_CHECKLISTS,
    JC_CASE_PARAMETERS,
    JC_CASE_PUBLISHED,
    JC_CASE_PARTS,
    JC_CASE_NO_PART = -1,
};

/* A line of checklists.csv. */
struct jc_checklist_line {
    struct jc_str checklist_id;
    int32_t item_no;
    struct jc_str text;
};

/* Where a cell stands in its file. */
struct jc_case_place {
    int line, column;
};

struct jc_case_row {
    void *data;                   /* Jc__Agency, Jc__Team, Jc__Rule, Jc__Draw, Jc__Unit, Jc__Inspector,
                                     Jc__Quota, jc_workday_line, jc_budget_line, jc_previous_line,
                                     jc_checklist_line, jc_parameter_line, jc_published_line */
    struct jc_case_place *places; /* by column; NULL for a row from the database */
    uint64_t bad;                 /* bit c: column c could not be read */
};

struct jc_case_rows {
    struct jc_case_row *items;
    size_t count, capacity;
    bool broken; /* a row or its identifier could not be read: look-ups in it prove nothing */
};

struct jc_case {
    struct jc_arena *arena;
    struct jc_case_rows parts[JC_CASE_PARTS];
};

/* --- columns ------------------------------------------------------------------------------------ */

enum jc_case_cell {
    JC_CASE_TEXT,        /* any text in one line */
    JC_CASE_LONG_TEXT,   /* line breaks too */
    JC_CASE_ID,          /* a code: no ; | or control characters */
    JC_CASE_CHOICE,      /* one of `choices`; the first if empty and not needed */
    JC_CASE_INT,         /* int32_t */
    JC_CASE_CENTI,       /* int64_t hundredths */
    JC_CASE_HALF_DAYS,   /* int32_t hundredths in steps of 50 */
    JC_CASE_MONTHS,      /* uint32_t mask: 1-3;10 */
    JC_CASE_WINDOWS,     /* Jc__TimeWindow list: 1-6:1;7-12:0-1 */
    JC_CASE_WORDS,       /* list of texts joined by ; */
    JC_CASE_IDS,         /* list of codes joined by `separator` */
    JC_CASE_DATE,        /* text: 2023-01-31 */
    JC_CASE_YEAR_MONTH,  /* text: 2022-05 */
    JC_CASE_DECIMAL,     /* text: a number with at most two decimals */
    JC_CASE_VISITS,      /* a rule's visits and cycle: 1-12, 0.5, 0.33 */
    JC_CASE_SCOPE,       /* a quota's scope: rule:a|b, draw:x, group:g */
    JC_CASE_CREDIT_CODE, /* text: 18 characters of GB 32100 */
    JC_CASE_CO_TEAM,     /* the four parallel lists of a unit's joint visits */
    JC_CASE_CO_RULE,
    JC_CASE_CO_PERSONS,
    JC_CASE_CO_DAYS,
};

enum {
    JC_CASE_NEEDED = 1,     /* column and cell must be there */
    JC_CASE_KEY = 2,        /* part of what names the row */
    JC_CASE_VIEW = 4,       /* the text is a struct jc_str, not a char pointer */
    JC_CASE_IN_COLUMN = 16, /* the header must have the column; its cells may be empty */
};

struct jc_case_column {
    const char *name;
    enum jc_case_cell type;
    unsigned flags;
    size_t offset, count_offset; /* of the field, and of a list's length, in the row */
    int64_t min, max, empty;     /* of numbers; `empty` is what an empty cell means */
    const char *choices;         /* joined by | */
    char separator;
    enum jc_case_part refers; /* the file whose rows these codes name */
};

struct jc_case_file {
    const char *name; /* "units" */
    bool required;
    bool ordered; /* the database keeps the order of its rows */
    bool repeats; /* rows with the same key are allowed */
    const struct jc_case_column *columns;
    size_t column_count;
    size_t row_size;
    void (*init)(void *row);
};

extern const struct jc_case_file jc_case_files[JC_CASE_PARTS];

/* Columns that checks name; the place in the file's table. */
enum {
    JC_TEAM_ID = 0,
    JC_RULE_VISITS = 2,
    JC_RULE_WINDOWS = 3,
    JC_RULE_GAP = 4,
    JC_DRAW_POOL = 3,
    JC_DRAW_SAMPLE = 4,
    JC_DRAW_WINDOWS = 5,
    JC_DRAW_PERSONS = 7,
    JC_UNIT_ID = 0,
    JC_UNIT_NAME = 1,
    JC_UNIT_ALIASES = 2,
    JC_UNIT_ADDRESS = 3,
    JC_UNIT_DISTRICT = 4,
    JC_UNIT_CREDIT_CODE = 8,
    JC_UNIT_LEAD_TEAM = 11,
    JC_UNIT_RULE = 12,
    JC_UNIT_PERSONS = 13,
    JC_UNIT_DAYS = 14,
    JC_UNIT_BLACKOUT = 15,
    JC_UNIT_LAST_VISIT = 18,
    JC_UNIT_CO_TEAM = 19,
    JC_UNIT_CO_RULE = 20,
    JC_UNIT_CO_PERSONS = 21,
    JC_QUOTA_SCOPE = 2,
    JC_QUOTA_COUNTS = 4,
    JC_QUOTA_MIN = 5,
    JC_QUOTA_MAX = 6,
    JC_WORKDAY_PARENT = 3,
    JC_WORKDAY_COUNT = 5,
    JC_PREVIOUS_UNIT = 0,
    JC_PARAMETER_FROM = 3,
    JC_PARAMETER_TO = 4,
};

/* Index of the column, -1 if the file has none of that name. */
int jc_case_column_find(const struct jc_case_file *file, struct jc_str name);

/* --- cells -------------------------------------------------------------------------------------- */

/* Where a cell is being read; errors go to `diags`. */
struct jc_case_reader {
    struct jc_arena *arena;
    struct jc_diags *diags;
    struct jc_str file;
    struct jc_case_place place;
    bool memory; /* memory ended */
};

/* Reads a cell (trimmed, normal form C; empty text for an absent column) into the row. False if it
 * was refused; the field then holds what an empty cell means. */
bool jc_case_read_cell(struct jc_case_reader *reader, const struct jc_case_column *column, struct jc_str cell,
                       void *row);
/* Writes the field as the planner would; an empty cell and its value are the same. */
void jc_case_write_cell(const struct jc_case_column *column, const void *row, struct jc_buf *out);
/* "1-6:1;7-12:0-1", as a cell of windows is written. */
void jc_case_write_windows(size_t count, Jc__TimeWindow *const *windows, struct jc_buf *out);
/* The key of a row: its key columns joined by "/". */
void jc_case_write_key(enum jc_case_part part, const void *row, struct jc_buf *out);

/* A new row of a part, initialised, at the end of its list. NULL without memory. */
struct jc_case_row *jc_case_add(struct jc_case *c, enum jc_case_part part);

#endif
