/* Month patterns: the sets of months in which a unit's visits may fall.
 *
 * A pattern is a 12-bit mask, bit m-1 is month m. Whether a pattern is allowed is decided by the rows
 * (2) of DESIGN section 9: as many months as visits, within the windows' bounds, none outside all
 * windows, any two at least max(1, gap) months apart, none blacked out. A unit has at most 924
 * patterns (6 of 12), so they are enumerated wherever they are needed. */
#ifndef JC_MODEL_PATTERN_H
#define JC_MODEL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jiancha/v1/optimizer.pb-c.h"

enum {
    JC_MONTHS = 12,
    JC_MONTHS_ALL = 0xfff,
    JC_PATTERNS_MAX = 924, /* the most patterns one rule can have */
};

/* What decides about a pattern. */
struct jc_pattern_rule {
    Jc__TimeWindow *const *windows; /* none: any month */
    size_t n_windows;
    int visits;        /* 0: the empty pattern alone */
    int gap;           /* below 1 means 1 */
    uint32_t blackout; /* months never used */
};

/* The rule of a unit's option: the rule's windows and gap, `visits` and the unit's blackout. */
struct jc_pattern_rule jc_pattern_rule(const Jc__ProblemRule *rule, int visits, uint32_t blackout);

/* Why a pattern is refused; JC_PATTERN_OK if it is allowed. */
enum jc_pattern_fault {
    JC_PATTERN_OK,
    JC_PATTERN_VISITS,   /* not as many months as visits */
    JC_PATTERN_BLACKOUT, /* a month is blacked out */
    JC_PATTERN_OUTSIDE,  /* a month outside every window */
    JC_PATTERN_WINDOW,   /* too few or too many in a window */
    JC_PATTERN_GAP,      /* two months too close */
};
enum jc_pattern_fault jc_pattern_check(const struct jc_pattern_rule *rule, uint32_t mask);

/* Writes all allowed patterns in ascending order; returns how many (0: no possible month). */
size_t jc_pattern_list(const struct jc_pattern_rule *rule, uint16_t out[JC_PATTERNS_MAX]);

/* Does a joining team that joins in the months of `mask` keep what people were told of the pinned visits? */
static inline bool jc_pattern_keeps_told(const Jc__ProblemJoint *joint, uint32_t pinned, uint32_t mask) {
    return !((mask ^ joint->joined_months) & joint->told_months & pinned);
}

/* The patterns a unit may have under one of its options, in ascending order: those of the option's
 * rule that hold every pinned month of `pinned` and in which every joining team finds its own visits
 * (rule 3), those it was told of among them. The problem must have passed jc_problem_check. */
size_t jc_pattern_of_option(const Jc__Problem *problem, const Jc__ProblemUnit *unit, const Jc__UnitOption *option,
                            uint32_t pinned, uint16_t out[JC_PATTERNS_MAX]);

#endif
