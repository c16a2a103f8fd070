/* Units (生产经营单位), with their alternative teams and rules, groups and joint visits.
 *
 * The register of units is the whole agency's: every team's terminals hold it, because any team may
 * meet any unit (joint visits, ad hoc inspections). What is planned for them is not part of it. */
#ifndef JC_STORE_UNIT_H
#define JC_STORE_UNIT_H

#include "db/db.h"
#include "jiancha/v1/registry.pb-c.h"

/* JC_NOT_FOUND, naming the unit. */
enum jc_code jc_unit_get(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_arena *arena,
                         Jc__Unit **out, struct jc_err *err);
/* Whether the register has it; one look-up, where jc_unit_get reads all that hangs on a unit. */
enum jc_code jc_unit_exists(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, bool *exists,
                            struct jc_err *err);
/* All units in the planner's order. */
enum jc_code jc_unit_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Unit ***out, size_t *count,
                          struct jc_err *err);
/* At most `limit` units by unit_id behind `after`. */
enum jc_code jc_unit_page(struct jc_tx *tx, int64_t agency_id, struct jc_str after, int limit, struct jc_arena *arena,
                          Jc__Unit ***out, size_t *count, struct jc_err *err);
/* The place behind the last unit in the planner's order. */
enum jc_code jc_unit_next_position(struct jc_tx *tx, int64_t agency_id, int64_t *out, struct jc_err *err);
/* Writes the unit as it is given, new or changed, and records the change for terminals. */
enum jc_code jc_unit_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Unit *unit,
                         struct jc_err *err);
/* True if the unit came into the register by a draw, from a pool that was not part of it. */
enum jc_code jc_unit_is_drawn(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, bool *out,
                              struct jc_err *err);
/* JC_FAILED_PRECONDITION while a plan, task or record names it. */
enum jc_code jc_unit_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_err *err);

#endif
