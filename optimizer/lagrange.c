/* Formulas (10)-(16) of docs/OPTIMIZER.md.
 *
 * Prices are e5 (or, for tiers 2 and 3, thousandths of the tier's unit) for each hundredth of a workday
 * in a cell or a year, each count of a quota, and each unit that several blocks could serve. Evaluation:
 * every entry (a unit in a block) prices its patterns, a subset-minimum transform turns them into "best
 * within these open months", the block adds them up and takes the best set. A step costs 24,000 minimums
 * for each entry. Prices are clipped so that no product leaves int64; clipping is always allowed. */
#include "optimizer/lagrange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/capacity.h"

enum {
    SETS = 1 << JC_MONTHS,
    UNIT = 100000,       /* what one of tier 2 or 3 is worth in prices */
    TYPICAL_VISIT = 200, /* hundredths of a workday; prices of cells are scaled by it */
    STEPS_MAX = 450,     /* by then prices move by a thousandth of the first pace */
};
#define KEEP_MEAN 0.9
#define KEEP_SQUARE 0.95
#define SLOWER 0.985
#define CAP (INT64_C(1) << 55)  /* no set of months, or more than anything costs */
#define ROOM (INT64_C(1) << 52) /* what a price may make of all work */

/* A unit in a block, with the choices it has there. */
struct entry {
    int32_t unit;
    int32_t sigma;     /* its equality, -1 if no other block can serve it */
    uint32_t first, n; /* into choice_ids */
};

struct block {
    uint32_t first, n; /* into entries */
    int32_t pair;      /* -1: no district */
};

/* A price with its subgradient and its direction. */
struct dual {
    int64_t price;
    int64_t slope;       /* of this evaluation */
    double mean, square; /* of late slopes, in units of scale */
    double scale;        /* the slope of a typical visit */
    int64_t room;        /* |price| may not pass this, or products would leave int64 */
};

struct jc_lagrange {
    const struct jc_instance *in;
    struct entry *entries;
    int32_t *choice_ids;
    struct block *blocks;
    size_t n_entries, n_blocks;
    int64_t *top; /* by cell: the most work it can get */
    int64_t *year_top;
    int64_t *need;                /* by team: its work if shared units are shared evenly */
    int32_t *count_top;           /* by quota */
    int64_t *grain;               /* by team: every load is a multiple */
    struct jc_capacity *capacity; /* by pair */

    struct dual *duals; /* cells, years, quotas, sigmas, over, quota */
    size_t n_duals, at_year, at_quota, at_sigma, at_held;

    enum jc_tier tier;
    struct jc_totals held;
    bool hard_over, hard_quota; /* the held tier is 0, so its limits bind one by one */
    int64_t balance, travel;    /* weights of this tier's objective */
    int64_t soft_over, soft_quota;
    double pace; /* how far a price moves in a step */
    double mean_left, square_left;
    int steps;
    int64_t bound; /* scaled */

    int64_t best_of[SETS], total[SETS];
    int64_t by_join[JC_MONTHS][SETS];
};

/* --- what a visit costs at these prices ------------------------------------------------------------- */

static int64_t cell_dual(const struct jc_lagrange *l, int32_t team, int m) {
    return l->duals[(size_t)team * JC_MONTHS + (size_t)m].price + l->duals[l->at_year + (size_t)team].price;
}

static int64_t list_dual(const struct jc_lagrange *l, const struct jc_month_list *list, int m) {
    int64_t sum = 0;
    for (int i = list->first[m]; i < list->first[m + 1]; i++)
        sum += l->duals[l->at_quota + (size_t)list->ids[i]].price;
    return sum;
}

static int64_t join_cost(const struct jc_lagrange *l, const struct jc_join *join, int m, bool remote) {
    int64_t cost = cell_dual(l, join->team, m) * join->work;
    if (join->quotas)
        cost += list_dual(l, join->quotas, m);
    if (join->remote && remote) {
        int64_t heals = list_dual(l, join->remote, m);
        cost += heals < 0 ? heals : 0;
    }
    return cost;
}

/* What being remote would add to a visit of an ordinary unit; it is taken where negative. */
static int64_t remote_cost(const struct jc_lagrange *l, const struct jc_plan_unit *u, const struct jc_choice *c,
                           int m) {
    int64_t cost = c->remote ? list_dual(l, c->remote, m) : 0;
    for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
        if (l->in->joins[j].remote && l->in->joins[j].visits)
            cost += list_dual(l, l->in->joins[j].remote, m);
    return cost;
}

