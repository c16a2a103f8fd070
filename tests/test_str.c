/* Views, numbers and growing buffers. */
#include "jc_test.h"

static void test_compare(void **state) {
    (void)state;
    static const struct {
        const char *name, *a, *b;
        int order;
    } CASES[] = {
        {"both empty", "", "", 0},         {"empty first", "", "a", -1},        {"equal", "abc", "abc", 0},
        {"prefix first", "ab", "abc", -1}, {"bytes, not chars", "z", "中", -1}, {"high bytes unsigned", "\xff", "a", 1},
        {"last differs", "abd", "abc", 1}, {"NULL is empty", NULL, "", 0},      {"NULL first", NULL, "x", -1},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_str a = jc_str(CASES[i].a), b = jc_str(CASES[i].b);
        int order = jc_str_cmp(a, b), back = jc_str_cmp(b, a);
        CHECK_INT(CASES[i].name, (order > 0) - (order < 0), CASES[i].order);
        CHECK_INT(CASES[i].name, (back > 0) - (back < 0), -CASES[i].order);
        CHECK_INT(CASES[i].name, jc_str_eq(a, b), CASES[i].order == 0);
    }
    assert_true(jc_str_starts_with(JC_STR("rule:a"), JC_STR("rule:")));
    assert_true(jc_str_starts_with(JC_STR("a"), jc_str(NULL)));
    assert_false(jc_str_starts_with(JC_STR("ru"), JC_STR("rule:")));
    assert_false(jc_str_eq(JC_STR("a\0b"), JC_STR("a\0c"))); /* NUL is a byte like others */
}

static void test_trim(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *out;
    } CASES[] = {
        {"empty", "", ""},
        {"nothing to do", "a b", "a b"},
        {"ascii", " \t\r\n\v\fa \t", "a"},
        {"ideographic space", "　　毛集　", "毛集"},
        {"mixed", " 　 x　 ", "x"},
        {"only blanks", " 　\n", ""},
        {"inner blanks stay", "毛集　实验区", "毛集　实验区"},
        {"half of U+3000 is no blank", "\xe3\x80", "\xe3\x80"},
        {"U+3001 is no blank", "、", "、"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++)
        CHECK_STR(CASES[i].name, jc_str_trim(jc_str(CASES[i].in)), CASES[i].out);
}

static void test_cut(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *parts[5];
    } CASES[] = {
        {"one", "a", {"a"}},
        {"inner empty", "a||b", {"a", "", "b"}},
        {"last empty", "a|", {"a", ""}},
        {"first empty", "|a", {"", "a"}},
        {"only a separator", "|", {"", ""}},
        {"empty text is one empty part", "", {""}},
        {"no text has no parts", NULL, {NULL}},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_str rest = jc_str(CASES[i].in), head;
        size_t count = 0;
        for (; jc_str_cut(&rest, '|', &head); count++) {
            CHECK(CASES[i].name, CASES[i].parts[count] != NULL);
            CHECK_STR(CASES[i].name, head, CASES[i].parts[count]);
        }
        CHECK(CASES[i].name, CASES[i].parts[count] == NULL);
        CHECK(CASES[i].name, rest.ptr == NULL && head.len == 0);
    }
}

static void test_int64(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        bool ok;
        int64_t out;
    } CASES[] = {
        {"zero", "0", true, 0},
        {"plus", "+7", true, 7},
        {"minus", "-7", true, -7},
        {"leading zeros", "007", true, 7},
        {"largest", "9223372036854775807", true, INT64_MAX},
        {"smallest", "-9223372036854775808", true, INT64_MIN},
        {"one too large", "9223372036854775808", false, 0},
        {"one too small", "-9223372036854775809", false, 0},
        {"twenty digits", "10000000000000000000", false, 0},
        {"empty", "", false, 0},
        {"sign alone", "-", false, 0},
        {"two signs", "--1", false, 0},
        {"blank before", " 1", false, 0},
        {"blank behind", "1 ", false, 0},
        {"hex", "0x10", false, 0},
        {"decimal", "1.0", false, 0},
        {"full-width digit", "１", false, 0},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int64_t out = 42;
        CHECK_INT(CASES[i].name, jc_str_to_int64(jc_str(CASES[i].in), &out), CASES[i].ok);
        CHECK_INT(CASES[i].name, out, CASES[i].ok ? CASES[i].out : 42);
        char text[JC_NUMBER_TEXT];
        int64_t again;
        CHECK(CASES[i].name, !CASES[i].ok || (jc_str_to_int64(jc_str_from_int64(out, text), &again) && again == out));
    }
}

