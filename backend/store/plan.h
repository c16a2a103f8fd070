/* The versions of the plan. A version is a draft until it is approved; approval freezes it, and the
 * version approved before it (of the same year) becomes superseded. Version numbers count up for the
 * agency, across years. */
#ifndef JC_STORE_PLAN_H
#define JC_STORE_PLAN_H

#include "store/visit.h"

enum { JC_PLAN_NEWEST = 0 };

/* The newest version with this status (unspecified: any), of any year; 0 if there is none. */
enum jc_code jc_plan_find(struct jc_tx *tx, int64_t agency_id, Jc__PlanStatus status, int *out_version,
                          struct jc_err *err);
/* A version (JC_PLAN_NEWEST: the newest) with the visits the filter lets through (NULL: all) and all
 * shortfalls. JC_NOT_FOUND. */
enum jc_code jc_plan_get(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_visit_filter *filter,
                         struct jc_arena *arena, Jc__Plan **out, struct jc_err *err);
/* All versions, newest first, without visits and shortfalls. */
enum jc_code jc_plan_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan ***out, size_t *count,
                          struct jc_err *err);

/* Writes a draft whole: a new version, or in place of the draft of that number. plan->version must be
 * set. JC_FAILED_PRECONDITION if that version is approved or superseded. */
enum jc_code jc_plan_put(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *plan, int64_t now_ms, struct jc_err *err);
/* What the plan is worth and what it cannot meet, after its visits changed. */
enum jc_code jc_plan_set_result(struct jc_tx *tx, int64_t agency_id, int version, const Jc__SolveSummary *solve,
                                Jc__Shortfall *const *shortfalls, size_t n_shortfalls, struct jc_err *err);
/* The shortfalls again, with their explanations. */
enum jc_code jc_plan_set_shortfalls(struct jc_tx *tx, int64_t agency_id, int version, Jc__Shortfall *const *shortfalls,
                                    size_t count, struct jc_err *err);
/* F2; NULL: all key units can be inspected within the year. */
enum jc_code jc_plan_set_coverage(struct jc_tx *tx, int64_t agency_id, int version, const Jc__KeyCoverage *coverage,
                                  struct jc_err *err);
/* P3. JC_FAILED_PRECONDITION unless it is a draft. */
enum jc_code jc_plan_approve(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str document_no,
                             struct jc_str approved_by, struct jc_str approved_on, struct jc_err *err);

/* A unit of an approved version as the register described it then (P6). Texts are the arena's. */
struct jc_plan_unit {
    struct jc_str unit_id, category, industry;
};
enum jc_code jc_plan_unit_add(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_plan_unit *unit,
                              struct jc_err *err);
/* By unit_id; none for a version that was never approved. */
enum jc_code jc_plan_unit_list(struct jc_tx *tx, int64_t agency_id, int version, struct jc_arena *arena,
                               struct jc_plan_unit **out, size_t *count, struct jc_err *err);

#endif
