/* Listings: cells are kept row by row in the arena and laid out once the last row is known, because a
 * column is as wide as its widest cell. Three writers share the cells: aligned text (a Chinese
 * character is two columns wide), JSON through jansson, CSV with a BOM and CRLF. */
#include "cli/table.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "base/csv.h"
#include "base/id.h"
#include "base/text.h"

struct cell {
    enum jc_cell_type type;
    int64_t number;
    struct jc_str text;
};

struct note {
    const char *field; /* NULL: there is none */
    enum jc_msg words;
    struct jc_str value;
};

struct jc_table {
    struct jc_arena *arena;
    const char *name;
    const struct jc_column *columns;
    size_t column_count;
    struct cell *cells; /* row after row */
    size_t count, capacity;
    struct note note;
    bool failed;
};

struct jc_table *jc_table_new(struct jc_arena *arena, const char *name, const struct jc_column *columns, size_t count) {
    struct jc_table *table = JC_NEW(arena, struct jc_table);
    if (table)
        *table = (struct jc_table){.arena = arena, .name = name, .columns = columns, .column_count = count};
    return table;
}

static void add_cell(struct jc_table *table, struct cell cell) {
    struct cell *place =
        jc_arena_push(table->arena, (void **)&table->cells, &table->count, &table->capacity, sizeof *place);
    if (place) {
        *place = cell;
    } else {
        table->failed = true;
    }
}

void jc_table_text(struct jc_table *table, struct jc_str text) {
    struct jc_str copy = jc_arena_copy(table->arena, text);
    if (!copy.ptr)
        table->failed = true;
    add_cell(table, (struct cell){.type = JC_CELL_TEXT, .text = copy});
}

void jc_table_note(struct jc_table *table, const char *field, enum jc_msg words, struct jc_str value) {
    struct jc_str copy = jc_arena_copy(table->arena, value);
    table->note = (struct note){field, words, copy};
    table->failed |= !copy.ptr;
}

void jc_table_int(struct jc_table *table, int64_t number) {
    add_cell(table, (struct cell){.type = JC_CELL_INT, .number = number});
}

void jc_table_centi(struct jc_table *table, int64_t centi) {
    add_cell(table, (struct cell){.type = JC_CELL_CENTI, .number = centi});
}

void jc_table_micro(struct jc_table *table, int64_t micro) {
    add_cell(table, (struct cell){.type = JC_CELL_MICRO, .number = micro});
}

void jc_table_bool(struct jc_table *table, bool yes) {
    add_cell(table, (struct cell){.type = JC_CELL_BOOL, .number = yes});
}

void jc_table_null(struct jc_table *table) {
    add_cell(table, (struct cell){.type = JC_CELL_NULL});
}

void jc_table_id(struct jc_table *table, ProtobufCBinaryData id) {
    char text[JC_UUID_TEXT];
    struct jc_uuid uuid;
    if (id.len != JC_UUID_SIZE) {
        jc_table_null(table);
        return;
    }
    memcpy(uuid.bytes, id.data, JC_UUID_SIZE);
    jc_table_text(table, jc_uuid_format(uuid, text));
}

struct jc_str jc_table_name(struct jc_arena *arena, struct jc_str name) {
    enum { WIDE = 24 };
    struct jc_str head = name;
    while (jc_text_width(head) > WIDE)
        head = jc_text_cut(head, head.len - 1);
    return head.len == name.len ? name : jc_arena_printf(arena, "%.*s…", JC_FMT(head));
}

size_t jc_table_rows(const struct jc_table *table) {
    return table->count / table->column_count;
}

/* A cell as people read it, appended to `out`. */
static void cell_words(struct jc_buf *out, enum jc_lang lang, const struct cell *cell) {
    char number[JC_NUMBER_TEXT];
    switch (cell->type) {
    case JC_CELL_TEXT:
        jc_buf_add(out, cell->text);
        break;
    case JC_CELL_INT:
        jc_buf_printf(out, "%lld", (long long)cell->number);
        break;
    case JC_CELL_CENTI:
        jc_buf_centi(out, cell->number);
        break;
    case JC_CELL_MICRO:
        jc_buf_add(out, jc_str_from_micro(cell->number, number));
        break;
    case JC_CELL_BOOL:
        jc_buf_add(out, jc_msg_text(cell->number ? JC_MSG_CLI_YES : JC_MSG_CLI_NO, lang));
        break;
    case JC_CELL_NULL:
        break;
    }
}

/* --- text ------------------------------------------------------------------------------------------ */

static void pad(struct jc_buf *out, size_t columns) {
    while (columns--)
        jc_buf_char(out, ' ');
}

static void aligned(struct jc_buf *out, struct jc_str text, size_t width, bool right, bool last) {
    size_t own = jc_text_width(text), fill = own < width ? width - own : 0;
    if (right)
        pad(out, fill);
    jc_buf_add(out, text);
    if (!right && !last)
        pad(out, fill);
    jc_buf_add(out, last ? JC_STR("\n") : JC_STR("  "));
}

