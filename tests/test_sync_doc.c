/* docs/SYNC.md says what the code does: its vectors, tables and worked exchange are made here, from fixed keys and a
 * fixed clock, and compared with the text between the marks `<!-- made: NAME -->` and `<!-- end -->`. After a change
 * of the protocol JC_SYNC_DOC_WRITE=1 writes them anew; read the difference before you commit it. */
#include "jc_field_test.h"

#include "base/base64.h"
#include "base/bundle.h"
#include "base/evidence.h"
#include "base/file.h"
#include "base/message.h"
#include "base/proto_json.h"
#include "base/random.h"
#include "http/connect.h"
#include "http/tus_head.h"
#include "jiancha/v1/bundle.pb-c.h"
#include "jiancha/v1/sync_service.pb-c.h"

static const char DOCUMENT[] = "docs/SYNC.md";

enum { TEXT_MAX = 1 << 20, HEX_LINE = 48 };

/* Bytes 1, 2, 3 … instead of random ones. */
static void count_up(void *ctx, void *out, size_t len) {
    uint8_t *next = ctx;
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)out)[i] = ++*next;
}

static struct jc_str bytes_of(ProtobufCBinaryData data) {
    return jc_view(data);
}

/* --- printing --------------------------------------------------------------------------------------------- */

static void print_hex(struct jc_buf *out, const char *name, const void *bytes, size_t len) {
    char hex[2 * HEX_LINE + 1];
    jc_buf_printf(out, "%-17s ", name);
    for (size_t at = 0; at < len || at == 0; at += HEX_LINE) {
        size_t part = len - at < HEX_LINE ? len - at : HEX_LINE;
        jc_buf_printf(out, "%s%s\n", at ? "                  " : "",
                      jc_hex((const uint8_t *)bytes + at, part, hex).ptr);
    }
}

static void show_message(struct jc_buf *out, struct field *f, const char *name, const ProtobufCMessage *message) {
    struct jc_str bytes = {0};
    struct jc_buf json;
    struct jc_err err = {0};
    jc_buf_init(&json, TEXT_MAX);
    CHECK_OK(name, jc_message_to_json(message, &json, &err), &err);
    CHECK_OK(name, jc_message_pack(message, f->arena, &bytes, &err), &err);
    jc_buf_printf(out, "%s, as JSON:\n\n```json\n%.*s\n```\n\nand in binary, %zu bytes:\n\n```text\n", name,
                  JC_FMT(jc_buf_str(&json)), bytes.len);
    for (size_t at = 0; at < bytes.len; at += HEX_LINE) {
        char hex[2 * HEX_LINE + 1];
        size_t part = bytes.len - at < HEX_LINE ? bytes.len - at : HEX_LINE;
        jc_buf_printf(out, "%s\n", jc_hex(bytes.ptr + at, part, hex).ptr);
    }
    jc_buf_printf(out, "```\n\n");
    jc_buf_free(&json);
}

/* --- vectors ------------------------------------------------------------------------------------------------ */

