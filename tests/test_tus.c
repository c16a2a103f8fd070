/* Uploads without sockets, over a real database and real files: what a cut, a wrong byte, a second client,
 * a crash between two steps leave behind. */
#include "jc_tus_desk.h"

#include <time.h>

#include "blob/collect.h"
#include "store/upload.h"

/* --- records that name the photo ---------------------------------------------------------------------------- */

static const char ADD_NAMED[] =
    "INSERT INTO record_blob (agency_id, inspection_id, sha256, kind, size_bytes, media_type)\n"
    "VALUES ($1, $2, $3, 1, $4, 'image/jpeg')";

static enum jc_code name_photo(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const int64_t *size_bytes = ctx;
    uint8_t sha256[JC_SHA256_SIZE];
    jc_sha256(part(0, PHOTO_BYTES), sha256);
    return jc_tx_exec(
        tx, ADD_NAMED,
        JC_VALUES(jc_int(1), jc_bytes("record-record-01", 16), jc_bytes(sha256, sizeof sha256), jc_int(*size_bytes)),
        err);
}

static enum jc_code lose_row(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_blob_lose(tx, 1, ctx, err);
}

/* As if it had never come. */
static void lose_photo(void) {
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    jc_sha256(part(0, PHOTO_BYTES), sha256);
    jc_test_write(desk.db, lose_row, sha256);
    CHECK_OK("remove", jc_blob_remove(desk.folder, 1, sha256, &err), &err);
}

static int64_t named_and_missing(void) {
    return jc_test_number(desk.db, "SELECT COUNT(*) FROM record_blob WHERE received_ms IS NULL");
}

/* --- tests --------------------------------------------------------------------------------------------------- */

static void test_whole_life(void **state) {
    (void)state;
    int64_t size_bytes = PHOTO_BYTES;
    jc_test_write(desk.db, name_photo, &size_bytes);
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply.offset, 0);
    char location[JC_TUS_VALUE];
    memcpy(location, reply.location, sizeof location);

    reply = patch(location, 0, part(0, 10), NULL);
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.offset, 10);
    assert_int_equal(head_of(location).offset, 10);
    assert_int_equal(blobs(), 0);
    assert_int_equal(named_and_missing(), 1);
    CHECK_INT("half a blob is not shown", simple("GET", blob_path(), "token-admin").status, 404);

    reply = patch(location, 10, part(10, PHOTO_BYTES), NULL);
    assert_int_equal(reply.status, 204);
    assert_int_equal(reply.offset, PHOTO_BYTES);
    assert_int_equal(blobs(), 1);
    assert_int_equal(named_and_missing(), 0);
    CHECK_INT("asked after the last answer was lost", head_of(location).offset, PHOTO_BYTES);

    reply = simple("GET", blob_path(), "token-admin");
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.body, PHOTO);
    CHECK_INT("another agency", simple("GET", blob_path(), "token-foreign").status, 404);
    CHECK_INT("another agency's device", simple("GET", blob_path(), "token-foreign-device").status, 404);
    CHECK_INT("nobody", simple("GET", blob_path(), "").status, 401);
}

/* Cut at every byte: what arrived counts, the rest follows, and there is one blob. */
static void test_cut_at_every_byte(void **state) {
    (void)state;
    desk.daily_max_bytes = PHOTO_BYTES * (PHOTO_BYTES + 2);
    for (int64_t cut = 0; cut <= PHOTO_BYTES; cut++) {
        char name[32], number[JC_NUMBER_TEXT], location[JC_TUS_VALUE];
        snprintf(name, sizeof name, "cut at %d", (int)cut);
        struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
        CHECK_INT(name, reply.status, 201);
        memcpy(location, reply.location, sizeof location);
        struct jc_tus_head head = patch_head(location, 0, number);
        struct jc_tus *tus = begin(&head, "token-device");
        for (int64_t i = 0; i < cut; i++)
            if (jc_tus_take(tus, part(i, i + 1)))
                jc_tus_piece(tus);
        jc_tus_abandon(tus);
        jc_tus_free(tus);
        reply = head_of(location);
        CHECK_INT(name, reply.status, 200);
        CHECK_INT(name, reply.offset, cut);
        if (cut < PHOTO_BYTES)
            CHECK_INT(name, patch(location, cut, part(cut, PHOTO_BYTES), NULL).status, 204);
        CHECK_INT(name, blobs(), 1);
        CHECK_INT(name, simple("DELETE", location, "token-device").status, 204);
        CHECK_INT(name, head_of(location).status, 404);
        lose_photo();
    }
}

