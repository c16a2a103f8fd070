/* Incremental evaluation (formulas (4)-(7) of docs/OPTIMIZER.md). A load change touches one cell and one
 * year, a visit its quotas of the month, a district its counter: a visit costs a handful of additions.
 * Unit and slot changes must be exact inverses of each other, because the search undoes by redoing. */
#include "optimizer/state.h"

#include <stdlib.h>
#include <string.h>

int jc_totals_cmp(const struct jc_totals *a, const struct jc_totals *b) {
    if (a->over != b->over)
        return a->over < b->over ? -1 : 1;
    if (a->quota != b->quota)
        return a->quota < b->quota ? -1 : 1;
    return (a->cost > b->cost) - (a->cost < b->cost);
}

/* --- pieces ------------------------------------------------------------------------------------ */

static inline int64_t beyond(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

static void add_cell(struct jc_state *s, int32_t team, int m, int64_t work) {
    const struct jc_instance *in = s->in;
    size_t cell = (size_t)team * JC_MONTHS + (size_t)m;
    int64_t before = s->load[cell], after = before + work;
    int64_t target = in->target[cell];
    s->load[cell] = after;
    s->totals.over += beyond(after, in->limit[cell]) - beyond(before, in->limit[cell]);
    if (target < 0)
        return;
    int64_t further = llabs(after - target) - llabs(before - target);
    s->totals.cost += in->balance_e5 * further;
    if (s->soft.on)
        s->soft.excess += in->balance_e5 * (jc_soft_deviation(&s->soft, cell, after - target) -
                                            jc_soft_deviation(&s->soft, cell, before - target) - further);
}

static void add_year(struct jc_state *s, int32_t team, int64_t work) {
    int64_t before = s->year[team], after = before + work;
    s->year[team] = after;
    s->totals.over += beyond(after, s->in->year_limit[team]) - beyond(before, s->in->year_limit[team]);
}

static void add_count(struct jc_state *s, int32_t q, int sign) {
    int32_t before = s->count[q], after = before + sign;
    int64_t further = jc_instance_miss(s->in, q, after) - jc_instance_miss(s->in, q, before);
    s->count[q] = after;
    s->totals.quota += further;
    if (s->soft.on)
        s->soft.excess +=
            jc_state_soft_miss(s, q, after) - jc_state_soft_miss(s, q, before) - further * s->soft.softness.miss_e5;
}

static void add_month_list(struct jc_state *s, const struct jc_month_list *list, int m, int sign) {
    for (int i = list->first[m]; i < list->first[m + 1]; i++)
        add_count(s, list->ids[i], sign);
}

/* --- units --------------------------------------------------------------------------------------- */

static void add_opening(struct jc_state *s, int32_t pair, int m, int sign) {
    int32_t *n = &s->visits_in[pair * JC_MONTHS + m];
    int32_t others = sign > 0 ? *n : *n - 1;
    *n += sign;
    if (others == 0)
        s->totals.cost += sign * s->in->travel_e5;
    if (s->soft.on)
        s->soft.excess += sign * jc_soft_step(&s->soft, others);
}

static void add_visits(struct jc_state *s, const struct jc_plan_unit *u, const struct jc_choice *c,
                       struct jc_place place, int sign) {
    const struct jc_instance *in = s->in;
    for (uint32_t left = place.months; left; left &= left - 1) {
        int m = __builtin_ctz(left);
        add_cell(s, c->team, m, sign * u->work);
        s->totals.cost += sign * jc_visit_e5(in, u, c, m);
        if (c->visits)
            add_month_list(s, c->visits, m, sign);
        if (c->remote && place.remote >> m & 1)
            add_month_list(s, c->remote, m, sign);
        if (c->pair >= 0)
            add_opening(s, c->pair, m, sign);
    }
    s->totals.cost += sign * c->fixed_e5;
    add_year(s, c->team, sign * u->work * __builtin_popcount(place.months));
    for (int32_t i = 0; i < c->n_unit_quotas; i++)
        add_count(s, c->unit_quotas[i], sign);
}

static void add_joins(struct jc_state *s, const struct jc_plan_unit *u, struct jc_place place, int sign) {
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &s->in->joins[j];
        for (uint32_t left = s->joined[j]; left; left &= left - 1) {
            int m = __builtin_ctz(left);
            add_cell(s, join->team, m, sign * join->work);
            if (join->quotas)
                add_month_list(s, join->quotas, m, sign);
            if (join->remote && place.remote >> m & 1)
                add_month_list(s, join->remote, m, sign);
        }
        add_year(s, join->team, sign * join->work * __builtin_popcount(s->joined[j]));
    }
}

void jc_state_place(struct jc_state *s, int32_t unit, struct jc_place place, const uint16_t *joined) {
    const struct jc_plan_unit *u = &s->in->units[unit];
    s->place[unit] = place;
    add_visits(s, u, &s->in->choices[place.choice], place, 1);
    if (u->n_joins) {
        memcpy(s->joined + u->first_join, joined, u->n_joins * sizeof *joined);
        add_joins(s, u, place, 1);
    }
}

