/* The referee. Visits arrive sorted by unit and month, so one pass takes each unit's visits as a run,
 * checks the run and books it: load by team and month, districts travelled to, quotas. Slots follow the
 * same way by draw. Then the tiers and the cost are added up (formulas (5)-(7) of docs/OPTIMIZER.md).
 * Cost O(units + visits · quotas of a visit + teams · 12). Nothing here may be shared
 * with the optimizer's incremental evaluation: it is the independent count. */
#include "model/objective.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/index.h"
#include "model/pattern.h"
#include "model/problem.h"
#include "model/quota.h"

/* The pins of one unit. */
struct pins {
    const Jc__ProblemPin **list;
    size_t n;
};

/* The plan being measured. */
struct audit {
    const Jc__Problem *problem;
    const Jc__Solution *solution;
    Jc__Weights weights;
    struct jc_quota_index quotas;
    int64_t *load;
    int64_t *count;
    int32_t *unserved;
    int32_t *district;  /* by unit: its district's number, -1 without one */
    uint64_t *openings; /* a key per visit with a district */
    size_t n_openings;
    struct pins *pins; /* by unit */
    int32_t *slots;    /* pinned slots at [draw * 12 + month - 1] */
    int32_t *standing; /* slots in force at [draw * 12 + month - 1] */
    size_t at_force;   /* the next visit of the plan in force */
    int64_t changes;
    struct jc_err *err;
};

static struct jc_str number(char buf[16], int value) {
    snprintf(buf, 16, "%d", value);
    return jc_str(buf);
}

int64_t jc_measure_over(const Jc__Problem *problem, const struct jc_measure *measure, int team, int month) {
    const Jc__ProblemTeam *t = problem->teams[team];
    const int64_t *load = measure->load_centi + (size_t)team * JC_MONTHS;
    int64_t limit = -1, value = 0;
    if (month) {
        limit = t->n_month_limit_centi ? t->month_limit_centi[month - 1] : -1;
        value = load[month - 1];
    } else {
        limit = t->year_limit_centi;
        for (int m = 0; m < JC_MONTHS; m++)
            value += load[m];
    }
    return limit >= 0 && value > limit ? value - limit : 0;
}

int64_t jc_gap_ppm(int64_t cost_e5, int64_t bound_e5) {
    if (cost_e5 <= 0)
        return 0;
    return (int64_t)(((__int128)(cost_e5 - bound_e5) * 1000000 + cost_e5 / 2) / cost_e5);
}

