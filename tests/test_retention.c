/* What retention deletes (store/retention.h) and what it holds; that the chain verifies afterwards, and that files
 * follow their rows, also when the machine dies between the two (blob/collect.h). */
#include "jc_field_test.h"

#include "blob/collect.h"
#include "store/audit_log.h"
#include "store/blob.h"
#include "store/gone.h"
#include "store/operation.h"
#include "store/retention.h"
#include "sync/derived.h"

static struct field field;
static struct jc_blob_folder *folder;
static char root[JC_TEST_PATH], dir[JC_TEST_PATH + 16];

static int setup(void **state) {
    struct jc_err err = {0};
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1);
    jc_test_folder(root);
    snprintf(dir, sizeof dir, "%s/blobs", root);
    CHECK_OK("folder", jc_blob_folder_open(dir, &folder, &err), &err);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    jc_blob_folder_close(folder);
    jc_test_folder_remove(root);
    field_close(&field);
    return 0;
}

/* --- records with photos ------------------------------------------------------------------------------------ */

static struct jc_str bytes_of(int photo) {
    char number[JC_NUMBER_TEXT];
    struct jc_str text = jc_arena_copy(field.arena, jc_str_from_int64(photo, number));
    assert_non_null(text.ptr);
    return text;
}

static uint8_t *hash_of(int photo) {
    uint8_t *sha256 = jc_arena_alloc(field.arena, JC_SHA256_SIZE);
    assert_non_null(sha256);
    jc_sha256(bytes_of(photo), sha256);
    return sha256;
}

/* Record n of the unit at the field's moment, naming one photo. */
static Jc__Inspection *record_of(int n, int photo) {
    Jc__Inspection *inspection = field_inspection(&field, n, 0, "u1", 0);
    Jc__Photo *blob = FIELD_NEW(&field, Jc__Photo, JC__PHOTO__INIT);
    blob->sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, hash_of(photo)};
    blob->size_bytes = (int64_t)bytes_of(photo).len;
    blob->media_type = (char *)"image/jpeg";
    inspection->photos = field_copy(&field, &blob, sizeof blob);
    inspection->n_photos = 1;
    return inspection;
}

static void submit(int n, Jc__Inspection *inspection) {
    Jc__OperationResult *result = field_send(&field, FIELD_A1, field_ad_hoc(&field, n, inspection));
    assert_int_equal(result->status, APPLIED);
    field_script(&field, "UPDATE review SET state = 2"); /* visits that repeat are told to planners, who have looked */
}

static enum jc_code arrive_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const int *photo = ctx;
    struct jc_blob blob = {
        .size_bytes = (int64_t)bytes_of(*photo).len, .media_type = JC_STR("image/jpeg"), .stored_ms = field.now_ms};
    memcpy(blob.sha256, hash_of(*photo), JC_SHA256_SIZE);
    return jc_blob_store(tx, 1, &blob, err);
}

static void arrive(int photo) {
    struct jc_err err = {0};
    struct jc_upload_id id = jc_upload_id_new();
    CHECK_OK("create", jc_blob_incoming_create(folder, id, &err), &err);
    CHECK_OK("bytes", jc_blob_incoming_write(folder, id, 0, bytes_of(photo), &err), &err);
    CHECK_OK("publish", jc_blob_publish(folder, id, 1, hash_of(photo), &err), &err);
    jc_test_write(field.db, arrive_job, &photo);
}

static bool file_is_there(int photo) {
    struct jc_err err = {0};
    bool whole = false;
    CHECK_OK("look", jc_blob_is_whole(folder, 1, hash_of(photo), &whole, &err), &err);
    return whole;
}

/* --- deleting -------------------------------------------------------------------------------------------------- */

struct deletion {
    struct jc_retention retention;
    struct jc_retained done;
    bool dry;
};

static enum jc_code delete_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct deletion *deletion = ctx;
    return (deletion->dry ? jc_retention_find : jc_retention_delete)(tx, 1, &deletion->retention, field.arena,
                                                                     &deletion->done, err);
}

static struct jc_retained run(enum jc_retention_kind kind, int64_t before_ms, bool dry) {
    struct deletion deletion = {.retention = {.kind = kind,
                                              .before_ms = before_ms,
                                              .reason = JC_STR("保存期满"),
                                              .actor = JC_STR("cli:t"),
                                              .now_ms = field.now_ms},
                                .dry = dry};
    jc_test_write(field.db, delete_job, &deletion);
    return deletion.done;
}

