/* Units first, then loads and slots: columns are made where they are first needed, and each adds itself to
 * the rows of load and quota that gather it. Work is in workdays, cost in units of cost. */
#include "bench/month_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/objective.h"
#include "model/pattern.h"
#include "model/problem.h"
#include "model/quota.h"

/* A unit on one rule under one team. */
struct choice {
    int32_t unit, rule, team;
    int visits;
    int y, x[JC_MONTHS], v[JC_MONTHS];
};

/* A joint visit: its columns, all 0 if the team joins every visit whatever the choice. */
struct join {
    bool partial;
    int c[JC_MONTHS], w[JC_MONTHS]; /* joins, remote joins */
};

struct unit {
    size_t first_choice, n_choices;
    struct join *joins;
    int unserved;
    bool remote; /* a quota of remote visits may count it */
};

/* The columns and the row of one load or count. */
struct gauge {
    int row, load, over, more, less;
};

struct jc_month_model {
    const Jc__Problem *p;
    struct jc_arena *arena;
    struct jc_program program;
    struct jc_quota_index quotas;
    Jc__Weights weights;
    struct unit *units;
    struct choice *choices;
    size_t n_choices, choices_capacity;
    int *slots, *more; /* by draw * 12 + m; more: those beyond the plan in force */
    int *openings;     /* by (district * teams + team) * 12 + m */
    const char **district;
    size_t n_districts;
    struct gauge *cells;  /* by team * 12 + m */
    int *year_over;       /* by team */
    struct gauge *counts; /* by quota: over and less are its slacks */
};

static double days(int64_t centi) {
    return (double)centi / 100;
}

static struct gauge *cell(struct jc_month_model *m, int32_t team, int month) {
    return &m->cells[team * JC_MONTHS + month];
}

static void put(struct jc_month_model *m, int row, int column, double factor) {
    jc_program_put(&m->program, row, column, factor);
}

/* --- rows that gather -------------------------------------------------------------------------------------- */

/* L(k,m), over and deviation (rows (5) and (6)). */
static void add_cells(struct jc_month_model *m) {
    struct jc_program *p = &m->program;
    double balance = (double)m->weights.balance_milli / 1000;
    for (size_t k = 0; k < m->p->n_teams; k++) {
        const Jc__ProblemTeam *team = m->p->teams[k];
        int year = 0;
        if (team->year_limit_centi >= 0) {
            m->year_over[k] = jc_program_add_column(p, 0, INFINITY, JC_MODEL_OVER, false);
            year = jc_program_add_row(p, -INFINITY, days(team->year_limit_centi));
            put(m, year, m->year_over[k], -1);
        }
        for (int month = 0; month < JC_MONTHS; month++) {
            struct gauge *g = cell(m, (int32_t)k, month);
            g->load = jc_program_add_column(p, 0, INFINITY, 0, false);
            g->row = jc_program_add_row(p, 0, 0);
            put(m, g->row, g->load, -1);
            put(m, year, g->load, 1);
            if (team->n_month_limit_centi && team->month_limit_centi[month] >= 0) {
                int limit = jc_program_add_row(p, -INFINITY, days(team->month_limit_centi[month]));
                g->over = jc_program_add_column(p, 0, INFINITY, JC_MODEL_OVER, false);
                put(m, limit, g->load, 1);
                put(m, limit, g->over, -1);
            }
            if (team->n_target_centi) {
                double target = days(team->target_centi[month]);
                int row = jc_program_add_row(p, target, target);
                g->more = jc_program_add_column(p, 0, INFINITY, balance, false);
                g->less = jc_program_add_column(p, 0, INFINITY, balance, false);
                put(m, row, g->load, 1);
                put(m, row, g->more, -1);
                put(m, row, g->less, 1);
            }
        }
    }
}

static void add_counts(struct jc_month_model *m) {
    struct jc_program *p = &m->program;
    for (size_t q = 0; q < m->p->n_quotas; q++) {
        const Jc__ProblemQuota *quota = m->p->quotas[q];
        struct gauge *g = &m->counts[q];
        if (quota->min <= 0 && quota->max < 0)
            continue;
        g->row = jc_program_add_row(p, quota->min > 0 ? quota->min : -INFINITY, quota->max < 0 ? INFINITY : quota->max);
        if (quota->min > 0)
            put(m, g->row, g->less = jc_program_add_column(p, 0, INFINITY, JC_MODEL_QUOTA, false), 1);
        if (quota->max >= 0)
            put(m, g->row, g->over = jc_program_add_column(p, 0, INFINITY, JC_MODEL_QUOTA, false), -1);
    }
}

