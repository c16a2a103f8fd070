/* Proposing repairs. They come from the plan as it is: whose visits fill the month, who has workdays to spare, which
 * quotas and rules hold the visits there. Each kind has a function that adds its own, best first, with a
 * round number; sorting by round interleaves the kinds. */
#include <stdlib.h>
#include <string.h>

#include "model/pattern.h"
#include "plan/proposal.h"
#include "plan/variant.h"

enum { TEAMS_TRIED = 3, RULES_TRIED = 3, MONTHS_TRIED = 2 };

/* --- another team ----------------------------------------------------------------------------------------- */

static bool takes_part(const Jc__ProblemUnit *u, int team) {
    for (size_t j = 0; j < u->n_joints; j++)
        if (u->joints[j]->team == team)
            return true;
    return false;
}

/* What another team could take of these units in a year; -1 if it takes part in one of them already. */
static int64_t room_for(const struct jc_proposing *p, int team, const struct jc_loads *loads, const size_t *chosen,
                        size_t n) {
    int64_t asked = 0, room = 0;
    for (size_t i = 0; loads->items && i < n; i++) {
        const struct jc_load *load = &loads->items[chosen[i]];
        asked += p->problem->units[load->unit]->work_centi * __builtin_popcount(load->months);
        if (takes_part(p->problem->units[load->unit], team))
            return -1;
    }
    for (int m = 1; m <= 12; m++) {
        int64_t spare = jc_propose_spare(p, team, m);
        room += spare > 0 ? spare : 0;
    }
    int64_t year = jc_propose_spare(p, team, 0);
    room = year < room ? year : room;
    return room >= asked ? room : -1;
}

static void propose_teams(struct jc_proposing *p, const struct jc_loads *loads) {
    size_t chosen[JC_UNITS_NAMED], n = jc_loads_choose(p, loads, chosen);
    uint8_t *tried = JC_NEW_ARRAY(p->scratch, p->problem->n_teams + 1, uint8_t);
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
        Jc__Repair *repair = best < 0 ? NULL : jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_TEAM, round);
        if (!repair || !jc_propose_units(p, repair, loads, chosen, n))
            return;
        repair->team_id = p->problem->teams[best]->team_id;
        tried[best] = 1;
    }
}

/* --- fewer visits ------------------------------------------------------------------------------------------ */

/* Could the unit be inspected under that rule, with fewer visits than now? */
static bool rule_fits(const struct jc_proposing *p, int32_t unit, int32_t rule, int now) {
    const Jc__ProblemRule *r = p->problem->rules[rule];
    const Jc__ProblemUnit *u = p->problem->units[unit];
    uint16_t masks[JC_PATTERNS_MAX];
    struct jc_pattern_rule pattern = jc_pattern_rule(r, r->visits, u->blackout_months);
    return r->visits >= 1 && r->visits < now && !strchr(r->rule_id, '/') && jc_pattern_list(&pattern, masks) > 0;
}

/* The rule with the most visits below now that fits, -1 if none. */
static int32_t rule_below(const struct jc_proposing *p, int32_t unit, int now) {
    int32_t best = -1;
    for (size_t r = 0; r < p->problem->n_rules; r++)
        if (rule_fits(p, unit, (int32_t)r, now) &&
            (best < 0 || p->problem->rules[r]->visits > p->problem->rules[best]->visits))
            best = (int32_t)r;
    return best;
}

static void propose_rule(struct jc_proposing *p, const struct jc_loads *loads) {
    struct jc_loads several = {0};
    size_t chosen[JC_UNITS_NAMED];
    int32_t rule = -1;
    for (size_t i = 0; i < loads->count; i++) { /* units of one rule, so that one sentence says it */
        const struct jc_load *load = &loads->items[i];
        int visits = __builtin_popcount(load->months);
        if (p->pinned[load->unit] || visits < 2 || (several.count && several.items[0].rule != load->rule))
            continue;
        int32_t below = rule_below(p, load->unit, visits);
        if (below < 0 || (several.count && below != rule))
            continue;
        struct jc_load *slot = JC_PUSH(p->scratch, &several, struct jc_load);
        if (!slot) {
            p->failed = true;
            return;
        }
        rule = below;
        *slot = *load;
        if (!p->lack.month) /* only the visits that go are saved */
            slot->work = p->problem->units[load->unit]->work_centi * (visits - p->problem->rules[below]->visits);
    }
    size_t n = jc_loads_choose(p, &several, chosen);
    Jc__Repair *repair = n ? jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_RULE, 1) : NULL;
    if (repair && jc_propose_units(p, repair, &several, chosen, n))
        repair->rule_id = p->problem->rules[rule]->rule_id;
}

