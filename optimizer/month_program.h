/* The month program: DESIGN section 9 as an integer program over classes of units (formulas (17)-(21) of
 * docs/OPTIMIZER.md), one component and one tier at a time, and the way back from its values to a plan.
 *
 * Columns count units on a choice and their visits by month; which unit comes when is dealt out afterwards,
 * which is always possible. Tiers before the one asked for are held at what they are in the best plan. */
#ifndef JC_OPTIMIZER_MONTH_PROGRAM_H
#define JC_OPTIMIZER_MONTH_PROGRAM_H

#include "optimizer/capacity.h"
#include "optimizer/classes.h"
#include "optimizer/lagrange.h"
#include "optimizer/program.h"

/* The columns of a class on one choice. */
struct jc_month_columns {
    int y;                          /* units on this choice */
    int x[JC_MONTHS], v[JC_MONTHS]; /* visits, remote ones; 0: none */
};

/* A row that gathers a load or a count, with what the best plan puts there. */
struct jc_month_gather {
    int row;
    double value;
};

/* What may change when a program is built around a plan (polish.h); all else stays as in the plan. */
struct jc_freedom {
    uint16_t *unit; /* by unit: months that may change */
    bool *choice;   /* by unit: its choice may change */
    bool *draw;     /* by draw */
};

struct jc_month_program {
    const struct jc_instance *in;
    struct jc_classes *classes;
    struct jc_capacity *capacity; /* by pair; the caller fills it before building */

    const struct jc_freedom *freedom; /* NULL: everything may change */

    /* what is built */
    int32_t component;
    enum jc_tier tier;
    const struct jc_snapshot *best;
    struct jc_program program;
    struct jc_month_columns *of_choice; /* by class (first_column), then choice */
    int (*of_join)[JC_MONTHS];          /* partial joins: by join */
    int *slots;                         /* by draw * 12 + m */
    int *opening;                       /* by pair * 12 + m */
    struct jc_month_gather *cell, *quota;
    int limit_row;     /* without terms, for limits on the tier's value */
    double over, miss; /* the component's share of tiers 2 and 3 in the best plan */
};

/* An empty program with room for any component. False without memory. */
bool jc_month_program_init(struct jc_month_program *m, const struct jc_instance *in, struct jc_arena *arena);

/* Builds the program of a component and a tier, every column with its value in the plan `best`, which must
 * stay as long as the program is used. m->program.failed without memory; free it with jc_program_free. */
void jc_month_program_build(struct jc_month_program *m, int32_t component, enum jc_tier tier,
                            const struct jc_snapshot *best);

/* Writes GLPK's plan for the component into `found`, all but its totals. False if the values are no plan. */
bool jc_month_program_read(const struct jc_month_program *m, glp_prob *lp, struct jc_snapshot *found);

#endif
