/* The register of an agency in memory, as planning needs it: everything at once, with look-ups.
 *
 * Loaded once a command or job; budget, problem and audit read it. The messages are those of the
 * store's lists, in the planner's order. */
#ifndef JC_PLAN_REGISTER_H
#define JC_PLAN_REGISTER_H

#include "base/index.h"
#include "store/calendar.h"
#include "store/registry.h"
#include "store/unit.h"
#include "store/workday_line.h"

/* B(k,m) as budgets.csv has it for a team; JC_CENTI_ABSENT for a month without a line. */
struct jc_team_budget {
    bool stated; /* the team has a line at all */
    int64_t centi[12];
    int64_t extra_centi[12]; /* of a scenario: on top of headcount x working days, where no line is */
};

struct jc_register {
    struct jc_arena *arena;
    Jc__Agency *agency;
    Jc__Team **teams;
    Jc__Rule **rules;
    Jc__Unit **units;
    Jc__Draw **draws;
    Jc__Quota **quotas;
    size_t n_teams, n_rules, n_units, n_draws, n_quotas;
    /* id -> index in the list */
    struct jc_index *team_index, *rule_index, *unit_index, *draw_index, *quota_index;
    struct jc_team_budget *budgets; /* by team */
    struct jc_workday_line *lines;  /* the workday budget as stated */
    size_t n_lines;
    struct jc_calendar *calendar;
    int year;
    int month_days[12]; /* working days of the agency's year by month */
    int year_days;
};

/* JC_FAILED_PRECONDITION while no case has been imported (the agency has no name), or if the calendar
 * does not know the agency's year. */
enum jc_code jc_register_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_register **out,
                              struct jc_err *err);
/* A register of its own lists, whose rows are still those of `reg`: for a scenario, which replaces the
 * rows it changes and never writes into them. The arena's; NULL without memory. */
struct jc_register *jc_register_copy(const struct jc_register *reg, struct jc_arena *arena);
/* Finds the rows again after rows were added to the lists. False without memory. */
bool jc_register_reindex(struct jc_register *reg);
/* Index in the list, -1 if there is none. */
int jc_register_team(const struct jc_register *reg, const char *team_id);
int jc_register_rule(const struct jc_register *reg, const char *rule_id);
int jc_register_unit(const struct jc_register *reg, const char *unit_id);
int jc_register_draw(const struct jc_register *reg, const char *draw_id);
int jc_register_quota(const struct jc_register *reg, const char *quota_id);

/* Visits the rule asks of the unit in `year` (DESIGN section 9.1): the rule's number, or for a rule of
 * one visit in n years 1 if the last visit is unknown or n years old, else 0. */
int jc_rule_due(const Jc__Rule *rule, const Jc__Unit *unit, int year);

#endif
