/* Reading a pool file. The header names the columns in any order; every wrong place is told at once, so
 * a list of six hundred firms is corrected in one go. */
#include <string.h>

#include "base/index.h"
#include "base/text.h"
#include "plan/draw.h"

enum column { UNIT_ID, NAME, ADDRESS, DISTRICT, INDUSTRY, CREDIT_CODE, COLUMNS };
static const char *const COLUMN_NAMES[COLUMNS] = {"unit_id", "name", "address", "district", "industry", "credit_code"};
#define COLUMN_LIST "unit_id, name, address, district, industry, credit_code"

struct reader {
    struct jc_arena *arena;
    struct jc_str file_name;
    struct jc_diags *diags;
    int place[JC_CSV_FIELDS_MAX]; /* the column of each field, -1: unknown */
    size_t fields;
    struct jc_index *seen; /* unit_id -> line */
    struct {
        struct jc_draw_candidate *items;
        size_t count, capacity;
    } rows;
    struct jc_err *err;
};

static void read_header(struct reader *r, const struct jc_csv_field *fields, size_t count) {
    bool found[COLUMNS] = {false};
    r->fields = count;
    for (size_t i = 0; i < count; i++) {
        struct jc_str name = jc_str_trim(fields[i].text);
        r->place[i] = -1;
        for (int c = 0; c < COLUMNS; c++)
            if (jc_str_eq(name, jc_str(COLUMN_NAMES[c])))
                r->place[i] = c;
        if (r->place[i] < 0)
            jc_diags_error(r->diags, r->file_name, fields[i].line, fields[i].column, JC_MSG_DRAW_COLUMN_UNKNOWN, name,
                           JC_STR(COLUMN_LIST));
        else if (found[r->place[i]])
            jc_diags_error(r->diags, r->file_name, fields[i].line, fields[i].column, JC_MSG_DRAW_COLUMN_TWICE, name);
        else
            found[r->place[i]] = true;
    }
    if (!found[UNIT_ID])
        jc_diags_error(r->diags, r->file_name, 1, 1, JC_MSG_DRAW_COLUMN_MISSING, jc_str(COLUMN_NAMES[UNIT_ID]));
}

static bool has_control(struct jc_str s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    return false;
}

/* A unit's id must be one line of text and stand once. */
static enum jc_code check_id(struct reader *r, struct jc_str id, int line, int column) {
    char number[JC_NUMBER_TEXT];
    bool is_new = false;
    if (!id.len || has_control(id)) {
        jc_diags_error(r->diags, r->file_name, line, column, JC_MSG_DRAW_ID_BAD, id);
        return JC_OK;
    }
    int64_t *first = jc_index_at(r->seen, id, &is_new);
    if (!first)
        return jc_fail_memory(r->err);
    if (is_new)
        *first = line;
    else
        jc_diags_error(r->diags, r->file_name, line, column, JC_MSG_DRAW_UNIT_TWICE, id,
                       jc_str_from_int64(*first, number));
    return JC_OK;
}

static enum jc_code read_row(struct reader *r, const struct jc_csv_field *fields, size_t count) {
    char has[JC_NUMBER_TEXT], wants[JC_NUMBER_TEXT];
    struct jc_str cells[COLUMNS];
    int column = 1;
    for (int c = 0; c < COLUMNS; c++)
        cells[c] = JC_STR("");
    if (count != r->fields) {
        jc_diags_error(r->diags, r->file_name, fields[0].line, 1, JC_MSG_DRAW_FIELDS_WRONG,
                       jc_str_from_int64((int64_t)count, has), jc_str_from_int64((int64_t)r->fields, wants));
        return JC_OK;
    }
    for (size_t i = 0; i < count; i++) {
        if (r->place[i] < 0)
            continue;
        struct jc_str text = jc_text_nfc(r->arena, jc_arena_copy(r->arena, jc_str_trim(fields[i].text)));
        if (!text.ptr)
            return jc_fail_memory(r->err);
        cells[r->place[i]] = text;
        if (r->place[i] == UNIT_ID)
            column = fields[i].column;
    }
    struct jc_draw_candidate *row = JC_PUSH(r->arena, &r->rows, struct jc_draw_candidate);
    if (!row)
        return jc_fail_memory(r->err);
    *row = (struct jc_draw_candidate){cells[UNIT_ID],  cells[NAME],     cells[ADDRESS],
                                      cells[DISTRICT], cells[INDUSTRY], cells[CREDIT_CODE]};
    return check_id(r, cells[UNIT_ID], fields[0].line, column);
}

enum jc_code jc_draw_pool_read(struct jc_arena *arena, struct jc_str file_name, struct jc_str bytes,
                               struct jc_diags *diags, struct jc_draw_candidate **out, size_t *count,
                               struct jc_err *err) {
    struct reader r = {.arena = arena, .file_name = file_name, .diags = diags, .err = err};
    struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
    struct jc_csv csv;
    size_t n = 0;
    r.seen = jc_index_new(arena, 0);
    enum jc_code code = r.seen ? jc_csv_open(&csv, arena, file_name, bytes, err) : jc_fail_memory(err);
    if (!code)
        code = jc_csv_next(&csv, fields, &n, err);
    if (!code)
        read_header(&r, fields, n);
    bool header_good = !diags->errors;
    while (!code && header_good && !(code = jc_csv_next(&csv, fields, &n, err)) && n)
        code = read_row(&r, fields, n);
    if (code == JC_INVALID_ARGUMENT) /* the CSV itself: it knows where */
        jc_diags_add(diags, file_name, csv.line, csv.column, false, err->what, err->arg);
    if (!code && diags->errors)
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DRAW_POOL_WRONG, file_name);
    *out = r.rows.items;
    *count = r.rows.count;
    return code;
}
