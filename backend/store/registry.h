/* The rest of the register: teams, inspectors, rules, quotas, draws, checklists, month budgets,
 * parameters. Each list is in the planner's order. Units have a module of their own. */
#ifndef JC_STORE_REGISTRY_H
#define JC_STORE_REGISTRY_H

#include "base/clock.h"
#include "db/db.h"
#include "jiancha/v1/registry.pb-c.h"

enum jc_code jc_team_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Team ***out, size_t *count,
                          struct jc_err *err);
enum jc_code jc_team_get(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_arena *arena,
                         Jc__Team **out, struct jc_err *err);
enum jc_code jc_inspector_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Inspector ***out,
                               size_t *count, struct jc_err *err);
enum jc_code jc_inspector_get(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_arena *arena,
                              Jc__Inspector **out, struct jc_err *err);
enum jc_code jc_rule_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Rule ***out, size_t *count,
                          struct jc_err *err);
enum jc_code jc_quota_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Quota ***out,
                           size_t *count, struct jc_err *err);
enum jc_code jc_draw_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Draw ***out, size_t *count,
                          struct jc_err *err);
enum jc_code jc_checklist_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Checklist ***out,
                               size_t *count, struct jc_err *err);

/* B(k,m) as stated in budgets.csv: JC_OK with *stated false if the team has no line. */
enum jc_code jc_month_budget(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, bool *stated,
                             int64_t centi[12], struct jc_err *err);

/* A dated legal limit (R5) as in force on `on`; JC_NOT_FOUND (naming it) if none is. `value` is the
 * decimal in hundredths; `unit` is calendar_days, working_days, percent, persons …, the arena's. */
struct jc_parameter {
    int64_t value_centi;
    struct jc_str unit;
    struct jc_str source;
};
enum jc_code jc_parameter_at(struct jc_tx *tx, int64_t agency_id, struct jc_str name, struct jc_date on,
                             struct jc_arena *arena, struct jc_parameter *out, struct jc_err *err);

#endif