static void make_vectors(struct jc_buf *out, struct field *f) {
    struct jc_receipt_operation operations[2];
    uint8_t zeros[JC_SHA256_SIZE] = {0}, body[JC_SHA256_SIZE], first[JC_SHA256_SIZE], second[JC_SHA256_SIZE];
    uint8_t seal[JC_SIGNATURE_SIZE], nodes[2 + 1][JC_SHA256_SIZE], entity[JC_SHA256_SIZE], hash[JC_SHA256_SIZE];
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE], signature[JC_SIGNATURE_SIZE];
    struct jc_uuid a = field_uuid(FIELD_OPERATION, 1), b = field_uuid(FIELD_OPERATION, 2),
                   device = field_uuid(FIELD_DEVICE, FIELD_KEYED);
    struct jc_receipt_statement statement = {
        .agency = JC_STR("hn"), .chain_length = 2, .server_ms = FIELD_NOW_MS, .backed_up_through = 1};
    jc_buf_printf(out, "```text\n");
    print_hex(out, "public key", f->public_key, JC_SIGN_PUBLIC_SIZE);
    print_hex(out, "seed of it", f->secret_key, JC_SIGN_SECRET_SIZE - JC_SIGN_PUBLIC_SIZE);
    jc_sha256(JC_STR("body"), body);
    print_hex(out, "SHA-256(\"body\")", body, sizeof body);
    jc_link(zeros, a, body, JC_STR(""), first);
    print_hex(out, "first id", a.bytes, JC_UUID_SIZE);
    print_hex(out, "first link", first, sizeof first);
    jc_link(first, b, body, (struct jc_str){(const char *)a.bytes, JC_UUID_SIZE}, second);
    print_hex(out, "second id", b.bytes, JC_UUID_SIZE);
    print_hex(out, "second link", second, sizeof second);
    jc_seal_sign(second, f->secret_key, seal);
    print_hex(out, "its seal", seal, sizeof seal);
    operations[0] = (struct jc_receipt_operation){.id = a, .operation_no = 1};
    operations[1] = (struct jc_receipt_operation){.id = b, .operation_no = 2};
    memcpy(operations[0].body_sha256, body, sizeof body);
    memcpy(operations[1].body_sha256, body, sizeof body);
    jc_receipt_leaf(device, operations, 2, NULL, 0, nodes[0]);
    print_hex(out, "device id", device.bytes, JC_UUID_SIZE);
    print_hex(out, "leaf, both", nodes[0], JC_SHA256_SIZE);
    jc_receipt_leaf(device, operations, 1, NULL, 0, nodes[1]);
    print_hex(out, "leaf, first only", nodes[1], JC_SHA256_SIZE);
    assert_int_equal(jc_receipt_tree_size(2), COUNT(nodes));
    const uint8_t *root = jc_receipt_tree_build(nodes, 2);
    print_hex(out, "root of the two", root, JC_SHA256_SIZE);
    jc_sign_keypair(public_key, secret_key);
    jc_key_id(public_key, statement.key_id);
    memcpy(statement.chain_head, second, sizeof second);
    print_hex(out, "server's key", public_key, sizeof public_key);
    print_hex(out, "its key id", statement.key_id, JC_KEY_ID_SIZE);
    jc_receipt_sign(&statement, root, secret_key, signature);
    print_hex(out, "receipt signature", signature, sizeof signature);
    jc_entity_hash(JC__ENTITY_KIND__ENTITY_KIND_TASK, (struct jc_str){(const char *)a.bytes, JC_UUID_SIZE},
                   JC_STR("body"), entity);
    print_hex(out, "entity hash", entity, sizeof entity);
    jc_bundle_sign(body, f->secret_key, signature);
    print_hex(out, "bundle signature", signature, sizeof signature);
    jc_key_endorse(f->public_key, secret_key, signature);
    print_hex(out, "endorsement", signature, sizeof signature);
    jc_sha256(JC_STR("abc"), hash);
    print_hex(out, "SHA-256(\"abc\")", hash, sizeof hash);
    jc_buf_printf(out, "```\n");
}

/* --- the exchange ------------------------------------------------------------------------------------------------ */

