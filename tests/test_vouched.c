/* Rows rewritten together with every hash behind them (DESIGN section 6): the chain agrees with itself, and what was
 * done is named all the same: by the terminals' seals (sync/vouched.h), and by a backup (sync/compared.h). */
#include "jc_field_test.h"

#include "base/evidence.h"
#include "base/message.h"
#include "sync/compared.h"
#include "sync/vouched.h"

static struct field field;
static char folder[JC_TEST_PATH], copy_path[2 * JC_TEST_PATH];
static uint8_t tail[JC_SHA256_SIZE]; /* link of the terminal's newest operation */

/* As a terminal chains it; sealed or not. */
static Jc__Operation *made(int n, bool sealed) {
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    start.inspection_id = field_id(&field, FIELD_INSPECTION, n);
    Jc__Operation *operation = field_command(&field, n, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    uint8_t body[JC_SHA256_SIZE], *seal = jc_arena_alloc(field.arena, JC_SIGNATURE_SIZE);
    struct jc_uuid id;
    memcpy(id.bytes, operation->id.data, JC_UUID_SIZE);
    operation->previous = (ProtobufCBinaryData){sizeof tail, field_copy(&field, tail, sizeof tail)};
    jc_sha256(jc_view(operation->body), body);
    jc_link(tail, id, body, JC_STR(""), tail);
    jc_seal_sign(tail, field.secret_key, seal);
    if (sealed)
        operation->seal = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, seal};
    return operation;
}

/* Rows 1 2 3 4 5 6; seals at 2, 3 and 6. Row 7 is another terminal's, that has no key. */
static int setup(void **state) {
    struct jc_err err = {0};
    (void)state;
    field_open(&field);
    memset(tail, 0, sizeof tail);
    Jc__Operation *operations[] = {made(1, false), made(2, true),  made(3, true),
                                   made(4, false), made(5, false), made(6, true)};
    field_sync(&field, FIELD_KEYED, operations, 2);
    field_sync(&field, FIELD_KEYED, operations + 2, 1);
    field_sync(&field, FIELD_KEYED, operations + 3, 3);
    field_send(&field, FIELD_A1, field_return(&field, 7, 99, "no such task"));
    CHECK_INT("applied", jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE status = 1"), 6);
    field_script(&field, "DELETE FROM review");
    jc_test_folder(folder);
    snprintf(copy_path, sizeof copy_path, "%s/copy.db", folder);
    CHECK_OK("copy", jc_db_copy_to(field.db, copy_path, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    jc_test_folder_remove(folder);
    return 0;
}

/* --- a forger who knows how hashes are made ------------------------------------------------------------------ */

struct rehashing {
    struct jc_tx *tx;
    struct jc_arena *arena;
    uint8_t hash[JC_SHA256_SIZE];
    int64_t rows;
    struct {
        int64_t no;
        uint8_t hash[JC_SHA256_SIZE], body_sha256[JC_SHA256_SIZE];
    } made[16];
};

static enum jc_code rehash_row(void *ctx, const struct jc_operation *row, struct jc_str review, struct jc_err *err) {
    struct rehashing *r = ctx;
    struct jc_operation forged = *row;
    (void)review;
    (void)err;
    jc_sha256(row->body, forged.body_sha256);
    jc_chain_hash(1, &forged, r->hash, r->hash);
    r->made[r->rows].no = row->operation_no;
    memcpy(r->made[r->rows].hash, r->hash, JC_SHA256_SIZE);
    memcpy(r->made[r->rows++].body_sha256, forged.body_sha256, JC_SHA256_SIZE);
    return JC_OK;
}

static enum jc_code rehash_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    static const char UPDATE[] = "UPDATE operation SET chain_hash = $1, body_sha256 = $2 WHERE op_key = $3";
    static const char HEAD[] = "UPDATE agency_head SET chain_head = $1, operation_no = $2 WHERE agency_id = 1";
    struct rehashing *r = ctx;
    enum jc_code code = jc_operation_each(tx, 1, rehash_row, r, err);
    for (int64_t i = 0; !code && i < r->rows; i++)
        code =
            jc_tx_exec(tx, UPDATE,
                       JC_VALUES(jc_bytes(r->made[i].hash, JC_SHA256_SIZE),
                                 jc_bytes(r->made[i].body_sha256, JC_SHA256_SIZE), jc_int(jc_op_key(1, r->made[i].no))),
                       err);
    return code ? code : jc_tx_exec(tx, HEAD, JC_VALUES(jc_bytes(r->hash, JC_SHA256_SIZE), jc_int(r->rows)), err);
}

/* --- what is told -------------------------------------------------------------------------------------------- */

struct told {
    struct jc_str words;
    bool gaps;
    struct jc_db *copy;
};

static void note(void *ctx, int64_t no, const struct jc_err *fault) {
    struct told *told = ctx;
    const char *what = fault->what == JC_MSG_CHAIN_UNVOUCHED    ? "seal"
                       : fault->what == JC_MSG_CHAIN_GAP        ? "gap"
                       : fault->what == JC_MSG_COMPARED_ALTERED ? "altered"
                       : fault->what == JC_MSG_COMPARED_REMOVED ? "removed"
                       : fault->what == JC_MSG_COMPARED_ADDED   ? "added"
                       : fault->what == JC_MSG_COMPARED_MOVED   ? "moved"
                                                                : "chain";
    told->words =
        jc_arena_printf(field.arena, "%.*s%s%s %d", JC_FMT(told->words), told->words.len ? ", " : "", what, (int)no);
}

static enum jc_code chain_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t rows = 0;
    return jc_chain_verify(tx, 1, JC_NO_CHAIN_POINTS, note, ctx, &rows, err);
}

static enum jc_code vouched_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_vouched_verify(tx, 1, ((struct told *)ctx)->gaps, note, ctx, err);
}

