/* What the circumstances of an operation say about it, whatever its command: who acted, when it was made by
 * the server's clock, whether somebody else was at the unit about the same time. */
#ifndef JC_SYNC_EVIDENT_H
#define JC_SYNC_EVIDENT_H

#include "sync/command.h"

/* Who acted (OperationBody.acting_inspector_id), if it was not the holder of the enrolment: somebody who
 * is or was enrolled with the same key, or the operation is kept (ACTOR_OTHER). */
enum jc_code jc_evident_actor(struct jc_apply *apply, struct jc_err *err);

/* The moment it was made by the server's clock, if the terminal has not been started anew since: now, less
 * what its monotonic clock says has passed. If its wall clock was off by more than clock_off_minutes (10
 * where the parameter is not in force), a document is flagged CLOCK_OFF. If it has been started anew (a flat battery
 * takes the clock of a cheap terminal along), a document is flagged CLOCK_OFF_NOW if its clock is off by so much now.
 * Nothing is refused for a clock. */
enum jc_code jc_evident_time(struct jc_apply *apply, bool is_document, struct jc_err *err);

/* Flags a record DUPLICATE_VISIT if the unit has another that ended within duplicate_visit_days (30
 * calendar days where the parameter is not in force) of it. Two visits that the plan asked for are no
 * duplicates of each other: one of the two is ad hoc. */
enum jc_code jc_evident_duplicate(struct jc_apply *apply, struct jc_str unit_id, struct jc_str inspection_id,
                                  int64_t ended_ms, bool planned, struct jc_err *err);

#endif
