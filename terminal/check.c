/* Each check reads the register at most once per person, team or checklist it names. */
#include "terminal/check.h"

#include <string.h>

#include "terminal/entity.h"

/* The server has the same limits. */
enum { DEADLINE_DAYS_MAX = 3660, PEOPLE_MAX = 64, ITEMS_MAX = 500, WORKDAYS_MAX_CENTI = 100000 * 100 };

static const int64_t SECONDS_MAX = 253402300799; /* the end of year 9999 */

int64_t jc_terminal_ms(const Google__Protobuf__Timestamp *time) {
    return time ? time->seconds * 1000 + time->nanos / 1000000 : 0;
}

static enum jc_code too_many(size_t count, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_TOO_MANY, jc_str_from_int64((int64_t)count, number));
}

/* --- persons ----------------------------------------------------------------------------------------- */

static bool contains(char *const *items, size_t count, const char *wanted) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i], wanted) == 0)
            return true;
    }
    return false;
}

static enum jc_code check_person(struct jc_tx *tx, const char *inspector_id, struct jc_str unit_id,
                                 struct jc_arena *arena, const Jc__Inspector **out, struct jc_err *err) {
    ProtobufCMessage *message;
    enum jc_code code =
        jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_INSPECTOR, jc_str(inspector_id), arena, &message, err);
    if (code)
        return code;
    const Jc__Inspector *person = (const Jc__Inspector *)message;
    if (!person)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_INSPECTOR_UNKNOWN, jc_str(inspector_id));
    for (size_t i = 0; i < person->n_recusals; i++) {
        if (jc_str_eq(jc_str(person->recusals[i]), unit_id))
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_INSPECTOR_RECUSED, jc_str(person->name), unit_id);
    }
    *out = person;
    return JC_OK;
}

enum jc_code jc_terminal_check_persons(struct jc_tx *tx, char **inspector_ids, size_t count, struct jc_str unit_id,
                                       struct jc_str lead_team, struct jc_arena *arena, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (count < JC_TERMINAL_MIN_INSPECTORS)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_INSPECTORS_FEW,
                       jc_str_from_int64(JC_TERMINAL_MIN_INSPECTORS, number));
    if (count > PEOPLE_MAX)
        return too_many(count, err);
    char **others = JC_NEW_ARRAY(arena, count, char *);
    size_t leads = 0, rest = 0;
    if (!others)
        return jc_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        const Jc__Inspector *person = NULL;
        if (contains(inspector_ids, leads, inspector_ids[i]) || contains(others, rest, inspector_ids[i]))
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_INSPECTOR_TWICE, jc_str(inspector_ids[i]));
        enum jc_code code = check_person(tx, inspector_ids[i], unit_id, arena, &person, err);
        if (code)
            return code;
        if (jc_str_eq(jc_str(person->team_id), lead_team))
            inspector_ids[leads++] = inspector_ids[i];
        else
            others[rest++] = inspector_ids[i];
    }
    for (size_t i = 0; i < rest; i++)
        inspector_ids[leads + i] = others[i];
    return JC_OK;
}

/* --- times and dates ----------------------------------------------------------------------------------- */

static bool in_range(const Google__Protobuf__Timestamp *time) {
    return time && time->seconds > 0 && time->seconds <= SECONDS_MAX && time->nanos >= 0 && time->nanos < 1000000000;
}

enum jc_code jc_terminal_check_times(const Google__Protobuf__Timestamp *start, const Google__Protobuf__Timestamp *end,
                                     bool moment, struct jc_err *err) {
    if (!in_range(start) || !in_range(end))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_TIMES_MISSING);
    int64_t took_ms = jc_terminal_ms(end) - jc_terminal_ms(start);
    if (took_ms < 0 || (took_ms == 0 && !moment)) {
        char from[JC_TIME_MAX], to[JC_TIME_MAX];
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_TIMES_ORDER, jc_time_format(jc_terminal_ms(end), to),
                       jc_time_format(jc_terminal_ms(start), from));
    }
    return JC_OK;
}