/* Months' costs of a choice; returns the cost all its patterns share. */
static int64_t month_costs(const struct jc_lagrange *l, const struct jc_plan_unit *u, const struct jc_choice *c,
                           int64_t cost[JC_MONTHS]) {
    for (uint32_t left = c->patterns->any; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        int64_t sum = cell_dual(l, c->team, m) * u->work;
        if (l->tier == JC_TIER_COST)
            sum += jc_visit_e5(l->in, u, c, m);
        if (c->visits)
            sum += list_dual(l, c->visits, m);
        for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
            if (l->in->joins[j].visits)
                sum += join_cost(l, &l->in->joins[j], m, false);
        if (l->in->has_remote) {
            int64_t heals = remote_cost(l, u, c, m);
            sum += heals < 0 ? heals : 0;
        }
        cost[m] = sum;
    }
    int64_t shared = l->tier == JC_TIER_COST ? c->fixed_e5 : 0;
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        shared += l->duals[l->at_quota + (size_t)c->unit_quotas[i]].price;
    return shared;
}

static int64_t pattern_cost(const struct jc_patterns *set, int i, const int64_t cost[JC_MONTHS]) {
    int64_t sum = 0;
    for (int v = 0; v < set->visits; v++)
        sum += cost[set->months[i * set->visits + v]];
    return sum;
}

/* best[Z] becomes the minimum over all subsets of Z. */
static void subset_minimum(int64_t best[SETS]) {
    for (int bit = 1; bit < SETS; bit <<= 1)
        for (int high = bit; high < SETS; high += 2 * bit)
            for (int i = 0; i < bit; i++) {
                int64_t without = best[high - bit + i];
                if (without < best[high + i])
                    best[high + i] = without;
            }
}

/* For a unit whose joins take part in some visits: by_join[j][Z], the join's best months within Z. */
static void price_partial_joins(struct jc_lagrange *l, const struct jc_plan_unit *u) {
    for (uint32_t j = 0; j < u->n_joins; j++) {
        const struct jc_join *join = &l->in->joins[u->first_join + j];
        int64_t cost[JC_MONTHS];
        int64_t *best = l->by_join[j];
        for (int m = 0; m < JC_MONTHS; m++)
            cost[m] = join_cost(l, join, m, true);
        for (int z = 0; z < SETS; z++)
            best[z] = CAP;
        for (int i = 0; i < join->patterns->n; i++)
            best[join->patterns->masks[i]] = pattern_cost(join->patterns, i, cost);
        subset_minimum(best);
    }
}

static int64_t partial_cost(const struct jc_lagrange *l, const struct jc_plan_unit *u, uint32_t mask) {
    int64_t sum = 0;
    for (uint32_t j = 0; mask && j < u->n_joins; j++)
        if (l->in->joins[u->first_join + j].visits)
            sum += l->by_join[j][mask];
    return sum;
}

/* best_of[Z]: the cheapest way to serve the entry within the open months Z. */
static void price_entry(struct jc_lagrange *l, const struct entry *e) {
    const struct jc_plan_unit *u = &l->in->units[e->unit];
    for (int z = 0; z < SETS; z++)
        l->best_of[z] = CAP;
    if (u->partial)
        price_partial_joins(l, u);
    for (uint32_t i = e->first; i < e->first + e->n; i++) {
        const struct jc_choice *c = &l->in->choices[l->choice_ids[i]];
        int64_t cost[JC_MONTHS];
        int64_t shared = month_costs(l, u, c, cost);
        for (int p = 0; p < c->patterns->n; p++) {
            uint32_t mask = c->patterns->masks[p];
            int64_t sum = shared + pattern_cost(c->patterns, p, cost);
            if (u->partial)
                sum += partial_cost(l, u, mask);
            if (sum < l->best_of[mask])
                l->best_of[mask] = sum;
        }
    }
    subset_minimum(l->best_of);
}

/* --- booking what the relaxed plan does ---------------------------------------------------------------- */

static void book_work(struct jc_lagrange *l, int32_t team, int m, int64_t work) {
    l->duals[(size_t)team * JC_MONTHS + (size_t)m].slope += work;
    l->duals[l->at_year + (size_t)team].slope += work;
}

static void book_list(struct jc_lagrange *l, const struct jc_month_list *list, int m, int64_t n) {
    for (int i = list->first[m]; i < list->first[m + 1]; i++)
        l->duals[l->at_quota + (size_t)list->ids[i]].slope += n;
}

