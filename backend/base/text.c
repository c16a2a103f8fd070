/* utf8proc decodes, normalises and knows widths; bytes below 0x80 take a short way around it. */
#include "base/text.h"

#include <string.h>
#include <utf8proc.h>

/* The character at s.ptr (s.len > 0): its bytes, or 0 if it is not valid. */
static size_t decode(struct jc_str s, utf8proc_int32_t *character) {
    unsigned char first = (unsigned char)s.ptr[0];
    if (first < 0x80) {
        *character = first;
        return 1;
    }
    utf8proc_ssize_t len = s.len > 4 ? 4 : (utf8proc_ssize_t)s.len;
    len = utf8proc_iterate((const utf8proc_uint8_t *)s.ptr, len, character);
    return len > 0 ? (size_t)len : 0;
}

static struct jc_str behind(struct jc_str s, size_t bytes) {
    return (struct jc_str){s.ptr + bytes, s.len - bytes};
}

/* Bytes at the start of s that are ASCII and no NUL, eight at a time; the last few are left. */
static size_t plain_run(struct jc_str s) {
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    size_t run = 0;
    for (uint64_t eight; s.len - run >= sizeof eight; run += sizeof eight) {
        memcpy(&eight, s.ptr + run, sizeof eight);
        if (((eight - ones) | eight) & tops) /* a top bit, or a borrow from a zero byte */
            break;
    }
    return run;
}

/* Whether s starts with a character of three bytes that begins with E1..EC, EE or EF, where any two
 * continuation bytes will do: most of what is written in Chinese. */
static bool is_common_three(struct jc_str s) {
    if (s.len < 3)
        return false;
    const unsigned char *b = (const unsigned char *)s.ptr;
    return b[0] > 0xe0 && b[0] < 0xf0 && b[0] != 0xed && (b[1] & 0xc0) == 0x80 && (b[2] & 0xc0) == 0x80;
}

bool jc_text_valid(struct jc_str s, size_t *bad_offset) {
    for (struct jc_str rest = s; rest.len;) {
        utf8proc_int32_t character = -1;
        size_t len = is_common_three(rest) ? 3 : plain_run(rest);
        if (!len)
            len = decode(rest, &character);
        if (len == 0 || character == 0) {
            if (bad_offset)
                *bad_offset = s.len - rest.len;
            return false;
        }
        rest = behind(rest, len);
    }
    return true;
}

static bool is_ascii(struct jc_str s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* `s` mapped by utf8proc's options, the arena's (or `s` itself where nothing changes). Code points for
 * which `drop` is true are left out. */
static struct jc_str map_text(struct jc_arena *arena, struct jc_str s, utf8proc_option_t options,
                              bool (*drop)(utf8proc_int32_t character)) {
    struct jc_str result = {NULL, 0};
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)s.ptr;
    utf8proc_ssize_t count = utf8proc_decompose(bytes, (utf8proc_ssize_t)s.len, NULL, 0, options);
    if (count < 0)
        return result;
    /* reencode turns the code points into UTF-8 in place and wants one byte behind them. */
    utf8proc_int32_t *points = jc_malloc(((size_t)count + 1) * sizeof *points);
    if (!points)
        return result;
    count = utf8proc_decompose(bytes, (utf8proc_ssize_t)s.len, points, count, options);
    if (drop) {
        utf8proc_ssize_t kept = 0;
        for (utf8proc_ssize_t i = 0; i < count; i++)
            if (!drop(points[i]))
                points[kept++] = points[i];
        count = count < 0 ? count : kept;
    }
    utf8proc_ssize_t len = count < 0 ? count : utf8proc_reencode(points, count, options);
    if (len >= 0) {
        struct jc_str mapped = {(const char *)points, (size_t)len};
        result = jc_str_eq(mapped, s) ? s : jc_arena_copy(arena, mapped);
    }
    jc_free(points);
    return result;
}

struct jc_str jc_text_nfc(struct jc_arena *arena, struct jc_str s) {
    if (is_ascii(s))
        return s.ptr ? s : (struct jc_str){"", 0};
    return map_text(arena, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE, NULL);
}

static bool no_letter_or_digit(utf8proc_int32_t character) {
    switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return false;
    default:
        return true;
    }
}

struct jc_str jc_text_skeleton(struct jc_arena *arena, struct jc_str s) {
    if (s.len == 0)
        return (struct jc_str){"", 0};
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD;
    return map_text(arena, s, options, no_letter_or_digit);
}

size_t jc_text_width(struct jc_str s) {
    size_t width = 0;
    while (s.len) {
        utf8proc_int32_t character;
        size_t len = decode(s, &character);
        width += len ? (size_t)utf8proc_charwidth(character) : 1;
        s = behind(s, len ? len : 1);
    }
    return width;
}

struct jc_str jc_text_cut(struct jc_str s, size_t max_bytes) {
    if (s.len <= max_bytes)
        return s;
    size_t len = max_bytes;
    while (len && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
        len--;
    return (struct jc_str){s.ptr, len};
}

size_t jc_text_clean(struct jc_str s, char *out, size_t max_bytes) {
    size_t used = 0;
    while (s.len) {
        utf8proc_int32_t character;
        size_t len = decode(s, &character);
        bool good = len && character >= 0x20 && !(character >= 0x7f && character <= 0x9f);
        size_t take = good ? len : 1;
        if (used + take > max_bytes)
            break;
        if (good)
            memcpy(out + used, s.ptr, len);
        else
            out[used] = '?';
        used += take;
        s = behind(s, len ? len : 1);
    }
    return used;
}
