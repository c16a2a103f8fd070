/* Moving by hand. The plan is measured before and behind the move by the referee, with every rule in
 * force for the moved unit; what it refuses, and what got worse, is the reason. A forced move is measured
 * once more with the visit standing alone (plan/problem.h), so that tiers, cost and shortfalls are true
 * whatever was broken. Cost: two or three builds of the problem, milliseconds for a city's plan. */
#include "plan/move.h"

#include <string.h>

#include "model/quota.h"
#include "plan/shortfall.h"
#include "plan/solve.h"
#include "plan/visit.h"
#include "store/audit_log.h"
#include "store/plan.h"

/* Who forced a visit before. */
struct mark {
    char *by, *reason;
};

struct moving {
    struct jc_tx *tx;
    int64_t agency_id;
    const struct jc_move *move;
    struct jc_arena *arena;
    Jc__Plan *plan;
    Jc__Visit *visit;
    struct mark *marks; /* by visit of the plan, before the move */
    struct jc_problem_options options;
    struct jc_moved *out;
    struct jc_err *err;
};

/* The plan as it is now, measured. */
struct look {
    struct jc_plan_problem pp;
    struct jc_measure measure;
};

static enum jc_code look_at(struct moving *m, struct look *look, struct jc_err *err) {
    enum jc_code code = jc_plan_problem_build(m->tx, m->agency_id, m->plan, &m->options, m->arena, &look->pp, err);
    return code ? code : jc_plan_measure(&look->pp, m->plan, m->arena, &look->measure, err);
}

/* --- what got worse -------------------------------------------------------------------------------------- */

static enum jc_code worse_work(const struct look *before, const struct look *after, struct jc_err *err) {
    const Jc__Problem *p = after->pp.problem;
    char amount[JC_NUMBER_TEXT], number[JC_NUMBER_TEXT];
    for (size_t t = 0; t < p->n_teams; t++)
        for (int month = 0; month <= 12; month++) {
            int64_t over = jc_measure_over(p, &after->measure, (int)t, month);
            if (over <= jc_measure_over(before->pp.problem, &before->measure, (int)t, month))
                continue;
            struct jc_str name = jc_str(after->pp.reg->teams[t]->name), by = jc_str_from_centi(over, amount);
            if (!month)
                return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_OVER_YEAR, name, by);
            return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_OVER_MONTH, name, by,
                           jc_str_from_int64(month, number));
        }
    return JC_OK;
}

static enum jc_code worse_quota(const struct look *before, const struct look *after, struct jc_err *err) {
    const Jc__Problem *p = after->pp.problem;
    char now[JC_NUMBER_TEXT], then[JC_NUMBER_TEXT], name[JC_QUOTA_NAME];
    for (size_t q = 0; q < p->n_quotas; q++) {
        int64_t missed = jc_quota_miss(p->quotas[q], after->measure.quota_count[q]);
        int64_t was = jc_quota_miss(p->quotas[q], before->measure.quota_count[q]);
        if (missed > was)
            return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_QUOTA,
                           jc_quota_name(after->pp.reg->quotas[q], name), jc_str_from_int64(missed, now),
                           jc_str_from_int64(was, then));
    }
    return JC_OK;
}

/* --- the change --------------------------------------------------------------------------------------------- */

static bool same_unit(const Jc__Visit *a, const Jc__Visit *b) {
    return *a->unit_id && !*a->draw_id && !*b->draw_id && strcmp(a->unit_id, b->unit_id) == 0;
}

static enum jc_code find_draft(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Plan **out,
                               struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    enum jc_code code = jc_plan_get(tx, agency_id, JC_PLAN_NEWEST, NULL, arena, out, err);
    if (!code && (*out)->status != JC__PLAN_STATUS__PLAN_STATUS_DRAFT)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NOT_DRAFT, jc_str_from_int64((*out)->version, number));
    return code;
}

static enum jc_code find_visit(const Jc__Plan *plan, struct jc_str visit_id, Jc__Visit **out, struct jc_err *err) {
    for (size_t i = 0; i < plan->n_visits; i++)
        if (jc_str_eq(jc_str(plan->visits[i]->visit_id), visit_id)) {
            *out = plan->visits[i];
            return JC_OK;
        }
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_VISIT_UNKNOWN, visit_id);
}

