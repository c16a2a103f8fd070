/* Pricing in three steps: prices by month for each choice, the sum over each pattern with its noise, the
 * minimum. A choice costs 12 cell prices and one short sum per pattern, a fraction of a microsecond.
 * Units whose joins take part in some visits only ("partial") choose the joins' months inside each
 * pattern too, by enumeration. */
#include "optimizer/price.h"

#include <stdlib.h>

#define DEAR (INT64_C(1) << 46) /* the price of a month that should not be used */

static inline int64_t beyond(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

/* Energy added by more work in a cell. */
static inline int64_t cell_price(const struct jc_pricer *p, int32_t team, int m, int64_t work) {
    const struct jc_instance *in = p->state->in;
    size_t cell = (size_t)team * JC_MONTHS + (size_t)m;
    int64_t before = p->state->load[cell], after = before + work;
    int64_t price = (beyond(after, in->limit[cell]) - beyond(before, in->limit[cell])) * p->penalties.over;
    int64_t target = in->target[cell];
    const struct jc_soft *soft = &p->state->soft;
    if (target < 0)
        return price;
    if (soft->on)
        return price + in->balance_e5 * (jc_soft_deviation(soft, cell, after - target) -
                                         jc_soft_deviation(soft, cell, before - target));
    return price + in->balance_e5 * (llabs(after - target) - llabs(before - target));
}

static inline int64_t year_price(const struct jc_pricer *p, int32_t team, int64_t work) {
    int64_t year = p->state->year[team], limit = p->state->in->year_limit[team];
    return (beyond(year + work, limit) - beyond(year, limit)) * p->penalties.over;
}

/* Energy added by one more visit of a team to a district. */
static inline int64_t opening_price(const struct jc_state *s, int32_t pair, int m) {
    int32_t n = s->visits_in[pair * JC_MONTHS + m];
    return (n ? 0 : s->in->travel_e5) + (s->soft.on ? jc_soft_step(&s->soft, n) : 0);
}

/* Energy added by one more in a quota. */
static inline int64_t count_price(const struct jc_pricer *p, int32_t q) {
    const struct jc_state *s = p->state;
    int64_t n = s->count[q];
    if (s->soft.on)
        return jc_state_soft_miss(s, q, n + 1) - jc_state_soft_miss(s, q, n);
    return n < s->in->quota_min[q] ? -p->penalties.quota : n >= s->in->quota_max[q] ? p->penalties.quota : 0;
}

static inline int64_t list_price(const struct jc_pricer *p, const struct jc_month_list *list, int m) {
    int64_t price = 0;
    for (int i = list->first[m]; i < list->first[m + 1]; i++)
        price += count_price(p, list->ids[i]);
    return price;
}

/* Energy added by a visit in month m being remote. */
static int64_t remote_price(const struct jc_pricer *p, const struct jc_plan_unit *u, const struct jc_choice *c, int m) {
    const struct jc_instance *in = p->state->in;
    int64_t price = c->remote ? list_price(p, c->remote, m) : 0;
    for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
        if (in->joins[j].remote && in->joins[j].visits)
            price += list_price(p, in->joins[j].remote, m);
    return price;
}

static int64_t join_price(const struct jc_pricer *p, const struct jc_join *join, int m) {
    int64_t price = cell_price(p, join->team, m, join->work);
    if (join->quotas)
        price += list_price(p, join->quotas, m);
    return price;
}

/* Fills price[m] for the months of the choice's patterns; returns the part all patterns share. */
static int64_t price_months(struct jc_pricer *p, const struct jc_plan_unit *u, const struct jc_choice *c,
                            int64_t price[JC_MONTHS]) {
    const struct jc_state *s = p->state;
    const struct jc_instance *in = s->in;
    for (uint32_t left = c->patterns->any; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        int64_t sum = cell_price(p, c->team, m, u->work) + jc_visit_e5(in, u, c, m);
        if (c->pair >= 0)
            sum += opening_price(s, c->pair, m);
        if (c->pair >= 0 && c->pair == p->closed_pair && m == p->closed_month)
            sum += DEAR;
        if (c->visits)
            sum += list_price(p, c->visits, m);
        if (in->has_remote) {
            int64_t more = remote_price(p, u, c, m);
            bool remote = u->told >> m & 1 ? u->remote >> m & 1 : more < 0;
            sum += remote ? more : 0;
        }
        for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
            if (in->joins[j].visits)
                sum += join_price(p, &in->joins[j], m);
        price[m] = sum;
    }
    p->work += __builtin_popcount(c->patterns->any);
    int visits = c->patterns->visits;
    int64_t shared = year_price(p, c->team, u->work * visits) + c->fixed_e5;
    for (uint32_t j = u->first_join; visits && j < u->first_join + u->n_joins; j++)
        shared += year_price(p, in->joins[j].team, in->joins[j].work * in->joins[j].visits);
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        shared += count_price(p, c->unit_quotas[i]);
    return shared;
}

struct pick {
    int64_t noisy; /* price and noise, the thing minimised */
    int64_t price;
    int32_t choice;
    int32_t pattern;
};

static inline int64_t noise_of(const struct jc_pricer *p, uint32_t at) {
    return p->temperature * p->noise.gumbel[at & (JC_NOISE_SIZE - 1)] >> 16;
}

/* The best pattern of one choice by its months' prices. */
static void scan_patterns(struct jc_pricer *p, const struct jc_patterns *set, const int64_t price[JC_MONTHS],
                          int64_t shared, int32_t choice, struct pick *best) {
    uint64_t chance = jc_random_next(&p->random);
    uint32_t at = (uint32_t)chance, stride = (uint32_t)(chance >> 32) | 1;
    const uint8_t *month = set->months;
    for (int i = 0; i < set->n; i++, at += stride) {
        int64_t sum = shared;
        for (int v = 0; v < set->visits; v++)
            sum += price[*month++];
        int64_t noisy = sum - noise_of(p, at);
        if (noisy < best->noisy)
            *best = (struct pick){noisy, sum, choice, i};
    }
}

/* The cheapest months within `mask` for a join that takes part in some visits only. */
static int64_t best_join(const struct jc_patterns *set, const int64_t price[JC_MONTHS], uint32_t mask, uint16_t *out) {
    int64_t best = INT64_MAX;
    for (int i = 0; i < set->n; i++) {
        if (set->masks[i] & ~mask)
            continue;
        int64_t sum = 0;
        for (int v = 0; v < set->visits; v++)
            sum += price[set->months[i * set->visits + v]];
        if (sum < best) {
            best = sum;
            *out = set->masks[i];
        }
    }
    return best;
}

static void scan_partial(struct jc_pricer *p, const struct jc_plan_unit *u, const struct jc_patterns *set,
                         const int64_t price[JC_MONTHS], int64_t shared, int32_t choice, struct pick *best,
                         uint16_t joined[JC_MONTHS]) {
    const struct jc_instance *in = p->state->in;
    int64_t by_join[JC_MONTHS][JC_MONTHS];
    for (uint32_t j = 0; j < u->n_joins; j++)
        for (int m = 0; m < JC_MONTHS; m++)
            by_join[j][m] = join_price(p, &in->joins[u->first_join + j], m);
    p->work += (int64_t)u->n_joins * JC_MONTHS;
    for (int i = 0; i < set->n; i++) {
        int64_t sum = shared;
        uint16_t months[JC_MONTHS] = {0};
        for (int v = 0; v < set->visits; v++)
            sum += price[set->months[i * set->visits + v]];
        for (uint32_t j = 0; set->visits && j < u->n_joins; j++)
            if (in->joins[u->first_join + j].visits)
                sum += best_join(in->joins[u->first_join + j].patterns, by_join[j], set->masks[i], &months[j]);
        int64_t noisy = sum - noise_of(p, (uint32_t)(jc_random_next(&p->random) >> 32));
        if (noisy < best->noisy) {
            *best = (struct pick){noisy, sum, choice, i};
            for (uint32_t j = 0; j < u->n_joins; j++)
                joined[j] = months[j];
        }
    }
}

/* Marks visits whose mode is open remote, one after the other while that heals a quota. */
static uint16_t choose_remote(struct jc_pricer *p, int32_t unit, struct jc_place place, const uint16_t *joined) {
    struct jc_state *s = p->state;
    const struct jc_plan_unit *u = &s->in->units[unit];
    const struct jc_choice *c = &s->in->choices[place.choice];
    for (uint32_t left = place.months & ~(uint32_t)u->told; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        if (remote_price(p, u, c, m) >= 0)
            continue;
        place.remote |= (uint16_t)(1u << m);
        jc_state_remove(s, unit);
        jc_state_place(s, unit, place, joined);
    }
    return place.remote;
}

int64_t jc_price_insert(struct jc_pricer *p, int32_t unit) {
    struct jc_state *s = p->state;
    const struct jc_plan_unit *u = &s->in->units[unit];
    struct pick best = {INT64_MAX, 0, -1, 0};
    uint16_t joined[JC_MONTHS] = {0};
    for (uint32_t i = u->first_choice; i < u->first_choice + u->n_choices; i++) {
        const struct jc_choice *c = &s->in->choices[i];
        int64_t price[JC_MONTHS];
        int64_t shared = price_months(p, u, c, price);
        if (u->partial)
            scan_partial(p, u, c->patterns, price, shared, (int32_t)i, &best, joined);
        else
            scan_patterns(p, c->patterns, price, shared, (int32_t)i, &best);
    }
    struct jc_place place = {best.choice, s->in->choices[best.choice].patterns->masks[best.pattern], 0};
    place.remote = jc_remote_visits(u, place.months, 0);
    for (uint32_t j = 0; !u->partial && j < u->n_joins; j++)
        joined[j] = s->in->joins[u->first_join + j].visits ? place.months : 0;
    jc_state_place(s, unit, place, joined);
    if (s->in->has_remote && place.months)
        choose_remote(p, unit, place, joined);
    return best.price;
}

/* --- slots ------------------------------------------------------------------------------------- */

/* Months in which one more slot leaves every window completable: none over its maximum, and the slots
 * still missing enough for all minimums. */
static uint16_t slot_months(const struct jc_state *s, int32_t draw) {
    const struct jc_plan_draw *d = &s->in->draws[draw];
    const int32_t *slots = s->slots + draw * JC_MONTHS;
    int64_t left = d->sample;
    for (int m = 0; m < JC_MONTHS; m++)
        left -= slots[m];
    uint16_t pinned = 0;
    for (int m = 0; m < JC_MONTHS; m++)
        pinned |= slots[m] < d->pinned[m] ? (uint16_t)(1u << m) : 0;
    if (pinned)
        return pinned; /* fixed slots come first */
    int64_t owed = 0;  /* slots the minimums still claim */
    uint16_t claiming = 0, full = 0;
    for (size_t w = 0; w < d->row->n_windows; w++) {
        const Jc__TimeWindow *win = d->row->windows[w];
        int64_t inside = 0;
        for (uint32_t months = win->months; months; months &= months - 1)
            inside += slots[__builtin_ctz(months)];
        owed += inside < win->min ? win->min - inside : 0;
        claiming |= inside < win->min ? (uint16_t)win->months : 0;
        full |= inside >= win->max ? (uint16_t)win->months : 0;
    }
    return owed >= left ? claiming : (uint16_t)(d->covered & ~full);
}

bool jc_price_insert_slot(struct jc_pricer *p, int32_t draw) {
    struct jc_state *s = p->state;
    const struct jc_plan_draw *d = &s->in->draws[draw];
    int64_t best = INT64_MAX;
    int best_month = -1;
    uint64_t chance = jc_random_next(&p->random);
    for (uint32_t left = slot_months(s, draw); left; left &= left - 1) {
        int m = __builtin_ctz(left);
        int64_t price = cell_price(p, d->team, m, d->work) + jc_slot_e5(s->in, d, m, s->slots[draw * JC_MONTHS + m]);
        if (d->quotas)
            price += list_price(p, d->quotas, m);
        price -= noise_of(p, (uint32_t)(chance >> 16) + (uint32_t)m * ((uint32_t)chance | 1));
        if (price < best) {
            best = price;
            best_month = m;
        }
    }
    p->work += JC_MONTHS;
    if (best_month < 0)
        return false;
    jc_state_slot(s, draw, best_month, 1);
    return true;
}

bool jc_price_put_slot(struct jc_pricer *p, int32_t draw, int m) {
    struct jc_state *s = p->state;
    int64_t left = s->in->draws[draw].sample;
    for (int i = 0; i < JC_MONTHS; i++)
        left -= s->slots[draw * JC_MONTHS + i];
    if (left <= 0 || !(slot_months(s, draw) >> m & 1))
        return false;
    jc_state_slot(s, draw, m, 1);
    return true;
}
