/* CSV: records, exact places of every field and every mistake, limits, writing, diagnostics. */
#include "jc_test.h"

#include "base/csv.h"
#include "jc_fail_each.h"

/* Renders every field as line:column=text, fields by '|', records by a newline. A failure ends it
 * with !line:column. */
static enum jc_code dump(struct jc_arena *arena, struct jc_str bytes, struct jc_buf *out, struct jc_err *err) {
    struct jc_csv csv;
    struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
    size_t count = 0;
    enum jc_code code = jc_csv_open(&csv, arena, JC_STR("units.csv"), bytes, err);
    while (!code && !(code = jc_csv_next(&csv, fields, &count, err)) && count) {
        for (size_t i = 0; i < count; i++)
            jc_buf_printf(out, "%s%d:%d=%.*s", i ? "|" : "", fields[i].line, fields[i].column, JC_FMT(fields[i].text));
        jc_buf_char(out, '\n');
    }
    if (code)
        jc_buf_printf(out, "!%d:%d", csv.line, csv.column);
    return code;
}

static const struct {
    const char *name;
    struct jc_str in;
    const char *out;
    enum jc_msg what; /* JC_MSG_NONE: no failure */
} CASES[] = {
    {"empty file", JC_STR(""), "", JC_MSG_NONE},
    {"only a BOM", JC_STR("\xef\xbb\xbf"), "", JC_MSG_NONE},
    {"only blank lines", JC_STR("\n\r\n\n"), "", JC_MSG_NONE},
    {"one field", JC_STR("a"), "1:1=a\n", JC_MSG_NONE},
    {"LF", JC_STR("a,b\nc,d\n"), "1:1=a|1:3=b\n2:1=c|2:3=d\n", JC_MSG_NONE},
    {"CRLF", JC_STR("a,b\r\nc,d\r\n"), "1:1=a|1:3=b\n2:1=c|2:3=d\n", JC_MSG_NONE},
    {"no newline at the end", JC_STR("a\nb"), "1:1=a\n2:1=b\n", JC_MSG_NONE},
    {"BOM takes no column", JC_STR("\xef\xbb\xbfid,x\n"), "1:1=id|1:4=x\n", JC_MSG_NONE},
    {"BOM and quote", JC_STR("\xef\xbb\xbf\"i,d\",x\n"), "1:1=i,d|1:7=x\n", JC_MSG_NONE},
    {"a second BOM is text", JC_STR("\xef\xbb\xbf\xef\xbb\xbf"), "1:1=\xef\xbb\xbf\n", JC_MSG_NONE},
    {"columns are characters", JC_STR("淮南,毛集,x\n"), "1:1=淮南|1:4=毛集|1:7=x\n", JC_MSG_NONE},
    {"emoji is one column", JC_STR("👍,x"), "1:1=👍|1:3=x\n", JC_MSG_NONE},
    {"empty fields", JC_STR(",,\n"), "1:1=|1:2=|1:3=\n", JC_MSG_NONE},
    {"last field empty at the end", JC_STR("a,"), "1:1=a|1:3=\n", JC_MSG_NONE},
    {"blank lines between", JC_STR("a\n\n\r\nb\n\n"), "1:1=a\n4:1=b\n", JC_MSG_NONE},
    {"a blank is a field", JC_STR(" \n"), "1:1= \n", JC_MSG_NONE},
    {"blanks are kept", JC_STR(" a , b"), "1:1= a |1:5= b\n", JC_MSG_NONE},
    {"quoted", JC_STR("\"a,b\",c"), "1:1=a,b|1:7=c\n", JC_MSG_NONE},
    {"quoted empty", JC_STR("\"\",x\n\"\"\n"), "1:1=|1:4=x\n2:1=\n", JC_MSG_NONE},
    {"doubled quotes", JC_STR("\"a\"\"b\",\"\"\"\""), "1:1=a\"b|1:8=\"\n", JC_MSG_NONE},
    {"newline in quotes", JC_STR("\"a\nb\",c\nd"), "1:1=a\nb|2:4=c\n3:1=d\n", JC_MSG_NONE},
    {"CRLF in quotes", JC_STR("\"a\r\n\r\nb\",c"), "1:1=a\r\n\r\nb|3:4=c\n", JC_MSG_NONE},
    {"CR in quotes is text", JC_STR("\"a\rb\""), "1:1=a\rb\n", JC_MSG_NONE},
    {"comma behind quotes at the end", JC_STR("\"a\","), "1:1=a|1:5=\n", JC_MSG_NONE},

    {"quote never closed", JC_STR("a,b\nc,\"d\ne,f\n"), "1:1=a|1:3=b\n!2:3", JC_MSG_CSV_QUOTE_OPEN},
    {"a quote alone", JC_STR("\""), "!1:1", JC_MSG_CSV_QUOTE_OPEN},
    {"ends in a doubled quote", JC_STR("x,\"a\"\""), "!1:3", JC_MSG_CSV_QUOTE_OPEN},
    {"text behind a quote", JC_STR("\"ab\"c,d"), "!1:5", JC_MSG_CSV_QUOTE_BEHIND},
    {"blank behind a quote", JC_STR("毛,\"集\" ,d"), "!1:6", JC_MSG_CSV_QUOTE_BEHIND},
    {"text behind a quote, later line", JC_STR("\"a\nb\"c"), "!2:3", JC_MSG_CSV_QUOTE_BEHIND},
    {"CR alone behind a quote", JC_STR("\"a\"\rb"), "!1:4", JC_MSG_CSV_QUOTE_BEHIND},
    {"quote inside a field", JC_STR("a,5\" pipe\n"), "!1:4", JC_MSG_CSV_QUOTE_INSIDE},
    {"CR alone", JC_STR("a\rb\r"), "!1:2", JC_MSG_CSV_BARE_CR},
    {"CR at the end", JC_STR("a\r"), "!1:2", JC_MSG_CSV_BARE_CR},
    {"CR alone on a line", JC_STR("\r"), "!1:1", JC_MSG_CSV_BARE_CR},
    {"not UTF-8", JC_STR("a,b\n毛,\xff"), "!2:3", JC_MSG_CSV_NOT_UTF8},
    {"GBK", JC_STR("id,\xbb\xb4\xc4\xcf"), "!1:4", JC_MSG_CSV_NOT_UTF8},
    {"NUL", JC_STR("ab\0c"), "!1:3", JC_MSG_CSV_NOT_UTF8},
    {"cut in a character", JC_STR("a\n毛\xe9\x9b"), "!2:2", JC_MSG_CSV_NOT_UTF8},
    {"UTF-16", JC_STR("\xff\xfe\x61\0"), "!1:1", JC_MSG_CSV_NOT_UTF8},
};

