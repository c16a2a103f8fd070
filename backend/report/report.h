/* What a supervisor asks: completion, rates, what is overdue (DESIGN section 8, FORMS).
 *
 * All figures are as of a day: records that ended on it count, later ones do not. They measure the
 * newest approved plan; JC_NOT_FOUND if none is approved. A joint visit counts once, for its lead,
 * its workdays for both teams; a refused visit is done. Results are the arena's. */
#ifndef JC_REPORT_REPORT_H
#define JC_REPORT_REPORT_H

#include "base/clock.h"
#include "db/db.h"
#include "jiancha/v1/report_service.pb-c.h"

/* By team in the planner's order, then month (0: the year); the agency (team "") last. Months without
 * any figure are left out. Overdue: the month ended on or before `as_of` and the visit is not done. */
enum jc_code jc_report_completion(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                                  Jc__CompletionRow ***out, size_t *count, struct jc_err *err);

/* Every rate of FORMS with its own numerator and denominator, always in the same order. A denominator
 * of 0 means that there was nothing to measure. */
enum jc_code jc_report_rates(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                             Jc__Rate ***out, size_t *count, struct jc_err *err);

/* Visits and rechecks past their day, and findings by deadline that no order names; longest overdue
 * first. */
enum jc_code jc_report_overdue(struct jc_tx *tx, int64_t agency_id, struct jc_date as_of, struct jc_arena *arena,
                               Jc__OverdueItem ***out, size_t *count, struct jc_err *err);

#endif
