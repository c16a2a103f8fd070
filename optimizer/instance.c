/* Builds the instance. Patterns and quota lists repeat across thousands of units, so both are memoised
 * by the bytes they depend on; what remains is one pass over the units. Choices whose patterns hold no
 * pinned month, or whose team is not the pinned one, must never come into being. */
#include "optimizer/instance.h"

#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "model/problem.h"
#include "model/quota.h"
#include "optimizer/alike.h"
#include "optimizer/integer.h"

/* --- the build ---------------------------------------------------------------------------------- */

struct build {
    const Jc__Problem *problem;
    struct jc_arena *arena, *desk; /* the desk is cleared when the instance is built */
    struct jc_instance *in;
    struct jc_quota_index quotas;
    struct jc_index *patterns, *lists, *pairs; /* memoised, by the bytes they depend on */
    int32_t *pin_team, *pin_rule;              /* by unit; -1: any, -2: they contradict each other */
    size_t *first_in_force;                    /* by unit and one more: into the plan in force's visits */
    size_t pair_room;
};

/* What is memoised under the key; NULL: nothing yet. */
static const void *recall(const struct jc_index *index, const void *key, size_t len) {
    return (const void *)(intptr_t)jc_index_find(index, (struct jc_str){key, len}, 0);
}

/* Memoises it; NULL without memory. */
static const void *memoise(struct build *b, struct jc_index *index, const void *key, size_t len, const void *made) {
    struct jc_str copy = jc_arena_copy(b->desk, (struct jc_str){key, len});
    int64_t *at = copy.ptr && made ? jc_index_at(index, copy, NULL) : NULL;
    if (at)
        *at = (int64_t)(intptr_t)made;
    return at ? made : NULL;
}

static const struct jc_patterns *make_patterns(struct build *b, const uint16_t *masks, size_t n, int visits) {
    struct jc_patterns *p = JC_NEW(b->arena, struct jc_patterns);
    uint16_t *copy = JC_NEW_ARRAY(b->arena, n + 1, uint16_t);
    uint8_t *months = JC_NEW_ARRAY(b->arena, n * (size_t)visits + 1, uint8_t);
    if (!p || !copy || !months)
        return NULL;
    *p = (struct jc_patterns){.n = (int)n, .visits = visits, .masks = copy, .months = months};
    for (size_t i = 0; i < n; i++) {
        copy[i] = masks[i];
        p->any |= masks[i];
        p->hash = jc_alike_mix(p->hash, masks[i]);
        p->allowed[masks[i] >> 6] |= UINT64_C(1) << (masks[i] & 63);
        for (int m = 0; m < JC_MONTHS; m++)
            if (masks[i] >> m & 1)
                *months++ = (uint8_t)m;
    }
    return p;
}

/* The patterns of a unit's option; NULL without memory. */
static const struct jc_patterns *option_patterns(struct build *b, const Jc__ProblemUnit *unit,
                                                 const Jc__UnitOption *option, uint16_t pinned) {
    int32_t key[4 + 4 * JC_MONTHS] = {option->rule, option->visits, (int32_t)unit->blackout_months, pinned};
    size_t len = 4;
    for (size_t j = 0; j < unit->n_joints; j++) {
        key[len++] = unit->joints[j]->rule;
        key[len++] = unit->joints[j]->visits;
        key[len++] = (int32_t)(unit->joints[j]->told_months & pinned);
        key[len++] = (int32_t)(unit->joints[j]->joined_months & unit->joints[j]->told_months & pinned);
    }
    const struct jc_patterns *known = recall(b->patterns, key, len * sizeof *key);
    if (known)
        return known;
    uint16_t masks[JC_PATTERNS_MAX];
    size_t n = jc_pattern_of_option(b->problem, unit, option, pinned, masks);
    return memoise(b, b->patterns, key, len * sizeof *key, make_patterns(b, masks, n, option->visits));
}

