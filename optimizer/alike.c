/* Lexicographic orders over the fields the mathematics sees. Patterns and quota lists are shared by
 * pointer wherever they were memoised, so equal pointers settle most comparisons at once; different
 * pointers must never count as different contents. */
#include "optimizer/alike.h"

#include <string.h>

static int cmp_list(const struct jc_month_list *a, const struct jc_month_list *b) {
    if (a == b)
        return 0;
    if (!a || !b)
        return a ? 1 : -1;
    int c = memcmp(a->first, b->first, sizeof a->first);
    return c ? c : memcmp(a->ids, b->ids, a->first[JC_MONTHS] * sizeof *a->ids);
}

static int cmp_patterns(const struct jc_patterns *a, const struct jc_patterns *b) {
    if (a == b)
        return 0;
    int c = jc_order(a->n, b->n);
    return c ? c : memcmp(a->masks, b->masks, (size_t)a->n * sizeof *a->masks);
}

int jc_alike_choice(const struct jc_choice *a, const struct jc_choice *b) {
    int c = jc_order(a->team, b->team);
    c = c ? c : cmp_patterns(a->patterns, b->patterns);
    c = c ? c : jc_order(a->in_force, b->in_force);
    c = c ? c : jc_order(a->fixed_e5, b->fixed_e5);
    c = c ? c : jc_order(a->n_unit_quotas, b->n_unit_quotas);
    c = c ? c : a->n_unit_quotas ? memcmp(a->unit_quotas, b->unit_quotas, (size_t)a->n_unit_quotas * 4) : 0;
    c = c ? c : cmp_list(a->visits, b->visits);
    return c ? c : cmp_list(a->remote, b->remote);
}

/* Everything of a join. */
static int cmp_join(const struct jc_join *a, const struct jc_join *b) {
    int c = jc_order(a->team, b->team);
    c = c ? c : jc_order(a->visits, b->visits);
    c = c ? c : jc_order(a->work, b->work);
    c = c ? c : cmp_patterns(a->patterns, b->patterns);
    c = c ? c : cmp_list(a->quotas, b->quotas);
    return c ? c : cmp_list(a->remote, b->remote);
}

int jc_alike_unit(const struct jc_instance *in, const struct jc_plan_unit *a, const struct jc_plan_unit *b) {
    int c = jc_order(a->work, b->work);
    c = c ? c : jc_order(a->risk_e5, b->risk_e5);
    c = c ? c : jc_order(a->season_e5, b->season_e5);
    c = c ? c : jc_order(a->preferred, b->preferred);
    c = c ? c : jc_order(a->pinned, b->pinned);
    c = c ? c : jc_order(a->told, b->told);
    c = c ? c : jc_order(a->remote, b->remote);
    c = c ? c : jc_order(a->partial, b->partial);
    c = c ? c : jc_order(a->n_joins, b->n_joins);
    for (uint32_t i = 0; !c && i < a->n_joins; i++)
        c = cmp_join(&in->joins[a->first_join + i], &in->joins[b->first_join + i]);
    return c;
}

/* --- hashes ------------------------------------------------------------------------------------------------ */

/* Patterns and lists bring their own, made when they were. */
static uint64_t mix_list(uint64_t hash, const struct jc_month_list *list) {
    return list ? jc_alike_mix(hash, list->hash) : hash;
}

uint64_t jc_alike_choice_hash(const struct jc_choice *c) {
    uint64_t hash = jc_alike_mix((uint64_t)c->team, c->patterns->hash);
    hash = jc_alike_mix(hash, (uint64_t)c->fixed_e5 << 16 | c->in_force);
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        hash = jc_alike_mix(hash, (uint64_t)c->unit_quotas[i]);
    return mix_list(mix_list(hash, c->visits), c->remote);
}

uint64_t jc_alike_unit_hash(const struct jc_instance *in, const struct jc_plan_unit *u) {
    uint64_t hash = jc_alike_mix((uint64_t)u->work, (uint64_t)u->risk_e5);
    hash = jc_alike_mix(hash, (uint64_t)u->season_e5);
    hash = jc_alike_mix(hash, (uint64_t)u->preferred << 32 | (uint64_t)u->pinned << 16 | (uint64_t)u->partial);
    hash = jc_alike_mix(hash, (uint64_t)u->told << 16 | u->remote);
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &in->joins[j];
        hash = jc_alike_mix(hash, (uint64_t)join->team << 32 | (uint32_t)join->visits);
        hash = jc_alike_mix(jc_alike_mix(hash, (uint64_t)join->work), join->patterns->hash);
        hash = mix_list(mix_list(hash, join->quotas), join->remote);
    }
    return hash;
}
