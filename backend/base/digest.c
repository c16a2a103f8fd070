/* SHA-256 by base/id.h, SHA-1 by nettle, which has it and libsodium has not. */
#include "base/digest.h"

#include <nettle/sha1.h>

static struct sha1_ctx *sha1_of(struct jc_digest *digest) {
    _Static_assert(sizeof(struct sha1_ctx) <= sizeof digest->state.sha1, "room for nettle's state");
    return (struct sha1_ctx *)(void *)digest->state.sha1;
}

void jc_digest_begin(struct jc_digest *digest, enum jc_digest_kind kind) {
    digest->kind = kind;
    if (kind == JC_SHA1)
        sha1_init(sha1_of(digest));
    else
        jc_sha256_begin(&digest->state.sha256);
}

void jc_digest_add(struct jc_digest *digest, struct jc_str bytes) {
    if (digest->kind == JC_SHA1)
        sha1_update(sha1_of(digest), bytes.len, (const uint8_t *)bytes.ptr);
    else
        jc_sha256_add(&digest->state.sha256, bytes);
}

size_t jc_digest_end(struct jc_digest *digest, uint8_t out[JC_DIGEST_MAX]) {
    if (digest->kind == JC_SHA1) {
        sha1_digest(sha1_of(digest), JC_SHA1_SIZE, out);
        return JC_SHA1_SIZE;
    }
    jc_sha256_end(&digest->state.sha256, out);
    return JC_SHA256_SIZE;
}
