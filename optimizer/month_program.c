/* Builds formulas (17)-(21) of docs/OPTIMIZER.md, class after class, then draws, teams and quotas.
 *
 * Every column is created together with its value in the best plan known, so the plan is a starting point
 * for branch and bound, and checking it against every row guards the model itself: if the plan, which the
 * referee accepts, breaks a row, the model is wrong and no bound is claimed. Work is in workdays, cost in
 * units of cost, both exact in double. */
#include "optimizer/month_program.h"

#include <math.h>
#include <string.h>

/* --- gathering ------------------------------------------------------------------------------------------ */

static double days(int64_t centi) {
    return (double)centi / 100;
}
static double money(int64_t e5) {
    return (double)e5 / 100000;
}

/* Adds a column to a gathering row. */
static void gather(struct jc_month_program *m, struct jc_month_gather *g, int column, double factor) {
    if (!g->row)
        g->row = jc_program_add_row(&m->program, 0, 0);
    jc_program_put(&m->program, g->row, column, factor);
    g->value += factor * jc_program_column_at(&m->program, column)->value;
}

static void gather_list(struct jc_month_program *m, const struct jc_month_list *list, int month, int column) {
    for (int i = list ? list->first[month] : 0; list && i < list->first[month + 1]; i++)
        gather(m, &m->quota[list->ids[i]], column, 1);
}

static struct jc_month_gather *cell(struct jc_month_program *m, int32_t team, int month) {
    return &m->cell[(size_t)team * JC_MONTHS + (size_t)month];
}

/* --- classes --------------------------------------------------------------------------------------------- */

static void put_months(struct jc_month_program *m, int row, const int x[JC_MONTHS], uint32_t months) {
    for (int month = 0; month < JC_MONTHS; month++)
        if (months >> month & 1)
            jc_program_put(&m->program, row, x[month], 1);
}

static uint32_t span(int from, int n) {
    return ((1u << n) - 1) << from;
}

/* At least and at most so many of the visits within a window's months. Where both are the same, one row in place of
 * two would do, but then branch and bound on costs takes two to three times as long. */
static void add_window_rows(struct jc_month_program *m, const Jc__TimeWindow *win, int visits, const int x[JC_MONTHS],
                            int y, double n) {
    int most = win->max < visits ? jc_program_add_row(&m->program, -INFINITY, y ? 0 : win->max * n) : 0;
    int least = win->min > 0 ? jc_program_add_row(&m->program, y ? 0 : win->min * n, INFINITY) : 0;
    jc_program_put(&m->program, most, y, -win->max);
    jc_program_put(&m->program, least, y, -win->min);
    put_months(m, most, x, win->months);
    put_months(m, least, x, win->months);
}

/* Does another row say already that a unit comes at most once in these months: the gap's before or after, or a
 * window's? */
static bool near_is_implied(const Jc__ProblemRule *rule, int from, int gap, const int x[JC_MONTHS]) {
    if ((from > 0 && !x[from + gap - 1]) || (from + gap < JC_MONTHS && !x[from]))
        return true;
    for (size_t w = 0; w < rule->n_windows; w++)
        if (rule->windows[w]->max <= 1 && !(span(from, gap) & ~rule->windows[w]->months))
            return true;
    return false;
}

/* Rows (2) of a rule on month columns x for y units (a column, or the constant `n` if y is 0). */
static void add_rule_rows(struct jc_month_program *m, const Jc__ProblemRule *rule, int visits, const int x[JC_MONTHS],
                          int y, double n) {
    int total = jc_program_add_row(&m->program, y ? 0 : visits * n, y ? 0 : visits * n);
    jc_program_put(&m->program, total, y, -visits);
    put_months(m, total, x, JC_MONTHS_ALL);
    for (size_t w = 0; w < rule->n_windows; w++)
        add_window_rows(m, rule->windows[w], visits, x, y, n);
    int gap = rule->min_gap_months > 1 ? rule->min_gap_months : 1;
    for (int from = 0; visits > 1 && from + gap <= JC_MONTHS; from++) {
        if (near_is_implied(rule, from, gap, x))
            continue;
        int near = jc_program_add_row(&m->program, -INFINITY, y ? 0 : n);
        jc_program_put(&m->program, near, y, -1);
        put_months(m, near, x, span(from, gap));
    }
}

