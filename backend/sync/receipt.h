/* The receipt: what is durable here once the answer is given, and the evidence chain's head. */
#ifndef JC_SYNC_RECEIPT_H
#define JC_SYNC_RECEIPT_H

#include "sync/sync.h"

/* Names the `count` operations. The ids and the receipt are the arena's. */
enum jc_code jc_receipt_make(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, ProtobufCBinaryData *operation_ids,
                             size_t count, struct jc_arena *arena, Jc__Receipt **out, struct jc_err *err);

#endif
