/* Validation of what field documents have in common (FORMS): who, when, signed by whom, numbered how.
 * Everything wrong is told, not just the first thing, because the terminal is hours from a network. */
#include "sync/check.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/message.h"
#include "store/registry.h"
#include "store/stamp.h"
#include "store/task.h"
#include "store/unit.h"
#include "sync/known.h"
#include "sync/numbers.h"
#include "sync/recall.h"

struct jc_str jc_show_number(const Jc__DocumentNumber *number, char buf[64]) {
    int len = snprintf(buf, 64, "%d-%d-%d", (int)number->kind, number->year, number->number);
    return (struct jc_str){buf, (size_t)len};
}

bool jc_check_count(struct jc_apply *apply, const char *field, size_t count, size_t limit) {
    char shown[JC_NUMBER_TEXT];
    if (count <= limit)
        return true;
    jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, jc_str(field), jc_str_from_int64((int64_t)count, shown));
    return false;
}

bool jc_check_id(struct jc_apply *apply, const char *field, ProtobufCBinaryData id) {
    if (id.len == JC_UUID_SIZE)
        return true;
    jc_verdict_add(&apply->verdict, id.len ? JC_GROUND_ID_SIZE : JC_GROUND_MISSING, jc_str(field));
    return false;
}

bool jc_check_given(struct jc_apply *apply, const char *field, const char *text) {
    if (jc_str_trim(jc_str(text)).len)
        return true;
    jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, jc_str(field));
    return false;
}

void jc_check_unknown(struct jc_apply *apply, const char *field, struct jc_str id) {
    jc_verdict_add(&apply->verdict, JC_GROUND_UNKNOWN, jc_str(field), id);
}

/* --- times and dates -------------------------------------------------------------------------------- */

static bool check_instant(struct jc_apply *apply, const char *field, const char *name,
                          const Google__Protobuf__Timestamp *stamp, int64_t *out_ms) {
    char path[JC_VERDICT_ARG_MAX], seconds[JC_NUMBER_TEXT];
    if (jc_stamp_to_ms(stamp, out_ms))
        return true;
    snprintf(path, sizeof path, "%s.%s", field, name);
    if (stamp)
        jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, jc_str(path), jc_str_from_int64(stamp->seconds, seconds));
    else
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, jc_str(path));
    return false;
}

bool jc_check_times(struct jc_apply *apply, const char *field, const Google__Protobuf__Timestamp *started,
                    const Google__Protobuf__Timestamp *ended, int64_t *started_ms, int64_t *ended_ms) {
    char start_path[JC_VERDICT_ARG_MAX], end_path[JC_VERDICT_ARG_MAX];
    bool start_known = check_instant(apply, field, "started_at", started, started_ms);
    bool end_known = check_instant(apply, field, "ended_at", ended, ended_ms);
    if (!start_known || !end_known)
        return false;
    if (*started_ms <= *ended_ms)
        return true;
    snprintf(start_path, sizeof start_path, "%s.started_at", field);
    snprintf(end_path, sizeof end_path, "%s.ended_at", field);
    jc_verdict_add(&apply->verdict, JC_GROUND_TIMES, jc_str(end_path), jc_str(start_path));
    return false;
}

bool jc_check_deadline(struct jc_apply *apply, const char *field, const char *text, struct jc_date from,
                       struct jc_date *out) {
    char buf[JC_TIME_MAX];
    if (!*text) {
        jc_verdict_add(&apply->verdict, JC_GROUND_MISSING, jc_str(field));
        return false;
    }
    if (!jc_date_parse(jc_str(text), out)) {
        jc_verdict_add(&apply->verdict, JC_GROUND_DATE, jc_str(field), jc_str(text));
        return false;
    }
    int64_t ahead = jc_date_to_days(*out) - jc_date_to_days(from);
    if (ahead >= 0 && ahead <= JC_DEADLINE_MAX_DAYS)
        return true;
    struct jc_date bound = ahead < 0 ? from : jc_date_from_days(jc_date_to_days(from) + JC_DEADLINE_MAX_DAYS);
    jc_verdict_add(&apply->verdict, ahead < 0 ? JC_GROUND_DATE_EARLY : JC_GROUND_DATE_LATE, jc_str(field), jc_str(text),
                   jc_date_format(bound, buf));
    return false;
}

/* --- people -------------------------------------------------------------------------------------------- */

