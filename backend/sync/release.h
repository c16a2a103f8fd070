/* Operations that wait for one that has not arrived (DESIGN section 5, point 3).
 *
 * An operation whose dependency is unknown is kept. When the missing one arrives and is applied, or is
 * accepted by a person, those that wait for it are judged again in the same job. The row of a waiting
 * operation stays as it is: what became of it is a decision of the server, a row of the chain and an
 * outcome for its terminal, like a person's. */
#ifndef JC_SYNC_RELEASE_H
#define JC_SYNC_RELEASE_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/sync.pb-c.h"

/* The operation is applied: those that wait for it, and for them, are judged again. One that nothing
 * else holds back is applied; one that something else does stays with the planner. Cost without any: one
 * look into an index. */
enum jc_code jc_release(struct jc_tx *tx, int64_t agency_id, struct jc_uuid operation_id, int64_t now_ms,
                        struct jc_arena *arena, struct jc_err *err);

/* What any decision leaves: its row of the evidence chain, the closed review, the outcome in the feed of
 * the team (none for an empty one). */
enum jc_code jc_decision_record(struct jc_tx *tx, int64_t agency_id, const Jc__ReviewDecision *decision,
                                struct jc_str team_id, int64_t now_ms, struct jc_arena *arena, struct jc_err *err);

#endif
