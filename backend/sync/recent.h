/* What an inspector is told of a unit before visiting it: who was there lately (Task.recent_visits).
 *
 * Which records are told depends on the task's month and on the records alone, never on today, so a task says the
 * same until one of them changes, and digests agree; the terminal judges by its own day whether a visit is recent. */
#ifndef JC_SYNC_RECENT_H
#define JC_SYNC_RECENT_H

#include "db/db.h"
#include "jiancha/v1/task.pb-c.h"

/* How many days around a record another is taken for a duplicate: parameter duplicate_visit_days on that day. */
enum jc_code jc_recent_days(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_arena *arena, int64_t *out,
                            struct jc_err *err);
/* Fills the visits of a task that is to be done and a visit; nothing for others. */
enum jc_code jc_recent_load(struct jc_tx *tx, int64_t agency_id, int64_t days, struct jc_arena *arena, Jc__Task *task,
                            struct jc_err *err);

#endif
