/* Words for the rows of the audit log. What an act is called and what its detail says is stored as keys with
 * arguments and rendered when somebody reads it, so old rows learn new words. */
#ifndef JC_STORE_AUDIT_WORDS_H
#define JC_STORE_AUDIT_WORDS_H

#include "base/arena.h"
#include "base/msg.h"

enum jc_audit_note {
#define JC_AUDIT_ACT(key, name)
#define JC_AUDIT_NOTE(key) JC_NOTE_##key,
#include "store/audit_words.def"
#undef JC_AUDIT_ACT
#undef JC_AUDIT_NOTE
    JC_NOTE_COUNT
};

/* Between the arguments of a note. The last one takes what is left, so text of people stands last. */
#define JC_NOTE_AND "\x1f"

/* Appends the stored form of a note: `format` makes its arguments, joined by JC_NOTE_AND; "" if it has none. */
void jc_audit_note(struct jc_buf *out, enum jc_audit_note what, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

/* "plan.approve" as people say it; an unknown act as it is. */
struct jc_str jc_audit_act_words(enum jc_lang lang, const char *act);
/* A row's detail: a note rendered, another text as it is. NUL-terminated, the arena's; NULL without memory. */
char *jc_audit_detail_words(struct jc_arena *arena, enum jc_lang lang, struct jc_str detail);

#endif
