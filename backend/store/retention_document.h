/* Orders and rechecks under retention (store/retention.h): their words go with those of the inspection they follow from.
 * What is counted and what terminals may still ask for stays: which document it was, of which unit, its number, times,
 * deadlines and results. */
#ifndef JC_STORE_RETENTION_DOCUMENT_H
#define JC_STORE_RETENTION_DOCUMENT_H

#include "store/retention.h"

struct jc_retention_document {
    int64_t op_key;
    struct jc_str id; /* of the order, or of the recheck */
    bool is_recheck;
};
struct jc_retention_documents {
    struct jc_retention_document *items;
    size_t count, capacity;
    int64_t bytes, held;
};

/* Those whose words may go. An order goes with its inspection, if no recheck of it is younger; a recheck goes with its
 * order. Held: orders whose inspection is, whose recheck is to be made, or that a person has to look at. */
enum jc_code jc_retention_find_documents(struct jc_tx *tx, int64_t agency_id, int64_t before_ms, struct jc_arena *arena,
                                         struct jc_retention_documents *out, struct jc_err *err);
enum jc_code jc_retention_delete_documents(struct jc_tx *tx, int64_t agency_id,
                                           const struct jc_retention_documents *documents, struct jc_str reason,
                                           struct jc_err *err);

/* Of inspection i: what is not finished. Outcome 2 is FINDING_OUTCOME_BY_DEADLINE, state 1 REVIEW_STATE_OPEN; a
 * finding's key is op_key * 1024 + position, a review's number the operation's (store/operation.h). */
#define JC_RETENTION_UNFINISHED                                                                     \
    "(EXISTS (SELECT 1 FROM finding AS f\n"                                                         \
    "          WHERE f.finding_key >= i.op_key * 1024 AND f.finding_key < i.op_key * 1024 + 1024\n" \
    "            AND f.corrected_on IS NULL AND (f.outcome = 2 OR f.order_id IS NOT NULL))\n"       \
    " OR EXISTS (SELECT 1 FROM review AS w\n"                                                       \
    "             WHERE w.agency_id = i.agency_id AND w.state = 1\n"                                \
    "               AND w.review_id = i.op_key - i.agency_id * 1099511627776))\n"

#endif
