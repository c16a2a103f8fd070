/* Errors and the message catalogue. */
#include "jc_test.h"

#include <errno.h>

#include "base/text.h"

static struct jc_str filled(char *buf, size_t len, char c) {
    memset(buf, c, len);
    return (struct jc_str){buf, len};
}

static void test_arguments(void **state) {
    (void)state;
    static char long_a[400], long_b[400];
    const struct {
        const char *name;
        struct jc_str in[4];
        size_t out_len[4];
    } CASES[] = {
        {"none", {{0}}, {0}},
        {"short", {JC_STR("a"), JC_STR("bc"), JC_STR("def"), JC_STR("ghij")}, {1, 2, 3, 4}},
        {"one long", {filled(long_a, 400, 'a')}, {256}},
        {"long first leaves room", {{long_a, 400}, JC_STR("bc")}, {254, 2}},
        {"long last", {JC_STR("bc"), {0}, {0}, {long_a, 400}}, {2, 0, 0, 254}},
        {"two long share", {{long_a, 400}, filled(long_b, 400, 'b')}, {128, 128}},
        {"four long share", {{long_a, 400}, {long_b, 400}, {long_a, 400}, {long_b, 400}}, {64, 64, 64, 64}},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err;
        memset(&err, 'x', sizeof err);
        CHECK_INT(CASES[i].name, jc_fail_args(&err, JC_NOT_FOUND, JC_MSG_FILE_FAILED, CASES[i].in), JC_NOT_FOUND);
        CHECK(CASES[i].name, err.code == JC_NOT_FOUND && err.what == JC_MSG_FILE_FAILED && err.detail[0] == '\0');
        for (int a = 0; a < JC_ERR_ARGS; a++) {
            CHECK_INT(CASES[i].name, err.arg[a].len, CASES[i].out_len[a]);
            CHECK(CASES[i].name, jc_str_starts_with(CASES[i].in[a], err.arg[a]));
            CHECK(CASES[i].name,
                  err.arg[a].ptr >= err.argbuf && err.arg[a].ptr + err.arg[a].len <= err.argbuf + sizeof err.argbuf);
        }
    }
}

static void test_cut_at_characters(void **state) {
    (void)state;
    char text[600];
    for (size_t before = 0; before < 6; before++) { /* 中 is three bytes: every phase of the cut */
        memset(text, 'a', before);
        for (size_t i = before; i + 3 <= sizeof text; i += 3)
            memcpy(text + i, "中", 3);
        struct jc_err err;
        jc_fail(&err, JC_INVALID_ARGUMENT, JC_MSG_FILE_FAILED, (struct jc_str){text, 500 + before});
        assert_true(jc_text_valid(err.arg[0], NULL));
        assert_true(err.arg[0].len > 256 - 3);
        assert_int_equal((err.arg[0].len - before) % 3, 0);

        jc_err_detail(&err, "%.*s", (int)(500 + before), text);
        assert_true(jc_text_valid(jc_str(err.detail), NULL));
        assert_in_range(strlen(err.detail), sizeof err.detail - 4, sizeof err.detail - 1);
    }
}

static void test_arguments_are_clean(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } CASES[] = {
        {"newline", "a\nb", "a?b"},
        {"escape sequence", "\x1b[31mred", "?[31mred"},
        {"delete", "a\x7f", "a?"},
        {"C1 control", "a\xc2\x9b", "a?"},
        {"no UTF-8", "a\xff\xfe中", "a??中"},
        {"GBK", "\xb0\xb2\xbb\xd5", "????"},
        {"cut sequence", "中\xe4\xb8", "中??"},
        {"emoji stays", "👍", "👍"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err;
        jc_fail(&err, JC_INVALID_ARGUMENT, JC_MSG_FILE_FAILED, jc_str(CASES[i].in));
        CHECK_STR(CASES[i].name, err.arg[0], CASES[i].out);
    }
}

static void test_reuse_of_own_arguments(void **state) {
    (void)state;
    struct jc_err err;
    jc_fail(&err, JC_NOT_FOUND, JC_MSG_FILE_FAILED, JC_STR("first"), JC_STR("second"));
    jc_fail(&err, JC_ABORTED, JC_MSG_FILE_FAILED, err.arg[1], err.arg[0]);
    CHECK_STR("swapped", err.arg[0], "second");
    CHECK_STR("swapped", err.arg[1], "first");
}

static void test_copy(void **state) {
    (void)state;
    struct jc_err from, to;
    jc_fail(&from, JC_NOT_FOUND, JC_MSG_FILE_FAILED, JC_STR("a.csv"), JC_STR("why"));
    jc_err_detail(&from, "errno %d", 2);
    jc_err_copy(&to, &from);
    memset(&from, 'x', sizeof from);
    CHECK_STR("argument", to.arg[1], "why");
    assert_ptr_equal(to.arg[0].ptr, to.argbuf);
    assert_string_equal(to.detail, "errno 2");
    jc_err_copy(&to, &to);
    CHECK_STR("onto itself", to.arg[0], "a.csv");
    struct jc_err nothing = {0};
    jc_err_copy(&to, &nothing);
    assert_null(to.arg[0].ptr);
}

