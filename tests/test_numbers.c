/* Document numbers (DESIGN section 5, point 8): blocks per device, kind and year; used and void. */
#include "jc_field_test.h"

#include "base/message.h"
#include "store/number.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* "kind:first-last …" of one year in the answer. */
static struct jc_str blocks(struct field *f, const Jc__SyncResponse *response, int year) {
    struct jc_str text = JC_STR("");
    for (size_t i = 0; i < response->n_number_blocks; i++) {
        const Jc__NumberBlock *block = response->number_blocks[i];
        if (block->year == year)
            text = jc_arena_printf(f->arena, "%.*s%s%d:%d-%d", JC_FMT(text), text.len ? " " : "", (int)block->kind,
                                   block->first, block->last);
    }
    return text;
}

static Jc__SyncResponse *report_used(struct field *f, int device, Jc__DocumentKind kind, int year, int number) {
    struct field_call call = field_call(f, device);
    Jc__DocumentNumber used = JC__DOCUMENT_NUMBER__INIT, *list[] = {&used};
    used.kind = kind;
    used.year = year;
    used.number = number;
    call.request.numbers_used = list;
    call.request.n_numbers_used = 1;
    jc_test_write(f->db, field_call_job, &call);
    return call.response;
}

#define RECORD JC__DOCUMENT_KIND__DOCUMENT_KIND_RECORD
#define ORDER JC__DOCUMENT_KIND__DOCUMENT_KIND_ORDER

static void test_leases(void **state) {
    struct field *f = &field;
    (void)state;
    CHECK_STR("first", blocks(f, field_sync(f, FIELD_A1, NULL, 0), 2023), "1:1-50 2:1-50 3:1-50");
    CHECK_STR("no more while enough are left", blocks(f, field_sync(f, FIELD_A1, NULL, 0), 2023),
              "1:1-50 2:1-50 3:1-50");
    CHECK_STR("another device", blocks(f, field_sync(f, FIELD_B1, NULL, 0), 2023), "1:51-100 2:51-100 3:51-100");
    CHECK_STR("10 left", blocks(f, report_used(f, FIELD_A1, RECORD, 2023, 40), 2023), "1:1-50 2:1-50 3:1-50");
    CHECK_STR("9 left", blocks(f, report_used(f, FIELD_A1, RECORD, 2023, 41), 2023), "1:1-50 2:1-50 3:1-50 1:101-150");
    CHECK_STR("enough again", blocks(f, report_used(f, FIELD_A1, RECORD, 2023, 50), 2023),
              "1:1-50 1:101-150 2:1-50 3:1-50");
    CHECK_STR("the second block counts", blocks(f, report_used(f, FIELD_A1, RECORD, 2023, 145), 2023),
              "1:1-50 1:101-150 2:1-50 3:1-50 1:151-200");
}

/* The blocks travel only to a terminal that does not know them. */
static void test_known_blocks(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, NULL, 0);
    struct field_call call = field_call(f, FIELD_A1);
    call.request.number_blocks_version = response->number_blocks_version;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("known: not told again", call.response->n_number_blocks, 0);
    CHECK_INT("and the version says so", call.response->number_blocks_version, response->number_blocks_version);
    response = report_used(f, FIELD_A1, RECORD, 2023, 41);
    CHECK_STR("another block", blocks(f, response, 2023), "1:1-50 2:1-50 3:1-50 1:51-100");
    jc_test_write(f->db, field_call_job, &call);
    CHECK_STR("the answer was lost: told again", blocks(f, call.response, 2023), "1:1-50 1:51-100 2:1-50 3:1-50");
    call.request.number_blocks_version = call.response->number_blocks_version;
    f->now_ms = 1701360000000; /* 2023-12-01T00:00:00+08:00 */
    jc_test_write(f->db, field_call_job, &call);
    CHECK_STR("a new month makes us look", blocks(f, call.response, 2024), "1:1-50 2:1-50 3:1-50");
}

/* What a device says of numbers that are not its own, or of other years, leases nothing. */
static void test_reports_of_others(void **state) {
    struct field *f = &field;
    (void)state;
    field_lease(f, FIELD_A1);
    field_lease(f, FIELD_B1);
    static const struct {
        const char *name;
        Jc__DocumentKind kind;
        int year, number;
    } CASES[] = {
        {"another device's", RECORD, 2023, 99}, {"never leased", RECORD, 2023, INT32_MAX},
        {"negative", RECORD, 2023, -1},         {"another year", RECORD, 2022, 50},
        {"another kind", 99, 2023, 50},
    };
    for (size_t i = 0; i < COUNT(CASES); i++)
        CHECK_STR(CASES[i].name,
                  blocks(f, report_used(f, FIELD_A1, CASES[i].kind, CASES[i].year, CASES[i].number), 2023),
                  "1:1-50 2:1-50 3:1-50");
}

