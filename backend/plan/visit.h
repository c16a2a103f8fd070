/* What planning asks about visits of a plan, and lists of them in the order in which a unit's stand together. */
#ifndef JC_PLAN_VISIT_H
#define JC_PLAN_VISIT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/plan.pb-c.h"

/* Has somebody outside planning been told of it? It is released, or done already. */
bool jc_visit_is_told(const Jc__Visit *visit);

/* Does it stand where it is with the teams and the mode it has? It is told, or was forced against a rule. */
bool jc_visit_is_fixed(const Jc__Visit *visit);

/* Does the solver have to leave it where it is? It is fixed or pinned, or a slot that a draw has filled. */
bool jc_visit_is_kept(const Jc__Visit *visit);

/* The code of the draw whose slot it is, or else of its unit. */
const char *jc_visit_owner(const Jc__Visit *visit);

/* <0, 0 or >0: units before draws, each by code. */
int jc_visit_owner_cmp(const Jc__Visit *a, const Jc__Visit *b);

/* Do the same teams join it? */
bool jc_visit_same_joined(const Jc__Visit *a, const Jc__Visit *b);

/* Visits of units, then slots of draws, each by code, month and visit id. */
struct jc_visit_list {
    Jc__Visit **visits;
    size_t count;
};

/* The plan's visits in that order; none of NULL. The list is the arena's. Fails without memory. */
enum jc_code jc_visit_list_sort(const Jc__Plan *plan, struct jc_arena *arena, struct jc_visit_list *out,
                                struct jc_err *err);
/* Those of one unit or one draw: a view of the sorted list, found by a binary search. */
struct jc_visit_list jc_visit_list_of(const struct jc_visit_list *sorted, bool draw, const char *owner);

#endif
