/* Proposing repairs. They come from the plan as it is: whose visits fill the month, who has workdays to spare, which
 * quotas and rules hold the visits there. Each kind has a function that adds its own, best first, with a
 * round number; sorting by round interleaves the kinds. */
#include "plan/repair.h"

#include <stdlib.h>
#include <string.h>

#include "model/pattern.h"
#include "plan/variant.h"

enum { TEAMS_TRIED = 3, RULES_TRIED = 3, UNITS_NAMED = 8, MONTHS_TRIED = 2, QUOTAS_TRIED = 4 };

struct proposal {
    Jc__Repair *repair;
    int round;
    size_t order;
};

struct proposing {
    const Jc__Problem *problem;
    const Jc__Solution *plan;
    const struct jc_measure *measure;
    struct jc_lack lack;
    struct jc_past past;
    struct jc_arena *arena;
    struct proposal list[JC_REPAIRS_MAX];
    size_t n;
    const uint8_t *pinned; /* by unit */
    char **named;          /* the unit left out, for all proposals about it; or NULL */
    bool failed;           /* memory ended */
};

/* A new proposal, NULL if there are enough or memory ended. */
static Jc__Repair *propose(struct proposing *p, Jc__RepairKind kind, int round) {
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
    p->list[p->n] = (struct proposal){repair, round, p->n};
    p->n++;
    return repair;
}

/* --- what fills the month ------------------------------------------------------------------------------ */

/* A unit the team leads in the month (or year) in question. */
struct load {
    int32_t unit, rule;
    int64_t work; /* within the month, or all year */
    uint32_t months;
};

struct loads {
    struct load *items;
    size_t count, capacity;
};

