/* The rest of the register: teams, inspectors, rules, quotas, draws, checklists, month budgets,
 * parameters, last year's visits, published figures. Each list is in the planner's order. Units have
 * a module of their own (unit.h), the workday lines too (workday_line.h).
 *
 * What terminals hold (teams, inspectors, checklists) is written together with its change; it is the
 * whole agency's. Rows that others refer to are put and deleted one by one; a delete is refused with
 * JC_FAILED_PRECONDITION, naming the row, while a plan, task or person names it. The other lists are
 * replaced as a whole. */
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
enum jc_code jc_quota_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Quota ***out, size_t *count,
                           struct jc_err *err);
enum jc_code jc_draw_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Draw ***out, size_t *count,
                          struct jc_err *err);
enum jc_code jc_checklist_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Checklist ***out,
                               size_t *count, struct jc_err *err);

enum jc_code jc_team_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Team *team,
                         struct jc_err *err);
enum jc_code jc_inspector_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Inspector *inspector,
                              struct jc_err *err);
enum jc_code jc_rule_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Rule *rule,
                         struct jc_err *err);
enum jc_code jc_draw_put(struct jc_tx *tx, int64_t agency_id, int64_t position, const Jc__Draw *draw,
                         struct jc_err *err);
/* All items of the checklist, replacing those it had. */
enum jc_code jc_checklist_put(struct jc_tx *tx, int64_t agency_id, const Jc__Checklist *checklist, struct jc_err *err);

enum jc_code jc_team_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_err *err);
enum jc_code jc_inspector_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str inspector_id, struct jc_err *err);
enum jc_code jc_rule_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str rule_id, struct jc_err *err);
enum jc_code jc_draw_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str draw_id, struct jc_err *err);
enum jc_code jc_checklist_delete(struct jc_tx *tx, int64_t agency_id, struct jc_str checklist_id, struct jc_err *err);

/* The place of a row in the planner's order, which terminals do not see. */
enum jc_ordered { JC_ORDERED_TEAM, JC_ORDERED_INSPECTOR, JC_ORDERED_RULE, JC_ORDERED_UNIT, JC_ORDERED_DRAW };
enum jc_code jc_registry_move(struct jc_tx *tx, int64_t agency_id, enum jc_ordered what, struct jc_str id,
                              int64_t position, struct jc_err *err);

enum jc_code jc_quota_replace(struct jc_tx *tx, int64_t agency_id, const Jc__Quota *const *quotas, size_t count,
                              struct jc_err *err);

/* B(k,m) as stated in budgets.csv: JC_OK with *stated false if the team has no line. */
enum jc_code jc_month_budget(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, bool *stated,
                             int64_t centi[12], struct jc_err *err);

/* A line of budgets.csv; texts of the plain structs below are the arena's, NUL-terminated. */
struct jc_budget_line {
    struct jc_str team_id;
    int month;
    int64_t workdays_centi;
};
enum jc_code jc_budget_line_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                                 struct jc_budget_line **out, size_t *count, struct jc_err *err);
enum jc_code jc_budget_line_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_budget_line *lines,
                                    size_t count, struct jc_err *err);

/* A dated legal limit (R5) as in force on `on`; JC_NOT_FOUND (naming it) if none is. `value` is the
 * decimal in hundredths; `unit` is calendar_days, working_days, percent, persons …, the arena's. */
struct jc_parameter {
    int64_t value_centi;
    struct jc_str unit;
    struct jc_str source;
};
enum jc_code jc_parameter_at(struct jc_tx *tx, int64_t agency_id, struct jc_str name, struct jc_date on,
                             struct jc_arena *arena, struct jc_parameter *out, struct jc_err *err);

/* A line of parameters.csv. */
struct jc_parameter_line {
    struct jc_str name, value, unit;
    struct jc_str valid_from, valid_to; /* ISO dates; valid_to is the last day in force, "" if open */
    struct jc_str source;
};
enum jc_code jc_parameter_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                               struct jc_parameter_line **out, size_t *count, struct jc_err *err);
enum jc_code jc_parameter_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_parameter_line *lines,
                                  size_t count, struct jc_err *err);

/* A line of previous.csv: last year's execution (P4). */
struct jc_previous_line {
    struct jc_str unit_id, draw_id, rule_id;
    int month;
    struct jc_str lead_team, status; /* planned, done or missed */
};
enum jc_code jc_previous_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                              struct jc_previous_line **out, size_t *count, struct jc_err *err);
enum jc_code jc_previous_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_previous_line *lines,
                                 size_t count, struct jc_err *err);

/* A line of published.csv: a figure the document states. */
struct jc_published_line {
    struct jc_str metric, value, unit, source;
};
enum jc_code jc_published_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena,
                               struct jc_published_line **out, size_t *count, struct jc_err *err);
enum jc_code jc_published_replace(struct jc_tx *tx, int64_t agency_id, const struct jc_published_line *lines,
                                  size_t count, struct jc_err *err);

#endif
