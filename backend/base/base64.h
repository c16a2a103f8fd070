/* Base64 (RFC 4648), as JSON and Connect carry bytes. */
#ifndef JC_BASE_BASE64_H
#define JC_BASE_BASE64_H

#include "base/arena.h"

/* In the ordinary alphabet without padding, NUL-terminated, the arena's; ptr NULL without memory. */
struct jc_str jc_base64(struct jc_str bytes, struct jc_arena *arena);
/* Appends it with padding. */
void jc_base64_put(struct jc_buf *buf, struct jc_str bytes);

/* The most bytes that a text of this length can mean. */
static inline size_t jc_base64_space(size_t len) {
    return len / 4 * 3 + 3;
}
/* Reads either alphabet (ordinary, or - and _ for + and /), padded or not, into `out`, which has
 * jc_base64_space(text.len) bytes. False for anything else; blanks and bits left over count as such. */
bool jc_base64_read(struct jc_str text, void *out, size_t *out_len);

#endif
