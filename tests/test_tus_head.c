/* Heads of the tus protocol, each header missing or wrong once; and ranges of GET (RFC 9110 14). */
#include "jc_test.h"

#include "http/tus_head.h"

#define ID "0123456789abcdef0123456789abcdef"
#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
/* HASH in base64, as Upload-Metadata carries it */
#define HASH64 "YmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MGRlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFmMjAwMTVhZA=="
#define STREAM "application/offset+octet-stream"

static const struct {
    const char *name, *method, *path, *override, *resumable, *length, *metadata, *offset, *checksum, *type;
    int status; /* 0: accepted */
    enum jc_tus_act act;
} CASES[] = {
    {"options", "OPTIONS", "/blobs", .act = JC_TUS_OPTIONS},
    {"options with a slash", "OPTIONS", "/blobs/", .act = JC_TUS_OPTIONS},
    {"create", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 " HASH64 ",type aW1hZ2UvanBlZw==", .act = JC_TUS_CREATE},
    {"create, type by its other name", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "filetype aW1hZ2UvanBlZw==, sha256 " HASH64, .act = JC_TUS_CREATE},
    {"create without a version", "POST", "/blobs", .length = "5", .metadata = "sha256 " HASH64, .status = 412},
    {"create with another version", "POST", "/blobs", .resumable = "0.2.2", .length = "5", .status = 412},
    {"create without a length", "POST", "/blobs", .resumable = "1.0.0", .metadata = "sha256 " HASH64, .status = 400},
    {"create with a negative length", "POST", "/blobs", .resumable = "1.0.0", .length = "-5",
     .metadata = "sha256 " HASH64, .status = 400},
    {"create with a length of words", "POST", "/blobs", .resumable = "1.0.0", .length = "5 bytes",
     .metadata = "sha256 " HASH64, .status = 400},
    {"create with too many digits", "POST", "/blobs", .resumable = "1.0.0", .length = "1234567890123456789",
     .metadata = "sha256 " HASH64, .status = 400},
    {"create without metadata", "POST", "/blobs", .resumable = "1.0.0", .length = "5", .status = 400},
    {"create with a key without value", "POST", "/blobs", .resumable = "1.0.0", .length = "5", .metadata = "sha256",
     .status = 400},
    {"create with a hash that is none", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 aGVsbG8=", .status = 400},
    {"create with base64 that is none", "POST", "/blobs", .resumable = "1.0.0", .length = "5", .metadata = "sha256 %%%",
     .status = 400},
    {"create with a type that is none", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 " HASH64 ",type aW1hZ2U=", .status = 400},
    {"create with two hashes", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 " HASH64 ",sha256 " HASH64, .status = 400},
    {"create with two types", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 " HASH64 ",type aW1hZ2UvanBlZw==,type aW1hZ2UvanBlZw==", .status = 400},
    {"create with two keys of a name we do not know", "POST", "/blobs", .resumable = "1.0.0", .length = "5",
     .metadata = "sha256 " HASH64 ",note,other,note aGVsbG8=", .status = 400},
    {"status", "HEAD", "/blobs/u/" ID, .resumable = "1.0.0", .act = JC_TUS_STATUS},
    {"status without a version", "HEAD", "/blobs/u/" ID, .status = 412},
    {"status of a name that is none", "HEAD", "/blobs/u/../../etc/passwd", .resumable = "1.0.0", .status = 404},
    {"append", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "3", .type = STREAM, .act = JC_TUS_APPEND},
    {"append by POST", "POST", "/blobs/u/" ID, .override = "PATCH", .resumable = "1.0.0", .offset = "3", .type = STREAM,
     .act = JC_TUS_APPEND},
    {"only POST can be another method", "HEAD", "/blobs/u/" ID, .override = "DELETE", .resumable = "1.0.0",
     .act = JC_TUS_STATUS},
    {"append with SHA-1", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0", .type = STREAM,
     .checksum = "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", .act = JC_TUS_APPEND},
    {"append with SHA-256", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0", .type = STREAM,
     .checksum = "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", .act = JC_TUS_APPEND},
    {"append with a checksum unknown", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0", .type = STREAM,
     .checksum = "md5 kAFQmDzST7DWlj99KOF/cg==", .status = 400},
    {"append with a checksum too short", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0", .type = STREAM,
     .checksum = "sha1 YWJj", .status = 400},
    {"append with a checksum without value", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0",
     .type = STREAM, .checksum = "sha1", .status = 400},
    {"append without an offset", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .type = STREAM, .status = 400},
    {"append of another type", "PATCH", "/blobs/u/" ID, .resumable = "1.0.0", .offset = "0", .type = "image/jpeg",
     .status = 415},
    {"terminate", "DELETE", "/blobs/u/" ID, .resumable = "1.0.0", .act = JC_TUS_TERMINATE},
    {"fetch", "GET", "/blobs/" HASH, .act = JC_TUS_FETCH},
    {"fetch the head alone", "HEAD", "/blobs/" HASH, .act = JC_TUS_FETCH},
    {"delete a blob", "DELETE", "/blobs/" HASH, .resumable = "1.0.0", .status = 405},
    {"put", "PUT", "/blobs", .status = 405},
    {"a hash too short", "GET", "/blobs/abcd", .status = 404},
};

static struct jc_str view(const char *text) {
    return text ? jc_str(text) : (struct jc_str){NULL, 0};
}

static void test_heads(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(CASES); i++) {
        const struct jc_tus_head head = {
            .method = jc_str(CASES[i].method),
            .path = jc_str(CASES[i].path),
            .method_override = view(CASES[i].override),
            .resumable = view(CASES[i].resumable),
            .upload_length = view(CASES[i].length),
            .upload_metadata = view(CASES[i].metadata),
            .upload_offset = view(CASES[i].offset),
            .upload_checksum = view(CASES[i].checksum),
            .content_type = view(CASES[i].type),
        };
        struct jc_arena *arena = jc_arena_new(1 << 16);
        struct jc_tus_ask ask;
        struct jc_err err = {0};
        const char *allow = NULL;
        int status = 0;
        enum jc_code code = jc_tus_read(&head, arena, &ask, &allow, &status, &err);
        CHECK_INT(CASES[i].name, code != JC_OK, CASES[i].status != 0);
        CHECK_INT(CASES[i].name, status, CASES[i].status);
        if (!code)
            CHECK_INT(CASES[i].name, ask.act, CASES[i].act);
        if (!code && ask.act == JC_TUS_CREATE) {
            char hex[2 * JC_SHA256_SIZE + 1];
            CHECK_STR(CASES[i].name, jc_hex(ask.sha256, sizeof ask.sha256, hex), HASH);
            CHECK_STR(CASES[i].name, ask.media_type, "image/jpeg");
            CHECK_INT(CASES[i].name, ask.size_bytes, 5);
        }
        jc_arena_free(arena);
    }
}

static void test_paths(void **state) {
    (void)state;
    static const struct {
        const char *path;
        bool ours;
    } PATHS[] = {{"/blobs", true}, {"/blobs/", true}, {"/blobs/u/x", true}, {"/blobsters", false}, {"/", false}};
    for (size_t i = 0; i < COUNT(PATHS); i++)
        CHECK_INT(PATHS[i].path, jc_tus_is_path(jc_str(PATHS[i].path)), PATHS[i].ours);
}

static void test_ranges(void **state) {
    (void)state;
    static const struct {
        const char *range;
        int64_t size, first, last; /* first -1: names nothing */
    } RANGES[] = {
        {NULL, 10, 0, 9},
        {"bytes=0-4", 10, 0, 4},
        {"bytes=5-", 10, 5, 9},
        {"bytes=-3", 10, 7, 9},
        {"bytes=-30", 10, 0, 9},
        {"bytes=9-9", 10, 9, 9},
        {"bytes=5-99", 10, 5, 9},
        {"bytes=10-", 10, -1, 0},
        {"bytes=-0", 10, -1, 0},
        {"bytes=0-", 0, -1, 0},
        {NULL, 0, 0, -1},
        {"bytes=4-2", 10, 0, 9},
        {"lines=1-2", 10, 0, 9},
        {"bytes=a-b", 10, 0, 9},
        {"bytes=", 10, 0, 9},
        {"bytes=-", 10, 0, 9},
        {"bytes=0-1,4-5", 10, 0, 9},
        {"bytes", 10, 0, 9},
    };
    for (size_t i = 0; i < COUNT(RANGES); i++) {
        const char *name = RANGES[i].range ? RANGES[i].range : "no range";
        const struct jc_tus_head head = {
            .method = JC_STR("GET"), .path = JC_STR("/blobs/" HASH), .range = view(RANGES[i].range)};
        struct jc_arena *arena = jc_arena_new(1 << 16);
        struct jc_tus_ask ask;
        struct jc_err err = {0};
        const char *allow = NULL;
        int status = 0;
        int64_t first = 0, last = 0;
        CHECK_OK(name, jc_tus_read(&head, arena, &ask, &allow, &status, &err), &err);
        bool named = jc_tus_range(&ask, RANGES[i].size, &first, &last);
        CHECK_INT(name, named, RANGES[i].first >= 0);
        CHECK(name, !named || (first == RANGES[i].first && last == RANGES[i].last));
        jc_arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest TESTS[] = {
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
