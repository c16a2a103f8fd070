/* What two choices or units have in common: orders and hashes by content, which bring together (gather.h)
 * everything that the bounds cannot tell apart. They are the same in every run: nothing depends on where
 * memory lies. Orders return <0, 0 or >0. */
#ifndef JC_OPTIMIZER_ALIKE_H
#define JC_OPTIMIZER_ALIKE_H

#include "optimizer/instance.h"

static inline int jc_order(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* Mixes a value into a hash. */
static inline uint64_t jc_alike_mix(uint64_t hash, uint64_t value) {
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Team, patterns, costs and quotas; not the district and not the rule's name. */
int jc_alike_choice(const struct jc_choice *a, const struct jc_choice *b);
uint64_t jc_alike_choice_hash(const struct jc_choice *c);

/* What a unit has beside its choices: work, seasons, pins, joins. */
int jc_alike_unit(const struct jc_instance *in, const struct jc_plan_unit *a, const struct jc_plan_unit *b);
uint64_t jc_alike_unit_hash(const struct jc_instance *in, const struct jc_plan_unit *u);

#endif
