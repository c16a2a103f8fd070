/* Formulas (10)-(16) of docs/OPTIMIZER.md.
 *
 * The prices of a step go to the blocks (block.h), which answer with what they cost and use; loads, years,
 * quotas and draws answer with the minimum of their own functions. What is used beyond what is there says
 * where a price should move. Prices are clipped so that no product leaves int64; clipping is always
 * allowed. */
#include "optimizer/lagrange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/accord.h"
#include "optimizer/block.h"
#include "optimizer/line.h"

enum {
    UNIT = 100000,       /* what one of tier 2 or 3 is worth in prices */
    TYPICAL_VISIT = 200, /* hundredths of a workday; prices of cells are scaled by it */
};

/* How prices move: at first by the scale of a decision / `part`, after each step slower. The blocks alone
 * first, then (tier 4) blocks and months in accord, from the best prices found. */
static const struct pace {
    double part, slower;
    int steps;
} paces[] = {{8, 0.985, 450}, {40, 0.9975, 2000}};
#define KEEP_MEAN 0.9
#define KEEP_SQUARE 0.95
#define ROOM (INT64_C(1) << 52) /* what a price may make of all work */

/* A price with its subgradient and its direction. */
struct dual {
    int64_t price;
    int64_t best;        /* the price that gave the best bound */
    int64_t slope;       /* of this evaluation */
    double mean, square; /* of late slopes, in units of scale */
    double scale;        /* the slope of a typical visit */
    int64_t room;        /* |price| may not pass this, or products would leave int64 */
};

struct jc_lagrange {
    const struct jc_instance *in;
    struct jc_blocks *blocks;
    struct jc_accord *accord;
    bool agreeing;         /* blocks and months are brought to agree */
    struct jc_duals at;    /* the prices as blocks see them */
    struct jc_usage usage; /* of the blocks and draws */
    int32_t *sigma;        /* by unit: its price, -1 if one team alone can serve it */
    int64_t *top;          /* by cell: the most work it can get */
    int64_t *other_top;    /* by cell: of it, slots and partial joins */
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
    double scale; /* what a decision costs, about */
    double pace;  /* how far a price moves in a step */
    double mean_left, square_left;
    int steps;
    int64_t bound; /* scaled */
};

/* --- the parts of the dual function ---------------------------------------------------------------------- */

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
        struct jc_line f = {year ? -1 : in->target[i], limit, l->balance, over_price(l), l->duals[i].price};
        if (l->hard_over && l->tier != JC_TIER_OVER && top > limit)
            top = limit;
        int64_t x = 0;
        if (l->agreeing && !year)
            sum += jc_accord_month(l->accord, (int32_t)team, (int)(i % JC_MONTHS), &f, l->other_top[i], top, &x);
        else
            sum += jc_line_minimum(&f, top, l->grain[team], &x);
        l->duals[i].slope -= x;
        held->slope += jc_beyond(x, limit);
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
        cost[m] = l->at.cell[(size_t)d->team * JC_MONTHS + (size_t)m] * d->work + jc_duals_list(&l->at, d->quotas, m);
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
        l->usage.cell[(size_t)d->team * JC_MONTHS + (size_t)m] += d->work * slots[m];
        jc_usage_add_list(&l->usage, d->quotas, m, slots[m]);
    }
    return sum;
}

/* --- evaluation and step -------------------------------------------------------------------------------- */

/* Hands the prices to the blocks. */
static void show_prices(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    for (size_t i = 0; i < l->at_year; i++)
        l->at.cell[i] = l->duals[i].price + l->duals[l->at_year + i / JC_MONTHS].price;
    for (int32_t q = 0; q < in->n_quotas; q++)
        l->at.quota[q] = l->duals[l->at_quota + (size_t)q].price;
    for (int32_t u = 0; u < in->n_units; u++)
        if (l->sigma[u] >= 0)
            l->at.unit[u] = l->duals[l->at_sigma + (size_t)l->sigma[u]].price;
    l->at.travel = l->travel;
    l->at.season = l->tier == JC_TIER_COST;
}

