/* The evidence chain (DESIGN section 6): its encoding, and that every altered, removed, reordered or
 * cut-off row is found and named. */
#include "jc_field_test.h"

#include "base/evidence.h"
#include "store/head.h"
#include "store/operation.h"

enum { ROWS = 5 };

static struct field field;

static bool chained; /* rows of terminals that chain their operations, or of those that sign each */

struct chained_rows {
    struct jc_operation rows[ROWS];
    bool known;
};

static enum jc_code append_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct chained_rows *all = ctx;
    enum jc_code code = JC_OK;
    for (int i = 0; !code && i < ROWS; i++)
        code = jc_operation_append(tx, 1, &all->rows[i], &all->known, err);
    return code;
}

/* The fifth has a seal, the third depends on the first, the second was kept for review. */
static void append_chained(void) {
    static const uint8_t SEAL[64] = {7};
    static struct chained_rows all;
    memset(&all, 0, sizeof all);
    for (int i = 0; i < ROWS; i++) {
        struct jc_operation *row = &all.rows[i];
        row->format = JC_OPERATION_CHAINED;
        row->id.bytes[0] = (uint8_t)(i + 1);
        row->device_id.bytes[0] = 9;
        row->inspector_id = JC_STR("a1");
        row->received_ms = 1000 + i;
        row->estimated_ms = i ? 900 + i : 0;
        row->body = JC_STR("body");
        jc_sha256(row->body, row->body_sha256);
        row->status = i == 1 ? KEPT : REJECTED;
        row->code = JC_NOT_FOUND;
        row->reason = (Jc__ReviewReason)i;
        row->grounds = JC_STR("WHY");
        if (i)
            jc_link(all.rows[i - 1].previous, all.rows[i - 1].id, all.rows[i - 1].body_sha256,
                    all.rows[i - 1].depends_on, row->previous);
    }
    all.rows[2].depends_on = (struct jc_str){(const char *)all.rows[0].id.bytes, JC_UUID_SIZE};
    all.rows[ROWS - 1].seal = (struct jc_str){(const char *)SEAL, sizeof SEAL};
    jc_test_write(field.db, append_job, &all);
    assert_false(all.known);
}

/* Five operations of different fields; nothing else refers to them. */
static int setup(void **state) {
    (void)state;
    field_open(&field);
    if (chained) {
        append_chained();
        return 0;
    }
    for (int n = 1; n <= ROWS; n++) {
        Jc__Operation *operation = field_return(&field, n, 99, "no such task");
        if (n == 3)
            field_depend(&field, operation, 1);
        field_send(&field, n % 2 ? FIELD_A1 : FIELD_B1, operation);
    }
    field_script(&field, "DELETE FROM review");
    return 0;
}

static int setup_chained(void **state) {
    chained = true;
    return setup(state);
}

