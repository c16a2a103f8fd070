/* Argon2id from base/secret, and what makes a password acceptable. */
#include "auth/password.h"

#include "base/secret.h"
#include "base/text.h"

_Static_assert((int)JC_PASSWORD_HASH >= (int)JC_ARGON2ID_TEXT, "a hash fits");

enum jc_code jc_password_hash(struct jc_str password, char out[JC_PASSWORD_HASH], struct jc_err *err) {
    return jc_argon2id_hash(password, out) ? JC_OK : jc_fail_memory(err);
}

bool jc_password_matches(struct jc_str hash, struct jc_str password) {
    return password.len <= JC_PASSWORD_MAX_BYTES && jc_argon2id_matches(hash, password);
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
