/* Ed25519 (base/sign.h): RFC 8032's first vector, and what must not verify. */
#include "jc_test.h"

#include "base/id.h"
#include "base/sign.h"

/* RFC 8032, 7.1, TEST 2: seed, public key, message, signature. */
static const char SEED[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char PUBLIC[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char SIGNATURE[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static void signs_as_the_rfc(void **state) {
    (void)state;
    uint8_t secret[JC_SIGN_SECRET_SIZE], public_key[JC_SIGN_PUBLIC_SIZE], want[JC_SIGNATURE_SIZE],
        got[JC_SIGNATURE_SIZE];
    assert_true(jc_hex_parse(jc_str(SEED), secret, 32) && jc_hex_parse(jc_str(PUBLIC), secret + 32, 32));
    assert_true(jc_hex_parse(jc_str(PUBLIC), public_key, 32) && jc_hex_parse(jc_str(SIGNATURE), want, sizeof want));
    jc_sign(JC_STR("\x72"), secret, got);
    assert_memory_equal(got, want, sizeof got);
    assert_true(jc_sign_verify(JC_STR("\x72"), got, public_key));
}

static void refuses_what_was_changed(void **state) {
    (void)state;
    uint8_t secret[JC_SIGN_SECRET_SIZE], public_key[JC_SIGN_PUBLIC_SIZE], signature[JC_SIGNATURE_SIZE];
    jc_sign_keypair(public_key, secret);
    jc_sign(JC_STR("现场检查记录"), secret, signature);
    assert_true(jc_sign_verify(JC_STR("现场检查记录"), signature, public_key));
    assert_false(jc_sign_verify(JC_STR("现场检查记"), signature, public_key));
    assert_false(jc_sign_verify((struct jc_str){NULL, 0}, signature, public_key));
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 1;
        assert_false(jc_sign_verify(JC_STR("现场检查记录"), signature, public_key));
        signature[i] ^= 1;
    }
    public_key[0] ^= 1;
    assert_false(jc_sign_verify(JC_STR("现场检查记录"), signature, public_key));
}

static void knows_a_pair(void **state) {
    (void)state;
    uint8_t secret[JC_SIGN_SECRET_SIZE], public_key[JC_SIGN_PUBLIC_SIZE];
    jc_sign_keypair(public_key, secret);
    assert_true(jc_sign_is_pair(public_key, secret));
    for (size_t i = 0; i < sizeof secret; i++) {
        secret[i] ^= 1;
        assert_false(jc_sign_is_pair(public_key, secret));
        secret[i] ^= 1;
    }
    public_key[0] ^= 1;
    assert_false(jc_sign_is_pair(public_key, secret));
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_rfc),
        cmocka_unit_test(refuses_what_was_changed),
        cmocka_unit_test(knows_a_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
