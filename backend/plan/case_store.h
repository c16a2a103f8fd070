/* A case and the database. */
#ifndef JC_PLAN_CASE_STORE_H
#define JC_PLAN_CASE_STORE_H

#include "db/db.h"
#include "plan/case_diff.h"

/* The case as the database holds it, rows in the planner's order. */
enum jc_code jc_case_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_case *out,
                          struct jc_err *err);

/* Drops the removal of units that a draw brought into the register: they are not the case's to remove. */
enum jc_code jc_case_keep_drawn(struct jc_tx *tx, int64_t agency_id, struct jc_case_diff *diff, struct jc_err *err);

/* Called now and then with the rows written so far and in all. */
typedef void jc_case_progress(void *ctx, int64_t done, int64_t total);

/* Writes the difference: changes for terminals are recorded for entities that differ, and for no others.
 * Rows that are removed but still in use are told in `diags`, each by name, and fail the whole with
 * JC_FAILED_PRECONDITION. */
enum jc_code jc_case_apply(struct jc_tx *tx, int64_t agency_id, const struct jc_case *c,
                           const struct jc_case_diff *diff, struct jc_diags *diags, jc_case_progress *progress,
                           void *progress_ctx, struct jc_err *err);

#endif
