/* Release: a month's visits of the plan in force become tasks (DESIGN section 8). Until then no terminal
 * knows of them (四不两直: names must not lie on terminals for months). */
#ifndef JC_PLAN_RELEASE_H
#define JC_PLAN_RELEASE_H

#include "base/clock.h"
#include "jiancha/v1/task.pb-c.h"
#include "plan/register.h"
#include "store/plan.h"

struct jc_release {
    int month;             /* 1-12 */
    struct jc_str team_id; /* that leads; empty: all */
    struct jc_str actor;
    struct jc_clock clock; /* for task ids */
};

/* Everything is the arena's. */
struct jc_released {
    struct jc_register *reg;
    int version;      /* the one in force */
    Jc__Task **tasks; /* made now */
    size_t n_tasks;
    size_t visits;       /* released now */
    size_t before;       /* of the same month and team, released earlier */
    Jc__Visit **undrawn; /* slots without a unit: they stay in the plan */
    size_t n_undrawn;
};

/* Makes a task for the lead and one for each joining team of every planned visit; due on the month's last
 * day. Visits released before are passed over. JC_FAILED_PRECONDITION without an approved version,
 * JC_NOT_FOUND for an unknown team. */
enum jc_code jc_plan_release(struct jc_tx *tx, int64_t agency_id, const struct jc_release *release,
                             struct jc_arena *arena, struct jc_released *out, struct jc_err *err);

#endif
