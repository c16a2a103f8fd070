/* Applying operations (DESIGN section 5, points 2 and 3): what each command does, what is refused or
 * kept and why, and that nothing is applied twice. */
#include "jc_field_test.h"

#include "store/review.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    field_lease(&field, FIELD_A1);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* --- one inspection ---------------------------------------------------------------------------------------- */

static Jc__Photo *photo(struct field *f, size_t hash_len, int finding) {
    static const uint8_t HASH[64] = {7};
    Jc__Photo *message = FIELD_NEW(f, Jc__Photo, JC__PHOTO__INIT);
    message->sha256 = (ProtobufCBinaryData){hash_len, (uint8_t *)HASH};
    message->size_bytes = 1000;
    message->media_type = (char *)"image/jpeg";
    if (finding)
        message->finding_id = field_id(f, FIELD_FINDING, finding);
    return message;
}

static void test_submit_writes_everything(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    field_add_findings(f, inspection, 1, 3, "2023-01-20");
    inspection->findings[1]->outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CORRECTED_ON_SITE;
    inspection->findings[2]->outcome = JC__FINDING_OUTCOME__FINDING_OUTCOME_CASE;
    Jc__Photo *photos[] = {photo(f, 32, 1), photo(f, 32, 0)};
    inspection->photos = photos;
    inspection->n_photos = 2;
    Jc__Operation *operation = field_submit(f, 1, inspection);
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, &operation, 1);
    CHECK_INT("status", response->results[0]->status, APPLIED);
    CHECK_STR("code", jc_str(response->results[0]->code), "");
    CHECK_STR("words", jc_str(response->results[0]->reason_zh), "");

    CHECK_INT("receipt", response->receipt->n_operation_ids, 1);
    CHECK_INT("chain length", response->receipt->chain_length, 1);
    CHECK_INT("record",
              jc_test_number(f->db, "SELECT COUNT(*) FROM inspection WHERE is_record = 1 AND late = 0"
                                    " AND unit_id = 'u1' AND team_id = 'a' AND workdays_centi = 200"
                                    " AND document_no = 1 AND document_year = 2023"
                                    " AND inspector_ids = 'a1;a2' AND ended_ms = 1673312400000"),
              1);
    CHECK_INT("workdays of the lead", jc_test_number(f->db, "SELECT lead_centi FROM inspection"), 200);
    CHECK_INT("and of nobody else", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection_workdays"), 0);
    CHECK_STR("findings",
              field_query(f, "SELECT outcome || COALESCE(deadline_on, '-') || COALESCE(corrected_on, '-')"
                             " FROM finding ORDER BY finding_key"),
              "22023-01-20-,1-2023-01-10,4--");
    CHECK_INT("the same photo twice is one", jc_test_number(f->db, "SELECT COUNT(*) FROM record_blob"), 1);
    CHECK_STR("tasks, the joint one with it", field_query(f, "SELECT state FROM task WHERE unit_id = 'u1'"), "2,2");
    CHECK_INT("done when it ended", jc_test_number(f->db, "SELECT MIN(done_ms) FROM task WHERE unit_id = 'u1'"),
              FIELD_NOW_MS);
    CHECK_INT("visit", jc_test_number(f->db, "SELECT status FROM visit WHERE visit_id = 'u1-01'"), 3);
    CHECK_INT("number",
              jc_test_number(f->db, "SELECT COUNT(*) FROM number_block WHERE kind = 1 AND first_number = 1"
                                    " AND used = '1'"),
              1);
    CHECK_INT("review", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 0);
    CHECK_INT("body", jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE body IS NOT NULL"), 1);
}

/* --- what an inspection must satisfy ------------------------------------------------------------------------- */

static void none(Jc__Inspection *i) {
    (void)i;
}
static void no_id(Jc__Inspection *i) {
    i->inspection_id.len = 0;
}
static void short_id(Jc__Inspection *i) {
    i->inspection_id.len = 15;
}
static void no_task(Jc__Inspection *i) {
    i->task_id.len = 0;
}
static void unknown_task(Jc__Inspection *i) {
    i->task_id.data[0] ^= 1;
}
static void foreign_task(Jc__Inspection *i) {
    i->task_id = field_id(&field, FIELD_TASK, FIELD_FOREIGN);
}
static void joint_task(Jc__Inspection *i) {
    i->task_id = field_id(&field, FIELD_TASK, FIELD_T1J);
}
static void other_unit(Jc__Inspection *i) {
    i->unit_id = (char *)"u2";
}
static void no_start(Jc__Inspection *i) {
    i->started_at = NULL;
}
static void no_end(Jc__Inspection *i) {
    i->ended_at = NULL;
}
static void end_first(Jc__Inspection *i) {
    i->ended_at = field_time(&field, FIELD_NOW_MS - 2 * FIELD_HOUR_MS);
}
static void far_future(Jc__Inspection *i) {
    i->ended_at->seconds = INT64_MAX;
}
static void next_day(Jc__Inspection *i) {
    i->ended_at = field_time(&field, FIELD_NOW_MS + 24 * FIELD_HOUR_MS);
}
static void after_next_day(Jc__Inspection *i) {
    i->ended_at = field_time(&field, FIELD_NOW_MS + 24 * FIELD_HOUR_MS + 1);
}
static void bad_nanos(Jc__Inspection *i) {
    i->started_at->nanos = -1;
}
static void one_person(Jc__Inspection *i) {
    i->n_inspector_ids = 1;
}
static void same_person(Jc__Inspection *i) {
    i->inspector_ids = field_people(&field, "a1", "a1");
}
static void stranger(Jc__Inspection *i) {
    i->inspector_ids = field_people(&field, "a1", "nobody");
}
static void no_outcome(Jc__Inspection *i) {
    i->outcome = 0;
}
static void odd_outcome(Jc__Inspection *i) {
    i->outcome = 9;
}
static void odd_mode(Jc__Inspection *i) {
    i->mode = 9;
}
static void unsigned_(Jc__Inspection *i) {
    i->signature = NULL;
}
static void empty_signature(Jc__Inspection *i) {
    i->signature->result_case = JC__UNIT_SIGNATURE__RESULT__NOT_SET;
}
static void nameless(Jc__Inspection *i) {
    i->signature->signed_->name = (char *)" ";
}
static void signature_hash(Jc__Inspection *i) {
    i->signature->signed_->image_sha256 = i->inspection_id;
}
static void odd_checklist(Jc__Inspection *i) {
    i->checklist_id = (char *)"other";
}
static void odd_item(Jc__Inspection *i) {
    i->checklist_results[0]->item_no = 4;
}
static void no_answer(Jc__Inspection *i) {
    i->checklist_results[0]->answer = 0;
}
static void negative_days(Jc__Inspection *i) {
    i->workdays[0]->workdays_centi = -1;
}
static void endless_days(Jc__Inspection *i) {
    i->workdays[0]->workdays_centi = INT64_MAX;
}
static void odd_team(Jc__Inspection *i) {
    i->workdays[0]->team_id = (char *)"z";
}
static void refused(Jc__Inspection *i) {
    i->outcome = JC__INSPECTION_OUTCOME__INSPECTION_OUTCOME_REFUSED;
    i->signature = NULL;
}
static void refusal_to_sign(Jc__Inspection *i) {
    Jc__Refused *refusal = FIELD_NEW(&field, Jc__Refused, JC__REFUSED__INIT);
    refusal->reason = (char *)"负责人不在场";
    i->signature->result_case = JC__UNIT_SIGNATURE__RESULT_REFUSED;
    i->signature->refused = refusal;
}
static void refusal_without_reason(Jc__Inspection *i) {
    refusal_to_sign(i);
    i->signature->refused->reason = (char *)"";
}
static void usual_mode(Jc__Inspection *i) {
    i->mode = 0;
}
static void no_number(Jc__Inspection *i) {
    i->document_number = NULL;
}
static void foreign_number(Jc__Inspection *i) {
    i->document_number->number = 51;
}
static void number_of_kind(Jc__Inspection *i) {
    i->document_number->kind = JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER;
}
static void number_of_year(Jc__Inspection *i) {
    i->document_number->year = 2022;
}
static void by_deadline(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 2, "2023-01-10");
}
static void no_deadline(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "");
}
static void early_deadline(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "2023-01-09");
}
static void late_deadline(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "9999-12-31");
}
static void odd_deadline(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "2023-02-29");
}
static void same_findings(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 2, "2023-01-20");
    i->findings[1]->finding_id = i->findings[0]->finding_id;
}
static void finding_without_outcome(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "2023-01-20");
    i->findings[0]->outcome = 0;
}
static void finding_without_words(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "2023-01-20");
    i->findings[0]->description = (char *)"";
}
static void finding_item(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 1, "2023-01-20");
    i->findings[0]->item_no = 9;
}
static void photo_hash(Jc__Inspection *i) {
    Jc__Photo *one = photo(&field, 31, 0);
    i->photos = field_copy(&field, &one, sizeof one);
    i->n_photos = 1;
}
static void photo_of_nothing(Jc__Inspection *i) {
    Jc__Photo *one = photo(&field, 32, 77);
    i->photos = field_copy(&field, &one, sizeof one);
    i->n_photos = 1;
}
static void many_findings(Jc__Inspection *i) {
    field_add_findings(&field, i, 1, 501, "2023-01-20");
}
static void bad_text(Jc__Inspection *i) {
    i->notes = (char *)"\xff\xfe";
}
static void everything(Jc__Inspection *i) {
    no_id(i);
    end_first(i);
    unsigned_(i);
    one_person(i);
}

