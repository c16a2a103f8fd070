/* Passwords: Argon2id, about 0.1 s and 64 MiB each. Never on the event thread or the writer's. */
#ifndef JC_AUTH_PASSWORD_H
#define JC_AUTH_PASSWORD_H

#include "base/err.h"

enum {
    JC_PASSWORD_HASH = 128,     /* libsodium's string form with its NUL */
    JC_PASSWORD_MIN_CHARS = 10, /* characters of a password a person chooses */
    JC_PASSWORD_MAX_BYTES = 256,
};

/* Fails without memory alone. */
enum jc_code jc_password_hash(struct jc_str password, char out[JC_PASSWORD_HASH], struct jc_err *err);
bool jc_password_matches(struct jc_str hash, struct jc_str password);
/* Takes as long as a comparison: for a login that does not exist, so that time tells nothing. */
void jc_password_pretend(struct jc_str password);
/* Whether a person may choose this password: long enough, valid text, not the login. */
enum jc_code jc_password_acceptable(struct jc_str password, struct jc_str login, struct jc_err *err);

#endif