static void test_checksums(void **state) {
    (void)state;
    static const struct {
        const char *name, *checksum;
        int status;
        int64_t offset; /* that HEAD tells afterwards */
    } CASES[] = {
        {"SHA-1 that agrees", "sha1 881zbM1v4u065y51RmeJGatRm40=", 204, 7},
        {"SHA-1 of other bytes", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", 460, 0},
        {"SHA-256 of other bytes", "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", 460, 0},
        {"none", NULL, 204, 7},
    };
    for (size_t i = 0; i < COUNT(CASES); i++) {
        char location[JC_TUS_VALUE];
        struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
        memcpy(location, reply.location, sizeof location);
        CHECK_INT(CASES[i].name, patch(location, 0, part(0, 7), CASES[i].checksum).status, CASES[i].status);
        CHECK_INT(CASES[i].name, head_of(location).offset, CASES[i].offset);
        CHECK_INT(CASES[i].name, simple("DELETE", location, "token-device").status, 204);
    }
}

/* A piece with a checksum that is cut has not been compared: nothing of it counts. */
static void test_cut_with_checksum(void **state) {
    (void)state;
    char number[JC_NUMBER_TEXT];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    struct jc_tus_head head = patch_head(reply.location, 0, number);
    head.upload_checksum = JC_STR("sha1 881zbM1v4u065y51RmeJGatRm40=");
    struct jc_tus *tus = begin(&head, "token-device");
    (void)jc_tus_take(tus, part(0, 5));
    jc_tus_piece(tus);
    jc_tus_abandon(tus);
    jc_tus_free(tus);
    assert_int_equal(head_of(reply.location).offset, 0);
}

static void test_refusals(void **state) {
    (void)state;
    static char big[1001];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    char location[JC_TUS_VALUE];
    memcpy(location, reply.location, sizeof location);
    CHECK_INT("a gap", patch(location, 5, part(5, 8), NULL).status, 409);
    CHECK_INT("more than announced", patch(location, 0, (struct jc_str){big, PHOTO_BYTES + 1}, NULL).status, 413);
    CHECK_INT("an unknown upload", patch("/blobs/u/0123456789abcdef0123456789abcdef", 0, part(0, 1), NULL).status, 404);
    CHECK_INT("too large a blob", create((struct jc_str){big, sizeof big}, "token-device").status, 413);
    CHECK_INT("a person", create(part(0, 3), "token-admin").status, 403);
    CHECK_INT("nobody", create(part(0, 3), "").status, 401);
    CHECK_INT("a revoked device", create(part(0, 3), "token-revoked").status, 401);
    CHECK_INT("another agency's device", simple("HEAD", location, "token-foreign-device").status, 404);
    CHECK_INT("another agency's device", simple("DELETE", location, "token-foreign-device").status, 404);
    CHECK_INT("nothing of what was too much counts", head_of(location).offset, 0);
    char number[JC_NUMBER_TEXT];
    struct jc_tus_head head = patch_head(location, 0, number);
    head.content_length = JC_STR("1001"); /* told before anything has come */
    struct jc_tus *tus = begin(&head, "token-device");
    (void)jc_tus_take(tus, part(0, 5));
    jc_tus_piece(tus);
    assert_true(jc_tus_has_failed(tus));
    jc_tus_abandon(tus);
    jc_tus_free(tus);
    CHECK_INT("announced as too much", head_of(location).offset, 0);
    CHECK_INT("the right bytes still fit", patch(location, 0, part(0, PHOTO_BYTES), NULL).status, 204);
}

static void test_quota(void **state) {
    (void)state;
    char bytes[900];
    for (int i = 0; i < 4; i++) {
        memset(bytes, 'a' + i, sizeof bytes);
        CHECK_INT("900 of 3,000 bytes", create((struct jc_str){bytes, sizeof bytes}, "token-device").status,
                  i < 3 ? 201 : 429);
    }
    memset(bytes, 'a', sizeof bytes);
    CHECK_INT("one begun already costs nothing", create((struct jc_str){bytes, sizeof bytes}, "token-device").status,
              201);
}

/* The bytes are there in full length and are others: the upload is dropped and begins anew. */
static void test_other_bytes(void **state) {
    (void)state;
    char other[PHOTO_BYTES], location[JC_TUS_VALUE];
    memset(other, 'x', sizeof other);
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    memcpy(location, reply.location, sizeof location);
    assert_int_equal(patch(location, 0, (struct jc_str){other, sizeof other}, NULL).status, 460);
    assert_int_equal(blobs(), 0);
    assert_int_equal(head_of(location).status, 404);
    reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_int_equal(reply.offset, 0);
    assert_int_equal(patch(reply.location, 0, part(0, PHOTO_BYTES), NULL).status, 204);
    assert_int_equal(blobs(), 1);
}

/* What is there already is not asked for again, and a lost answer to POST begins no second upload. */
static void test_known_bytes(void **state) {
    (void)state;
    char location[JC_TUS_VALUE];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    memcpy(location, reply.location, sizeof location);
    assert_int_equal(patch(location, 0, part(0, 20), NULL).status, 204);
    reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_string_equal(reply.location, location);
    assert_int_equal(reply.offset, 20);
    assert_int_equal(patch(location, 20, part(20, PHOTO_BYTES), NULL).status, 204);
    reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply.offset, PHOTO_BYTES);
    CHECK_INT("a client that sends all the same", patch(reply.location, 0, part(0, 5), NULL).status, 409);
    assert_int_equal(blobs(), 1);
}

