/* UTF-8. */
#include "jc_test.h"

#include "base/text.h"

static void test_valid(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct jc_str in;
        int bad; /* offset, -1 if all is well */
    } CASES[] = {
        {"empty", JC_STR(""), -1},
        {"ascii", JC_STR("abc"), -1},
        {"Chinese", JC_STR("淮南市"), -1},
        {"four bytes", JC_STR("\xf0\x9f\x91\x8d"), -1},
        {"last code point", JC_STR("\xf4\x8f\xbf\xbf"), -1},
        {"beyond the last", JC_STR("a\xf4\x90\x80\x80"), 1},
        {"NUL", JC_STR("ab\0c"), 2},
        {"overlong slash", JC_STR("\xc0\xaf"), 0},
        {"overlong NUL", JC_STR("a\xc0\x80"), 1},
        {"overlong in three", JC_STR("\xe0\x80\xaf"), 0},
        {"surrogate", JC_STR("中\xed\xa0\x80"), 3},
        {"lone continuation", JC_STR("ab\x80"), 2},
        {"cut in two", JC_STR("中\xe4\xb8"), 3},
        {"cut after one", JC_STR("中中\xe4"), 6},
        {"continuation missing", JC_STR("\xe4\xb8z"), 0},
        {"0xff", JC_STR("\xff"), 0},
        {"GBK", JC_STR("id,\xbb\xb4\xc4\xcf"), 3},
        {"UTF-16", JC_STR("\xff\xfei\0d\0"), 0},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        size_t bad = 99;
        CHECK_INT(CASES[i].name, jc_text_valid(CASES[i].in, &bad), CASES[i].bad < 0);
        CHECK_INT(CASES[i].name, bad, CASES[i].bad < 0 ? 99 : CASES[i].bad);
        CHECK_INT(CASES[i].name, jc_text_valid(CASES[i].in, NULL), CASES[i].bad < 0);
    }
}

/* Bytes of the UTF-8 character at s (RFC 3629, section 4, word for word); 0 if there is none. */
static size_t reference(const unsigned char *s, size_t len) {
    static const struct {
        unsigned char first[2], second[2];
        size_t len;
    } ROWS[] = {
        {{0x01, 0x7f}, {0, 0}, 1},       {{0xc2, 0xdf}, {0x80, 0xbf}, 2}, {{0xe0, 0xe0}, {0xa0, 0xbf}, 3},
        {{0xe1, 0xec}, {0x80, 0xbf}, 3}, {{0xed, 0xed}, {0x80, 0x9f}, 3}, {{0xee, 0xef}, {0x80, 0xbf}, 3},
        {{0xf0, 0xf0}, {0x90, 0xbf}, 4}, {{0xf1, 0xf3}, {0x80, 0xbf}, 4}, {{0xf4, 0xf4}, {0x80, 0x8f}, 4},
    };
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        bool good = s[0] >= ROWS[i].first[0] && s[0] <= ROWS[i].first[1] && len >= ROWS[i].len;
        if (good && ROWS[i].len > 1)
            good = s[1] >= ROWS[i].second[0] && s[1] <= ROWS[i].second[1];
        for (size_t j = 2; good && j < ROWS[i].len; j++)
            good = (s[j] & 0xc0) == 0x80;
        if (good)
            return ROWS[i].len;
    }
    return 0;
}

