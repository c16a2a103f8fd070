/* The check of a plan problem, row by row in the order of the message: every row is told as
 * "<kind> <id>", the words of the case's files, so that a planner finds it. Cost O(size). Whatever passes
 * must be safe to index with and safe to add up in int64; the last step proves the sums in 128 bits. */
#include "model/problem.h"

#include <stdio.h>

#include "base/index.h"
#include "model/pattern.h"

/* --- naming the row -------------------------------------------------------------------------- */

struct row {
    const char *kind; /* "units", as the file is called */
    size_t index;
    const char *id; /* may be empty */
};

/* "units hn-001", or "units[7]" without an identifier; a view of buf. */
static struct jc_str row_name(const struct row *row, struct jc_buf *buf) {
    jc_buf_init(buf, 200);
    if (row->id && row->id[0])
        jc_buf_printf(buf, "%s %.*s", row->kind, 150, row->id);
    else
        jc_buf_printf(buf, "%s[%zu]", row->kind, row->index);
    return jc_buf_str(buf);
}

static enum jc_code fail_row(struct jc_err *err, enum jc_msg what, const struct row *row, const char *field,
                             int64_t value) {
    struct jc_buf name, number;
    jc_buf_init(&number, 40);
    jc_buf_printf(&number, "%lld", (long long)value);
    enum jc_code code =
        jc_fail(err, JC_INVALID_ARGUMENT, what, row_name(row, &name), jc_str(field), jc_buf_str(&number));
    jc_buf_free(&name);
    jc_buf_free(&number);
    return code;
}

static enum jc_code fail_bounds(struct jc_err *err, const struct row *row, int64_t min, int64_t max) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)min);
    return fail_row(err, JC_MSG_PROBLEM_BOUNDS, row, text, max);
}

/* --- pieces ---------------------------------------------------------------------------------- */

static enum jc_code check_index(int64_t index, size_t n, const struct row *row, const char *field, struct jc_err *err) {
    if (index < 0 || (uint64_t)index >= n)
        return fail_row(err, JC_MSG_PROBLEM_REFERENCE, row, field, index);
    return JC_OK;
}

static enum jc_code check_range(int64_t value, int64_t min, int64_t max, const struct row *row, const char *field,
                                struct jc_err *err) {
    if (value < min || value > max)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, field, value);
    return JC_OK;
}

static enum jc_code check_mask(uint32_t mask, const struct row *row, const char *field, struct jc_err *err) {
    if (mask & ~(uint32_t)JC_MONTHS_ALL)
        return fail_row(err, JC_MSG_PROBLEM_MONTHS, row, field, mask);
    return JC_OK;
}

static enum jc_code check_windows(Jc__TimeWindow *const *windows, size_t n, const struct row *row, struct jc_err *err) {
    uint32_t covered = 0;
    for (size_t i = 0; i < n; i++) {
        const Jc__TimeWindow *w = windows[i];
        if (!w->months || w->months & ~(uint32_t)JC_MONTHS_ALL)
            return fail_row(err, JC_MSG_PROBLEM_MONTHS, row, "windows", w->months);
        if (covered & w->months)
            return fail_row(err, JC_MSG_PROBLEM_WINDOWS_OVERLAP, row, "", 0);
        covered |= w->months;
        if (w->min < 0)
            return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "windows", w->min);
        if (w->min > w->max)
            return fail_bounds(err, row, w->min, w->max);
    }
    return JC_OK;
}

/* No two of `n` rows may have the same id. `id_at` yields the i-th. */
static enum jc_code check_unique(const char *kind, size_t n, const char *(*id_at)(const Jc__Problem *, size_t),
                                 const Jc__Problem *problem, struct jc_err *err) {
    struct jc_arena *arena = jc_arena_new(SIZE_MAX / 2);
    struct jc_index *ids = arena ? jc_index_new(arena, n) : NULL;
    enum jc_code code = ids ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; i < n && code == JC_OK; i++) {
        const char *id = id_at(problem, i);
        bool is_new;
        if (!jc_index_at(ids, jc_str(id), &is_new))
            code = jc_fail_memory(err);
        else if (!is_new)
            code = fail_row(err, JC_MSG_PROBLEM_DUPLICATE, &(struct row){kind, i, id}, "", 0);
    }
    jc_arena_free(arena);
    return code;
}

