/* A fuzz target: returns 0, aborts on a broken promise. */
#ifndef JC_FUZZ_H
#define JC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An assert that stays in every build. */
#define PROMISE(condition)    \
    do {                      \
        if (!(condition))     \
            __builtin_trap(); \
    } while (0)

#endif
