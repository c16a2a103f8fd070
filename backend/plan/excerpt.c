/* Excerpts. What stays is known by difference: the whole plan is measured in the whole problem and its moving
 * part in the moving part of the problem; loads and quota counts of the rest are what the first has more. */
#include "plan/excerpt.h"

#include "model/objective.h"
#include "model/pattern.h"

struct cutting {
    const Jc__Solution *plan;
    struct jc_excerpt *out;
    int32_t *part; /* by unit of the whole: its index in the part; -1: it stays */
    struct jc_arena *arena;
    struct jc_err *err;
};

static bool number_units(struct cutting *c, size_t n, const bool *moves) {
    int32_t *units = JC_NEW_ARRAY(c->arena, n + 1, int32_t);
    c->part = JC_NEW_ARRAY(c->arena, n + 1, int32_t);
    if (!units || !c->part)
        return false;
    for (size_t u = 0; u < n; u++) {
        c->part[u] = moves[u] ? (int32_t)c->out->n_units : -1;
        if (moves[u])
            units[c->out->n_units++] = (int32_t)u;
    }
    c->out->units = units;
    return true;
}

/* --- rows of units that move ------------------------------------------------------------------------------ */

/* The pins of draws and of units that move. */
static bool cut_pins(struct cutting *c, Jc__Problem *p) {
    Jc__ProblemPin **pins = JC_NEW_ARRAY(c->arena, p->n_pins + 1, Jc__ProblemPin *);
    size_t n = 0;
    for (size_t i = 0; pins && i < p->n_pins; i++) {
        int32_t unit = p->pins[i]->unit;
        if (unit >= 0 && c->part[unit] < 0)
            continue;
        if (!(pins[n] = JC_CLONE(c->arena, p->pins[i])))
            return false;
        pins[n++]->unit = unit < 0 ? unit : c->part[unit];
    }
    p->pins = pins;
    p->n_pins = n;
    return pins != NULL;
}

static bool cut_in_force(struct cutting *c, Jc__Problem *p) {
    Jc__PlanInForce *own = p->in_force ? JC_CLONE(c->arena, p->in_force) : NULL;
    Jc__VisitInForce **visits = own ? JC_NEW_ARRAY(c->arena, own->n_visits + 1, Jc__VisitInForce *) : NULL;
    size_t n = 0;
    if (!p->in_force)
        return true;
    for (size_t i = 0; visits && i < own->n_visits; i++) {
        int32_t unit = c->part[own->visits[i]->unit];
        if (unit < 0)
            continue;
        if (!(visits[n] = JC_CLONE(c->arena, own->visits[i])))
            return false;
        visits[n++]->unit = unit;
    }
    if (!visits)
        return false;
    own->visits = visits;
    own->n_visits = n;
    p->in_force = own;
    return true;
}

/* The plan's visits of units that move, and all its slots. */
static Jc__Solution *cut_plan(struct cutting *c) {
    Jc__Solution *own = JC_CLONE(c->arena, c->plan);
    Jc__SolvedVisit **visits = JC_NEW_ARRAY(c->arena, c->plan->n_visits + 1, Jc__SolvedVisit *);
    if (!own || !visits)
        return NULL;
    own->visits = visits;
    own->n_visits = 0;
    own->objective = own->bound = NULL;
    for (size_t i = 0; i < c->plan->n_visits; i++) {
        int32_t unit = c->part[c->plan->visits[i]->unit];
        if (unit < 0)
            continue;
        if (!(visits[own->n_visits] = JC_CLONE(c->arena, c->plan->visits[i])))
            return NULL;
        visits[own->n_visits++]->unit = unit;
    }
    return own;
}

