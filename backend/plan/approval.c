/* Approval. One transaction: measure, freeze, supersede, remember the units, log. */
#include "plan/approval.h"

#include <string.h>

#include "plan/recall.h"
#include "plan/solve.h"
#include "store/audit_log.h"

/* Units with visits, each once, in the register's order: 1 at their index. */
static char *mark_units(const struct jc_register *reg, const Jc__Plan *plan, struct jc_arena *arena) {
    char *marks = jc_arena_alloc(arena, reg->n_units + 1);
    for (size_t i = 0; marks && i < plan->n_visits; i++) {
        int unit = jc_register_unit(reg, plan->visits[i]->unit_id);
        if (unit >= 0 && !*plan->visits[i]->draw_id)
            marks[unit] = 1;
    }
    return marks;
}

static enum jc_code remember_units(struct jc_tx *tx, int64_t agency_id, struct jc_approved *approved, const char *marks,
                                   struct jc_err *err) {
    const struct jc_register *reg = approved->reg;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < reg->n_units; i++) {
        const Jc__Unit *u = reg->units[i];
        const struct jc_plan_unit unit = {jc_str(u->unit_id), jc_str(u->category), jc_str(u->industry)};
        if (marks[i])
            code = jc_plan_unit_add(tx, agency_id, approved->plan->version, &unit, err);
        else
            approved->uncovered_key += strcmp(u->category, "key") == 0;
    }
    return code;
}

static enum jc_code check_request(const struct jc_approval *approval, struct jc_err *err) {
    if (!jc_str_trim(approval->document_no).len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_CLI_OPTION_MISSING, JC_STR("--document-no"));
    if (!jc_str_trim(approval->approved_by).len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_CLI_OPTION_MISSING, JC_STR("--by"));
    return JC_OK;
}

/* The newest version, a draft, measured and stored as it is worth now. */
static enum jc_code measure_draft(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_approved *out,
                                  struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    struct jc_problem_options options = {0};
    struct jc_plan_problem pp;
    struct jc_measure measure;
    enum jc_code code = jc_plan_get(tx, agency_id, JC_PLAN_NEWEST, NULL, arena, &out->plan, err);
    if (code)
        return code;
    if (out->plan->status != JC__PLAN_STATUS__PLAN_STATUS_DRAFT)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NOT_DRAFT,
                       jc_str_from_int64(out->plan->version, number));
    Jc__Weights weights = jc_plan_weights(out->plan);
    options.weights = &weights;
    code = jc_plan_problem_build(tx, agency_id, out->plan, &options, arena, &pp, err);
    if (!code)
        code = jc_plan_measure(&pp, out->plan, arena, &measure, err);
    out->reg = pp.reg;
    if (!code)
        code = jc_plan_set_result(tx, agency_id, out->plan->version, out->plan->solve, out->plan->shortfalls,
                                  out->plan->n_shortfalls, err);
    return code ? code : jc_plan_set_coverage(tx, agency_id, out->plan->version, out->plan->coverage, err);
}

/* Released visits of the version before that are not the same any more leave the terminals. */
static enum jc_code recall_changed(struct jc_tx *tx, int64_t agency_id, const struct jc_approval *approval,
                                   struct jc_arena *arena, struct jc_approved *out, struct jc_err *err) {
    Jc__Plan *before = NULL;
    enum jc_code code = jc_plan_get(tx, agency_id, out->superseded, NULL, arena, &before, err);
    if (code || before->year != out->plan->year)
        return code;
    return jc_plan_recall(tx, agency_id, before, out->plan, approval->now_ms, arena, &out->recalled, err);
}

enum jc_code jc_plan_approval(struct jc_tx *tx, int64_t agency_id, const struct jc_approval *approval,
                              struct jc_arena *arena, struct jc_approved *out, struct jc_err *err) {
    char number[JC_NUMBER_TEXT], day[JC_TIME_MAX];
    struct jc_str on = jc_date_format(approval->approved_on, day);
    *out = (struct jc_approved){0};
    enum jc_code code = check_request(approval, err);
    if (!code)
        code = measure_draft(tx, agency_id, arena, out, err);
    if (!code)
        code = jc_plan_find(tx, agency_id, JC__PLAN_STATUS__PLAN_STATUS_APPROVED, &out->superseded, err);
    if (!code)
        code =
            jc_plan_approve(tx, agency_id, out->plan->version, approval->document_no, approval->approved_by, on, err);
    if (!code && out->superseded)
        code = recall_changed(tx, agency_id, approval, arena, out, err);
    if (code)
        return code;
    const char *marks = mark_units(out->reg, out->plan, arena);
    code = marks ? remember_units(tx, agency_id, out, marks, err) : jc_fail_memory(err);
    if (!code)
        code = jc_audit_log_add(tx, agency_id, approval->now_ms, approval->actor, JC_STR("plan.approve"),
                                jc_str_from_int64(out->plan->version, number), approval->document_no, err);
    out->plan->status = JC__PLAN_STATUS__PLAN_STATUS_APPROVED;
    return code;
}
