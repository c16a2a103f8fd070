/* Reviews (待核处理): each against the operation it is about, and against the decision that closed it.
 *
 * The unit and the task it shows are the body's own words, or those of the task or order that the body names. What was
 * kept may have named something that was not known then: it shows nothing, or what it names. */
#include "sync/derived_row.h"

#include "base/message.h"
#include "sync/apply.h"

/* It was closed before version 3, when a decision was no row of the chain. */
#define CLOSED_OF_OLD                                                                                       \
    "(state = 2 AND decision = 0 AND decided_by <> '' AND decided_ms IS NOT NULL AND decision_no IS NULL\n" \
    "           AND EXISTS (SELECT 1 FROM operation AS o\n"                                                 \
    "                        WHERE o.op_key = review.agency_id * 1099511627776 + review.review_id AND o.format = 1))"
#define DECIDED "decision <> 0 OR " CLOSED_OF_OLD

/* --- opened ------------------------------------------------------------------------------------------------ */

/* It is open again behind a decision that did not know of a wrong seal. */
static const char OPENED_COLUMNS[] = "reason reason_args device_id state decision linked_to note decided_by decided_ms";
static const char COMPARE_OPENED[] =
    "SELECT reason = $1, reason_args = $2 OR (reason_args = $2 || CHAR(30) || 'SEAL_LATE_WRONG'\n"
    "                                         AND EXISTS (SELECT 1 FROM device AS d\n"
    "                                                      WHERE d.agency_id = $3 AND d.device_id = $4\n"
    "                                                        AND d.seal_wrong_no IS NOT NULL)),\n"
    "       device_id = $4,\n"
    "       state = CASE WHEN decision = 0 THEN 1 ELSE 2 END\n"
    "       OR (state = 1 AND INSTR(reason_args, 'SEAL_LATE_WRONG') > 0)\n"
    "       OR " CLOSED_OF_OLD ",\n"
    "       decision = 0 OR EXISTS (SELECT 1 FROM operation AS o\n"
    "                                WHERE o.op_key = review.agency_id * 1099511627776 + review.decision_no\n"
    "                                  AND o.device_id = zeroblob(16)),\n"
    "       " DECIDED " OR linked_to IS NULL, " DECIDED " OR note = '',\n"
    "       " DECIDED " OR decided_by = '', " DECIDED " OR decided_ms IS NULL\n"
    "FROM review\n"
    "WHERE agency_id = $3 AND review_id = $5";
static const char COUNT_LATER[] = "SELECT COUNT(*)\n"
                                  "FROM review AS r\n"
                                  "WHERE r.agency_id = $1 AND r.review_id = $2 AND " JC_DERIVED_REVIEW_LATER;

enum jc_code jc_derived_review(struct jc_derived *d, struct jc_err *err) {
    bool may_lack = d->may_lack, there = false;
    int64_t later = 0;
    if (!d->reason) {
        enum jc_code code =
            jc_tx_int64(d->tx, COUNT_LATER, JC_VALUES(jc_int(d->agency_id), jc_int(d->operation_no)), &later, err);
        d->rows[JC_DERIVED_REVIEW] += later;
        return code;
    }
    d->may_lack = false;
    enum jc_code code =
        jc_derived_compare(d, JC_DERIVED_REVIEW, OPENED_COLUMNS, COMPARE_OPENED,
                           JC_VALUES(jc_int(d->reason), jc_text(d->reason_args), jc_int(d->agency_id),
                                     jc_bytes(d->device_id.ptr, d->device_id.len), jc_int(d->operation_no)),
                           &there, err);
    d->may_lack = may_lack;
    return code;
}

/* A row that was counted already; whether it is there was told. */
static enum jc_code compare_again(struct jc_derived *d, const char *columns, const char *sql,
                                  const struct jc_value *values, size_t count, struct jc_err *err) {
    bool may_lack = d->may_lack, there = false;
    int64_t counted = d->rows[JC_DERIVED_REVIEW];
    d->may_lack = true;
    enum jc_code code = jc_derived_compare(d, JC_DERIVED_REVIEW, columns, sql, values, count, &there, err);
    d->may_lack = may_lack;
    d->rows[JC_DERIVED_REVIEW] = counted;
    return code;
}

