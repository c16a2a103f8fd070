/* Chance, the same on every machine: a generator and noise in integers alone.
 *
 * Temperatures and energies are int64; logarithms are fixed-point tables computed without floating
 * point, because libm and fused multiplication differ between machines and a plan must not. */
#ifndef JC_OPTIMIZER_RANDOM_H
#define JC_OPTIMIZER_RANDOM_H

#include <stdint.h>

/* xoshiro256++ (Blackman and Vigna, public domain). */
struct jc_random {
    uint64_t s[4];
};

void jc_random_seed(struct jc_random *r, uint64_t seed, uint64_t stream);
uint64_t jc_random_next(struct jc_random *r);

/* Below n (n > 0); the bias of at most n / 2^32 does not matter to a search. */
static inline uint32_t jc_random_below(struct jc_random *r, uint32_t n) {
    return (uint32_t)(((jc_random_next(r) >> 32) * n) >> 32);
}

/* Noise in 16-bit fixed point, drawn from tables of JC_NOISE_SIZE quantiles. */
enum { JC_NOISE_BITS = 12, JC_NOISE_SIZE = 1 << JC_NOISE_BITS };
struct jc_noise {
    int32_t exponential[JC_NOISE_SIZE]; /* -ln U */
    int32_t gumbel[JC_NOISE_SIZE];      /* -ln(-ln U) */
};
/* Fills the tables; costs some microseconds. */
void jc_noise_init(struct jc_noise *noise);

/* ln(x / 2^16) in 16-bit fixed point, x > 0. */
int64_t jc_fixed_ln(uint64_t x);

#endif