/* Chained and sealed: the first operation of the terminal's life. */
static Jc__Operation *sealed(struct field *f, Jc__Operation *operation) {
    uint8_t zeros[JC_SHA256_SIZE] = {0}, body[JC_SHA256_SIZE], link[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    struct jc_uuid id;
    memcpy(id.bytes, operation->id.data, JC_UUID_SIZE);
    jc_sha256(bytes_of(operation->body), body);
    jc_link(zeros, id, body, JC_STR(""), link);
    jc_seal_sign(link, f->secret_key, seal);
    operation->previous = (ProtobufCBinaryData){sizeof zeros, field_copy(f, zeros, sizeof zeros)};
    operation->seal = (ProtobufCBinaryData){sizeof seal, field_copy(f, seal, sizeof seal)};
    return operation;
}

static void make_exchange(struct jc_buf *out, struct field *f) {
    struct field_call call = field_call(f, FIELD_KEYED);
    jc_test_write(f->db, field_call_job, &call); /* the listing, which is not shown */
    const Jc__SyncResponse *listing = call.response;
    Jc__DeviceReport report = JC__DEVICE_REPORT__INIT;
    Jc__Operation *operation = sealed(f, field_return(f, 1, FIELD_T2, "企业停产"));
    ProtobufCMessage *body = NULL;
    struct jc_err err = {0};
    report.device_time = field_time(f, FIELD_NOW_MS + 2000);
    report.monotonic_ms = 4000;
    report.unsent = 1;
    report.app_version = (char *)"1";
    call = field_call(f, FIELD_KEYED);
    call.request.cursor = listing->cursor;
    call.request.report = &report;
    call.request.operations = &operation;
    call.request.n_operations = 1;
    call.request.number_blocks_version = listing->number_blocks_version;
    call.request.known_key_id = listing->server_keys[listing->n_server_keys - 1]->key_id;
    CHECK_OK("body",
             jc_message_unpack(&jc__operation_body__descriptor, bytes_of(operation->body), f->arena, &body, &err),
             &err);
    assert_true(listing->n_server_keys);
    const Jc__ServerKey *key = listing->server_keys[listing->n_server_keys - 1];
    jc_buf_printf(out, "```text\n");
    print_hex(out, "device id", call.caller.device_id.bytes, JC_UUID_SIZE);
    print_hex(out, "device's key", f->public_key, JC_SIGN_PUBLIC_SIZE);
    print_hex(out, "server's key", key->public_key.data, key->public_key.len);
    jc_buf_printf(out, "```\n\n");
    show_message(out, f, "The operation's body (`OperationBody`)", body);
    show_message(out, f, "The request (`SyncRequest`)", &call.request.base);
    jc_test_write(f->db, field_call_job, &call);
    CHECK_INT("applied", call.response->results[0]->status, APPLIED);
    show_message(out, f, "The answer (`SyncResponse`)", &call.response->base);
}

/* --- a bundle ------------------------------------------------------------------------------------------------------- */

static void put_frame(struct field *f, struct jc_bundle_writer *writer, enum jc_bundle_frame_type type,
                      const ProtobufCMessage *message) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    CHECK_OK("pack", jc_message_pack(message, f->arena, &bytes, &err), &err);
    CHECK_OK("frame", jc_bundle_write(writer, type, bytes, &err), &err);
}

