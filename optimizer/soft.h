/* Softness: a smoother energy to anneal on, which becomes the true one as it hardens.
 *
 * The true energy has kinks that hold a large plan fast: with every load on its target and every quota met, no
 * visit can move alone, and a district-month empties only when its last visit leaves. While a state is soft, a
 * load near its target and a count near its quota cost what a price and a wide parabola say (formulas (9a) and
 * (9c) of docs/OPTIMIZER.md), and an opening is paid visit by visit, the first ones dearest (9b). Prices follow
 * the deviations, so targets and quotas are met all the same. The totals of a state stay true; only the energy
 * that is annealed differs. */
#ifndef JC_OPTIMIZER_SOFT_H
#define JC_OPTIMIZER_SOFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct jc_instance;
struct jc_state;

enum {
    JC_SOFT_STEPS = 1024,      /* visits of an opening that are told apart */
    JC_SOFT_WIDTH_MAX = 24,    /* the widest parabola reaches 2^24 to each side */
    JC_SOFT_PRICE_ONE = 65536, /* the steepest price: as steep as the energy beyond the reach */
    JC_SOFT_VISIT = 1 << 16,   /* a visit or unit that a quota counts, in the fixed point of its parabola */
};

/* How soft a state is. */
struct jc_softness {
    int load_width;  /* log2 of the parabolas' reach: in hundredths of a workday, … */
    int count_width; /* … and in JC_SOFT_VISIT; at most JC_SOFT_WIDTH_MAX */
    int64_t half;    /* visits (16-bit fixed point, not negative) that pay for half an opening */
    int64_t miss_e5; /* energy of one missed quota: the penalty that goes with the state */
};

/* The price of a load or count. */
struct jc_soft_price {
    int32_t at;     /* within JC_SOFT_PRICE_ONE of 0 */
    int64_t offset; /* the same as a shift of the target, in the parabola's units */
};

struct jc_soft {
    bool on;
    struct jc_softness softness;
    struct jc_soft_price *load;  /* by cell */
    struct jc_soft_price *count; /* by quota */
    int64_t *step;               /* by visits there already: the soft price of one more, less the true one; e5 */
    int64_t excess;              /* soft energy of the state minus its true one; 0 when hard */
};

/* All hard. False without memory. */
bool jc_soft_init(struct jc_soft *soft, const struct jc_instance *in, struct jc_arena *arena);

/* Sets how soft the state is. Prices start at 0 on a hard state; each call moves them a step against the
 * deviations. Costs a few additions for each cell, quota and district-month. */
void jc_soften(struct jc_state *s, const struct jc_softness *softness);
/* Back to the true energy. */
void jc_harden(struct jc_state *s);

/* The Moreau envelope of |x| with reach 2^width, at a size of x. */
static inline int64_t jc_soft_envelope(int64_t size, int width) {
    return size >> width ? size - (INT64_C(1) << width >> 1) : size * size >> (width + 1);
}

/* What stands for |x| while soft, x being what a cell's load lies above its target; hundredths. */
static inline int64_t jc_soft_deviation(const struct jc_soft *soft, size_t cell, int64_t x) {
    int64_t shifted = x + soft->load[cell].offset;
    return jc_soft_envelope(shifted < 0 ? -shifted : shifted, soft->softness.load_width);
}

/* How far a count of n, shifted by its price, lies outside of what its quota allows: below 0 if too low. */
static inline int64_t jc_soft_outside(const struct jc_soft *soft, int32_t quota, int64_t n, int64_t min, int64_t max) {
    int64_t x = n * JC_SOFT_VISIT + soft->count[quota].offset, low = min * JC_SOFT_VISIT, high = max * JC_SOFT_VISIT;
    return x < low ? x - low : x > high ? x - high : 0;
}

/* What a quota that counts n costs while soft, e5. */
static inline int64_t jc_soft_miss(const struct jc_soft *soft, int32_t quota, int64_t n, int64_t min, int64_t max) {
    int64_t outside = jc_soft_outside(soft, quota, n, min, max), size = outside < 0 ? -outside : outside;
    return (int64_t)((__int128)soft->softness.miss_e5 * jc_soft_envelope(size, soft->softness.count_width) /
                     JC_SOFT_VISIT);
}

/* The soft price of one more visit where there are n, less the true one. */
static inline int64_t jc_soft_step(const struct jc_soft *soft, int32_t n) {
    return soft->step[n < JC_SOFT_STEPS ? n : JC_SOFT_STEPS - 1];
}

#endif