int jc_objective_cmp(const Jc__Objective *a, const Jc__Objective *b) {
    const int64_t x[] = {a->unserved, a->over_centi, a->quota, a->cost_e5};
    const int64_t y[] = {b->unserved, b->over_centi, b->quota, b->cost_e5};
    for (int i = 0; i < 4; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

/* --- preparation ------------------------------------------------------------------------------ */

/* Numbers the districts. */
static enum jc_code number_districts(struct audit *a, struct jc_arena *arena) {
    const Jc__Problem *p = a->problem;
    struct jc_index *names = jc_index_new(arena, 0);
    int32_t n = 0;
    a->district = JC_NEW_ARRAY(arena, p->n_units + 1, int32_t);
    if (!names || !a->district)
        return jc_fail_memory(a->err);
    for (size_t u = 0; u < p->n_units; u++) {
        const char *name = p->units[u]->district;
        bool is_new = false;
        int64_t *number = name[0] ? jc_index_at(names, jc_str(name), &is_new) : NULL;
        if (name[0] && !number)
            return jc_fail_memory(a->err);
        if (is_new)
            *number = n++;
        a->district[u] = number ? (int32_t)*number : -1;
    }
    return JC_OK;
}

/* Lists each unit's pins together and counts each draw's. */
static enum jc_code sort_pins(struct audit *a, struct jc_arena *arena) {
    const Jc__Problem *p = a->problem;
    const Jc__ProblemPin **lists = JC_NEW_ARRAY(arena, p->n_pins + 1, const Jc__ProblemPin *);
    a->pins = JC_NEW_ARRAY(arena, p->n_units + 1, struct pins);
    a->slots = JC_NEW_ARRAY(arena, (p->n_draws + 1) * JC_MONTHS, int32_t);
    if (!lists || !a->pins || !a->slots)
        return jc_fail_memory(a->err);
    for (size_t i = 0; i < p->n_pins; i++) {
        if (p->pins[i]->unit >= 0)
            a->pins[p->pins[i]->unit].n++;
        else
            a->slots[p->pins[i]->draw * JC_MONTHS + p->pins[i]->month - 1]++;
    }
    for (size_t u = 0; u < p->n_units; u++) {
        a->pins[u].list = lists;
        lists += a->pins[u].n;
        a->pins[u].n = 0;
    }
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->unit >= 0) {
            struct pins *pins = &a->pins[p->pins[i]->unit];
            pins->list[pins->n++] = p->pins[i];
        }
    return JC_OK;
}

static enum jc_code prepare(struct audit *a, struct jc_arena *arena) {
    const Jc__Problem *p = a->problem;
    a->load = JC_NEW_ARRAY(arena, (p->n_teams + 1) * JC_MONTHS, int64_t);
    a->count = JC_NEW_ARRAY(arena, p->n_quotas + 1, int64_t);
    a->unserved = JC_NEW_ARRAY(arena, p->n_units + 1, int32_t);
    a->openings = JC_NEW_ARRAY(arena, a->solution->n_visits + 1, uint64_t);
    a->standing = JC_NEW_ARRAY(arena, (p->n_draws + 1) * JC_MONTHS, int32_t);
    if (!a->load || !a->count || !a->unserved || !a->openings || !a->standing)
        return jc_fail_memory(a->err);
    for (size_t i = 0; p->in_force && i < p->in_force->n_slots; i++)
        a->standing[p->in_force->slots[i]->draw * JC_MONTHS + p->in_force->slots[i]->month - 1]++;
    enum jc_code code = jc_quota_index_build(p, arena, &a->quotas, a->err);
    if (code == JC_OK)
        code = number_districts(a, arena);
    if (code == JC_OK)
        code = sort_pins(a, arena);
    return code;
}

/* --- one unit --------------------------------------------------------------------------------- */

/* A unit's visits: a run of the solution's. */
struct run {
    Jc__SolvedVisit *const *visits;
    size_t n;
    uint32_t mask; /* their months */
};

static enum jc_code check_references(struct audit *a, const struct run *run, int32_t u) {
    const Jc__Problem *p = a->problem;
    const Jc__ProblemUnit *unit = p->units[u];
    char buf[16];
    for (size_t i = 0; i < run->n; i++) {
        const Jc__SolvedVisit *v = run->visits[i];
        if (v->rule < 0 || (size_t)v->rule >= p->n_rules || v->team < 0 || (size_t)v->team >= p->n_teams ||
            v->month < 1 || v->month > JC_MONTHS)
            return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE, number(buf, u));
        if (v->mode != JC__VISIT_MODE__VISIT_MODE_ONSITE && v->mode != JC__VISIT_MODE__VISIT_MODE_REMOTE)
            return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE, number(buf, u));
        if (i && v->month <= run->visits[i - 1]->month)
            return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER, jc_str(unit->unit_id));
        uint32_t seen = 0;
        for (size_t j = 0; j < v->n_joints; j++) {
            if (v->joints[j] < 0 || (size_t)v->joints[j] >= unit->n_joints)
                return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE, number(buf, u));
            if (seen >> v->joints[j] & 1)
                return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER, jc_str(unit->unit_id));
            seen |= 1u << v->joints[j];
        }
    }
    return JC_OK;
}

