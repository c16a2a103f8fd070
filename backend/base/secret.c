/* One call of libsodium each. The text of a hash holds its own parameters, so raising the limits
 * later leaves old hashes valid. */
#include "base/secret.h"

#include <sodium.h>
#include <string.h>

_Static_assert(JC_ARGON2ID_TEXT >= crypto_pwhash_STRBYTES, "libsodium's text fits");
_Static_assert(JC_CHACHA20_KEY == crypto_stream_chacha20_ietf_KEYBYTES, "RFC 8439");

bool jc_argon2id_hash(struct jc_str password, char out[JC_ARGON2ID_TEXT]) {
    return crypto_pwhash_str(out, password.ptr ? password.ptr : "", password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                             crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0;
}

bool jc_argon2id_matches(struct jc_str hash, struct jc_str password) {
    char text[crypto_pwhash_STRBYTES] = {0};
    if (hash.len == 0 || hash.len >= sizeof text)
        return false;
    memcpy(text, hash.ptr, hash.len);
    return crypto_pwhash_str_verify(text, password.ptr ? password.ptr : "", password.len) == 0;
}

void jc_chacha20_block(const uint8_t key[JC_CHACHA20_KEY], uint32_t counter, uint8_t out[JC_CHACHA20_BLOCK]) {
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {0};
    memset(out, 0, JC_CHACHA20_BLOCK);
    crypto_stream_chacha20_ietf_xor_ic(out, out, JC_CHACHA20_BLOCK, nonce, counter, key);
}

void jc_secret_forget(void *secret, size_t len) {
    sodium_memzero(secret, len);
}
