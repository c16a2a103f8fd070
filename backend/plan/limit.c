/* Binding limits by arithmetic: the least work of the year (survey.h) against the workdays there are, what a quota
 * can come to against its bounds, and the months of a unit (limit_unit.c). */
#include "plan/limit.h"

#include <string.h>

#include "model/problem.h"
#include "plan/shortfall.h"
#include "plan/survey.h"

/* --- the list ------------------------------------------------------------------------------------------- */

struct listing {
    const Jc__Problem *problem;
    uint32_t closed;
    struct jc_arena *arena;
    struct jc_err *err;
    struct jc_lacks *lacks;
    struct jc_survey now, free; /* with kept visits, and as if nothing were kept */
};

static enum jc_code name_teams(struct listing *l, Jc__BindingLimit *limit, int team, bool all) {
    const Jc__Problem *p = l->problem;
    limit->team_ids = JC_NEW_ARRAY(l->arena, p->n_teams + 1, char *);
    if (!limit->team_ids)
        return jc_fail_memory(l->err);
    for (size_t k = 0; k < p->n_teams; k++)
        if (all ? l->now.together[k] == l->now.together[team] : (int)k == team)
            limit->team_ids[limit->n_team_ids++] = p->teams[k]->team_id;
    return JC_OK;
}

/* Is what the teams together lack the tighter statement? Not where the team alone lacks all of the shortfall, nor
 * where the teams lack as much each alone. */
static bool binds_together(const struct jc_survey *s, const struct jc_lack *lack, const struct jc_survey_worst *alone,
                           const struct jc_survey_worst *all) {
    return !alone->lack || (alone->lack < lack->amount_centi &&
                            all->lack > jc_survey_lack_alone(s, lack->team, all->months, !lack->month));
}

/* (1) A team, alone or with those it shares units with. */
static enum jc_code explain_over(struct listing *l, const struct jc_lack *lack, Jc__Shortfall *s) {
    const struct jc_survey_worst own = jc_survey_worst(&l->now, lack->team, false, lack->month),
                                 joint = jc_survey_worst(&l->now, lack->team, true, lack->month);
    const bool all = binds_together(&l->now, lack, &own, &joint);
    const struct jc_survey_worst worst = all ? joint : own;
    if (!worst.lack)
        return JC_OK;
    Jc__LimitKind kind =
        worst.months == JC_MONTHS_ALL ? JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS : JC__LIMIT_KIND__LIMIT_KIND_WINDOWS;
    /* in the middle of a year a unit may be possible with its done visits alone: leaving them out proves nothing */
    if (l->problem->n_pins && !l->closed && !jc_survey_worst(&l->free, lack->team, all, lack->month).lack)
        kind = JC__LIMIT_KIND__LIMIT_KIND_KEPT;
    Jc__BindingLimit *limit = NULL;
    enum jc_code code = jc_shortfall_add_limit(s, kind, l->arena, &limit, l->err);
    if (code)
        return code;
    limit->months = worst.months;
    limit->need_centi = worst.need;
    limit->limit_centi = worst.limit;
    return name_teams(l, limit, lack->team, all);
}

/* --- quotas ----------------------------------------------------------------------------------------------- */

static bool in_groups(const Jc__ProblemQuota *q, const Jc__ProblemUnit *u) {
    for (size_t i = 0; i < q->n_groups; i++)
        for (size_t k = 0; k < u->n_groups; k++)
            if (strcmp(q->groups[i], u->groups[k]) == 0)
                return true;
    return false;
}

static bool has_member(const Jc__ProblemQuota *q, int32_t member) {
    for (size_t i = 0; i < q->n_members; i++)
        if (q->members[i] == member)
            return true;
    return false;
}

bool jc_limit_quota_counts(const Jc__ProblemQuota *quota, const Jc__ProblemUnit *unit, int32_t rule, int32_t team) {
    if (quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP)
        return in_groups(quota, unit);
    return quota->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && has_member(quota, rule) &&
           (quota->team < 0 || quota->team == team);
}

/* What a quota can come to: from the least to the most. */
struct range {
    int64_t least, most;
};

/* What the unit adds under one choice and pattern, joins included. */
static int counted(const Jc__ProblemQuota *q, const Jc__ProblemUnit *u, int32_t rule, int32_t team, uint32_t months,
                   bool upper) {
    bool lead = jc_limit_quota_counts(q, u, rule, team);
    int inside = __builtin_popcount(months & q->months), n = lead ? inside : 0;
    if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_UNITS)
        return lead;
    for (size_t j = 0; q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && q->team >= 0 && j < u->n_joints; j++) {
        if (u->joints[j]->team != q->team || !has_member(q, u->joints[j]->rule))
            continue;
        int out = __builtin_popcount(months & ~q->months), visits = u->joints[j]->visits;
        n += upper ? (visits < inside ? visits : inside) : visits > out ? visits - out : 0;
    }
    return n;
}

static void range_of_unit(const struct jc_survey *s, const Jc__ProblemQuota *q, size_t unit, struct range *range) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    uint16_t masks[JC_PATTERNS_MAX];
    int fewest = INT32_MAX, most = 0;
    for (size_t i = 0; i < u->n_options; i++) {
        size_t n = jc_survey_patterns(s, unit, i, masks);
        for (size_t t = 0; n && t < u->n_lead_teams; t++) {
            if (!jc_survey_may_lead(s, unit, u->lead_teams[t]))
                continue;
            for (size_t k = 0; k < n; k++) {
                int high = counted(q, u, u->options[i]->rule, u->lead_teams[t], masks[k], true);
                int low = counted(q, u, u->options[i]->rule, u->lead_teams[t], masks[k], false);
                most = high > most ? high : most;
                fewest = low < fewest ? low : fewest;
            }
        }
    }
    range->most += most;
    range->least += fewest == INT32_MAX ? 0 : fewest;
}