static void test_render(void **state) {
    (void)state;
    struct jc_err err;
    struct jc_buf text;
    jc_buf_init(&text, 1000);
    jc_fail(&err, JC_NOT_FOUND, JC_MSG_FILE_FAILED, JC_STR("a{1}.csv"), JC_STR("why"));
    jc_err_render(&text, JC_EN, &err);
    CHECK_STR("an argument is not expanded again", jc_buf_str(&text), "file \"a{1}.csv\": why");
    jc_buf_reset(&text);
    jc_err_render(&text, JC_ZH, &err);
    CHECK_STR("Chinese", jc_buf_str(&text), "文件“a{1}.csv”：why");
    jc_buf_reset(&text);
    jc_msg_render(&text, JC_EN, JC_MSG_FILE_FAILED, err.arg, 1);
    CHECK_STR("missing argument", jc_buf_str(&text), "file \"a{1}.csv\": ");
    jc_buf_reset(&text);
    err.what = JC_MSG_NONE;
    jc_err_render(&text, JC_EN, &err);
    CHECK("a code without words still says something", text.len > 0);
    jc_buf_free(&text);
}

/* English has two numbers. */
static void test_plurals(void **state) {
    (void)state;
    static const struct {
        const char *version, *visits, *text;
    } CASES[] = {
        {"2", "0", "0 visits change against version 2"},
        {"2", "1", "1 visit changes against version 2"},
        {"1", "2", "2 visits change against version 1"},
        {"1", "11", "11 visits change against version 1"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const struct jc_str args[] = {jc_str(CASES[i].version), jc_str(CASES[i].visits)};
        struct jc_buf text;
        jc_buf_init(&text, 1000);
        jc_msg_render(&text, JC_EN, JC_MSG_REPLAN_DONE, args, 2);
        CHECK_STR(CASES[i].visits, jc_buf_str(&text), CASES[i].text);
        jc_buf_free(&text);
    }
}

static void test_errno(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int number;
        enum jc_code code;
    } CASES[] = {
        {"missing", ENOENT, JC_NOT_FOUND},
        {"denied", EACCES, JC_PERMISSION_DENIED},
        {"read-only disk", EROFS, JC_UNAVAILABLE},
        {"exists", EEXIST, JC_ALREADY_EXISTS},
        {"disk full", ENOSPC, JC_RESOURCE_EXHAUSTED},
        {"too many files", EMFILE, JC_RESOURCE_EXHAUSTED},
        {"folder", EISDIR, JC_INVALID_ARGUMENT},
        {"disk broken", EIO, JC_DATA_LOSS},
        {"any other", EXDEV, JC_UNKNOWN},
        {"no such number", 99999, JC_UNKNOWN},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err;
        errno = CASES[i].number;
        CHECK_INT(CASES[i].name, jc_fail_errno(&err, JC_STR("units.csv")), CASES[i].code);
        CHECK_STR(CASES[i].name, err.arg[0], "units.csv");
        CHECK(CASES[i].name, strstr(err.detail, "units.csv: ") == err.detail);
    }
}

/* Bit n is set if {n} occurs. */
static unsigned placeholders(struct jc_str text) {
    unsigned found = 0;
    for (size_t i = 0; i + 2 < text.len; i++)
        if (text.ptr[i] == '{' && text.ptr[i + 2] == '}')
            found |= 1u << (text.ptr[i + 1] - '0');
    return found;
}

/* One line, lower case, no full stop; both languages name the same arguments. The sentences of a printed
 * document (DOC_…) end as sentences do. */
static void test_catalogue(void **state) {
    (void)state;
    static const char *const NAMES[] = {
#define JC_MSG(name, zh, en) #name,
#include "base/messages.def"
#undef JC_MSG
    };
    for (int i = JC_MSG_NONE + 1; i < JC_MSG_COUNT; i++) {
        struct jc_str zh = jc_msg_text((enum jc_msg)i, JC_ZH), en = jc_msg_text((enum jc_msg)i, JC_EN);
        CHECK(NAMES[i], zh.len > 0 && en.len > 0);
        CHECK(NAMES[i], jc_text_valid(zh, NULL) && jc_text_valid(en, NULL));
        CHECK_INT(NAMES[i], placeholders(zh), placeholders(en));
        CHECK(NAMES[i], placeholders(zh) < 1u << 10); /* an error names four things at most, a report more */
        for (size_t b = 0; b < en.len; b++) /* English only on that side: quotes and dashes may be typographic */
            CHECK(NAMES[i], (unsigned char)en.ptr[b] < 0xe3 || (unsigned char)en.ptr[b] > 0xe9);
        if (strncmp(NAMES[i], "DOC_", 4) == 0)
            continue;
        CHECK(NAMES[i], en.ptr[en.len - 1] != '.' || (en.len > 3 && memcmp(en.ptr + en.len - 3, "...", 3) == 0));
        CHECK(NAMES[i], zh.len < 3 || memcmp(zh.ptr + zh.len - 3, "。", 3) != 0);
    }
}

static void test_code_names(void **state) {
    (void)state;
    assert_string_equal(jc_code_name(JC_OK), "ok");
    assert_string_equal(jc_code_name(JC_CANCELLED), "canceled");
    assert_string_equal(jc_code_name(JC_INVALID_ARGUMENT), "invalid_argument");
    assert_string_equal(jc_code_name(JC_UNAUTHENTICATED), "unauthenticated");
    assert_string_equal(jc_code_name((enum jc_code)17), "unknown");
    for (int code = 0; code <= 16; code++)
        assert_non_null(jc_code_name((enum jc_code)code));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_cut_at_characters),
        cmocka_unit_test(test_arguments_are_clean),
        cmocka_unit_test(test_reuse_of_own_arguments),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_render),
        cmocka_unit_test(test_plurals),
        cmocka_unit_test(test_errno),
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_code_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
