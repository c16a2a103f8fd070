/* Operations against the signatures of the terminals that made them (jiancha verify).
 *
 * Whoever rewrites a row and every hash behind it leaves a chain that is consistent with itself; a head that left the
 * building then says that something was rewritten, not what. But id, body, dependencies and order of a terminal's
 * operations are covered by links and seals (base/evidence.h) that only the terminal's key can make: a row whose seal
 * does not hold any more is named here, whatever was done to the hashes.
 *
 * What the server alone knew (when a row arrived, its result) no terminal signs; sync/compared.h names that. */
#ifndef JC_SYNC_VOUCHED_H
#define JC_SYNC_VOUCHED_H

#include "store/operation.h"

/* Tells every row that its terminal's key does not vouch for, unless the row or its review says so itself. `gaps`: also
 * rows before which an operation of the same terminal is not here; that may be in order (it never arrived, it is
 * another agency's), so it is told when a head says that something is gone. Cost: one pass over the rows with a SHA-256
 * each, an Ed25519 verification for each 4,096 rows of a terminal in line and each break in its line; with `gaps` a
 * second pass where something seems to be missing. A line broken into n runs costs log n for each run, and for each row
 * of the second pass. */
enum jc_code jc_vouched_verify(struct jc_tx *tx, int64_t agency_id, bool gaps, jc_chain_found *found, void *ctx,
                               struct jc_err *err);

#endif