static void test_centi(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        bool ok;
        int64_t out;
        const char *shortest;
    } CASES[] = {
        {"half", "0.5", true, 50, "0.5"},
        {"whole", "299", true, 29900, "299"},
        {"two decimals", "0.33", true, 33, "0.33"},
        {"zero decimals", "1.00", true, 100, "1"},
        {"small", "0.05", true, 5, "0.05"},
        {"negative small", "-0.05", true, -5, "-0.05"},
        {"negative", "-12.5", true, -1250, "-12.5"},
        {"hundred", "100", true, 10000, "100"},
        {"largest", "92233720368547758.07", true, INT64_MAX, "92233720368547758.07"},
        {"smallest", "-92233720368547758.08", true, INT64_MIN, "-92233720368547758.08"},
        {"too large", "92233720368547758.08", false, 0, NULL},
        {"too large whole", "92233720368547759", false, 0, NULL},
        {"three decimals", "0.500", false, 0, NULL},
        {"point behind", "5.", false, 0, NULL},
        {"point before", ".5", false, 0, NULL},
        {"two points", "1.2.3", false, 0, NULL},
        {"second point", "1.2.", false, 0, NULL},
        {"exponent", "1e2", false, 0, NULL},
        {"sign in the decimals", "1.-5", false, 0, NULL},
        {"comma", "1,5", false, 0, NULL},
        {"empty", "", false, 0, NULL},
        {"nan", "nan", false, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int64_t out = 42;
        CHECK_INT(CASES[i].name, jc_str_to_centi(jc_str(CASES[i].in), &out), CASES[i].ok);
        CHECK_INT(CASES[i].name, out, CASES[i].ok ? CASES[i].out : 42);
        if (CASES[i].ok) {
            char text[JC_NUMBER_TEXT];
            CHECK_STR(CASES[i].name, jc_str_from_centi(out, text), CASES[i].shortest);
            CHECK(CASES[i].name, strcmp(text, CASES[i].shortest) == 0);
        }
    }
}

static void test_micro(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t micro;
        const char *expected;
    } CASES[] = {
        {"whole", 299000000, "299"},
        {"zero", 0, "0"},
        {"half", 500000, "0.5"},
        {"an eighth", 125000, "0.125"},
        {"the least", 1, "0.000001"},
        {"negative", -10500000, "-10.5"},
        {"the lowest", INT64_MIN, "-9223372036854.775808"},
        {"the highest", INT64_MAX, "9223372036854.775807"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char text[JC_NUMBER_TEXT];
        CHECK_STR(CASES[i].name, jc_str_from_micro(CASES[i].micro, text), CASES[i].expected);
        CHECK(CASES[i].name, strcmp(text, CASES[i].expected) == 0);
    }
}

static void test_buffer_limit(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t max_size, appends, len;
        bool failed;
    } CASES[] = {
        {"below", 100, 33, 99, false},
        {"exactly full", 99, 33, 99, false},
        {"one byte short", 98, 33, 96, true},
        {"nothing fits", 0, 1, 0, true},
        {"beyond one block", 5000, 1000, 3000, false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_buf buf;
        jc_buf_init(&buf, CASES[i].max_size);
        for (size_t n = 0; n < CASES[i].appends; n++)
            jc_buf_append(&buf, "abc", 3);
        CHECK_INT(CASES[i].name, buf.len, CASES[i].len);
        CHECK_INT(CASES[i].name, buf.failed, CASES[i].failed);
        for (size_t n = 0; n < buf.len; n++)
            CHECK_INT(CASES[i].name, buf.ptr[n], "abc"[n % 3]);
        if (buf.failed) { /* a shorter append would fit, but the failure stays */
            jc_buf_char(&buf, 'x');
            CHECK_INT(CASES[i].name, buf.len, CASES[i].len);
        }
        jc_buf_reset(&buf);
        CHECK(CASES[i].name, buf.len == 0 && !buf.failed);
        jc_buf_free(&buf);
        CHECK(CASES[i].name, !buf.ptr && buf.max_size == CASES[i].max_size);
    }
    struct jc_buf zeroed = {0};
    jc_buf_append(&zeroed, "a", 1);
    assert_true(zeroed.failed);
    jc_buf_free(&zeroed);
}

static void test_buffer_printf(void **state) {
    (void)state;
    struct jc_buf buf;
    jc_buf_init(&buf, 300);
    jc_buf_printf(&buf, "%s", "");
    assert_int_equal(buf.len, 0);
    jc_buf_printf(&buf, "%d-%s", 12, "月");
    jc_buf_centi(&buf, 50);
    jc_buf_add(&buf, JC_STR("|"));
    CHECK_STR("mixed", jc_buf_str(&buf), "12-月0.5|");
    jc_buf_reserve(&buf, 301); /* more than there may be: shows with the append alone */
    assert_false(buf.failed);
    jc_buf_reserve(&buf, 300 - buf.len);
    const char *before = buf.ptr;
    jc_buf_printf(&buf, "%*s", 300 - (int)buf.len, "x"); /* fills it to the last byte */
    assert_ptr_equal(buf.ptr, before);
    assert_int_equal(buf.len, 300);
    assert_false(buf.failed);
    jc_buf_printf(&buf, "y");
    assert_true(buf.failed);
    assert_int_equal(buf.len, 300);
    jc_buf_free(&buf);
}

static void test_buffer_without_memory(void **state) {
    (void)state;
    struct jc_buf buf;
    jc_buf_init(&buf, 1000);
    jc_buf_add(&buf, JC_STR("kept"));
    jc_alloc_fail_at(1);
    jc_buf_printf(&buf, "%200s", "");
    jc_alloc_fail_at(0);
    assert_true(buf.failed);
    CHECK_STR("old text", jc_buf_str(&buf), "kept");
    jc_buf_free(&buf);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_centi),
        cmocka_unit_test(test_micro),
        cmocka_unit_test(test_buffer_limit),
        cmocka_unit_test(test_buffer_printf),
        cmocka_unit_test(test_buffer_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
