/* The list an inspector works from: tasks as the server last told them, each with what was done here since, and
 * behind them the work whose task has left this terminal or never was one (ad hoc inspections).
 *
 * Cost: one pass over tasks and operations; an operation looks for its row from the newest one on. */
#include <stdlib.h>
#include <string.h>

#include "terminal/entity.h"
#include "terminal/standing.h"

struct row {
    struct jc_terminal_task task;
    struct jc_uuid task_id; /* zeros: an ad hoc inspection */
    struct jc_terminal_operations operations;
};

struct listing {
    struct jc_arena *arena;
    struct {
        struct row *items;
        size_t count, capacity;
    } rows;
};

/* --- rows ---------------------------------------------------------------------------------------------- */

static bool holds(const struct row *row, struct jc_str depends_on) {
    struct jc_uuid id = jc_terminal_uuid(depends_on);
    for (size_t i = 0; i < row->operations.count; i++) {
        if (jc_terminal_uuid_equal(row->operations.items[i].outcome.operation_id, id))
            return true;
    }
    return false;
}

/* The row of the operation's task (the server names that of an ad hoc inspection like the inspection); without a
 * task, the row of what it depends on; else a new one. */
static struct row *row_of(struct listing *listing, const struct jc_terminal_operation *operation) {
    bool has_task = !jc_terminal_uuid_is_zero(operation->outcome.task_id);
    struct jc_uuid task_id = has_task ? operation->outcome.task_id : operation->outcome.subject_id;
    for (size_t i = listing->rows.count; i-- > 0;) {
        struct row *row = &listing->rows.items[i];
        if (jc_terminal_uuid_equal(row->task_id, task_id) ||
            (!has_task && operation->depends_on.len == JC_UUID_SIZE && holds(row, operation->depends_on)))
            return row;
    }
    struct row *row = JC_PUSH(listing->arena, &listing->rows, struct row);
    if (row) {
        row->task_id = operation->outcome.task_id;
        row->task.unit_id = operation->outcome.unit_id;
    }
    return row;
}

static enum jc_code add_tasks(struct jc_tx *tx, struct listing *listing, struct jc_err *err) {
    struct jc_terminal_entities tasks;
    enum jc_code code = jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_TASK, listing->arena, &tasks, err);
    for (size_t i = 0; code == JC_OK && i < tasks.count; i++) {
        struct row *row = JC_PUSH(listing->arena, &listing->rows, struct row);
        if (!row)
            return jc_fail_memory(err);
        row->task.task = (Jc__Task *)tasks.items[i];
        row->task_id = jc_terminal_uuid_of(row->task.task->task_id);
        row->task.unit_id = jc_str(row->task.task->unit_id);
    }
    return code;
}

static enum jc_code add_operations(struct jc_tx *tx, struct listing *listing, struct jc_err *err) {
    struct jc_terminal_operations list;
    struct jc_uuid none = {{0}};
    enum jc_code code = jc_terminal_operation_list(tx, none, none, listing->arena, &list, err);
    for (size_t i = 0; code == JC_OK && i < list.count; i++) {
        struct row *row = row_of(listing, &list.items[i]);
        struct jc_terminal_operation *item =
            row ? JC_PUSH(listing->arena, &row->operations, struct jc_terminal_operation) : NULL;
        if (!item)
            return jc_fail_memory(err);
        *item = list.items[i];
    }
    return code;
}

static enum jc_code finish(struct jc_tx *tx, struct jc_arena *arena, struct row *row, struct jc_err *err) {
    struct jc_terminal_task *task = &row->task;
    struct jc_terminal_standing standing = jc_terminal_standing(task->task, &row->operations);
    const struct jc_terminal_operation *newest = standing.record  ? standing.record
                                                 : standing.start ? standing.start
                                                                  : standing.taken;
    ProtobufCMessage *unit = NULL;
    task->local = standing.local;
    if (newest)
        task->subject_id = newest->outcome.subject_id;
    task->outcome_count = row->operations.count;
    task->outcomes = JC_NEW_ARRAY(arena, task->outcome_count, struct jc_terminal_outcome);
    if (!task->outcomes)
        return jc_fail_memory(err);
    for (size_t i = 0; i < task->outcome_count; i++) {
        task->outcomes[i] = row->operations.items[i].outcome;
        task->unsent += task->outcomes[i].unsent;
    }
    enum jc_code code = jc_terminal_source_get(tx, task->subject_id, JC__ENTITY_KIND__ENTITY_KIND_UNIT, task->unit_id,
                                               arena, &unit, err);
    task->unit = (Jc__Unit *)unit;
    return code;
}

/* --- order ------------------------------------------------------------------------------------------------- */

/* 0 to do, 1 other tasks, 2 work without a task here. */
static int group_of(const struct jc_terminal_task *task) {
    if (!task->task)
        return 2;
    bool open = task->task->state == JC__TASK_STATE__TASK_STATE_OPEN &&
                (task->local == JC_TERMINAL_LOCAL_NONE || task->local == JC_TERMINAL_LOCAL_STARTED);
    return open ? 0 : 1;
}

static int compare_tasks(const void *left, const void *right) {
    const struct jc_terminal_task *a = left, *b = right;
    int order = group_of(a) - group_of(b);
    if (order == 0 && a->task)
        order = strcmp(a->task->due_on, b->task->due_on);
    if (order == 0)
        order = jc_str_cmp(a->unit_id, b->unit_id);
    if (order == 0 && a->task)
        order = memcmp(a->task->task_id.data, b->task->task_id.data, JC_UUID_SIZE);
    if (order == 0)
        order = memcmp(a->subject_id.bytes, b->subject_id.bytes, JC_UUID_SIZE);
    return order;
}

/* Work of a task that left is listed while it waits or needs a person; ad hoc inspections always. */
static bool is_listed(const struct row *row) {
    bool listed = row->task.task || jc_terminal_uuid_is_zero(row->task_id) || row->task.unsent > 0;
    for (size_t i = 0; !listed && i < row->task.outcome_count; i++)
        listed = jc_terminal_needs_attention(&row->task.outcomes[i]);
    return listed;
}

struct listing_job {
    struct listing listing;
    struct jc_terminal_task *out;
    size_t count;
};

static enum jc_code list_tasks(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct listing_job *job = ctx;
    struct listing *listing = &job->listing;
    enum jc_code code = add_tasks(tx, listing, err);
    if (code == JC_OK)
        code = add_operations(tx, listing, err);
    if (code)
        return code;
    job->out = JC_NEW_ARRAY(listing->arena, listing->rows.count, struct jc_terminal_task);
    if (!job->out)
        return jc_fail_memory(err);
    for (size_t i = 0; i < listing->rows.count; i++) {
        struct row *row = &listing->rows.items[i];
        code = finish(tx, listing->arena, row, err);
        if (code)
            return code;
        if (is_listed(row))
            job->out[job->count++] = row->task;
    }
    if (job->count > 1)
        qsort(job->out, job->count, sizeof *job->out, compare_tasks);
    return JC_OK;
}

enum jc_code jc_terminal_tasks(struct jc_terminal *terminal, struct jc_arena *arena, struct jc_terminal_task **out,
                               size_t *count, struct jc_err *err) {
    struct listing_job job = {.listing = {.arena = arena}};
    enum jc_code code = jc_terminal_read(terminal, list_tasks, &job, err);
    *out = job.out;
    *count = job.count;
    return code;
}
