/* A plan under construction, evaluated by differences.
 *
 * Every unit that can be served has a choice and a month pattern; placing or taking back a unit, or
 * moving a slot, updates loads, quotas, openings and the totals of all tiers at once. The totals are
 * exact at any time. */
#ifndef JC_OPTIMIZER_STATE_H
#define JC_OPTIMIZER_STATE_H

#include "optimizer/instance.h"
#include "optimizer/soft.h"

/* Tiers 2 and 3 and the cost; tier 1 is the instance's. */
struct jc_totals {
    int64_t over; /* hundredths of a workday */
    int64_t quota;
    int64_t cost; /* e5 */
};

/* <0 if a is the better. */
int jc_totals_cmp(const struct jc_totals *a, const struct jc_totals *b);

/* What the search minimises: over · weights.over + quota · weights.quota + cost. */
struct jc_penalties {
    int64_t over;  /* e5 for each hundredth of a workday over a limit */
    int64_t quota; /* e5 for each violation */
};

static inline int64_t jc_energy(const struct jc_totals *t, const struct jc_penalties *p) {
    return t->over * p->over + t->quota * p->quota + t->cost;
}

/* Where a unit is: its choice (-1: out of the plan for the moment) and months. */
struct jc_place {
    int32_t choice;  /* index into the instance's choices */
    uint16_t months; /* of the lead's visits */
    uint16_t remote; /* those that are remote */
};

struct jc_state {
    const struct jc_instance *in;
    struct jc_place *place; /* by unit */
    uint16_t *joined;       /* by join: months */
    int32_t *slots;         /* by draw * 12 + m */
    int64_t *load;          /* by team * 12 + m */
    int64_t *year;          /* by team */
    int32_t *count;         /* by quota */
    int32_t *visits_in;     /* by pair * 12 + m: visits that keep the district open */
    struct jc_totals totals;
    struct jc_soft soft;
};

/* What the search anneals: the energy of the totals, softened. */
static inline int64_t jc_state_energy(const struct jc_state *s, const struct jc_penalties *p) {
    return jc_energy(&s->totals, p) + s->soft.excess;
}

/* What quota q costs with a count of n while the state is soft, e5. */
static inline int64_t jc_state_soft_miss(const struct jc_state *s, int32_t q, int64_t n) {
    return jc_soft_miss(&s->soft, q, n, s->in->quota_min[q], s->in->quota_max[q]);
}

/* An empty plan: nobody placed, no slot placed. NULL without memory. */
struct jc_state *jc_state_new(const struct jc_instance *in, struct jc_arena *arena);

/* Places a unit that is out. `joined` are the months of its joins, in their order. */
void jc_state_place(struct jc_state *s, int32_t unit, struct jc_place place, const uint16_t *joined);
/* Takes a unit out; place[unit].choice is -1 afterwards. No effect on a unit that is out. */
void jc_state_remove(struct jc_state *s, int32_t unit);

/* Adds (sign 1) or takes (-1) a slot of a draw in month m (0-11). */
void jc_state_slot(struct jc_state *s, int32_t draw, int m, int sign);

/* --- the best plan so far ------------------------------------------------------------------------ */

/* A copy of where everything is. */
struct jc_snapshot {
    struct jc_place *place;
    uint16_t *joined;
    int32_t *slots;
    struct jc_totals totals;
};

struct jc_snapshot *jc_snapshot_new(const struct jc_instance *in, struct jc_arena *arena);
void jc_snapshot_copy(const struct jc_instance *in, struct jc_snapshot *to, const struct jc_snapshot *from);
/* Remembers the state. */
void jc_snapshot_take(struct jc_snapshot *to, const struct jc_state *s);
/* Remembers one unit; with all changed units and the slots taken, the snapshot equals the state. */
void jc_snapshot_take_unit(struct jc_snapshot *to, const struct jc_state *s, int32_t unit);
/* Puts the state back to the snapshot. */
void jc_snapshot_restore(const struct jc_snapshot *from, struct jc_state *s);

#endif
