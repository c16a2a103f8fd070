/* The slots of a draw at given prices: where a sample goes that only follows its windows (formula (15) of
 * docs/OPTIMIZER.md). */
#ifndef JC_OPTIMIZER_SLOTS_H
#define JC_OPTIMIZER_SLOTS_H

#include "optimizer/duals.h"

/* The least cost of the draw's slots at these prices; what they use is added to `usage`. */
int64_t jc_slots_price(const struct jc_duals *d, const struct jc_plan_draw *draw, struct jc_usage *usage);

#endif
