/* Log lines: JSON whatever the text, one write each, cut without breaking. */
#include "jc_test.h"

#include "base/log.h"

/* The line that `action` writes, without its time, in `out`. */
static struct jc_str written(int fds[2], char out[8192]) {
    ssize_t len = read(fds[0], out, 8191);
    if (len < 0)
        return (struct jc_str){"", 0}; /* nothing there (the pipe does not block) */
    out[len] = '\0';
    static const char HEAD[] = "{\"time\":\"2023-01-05T09:";
    assert_true(jc_str_starts_with((struct jc_str){out, (size_t)len}, jc_str(HEAD)));
    assert_int_equal(out[len - 1], '\n');
    assert_null(memchr(out, '\n', (size_t)len - 1)); /* one line */
    char *rest = strstr(out, "+08:00\"");
    assert_non_null(rest);
    assert_int_equal(rest[-4], '.'); /* milliseconds */
    rest += strlen("+08:00\"");
    return (struct jc_str){rest, (size_t)(out + len - rest)};
}

static int open_log(void **state) {
    static int fds[2];
    setenv("JIANCHA_NOW", "2023-01-05T09:00:00+08:00", 1);
    if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
        return 1;
    jc_log_setup(fds[1], JC_LOG_INFO);
    *state = fds;
    return 0;
}

static int close_log(void **state) {
    int *fds = *state;
    jc_log_setup(2, JC_LOG_INFO);
    return close(fds[0]) | close(fds[1]);
}

static void test_escapes(void **state) {
    static const struct {
        const char *name;
        struct jc_str in;
        const char *out;
    } CASES[] = {
        {"plain", JC_STR("GET /"), "GET /"},
        {"Chinese", JC_STR("毛集👍"), "毛集👍"},
        {"quote, backslash", JC_STR("a\"b\\c"), "a\\\"b\\\\c"},
        {"forged line", JC_STR("x\"}\n{\"level\":\"error"), "x\\\"}\\u000a{\\\"level\\\":\\\"error"},
        {"controls", JC_STR("\t\x1b\0\x7f"), "\\u0009\\u001b\\u0000\\u007f"},
        {"no UTF-8", JC_STR("a\xff毛\xe6\xaf"), "a?毛??"},
        {"surrogate", JC_STR("\xed\xa0\x80"), "???"},
        {"empty", JC_STR(""), ""},
        {"NULL", {NULL, 0}, ""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char line[8192], expected[256];
        jc_log(JC_LOG_WARN, "test", JC_LOG_STR("text", CASES[i].in), JC_LOG_INT("n", INT64_MIN));
        snprintf(expected, sizeof expected,
                 ",\"level\":\"warn\",\"event\":\"test\",\"text\":\"%s\",\"n\":-9223372036854775808}\n", CASES[i].out);
        CHECK_STR(CASES[i].name, written(*state, line), expected);
    }
}

static void test_levels(void **state) {
    static const struct {
        const char *name;
        enum jc_log_level least, level;
        bool out;
    } CASES[] = {
        {"error always", JC_LOG_ERROR, JC_LOG_ERROR, true},   {"warn left out", JC_LOG_ERROR, JC_LOG_WARN, false},
        {"info at info", JC_LOG_INFO, JC_LOG_INFO, true},     {"debug left out", JC_LOG_INFO, JC_LOG_DEBUG, false},
        {"debug at debug", JC_LOG_DEBUG, JC_LOG_DEBUG, true},
    };
    static const char *const NAMES[] = {"error", "warn", "info", "debug"};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char line[8192], expected[100];
        jc_log_setup(((int *)*state)[1], CASES[i].least);
        jc_log(CASES[i].level, "bare");
        snprintf(expected, sizeof expected, ",\"level\":\"%s\",\"event\":\"bare\"}\n", NAMES[CASES[i].level]);
        CHECK_STR(CASES[i].name, written(*state, line), CASES[i].out ? expected : "");
    }
    jc_log_setup(((int *)*state)[1], JC_LOG_INFO);
}

/* At every length around the limit the line is whole JSON, and says when a field is missing. */
static void test_long_lines(void **state) {
    static char text[5000];
    memset(text, '"', sizeof text); /* two bytes in the line */
    bool cut_seen = false, whole_seen = false;
    for (size_t len = 1900; len < 2100; len++) {
        char line[8192];
        jc_log(JC_LOG_INFO, "long", JC_LOG_STR("big", ((struct jc_str){text, len})), JC_LOG_INT("last", 7));
        struct jc_str rest = written(*state, line);
        static const char TAIL[] = ",\"cut\":true}\n";
        bool cut = rest.len > sizeof TAIL && strcmp(rest.ptr + rest.len - (sizeof TAIL - 1), TAIL) == 0;
        assert_true(cut || strstr(line, "\"last\":7}\n"));
        assert_true(strlen(line) <= 4096);
        size_t escapes = 0;
        for (const char *at = line; (at = strstr(at, "\\\"")) != NULL; at += 2)
            escapes++;
        assert_true(escapes == len || (cut && escapes == 0)); /* a field is whole or absent */
        cut_seen |= cut;
        whole_seen |= !cut;
    }
    assert_true(cut_seen && whole_seen);
}

/* Bytes that have left so far. */
static int64_t out_now(int fds[2]) {
    char bytes[8192];
    int64_t sum = 0;
    for (ssize_t n; (n = read(fds[0], bytes, sizeof bytes)) > 0;)
        sum += n;
    return sum;
}

/* Whole lines gather, and leave when the next does not fit, with a warning, or when asked. */
static void test_gathered(void **state) {
    char line[8192];
    jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    int64_t one = (int64_t)written(*state, line).len + (int64_t)strlen("{\"time\":\"2023-01-05T09:00:00.000+08:00\"");
    jc_log_buffer((size_t)(2 * one + one / 2));
    for (int i = 0; i < 2; i++)
        jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    CHECK_INT("two wait", out_now(*state), 0);
    jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    CHECK_INT("the third does not fit", out_now(*state), 2 * one);
    jc_log_flush();
    CHECK_INT("asked", out_now(*state), one);
    jc_log_flush();
    CHECK_INT("nothing waits", out_now(*state), 0);
    jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    jc_log(JC_LOG_WARN, "a", JC_LOG_INT("n", 1));
    CHECK_INT("a warning takes along what waits", out_now(*state), 2 * one);
    memset(line, 'x', sizeof line);
    jc_log(JC_LOG_INFO, "a", JC_LOG_STR("b", ((struct jc_str){line, 1000})));
    CHECK("longer than the buffer", out_now(*state) > 1000);
    jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    jc_log_buffer(0);
    CHECK_INT("the buffer goes", out_now(*state), one);
    jc_log(JC_LOG_INFO, "a", JC_LOG_INT("n", 1));
    CHECK_INT("one by one again", out_now(*state), one);
}

static void test_without_memory(void **state) {
    char line[8192];
    jc_alloc_fail_at(1);
    jc_log(JC_LOG_ERROR, "memory", JC_LOG_STR("what", JC_STR("gone")));
    assert_null(jc_malloc(1)); /* logging asked for none, so the failure was still waiting */
    CHECK_STR("line", written(*state, line), ",\"level\":\"error\",\"event\":\"memory\",\"what\":\"gone\"}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),  cmocka_unit_test(test_levels),         cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_gathered), cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, open_log, close_log);
}
