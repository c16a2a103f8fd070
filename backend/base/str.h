/* Strings as views, and text that grows under a declared maximum.
 *
 * A `struct jc_str` points into memory somebody else owns (an arena, a literal, a row); cutting
 * never copies. Text is UTF-8. A terminating NUL is present only where a function says so. */
#ifndef JC_BASE_STR_H
#define JC_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jc_str {
    const char *ptr;
    size_t len;
};

/* A literal as a view: JC_STR("abc"). */
#define JC_STR(literal) ((struct jc_str){(literal), sizeof(literal) - 1})

/* Arguments for printf's "%.*s". */
#define JC_FMT(s) (int)(s).len, ((s).ptr ? (s).ptr : "")

/* A NUL-terminated string as a view; NULL is the empty view. */
struct jc_str jc_str(const char *text);

bool jc_str_eq(struct jc_str a, struct jc_str b);
/* Bytewise order (the order of UTF-8 code points): <0, 0, >0. */
int jc_str_cmp(struct jc_str a, struct jc_str b);
bool jc_str_starts_with(struct jc_str s, struct jc_str prefix);
/* Without ASCII blanks and U+3000 at both ends. */
struct jc_str jc_str_trim(struct jc_str s);
/* Cuts the head of *rest up to `separator` and moves *rest behind it. False once *rest is used up
 * (rest->ptr is NULL then); "a||b" yields "a", "", "b". */
bool jc_str_cut(struct jc_str *rest, char separator, struct jc_str *head);

/* A whole decimal integer, sign allowed, nothing else around it. False on overflow or rubbish. */
bool jc_str_to_int64(struct jc_str s, int64_t *out);
/* A decimal number as hundredths: "0.5" is 50, "299" 29900. False for more than two decimals. */
bool jc_str_to_centi(struct jc_str s, int64_t *out_centi);

/* The same backwards: 29900 is "299", 50 is "0.5", -5 "-0.05". NUL-terminated views of buf. */
enum { JC_NUMBER_TEXT = 24 };
struct jc_str jc_str_from_int64(int64_t number, char buf[JC_NUMBER_TEXT]);
struct jc_str jc_str_from_centi(int64_t centi, char buf[JC_NUMBER_TEXT]);
/* Millionths: 125000 is "0.125". */
struct jc_str jc_str_from_micro(int64_t micro, char buf[JC_NUMBER_TEXT]);

/* --- text that grows ------------------------------------------------------------------------ */

/* A byte buffer on the heap. Once an append does not fit under `max_size` or memory ends, `failed`
 * stays set and later appends do nothing, so a run of appends needs one check at its end. */
struct jc_buf {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t max_size;
    bool failed;
};

void jc_buf_init(struct jc_buf *buf, size_t max_size);
void jc_buf_free(struct jc_buf *buf);  /* also fine on a zeroed struct; leaves it empty */
void jc_buf_reset(struct jc_buf *buf); /* empty again, not failed; keeps the memory */
/* Allocates at once what `more` bytes will need; too much or no memory shows with the append. */
void jc_buf_reserve(struct jc_buf *buf, size_t more);
/* `bytes` must not lie in the buffer itself. */
void jc_buf_append(struct jc_buf *buf, const void *bytes, size_t len);
void jc_buf_add(struct jc_buf *buf, struct jc_str s);
void jc_buf_char(struct jc_buf *buf, char c);
void jc_buf_printf(struct jc_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void jc_buf_vprintf(struct jc_buf *buf, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Hundredths as the shortest decimal: 50 -> "0.5", 29900 -> "299". */
void jc_buf_centi(struct jc_buf *buf, int64_t centi);
/* A view that the next append makes invalid. */
struct jc_str jc_buf_str(const struct jc_buf *buf);

#endif
