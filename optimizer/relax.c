/* The prices go to the blocks (block.h) and draws, which answer with what they cost and use; loads, years and
 * quotas answer with the minimum of their own functions. What is used beyond what is there is the slope. A
 * tier held at zero binds limit by limit; one held above zero has a price for its sum. */
#include "optimizer/relax.h"

#include <string.h>

#include "optimizer/integer.h"
#include "optimizer/slots.h"

#define ROOM (INT64_C(1) << 52) /* what a price may make of all work */
#define FINE 64

/* --- evaluation ------------------------------------------------------------------------------------------- */

static bool hard_over(const struct jc_relax *r) {
    return r->tier != JC_TIER_OVER && r->held.over == 0;
}

static bool hard_quota(const struct jc_relax *r) {
    return r->tier == JC_TIER_COST && r->held.quota == 0;
}

size_t jc_relax_excess_index(const struct jc_relax *r, size_t i) {
    if (i < r->at_quota)
        return r->tier != JC_TIER_OVER && !hard_over(r) ? r->at_held : 0;
    return r->tier == JC_TIER_COST && !hard_quota(r) ? r->at_held + 1 : 0;
}

int64_t jc_relax_excess_price(const struct jc_relax *r, size_t i) {
    size_t index = jc_relax_excess_index(r, i);
    enum jc_tier own = i < r->at_quota ? JC_TIER_OVER : JC_TIER_QUOTA;
    return index ? r->price[index] : r->tier == own ? JC_RELAX_UNIT * r->fine : 0;
}

/* Hands the prices to the blocks. */
static void show_prices(struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    for (size_t i = 0; i < r->at_year; i++)
        r->duals.cell[i] = r->price[i] + r->price[r->at_year + i / JC_MONTHS];
    for (int32_t q = 0; q < in->n_quotas; q++)
        r->duals.quota[q] = r->price[r->at_quota + (size_t)q];
    for (int32_t u = 0; u < in->n_units && !r->cheapest; u++)
        if (r->sigma[u] >= 0)
            r->duals.unit[u] = r->price[r->at_unit + (size_t)r->sigma[u]];
    r->duals.season = r->tier == JC_TIER_COST;
    r->duals.travel = r->duals.season ? in->travel_e5 * r->fine : 0;
    r->duals.fine = r->fine;
}

/* The slopes that come from the blocks and draws. */
static void take_slopes(struct jc_relax *r) {
    memset(r->slope, 0, r->n * sizeof *r->slope);
    for (size_t i = 0; i < r->at_year; i++) {
        r->slope[i] = r->usage.cell[i];
        r->slope[r->at_year + i / JC_MONTHS] += r->usage.cell[i];
    }
    for (int32_t q = 0; q < r->in->n_quotas; q++)
        r->slope[r->at_quota + (size_t)q] = r->usage.quota[q];
    for (int32_t u = 0; u < r->in->n_units; u++)
        if (r->sigma[u] >= 0)
            r->slope[r->at_unit + (size_t)r->sigma[u]] = 1 - r->usage.unit[u];
}

/* A month of a team, seen visit by visit (formula (24)). */
static int64_t price_month(struct jc_relax *r, size_t i) {
    const struct jc_instance *in = r->in;
    int64_t limit = in->limit[i], top = r->top[i], load = 0;
    top = hard_over(r) && top > limit ? limit : top;
    struct jc_line line = {in->target[i], limit, in->balance_e5 * r->fine, jc_relax_excess_price(r, i), r->price[i]};
    int64_t value;
    int least = jc_convex_least(&r->curve[i], line.over, line.price, &value);
    value = jc_accord_month(r->accord, (int32_t)(i / JC_MONTHS), (int)(i % JC_MONTHS), &line, r->curve[i].at[least],
                            r->other_top[i], top, &load);
    r->slope[i] -= load;
    r->slope[r->at_held] += load > limit ? load - limit : 0;
    return value;
}

