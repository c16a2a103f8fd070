/* A plan to start from (Problem.start): what of it is possible is taken over, unit by unit and slot by
 * slot, before construction fills in the rest. It comes from whoever asks and may be of another problem,
 * cut or hostile: whatever does not fit is left out. */
#ifndef JC_OPTIMIZER_START_H
#define JC_OPTIMIZER_START_H

#include "optimizer/price.h"

/* Places the units and slots of `start` whose rows fit the instance into the empty plan. Visits must
 * stand by unit, slots by draw; what follows a row out of order is not looked at. Returns how many units
 * were placed. Cost: one pass. */
int32_t jc_start_take(struct jc_pricer *p, const Jc__Solution *start);

#endif
