/* What terminals have to be told: one row per entity, moved to a new sequence number whenever the
 * entity changes (DESIGN section 5, point 5). Numbers are given in commit order: they come from the
 * agency's head, which is loaded and written once a transaction (jc_tx_state). */
#ifndef JC_STORE_CHANGE_H
#define JC_STORE_CHANGE_H

#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

/* Records that an entity is new, changed or deleted. `id` is its identifier's bytes (UTF-8 for
 * registry codes). `scope` is the team whose terminals hold it, "" for the whole agency; if it was
 * another before, that one's terminals are sent a removal. */
enum jc_code jc_change_record(struct jc_tx *tx, int64_t agency_id, Jc__EntityKind kind, struct jc_str id,
                              struct jc_str scope, bool deleted, struct jc_err *err);

/* The number of the newest change that concerns a scope (the agency's and the team's own, and what left
 * the team); 0 if nothing ever did. A terminal whose cursor is there has nothing to fetch. */
enum jc_code jc_change_newest(struct jc_tx *tx, int64_t agency_id, struct jc_str scope, int64_t *out,
                              struct jc_err *err);

#endif