/* --- what it shows --------------------------------------------------------------------------------------- */

/* What a body says of its review: directly, or through an order or task that it names. Empty: nothing. */
struct words {
    const char *command;
    struct jc_str unit_id, task_id;
    struct jc_str unit_of_order, unit_of_task, task_of_inspection; /* ids */
};

static struct jc_str uuid_of(ProtobufCBinaryData id) {
    return id.len == JC_UUID_SIZE ? jc_view(id) : (struct jc_str){0};
}

/* Of a command that works on a task and names no unit. */
static void take_task(struct words *words, ProtobufCBinaryData id) {
    words->task_id = words->unit_of_task = uuid_of(id);
}

static void take_order(struct words *words, const Jc__RectificationOrder *order) {
    words->unit_id = order ? jc_str(order->unit_id) : words->unit_id;
    words->task_of_inspection = order ? uuid_of(order->inspection_id) : words->task_of_inspection;
}

static void take_recheck(struct words *words, const Jc__Recheck *recheck) {
    words->unit_of_order = recheck ? uuid_of(recheck->order_id) : words->unit_of_order;
    words->task_id = recheck ? uuid_of(recheck->task_id) : words->task_id;
}

static void take_own(struct words *words, const Jc__OperationBody *body) {
    const Jc__Inspection *inspection = jc_derived_inspection_of(body);
    switch (body->command_case) {
    case JC__OPERATION_BODY__COMMAND_SUBMIT_INSPECTION:
        words->task_id = inspection ? uuid_of(inspection->task_id) : words->task_id;
        break;
    case JC__OPERATION_BODY__COMMAND_START_INSPECTION:
        return take_task(words, body->start_inspection->task_id);
    case JC__OPERATION_BODY__COMMAND_RETURN_TASK:
        return take_task(words, body->return_task->task_id);
    case JC__OPERATION_BODY__COMMAND_HAND_OVER_TASK:
        return take_task(words, body->hand_over_task->task_id);
    case JC__OPERATION_BODY__COMMAND_TAKE_OVER_TASK:
        return take_task(words, body->take_over_task->task_id);
    case JC__OPERATION_BODY__COMMAND_ISSUE_ORDER:
        return take_order(words, body->issue_order->order);
    case JC__OPERATION_BODY__COMMAND_SUBMIT_RECHECK:
        return take_recheck(words, body->submit_recheck->recheck);
    case JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE:
        words->unit_id = jc_str(body->report_unit_change->unit_id);
        return;
    default:
        break;
    }
    words->unit_id = inspection ? jc_str(inspection->unit_id) : words->unit_id;
}

static struct words words_of(const Jc__OperationBody *body) {
    const struct jc_command *command = jc_command_of(body);
    struct words words = {.command = command ? command->name : ""};
    if (command)
        take_own(&words, body);
    if (words.unit_id.len > JC_VERDICT_ARG_MAX) /* more than a review shows (sync/apply.c) */
        words.unit_id = (struct jc_str){0};
    return words;
}

/* What is not applied may have named what was not known. A review that was opened later, for another ground, may show
 * nothing. A recalled task that was opened anew may be one of another unit. */