struct pair {
    struct jc_tx *tx;
    struct told *told;
};

static enum jc_code with_copy(struct jc_tx *copy, void *ctx, struct jc_err *err) {
    struct pair *pair = ctx;
    int64_t rows = 0;
    enum jc_code code = jc_compared_verify(pair->tx, copy, 1, note, pair->told, &rows, err);
    CHECK_INT("rows of the backup", rows, 7);
    return code;
}

static enum jc_code compared_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct pair pair = {tx, ctx};
    return jc_db_read(pair.told->copy, with_copy, &pair, err);
}

static const struct {
    const char *name, *forge, *seals, *with_gaps, *against;
} CASES[] = {
    {"nothing", "SELECT 1", "", "", ""},
    {"another body of a sealed row", "UPDATE operation SET body = CAST(body || x'0a' AS BLOB) WHERE op_key % 256 = 3",
     "seal 3", "seal 3, gap 4", "altered 3"},
    {"another body of a row that a later one seals",
     "UPDATE operation SET body = CAST(body || x'0a' AS BLOB) WHERE op_key % 256 = 4", "seal 4", "seal 4, gap 5",
     "altered 4"},
    {"a row removed, later ones moved up",
     "DELETE FROM operation WHERE op_key % 256 = 3; UPDATE operation SET op_key = op_key - 1 WHERE op_key % 256 = 4;"
     "UPDATE operation SET op_key = op_key - 1 WHERE op_key % 256 = 5;"
     "UPDATE operation SET op_key = op_key - 1 WHERE op_key % 256 = 6;"
     "UPDATE operation SET op_key = op_key - 1 WHERE op_key % 256 = 7",
     "", "gap 3", "removed 3"},
    {"the end cut off", "DELETE FROM operation WHERE op_key % 256 > 5", "seal 4, seal 5", "seal 4, seal 5",
     "removed 6, removed 7"},
    {"a row made up",
     "INSERT INTO operation SELECT op_key + 1, agency_id, x'77777777777777777777777777777777', format, (SELECT"
     " device_id FROM operation WHERE op_key % 256 = 1), inspector_id, received_ms, estimated_ms, body, body_sha256,"
     " previous, seal, depends_on, status, code, reason, reason_args, chain_hash, deleted_why FROM operation"
     " WHERE op_key % 256 = 7",
     "seal 8", "seal 8", ""},
    {"another moment of arrival", "UPDATE operation SET received_ms = received_ms - 1 WHERE op_key % 256 = 2", "", "",
     "altered 2"},
    {"two rows changed about",
     "UPDATE operation SET op_key = op_key + 100 WHERE op_key % 256 = 2;"
     "UPDATE operation SET op_key = op_key - 1 WHERE op_key % 256 = 3;"
     "UPDATE operation SET op_key = op_key - 99 WHERE op_key % 256 = 102",
     "", "", "moved 2"},
    {"a row put in between",
     "UPDATE operation SET op_key = op_key + 100 WHERE op_key % 256 = 7;"
     "INSERT INTO operation SELECT op_key - 100, agency_id, x'77777777777777777777777777777777', format, device_id,"
     " inspector_id, received_ms, estimated_ms, body, body_sha256, previous, seal, depends_on, status, code, reason,"
     " reason_args, chain_hash, deleted_why FROM operation WHERE op_key % 256 = 107;"
     "UPDATE operation SET op_key = op_key - 99 WHERE op_key % 256 = 107",
     "", "", "added 7"},
    {"as the work of another", "UPDATE operation SET inspector_id = 'b1' WHERE op_key % 256 = 7", "", "", "altered 7"},
};

