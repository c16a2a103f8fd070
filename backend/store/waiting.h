/* Operations that wait for one that has not arrived: the table `operation_waiting`. */
#ifndef JC_STORE_WAITING_H
#define JC_STORE_WAITING_H

#include "base/id.h"
#include "db/db.h"

/* The operation waits for each of these ids that is 16 bytes long; `depends_on` has one after another. */
enum jc_code jc_waiting_add(struct jc_tx *tx, int64_t agency_id, struct jc_str depends_on, int64_t operation_no,
                            struct jc_err *err);
/* It waits no longer. */
enum jc_code jc_waiting_drop(struct jc_tx *tx, int64_t agency_id, struct jc_str depends_on, int64_t operation_no,
                             struct jc_err *err);
/* Numbers of the operations that wait for this one, in order; the arena's. */
enum jc_code jc_waiting_for(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, struct jc_arena *arena,
                            int64_t **out, size_t *count, struct jc_err *err);
/* Whether any operation of the agency waits. */
enum jc_code jc_waiting_any(struct jc_tx *tx, int64_t agency_id, bool *any, struct jc_err *err);

#endif