/* The most visits a class can have in a month, if limits and quotas that hold now must go on holding. */
static int32_t most_visits(const struct jc_month_program *m, const struct jc_class *k, const struct jc_choice *c,
                           int month) {
    const struct jc_instance *in = m->in;
    int64_t most = k->n, work = in->units[k->units[0]].work;
    int64_t limit = in->limit[c->team * JC_MONTHS + month];
    if (m->best->totals.over == 0 && work > 0 && most > limit / work)
        most = limit / work;
    for (int i = c->visits ? c->visits->first[month] : 0; c->visits && i < c->visits->first[month + 1]; i++)
        if (m->best->totals.quota == 0 && most > in->quota_max[c->visits->ids[i]])
            most = in->quota_max[c->visits->ids[i]];
    return (int32_t)most;
}

/* Openings: x visits, at most n in this month, need the district to be open. */
static void add_opening(struct jc_month_program *m, int32_t pair, int month, int x, int32_t n) {
    if (pair < 0 || m->tier != JC_TIER_COST || m->in->travel_e5 == 0)
        return;
    int *z = &m->opening[(size_t)pair * JC_MONTHS + (size_t)month];
    if (!*z)
        *z = jc_program_add_column(&m->program, 0, 1, money(m->in->travel_e5), true, 0);
    if (jc_program_column_at(&m->program, x)->value > 0)
        jc_program_column_at(&m->program, *z)->value = 1;
    int row = jc_program_add_row(&m->program, -INFINITY, 0);
    jc_program_put(&m->program, row, x, 1);
    jc_program_put(&m->program, row, *z, -n);
}

/* Does a quota count a visit of this choice in the month if it is remote? */
static bool has_remote(const struct jc_instance *in, const struct jc_plan_unit *u, const struct jc_choice *c,
                       int month) {
    bool remote = jc_month_list_any(c->remote, month);
    for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++)
        remote |= in->joins[j].visits && jc_month_list_any(in->joins[j].remote, month);
    return remote;
}

/* One month of one choice: x visits, v of them remote, with all they add to. */
static void add_month(struct jc_month_program *m, const struct jc_class *k, const struct jc_choice *c, int month,
                      const int64_t values[2], struct jc_month_columns *out) {
    const struct jc_instance *in = m->in;
    const struct jc_plan_unit *u = &in->units[k->units[0]];
    double cost = m->tier == JC_TIER_COST ? money(jc_visit_e5(in, u, c, month)) : 0;
    bool pinned = u->pinned >> month & 1;
    int x = jc_program_add_column(&m->program, 0, k->n, cost, true, (double)values[0]);
    out->x[month] = x;
    if (pinned) { /* every unit on the choice comes then */
        int row = jc_program_add_row(&m->program, 0, 0);
        jc_program_put(&m->program, row, x, 1);
        jc_program_put(&m->program, row, out->y, -1);
    }
    gather(m, cell(m, c->team, month), x, days(u->work));
    gather_list(m, c->visits, month, x);
    add_opening(m, c->pair, month, x, most_visits(m, k, c, month));
    int v = 0;
    bool told = u->told >> month & 1;
    if (has_remote(in, u, c, month) && (!told || u->remote >> month & 1)) {
        v = out->v[month] = jc_program_add_column(&m->program, 0, k->n, 0, true, (double)values[1]);
        int row = jc_program_add_row(&m->program, told ? 0 : -INFINITY, 0);
        jc_program_put(&m->program, row, v, 1);
        jc_program_put(&m->program, row, x, -1);
        gather_list(m, c->remote, month, v);
    }
    for (uint32_t j = u->first_join; !u->partial && j < u->first_join + u->n_joins; j++) {
        const struct jc_join *join = &in->joins[j];
        if (!join->visits)
            continue;
        gather(m, cell(m, join->team, month), x, days(join->work));
        gather_list(m, join->quotas, month, x);
        gather_list(m, join->remote, month, v);
    }
}

