/* Bundles from a stick: taken whole or not at all, once however often they come, with a receipt that a
 * terminal can check; kept for review if the device was revoked. */
#include "jc_field_test.h"

#include "base/bundle.h"
#include "store/server_key.h"
#include "sync/ingest.h"
#include "sync/receipt.h"

static struct field field;

/* --- making a bundle as a terminal does ---------------------------------------------------------------- */

struct making {
    Jc__BundleKind kind;
    int device;
    const uint8_t *public_key, *secret_key;
    Jc__Operation **operations;
    size_t count, per_frame;
    bool spoil_end;
    const char *inspector_id; /* or NULL */
};

static void add_frame(struct field *f, struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                      const ProtobufCMessage *message) {
    struct jc_str bytes;
    struct jc_err err = {0};
    CHECK_OK("pack", jc_message_pack(message, f->arena, &bytes, &err), &err);
    CHECK_OK("write", jc_bundle_write(writer, type, bytes, &err), &err);
}

static struct jc_str make_bundle(struct field *f, const struct making *m) {
    struct jc_buf buf;
    struct jc_bundle_writer *writer;
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    Jc__BundleEnd end = JC__BUNDLE_END__INIT;
    struct jc_str bytes;
    jc_buf_init(&buf, 8 << 20);
    header.kind = m->kind;
    header.agency_id = (char *)"x";
    header.device_id = field_id(f, FIELD_DEVICE, m->device);
    header.inspector_id = (char *)(m->inspector_id ? m->inspector_id : "");
    header.public_key = (ProtobufCBinaryData){JC_SIGN_PUBLIC_SIZE, (uint8_t *)m->public_key};
    CHECK_OK("create", jc_bundle_create_bytes(&buf, &writer, &err), &err);
    add_frame(f, writer, JC_BUNDLE_HEADER, &header.base);
    for (size_t i = 0; i < m->count; i += m->per_frame) {
        Jc__BundleOperations frame = JC__BUNDLE_OPERATIONS__INIT;
        frame.operations = m->operations + i;
        frame.n_operations = m->count - i < m->per_frame ? m->count - i : m->per_frame;
        add_frame(f, writer, JC_BUNDLE_OPERATIONS, &frame.base);
    }
    jc_bundle_written_hash(writer, sha256);
    jc_bundle_sign(sha256, m->secret_key, signature);
    signature[5] ^= m->spoil_end;
    end.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    end.signature = (ProtobufCBinaryData){sizeof signature, signature};
    CHECK_OK("pack", jc_message_pack(&end.base, f->arena, &bytes, &err), &err);
    CHECK_OK("finish", jc_bundle_finish(writer, bytes, &err), &err);
    struct jc_str copy = jc_arena_copy(f->arena, jc_buf_str(&buf));
    jc_buf_free(&buf);
    return copy;
}

/* --- taking it ----------------------------------------------------------------------------------------- */

struct taking {
    struct field *f;
    struct jc_str bytes;
    int64_t agency_id;
    struct jc_ingest ingest;
    Jc__OperationResult *results[16];
    size_t count;
    struct jc_receipt_draft *draft;
};

static enum jc_code take_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct taking *t = ctx;
    struct jc_bundle_frame frame = {0};
    struct jc_receipt_operation durable[16];
    size_t durable_count = 0;
    t->count = 0;
    enum jc_code code = jc_ingest_check(t->ingest.reader, t->f->arena, &t->ingest, err);
    if (!code)
        code = jc_ingest_admit(tx, t->agency_id, &t->ingest, t->f->arena, err);
    while (!code && frame.type != JC_BUNDLE_END) {
        struct jc_sync_prepared *prepared = NULL;
        struct jc_ingested part = {0};
        code = jc_bundle_next(t->ingest.reader, &frame, err);
        if (code || frame.type != JC_BUNDLE_OPERATIONS)
            continue;
        code = jc_ingest_unpack(&t->ingest, &frame, t->f->arena, &prepared, err);
        if (!code)
            code = jc_ingest_apply(tx, &t->ingest, prepared, t->f->now_ms, t->f->arena, &part, err);
        for (size_t i = 0; !code && i < part.result_count; i++)
            t->results[t->count++] = part.results[i];
        for (size_t i = 0; !code && i < part.durable_count; i++)
            durable[durable_count++] = part.durable[i];
    }
    struct jc_receipt_content content = {t->ingest.made_by, durable, durable_count, NULL, 0};
    if (!code)
        code = jc_receipt_make(tx, t->agency_id, t->f->now_ms, &content, t->f->arena, &t->draft, err);
    return code;
}

