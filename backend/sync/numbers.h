/* Leasing document numbers to the device that syncs (DESIGN section 5, point 8). */
#ifndef JC_SYNC_NUMBERS_H
#define JC_SYNC_NUMBERS_H

#include "sync/sync.h"

enum {
    JC_LEASE_SIZE = 50,             /* numbers in a block */
    JC_LEASE_BELOW = 10,            /* fewer left: another block */
    JC_LEASE_OUTSTANDING_MAX = 500, /* leased but not on record: no more, whatever the device reports */
};

/* Leases records, orders and rechecks of this year (China's time) where fewer than JC_LEASE_BELOW are
 * left, by the numbers on record and those the device reports as used, and puts into `response` the
 * version of the device's blocks, with all of them if the terminal knows another version.
 *
 * `low`: a number of this request was near the end of its block. Without that, without a report, and
 * with a version of this month nothing can have run out, and no table is asked. */
enum jc_code jc_numbers_lease(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                              const Jc__SyncRequest *request, bool low, struct jc_arena *arena,
                              Jc__SyncResponse *response, struct jc_err *err);

#endif
