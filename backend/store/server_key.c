/* The table `server_key`. Positions count the rotations; the row in use is the only one that is not
 * retired. The signet is a state of the transaction (jc_tx_state), so a rotation by another process
 * holds from the next commit on and nothing is cached. */
#include "store/server_key.h"

#include <string.h>

#include "base/secret.h"
#include "store/row.h"
#include "store/stamp.h"

/* --- making ---------------------------------------------------------------------------------------- */

struct current {
    bool found, can_sign;
    int64_t position;
    uint8_t key_id[JC_KEY_ID_SIZE];
    uint8_t secret_key[JC_SIGN_SECRET_SIZE];
};

/* Bytes of a fixed length; false if something else stands in the column. */
static bool read_fixed(const struct jc_rows *rows, int column, uint8_t *out, size_t len) {
    struct jc_str bytes = jc_rows_bytes(rows, column);
    if (bytes.len == len)
        memcpy(out, bytes.ptr, len);
    return bytes.len == len;
}

static enum jc_code read_current(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct current *current = ctx;
    current->found = true;
    current->position = jc_rows_int64(rows, 0);
    current->can_sign = read_fixed(rows, 2, current->secret_key, sizeof current->secret_key);
    if (!read_fixed(rows, 1, current->key_id, sizeof current->key_id))
        return jc_fail(err, JC_DATA_LOSS, JC_MSG_STORE_DAMAGED, JC_STR("server_key.key_id"));
    return JC_OK;
}

static const char SELECT_CURRENT[] = "SELECT position, key_id, secret_key\n"
                                     "FROM server_key\n"
                                     "ORDER BY position DESC\n"
                                     "LIMIT 1";

static enum jc_code find_current(struct jc_tx *tx, struct current *out, struct jc_err *err) {
    *out = (struct current){0};
    return jc_row_each(tx, SELECT_CURRENT, JC_NO_VALUES, read_current, out, err);
}

static const char RETIRE_KEYS[] = "UPDATE server_key\n"
                                  "SET retired_ms = COALESCE(retired_ms, $1), secret_key = NULL\n"
                                  "WHERE retired_ms IS NULL OR secret_key IS NOT NULL";
static const char INSERT_KEY[] = "INSERT INTO server_key (key_id, position, public_key, secret_key, created_ms,\n"
                                 "                        endorsed_by, endorsement)\n"
                                 "VALUES ($1, $2, $3, $4, $5, $6, $7)";

/* The key behind `before`, endorsed if its secret is here. */
static enum jc_code make_next(struct jc_tx *tx, const struct current *before, int64_t now_ms,
                              uint8_t key_id[JC_KEY_ID_SIZE], struct jc_err *err) {
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE], endorsement[JC_SIGNATURE_SIZE];
    size_t endorsed = before->can_sign ? 1 : 0;
    jc_sign_keypair(public_key, secret_key);
    jc_key_id(public_key, key_id);
    if (endorsed)
        jc_key_endorse(public_key, before->secret_key, endorsement);
    enum jc_code code = jc_tx_exec(tx, RETIRE_KEYS, JC_VALUES(jc_int(now_ms)), err);
    if (!code)
        code = jc_tx_exec(tx, INSERT_KEY,
                          JC_VALUES(jc_bytes(key_id, JC_KEY_ID_SIZE), jc_int(before->position + 1),
                                    jc_bytes(public_key, sizeof public_key), jc_bytes(secret_key, sizeof secret_key),
                                    jc_int(now_ms), jc_bytes(before->key_id, endorsed * sizeof before->key_id),
                                    jc_bytes(endorsement, endorsed * sizeof endorsement)),
                          err);
    jc_secret_forget(secret_key, sizeof secret_key);
    return code;
}

enum jc_code jc_server_key_ensure(struct jc_tx *tx, int64_t now_ms, struct jc_err *err) {
    struct current current;
    uint8_t key_id[JC_KEY_ID_SIZE];
    enum jc_code code = find_current(tx, &current, err);
    if (!code && !current.can_sign)
        code = make_next(tx, &current, now_ms, key_id, err);
    jc_secret_forget(&current, sizeof current);
    return code;
}

enum jc_code jc_server_key_rotate(struct jc_tx *tx, int64_t now_ms, uint8_t key_id[JC_KEY_ID_SIZE],
                                  struct jc_err *err) {
    struct current current;
    enum jc_code code = find_current(tx, &current, err);
    if (!code)
        code = make_next(tx, &current, now_ms, key_id, err);
    jc_secret_forget(&current, sizeof current);
    return code;
}

static const char FORGET_SECRETS[] = "UPDATE server_key\n"
                                     "SET secret_key = NULL\n"
                                     "WHERE secret_key IS NOT NULL";

