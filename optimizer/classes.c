/* Units are gathered by everything the model can see of them; those alike are a class. Components come from
 * union-find over teams and quotas. Both once per run. Two units whose quotas differ must never share a class. */
#include "optimizer/classes.h"

#include <string.h>

#include "optimizer/alike.h"
#include "optimizer/gather.h"
#include "optimizer/partition.h"

/* --- alike -------------------------------------------------------------------------------------------- */

/* Everything but the unit's number. */
static int cmp_units(const struct jc_instance *in, const struct jc_plan_unit *a, const struct jc_plan_unit *b) {
    int c = jc_alike_unit(in, a, b);
    c = c ? c : jc_order(a->n_choices, b->n_choices);
    for (uint32_t i = 0; !c && i < a->n_choices; i++) {
        const struct jc_choice *x = &in->choices[a->first_choice + i], *y = &in->choices[b->first_choice + i];
        c = jc_order(x->rule, y->rule);
        c = c ? c : jc_order(x->pair, y->pair);
        c = c ? c : jc_alike_choice(x, y);
    }
    return c;
}

static int order_units(const void *ctx, uint32_t a, uint32_t b) {
    const struct jc_instance *in = ctx;
    return cmp_units(in, &in->units[a], &in->units[b]);
}

static uint64_t hash_unit(const void *ctx, uint32_t unit) {
    const struct jc_instance *in = ctx;
    const struct jc_plan_unit *u = &in->units[unit];
    uint64_t hash = jc_alike_unit_hash(in, u);
    for (uint32_t i = u->first_choice; i < u->first_choice + u->n_choices; i++) {
        const struct jc_choice *c = &in->choices[i];
        hash = jc_alike_mix(hash, (uint64_t)c->rule << 32 | (uint32_t)c->pair);
        hash = jc_alike_mix(hash, jc_alike_choice_hash(c));
    }
    return hash;
}

static bool interval(uint32_t months) {
    uint32_t run = months >> __builtin_ctz(months);
    return (run & (run + 1)) == 0;
}

static bool intervals_only(const Jc__ProblemRule *rule) {
    for (size_t w = 0; w < rule->n_windows; w++)
        if (!interval(rule->windows[w]->months))
            return false;
    return true;
}

/* Can visits of several such units be dealt out again? */
static bool can_share(const struct jc_instance *in, int32_t unit) {
    const struct jc_plan_unit *u = &in->units[unit];
    const Jc__ProblemUnit *row = in->problem->units[unit];
    bool share = !u->partial;
    for (uint32_t c = 0; c < u->n_choices; c++)
        share &= intervals_only(in->problem->rules[in->choices[u->first_choice + c].rule]);
    for (size_t j = 0; j < row->n_joints; j++)
        share &= intervals_only(in->problem->rules[row->joints[j]->rule]);
    return share;
}

static bool is_visited(const struct jc_instance *in, int32_t unit) {
    const struct jc_plan_unit *u = &in->units[unit];
    for (uint32_t c = 0; c < u->n_choices; c++)
        if (in->choices[u->first_choice + c].patterns->visits)
            return true;
    return false;
}

/* --- components ----------------------------------------------------------------------------------------- */

static void unite_list(int32_t *parent, int32_t n_teams, int32_t team, const struct jc_month_list *list) {
    for (int i = 0; list && i < list->first[JC_MONTHS]; i++)
        jc_partition_unite(parent, team, n_teams + list->ids[i]);
}

static void unite_unit(const struct jc_instance *in, int32_t *parent, const struct jc_plan_unit *u) {
    for (uint32_t i = u->first_choice; i < u->first_choice + u->n_choices; i++) {
        const struct jc_choice *c = &in->choices[i];
        jc_partition_unite(parent, in->choices[u->first_choice].team, c->team);
        unite_list(parent, in->n_teams, c->team, c->visits);
        unite_list(parent, in->n_teams, c->team, c->remote);
        for (int32_t q = 0; q < c->n_unit_quotas; q++)
            jc_partition_unite(parent, c->team, in->n_teams + c->unit_quotas[q]);
    }
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &in->joins[j];
        jc_partition_unite(parent, in->choices[u->first_choice].team, join->team);
        unite_list(parent, in->n_teams, join->team, join->quotas);
        unite_list(parent, in->n_teams, join->team, join->remote);
    }
}

