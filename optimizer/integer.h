/* Arithmetic of whole numbers. */
#ifndef JC_OPTIMIZER_INTEGER_H
#define JC_OPTIMIZER_INTEGER_H

#include <stdint.h>

/* The greatest common divisor of a and b, neither negative; gcd(0, b) is b. */
static inline int64_t jc_gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The whole part of the square root of x. */
static inline int64_t jc_whole_root(uint64_t x) {
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 31; bit; bit >>= 1)
        if ((root + bit) * (root + bit) <= x)
            root += bit;
    return (int64_t)root;
}

#endif
