/* What a terminal proves and what it demands to be proven: chain and seals on the wire, receipts and the keys that
 * sign them, people who share a device, and the pace of a bad net. */
#include "terminal_fake.h"

#include "terminal/operation.h"
#include "terminal/pace.h"
#include "terminal/store.h"

static struct jc_terminal_work submit(struct bench *bench, uint8_t task) {
    struct draft draft;
    struct jc_terminal_work work;
    draft_init(&draft, task);
    CHECK_OK("submit", draft_submit(bench, &draft, &work), &bench->err);
    return work;
}

static struct jc_terminal_sync_result sync_now(struct bench *bench) {
    struct jc_terminal_sync_result result;
    CHECK_OK("sync", bench_sync(bench, &result), &bench->err);
    return result;
}

/* --- seals: both servers work ------------------------------------------------------------------------------------ */

static void seals_for_both_servers(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_options one = {.batch_operations = 1};
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    submit(bench, 2);
    sync_now(
        bench); /* does not say that it takes seals: the fake demands a signature of each, and checks chain and seal */
    assert_int_equal(bench->fake.seals, 1);
    fake_modern(&bench->fake);
    sync_now(bench); /* now it says so */
    for (int i = 0; i < 3; i++)
        submit(bench, 0);
    bench->fake.seals = 0;
    assert_int_equal(sync_now(bench).sent, 3);
    assert_int_equal(bench->fake.seals, 1);
    for (int i = 0; i < 3; i++)
        submit(bench, 0);
    CHECK_OK("one by one",
             jc_terminal_sync(bench->terminal, &bench->transport, &one, bench->arena, &result, &bench->err),
             &bench->err);
    assert_int_equal(bench->fake.seals, 4); /* each request's last */
}

/* An operation set aside leaves a hole: the seal before it and `previous` behind it keep the chain checkable. */
static void chain_goes_on_over_a_hole(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_work work;
    fake_modern(&bench->fake);
    sync_now(bench);
    submit(bench, 1);
    CHECK_OK("return",
             jc_terminal_return(bench->terminal, fake_id(2), JC_STR("停产"), bench->arena, &work, &bench->err),
             &bench->err);
    submit(bench, 0);
    bench->fake.refuse_return = true;
    struct jc_terminal_sync_result result;
    assert_int_equal(bench_sync(bench, &result), JC_FAILED_PRECONDITION);
    assert_int_equal(result.set_aside, 1);
    assert_int_equal(result.applied, 2);
    bench->fake.refuse_return = false;
    assert_int_equal(sync_now(bench).sent, 1);
}

/* --- receipts ------------------------------------------------------------------------------------------------------ */

static void other_signature(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->signature.data[10] ^= 1;
}
static void no_signature(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->signature.len = 0;
}
static void other_row(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    if (response->n_results)
        response->results[0]->operation_no += 1;
}
static void other_backup(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->backed_up_through = 1000;
}
static void other_head(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->chain_head.data[0] ^= 1;
}
static void other_length(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->chain_length++;
}
static void other_agency(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->agency_id = (char *)"bengbu";
}
static void other_time(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->server_time->seconds++;
}
static void other_path(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->path[0]->left = !response->receipt->path[0]->left;
}
static void no_path(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->n_path = 0;
}
static void short_step(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->path[0]->hash.len = 5;
}
static void strange_key(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->key_id.data[0] ^= 1;
}
static void no_key(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    response->receipt->key_id.len = 0;
}
static void strange_blob(struct fake *fake, Jc__SyncResponse *response) {
    static ProtobufCBinaryData blob = {3, (uint8_t *)(uintptr_t) "abc"};
    (void)fake;
    response->receipt->blob_sha256 = &blob;
    response->receipt->n_blob_sha256 = 1;
}