static void make_bundle(struct jc_buf *out, struct field *f) {
    struct jc_buf file;
    struct jc_bundle_writer *writer = NULL;
    struct jc_err err = {0};
    struct jc_str end = {0};
    uint8_t sha256[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    Jc__BundleHeader header = JC__BUNDLE_HEADER__INIT;
    Jc__BundleEnd last = JC__BUNDLE_END__INIT;
    header.kind = JC__BUNDLE_KIND__BUNDLE_KIND_UNSENT;
    header.agency_id = (char *)"x";
    header.device_id = field_id(f, FIELD_DEVICE, FIELD_KEYED);
    header.public_key = (ProtobufCBinaryData){JC_SIGN_PUBLIC_SIZE, f->public_key};
    jc_buf_init(&file, TEXT_MAX);
    CHECK_OK("bundle", jc_bundle_create_bytes(&file, &writer, &err), &err);
    put_frame(f, writer, JC_BUNDLE_HEADER, &header.base);
    jc_bundle_written_hash(writer, sha256);
    jc_bundle_sign(sha256, f->secret_key, signature);
    last.sha256 = (ProtobufCBinaryData){sizeof sha256, sha256};
    last.signature = (ProtobufCBinaryData){sizeof signature, signature};
    CHECK_OK("end", jc_message_pack(&last.base, f->arena, &end, &err), &err);
    CHECK_OK("end", jc_bundle_finish(writer, end, &err), &err);
    jc_buf_printf(out, "```text\n");
    print_hex(out, "whole file", jc_buf_str(&file).ptr, file.len);
    print_hex(out, "SHA-256 in END", sha256, sizeof sha256);
    jc_buf_printf(out, "```\n");
    jc_buf_free(&file);
}

/* --- a refusal, an upload -------------------------------------------------------------------------------------------- */

static void make_refusal(struct jc_buf *out, struct field *f) {
    struct jc_err err = {0};
    jc_fail(&err, JC_RESOURCE_EXHAUSTED, JC_MSG_SERVER_BUSY);
    struct jc_str body = jc_connect_error(&err, JC_EN, 2000, f->arena);
    jc_buf_printf(out, "```text\nHTTP/1.1 %d\nContent-Type: application/json\nRetry-After: 2\n\n%.*s\n```\n",
                  jc_connect_status(err.code), JC_FMT(body));
}

/* The head as a handheld writes it, read by the server's own reader. */
static void make_upload(struct jc_buf *out, struct field *f) {
    uint8_t sha256[JC_SHA256_SIZE];
    char hex[2 * JC_SHA256_SIZE + 1];
    struct jc_tus_ask ask;
    struct jc_err err = {0};
    const char *allow = NULL;
    int status = 0;
    jc_sha256(JC_STR("abc"), sha256);
    struct jc_str metadata =
        jc_arena_printf(f->arena, "sha256 %s,type %s", jc_base64(jc_hex(sha256, sizeof sha256, hex), f->arena).ptr,
                        jc_base64(JC_STR("image/jpeg"), f->arena).ptr);
    struct jc_tus_head head = {.method = JC_STR("POST"),
                               .path = JC_STR("/blobs"),
                               .resumable = JC_STR("1.0.0"),
                               .upload_length = JC_STR("3"),
                               .upload_metadata = metadata};
    CHECK_OK("the server reads it", jc_tus_read(&head, f->arena, &ask, &allow, &status, &err), &err);
    CHECK("hash", memcmp(ask.sha256, sha256, sizeof sha256) == 0);
    CHECK_STR("type", ask.media_type, "image/jpeg");
    jc_buf_printf(out,
                  "```text\nPOST /blobs HTTP/1.1\nAuthorization: Bearer TOKEN\nTus-Resumable: 1.0.0\n"
                  "Upload-Length: 3\nUpload-Metadata: %.*s\n```\n",
                  JC_FMT(metadata));
}

/* --- tables ------------------------------------------------------------------------------------------------------------ */

static void make_errors(struct jc_buf *out, struct field *f) {
    (void)f;
    static const struct {
        enum jc_code code;
        const char *what;
    } ROWS[] = {
        {JC_CANCELLED, "the caller went away; ask again"},
        {JC_UNKNOWN, "the path takes other methods, or another kind of body; a bug of the client"},
        {JC_INVALID_ARGUMENT, "the request cannot be read or says something impossible; halve it (section 5)"},
        {JC_DEADLINE_EXCEEDED, "too late for Connect-Timeout-Ms; the server may have done it: send the same again"},
        {JC_NOT_FOUND, "no such thing in this agency"},
        {JC_ALREADY_EXISTS, "it is there already"},
        {JC_PERMISSION_DENIED, "not for this caller"},
        {JC_RESOURCE_EXHAUSTED, "a queue is full (wait for Retry-After), or the request is too large (halve it)"},
        {JC_FAILED_PRECONDITION, "something else comes first; the words say what"},
        {JC_ABORTED, "somebody else was faster; ask again"},
        {JC_OUT_OF_RANGE, "a number out of range"},
        {JC_UNIMPLEMENTED, "no such procedure or compression; an older server"},
        {JC_INTERNAL, "a bug of the server; ask again later"},
        {JC_UNAVAILABLE, "stopping, full disk, busy: wait for Retry-After, send the same again"},
        {JC_DATA_LOSS, "stored data is damaged; people must look"},
        {JC_UNAUTHENTICATED, "the token is unknown or revoked: enrol anew; unsent work stays"},
    };
    jc_buf_printf(out, "| code | HTTP | what the terminal does |\n|---|---|---|\n");
    for (size_t i = 0; i < COUNT(ROWS); i++)
        jc_buf_printf(out, "| `%s` | %d | %s |\n", jc_code_name(ROWS[i].code), jc_connect_status(ROWS[i].code),
                      ROWS[i].what);
}

static void make_grounds(struct jc_buf *out, struct field *f) {
    (void)f;
#define JC_VERDICT(key, status, code, reason) {#key, #status, JC_##code, JC_MSG_VERDICT_##key},
    static const struct {
        const char *key, *status;
        enum jc_code code;
        enum jc_msg words;
    } ROWS[] = {
#include "store/verdict.def"
    };
#undef JC_VERDICT
    static const struct jc_str PLACES[] = {{"{0}", 3}, {"{1}", 3}, {"{2}", 3}, {"{3}", 3}};
    jc_buf_printf(out, "| ground | status | code | in words |\n|---|---|---|---|\n");
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        jc_buf_printf(out, "| %s | %s | %s | ", ROWS[i].key, ROWS[i].status,
                      ROWS[i].code ? jc_code_name(ROWS[i].code) : "");
        jc_msg_render(out, JC_EN, ROWS[i].words, PLACES, COUNT(PLACES));
        jc_buf_printf(out, " |\n");
    }
}

