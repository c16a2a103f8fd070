/* The search: simulated annealing by ruin and recreate over the whole plan.
 *
 * Each move takes a few related visits out (one unit, a team's months, a district-month, a slot) and
 * lets pricing put them back at the present temperature; the true energy decides whether it stays. The
 * best plan by strict tiers is kept beside. A search goes on where it stopped: run it in slices. */
#ifndef JC_OPTIMIZER_SEARCH_H
#define JC_OPTIMIZER_SEARCH_H

#include "optimizer/construct.h"

struct jc_search;

/* A search from the empty plan: construct one, or learn one and restart, before it runs. `seed` and `stream`
 * decide everything it does. Memory is the arena's. NULL without memory. */
struct jc_search *jc_search_new(const struct jc_instance *in, uint64_t seed, uint64_t stream, struct jc_arena *arena);

/* Constructs the first plan; see jc_construct. Fails only without memory. */
enum jc_code jc_search_construct(struct jc_search *s, jc_construct_hurry *hurry, void *ctx, struct jc_arena *arena,
                                 struct jc_err *err);

/* How far the annealing has come: 0 (hot) to JC_ANNEALED (frozen). */
enum { JC_ANNEALED = 1 << 16 };

/* Asked every few dozen moves: how far the annealing is to be now; anything above JC_ANNEALED ends the
 * slice. Called with the work done by the search so far. */
typedef int64_t jc_search_pace(void *ctx, int64_t work);

/* Moves until `pace` says stop. */
void jc_search_run(struct jc_search *s, jc_search_pace *pace, void *ctx);

/* Starts again from the best plan, for another annealing. */
void jc_search_restart(struct jc_search *s);

/* The best plan so far; changes while the search runs. */
const struct jc_snapshot *jc_search_best(const struct jc_search *s);
/* Remembers a plan found elsewhere if it is better, and says whether it is; the search goes on where it is. */
bool jc_search_learn(struct jc_search *s, const struct jc_snapshot *plan);
/* The same, and goes on from it, unless soft: then the plan only has to be good in the end. */
void jc_search_offer(struct jc_search *s, const struct jc_snapshot *plan);

int64_t jc_search_work(const struct jc_search *s);
int64_t jc_search_moves(const struct jc_search *s);

/* The scale of costs: the temperature of a fresh annealing, e5. */
int64_t jc_search_scale(const struct jc_instance *in);

#endif