static const struct {
    const char *name;
    void (*hook)(struct fake *fake, Jc__SyncResponse *response);
} FORGERIES[] = {
    {"another signature", other_signature},
    {"no signature", no_signature},
    {"another row", other_row},
    {"another backup", other_backup},
    {"another head", other_head},
    {"another length", other_length},
    {"another agency", other_agency},
    {"another time", other_time},
    {"another path", other_path},
    {"no path", no_path},
    {"short step", short_step},
    {"strange key", strange_key},
    {"no key", no_key},
    {"strange blob", strange_blob},
};

static bool all_proven(struct bench *bench) {
    struct jc_terminal_task *tasks;
    size_t count;
    CHECK_OK("tasks", jc_terminal_tasks(bench->terminal, bench->arena, &tasks, &count, &bench->err), &bench->err);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tasks[i].outcome_count; k++) {
            if (!tasks[i].outcomes[k].proven)
                return false;
        }
    }
    return true;
}

static void settles_by_a_verified_receipt_alone(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    fake_modern(&bench->fake);
    sync_now(bench);
    submit(bench, 1);
    for (size_t i = 0; i < sizeof FORGERIES / sizeof *FORGERIES; i++) {
        bench->fake.hook = FORGERIES[i].hook;
        CHECK_INT(FORGERIES[i].name, bench_sync(bench, &result), JC_DATA_LOSS);
        CHECK_INT(FORGERIES[i].name, result.unsent, 1);
    }
    bench->fake.hook = NULL;
    assert_false(all_proven(bench));
    assert_int_equal(sync_now(bench).sent, 1);
    assert_true(all_proven(bench));
}

static void refuse_first(struct fake *fake, Jc__SyncResponse *response) {
    (void)fake;
    if (response->n_results == 0)
        return;
    response->results[0]->status = JC__OPERATION_STATUS__OPERATION_STATUS_REJECTED;
    response->results[0]->code = (char *)"already_exists";
    response->results[0]->reason_en = (char *)"the id is taken";
    response->receipt->operation_ids++;
    response->receipt->n_operation_ids--;
}

/* The server holds nothing of it, so it stays in the outbox with the words and blocks nobody (PEERS: one bad operation
 * wedges the queue for ever). */
static void rejected_without_receipt_is_set_aside(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    submit(bench, 2);
    bench->fake.hook = refuse_first;
    struct jc_terminal_sync_options one = {.batch_operations = 1};
    assert_int_equal(jc_terminal_sync(bench->terminal, &bench->transport, &one, bench->arena, &result, &bench->err),
                     JC_FAILED_PRECONDITION);
    assert_int_equal(result.set_aside, 2);
    assert_int_equal(result.unsent, 2);
    CHECK_STR("words", result.outcomes[0].reason_en, "the id is taken");
    bench->fake.hook = NULL;
    assert_int_equal(sync_now(bench).sent, 2);
}

/* A server that began to sign later: the first key is taken, and what it had taken unsigned is offered once more. */
static void proves_what_was_sent_before(void **state) {
    struct bench *bench = *state;
    submit(bench, 1);
    sync_now(bench);
    assert_false(all_proven(bench));
    fake_modern(&bench->fake);
    assert_int_equal(sync_now(bench).sent, 1);
    assert_true(all_proven(bench));
    assert_int_equal(bench->fake.operation_count, 1);
}

static enum jc_code accept_key(struct bench *bench, const char *fingerprint, bool *already) {
    return jc_terminal_accept_key(bench->terminal, &bench->transport, jc_str(fingerprint), already, &bench->err);
}

