/* The operation's body goes, and the document in the table of orders or rechecks keeps what is not words. Sets of orders
 * are built once for a statement, so that each costs a walk over orders and rechecks and no more. */
#include "store/retention_document.h"

#include "base/clock.h"
#include "base/message.h"
#include "jiancha/v1/inspection.pb-c.h"
#include "store/row.h"

/* --- which --------------------------------------------------------------------------------------------------- */

/* $2: moment, $3: its day. Task kind 3: a recheck; states 1 and 3: open, returned. */
#define OLD_ORDERS                                                                              \
    "FROM rectification_order AS o\n"                                                           \
    "JOIN inspection AS i ON i.agency_id = o.agency_id AND i.inspection_id = o.inspection_id\n" \
    "JOIN operation AS p ON p.op_key = o.op_key AND p.body IS NOT NULL\n"                       \
    "WHERE o.agency_id = $1 AND o.issued_ms < $2 AND i.ended_ms < $2\n"                         \
    "  AND o.order_id NOT IN (SELECT r.order_id FROM recheck AS r WHERE r.agency_id = $1 AND r.done_on >= $3)\n"
#define UNFINISHED_ORDER                                                                                            \
    "(" JC_RETENTION_UNFINISHED " OR EXISTS (SELECT 1 FROM review AS w\n"                                           \
    "             WHERE w.agency_id = o.agency_id AND w.state = 1\n"                                                \
    "               AND w.review_id = o.op_key - o.agency_id * 1099511627776)\n"                                    \
    " OR o.order_id IN (SELECT t.order_id FROM task AS t\n"                                                         \
    "                    WHERE t.agency_id = $1 AND t.kind = 3 AND t.state IN (1, 3) AND t.order_id IS NOT NULL)\n" \
    " OR o.order_id IN (SELECT r.order_id FROM recheck AS r\n"                                                      \
    "                    JOIN review AS w ON w.agency_id = r.agency_id\n"                                           \
    "                                    AND w.review_id = r.op_key - r.agency_id * 1099511627776\n"                \
    "                   WHERE r.agency_id = $1 AND w.state = 1))\n"

static const char SELECT_ORDERS[] =
    "SELECT o.op_key, o.order_id, LENGTH(p.body)\n" OLD_ORDERS "  AND NOT " UNFINISHED_ORDER "ORDER BY o.op_key";
static const char COUNT_HELD[] = "SELECT COUNT(*)\n" OLD_ORDERS "  AND " UNFINISHED_ORDER;
/* Of those, or of orders whose words went before. */
static const char SELECT_RECHECKS[] =
    "SELECT r.op_key, r.recheck_id, LENGTH(q.body)\n"
    "FROM recheck AS r\n"
    "JOIN operation AS q ON q.op_key = r.op_key AND q.body IS NOT NULL\n"
    "WHERE r.agency_id = $1\n"
    "  AND (r.order_id IN (SELECT o.order_id\n" OLD_ORDERS "  AND NOT " UNFINISHED_ORDER ")\n"
    "       OR r.order_id IN (SELECT o.order_id FROM rectification_order AS o\n"
    "                         JOIN operation AS p ON p.op_key = o.op_key AND p.body IS NULL\n"
    "                         WHERE o.agency_id = $1 AND o.issued_ms < $2))\n"
    "  AND r.done_on < $3\n"
    "  AND NOT EXISTS (SELECT 1 FROM review AS w\n"
    "                   WHERE w.agency_id = r.agency_id AND w.state = 1\n"
    "                     AND w.review_id = r.op_key - r.agency_id * 1099511627776)\n"
    "ORDER BY r.op_key";

struct finding_documents {
    struct jc_arena *arena;
    struct jc_retention_documents *out;
    bool rechecks;
};

