/* The limits of a unit that has no possible months: each is taken away in a variant of its own, and named if the
 * unit then has some. */
#include <string.h>

#include "model/pattern.h"
#include "plan/limit.h"
#include "plan/shortfall.h"
#include "plan/variant.h"

bool jc_limit_unit_possible(const Jc__Problem *problem, size_t unit) {
    const Jc__ProblemUnit *u = problem->units[unit];
    uint16_t masks[JC_PATTERNS_MAX];
    uint32_t pinned = 0;
    int32_t rule = -1, team = -1;
    for (size_t i = 0; i < problem->n_pins; i++) {
        const Jc__ProblemPin *pin = problem->pins[i];
        if (pin->unit != (int32_t)unit)
            continue;
        if ((pin->rule >= 0 && rule >= 0 && rule != pin->rule) || (pin->team >= 0 && team >= 0 && team != pin->team))
            return false;
        pinned |= 1u << (pin->month - 1);
        rule = pin->rule >= 0 ? pin->rule : rule;
        team = pin->team >= 0 ? pin->team : team;
    }
    bool may_lead = team < 0 && u->n_lead_teams;
    for (size_t t = 0; t < u->n_lead_teams; t++)
        may_lead |= u->lead_teams[t] == team;
    for (size_t i = 0; may_lead && i < u->n_options; i++)
        if ((rule < 0 || rule == u->options[i]->rule) && jc_pattern_of_option(problem, u, u->options[i], pinned, masks))
            return true;
    return false;
}

Jc__Problem *jc_limit_unit_alone(const Jc__Problem *problem, size_t unit, struct jc_arena *arena) {
    Jc__Problem *p = JC_CLONE(arena, problem);
    size_t pins = 0;
    for (size_t i = 0; i < problem->n_pins; i++)
        pins += problem->pins[i]->unit == (int32_t)unit;
    if (!p || !(p->pins = JC_NEW_ARRAY(arena, pins + 1, Jc__ProblemPin *)))
        return NULL;
    p->units = &problem->units[unit];
    p->n_units = 1;
    p->n_draws = p->n_quotas = p->n_pins = 0;
    for (size_t i = 0; i < problem->n_pins; i++) {
        if (problem->pins[i]->unit != (int32_t)unit)
            continue;
        Jc__ProblemPin *own = p->pins[p->n_pins++] = JC_CLONE(arena, problem->pins[i]);
        if (!own)
            return NULL;
        own->unit = 0;
    }
    return p;
}

/* Takes one limit of the unit away in a variant; false without memory. */
static bool lift(Jc__Problem *v, Jc__LimitKind kind, struct jc_arena *arena) {
    Jc__ProblemUnit *u = jc_variant_unit(v, 0, arena);
    if (!u)
        return false;
    if (kind == JC__LIMIT_KIND__LIMIT_KIND_BLACKOUT)
        u->blackout_months = 0;
    if (kind == JC__LIMIT_KIND__LIMIT_KIND_JOINT)
        u->n_joints = 0;
    if (kind == JC__LIMIT_KIND__LIMIT_KIND_KEPT)
        jc_variant_unpin(v, 0);
    bool rules = kind == JC__LIMIT_KIND__LIMIT_KIND_WINDOWS || kind == JC__LIMIT_KIND__LIMIT_KIND_GAP;
    for (size_t i = 0; rules && i < u->n_options; i++) {
        Jc__ProblemRule *r = jc_variant_rule(v, (size_t)u->options[i]->rule, arena);
        if (!r)
            return false;
        if (kind == JC__LIMIT_KIND__LIMIT_KIND_WINDOWS)
            r->n_windows = 0;
        else
            r->min_gap_months = 0;
    }
    return true;
}

/* Would months that are over be needed? A part of a unit that is left of a year without them stands alone. */
static bool needs_the_past(const Jc__Problem *one, uint32_t closed, struct jc_arena *arena) {
    Jc__Problem *v = jc_variant_new(one, arena);
    Jc__ProblemUnit *u = v ? jc_variant_unit(v, 0, arena) : NULL;
    if (!u)
        return false;
    u->blackout_months &= ~closed;
    return strchr(u->unit_id, '/') || jc_limit_unit_possible(v, 0);
}

/* The kinds of limits without which the unit has possible months. `scratch` is for the variants. */
static enum jc_code find_limits(const Jc__Problem *one, uint32_t closed, Jc__Shortfall *s, struct jc_arena *arena,
                                struct jc_arena *scratch, struct jc_err *err) {
    static const Jc__LimitKind kinds[] = {JC__LIMIT_KIND__LIMIT_KIND_BLACKOUT, JC__LIMIT_KIND__LIMIT_KIND_WINDOWS,
                                          JC__LIMIT_KIND__LIMIT_KIND_GAP, JC__LIMIT_KIND__LIMIT_KIND_KEPT,
                                          JC__LIMIT_KIND__LIMIT_KIND_JOINT};
    enum jc_code code = JC_OK;
    if (closed && needs_the_past(one, closed, scratch))
        return jc_shortfall_add_limit(s, JC__LIMIT_KIND__LIMIT_KIND_CLOSED, arena, NULL, err);
    for (size_t i = 0; !code && i < sizeof(kinds) / sizeof(*kinds); i++) {
        Jc__Problem *v = jc_variant_new(one, scratch);
        if (!v || !lift(v, kinds[i], scratch))
            return jc_fail_memory(err);
        if (jc_limit_unit_possible(v, 0))
            code = jc_shortfall_add_limit(s, kinds[i], arena, NULL, err);
    }
    if (!code && !s->n_limits)
        code = jc_shortfall_add_limit(s, JC__LIMIT_KIND__LIMIT_KIND_TOGETHER, arena, NULL, err);
    return code;
}

enum jc_code jc_limit_unit(const Jc__Problem *problem, size_t unit, uint32_t closed, Jc__Shortfall *s,
                           struct jc_arena *arena, struct jc_err *err) {
    if (jc_limit_unit_possible(problem, unit))
        return JC_OK;
    if (!problem->units[unit]->n_lead_teams)
        return jc_shortfall_add_limit(s, JC__LIMIT_KIND__LIMIT_KIND_TEAMS, arena, NULL, err);
    struct jc_arena *scratch = jc_arena_new(SIZE_MAX / 2);
    const Jc__Problem *one = scratch ? jc_limit_unit_alone(problem, unit, scratch) : NULL;
    enum jc_code code = one ? find_limits(one, closed, s, arena, scratch, err) : jc_fail_memory(err);
    jc_arena_free(scratch);
    return code;
}
