/* All plans of a small problem, for the optimizer's proof.
 *
 * Written apart from backend/model and optimizer/ on purpose: months are tried by the words of DESIGN
 * section 9, rule by rule, and a plan is added up from tallies, so a wrong pattern, count or sum there shows
 * here. Each unit has ways (left out, or option, team, months, joins, remote visits), each draw has ways to
 * place its slots; a plan is one way each, and every combination is looked at. */
#ifndef JC_BRUTE_H
#define JC_BRUTE_H

#include "jc_problem_test.h"

enum { BRUTE_TEAMS = 4, BRUTE_QUOTAS = 8, BRUTE_JOINTS = 2, BRUTE_DISTRICTS = 4, BRUTE_PARTS = 12 };

/* What a way, or a plan, comes to. */
struct brute_tally {
    int64_t load[BRUTE_TEAMS][12];
    int32_t count[BRUTE_QUOTAS];
    uint16_t open[BRUTE_TEAMS][BRUTE_DISTRICTS];
    int64_t cost, unserved;
};

/* One way to serve a unit (rule -1: left out), or to place the slots of a draw. */
struct brute_way {
    int rule, team;
    uint16_t months, remote, joined[BRUTE_JOINTS];
    uint8_t slots[12];
    struct brute_tally tally;
};

struct brute_part {
    struct brute_way *ways;
    size_t n, capacity;
};

struct brute {
    const Jc__Problem *p;
    struct jc_arena *arena;
    Jc__Weights weights;
    const char *districts[BRUTE_DISTRICTS];
    struct brute_part part[BRUTE_PARTS]; /* units, then draws */
    size_t n_parts;
    size_t at[BRUTE_PARTS], best_at[BRUTE_PARTS]; /* the way each part takes */
    Jc__Objective best;
    uint64_t plans;
    /* every `sample_every`-th plan is also given to this; 0: none */
    uint64_t sample_every;
    void (*sample)(struct brute *b, const Jc__Objective *objective);
    void *ctx;
};

/* --- rules (2) and (3), one after the other ------------------------------------------------------------ */

static inline bool brute_months_allowed(const Jc__ProblemRule *rule, int visits, uint32_t blackout, uint32_t months) {
    int last = -100, n = 0, inside = 0;
    for (int m = 0; m < 12; m++) {
        if (!(months >> m & 1))
            continue;
        if ((blackout >> m & 1) || (n && m - last < rule->min_gap_months))
            return false;
        last = m;
        n++;
    }
    for (size_t w = 0; visits && w < rule->n_windows; w++) {
        int here = __builtin_popcount(months & rule->windows[w]->months);
        if (here < rule->windows[w]->min || here > rule->windows[w]->max)
            return false;
        inside += here;
    }
    return n == visits && (!visits || !rule->n_windows || inside == n);
}

/* --- what a way comes to -------------------------------------------------------------------------------- */

static inline int brute_district(struct brute *b, const char *name) {
    for (int d = 0; d < BRUTE_DISTRICTS; d++)
        if (!b->districts[d] || strcmp(b->districts[d], name) == 0) {
            b->districts[d] = name;
            return d;
        }
    fail_msg("more than %d districts", BRUTE_DISTRICTS);
    return 0;
}

static inline bool brute_member(const Jc__ProblemQuota *q, int index) {
    for (size_t i = 0; i < q->n_members; i++)
        if (q->members[i] == index)
            return true;
    return false;
}

static inline bool brute_in_group(const Jc__ProblemQuota *q, const Jc__ProblemUnit *u) {
    for (size_t i = 0; i < q->n_groups; i++)
        for (size_t g = 0; g < u->n_groups; g++)
            if (strcmp(q->groups[i], u->groups[g]) == 0)
                return true;
    return false;
}

/* Rule 4: what the way adds to a quota. */
static inline int brute_count(const Jc__ProblemQuota *q, const Jc__ProblemUnit *u, const struct brute_way *w) {
    uint32_t lead = w->months & q->months;
    bool remote = q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS;
    if (q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP)
        return brute_in_group(q, u) ? __builtin_popcount(remote ? lead & w->remote : lead) : 0;
    if (q->scope != JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE)
        return 0;
    bool leads = brute_member(q, w->rule) && (q->team < 0 || q->team == w->team);
    if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS)
        return leads && w->months;
    int n = leads ? __builtin_popcount(remote ? lead & w->remote : lead) : 0;
    for (size_t j = 0; j < u->n_joints; j++) {
        uint32_t joined = w->joined[j] & q->months;
        if (brute_member(q, u->joints[j]->rule) && q->team == u->joints[j]->team)
            n += __builtin_popcount(remote ? joined & w->remote : joined);
    }
    return n;
}