static enum jc_code take(struct taking *t, struct jc_err *err) {
    enum jc_code code = jc_bundle_open_bytes(JC_STR("stick"), t->bytes, &t->ingest.reader, err);
    struct jc_bundle_reader *reader = code ? NULL : t->ingest.reader;
    if (!code)
        code = jc_db_write_wait(t->f->db, t->agency_id, take_job, t, err);
    jc_bundle_close(reader);
    return code;
}

static int open_field(void **state) {
    (void)state;
    field_open(&field);
    return 0;
}

static int close_field(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

/* Two tasks returned by the first terminal, signed one by one: what any device may do. */
static struct making signed_returns(struct field *f, Jc__Operation *operations[2]) {
    operations[0] = field_return(f, 1, FIELD_T1, "停产");
    operations[1] = field_return(f, 2, FIELD_T2, "搬迁");
    for (int i = 0; i < 2; i++) {
        uint8_t *signature = jc_arena_alloc(f->arena, JC_SIGNATURE_SIZE);
        jc_sign((struct jc_str){(const char *)operations[i]->body.data, operations[i]->body.len}, f->secret_key,
                signature);
        operations[i]->signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signature};
    }
    return (struct making){.kind = JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT,
                           .device = FIELD_KEYED,
                           .public_key = f->public_key,
                           .secret_key = f->secret_key,
                           .operations = operations,
                           .count = 2,
                           .per_frame = 1};
}

static void test_taken_once(void **state) {
    (void)state;
    struct field *f = &field;
    struct jc_err err = {0};
    Jc__Operation *operations[2];
    struct making m = signed_returns(f, operations);
    struct taking t = {.f = f, .agency_id = 1, .bytes = make_bundle(f, &m)};
    CHECK_OK("first", take(&t, &err), &err);
    assert_int_equal(t.count, 2);
    int64_t rows = jc_test_number(f->db, "SELECT COUNT(*) FROM operation");
    assert_int_equal(rows, 2);
    int64_t numbers[] = {t.results[0]->operation_no, t.results[1]->operation_no};
    CHECK_OK("sign", jc_receipt_complete(t.draft, f->arena, &err), &err);
    assert_int_equal(t.draft->receipt->n_operation_ids, 2);
    assert_int_equal(t.draft->receipt->signature.len, JC_SIGNATURE_SIZE);

    CHECK_OK("again", take(&t, &err), &err); /* the same stick twice */
    assert_int_equal(jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), rows);
    for (int i = 0; i < 2; i++)
        assert_int_equal(t.results[i]->operation_no, numbers[i]);

    /* And by the net afterwards: a repeat too. */
    Jc__SyncResponse *answer = field_sync(f, FIELD_KEYED, operations, 2);
    assert_int_equal(answer->results[0]->operation_no, numbers[0]);
    assert_int_equal(jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), rows);
}

/* A restored database does not know the enrolment, but the same person's with the same key. */
static void test_enrolled_anew(void **state) {
    (void)state;
    struct field *f = &field;
    struct jc_err err = {0};
    Jc__Operation *operations[2];
    struct making m = signed_returns(f, operations);
    m.device = 99;
    m.inspector_id = "a3";
    struct taking t = {.f = f, .agency_id = 1, .bytes = make_bundle(f, &m)};
    CHECK_OK("taken", take(&t, &err), &err);
    struct jc_uuid here = field_uuid(FIELD_DEVICE, FIELD_KEYED), there = field_uuid(FIELD_DEVICE, 99);
    assert_memory_equal(t.ingest.caller.device_id.bytes, here.bytes, JC_UUID_SIZE);
    assert_memory_equal(t.ingest.made_by.bytes, there.bytes, JC_UUID_SIZE); /* for the receipt */
}

