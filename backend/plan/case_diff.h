/* The difference between two cases: what the database holds and what the files say. */
#ifndef JC_PLAN_CASE_DIFF_H
#define JC_PLAN_CASE_DIFF_H

#include "plan/case.h"

enum jc_case_change_kind { JC_CASE_ADDED, JC_CASE_CHANGED, JC_CASE_REMOVED, JC_CASE_REORDERED };

struct jc_case_change {
    enum jc_case_part part;
    enum jc_case_change_kind kind;
    struct jc_str id;                            /* the row's key; "" for REORDERED */
    const struct jc_case_column *column;         /* of CHANGED; one entry per column that differs */
    struct jc_str old_text, new_text;            /* of CHANGED */
    const struct jc_case_row *old_row, *new_row; /* NULL where there is none */
};

struct jc_case_diff {
    struct jc_case_change *items; /* by part, then in the order of the files, removed rows last */
    size_t count, capacity;
    size_t added[JC_CASE_PARTS], changed[JC_CASE_PARTS], removed[JC_CASE_PARTS]; /* rows */
};

/* Rows are matched by their keys, cells compared as written. Texts and rows are those of the cases and
 * of `arena`. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_case_compare(struct jc_arena *arena, const struct jc_case *old_case, const struct jc_case *new_case,
                             struct jc_case_diff *out, struct jc_err *err);

#endif
