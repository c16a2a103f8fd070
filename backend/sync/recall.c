/* Two passes: look at every task, then move them. The store moves joint tasks and the plan's visit along
 * with a lead's task and records the changes; here stand the rules about who may be moved. */
#include "sync/recall.h"

#include "base/id.h"
#include "base/message.h"
#include "store/audit_log.h"
#include "store/change.h"
#include "store/finding.h"
#include "store/order.h"
#include "store/registry.h"
#include "store/row.h"
#include "store/stamp.h"
#include "store/task.h"
#include "sync/known.h"

enum {
    GRACE_DAYS = 30,
    GRACE_DAYS_MAX = 3660,
    OPEN = 1 << JC__TASK_STATE__TASK_STATE_OPEN,
    RETURNED = 1 << JC__TASK_STATE__TASK_STATE_RETURNED,
    RECALLED = 1 << JC__TASK_STATE__TASK_STATE_RECALLED,
};

/* --- looking ------------------------------------------------------------------------------------------ */

static enum jc_code check_act(const struct jc_task_act *act, bool needs_reason, struct jc_err *err) {
    char limit[JC_NUMBER_TEXT];
    if (!act->count || act->count > JC_RECALL_TASKS_MAX)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TASKS_COUNT, jc_str_from_int64(JC_RECALL_TASKS_MAX, limit));
    if (needs_reason && !jc_str_trim(act->reason).len)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_REASON_MISSING);
    return JC_OK;
}

/* The task, if it is in one of these states and no joint one. */
static enum jc_code look(struct jc_tx *tx, const struct jc_task_act *act, size_t i, unsigned states,
                         struct jc_arena *arena, Jc__Task **out, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    enum jc_code code = jc_task_get(tx, act->agency_id, jc_view(act->task_ids[i]), arena, out, err);
    if (code)
        return code;
    if ((*out)->kind == JC__TASK_KIND__TASK_KIND_JOINT)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TASK_GOES_ALONG,
                       jc_uuid_show(jc_view(act->task_ids[i]), shown));
    if (!(states & 1u << (*out)->state))
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TASK_STATE_OTHER,
                       jc_uuid_show(jc_view(act->task_ids[i]), shown));
    return JC_OK;
}

static enum jc_code look_at_all(struct jc_tx *tx, const struct jc_task_act *act, unsigned states,
                                struct jc_arena *arena, Jc__Task ***out, struct jc_err *err) {
    Jc__Task **tasks = JC_NEW_ARRAY(arena, act->count, Jc__Task *);
    enum jc_code code = tasks ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; !code && i < act->count; i++)
        code = look(tx, act, i, states, arena, &tasks[i], err);
    *out = tasks;
    return code;
}

/* --- writing ------------------------------------------------------------------------------------------ */

/* The tasks by id, joined by commas: the log names each of them. The arena's; ptr NULL without memory. */
static struct jc_str name_all(const struct jc_task_act *act, struct jc_arena *arena) {
    char shown[JC_UUID_TEXT];
    struct jc_buf text;
    jc_buf_init(&text, JC_RECALL_TASKS_MAX * JC_UUID_TEXT);
    for (size_t i = 0; i < act->count; i++) {
        if (i)
            jc_buf_char(&text, ',');
        jc_buf_add(&text, jc_uuid_show(jc_view(act->task_ids[i]), shown));
    }
    struct jc_str names = text.failed ? (struct jc_str){NULL, 0} : jc_arena_copy(arena, jc_buf_str(&text));
    jc_buf_free(&text);
    return names;
}

/* One line in the audit log, and the tasks as they are now. `to`: the team that gets them, or "". */
static enum jc_code conclude(struct jc_tx *tx, const struct jc_task_act *act, const char *name, struct jc_str to,
                             struct jc_arena *arena, Jc__Task **tasks, struct jc_err *err) {
    const struct jc_audited what = {act->agency_id, act->now_ms, act->actor, jc_str(name), name_all(act, arena)};
    enum jc_code code = what.object.ptr ? JC_OK : jc_fail_memory(err);
    for (size_t i = 0; !code && i < act->count; i++)
        code = jc_task_get(tx, act->agency_id, jc_view(act->task_ids[i]), arena, &tasks[i], err);
    if (code)
        return code;
    if (to.len)
        return jc_audit_log_note(tx, &what, err, JC_NOTE_TASKS_TO, "%zu" JC_NOTE_AND "%.*s" JC_NOTE_AND "%.*s",
                                 act->count, JC_FMT(to), JC_FMT(act->reason));
    return jc_audit_log_note(tx, &what, err, JC_NOTE_TASKS, "%zu" JC_NOTE_AND "%.*s", act->count, JC_FMT(act->reason));
}

