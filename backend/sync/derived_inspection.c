/* The rows of an inspection: itself, the workdays of teams that joined, its findings, the blobs it names.
 *
 * What an operation does not say, because the server knew it then (the lead's team, whether it was late), is
 * held against what the chain keeps of it: the grounds of the verdict. */
#include "sync/derived_row.h"

#include "base/message.h"
#include "store/finding.h"
#include "store/row.h"
#include "store/stamp.h"

#define BIT(ground) (UINT64_C(1) << JC_GROUND_##ground)

static struct jc_value id_or_null(ProtobufCBinaryData id) {
    return id.len ? jc_bytes(id.data, id.len) : jc_null();
}

static struct jc_value id_value(ProtobufCBinaryData id) {
    return jc_bytes(id.data, id.len);
}

/* --- the row ------------------------------------------------------------------------------------------ */

/* Year and number may be NULL, and so may what they are compared with. */
static const char INSPECTION_COLUMNS[] =
    "op_key task_id unit_id started_ms ended_ms inspector_ids outcome workdays_centi document_no document_year mode";
static const char COMPARE_INSPECTION[] =
    "SELECT op_key = $1, task_id IS NOT DISTINCT FROM $2, unit_id = $3, started_ms = $4, ended_ms = $5,\n"
    "       inspector_ids = $6, outcome = $7, workdays_centi = $8, document_no IS NOT DISTINCT FROM $9,\n"
    "       document_year IS NOT DISTINCT FROM $10, mode = $11 OR ($11 = 0 AND mode <> 0)\n"
    "FROM inspection\n"
    "WHERE agency_id = $12 AND inspection_id = $13";

static int64_t workdays_of(const Jc__Inspection *message) {
    int64_t centi = 0;
    for (size_t i = 0; i < message->n_workdays; i++)
        centi += message->workdays[i]->workdays_centi;
    return centi;
}

static enum jc_code compare_row(struct jc_derived *d, const Jc__Inspection *message, bool *there, struct jc_err *err) {
    const Jc__DocumentNumber *number = message->document_number;
    int64_t started_ms = 0, ended_ms = 0;
    (void)jc_stamp_to_ms(message->started_at, &started_ms);
    (void)jc_stamp_to_ms(message->ended_at, &ended_ms);
    struct jc_str people = jc_row_join(d->scratch, message->inspector_ids, message->n_inspector_ids, ';');
    if (!people.ptr)
        return jc_fail_memory(err);
    return jc_derived_compare(d, JC_DERIVED_INSPECTION, INSPECTION_COLUMNS, COMPARE_INSPECTION,
                              JC_VALUES(jc_int(jc_op_key(d->agency_id, d->operation_no)), id_or_null(message->task_id),
                                        jc_text(jc_str(message->unit_id)), jc_int(started_ms), jc_int(ended_ms),
                                        jc_text(people), jc_int(message->outcome), jc_int(workdays_of(message)),
                                        number ? jc_int(number->number) : jc_null(),
                                        number ? jc_int(number->year) : jc_null(), jc_int(message->mode),
                                        jc_int(d->agency_id), id_value(message->inspection_id)),
                              there, err);
}

/* --- its standing ------------------------------------------------------------------------------------- */

/* By whose decision it is linked: of its own review, or of that of the inspection it is linked to. */
static const char SELECT_STANDING[] =
    "SELECT i.team_id, i.lead_centi, i.is_record, i.late, i.linked_to IS NOT NULL,\n"
    "       i.linked_to IS NULL\n"
    "       OR EXISTS (SELECT 1 FROM review AS r\n"
    "                   WHERE r.agency_id = i.agency_id AND r.review_id = $1 AND r.decision = $2\n"
    "                     AND r.linked_to = i.linked_to)\n"
    "       OR EXISTS (SELECT 1 FROM inspection AS o\n"
    "                  JOIN review AS r ON r.agency_id = o.agency_id\n"
    "                                  AND r.review_id = o.op_key - o.agency_id * 1099511627776\n"
    "                   WHERE o.agency_id = i.agency_id AND o.inspection_id = i.linked_to AND r.decision = $2\n"
    "                     AND r.linked_to = i.inspection_id),\n"
    "       i.blobs_missing = (SELECT COUNT(*) FROM record_blob AS b\n"
    "                           WHERE b.agency_id = i.agency_id AND b.inspection_id = i.inspection_id\n"
    "                             AND b.received_ms IS NULL),\n"
    "       EXISTS (SELECT 1 FROM rectification_order AS r\n"
    "                WHERE r.agency_id = i.agency_id AND r.inspection_id = i.inspection_id)\n"
    "FROM inspection AS i\n"
    "WHERE i.agency_id = $3 AND i.inspection_id = $4";

