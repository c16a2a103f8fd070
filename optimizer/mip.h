/* The month program (month_program.h) solved by GLPK's branch and bound, one component at a time. Small
 * components (a real bureau's) are solved to the proven optimum; large ones are left to the Lagrangian bound.
 *
 * GLPK computes in floating point: a bound of its own counts as proven after 10^-6 of it is taken off and
 * the rest rounded up to the next value a plan can have (formula (22)). The environment is per thread; call
 * jc_mip_end on the thread that used it. */
#ifndef JC_OPTIMIZER_MIP_H
#define JC_OPTIMIZER_MIP_H

#include <stdatomic.h>

#include "optimizer/classes.h"
#include "optimizer/lagrange.h"
#include "optimizer/month_program.h"

struct jc_mip;

/* NULL without memory. */
struct jc_mip *jc_mip_new(const struct jc_instance *in, struct jc_arena *arena);

/* The number of components, and how many columns one's program would have, about. */
int32_t jc_mip_components(const struct jc_mip *mip);
int64_t jc_mip_columns(const struct jc_mip *mip, int32_t component);
int32_t jc_mip_component_of(const struct jc_mip *mip, int32_t team);

/* What no component has a share of: the cost of units that are never visited. */
int64_t jc_mip_resting_e5(const struct jc_mip *mip);

/* Every value of the tier, of whatever plan, is a multiple of this. */
int64_t jc_mip_grain(const struct jc_mip *mip, enum jc_tier tier);

/* Is every cost a multiple of a change's, as when nothing else has a weight? Then values between bound and plan
 * are few, and branch and bound is asked for plans that are better by one change or more. */
bool jc_mip_counts_changes(const struct jc_mip *mip);

/* What came of a component. */
struct jc_mip_result {
    int64_t bound; /* of the component's share of the tier, in the tier's unit */
    bool closed;   /* the share of the plan `best`, or of the better one found, is optimal */
    bool better;   /* `found` holds a better plan */
    int64_t nodes;
    int64_t work; /* of jc_mip_improve, in the search's unit */
};

/* Bounds the tier for one component, starting from the plan `best` with the tiers before it held as there
 * (they must be proven). Stops after `nodes` nodes (0: the relaxation alone) or when *stop becomes true. With
 * `count`, for tiers of few values, it looks for plans below limits just above what is proven, one after the other,
 * and remembers how far it came. A better plan is written to `found`, which must equal `best` on entry. Fails
 * without memory only. */
enum jc_code jc_mip_solve(struct jc_mip *mip, int32_t component, enum jc_tier tier, const struct jc_snapshot *best,
                          int64_t nodes, bool count, const atomic_bool *stop, struct jc_snapshot *found,
                          struct jc_mip_result *out, struct jc_err *err);

/* A better plan that differs from `best` only where `freedom` lets it, by cost; `found` must equal `best` on entry.
 * out->closed: there is none. */
enum jc_code jc_mip_improve(struct jc_mip *mip, int32_t component, const struct jc_freedom *freedom,
                            const struct jc_snapshot *best, int64_t nodes, const atomic_bool *stop,
                            struct jc_snapshot *found, struct jc_mip_result *out, struct jc_err *err);

/* Frees GLPK's environment of this thread. */
void jc_mip_end(void);

#endif