static void book_join(struct jc_lagrange *l, const struct jc_join *join, uint32_t mask, uint32_t remote) {
    for (uint32_t left = mask; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        book_work(l, join->team, m, join->work);
        if (join->quotas)
            book_list(l, join->quotas, m, 1);
        if (join->remote && remote >> m & 1)
            book_list(l, join->remote, m, 1);
    }
}

/* The months a partial join takes within `mask`, and those of them it would want remote. */
static void book_partial_joins(struct jc_lagrange *l, const struct jc_plan_unit *u, uint32_t mask) {
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &l->in->joins[j];
        int64_t cost[JC_MONTHS], best = CAP;
        uint32_t chosen = 0, remote = 0;
        for (int m = 0; m < JC_MONTHS; m++) {
            cost[m] = join_cost(l, join, m, true);
            remote |= join->remote && list_dual(l, join->remote, m) < 0 ? 1u << m : 0;
        }
        for (int i = 0; i < join->patterns->n; i++) {
            int64_t sum = join->patterns->masks[i] & ~mask ? CAP : pattern_cost(join->patterns, i, cost);
            if (sum < best) {
                best = sum;
                chosen = join->patterns->masks[i];
            }
        }
        book_join(l, join, chosen, remote);
    }
}

static void book_visits(struct jc_lagrange *l, const struct jc_plan_unit *u, const struct jc_choice *c, uint32_t mask) {
    uint32_t remote = 0;
    for (uint32_t left = mask; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        book_work(l, c->team, m, u->work);
        if (c->visits)
            book_list(l, c->visits, m, 1);
        if (l->in->has_remote && remote_cost(l, u, c, m) < 0) {
            remote |= 1u << m;
            if (c->remote)
                book_list(l, c->remote, m, 1);
        }
    }
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        l->duals[l->at_quota + (size_t)c->unit_quotas[i]].slope++;
    for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
        if (l->in->joins[j].visits)
            book_join(l, &l->in->joins[j], mask, remote);
    if (u->partial && mask)
        book_partial_joins(l, u, mask);
}

/* Books the cheapest pattern of the entry within Z, if the entry takes part. */
static void book_entry(struct jc_lagrange *l, const struct entry *e, uint32_t z) {
    const struct jc_plan_unit *u = &l->in->units[e->unit];
    int64_t best = e->sigma < 0 ? CAP : l->duals[l->at_sigma + (size_t)e->sigma].price;
    const struct jc_choice *chosen = NULL;
    uint32_t mask = 0;
    if (u->partial)
        price_partial_joins(l, u);
    for (uint32_t i = e->first; i < e->first + e->n; i++) {
        const struct jc_choice *c = &l->in->choices[l->choice_ids[i]];
        int64_t cost[JC_MONTHS];
        int64_t shared = month_costs(l, u, c, cost);
        for (int p = 0; p < c->patterns->n; p++) {
            if (c->patterns->masks[p] & ~z)
                continue;
            int64_t sum = shared + pattern_cost(c->patterns, p, cost);
            if (u->partial)
                sum += partial_cost(l, u, c->patterns->masks[p]);
            if (sum < best) {
                best = sum;
                chosen = c;
                mask = c->patterns->masks[p];
            }
        }
    }
    if (!chosen)
        return;
    if (e->sigma >= 0)
        l->duals[l->at_sigma + (size_t)e->sigma].slope--;
    book_visits(l, u, chosen, mask);
}

/* --- the parts of the dual function ---------------------------------------------------------------------- */

static int64_t block_value(struct jc_lagrange *l, const struct block *b) {
    for (uint32_t z = 0; z < SETS; z++) {
        l->total[z] = b->pair >= 0 ? l->travel * __builtin_popcount(z) : 0;
        if (b->pair >= 0 && l->tier == JC_TIER_COST && !jc_capacity_allows(&l->capacity[b->pair], z))
            l->total[z] = CAP;
    }
    for (uint32_t i = b->first; i < b->first + b->n; i++) {
        const struct entry *e = &l->entries[i];
        price_entry(l, e);
        int64_t sigma = e->sigma < 0 ? 0 : l->duals[l->at_sigma + (size_t)e->sigma].price;
        int64_t free = e->sigma < 0 ? CAP : 0; /* what staying away costs */
        for (int z = 0; z < SETS; z++) {
            int64_t add = l->best_of[z] - sigma;
            add = add < free ? add : free;
            int64_t sum = l->total[z] + add;
            l->total[z] = sum < CAP ? sum : CAP;
        }
    }
    uint32_t best = 0;
    for (uint32_t z = 1; z < SETS; z++)
        if (l->total[z] < l->total[best])
            best = z;
    for (uint32_t i = b->first; i < b->first + b->n; i++)
        book_entry(l, &l->entries[i], best);
    return l->total[best];
}

