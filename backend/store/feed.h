/* What a terminal is told: rows of `change` behind a number, and the tasks a first listing holds
 * (DESIGN section 5, point 5). The scope of a terminal is the whole agency ("") and its team. */
#ifndef JC_STORE_FEED_H
#define JC_STORE_FEED_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

struct jc_change {
    int64_t seq;
    Jc__EntityKind kind;
    struct jc_str id; /* the entity's identifier, the arena's */
    bool removal;     /* deleted, or it left the scope: the holder drops it */
};
/* At most `limit` rows behind `after_seq` that concern the scope, by number. A row that left the scope
 * is among them only where it was in it before. Cost: the rows sent, neither the history nor what concerns others. */
enum jc_code jc_change_page(struct jc_tx *tx, int64_t agency_id, int64_t after_seq, struct jc_str team_id, int limit,
                            struct jc_arena *arena, struct jc_change **out, size_t *count, struct jc_err *err);

/* At most `limit` ids behind `after` of the team's tasks that are open, returned, or done or recalled
 * since `since_ms`, but not those taken off the terminals; the arena's. */
enum jc_code jc_feed_tasks(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, int64_t since_ms,
                           struct jc_str after, int limit, struct jc_arena *arena, struct jc_str **out, size_t *count,
                           struct jc_err *err);

#endif