/* Those of a join in a unit with these pinned months. */
static const struct jc_patterns *join_patterns(struct build *b, const Jc__ProblemJoint *joint, uint16_t pinned) {
    uint32_t told = joint->told_months & pinned;
    int32_t key[4] = {joint->rule, joint->visits, (int32_t)told, (int32_t)(joint->joined_months & told)};
    const struct jc_patterns *known = recall(b->patterns, key, sizeof key);
    if (known)
        return known;
    uint16_t masks[JC_PATTERNS_MAX];
    struct jc_pattern_rule rule = jc_pattern_rule(b->problem->rules[joint->rule], joint->visits, 0);
    size_t n = jc_pattern_list(&rule, masks), kept = 0;
    for (size_t i = 0; i < n; i++)
        if (jc_pattern_keeps_told(joint, pinned, masks[i]))
            masks[kept++] = masks[i];
    return memoise(b, b->patterns, key, sizeof key, make_patterns(b, masks, kept, joint->visits));
}

/* --- quota lists -------------------------------------------------------------------------------- */

/* Does the quota count what `team` does under the rule, when found through `scope`? */
static bool counts_team(const Jc__ProblemQuota *q, int32_t team, bool joined) {
    if (q->scope != JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE)
        return !joined;
    return q->team == team || (q->team == -1 && !joined);
}

/* By-month list of those quotas of two lists that count `kind` for the team; *out NULL if none. */
static bool month_list(struct build *b, const struct jc_quota_list lists[2], Jc__QuotaCounts kind, int32_t team,
                       bool joined, const struct jc_month_list **out) {
    size_t total = 0;
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l].n; i++) {
            const Jc__ProblemQuota *q = b->problem->quotas[lists[l].ids[i]];
            if (q->counts == kind && counts_team(q, team, joined))
                total += (size_t)__builtin_popcount(q->months);
        }
    *out = NULL;
    if (!total)
        return true;
    struct jc_month_list *made = JC_NEW(b->arena, struct jc_month_list);
    int32_t *ids = total <= UINT16_MAX ? JC_NEW_ARRAY(b->arena, total, int32_t) : NULL;
    if (!made || !ids)
        return false;
    made->ids = ids;
    uint16_t at = 0;
    for (int m = 0; m < JC_MONTHS; m++) {
        made->first[m] = at;
        for (int l = 0; l < 2; l++)
            for (size_t i = 0; i < lists[l].n; i++) {
                const Jc__ProblemQuota *q = b->problem->quotas[lists[l].ids[i]];
                if (q->counts == kind && counts_team(q, team, joined) && q->months >> m & 1)
                    ids[at++] = lists[l].ids[i];
            }
    }
    made->first[JC_MONTHS] = at;
    for (int m = 0; m < JC_MONTHS; m++)
        made->hash = jc_alike_mix(made->hash, made->first[m + 1]);
    for (uint16_t i = 0; i < at; i++)
        made->hash = jc_alike_mix(made->hash, (uint64_t)ids[i]);
    *out = made;
    return true;
}

struct quota_lists {
    const struct jc_month_list *visits, *remote;
    const int32_t *units;
    int32_t n_units;
};

static bool unit_list(struct build *b, const struct jc_quota_list *list, int32_t team, struct quota_lists *out) {
    for (int pass = 0; pass < 2; pass++) {
        int32_t n = 0;
        for (size_t i = 0; i < list->n; i++) {
            const Jc__ProblemQuota *q = b->problem->quotas[list->ids[i]];
            if (q->counts != JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS || !counts_team(q, team, false))
                continue;
            if (pass)
                ((int32_t *)out->units)[n] = list->ids[i];
            n++;
        }
        if (!pass && !n)
            return true;
        if (!pass && !(out->units = JC_NEW_ARRAY(b->arena, (size_t)n, int32_t)))
            return false;
        out->n_units = n;
    }
    return true;
}