/* Rules that fill the month most, one visit less a year. */
static void propose_fewer(struct jc_proposing *p, const struct jc_loads *loads) {
    int64_t *work = JC_NEW_ARRAY(p->scratch, p->problem->n_rules + 1, int64_t);
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
        Jc__Repair *repair = best < 0 ? NULL : jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS, round + 1);
        if (!repair)
            return;
        repair->rule_id = p->problem->rules[best]->rule_id;
        repair->amount_centi = (p->problem->rules[best]->visits - 1) * INT64_C(100);
        work[best] = 0;
    }
}

static int64_t slots_in(const struct jc_proposing *p, int32_t draw, int month) {
    int64_t n = 0;
    for (size_t i = 0; i < p->plan->n_slots; i++)
        n += p->plan->slots[i]->draw == draw && (!month || p->plan->slots[i]->month == month);
    return n;
}

static void propose_samples(struct jc_proposing *p) {
    int round = 2;
    for (size_t d = 0; d < p->problem->n_draws; d++) {
        const Jc__ProblemDraw *draw = p->problem->draws[d];
        int64_t fewer = draw->work_centi ? (p->lack.amount_centi + draw->work_centi - 1) / draw->work_centi : 0;
        if (draw->team != p->lack.team || !fewer || fewer >= draw->sample ||
            slots_in(p, (int32_t)d, p->lack.month) < fewer)
            continue;
        Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_SAMPLE, round++);
        if (!repair)
            return;
        repair->draw_id = draw->draw_id;
        repair->amount_centi = (draw->sample - fewer) * 100;
    }
}

/* --- the three kinds of shortfall ---------------------------------------------------------------------------- */

static void propose_for_over(struct jc_proposing *p) {
    struct jc_loads loads = {0};
    int month = p->lack.month;
    jc_loads_list(p, p->lack.team, month, &loads);
    jc_propose_workdays(p, p->lack.team, month, p->lack.amount_centi, 0);
    propose_teams(p, &loads);
    propose_rule(p, &loads);
    propose_fewer(p, &loads);
    jc_propose_quotas_of_month(p, &loads);
    propose_samples(p);
    for (int apart = 1; month && apart <= MONTHS_TRIED; apart++) {
        if (month + apart <= 12)
            jc_propose_workdays(p, p->lack.team, month + apart, p->lack.amount_centi, 3 + apart);
        if (month - apart >= 1)
            jc_propose_workdays(p, p->lack.team, month - apart, p->lack.amount_centi, 3 + apart);
    }
}

/* One month of the blackout, or all of it if one is not enough. */
static void propose_blackouts(struct jc_proposing *p, const Jc__Problem *one) {
    uint32_t blackout = one->units[0]->blackout_months & ~p->past.closed;
    blackout &= p->past.blackout ? p->past.blackout[p->lack.unit] : JC_MONTHS_ALL;
    int found = 0;
    for (int m = 0; m <= 12; m++) {
        uint32_t months = m < 12 ? blackout & 1u << m : found ? 0 : blackout;
        Jc__Problem *v = months ? jc_variant_new(one, p->scratch) : NULL;
        Jc__ProblemUnit *u = v ? jc_variant_unit(v, 0, p->scratch) : NULL;
        if (!u)
            continue;
        u->blackout_months &= ~months;
        if (!jc_limit_unit_possible(v, 0) || found == TEAMS_TRIED)
            continue;
        Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_BLACKOUT, found++);
        if (repair)
            repair->months = months;
    }
}

