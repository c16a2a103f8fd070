/* Binding limits by arithmetic. Units that differ only in name, district and work have the same least
 * number of visits in every span, so those are computed once for each kind of unit; then one addition for
 * each unit and span. Teams that share units (several may lead) are looked at alone, where only units that
 * nobody else can lead count, and together with all teams they share units with. */
#include "plan/limit.h"

#include <string.h>

#include "base/index.h"
#include "model/pattern.h"
#include "model/problem.h"

enum { SPANS = JC_MONTHS * (JC_MONTHS + 1) / 2 };

/* Least visits of one kind of unit within each span. */
struct profile {
    uint8_t lead[SPANS];
    uint8_t joins[JC_MONTHS][SPANS];
};

struct survey {
    const Jc__Problem *problem;
    struct jc_arena *arena;
    bool with_pins;
    uint16_t *pinned;       /* by unit: months */
    int32_t *pin_team;      /* by unit: -1 if free */
    int32_t *pin_rule;      /* by unit: -1 if free */
    int32_t *together;      /* by team: the least index among the teams it shares units with, itself included */
    int64_t *alone;         /* by team * SPANS + span: least work */
    int64_t *of_all;        /* the same for all teams with this `together` */
    struct jc_index *kinds; /* key -> index in profiles, + 1 */
    struct {
        struct profile **items;
        size_t count, capacity;
    } profiles;
};

/* --- spans --------------------------------------------------------------------------------------- */

static uint32_t span_mask(int first, int last) {
    return (1u << (last + 1)) - (1u << first);
}

/* Spans in the order (0,0) (0,1) … (0,11) (1,1) …: calls with their masks. */
#define EACH_SPAN(span, mask)                                          \
    for (int span = 0, first_ = 0, last_ = 0; span < SPANS;            \
         span++, last_ = last_ < JC_MONTHS - 1 ? last_ + 1 : ++first_) \
        for (uint32_t mask = span_mask(first_, last_), once_ = 1; once_; once_ = 0)

static int least(int a, int b) {
    return a < b ? a : b;
}

/* --- what must be done ------------------------------------------------------------------------------ */

/* The patterns the unit may have under option `i`; none if a pin says another rule. */
static size_t patterns_of(const struct survey *s, size_t unit, size_t i, uint16_t out[JC_PATTERNS_MAX]) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    if (s->with_pins && s->pin_rule[unit] >= 0 && s->pin_rule[unit] != u->options[i]->rule)
        return 0;
    return jc_pattern_of_option(s->problem, u, u->options[i], s->with_pins ? s->pinned[unit] : 0, out);
}

static void take_pattern(const Jc__ProblemUnit *u, uint32_t months, struct profile *p) {
    EACH_SPAN(span, mask) {
        p->lead[span] = (uint8_t)least(p->lead[span], __builtin_popcount(months & mask));
        for (size_t j = 0; j < u->n_joints; j++) {
            int inside = months ? u->joints[j]->visits - __builtin_popcount(months & ~mask) : 0;
            p->joins[j][span] = (uint8_t)least(p->joins[j][span], inside > 0 ? inside : 0);
        }
    }
}

static struct profile *make_profile(struct survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    struct profile *p = JC_NEW(s->arena, struct profile);
    uint16_t masks[JC_PATTERNS_MAX];
    bool possible = false;
    if (!p)
        return NULL;
    memset(p, 0xff, sizeof(*p));
    for (size_t i = 0; i < u->n_options; i++) {
        size_t n = patterns_of(s, unit, i, masks);
        possible |= n > 0;
        for (size_t k = 0; k < n; k++)
            take_pattern(u, masks[k], p);
    }
    if (!possible) /* unserved: no work at all */
        memset(p, 0, sizeof(*p));
    return p;
}