static int setup_signed(void **state) {
    chained = false;
    return setup(state);
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* --- the encoding ------------------------------------------------------------------------------------------- */

static void put_int(struct jc_buf *out, int64_t number, int size) {
    for (int i = 0; i < size; i++)
        jc_buf_char(out, (char)((uint64_t)number >> (8 * i)));
}

static void put_text(struct jc_buf *out, struct jc_str text, int size) {
    put_int(out, (int64_t)text.len, size);
    jc_buf_add(out, text);
}

static const char SELECT_ALL[] =
    "SELECT op_key % 1099511627776, received_ms, status, code, reason, id, device_id, body_sha256,"
    "       inspector_id, seal, depends_on, reason_args, chain_hash, body, format,"
    "       estimated_ms, previous"
    "  FROM operation WHERE agency_id = 1 ORDER BY op_key";

/* By the words of store/operation.h, written out once more. */
static void put_signed(struct jc_buf *text, const struct jc_rows *rows, const uint8_t before[JC_SHA256_SIZE]) {
    jc_buf_append(text, "jiancha-chain-1", 16);
    jc_buf_append(text, before, JC_SHA256_SIZE);
    put_int(text, 1, 8);
    for (int i = 0; i < 5; i++)
        put_int(text, jc_rows_int64(rows, i), 8);
    for (int i = 5; i < 8; i++)
        jc_buf_add(text, jc_rows_bytes(rows, i));
    for (int i = 8; i < 12; i++)
        put_text(text, jc_rows_bytes(rows, i), 8);
}

static void put_chained(struct jc_buf *text, const struct jc_rows *rows, const uint8_t before[JC_SHA256_SIZE]) {
    uint8_t link[JC_SHA256_SIZE];
    struct jc_uuid id;
    memcpy(id.bytes, jc_rows_bytes(rows, 5).ptr, JC_UUID_SIZE);
    jc_link((const uint8_t *)jc_rows_bytes(rows, 16).ptr, id, (const uint8_t *)jc_rows_bytes(rows, 7).ptr,
            jc_rows_bytes(rows, 10), link);
    jc_buf_append(text, "jiancha-chain-2", 16);
    jc_buf_append(text, before, JC_SHA256_SIZE);
    jc_buf_append(text, link, sizeof link);
    put_int(text, 1, 8);
    for (int i = 0; i < 2; i++)
        put_int(text, jc_rows_int64(rows, i), 8);
    put_int(text, jc_rows_int64(rows, 15), 8);
    for (int i = 2; i < 5; i++)
        put_int(text, jc_rows_int64(rows, i), 8);
    jc_buf_add(text, jc_rows_bytes(rows, 6));
    for (int i = 8; i < 12; i++)
        if (i != 10)
            put_text(text, jc_rows_bytes(rows, i), 2);
}

static enum jc_code recompute(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_rows *rows = NULL;
    bool has_row = false;
    uint8_t before[JC_SHA256_SIZE] = {0}, hash[JC_SHA256_SIZE];
    enum jc_code code = jc_tx_query(tx, SELECT_ALL, JC_NO_VALUES, &rows, err);
    while (!code && !(code = jc_rows_next(rows, &has_row, err)) && has_row) {
        struct jc_buf text;
        jc_buf_init(&text, 1 << 20);
        (jc_rows_int64(rows, 14) == 2 ? put_chained : put_signed)(&text, rows, before);
        jc_sha256(jc_buf_str(&text), hash);
        jc_buf_free(&text);
        CHECK("chain_hash", memcmp(hash, jc_rows_bytes(rows, 12).ptr, sizeof hash) == 0);
        jc_sha256(jc_rows_bytes(rows, 13), before);
        CHECK("body_sha256", memcmp(before, jc_rows_bytes(rows, 7).ptr, sizeof before) == 0);
        memcpy(before, hash, sizeof before);
        ++*(int *)ctx;
    }
    jc_rows_close(rows);
    return code;
}

static void test_encoding(void **state) {
    (void)state;
    int rows = 0;
    jc_test_read(field.db, recompute, &rows);
    assert_int_equal(rows, ROWS);
}

/* --- verification ---------------------------------------------------------------------------------------------- */

struct verification {
    struct jc_chain_point points[2];
    size_t point_count;
    int64_t rows;
    char found[256]; /* "3A 4M" */
};

static void note(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    static const struct {
        enum jc_msg what;
        char letter;
    } LETTERS[] = {{JC_MSG_CHAIN_ALTERED, 'A'},         {JC_MSG_CHAIN_CONTENT, 'C'}, {JC_MSG_CHAIN_MISSING, 'M'},
                   {JC_MSG_CHAIN_CONTENT_MISSING, 'X'}, {JC_MSG_CHAIN_HEAD, 'H'},    {JC_MSG_CHAIN_POINT, 'P'},
                   {JC_MSG_CHAIN_CONTENT_KEPT, 'K'}};
    struct verification *v = ctx;
    char letter = '?';
    for (size_t i = 0; i < COUNT(LETTERS); i++)
        letter = LETTERS[i].what == fault->what ? LETTERS[i].letter : letter;
    assert_int_equal(fault->code, JC_DATA_LOSS);
    size_t used = strlen(v->found);
    snprintf(v->found + used, sizeof v->found - used, "%s%d%c", used ? " " : "", (int)operation_no, letter);
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct verification *v = ctx;
    v->found[0] = '\0';
    return jc_chain_verify(tx, 1, (struct jc_chain_points){v->points, v->point_count}, note, v, &v->rows, err);
}

static enum jc_code head_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_head head;
    struct jc_chain_point *point = ctx;
    enum jc_code code = jc_head_read(tx, 1, &head, err);
    if (!code) {
        point->row_no = head.operation_no;
        memcpy(point->chain_hash, head.chain_head, sizeof point->chain_hash);
    }
    return code;
}

