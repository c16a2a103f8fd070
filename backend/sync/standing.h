/* What a planner's decision does to the standing of an inspection record: whether it counts, and which other it
 * belongs to. The row stays whatever is decided, for the document exists; a record that does not count is in no
 * report (nothing is counted twice), and the task it leaves is open again (nothing is lost). */
#ifndef JC_SYNC_STANDING_H
#define JC_SYNC_STANDING_H

#include "store/inspection.h"
#include "store/review.h"

/* The inspection that the reviewed operation wrote; *found false if it wrote none. The arena's. */
enum jc_code jc_standing_own(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                             struct jc_arena *arena, struct jc_inspection *out, bool *found, struct jc_err *err);
/* LINK: both are of one visit. An ad hoc one from which no order was issued gives way, `own` before `named`;
 * where neither can, because the plan asked for both or orders hang on both, both go on counting. */
enum jc_code jc_standing_link(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own,
                              const struct jc_inspection *named, struct jc_err *err);
/* What `decision`, a LINK of own's review, did: the one that gave way stands alone again. */
enum jc_code jc_standing_unlink(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own,
                                const Jc__ReviewDecision *decision, struct jc_err *err);
/* REJECT: it counts no more, and its task is what it was before: recalled or returned if it was late, else open
 * with the note. JC_FAILED_PRECONDITION if an order issued from it counts: that is in the unit's hands. */
enum jc_code jc_standing_reject(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                const struct jc_inspection *own, struct jc_str note, int64_t now_ms,
                                struct jc_err *err);
/* The task of a record that counts no more, as it was before it: see above. */
enum jc_code jc_standing_task_back(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                   struct jc_str task_id, struct jc_str note, int64_t now_ms, struct jc_err *err);
/* ACCEPT of one kept beside: it becomes the record if its task has none (any more). */
enum jc_code jc_standing_accept(struct jc_tx *tx, int64_t agency_id, const struct jc_inspection *own, int64_t now_ms,
                                struct jc_err *err);

#endif