/* A proposal about the unit that is only kept if the unit then has possible months. */
static void propose_if_possible(struct jc_proposing *p, const Jc__Problem *one, Jc__Repair *repair) {
    struct jc_err ignored = {0};
    Jc__Problem *v = NULL;
    if (!repair)
        return;
    if (jc_repair_apply(one, repair, p->scratch, &v, &ignored) || !jc_limit_unit_possible(v, 0))
        p->n--;
}

static void propose_for_unit(struct jc_proposing *p) {
    size_t unit = (size_t)p->lack.unit;
    const Jc__ProblemUnit *u = p->problem->units[unit];
    const Jc__Problem *one = jc_limit_unit_alone(p->problem, unit, p->scratch);
    p->named = JC_NEW_ARRAY(p->arena, 1, char *);
    if (!one || !p->named) {
        p->failed = true;
        return;
    }
    p->named[0] = u->unit_id;
    propose_blackouts(p, one);
    if (p->pinned[unit] && !(p->past.told && p->past.told[unit]))
        propose_if_possible(p, one, jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_UNPIN, 0));
    for (size_t i = 0; i < u->n_options; i++) {
        Jc__ProblemRule *rule = p->problem->rules[u->options[i]->rule];
        size_t before = p->n;
        for (int gap = rule->min_gap_months - 1; gap >= 1 && p->n == before; gap--) {
            Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_GAP, 1);
            if (!repair)
                break;
            repair->rule_id = rule->rule_id;
            repair->amount_centi = gap * 100;
            propose_if_possible(p, one, repair);
        }
        if (rule->visits > 1) {
            Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_FEWER_VISITS, 3);
            if (repair) {
                repair->rule_id = rule->rule_id;
                repair->amount_centi = (rule->visits - 1) * INT64_C(100);
            }
            propose_if_possible(p, one, repair);
        }
    }
    int tried = 0;
    for (size_t r = p->problem->n_rules; r-- > 0 && tried < RULES_TRIED;) {
        size_t before = p->n;
        if (!rule_fits(p, (int32_t)unit, (int32_t)r, 13))
            continue;
        Jc__Repair *repair = jc_propose(p, JC__REPAIR_KIND__REPAIR_KIND_RULE, 2 + tried);
        if (repair)
            repair->rule_id = p->problem->rules[r]->rule_id;
        propose_if_possible(p, one, repair);
        tried += p->n > before;
    }
}

static int by_round(const void *a, const void *b) {
    const struct jc_proposal *x = a, *y = b;
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

/* Into p->list, best first. */
static void propose(struct jc_proposing *p) {
    p->pinned = mark_pinned(p->problem, p->scratch);
    p->failed = !p->pinned;
    if (p->failed)
        return;
    if (p->lack.unit >= 0)
        propose_for_unit(p);
    else if (p->lack.quota >= 0)
        jc_propose_for_quota(p);
    else if (p->lack.team >= 0)
        propose_for_over(p);
    if (p->n)
        qsort(p->list, p->n, sizeof(*p->list), by_round);
}

enum jc_code jc_repair_list(const Jc__Problem *problem, const Jc__Solution *plan, const struct jc_measure *measure,
                            const struct jc_lack *lack, const struct jc_past *past, struct jc_arena *arena,
                            Jc__Repair ***out, size_t *count, struct jc_err *err) {
    struct jc_proposing p = {.problem = problem, .plan = plan, .measure = measure, .lack = *lack, .arena = arena};
    if (past)
        p.past = *past;
    p.scratch = jc_arena_new(SIZE_MAX / 2);
    *out = JC_NEW_ARRAY(arena, JC_REPAIRS_MAX, Jc__Repair *);
    p.failed = !p.scratch || !*out;
    if (!p.failed)
        propose(&p);
    jc_arena_free(p.scratch);
    if (p.failed)
        return jc_fail_memory(err);
    for (size_t i = 0; i < p.n; i++)
        (*out)[i] = p.list[i].repair;
    *count = p.n;
    return JC_OK;
}
