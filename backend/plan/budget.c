/* need(k) is a sum of fractions: a unit's work is split evenly over its teams and averaged over its
 * rules. Fractions are kept exact in 128 bits, reduced after every step; units share few denominators,
 * so their numerators are added first, by denominator. O(units) and one fraction per team and
 * denominator. What must never happen: a float; the target of a month is a decision. */
#include "plan/budget.h"

#include <string.h>

#include "plan/workday_tree.h"
#include "store/row.h"

/* --- fractions ---------------------------------------------------------------------------------- */

struct fraction {
    __int128 num, den; /* den > 0, no common divisor */
};

static __int128 divisor(__int128 a, __int128 b) {
    while (b) {
        __int128 rest = a % b;
        a = b;
        b = rest;
    }
    return a ? a : 1;
}

/* *sum += num/den; false if 128 bits are not enough. */
static bool fraction_add(struct fraction *sum, __int128 num, __int128 den) {
    __int128 left, right, both;
    __int128 common = divisor(sum->den, den);
    if (__builtin_mul_overflow(sum->num, den / common, &left) ||
        __builtin_mul_overflow(num, sum->den / common, &right) || __builtin_add_overflow(left, right, &left) ||
        __builtin_mul_overflow(sum->den, den / common, &both))
        return false;
    common = divisor(left < 0 ? -left : left, both);
    *sum = (struct fraction){left / common, both / common};
    return true;
}

/* floor(num / den + 1/2) for num >= 0; false on overflow. */
static bool round_half_up(__int128 num, __int128 den, int64_t *out) {
    __int128 twice;
    if (__builtin_mul_overflow(num, (__int128)2, &twice) || __builtin_add_overflow(twice, den, &twice))
        return false;
    __int128 whole = twice / (2 * den);
    *out = (int64_t)whole;
    return whole <= INT64_MAX;
}

/* --- need(k), DESIGN section 9.6 ------------------------------------------------------------------ */

enum { DENOMINATORS = 64 }; /* small ones have a sum of their own */

struct need {
    int64_t small[DENOMINATORS]; /* [d]: hundredths over d */
    struct fraction sum;
};

struct need_sums {
    const struct jc_register *reg;
    struct need *teams;
    struct jc_index *groups; /* alternatives joined by | -> index in group_sizes, + 1 */
    int64_t *group_sizes;
    size_t n_groups;
    int64_t *fixed_units; /* by rule: how many units take it, -1 if no quota says */
    struct jc_arena *arena;
};

static bool need_add(struct need *need, __int128 num, int64_t den) {
    if (den < DENOMINATORS && num <= INT64_MAX) {
        int64_t *sum = &need->small[den];
        if (!__builtin_add_overflow(*sum, (int64_t)num, sum))
            return true;
        return false;
    }
    return fraction_add(&need->sum, num, den);
}

/* Quotas that fix how many units take one rule. */
static bool read_fixed(struct need_sums *sums) {
    const struct jc_register *reg = sums->reg;
    sums->fixed_units = JC_NEW_ARRAY(sums->arena, reg->n_rules, int64_t);
    if (!sums->fixed_units)
        return false;
    for (size_t i = 0; i < reg->n_rules; i++)
        sums->fixed_units[i] = -1;
    for (size_t i = 0; i < reg->n_quotas; i++) {
        const Jc__Quota *quota = reg->quotas[i];
        if (strcmp(quota->counts, "units") != 0 || strcmp(quota->scope_kind, "rule") != 0 || quota->n_scope_ids != 1 ||
            quota->min != quota->max || quota->min < 0)
            continue;
        int rule = jc_register_rule(reg, quota->scope_ids[0]);
        if (rule >= 0)
            sums->fixed_units[rule] = quota->min;
    }
    return true;
}

/* Counts the units that may choose among the same rules. */
static bool count_groups(struct need_sums *sums) {
    const struct jc_register *reg = sums->reg;
    sums->groups = jc_index_new(sums->arena, 0);
    sums->group_sizes = JC_NEW_ARRAY(sums->arena, reg->n_units, int64_t);
    if (!sums->groups || !sums->group_sizes)
        return false;
    for (size_t i = 0; i < reg->n_units; i++) {
        const Jc__Unit *unit = reg->units[i];
        if (unit->n_rule_ids < 2)
            continue;
        struct jc_str key = jc_row_join(sums->arena, unit->rule_ids, unit->n_rule_ids, '|');
        int64_t *place = key.ptr ? jc_index_at(sums->groups, key, NULL) : NULL;
        if (!place)
            return false;
        if (*place == 0)
            *place = (int64_t)++sums->n_groups;
        sums->group_sizes[*place - 1]++;
    }
    return true;
}

