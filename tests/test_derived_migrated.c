/* Rows drawn from operations in a database that began as version 1 (sync/derived.h): nothing is accused that the
 * programs of then left, and what is altered afterwards is found.
 *
 * What terminals send is stored by the program of today, told again in the tables of version 1, and migrated. */
#include "jc_field_test.h"

#include "base/file.h"
#include "base/message.h"
#include "store/review.h"
#include "store/row.h"
#include "sync/derived.h"
#include "sync/vouched.h"

static struct field field;

/* --- what version 1 had to keep ------------------------------------------------------------------------------ */

/* 1: record with findings and a photo. 2: its order. 3: a recheck. 4: a number voided. 5: kept for review. 6: ad hoc,
 * its review closed by a planner of then, whose decisions were no rows of the chain. */
static void work(void) {
    struct field *f = &field;
    field_lease(f, FIELD_A1);
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 2, "2023-01-20");
    Jc__TeamWorkdays *used[] = {field_workdays(f, "a", 200)[0], field_workdays(f, "b", 100)[0]};
    inspection->workdays = field_copy(f, used, sizeof used);
    inspection->n_workdays = COUNT(used);
    uint8_t hash[JC_SHA256_SIZE] = {7};
    Jc__Photo *photo = FIELD_NEW(f, Jc__Photo, JC__PHOTO__INIT);
    photo->sha256 = (ProtobufCBinaryData){sizeof hash, field_copy(f, hash, sizeof hash)};
    photo->size_bytes = 1000;
    photo->media_type = (char *)"image/jpeg";
    photo->kind = JC__BLOB_KIND__BLOB_KIND_PHOTO;
    inspection->photos = field_copy(f, &photo, sizeof photo);
    inspection->n_photos = 1;
    field_send(f, FIELD_A1, field_submit(f, 1, inspection));
    field_send(f, FIELD_A1, field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1)));
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3");
    uint8_t task[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, task, sizeof task));
    Jc__Recheck *recheck =
        field_recheck(f, 1, (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, task, sizeof task)}, 1, 1, 2,
                      JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED, FIELD_NOW_MS + FIELD_DAY_MS, 1);
    f->now_ms += 2 * (int64_t)FIELD_DAY_MS;
    field_send(f, FIELD_A1, field_submit_recheck(f, 3, recheck));
    Jc__VoidDocumentNumber spoiled = JC__VOID_DOCUMENT_NUMBER__INIT;
    spoiled.document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 3);
    spoiled.reason = (char *)"纸张损坏";
    field_send(f, FIELD_A1, field_command(f, 4, JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, &spoiled));
    field_send(f, FIELD_A1, field_submit(f, 5, field_inspection(f, 2, 99, "u2", 4)));
    field_send(f, FIELD_A1, field_ad_hoc(f, 6, field_inspection(f, 3, 0, "u1", 2)));
    CHECK_STR("stored", field_query(f, "SELECT status FROM operation ORDER BY op_key"), "1,1,1,1,3,1");
    CHECK_STR("flagged", field_query(f, "SELECT review_id FROM review ORDER BY review_id"), "5,6");
}

/* --- told again ------------------------------------------------------------------------------------------------ */

/* Columns of version 1 that are others now; the rest is told as it stands. */
static const struct {
    const char *table, *column, *now;
} OTHERS[] = {
    {"operation", "operation_no", "op_key % 1099511627776"},
    {"operation", "signature", "seal"},
    {"inspection", "operation_no", "op_key % 1099511627776"},
    {"inspection", "body", "x''"},
    {"finding", "inspection_id", "(SELECT i.inspection_id FROM inspection AS i WHERE i.op_key = finding_key / 1024)"},
    {"finding", "position", "finding_key % 1024"},
    {"rectification_order", "operation_no", "op_key % 1099511627776"},
    {"recheck", "operation_no", "op_key % 1099511627776"},
    {"review", "decided_by", "CASE review_id WHEN 6 THEN 'planner' END"},
    {"review", "decision", "CASE review_id WHEN 6 THEN '同一次检查' END"},
    {"review", "decided_ms", "CASE review_id WHEN 6 THEN 1675000000000 END"},
    {"review", "state", "CASE review_id WHEN 6 THEN 2 ELSE 1 END"},
};

/* Parents first. `from`: the table of today. */
static const struct {
    const char *table, *from;
} TABLES[] = {
    {"team", "team"},
    {"inspector", "inspector"},
    {"unit", "unit"},
    {"task", "task"},
    {"device", "device"},
    {"operation", "operation"},
    {"inspection", "inspection"},
    {"inspection_workdays", "inspection_workdays"},
    {"finding", "finding"},
    {"photo", "record_blob"},
    {"rectification_order", "rectification_order"},
    {"recheck", "recheck"},
    {"recheck_workdays", "recheck_workdays"},
    {"review", "review"},
    {"number_block", "number_block"},
    {"agency_head", "agency_head"},
};

/* Things that a row was told of beside its table: the lead's workdays, and numbers, a row each. */
static const char LEAD_WORKDAYS[] =
    "SELECT 'INSERT INTO inspection_workdays VALUES (1,' || quote(inspection_id) || ',' || quote(team_id) || ',' ||"
    " lead_centi || ')' FROM inspection";
static const char NUMBERS[] =
    "WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i WHERE n < 49)\n"
    "SELECT 'INSERT INTO document_number VALUES (1,' || kind || ',' || year || ',' || (first_number + n) || ',1,' ||"
    " CASE substr(used, n + 1, 1) WHEN 'v' THEN '''void''' ELSE 'NULL' END || ')'\n"
    "FROM number_block JOIN i WHERE substr(used, n + 1, 1) IN ('1', 'v')";

struct question {
    const char *sql;
    struct jc_str *rows;
    size_t count;
};

