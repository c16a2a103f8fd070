/* Secrets that programs and people carry: bearer tokens, one-time codes and passwords.
 *
 * The database holds their SHA-256 alone: 256 (or 80) random bits need no slow hash. */
#ifndef JC_AUTH_TOKEN_H
#define JC_AUTH_TOKEN_H

#include "base/id.h"

enum {
    JC_TOKEN_TEXT = 2 * 32 + 1,    /* 256 random bits in hex, and a NUL */
    JC_ONE_TIME_TEXT = 16 + 3 + 1, /* 80 random bits as XXXX-XXXX-XXXX-XXXX, and a NUL */
};

/* A new bearer token and the hash to store. */
void jc_token_make(char text[JC_TOKEN_TEXT], uint8_t hash[JC_SHA256_SIZE]);
/* The hash of a token as a client sent it; whatever is no token simply matches no hash. */
void jc_token_hash(struct jc_str text, uint8_t hash[JC_SHA256_SIZE]);

/* A secret that a person types in once: digits and capitals without I, L, O and U. */
void jc_one_time_make(char text[JC_ONE_TIME_TEXT]);
/* The hash of a one-time code as typed: case, blanks and dashes do not matter, O is 0, I and L are
 * 1. False if it cannot be a code. */
bool jc_one_time_hash(struct jc_str typed, uint8_t hash[JC_SHA256_SIZE]);

#endif
