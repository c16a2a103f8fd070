/* Other records of a unit about the same time. */
#ifndef JC_STORE_NEAR_H
#define JC_STORE_NEAR_H

#include "base/id.h"
#include "db/db.h"

struct jc_near {
    struct jc_str inspection_id; /* 16 bytes, the arena's */
    int64_t ended_ms;
};
/* The newest record of the unit that ended within from_ms..to_ms and is not `inspection_id`; only ad hoc
 * ones, without a task, if `ad_hoc_only`. *found false if there is none. Cost: one look into an index. */
enum jc_code jc_near_find(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, int64_t from_ms, int64_t to_ms,
                          struct jc_str inspection_id, bool ad_hoc_only, struct jc_arena *arena, struct jc_near *out,
                          bool *found, struct jc_err *err);

struct jc_near_visit {
    struct jc_str inspection_id, team_id; /* the arena's */
    int64_t ended_ms;
    bool ad_hoc; /* without a task */
};
/* The unit's records that ended since from_ms and are not of the task, the newest first, at most `max`. */
enum jc_code jc_near_list(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, int64_t from_ms,
                          struct jc_str but_task, size_t max, struct jc_arena *arena, struct jc_near_visit *out,
                          size_t *count, struct jc_err *err);

#endif
