/* The record of draws (DESIGN section 8): commits with their pool, exclusions and candidates, every
 * attempt to draw, and the units that were drawn. Rows are only ever added. */
#ifndef JC_STORE_DRAW_LOG_H
#define JC_STORE_DRAW_LOG_H

#include "base/id.h"
#include "db/db.h"

/* A pool, fixed and hashed before the seed exists. Texts are the arena's, NUL-terminated. */
struct jc_draw_commit {
    int64_t commit_id; /* counts up for the agency: the recorded draw order */
    struct jc_str draw_id;
    int plan_version;
    struct jc_str pool; /* the text that is hashed */
    uint8_t pool_hash[JC_SHA256_SIZE];
    int64_t pool_count;
    struct jc_str seed_source;
    struct jc_str committed_by;
    int64_t committed_ms;
};

/* A unit of the file that is not in the pool, and why: key_unit, planned, drawn, blackout. */
struct jc_draw_exclusion {
    struct jc_str unit_id, reason;
};

/* A unit of the pool that the register does not know; it becomes a unit when it is drawn. */
struct jc_draw_candidate {
    struct jc_str unit_id, name, address, district, industry, credit_code;
};

#define JC_DRAW_OUTCOME_DRAWN "drawn"
struct jc_draw_run {
    int64_t run_id;
    int64_t commit_id;
    struct jc_str seed;
    struct jc_str run_by;
    int64_t run_ms;
    struct jc_str outcome; /* JC_DRAW_OUTCOME_DRAWN, or the English code of the refusal */
};

/* The i-th unit takes the i-th slot. */
struct jc_draw_pick {
    struct jc_str unit_id, visit_id;
};

/* Writes the commit with its lists; fills commit->commit_id. */
enum jc_code jc_draw_commit_add(struct jc_tx *tx, int64_t agency_id, struct jc_draw_commit *commit,
                                const struct jc_draw_exclusion *exclusions, size_t n_exclusions,
                                const struct jc_draw_candidate *candidates, size_t n_candidates, struct jc_err *err);
/* All commits of a draw (empty: of every draw), in their order. */
enum jc_code jc_draw_commit_list(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_arena *arena,
                                 struct jc_draw_commit **out, size_t *count, struct jc_err *err);
enum jc_code jc_draw_candidate_list(struct jc_tx *tx, int64_t agency_id, int64_t commit_id, struct jc_arena *arena,
                                    struct jc_draw_candidate **out, size_t *count, struct jc_err *err);

/* Writes an attempt and what it drew; fills run->run_id. */
enum jc_code jc_draw_run_add(struct jc_tx *tx, int64_t agency_id, struct jc_draw_run *run,
                             const struct jc_draw_pick *picks, size_t n_picks, struct jc_err *err);
/* All attempts on a commit, in their order. */
enum jc_code jc_draw_run_list(struct jc_tx *tx, int64_t agency_id, int64_t commit_id, struct jc_arena *arena,
                              struct jc_draw_run **out, size_t *count, struct jc_err *err);
enum jc_code jc_draw_pick_list(struct jc_tx *tx, int64_t agency_id, int64_t run_id, struct jc_arena *arena,
                               struct jc_draw_pick **out, size_t *count, struct jc_err *err);

#endif
