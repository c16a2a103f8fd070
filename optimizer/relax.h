/* The relaxed problem of a tier: its value and its slopes at any prices (formulas (10)-(16) of
 * docs/OPTIMIZER.md).
 *
 * Loads, years, quotas and the choice between teams are priced instead of enforced. What is left falls apart
 * into *parts*: the blocks (a team in a district), the units of a team without district, the draws, and a
 * convex function for each load, year and quota. Whatever the prices are, the value is a lower bound; all of it
 * is integer arithmetic, so rounding can only make prices worse, never the bound wrong. */
#ifndef JC_OPTIMIZER_RELAX_H
#define JC_OPTIMIZER_RELAX_H

#include <stdatomic.h>

#include "optimizer/accord.h"
#include "optimizer/convex.h"
#include "optimizer/state.h"

/* Which tier is bounded. The tiers before it are held at the values given. */
enum jc_tier { JC_TIER_OVER, JC_TIER_QUOTA, JC_TIER_COST };

enum {
    JC_RELAX_UNIT = 100000, /* what one of tier 2 or 3 is worth in prices */
    JC_RELAX_VISIT = 200,   /* hundredths of a workday of a typical visit */
};

struct jc_relax {
    const struct jc_instance *in;
    enum jc_tier tier;
    struct jc_totals held;

    /* Prices: of cells (team * 12 + m), years, quotas, units of several teams, what exceeds limits, what misses
     * quotas. Set `price` within least..most before an evaluation; `slope` is its result. */
    size_t n, at_year, at_quota, at_unit, at_held;
    int64_t *price, *slope;
    int64_t *least, *most;   /* where a price can be of use and no product leaves int64; equal if it has no part */
    double *scale;           /* how much of it a typical visit uses */
    struct jc_convex *curve; /* by cell, year and quota */

    /* of the evaluation */
    struct jc_blocks *blocks;
    struct jc_accord *accord;
    bool agreeing; /* blocks and months are priced into agreement; only where jc_accord_fits */
    bool cheapest; /* openings cost nothing: units of several teams have no price, the cheapest team serves them */
    struct jc_duals duals;
    struct jc_usage usage;
    int32_t *sigma; /* by unit: its price from at_unit on; -1 if one team alone can serve it */
    struct jc_capacity *capacity;

    /* of the instance */
    int64_t *room;      /* |price| may not pass this */
    int64_t *top;       /* by cell and year: the most work it can get */
    int64_t *other_top; /* by cell: of it, slots and partial joins */
    int64_t *need;      /* by team: its work if shared units are shared evenly */
    int64_t *grain;     /* by team: every load is a multiple */
    int64_t fine;       /* prices and values count 1/fine of the tier's e5 */
};

/* NULL without memory. */
struct jc_relax *jc_relax_new(const struct jc_instance *in, struct jc_arena *arena);

/* How many prices there are to find; `cheapest` as it would be. */
size_t jc_relax_prices(const struct jc_relax *r, bool cheapest);

/* Turns to a tier, with the tiers before it at `held`, which must be the best possible. Prices are a first
 * guess. Fails only without memory. */
enum jc_code jc_relax_begin(struct jc_relax *r, enum jc_tier tier, const struct jc_totals *held, struct jc_err *err);

/* What the parts of an evaluation did, one by one: blocks by pair, then teams, then draws. */
struct jc_parts {
    size_t n;
    int64_t *value; /* at the prices */
    struct jc_usage *usage;
};
bool jc_parts_init(struct jc_parts *p, const struct jc_instance *in, struct jc_arena *arena);

/* The value at the present prices; fills the slopes, and `parts` unless NULL. False if *stop became true. */
bool jc_relax_evaluate(struct jc_relax *r, struct jc_parts *parts, const atomic_bool *stop, int64_t *value);

/* The price of what exceeds in curve i; fixed in the tier it belongs to. */
int64_t jc_relax_excess_price(const struct jc_relax *r, size_t i);

/* The index of that price, 0 if it is fixed. */
size_t jc_relax_excess_index(const struct jc_relax *r, size_t i);

/* Work of an evaluation as it stands, in the search's unit. */
int64_t jc_relax_work(const struct jc_relax *r);

#endif
