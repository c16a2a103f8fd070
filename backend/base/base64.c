/* libsodium does the work; what is here chooses its variant. */
#include "base/base64.h"

#include <sodium.h>
#include <string.h>

enum { BARE = sodium_base64_VARIANT_ORIGINAL_NO_PADDING, PIECE = 768 /* a multiple of 3 */ };

struct jc_str jc_base64(struct jc_str bytes, struct jc_arena *arena) {
    if (bytes.len > SIZE_MAX / 2)
        return (struct jc_str){NULL, 0};
    size_t size = sodium_base64_encoded_len(bytes.len, BARE); /* its NUL included */
    char *text = jc_arena_alloc(arena, size);
    if (!text)
        return (struct jc_str){NULL, 0};
    sodium_bin2base64(text, size, (const unsigned char *)(bytes.ptr ? bytes.ptr : ""), bytes.len, BARE);
    return (struct jc_str){text, size - 1};
}

void jc_base64_put(struct jc_buf *buf, struct jc_str bytes) {
    char text[PIECE / 3 * 4 + 1];
    while (bytes.len) {
        size_t len = bytes.len < PIECE ? bytes.len : PIECE;
        sodium_bin2base64(text, sizeof text, (const unsigned char *)bytes.ptr, len, sodium_base64_VARIANT_ORIGINAL);
        jc_buf_append(buf, text, (len + 2) / 3 * 4);
        bytes = (struct jc_str){bytes.ptr + len, bytes.len - len};
    }
}

bool jc_base64_read(struct jc_str text, void *out, size_t *out_len) {
    *out_len = 0;
    for (int i = 0; i < 2 && text.len % 4 == (i ? 3 : 0) && text.len && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    if (!text.len)
        return true;
    bool for_urls = memchr(text.ptr, '-', text.len) || memchr(text.ptr, '_', text.len);
    return sodium_base642bin(out, jc_base64_space(text.len), text.ptr, text.len, NULL, out_len, NULL,
                             for_urls ? sodium_base64_VARIANT_URLSAFE_NO_PADDING : BARE) == 0;
}