static enum jc_code ask_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct question *q = ctx;
    return jc_row_first_column(tx, q->sql, JC_NO_VALUES, field.arena, &q->rows, &q->count, err);
}

static struct question ask(struct jc_db *db, const char *sql) {
    struct question q = {.sql = sql};
    jc_test_read(db, ask_job, &q);
    return q;
}

static const char *now_of(const char *table, struct jc_str column) {
    for (size_t i = 0; i < COUNT(OTHERS); i++) {
        if (strcmp(OTHERS[i].table, table) == 0 && jc_str_eq(jc_str(OTHERS[i].column), column))
            return OTHERS[i].now;
    }
    return column.ptr;
}

static void tell_all(struct jc_db *db, const char *sql) {
    struct question rows = ask(field.db, sql);
    for (size_t i = 0; i < rows.count; i++)
        jc_test_script(db, jc_arena_printf(field.arena, "%.*s", JC_FMT(rows.rows[i])).ptr);
}

static void tell_table(struct jc_db *db, const char *table, const char *from) {
    struct question columns =
        ask(db, jc_arena_printf(field.arena, "SELECT name FROM pragma_table_info('%s') ORDER BY cid", table).ptr);
    struct jc_buf sql;
    jc_buf_init(&sql, 1 << 16);
    jc_buf_printf(&sql, "SELECT 'INSERT INTO %s VALUES ('", table);
    for (size_t i = 0; i < columns.count; i++)
        jc_buf_printf(&sql, " || quote(%s) || '%s'", now_of(table, columns.rows[i]), i + 1 < columns.count ? "," : ")");
    jc_buf_printf(&sql, " FROM %s WHERE agency_id = 1", from);
    assert_true(columns.count > 1);
    tell_all(db, jc_arena_copy(field.arena, jc_buf_str(&sql)).ptr);
    jc_buf_free(&sql);
}

static struct jc_db *old_database(void) {
    struct jc_db_config config = {.path = ":memory:", .create = true};
    struct jc_db *db = NULL;
    struct jc_err err = {0};
    struct jc_str schema;
    CHECK_OK("schema", jc_file_read("tests/schema/version_1.sql", 1 << 20, field.arena, &schema, &err), &err);
    CHECK_OK("open", jc_db_open(&config, &db, &err), &err);
    jc_test_script(db, schema.ptr);
    jc_test_script(db, "INSERT INTO meta (only_row, schema_version, incarnation, created_ms)\n"
                       "VALUES (1, 1, x'00112233445566778899aabbccddeeff', 1672531200000);\n"
                       "INSERT INTO agency (agency_id, code, name, level, year) VALUES (1, 'old', '旧局', '', 2023);");
    for (size_t i = 0; i < COUNT(TABLES); i++)
        tell_table(db, TABLES[i].table, TABLES[i].from);
    tell_all(db, LEAD_WORKDAYS);
    tell_all(db, NUMBERS);
    return db;
}

/* --- verified ---------------------------------------------------------------------------------------------------- */

static void note(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct jc_str *found = ctx;
    *found = jc_arena_printf(field.arena, "%.*s%s%d %.*s %.*s", JC_FMT(*found), found->len ? "; " : "",
                             (int)operation_no, JC_FMT(fault->arg[0]), JC_FMT(fault->arg[3]));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t rows = 0;
    enum jc_code code = jc_chain_verify(tx, 1, JC_NO_CHAIN_POINTS, note, ctx, &rows, err);
    if (!code)
        code = jc_vouched_verify(tx, 1, false, note, ctx, err);
    return code ? code : jc_derived_verify(tx, 1, note, ctx, err);
}

static struct jc_str verify(struct jc_db *db) {
    struct jc_str found = JC_STR("");
    jc_test_read(db, verify_job, &found);
    return found;
}

/* What was decided then can be told now. */
static enum jc_code outcome_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    Jc__ReviewOutcome *outcome = NULL;
    (void)ctx;
    enum jc_code code =
        jc_review_outcome(tx, 1, jc_view(field_id(&field, FIELD_OPERATION, 6)), field.arena, &outcome, err);
    if (!code)
        CHECK_STR("words of then", jc_str(outcome->note), "同一次检查");
    return code;
}

static void test_migrated(void **state) {
    static const struct {
        const char *name, *sql, *found;
    } CASES[] = {
        {"a record", "UPDATE inspection SET unit_id = 'u2' WHERE op_key % 256 = 1", "1 inspection unit_id"},
        {"its lead's workdays", "UPDATE inspection SET lead_centi = lead_centi + 1 WHERE op_key % 256 = 1",
         "1 inspection lead_centi"},
        {"a finding", "UPDATE finding SET corrected_on = NULL WHERE finding_key % 1024 = 0 AND order_id IS NOT NULL",
         "2 finding corrected_on"},
        {"a number", "UPDATE number_block SET used = '00' WHERE kind = 2", "2 number_block "},
        {"a review closed without anybody", "UPDATE review SET state = 2 WHERE review_id = 5", "5 review state"},
    };
    struct jc_err err = {0};
    (void)state;
    field_open(&field);
    work();
    for (size_t i = 0; i <= COUNT(CASES); i++) {
        struct jc_db *db = old_database();
        CHECK_OK("migrated", jc_store_open(db, &err), &err);
        CHECK_STR("nothing to accuse", verify(db), "");
        jc_test_read(db, outcome_job, NULL);
        if (i < COUNT(CASES)) {
            jc_test_script(db, CASES[i].sql);
            CHECK_STR(CASES[i].name, verify(db), CASES[i].found);
        }
        jc_db_close(db);
    }
    field_close(&field);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_migrated)};
    return cmocka_run_group_tests_name("derived_migrated", tests, NULL, NULL);
}