#define INVALID JC__REVIEW_REASON__REVIEW_REASON_INVALID
#define UNKNOWN JC__REVIEW_REASON__REVIEW_REASON_UNKNOWN_REFERENCE
#define NUMBER JC__REVIEW_REASON__REVIEW_REASON_DOCUMENT_NUMBER

static const struct {
    const char *name;
    void (*spoil)(Jc__Inspection *inspection);
    Jc__OperationStatus status;
    const char *code;
    Jc__ReviewReason reason;
    const char *grounds;
} INSPECTIONS[] = {
    {"as it should be", none, APPLIED, "", 0, ""},
    {"no id", no_id, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"id of 15 bytes", short_id, KEPT, "invalid_argument", INVALID, "ID_SIZE"},
    {"no task", no_task, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"unknown task", unknown_task, KEPT, "not_found", UNKNOWN, "UNKNOWN"},
    {"task of another agency", foreign_task, KEPT, "not_found", UNKNOWN, "UNKNOWN"},
    {"joint task", joint_task, KEPT, "failed_precondition", INVALID, "TASK_KIND,TASK_LATE_REASSIGNED"},
    {"another unit", other_unit, KEPT, "invalid_argument", INVALID, "UNIT_OTHER"},
    {"no start", no_start, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"no end", no_end, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"end before start", end_first, KEPT, "invalid_argument", INVALID, "TIMES"},
    {"end in the far future", far_future, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"end a day after the server's time", next_day, APPLIED, "", 0, ""},
    {"end more than a day after the server's time: applied and flagged", after_next_day, APPLIED, "", INVALID,
     "CLOCK_AHEAD"},
    {"negative nanoseconds", bad_nanos, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"one inspector", one_person, KEPT, "invalid_argument", INVALID, "INSPECTORS_FEW"},
    {"the same inspector twice", same_person, KEPT, "invalid_argument", INVALID, "REPEATED,INSPECTORS_FEW"},
    {"unknown inspector", stranger, KEPT, "invalid_argument", INVALID, "NOT_REGISTERED"},
    {"no outcome", no_outcome, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"outcome not in the contract", odd_outcome, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"mode not in the contract", odd_mode, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"not signed", unsigned_, KEPT, "invalid_argument", INVALID, "SIGNATURE_UNIT"},
    {"empty signature", empty_signature, KEPT, "invalid_argument", INVALID, "SIGNATURE_UNIT"},
    {"signed by a blank", nameless, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"signature image of 16 bytes", signature_hash, KEPT, "invalid_argument", INVALID, "HASH_SIZE"},
    {"unknown checklist", odd_checklist, KEPT, "invalid_argument", INVALID, "NOT_REGISTERED,NOT_REGISTERED"},
    {"unknown checklist item", odd_item, KEPT, "invalid_argument", INVALID, "NOT_REGISTERED"},
    {"no answer", no_answer, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"negative workdays", negative_days, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"endless workdays", endless_days, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"workdays of another agency's team", odd_team, KEPT, "invalid_argument", INVALID, "NOT_REGISTERED"},
    {"refused inspection needs no signature", refused, APPLIED, "", 0, ""},
    {"refusal to sign", refusal_to_sign, APPLIED, "", 0, ""},
    {"refusal to sign without reason", refusal_without_reason, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"mode left to the task", usual_mode, APPLIED, "", 0, ""},
    {"no number: applied and flagged", no_number, APPLIED, "", NUMBER, "NUMBER_NONE"},
    {"number of another block", foreign_number, APPLIED, "", NUMBER, "NUMBER_FOREIGN"},
    {"number of another kind", number_of_kind, APPLIED, "", NUMBER, "NUMBER_FOREIGN"},
    {"number of another year", number_of_year, APPLIED, "", NUMBER, "NUMBER_FOREIGN"},
    {"findings due the same day", by_deadline, APPLIED, "", 0, ""},
    {"finding without deadline", no_deadline, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"deadline before the inspection", early_deadline, KEPT, "invalid_argument", INVALID, "DATE_EARLY"},
    {"deadline too far ahead", late_deadline, KEPT, "invalid_argument", INVALID, "DATE_LATE"},
    {"deadline that is no day", odd_deadline, KEPT, "invalid_argument", INVALID, "DATE"},
    {"the same finding twice", same_findings, KEPT, "invalid_argument", INVALID, "REPEATED"},
    {"finding without outcome", finding_without_outcome, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"finding without words", finding_without_words, KEPT, "invalid_argument", INVALID, "MISSING"},
    {"finding of an unknown item", finding_item, KEPT, "invalid_argument", INVALID, "NOT_REGISTERED"},
    {"photo hash of 31 bytes", photo_hash, KEPT, "invalid_argument", INVALID, "HASH_SIZE"},
    {"photo of an unknown finding", photo_of_nothing, KEPT, "invalid_argument", INVALID, "FINDING_OTHER"},
    {"more findings than any visit has", many_findings, KEPT, "invalid_argument", INVALID, "RANGE"},
    {"text that is not UTF-8", bad_text, KEPT, "invalid_argument", INVALID, "TEXT"},
    {"everything at once is told at once", everything, KEPT, "invalid_argument", INVALID,
     "TIMES,SIGNATURE_UNIT,MISSING,INSPECTORS_FEW"},
};