/* An operation's number in SQL. */
#define NO "op_key % 1099511627776"
#define SWAP(a, b)                                                                \
    "UPDATE operation SET op_key = -1 WHERE " NO " = " #a ";"                     \
    "UPDATE operation SET op_key = 1099511627776 + " #a " WHERE " NO " = " #b ";" \
    "UPDATE operation SET op_key = 1099511627776 + " #b " WHERE op_key = -1;"

static const struct {
    const char *name, *sql, *found;
} TAMPERINGS[] = {
    {"nothing", "SELECT 1", ""},
    {"format", "UPDATE operation SET format = 3 - format WHERE " NO " = 3", "3A"},
    {"agency", "UPDATE operation SET agency_id = 2 WHERE " NO " = 3", "3M"},
    {"time", "UPDATE operation SET received_ms = received_ms + 1 WHERE " NO " = 3", "3A"},
    {"status", "UPDATE operation SET status = 1 WHERE " NO " = 1", "1A"},
    {"code", "UPDATE operation SET code = 0 WHERE " NO " = 2", "2A"},
    {"reason", "UPDATE operation SET reason = 0 WHERE " NO " = 2", "2A"},
    {"grounds", "UPDATE operation SET reason_args = '' WHERE " NO " = 5", "5A"},
    {"id", "UPDATE operation SET id = X'000102030405060708090a0b0c0d0e0f' WHERE " NO " = 4", "4A"},
    {"device", "UPDATE operation SET device_id = X'000102030405060708090a0b0c0d0e0f' WHERE " NO " = 4", "4A"},
    {"inspector", "UPDATE operation SET inspector_id = 'b2' WHERE " NO " = 4", "4A"},
    {"seal", "UPDATE operation SET seal = X'01' WHERE " NO " = 2", "2A"},
    {"a byte moved from one field to the next", "UPDATE operation SET seal = X'00', depends_on = X'' WHERE " NO " = 2",
     "2A"},
    {"dependencies", "UPDATE operation SET depends_on = X'' WHERE " NO " = 3", "3A"},
    {"body", "UPDATE operation SET body = X'00' WHERE " NO " = 3", "3C"},
    {"body and its hash",
     "UPDATE operation SET body = X'', body_sha256 ="
     " X'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' WHERE " NO " = 3",
     "3A"},
    {"hash of the wrong length", "UPDATE operation SET chain_hash = X'01' WHERE " NO " = 3", "3A 4A"},
    {"chain hash", "UPDATE operation SET chain_hash = zeroblob(32) WHERE " NO " = 3", "3A 4A"},
    {"body deleted with a reason", "UPDATE operation SET body = NULL, deleted_why = 'retention' WHERE " NO " = 3", ""},
    {"reason without a deletion", "UPDATE operation SET deleted_why = 'retention' WHERE " NO " = 3", "3K"},
    {"body deleted without a reason", "UPDATE operation SET body = NULL WHERE " NO " = 3", "3X"},
    {"row removed", "DELETE FROM operation WHERE " NO " = 3", "3M"},
    {"rows removed", "DELETE FROM operation WHERE " NO " IN (2, 3)", "2M"},
    {"first row removed", "DELETE FROM operation WHERE " NO " = 1", "1M"},
    {"last row cut off", "DELETE FROM operation WHERE " NO " = 5", "5M"},
    {"all rows cut off", "DELETE FROM operation", "1M"},
    {"two rows swapped", SWAP(2, 3), "2A 3A 4A"},
    {"row removed and the others moved up",
     "DELETE FROM operation WHERE " NO " = 4;"
     "UPDATE operation SET op_key = op_key - 1 WHERE " NO " = 5",
     "4A 5M"},
    {"cut off, and the head set back",
     "DELETE FROM operation WHERE " NO " = 5;"
     "UPDATE agency_head SET operation_no = 4, chain_head ="
     " (SELECT chain_hash FROM operation WHERE agency_id = 1 AND " NO " = 4) WHERE agency_id = 1",
     ""},
    {"head altered", "UPDATE agency_head SET chain_head = zeroblob(32) WHERE agency_id = 1", "5H"},
    {"head set back", "UPDATE agency_head SET operation_no = 3 WHERE agency_id = 1", "3H"},
};

