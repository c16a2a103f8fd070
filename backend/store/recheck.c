/* The tables `recheck` and `recheck_workdays`. A finding is closed here and nowhere else: by the item
 * of a recheck that is the record of its task. */
#include "store/recheck.h"

#include "base/message.h"
#include "store/finding.h"
#include "store/operation.h"
#include "store/row.h"
#include "store/task.h"

static struct jc_value id_value(ProtobufCBinaryData id) {
    return jc_bytes(id.data, id.len);
}

static const char INSERT_RECHECK[] =
    "INSERT INTO recheck (agency_id, recheck_id, op_key, order_id, task_id, is_record, due_on, done_on,\n"
    "                     passed, document_no, document_year, body)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

static enum jc_code add_row(struct jc_tx *tx, int64_t agency_id, const struct jc_recheck *row,
                            const Jc__Recheck *message, struct jc_arena *arena, struct jc_err *err) {
    const Jc__DocumentNumber *number = message->document_number;
    struct jc_str body = {0};
    enum jc_code code = jc_message_pack(&message->base, arena, &body, err);
    if (code)
        return code;
    return jc_tx_exec(tx, INSERT_RECHECK,
                      JC_VALUES(jc_int(agency_id), id_value(message->recheck_id),
                                jc_int(jc_op_key(agency_id, row->operation_no)), id_value(message->order_id),
                                message->task_id.len ? id_value(message->task_id) : jc_null(), jc_int(row->is_record),
                                jc_text(row->due_on), jc_text(row->done_on), jc_int(row->passed),
                                number ? jc_int(number->number) : jc_null(), number ? jc_int(number->year) : jc_null(),
                                jc_bytes(body.ptr, body.len)),
                      err);
}

static const char INSERT_WORKDAYS[] = "INSERT INTO recheck_workdays (agency_id, recheck_id, team_id, workdays_centi)\n"
                                      "VALUES ($1, $2, $3, $4)";

static enum jc_code add_workdays(struct jc_tx *tx, int64_t agency_id, const Jc__Recheck *message, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t i = 0; !code && i < message->n_workdays; i++) {
        const Jc__TeamWorkdays *used = message->workdays[i];
        code = jc_tx_exec(tx, INSERT_WORKDAYS,
                          JC_VALUES(jc_int(agency_id), id_value(message->recheck_id), jc_text(jc_str(used->team_id)),
                                    jc_int(used->workdays_centi)),
                          err);
    }
    return code;
}

static enum jc_code close_or_extend(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id,
                                    const Jc__RecheckItem *item, struct jc_str done_on, struct jc_err *err) {
    if (item->result == JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED)
        return jc_finding_set_corrected(tx, agency_id, order_id, jc_view(item->finding_id), done_on, err);
    if (!*item->deadline)
        return JC_OK;
    return jc_finding_set_deadline(tx, agency_id, order_id, jc_view(item->finding_id), jc_str(item->deadline), err);
}

enum jc_code jc_recheck_add(struct jc_tx *tx, int64_t agency_id, const struct jc_recheck *row,
                            const Jc__Recheck *message, struct jc_arena *arena, struct jc_err *err) {
    enum jc_code code = add_row(tx, agency_id, row, message, arena, err);
    if (!code)
        code = add_workdays(tx, agency_id, message, err);
    for (size_t i = 0; !code && row->is_record && i < message->n_items; i++)
        code = close_or_extend(tx, agency_id, jc_view(message->order_id), message->items[i], row->done_on, err);
    return code;
}

static const char COUNT_RECHECK[] = "SELECT COUNT(*)\n"
                                    "FROM recheck\n"
                                    "WHERE agency_id = $1 AND recheck_id = $2";

enum jc_code jc_recheck_exists(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, bool *exists,
                               struct jc_err *err) {
    int64_t count = 0;
    enum jc_code code = jc_tx_int64(
        tx, COUNT_RECHECK, JC_VALUES(jc_int(agency_id), jc_bytes(recheck_id.ptr, recheck_id.len)), &count, err);
    *exists = count > 0;
    return code;
}

static const char COUNT_RECORDS[] = "SELECT COUNT(*)\n"
                                    "FROM recheck\n"
                                    "WHERE agency_id = $1 AND task_id = $2 AND is_record = 1";

enum jc_code jc_recheck_is_recorded(struct jc_tx *tx, int64_t agency_id, struct jc_str task_id, bool *recorded,
                                    struct jc_err *err) {
    int64_t count = 0;
    enum jc_code code =
        jc_tx_int64(tx, COUNT_RECORDS, JC_VALUES(jc_int(agency_id), jc_bytes(task_id.ptr, task_id.len)), &count, err);
    *recorded = count > 0;
    return code;
}

/* --- standing --------------------------------------------------------------------------------------------- */

/* Over the tasks of the unit, which are few and have an index. */
#define RECHECKS_OF_ORDER                                                                                    \
    "FROM rectification_order AS o\n"                                                                        \
    "JOIN task AS t ON t.agency_id = o.agency_id AND t.unit_id = o.unit_id AND t.order_id = o.order_id\n"    \
    "JOIN recheck AS r ON r.agency_id = t.agency_id AND r.task_id = t.task_id AND r.order_id = o.order_id\n" \
    "                 AND r.is_record = 1\n"                                                                 \
    "WHERE o.agency_id = $1 AND o.order_id = $2\n"

static const char SELECT_LATER[] = "SELECT 1\n" RECHECKS_OF_ORDER "  AND r.op_key > $3";

enum jc_code jc_recheck_is_followed(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, int64_t operation_no,
                                    bool *followed, struct jc_err *err) {
    return jc_row_exists(
        tx, SELECT_LATER,
        JC_VALUES(jc_int(agency_id), jc_bytes(order_id.ptr, order_id.len), jc_int(jc_op_key(agency_id, operation_no))),
        followed, err);
}

