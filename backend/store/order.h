/* Rectification orders (责令限期整改指令书): what must be corrected by when, and what is still open. */
#ifndef JC_STORE_ORDER_H
#define JC_STORE_ORDER_H

#include "base/id.h"
#include "db/db.h"
#include "jiancha/v1/inspection.pb-c.h"

/* Writes the order, puts its findings under it with their deadlines, and tells the terminals of
 * `team_id`. Everything it names has been checked. */
enum jc_code jc_order_add(struct jc_tx *tx, int64_t agency_id, int64_t operation_no,
                          const Jc__RectificationOrder *order, int64_t issued_ms, struct jc_str deadline_on,
                          struct jc_str team_id, struct jc_arena *arena, struct jc_err *err);

struct jc_order {
    struct jc_str order_id; /* 16 bytes */
    struct jc_str inspection_id;
    struct jc_str unit_id;
    struct jc_str team_id;       /* the lead's of the inspection */
    struct jc_str inspector_ids; /* of the inspection, joined by ; */
    struct jc_str deadline_on;   /* the latest of its items as issued */
    int64_t issued_ms;
};
/* *found false if the agency has no such order. Strings are the arena's. */
enum jc_code jc_order_find(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                           struct jc_order *out, bool *found, struct jc_err *err);
/* The order as issued, with each item's deadline in force and, once found corrected, the day.
 * JC_NOT_FOUND. */
enum jc_code jc_order_get(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                          Jc__RectificationOrder **out, struct jc_err *err);
/* The order as issued. JC_NOT_FOUND. */
enum jc_code jc_order_issued(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                             Jc__RectificationOrder **out, struct jc_err *err);
/* Whether it is that operation's and counts: one that was rejected has no finding. */
enum jc_code jc_order_counts(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, int64_t operation_no,
                             bool *counts, struct jc_err *err);
/* It leaves the terminals that hold it; to be called before its findings and tasks change. */
enum jc_code jc_order_drop(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                           struct jc_err *err);
/* An item changed, or another team is to recheck it: tells the terminals of the team that holds it now, and those that
 * held it. */
enum jc_code jc_order_changed(struct jc_tx *tx, int64_t agency_id, struct jc_str order_id, struct jc_arena *arena,
                              struct jc_err *err);
/* At most `limit` ids behind `after`, of the orders that the team holds with an item still open. */
enum jc_code jc_order_open(struct jc_tx *tx, int64_t agency_id, struct jc_str team_id, struct jc_str after, int limit,
                           struct jc_arena *arena, struct jc_str **out, size_t *count, struct jc_err *err);

#endif