/* The slopes that come from the blocks and draws. */
static void take_slopes(struct jc_lagrange *l) {
    const struct jc_instance *in = l->in;
    for (size_t i = 0; i < l->n_duals; i++)
        l->duals[i].slope = 0;
    for (size_t i = 0; i < l->at_year; i++) {
        l->duals[i].slope = l->usage.cell[i];
        l->duals[l->at_year + i / JC_MONTHS].slope += l->usage.cell[i];
    }
    for (int32_t q = 0; q < in->n_quotas; q++)
        l->duals[l->at_quota + (size_t)q].slope = l->usage.quota[q];
    for (int32_t u = 0; u < in->n_units; u++)
        if (l->sigma[u] >= 0)
            l->duals[l->at_sigma + (size_t)l->sigma[u]].slope = 1 - l->usage.unit[u];
}

/* The dual function at the present prices; fills the slopes. False if it was stopped. */
static bool evaluate(struct jc_lagrange *l, const atomic_bool *stop, int64_t *out) {
    struct jc_openings openings = {.capacity = l->capacity};
    int64_t value = 0;
    show_prices(l);
    jc_usage_clear(&l->usage, l->in);
    for (int32_t k = 0; k < l->in->n_teams; k++) {
        if (atomic_load(stop))
            return false;
        value += l->agreeing ? jc_accord_blocks(l->accord, &l->at, k, &openings, &l->usage)
                             : jc_blocks_team(l->blocks, &l->at, k, l->travel ? &openings : NULL, &l->usage, NULL);
    }
    for (int32_t d = 0; d < l->in->n_draws; d++)
        value += draw_value(l, d);
    take_slopes(l);
    value += lines_value(l) + quotas_value(l);
    for (size_t i = l->at_sigma; i < l->at_held; i++)
        value += l->duals[i].price;
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

static void start_steps(struct jc_lagrange *l, bool agreeing) {
    l->agreeing = agreeing;
    l->pace = l->scale / paces[agreeing].part;
    l->mean_left = l->square_left = 1;
    l->steps = 0;
    for (size_t i = 0; i < l->n_duals; i++)
        l->duals[i].mean = l->duals[i].square = 0;
}

/* From the best prices of the blocks on, months are looked at, too. */
static bool start_accord(struct jc_lagrange *l) {
    if (l->agreeing || l->tier != JC_TIER_COST || !jc_accord_fits(l->accord))
        return false;
    start_steps(l, true);
    jc_accord_begin(l->accord);
    for (size_t i = 0; i < l->n_duals; i++)
        l->duals[i].price = l->duals[i].best;
    return true;
}

bool jc_lagrange_step(struct jc_lagrange *l, const atomic_bool *stop) {
    const struct pace *pace = &paces[l->agreeing];
    int64_t value;
    if (!evaluate(l, stop, &value))
        return true;
    for (size_t i = 0; i < l->n_duals && value > l->bound; i++)
        l->duals[i].best = l->duals[i].price;
    l->bound = value > l->bound ? value : l->bound;
    l->mean_left *= KEEP_MEAN;
    l->square_left *= KEEP_SQUARE;
    bool flat = !(l->agreeing && jc_accord_move(l->accord, l->pace, l->travel));
    for (size_t i = 0; i < l->n_duals; i++) {
        if (!in_play(l, i))
            continue;
        flat &= l->duals[i].slope == 0;
        move_price(l, i);
    }
    l->pace *= pace->slower;
    return (!flat && ++l->steps < pace->steps) || start_accord(l);
}

int64_t jc_lagrange_bound(const struct jc_lagrange *l) {
    if (l->bound <= 0)
        return 0;
    return l->tier == JC_TIER_COST ? l->bound : (l->bound + UNIT - 1) / UNIT;
}

int64_t jc_lagrange_step_work(const struct jc_lagrange *l) {
    size_t n;
    jc_blocks_entries(l->blocks, &n);
    return l->agreeing ? jc_accord_work(l->accord) : (int64_t)n * 1500 + 1500;
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
    show_prices(l);
    jc_blocks_value_units(l->blocks, &l->at);
    for (int32_t u = 0; u < in->n_units; u++)
        if (l->sigma[u] >= 0)
            l->duals[l->at_sigma + (size_t)l->sigma[u]].price = l->at.unit[u];
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
    l->scale = (double)(tier == JC_TIER_COST ? scale : tier == JC_TIER_OVER ? UNIT * TYPICAL_VISIT : UNIT);
    start_steps(l, false);
    for (size_t i = 0; i < l->n_duals; i++)
        l->duals[i].price = l->duals[i].best = 0;
    if (tier == JC_TIER_OVER)
        start_over(l);
    return tier == JC_TIER_COST ? jc_capacity_find(l->in, l->hard_over, l->hard_quota, l->capacity, err) : JC_OK;
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

static void add_others(struct jc_lagrange *l, int32_t team, int64_t work, uint32_t months) {
    for (uint32_t left = months; left; left &= left - 1)
        l->other_top[(size_t)team * JC_MONTHS + (size_t)__builtin_ctz(left)] += work;
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
                if (unit->partial)
                    add_others(l, in->joins[j].team, in->joins[j].work, any);
            }
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        l->need[in->draws[d].team] += in->draws[d].work * in->draws[d].sample;
    for (int32_t d = 0; d < in->n_draws; d++) {
        const struct jc_plan_draw *draw = &in->draws[d];
        add_tops(l, draw->team, draw->work, draw->sample ? draw->covered : 0, draw->sample);
        add_others(l, draw->team, draw->work * draw->sample, draw->covered);
    }
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
    for (int32_t u = 0; u < in->n_units; u++) { /* a unit with much work has a high price */
        int64_t work =
            l->sigma[u] < 0 ? 0 : in->units[u].work * in->choices[in->units[u].first_choice].patterns->visits;
        if (work > TYPICAL_VISIT)
            l->duals[l->at_sigma + (size_t)l->sigma[u]].scale = (double)TYPICAL_VISIT / (double)work;
    }
}

struct jc_lagrange *jc_lagrange_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_lagrange *l = JC_NEW(arena, struct jc_lagrange);
    if (!l)
        return NULL;
    l->in = in;
    l->at_year = (size_t)in->n_teams * JC_MONTHS;
    l->at_quota = l->at_year + (size_t)in->n_teams;
    l->at_sigma = l->at_quota + (size_t)in->n_quotas;
    l->at_held = l->at_sigma;
    l->blocks = jc_blocks_new(in, arena);
    l->sigma = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int32_t);
    if (!l->blocks || !l->sigma || !jc_duals_init(&l->at, in, arena) || !jc_usage_init(&l->usage, in, arena))
        return NULL;
    for (int32_t u = 0; u < in->n_units; u++)
        l->sigma[u] = jc_blocks_shared(l->blocks, u) ? (int32_t)(l->at_held++ - l->at_sigma) : -1;
    l->n_duals = l->at_held + 2;
    l->duals = JC_NEW_ARRAY(arena, l->n_duals, struct dual);
    l->top = JC_NEW_ARRAY(arena, l->at_year + 1, int64_t);
    l->other_top = JC_NEW_ARRAY(arena, l->at_year + 1, int64_t);
    l->year_top = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->need = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->capacity = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, struct jc_capacity);
    l->grain = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    l->count_top = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int32_t);
    if (!l->duals || !l->top || !l->other_top || !l->year_top || !l->need || !l->capacity || !l->grain || !l->count_top)
        return NULL;
    count_tops(l);
    range_duals(l);
    l->accord = jc_accord_new(in, l->blocks, l->grain, arena);
    return l->accord ? l : NULL;
}
