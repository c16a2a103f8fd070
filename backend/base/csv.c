/* A hand-written scanner over the whole file: one pass, no copies except for fields with doubled
 * quotes. csv->line and csv->column always tell where csv->rest starts, counted in characters
 * (bytes that do not continue a UTF-8 sequence). What must never happen: a field that is guessed.
 * Whatever RFC 4180 leaves open (a quote inside a plain field, a lone CR) is refused with its place. */
#include "base/csv.h"

#include <string.h>

#include "base/text.h"

enum { DIAG_ARG_MAX = 200 }; /* bytes of an argument that a message repeats */

/* Moves behind `bytes` bytes of rest, keeping line and column. */
static void advance(struct jc_csv *csv, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)csv->rest.ptr[i];
        if (c == '\n') {
            csv->line++;
            csv->column = 1;
        } else {
            csv->column += (c & 0xc0) != 0x80;
        }
    }
    csv->rest.ptr += bytes;
    csv->rest.len -= bytes;
}

/* A failure at the present place; nothing can be read behind it. */
static enum jc_code fail_here(struct jc_csv *csv, enum jc_msg what, int64_t limit, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    csv->rest.len = 0;
    return jc_fail(err, JC_INVALID_ARGUMENT, what, jc_str_from_int64(limit, number));
}

/* The same at a place seen earlier. */
static enum jc_code fail_at(struct jc_csv *csv, int line, int column, enum jc_msg what, int64_t limit,
                            struct jc_err *err) {
    csv->line = line;
    csv->column = column;
    return fail_here(csv, what, limit, err);
}

enum jc_code jc_csv_open(struct jc_csv *csv, struct jc_arena *arena, struct jc_str file_name, struct jc_str bytes,
                         struct jc_err *err) {
    if (jc_str_starts_with(bytes, JC_STR("\xef\xbb\xbf")))
        bytes = (struct jc_str){bytes.ptr + 3, bytes.len - 3};
    *csv = (struct jc_csv){file_name, bytes, arena, 1, 1};
    size_t bad;
    if (jc_text_valid(bytes, &bad))
        return JC_OK;
    advance(csv, bad);
    return fail_here(csv, JC_MSG_CSV_NOT_UTF8, 0, err);
}

/* The length of the line end at position i of rest: 2 for CRLF, 1 for LF, 0 if there is none. */
static size_t line_end(struct jc_str rest, size_t i) {
    if (i < rest.len && rest.ptr[i] == '\n')
        return 1;
    return i + 1 < rest.len && rest.ptr[i] == '\r' && rest.ptr[i + 1] == '\n' ? 2 : 0;
}

static enum jc_code plain_field(struct jc_csv *csv, struct jc_str *out, struct jc_err *err) {
    size_t len = 0;
    while (len < csv->rest.len && csv->rest.ptr[len] != ',' && !line_end(csv->rest, len)) {
        if (csv->rest.ptr[len] == '"' || csv->rest.ptr[len] == '\r') {
            enum jc_msg what = csv->rest.ptr[len] == '"' ? JC_MSG_CSV_QUOTE_INSIDE : JC_MSG_CSV_BARE_CR;
            advance(csv, len);
            return fail_here(csv, what, 0, err);
        }
        if (++len > JC_CSV_FIELD_MAX)
            return fail_here(csv, JC_MSG_CSV_FIELD_LONG, JC_CSV_FIELD_MAX, err);
    }
    *out = (struct jc_str){csv->rest.ptr, len};
    advance(csv, len);
    return JC_OK;
}

/* Copies without the second of each pair of quotes. */
static enum jc_code undouble(struct jc_csv *csv, struct jc_str *text, struct jc_err *err) {
    char *copy = jc_arena_alloc(csv->arena, text->len);
    if (!copy)
        return jc_fail_memory(err);
    size_t len = 0;
    for (size_t i = 0; i < text->len; i++) {
        copy[len++] = text->ptr[i];
        i += text->ptr[i] == '"';
    }
    *text = (struct jc_str){copy, len};
    return JC_OK;
}