/* Loads, years and quotas choose what is best for them. */
static int64_t price_curves(struct jc_relax *r) {
    int64_t sum = 0;
    for (size_t i = 0; r->agreeing && i < r->at_year; i++)
        sum += price_month(r, i);
    for (size_t i = r->agreeing ? r->at_year : 0; i < r->at_unit; i++) {
        int64_t value;
        int at = jc_convex_least(&r->curve[i], jc_relax_excess_price(r, i), r->price[i], &value);
        sum += value;
        if (!r->curve[i].n)
            continue;
        r->slope[i] -= r->curve[i].at[at];
        r->slope[i < r->at_quota ? r->at_held : r->at_held + 1] += r->curve[i].excess[at];
    }
    return sum;
}

static void add_usage(struct jc_usage *to, const struct jc_usage *from, const struct jc_instance *in) {
    for (size_t i = 0; i < (size_t)in->n_teams * JC_MONTHS; i++)
        to->cell[i] += from->cell[i];
    for (int32_t q = 0; q < in->n_quotas; q++)
        to->quota[q] += from->quota[q];
    for (int32_t u = 0; u < in->n_units; u++)
        to->unit[u] += from->unit[u];
}

bool jc_relax_evaluate(struct jc_relax *r, struct jc_parts *parts, const atomic_bool *stop, int64_t *value) {
    const struct jc_instance *in = r->in;
    struct jc_openings openings = {.capacity = r->capacity};
    int64_t sum = 0;
    show_prices(r);
    jc_usage_clear(&r->usage, in);
    for (size_t i = 0; parts && i < parts->n; i++) {
        jc_usage_clear(&parts->usage[i], in);
        parts->value[i] = 0;
    }
    if (r->cheapest)
        sum +=
            jc_blocks_serve_shared(r->blocks, &r->duals, parts ? parts->usage : &r->usage, parts ? parts->value : NULL);
    for (int32_t k = 0; k < in->n_teams; k++) {
        if (atomic_load(stop))
            return false;
        const struct jc_openings *o = r->duals.travel ? &openings : NULL;
        if (r->agreeing)
            sum += jc_accord_blocks(r->accord, &r->duals, k, o, &r->usage);
        else if (parts)
            sum += jc_blocks_apart(r->blocks, &r->duals, k, o, parts->usage, parts->value);
        else
            sum += jc_blocks_team(r->blocks, &r->duals, k, o, &r->usage, NULL);
    }
    for (int32_t d = 0; d < in->n_draws; d++) {
        size_t part = (size_t)in->n_pairs + (size_t)in->n_teams + (size_t)d;
        int64_t one = jc_slots_price(&r->duals, &in->draws[d], parts ? &parts->usage[part] : &r->usage);
        sum += one;
        if (parts)
            parts->value[part] = one;
    }
    for (size_t i = 0; parts && i < parts->n; i++)
        add_usage(&r->usage, &parts->usage[i], in);
    take_slopes(r);
    sum += price_curves(r);
    for (size_t i = r->at_unit; i < r->at_held; i++)
        sum += r->price[i];
    const int64_t held[2] = {r->held.over, r->held.quota};
    for (size_t i = 0; i < 2; i++) {
        sum -= r->price[r->at_held + i] * held[i];
        r->slope[r->at_held + i] -= held[i];
    }
    *value = sum;
    return true;
}

int64_t jc_relax_work(const struct jc_relax *r) {
    return r->agreeing ? jc_accord_work(r->accord) : jc_blocks_work(r->blocks, &r->duals) * (r->cheapest ? 2 : 1);
}

bool jc_parts_init(struct jc_parts *p, const struct jc_instance *in, struct jc_arena *arena) {
    p->n = (size_t)in->n_pairs + (size_t)in->n_teams + (size_t)in->n_draws;
    p->value = JC_NEW_ARRAY(arena, p->n + 1, int64_t);
    p->usage = JC_NEW_ARRAY(arena, p->n + 1, struct jc_usage);
    bool ok = p->value && p->usage;
    for (size_t i = 0; ok && i < p->n; i++)
        ok = jc_usage_init(&p->usage[i], in, arena);
    return ok;
}

