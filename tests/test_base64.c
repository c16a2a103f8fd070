/* Base64 by the vectors of RFC 4648 section 10. */
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

/* With padding, and read back with it and without, in either alphabet. */
static void test_padded(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_buf buf;
        char bytes[16];
        size_t len;
        jc_buf_init(&buf, 100);
        jc_base64_put(&buf, CASES[i].bytes);
        CHECK_INT(CASES[i].name, buf.len % 4, 0);
        CHECK_INT(CASES[i].name, memcmp(buf.ptr ? buf.ptr : "", CASES[i].text, strlen(CASES[i].text)), 0);
        CHECK(CASES[i].name, jc_base64_read(jc_buf_str(&buf), bytes, &len));
        CHECK(CASES[i].name, len == CASES[i].bytes.len && memcmp(bytes, CASES[i].bytes.ptr, len) == 0);
        CHECK(CASES[i].name, jc_base64_read(jc_str(CASES[i].text), bytes, &len));
        CHECK(CASES[i].name, len == CASES[i].bytes.len && memcmp(bytes, CASES[i].bytes.ptr, len) == 0);
        jc_buf_free(&buf);
    }
}

/* Long enough for several pieces. */
static void test_long(void **state) {
    (void)state;
    enum { SIZE = 10000 };
    static char bytes[SIZE], back[SIZE + 3];
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31);
    for (size_t len = SIZE - 3; len <= SIZE; len++) {
        struct jc_buf buf;
        size_t got;
        jc_buf_init(&buf, 2 * SIZE);
        jc_base64_put(&buf, (struct jc_str){bytes, len});
        CHECK("long", jc_base64_read(jc_buf_str(&buf), back, &got) && got == len && memcmp(back, bytes, len) == 0);
        jc_buf_free(&buf);
    }
}

static const struct {
    const char *name, *text;
    bool good;
} TEXTS[] = {
    {"the other alphabet", "-__-", true},
    {"both alphabets", "-_+/", false},
    {"one digit", "Z", false},
    {"padding alone", "====", false},
    {"too little padding", "Zg=", false},
    {"too much padding", "Zm9v=", false},
    {"padding in the middle", "Zg==Zg==", false},
    {"a blank", "Zm9 v", false},
    {"a line feed", "Zm9v\n", false},
    {"bits left over", "Zh", false},
    {"another letter", "Zm9*", false},
};

static void test_read(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        char bytes[16];
        size_t len;
        CHECK_INT(TEXTS[i].name, jc_base64_read(jc_str(TEXTS[i].text), bytes, &len), TEXTS[i].good);
    }
}

static void test_no_memory(void **state) {
    (void)state;
    struct jc_arena *arena = jc_arena_new(1);
    assert_null(jc_base64(JC_STR("abcdef"), arena).ptr);
    jc_arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64), cmocka_unit_test(test_padded),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_read),   cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
