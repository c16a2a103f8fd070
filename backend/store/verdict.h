/* What became of an operation, and why: a status and up to a few grounds, each a key with arguments.
 *
 * Stored as text (the columns reason_args of `operation` and `review`), rendered in both languages
 * when somebody reads it, so old rows learn new words. Building one needs no memory. */
#ifndef JC_STORE_VERDICT_H
#define JC_STORE_VERDICT_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/review_service.pb-c.h"
#include "jiancha/v1/sync.pb-c.h"

enum jc_ground {
#define JC_VERDICT(key, status, code, reason) JC_GROUND_##key,
#include "store/verdict.def"
#undef JC_VERDICT
    JC_GROUND_COUNT
};

enum { JC_VERDICT_GROUNDS = 6, JC_VERDICT_ARG_MAX = 96, JC_VERDICT_TEXT_MAX = 2048 };

struct jc_verdict {
    Jc__OperationStatus status; /* of the worst ground; APPLIED without any */
    enum jc_code code;          /* of the first ground that bad */
    Jc__ReviewReason reason;    /* its reason; unspecified: nobody needs to look at it */
    uint64_t overruled;         /* grounds that count as applied, because a person said so: bits 1 << ground */
    size_t grounds;
    size_t len;
    char text[JC_VERDICT_TEXT_MAX]; /* key, U+001F before each argument, U+001E between grounds */
};

void jc_verdict_init(struct jc_verdict *verdict); /* applied, no ground, none overruled */
/* Adds a ground; up to three `struct jc_str` arguments follow. They come from outside: each is cut and
 * cleaned of control characters. Grounds beyond JC_VERDICT_GROUNDS count but are not told. */
#define jc_verdict_add(verdict, ...) jc_verdict_add_args((verdict), JC_VERDICT_PICK(__VA_ARGS__))
#define JC_VERDICT_PICK(ground, ...)         \
    (ground), (const struct jc_str[3 + 1]) { \
        __VA_ARGS__                          \
    }
void jc_verdict_add_args(struct jc_verdict *verdict, enum jc_ground ground, const struct jc_str args[3]);
/* The stored form, a view into the verdict. */
struct jc_str jc_verdict_text(const struct jc_verdict *verdict);
static inline bool jc_verdict_applied(const struct jc_verdict *verdict) {
    return verdict->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
}

/* Grounds named in a stored form: bits 1 << ground. */
uint64_t jc_verdict_grounds(struct jc_str text);
/* Those that a person may overrule: what was kept for them can be applied all the same. */
uint64_t jc_verdict_may_overrule(void);
/* Those about who sent it: found when it arrives and not again, so they stand until a person has looked. */
uint64_t jc_verdict_of_sender(void);

/* The words of a stored form as a NUL-terminated string of the arena; a key this program does not know is
 * shown as it stands. NULL without memory. */
char *jc_verdict_words(struct jc_arena *arena, enum jc_lang lang, struct jc_str text);

#endif