/* Visits of the unit that differ from the plan in force: those of the larger side that the other lacks. */
static inline int brute_changes(const Jc__Problem *p, size_t unit, const struct brute_way *w) {
    int before = 0, same = 0, now = __builtin_popcount(w->months);
    if (!p->in_force)
        return 0;
    for (size_t i = 0; i < p->in_force->n_visits; i++) {
        const Jc__VisitInForce *v = p->in_force->visits[i];
        if (v->unit != (int32_t)unit)
            continue;
        before++;
        same += (w->months >> (v->month - 1) & 1) && v->team == w->team;
    }
    return (before > now ? before : now) - same;
}

/* Slots of the draw beyond those in force in their month. */
static inline int brute_slot_changes(const Jc__Problem *p, size_t draw, const uint8_t slots[12]) {
    int before[12] = {0}, changes = 0;
    if (!p->in_force)
        return 0;
    for (size_t i = 0; i < p->in_force->n_slots; i++)
        if (p->in_force->slots[i]->draw == (int32_t)draw)
            before[p->in_force->slots[i]->month - 1]++;
    for (int m = 0; m < 12; m++)
        changes += slots[m] > before[m] ? slots[m] - before[m] : 0;
    return changes;
}

static inline void brute_tally_unit(struct brute *b, size_t unit, struct brute_way *w) {
    const Jc__ProblemUnit *u = b->p->units[unit];
    w->tally.cost += b->weights.changes_milli * 100 * brute_changes(b->p, unit, w);
    for (int m = 0; m < 12; m++) {
        if (!(w->months >> m & 1))
            continue;
        w->tally.load[w->team][m] += u->work_centi;
        for (size_t j = 0; j < u->n_joints; j++)
            if (w->joined[j] >> m & 1)
                w->tally.load[u->joints[j]->team][m] += u->joints[j]->work_centi;
        if (!u->preferred_months)
            w->tally.cost += b->weights.risk_milli * 100 * u->risk * (m + 1);
        else if (!(u->preferred_months >> m & 1))
            w->tally.cost += b->weights.preferred_milli * 100;
    }
    if (u->district[0] && w->months)
        w->tally.open[w->team][brute_district(b, u->district)] = w->months;
    for (size_t q = 0; q < b->p->n_quotas; q++)
        w->tally.count[q] = brute_count(b->p->quotas[q], u, w);
}

static inline void brute_add_way(struct brute *b, struct brute_part *part, const struct brute_way *w) {
    struct brute_way *to = jc_arena_push(b->arena, (void **)&part->ways, &part->n, &part->capacity, sizeof *to);
    assert_non_null(to);
    *to = *w;
}

/* --- ways ------------------------------------------------------------------------------------------------- */

/* What people were told of pinned visits: their mode, and which teams join. */
static inline bool brute_told_holds(const Jc__Problem *p, size_t unit, const struct brute_way *w) {
    const Jc__ProblemUnit *u = p->units[unit];
    for (size_t i = 0; i < p->n_pins; i++) {
        const Jc__ProblemPin *pin = p->pins[i];
        uint32_t bit = 1u << (pin->month - 1);
        if (pin->unit != (int32_t)unit)
            continue;
        bool remote = w->remote & bit;
        if (pin->mode != JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED &&
            remote != (pin->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE))
            return false;
        for (size_t j = 0; j < u->n_joints; j++)
            if (u->joints[j]->told_months & bit && !(u->joints[j]->joined_months & bit) == !!(w->joined[j] & bit))
                return false;
    }
    return true;
}

