/* Plan problems by hand and by chance, for the tests of the model and the optimizer. */
#ifndef JC_PROBLEM_TEST_H
#define JC_PROBLEM_TEST_H

#include "jc_test.h"
#include "jiancha/v1/optimizer.pb-c.h"
#include "model/pattern.h"

/* A problem that grows; memory is the arena's. */
struct maker {
    struct jc_arena *arena;
    Jc__Problem *p;
};

static inline void *maker_push(struct maker *k, void *list, size_t *n, void *row) {
    void **grown = JC_NEW_ARRAY(k->arena, *n + 1, void *);
    assert_non_null(grown);
    if (*n)
        memcpy(grown, *(void ***)list, *n * sizeof *grown);
    grown[(*n)++] = row;
    *(void ***)list = grown;
    return row;
}

#define MAKER_ROW(k, Type, init, list, n)             \
    ({                                                \
        Type *row_ = JC_NEW((k)->arena, Type);        \
        assert_non_null(row_);                        \
        init(row_);                                   \
        (Type *)maker_push((k), &(list), &(n), row_); \
    })

static inline char *maker_name(struct maker *k, const char *prefix, size_t i) {
    return (char *)jc_arena_printf(k->arena, "%s%zu", prefix, i).ptr;
}

static inline struct maker maker_new(struct jc_arena *arena) {
    struct maker k = {arena, JC_NEW(arena, Jc__Problem)};
    jc__problem__init(k.p);
    k.p->year = 2023;
    return k;
}

static inline int64_t *maker_months(struct maker *k, int64_t value) {
    int64_t *months = JC_NEW_ARRAY(k->arena, JC_MONTHS, int64_t);
    for (int m = 0; m < JC_MONTHS; m++)
        months[m] = value;
    return months;
}

/* limit and year in hundredths of a workday, -1: none; target -1: none. */
static inline Jc__ProblemTeam *add_team(struct maker *k, int64_t limit, int64_t year, int64_t target) {
    Jc__ProblemTeam *t = MAKER_ROW(k, Jc__ProblemTeam, jc__problem_team__init, k->p->teams, k->p->n_teams);
    t->team_id = maker_name(k, "t", k->p->n_teams);
    t->n_month_limit_centi = JC_MONTHS;
    t->month_limit_centi = maker_months(k, limit);
    t->year_limit_centi = year;
    if (target >= 0) {
        t->n_target_centi = JC_MONTHS;
        t->target_centi = maker_months(k, target);
    }
    return t;
}

static inline Jc__TimeWindow *add_window(struct maker *k, Jc__TimeWindow ***windows, size_t *n, uint32_t months,
                                         int min, int max) {
    Jc__TimeWindow *w = MAKER_ROW(k, Jc__TimeWindow, jc__time_window__init, *windows, *n);
    w->months = months;
    w->min = min;
    w->max = max;
    return w;
}

static inline Jc__ProblemRule *add_rule(struct maker *k, int visits, int gap) {
    Jc__ProblemRule *r = MAKER_ROW(k, Jc__ProblemRule, jc__problem_rule__init, k->p->rules, k->p->n_rules);
    r->rule_id = maker_name(k, "r", k->p->n_rules);
    r->visits = visits;
    r->min_gap_months = gap;
    return r;
}

static inline Jc__ProblemUnit *add_unit(struct maker *k, int64_t work) {
    Jc__ProblemUnit *u = MAKER_ROW(k, Jc__ProblemUnit, jc__problem_unit__init, k->p->units, k->p->n_units);
    u->unit_id = maker_name(k, "u", k->p->n_units);
    u->work_centi = work;
    return u;
}

static inline void add_option(struct maker *k, Jc__ProblemUnit *u, int rule, bool due) {
    Jc__UnitOption *o = MAKER_ROW(k, Jc__UnitOption, jc__unit_option__init, u->options, u->n_options);
    o->rule = rule;
    o->visits = due ? k->p->rules[rule]->visits : 0;
}

