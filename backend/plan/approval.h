/* The approval of a plan (P3): a draft becomes the version in force and is frozen. */
#ifndef JC_PLAN_APPROVAL_H
#define JC_PLAN_APPROVAL_H

#include "base/clock.h"
#include "plan/register.h"
#include "store/plan.h"

struct jc_approval {
    struct jc_str document_no;
    struct jc_str approved_by; /* the next higher department, or the own government */
    struct jc_date approved_on;
    struct jc_str actor;
    int64_t now_ms;
};

struct jc_approved {
    Jc__Plan *plan; /* with its visits, measured again, and shortfalls */
    struct jc_register *reg;
    int superseded;       /* the version in force before; 0: none */
    size_t recalled;      /* released visits that changed: their tasks are taken back (plan/recall.h) */
    size_t uncovered_key; /* key units of the register without a visit (F1, F2) */
};

/* Approves the newest version, which must be a draft that fits the register; what it is worth is measured
 * again, and its units are remembered as the register describes them now (P6). JC_INVALID_ARGUMENT for
 * an empty text, JC_FAILED_PRECONDITION if it is no draft or does not fit. */
enum jc_code jc_plan_approval(struct jc_tx *tx, int64_t agency_id, const struct jc_approval *approval,
                              struct jc_arena *arena, struct jc_approved *out, struct jc_err *err);

#endif