/* All subsets of the months for the joins from `j` on, then all remote ones. */
static inline void brute_add_joins(struct brute *b, struct brute_part *part, size_t unit, struct brute_way w, size_t j,
                                   bool remote) {
    const Jc__ProblemUnit *u = b->p->units[unit];
    if (j < BRUTE_JOINTS && j < u->n_joints) {
        const Jc__ProblemJoint *joint = u->joints[j];
        for (uint32_t sub = 0; sub <= w.months; sub++)
            if ((sub & ~(uint32_t)w.months) == 0 &&
                brute_months_allowed(b->p->rules[joint->rule], joint->visits, 0, sub)) {
                w.joined[j] = (uint16_t)sub;
                brute_add_joins(b, part, unit, w, j + 1, remote);
            }
        return;
    }
    for (uint32_t sub = 0; sub <= (remote ? w.months : 0u); sub++)
        if ((sub & ~(uint32_t)w.months) == 0) {
            w.remote = (uint16_t)sub;
            if (!brute_told_holds(b->p, unit, &w))
                continue;
            w.tally = (struct brute_tally){0};
            brute_tally_unit(b, unit, &w);
            brute_add_way(b, part, &w);
        }
}

static inline bool brute_pins_hold(const Jc__Problem *p, size_t unit, const struct brute_way *w) {
    for (size_t i = 0; i < p->n_pins; i++) {
        const Jc__ProblemPin *pin = p->pins[i];
        if (pin->unit == (int32_t)unit &&
            (!(w->months >> (pin->month - 1) & 1) || (pin->team >= 0 && pin->team != w->team) ||
             (pin->rule >= 0 && pin->rule != w->rule)))
            return false;
    }
    return true;
}

/* Rule 1: one option and one team with months that are allowed, or nothing. A unit whose cycle of years is
 * not over under one of its options may be left out without loss, unless a pin wants it. */
static inline void brute_unit_ways(struct brute *b, size_t unit, bool remote) {
    const Jc__ProblemUnit *u = b->p->units[unit];
    struct brute_part *part = &b->part[unit];
    bool pinned = false;
    for (size_t i = 0; i < b->p->n_pins; i++)
        pinned |= b->p->pins[i]->unit == (int32_t)unit;
    for (size_t o = 0; o < u->n_options; o++)
        for (size_t t = 0; t < u->n_lead_teams; t++)
            for (uint32_t months = 1; months < 4096; months++) {
                struct brute_way w = {.rule = u->options[o]->rule, .team = u->lead_teams[t]};
                w.months = (uint16_t)months;
                if (brute_months_allowed(b->p->rules[w.rule], u->options[o]->visits, u->blackout_months, months) &&
                    brute_pins_hold(b->p, unit, &w))
                    brute_add_joins(b, part, unit, w, 0, remote);
            }
    struct brute_way out = {.rule = -1, .team = -1};
    bool rests = false; /* in the plan although nobody comes; else it is unserved, which is no change */
    for (size_t o = 0; o < u->n_options; o++) {
        rests |= !u->options[o]->visits && !pinned;
        if (o == 0 || u->options[o]->visits < out.tally.unserved)
            out.tally.unserved = u->options[o]->visits;
    }
    if (!part->n || !pinned || out.tally.unserved) {
        out.tally.cost = rests ? b->weights.changes_milli * 100 * brute_changes(b->p, unit, &out) : 0;
        brute_add_way(b, part, &out);
    }
}

static inline bool brute_slots_allowed(const Jc__Problem *p, size_t draw, const uint8_t slots[12]) {
    const Jc__ProblemDraw *d = p->draws[draw];
    int inside = 0, pinned[12] = {0};
    for (size_t w = 0; w < d->n_windows; w++) {
        int here = 0;
        for (int m = 0; m < 12; m++)
            here += d->windows[w]->months >> m & 1 ? slots[m] : 0;
        if (here < d->windows[w]->min || here > d->windows[w]->max)
            return false;
        inside += here;
    }
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->draw == (int32_t)draw && ++pinned[p->pins[i]->month - 1] > slots[p->pins[i]->month - 1])
            return false;
    return !d->n_windows || inside == d->sample;
}

