/* Seals that wait (sync/seal.h): when one may, that it is looked at, what becomes of one that does not hold. */
#include "sync/seal.h"

#include "auth/device.h"
#include "base/message.h"
#include "jc_field_test.h"
#include "sync/derived.h"
#include "sync/review.h"
#include "sync/sealer.h"

static struct field field;
static struct jc_sealer *sealer;
static uint8_t tail[JC_SHA256_SIZE]; /* of the device's chain, as the terminal has it */
static int next;                     /* number of the next operation */

static int setup(void **state) {
    (void)state;
    field_open(&field);
    sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    memset(tail, 0, sizeof tail);
    next = 1;
    return sealer ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    jc_sealer_free(sealer);
    field_close(&field);
    return 0;
}

static const uint8_t TOKEN[JC_SHA256_SIZE] = {7};

struct trip {
    struct field_call call;
    struct jc_sync_prepared *prepared;
};

/* A round trip as the server makes it: the sealer before the job, the job, and what the sealer learns. */
static enum jc_code trip_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct trip *trip = ctx;
    struct jc_device device;
    enum jc_code code = jc_device_get(tx, 1, trip->call.caller.device_id, trip->call.arena, &device, err);
    trip->call.caller.blocks_version = device.blocks_version;
    trip->call.caller.chain = device.chain;
    if (!code)
        code = jc_sync_run(tx, &trip->call.caller, field.now_ms, trip->prepared, field.arena, &trip->call.response,
                           NULL, NULL, err);
    jc_sealer_learn(sealer, TOKEN, field.now_ms, trip->prepared);
    return code;
}

