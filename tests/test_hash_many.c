/* Several hashes side by side are those of one by one: for every length around the ends of blocks, for lengths that
 * differ, for every number of them. */
#include "base/hash_many.h"

#include "jc_test.h"

enum { MOST = 37, LONGEST = 3000 };

static void check(const char *name, const struct jc_str *bytes, size_t count) {
    uint8_t many[MOST][JC_SHA256_SIZE], one[JC_SHA256_SIZE];
    jc_sha256_many(bytes, count, many);
    for (size_t i = 0; i < count; i++) {
        jc_sha256(bytes[i], one);
        CHECK(name, memcmp(one, many[i], sizeof one) == 0);
    }
}

/* A string of its own memory, so that AddressSanitizer sees a byte read beyond it. */
static struct jc_str make(size_t len, uint32_t seed) {
    char *bytes = calloc(1, len ? len : 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)((seed = seed * 1664525 + 1013904223) >> 24);
    return (struct jc_str){bytes, len};
}

static void check_lengths(const char *name, const size_t *lengths, size_t count) {
    struct jc_str bytes[MOST] = {{0}};
    for (size_t i = 0; i < count; i++)
        bytes[i] = make(lengths[i], (uint32_t)(lengths[i] * 64 + i + 1));
    check(name, bytes, count);
    for (size_t i = 0; i < count; i++)
        free((char *)bytes[i].ptr);
}

/* FIPS 180-4's own example, eight times. */
static void test_known(void **state) {
    static const uint8_t ABC[JC_SHA256_SIZE] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                                0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                                0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    struct jc_str bytes[8];
    uint8_t many[8][JC_SHA256_SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT(bytes); i++)
        bytes[i] = JC_STR("abc");
    jc_sha256_many(bytes, COUNT(bytes), many);
    for (size_t i = 0; i < COUNT(bytes); i++)
        CHECK("abc", memcmp(many[i], ABC, sizeof ABC) == 0);
}

static void test_every_length(void **state) {
    (void)state;
    for (size_t len = 0; len <= 4 * 64 + 1; len++) {
        size_t lengths[8];
        for (size_t i = 0; i < COUNT(lengths); i++)
            lengths[i] = len;
        check_lengths("all of one length", lengths, COUNT(lengths));
        for (size_t i = 0; i < COUNT(lengths); i++)
            lengths[i] = len + i * 11;
        check_lengths("lengths that differ", lengths, COUNT(lengths));
    }
}

static void test_every_count(void **state) {
    uint32_t seed = 1;
    (void)state;
    for (size_t count = 0; count <= MOST; count++) {
        size_t near[MOST], far[MOST];
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            near[i] = 900 + (seed >> 8) % 300;
            far[i] = (seed >> 8) % LONGEST;
        }
        check_lengths("similar lengths", near, count);
        check_lengths("any length", far, count);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_every_count),
    };
    assert_true(jc_id_init());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
