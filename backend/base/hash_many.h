/* SHA-256 of several byte strings at once, as a request with twenty records needs it. */
#ifndef JC_BASE_HASH_MANY_H
#define JC_BASE_HASH_MANY_H

#include "base/id.h"

/* out[i] = SHA-256 of bytes[i], for `count` of them. Eight side by side where the processor has AVX2 or AVX-512 (which
 * takes a third of the time of one by one) and they are of similar length; else one by one. */
void jc_sha256_many(const struct jc_str *bytes, size_t count, uint8_t (*out)[JC_SHA256_SIZE]);

#endif