static const char *team_id(const Jc__Problem *p, size_t i) {
    return p->teams[i]->team_id;
}
static const char *rule_id(const Jc__Problem *p, size_t i) {
    return p->rules[i]->rule_id;
}
static const char *unit_id(const Jc__Problem *p, size_t i) {
    return p->units[i]->unit_id;
}
static const char *draw_id(const Jc__Problem *p, size_t i) {
    return p->draws[i]->draw_id;
}
static const char *quota_id(const Jc__Problem *p, size_t i) {
    return p->quotas[i]->quota_id;
}

static enum jc_code check_all_unique(const Jc__Problem *p, struct jc_err *err) {
    enum jc_code code = check_unique("teams", p->n_teams, team_id, p, err);
    if (code == JC_OK)
        code = check_unique("rules", p->n_rules, rule_id, p, err);
    if (code == JC_OK)
        code = check_unique("units", p->n_units, unit_id, p, err);
    if (code == JC_OK)
        code = check_unique("draws", p->n_draws, draw_id, p, err);
    if (code == JC_OK)
        code = check_unique("quotas", p->n_quotas, quota_id, p, err);
    return code;
}

/* --- rows ------------------------------------------------------------------------------------ */

static enum jc_code check_size(const Jc__Problem *p, struct jc_err *err) {
    static const char *const names[] = {"units", "teams", "rules", "draws", "quotas", "pins"};
    const size_t counts[] = {p->n_units, p->n_teams, p->n_rules, p->n_draws, p->n_quotas, p->n_pins};
    const size_t limits[] = {JC_PROBLEM_UNITS, JC_PROBLEM_ROWS / JC_MONTHS,
                             JC_PROBLEM_UNITS, JC_PROBLEM_ROWS, /* a unit in parts has rules of its own */
                             JC_PROBLEM_ROWS,  JC_PROBLEM_UNITS};
    char count[JC_NUMBER_TEXT], limit[JC_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > limits[i])
            return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_PROBLEM_TOO_LARGE, jc_str(names[i]),
                           jc_str_from_int64((int64_t)counts[i], count), jc_str_from_int64((int64_t)limits[i], limit));
    return JC_OK;
}

static enum jc_code check_team(const Jc__ProblemTeam *team, const struct row *row, struct jc_err *err) {
    enum jc_code code = JC_OK;
    if (team->n_month_limit_centi != 0 && team->n_month_limit_centi != JC_MONTHS)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "month_limit_centi", (int64_t)team->n_month_limit_centi);
    if (team->n_target_centi != 0 && team->n_target_centi != JC_MONTHS)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "target_centi", (int64_t)team->n_target_centi);
    for (size_t m = 0; code == JC_OK && m < team->n_month_limit_centi; m++)
        code = check_range(team->month_limit_centi[m], -1, JC_PROBLEM_CENTI_MAX, row, "month_limit_centi", err);
    for (size_t m = 0; code == JC_OK && m < team->n_target_centi; m++)
        code = check_range(team->target_centi[m], 0, JC_PROBLEM_CENTI_MAX, row, "target_centi", err);
    if (code == JC_OK)
        code = check_range(team->year_limit_centi, -1, JC_PROBLEM_CENTI_MAX, row, "year_limit_centi", err);
    return code;
}

static enum jc_code check_rule(const Jc__ProblemRule *rule, const struct row *row, struct jc_err *err) {
    enum jc_code code = check_windows(rule->windows, rule->n_windows, row, err);
    if (code == JC_OK)
        code = check_range(rule->visits, 0, JC_MONTHS, row, "visits", err);
    if (code == JC_OK)
        code = check_range(rule->min_gap_months, 0, JC_MONTHS, row, "min_gap_months", err);
    return code;
}

