/* Years one after the other. What a later year has in common with this one (teams, workdays, budgets,
 * quotas, draws, yearly rules) is taken over as it is; what differs is the calendar and who comes. */
#include "plan/years.h"

#include <string.h>

#include "plan/coverage.h"
#include "store/plan.h"

struct planning {
    int64_t agency_id;
    const struct jc_years_request *request;
    struct jc_arena *arena;
    struct jc_years *out;
    Jc__Plan *kept; /* the stored plan of the first year, or NULL */
    bool *left_out; /* by unit of the spread: in some year */
};

/* --- working days ---------------------------------------------------------------------------------------- */

enum { FIRST_YEAR = 2000, LAST_YEAR = 2100 };

static int weekdays(int year, int month) {
    return jc_days_in_month(year, month) - jc_calendar_weekend(year, month);
}

/* Working days of a month in a year without published holidays: its weekdays less the days that the month
 * lost to holidays in the known years on average, rounded half up. */
static int estimate(const struct jc_calendar *calendar, int year, int month) {
    int lost = 0, known = 0;
    for (int y = FIRST_YEAR; y <= LAST_YEAR; y++) {
        if (!jc_calendar_knows(calendar, y))
            continue;
        lost += weekdays(y, month) - jc_calendar_month(calendar, y, month);
        known++;
    }
    int average = known && lost > 0 ? (2 * lost + known) / (2 * known) : 0;
    return weekdays(year, month) - average;
}

static void set_days(struct jc_register *reg, bool estimated) {
    reg->year_days = 0;
    for (int m = 1; m <= 12; m++) {
        reg->month_days[m - 1] =
            estimated ? estimate(reg->calendar, reg->year, m) : jc_calendar_month(reg->calendar, reg->year, m);
        reg->year_days += reg->month_days[m - 1];
    }
}

/* --- a year's register ------------------------------------------------------------------------------------- */

/* The unit as it is that year: its rules of years if it comes, none if not; the teams that join then. */
static Jc__Unit *unit_in_year(const struct jc_register *reg, const struct jc_spread_unit *u, int year,
                              struct jc_arena *arena) {
    Jc__Unit *unit = JC_CLONE(arena, u->unit);
    if (!unit)
        return NULL;
    unit->rule_ids = JC_NEW_ARRAY(arena, u->unit->n_rule_ids + 1, char *);
    unit->joints = JC_NEW_ARRAY(arena, u->unit->n_joints + 1, Jc__JointVisit *);
    unit->n_rule_ids = unit->n_joints = 0;
    if (!unit->rule_ids || !unit->joints)
        return NULL;
    bool comes = u->years >> year & 1;
    for (size_t i = 0; comes && i < u->unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, u->unit->rule_ids[i]);
        if (rule >= 0 && (u->cycle == 1 || reg->rules[rule]->cycle_years == u->cycle))
            unit->rule_ids[unit->n_rule_ids++] = u->unit->rule_ids[i];
    }
    for (size_t i = 0; comes && i < u->unit->n_joints; i++)
        if (jc_spread_joins(reg, u, i, year))
            unit->joints[unit->n_joints++] = u->unit->joints[i];
    return unit;
}

static bool set_units(struct jc_register *copy, const struct jc_register *reg, const struct jc_spread *spread, int year,
                      struct jc_arena *arena) {
    for (size_t i = 0; i < spread->n_units; i++) {
        const struct jc_spread_unit *u = &spread->units[i];
        if (u->cycle == 1 && !u->unit->n_joints)
            continue;
        Jc__Unit *unit = unit_in_year(reg, u, year, arena);
        if (!unit)
            return false;
        copy->units[jc_register_unit(reg, unit->unit_id)] = unit;
    }
    return true;
}

/* The register of one of the years (0: its own): units of cycles that come then, on their rule of years
 * asked once; others of that kind without a rule. NULL without memory. */
