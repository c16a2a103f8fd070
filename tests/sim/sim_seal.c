/* I6: every operation of a terminal that was applied is vouched for: from its link the chain leads, row by row, to a
 * seal that the device's key made. Links are reckoned anew from what the rows say. A terminal that has never heard the
 * server signs each operation by itself. */
#include <stdlib.h>
#include <string.h>

#include "base/evidence.h"
#include "sim/sim_check.h"
#include "store/device.h"

struct row {
    struct jc_uuid id;
    uint8_t previous[JC_SHA256_SIZE], link[JC_SHA256_SIZE];
    uint8_t seal[JC_SIGNATURE_SIZE], public_key[JC_SIGN_PUBLIC_SIZE];
    bool sealed, applied, sound, looked_at;
    bool alone; /* the seal is over the body */
};

struct rows {
    struct sim_judge *judge;
    struct row *items;
    size_t count, capacity;
};

/* Decisions of people are the server's own; what was deleted or came without a chain is none of a terminal's. */
static const char OPERATIONS[] =
    "SELECT o.id, o.previous, o.body_sha256, o.depends_on, o.seal, o.status, d.public_key, o.format,\n"
    "       o.body\n"
    "FROM operation AS o\n"
    "JOIN device AS d ON d.agency_id = o.agency_id AND d.device_id = o.device_id\n"
    "WHERE o.agency_id = 1\n"
    "ORDER BY o.op_key";

static void take(uint8_t *out, size_t size, struct jc_str bytes) {
    if (bytes.len == size)
        memcpy(out, bytes.ptr, size);
}

static void read_row(struct rows *rows, struct jc_rows *from) {
    uint8_t sha256[JC_SHA256_SIZE] = {0};
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 128;
        rows->items = sim_alloc(rows->items, rows->capacity * sizeof *rows->items);
    }
    struct row *row = &rows->items[rows->count++];
    *row = (struct row){.sealed = jc_rows_bytes(from, 4).len == JC_SIGNATURE_SIZE,
                        .applied = jc_rows_int64(from, 5) == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED};
    take(row->id.bytes, sizeof row->id.bytes, jc_rows_bytes(from, 0));
    take(row->previous, sizeof row->previous, jc_rows_bytes(from, 1));
    take(sha256, sizeof sha256, jc_rows_bytes(from, 2));
    take(row->seal, sizeof row->seal, jc_rows_bytes(from, 4));
    take(row->public_key, sizeof row->public_key, jc_rows_bytes(from, 6));
    row->alone = jc_rows_int64(from, 7) == JC_OPERATION_SIGNED;
    if (row->alone && row->sealed) {
        row->sound = jc_sign_verify(jc_rows_bytes(from, 8), row->seal, row->public_key);
        row->looked_at = true;
    }
    jc_link(row->previous, row->id, sha256, jc_rows_bytes(from, 3), row->link);
}

static enum jc_code read_all(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_rows *from = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, OPERATIONS, JC_NO_VALUES, &from, err);
    while (!code && !(code = jc_rows_next(from, &has_row, err)) && has_row)
        read_row(ctx, from);
    jc_rows_close(from);
    return code;
}

static struct row *next_of(struct rows *rows, const struct row *row) {
    for (size_t i = 0; i < rows->count; i++) {
        struct row *next = &rows->items[i];
        if (memcmp(next->public_key, row->public_key, sizeof next->public_key) ==
                0 && /* perhaps of another enrolment */
            memcmp(next->previous, row->link, sizeof next->previous) == 0)
            return next;
    }
    return NULL;
}

static bool is_vouched_for(struct rows *rows, struct row *row) {
    while (row && !row->sealed && !row->alone)
        row = next_of(rows, row);
    if (row && !row->looked_at)
        row->sound = jc_seal_verify(row->link, row->seal, row->public_key);
    if (row)
        row->looked_at = true;
    return row && row->sound;
}

void sim_check_seals(struct sim_judge *judge) {
    struct rows rows = {.judge = judge};
    struct jc_err err = {0};
    char id[JC_UUID_TEXT];
    if (!judge->server->db)
        return;
    if (sim_server_read(judge->server, read_all, &rows, &err) != JC_OK)
        sim_fail(judge->world, "I6", "the chains of terminals cannot be read: %s", sim_words(&err));
    for (size_t i = 0; i < rows.count; i++) {
        if (rows.items[i].applied && !is_vouched_for(&rows, &rows.items[i]))
            sim_fail(judge->world, "I6", "no seal vouches for operation %.*s, which was applied",
                     JC_FMT(jc_uuid_format(rows.items[i].id, id)));
    }
    free(rows.items);
}
