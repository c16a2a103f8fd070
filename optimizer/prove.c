/* Decides what to bound next. The tiers are strict, so a bound on the cost means something only when the
 * tiers before it are held at their proven values; until then the prover stays with them. For each tier:
 * what the quotas say by themselves, branch and bound on small components (a real bureau's close in
 * milliseconds), then the Lagrangian bound, then more branch and bound. The tier's bound is the best of all,
 * since the components' bounds add up. */
#include "optimizer/prove.h"

#include <string.h>

#include "optimizer/lagrange.h"
#include "optimizer/mip.h"
#include "optimizer/tally.h"

enum { TIERS = 3 };

/* The steps of one tier. BRANCH: how many nodes it gives a component, and up to which size (larger programs
 * cost GLPK seconds a node). COUNT: the same with limits in turn, where values are few: work over limits, quotas,
 * changes. `flat`: only programs without travel, whose relaxation (no nodes) is nearly the optimum, where prices
 * often stall short of it. `changes`: only programs that count nothing else, which cuts at the root nearly close.
 * `rarely`: brings so little of the cost so rarely that a second search may be the better use of the thread. */
static const struct {
    enum { TALLY, BRANCH, COUNT, RELAX } how;
    int64_t nodes, columns;
    bool flat, changes, rarely;
} steps[] = {
    {TALLY, 0, 0, false, false, false},      {BRANCH, 0, 12000, true, true, false},
    {COUNT, 400, 12000, true, true, false},  {COUNT, 5000, 12000, true, true, false},
    {BRANCH, 200, 400, false, false, false}, {BRANCH, 0, 4000, true, false, false},
    {BRANCH, 50, 4000, true, false, true},   {COUNT, 800, 4000, true, false, true},
    {RELAX, 0, 0, false, false, false},      {BRANCH, 5000, 1200, false, false, true},
    {COUNT, 5000, 4000, true, false, true},  {BRANCH, 100000, 1200, false, false, true},
};
enum { STEPS = sizeof steps / sizeof *steps };

struct component {
    int64_t bound[TIERS];
    bool closed[TIERS];
};

struct jc_prover {
    const struct jc_instance *in;
    struct jc_tally *tally;
    struct jc_lagrange *lagrange;
    struct jc_mip *mip;
    struct jc_totals bound;
    struct jc_snapshot *plan, *found; /* the best plan known here; branch and bound's */
    int64_t scale;
    int step[TIERS];
    bool begun[TIERS];
    int32_t next[TIERS]; /* component of the present step */
    struct component *components;
    atomic_int phase;
};

struct jc_prover *jc_prover_new(const struct jc_instance *in, int64_t scale, struct jc_arena *arena) {
    struct jc_prover *p = JC_NEW(arena, struct jc_prover);
    if (!p)
        return NULL;
    p->in = in;
    p->scale = scale;
    if (in->problem->proven) {
        p->bound.over = in->problem->proven->over_centi;
        p->bound.quota = in->problem->proven->quota;
    }
    p->tally = jc_tally_new(in, arena);
    p->lagrange = jc_lagrange_new(in, arena);
    p->mip = jc_mip_new(in, arena);
    p->plan = jc_snapshot_new(in, arena);
    p->found = jc_snapshot_new(in, arena);
    if (!p->tally || !p->lagrange || !p->mip || !p->plan || !p->found)
        return NULL;
    p->components = JC_NEW_ARRAY(arena, (size_t)jc_mip_components(p->mip) + 1, struct component);
    p->plan->totals = (struct jc_totals){INT64_MAX, INT64_MAX, INT64_MAX};
    atomic_store(&p->phase, JC__SEARCH_PHASE__SEARCH_PHASE_SEARCH);
    return p->components ? p : NULL;
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
    return !open_tier(p, best, &tier) || p->step[tier] == STEPS;
}

bool jc_prover_yields(const struct jc_prover *p, const struct jc_totals *best) {
    enum jc_tier tier;
    return jc_prover_idle(p, best) || (open_tier(p, best, &tier) && tier == JC_TIER_COST &&
                                       steps[p->step[tier]].rarely && !jc_mip_counts_changes(p->mip));
}

/* A plan's value lies on the tier's grain, so a bound may be rounded up to it. */
static void raise_bound(struct jc_prover *p, enum jc_tier tier, int64_t bound) {
    int64_t grain = jc_mip_grain(p->mip, tier);
    bound = (bound + grain - 1) / grain * grain;
    int64_t *at = tier == JC_TIER_OVER ? &p->bound.over : tier == JC_TIER_QUOTA ? &p->bound.quota : &p->bound.cost;
    *at = bound > *at ? bound : *at;
}

/* Work of a node, in the search's unit; measured. */
static int64_t node_work(int64_t columns) {
    return columns * 50 + columns * columns / 3 + 1000;
}