/* What the best plan does with a class: units, visits and remote visits by choice. */
static int64_t best_units(const struct jc_month_program *m, const struct jc_class *k, uint32_t choice,
                          int64_t by_month[][2]) {
    int64_t n = 0;
    memset(by_month, 0, JC_MONTHS * sizeof *by_month);
    for (int32_t i = 0; i < k->n; i++) {
        const struct jc_place *p = &m->best->place[k->units[i]];
        if (p->choice != (int32_t)(m->in->units[k->units[i]].first_choice + choice))
            continue;
        n++;
        for (int month = 0; month < JC_MONTHS; month++) {
            by_month[month][0] += p->months >> month & 1;
            by_month[month][1] += p->remote >> month & 1;
        }
    }
    return n;
}

/* A partial join of a remote visit counts for the quotas of remote visits: the product of two columns. */
static void add_remote_join(struct jc_month_program *m, const struct jc_plan_unit *u, const struct jc_join *join,
                            int month, int joins, const struct jc_class *k) {
    const struct jc_place *now = &m->best->place[k->units[0]];
    const struct jc_month_columns *own = &m->of_choice[k->first_column];
    double value = jc_program_column_at(&m->program, joins)->value > 0 && now->remote >> month & 1;
    int both = jc_program_add_column(&m->program, 0, 1, 0, true, value);
    int not_alone = jc_program_add_row(&m->program, -INFINITY, 0),
        not_unjoined = jc_program_add_row(&m->program, -INFINITY, 0);
    int if_both = jc_program_add_row(&m->program, -INFINITY, 1);
    jc_program_put(&m->program, not_unjoined, both, 1);
    jc_program_put(&m->program, not_unjoined, joins, -1);
    jc_program_put(&m->program, not_alone, both, 1);
    jc_program_put(&m->program, if_both, joins, 1);
    jc_program_put(&m->program, if_both, both, -1);
    for (uint32_t c = 0; c < u->n_choices; c++) {
        jc_program_put(&m->program, not_alone, own[c].v[month], -1);
        jc_program_put(&m->program, if_both, own[c].v[month], 1);
    }
    gather_list(m, join->remote, month, both);
}

/* Joins that take part in some visits only: their own month columns, within the lead's. */
static void add_partial_joins(struct jc_month_program *m, const struct jc_class *k) {
    const struct jc_instance *in = m->in;
    const struct jc_plan_unit *u = &in->units[k->units[0]];
    const Jc__ProblemUnit *row = in->problem->units[k->units[0]];
    const struct jc_month_columns *own = &m->of_choice[k->first_column];
    int visited = jc_program_add_column(&m->program, 0, 1, 0, true, m->best->place[k->units[0]].months ? 1 : 0);
    int sum = jc_program_add_row(&m->program, 0, 0);
    jc_program_put(&m->program, sum, visited, -1);
    for (uint32_t c = 0; c < u->n_choices; c++)
        if (in->choices[u->first_choice + c].patterns->visits)
            jc_program_put(&m->program, sum, own[c].y, 1);
    for (uint32_t j = 0; j < u->n_joins; j++) {
        const struct jc_join *join = &in->joins[u->first_join + j];
        int *columns = m->of_join[u->first_join + j];
        uint32_t must = row->joints[j]->joined_months & row->joints[j]->told_months & u->pinned;
        for (int month = 0; join->visits && month < JC_MONTHS; month++) {
            columns[month] = 0;
            if (!(join->patterns->any >> month & 1)) /* outside all windows of the joint's own rule */
                continue;
            bool now = m->best->joined[u->first_join + j] >> month & 1;
            columns[month] = jc_program_add_column(&m->program, must >> month & 1, 1, 0, true, now);
            int within = jc_program_add_row(&m->program, -INFINITY, 0);
            jc_program_put(&m->program, within, columns[month], 1);
            for (uint32_t c = 0; c < u->n_choices; c++)
                jc_program_put(&m->program, within, own[c].x[month], -1);
            gather(m, cell(m, join->team, month), columns[month], days(join->work));
            gather_list(m, join->quotas, month, columns[month]);
            if (jc_month_list_any(join->remote, month))
                add_remote_join(m, u, join, month, columns[month], k);
        }
        if (join->visits)
            add_rule_rows(m, in->problem->rules[row->joints[j]->rule], join->visits, columns, visited, 1);
    }
}

