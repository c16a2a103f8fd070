/* Somebody used a known operation id for other bytes, or from another device: the table `id_conflict`.
 * The operation that came first stays; a person is shown both. */
#ifndef JC_STORE_ID_CONFLICT_H
#define JC_STORE_ID_CONFLICT_H

#include "jiancha/v1/review_service.pb-c.h"
#include "store/operation.h"

enum { JC_ID_CONFLICTS_MAX = 8 }; /* of one operation; more are refused without a trace, as copies are */

/* Keeps what came second: device_id, received_ms and body of `second`, whose operation_no names the one
 * that stays. Opens a review of that one for `team_id` unless it has one. */
enum jc_code jc_id_conflict_add(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *second,
                                struct jc_str team_id, struct jc_err *err);
/* What came second to an operation, in the order of arrival; bodies that cannot be read are left out of
 * the message. The arena's. */
enum jc_code jc_id_conflict_list(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                                 Jc__IdConflict ***out, size_t *count, struct jc_err *err);

#endif