static enum jc_code min_inspectors(struct jc_apply *apply, struct jc_date on, int64_t *out, struct jc_err *err) {
    return jc_known_parameter(apply->tx, apply->caller->agency_id, JC_STR("min_inspectors"), on, 2, JC_PEOPLE_MAX,
                              apply->scratch, out, err);
}

static enum jc_code check_inspector(struct jc_apply *apply, const char *field, const char *id, struct jc_err *err) {
    struct jc_str team_id;
    bool known = false;
    enum jc_code code =
        jc_known_inspector(apply->tx, apply->caller->agency_id, jc_str(id), apply->scratch, &known, &team_id, err);
    if (!code && !known)
        jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, jc_str(field), jc_str(id));
    return code;
}

enum jc_code jc_check_inspectors(struct jc_apply *apply, const char *field, char *const *ids, size_t count,
                                 struct jc_date on, struct jc_err *err) {
    char have[JC_NUMBER_TEXT], need[JC_NUMBER_TEXT];
    int64_t minimum = 0, distinct = 0;
    if (!jc_check_count(apply, field, count, JC_PEOPLE_MAX))
        return JC_OK;
    enum jc_code code = min_inspectors(apply, on, &minimum, err);
    for (size_t i = 0; !code && i < count; i++) {
        bool repeated = false;
        for (size_t k = 0; k < i && !repeated; k++)
            repeated = strcmp(ids[i], ids[k]) == 0;
        if (repeated) {
            jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(field), jc_str(ids[i]));
            continue;
        }
        distinct++;
        code = check_inspector(apply, field, ids[i], err);
    }
    if (!code && distinct < minimum)
        jc_verdict_add(&apply->verdict, JC_GROUND_INSPECTORS_FEW, jc_str(field), jc_str_from_int64(distinct, have),
                       jc_str_from_int64(minimum, need));
    return code;
}

/* Its path is made only if it is missing. */
static void check_signature_text(struct jc_apply *apply, const char *field, const char *part, const char *text) {
    char path[JC_VERDICT_ARG_MAX];
    if (jc_str_trim(jc_str(text)).len)
        return;
    snprintf(path, sizeof path, "%s.%s", field, part);
    jc_check_given(apply, path, text);
}

void jc_check_signature(struct jc_apply *apply, const char *field, const Jc__UnitSignature *signature) {
    char path[JC_VERDICT_ARG_MAX];
    Jc__UnitSignature__ResultCase which = signature ? signature->result_case : JC__UNIT_SIGNATURE__RESULT__NOT_SET;
    switch (which) {
    case JC__UNIT_SIGNATURE__RESULT_SIGNED:
        check_signature_text(apply, field, "signed.name", signature->signed_->name);
        if (signature->signed_->image_sha256.len && signature->signed_->image_sha256.len != JC_SHA256_SIZE) {
            snprintf(path, sizeof path, "%s.signed.image_sha256", field);
            jc_verdict_add(&apply->verdict, JC_GROUND_HASH_SIZE, jc_str(path));
        }
        break;
    case JC__UNIT_SIGNATURE__RESULT_REFUSED:
        check_signature_text(apply, field, "refused.reason", signature->refused->reason);
        break;
    default:
        jc_verdict_add(&apply->verdict, JC_GROUND_SIGNATURE_UNIT, jc_str(field));
    }
}

/* --- workdays, numbers, units ------------------------------------------------------------------------------ */

enum jc_code jc_check_workdays(struct jc_apply *apply, const char *field, Jc__TeamWorkdays *const *workdays,
                               size_t count, struct jc_err *err) {
    char shown[JC_NUMBER_TEXT];
    if (!jc_check_count(apply, field, count, JC_PEOPLE_MAX))
        return JC_OK;
    for (size_t i = 0; i < count; i++) {
        struct jc_str team_id = jc_str(workdays[i]->team_id);
        int64_t centi = workdays[i]->workdays_centi;
        bool known = false;
        if (centi < 0 || centi > JC_WORKDAYS_MAX_CENTI)
            jc_verdict_add(&apply->verdict, JC_GROUND_RANGE, jc_str(field), jc_str_from_centi(centi, shown));
        for (size_t k = 0; k < i; k++) {
            if (jc_str_eq(team_id, jc_str(workdays[k]->team_id)))
                jc_verdict_add(&apply->verdict, JC_GROUND_REPEATED, jc_str(field), team_id);
        }
        enum jc_code code = jc_known_team(apply->tx, apply->caller->agency_id, team_id, apply->scratch, &known, err);
        if (code)
            return code;
        if (!known)
            jc_verdict_add(&apply->verdict, JC_GROUND_NOT_REGISTERED, jc_str(field), team_id);
    }
    return JC_OK;
}

