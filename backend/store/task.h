/* Tasks: released visits, rechecks and ad hoc inspections, as terminals see them. */
#ifndef JC_STORE_TASK_H
#define JC_STORE_TASK_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/task.pb-c.h"

/* Adds a task and records the change for its team. A task of the same visit and team that was recalled is
 * opened again under its own id, which *task then has. JC_ALREADY_EXISTS for a visit already released. */
enum jc_code jc_task_add(struct jc_tx *tx, int64_t agency_id, Jc__Task *task, int64_t now_ms, struct jc_err *err);
/* JC_NOT_FOUND if the agency has no such task. `joined` comes from the plan's visit. */
enum jc_code jc_task_get(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_arena *arena,
                         Jc__Task **out, struct jc_err *err);
/* Moves a task to a state and records the change. now_ms is kept for DONE and RECALLED, `reason` for
 * RETURNED and RECALLED. A lead's visit takes its joint tasks (same visit_id) with it, and the visit of the
 * plan follows: done, planned again when recalled, released otherwise. */
enum jc_code jc_task_move(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, Jc__TaskState state,
                          struct jc_str reason, int64_t now_ms, struct jc_err *err);

/* Takes the tasks of a visit of a year's plan back, lead's and joint ones, as far as they are open or were
 * returned, and tells their teams. */
enum jc_code jc_task_recall(struct jc_tx *tx, int64_t agency_id, int year, struct jc_str visit_id, int64_t now_ms,
                            struct jc_err *err);

/* Gives a task to another team, open, and tells both. */
enum jc_code jc_task_give(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                          struct jc_err *err);
/* Writes the planner's note; tells nobody: a move comes with it. */
enum jc_code jc_task_note(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str note,
                          struct jc_err *err);
/* Says who took it over from a colleague, and tells the team. */
enum jc_code jc_task_hold(struct jc_tx *tx, int64_t agency_id, const Jc__Task *task, struct jc_str inspector_id,
                          struct jc_err *err);
/* Tells the teams of the unit's visits that are to be done, but of task `but` (may be empty), that something about
 * them has changed. Cost: one look into an index if there are none. */
enum jc_code jc_task_tell_visits(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_str but,
                                 struct jc_arena *arena, struct jc_err *err);
/* Whether the team has a task of the same visit. */
enum jc_code jc_task_of_team(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                             bool *found, struct jc_err *err);

struct jc_task_filter {
    struct jc_str team_id; /* empty: all */
    Jc__TaskState state;   /* unspecified: all */
    int limit;             /* 0: no limit */
    struct jc_str after;   /* page token of the page before; empty: the first */
};
/* By (due_on, task_id). *next is the token of the next page, empty at the end. */
enum jc_code jc_task_list(struct jc_tx *tx, int64_t agency_id, const struct jc_task_filter *filter,
                          struct jc_arena *arena, Jc__Task ***out, size_t *count, struct jc_str *next,
                          struct jc_err *err);

#endif
