/* The change notice of a re-planned version: which visits differ from the plan in force, and why (P8).
 *
 * Visits are known by their id in every version, so each visit of the new plan takes the id of the one it
 * continues: first those that stay in month and team, then the others of the same unit in order of months. */
#ifndef JC_PLAN_NOTICE_H
#define JC_PLAN_NOTICE_H

#include "base/msg.h"
#include "plan/problem.h"

enum jc_notice_kind {
    JC_NOTICE_MOVED,   /* another month or lead team */
    JC_NOTICE_ADDED,   /* the plan in force does not have it */
    JC_NOTICE_DROPPED, /* the new plan does not have it */
    JC_NOTICE_JOINED,  /* month and lead stay, other teams join; not counted as a change */
};

enum jc_notice_why {
    JC_NOTICE_MISSED,       /* not done in its month */
    JC_NOTICE_WINDOW_OVER,  /* the same, and no month can take it any more */
    JC_NOTICE_NEW_UNIT,     /* the plan in force does not have the unit */
    JC_NOTICE_RULE_CHANGED, /* the unit's rule asks for another number of visits */
    JC_NOTICE_NOT_PLANNED,  /* nobody asks for visits of the unit or draw any more */
    JC_NOTICE_TEAM,         /* the team does not lead the unit any more, or has nobody */
    JC_NOTICE_BLACKOUT,     /* the month is blacked out now */
    JC_NOTICE_PATTERN,      /* window or gap no longer allow the month */
    JC_NOTICE_ROOM,         /* it makes room: workdays, year or quotas */
    JC_NOTICE_WHYS,
};

struct jc_notice_row {
    enum jc_notice_kind kind;
    enum jc_notice_why why;
    const Jc__Visit *from; /* of the plan in force; NULL if added */
    const Jc__Visit *to;   /* of the new plan; NULL if dropped */
    bool told;             /* `from` is on terminals: its tasks are taken back at the approval */
};

struct jc_notice {
    struct jc_notice_row *rows; /* units, then draws, by id and month */
    size_t count;
    int64_t changes; /* rows that are not JOINED */
};

/* Compares `plan`, made from the problem, with the plan in force, and gives its visits their ids; slots that
 * were drawn keep their unit. Rows point into both plans; memory is the arena's. */
enum jc_code jc_notice_make(const struct jc_plan_problem *pp, Jc__Plan *plan, struct jc_arena *arena,
                            struct jc_notice *out, struct jc_err *err);

/* "原定3月未检查". */
void jc_notice_why_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                        const struct jc_notice_row *row);

#endif
