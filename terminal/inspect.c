/* Inspections: a draft is completed from task, unit and arrival, checked as a whole, and stored as SubmitInspection
 * or AddAdHocInspection with its number from the RECORD block.
 *
 * The job may run twice: completing only fills what is empty, and with the same values. */
#include <string.h>

#include "base/file.h"
#include "terminal/check.h"
#include "terminal/draft.h"
#include "terminal/entity.h"
#include "terminal/upload.h"
#include "terminal/work.h"

enum { KINDS_INSPECTED = 1 << JC__TASK_KIND__TASK_KIND_VISIT | 1 << JC__TASK_KIND__TASK_KIND_AD_HOC };
enum { PHOTO_MAX_BYTES = 64 * 1024 * 1024 };

struct submission {
    struct jc_terminal_making making;
    const struct jc_terminal_draft *draft;
    struct jc_terminal_open_task open; /* task NULL: ad hoc */
    const Jc__Unit *unit;              /* NULL: not in the register here */
};

/* --- completing ---------------------------------------------------------------------------------------- */

static enum jc_code find_unit(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    const Jc__Task *task = submission->open.task;
    ProtobufCMessage *unit = NULL;
    if (task && !*inspection->unit_id)
        inspection->unit_id = task->unit_id;
    struct jc_str unit_id = jc_str(inspection->unit_id);
    if (task && !jc_str_eq(unit_id, jc_str(task->unit_id)))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_UNIT_OTHER, jc_str(task->unit_id), unit_id);
    enum jc_code code =
        jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_UNIT, unit_id, submission->making.arena, &unit, err);
    if (code == JC_OK && !unit && !task)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_UNIT_UNKNOWN, unit_id);
    submission->unit = (const Jc__Unit *)unit;
    return code;
}

/* Start and persons, unless given. */
static void take_start(Jc__Inspection *inspection, Google__Protobuf__Timestamp *started_at, char **ids, size_t count) {
    if (!inspection->started_at)
        inspection->started_at = started_at;
    if (inspection->n_inspector_ids == 0) {
        inspection->inspector_ids = ids;
        inspection->n_inspector_ids = count;
    }
}

/* What the arrival on site recorded; if a colleague arrived, what came with the task. */
static enum jc_code take_arrival(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    struct jc_arena *arena = submission->making.arena;
    const struct jc_terminal_operation *start = submission->open.standing.start;
    struct jc_uuid id = jc_terminal_standing_inspection(&submission->open.standing), none = {{0}};
    Jc__OperationBody *body = NULL;
    struct jc_terminal_saved saved;
    bool found = false;
    if (jc_terminal_uuid_is_zero(id))
        return JC_OK;
    if (inspection->inspection_id.len == 0)
        inspection->inspection_id = jc_terminal_uuid_field(arena, id);
    if (!inspection->inspection_id.data)
        return jc_fail_memory(err);
    enum jc_code code = start ? jc_terminal_operation_body(start, arena, &body, err)
                              : jc_terminal_draft_find(tx, id, none, arena, &saved, &found, err);
    if (code == JC_OK && found)
        take_start(inspection, saved.inspection->started_at, saved.inspection->inspector_ids,
                   saved.inspection->n_inspector_ids);
    if (code == JC_OK && body && body->command_case == JC__OPERATION_BODY__COMMAND_START_INSPECTION)
        take_start(inspection, body->start_inspection->started_at, body->start_inspection->inspector_ids,
                   body->start_inspection->n_inspector_ids);
    return code;
}

static enum jc_code fill_ids(struct submission *submission, struct jc_err *err) {
    struct jc_terminal_making *making = &submission->making;
    Jc__Inspection *inspection = submission->draft->inspection;
    if (inspection->inspection_id.len != JC_UUID_SIZE)
        inspection->inspection_id = jc_terminal_uuid_field(making->arena, jc_uuid7(&making->terminal->wall));
    if (!inspection->inspection_id.data)
        return jc_fail_memory(err);
    for (size_t i = 0; i < inspection->n_findings; i++) {
        Jc__Finding *finding = inspection->findings[i];
        if (finding->finding_id.len != JC_UUID_SIZE)
            finding->finding_id = jc_terminal_uuid_field(making->arena, jc_uuid7(&making->terminal->wall));
        if (!finding->finding_id.data)
            return jc_fail_memory(err);
    }
    return JC_OK;
}

static bool has_team(const struct jc_terminal_workdays *list, const char *team_id) {
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i]->team_id, team_id) == 0)
            return true;
    return false;
}

/* Persons × days as planned for the lead and each team that joins, unless the draft says what that team used: naming
 * one team's days must not lose another's (0 says that a team used none). */
static bool add_planned(struct jc_arena *arena, struct jc_terminal_workdays *list, const Jc__Task *task) {
    bool ok = has_team(list, task->team_id) ||
              jc_terminal_workdays_add(arena, list, task->team_id, task->persons, task->days_centi);
    for (size_t i = 0; ok && i < task->n_joined; i++) {
        const Jc__JoinedTeam *joined = task->joined[i];
        ok = has_team(list, joined->team_id) ||
             jc_terminal_workdays_add(arena, list, joined->team_id, joined->persons, joined->days_centi);
    }
    return ok;
}