static void test_read(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_buf out;
    jc_buf_init(&out, 1 << 16);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        jc_buf_reset(&out);
        /* An exact heap copy, so that reading behind the end is found. */
        char *exact = malloc(CASES[i].in.len + !CASES[i].in.len);
        memcpy(exact, CASES[i].in.ptr, CASES[i].in.len);
        enum jc_code code = dump(arena, (struct jc_str){exact, CASES[i].in.len}, &out, &err);
        free(exact);
        CHECK_STR(CASES[i].name, jc_buf_str(&out), CASES[i].out);
        CHECK_INT(CASES[i].name, code, CASES[i].what ? JC_INVALID_ARGUMENT : JC_OK);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
    }
    jc_buf_free(&out);
    jc_arena_free(arena);
}

/* A field of `len` bytes, plain or quoted with every byte a doubled quote, on line 2. */
static enum jc_code read_long(size_t len, bool quoted, size_t *got, int *line, int *column) {
    struct jc_arena *arena = jc_arena_new(32 << 20);
    struct jc_buf text;
    struct jc_csv csv;
    struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
    struct jc_err err;
    size_t count;
    jc_buf_init(&text, 32 << 20);
    jc_buf_add(&text, quoted ? JC_STR("id\nx,\"") : JC_STR("id\nx,"));
    for (size_t i = 0; i < len; i++)
        jc_buf_add(&text, quoted ? JC_STR("\"\"") : JC_STR("a"));
    jc_buf_add(&text, quoted ? JC_STR("\",z\n") : JC_STR(",z\n"));
    assert_false(text.failed);
    assert_int_equal(jc_csv_open(&csv, arena, JC_STR("f"), jc_buf_str(&text), &err), JC_OK);
    assert_int_equal(jc_csv_next(&csv, fields, &count, &err), JC_OK);
    enum jc_code code = jc_csv_next(&csv, fields, &count, &err);
    *got = code ? 0 : fields[1].text.len;
    *line = csv.line;
    *column = csv.column;
    if (code) {
        assert_int_equal(err.what, JC_MSG_CSV_FIELD_LONG);
        CHECK_STR("limit", err.arg[0], "65536");
        assert_int_equal(jc_csv_next(&csv, fields, &count, &err), JC_OK); /* nothing behind a failure */
        assert_int_equal(count, 0);
    }
    jc_buf_free(&text);
    jc_arena_free(arena);
    return code;
}