/* Adds a visit's column to the quotas of the list that count visits, the remote one to those of remote
 * visits. Rule 4: a quota by rule asks for the team, that of a joint must be named. */
static void count_visit(struct jc_month_model *m, const struct jc_quota_list *list, int32_t team, bool joint, int month,
                        int visit, int remote) {
    for (size_t i = 0; i < list->n; i++) {
        const Jc__ProblemQuota *q = m->p->quotas[list->ids[i]];
        bool by_group = q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP;
        if (!(q->months >> month & 1) || !(by_group || q->team == team || (!joint && q->team == -1)))
            continue;
        if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS)
            put(m, m->counts[list->ids[i]].row, visit, 1);
        else if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS)
            put(m, m->counts[list->ids[i]].row, remote, 1);
    }
}

static bool any_remote(const struct jc_month_model *m, const struct jc_quota_list *list) {
    for (size_t i = 0; i < list->n; i++)
        if (m->p->quotas[list->ids[i]]->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS)
            return true;
    return false;
}

/* --- one choice -------------------------------------------------------------------------------------------- */

/* One row over months: Σ of the months' columns − factor · Σ y within the bounds. */
struct span {
    uint32_t months;
    double factor, lo, hi;
};

/* The rows (2) of a rule, to be laid over whatever columns: at most windows * 2 + 13. */
static size_t rule_spans(const Jc__ProblemRule *rule, int visits, struct span to[JC_MONTHS * 3 + 2]) {
    size_t n = 0;
    to[n++] = (struct span){JC_MONTHS_ALL, visits, 0, 0};
    for (size_t w = 0; w < rule->n_windows; w++) {
        const Jc__TimeWindow *win = rule->windows[w];
        if (win->max < visits)
            to[n++] = (struct span){win->months, win->max, -INFINITY, 0};
        if (win->min > 0)
            to[n++] = (struct span){win->months, win->min, 0, INFINITY};
    }
    for (int from = 0; visits > 1 && rule->min_gap_months > 1 && from + rule->min_gap_months <= JC_MONTHS; from++)
        to[n++] = (struct span){((1u << rule->min_gap_months) - 1) << from, 1, -INFINITY, 0};
    uint32_t covered = rule->n_windows ? 0 : JC_MONTHS_ALL;
    for (size_t w = 0; w < rule->n_windows; w++)
        covered |= rule->windows[w]->months;
    if (covered != JC_MONTHS_ALL)
        to[n++] = (struct span){JC_MONTHS_ALL & ~covered, 0, 0, 0};
    return n;
}

static double season(const struct jc_month_model *m, const Jc__ProblemUnit *u, int month) {
    if (!u->preferred_months)
        return (double)(m->weights.risk_milli * u->risk * (month + 1)) / 1000;
    return u->preferred_months >> month & 1 ? 0 : (double)m->weights.preferred_milli / 1000;
}

/* Visits of the unit in the plan in force: all of them, or those of this team in this month. */
static int in_force(const struct jc_month_model *m, int32_t unit, int32_t team, int month) {
    int n = 0;
    for (size_t i = 0; m->p->in_force && i < m->p->in_force->n_visits; i++) {
        const Jc__VisitInForce *v = m->p->in_force->visits[i];
        n += v->unit == unit && (month < 0 || (v->month == month + 1 && v->team == team));
    }
    return n;
}

static double change(const struct jc_month_model *m) {
    return m->p->in_force ? (double)m->weights.changes_milli / 1000 : 0;
}

static void add_month(struct jc_month_model *m, struct choice *c, int month) {
    const Jc__ProblemUnit *u = m->p->units[c->unit];
    double moved = in_force(m, c->unit, c->team, month) ? 0 : change(m);
    c->x[month] = jc_program_add_column(&m->program, 0, 1, season(m, u, month) + moved, true);
    put(m, cell(m, c->team, month)->row, c->x[month], days(u->work_centi));
    if (m->units[c->unit].remote) {
        c->v[month] = jc_program_add_column(&m->program, 0, 1, 0, true);
        int row = jc_program_add_row(&m->program, -INFINITY, 0);
        put(m, row, c->v[month], 1);
        put(m, row, c->x[month], -1);
    }
    count_visit(m, &m->quotas.of_rule[c->rule], c->team, false, month, c->x[month], c->v[month]);
    count_visit(m, &m->quotas.of_unit[c->unit], c->team, false, month, c->x[month], c->v[month]);
}

