/* The generator, and logarithms by repeated squaring: 32 bits of log2 of a number in [1, 2) fall out one
 * by one, whether its square reaches 2. Everything is integer, so tables are the same everywhere. */
#include "optimizer/random.h"

static uint64_t splitmix(uint64_t *x) {
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void jc_random_seed(struct jc_random *r, uint64_t seed, uint64_t stream) {
    uint64_t x = seed ^ (stream * UINT64_C(0xd1342543de82ef95));
    for (int i = 0; i < 4; i++)
        r->s[i] = splitmix(&x);
}

static uint64_t rotate(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t jc_random_next(struct jc_random *r) {
    uint64_t *s = r->s;
    uint64_t result = rotate(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

int64_t jc_fixed_ln(uint64_t x) {
    const int64_t ln2 = INT64_C(2977044472); /* ln 2 · 2^32 */
    int top = 63 - __builtin_clzll(x);
    uint64_t y = x << (63 - top) >> 32; /* [1, 2) in 31 bits */
    int64_t log2 = (int64_t)(top - 16) * (INT64_C(1) << 32);
    for (int bit = 31; bit >= 0; bit--) {
        y = y * y >> 31;
        if (y >> 32) {
            y >>= 1;
            log2 += INT64_C(1) << bit;
        }
    }
    return (int64_t)(((__int128)log2 * ln2) >> 48);
}

void jc_noise_init(struct jc_noise *noise) {
    for (int i = 0; i < JC_NOISE_SIZE; i++) {
        /* the middle of the i-th quantile, in 32-bit fixed point: ln of it is ln(x / 2^16) - ln 2^16 */
        uint64_t u = (((uint64_t)i << 1) + 1) << (32 - JC_NOISE_BITS - 1);
        int64_t e = -(jc_fixed_ln(u) - 16 * INT64_C(45426));
        if (e < 1)
            e = 1;
        noise->exponential[i] = (int32_t)e;
        noise->gumbel[i] = (int32_t)-jc_fixed_ln((uint64_t)e);
    }
}
