/* A planner decides about an operation that was kept or flagged (待核处理).
 *
 *   ACCEPT  what was kept is applied now, what was flagged is in order; a returned task is taken back
 *   REJECT  it stays out of the records, and what was counted counts no more (sync/standing.h); a returned task is
 *           open again, with the note as the answer
 *   LINK    it belongs to another inspection: one of the two counts
 *
 * The decision is a row of the evidence chain (OperationBody.review_decision, made by the server), a
 * line in the audit log, and an outcome that reaches the terminals of the inspector's team. Rows of
 * operations never change: what was answered once is answered again, the outcome says what became of
 * it. */
#ifndef JC_SYNC_REVIEW_H
#define JC_SYNC_REVIEW_H

#include "db/db.h"
#include "jiancha/v1/review_service.pb-c.h"

struct jc_review_act {
    int64_t agency_id;
    int64_t review_id;
    Jc__ReviewDecisionKind kind;
    struct jc_str linked_inspection_id; /* of LINK */
    struct jc_str note;                 /* for the inspector; may be empty for ACCEPT */
    struct jc_str actor;                /* login */
    int64_t now_ms;
};

/* Decides. out->review is the review as it is now, out->result what applying it said.
 *
 * An ACCEPT that cannot be carried out, because the operation names what the agency does not know, say,
 * decides nothing: the result has the words, the review stays open. JC_NOT_FOUND for an unknown review;
 * JC_FAILED_PRECONDITION, with the decision in words, for one that is decided; JC_INVALID_ARGUMENT for
 * no kind, a REJECT without a note, a LINK to no inspection of the agency or to the operation's own. */
enum jc_code jc_review_decide(struct jc_tx *tx, const struct jc_review_act *act, struct jc_arena *arena,
                              Jc__DecideReviewResponse **out, struct jc_err *err);
/* One with its operation and, where its task has a record, that record, and what came later under the
 * operation's id. JC_NOT_FOUND. */
enum jc_code jc_review_show(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_arena *arena,
                            Jc__GetReviewResponse **out, struct jc_err *err);

#endif