static int64_t beyond(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

/* min over x in {0, grain, …, top} of f(x) - price · x for a convex f with corners at `corners`. */
struct line {
    int64_t target, limit; /* |x - target| · balance (target -1: none), beyond(x, limit) · over */
    int64_t balance, over;
    int64_t price;
};

static int64_t line_at(const struct line *f, int64_t x) {
    int64_t y = f->over * beyond(x, f->limit) - f->price * x;
    return f->target >= 0 ? y + f->balance * llabs(x - f->target) : y;
}

static int64_t line_minimum(const struct line *f, int64_t top, int64_t grain, int64_t *at) {
    int64_t corners[] = {0, f->target, f->limit, top};
    int64_t best = INT64_MAX;
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++)
        for (int up = 0; up < 2; up++) {
            int64_t x = corners[i] > top ? top : corners[i];
            x = x < 0 ? 0 : (x / grain + up) * grain;
            x = x > top ? top / grain * grain : x;
            int64_t y = line_at(f, x);
            if (y < best) {
                best = y;
                *at = x;
            }
        }
    return best;
}

/* What a violation of the tier costs in this tier's problem. */
static int64_t over_price(const struct jc_lagrange *l) {
    return l->tier == JC_TIER_OVER ? UNIT : l->hard_over ? 0 : l->duals[l->at_held].price;
}

static int64_t miss_price(const struct jc_lagrange *l) {
    return l->tier == JC_TIER_OVER ? 0 : l->tier == JC_TIER_QUOTA ? UNIT : l->duals[l->at_held + 1].price;
}

/* Cells and years; books the over-work they choose where it is priced. */
static int64_t lines_value(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    struct dual *held = &l->duals[l->at_held];
    int64_t sum = 0;
    for (size_t i = 0; i < l->at_quota; i++) { /* cells, then years */
        bool year = i >= l->at_year;
        size_t team = year ? i - l->at_year : i / JC_MONTHS;
        int64_t limit = year ? in->year_limit[team] : in->limit[i];
        int64_t top = year ? l->year_top[team] : l->top[i];
        struct line f = {year ? -1 : in->target[i], limit, l->balance, over_price(l), l->duals[i].price};
        if (l->hard_over && l->tier != JC_TIER_OVER && top > limit)
            top = limit;
        int64_t x = 0;
        sum += line_minimum(&f, top, l->grain[team], &x);
        l->duals[i].slope -= x;
        held->slope += beyond(x, limit);
    }
    return sum;
}

static int64_t miss(int64_t lo, int64_t hi, int64_t n) {
    return n < lo ? lo - n : n > hi ? n - hi : 0;
}

static int64_t quotas_value(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    struct dual *held = &l->duals[l->at_held + 1];
    bool hard = l->tier == JC_TIER_COST && l->hard_quota;
    int64_t sum = 0;
    for (int32_t q = 0; q < in->n_quotas; q++) {
        int64_t lo = in->quota_min[q], hi = in->quota_max[q], top = l->count_top[q];
        int64_t corners[] = {0, lo, hi, top};
        int64_t best = INT64_MAX, at = 0;
        struct dual *d = &l->duals[l->at_quota + (size_t)q];
        for (int i = 0; i < 4; i++) {
            int64_t n = corners[i] > top ? top : corners[i];
            if (hard && miss(lo, hi, n))
                continue;
            int64_t y = miss_price(l) * miss(lo, hi, n) - d->price * n;
            if (y < best) {
                best = y;
                at = n;
            }
        }
        if (best == INT64_MAX) /* no count can hold it: the held tier is not 0 after all */
            best = 0;
        sum += best;
        d->slope -= at;
        held->slope += miss(lo, hi, at);
    }
    return sum;
}

/* What one more slot in month m would cost, and for how many of them. */
static int64_t slot_cost(const struct jc_lagrange *l, const struct jc_plan_draw *d, const int64_t cost[JC_MONTHS],
                         int m, int32_t slots, int64_t *many) {
    int64_t kept = d->in_force[m] - slots; /* those that are no change */
    if (l->tier != JC_TIER_COST)
        return cost[m];
    if (kept > 0 && *many > kept)
        *many = kept;
    return cost[m] + jc_slot_e5(l->in, d, m, slots);
}

