/* Amending a plan in force, and whether the change is a major one (REGULATION P5-P8). */
#ifndef JC_PLAN_AMENDMENT_H
#define JC_PLAN_AMENDMENT_H

#include "base/clock.h"
#include "plan/register.h"
#include "store/plan.h"

enum jc_major_kind {
    JC_MAJOR_KEY_UNITS, /* P6(a): the number of key units */
    JC_MAJOR_KEY_SCOPE, /* P6(b): the industries they are in */
    JC_MAJOR_UNITS,     /* P6(c): the number of units inspected, slots of draws included */
    JC_MAJOR_KINDS,
};

/* A plan against the version approved last. */
struct jc_major_change {
    int against; /* that version */
    struct {
        int64_t before, after;
        int64_t limit_percent_centi; /* 0 for the scope: any change */
        bool crossed;                /* strictly more than the limit */
    } of[JC_MAJOR_KINDS];
    struct jc_str industries; /* those that key units entered or left, joined by 、; the arena's */
    bool major;
    struct jc_date due; /* new approval until then (P5), if major */
    size_t missing;     /* units due that have no visit in the plan yet; counted as inspected */
};

/* Measures a plan of the same year against the version approved last, with the thresholds in force on
 * `decided_on` (10 %, 20 %, 30 days where the parameters name none). The plan's units are those with
 * visits, those the register says are due and the plan does not report as left out, and one for each
 * slot. JC_FAILED_PRECONDITION without an approved version. */
enum jc_code jc_plan_change(struct jc_tx *tx, int64_t agency_id, const Jc__Plan *plan, struct jc_date decided_on,
                            struct jc_arena *arena, struct jc_major_change *out, struct jc_err *err);

struct jc_amendment {
    struct jc_str reason;
    struct jc_date decided_on; /* the decision to amend, from which the 30 days run */
    struct jc_str actor;
    int64_t now_ms;
};

/* Makes a draft of the next version with the visits of the one in force, their status, pins and marks
 * included. JC_INVALID_ARGUMENT without a reason, JC_FAILED_PRECONDITION if the newest version is a
 * draft already or none is approved. */
enum jc_code jc_plan_amend(struct jc_tx *tx, int64_t agency_id, const struct jc_amendment *amendment,
                           struct jc_arena *arena, Jc__Plan **out, struct jc_err *err);

#endif
