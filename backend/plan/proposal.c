/* Proposals and what they are drawn from. One pass over the plan's visits lists who fills a month. */
#include "plan/proposal.h"

#include <stdlib.h>

#include "model/pattern.h"

Jc__Repair *jc_propose(struct jc_proposing *p, Jc__RepairKind kind, int round) {
    if (p->n == JC_REPAIRS_MAX || p->failed)
        return NULL;
    Jc__Repair *repair = JC_NEW(p->arena, Jc__Repair);
    if (!repair) {
        p->failed = true;
        return NULL;
    }
    jc__repair__init(repair);
    repair->kind = kind;
    repair->unit_ids = p->named;
    repair->n_unit_ids = p->named != NULL;
    p->list[p->n] = (struct jc_proposal){repair, round, p->n};
    p->n++;
    return repair;
}

/* --- what fills the month ------------------------------------------------------------------------------ */

static int heavy_first(const void *a, const void *b) {
    const struct jc_load *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

void jc_loads_list(struct jc_proposing *p, int team, int month, struct jc_loads *out) {
    const Jc__Solution *plan = p->plan;
    for (size_t i = 0, end = 0; i < plan->n_visits; i = end) {
        int32_t unit = plan->visits[i]->unit;
        struct jc_load load = {.unit = unit, .rule = plan->visits[i]->rule};
        int64_t size = p->problem->units[unit]->work_centi;
        for (end = i; end < plan->n_visits && plan->visits[end]->unit == unit; end++) {
            load.months |= 1u << (plan->visits[end]->month - 1);
            load.work += !month || plan->visits[end]->month == month ? size : 0;
        }
        if (plan->visits[i]->team != team || !load.work)
            continue;
        struct jc_load *slot = JC_PUSH(p->scratch, out, struct jc_load);
        if (!slot) {
            p->failed = true;
            return;
        }
        *slot = load;
    }
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), heavy_first);
}

size_t jc_loads_choose(const struct jc_proposing *p, const struct jc_loads *loads, size_t out[JC_UNITS_NAMED]) {
    size_t n = 0;
    int64_t sum = 0;
    for (size_t i = loads->count; i-- > 0;)
        if (loads->items[i].work >= p->lack.amount_centi && !p->pinned[loads->items[i].unit]) {
            out[0] = i;
            return 1;
        }
    for (size_t i = 0; i < loads->count && n < JC_UNITS_NAMED && sum < p->lack.amount_centi; i++)
        if (!p->pinned[loads->items[i].unit]) {
            out[n++] = i;
            sum += loads->items[i].work;
        }
    return loads->items && sum >= p->lack.amount_centi ? n : 0;
}

bool jc_propose_units(struct jc_proposing *p, Jc__Repair *repair, const struct jc_loads *loads, const size_t *chosen,
                      size_t n) {
    repair->unit_ids = JC_NEW_ARRAY(p->arena, n + 1, char *);
    if (!repair->unit_ids)
        p->failed = true;
    for (size_t i = 0; repair->unit_ids && loads->items && i < n; i++)
        repair->unit_ids[repair->n_unit_ids++] = p->problem->units[loads->items[chosen[i]].unit]->unit_id;
    return !p->failed;
}

/* --- workdays -------------------------------------------------------------------------------------------- */

static int64_t limit_of(const Jc__ProblemTeam *t, int month) {
    if (!month)
        return t->year_limit_centi;
    return t->n_month_limit_centi ? t->month_limit_centi[month - 1] : -1;
}

static int64_t load_of(const struct jc_proposing *p, int team, int month) {
    const int64_t *load = p->measure->load_centi + (size_t)team * 12;
    int64_t sum = 0;
    for (int m = 0; !month && m < 12; m++)
        sum += load[m];
    return month ? load[month - 1] : sum;
}

int64_t jc_propose_spare(const struct jc_proposing *p, int team, int month) {
    int64_t limit = limit_of(p->problem->teams[team], month);
    return limit < 0 ? INT64_MAX / 64 : limit - load_of(p, team, month);
}

void jc_propose_workdays(struct jc_proposing *p, int team, int month, int64_t amount, int round) {
    bool past = month > 0 && month <= JC_MONTHS && p->past.closed >> (month - 1) & 1;
    if (limit_of(p->problem->teams[team], month) < 0 || amount <= 0 || past)
        return;
    Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_WORKDAYS, round);
    if (!repair)
        return;
    repair->team_id = p->problem->teams[team]->team_id;
    repair->month = month;
    repair->amount_centi = amount;
}