/* Turns a pattern's fault into words. */
static enum jc_code fail_pattern(struct audit *a, const Jc__ProblemUnit *unit, const struct jc_pattern_rule *rule,
                                 const char *rule_id, uint32_t mask, enum jc_pattern_fault fault) {
    static const enum jc_msg words[] = {
        [JC_PATTERN_VISITS] = JC_MSG_SOLUTION_VISITS,   [JC_PATTERN_BLACKOUT] = JC_MSG_SOLUTION_BLACKOUT,
        [JC_PATTERN_OUTSIDE] = JC_MSG_SOLUTION_OUTSIDE, [JC_PATTERN_WINDOW] = JC_MSG_SOLUTION_WINDOW,
        [JC_PATTERN_GAP] = JC_MSG_SOLUTION_GAP,
    };
    uint32_t culprit = mask & rule->blackout; /* the month to name */
    if (fault == JC_PATTERN_OUTSIDE) {
        culprit = mask;
        for (size_t i = 0; i < rule->n_windows; i++)
            culprit &= ~rule->windows[i]->months;
    }
    char buf[16];
    return jc_fail(a->err, JC_FAILED_PRECONDITION, words[fault], jc_str(unit->unit_id), jc_str(rule_id),
                   number(buf, __builtin_ffs((int)culprit)));
}

/* Is the pinned visit of the run in the mode that was told, if one was? */
static bool has_mode(const struct run *run, const Jc__ProblemPin *pin) {
    for (size_t i = 0; pin->mode && i < run->n; i++)
        if (run->visits[i]->month == pin->month)
            return run->visits[i]->mode == pin->mode;
    return true;
}

/* Rules 1 and 2, and the pins: one option, one lead team, an allowed pattern. */
static enum jc_code check_choice(struct audit *a, const struct run *run, int32_t u) {
    const Jc__Problem *p = a->problem;
    const Jc__ProblemUnit *unit = p->units[u];
    const Jc__SolvedVisit *first = run->visits[0];
    const Jc__UnitOption *option = NULL;
    bool team_found = false, same = true;
    for (size_t i = 0; i < unit->n_options; i++)
        if (unit->options[i]->rule == first->rule)
            option = unit->options[i];
    for (size_t i = 0; i < unit->n_lead_teams; i++)
        team_found |= unit->lead_teams[i] == first->team;
    for (size_t i = 1; i < run->n; i++)
        same &= run->visits[i]->rule == first->rule && run->visits[i]->team == first->team;
    if (!option || !team_found || !same)
        return jc_fail(a->err, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_CHOICE, jc_str(unit->unit_id));
    struct jc_pattern_rule rule = jc_pattern_rule(p->rules[option->rule], option->visits, unit->blackout_months);
    enum jc_pattern_fault fault = jc_pattern_check(&rule, run->mask);
    if (fault != JC_PATTERN_OK)
        return fail_pattern(a, unit, &rule, p->rules[option->rule]->rule_id, run->mask, fault);
    for (size_t i = 0; i < a->pins[u].n; i++) {
        const Jc__ProblemPin *pin = a->pins[u].list[i];
        char buf[16];
        if (!(run->mask >> (pin->month - 1) & 1) || (pin->team >= 0 && pin->team != first->team) ||
            (pin->rule >= 0 && pin->rule != first->rule) || !has_mode(run, pin))
            return jc_fail(a->err, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_PIN, jc_str(unit->unit_id),
                           number(buf, pin->month));
    }
    return JC_OK;
}

/* Rule 3: each joining team's visits fit its own rule, and what people were told. */
static enum jc_code check_joints(struct audit *a, const struct run *run, int32_t u) {
    const Jc__Problem *p = a->problem;
    const Jc__ProblemUnit *unit = p->units[u];
    uint32_t pinned = 0;
    for (size_t i = 0; i < a->pins[u].n; i++)
        pinned |= 1u << (a->pins[u].list[i]->month - 1);
    for (size_t j = 0; j < unit->n_joints; j++) {
        const Jc__ProblemJoint *joint = unit->joints[j];
        uint32_t mask = 0;
        for (size_t i = 0; i < run->n; i++)
            for (size_t k = 0; k < run->visits[i]->n_joints; k++)
                if ((size_t)run->visits[i]->joints[k] == j)
                    mask |= 1u << (run->visits[i]->month - 1);
        struct jc_pattern_rule rule = jc_pattern_rule(p->rules[joint->rule], joint->visits, 0);
        if (jc_pattern_check(&rule, mask) != JC_PATTERN_OK || !jc_pattern_keeps_told(joint, pinned, mask))
            return jc_fail(a->err, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_JOINT, jc_str(unit->unit_id),
                           jc_str(p->rules[joint->rule]->rule_id), jc_str(p->teams[joint->team]->team_id));
    }
    return JC_OK;
}

