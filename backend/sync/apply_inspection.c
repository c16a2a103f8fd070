/* StartInspection, SubmitInspection, AddAdHocInspection.
 *
 * A submitted inspection is the record of its task and makes it done, with its joint tasks and the
 * visit of the plan. If the task has its record already, this one is kept beside it for a person to
 * compare (DESIGN section 5, point 4); if it was recalled, returned or reassigned meanwhile, the late
 * record is accepted and flagged. An ad hoc inspection has no task: it is done when it is told. */
#include "base/id.h"
#include "base/message.h"
#include "sync/check.h"
#include "sync/evident.h"

#include <string.h>

#include "store/finding.h"
#include "store/inspection.h"
#include "store/number.h"
#include "store/registry.h"
#include "store/row.h"
#include "store/stamp.h"
#include "store/task.h"
#include "sync/known.h"

struct work {
    Jc__Inspection *message;
    struct jc_inspection row;
    const Jc__Task *task; /* NULL: ad hoc */
    bool own_number;
};

/* --- start: recorded only ------------------------------------------------------------------------------- */

static enum jc_code check_start(struct jc_apply *apply, struct jc_err *err) {
    const Jc__StartInspection *start = apply->body->start_inspection;
    Jc__Task *task = NULL;
    jc_check_id(apply, "start_inspection.inspection_id", start->inspection_id);
    if (!start->task_id.len)
        return JC_OK; /* ad hoc */
    enum jc_code code = jc_check_task(apply, "start_inspection.task_id", start->task_id, &task, err);
    if (task)
        apply->unit_id = jc_str(task->unit_id);
    return code;
}

/* --- findings, checklist, photos --------------------------------------------------------------------------- */

static enum jc_code load_checklists(struct jc_apply *apply, struct jc_err *err) {
    if (apply->checklists_loaded)
        return JC_OK;
    enum jc_code code = jc_checklist_list(apply->tx, apply->caller->agency_id, apply->arena, &apply->checklists,
                                          &apply->checklist_count, err);
    apply->checklists_loaded = code == JC_OK;
    return code;
}

/* The checklist of the record; NULL if it names none or an unknown one. */
static enum jc_code find_checklist(struct jc_apply *apply, const Jc__Inspection *message, Jc__Checklist **out,
                                   struct jc_err *err) {
    *out = NULL;
    if (!*message->checklist_id)
        return JC_OK;
    enum jc_code code = load_checklists(apply, err);
    for (size_t i = 0; !code && !*out && i < apply->checklist_count; i++) {
        if (strcmp(apply->checklists[i]->checklist_id, message->checklist_id) == 0)
            *out = apply->checklists[i];
    }
    if (!code && !*out)
        jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, JC_STR("inspection.checklist_id"),
                       jc_str(message->checklist_id));
    return code;
}

static bool has_item(const Jc__Checklist *checklist, int32_t item_no) {
    for (size_t i = 0; checklist && i < checklist->n_items; i++) {
        if (checklist->items[i]->item_no == item_no)
            return true;
    }
    return false;
}

static void check_results(struct jc_apply *apply, const Jc__Inspection *message, const Jc__Checklist *checklist) {
    static const char FIELD[] = "inspection.checklist_results";
    char shown[JC_NUMBER_TEXT];
    if (!jc_check_count(apply, FIELD, message->n_checklist_results, JC_ITEMS_MAX))
        return;
    for (size_t i = 0; i < message->n_checklist_results; i++) {
        const Jc__ChecklistResult *result = message->checklist_results[i];
        struct jc_str item = jc_str_from_int64(result->item_no, shown);
        if (!has_item(checklist, result->item_no))
            jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, jc_str(FIELD), item);
        if (result->answer < JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS ||
            result->answer > JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_NOT_APPLICABLE)
            jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("inspection.checklist_results.answer"), item);
        for (size_t k = 0; k < i; k++) {
            if (message->checklist_results[k]->item_no == result->item_no)
                jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(FIELD), item);
        }
    }
}

static bool same_id(ProtobufCBinaryData a, ProtobufCBinaryData b) {
    return jc_str_eq(jc_view(a), jc_view(b));
}

/* A finding is known by its id within its record. */
static void check_finding_id(struct jc_apply *apply, const Jc__Inspection *message, size_t index) {
    static const char FIELD[] = "inspection.findings.finding_id";
    ProtobufCBinaryData id = message->findings[index]->finding_id;
    char shown[JC_UUID_TEXT];
    bool repeated = false;
    if (!jc_check_id(apply, FIELD, id))
        return;
    for (size_t i = 0; i < index && !repeated; i++)
        repeated = same_id(message->findings[i]->finding_id, id);
    if (repeated)
        jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(FIELD), jc_uuid_show(jc_view(id), shown));
}