/* A device that always claims to have used all cannot exhaust the year. */
static void test_hoarding(void **state) {
    struct field *f = &field;
    (void)state;
    for (int i = 0; i < 40; i++)
        report_used(f, FIELD_A1, RECORD, 2023, i * 50);
    CHECK_INT("blocks", jc_test_number(f->db, "SELECT COUNT(*) FROM number_block WHERE kind = 1"), 10);
}

static void test_used_on_record(void **state) {
    struct field *f = &field;
    (void)state;
    field_lease(f, FIELD_A1);
    CHECK_INT("number 42",
              field_send(f, FIELD_A1, field_submit(f, 1, field_inspection(f, 1, FIELD_T1, "u1", 42)))->status, APPLIED);
    CHECK_STR("no report, the record counts", field_query(f, "SELECT first_number FROM number_block WHERE kind = 1"),
              "1,51");
    CHECK_INT("used again",
              field_send(f, FIELD_A1, field_submit(f, 2, field_inspection(f, 2, FIELD_T2, "u2", 42)))->status, APPLIED);
    CHECK_STR("flagged", field_grounds(f), "NUMBER_USED");
    CHECK_INT("the first use stands",
              jc_test_number(f->db, "SELECT used LIKE '%1' AND length(used) = 42 FROM number_block WHERE kind = 1 AND"
                                    " first_number = 1"),
              1);
}

static Jc__Operation *void_number(struct field *f, int n, int number, const char *reason) {
    Jc__VoidDocumentNumber message = JC__VOID_DOCUMENT_NUMBER__INIT;
    message.document_number = number ? field_number(f, ORDER, number) : NULL;
    message.reason = (char *)reason;
    return field_command(f, n, JC__OPERATION_BODY__COMMAND_VOID_DOCUMENT_NUMBER, &message);
}

/* Numbers of one request, back and forth between two blocks and another kind: each is used once, whatever stood in
 * memory only when the next was looked at. */
static void test_one_request(void **state) {
    struct field *f = &field;
    (void)state;
    static const int NUMBERS[] = {49, 52, 49, 53, 50, 52, 151, 48, 50};
    Jc__Operation *operations[COUNT(NUMBERS) + 1];
    field_lease(f, FIELD_A1);
    field_send(f, FIELD_A1, field_ad_hoc(f, 1, field_inspection(f, 1, 0, "u1", 42)));
    for (size_t i = 0; i < COUNT(NUMBERS); i++)
        operations[i] = field_ad_hoc(f, 2 + (int)i, field_inspection(f, 2 + (int)i, 0, "u1", NUMBERS[i]));
    operations[COUNT(NUMBERS)] = void_number(f, 20, 3, "填写错误");
    field_sync(f, FIELD_A1, operations, COUNT(operations));
    CHECK_STR("flagged",
              field_query(f, "SELECT CASE WHEN reason_args LIKE '%NUMBER_USED%' THEN 'used'"
                             " WHEN reason_args LIKE '%NUMBER_FOREIGN%' THEN 'foreign' ELSE '-' END"
                             " FROM operation ORDER BY op_key"),
              "-,-,-,used,-,-,used,foreign,-,used,-");
    CHECK_STR("on record",
              field_query(f, "SELECT first_number || ':' || replace(used, '0', '') || length(used)"
                             " FROM number_block WHERE used <> '' ORDER BY kind, first_number"),
              "1:111150,51:113,1:v3");
}

struct reopening {
    struct field *f;
    int opening;
};

static enum jc_code reopen_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct reopening *reopening = ctx;
    return jc_number_reopen(tx, 1, reopening->f->now_ms, &reopening->opening, err);
}

/* Begins another life of the database; answers the number behind which that one leases. */
static int reopen(struct field *f) {
    struct reopening reopening = {f, 0};
    jc_test_write(f->db, reopen_job, &reopening);
    return reopening.opening;
}

/* A restored database does not know the blocks leased since its backup: new ones lie elsewhere, and what comes in with
 * a number of theirs is in order, once. */
