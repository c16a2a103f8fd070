/* Operations: every command of every terminal, as received, chained row to row (DESIGN section 6).
 *
 * The operation row is the row of the evidence chain. chain_hash of row n is SHA-256 over
 *
 *     "jiancha-chain-1" NUL
 *     chain_hash of row n-1 (32 bytes; zeros before the first row)
 *     agency_id, operation_no, received_ms, status, code, reason: 8 bytes each, little-endian
 *     id (16), device_id (16), body_sha256 (32)
 *     inspector_id, signature, depends_on, reason_args: length in 8 bytes, little-endian, then the bytes
 *
 * in this order. The body takes part by its SHA-256 alone, so it may be deleted under retention. */
#ifndef JC_STORE_OPERATION_H
#define JC_STORE_OPERATION_H

#include "base/id.h"
#include "db/db.h"
#include "store/verdict.h"

struct jc_operation {
    int64_t operation_no; /* n of the chain */
    struct jc_uuid id;
    struct jc_uuid device_id;
    struct jc_str inspector_id; /* holder of the device then */
    int64_t received_ms;
    struct jc_str body; /* ptr NULL: deleted under retention, or not read */
    uint8_t body_sha256[JC_SHA256_SIZE];
    struct jc_str signature;
    struct jc_str depends_on; /* 16-byte ids, one after another */
    Jc__OperationStatus status;
    enum jc_code code;
    Jc__ReviewReason reason;
    struct jc_str grounds; /* jc_verdict_text */
    uint8_t chain_hash[JC_SHA256_SIZE];
};

/* Appends the row to the agency's chain: gives operation_no and chain_hash, moves the head. The rest
 * of `operation` is the caller's, body_sha256 included. */
enum jc_code jc_operation_append(struct jc_tx *tx, int64_t agency_id, struct jc_operation *operation,
                                 struct jc_err *err);
/* The row with this id without its body; *found false if there is none. Strings are the arena's. */
enum jc_code jc_operation_find(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, struct jc_arena *arena,
                               struct jc_operation *out, bool *found, struct jc_err *err);
/* Whether the operation with this id is here and applied. */
enum jc_code jc_operation_is_applied(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, bool *applied,
                                     struct jc_err *err);

/* --- the chain ----------------------------------------------------------------------------------- */

/* A head that left the building: in a receipt, a backup, a monthly report. */
struct jc_chain_point {
    int64_t operation_no;
    uint8_t chain_hash[JC_SHA256_SIZE];
};
/* Called for each fault; `operation_no` is the row it names, `fault` says what is wrong (JC_DATA_LOSS)
 * and is valid during the call. */
typedef void jc_chain_found(void *ctx, int64_t operation_no, const struct jc_err *fault);

/* Reads the whole chain of an agency, one row at a time, and tells every row that is altered, missing,
 * moved or cut off, and every point that does not match. Without points it proves that the rows are
 * consistent with each other and with the head; with a point, that nothing up to it was rewritten.
 * JC_OK even if faults were found; *rows is how many rows there are. Cost: one pass. */
enum jc_code jc_chain_verify(struct jc_tx *tx, int64_t agency_id, const struct jc_chain_point *points, size_t count,
                             jc_chain_found *found, void *ctx, int64_t *rows, struct jc_err *err);

#endif
