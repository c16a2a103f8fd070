/* Rows are matched by their ids and compared by their own hash: chain_hash as if nothing stood before, so that a row is
 * not accused for what was done to an earlier one. Numbers are compared from row to row: behind a row that was removed or
 * added all are shifted, which is told once, at that row. */
#include "sync/compared.h"

#include <string.h>

#include "base/arena.h"

struct comparing {
    struct jc_tx *tx, *backup;
    int64_t agency_id;
    jc_chain_found *found;
    void *ctx;
    struct jc_arena *arena;
    int64_t expected; /* where the next row should stand now */
    int64_t rows;
};

static void tell(const struct comparing *c, int64_t no, int64_t to, struct jc_uuid id, enum jc_msg what) {
    char number[JC_NUMBER_TEXT], last[JC_NUMBER_TEXT], text[JC_UUID_TEXT];
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what,
               (const struct jc_str[JC_ERR_ARGS]){jc_str_from_int64(no, number), jc_uuid_format(id, text),
                                                  jc_str_from_int64(to, last)});
    c->found(c->ctx, no, &fault);
}

/* All but its number and what stood before it. */
static void own_hash(const struct comparing *c, const struct jc_operation *row, uint8_t out[JC_SHA256_SIZE]) {
    static const uint8_t NOTHING[JC_SHA256_SIZE];
    struct jc_operation alone = *row;
    alone.operation_no = 0;
    alone.link = NULL;
    jc_chain_hash(c->agency_id, &alone, NOTHING, out);
}

/* A row between two that follow each other in the backup: new, or moved, which is told when its turn comes. */
static enum jc_code check_added(const struct comparing *c, int64_t no, struct jc_err *err) {
    struct jc_operation row, then;
    bool found = false;
    enum jc_code code = jc_operation_get(c->tx, c->agency_id, no, c->arena, &row, err);
    if (code == JC_NOT_FOUND)
        return JC_OK; /* the chain itself tells */
    if (!code)
        code = jc_operation_find(c->backup, c->agency_id, row.id, c->arena, &then, &found, err);
    if (!code && !found)
        tell(c, no, 0, row.id, JC_MSG_COMPARED_ADDED);
    return code;
}

static enum jc_code compare(void *ctx, const struct jc_operation *row, struct jc_str review, struct jc_err *err) {
    struct comparing *c = ctx;
    struct jc_operation now;
    uint8_t then_hash[JC_SHA256_SIZE], now_hash[JC_SHA256_SIZE];
    bool found = false;
    (void)review;
    c->rows++;
    jc_arena_reset(c->arena);
    enum jc_code code = jc_operation_find(c->tx, c->agency_id, row->id, c->arena, &now, &found, err);
    if (code)
        return code;
    if (!found) {
        tell(c, row->operation_no, 0, row->id, JC_MSG_COMPARED_REMOVED);
        return JC_OK;
    }
    own_hash(c, row, then_hash);
    own_hash(c, &now, now_hash);
    if (memcmp(then_hash, now_hash, JC_SHA256_SIZE) != 0)
        tell(c, now.operation_no, row->operation_no, row->id, JC_MSG_COMPARED_ALTERED);
    for (int64_t no = c->expected; !code && no < now.operation_no; no++)
        code = check_added(c, no, err);
    if (now.operation_no < c->expected)
        tell(c, now.operation_no, row->operation_no, row->id, JC_MSG_COMPARED_MOVED);
    if (now.operation_no >= c->expected)
        c->expected = now.operation_no + 1;
    return code;
}

enum jc_code jc_compared_verify(struct jc_tx *tx, struct jc_tx *backup, int64_t agency_id, jc_chain_found *found,
                                void *ctx, int64_t *rows, struct jc_err *err) {
    struct comparing c = {
        .tx = tx, .backup = backup, .agency_id = agency_id, .found = found, .ctx = ctx, .expected = 1};
    c.arena = jc_arena_new(16 << 20);
    enum jc_code code = c.arena ? jc_operation_each(backup, agency_id, compare, &c, err) : jc_fail_memory(err);
    *rows = c.rows;
    jc_arena_free(c.arena);
    return code;
}