static inline void brute_draw_ways(struct brute *b, size_t draw, struct brute_way *w, int left, int month) {
    const Jc__ProblemDraw *d = b->p->draws[draw];
    if (month == 12) {
        if (left || !brute_slots_allowed(b->p, draw, w->slots))
            return;
        w->tally = (struct brute_tally){0};
        w->tally.cost = b->weights.changes_milli * 100 * brute_slot_changes(b->p, draw, w->slots);
        for (int m = 0; m < 12; m++) {
            w->tally.load[d->team][m] = d->work_centi * w->slots[m];
            for (size_t i = 0; i < b->p->n_quotas; i++) {
                const Jc__ProblemQuota *q = b->p->quotas[i];
                bool its = q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW
                               ? brute_member(q, (int)draw)
                               : q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && d->rule >= 0 &&
                                     brute_member(q, d->rule) && (q->team < 0 || q->team == d->team);
                if (its && q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS && q->months >> m & 1)
                    w->tally.count[i] += w->slots[m];
            }
        }
        brute_add_way(b, &b->part[b->p->n_units + draw], w);
        return;
    }
    for (int n = 0; n <= left; n++) {
        w->slots[month] = (uint8_t)n;
        brute_draw_ways(b, draw, w, left - n, month + 1);
    }
    w->slots[month] = 0;
}

/* --- plans -------------------------------------------------------------------------------------------------- */

static inline void brute_add(struct brute_tally *to, const struct brute_tally *way, size_t teams) {
    for (size_t k = 0; k < teams; k++) {
        for (int m = 0; m < 12; m++)
            to->load[k][m] += way->load[k][m];
        for (int d = 0; d < BRUTE_DISTRICTS; d++)
            to->open[k][d] |= way->open[k][d];
    }
    for (int q = 0; q < BRUTE_QUOTAS; q++)
        to->count[q] += way->count[q];
    to->cost += way->cost;
    to->unserved += way->unserved;
}

/* Formulas (4)-(6) of docs/OPTIMIZER.md. */
static inline void brute_judge(struct brute *b, const struct brute_tally *t) {
    const Jc__Problem *p = b->p;
    Jc__Objective o = JC__OBJECTIVE__INIT;
    o.unserved = t->unserved;
    o.cost_e5 = t->cost;
    for (size_t k = 0; k < p->n_teams; k++) {
        const Jc__ProblemTeam *team = p->teams[k];
        int64_t year = 0, off = 0;
        for (int m = 0; m < 12; m++) {
            int64_t load = t->load[k][m], limit = team->n_month_limit_centi ? team->month_limit_centi[m] : -1;
            year += load;
            o.over_centi += limit >= 0 && load > limit ? load - limit : 0;
            off += team->n_target_centi ? llabs(load - team->target_centi[m]) : 0;
        }
        o.over_centi +=
            team->year_limit_centi >= 0 && year > team->year_limit_centi ? year - team->year_limit_centi : 0;
        o.cost_e5 += b->weights.balance_milli * off;
        for (int d = 0; d < BRUTE_DISTRICTS; d++)
            o.cost_e5 += b->weights.travel_milli * 100 * __builtin_popcount(t->open[k][d]);
    }
    for (size_t q = 0; q < p->n_quotas; q++) {
        if (p->quotas[q]->min >= 0 && t->count[q] < p->quotas[q]->min)
            o.quota += p->quotas[q]->min - t->count[q];
        if (p->quotas[q]->max >= 0 && t->count[q] > p->quotas[q]->max)
            o.quota += t->count[q] - p->quotas[q]->max;
    }
    int64_t new[] = {o.unserved, o.over_centi, o.quota, o.cost_e5};
    int64_t old[] = {b->best.unserved, b->best.over_centi, b->best.quota, b->best.cost_e5};
    int tier = 0;
    while (tier < 3 && new[tier] == old[tier])
        tier++;
    if (b->plans == 0 || new[tier] < old[tier]) {
        b->best = o;
        memcpy(b->best_at, b->at, sizeof b->at);
    }
    if (b->sample_every && b->plans % b->sample_every == 0)
        b->sample(b, &o);
    b->plans++;
}

static inline void brute_walk(struct brute *b, size_t part, const struct brute_tally *before) {
    if (part == b->n_parts) {
        brute_judge(b, before);
        return;
    }
    for (size_t i = 0; i < b->part[part].n; i++) {
        struct brute_tally now = *before;
        brute_add(&now, &b->part[part].ways[i].tally, b->p->n_teams);
        b->at[part] = i;
        brute_walk(b, part + 1, &now);
    }
}

