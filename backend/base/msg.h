/* The message catalogue: every text a user sees, Chinese and English side by side in messages.def.
 *
 * Errors carry an index into it; tables and documents take their headings from it. Text is rendered
 * only at the edge (cli, rpc, terminal). Arguments stand as {0} .. {9}; {1?s} is an "s" and {1?are|is}
 * an "are" unless argument 1 is "1". */
#ifndef JC_BASE_MSG_H
#define JC_BASE_MSG_H

#include "base/str.h"

enum jc_lang { JC_ZH = 0, JC_EN = 1 };

enum jc_msg {
#define JC_MSG(name, zh, en) JC_MSG_##name,
#include "base/messages.def"
#undef JC_MSG
    JC_MSG_COUNT
};

/* The entry's text with its {n} untouched; never NULL. */
struct jc_str jc_msg_text(enum jc_msg what, enum jc_lang lang);

/* Appends the entry to `out`, {n} replaced by args[n] (count may be 0) and {n?many|one} by the form for it. */
void jc_msg_render(struct jc_buf *out, enum jc_lang lang, enum jc_msg what, const struct jc_str *args, size_t count);

struct jc_err;
/* The sentence for people of an error. */
void jc_err_render(struct jc_buf *out, enum jc_lang lang, const struct jc_err *err);

#endif
