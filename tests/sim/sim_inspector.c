/* What inspectors do in the field, with the terminal's own functions. Any refusal is fine (the task may be done,
 * numbers may have run out); that a terminal says it is stored is a promise, and noted. */
#include <stdio.h>
#include <string.h>

#include "sim/sim_camera.h"
#include "sim/sim_people.h"

enum { HOUR_MS = 3600 * 1000 };

struct acting {
    struct sim_story *story;
    struct sim_terminal *terminal;
    struct sim_random *random;
    struct jc_arena *arena;
};

static void took(struct acting *a, const char *what, enum jc_code code, const struct jc_terminal_work *work,
                 const struct jc_err *err) {
    sim_tell(&a->story->world, "T%d %s: %s", a->terminal->index, what, jc_code_name(code));
    if (code == JC_OK)
        sim_judge_made(&a->story->judge, a->terminal, work);
    else if ((code == JC_INTERNAL || code == JC_DATA_LOSS) && !a->terminal->disk.dead)
        sim_fail(&a->story->world, "I0", "T%d %s: %s: %s", a->terminal->index, what, jc_code_name(code), err->detail);
}

static Google__Protobuf__Timestamp *time_of(struct acting *a, int64_t ms) {
    Google__Protobuf__Timestamp *time = JC_NEW(a->arena, Google__Protobuf__Timestamp);
    google__protobuf__timestamp__init(time);
    time->seconds = ms / 1000;
    time->nanos = (int32_t)(ms % 1000) * 1000000;
    return time;
}

static char *text(struct acting *a, const char *words) {
    return (char *)(uintptr_t)jc_arena_copy(a->arena, jc_str(words)).ptr;
}

/* The day `days` from now by the terminal's clock. */
static char *day(struct acting *a, int days) {
    char buf[JC_TIME_MAX];
    int64_t today = jc_date_to_days(jc_date_of_ms(sim_terminal_now(a->terminal)));
    return (char *)(uintptr_t)jc_arena_copy(a->arena, jc_date_format(jc_date_from_days(today + days), buf)).ptr;
}

static char **two_people(struct acting *a) {
    char **ids = JC_NEW_ARRAY(a->arena, 2, char *);
    int own = a->terminal->inspector_id[1] - '0';
    int other = (own - 1 + SIM_TEAMS * (1 + (int)sim_below(a->random, 2))) % SIM_INSPECTORS + 1;
    ids[0] = text(a, a->terminal->inspector_id);
    ids[1] = (char *)(uintptr_t)jc_arena_printf(a->arena, "i%d", other).ptr;
    return ids;
}

static Jc__UnitSignature *signature(struct acting *a) {
    Jc__UnitSignature *signature = JC_NEW(a->arena, Jc__UnitSignature);
    Jc__Signed *name = JC_NEW(a->arena, Jc__Signed);
    jc__signed__init(name);
    name->name = text(a, "Zhang");
    jc__unit_signature__init(signature);
    signature->result_case = JC__UNIT_SIGNATURE__RESULT_SIGNED;
    signature->signed_ = name;
    return signature;
}

Jc__Task *sim_inspector_task(struct sim_story *story, struct sim_terminal *terminal, bool recheck) {
    struct jc_terminal_task *tasks = NULL;
    struct jc_err err = {0};
    size_t count = 0, open = 0;
    if (jc_terminal_tasks(terminal->store, terminal->arena, &tasks, &count, &err) != JC_OK)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        Jc__Task *task = tasks[i].task;
        if (task && task->state == JC__TASK_STATE__TASK_STATE_OPEN &&
            (task->kind == JC__TASK_KIND__TASK_KIND_RECHECK) == recheck)
            tasks[open++].task = task;
    }
    return open ? tasks[sim_below(&story->world.people, (int64_t)open)].task : NULL;
}

static struct jc_uuid uuid_of(ProtobufCBinaryData id) {
    struct jc_uuid out = {{0}};
    if (id.len == sizeof out.bytes)
        memcpy(out.bytes, id.data, id.len);
    return out;
}

/* --- records --------------------------------------------------------------------------------------------------------- */

static Jc__Finding *finding(struct acting *a) {
    Jc__Finding *finding = JC_NEW(a->arena, Jc__Finding);
    jc__finding__init(finding);
    finding->description = text(a, "no warning signs");
    finding->outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
    finding->deadline = day(a, 5 + (int)sim_below(a->random, 10));
    return finding;
}