/* A person has compared the newest key, which nobody endorses, with the administrator's. */
static void accepts_by_fingerprint(struct bench *bench) {
    const struct fake_key *key = &bench->fake.keys[bench->fake.key_count - 1];
    char hex[2 * JC_SIGN_PUBLIC_SIZE + 1], id[2 * JC_KEY_ID_SIZE + 1];
    bool already = false;
    jc_hex(key->public_key, JC_SIGN_PUBLIC_SIZE, hex);
    jc_hex(key->key_id, JC_KEY_ID_SIZE, id);
    assert_int_equal(accept_key(bench, "", &already), JC_INVALID_ARGUMENT);
    assert_int_equal(accept_key(bench, "0123456789abcdeg", &already), JC_INVALID_ARGUMENT);
    assert_int_equal(accept_key(bench, "0123456789abcdef", &already), JC_NOT_FOUND);
    hex[5] = hex[5] == '0' ? '1' : '0';
    assert_int_equal(accept_key(bench, hex, &already), JC_NOT_FOUND);
    CHECK_OK("key id", accept_key(bench, id, &already), &bench->err);
    assert_false(already);
    jc_hex(key->public_key, JC_SIGN_PUBLIC_SIZE, hex);
    CHECK_OK("public key", accept_key(bench, hex, &already), &bench->err);
    assert_true(already);
    assert_int_equal(sync_now(bench).sent, 1);
}

static void follows_the_keys(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_sync_result result;
    fake_modern(&bench->fake);
    sync_now(bench);
    fake_rotate(&bench->fake);
    fake_rotate(&bench->fake);
    submit(bench, 1);
    assert_int_equal(sync_now(bench).sent, 1); /* two rotations at once: each endorses the next */
    fake_rotate(&bench->fake);
    memset(bench->fake.keys[3].endorsement, 7, JC_SIGNATURE_SIZE);
    submit(bench, 2);
    assert_int_equal(bench_sync(bench, &result), JC_DATA_LOSS); /* nobody known vouches for it */
    assert_int_equal(result.unsent, 1);
    accepts_by_fingerprint(bench);
    submit(bench, 0);
    fake_rotate(&bench->fake);
    memset(bench->fake.keys[4].endorsement, 7, JC_SIGNATURE_SIZE);
    assert_int_equal(bench_sync(bench, &result), JC_DATA_LOSS);
    CHECK_OK("again", bench_enroll(bench, true), &bench->err);
    assert_int_equal(sync_now(bench).sent, 1); /* an enrolment says which keys there are */
}

/* --- people who share a device -------------------------------------------------------------------------------------- */

static void enroll(struct bench *bench, const char *inspector_id) {
    bench->fake.inspector_id = inspector_id;
    CHECK_OK(inspector_id, bench_enroll(bench, true), &bench->err);
}

static void take_turns(struct bench *bench, const char *inspector_id) {
    struct jc_terminal_holder holder = {0};
    CHECK_OK(inspector_id,
             jc_terminal_switch(bench->terminal, jc_str(inspector_id), bench->arena, &holder, &bench->err),
             &bench->err);
    CHECK_STR("who works", holder.inspector_id, inspector_id);
}

static void everybody_sends_their_own(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_share *shares;
    size_t count;
    struct jc_terminal_work first = submit(bench, 1);
    enroll(bench, "i2"); /* unsent work of i1 stays and goes out under i1's enrolment */
    assert_int_equal(bench_enroll(bench, false), JC_ALREADY_EXISTS);
    CHECK_OK("holders", jc_terminal_holders(bench->terminal, bench->arena, &shares, &count, &bench->err), &bench->err);
    assert_int_equal(count, 2);
    CHECK_STR("first", shares[0].holder.inspector_id, "i1");
    assert_int_equal(shares[0].unsent, 1);
    assert_false(shares[0].active || shares[0].revoked);
    assert_true(shares[1].active);
    fake_modern(&bench->fake);
    sync_now(bench);
    struct jc_terminal_work second = submit(bench, 2);
    take_turns(bench, "i1");
    struct jc_terminal_work third = submit(bench, 0);
    assert_true(second.document_number.number > 1000); /* blocks of their own */
    assert_true(third.document_number.number < 1000 && third.document_number.number != first.document_number.number);
    assert_int_equal(sync_now(bench).sent, 2);
    assert_int_equal(bench->fake.operation_count, 3);
    assert_int_equal(bench->fake.operations[0].by, 1);
    assert_int_equal(bench->fake.operations[1].by, 2); /* in order, each under its own enrolment */
    assert_int_equal(bench->fake.operations[2].by, 1);
    struct jc_terminal_holder holder;
    assert_int_equal(jc_terminal_switch(bench->terminal, JC_STR("i9"), bench->arena, &holder, &bench->err),
                     JC_NOT_FOUND);
}

