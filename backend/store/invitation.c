/* The table `invitation`, reached by the hash of the code: whoever holds a code has no account yet, so
 * the row itself says which agency it belongs to. */
#include "store/invitation.h"

static const char INSERT_INVITATION[] =
    "INSERT INTO invitation (code_hash, agency_id, inspector_id, created_by, created_ms, expires_ms)\n"
    "VALUES ($1, $2, $3, $4, $5, $6)";

enum jc_code jc_invitation_add(struct jc_tx *tx, const struct jc_invitation *invitation,
                               const uint8_t code_hash[JC_SHA256_SIZE], struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_INVITATION,
                      JC_VALUES(jc_bytes(code_hash, JC_SHA256_SIZE), jc_int(invitation->agency_id),
                                jc_text(invitation->inspector_id), jc_text(invitation->created_by),
                                jc_int(invitation->created_ms), jc_int(invitation->expires_ms)),
                      err);
}

static const char SELECT_INVITATION[] = "SELECT agency_id, inspector_id, created_by, created_ms, expires_ms, used_ms,\n"
                                        "       used_by\n"
                                        "FROM invitation\n"
                                        "WHERE code_hash = $1";

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_invitation *out,
                             struct jc_err *err) {
    *out = (struct jc_invitation){
        .agency_id = jc_rows_int64(rows, 0),
        .inspector_id = jc_rows_copy(rows, 1, arena),
        .created_by = jc_rows_copy(rows, 2, arena),
        .created_ms = jc_rows_int64(rows, 3),
        .expires_ms = jc_rows_int64(rows, 4),
        .used_ms = jc_rows_is_null(rows, 5) ? -1 : jc_rows_int64(rows, 5),
        .used_by = jc_rows_copy(rows, 6, arena),
    };
    return out->inspector_id.ptr && out->created_by.ptr && out->used_by.ptr ? JC_OK : jc_fail_memory(err);
}

enum jc_code jc_invitation_find(struct jc_tx *tx, const uint8_t code_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                                struct jc_invitation *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_INVITATION, JC_VALUES(jc_bytes(code_hash, JC_SHA256_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found)
        code = read_row(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

static const char UPDATE_USED[] = "UPDATE invitation\n"
                                  "SET used_ms = $1, used_by = $2\n"
                                  "WHERE code_hash = $3";

enum jc_code jc_invitation_set_used(struct jc_tx *tx, const uint8_t code_hash[JC_SHA256_SIZE], int64_t now_ms,
                                    struct jc_str used_by, struct jc_err *err) {
    return jc_tx_exec(
        tx, UPDATE_USED,
        JC_VALUES(jc_int(now_ms), jc_bytes(used_by.ptr, used_by.len), jc_bytes(code_hash, JC_SHA256_SIZE)), err);
}
