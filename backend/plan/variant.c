/* Variants: lists of pointers copied at once, rows when they are asked for. */
#include "plan/variant.h"

#define COPY(arena, list, count) ((list) = jc_arena_clone((arena), (list), (count), sizeof(*(list))))

Jc__Problem *jc_variant_new(const Jc__Problem *base, struct jc_arena *arena) {
    Jc__Problem *p = jc_arena_clone(arena, base, 1, sizeof(*base));
    if (!p || !COPY(arena, p->teams, p->n_teams) || !COPY(arena, p->rules, p->n_rules) ||
        !COPY(arena, p->units, p->n_units) || !COPY(arena, p->draws, p->n_draws) ||
        !COPY(arena, p->quotas, p->n_quotas) || !COPY(arena, p->pins, p->n_pins))
        return NULL;
    return p;
}

/* Copies of the messages a list points to. */
static bool copy_rows(struct jc_arena *arena, void ***list, size_t count, size_t size) {
    void **rows = jc_arena_clone(arena, *list, count, sizeof(*rows));
    for (size_t i = 0; rows && i < count; i++)
        if (!(rows[i] = jc_arena_clone(arena, rows[i], 1, size)))
            return false;
    *list = rows;
    return rows != NULL;
}

#define COPY_ROWS(arena, list, count) copy_rows((arena), (void ***)&(list), (count), sizeof(**(list)))

Jc__ProblemTeam *jc_variant_team(Jc__Problem *variant, size_t team, struct jc_arena *arena) {
    Jc__ProblemTeam *t = jc_arena_clone(arena, variant->teams[team], 1, sizeof(*t));
    if (!t || !COPY(arena, t->month_limit_centi, t->n_month_limit_centi) ||
        !COPY(arena, t->target_centi, t->n_target_centi))
        return NULL;
    return variant->teams[team] = t;
}

Jc__ProblemRule *jc_variant_rule(Jc__Problem *variant, size_t rule, struct jc_arena *arena) {
    Jc__ProblemRule *r = jc_arena_clone(arena, variant->rules[rule], 1, sizeof(*r));
    if (!r || !COPY_ROWS(arena, r->windows, r->n_windows))
        return NULL;
    return variant->rules[rule] = r;
}

Jc__ProblemUnit *jc_variant_unit(Jc__Problem *variant, size_t unit, struct jc_arena *arena) {
    Jc__ProblemUnit *u = jc_arena_clone(arena, variant->units[unit], 1, sizeof(*u));
    if (!u || !COPY_ROWS(arena, u->options, u->n_options) || !COPY(arena, u->lead_teams, u->n_lead_teams) ||
        !COPY_ROWS(arena, u->joints, u->n_joints) || !COPY(arena, u->groups, u->n_groups))
        return NULL;
    return variant->units[unit] = u;
}

Jc__ProblemQuota *jc_variant_quota(Jc__Problem *variant, size_t quota, struct jc_arena *arena) {
    Jc__ProblemQuota *q = jc_arena_clone(arena, variant->quotas[quota], 1, sizeof(*q));
    if (!q || !COPY(arena, q->members, q->n_members) || !COPY(arena, q->groups, q->n_groups))
        return NULL;
    return variant->quotas[quota] = q;
}

bool jc_variant_relax_windows(Jc__TimeWindow **windows, size_t count, int64_t most) {
    int64_t asked = 0;
    for (size_t i = 0; i < count; i++)
        asked += windows[i]->min;
    for (size_t i = 0; asked > most && i < count; i++)
        windows[i]->min = 0;
    return asked > most;
}

bool jc_variant_visits(Jc__Problem *variant, size_t rule, int visits, struct jc_arena *arena) {
    Jc__ProblemRule *r = jc_variant_rule(variant, rule, arena);
    if (!r)
        return false;
    r->visits = visits;
    jc_variant_relax_windows(r->windows, r->n_windows, visits);
    for (size_t u = 0; u < variant->n_units; u++) {
        const Jc__ProblemUnit *unit = variant->units[u];
        bool uses = false;
        for (size_t i = 0; i < unit->n_options; i++)
            uses |= unit->options[i]->rule == (int32_t)rule;
        for (size_t i = 0; i < unit->n_joints; i++)
            uses |= unit->joints[i]->rule == (int32_t)rule;
        if (!uses)
            continue;
        Jc__ProblemUnit *own = jc_variant_unit(variant, u, arena);
        if (!own)
            return false;
        for (size_t i = 0; i < own->n_options; i++)
            if (own->options[i]->rule == (int32_t)rule && own->options[i]->visits)
                own->options[i]->visits = visits;
        for (size_t i = 0; i < own->n_joints; i++)
            if (own->joints[i]->rule == (int32_t)rule && own->joints[i]->visits)
                own->joints[i]->visits = visits;
    }
    return true;
}

bool jc_variant_sample(Jc__Problem *variant, size_t draw, int sample, struct jc_arena *arena) {
    Jc__ProblemDraw *d = jc_arena_clone(arena, variant->draws[draw], 1, sizeof(*d));
    if (!d || !COPY_ROWS(arena, d->windows, d->n_windows))
        return false;
    variant->draws[draw] = d;
    d->sample = sample;
    jc_variant_relax_windows(d->windows, d->n_windows, sample);
    return true;
}

void jc_variant_unpin(Jc__Problem *variant, size_t unit) {
    size_t kept = 0;
    for (size_t i = 0; i < variant->n_pins; i++)
        if (variant->pins[i]->unit != (int32_t)unit)
            variant->pins[kept++] = variant->pins[i];
    variant->n_pins = kept;
}
