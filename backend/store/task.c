/* Tasks. A released visit is one task for its lead and one for each team that joins; rechecks and ad
 * hoc inspections have no visit. Every change of a task is told to the terminals of its team.
 *
 * A visit's status in the plan follows its lead's task: done with it, released again when it is opened
 * again. The visit is found by its id in every version of that year from the released one on, so an
 * amended draft sees what was done meanwhile.
 *
 * Cost: one row and one change per task; `joined` is read with one query per task of a visit. */
#include "store/task.h"

#include <string.h>

#include "store/change.h"
#include "store/row.h"
#include "store/stamp.h"
#include "store/visit.h"

static struct jc_str id_of(const ProtobufCBinaryData *id) {
    return (struct jc_str){(const char *)id->data, id->len};
}

static enum jc_code unknown(struct jc_str task_id, struct jc_err *err) {
    char hex[2 * JC_UUID_SIZE + 1];
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_TASK_UNKNOWN,
                   jc_hex(task_id.ptr, task_id.len < JC_UUID_SIZE ? task_id.len : JC_UUID_SIZE, hex));
}

static enum jc_code tell(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                         struct jc_err *err) {
    return jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_TASK, task_id, team_id, false, err);
}

/* --- add ----------------------------------------------------------------------------------------- */

static const char SQL_TASK_OF_VISIT[] =
    "SELECT t.task_id, t.state"
    "  FROM task AS t"
    "  JOIN plan AS p ON p.agency_id = t.agency_id AND p.year = t.plan_year"
    " WHERE t.agency_id = $1 AND p.version = $2 AND t.visit_id = $3 AND t.team_id = $4";

/* The team's task of the visit, if it had one: recalled ones may be opened again, *recalled true and the id
 * copied into the task. */
static enum jc_code find_earlier(struct jc_tx *tx, int64_t agency_id, Jc__Task *task, bool *recalled,
                                 struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool found = false;
    *recalled = false;
    enum jc_code code = jc_tx_query(tx, SQL_TASK_OF_VISIT,
                                    JC_VALUES(jc_int(agency_id), jc_int(task->plan_version),
                                              jc_text(jc_str(task->visit_id)), jc_text(jc_str(task->team_id))),
                                    &rows, err);
    if (!code)
        code = jc_rows_next(rows, &found, err);
    if (!code && found && jc_rows_int64(rows, 1) == JC__TASK_STATE__TASK_STATE_RECALLED) {
        struct jc_str id = jc_rows_bytes(rows, 0);
        *recalled = id.len == task->task_id.len;
        if (*recalled)
            memcpy(task->task_id.data, id.ptr, id.len);
    }
    jc_rows_close(rows);
    if (!code && found && !*recalled)
        code = jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_VISIT_RELEASED, jc_str(task->visit_id));
    return code;
}

static const char SQL_TASK_REOPEN[] =
    "UPDATE task"
    "   SET kind = $1, state = $2, unit_id = $3, plan_version = $4, month = $5, due_on = $6, mode = $7,"
    "       persons = $8, days_centi = $9, theme = $10, checklist_id = $11, return_reason = '', released_ms = $12,"
    "       done_ms = NULL, recall_reason = '', recalled_ms = NULL, planner_note = '', held_by = ''"
    " WHERE agency_id = $13 AND task_id = $14";

static enum jc_code reopen(struct jc_tx *tx, int64_t agency_id, const Jc__Task *task, int64_t now_ms,
                           struct jc_err *err) {
    struct jc_str id = id_of(&task->task_id);
    enum jc_code code = jc_tx_exec(
        tx, SQL_TASK_REOPEN,
        JC_VALUES(jc_int(task->kind), jc_int(task->state), jc_text(jc_str(task->unit_id)), jc_int(task->plan_version),
                  jc_int(task->month), jc_text(jc_str(task->due_on)), jc_int(task->mode), jc_int(task->persons),
                  jc_int(task->days_centi), jc_text(jc_str(task->theme)), jc_text(jc_str(task->checklist_id)),
                  jc_int(now_ms), jc_int(agency_id), jc_bytes(id.ptr, id.len)),
        err);
    return code ? code : tell(tx, agency_id, id, jc_str(task->team_id), err);
}