static void no_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    (void)ctx;
    fail_msg("row %lld: message %d", (long long)operation_no, (int)fault->what);
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    int64_t rows = 0;
    (void)ctx;
    enum jc_code code = jc_chain_verify(tx, 1, JC_NO_CHAIN_POINTS, no_fault, NULL, &rows, err);
    return code ? code : jc_audit_log_verify(tx, 1, JC_NO_CHAIN_POINTS, no_fault, NULL, &rows, err);
}

static void chain_is_whole(void) {
    struct jc_err err = {0};
    CHECK_OK("chain", jc_db_read(field.db, verify_job, NULL, &err), &err);
}

static void count_fault(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    (void)operation_no;
    (void)fault;
    ++*(int *)ctx;
}

static enum jc_code derived_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_derived_verify(tx, 1, count_fault, ctx, err);
}

static int64_t bodies(void) {
    return jc_test_number(field.db, "SELECT COUNT(*) FROM operation AS o JOIN inspection AS i ON i.op_key = o.op_key"
                                    " WHERE o.body IS NOT NULL");
}

/* --- tests ------------------------------------------------------------------------------------------------------- */

enum { AFTER_MS = 1, MS_A_DAY = 24 * 3600 * 1000 };

/* 1: finished. 2: its finding is not corrected. 3: an open review. 4: younger. */
static void four_records(void) {
    submit(1, record_of(1, 1));
    Jc__Inspection *open = record_of(2, 2);
    field_add_findings(&field, open, 1, 1, "2023-02-15");
    submit(2, open);
    submit(3, record_of(3, 3));
    Jc__Inspection *young = record_of(4, 4);
    young->ended_at = field_time(&field, FIELD_NOW_MS + AFTER_MS);
    submit(4, young);
    field_script(&field, "UPDATE review SET state = 1"
                         " WHERE review_id = (SELECT op_key - 1099511627776 FROM inspection"
                         "                     WHERE hex(inspection_id) LIKE '%03')");
    for (int photo = 1; photo <= 4; photo++)
        arrive(photo);
}

static void test_bodies(void **state) {
    (void)state;
    four_records();
    assert_int_equal(jc_test_number(field.db, "SELECT COUNT(*) FROM review WHERE state = 1"), 1);
    struct jc_retained dry = run(JC_RETENTION_BODIES, FIELD_NOW_MS + AFTER_MS, true);
    CHECK_INT("nothing yet", bodies(), 4);
    struct jc_retained done = run(JC_RETENTION_BODIES, FIELD_NOW_MS + AFTER_MS, false);
    CHECK_INT("as foretold", done.count, dry.count);
    CHECK_INT("bytes as foretold", done.bytes, dry.bytes);
    CHECK_INT("held as foretold", done.held, dry.held);
    CHECK_INT("all old ones", done.count + done.held, 3);
    CHECK_INT("one goes", done.count, 1);
    CHECK_INT("three stay", bodies(), 3);
    CHECK_INT("with its reason",
              jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE deleted_why = '保存期满'"), 1);
    CHECK_INT("on record", jc_test_number(field.db, "SELECT COUNT(*) FROM audit_log WHERE act = 'retention.delete'"),
              1);
    chain_is_whole();
    CHECK_INT("once", run(JC_RETENTION_BODIES, FIELD_NOW_MS + AFTER_MS, false).count, 0);
    CHECK_INT("nothing is no act",
              jc_test_number(field.db, "SELECT COUNT(*) FROM audit_log WHERE act = 'retention.delete'"), 1);
}

static int faults_of_rows(void) {
    int count = 0;
    jc_test_read(field.db, derived_job, &count);
    return count;
}

/* Record 5 with a finding, its order, a recheck that found it not corrected and one that did, a day later each. */
static void record_with_order(int rechecks) {
    struct field *f = &field;
    Jc__Inspection *inspection = field_inspection(f, 5, FIELD_T1, "u1", 5);
    field_add_findings(f, inspection, 1, 1, "2023-01-20");
    CHECK_INT("record", field_send(f, FIELD_A1, field_submit(f, 5, inspection))->status, APPLIED);
    CHECK_INT("order",
              field_send(f, FIELD_A1, field_issue(f, 6, field_order(f, 1, 5, "u1", 1, 1, "2023-01-20", 1)))->status,
              APPLIED);
    for (int i = 0; i < rechecks; i++) {
        struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 AND state = 1");
        uint8_t id[JC_UUID_SIZE];
        assert_true(jc_hex_parse(hex, id, sizeof id));
        Jc__RecheckResult result =
            i == 1 ? JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED : JC__RECHECK_RESULT__RECHECK_RESULT_NOT_CORRECTED;
        Jc__Recheck *recheck =
            field_recheck(f, 1 + i, (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id, sizeof id)}, 1, 1, 1, result,
                          FIELD_NOW_MS + (int64_t)(1 + i) * MS_A_DAY, 1 + i);
        recheck->items[0]->note = (char *)"仍未设置";
        f->now_ms = FIELD_NOW_MS + (int64_t)(2 + i) * MS_A_DAY;
        CHECK_INT("recheck", field_send(f, FIELD_A1, field_submit_recheck(f, 7 + i, recheck))->status, APPLIED);
    }
}

