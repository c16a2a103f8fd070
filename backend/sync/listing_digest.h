/* What the caller's listing should be, in a few hashes (DESIGN section 5, point 6): a terminal that holds
 * something else rebuilds its listing and keeps its unsent work.
 *
 * What leaves a listing with time alone takes no part, or a terminal that held it a day longer would
 * differ: of tasks the open and returned ones count, of orders those with an item that is not
 * corrected, and outcomes of reviews do not. */
#ifndef JC_SYNC_LISTING_DIGEST_H
#define JC_SYNC_LISTING_DIGEST_H

#include "sync/sync.h"

/* The hashes by kind, and the set that the holder needs on site. If something has changed in the scope
 * behind the cursor, or the cursor stands in a listing or is of no use, `moved` is all that is told.
 * Any snapshot. Cost: the whole listing read once, some 50 ms for ten thousand units. */
enum jc_code jc_listing_digest_make(struct jc_tx *tx, const struct jc_sync_caller *caller, int64_t now_ms,
                                    struct jc_str cursor, struct jc_arena *arena, Jc__GetDigestResponse **out,
                                    struct jc_err *err);

#endif