/* How often one visit counts for a quota (rule 4): once for the lead, once for each joint of its team. */
static int counted(const Jc__ProblemQuota *quota, const Jc__SolvedVisit *v, const Jc__ProblemJoint *joint) {
    if (!(quota->months >> (v->month - 1) & 1))
        return 0;
    if (quota->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS && v->mode != JC__VISIT_MODE__VISIT_MODE_REMOTE)
        return 0;
    if (quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP)
        return 1;
    return joint ? quota->team == joint->team : quota->team == -1 || quota->team == v->team;
}

static void count_quotas(struct audit *a, const struct run *run, int32_t u) {
    const Jc__Problem *p = a->problem;
    const Jc__ProblemUnit *unit = p->units[u];
    const struct jc_quota_list *list = &a->quotas.of_rule[run->visits[0]->rule];
    for (size_t q = 0; q < list->n; q++) {
        const Jc__ProblemQuota *quota = p->quotas[list->ids[q]];
        if (quota->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS) {
            a->count[list->ids[q]] += quota->team == -1 || quota->team == run->visits[0]->team;
            continue;
        }
        for (size_t i = 0; i < run->n; i++)
            a->count[list->ids[q]] += counted(quota, run->visits[i], NULL);
    }
    for (size_t q = 0; q < a->quotas.of_unit[u].n; q++)
        for (size_t i = 0; i < run->n; i++)
            a->count[a->quotas.of_unit[u].ids[q]] +=
                counted(p->quotas[a->quotas.of_unit[u].ids[q]], run->visits[i], NULL);
    for (size_t i = 0; i < run->n; i++)
        for (size_t k = 0; k < run->visits[i]->n_joints; k++) {
            const Jc__ProblemJoint *joint = unit->joints[run->visits[i]->joints[k]];
            list = &a->quotas.of_rule[joint->rule];
            for (size_t q = 0; q < list->n; q++)
                if (p->quotas[list->ids[q]]->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS)
                    a->count[list->ids[q]] += counted(p->quotas[list->ids[q]], run->visits[i], joint);
        }
}

/* Books the run's work, districts and season. Returns its share of the cost outside balance and travel. */
static int64_t book(struct audit *a, const struct run *run, int32_t u) {
    const Jc__ProblemUnit *unit = a->problem->units[u];
    int64_t cost = 0;
    for (size_t i = 0; i < run->n; i++) {
        const Jc__SolvedVisit *v = run->visits[i];
        a->load[(size_t)v->team * JC_MONTHS + (size_t)v->month - 1] += unit->work_centi;
        for (size_t k = 0; k < v->n_joints; k++) {
            const Jc__ProblemJoint *joint = unit->joints[v->joints[k]];
            a->load[(size_t)joint->team * JC_MONTHS + (size_t)v->month - 1] += joint->work_centi;
        }
        if (a->district[u] >= 0)
            a->openings[a->n_openings++] =
                ((uint64_t)a->district[u] << 32) | (uint64_t)(v->team * JC_MONTHS + v->month - 1);
        if (!unit->preferred_months)
            cost += a->weights.risk_milli * 100 * unit->risk * v->month;
        else if (!(unit->preferred_months >> (v->month - 1) & 1))
            cost += a->weights.preferred_milli * 100;
    }
    return cost;
}

/* Is the unit in the plan although it has no visit: not due, and nothing pinned? */
static bool rests(const struct audit *a, int32_t u) {
    const Jc__ProblemUnit *unit = a->problem->units[u];
    bool rests = false;
    for (size_t i = 0; i < unit->n_options; i++)
        rests |= unit->options[i]->visits == 0;
    return rests && !a->pins[u].n;
}

