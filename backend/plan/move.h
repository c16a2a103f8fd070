/* Changing a draft by hand: another month, another lead team, pinned or not.
 *
 * A move is refused, with the reason in words, if it breaks a hard rule (window, gap, blackout, lead
 * team, joint visits), puts a team further over its month or year, or makes a quota worse. `force` does
 * it all the same and records who and why; a moved visit is pinned, so solving again leaves it there. */
#ifndef JC_PLAN_MOVE_H
#define JC_PLAN_MOVE_H

#include "plan/problem.h"

struct jc_move {
    struct jc_str visit_id;
    int month;          /* 0: as it is */
    struct jc_str team; /* for all visits of the unit, which one team leads; empty: as it is */
    bool force;
    struct jc_str reason; /* of the force */
    struct jc_str actor;
    int64_t now_ms;
};

struct jc_moved {
    Jc__Plan *plan;   /* behind the move, with summary and shortfalls */
    Jc__Visit *visit; /* the one that moved */
    struct jc_register *reg;
    bool forced; /* a rule is broken; `broken` says which */
    struct jc_err broken;
};

/* Moves a visit of the newest version, which must be a draft, and stores what the plan is worth then.
 * JC_NOT_FOUND (visit, team), JC_INVALID_ARGUMENT (month; force without a reason),
 * JC_FAILED_PRECONDITION (not a draft; released or done; a rule). */
enum jc_code jc_plan_move(struct jc_tx *tx, int64_t agency_id, const struct jc_move *move, struct jc_arena *arena,
                          struct jc_moved *out, struct jc_err *err);

/* Pins a visit of the draft where it is, or frees it. *out is the visit. A forced visit stays pinned:
 * JC_FAILED_PRECONDITION. */
enum jc_code jc_plan_pin(struct jc_tx *tx, int64_t agency_id, struct jc_str visit_id, bool pinned, struct jc_str actor,
                         int64_t now_ms, struct jc_arena *arena, Jc__Visit **out, struct jc_err *err);

#endif
