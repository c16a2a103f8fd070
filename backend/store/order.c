/* The table `rectification_order`. The document is kept as issued; whether an item is corrected and
 * which deadline holds is said by its finding, so there is one place to change. */
#include "store/order.h"

#include "base/message.h"
#include "store/change.h"
#include "store/finding.h"
#include "store/operation.h"
#include "store/row.h"

static struct jc_value id_value(struct jc_str id) {
    return jc_bytes(id.ptr, id.len);
}

/* Whose terminals hold it: the team's that is to recheck it; without such a task, the one's that was last to and may
 * still have done so in the time of grace; else the inspection's lead. 3: a recheck, 2: done, 4: recalled. */
#define ORDER_TEAM                                                                          \
    "COALESCE((SELECT t.team_id FROM task AS t\n"                                           \
    "           WHERE t.agency_id = o.agency_id AND t.unit_id = o.unit_id AND t.kind = 3\n" \
    "             AND t.state <> 2 AND t.order_id = o.order_id\n"                           \
    "           ORDER BY t.state = 4, t.recalled_ms DESC, t.task_id DESC LIMIT 1), i.team_id)"

static enum jc_code tell(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_str team_id, bool gone,
                         struct jc_err *err) {
    return jc_change_record(tx, agency_id, JC__ENTITY_KIND__ENTITY_KIND_ORDER, order_id, team_id, gone, err);
}

static const char SELECT_TEAM[] =
    "SELECT " ORDER_TEAM "\n"
    "FROM rectification_order AS o\n"
    "JOIN inspection AS i ON i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id\n"
    "WHERE o.agency_id = $1 AND o.order_id = $2";

static enum jc_code tell_holder(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, bool gone,
                                struct jc_arena *arena, struct jc_err *err) {
    struct jc_str *team_id = NULL;
    size_t count = 0;
    enum jc_code code = jc_row_first_column(tx, SELECT_TEAM, JC_VALUES(jc_int(agency_id), id_value(order_id)), arena,
                                            &team_id, &count, err);
    return code || count == 0 ? code : tell(tx, agency_id, order_id, team_id[0], gone, err);
}

enum jc_code jc_order_changed(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                              struct jc_err *err) {
    return tell_holder(tx, agency_id, order_id, false, arena, err);
}

enum jc_code jc_order_drop(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                           struct jc_err *err) {
    return tell_holder(tx, agency_id, order_id, true, arena, err);
}

static const char SELECT_COUNTS[] =
    "SELECT 1\n"
    "FROM rectification_order AS o\n"
    "WHERE o.agency_id = $1 AND o.order_id = $2 AND o.op_key = $3\n"
    "  AND EXISTS (SELECT 1 FROM finding AS f WHERE f.agency_id = o.agency_id AND f.order_id = o.order_id)";

enum jc_code jc_order_counts(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, int64_t operation_no,
                             bool *counts, struct jc_err *err) {
    return jc_row_exists(tx, SELECT_COUNTS,
                         JC_VALUES(jc_int(agency_id), id_value(order_id), jc_int(jc_op_key(agency_id, operation_no))),
                         counts, err);
}

static const char INSERT_ORDER[] =
    "INSERT INTO rectification_order (agency_id, order_id, op_key, inspection_id, unit_id, document_no,\n"
    "                                 document_year, issued_ms, deadline_on, body)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

enum jc_code jc_order_add(struct jc_tx *tx, int64_t agency_id, int64_t operation_no,
                          const Jc__RectificationOrder *order, int64_t issued_ms, struct jc_str deadline_on,
                          struct jc_str team_id, struct jc_arena *arena, struct jc_err *err) {
    const Jc__DocumentNumber *number = order->document_number;
    struct jc_str body = {0}, order_id = jc_view(order->order_id);
    enum jc_code code = jc_message_pack(&order->base, arena, &body, err);
    if (!code) {
        code =
            jc_tx_exec(tx, INSERT_ORDER,
                       JC_VALUES(jc_int(agency_id), id_value(order_id), jc_int(jc_op_key(agency_id, operation_no)),
                                 id_value(jc_view(order->inspection_id)), jc_text(jc_str(order->unit_id)),
                                 number ? jc_int(number->number) : jc_null(), number ? jc_int(number->year) : jc_null(),
                                 jc_int(issued_ms), jc_text(deadline_on), id_value(body)),
                       err);
    }
    for (size_t i = 0; !code && i < order->n_items; i++) {
        const Jc__OrderItem *item = order->items[i];
        code = jc_finding_set_order(tx, agency_id, jc_view(order->inspection_id), jc_view(item->finding_id), order_id,
                                    jc_str(item->deadline), err);
    }
    return code ? code : tell(tx, agency_id, order_id, team_id, false, err);
}

