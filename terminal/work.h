/* What every piece of work shares: an operation with its document, number and sources, stored at once.
 *
 * Internal to terminal/. */
#ifndef JC_TERMINAL_WORK_H
#define JC_TERMINAL_WORK_H

#include "terminal/standing.h"

/* One piece of work being made, in one write job. */
struct jc_terminal_making {
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    struct jc_terminal_work *out;
    struct jc_terminal_self self; /* filled by _begin */
    /* what the operation will carry */
    struct jc_terminal_command command;
};

/* Reads who holds the terminal; to be called first in the job. */
enum jc_code jc_terminal_making_begin(struct jc_tx *tx, struct jc_terminal_making *making, struct jc_err *err);
/* Takes the document's number from the leased block, for the year of that instant. */
enum jc_code jc_terminal_making_number(struct jc_tx *tx, struct jc_terminal_making *making, Jc__DocumentKind kind,
                                       int64_t day_ms, Jc__DocumentNumber **out, struct jc_err *err);
/* Stores the operation: making->command has body, subject, task and unit. */
enum jc_code jc_terminal_making_store(struct jc_tx *tx, struct jc_terminal_making *making, enum jc_terminal_noun noun,
                                      struct jc_err *err);

/* What the document of making->command.subject_id will be rendered from, as it is now: agency, unit, task, and
 * these persons with their teams. */
enum jc_code jc_terminal_making_sources(struct jc_tx *tx, struct jc_terminal_making *making, char *const *inspector_ids,
                                        size_t count, struct jc_err *err);

/* The newest other record of the task's unit that the server told of, that is recent on this day and that the plan did
 * not ask for; NULL: none. */
const Jc__RecentVisit *jc_terminal_duplicate_of(const Jc__Task *task, int64_t now_ms);

/* An instant as a message; NULL without memory. */
Google__Protobuf__Timestamp *jc_terminal_timestamp(struct jc_arena *arena, int64_t ms);
/* A list of one entry, `team_id` with persons × days; NULL without memory, *count 0 if that is nothing. */
struct jc_terminal_workdays {
    Jc__TeamWorkdays **items;
    size_t count, capacity;
};
bool jc_terminal_workdays_add(struct jc_arena *arena, struct jc_terminal_workdays *list, char *team_id, int persons,
                              int days_centi);

#endif