/* As the draft says, else as planned; persons × days of the unit for an ad hoc inspection. */
static enum jc_code fill_workdays(struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    struct jc_arena *arena = submission->making.arena;
    struct jc_terminal_workdays list = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < inspection->n_workdays; i++) {
        Jc__TeamWorkdays **item = JC_PUSH(arena, &list, Jc__TeamWorkdays *);
        ok = item != NULL;
        if (ok)
            *item = inspection->workdays[i];
    }
    if (ok && submission->open.task) {
        ok = add_planned(arena, &list, submission->open.task);
    } else if (ok && !list.count && submission->unit) {
        char *own = (char *)(uintptr_t)submission->making.self.holder.team_id.ptr;
        ok = jc_terminal_workdays_add(arena, &list, own, submission->unit->persons, submission->unit->days_centi);
    }
    inspection->workdays = list.items;
    inspection->n_workdays = list.count;
    return ok ? JC_OK : jc_fail_memory(err);
}

/* The task's checklist, else the only one there is. */
static enum jc_code fill_checklist(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    struct jc_terminal_entities list;
    if (!*inspection->checklist_id && submission->open.task)
        inspection->checklist_id = submission->open.task->checklist_id;
    if (*inspection->checklist_id)
        return JC_OK;
    enum jc_code code =
        jc_terminal_entity_list(tx, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, submission->making.arena, &list, err);
    if (code == JC_OK && list.count == 1)
        inspection->checklist_id = ((Jc__Checklist *)list.items[0])->checklist_id;
    return code;
}

static enum jc_code complete(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    const Jc__Task *task = submission->open.task;
    struct jc_terminal_making *making = &submission->making;
    enum jc_code code = find_unit(tx, submission, err);
    if (code == JC_OK)
        code = take_arrival(tx, submission, err);
    if (code == JC_OK)
        code = fill_ids(submission, err);
    if (code == JC_OK)
        code = fill_checklist(tx, submission, err);
    if (code == JC_OK)
        code = fill_workdays(submission, err);
    if (code)
        return code;
    if (inspection->n_inspector_ids == 0 && task) {
        inspection->inspector_ids = task->inspector_ids;
        inspection->n_inspector_ids = task->n_inspector_ids;
    }
    if (!inspection->mode)
        inspection->mode = task && task->mode ? task->mode : JC__VISIT_MODE__VISIT_MODE_ONSITE;
    if (!inspection->outcome)
        inspection->outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED;
    if (!*inspection->place && submission->unit)
        inspection->place = submission->unit->address;
    if (!inspection->ended_at)
        inspection->ended_at = jc_terminal_timestamp(making->arena, jc_clock_now_ms(&making->terminal->wall));
    if (!inspection->started_at)
        inspection->started_at = jc_terminal_timestamp(making->arena, jc_clock_now_ms(&making->terminal->wall));
    return inspection->ended_at && inspection->started_at ? JC_OK : jc_fail_memory(err);
}

/* --- checking -------------------------------------------------------------------------------------------- */

static enum jc_code check(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    Jc__Inspection *inspection = submission->draft->inspection;
    struct jc_arena *arena = submission->making.arena;
    const Jc__Task *task = submission->open.task;
    struct jc_str lead = task ? jc_str(task->team_id) : submission->making.self.holder.team_id;
    bool refused = inspection->outcome == JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    enum jc_code code = jc_terminal_check_times(inspection->started_at, inspection->ended_at, false, err);
    if (code == JC_OK)
        code = jc_terminal_check_persons(tx, inspection->inspector_ids, inspection->n_inspector_ids,
                                         jc_str(inspection->unit_id), lead, arena, err);
    if (code == JC_OK)
        code = jc_terminal_check_checklist(tx, inspection, arena, err);
    if (code == JC_OK)
        code = jc_terminal_check_findings(inspection, err);
    if (code == JC_OK && (!refused || inspection->signature))
        code = jc_terminal_check_signature(inspection->signature, err);
    if (code == JC_OK)
        code = jc_terminal_check_photos(inspection, err);
    if (code == JC_OK)
        code = jc_terminal_check_workdays(tx, task, inspection->workdays, inspection->n_workdays, arena, err);
    return code;
}

/* --- storing ----------------------------------------------------------------------------------------------- */

/* Where the photos lie, and that they wait for their upload. */
static enum jc_code store_photos(struct jc_tx *tx, const struct submission *submission, struct jc_err *err) {
    const Jc__Inspection *inspection = submission->draft->inspection;
    const struct jc_str *paths = submission->draft->photo_paths;
    enum jc_code code = jc_terminal_photos_put(tx, submission->making.command.subject_id, inspection, paths, err);
    for (size_t i = 0; code == JC_OK && paths && i < inspection->n_photos; i++)
        code = jc_terminal_upload_add(tx, inspection->photos[i], err);
    return code;
}