static void test_inspections(void **state) {
    struct field *f = &field;
    (void)state;
    for (size_t i = 0; i < COUNT(INSPECTIONS); i++) {
        const char *name = INSPECTIONS[i].name;
        field_close(f);
        setup(NULL);
        Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
        INSPECTIONS[i].spoil(inspection);
        Jc__OperationResult *result = field_send(f, FIELD_A1, field_submit(f, 1, inspection));
        bool applied = INSPECTIONS[i].status == APPLIED;
        CHECK_STR(name, field_grounds(f), INSPECTIONS[i].grounds);
        CHECK_INT(name, result->status, INSPECTIONS[i].status);
        CHECK_STR(name, jc_str(result->code), INSPECTIONS[i].code);
        CHECK(name, (*result->reason_zh != '\0') == (*INSPECTIONS[i].grounds != '\0'));
        CHECK(name, (*result->reason_en != '\0') == (*INSPECTIONS[i].grounds != '\0'));
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE body IS NOT NULL"), 1);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), applied);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE state = 2 AND kind = 1"), applied);
        CHECK_INT(name, jc_test_number(f->db, "SELECT COALESCE(MAX(reason), 0) FROM review"), INSPECTIONS[i].reason);
        if (!applied)
            CHECK_INT(name, jc_test_number(f->db, "SELECT COUNT(*) FROM finding"), 0);
    }
}