static Jc__Inspection *inspection(struct acting *a, const Jc__Task *task) {
    Jc__Inspection *inspection = JC_NEW(a->arena, Jc__Inspection);
    int64_t now_ms = sim_terminal_now(a->terminal);
    jc__inspection__init(inspection);
    if (task) {
        inspection->task_id = task->task_id;
        inspection->unit_id = task->unit_id;
    } else {
        inspection->unit_id =
            (char *)(uintptr_t)jc_arena_printf(a->arena, "u%02d", 1 + (int)sim_below(a->random, SIM_UNITS)).ptr;
    }
    inspection->started_at = time_of(a, now_ms - HOUR_MS);
    inspection->ended_at = time_of(a, now_ms);
    inspection->inspector_ids = two_people(a);
    inspection->n_inspector_ids = 2;
    inspection->n_findings = (size_t)sim_below(a->random, 3);
    inspection->findings = JC_NEW_ARRAY(a->arena, 3, Jc__Finding *);
    for (size_t i = 0; i < inspection->n_findings; i++)
        inspection->findings[i] = finding(a);
    inspection->signature = signature(a);
    return inspection;
}

static void order(struct acting *a, struct jc_uuid inspection_id) {
    struct jc_terminal_order_draft draft = {.inspection_id = inspection_id};
    struct jc_terminal_work work;
    struct jc_err err = {0};
    enum jc_code code = jc_terminal_order(a->terminal->store, &draft, a->arena, &work, &err);
    took(a, "orders", code, &work, &err);
    a->story->orders += code == JC_OK;
}

static void submit(struct acting *a, const Jc__Task *task) {
    struct jc_terminal_draft draft = {.inspection = inspection(a, task), .reason = JC_STR("complaint")};
    struct jc_terminal_work work;
    struct jc_err err = {0};
    struct jc_uuid id;
    sim_camera_add(a->terminal, a->random, a->arena, draft.inspection, &draft.photo_paths);
    if (sim_chance(a->random, 200)) /* a draft first; the record takes its place */
        (void)jc_terminal_draft_save(a->terminal->store, &draft, a->arena, &id, &err);
    if (a->terminal->disk.dead)
        return;
    enum jc_code code = jc_terminal_submit(a->terminal->store, &draft, a->arena, &work, &err);
    took(a, task ? "submits" : "adds ad hoc", code, &work, &err);
    a->story->records += code == JC_OK;
    if (code == JC_OK && draft.inspection->n_findings && sim_chance(a->random, 900))
        order(a, work.subject.id);
}

static void begin(struct acting *a, const Jc__Task *task) {
    struct jc_terminal_arrival arrival = {.task_id = uuid_of(task->task_id),
                                          .started_ms = sim_terminal_now(a->terminal),
                                          .inspector_ids = (const char *const *)two_people(a),
                                          .inspector_count = 2};
    struct jc_terminal_work work;
    struct jc_err err = {0};
    enum jc_code code = jc_terminal_begin(a->terminal->store, &arrival, a->arena, &work, &err);
    took(a, "begins", code, &work, &err);
    a->story->others += code == JC_OK;
}

static void give_back(struct acting *a, const Jc__Task *task) {
    struct jc_terminal_work work;
    struct jc_err err = {0};
    enum jc_code code =
        jc_terminal_return(a->terminal->store, uuid_of(task->task_id), JC_STR("closed down"), a->arena, &work, &err);
    took(a, "returns", code, &work, &err);
    a->story->others += code == JC_OK;
}