static void add_choice(struct jc_month_model *m, struct choice *c, uint32_t any, uint32_t pinned) {
    struct span spans[JC_MONTHS * 3 + 2];
    int before = in_force(m, c->unit, -1, -1), dropped = before > c->visits ? before - c->visits : 0;
    c->y = jc_program_add_column(&m->program, 0, 1, dropped * change(m), true);
    if (!c->visits)
        return;
    const struct jc_quota_list *list = &m->quotas.of_rule[c->rule];
    for (size_t i = 0; i < list->n; i++) {
        const Jc__ProblemQuota *q = m->p->quotas[list->ids[i]];
        if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS && (q->team == -1 || q->team == c->team))
            put(m, m->counts[list->ids[i]].row, c->y, 1);
    }
    for (int month = 0; month < JC_MONTHS; month++)
        if (any >> month & 1)
            add_month(m, c, month);
    for (size_t i = 0, n = rule_spans(m->p->rules[c->rule], c->visits, spans); i < n; i++) {
        int row = jc_program_add_row(&m->program, spans[i].lo, spans[i].hi);
        put(m, row, c->y, -spans[i].factor);
        for (int month = 0; month < JC_MONTHS; month++)
            if (spans[i].months >> month & 1)
                put(m, row, c->x[month], 1);
    }
    for (int month = 0; month < JC_MONTHS; month++)
        if (pinned >> month & 1) {
            int row = jc_program_add_row(&m->program, 0, 0);
            put(m, row, c->x[month], 1);
            put(m, row, c->y, -1);
        }
}

/* --- joins ------------------------------------------------------------------------------------------------- */

/* Adds the columns for "team joins in this month" to a row. */
static void put_join(struct jc_month_model *m, int row, const struct unit *u, const struct join *j, int month,
                     double factor) {
    if (j->partial)
        put(m, row, j->c[month], factor);
    for (size_t i = 0; !j->partial && i < u->n_choices; i++)
        put(m, row, m->choices[u->first_choice + i].x[month], factor);
}

/* c ≤ Σ x; w = 1 exactly if the joined visit is remote. */
static void add_partial(struct jc_month_model *m, const struct unit *u, struct join *j, int month) {
    j->c[month] = jc_program_add_column(&m->program, 0, 1, 0, true);
    int within = jc_program_add_row(&m->program, -INFINITY, 0);
    put(m, within, j->c[month], 1);
    for (size_t i = 0; i < u->n_choices; i++)
        put(m, within, m->choices[u->first_choice + i].x[month], -1);
    if (!u->remote)
        return;
    j->w[month] = jc_program_add_column(&m->program, 0, 1, 0, true);
    int joins = jc_program_add_row(&m->program, -INFINITY, 0), remote = jc_program_add_row(&m->program, -INFINITY, 0),
        both = jc_program_add_row(&m->program, -INFINITY, 1);
    put(m, joins, j->w[month], 1);
    put(m, joins, j->c[month], -1);
    put(m, remote, j->w[month], 1);
    put(m, both, j->w[month], -1);
    put(m, both, j->c[month], 1);
    for (size_t i = 0; i < u->n_choices; i++) {
        put(m, remote, m->choices[u->first_choice + i].v[month], -1);
        put(m, both, m->choices[u->first_choice + i].v[month], 1);
    }
}

