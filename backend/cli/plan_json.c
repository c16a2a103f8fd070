/* The plan and its summary as JSON: the field names are the contract of DESIGN section 11. */
#include "cli/plan_json.h"

#include "cli/json_out.h"
#include "cli/shortfall_print.h"

static const char *const PLAN_STATUS[] = {"", "draft", "approved", "superseded"};
static const char *const SOLVE_STATUS[] = {"", "optimal", "feasible", "cancelled", "broken_off"};
static const char *const VISIT_STATUS[] = {"", "planned", "released", "done"};

const char *jc_visit_status_code(Jc__VisitStatus status) {
    return VISIT_STATUS[status];
}

json_t *jc_solve_json(const Jc__SolveSummary *s) {
    json_t *gap = json_null();
    if (s->tiers_settled && s->cost_e5)
        gap = json_real((double)(s->cost_e5 - s->bound_e5) / (double)s->cost_e5);
    else if (s->tiers_settled)
        gap = json_integer(0);
    return json_pack("{s:s, s:{s:I, s:o, s:I}, s:o, s:o, s:o, s:o, s:I}", "status", SOLVE_STATUS[s->status], "tiers",
                     "unserved", (json_int_t)s->unserved, "over", jc_centi_json(s->over_centi), "quota",
                     (json_int_t)s->quota, "cost", jc_e5_json(s->cost_e5), "bound",
                     s->tiers_settled ? jc_e5_json(s->bound_e5) : json_null(), "gap", gap, "seconds",
                     json_real((double)s->elapsed_ms / 1000), "work", (json_int_t)s->work);
}

enum jc_code jc_print_solve_json(struct jc_cli *cli, const Jc__SolveSummary *solve, struct jc_err *err) {
    return jc_print_json(cli, jc_solve_json(solve), err);
}

static json_t *visit_json(const Jc__Visit *v) {
    json_t *joined = json_array();
    for (size_t i = 0; joined && i < v->n_joined; i++)
        json_array_append_new(joined, json_pack("{s:s, s:s, s:i, s:o}", "team", v->joined[i]->team_id, "rule_id",
                                                v->joined[i]->rule_id, "persons", v->joined[i]->persons, "days",
                                                jc_centi_json(v->joined[i]->days_centi)));
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:o, s:s, s:o, s:s, s:b, s:s, s:s}", "visit_id",
                     v->visit_id, "unit_id", v->unit_id, "draw_id", v->draw_id, "rule_id", v->rule_id, "visit_no",
                     v->visit_no, "month", v->month, "lead_team", v->lead_team, "persons", v->persons, "days",
                     jc_centi_json(v->days_centi), "mode",
                     v->mode == JC__VISIT_MODE__VISIT_MODE_REMOTE ? "remote" : "onsite", "joined", joined, "status",
                     jc_visit_status_code(v->status), "pinned", (int)v->pinned, "forced_by", v->forced_by,
                     "forced_reason", v->forced_reason);
}

enum jc_code jc_print_plan_json(struct jc_cli *cli, const Jc__Plan *plan, const struct jc_register *reg,
                                struct jc_err *err) {
    json_t *visits = json_array(), *shortfalls = jc_shortfalls_json(cli, plan, reg);
    for (size_t i = 0; visits && i < plan->n_visits; i++)
        json_array_append_new(visits, visit_json(plan->visits[i]));
    json_t *head =
        json_pack("{s:i, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "year", plan->year, "version", plan->version,
                  "status", PLAN_STATUS[plan->status], "document_no", plan->document_no, "approved_by",
                  plan->approved_by, "approved_on", plan->approved_on, "amend_reason", plan->amend_reason, "decided_on",
                  plan->decided_on, "as_of", plan->as_of, "changes", (json_int_t)plan->solve->changes);
    bool whole = json_array_size(visits) == plan->n_visits;
    json_t *root = json_pack("{s:o, s:o, s:o, s:o, s:o}", "plan", head, "solve", jc_solve_json(plan->solve), "visits",
                             visits, "shortfalls", shortfalls, "coverage", jc_coverage_json(cli, plan->coverage, reg));
    if (!whole) {
        json_decref(root);
        return jc_fail_memory(err);
    }
    return jc_print_json(cli, root, err);
}