static void test_restored(void **state) {
    struct field *f = &field;
    (void)state;
    field_lease(f, FIELD_A1);
    int opening = reopen(f);
    assert_in_range(opening, 100000000, 1000000000);
    CHECK_STR("goes on behind its place", blocks(f, field_sync(f, FIELD_B1, NULL, 0), 2023),
              jc_arena_printf(f->arena, "1:%d-%d 2:%d-%d 3:%d-%d", opening + 1, opening + 50, opening + 1, opening + 50,
                              opening + 1, opening + 50)
                  .ptr);
    field_send(f, FIELD_A2, field_ad_hoc(f, 1, field_inspection(f, 1, 0, "u4", 60)));
    CHECK_STR("had before", field_grounds(f), "");
    field_send(f, FIELD_A1, field_ad_hoc(f, 2, field_inspection(f, 2, 0, "u3", 60)));
    CHECK_STR("once", field_grounds(f), "NUMBER_USED");
    field_send(f, FIELD_A1, field_ad_hoc(f, 3, field_inspection(f, 3, 0, "u2", opening + 5)));
    CHECK_STR("another's", field_grounds(f), "NUMBER_FOREIGN");
    field_send(f, FIELD_A1, field_ad_hoc(f, 4, field_inspection(f, 4, 0, "u1", opening + 107)));
    CHECK_STR("of another restore", field_grounds(f), "");
    CHECK_STR("is passed by", blocks(f, report_used(f, FIELD_B1, RECORD, 2023, opening + 48), 2023),
              jc_arena_printf(f->arena, "1:%d-%d 2:%d-%d 3:%d-%d 1:%d-%d", opening + 1, opening + 50, opening + 1,
                              opening + 50, opening + 1, opening + 50, opening + 108, opening + 157)
                  .ptr);
}

/* One backup restored twice, and a restored database whose backup is restored: none leases what another has. */
static void test_restored_often(void **state) {
    struct field *f = &field;
    (void)state;
    int first = reopen(f);
    jc_test_script(f->db, "DELETE FROM number_block");
    int second = reopen(f);
    CHECK("same backup: far from each other", first - second >= 1000 || second - first >= 1000);
    for (int i = 0, place = 0; i < 12; i++, second = place) {
        field_lease(f, FIELD_A1);
        place = reopen(f);
        CHECK("a life further", place > second + 50);
        CHECK("with room for the year", place < INT32_MAX - 100000);
    }
}

static void test_new_year(void **state) {
    struct field *f = &field;
    (void)state;
    field_lease(f, FIELD_A1);
    f->now_ms = 1701359999000; /* 2023-11-30T23:59:59+08:00 */
    CHECK_STR("November", blocks(f, field_sync(f, FIELD_A1, NULL, 0), 2024), "");
    f->now_ms += 1000;
    Jc__SyncResponse *response = field_sync(f, FIELD_A1, NULL, 0);
    CHECK_STR("December: a terminal may be out of reach over New Year", blocks(f, response, 2024),
              "1:1-50 2:1-50 3:1-50");
    f->now_ms = 1704038400000; /* 2024-01-01T00:00:00+08:00 */
    response = field_sync(f, FIELD_A1, NULL, 0);
    CHECK_STR("numbers begin anew in China's new year", blocks(f, response, 2024), "1:1-50 2:1-50 3:1-50");
    CHECK_STR("the old blocks are still held", blocks(f, response, 2023), "1:1-50 2:1-50 3:1-50");
}

static void test_void(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        int number;
        const char *reason, *grounds;
    } CASES[] = {
        {"no number", 0, "spoiled", "MISSING"},
        {"no reason", 7, "", "MISSING"},
        {"another device's", 51, "spoiled", "NUMBER_NOT_VOID"},
        {"its own", 7, "填写错误", ""},
        {"again", 7, "spoiled", "NUMBER_NOT_VOID"},
    };
    field_lease(f, FIELD_A1);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        Jc__Operation *operation = void_number(f, 1 + (int)i, CASES[i].number, CASES[i].reason);
        CHECK_INT(CASES[i].name, field_send(f, FIELD_A1, operation)->status, *CASES[i].grounds ? KEPT : APPLIED);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
    }
    CHECK_STR("on record", field_query(f, "SELECT used FROM number_block WHERE kind = 2 AND first_number = 1"),
              "000000v");
}

/* A backup is taken back, and the next request leases at once: the answer names the blocks, though the terminal
 * knows as many versions as there were. */
static void test_restored_version(void **state) {
    struct field *f = &field;
    (void)state;
    struct field_call call = field_call(f, FIELD_A1);
    Jc__DocumentNumber used = JC__DOCUMENT_NUMBER__INIT, *list[] = {&used};
    call.request.number_blocks_version = field_sync(f, FIELD_A1, NULL, 0)->number_blocks_version + 1;
    used.kind = RECORD;
    used.year = 2023;
    used.number = 41;
    call.request.numbers_used = list;
    call.request.n_numbers_used = 1;
    reopen(f);
    for (int again = 0; again < 2; again++) { /* the first answer is lost */
        jc_test_write(f->db, field_call_job, &call);
        CHECK_INT("told", call.response->n_number_blocks, 4);
    }
    call.request.number_blocks_version = call.response->number_blocks_version;
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("once it knows them no more", call.response->n_number_blocks, 0);
}

