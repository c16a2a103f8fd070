/* Shortfalls. They are read off the referee's measure, so what people are told and what the tiers count
 * cannot differ: tier 1 is the sum of the units' amounts, tier 2 of the teams', tier 3 of the quotas'. */
#include "plan/shortfall.h"

#include <string.h>

#include "model/quota.h"

struct list {
    struct jc_arena *arena;
    struct jc_err *err;
    Jc__Shortfall **items;
    size_t count, capacity;
};

static enum jc_code add(struct list *list, char *team_id, int month, char *unit_id, char *quota_id, int64_t amount) {
    Jc__Shortfall *s = JC_NEW(list->arena, Jc__Shortfall), **slot = JC_PUSH(list->arena, list, Jc__Shortfall *);
    if (!s || !slot)
        return jc_fail_memory(list->err);
    jc__shortfall__init(s);
    s->team_id = team_id;
    s->month = month;
    s->unit_id = unit_id;
    s->quota_id = quota_id;
    s->amount_centi = amount;
    *slot = s;
    return JC_OK;
}

enum jc_code jc_shortfall_list(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                               struct jc_arena *arena, Jc__Shortfall ***out, size_t *count, struct jc_err *err) {
    struct list list = {.arena = arena, .err = err};
    const Jc__Problem *p = pp->problem;
    char *none = (char *)protobuf_c_empty_string;
    enum jc_code code = JC_OK;
    for (size_t u = 0; !code && u < p->n_units; u++) {
        const Jc__Unit *unit = pp->sources[u].unit;
        if (measure->unserved[u])
            code = add(&list, unit->n_lead_teams == 1 ? unit->lead_teams[0] : none, 0, unit->unit_id, none,
                       (int64_t)measure->unserved[u] * 100);
    }
    for (size_t t = 0; !code && t < p->n_teams; t++)
        for (int m = 0; !code && m <= 12; m++) {
            int month = (m + 1) % 13; /* the months, then the year */
            int64_t over = jc_measure_over(p, measure, (int)t, month);
            if (over)
                code = add(&list, p->teams[t]->team_id, month, none, none, over);
        }
    for (size_t q = 0; !code && q < p->n_quotas; q++) {
        int64_t missed = jc_quota_miss(p->quotas[q], measure->quota_count[q]);
        if (missed)
            code = add(&list, pp->reg->quotas[q]->team_id, 0, none, p->quotas[q]->quota_id, missed * 100);
    }
    *out = list.items;
    *count = list.count;
    return code;
}

enum jc_code jc_shortfall_add_limit(Jc__Shortfall *shortfall, Jc__LimitKind kind, struct jc_arena *arena,
                                    Jc__BindingLimit **out, struct jc_err *err) {
    Jc__BindingLimit **grown = JC_NEW_ARRAY(arena, shortfall->n_limits + 1, Jc__BindingLimit *);
    Jc__BindingLimit *limit = JC_NEW(arena, Jc__BindingLimit);
    if (!grown || !limit)
        return jc_fail_memory(err);
    jc__binding_limit__init(limit);
    limit->kind = kind;
    if (shortfall->n_limits)
        memcpy(grown, shortfall->limits, shortfall->n_limits * sizeof(*grown));
    grown[shortfall->n_limits++] = limit;
    shortfall->limits = grown;
    if (out)
        *out = limit;
    return JC_OK;
}

bool jc_shortfalls_equal(Jc__Shortfall *const *a, size_t n_a, Jc__Shortfall *const *b, size_t n_b) {
    bool same = n_a == n_b;
    for (size_t i = 0; same && i < n_a; i++)
        same = a[i]->month == b[i]->month && a[i]->amount_centi == b[i]->amount_centi &&
               !strcmp(a[i]->team_id, b[i]->team_id) && !strcmp(a[i]->unit_id, b[i]->unit_id) &&
               !strcmp(a[i]->quota_id, b[i]->quota_id);
    return same;
}
