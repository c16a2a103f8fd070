/* Whether the rows that reports, lists and terminals read say what the operations say (DESIGN section 6).
 *
 * The chain proves operations. Inspections, findings, orders, rechecks, workdays, blobs, document numbers
 * and reviews are drawn from their bodies, without foreign keys; here each is drawn once more and compared,
 * and every relation between tables is followed. So a row that was altered, added or removed beside the
 * chain is found and named. Content deleted under retention cannot be compared; its rows count as said. */
#ifndef JC_SYNC_DERIVED_H
#define JC_SYNC_DERIVED_H

#include "store/operation.h"

/* Tells every fault; the number given to `found` is the operation's. JC_OK even if faults were found. Cost:
 * one pass over the operations with a look-up for each row drawn from them; memory of one operation. */
enum jc_code jc_derived_verify(struct jc_tx *tx, int64_t agency_id, jc_chain_found *found, void *ctx,
                               struct jc_err *err);

/* The record an operation is about as people find it on paper: kind, year and number of the document, unit,
 * date ("1-2023-12 u1 2023-01-10"); by its body, else by the rows drawn from it. Empty if it is about none.
 * The arena's. */
enum jc_code jc_derived_name(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                             struct jc_str *out, struct jc_err *err);
/* The name of the terminal that an operation is of; empty for what the server did itself, and if the operation is not
 * there. The arena's. */
enum jc_code jc_derived_device(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                               struct jc_str *out, struct jc_err *err);

#endif
