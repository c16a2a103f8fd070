/* The workday lines as the tree their parents make, with what each adds up to (DESIGN section 10,
 * Audit). Amounts here are millionths of a workday, so that a product of three factors with two
 * decimals is exact. */
#ifndef JC_PLAN_WORKDAY_TREE_H
#define JC_PLAN_WORKDAY_TREE_H

#include "base/index.h"
#include "store/workday_line.h"

enum { JC_MICRO_PER_CENTI = 10000 };

/* An amount that may be absent. */
struct jc_amount {
    bool known;
    int64_t micro;
};

struct jc_workday_node {
    const struct jc_workday_line *line;
    int parent, first_child, next_sibling; /* indices; -1: none */
    struct jc_amount stated;
    struct jc_amount own;   /* product of the factors filled, an empty one counts as 1 */
    struct jc_amount local; /* children as stated, else own */
    struct jc_amount deep;  /* children recomputed to the leaves, else own, else stated */
};

struct jc_workday_tree {
    struct jc_workday_node *nodes; /* in the order of the lines */
    size_t count;
};

/* The arena's; the lines are borrowed. Children of a statutory line are its split: it counts as
 * childless. A line in a circle of parents (import refuses them) has no local and no deep.
 * JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_workday_tree_build(struct jc_arena *arena, const struct jc_workday_line *lines, size_t count,
                                   struct jc_workday_tree *out, struct jc_err *err);

bool jc_workday_is_statutory(const struct jc_workday_node *node);
/* A top line of a bucket: it has no parent, or a statutory one. */
bool jc_workday_is_top(const struct jc_workday_tree *tree, const struct jc_workday_node *node);

/* The top lines of a bucket of a team ("": the agency) together. `first` is NULL if there is none; a
 * sum is unknown if one of its parts is. */
struct jc_workday_top {
    const struct jc_workday_node *first;
    struct jc_amount stated, deep;
};
struct jc_workday_top jc_workday_top(const struct jc_workday_tree *tree, struct jc_str team_id, struct jc_str bucket);

struct jc_amount jc_amount_add(struct jc_amount a, struct jc_amount b);      /* unknown on overflow */
struct jc_amount jc_amount_subtract(struct jc_amount a, struct jc_amount b); /* unknown on overflow */
bool jc_amount_equal(struct jc_amount a, struct jc_amount b);                /* both known and the same */

#endif
