/* Release. A visit is one task for its lead; each joining team sees the same visit as a task of its own,
 * done when the lead's is. The theme is that of the quota which speaks most exactly of the visit: among
 * those that count it in this month, the one with the fewest months. */
#include "plan/release.h"

#include <string.h>

#include "store/audit_log.h"
#include "store/task.h"

#define DEFAULT_CHECKLIST "default"

struct releasing {
    struct jc_tx *tx;
    int64_t agency_id;
    const struct jc_release *release;
    struct jc_arena *arena;
    struct jc_released *out;
    int64_t now_ms;
    char due_on[JC_TIME_MAX];
    bool has_checklist;
    struct {
        Jc__Task **items;
        size_t count, capacity;
    } tasks;
    struct {
        Jc__Visit **items;
        size_t count, capacity;
    } undrawn;
    struct jc_err *err;
};

/* --- theme -------------------------------------------------------------------------------------------- */

static bool names(char *const *ids, size_t n, const char *id) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

/* Does the quota count this visit of the team's? */
static bool speaks_of(const struct jc_register *reg, const Jc__Quota *q, const Jc__Visit *visit, const char *team_id,
                      const char *rule_id) {
    if (!*q->theme || strcmp(q->counts, "visits") != 0 || !(q->months >> (visit->month - 1) & 1))
        return false;
    if (strcmp(q->scope_kind, "draw") == 0)
        return names(q->scope_ids, q->n_scope_ids, visit->draw_id);
    if (strcmp(q->scope_kind, "rule") == 0)
        return (!*q->team_id || strcmp(q->team_id, team_id) == 0) && names(q->scope_ids, q->n_scope_ids, rule_id);
    int unit = jc_register_unit(reg, visit->unit_id);
    for (size_t i = 0; unit >= 0 && i < reg->units[unit]->n_groups; i++)
        if (names(q->scope_ids, q->n_scope_ids, reg->units[unit]->groups[i]))
            return true;
    return false;
}

static char *theme_of(const struct jc_register *reg, const Jc__Visit *visit, const char *team_id, const char *rule_id) {
    char *theme = (char *)protobuf_c_empty_string;
    int fewest = 13;
    for (size_t i = 0; i < reg->n_quotas; i++) {
        int months = __builtin_popcount(reg->quotas[i]->months);
        if (months < fewest && speaks_of(reg, reg->quotas[i], visit, team_id, rule_id)) {
            fewest = months;
            theme = reg->quotas[i]->theme;
        }
    }
    return theme;
}

/* --- tasks -------------------------------------------------------------------------------------------- */

/* A task of the visit, still without team, work and partners. */
static Jc__Task *start_task(struct releasing *r, const Jc__Visit *visit) {
    Jc__Task *task = JC_NEW(r->arena, Jc__Task), **slot = JC_PUSH(r->arena, &r->tasks, Jc__Task *);
    struct jc_uuid *id = JC_NEW(r->arena, struct jc_uuid);
    if (!task || !slot || !id)
        return NULL;
    *slot = task;
    *id = jc_uuid7(&r->release->clock);
    jc__task__init(task);
    task->task_id = (ProtobufCBinaryData){JC_UUID_SIZE, id->bytes};
    task->state = JC__TASK_STATE__TASK_STATE_OPEN;
    task->unit_id = visit->unit_id;
    task->visit_id = visit->visit_id;
    task->plan_version = r->out->version;
    task->month = visit->month;
    task->due_on = (char *)jc_arena_copy(r->arena, jc_str(r->due_on)).ptr;
    task->mode = visit->mode;
    if (r->has_checklist)
        task->checklist_id = (char *)DEFAULT_CHECKLIST;
    return task->due_on ? task : NULL;
}

static enum jc_code add_lead_task(struct releasing *r, const Jc__Visit *visit) {
    Jc__Task *task = start_task(r, visit);
    if (!task)
        return jc_fail_memory(r->err);
    task->kind = JC__TASK_KIND__TASK_KIND_VISIT;
    task->team_id = visit->lead_team;
    task->persons = visit->persons;
    task->days_centi = visit->days_centi;
    task->joined = visit->joined;
    task->n_joined = visit->n_joined;
    task->theme = theme_of(r->out->reg, visit, visit->lead_team, visit->rule_id);
    return jc_task_add(r->tx, r->agency_id, task, r->now_ms, r->err);
}

static enum jc_code add_joint_task(struct releasing *r, const Jc__Visit *visit, const Jc__JoinedTeam *team) {
    Jc__Task *task = start_task(r, visit);
    if (!task)
        return jc_fail_memory(r->err);
    task->kind = JC__TASK_KIND__TASK_KIND_JOINT;
    task->team_id = team->team_id;
    task->persons = team->persons;
    task->days_centi = team->days_centi;
    task->theme = theme_of(r->out->reg, visit, team->team_id, team->rule_id);
    return jc_task_add(r->tx, r->agency_id, task, r->now_ms, r->err);
}

