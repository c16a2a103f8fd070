/* Limits lifted, one kind at a time: a problem in which they no longer bind, to find out by solving whether they
 * are why a plan falls short (explain.h). */
#ifndef JC_PLAN_LIFT_H
#define JC_PLAN_LIFT_H

#include "plan/limit.h"

/* Does the shortfall's team lead the unit, or its quota count it? */
bool jc_lift_concerns(const Jc__Problem *problem, const struct jc_lack *lack, size_t unit);

/* Is there anything to lift? */
bool jc_lift_applies(const Jc__Problem *problem, const struct jc_lack *lack, Jc__LimitKind kind);

/* The problem without limits of a kind, as far as they concern the shortfall: workdays, other quotas, lead
 * teams, pins, or else windows, gaps and blackout months. A variant: the arena's. NULL without memory. */
Jc__Problem *jc_lift(const Jc__Problem *problem, const struct jc_lack *lack, Jc__LimitKind kind,
                     struct jc_arena *arena);

#endif
