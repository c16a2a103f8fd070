/* The table `operation`, which is the evidence chain. A row costs one INSERT, and two SHA-256 over its
 * fields (link and chain); the head is kept in the transaction and written once a commit (store/head.h).
 *
 * Verification follows the stored hashes: each row is recomputed from the stored hash of the row
 * before, so one altered row is named once and does not hide or accuse those behind it. What must
 * never happen: a row's chained field changes after it was appended. */
#include "store/operation.h"

#include <string.h>

#include "base/evidence.h"
#include "store/head.h"

/* --- the hash of a row ------------------------------------------------------------------------------ */

static void add_number(struct jc_sha256_state *state, uint64_t number, int size) {
    uint8_t bytes[8];
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    jc_sha256_add(state, (struct jc_str){(const char *)bytes, (size_t)size});
}

static void add_fixed(struct jc_sha256_state *state, const uint8_t *bytes, size_t len) {
    jc_sha256_add(state, (struct jc_str){(const char *)bytes, len});
}

/* Length in `size` bytes, then the bytes. */
static void add_text(struct jc_sha256_state *state, struct jc_str text, int size) {
    add_number(state, text.len, size);
    jc_sha256_add(state, text);
}

static void add_signed(struct jc_sha256_state *state, int64_t agency_id, const struct jc_operation *row) {
    const int64_t numbers[] = {agency_id, row->operation_no, row->received_ms, row->status, row->code, row->reason};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_number(state, (uint64_t)numbers[i], 8);
    add_fixed(state, row->id.bytes, JC_UUID_SIZE);
    add_fixed(state, row->device_id.bytes, JC_UUID_SIZE);
    add_fixed(state, row->body_sha256, JC_SHA256_SIZE);
    add_text(state, row->inspector_id, 8);
    add_text(state, row->seal, 8);
    add_text(state, row->depends_on, 8);
    add_text(state, row->grounds, 8);
}

static void add_chained(struct jc_sha256_state *state, int64_t agency_id, const struct jc_operation *row) {
    const int64_t numbers[] = {agency_id,   row->operation_no, row->received_ms, row->estimated_ms,
                               row->status, row->code,         row->reason};
    uint8_t link[JC_SHA256_SIZE];
    if (!row->link)
        jc_link(row->previous, row->id, row->body_sha256, row->depends_on, link);
    add_fixed(state, row->link ? row->link : link, sizeof link);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_number(state, (uint64_t)numbers[i], 8);
    add_fixed(state, row->device_id.bytes, JC_UUID_SIZE);
    add_text(state, row->inspector_id, 2);
    add_text(state, row->seal, 2);
    add_text(state, row->grounds, 2);
}

void jc_chain_hash(int64_t agency_id, const struct jc_operation *row, const uint8_t before[JC_SHA256_SIZE],
                   uint8_t out[JC_SHA256_SIZE]) {
    static const char SIGNED[] = "jiancha-chain-1", CHAINED[] = "jiancha-chain-2"; /* their NUL takes part */
    bool chained = row->format == JC_OPERATION_CHAINED;
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){chained ? CHAINED : SIGNED, sizeof SIGNED});
    add_fixed(&state, before, JC_SHA256_SIZE);
    (chained ? add_chained : add_signed)(&state, agency_id, row);
    jc_sha256_end(&state, out);
}

/* --- append and find -------------------------------------------------------------------------------- */

/* A repeat is found by the insert itself: no SELECT before it. */
static const char INSERT_OPERATION[] =
    "INSERT INTO operation (op_key, agency_id, id, format, device_id, inspector_id, received_ms, estimated_ms,\n"
    "                       body, body_sha256, previous, seal, depends_on, status, code, reason, reason_args,\n"
    "                       chain_hash)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)\n"
    "ON CONFLICT (agency_id, id) DO NOTHING";

static enum jc_code insert(struct jc_tx *tx, int64_t agency_id, const struct jc_operation *row, struct jc_err *err) {
    size_t previous_len = row->format == JC_OPERATION_CHAINED ? JC_SHA256_SIZE : 0;
    return jc_tx_exec(tx, INSERT_OPERATION,
                      JC_VALUES(jc_int(jc_op_key(agency_id, row->operation_no)), jc_int(agency_id),
                                jc_bytes(row->id.bytes, JC_UUID_SIZE), jc_int(row->format),
                                jc_bytes(row->device_id.bytes, JC_UUID_SIZE), jc_text(row->inspector_id),
                                jc_int(row->received_ms), row->estimated_ms ? jc_int(row->estimated_ms) : jc_null(),
                                jc_bytes(row->body.ptr, row->body.len), jc_bytes(row->body_sha256, JC_SHA256_SIZE),
                                jc_bytes(row->previous, previous_len), jc_bytes(row->seal.ptr, row->seal.len),
                                jc_bytes(row->depends_on.ptr, row->depends_on.len), jc_int(row->status),
                                jc_int(row->code), jc_int(row->reason), jc_text(row->grounds),
                                jc_bytes(row->chain_hash, JC_SHA256_SIZE)),
                      err);
}

