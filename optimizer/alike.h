/* What two choices or units have in common: orders by content, so that a sort brings together
 * everything that the bounds cannot tell apart. The orders are the same in every run: nothing depends on
 * where memory lies. All return <0, 0 or >0. */
#ifndef JC_OPTIMIZER_ALIKE_H
#define JC_OPTIMIZER_ALIKE_H

#include "optimizer/instance.h"

static inline int jc_order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* Team, patterns, costs and quotas; not the district and not the rule's name. */
int jc_alike_choice(const struct jc_choice *a, const struct jc_choice *b);

/* What a unit has beside its choices: work, seasons, pins, joins. */
int jc_alike_unit(const struct jc_instance *in, const struct jc_plan_unit *a, const struct jc_plan_unit *b);

#endif
