/* One call of libsodium, or of the source that a simulation has put in its place. */
#include "base/random.h"

#include <sodium.h>

static jc_random_fill *source; /* NULL: the system's */
static void *source_ctx;

void jc_random_source(jc_random_fill *fill, void *ctx) {
    source = fill;
    source_ctx = ctx;
}

void jc_random(void *out, size_t len) {
    if (source) {
        source(source_ctx, out, len);
    } else {
        randombytes_buf(out, len);
    }
}