/* The server does not take i1's enrolment any more: what i1 did goes out under i2's, and says who did it. */
static void work_of_a_revoked_enrolment_goes_out(void **state) {
    struct bench *bench = *state;
    struct jc_terminal_share *shares;
    size_t count;
    struct jc_terminal_sync_result result;
    submit(bench, 1);
    bench->fake.revoked = 1u << 1;
    assert_int_equal(bench_sync(bench, &result), JC_UNAUTHENTICATED);
    assert_int_equal(result.unsent, 1);
    enroll(bench, "i2");
    assert_int_equal(sync_now(bench).sent, 1);
    assert_int_equal(bench->fake.operations[0].by, 2);
    CHECK_OK("holders", jc_terminal_holders(bench->terminal, bench->arena, &shares, &count, &bench->err), &bench->err);
    assert_true(shares[1].revoked);
    CHECK_STR("revoked", shares[1].holder.inspector_id, "i1");
    enroll(bench, "i1"); /* and may come back */
    sync_now(bench);
    submit(bench, 0);
    assert_int_equal(sync_now(bench).sent, 1);
    assert_int_equal(bench->fake.operations[1].by, 3);
}

/* --- pace --------------------------------------------------------------------------------------------------------------- */

static void keeps_its_pace_within_limits(void **state) {
    (void)state;
    struct jc_terminal_pace pace = jc_terminal_pace_sane((struct jc_terminal_pace){0});
    assert_int_equal(pace.bytes, JC_TERMINAL_PACE_BYTES_FIRST);
    for (int i = 0; i < 10; i++)
        jc_terminal_pace_slower(&pace);
    assert_int_equal(pace.bytes, JC_TERMINAL_PACE_BYTES_MIN);
    assert_int_equal(pace.operations, 1);
    assert_true(jc_terminal_pace_good(&pace)); /* one is not enough */
    assert_int_equal(pace.bytes, JC_TERMINAL_PACE_BYTES_MIN);
    assert_true(jc_terminal_pace_good(&pace));
    assert_int_equal(pace.bytes, 2 * JC_TERMINAL_PACE_BYTES_MIN);
    assert_int_equal(pace.operations, 2);
    for (int i = 0; i < 40; i++)
        jc_terminal_pace_good(&pace);
    assert_int_equal(pace.bytes, JC_TERMINAL_PACE_BYTES_MAX);
    assert_int_equal(pace.operations, JC_TERMINAL_PACE_OPERATIONS_MAX);
    assert_false(jc_terminal_pace_good(&pace));
}

static void slows_down_after_a_cut(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 6; i++)
        submit(bench, 0);
    for (int cuts = 0; cuts < 5; cuts++) {
        bench->fake.lose_call = 1;
        assert_int_equal(bench_sync(bench, NULL), JC_UNAVAILABLE);
    }
    bench_reopen(bench); /* it is kept */
    assert_int_equal(sync_now(bench).sent, 6);
    assert_true(bench->fake.calls >= 10); /* 50 / 2^5 = 1 operation, then 1, 2, 2 */
    assert_int_equal(bench->fake.operation_count, 6);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        WITH_BENCH(seals_for_both_servers),
        WITH_BENCH(chain_goes_on_over_a_hole),
        WITH_BENCH(settles_by_a_verified_receipt_alone),
        WITH_BENCH(rejected_without_receipt_is_set_aside),
        WITH_BENCH(proves_what_was_sent_before),
        WITH_BENCH(follows_the_keys),
        WITH_BENCH(everybody_sends_their_own),
        WITH_BENCH(work_of_a_revoked_enrolment_goes_out),
        cmocka_unit_test(keeps_its_pace_within_limits),
        WITH_BENCH(slows_down_after_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