/* A finding is known within its record: the same id in another record is another finding. */
static void test_finding_of_another_record(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *first = field_inspection(f, 1, FIELD_T1, "u1", 1);
    Jc__Inspection *second = field_inspection(f, 2, FIELD_T2, "u2", 2);
    field_add_findings(f, first, 1, 1, "2023-01-20");
    field_add_findings(f, second, 1, 1, "2023-01-20");
    CHECK_INT("first", field_send(f, FIELD_A1, field_submit(f, 1, first))->status, APPLIED);
    CHECK_INT("second", field_send(f, FIELD_A1, field_submit(f, 2, second))->status, APPLIED);
    Jc__RectificationOrder *order = field_order(f, 1, 2, "u2", 1, 1, "2023-01-20", 1);
    CHECK_INT("order", field_send(f, FIELD_A1, field_issue(f, 3, order))->status, APPLIED);
    CHECK_STR("of the second alone", field_query(f, "SELECT order_id IS NOT NULL FROM finding ORDER BY finding_key"),
              "0,1");
}

/* --- identity: applied once ------------------------------------------------------------------------------------ */

static void test_repeats(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation *operation = field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1));
    Jc__Operation *twice[] = {operation, operation};
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, twice, 2);
    CHECK_INT("first", response->results[0]->status, APPLIED);
    CHECK_INT("repeat in the same request", response->results[1]->status, APPLIED);
    CHECK_INT("both are durable", response->receipt->n_operation_ids, 2);
    response = field_sync(f, FIELD_A1, &operation, 1);
    CHECK_INT("repeat in another", response->results[0]->status, APPLIED);
    CHECK_INT("durable", response->receipt->n_operation_ids, 1);
    CHECK_INT("one row", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 1);
    CHECK_INT("one record", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);

    Jc__Operation *other = field_submit(f, 1, field_inspection(f, 2, FIELD_T2, "u2", 2));
    response = field_sync(f, FIELD_A1, &other, 1);
    CHECK_INT("other bytes", response->results[0]->status, REJECTED);
    CHECK_STR("other bytes", jc_str(response->results[0]->code), "already_exists");
    CHECK_INT("not durable", response->receipt->n_operation_ids, 0);
    response = field_sync(f, FIELD_A2, &operation, 1);
    CHECK_INT("another device", response->results[0]->status, REJECTED);
    CHECK_STR("another device", jc_str(response->results[0]->code), "already_exists");
    CHECK_INT("the first stays", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 1);
    CHECK_INT("the first stays", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 1);
}

