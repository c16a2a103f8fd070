/* Where a task stands on this terminal: what the server says and what was done here since.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_STANDING_H
#define JC_TERMINAL_STANDING_H

#include "terminal/operation.h"

struct jc_terminal_standing {
    enum jc_terminal_local local;
    const struct jc_terminal_operation *start;  /* arrival, while no record follows; NULL: none */
    const struct jc_terminal_operation *given;  /* newest hand-over, while nobody here took the task back; NULL: none */
    const struct jc_terminal_operation *taken;  /* newest take-over, while no record follows; NULL: none */
    const struct jc_terminal_operation *record; /* newest record or recheck that was not rejected; NULL: none */
};

/* From the task's operations in order; `task` may be NULL (it left this terminal). */
struct jc_terminal_standing jc_terminal_standing(const Jc__Task *task, const struct jc_terminal_operations *operations);

/* Under which id an inspection of the task goes on: that of the arrival or of what was taken over; zeros: none. */
struct jc_uuid jc_terminal_standing_inspection(const struct jc_terminal_standing *standing);

/* The task and its standing, or why no record can be made for it: JC_NOT_FOUND, or JC_FAILED_PRECONDITION if it is
 * done, was returned, or is not of `kinds` (bits 1 << TaskKind). *recalled: work on it is accepted late. */
struct jc_terminal_open_task {
    Jc__Task *task;
    struct jc_terminal_operations operations;
    struct jc_terminal_standing standing;
    bool recalled;
};
enum jc_code jc_terminal_standing_open(struct jc_tx *tx, struct jc_uuid task_id, unsigned kinds, struct jc_arena *arena,
                                       struct jc_terminal_open_task *out, struct jc_err *err);

#endif