static const char SELECT_COUNTS[] = "SELECT 1\n"
                                    "FROM recheck\n"
                                    "WHERE agency_id = $1 AND recheck_id = $2 AND op_key = $3 AND is_record = 1";

enum jc_code jc_recheck_counts(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, int64_t operation_no,
                               bool *counts, struct jc_err *err) {
    return jc_row_exists(tx, SELECT_COUNTS,
                         JC_VALUES(jc_int(agency_id), jc_bytes(recheck_id.ptr, recheck_id.len),
                                   jc_int(jc_op_key(agency_id, operation_no))),
                         counts, err);
}

static const char SELECT_LONELY[] =
    "SELECT 1\n"
    "FROM recheck AS r\n"
    "WHERE r.agency_id = $1 AND r.recheck_id = $2 AND r.op_key = $3 AND r.is_record = 0\n"
    "  AND NOT EXISTS (SELECT 1 FROM recheck AS o\n"
    "                   WHERE o.agency_id = r.agency_id AND o.task_id = r.task_id AND o.is_record = 1)";
static const char DELETE_WORKDAYS[] = "DELETE FROM recheck_workdays WHERE agency_id = $1 AND recheck_id = $2";
static const char DELETE_RECHECK[] = "DELETE FROM recheck WHERE agency_id = $1 AND recheck_id = $2";

enum jc_code jc_recheck_lift(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id, int64_t operation_no,
                             bool *removed, struct jc_err *err) {
    const struct jc_value key[] = {jc_int(agency_id), jc_bytes(recheck_id.ptr, recheck_id.len),
                                   jc_int(jc_op_key(agency_id, operation_no))};
    enum jc_code code = jc_row_exists(tx, SELECT_LONELY, key, 3, removed, err);
    if (!code && *removed)
        code = jc_tx_exec(tx, DELETE_WORKDAYS, key, 2, err);
    return code || !*removed ? code : jc_tx_exec(tx, DELETE_RECHECK, key, 2, err);
}

static const char UPDATE_NO_RECORD[] = "UPDATE recheck\n"
                                       "SET is_record = 0\n"
                                       "WHERE agency_id = $1 AND recheck_id = $2";
static const char SELECT_COUNTED[] = "SELECT r.body\n" RECHECKS_OF_ORDER "ORDER BY t.released_ms, r.op_key";
static const char SELECT_DONE_ON[] = "SELECT r.done_on\n" RECHECKS_OF_ORDER "ORDER BY t.released_ms, r.op_key";

static enum jc_code say_again(struct jc_tx *tx, int64_t agency_id, struct jc_str body, struct jc_str done_on,
                              struct jc_arena *arena, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_message_unpack(&jc__recheck__descriptor, body, arena, &message, err);
    const Jc__Recheck *recheck = (const Jc__Recheck *)message;
    for (size_t i = 0; !code && i < recheck->n_items; i++)
        code = close_or_extend(tx, agency_id, jc_view(recheck->order_id), recheck->items[i], done_on, err);
    return code;
}

enum jc_code jc_recheck_withdraw(struct jc_tx *tx, int64_t agency_id, struct jc_str recheck_id,
                                 const Jc__RectificationOrder *order, struct jc_arena *arena, struct jc_err *err) {
    const struct jc_value key[] = {jc_int(agency_id), id_value(order->order_id)};
    struct jc_str *bodies = NULL, *days = NULL;
    size_t count = 0, day_count = 0;
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_NO_RECORD, JC_VALUES(jc_int(agency_id), jc_bytes(recheck_id.ptr, recheck_id.len)), err);
    for (size_t i = 0; !code && i < order->n_items; i++)
        code = jc_finding_reopen(tx, agency_id, jc_view(order->order_id), jc_view(order->items[i]->finding_id),
                                 jc_str(order->items[i]->deadline), err);
    if (!code)
        code = jc_row_first_column(tx, SELECT_COUNTED, key, 2, arena, &bodies, &count, err);
    if (!code)
        code = jc_row_first_column(tx, SELECT_DONE_ON, key, 2, arena, &days, &day_count, err);
    for (size_t i = 0; !code && i < count && i < day_count; i++)
        code = say_again(tx, agency_id, bodies[i], days[i], arena, err);
    return code;
}

static const char SELECT_PENDING[] = "SELECT task_id\n"
                                     "FROM task\n"
                                     "WHERE agency_id = $1 AND unit_id = $2 AND state IN ($3, $4) AND kind = $5\n"
                                     "  AND order_id = $6";

enum jc_code jc_recheck_recall_pending(struct jc_tx *tx, int64_t agency_id, struct jc_str unit_id,
                                       struct jc_str order_id, struct jc_str reason, int64_t now_ms,
                                       struct jc_arena *arena, struct jc_err *err) {
    struct jc_str *ids = NULL;
    size_t count = 0;
    enum jc_code code =
        jc_row_first_column(tx, SELECT_PENDING,
                            JC_VALUES(jc_int(agency_id), jc_text(unit_id), jc_int(JC__TASK_STATE__TASK_STATE_OPEN),
                                      jc_int(JC__TASK_STATE__TASK_STATE_RETURNED),
                                      jc_int(JC__TASK_KIND__TASK_KIND_RECHECK), jc_bytes(order_id.ptr, order_id.len)),
                            arena, &ids, &count, err);
    for (size_t i = 0; !code && i < count; i++)
        code = jc_task_move(tx, agency_id, ids[i], JC__TASK_STATE__TASK_STATE_RECALLED, reason, now_ms, err);
    return code;
}