/* The size of the unit's group if quotas fix how many of it take each rule, and *visits, the visits
 * of the whole group in a year; else 0. A rule of one visit in n years counts 1/n: *den is common. */
static int64_t fixed_group(const struct need_sums *sums, const Jc__Unit *unit, struct fraction *visits) {
    struct jc_str key = jc_row_join(sums->arena, unit->rule_ids, unit->n_rule_ids, '|');
    int64_t group = key.ptr ? jc_index_find(sums->groups, key, 0) : 0;
    int64_t size = group ? sums->group_sizes[group - 1] : 0, taken = 0;
    *visits = (struct fraction){0, 1};
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(sums->reg, unit->rule_ids[i]);
        int64_t fixed = rule < 0 ? -1 : sums->fixed_units[rule];
        if (fixed < 0)
            return 0;
        taken += fixed;
        const Jc__Rule *row = sums->reg->rules[rule];
        if (!fraction_add(visits, (__int128)fixed * row->visits, row->cycle_years < 1 ? 1 : row->cycle_years))
            return 0;
    }
    return taken == size ? size : 0;
}

/* Visits the unit needs in the year, as num/den. */
static struct fraction visits_of(const struct need_sums *sums, const Jc__Unit *unit) {
    const struct jc_register *reg = sums->reg;
    if (unit->n_rule_ids > 1) {
        struct fraction group;
        int64_t size = fixed_group(sums, unit, &group);
        if (size)
            return (struct fraction){group.num, group.den * size};
    }
    int64_t due = 0;
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, unit->rule_ids[i]);
        due += rule < 0 ? 0 : jc_rule_due(reg->rules[rule], unit, reg->year);
    }
    return (struct fraction){due, unit->n_rule_ids ? (__int128)unit->n_rule_ids : 1};
}

static bool add_unit(struct need_sums *sums, const Jc__Unit *unit) {
    const struct jc_register *reg = sums->reg;
    if (unit->n_rule_ids == 0)
        return true;
    struct fraction visits = visits_of(sums, unit);
    __int128 den = visits.den * (__int128)(unit->n_lead_teams ? unit->n_lead_teams : 1);
    if (den > INT64_MAX)
        return false;
    for (size_t i = 0; i < unit->n_lead_teams; i++) {
        int team = jc_register_team(reg, unit->lead_teams[i]);
        __int128 work = (__int128)unit->persons * unit->days_centi * visits.num;
        if (team >= 0 && !need_add(&sums->teams[team], work, (int64_t)den))
            return false;
    }
    for (size_t i = 0; i < unit->n_joints; i++) {
        const Jc__JointVisit *joint = unit->joints[i];
        int team = jc_register_team(reg, joint->team_id), rule = jc_register_rule(reg, joint->rule_id);
        if (team < 0 || rule < 0)
            continue;
        __int128 work = (__int128)joint->persons * joint->days_centi * jc_rule_due(reg->rules[rule], unit, reg->year);
        if (!need_add(&sums->teams[team], work, 1))
            return false;
    }
    return true;
}

static bool add_draw(struct need_sums *sums, const Jc__Draw *draw) {
    int team = jc_register_team(sums->reg, draw->team_id);
    __int128 work = (__int128)draw->persons * draw->days_centi * draw->sample;
    return team < 0 || need_add(&sums->teams[team], work, 1);
}

static enum jc_code fail_range(struct jc_err *err) {
    return jc_fail(err, JC_OUT_OF_RANGE, JC_MSG_BUDGET_TOO_LARGE);
}

