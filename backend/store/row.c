/* Columns of a row as fields of a message. Every value is copied into the arena, because a column's
 * text lives only until the next row. Cost: one copy per field. */
#include "store/row.h"

#include <string.h>

char *jc_row_text(struct jc_row *row, int column) {
    struct jc_str copy = jc_rows_copy(row->rows, column, row->arena);
    if (!copy.ptr) {
        row->failed = true;
        return (char *)protobuf_c_empty_string;
    }
    return (char *)copy.ptr;
}

ProtobufCBinaryData jc_row_bytes(struct jc_row *row, int column) {
    ProtobufCBinaryData data = {0};
    struct jc_str bytes = jc_rows_bytes(row->rows, column);
    if (!bytes.len)
        return data;
    struct jc_str copy = jc_arena_copy(row->arena, bytes);
    if (!copy.ptr) {
        row->failed = true;
        return data;
    }
    data.data = (uint8_t *)copy.ptr;
    data.len = copy.len;
    return data;
}

char **jc_row_list(struct jc_row *row, int column, char separator, size_t *count) {
    struct jc_str text = jc_rows_text(row->rows, column), word;
    *count = 0;
    if (!text.len)
        return NULL;
    size_t words = 1;
    for (size_t i = 0; i < text.len; i++)
        words += text.ptr[i] == separator;
    char **list = JC_NEW_ARRAY(row->arena, words, char *);
    for (size_t i = 0; list && jc_str_cut(&text, separator, &word); i++) {
        list[i] = (char *)jc_arena_copy(row->arena, word).ptr;
        if (!list[i])
            list = NULL;
    }
    if (!list) {
        row->failed = true;
        return NULL;
    }
    *count = words;
    return list;
}

struct jc_str jc_row_join(struct jc_arena *arena, char *const *words, size_t count, char separator) {
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += strlen(words[i]) + 1;
    char *text = jc_arena_alloc(arena, len + 1), *at = text;
    if (!text)
        return (struct jc_str){0};
    for (size_t i = 0; i < count; i++) {
        if (i)
            *at++ = separator;
        at = stpcpy(at, words[i]);
    }
    return (struct jc_str){text, (size_t)(at - text)};
}

int64_t jc_row_int_or_absent(const struct jc_row *row, int column) {
    return jc_rows_is_null(row->rows, column) ? -1 : jc_rows_int64(row->rows, column);
}

enum jc_code jc_row_each(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                         jc_row_fn *each, void *ctx, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    enum jc_code code = jc_tx_query(tx, sql, values, count, &rows, err);
    bool has_row = true;
    while (!code) {
        code = jc_rows_next(rows, &has_row, err);
        if (code || !has_row)
            break;
        code = each(rows, ctx, err);
    }
    jc_rows_close(rows);
    return code;
}

struct column {
    struct jc_arena *arena;
    struct jc_str *items;
    size_t count, capacity;
};

static enum jc_code take_first(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct column *column = ctx;
    struct jc_str *value = JC_PUSH(column->arena, column, struct jc_str);
    if (!value)
        return jc_fail_memory(err);
    *value = jc_rows_copy(rows, 0, column->arena);
    return value->ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_row_first_column(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count,
                                 struct jc_arena *arena, struct jc_str **out, size_t *out_count, struct jc_err *err) {
    struct column column = {.arena = arena};
    enum jc_code code = jc_row_each(tx, sql, values, count, take_first, &column, err);
    if (code)
        return code;
    *out = column.items;
    *out_count = column.count;
    return JC_OK;
}

enum jc_code jc_row_exists(struct jc_tx *tx, const char *sql, const struct jc_value *values, size_t count, bool *out,
                           struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *out = false;
    enum jc_code code = jc_tx_query(tx, sql, values, count, &rows, err);
    if (!code)
        code = jc_rows_next(rows, out, err);
    jc_rows_close(rows);
    return code;
}