/* Makes it follow the last, sealed; `wrong` spoils the seal. */
static Jc__Operation *sealed(Jc__Operation *operation, bool wrong) {
    struct field *f = &field;
    uint8_t body[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    struct jc_uuid id;
    struct jc_str depends_on = operation->n_depends_on ? jc_view(operation->depends_on[0]) : JC_STR("");
    memcpy(id.bytes, operation->id.data, JC_UUID_SIZE);
    operation->previous = (ProtobufCBinaryData){sizeof tail, field_copy(f, tail, sizeof tail)};
    jc_sha256(jc_view(operation->body), body);
    jc_link(tail, id, body, depends_on, tail);
    jc_seal_sign(tail, f->secret_key, seal);
    seal[0] ^= wrong;
    operation->seal = (ProtobufCBinaryData){sizeof seal, field_copy(f, seal, sizeof seal)};
    return operation;
}

/* One request; `out` has what became of it. */
static void send_all(Jc__Operation **operations, size_t count, struct trip *out) {
    struct jc_err err = {0};
    *out = (struct trip){.call = field_call(&field, FIELD_KEYED)};
    out->call.request.operations = operations;
    out->call.request.n_operations = count;
    CHECK_OK("prepare", jc_sync_prepare(&out->call.request, field.arena, &out->prepared, &err), &err);
    jc_sealer_vouch(sealer, TOKEN, field.now_ms, out->prepared);
    jc_test_write(field.db, trip_job, out);
}

static Jc__Operation *start(void) {
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    start.inspection_id = field_id(&field, FIELD_INSPECTION, next);
    return field_command(&field, next++, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
}

/* One operation alone. Returns whether its seal waits. */
static bool send_one(bool wrong) {
    Jc__Operation *operation = sealed(start(), wrong);
    struct trip trip;
    send_all(&operation, 1, &trip);
    CHECK_INT("applied unless its seal is known to be wrong", trip.call.response->results[0]->status,
              wrong && trip.prepared->vouched ? KEPT : APPLIED);
    return !trip.prepared->vouched;
}

/* "held wrong" of a turn. */
static struct jc_str look(void) {
    struct jc_seals_looked looked;
    struct jc_err err = {0};
    CHECK_OK("look", jc_seals_look(field.db, field.now_ms, &looked, &err), &err);
    return jc_arena_printf(field.arena, "%d %d", (int)looked.held, (int)looked.wrong);
}

/* "link_no sealed_no due wrong_no" of the device. */
static struct jc_str chain(void) {
    return field_query(&field, "SELECT link_no || ' ' || sealed_no || ' ' || (seal_due_ms IS NOT NULL) || ' ' ||\n"
                               "       COALESCE(seal_wrong_no, 0)\n"
                               "FROM device\n"
                               "WHERE LENGTH(public_key) > 0");
}

static void test_one_waits(void **state) {
    (void)state;
    assert_false(send_one(false)); /* nobody knows the key: the job verifies */
    CHECK_STR("verified at once", chain(), "1 1 0 0");
    assert_true(send_one(false));
    assert_true(send_one(false));
    CHECK_STR("two wait", chain(), "3 1 1 0");
    CHECK_STR("not yet", look(), "0 0");
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("now", look(), "1 0");
    CHECK_STR("verified", chain(), "3 3 0 0");
    CHECK_STR("once", look(), "0 0");
}

/* A device that goes on syncing is verified once a second on its way, which vouches for what waits. */
static void test_next_in_line_vouches(void **state) {
    (void)state;
    send_one(false);
    assert_true(send_one(false));
    field.now_ms += JC_SEAL_WAIT_MS;
    assert_false(send_one(false));
    CHECK_STR("verified with it", chain(), "3 3 0 0");
    field.now_ms -= 10 * JC_SEAL_WAIT_MS;
    assert_false(send_one(false)); /* a clock that was set back lets nothing wait */
}

/* The server ended before it looked: the row says what waits. */
static void test_restart(void **state) {
    (void)state;
    send_one(false);
    assert_true(send_one(false));
    jc_sealer_free(sealer);
    sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "1 0");
    CHECK_STR("verified", chain(), "2 2 0 0");
}

static void test_wrong_found_late(void **state) {
    (void)state;
    send_one(false);
    assert_true(send_one(false));
    assert_true(send_one(true));
    assert_true(send_one(true));
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    CHECK_STR("the device is marked with the first", chain(), "4 4 0 3");
    CHECK_STR("those behind the last good seal are flagged", field_query(&field, "SELECT review_id FROM review"),
              "3,4");
    CHECK_STR("with the ground", field_query(&field, "SELECT DISTINCT reason_args FROM review"), "SEAL_LATE_WRONG");
    CHECK_STR("the log of acts says so",
              field_query(&field, "SELECT detail FROM audit_log WHERE act = 'device.seal_wrong'"),
              "\x1eSEAL_WRONG\x1f"
              "3");
    assert_false(send_one(false)); /* from now on none waits */
    assert_false(send_one(false));
    CHECK_STR("verified each time", chain(), "6 6 0 3");
}

/* A row that somebody took away does not keep the others' seals waiting. */
static void test_row_gone(void **state) {
    (void)state;
    send_one(false);
    assert_true(send_one(false));
    field_script(&field, "DELETE FROM operation WHERE op_key % 1099511627776 = 2");
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("looked at", look(), "0 1");
    CHECK_STR("once", look(), "0 0");
    CHECK_STR("the device is marked", chain(), "2 2 0 2");
    CHECK_STR("and the log of acts says which row is gone",
              field_query(&field, "SELECT detail FROM audit_log WHERE act = 'device.seal_wrong'"),
              "\x1eSEAL_GONE\x1f"
              "2\x1f"
              "2");
}

/* The end of what waits was cut off: what it would have vouched for is flagged, a record among it, and the log of acts
 * names the row that is gone beside the first that nothing vouches for. */
static void test_end_gone(void **state) {
    (void)state;
    struct trip trip;
    send_one(false);
    Jc__Operation *record = field_ad_hoc(&field, next, field_inspection(&field, next, 0, "u4", 0));
    next++;
    Jc__Operation *operations[] = {record, start()};
    sealed(operations[0], false)->seal.len = 0;
    sealed(operations[1], false);
    send_all(operations, 2, &trip);
    field_script(&field, "DELETE FROM operation WHERE op_key % 1099511627776 = 3");
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("looked at", look(), "0 1");
    CHECK_STR("the device is marked", chain(), "3 3 0 2");
    CHECK_STR("the record is flagged",
              field_query(&field, "SELECT review_id || command || unit_id || state FROM review"),
              "2add_ad_hoc_inspectionu41");
    CHECK_STR("what is gone", field_query(&field, "SELECT detail FROM audit_log WHERE act = 'device.seal_wrong'"),
              "\x1eSEAL_GONE\x1f"
              "2\x1f"
              "3");
}

/* Wrong ones wait, and the device goes on somewhere else on its chain: the seal there does not vouch for them. */
static void test_hole_behind_what_waits(void **state) {
    (void)state;
    send_one(false);
    assert_true(send_one(true));
    memset(tail, 0x5a, sizeof tail);
    assert_false(send_one(false)); /* does not go on where the chain ends: verified by the job */
    CHECK_STR("what waited was looked at", field_query(&field, "SELECT review_id FROM review"), "2");
    CHECK_STR("and the chain goes on", chain(), "3 3 0 2");
}

/* A seal behind a hole in the request vouches for nothing before the hole, though the request goes on where the
 * chain ends. */
static void test_hole_in_a_request(void **state) {
    (void)state;
    struct trip trip;
    Jc__Operation *operations[2];
    send_one(false);
    assert_true(send_one(true));
    operations[0] = sealed(start(), true);
    memset(tail, 0x5a, sizeof tail);
    operations[1] = sealed(start(), false);
    send_all(operations, 2, &trip);
    CHECK_INT("the first", trip.call.response->results[0]->status, KEPT);
    CHECK_INT("the second", trip.call.response->results[1]->status, APPLIED);
    CHECK_STR("what waited was looked at", field_query(&field, "SELECT review_id FROM review"), "2,3");
    CHECK_STR("and the chain goes on", chain(), "4 4 0 2");
}

/* What waits is verified because the next does not go on there; that the next has no seal undoes nothing of it. */
static void test_unsealed_behind_what_waits(void **state) {
    (void)state;
    struct trip trip;
    Jc__Operation *operation;
    send_one(false);
    assert_true(send_one(false));
    memset(tail, 0x5a, sizeof tail);
    operation = sealed(start(), false);
    operation->seal.len = 0;
    send_all(&operation, 1, &trip);
    CHECK_INT("kept", trip.call.response->results[0]->status, KEPT);
    CHECK_STR("verified up to the one before", chain(), "2 2 0 0");
}

/* --- what a person can do about it ------------------------------------------------------------------------ */

static void accuse(void *ctx, int64_t operation_no, const struct jc_err *fault) {
    struct jc_str *words = ctx;
    *words =
        jc_arena_printf(field.arena, "%d %.*s %.*s", (int)operation_no, JC_FMT(fault->arg[0]), JC_FMT(fault->arg[3]));
}

static enum jc_code verify_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_derived_verify(tx, 1, accuse, ctx, err);
}