/* Visits due under a rule: the rule's own number, or none in a year between its cycles. */
static enum jc_code check_due(const Jc__Problem *p, int32_t rule, int32_t visits, const struct row *row,
                              const char *field, struct jc_err *err) {
    enum jc_code code = check_index(rule, p->n_rules, row, field, err);
    if (code == JC_OK && visits != 0 && visits != p->rules[rule]->visits)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "visits", visits);
    return code;
}

static enum jc_code check_options(const Jc__Problem *p, const Jc__ProblemUnit *unit, const struct row *row,
                                  struct jc_err *err) {
    if (unit->n_options > JC_MONTHS * JC_MONTHS || unit->n_lead_teams > JC_MONTHS * JC_MONTHS)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "rule_id", (int64_t)unit->n_options);
    if (unit->n_options && !p->n_teams)
        return fail_row(err, JC_MSG_PROBLEM_LEAD_MISSING, row, "", 0);
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < unit->n_options; i++) {
        code = check_due(p, unit->options[i]->rule, unit->options[i]->visits, row, "rule_id", err);
        for (size_t j = 0; code == JC_OK && j < i; j++)
            if (unit->options[j]->rule == unit->options[i]->rule)
                return fail_row(err, JC_MSG_PROBLEM_DUPLICATE, row, "rule_id", unit->options[i]->rule);
    }
    for (size_t i = 0; code == JC_OK && i < unit->n_lead_teams; i++) {
        code = check_index(unit->lead_teams[i], p->n_teams, row, "lead_team", err);
        for (size_t j = 0; code == JC_OK && j < i; j++)
            if (unit->lead_teams[j] == unit->lead_teams[i])
                return fail_row(err, JC_MSG_PROBLEM_DUPLICATE, row, "lead_team", unit->lead_teams[i]);
    }
    return code;
}

static enum jc_code check_joints(const Jc__Problem *p, const Jc__ProblemUnit *unit, const struct row *row,
                                 struct jc_err *err) {
    if (unit->n_joints > JC_MONTHS)
        return fail_row(err, JC_MSG_PROBLEM_AMOUNT, row, "co_team", (int64_t)unit->n_joints);
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < unit->n_joints; i++) {
        const Jc__ProblemJoint *joint = unit->joints[i];
        code = check_index(joint->team, p->n_teams, row, "co_team", err);
        if (code == JC_OK)
            code = check_due(p, joint->rule, joint->visits, row, "co_rule", err);
        if (code == JC_OK)
            code = check_range(joint->work_centi, 0, JC_PROBLEM_CENTI_MAX, row, "co_days", err);
        for (size_t j = 0; code == JC_OK && j < i; j++)
            if (unit->joints[j]->team == joint->team)
                return fail_row(err, JC_MSG_PROBLEM_DUPLICATE, row, "co_team", joint->team);
    }
    return code;
}

static enum jc_code check_unit(const Jc__Problem *p, const Jc__ProblemUnit *unit, const struct row *row,
                               struct jc_err *err) {
    enum jc_code code = check_range(unit->work_centi, 0, JC_PROBLEM_CENTI_MAX, row, "days", err);
    if (code == JC_OK)
        code = check_range(unit->risk, 0, 1000, row, "risk", err);
    if (code == JC_OK)
        code = check_mask(unit->blackout_months, row, "blackout_months", err);
    if (code == JC_OK)
        code = check_mask(unit->preferred_months, row, "preferred_months", err);
    if (code == JC_OK)
        code = check_options(p, unit, row, err);
    if (code == JC_OK)
        code = check_joints(p, unit, row, err);
    return code;
}