enum jc_code jc_operation_append(struct jc_tx *tx, int64_t agency_id, struct jc_operation *operation, bool *known,
                                 struct jc_err *err) {
    struct jc_head *head = NULL;
    *known = false;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    operation->operation_no = head->operation_no + 1;
    jc_chain_hash(agency_id, operation, head->chain_head, operation->chain_hash);
    code = insert(tx, agency_id, operation, err);
    if (code)
        return code;
    *known = jc_tx_changed(tx) == 0;
    if (*known)
        return JC_OK;
    head->operation_no = operation->operation_no;
    memcpy(head->chain_head, operation->chain_hash, JC_SHA256_SIZE);
    return JC_OK;
}

/* Bytes of a fixed length; whatever else stands in the column leaves zeros, which no hash matches. */
static void read_fixed(const struct jc_rows *rows, int column, uint8_t *out, size_t len) {
    struct jc_str bytes = jc_rows_bytes(rows, column);
    memset(out, 0, len);
    if (bytes.len == len)
        memcpy(out, bytes.ptr, len);
}

#define OPERATION_COLUMNS                                                                                    \
    "op_key, format, id, device_id, inspector_id, received_ms, estimated_ms, body_sha256, previous, seal,\n" \
    "       depends_on, status, code, reason, reason_args, chain_hash"
enum { BODY_COLUMN = 16 }; /* of a SELECT that has it behind them */

/* The columns above; strings are views of the row. */
static void read_row(const struct jc_rows *rows, struct jc_operation *out) {
    *out = (struct jc_operation){
        .operation_no = jc_op_key_no(jc_rows_int64(rows, 0)),
        .format = (enum jc_operation_format)jc_rows_int64(rows, 1),
        .inspector_id = jc_rows_text(rows, 4),
        .received_ms = jc_rows_int64(rows, 5),
        .estimated_ms = jc_rows_int64(rows, 6),
        .seal = jc_rows_bytes(rows, 9),
        .depends_on = jc_rows_bytes(rows, 10),
        .status = (Jc__OperationStatus)jc_rows_int64(rows, 11),
        .code = (enum jc_code)jc_rows_int64(rows, 12),
        .reason = (Jc__ReviewReason)jc_rows_int64(rows, 13),
        .grounds = jc_rows_text(rows, 14),
    };
    read_fixed(rows, 2, out->id.bytes, JC_UUID_SIZE);
    read_fixed(rows, 3, out->device_id.bytes, JC_UUID_SIZE);
    read_fixed(rows, 7, out->body_sha256, JC_SHA256_SIZE);
    read_fixed(rows, 8, out->previous, JC_SHA256_SIZE);
    read_fixed(rows, 15, out->chain_hash, JC_SHA256_SIZE);
}

/* Turns the views into copies. */
static enum jc_code keep_row(struct jc_operation *row, struct jc_arena *arena, struct jc_err *err) {
    struct jc_str *const fields[] = {&row->inspector_id, &row->seal, &row->depends_on, &row->grounds};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        *fields[i] = jc_arena_copy(arena, *fields[i]);
        if (!fields[i]->ptr)
            return jc_fail_memory(err);
    }
    return JC_OK;
}

static const char SELECT_BY_ID[] = "SELECT " OPERATION_COLUMNS "\n"
                                   "FROM operation\n"
                                   "WHERE agency_id = $1 AND id = $2";

enum jc_code jc_operation_find(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, struct jc_arena *arena,
                               struct jc_operation *out, bool *found, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    *found = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_BY_ID, JC_VALUES(jc_int(agency_id), jc_bytes(id.bytes, JC_UUID_SIZE)), &rows, err);
    if (!code)
        code = jc_rows_next(rows, found, err);
    if (!code && *found) {
        read_row(rows, out);
        code = keep_row(out, arena, err);
    }
    jc_rows_close(rows);
    return code;
}

