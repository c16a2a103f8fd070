/* The rows of a chain against those of a backup that left the building (jiancha verify --against).
 *
 * A head proves that rows up to it are not what they were; a backup also has them, so each that was altered, removed,
 * added or moved since is named, whatever was done to the hashes. Content deleted under retention is no difference. */
#ifndef JC_SYNC_COMPARED_H
#define JC_SYNC_COMPARED_H

#include "store/operation.h"

/* `backup` reads the backup's database, `tx` the one in question. Tells every difference among the rows that the backup
 * has; *rows: how many those are. Cost: one pass over them with a look-up each. */
enum jc_code jc_compared_verify(struct jc_tx *tx, struct jc_tx *backup, int64_t agency_id, jc_chain_found *found,
                                void *ctx, int64_t *rows, struct jc_err *err);

#endif
