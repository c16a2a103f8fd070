/* What must hold before a piece of work is stored. Every function names the first thing that is wrong
 * (JC_INVALID_ARGUMENT), in words an inspector can act on.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_CHECK_H
#define JC_TERMINAL_CHECK_H

#include "terminal/store.h"

/* Two or more, different, in the register here, none recused from the unit. Their order becomes: those of
 * lead_team first, otherwise as given. */
enum jc_code jc_terminal_check_persons(struct jc_tx *tx, char **inspector_ids, size_t count, struct jc_str unit_id,
                                       struct jc_str lead_team, struct jc_arena *arena, struct jc_err *err);
/* Both given, the end behind the start (or, where `moment` is true, at it). */
enum jc_code jc_terminal_check_times(const Google__Protobuf__Timestamp *start, const Google__Protobuf__Timestamp *end,
                                     bool moment, struct jc_err *err);
/* Items of the checklist, each answered once; findings name items of it. */
enum jc_code jc_terminal_check_checklist(struct jc_tx *tx, const Jc__Inspection *inspection, struct jc_arena *arena,
                                         struct jc_err *err);
/* Words, one outcome, and a deadline behind the last day of the inspection exactly where it is by deadline. */
enum jc_code jc_terminal_check_findings(const Jc__Inspection *inspection, struct jc_err *err);
/* A name or a reason. */
enum jc_code jc_terminal_check_signature(const Jc__UnitSignature *signature, struct jc_err *err);
/* Hashes of 32 bytes, each once. */
enum jc_code jc_terminal_check_photos(const Jc__Inspection *inspection, struct jc_err *err);
/* Teams of the task (may be NULL) or of the register, each once, nothing negative. */
enum jc_code jc_terminal_check_workdays(struct jc_tx *tx, const Jc__Task *task, Jc__TeamWorkdays *const *workdays,
                                        size_t count, struct jc_arena *arena, struct jc_err *err);
/* An ISO date behind `after`, by ten years at most; `where` says which one in the message. */
enum jc_code jc_terminal_check_deadline(const char *deadline, struct jc_date after, struct jc_str where,
                                        struct jc_err *err);

/* An instant of a message in ms. */
int64_t jc_terminal_ms(const Google__Protobuf__Timestamp *time);

#endif
