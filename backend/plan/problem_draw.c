/* Draws of the problem: slots that stay where they are are pinned, and in the middle of the year the windows
 * are cut so that months which are over hold exactly those. */
#include <string.h>

#include "model/pattern.h"
#include "plan/problem_builder.h"
#include "plan/visit.h"

static enum jc_code push_window(struct jc_builder *b, Jc__ProblemDraw *d, uint32_t months, int min, int max) {
    if (!months || !max)
        return JC_OK;
    JC_BUILDER_MAKE(b, w, Jc__TimeWindow, jc__time_window__init);
    w->months = months;
    w->min = min;
    w->max = max;
    d->windows[d->n_windows++] = w;
    return JC_OK;
}

static int held_in(const int held[12], uint32_t months) {
    int sum = 0;
    for (int m = 0; m < 12; m++)
        sum += months >> m & 1 ? held[m] : 0;
    return sum;
}

/* Can the sample be spread over the windows, with what is held in open months inside them? */
static bool windows_hold(const Jc__ProblemDraw *d, const int held[12]) {
    int64_t least = 0, most = 0;
    uint32_t covered = 0;
    for (size_t i = 0; i < d->n_windows; i++) {
        const Jc__TimeWindow *w = d->windows[i];
        int inside = held_in(held, w->months);
        if (inside > w->max)
            return false;
        least += inside > w->min ? inside : w->min;
        most += w->max;
        covered |= w->months;
    }
    return !held_in(held, ~covered & JC_MONTHS_ALL) && least <= d->sample && d->sample <= most;
}

/* A draw's windows in the middle of the year: closed months hold exactly the slots that stay there, open
 * ones what their window leaves. If that cannot hold the sample (slots were missed and their window is
 * over), any open month will do. */
static enum jc_code cut_draw_windows(struct jc_builder *b, Jc__ProblemDraw *d) {
    const Jc__Plan *kept = b->out->kept;
    Jc__TimeWindow year = JC__TIME_WINDOW__INIT, *whole = &year, **rows = d->n_windows ? d->windows : &whole;
    size_t n = d->n_windows ? d->n_windows : 1;
    int held[12] = {0};
    enum jc_code code = JC_OK;
    year.months = JC_MONTHS_ALL;
    year.max = d->sample;
    for (size_t i = 0; i < kept->n_visits; i++)
        if (strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && jc_visit_is_kept(kept->visits[i]))
            held[kept->visits[i]->month - 1]++;
    d->windows = JC_NEW_ARRAY(b->arena, n + 13, Jc__TimeWindow *);
    if (!d->windows)
        return jc_fail_memory(b->err);
    d->n_windows = 0;
    for (int m = 0; !code && m < 12; m++)
        if (b->closed >> m & 1)
            code = push_window(b, d, 1u << m, held[m], held[m]);
    size_t closed = d->n_windows;
    for (size_t i = 0; !code && i < n; i++) {
        int past = held_in(held, rows[i]->months & b->closed);
        int least = rows[i]->min > past ? rows[i]->min - past : 0, most = rows[i]->max > past ? rows[i]->max - past : 0;
        code = push_window(b, d, rows[i]->months & ~b->closed, least, most);
    }
    if (code || windows_hold(d, held))
        return code;
    d->n_windows = closed;
    return push_window(b, d, ~b->closed & JC_MONTHS_ALL, 0, d->sample);
}

/* Pins the slots that stay where they are: those filled or fixed, or all of them if one was forced. */
static enum jc_code pin_slots(struct jc_builder *b, int32_t index, Jc__ProblemDraw *d) {
    const Jc__Plan *kept = b->out->kept;
    enum jc_code code = JC_OK;
    bool forced = false;
    for (size_t i = 0; kept && i < kept->n_visits; i++)
        forced |= strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && *kept->visits[i]->forced_by;
    if (forced)
        d->n_windows = 0;
    for (size_t i = 0; !code && kept && i < kept->n_visits; i++)
        if (strcmp(kept->visits[i]->draw_id, d->draw_id) == 0 && (forced || jc_visit_is_kept(kept->visits[i])))
            code = jc_builder_pin_slot(b, index, kept->visits[i]->month);
    return code;
}

enum jc_code jc_builder_add_draws(struct jc_builder *b) {
    enum jc_code code = JC_OK;
    b->problem->draws = JC_NEW_ARRAY(b->arena, b->reg->n_draws + 1, Jc__ProblemDraw *);
    if (!b->problem->draws)
        return jc_fail_memory(b->err);
    for (size_t i = 0; !code && i < b->reg->n_draws; i++) {
        const Jc__Draw *draw = b->reg->draws[i];
        JC_BUILDER_MAKE(b, d, Jc__ProblemDraw, jc__problem_draw__init);
        d->draw_id = draw->draw_id;
        d->team = jc_register_team(b->reg, draw->team_id);
        d->rule = jc_register_rule(b->reg, draw->rule_id);
        d->sample = draw->sample;
        d->work_centi = (int64_t)draw->persons * draw->days_centi;
        d->windows = draw->windows;
        d->n_windows = draw->n_windows;
        if (d->team < 0)
            return jc_builder_unknown(b, "team", draw->team_id);
        if (jc_register_unit(b->reg, draw->draw_id) >= 0) /* visit ids are made of either */
            return jc_fail(b->err, JC_FAILED_PRECONDITION, JC_MSG_PROBLEM_DRAW_IS_UNIT, jc_str(draw->draw_id));
        b->problem->draws[b->problem->n_draws++] = d;
        if (b->out->in_force)
            code = cut_draw_windows(b, d);
        if (!code)
            code = pin_slots(b, (int32_t)i, d);
    }
    return code;
}