static void add_class(struct jc_month_program *m, const struct jc_class *k) {
    const struct jc_instance *in = m->in;
    const struct jc_plan_unit *u = &in->units[k->units[0]];
    const Jc__ProblemUnit *row = in->problem->units[k->units[0]];
    int all = jc_program_add_row(&m->program, k->n, k->n);
    for (uint32_t i = 0; i < u->n_choices; i++) {
        const struct jc_choice *c = &in->choices[u->first_choice + i];
        struct jc_month_columns *out = &m->of_choice[k->first_column + i];
        int64_t values[JC_MONTHS][2];
        memset(out, 0, sizeof *out);
        int64_t n = best_units(m, k, i, values);
        out->y = jc_program_add_column(&m->program, 0, k->n, m->tier == JC_TIER_COST ? money(c->fixed_e5) : 0, true,
                                       (double)n);
        jc_program_put(&m->program, all, out->y, 1);
        for (int32_t q = 0; q < c->n_unit_quotas; q++)
            gather(m, &m->quota[c->unit_quotas[q]], out->y, 1);
        if (!c->patterns->visits)
            continue;
        for (uint32_t left = c->patterns->any; left; left &= left - 1)
            add_month(m, k, c, __builtin_ctz(left), values[__builtin_ctz(left)], out);
        add_rule_rows(m, in->problem->rules[c->rule], c->patterns->visits, out->x, out->y, 0);
        for (uint32_t j = 0; !u->partial && j < u->n_joins; j++)
            if (in->joins[u->first_join + j].visits)
                add_rule_rows(m, in->problem->rules[row->joints[j]->rule], c->patterns->visits, out->x, out->y, 0);
    }
    if (u->partial && u->n_joins)
        add_partial_joins(m, k);
}

/* A column for the slots of a month beyond those in force. */
static void add_slot_changes(struct jc_month_program *m, const struct jc_plan_draw *d, int month, int slots) {
    if (m->tier != JC_TIER_COST || m->in->change_e5 == 0)
        return;
    double more = jc_program_column_at(&m->program, slots)->value - d->in_force[month];
    int changed = jc_program_add_column(&m->program, 0, d->sample, money(m->in->change_e5), false, more > 0 ? more : 0);
    int row = jc_program_add_row(&m->program, -INFINITY, d->in_force[month]);
    jc_program_put(&m->program, row, slots, 1);
    jc_program_put(&m->program, row, changed, -1);
}

static void add_draw(struct jc_month_program *m, int32_t draw) {
    const struct jc_plan_draw *d = &m->in->draws[draw];
    int *slots = m->slots + (size_t)draw * JC_MONTHS;
    int total = jc_program_add_row(&m->program, d->sample, d->sample);
    for (int month = 0; month < JC_MONTHS; month++) {
        slots[month] = 0;
        if (!(d->covered >> month & 1))
            continue;
        slots[month] = jc_program_add_column(&m->program, d->pinned[month], d->sample, 0, true,
                                             m->best->slots[draw * JC_MONTHS + month]);
        jc_program_put(&m->program, total, slots[month], 1);
        gather(m, cell(m, d->team, month), slots[month], days(d->work));
        gather_list(m, d->quotas, month, slots[month]);
        add_slot_changes(m, d, month, slots[month]);
    }
    for (size_t w = 0; w < d->row->n_windows; w++) {
        const Jc__TimeWindow *win = d->row->windows[w];
        int row = jc_program_add_row(&m->program, win->min, win->max);
        for (int month = 0; month < JC_MONTHS; month++)
            if (win->months >> month & 1)
                jc_program_put(&m->program, row, slots[month], 1);
    }
}

/* --- loads, limits, quotas -------------------------------------------------------------------------------- */

