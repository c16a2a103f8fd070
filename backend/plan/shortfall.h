/* What a plan cannot meet, as rows and in the planner's words: which team, month, unit or quota, by how
 * much, which limits bind, and what would repair it. */
#ifndef JC_PLAN_SHORTFALL_H
#define JC_PLAN_SHORTFALL_H

#include "base/msg.h"
#include "model/objective.h"
#include "plan/problem.h"

/* The shortfalls of a measured plan: units left out, then teams over their months and year, then quotas;
 * each in the register's order. Rows are the arena's. */
enum jc_code jc_shortfall_list(const struct jc_plan_problem *pp, const struct jc_measure *measure,
                               struct jc_arena *arena, Jc__Shortfall ***out, size_t *count, struct jc_err *err);

/* One more limit that binds it, at the end of its list; the arena's. `out` NULL: not asked for. */
enum jc_code jc_shortfall_add_limit(Jc__Shortfall *shortfall, Jc__LimitKind kind, struct jc_arena *arena,
                                    Jc__BindingLimit **out, struct jc_err *err);

/* Are two lists the same shortfalls by the same amounts? Explanations are not compared. */
bool jc_shortfalls_equal(Jc__Shortfall *const *a, size_t n_a, Jc__Shortfall *const *b, size_t n_b);

/* "hn-t1-q1 春节前检查": a quota as people read it, cut to the buffer. */
enum { JC_QUOTA_NAME = 200 };
struct jc_str jc_quota_name(const Jc__Quota *quota, char buf[JC_QUOTA_NAME]);

/* "执法2队10月缺14个工作日". */
void jc_shortfall_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg,
                       const Jc__Shortfall *shortfall);
/* One limit that binds it. */
void jc_limit_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__Shortfall *shortfall,
                   const Jc__BindingLimit *limit);
/* One repair, with what it costs. */
void jc_repair_text(struct jc_buf *out, enum jc_lang lang, const struct jc_register *reg, const Jc__Repair *repair);

#endif
