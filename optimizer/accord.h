/* Accord: the plan seen twice, by district and by month, and prices that make both views agree
 * (formulas (23)-(26) of docs/OPTIMIZER.md).
 *
 * A block knows in which months a district is open, but its visits may pile up in one of them. A month of a
 * team knows that loads are whole visits within its limit and that a district costs its opening even for one
 * visit, but not which months a unit can take. So every visit and every opening is decided twice, and
 * has a price of its own by which the two decisions are brought together. With all these prices zero the
 * bound is at least that of the blocks alone; any prices give a bound. */
#ifndef JC_OPTIMIZER_ACCORD_H
#define JC_OPTIMIZER_ACCORD_H

#include "optimizer/block.h"

struct jc_accord;

/* `blocks` gives the entries and must outlive it; `grain`: by team, every load is a multiple. NULL without
 * memory. */
struct jc_accord *jc_accord_new(const struct jc_instance *in, const struct jc_blocks *blocks, const int64_t *grain,
                                struct jc_arena *arena);

/* Is the plan small enough to be seen by month? (Loads of few grains, not too many units.) The other
 * functions may only be called if so. */
bool jc_accord_fits(const struct jc_accord *a);

/* All prices zero. */
void jc_accord_begin(struct jc_accord *a);

/* As jc_blocks_team: what the team's blocks cost, with visits and openings at their prices here. */
int64_t jc_accord_blocks(struct jc_accord *a, const struct jc_duals *d, int32_t team,
                         const struct jc_openings *openings, struct jc_usage *usage);

/* What a load of a team's month costs by itself, minus what its price pays for it (formula (15)). */
struct jc_line {
    int64_t target;  /* |load - target| · balance; -1: none */
    int64_t limit;   /* beyond it a hundredth of a workday costs `over` */
    int64_t balance; /* >= 0 */
    int64_t over;    /* >= 0 */
    int64_t price;   /* earned for each hundredth of a workday */
};

/* What month m (0-11) of the team costs at least, if its load is worth `line`: whole visits of the team's
 * units, and up to `others` of any other work (joins, slots). No load passes `top`; `ideal` is the load up to
 * it at which the line is least. *load is the load. */
int64_t jc_accord_month(struct jc_accord *a, int32_t team, int m, const struct jc_line *line, int64_t ideal,
                        int64_t others, int64_t top, int64_t *load);

/* After a whole evaluation: moves every price by about `pace` towards agreement. `travel` is what an opening
 * costs. False if both views agree. */
bool jc_accord_move(struct jc_accord *a, double pace, int64_t travel);

/* Work of one evaluation, in the search's unit. */
int64_t jc_accord_work(const struct jc_accord *a);

#endif
