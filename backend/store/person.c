/* The table `person`. One row per login and agency, reached by its primary key; a listing reads all
 * rows of an agency, of which there are tens. The hash must never leave but through
 * jc_person_password_hash(). */
#include "store/person.h"

static enum jc_code fail_unknown(struct jc_str login, struct jc_err *err) {
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_PERSON_UNKNOWN, login);
}

static const char INSERT_PERSON[] =
    "INSERT INTO person (agency_id, login, name, roles, inspector_id, team_id, password_hash,\n"
    "                    must_change_password, disabled, created_ms)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

enum jc_code jc_person_insert(struct jc_tx *tx, int64_t agency_id, const struct jc_person *person,
                              struct jc_str password_hash, struct jc_err *err) {
    enum jc_code code = jc_tx_exec(
        tx, INSERT_PERSON,
        JC_VALUES(jc_int(agency_id), jc_text(person->login), jc_text(person->name), jc_int(person->roles),
                  jc_text_or_null(person->inspector_id), jc_text_or_null(person->team_id), jc_text(password_hash),
                  jc_int(person->must_change_password), jc_int(person->disabled), jc_int(person->created_ms)),
        err);
    if (code == JC_ALREADY_EXISTS)
        return jc_fail(err, JC_ALREADY_EXISTS, JC_MSG_PERSON_EXISTS, person->login);
    return code;
}

/* The columns of read_row(), in its order. */
#define PERSON_COLUMNS "login, name, roles, inspector_id, team_id, must_change_password, disabled, created_ms"

static enum jc_code read_row(const struct jc_rows *rows, struct jc_arena *arena, struct jc_person *out,
                             struct jc_err *err) {
    *out = (struct jc_person){
        .login = jc_rows_copy(rows, 0, arena),
        .name = jc_rows_copy(rows, 1, arena),
        .roles = (uint32_t)jc_rows_int64(rows, 2),
        .inspector_id = jc_rows_copy(rows, 3, arena),
        .team_id = jc_rows_copy(rows, 4, arena),
        .must_change_password = jc_rows_int64(rows, 5) != 0,
        .disabled = jc_rows_int64(rows, 6) != 0,
        .created_ms = jc_rows_int64(rows, 7),
    };
    if (!out->login.ptr || !out->name.ptr || !out->inspector_id.ptr || !out->team_id.ptr)
        return jc_fail_memory(err);
    return JC_OK;
}

static const char SELECT_PERSON[] = "SELECT " PERSON_COLUMNS "\n"
                                    "FROM person\n"
                                    "WHERE agency_id = $1 AND login = $2";

enum jc_code jc_person_get(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                           struct jc_person *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_PERSON, JC_VALUES(jc_int(agency_id), jc_text(login)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code)
        code = has_row ? read_row(rows, arena, out, err) : fail_unknown(login, err);
    jc_rows_close(rows);
    return code;
}

static const char SELECT_PERSONS[] = "SELECT " PERSON_COLUMNS "\n"
                                     "FROM person\n"
                                     "WHERE agency_id = $1\n"
                                     "ORDER BY login";

enum jc_code jc_person_list(struct jc_tx *tx, int64_t agency_id, struct jc_arena *arena, struct jc_person **out,
                            size_t *count, struct jc_err *err) {
    struct {
        struct jc_person *items;
        size_t count, capacity;
    } list = {0};
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_PERSONS, JC_VALUES(jc_int(agency_id)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_person *person = JC_PUSH(arena, &list, struct jc_person);
        code = person ? read_row(rows, arena, person, err) : jc_fail_memory(err);
    }
    jc_rows_close(rows);
    if (code)
        return code;
    *out = list.items;
    *count = list.count;
    return JC_OK;
}

static const char SELECT_HASH[] = "SELECT password_hash\n"
                                  "FROM person\n"
                                  "WHERE agency_id = $1 AND login = $2";

enum jc_code jc_person_password_hash(struct jc_tx *tx, int64_t agency_id, struct jc_str login, struct jc_arena *arena,
                                     struct jc_str *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(tx, SELECT_HASH, JC_VALUES(jc_int(agency_id), jc_text(login)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &has_row, err);
    if (!code && !has_row)
        code = fail_unknown(login, err);
    if (!code) {
        *out = jc_rows_copy(rows, 0, arena);
        if (!out->ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
}

static const char UPDATE_HASH[] = "UPDATE person\n"
                                  "SET password_hash = $1, must_change_password = $2\n"
                                  "WHERE agency_id = $3 AND login = $4";

enum jc_code jc_person_set_password_hash(struct jc_tx *tx, int64_t agency_id, struct jc_str login,
                                         struct jc_str password_hash, bool must_change, struct jc_err *err) {
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_HASH,
                   JC_VALUES(jc_text(password_hash), jc_int(must_change), jc_int(agency_id), jc_text(login)), err);
    if (!code && !jc_tx_changed(tx))
        return fail_unknown(login, err);
    return code;
}

static const char UPDATE_DISABLED[] = "UPDATE person\n"
                                      "SET disabled = $1\n"
                                      "WHERE agency_id = $2 AND login = $3";

enum jc_code jc_person_set_disabled(struct jc_tx *tx, int64_t agency_id, struct jc_str login, bool disabled,
                                    struct jc_err *err) {
    enum jc_code code =
        jc_tx_exec(tx, UPDATE_DISABLED, JC_VALUES(jc_int(disabled), jc_int(agency_id), jc_text(login)), err);
    if (!code && !jc_tx_changed(tx))
        return fail_unknown(login, err);
    return code;
}
