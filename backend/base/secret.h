/* What else libsodium does for us: slow password hashes, a cipher stream, wiping.
 *
 * jc_id_init() has been called before. */
#ifndef JC_BASE_SECRET_H
#define JC_BASE_SECRET_H

#include "base/str.h"

enum { JC_ARGON2ID_TEXT = 128, JC_CHACHA20_KEY = 32, JC_CHACHA20_BLOCK = 64 };

/* Argon2id with libsodium's interactive limits (OWASP asks for at least 19 MiB and 2 passes; these
 * are 64 MiB and 2). NUL-terminated, with its own salt and parameters in it. False without memory. */
bool jc_argon2id_hash(struct jc_str password, char out[JC_ARGON2ID_TEXT]);
/* True if `hash` was made from this password; false also for text that is no hash. */
bool jc_argon2id_matches(struct jc_str hash, struct jc_str password);

/* Block number `counter` of ChaCha20's key stream (RFC 8439) under a zero nonce. */
void jc_chacha20_block(const uint8_t key[JC_CHACHA20_KEY], uint32_t counter, uint8_t out[JC_CHACHA20_BLOCK]);

/* Overwrites a secret so that the compiler cannot leave it standing. */
void jc_secret_forget(void *secret, size_t len);

#endif
