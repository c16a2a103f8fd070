/* Gomory's mixed integer cuts, one at a time (Gomory 1960; Balas, Ceria, Cornuejols and Natraj 1996).
 *
 * GLPK's own generator makes a whole round without asking anybody, which on larger programs takes
 * seconds. This one is called from the callback of branch and bound and stops between two cuts. */
#ifndef JC_OPTIMIZER_GOMORY_H
#define JC_OPTIMIZER_GOMORY_H

#include <glpk.h>
#include <stdatomic.h>

/* The generator of one branch and bound. */
struct jc_gomory {
    int node;   /* the node of the last call */
    int rounds; /* cuts were made for it so many times */
};

/* Adds cuts that the present node's LP solution violates, the most fractional variables first. To be
 * called for GLP_ICUTGEN. Adds none without memory. */
void jc_gomory_add(struct jc_gomory *g, glp_tree *tree, const atomic_bool *stop);

#endif