static const char COMPARE_WORDS[] =
    "SELECT r.command = $1 OR (r.command = '' AND (o.status = 2 OR o.reason = 0)),\n"
    "       r.unit_id = CASE WHEN $2 <> '' THEN $2\n"
    "                   ELSE COALESCE((SELECT c.unit_id FROM rectification_order AS c\n"
    "                                   WHERE c.agency_id = r.agency_id AND c.order_id = $3),\n"
    "                                 (SELECT t.unit_id FROM task AS t\n"
    "                                   WHERE t.agency_id = r.agency_id AND t.task_id = $4), '') END\n"
    "       OR (r.unit_id = '' AND (o.reason = 0 OR ($2 = '' AND o.status <> 1)))\n"
    "       OR EXISTS (SELECT 1 FROM task AS t\n"
    "                   WHERE t.agency_id = r.agency_id AND t.task_id = $4 AND t.released_ms > o.received_ms),\n"
    "       r.task_id = COALESCE((SELECT i.task_id FROM inspection AS i\n"
    "                              WHERE i.agency_id = r.agency_id AND i.inspection_id = $5), $6)\n"
    "       OR (LENGTH(r.task_id) = 0 AND (o.reason = 0 OR o.status <> 1))\n"
    "FROM review AS r\n"
    "JOIN operation AS o ON o.op_key = r.agency_id * 1099511627776 + r.review_id\n"
    "WHERE r.agency_id = $7 AND r.review_id = $8";

enum jc_code jc_derived_review_words(struct jc_derived *d, struct jc_err *err) {
    struct words words = words_of(d->body);
    if (!d->reviewed)
        return JC_OK;
    return compare_again(d, "command unit_id task_id", COMPARE_WORDS,
                         JC_VALUES(jc_text(jc_str(words.command)), jc_text(words.unit_id),
                                   jc_bytes(words.unit_of_order.ptr, words.unit_of_order.len),
                                   jc_bytes(words.unit_of_task.ptr, words.unit_of_task.len),
                                   jc_bytes(words.task_of_inspection.ptr, words.task_of_inspection.len),
                                   jc_bytes(words.task_id.ptr, words.task_id.len), jc_int(d->agency_id),
                                   jc_int(d->operation_no)),
                         err);
}

/* --- decided ------------------------------------------------------------------------------------------------- */

static const char COMPARE_DECISION[] =
    "SELECT decision = $1, COALESCE(linked_to, $2) = $2, note = $3, decided_by = $4, decided_ms = $5,\n"
    "       decision_no = $6,\n"
    "       (SELECT o.id FROM operation AS o\n"
    "         WHERE o.op_key = review.agency_id * 1099511627776 + review.review_id) = $7\n"
    "FROM review\n"
    "WHERE agency_id = $8 AND review_id = $9";

/* The review was opened again behind this decision, and may have been decided again since. */
static const char COUNT_DECIDED_AGAIN[] = "SELECT COUNT(*)\n"
                                          "FROM review\n"
                                          "WHERE agency_id = $1 AND review_id = $2 AND decision_no > $3\n"
                                          "  AND INSTR(reason_args, 'SEAL_LATE_WRONG') > 0";

enum jc_code jc_derived_decision(struct jc_derived *d, const Jc__ReviewDecision *decision, struct jc_err *err) {
    int64_t counted = d->rows[JC_DERIVED_REVIEW], again = 0;
    bool there = false;
    enum jc_code code =
        jc_tx_int64(d->tx, COUNT_DECIDED_AGAIN,
                    JC_VALUES(jc_int(d->agency_id), jc_int(decision->review_id), jc_int(d->operation_no)), &again, err);
    if (code || again)
        return code;
    code = jc_derived_compare(
        d, JC_DERIVED_REVIEW, "decision linked_to note decided_by decided_ms decision_no review_id", COMPARE_DECISION,
        JC_VALUES(jc_int(decision->kind),
                  jc_bytes(decision->linked_inspection_id.data, decision->linked_inspection_id.len),
                  jc_text(jc_str(decision->note)), jc_text(jc_str(decision->decided_by)), jc_int(d->received_ms),
                  jc_int(d->operation_no), jc_bytes(decision->operation_id.data, decision->operation_id.len),
                  jc_int(d->agency_id), jc_int(decision->review_id)),
        &there, err);
    d->rows[JC_DERIVED_REVIEW] = counted; /* the operation's it is about */
    return code;
}