static bool may_count(const Jc__ProblemQuota *q, const Jc__ProblemUnit *u) {
    bool found = q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP && in_groups(q, u);
    for (size_t i = 0; q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && i < u->n_options; i++)
        found |= has_member(q, u->options[i]->rule);
    for (size_t j = 0; q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && j < u->n_joints; j++)
        found |= has_member(q, u->joints[j]->rule);
    return found;
}

static struct range range_of(const struct jc_survey *s, const Jc__ProblemQuota *q) {
    const Jc__Problem *p = s->problem;
    struct range range = {0};
    for (size_t u = 0; u < p->n_units; u++)
        if (may_count(q, p->units[u]))
            range_of_unit(s, q, u, &range);
    for (size_t d = 0; d < p->n_draws; d++) {
        const Jc__ProblemDraw *draw = p->draws[d];
        bool counts = q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_VISITS &&
                      ((q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW && has_member(q, (int32_t)d)) ||
                       (q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_RULE && draw->rule >= 0 && has_member(q, draw->rule) &&
                        (q->team < 0 || q->team == draw->team)));
        if (counts) {
            range.least += jc_survey_slots_least(draw, q->months);
            range.most += jc_survey_slots_most(draw, q->months);
        }
    }
    if (q->counts == JC__QUOTA_COUNTS__QUOTA_COUNTS_REMOTE_VISITS)
        range.least = 0; /* a visit need not be remote */
    return range;
}

/* (2) A quota whose units cannot come to it. */
static enum jc_code explain_quota(struct listing *l, const struct jc_lack *lack, Jc__Shortfall *s) {
    const Jc__ProblemQuota *q = l->problem->quotas[lack->quota];
    struct range range = range_of(&l->now, q);
    bool few = q->min >= 0 && range.most < q->min, many = q->max >= 0 && range.least > q->max;
    if (!few && !many)
        return JC_OK;
    Jc__BindingLimit *limit = NULL;
    enum jc_code code = jc_shortfall_add_limit(s, JC__LIMIT_KIND__LIMIT_KIND_COUNT, l->arena, &limit, l->err);
    if (code)
        return code;
    limit->months = q->months;
    limit->need_centi = (few ? q->min : q->max) * INT64_C(100);
    limit->limit_centi = (few ? range.most : range.least) * 100;
    limit->quota_id = q->quota_id;
    return JC_OK;
}

/* The work of what a quota misses, if all it counts is of one size; else -1. */
static int64_t quota_work(const Jc__Problem *p, const struct jc_lack *lack) {
    const Jc__ProblemQuota *q = p->quotas[lack->quota];
    int64_t size = -1;
    for (size_t u = 0; u < p->n_units; u++) {
        if (!may_count(q, p->units[u]))
            continue;
        if (size >= 0 && size != p->units[u]->work_centi)
            return -1;
        size = p->units[u]->work_centi;
    }
    for (size_t d = 0; d < p->n_draws && q->scope != JC__QUOTA_SCOPE__QUOTA_SCOPE_GROUP; d++) {
        bool counts = has_member(q, q->scope == JC__QUOTA_SCOPE__QUOTA_SCOPE_DRAW ? (int32_t)d : p->draws[d]->rule);
        if (counts && size >= 0 && size != p->draws[d]->work_centi)
            return -1;
        size = counts ? p->draws[d]->work_centi : size;
    }
    return size < 0 ? -1 : size * (lack->amount_centi / 100);
}

/* --- all of them --------------------------------------------------------------------------------------------- */

static int64_t unit_work(const Jc__ProblemUnit *u) {
    int64_t work = u->work_centi * jc_problem_unit_due(u);
    for (size_t j = 0; j < u->n_joints; j++)
        work += u->joints[j]->work_centi * u->joints[j]->visits;
    return work;
}

static enum jc_code explain_one(struct listing *l, Jc__Shortfall *s) {
    struct jc_lack lack = jc_lack_of(l->lacks, s);
    s->n_limits = 0;
    s->limits = NULL;
    s->work_centi = s->amount_centi;
    if (lack.unit >= 0) {
        const Jc__Problem view = jc_lacks_view(l->lacks, (size_t)lack.unit);
        s->work_centi = unit_work(l->problem->units[lack.unit]);
        return jc_limit_unit(&view, (size_t)lack.unit, l->closed, s, l->arena, l->err);
    }
    if (lack.quota >= 0) {
        s->work_centi = quota_work(l->problem, &lack);
        return explain_quota(l, &lack, s);
    }
    return lack.team >= 0 ? explain_over(l, &lack, s) : JC_OK;
}

enum jc_code jc_limit_list(const Jc__Problem *problem, const struct jc_past *past, Jc__Shortfall *const *shortfalls,
                           size_t count, struct jc_arena *arena, struct jc_err *err) {
    struct listing l = {.problem = problem, .closed = past ? past->closed : 0, .arena = arena, .err = err};
    if (!count)
        return JC_OK;
    l.lacks = jc_lacks_new(problem, arena);
    enum jc_code code = l.lacks ? jc_survey_make(problem, true, arena, &l.now, err) : jc_fail_memory(err);
    if (!code && problem->n_pins && !l.closed)
        code = jc_survey_make(problem, false, arena, &l.free, err);
    for (size_t i = 0; !code && i < count; i++)
        code = explain_one(&l, shortfalls[i]);
    return code;
}
