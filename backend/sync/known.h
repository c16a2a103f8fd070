/* What nearly every request asks of the register and its parameters, remembered by the connection while the
 * database stays as it is (db/memo.h). A sync writes none of these rows. */
#ifndef JC_SYNC_KNOWN_H
#define JC_SYNC_KNOWN_H

#include "base/clock.h"
#include "db/db.h"

/* Whether the register has the inspector, and the team; the team's id is the arena's or lives until the job ends. */
enum jc_code jc_known_inspector(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_arena *arena,
                                bool *known, struct jc_str *team_id, struct jc_err *err);
enum jc_code jc_known_team(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_arena *arena,
                           bool *known, struct jc_err *err);
/* The whole number in force on a day; `usual` if there is none, or none between 0 and `most`. */
enum jc_code jc_known_parameter(struct jc_tx *tx, int64_t agency_id, struct jc_str name, struct jc_date on,
                                int64_t usual, int64_t most, struct jc_arena *arena, int64_t *out, struct jc_err *err);

#endif
