/* The remainder. Windows lose the months that are closed and the visits that lie in them already; then the
 * largest number of visits with a pattern is taken, first with the windows' minimums and, if a window that
 * is over can no longer be filled, without. Cost: at most two enumerations of patterns for each visit. */
#include "plan/remainder.h"

#include "model/pattern.h"

uint32_t jc_remainder_near(const Jc__ProblemRule *rule, uint32_t months) {
    uint32_t near = months;
    for (int away = 1; away < rule->min_gap_months; away++)
        near |= months << away | months >> away;
    return near & JC_MONTHS_ALL;
}

/* The rule's windows without what is closed and what stays. */
static enum jc_code cut_windows(const Jc__ProblemRule *rule, const struct jc_remainder_year *year,
                                struct jc_arena *arena, struct jc_remainder *out, struct jc_err *err) {
    out->windows = JC_NEW_ARRAY(arena, rule->n_windows + 1, Jc__TimeWindow *);
    if (!out->windows)
        return jc_fail_memory(err);
    for (size_t i = 0; i < rule->n_windows; i++) {
        const Jc__TimeWindow *whole = rule->windows[i];
        int held = __builtin_popcount(year->held & whole->months);
        uint32_t months = whole->months & ~out->blocked;
        if (!months || whole->max <= held)
            continue;
        Jc__TimeWindow *w = JC_NEW(arena, Jc__TimeWindow);
        if (!w)
            return jc_fail_memory(err);
        jc__time_window__init(w);
        w->months = months;
        w->max = whole->max - held;
        w->min = whole->min > held ? whole->min - held : 0;
        out->windows[out->n_windows++] = w;
    }
    return JC_OK;
}

/* Do `visits` of them have a pattern? */
static bool fits(const struct jc_remainder *r, const Jc__ProblemRule *rule, int visits) {
    uint16_t masks[JC_PATTERNS_MAX];
    struct jc_pattern_rule left = {r->windows, r->n_windows, visits, rule->min_gap_months, r->blocked};
    if (rule->n_windows && !r->n_windows)
        return visits == 0; /* every window is over or full */
    return jc_pattern_list(&left, masks) > 0;
}

enum jc_code jc_remainder_of(const Jc__ProblemRule *rule, int due, const struct jc_remainder_year *year,
                             struct jc_arena *arena, struct jc_remainder *out, struct jc_err *err) {
    int held = __builtin_popcount(year->held);
    *out = (struct jc_remainder){.blocked = year->closed};
    out->blocked |= jc_remainder_near(rule, year->held) | jc_remainder_near(rule, year->executed);
    enum jc_code code = cut_windows(rule, year, arena, out, err);
    if (code)
        return code;
    int left = due > held ? due - held : 0;
    out->visits = left;
    while (out->visits > 0 && !fits(out, rule, out->visits)) {
        int min[JC_MONTHS];
        for (size_t w = 0; w < out->n_windows; w++) {
            min[w] = out->windows[w]->min;
            out->windows[w]->min = 0;
        }
        if (fits(out, rule, out->visits))
            break;
        for (size_t w = 0; w < out->n_windows; w++)
            out->windows[w]->min = min[w];
        out->visits--;
    }
    out->missed = left - out->visits;
    return JC_OK;
}
