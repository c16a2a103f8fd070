/* Greedy insertion, behind what a plan to start from brings. Units go in by falling work of the year per
 * freedom (few patterns, much work first), so that what is left over at the end is small and easy; slots,
 * the freest of all, go last. Cost: one pricing for each unit. */
#include "optimizer/construct.h"

#include <stdlib.h>

#include "optimizer/start.h"

enum { UNITS_A_POLL = 256 };

struct hard {
    int64_t key; /* larger: earlier */
    int32_t unit;
};

static int by_key(const void *a, const void *b) {
    const struct hard *x = a, *y = b;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static int64_t slots_placed(const struct jc_state *s, int32_t draw) {
    int64_t placed = 0;
    for (int m = 0; m < JC_MONTHS; m++)
        placed += s->slots[draw * JC_MONTHS + m];
    return placed;
}

/* Where the unit can be, whatever it costs. Joins that choose among the visits need pricing all the same. */
static void place_anywhere(struct jc_pricer *p, int32_t unit) {
    const struct jc_instance *in = p->state->in;
    const struct jc_plan_unit *u = &in->units[unit];
    if (u->partial) {
        jc_price_insert(p, unit);
        return;
    }
    struct jc_place place = {(int32_t)u->first_choice, in->choices[u->first_choice].patterns->masks[0], 0};
    uint16_t joined[JC_MONTHS] = {0};
    for (uint32_t j = 0; j < u->n_joins; j++)
        joined[j] = in->joins[u->first_join + j].visits ? place.months : 0;
    jc_state_place(p->state, unit, place, joined);
}

enum jc_code jc_construct(struct jc_pricer *p, jc_construct_hurry *hurry, void *ctx, struct jc_arena *arena,
                          struct jc_err *err) {
    const struct jc_instance *in = p->state->in;
    struct hard *order = JC_NEW_ARRAY(arena, (size_t)in->n_units + 1, struct hard);
    if (!order)
        return jc_fail_memory(err);
    size_t n = 0;
    if (in->problem->start)
        jc_start_take(p, in->problem->start);
    for (int32_t u = 0; u < in->n_units; u++) {
        const struct jc_plan_unit *unit = &in->units[u];
        int64_t freedom = 0, visits = 0;
        for (uint32_t c = unit->first_choice; c < unit->first_choice + unit->n_choices; c++) {
            freedom += in->choices[c].patterns->n;
            visits = in->choices[c].patterns->visits > visits ? in->choices[c].patterns->visits : visits;
        }
        if (freedom && p->state->place[u].choice < 0)
            order[n++] = (struct hard){(unit->work + 1) * visits * 256 / (freedom + 16), u};
    }
    bool late = hurry(ctx);
    if (n && !late)
        qsort(order, n, sizeof *order, by_key);
    for (size_t i = 0; i < n; i++) {
        if (!late && i % UNITS_A_POLL == 0)
            late = hurry(ctx);
        if (late)
            place_anywhere(p, order[i].unit);
        else
            jc_price_insert(p, order[i].unit);
    }
    for (int32_t d = 0; d < in->n_draws; d++)
        for (int64_t i = slots_placed(p->state, d); i < in->draws[d].sample; i++)
            if (!jc_price_insert_slot(p, d))
                return jc_err_detail((jc_fail(err, JC_INTERNAL, JC_MSG_INTERNAL), err), "draw %d takes no slot", d);
    return JC_OK;
}