/* A handheld that was revoked and is enrolled anew: what it had not sent has numbers that its earlier enrolment leased
 * (the same key), and each still counts once. Nobody else's numbers become its own. */
static void test_enrolled_anew(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *name;
        int device, number;
        const char *grounds;
    } CASES[] = {
        {"of the earlier enrolment", FIELD_KEYED, 7, ""},
        {"again", FIELD_KEYED, 7, "NUMBER_USED"},
        {"of its own", FIELD_KEYED, 101, ""},
        {"of the earlier one, behind its own", FIELD_KEYED, 8, ""},
        {"of another handheld", FIELD_KEYED, 51, "NUMBER_FOREIGN"},
        {"of the keyed handheld", FIELD_B1, 9, "NUMBER_FOREIGN"},
        {"of a device that has no key either", FIELD_A2, 52, "NUMBER_FOREIGN"},
    };
    field_lease(f, FIELD_A1);
    field_lease(f, FIELD_B1);
    field_script(
        f, "UPDATE device SET revoked_ms = 1, public_key = (SELECT public_key FROM device WHERE inspector_id = 'a3')"
           " WHERE inspector_id = 'a1'");
    field_lease(f, FIELD_KEYED);
    field_script(f, "INSERT INTO parameter VALUES (1, 'duplicate_visit_days', '2000-01-01', NULL, '0', '', '')");
    for (size_t i = 0; i < COUNT(CASES); i++) {
        uint8_t signature[JC_SIGNATURE_SIZE];
        Jc__Inspection *inspection = field_inspection(f, 1 + (int)i, 0, "u1", CASES[i].number);
        Jc__Operation *operation = field_ad_hoc(f, 1 + (int)i, inspection);
        jc_sign(jc_view(operation->body), f->secret_key, signature);
        operation->signature = (ProtobufCBinaryData){sizeof signature, signature};
        CHECK_INT(CASES[i].name, field_send(f, CASES[i].device, operation)->status, APPLIED);
        CHECK_STR(CASES[i].name, field_grounds(f), CASES[i].grounds);
    }
    CHECK_STR("on record",
              field_query(f, "SELECT first_number || ':' || replace(used, '0', '') || length(used)"
                             " FROM number_block WHERE used <> '' ORDER BY first_number"),
              "1:118,101:11");
}

/* A number is told as people call it; what is no number stays as it is. */
static void test_words(void **state) {
    struct field *f = &field;
    (void)state;
    static const struct {
        const char *text, *zh, *en;
    } CASES[] = {
        {"NUMBER_FOREIGN\x1f"
         "1-2023-105",
         "文书编号 现场检查记录〔2023〕105号 不属于该终端",
         "document number inspection record 2023-105 is not this device's"},
        {"NUMBER_USED\x1f"
         "2-2023-1",
         "文书编号 责令限期整改指令书〔2023〕1号 已经使用或作废",
         "document number rectification order 2023-1 is used or void already"},
        {"NUMBER_USED\x1f"
         "4-2023-1",
         "文书编号 4-2023-1 已经使用或作废", "document number 4-2023-1 is used or void already"},
        {"NUMBER_USED\x1f"
         "1-2023",
         "文书编号 1-2023 已经使用或作废", "document number 1-2023 is used or void already"},
        {"NUMBER_NONE\x1f"
         "order.document_number",
         "文书没有编号（“文书编号”）", "\"order.document_number\" has no document number"},
        {"CLOCK_AHEAD\x1f"
         "inspection.ended_at\x1f"
         "A\x1f"
         "B",
         "“结束时间”为 A，比服务器时间 B 晚一天以上，请核对终端时钟",
         "\"inspection.ended_at\" is A, more than a day after the server's time B; check the clock of the device"},
        {"UNKNOWN\x1f"
         "order.no_word\x1f"
         "a.place?",
         "“order.no_word”：本单位没有“a.place?”", "\"order.no_word\": this agency does not know \"a.place?\""},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        CHECK_STR(CASES[i].text, jc_str(jc_verdict_words(f->arena, JC_ZH, jc_str(CASES[i].text))), CASES[i].zh);
        CHECK_STR(CASES[i].text, jc_str(jc_verdict_words(f->arena, JC_EN, jc_str(CASES[i].text))), CASES[i].en);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_leases, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reports_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hoarding, setup, teardown),
        cmocka_unit_test_setup_teardown(test_used_on_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restored, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restored_often, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restored_version, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_year, setup, teardown),
        cmocka_unit_test_setup_teardown(test_void, setup, teardown),
        cmocka_unit_test_setup_teardown(test_enrolled_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
    };
    return cmocka_run_group_tests_name("numbers", tests, NULL, NULL);
}