static struct jc_register *year_register(const struct jc_register *reg, const struct jc_spread *spread, int year,
                                         bool *estimated, struct jc_arena *arena) {
    struct jc_register *copy = jc_register_copy(reg, arena);
    Jc__Agency *agency = JC_CLONE(arena, reg->agency);
    if (!copy || !agency)
        return NULL;
    agency->year = copy->year = reg->year + year;
    copy->agency = agency;
    *estimated = !jc_calendar_knows(reg->calendar, copy->year);
    set_days(copy, *estimated);
    for (size_t i = 0; i < reg->n_rules; i++) {
        if (reg->rules[i]->cycle_years <= 1)
            continue;
        copy->rules[i] = JC_CLONE(arena, reg->rules[i]);
        if (!copy->rules[i])
            return NULL;
        copy->rules[i]->cycle_years = 1;
    }
    return set_units(copy, reg, spread, year, arena) ? copy : NULL;
}

/* --- run ---------------------------------------------------------------------------------------------------- */

static enum jc_code read_register(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct planning *p = ctx;
    int found = 0;
    Jc__Plan *plan = NULL;
    enum jc_code code = jc_register_load(tx, p->agency_id, p->arena, &p->out->reg, err);
    if (!code)
        code = jc_plan_find(tx, p->agency_id, JC__PLAN_STATUS__PLAN_STATUS_UNSPECIFIED, &found, err);
    if (!code && found)
        code = jc_plan_get(tx, p->agency_id, found, NULL, p->arena, &plan, err);
    if (!code && plan && plan->year == p->out->reg->year)
        p->kept = plan;
    return code;
}

/* The spread looks at workdays alone; that a unit has no possible month shows when its year is planned. A unit that
 * is left out in two years counts once. */
static void count_left_out(struct planning *p, const struct jc_year *year) {
    const struct jc_spread *spread = &p->out->spread;
    for (size_t u = 0; u < year->pp.problem->n_units; u++)
        for (size_t i = 0; year->measure.unserved[u] && i < spread->n_units; i++) {
            const struct jc_spread_unit *unit = &spread->units[i];
            if (unit->cycle == 1 || p->left_out[i] ||
                strcmp(unit->unit->unit_id, year->pp.sources[u].unit->unit_id) != 0)
                continue;
            p->left_out[i] = true;
            p->out->left_out++;
        }
}

static enum jc_code plan_year(struct planning *p, int index, struct jc_err *err) {
    struct jc_year *year = &p->out->items[index];
    Jc__Solution *solution = NULL;
    year->reg = year_register(p->out->reg, &p->out->spread, index, &year->estimated, p->arena);
    if (!year->reg)
        return jc_fail_memory(err);
    year->year = year->reg->year;
    enum jc_code code =
        jc_plan_problem_make(year->reg, index ? NULL : p->kept, &p->request->solve.options, p->arena, &year->pp, err);
    if (code)
        return code;
    if (p->request->begin)
        p->request->begin(p->request->solve.ctx, year->year);
    code = jc_solve_problem(year->pp.problem, &p->request->solve, p->arena, &solution, err);
    if (!code)
        code = jc_plan_of_solution(&year->pp, solution, 0, p->arena, &year->plan, &year->measure, err);
    if (!code)
        count_left_out(p, year);
    return code;
}

/* F2 looks at all key units, whether it is their turn this year or not. */
static enum jc_code find_coverage(struct planning *p, struct jc_err *err) {
    struct jc_plan_problem pp;
    enum jc_code code = jc_plan_problem_make(p->out->reg, p->kept, &p->request->solve.options, p->arena, &pp, err);
    return code ? code : jc_coverage_find(&pp, NULL, p->arena, &p->out->coverage, err);
}

enum jc_code jc_years_run(struct jc_db *db, int64_t agency_id, const struct jc_years_request *request,
                          struct jc_arena *arena, struct jc_years *out, struct jc_err *err) {
    struct planning p = {.agency_id = agency_id, .request = request, .arena = arena, .out = out};
    *out = (struct jc_years){.count = (size_t)request->years};
    out->items = JC_NEW_ARRAY(arena, out->count, struct jc_year);
    enum jc_code code = out->items ? jc_db_read(db, read_register, &p, err) : jc_fail_memory(err);
    if (!code)
        code = jc_spread_make(out->reg, p.kept, request->years, arena, &out->spread, err);
    if (!code)
        code = find_coverage(&p, err);
    if (!code && !(p.left_out = JC_NEW_ARRAY(arena, out->spread.n_units + 1, bool)))
        code = jc_fail_memory(err);
    for (int y = 0; !code && y < request->years; y++)
        code = plan_year(&p, y, err);
    return code;
}