/* Work beyond a limit: free up to it, a column beyond; within the tier held, not at all if it is 0. */
static int add_over(struct jc_month_program *m, double value, double limit) {
    double over = value > limit ? value - limit : 0;
    m->over += over;
    return jc_program_add_column(&m->program, 0, INFINITY, m->tier == JC_TIER_OVER ? 1 : 0, false, over);
}

static void add_team(struct jc_month_program *m, int32_t team, int held) {
    const struct jc_instance *in = m->in;
    int64_t year_limit = in->year_limit[team];
    double year = 0;
    int year_row = year_limit < JC_NO_LIMIT ? jc_program_add_row(&m->program, -INFINITY, days(year_limit)) : 0;
    for (int month = 0; month < JC_MONTHS; month++) {
        size_t at = (size_t)team * JC_MONTHS + (size_t)month;
        struct jc_month_gather *g = &m->cell[at];
        if (!g->row)
            g->row = jc_program_add_row(&m->program, 0, 0);
        int load = jc_program_add_column(&m->program, 0, INFINITY, 0, false, g->value);
        jc_program_put(&m->program, g->row, load, -1);
        jc_program_put(&m->program, year_row, load, 1);
        year += g->value;
        if (in->limit[at] < JC_NO_LIMIT) {
            int row = jc_program_add_row(&m->program, -INFINITY, days(in->limit[at]));
            int over = add_over(m, g->value, days(in->limit[at]));
            jc_program_put(&m->program, row, load, 1);
            jc_program_put(&m->program, row, over, -1);
            jc_program_put(&m->program, held, over, 1);
        }
        if (m->tier == JC_TIER_COST && in->target[at] >= 0 && in->balance_e5) {
            double off = g->value - days(in->target[at]);
            int row = jc_program_add_row(&m->program, days(in->target[at]), days(in->target[at]));
            jc_program_put(&m->program, row, load, 1);
            jc_program_put(
                &m->program, row,
                jc_program_add_column(&m->program, 0, INFINITY, money(in->balance_e5 * 100), false, off > 0 ? off : 0),
                -1);
            jc_program_put(
                &m->program, row,
                jc_program_add_column(&m->program, 0, INFINITY, money(in->balance_e5 * 100), false, off < 0 ? -off : 0),
                1);
        }
    }
    if (year_row) {
        int over = add_over(m, year, days(year_limit));
        jc_program_put(&m->program, year_row, over, -1);
        jc_program_put(&m->program, held, over, 1);
    }
}

static void add_quota(struct jc_month_program *m, int32_t q, int held) {
    const struct jc_instance *in = m->in;
    struct jc_month_gather *g = &m->quota[q];
    if (!g->row || m->tier == JC_TIER_OVER)
        g->row = g->row ? g->row : jc_program_add_row(&m->program, 0, 0);
    double lo = in->quota_min[q], hi = in->quota_max[q] == INT32_MAX ? INFINITY : in->quota_max[q];
    struct jc_program_row *row = g->row ? &m->program.rows[g->row - 1] : NULL;
    if (!row)
        return;
    *row = m->tier == JC_TIER_OVER ? (struct jc_program_row){-INFINITY, INFINITY} : (struct jc_program_row){lo, hi};
    if (m->tier == JC_TIER_OVER)
        return;
    double low = g->value < lo ? lo - g->value : 0, high = g->value > hi ? g->value - hi : 0;
    m->miss += low + high;
    double cost = m->tier == JC_TIER_QUOTA ? 1 : 0;
    int add = jc_program_add_column(&m->program, 0, INFINITY, cost, false, low),
        take = jc_program_add_column(&m->program, 0, INFINITY, cost, false, high);
    jc_program_put(&m->program, g->row, add, 1);
    jc_program_put(&m->program, g->row, take, -1);
    jc_program_put(&m->program, held, add, 1);
    jc_program_put(&m->program, held, take, 1);
}

/* Cuts: the fewest months a district must be open within each span. */
static void add_capacity(struct jc_month_program *m, int32_t pair) {
    const struct jc_capacity *c = &m->capacity[pair];
    for (int s = 0; s < JC_SPANS; s++) {
        int row = c->least[s] > 0 ? jc_program_add_row(&m->program, c->least[s], INFINITY) : 0;
        for (int month = 0; row && month < JC_MONTHS; month++)
            if (jc_span_months[s] >> month & 1)
                jc_program_put(&m->program, row, m->opening[(size_t)pair * JC_MONTHS + (size_t)month], 1);
    }
}

