/* The Lagrangian of tier 3 with a price for each quota: every unit takes the choice and months that are
 * cheapest at the prices, every draw its cheapest slots, every quota the count that suits it best. The sum over
 * a group is a bound for it, whatever the prices; Adam looks for good ones. Integers throughout but for the
 * steps. An evaluation prices each counted unit once. */
#include "optimizer/tally.h"

#include <string.h>

#include "optimizer/adam.h"
#include "optimizer/convex.h"
#include "optimizer/partition.h"
#include "optimizer/slots.h"

enum {
    STEPS = 300,
    UNIT = 100000, /* what one missed quota is worth in prices */
};
#define FIRST_PACE 0.1 /* of a missed quota */
#define LAST_PACE 0.01 /* of the first */

struct jc_tally {
    const struct jc_instance *in;
    struct jc_duals duals; /* of quotas; all else is free */
    struct jc_usage usage;
    struct jc_adam *late; /* by quota */
    struct jc_adam_age age;
    double pace;
    int step;
    int32_t *group; /* by quota: the first of its group */
    int32_t *units; /* those a quota counts, and one of its quotas for each */
    int32_t *quota_of;
    int32_t n_units;
    int64_t *value, *best; /* by group */
    int64_t *cost, *joins; /* of one unit's patterns */
};

/* --- groups ----------------------------------------------------------------------------------------------- */

/* Unites the quotas of a list with `quota` (-1: none yet); returns one of all these. */
static int32_t unite_list(struct jc_tally *t, const struct jc_month_list *list, int32_t quota) {
    for (int i = 0; list && i < list->first[JC_MONTHS]; i++) {
        quota = quota < 0 ? list->ids[i] : quota;
        jc_partition_unite(t->group, quota, list->ids[i]);
    }
    return quota;
}

/* Unites all quotas that count the unit; returns one of them, -1 if there is none. */
static int32_t unite_unit(struct jc_tally *t, const struct jc_plan_unit *u) {
    int32_t quota = -1;
    for (uint32_t i = u->first_choice; i < u->first_choice + u->n_choices; i++) {
        const struct jc_choice *c = &t->in->choices[i];
        quota = unite_list(t, c->remote, unite_list(t, c->visits, quota));
        for (int32_t q = 0; q < c->n_unit_quotas; q++) {
            quota = quota < 0 ? c->unit_quotas[q] : quota;
            jc_partition_unite(t->group, quota, c->unit_quotas[q]);
        }
    }
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++)
        quota = unite_list(t, t->in->joins[j].remote, unite_list(t, t->in->joins[j].quotas, quota));
    return quota;
}

