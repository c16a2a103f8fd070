/* The softened energy of a state. Its loads' part is the Moreau envelope of |L - T| shifted by a price, so
 * the prices are the multipliers of an augmented Lagrangian: they move until the loads meet the targets
 * although the parabolas are too flat to hold them there. Its openings' part is t·n / (n + half), which
 * goes to t·[n > 0] with `half`. */
#include "optimizer/soft.h"

#include <stdlib.h>

#include "optimizer/state.h"

enum { PRICE_STEP = 3 /* log2: a deviation moves a price by an eighth of what the parabola charges */ };

bool jc_soft_init(struct jc_soft *soft, const struct jc_instance *in, struct jc_arena *arena) {
    size_t cells = ((size_t)in->n_teams + 1) * JC_MONTHS;
    *soft = (struct jc_soft){0};
    soft->offset = JC_NEW_ARRAY(arena, cells, int64_t);
    soft->price = JC_NEW_ARRAY(arena, cells, int32_t);
    soft->step = JC_NEW_ARRAY(arena, JC_SOFT_STEPS, int64_t);
    return soft->offset && soft->price && soft->step;
}

/* A step of the prices, and what they are as offsets. */
static void move_prices(struct jc_state *s, int width) {
    const struct jc_instance *in = s->in;
    struct jc_soft *soft = &s->soft;
    for (size_t cell = 0; cell < (size_t)in->n_teams * JC_MONTHS; cell++) {
        if (in->target[cell] < 0)
            continue;
        int64_t reach = INT64_C(1) << JC_SOFT_WIDTH_MAX, x = s->load[cell] - in->target[cell];
        x = x > reach ? reach : x < -reach ? -reach : x;
        int64_t price = soft->on ? soft->price[cell] : 0;
        price += x * (JC_SOFT_PRICE_ONE >> PRICE_STEP) / (INT64_C(1) << width);
        price = price > JC_SOFT_PRICE_ONE ? JC_SOFT_PRICE_ONE : price < -JC_SOFT_PRICE_ONE ? -JC_SOFT_PRICE_ONE : price;
        soft->price[cell] = (int32_t)price;
        soft->offset[cell] = price * (INT64_C(1) << width) / JC_SOFT_PRICE_ONE;
    }
}

static void fill_steps(struct jc_soft *soft, int64_t travel_e5, int64_t half) {
    int64_t before = 0;
    for (int64_t n = 0; n < JC_SOFT_STEPS; n++) {
        int64_t visits = (n + 1) << 16;
        int64_t after = (int64_t)((__int128)travel_e5 * visits / (visits + half));
        soft->step[n] = after - before - (n ? 0 : travel_e5);
        before = after;
    }
}

/* The excess from scratch. */
static int64_t count_excess(const struct jc_state *s) {
    const struct jc_instance *in = s->in;
    int64_t excess = 0;
    for (size_t cell = 0; cell < (size_t)in->n_teams * JC_MONTHS; cell++) {
        int64_t x = s->load[cell] - in->target[cell];
        if (in->target[cell] >= 0)
            excess += in->balance_e5 * (jc_soft_deviation(&s->soft, cell, x) - llabs(x));
    }
    for (size_t cell = 0; cell < (size_t)in->n_pairs * JC_MONTHS; cell++)
        for (int32_t n = 0; n < s->visits_in[cell]; n++)
            excess += jc_soft_step(&s->soft, n);
    return excess;
}

void jc_soften(struct jc_state *s, int width, int64_t half) {
    move_prices(s, width);
    s->soft.on = true;
    s->soft.width = width;
    fill_steps(&s->soft, s->in->travel_e5, half);
    s->soft.excess = count_excess(s);
}

void jc_harden(struct jc_state *s) {
    s->soft.on = false;
    s->soft.excess = 0;
}