/* Four bytes of every kind, at every place of a word of eight. */
static void test_valid_everywhere(void **state) {
    (void)state;
    static const unsigned char BYTES[] = {0x00, 0x01, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf,
                                          0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    enum { KINDS = COUNT(BYTES), SPACE = 20 };
    for (unsigned code = 0; code < KINDS * KINDS * KINDS * KINDS; code++) {
        unsigned char text[SPACE];
        size_t at = code % 11, expected = 0, bad = SPACE;
        memset(text, 'a', sizeof text);
        for (unsigned i = 0, rest = code; i < 4; i++, rest /= KINDS)
            text[at + i] = BYTES[rest % KINDS];
        for (size_t size; expected < SPACE && (size = reference(text + expected, SPACE - expected)) != 0;)
            expected += size;
        bool valid = jc_text_valid((struct jc_str){(const char *)text, SPACE}, &bad);
        if (valid != (expected == SPACE) || bad != expected)
            fail_msg("%02x %02x %02x %02x at %zu", text[at], text[at + 1], text[at + 2], text[at + 3], at);
    }
}

static void test_nfc(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *out;
        bool same; /* the very view comes back */
    } CASES[] = {
        {"empty", "", "", true},
        {"ascii", "Huainan", "Huainan", true},
        {"Chinese", "毛集实验区", "毛集实验区", true},
        {"composed already", "caf\xc3\xa9", "caf\xc3\xa9", true},
        {"e and accent", "cafe\xcc\x81", "caf\xc3\xa9", false},
        {"Hangul", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c", false},
        {"compatibility ideograph", "\xef\xa4\x80", "\xe8\xb1\x88", false},
        {"full-width stays (no NFKC)", "Ａ", "Ａ", true},
        {"order of marks", "a\xcc\x81\xcc\xa7", "\xc3\xa1\xcc\xa7", false},
        {"not valid", "a\xff", NULL, false},
    };
    struct jc_arena *arena = jc_arena_new(1 << 16);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_str in = jc_str(CASES[i].in), out = jc_text_nfc(arena, in);
        CHECK(CASES[i].name, (out.ptr != NULL) == (CASES[i].out != NULL));
        if (CASES[i].out)
            CHECK_STR(CASES[i].name, out, CASES[i].out);
        CHECK_INT(CASES[i].name, out.ptr == in.ptr, CASES[i].same);
        struct jc_str twice = CASES[i].out ? jc_text_nfc(arena, out) : out;
        CHECK(CASES[i].name, twice.ptr == out.ptr); /* normalising again changes nothing */
    }
    assert_non_null(jc_text_nfc(arena, jc_str(NULL)).ptr);
    jc_alloc_fail_at(1);
    assert_null(jc_text_nfc(arena, JC_STR("e\xcc\x81")).ptr);
    jc_alloc_fail_at(0);
    jc_arena_free(arena);
    arena = jc_arena_new(1);
    assert_null(jc_text_nfc(arena, JC_STR("e\xcc\x81")).ptr);
    jc_arena_free(arena);
}

static void test_width(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        size_t width;
    } CASES[] = {
        {"empty", "", 0},
        {"ascii", "abc", 3},
        {"Chinese", "淮南", 4},
        {"mixed", "T1 科室", 7},
        {"full-width letter", "Ａ", 2},
        {"accent", "e\xcc\x81", 1},
        {"emoji", "👍", 2},
        {"invalid byte", "a\xff", 2},
        {"ideographic space", "　", 2},
        {"corner bracket", "「」", 4},
    };
    for (size_t i = 0; i < COUNT(CASES); i++)
        CHECK_INT(CASES[i].name, jc_text_width(jc_str(CASES[i].in)), CASES[i].width);
}

static void test_cut(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        size_t max;
        const char *out;
    } CASES[] = {
        {"all", "淮南", 6, "淮南"},
        {"more than all", "淮南", 99, "淮南"},
        {"one byte less", "淮南", 5, "淮"},
        {"two bytes less", "淮南", 4, "淮"},
        {"between", "淮南", 3, "淮"},
        {"nothing fits", "淮南", 2, ""},
        {"zero", "淮南", 0, ""},
        {"ascii", "abc", 2, "ab"},
        {"emoji", "a👍", 4, "a"},
        {"empty", "", 0, ""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++)
        CHECK_STR(CASES[i].name, jc_text_cut(jc_str(CASES[i].in), CASES[i].max), CASES[i].out);
}

static void test_clean(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        size_t max;
        const char *out;
    } CASES[] = {
        {"plain", "淮南", 6, "淮南"},
        {"cut", "淮南", 5, "淮"},
        {"control", "a\tb", 9, "a?b"},
        {"not UTF-8", "\xff淮", 4, "?淮"},
        {"cut behind rubbish", "\xff淮", 3, "?"},
        {"zero", "a", 0, ""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char out[16];
        size_t len = jc_text_clean(jc_str(CASES[i].in), out, CASES[i].max);
        CHECK_STR(CASES[i].name, ((struct jc_str){out, len}), CASES[i].out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid), cmocka_unit_test(test_valid_everywhere),
        cmocka_unit_test(test_nfc),   cmocka_unit_test(test_width),
        cmocka_unit_test(test_cut),   cmocka_unit_test(test_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