static void check_findings(struct jc_apply *apply, const Jc__Inspection *message, const Jc__Checklist *checklist,
                           struct jc_date day) {
    char shown[JC_NUMBER_TEXT];
    if (!jc_check_count(apply, "inspection.findings", message->n_findings, JC_ITEMS_MAX))
        return;
    for (size_t i = 0; i < message->n_findings; i++) {
        const Jc__Finding *finding = message->findings[i];
        struct jc_date deadline;
        jc_check_given(apply, "inspection.findings.description", finding->description);
        if (finding->outcome < JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE ||
            finding->outcome > JC__FINDING_OUTCOME__FINDING_OUTCOME_CASE)
            jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("inspection.findings.outcome"),
                           jc_str_from_int64(finding->outcome, shown));
        if (finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE)
            jc_check_deadline(apply, "inspection.findings.deadline", finding->deadline, day, &deadline);
        if (finding->item_no && !has_item(checklist, finding->item_no))
            jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, JC_STR("inspection.findings.item_no"),
                           jc_str_from_int64(finding->item_no, shown));
        check_finding_id(apply, message, i);
    }
}

static bool shows_finding(const Jc__Inspection *message, ProtobufCBinaryData id) {
    for (size_t i = 0; i < message->n_findings; i++) {
        if (same_id(message->findings[i]->finding_id, id))
            return true;
    }
    return false;
}

static void check_photos(struct jc_apply *apply, const Jc__Inspection *message) {
    char shown[JC_UUID_TEXT];
    if (!jc_check_count(apply, "inspection.photos", message->n_photos, JC_ITEMS_MAX) ||
        message->n_findings > JC_ITEMS_MAX)
        return;
    for (size_t i = 0; i < message->n_photos; i++) {
        const Jc__Photo *photo = message->photos[i];
        if (photo->sha256.len != JC_SHA256_SIZE)
            jc_verdict_add(&apply->verdict, JC_GROUND_HASH_SIZE, JC_STR("inspection.photos.sha256"));
        if (photo->size_bytes < 0)
            jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("inspection.photos.size_bytes"),
                           jc_str_from_int64(photo->size_bytes, shown));
        if (photo->finding_id.len && !shows_finding(message, photo->finding_id))
            jc_verdict_add(&apply->verdict, JC_GROUND_FINDING_OTHER, JC_STR("inspection.photos.finding_id"),
                           jc_uuid_show(jc_view(photo->finding_id), shown));
    }
}

/* --- the record ------------------------------------------------------------------------------------------------ */

static void check_mode_and_outcome(struct jc_apply *apply, Jc__Inspection *message, Jc__VisitMode usual) {
    char shown[JC_NUMBER_TEXT];
    if (message->mode == JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED)
        message->mode = usual == JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED ? JC__VISIT_MODE__VISIT_MODE_ONSITE : usual;
    if (message->mode < JC__VISIT_MODE__VISIT_MODE_ONSITE || message->mode > JC__VISIT_MODE__VISIT_MODE_REMOTE)
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("inspection.mode"),
                       jc_str_from_int64(message->mode, shown));
    if (message->outcome < JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_COMPLETED ||
        message->outcome > JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED)
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, JC_STR("inspection.outcome"),
                       jc_str_from_int64(message->outcome, shown));
    if (message->outcome != JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED || message->signature)
        jc_check_signature(apply, "inspection.signature", message->signature);
}

static enum jc_code check_new_id(struct jc_apply *apply, ProtobufCBinaryData id, struct jc_err *err) {
    static const char FIELD[] = "inspection.inspection_id";
    struct jc_inspection other;
    char shown[JC_UUID_TEXT];
    bool found = false;
    if (!jc_check_id(apply, FIELD, id))
        return JC_OK;
    enum jc_code code =
        jc_inspection_find(apply->tx, apply->caller->agency_id, jc_view(id), apply->scratch, &other, &found, err);
    if (found)
        jc_verdict_add(&apply->verdict, JC_GROUND_EXISTS, jc_str(FIELD), jc_uuid_show(jc_view(id), shown));
    return code;
}

enum { CLOCK_AHEAD_MS = 24 * 3600 * 1000 };

/* A record from the future is kept as it is, and a person looks at the clock behind it. */
static void check_clock(struct jc_apply *apply, int64_t ended_ms) {
    char ended[JC_TIME_MAX], now[JC_TIME_MAX];
    if (ended_ms - apply->now_ms > CLOCK_AHEAD_MS)
        jc_verdict_add(&apply->verdict, JC_GROUND_CLOCK_AHEAD, JC_STR("inspection.ended_at"),
                       jc_time_format(ended_ms, ended), jc_time_format(apply->now_ms, now));
}