static int64_t workdays_of_team(const Jc__Inspection *message, struct jc_str team_id) {
    int64_t centi = 0;
    for (size_t i = 0; i < message->n_workdays; i++)
        centi += jc_str_eq(jc_str(message->workdays[i]->team_id), team_id) ? message->workdays[i]->workdays_centi : 0;
    return centi;
}

/* What a decision did to it (sync/standing.h); ordered: an order was issued from it. */
static bool counts_rightly(const struct jc_derived *d, const Jc__Inspection *message, bool is_record, bool linked,
                           bool ordered) {
    if (!message->task_id.len && linked)
        return is_record == ordered;
    if (d->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED)
        return is_record == !jc_derived_taken_back(d);
    if (d->decision != JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT)
        return !is_record;
    return true; /* accepted: the record, or kept beside the one that came meanwhile */
}

static enum jc_code check_standing(struct jc_derived *d, const Jc__Inspection *message, struct jc_str *team_id,
                                   struct jc_err *err) {
    static const uint64_t LATE = BIT(TASK_LATE_RECALLED) | BIT(TASK_LATE_RETURNED) | BIT(TASK_LATE_REASSIGNED);
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code =
        jc_tx_query(d->tx, SELECT_STANDING,
                    JC_VALUES(jc_int(d->operation_no), jc_int(JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK),
                              jc_int(d->agency_id), id_value(message->inspection_id)),
                    &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && has_row) {
        *team_id = jc_rows_copy(rows, 0, d->scratch);
        code = team_id->ptr ? JC_OK : jc_fail_memory(err);
    }
    if (!code && has_row) {
        bool linked = jc_rows_int64(rows, 4) != 0, late = jc_rows_int64(rows, 3) != 0;
        bool applied = d->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
        if (jc_rows_int64(rows, 1) != workdays_of_team(message, *team_id))
            jc_derived_altered(d, JC_DERIVED_INSPECTION, "lead_centi");
        if (!counts_rightly(d, message, jc_rows_int64(rows, 2) != 0, linked, jc_rows_int64(rows, 7) != 0))
            jc_derived_altered(d, JC_DERIVED_INSPECTION, "is_record");
        if (applied && late != ((d->grounds & LATE) != 0))
            jc_derived_altered(d, JC_DERIVED_INSPECTION, "late");
        if (!jc_rows_int64(rows, 5))
            jc_derived_altered(d, JC_DERIVED_INSPECTION, "linked_to");
        if (!jc_rows_int64(rows, 6))
            jc_derived_altered(d, JC_DERIVED_INSPECTION, "blobs_missing");
    }
    jc_rows_close(rows);
    return code;
}

/* --- what hangs on it ----------------------------------------------------------------------------------- */

static const char COMPARE_WORKDAYS[] = "SELECT workdays_centi = $1\n"
                                       "FROM inspection_workdays\n"
                                       "WHERE agency_id = $2 AND inspection_id = $3 AND team_id = $4";

static enum jc_code check_workdays(struct jc_derived *d, const Jc__Inspection *message, struct jc_str team_id,
                                   struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool there = false;
    for (size_t i = 0; !code && i < message->n_workdays; i++) {
        const Jc__TeamWorkdays *used = message->workdays[i];
        if (jc_str_eq(jc_str(used->team_id), team_id))
            continue;
        code = jc_derived_compare(d, JC_DERIVED_INSPECTION_WORKDAYS, "workdays_centi", COMPARE_WORKDAYS,
                                  JC_VALUES(jc_int(used->workdays_centi), jc_int(d->agency_id),
                                            id_value(message->inspection_id), jc_text(jc_str(used->team_id))),
                                  &there, err);
    }
    return code;
}

/* Deadline and correction of what went into an order are the order's business. */
static const char COMPARE_FINDING[] = "SELECT agency_id = $1, finding_id = $2, outcome = $3, major_hazard = $4,\n"
                                      "       order_id IS NOT NULL OR deadline_on IS NOT DISTINCT FROM $5,\n"
                                      "       order_id IS NOT NULL OR corrected_on IS NOT DISTINCT FROM $6\n"
                                      "FROM finding\n"
                                      "WHERE finding_key = $7";