/* --- neighbourhoods ---------------------------------------------------------------------------------------------- */

static void hold_column(struct jc_month_program *m, int column) {
    struct jc_program_column *c = jc_program_column_at(&m->program, column);
    c->lo = c->hi = c->value;
}

/* Holds what of a class may not change; openings, loads and counts follow. */
static void hold_class(struct jc_month_program *m, const struct jc_class *k) {
    const struct jc_plan_unit *u = &m->in->units[k->units[0]];
    const uint16_t months = m->freedom->unit[k->units[0]];
    for (uint32_t c = 0; c < u->n_choices; c++) {
        const struct jc_month_columns *columns = &m->of_choice[k->first_column + c];
        if (!m->freedom->choice[k->units[0]])
            hold_column(m, columns->y);
        for (int month = 0; month < JC_MONTHS; month++)
            if (!(months >> month & 1)) {
                hold_column(m, columns->x[month]);
                hold_column(m, columns->v[month]);
            }
    }
    for (uint32_t j = u->first_join; u->partial && j < u->first_join + u->n_joins; j++)
        for (int month = 0; m->in->joins[j].visits && month < JC_MONTHS; month++)
            if (!(months >> month & 1))
                hold_column(m, m->of_join[j][month]);
}

static void hold_draw(struct jc_month_program *m, int32_t draw) {
    for (int month = 0; month < JC_MONTHS; month++)
        hold_column(m, m->slots[draw * JC_MONTHS + month]);
}

void jc_month_program_build(struct jc_month_program *m, int32_t component, enum jc_tier tier,
                            const struct jc_snapshot *best) {
    const struct jc_instance *in = m->in;
    m->component = component;
    m->tier = tier;
    m->best = best;
    jc_program_begin(&m->program);
    m->limit_row = jc_program_add_row(&m->program, -INFINITY, INFINITY);
    m->over = m->miss = 0;
    memset(m->cell, 0, (size_t)in->n_teams * JC_MONTHS * sizeof *m->cell);
    memset(m->quota, 0, (size_t)in->n_quotas * sizeof *m->quota);
    memset(m->opening, 0, (size_t)in->n_pairs * JC_MONTHS * sizeof *m->opening);
    for (int32_t k = 0; k < m->classes->n_classes; k++)
        if (m->classes->classes[k].component == m->component) {
            add_class(m, &m->classes->classes[k]);
            if (m->freedom)
                hold_class(m, &m->classes->classes[k]);
        }
    for (int32_t d = 0; d < in->n_draws; d++)
        if (m->classes->of_team[in->draws[d].team] == m->component) {
            add_draw(m, d);
            if (m->freedom && !m->freedom->draw[d])
                hold_draw(m, d);
        }
    for (int32_t p = 0; m->tier == JC_TIER_COST && in->travel_e5 && p < in->n_pairs; p++)
        if (m->classes->of_team[in->pair_team[p]] == m->component)
            add_capacity(m, p);
    int held_over = m->tier == JC_TIER_OVER ? 0 : jc_program_add_row(&m->program, -INFINITY, 0);
    int held_quota = m->tier == JC_TIER_COST ? jc_program_add_row(&m->program, -INFINITY, 0) : 0;
    for (int32_t t = 0; t < in->n_teams; t++)
        if (m->classes->of_team[t] == m->component)
            add_team(m, t, held_over);
    for (int32_t q = 0; q < in->n_quotas; q++)
        if (m->classes->of_quota[q] == m->component)
            add_quota(m, q, held_quota);
    if (held_over && !m->program.failed)
        m->program.rows[held_over - 1].hi = m->over;
    if (held_quota && !m->program.failed)
        m->program.rows[held_quota - 1].hi = m->miss;
}

/* --- back to a plan --------------------------------------------------------------------------------------------- */

static int32_t value_of(glp_prob *lp, int column) {
    return column ? (int32_t)lround(glp_mip_col_val(lp, column)) : 0;
}