/* The rows are what operations say, as `jiancha verify` sees them. */
static void check_rows(void) {
    struct jc_str words = JC_STR("");
    jc_test_read(field.db, verify_job, &words);
    CHECK_STR("rows are what operations say", words, "");
}

struct decide {
    struct jc_review_act act;
    Jc__DecideReviewResponse *response;
};

static enum jc_code decide_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct decide *d = ctx;
    return jc_review_decide(tx, &d->act, field.arena, &d->response, err);
}

static void decide(int64_t review, Jc__ReviewDecisionKind kind) {
    struct decide d = {{1, review, kind, JC_STR(""), JC_STR("核对过"), JC_STR("planner"), field.now_ms}, NULL};
    jc_test_write(field.db, decide_job, &d);
}

#define ACCEPT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_ACCEPT
#define REJECT JC__REVIEW_DECISION_KIND__REVIEW_DECISION_KIND_REJECT

/* A record that counted when its seal was found wrong: a planner who rejects it takes it out of the count. */
static void test_late_wrong_is_rejected(void **state) {
    (void)state;
    struct trip trip;
    field_lease(&field, FIELD_KEYED);
    send_one(false);
    Jc__Operation *record = sealed(field_submit(&field, next++, field_inspection(&field, 1, FIELD_T1, "u1", 1)), true);
    send_all(&record, 1, &trip);
    CHECK_INT("applied", trip.call.response->results[0]->status, APPLIED);
    CHECK_STR("counts", field_query(&field, "SELECT is_record FROM inspection"), "1");
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    check_rows();
    decide(2, REJECT);
    CHECK_STR("counts no more", field_query(&field, "SELECT is_record FROM inspection"), "0");
    CHECK_STR("its task is open", field_query(&field, "SELECT state FROM task WHERE kind = 1 AND unit_id = 'u1'"), "1");
    check_rows();
}