/* --- a tier ------------------------------------------------------------------------------------------------ */

static void draw_curves(struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    int64_t balance = r->tier == JC_TIER_COST ? in->balance_e5 * r->fine : 0;
    for (size_t i = 0; i < r->at_quota; i++) {
        bool year = i >= r->at_year;
        size_t team = year ? i - r->at_year : i / JC_MONTHS;
        r->curve[i] = jc_convex_load(r->top[i], r->grain[team], year ? -1 : in->target[i], balance,
                                     year ? in->year_limit[team] : in->limit[i], hard_over(r));
    }
    for (size_t i = r->at_quota; i < r->at_unit; i++)
        r->curve[i] = jc_convex_count(INT32_MAX / 4, in->quota_min[i - r->at_quota], in->quota_max[i - r->at_quota],
                                      hard_quota(r));
}

/* Within the slopes of the function a price belongs to; beyond them the bound only falls, and steeply. */
static void limit_curve_price(struct jc_relax *r, size_t i, int64_t excess) {
    const struct jc_instance *in = r->in;
    if (i < r->at_quota) {
        int64_t limit = i < r->at_year ? in->limit[i] : in->year_limit[i - r->at_year];
        int64_t off = i < r->at_year && in->target[i] >= 0 && r->tier == JC_TIER_COST ? in->balance_e5 * r->fine : 0;
        r->least[i] = -off;
        if (!hard_over(r) || limit == JC_NO_LIMIT)
            r->most[i] = off + (limit < JC_NO_LIMIT ? excess : 0);
    } else {
        int64_t lo = in->quota_min[i - r->at_quota], hi = in->quota_max[i - r->at_quota];
        if (!hard_quota(r) || lo == 0)
            r->least[i] = lo > 0 ? -excess : 0;
        if (!hard_quota(r) || hi == INT32_MAX)
            r->most[i] = hi < INT32_MAX ? excess : 0;
    }
}

static void limit_prices(struct jc_relax *r) {
    for (size_t i = 0; i < r->n; i++) {
        r->least[i] = -r->room[i];
        r->most[i] = r->room[i];
        if (i < r->at_unit)
            limit_curve_price(r, i, jc_relax_excess_index(r, i) ? r->room[r->at_held] : jc_relax_excess_price(r, i));
        if (i >= r->at_quota && i < r->at_unit && r->tier == JC_TIER_OVER)
            r->least[i] = r->most[i] = 0;
        if (i >= r->at_unit && i < r->at_held && r->cheapest)
            r->least[i] = r->most[i] = 0;
        if (i >= r->at_held) {
            r->least[i] = 0;
            r->most[i] = jc_relax_excess_index(r, i == r->at_held ? 0 : r->at_quota) ? r->room[i] : 0;
        }
        r->least[i] = r->least[i] < -r->room[i] ? -r->room[i] : r->least[i];
        r->most[i] = r->most[i] > r->room[i] ? r->room[i] : r->most[i];
    }
}

/* Starts tier 2 from the prices that would prove it if all overload were unavoidable: full price in the
 * months and the year of every team with more work than its limits. */
static void guess_over(struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    for (int32_t k = 0; k < in->n_teams; k++) {
        int64_t months = 0;
        for (int m = 0; m < JC_MONTHS; m++)
            months = months + in->limit[k * JC_MONTHS + m] < JC_NO_LIMIT ? months + in->limit[k * JC_MONTHS + m]
                                                                         : JC_NO_LIMIT;
        for (int m = 0; m < JC_MONTHS && r->need[k] > months; m++)
            r->price[k * JC_MONTHS + m] = JC_RELAX_UNIT * r->fine;
        if (r->need[k] > in->year_limit[k])
            r->price[r->at_year + (size_t)k] = JC_RELAX_UNIT * r->fine;
    }
}

