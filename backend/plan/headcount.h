/* What a person more or less means for a team's supervision workdays (REGULATION W2, W3, W6, W7). */
#ifndef JC_PLAN_HEADCOUNT_H
#define JC_PLAN_HEADCOUNT_H

#include "plan/register.h"

/* Hundredths of a workday that S = T - O - N wins (loses: negative) if `persons` join (leave) the team:
 *
 *   T  statutory days of the agency times heads; the year's working days where the agency states none
 *   O  other enforcement stays: the work comes from outside, whoever does it
 *   N  lines in which everybody takes part (their persons are the team's heads) go along with the heads,
 *      other lines stay; an N without such lines goes along as a whole
 *
 * A team whose N is not stated keeps what one of its people gives now, A(k) by heads; without an A(k)
 * either, the statutory days alone. Never of the other sign than `persons`. Rounded towards nothing. The
 * team must have heads. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_headcount_gain(const struct jc_register *reg, int team, int64_t persons, int64_t *out_centi,
                               struct jc_err *err);

#endif