static enum jc_code store(struct jc_tx *tx, struct submission *submission, struct jc_err *err) {
    struct jc_terminal_making *making = &submission->making;
    Jc__Inspection *inspection = submission->draft->inspection;
    Jc__SubmitInspection submit = JC__SUBMIT_INSPECTION__INIT;
    Jc__AddAdHocInspection ad_hoc = JC__ADD_AD_HOC_INSPECTION__INIT;
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    struct jc_str reason = jc_arena_copy(making->arena, submission->draft->reason);
    if (!reason.ptr)
        return jc_fail_memory(err);
    if (submission->open.task) {
        body.command_case = JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION;
        body.submit_inspection = &submit;
        submit.inspection = inspection;
    } else {
        body.command_case = JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION;
        body.add_ad_hoc_inspection = &ad_hoc;
        ad_hoc.inspection = inspection;
        ad_hoc.reason = (char *)(uintptr_t)reason.ptr;
    }
    making->command = (struct jc_terminal_command){
        .body = &body,
        .task_id = jc_terminal_uuid_of(inspection->task_id),
        .subject_id = jc_terminal_uuid_of(inspection->inspection_id),
        .unit_id = jc_str(inspection->unit_id),
    };
    making->out->recalled = submission->open.recalled;
    making->out->duplicate_of =
        jc_terminal_duplicate_of(submission->open.task, jc_clock_now_ms(&making->terminal->wall));
    enum jc_code code =
        jc_terminal_making_number(tx, making, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD,
                                  jc_terminal_ms(inspection->ended_at), &inspection->document_number, err);
    if (code == JC_OK)
        code = jc_terminal_making_store(tx, making, JC_TERMINAL_INSPECTION, err);
    if (code == JC_OK)
        code = jc_terminal_making_sources(tx, making, inspection->inspector_ids, inspection->n_inspector_ids, err);
    if (code == JC_OK)
        code = jc_terminal_source_keep(tx, making->command.subject_id, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST,
                                       jc_str(inspection->checklist_id), err);
    if (code == JC_OK)
        code = store_photos(tx, submission, err);
    return code == JC_OK ? jc_terminal_draft_done(tx, making->command.subject_id, making->command.task_id, err) : code;
}

static enum jc_code submit(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct submission *submission = ctx;
    struct jc_terminal_making *making = &submission->making;
    struct jc_uuid task_id = jc_terminal_uuid_of(submission->draft->inspection->task_id);
    enum jc_code code = jc_terminal_making_begin(tx, making, err);
    if (code == JC_OK && !jc_terminal_uuid_is_zero(task_id))
        code = jc_terminal_standing_open(tx, task_id, KINDS_INSPECTED, making->arena, &submission->open, err);
    if (code == JC_OK)
        code = complete(tx, submission, err);
    if (code == JC_OK)
        code = check(tx, submission, err);
    return code == JC_OK ? store(tx, submission, err) : code;
}

enum jc_code jc_terminal_submit(struct jc_terminal *terminal, const struct jc_terminal_draft *draft,
                                struct jc_arena *arena, struct jc_terminal_work *out, struct jc_err *err) {
    struct submission submission = {.making = {.terminal = terminal, .arena = arena, .out = out}, .draft = draft};
    return jc_terminal_write(terminal, submit, &submission, err);
}

/* --- photos --------------------------------------------------------------------------------------------------- */

static const char *media_type(struct jc_str bytes) {
    static const struct {
        struct jc_str magic;
        size_t at;
        const char *type;
    } known[] = {
        {{"\xff\xd8\xff", 3}, 0, "image/jpeg"},
        {{"\x89PNG\r\n\x1a\n", 8}, 0, "image/png"},
        {{"ftypheic", 8}, 4, "image/heic"},
        {{"WEBP", 4}, 8, "image/webp"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (bytes.len >= known[i].at + known[i].magic.len &&
            memcmp(bytes.ptr + known[i].at, known[i].magic.ptr, known[i].magic.len) == 0)
            return known[i].type;
    }
    return "application/octet-stream";
}

enum jc_code jc_terminal_photo(const char *path, struct jc_arena *arena, Jc__Photo **out, struct jc_err *err) {
    struct jc_str bytes = {0};
    struct jc_arena *file = jc_arena_new((size_t)PHOTO_MAX_BYTES * 2);
    Jc__Photo *photo = JC_NEW(arena, Jc__Photo);
    uint8_t *sha256 = jc_arena_alloc(arena, JC_SHA256_SIZE);
    enum jc_code code =
        file && photo && sha256 ? jc_file_read(path, PHOTO_MAX_BYTES, file, &bytes, err) : jc_fail_memory(err);
    if (code == JC_OK && bytes.len == 0)
        code = jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_PHOTO_EMPTY, jc_str(path));
    if (code == JC_OK) {
        jc_sha256(bytes, sha256);
        jc__photo__init(photo);
        photo->sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, sha256};
        photo->size_bytes = (int64_t)bytes.len;
        photo->media_type = (char *)(uintptr_t)media_type(bytes);
        *out = photo;
    }
    jc_arena_free(file);
    return code;
}
