/* Operations: every command of every terminal, as received, chained row to row (DESIGN section 6).
 *
 * The operation row is the row of the evidence chain. Its key op_key is agency_id * 2^40 + operation_no,
 * so the rows of an agency lie in commit order and other tables name an operation by one number.
 *
 * chain_hash of row n depends on its format. Format 2, of terminals that chain their operations
 * (base/evidence.h), is SHA-256 over
 *
 *     "jiancha-chain-2" NUL
 *     chain_hash of row n-1 (32 bytes; zeros before the first row)
 *     link: jc_link of previous, id, body_sha256, depends_on (32)
 *     agency_id, operation_no, received_ms, estimated_ms (0: not known), status, code, reason:
 *         8 bytes each, little-endian
 *     device_id (16)
 *     inspector_id, seal, reason_args: length in 2 bytes, little-endian, then the bytes
 *
 * Format 1, of those that sign each operation by itself, is SHA-256 over
 *
 *     "jiancha-chain-1" NUL
 *     chain_hash of row n-1
 *     agency_id, operation_no, received_ms, status, code, reason: 8 bytes each, little-endian
 *     id (16), device_id (16), body_sha256 (32)
 *     inspector_id, seal, depends_on, reason_args: length in 8 bytes, little-endian, then the bytes
 *
 * in this order. The body takes part by its SHA-256 alone, so it may be deleted under retention. */
#ifndef JC_STORE_OPERATION_H
#define JC_STORE_OPERATION_H

#include "base/id.h"
#include "db/db.h"
#include "store/chain_points.h"
#include "store/verdict.h"

enum jc_operation_format {
    JC_OPERATION_SIGNED = 1,  /* `seal` is the device's signature over the body; no link */
    JC_OPERATION_CHAINED = 2, /* `seal`, if any, is over the link */
};

struct jc_operation {
    int64_t operation_no; /* n of the chain */
    enum jc_operation_format format;
    struct jc_uuid id;
    struct jc_uuid device_id;   /* zeros: the server itself, for decisions of people */
    struct jc_str inspector_id; /* who acted */
    int64_t received_ms;
    int64_t estimated_ms; /* when it was made, by the server's clock; 0: not known */
    struct jc_str body;   /* ptr NULL: deleted under retention, or not read */
    uint8_t body_sha256[JC_SHA256_SIZE];
    uint8_t previous[JC_SHA256_SIZE]; /* link of the device's operation before; zeros: none */
    const uint8_t *link;              /* its own, if it has been worked out already; NULL: not */
    struct jc_str seal;               /* empty: a later one vouches */
    struct jc_str depends_on;         /* 16-byte ids, one after another */
    Jc__OperationStatus status;
    enum jc_code code;
    Jc__ReviewReason reason;
    struct jc_str grounds; /* jc_verdict_text */
    uint8_t chain_hash[JC_SHA256_SIZE];
};

/* Other tables name an operation by this key. Agencies are numbered below 2^13, so that a finding's
 * key (store/finding.h) has room as well. */
enum { JC_OP_KEY_BITS = 40 };
static inline int64_t jc_op_key(int64_t agency_id, int64_t operation_no) {
    return agency_id * (INT64_C(1) << JC_OP_KEY_BITS) + operation_no;
}
static inline int64_t jc_op_key_no(int64_t op_key) {
    return op_key & ((INT64_C(1) << JC_OP_KEY_BITS) - 1);
}

/* Appends the row to the agency's chain: gives operation_no and chain_hash, moves the head. The rest
 * of `operation` is the caller's, body_sha256 included. *known: the agency has this id already, then
 * nothing was written and operation_no and chain_hash mean nothing. */
enum jc_code jc_operation_append(struct jc_tx *tx, int64_t agency_id, struct jc_operation *operation, bool *known,
                                 struct jc_err *err);
/* The row with this id without its body; *found false if there is none. Strings are the arena's. */
enum jc_code jc_operation_find(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, struct jc_arena *arena,
                               struct jc_operation *out, bool *found, struct jc_err *err);
/* The row with this number, with its body. JC_NOT_FOUND (nothing in err). Strings are the arena's. */
enum jc_code jc_operation_get(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                              struct jc_operation *out, struct jc_err *err);
/* The stored body of an operation, the arena's; ptr NULL if it was deleted. JC_NOT_FOUND (nothing in
 * err) without such a row. */
enum jc_code jc_operation_body(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                               struct jc_str *out, struct jc_err *err);
/* Whether the operation with this id is here and applied. */
enum jc_code jc_operation_is_applied(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, bool *applied,
                                     struct jc_err *err);

/* --- the chain ----------------------------------------------------------------------------------- */

/* chain_hash of a row by the row before, as said above; whoever checks a record without the database
 * calls this too. */
void jc_chain_hash(int64_t agency_id, const struct jc_operation *row, const uint8_t before[JC_SHA256_SIZE],
                   uint8_t out[JC_SHA256_SIZE]);

/* Each row of the agency in the order of the chain, with its body, if that is here; `review`: the grounds of its review,
 * empty without one. Strings are valid during the call. */
typedef enum jc_code jc_operation_taker(void *ctx, const struct jc_operation *row, struct jc_str review,
                                        struct jc_err *err);
enum jc_code jc_operation_each(struct jc_tx *tx, int64_t agency_id, jc_operation_taker *take, void *ctx,
                               struct jc_err *err);

/* Called for each fault; `operation_no` is the row it names, `fault` says what is wrong (JC_DATA_LOSS)
 * and is valid during the call. */
typedef void jc_chain_found(void *ctx, int64_t operation_no, const struct jc_err *fault);

/* Reads the whole chain of an agency, one row at a time, and tells every row that is altered, missing,
 * moved or cut off, and every point that does not match. Without points it proves that the rows are
 * consistent with each other and with the head; with a point, that nothing up to it was rewritten.
 * JC_OK even if faults were found; *rows is how many rows there are. Cost: one pass. */
enum jc_code jc_chain_verify(struct jc_tx *tx, int64_t agency_id, struct jc_chain_points points, jc_chain_found *found,
                             void *ctx, int64_t *rows, struct jc_err *err);

#endif
