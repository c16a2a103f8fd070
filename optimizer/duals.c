/* Sums over the months of a visit: the load of the lead team, the quotas, the seasons, joins that take part
 * in every visit. Joins that take part in some visits only (partial ones) are priced for all sets of lead
 * months at once, by a subset minimum. Whatever is priced must be booked the same way, or prices would be
 * led astray (the bound would still hold). */
#include "optimizer/duals.h"

#include <string.h>

bool jc_duals_init(struct jc_duals *d, const struct jc_instance *in, struct jc_arena *arena) {
    *d = (struct jc_duals){.in = in, .fine = 1};
    d->cell = JC_NEW_ARRAY(arena, (size_t)in->n_teams * JC_MONTHS + 1, int64_t);
    d->quota = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int64_t);
    d->unit = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int64_t);
    return d->cell && d->quota && d->unit;
}

bool jc_usage_init(struct jc_usage *u, const struct jc_instance *in, struct jc_arena *arena) {
    u->cell = JC_NEW_ARRAY(arena, (size_t)in->n_teams * JC_MONTHS + 1, int64_t);
    u->quota = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int64_t);
    u->unit = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, int64_t);
    return u->cell && u->quota && u->unit;
}

void jc_usage_clear(struct jc_usage *u, const struct jc_instance *in) {
    memset(u->cell, 0, (size_t)in->n_teams * JC_MONTHS * sizeof *u->cell);
    memset(u->quota, 0, (size_t)in->n_quotas * sizeof *u->quota);
    memset(u->unit, 0, (size_t)in->n_units * sizeof *u->unit);
}

int64_t jc_duals_list(const struct jc_duals *d, const struct jc_month_list *list, int m) {
    int64_t sum = 0;
    for (int i = list ? list->first[m] : 0; list && i < list->first[m + 1]; i++)
        sum += d->quota[list->ids[i]];
    return sum;
}

/* --- costs ------------------------------------------------------------------------------------------------ */

static int64_t join_cost(const struct jc_duals *d, const struct jc_join *join, int m, bool remote) {
    int64_t cost = d->cell[(size_t)join->team * JC_MONTHS + (size_t)m] * join->work;
    cost += jc_duals_list(d, join->quotas, m);
    int64_t heals = remote ? jc_duals_list(d, join->remote, m) : 0;
    return cost + (heals < 0 ? heals : 0);
}

/* What being remote would add to a visit of an ordinary unit; it is taken where negative. */
static int64_t remote_cost(const struct jc_duals *d, const struct jc_plan_unit *u, const struct jc_choice *c, int m) {
    int64_t cost = jc_duals_list(d, c->remote, m);
    for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
        if (d->in->joins[j].visits)
            cost += jc_duals_list(d, d->in->joins[j].remote, m);
    return cost;
}

/* Months' costs of a choice; returns the cost all its patterns share. */
static int64_t month_costs(const struct jc_duals *d, const struct jc_plan_unit *u, const struct jc_choice *c,
                           int64_t cost[JC_MONTHS]) {
    for (uint32_t left = c->patterns->any; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        int64_t sum = d->cell[(size_t)c->team * JC_MONTHS + (size_t)m] * u->work;
        if (d->season)
            sum += jc_visit_e5(d->in, u, c, m) * d->fine;
        sum += jc_duals_list(d, c->visits, m);
        for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++)
            if (d->in->joins[j].visits)
                sum += join_cost(d, &d->in->joins[j], m, false);
        int64_t heals = d->in->has_remote ? remote_cost(d, u, c, m) : 0;
        cost[m] = sum + (heals < 0 ? heals : 0);
    }
    int64_t shared = d->season ? c->fixed_e5 * d->fine : 0;
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        shared += d->quota[c->unit_quotas[i]];
    return shared;
}

static int64_t pattern_cost(const struct jc_patterns *set, int i, const int64_t cost[JC_MONTHS]) {
    int64_t sum = 0;
    for (int v = 0; v < set->visits; v++)
        sum += cost[set->months[i * set->visits + v]];
    return sum;
}

