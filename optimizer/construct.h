/* The first plan: everything placed once, the hardest first, each where it is cheapest then. */
#ifndef JC_OPTIMIZER_CONSTRUCT_H
#define JC_OPTIMIZER_CONSTRUCT_H

#include "optimizer/price.h"

/* Fills the pricer's empty state: afterwards every unit with a choice is in, every draw has its slots.
 * Fails only without memory. */
enum jc_code jc_construct(struct jc_pricer *p, struct jc_arena *arena, struct jc_err *err);

#endif