/* One component of a step by branch and bound, within `budget`. Returns the work it took. */
static int64_t branch(struct jc_prover *p, enum jc_tier tier, int64_t budget, const atomic_bool *stop) {
    int32_t n = jc_mip_components(p->mip), c = p->next[tier];
    if (c == n) {
        p->next[tier] = 0;
        p->step[tier]++;
        return 0;
    }
    p->next[tier]++;
    struct component *component = &p->components[c];
    int64_t columns = jc_mip_columns(p->mip, c);
    bool travel = tier == JC_TIER_COST && p->in->travel_e5 > 0;
    bool changes = tier == JC_TIER_COST && jc_mip_counts_changes(p->mip);
    bool counted = steps[p->step[tier]].how == COUNT;
    if (component->closed[tier] || columns > steps[p->step[tier]].columns || (travel && steps[p->step[tier]].flat) ||
        (!changes && steps[p->step[tier]].changes) || (counted && tier == JC_TIER_COST && !changes))
        return 0;
    int64_t nodes = budget / node_work(columns);
    nodes = nodes < steps[p->step[tier]].nodes ? nodes : steps[p->step[tier]].nodes;
    struct jc_err err = {0};
    struct jc_mip_result result;
    atomic_store(&p->phase, JC__SEARCH_PHASE__SEARCH_PHASE_INTEGER_PROGRAM);
    jc_snapshot_copy(p->in, p->found, p->plan);
    if (jc_mip_solve(p->mip, c, tier, p->plan, nodes, counted, stop, p->found, &result, &err) != JC_OK)
        return INT64_MAX; /* no memory: rest */
    if (result.better)
        jc_snapshot_copy(p->in, p->plan, p->found);
    component->closed[tier] = result.closed;
    if (result.bound > component->bound[tier])
        component->bound[tier] = result.bound;
    int64_t sum = tier == JC_TIER_COST ? jc_mip_resting_e5(p->mip) : 0;
    for (int32_t i = 0; i < n; i++)
        sum += p->components[i].bound[tier];
    raise_bound(p, tier, sum);
    return (result.nodes + 1) * node_work(columns);
}

/* One evaluation of the quotas alone. */
static int64_t count(struct jc_prover *p, enum jc_tier tier) {
    if (tier != JC_TIER_QUOTA || !jc_tally_step(p->tally))
        p->step[tier]++;
    if (tier != JC_TIER_QUOTA)
        return 0;
    raise_bound(p, tier, jc_tally_bound(p->tally));
    return jc_tally_work(p->tally);
}

/* One evaluation of the Lagrangian bound. */
static int64_t relax(struct jc_prover *p, enum jc_tier tier, const atomic_bool *stop) {
    struct jc_err err = {0};
    atomic_store(&p->phase, JC__SEARCH_PHASE__SEARCH_PHASE_BOUND);
    if (!p->begun[tier] && jc_lagrange_begin(p->lagrange, tier, &p->plan->totals, p->scale, &err) != JC_OK)
        return INT64_MAX; /* no memory: rest */
    p->begun[tier] = true;
    if (!jc_lagrange_step(p->lagrange, stop))
        p->step[tier]++;
    raise_bound(p, tier, jc_lagrange_bound(p->lagrange));
    return jc_lagrange_step_work(p->lagrange);
}

/* Part of the tier's present step. Returns the work it took. */
static int64_t take_step(struct jc_prover *p, enum jc_tier tier, int64_t budget, const atomic_bool *stop) {
    switch (steps[p->step[tier]].how) {
    case TALLY:
        return count(p, tier);
    case BRANCH:
    case COUNT:
        return branch(p, tier, budget, stop);
    default:
        return relax(p, tier, stop);
    }
}

void jc_prover_run(struct jc_prover *p, const struct jc_snapshot *best, int64_t share, int64_t budget,
                   const atomic_bool *stop) {
    enum jc_tier tier;
    int64_t work = 0;
    if (jc_totals_cmp(&best->totals, &p->plan->totals) < 0)
        jc_snapshot_copy(p->in, p->plan, best);
    while (work < share && !atomic_load(stop) && open_tier(p, &p->plan->totals, &tier) && p->step[tier] < STEPS) {
        const struct jc_totals before = p->bound;
        const int step = p->step[tier];
        int64_t left = budget > work ? budget - work : 0;
        int64_t used = take_step(p, tier, left, stop);
        work = used < INT64_MAX - work ? work + used : INT64_MAX;
        if (jc_totals_cmp(&before, &p->bound) != 0 && (steps[step].how == BRANCH || steps[step].how == COUNT))
            break; /* the search may have found meanwhile what settles the tier */
    }
    jc_mip_end();
}

const struct jc_totals *jc_prover_bound(const struct jc_prover *p) {
    return &p->bound;
}

const struct jc_snapshot *jc_prover_plan(const struct jc_prover *p) {
    return p->plan;
}

Jc__SearchPhase jc_prover_phase(const struct jc_prover *p) {
    return (Jc__SearchPhase)atomic_load(&p->phase);
}