/* NULL, which an empty value is not. */
static enum jc_code keep_body(const struct jc_rows *rows, int column, struct jc_arena *arena, struct jc_str *out,
                              struct jc_err *err) {
    *out = (struct jc_str){0};
    if (jc_rows_is_null(rows, column))
        return JC_OK;
    *out = jc_rows_copy(rows, column, arena);
    return out->ptr ? JC_OK : jc_fail_memory(err);
}

static const char SELECT_BY_NO[] = "SELECT " OPERATION_COLUMNS ", body\n"
                                   "FROM operation\n"
                                   "WHERE op_key = $1";

enum jc_code jc_operation_get(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                              struct jc_operation *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code =
        jc_tx_query(tx, SELECT_BY_NO, JC_VALUES(jc_int(jc_op_key(agency_id, operation_no))), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &found, err);
    if (!code && found) {
        read_row(rows, out);
        code = keep_row(out, arena, err);
        if (!code)
            code = keep_body(rows, BODY_COLUMN, arena, &out->body, err);
    }
    jc_rows_close(rows);
    return code || found ? code : JC_NOT_FOUND;
}

static const char SELECT_BODY[] = "SELECT body\n"
                                  "FROM operation\n"
                                  "WHERE op_key = $1";

enum jc_code jc_operation_body(struct jc_tx *tx, int64_t agency_id, int64_t operation_no, struct jc_arena *arena,
                               struct jc_str *out, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool found = false;
    enum jc_code code = jc_tx_query(tx, SELECT_BODY, JC_VALUES(jc_int(jc_op_key(agency_id, operation_no))), &rows, err);
    if (!code)
        code = jc_rows_next(rows, &found, err);
    if (!code && found)
        code = keep_body(rows, 0, arena, out, err);
    jc_rows_close(rows);
    return code || found ? code : JC_NOT_FOUND;
}

static const char SELECT_STATUS[] = "SELECT status\n"
                                    "FROM operation\n"
                                    "WHERE agency_id = $1 AND id = $2";

enum jc_code jc_operation_is_applied(struct jc_tx *tx, int64_t agency_id, struct jc_uuid id, bool *applied,
                                     struct jc_err *err) {
    int64_t status = JC__OPERATION_STATUS__OPERATION_STATUS_UNSPECIFIED;
    enum jc_code code =
        jc_tx_int64(tx, SELECT_STATUS, JC_VALUES(jc_int(agency_id), jc_bytes(id.bytes, JC_UUID_SIZE)), &status, err);
    *applied = !code && status == JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED;
    return code == JC_NOT_FOUND ? JC_OK : code;
}

/* --- the chain ----------------------------------------------------------------------------------- */

struct verifier {
    int64_t agency_id;
    struct jc_chain_points points;
    jc_chain_found *found;
    void *ctx;
    int64_t good_no;              /* the last row that a point agrees with */
    int64_t no;                   /* of the last row read; 0 before the first */
    uint8_t hash[JC_SHA256_SIZE]; /* its stored hash */
    bool whole;                   /* `hash` is that of row `no` without a gap before it */
    int64_t rows;
};

static void tell(const struct verifier *v, int64_t no, enum jc_msg what, struct jc_str second) {
    char number[JC_NUMBER_TEXT];
    struct jc_err fault;
    jc_err_set(&fault, JC_DATA_LOSS, what, (const struct jc_str[JC_ERR_ARGS]){jc_str_from_int64(no, number), second});
    v->found(v->ctx, no, &fault);
}

static void tell_row(const struct verifier *v, const struct jc_operation *row, enum jc_msg what) {
    char id[JC_UUID_TEXT];
    tell(v, row->operation_no, what, jc_uuid_format(row->id, id));
}

/* Rows first..last are not there. */
static void tell_missing(const struct verifier *v, int64_t first, int64_t last) {
    char number[JC_NUMBER_TEXT];
    tell(v, first, JC_MSG_CHAIN_MISSING, jc_str_from_int64(last, number));
}

static void check_points(struct verifier *v) {
    char number[JC_NUMBER_TEXT];
    enum jc_chain_word word = jc_chain_points_say(&v->points, v->no, v->hash);
    if (word == JC_CHAIN_REWRITTEN)
        tell(v, v->no, JC_MSG_CHAIN_POINT, jc_str_from_int64(v->good_no, number));
    else if (word == JC_CHAIN_SAME)
        v->good_no = v->no;
}

