/* Operations kept or flagged for a person to decide (待核处理). One row per operation. */
#ifndef JC_STORE_REVIEW_H
#define JC_STORE_REVIEW_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/review_service.pb-c.h"
#include "store/operation.h"

struct jc_review {
    int64_t review_id; /* the operation's number */
    Jc__ReviewReason reason;
    struct jc_str grounds; /* jc_verdict_text */
    struct jc_str command; /* "submit_inspection"; empty if it could not be read */
    struct jc_uuid device_id;
    struct jc_str team_id; /* whose terminals are told the outcome */
    struct jc_str unit_id; /* what it is about; may be unknown to the register, may be empty */
    struct jc_str task_id; /* 16 bytes, or empty */
};

/* Adds an open review of an operation just appended. */
enum jc_code jc_review_add(struct jc_tx *tx, int64_t agency_id, const struct jc_review *review, struct jc_err *err);
/* Whether the operation has one, open or closed. */
enum jc_code jc_review_exists(struct jc_tx *tx, int64_t agency_id, int64_t review_id, bool *exists, struct jc_err *err);
/* One more ground, without arguments, of an open review; nothing if it has that one or is closed. */
enum jc_code jc_review_add_ground(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_str ground,
                                  struct jc_err *err);
/* Opens a closed one again, because what is found now was not known when it was decided. Its decision stays on it until
 * the next (as it stays in the chain), and what it did stays done. */
enum jc_code jc_review_reopen(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_err *err);
struct jc_review_filter {
    Jc__ReviewState state; /* unspecified: open ones */
    int64_t after;         /* behind this review; 0: from the first */
    int limit;             /* 0: no limit */
};
/* The oldest first, with their words in both languages. */
enum jc_code jc_review_list(struct jc_tx *tx, int64_t agency_id, const struct jc_review_filter *filter,
                            struct jc_arena *arena, Jc__Review ***out, size_t *count, struct jc_err *err);

/* A review with the operation it is about. */
struct jc_review_case {
    Jc__Review *review;
    uint64_t grounds;              /* all that stand against it: bits 1 << ground */
    struct jc_str team_id;         /* scope of the outcome */
    struct jc_operation operation; /* with its body, if that is still here */
};
/* JC_NOT_FOUND. All is the arena's. */
enum jc_code jc_review_get(struct jc_tx *tx, int64_t agency_id, int64_t review_id, struct jc_arena *arena,
                           struct jc_review_case *out, struct jc_err *err);
/* Body of the operation that brought the record of the review's task, if another did; ptr NULL if not. */
enum jc_code jc_review_rival(struct jc_tx *tx, int64_t agency_id, const Jc__Review *review, struct jc_arena *arena,
                             struct jc_str *body, struct jc_err *err);
/* The chain's row of its decision, also of one that is open again; 0: never decided. */
enum jc_code jc_review_decision_no(struct jc_tx *tx, int64_t agency_id, int64_t review_id, int64_t *no,
                                   struct jc_err *err);
/* Closes an open review. `decision` says what, why and by whom; decision_no is its row of the chain. */
enum jc_code jc_review_close(struct jc_tx *tx, int64_t agency_id, const Jc__ReviewDecision *decision, int64_t now_ms,
                             int64_t decision_no, struct jc_err *err);
/* Whether the operation with this id was kept and accepted by a decision. */
enum jc_code jc_review_is_accepted(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, bool *accepted,
                                   struct jc_err *err);
/* What became of the operation with this id (16 bytes); JC_NOT_FOUND if nothing was decided. */
enum jc_code jc_review_outcome(struct jc_tx *tx, int64_t agency_id, struct jc_str operation_id, struct jc_arena *arena,
                               Jc__ReviewOutcome **out, struct jc_err *err);
/* At most `limit` ids behind `after` of the team's operations decided since `since_ms`; the arena's. */
enum jc_code jc_review_decided(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, int64_t since_ms,
                               struct jc_str after, int limit, struct jc_arena *arena, struct jc_str **out,
                               size_t *count, struct jc_err *err);

#endif
