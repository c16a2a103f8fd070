/* One row per operation and missing dependency, found by the dependency. */
#include "store/waiting.h"

#include "db/memo.h"
#include "store/operation.h"
#include "store/row.h"

static const char INSERT_WAITING[] = "INSERT INTO operation_waiting (agency_id, depends_on, op_key)\n"
                                     "VALUES ($1, $2, $3)\n"
                                     "ON CONFLICT (agency_id, depends_on, op_key) DO NOTHING";
static const char DELETE_WAITING[] = "DELETE FROM operation_waiting\n"
                                     "WHERE agency_id = $1 AND depends_on = $2 AND op_key = $3";

static enum jc_code for_each(struct jc_tx *tx, const char *sql, int64_t agency_id, struct jc_str depends_on,
                             int64_t operation_no, struct jc_err *err) {
    enum jc_code code = JC_OK;
    for (size_t at = 0; !code && at + JC_UUID_SIZE <= depends_on.len; at += JC_UUID_SIZE)
        code = jc_tx_exec(tx, sql,
                          JC_VALUES(jc_int(agency_id), jc_bytes(depends_on.ptr + at, JC_UUID_SIZE),
                                    jc_int(jc_op_key(agency_id, operation_no))),
                          err);
    return code;
}

/* Whether anything waits, as every sync asks. It is remembered with room to change it. */
static const char ANY; /* kind in the memo */
struct any {
    bool *waits;
};

static const struct any *recall_any(struct jc_tx *tx, int64_t agency_id) {
    return jc_tx_memo_find(tx, &ANY, (struct jc_str){(const char *)&agency_id, sizeof agency_id});
}

static void remember_any(struct jc_tx *tx, int64_t agency_id, bool waits) {
    struct jc_arena *arena = jc_tx_memo_arena(tx);
    bool *room = arena ? JC_NEW(arena, bool) : NULL;
    struct jc_str key = {(const char *)&agency_id, sizeof agency_id};
    struct any *any = room ? jc_tx_memo_put(tx, &ANY, key, sizeof *any) : NULL;
    if (!any)
        return;
    *room = waits;
    any->waits = room;
}

enum jc_code jc_waiting_add(struct jc_tx *tx, int64_t agency_id, struct jc_str depends_on, int64_t operation_no,
                            struct jc_err *err) {
    enum jc_code code = for_each(tx, INSERT_WAITING, agency_id, depends_on, operation_no, err);
    const struct any *any = recall_any(tx, agency_id);
    if (any)
        *any->waits = true; /* one that waits no longer leaves it: asking in vain is no harm */
    return code;
}

enum jc_code jc_waiting_drop(struct jc_tx *tx, int64_t agency_id, struct jc_str depends_on, int64_t operation_no,
                             struct jc_err *err) {
    return for_each(tx, DELETE_WAITING, agency_id, depends_on, operation_no, err);
}

static const char SELECT_WAITING[] = "SELECT op_key\n"
                                     "FROM operation_waiting\n"
                                     "WHERE agency_id = $1 AND depends_on = $2\n"
                                     "ORDER BY op_key";

struct numbers {
    struct jc_arena *arena;
    int64_t *items;
    size_t count, capacity;
};

static enum jc_code take_number(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct numbers *numbers = ctx;
    int64_t *slot = JC_PUSH(numbers->arena, numbers, int64_t);
    if (!slot)
        return jc_fail_memory(err);
    *slot = jc_op_key_no(jc_rows_int64(rows, 0));
    return JC_OK;
}

enum jc_code jc_waiting_for(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, struct jc_arena *arena,
                            int64_t **out, size_t *count, struct jc_err *err) {
    struct numbers numbers = {arena, NULL, 0, 0};
    enum jc_code code = jc_row_each(tx, SELECT_WAITING, JC_VALUES(jc_int(agency_id), jc_bytes(id.bytes, JC_UUID_SIZE)),
                                    take_number, &numbers, err);
    *out = numbers.items;
    *count = numbers.count;
    return code;
}

static const char SELECT_ANY[] = "SELECT 1\n"
                                 "FROM operation_waiting\n"
                                 "WHERE agency_id = $1\n"
                                 "LIMIT 1";

enum jc_code jc_waiting_any(struct jc_tx *tx, int64_t agency_id, bool *any, struct jc_err *err) {
    const struct any *known = recall_any(tx, agency_id);
    *any = known && *known->waits;
    enum jc_code code = known ? JC_OK : jc_row_exists(tx, SELECT_ANY, JC_VALUES(jc_int(agency_id)), any, err);
    if (!code && !known)
        remember_any(tx, agency_id, *any);
    return code;
}
