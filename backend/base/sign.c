/* Thin layer on libsodium's detached signatures. */
#include "base/sign.h"

#include <sodium.h>

#include "base/random.h"

_Static_assert(JC_SIGN_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(JC_SIGN_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "secret key");
_Static_assert(JC_SIGNATURE_SIZE == crypto_sign_BYTES, "signature");

static const unsigned char *bytes_of(struct jc_str s) {
    return (const unsigned char *)(s.ptr ? s.ptr : "");
}

void jc_sign_keypair(uint8_t public_key[JC_SIGN_PUBLIC_SIZE], uint8_t secret_key[JC_SIGN_SECRET_SIZE]) {
    unsigned char seed[crypto_sign_SEEDBYTES];
    jc_random(seed, sizeof seed); /* not libsodium's own: a simulation replays its keys too */
    crypto_sign_seed_keypair(public_key, secret_key, seed);
    sodium_memzero(seed, sizeof seed);
}

bool jc_sign_is_pair(const uint8_t public_key[JC_SIGN_PUBLIC_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE]) {
    unsigned char own_public[JC_SIGN_PUBLIC_SIZE], own_secret[JC_SIGN_SECRET_SIZE]; /* of the seed, its first half */
    crypto_sign_seed_keypair(own_public, own_secret, secret_key);
    bool same = sodium_memcmp(own_secret, secret_key, sizeof own_secret) == 0 &&
                sodium_memcmp(own_public, public_key, sizeof own_public) == 0;
    sodium_memzero(own_secret, sizeof own_secret);
    return same;
}

void jc_sign(struct jc_str bytes, const uint8_t secret_key[JC_SIGN_SECRET_SIZE], uint8_t signature[JC_SIGNATURE_SIZE]) {
    crypto_sign_detached(signature, NULL, bytes_of(bytes), bytes.len, secret_key);
}

bool jc_sign_verify(struct jc_str bytes, const uint8_t signature[JC_SIGNATURE_SIZE],
                    const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    return crypto_sign_verify_detached(signature, bytes_of(bytes), bytes.len, public_key) == 0;
}

void jc_sign_forget(void *secret, size_t len) {
    sodium_memzero(secret, len);
}
