/* The first plan: everything placed once, the hardest first, each where it is cheapest then. */
#ifndef JC_OPTIMIZER_CONSTRUCT_H
#define JC_OPTIMIZER_CONSTRUCT_H

#include "optimizer/price.h"

/* Asked every few hundred units: is there no time left? */
typedef bool jc_construct_hurry(void *ctx);

/* Fills the pricer's empty state: afterwards every unit with a choice is in, every draw has its slots.
 * Once `hurry` says so, units take their first possible pattern, which costs a tenth. Fails only without
 * memory. */
enum jc_code jc_construct(struct jc_pricer *p, jc_construct_hurry *hurry, void *ctx, struct jc_arena *arena,
                          struct jc_err *err);

#endif