/* A problem with only the units that move, and room for `more`. */
static Jc__Problem *cut(struct cutting *c, const Jc__Problem *whole, size_t more) {
    Jc__Problem *p = JC_CLONE(c->arena, whole);
    Jc__ProblemUnit **units = JC_NEW_ARRAY(c->arena, c->out->n_units + more + 1, Jc__ProblemUnit *);
    if (!p || !units || !cut_pins(c, p) || !cut_in_force(c, p))
        return NULL;
    for (size_t i = 0; i < c->out->n_units; i++)
        units[i] = whole->units[c->out->units[i]];
    p->units = units;
    p->n_units = c->out->n_units;
    return p;
}

/* --- what stays ------------------------------------------------------------------------------------------- */

/* The rule of fixed work: one visit, in the only month its unit has. */
static bool add_fixed_rule(struct cutting *c, Jc__Problem *p) {
    Jc__ProblemRule **rules = JC_NEW_ARRAY(c->arena, p->n_rules + 1, Jc__ProblemRule *);
    Jc__ProblemRule *rule = JC_NEW(c->arena, Jc__ProblemRule);
    if (!rules || !rule)
        return false;
    for (size_t r = 0; r < p->n_rules; r++)
        rules[r] = p->rules[r];
    jc__problem_rule__init(rule);
    rule->rule_id = (char *)"\x1f";
    rule->visits = rule->min_gap_months = 1;
    rules[p->n_rules] = rule;
    p->rules = rules;
    p->n_rules++;
    return true;
}

static bool add_fixed_work(struct cutting *c, Jc__Problem *p, size_t team, int m, int64_t work) {
    Jc__ProblemUnit *u = JC_NEW(c->arena, Jc__ProblemUnit);
    Jc__UnitOption *option = JC_NEW(c->arena, Jc__UnitOption);
    Jc__UnitOption **options = JC_NEW_ARRAY(c->arena, 1, Jc__UnitOption *);
    int32_t *lead = JC_NEW_ARRAY(c->arena, 1, int32_t);
    if (!u || !option || !options || !lead)
        return false;
    jc__unit_option__init(option);
    option->rule = (int32_t)p->n_rules - 1;
    option->visits = 1;
    options[0] = option;
    lead[0] = (int32_t)team;
    jc__problem_unit__init(u);
    u->unit_id = (char *)jc_arena_printf(c->arena, "\x1f%zu/%d", team, m + 1).ptr;
    u->work_centi = work;
    u->blackout_months = JC_MONTHS_ALL & ~(1u << m);
    u->options = options;
    u->n_options = u->n_lead_teams = 1;
    u->lead_teams = lead;
    p->units[p->n_units++] = u;
    return u->unit_id != NULL;
}

/* By team: can anything of the part be its work? */
static bool *find_concerned(struct cutting *c, const Jc__Problem *p) {
    bool *teams = JC_NEW_ARRAY(c->arena, p->n_teams + 1, bool);
    for (size_t u = 0; teams && u < p->n_units; u++) {
        for (size_t t = 0; t < p->units[u]->n_lead_teams; t++)
            teams[p->units[u]->lead_teams[t]] = true;
        for (size_t j = 0; j < p->units[u]->n_joints; j++)
            teams[p->units[u]->joints[j]->team] = true;
    }
    for (size_t d = 0; teams && d < p->n_draws; d++)
        teams[p->draws[d]->team] = true;
    return teams;
}

/* A team that the part does not concern has no limits in it: its loads do not change. */
static bool add_work(struct cutting *c, Jc__Problem *p, const struct jc_measure *all, const struct jc_measure *part) {
    bool *concerned = find_concerned(c, p);
    Jc__ProblemTeam **teams = jc_arena_clone(c->arena, p->teams, p->n_teams, sizeof(*teams));
    if (!concerned || !teams)
        return false;
    p->teams = teams;
    for (size_t k = 0; k < p->n_teams; k++) {
        for (int m = 0; concerned[k] && m < JC_MONTHS; m++) {
            int64_t work = all->load_centi[k * JC_MONTHS + m] - part->load_centi[k * JC_MONTHS + m];
            if (work && !add_fixed_work(c, p, k, m, work))
                return false;
        }
        if (concerned[k])
            continue;
        if (!(teams[k] = JC_CLONE(c->arena, teams[k])))
            return false;
        teams[k]->n_month_limit_centi = teams[k]->n_target_centi = 0;
        teams[k]->year_limit_centi = -1;
    }
    return true;
}

