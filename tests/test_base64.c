/* Base64 by the vectors of RFC 4648 section 10, without their padding. */
#include "base/base64.h"

#include "jc_test.h"

static const struct {
    const char *name;
    struct jc_str bytes;
    const char *text;
} CASES[] = {
    {"empty", {"", 0}, ""},
    {"one", {"f", 1}, "Zg"},
    {"two", {"fo", 2}, "Zm8"},
    {"three", {"foo", 3}, "Zm9v"},
    {"four", {"foob", 4}, "Zm9vYg"},
    {"five", {"fooba", 5}, "Zm9vYmE"},
    {"six", {"foobar", 6}, "Zm9vYmFy"},
    {"last digits", {"\xfb\xff\xfe", 3}, "+//+"},
    {"zero", {"\0\0", 2}, "AAA"},
};

static void test_base64(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_arena *arena = jc_arena_new(1 << 16);
        CHECK_STR(CASES[i].name, jc_base64(CASES[i].bytes, arena), CASES[i].text);
        jc_arena_free(arena);
    }
}

static void test_no_memory(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1);
    assert_null(jc_base64(JC_STR("abcdef"), arena).ptr);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_base64), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
