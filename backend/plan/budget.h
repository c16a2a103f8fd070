/* The workday budget: what a team may spend, what its plan needs, and the month targets that follow
 * (REGULATION W2-W8, DESIGN section 9.6). Exact: sums are rationals, nothing is rounded before the
 * target's own ½. */
#ifndef JC_PLAN_BUDGET_H
#define JC_PLAN_BUDGET_H

#include "plan/register.h"

enum { JC_BUDGET_ABSENT = -1 };

/* A team's figures for the optimisation problem. */
struct jc_budget_targets {
    int64_t need_centi;       /* need(k); rounded half up where the exact figure is no hundredth */
    int64_t month_centi[12];  /* B(k,m): budgets.csv, else headcount x working days; ABSENT: no limit */
    int64_t year_centi;       /* A(k); ABSENT: no limit */
    bool has_target;          /* false: no target, no deviation */
    int64_t target_centi[12]; /* T(k,m), whole workdays */
};

/* One entry per team of the register, in its order; the arena of the register. JC_OUT_OF_RANGE if a
 * sum leaves 128 bits (nobody's plan does). */
enum jc_code jc_budget_targets(const struct jc_register *reg, struct jc_budget_targets **out, struct jc_err *err);

/* Workdays of a year: the year's limit or those of its 12 months together, whichever is less; ABSENT if neither
 * limits it. `month_centi` NULL: no month does. */
int64_t jc_budget_year(const int64_t *month_centi, int64_t year_centi);

/* T, O, N, S of a team (W2, W3) as the plan states them, JC_BUDGET_ABSENT where it does not, beside
 * what its visits need (W8). */
struct jc_budget_row {
    struct jc_str team_id; /* "": the agency */
    struct jc_str name;
    int64_t headcount;
    int64_t statutory_centi;       /* T */
    int64_t other_centi;           /* O */
    int64_t non_enforcement_centi; /* N */
    int64_t supervision_centi;     /* S as stated: the workday line's, else A(k) */
    bool has_remainder;            /* all of T, O, N are stated */
    int64_t remainder_centi;       /* T - O - N (W3); below zero if they are more than there is */
    int64_t need_centi;            /* the agency's is the sum */
    /* Units to inspect this year (P6): named ones due under a rule, and the samples of draws. A team
     * counts those it leads or may lead; joint_units are those it joins. The agency counts each once. */
    int64_t key_units, general_units, joint_units;
    const struct jc_budget_targets *targets; /* NULL for the agency */
};

struct jc_budget {
    struct jc_budget_row *rows; /* teams in the planner's order, then the agency */
    size_t count;
};

enum jc_code jc_budget_make(const struct jc_register *reg, struct jc_budget *out, struct jc_err *err);

#endif
