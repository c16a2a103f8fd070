/* The table `operation`, which is the evidence chain. A row costs one INSERT and one SHA-256 over its
 * fields; the head is kept in the transaction and written once a commit (store/head.h).
 *
 * Verification follows the stored hashes: each row is recomputed from the stored hash of the row
 * before, so one altered row is named once and does not hide or accuse those behind it. What must
 * never happen: a row's chained field changes after it was appended. */
#include "store/operation.h"

#include <string.h>

#include "store/head.h"

static void add_int(struct jc_sha256_state *state, int64_t number) {
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (8 * i));
    jc_sha256_add(state, (struct jc_str){(const char *)bytes, sizeof bytes});
}

static void add_fixed(struct jc_sha256_state *state, const uint8_t *bytes, size_t len) {
    jc_sha256_add(state, (struct jc_str){(const char *)bytes, len});
}

static void add_text(struct jc_sha256_state *state, struct jc_str text) {
    add_int(state, (int64_t)text.len);
    jc_sha256_add(state, text);
}

/* The encoding the header documents. */
static void chain_hash(int64_t agency_id, const struct jc_operation *row, const uint8_t before[JC_SHA256_SIZE],
                       uint8_t out[JC_SHA256_SIZE]) {
    static const char DOMAIN[] = "jiancha-chain-1"; /* its NUL takes part */
    const int64_t numbers[] = {agency_id, row->operation_no, row->received_ms, row->status, row->code, row->reason};
    struct jc_sha256_state state;
    jc_sha256_begin(&state);
    jc_sha256_add(&state, (struct jc_str){DOMAIN, sizeof DOMAIN});
    add_fixed(&state, before, JC_SHA256_SIZE);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        add_int(&state, numbers[i]);
    add_fixed(&state, row->id.bytes, JC_UUID_SIZE);
    add_fixed(&state, row->device_id.bytes, JC_UUID_SIZE);
    add_fixed(&state, row->body_sha256, JC_SHA256_SIZE);
    add_text(&state, row->inspector_id);
    add_text(&state, row->signature);
    add_text(&state, row->depends_on);
    add_text(&state, row->grounds);
    jc_sha256_end(&state, out);
}

/* --- append and find -------------------------------------------------------------------------------- */

static const char INSERT_OPERATION[] =
    "INSERT INTO operation (agency_id, operation_no, id, device_id, inspector_id, received_ms, body,\n"
    "                       body_sha256, signature, depends_on, status, code, reason, reason_args,\n"
    "                       chain_hash)\n"
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