/* Deals one choice's visits out to `n` units from units[0] on. */
static bool decode_choice(const struct jc_month_program *m, glp_prob *lp, const int32_t *units, int32_t n,
                          const struct jc_month_columns *columns, uint32_t offset, struct jc_snapshot *found) {
    const struct jc_choice *c = &m->in->choices[m->in->units[units[0]].first_choice + offset];
    int32_t counts[JC_MONTHS], remote[JC_MONTHS];
    for (int month = 0; month < JC_MONTHS; month++) {
        counts[month] = value_of(lp, columns->x[month]);
        remote[month] = value_of(lp, columns->v[month]);
    }
    uint16_t *months = jc_calloc((size_t)n + 1, sizeof *months);
    bool good = months && jc_classes_deal(counts, n, months);
    for (int32_t i = 0; good && i < n; i++) {
        const struct jc_plan_unit *u = &m->in->units[units[i]];
        struct jc_place place = {(int32_t)(u->first_choice + offset), months[i], 0};
        good = jc_patterns_allow(c->patterns, months[i]);
        for (int month = 0; month < JC_MONTHS; month++)
            if (months[i] >> month & 1 && remote[month] > 0) {
                place.remote |= (uint16_t)(1u << month);
                remote[month]--;
            }
        place.remote = jc_remote_visits(u, place.months, place.remote);
        found->place[units[i]] = place;
        for (uint32_t j = u->first_join; j < u->first_join + u->n_joins; j++) {
            uint16_t joined = m->in->joins[j].visits ? months[i] : 0;
            if (u->partial) {
                joined = 0;
                for (int month = 0; month < JC_MONTHS; month++)
                    joined |= value_of(lp, m->of_join[j][month]) ? (uint16_t)(1u << month) : 0;
            }
            found->joined[j] = joined;
        }
    }
    jc_free(months);
    return good;
}

bool jc_month_program_read(const struct jc_month_program *m, glp_prob *lp, struct jc_snapshot *found) {
    const struct jc_instance *in = m->in;
    for (int32_t k = 0; k < m->classes->n_classes; k++) {
        const struct jc_class *class = &m->classes->classes[k];
        if (class->component != m->component)
            continue;
        const struct jc_plan_unit *u = &in->units[class->units[0]];
        int32_t at = 0;
        for (uint32_t i = 0; i < u->n_choices; i++) {
            const struct jc_month_columns *columns = &m->of_choice[class->first_column + i];
            int32_t n = value_of(lp, columns->y);
            if (n < 0 || at + n > class->n)
                return false;
            if (n && !decode_choice(m, lp, class->units + at, n, columns, i, found))
                return false;
            at += n;
        }
        if (at != class->n)
            return false;
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        for (int month = 0; m->classes->of_team[in->draws[d].team] == m->component && month < JC_MONTHS; month++)
            found->slots[d * JC_MONTHS + month] = value_of(lp, m->slots[d * JC_MONTHS + month]);
    return true;
}

bool jc_month_program_init(struct jc_month_program *m, const struct jc_instance *in, struct jc_arena *arena) {
    m->in = in;
    m->classes = jc_classes_new(in, arena);
    m->of_choice = JC_NEW_ARRAY(arena, (m->classes ? m->classes->n_columns : 0) + 1, struct jc_month_columns);
    m->of_join = jc_arena_array(arena, in->n_joins + 1, sizeof *m->of_join);
    m->slots = JC_NEW_ARRAY(arena, ((size_t)in->n_draws + 1) * JC_MONTHS, int);
    m->opening = JC_NEW_ARRAY(arena, ((size_t)in->n_pairs + 1) * JC_MONTHS, int);
    m->cell = JC_NEW_ARRAY(arena, ((size_t)in->n_teams + 1) * JC_MONTHS, struct jc_month_gather);
    m->capacity = JC_NEW_ARRAY(arena, (size_t)in->n_pairs + 1, struct jc_capacity);
    m->quota = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, struct jc_month_gather);
    return m->classes && m->of_choice && m->of_join && m->slots && m->opening && m->cell && m->capacity && m->quota;
}
