/* Chains and seals as a sync sees them (sync/prepare.h, sync/sealer.h): which seal covers which
 * operation, what is kept if none does, and that a key known before the job changes nothing. */
#include "jc_field_test.h"

#include "sync/seal.h"
#include "sync/sealer.h"

enum { OPERATIONS = 4 };

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

/* How a request of four operations is chained and sealed: one letter per operation.
 *
 *   '-' neither, 'c' follows the one before it (the first: zeros), 's' the same and sealed, 'w' the same
 *   with a wrong seal, 't' with a torn one, 'h' follows something that is not in the request, 'H' the
 *   same and sealed, 'b' a signature over its body and no chain, 'x' a wrong one */
static void chain(struct field *f, Jc__Operation **operations, const char *how) {
    uint8_t link[JC_SHA256_SIZE] = {0}, body[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    bool chained = false;
    for (size_t i = 0; how[i]; i++) {
        Jc__Operation *operation = operations[i];
        struct jc_str bytes = {(const char *)operation->body.data, operation->body.len};
        struct jc_uuid id;
        bool hole = how[i] == 'h' || how[i] == 'H';
        if (how[i] == 'b' || how[i] == 'x') {
            jc_sign(how[i] == 'b' ? bytes : JC_STR("x"), f->secret_key, seal);
            operation->signature = (ProtobufCBinaryData){sizeof seal, field_copy(f, seal, sizeof seal)};
        }
        if (strchr("-bx", how[i])) {
            chained = false;
            continue;
        }
        if (hole)
            memset(link, 0x5a, sizeof link);
        if (hole || !chained)
            operation->previous = (ProtobufCBinaryData){sizeof link, field_copy(f, link, sizeof link)};
        chained = true;
        memcpy(id.bytes, operation->id.data, JC_UUID_SIZE);
        jc_sha256(bytes, body);
        jc_link(link, id, body, JC_STR(""), link);
        jc_seal_sign(link, f->secret_key, seal);
        seal[0] ^= how[i] == 'w';
        if (strchr("sHw", how[i]))
            operation->seal = (ProtobufCBinaryData){sizeof seal, field_copy(f, seal, sizeof seal)};
        if (how[i] == 't')
            operation->seal = (ProtobufCBinaryData){7, field_copy(f, seal, 7)};
    }
}

/* Four that say little and are all in order. */
static Jc__Operation **harmless(struct field *f, int first) {
    Jc__Operation **operations = jc_arena_array(f->arena, OPERATIONS, sizeof *operations);
    for (int i = 0; i < OPERATIONS; i++) {
        Jc__StartInspection start = JC__START_INSPECTION__INIT;
        start.inspection_id = field_id(f, FIELD_INSPECTION, first + i);
        operations[i] = field_command(f, first + i, JC__OPERATION_BODY__COMMAND_START_INSPECTION, &start);
    }
    return operations;
}

/* a applied, s seal missing, S signature missing, w seal wrong, x signature wrong; by the number of the
 * result's grounds. */
static char letter_of(struct field *f, const Jc__OperationResult *result) {
    static const struct {
        enum jc_ground ground;
        char letter;
    } LETTERS[] = {{JC_GROUND_SEAL_MISSING, 's'},
                   {JC_GROUND_SIGNATURE_MISSING, 'S'},
                   {JC_GROUND_SEAL_WRONG, 'w'},
                   {JC_GROUND_SIGNATURE_WRONG, 'x'}};
    if (result->status == APPLIED)
        return 'a';
    for (size_t i = 0; i < COUNT(LETTERS); i++) {
        struct jc_verdict verdict;
        jc_verdict_init(&verdict);
        jc_verdict_add(&verdict, LETTERS[i].ground);
        if (strcmp(result->reason_zh, jc_verdict_words(f->arena, JC_ZH, jc_verdict_text(&verdict))) == 0)
            return LETTERS[i].letter;
    }
    return '?';
}

static const struct {
    const char *name, *how, *keyed;
} CASES[] = {
    {"one seal at the end covers all", "cccs", "aaaa"},
    {"each its own", "ssss", "aaaa"},
    {"a tail without a seal", "cscc", "aass"},
    {"no seal at all", "cccc", "ssss"},
    {"neither chain nor signature", "----", "SSSS"},
    {"signatures without a chain", "bbbb", "aaaa"},
    {"one wrong signature", "bxbb", "axaa"},
    {"a wrong seal covers what is before it", "ccwc", "wwws"},
    {"a torn seal is a wrong one", "ccct", "wwww"},
    {"a good seal behind a wrong one does not save it", "cwcs", "wwaa"},
    {"a seal does not reach over a hole", "ccHs", "ssaa"},
    {"sealed before a hole and behind it", "csHs", "aaaa"},
    {"a hole without a seal", "cshc", "aass"},
    {"old and new mixed", "bbcs", "aaaa"},
};

static void test_verdicts(void **state) {
    struct field *f = &field;
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        for (int keyed = 0; keyed < 2; keyed++) {
            char got[OPERATIONS + 1] = "";
            Jc__Operation **operations = harmless(f, (int)i * 20 + keyed * 10 + 1);
            chain(f, operations, CASES[i].how);
            Jc__SyncResponse *response = field_sync(f, keyed ? FIELD_KEYED : FIELD_A1, operations, OPERATIONS);
            for (size_t k = 0; k < OPERATIONS; k++)
                got[k] = letter_of(f, response->results[k]);
            CHECK_STR(CASES[i].name, jc_str(got), keyed ? CASES[i].keyed : "aaaa"); /* without a key none is needed */
            for (size_t k = 0; k < OPERATIONS; k++)
                CHECK_INT(CASES[i].name, response->results[k]->operation_no,
                          jc_test_number(f->db, "SELECT MAX(op_key) % 1099511627776 FROM operation") - OPERATIONS + 1 +
                              (int)k);
        }
    }
}

