/* Workday lines: the plan's own arithmetic (W2-W7), kept as stated. Plain structs: they stay in the
 * house. What they add up to is plan/audit.h. */
#ifndef JC_STORE_WORKDAY_LINE_H
#define JC_STORE_WORKDAY_LINE_H

#include "db/db.h"

enum { JC_CENTI_ABSENT = -1 }; /* a factor or total that is not filled */

struct jc_workday_line {
    struct jc_str line_id;
    struct jc_str team_id;        /* "": the agency */
    struct jc_str bucket;         /* statutory, supervision, supervision_key, supervision_general,
                                     other_enforcement, non_enforcement */
    struct jc_str parent_line_id; /* "": a top line */
    struct jc_str item;
    int64_t count_centi, persons_centi, days_centi; /* factors */
    struct jc_str formula;
    int64_t stated_centi;
};

/* In the planner's order; texts are the arena's, NUL-terminated. */
enum jc_code jc_workday_line_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                                  struct jc_workday_line **out, size_t *count, struct jc_err *err);
enum jc_code jc_workday_line_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_workday_line *lines,
                                     size_t count, struct jc_err *err);

#endif