static void test_long_fields(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t len;
        bool quoted;
        enum jc_code code;
    } LONG[] = {
        {"plain at the limit", JC_CSV_FIELD_MAX, false, JC_OK},
        {"plain over the limit", JC_CSV_FIELD_MAX + 1, false, JC_INVALID_ARGUMENT},
        {"quoted at the limit", JC_CSV_FIELD_MAX, true, JC_OK},
        {"quoted over the limit", JC_CSV_FIELD_MAX + 1, true, JC_INVALID_ARGUMENT},
        {"ten megabytes", 10 << 20, false, JC_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < COUNT(LONG); i++) {
        size_t got;
        int line, column;
        CHECK_INT(LONG[i].name, read_long(LONG[i].len, LONG[i].quoted, &got, &line, &column), LONG[i].code);
        CHECK_INT(LONG[i].name, got, LONG[i].code ? 0 : LONG[i].len);
        CHECK(LONG[i].name, !LONG[i].code || (line == 2 && column == 3));
    }
}

static void test_many_fields(void **state) {
    (void)state;
    for (size_t fields = JC_CSV_FIELDS_MAX - 1; fields <= JC_CSV_FIELDS_MAX + 1; fields++) {
        char text[2 * JC_CSV_FIELDS_MAX + 4];
        for (size_t i = 0; i < fields; i++)
            memcpy(text + 2 * i, "a,", 2);
        struct jc_csv csv;
        struct jc_csv_field out[JC_CSV_FIELDS_MAX];
        struct jc_err err = {0};
        size_t count;
        jc_csv_open(&csv, NULL, JC_STR("f"), (struct jc_str){text, 2 * fields - 1}, &err);
        enum jc_code code = jc_csv_next(&csv, out, &count, &err);
        if (fields <= JC_CSV_FIELDS_MAX) {
            assert_int_equal(code, JC_OK);
            assert_int_equal(count, fields);
        } else {
            assert_int_equal(code, JC_INVALID_ARGUMENT);
            assert_int_equal(err.what, JC_MSG_CSV_FIELDS_MANY);
            assert_int_equal(csv.column, 2 * JC_CSV_FIELDS_MAX + 1); /* the first field too many */
        }
    }
}