/* The lists of a visit by `team` under `rule`, for a unit with these group quotas. */
static const struct quota_lists *quota_lists(struct build *b, int32_t rule, int32_t team, bool joined,
                                             struct jc_quota_list groups) {
    int32_t key[3] = {rule, team, joined};
    const struct quota_lists *known = groups.n ? NULL : recall(b->lists, key, sizeof key);
    if (known)
        return known;
    struct quota_lists *made = JC_NEW(b->arena, struct quota_lists);
    struct jc_quota_list lists[2] = {b->quotas.of_rule[rule], groups};
    if (!made || !month_list(b, lists, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, team, joined, &made->visits) ||
        !month_list(b, lists, JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS, team, joined, &made->remote) ||
        (!joined && !unit_list(b, &lists[0], team, made)))
        return NULL;
    return groups.n ? made : memoise(b, b->lists, key, sizeof key, made);
}

/* --- teams, quotas, draws ------------------------------------------------------------------------ */

static bool build_teams(struct build *b) {
    struct jc_instance *in = b->in;
    const Jc__Problem *p = b->problem;
    size_t cells = (p->n_teams + 1) * JC_MONTHS;
    in->limit = JC_NEW_ARRAY(b->arena, cells, int64_t);
    in->target = JC_NEW_ARRAY(b->arena, cells, int64_t);
    in->year_limit = JC_NEW_ARRAY(b->arena, p->n_teams + 1, int64_t);
    in->quota_min = JC_NEW_ARRAY(b->arena, p->n_quotas + 1, int32_t);
    in->quota_max = JC_NEW_ARRAY(b->arena, p->n_quotas + 1, int32_t);
    if (!in->limit || !in->target || !in->year_limit || !in->quota_min || !in->quota_max)
        return false;
    for (size_t k = 0; k < p->n_teams; k++) {
        const Jc__ProblemTeam *t = p->teams[k];
        in->year_limit[k] = t->year_limit_centi < 0 ? JC_NO_LIMIT : t->year_limit_centi;
        for (size_t m = 0; m < JC_MONTHS; m++) {
            int64_t limit = t->n_month_limit_centi ? t->month_limit_centi[m] : -1;
            in->limit[k * JC_MONTHS + m] = limit < 0 ? JC_NO_LIMIT : limit;
            in->target[k * JC_MONTHS + m] = t->n_target_centi ? t->target_centi[m] : -1;
        }
    }
    for (size_t q = 0; q < p->n_quotas; q++) {
        in->quota_min[q] = p->quotas[q]->min < 0 ? 0 : p->quotas[q]->min;
        in->quota_max[q] = p->quotas[q]->max < 0 ? INT32_MAX : p->quotas[q]->max;
        in->has_remote |= p->quotas[q]->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS;
    }
    return true;
}

static bool build_draws(struct build *b) {
    struct jc_instance *in = b->in;
    const Jc__Problem *p = b->problem;
    in->draws = JC_NEW_ARRAY(b->arena, p->n_draws + 1, struct jc_plan_draw);
    if (!in->draws)
        return false;
    for (size_t d = 0; d < p->n_draws; d++) {
        const Jc__ProblemDraw *row = p->draws[d];
        struct jc_plan_draw *draw = &in->draws[d];
        *draw = (struct jc_plan_draw){.team = row->team, .sample = row->sample, .work = row->work_centi, .row = row};
        draw->covered = row->n_windows ? 0 : JC_MONTHS_ALL;
        for (size_t w = 0; w < row->n_windows; w++)
            draw->covered |= (uint16_t)row->windows[w]->months;
        struct jc_quota_list lists[2] = {b->quotas.of_draw[d], {NULL, 0}};
        if (!month_list(b, lists, JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS, row->team, false, &draw->quotas))
            return false;
        in->n_slots += (size_t)row->sample;
        if (row->sample)
            in->grain = jc_gcd(in->grain, row->work_centi);
    }
    for (size_t i = 0; i < p->n_pins; i++)
        if (p->pins[i]->draw >= 0)
            in->draws[p->pins[i]->draw].pinned[p->pins[i]->month - 1]++;
    for (size_t i = 0; p->in_force && i < p->in_force->n_slots; i++)
        in->draws[p->in_force->slots[i]->draw].in_force[p->in_force->slots[i]->month - 1]++;
    return true;
}

/* --- units --------------------------------------------------------------------------------------- */

