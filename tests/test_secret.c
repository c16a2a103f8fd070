/* Password hashes and the cipher stream, against published vectors. */
#include "jc_test.h"

#include "base/id.h"
#include "base/secret.h"

static void test_argon2id(void **state) {
    (void)state;
    static const struct {
        const char *name, *password;
    } CASES[] = {{"ascii", "correct horse"}, {"Chinese", "淮南市应急管理局"}, {"empty", ""}, {"no text", NULL}};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char hash[JC_ARGON2ID_TEXT], again[JC_ARGON2ID_TEXT];
        struct jc_str password = jc_str(CASES[i].password);
        CHECK(CASES[i].name, jc_argon2id_hash(password, hash) && jc_argon2id_hash(password, again));
        CHECK(CASES[i].name, strncmp(hash, "$argon2id$v=19$m=65536,t=2,p=1$", 31) == 0);
        CHECK(CASES[i].name, strcmp(hash, again) != 0); /* salted */
        CHECK(CASES[i].name, jc_argon2id_matches(jc_str(hash), password));
        CHECK(CASES[i].name, !jc_argon2id_matches(jc_str(hash), JC_STR("Correct horse")));
        CHECK(CASES[i].name, !jc_argon2id_matches((struct jc_str){hash, strlen(hash) - 1}, password));
    }
    char long_text[300];
    memset(long_text, '$', sizeof long_text);
    const struct jc_str no_hashes[] = {JC_STR(""), JC_STR("correct horse"), {long_text, sizeof long_text}, {NULL, 0}};
    for (size_t i = 0; i < COUNT(no_hashes); i++)
        assert_false(jc_argon2id_matches(no_hashes[i], JC_STR("correct horse")));
}

static void test_chacha20(void **state) {
    (void)state;
    /* RFC 8439, appendix A.1: test vectors 1, 2 (zero key) and 3 (last key byte 1, counter 1). */
    static const struct {
        const char *name;
        uint8_t last_key_byte;
        uint32_t counter;
        const char *hex;
    } CASES[] = {
        {"vector 1", 0, 0,
         "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
         "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"},
        {"vector 2", 0, 1,
         "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
         "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"},
        {"vector 3", 1, 1,
         "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
         "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t key[JC_CHACHA20_KEY] = {0}, out[JC_CHACHA20_BLOCK];
        char text[2 * JC_CHACHA20_BLOCK + 1];
        key[31] = CASES[i].last_key_byte;
        memset(out, 0xff, sizeof out);
        jc_chacha20_block(key, CASES[i].counter, out);
        CHECK_STR(CASES[i].name, jc_hex(out, sizeof out, text), CASES[i].hex);
    }
}

static void test_forget(void **state) {
    (void)state;
    char secret[16] = "secret";
    jc_secret_forget(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
}

static int init(void **state) {
    (void)state;
    return jc_id_init() ? 0 : 1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argon2id),
        cmocka_unit_test(test_chacha20),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