/* What planned and ad hoc inspections have in common. */
static enum jc_code check_record(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    Jc__Inspection *message = work->message;
    struct jc_inspection *row = &work->row;
    Jc__Checklist *checklist = NULL;
    bool timed =
        jc_check_times(apply, "inspection", message->started_at, message->ended_at, &row->started_ms, &row->ended_ms);
    struct jc_date day = jc_date_of_ms(timed ? row->started_ms : apply->now_ms);
    row->inspection_id = jc_view(message->inspection_id);
    if (timed)
        check_clock(apply, row->ended_ms);
    check_mode_and_outcome(apply, message, work->task ? work->task->mode : JC__VISIT_MODE__VISIT_MODE_UNSPECIFIED);
    enum jc_code code = check_new_id(apply, message->inspection_id, err);
    if (!code)
        code = jc_check_inspectors(apply, "inspection.inspector_ids", message->inspector_ids, message->n_inspector_ids,
                                   day, err);
    if (!code)
        code = find_checklist(apply, message, &checklist, err);
    if (code)
        return code;
    check_results(apply, message, checklist);
    check_findings(apply, message, checklist, day);
    check_photos(apply, message);
    code = jc_check_workdays(apply, "inspection.workdays", message->workdays, message->n_workdays, err);
    if (!code)
        code = jc_check_number(apply, "inspection.document_number", message->document_number,
                               JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, &work->own_number, err);
    if (code)
        return code;
    row->inspector_ids = jc_row_join(apply->scratch, message->inspector_ids, message->n_inspector_ids, ';');
    return row->inspector_ids.ptr ? JC_OK : jc_fail_memory(err);
}

/* The team of the first inspector, who leads. */
static enum jc_code leading_team(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    bool known = false;
    work->row.team_id = apply->caller->team_id;
    if (!work->message->n_inspector_ids)
        return JC_OK;
    struct jc_str team_id, lead = jc_str(work->message->inspector_ids[0]);
    enum jc_code code =
        jc_known_inspector(apply->tx, apply->caller->agency_id, lead, apply->scratch, &known, &team_id, err);
    if (!code && known)
        work->row.team_id = team_id;
    return code;
}

static enum jc_code begin(struct jc_apply *apply, const Jc__Inspection *message, struct work **out,
                          struct jc_err *err) {
    struct work *work = JC_NEW(apply->scratch, struct work);
    Jc__Inspection *own = JC_CLONE(apply->scratch, message); /* the mode is filled in; the job may run twice */
    if (!work || !own)
        return jc_fail_memory(err);
    work->message = own;
    work->row.unit_id = jc_str(message->unit_id);
    work->row.is_record = true;
    apply->unit_id = work->row.unit_id;
    apply->work = *out = work;
    return JC_OK;
}

/* --- submit ------------------------------------------------------------------------------------------------------ */

static void check_unit_of_task(struct jc_apply *apply, const Jc__Inspection *message, const Jc__Task *task) {
    if (strcmp(message->unit_id, task->unit_id) != 0)
        jc_verdict_add(&apply->verdict, JC_GROUND_UNIT_OTHER, JC_STR("inspection.unit_id"), jc_str(message->unit_id),
                       jc_str(task->unit_id));
}

/* Planned visits are inspected under their lead's task; nothing else has a record of this kind. */
static enum jc_code check_task(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    static const char FIELD[] = "inspection.task_id";
    char shown[JC_UUID_TEXT];
    bool known = false;
    Jc__Task *task = NULL;
    enum jc_code code = jc_check_task(apply, FIELD, work->message->task_id, &task, err);
    if (code)
        return code;
    if (!task)
        return jc_check_unit(apply, "inspection.unit_id", work->message->unit_id, &known, err);
    work->task = task;
    work->row.task_id = jc_view(work->message->task_id);
    work->row.team_id = jc_str(task->team_id);
    check_unit_of_task(apply, work->message, task);
    if (task->kind != JC__TASK_KIND__TASK_KIND_VISIT)
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_KIND, jc_str(FIELD), jc_uuid_show(work->row.task_id, shown));
    return JC_OK;
}