/* The unit's profile, shared with all units of its kind; NULL without memory. */
static const struct profile *profile_of(struct survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    struct jc_buf key;
    jc_buf_init(&key, 1 << 16);
    jc_buf_printf(&key, "%u,%u,%d", u->blackout_months, s->with_pins ? s->pinned[unit] : 0,
                  s->with_pins ? s->pin_rule[unit] : -1);
    for (size_t i = 0; i < u->n_options; i++)
        jc_buf_printf(&key, "|%d:%d", u->options[i]->rule, u->options[i]->visits);
    for (size_t i = 0; i < u->n_joints; i++)
        jc_buf_printf(&key, "+%d:%d", u->joints[i]->rule, u->joints[i]->visits);
    int64_t known = jc_index_find(s->kinds, jc_buf_str(&key), 0);
    if (!known) {
        struct profile *made = make_profile(s, unit), **slot = JC_PUSH(s->arena, &s->profiles, struct profile *);
        struct jc_str own = jc_arena_copy(s->arena, jc_buf_str(&key));
        int64_t *place = made && slot && own.ptr ? jc_index_at(s->kinds, own, NULL) : NULL;
        if (place) {
            *slot = made;
            *place = known = (int64_t)s->profiles.count;
        }
    }
    jc_buf_free(&key);
    return known && s->profiles.items ? s->profiles.items[known - 1] : NULL;
}

/* The least number of a draw's slots within the months. */
static int64_t least_slots(const Jc__ProblemDraw *d, uint32_t months) {
    int64_t inside = 0, outside = d->n_windows ? 0 : (~months & JC_MONTHS_ALL ? d->sample : 0);
    for (size_t i = 0; i < d->n_windows; i++) {
        if (d->windows[i]->months & ~months)
            outside += d->windows[i]->max;
        else
            inside += d->windows[i]->min;
    }
    return d->sample - outside > inside ? d->sample - outside : inside;
}

/* The largest. */
static int64_t most_slots(const Jc__ProblemDraw *d, uint32_t months) {
    int64_t all = d->sample;
    return all - least_slots(d, ~months & JC_MONTHS_ALL);
}

static void book(struct survey *s, int32_t team, bool only, int span, int64_t work) {
    s->of_all[s->together[team] * SPANS + span] += work;
    if (only)
        s->alone[team * SPANS + span] += work;
}

static bool book_unit(struct survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    const struct profile *p = profile_of(s, unit);
    if (!p)
        return false;
    if (!u->n_options || !u->n_lead_teams)
        return true;
    int32_t lead = s->with_pins && s->pin_team[unit] >= 0 ? s->pin_team[unit] : u->lead_teams[0];
    bool only = u->n_lead_teams == 1 || (s->with_pins && s->pin_team[unit] >= 0);
    for (int span = 0; span < SPANS; span++) {
        book(s, lead, only, span, p->lead[span] * u->work_centi);
        for (size_t j = 0; j < u->n_joints; j++)
            book(s, u->joints[j]->team, true, span, p->joins[j][span] * u->joints[j]->work_centi);
    }
    return true;
}

/* Teams that may lead the same unit stand together. */
static void join_teams(struct survey *s) {
    const Jc__Problem *p = s->problem;
    for (size_t k = 0; k < p->n_teams; k++)
        s->together[k] = (int32_t)k;
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t u = 0; u < p->n_units; u++)
            for (size_t i = 1; i < p->units[u]->n_lead_teams; i++) {
                int32_t *a = &s->together[p->units[u]->lead_teams[0]], *b = &s->together[p->units[u]->lead_teams[i]];
                if (*a == *b)
                    continue;
                *a = *b = least(*a, *b);
                changed = true;
            }
    }
}

static bool read_pins(struct survey *s) {
    const Jc__Problem *p = s->problem;
    s->pinned = JC_NEW_ARRAY(s->arena, p->n_units + 1, uint16_t);
    s->pin_team = JC_NEW_ARRAY(s->arena, p->n_units + 1, int32_t);
    s->pin_rule = JC_NEW_ARRAY(s->arena, p->n_units + 1, int32_t);
    if (!s->pinned || !s->pin_team || !s->pin_rule)
        return false;
    memset(s->pin_team, 0xff, (p->n_units + 1) * sizeof(int32_t));
    memset(s->pin_rule, 0xff, (p->n_units + 1) * sizeof(int32_t));
    for (size_t i = 0; i < p->n_pins; i++) {
        const Jc__ProblemPin *pin = p->pins[i];
        if (pin->unit < 0)
            continue;
        s->pinned[pin->unit] |= (uint16_t)(1u << (pin->month - 1));
        if (pin->team >= 0)
            s->pin_team[pin->unit] = pin->team;
        if (pin->rule >= 0)
            s->pin_rule[pin->unit] = pin->rule;
    }
    return true;
}