static void test_forged(void **state) {
    struct jc_err err = {0};
    struct jc_db_config config = {.path = copy_path, .read_only = true, .readers = 1};
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct rehashing rehashing = {0};
        struct told told = {0};
        setup(state);
        field_script(&field, CASES[i].forge);
        jc_test_write(field.db, rehash_job, &rehashing);
        jc_test_read(field.db, chain_job, &told);
        CHECK_STR(CASES[i].name, told.words, "");
        jc_test_read(field.db, vouched_job, &told);
        CHECK_STR(CASES[i].name, told.words, CASES[i].seals);
        told = (struct told){.gaps = true};
        jc_test_read(field.db, vouched_job, &told);
        CHECK_STR(CASES[i].name, told.words, CASES[i].with_gaps);
        told = (struct told){0};
        CHECK_OK(CASES[i].name, jc_db_open(&config, &told.copy, &err), &err);
        jc_test_read(field.db, compared_job, &told);
        CHECK_STR(CASES[i].name, told.words, CASES[i].against);
        jc_db_close(told.copy);
        teardown(state);
    }
}

/* Rows that came in another order than they were made in, and what the server has flagged itself, accuse nobody. */
static void test_accuses_nobody(void **state) {
    struct told told = {.gaps = true};
    (void)state;
    field_open(&field);
    memset(tail, 0, sizeof tail);
    Jc__Operation *operations[] = {made(1, false), made(2, true), made(3, false), made(4, true)};
    Jc__Operation *late[] = {operations[0], operations[2], operations[3]};
    field_sync(&field, FIELD_KEYED, operations + 1, 1); /* carried by a colleague, say */
    field_sync(&field, FIELD_KEYED, late, COUNT(late));
    jc_test_read(field.db, vouched_job, &told);
    CHECK_STR("in another order", told.words, "");
    uint8_t fork[JC_SHA256_SIZE];
    memcpy(fork, tail, sizeof fork);
    Jc__Operation *before[] = {made(6, true), made(7, true)};
    memcpy(tail, fork, sizeof tail); /* the store as it was: a copy, or one put back */
    Jc__Operation *after[] = {made(8, true), made(9, true)};
    field_sync(&field, FIELD_KEYED, before, COUNT(before));
    field_sync(&field, FIELD_KEYED, after, COUNT(after));
    CHECK_INT("both ways taken", jc_test_number(field.db, "SELECT COUNT(*) FROM operation"), 8);
    jc_test_read(field.db, vouched_job, &told);
    CHECK_STR("a store put back", told.words, "");
    Jc__Operation *forged = made(5, true);
    forged->seal.data[3] ^= 1;
    CHECK_INT("a wrong seal", field_send(&field, FIELD_KEYED, forged)->status, KEPT);
    jc_test_read(field.db, vouched_job, &told);
    CHECK_STR("is known", told.words, "");
    field_close(&field);
}

/* Newest first, each a run of its own: what follows what is found whatever the order, and one that is gone is missed by
 * the one row that follows it. */
static void test_newest_first(void **state) {
    enum { N = 40 };
    Jc__Operation *operations[N];
    struct told told = {.gaps = true};
    (void)state;
    field_open(&field);
    memset(tail, 0, sizeof tail);
    for (int i = 0; i < N; i++)
        operations[i] = made(i + 1, true);
    for (int i = N; i > 0; i--)
        field_sync(&field, FIELD_KEYED, operations + i - 1, 1);
    CHECK_INT("all taken", jc_test_number(field.db, "SELECT COUNT(*) FROM operation"), N);
    jc_test_read(field.db, vouched_job, &told);
    CHECK_STR("all here", told.words, "");
    field_script(&field, "DELETE FROM operation WHERE op_key % 256 = 17");
    told = (struct told){.gaps = true};
    jc_test_read(field.db, vouched_job, &told);
    CHECK_STR("one gone", told.words, "gap 16");
    field_close(&field);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged),
        cmocka_unit_test(test_accuses_nobody),
        cmocka_unit_test(test_newest_first),
    };
    return cmocka_run_group_tests_name("vouched", tests, NULL, NULL);
}