/* Visits of the larger side, in force or new, that the other does not have. A unit the new plan leaves out
 * is told by tier 1 and counts nothing here. */
static void count_changes(struct audit *a, const struct run *run, int32_t u) {
    const Jc__PlanInForce *plan = a->problem->in_force;
    int64_t before = 0, kept = 0, after = (int64_t)run->n;
    for (; plan && a->at_force < plan->n_visits && plan->visits[a->at_force]->unit == u; a->at_force++) {
        const Jc__VisitInForce *v = plan->visits[a->at_force];
        before++;
        for (size_t i = 0; i < run->n; i++)
            kept += run->visits[i]->month == v->month && run->visits[i]->team == v->team;
    }
    if (plan && (after || rests(a, u)))
        a->changes += (before > after ? before : after) - kept;
}

static enum jc_code audit_unit(struct audit *a, const struct run *run, int32_t u, int64_t *cost) {
    enum jc_code code = check_references(a, run, u);
    if (code == JC_OK)
        code = check_choice(a, run, u);
    if (code == JC_OK)
        code = check_joints(a, run, u);
    if (code != JC_OK)
        return code;
    count_quotas(a, run, u);
    *cost += book(a, run, u);
    return JC_OK;
}

static enum jc_code audit_units(struct audit *a, int64_t *cost, int64_t *unserved) {
    const Jc__Solution *s = a->solution;
    size_t at = 0;
    for (int32_t u = 0; (size_t)u < a->problem->n_units; u++) {
        struct run run = {at < s->n_visits ? s->visits + at : NULL, 0, 0};
        while (at < s->n_visits && s->visits[at]->unit == u) {
            if (s->visits[at]->month >= 1 && s->visits[at]->month <= JC_MONTHS)
                run.mask |= 1u << (s->visits[at]->month - 1);
            at++;
            run.n++;
        }
        if (!run.n) {
            a->unserved[u] = jc_problem_unit_due(a->problem->units[u]);
            *unserved += a->unserved[u];
            count_changes(a, &run, u);
            continue;
        }
        enum jc_code code = audit_unit(a, &run, u, cost);
        if (code != JC_OK)
            return code;
        count_changes(a, &run, u);
    }
    char buf[16];
    if (at < s->n_visits)
        return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE, number(buf, s->visits[at]->unit));
    return JC_OK;
}

/* --- draws ------------------------------------------------------------------------------------ */

static bool draw_holds(const Jc__ProblemDraw *draw, const int32_t slots[JC_MONTHS], const int32_t pins[JC_MONTHS]) {
    uint32_t covered = draw->n_windows ? 0 : JC_MONTHS_ALL;
    int64_t total = 0;
    for (size_t i = 0; i < draw->n_windows; i++) {
        int64_t inside = 0;
        for (int m = 0; m < JC_MONTHS; m++)
            inside += draw->windows[i]->months >> m & 1 ? slots[m] : 0;
        if (inside < draw->windows[i]->min || inside > draw->windows[i]->max)
            return false;
        covered |= draw->windows[i]->months;
    }
    for (int m = 0; m < JC_MONTHS; m++) {
        total += slots[m];
        if (slots[m] < pins[m] || (slots[m] && !(covered >> m & 1)))
            return false;
    }
    return total == draw->sample;
}

static void book_slots(struct audit *a, size_t d, const int32_t slots[JC_MONTHS]) {
    const Jc__ProblemDraw *draw = a->problem->draws[d];
    const struct jc_quota_list *list = &a->quotas.of_draw[d];
    const int32_t *standing = a->standing + d * JC_MONTHS;
    for (int m = 0; m < JC_MONTHS; m++) {
        a->load[(size_t)draw->team * JC_MONTHS + (size_t)m] += draw->work_centi * slots[m];
        a->changes += a->problem->in_force && slots[m] > standing[m] ? slots[m] - standing[m] : 0;
    }
    for (size_t i = 0; i < list->n; i++) {
        const Jc__ProblemQuota *quota = a->problem->quotas[list->ids[i]];
        bool by_rule = quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE;
        if (quota->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS)
            continue; /* a slot is nobody yet, and on site */
        if (by_rule && quota->team != -1 && quota->team != draw->team)
            continue;
        for (int m = 0; m < JC_MONTHS; m++)
            a->count[list->ids[i]] += quota->months >> m & 1 ? slots[m] : 0;
    }
}

