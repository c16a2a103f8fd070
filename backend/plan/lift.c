/* Limits lifted: variants in which rows of one kind ask for nothing. Cost: a variant, and a copy of each row that
 * is altered. */
#include "plan/lift.h"

#include "plan/variant.h"

bool jc_lift_concerns(const Jc__Problem *problem, const struct jc_lack *lack, size_t unit) {
    const Jc__ProblemUnit *u = problem->units[unit];
    for (size_t t = 0; t < u->n_lead_teams; t++) {
        if (lack->quota < 0 && u->lead_teams[t] == lack->team)
            return true;
        for (size_t i = 0; lack->quota >= 0 && i < u->n_options; i++)
            if (jc_limit_quota_counts(problem->quotas[lack->quota], u, u->options[i]->rule, u->lead_teams[t]))
                return true;
    }
    return false;
}

static bool lift_windows(const Jc__Problem *problem, const struct jc_lack *lack, Jc__Problem *v,
                         struct jc_arena *arena) {
    bool *lifted = JC_NEW_ARRAY(arena, v->n_rules + 1, bool);
    for (size_t u = 0; lifted && u < v->n_units; u++) {
        if (!jc_lift_concerns(problem, lack, u))
            continue;
        Jc__ProblemUnit *own = jc_variant_unit(v, u, arena);
        if (!own)
            return false;
        own->blackout_months = 0;
        for (size_t i = 0; i < own->n_options; i++)
            lifted[own->options[i]->rule] = true;
    }
    for (size_t r = 0; lifted && r < v->n_rules; r++) {
        Jc__ProblemRule *rule = lifted[r] ? jc_variant_rule(v, r, arena) : NULL;
        if (lifted[r] && !rule)
            return false;
        if (rule) {
            rule->n_windows = 0;
            rule->min_gap_months = 0;
        }
    }
    return lifted != NULL;
}

static bool lift_teams(const Jc__Problem *problem, const struct jc_lack *lack, Jc__Problem *v, struct jc_arena *arena) {
    int32_t *all = JC_NEW_ARRAY(arena, v->n_teams + 1, int32_t);
    for (size_t k = 0; all && k < v->n_teams; k++)
        all[k] = (int32_t)k;
    for (size_t u = 0; all && v->n_teams <= 100 && u < v->n_units; u++) {
        if (!jc_lift_concerns(problem, lack, u))
            continue;
        Jc__ProblemUnit *own = jc_variant_unit(v, u, arena);
        if (!own)
            return false;
        own->lead_teams = all;
        own->n_lead_teams = v->n_teams;
    }
    return all != NULL;
}

static bool lift_workdays(Jc__Problem *v, struct jc_arena *arena) {
    for (size_t k = 0; k < v->n_teams; k++) {
        Jc__ProblemTeam *t = jc_variant_team(v, k, arena);
        if (!t)
            return false;
        t->n_month_limit_centi = 0;
        t->year_limit_centi = -1;
    }
    return true;
}

/* Other quotas no longer ask or forbid anything. */
static bool lift_quotas(const struct jc_lack *lack, Jc__Problem *v, struct jc_arena *arena) {
    for (size_t q = 0; q < v->n_quotas; q++) {
        Jc__ProblemQuota *own = (int)q == lack->quota ? v->quotas[q] : jc_variant_quota(v, q, arena);
        if (!own)
            return false;
        if ((int)q != lack->quota)
            own->min = own->max = -1;
    }
    return true;
}

Jc__Problem *jc_lift(const Jc__Problem *problem, const struct jc_lack *lack, Jc__LimitKind kind,
                     struct jc_arena *arena) {
    Jc__Problem *v = jc_variant_new(problem, arena);
    bool lifted = v != NULL;
    if (!v)
        return NULL;
    switch (kind) {
    case JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS:
        lifted = lift_workdays(v, arena);
        break;
    case JC__LIMIT_KIND__LIMIT_KIND_QUOTAS:
        lifted = lift_quotas(lack, v, arena);
        break;
    case JC__LIMIT_KIND__LIMIT_KIND_TEAMS:
        lifted = lift_teams(problem, lack, v, arena);
        break;
    case JC__LIMIT_KIND__LIMIT_KIND_KEPT:
        v->n_pins = 0;
        break;
    default:
        lifted = lift_windows(problem, lack, v, arena);
        break;
    }
    return lifted ? v : NULL;
}

bool jc_lift_applies(const Jc__Problem *problem, const struct jc_lack *lack, Jc__LimitKind kind) {
    switch (kind) {
    case JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS:
        return lack->quota >= 0;
    case JC__LIMIT_KIND__LIMIT_KIND_QUOTAS:
        return problem->n_quotas > (lack->quota >= 0);
    case JC__LIMIT_KIND__LIMIT_KIND_TEAMS:
        return problem->n_teams > 1;
    case JC__LIMIT_KIND__LIMIT_KIND_KEPT:
        return problem->n_pins > 0;
    default:
        return true;
    }
}