/* What is written reads back as it was. */
static void test_write(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } WRITE[] = {
        {"plain", "abc", "abc"},
        {"empty", "", ""},
        {"comma", "a,b", "\"a,b\""},
        {"quote", "5\" pipe", "\"5\"\" pipe\""},
        {"only a quote", "\"", "\"\"\"\""},
        {"LF", "a\nb", "\"a\nb\""},
        {"CR", "a\rb", "\"a\rb\""},
        {"blank at the start", " a", "\" a\""},
        {"blank at the end", "a ", "\"a \""},
        {"blank inside", "a b", "a b"},
        {"Chinese comma", "毛集，实验区", "毛集，实验区"},
    };
    struct jc_arena *arena = jc_arena_new(1 << 16);
    struct jc_buf out;
    jc_buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(WRITE); i++) {
        jc_buf_reset(&out);
        jc_csv_write(&out, jc_str(WRITE[i].in));
        CHECK_STR(WRITE[i].name, jc_buf_str(&out), WRITE[i].out);
        jc_buf_add(&out, JC_STR(",end\r\n"));
        struct jc_csv csv;
        struct jc_csv_field fields[JC_CSV_FIELDS_MAX];
        struct jc_err err;
        size_t count;
        CHECK_OK(WRITE[i].name, jc_csv_open(&csv, arena, JC_STR("f"), jc_buf_str(&out), &err), &err);
        CHECK_OK(WRITE[i].name, jc_csv_next(&csv, fields, &count, &err), &err);
        CHECK_INT(WRITE[i].name, count, 2);
        CHECK_STR(WRITE[i].name, fields[0].text, WRITE[i].in);
    }
    jc_buf_free(&out);
    jc_arena_free(arena);
}

static enum jc_code read_all(void *ctx, struct jc_err *err) {
    (void)ctx;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_buf out;
    if (!arena)
        return jc_fail_memory(err);
    jc_buf_init(&out, 1 << 20);
    enum jc_code code = dump(arena, JC_STR("\"a\"\"b\",c\n\"\"\"\"\n"), &out, err);
    if (!code && out.failed)
        code = jc_fail_memory(err);
    jc_buf_free(&out);
    jc_arena_free(arena);
    return code;
}

static void test_each_allocation_fails(void **state) {
    (void)state;
    assert_true(jc_fail_each(read_all, NULL) >= 3);
}

static void test_diags(void **state) {
    (void)state;
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text);
    memcpy(long_text + 199, "毛", 3); /* does not fit into what is left of the cut */
    struct jc_arena *arena = jc_arena_new(1 << 16);
    struct jc_diags diags = {.arena = arena};
    jc_diags_error(&diags, JC_STR("units.csv"), 12, 31, JC_MSG_FILE_FAILED, JC_STR("a"), JC_STR("b\nc"));
    jc_diags_warning(&diags, JC_STR("units.csv"), 0, 0, JC_MSG_OUT_OF_MEMORY);
    jc_diags_warning(&diags, JC_STR(""), 0, 0, JC_MSG_OUT_OF_MEMORY);
    jc_diags_error(&diags, JC_STR("t"), 1, 2, JC_MSG_FILE_MISSING, (struct jc_str){long_text, sizeof long_text});
    assert_int_equal(diags.count, 4);
    assert_int_equal(diags.errors, 2);
    assert_false(diags.failed);

    char cut[400];
    snprintf(cut, sizeof cut, "t:1:2: file \"%.199s…\" does not exist", long_text);
    const char *const EXPECTED[] = {
        "units.csv:12:31: file \"a\": b?c",
        "units.csv: warning: out of memory",
        "warning: out of memory",
        cut,
    };
    struct jc_buf out;
    jc_buf_init(&out, 1000);
    for (size_t i = 0; i < COUNT(EXPECTED); i++) {
        jc_buf_reset(&out);
        jc_diag_render(&out, JC_EN, &diags.items[i]);
        CHECK_STR(EXPECTED[i], jc_buf_str(&out), EXPECTED[i]);
    }
    jc_buf_reset(&out);
    jc_diag_render(&out, JC_ZH, &diags.items[1]);
    CHECK_STR("Chinese", jc_buf_str(&out), "units.csv: 警告：内存不足");
    jc_buf_free(&out);

    struct jc_arena *small = jc_arena_new(100);
    struct jc_diags lost = {.arena = small};
    jc_diags_error(&lost, JC_STR("f"), 1, 1, JC_MSG_OUT_OF_MEMORY);
    assert_true(lost.failed); /* but the error counts, so nothing is imported */
    assert_int_equal(lost.errors, 1);
    jc_arena_free(small);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),  cmocka_unit_test(test_long_fields), cmocka_unit_test(test_many_fields),
        cmocka_unit_test(test_write), cmocka_unit_test(test_diags),       cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
