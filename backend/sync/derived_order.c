/* The rows of orders and rechecks. What became of an item is followed from the order through the rechecks of
 * its tasks, in the order in which those tasks were made, and compared with its finding. */
#include "sync/derived_row.h"

#include "base/message.h"
#include "store/row.h"
#include "store/stamp.h"

static struct jc_value id_value(ProtobufCBinaryData id) {
    return jc_bytes(id.data, id.len);
}

/* --- what became of an item ------------------------------------------------------------------------------ */

struct item {
    struct jc_str finding_id, deadline_on, corrected_on;
};
struct items {
    struct jc_derived *d;
    struct item *list;
    size_t count;
};

static void move_item(struct items *items, const Jc__RecheckItem *message, struct jc_str done_on) {
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->list[i];
        if (!jc_str_eq(item->finding_id, jc_view(message->finding_id)))
            continue;
        if (message->result == JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED)
            item->corrected_on = item->corrected_on.len ? item->corrected_on : done_on;
        else if (*message->deadline)
            item->deadline_on = jc_str(message->deadline);
    }
}

static const char SELECT_RECHECKS[] =
    "SELECT r.body, r.done_on\n"
    "FROM task AS t\n"
    "JOIN recheck AS r ON r.agency_id = t.agency_id AND r.task_id = t.task_id AND r.is_record = 1\n"
    "WHERE t.agency_id = $1 AND t.unit_id = $2 AND t.order_id = $3 AND r.order_id = $3\n"
    "ORDER BY t.released_ms, r.op_key";

static enum jc_code follow(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct items *items = ctx;
    ProtobufCMessage *message = NULL;
    struct jc_str body = jc_rows_copy(rows, 0, items->d->scratch), done_on = jc_rows_copy(rows, 1, items->d->scratch);
    if (!body.ptr || !done_on.ptr)
        return jc_fail_memory(err);
    enum jc_code code = jc_message_unpack(&jc__recheck__descriptor, body, items->d->scratch, &message, err);
    if (code == JC_RESOURCE_EXHAUSTED)
        return code;
    const Jc__Recheck *recheck = (const Jc__Recheck *)message;
    for (size_t i = 0; !code && i < recheck->n_items; i++) /* one that cannot be read is told where it stands */
        move_item(items, recheck->items[i], done_on);
    return JC_OK;
}

static const char COMPARE_ITEM[] =
    "SELECT order_id IS NOT DISTINCT FROM $1, deadline_on IS NOT DISTINCT FROM $2, corrected_on IS NOT DISTINCT FROM $3\n"
    "FROM finding\n"
    "WHERE finding_id = $4\n"
    "  AND finding_key >= (SELECT op_key * 1024 FROM inspection WHERE agency_id = $5 AND inspection_id = $6)\n"
    "  AND finding_key < (SELECT (op_key + 1) * 1024 FROM inspection WHERE agency_id = $5 AND inspection_id = $6)";

static enum jc_code check_items(struct jc_derived *d, const Jc__RectificationOrder *message, struct jc_err *err) {
    struct items items = {d, JC_NEW_ARRAY(d->scratch, message->n_items + 1, struct item), message->n_items};
    int64_t counted = d->rows[JC_DERIVED_FINDING];
    bool there = false;
    if (!items.list)
        return jc_fail_memory(err);
    for (size_t i = 0; i < items.count; i++)
        items.list[i] = (struct item){.finding_id = jc_view(message->items[i]->finding_id),
                                      .deadline_on = jc_str(message->items[i]->deadline)};
    enum jc_code code =
        jc_row_each(d->tx, SELECT_RECHECKS,
                    JC_VALUES(jc_int(d->agency_id), jc_text(jc_str(message->unit_id)), id_value(message->order_id)),
                    follow, &items, err);
    for (size_t i = 0; !code && i < items.count; i++) {
        const struct item *item = &items.list[i];
        code = jc_derived_compare(d, JC_DERIVED_FINDING, "order_id deadline_on corrected_on", COMPARE_ITEM,
                                  JC_VALUES(id_value(message->order_id), jc_text(item->deadline_on),
                                            jc_text_or_null(item->corrected_on),
                                            jc_bytes(item->finding_id.ptr, item->finding_id.len), jc_int(d->agency_id),
                                            id_value(message->inspection_id)),
                                  &there, err);
    }
    d->rows[JC_DERIVED_FINDING] = counted; /* the inspection's */
    return code;
}

static const char COUNT_ITEMS[] = "SELECT COUNT(*)\n"
                                  "FROM finding\n"
                                  "WHERE agency_id = $1 AND order_id = $2";

/* An order that was rejected holds no finding (sync/withdraw.h). */
static enum jc_code check_taken_back(struct jc_derived *d, const Jc__RectificationOrder *message, struct jc_err *err) {
    int64_t held = 0;
    enum jc_code code =
        jc_tx_int64(d->tx, COUNT_ITEMS, JC_VALUES(jc_int(d->agency_id), id_value(message->order_id)), &held, err);
    if (!code && held)
        jc_derived_altered(d, JC_DERIVED_FINDING, "order_id");
    return code;
}

/* --- order -------------------------------------------------------------------------------------------------- */

