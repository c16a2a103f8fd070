/* Three bytes become four digits; the last one or two bytes become two or three. */
#include "base/base64.h"

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct jc_str jc_base64(struct jc_str bytes, struct jc_arena *arena) {
    if (bytes.len > SIZE_MAX / 2)
        return (struct jc_str){NULL, 0};
    size_t len = (bytes.len * 4 + 2) / 3;
    char *text = jc_arena_alloc(arena, len + 1);
    if (!text)
        return (struct jc_str){NULL, 0};
    for (size_t i = 0; i < len; i++) {
        size_t at = i / 4 * 3, digit = i % 4; /* the group's first byte, the digit within it */
        uint32_t group = 0;
        for (size_t j = 0; j < 3; j++)
            group = group << 8 | (at + j < bytes.len ? (unsigned char)bytes.ptr[at + j] : 0);
        text[i] = DIGITS[group >> (18 - 6 * digit) & 63];
    }
    return (struct jc_str){text, len};
}