/* Row (3): the joining team's own rule, its work and its quotas. */
static void add_join(struct jc_month_model *m, int32_t unit, size_t index) {
    struct unit *u = &m->units[unit];
    struct join *j = &u->joins[index];
    const Jc__ProblemJoint *joint = m->p->units[unit]->joints[index];
    struct span spans[JC_MONTHS * 3 + 2];
    if (!joint->visits)
        return;
    for (size_t i = 0; i < u->n_choices; i++) {
        const struct choice *c = &m->choices[u->first_choice + i];
        j->partial |= c->visits && c->visits != joint->visits;
    }
    for (int month = 0; month < JC_MONTHS; month++) {
        if (j->partial)
            add_partial(m, u, j, month);
        put_join(m, cell(m, joint->team, month)->row, u, j, month, days(joint->work_centi));
        const struct jc_quota_list *list = &m->quotas.of_rule[joint->rule];
        if (j->partial)
            count_visit(m, list, joint->team, true, month, j->c[month], j->w[month]);
        for (size_t i = 0; !j->partial && i < u->n_choices; i++) {
            const struct choice *c = &m->choices[u->first_choice + i];
            count_visit(m, list, joint->team, true, month, c->x[month], c->v[month]);
        }
    }
    for (size_t s = 0, n = rule_spans(m->p->rules[joint->rule], joint->visits, spans); s < n; s++) {
        int row = jc_program_add_row(&m->program, spans[s].lo, spans[s].hi);
        for (size_t i = 0; i < u->n_choices; i++)
            if (m->choices[u->first_choice + i].visits)
                put(m, row, m->choices[u->first_choice + i].y, -spans[s].factor);
        for (int month = 0; month < JC_MONTHS; month++)
            if (spans[s].months >> month & 1)
                put_join(m, row, u, j, month, 1);
    }
}

/* --- units ------------------------------------------------------------------------------------------------- */

struct pinned {
    uint32_t months;
    int32_t team, rule;
};

static struct pinned pins_of(const Jc__Problem *p, int32_t unit) {
    struct pinned pins = {0, -1, -1};
    for (size_t i = 0; i < p->n_pins; i++) {
        if (p->pins[i]->unit != unit)
            continue;
        pins.months |= 1u << (p->pins[i]->month - 1);
        pins.team = p->pins[i]->team >= 0 ? p->pins[i]->team : pins.team;
        pins.rule = p->pins[i]->rule >= 0 ? p->pins[i]->rule : pins.rule;
    }
    return pins;
}

static int opening(struct jc_month_model *m, const char *district, int32_t team, int month) {
    size_t d = 0;
    while (d < m->n_districts && strcmp(m->district[d], district) != 0)
        d++;
    if (d == m->n_districts)
        m->district[m->n_districts++] = district;
    int *z = &m->openings[(d * m->p->n_teams + (size_t)team) * JC_MONTHS + (size_t)month];
    if (!*z)
        *z = jc_program_add_column(&m->program, 0, 1, (double)m->weights.travel_milli / 1000, true);
    return *z;
}

/* Row (7) for one unit: Σ over its rules of x(u,·,k,m) ≤ z(k,m,δ). */
static void add_openings(struct jc_month_model *m, int32_t unit) {
    const struct unit *u = &m->units[unit];
    const Jc__ProblemUnit *row_of = m->p->units[unit];
    if (!row_of->district[0] || !m->weights.travel_milli)
        return;
    for (size_t t = 0; t < row_of->n_lead_teams; t++)
        for (int month = 0; month < JC_MONTHS; month++) {
            int row = 0;
            for (size_t i = 0; i < u->n_choices; i++) {
                const struct choice *c = &m->choices[u->first_choice + i];
                if (c->team != row_of->lead_teams[t] || !c->x[month])
                    continue;
                if (!row) {
                    row = jc_program_add_row(&m->program, -INFINITY, 0);
                    put(m, row, opening(m, row_of->district, c->team, month), -1);
                }
                put(m, row, c->x[month], 1);
            }
        }
}

static void add_choices(struct jc_month_model *m, int32_t unit) {
    const Jc__ProblemUnit *u = m->p->units[unit];
    struct pinned pins = pins_of(m->p, unit);
    uint16_t masks[JC_PATTERNS_MAX];
    m->units[unit].first_choice = m->n_choices;
    for (size_t o = 0; o < u->n_options; o++) {
        size_t n = jc_pattern_of_option(m->p, u, u->options[o], pins.months, masks);
        uint32_t any = 0;
        for (size_t i = 0; i < n; i++)
            any |= masks[i];
        if (!n || (pins.rule >= 0 && pins.rule != u->options[o]->rule))
            continue;
        for (size_t t = 0; t < u->n_lead_teams; t++) {
            if (pins.team >= 0 && pins.team != u->lead_teams[t])
                continue;
            struct choice *c =
                jc_arena_push(m->arena, (void **)&m->choices, &m->n_choices, &m->choices_capacity, sizeof *c);
            if (!c)
                exit(3);
            *c = (struct choice){
                .unit = unit, .rule = u->options[o]->rule, .team = u->lead_teams[t], .visits = u->options[o]->visits};
            add_choice(m, c, any, pins.months);
        }
    }
    m->units[unit].n_choices = m->n_choices - m->units[unit].first_choice;
}