/* need(k) of every team as a reduced fraction. */
static enum jc_code sum_needs(const struct jc_register *reg, struct need_sums *sums, struct jc_err *err) {
    *sums = (struct need_sums){.reg = reg, .arena = reg->arena};
    sums->teams = JC_NEW_ARRAY(reg->arena, reg->n_teams, struct need);
    if (!sums->teams || !read_fixed(sums) || !count_groups(sums))
        return jc_fail_memory(err);
    for (size_t i = 0; i < reg->n_teams; i++)
        sums->teams[i].sum.den = 1;
    bool fits = true;
    for (size_t i = 0; i < reg->n_units && fits; i++)
        fits = add_unit(sums, reg->units[i]);
    for (size_t i = 0; i < reg->n_draws && fits; i++)
        fits = add_draw(sums, reg->draws[i]);
    for (size_t i = 0; i < reg->n_teams && fits; i++)
        for (int den = 1; den < DENOMINATORS && fits; den++)
            fits = fraction_add(&sums->teams[i].sum, sums->teams[i].small[den], den);
    return fits ? JC_OK : fail_range(err);
}

/* --- T(k,m) --------------------------------------------------------------------------------------- */

/* B'(m) = share[m] * scale; the target only needs proportions: with total = sum of shares,
 * T = floor(min(need, S) * share[m] / total + 1/2), S = sum of B' in hundredths. */
static bool set_targets(struct jc_budget_targets *team, struct fraction need, const int64_t share[12],
                        int64_t sum_centi) {
    int64_t total = 0;
    for (int m = 0; m < 12; m++)
        total += share[m];
    team->has_target = total > 0 && sum_centi > 0;
    if (!team->has_target)
        return true;
    __int128 limit;
    if (__builtin_mul_overflow(need.den, (__int128)sum_centi, &limit))
        return false;
    if (need.num > limit)
        need = (struct fraction){sum_centi, 1};
    for (int m = 0; m < 12; m++) {
        __int128 num, den;
        int64_t whole;
        if (__builtin_mul_overflow(need.num, (__int128)share[m], &num) ||
            __builtin_mul_overflow(need.den, (__int128)total * 100, &den) || !round_half_up(num, den, &whole) ||
            __builtin_mul_overflow(whole, (int64_t)100, &team->target_centi[m]))
            return false;
    }
    return true;
}

static enum jc_code team_targets(const struct jc_register *reg, size_t index, struct fraction need,
                                 struct jc_budget_targets *out, struct jc_err *err) {
    const Jc__Team *team = reg->teams[index];
    bool stated = reg->budgets[index].stated;
    const int64_t *budget = reg->budgets[index].centi;
    int64_t share[12], sum = 0;
    out->year_centi = team->supervision_centi;
    for (int m = 0; m < 12; m++) {
        int64_t days = (int64_t)team->headcount * reg->month_days[m] * 100 + reg->budgets[index].extra_centi[m];
        out->month_centi[m] = budget[m] >= 0 ? budget[m] : team->headcount > 0 ? days : JC_BUDGET_ABSENT;
        share[m] = !stated ? reg->month_days[m] : budget[m] >= 0 ? budget[m] : 0;
        sum += share[m];
    }
    if (!stated)
        sum = team->supervision_centi > 0 ? team->supervision_centi : 0;
    if (!round_half_up(need.num, need.den, &out->need_centi) || !set_targets(out, need, share, sum))
        return fail_range(err);
    return JC_OK;
}

int64_t jc_budget_year(const int64_t *month_centi, int64_t year_centi) {
    int64_t months = month_centi ? 0 : JC_BUDGET_ABSENT;
    for (int m = 0; m < 12 && months >= 0; m++)
        months = month_centi[m] < 0 ? JC_BUDGET_ABSENT : months + month_centi[m];
    if (months < 0 || year_centi < 0)
        return months < 0 ? year_centi : months;
    return months < year_centi ? months : year_centi;
}

enum jc_code jc_budget_targets(const struct jc_register *reg, struct jc_budget_targets **out, struct jc_err *err) {
    struct need_sums sums;
    struct jc_budget_targets *teams = JC_NEW_ARRAY(reg->arena, reg->n_teams, struct jc_budget_targets);
    enum jc_code code = teams ? sum_needs(reg, &sums, err) : jc_fail_memory(err);
    for (size_t i = 0; i < reg->n_teams && !code; i++)
        code = team_targets(reg, i, sums.teams[i].sum, &teams[i], err);
    if (!code)
        *out = teams;
    return code;
}

/* --- the budget as people read it ----------------------------------------------------------------- */

static int64_t to_centi(struct jc_amount amount) {
    return amount.known ? amount.micro / JC_MICRO_PER_CENTI : JC_BUDGET_ABSENT;
}