static enum jc_code audit_draws(struct audit *a) {
    const Jc__Problem *p = a->problem;
    const Jc__Solution *s = a->solution;
    size_t at = 0;
    for (size_t d = 0; d < p->n_draws; d++) {
        int32_t slots[JC_MONTHS] = {0};
        int last = 1;
        for (; at < s->n_slots && s->slots[at]->draw == (int32_t)d; at++) {
            if (s->slots[at]->month < last || s->slots[at]->month > JC_MONTHS)
                return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_ORDER, jc_str(p->draws[d]->draw_id));
            last = s->slots[at]->month;
            slots[last - 1]++;
        }
        if (!draw_holds(p->draws[d], slots, a->slots + d * JC_MONTHS))
            return jc_fail(a->err, JC_FAILED_PRECONDITION, JC_MSG_SOLUTION_DRAW, jc_str(p->draws[d]->draw_id));
        book_slots(a, d, slots);
    }
    char buf[16];
    if (at < s->n_slots)
        return jc_fail(a->err, JC_INVALID_ARGUMENT, JC_MSG_SOLUTION_REFERENCE, number(buf, s->slots[at]->draw));
    return JC_OK;
}

/* --- sums ------------------------------------------------------------------------------------- */

/* Different keys; false without memory. */
static bool count_openings(struct audit *a, struct jc_arena *arena, int64_t *n) {
    struct jc_index *keys = jc_index_new(arena, 0);
    *n = 0;
    for (size_t i = 0; keys && i < a->n_openings; i++) {
        bool is_new;
        if (!jc_index_at(keys, (struct jc_str){(const char *)&a->openings[i], sizeof a->openings[i]}, &is_new))
            return false;
        *n += is_new;
    }
    return keys != NULL;
}

static void sum_up(struct audit *a, struct jc_measure *out) {
    const Jc__Problem *p = a->problem;
    int64_t deviation = 0;
    for (size_t t = 0; t < p->n_teams; t++) {
        for (int month = 0; month <= JC_MONTHS; month++)
            out->objective.over_centi += jc_measure_over(p, out, (int)t, month);
        for (size_t m = 0; m < p->teams[t]->n_target_centi; m++)
            deviation += llabs(a->load[t * JC_MONTHS + m] - p->teams[t]->target_centi[m]);
    }
    for (size_t q = 0; q < p->n_quotas; q++)
        out->objective.quota += jc_quota_miss(p->quotas[q], a->count[q]);
    out->changes = a->changes;
    out->objective.cost_e5 += a->weights.balance_milli * deviation + a->weights.travel_milli * 100 * out->openings +
                              a->weights.changes_milli * 100 * a->changes;
}

enum jc_code jc_solution_check(const Jc__Problem *problem, const Jc__Solution *solution, struct jc_arena *arena,
                               struct jc_measure *out, struct jc_err *err) {
    struct audit a = {.problem = problem, .solution = solution, .err = err};
    Jc__Objective zero = JC__OBJECTIVE__INIT;
    a.weights = jc_problem_weights(problem);
    *out = (struct jc_measure){.objective = zero};
    enum jc_code code = prepare(&a, arena);
    if (code == JC_OK)
        code = audit_units(&a, &out->objective.cost_e5, &out->objective.unserved);
    if (code == JC_OK)
        code = audit_draws(&a);
    if (code != JC_OK)
        return code;
    out->load_centi = a.load;
    out->quota_count = a.count;
    out->unserved = a.unserved;
    out->visits = (int64_t)(solution->n_visits + solution->n_slots);
    if (!count_openings(&a, arena, &out->openings))
        return jc_fail_memory(err);
    sum_up(&a, out);
    return JC_OK;
}
