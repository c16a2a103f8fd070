/* The plan as a message, with room for any plan of the instance, filled again and again. */
#ifndef JC_OPTIMIZER_PLAN_MESSAGE_H
#define JC_OPTIMIZER_PLAN_MESSAGE_H

#include "optimizer/state.h"

struct jc_plan_message;

/* NULL without memory. */
struct jc_plan_message *jc_plan_message_new(const struct jc_instance *in, struct jc_arena *arena);
/* Visits by unit and month, slots by draw and month, objective. Valid until the next fill. */
Jc__Solution *jc_plan_message_fill(struct jc_plan_message *msg, const struct jc_snapshot *plan);

#endif
