/* Drawing lots.
 *
 *   (1) pool   = every unit id in NFC, sorted bytewise, each followed by LF
 *   (2) key    = SHA-256("jiancha-draw-1\0" ‖ u32le(len seed) ‖ seed ‖ SHA-256(pool))
 *   (3) stream = ChaCha20 (IETF) under key, zero nonce, block counter from 0, read as u64 little-endian
 *   (4) below(n): take values v of the stream until v < floor(2^64 / n) * n; the result is v mod n
 *   (5) for i = 0 .. k-1: j = below(N - i); swap a[i] and a[i + j]; the first k of a are drawn
 *
 * The seed's length is hashed in front of it, so no seed can be read as another one with a longer
 * pool hash. Cost: a sort of the pool and one block of stream for eight draws. */
#include "plan/lot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"

/* --- pool (1) --------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b) {
    return jc_str_cmp(*(const struct jc_str *)a, *(const struct jc_str *)b);
}

static bool has_control(struct jc_str s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    return false;
}

enum jc_code jc_lot_pool(struct jc_arena *arena, const struct jc_str *ids, size_t count, struct jc_str *out_text,
                         struct jc_err *err) {
    struct jc_str *sorted = JC_NEW_ARRAY(arena, count + 1, struct jc_str);
    size_t len = 0;
    for (size_t i = 0; sorted && i < count; i++) {
        if (!ids[i].len || !jc_text_valid(ids[i], NULL) || has_control(ids[i]))
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_DRAW_ID_BAD, ids[i]);
        sorted[i] = jc_text_nfc(arena, ids[i]);
        if (!sorted[i].ptr)
            return jc_fail_memory(err);
        len += sorted[i].len + 1;
    }
    char *text = jc_arena_alloc(arena, len + 1), *at = text;
    if (!sorted || !text)
        return jc_fail_memory(err);
    qsort(sorted, count, sizeof(*sorted), by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (i && jc_str_eq(sorted[i], sorted[i - 1]))
            continue;
        memcpy(at, sorted[i].ptr, sorted[i].len);
        at += sorted[i].len;
        *at++ = '\n';
    }
    *out_text = (struct jc_str){text, (size_t)(at - text)};
    return JC_OK;
}

enum jc_code jc_lot_ids(struct jc_arena *arena, struct jc_str pool, struct jc_str **out, size_t *count,
                        struct jc_err *err) {
    size_t lines = 0, n = 0;
    for (size_t i = 0; i < pool.len; i++)
        lines += pool.ptr[i] == '\n';
    struct jc_str *ids = JC_NEW_ARRAY(arena, lines + 1, struct jc_str), id;
    if (!ids)
        return jc_fail_memory(err);
    while (n < lines && jc_str_cut(&pool, '\n', &id))
        ids[n++] = id;
    *out = ids;
    *count = n;
    return JC_OK;
}

/* --- stream (2) (3) (4) ------------------------------------------------------------------------------- */

struct stream {
    uint8_t key[JC_CHACHA20_KEY];
    uint8_t block[JC_CHACHA20_BLOCK];
    uint32_t counter; /* of the next block */
    size_t used;      /* bytes of this one */
};

static enum jc_code stream_open(struct stream *stream, const uint8_t pool_hash[JC_SHA256_SIZE], struct jc_str seed,
                                struct jc_err *err) {
    static const char domain[] = "jiancha-draw-1"; /* its NUL is hashed */
    struct jc_buf text;
    if (seed.len > UINT32_MAX)
        return jc_fail_memory(err);
    jc_buf_init(&text, sizeof(domain) + 4 + seed.len + JC_SHA256_SIZE);
    jc_buf_append(&text, domain, sizeof(domain));
    for (int i = 0; i < 4; i++)
        jc_buf_char(&text, (char)(seed.len >> (8 * i)));
    jc_buf_add(&text, seed);
    jc_buf_append(&text, pool_hash, JC_SHA256_SIZE);
    if (!text.failed)
        jc_sha256(jc_buf_str(&text), stream->key);
    enum jc_code code = text.failed ? jc_fail_memory(err) : JC_OK;
    jc_buf_free(&text);
    stream->counter = 0;
    stream->used = sizeof(stream->block);
    return code;
}

static uint64_t stream_next(struct stream *stream) {
    if (stream->used == sizeof(stream->block)) {
        jc_chacha20_block(stream->key, stream->counter++, stream->block);
        stream->used = 0;
    }
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)stream->block[stream->used++] << (8 * i);
    return value;
}

static uint32_t below(struct stream *stream, uint32_t n) {
    uint64_t rest = (UINT64_MAX % n + 1) % n; /* 2^64 mod n: so many values at the top are rejected */
    uint64_t value;
    do
        value = stream_next(stream);
    while (rest && value >= 0 - rest);
    return (uint32_t)(value % n);
}

/* --- draw (5) ----------------------------------------------------------------------------------------- */

enum jc_code jc_lot_draw(struct jc_arena *arena, const uint8_t pool_hash[JC_SHA256_SIZE], struct jc_str seed,
                         uint32_t count, uint32_t drawn, uint32_t **out, struct jc_err *err) {
    struct stream stream;
    assert(drawn <= count);
    uint32_t *lots = JC_NEW_ARRAY(arena, (size_t)count + 1, uint32_t);
    enum jc_code code = lots ? stream_open(&stream, pool_hash, seed, err) : jc_fail_memory(err);
    if (code)
        return code;
    for (uint32_t i = 0; i < count; i++)
        lots[i] = i;
    for (uint32_t i = 0; i < drawn; i++) {
        uint32_t j = i + below(&stream, count - i), swap = lots[i];
        lots[i] = lots[j];
        lots[j] = swap;
    }
    *out = lots;
    return JC_OK;
}