static void find_groups(struct jc_tally *t) {
    const struct jc_instance *in = t->in;
    jc_partition_init(t->group, in->n_quotas);
    for (int32_t u = 0; u < in->n_units; u++) {
        int32_t quota = in->units[u].n_choices ? unite_unit(t, &in->units[u]) : -1;
        if (quota < 0)
            continue;
        t->quota_of[t->n_units] = quota;
        t->units[t->n_units++] = u;
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        unite_list(t, in->draws[d].quotas, -1);
    for (int32_t q = 0; q < in->n_quotas; q++)
        t->group[q] = jc_partition_root(t->group, q);
}

/* --- an evaluation ---------------------------------------------------------------------------------------- */

/* The unit at its cheapest; returns what that is. */
static int64_t price_unit(struct jc_tally *t, const struct jc_plan_unit *u) {
    int64_t least = JC_DUALS_NEVER;
    const struct jc_choice *chosen = NULL;
    uint32_t months = 0;
    for (uint32_t i = u->first_choice; i < u->first_choice + u->n_choices; i++) {
        const struct jc_choice *c = &t->in->choices[i];
        jc_duals_patterns(&t->duals, u, c, t->joins, t->cost);
        for (int p = 0; p < c->patterns->n; p++)
            if (t->cost[p] < least) {
                least = t->cost[p];
                chosen = c;
                months = c->patterns->masks[p];
            }
    }
    jc_usage_add(&t->usage, &t->duals, u, chosen, months, 1);
    return least;
}

static int64_t price_quota(struct jc_tally *t, int32_t q) {
    int64_t value;
    struct jc_convex f = jc_convex_count(INT32_MAX / 4, t->in->quota_min[q], t->in->quota_max[q], false);
    int at = jc_convex_least(&f, UNIT, t->duals.quota[q], &value);
    t->usage.quota[q] -= f.at[at];
    return value;
}

/* Values by group, and the slopes in `usage`. */
static void evaluate(struct jc_tally *t) {
    const struct jc_instance *in = t->in;
    memset(t->value, 0, (size_t)in->n_quotas * sizeof *t->value);
    jc_usage_clear(&t->usage, in);
    for (int32_t i = 0; i < t->n_units; i++)
        t->value[t->group[t->quota_of[i]]] += price_unit(t, &in->units[t->units[i]]);
    for (int32_t d = 0; d < in->n_draws; d++) {
        const struct jc_month_list *list = in->draws[d].quotas;
        if (list && list->first[JC_MONTHS])
            t->value[t->group[list->ids[0]]] += jc_slots_price(&t->duals, &in->draws[d], &t->usage);
    }
    for (int32_t q = 0; q < in->n_quotas; q++)
        t->value[t->group[q]] += price_quota(t, q);
}

bool jc_tally_step(struct jc_tally *t) {
    const struct jc_instance *in = t->in;
    if (t->step == STEPS || !in->n_quotas)
        return false;
    evaluate(t);
    for (int32_t q = 0; q < in->n_quotas; q++)
        t->best[q] = t->value[q] > t->best[q] ? t->value[q] : t->best[q];
    jc_adam_age(&t->age);
    for (int32_t q = 0; q < in->n_quotas; q++) {
        double step = jc_adam_step(&t->late[q], &t->age, (double)t->usage.quota[q]);
        t->duals.quota[q] = jc_adam_price((double)t->duals.quota[q] + t->pace * step, in->quota_min[q] > 0 ? -UNIT : 0,
                                          in->quota_max[q] < INT32_MAX ? UNIT : 0);
    }
    t->pace *= pow(LAST_PACE, 1.0 / STEPS);
    return ++t->step < STEPS;
}

int64_t jc_tally_bound(const struct jc_tally *t) {
    int64_t sum = 0;
    for (int32_t q = 0; q < t->in->n_quotas; q++)
        sum += (t->best[q] + UNIT - 1) / UNIT;
    return sum;
}

int64_t jc_tally_work(const struct jc_tally *t) {
    return (int64_t)t->n_units * 6 + t->in->n_units / 100 + 10;
}

/* --- set-up ------------------------------------------------------------------------------------------------ */

/* Room for the patterns of one choice, and for the partial joins of one unit. */
static bool make_desk(struct jc_tally *t, struct jc_arena *arena) {
    const struct jc_instance *in = t->in;
    size_t patterns = 0, partial = 0;
    for (uint32_t c = 0; c < in->n_choices; c++)
        patterns = (size_t)in->choices[c].patterns->n > patterns ? (size_t)in->choices[c].patterns->n : patterns;
    for (int32_t u = 0; u < in->n_units; u++)
        if (in->units[u].partial && in->units[u].n_joins > partial)
            partial = in->units[u].n_joins;
    t->cost = JC_NEW_ARRAY(arena, patterns + 1, int64_t);
    t->joins = JC_NEW_ARRAY(arena, partial * JC_SETS + 1, int64_t);
    return t->cost && t->joins;
}

struct jc_tally *jc_tally_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_tally *t = JC_NEW(arena, struct jc_tally);
    size_t n_quotas = (size_t)in->n_quotas + 1, n_units = (size_t)in->n_units + 1;
    if (!t)
        return NULL;
    t->in = in;
    t->pace = UNIT * FIRST_PACE;
    t->age = jc_adam_begin();
    t->late = JC_NEW_ARRAY(arena, n_quotas, struct jc_adam);
    t->group = JC_NEW_ARRAY(arena, n_quotas, int32_t);
    t->value = JC_NEW_ARRAY(arena, n_quotas, int64_t);
    t->best = JC_NEW_ARRAY(arena, n_quotas, int64_t);
    t->units = JC_NEW_ARRAY(arena, n_units, int32_t);
    t->quota_of = JC_NEW_ARRAY(arena, n_units, int32_t);
    if (!t->late || !t->group || !t->value || !t->best || !t->units || !t->quota_of || !make_desk(t, arena) ||
        !jc_duals_init(&t->duals, in, arena) || !jc_usage_init(&t->usage, in, arena))
        return NULL;
    find_groups(t);
    return t;
}
