/* A note is U+001E, its key, and U+001F before its arguments. */
#include "store/audit_words.h"

#include <string.h>

enum { NOTE = '\x1e', ARGUMENT = '\x1f', ARGUMENTS = 10, WORDS_MAX = 64 << 10 };

static const struct {
    const char *name;
    enum jc_msg words;
} ACTS[] = {
#define JC_AUDIT_ACT(key, name) {name, JC_MSG_ACT_##key},
#define JC_AUDIT_NOTE(key)
#include "store/audit_words.def"
#undef JC_AUDIT_ACT
#undef JC_AUDIT_NOTE
};

static const struct {
    const char *key;
    enum jc_msg words;
} NOTES[] = {
#define JC_AUDIT_ACT(key, name)
#define JC_AUDIT_NOTE(key) {#key, JC_MSG_NOTE_##key},
#include "store/audit_words.def"
#undef JC_AUDIT_ACT
#undef JC_AUDIT_NOTE
};

void jc_audit_note(struct jc_buf *out, enum jc_audit_note what, const char *format, va_list args) {
    jc_buf_char(out, NOTE);
    jc_buf_add(out, jc_str(NOTES[what].key));
    jc_buf_char(out, ARGUMENT);
    jc_buf_vprintf(out, format, args);
}

struct jc_str jc_audit_act_words(enum jc_lang lang, const char *act) {
    for (size_t i = 0; i < sizeof ACTS / sizeof *ACTS; i++)
        if (strcmp(ACTS[i].name, act) == 0)
            return jc_msg_text(ACTS[i].words, lang);
    return jc_str(act);
}

/* How many arguments the words have places for. */
static size_t count_places(enum jc_msg words) {
    struct jc_str text = jc_msg_text(words, JC_EN);
    size_t places = 0;
    for (size_t i = 0; i + 1 < text.len; i++)
        if (text.ptr[i] == '{' && (size_t)(text.ptr[i + 1] - '0') >= places)
            places = (size_t)(text.ptr[i + 1] - '0') + 1;
    return places < ARGUMENTS ? places : ARGUMENTS;
}

/* The note behind its mark; false if this program does not know it. */
static bool render(struct jc_buf *out, enum jc_lang lang, struct jc_str note) {
    struct jc_str key, args[ARGUMENTS];
    size_t what = 0, count = 0;
    jc_str_cut(&note, ARGUMENT, &key);
    while (what < JC_NOTE_COUNT && !jc_str_eq(key, jc_str(NOTES[what].key)))
        what++;
    if (what == JC_NOTE_COUNT)
        return false;
    size_t places = count_places(NOTES[what].words);
    while (count + 1 < places && jc_str_cut(&note, ARGUMENT, &args[count]))
        count++;
    if (places && note.ptr)
        args[count++] = note;
    jc_msg_render(out, lang, NOTES[what].words, args, count);
    return true;
}

char *jc_audit_detail_words(struct jc_arena *arena, enum jc_lang lang, struct jc_str detail) {
    struct jc_buf words;
    if (!detail.len || detail.ptr[0] != NOTE)
        return (char *)jc_arena_copy(arena, detail).ptr;
    jc_buf_init(&words, WORDS_MAX);
    bool known = render(&words, lang, (struct jc_str){detail.ptr + 1, detail.len - 1});
    struct jc_str text = known ? jc_buf_str(&words) : detail;
    char *copy = words.failed ? NULL : (char *)jc_arena_copy(arena, text).ptr;
    jc_buf_free(&words);
    return copy;
}
