/* Files of blobs and who may write to them: nothing gets a name in an agency's folder before it is whole. */
#include "jc_test.h"

#include <pthread.h>

#include "base/digest.h"
#include "blob/hold.h"
#include "jc_fail_each.h"

static char dir[JC_TEST_PATH + 16], root[JC_TEST_PATH];
static struct jc_blob_folder *folder;

static int open_folder(void **state) {
    (void)state;
    struct jc_err err = {0};
    assert_true(jc_id_init());
    jc_test_folder(root);
    snprintf(dir, sizeof dir, "%s/blobs", root);
    CHECK_OK("open", jc_blob_folder_open(dir, &folder, &err), &err);
    return 0;
}

static int close_folder(void **state) {
    (void)state;
    jc_blob_folder_close(folder);
    jc_test_folder_remove(root);
    return 0;
}

/* An upload's file with these bytes. */
static struct jc_upload_id arrived(const char *text) {
    struct jc_err err = {0};
    struct jc_upload_id id = jc_upload_id_new();
    CHECK_OK(text, jc_blob_incoming_create(folder, id, &err), &err);
    CHECK_OK(text, jc_blob_incoming_write(folder, id, 0, jc_str(text), &err), &err);
    return id;
}

static int64_t size_of(struct jc_upload_id id) {
    struct jc_err err = {0};
    int64_t bytes = -2;
    CHECK_OK("size", jc_blob_incoming_size(folder, id, &bytes, &err), &err);
    return bytes;
}

static void content_of(int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], char out[64]) {
    struct jc_err err = {0};
    int fd = -1;
    int64_t bytes = 0;
    CHECK_OK("open", jc_blob_open(folder, agency_id, sha256, &fd, &bytes, &err), &err);
    assert_in_range(bytes, 0, 63);
    assert_int_equal(read(fd, out, 64), bytes);
    out[bytes] = '\0';
    close(fd);
}

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } CASES[] = {
        {"0123456789abcdef0123456789abcdef", true},
        {"0123456789ABCDEF0123456789ABCDEF", true},
        {"", false},
        {"0123456789abcdef0123456789abcde", false},
        {"0123456789abcdef0123456789abcdef0", false},
        {"../../../../../../../../etc/pass", false},
        {"0123456789abcdef/123456789abcdef", false},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_upload_id id;
        CHECK_INT(CASES[i].text, jc_upload_id_parse(jc_str(CASES[i].text), &id), CASES[i].good);
        CHECK(CASES[i].text, !CASES[i].good || strcmp(id.text, "0123456789abcdef0123456789abcdef") == 0);
    }
}

static void test_publish(void **state) {
    (void)state;
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char text[64];
    bool whole = false;
    jc_sha256(JC_STR("a photo"), sha256);
    struct jc_upload_id id = arrived("a photo");
    CHECK_OK("publish", jc_blob_publish(folder, id, 7, sha256, &err), &err);
    assert_int_equal(size_of(id), -1);
    content_of(7, sha256, text);
    assert_string_equal(text, "a photo");
    CHECK_OK("a repeat", jc_blob_publish(folder, id, 7, sha256, &err), &err);
    CHECK_OK("the same bytes once more", jc_blob_publish(folder, arrived("a photo"), 7, sha256, &err), &err);
    CHECK_INT("another agency has none", jc_blob_open(folder, 8, sha256, &(int){0}, &(int64_t){0}, &err), JC_NOT_FOUND);
    CHECK_OK("whole", jc_blob_is_whole(folder, 7, sha256, &whole, &err), &err);
    assert_true(whole);
    CHECK_OK("remove", jc_blob_remove(folder, 7, sha256, &err), &err);
    CHECK_OK("remove again", jc_blob_remove(folder, 7, sha256, &err), &err);
    CHECK_OK("whole", jc_blob_is_whole(folder, 7, sha256, &whole, &err), &err);
    assert_false(whole);
}

static void test_other_bytes(void **state) {
    (void)state;
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    jc_sha256(JC_STR("announced"), sha256);
    struct jc_upload_id id = arrived("something else");
    CHECK_INT("other bytes", jc_blob_publish(folder, id, 7, sha256, &err), JC_DATA_LOSS);
    CHECK_INT("dropped", size_of(id), -1);
    CHECK_INT("nothing is shown", jc_blob_open(folder, 7, sha256, &(int){0}, &(int64_t){0}, &err), JC_NOT_FOUND);
    CHECK_INT("an upload that never was", jc_blob_publish(folder, jc_upload_id_new(), 7, sha256, &err), JC_NOT_FOUND);
}