static void print_text(const struct jc_table *table, struct jc_cli *cli, size_t *width, struct jc_buf *words) {
    size_t columns = table->column_count;
    for (size_t c = 0; c < columns; c++)
        width[c] = jc_text_width(jc_msg_text(table->columns[c].heading, cli->lang));
    for (size_t i = 0; i < table->count; i++) {
        jc_buf_reset(words);
        cell_words(words, cli->lang, &table->cells[i]);
        size_t own = jc_text_width(jc_buf_str(words));
        if (own > width[i % columns])
            width[i % columns] = own;
    }
    for (size_t c = 0; c < columns; c++) {
        aligned(&cli->out, jc_msg_text(table->columns[c].heading, cli->lang), width[c], table->columns[c].right,
                c + 1 == columns);
    }
    for (size_t c = 0; c < columns; c++) {
        for (size_t i = 0; i < width[c]; i++)
            jc_buf_char(&cli->out, '-');
        jc_buf_add(&cli->out, c + 1 == columns ? JC_STR("\n") : JC_STR("  "));
    }
    for (size_t i = 0; i < table->count; i++) {
        size_t c = i % columns;
        jc_buf_reset(words);
        cell_words(words, cli->lang, &table->cells[i]);
        aligned(&cli->out, jc_buf_str(words), width[c], table->columns[c].right, c + 1 == columns);
    }
    if (!table->count) {
        jc_buf_add(&cli->out, jc_msg_text(JC_MSG_CLI_NOTHING, cli->lang));
        jc_buf_char(&cli->out, '\n');
    }
    if (table->note.field) {
        jc_msg_render(&cli->out, cli->lang, table->note.words, &table->note.value, 1);
        jc_buf_char(&cli->out, '\n');
    }
}

/* --- CSV ------------------------------------------------------------------------------------------- */

static void print_csv(const struct jc_table *table, struct jc_cli *cli, struct jc_buf *words) {
    size_t columns = table->column_count;
    jc_buf_add(&cli->out, JC_STR("\xEF\xBB\xBF"));
    for (size_t c = 0; c < columns; c++) {
        jc_csv_write(&cli->out, jc_str(table->columns[c].field));
        jc_buf_add(&cli->out, c + 1 == columns ? JC_STR("\r\n") : JC_STR(","));
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct cell *cell = &table->cells[i];
        jc_buf_reset(words);
        if (cell->type == JC_CELL_BOOL) /* a script reads the same in every language */
            jc_buf_add(words, cell->number ? JC_STR("true") : JC_STR("false"));
        else
            cell_words(words, cli->lang, cell);
        jc_csv_write(&cli->out, jc_buf_str(words));
        jc_buf_add(&cli->out, i % columns + 1 == columns ? JC_STR("\r\n") : JC_STR(","));
    }
}

/* --- JSON ------------------------------------------------------------------------------------------ */

static json_t *cell_json(const struct cell *cell) {
    switch (cell->type) {
    case JC_CELL_TEXT:
        return json_stringn(cell->text.ptr, cell->text.len);
    case JC_CELL_INT:
        return json_integer(cell->number);
    case JC_CELL_CENTI:
        return cell->number % 100 ? json_real((double)cell->number / 100) : json_integer(cell->number / 100);
    case JC_CELL_MICRO:
        return cell->number % 1000000 ? json_real((double)cell->number / 1e6) : json_integer(cell->number / 1000000);
    case JC_CELL_BOOL:
        return json_boolean(cell->number);
    case JC_CELL_NULL:
        break;
    }
    return json_null();
}

static int append_out(const char *bytes, size_t size, void *out) {
    jc_buf_append(out, bytes, size);
    return 0;
}

static bool print_json(const struct jc_table *table, struct jc_cli *cli) {
    json_t *root = json_object(), *rows = json_array();
    bool ok = root && rows && json_object_set(root, table->name, rows) == 0;
    for (size_t i = 0; ok && i < table->count; i += table->column_count) {
        json_t *row = json_object();
        for (size_t c = 0; ok && c < table->column_count; c++) {
            ok = json_object_set_new(row, table->columns[c].field, cell_json(&table->cells[i + c])) == 0;
        }
        ok = json_array_append_new(rows, row) == 0 && ok;
    }
    const struct note *note = &table->note;
    if (ok && note->field)
        ok = json_object_set_new(root, note->field, json_stringn(note->value.ptr, note->value.len)) == 0;
    ok = ok && json_dump_callback(root, append_out, &cli->out, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) == 0;
    jc_buf_char(&cli->out, '\n');
    json_decref(rows);
    json_decref(root);
    return ok;
}

enum jc_code jc_table_print(const struct jc_table *table, struct jc_cli *cli, struct jc_err *err) {
    if (!table)
        return jc_fail_memory(err);
    assert(table->failed || table->count % table->column_count == 0);
    size_t *width = JC_NEW_ARRAY(cli->arena, table->column_count, size_t);
    struct jc_buf words;
    jc_buf_init(&words, 1 << 20);
    bool ok = !table->failed && width;
    if (ok) {
        switch (cli->format) {
        case JC_FORMAT_TABLE:
            print_text(table, cli, width, &words);
            break;
        case JC_FORMAT_CSV:
            print_csv(table, cli, &words);
            break;
        case JC_FORMAT_JSON:
            ok = print_json(table, cli);
            break;
        }
    }
    ok = ok && !words.failed && !cli->out.failed;
    jc_buf_free(&words);
    return ok ? JC_OK : jc_fail_memory(err);
}
