/* The least work of a year. Units that differ only in name, district and work have the same least number of
 * visits in every span, so those are computed once for each kind of unit; then one addition for each unit and
 * span. What is booked must never be more than any plan has. */
#include "plan/survey.h"

#include <string.h>

enum { SPANS = JC_MONTHS * (JC_MONTHS + 1) / 2 };

/* Least visits of one kind of unit within each span. */
struct jc_survey_profile {
    uint8_t lead[SPANS];
    uint8_t joins[JC_MONTHS][SPANS];
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

size_t jc_survey_patterns(const struct jc_survey *s, size_t unit, size_t i, uint16_t out[JC_PATTERNS_MAX]) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    if (s->with_pins && s->pin_rule[unit] >= 0 && s->pin_rule[unit] != u->options[i]->rule)
        return 0;
    return jc_pattern_of_option(s->problem, u, u->options[i], s->with_pins ? s->pinned[unit] : 0, out);
}

static void take_pattern(const Jc__ProblemUnit *u, uint32_t months, struct jc_survey_profile *p) {
    EACH_SPAN(span, mask) {
        p->lead[span] = (uint8_t)least(p->lead[span], __builtin_popcount(months & mask));
        for (size_t j = 0; j < u->n_joints; j++) {
            int inside = months ? u->joints[j]->visits - __builtin_popcount(months & ~mask) : 0;
            p->joins[j][span] = (uint8_t)least(p->joins[j][span], inside > 0 ? inside : 0);
        }
    }
}

static struct jc_survey_profile *make_profile(struct jc_survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    struct jc_survey_profile *p = JC_NEW(s->arena, struct jc_survey_profile);
    uint16_t masks[JC_PATTERNS_MAX];
    bool possible = false;
    if (!p)
        return NULL;
    memset(p, 0xff, sizeof(*p));
    for (size_t i = 0; i < u->n_options; i++) {
        size_t n = jc_survey_patterns(s, unit, i, masks);
        possible |= n > 0;
        for (size_t k = 0; k < n; k++)
            take_pattern(u, masks[k], p);
    }
    if (!possible) /* unserved: no work at all */
        memset(p, 0, sizeof(*p));
    return p;
}

/* The unit's profile, shared with all units of its kind; NULL without memory. */
static const struct jc_survey_profile *profile_of(struct jc_survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    struct jc_buf key;
    jc_buf_init(&key, 1 << 16);
    jc_buf_printf(&key, "%u,%u,%d", u->blackout_months, s->with_pins ? s->pinned[unit] : 0,
                  s->with_pins ? s->pin_rule[unit] : -1);
    for (size_t i = 0; i < u->n_options; i++)
        jc_buf_printf(&key, "|%d:%d", u->options[i]->rule, u->options[i]->visits);
    for (size_t i = 0; i < u->n_joints; i++)
        jc_buf_printf(&key, "+%d:%d:%u:%u", u->joints[i]->rule, u->joints[i]->visits, u->joints[i]->told_months,
                      u->joints[i]->joined_months);
    int64_t known = jc_index_find(s->kinds, jc_buf_str(&key), 0);
    if (!known) {
        struct jc_survey_profile *made = make_profile(s, unit),
                                 **slot = JC_PUSH(s->arena, &s->profiles, struct jc_survey_profile *);
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

int64_t jc_survey_slots_least(const Jc__ProblemDraw *d, uint32_t months) {
    int64_t inside = 0, outside = d->n_windows ? 0 : (~months & JC_MONTHS_ALL ? d->sample : 0);
    for (size_t i = 0; i < d->n_windows; i++) {
        if (d->windows[i]->months & ~months)
            outside += d->windows[i]->max;
        else
            inside += d->windows[i]->min;
    }
    return d->sample - outside > inside ? d->sample - outside : inside;
}

int64_t jc_survey_slots_most(const Jc__ProblemDraw *d, uint32_t months) {
    int64_t all = d->sample;
    return all - jc_survey_slots_least(d, ~months & JC_MONTHS_ALL);
}

static void book(struct jc_survey *s, int32_t team, bool only, int span, int64_t work) {
    s->of_all[s->together[team] * SPANS + span] += work;
    if (only)
        s->alone[team * SPANS + span] += work;
}

static bool book_unit(struct jc_survey *s, size_t unit) {
    const Jc__ProblemUnit *u = s->problem->units[unit];
    const struct jc_survey_profile *p = profile_of(s, unit);
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
static void join_teams(struct jc_survey *s) {
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

static bool read_pins(struct jc_survey *s) {
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

enum jc_code jc_survey_make(const Jc__Problem *problem, bool with_pins, struct jc_arena *arena,
                            struct jc_survey *survey, struct jc_err *err) {
    *survey = (struct jc_survey){.problem = problem, .arena = arena, .with_pins = with_pins};
    survey->kinds = jc_index_new(arena, 0);
    survey->together = JC_NEW_ARRAY(arena, problem->n_teams + 1, int32_t);
    survey->alone = JC_NEW_ARRAY(arena, (problem->n_teams + 1) * SPANS, int64_t);
    survey->of_all = JC_NEW_ARRAY(arena, (problem->n_teams + 1) * SPANS, int64_t);
    if (!survey->kinds || !survey->together || !survey->alone || !survey->of_all || !read_pins(survey))
        return jc_fail_memory(err);
    join_teams(survey);
    for (size_t u = 0; u < problem->n_units; u++)
        if (!book_unit(survey, u))
            return jc_fail_memory(err);
    for (size_t d = 0; d < problem->n_draws; d++)
        EACH_SPAN(span, mask)
    book(survey, problem->draws[d]->team, true, span,
         jc_survey_slots_least(problem->draws[d], mask) * problem->draws[d]->work_centi);
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

static int64_t workdays_of(const struct jc_survey *s, int team, bool all, uint32_t months, bool year) {
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

struct jc_survey_worst jc_survey_worst(const struct jc_survey *s, int team, bool all, int month) {
    const int64_t *work = all ? s->of_all + s->together[team] * SPANS : s->alone + team * SPANS;
    struct jc_survey_worst worst = {0};
    EACH_SPAN(span, mask) {
        bool wanted = month ? mask >> (month - 1) & 1 : mask == JC_MONTHS_ALL;
        int64_t limit = wanted ? workdays_of(s, team, all, mask, !month) : -1;
        int64_t lack = limit < 0 ? 0 : work[span] - limit;
        bool shorter = lack == worst.lack && lack && __builtin_popcount(mask) < __builtin_popcount(worst.months);
        if (lack > worst.lack || shorter)
            worst = (struct jc_survey_worst){lack, work[span], limit, mask};
    }
    return worst;
}

int64_t jc_survey_lack_alone(const struct jc_survey *s, int team, uint32_t months, bool year) {
    int64_t sum = 0;
    EACH_SPAN(span, mask) {
        for (size_t k = 0; mask == months && k < s->problem->n_teams; k++) {
            if (s->together[k] != s->together[team])
                continue;
            int64_t limit = workdays(s->problem->teams[k], months, year), work = s->alone[k * SPANS + span];
            sum += limit >= 0 && work > limit ? work - limit : 0;
        }
    }
    return sum;
}

bool jc_survey_may_lead(const struct jc_survey *s, size_t unit, int32_t team) {
    return !s->with_pins || s->pin_team[unit] < 0 || s->pin_team[unit] == team;
}