static enum jc_code quoted_field(struct jc_csv *csv, struct jc_str *out, struct jc_err *err) {
    int line = csv->line, column = csv->column;
    struct jc_str rest = {csv->rest.ptr + 1, csv->rest.len - 1};
    size_t len = 0, quotes = 0;
    for (;; len++) {
        if (len == rest.len)
            return fail_at(csv, line, column, JC_MSG_CSV_QUOTE_OPEN, 0, err);
        if (rest.ptr[len] == '"') {
            if (len + 1 == rest.len || rest.ptr[len + 1] != '"')
                break;
            len++;
            quotes++;
        }
        if (len >= JC_CSV_FIELD_MAX + quotes)
            return fail_at(csv, line, column, JC_MSG_CSV_FIELD_LONG, JC_CSV_FIELD_MAX, err);
    }
    *out = (struct jc_str){rest.ptr, len};
    advance(csv, len + 2);
    if (csv->rest.len && csv->rest.ptr[0] != ',' && !line_end(csv->rest, 0))
        return fail_here(csv, JC_MSG_CSV_QUOTE_BEHIND, 0, err);
    return quotes ? undouble(csv, out, err) : JC_OK;
}

enum jc_code jc_csv_next(struct jc_csv *csv, struct jc_csv_field fields[JC_CSV_FIELDS_MAX], size_t *count,
                         struct jc_err *err) {
    *count = 0;
    for (size_t blank; (blank = line_end(csv->rest, 0)) != 0;)
        advance(csv, blank);
    if (csv->rest.len == 0)
        return JC_OK;
    size_t found = 0;
    for (;;) {
        if (found == JC_CSV_FIELDS_MAX)
            return fail_here(csv, JC_MSG_CSV_FIELDS_MANY, JC_CSV_FIELDS_MAX, err);
        struct jc_csv_field *field = &fields[found++];
        *field = (struct jc_csv_field){.line = csv->line, .column = csv->column};
        bool quoted = csv->rest.len && csv->rest.ptr[0] == '"';
        enum jc_code code = quoted ? quoted_field(csv, &field->text, err) : plain_field(csv, &field->text, err);
        if (code)
            return code;
        if (csv->rest.len == 0 || csv->rest.ptr[0] != ',')
            break;
        advance(csv, 1);
    }
    advance(csv, line_end(csv->rest, 0));
    *count = found;
    return JC_OK;
}

void jc_csv_write(struct jc_buf *out, struct jc_str field) {
    bool quote = field.len && (field.ptr[0] == ' ' || field.ptr[field.len - 1] == ' ');
    for (size_t i = 0; i < field.len && !quote; i++)
        quote = field.ptr[i] == ',' || field.ptr[i] == '"' || field.ptr[i] == '\n' || field.ptr[i] == '\r';
    if (!quote) {
        jc_buf_add(out, field);
        return;
    }
    jc_buf_char(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        if (field.ptr[i] == '"')
            jc_buf_char(out, '"');
        jc_buf_char(out, field.ptr[i]);
    }
    jc_buf_char(out, '"');
}

/* --- diagnostics ------------------------------------------------------------------------------ */

/* A clean copy for a message, ended by "…" where it was cut. */
static struct jc_str copy_arg(struct jc_diags *diags, struct jc_str arg) {
    char text[DIAG_ARG_MAX + 3];
    size_t len = jc_text_clean(arg, text, DIAG_ARG_MAX);
    if (arg.len > DIAG_ARG_MAX) {
        memcpy(text + len, "\xe2\x80\xa6", 3);
        len += 3;
    }
    struct jc_str copy = jc_arena_copy(diags->arena, (struct jc_str){text, len});
    if (!copy.ptr)
        diags->failed = true;
    return copy;
}

void jc_diags_add(struct jc_diags *diags, struct jc_str file, int line, int column, bool warning, enum jc_msg what,
                  const struct jc_str args[JC_ERR_ARGS]) {
    diags->errors += !warning;
    struct jc_diag *diag = JC_PUSH(diags->arena, diags, struct jc_diag);
    if (!diag) {
        diags->failed = true;
        return;
    }
    *diag = (struct jc_diag){.line = line, .column = column, .warning = warning, .what = what};
    diag->file = copy_arg(diags, file);
    for (int i = 0; i < JC_ERR_ARGS; i++)
        diag->arg[i] = copy_arg(diags, args[i]);
}

void jc_diag_render(struct jc_buf *out, enum jc_lang lang, const struct jc_diag *diag) {
    if (diag->file.len) {
        jc_buf_add(out, diag->file);
        if (diag->line > 0)
            jc_buf_printf(out, ":%d:%d", diag->line, diag->column);
        jc_buf_add(out, JC_STR(": "));
    }
    if (diag->warning)
        jc_msg_render(out, lang, JC_MSG_DIAG_WARNING, NULL, 0);
    jc_msg_render(out, lang, diag->what, diag->arg, JC_ERR_ARGS);
}
