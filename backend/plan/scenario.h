/* A register that differs from the stored one: what a planner asks "what if" about. Repairs of a shortfall
 * change single rows of the problem (variant.h). Pure: the register in memory goes in, another comes out,
 * and nothing is written.
 *
 * What a change means is what importing it would mean (DESIGN section 10). A person more or less changes
 * the workdays as REGULATION W2, W3 and W7 have it: statutory days by heads, other enforcement as it is
 * (the work comes from outside), non-enforcement days along with the heads (duty, study and leave are
 * each person's own); what remains is the year's limit. Months without a line in budgets.csv have heads
 * times working days; stated ones get the supervision days won or lost, spread by working days. */
#ifndef JC_PLAN_SCENARIO_H
#define JC_PLAN_SCENARIO_H

#include "base/msg.h"
#include "jiancha/v1/plan.pb-c.h"
#include "plan/register.h"

enum jc_change_kind {
    JC_CHANGE_HEADCOUNT,    /* `id` is a team: `amount` persons more (or fewer, if negative) */
    JC_CHANGE_BUDGET,       /* `id` is a team: `amount` hundredths of a workday more in `month` (0: the year) */
    JC_CHANGE_RULE,         /* `id` is a rule: takes the `fields` of `rule` */
    JC_CHANGE_ADD_UNITS,    /* `amount` units like those on rule `id` ("": on any) led by `team` ("": by any) */
    JC_CHANGE_DROP_TEAM,    /* `id` is a team: it inspects nothing any more */
    JC_CHANGE_LEAD_TEAM,    /* `id` is a unit: `team` may lead it too */
    JC_CHANGE_QUOTA_MONTHS, /* `id` is a quota: counted in `months` */
};

enum { JC_CHANGE_VISITS = 1, JC_CHANGE_WINDOWS = 2, JC_CHANGE_GAP = 4 }; /* fields of a rule */

struct jc_change {
    enum jc_change_kind kind;
    struct jc_str id, team;
    int64_t amount;
    int month;
    uint32_t months;
    unsigned fields;
    const Jc__Rule *rule; /* visits and cycle_years, windows, min_gap_months; as far as `fields` says */
};

/* How a change was understood, in words. */
struct jc_scenario_note {
    enum jc_msg what;
    struct jc_str args[6];
};

/* Codes of units or draws, in the register's order. */
struct jc_scenario_ids {
    struct jc_str *items;
    size_t count, capacity;
};

struct jc_scenario {
    struct jc_register *reg; /* changed; teams, rules, quotas and draws keep their places, added units stand last */
    const Jc__Plan *kept;    /* the visits that stay where they are in it */
    struct {
        struct jc_scenario_note *items;
        size_t count, capacity;
    } notes;
    struct jc_scenario_ids moved;  /* units that other teams may lead, which a dropped team led */
    struct jc_scenario_ids nobody; /* units that nobody may lead any more: they are left out */
    struct jc_scenario_ids stayed; /* units with visits released or done by a dropped team: they stay with it */
    struct jc_scenario_ids alone;  /* units that a dropped team joins no more */
    struct jc_scenario_ids draws;  /* draws a dropped team took: they need another team */
    struct jc_scenario_ids added;
};

/* Applies the changes, one after the other. `kept` may be NULL; where a team is dropped, visits by it
 * that are neither released nor done are free again. Everything is the arena's and borrows from `reg` and
 * `kept`. Teams and units are known by code, or by name if only one has it. JC_NOT_FOUND names a team, rule,
 * unit or quota that does not exist, JC_FAILED_PRECONDITION a change that means nothing (fewer than no
 * persons; a name that several have; heads or workdays where no limit is stated; anything for a team that a
 * change before it dropped). */
enum jc_code jc_scenario_make(const struct jc_register *reg, const Jc__Plan *kept, const struct jc_change *changes,
                              size_t n_changes, struct jc_arena *arena, struct jc_scenario *out, struct jc_err *err);

#endif
