/* Visits (计划检查) of the versions of the plan, with the teams that join them. */
#ifndef JC_STORE_VISIT_H
#define JC_STORE_VISIT_H

#include "db/db.h"
#include "jiancha/v1/plan.pb-c.h"

struct jc_visit_filter {
    struct jc_str team_id; /* leads or joins; empty: all */
    int month;             /* 0: all */
    struct jc_str draw_id; /* slots of this draw; empty: all */
};

/* By (month, lead team, visit_id). */
enum jc_code jc_visit_list(struct jc_tx *tx, int64_t agency_id, int version, const struct jc_visit_filter *filter,
                           struct jc_arena *arena, Jc__Visit ***out, size_t *count, struct jc_err *err);
/* A new visit with its joining teams; JC_ALREADY_EXISTS if the version has it. */
enum jc_code jc_visit_add(struct jc_tx *tx, int64_t agency_id, int version, const Jc__Visit *visit, struct jc_err *err);
/* Writes what a planner can change: unit (of a slot), month, lead team, mode, pinned, forced, status,
 * joining teams. JC_NOT_FOUND. */
enum jc_code jc_visit_change(struct jc_tx *tx, int64_t agency_id, int version, const Jc__Visit *visit,
                             struct jc_err *err);
/* Sets the status in this version and the later ones of the same year that hold the visit. */
enum jc_code jc_visit_set_status(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str visit_id,
                                 Jc__VisitStatus status, struct jc_err *err);
/* Names the unit of a drawn slot (empty: none again), in this version and the later ones of the year. */
enum jc_code jc_visit_set_unit(struct jc_tx *tx, int64_t agency_id, int version, struct jc_str visit_id,
                               struct jc_str unit_id, struct jc_err *err);
/* All visits of a version, for a draft that is solved again. */
enum jc_code jc_visit_delete_all(struct jc_tx *tx, int64_t agency_id, int version, struct jc_err *err);

#endif