/* One that a person has to look at anyway is told to be forged as well, and is not applied without the person when
 * what it waited for arrives. */
static void test_late_wrong_of_one_that_is_kept(void **state) {
    (void)state;
    struct trip trip;
    send_one(false);
    Jc__Operation *first = start(), *second = start();
    field_depend(&field, second, 2);
    sealed(second, true);
    send_all(&second, 1, &trip);
    assert_false(trip.prepared->vouched);
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    CHECK_STR("the person is told",
              field_query(&field, "SELECT REPLACE(SUBSTR(reason_args, -16), CHAR(30), '|') FROM review"),
              "|SEAL_LATE_WRONG");
    check_rows();
    sealed(first, false);
    send_all(&first, 1, &trip);
    CHECK_INT("what it waited for", trip.call.response->results[0]->status, APPLIED);
    CHECK_STR("stays with the person", field_query(&field, "SELECT state FROM review"), "1");
    check_rows();
}

/* An ad hoc record, flagged for its number; returns its row. */
static int64_t send_flagged(bool wrong) {
    static const char UNIT[] = "u4";
    Jc__Operation *operation = sealed(field_ad_hoc(&field, next, field_inspection(&field, next, 0, UNIT, 990)), wrong);
    struct trip trip;
    next++;
    send_all(&operation, 1, &trip);
    CHECK_INT("applied", trip.call.response->results[0]->status, APPLIED);
    return trip.call.response->results[0]->operation_no;
}

/* What is found late opens a review that was closed without it, and the second decision stands in the chain beside the
 * first. */
static void test_closed_before(void **state) {
    (void)state;
    send_one(false);
    int64_t row = send_flagged(true);
    decide(row, ACCEPT);
    CHECK_INT("told", jc_test_number(field.db, "SELECT deleted FROM change WHERE kind = 8"), 0);
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    CHECK_STR("open again",
              field_query(&field, "SELECT state || ' ' || decision || ' ' ||"
                                  "       substr(reason_args, 1, 14) || ' ' || substr(reason_args, -15) FROM review"),
              "1 1 NUMBER_FOREIGN SEAL_LATE_WRONG");
    CHECK_INT("what the inspector was told is taken back",
              jc_test_number(field.db, "SELECT deleted FROM change WHERE kind = 8"), 1);
    check_rows();
    decide(row, REJECT);
    CHECK_STR("decided again", field_query(&field, "SELECT state || ' ' || decision FROM review"), "2 2");
    CHECK_INT("counts no more", jc_test_number(field.db, "SELECT SUM(is_record) FROM inspection"), 0);
    CHECK_INT("both decisions are rows",
              jc_test_number(field.db, "SELECT COUNT(*) FROM operation WHERE device_id = zeroblob(16)"), 2);
    CHECK_INT("told again", jc_test_number(field.db, "SELECT deleted FROM change WHERE kind = 8"), 0);
    check_rows();
}