/* Row (1). A unit that need not come is on the rule that asks nothing, or comes because a pin wants it. */
static void add_unit(struct jc_month_model *m, int32_t unit) {
    const Jc__ProblemUnit *row_of = m->p->units[unit];
    struct unit *u = &m->units[unit];
    u->joins = JC_NEW_ARRAY(m->arena, row_of->n_joints + 1, struct join);
    if (!u->joins)
        exit(3);
    u->remote = any_remote(m, &m->quotas.of_unit[unit]);
    for (size_t o = 0; o < row_of->n_options; o++)
        u->remote |= any_remote(m, &m->quotas.of_rule[row_of->options[o]->rule]);
    for (size_t j = 0; j < row_of->n_joints; j++)
        u->remote |= any_remote(m, &m->quotas.of_rule[row_of->joints[j]->rule]);
    add_choices(m, unit);
    int due = jc_problem_unit_due(row_of), row = jc_program_add_row(&m->program, 1, 1);
    bool must = !due && u->n_choices;
    u->unserved = jc_program_add_column(&m->program, 0, must ? 0 : 1, JC_MODEL_UNSERVED * due, true);
    put(m, row, u->unserved, 1);
    for (size_t i = 0; i < u->n_choices; i++)
        put(m, row, m->choices[u->first_choice + i].y, 1);
    for (size_t j = 0; j < row_of->n_joints; j++)
        add_join(m, unit, j);
    add_openings(m, unit);
}

static int slots_in_force(const struct jc_month_model *m, size_t draw, int month) {
    int n = 0;
    for (size_t i = 0; i < m->p->in_force->n_slots; i++)
        n += m->p->in_force->slots[i]->draw == (int32_t)draw && m->p->in_force->slots[i]->month == month + 1;
    return n;
}

static void add_draw(struct jc_month_model *m, size_t d) {
    const Jc__ProblemDraw *draw = m->p->draws[d];
    int *slots = m->slots + d * JC_MONTHS, pinned[JC_MONTHS] = {0};
    uint32_t covered = draw->n_windows ? 0 : JC_MONTHS_ALL;
    for (size_t w = 0; w < draw->n_windows; w++)
        covered |= draw->windows[w]->months;
    for (size_t i = 0; i < m->p->n_pins; i++)
        if (m->p->pins[i]->draw == (int32_t)d)
            pinned[m->p->pins[i]->month - 1]++;
    int total = jc_program_add_row(&m->program, draw->sample, draw->sample);
    for (int month = 0; month < JC_MONTHS; month++) {
        if (!(covered >> month & 1))
            continue;
        slots[month] = jc_program_add_column(&m->program, pinned[month], draw->sample, 0, true);
        put(m, total, slots[month], 1);
        put(m, cell(m, draw->team, month)->row, slots[month], days(draw->work_centi));
        count_visit(m, &m->quotas.of_draw[d], draw->team, false, month, slots[month], 0);
        if (m->p->in_force) {
            int more = jc_program_add_row(&m->program, -INFINITY, slots_in_force(m, d, month));
            put(m, more, slots[month], 1);
            put(m, more,
                m->more[d * JC_MONTHS + (size_t)month] =
                    jc_program_add_column(&m->program, 0, draw->sample, change(m), false),
                -1);
        }
    }
    for (size_t w = 0; w < draw->n_windows; w++) {
        int row = jc_program_add_row(&m->program, draw->windows[w]->min, draw->windows[w]->max);
        for (int month = 0; month < JC_MONTHS; month++)
            if (draw->windows[w]->months >> month & 1)
                put(m, row, slots[month], 1);
    }
}