enum jc_code jc_operation_append(struct jc_tx *tx, int64_t agency_id, struct jc_operation *operation,
                                 struct jc_err *err) {
    struct jc_head *head = NULL;
    enum jc_code code = jc_head_of(tx, agency_id, &head, err);
    if (code)
        return code;
    operation->operation_no = head->operation_no + 1;
    chain_hash(agency_id, operation, head->chain_head, operation->chain_hash);
    code = jc_tx_exec(tx, INSERT_OPERATION,
                      JC_VALUES(jc_int(agency_id), jc_int(operation->operation_no),
                                jc_bytes(operation->id.bytes, JC_UUID_SIZE),
                                jc_bytes(operation->device_id.bytes, JC_UUID_SIZE), jc_text(operation->inspector_id),
                                jc_int(operation->received_ms), jc_bytes(operation->body.ptr, operation->body.len),
                                jc_bytes(operation->body_sha256, JC_SHA256_SIZE),
                                jc_bytes(operation->signature.ptr, operation->signature.len),
                                jc_bytes(operation->depends_on.ptr, operation->depends_on.len),
                                jc_int(operation->status), jc_int(operation->code), jc_int(operation->reason),
                                jc_text(operation->grounds), jc_bytes(operation->chain_hash, JC_SHA256_SIZE)),
                      err);
    if (code)
        return code;
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

#define OPERATION_COLUMNS                                                                           \
    "operation_no, id, device_id, inspector_id, received_ms, body_sha256, signature, depends_on,\n" \
    "       status, code, reason, reason_args, chain_hash"

/* The columns above; strings are views of the row. */
static void read_row(const struct jc_rows *rows, struct jc_operation *out) {
    *out = (struct jc_operation){
        .operation_no = jc_rows_int64(rows, 0),
        .inspector_id = jc_rows_text(rows, 3),
        .received_ms = jc_rows_int64(rows, 4),
        .signature = jc_rows_bytes(rows, 6),
        .depends_on = jc_rows_bytes(rows, 7),
        .status = (Jc__OperationStatus)jc_rows_int64(rows, 8),
        .code = (enum jc_code)jc_rows_int64(rows, 9),
        .reason = (Jc__ReviewReason)jc_rows_int64(rows, 10),
        .grounds = jc_rows_text(rows, 11),
    };
    read_fixed(rows, 1, out->id.bytes, JC_UUID_SIZE);
    read_fixed(rows, 2, out->device_id.bytes, JC_UUID_SIZE);
    read_fixed(rows, 5, out->body_sha256, JC_SHA256_SIZE);
    read_fixed(rows, 12, out->chain_hash, JC_SHA256_SIZE);
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
        out->inspector_id = jc_arena_copy(arena, out->inspector_id);
        out->signature = jc_arena_copy(arena, out->signature);
        out->depends_on = jc_arena_copy(arena, out->depends_on);
        out->grounds = jc_arena_copy(arena, out->grounds);
        if (!out->inspector_id.ptr || !out->signature.ptr || !out->depends_on.ptr || !out->grounds.ptr)
            code = jc_fail_memory(err);
    }
    jc_rows_close(rows);
    return code;
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
    const struct jc_chain_point *points;
    size_t point_count;
    jc_chain_found *found;
    void *ctx;
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

static void check_points(const struct verifier *v) {
    for (size_t i = 0; i < v->point_count; i++) {
        const struct jc_chain_point *point = &v->points[i];
        if (point->operation_no == v->no && memcmp(point->chain_hash, v->hash, JC_SHA256_SIZE) != 0)
            tell(v, v->no, JC_MSG_CHAIN_POINT, (struct jc_str){0});
    }
}

static void check_content(const struct verifier *v, const struct jc_rows *rows, const struct jc_operation *row) {
    uint8_t hash[JC_SHA256_SIZE];
    if (jc_rows_is_null(rows, 13)) {
        if (!jc_rows_text(rows, 14).len)
            tell_row(v, row, JC_MSG_CHAIN_CONTENT_MISSING);
        return;
    }
    jc_sha256(jc_rows_bytes(rows, 13), hash);
    if (memcmp(hash, row->body_sha256, JC_SHA256_SIZE) != 0)
        tell_row(v, row, JC_MSG_CHAIN_CONTENT);
}

static void check_row(struct verifier *v, const struct jc_rows *rows) {
    struct jc_operation row;
    uint8_t expected[JC_SHA256_SIZE];
    read_row(rows, &row);
    if (row.operation_no != v->no + 1) {
        tell_missing(v, v->no + 1, row.operation_no - 1);
        v->whole = false;
    }
    chain_hash(v->agency_id, &row, v->hash, expected);
    if (v->whole && memcmp(expected, row.chain_hash, JC_SHA256_SIZE) != 0)
        tell_row(v, &row, JC_MSG_CHAIN_ALTERED);
    check_content(v, rows, &row);
    v->no = row.operation_no;
    memcpy(v->hash, row.chain_hash, JC_SHA256_SIZE);
    v->whole = true;
    v->rows++;
    check_points(v);
}

/* The end of the chain against the head and the points beyond it. */
static void check_end(const struct verifier *v, const struct jc_head *head) {
    int64_t last = head->operation_no;
    for (size_t i = 0; i < v->point_count; i++)
        last = v->points[i].operation_no > last ? v->points[i].operation_no : last;
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
                                   "WHERE agency_id = $1\n"
                                   "ORDER BY operation_no";

enum jc_code jc_chain_verify(struct jc_tx *tx, int64_t agency_id, const struct jc_chain_point *points, size_t count,
                             jc_chain_found *found, void *ctx, int64_t *rows_out, struct jc_err *err) {
    struct verifier v = {
        .agency_id = agency_id, .points = points, .point_count = count, .found = found, .ctx = ctx, .whole = true};
    struct jc_head head;
    struct jc_rows *rows = NULL;
    bool has_row = false;
    enum jc_code code = jc_head_read(tx, agency_id, &head, err);
    if (!code)
        code = jc_tx_query(tx, SELECT_CHAIN, JC_VALUES(jc_int(agency_id)), &rows, err);
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