/* "order recheck": how many operations of each kind still have words. */
static struct jc_str words_left(void) {
    return field_query(
        &field, "SELECT (SELECT COUNT(*) FROM rectification_order AS o JOIN operation AS p ON p.op_key = o.op_key"
                "         WHERE p.body IS NOT NULL AND LENGTH(o.body) > 100) || ' ' ||"
                "       (SELECT COUNT(*) FROM recheck AS r JOIN operation AS p ON p.op_key = r.op_key"
                "         WHERE p.body IS NOT NULL AND INSTR(r.body, CAST('仍未设置' AS BLOB)) > 0)");
}

/* The words of orders and rechecks go with their record, when the last of them is old enough; what is counted stays. */
static void test_documents(void **state) {
    (void)state;
    record_with_order(2);
    CHECK_STR("there", words_left(), "1 2");
    CHECK_INT("the record alone: its rechecks are younger",
              run(JC_RETENTION_BODIES, FIELD_NOW_MS + MS_A_DAY, false).count, 1);
    CHECK_STR("still there", words_left(), "1 2");
    struct jc_retained dry = run(JC_RETENTION_BODIES, FIELD_NOW_MS + 4 * (int64_t)MS_A_DAY, true);
    CHECK_INT("foretold", dry.count, 3);
    struct jc_retained done = run(JC_RETENTION_BODIES, FIELD_NOW_MS + 4 * (int64_t)MS_A_DAY, false);
    CHECK_INT("as foretold", done.count == dry.count && done.bytes == dry.bytes && done.held == dry.held, 1);
    CHECK_STR("gone", words_left(), "0 0");
    CHECK_STR("what is counted stays",
              field_query(&field, "SELECT document_no || ' ' || deadline_on FROM rectification_order"), "1 2023-01-20");
    CHECK_INT("with the reason",
              jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE deleted_why = '保存期满'"), 4);
    chain_is_whole();
    CHECK_INT("rows agree", faults_of_rows(), 0);
    CHECK_INT("once", run(JC_RETENTION_BODIES, FIELD_NOW_MS + 4 * (int64_t)MS_A_DAY, false).count, 0);
}

static enum jc_code gone_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_gone_verify(tx, 1, count_fault, ctx, err);
}

static int faults_of_gone(void) {
    int count = 0;
    jc_test_read(field.db, gone_job, &count);
    return count;
}

/* DESIGN section 6: contents go under retention alone. Whoever writes to the file can delete one and say why. */
static void test_gone(void **state) {
    (void)state;
    four_records();
    static const struct {
        const char *name, *script;
        int faults;
    } CASES[] = {
        {"a body, for no act's reason", "UPDATE operation SET body = NULL, deleted_why = 'x' WHERE op_key % 256 = 2",
         1},
        {"a body, for an act's reason", "UPDATE operation SET deleted_why = '保存期满' WHERE deleted_why = 'x'", 1},
        {"a blob, for the bodies' reason",
         "UPDATE blob SET deleted_ms = 1, deleted_why = '保存期满'"
         " WHERE sha256 = (SELECT MAX(sha256) FROM blob WHERE deleted_ms IS NULL)",
         2},
        {"without a reason", "UPDATE blob SET deleted_why = NULL WHERE deleted_ms = 1", 2},
        {"a reason for a blob that is there",
         "UPDATE blob SET deleted_why = 'x' WHERE sha256 = (SELECT MIN(sha256) FROM blob WHERE deleted_ms IS NULL)", 3},
    };
    CHECK_INT("one goes", run(JC_RETENTION_BODIES, FIELD_NOW_MS + AFTER_MS, false).count, 1);
    CHECK_INT("an act accounts for it", faults_of_gone(), 0);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        field_script(&field, CASES[i].script);
        CHECK_INT(CASES[i].name, faults_of_gone(), CASES[i].faults);
    }
    field_script(&field, "UPDATE blob SET deleted_ms = NULL, deleted_why = NULL");
    CHECK("blobs go", run(JC_RETENTION_BLOBS, FIELD_NOW_MS + AFTER_MS, false).count > 0);
    CHECK_INT("an act accounts for them", faults_of_gone(), 1);
}

