/* Draws (DESIGN section 8, F5): the pool is fixed and hashed while the seed does not exist yet; the seed
 * comes from a named future source; every attempt stays on record; anybody can compute it again.
 *
 * A draw fills its slots of the plan in force, or of the newest draft before there is one. It fills the
 * slots that are still empty; when none is empty, a new commit draws all slots anew that have not been
 * released. */
#ifndef JC_PLAN_DRAW_H
#define JC_PLAN_DRAW_H

#include "base/clock.h"
#include "base/csv.h"
#include "plan/register.h"
#include "store/draw_log.h"
#include "store/plan.h"

/* --- pool ------------------------------------------------------------------------------------------- */

/* Reads a pool file: unit_id and, for units the register does not know, name, address, district,
 * industry, credit_code; one row each. Every error goes to `diags` with its place; JC_INVALID_ARGUMENT
 * if there was one. Texts are the arena's, in normal form C. */
enum jc_code jc_draw_pool_read(struct jc_arena *arena, struct jc_str file_name, struct jc_str bytes,
                               struct jc_diags *diags, struct jc_draw_candidate **out, size_t *count,
                               struct jc_err *err);

/* --- commit ------------------------------------------------------------------------------------------ */

struct jc_draw_request {
    struct jc_str draw_id;
    const struct jc_draw_candidate *rows; /* of the pool file */
    size_t n_rows;
    struct jc_str seed_source; /* where the seed will come from: a lottery result of a day to come */
    struct jc_str actor;
    int64_t now_ms;
};

struct jc_draw_committed {
    const Jc__Draw *draw;
    struct jc_draw_commit commit;
    struct jc_draw_exclusion *exclusions;
    size_t n_exclusions;
    size_t slots; /* that will be filled */
};

/* Excludes key units (key_unit), units the plan visits (planned) or has drawn (drawn), and units with a
 * blackout month among the slots (blackout); hashes the others; records all of it. JC_NOT_FOUND (draw,
 * plan), JC_INVALID_ARGUMENT (no source; an unknown unit without a name, naming it),
 * JC_FAILED_PRECONDITION (nobody left, no slot left, a full_coverage draw whose pool is not as large as
 * its slots). */
enum jc_code jc_draw_commit_pool(struct jc_tx *tx, int64_t agency_id, const struct jc_draw_request *request,
                                 struct jc_arena *arena, struct jc_draw_committed *out, struct jc_err *err);

/* --- run ----------------------------------------------------------------------------------------------- */

struct jc_draw_drawn {
    const Jc__Draw *draw;
    struct jc_draw_commit commit;
    struct jc_draw_run run;
    struct jc_draw_pick *picks;
    size_t n_picks;
    size_t empty;        /* slots that the pool was too small for */
    enum jc_msg refused; /* JC_MSG_NONE, or why nothing was drawn; the attempt is on record */
};

/* Draws from the newest commit. Units the register did not know become general units without a lead
 * team of their own. An attempt on a commit that has been drawn, or with an empty seed, is recorded and refused:
 * JC_OK with out->refused set, so that the record is kept. JC_FAILED_PRECONDITION without a commit. */
enum jc_code jc_draw_run_seed(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_str seed,
                              struct jc_str actor, int64_t now_ms, struct jc_arena *arena, struct jc_draw_drawn *out,
                              struct jc_err *err);

/* --- verify ---------------------------------------------------------------------------------------------- */

struct jc_draw_check {
    int64_t commit_id, run_id; /* run_id 0: the commit itself */
    struct jc_str seed;
    bool good;
    enum jc_msg fault; /* of a bad one */
};

/* Computes every commit and run of a draw again from what is stored: the pool's hash, the units drawn,
 * and that the plan's slots hold the units of the last draw. *all_good is false if anything differs. */
enum jc_code jc_draw_verify(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_arena *arena,
                            struct jc_draw_check **out, size_t *count, bool *all_good, struct jc_err *err);

#endif
