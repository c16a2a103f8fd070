/* FIPS 180-4 with a vector of eight words where it has a word: lane l of each vector belongs to byte string l. The
 * compiler makes the instructions; GCC's and clang's vectors of 32 bytes need no intrinsics.
 *
 * Lanes go on together, block by block; those whose string is over go on with a block that nobody reads, so strings
 * are taken together only if the shortest has at least half the blocks of the longest. What must never happen: a byte
 * beyond a string is read, or a lane's sum is taken after another block than its last. */
#include "base/hash_many.h"

#include <string.h>

enum { LANES = 8, BLOCK = 64, WORDS = 8, ROUNDS = 64, TAIL_MIN = 9 /* the bit 1 and the length */ };

#if defined(__x86_64__)

typedef uint32_t vector __attribute__((vector_size(4 * LANES)));

static const uint32_t START[WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t K[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One block of each lane, word by word. */
__attribute__((always_inline)) static inline void compress(vector state[WORDS], const vector block[16]) {
    vector w[16], a = state[0], b = state[1], c = state[2], d = state[3];
    vector e = state[4], f = state[5], g = state[6], h = state[7];
    memcpy(w, block, sizeof w);
#pragma GCC unroll 64
    for (int i = 0; i < ROUNDS; i++) {
        if (i >= 16) {
            vector x = w[(i + 1) & 15], y = w[(i + 14) & 15];
            w[i & 15] +=
                (ROTATE(x, 7) ^ ROTATE(x, 18) ^ x >> 3) + w[(i + 9) & 15] + (ROTATE(y, 17) ^ ROTATE(y, 19) ^ y >> 10);
        }
        vector one = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i & 15];
        vector two = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + one;
        d = c, c = b, b = a, a = one + two;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

__attribute__((target("avx512f,avx512vl"))) static void compress_512(vector state[WORDS], const vector block[16]) {
    compress(state, block);
}

__attribute__((target("avx2"))) static void compress_256(vector state[WORDS], const vector block[16]) {
    compress(state, block);
}

typedef void compressor(vector state[WORDS], const vector block[16]);

/* NULL: the processor is not wide enough for this to be worth it. */
static compressor *find_compressor(void) {
    if (__builtin_cpu_supports("avx512vl"))
        return compress_512;
    return __builtin_cpu_supports("avx2") ? compress_256 : NULL;
}

static size_t blocks_of(size_t len) {
    return (len + TAIL_MIN + BLOCK - 1) / BLOCK;
}

/* Block n of the padded string. */
static const uint8_t *block_at(struct jc_str bytes, size_t n, uint8_t tail[BLOCK]) {
    size_t at = n * BLOCK, blocks = blocks_of(bytes.len);
    if (n >= blocks)
        return tail; /* whatever is there */
    if (at + BLOCK <= bytes.len)
        return (const uint8_t *)bytes.ptr + at;
    memset(tail, 0, BLOCK);
    if (at < bytes.len)
        memcpy(tail, bytes.ptr + at, bytes.len - at);
    if (at <= bytes.len)
        tail[bytes.len - at] = 0x80;
    if (n + 1 == blocks) {
        uint64_t bits = __builtin_bswap64((uint64_t)bytes.len * 8);
        memcpy(tail + BLOCK - sizeof bits, &bits, sizeof bits);
    }
    return tail;
}

static void load_blocks(const struct jc_str bytes[LANES], size_t n, uint8_t tails[LANES][BLOCK], vector block[16]) {
    uint32_t words[16][LANES];
    for (int lane = 0; lane < LANES; lane++) {
        const uint8_t *from = block_at(bytes[lane], n, tails[lane]);
        for (int i = 0; i < 16; i++) {
            uint32_t word;
            memcpy(&word, from + sizeof word * (size_t)i, sizeof word);
            words[i][lane] = __builtin_bswap32(word);
        }
    }
    memcpy(block, words, sizeof words);
}

static void store_sum(const vector state[WORDS], int lane, uint8_t out[JC_SHA256_SIZE]) {
    for (int i = 0; i < WORDS; i++) {
        uint32_t word = __builtin_bswap32(state[i][lane]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

/* `count` of them, at most LANES; the lanes beyond repeat the first. */
static void hash_lanes(compressor *run, const struct jc_str *given, size_t count, uint8_t (*out)[JC_SHA256_SIZE]) {
    struct jc_str bytes[LANES];
    uint8_t tails[LANES][BLOCK] = {{0}};
    vector state[WORDS], block[16];
    size_t most = 0;
    for (size_t lane = 0; lane < LANES; lane++) {
        bytes[lane] = given[lane < count ? lane : 0];
        if (blocks_of(bytes[lane].len) > most)
            most = blocks_of(bytes[lane].len);
    }
    for (int i = 0; i < WORDS; i++)
        state[i] = (vector){0} + START[i];
    for (size_t n = 0; n < most; n++) {
        load_blocks(bytes, n, tails, block);
        run(state, block);
        for (size_t lane = 0; lane < count; lane++)
            if (n + 1 == blocks_of(bytes[lane].len))
                store_sum(state, (int)lane, out[lane]);
    }
}

/* Whether one by one would take no longer: too few, or one is far longer than another. */
static bool are_uneven(const struct jc_str *bytes, size_t count) {
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < count; i++) {
        size_t blocks = blocks_of(bytes[i].len);
        least = blocks < least ? blocks : least;
        most = blocks > most ? blocks : most;
    }
    return count < LANES / 2 || least < most / 2;
}

#else

typedef int compressor;

static compressor *find_compressor(void) {
    return NULL;
}

static bool are_uneven(const struct jc_str *bytes, size_t count) {
    (void)bytes, (void)count;
    return true;
}

static void hash_lanes(compressor *run, const struct jc_str *given, size_t count, uint8_t (*out)[JC_SHA256_SIZE]) {
    (void)run, (void)given, (void)count, (void)out;
}

#endif

void jc_sha256_many(const struct jc_str *bytes, size_t count, uint8_t (*out)[JC_SHA256_SIZE]) {
    compressor *run = find_compressor();
    for (size_t at = 0, some; at < count; at += some) {
        some = count - at < LANES ? count - at : LANES;
        if (run && !are_uneven(bytes + at, some)) {
            hash_lanes(run, bytes + at, some, out + at);
            continue;
        }
        for (size_t i = at; i < at + some; i++)
            jc_sha256(bytes[i], out[i]);
    }
}