static inline void add_lead(struct maker *k, Jc__ProblemUnit *u, int team) {
    int32_t *teams = JC_NEW_ARRAY(k->arena, u->n_lead_teams + 1, int32_t);
    if (u->n_lead_teams)
        memcpy(teams, u->lead_teams, u->n_lead_teams * sizeof *teams);
    teams[u->n_lead_teams++] = team;
    u->lead_teams = teams;
}

static inline Jc__ProblemJoint *add_joint(struct maker *k, Jc__ProblemUnit *u, int team, int rule, int64_t work) {
    Jc__ProblemJoint *j = MAKER_ROW(k, Jc__ProblemJoint, jc__problem_joint__init, u->joints, u->n_joints);
    j->team = team;
    j->rule = rule;
    j->visits = k->p->rules[rule]->visits;
    j->work_centi = work;
    return j;
}

static inline void add_group(struct maker *k, char ***groups, size_t *n, const char *name) {
    maker_push(k, groups, n, (void *)(intptr_t)name);
}

static inline Jc__ProblemDraw *add_draw(struct maker *k, int team, int sample, int64_t work) {
    Jc__ProblemDraw *d = MAKER_ROW(k, Jc__ProblemDraw, jc__problem_draw__init, k->p->draws, k->p->n_draws);
    d->draw_id = maker_name(k, "d", k->p->n_draws);
    d->team = team;
    d->sample = sample;
    d->work_centi = work;
    d->rule = -1;
    return d;
}

static inline Jc__ProblemQuota *add_quota(struct maker *k, Jc__QuotaScope scope, Jc__QuotaCounts counts,
                                          uint32_t months, int min, int max) {
    Jc__ProblemQuota *q = MAKER_ROW(k, Jc__ProblemQuota, jc__problem_quota__init, k->p->quotas, k->p->n_quotas);
    q->quota_id = maker_name(k, "q", k->p->n_quotas);
    q->team = -1;
    q->scope = scope;
    q->counts = counts;
    q->months = months;
    q->min = min;
    q->max = max;
    return q;
}

static inline void add_member(struct maker *k, Jc__ProblemQuota *q, int member) {
    int32_t *members = JC_NEW_ARRAY(k->arena, q->n_members + 1, int32_t);
    if (q->n_members)
        memcpy(members, q->members, q->n_members * sizeof *members);
    members[q->n_members++] = member;
    q->members = members;
}

static inline Jc__ProblemPin *add_pin(struct maker *k, int unit, int draw, int month) {
    Jc__ProblemPin *pin = MAKER_ROW(k, Jc__ProblemPin, jc__problem_pin__init, k->p->pins, k->p->n_pins);
    pin->unit = unit;
    pin->draw = draw;
    pin->month = month;
    pin->team = pin->rule = -1;
    return pin;
}

static inline void set_weights(struct maker *k, int64_t balance, int64_t travel, int64_t risk, int64_t preferred) {
    k->p->weights = JC_NEW(k->arena, Jc__Weights);
    jc__weights__init(k->p->weights);
    k->p->weights->balance_milli = balance;
    k->p->weights->travel_milli = travel;
    k->p->weights->risk_milli = risk;
    k->p->weights->preferred_milli = preferred;
}

/* --- by chance ----------------------------------------------------------------------------------- */

/* A generator of the tests' own, so that cases never change with the optimizer's. */
struct dice {
    uint64_t state;
};

static inline uint32_t roll(struct dice *d, uint32_t n) {
    d->state = d->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(((d->state >> 33) * n) >> 31);
}

static inline uint32_t roll_mask(struct dice *d, int bits) {
    uint32_t mask = 0;
    while (__builtin_popcount(mask) < bits)
        mask |= 1u << roll(d, JC_MONTHS);
    return mask;
}

static inline void chance_rules(struct maker *k, struct dice *d) {
    int n = 2 + (int)roll(d, 2);
    for (int i = 0; i < n; i++) {
        Jc__ProblemRule *r = add_rule(k, 1 + (int)roll(d, 2), (int)roll(d, 4));
        uint32_t first = roll(d, 2) ? 7u << roll(d, 9) : roll_mask(d, 3);
        if (roll(d, 3) == 0) {
            uint32_t second = roll_mask(d, 2) & ~first;
            add_window(k, &r->windows, &r->n_windows, first, 0, 1);
            if (second)
                add_window(k, &r->windows, &r->n_windows, second, 0, 1 + (int)roll(d, 2));
        } else {
            add_window(k, &r->windows, &r->n_windows, first, r->visits, r->visits);
        }
    }
}

