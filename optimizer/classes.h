/* Classes and components: what the integer program counts instead of deciding one by one.
 *
 * Units that differ only in their names form a class; the program asks how many of a class are visited in
 * a month, which removes the symmetry that ruins branch and bound. Counts can always be dealt out to the
 * units again if the rules' windows are intervals: in order of months, one unit after the other, so any
 * interval gives every unit the same number of visits, up to one (formula (20)). Units for which that does
 * not hold are classes of their own.
 *
 * Components are sets of teams that no unit, join or quota links: each is a problem for itself. */
#ifndef JC_OPTIMIZER_CLASSES_H
#define JC_OPTIMIZER_CLASSES_H

#include "optimizer/state.h"

struct jc_class {
    const int32_t *units; /* alike; the first one stands for all */
    int32_t n;
    int32_t component;
    uint32_t first_column; /* choices of the classes before this one */
};

struct jc_classes {
    const struct jc_instance *in;
    struct jc_class *classes;
    int32_t n_classes;
    size_t n_columns; /* choices of all classes, each by its first unit */
    int32_t n_components;
    int32_t *of_team;   /* component by team */
    int32_t *of_quota;  /* component by quota; -1: counts nothing */
    int64_t resting_e5; /* cost of the units that are in no class: visits in force they no longer have */
};

/* NULL without memory. Units that are never visited are in no class. */
struct jc_classes *jc_classes_new(const struct jc_instance *in, struct jc_arena *arena);

/* Deals visits out: `counts[m]` visits in month m to n units, each as many as the others. Unit i gets
 * months[i]. False if some unit would come twice in a month. */
bool jc_classes_deal(const int32_t counts[JC_MONTHS], int32_t n, uint16_t *months);

#endif