static void test_size_of_record(void **state) {
    (void)state;
    int64_t size_bytes = PHOTO_BYTES + 1;
    jc_test_write(desk.db, name_photo, &size_bytes);
    assert_int_equal(create(part(0, PHOTO_BYTES), "token-device").status, 400);
}

static void test_empty(void **state) {
    (void)state;
    struct reply reply = create(JC_STR(""), "token-device");
    assert_int_equal(reply.status, 201);
    assert_int_equal(reply.offset, 0);
    assert_int_equal(blobs(), 1);
}

static void test_ranges(void **state) {
    (void)state;
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_int_equal(patch(reply.location, 0, part(0, PHOTO_BYTES), NULL).status, 204);
    struct jc_tus_head head = {.method = JC_STR("GET"), .path = jc_str(blob_path()), .range = JC_STR("bytes=2-6")};
    reply = ask(&head, "token-admin", JC_STR(""));
    assert_int_equal(reply.status, 206);
    assert_string_equal(reply.body, "photo");
    head.range = JC_STR("bytes=100-");
    assert_int_equal(ask(&head, "token-admin", JC_STR("")).status, 416);
}

/* --- crashes between two steps -------------------------------------------------------------------------------- */

/* All bytes lie there, and the server died before it looked at them: the next question completes the blob. */
static void test_died_before_publishing(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_upload_id id;
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_true(jc_upload_id_parse(jc_str(reply.location + strlen("/blobs/u/")), &id));
    CHECK_OK("bytes", jc_blob_incoming_write(desk.folder, id, 0, part(0, PHOTO_BYTES), &err), &err);
    assert_int_equal(blobs(), 0);
    assert_int_equal(head_of(reply.location).offset, PHOTO_BYTES);
    assert_int_equal(blobs(), 1);
}