enum jc_code jc_terminal_check_deadline(const char *deadline, struct jc_date after, struct jc_str where,
                                        struct jc_err *err) {
    struct jc_date date;
    char text[JC_TIME_MAX];
    if (!jc_date_parse(jc_str(deadline), &date))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_DEADLINE_INVALID, where, jc_str(deadline));
    if (jc_date_to_days(date) <= jc_date_to_days(after))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_DEADLINE_EARLY, where, jc_str(deadline),
                       jc_date_format(after, text));
    if (jc_date_to_days(date) - jc_date_to_days(after) > DEADLINE_DAYS_MAX)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_DEADLINE_LATE, where, jc_str(deadline));
    return JC_OK;
}

/* --- checklist ------------------------------------------------------------------------------------------- */

static bool has_item(const Jc__Checklist *checklist, int item_no) {
    for (size_t i = 0; checklist && i < checklist->n_items; i++) {
        if (checklist->items[i]->item_no == item_no)
            return true;
    }
    return false;
}

static bool asks_checklist(const Jc__Inspection *inspection) {
    bool asks = inspection->n_checklist_results > 0;
    for (size_t i = 0; i < inspection->n_findings; i++)
        asks |= inspection->findings[i]->item_no != 0;
    return asks;
}

static enum jc_code check_results(const Jc__Inspection *inspection, const Jc__Checklist *checklist,
                                  struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (inspection->n_checklist_results > ITEMS_MAX)
        return too_many(inspection->n_checklist_results, err);
    for (size_t i = 0; i < inspection->n_checklist_results; i++) {
        const Jc__ChecklistResult *result = inspection->checklist_results[i];
        struct jc_str item = jc_str_from_int64(result->item_no, number);
        if (!has_item(checklist, result->item_no))
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ITEM_UNKNOWN, item, jc_str(inspection->checklist_id));
        if (result->answer < JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_CONFORMS ||
            result->answer > JC__CHECKLIST_ANSWER__CHECKLIST_ANSWER_NOT_APPLICABLE)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ITEM_ANSWER, item);
        for (size_t k = 0; k < i; k++) {
            if (inspection->checklist_results[k]->item_no == result->item_no)
                return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ITEM_TWICE, item);
        }
    }
    return JC_OK;
}

enum jc_code jc_terminal_check_checklist(struct jc_tx *tx, const Jc__Inspection *inspection, struct jc_arena *arena,
                                         struct jc_err *err) {
    ProtobufCMessage *message;
    char number[JC_NUMBER_TEXT];
    if (!asks_checklist(inspection))
        return JC_OK;
    struct jc_str id = jc_str(inspection->checklist_id);
    enum jc_code code = jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_CHECKLIST, id, arena, &message, err);
    if (code)
        return code;
    const Jc__Checklist *checklist = (const Jc__Checklist *)message;
    if (!checklist)
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_CHECKLIST_UNKNOWN, id);
    if ((code = check_results(inspection, checklist, err)) != JC_OK)
        return code;
    for (size_t i = 0; i < inspection->n_findings; i++) {
        int item_no = inspection->findings[i]->item_no;
        if (item_no != 0 && !has_item(checklist, item_no))
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_ITEM_UNKNOWN, jc_str_from_int64(item_no, number), id);
    }
    return JC_OK;
}

/* --- findings, signature, photos, workdays ------------------------------------------------------------------ */

