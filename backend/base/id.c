/* Thin layer on libsodium, which is initialised once; all functions are thread-safe after that. SHA-256 of bytes
 * that lie together is GnuTLS's: it has the processor's wider instructions and takes two thirds of nettle's time
 * for 200 bytes, half for 2,000. Its piecewise form needs memory, nettle's does not, so that is nettle's. */
#include "base/id.h"

#include <gnutls/crypto.h>
#include <nettle/sha2.h>
#include <sodium.h>
#include <string.h>

bool jc_id_init(void) {
    return sodium_init() >= 0;
}

static struct jc_uuid as_uuid7(struct jc_uuid id) {
    id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0f)); /* version 7 */
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f)); /* variant of RFC 9562 */
    return id;
}

struct jc_uuid jc_uuid7(const struct jc_clock *clock) {
    struct jc_uuid id;
    uint64_t ms = (uint64_t)jc_clock_now_ms(clock);
    jc_random(id.bytes, sizeof id.bytes);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    return as_uuid7(id);
}

/* Byte index before which the text has a dash: 8-4-4-4-12 digits. */
static bool dash_before(size_t byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

struct jc_str jc_uuid_format(struct jc_uuid id, char buf[JC_UUID_TEXT]) {
    char *end = buf;
    for (size_t i = 0; i < JC_UUID_SIZE; i++) {
        if (dash_before(i))
            *end++ = '-';
        jc_hex(&id.bytes[i], 1, end);
        end += 2;
    }
    return (struct jc_str){buf, JC_UUID_TEXT - 1};
}

bool jc_uuid_parse(struct jc_str text, struct jc_uuid *out) {
    bool dashes = text.len == JC_UUID_TEXT - 1;
    if (!dashes && text.len != 2 * (size_t)JC_UUID_SIZE)
        return false;
    struct jc_uuid id;
    const char *at = text.ptr;
    for (size_t i = 0; i < JC_UUID_SIZE; i++) {
        if (dashes && dash_before(i) && *at++ != '-')
            return false;
        if (!jc_hex_parse((struct jc_str){at, 2}, &id.bytes[i], 1))
            return false;
        at += 2;
    }
    *out = id;
    return true;
}

struct jc_str jc_uuid_show(struct jc_str id, char buf[JC_UUID_TEXT]) {
    struct jc_uuid uuid;
    if (id.len != JC_UUID_SIZE)
        return jc_hex(id.ptr, id.len < JC_UUID_SIZE ? id.len : JC_UUID_SIZE, buf);
    memcpy(uuid.bytes, id.ptr, JC_UUID_SIZE);
    return jc_uuid_format(uuid, buf);
}

static void hash_by_nettle(struct jc_str bytes, uint8_t out[JC_SHA256_SIZE]) {
    struct sha256_ctx state;
    sha256_init(&state);
    sha256_update(&state, bytes.len, (const uint8_t *)bytes.ptr);
    sha256_digest(&state, JC_SHA256_SIZE, out);
}

void jc_sha256(struct jc_str bytes, uint8_t out[JC_SHA256_SIZE]) {
    bytes.ptr = bytes.ptr ? bytes.ptr : "";
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes.ptr, bytes.len, out) != 0)
        hash_by_nettle(bytes, out);
}

static struct sha256_ctx *context_of(struct jc_sha256_state *state) {
    _Static_assert(sizeof(struct sha256_ctx) <= sizeof state->opaque, "room for nettle's state");
    return (struct sha256_ctx *)(void *)state->opaque;
}

void jc_sha256_begin(struct jc_sha256_state *state) {
    state->len = 0;
}

void jc_sha256_add(struct jc_sha256_state *state, struct jc_str bytes) {
    if (!bytes.len)
        return;
    if (state->len <= JC_SHA256_GATHER && bytes.len <= JC_SHA256_GATHER - state->len) {
        memcpy(state->gathered + state->len, bytes.ptr, bytes.len);
        state->len += bytes.len;
        return;
    }
    if (state->len <= JC_SHA256_GATHER) {
        sha256_init(context_of(state));
        sha256_update(context_of(state), state->len, state->gathered);
        state->len = SIZE_MAX;
    }
    sha256_update(context_of(state), bytes.len, (const uint8_t *)bytes.ptr);
}

void jc_sha256_end(struct jc_sha256_state *state, uint8_t out[JC_SHA256_SIZE]) {
    if (state->len <= JC_SHA256_GATHER)
        jc_sha256((struct jc_str){(const char *)state->gathered, state->len}, out);
    else
        sha256_digest(context_of(state), JC_SHA256_SIZE, out);
}

struct jc_uuid jc_uuid_derive(struct jc_uuid id, const char *purpose) {
    struct jc_sha256_state state;
    uint8_t hash[JC_SHA256_SIZE];
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){purpose, strlen(purpose) + 1});
    jc_sha256_add(&state, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE});
    jc_sha256_end(&state, hash);
    memcpy(id.bytes + 6, hash, JC_UUID_SIZE - 6);
    return as_uuid7(id);
}

struct jc_str jc_hex(const void *bytes, size_t len, char *buf) {
    static const char DIGITS[] = "0123456789abcdef";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < len; i++) {
        buf[2 * i] = DIGITS[in[i] >> 4];
        buf[2 * i + 1] = DIGITS[in[i] & 15];
    }
    buf[2 * len] = '\0';
    return (struct jc_str){buf, 2 * len};
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool jc_hex_parse(struct jc_str text, void *out, size_t len) {
    if (text.len / 2 != len || text.len % 2)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (hex_digit(text.ptr[i]) < 0)
            return false;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = (uint8_t)(hex_digit(text.ptr[2 * i]) << 4 | hex_digit(text.ptr[2 * i + 1]));
    return true;
}

bool jc_equal_secret(const void *a, const void *b, size_t len) {
    return len == 0 || sodium_memcmp(a, b, len) == 0;
}