/* A kept operation's repeat says the same as the first time, in words too. */
static void test_repeat_of_kept(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    unsigned_(inspection);
    Jc__Operation *operation = field_submit(f, 1, inspection);
    Jc__OperationResult *first = field_send(f, FIELD_A1, operation);
    Jc__OperationResult *again = field_send(f, FIELD_A1, operation);
    CHECK_INT("status", again->status, KEPT);
    CHECK_STR("code", jc_str(again->code), first->code);
    CHECK_STR("zh", jc_str(again->reason_zh), first->reason_zh);
    CHECK_STR("en", jc_str(again->reason_en), "\"inspection.signature\": neither the unit's signature nor its refusal");
    CHECK_INT("one review", jc_test_number(f->db, "SELECT COUNT(*) FROM review"), 1);
}

/* Two agencies do not see each other's ids. */
static void test_ids_are_the_agencys(void **state) {
    struct field *f = &field;
    (void)state;
    field_script(f,
                 "INSERT INTO inspector VALUES (2, 'z1', 0, 'Z1', 'z', '', NULL, '', '');"
                 "INSERT INTO device (agency_id, device_id, token_hash, public_key, name, inspector_id, scope_version,"
                 "                    enrolled_ms, revoked_ms, last_seen_ms, app_version, unsent, clock_offset_ms,"
                 "                    free_bytes)"
                 "SELECT 2, device_id, X'99', public_key, name, 'z1', 1, 0, NULL, NULL, '', 0, 0, 0"
                 "  FROM device WHERE inspector_id = 'a1';");
    Jc__Operation *operation = field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 1));
    CHECK_INT("agency 1", field_send(f, FIELD_A1, operation)->status, APPLIED);
    struct field_call call = field_call(f, FIELD_A1);
    call.caller.agency_id = 2;
    call.caller.team_id = JC_STR("z");
    call.request.operations = &operation;
    call.request.n_operations = 1;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("agency 2", call.response->results[0]->status, KEPT);
    CHECK_STR("agency 2 knows no such task", jc_str(call.response->results[0]->code), "not_found");
    CHECK_INT("chain of agency 2", call.response->receipt->chain_length, 1);
}

static void test_broken_operations(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        size_t id_len;
        const char *body;
        size_t len;
        const char *code, *grounds;
        bool stored;
    } CASES[] = {
        {"no id", 0, "", 0, "invalid_argument", "", false},
        {"id of 15 bytes", 15, "", 0, "invalid_argument", "", false},
        {"id of 17 bytes", 17, "", 0, "invalid_argument", "", false},
        {"no body", 16, "", 0, "unimplemented", "COMMAND_UNKNOWN", true},
        {"cut off", 16, "\x0a\x05", 2, "invalid_argument", "BODY_MALFORMED", true},
        {"a group", 16, "\x0b\x0c", 2, "invalid_argument", "BODY_MALFORMED", true},
        {"a command of tomorrow", 16, "\xfa\x3f\x01x", 4, "unimplemented", "COMMAND_UNKNOWN", true},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t id[17] = {1, 2, 3, (uint8_t)i};
        int64_t before = jc_test_number(f->db, "SELECT COUNT(*) FROM operation");
        Jc__Operation *operations[] = {
            field_operation(f, 0, (struct jc_str){CASES[i].body, CASES[i].len}),
            field_return(f, 100 + (int)i, FIELD_T2, ""),
        };
        operations[0]->id = (ProtobufCBinaryData){CASES[i].id_len, id};
        Jc__SyncResponse *response = field_sync(f, FIELD_A1, operations, 2);
        int64_t after = jc_test_number(f->db, "SELECT COUNT(*) FROM operation");
        CHECK_INT(CASES[i].name, response->results[0]->status, REJECTED);
        CHECK_STR(CASES[i].name, jc_str(response->results[0]->code), CASES[i].code);
        CHECK_INT(CASES[i].name, response->results[1]->status, KEPT);
        CHECK_INT(CASES[i].name, after - before, 1 + CASES[i].stored);
        CHECK_INT(CASES[i].name, response->receipt->n_operation_ids, 1 + CASES[i].stored);
    }
    CHECK_INT("planners see them", jc_test_number(f->db, "SELECT COUNT(*) FROM review WHERE command = ''"), 4);
}

