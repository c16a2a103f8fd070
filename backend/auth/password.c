/* libsodium's password hash with its interactive limits (OWASP asks for at least 19 MiB and 2 passes;
 * these are 64 MiB and 2). The string holds its own parameters, so raising them later leaves old
 * hashes valid. */
#include "auth/password.h"

#include <string.h>

#include <sodium.h>

#include "base/text.h"

_Static_assert(JC_PASSWORD_HASH >= crypto_pwhash_STRBYTES, "libsodium's string fits");

enum jc_code jc_password_hash(struct jc_str password, char out[JC_PASSWORD_HASH], struct jc_err *err) {
    if (crypto_pwhash_str(out, password.ptr, password.len, crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
        return jc_fail_memory(err);
    return JC_OK;
}

bool jc_password_matches(struct jc_str hash, struct jc_str password) {
    char text[crypto_pwhash_STRBYTES] = {0};
    if (hash.len >= sizeof text || password.len > JC_PASSWORD_MAX_BYTES)
        return false;
    memcpy(text, hash.ptr, hash.len);
    return crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
}

void jc_password_pretend(struct jc_str password) {
    char out[JC_PASSWORD_HASH];
    struct jc_err ignored;
    if (password.len > JC_PASSWORD_MAX_BYTES)
        return;
    (void)jc_password_hash(password, out, &ignored);
}

static size_t count_characters(struct jc_str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return count;
}

enum jc_code jc_password_acceptable(struct jc_str password, struct jc_str login, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (password.len > JC_PASSWORD_MAX_BYTES)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PASSWORD_LONG,
                       jc_str_from_int64(JC_PASSWORD_MAX_BYTES, number));
    if (!jc_text_valid(password, NULL))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PASSWORD_NO_TEXT);
    if (count_characters(password) < JC_PASSWORD_MIN_CHARS)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PASSWORD_SHORT,
                       jc_str_from_int64(JC_PASSWORD_MIN_CHARS, number));
    if (jc_str_eq(password, login))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PASSWORD_IS_LOGIN);
    return JC_OK;
}