size_t jc_relax_prices(const struct jc_relax *r, bool cheapest) {
    return cheapest ? r->n - (r->at_held - r->at_unit) : r->n;
}

enum jc_code jc_relax_begin(struct jc_relax *r, enum jc_tier tier, const struct jc_totals *held, struct jc_err *err) {
    r->tier = tier;
    r->held = *held;
    r->agreeing = false;
    r->cheapest = tier != JC_TIER_COST || r->in->travel_e5 == 0;
    memset(r->price, 0, r->n * sizeof *r->price);
    draw_curves(r);
    limit_prices(r);
    if (tier == JC_TIER_OVER)
        guess_over(r);
    return tier == JC_TIER_COST ? jc_capacity_find(r->in, hard_over(r), hard_quota(r), r->capacity, err) : JC_OK;
}

/* --- set-up ------------------------------------------------------------------------------------------------ */

/* The most each cell and year can get, and the grain of each team's loads. */
static void add_tops(struct jc_relax *r, int32_t team, int64_t work, uint32_t months, int64_t times) {
    for (uint32_t left = months; left; left &= left - 1)
        r->top[(size_t)team * JC_MONTHS + (size_t)__builtin_ctz(left)] += work * times;
    r->top[r->at_year + (size_t)team] += work * times * __builtin_popcount(months);
    if (months)
        r->grain[team] = jc_gcd(r->grain[team], work);
}

static void add_others(struct jc_relax *r, int32_t team, int64_t work, uint32_t months) {
    for (uint32_t left = months; left; left &= left - 1)
        r->other_top[(size_t)team * JC_MONTHS + (size_t)__builtin_ctz(left)] += work;
}

static void count_tops(struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    for (uint32_t u = 0; u < (uint32_t)in->n_units; u++) {
        const struct jc_plan_unit *unit = &in->units[u];
        uint32_t any = 0;
        for (uint32_t c = unit->first_choice; c < unit->first_choice + unit->n_choices; c++) {
            any |= in->choices[c].patterns->any;
            r->need[in->choices[c].team] += unit->work * in->choices[c].patterns->visits / unit->n_choices;
            add_tops(r, in->choices[c].team, unit->work, in->choices[c].patterns->any, 1);
        }
        for (uint32_t j = unit->first_join; j < unit->first_join + unit->n_joins; j++)
            if (in->joins[j].visits) {
                r->need[in->joins[j].team] += in->joins[j].work * in->joins[j].visits;
                add_tops(r, in->joins[j].team, in->joins[j].work, any, 1);
                if (unit->partial)
                    add_others(r, in->joins[j].team, in->joins[j].work, any);
            }
    }
    for (int32_t d = 0; d < in->n_draws; d++) {
        const struct jc_plan_draw *draw = &in->draws[d];
        r->need[draw->team] += draw->work * draw->sample;
        add_tops(r, draw->team, draw->work, draw->sample ? draw->covered : 0, draw->sample);
        add_others(r, draw->team, draw->work * draw->sample, draw->covered);
    }
    for (int32_t k = 0; k < in->n_teams; k++)
        r->grain[k] = r->grain[k] > 0 ? r->grain[k] : 1;
}

/* Rooms and scales of the prices. */
static void scale_prices(struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    int64_t all = 1, visits = (int64_t)in->most_visits + (int64_t)in->n_slots + 1;
    for (int32_t k = 0; k < in->n_teams; k++)
        all += r->top[r->at_year + (size_t)k];
    for (size_t i = 0; i < r->n; i++) {
        bool work = i < r->at_quota || i == r->at_held;
        r->room[i] = ROOM / (work ? all : i < r->at_unit ? visits * 16 : visits);
        r->scale[i] = i < r->at_year ? JC_RELAX_VISIT : work ? 4 * JC_RELAX_VISIT : 1;
    }
    for (int32_t u = 0; u < in->n_units; u++) { /* a unit with much work has a high price */
        const struct jc_plan_unit *unit = &in->units[u];
        int64_t work = r->sigma[u] < 0 ? 0 : unit->work * in->choices[unit->first_choice].patterns->visits;
        if (work > JC_RELAX_VISIT)
            r->scale[r->at_unit + (size_t)r->sigma[u]] = (double)JC_RELAX_VISIT / (double)work;
    }
}