/* The cheapest months for a draw's slots: minimums first, then the cheapest rest. */
static int64_t draw_value(struct jc_lagrange *l, int32_t draw) {
    const struct jc_plan_draw *d = &l->in->draws[draw];
    int64_t cost[JC_MONTHS], sum = 0;
    int32_t slots[JC_MONTHS];
    int64_t left = d->sample;
    for (int m = 0; m < JC_MONTHS; m++) {
        cost[m] = cell_dual(l, d->team, m) * d->work + (d->quotas ? list_dual(l, d->quotas, m) : 0);
        slots[m] = d->pinned[m];
        left -= slots[m];
    }
    for (int pass = 0; pass < 2; pass++) /* what minimums ask, then the rest */
        while (left > 0) {
            int best = -1;
            int64_t many = 0, least = INT64_MAX;
            for (int m = 0; !d->row->n_windows && m < JC_MONTHS; m++) {
                int64_t most = left, one = slot_cost(l, d, cost, m, slots[m], &most);
                if (one < least) {
                    least = one;
                    best = m;
                    many = most;
                }
            }
            for (size_t w = 0; w < d->row->n_windows; w++) {
                const Jc__TimeWindow *win = d->row->windows[w];
                int64_t inside = 0;
                for (uint32_t b = win->months; b; b &= b - 1)
                    inside += slots[__builtin_ctz(b)];
                int64_t room = (pass ? win->max : win->min) - inside;
                for (uint32_t b = win->months; room > 0 && b; b &= b - 1) {
                    int m = __builtin_ctz(b);
                    int64_t most = room < left ? room : left, one = slot_cost(l, d, cost, m, slots[m], &most);
                    if (one < least) {
                        least = one;
                        best = m;
                        many = most;
                    }
                }
            }
            if (best < 0)
                break;
            slots[best] += (int32_t)many;
            left -= many;
        }
    for (int m = 0; m < JC_MONTHS; m++) {
        int64_t changed = slots[m] - d->in_force[m];
        sum += cost[m] * slots[m];
        sum += l->tier == JC_TIER_COST && changed > 0 ? changed * l->in->change_e5 : 0;
        book_work(l, d->team, m, d->work * slots[m]);
        if (d->quotas)
            book_list(l, d->quotas, m, slots[m]);
    }
    return sum;
}

/* --- evaluation and step -------------------------------------------------------------------------------- */

/* The dual function at the present prices; fills the slopes. False if it was stopped. */
static bool evaluate(struct jc_lagrange *l, const atomic_bool *stop, int64_t *out) {
    int64_t value = 0;
    for (size_t i = 0; i < l->n_duals; i++)
        l->duals[i].slope = 0;
    for (size_t b = 0; b < l->n_blocks; b++) {
        if (atomic_load(stop))
            return false;
        value += block_value(l, &l->blocks[b]);
    }
    for (int32_t d = 0; d < l->in->n_draws; d++)
        value += draw_value(l, d);
    value += lines_value(l) + quotas_value(l);
    for (size_t i = l->at_sigma; i < l->at_held; i++) {
        l->duals[i].slope++;
        value += l->duals[i].price;
    }
    if (l->tier != JC_TIER_OVER && !l->hard_over) {
        value -= l->duals[l->at_held].price * l->held.over;
        l->duals[l->at_held].slope -= l->held.over;
    }
    if (l->tier == JC_TIER_COST && !l->hard_quota) {
        value -= l->duals[l->at_held + 1].price * l->held.quota;
        l->duals[l->at_held + 1].slope -= l->held.quota;
    }
    *out = value;
    return true;
}

/* Is the price part of this tier's problem? */
static bool in_play(const struct jc_lagrange *l, size_t i) {
    if (i == l->at_held)
        return l->tier != JC_TIER_OVER && !l->hard_over;
    if (i == l->at_held + 1)
        return l->tier == JC_TIER_COST && !l->hard_quota;
    if (i >= l->at_quota && i < l->at_sigma)
        return l->tier != JC_TIER_OVER;
    return true;
}

/* Where a price can be of use: within the slopes of the function it belongs to. Beyond them the bound
 * only falls, and steeply. */
