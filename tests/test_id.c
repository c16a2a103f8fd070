/* Identifiers, hashes, hex. */
#include "jc_test.h"

#include "base/id.h"

static int64_t fixed_now(void *ctx) {
    return *(int64_t *)ctx;
}

static void test_uuid7(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t now_ms;
        const char *head;
    } CASES[] = {
        {"RFC 9562's example", 0x017F22E279B0, "017f22e2-79b0-7"},
        {"epoch", 0, "00000000-0000-7"},
        {"2023", 1672880400000, "01857f71-2680-7"},
        {"48 bits", 0xFFFFFFFFFFFF, "ffffffff-ffff-7"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        int64_t now = CASES[i].now_ms;
        struct jc_clock clock = {fixed_now, &now};
        struct jc_uuid id = jc_uuid7(&clock), other = jc_uuid7(&clock);
        char text[JC_UUID_TEXT];
        struct jc_str s = jc_uuid_format(id, text);
        CHECK_INT(CASES[i].name, s.len, 36);
        CHECK_STR(CASES[i].name, ((struct jc_str){s.ptr, 15}), CASES[i].head);
        CHECK(CASES[i].name, strchr("89ab", text[19]) != NULL); /* the variant */
        CHECK(CASES[i].name, memcmp(&id, &other, sizeof id) != 0);
        struct jc_uuid again;
        CHECK(CASES[i].name, jc_uuid_parse(s, &again) && memcmp(&id, &again, sizeof id) == 0);
    }
}

static void test_uuid_parse(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        bool ok;
    } CASES[] = {
        {"dashes", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", true},
        {"capitals", "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", true},
        {"no dashes", "017f22e279b07cc398c4dc0c0c07398f", true},
        {"empty", "", false},
        {"one short", "017f22e2-79b0-7cc3-98c4-dc0c0c07398", false},
        {"one long", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0", false},
        {"dash at the wrong place", "017f22e27-9b0-7cc3-98c4-dc0c0c07398f", false},
        {"no dash where one belongs", "017f22e2079b0-7cc3-98c4-dc0c0c07398f", false},
        {"not hex", "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", false},
        {"braces", "{017f22e279b07cc398c4dc0c0c0739}", false},
    };
    static const uint8_t EXPECTED[] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                                       0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_uuid id = {{7}};
        CHECK_INT(CASES[i].name, jc_uuid_parse(jc_str(CASES[i].in), &id), CASES[i].ok);
        CHECK(CASES[i].name, !CASES[i].ok || memcmp(id.bytes, EXPECTED, sizeof EXPECTED) == 0);
        CHECK(CASES[i].name, CASES[i].ok || (id.bytes[0] == 7 && id.bytes[1] == 0));
    }
}

static void test_hex(void **state) {
    (void)state;
    static const struct {
        const char *name, *in;
        size_t len;
        bool ok;
    } CASES[] = {
        {"empty", "", 0, true},
        {"bytes", "00ff10aB", 4, true},
        {"odd", "abc", 1, false},
        {"too short", "ab", 2, false},
        {"too long", "abcd", 1, false},
        {"not hex", "0x", 1, false},
        {"letter behind f", "ag", 1, false},
        {"at sign", "a@", 1, false},
        {"grave", "a`", 1, false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t out[4] = {1, 2, 3, 4};
        char text[9];
        CHECK_INT(CASES[i].name, jc_hex_parse(jc_str(CASES[i].in), out, CASES[i].len), CASES[i].ok);
        CHECK(CASES[i].name, CASES[i].ok || out[0] == 1);
        if (CASES[i].ok) {
            struct jc_str hex = jc_hex(out, CASES[i].len, text);
            CHECK_INT(CASES[i].name, hex.len, 2 * CASES[i].len);
            CHECK(CASES[i].name, strcasecmp(text, CASES[i].in) == 0);
        }
    }
}

static void test_sha256(void **state) {
    (void)state;
    static const struct {
        const char *name, *in, *hex; /* FIPS 180-2 */
    } CASES[] = {
        {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"no text", NULL, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t hash[JC_SHA256_SIZE];
        char text[2 * JC_SHA256_SIZE + 1];
        jc_sha256(jc_str(CASES[i].in), hash);
        CHECK_STR(CASES[i].name, jc_hex(hash, sizeof hash, text), CASES[i].hex);
    }
}

/* Pieces of any size come to the hash of the whole, gathered or not. */
static void test_sha256_pieces(void **state) {
    (void)state;
    static const size_t SIZES[] = {0, 1, JC_SHA256_GATHER - 1, JC_SHA256_GATHER, JC_SHA256_GATHER + 1, 1500};
    static const size_t STEPS[] = {1, 63, 64, JC_SHA256_GATHER, JC_SHA256_GATHER + 1, 1500};
    char bytes[1500];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 31);
    for (size_t i = 0; i < COUNT(SIZES); i++) {
        for (size_t k = 0; k < COUNT(STEPS); k++) {
            struct jc_sha256_state pieces;
            uint8_t whole[JC_SHA256_SIZE], hash[JC_SHA256_SIZE];
            char name[64];
            snprintf(name, sizeof name, "%zu bytes by %zu", SIZES[i], STEPS[k]);
            jc_sha256((struct jc_str){bytes, SIZES[i]}, whole);
            jc_sha256_begin(&pieces);
            for (size_t at = 0; at < SIZES[i]; at += STEPS[k]) {
                size_t left = SIZES[i] - at;
                jc_sha256_add(&pieces, (struct jc_str){bytes + at, left < STEPS[k] ? left : STEPS[k]});
            }
            jc_sha256_end(&pieces, hash);
            CHECK(name, memcmp(whole, hash, sizeof hash) == 0);
        }
    }
}

static void test_random_and_equal(void **state) {
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    jc_random(a, sizeof a);
    jc_random(b, sizeof b);
    assert_false(jc_equal_secret(a, b, sizeof a));
    memcpy(b, a, sizeof a);
    assert_true(jc_equal_secret(a, b, sizeof a));
    b[31] ^= 1;
    assert_false(jc_equal_secret(a, b, sizeof a));
    assert_true(jc_equal_secret(a, b, 31));
    assert_true(jc_equal_secret(NULL, NULL, 0));
}

static int init(void **state) {
    (void)state;
    bool first = jc_id_init();
    return first && jc_id_init() ? 0 : 1; /* a second call is fine */
}

static void count_up(void *ctx, void *out, size_t len) {
    uint8_t *next = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (*next)++;
}

/* A simulation replays its ids: the same source gives the same id at the same time. */
static void test_random_source(void **state) {
    (void)state;
    int64_t now = 1700000000000;
    struct jc_clock clock = {fixed_now, &now};
    struct jc_uuid ids[3];
    char text[JC_UUID_TEXT];
    for (int i = 0; i < 2; i++) {
        uint8_t next = 0;
        jc_random_source(count_up, &next);
        ids[i] = jc_uuid7(&clock);
        assert_int_equal(next, JC_UUID_SIZE);
    }
    assert_memory_equal(&ids[0], &ids[1], sizeof ids[0]);
    assert_string_equal(jc_uuid_format(ids[0], text).ptr, "018bcfe5-6800-7607-8809-0a0b0c0d0e0f");
    jc_random_source(NULL, NULL);
    ids[2] = jc_uuid7(&clock);
    assert_memory_not_equal(&ids[0], &ids[2], sizeof ids[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uuid7),         cmocka_unit_test(test_uuid_parse),
        cmocka_unit_test(test_hex),           cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_pieces), cmocka_unit_test(test_random_and_equal),
        cmocka_unit_test(test_random_source),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
