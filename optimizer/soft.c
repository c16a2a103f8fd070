/* The softened energy of a state. Its loads' and quotas' parts are Moreau envelopes shifted by prices, so the
 * prices are the multipliers of an augmented Lagrangian: they move until loads meet targets and counts meet
 * quotas although the parabolas are too flat to hold them there. Its openings' part is t·n / (n + half), which
 * goes to t·[n > 0] with `half`. */
#include "optimizer/soft.h"

#include <stdlib.h>
#include <string.h>

#include "optimizer/state.h"

enum { PRICE_STEP = 3 /* log2: a deviation moves a price by an eighth of what the parabola charges */ };

bool jc_soft_init(struct jc_soft *soft, const struct jc_instance *in, struct jc_arena *arena) {
    *soft = (struct jc_soft){0};
    soft->load = JC_NEW_ARRAY(arena, ((size_t)in->n_teams + 1) * JC_MONTHS, struct jc_soft_price);
    soft->count = JC_NEW_ARRAY(arena, (size_t)in->n_quotas + 1, struct jc_soft_price);
    soft->step = JC_NEW_ARRAY(arena, JC_SOFT_STEPS, int64_t);
    return soft->load && soft->count && soft->step;
}

/* --- prices ---------------------------------------------------------------------------------------- */

static int64_t clamp(int64_t x, int64_t most) {
    return x > most ? most : x < -most ? -most : x;
}

/* The shift that a price is at this reach. */
static void shift(struct jc_soft_price *price, int width) {
    price->offset = price->at * (INT64_C(1) << width) / JC_SOFT_PRICE_ONE;
}

/* A step against a deviation. */
static void move_price(struct jc_soft_price *price, int64_t deviation, int width) {
    int64_t x = clamp(deviation, INT64_C(1) << JC_SOFT_WIDTH_MAX);
    int64_t step = x * (JC_SOFT_PRICE_ONE >> PRICE_STEP) / (INT64_C(1) << width);
    price->at = (int32_t)clamp(price->at + step, JC_SOFT_PRICE_ONE);
    shift(price, width);
}

static void move_prices(struct jc_state *s) {
    const struct jc_instance *in = s->in;
    struct jc_soft *soft = &s->soft;
    for (size_t cell = 0; cell < (size_t)in->n_teams * JC_MONTHS; cell++)
        if (in->target[cell] >= 0)
            move_price(&soft->load[cell], s->load[cell] - in->target[cell], soft->softness.load_width);
    for (int32_t q = 0; q < in->n_quotas; q++) {
        struct jc_soft_price *price = &soft->count[q];
        shift(price, soft->softness.count_width);
        int64_t outside = jc_soft_outside(soft, q, s->count[q], in->quota_min[q], in->quota_max[q]);
        move_price(price, outside - price->offset, soft->softness.count_width);
    }
}

/* --- the energy ------------------------------------------------------------------------------------ */

static void fill_steps(struct jc_soft *soft, int64_t travel_e5) {
    int64_t before = 0;
    for (int64_t n = 0; n < JC_SOFT_STEPS; n++) {
        int64_t visits = (n + 1) << 16;
        int64_t after = (int64_t)((__int128)travel_e5 * visits / (visits + soft->softness.half));
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
    for (int32_t q = 0; q < in->n_quotas; q++)
        excess +=
            jc_state_soft_miss(s, q, s->count[q]) - jc_instance_miss(in, q, s->count[q]) * s->soft.softness.miss_e5;
    for (size_t cell = 0; cell < (size_t)in->n_pairs * JC_MONTHS; cell++)
        for (int32_t n = 0; n < s->visits_in[cell]; n++)
            excess += jc_soft_step(&s->soft, n);
    return excess;
}

void jc_soften(struct jc_state *s, const struct jc_softness *softness) {
    struct jc_soft *soft = &s->soft;
    if (!soft->on) {
        memset(soft->load, 0, (size_t)s->in->n_teams * JC_MONTHS * sizeof *soft->load);
        memset(soft->count, 0, (size_t)s->in->n_quotas * sizeof *soft->count);
    }
    soft->on = true;
    soft->softness = *softness;
    move_prices(s);
    fill_steps(soft, s->in->travel_e5);
    soft->excess = count_excess(s);
}

void jc_harden(struct jc_state *s) {
    s->soft.on = false;
    s->soft.excess = 0;
}
