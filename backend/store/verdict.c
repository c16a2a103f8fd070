/* One table, verdict.def, says what each ground does to an operation. The text form is appended to as
 * grounds are found; the separators U+001E and U+001F cannot come from an argument, because control
 * characters are cleaned away. */
#include "store/verdict.h"

#include <string.h>

#include "base/text.h"
#include "store/words.h"

enum { GROUND_END = '\x1e', ARGUMENT = '\x1f', ARGUMENTS = 3 };

static const struct {
    const char *key;
    enum jc_msg words;
    Jc__OperationStatus status;
    enum jc_code code;
    Jc__ReviewReason reason;
} GROUNDS[] = {
#define JC_VERDICT(key, status, code, reason)                                                \
    {#key, JC_MSG_VERDICT_##key, JC__OPERATION_STATUS__OPERATION_STATUS_##status, JC_##code, \
     JC__REVIEW_REASON__REVIEW_REASON_##reason},
#include "store/verdict.def"
#undef JC_VERDICT
};

_Static_assert(JC_GROUND_COUNT <= 64, "sets of grounds are 64 bits");
/* A ground with all its arguments always fits. */
_Static_assert(JC_VERDICT_GROUNDS *(32 + ARGUMENTS * (JC_VERDICT_ARG_MAX + 1)) <= JC_VERDICT_TEXT_MAX,
               "JC_VERDICT_TEXT_MAX");

void jc_verdict_init(struct jc_verdict *verdict) {
    verdict->status = JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    verdict->code = JC_OK;
    verdict->reason = JC__REVIEW_REASON__REVIEW_REASON_UNSPECIFIED;
    verdict->overruled = 0;
    verdict->grounds = 0;
    verdict->len = 0;
}

/* APPLIED < KEPT_FOR_REVIEW < REJECTED. */
static int badness(Jc__OperationStatus status) {
    switch (status) {
    case JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED:
        return 2;
    case JC__OPERATION_STATUS__OPERATION_STATUS_KEPT_FOR_REVIEW:
        return 1;
    default:
        return 0;
    }
}

void jc_verdict_add_args(struct jc_verdict *verdict, enum jc_ground ground, const struct jc_str args[3]) {
    bool overruled = verdict->overruled >> ground & 1;
    Jc__OperationStatus status = overruled ? JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED : GROUNDS[ground].status;
    if (!verdict->grounds++ || badness(status) > badness(verdict->status)) {
        verdict->status = status;
        verdict->code = overruled ? JC_OK : GROUNDS[ground].code;
        verdict->reason = GROUNDS[ground].reason;
    }
    if (verdict->grounds > JC_VERDICT_GROUNDS)
        return;
    if (verdict->len)
        verdict->text[verdict->len++] = GROUND_END;
    size_t key_len = strlen(GROUNDS[ground].key);
    memcpy(verdict->text + verdict->len, GROUNDS[ground].key, key_len);
    verdict->len += key_len;
    int count = ARGUMENTS;
    while (count && !args[count - 1].ptr)
        count--;
    for (int i = 0; i < count; i++) {
        verdict->text[verdict->len++] = ARGUMENT;
        verdict->len += jc_text_clean(args[i], verdict->text + verdict->len, JC_VERDICT_ARG_MAX);
    }
}

struct jc_str jc_verdict_text(const struct jc_verdict *verdict) {
    return (struct jc_str){verdict->text, verdict->len};
}

static size_t ground_of(struct jc_str key) {
    size_t i = 0;
    while (i < JC_GROUND_COUNT && !jc_str_eq(key, jc_str(GROUNDS[i].key)))
        i++;
    return i;
}

uint64_t jc_verdict_grounds(struct jc_str text) {
    struct jc_str ground, key;
    uint64_t set = 0;
    while (text.len && jc_str_cut(&text, GROUND_END, &ground)) {
        jc_str_cut(&ground, ARGUMENT, &key);
        size_t i = ground_of(key);
        set |= i < JC_GROUND_COUNT ? UINT64_C(1) << i : 0;
    }
    return set;
}

uint64_t jc_verdict_may_overrule(void) {
    static const enum jc_ground MAY[] = {
        JC_GROUND_DEPENDENCY,     JC_GROUND_SIGNATURE_MISSING, JC_GROUND_SIGNATURE_WRONG,
        JC_GROUND_SEAL_MISSING,   JC_GROUND_SEAL_WRONG,        JC_GROUND_ACTOR_OTHER,
        JC_GROUND_REVOKED_DEVICE, JC_GROUND_TASK_LATE_GRACE,   JC_GROUND_UNIT_CHANGE,
        JC_GROUND_TIMES,          JC_GROUND_INSPECTORS_FEW,    JC_GROUND_SIGNATURE_UNIT,
    };
    uint64_t set = 0;
    for (size_t i = 0; i < sizeof MAY / sizeof *MAY; i++)
        set |= UINT64_C(1) << MAY[i];
    return set;
}

uint64_t jc_verdict_of_sender(void) {
    static const enum jc_ground SENDER[] = {
        JC_GROUND_SIGNATURE_MISSING, JC_GROUND_SIGNATURE_WRONG, JC_GROUND_SEAL_MISSING,    JC_GROUND_SEAL_WRONG,
        JC_GROUND_ACTOR_OTHER,       JC_GROUND_REVOKED_DEVICE,  JC_GROUND_SEAL_LATE_WRONG,
    };
    uint64_t set = 0;
    for (size_t i = 0; i < sizeof SENDER / sizeof *SENDER; i++)
        set |= UINT64_C(1) << SENDER[i];
    return set;
}

/* A document's number as people call it, from kind, year and number ("1-2023-12"), into `buf`; another argument stays. */
static void name_number(struct jc_buf *buf, enum jc_lang lang, struct jc_str *arg) {
    static const enum jc_msg KINDS[] = {JC_MSG_COMMAND_SUBMIT_INSPECTION, JC_MSG_COMMAND_ISSUE_ORDER,
                                        JC_MSG_COMMAND_SUBMIT_RECHECK};
    struct jc_str number = *arg, parts[3];
    int64_t values[3];
    for (int i = 0; i < 3; i++)
        if (!jc_str_cut(&number, '-', &parts[i]) || !jc_str_to_int64(parts[i], &values[i]) || values[i] < 0)
            return;
    if (number.len || values[0] < 1 || values[0] > 3)
        return;
    parts[0] = jc_msg_text(KINDS[values[0] - 1], lang);
    jc_msg_render(buf, lang, JC_MSG_VERDICT_NUMBER, parts, 3);
    *arg = jc_buf_str(buf);
}

/* A field's path in the contract ("inspection.ended_at") as people call the field, where there is a word for it: in
 * Chinese. In English it keeps its path. */
static void name_field(enum jc_lang lang, struct jc_str *arg) {
    static const char PATH[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    char name[64];
    size_t begin = arg->len;
    while (begin && arg->ptr[begin - 1] != '.')
        begin--;
    size_t len = arg->len - begin;
    if (lang != JC_ZH || !begin || len >= sizeof name)
        return;
    for (size_t i = 0; i < arg->len; i++)
        if (!memchr(PATH, arg->ptr[i], sizeof PATH - 1))
            return;
    memcpy(name, arg->ptr + begin, len);
    name[len] = '\0';
    struct jc_str words = jc_words_field(lang, name);
    if (words.ptr != name) /* else there is none */
        *arg = words;
}

static void render_ground(struct jc_buf *out, enum jc_lang lang, struct jc_str ground) {
    struct jc_str key, args[ARGUMENTS] = {{0}};
    size_t count = 0;
    jc_str_cut(&ground, ARGUMENT, &key);
    while (count < ARGUMENTS && jc_str_cut(&ground, ARGUMENT, &args[count]))
        count++;
    size_t i = ground_of(key);
    struct jc_buf number;
    jc_buf_init(&number, 1024);
    if (i < JC_GROUND_COUNT && GROUNDS[i].reason == JC__REVIEW_REASON__REVIEW_REASON_DOCUMENT_NUMBER)
        name_number(&number, lang, &args[0]);
    for (size_t k = 0; k < count; k++)
        name_field(lang, &args[k]);
    if (i < JC_GROUND_COUNT)
        jc_msg_render(out, lang, GROUNDS[i].words, args, count);
    else
        jc_buf_add(out, key);
    jc_buf_free(&number);
}

static void render(struct jc_buf *out, enum jc_lang lang, struct jc_str text) {
    struct jc_str ground;
    bool first = true;
    while (text.len && jc_str_cut(&text, GROUND_END, &ground)) {
        if (!first)
            jc_buf_add(out, lang == JC_ZH ? JC_STR("；") : JC_STR("; "));
        render_ground(out, lang, ground);
        first = false;
    }
}

char *jc_verdict_words(struct jc_arena *arena, enum jc_lang lang, struct jc_str text) {
    struct jc_buf words;
    jc_buf_init(&words, 64 << 10);
    render(&words, lang, text);
    char *copy = words.failed ? NULL : (char *)jc_arena_copy(arena, jc_buf_str(&words)).ptr;
    jc_buf_free(&words);
    return copy;
}