/* All least work; kept visits count as such or as free. */
static enum jc_code survey(const Jc__Problem *problem, bool with_pins, struct jc_arena *arena, struct survey *s,
                           struct jc_err *err) {
    *s = (struct survey){.problem = problem, .arena = arena, .with_pins = with_pins};
    s->kinds = jc_index_new(arena, 0);
    s->together = JC_NEW_ARRAY(arena, problem->n_teams + 1, int32_t);
    s->alone = JC_NEW_ARRAY(arena, (problem->n_teams + 1) * SPANS, int64_t);
    s->of_all = JC_NEW_ARRAY(arena, (problem->n_teams + 1) * SPANS, int64_t);
    if (!s->kinds || !s->together || !s->alone || !s->of_all || !read_pins(s))
        return jc_fail_memory(err);
    join_teams(s);
    for (size_t u = 0; u < problem->n_units; u++)
        if (!book_unit(s, u))
            return jc_fail_memory(err);
    for (size_t d = 0; d < problem->n_draws; d++)
        EACH_SPAN(span, mask)
    book(s, problem->draws[d]->team, true, span, least_slots(problem->draws[d], mask) * problem->draws[d]->work_centi);
    return JC_OK;
}

/* --- what there is ------------------------------------------------------------------------------------- */

/* The team's workdays in these months, or in the year; -1: no limit. */
static int64_t workdays(const Jc__ProblemTeam *t, uint32_t months, bool year) {
    int64_t sum = 0;
    if (year)
        return t->year_limit_centi;
    for (uint32_t left = months; left; left &= left - 1) {
        int64_t limit = t->n_month_limit_centi ? t->month_limit_centi[__builtin_ctz(left)] : -1;
        if (limit < 0)
            return -1;
        sum += limit;
    }
    return sum;
}

static int64_t workdays_of(const struct survey *s, int team, bool all, uint32_t months, bool year) {
    int64_t sum = 0;
    for (size_t k = 0; k < s->problem->n_teams; k++) {
        if (all ? s->together[k] != s->together[team] : (int)k != team)
            continue;
        int64_t limit = workdays(s->problem->teams[k], months, year);
        if (limit < 0)
            return -1;
        sum += limit;
    }
    return sum;
}

/* The span for which teams lack most. */
struct worst {
    int64_t lack, need, limit;
    uint32_t months;
};

static struct worst worst_span(const struct survey *s, int team, bool all, int month) {
    const int64_t *work = all ? s->of_all + s->together[team] * SPANS : s->alone + team * SPANS;
    struct worst worst = {0};
    EACH_SPAN(span, mask) {
        bool wanted = month ? mask >> (month - 1) & 1 : mask == JC_MONTHS_ALL;
        int64_t limit = wanted ? workdays_of(s, team, all, mask, !month) : -1;
        int64_t lack = limit < 0 ? 0 : work[span] - limit;
        bool shorter = lack == worst.lack && lack && __builtin_popcount(mask) < __builtin_popcount(worst.months);
        if (lack > worst.lack || shorter)
            worst = (struct worst){lack, work[span], limit, mask};
    }
    return worst;
}

/* --- the list ------------------------------------------------------------------------------------------- */

struct listing {
    const Jc__Problem *problem;
    uint32_t closed;
    struct jc_arena *arena;
    struct jc_err *err;
    struct survey now, free; /* with kept visits, and as if nothing were kept */
};

enum jc_code jc_limit_add(Jc__Shortfall *shortfall, Jc__LimitKind kind, struct jc_arena *arena, Jc__BindingLimit **out,
                          struct jc_err *err) {
    Jc__BindingLimit **grown = JC_NEW_ARRAY(arena, shortfall->n_limits + 1, Jc__BindingLimit *);
    Jc__BindingLimit *limit = JC_NEW(arena, Jc__BindingLimit);
    if (!grown || !limit)
        return jc_fail_memory(err);
    jc__binding_limit__init(limit);
    limit->kind = kind;
    if (shortfall->n_limits)
        memcpy(grown, shortfall->limits, shortfall->n_limits * sizeof(*grown));
    grown[shortfall->n_limits++] = limit;
    shortfall->limits = grown;
    if (out)
        *out = limit;
    return JC_OK;
}

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