static enum jc_code check_request(struct moving *m) {
    const struct jc_move *move = m->move;
    if (move->month < 0 || move->month > 12)
        return jc_fail(m->err, JC_INVALID_ARGUMENT, JC_MSG_MONTH_INVALID);
    if (move->force && !jc_str_trim(move->reason).len)
        return jc_fail(m->err, JC_INVALID_ARGUMENT, JC_MSG_MOVE_REASON_MISSING);
    if (jc_visit_is_told(m->visit))
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_TOLD, move->visit_id);
    if (move->team.len && *m->visit->draw_id)
        return jc_fail(m->err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_SLOT_TEAM, move->visit_id);
    return JC_OK;
}

/* Changes the visit in memory; one team leads all visits of a unit, so it changes for all that nobody has
 * been told of. Rules are in force for the whole unit again: marks of earlier force are taken off. */
static void change(struct moving *m, char *team) {
    for (size_t i = 0; i < m->plan->n_visits; i++) {
        Jc__Visit *v = m->plan->visits[i];
        if (v != m->visit && !same_unit(v, m->visit))
            continue;
        m->marks[i] = (struct mark){v->forced_by, v->forced_reason};
        v->forced_by = v->forced_reason = (char *)protobuf_c_empty_string;
        if (team && !jc_visit_is_told(v))
            v->lead_team = team;
    }
    if (m->move->month)
        m->visit->month = m->move->month;
}

/* What the referee has no words for: two visits of a unit in one month, and the months in which the unit
 * of a drawn slot must be left alone. */
static enum jc_code check_month(const struct moving *m, const struct jc_register *reg, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    struct jc_str month = jc_str_from_int64(m->visit->month, number);
    int unit = jc_register_unit(reg, m->visit->unit_id);
    for (size_t i = 0; i < m->plan->n_visits; i++) {
        const Jc__Visit *v = m->plan->visits[i];
        if (v != m->visit && same_unit(v, m->visit) && v->month == m->visit->month)
            return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_SAME_MONTH, jc_str(v->visit_id), month);
    }
    if (*m->visit->draw_id && unit >= 0 && reg->units[unit]->blackout_months >> (m->visit->month - 1) & 1)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_MOVE_BLACKOUT, jc_str(reg->units[unit]->name), month);
    return JC_OK;
}

static void give_marks_back(struct moving *m) {
    for (size_t i = 0; i < m->plan->n_visits; i++)
        if (m->marks[i].by) {
            m->plan->visits[i]->forced_by = m->marks[i].by;
            m->plan->visits[i]->forced_reason = m->marks[i].reason;
        }
}

static enum jc_code mark_forced(struct moving *m) {
    m->visit->forced_by = (char *)jc_arena_copy(m->arena, m->move->actor).ptr;
    m->visit->forced_reason = (char *)jc_arena_copy(m->arena, m->move->reason).ptr;
    return m->visit->forced_by && m->visit->forced_reason ? JC_OK : jc_fail_memory(m->err);
}

/* The plan behind the move: judged by every rule; what is broken is the refusal, or with force only told. */
static enum jc_code judge(struct moving *m, const struct look *before) {
    struct jc_err *broken = &m->out->broken;
    struct look after;
    enum jc_code code = check_month(m, before->pp.reg, broken);
    if (!code)
        code = look_at(m, &after, broken);
    if (code == JC_INVALID_ARGUMENT)
        code = broken->code = JC_FAILED_PRECONDITION; /* a plan that cannot even be counted */
    if (!code)
        code = worse_work(before, &after, broken);
    if (!code)
        code = worse_quota(before, &after, broken);
    if (!code)
        return JC_OK;
    if (code != JC_FAILED_PRECONDITION || !m->move->force) {
        jc_err_copy(m->err, broken);
        return code;
    }
    m->out->forced = true;
    give_marks_back(m);
    code = mark_forced(m);
    return code ? code : look_at(m, &after, m->err);
}

