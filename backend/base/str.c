/* Views are compared and cut with plain byte loops; numbers are read without the C library, whose
 * readers accept blanks, hex and "inf". A buffer doubles until it reaches its maximum, so a run of
 * n appended bytes costs O(n). What must never happen: a buffer above max_size, or a read past len. */
#include "base/str.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"

struct jc_str jc_str(const char *text) {
    return text ? (struct jc_str){text, strlen(text)} : (struct jc_str){NULL, 0};
}

bool jc_str_eq(struct jc_str a, struct jc_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

int jc_str_cmp(struct jc_str a, struct jc_str b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool jc_str_starts_with(struct jc_str s, struct jc_str prefix) {
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

/* Bytes of the blank at the start (or the end) of s; 0 if there is none. U+3000 is E3 80 80. */
static size_t blank_size(struct jc_str s, bool at_end) {
    if (s.len == 0)
        return 0;
    char c = s.ptr[at_end ? s.len - 1 : 0];
    if (c == ' ' || (c >= '\t' && c <= '\r'))
        return 1;
    if (s.len >= 3 && memcmp(s.ptr + (at_end ? s.len - 3 : 0), "\xe3\x80\x80", 3) == 0)
        return 3;
    return 0;
}

struct jc_str jc_str_trim(struct jc_str s) {
    size_t blank;
    while ((blank = blank_size(s, false)) != 0) {
        s.ptr += blank;
        s.len -= blank;
    }
    while ((blank = blank_size(s, true)) != 0)
        s.len -= blank;
    return s;
}

bool jc_str_cut(struct jc_str *rest, char separator, struct jc_str *head) {
    if (!rest->ptr) {
        *head = (struct jc_str){NULL, 0};
        return false;
    }
    const char *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!end) {
        *head = *rest;
        *rest = (struct jc_str){NULL, 0};
        return true;
    }
    *head = (struct jc_str){rest->ptr, (size_t)(end - rest->ptr)};
    rest->ptr = end + 1;
    rest->len -= head->len + 1;
    return true;
}

/* Moves the sign off the front. */
static bool take_sign(struct jc_str *s) {
    bool negative = s->len && s->ptr[0] == '-';
    if (negative || (s->len && s->ptr[0] == '+')) {
        s->ptr++;
        s->len--;
    }
    return negative;
}

static bool add_digit(int64_t *number, char c, bool negative) {
    int digit = c - '0';
    return c >= '0' && c <= '9' && !__builtin_mul_overflow(*number, 10, number) &&
           !__builtin_add_overflow(*number, negative ? -digit : digit, number);
}

bool jc_str_to_int64(struct jc_str s, int64_t *out) {
    bool negative = take_sign(&s);
    if (s.len == 0)
        return false;
    int64_t number = 0;
    for (size_t i = 0; i < s.len; i++)
        if (!add_digit(&number, s.ptr[i], negative))
            return false;
    *out = number;
    return true;
}

bool jc_str_to_centi(struct jc_str s, int64_t *out_centi) {
    bool negative = take_sign(&s);
    int64_t number = 0;
    size_t i = 0;
    for (; i < s.len && s.ptr[i] != '.'; i++)
        if (!add_digit(&number, s.ptr[i], negative))
            return false;
    if (i == 0)
        return false; /* "", "-", ".5" */
    size_t decimals = 0;
    if (i < s.len) {
        decimals = s.len - i - 1;
        if (decimals < 1 || decimals > 2)
            return false;
    }
    for (size_t d = 0; d < 2; d++)
        if (!add_digit(&number, d < decimals ? s.ptr[i + 1 + d] : '0', negative))
            return false;
    *out_centi = number;
    return true;
}

struct jc_str jc_str_from_int64(int64_t number, char buf[JC_NUMBER_TEXT]) {
    char digits[JC_NUMBER_TEXT];
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do
        digits[--at] = (char)('0' + size % 10);
    while (size /= 10);
    if (number < 0)
        digits[--at] = '-';
    memcpy(buf, digits + at, sizeof digits - at);
    return (struct jc_str){buf, sizeof digits - at - 1};
}

struct jc_str jc_str_from_centi(int64_t centi, char buf[JC_NUMBER_TEXT]) {
    uint64_t size = centi < 0 ? 0 - (uint64_t)centi : (uint64_t)centi;
    unsigned rest = (unsigned)(size % 100);
    int len =
        snprintf(buf, JC_NUMBER_TEXT, "%s%llu.%02u", centi < 0 ? "-" : "", (unsigned long long)(size / 100), rest);
    size_t zeros = rest == 0 ? 3 : rest % 10 == 0 ? 1 : 0; /* ".00" or the last "0" */
    buf[(size_t)len - zeros] = '\0';
    return (struct jc_str){buf, (size_t)len - zeros};
}

struct jc_str jc_str_from_micro(int64_t micro, char buf[JC_NUMBER_TEXT]) {
    uint64_t size = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    int len = snprintf(buf, JC_NUMBER_TEXT, "%s%llu.%06u", micro < 0 ? "-" : "", (unsigned long long)(size / 1000000),
                       (unsigned)(size % 1000000));
    while (buf[len - 1] == '0')
        len--;
    if (buf[len - 1] == '.')
        len--;
    buf[len] = '\0';
    return (struct jc_str){buf, (size_t)len};
}

/* --- text that grows ------------------------------------------------------------------------ */

void jc_buf_init(struct jc_buf *buf, size_t max_size) {
    *buf = (struct jc_buf){.max_size = max_size};
}

void jc_buf_free(struct jc_buf *buf) {
    jc_free(buf->ptr);
    *buf = (struct jc_buf){.max_size = buf->max_size};
}

void jc_buf_reset(struct jc_buf *buf) {
    buf->len = 0;
    buf->failed = false;
}

/* Room for `more` bytes and, for vsnprintf, a NUL behind them. */
static bool reserve(struct jc_buf *buf, size_t more) {
    if (buf->failed || more > buf->max_size || buf->len > buf->max_size - more) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->capacity)
        return true;
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity;
    while (capacity < need)
        capacity = capacity > SIZE_MAX / 2 ? need : capacity * 2;
    char *bigger = jc_realloc(buf->ptr, capacity);
    if (!bigger) {
        buf->failed = true;
        return false;
    }
    buf->ptr = bigger;
    buf->capacity = capacity;
    return true;
}

void jc_buf_reserve(struct jc_buf *buf, size_t more) {
    if (!buf->failed && !reserve(buf, more))
        buf->failed = false; /* nothing is lost yet */
}

void jc_buf_append(struct jc_buf *buf, const void *bytes, size_t len) {
    if (len == 0 || !reserve(buf, len))
        return;
    memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
}

void jc_buf_add(struct jc_buf *buf, struct jc_str s) {
    jc_buf_append(buf, s.ptr, s.len);
}

void jc_buf_char(struct jc_buf *buf, char c) {
    jc_buf_append(buf, &c, 1);
}

void jc_buf_vprintf(struct jc_buf *buf, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        buf->failed = true;
    if (len > 0 && reserve(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

void jc_buf_printf(struct jc_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    jc_buf_vprintf(buf, format, args);
    va_end(args);
}

void jc_buf_centi(struct jc_buf *buf, int64_t centi) {
    char text[JC_NUMBER_TEXT];
    jc_buf_add(buf, jc_str_from_centi(centi, text));
}

struct jc_str jc_buf_str(const struct jc_buf *buf) {
    return (struct jc_str){buf->ptr, buf->len};
}