static int heavy_first(const void *a, const void *b) {
    const struct load *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

/* Units the team leads in `month` (0: any), heaviest first. */
static void list_loads(struct proposing *p, int team, int month, struct loads *out) {
    const Jc__Solution *plan = p->plan;
    for (size_t i = 0, end = 0; i < plan->n_visits; i = end) {
        int32_t unit = plan->visits[i]->unit;
        struct load load = {.unit = unit, .rule = plan->visits[i]->rule};
        int64_t size = p->problem->units[unit]->work_centi;
        for (end = i; end < plan->n_visits && plan->visits[end]->unit == unit; end++) {
            load.months |= 1u << (plan->visits[end]->month - 1);
            load.work += !month || plan->visits[end]->month == month ? size : 0;
        }
        if (plan->visits[i]->team != team || !load.work)
            continue;
        struct load *slot = JC_PUSH(p->arena, out, struct load);
        if (!slot) {
            p->failed = true;
            return;
        }
        *slot = load;
    }
    if (out->count)
        qsort(out->items, out->count, sizeof(*out->items), heavy_first);
}

/* The fewest free units whose work reaches the amount: the lightest that does alone, else the heaviest
 * together. Returns how many; 0 if they never reach it. */
static size_t choose_units(const struct proposing *p, const struct loads *loads, size_t out[UNITS_NAMED]) {
    size_t n = 0;
    int64_t sum = 0;
    for (size_t i = loads->count; i-- > 0;)
        if (loads->items[i].work >= p->lack.amount_centi && !p->pinned[loads->items[i].unit]) {
            out[0] = i;
            return 1;
        }
    for (size_t i = 0; i < loads->count && n < UNITS_NAMED && sum < p->lack.amount_centi; i++)
        if (!p->pinned[loads->items[i].unit]) {
            out[n++] = i;
            sum += loads->items[i].work;
        }
    return loads->items && sum >= p->lack.amount_centi ? n : 0;
}

static bool name_units(struct proposing *p, Jc__Repair *repair, const struct loads *loads, const size_t *chosen,
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

static int64_t load_of(const struct proposing *p, int team, int month) {
    const int64_t *load = p->measure->load_centi + (size_t)team * 12;
    int64_t sum = 0;
    for (int m = 0; !month && m < 12; m++)
        sum += load[m];
    return month ? load[month - 1] : sum;
}

/* Workdays to spare; far more than anybody has where there is no limit. */
static int64_t spare_of(const struct proposing *p, int team, int month) {
    int64_t limit = limit_of(p->problem->teams[team], month);
    return limit < 0 ? INT64_MAX / 64 : limit - load_of(p, team, month);
}

static void propose_workdays(struct proposing *p, int team, int month, int64_t amount, int round) {
    bool past = month > 0 && month <= JC_MONTHS && p->past.closed >> (month - 1) & 1;
    if (limit_of(p->problem->teams[team], month) < 0 || amount <= 0 || past)
        return;
    Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_WORKDAYS, round);
    if (!repair)
        return;
    repair->team_id = p->problem->teams[team]->team_id;
    repair->month = month;
    repair->amount_centi = amount;
}

/* --- another team ----------------------------------------------------------------------------------------- */

static bool takes_part(const Jc__ProblemUnit *u, int team) {
    for (size_t j = 0; j < u->n_joints; j++)
        if (u->joints[j]->team == team)
            return true;
    return false;
}

/* What another team could take of these units in a year; -1 if it takes part in one of them already. */
static int64_t room_for(const struct proposing *p, int team, const struct loads *loads, const size_t *chosen,
                        size_t n) {
    int64_t asked = 0, room = 0;
    for (size_t i = 0; loads->items && i < n; i++) {
        const struct load *load = &loads->items[chosen[i]];
        asked += p->problem->units[load->unit]->work_centi * __builtin_popcount(load->months);
        if (takes_part(p->problem->units[load->unit], team))
            return -1;
    }
    for (int m = 1; m <= 12; m++) {
        int64_t spare = spare_of(p, team, m);
        room += spare > 0 ? spare : 0;
    }
    int64_t year = spare_of(p, team, 0);
    room = year < room ? year : room;
    return room >= asked ? room : -1;
}

static void propose_teams(struct proposing *p, const struct loads *loads) {
    size_t chosen[UNITS_NAMED], n = choose_units(p, loads, chosen);
    uint8_t *tried = JC_NEW_ARRAY(p->arena, p->problem->n_teams + 1, uint8_t);
    if (!tried)
        p->failed = true;
    for (int round = 1; n && tried && round <= TEAMS_TRIED; round++) {
        int best = -1;
        int64_t most = -1;
        for (size_t k = 0; k < p->problem->n_teams; k++) {
            int64_t room = (int)k == p->lack.team || tried[k] ? -1 : room_for(p, (int)k, loads, chosen, n);
            if (room > most) {
                most = room;
                best = (int)k;
            }
        }
        Jc__Repair *repair = best < 0 ? NULL : propose(p, JC__REPAIR_KIND__REPAIR_KIND_TEAM, round);
        if (!repair || !name_units(p, repair, loads, chosen, n))
            return;
        repair->team_id = p->problem->teams[best]->team_id;
        tried[best] = 1;
    }
}

/* --- fewer visits ------------------------------------------------------------------------------------------ */

/* Could the unit be inspected under that rule, with fewer visits than now? */
static bool rule_fits(const struct proposing *p, int32_t unit, int32_t rule, int now) {
    const Jc__ProblemRule *r = p->problem->rules[rule];
    const Jc__ProblemUnit *u = p->problem->units[unit];
    uint16_t masks[JC_PATTERNS_MAX];
    struct jc_pattern_rule pattern = jc_pattern_rule(r, r->visits, u->blackout_months);
    return r->visits >= 1 && r->visits < now && !strchr(r->rule_id, '/') && jc_pattern_list(&pattern, masks) > 0;
}

/* The rule with the most visits below now that fits, -1 if none. */
static int32_t rule_below(const struct proposing *p, int32_t unit, int now) {
    int32_t best = -1;
    for (size_t r = 0; r < p->problem->n_rules; r++)
        if (rule_fits(p, unit, (int32_t)r, now) &&
            (best < 0 || p->problem->rules[r]->visits > p->problem->rules[best]->visits))
            best = (int32_t)r;
    return best;
}

static void propose_rule(struct proposing *p, const struct loads *loads) {
    struct loads several = {0};
    size_t chosen[UNITS_NAMED];
    int32_t rule = -1;
    for (size_t i = 0; i < loads->count; i++) { /* units of one rule, so that one sentence says it */
        const struct load *load = &loads->items[i];
        int visits = __builtin_popcount(load->months);
        if (p->pinned[load->unit] || visits < 2 || (several.count && several.items[0].rule != load->rule))
            continue;
        int32_t below = rule_below(p, load->unit, visits);
        if (below < 0 || (several.count && below != rule))
            continue;
        struct load *slot = JC_PUSH(p->arena, &several, struct load);
        if (!slot) {
            p->failed = true;
            return;
        }
        rule = below;
        *slot = *load;
        if (!p->lack.month) /* only the visits that go are saved */
            slot->work = p->problem->units[load->unit]->work_centi * (visits - p->problem->rules[below]->visits);
    }
    size_t n = choose_units(p, &several, chosen);
    Jc__Repair *repair = n ? propose(p, JC__REPAIR_KIND__REPAIR_KIND_RULE, 1) : NULL;
    if (repair && name_units(p, repair, &several, chosen, n))
        repair->rule_id = p->problem->rules[rule]->rule_id;
}

/* Rules that fill the month most, one visit less a year. */
static void propose_fewer(struct proposing *p, const struct loads *loads) {
    int64_t *work = JC_NEW_ARRAY(p->arena, p->problem->n_rules + 1, int64_t);
    if (!work)
        p->failed = true;
    for (size_t i = 0; work && i < loads->count; i++)
        work[loads->items[i].rule] += loads->items[i].work;
    for (int round = 1; work && round <= RULES_TRIED; round++) {
        int32_t best = -1;
        for (size_t r = 0; r < p->problem->n_rules; r++)
            if (work[r] >= p->lack.amount_centi && p->problem->rules[r]->visits > 1 &&
                !strchr(p->problem->rules[r]->rule_id, '/') && (best < 0 || work[r] > work[best]))
                best = (int32_t)r;
        Jc__Repair *repair = best < 0 ? NULL : propose(p, JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS, round + 1);
        if (!repair)
            return;
        repair->rule_id = p->problem->rules[best]->rule_id;
        repair->amount_centi = (p->problem->rules[best]->visits - 1) * INT64_C(100);
        work[best] = 0;
    }
}

static int64_t slots_in(const struct proposing *p, int32_t draw, int month) {
    int64_t n = 0;
    for (size_t i = 0; i < p->plan->n_slots; i++)
        n += p->plan->slots[i]->draw == draw && (!month || p->plan->slots[i]->month == month);
    return n;
}

static void propose_samples(struct proposing *p) {
    int round = 2;
    for (size_t d = 0; d < p->problem->n_draws; d++) {
        const Jc__ProblemDraw *draw = p->problem->draws[d];
        int64_t fewer = draw->work_centi ? (p->lack.amount_centi + draw->work_centi - 1) / draw->work_centi : 0;
        if (draw->team != p->lack.team || !fewer || fewer >= draw->sample ||
            slots_in(p, (int32_t)d, p->lack.month) < fewer)
            continue;
        Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_SAMPLE, round++);
        if (!repair)
            return;
        repair->draw_id = draw->draw_id;
        repair->amount_centi = (draw->sample - fewer) * 100;
    }
}

