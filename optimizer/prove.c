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

/* One thing to try for a tier's bound. */
struct step {
    enum { TALLY, BRANCH, COUNT, RELAX } how; /* COUNT: branch and bound with limits in turn (mip.h) */
    int64_t nodes;                            /* for each component; 0: its relaxation alone */
    int64_t columns;                          /* programs of at most so many; larger ones cost seconds a node */
    bool yields;                              /* brings so little so rarely that a second search may use the thread */
};

/* The schedules, one for each kind of value a tier can have. Order and sizes were chosen by trial on the generated
 * cases, a real bureau and re-plans; docs/OPTIMIZER.md says what each step is good for. */

/* Work over limits: few values, so limits in turn close what branching leaves open for long. */
static const struct step work_over[] = {
    {BRANCH, 200, 400, false}, {BRANCH, 0, 4000, false},    {COUNT, 800, 4000, false},  {BRANCH, 50, 4000, false},
    {RELAX, 0, 0, false},      {BRANCH, 5000, 1200, false}, {COUNT, 5000, 4000, false}, {BRANCH, 100000, 1200, false},
};
/* Missed quotas: few values, too, but a few nodes often meet the relaxation. */
static const struct step missed_quotas[] = {
    {TALLY, 0, 0, false},        {BRANCH, 200, 400, false},  {BRANCH, 0, 4000, false},
    {BRANCH, 50, 4000, false},   {COUNT, 800, 4000, false},  {RELAX, 0, 0, false},
    {BRANCH, 5000, 1200, false}, {COUNT, 5000, 4000, false}, {BRANCH, 100000, 1200, false},
};
/* Cost with travel: relaxed programs are far from the optimum, prices near. */
static const struct step travel_cost[] = {
    {BRANCH, 200, 400, false},
    {RELAX, 0, 0, false},
    {BRANCH, 5000, 1200, true},
    {BRANCH, 100000, 1200, true},
};
/* Cost without travel: a program's relaxation is nearly the optimum, where prices often stall short of it. */
static const struct step flat_cost[] = {
    {BRANCH, 200, 400, false}, {BRANCH, 0, 4000, false},   {BRANCH, 50, 4000, true},
    {RELAX, 0, 0, false},      {BRANCH, 5000, 1200, true}, {BRANCH, 100000, 1200, true},
};
/* Cost that counts changes and nothing else: few values again, and cuts at the root nearly close large programs. */
static const struct step changes_cost[] = {
    {BRANCH, 0, 12000, false},   {COUNT, 400, 12000, false}, {COUNT, 5000, 12000, false},   {BRANCH, 200, 400, false},
    {BRANCH, 0, 4000, false},    {BRANCH, 50, 4000, false},  {COUNT, 800, 4000, false},     {RELAX, 0, 0, false},
    {BRANCH, 5000, 1200, false}, {COUNT, 5000, 4000, false}, {BRANCH, 100000, 1200, false},
};

struct schedule {
    const struct step *steps;
    int n;
};
#define SCHEDULE(steps) ((struct schedule){steps, sizeof steps / sizeof *steps})

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
    struct schedule schedule[TIERS];
    int step[TIERS];
    bool begun[TIERS];
    int32_t next[TIERS]; /* component of the present step */
    struct component *components;
    atomic_int phase;
    atomic_llong told_cost; /* bound.cost, for those who watch it work */
};

static struct schedule choose_schedule(const struct jc_prover *p, enum jc_tier tier) {
    if (tier == JC_TIER_OVER)
        return SCHEDULE(work_over);
    if (tier == JC_TIER_QUOTA)
        return SCHEDULE(missed_quotas);
    if (p->in->travel_e5 > 0)
        return SCHEDULE(travel_cost);
    return jc_mip_counts_changes(p->mip) ? SCHEDULE(changes_cost) : SCHEDULE(flat_cost);
}

/* The tier's present step; NULL after the last one. */
static const struct step *present_step(const struct jc_prover *p, enum jc_tier tier) {
    const struct schedule *s = &p->schedule[tier];
    return p->step[tier] < s->n ? &s->steps[p->step[tier]] : NULL;
}

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
    for (int tier = 0; tier < TIERS; tier++)
        p->schedule[tier] = choose_schedule(p, (enum jc_tier)tier);
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
    return !open_tier(p, best, &tier) || !present_step(p, tier);
}

bool jc_prover_yields(const struct jc_prover *p, const struct jc_totals *best) {
    enum jc_tier tier;
    return jc_prover_idle(p, best) || (open_tier(p, best, &tier) && present_step(p, tier)->yields);
}

/* A plan's value lies on the tier's grain, so a bound may be rounded up to it. */
static void raise_bound(struct jc_prover *p, enum jc_tier tier, int64_t bound) {
    int64_t grain = jc_mip_grain(p->mip, tier);
    bound = (bound + grain - 1) / grain * grain;
    int64_t *at = tier == JC_TIER_OVER ? &p->bound.over : tier == JC_TIER_QUOTA ? &p->bound.quota : &p->bound.cost;
    *at = bound > *at ? bound : *at;
    atomic_store(&p->told_cost, p->bound.cost);
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
    const struct step *step = present_step(p, tier);
    if (component->closed[tier] || columns > step->columns)
        return 0;
    int64_t nodes = budget / node_work(columns);
    nodes = nodes < step->nodes ? nodes : step->nodes;
    struct jc_err err = {0};
    struct jc_mip_result result;
    atomic_store(&p->phase, JC__SEARCH_PHASE__SEARCH_PHASE_INTEGER_PROGRAM);
    jc_snapshot_copy(p->in, p->found, p->plan);
    if (jc_mip_solve(p->mip, c, tier, p->plan, nodes, step->how == COUNT, stop, p->found, &result, &err) != JC_OK)
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
    if (!jc_tally_step(p->tally))
        p->step[tier]++;
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
    switch (present_step(p, tier)->how) {
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
    while (work < share && !atomic_load(stop) && open_tier(p, &p->plan->totals, &tier) && present_step(p, tier)) {
        const struct jc_totals before = p->bound;
        const struct step *step = present_step(p, tier);
        int64_t left = budget > work ? budget - work : 0;
        int64_t used = take_step(p, tier, left, stop);
        work = used < INT64_MAX - work ? work + used : INT64_MAX;
        if (jc_totals_cmp(&before, &p->bound) != 0 && (step->how == BRANCH || step->how == COUNT))
            break; /* the search may have found meanwhile what settles the tier */
    }
    jc_mip_end();
}

const struct jc_totals *jc_prover_bound(const struct jc_prover *p) {
    return &p->bound;
}

int64_t jc_prover_cost_now(const struct jc_prover *p) {
    return atomic_load(&p->told_cost);
}

const struct jc_snapshot *jc_prover_plan(const struct jc_prover *p) {
    return p->plan;
}

Jc__SearchPhase jc_prover_phase(const struct jc_prover *p) {
    return (Jc__SearchPhase)atomic_load(&p->phase);
}