/* The file has its name, and the server died before the row. */
static void test_died_before_the_row(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_upload_id id;
    uint8_t sha256[JC_SHA256_SIZE];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    jc_sha256(part(0, PHOTO_BYTES), sha256);
    assert_true(jc_upload_id_parse(jc_str(reply.location + strlen("/blobs/u/")), &id));
    CHECK_OK("bytes", jc_blob_incoming_write(desk.folder, id, 0, part(0, PHOTO_BYTES), &err), &err);
    CHECK_OK("published", jc_blob_publish(desk.folder, id, 1, sha256, &err), &err);
    CHECK_INT("the client asks", head_of(reply.location).offset, PHOTO_BYTES);
    assert_int_equal(blobs(), 1);
}

/* The row of the upload is there, its file is not: it begins at the first byte. */
static void test_lost_file(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_upload_id id;
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_true(jc_upload_id_parse(jc_str(reply.location + strlen("/blobs/u/")), &id));
    CHECK_OK("lost", jc_blob_incoming_drop(desk.folder, id, &err), &err);
    assert_int_equal(head_of(reply.location).offset, 0);
    assert_int_equal(patch(reply.location, 0, part(0, PHOTO_BYTES), NULL).status, 204);
    assert_int_equal(blobs(), 1);
}

/* An older connection that nobody has noticed is gone may not write behind the newer one's back. */
static void test_older_connection(void **state) {
    (void)state;
    char number[JC_NUMBER_TEXT];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device"), older_reply;
    struct jc_tus_head head = patch_head(reply.location, 0, number);
    struct jc_tus *older = begin(&head, "token-device");
    (void)jc_tus_take(older, part(0, 4));
    jc_tus_piece(older);
    assert_int_equal(head_of(reply.location).offset, 4);
    assert_int_equal(patch(reply.location, 4, part(4, 9), NULL).status, 204);
    (void)jc_tus_take(older, part(4, PHOTO_BYTES));
    jc_tus_finish(older);
    read_reply(older, &older_reply);
    assert_int_equal(older_reply.status, 409);
    jc_tus_free(older);
    assert_int_equal(head_of(reply.location).offset, 9);
    assert_int_equal(patch(reply.location, 9, part(9, PHOTO_BYTES), NULL).status, 204);
    assert_int_equal(blobs(), 1);
}

/* --- what is left over ------------------------------------------------------------------------------------------ */

enum { MS_A_DAY = 24 * 3600 * 1000 };

static struct jc_blob_collected collect(int days_later) {
    struct jc_err err = {0};
    struct jc_blob_collected out;
    struct timespec now; /* files carry the time of the system */
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK_OK(
        "collect",
        jc_blob_collect(desk.db, desk.folder, (int64_t)now.tv_sec * 1000 + (int64_t)days_later * MS_A_DAY, &out, &err),
        &err);
    return out;
}

static void orphan(void) {
    struct jc_err err = {0};
    uint8_t sha256[JC_SHA256_SIZE];
    struct jc_upload_id id = jc_upload_id_new();
    jc_sha256(part(0, PHOTO_BYTES), sha256);
    CHECK_OK("create", jc_blob_incoming_create(desk.folder, id, &err), &err);
    CHECK_OK("bytes", jc_blob_incoming_write(desk.folder, id, 0, part(0, PHOTO_BYTES), &err), &err);
    CHECK_OK("publish", jc_blob_publish(desk.folder, id, 1, sha256, &err), &err);
}

static void test_orphans(void **state) {
    (void)state;
    struct jc_err err = {0};
    struct jc_blob_collected out;
    orphan();
    CHECK_OK("a file of nobody", jc_blob_incoming_create(desk.folder, jc_upload_id_new(), &err), &err);
    out = collect(0);
    assert_int_equal(out.removed + out.adopted + out.expired, 0); /* somebody may be about to write the row */
    out = collect(2);
    assert_int_equal(out.removed, 2);
    assert_int_equal(blobs(), 0);
}

