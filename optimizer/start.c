/* Taking over a plan. A unit is taken whole or not at all: its rule and team must be one of its choices,
 * its months one of that choice's patterns, and every join a pattern of its own within those months. */
#include "optimizer/start.h"

/* The run of visits of one unit: [first, end). */
struct run {
    const Jc__Solution *start;
    size_t first, end;
};

/* The choice and months of a run; choice -1 if it is none of the unit's. */
static struct jc_place place_of(const struct jc_instance *in, const struct run *run) {
    const Jc__SolvedVisit *lead = run->start->visits[run->first];
    const struct jc_plan_unit *u = &in->units[lead->unit];
    struct jc_place place = {-1, 0, 0};
    for (size_t i = run->first; i < run->end; i++) {
        const Jc__SolvedVisit *v = run->start->visits[i];
        uint16_t bit = v->month >= 1 && v->month <= JC_MONTHS ? (uint16_t)(1u << (v->month - 1)) : 0;
        if (!bit || place.months & bit || v->rule != lead->rule || v->team != lead->team)
            return place;
        place.months |= bit;
        if (in->has_remote && v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE)
            place.remote |= bit;
    }
    place.remote = jc_remote_visits(u, place.months, place.remote);
    for (uint32_t c = u->first_choice; c < u->first_choice + u->n_choices; c++)
        if (in->choices[c].rule == lead->rule && in->choices[c].team == lead->team &&
            jc_patterns_allow(in->choices[c].patterns, place.months))
            place.choice = (int32_t)c;
    return place;
}

/* The months of each join; false if one of them is not allowed. */
static bool joined_of(const struct jc_instance *in, const struct run *run, uint16_t joined[JC_MONTHS]) {
    const struct jc_plan_unit *u = &in->units[run->start->visits[run->first]->unit];
    for (size_t i = run->first; i < run->end; i++) {
        const Jc__SolvedVisit *v = run->start->visits[i];
        for (size_t k = 0; k < v->n_joints; k++) {
            if (v->joints[k] < 0 || (uint32_t)v->joints[k] >= u->n_joins)
                return false;
            joined[v->joints[k]] |= (uint16_t)(1u << (v->month - 1));
        }
    }
    for (uint32_t j = 0; j < u->n_joins; j++)
        if (!jc_patterns_allow(in->joins[u->first_join + j].patterns, joined[j]))
            return false;
    return true;
}

/* Slots of one draw go in one by one, each only where the windows can still be met behind it. */
static void take_slots_of(struct jc_pricer *p, int32_t draw, int64_t wanted[JC_MONTHS]) {
    for (bool moved = true; moved;) {
        moved = false;
        for (int m = 0; m < JC_MONTHS; m++)
            if (wanted[m] > 0 && jc_price_put_slot(p, draw, m)) {
                wanted[m]--;
                moved = true;
            }
    }
}

static void take_slots(struct jc_pricer *p, const Jc__Solution *start) {
    int32_t before = -1;
    for (size_t i = 0; i < start->n_slots;) {
        int32_t draw = start->slots[i]->draw;
        int64_t wanted[JC_MONTHS] = {0};
        if (draw <= before || draw >= p->state->in->n_draws)
            return;
        before = draw;
        for (; i < start->n_slots && start->slots[i]->draw == draw; i++)
            if (start->slots[i]->month >= 1 && start->slots[i]->month <= JC_MONTHS)
                wanted[start->slots[i]->month - 1]++;
        take_slots_of(p, draw, wanted);
    }
}

int32_t jc_start_take(struct jc_pricer *p, const Jc__Solution *start) {
    const struct jc_instance *in = p->state->in;
    struct run run = {start, 0, 0};
    int32_t taken = 0, before = -1;
    for (; run.first < start->n_visits; run.first = run.end) {
        int32_t unit = start->visits[run.first]->unit;
        uint16_t joined[JC_MONTHS] = {0};
        while (run.end < start->n_visits && start->visits[run.end]->unit == unit)
            run.end++;
        if (unit <= before || unit >= in->n_units)
            break;
        before = unit;
        struct jc_place place = place_of(in, &run);
        if (place.choice < 0 || !joined_of(in, &run, joined))
            continue;
        jc_state_place(p->state, unit, place, joined);
        taken++;
    }
    take_slots(p, start);
    return taken;
}
