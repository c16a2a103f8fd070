/* Which seals of a device's chain have been verified, and which still wait.
 *
 * A seal (Ed25519 over the newest link) vouches for every operation before it, so verifying one of many is
 * as good as verifying each: a device whose seals held a moment ago is answered at once, and its newest seal
 * is verified within about a second, off the path of its answers. Links are always checked. What must never
 * happen: a seal is skipped for good. The row of the device says what waits, so a restart forgets nothing. */
#ifndef JC_SYNC_SEAL_H
#define JC_SYNC_SEAL_H

#include "store/device.h"
#include "sync/sync.h"

enum { JC_SEAL_WAIT_MS = 1000 }; /* a seal may wait this long */

/* Whether the request goes on where the device's chain ends, without a hole, sealed at its end, on a chain
 * whose seals have always held: then its newest seal vouches for whatever waits. */
bool jc_seal_may_wait(const struct jc_device_chain *chain, const struct jc_sync_prepared *prepared);

/* The chain of the caller's device after its operations have been stored. `newest` is the index of the last
 * that got a row, newest_no that row. *moved is false if nothing changed. */
enum jc_code jc_seal_advance(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                             struct jc_sync_prepared *prepared, int newest, int64_t newest_no,
                             struct jc_device_chain *out, bool *moved, struct jc_err *err);

/* Verifies what waits of one device. Operations behind the last seal that holds are flagged for a person
 * (SEAL_LATE_WRONG), the device is marked, the log of acts says so. *held: nothing had to be flagged. */
enum jc_code jc_seal_settle(struct jc_tx *tx, int64_t agency_id, struct jc_uuid device_id, int64_t now_ms, bool *held,
                            struct jc_err *err);

struct jc_seals_looked {
    int64_t held, wrong; /* devices */
};
/* Verifies the seals that have waited for JC_SEAL_WAIT_MS, on this thread: one read; one write job if there
 * were any. */
enum jc_code jc_seals_look(struct jc_db *db, int64_t now_ms, struct jc_seals_looked *out, struct jc_err *err);

#endif
