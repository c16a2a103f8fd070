/* Coverage of key units. One pass over the units; sums are int64 (jc_problem_check has proven that a whole
 * year's work fits, and one visit of each unit is less). */
#include "plan/coverage.h"

#include <string.h>

#include "model/problem.h"
#include "plan/budget.h"

struct sums {
    int32_t units;
    int64_t need, planned; /* one visit each; all visits of the year */
};

struct counting {
    const struct jc_plan_problem *pp;
    struct sums *teams; /* units that only this team may lead, and its part in others */
    struct sums all;
    int32_t unserved;
};

/* A unit's first part counts for coverage, every part for what is planned. */
static void add(struct sums *s, int64_t work, int64_t visits, bool first) {
    s->need += first ? work : 0;
    s->planned += work * visits;
}

static void count_part(struct counting *c, const Jc__ProblemUnit *u, bool first) {
    int64_t visits = jc_problem_unit_due(u);
    struct sums *only = u->n_lead_teams == 1 ? &c->teams[u->lead_teams[0]] : NULL;
    add(&c->all, u->work_centi, visits, first);
    c->all.units += first;
    if (only) {
        add(only, u->work_centi, visits, first);
        only->units += first;
    }
    for (size_t j = 0; j < u->n_joints; j++) {
        add(&c->all, u->joints[j]->work_centi, u->joints[j]->visits, first);
        add(&c->teams[u->joints[j]->team], u->joints[j]->work_centi, u->joints[j]->visits, first);
    }
}

/* All parts of a unit, from `u` on (one, unless some of its visits stand alone). Returns where the next unit
 * begins. It is left out if no part of it is served. */
static size_t count_unit(struct counting *c, const struct jc_measure *measure, size_t u) {
    const struct jc_plan_problem *pp = c->pp;
    const Jc__Unit *unit = pp->sources[u].unit;
    bool key = strcmp(unit->category, "key") == 0, missing = false, served = false;
    for (bool first = true; u < pp->problem->n_units && pp->sources[u].unit == unit; u++, first = false) {
        missing |= measure && measure->unserved[u] > 0;
        served |= measure && !measure->unserved[u] && jc_problem_unit_due(pp->problem->units[u]) > 0;
        if (key)
            count_part(c, pp->problem->units[u], first);
    }
    c->unserved += key && missing && !served;
    return u;
}

/* Takes the statement over if it is worse than the one there is: never beats n years, more years fewer; of
 * two teams alike the one that lacks more speaks, all together only if no single team says as much. */
static void weigh(Jc__KeyCoverage *worst, const struct sums *s, int64_t limit, char *team_id) {
    if (limit < 0 || !s->need)
        return;
    int64_t years = limit ? (s->need + limit - 1) / limit : 0;
    bool short_of = years != 1 || s->planned > limit;
    bool worse = !worst->units || (worst->years && (!years || years > worst->years)) ||
                 (*team_id && years == worst->years && s->planned - limit > worst->planned_centi - worst->limit_centi);
    if (!short_of || !worse)
        return;
    worst->units = s->units;
    worst->need_centi = s->need;
    worst->planned_centi = s->planned;
    worst->limit_centi = limit;
    worst->years = years > INT32_MAX ? INT32_MAX : (int32_t)years;
    worst->team_id = team_id;
}

static void weigh_all(struct counting *c, Jc__KeyCoverage *worst) {
    const Jc__Problem *p = c->pp->problem;
    int64_t limit = 0;
    for (size_t k = 0; k < p->n_teams; k++) {
        int64_t year = jc_budget_year(p->teams[k]->n_month_limit_centi ? p->teams[k]->month_limit_centi : NULL,
                                      p->teams[k]->year_limit_centi);
        weigh(worst, &c->teams[k], year, p->teams[k]->team_id);
        limit = limit < 0 || year < 0 ? -1 : limit + year;
    }
    weigh(worst, &c->all, limit, (char *)protobuf_c_empty_string);
}

enum jc_code jc_coverage_find(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                              struct jc_arena *arena, Jc__KeyCoverage **out, struct jc_err *err) {
    struct counting c = {.pp = pp, .teams = JC_NEW_ARRAY(arena, pp->problem->n_teams + 1, struct sums)};
    Jc__KeyCoverage *worst = JC_NEW(arena, Jc__KeyCoverage);
    *out = NULL;
    if (!c.teams || !worst)
        return jc_fail_memory(err);
    jc__key_coverage__init(worst);
    for (size_t u = 0; u < pp->problem->n_units;)
        u = count_unit(&c, measure, u);
    weigh_all(&c, worst);
    if (!worst->units && c.unserved) { /* nobody lacks workdays, but months do not allow it */
        worst->units = c.all.units;
        worst->need_centi = c.all.need;
        worst->planned_centi = c.all.planned;
        worst->limit_centi = -1;
        worst->years = 1;
    }
    worst->unserved = c.unserved;
    if (worst->units || worst->unserved)
        *out = worst;
    return JC_OK;
}

void jc_coverage_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__KeyCoverage *c) {
    char units[JC_NUMBER_TEXT], need[JC_NUMBER_TEXT], limit[JC_NUMBER_TEXT], planned[JC_NUMBER_TEXT],
        years[JC_NUMBER_TEXT], unserved[JC_NUMBER_TEXT];
    int team = jc_register_team(reg, c->team_id);
    struct jc_str args[] = {
        team >= 0 ? jc_str(reg->teams[team]->name) : jc_msg_text(JC_MSG_PLAN_ALL_TEAMS, lang),
        jc_str_from_int64(c->units, units),
        jc_str_from_centi(c->need_centi, need),
        jc_str_from_centi(c->limit_centi, limit),
        jc_str_from_centi(c->planned_centi, planned),
        jc_str_from_int64(c->years, years),
        jc_str_from_int64(c->unserved, unserved),
    };
    enum jc_msg what = c->limit_centi < 0 ? JC_MSG_COVERAGE_MONTHS
                       : !c->years        ? JC_MSG_COVERAGE_NEVER
                       : c->years == 1    ? JC_MSG_COVERAGE_VISITS
                                          : JC_MSG_COVERAGE_YEARS;
    jc_msg_render(out, lang, what, args, sizeof(args) / sizeof(*args));
    if (c->unserved && c->limit_centi >= 0)
        jc_msg_render(out, lang, JC_MSG_COVERAGE_UNSERVED, args, sizeof(args) / sizeof(*args));
}