/* With everything else in order: is this the record, a late one, or one beside the record? */
static enum jc_code place(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    bool recorded = work->task->state == JC__TASK_STATE__TASK_STATE_DONE;
    enum jc_code code = JC_OK;
    if (!recorded)
        code = jc_inspection_is_recorded(apply->tx, apply->caller->agency_id, work->row.task_id, &recorded, err);
    if (code)
        return code;
    recorded |= apply->must_lie_beside;
    if (!recorded) {
        code = jc_check_late(apply, work->task, &work->row.late, err);
        bool reassigned = !jc_str_eq(jc_str(work->task->team_id), apply->caller->team_id);
        return !code && work->row.late && reassigned ? leading_team(apply, work, err) : code;
    }
    work->row.is_record = false;
    apply->beside = jc_verdict_applied(&apply->verdict);
    jc_verdict_add(&apply->verdict, JC_GROUND_TASK_DONE, jc_uuid_show(work->row.task_id, shown));
    return JC_OK;
}

/* Of what becomes a record. */
static enum jc_code check_duplicate(struct jc_apply *apply, const struct work *work, struct jc_err *err) {
    if (!work->row.is_record || !jc_verdict_applied(&apply->verdict))
        return JC_OK;
    return jc_evident_duplicate(apply, work->row.unit_id, work->row.inspection_id, work->row.ended_ms,
                                work->task != NULL, err);
}

static enum jc_code check_submit(struct jc_apply *apply, struct jc_err *err) {
    Jc__Inspection *message = apply->body->submit_inspection->inspection;
    struct work *work = NULL;
    if (!message) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("inspection"));
        return JC_OK;
    }
    enum jc_code code = begin(apply, message, &work, err);
    if (!code)
        code = check_task(apply, work, err);
    if (!code)
        code = check_record(apply, work, err);
    if (!code && work->task)
        code = place(apply, work, err);
    return code ? code : check_duplicate(apply, work, err);
}

/* When the task was done: the end of the inspection, unless the terminal's clock runs ahead. */
static int64_t done_ms(const struct jc_apply *apply, int64_t ended_ms) {
    return ended_ms < apply->now_ms ? ended_ms : apply->now_ms;
}

static enum jc_code write_record(struct jc_apply *apply, struct work *work, struct jc_err *err) {
    work->row.operation_no = apply->row.operation_no;
    enum jc_code code = jc_inspection_add(apply->tx, apply->caller->agency_id, &work->row, work->message, err);
    if (!code && work->own_number)
        code = jc_number_record(apply->tx, apply->caller->agency_id, apply->caller->device_id,
                                work->message->document_number, false, &apply->numbers, err);
    if (!code && work->row.is_record) /* whoever is to go there hears of it (sync/recent.h) */
        code = jc_task_tell_visits(apply->tx, apply->caller->agency_id, work->row.unit_id, work->row.task_id,
                                   apply->scratch, err);
    return code;
}

static enum jc_code write_submit(struct jc_apply *apply, struct jc_err *err) {
    struct work *work = apply->work;
    enum jc_code code = write_record(apply, work, err);
    if (code || !work->row.is_record)
        return code;
    return jc_task_move(apply->tx, apply->caller->agency_id, work->row.task_id, JC__TASK_STATE__TASK_STATE_DONE,
                        JC_STR(""), done_ms(apply, work->row.ended_ms), err);
}

/* --- ad hoc ------------------------------------------------------------------------------------------------------- */

static enum jc_code check_ad_hoc(struct jc_apply *apply, struct jc_err *err) {
    const Jc__AddAdHocInspection *add = apply->body->add_ad_hoc_inspection;
    struct work *work = NULL;
    bool known = false;
    char shown[JC_UUID_TEXT];
    if (!add->inspection) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, JC_STR("inspection"));
        return JC_OK;
    }
    enum jc_code code = begin(apply, add->inspection, &work, err);
    if (code)
        return code;
    if (add->inspection->task_id.len)
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_KIND, JC_STR("inspection.task_id"),
                       jc_uuid_show(jc_view(add->inspection->task_id), shown));
    code = jc_check_unit(apply, "inspection.unit_id", add->inspection->unit_id, &known, err);
    if (!code)
        code = check_record(apply, work, err);
    if (!code)
        code = leading_team(apply, work, err);
    work->row.is_record = !apply->must_lie_beside;
    return code ? code : check_duplicate(apply, work, err);
}

/* Done when it is told: no task, and nothing to tell the terminals. */
static enum jc_code write_ad_hoc(struct jc_apply *apply, struct jc_err *err) {
    return write_record(apply, apply->work, err);
}

const struct jc_command jc_command_start_inspection = {JC__OPERATION_BODY__COMMAND_START_INSPECTION, "start_inspection",
                                                       false, check_start, NULL};
const struct jc_command jc_command_submit_inspection = {JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION,
                                                        "submit_inspection", true, check_submit, write_submit};
const struct jc_command jc_command_add_ad_hoc_inspection = {JC__OPERATION_BODY__COMMAND_ADD_AD_HOC_INSPECTION,
                                                            "add_ad_hoc_inspection", true, check_ad_hoc, write_ad_hoc};
