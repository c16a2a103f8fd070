/* Repairs that have to do with quotas: other months, other bounds, workdays for what a quota counts, and quotas
 * that want the same visits elsewhere. */
#include "model/pattern.h"
#include "plan/proposal.h"

enum { QUOTAS_TRIED = 4, TEAMS_TRIED = 2 };

/* The months with the nearest ones on both sides added; 0 if there is nothing to add. */
static uint32_t widen(uint32_t months, bool earlier, bool later) {
    uint32_t wide = months | (later ? months << 1 : 0) | (earlier ? months >> 1 : 0);
    wide &= JC_MONTHS_ALL;
    return wide == months ? 0 : wide;
}

static void propose_months(struct jc_proposing *p, size_t quota, int round) {
    const Jc__ProblemQuota *q = p->problem->quotas[quota];
    const uint32_t wider[] = {widen(q->months, false, true), widen(q->months, true, false),
                              widen(q->months, true, true)};
    for (size_t i = 0; i < sizeof(wider) / sizeof(*wider); i++) {
        bool opens = (wider[i] & ~q->months & ~p->past.closed) != 0 && (i == 0 || wider[i] != wider[i - 1]) &&
                     (i < 2 || wider[i] != wider[0]);
        Jc__Repair *repair = opens ? jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MONTHS, round + (int)i) : NULL;
        if (!repair)
            continue;
        repair->quota_id = q->quota_id;
        repair->months = wider[i];
    }
}

static void propose_bound(struct jc_proposing *p, size_t quota, bool minimum, int64_t bound, int round) {
    Jc__Repair *repair =
        jc_propose(p, minimum ? JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MIN : JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MAX, round);
    if (!repair)
        return;
    repair->quota_id = p->problem->quotas[quota]->quota_id;
    repair->amount_centi = bound * 100;
}

/* Does the quota count a unit of the list? */
static bool counts_loads(const struct jc_proposing *p, const Jc__ProblemQuota *q, const struct jc_loads *loads,
                         int team) {
    for (size_t i = 0; i < loads->count; i++)
        if (jc_limit_quota_counts(q, p->problem->units[loads->items[i].unit], loads->items[i].rule, team))
            return true;
    return false;
}

void jc_propose_quotas_of_month(struct jc_proposing *p, const struct jc_loads *loads) {
    int tried = 0;
    for (size_t q = 0; p->lack.month && q < p->problem->n_quotas && tried < QUOTAS_TRIED; q++) {
        const Jc__ProblemQuota *quota = p->problem->quotas[q];
        if (quota->min < 1 || !(quota->months >> (p->lack.month - 1) & 1) ||
            quota->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS || !counts_loads(p, quota, loads, p->lack.team))
            continue;
        propose_months(p, q, 2 + tried);
        propose_bound(p, q, true, quota->min - 1, 3 + tried);
        tried++;
    }
}

/* The teams whose visits a quota counts, as far as they may lead. */
static bool team_may_count(const Jc__Problem *problem, const Jc__ProblemQuota *q, int32_t team) {
    for (size_t u = 0; u < problem->n_units; u++) {
        const Jc__ProblemUnit *unit = problem->units[u];
        bool leads = false, counts = false;
        for (size_t t = 0; t < unit->n_lead_teams; t++)
            leads |= unit->lead_teams[t] == team;
        for (size_t i = 0; leads && i < unit->n_options; i++)
            counts |= jc_limit_quota_counts(q, unit, unit->options[i]->rule, team);
        if (counts)
            return true;
    }
    return false;
}

/* The heaviest visit a quota counts. */
static int64_t visit_size(const Jc__Problem *problem, const Jc__ProblemQuota *q) {
    int64_t size = 0;
    for (size_t u = 0; u < problem->n_units; u++) {
        const Jc__ProblemUnit *unit = problem->units[u];
        for (size_t i = 0; i < unit->n_options; i++)
            for (size_t t = 0; t < unit->n_lead_teams; t++)
                if (unit->work_centi > size &&
                    jc_limit_quota_counts(q, unit, unit->options[i]->rule, unit->lead_teams[t]))
                    size = unit->work_centi;
    }
    return size;
}

/* More workdays in the quota's months, where they would fit a missing visit; what is over already has to be
 * made good first, because limits go before quotas. */
static void propose_quota_workdays(struct jc_proposing *p, const Jc__ProblemQuota *q) {
    int64_t asked = visit_size(p->problem, q) * (p->lack.amount_centi / 100);
    int round = 1;
    for (size_t k = 0; k < p->problem->n_teams && round <= TEAMS_TRIED; k++) {
        if ((q->team >= 0 && q->team != (int32_t)k) || !team_may_count(p->problem, q, (int32_t)k))
            continue;
        for (int m = 1; m <= 12 && round <= TEAMS_TRIED; m++) {
            int64_t spare = q->months >> (m - 1) & 1 ? jc_propose_spare(p, (int)k, m) : INT64_MAX;
            if (spare < asked)
                jc_propose_workdays(p, (int)k, m, asked - spare, round++);
        }
        int64_t year = jc_propose_spare(p, (int)k, 0);
        if (year < asked)
            jc_propose_workdays(p, (int)k, 0, asked - year, round);
    }
}

static bool overlap(const Jc__Problem *problem, const Jc__ProblemQuota *a, const Jc__ProblemQuota *b) {
    for (size_t u = 0; u < problem->n_units; u++) {
        const Jc__ProblemUnit *unit = problem->units[u];
        for (size_t i = 0; i < unit->n_options; i++)
            for (size_t t = 0; t < unit->n_lead_teams; t++)
                if (jc_limit_quota_counts(a, unit, unit->options[i]->rule, unit->lead_teams[t]) &&
                    jc_limit_quota_counts(b, unit, unit->options[i]->rule, unit->lead_teams[t]))
                    return true;
    }
    return false;
}

/* Other quotas of the same units stand in the way: theirs may give. */
static void propose_other_quotas(struct jc_proposing *p, const Jc__ProblemQuota *q) {
    int tried = 0;
    int64_t missed = p->lack.amount_centi / 100;
    for (size_t o = 0; o < p->problem->n_quotas && tried < QUOTAS_TRIED; o++) {
        const Jc__ProblemQuota *other = p->problem->quotas[o];
        if ((int)o == p->lack.quota || other->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS ||
            !overlap(p->problem, q, other))
            continue;
        int64_t count = p->measure->quota_count[o];
        if (other->max >= 0 && count >= other->max)
            propose_bound(p, o, false, other->max + missed, 3 + tried++);
        else if (other->min >= missed && count <= other->min)
            propose_bound(p, o, true, other->min - missed, 3 + tried++);
    }
}

void jc_propose_for_quota(struct jc_proposing *p) {
    size_t quota = (size_t)p->lack.quota;
    const Jc__ProblemQuota *q = p->problem->quotas[quota];
    int64_t count = p->measure->quota_count[quota];
    bool missing = q->min >= 0 && count < q->min;
    propose_bound(p, quota, missing, count, 1);
    if (missing) {
        if (q->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS)
            propose_months(p, quota, 0);
        propose_quota_workdays(p, q);
    }
    propose_other_quotas(p, q);
}
