/* Hashes of what arrives in pieces, by a name that comes from outside: SHA-1 (FIPS 180-4; RFC 3174) only
 * because others announce it, never to prove anything, and SHA-256. */
#ifndef JC_BASE_DIGEST_H
#define JC_BASE_DIGEST_H

#include "base/id.h"

enum jc_digest_kind { JC_SHA1, JC_SHA256 };

enum { JC_SHA1_SIZE = 20, JC_DIGEST_MAX = JC_SHA256_SIZE };

struct jc_digest {
    enum jc_digest_kind kind;
    union {
        struct jc_sha256_state sha256;
        _Alignas(8) uint8_t sha1[112];
    } state;
};

void jc_digest_begin(struct jc_digest *digest, enum jc_digest_kind kind);
void jc_digest_add(struct jc_digest *digest, struct jc_str bytes);
/* Returns the bytes written: 20 or 32. */
size_t jc_digest_end(struct jc_digest *digest, uint8_t out[JC_DIGEST_MAX]);

#endif