static enum jc_code release_visit(struct releasing *r, Jc__Visit *visit) {
    enum jc_code code = add_lead_task(r, visit);
    for (size_t i = 0; !code && i < visit->n_joined; i++)
        code = add_joint_task(r, visit, visit->joined[i]);
    if (!code)
        code = jc_visit_set_status(r->tx, r->agency_id, r->out->version, jc_str(visit->visit_id),
                                   JC__VISIT_STATUS__VISIT_STATUS_RELEASED, r->err);
    r->out->visits += !code;
    return code;
}

static enum jc_code take_visit(struct releasing *r, Jc__Visit *visit) {
    if (r->release->team_id.len && !jc_str_eq(r->release->team_id, jc_str(visit->lead_team)))
        return JC_OK; /* it only joins */
    if (visit->status != JC__VISIT_STATUS__VISIT_STATUS_PLANNED) {
        r->out->before++;
        return JC_OK;
    }
    if (*visit->unit_id)
        return release_visit(r, visit);
    Jc__Visit **slot = JC_PUSH(r->arena, &r->undrawn, Jc__Visit *);
    if (!slot)
        return jc_fail_memory(r->err);
    *slot = visit;
    return JC_OK;
}

/* --- release --------------------------------------------------------------------------------------------- */

static enum jc_code find_checklist(struct releasing *r) {
    Jc__Checklist **lists = NULL;
    size_t count = 0;
    enum jc_code code = jc_checklist_list(r->tx, r->agency_id, r->arena, &lists, &count, r->err);
    for (size_t i = 0; !code && i < count; i++)
        r->has_checklist |= strcmp(lists[i]->checklist_id, DEFAULT_CHECKLIST) == 0;
    return code;
}

static enum jc_code check_request(struct releasing *r) {
    const struct jc_release *release = r->release;
    const char *team_id = (const char *)jc_arena_copy(r->arena, release->team_id).ptr;
    if (release->month < 1 || release->month > 12)
        return jc_fail(r->err, JC_INVALID_ARGUMENT, JC_MSG_RELEASE_MONTH);
    if (!team_id)
        return jc_fail_memory(r->err);
    if (*team_id && jc_register_team(r->out->reg, team_id) < 0)
        return jc_fail(r->err, JC_NOT_FOUND, JC_MSG_TEAM_UNKNOWN, release->team_id);
    return JC_OK;
}

static enum jc_code find_plan(struct releasing *r, Jc__Plan **out) {
    const struct jc_visit_filter filter = {.team_id = r->release->team_id, .month = r->release->month};
    enum jc_code code =
        jc_plan_find(r->tx, r->agency_id, JC__PLAN_STATUS__PLAN_STATUS_APPROVED, &r->out->version, r->err);
    if (!code && !r->out->version)
        code = jc_fail(r->err, JC_FAILED_PRECONDITION, JC_MSG_PLAN_NONE_APPROVED);
    return code ? code : jc_plan_get(r->tx, r->agency_id, r->out->version, &filter, r->arena, out, r->err);
}

static enum jc_code log_release(struct releasing *r) {
    char number[JC_NUMBER_TEXT];
    struct jc_str team = r->release->team_id;
    const struct jc_audited act = {r->agency_id, r->now_ms, r->release->actor, JC_STR("plan.release"),
                                   jc_str_from_int64(r->release->month, number)};
    if (!team.len)
        return jc_audit_log_note(r->tx, &act, r->err, JC_NOTE_RELEASED_ALL, "%d" JC_NOTE_AND "%zu" JC_NOTE_AND "%zu",
                                 r->out->version, r->out->visits, r->tasks.count);
    return jc_audit_log_note(r->tx, &act, r->err, JC_NOTE_RELEASED,
                             "%d" JC_NOTE_AND "%.*s" JC_NOTE_AND "%zu" JC_NOTE_AND "%zu", r->out->version, JC_FMT(team),
                             r->out->visits, r->tasks.count);
}

enum jc_code jc_plan_release(struct jc_tx *tx, int64_t agency_id, const struct jc_release *release,
                             struct jc_arena *arena, struct jc_released *out, struct jc_err *err) {
    struct releasing r = {.tx = tx, .agency_id = agency_id, .release = release, .arena = arena, .out = out, .err = err};
    Jc__Plan *plan = NULL;
    *out = (struct jc_released){0};
    r.now_ms = jc_clock_now_ms(&release->clock);
    enum jc_code code = jc_register_load(tx, agency_id, arena, &out->reg, err);
    if (!code)
        code = check_request(&r);
    if (!code)
        code = find_plan(&r, &plan);
    if (!code)
        code = find_checklist(&r);
    if (code)
        return code;
    jc_date_format((struct jc_date){plan->year, release->month, jc_days_in_month(plan->year, release->month)},
                   r.due_on);
    for (size_t i = 0; !code && i < plan->n_visits; i++)
        code = take_visit(&r, plan->visits[i]);
    if (!code)
        code = log_release(&r);
    out->tasks = r.tasks.items;
    out->n_tasks = r.tasks.count;
    out->undrawn = r.undrawn.items;
    out->n_undrawn = r.undrawn.count;
    return code;
}