static inline void chance_unit(struct maker *k, struct dice *d) {
    static const char *const districts[] = {"", "east", "west"};
    static const char *const groups[] = {"red", "blue"};
    Jc__ProblemUnit *u = add_unit(k, 100 * (1 + roll(d, 4)));
    int first = (int)roll(d, (uint32_t)k->p->n_rules), lead = (int)roll(d, (uint32_t)k->p->n_teams);
    u->district = (char *)(intptr_t)districts[roll(d, 3)];
    u->risk = (int)roll(d, 3);
    u->blackout_months = roll(d, 5) == 0 ? roll_mask(d, 2) : 0;
    u->preferred_months = roll(d, 4) == 0 ? roll_mask(d, 4) : 0;
    add_option(k, u, first, roll(d, 10) != 0);
    if (roll(d, 4) == 0)
        add_option(k, u, (first + 1) % (int)k->p->n_rules, true);
    add_lead(k, u, lead);
    if (k->p->n_teams > 1 && roll(d, 3) == 0)
        add_lead(k, u, (lead + 1) % (int)k->p->n_teams);
    if (roll(d, 4) == 0) /* under the lead's rule, or under one of its own */
        add_joint(k, u, (int)roll(d, (uint32_t)k->p->n_teams),
                  roll(d, 3) ? first : (int)roll(d, (uint32_t)k->p->n_rules), 100);
    if (roll(d, 2))
        add_group(k, &u->groups, &u->n_groups, groups[roll(d, 2)]);
}

static inline void chance_quota(struct maker *k, struct dice *d) {
    Jc__QuotaScope scope = (Jc__QuotaScope)(1 + roll(d, k->p->n_draws ? 3 : 2));
    if (!k->p->n_draws && scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW)
        scope = JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP;
    Jc__QuotaCounts counts = (Jc__QuotaCounts)(1 + roll(d, 3));
    if (scope != JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS)
        counts = JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS;
    int min = (int)roll(d, 4) - 1, max = (int)roll(d, 4) - 1;
    Jc__ProblemQuota *q =
        add_quota(k, scope, counts, roll(d, 2) ? 0xfff : roll_mask(d, 4), min, max >= 0 && max < min ? min : max);
    q->team = roll(d, 3) == 0 ? (int)roll(d, (uint32_t)k->p->n_teams) : -1;
    if (scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE)
        add_member(k, q, (int)roll(d, (uint32_t)k->p->n_rules));
    else if (scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW)
        add_member(k, q, (int)roll(d, (uint32_t)k->p->n_draws));
    else
        add_group(k, &q->groups, &q->n_groups, roll(d, 2) ? "red" : "blue");
}

static inline void add_in_force(struct maker *k, int unit, int month, int team) {
    if (!k->p->in_force) {
        k->p->in_force = JC_NEW(k->arena, Jc__PlanInForce);
        jc__plan_in_force__init(k->p->in_force);
    }
    Jc__PlanInForce *plan = k->p->in_force;
    Jc__VisitInForce *v = MAKER_ROW(k, Jc__VisitInForce, jc__visit_in_force__init, plan->visits, plan->n_visits);
    v->unit = unit;
    v->month = month;
    v->team = team;
}