/* What was rejected counts no more: there is nothing to decide. */
static void test_rejected_before(void **state) {
    (void)state;
    send_one(false);
    decide(send_flagged(true), REJECT);
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    CHECK_STR("closed", field_query(&field, "SELECT state || ' ' || decision FROM review"), "2 2");
    check_rows();
}

/* A late review says what it is about. */
static void test_says_what_about(void **state) {
    (void)state;
    send_one(false);
    Jc__Operation *operation = sealed(field_ad_hoc(&field, next, field_inspection(&field, next, 0, "u4", 0)), true);
    struct trip trip;
    next++;
    send_all(&operation, 1, &trip);
    field_script(&field, "DELETE FROM review");
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found late", look(), "0 1");
    CHECK_STR("command and unit", field_query(&field, "SELECT command || ' ' || unit_id FROM review"),
              "add_ad_hoc_inspection u4");
}

static enum jc_code trust_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct jc_clock clock = jc_clock_system();
    struct jc_act act = {JC_STR("planner"), &clock};
    struct jc_uuid id = {0};
    memcpy(id.bytes, field_id(&field, FIELD_DEVICE, FIELD_KEYED).data, JC_UUID_SIZE);
    return jc_device_trust_seal(tx, 1, id, jc_str(ctx), act, err);
}

static enum jc_code trust(const char *reason) {
    struct jc_err err = {0};
    return jc_db_write_wait(field.db, 1, trust_job, (void *)reason, &err);
}

/* A planner takes the mark away, with a reason, once what was flagged is decided; the next wrong seal sets it again. */
static void test_mark_taken_away(void **state) {
    (void)state;
    send_one(false);
    CHECK_INT("not marked", trust("x"), JC_FAILED_PRECONDITION);
    assert_true(send_one(true));
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found", look(), "0 1");
    CHECK_INT("a review is open", trust("x"), JC_FAILED_PRECONDITION);
    decide(2, ACCEPT);
    CHECK_INT("no reason", trust(" "), JC_INVALID_ARGUMENT);
    CHECK_INT("taken away", trust("换过存储卡，已核对"), JC_OK);
    CHECK_STR("the row is still known", chain(), "2 2 0 -2");
    CHECK_STR("in the log of acts",
              field_query(&field, "SELECT actor || ' ' || detail FROM audit_log WHERE act = 'device.trust_seal'"),
              "planner 换过存储卡，已核对");
    check_rows();
    CHECK_INT("once", trust("x"), JC_FAILED_PRECONDITION);
    jc_sealer_free(sealer);
    sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    send_one(false);
    assert_true(send_one(true)); /* seals wait again */
    field.now_ms += JC_SEAL_WAIT_MS;
    CHECK_STR("found again", look(), "0 1");
    CHECK_STR("marked again", chain(), "5 5 0 5");
}

static void test_wrong_in_line(void **state) {
    (void)state;
    send_one(false);
    field.now_ms += JC_SEAL_WAIT_MS;
    assert_false(send_one(true));
    CHECK_STR("kept, the chain ends before it", chain(), "1 1 0 2");
}

static void test_verify_every(void **state) {
    (void)state;
    jc_sealer_free(sealer);
    sealer = jc_sealer_new(0);
    for (int i = 0; i < 3; i++)
        assert_false(send_one(false));
    CHECK_STR("nothing ever waits", chain(), "3 3 0 0");
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_next_in_line_vouches, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_found_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_end_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rejected_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_says_what_about, setup, teardown),
        cmocka_unit_test_setup_teardown(test_mark_taken_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hole_behind_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hole_in_a_request, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsealed_behind_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_wrong_is_rejected, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_wrong_of_one_that_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_in_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify_every, setup, teardown),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
