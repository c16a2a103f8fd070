/* Prices of what units share, and what a visit costs at them (formulas (10) and (11) of docs/OPTIMIZER.md).
 *
 * A price is e5, or thousandths of the unit of tier 2 or 3, for each hundredth of a workday of a team in a
 * month, for each visit or unit a quota counts, and for serving a unit that several teams could serve. The
 * owner of the prices sees to it that no product leaves int64. */
#ifndef JC_OPTIMIZER_DUALS_H
#define JC_OPTIMIZER_DUALS_H

#include "optimizer/instance.h"
#include "optimizer/table.h"

struct jc_duals {
    const struct jc_instance *in;
    int64_t *cell;  /* by team * 12 + m: cost of a hundredth of a workday, the price of the year included */
    int64_t *quota; /* by quota: cost of what it counts */
    int64_t *unit;  /* by unit: what serving it earns; read only for units of several teams */
    int64_t travel; /* cost of an opening */
    int64_t fine;   /* prices and costs are counted in 1/fine of an e5, so that prices can be exact enough */
    bool season;    /* risk, preferred months and changes cost something */
};

/* What a relaxed plan uses, in the same places. */
struct jc_usage {
    int64_t *cell;  /* hundredths of a workday */
    int64_t *quota; /* visits or units */
    int64_t *unit;  /* times served; only units of several teams are counted */
};

/* Zero prices, no travel, no seasons, fine = 1. False without memory. */
bool jc_duals_init(struct jc_duals *d, const struct jc_instance *in, struct jc_arena *arena);
bool jc_usage_init(struct jc_usage *u, const struct jc_instance *in, struct jc_arena *arena);
void jc_usage_clear(struct jc_usage *u, const struct jc_instance *in);

/* The sum of the prices of a list's quotas in month m. `list` may be NULL. */
int64_t jc_duals_list(const struct jc_duals *d, const struct jc_month_list *list, int m);

/* The costs of all patterns of the unit's choice, in their order, less than JC_DUALS_NEVER; the unit's own
 * price is left out. Joins and remote visits are chosen as is cheapest. `joins` is room for JC_MONTHS tables
 * of JC_SETS; it is used for units with partial joins only. */
#define JC_DUALS_NEVER (INT64_C(1) << 55)
void jc_duals_patterns(const struct jc_duals *d, const struct jc_plan_unit *u, const struct jc_choice *c,
                       int64_t *joins, int64_t *cost);

/* Adds `times` units with these months, and joins and remote visits as is cheapest. */
void jc_usage_add(struct jc_usage *to, const struct jc_duals *d, const struct jc_plan_unit *u,
                  const struct jc_choice *c, uint32_t months, int64_t times);

/* Adds work of a team in a month, or what the list's quotas count (NULL: nothing). */
void jc_usage_add_list(struct jc_usage *to, const struct jc_month_list *list, int m, int64_t times);

#endif