/* A plan in force that knows some of the units, wrongly now and then; for half of the problems. */
static inline void chance_in_force(struct maker *k, struct dice *d) {
    if (roll(d, 2))
        return;
    for (size_t u = 0; u < k->p->n_units; u++) {
        uint32_t months = roll_mask(d, (int)roll(d, 3));
        const Jc__ProblemUnit *unit = k->p->units[u];
        for (int m = 0; m < JC_MONTHS; m++)
            if (months >> m & 1)
                add_in_force(k, (int)u, m + 1,
                             roll(d, 6) ? unit->lead_teams[roll(d, (uint32_t)unit->n_lead_teams)] : -1);
    }
    for (uint32_t i = 0, n = k->p->in_force && k->p->n_draws ? roll(d, 3) : 0; i < n; i++) {
        Jc__PlanInForce *plan = k->p->in_force;
        Jc__SolvedSlot *slot = MAKER_ROW(k, Jc__SolvedSlot, jc__solved_slot__init, plan->slots, plan->n_slots);
        slot->draw = 0;
        slot->month = 1 + (int)roll(d, JC_MONTHS);
    }
    if (k->p->weights)
        k->p->weights->changes_milli = 1000 * roll(d, 8);
}

/* A small problem with a bit of everything: few months a rule, so that all plans can be counted. */
static inline Jc__Problem *chance_problem(struct jc_arena *arena, uint64_t seed, int most_units) {
    struct dice d = {seed * 77 + 5};
    struct maker k = maker_new(arena);
    for (uint32_t i = 0, n = 1 + roll(&d, 3); i < n; i++)
        add_team(&k, roll(&d, 2) ? 100 * (int64_t)(1 + roll(&d, 6)) : -1,
                 roll(&d, 2) ? 100 * (int64_t)(2 + roll(&d, 12)) : -1, roll(&d, 4) ? 100 * (int64_t)roll(&d, 4) : -1);
    chance_rules(&k, &d);
    for (uint32_t i = 0, n = 1 + roll(&d, (uint32_t)most_units); i < n; i++)
        chance_unit(&k, &d);
    if (roll(&d, 3) == 0) {
        Jc__ProblemDraw *draw = add_draw(&k, (int)roll(&d, (uint32_t)k.p->n_teams), 1 + (int)roll(&d, 2), 100);
        draw->rule = (int)roll(&d, (uint32_t)k.p->n_rules + 1) - 1;
        add_window(&k, &draw->windows, &draw->n_windows, 3u << roll(&d, 11), draw->sample, draw->sample);
    }
    for (uint32_t i = 0, n = roll(&d, 4); i < n; i++)
        chance_quota(&k, &d);
    if (roll(&d, 5) == 0)
        add_pin(&k, (int)roll(&d, (uint32_t)k.p->n_units), -1, 1 + (int)roll(&d, JC_MONTHS));
    if (roll(&d, 3) == 0)
        set_weights(&k, 1000 * roll(&d, 3), 1000 * roll(&d, 6), 100 * roll(&d, 4), 500 * roll(&d, 4));
    struct dice again = {seed * 131 + 9};
    chance_in_force(&k, &again);
    if (roll(&again, 8) == 0) /* nobody leads it */
        k.p->units[roll(&again, (uint32_t)k.p->n_units)]->n_lead_teams = 0;
    k.p->seed = seed;
    return k.p;
}

/* A problem too large to be done at once: three teams, forty units, tight months, travel. */
static inline Jc__Problem *larger_problem(struct jc_arena *arena) {
    static const char *const districts[] = {"a", "b", "c", "d"};
    struct maker k = maker_new(arena);
    struct dice d = {11};
    for (int i = 0; i < 3; i++)
        add_team(&k, 1100, -1, 900);
    Jc__ProblemRule *r = add_rule(&k, 2, 2);
    add_window(&k, &r->windows, &r->n_windows, 0x03f, 1, 1);
    add_window(&k, &r->windows, &r->n_windows, 0xfc0, 1, 1);
    add_rule(&k, 3, 2);
    for (int i = 0; i < 40; i++) {
        Jc__ProblemUnit *u = add_unit(&k, 100 * (2 + roll(&d, 3)));
        u->district = (char *)(intptr_t)districts[roll(&d, 4)];
        u->risk = (int)roll(&d, 3);
        add_option(&k, u, (int)roll(&d, 2), true);
        add_lead(&k, u, i % 3);
        if (roll(&d, 3) == 0)
            add_lead(&k, u, (i + 1) % 3);
    }
    k.p->seed = 3;
    return k.p;
}

#endif