/* Bytes changed behind our back are seen. */
static void test_damage(void **state) {
    (void)state;
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    char hex[2 * JC_SHA256_SIZE + 1], path[2 * JC_TEST_PATH];
    bool whole = true;
    jc_sha256(JC_STR("a photo"), sha256);
    CHECK_OK("publish", jc_blob_publish(folder, arrived("a photo"), 7, sha256, &err), &err);
    jc_hex(sha256, sizeof sha256, hex);
    snprintf(path, sizeof path, "%s/7/%.2s/%s", dir, hex, hex + 2);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "A", 1, 0), 1);
    close(fd);
    CHECK_OK("whole", jc_blob_is_whole(folder, 7, sha256, &whole, &err), &err);
    assert_false(whole);
}

struct seen {
    int incoming, blobs;
    int64_t agencies;
};

static enum jc_code see_incoming(void *ctx, struct jc_upload_id id, int64_t changed_ms, struct jc_err *err) {
    (void)id, (void)err;
    ((struct seen *)ctx)->incoming += changed_ms > 0;
    return JC_OK;
}

static enum jc_code see_blob(void *ctx, int64_t agency_id, const uint8_t sha256[JC_SHA256_SIZE], int64_t changed_ms,
                             struct jc_err *err) {
    struct seen *seen = ctx;
    bool whole = false;
    CHECK_OK("whole", jc_blob_is_whole(folder, agency_id, sha256, &whole, err), err);
    seen->blobs += whole && changed_ms > 0;
    seen->agencies += agency_id;
    return JC_OK;
}

static void test_walk(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct seen seen = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    static const char *const TEXTS[] = {"one", "two", "three"};
    char stray[2 * JC_TEST_PATH];
    for (size_t i = 0; i < COUNT(TEXTS); i++) {
        jc_sha256(jc_str(TEXTS[i]), sha256);
        CHECK_OK(TEXTS[i], jc_blob_publish(folder, arrived(TEXTS[i]), (int64_t)i + 1, sha256, &err), &err);
    }
    arrived("still coming");
    snprintf(stray, sizeof stray, "%s/1/no-hash", dir);
    close(open(stray, O_CREAT | O_WRONLY, 0600));
    const struct jc_blob_walk walk = {&seen, see_incoming, see_blob};
    CHECK_OK("walk", jc_blob_folder_walk(folder, &walk, &err), &err);
    assert_int_equal(seen.incoming, 1);
    assert_int_equal(seen.blobs, 3);
    assert_int_equal(seen.agencies, 6);
}

static void test_room(void **state) {
    (void)state;
    struct jc_err err = {0};
    CHECK_OK("a little", jc_blob_folder_room(folder, 1, &err), &err);
    CHECK_INT("more than any disk", jc_blob_folder_room(folder, INT64_MAX / 2, &err), JC_UNAVAILABLE);
}

static enum jc_code open_and_close(void *ctx, struct jc_err *err) {
    struct jc_blob_folder *second = NULL;
    (void)ctx;
    enum jc_code code = jc_blob_folder_open(dir, &second, err);
    jc_blob_folder_close(second);
    return code;
}

static void test_memory(void **state) {
    (void)state;
    assert_int_equal(jc_fail_each(open_and_close, NULL), 1);
}

static void test_not_a_folder(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_blob_folder *second = NULL;
    char path[2 * JC_TEST_PATH];
    snprintf(path, sizeof path, "%s/file", root);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_not_equal(jc_blob_folder_open(path, &second, &err), JC_OK);
    assert_null(second);
}

/* --- who may write -------------------------------------------------------------------------------------- */

static void test_newer_takes_over(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_holds *holds = jc_holds_new(folder);
    struct jc_hold older, newer;
    struct jc_upload_id id = arrived("12345");
    CHECK_OK("older", jc_hold_take(holds, id, false, &older, &err), &err);
    CHECK_OK("older writes", jc_hold_write(&older, JC_STR("678"), &err), &err);
    CHECK_OK("newer", jc_hold_take(holds, id, false, &newer, &err), &err);
    assert_int_equal(newer.size_bytes, 8);
    CHECK_INT("older is out", jc_hold_write(&older, JC_STR("xxx"), &err), JC_ABORTED);
    CHECK_INT("older is out", jc_hold_keep(&older, &err), JC_ABORTED);
    jc_hold_give(&older);
    CHECK_OK("newer writes", jc_hold_write(&newer, JC_STR("9"), &err), &err);
    jc_hold_give(&newer);
    assert_int_equal(size_of(id), 9);
    jc_holds_free(holds);
}

