/* Rows drawn from operations (DESIGN section 6): whatever was altered, added or removed beside the chain in any
 * table of evidence is found and named, and nothing is accused that is in order. */
#include "jc_field_test.h"

#include "sync/derived.h"
#include "sync/review.h"

static struct field field;

#define CORRECTED JC__RECHECK_RESULT__RECHECK_RESULT_CORRECTED
#define PARTLY JC__RECHECK_RESULT__RECHECK_RESULT_PARTLY

static Jc__Photo *photo(struct field *f, int n) {
    uint8_t hash[JC_SHA256_SIZE] = {(uint8_t)n};
    Jc__Photo *message = FIELD_NEW(f, Jc__Photo, JC__PHOTO__INIT);
    message->sha256 = (ProtobufCBinaryData){sizeof hash, field_copy(f, hash, sizeof hash)};
    message->size_bytes = 1000 + n;
    message->media_type = (char *)"image/jpeg";
    return message;
}

/* Of two teams, with findings by deadline and one corrected on site, and three photos of two files. */
static Jc__Inspection *rich_inspection(struct field *f) {
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    Jc__TeamWorkdays *used[] = {field_workdays(f, "a", 200)[0], field_workdays(f, "b", 100)[0]};
    Jc__Photo *photos[] = {photo(f, 1), photo(f, 2), photo(f, 1)};
    field_add_findings(f, inspection, 1, 3, "2023-01-20");
    inspection->findings[2]->outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    inspection->findings[2]->deadline = (char *)"";
    inspection->workdays = field_copy(f, used, sizeof used);
    inspection->n_workdays = COUNT(used);
    inspection->photos = field_copy(f, photos, sizeof photos);
    inspection->n_photos = COUNT(photos);
    return inspection;
}

static ProtobufCBinaryData open_recheck(struct field *f) {
    struct jc_str hex = field_query(f, "SELECT hex(task_id) FROM task WHERE kind = 3 AND state = 1");
    uint8_t id[JC_UUID_SIZE];
    assert_true(jc_hex_parse(hex, id, sizeof id));
    return (ProtobufCBinaryData){JC_UUID_SIZE, field_copy(f, id, sizeof id)};
}

static void send(int device, Jc__Operation *operation, Jc__OperationStatus expected) {
    Jc__OperationResult *result = field_send(&field, device, operation);
    if (result->status != expected)
        print_error("%s\n", result->reason_en);
    assert_int_equal(result->status, expected);
}

struct decision {
    struct jc_review_act act;
    Jc__DecideReviewResponse *response;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decision *d = ctx;
    return jc_review_decide(tx, &d->act, field.arena, &d->response, err);
}

static void decide(int64_t review, Jc__ReviewDecisionKind kind, int link) {
    ProtobufCBinaryData linked = {0};
    if (link)
        linked = field_id(&field, FIELD_INSPECTION, link);
    struct decision d = {
        {1, review, kind, {(const char *)linked.data, linked.len}, JC_STR("ok"), JC_STR("planner"), field.now_ms},
        NULL};
    jc_test_write(field.db, decide_job, &d);
    assert_int_equal(d.response->review->state, JC__REVIEW_STATE__REVIEW_STATE_CLOSED);
}

/* Operations 1: record of T1 with all that can hang on one. 2: its order. 3: recheck, one item partly
 * corrected with a new deadline. 4: the next recheck, corrected. 5: ad hoc, later linked to the record. 6: a
 * second record of T1, kept beside it. 7: a number voided. 8: a record without a signature, accepted by 9.
 * 10: nonsense. 11: a task returned. 12 links 5. */