enum jc_code jc_month_model_new(const Jc__Problem *problem, struct jc_arena *arena, struct jc_month_model **out,
                                struct jc_err *err) {
    struct jc_month_model *m = JC_NEW(arena, struct jc_month_model);
    if (!m)
        return jc_fail_memory(err);
    m->p = problem;
    m->arena = m->program.arena = arena;
    m->weights = jc_problem_weights(problem);
    m->units = JC_NEW_ARRAY(arena, problem->n_units + 1, struct unit);
    m->slots = JC_NEW_ARRAY(arena, (problem->n_draws + 1) * JC_MONTHS, int);
    m->more = JC_NEW_ARRAY(arena, (problem->n_draws + 1) * JC_MONTHS, int);
    m->cells = JC_NEW_ARRAY(arena, (problem->n_teams + 1) * JC_MONTHS, struct gauge);
    m->year_over = JC_NEW_ARRAY(arena, problem->n_teams + 1, int);
    m->counts = JC_NEW_ARRAY(arena, problem->n_quotas + 1, struct gauge);
    m->district = JC_NEW_ARRAY(arena, problem->n_units + 1, const char *);
    m->openings = JC_NEW_ARRAY(arena, (problem->n_units + 1) * (problem->n_teams + 1) * JC_MONTHS, int);
    if (!m->units || !m->slots || !m->more || !m->cells || !m->year_over || !m->counts || !m->district || !m->openings)
        return jc_fail_memory(err);
    enum jc_code code = jc_quota_index_build(problem, arena, &m->quotas, err);
    if (code != JC_OK)
        return code;
    add_cells(m);
    add_counts(m);
    for (size_t u = 0; u < problem->n_units; u++)
        add_unit(m, (int32_t)u);
    for (size_t d = 0; d < problem->n_draws; d++)
        add_draw(m, d);
    *out = m;
    return JC_OK;
}

struct jc_program *jc_month_model_program(struct jc_month_model *model) {
    return &model->program;
}

/* --- points ------------------------------------------------------------------------------------------------ */

static void set(struct jc_month_model *m, int column, double value) {
    if (column)
        m->program.columns[column - 1].value = value;
}

static double get(const struct jc_month_model *m, int column) {
    return column ? round(m->program.columns[column - 1].value) : 0;
}

static void fix_visit(struct jc_month_model *m, const Jc__SolvedVisit *v) {
    struct unit *u = &m->units[v->unit];
    int month = v->month - 1;
    bool remote = v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE;
    set(m, u->unserved, 0);
    for (size_t i = 0; i < u->n_choices; i++) {
        struct choice *c = &m->choices[u->first_choice + i];
        if (c->rule != v->rule || c->team != v->team)
            continue;
        set(m, c->y, 1);
        set(m, c->x[month], 1);
        set(m, c->v[month], remote);
        const Jc__ProblemUnit *row = m->p->units[v->unit];
        if (row->district[0] && m->weights.travel_milli)
            set(m, opening(m, row->district, v->team, month), 1);
    }
    for (size_t i = 0; i < v->n_joints; i++) {
        struct join *j = &u->joins[v->joints[i]];
        set(m, j->c[month], 1);
        set(m, j->w[month], remote);
    }
}

/* A unit without visits is on the rule that asks nothing this year, if it has one. */
static void rest(struct jc_month_model *m, const struct unit *u) {
    for (size_t i = 0; i < u->n_choices && get(m, u->unserved) > 0; i++)
        if (!m->choices[u->first_choice + i].visits) {
            set(m, u->unserved, 0);
            set(m, m->choices[u->first_choice + i].y, 1);
        }
}

/* The continuous columns follow from the loads and counts. */
static void fix_gauges(struct jc_month_model *m, const struct jc_measure *measure) {
    for (size_t k = 0; k < m->p->n_teams; k++) {
        set(m, m->year_over[k], days(jc_measure_over(m->p, measure, (int)k, 0)));
        for (int month = 0; month < JC_MONTHS; month++) {
            struct gauge *g = cell(m, (int32_t)k, month);
            int64_t load = measure->load_centi[k * JC_MONTHS + (size_t)month];
            int64_t off = m->p->teams[k]->n_target_centi ? load - m->p->teams[k]->target_centi[month] : 0;
            set(m, g->load, days(load));
            set(m, g->over, days(jc_measure_over(m->p, measure, (int)k, month + 1)));
            set(m, g->more, days(off > 0 ? off : 0));
            set(m, g->less, days(off < 0 ? -off : 0));
        }
    }
    for (size_t q = 0; q < m->p->n_quotas; q++) {
        const Jc__ProblemQuota *quota = m->p->quotas[q];
        int64_t counted = measure->quota_count[q];
        set(m, m->counts[q].less, counted < quota->min ? (double)(quota->min - counted) : 0);
        set(m, m->counts[q].over, counted > quota->max ? (double)(counted - quota->max) : 0);
    }
}