/* --- quotas ------------------------------------------------------------------------------------------------- */

/* The months with the nearest ones on both sides added; 0 if there is nothing to add. */
static uint32_t widen(uint32_t months, bool earlier, bool later) {
    uint32_t wide = months | (later ? months << 1 : 0) | (earlier ? months >> 1 : 0);
    wide &= JC_MONTHS_ALL;
    return wide == months ? 0 : wide;
}

static void propose_months(struct proposing *p, size_t quota, int round) {
    const Jc__ProblemQuota *q = p->problem->quotas[quota];
    const uint32_t wider[] = {widen(q->months, false, true), widen(q->months, true, false),
                              widen(q->months, true, true)};
    for (size_t i = 0; i < sizeof(wider) / sizeof(*wider); i++) {
        bool opens = (wider[i] & ~q->months & ~p->past.closed) != 0 && (i == 0 || wider[i] != wider[i - 1]) &&
                     (i < 2 || wider[i] != wider[0]);
        Jc__Repair *repair = opens ? propose(p, JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MONTHS, round + (int)i) : NULL;
        if (!repair)
            continue;
        repair->quota_id = q->quota_id;
        repair->months = wider[i];
    }
}

static void propose_bound(struct proposing *p, size_t quota, bool minimum, int64_t bound, int round) {
    Jc__Repair *repair =
        propose(p, minimum ? JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MIN : JC__REPAIR_KIND__REPAIR_KIND_QUOTA_MAX, round);
    if (!repair)
        return;
    repair->quota_id = p->problem->quotas[quota]->quota_id;
    repair->amount_centi = bound * 100;
}

