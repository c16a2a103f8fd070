/* Seals that wait (sync/seal.h): when one may, that it is looked at, what becomes of one that does not hold. */
#include "sync/seal.h"

#include "jc_field_test.h"
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

/* One operation that follows the last, sealed; `wrong` spoils the seal. Returns whether its seal waits. */
static bool send_one(bool wrong) {
    struct field *f = &field;
    struct jc_err err = {0};
    struct trip trip = {.call = field_call(f, FIELD_KEYED)};
    Jc__StartInspection start = JC__START_INSPECTION__INIT;
    uint8_t body[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    struct jc_uuid id;
    start.inspection_id = field_id(f, FIELD_INSPECTION, next);
    Jc__Operation *operation = field_command(f, next++, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    memcpy(id.bytes, operation->id.data, JC_UUID_SIZE);
    operation->previous = (ProtobufCBinaryData){sizeof tail, field_copy(f, tail, sizeof tail)};
    jc_sha256((struct jc_str){(const char *)operation->body.data, operation->body.len}, body);
    jc_link(tail, id, body, JC_STR(""), tail);
    jc_seal_sign(tail, f->secret_key, seal);
    seal[0] ^= wrong;
    operation->seal = (ProtobufCBinaryData){sizeof seal, field_copy(f, seal, sizeof seal)};
    trip.call.request.operations = &operation;
    trip.call.request.n_operations = 1;
    CHECK_OK("prepare", jc_sync_prepare(&trip.call.request, f->arena, &trip.prepared, &err), &err);
    jc_sealer_vouch(sealer, TOKEN, f->now_ms, trip.prepared);
    jc_test_write(f->db, trip_job, &trip);
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
              field_query(&field, "SELECT detail FROM audit_log WHERE act = 'device.seal_wrong'"), "3");
    assert_false(send_one(false)); /* from now on none waits */
    assert_false(send_one(false));
    CHECK_STR("verified each time", chain(), "6 6 0 3");
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
        cmocka_unit_test_setup_teardown(test_hole_behind_what_waits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_in_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verify_every, setup, teardown),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
