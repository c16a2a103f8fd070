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

#endif
