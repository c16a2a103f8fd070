/* For each pair: what its own units need at least within each span, and what the team can do there, as
 * work and as visits counted by a quota all these units share. A set of months passes if it suffices in
 * every span. Units that other districts or teams could serve ask nothing. Cost: 14 sums over the 2^12
 * sets for each pair with units of its own. */
#include "optimizer/capacity.h"

#include <string.h>

enum { SETS = 1 << JC_MONTHS };

const uint16_t jc_span_months[JC_SPANS] = {0xfff, 0x03f, 0xfc0, 0x007, 0x038, 0x1c0, 0xe00};

/* What a pair's own units ask, and what its months offer. */
struct demand {
    int64_t work[JC_SPANS], visits[JC_SPANS];
    int64_t work_cap[JC_MONTHS], visit_cap[JC_MONTHS];
    bool any;
};

/* The pair all choices of the unit lie in; -1 if there is none. */
static int32_t only_pair(const struct jc_instance *in, const struct jc_plan_unit *u) {
    if (!u->n_choices)
        return -1;
    int32_t pair = in->choices[u->first_choice].pair;
    for (uint32_t c = 1; c < u->n_choices; c++)
        if (in->choices[u->first_choice + c].pair != pair)
            return -1;
    return pair;
}

/* The fewest visits of the unit within the span. */
static int fewest(const struct jc_instance *in, const struct jc_plan_unit *u, uint32_t span) {
    int least = JC_MONTHS;
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++) {
        const struct jc_patterns *set = in->choices[c].patterns;
        for (int i = 0; i < set->n && least; i++) {
            int inside = __builtin_popcount(set->masks[i] & span);
            least = inside < least ? inside : least;
        }
    }
    return least;
}

static bool lists(const struct jc_month_list *list, int m, int32_t quota) {
    for (int i = list ? list->first[m] : 0; list && i < list->first[m + 1]; i++)
        if (list->ids[i] == quota)
            return true;
    return false;
}

/* Does the quota count every visit of the unit in month m? */
static bool counts_all(const struct jc_instance *in, const struct jc_plan_unit *u, int m, int32_t quota) {
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++)
        if (!lists(in->choices[c].visits, m, quota))
            return false;
    return true;
}

/* The most visits of `units` in month m by a quota that counts them all. */
static int64_t quota_cap(const struct jc_instance *in, const int32_t *units, int32_t n, int m) {
    const struct jc_month_list *list = in->choices[in->units[units[0]].first_choice].visits;
    int64_t cap = JC_NO_LIMIT;
    for (int i = list ? list->first[m] : 0; list && i < list->first[m + 1]; i++) {
        int32_t quota = list->ids[i];
        bool shared = in->quota_max[quota] < cap;
        for (int32_t u = 0; shared && u < n; u++)
            shared = counts_all(in, &in->units[units[u]], m, quota);
        cap = shared ? in->quota_max[quota] : cap;
    }
    return cap;
}

static void add_up(const struct jc_instance *in, int32_t pair, const int32_t *units, int32_t n, bool hard_over,
                   bool hard_quota, struct demand *d) {
    memset(d, 0, sizeof *d);
    d->any = n > 0;
    for (int32_t i = 0; i < n; i++)
        for (int s = 0; s < JC_SPANS; s++) {
            int visits = fewest(in, &in->units[units[i]], jc_span_months[s]);
            d->visits[s] += visits;
            d->work[s] += visits * in->units[units[i]].work;
        }
    for (int m = 0; m < JC_MONTHS; m++) {
        d->work_cap[m] = hard_over ? in->limit[in->pair_team[pair] * JC_MONTHS + m] : JC_NO_LIMIT;
        d->visit_cap[m] = hard_quota && n ? quota_cap(in, units, n, m) : JC_NO_LIMIT;
    }
}

/* Clears the sets whose months in the span offer less than is asked. */
static void strike(struct jc_capacity *c, const int64_t cap[JC_MONTHS], uint16_t span, int64_t asked) {
    int64_t offer[SETS];
    offer[0] = 0;
    for (uint32_t z = 1; z < SETS; z++) {
        int m = __builtin_ctz(z);
        int64_t more = span >> m & 1 ? cap[m] : 0;
        int64_t sum = offer[z & (z - 1)] + more;
        offer[z] = sum < JC_NO_LIMIT ? sum : JC_NO_LIMIT;
    }
    for (uint32_t z = 0; z < SETS; z++)
        if (offer[z] < asked)
            c->possible[z >> 6] &= ~(UINT64_C(1) << (z & 63));
}

static void find_sets(const struct demand *d, struct jc_capacity *c) {
    memset(c->possible, 0xff, sizeof c->possible);
    memset(c->least, 0, sizeof c->least);
    if (!d->any)
        return;
    for (int s = 0; s < JC_SPANS; s++) {
        strike(c, d->work_cap, jc_span_months[s], d->work[s]);
        strike(c, d->visit_cap, jc_span_months[s], d->visits[s]);
    }
    for (int s = 0; s < JC_SPANS; s++)
        c->least[s] = JC_MONTHS + 1;
    for (uint32_t z = 0; z < SETS; z++)
        for (int s = 0; jc_capacity_allows(c, z) && s < JC_SPANS; s++) {
            int open = __builtin_popcount(z & jc_span_months[s]);
            c->least[s] = (int8_t)(open < c->least[s] ? open : c->least[s]);
        }
    if (c->least[0] > JC_MONTHS) { /* limits do not hold after all: claim nothing */
        memset(c->possible, 0xff, sizeof c->possible);
        memset(c->least, 0, sizeof c->least);
    }
}

enum jc_code jc_capacity_find(const struct jc_instance *in, bool hard_over, bool hard_quota, struct jc_capacity *to,
                              struct jc_err *err) {
    size_t n_pairs = (size_t)in->n_pairs;
    int32_t *first = jc_calloc(n_pairs + 2, sizeof *first);
    int32_t *units = jc_calloc((size_t)in->n_units + 1, sizeof *units);
    if (!first || !units) {
        jc_free(first);
        jc_free(units);
        return jc_fail_memory(err);
    }
    for (int32_t u = 0; u < in->n_units; u++) { /* counting sort of the own units by pair */
        int32_t pair = only_pair(in, &in->units[u]);
        if (pair >= 0)
            first[pair + 2]++;
    }
    for (size_t p = 2; p < n_pairs + 2; p++)
        first[p] += first[p - 1];
    for (int32_t u = 0; u < in->n_units; u++) {
        int32_t pair = only_pair(in, &in->units[u]);
        if (pair >= 0)
            units[first[pair + 1]++] = u;
    }
    for (int32_t p = 0; p < in->n_pairs; p++) {
        struct demand d;
        add_up(in, p, units + first[p], first[p + 1] - first[p], hard_over, hard_quota, &d);
        find_sets(&d, &to[p]);
    }
    jc_free(first);
    jc_free(units);
    return JC_OK;
}