static void check_content(const struct verifier *v, const struct jc_rows *rows, const struct jc_operation *row) {
    uint8_t hash[JC_SHA256_SIZE];
    if (jc_rows_is_null(rows, BODY_COLUMN)) {
        if (!jc_rows_text(rows, BODY_COLUMN + 1).len)
            tell_row(v, row, JC_MSG_CHAIN_CONTENT_MISSING);
        return;
    }
    jc_sha256(jc_rows_bytes(rows, BODY_COLUMN), hash);
    if (memcmp(hash, row->body_sha256, JC_SHA256_SIZE) != 0)
        tell_row(v, row, JC_MSG_CHAIN_CONTENT);
    if (!jc_rows_is_null(rows, BODY_COLUMN + 1))
        tell_row(v, row, JC_MSG_CHAIN_CONTENT_KEPT);
}

static void check_row(struct verifier *v, const struct jc_rows *rows) {
    struct jc_operation row;
    uint8_t expected[JC_SHA256_SIZE];
    read_row(rows, &row);
    if (row.operation_no != v->no + 1) {
        tell_missing(v, v->no + 1, row.operation_no - 1);
        v->whole = false;
    }
    jc_chain_hash(v->agency_id, &row, v->hash, expected);
    if (v->whole && memcmp(expected, row.chain_hash, JC_SHA256_SIZE) != 0)
        tell_row(v, &row, JC_MSG_CHAIN_ALTERED);
    check_content(v, rows, &row);
    v->no = row.operation_no;
    memcpy(v->hash, row.chain_hash, JC_SHA256_SIZE);
    v->whole = true;
    v->rows++;
    check_points(v);
}

static const char SELECT_EACH[] =
    "SELECT " OPERATION_COLUMNS ", body,\n"
    "       (SELECT r.reason_args FROM review AS r\n"
    "         WHERE r.agency_id = operation.agency_id\n"
    "           AND r.review_id = operation.op_key - operation.agency_id * 1099511627776)\n"
    "FROM operation\n"
    "WHERE op_key > $1 AND op_key < $2 AND agency_id = $3\n"
    "ORDER BY op_key";

enum jc_code jc_operation_each(struct jc_tx *tx, int64_t agency_id, jc_operation_taker *take, void *ctx,
                               struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_tx_query(
        tx, SELECT_EACH,
        JC_VALUES(jc_int(jc_op_key(agency_id, 0)), jc_int(jc_op_key(agency_id + 1, 0)), jc_int(agency_id)), &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_operation row;
        read_row(rows, &row);
        if (!jc_rows_is_null(rows, BODY_COLUMN))
            row.body = jc_rows_bytes(rows, BODY_COLUMN);
        code = take(ctx, &row, jc_rows_text(rows, BODY_COLUMN + 1), err);
    }
    jc_rows_close(rows);
    return code;
}

/* The end of the chain against the head and the points beyond it. */
static void check_end(const struct verifier *v, const struct jc_head *head) {
    int64_t last = jc_chain_points_last(&v->points, head->operation_no);
    if (last > v->no)
        tell_missing(v, v->no + 1, last);
    if (head->operation_no < v->no) {
        tell(v, head->operation_no, JC_MSG_CHAIN_HEAD, (struct jc_str){0});
    } else if (head->operation_no == v->no && memcmp(head->chain_head, v->hash, JC_SHA256_SIZE) != 0) {
        tell(v, v->no, JC_MSG_CHAIN_HEAD, (struct jc_str){0});
    }
}

static const char SELECT_CHAIN[] = "SELECT " OPERATION_COLUMNS ", body, deleted_why\n"
                                   "FROM operation\n"
                                   "WHERE op_key > $1 AND op_key < $2 AND agency_id = $3\n"
                                   "ORDER BY op_key";

enum jc_code jc_chain_verify(struct jc_tx *tx, int64_t agency_id, struct jc_chain_points points, jc_chain_found *found,
                             void *ctx, int64_t *rows_out, struct jc_err *err) {
    struct verifier v = {.agency_id = agency_id, .points = points, .found = found, .ctx = ctx, .whole = true};
    struct jc_head head;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_head_read(tx, agency_id, &head, err);
    if (!code)
        code = jc_tx_query(
            tx, SELECT_CHAIN,
            JC_VALUES(jc_int(jc_op_key(agency_id, 0)), jc_int(jc_op_key(agency_id + 1, 0)), jc_int(agency_id)), &rows,
            err);
    check_points(&v); /* a point before the first row is zeros */
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row)
        check_row(&v, rows);
    jc_rows_close(rows);
    if (code)
        return code;
    check_end(&v, &head);
    *rows_out = v.rows;
    return JC_OK;
}
