#include "http/target.h"

#include <string.h>
#include <strings.h>

static int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%41" stands for; -1: no escape. Reads no further than a NUL. */
static int escape(const char *at) {
    int high = at[0] == '%' ? digit(at[1]) : -1;
    int low = high < 0 ? -1 : digit(at[2]);
    return low < 0 ? -1 : high * 16 + low;
}

size_t jc_target_decode_path(char *path) {
    char *out = path;
    for (const char *in = path; *in;) {
        int byte = escape(in);
        *out++ = byte > 0 ? (char)byte : *in;
        in += byte > 0 ? 3 : 1;
    }
    *out = '\0';
    return (size_t)(out - path);
}

const char *jc_target_path(const char *path) {
    static const char *const SCHEMES[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof SCHEMES / sizeof SCHEMES[0]; i++) {
        if (strncasecmp(path, SCHEMES[i], strlen(SCHEMES[i])) != 0)
            continue;
        const char *slash = strchr(path + strlen(SCHEMES[i]), '/');
        return slash ? slash : "/";
    }
    return path;
}

/* Decodes up to one of the two `ends` or the NUL, in place; `*at` moves to where it stopped. */
static struct jc_str decode(char **at, const char ends[2]) {
    struct jc_str text = {*at, 0};
    char *out = *at, *in = *at;
    for (; *in && *in != ends[0] && *in != ends[1]; text.len++) {
        int byte = escape(in);
        *out++ = byte >= 0 ? (char)byte : *in == '+' ? ' ' : *in;
        in += byte >= 0 ? 3 : 1;
    }
    *at = in;
    return text;
}

bool jc_target_each(const char *query, struct jc_arena *arena,
                    void (*each)(void *ctx, struct jc_str name, struct jc_str value), void *ctx) {
    static const char NAME_ENDS[2] = "=&", VALUE_ENDS[2] = "&&";
    if (!query)
        return true;
    char *at = (char *)jc_arena_copy(arena, jc_str(query)).ptr;
    if (!at)
        return false;
    while (*at) {
        struct jc_str value = JC_STR(""), name = decode(&at, NAME_ENDS);
        if (*at == '=') {
            at++;
            value = decode(&at, VALUE_ENDS);
        }
        each(ctx, name, value);
        at += *at == '&';
    }
    return true;
}
