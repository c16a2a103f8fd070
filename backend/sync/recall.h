/* What planners do with tasks that terminals hold: recall, give to another team, open again.
 *
 * Records that were made before a terminal knew are accepted and flagged (DESIGN section 5, point 4),
 * those of a recalled task for recall_grace_days calendar days (30 where the parameter is not in force);
 * what comes later is kept for review.
 *
 * Lists are all or none: everything is looked at before anything is written. Every act leaves one line
 * in the audit log and a change row for each team that holds a task. */
#ifndef JC_SYNC_RECALL_H
#define JC_SYNC_RECALL_H

#include "base/clock.h"
#include "db/db.h"
#include "jiancha/v1/task.pb-c.h"

enum { JC_RECALL_TASKS_MAX = 500 };

/* Who does it, when, to which tasks, and why. */
struct jc_task_act {
    int64_t agency_id;
    const ProtobufCBinaryData *task_ids;
    size_t count;
    struct jc_str reason; /* text for the inspector; empty only for jc_task_reopen */
    struct jc_str actor;  /* for the audit log */
    int64_t now_ms;
};

/* Open and returned tasks become RECALLED, joint ones with their lead's; their visits are planned again
 * and may be released once more. *out: as many as were named, as they are now; the arena's.
 *
 * JC_NOT_FOUND for an unknown task; JC_FAILED_PRECONDITION for one that is done or recalled, and for a
 * joint one, which goes with its lead's; JC_INVALID_ARGUMENT without a reason, for no task or too many. */
enum jc_code jc_task_act_recall(struct jc_tx *tx, const struct jc_task_act *act, struct jc_arena *arena,
                                Jc__Task ***out, struct jc_err *err);
/* Open and returned tasks go to another team of the register and are open there; the terminals of the old
 * team get a removal. The plan stays as it was approved. Fails as above; JC_ALREADY_EXISTS if that team
 * has a task of the same visit, JC_FAILED_PRECONDITION if it is that team's already. */
enum jc_code jc_task_act_reassign(struct jc_tx *tx, const struct jc_task_act *act, struct jc_str team_id,
                                  struct jc_arena *arena, Jc__Task ***out, struct jc_err *err);
/* Returned and recalled tasks are open again, with the reason as the planner's answer. Fails as above;
 * JC_FAILED_PRECONDITION also for a recheck whose order was rejected or has another recheck open. */
enum jc_code jc_task_act_reopen(struct jc_tx *tx, const struct jc_task_act *act, struct jc_arena *arena,
                                Jc__Task ***out, struct jc_err *err);

/* The last day on which a record of this recalled task is accepted. */
enum jc_code jc_recall_grace(struct jc_tx *tx, int64_t agency_id, const Jc__Task *task, struct jc_arena *arena,
                             struct jc_date *out, struct jc_err *err);
/* Takes recalled tasks whose days of grace are over (at most JC_EXPIRE_TASKS_MAX, the longest recalled first) off
 * the terminals: they get a removal, a new listing leaves them out. The rows stay. Again and again from upkeep. */
enum { JC_EXPIRE_TASKS_MAX = 500 };
enum jc_code jc_recall_expire(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_err *err);

#endif
