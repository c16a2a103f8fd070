/* Runs an action again and again, its first heap request failing, then its second, and so on until
 * it succeeds. Each failed run must report JC_RESOURCE_EXHAUSTED; leaks show under AddressSanitizer. */
#ifndef JC_FAIL_EACH_H
#define JC_FAIL_EACH_H

#include "jc_test.h"

/* Returns how many requests the action makes. */
static inline uint64_t jc_fail_each(enum jc_code (*action)(void *ctx, struct jc_err *err), void *ctx) {
    for (uint64_t nth = 1;; nth++) {
        struct jc_err err = {0};
        jc_alloc_fail_at(nth);
        enum jc_code code = action(ctx, &err);
        jc_alloc_fail_at(0);
        if (code == JC_OK)
            return nth - 1;
        if (code != JC_RESOURCE_EXHAUSTED || err.code != code)
            fail_msg("allocation %llu failing: %s, expected resource_exhausted", (unsigned long long)nth,
                     jc_code_name(code));
    }
}

#endif