static enum jc_code add_document(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct finding_documents *finding = ctx;
    struct jc_retention_document *document = JC_PUSH(finding->arena, finding->out, struct jc_retention_document);
    if (!document)
        return jc_fail_memory(err);
    *document = (struct jc_retention_document){jc_rows_int64(rows, 0), jc_rows_copy(rows, 1, finding->arena),
                                               finding->rechecks};
    finding->out->bytes += jc_rows_int64(rows, 2);
    return document->id.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_retention_find_documents(struct jc_tx *tx, int64_t agency_id, int64_t before_ms, struct jc_arena *arena,
                                         struct jc_retention_documents *out, struct jc_err *err) {
    char day[JC_TIME_MAX];
    const struct jc_value values[] = {jc_int(agency_id), jc_int(before_ms),
                                      jc_text(jc_date_format(jc_date_of_ms(before_ms), day))};
    struct finding_documents finding = {arena, out, false};
    *out = (struct jc_retention_documents){0};
    enum jc_code code = jc_row_each(tx, SELECT_ORDERS, values, 3, add_document, &finding, err);
    finding.rechecks = true;
    if (!code)
        code = jc_row_each(tx, SELECT_RECHECKS, values, 3, add_document, &finding, err);
    return code ? code : jc_tx_int64(tx, COUNT_HELD, values, 3, &out->held, err);
}

/* --- what stays ------------------------------------------------------------------------------------------------ */

static enum jc_code strip_order(struct jc_str body, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_message_unpack(&jc__rectification_order__descriptor, body, arena, &message, err);
    if (code)
        return code;
    Jc__RectificationOrder *order = (Jc__RectificationOrder *)message;
    for (size_t i = 0; i < order->n_items; i++)
        order->items[i]->problem = (char *)protobuf_c_empty_string;
    order->n_inspector_ids = 0;
    order->signature = NULL;
    return jc_message_pack(message, arena, out, err);
}

static enum jc_code strip_recheck(struct jc_str body, struct jc_arena *arena, struct jc_str *out, struct jc_err *err) {
    ProtobufCMessage *message = NULL;
    enum jc_code code = jc_message_unpack(&jc__recheck__descriptor, body, arena, &message, err);
    if (code)
        return code;
    Jc__Recheck *recheck = (Jc__Recheck *)message;
    for (size_t i = 0; i < recheck->n_items; i++)
        recheck->items[i]->note = (char *)protobuf_c_empty_string;
    recheck->n_inspector_ids = 0;
    recheck->signature = NULL;
    recheck->notes = (char *)protobuf_c_empty_string;
    return jc_message_pack(message, arena, out, err);
}

/* --- deleting -------------------------------------------------------------------------------------------------- */

static const struct {
    const char *read, *write;
} TABLES[] = {
    {"SELECT body FROM rectification_order WHERE agency_id = $1 AND order_id = $2",
     "UPDATE rectification_order SET body = $1 WHERE agency_id = $2 AND order_id = $3"},
    {"SELECT body FROM recheck WHERE agency_id = $1 AND recheck_id = $2",
     "UPDATE recheck SET body = $1 WHERE agency_id = $2 AND recheck_id = $3"},
};

static const char DELETE_BODY[] = "UPDATE operation\n"
                                  "SET body = NULL, deleted_why = $1\n"
                                  "WHERE op_key = $2";

static enum jc_code delete_one(struct jc_tx *tx, int64_t agency_id, const struct jc_retention_document *document,
                               struct jc_str reason, struct jc_arena *arena, struct jc_err *err) {
    struct jc_value id = jc_bytes(document->id.ptr, document->id.len);
    struct jc_str *bodies = NULL, left = {0};
    size_t count = 0;
    int table = document->is_recheck;
    enum jc_code code =
        jc_row_first_column(tx, TABLES[table].read, JC_VALUES(jc_int(agency_id), id), arena, &bodies, &count, err);
    if (code || !count)
        return code;
    code = (table ? strip_recheck : strip_order)(bodies[0], arena, &left, err);
    if (!code)
        code = jc_tx_exec(tx, TABLES[table].write, JC_VALUES(jc_bytes(left.ptr, left.len), jc_int(agency_id), id), err);
    return code ? code : jc_tx_exec(tx, DELETE_BODY, JC_VALUES(jc_text(reason), jc_int(document->op_key)), err);
}

enum jc_code jc_retention_delete_documents(struct jc_tx *tx, int64_t agency_id,
                                           const struct jc_retention_documents *documents, struct jc_str reason,
                                           struct jc_err *err) {
    enum jc_code code = JC_OK;
    struct jc_arena *scratch = jc_arena_new(16 << 20);
    if (!scratch)
        return jc_fail_memory(err);
    for (size_t i = 0; !code && i < documents->count; i++) {
        jc_arena_reset(scratch);
        code = delete_one(tx, agency_id, &documents->items[i], reason, scratch, err);
    }
    jc_arena_free(scratch);
    return code;
}