/* (1) A team, alone or with those it shares units with. */
static enum jc_code explain_over(struct listing *l, const struct jc_lack *lack, Jc__Shortfall *s) {
    struct worst worst = worst_span(&l->now, lack->team, false, lack->month);
    bool all = worst.lack == 0;
    if (all)
        worst = worst_span(&l->now, lack->team, true, lack->month);
    if (!worst.lack)
        return JC_OK;
    Jc__LimitKind kind =
        worst.months == JC_MONTHS_ALL ? JC__LIMIT_KIND__LIMIT_KIND_WORKDAYS : JC__LIMIT_KIND__LIMIT_KIND_WINDOWS;
    if (l->problem->n_pins && !worst_span(&l->free, lack->team, all, lack->month).lack)
        kind = JC__LIMIT_KIND__LIMIT_KIND_KEPT;
    Jc__BindingLimit *limit = NULL;
    enum jc_code code = jc_limit_add(s, kind, l->arena, &limit, l->err);
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
        n += upper ? least(visits, inside) : visits > out ? visits - out : 0;
    }
    return n;
}

static void range_of_unit(const struct survey *s, const Jc__ProblemQuota *q, size_t unit, struct range *range) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    uint16_t masks[JC_PATTERNS_MAX];
    int fewest = INT32_MAX, most = 0;
    for (size_t i = 0; i < u->n_options; i++) {
        size_t n = patterns_of(s, unit, i, masks);
        for (size_t t = 0; n && t < u->n_lead_teams; t++) {
            if (s->pin_team[unit] >= 0 && s->pin_team[unit] != u->lead_teams[t])
                continue;
            for (size_t k = 0; k < n; k++) {
                int high = counted(q, u, u->options[i]->rule, u->lead_teams[t], masks[k], true);
                int low = counted(q, u, u->options[i]->rule, u->lead_teams[t], masks[k], false);
                most = high > most ? high : most;
                fewest = least(fewest, low);
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

static struct range range_of(const struct survey *s, const Jc__ProblemQuota *q) {
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
            range.least += least_slots(draw, q->months);
            range.most += most_slots(draw, q->months);
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
    enum jc_code code = jc_limit_add(s, JC__LIMIT_KIND__LIMIT_KIND_COUNT, l->arena, &limit, l->err);
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

/* Is `id` the unit or, behind a slash, a part of it? */
static bool is_part(const char *id, const char *unit_id) {
    size_t len = strlen(unit_id);
    return strncmp(id, unit_id, len) == 0 && (!id[len] || id[len] == '/');
}

struct jc_lack jc_lack_of(const Jc__Problem *problem, const Jc__Shortfall *shortfall) {
    struct jc_lack lack = {-1, shortfall->month, -1, -1, shortfall->amount_centi};
    if (*shortfall->unit_id) {
        for (size_t u = 0; lack.unit < 0 && u < problem->n_units; u++)
            if (strcmp(problem->units[u]->unit_id, shortfall->unit_id) == 0 && !jc_limit_unit_possible(problem, u))
                lack.unit = (int)u;
        for (size_t u = 0; lack.unit < 0 && u < problem->n_units; u++)
            if (is_part(problem->units[u]->unit_id, shortfall->unit_id) && !jc_limit_unit_possible(problem, u))
                lack.unit = (int)u;
    } else if (*shortfall->quota_id) {
        for (size_t q = 0; lack.quota < 0 && q < problem->n_quotas; q++)
            if (strcmp(problem->quotas[q]->quota_id, shortfall->quota_id) == 0)
                lack.quota = (int)q;
    } else {
        for (size_t k = 0; lack.team < 0 && k < problem->n_teams; k++)
            if (strcmp(problem->teams[k]->team_id, shortfall->team_id) == 0)
                lack.team = (int)k;
    }
    return lack;
}

static enum jc_code explain_one(struct listing *l, Jc__Shortfall *s) {
    struct jc_lack lack = jc_lack_of(l->problem, s);
    s->n_limits = 0;
    s->limits = NULL;
    s->work_centi = s->amount_centi;
    if (lack.unit >= 0) {
        s->work_centi = unit_work(l->problem->units[lack.unit]);
        return jc_limit_unit(l->problem, (size_t)lack.unit, l->closed, s, l->arena, l->err);
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
    enum jc_code code = survey(problem, true, arena, &l.now, err);
    if (!code && problem->n_pins)
        code = survey(problem, false, arena, &l.free, err);
    for (size_t i = 0; !code && i < count; i++)
        code = explain_one(&l, shortfalls[i]);
    return code;
}