/* --- storing it ---------------------------------------------------------------------------------------------- */

/* Version, months and teams of a note. */
#define MOVED "%d" JC_NOTE_AND "%d" JC_NOTE_AND "%d" JC_NOTE_AND "%s" JC_NOTE_AND "%s"

static enum jc_code store(struct moving *m, int from_month, const char *from_team) {
    const struct jc_move *move = m->move;
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < m->plan->n_visits; i++)
        if (m->plan->visits[i] == m->visit || same_unit(m->plan->visits[i], m->visit))
            code = jc_visit_change(m->tx, m->agency_id, m->plan->version, m->plan->visits[i], m->err);
    if (!code)
        code = jc_plan_set_result(m->tx, m->agency_id, m->plan->version, m->plan->solve, m->plan->shortfalls,
                                  m->plan->n_shortfalls, m->err);
    const struct jc_audited act = {m->agency_id, move->now_ms, move->actor, JC_STR("plan.move"), move->visit_id};
    if (code)
        return code;
    if (m->out->forced)
        return jc_audit_log_note(m->tx, &act, m->err, JC_NOTE_MOVED_FORCED, MOVED JC_NOTE_AND "%.*s", m->plan->version,
                                 from_month, m->visit->month, from_team, m->visit->lead_team, JC_FMT(move->reason));
    return jc_audit_log_note(m->tx, &act, m->err, JC_NOTE_MOVED, MOVED, m->plan->version, from_month, m->visit->month,
                             from_team, m->visit->lead_team);
}

enum jc_code jc_plan_move(struct jc_tx *tx, int64_t agency_id, const struct jc_move *move, struct jc_arena *arena,
                          struct jc_moved *out, struct jc_err *err) {
    struct moving m = {.tx = tx, .agency_id = agency_id, .move = move, .arena = arena, .out = out, .err = err};
    struct look before;
    char *team = NULL;
    *out = (struct jc_moved){0};
    enum jc_code code = find_draft(tx, agency_id, arena, &m.plan, err);
    if (!code)
        code = find_visit(m.plan, move->visit_id, &m.visit, err);
    if (!code)
        code = check_request(&m);
    if (code)
        return code;
    Jc__Weights weights = jc_plan_weights(m.plan);
    m.options.weights = &weights;
    code = look_at(&m, &before, err);
    if (code)
        return code;
    if (move->team.len) {
        int index = jc_register_team(before.pp.reg, (const char *)jc_arena_copy(arena, move->team).ptr);
        if (index < 0)
            return jc_fail(err, JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN, move->team);
        team = before.pp.reg->teams[index]->team_id;
    }
    int from_month = m.visit->month;
    const char *from_team = m.visit->lead_team;
    m.marks = JC_NEW_ARRAY(arena, m.plan->n_visits, struct mark);
    if (!m.marks)
        return jc_fail_memory(err);
    change(&m, team);
    code = judge(&m, &before);
    m.visit->pinned = true;
    if (!code)
        code = store(&m, from_month, from_team);
    out->plan = m.plan;
    out->visit = m.visit;
    out->reg = before.pp.reg;
    return code;
}

enum jc_code jc_plan_pin(struct jc_tx *tx, int64_t agency_id, struct jc_str visit_id, bool pinned, struct jc_str actor,
                         int64_t now_ms, struct jc_arena *arena, Jc__Visit **out, struct jc_err *err) {
    Jc__Plan *plan = NULL;
    enum jc_code code = find_draft(tx, agency_id, arena, &plan, err);
    if (!code)
        code = find_visit(plan, visit_id, out, err);
    if (!code && !pinned && *(*out)->forced_by)
        code = jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_PIN_FORCED, visit_id);
    if (code)
        return code;
    (*out)->pinned = pinned;
    code = jc_visit_change(tx, agency_id, plan->version, *out, err);
    return code ? code
                : jc_audit_log_add(tx, agency_id, now_ms, actor, pinned ? JC_STR("plan.pin") : JC_STR("plan.unpin"),
                                   visit_id, JC_STR(""), err);
}