static void useful_range(const struct jc_lagrange *l, size_t i, int64_t *least, int64_t *most) {
    const struct jc_instance *in = l->in;
    *least = -l->duals[i].room;
    *most = l->duals[i].room;
    if (i < l->at_quota) {
        int64_t limit = i < l->at_year ? in->limit[i] : in->year_limit[i - l->at_year];
        int64_t off = i < l->at_year && in->target[i] >= 0 ? l->balance : 0;
        bool hard = l->tier != JC_TIER_OVER && l->hard_over && limit < JC_NO_LIMIT;
        *least = -off;
        if (!hard)
            *most = off + (limit < JC_NO_LIMIT ? over_price(l) : 0);
    } else if (i < l->at_sigma) {
        bool hard = l->tier == JC_TIER_COST && l->hard_quota;
        if (!hard || in->quota_min[i - l->at_quota] == 0)
            *least = in->quota_min[i - l->at_quota] > 0 ? -miss_price(l) : 0;
        if (!hard || in->quota_max[i - l->at_quota] == INT32_MAX)
            *most = in->quota_max[i - l->at_quota] < INT32_MAX ? miss_price(l) : 0;
    } else if (i >= l->at_held) {
        *least = 0;
    }
    if (*most > l->duals[i].room)
        *most = l->duals[i].room;
    if (*least < -l->duals[i].room)
        *least = -l->duals[i].room;
}

/* One step of Adam (Kingma and Ba) on the slopes: every price moves by about `pace`, towards where its
 * slope has pointed lately. Ordinary subgradient steps get stuck 7 % lower (docs/OPTIMIZER.md). */
static void move_price(struct jc_lagrange *l, size_t i) {
    struct dual *d = &l->duals[i];
    int64_t least, most;
    useful_range(l, i, &least, &most);
    double slope = (double)d->slope / d->scale;
    d->mean = KEEP_MEAN * d->mean + (1 - KEEP_MEAN) * slope;
    d->square = KEEP_SQUARE * d->square + (1 - KEEP_SQUARE) * slope * slope;
    double mean = d->mean / (1 - l->mean_left), square = d->square / (1 - l->square_left);
    double price = (double)d->price + l->pace * mean / (sqrt(square) + 1e-3) / d->scale;
    d->price = (int64_t)llround(price < (double)least ? (double)least : price > (double)most ? (double)most : price);
}

bool jc_lagrange_step(struct jc_lagrange *l, const atomic_bool *stop) {
    int64_t value;
    if (!evaluate(l, stop, &value))
        return true;
    l->bound = value > l->bound ? value : l->bound;
    l->mean_left *= KEEP_MEAN;
    l->square_left *= KEEP_SQUARE;
    bool flat = true;
    for (size_t i = 0; i < l->n_duals; i++) {
        if (!in_play(l, i))
            continue;
        flat &= l->duals[i].slope == 0;
        move_price(l, i);
    }
    l->pace *= SLOWER;
    return !flat && ++l->steps < STEPS_MAX;
}

int64_t jc_lagrange_bound(const struct jc_lagrange *l) {
    if (l->bound <= 0)
        return 0;
    return l->tier == JC_TIER_COST ? l->bound : (l->bound + UNIT - 1) / UNIT;
}

int64_t jc_lagrange_step_work(const struct jc_lagrange *l) {
    return (int64_t)l->n_entries * 1500 + 1500;
}

/* --- set-up ------------------------------------------------------------------------------------------------ */

/* Starts tier 2 from the prices that would prove it if all overload were unavoidable: full price in the
 * months and the year of every team with more work than its limits. */
static void start_over(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    for (int32_t k = 0; k < in->n_teams; k++) {
        int64_t months = 0;
        for (int m = 0; m < JC_MONTHS; m++)
            months = months + in->limit[k * JC_MONTHS + m] < JC_NO_LIMIT ? months + in->limit[k * JC_MONTHS + m]
                                                                         : JC_NO_LIMIT;
        for (int m = 0; m < JC_MONTHS && l->need[k] > months; m++)
            l->duals[k * JC_MONTHS + m].price = UNIT;
        if (l->need[k] > in->year_limit[k])
            l->duals[l->at_year + (size_t)k].price = UNIT;
    }
    for (size_t i = 0; i < l->n_entries; i++) { /* each unit is worth its cheapest team */
        const struct entry *e = &l->entries[i];
        if (e->sigma < 0)
            continue;
        struct dual *d = &l->duals[l->at_sigma + (size_t)e->sigma];
        price_entry(l, e);
        if (d->price == 0 || l->best_of[SETS - 1] < d->price)
            d->price = l->best_of[SETS - 1];
    }
}

