/* Lines: what the load of a team's month or year costs by itself, minus what its price pays for it
 * (formula (15) of docs/OPTIMIZER.md). A convex function with corners at the target and the limit. */
#ifndef JC_OPTIMIZER_LINE_H
#define JC_OPTIMIZER_LINE_H

#include <stdint.h>

struct jc_line {
    int64_t target;  /* |x - target| · balance; -1: none */
    int64_t limit;   /* beyond it a hundredth of a workday costs `over` */
    int64_t balance; /* >= 0 */
    int64_t over;    /* >= 0 */
    int64_t price;   /* earned for each hundredth of a workday */
};

/* The line's value at load x, hundredths of a workday. */
int64_t jc_line_at(const struct jc_line *f, int64_t x);

/* Its least value over x in {0, grain, 2 grain, …} up to `top`; *at is the x. */
int64_t jc_line_minimum(const struct jc_line *f, int64_t top, int64_t grain, int64_t *at);

/* How far a value lies beyond a limit; 0 if it does not. */
static inline int64_t jc_beyond(int64_t value, int64_t limit) {
    return value > limit ? value - limit : 0;
}

#endif