enum jc_code jc_task_act_recall(struct jc_tx *tx, const struct jc_task_act *act, struct jc_arena *arena,
                                Jc__Task ***out, struct jc_err *err) {
    enum jc_code code = check_act(act, true, err);
    if (!code)
        code = look_at_all(tx, act, OPEN | RETURNED, arena, out, err);
    for (size_t i = 0; !code && i < act->count; i++)
        code = jc_task_move(tx, act->agency_id, jc_view(act->task_ids[i]), JC__TASK_STATE__TASK_STATE_RECALLED,
                            act->reason, act->now_ms, err);
    return code ? code : conclude(tx, act, "task.recall", JC_STR(""), arena, *out, err);
}

static enum jc_code check_team(struct jc_tx *tx, const struct jc_task_act *act, struct jc_str team_id,
                               Jc__Task *const *tasks, struct jc_arena *arena, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    Jc__Team *team = NULL;
    enum jc_code code = jc_team_get(tx, act->agency_id, team_id, arena, &team, err);
    for (size_t i = 0; !code && i < act->count; i++) {
        struct jc_str id = jc_uuid_show(jc_view(act->task_ids[i]), shown);
        bool has = false;
        if (jc_str_eq(jc_str(tasks[i]->team_id), team_id))
            return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TASK_TEAM_SAME, id, team_id);
        code = jc_task_of_team(tx, act->agency_id, jc_view(act->task_ids[i]), team_id, &has, err);
        if (!code && has)
            return jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_TASK_TEAM_HAS, team_id, id);
    }
    return code;
}

enum jc_code jc_task_act_reassign(struct jc_tx *tx, const struct jc_task_act *act, struct jc_str team_id,
                                  struct jc_arena *arena, Jc__Task ***out, struct jc_err *err) {
    enum jc_code code = check_act(act, true, err);
    if (!code)
        code = look_at_all(tx, act, OPEN | RETURNED, arena, out, err);
    if (!code)
        code = check_team(tx, act, team_id, *out, arena, err);
    for (size_t i = 0; !code && i < act->count; i++) {
        struct jc_str id = jc_view(act->task_ids[i]);
        code = jc_task_note(tx, act->agency_id, id, act->reason, err);
        if (!code)
            code = jc_task_give(tx, act->agency_id, id, team_id, err);
        if (!code && (*out)[i]->order_id.len) /* a recheck is nothing without its order */
            code = jc_order_changed(tx, act->agency_id, jc_view((*out)[i]->order_id), arena, err);
    }
    return code ? code : conclude(tx, act, "task.reassign", team_id, arena, *out, err);
}

static const char SELECT_OTHER[] = "SELECT 1\n"
                                   "FROM task\n"
                                   "WHERE agency_id = $1 AND unit_id = $2 AND kind = $3 AND state IN ($4, $5)\n"
                                   "  AND order_id = $6 AND task_id <> $7";

/* A recheck needs an order in force, and to itself: one that was rejected holds no findings any more and is on no
 * terminal, and one of another team's recheck is on that team's. */
static enum jc_code check_order(struct jc_tx *tx, const struct jc_task_act *act, const Jc__Task *task,
                                struct jc_arena *arena, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    struct jc_str order_id = jc_view(task->order_id), task_id = jc_view(task->task_id);
    struct jc_finding *findings = NULL;
    size_t count = 0;
    bool other = false;
    enum jc_code code = jc_finding_of_order(tx, act->agency_id, order_id, arena, &findings, &count, err);
    if (!code && !count)
        return jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TASK_ORDER_REJECTED,
                       jc_uuid_show(jc_view(task->task_id), shown));
    if (!code)
        code = jc_row_exists(
            tx, SELECT_OTHER,
            JC_VALUES(jc_int(act->agency_id), jc_text(jc_str(task->unit_id)), jc_int(JC__TASK_KIND__TASK_KIND_RECHECK),
                      jc_int(JC__TASK_STATE__TASK_STATE_OPEN), jc_int(JC__TASK_STATE__TASK_STATE_RETURNED),
                      jc_bytes(order_id.ptr, order_id.len), jc_bytes(task_id.ptr, task_id.len)),
            &other, err);
    return other ? jc_fail(err, JC_FAILED_PRECONDITION, JC_MSG_TASK_ORDER_TAKEN,
                           jc_uuid_show(jc_view(task->task_id), shown))
                 : code;
}