enum jc_code jc_lagrange_begin(struct jc_lagrange *l, enum jc_tier tier, const struct jc_totals *held, int64_t scale,
                               struct jc_err *err) {
    l->tier = tier;
    l->held = *held;
    l->hard_over = held->over == 0;
    l->hard_quota = held->quota == 0;
    l->balance = tier == JC_TIER_COST ? l->in->balance_e5 : 0;
    l->travel = tier == JC_TIER_COST ? l->in->travel_e5 : 0;
    l->bound = INT64_MIN;
    l->pace = (double)(tier == JC_TIER_COST ? scale : tier == JC_TIER_OVER ? UNIT * TYPICAL_VISIT : UNIT) / 8;
    l->mean_left = l->square_left = 1;
    l->steps = 0;
    for (size_t i = 0; i < l->n_duals; i++) {
        l->duals[i].price = 0;
        l->duals[i].mean = l->duals[i].square = 0;
    }
    if (tier == JC_TIER_OVER)
        start_over(l);
    return tier == JC_TIER_COST ? jc_capacity_find(l->in, l->hard_over, l->hard_quota, l->capacity, err) : JC_OK;
}

/* Adds the unit's entries: one for each pair it has choices in, one for choices outside all districts. */
static bool add_entries(struct jc_lagrange *l, struct jc_arena *arena, int32_t unit, int32_t *pairs, size_t *room,
                        size_t *id_room, size_t *n_ids) {
    const struct jc_instance *in = l->in;
    const struct jc_plan_unit *u = &in->units[unit];
    size_t before = l->n_entries;
    for (uint32_t c = 0; c < u->n_choices; c++) {
        int32_t pair = in->choices[u->first_choice + c].pair;
        bool seen = false;
        for (uint32_t d = 0; d < c && !seen; d++)
            seen = in->choices[u->first_choice + d].pair == pair;
        if (seen)
            continue;
        struct entry *e = jc_arena_push(arena, (void **)&l->entries, &l->n_entries, room, sizeof *e);
        if (!e)
            return false;
        *e = (struct entry){unit, -1, (uint32_t)*n_ids, 0};
        pairs[l->n_entries - 1] = pair;
        for (uint32_t d = c; d < u->n_choices; d++)
            if (in->choices[u->first_choice + d].pair == pair) {
                int32_t *id = jc_arena_push(arena, (void **)&l->choice_ids, n_ids, id_room, sizeof *id);
                if (!id)
                    return false;
                *id = (int32_t)(u->first_choice + d);
                e->n++;
            }
    }
    if (l->n_entries - before > 1) {
        for (size_t i = before; i < l->n_entries; i++)
            l->entries[i].sigma = (int32_t)(l->at_held - l->at_sigma);
        l->at_held++;
    }
    return true;
}

/* Sorts entries into blocks: by pair, and one block for each entry without district. */
static bool make_blocks(struct jc_lagrange *l, struct jc_arena *arena, const int32_t *pairs) {
    size_t n_pairs = (size_t)l->in->n_pairs;
    uint32_t *count = JC_NEW_ARRAY(arena, n_pairs + 1, uint32_t);
    struct entry *sorted = JC_NEW_ARRAY(arena, l->n_entries + 1, struct entry);
    l->blocks = JC_NEW_ARRAY(arena, n_pairs + l->n_entries + 1, struct block);
    if (!count || !sorted || !l->blocks)
        return false;
    uint32_t at = 0;
    for (size_t i = 0; i < l->n_entries; i++)
        if (pairs[i] >= 0)
            count[pairs[i]]++;
    for (size_t p = 0; p < n_pairs; p++) {
        l->blocks[p] = (struct block){at, 0, (int32_t)p};
        at += count[p];
    }
    l->n_blocks = n_pairs;
    for (size_t i = 0; i < l->n_entries; i++) {
        struct block *b = &l->blocks[pairs[i] >= 0 ? (size_t)pairs[i] : l->n_blocks];
        if (pairs[i] < 0)
            *b = (struct block){at++, 0, -1}, l->n_blocks++;
        sorted[b->first + b->n++] = l->entries[i];
    }
    l->entries = sorted;
    return true;
}