static const char SQL_TASK_ADD[] =
    "INSERT INTO task (agency_id, task_id, kind, state, team_id, unit_id, visit_id, plan_version, plan_year,"
    "                  month, due_on, mode, persons, days_centi, theme, checklist_id, inspector_ids, order_id,"
    "                  return_reason, released_ms, done_ms)"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, (SELECT year FROM plan WHERE agency_id = $1 AND version = $8),"
    "        $9, $10, $11, $12, $13, $14, $15, $16, $17,"
    "        $18, $19, NULL)";

enum jc_code jc_task_add(struct jc_tx *tx, int64_t agency_id, Jc__Task *task, int64_t now_ms, struct jc_err *err) {
    bool planned = *task->visit_id, recalled = false;
    if (planned) {
        enum jc_code code = find_earlier(tx, agency_id, task, &recalled, err);
        if (code || recalled)
            return code ? code : reopen(tx, agency_id, task, now_ms, err);
    }
    struct jc_arena *arena = jc_arena_new(1 << 20);
    struct jc_str inspectors = {0};
    if (arena)
        inspectors = jc_row_join(arena, task->inspector_ids, task->n_inspector_ids, ';');
    if (!inspectors.ptr) {
        jc_arena_free(arena);
        return jc_fail_memory(err);
    }
    struct jc_str id = id_of(&task->task_id);
    enum jc_code code =
        jc_tx_exec(tx, SQL_TASK_ADD,
                   JC_VALUES(jc_int(agency_id), jc_bytes(id.ptr, id.len), jc_int(task->kind), jc_int(task->state),
                             jc_text(jc_str(task->team_id)), jc_text(jc_str(task->unit_id)),
                             jc_text_or_null(jc_str(task->visit_id)), planned ? jc_int(task->plan_version) : jc_null(),
                             jc_int(task->month), jc_text(jc_str(task->due_on)), jc_int(task->mode),
                             jc_int(task->persons), jc_int(task->days_centi), jc_text(jc_str(task->theme)),
                             jc_text(jc_str(task->checklist_id)), jc_text(inspectors),
                             task->order_id.len ? jc_bytes(task->order_id.data, task->order_id.len) : jc_null(),
                             jc_text(jc_str(task->return_reason)), jc_int(now_ms)),
                   err);
    jc_arena_free(arena);
    return code ? code : tell(tx, agency_id, id, jc_str(task->team_id), err);
}

/* --- read ---------------------------------------------------------------------------------------- */

#define TASK_COLUMNS                                                                                                      \
    "task_id, kind, state, team_id, unit_id, visit_id, plan_version, month, due_on, mode, persons,"                       \
    " days_centi, theme, checklist_id, inspector_ids, order_id, return_reason, recall_reason, recalled_ms, planner_note," \
    " held_by"

static Jc__Task *task_of(struct jc_row *row) {
    const struct jc_rows *rows = row->rows;
    Jc__Task *task = JC_NEW(row->arena, Jc__Task);
    if (!task) {
        row->failed = true;
        return NULL;
    }
    jc__task__init(task);
    task->task_id = jc_row_bytes(row, 0);
    task->kind = (Jc__TaskKind)jc_rows_int64(rows, 1);
    task->state = (Jc__TaskState)jc_rows_int64(rows, 2);
    task->team_id = jc_row_text(row, 3);
    task->unit_id = jc_row_text(row, 4);
    task->visit_id = jc_row_text(row, 5);
    task->plan_version = (int32_t)jc_rows_int64(rows, 6);
    task->month = (int32_t)jc_rows_int64(rows, 7);
    task->due_on = jc_row_text(row, 8);
    task->mode = (Jc__VisitMode)jc_rows_int64(rows, 9);
    task->persons = (int32_t)jc_rows_int64(rows, 10);
    task->days_centi = (int32_t)jc_rows_int64(rows, 11);
    task->theme = jc_row_text(row, 12);
    task->checklist_id = jc_row_text(row, 13);
    task->inspector_ids = jc_row_list(row, 14, ';', &task->n_inspector_ids);
    task->order_id = jc_row_bytes(row, 15);
    task->return_reason = jc_row_text(row, 16);
    task->recall_reason = jc_row_text(row, 17);
    if (!jc_rows_is_null(rows, 18) && !(task->recalled_at = jc_stamp_of_ms(row->arena, jc_rows_int64(rows, 18))))
        row->failed = true;
    task->planner_note = jc_row_text(row, 19);
    task->held_by = jc_row_text(row, 20);
    return task;
}

