/* CSV from anybody: reading never leaves the input, places only grow, and what was read writes and
 * reads back the same. */
#include "base/csv.h"
#include "base/text.h"
#include "fuzz.h"

static void check_record(const struct jc_csv_field *fields, size_t count, const int last[2]) {
    PROMISE(count <= JC_CSV_FIELDS_MAX);
    int line = last[0], column = last[1];
    for (size_t i = 0; i < count; i++) {
        PROMISE(fields[i].line > line || (fields[i].line == line && fields[i].column >= column));
        PROMISE(fields[i].text.len <= JC_CSV_FIELD_MAX);
        PROMISE(jc_text_valid(fields[i].text, NULL));
        line = fields[i].line;
        column = fields[i].column + 1;
    }
}

/* Writes the record and reads it again. */
static void round_trip(struct jc_arena *arena, const struct jc_csv_field *fields, size_t count) {
    struct jc_buf text;
    struct jc_csv csv;
    struct jc_csv_field again[JC_CSV_FIELDS_MAX];
    struct jc_err err;
    size_t found;
    jc_buf_init(&text, 16 << 20);
    for (size_t i = 0; i < count; i++) {
        if (i)
            jc_buf_char(&text, ',');
        jc_csv_write(&text, fields[i].text);
    }
    jc_buf_add(&text, JC_STR("\r\n"));
    /* One empty field looks like a blank line, and a BOM in front like the file's own. */
    bool ambiguous =
        (count == 1 && fields[0].text.len == 0) || jc_str_starts_with(jc_buf_str(&text), JC_STR("\xef\xbb\xbf"));
    if (!text.failed && !ambiguous) {
        PROMISE(jc_csv_open(&csv, arena, JC_STR("again"), jc_buf_str(&text), &err) == JC_OK);
        PROMISE(jc_csv_next(&csv, again, &found, &err) == JC_OK);
        PROMISE(found == count);
        for (size_t i = 0; i < count; i++)
            PROMISE(jc_str_eq(again[i].text, fields[i].text));
        PROMISE(csv.rest.len == 0);
    }
    jc_buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jc_arena *arena = jc_arena_new(64 << 20);
    struct jc_csv csv;
    struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
    struct jc_err err = {0};
    size_t count;
    if (!arena)
        return 0;
    enum jc_code code = jc_csv_open(&csv, arena, JC_STR("fuzz.csv"), (struct jc_str){(const char *)data, size}, &err);
    while (!code) {
        int last[2] = {csv.line, csv.column};
        code = jc_csv_next(&csv, fields, &count, &err);
        if (code || count == 0)
            break;
        check_record(fields, count, last);
        round_trip(arena, fields, count);
    }
    PROMISE(csv.line >= 1 && csv.column >= 1);
    PROMISE(!code || (err.code == code && err.what != JC_MSG_NONE));
    jc_arena_free(arena);
    return 0;
}