static int64_t gcd(int64_t a, int64_t b) {
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* The most each cell, year and quota can get, and the grain of each team's loads. */
static void add_tops(struct jc_lagrange *l, int32_t team, int64_t work, uint32_t months, int64_t times) {
    for (uint32_t left = months; left; left &= left - 1)
        l->top[(size_t)team * JC_MONTHS + (size_t)__builtin_ctz(left)] += work * times;
    l->year_top[team] += work * times * __builtin_popcount(months);
    if (months)
        l->grain[team] = gcd(l->grain[team], work);
}

static void count_tops(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    for (uint32_t u = 0; u < (uint32_t)in->n_units; u++) {
        const struct jc_plan_unit *unit = &in->units[u];
        uint32_t any = 0;
        for (uint32_t c = unit->first_choice; c < unit->first_choice + unit->n_choices; c++) {
            any |= in->choices[c].patterns->any;
            l->need[in->choices[c].team] += unit->work * in->choices[c].patterns->visits / unit->n_choices;
            add_tops(l, in->choices[c].team, unit->work, in->choices[c].patterns->any, 1);
        }
        for (uint32_t j = unit->first_join; j < unit->first_join + unit->n_joins; j++)
            if (in->joins[j].visits) {
                l->need[in->joins[j].team] += in->joins[j].work * in->joins[j].visits;
                add_tops(l, in->joins[j].team, in->joins[j].work, any, 1);
            }
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        l->need[in->draws[d].team] += in->draws[d].work * in->draws[d].sample;
    for (int32_t d = 0; d < in->n_draws; d++)
        add_tops(l, in->draws[d].team, in->draws[d].work, in->draws[d].sample ? in->draws[d].covered : 0,
                 in->draws[d].sample);
    for (int32_t q = 0; q < in->n_quotas; q++)
        l->count_top[q] = INT32_MAX / 4;
    for (int32_t k = 0; k < in->n_teams; k++)
        l->grain[k] = l->grain[k] > 0 ? l->grain[k] : 1;
}

/* Rooms and scales of the prices. */
static void range_duals(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    int64_t all = 1;
    for (int32_t k = 0; k < in->n_teams; k++)
        all += l->year_top[k];
    int64_t visits = (int64_t)in->most_visits + (int64_t)in->n_slots + 1;
    for (size_t i = 0; i < l->n_duals; i++) {
        struct dual *d = &l->duals[i];
        bool work = i < l->at_quota || i == l->at_held;
        int64_t room = ROOM / (work ? all : i < l->at_sigma ? visits * 16 : visits);
        *d = (struct dual){.room = room, .scale = 1};
        if (i < l->at_year)
            d->scale = TYPICAL_VISIT;
        else if (i < l->at_quota || i == l->at_held)
            d->scale = 4 * TYPICAL_VISIT;
    }
    for (size_t i = 0; i < l->n_entries; i++) { /* a unit with much work has a high price */
        const struct jc_plan_unit *u = &in->units[l->entries[i].unit];
        int64_t work = u->work * in->choices[u->first_choice].patterns->visits;
        if (l->entries[i].sigma >= 0 && work > TYPICAL_VISIT)
            l->duals[l->at_sigma + (size_t)l->entries[i].sigma].scale = (double)TYPICAL_VISIT / (double)work;
    }
}

struct jc_lagrange *jc_lagrange_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_lagrange *l = JC_NEW(arena, struct jc_lagrange);
    int32_t *pairs = JC_NEW_ARRAY(arena, in->n_choices + 1, int32_t);
    if (!l || !pairs)
        return NULL;
    l->in = in;
    l->at_year = (size_t)in->n_teams * JC_MONTHS;
    l->at_quota = l->at_year + (size_t)in->n_teams;
    l->at_sigma = l->at_quota + (size_t)in->n_quotas;
    l->at_held = l->at_sigma;
    size_t room = 0, id_room = 0, n_ids = 0;
    for (int32_t u = 0; u < in->n_units; u++)
        if (!add_entries(l, arena, u, pairs, &room, &id_room, &n_ids))
            return NULL;
    l->n_duals = l->at_held + 2;
    l->duals = JC_NEW_ARRAY(arena, l->n_duals, struct dual);
    l->top = JC_NEW_ARRAY(arena, l->at_year + 1, int64_t);
    l->year_top = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->need = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->capacity = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, struct jc_capacity);
    l->grain = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->count_top = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int32_t);
    if (!l->duals || !l->top || !l->year_top || !l->need || !l->capacity || !l->grain || !l->count_top ||
        !make_blocks(l, arena, pairs))
        return NULL;
    count_tops(l);
    range_duals(l);
    return l;
}