/* Fine prices where no sum of costs can leave int64 because of them. */
static int64_t find_fine(const struct jc_relax *r) {
    const struct jc_instance *in = r->in;
    const int64_t most = ROOM / FINE;
    int64_t all = 1, visits = (int64_t)in->most_visits + (int64_t)in->n_slots + 1, dearest = in->change_e5;
    for (int32_t k = 0; k < in->n_teams; k++)
        all += r->top[r->at_year + (size_t)k];
    for (int32_t u = 0; u < in->n_units; u++) {
        const struct jc_plan_unit *unit = &in->units[u];
        for (uint32_t c = unit->first_choice; c < unit->first_choice + unit->n_choices; c++) {
            int64_t cost = unit->risk_e5 * JC_MONTHS + unit->season_e5 + in->change_e5 + in->choices[c].fixed_e5;
            dearest = cost > dearest ? cost : dearest;
        }
    }
    bool fits = in->balance_e5 < most / all && in->travel_e5 < most / JC_MONTHS / (in->n_pairs + 1);
    return fits && dearest < most / visits && JC_RELAX_UNIT < most / all ? FINE : 1;
}

static bool make_arrays(struct jc_relax *r, struct jc_arena *arena) {
    const struct jc_instance *in = r->in;
    r->price = JC_NEW_ARRAY(arena, r->n, int64_t);
    r->slope = JC_NEW_ARRAY(arena, r->n, int64_t);
    r->least = JC_NEW_ARRAY(arena, r->n, int64_t);
    r->most = JC_NEW_ARRAY(arena, r->n, int64_t);
    r->scale = JC_NEW_ARRAY(arena, r->n, double);
    r->room = JC_NEW_ARRAY(arena, r->n, int64_t);
    r->curve = JC_NEW_ARRAY(arena, r->at_unit + 1, struct jc_convex);
    r->top = JC_NEW_ARRAY(arena, r->at_quota + 1, int64_t);
    r->other_top = JC_NEW_ARRAY(arena, r->at_year + 1, int64_t);
    r->need = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    r->grain = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    r->capacity = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, struct jc_capacity);
    return r->price && r->slope && r->least && r->most && r->scale && r->room && r->curve && r->top && r->other_top &&
           r->need && r->grain && r->capacity;
}

struct jc_relax *jc_relax_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_relax *r = JC_NEW(arena, struct jc_relax);
    if (!r)
        return NULL;
    r->in = in;
    r->at_year = (size_t)in->n_teams * JC_MONTHS;
    r->at_quota = r->at_year + (size_t)in->n_teams;
    r->at_unit = r->at_quota + (size_t)in->n_quotas;
    r->at_held = r->at_unit;
    r->blocks = jc_blocks_new(in, arena);
    r->sigma = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int32_t);
    if (!r->blocks || !r->sigma || !jc_duals_init(&r->duals, in, arena) || !jc_usage_init(&r->usage, in, arena))
        return NULL;
    for (int32_t u = 0; u < in->n_units; u++)
        r->sigma[u] = jc_blocks_shared(r->blocks, u) ? (int32_t)(r->at_held++ - r->at_unit) : -1;
    r->n = r->at_held + 2;
    if (!make_arrays(r, arena))
        return NULL;
    count_tops(r);
    r->fine = find_fine(r);
    scale_prices(r);
    r->accord = jc_accord_new(in, r->blocks, r->grain, arena);
    return r->accord ? r : NULL;
}