/* Who joins a lead's visit; for a joint task, who leads it. */
static const char SQL_TASK_JOINERS[] = "SELECT team_id, rule_id, persons, days_centi"
                                       "  FROM visit_joint"
                                       " WHERE agency_id = $1 AND version = $2 AND visit_id = $3"
                                       " ORDER BY position";
static const char SQL_TASK_LEAD[] = "SELECT lead_team, rule_id, persons, days_centi"
                                    "  FROM visit"
                                    " WHERE agency_id = $1 AND version = $2 AND visit_id = $3";

static enum jc_code add_joined(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, Jc__Task *task,
                               struct jc_err *err) {
    if (!*task->visit_id)
        return JC_OK;
    struct {
        Jc__JoinedTeam **items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool lead = task->kind == JC__TASK_KIND__TASK_KIND_VISIT, has_row = false;
    enum jc_code code = jc_tx_query(
        tx, lead ? SQL_TASK_JOINERS : SQL_TASK_LEAD,
        JC_VALUES(jc_int(agency_id), jc_int(task->plan_version), jc_text(jc_str(task->visit_id))), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__JoinedTeam *team = JC_NEW(arena, Jc__JoinedTeam), **slot = JC_PUSH(arena, &list, Jc__JoinedTeam *);
        if (team && slot) {
            jc__joined_team__init(team);
            team->team_id = jc_row_text(&row, 0);
            team->rule_id = jc_row_text(&row, 1);
            team->persons = (int32_t)jc_rows_int64(rows, 2);
            team->days_centi = (int32_t)jc_rows_int64(rows, 3);
            *slot = team;
        }
        if (!team || !slot || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    task->joined = list.items;
    task->n_joined = list.count;
    return code;
}

static const char SQL_TASK_GET[] = "SELECT " TASK_COLUMNS "  FROM task"
                                   " WHERE agency_id = $1 AND task_id = $2";

enum jc_code jc_task_get(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_arena *arena,
                         Jc__Task **out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    Jc__Task *task = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SQL_TASK_GET, JC_VALUES(jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && !has_row)
        code = unknown(task_id, err);
    if (!code) {
        struct jc_row row = {rows, arena, false};
        task = task_of(&row);
        if (row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (!code)
        code = add_joined(tx, agency_id, arena, task, err);
    if (!code)
        *out = task;
    return code;
}

/* --- move ---------------------------------------------------------------------------------------- */

static const char SQL_TASK_MOVE[] = "UPDATE task"
                                    "   SET state = $1, return_reason = $2, done_ms = $3, recall_reason = $4,"
                                    "       recalled_ms = $5"
                                    " WHERE agency_id = $6 AND task_id = $7";

/* Moves this task alone and tells its team. */
static enum jc_code move_one(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                             Jc__TaskState state, struct jc_str reason, int64_t now_ms, struct jc_err *err) {
    bool done = state == JC__TASK_STATE__TASK_STATE_DONE, returned = state == JC__TASK_STATE__TASK_STATE_RETURNED,
         recalled = state == JC__TASK_STATE__TASK_STATE_RECALLED;
    enum jc_code code =
        jc_tx_exec(tx, SQL_TASK_MOVE,
                   JC_VALUES(jc_int(state), jc_text(returned ? reason : JC_STR("")), done ? jc_int(now_ms) : jc_null(),
                             jc_text(recalled ? reason : JC_STR("")), recalled ? jc_int(now_ms) : jc_null(),
                             jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len)),
                   err);
    return code ? code : tell(tx, agency_id, task_id, team_id, err);
}

static const char SQL_TASK_JOINTS[] =
    "SELECT j.task_id, j.team_id"
    "  FROM task AS j"
    "  JOIN task AS t ON t.agency_id = j.agency_id AND t.plan_year = j.plan_year AND t.visit_id = j.visit_id"
    " WHERE t.agency_id = $1 AND t.task_id = $2 AND j.kind = $3";

/* Moves the joint tasks of a lead's task with it. */
static enum jc_code move_joints(struct jc_tx *tx, int64_t agency_id, struct jc_str lead_id, Jc__TaskState state,
                                struct jc_str reason, int64_t now_ms, struct jc_arena *arena, struct jc_err *err) {
    struct {
        struct {
            struct jc_str id, team;
        } * items;
        size_t count, capacity;
    } joints = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(
        tx, SQL_TASK_JOINTS,
        JC_VALUES(jc_int(agency_id), jc_bytes(lead_id.ptr, lead_id.len), jc_int(JC__TASK_KIND__TASK_KIND_JOINT)), &rows,
        err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        if (!jc_arena_push(arena, (void **)&joints.items, &joints.count, &joints.capacity, sizeof(*joints.items))) {
            code = jc_fail_memory(err);
            break;
        }
        size_t last = joints.count - 1;
        joints.items[last].id = jc_arena_copy(arena, jc_rows_bytes(rows, 0));
        joints.items[last].team = jc_arena_copy(arena, jc_rows_text(rows, 1));
        if (!joints.items[last].id.ptr || !joints.items[last].team.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    for (size_t i = 0; !code && i < joints.count; i++)
        code = move_one(tx, agency_id, joints.items[i].id, joints.items[i].team, state, reason, now_ms, err);
    return code;
}

/* The status of a visit by the state of its lead's task: taken back, it is planned again. */
static Jc__VisitStatus visit_status(Jc__TaskState state) {
    switch (state) {
    case JC__TASK_STATE__TASK_STATE_DONE:
        return JC__VISIT_STATUS__VISIT_STATUS_DONE;
    case JC__TASK_STATE__TASK_STATE_RECALLED:
        return JC__VISIT_STATUS__VISIT_STATUS_PLANNED;
    default:
        return JC__VISIT_STATUS__VISIT_STATUS_RELEASED;
    }
}

enum jc_code jc_task_move(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, Jc__TaskState state,
                          struct jc_str reason, int64_t now_ms, struct jc_err *err) {
    Jc__Task *task = NULL;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = arena ? jc_task_get(tx, agency_id, task_id, arena, &task, err) : jc_fail_memory(err);
    if (!code)
        code = move_one(tx, agency_id, task_id, jc_str(task->team_id), state, reason, now_ms, err);
    if (!code && task->kind == JC__TASK_KIND__TASK_KIND_VISIT) {
        code = move_joints(tx, agency_id, task_id, state, reason, now_ms, arena, err);
        if (!code)
            code = jc_visit_set_status(tx, agency_id, task->plan_version, jc_str(task->visit_id), visit_status(state),
                                       err);
    }
    jc_arena_free(arena);
    return code;
}

/* --- recall -------------------------------------------------------------------------------------- */

static const char SQL_TASK_RECALLABLE[] = "SELECT task_id, team_id"
                                          "  FROM task"
                                          " WHERE agency_id = $1 AND plan_year = $2 AND visit_id = $3"
                                          "   AND state IN ($4, $5)";

enum jc_code jc_task_recall(struct jc_tx *tx, int64_t agency_id, int year, struct jc_str visit_id, int64_t now_ms,
                            struct jc_err *err) {
    struct {
        struct told {
            struct jc_str id, team;
        } * items;
        size_t count, capacity;
    } tasks = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    struct jc_arena *arena = jc_arena_new(1 << 20);
    enum jc_code code = arena ? jc_tx_query(tx, SQL_TASK_RECALLABLE,
                                            JC_VALUES(jc_int(agency_id), jc_int(year), jc_text(visit_id),
                                                      jc_int(JC__TASK_STATE__TASK_STATE_OPEN),
                                                      jc_int(JC__TASK_STATE__TASK_STATE_RETURNED)),
                                            &rows, err)
                              : jc_fail_memory(err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct told *task = JC_PUSH(arena, &tasks, struct told);
        if (task)
            *task = (struct told){jc_rows_copy(rows, 0, arena), jc_rows_copy(rows, 1, arena)};
        if (!task || !task->id.ptr || !task->team.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    for (size_t i = 0; !code && i < tasks.count; i++)
        code = move_one(tx, agency_id, tasks.items[i].id, tasks.items[i].team, JC__TASK_STATE__TASK_STATE_RECALLED,
                        JC_STR(""), now_ms, err);
    jc_arena_free(arena);
    return code;
}

/* --- list ---------------------------------------------------------------------------------------- */

/* A page token is the last row's "<due_on>.<task id in hex>". */
static bool token_parse(struct jc_str token, struct jc_str *due_on, uint8_t id[JC_UUID_SIZE]) {
    struct jc_str rest = token;
    struct jc_date day;
    return jc_str_cut(&rest, '.', due_on) && jc_date_parse(*due_on, &day) && jc_hex_parse(rest, id, JC_UUID_SIZE);
}

static struct jc_str token_make(struct jc_arena *arena, const Jc__Task *last) {
    char hex[2 * JC_UUID_SIZE + 1];
    jc_hex(last->task_id.data, last->task_id.len < JC_UUID_SIZE ? last->task_id.len : JC_UUID_SIZE, hex);
    return jc_arena_printf(arena, "%s.%s", last->due_on, hex);
}

static const char SQL_TASK_LIST[] = "SELECT " TASK_COLUMNS "  FROM task"
                                    " WHERE agency_id = $1"
                                    "   AND ($2 = '' OR team_id = $2)"
                                    "   AND ($3 = 0 OR state = $3)"
                                    "   AND (due_on > $4 OR (due_on = $4 AND task_id > $5))"
                                    " ORDER BY due_on, task_id"
                                    " LIMIT $6";

enum jc_code jc_task_list(struct jc_tx *tx, int64_t agency_id, const struct jc_task_filter *filter,
                          struct jc_arena *arena, Jc__Task ***out, size_t *count, struct jc_str *next,
                          struct jc_err *err) {
    struct {
        Jc__Task **items;
        size_t count, capacity;
    } list = {0};
    struct jc_str due_on = JC_STR("");
    uint8_t after[JC_UUID_SIZE] = {0};
    if (filter->after.len && !token_parse(filter->after, &due_on, after))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_PAGE_TOKEN_BAD, filter->after);
    /* one more than asked for tells whether there is a next page */
    int64_t limit = filter->limit > 0 ? (int64_t)filter->limit + 1 : INT64_MAX;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SQL_TASK_LIST,
                                    JC_VALUES(jc_int(agency_id), jc_text(filter->team_id), jc_int(filter->state),
                                              jc_text(due_on), jc_bytes(after, sizeof(after)), jc_int(limit)),
                                    &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_row row = {rows, arena, false};
        Jc__Task *task = task_of(&row), **slot = JC_PUSH(arena, &list, Jc__Task *);
        if (slot)
            *slot = task;
        if (!slot || row.failed)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    *next = JC_STR("");
    if (!code && filter->limit > 0 && list.count > (size_t)filter->limit) {
        list.count = (size_t)filter->limit;
        *next = token_make(arena, list.items[list.count - 1]);
        if (!next->ptr)
            code = jc_fail_memory(err);
    }
    for (size_t i = 0; !code && i < list.count; i++)
        code = add_joined(tx, agency_id, arena, list.items[i], err);
    if (!code) {
        *out = list.items;
        *count = list.count;
    }
    return code;
}

/* --- what planners do ---------------------------------------------------------------------------- */

static const char SQL_TASK_TEAM[] =
    "UPDATE task"
    "   SET team_id = $1, state = $2, return_reason = '', inspector_ids = '', held_by = ''"
    " WHERE agency_id = $3 AND task_id = $4";

enum jc_code jc_task_give(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                          struct jc_err *err) {
    enum jc_code code = jc_tx_exec(tx, SQL_TASK_TEAM,
                                   JC_VALUES(jc_text(team_id), jc_int(JC__TASK_STATE__TASK_STATE_OPEN),
                                             jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len)),
                                   err);
    return code ? code : tell(tx, agency_id, task_id, team_id, err);
}

static const char SQL_TASK_NOTE[] = "UPDATE task"
                                    "   SET planner_note = $1"
                                    " WHERE agency_id = $2 AND task_id = $3";

enum jc_code jc_task_note(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str note,
                          struct jc_err *err) {
    return jc_tx_exec(tx, SQL_TASK_NOTE,
                      JC_VALUES(jc_text(note), jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len)), err);
}

static const char SQL_TASK_HOLD[] = "UPDATE task"
                                    "   SET held_by = $1"
                                    " WHERE agency_id = $2 AND task_id = $3";

enum jc_code jc_task_hold(struct jc_tx *tx, int64_t agency_id, const Jc__Task *task, struct jc_str inspector_id,
                          struct jc_err *err) {
    struct jc_str id = id_of(&task->task_id);
    enum jc_code code = jc_tx_exec(tx, SQL_TASK_HOLD,
                                   JC_VALUES(jc_text(inspector_id), jc_int(agency_id), jc_bytes(id.ptr, id.len)), err);
    return code ? code : tell(tx, agency_id, id, jc_str(task->team_id), err);
}

/* --- visits of one unit --------------------------------------------------------------------------- */

static const char SQL_TASK_VISITS[] = "SELECT task_id, team_id"
                                      "  FROM task"
                                      " WHERE agency_id = $1 AND unit_id = $2 AND +state IN ($3, $4) AND kind = $5"
                                      "   AND task_id <> $6";

enum jc_code jc_task_tell_visits(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id, struct jc_str but,
                                 struct jc_arena *arena, struct jc_err *err) {
    struct {
        struct told_visit {
            struct jc_str id, team;
        } * items;
        size_t count, capacity;
    } tasks = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(tx, SQL_TASK_VISITS,
                    JC_VALUES(jc_int(agency_id), jc_text(unit_id), jc_int(JC__TASK_STATE__TASK_STATE_OPEN),
                              jc_int(JC__TASK_STATE__TASK_STATE_RETURNED), jc_int(JC__TASK_KIND__TASK_KIND_VISIT),
                              jc_bytes(but.ptr, but.len)),
                    &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct told_visit *task = JC_PUSH(arena, &tasks, struct told_visit);
        if (task)
            *task = (struct told_visit){jc_rows_copy(rows, 0, arena), jc_rows_copy(rows, 1, arena)};
        if (!task || !task->id.ptr || !task->team.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    for (size_t i = 0; !code && i < tasks.count; i++)
        code = tell(tx, agency_id, tasks.items[i].id, tasks.items[i].team, err);
    return code;
}

static const char SQL_TASK_OF_TEAM[] = "SELECT 1"
                                       "  FROM task AS t"
                                       "  JOIN task AS o ON o.agency_id = t.agency_id AND o.plan_year = t.plan_year"
                                       "                AND o.visit_id = t.visit_id"
                                       " WHERE t.agency_id = $1 AND t.task_id = $2 AND o.team_id = $3";

enum jc_code jc_task_of_team(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, struct jc_str team_id,
                             bool *found, struct jc_err *err) {
    return jc_row_exists(tx, SQL_TASK_OF_TEAM,
                         JC_VALUES(jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len), jc_text(team_id)), found,
                         err);
}
