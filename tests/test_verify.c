/* Evidence of one record: written by the server, checked from its bytes alone, any alteration found. */
#include "jc_field_test.h"

#include "base/file.h"
#include "base/message.h"
#include "sync/evidence.h"

static struct field field;
static char folder[JC_TEST_PATH], path[2 * JC_TEST_PATH];

struct making {
    struct jc_uuid inspection_id;
    struct jc_evidence evidence;
};

static enum jc_code make_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct making *m = ctx;
    return jc_evidence_make(tx, 1, m->inspection_id, FIELD_NOW_MS, JC_STR("cli:t"), field.arena, &m->evidence, err);
}

struct faults {
    size_t count;
    enum jc_msg what;
};

static void found(void *ctx, int64_t row, const struct jc_err *fault) {
    struct faults *faults = ctx;
    (void)row;
    if (!faults->count++)
        faults->what = fault->what;
}

static enum jc_code check(struct jc_str bytes, struct jc_str trusted, struct faults *faults, struct jc_err *err) {
    struct jc_bundle_reader *reader = NULL;
    struct jc_evidence_report report;
    *faults = (struct faults){0};
    enum jc_code code = jc_bundle_open_bytes(JC_STR("record.jcb"), bytes, &reader, err);
    if (!code)
        code = jc_evidence_check(reader, trusted, field.arena, found, faults, &report, err);
    jc_bundle_close(reader);
    return code;
}

/* A record that the terminal KEYED has signed, as a file. */
static struct jc_str make_file(struct making *m) {
    struct field *f = &field;
    struct jc_err err = {0};
    struct jc_str bytes;
    Jc__Inspection *inspection = field_inspection(f, 1, FIELD_T1, "u1", 1);
    Jc__Operation *operation = field_submit(f, 1, inspection);
    uint8_t *signature = jc_arena_alloc(f->arena, JC_SIGNATURE_SIZE);
    jc_sign(jc_view(operation->body), f->secret_key, signature);
    operation->signature = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, signature};
    field_lease(f, FIELD_KEYED);
    field_send(f, FIELD_KEYED, operation);
    memcpy(m->inspection_id.bytes, inspection->inspection_id.data, JC_UUID_SIZE);
    jc_test_write(f->db, make_job, m);
    CHECK_OK("write", jc_evidence_write(&m->evidence, path, f->arena, &err), &err);
    CHECK_OK("read", jc_file_read(path, 1 << 20, f->arena, &bytes, &err), &err);
    return bytes;
}

static void test_evidence(void **state) {
    (void)state;
    struct making m = {0};
    struct faults faults;
    struct jc_err err = {0};
    struct jc_str bytes = make_file(&m), none = {0};
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE];
    CHECK_OK("sound", check(bytes, none, &faults, &err), &err);
    assert_int_equal(faults.count, 0);
    assert_int_equal(jc_test_number(field.db, "SELECT COUNT(*) FROM audit_log WHERE act = 'evidence.export'"), 1);

    const Jc__ServerKey *key = m.evidence.head.server_keys[0];
    memcpy(public_key, key->public_key.data, sizeof public_key);
    struct jc_str trusted = {(const char *)public_key, sizeof public_key};
    CHECK_OK("trusted", check(bytes, trusted, &faults, &err), &err);
    public_key[0] ^= 1;
    assert_int_equal(check(bytes, trusted, &faults, &err), JC_DATA_LOSS);
    assert_int_equal(err.what, JC_MSG_EVIDENCE_KEY);

    for (size_t at = 0; at < bytes.len; at += 7) { /* an altered byte, wherever it is */
        char name[32];
        snprintf(name, sizeof name, "byte %zu", at);
        ((char *)bytes.ptr)[at] ^= 4;
        CHECK(name, check(bytes, none, &faults, &err) != JC_OK || faults.count);
        ((char *)bytes.ptr)[at] ^= 4;
    }
}

