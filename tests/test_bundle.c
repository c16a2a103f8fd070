/* The container of bundles: frames, END's hash, cuts at every byte, alterations of every byte. */
#include "jc_test.h"

#include <limits.h>
#include <signal.h>
#include <sys/resource.h>

#include "base/bundle.h"
#include "jc_fail_each.h"

static char folder[JC_TEST_PATH];

static const char *in_folder(const char *name) {
    static char path[2 * JC_TEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static char big[JC_BUNDLE_PAYLOAD_MAX];

/* A bundle of a header, some frames, and END with the hash as its payload. */
static enum jc_code write_frames(struct jc_bundle_writer *writer, size_t longest, struct jc_err *err) {
    uint8_t hash[JC_SHA256_SIZE];
    enum jc_code code = jc_bundle_write(writer, JC_BUNDLE_HEADER, JC_STR("header"), err);
    if (!code)
        code = jc_bundle_write(writer, JC_BUNDLE_OPERATIONS, JC_STR(""), err);
    if (!code)
        code = jc_bundle_write(writer, JC_BUNDLE_BLOB_BYTES, (struct jc_str){big, longest}, err);
    if (code) {
        jc_bundle_abort(writer);
        return code;
    }
    jc_bundle_written_hash(writer, hash);
    return jc_bundle_finish(writer, (struct jc_str){(const char *)hash, sizeof hash}, err);
}

/* Reads to END; JC_DATA_LOSS if END does not carry the hash. */
static enum jc_code read_frames(struct jc_bundle_reader *reader, int *frames, struct jc_err *err) {
    struct jc_bundle_frame frame = {0};
    uint8_t hash[JC_SHA256_SIZE];
    *frames = 0;
    while (frame.type != JC_BUNDLE_END) {
        enum jc_code code = jc_bundle_next(reader, &frame, err);
        if (code)
            return code;
        assert_int_equal(frame.number, ++*frames);
    }
    jc_bundle_hash(reader, hash);
    if (!jc_str_eq(frame.payload, (struct jc_str){(const char *)hash, sizeof hash}))
        return jc_bundle_altered(reader, err);
    return JC_OK;
}

static enum jc_code read_bytes(struct jc_str bytes, int *frames, struct jc_err *err) {
    struct jc_bundle_reader *reader = NULL;
    enum jc_code code = jc_bundle_open_bytes(JC_STR("stick"), bytes, &reader, err);
    *frames = 0;
    if (!code)
        code = read_frames(reader, frames, err);
    jc_bundle_close(reader);
    return code;
}

static void test_round_trip(void **state) {
    (void)state;
    static const size_t LENGTHS[] = {0, 1, 65535, 65536, 65537, 300000, JC_BUNDLE_PAYLOAD_MAX};
    for (size_t i = 0; i < COUNT(LENGTHS); i++) {
        char name[32];
        struct jc_err err = {0};
        struct jc_bundle_writer *writer;
        struct jc_bundle_reader *reader;
        int frames = 0;
        snprintf(name, sizeof name, "%zu bytes", LENGTHS[i]);
        const char *path = in_folder("round.jcb");
        CHECK_OK(name, jc_bundle_create(path, &writer, &err), &err);
        CHECK_OK(name, write_frames(writer, LENGTHS[i], &err), &err);
        CHECK_OK(name, jc_bundle_open(path, &reader, &err), &err);
        for (int pass = 0; pass < 2; pass++) { /* once to check, once to apply */
            CHECK_OK(name, read_frames(reader, &frames, &err), &err);
            CHECK_INT(name, frames, 4);
            CHECK_OK(name, jc_bundle_rewind(reader, &err), &err);
        }
        jc_bundle_close(reader);
    }
}

static struct jc_buf whole; /* a small bundle in memory */

static void make_whole(void) {
    struct jc_err err = {0};
    struct jc_bundle_writer *writer;
    jc_buf_init(&whole, 1 << 16);
    CHECK_OK("make", jc_bundle_create_bytes(&whole, &writer, &err), &err);
    CHECK_OK("make", write_frames(writer, 40, &err), &err);
}

/* A stick pulled out at any byte leaves a file that is refused, and the frame is named. */
static void test_cut_at_every_byte(void **state) {
    (void)state;
    for (size_t cut = 0; cut < whole.len; cut++) {
        char name[32];
        struct jc_err err = {0};
        int frames;
        snprintf(name, sizeof name, "cut at %zu", cut);
        enum jc_code code = read_bytes((struct jc_str){whole.ptr, cut}, &frames, &err);
        CHECK_INT(name, code, cut < 10 ? JC_INVALID_ARGUMENT : JC_DATA_LOSS);
        CHECK_INT(name, err.what, cut < 10 ? JC_MSG_BUNDLE_UNKNOWN : JC_MSG_BUNDLE_CUT);
        if (cut >= 10) {
            char number[JC_NUMBER_TEXT];
            CHECK(name, jc_str_eq(err.arg[1], jc_str_from_int64(frames + 1, number)));
        }
    }
}

/* No byte can be altered unseen. */
static void test_alter_every_byte(void **state) {
    (void)state;
    for (size_t at = 0; at < whole.len; at++) {
        for (int bit = 0; bit < 8; bit++) {
            struct jc_err err = {0};
            char name[48];
            int frames;
            snprintf(name, sizeof name, "bit %d of byte %zu", bit, at);
            whole.ptr[at] = (char)(whole.ptr[at] ^ 1 << bit);
            CHECK(name, read_bytes(jc_buf_str(&whole), &frames, &err) != JC_OK);
            whole.ptr[at] = (char)(whole.ptr[at] ^ 1 << bit);
        }
    }
}

static void test_malformed(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct jc_str bytes;
        enum jc_msg what;
        const char *frame;
    } CASES[] = {
        {"empty file", {"", 0}, JC_MSG_BUNDLE_UNKNOWN, NULL},
        {"another file", {"SQLite format 3\0", 16}, JC_MSG_BUNDLE_UNKNOWN, NULL},
        {"later version", {"JCBUNDLE2\n\0\0\0\0\x01", 15}, JC_MSG_BUNDLE_UNKNOWN, NULL},
        {"no header", {"JCBUNDLE1\n\0\0\0\0\x02", 15}, JC_MSG_BUNDLE_FRAME, "1"},
        {"END alone", {"JCBUNDLE1\n\0\0\0\0\x7f", 15}, JC_MSG_BUNDLE_FRAME, "1"},
        {"two headers", {"JCBUNDLE1\n\0\0\0\0\x01\0\0\0\0\x01", 20}, JC_MSG_BUNDLE_FRAME, "2"},
        {"type 0", {"JCBUNDLE1\n\0\0\0\0\x01\0\0\0\0\0", 20}, JC_MSG_BUNDLE_FRAME, "2"},
        {"over 4 MiB", {"JCBUNDLE1\n\x01\0\x40\0\x01", 15}, JC_MSG_BUNDLE_FRAME, "1"},
        {"4 GB", {"JCBUNDLE1\n\xff\xff\xff\xff\x01", 15}, JC_MSG_BUNDLE_FRAME, "1"},
        {"4 MiB that are not there", {"JCBUNDLE1\n\0\0\x40\0\x01", 15}, JC_MSG_BUNDLE_CUT, "1"},
        {"bytes behind END", {"JCBUNDLE1\n\0\0\0\0\x01\0\0\0\0\x7f\0", 21}, JC_MSG_BUNDLE_FRAME, "3"},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        int frames;
        CHECK(CASES[i].name, read_bytes(CASES[i].bytes, &frames, &err) != JC_OK);
        CHECK_INT(CASES[i].name, err.what, CASES[i].what);
        if (CASES[i].frame)
            CHECK_STR(CASES[i].name, err.arg[1], CASES[i].frame);
        CHECK_STR(CASES[i].name, err.arg[0], "stick");
    }
}

/* What is not finished is not there, and does not stand in the way of the next attempt. */
static void test_unfinished(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_bundle_writer *writer, *second = NULL;
    const char *path = in_folder("unfinished.jcb");
    char part[2 * JC_TEST_PATH + 8];
    snprintf(part, sizeof part, "%s.part", path);
    CHECK_OK("create", jc_bundle_create(path, &writer, &err), &err);
    CHECK_OK("write", jc_bundle_write(writer, JC_BUNDLE_HEADER, JC_STR("header"), &err), &err);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(access(part, F_OK), 0);
    assert_int_equal(jc_bundle_create(path, &second, &err), JC_FAILED_PRECONDITION);
    assert_int_equal(err.what, JC_MSG_BUNDLE_BUSY);
    jc_bundle_abort(writer);
    assert_int_equal(access(part, F_OK), -1);

    FILE *left = fopen(part, "wb"); /* by a power cut */
    assert_non_null(left);
    assert_int_equal(fwrite(big, 1, 100000, left), 100000);
    assert_int_equal(fclose(left), 0);
    int frames;
    struct jc_bundle_reader *reader;
    CHECK_OK("again", jc_bundle_create(path, &writer, &err), &err);
    CHECK_OK("again", write_frames(writer, 10, &err), &err);
    CHECK_OK("again", jc_bundle_open(path, &reader, &err), &err);
    CHECK_OK("again", read_frames(reader, &frames, &err), &err);
    jc_bundle_close(reader);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(access(part, F_OK), -1);
}

static void test_places_that_fail(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_bundle_writer *writer = NULL;
    struct jc_bundle_reader *reader = NULL;
    char path[PATH_MAX + 8];
    assert_int_equal(jc_bundle_open(in_folder("missing.jcb"), &reader, &err), JC_NOT_FOUND);
    assert_int_equal(jc_bundle_create(in_folder("no/such/folder.jcb"), &writer, &err), JC_NOT_FOUND);
    memset(path, 'x', PATH_MAX - 2);
    path[PATH_MAX - 2] = '\0';
    assert_int_not_equal(jc_bundle_create(path, &writer, &err), JC_OK);

    /* A disk that is full: the failure is told and nothing is left. */
    struct rlimit limit, before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    CHECK_OK("full", jc_bundle_create(in_folder("full.jcb"), &writer, &err), &err);
    enum jc_code code = write_frames(writer, 200000, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_not_equal(code, JC_OK);
    assert_int_equal(access(in_folder("full.jcb"), F_OK), -1);
    assert_int_equal(access(in_folder("full.jcb.part"), F_OK), -1);
}

static enum jc_code make_and_read(void *ctx, struct jc_err *err) {
    (void)ctx;
    struct jc_buf buf;
    struct jc_bundle_writer *writer;
    int frames;
    jc_buf_init(&buf, 1 << 20);
    enum jc_code code = jc_bundle_create_bytes(&buf, &writer, err);
    if (!code)
        code = write_frames(writer, 200000, err);
    if (!code)
        code = read_bytes(jc_buf_str(&buf), &frames, err);
    jc_buf_free(&buf);
    return code;
}

static void test_memory(void **state) {
    (void)state;
    assert_true(jc_fail_each(make_and_read, NULL) > 3);
}

static void test_signature(void **state) {
    (void)state;
    uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE], signature[JC_SIGNATURE_SIZE];
    uint8_t hash[JC_SHA256_SIZE], seed[53] = "jiancha-bundle-1";
    jc_sha256(JC_STR("a bundle"), hash);
    jc_sign_keypair(public_key, secret_key);
    jc_bundle_sign(hash, secret_key, signature);
    assert_true(jc_bundle_signed(hash, signature, public_key));
    memcpy(seed + 17, hash, sizeof hash); /* name, NUL, hash: as the contract says */
    assert_true(jc_sign_verify((struct jc_str){(const char *)seed, 17 + 32}, signature, public_key));
    hash[0] ^= 1;
    assert_false(jc_bundle_signed(hash, signature, public_key));
}

static int setup(void **state) {
    (void)state;
    jc_test_folder(folder);
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (char)(i * 31 + (i >> 8));
    make_whole();
    return jc_id_init() ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    jc_buf_free(&whole);
    jc_test_folder_remove(folder);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),       cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_alter_every_byte), cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_unfinished),       cmocka_unit_test(test_places_that_fail),
        cmocka_unit_test(test_memory),           cmocka_unit_test(test_signature),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