static void recheck(struct acting *a, const Jc__Task *task) {
    Jc__RectificationOrder *order = NULL;
    Jc__Recheck *recheck = JC_NEW(a->arena, Jc__Recheck);
    struct jc_terminal_work work;
    struct jc_err err = {0};
    if (jc_terminal_order_of(a->terminal->store, uuid_of(task->task_id), a->arena, &order, &err) != JC_OK)
        return;
    jc__recheck__init(recheck);
    recheck->task_id = task->task_id;
    recheck->started_at = time_of(a, sim_terminal_now(a->terminal) - HOUR_MS);
    recheck->ended_at = time_of(a, sim_terminal_now(a->terminal));
    recheck->inspector_ids = two_people(a);
    recheck->n_inspector_ids = 2;
    recheck->signature = signature(a);
    recheck->items = JC_NEW_ARRAY(a->arena, order->n_items, Jc__RecheckItem *);
    for (size_t i = 0; i < order->n_items; i++) {
        if (*order->items[i]->corrected_on)
            continue;
        Jc__RecheckItem *item = recheck->items[recheck->n_items++] = JC_NEW(a->arena, Jc__RecheckItem);
        bool corrected = sim_chance(a->random, 600);
        jc__recheck_item__init(item);
        item->finding_id = order->items[i]->finding_id;
        item->result =
            corrected ? JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED : JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED;
        if (!corrected)
            item->deadline = day(a, 7);
    }
    enum jc_code code = jc_terminal_recheck(a->terminal->store, recheck, a->arena, &work, &err);
    took(a, "rechecks", code, &work, &err);
    a->story->rechecks += code == JC_OK;
}

/* A paper form was spoiled. */
static void spoil(struct acting *a) {
    struct jc_terminal_work work;
    struct jc_err err = {0};
    enum jc_code code = jc_terminal_void_number(a->terminal->store, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD,
                                                JC_STR("spoiled"), a->arena, &work, &err);
    took(a, "voids a number", code, &work, &err);
    a->story->others += code == JC_OK;
}

/* The colleague was not there after all. */
static void take_back(struct acting *a, const Jc__Task *task) {
    struct jc_terminal_work work;
    struct jc_err err = {0};
    enum jc_code code = jc_terminal_take_back(a->terminal->store, uuid_of(task->task_id), a->arena, &work, &err);
    took(a, "takes back", code, &work, &err);
}

static void work(struct acting *a) {
    Jc__Task *task = sim_inspector_task(a->story, a->terminal, false);
    Jc__Task *again = sim_inspector_task(a->story, a->terminal, true);
    int64_t choice = sim_below(a->random, 100);
    if (again && choice < 40)
        recheck(a, again);
    else if (!task || choice < 15)
        submit(a, NULL);
    else if (choice < 30)
        begin(a, task);
    else if (choice < 38)
        give_back(a, task);
    else if (choice < 41)
        take_back(a, task);
    else if (choice < 43)
        spoil(a);
    else
        submit(a, task);
}

/* Somebody else of the bureau works with the terminal from now on: enrolled before, or now. False if nothing came of it
 * and the terminal lives. */
static bool share(struct sim_story *story, struct sim_terminal *terminal) {
    struct jc_terminal_holder holder = {0};
    struct jc_err err = {0};
    char own[sizeof terminal->inspector_id];
    memcpy(own, terminal->inspector_id, sizeof own);
    jc_arena_reset(terminal->arena);
    if (!*terminal->partner_id) {
        snprintf(terminal->inspector_id, sizeof terminal->inspector_id, "i%d", own[1] - '0' + 1);
        terminal->enrolled = false;
        terminal->again = true;
    } else {
        enum jc_code code =
            jc_terminal_switch(terminal->store, jc_str(terminal->partner_id), terminal->arena, &holder, &err);
        if (code != JC_OK)
            return !sim_terminal_survived(terminal);
        memcpy(terminal->inspector_id, terminal->partner_id, sizeof own);
    }
    memcpy(terminal->partner_id, own, sizeof own);
    sim_tell(&story->world, "T%d is taken by %s from %s", terminal->index, terminal->inspector_id, own);
    story->shares++;
    return true;
}

void sim_inspector_acts(struct sim_story *story, struct sim_terminal *terminal) {
    if (!sim_terminal_is_idle(terminal))
        return;
    if (!terminal->enrolled) {
        if (*terminal->code || sim_planner_invites(story, terminal))
            sim_terminal_start(terminal, sim_terminal_enrol);
        return;
    }
    if (sim_chance(&story->world.people, 500)) {
        int64_t choice = sim_below(&story->world.people, 100);
        sim_terminal_start(terminal, choice < 12   ? sim_terminal_upload
                                     : choice < 16 ? sim_terminal_fetch
                                                   : sim_terminal_sync);
        return;
    }
    if (story->world.faults & SIM_SCOPES && sim_chance(&story->world.people, 60) && share(story, terminal))
        return;
    struct acting acting = {story, terminal, &story->world.people, terminal->arena};
    jc_arena_reset(terminal->arena);
    work(&acting);
    if (sim_terminal_survived(terminal))
        sim_check_terminal(&story->judge, terminal);
}
