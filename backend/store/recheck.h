/* Rechecks (复查): what was found of an order's items. */
#ifndef JC_STORE_RECHECK_H
#define JC_STORE_RECHECK_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/inspection.pb-c.h"

struct jc_recheck {
    int64_t operation_no;
    bool is_record;       /* false: kept beside the task's record (conflict) */
    struct jc_str due_on; /* the task's legal deadline */
    struct jc_str done_on;
    bool passed; /* every item of the order is corrected */
};

/* Writes the recheck with the workdays it took. If it is the record, its items say what became of the
 * findings: corrected, or a new deadline. Everything it names has been checked. */
enum jc_code jc_recheck_add(struct jc_tx *tx, int64_t agency_id, const struct jc_recheck *row,
                            const Jc__Recheck *message, struct jc_arena *arena, struct jc_err *err);
enum jc_code jc_recheck_exists(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, bool *exists,
                               struct jc_err *err);
/* Whether the task has its record. */
enum jc_code jc_recheck_is_recorded(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, bool *recorded,
                                    struct jc_err *err);
/* Whether a recheck of the order that came behind this operation counts. */
enum jc_code jc_recheck_is_followed(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, int64_t operation_no,
                                    bool *followed, struct jc_err *err);
/* Whether it is that operation's and the record of its task. */
enum jc_code jc_recheck_counts(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, int64_t operation_no,
                               bool *counts, struct jc_err *err);
/* Takes the row of a recheck away that lies beside its task's record, if that does not count any more: it is to be written
 * anew. *removed: it was so. */
enum jc_code jc_recheck_lift(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, int64_t operation_no,
                             bool *removed, struct jc_err *err);
/* It is no record any more, and the findings of its order are what the order and its other rechecks say. */
enum jc_code jc_recheck_withdraw(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id,
                                 const Jc__RectificationOrder *order, struct jc_arena *arena, struct jc_err *err);

/* The rechecks of the order that nobody has made yet are recalled; `reason` is empty where nothing is left to recheck. */
enum jc_code jc_recheck_recall_pending(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id,
                                       struct jc_str order_id, struct jc_str reason, int64_t now_ms,
                                       struct jc_arena *arena, struct jc_err *err);

#endif
