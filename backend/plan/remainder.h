/* What remains of a rule in the middle of a year: some visits are done or told and stay where they are,
 * some months are over. How many of the others can still find a month, and under which windows? */
#ifndef JC_PLAN_REMAINDER_H
#define JC_PLAN_REMAINDER_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* The year as it stands for one unit; months are 12-bit masks. */
struct jc_remainder_year {
    uint32_t held;     /* with a visit that stays */
    uint32_t executed; /* in which such a visit really took place, if it was another month */
    uint32_t closed;   /* over, or blacked out */
};

struct jc_remainder {
    int visits;       /* that can still be placed */
    int missed;       /* that no month can take any more */
    uint32_t blocked; /* months that none of them may have: closed, held, or too close to one that stays */
    Jc__TimeWindow **windows;
    size_t n_windows;
};

/* Months too close to `months` under the rule's gap, the months themselves included. */
uint32_t jc_remainder_near(const Jc__ProblemRule *rule, uint32_t months);

/* What is left of `due` visits under the rule: as many of them as possible, each in a window of the rule
 * that has room, the rule's gap from the others and from those that stay; minimums of windows hold if
 * they can. Windows are the arena's. Fails only without memory. */
enum jc_code jc_remainder_of(const Jc__ProblemRule *rule, int due, const struct jc_remainder_year *year,
                             struct jc_arena *arena, struct jc_remainder *out, struct jc_err *err);

#endif
