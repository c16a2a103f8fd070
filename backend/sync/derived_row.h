/* Comparing the rows of one operation with its body: what the files of jc_derived_verify share. */
#ifndef JC_SYNC_DERIVED_ROW_H
#define JC_SYNC_DERIVED_ROW_H

#include "sync/derived.h"
#include "sync/prepare.h"

/* Tables whose rows are drawn from operations, in the order of jc_derived_table. */
enum jc_derived_table {
    JC_DERIVED_INSPECTION,
    JC_DERIVED_INSPECTION_WORKDAYS,
    JC_DERIVED_FINDING,
    JC_DERIVED_RECORD_BLOB,
    JC_DERIVED_ORDER,
    JC_DERIVED_RECHECK,
    JC_DERIVED_RECHECK_WORKDAYS,
    JC_DERIVED_REVIEW,
    JC_DERIVED_COUNTED, /* a row of those above is said by one operation */
    JC_DERIVED_NUMBER_BLOCK = JC_DERIVED_COUNTED,
    JC_DERIVED_TABLES
};

struct jc_derived_numbers; /* derived_number.c */

/* Of review r: opened later than its operation came, because another came under the same id (store/id_conflict.h)
 * or the device's seal did not hold (sync/seal.h). */
#define JC_DERIVED_REVIEW_LATER                                                                             \
    "(EXISTS (SELECT 1 FROM id_conflict AS c\n"                                                             \
    "          WHERE c.agency_id = r.agency_id AND c.op_key = r.agency_id * 1099511627776 + r.review_id)\n" \
    " OR (r.reason_args = 'SEAL_LATE_WRONG'\n"                                                              \
    "     AND EXISTS (SELECT 1 FROM device AS d\n"                                                          \
    "                  WHERE d.agency_id = r.agency_id AND d.device_id = r.device_id AND d.seal_wrong_no IS NOT NULL)))\n"

struct jc_derived {
    struct jc_tx *tx;
    int64_t agency_id;
    jc_chain_found *found;
    void *ctx;
    struct jc_arena *scratch;         /* emptied behind each operation */
    int64_t rows[JC_DERIVED_COUNTED]; /* that operations say */
    bool unread;                      /* some body is gone: not all rows could be counted */
    struct jc_derived_numbers *numbers;

    /* the operation in hand */
    int64_t operation_no;
    struct jc_uuid id;
    struct jc_str device_id, inspector_id;
    Jc__OperationStatus status;
    Jc__ReviewReason reason;
    struct jc_str reason_args;
    uint64_t grounds; /* named in reason_args */
    const Jc__OperationBody *body;
    int64_t received_ms;
    bool reviewed;                   /* there is a review of it */
    Jc__ReviewDecisionKind decision; /* of its review; 0: none */
    bool seal_late_wrong;            /* its review says so */
    bool reopened;                   /* its review was decided and is open again: what was decided then still holds */
    bool may_lack;                   /* it was kept: its rows need not be there, but if they are they must agree */
};

/* Whether what it wrote was taken back: rejected, and not for its id alone (sync/review.c). */
static inline bool jc_derived_taken_back(const struct jc_derived *d) {
    bool known_then = !d->reopened && d->seal_late_wrong;
    return d->decision == JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT && (d->reason || known_then);
}

/* The table's name. */
struct jc_str jc_derived_table(enum jc_derived_table table);
/* Tells that a row of the operation in hand is altered in this column, or is not there; that no operation says the row
 * with this key, not even the one it names (0: it names none). */
void jc_derived_altered(const struct jc_derived *d, enum jc_derived_table table, const char *column);
void jc_derived_missing(const struct jc_derived *d, enum jc_derived_table table);
void jc_derived_excess(const struct jc_derived *d, enum jc_derived_table table, struct jc_str key, int64_t no);

/* Runs `sql`, which says for one row whether each of `columns` (words parted by blanks) is as it should be;
 * tells the first that is not. *there: there is such a row. A missing row is told unless the operation in hand
 * may lack it. Counts the row. */
enum jc_code jc_derived_compare(struct jc_derived *d, enum jc_derived_table table, const char *columns, const char *sql,
                                const struct jc_value *values, size_t count, bool *there, struct jc_err *err);

/* The rows of the operation in hand, whose body is of this kind. */
enum jc_code jc_derived_inspection(struct jc_derived *d, const Jc__Inspection *message, struct jc_err *err);
enum jc_code jc_derived_order(struct jc_derived *d, const Jc__RectificationOrder *message, struct jc_err *err);
enum jc_code jc_derived_recheck(struct jc_derived *d, const Jc__Recheck *message, struct jc_err *err);
/* The review of the operation in hand: that it is there and as it was opened; what it shows, once the body is read (NULL:
 * it cannot be); the row of the chain that is a decision, against the review it closed. */
enum jc_code jc_derived_review(struct jc_derived *d, struct jc_err *err);
enum jc_code jc_derived_review_words(struct jc_derived *d, struct jc_err *err);
enum jc_code jc_derived_decision(struct jc_derived *d, const Jc__ReviewDecision *decision, struct jc_err *err);
/* A document's number, used or voided; NULL: none. */
void jc_derived_number(struct jc_derived *d, const Jc__DocumentNumber *number, bool is_void);

/* The blocks of document numbers, before the first operation; what no operation says of them, behind the last. */
enum jc_code jc_derived_numbers_open(struct jc_derived *d, struct jc_err *err);
enum jc_code jc_derived_numbers_check(struct jc_derived *d, struct jc_err *err);
void jc_derived_numbers_close(struct jc_derived *d);

/* Rows beyond those that were counted; relations that lead nowhere. */
enum jc_code jc_derived_check_excess(struct jc_derived *d, struct jc_err *err);
enum jc_code jc_derived_check_relations(struct jc_derived *d, struct jc_err *err);

/* The inspection, and the document number, that a body is about; NULL if none. */
const Jc__Inspection *jc_derived_inspection_of(const Jc__OperationBody *body);
const Jc__DocumentNumber *jc_derived_number_of(const Jc__OperationBody *body);

#endif
