/* A file is read record by record: the header maps fields to columns, then every cell is typed by its
 * column. A record with too few or too many fields is reported once and not typed; an error inside the
 * CSV itself (an open quote, a field too long) ends the file, because nothing behind it can be trusted.
 * Cost: one pass, the rows and their places stay in the arena. */
#include "plan/case_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { FILE_MAX = 1 << 28, NAME_MAX_BYTES = 64 };

/* --- the folder --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return jc_str_cmp(((const struct jc_case_input *)a)->name, ((const struct jc_case_input *)b)->name);
}

static bool ends_with_csv(struct jc_str name) {
    return name.len > 4 && memcmp(name.ptr + name.len - 4, ".csv", 4) == 0;
}

enum jc_code jc_case_folder(const char *path, struct jc_arena *arena, struct jc_case_input **out, size_t *count,
                            struct jc_err *err) {
    struct {
        struct jc_case_input *items;
        size_t count, capacity;
    } list = {0};
    DIR *folder = opendir(path);
    if (!folder && errno == ENOTDIR)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_FILE_NOT_FOLDER, jc_str(path));
    if (!folder)
        return jc_fail_errno(err, jc_str(path));
    enum jc_code code = JC_OK;
    for (struct dirent *entry; !code && (entry = readdir(folder)) != NULL;) {
        if (!ends_with_csv(jc_str(entry->d_name)))
            continue;
        struct jc_case_input *input = JC_PUSH(arena, &list, struct jc_case_input);
        struct jc_str file = jc_arena_printf(arena, "%s/%s", path, entry->d_name);
        struct jc_str name = jc_arena_copy(arena, jc_str(entry->d_name));
        if (!input || !file.ptr || !name.ptr) {
            code = jc_fail_memory(err);
            break;
        }
        input->name = name;
        code = jc_file_read(file.ptr, FILE_MAX, arena, &input->bytes, err);
    }
    closedir(folder);
    if (list.count)
        qsort(list.items, list.count, sizeof *list.items, by_name);
    *out = list.items;
    *count = list.count;
    return code;
}

/* --- slips of the pen ------------------------------------------------------------------------------ */

