/* The acts are few and are kept; each content that is gone uses up one of those that an act of its kind and reason took.
 * Where more are gone than were taken, the last ones are told: which of them was not meant nobody can say any more. */
#include "store/gone.h"

#include <string.h>

#include "base/arena.h"
#include "base/id.h"
#include "store/audit_words.h"
#include "store/row.h"

struct act {
    bool blobs;
    struct jc_str reason;
    int64_t left;
};

struct checking {
    struct jc_arena *arena;
    int64_t agency_id;
    jc_chain_found *found;
    void *ctx;
    struct act *items;
    size_t count, capacity;
};

/* $1: agency. What note() of store/retention.c writes: "blobs < DATE", and a detail that reads "N items, N bytes:
 * REASON"; older rows store it in these words. */
static const char SELECT_ACTS[] = "SELECT object, detail\n"
                                  "FROM audit_log\n"
                                  "WHERE agency_id = $1 AND act = 'retention.delete'\n"
                                  "ORDER BY audit_no";

static enum jc_code add_act(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct checking *c = ctx;
    struct jc_str rest = jc_str(jc_audit_detail_words(c->arena, JC_EN, jc_rows_text(rows, 1))), items, bytes;
    struct act act = {.blobs = jc_str_starts_with(jc_rows_text(rows, 0), JC_STR("blobs "))};
    if (!rest.ptr)
        return jc_fail_memory(err);
    if (!jc_str_cut(&rest, ' ', &items) || !jc_str_to_int64(items, &act.left) || !jc_str_cut(&rest, ':', &bytes))
        return JC_OK; /* it accounts for nothing */
    act.reason = jc_str_trim(rest);
    struct act *slot = JC_PUSH(c->arena, c, struct act);
    if (!slot)
        return jc_fail_memory(err);
    *slot = act;
    return JC_OK;
}

static bool is_accounted_for(struct checking *c, bool blobs, struct jc_str reason) {
    for (size_t i = 0; i < c->count; i++) {
        struct act *act = &c->items[i];
        if (act->blobs == blobs && act->left > 0 && jc_str_eq(act->reason, jc_str_trim(reason))) {
            act->left--;
            return true;
        }
    }
    return false;
}

static const char SELECT_BODIES[] = "SELECT op_key, id, deleted_why\n"
                                    "FROM operation\n"
                                    "WHERE op_key > $1 AND op_key < $2 AND agency_id = $3\n"
                                    "  AND body IS NULL AND deleted_why <> ''\n"
                                    "ORDER BY op_key";

static void tell(const struct checking *c, int64_t no, enum jc_msg what, struct jc_str first, struct jc_str second,
                 struct jc_str reason) {
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what, (const struct jc_str[JC_ERR_ARGS]){first, second, reason});
    c->found(c->ctx, no, &fault);
}

static enum jc_code check_body(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct checking *c = ctx;
    struct jc_str id = jc_rows_bytes(rows, 1), reason = jc_rows_text(rows, 2);
    struct jc_uuid uuid = {{0}};
    char number[JC_NUMBER_TEXT], text[JC_UUID_TEXT];
    (void)err;
    if (is_accounted_for(c, false, reason))
        return JC_OK;
    int64_t no = jc_rows_int64(rows, 0) - jc_op_key(c->agency_id, 0);
    if (id.len == JC_UUID_SIZE)
        memcpy(uuid.bytes, id.ptr, JC_UUID_SIZE);
    tell(c, no, JC_MSG_GONE_BODY, jc_str_from_int64(no, number), jc_uuid_format(uuid, text), reason);
    return JC_OK;
}

static const char SELECT_BLOBS[] = "SELECT sha256, deleted_why, deleted_ms\n"
                                   "FROM blob\n"
                                   "WHERE agency_id = $1 AND (deleted_ms IS NOT NULL OR deleted_why IS NOT NULL)\n"
                                   "ORDER BY deleted_ms, sha256";

static enum jc_code check_blob(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct checking *c = ctx;
    struct jc_str sha256 = jc_rows_bytes(rows, 0), reason = jc_rows_text(rows, 1);
    char hex[2 * JC_SHA256_SIZE + 1];
    struct jc_str name = jc_hex(sha256.ptr, sha256.len < JC_SHA256_SIZE ? sha256.len : JC_SHA256_SIZE, hex);
    (void)err;
    if (jc_rows_is_null(rows, 2))
        tell(c, 0, JC_MSG_GONE_BLOB_KEPT, name, reason, (struct jc_str){0});
    else if (!is_accounted_for(c, true, reason))
        tell(c, 0, JC_MSG_GONE_BLOB, name, reason, (struct jc_str){0});
    return JC_OK;
}

enum jc_code jc_gone_verify(struct jc_tx *tx, int64_t agency_id, jc_chain_found *found, void *ctx, struct jc_err *err) {
    struct checking c = {.arena = jc_arena_new(16 << 20), .agency_id = agency_id, .found = found, .ctx = ctx};
    if (!c.arena)
        return jc_fail_memory(err);
    enum jc_code code = jc_row_each(tx, SELECT_ACTS, JC_VALUES(jc_int(agency_id)), add_act, &c, err);
    if (!code)
        code = jc_row_each(
            tx, SELECT_BODIES,
            JC_VALUES(jc_int(jc_op_key(agency_id, 0)), jc_int(jc_op_key(agency_id + 1, 0)), jc_int(agency_id)),
            check_body, &c, err);
    if (!code)
        code = jc_row_each(tx, SELECT_BLOBS, JC_VALUES(jc_int(agency_id)), check_blob, &c, err);
    jc_arena_free(c.arena);
    return code;
}
