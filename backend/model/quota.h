/* Which quotas a visit or a slot counts for (rule 4 of DESIGN section 9).
 *
 * `rule` quotas are found by rule, `draw` quotas by draw, `group` quotas by unit. Whether the month,
 * the team and the mode fit is asked afterwards, with the quota's own fields. */
#ifndef JC_MODEL_QUOTA_H
#define JC_MODEL_QUOTA_H

#include "base/arena.h"
#include "base/err.h"
#include "jiancha/v1/optimizer.pb-c.h"

/* Quota indices, ascending, each once. */
struct jc_quota_list {
    const int32_t *ids;
    size_t n;
};

struct jc_quota_index {
    const struct jc_quota_list *of_rule; /* by rule: quotas of scope rule */
    const struct jc_quota_list *of_draw; /* by draw: quotas of scope draw, and of scope rule by the draw's rule */
    const struct jc_quota_list *of_unit; /* by unit: quotas of scope group */
};

/* The problem must have passed jc_problem_check. Memory is the arena's. */
enum jc_code jc_quota_index_build(const Jc__Problem *problem, struct jc_arena *arena, struct jc_quota_index *out,
                                  struct jc_err *err);

/* How far a count is outside the quota's bounds; 0 if it holds. */
int64_t jc_quota_miss(const Jc__ProblemQuota *quota, int64_t counted);

#endif
