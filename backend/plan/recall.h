/* Taking tasks back: when a new version is approved, released visits that it moved, changed or dropped must
 * leave the terminals (DESIGN section 8: only what is released lies there). A record that an inspector makes
 * of a recalled task is still accepted and flagged (section 5, point 4). */
#ifndef JC_PLAN_RECALL_H
#define JC_PLAN_RECALL_H

#include "store/plan.h"

/* Compares the version that was in force with the one that takes its place. Every visit that is released
 * there, and here has another month, lead, mode or other joining teams, or is not here at all, has its open
 * tasks recalled and is planned again in `after`, to be released in its month. Visits done meanwhile stay.
 * *count: visits taken back. */
enum jc_code jc_plan_recall(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *before, const Jc__Plan *after,
                            int64_t now_ms, struct jc_arena *arena, size_t *count, struct jc_err *err);

#endif
