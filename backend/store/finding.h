/* Findings (问题隐患): each has one outcome and, if it is to be corrected by a deadline, an order.
 *
 * A finding is known by its id within its inspection, or within its order. Its key is op_key of the
 * inspection's operation * 1024 + its position in the record. */
#ifndef JC_STORE_FINDING_H
#define JC_STORE_FINDING_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/inspection.pb-c.h"

struct jc_finding {
    struct jc_str finding_id; /* 16 bytes */
    Jc__FindingOutcome outcome;
    struct jc_str deadline_on;  /* ISO date; empty unless by deadline */
    struct jc_str order_id;     /* empty until ordered */
    struct jc_str corrected_on; /* ISO date; empty while open */
};

enum { JC_FINDINGS_MAX = 1024 }; /* of one record */

/* Writes the findings of an operation's record, fewer than JC_FINDINGS_MAX; those corrected on site were so on
 * `day`. */
enum jc_code jc_finding_add(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, Jc__Finding *const *findings,
                            size_t count, struct jc_str day, struct jc_err *err);
/* In the order of the record; strings are the arena's. */
enum jc_code jc_finding_of_inspection(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                      struct jc_arena *arena, struct jc_finding **out, size_t *count,
                                      struct jc_err *err);
enum jc_code jc_finding_of_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                                 struct jc_finding **out, size_t *count, struct jc_err *err);

/* Puts a finding of the inspection into an order. */
enum jc_code jc_finding_set_order(struct jc_tx *tx, int64_t agency_id, struct jc_str inspection_id,
                                  struct jc_str finding_id, struct jc_str order_id, struct jc_str deadline_on,
                                  struct jc_err *err);
/* Takes a finding out of its order again. */
enum jc_code jc_finding_unset_order(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                    struct jc_str finding_id, struct jc_str deadline_on, struct jc_err *err);
/* It is open again, until that day. */
enum jc_code jc_finding_reopen(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_str finding_id,
                               struct jc_str deadline_on, struct jc_err *err);
enum jc_code jc_finding_set_deadline(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                     struct jc_str finding_id, struct jc_str deadline_on, struct jc_err *err);
/* The first day stands. */
enum jc_code jc_finding_set_corrected(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                      struct jc_str finding_id, struct jc_str corrected_on, struct jc_err *err);

#endif