struct district {
    const char *name;
    int32_t found; /* number in the order of the units */
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct district *)a)->name, ((const struct district *)b)->name);
}

/* Districts are numbered by their names, so that the order of the units does not matter. */
static bool number_districts(struct build *b) {
    const Jc__Problem *p = b->problem;
    struct jc_index *names = jc_index_new(b->desk, 0);
    struct district *rows = NULL;
    size_t n = 0, room = 0;
    for (size_t u = 0; names && u < p->n_units; u++) {
        const char *name = p->units[u]->district;
        bool is_new = false;
        int64_t *found = name[0] ? jc_index_at(names, jc_str(name), &is_new) : NULL;
        if (name[0] && !found)
            return false;
        if (is_new) {
            *found = (int64_t)n;
            struct district *row = jc_arena_push(b->desk, (void **)&rows, &n, &room, sizeof *row);
            if (!row)
                return false;
            *row = (struct district){name, (int32_t)*found};
        }
        b->in->units[u].district = found ? (int32_t)*found : -1;
    }
    int32_t *number = JC_NEW_ARRAY(b->desk, n + 1, int32_t);
    if (!names || !number)
        return false;
    if (n)
        qsort(rows, n, sizeof *rows, by_name);
    for (size_t i = 0; i < n; i++)
        number[rows[i].found] = (int32_t)i;
    for (size_t u = 0; u < p->n_units; u++)
        if (b->in->units[u].district >= 0)
            b->in->units[u].district = number[b->in->units[u].district];
    b->in->n_districts = (int32_t)n;
    return true;
}

static bool gather_pins(struct build *b) {
    const Jc__Problem *p = b->problem;
    b->pin_team = JC_NEW_ARRAY(b->desk, p->n_units + 1, int32_t);
    b->pin_rule = JC_NEW_ARRAY(b->desk, p->n_units + 1, int32_t);
    if (!b->pin_team || !b->pin_rule)
        return false;
    for (size_t u = 0; u < p->n_units; u++)
        b->pin_team[u] = b->pin_rule[u] = -1;
    for (size_t i = 0; i < p->n_pins; i++) {
        const Jc__ProblemPin *pin = p->pins[i];
        if (pin->unit < 0)
            continue;
        int32_t *team = &b->pin_team[pin->unit], *rule = &b->pin_rule[pin->unit];
        struct jc_plan_unit *unit = &b->in->units[pin->unit];
        uint16_t bit = (uint16_t)(1u << (pin->month - 1));
        unit->pinned |= bit;
        unit->told |= pin->mode ? bit : 0;
        unit->remote |= pin->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE ? bit : 0;
        if (pin->team >= 0)
            *team = *team == -1 || *team == pin->team ? pin->team : -2;
        if (pin->rule >= 0)
            *rule = *rule == -1 || *rule == pin->rule ? pin->rule : -2;
    }
    return true;
}

/* Finds where each unit's visits stand in the plan in force, which lists them by unit. */
static bool index_in_force(struct build *b) {
    const Jc__Problem *p = b->problem;
    size_t n = p->in_force ? p->in_force->n_visits : 0, at = 0;
    b->first_in_force = JC_NEW_ARRAY(b->desk, p->n_units + 2, size_t);
    if (!b->first_in_force)
        return false;
    for (size_t u = 0; u <= p->n_units; u++) {
        while (at < n && (size_t)p->in_force->visits[at]->unit < u)
            at++;
        b->first_in_force[u] = at;
    }
    return true;
}

/* What the plan in force has of this choice, and what the choice has no room for. */
static void compare_in_force(const struct build *b, struct jc_choice *c, size_t u) {
    size_t first = b->first_in_force[u], after = b->first_in_force[u + 1];
    for (size_t i = first; c->patterns->visits && i < after; i++) {
        const Jc__VisitInForce *v = b->problem->in_force->visits[i];
        c->in_force |= v->team == c->team ? (uint16_t)(1u << (v->month - 1)) : 0;
    }
    int64_t dropped = (int64_t)(after - first) - c->patterns->visits;
    c->fixed_e5 = dropped > 0 ? b->in->change_e5 * dropped : 0;
}