/* Insertions, deletions, replacements and swapped neighbours between two short words. */
static size_t distance(struct jc_str a, struct jc_str b) {
    size_t rows[3][NAME_MAX_BYTES + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b.len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = last[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b.len];
}

struct jc_str jc_case_nearest(struct jc_str word, const struct jc_str *names, size_t count) {
    struct jc_str nearest = {0};
    size_t least = 2 + word.len / 4; /* farther apart is no slip */
    for (size_t i = 0; i < count && word.len <= NAME_MAX_BYTES; i++) {
        size_t apart = names[i].len > NAME_MAX_BYTES ? SIZE_MAX : distance(word, names[i]);
        if (apart < least) {
            nearest = names[i];
            least = apart;
        } else if (apart == least) {
            nearest = (struct jc_str){0}; /* two as near: who knows */
        }
    }
    return nearest;
}

/* --- one file ------------------------------------------------------------------------------------- */

struct file_reader {
    struct jc_case *c;
    enum jc_case_part part;
    const struct jc_case_file *file;
    struct jc_case_reader cell;
    struct jc_csv csv;
    struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
    size_t field_count;
    int column_of[JC_CSV_FIELDS_MAX]; /* by field; -1: unknown */
    int field_of[64];                 /* by column; -1: absent */
    size_t header_count;
};

#define WRONG(r, place_line, place_column, ...) \
    jc_diags_error((r)->cell.diags, (r)->cell.file, (place_line), (place_column), __VA_ARGS__)

/* The next record; false at the end, or if the rest cannot be read. */
static bool next_record(struct file_reader *r) {
    struct jc_err err = {0};
    enum jc_code code = jc_csv_next(&r->csv, r->fields, &r->field_count, &err);
    if (code) {
        r->c->parts[r->part].broken = true;
        r->cell.memory |= code == JC_RESOURCE_EXHAUSTED;
        WRONG(r, r->csv.line, r->csv.column, err.what, err.arg[0], err.arg[1]);
    }
    return code == JC_OK && r->field_count > 0;
}

static void refuse_column(struct file_reader *r, const struct jc_csv_field *field, struct jc_str name) {
    struct jc_str names[64];
    struct jc_buf list;
    jc_buf_init(&list, 4096);
    for (size_t i = 0; i < r->file->column_count; i++) {
        names[i] = jc_str(r->file->columns[i].name);
        jc_buf_printf(&list, "%s%s", i ? ", " : "", r->file->columns[i].name);
    }
    struct jc_str nearest = jc_case_nearest(name, names, r->file->column_count);
    if (nearest.len)
        WRONG(r, field->line, field->column, JC_MSG_CASE_COLUMN_NEAR, name, nearest);
    else
        WRONG(r, field->line, field->column, JC_MSG_CASE_COLUMN_UNKNOWN, name, jc_buf_str(&list));
    jc_buf_free(&list);
}

/* False if rows cannot be read at all. */
static bool read_header(struct file_reader *r) {
    for (size_t i = 0; i < 64; i++)
        r->field_of[i] = -1;
    if (!next_record(r)) {
        if (!r->c->parts[r->part].broken)
            WRONG(r, 1, 1, JC_MSG_CASE_HEADER_MISSING, jc_str(r->file->columns[0].name));
        r->c->parts[r->part].broken = true;
        return false;
    }
    r->header_count = r->field_count;
    for (size_t i = 0; i < r->field_count; i++) {
        struct jc_str name = jc_str_trim(r->fields[i].text);
        int column = jc_case_column_find(r->file, name);
        r->column_of[i] = column;
        if (column < 0)
            refuse_column(r, &r->fields[i], name);
        else if (r->field_of[column] >= 0)
            WRONG(r, r->fields[i].line, r->fields[i].column, JC_MSG_CASE_COLUMN_TWICE, name);
        else
            r->field_of[column] = (int)i;
    }
    bool any = false;
    for (size_t i = 0; i < r->file->column_count; i++) {
        const struct jc_case_column *column = &r->file->columns[i];
        any |= r->field_of[i] >= 0;
        if (r->field_of[i] < 0 && (column->flags & (JC_CASE_NEEDED | JC_CASE_IN_COLUMN)))
            WRONG(r, r->fields[0].line, r->fields[0].column, JC_MSG_CASE_COLUMN_MISSING, jc_str(column->name));
    }
    r->c->parts[r->part].broken = !any || r->field_of[0] < 0;
    return any;
}

/* Right number of fields? */
static bool check_width(struct file_reader *r) {
    if (r->field_count == r->header_count)
        return true;
    char got[JC_NUMBER_TEXT], wanted[JC_NUMBER_TEXT];
    struct jc_str have = jc_str_from_int64((int64_t)r->field_count, got);
    struct jc_str want = jc_str_from_int64((int64_t)r->header_count, wanted);
    if (r->field_count > r->header_count) {
        const struct jc_csv_field *extra = &r->fields[r->header_count];
        WRONG(r, extra->line, extra->column, JC_MSG_CASE_FIELDS_MANY, have, want);
    } else {
        const struct jc_csv_field *last = &r->fields[r->field_count - 1];
        int column = r->column_of[r->field_count];
        WRONG(r, last->line, last->column, JC_MSG_CASE_FIELDS_FEW, have, want,
              column < 0 ? JC_STR("") : jc_str(r->file->columns[column].name));
    }
    return false;
}

static void read_row(struct file_reader *r) {
    struct jc_case_row *row = jc_case_add(r->c, r->part);
    size_t columns = r->file->column_count;
    if (row)
        row->places = JC_NEW_ARRAY(r->c->arena, columns, struct jc_case_place);
    if (!row || !row->places) {
        r->cell.memory = true;
        return;
    }
    for (size_t i = 0; i < columns; i++) {
        const struct jc_csv_field *field = &r->fields[r->field_of[i] < 0 ? 0 : r->field_of[i]];
        struct jc_str cell = {0};
        row->places[i] = r->cell.place = (struct jc_case_place){field->line, field->column};
        if (r->field_of[i] >= 0)
            cell = jc_text_nfc(r->c->arena, jc_str_trim(field->text));
        r->cell.memory |= r->field_of[i] >= 0 && !cell.ptr;
        bool missing = r->field_of[i] < 0 && (r->file->columns[i].flags & (JC_CASE_NEEDED | JC_CASE_IN_COLUMN));
        if (missing || !jc_case_read_cell(&r->cell, &r->file->columns[i], cell, row->data)) {
            row->bad |= UINT64_C(1) << i; /* a missing column was told once, at the header */
            r->c->parts[r->part].broken |= (r->file->columns[i].flags & JC_CASE_KEY) != 0;
        }
    }
}

/* A file cut in its last line may still have the right number of fields. */
static void check_end(struct file_reader *r, struct jc_str bytes, int line) {
    if (bytes.len && bytes.ptr[bytes.len - 1] != '\n')
        jc_diags_warning(r->cell.diags, r->cell.file, line, 1, JC_MSG_CASE_END_MISSING);
}

static bool read_file(struct jc_case *c, enum jc_case_part part, const struct jc_case_input *input,
                      struct jc_diags *diags) {
    struct file_reader *r = jc_calloc(1, sizeof *r);
    if (!r)
        return false;
    *r = (struct file_reader){.c = c, .part = part, .file = &jc_case_files[part]};
    r->cell = (struct jc_case_reader){.arena = c->arena, .diags = diags, .file = input->name};
    struct jc_err err = {0};
    enum jc_code code = jc_csv_open(&r->csv, c->arena, input->name, input->bytes, &err);
    if (code) {
        c->parts[part].broken = true;
        WRONG(r, r->csv.line, r->csv.column, err.what, err.arg[0]);
    } else if (read_header(r)) {
        int last = 1;
        while (!r->cell.memory && next_record(r)) {
            last = r->fields[0].line;
            if (check_width(r))
                read_row(r);
            else
                c->parts[part].broken = true;
        }
        if (!c->parts[part].broken)
            check_end(r, input->bytes, last);
    }
    bool enough = !r->cell.memory;
    jc_free(r);
    return enough;
}

/* --- all files ------------------------------------------------------------------------------------ */

static const struct jc_case_input *find_input(const struct jc_case_input *inputs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (inputs[i].name.len == strlen(name) + 4 && jc_str_starts_with(inputs[i].name, jc_str(name)))
            return &inputs[i];
    return NULL;
}

static void note_ignored(const struct jc_case_input *inputs, size_t count, struct jc_diags *diags) {
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (int part = 0; part < JC_CASE_PARTS; part++)
            known |= find_input(&inputs[i], 1, jc_case_files[part].name) != NULL;
        if (!known)
            jc_diags_warning(diags, inputs[i].name, 0, 0, JC_MSG_CASE_FILE_IGNORED);
    }
}

enum jc_code jc_case_read(struct jc_arena *arena, const struct jc_case_input *inputs, size_t count,
                          struct jc_diags *diags, struct jc_case *out, struct jc_err *err) {
    *out = (struct jc_case){.arena = arena};
    for (int part = 0; part < JC_CASE_PARTS; part++) {
        const struct jc_case_file *file = &jc_case_files[part];
        const struct jc_case_input *input = find_input(inputs, count, file->name);
        if (input) {
            if (!read_file(out, (enum jc_case_part)part, input, diags))
                return jc_fail_memory(err);
        } else if (file->required) {
            struct jc_str name = jc_arena_printf(arena, "%s.csv", file->name);
            jc_diags_error(diags, name, 0, 0, JC_MSG_CASE_FILE_MISSING);
            out->parts[part].broken = true;
        }
    }
    note_ignored(inputs, count, diags);
    return diags->failed ? jc_fail_memory(err) : JC_OK;
}