/* Moving an operation, or changing its dependencies, breaks the seal behind it. */
static void test_order_is_sealed(void **state) {
    struct field *f = &field;
    (void)state;
    Jc__Operation **operations = harmless(f, 1), *first;
    chain(f, operations, "cccs");
    first = operations[0];
    operations[0] = operations[1];
    operations[1] = first;
    operations[0]->previous = first->previous;
    first->previous = (ProtobufCBinaryData){0};
    CHECK_INT("moved", field_sync(f, FIELD_KEYED, operations, OPERATIONS)->results[3]->status, KEPT);
    operations = harmless(f, 11);
    chain(f, operations, "cccs");
    field_depend(f, operations[1], 11);
    CHECK_INT("depends on more", field_sync(f, FIELD_KEYED, operations, OPERATIONS)->results[3]->status, KEPT);
}

/* --- the sealer ------------------------------------------------------------------------------------------ */

static struct jc_sync_prepared *prepare(struct field *f, struct field_call *call) {
    struct jc_sync_prepared *prepared = NULL;
    struct jc_err err = {0};
    CHECK_OK("prepare", jc_sync_prepare(&call->request, f->arena, &prepared, &err), &err);
    return prepared;
}

static void test_key_is_learnt(void **state) {
    struct field *f = &field;
    (void)state;
    const uint8_t token[JC_SHA256_SIZE] = {1, 2, 3}, neighbour[JC_SHA256_SIZE] = {1, 2, 4};
    struct jc_sealer *sealer = jc_sealer_new(JC_SEAL_WAIT_MS);
    struct field_call call = field_call(f, FIELD_KEYED);
    call.request.operations = harmless(f, 1);
    call.request.n_operations = OPERATIONS;
    chain(f, call.request.operations, "cccs");
    struct jc_sync_prepared *first = prepare(f, &call), *second = prepare(f, &call), *other = prepare(f, &call);
    assert_non_null(sealer);
    jc_sealer_vouch(sealer, token, f->now_ms, first);
    assert_false(first->vouched);
    assert_int_equal(first->operations[3].seal, JC_VOUCHER_UNKNOWN);
    jc_sync_vouch(first, (struct jc_str){(const char *)f->public_key, sizeof f->public_key});
    jc_sealer_learn(sealer, token, f->now_ms, first);
    jc_sealer_vouch(sealer, token, f->now_ms + JC_SEAL_WAIT_MS, second);
    assert_true(second->vouched && second->must_sign);
    assert_int_equal(second->operations[3].seal, JC_VOUCHER_HOLDS);
    assert_int_equal(second->operations[0].sealed_by, 3);
    jc_sealer_vouch(sealer, neighbour, f->now_ms, other); /* the same place of the table, another token */
    assert_false(other->vouched);
    jc_sealer_free(sealer);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_is_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_is_learnt, setup, teardown),
    };
    return cmocka_run_group_tests_name("sealer", tests, NULL, NULL);
}