static enum jc_code reopen(struct jc_tx *tx, const struct jc_task_act *act, const Jc__Task *task,
                           struct jc_arena *arena, struct jc_err *err) {
    struct jc_str task_id = jc_view(task->task_id);
    enum jc_code code = task->order_id.len ? check_order(tx, act, task, arena, err) : JC_OK;
    if (!code)
        code = jc_task_note(tx, act->agency_id, task_id, act->reason, err);
    if (!code)
        code =
            jc_task_move(tx, act->agency_id, task_id, JC__TASK_STATE__TASK_STATE_OPEN, act->reason, act->now_ms, err);
    if (!code && task->order_id.len)
        code = jc_order_changed(tx, act->agency_id, jc_view(task->order_id), arena, err);
    return code;
}

enum jc_code jc_task_act_reopen(struct jc_tx *tx, const struct jc_task_act *act, struct jc_arena *arena,
                                Jc__Task ***out, struct jc_err *err) {
    enum jc_code code = check_act(act, false, err);
    if (!code)
        code = look_at_all(tx, act, RETURNED | RECALLED, arena, out, err);
    for (size_t i = 0; !code && i < act->count; i++)
        code = reopen(tx, act, (*out)[i], arena, err);
    return code ? code : conclude(tx, act, "task.reopen", JC_STR(""), arena, *out, err);
}

/* --- grace -------------------------------------------------------------------------------------------- */

enum jc_code jc_recall_grace(struct jc_tx *tx, int64_t agency_id, const Jc__Task *task, struct jc_arena *arena,
                             struct jc_date *out, struct jc_err *err) {
    int64_t recalled_ms = 0, days = 0;
    (void)jc_stamp_to_ms(task->recalled_at, &recalled_ms);
    struct jc_date day = jc_date_of_ms(recalled_ms);
    enum jc_code code = jc_known_parameter(tx, agency_id, JC_STR("recall_grace_days"), day, GRACE_DAYS, GRACE_DAYS_MAX,
                                           arena, &days, err);
    *out = jc_date_from_days(jc_date_to_days(day) + days);
    return code;
}

/* --- expiry ------------------------------------------------------------------------------------------- */

/* Those that terminals may still hold. */
static const char SELECT_RECALLED[] =
    "SELECT t.task_id, t.team_id, t.recalled_ms\n"
    "FROM task AS t\n"
    "JOIN change AS c ON c.agency_id = t.agency_id AND c.kind = $1 AND c.id = t.task_id AND c.deleted = 0\n"
    "WHERE t.agency_id = $2 AND t.state = $3 AND t.recalled_ms IS NOT NULL\n"
    "ORDER BY t.recalled_ms\n"
    "LIMIT $4";

struct recalled {
    struct jc_str task_id, team_id;
    int64_t ms;
};
struct recalled_list {
    struct jc_arena *arena;
    struct recalled *items;
    size_t count, capacity;
};

static enum jc_code take_recalled(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct recalled_list *list = ctx;
    struct recalled *recalled = JC_PUSH(list->arena, list, struct recalled);
    if (!recalled)
        return jc_fail_memory(err);
    *recalled = (struct recalled){jc_rows_copy(rows, 0, list->arena), jc_rows_copy(rows, 1, list->arena),
                                  jc_rows_int64(rows, 2)};
    return recalled->task_id.ptr && recalled->team_id.ptr ? JC_OK : jc_fail_memory(err);
}

static enum jc_code expire_one(struct jc_tx *tx, int64_t agency_id, const struct recalled *recalled, int64_t now_ms,
                               struct jc_arena *arena, struct jc_err *err) {
    Jc__Task task = JC__TASK__INIT;
    struct jc_date last;
    task.recalled_at = jc_stamp_of_ms(arena, recalled->ms);
    enum jc_code code =
        task.recalled_at ? jc_recall_grace(tx, agency_id, &task, arena, &last, err) : jc_fail_memory(err);
    if (code || jc_date_to_days(jc_date_of_ms(now_ms)) <= jc_date_to_days(last))
        return code;
    return jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_TASK, recalled->task_id, recalled->team_id,
                            true, err);
}

enum jc_code jc_recall_expire(struct jc_tx *tx, int64_t agency_id, int64_t now_ms, struct jc_err *err) {
    struct recalled_list list = {.arena = jc_arena_new(4 << 20)};
    if (!list.arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_row_each(tx, SELECT_RECALLED,
                                    JC_VALUES(jc_int(JC__ENTITY_KIND__ENTITY_KIND_TASK), jc_int(agency_id),
                                              jc_int(JC__TASK_STATE__TASK_STATE_RECALLED), jc_int(JC_EXPIRE_TASKS_MAX)),
                                    take_recalled, &list, err);
    for (size_t i = 0; !code && i < list.count; i++)
        code = expire_one(tx, agency_id, &list.items[i], now_ms, list.arena, err);
    jc_arena_free(list.arena);
    return code;
}
