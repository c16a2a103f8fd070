/* The tally: how many quotas must be missed whatever the limits are (formula (27) of docs/OPTIMIZER.md)?
 *
 * A lower bound on tier 3 from the quotas, and the units and draws they count, alone. Every group of quotas
 * that share units or draws has prices of its own, and what it must miss is a whole number. Loads and limits
 * are left out, which on a large plan would drown a single missed quota in the noise of their prices. */
#ifndef JC_OPTIMIZER_TALLY_H
#define JC_OPTIMIZER_TALLY_H

#include "optimizer/instance.h"

struct jc_tally;

/* NULL without memory. */
struct jc_tally *jc_tally_new(const struct jc_instance *in, struct jc_arena *arena);

/* One evaluation and the next prices. False once no more is to be expected. */
bool jc_tally_step(struct jc_tally *t);

/* The quotas every plan misses, as far as is proven. */
int64_t jc_tally_bound(const struct jc_tally *t);

/* Work of a step, in the search's unit. */
int64_t jc_tally_work(const struct jc_tally *t);

#endif
