/* The table `session`, reached by the hash of the token alone: the token says who asks, so no agency
 * is known before. A look-up joins the person, because an authority must never be cached: what a
 * person may do is what the row says in the transaction that asks. */
#include "store/session.h"

static const char INSERT_SESSION[] = "INSERT INTO session (token_hash, agency_id, login, created_ms, expires_ms)\n"
                                     "VALUES ($1, $2, $3, $4, $5)";

enum jc_code jc_session_add(struct jc_tx *tx, int64_t agency_id, struct jc_str login,
                            const uint8_t token_hash[JC_SHA256_SIZE], int64_t now_ms, int64_t expires_ms,
                            struct jc_err *err) {
    return jc_tx_exec(tx, INSERT_SESSION,
                      JC_VALUES(jc_bytes(token_hash, JC_SHA256_SIZE), jc_int(agency_id), jc_text(login), jc_int(now_ms),
                                jc_int(expires_ms)),
                      err);
}

static const char SELECT_SESSION[] =
    "SELECT s.agency_id, s.created_ms, s.expires_ms, p.login, p.name, p.roles, p.inspector_id,\n"
    "       COALESCE(i.team_id, p.team_id), p.must_change_password, p.disabled, p.created_ms\n"
    "FROM session AS s\n"
    "JOIN person AS p ON p.agency_id = s.agency_id AND p.login = s.login\n"
    "LEFT JOIN inspector AS i ON i.agency_id = p.agency_id AND i.inspector_id = p.inspector_id\n"
    "WHERE s.token_hash = $1";

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_session *out,
                             struct jc_err *err) {
    *out = (struct jc_session){
        .agency_id = jc_rows_int64(rows, 0),
        .created_ms = jc_rows_int64(rows, 1),
        .expires_ms = jc_rows_int64(rows, 2),
        .person =
            {
                .login = jc_rows_copy(rows, 3, arena),
                .name = jc_rows_copy(rows, 4, arena),
                .roles = (uint32_t)jc_rows_int64(rows, 5),
                .inspector_id = jc_rows_copy(rows, 6, arena),
                .team_id = jc_rows_copy(rows, 7, arena),
                .must_change_password = jc_rows_int64(rows, 8) != 0,
                .disabled = jc_rows_int64(rows, 9) != 0,
                .created_ms = jc_rows_int64(rows, 10),
            },
    };
    const struct jc_person *person = &out->person;
    if (!person->login.ptr || !person->name.ptr || !person->inspector_id.ptr || !person->team_id.ptr)
        return jc_fail_memory(err);
    return JC_OK;
}

enum jc_code jc_session_find(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_arena *arena,
                             struct jc_session *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_SESSION, JC_VALUES(jc_bytes(token_hash, JC_SHA256_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found)
        code = read_row(rows, arena, out, err);
    jc_rows_close(rows);
    return code;
}

static const char DELETE_SESSION[] = "DELETE FROM session\n"
                                     "WHERE token_hash = $1";

enum jc_code jc_session_delete(struct jc_tx *tx, const uint8_t token_hash[JC_SHA256_SIZE], struct jc_err *err) {
    return jc_tx_exec(tx, DELETE_SESSION, JC_VALUES(jc_bytes(token_hash, JC_SHA256_SIZE)), err);
}

static const char DELETE_SESSIONS[] = "DELETE FROM session\n"
                                      "WHERE agency_id = $1 AND login = $2 AND token_hash <> $3";

enum jc_code jc_session_delete_others(struct jc_tx *tx, int64_t agency_id, struct jc_str login, const uint8_t *keep,
                                      struct jc_err *err) {
    static const uint8_t NO_HASH[1] = {0}; /* shorter than any hash, so it is nobody's */
    struct jc_value kept = keep ? jc_bytes(keep, JC_SHA256_SIZE) : jc_bytes(NO_HASH, sizeof NO_HASH);
    return jc_tx_exec(tx, DELETE_SESSIONS, JC_VALUES(jc_int(agency_id), jc_text(login), kept), err);
}

static const char PRUNE_SESSIONS[] = "DELETE FROM session\n"
                                     "WHERE agency_id = $1 AND login = $2 AND expires_ms <= $3";

enum jc_code jc_session_prune(struct jc_tx *tx, int64_t agency_id, struct jc_str login, int64_t now_ms,
                              struct jc_err *err) {
    return jc_tx_exec(tx, PRUNE_SESSIONS, JC_VALUES(jc_int(agency_id), jc_text(login), jc_int(now_ms)), err);
}