static int32_t less(int32_t bound, int64_t count) {
    return bound < 0 ? bound : bound > count ? (int32_t)(bound - count) : 0;
}

static bool take_off_quotas(struct cutting *c, Jc__Problem *p, const struct jc_measure *all,
                            const struct jc_measure *part) {
    p->quotas = jc_arena_clone(c->arena, p->quotas, p->n_quotas, sizeof(*p->quotas));
    for (size_t q = 0; p->quotas && q < p->n_quotas; q++) {
        int64_t count = all->quota_count[q] - part->quota_count[q];
        Jc__ProblemQuota *own = count ? JC_CLONE(c->arena, p->quotas[q]) : p->quotas[q];
        if (!own)
            return false;
        if (count) {
            own->min = less(own->min, count);
            own->max = less(own->max, count);
        }
        p->quotas[q] = own;
    }
    return p->quotas != NULL;
}

/* --- there and back ----------------------------------------------------------------------------------------- */

enum jc_code jc_excerpt_make(const Jc__Problem *base, const Jc__Problem *changed, const Jc__Solution *plan,
                             const struct jc_measure *measure, const bool *moves, struct jc_arena *arena,
                             struct jc_excerpt *out, struct jc_err *err) {
    struct cutting c = {.plan = plan, .out = out, .arena = arena, .err = err};
    struct jc_measure part;
    *out = (struct jc_excerpt){.plan = plan, .moves = moves};
    if (!number_units(&c, base->n_units, moves))
        return jc_fail_memory(err);
    Jc__Problem *was = cut(&c, base, 0), *p = cut(&c, changed, changed->n_teams * JC_MONTHS);
    Jc__Solution *start = cut_plan(&c);
    if (!was || !p || !start)
        return jc_fail_memory(err);
    enum jc_code code = jc_solution_check(was, start, arena, &part, err);
    if (code)
        return code;
    if (!add_fixed_rule(&c, p) || !add_work(&c, p, measure, &part) || !take_off_quotas(&c, p, measure, &part))
        return jc_fail_memory(err);
    p->start = start;
    out->problem = p;
    return JC_OK;
}

enum jc_code jc_excerpt_merge(const struct jc_excerpt *x, const Jc__Solution *part, struct jc_arena *arena,
                              Jc__Solution **out, struct jc_err *err) {
    const Jc__Solution *plan = x->plan;
    Jc__Solution *whole = JC_CLONE(arena, part);
    Jc__SolvedVisit **visits = JC_NEW_ARRAY(arena, plan->n_visits + part->n_visits + 1, Jc__SolvedVisit *);
    size_t n = 0, i = 0;
    if (!whole || !visits)
        return jc_fail_memory(err);
    for (size_t j = 0; j < part->n_visits && (size_t)part->visits[j]->unit < x->n_units; j++) {
        int32_t unit = x->units[part->visits[j]->unit];
        for (; i < plan->n_visits && plan->visits[i]->unit <= unit; i++)
            if (!x->moves[plan->visits[i]->unit])
                visits[n++] = plan->visits[i];
        if (!(visits[n] = JC_CLONE(arena, part->visits[j])))
            return jc_fail_memory(err);
        visits[n++]->unit = unit;
    }
    for (; i < plan->n_visits; i++)
        if (!x->moves[plan->visits[i]->unit])
            visits[n++] = plan->visits[i];
    whole->visits = visits;
    whole->n_visits = n;
    whole->objective = whole->bound = NULL;
    *out = whole;
    return JC_OK;
}
