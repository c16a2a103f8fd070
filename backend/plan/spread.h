/* Which year each unit is inspected in, over several years (DESIGN section 9.1): how a plan spreads key units
 * over the later years as REGULATION F2 asks. How many years it takes at least is coverage.h's to say.
 *
 * A unit on a rule of one visit in n years is due within n years after its last visit, or within the
 * first n years if none is known, and may come earlier; units on yearly rules come every year. Years are
 * chosen so that every year's work fits the teams' yearly workdays, as even as whole units are; what does
 * not fit comes later than its cycle asks, general units before key ones, and is named. Nobody is left
 * out. Years are counted from 0, the register's own. */
#ifndef JC_PLAN_SPREAD_H
#define JC_PLAN_SPREAD_H

#include "jiancha/v1/plan.pb-c.h"
#include "plan/register.h"

enum {
    JC_SPREAD_MAX = 6,    /* years that are planned, at most */
    JC_SPREAD_BEYOND = 24 /* years that are looked at for what does not fit */
};

struct jc_spread_unit {
    const Jc__Unit *unit;
    int cycle;      /* of years: the longest among its rules; 1: every year */
    int due;        /* the year by which it must come, 0 if that is past */
    uint32_t years; /* in which it comes: bit y; behind those planned only what comes every year or is late */
    int team;       /* that leads it in this reckoning, an index of the register */
    bool key;
    bool kept; /* visits of it stay in year 0 */
    bool late; /* comes behind `due` */
};

struct jc_spread_team {
    int64_t capacity_centi; /* of every year: the year's limit or that of its months together; -1: none */
    int64_t work_centi[JC_SPREAD_BEYOND];
};

struct jc_spread {
    int years;
    struct jc_spread_unit *units; /* with a rule, in the register's order */
    size_t n_units;
    struct jc_spread_team *teams; /* by team */
    size_t cyclic, late, late_key;
    /* Years after which every unit on a rule of years (every key one) has come once: as late as their cycles
     * allow, so it says nothing about how soon they could. */
    int seen_after, seen_after_key;
};

/* `kept` (or NULL) is the plan of the register's year: units with visits that stay in it come then. The
 * arena's. Every unit's `years` is a set in which no gap is longer than its cycle, unless it is late. */
enum jc_code jc_spread_make(const struct jc_register *reg, const Jc__Plan *kept, int years, struct jc_arena *arena,
                            struct jc_spread *out, struct jc_err *err);

/* Does the unit's joining team join in that year? A joining rule of years counts from the last visit that
 * was joined, like the unit's own. */
bool jc_spread_joins(const struct jc_register *reg, const struct jc_spread_unit *unit, size_t joint, int year);

#endif