/* --- find --------------------------------------------------------------------------------------------- */

static const char SELECT_ORDER[] =
    "SELECT o.order_id, o.inspection_id, o.unit_id, i.team_id, i.inspector_ids, o.deadline_on,\n"
    "       o.issued_ms\n"
    "FROM rectification_order AS o\n"
    "JOIN inspection AS i ON i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id\n"
    "WHERE o.agency_id = $1 AND o.order_id = $2";

enum jc_code jc_order_find(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                           struct jc_order *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_ORDER, JC_VALUES(jc_int(agency_id), id_value(order_id)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        struct jc_str *const fields[] = {&out->order_id, &out->inspection_id, &out->unit_id,
                                         &out->team_id,  &out->inspector_ids, &out->deadline_on};
        for (int i = 0; i < (int)(sizeof fields / sizeof *fields); i++) {
            *fields[i] = jc_rows_copy(rows, i, arena);
            if (!fields[i]->ptr)
                code = jc_fail_memory(err);
        }
        out->issued_ms = jc_rows_int64(rows, (int)(sizeof fields / sizeof *fields));
    }
    jc_rows_close(rows);
    return code;
}

/* --- get ---------------------------------------------------------------------------------------------- */

static const char SELECT_BODY[] = "SELECT body\n"
                                  "FROM rectification_order\n"
                                  "WHERE agency_id = $1 AND order_id = $2";

enum jc_code jc_order_issued(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                             Jc__RectificationOrder **out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    ProtobufCMessage *message = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_BODY, JC_VALUES(jc_int(agency_id), id_value(order_id)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && !has_row) {
        char hex[2 * JC_UUID_SIZE + 1];
        code = jc_fail(err, JC_NOT_FOUND, JC_MSG_ORDER_UNKNOWN,
                       jc_hex(order_id.ptr, order_id.len < JC_UUID_SIZE ? order_id.len : JC_UUID_SIZE, hex));
    }
    if (!code)
        code = jc_message_unpack(&jc__rectification_order__descriptor, jc_rows_bytes(rows, 0), arena, &message, err);
    jc_rows_close(rows);
    if (!code)
        *out = (Jc__RectificationOrder *)message;
    return code;
}

/* What its finding says of an item now. */
static void bring_up_to_date(Jc__OrderItem *item, const struct jc_finding *findings, size_t count) {
    item->corrected_on = (char *)protobuf_c_empty_string;
    for (size_t i = 0; i < count; i++) {
        if (!jc_str_eq(findings[i].finding_id, jc_view(item->finding_id)))
            continue;
        item->deadline = (char *)findings[i].deadline_on.ptr;
        item->corrected_on = (char *)findings[i].corrected_on.ptr;
    }
}

enum jc_code jc_order_get(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                          Jc__RectificationOrder **out, struct jc_err *err) {
    Jc__RectificationOrder *order = NULL;
    struct jc_finding *findings = NULL;
    size_t count = 0;
    enum jc_code code = jc_order_issued(tx, agency_id, order_id, arena, &order, err);
    if (!code)
        code = jc_finding_of_order(tx, agency_id, order_id, arena, &findings, &count, err);
    if (code)
        return code;
    for (size_t i = 0; i < order->n_items; i++)
        bring_up_to_date(order->items[i], findings, count);
    *out = order;
    return JC_OK;
}

/* --- list ---------------------------------------------------------------------------------------------- */

static const char SELECT_OPEN[] =
    "SELECT o.order_id\n"
    "FROM rectification_order AS o\n"
    "JOIN inspection AS i ON i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id\n"
    "WHERE o.agency_id = $1 AND " ORDER_TEAM " = $2 AND o.order_id > $3\n"
    "  AND EXISTS (SELECT 1 FROM finding AS f\n"
    "               WHERE f.agency_id = o.agency_id AND f.order_id = o.order_id AND f.corrected_on IS NULL)\n"
    "ORDER BY o.order_id\n"
    "LIMIT $4";

enum jc_code jc_order_open(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_str after, int limit,
                           struct jc_arena *arena, struct jc_str **out, size_t *count, struct jc_err *err) {
    return jc_row_first_column(tx, SELECT_OPEN,
                               JC_VALUES(jc_int(agency_id), jc_text(team_id), id_value(after), jc_int(limit)), arena,
                               out, count, err);
}
