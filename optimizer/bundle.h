/* The bundle: what evaluations have told so far, as a linear program that proposes the next prices.
 *
 * Each evaluation adds a column for each part (Dantzig-Wolfe). The program's duals maximise this model of the
 * bound within a box around the best prices; the box grows where the model proves right and shrinks where it
 * does not. GLPK solves it in floating point: that is fine, because its prices are only proposals; a bound
 * comes from an evaluation alone. Small problems only, a row for each price. GLPK's environment is the calling
 * thread's; nothing of it is kept between calls. */
#ifndef JC_OPTIMIZER_BUNDLE_H
#define JC_OPTIMIZER_BUNDLE_H

#include "optimizer/relax.h"

struct jc_bundle;

/* Few enough prices and parts, with r->cheapest as told? */
bool jc_bundle_fits(const struct jc_relax *r, bool cheapest);

/* NULL without memory. */
struct jc_bundle *jc_bundle_new(const struct jc_relax *r, struct jc_arena *arena);

/* Starts anew for the tier `r` is at. `reach`: how far the cost of a typical visit may first move, e5. */
void jc_bundle_begin(struct jc_bundle *b, const struct jc_relax *r, double reach);

/* Learns from an evaluation at r's prices. */
void jc_bundle_learn(struct jc_bundle *b, const struct jc_relax *r, const struct jc_parts *parts, int64_t value);

/* Writes the next prices to r. False if the model holds nothing better, or *stop became true. */
bool jc_bundle_propose(struct jc_bundle *b, struct jc_relax *r, const atomic_bool *stop);

/* Work of the last proposal, in the search's unit. */
int64_t jc_bundle_work(const struct jc_bundle *b);

#endif