enum jc_code jc_check_number_state(struct jc_apply *apply, const Jc__DocumentNumber *number, enum jc_number_state *out,
                                   struct jc_err *err) {
    int left = 0;
    enum jc_code code = jc_number_state(apply->tx, apply->caller->agency_id, apply->caller->device_id, number,
                                        &apply->numbers, out, &left, err);
    apply->numbers_low |= !code && left < JC_LEASE_BELOW;
    return code;
}

enum jc_code jc_check_number(struct jc_apply *apply, const char *field, const Jc__DocumentNumber *number,
                             Jc__DocumentKind kind, bool *own, struct jc_err *err) {
    char shown[64];
    *own = false;
    if (!number) {
        jc_verdict_add(&apply->verdict, JC_GROUND_NUMBER_NONE, jc_str(field));
        return JC_OK;
    }
    enum jc_number_state state = JC_NUMBER_FOREIGN;
    if (number->kind == kind) {
        enum jc_code code = jc_check_number_state(apply, number, &state, err);
        if (code)
            return code;
    }
    *own = state == JC_NUMBER_FREE;
    if (!*own)
        jc_verdict_add(&apply->verdict, state == JC_NUMBER_TAKEN ? JC_GROUND_NUMBER_USED : JC_GROUND_NUMBER_FOREIGN,
                       jc_show_number(number, shown));
    return JC_OK;
}

enum jc_code jc_check_unit(struct jc_apply *apply, const char *field, const char *unit_id, bool *known,
                           struct jc_err *err) {
    enum jc_code code = jc_unit_exists(apply->tx, apply->caller->agency_id, jc_str(unit_id), known, err);
    if (!code && !*known)
        jc_check_unknown(apply, field, jc_str(unit_id));
    return code;
}

/* --- tasks ------------------------------------------------------------------------------------------------- */

enum jc_code jc_check_task(struct jc_apply *apply, const char *field, ProtobufCBinaryData task_id, Jc__Task **out,
                           struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    *out = NULL;
    if (!jc_check_id(apply, field, task_id))
        return JC_OK;
    apply->task_id = jc_view(task_id);
    enum jc_code code = jc_task_get(apply->tx, apply->caller->agency_id, jc_view(task_id), apply->scratch, out, err);
    if (code != JC_NOT_FOUND)
        return code;
    jc_check_unknown(apply, field, jc_uuid_show(jc_view(task_id), shown));
    return JC_OK;
}

/* A recalled task: its grace may be over. Where nobody knows when it was recalled, it has not ended. */
static enum jc_code check_recalled(struct jc_apply *apply, const Jc__Task *task, struct jc_err *err) {
    char shown[JC_UUID_TEXT], until[JC_TIME_MAX];
    struct jc_str id = jc_uuid_show(jc_view(task->task_id), shown);
    struct jc_date last = jc_date_of_ms(apply->now_ms);
    enum jc_code code = JC_OK;
    if (task->recalled_at)
        code = jc_recall_grace(apply->tx, apply->caller->agency_id, task, apply->scratch, &last, err);
    if (code)
        return code;
    if (jc_date_to_days(jc_date_of_ms(apply->now_ms)) > jc_date_to_days(last))
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_LATE_GRACE, id, jc_date_format(last, until));
    else
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_LATE_RECALLED, id);
    return JC_OK;
}

enum jc_code jc_check_late(struct jc_apply *apply, const Jc__Task *task, bool *late, struct jc_err *err) {
    char shown[JC_UUID_TEXT];
    struct jc_str id = jc_uuid_show(jc_view(task->task_id), shown);
    *late = true;
    if (task->state == JC__TASK_STATE__TASK_STATE_RECALLED)
        return check_recalled(apply, task, err);
    if (task->state == JC__TASK_STATE__TASK_STATE_RETURNED)
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_LATE_RETURNED, id);
    else if (!jc_str_eq(jc_str(task->team_id), apply->caller->team_id))
        jc_verdict_add(&apply->verdict, JC_GROUND_TASK_LATE_REASSIGNED, id);
    else
        *late = false;
    return JC_OK;
}