/* Does the quota count a unit of the list? */
static bool counts_loads(const struct proposing *p, const Jc__ProblemQuota *q, const struct loads *loads, int team) {
    for (size_t i = 0; i < loads->count; i++)
        if (jc_limit_quota_counts(q, p->problem->units[loads->items[i].unit], loads->items[i].rule, team))
            return true;
    return false;
}

/* Quotas that hold visits in the month. */
static void propose_quotas_of_month(struct proposing *p, const struct loads *loads) {
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
static void propose_quota_workdays(struct proposing *p, const Jc__ProblemQuota *q) {
    int64_t asked = visit_size(p->problem, q) * (p->lack.amount_centi / 100);
    int round = 1;
    for (size_t k = 0; k < p->problem->n_teams && round <= MONTHS_TRIED; k++) {
        if ((q->team >= 0 && q->team != (int32_t)k) || !team_may_count(p->problem, q, (int32_t)k))
            continue;
        for (int m = 1; m <= 12 && round <= MONTHS_TRIED; m++) {
            int64_t spare = q->months >> (m - 1) & 1 ? spare_of(p, (int)k, m) : INT64_MAX;
            if (spare < asked)
                propose_workdays(p, (int)k, m, asked - spare, round++);
        }
        int64_t year = spare_of(p, (int)k, 0);
        if (year < asked)
            propose_workdays(p, (int)k, 0, asked - year, round);
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
static void propose_other_quotas(struct proposing *p, const Jc__ProblemQuota *q) {
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

/* --- the three kinds of shortfall ---------------------------------------------------------------------------- */

static void propose_for_over(struct proposing *p) {
    struct loads loads = {0};
    int month = p->lack.month;
    list_loads(p, p->lack.team, month, &loads);
    propose_workdays(p, p->lack.team, month, p->lack.amount_centi, 0);
    propose_teams(p, &loads);
    propose_rule(p, &loads);
    propose_fewer(p, &loads);
    propose_quotas_of_month(p, &loads);
    propose_samples(p);
    for (int apart = 1; month && apart <= MONTHS_TRIED; apart++) {
        if (month + apart <= 12)
            propose_workdays(p, p->lack.team, month + apart, p->lack.amount_centi, 3 + apart);
        if (month - apart >= 1)
            propose_workdays(p, p->lack.team, month - apart, p->lack.amount_centi, 3 + apart);
    }
}

static void propose_for_quota(struct proposing *p) {
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

/* One month of the blackout, or all of it if one is not enough. */
static void propose_blackouts(struct proposing *p, size_t unit) {
    uint32_t blackout = p->problem->units[unit]->blackout_months & ~p->past.closed;
    int found = 0;
    for (int m = 0; m <= 12; m++) {
        uint32_t months = m < 12 ? blackout & 1u << m : found ? 0 : blackout;
        Jc__Problem *v = months ? jc_variant_new(p->problem, p->arena) : NULL;
        Jc__ProblemUnit *u = v ? jc_variant_unit(v, unit, p->arena) : NULL;
        if (!u)
            continue;
        u->blackout_months &= ~months;
        if (!jc_limit_unit_possible(v, unit) || found == TEAMS_TRIED)
            continue;
        Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_BLACKOUT, found++);
        if (repair)
            repair->months = months;
    }
}

/* A proposal about the unit that is only kept if the unit then has possible months. */
static void propose_if_possible(struct proposing *p, size_t unit, Jc__Repair *repair) {
    struct jc_err ignored = {0};
    Jc__Problem *v = NULL;
    if (!repair)
        return;
    if (jc_repair_apply(p->problem, repair, p->arena, &v, &ignored) || !jc_limit_unit_possible(v, unit))
        p->n--;
}

static void propose_for_unit(struct proposing *p) {
    size_t unit = (size_t)p->lack.unit;
    const Jc__ProblemUnit *u = p->problem->units[unit];
    p->named = JC_NEW_ARRAY(p->arena, 1, char *);
    if (!p->named) {
        p->failed = true;
        return;
    }
    p->named[0] = u->unit_id;
    propose_blackouts(p, unit);
    if (p->pinned[unit] && !(p->past.told && p->past.told[unit]))
        propose_if_possible(p, unit, propose(p, JC__REPAIR_KIND__REPAIR_KIND_UNPIN, 0));
    for (size_t i = 0; i < u->n_options; i++) {
        Jc__ProblemRule *rule = p->problem->rules[u->options[i]->rule];
        size_t before = p->n;
        for (int gap = rule->min_gap_months - 1; gap >= 1 && p->n == before; gap--) {
            Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_GAP, 1);
            if (!repair)
                break;
            repair->rule_id = rule->rule_id;
            repair->amount_centi = gap * 100;
            propose_if_possible(p, unit, repair);
        }
        if (rule->visits > 1) {
            Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS, 3);
            if (repair) {
                repair->rule_id = rule->rule_id;
                repair->amount_centi = (rule->visits - 1) * INT64_C(100);
            }
            propose_if_possible(p, unit, repair);
        }
    }
    int tried = 0;
    for (size_t r = p->problem->n_rules; r-- > 0 && tried < RULES_TRIED;) {
        size_t before = p->n;
        if (!rule_fits(p, (int32_t)unit, (int32_t)r, 13))
            continue;
        Jc__Repair *repair = propose(p, JC__REPAIR_KIND__REPAIR_KIND_RULE, 2 + tried);
        if (repair)
            repair->rule_id = p->problem->rules[r]->rule_id;
        propose_if_possible(p, unit, repair);
        tried += p->n > before;
    }
}

static int by_round(const void *a, const void *b) {
    const struct proposal *x = a, *y = b;
    if (x->round != y->round)
        return x->round < y->round ? -1 : 1;
    return (x->order > y->order) - (x->order < y->order);
}

static const uint8_t *mark_pinned(const Jc__Problem *problem, struct jc_arena *arena) {
    uint8_t *pinned = JC_NEW_ARRAY(arena, problem->n_units + 1, uint8_t);
    for (size_t i = 0; pinned && i < problem->n_pins; i++)
        if (problem->pins[i]->unit >= 0)
            pinned[problem->pins[i]->unit] = 1;
    return pinned;
}

enum jc_code jc_repair_list(const Jc__Problem *problem, const Jc__Solution *plan, const struct jc_measure *measure,
                            const struct jc_lack *lack, const struct jc_past *past, struct jc_arena *arena,
                            Jc__Repair ***out, size_t *count, struct jc_err *err) {
    struct proposing p = {.problem = problem, .plan = plan, .measure = measure, .lack = *lack, .arena = arena};
    if (past)
        p.past = *past;
    p.pinned = mark_pinned(problem, arena);
    *out = JC_NEW_ARRAY(arena, JC_REPAIRS_MAX, Jc__Repair *);
    if (!p.pinned || !*out)
        return jc_fail_memory(err);
    if (lack->unit >= 0)
        propose_for_unit(&p);
    else if (lack->quota >= 0)
        propose_for_quota(&p);
    else if (lack->team >= 0)
        propose_for_over(&p);
    if (p.failed)
        return jc_fail_memory(err);
    if (p.n)
        qsort(p.list, p.n, sizeof(*p.list), by_round);
    for (size_t i = 0; i < p.n; i++)
        (*out)[i] = p.list[i].repair;
    *count = p.n;
    return JC_OK;
}