enum jc_code jc_server_key_forget(struct jc_tx *tx, struct jc_err *err) {
    return jc_tx_exec(tx, FORGET_SECRETS, JC_NO_VALUES, err);
}

/* --- listing --------------------------------------------------------------------------------------- */

struct key_list JC_ROW_LIST(Jc__ServerKey);

#define KEY_COLUMNS "SELECT key_id, public_key, created_ms, retired_ms, endorsed_by, endorsement\n"

static enum jc_code read_key(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct key_list *list = ctx;
    struct jc_row row = {rows, list->arena, false};
    Jc__ServerKey *key = JC_NEW(list->arena, Jc__ServerKey), **slot = JC_PUSH(list->arena, list, Jc__ServerKey *);
    if (!key || !slot)
        return jc_fail_memory(err);
    jc__server_key__init(key);
    key->key_id = jc_row_bytes(&row, 0);
    key->public_key = jc_row_bytes(&row, 1);
    key->valid_from = jc_stamp_of_ms(list->arena, jc_rows_int64(rows, 2));
    bool retired = !jc_rows_is_null(rows, 3);
    if (retired)
        key->retired_at = jc_stamp_of_ms(list->arena, jc_rows_int64(rows, 3));
    key->endorsed_by = jc_row_bytes(&row, 4);
    key->endorsement = jc_row_bytes(&row, 5);
    *slot = key;
    return row.failed || !key->valid_from || (retired && !key->retired_at) ? jc_fail_memory(err) : JC_OK;
}

static const char SELECT_KEYS[] = KEY_COLUMNS "FROM server_key\n"
                                              "ORDER BY position DESC";

enum jc_code jc_server_key_list(struct jc_tx *tx, struct jc_arena *arena, Jc__ServerKey ***out, size_t *count,
                                struct jc_err *err) {
    struct key_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_KEYS, JC_NO_VALUES, read_key, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

static const char SELECT_SINCE[] =
    KEY_COLUMNS "FROM server_key\n"
                "WHERE position > COALESCE((SELECT position FROM server_key WHERE key_id = $1), 0)\n"
                "ORDER BY position";

enum jc_code jc_server_key_since(struct jc_tx *tx, struct jc_str known, struct jc_arena *arena, Jc__ServerKey ***out,
                                 size_t *count, struct jc_err *err) {
    struct key_list list = {.arena = arena};
    enum jc_code code = jc_row_each(tx, SELECT_SINCE, JC_VALUES(jc_bytes(known.ptr, known.len)), read_key, &list, err);
    *out = list.items;
    *count = list.count;
    return code;
}

/* --- the signet ------------------------------------------------------------------------------------ */

static enum jc_code read_signet(struct jc_rows *rows, void *ctx, struct jc_err *err) {
    struct jc_signet *signet = ctx;
    struct jc_str agency = jc_rows_text(rows, 0);
    (void)err;
    signet->agency_len = agency.len < sizeof signet->agency ? agency.len : sizeof signet->agency - 1;
    if (signet->agency_len)
        memcpy(signet->agency, agency.ptr, signet->agency_len);
    signet->backed_up_through = jc_rows_int64(rows, 1);
    signet->can_sign = read_fixed(rows, 2, signet->key_id, sizeof signet->key_id) &&
                       read_fixed(rows, 3, signet->secret_key, sizeof signet->secret_key);
    return JC_OK;
}

static const char SELECT_SIGNET[] = "SELECT a.code, COALESCE(b.operation_no, 0), k.key_id, k.secret_key\n"
                                    "FROM agency AS a\n"
                                    "LEFT JOIN backup_mark AS b ON b.agency_id = a.agency_id\n"
                                    "LEFT JOIN server_key AS k ON k.retired_ms IS NULL\n"
                                    "WHERE a.agency_id = $1\n"
                                    "ORDER BY k.position";

static enum jc_code load_signet(struct jc_tx *tx, int64_t agency_id, void *state, struct jc_err *err) {
    struct jc_signet *signet = state;
    *signet = (struct jc_signet){.agency_id = agency_id};
    return jc_row_each(tx, SELECT_SIGNET, JC_VALUES(jc_int(agency_id)), read_signet, signet, err);
}

/* Nobody changes it: there is nothing to store. */
static enum jc_code store_signet(struct jc_tx *tx, int64_t agency_id, const void *state, struct jc_err *err) {
    (void)tx, (void)agency_id, (void)state, (void)err;
    return JC_OK;
}

enum jc_code jc_signet_of(struct jc_tx *tx, int64_t agency_id, const struct jc_signet **out, struct jc_err *err) {
    static const struct jc_tx_state SIGNET = {sizeof(struct jc_signet), load_signet, store_signet};
    void *state = NULL;
    enum jc_code code = jc_tx_state(tx, &SIGNET, agency_id, &state, err);
    *out = state;
    return code;
}