static void test_nul_in_text(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation *operation = field_return(f, 1, FIELD_T1, "because");
    char *body = (char *)operation->body.data;
    for (size_t i = 0; i + 7 <= operation->body.len; i++) {
        if (memcmp(body + i, "because", 7) == 0)
            body[i + 2] = '\0';
    }
    CHECK_INT("kept", field_send(f, FIELD_A1, operation)->status, KEPT);
    CHECK_STR("why", field_grounds(f), "TEXT");
    CHECK_INT("task untouched", jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE state <> 1"), 0);
}

/* A JSON client sends the body in plain; the server serialises it once. */
static void test_plain_body(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__ReturnTask command = JC__RETURN_TASK__INIT;
    command.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    command.reason = (char *)"停产";
    Jc__OperationBody body = JC__OPERATION_BODY__INIT;
    body.command_case = JC__OPERATION_BODY__COMMAND_RETURN_TASK;
    body.return_task = &command;
    Jc__Operation *operation = field_operation(f, 1, (struct jc_str){0});
    operation->plain = &body;
    CHECK_INT("applied", field_send(f, FIELD_A1, operation)->status, APPLIED);
    CHECK_INT("repeat", field_send(f, FIELD_A1, operation)->status, APPLIED);
    CHECK_INT("one row", jc_test_number(f->db, "SELECT COUNT(*) FROM operation WHERE length(body) > 20"), 1);
}

static void test_too_many(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation *operations[JC_SYNC_OPERATIONS_MAX + 1];
    for (int i = 0; i <= JC_SYNC_OPERATIONS_MAX; i++)
        operations[i] = field_return(f, i, FIELD_T1, "r");
    struct field_call call = field_call(f, FIELD_A1);
    struct jc_err err = {0};
    call.request.operations = operations;
    call.request.n_operations = JC_SYNC_OPERATIONS_MAX + 1;
    CHECK_INT("one too many", jc_test_try(f->db, field_call_job, &call, &err), JC_INVALID_ARGUMENT);
    CHECK_INT("nothing written", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 0);
    call.request.n_operations = JC_SYNC_OPERATIONS_MAX;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("as many as allowed", jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), JC_SYNC_OPERATIONS_MAX);
}

/* --- dependencies ------------------------------------------------------------------------------------------------- */

static void test_dependencies(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Inspection *bad = field_inspection(f, 1, FIELD_T1, "u1", 1);
    unsigned_(bad);
    Jc__Operation *operations[] = {
        field_submit(f, 1, bad),                                       /* kept */
        field_return(f, 2, FIELD_T1, "waits for 1"),                   /* so this is kept too */
        field_submit(f, 3, field_inspection(f, 3, FIELD_T2, "u2", 2)), /* not stopped by them */
        field_ad_hoc(f, 4, field_inspection(f, 4, 0, "u4", 3)),        /* waits for 3, which is applied */
        field_return(f, 5, FIELD_T1, "waits for what never came"),
        field_return(f, 6, FIELD_T1, "waits for itself"),
        field_return(f, 7, FIELD_T1, "waits for no id"),
    };
    static const Jc__OperationStatus EXPECTED[] = {KEPT, KEPT, APPLIED, APPLIED, KEPT, KEPT, KEPT};
    field_depend(f, operations[1], 1);
    field_depend(f, operations[3], 3);
    field_depend(f, operations[4], 99);
    field_depend(f, operations[5], 6);
    field_depend(f, operations[6], 3);
    operations[6]->depends_on[0].len = 3;
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, operations, COUNT(operations));
    for (size_t i = 0; i < COUNT(operations); i++) {
        char name[32];
        snprintf(name, sizeof name, "operation %zu", i + 1);
        CHECK_INT(name, response->results[i]->status, EXPECTED[i]);
    }
    CHECK_STR("reasons", field_query(f, "SELECT reason FROM review ORDER BY review_id"), "6,4,4,4,4");
    CHECK_INT("the task waits", jc_test_number(f->db, "SELECT state FROM task WHERE unit_id = 'u1' AND kind = 1"), 1);
}

/* --- signatures of devices -------------------------------------------------------------------------------------------- */