static enum jc_code check_findings(struct jc_derived *d, const Jc__Inspection *message, struct jc_err *err) {
    char buf[JC_TIME_MAX];
    int64_t ended_ms = 0;
    bool there = false;
    (void)jc_stamp_to_ms(message->ended_at, &ended_ms);
    struct jc_str day = jc_date_format(jc_date_of_ms(ended_ms), buf);
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < message->n_findings; i++) {
        const Jc__Finding *finding = message->findings[i];
        bool dated = finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_BY_DEADLINE;
        bool corrected = finding->outcome == JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
        int64_t key = jc_op_key(d->agency_id, d->operation_no) * JC_FINDINGS_MAX + (int64_t)i;
        code = jc_derived_compare(d, JC_DERIVED_FINDING,
                                  "agency_id finding_id outcome major_hazard deadline_on corrected_on", COMPARE_FINDING,
                                  JC_VALUES(jc_int(d->agency_id), id_value(finding->finding_id),
                                            jc_int(finding->outcome), jc_int(finding->major_hazard),
                                            dated ? jc_text_or_null(jc_str(finding->deadline)) : jc_null(),
                                            corrected ? jc_text(day) : jc_null(), jc_int(key)),
                                  &there, err);
    }
    return code;
}

static const char COMPARE_BLOB[] =
    "SELECT b.kind = $1, b.size_bytes = $2, b.media_type = $3,\n"
    "       b.received_ms IS NULL OR EXISTS (SELECT 1 FROM blob AS s\n"
    "                                         WHERE s.agency_id = b.agency_id AND s.sha256 = b.sha256)\n"
    "FROM record_blob AS b\n"
    "WHERE b.agency_id = $4 AND b.inspection_id = $5 AND b.sha256 = $6";

static bool named_before(const Jc__Inspection *message, size_t index) {
    struct jc_str hash = jc_view(message->photos[index]->sha256);
    for (size_t i = 0; i < index; i++) {
        if (jc_str_eq(jc_view(message->photos[i]->sha256), hash))
            return true;
    }
    return false;
}

/* The same photo may show two findings: one row, of the first. */
static enum jc_code check_blobs(struct jc_derived *d, const Jc__Inspection *message, struct jc_err *err) {
    enum jc_code code = JC_OK;
    bool there = false;
    for (size_t i = 0; !code && i < message->n_photos; i++) {
        const Jc__Photo *photo = message->photos[i];
        if (named_before(message, i))
            continue;
        int64_t kind = photo->kind ? photo->kind : JC__BLOB_KIND__BLOB_KIND_PHOTO;
        code = jc_derived_compare(d, JC_DERIVED_RECORD_BLOB, "kind size_bytes media_type received_ms", COMPARE_BLOB,
                                  JC_VALUES(jc_int(kind), jc_int(photo->size_bytes), jc_text(jc_str(photo->media_type)),
                                            jc_int(d->agency_id), id_value(message->inspection_id),
                                            id_value(photo->sha256)),
                                  &there, err);
    }
    return code;
}

/* The task of a record is done. */
static const char TASK_IS_DONE[] = "SELECT COUNT(*)\n"
                                   "FROM inspection AS i\n"
                                   "LEFT JOIN task AS t ON t.agency_id = i.agency_id AND t.task_id = i.task_id\n"
                                   "WHERE i.agency_id = $1 AND i.inspection_id = $2 AND i.is_record = 1\n"
                                   "  AND i.task_id IS NOT NULL AND COALESCE(t.state, 0) <> $3";

static enum jc_code check_task(struct jc_derived *d, const Jc__Inspection *message, struct jc_err *err) {
    int64_t wrong = 0;
    enum jc_code code = jc_tx_int64(
        d->tx, TASK_IS_DONE,
        JC_VALUES(jc_int(d->agency_id), id_value(message->inspection_id), jc_int(JC__TASK_STATE__TASK_STATE_DONE)),
        &wrong, err);
    if (!code && wrong)
        jc_derived_altered(d, JC_DERIVED_INSPECTION, "task.state");
    return code;
}

enum jc_code jc_derived_inspection(struct jc_derived *d, const Jc__Inspection *message, struct jc_err *err) {
    struct jc_str team_id = {0};
    bool there = false;
    enum jc_code code = compare_row(d, message, &there, err);
    if (code || !there)
        return code;
    d->may_lack = false; /* what hangs on a row that is there is there */
    code = check_standing(d, message, &team_id, err);
    if (!code)
        code = check_task(d, message, err);
    if (!code)
        code = check_workdays(d, message, team_id, err);
    if (!code)
        code = check_findings(d, message, err);
    if (!code)
        code = check_blobs(d, message, err);
    return code;
}