enum jc_code jc_terminal_check_findings(const Jc__Inspection *inspection, struct jc_err *err) {
    struct jc_date day = jc_date_of_ms(jc_terminal_ms(inspection->ended_at));
    char number[JC_NUMBER_TEXT];
    if (inspection->n_findings > ITEMS_MAX)
        return too_many(inspection->n_findings, err);
    for (size_t i = 0; i < inspection->n_findings; i++) {
        const Jc__Finding *finding = inspection->findings[i];
        struct jc_str where = jc_str_from_int64((int64_t)i + 1, number);
        if (jc_str_trim(jc_str(finding->description)).len == 0)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_FINDING_EMPTY, where);
        if (finding->outcome < JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE ||
            finding->outcome > JC__FINDING_OUTCOME__FINDING_OUTCOME_CASE)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_FINDING_OUTCOME, where);
        bool by_deadline = finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
        if (!by_deadline && *finding->deadline)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_DEADLINE_UNWANTED, where);
        if (by_deadline) {
            enum jc_code code = jc_terminal_check_deadline(finding->deadline, day, where, err);
            if (code)
                return code;
        }
    }
    return JC_OK;
}

enum jc_code jc_terminal_check_signature(const Jc__UnitSignature *signature, struct jc_err *err) {
    bool has_name = signature && signature->result_case == JC__UNIT_SIGNATURE__RESULT_SIGNED &&
                    jc_str_trim(jc_str(signature->signed_->name)).len > 0;
    bool has_reason = signature && signature->result_case == JC__UNIT_SIGNATURE__RESULT_REFUSED &&
                      jc_str_trim(jc_str(signature->refused->reason)).len > 0;
    return has_name || has_reason ? JC_OK : jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_SIGNATURE_MISSING);
}

/* One photo may show several findings; shown twice for the same one it is a slip. */
static bool is_same_photo(const Jc__Photo *one, const Jc__Photo *other) {
    return memcmp(one->sha256.data, other->sha256.data, JC_SHA256_SIZE) == 0 &&
           jc_terminal_uuid_equal(jc_terminal_uuid_of(one->finding_id), jc_terminal_uuid_of(other->finding_id));
}

enum jc_code jc_terminal_check_photos(const Jc__Inspection *inspection, struct jc_err *err) {
    char number[JC_NUMBER_TEXT];
    if (inspection->n_photos > ITEMS_MAX)
        return too_many(inspection->n_photos, err);
    for (size_t i = 0; i < inspection->n_photos; i++) {
        const Jc__Photo *photo = inspection->photos[i];
        struct jc_str where = jc_str_from_int64((int64_t)i + 1, number);
        if (photo->sha256.len != JC_SHA256_SIZE || photo->size_bytes <= 0)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_PHOTO_INVALID, where);
        for (size_t k = 0; k < i; k++) {
            if (is_same_photo(inspection->photos[k], photo))
                return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_PHOTO_TWICE, where);
        }
    }
    return JC_OK;
}

static bool is_of_task(const Jc__Task *task, struct jc_str team_id) {
    bool found = task && jc_str_eq(jc_str(task->team_id), team_id);
    for (size_t i = 0; task && !found && i < task->n_joined; i++)
        found = jc_str_eq(jc_str(task->joined[i]->team_id), team_id);
    return found;
}

enum jc_code jc_terminal_check_workdays(struct jc_tx *tx, const Jc__Task *task, Jc__TeamWorkdays *const *workdays,
                                        size_t count, struct jc_arena *arena, struct jc_err *err) {
    for (size_t i = 0; i < count; i++) {
        ProtobufCMessage *team = NULL;
        struct jc_str team_id = jc_str(workdays[i]->team_id);
        bool known = is_of_task(task, team_id);
        enum jc_code code =
            known ? JC_OK : jc_terminal_entity_get(tx, JC__ENTITY_KIND__ENTITY_KIND_TEAM, team_id, arena, &team, err);
        if (code)
            return code;
        if (!known && !team)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_TEAM_UNKNOWN, team_id);
        if (workdays[i]->workdays_centi < 0 || workdays[i]->workdays_centi > WORKDAYS_MAX_CENTI)
            return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_WORKDAYS_NEGATIVE, team_id);
        for (size_t k = 0; k < i; k++) {
            if (jc_str_eq(jc_str(workdays[k]->team_id), team_id))
                return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_TEAM_TWICE, team_id);
        }
    }
    return JC_OK;
}