/* ISO dates sort as text. */
static struct jc_str latest_deadline(const Jc__RectificationOrder *message) {
    struct jc_str latest = {0};
    for (size_t i = 0; i < message->n_items; i++) {
        struct jc_str deadline = jc_str(message->items[i]->deadline);
        latest = jc_str_cmp(deadline, latest) > 0 ? deadline : latest;
    }
    return latest;
}

static const char COMPARE_ORDER[] =
    "SELECT op_key = $1, inspection_id = $2, unit_id = $3, document_no IS NOT DISTINCT FROM $4,\n"
    "       document_year IS NOT DISTINCT FROM $5, issued_ms = $6, deadline_on = $7, body = $8\n"
    "FROM rectification_order\n"
    "WHERE agency_id = $9 AND order_id = $10";

enum jc_code jc_derived_order(struct jc_derived *d, const Jc__RectificationOrder *message, struct jc_err *err) {
    const Jc__DocumentNumber *number = message->document_number;
    struct jc_str body = {0};
    int64_t issued_ms = 0;
    bool there = false;
    (void)jc_stamp_to_ms(message->issued_at, &issued_ms);
    enum jc_code code = jc_message_pack(&message->base, d->scratch, &body, err);
    if (!code)
        code = jc_derived_compare(
            d, JC_DERIVED_ORDER, "op_key inspection_id unit_id document_no document_year issued_ms deadline_on body",
            COMPARE_ORDER,
            JC_VALUES(jc_int(jc_op_key(d->agency_id, d->operation_no)), id_value(message->inspection_id),
                      jc_text(jc_str(message->unit_id)), number ? jc_int(number->number) : jc_null(),
                      number ? jc_int(number->year) : jc_null(), jc_int(issued_ms), jc_text(latest_deadline(message)),
                      jc_bytes(body.ptr, body.len), jc_int(d->agency_id), id_value(message->order_id)),
            &there, err);
    if (code || !there)
        return code;
    d->may_lack = false;
    return jc_derived_taken_back(d) ? check_taken_back(d, message, err) : check_items(d, message, err);
}

/* --- recheck ------------------------------------------------------------------------------------------------ */

static bool passed(const Jc__Recheck *message) {
    for (size_t i = 0; i < message->n_items; i++) {
        if (message->items[i]->result != JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED)
            return false;
    }
    return true;
}

/* $9: 1 the record, 0 beside it, NULL either. */
static const char COMPARE_RECHECK[] =
    "SELECT op_key = $1, order_id = $2, task_id IS NOT DISTINCT FROM $3, done_on = $4, passed = $5,\n"
    "       document_no IS NOT DISTINCT FROM $6, document_year IS NOT DISTINCT FROM $7, body = $8,\n"
    "       $9 IS NULL OR is_record = $9\n"
    "FROM recheck\n"
    "WHERE agency_id = $10 AND recheck_id = $11";
static const char COMPARE_RECHECK_WORKDAYS[] = "SELECT workdays_centi = $1\n"
                                               "FROM recheck_workdays\n"
                                               "WHERE agency_id = $2 AND recheck_id = $3 AND team_id = $4";

static struct jc_value standing(const struct jc_derived *d) {
    if (d->status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED)
        return jc_int(!jc_derived_taken_back(d));
    if (d->decision != JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT)
        return jc_int(0);
    return jc_null(); /* the record, or beside it */
}

static enum jc_code compare_recheck(struct jc_derived *d, const Jc__Recheck *message, bool *there, struct jc_err *err) {
    const Jc__DocumentNumber *number = message->document_number;
    struct jc_str body = {0};
    char done_on[JC_TIME_MAX];
    int64_t ended_ms = 0;
    (void)jc_stamp_to_ms(message->ended_at, &ended_ms);
    enum jc_code code = jc_message_pack(&message->base, d->scratch, &body, err);
    if (code)
        return code;
    return jc_derived_compare(
        d, JC_DERIVED_RECHECK, "op_key order_id task_id done_on passed document_no document_year body is_record",
        COMPARE_RECHECK,
        JC_VALUES(jc_int(jc_op_key(d->agency_id, d->operation_no)), id_value(message->order_id),
                  message->task_id.len ? id_value(message->task_id) : jc_null(),
                  jc_text(jc_date_format(jc_date_of_ms(ended_ms), done_on)), jc_int(passed(message)),
                  number ? jc_int(number->number) : jc_null(), number ? jc_int(number->year) : jc_null(),
                  jc_bytes(body.ptr, body.len), standing(d), jc_int(d->agency_id), id_value(message->recheck_id)),
        there, err);
}

enum jc_code jc_derived_recheck(struct jc_derived *d, const Jc__Recheck *message, struct jc_err *err) {
    bool there = false, also = false;
    enum jc_code code = compare_recheck(d, message, &there, err);
    if (code || !there)
        return code;
    d->may_lack = false;
    for (size_t i = 0; !code && i < message->n_workdays; i++) {
        const Jc__TeamWorkdays *used = message->workdays[i];
        code = jc_derived_compare(d, JC_DERIVED_RECHECK_WORKDAYS, "workdays_centi", COMPARE_RECHECK_WORKDAYS,
                                  JC_VALUES(jc_int(used->workdays_centi), jc_int(d->agency_id),
                                            id_value(message->recheck_id), jc_text(jc_str(used->team_id))),
                                  &also, err);
    }
    return code;
}
