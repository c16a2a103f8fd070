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
 * left, by the numbers on record and those the device reports as used; then lists every block the
 * device holds. The blocks are the arena's. */
enum jc_code jc_numbers_lease(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                              Jc__DocumentNumber *const *used, size_t used_count, struct jc_arena *arena,
                              Jc__NumberBlock ***out, size_t *count, struct jc_err *err);

#endif
