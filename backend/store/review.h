/* Operations kept or flagged for a person to decide (待核处理). One row per operation. */
#ifndef JC_STORE_REVIEW_H
#define JC_STORE_REVIEW_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/review_service.pb-c.h"

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
/* Those in a state (unspecified: open ones), the oldest first, with their words in both languages. */
enum jc_code jc_review_list(struct jc_tx *tx, int64_t agency_id, Jc__ReviewState state, struct jc_arena *arena,
                            Jc__Review ***out, size_t *count, struct jc_err *err);

#endif
