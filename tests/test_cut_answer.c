/* The net ends in the middle of an answer, at every byte of it: the same request again is answered with the same
 * result, and the record is there once. Over real connections to a server in this process, plain and gzip. */
#include "jc_field_test.h"
#include "jc_http_test.h"

#include "base/message.h"
#include "jiancha/v1/sync_service.pb-c.h"

#define SYNC "/jiancha.v1.SyncService/Sync"
#define CLOSE "Connection: close\r\n"

enum {
    RECORDS_MAX = 4,
    SPARE = 16, /* answers differ in length by some bytes: numbers grow, gzip finds more or less */
};

static const char COUNT_RECORDS[] = "SELECT COUNT(*) FROM inspection";
static const char COUNT_OPERATIONS[] = "SELECT COUNT(*) FROM operation";

/* --- one submit ----------------------------------------------------------------------------------------------- */

struct kind {
    const char *name, *headers;
    int records; /* of a request: small answers are not compressed */
    bool gzip;
};

static Jc__Operation *record(struct field *f, int n) {
    static char *inspectors[] = {(char *)"i1", (char *)"i2"};
    Jc__Inspection *inspection = field_inspection(f, n, 0, "u1", 0);
    inspection->inspector_ids = inspectors;
    inspection->checklist_id = (char *)"";
    inspection->n_checklist_results = 0;
    inspection->workdays = field_workdays(f, "t1", 200);
    return field_ad_hoc(f, n, inspection);
}

/* The n-th request's bytes; the whole listing comes with the answer. */
static struct jc_str submit(struct field *f, const struct kind *kind, int n) {
    struct jc_str bytes = {0};
    struct jc_err err = {0};
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    Jc__Operation *operations[RECORDS_MAX];
    for (int i = 0; i < kind->records; i++)
        operations[i] = record(f, n * RECORDS_MAX + i);
    request.operations = operations;
    request.n_operations = (size_t)kind->records;
    CHECK_OK("pack", jc_message_pack(&request.base, f->arena, &bytes, &err), &err);
    return bytes;
}

/* The answer's results, serialised; the receipt names every operation. */
static struct jc_str results_of(struct field *f, const struct kind *kind, const struct answer *answer, int n) {
    ProtobufCMessage *message = NULL;
    struct jc_err err = {0};
    struct jc_str bytes = {0};
    Jc__SyncResponse alone = JC__SYNC_RESPONSE__INIT;
    CHECK_INT(kind->name, answer->status, 200);
    CHECK_OK("answer",
             jc_message_unpack(&jc__sync_response__descriptor, (struct jc_str){answer->body, answer->len}, f->arena,
                               &message, &err),
             &err);
    const Jc__SyncResponse *response = (const Jc__SyncResponse *)message;
    CHECK_INT("results", response->n_results, kind->records);
    CHECK_INT("receipt", response->receipt->n_operation_ids, kind->records);
    for (int i = 0; i < kind->records; i++) {
        struct jc_uuid id = field_uuid(FIELD_OPERATION, n * RECORDS_MAX + i);
        CHECK_INT("status", response->results[i]->status, APPLIED);
        assert_memory_equal(response->receipt->operation_ids[i].data, id.bytes, JC_UUID_SIZE);
    }
    alone.results = response->results;
    alone.n_results = response->n_results;
    CHECK_OK("pack", jc_message_pack(&alone.base, f->arena, &bytes, &err), &err);
    return bytes;
}

/* Sends it, reads `cut` bytes and resets the connection. */
static void send_and_cut(int port, const char *headers, struct jc_str request, size_t cut) {
    struct linger reset = {.l_onoff = 1};
    char byte[256];
    int fd = dial(port);
    assert_true(fd >= 0);
    assert_true(send_call(fd, SYNC, "token-device", headers, request.ptr, request.len));
    for (size_t got = 0; got < cut;) {
        size_t want = cut - got < sizeof byte ? cut - got : sizeof byte;
        ssize_t n = recv(fd, byte, want, 0);
        assert_true(n >= 0);
        if (n == 0)
            break; /* it was shorter than the first one: nothing is cut */
        got += (size_t)n;
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
}

/* How long an answer is, head and all; *compressed: by gzip. */
static size_t measure(int port, const char *headers, struct jc_str request, bool *compressed) {
    struct answer answer;
    char value[256];
    one_call(port, SYNC, "token-device", headers, request.ptr, request.len, &answer);
    CHECK_INT("status", answer.status, 200);
    const char *encoding = answer_header(&answer, "Content-Encoding", value);
    *compressed = encoding && strcmp(encoding, "gzip") == 0;
    size_t len = strlen(answer.head) + answer.len;
    answer_free(&answer);
    return len;
}

/* --- every byte -------------------------------------------------------------------------------------------------- */

static void cut_everywhere(const struct kind *kind) {
    struct site site;
    struct field field = {.arena = jc_arena_new(1 << 30), .now_ms = FIELD_NOW_MS}, *f = &field;
    bool compressed = false;
    int n = 1;
    assert_non_null(f->arena);
    site_open(&site, (struct jc_server_config){0}, NULL);
    size_t len = measure(site.port, kind->headers, submit(f, kind, n), &compressed);
    CHECK_INT(kind->name, compressed, kind->gzip);
    for (size_t cut = 0; cut < len + SPARE; cut++) {
        struct answer answer;
        char name[64];
        struct jc_str request = submit(f, kind, ++n);
        snprintf(name, sizeof name, "%s, cut at byte %zu of %zu", kind->name, cut, len);
        send_and_cut(site.port, kind->headers, request, cut);
        one_call(site.port, SYNC, "token-device", "", request.ptr, request.len, &answer);
        struct jc_str first = results_of(f, kind, &answer, n);
        answer_free(&answer);
        CHECK_INT(name, jc_test_number(site.db, COUNT_RECORDS), n * kind->records);
        CHECK_INT(name, jc_test_number(site.db, COUNT_OPERATIONS), n * kind->records);
        one_call(site.port, SYNC, "token-device", "", request.ptr, request.len, &answer);
        CHECK(name, jc_str_eq(results_of(f, kind, &answer, n), first)); /* and again */
        answer_free(&answer);
    }
    site_close(&site);
    jc_arena_free(f->arena);
}

static void test_plain(void **state) {
    static const struct kind KIND = {"plain", CLOSE, 1, false};
    (void)state;
    cut_everywhere(&KIND);
}

static void test_gzip(void **state) {
    static const struct kind KIND = {"gzip", CLOSE "Accept-Encoding: gzip\r\n", RECORDS_MAX, true};
    (void)state;
    cut_everywhere(&KIND);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain), cmocka_unit_test(test_gzip)};
    return cmocka_run_group_tests_name("cut_answer", tests, NULL, NULL);
}
