/* Photos over real sockets: pieces, cuts, refusals, a download; the server is real, the client plain sockets. */
#include "jc_http_test.h"

#include "base/base64.h"
#include "blob/folder.h"

enum { PHOTO_BYTES = 700 * 1000 }; /* three pieces of the server's */

static struct jc_blob_folder *folder;
static char dir[JC_TEST_PATH];
static struct site site;
static char photo[PHOTO_BYTES];
static char hash_hex[2 * JC_SHA256_SIZE + 1];
static char metadata[256];

static int open_site(void **state) {
    struct jc_err err = {0};
    (void)state;
    assert_true(jc_id_init());
    jc_test_folder(dir);
    CHECK_OK("folder", jc_blob_folder_open(dir, &folder, &err), &err);
    struct jc_server_config config = {.blobs = folder};
    site_open(&site, config, NULL);

    uint8_t sha256[JC_SHA256_SIZE];
    struct jc_arena *arena = jc_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof photo; i++)
        photo[i] = (char)(i * 31 + i / 251);
    jc_sha256((struct jc_str){photo, sizeof photo}, sha256);
    jc_hex(sha256, sizeof sha256, hash_hex);
    snprintf(metadata, sizeof metadata, "sha256 %s,type aW1hZ2UvanBlZw", jc_base64(jc_str(hash_hex), arena).ptr);
    jc_arena_free(arena);
    return 0;
}

static int close_site(void **state) {
    (void)state;
    site_close(&site);
    jc_blob_folder_close(folder);
    jc_test_folder_remove(dir);
    return 0;
}

/* A request whose body is `len` bytes, of which `sent` are sent. */
static int ask(const char *method, const char *path, const char *token, const char *headers, const char *body,
               size_t len, size_t sent) {
    char head[2048];
    int fd = dial(site.port);
    assert_true(fd >= 0);
    snprintf(head, sizeof head,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer %s\r\n%s"
             "Content-Length: %zu\r\n\r\n",
             method, path, token, headers, len);
    assert_true(send_text(fd, head));
    (void)send_bytes(fd, body, sent);
    return fd;
}

static void finish(int fd, const char *method, struct answer *answer) {
    read_answer_to(fd, method, answer);
    close(fd);
}

static void create(char location[256]) {
    struct answer answer;
    char headers[512], value[256];
    snprintf(headers, sizeof headers, "Upload-Length: %d\r\nUpload-Metadata: %s\r\n", PHOTO_BYTES, metadata);
    finish(ask("POST", "/blobs", "token-device", headers, "", 0, 0), "POST", &answer);
    assert_int_equal(answer.status, 201);
    snprintf(location, 256, "%s", answer_header(&answer, "Location", value));
    answer_free(&answer);
}

static int patch(const char *location, int64_t offset, size_t sent) {
    char headers[256];
    snprintf(headers, sizeof headers, "Content-Type: application/offset+octet-stream\r\nUpload-Offset: %lld\r\n",
             (long long)offset);
    return ask("PATCH", location, "token-device", headers, photo + offset, sizeof photo - (size_t)offset, sent);
}

static int64_t offset_of(const char *location) {
    struct answer answer;
    char value[256];
    finish(ask("HEAD", location, "token-device", "", "", 0, 0), "HEAD", &answer);
    const char *offset = answer_header(&answer, "Upload-Offset", value);
    int64_t bytes = offset ? strtoll(offset, NULL, 10) : -answer.status;
    answer_free(&answer);
    return bytes;
}

static int64_t blobs(void) {
    return jc_test_number(site.db, "SELECT COUNT(*) FROM blob");
}

static void test_whole(void **state) {
    (void)state;
    char location[256], path[128];
    struct answer answer;
    create(location);
    finish(patch(location, 0, sizeof photo), "PATCH", &answer);
    assert_int_equal(answer.status, 204);
    answer_free(&answer);
    assert_int_equal(blobs(), 1);
    assert_int_equal(offset_of(location), PHOTO_BYTES);

    snprintf(path, sizeof path, "/blobs/%s", hash_hex);
    finish(ask("GET", path, "token-admin", "", "", 0, 0), "GET", &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.len, sizeof photo);
    assert_memory_equal(answer.body, photo, sizeof photo);
    answer_free(&answer);
    finish(ask("GET", path, "token-admin", "Range: bytes=100-199\r\n", "", 0, 0), "GET", &answer);
    assert_int_equal(answer.status, 206);
    assert_memory_equal(answer.body, photo + 100, 100);
    answer_free(&answer);
    finish(ask("GET", path, "token-foreign", "", "", 0, 0), "GET", &answer);
    assert_int_equal(answer.status, 404);
    answer_free(&answer);
}