/* Whoever holds the server's key can sign anything, but not what the terminal signed. */
static void test_forged_by_the_server(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum jc_msg what;
    } CASES[] = {{"another body", JC_MSG_EVIDENCE_SIGNATURE},
                 {"another moment", JC_MSG_EVIDENCE_CHAIN},
                 {"no signature", JC_MSG_EVIDENCE_UNSEALED}};
    struct making m = {0};
    struct faults faults;
    struct jc_err err = {0};
    struct jc_str none = {0};
    make_file(&m);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_str bytes;
        jc_test_write(field.db, make_job, &m);
        Jc__EvidenceRecord *record = m.evidence.record;
        if (i == 0)
            record->operation->body.data[record->operation->body.len - 1] ^= 1;
        if (i == 1)
            record->received_at->seconds++;
        if (i == 2) {
            record->operation->signature.len = 0;
            record->operation->previous = (ProtobufCBinaryData){JC_SHA256_SIZE, (uint8_t *)folder};
        }
        CHECK_OK(CASES[i].name, jc_evidence_write(&m.evidence, path, field.arena, &err), &err);
        CHECK_OK(CASES[i].name, jc_file_read(path, 1 << 20, field.arena, &bytes, &err), &err);
        CHECK_OK(CASES[i].name, check(bytes, none, &faults, &err), &err);
        CHECK_INT(CASES[i].name, faults.what, CASES[i].what);
    }
}

/* A record whose operation bears no seal is vouched for by the next one of the terminal's chain, wherever its row lies: a
 * colleague may have handed that one in before. */
static void test_sealed_by_the_next(void **state) {
    (void)state;
    for (int next_first = 0; next_first < 2; next_first++) {
        struct field *f = &field;
        struct making m = {0};
        struct faults faults;
        struct jc_err err = {0};
        struct jc_str bytes, none = {0};
        uint8_t link[JC_SHA256_SIZE] = {(uint8_t)(7 + next_first)}, sha256[JC_SHA256_SIZE];
        Jc__Inspection *inspection = field_inspection(f, 1 + next_first, 0, "u4", 0);
        Jc__Operation *chain[] = {field_ad_hoc(f, 1 + 2 * next_first, inspection),
                                  field_return(f, 2 + 2 * next_first, next_first ? FIELD_T2 : FIELD_T1, "停产")};
        for (int i = 0; i < 2; i++) {
            struct jc_uuid id;
            memcpy(id.bytes, chain[i]->id.data, sizeof id.bytes);
            chain[i]->previous = (ProtobufCBinaryData){sizeof link, field_copy(f, link, sizeof link)};
            jc_sha256((struct jc_str){(const char *)chain[i]->body.data, chain[i]->body.len}, sha256);
            jc_link(link, id, sha256, (struct jc_str){0}, link);
        }
        uint8_t *seal = jc_arena_alloc(f->arena, JC_SIGNATURE_SIZE);
        jc_seal_sign(link, f->secret_key, seal);
        chain[1]->seal = (ProtobufCBinaryData){JC_SIGNATURE_SIZE, seal};
        if (next_first)
            field_send(f, FIELD_KEYED, chain[1]);
        field_sync(f, FIELD_KEYED, chain, 2);
        memcpy(m.inspection_id.bytes, inspection->inspection_id.data, JC_UUID_SIZE);
        jc_test_write(f->db, make_job, &m);
        CHECK_INT("one step to the seal", m.evidence.record->n_steps, 1);
        CHECK_OK("write", jc_evidence_write(&m.evidence, path, f->arena, &err), &err);
        CHECK_OK("read", jc_file_read(path, 1 << 20, f->arena, &bytes, &err), &err);
        CHECK_OK("check", check(bytes, none, &faults, &err), &err);
        CHECK_INT(next_first ? "the next row came first" : "in order", faults.count, 0);
    }
}

static void test_unknown(void **state) {
    (void)state;
    struct making m = {.inspection_id = {{9}}};
    struct jc_err err = {0};
    assert_int_equal(jc_test_try(field.db, make_job, &m, &err), JC_NOT_FOUND);
    assert_int_equal(err.what, JC_MSG_EVIDENCE_UNKNOWN);
}

static int setup(void **state) {
    (void)state;
    jc_test_folder(folder);
    snprintf(path, sizeof path, "%s/record.jcb", folder);
    field_open(&field);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_evidence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged_by_the_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealed_by_the_next, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