static void test_refused(void **state) {
    (void)state;
    struct field *f = &field;
    Jc__Operation *operations[2];
    uint8_t other_public[JC_SIGN_PUBLIC_SIZE], other_secret[JC_SIGN_SECRET_SIZE];
    jc_sign_keypair(other_public, other_secret);
    static const struct {
        const char *name;
        Jc__BundleKind kind;
        int device;
        bool other_key, other_signer, spoil_end;
        size_t cut;
        int64_t agency_id;
        enum jc_msg what;
    } CASES[] = {
        {"a receipt", JC__BUNDLE_KIND__BUNDLE_KIND_RECEIPT, FIELD_KEYED, false, false, false, 0, 1, JC_MSG_INGEST_KIND},
        {"spoiled signature", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_KEYED, false, false, true, 0, 1,
         JC_MSG_BUNDLE_ALTERED},
        {"signed by another key", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_KEYED, false, true, false, 0, 1,
         JC_MSG_BUNDLE_ALTERED},
        {"another terminal's key", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_KEYED, true, true, false, 0, 1,
         JC_MSG_INGEST_KEY},
        {"a terminal without a key", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_A1, false, false, false, 0, 1,
         JC_MSG_INGEST_KEY},
        {"unknown terminal", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, 99, false, false, false, 0, 1, JC_MSG_DEVICE_UNKNOWN},
        {"another agency's terminal", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_KEYED, false, false, false, 0, 2,
         JC_MSG_DEVICE_UNKNOWN},
        {"cut off", JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT, FIELD_KEYED, false, false, false, 9, 1, JC_MSG_BUNDLE_CUT},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        struct making m = signed_returns(f, operations);
        m.kind = CASES[i].kind;
        m.device = CASES[i].device;
        m.public_key = CASES[i].other_key ? other_public : m.public_key;
        m.secret_key = CASES[i].other_signer ? other_secret : m.secret_key;
        m.spoil_end = CASES[i].spoil_end;
        struct taking t = {.f = f, .agency_id = CASES[i].agency_id, .bytes = make_bundle(f, &m)};
        t.bytes.len -= CASES[i].cut;
        CHECK(CASES[i].name, take(&t, &err) != JC_OK);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
        CHECK_INT(CASES[i].name, jc_test_number(f->db, "SELECT COUNT(*) FROM operation"), 0);
    }
}

static enum jc_code revoke_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    (void)ctx;
    return jc_device_set_revoked(tx, 1, field_uuid(FIELD_DEVICE, FIELD_KEYED), FIELD_NOW_MS, JC_STR(""), err);
}

static void test_revoked_device(void **state) {
    (void)state;
    struct field *f = &field;
    struct jc_err err = {0};
    Jc__Operation *operations[2];
    struct making m = signed_returns(f, operations);
    struct taking t = {.f = f, .agency_id = 1, .bytes = make_bundle(f, &m)};
    jc_test_write(f->db, revoke_job, NULL);
    CHECK_OK("revoked", take(&t, &err), &err);
    assert_int_equal(t.count, 2);
    for (size_t i = 0; i < t.count; i++)
        assert_int_equal(t.results[i]->status, KEPT);
    assert_int_equal(jc_test_number(f->db, "SELECT COUNT(*) FROM review WHERE reason = 13"), 2);
    assert_int_equal(jc_test_number(f->db, "SELECT COUNT(*) FROM task WHERE state = 3"), 0); /* none is returned */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_taken_once, open_field, close_field),
        cmocka_unit_test_setup_teardown(test_enrolled_anew, open_field, close_field),
        cmocka_unit_test_setup_teardown(test_refused, open_field, close_field),
        cmocka_unit_test_setup_teardown(test_revoked_device, open_field, close_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