/* Cut here and there in the body: the upload goes on at the byte the server tells, and is whole in the end. */
static void test_cuts(void **state) {
    (void)state;
    static const size_t CUTS[] = {0, 1, 4096, 262143, 262144, 262145, 400000};
    char location[256];
    struct answer answer = {0};
    create(location);
    int64_t offset = 0;
    for (size_t i = 0; i < COUNT(CUTS); i++) {
        size_t sent = CUTS[i] > (size_t)offset ? CUTS[i] - (size_t)offset : 0;
        close(patch(location, offset, sent));
        int64_t told = offset_of(location);
        CHECK("never back, never more than was sent", told >= offset && told <= offset + (int64_t)sent);
        offset = told;
    }
    do { /* 409: a cut connection had more to say; ask again, as a client does */
        answer_free(&answer);
        offset = offset_of(location);
        finish(patch(location, offset, sizeof photo - (size_t)offset), "PATCH", &answer);
    } while (answer.status == 409);
    assert_int_equal(answer.status, 204);
    answer_free(&answer);
    assert_int_equal(blobs(), 1);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *name, *method, *path, *token, *headers;
        int status;
    } CASES[] = {
        {"options", "OPTIONS", "/blobs", "", "", 204},
        {"no token", "POST", "/blobs", "", "Upload-Length: 1\r\n", 400},
        {"unknown upload", "HEAD", "/blobs/u/0123456789abcdef0123456789abcdef", "token-device", "", 404},
        {"a path of nothing", "GET", "/blobs/nothing", "token-admin", "", 404},
        {"wrong method", "PUT", "/blobs", "token-device", "", 405},
        {"two versions", "HEAD", "/blobs/u/0123456789abcdef0123456789abcdef", "", "Tus-Resumable: 0.1\r\n", 400},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct answer answer;
        finish(ask(CASES[i].method, CASES[i].path, CASES[i].token, CASES[i].headers, "", 0, 0), CASES[i].method,
               &answer);
        CHECK_INT(CASES[i].name, answer.status, CASES[i].status);
        answer_free(&answer);
    }
}

/* Two ways to tell where the body ends: refused, and the connection is not used again. */
static void test_framing(void **state) {
    (void)state;
    struct answer answer;
    int fd = dial(site.port);
    assert_true(send_text(fd, "PATCH /blobs/u/0123456789abcdef0123456789abcdef HTTP/1.1\r\nHost: localhost\r\n"
                              "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
    read_answer(fd, &answer);
    assert_int_equal(answer.status, 400);
    assert_true(is_closed(fd));
    answer_free(&answer);
    close(fd);
}

/* Stopping in the middle of a body keeps what has come and lets nothing hang. */
static void test_stop_in_between(void **state) {
    (void)state;
    char location[256];
    struct jc_upload_id id;
    int64_t bytes = 0;
    struct jc_err err = {0};
    create(location);
    int fd = patch(location, 0, 300000);
    jc_server_stop(site.server, 0);
    site.server = NULL;
    assert_true(jc_upload_id_parse(jc_str(location + strlen("/blobs/u/")), &id));
    CHECK_OK("size", jc_blob_incoming_size(folder, id, &bytes, &err), &err);
    assert_in_range(bytes, 0, 300000);
    close(fd);
}

#define ON_SITE(test) cmocka_unit_test_setup_teardown(test, open_site, close_site)

int main(void) {
    const struct CMUnitTest TESTS[] = {
        ON_SITE(test_whole),           ON_SITE(test_cuts), ON_SITE(test_refusals), ON_SITE(test_framing),
        ON_SITE(test_stop_in_between),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