/* The number of a (team, district) pair; -1 without memory. */
static int32_t pair_number(struct build *b, int32_t team, int32_t district) {
    struct jc_instance *in = b->in;
    int32_t key[2] = {team, district};
    int64_t known = jc_index_find(b->pairs, (struct jc_str){(const char *)key, sizeof key}, -1);
    if (known >= 0)
        return (int32_t)known;
    size_t n = (size_t)in->n_pairs, m = n, room = b->pair_room;
    int32_t *t = jc_arena_push(b->arena, (void **)&in->pair_team, &n, &room, sizeof *t);
    int32_t *d = jc_arena_push(b->arena, (void **)&in->pair_district, &m, &b->pair_room, sizeof *d);
    struct jc_str copy = jc_arena_copy(b->desk, (struct jc_str){(const char *)key, sizeof key});
    int64_t *at = copy.ptr ? jc_index_at(b->pairs, copy, NULL) : NULL;
    if (!t || !d || !at)
        return -1;
    *at = in->n_pairs;
    *t = team;
    *d = district;
    return in->n_pairs++;
}

static bool add_choice(struct build *b, struct jc_plan_unit *unit, size_t u, const struct jc_patterns *patterns,
                       int32_t rule, int32_t team) {
    struct jc_instance *in = b->in;
    const struct quota_lists *lists = quota_lists(b, rule, team, false, b->quotas.of_unit[u]);
    struct jc_choice *c = &in->choices[in->n_choices++];
    if (!lists)
        return false;
    *c = (struct jc_choice){.rule = rule, .team = team, .pair = -1, .patterns = patterns};
    compare_in_force(b, c, u);
    if (patterns->visits) {
        c->visits = lists->visits;
        c->remote = lists->remote;
        c->unit_quotas = lists->units;
        c->n_unit_quotas = lists->n_units;
        if (unit->district >= 0 && (c->pair = pair_number(b, team, unit->district)) < 0)
            return false;
    }
    unit->n_choices++;
    return true;
}

static bool build_choices(struct build *b, struct jc_plan_unit *unit, size_t u) {
    const Jc__ProblemUnit *row = b->problem->units[u];
    unit->first_choice = b->in->n_choices;
    for (size_t o = 0; o < row->n_options; o++) {
        const Jc__UnitOption *option = row->options[o];
        if (b->pin_rule[u] != -1 && b->pin_rule[u] != option->rule)
            continue;
        const struct jc_patterns *patterns = option_patterns(b, row, option, unit->pinned);
        if (!patterns)
            return false;
        /* without visits the team does not matter: one choice is enough; with visits nobody leads there is none */
        static const int32_t any = 0;
        const int32_t *teams = row->n_lead_teams ? row->lead_teams : &any;
        size_t n_teams = patterns->visits ? row->n_lead_teams : 1;
        for (size_t t = 0; patterns->n && t < n_teams; t++)
            if (b->pin_team[u] == -1 || b->pin_team[u] == teams[t])
                if (!add_choice(b, unit, u, patterns, option->rule, teams[t]))
                    return false;
    }
    return true;
}

/* The joins of one unit, in the order of its row. */
static bool build_joins(struct build *b, struct jc_plan_unit *unit, size_t u) {
    struct jc_instance *in = b->in;
    const Jc__ProblemUnit *row = b->problem->units[u];
    unit->first_join = in->n_joins;
    unit->n_joins = (uint32_t)row->n_joints;
    for (size_t j = 0; j < row->n_joints; j++) {
        const Jc__ProblemJoint *joint = row->joints[j];
        const struct quota_lists *lists =
            quota_lists(b, joint->rule, joint->team, true, (struct jc_quota_list){NULL, 0});
        struct jc_join *join = &in->joins[in->n_joins++];
        *join = (struct jc_join){.team = joint->team, .visits = joint->visits, .work = joint->work_centi};
        join->patterns = join_patterns(b, joint, unit->pinned);
        if (!lists || !join->patterns)
            return false;
        join->quotas = lists->visits;
        join->remote = lists->remote;
        if (joint->visits)
            in->grain = jc_gcd(in->grain, joint->work_centi);
        for (uint32_t c = 0; c < unit->n_choices; c++) {
            const struct jc_choice *choice = &in->choices[unit->first_choice + c];
            unit->partial |= choice->patterns->visits && joint->visits && choice->patterns->visits != joint->visits;
            unit->partial |= choice->team == joint->team;
        }
    }
    return true;
}