/* --- the document -------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*make)(struct jc_buf *out, struct field *f);
} PARTS[] = {
    {"vectors", make_vectors}, {"exchange", make_exchange}, {"bundle", make_bundle}, {"errors", make_errors},
    {"grounds", make_grounds}, {"refusal", make_refusal},   {"upload", make_upload},
};

/* The document with this part made anew. */
static struct jc_str replaced(struct field *f, struct jc_str document, const char *name, struct jc_str part) {
    struct jc_str begin = jc_arena_printf(f->arena, "<!-- made: %s -->\n\n", name);
    const char *at = strstr(document.ptr, begin.ptr);
    const char *end = at ? strstr(at, "\n<!-- end -->") : NULL;
    if (!end)
        fail_msg("%s has no part %s", DOCUMENT, name);
    at += begin.len;
    struct jc_str text =
        jc_arena_printf(f->arena, "%.*s%.*s%s", (int)(at - document.ptr), document.ptr, JC_FMT(part), end);
    assert_non_null(text.ptr);
    return text;
}

static void test_document(void **state) {
    (void)state;
    uint8_t next = 0;
    struct field field, *f = &field;
    struct jc_str before = {0};
    struct jc_err err = {0};
    bool writes = getenv("JC_SYNC_DOC_WRITE") != NULL;
    jc_random_source(count_up, &next);
    field_open(f);
    CHECK_OK(DOCUMENT, jc_file_read(DOCUMENT, TEXT_MAX, f->arena, &before, &err), &err);
    struct jc_str after = before;
    for (size_t i = 0; i < COUNT(PARTS); i++) {
        struct jc_buf part;
        jc_buf_init(&part, TEXT_MAX);
        PARTS[i].make(&part, f);
        after = replaced(f, after, PARTS[i].name, jc_buf_str(&part));
        jc_buf_free(&part);
        if (!writes && !jc_str_eq(before, after))
            fail_msg("%s, part %s is stale: run this test with JC_SYNC_DOC_WRITE=1 and read the difference", DOCUMENT,
                     PARTS[i].name);
    }
    if (writes)
        CHECK_OK(DOCUMENT, jc_file_write(DOCUMENT, after, 0644, &err), &err);
    jc_random_source(NULL, NULL);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_document)};
    return cmocka_run_group_tests_name("sync_doc", tests, NULL, NULL);
}