static void test_signatures(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        enum { NONE, GOOD, OF_OTHER_BYTES, SHORT } kind;
        Jc__OperationStatus status;
        const char *grounds;
    } CASES[] = {
        {"missing", NONE, KEPT, "SIGNATURE_MISSING,TASK_RETURNED"},
        {"of other bytes", OF_OTHER_BYTES, KEPT, "SIGNATURE_WRONG,TASK_RETURNED"},
        {"cut", SHORT, KEPT, "SIGNATURE_WRONG,TASK_RETURNED"},
        {"good", GOOD, APPLIED, "TASK_RETURNED"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t signature[JC_SIGNATURE_SIZE];
        Jc__Operation *operation = field_return(f, 1 + (int)i, FIELD_T2, "r");
        struct jc_str body = {(const char *)operation->body.data,
                              operation->body.len - (CASES[i].kind == OF_OTHER_BYTES)};
        jc_sign(body, f->secret_key, signature);
        if (CASES[i].kind != NONE)
            operation->signature = (ProtobufCBinaryData){sizeof signature - (CASES[i].kind == SHORT), signature};
        CHECK_INT(CASES[i].name, field_send(f, FIELD_KEYED, operation)->status, CASES[i].status);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
    }
    Jc__Operation *operation = field_return(f, 9, FIELD_T1, "r");
    CHECK_INT("a device without a key need not sign", field_send(f, FIELD_A1, operation)->status, APPLIED);
}

/* --- the other commands --------------------------------------------------------------------------------------------------- */