static void subset_minimum(int64_t best[JC_SETS]) {
    for (int bit = 1; bit < JC_SETS; bit <<= 1)
        for (int i = bit; i < JC_SETS; i++)
            if (i & bit && best[i - bit] < best[i])
                best[i] = best[i - bit];
}

/* best[Z]: the join's cheapest months within Z. */
static void price_partial_join(const struct jc_duals *d, const struct jc_join *join, int64_t best[JC_SETS]) {
    int64_t cost[JC_MONTHS];
    for (int m = 0; m < JC_MONTHS; m++)
        cost[m] = join_cost(d, join, m, true);
    for (int z = 0; z < JC_SETS; z++)
        best[z] = JC_DUALS_NEVER;
    for (int i = 0; i < join->patterns->n; i++)
        best[join->patterns->masks[i]] = pattern_cost(join->patterns, i, cost);
    subset_minimum(best);
}

void jc_duals_patterns(const struct jc_duals *d, const struct jc_plan_unit *u, const struct jc_choice *c,
                       int64_t *joins, int64_t *cost) {
    int64_t months[JC_MONTHS];
    int64_t shared = month_costs(d, u, c, months);
    bool partial = u->partial && c->patterns->visits;
    for (uint32_t j = 0; partial && j < u->n_joins; j++)
        price_partial_join(d, &d->in->joins[u->first_join + j], joins + j * JC_SETS);
    for (int p = 0; p < c->patterns->n; p++) {
        cost[p] = shared + pattern_cost(c->patterns, p, months);
        for (uint32_t j = 0; partial && j < u->n_joins; j++)
            if (d->in->joins[u->first_join + j].visits)
                cost[p] += joins[j * JC_SETS + c->patterns->masks[p]];
    }
}

/* --- usage ------------------------------------------------------------------------------------------------ */

void jc_usage_add_list(struct jc_usage *to, const struct jc_month_list *list, int m, int64_t times) {
    for (int i = list ? list->first[m] : 0; list && i < list->first[m + 1]; i++)
        to->quota[list->ids[i]] += times;
}

static void add_join(struct jc_usage *to, const struct jc_join *join, uint32_t months, uint32_t remote, int64_t times) {
    for (uint32_t left = months; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        to->cell[(size_t)join->team * JC_MONTHS + (size_t)m] += join->work * times;
        jc_usage_add_list(to, join->quotas, m, times);
        if (remote >> m & 1)
            jc_usage_add_list(to, join->remote, m, times);
    }
}

/* The months a partial join takes within `months`, and those of them it would want remote. */
static void add_partial_join(struct jc_usage *to, const struct jc_duals *d, const struct jc_join *join, uint32_t months,
                             int64_t times) {
    int64_t cost[JC_MONTHS], best = JC_DUALS_NEVER;
    uint32_t chosen = 0, remote = 0;
    for (int m = 0; m < JC_MONTHS; m++) {
        cost[m] = join_cost(d, join, m, true);
        remote |= jc_duals_list(d, join->remote, m) < 0 ? 1u << m : 0;
    }
    for (int i = 0; i < join->patterns->n; i++) {
        bool inside = !(join->patterns->masks[i] & ~months);
        int64_t sum = inside ? pattern_cost(join->patterns, i, cost) : JC_DUALS_NEVER;
        if (sum < best) {
            best = sum;
            chosen = join->patterns->masks[i];
        }
    }
    add_join(to, join, chosen, remote, times);
}

void jc_usage_add(struct jc_usage *to, const struct jc_duals *d, const struct jc_plan_unit *u,
                  const struct jc_choice *c, uint32_t months, int64_t times) {
    uint32_t remote = 0;
    for (uint32_t left = months; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        to->cell[(size_t)c->team * JC_MONTHS + (size_t)m] += u->work * times;
        jc_usage_add_list(to, c->visits, m, times);
        if (d->in->has_remote && remote_cost(d, u, c, m) < 0) {
            remote |= 1u << m;
            jc_usage_add_list(to, c->remote, m, times);
        }
    }
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        to->quota[c->unit_quotas[i]] += times;
    for (uint32_t j = u->first_join; months && j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &d->in->joins[j];
        if (u->partial)
            add_partial_join(to, d, join, months, times);
        else if (join->visits)
            add_join(to, join, months, remote, times);
    }
}
