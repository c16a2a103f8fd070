/* Ed25519 signatures: a device signs what it did, the server checks it. libsodium underneath.
 *
 * jc_id_init() has been called before. Nothing here can fail. */
#ifndef JC_BASE_SIGN_H
#define JC_BASE_SIGN_H

#include "base/str.h"

enum { JC_SIGN_PUBLIC_SIZE = 32, JC_SIGN_SECRET_SIZE = 64, JC_SIGNATURE_SIZE = 64 };

/* A fresh key pair; the secret holds the public key as its second half. */
void jc_sign_keypair(uint8_t public_key[JC_SIGN_PUBLIC_SIZE], uint8_t secret_key[JC_SIGN_SECRET_SIZE]);
/* Whether jc_sign_keypair made both of them together. */
bool jc_sign_is_pair(const uint8_t public_key[JC_SIGN_PUBLIC_SIZE], const uint8_t secret_key[JC_SIGN_SECRET_SIZE]);
/* The signature of exactly these bytes. */
void jc_sign(struct jc_str bytes, const uint8_t secret_key[JC_SIGN_SECRET_SIZE], uint8_t signature[JC_SIGNATURE_SIZE]);
/* True if the holder of that key signed exactly these bytes. */
bool jc_sign_verify(struct jc_str bytes, const uint8_t signature[JC_SIGNATURE_SIZE],
                    const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]);
/* Overwrites a secret so that the compiler cannot leave it standing. */
void jc_sign_forget(void *secret, size_t len);

#endif