/* Prepares the ways; returns how many plans there are. */
static inline double brute_prepare(struct brute *b, const Jc__Problem *p, struct jc_arena *arena) {
    bool remote = false;
    double plans = 1;
    *b = (struct brute){.p = p, .arena = arena, .n_parts = p->n_units + p->n_draws};
    jc__weights__init(&b->weights);
    b->weights.balance_milli = p->weights ? p->weights->balance_milli : 1000;
    b->weights.travel_milli = p->weights ? p->weights->travel_milli : 4000;
    b->weights.risk_milli = p->weights ? p->weights->risk_milli : 100;
    b->weights.preferred_milli = p->weights ? p->weights->preferred_milli : 1000;
    b->weights.changes_milli = p->weights ? p->weights->changes_milli : 3000;
    assert_true(b->n_parts <= BRUTE_PARTS && p->n_teams <= BRUTE_TEAMS && p->n_quotas <= BRUTE_QUOTAS);
    for (size_t q = 0; q < p->n_quotas; q++)
        remote |= p->quotas[q]->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS;
    for (size_t i = 0; i < p->n_pins; i++)
        remote |= p->pins[i]->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE;
    for (size_t u = 0; u < p->n_units; u++)
        brute_unit_ways(b, u, remote);
    for (size_t d = 0; d < p->n_draws; d++) {
        struct brute_way w = {.rule = -1, .team = p->draws[d]->team};
        brute_draw_ways(b, d, &w, p->draws[d]->sample, 0);
    }
    for (size_t i = 0; i < b->n_parts; i++)
        plans *= (double)b->part[i].n;
    return plans;
}

/* Looks at every plan. */
static inline void brute_force(struct brute *b) {
    struct brute_tally nothing = {0};
    brute_walk(b, 0, &nothing);
}

/* The plan of the ways `at` as a message. */
static inline Jc__Solution *brute_plan(const struct brute *b, const size_t at[BRUTE_PARTS]) {
    struct jc_arena *arena = b->arena;
    Jc__Solution *s = JC_NEW(arena, Jc__Solution);
    jc__solution__init(s);
    struct maker k = {arena, NULL};
    for (size_t i = 0; i < b->n_parts; i++) {
        const struct brute_way *w = &b->part[i].ways[at[i]];
        for (int m = 0; m < 12; m++) {
            for (int n = 0; n < w->slots[m]; n++) {
                Jc__SolvedSlot *slot = MAKER_ROW(&k, Jc__SolvedSlot, jc__solved_slot__init, s->slots, s->n_slots);
                slot->draw = (int32_t)(i - b->p->n_units);
                slot->month = m + 1;
            }
            if (!(w->months >> m & 1))
                continue;
            Jc__SolvedVisit *v = MAKER_ROW(&k, Jc__SolvedVisit, jc__solved_visit__init, s->visits, s->n_visits);
            v->unit = (int32_t)i;
            v->rule = w->rule;
            v->team = w->team;
            v->month = m + 1;
            v->mode = w->remote >> m & 1 ? JC__VISIT_MODE__VISIT_MODE_REMOTE : JC__VISIT_MODE__VISIT_MODE_ONSITE;
            v->joints = JC_NEW_ARRAY(arena, BRUTE_JOINTS, int32_t);
            for (int j = 0; j < BRUTE_JOINTS; j++)
                if (w->joined[j] >> m & 1)
                    v->joints[v->n_joints++] = j;
        }
    }
    return s;
}

/* Is the solver's plan for this unit one of the ways? */
static inline bool brute_knows(const struct brute *b, const Jc__Solution *s, size_t unit) {
    struct brute_way w = {.rule = -1, .team = -1};
    for (size_t i = 0; i < s->n_visits; i++) {
        const Jc__SolvedVisit *v = s->visits[i];
        if (v->unit != (int32_t)unit)
            continue;
        uint16_t bit = (uint16_t)(1u << (v->month - 1));
        w.rule = v->rule;
        w.team = v->team;
        w.months |= bit;
        w.remote |= v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE ? bit : 0;
        for (size_t j = 0; j < v->n_joints; j++)
            w.joined[v->joints[j]] |= bit;
    }
    for (size_t i = 0; i < b->part[unit].n; i++) {
        const struct brute_way *x = &b->part[unit].ways[i];
        if (x->rule == w.rule && x->team == w.team && x->months == w.months && x->remote == w.remote &&
            memcmp(x->joined, w.joined, sizeof w.joined) == 0)
            return true;
    }
    return false;
}

#endif