static int setup(void **state) {
    struct field *f = &field;
    (void)state;
    field_open(f);
    for (int device = FIELD_A1; device <= FIELD_B1; device++)
        field_lease(f, device);
    send(FIELD_A1, field_submit(f, 1, rich_inspection(f)), APPLIED);
    send(FIELD_A1, field_issue(f, 2, field_order(f, 1, 1, "u1", 1, 2, "2023-01-20", 1)), APPLIED);
    Jc__Recheck *recheck = field_recheck(f, 1, open_recheck(f), 1, 1, 2, CORRECTED, FIELD_NOW_MS + 8 * FIELD_DAY_MS, 1);
    recheck->items[1]->result = PARTLY;
    recheck->items[1]->deadline = (char *)"2023-02-10";
    f->now_ms += 8 * FIELD_DAY_MS;
    send(FIELD_A1, field_submit_recheck(f, 3, recheck), APPLIED);
    f->now_ms += 8 * FIELD_DAY_MS;
    send(FIELD_A1, field_submit_recheck(f, 4, field_recheck(f, 2, open_recheck(f), 1, 2, 1, CORRECTED, f->now_ms, 2)),
         APPLIED);
    send(FIELD_A1, field_ad_hoc(f, 5, field_inspection(f, 2, 0, "u1", 2)), APPLIED);
    send(FIELD_A2, field_submit(f, 6, field_inspection(f, 3, FIELD_T1, "u1", 51)), KEPT);
    Jc__VoidDocumentNumber spoiled = JC__VOID_DOCUMENT_NUMBER__INIT;
    spoiled.document_number = field_number(f, JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD, 3);
    spoiled.reason = (char *)"纸张损坏";
    send(FIELD_A1, field_command(f, 7, JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, &spoiled), APPLIED);
    Jc__Inspection *bare = field_inspection(f, 4, FIELD_T2, "u2", 4);
    bare->signature = NULL;
    send(FIELD_A1, field_submit(f, 8, bare), KEPT);
    decide(8, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT, 0);
    send(FIELD_A1, field_operation(f, 10, JC_STR("\x0a\x05rubbish")), REJECTED);
    send(FIELD_B1, field_return(f, 11, FIELD_T3, "停产"), APPLIED);
    decide(5, JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_LINK, 1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* "1 inspection.unit_id; 2 rectification_order -": missing; "+": no operation says it; ">": leads nowhere. */
static void note(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct jc_str *found = ctx;
    const char *sign = fault->what == JC_MSG_DERIVED_ALTERED                                               ? "."
                       : fault->what == JC_MSG_DERIVED_MISSING                                             ? " -"
                       : fault->what == JC_MSG_DERIVED_EXCESS || fault->what == JC_MSG_DERIVED_EXCESS_NONE ? " +"
                                                                                                           : " >";
    assert_int_equal(fault->code, JC_DATA_LOSS);
    *found = jc_arena_printf(field.arena, "%.*s%s%d %.*s%s%.*s", JC_FMT(*found), found->len ? "; " : "",
                             (int)operation_no, JC_FMT(fault->arg[0]), sign, JC_FMT(fault->arg[3]));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_str *found = ctx;
    *found = JC_STR("");
    return jc_derived_verify(tx, 1, note, found, err);
}

#define KEY(n) "1099511627776 + " #n

static const struct {
    const char *name, *sql, *found;
} TAMPERINGS[] = {
    {"nothing", "SELECT 1", ""},
    {"unit of a record", "UPDATE inspection SET unit_id = 'u2' WHERE op_key = " KEY(1), "1 inspection.unit_id"},
    {"unit that is not there", "UPDATE inspection SET unit_id = 'x' WHERE op_key = " KEY(1),
     "1 inspection.unit_id; 1 inspection.unit_id >"},
    {"start", "UPDATE inspection SET started_ms = started_ms - 1 WHERE op_key = " KEY(1), "1 inspection.started_ms"},
    {"end", "UPDATE inspection SET ended_ms = ended_ms + 1 WHERE op_key = " KEY(5), "5 inspection.ended_ms"},
    {"people", "UPDATE inspection SET inspector_ids = 'a1' WHERE op_key = " KEY(1), "1 inspection.inspector_ids"},
    {"outcome", "UPDATE inspection SET outcome = 2 WHERE op_key = " KEY(1), "1 inspection.outcome"},
    {"mode", "UPDATE inspection SET mode = 2 WHERE op_key = " KEY(1), "1 inspection.mode"},
    {"workdays", "UPDATE inspection SET workdays_centi = 1 WHERE op_key = " KEY(1), "1 inspection.workdays_centi"},
    {"workdays of the lead", "UPDATE inspection SET lead_centi = 1 WHERE op_key = " KEY(1), "1 inspection.lead_centi"},
    {"document number", "UPDATE inspection SET document_no = 9 WHERE op_key = " KEY(1), "1 inspection.document_no"},
    {"task", "UPDATE inspection SET task_id = NULL WHERE op_key = " KEY(6), "6 inspection.task_id"},
    {"counted twice", "UPDATE inspection SET is_record = 1 WHERE op_key = " KEY(5), "5 inspection.is_record"},
    {"not counted", "UPDATE inspection SET is_record = 0 WHERE op_key = " KEY(1),
     "1 inspection.is_record; 0 task.state >"},
    {"late", "UPDATE inspection SET late = 1 WHERE op_key = " KEY(1), "1 inspection.late"},
    {"linked by nobody",
     "UPDATE inspection SET linked_to = (SELECT inspection_id FROM inspection WHERE op_key = " KEY(
         5) ")"
            " WHERE op_key = " KEY(8),
     "8 inspection.linked_to"},
    {"photos that are missing", "UPDATE inspection SET blobs_missing = 0 WHERE op_key = " KEY(1),
     "1 inspection.blobs_missing"},
    {"operation of a record", "UPDATE inspection SET op_key = " KEY(7) " WHERE op_key = " KEY(5),
     "5 inspection.op_key"},
    {"record removed", "DELETE FROM inspection WHERE op_key = " KEY(8), "8 inspection -; 0 task.state >"},
    {"record added",
     "INSERT INTO inspection SELECT agency_id, zeroblob(16), op_key, NULL, 1, 0, unit_id, team_id, started_ms, ended_ms,"
     " inspector_ids, mode, outcome, workdays_centi, lead_centi, 77, 2023, 0, NULL"
     " FROM inspection WHERE op_key = " KEY(1),
     "1 inspection +"},
    {"record of no operation",
     "INSERT INTO inspection SELECT agency_id, zeroblob(16), " KEY(
         99) ", NULL, 1, 0,"
             " unit_id, team_id, started_ms, ended_ms, inspector_ids, mode, outcome, workdays_centi, lead_centi, 77, 2023, 0, NULL"
             " FROM inspection WHERE op_key = " KEY(1),
     "99 inspection +"},
    {"workdays of another team", "UPDATE inspection_workdays SET workdays_centi = 1",
     "1 inspection_workdays.workdays_centi"},
    {"workdays removed", "DELETE FROM inspection_workdays", "1 inspection_workdays -"},
    {"workdays added",
     "INSERT INTO inspection_workdays SELECT 1, inspection_id, 'b', 50 FROM inspection WHERE op_key = " KEY(5),
     "5 inspection_workdays +"},
    {"finding's outcome", "UPDATE finding SET outcome = 4 WHERE finding_key % 1024 = 0", "1 finding.outcome"},
    {"finding corrected", "UPDATE finding SET corrected_on = NULL WHERE finding_key % 1024 = 1",
     "2 finding.corrected_on"},
    {"corrected earlier", "UPDATE finding SET corrected_on = '2023-01-19' WHERE finding_key % 1024 = 1",
     "2 finding.corrected_on"},
    {"corrected on another day", "UPDATE finding SET corrected_on = '2023-01-11' WHERE finding_key % 1024 = 2",
     "1 finding.corrected_on"},
    {"deadline", "UPDATE finding SET deadline_on = '2023-03-01' WHERE finding_key % 1024 = 1", "2 finding.deadline_on"},
    {"hazard", "UPDATE finding SET major_hazard = 1 WHERE finding_key % 1024 = 0", "1 finding.major_hazard"},
    {"finding's order", "UPDATE finding SET order_id = zeroblob(16) WHERE finding_key % 1024 = 0",
     "2 finding.order_id; 1 finding.order_id >"},
    {"finding removed", "DELETE FROM finding WHERE finding_key % 1024 = 2", "1 finding -"},
    {"finding added",
     "INSERT INTO finding SELECT finding_key + 5, 1, zeroblob(16), 2, 0, NULL, NULL, NULL FROM finding"
     " WHERE finding_key % 1024 = 2",
     "1 finding +"},
    {"photo's size", "UPDATE record_blob SET size_bytes = 1 WHERE size_bytes = 1002", "1 record_blob.size_bytes"},
    {"photo's kind", "UPDATE record_blob SET kind = 4 WHERE size_bytes = 1002", "1 record_blob.kind"},
    {"photo that is not there",
     "UPDATE record_blob SET received_ms = 5 WHERE size_bytes = 1002;"
     "UPDATE inspection SET blobs_missing = 1 WHERE op_key = " KEY(1),
     "1 record_blob.received_ms"},
    {"photo removed", "DELETE FROM record_blob WHERE size_bytes = 1002", "1 inspection.blobs_missing; 1 record_blob -"},
    {"photo added", "INSERT INTO record_blob SELECT 1, zeroblob(16), sha256, 1, 5, '', 5 FROM record_blob LIMIT 1",
     "0 record_blob +"},
    {"order's deadline", "UPDATE rectification_order SET deadline_on = '2023-05-01'",
     "2 rectification_order.deadline_on"},
    {"order's words", "UPDATE rectification_order SET body = X''", "2 rectification_order.body"},
    {"order's number", "UPDATE rectification_order SET document_no = 5", "2 rectification_order.document_no"},
    {"order removed", "DELETE FROM rectification_order",
     "2 rectification_order -; 1 finding.order_id >; 1 finding.order_id >; 3 recheck.order_id >; 4 recheck.order_id >"},
    {"recheck's day", "UPDATE recheck SET done_on = '2023-01-17' WHERE op_key = " KEY(3),
     "2 finding.corrected_on; 3 recheck.done_on"},
    {"recheck passed", "UPDATE recheck SET passed = 1 WHERE op_key = " KEY(3), "3 recheck.passed"},
    {"recheck beside", "UPDATE recheck SET is_record = 0 WHERE op_key = " KEY(4),
     "2 finding.corrected_on; 4 recheck.is_record; 0 task.state >"},
    {"recheck's workdays",
     "UPDATE recheck_workdays SET workdays_centi = 3 WHERE recheck_id ="
     " (SELECT recheck_id FROM recheck WHERE op_key = " KEY(4) ")",
     "4 recheck_workdays.workdays_centi"},
    {"recheck's workdays removed",
     "DELETE FROM recheck_workdays WHERE recheck_id ="
     " (SELECT recheck_id FROM recheck WHERE op_key = " KEY(4) ")",
     "4 recheck_workdays -"},
    {"used number void", "UPDATE number_block SET used = 'v' WHERE kind = 2 AND used = '1'", "2 number_block.used"},
    {"void number used", "UPDATE number_block SET used = replace(used, 'v', '1')", "7 number_block.used"},
    {"number removed", "UPDATE number_block SET used = replace(used, 'v', '0')", "7 number_block -"},
    {"block removed", "DELETE FROM number_block WHERE kind = 2", "2 number_block -"},
    {"number of two operations",
     "INSERT INTO operation SELECT op_key + 100, agency_id, zeroblob(16), format, device_id, inspector_id, received_ms,"
     " estimated_ms, body, body_sha256, previous, seal, depends_on, status, code, reason, reason_args, chain_hash,"
     " deleted_why FROM operation WHERE op_key = " KEY(7),
     "107 number_block.used"},
    {"number added", "UPDATE number_block SET used = used || '0001' WHERE kind = 2 AND used = '1'", "0 number_block +"},
    {"number added, content deleted",
     "UPDATE number_block SET used = used || '0001' WHERE kind = 2 AND used = '1';"
     "UPDATE operation SET body = NULL, deleted_why = 'x' WHERE op_key = " KEY(1),
     "0 number_block +"},
    {"review removed", "DELETE FROM review WHERE review_id = 6", "6 review -"},
    {"grounds of a review", "UPDATE review SET reason_args = '' WHERE review_id = 6", "6 review.reason_args"},
    {"review closed by nobody", "UPDATE review SET state = 2, decision = 2, decision_no = 3 WHERE review_id = 6",
     "6 review.decision"},
    {"decision", "UPDATE review SET decision = 2 WHERE review_id = 8", "8 inspection.is_record; 9 review.decision"},
    {"who decided", "UPDATE review SET decided_by = 'x' WHERE review_id = 8", "9 review.decided_by"},
    {"note", "UPDATE review SET note = 'x' WHERE review_id = 5", "12 review.note"},
    {"when it was decided", "UPDATE review SET decided_ms = decided_ms + 1 WHERE review_id = 8", "9 review.decided_ms"},
    {"when an open one was decided", "UPDATE review SET decided_ms = 5 WHERE review_id = 6", "6 review.decided_ms"},
    {"who decided an open one", "UPDATE review SET decided_by = 'x' WHERE review_id = 6", "6 review.decided_by"},
    {"note of an open one", "UPDATE review SET note = 'x' WHERE review_id = 6", "6 review.note"},
    {"link of an open one", "UPDATE review SET linked_to = zeroblob(16) WHERE review_id = 6", "6 review.linked_to"},
    {"command", "UPDATE review SET command = 'return_task' WHERE review_id = 6", "6 review.command"},
    {"no command", "UPDATE review SET command = '' WHERE review_id = 6", "6 review.command"},
    {"command of nonsense", "UPDATE review SET command = 'return_task' WHERE review_id = 10", "10 review.command"},
    {"unit of a review", "UPDATE review SET unit_id = 'u2' WHERE review_id = 5", "5 review.unit_id"},
    {"no unit", "UPDATE review SET unit_id = '' WHERE review_id = 5", "5 review.unit_id"},
    {"no unit of what was kept", "UPDATE review SET unit_id = '' WHERE review_id = 6", "6 review.unit_id"},
    {"unit that only the task says", "UPDATE review SET unit_id = 'u1' WHERE review_id = 11", "11 review.unit_id"},
    {"task of a review", "UPDATE review SET task_id = zeroblob(16) WHERE review_id = 11", "11 review.task_id"},
    {"task of an ad hoc record", "UPDATE review SET task_id = zeroblob(16) WHERE review_id = 5", "5 review.task_id"},
    {"team of a review", "UPDATE review SET team_id = 'b' WHERE review_id = 6", "6 review.team_id >"},
    {"team that the inspector may have been of",
     "UPDATE review SET team_id = 'b' WHERE review_id = 6; UPDATE device SET scope_version = 2", ""},
    {"team that is not there",
     "UPDATE review SET team_id = 'x' WHERE review_id = 6; UPDATE device SET scope_version = 2", "6 review.team_id >"},
    {"review added",
     "INSERT INTO review SELECT 1, 3, 1, '', 1, '', device_id, team_id, '', X'', 0, NULL, '', '', NULL, NULL"
     " FROM review LIMIT 1",
     "3 review +"},
    {"task open again", "UPDATE task SET state = 1 WHERE unit_id = 'u2'", "8 inspection.task.state"},
    {"task done by nobody", "UPDATE task SET state = 2 WHERE unit_id = 'u3'", "0 task.state >; 0 visit.status >"},
    {"open task removed", "DELETE FROM task WHERE unit_id = 'u3'", "11 review.unit_id; 0 visit.status >"},
    {"open task as if recalled", "UPDATE task SET state = 4 WHERE unit_id = 'u3'", "0 visit.status >"},
    {"device removed",
     "PRAGMA defer_foreign_keys = 1; DELETE FROM device WHERE device_id IN (SELECT device_id FROM operation WHERE op_key = " KEY(
         6) ")",
     "6 operation.device_id >"},
    {"content deleted under retention", "UPDATE operation SET body = NULL, deleted_why = 'x' WHERE op_key = " KEY(1),
     ""},
};

static void test_tampering(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(TAMPERINGS); i++) {
        struct jc_str found;
        setup(NULL);
        field_script(&field, TAMPERINGS[i].sql);
        jc_test_read(field.db, verify_job, &found);
        CHECK_STR(TAMPERINGS[i].name, found, TAMPERINGS[i].found);
        teardown(NULL);
    }
}

struct naming {
    int64_t operation_no;
    struct jc_str name, device;
};

static enum jc_code name_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct naming *naming = ctx;
    enum jc_code code = jc_derived_name(tx, 1, naming->operation_no, field.arena, &naming->name, err);
    return code ? code : jc_derived_device(tx, 1, naming->operation_no, field.arena, &naming->device, err);
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t operation_no;
        const char *sql, *expected, *device;
    } CASES[] = {
        {"record", 1, "SELECT 1", "1-2023-1 u1 2023-01-10", "PAD-7"},
        {"order", 2, "SELECT 1", "2-2023-1 u1 2023-01-10", "PAD-7"},
        {"recheck", 3, "SELECT 1", "3-2023-1 2023-01-18", "PAD-7"},
        {"voided number", 7, "SELECT 1", "1-2023-3 2023-01-10", "PAD-7"},
        {"decision", 9, "SELECT 1", "", ""},
        {"content gone", 1, "UPDATE operation SET body = NULL WHERE op_key = " KEY(1), "1-2023-1 u1 2023-01-10",
         "PAD-7"},
        {"operation gone", 2, "DELETE FROM operation WHERE op_key = " KEY(2), "2-2023-1 u1 2023-01-10", ""},
        {"never there", 99, "SELECT 1", "", ""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct naming naming = {.operation_no = CASES[i].operation_no};
        setup(NULL);
        field_script(&field, "UPDATE device SET name = 'PAD-7'");
        field_script(&field, CASES[i].sql);
        jc_test_read(field.db, name_job, &naming);
        CHECK_STR(CASES[i].name, naming.name, CASES[i].expected);
        CHECK_STR(CASES[i].name, naming.device, CASES[i].device);
        teardown(NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tampering), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests_name("derived", tests, NULL, NULL);
}