/* A recheck is to be made: record and order are held. */
static void test_documents_held(void **state) {
    (void)state;
    record_with_order(1);
    struct jc_retained done = run(JC_RETENTION_BODIES, FIELD_NOW_MS + 9 * (int64_t)MS_A_DAY, false);
    CHECK_INT("nothing goes", done.count, 0);
    CHECK_INT("held", done.held, 2);
    CHECK_STR("there", words_left(), "1 1");
}

static void test_blobs(void **state) {
    (void)state;
    struct jc_err err = {0};
    bool removed = false;
    four_records();
    struct jc_retained done = run(JC_RETENTION_BLOBS, FIELD_NOW_MS + AFTER_MS, true);
    CHECK_INT("dry", done.count, 1);
    CHECK_INT("dry: rows", jc_test_number(field.db, "SELECT COUNT(*) FROM blob WHERE deleted_ms IS NOT NULL"), 0);
    done = run(JC_RETENTION_BLOBS, FIELD_NOW_MS + AFTER_MS, false);
    CHECK_INT("one goes", done.count, 1);
    CHECK_INT("two are held", done.held, 2);
    assert_memory_equal(done.blobs[0].sha256, hash_of(1), JC_SHA256_SIZE);
    CHECK("the file is there until it is removed", file_is_there(1));
    CHECK_OK("remove", jc_blob_collect_one(field.db, folder, 1, hash_of(1), field.now_ms, &removed, &err), &err);
    CHECK("removed", removed && !file_is_there(1));
    for (int photo = 2; photo <= 4; photo++) {
        CHECK_OK("others", jc_blob_collect_one(field.db, folder, 1, hash_of(photo), field.now_ms, &removed, &err),
                 &err);
        CHECK("others stay", !removed && file_is_there(photo));
    }
    CHECK_INT("nothing is missing", jc_test_number(field.db, "SELECT SUM(blobs_missing) FROM inspection"), 0);
    chain_is_whole();
}

/* A photo of an old record that a younger one names as well. */
static void test_shared(void **state) {
    (void)state;
    submit(1, record_of(1, 1));
    Jc__Inspection *young = record_of(4, 1);
    young->ended_at = field_time(&field, FIELD_NOW_MS + AFTER_MS);
    submit(4, young);
    arrive(1);
    CHECK_INT("kept for the younger", run(JC_RETENTION_BLOBS, FIELD_NOW_MS + AFTER_MS, false).count, 0);
    CHECK_INT("both are old", run(JC_RETENTION_BLOBS, FIELD_NOW_MS + 2 * AFTER_MS, false).count, 1);
}

/* Named by nothing: by the time it came. */
static void test_unnamed(void **state) {
    (void)state;
    arrive(9);
    CHECK_INT("young", run(JC_RETENTION_BLOBS, field.now_ms, false).count, 0);
    CHECK_INT("old", run(JC_RETENTION_BLOBS, field.now_ms + 1, false).count, 1);
}

/* The machine died between the commit and the removal: the collector finishes it. A record that came meanwhile and
 * misses the bytes gets them back instead. */
static void test_died_before_removal(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_blob_collected out;
    submit(1, record_of(1, 1));
    submit(2, record_of(2, 2));
    arrive(1);
    arrive(2);
    assert_int_equal(run(JC_RETENTION_BLOBS, FIELD_NOW_MS + AFTER_MS, false).count, 2);
    submit(5, record_of(5, 2));
    CHECK_INT("missed", jc_test_number(field.db, "SELECT SUM(blobs_missing) FROM inspection"), 1);
    CHECK_OK("collect", jc_blob_collect(field.db, folder, field.now_ms, &out, &err), &err);
    CHECK_INT("removed", out.removed, 1);
    CHECK_INT("adopted", out.adopted, 1);
    CHECK("gone", !file_is_there(1));
    CHECK("lives again", file_is_there(2));
    CHECK_INT("nothing is missed", jc_test_number(field.db, "SELECT SUM(blobs_missing) FROM inspection"), 0);
    CHECK_OK("again", jc_blob_collect(field.db, folder, field.now_ms, &out, &err), &err);
    CHECK_INT("nothing is left to do", out.removed + out.adopted + out.expired, 0);
}

#define IN_FIELD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest TESTS[] = {
        IN_FIELD(test_bodies), IN_FIELD(test_documents), IN_FIELD(test_documents_held),      IN_FIELD(test_blobs),
        IN_FIELD(test_shared), IN_FIELD(test_unnamed),   IN_FIELD(test_died_before_removal), IN_FIELD(test_gone),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