static void test_start(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    start.inspection_id = field_id(f, FIELD_INSPECTION, 1);
    start.task_id = field_id(f, FIELD_TASK, FIELD_T1);
    Jc__Operation *operation = field_command(f, 1, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    CHECK_INT("recorded", field_send(f, FIELD_A1, operation)->status, APPLIED);
    CHECK_INT("no more than that", jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"), 0);
    start.task_id = field_id(f, FIELD_TASK, 99);
    operation = field_command(f, 2, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    CHECK_INT("unknown task", field_send(f, FIELD_A1, operation)->status, KEPT);
    start.task_id.len = 0;
    operation = field_command(f, 3, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    CHECK_INT("ad hoc", field_send(f, FIELD_A1, operation)->status, APPLIED);
}

static void test_ad_hoc(void **state) {
    struct field *f = &field;
    (void)state;
    CHECK_INT("applied", field_send(f, FIELD_A1, field_ad_hoc(f, 1, field_inspection(f, 1, 0, "u4", 1)))->status,
              APPLIED);
    CHECK_INT("done when it is told",
              jc_test_number(f->db, "SELECT COUNT(*) FROM inspection"
                                    " WHERE task_id IS NULL AND is_record = 1 AND team_id = 'a' AND unit_id = 'u4'"),
              1);
    CHECK_INT("so there is no task",
              jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE kind = 4 AND team_id = 'a'"), 0);
    CHECK_INT("planned tasks stay", jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE kind = 1 AND state <> 1"),
              0);
    CHECK_INT("unknown unit", field_send(f, FIELD_A1, field_ad_hoc(f, 2, field_inspection(f, 2, 0, "z1", 2)))->status,
              KEPT);
    CHECK_STR("unknown unit", field_grounds(f), "UNKNOWN");
    CHECK_INT("with a task",
              field_send(f, FIELD_A1, field_ad_hoc(f, 3, field_inspection(f, 3, FIELD_T1, "u1", 2)))->status, KEPT);
    CHECK_STR("with a task", field_grounds(f), "TASK_KIND");
    CHECK_INT("same inspection again",
              field_send(f, FIELD_A1, field_ad_hoc(f, 5, field_inspection(f, 1, 0, "u4", 2)))->status, KEPT);
    CHECK_STR("lead by another team",
              (field_send(f, FIELD_B1, field_ad_hoc(f, 6, field_inspection(f, 6, 0, "u4", 0))),
               field_query(f, "SELECT team_id FROM inspection ORDER BY op_key DESC LIMIT 1")),
              "a");
}

static void test_return(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        int device, task;
        const char *reason;
        Jc__OperationStatus status;
        const char *grounds;
    } CASES[] = {
        {"no reason", FIELD_A1, FIELD_T1, " ", KEPT, "MISSING,TASK_RETURNED"},
        {"another team's", FIELD_B1, FIELD_T1, "r", KEPT, "TASK_CLOSED"},
        {"unknown", FIELD_A1, 99, "r", KEPT, "UNKNOWN"},
        {"another agency's", FIELD_A1, FIELD_FOREIGN, "r", KEPT, "UNKNOWN"},
        {"open", FIELD_A1, FIELD_T1, "企业停产", APPLIED, "TASK_RETURNED"},
        {"again", FIELD_A2, FIELD_T1, "r", KEPT, "TASK_CLOSED"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        Jc__Operation *operation = field_return(f, 1 + (int)i, CASES[i].task, CASES[i].reason);
        CHECK_INT(CASES[i].name, field_send(f, CASES[i].device, operation)->status, CASES[i].status);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
    }
    CHECK_STR("returned, the joint task too",
              field_query(f, "SELECT state || return_reason FROM task WHERE unit_id = 'u1'"), "3企业停产,3企业停产");
    CHECK_INT("the planner decides",
              jc_test_number(f->db, "SELECT COUNT(*) FROM review WHERE reason = 8 AND unit_id = 'u1'"
                                    " AND length(task_id) = 16 AND command = 'return_task'"),
              1);
}

static void test_unit_change(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name, *unit_id, *field, *grounds;
    } CASES[] = {
        {"a field", "u1", "address", "UNIT_CHANGE"},
        {"closed", "u1", "closed", "UNIT_CHANGE"},
        {"no field of a unit", "u1", "colour", "RANGE"},
        {"unknown unit", "z1", "address", "UNKNOWN"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        Jc__ReportUnitChange report = JC__REPORT_UNIT_CHANGE__INIT;
        report.unit_id = (char *)CASES[i].unit_id;
        report.field = (char *)CASES[i].field;
        report.value = (char *)"新址";
        Jc__Operation *operation =
            field_command(f, 1 + (int)i, JC__OPERATION_BODY__COMMAND_REPORT_UNIT_CHANGE, &report);
        CHECK_INT(CASES[i].name, field_send(f, FIELD_A1, operation)->status, KEPT);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
    }
    CHECK_INT("the register is the planner's", jc_test_number(f->db, "SELECT COUNT(*) FROM unit WHERE address <> ''"),
              0);
}

/* --- the review list ------------------------------------------------------------------------------------------------------------ */

struct reviews {
    struct field *f;
    Jc__Review **items;
    size_t count;
};

static enum jc_code reviews_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct reviews *reviews = ctx;
    const struct jc_review_filter filter = {0};
    return jc_review_list(tx, 1, &filter, reviews->f->arena, &reviews->items, &reviews->count, err);
}

static void test_review_list(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation *operations[] = {field_return(f, 1, FIELD_T1, "停产"), field_return(f, 2, FIELD_T1, "again"),
                                   field_submit(f, 3, field_inspection(f, 3, FIELD_T2, "u2", 1))};
    field_sync(f, FIELD_A1, operations, 3);
    struct reviews reviews = {.f = f};
    jc_test_read(f->db, reviews_job, &reviews);
    CHECK_INT("those that need a look", reviews.count, 2);
    const Jc__Review *review = reviews.items[0];
    CHECK_INT("id", review->review_id, 1);
    CHECK_INT("reason", review->reason, JC__REVIEW_REASON__REVIEW_REASON_TASK_RETURNED);
    CHECK_INT("state", review->state, JC__REVIEW_STATE__REVIEW_STATE_OPEN);
    CHECK_STR("command", jc_str(review->command), "return_task");
    CHECK_STR("unit", jc_str(review->unit_id), "u1");
    CHECK_STR("inspector", jc_str(review->inspector_id), "a1");
    CHECK_INT("device", review->device_id.len, 16);
    CHECK_INT("received", review->received_at->seconds, FIELD_NOW_MS / 1000);
    CHECK_STR("zh", jc_str(review->reason_zh), "检查任务 01859900-0000-7000-8000-007000000001 被退回：停产");
    CHECK_STR("en", jc_str(review->reason_en), "task 01859900-0000-7000-8000-007000000001 was sent back: 停产");
}

static void test_device_report(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;
    report.device_time = field_time(f, FIELD_NOW_MS - 5000);
    report.unsent = 3;
    report.app_version = (char *)"1.2\x01";
    report.free_bytes = -1;
    struct field_call call = field_call(f, FIELD_A1);
    call.request.report = &report;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_STR("board",
              field_query(f, "SELECT unsent || '|' || clock_offset_ms || '|' || app_version || '|' || free_bytes"
                             " FROM device WHERE inspector_id = 'a1'"),
              "3|-5000|1.2?|0");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_submit_writes_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inspections, setup, teardown),
        cmocka_unit_test_setup_teardown(test_finding_of_another_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repeats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_repeat_of_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ids_are_the_agencys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_operations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul_in_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_plain_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dependencies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signatures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_start, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ad_hoc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unit_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_review_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_device_report, setup, teardown),
    };
    return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