static bool build_units(struct build *b) {
    struct jc_instance *in = b->in;
    const Jc__Problem *p = b->problem;
    Jc__Weights w = jc_problem_weights(p);
    size_t n_joins = 0, n_choices = 0; /* at most */
    for (size_t u = 0; u < p->n_units; u++) {
        n_joins += p->units[u]->n_joints;
        n_choices += p->units[u]->n_options * (p->units[u]->n_lead_teams ? p->units[u]->n_lead_teams : 1);
    }
    in->units = JC_NEW_ARRAY(b->arena, p->n_units + 1, struct jc_plan_unit);
    in->joins = JC_NEW_ARRAY(b->arena, n_joins + 1, struct jc_join);
    in->choices = JC_NEW_ARRAY(b->arena, n_choices + 1, struct jc_choice);
    if (!in->units || !in->joins || !in->choices || !number_districts(b) || !gather_pins(b) || !index_in_force(b))
        return false;
    for (size_t u = 0; u < p->n_units; u++) {
        const Jc__ProblemUnit *row = p->units[u];
        struct jc_plan_unit *unit = &in->units[u];
        unit->work = row->work_centi;
        unit->due = jc_problem_unit_due(row);
        unit->preferred = row->preferred_months ? (uint16_t)row->preferred_months : JC_MONTHS_ALL;
        unit->risk_e5 = row->preferred_months ? 0 : w.risk_milli * 100 * row->risk;
        unit->season_e5 = row->preferred_months ? w.preferred_milli * 100 : 0;
        if (!build_choices(b, unit, u) || !build_joins(b, unit, u))
            return false;
        int most = 0;
        for (uint32_t c = 0; c < unit->n_choices; c++) {
            int visits = in->choices[unit->first_choice + c].patterns->visits;
            most = visits > most ? visits : most;
        }
        in->most_visits += (size_t)most;
        if (most)
            in->grain = jc_gcd(in->grain, unit->work);
        if (!unit->n_choices)
            in->unserved += unit->due;
    }
    return true;
}

static enum jc_code build(struct build *b, struct jc_err *err) {
    b->patterns = jc_index_new(b->desk, 0);
    b->lists = jc_index_new(b->desk, 0);
    b->pairs = jc_index_new(b->desk, 0);
    if (!b->patterns || !b->lists || !b->pairs)
        return jc_fail_memory(err);
    enum jc_code code = jc_quota_index_build(b->problem, b->desk, &b->quotas, err);
    if (code != JC_OK)
        return code;
    return build_teams(b) && build_draws(b) && build_units(b) ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_instance_build(const Jc__Problem *problem, struct jc_arena *arena, struct jc_instance **out,
                               struct jc_err *err) {
    struct jc_instance *in = JC_NEW(arena, struct jc_instance);
    if (!in)
        return jc_fail_memory(err);
    Jc__Weights w = jc_problem_weights(problem);
    in->problem = problem;
    in->n_teams = (int32_t)problem->n_teams;
    in->n_units = (int32_t)problem->n_units;
    in->n_draws = (int32_t)problem->n_draws;
    in->n_quotas = (int32_t)problem->n_quotas;
    in->balance_e5 = w.balance_milli;
    in->travel_e5 = w.travel_milli * 100;
    in->change_e5 = problem->in_force ? w.changes_milli * 100 : 0;
    struct build b = {.problem = problem, .arena = arena, .desk = jc_arena_new(SIZE_MAX / 2), .in = in};
    enum jc_code code = b.desk ? build(&b, err) : jc_fail_memory(err);
    jc_arena_free(b.desk);
    if (code == JC_OK)
        *out = in;
    return code;
}
