/* base64 (RFC 4648, section 4) without padding, by libsodium. */
#include "base/base64.h"

#include <sodium.h>

enum { VARIANT = sodium_base64_VARIANT_ORIGINAL_NO_PADDING };

struct jc_str jc_base64(struct jc_str bytes, struct jc_arena *arena) {
    if (bytes.len > SIZE_MAX / 2)
        return (struct jc_str){NULL, 0};
    size_t size = sodium_base64_encoded_len(bytes.len, VARIANT); /* its NUL included */
    char *text = jc_arena_alloc(arena, size);
    if (!text)
        return (struct jc_str){NULL, 0};
    sodium_bin2base64(text, size, (const unsigned char *)(bytes.ptr ? bytes.ptr : ""), bytes.len, VARIANT);
    return (struct jc_str){text, size - 1};
}
