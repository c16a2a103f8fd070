/* Contents that are gone, against the acts of retention in the audit log (jiancha verify).
 *
 * The chain hashes an operation's content by its SHA-256, so that it may be deleted (DESIGN section 6): whoever can write
 * to the file could delete one as well and write a reason beside it. Retention says in the log, which is a chain of
 * its own, how many contents it took for which reason (store/retention.h). What no act accounts for is told. */
#ifndef JC_STORE_GONE_H
#define JC_STORE_GONE_H

#include "store/operation.h"

/* Tells each content of an operation (its number) and each blob (number 0) that is gone with a reason for which the log
 * has no act, or none that is not used up by those before it; and each blob that is there with a reason. Contents
 * without a reason are jc_chain_verify's. Cost: a pass over the agency's operations and blobs. */
enum jc_code jc_gone_verify(struct jc_tx *tx, int64_t agency_id, jc_chain_found *found, void *ctx, struct jc_err *err);

#endif