enum jc_code jc_month_model_fix(struct jc_month_model *m, const Jc__Solution *plan, struct jc_err *err) {
    struct jc_measure measure;
    enum jc_code code = jc_solution_check(m->p, plan, m->arena, &measure, err);
    if (code != JC_OK)
        return code;
    for (size_t c = 0; c < m->program.n_columns; c++)
        m->program.columns[c].value = 0;
    for (size_t u = 0; u < m->p->n_units; u++)
        set(m, m->units[u].unserved, 1);
    for (size_t i = 0; i < plan->n_visits; i++)
        fix_visit(m, plan->visits[i]);
    for (size_t u = 0; u < m->p->n_units; u++)
        rest(m, &m->units[u]);
    for (size_t i = 0; i < plan->n_slots; i++) {
        int column = m->slots[plan->slots[i]->draw * JC_MONTHS + plan->slots[i]->month - 1];
        set(m, column, get(m, column) + 1);
    }
    for (size_t i = 0; i < m->p->n_draws * JC_MONTHS; i++)
        if (m->more[i]) {
            double beyond = get(m, m->slots[i]) - slots_in_force(m, i / JC_MONTHS, (int)(i % JC_MONTHS));
            set(m, m->more[i], beyond > 0 ? beyond : 0);
        }
    fix_gauges(m, &measure);
    return JC_OK;
}

/* A row of the plan being read off. */
static void *row(struct jc_month_model *m, void *list, size_t *n, size_t *capacity, size_t size) {
    void **to = jc_arena_push(m->arena, list, n, capacity, sizeof(void *));
    void *made = jc_arena_alloc(m->arena, size);
    if (!to || !made)
        exit(3);
    *to = made;
    return made;
}

Jc__Solution *jc_month_model_plan(const struct jc_month_model *model) {
    struct jc_month_model *m = (struct jc_month_model *)(intptr_t)model; /* only its arena grows */
    Jc__Solution *s = JC_NEW(m->arena, Jc__Solution);
    size_t visits = 0, slots = 0;
    if (!s)
        exit(3);
    jc__solution__init(s);
    for (size_t u = 0; u < m->p->n_units; u++)
        for (int k = 0; k < JC_MONTHS; k++)
            for (size_t i = 0; i < m->units[u].n_choices; i++) {
                const struct choice *c = &m->choices[m->units[u].first_choice + i];
                if (get(m, c->x[k]) < 1)
                    continue;
                Jc__SolvedVisit *v = row(m, (void *)&s->visits, &s->n_visits, &visits, sizeof *v);
                jc__solved_visit__init(v);
                v->unit = (int32_t)u;
                v->rule = c->rule;
                v->team = c->team;
                v->month = k + 1;
                v->mode = get(m, c->v[k]) < 1 ? JC__VISIT_MODE__VISIT_MODE_ONSITE : JC__VISIT_MODE__VISIT_MODE_REMOTE;
                v->joints = JC_NEW_ARRAY(m->arena, m->p->units[u]->n_joints + 1, int32_t);
                for (size_t j = 0; v->joints && j < m->p->units[u]->n_joints; j++)
                    if (m->p->units[u]->joints[j]->visits &&
                        (!m->units[u].joins[j].partial || get(m, m->units[u].joins[j].c[k]) >= 1))
                        v->joints[v->n_joints++] = (int32_t)j;
            }
    for (size_t d = 0; d < m->p->n_draws; d++)
        for (int k = 0; k < JC_MONTHS; k++)
            for (int64_t n = (int64_t)get(m, m->slots[d * JC_MONTHS + (size_t)k]); n >= 1; n--) {
                Jc__SolvedSlot *slot = row(m, (void *)&s->slots, &s->n_slots, &slots, sizeof *slot);
                jc__solved_slot__init(slot);
                slot->draw = (int32_t)d;
                slot->month = k + 1;
            }
    return s;
}

double jc_month_model_value(const Jc__Objective *o) {
    return JC_MODEL_UNSERVED * (double)o->unserved + JC_MODEL_OVER * days(o->over_centi) +
           JC_MODEL_QUOTA * (double)o->quota + (double)o->cost_e5 / 100000;
}