static void test_adopted(void **state) {
    (void)state;
    int64_t size_bytes = PHOTO_BYTES;
    jc_test_write(desk.db, name_photo, &size_bytes);
    orphan();
    struct jc_blob_collected out = collect(0);
    assert_int_equal(out.adopted, 1);
    assert_int_equal(blobs(), 1);
    assert_int_equal(named_and_missing(), 0);
    out = collect(400);
    assert_int_equal(out.removed + out.adopted + out.expired, 0);
    CHECK_INT("served", simple("GET", blob_path(), "token-admin").status, 200);
}

static void test_expired(void **state) {
    (void)state;
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    assert_int_equal(patch(reply.location, 0, part(0, 5), NULL).status, 204);
    assert_int_equal(collect(0).expired, 1); /* by the world's clock it began years ago */
    assert_int_equal(head_of(reply.location).status, 404);
    assert_int_equal(jc_test_number(desk.db, "SELECT COUNT(*) FROM upload"), 0);
}

static int64_t expires_ms(void) {
    return jc_test_number(desk.db, "SELECT expires_ms FROM upload");
}

/* Bytes that count move the time at which the upload expires, however they came; others do not. */
static void test_expiry_moves(void **state) {
    (void)state;
    char number[JC_NUMBER_TEXT];
    struct reply reply = create(part(0, PHOTO_BYTES), "token-device");
    int64_t begun = expires_ms();
    assert_int_equal(begun, JC_WORLD_NOW + 7 * (int64_t)MS_A_DAY);

    now_ms += MS_A_DAY;
    CHECK_INT("a question", head_of(reply.location).status, 200);
    CHECK_INT("a wrong offset", patch(reply.location, 3, part(3, 5), NULL).status, 409);
    CHECK_INT("a wrong checksum", patch(reply.location, 0, part(0, 5), "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=").status,
              460);
    CHECK_INT("no bytes", patch(reply.location, 0, part(0, 0), NULL).status, 204);
    CHECK_INT("nothing moved", expires_ms(), begun);

    struct reply moved = patch(reply.location, 0, part(0, 5), NULL);
    CHECK_INT("a piece", expires_ms(), begun + MS_A_DAY);
    assert_string_not_equal(moved.expires, reply.expires);
    assert_string_equal(moved.expires, head_of(reply.location).expires);

    now_ms += MS_A_DAY;
    struct jc_tus_head head = patch_head(reply.location, 5, number);
    struct jc_tus *cut = begin(&head, "token-device");
    assert_true(jc_tus_take(cut, part(5, 9)));
    jc_tus_piece(cut);
    jc_tus_abandon(cut);
    jc_tus_free(cut);
    CHECK_INT("a piece that was cut", expires_ms(), begun + 2 * (int64_t)MS_A_DAY);

    now_ms += MS_A_DAY;
    assert_int_equal(patch(reply.location, 9, part(9, PHOTO_BYTES), NULL).status, 204);
    CHECK_INT("the last piece", expires_ms(), begun + 3 * (int64_t)MS_A_DAY);
    now_ms += 7 * (int64_t)MS_A_DAY;
    CHECK_INT("over", head_of(reply.location).status, 404);
}

#define IN_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void) {
    const struct CMUnitTest TESTS[] = {
        IN_DESK(test_whole_life),
        IN_DESK(test_cut_at_every_byte),
        IN_DESK(test_checksums),
        IN_DESK(test_cut_with_checksum),
        IN_DESK(test_refusals),
        IN_DESK(test_quota),
        IN_DESK(test_other_bytes),
        IN_DESK(test_known_bytes),
        IN_DESK(test_size_of_record),
        IN_DESK(test_empty),
        IN_DESK(test_ranges),
        IN_DESK(test_died_before_publishing),
        IN_DESK(test_died_before_the_row),
        IN_DESK(test_lost_file),
        IN_DESK(test_older_connection),
        IN_DESK(test_orphans),
        IN_DESK(test_adopted),
        IN_DESK(test_expired),
        IN_DESK(test_expiry_moves),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
