/* Decides what to bound next. The tiers are strict, so a bound on the cost means something only when the
 * tiers before it are held at their proven values; until then the prover stays with them. */
#include "optimizer/prove.h"

#include "optimizer/lagrange.h"

struct jc_prover {
    const struct jc_instance *in;
    struct jc_lagrange *lagrange;
    struct jc_totals bound;
    int64_t scale;
    bool begun[3], exhausted[3]; /* by tier */
};

struct jc_prover *jc_prover_new(const struct jc_instance *in, int64_t scale, struct jc_arena *arena) {
    struct jc_prover *p = JC_NEW(arena, struct jc_prover);
    if (!p)
        return NULL;
    p->in = in;
    p->scale = scale;
    p->lagrange = jc_lagrange_new(in, arena);
    return p->lagrange ? p : NULL;
}

bool jc_prover_settled(const struct jc_prover *p, const struct jc_totals *best) {
    return best->over <= p->bound.over && best->quota <= p->bound.quota;
}

/* The first tier whose bound is not reached; false if all are. */
static bool open_tier(const struct jc_prover *p, const struct jc_totals *best, enum jc_tier *tier) {
    if (best->over > p->bound.over)
        *tier = JC_TIER_OVER;
    else if (best->quota > p->bound.quota)
        *tier = JC_TIER_QUOTA;
    else if (best->cost > p->bound.cost)
        *tier = JC_TIER_COST;
    else
        return false;
    return true;
}

bool jc_prover_idle(const struct jc_prover *p, const struct jc_totals *best) {
    enum jc_tier tier;
    return !open_tier(p, best, &tier) || p->exhausted[tier];
}

static int64_t *bound_of(struct jc_prover *p, enum jc_tier tier) {
    return tier == JC_TIER_OVER ? &p->bound.over : tier == JC_TIER_QUOTA ? &p->bound.quota : &p->bound.cost;
}

void jc_prover_run(struct jc_prover *p, const struct jc_snapshot *best, int64_t work, const atomic_bool *stop) {
    enum jc_tier tier;
    while (work > 0 && !atomic_load(stop) && open_tier(p, &best->totals, &tier) && !p->exhausted[tier]) {
        if (!p->begun[tier])
            jc_lagrange_begin(p->lagrange, tier, &best->totals, p->scale);
        p->begun[tier] = true;
        if (!jc_lagrange_step(p->lagrange, stop))
            p->exhausted[tier] = true;
        int64_t bound = jc_lagrange_bound(p->lagrange);
        if (bound > *bound_of(p, tier))
            *bound_of(p, tier) = bound;
        work -= jc_lagrange_step_work(p->lagrange);
    }
}

const struct jc_totals *jc_prover_bound(const struct jc_prover *p) {
    return &p->bound;
}

Jc__SearchPhase jc_prover_phase(const struct jc_prover *p) {
    return p->begun[JC_TIER_COST] ? JC__SEARCH_PHASE__SEARCH_PHASE_BOUND : JC__SEARCH_PHASE__SEARCH_PHASE_SEARCH;
}
