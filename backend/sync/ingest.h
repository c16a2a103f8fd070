/* Bundles of unsent work (base/bundle.h, bundle.proto): the way into the database that needs no network.
 *
 * A bundle is read through once, to its END: its hash, and the signature of the device that made it, are
 * checked before anything is applied. Then each frame of operations is one write job through the same
 * code as a sync, and answers with results and a receipt of its own; whatever came before by net or by
 * another stick is a repeat. Operations of a revoked device are kept for review. */
#ifndef JC_SYNC_INGEST_H
#define JC_SYNC_INGEST_H

#include "base/bundle.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "sync/receipt.h"
#include "sync/sync.h"

struct jc_ingest {
    struct jc_bundle_reader *reader; /* borrowed */
    const Jc__BundleHeader *header;
    struct jc_uuid made_by;       /* the device as the bundle names it: the receipt is for it; by jc_ingest_admit */
    struct jc_sync_caller caller; /* the device as it is called here; by jc_ingest_admit */
};

/* Reads the bundle to its END and goes back to the first frame. JC_DATA_LOSS or JC_INVALID_ARGUMENT for one
 * that is cut off, altered, malformed, or not a device's unsent or handed over work. What *out points to is
 * the arena's. No transaction. */
enum jc_code jc_ingest_check(struct jc_bundle_reader *reader, struct jc_arena *arena, struct jc_ingest *out,
                             struct jc_err *err);
/* Finds the device that made it: of this agency, with the key that signed the bundle. One that a restored database does
 * not know is taken for the same person's later enrolment with that key. JC_NOT_FOUND, JC_PERMISSION_DENIED. */
enum jc_code jc_ingest_admit(struct jc_tx *tx, int64_t agency_id, struct jc_ingest *ingest, struct jc_arena *arena,
                             struct jc_err *err);
/* Operations that a frame's payload holds, as a request; JC_INVALID_ARGUMENT naming the frame. */
enum jc_code jc_ingest_unpack(const struct jc_ingest *ingest, const struct jc_bundle_frame *frame,
                              struct jc_arena *arena, struct jc_sync_prepared **out, struct jc_err *err);

/* What a frame came to. */
struct jc_ingested {
    Jc__OperationResult **results;
    size_t result_count;
    struct jc_receipt_operation *durable;
    size_t durable_count;
    ProtobufCBinaryData *missing; /* blobs that its records name and that are not here */
    size_t missing_count, missing_capacity;
};
/* Applies a frame. Write jobs only; the arena keeps the answer. */
enum jc_code jc_ingest_apply(struct jc_tx *tx, const struct jc_ingest *ingest, struct jc_sync_prepared *prepared,
                             int64_t now_ms, struct jc_arena *arena, struct jc_ingested *out, struct jc_err *err);

/* The bundle's line in the audit log, with how many operations it had. Write jobs only. */
enum jc_code jc_ingest_note(struct jc_tx *tx, const struct jc_ingest *ingest, int64_t now_ms, struct jc_str actor,
                            int64_t operations, struct jc_err *err);

#endif