static enum jc_code check_draw(const Jc__Problem *p, const Jc__ProblemDraw *draw, const struct row *row,
                               struct jc_err *err) {
    enum jc_code code = check_index(draw->team, p->n_teams, row, "team_id", err);
    if (code == JC_OK && draw->rule != -1)
        code = check_index(draw->rule, p->n_rules, row, "rule_id", err);
    if (code == JC_OK)
        code = check_range(draw->sample, 0, JC_PROBLEM_SLOTS, row, "sample", err);
    if (code == JC_OK)
        code = check_range(draw->work_centi, 0, JC_PROBLEM_CENTI_MAX, row, "days", err);
    if (code == JC_OK)
        code = check_windows(draw->windows, draw->n_windows, row, err);
    return code;
}

static enum jc_code check_quota(const Jc__Problem *p, const Jc__ProblemQuota *quota, const struct row *row,
                                struct jc_err *err) {
    enum jc_code code = quota->team == -1 ? JC_OK : check_index(quota->team, p->n_teams, row, "team_id", err);
    if (code == JC_OK)
        code = check_range(quota->scope, JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE, JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP, row,
                           "scope", err);
    if (code == JC_OK)
        code = check_range(quota->counts, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS,
                           JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS, row, "counts", err);
    if (code == JC_OK)
        code = check_mask(quota->months, row, "months", err);
    if (code == JC_OK)
        code = check_range(quota->min, -1, INT32_MAX, row, "min", err);
    if (code == JC_OK)
        code = check_range(quota->max, -1, INT32_MAX, row, "max", err);
    if (code != JC_OK)
        return code;
    if (quota->max >= 0 && quota->min > quota->max)
        return fail_bounds(err, row, quota->min, quota->max);
    bool by_rule = quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE;
    if (quota->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS && !by_rule)
        return fail_row(err, JC_MSG_PROBLEM_QUOTA_UNITS, row, "", 0);
    size_t n = by_rule ? p->n_rules : p->n_draws;
    if (quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP && quota->n_members)
        return fail_row(err, JC_MSG_PROBLEM_REFERENCE, row, "scope", quota->members[0]);
    for (size_t i = 0; code == JC_OK && i < quota->n_members; i++)
        code = check_index(quota->members[i], n, row, "scope", err);
    return code;
}

/* --- pins ------------------------------------------------------------------------------------ */

static enum jc_code check_pin(const Jc__Problem *p, const Jc__ProblemPin *pin, const struct row *row,
                              struct jc_err *err) {
    enum jc_code code = check_range(pin->month, 1, JC_MONTHS, row, "month", err);
    if (code == JC_OK && (pin->unit == -1) == (pin->draw == -1))
        return fail_row(err, JC_MSG_PROBLEM_REFERENCE, row, "unit_id", pin->unit);
    if (code == JC_OK && pin->unit != -1)
        code = check_index(pin->unit, p->n_units, row, "unit_id", err);
    if (code == JC_OK && pin->draw != -1)
        code = check_index(pin->draw, p->n_draws, row, "draw_id", err);
    if (code == JC_OK && pin->team != -1)
        code = check_index(pin->team, p->n_teams, row, "lead_team", err);
    if (code == JC_OK && pin->rule != -1)
        code = check_index(pin->rule, p->n_rules, row, "rule_id", err);
    if (code == JC_OK)
        code = check_range(pin->mode, JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED, JC__VISIT_MODE__VISIT_MODE_REMOTE, row,
                           "mode", err);
    return code;
}

/* Can the draw's sample be spread over its windows with the pinned slots where they are? */
static bool draw_fits(const Jc__ProblemDraw *draw, const int32_t pinned[JC_MONTHS]) {
    int64_t least = 0, most = 0, outside = 0;
    uint32_t covered = draw->n_windows ? 0 : JC_MONTHS_ALL;
    for (size_t i = 0; i < draw->n_windows; i++) {
        const Jc__TimeWindow *w = draw->windows[i];
        int64_t held = 0;
        for (int m = 0; m < JC_MONTHS; m++)
            held += w->months >> m & 1 ? pinned[m] : 0;
        if (held > w->max)
            return false;
        least += held > w->min ? held : w->min;
        most += w->max;
        covered |= w->months;
    }
    for (int m = 0; m < JC_MONTHS; m++) {
        outside += covered >> m & 1 ? 0 : pinned[m];
        if (!draw->n_windows)
            least += pinned[m];
    }
    return !outside && least <= draw->sample && (!draw->n_windows || draw->sample <= most);
}

