/* What a planner's REJECT takes back of an order or a recheck that counted (inspections: sync/standing.h). The
 * document exists, so its row and its number stay; what it did to findings and tasks does not. */
#ifndef JC_SYNC_WITHDRAW_H
#define JC_SYNC_WITHDRAW_H

#include "store/review.h"

/* The order or the recheck that the reviewed operation wrote and that counts; *withdrew false if it wrote none.
 *
 * Recheck: it is no record any more, findings are what the other rechecks of the order say, the recheck that follows
 * from it is recalled, its own task is what it was before it. JC_FAILED_PRECONDITION if a later recheck of the order
 * counts. Order: its findings are in no order, with the inspection's deadlines, so another can be issued; its recheck
 * task is recalled; it leaves the terminals. JC_FAILED_PRECONDITION if a recheck of it counts. */
enum jc_code jc_withdraw(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase, struct jc_str note,
                         int64_t now_ms, struct jc_arena *arena, bool *withdrew, struct jc_err *err);
/* ACCEPT of a recheck that lies beside its task's record: if that was rejected, its row is taken away, to be applied
 * again as the record. *lifted: it was so. */
enum jc_code jc_withdraw_beside(struct jc_tx *tx, int64_t agency_id, const struct jc_review_case *kase,
                                struct jc_arena *arena, bool *lifted, struct jc_err *err);

#endif
