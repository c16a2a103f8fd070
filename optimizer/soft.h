/* Softness: a smoother energy to anneal on, which becomes the true cost as it hardens.
 *
 * The true cost has kinks that hold a large plan fast: with every load on its target, no visit can move
 * alone, and a district-month empties only when its last visit leaves. While a state is soft, a load near
 * its target costs what a price and a wide parabola say (formula (9a) of docs/OPTIMIZER.md), and an opening is
 * paid visit by visit, the first ones dearest (9b). Prices follow the loads' deviations, so the targets
 * are met all the same. The totals of a state stay true; only the energy that is annealed differs. */
#ifndef JC_OPTIMIZER_SOFT_H
#define JC_OPTIMIZER_SOFT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct jc_instance;
struct jc_state;

enum {
    JC_SOFT_STEPS = 1024,     /* visits of an opening that are told apart */
    JC_SOFT_WIDTH_MAX = 20,   /* the widest parabola reaches 2^20 hundredths to each side */
    JC_SOFT_PRICE_ONE = 65536 /* the steepest price: one hundredth on costs as much as one off target */
};

struct jc_soft {
    bool on;
    int width;       /* log2 of the parabola's reach, in hundredths */
    int64_t *offset; /* by cell, in hundredths: the price as a shift of the target */
    int32_t *price;  /* by cell, 16-bit fixed point, within JC_SOFT_PRICE_ONE of 0 */
    int64_t *step;   /* by visits there already: the soft price of one more, less the true one; e5 */
    int64_t excess;  /* soft energy of the state minus its cost; 0 when hard */
};

/* All hard. False without memory. */
bool jc_soft_init(struct jc_soft *soft, const struct jc_instance *in, struct jc_arena *arena);

/* Sets how soft the state is: reach 2^width (at most JC_SOFT_WIDTH_MAX), and `half`, the visits (16-bit fixed
 * point, not negative) that pay for half an opening. Prices start at 0 on a hard state and otherwise take
 * a step against the deviation. Costs a few additions for each cell and district-month. */
void jc_soften(struct jc_state *s, int width, int64_t half);
/* Back to the true cost. */
void jc_harden(struct jc_state *s);

/* What stands for |x| while soft: |x| itself beyond the reach, a parabola that meets it there within. */
static inline int64_t jc_soft_deviation(const struct jc_soft *soft, size_t cell, int64_t x) {
    int64_t shifted = x + soft->offset[cell], size = shifted < 0 ? -shifted : shifted;
    return size >> soft->width ? size : ((size * size >> soft->width) + (INT64_C(1) << soft->width)) >> 1;
}

/* The soft price of one more visit where there are n, less the true one. */
static inline int64_t jc_soft_step(const struct jc_soft *soft, int32_t n) {
    return soft->step[n < JC_SOFT_STEPS ? n : JC_SOFT_STEPS - 1];
}

#endif