static enum jc_code check_pins(const Jc__Problem *p, struct jc_err *err) {
    int32_t(*slots)[JC_MONTHS] = jc_calloc(p->n_draws + 1, sizeof *slots);
    uint16_t *months = jc_calloc(p->n_units + 1, sizeof *months);
    enum jc_code code = slots && months ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; code == JC_OK && i < p->n_pins; i++) {
        const Jc__ProblemPin *pin = p->pins[i];
        code = check_pin(p, pin, &(struct row){"pins", i, ""}, err);
        if (code != JC_OK)
            break;
        if (pin->draw >= 0) {
            slots[pin->draw][pin->month - 1]++;
        } else {
            uint16_t bit = (uint16_t)(1u << (pin->month - 1));
            if (months[pin->unit] & bit)
                code = fail_row(err, JC_MSG_PROBLEM_DUPLICATE, &(struct row){"pins", i, ""}, "", 0);
            months[pin->unit] |= bit;
        }
    }
    for (size_t d = 0; code == JC_OK && d < p->n_draws; d++) {
        struct row row = {"draws", d, p->draws[d]->draw_id};
        char text[32];
        snprintf(text, sizeof text, "%d", p->draws[d]->sample);
        if (!draw_fits(p->draws[d], slots[d]))
            code = fail_row(err, JC_MSG_PROBLEM_DRAW_MISFIT, &row, text, 0);
    }
    jc_free(slots);
    jc_free(months);
    return code;
}

/* --- the plan in force ------------------------------------------------------------------------ */

static enum jc_code check_in_force(const Jc__Problem *p, const Jc__PlanInForce *plan, struct jc_err *err) {
    if (plan->n_visits > (size_t)JC_PROBLEM_UNITS * JC_MONTHS || plan->n_slots > JC_PROBLEM_SLOTS)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_PROBLEM_TOO_LARGE, JC_STR("in_force"));
    enum jc_code code = JC_OK;
    for (size_t i = 0; code == JC_OK && i < plan->n_visits; i++) {
        const Jc__VisitInForce *v = plan->visits[i], *before = i ? plan->visits[i - 1] : NULL;
        struct row row = {"in_force", i, ""};
        code = check_index(v->unit, p->n_units, &row, "unit_id", err);
        if (code == JC_OK)
            code = check_range(v->month, 1, JC_MONTHS, &row, "month", err);
        if (code == JC_OK && v->team != -1)
            code = check_index(v->team, p->n_teams, &row, "lead_team", err);
        if (code == JC_OK && before &&
            (v->unit < before->unit || (v->unit == before->unit && v->month <= before->month)))
            code = fail_row(err, JC_MSG_PROBLEM_DUPLICATE, &row, "month", v->month);
    }
    for (size_t i = 0; code == JC_OK && i < plan->n_slots; i++) {
        struct row row = {"in_force slots", i, ""};
        code = check_index(plan->slots[i]->draw, p->n_draws, &row, "draw_id", err);
        if (code == JC_OK)
            code = check_range(plan->slots[i]->month, 1, JC_MONTHS, &row, "month", err);
    }
    return code;
}

/* --- sums ------------------------------------------------------------------------------------ */