static void set_stated(const struct jc_workday_tree *tree, struct jc_budget_row *row) {
    struct jc_amount total = jc_workday_top(tree, row->team_id, JC_STR("statutory")).stated;
    struct jc_amount other = jc_workday_top(tree, row->team_id, JC_STR("other_enforcement")).stated;
    struct jc_amount non = jc_workday_top(tree, row->team_id, JC_STR("non_enforcement")).stated;
    struct jc_amount supervision = jc_workday_top(tree, row->team_id, JC_STR("supervision")).stated;
    struct jc_amount remainder = jc_amount_subtract(jc_amount_subtract(total, other), non);
    row->statutory_centi = to_centi(total);
    row->other_centi = to_centi(other);
    row->non_enforcement_centi = to_centi(non);
    if (supervision.known)
        row->supervision_centi = to_centi(supervision);
    row->has_remainder = remainder.known;
    row->remainder_centi = remainder.known ? remainder.micro / JC_MICRO_PER_CENTI : 0;
}

/* Units to inspect this year: due under one of their rules. */
static bool unit_is_due(const struct jc_register *reg, const Jc__Unit *unit) {
    for (size_t i = 0; i < unit->n_rule_ids; i++) {
        int rule = jc_register_rule(reg, unit->rule_ids[i]);
        if (rule >= 0 && jc_rule_due(reg->rules[rule], unit, reg->year) > 0)
            return true;
    }
    return false;
}

static void count_units(const struct jc_register *reg, struct jc_budget *budget) {
    struct jc_budget_row *agency = &budget->rows[reg->n_teams];
    for (size_t i = 0; i < reg->n_units; i++) {
        const Jc__Unit *unit = reg->units[i];
        bool key = strcmp(unit->category, "key") == 0;
        if (!unit_is_due(reg, unit))
            continue;
        *(key ? &agency->key_units : &agency->general_units) += 1;
        for (size_t k = 0; k < unit->n_lead_teams; k++) {
            int team = jc_register_team(reg, unit->lead_teams[k]);
            if (team >= 0)
                *(key ? &budget->rows[team].key_units : &budget->rows[team].general_units) += 1;
        }
        for (size_t k = 0; k < unit->n_joints; k++) {
            int team = jc_register_team(reg, unit->joints[k]->team_id);
            if (team >= 0)
                budget->rows[team].joint_units++;
        }
        agency->joint_units += unit->n_joints > 0;
    }
    for (size_t i = 0; i < reg->n_draws; i++) {
        int team = jc_register_team(reg, reg->draws[i]->team_id);
        agency->general_units += reg->draws[i]->sample;
        if (team >= 0)
            budget->rows[team].general_units += reg->draws[i]->sample;
    }
}

enum jc_code jc_budget_make(const struct jc_register *reg, struct jc_budget *out, struct jc_err *err) {
    struct jc_workday_tree tree = {0};
    struct jc_budget_targets *targets = NULL;
    *out = (struct jc_budget){JC_NEW_ARRAY(reg->arena, reg->n_teams + 1, struct jc_budget_row), reg->n_teams + 1};
    enum jc_code code = out->rows ? JC_OK : jc_fail_memory(err);
    if (!code)
        code = jc_workday_tree_build(reg->arena, reg->lines, reg->n_lines, &tree, err);
    if (!code)
        code = jc_budget_targets(reg, &targets, err);
    if (code)
        return code;
    struct jc_budget_row *agency = &out->rows[reg->n_teams];
    *agency = (struct jc_budget_row){.team_id = JC_STR(""), .name = jc_str(reg->agency->name)};
    agency->supervision_centi = JC_BUDGET_ABSENT;
    for (size_t i = 0; i < reg->n_teams; i++) {
        const Jc__Team *team = reg->teams[i];
        out->rows[i] = (struct jc_budget_row){.team_id = jc_str(team->team_id),
                                              .name = jc_str(team->name),
                                              .headcount = team->headcount,
                                              .supervision_centi = team->supervision_centi,
                                              .need_centi = targets[i].need_centi,
                                              .targets = &targets[i]};
        set_stated(&tree, &out->rows[i]);
        agency->headcount += team->headcount;
        agency->need_centi += targets[i].need_centi;
    }
    if (reg->agency->headcount_counted >= 0)
        agency->headcount = reg->agency->headcount_counted;
    set_stated(&tree, agency);
    count_units(reg, out);
    return JC_OK;
}
