/* The audit (测算复核): the plan's own arithmetic recomputed, by the rules of DESIGN section 10 and
 * REGULATION W1-W4. Stated totals are never corrected; a difference is a finding. */
#ifndef JC_PLAN_AUDIT_H
#define JC_PLAN_AUDIT_H

#include "base/msg.h"
#include "plan/workday_tree.h"
#include "store/registry.h"

enum jc_audit_kind {
    JC_AUDIT_SUM,       /* a total and its parts */
    JC_AUDIT_PRODUCT,   /* a total and count x persons x days */
    JC_AUDIT_STATUTORY, /* T and persons x statutory days (W2) */
    JC_AUDIT_BALANCE,   /* S and T - O - N (W3) */
    JC_AUDIT_AGENCY,    /* the agency's T, O, N and those of its teams */
    JC_AUDIT_RATIO,     /* counted and registered persons (W1) */
};

struct jc_audit_finding {
    struct jc_str line_id; /* of a ratio: "bureau" or "brigade" */
    struct jc_str team_id; /* "": the agency */
    struct jc_str item;
    enum jc_audit_kind kind;
    bool direct;              /* else the consequence of other lines */
    int64_t stated_micro;     /* millionths of a workday; of a ratio, of a percent */
    int64_t computed_micro;   /* what the stated figures give, or the recomputed ones where those agree */
    int64_t recomputed_micro; /* with every line below recomputed */
    struct jc_str working;    /* how it was computed: "52+10+2+66" */
    struct jc_str *causes;    /* lines whose own slip it comes from */
    size_t cause_count;
};

struct jc_audit_input {
    const struct jc_workday_line *lines;
    size_t line_count;
    const Jc__Agency *agency;
    Jc__Team *const *teams;
    size_t team_count;
    int64_t bureau_limit_centi, brigade_limit_centi; /* W1, percent; -1: the draft's own */
};

/* Findings in the order of the lines, ratios last; the arena's. JC_RESOURCE_EXHAUSTED without memory. */
enum jc_code jc_audit_run(struct jc_arena *arena, const struct jc_audit_input *input, struct jc_audit_finding **out,
                          size_t *count, struct jc_err *err);

/* The audit of what was imported. Limits of W1 may be set for a province by the parameters
 * counted_ratio_bureau and counted_ratio_brigade (percent), as in force on 1 January of the year. */
enum jc_code jc_audit_load(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_audit_finding **out,
                           size_t *count, struct jc_err *err);

/* "sum", "product" … */
const char *jc_audit_kind_name(enum jc_audit_kind kind);
/* The finding as a planner says it. */
void jc_audit_text(const struct jc_audit_finding *finding, enum jc_lang lang, struct jc_buf *out);

#endif
