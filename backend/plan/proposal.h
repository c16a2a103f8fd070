/* Proposals for one shortfall, as they are gathered (repair_list.c, repair_quota.c), and what they are drawn from:
 * whose visits fill a month. Everything is the arena's; where memory ends, `failed` says so and nothing more is
 * proposed. */
#ifndef JC_PLAN_PROPOSAL_H
#define JC_PLAN_PROPOSAL_H

#include "plan/repair.h"

enum { JC_UNITS_NAMED = 8 }; /* by one repair, at most */

struct jc_proposal {
    Jc__Repair *repair;
    int round;
    size_t order;
};

struct jc_proposing {
    const Jc__Problem *problem;
    const Jc__Solution *plan;
    const struct jc_measure *measure;
    struct jc_lack lack;
    struct jc_past past;
    struct jc_arena *arena, *scratch; /* of the repairs, and of what nobody needs when they are proposed */
    struct jc_proposal list[JC_REPAIRS_MAX];
    size_t n;
    const uint8_t *pinned; /* by unit */
    char **named;          /* the unit left out, for all proposals about it; or NULL */
    bool failed;           /* memory ended */
};

/* A unit the team leads in the month (or year) in question. */
struct jc_load {
    int32_t unit, rule;
    int64_t work; /* within the month, or all year */
    uint32_t months;
};

struct jc_loads {
    struct jc_load *items;
    size_t count, capacity;
};

/* A new proposal, NULL if there are enough or memory ended. Proposals are sorted by round, then as they came. */
Jc__Repair *jc_propose(struct jc_proposing *p, Jc__RepairKind kind, int round);

/* Units the team leads in `month` (0: any), heaviest first. */
void jc_loads_list(struct jc_proposing *p, int team, int month, struct jc_loads *out);

/* The fewest free units whose work reaches the amount: the lightest that does alone, else the heaviest
 * together. Returns how many; 0 if they never reach it. */
size_t jc_loads_choose(const struct jc_proposing *p, const struct jc_loads *loads, size_t out[JC_UNITS_NAMED]);

/* Names the chosen units in the repair; false without memory. */
bool jc_propose_units(struct jc_proposing *p, Jc__Repair *repair, const struct jc_loads *loads, const size_t *chosen,
                      size_t n);

/* Workdays the team has to spare in the month (0: the year); far more than anybody has where there is no limit. */
int64_t jc_propose_spare(const struct jc_proposing *p, int team, int month);

/* Proposes more workdays for the team in the month (0: the year), unless it has no limit there or the month is over. */
void jc_propose_workdays(struct jc_proposing *p, int team, int month, int64_t amount, int round);

/* Other months or bounds for quotas that hold the team's visits in the month it is over. */
void jc_propose_quotas_of_month(struct jc_proposing *p, const struct jc_loads *loads);

/* Repairs of a missed quota. */
void jc_propose_for_quota(struct jc_proposing *p);

#endif
