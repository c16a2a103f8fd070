/* Steps towards the best prices: Adam (Kingma and Ba 2015) on the slopes of a Lagrangian.
 *
 * Every price moves by about the pace, towards where its slope has pointed lately; ordinary subgradient steps
 * stay some percent lower (docs/OPTIMIZER.md). Doubles decide where to look, never what is proven. */
#ifndef JC_OPTIMIZER_ADAM_H
#define JC_OPTIMIZER_ADAM_H

#include <math.h>
#include <stdint.h>

#define JC_ADAM_KEEP_MEAN 0.9
#define JC_ADAM_KEEP_SQUARE 0.95

/* What one price remembers; zero at the start of a cycle. */
struct jc_adam {
    double mean, square; /* of late slopes */
};

/* How much of the memories of a cycle is still its zero start. */
struct jc_adam_age {
    double mean_left, square_left;
};

static inline struct jc_adam_age jc_adam_begin(void) {
    return (struct jc_adam_age){1, 1};
}

/* Once before the prices of a step move. */
static inline void jc_adam_age(struct jc_adam_age *age) {
    age->mean_left *= JC_ADAM_KEEP_MEAN;
    age->square_left *= JC_ADAM_KEEP_SQUARE;
}

/* The step of a price with this slope, in paces. */
static inline double jc_adam_step(struct jc_adam *a, const struct jc_adam_age *age, double slope) {
    a->mean = JC_ADAM_KEEP_MEAN * a->mean + (1 - JC_ADAM_KEEP_MEAN) * slope;
    a->square = JC_ADAM_KEEP_SQUARE * a->square + (1 - JC_ADAM_KEEP_SQUARE) * slope * slope;
    double mean = a->mean / (1 - age->mean_left), square = a->square / (1 - age->square_left);
    return mean / (sqrt(square) + 1e-3);
}

/* A price after such a step, whole and within its limits. */
static inline int64_t jc_adam_price(double price, int64_t least, int64_t most) {
    return (int64_t)llround(price < (double)least ? (double)least : price > (double)most ? (double)most : price);
}

#endif
