/* Pricing: what it would cost to visit a unit that is out of the plan, for every choice and month, and
 * which pattern to take.
 *
 * The price of a pattern is the sum of its months' prices: exact except where one quota spans two of
 * the months or a join falls into the lead's own cell (then the search looks at the true energy). With a
 * temperature, each pattern is chosen with the probability exp(-price / temperature) gives it (Gumbel
 * noise on every price), which is a step that needs no rejection; at temperature 0 the cheapest wins. */
#ifndef JC_OPTIMIZER_PRICE_H
#define JC_OPTIMIZER_PRICE_H

#include "optimizer/random.h"
#include "optimizer/state.h"

struct jc_pricer {
    struct jc_state *state;
    struct jc_penalties penalties;
    struct jc_random random;
    struct jc_noise noise;
    int64_t temperature; /* e5 */
    int32_t closed_pair; /* with the month below: not to be used if possible; -1: none */
    int32_t closed_month;
    int64_t work; /* visits priced so far */
};

/* Puts a unit that is out into the plan where pricing says. Returns the predicted energy added. The
 * unit must have a choice. */
int64_t jc_price_insert(struct jc_pricer *p, int32_t unit);

/* Puts one more slot of the draw where pricing says, within its windows (after `taken` others are still
 * to come). False if no month can take it. */
bool jc_price_insert_slot(struct jc_pricer *p, int32_t draw);
/* Puts one more slot of the draw into month m (0-11). False if it cannot lie there. */
bool jc_price_put_slot(struct jc_pricer *p, int32_t draw, int m);

#endif
