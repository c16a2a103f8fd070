/* F2: if the workdays do not reach for all key units in the year, the plan must say so and within how many
 * years all of them are inspected.
 *
 * years(K) = ⌈Σ one visit of each key unit that only teams K lead / workdays of K in a year⌉, in integers,
 * for each team alone and for all teams together; the largest counts. Workdays of a team are its year's or
 * the sum of its months', whichever is less; a team without either has as many as it takes. One visit is
 * lead and joining teams. It is a least number: whole visits may not fit as closely as their sum. */
#ifndef JC_PLAN_COVERAGE_H
#define JC_PLAN_COVERAGE_H

#include "base/msg.h"
#include "model/objective.h"
#include "plan/problem.h"

/* What is to be said, by a plan of one year or of several: NULL if a year's workdays suffice for all visits of
 * the key units and the plan has every key unit. `measure` is that plan's; NULL where it is not about one year,
 * so that nobody is left out by it. The message is the arena's. No other function may say how many years full
 * coverage takes. */
enum jc_code jc_coverage_find(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                              struct jc_arena *arena, Jc__KeyCoverage **out, struct jc_err *err);

/* The statement in words, with the formula. */
void jc_coverage_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                      const Jc__KeyCoverage *coverage);

#endif
