/* The catalogue is a constant table; rendering copies the text and replaces {0} .. {9} and {0?many|one}. */
#include "base/msg.h"

#include <string.h>

#include "base/err.h"

static const struct jc_str CATALOGUE[JC_MSG_COUNT][2] = {
#define JC_MSG(name, zh, en) {{zh, sizeof(zh) - 1}, {en, sizeof(en) - 1}},
#include "base/messages.def"
#undef JC_MSG
};

struct jc_str jc_msg_text(enum jc_msg what, enum jc_lang lang) {
    if ((unsigned)what >= JC_MSG_COUNT)
        what = JC_MSG_INTERNAL;
    return CATALOGUE[what][lang == JC_EN];
}

/* "{1?s}", "{1?are|is}" at the head of *rest: what stands for many, or behind the bar for the argument "1". False
 * if it is none of this. */
static bool take_plural(struct jc_buf *out, struct jc_str *rest, const struct jc_str *args, size_t count) {
    if (rest->len < 4 || rest->ptr[1] < '0' || rest->ptr[1] > '9' || rest->ptr[2] != '?')
        return false;
    const char *end = memchr(rest->ptr, '}', rest->len);
    if (!end)
        return false;
    struct jc_str one = {rest->ptr + 3, (size_t)(end - rest->ptr) - 3}, many;
    size_t index = (size_t)(rest->ptr[1] - '0');
    jc_str_cut(&one, '|', &many);
    jc_buf_add(out, index < count && jc_str_eq(args[index], JC_STR("1")) ? one : many);
    rest->len -= (size_t)(end + 1 - rest->ptr);
    rest->ptr = end + 1;
    return true;
}

void jc_msg_render(struct jc_buf *out, enum jc_lang lang, enum jc_msg what, const struct jc_str *args, size_t count) {
    struct jc_str rest = jc_msg_text(what, lang);
    while (rest.len) {
        const char *brace = memchr(rest.ptr, '{', rest.len);
        size_t plain = brace ? (size_t)(brace - rest.ptr) : rest.len;
        jc_buf_append(out, rest.ptr, plain);
        rest.ptr += plain;
        rest.len -= plain;
        if (rest.len >= 3 && rest.ptr[2] == '}' && rest.ptr[1] >= '0' && rest.ptr[1] <= '9') {
            size_t index = (size_t)(rest.ptr[1] - '0');
            if (index < count)
                jc_buf_add(out, args[index]);
            rest.ptr += 3;
            rest.len -= 3;
        } else if (rest.len && !take_plural(out, &rest, args, count)) { /* a brace that stands for itself */
            jc_buf_char(out, '{');
            rest.ptr++;
            rest.len--;
        }
    }
}

void jc_err_render(struct jc_buf *out, enum jc_lang lang, const struct jc_err *err) {
    enum jc_msg what = err->code != JC_OK && err->what == JC_MSG_NONE ? JC_MSG_INTERNAL : err->what;
    jc_msg_render(out, lang, what, err->arg, JC_ERR_ARGS);
}