static bool find_components(struct jc_classes *k, struct jc_arena *arena) {
    const struct jc_instance *in = k->in;
    int32_t n = in->n_teams + in->n_quotas;
    int32_t *parent = JC_NEW_ARRAY(arena, (size_t)n + 1, int32_t);
    int32_t *number = JC_NEW_ARRAY(arena, (size_t)n + 1, int32_t);
    k->of_team = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int32_t);
    k->of_quota = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int32_t);
    if (!parent || !number || !k->of_team || !k->of_quota)
        return false;
    jc_partition_init(parent, n);
    for (int32_t i = 0; i < n; i++)
        number[i] = -1;
    for (int32_t u = 0; u < in->n_units; u++)
        if (is_visited(in, u))
            unite_unit(in, parent, &in->units[u]);
    for (int32_t d = 0; d < in->n_draws; d++)
        unite_list(parent, in->n_teams, in->draws[d].team, in->draws[d].quotas);
    for (int32_t t = 0; t < in->n_teams; t++) {
        int32_t *at = &number[jc_partition_root(parent, t)];
        if (*at < 0)
            *at = k->n_components++;
        k->of_team[t] = *at;
    }
    for (int32_t q = 0; q < in->n_quotas; q++)
        k->of_quota[q] = number[jc_partition_root(parent, in->n_teams + q)];
    return true;
}

/* --- public ------------------------------------------------------------------------------------------------ */

/* Lists all units by what they are. */
static bool list_units(const struct jc_instance *in, uint32_t *rank, uint32_t *units) {
    const struct jc_gather gather = {in, hash_unit, order_units};
    int64_t n = jc_gather_rank(&gather, (uint32_t)in->n_units, rank);
    return n >= 0 && jc_gather_sort(rank, (uint32_t)n, NULL, (uint32_t)in->n_units, units);
}

/* Units in a row of the same rank are a class, those that cannot share one each; units that are never visited
 * drop out of the list. */
static bool divide(struct jc_classes *k, const uint32_t *rank, uint32_t *units, struct jc_arena *arena) {
    const struct jc_instance *in = k->in;
    size_t n = 0, room = 0, n_classes = 0;
    for (int32_t i = 0; i < in->n_units; i++) {
        int32_t unit = (int32_t)units[i];
        const struct jc_plan_unit *u = &in->units[unit];
        if (!is_visited(in, unit)) {
            k->resting_e5 += u->n_choices ? in->choices[u->first_choice].fixed_e5 : 0;
            continue;
        }
        units[n++] = units[i];
        if (n > 1 && rank[unit] == rank[units[n - 2]] && can_share(in, unit)) {
            k->classes[n_classes - 1].n++;
            continue;
        }
        struct jc_class *new = jc_arena_push(arena, (void **)&k->classes, &n_classes, &room, sizeof *new);
        if (!new)
            return false;
        *new = (struct jc_class){(const int32_t *)units + n - 1, 1, k->of_team[in->choices[u->first_choice].team],
                                 (uint32_t)k->n_columns};
        k->n_columns += u->n_choices;
    }
    k->n_classes = (int32_t)n_classes;
    return true;
}

struct jc_classes *jc_classes_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_classes *k = JC_NEW(arena, struct jc_classes);
    uint32_t *units = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, uint32_t);
    uint32_t *rank = jc_malloc(((size_t)in->n_units + 1) * sizeof *rank);
    bool good = k && units && rank;
    if (good) {
        k->in = in;
        good = find_components(k, arena) && list_units(in, rank, units) && divide(k, rank, units, arena);
    }
    jc_free(rank);
    return good ? k : NULL;
}

bool jc_classes_deal(const int32_t counts[JC_MONTHS], int32_t n, uint16_t *months) {
    int32_t at = 0;
    memset(months, 0, (size_t)n * sizeof *months);
    for (int m = 0; m < JC_MONTHS; m++) {
        if (counts[m] > n)
            return false;
        for (int32_t i = 0; i < counts[m]; i++, at++)
            months[at % n] |= (uint16_t)(1u << m);
    }
    return true;
}