static void tamper(const char *name, const char *sql, const char *found) {
    struct verification v = {0};
    teardown(NULL);
    setup(NULL);
    field_script(&field, sql);
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR(name, jc_str(v.found), found);
}

static void test_tampering(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(TAMPERINGS); i++)
        tamper(TAMPERINGS[i].name, TAMPERINGS[i].sql, TAMPERINGS[i].found);
    if (!chained)
        return;
    tamper("link before", "UPDATE operation SET previous = zeroblob(32) WHERE " NO " = 3", "3A");
    tamper("estimate", "UPDATE operation SET estimated_ms = estimated_ms + 1 WHERE " NO " = 3", "3A");
    tamper("no estimate", "UPDATE operation SET estimated_ms = NULL WHERE " NO " = 3", "3A");
    tamper("seal removed", "UPDATE operation SET seal = X'' WHERE " NO " = 5", "5A");
}

/* What consistency alone cannot see, a head that left the building shows. */
static void test_points(void **state) {
    (void)state;
    struct verification v = {.point_count = 1};
    jc_test_read(field.db, head_job, &v.points[0]);
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("the head of now", jc_str(v.found), "");
    CHECK_INT("rows", v.rows, ROWS);

    field_send(&field, FIELD_A1, field_return(&field, 6, 99, "later"));
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("an earlier head", jc_str(v.found), "");

    v.points[1] = v.points[0];
    v.points[1].chain_hash[0] ^= 1;
    v.point_count = 2;
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("another head", jc_str(v.found), "5P");

    v.point_count = 1;
    field_script(&field, "DELETE FROM review; DELETE FROM operation WHERE " NO " >= 4;"
                         "UPDATE agency_head SET operation_no = 3, chain_head ="
                         " (SELECT chain_hash FROM operation WHERE agency_id = 1 AND " NO " = 3)"
                         " WHERE agency_id = 1");
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("cut off before it", jc_str(v.found), "4M");
    field_send(&field, FIELD_A1, field_return(&field, 14, 99, "instead"));
    field_send(&field, FIELD_A1, field_return(&field, 15, 99, "instead"));
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("rewritten", jc_str(v.found), "5P");
}

static void test_empty(void **state) {
    (void)state;
    struct verification v = {0};
    teardown(NULL);
    field_open(&field);
    jc_test_read(field.db, verify_job, &v);
    CHECK_STR("empty", jc_str(v.found), "");
    CHECK_INT("rows", v.rows, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_encoding, setup_signed, teardown),
        cmocka_unit_test_setup_teardown(test_encoding, setup_chained, teardown),
        cmocka_unit_test_setup_teardown(test_tampering, setup_signed, teardown),
        cmocka_unit_test_setup_teardown(test_tampering, setup_chained, teardown),
        cmocka_unit_test_setup_teardown(test_points, setup_signed, teardown),
        cmocka_unit_test_setup_teardown(test_empty, setup_signed, teardown),
    };
    return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