void jc_state_remove(struct jc_state *s, int32_t unit) {
    const struct jc_plan_unit *u = &s->in->units[unit];
    struct jc_place place = s->place[unit];
    if (place.choice < 0)
        return;
    add_visits(s, u, &s->in->choices[place.choice], place, -1);
    if (u->n_joins) {
        add_joins(s, u, place, -1);
        memset(s->joined + u->first_join, 0, u->n_joins * sizeof *s->joined);
    }
    s->place[unit] = (struct jc_place){-1, 0, 0};
}

void jc_state_slot(struct jc_state *s, int32_t draw, int m, int sign) {
    const struct jc_plan_draw *d = &s->in->draws[draw];
    int32_t *slots = &s->slots[draw * JC_MONTHS + m];
    s->totals.cost += sign * jc_slot_e5(s->in, d, m, sign > 0 ? *slots : *slots - 1);
    *slots += sign;
    add_cell(s, d->team, m, sign * d->work);
    add_year(s, d->team, sign * d->work);
    if (d->quotas)
        add_month_list(s, d->quotas, m, sign);
}

/* The totals of the empty plan. */
static void start_totals(struct jc_state *s) {
    const struct jc_instance *in = s->in;
    for (size_t cell = 0; cell < (size_t)in->n_teams * JC_MONTHS; cell++)
        if (in->target[cell] > 0)
            s->totals.cost += in->balance_e5 * in->target[cell];
    for (int32_t q = 0; q < in->n_quotas; q++)
        s->totals.quota += jc_instance_miss(in, q, 0);
}

struct jc_state *jc_state_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_state *s = JC_NEW(arena, struct jc_state);
    if (!s)
        return NULL;
    s->in = in;
    s->place = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, struct jc_place);
    s->joined = JC_NEW_ARRAY(arena, in->n_joins + 1, uint16_t);
    s->slots = JC_NEW_ARRAY(arena, ((size_t)in->n_draws + 1) * JC_MONTHS, int32_t);
    s->load = JC_NEW_ARRAY(arena, ((size_t)in->n_teams + 1) * JC_MONTHS, int64_t);
    s->year = JC_NEW_ARRAY(arena, (size_t)in->n_teams + 1, int64_t);
    s->count = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, int32_t);
    s->visits_in = JC_NEW_ARRAY(arena, ((size_t)in->n_pairs + 1) * JC_MONTHS, int32_t);
    if (!s->place || !s->joined || !s->slots || !s->load || !s->year || !s->count || !s->visits_in ||
        !jc_soft_init(&s->soft, in, arena))
        return NULL;
    for (int32_t u = 0; u < in->n_units; u++)
        s->place[u].choice = -1;
    start_totals(s);
    return s;
}

/* --- snapshots ------------------------------------------------------------------------------------- */

struct jc_snapshot *jc_snapshot_new(const struct jc_instance *in, struct jc_arena *arena) {
    struct jc_snapshot *p = JC_NEW(arena, struct jc_snapshot);
    if (!p)
        return NULL;
    p->place = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, struct jc_place);
    p->joined = JC_NEW_ARRAY(arena, in->n_joins + 1, uint16_t);
    p->slots = JC_NEW_ARRAY(arena, ((size_t)in->n_draws + 1) * JC_MONTHS, int32_t);
    return p->place && p->joined && p->slots ? p : NULL;
}

void jc_snapshot_copy(const struct jc_instance *in, struct jc_snapshot *to, const struct jc_snapshot *from) {
    memcpy(to->place, from->place, (size_t)in->n_units * sizeof *to->place);
    memcpy(to->joined, from->joined, in->n_joins * sizeof *to->joined);
    memcpy(to->slots, from->slots, (size_t)in->n_draws * JC_MONTHS * sizeof *to->slots);
    to->totals = from->totals;
}

void jc_snapshot_take(struct jc_snapshot *to, const struct jc_state *s) {
    const struct jc_snapshot from = {s->place, s->joined, s->slots, s->totals};
    jc_snapshot_copy(s->in, to, &from);
}

void jc_snapshot_take_unit(struct jc_snapshot *to, const struct jc_state *s, int32_t unit) {
    const struct jc_plan_unit *u = &s->in->units[unit];
    to->place[unit] = s->place[unit];
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++)
        to->joined[j] = s->joined[j];
}

void jc_snapshot_restore(const struct jc_snapshot *from, struct jc_state *s) {
    const struct jc_instance *in = s->in;
    for (int32_t u = 0; u < in->n_units; u++) {
        jc_state_remove(s, u);
        if (from->place[u].choice >= 0)
            jc_state_place(s, u, from->place[u], from->joined + in->units[u].first_join);
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        for (int m = 0; m < JC_MONTHS; m++) {
            int32_t wanted = from->slots[d * JC_MONTHS + m];
            while (s->slots[d * JC_MONTHS + m] < wanted)
                jc_state_slot(s, d, m, 1);
            while (s->slots[d * JC_MONTHS + m] > wanted)
                jc_state_slot(s, d, m, -1);
        }
}