static void test_all_or_nothing(void **state) {
    (void)state;
    static const struct {
        const char *name;
        bool kept, ousted;
        int64_t bytes;
    } CASES[] = {
        {"compared and kept", true, false, 8},
        {"given back without", false, false, 5},
        {"taken by another in between", false, true, 5},
        {"taken by another after it was kept", true, true, 8},
    };
    struct jc_holds *holds = jc_holds_new(folder);
    for (size_t i = 0; i < COUNT(CASES); i++) {
        struct jc_err err = {0};
        struct jc_hold hold, other;
        struct jc_upload_id id = arrived("12345");
        CHECK_OK(CASES[i].name, jc_hold_take(holds, id, true, &hold, &err), &err);
        CHECK_OK(CASES[i].name, jc_hold_write(&hold, JC_STR("678"), &err), &err);
        if (CASES[i].kept)
            CHECK_OK(CASES[i].name, jc_hold_keep(&hold, &err), &err);
        if (CASES[i].ousted) {
            CHECK_OK(CASES[i].name, jc_hold_take(holds, id, false, &other, &err), &err);
            CHECK_INT(CASES[i].name, other.size_bytes, CASES[i].bytes);
            jc_hold_give(&other);
        }
        jc_hold_give(&hold);
        CHECK_INT(CASES[i].name, size_of(id), CASES[i].bytes);
    }
    jc_holds_free(holds);
}

static void test_closing_keeps_others_away(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_holds *holds = jc_holds_new(folder);
    struct jc_hold hold, other;
    struct jc_upload_id id = arrived("12345");
    CHECK_OK("take", jc_hold_take(holds, id, false, &hold, &err), &err);
    CHECK_OK("close", jc_hold_close(&hold, &err), &err);
    CHECK_INT("another", jc_hold_take(holds, id, false, &other, &err), JC_ABORTED);
    jc_hold_give(&hold);
    CHECK_OK("afterwards", jc_hold_take(holds, id, false, &other, &err), &err);
    jc_hold_give(&other);
    jc_holds_free(holds);
}

enum { WRITERS = 4, ROUNDS = 50, PIECE = 8 };

struct writer {
    struct jc_holds *holds;
    struct jc_upload_id id;
    int64_t written;
};

static void *write_pieces(void *ctx) {
    struct writer *writer = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        struct jc_err err = {0};
        struct jc_hold hold;
        if (jc_hold_take(writer->holds, writer->id, false, &hold, &err))
            continue;
        for (int piece = 0; piece < 3 && !jc_hold_write(&hold, JC_STR("abcdefgh"), &err); piece++)
            writer->written += PIECE;
        jc_hold_give(&hold);
    }
    return NULL;
}

/* However they take it from each other, every piece that was accepted is there, once and whole. */
static void test_writers_at_once(void **state) {
    (void)state;
    pthread_t threads[WRITERS];
    struct writer writers[WRITERS];
    struct jc_holds *holds = jc_holds_new(folder);
    struct jc_upload_id id = arrived("");
    int64_t sum = 0;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){holds, id, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, write_pieces, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        sum += writers[i].written;
    }
    assert_int_equal(size_of(id), sum);
    uint8_t expected[JC_SHA256_SIZE];
    struct jc_digest digest;
    struct jc_err err = {0};
    jc_digest_begin(&digest, JC_SHA256);
    for (int64_t at = 0; at < sum; at += PIECE)
        jc_digest_add(&digest, JC_STR("abcdefgh"));
    jc_digest_end(&digest, expected);
    CHECK_OK("publish", jc_blob_publish(folder, id, 1, expected, &err), &err);
    jc_holds_free(holds);
}

/* --- digests ------------------------------------------------------------------------------------------------ */

/* FIPS 180-4's examples, in one piece and byte by byte. */
static void test_digests(void **state) {
    (void)state;
    static const struct {
        const char *text, *hex;
        enum jc_digest_kind kind;
    } CASES[] = {
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d", JC_SHA1},
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709", JC_SHA1},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", JC_SHA256},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        for (size_t step = 1; step <= 3; step += 2) {
            struct jc_digest digest;
            uint8_t bytes[JC_DIGEST_MAX];
            char hex[2 * JC_DIGEST_MAX + 1];
            size_t len = strlen(CASES[i].text);
            jc_digest_begin(&digest, CASES[i].kind);
            for (size_t at = 0; at < len; at += step)
                jc_digest_add(&digest, (struct jc_str){CASES[i].text + at, step});
            CHECK_STR(CASES[i].hex, jc_hex(bytes, jc_digest_end(&digest, bytes), hex), CASES[i].hex);
        }
    }
}

int main(void) {
    const struct CMUnitTest TESTS[] = {
        cmocka_unit_test_setup_teardown(test_names, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_publish, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_other_bytes, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_damage, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_walk, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_room, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_memory, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_not_a_folder, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_newer_takes_over, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_all_or_nothing, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_closing_keeps_others_away, open_folder, close_folder),
        cmocka_unit_test_setup_teardown(test_writers_at_once, open_folder, close_folder),
        cmocka_unit_test(test_digests),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
