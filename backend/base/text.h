/* UTF-8: validity, normal form, width on a terminal. utf8proc underneath. */
#ifndef JC_BASE_TEXT_H
#define JC_BASE_TEXT_H

#include "base/arena.h"

/* Valid UTF-8 without NUL. On false *bad_offset (may be NULL) is the first bad byte. */
bool jc_text_valid(struct jc_str s, size_t *bad_offset);
/* Normal form C; the same view if it already is ("" for a NULL view). ptr NULL without memory or
 * for text that is not valid. */
struct jc_str jc_text_nfc(struct jc_arena *arena, struct jc_str s);
/* What two spellings of one name have in common: letters and digits only, in compatibility form
 * (full width = half width) and without case; blanks, brackets and punctuation are gone. For finding
 * names that are probably the same, not for storing. ptr NULL without memory or for invalid text. */
struct jc_str jc_text_skeleton(struct jc_arena *arena, struct jc_str s);
/* Columns on a terminal: East Asian wide characters count 2, combining ones 0. */
size_t jc_text_width(struct jc_str s);
/* The longest prefix of at most max_bytes that ends on a character boundary. */
struct jc_str jc_text_cut(struct jc_str s, size_t max_bytes);
/* Copies at most max_bytes of whole characters for a message and returns their bytes (no NUL):
 * control characters and bytes that are no UTF-8 become '?'. */
size_t jc_text_clean(struct jc_str s, char *out, size_t max_bytes);

#endif
