/* Which limits bind: why a plan falls short where it does, by arithmetic alone.
 *
 * Nothing is guessed. A limit is named only if it alone is proof enough:
 *   1. For teams K and a span of months S, work(K,S) is the least that any plan has K do within S: each
 *      unit's best pattern, each join, each draw. If it is above the workdays of K in S, the teams are
 *      over somewhere in S whatever is planned. Of a team alone and of all it shares units with, the
 *      tighter is named: the team alone where it lacks the whole shortfall, else together where that is
 *      more than what they lack each alone.
 *   2. A quota is missed if its units and slots cannot come to its minimum in its months, or cannot stay
 *      below its maximum.
 *   3. A unit is left out if it has no possible months; of its limits, those are named that alone would
 *      have to go for it to have some.
 * A shortfall for which none of this holds keeps an empty list; explain.h then tries by solving again. */
#ifndef JC_PLAN_LIMIT_H
#define JC_PLAN_LIMIT_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"
#include "jiancha/v1/plan.pb-c.h"

/* A shortfall by indices of the problem; -1: not of this kind. */
struct jc_lack {
    int team, month; /* month 0: the year */
    int unit, quota;
    int64_t amount_centi;
};

/* What nobody can change any more, in the middle of a year. */
struct jc_past {
    uint32_t closed;     /* months that are over */
    const uint8_t *told; /* by unit: not 0 if a visit of it is released, done or forced; NULL: none is */
    /* by unit: the months its row in the register closes, which alone a planner can open again; those that only
     * stand for what is over or near a visit that was made are not among them. NULL: all a unit has */
    const uint16_t *blackout;
};

/* Finds the rows that shortfalls name. Memory is the arena's; NULL without. */
struct jc_lacks;
struct jc_lacks *jc_lacks_new(const Jc__Problem *problem, struct jc_arena *arena);
/* The problem as a unit sees it: with the pins of this one alone, so that looking at it costs no pass over all. */
Jc__Problem jc_lacks_view(const struct jc_lacks *lacks, size_t unit);
/* The indices of a shortfall's row; all -1 if the problem does not know it. Of a unit that stands in parts it is the
 * first part that cannot be inspected. */
struct jc_lack jc_lack_of(const struct jc_lacks *lacks, const Jc__Shortfall *shortfall);

/* Fills `limits` and `work_centi` of every shortfall; memory is the arena's. The problem is a checked
 * one; `past` NULL: the year lies ahead. Cost: one pass over the units with 78 spans each; nothing without
 * shortfalls. */
enum jc_code jc_limit_list(const Jc__Problem *problem, const struct jc_past *past, Jc__Shortfall *const *shortfalls,
                           size_t count, struct jc_arena *arena, struct jc_err *err);

/* (3) The limits of a unit, on the shortfall's list; none if it has possible months. `closed`: months that are over. */
enum jc_code jc_limit_unit(const Jc__Problem *problem, size_t unit, uint32_t closed, Jc__Shortfall *shortfall,
                           struct jc_arena *arena, struct jc_err *err);

/* The problem of one unit, number 0, and its pins, without draws and quotas: its variants cost little. Rows are shared.
 * NULL without memory. */
Jc__Problem *jc_limit_unit_alone(const Jc__Problem *problem, size_t unit, struct jc_arena *arena);

/* Can the unit be inspected at all? */
bool jc_limit_unit_possible(const Jc__Problem *problem, size_t unit);

/* Does a quota count the unit's lead visits under this option by this team? Months and mode aside. */
bool jc_limit_quota_counts(const Jc__ProblemQuota *quota, const Jc__ProblemUnit *unit, int32_t rule, int32_t team);

#endif