/* All work of the year and the largest cost any plan can have must stay far inside int64. */
static enum jc_code check_sums(const Jc__Problem *p, struct jc_err *err) {
    Jc__Weights w = jc_problem_weights(p);
    const int64_t weights[] = {w.balance_milli, w.travel_milli, w.risk_milli, w.preferred_milli, w.changes_milli};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (weights[i] < 0 || weights[i] > JC_PROBLEM_WEIGHT_MAX)
            return fail_row(err, JC_MSG_PROBLEM_AMOUNT, &(struct row){"weights", i, ""}, "weights", weights[i]);
    __int128 work = 0, slots = 0, targets = 0, visits = 0, risk = 0;
    for (size_t u = 0; u < p->n_units; u++) {
        __int128 one = p->units[u]->work_centi;
        for (size_t j = 0; j < p->units[u]->n_joints; j++)
            one += p->units[u]->joints[j]->work_centi;
        work += JC_MONTHS * one;
        visits += JC_MONTHS;
        risk += (__int128)p->units[u]->risk * JC_MONTHS * JC_MONTHS;
    }
    for (size_t d = 0; d < p->n_draws; d++) {
        work += (__int128)p->draws[d]->sample * p->draws[d]->work_centi;
        slots += p->draws[d]->sample;
    }
    for (size_t t = 0; t < p->n_teams; t++)
        for (size_t m = 0; m < p->teams[t]->n_target_centi; m++)
            targets += p->teams[t]->target_centi[m];
    __int128 changes = p->in_force ? visits + slots + (__int128)p->in_force->n_visits : 0;
    __int128 cost = (work + targets) * w.balance_milli + visits * 100 * (w.travel_milli + w.preferred_milli) +
                    risk * 100 * w.risk_milli + changes * 100 * w.changes_milli;
    const __int128 limit = (__int128)1 << 60;
    if (slots > JC_PROBLEM_SLOTS)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_PROBLEM_TOO_LARGE, JC_STR("draws"));
    if (work > limit / 4 || cost > limit)
        return jc_fail(err, JC_RESOURCE_EXHAUSTED, JC_MSG_PROBLEM_TOO_LARGE, JC_STR("persons, days, weights"));
    return JC_OK;
}

/* --- public ---------------------------------------------------------------------------------- */

Jc__Weights jc_problem_weights(const Jc__Problem *problem) {
    if (problem->weights)
        return *problem->weights;
    Jc__Weights weights = JC__WEIGHTS__INIT;
    weights.balance_milli = 1000;
    weights.travel_milli = 4000;
    weights.risk_milli = 100;
    weights.preferred_milli = 1000;
    weights.changes_milli = 3000;
    return weights;
}

int jc_problem_unit_due(const Jc__ProblemUnit *unit) {
    int due = unit->n_options ? JC_MONTHS : 0;
    for (size_t i = 0; i < unit->n_options; i++)
        if (unit->options[i]->visits < due)
            due = unit->options[i]->visits;
    return due;
}

enum jc_code jc_problem_check(const Jc__Problem *p, struct jc_err *err) {
    enum jc_code code = check_size(p, err);
    if (code == JC_OK)
        code = check_all_unique(p, err);
    for (size_t i = 0; code == JC_OK && i < p->n_teams; i++)
        code = check_team(p->teams[i], &(struct row){"teams", i, p->teams[i]->team_id}, err);
    for (size_t i = 0; code == JC_OK && i < p->n_rules; i++)
        code = check_rule(p->rules[i], &(struct row){"rules", i, p->rules[i]->rule_id}, err);
    for (size_t i = 0; code == JC_OK && i < p->n_units; i++)
        code = check_unit(p, p->units[i], &(struct row){"units", i, p->units[i]->unit_id}, err);
    for (size_t i = 0; code == JC_OK && i < p->n_draws; i++)
        code = check_draw(p, p->draws[i], &(struct row){"draws", i, p->draws[i]->draw_id}, err);
    for (size_t i = 0; code == JC_OK && i < p->n_quotas; i++)
        code = check_quota(p, p->quotas[i], &(struct row){"quotas", i, p->quotas[i]->quota_id}, err);
    if (code == JC_OK)
        code = check_pins(p, err);
    if (code == JC_OK && p->in_force)
        code = check_in_force(p, p->in_force, err);
    if (code == JC_OK && (p->time_limit_ms < 0 || p->work_limit < 0))
        code = fail_row(err, JC_MSG_PROBLEM_AMOUNT, &(struct row){"problem", 0, ""}, "time_limit_ms", p->time_limit_ms);
    if (code == JC_OK)
        code = check_sums(p, err);
    return code;
}
