/* What records lack (store/completeness.h): in order, by page and team, as blobs arrive, are lost, are deleted under
 * retention and named again; and that inspection.blobs_missing says the same as record_blob after each step. */
#include "jc_field_test.h"

#include "store/blob.h"
#include "store/completeness.h"
#include "store/upload.h"

static struct field field;

static int setup(void **state) {
    (void)state;
    field_open(&field);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    field_close(&field);
    return 0;
}

enum { PHOTO_BYTES = 1000 };

/* The hash of photo n. */
static uint8_t *hash_of(int n) {
    char text[JC_NUMBER_TEXT];
    uint8_t *sha256 = jc_arena_alloc(field.arena, JC_SHA256_SIZE);
    assert_non_null(sha256);
    jc_sha256(jc_str_from_int64(n, text), sha256);
    return sha256;
}

/* Record n, ad hoc at u1, naming photos first .. first + count - 1. */
static void record(int device, int n, int first, int count) {
    Jc__Inspection *inspection = field_inspection(&field, n, 0, "u1", 0);
    Jc__Photo **photos = jc_arena_array(field.arena, (size_t)count, sizeof *photos);
    for (int i = 0; i < count; i++) {
        photos[i] = FIELD_NEW(&field, Jc__Photo, JC__PHOTO__INIT);
        photos[i]->sha256 = (ProtobufCBinaryData){JC_SHA256_SIZE, hash_of(first + i)};
        photos[i]->size_bytes = PHOTO_BYTES;
        photos[i]->media_type = (char *)"image/jpeg";
    }
    inspection->photos = photos;
    inspection->n_photos = (size_t)count;
    if (device == FIELD_B1) {
        inspection->inspector_ids = field_people(&field, "b1", "b2");
        inspection->workdays = field_workdays(&field, "b", 200);
    }
    Jc__OperationResult *result = field_send(&field, device, field_ad_hoc(&field, n, inspection));
    assert_int_equal(result->status, JC__OPERATION_STATUS__OPERATION_STATUS_APPLIED);
}

/* --- what is done to a blob ------------------------------------------------------------------------------- */

enum act { ARRIVES, IS_LOST, IS_DELETED, IS_BEGUN };

struct deed {
    enum act act;
    int photo;
};

static enum jc_code deed_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct deed *deed = ctx;
    const uint8_t *sha256 = hash_of(deed->photo);
    struct jc_blob blob = {.size_bytes = PHOTO_BYTES, .media_type = JC_STR("image/jpeg"), .stored_ms = field.now_ms};
    struct jc_upload upload = {.id = JC_STR("0123456789abcdef0123456789abcdef"),
                               .agency_id = 1,
                               .device_id = field_uuid(FIELD_DEVICE, FIELD_B1),
                               .size_bytes = PHOTO_BYTES,
                               .media_type = JC_STR("image/jpeg"),
                               .created_ms = field.now_ms,
                               .expires_ms = field.now_ms + 1};
    memcpy(blob.sha256, sha256, JC_SHA256_SIZE);
    memcpy(upload.sha256, sha256, JC_SHA256_SIZE);
    switch (deed->act) {
    case ARRIVES:
        return jc_blob_store(tx, 1, &blob, err);
    case IS_LOST:
        return jc_blob_lose(tx, 1, sha256, err);
    case IS_DELETED:
        return jc_blob_delete(tx, 1, sha256, field.now_ms, JC_STR("保存期满"), err);
    case IS_BEGUN:
        return jc_upload_insert(tx, &upload, err);
    }
    return JC_OK;
}

static void photo(int n, enum act act) {
    struct deed deed = {act, n};
    jc_test_write(field.db, deed_job, &deed);
    assert_int_equal(jc_test_number(field.db, "SELECT COUNT(*) FROM inspection AS i WHERE blobs_missing <>"
                                              " (SELECT COUNT(*) FROM record_blob AS b"
                                              "   WHERE b.agency_id = i.agency_id AND b.received_ms IS NULL"
                                              "     AND b.inspection_id = i.inspection_id)"),
                     0);
}

/* --- what is asked ---------------------------------------------------------------------------------------- */

struct ask {
    struct jc_completeness_filter filter;
    struct jc_str inspection_id;
    struct jc_buf text;
    struct jc_completeness found;
    bool settled;
    int photo;
};

/* "n:missing/blobs" of each record, pages of `limit` apart by "|". */
static enum jc_code list_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    Jc__RecordCompleteness **records;
    size_t count;
    enum jc_code code;
    char line[64];
    while (
        !(code = jc_completeness_list(tx, 1, &ask->filter, field.arena, &records, &count, &ask->filter.after, err))) {
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(records[i]->missing_bytes, records[i]->missing * PHOTO_BYTES);
            assert_string_equal(records[i]->device_name, "terminal");
            assert_string_equal(records[i]->unit_name, "U1");
            snprintf(line, sizeof line, "%s%d:%d/%d", i ? " " : "", records[i]->inspection_id.data[JC_UUID_SIZE - 1],
                     records[i]->missing, records[i]->blobs);
            jc_buf_add(&ask->text, jc_str(line));
        }
        if (!ask->filter.after)
            break;
        jc_buf_char(&ask->text, '|');
    }
    return code;
}

static void check_list(const char *name, const char *team, int limit, const char *expected) {
    struct jc_err err = {0};
    struct ask ask = {.filter = {.team_id = jc_str(team), .limit = limit}};
    jc_buf_init(&ask.text, 4096);
    CHECK_OK(name, jc_db_read(field.db, list_job, &ask, &err), &err);
    CHECK_STR(name, jc_buf_str(&ask.text), expected);
    jc_buf_free(&ask.text);
}

static enum jc_code get_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    return jc_completeness_get(tx, 1, ask->inspection_id, ask->filter.team_id, field.now_ms, field.arena, &ask->found,
                               err);
}

static enum jc_code get(int n, const char *team, struct jc_completeness *out) {
    struct jc_err err = {0};
    ProtobufCBinaryData id = field_id(&field, FIELD_INSPECTION, n);
    struct ask ask = {.inspection_id = {(const char *)id.data, id.len}, .filter.team_id = jc_str(team)};
    enum jc_code code = jc_db_read(field.db, get_job, &ask, &err);
    *out = ask.found;
    return code;
}

/* The one blob of record 2. */
static const Jc__BlobStatus *only_blob(void) {
    struct jc_completeness found;
    assert_int_equal(get(2, "", &found), JC_OK);
    assert_int_equal(found.count, 1);
    assert_memory_equal(found.blobs[0]->blob->sha256.data, hash_of(3), JC_SHA256_SIZE);
    return found.blobs[0];
}

static enum jc_code settled_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct ask *ask = ctx;
    return jc_blob_is_settled(tx, 1, hash_of(ask->photo), &ask->settled, err);
}

static bool is_settled(int n) {
    struct jc_err err = {0};
    struct ask ask = {.photo = n};
    CHECK_OK("settled", jc_db_read(field.db, settled_job, &ask, &err), &err);
    return ask.settled;
}

/* --- tests -------------------------------------------------------------------------------------------------- */

static void test_lists(void **state) {
    (void)state;
    check_list("nothing", "", 10, "");
    record(FIELD_A1, 1, 1, 2); /* photos 1, 2 */
    record(FIELD_B1, 2, 3, 1); /* 3 */
    record(FIELD_A1, 3, 0, 0);
    record(FIELD_A2, 4, 2, 3); /* 2, 3, 4 */
    check_list("all", "", 10, "1:2/2 2:1/1 4:3/3");
    check_list("pages", "", 1, "1:2/2|2:1/1|4:3/3");
    check_list("a full page and no more", "", 3, "1:2/2 2:1/1 4:3/3");
    check_list("a team", "b", 10, "2:1/1");
    photo(2, ARRIVES); /* of two records */
    check_list("one came", "", 2, "1:1/2 2:1/1|4:2/3");
    photo(3, ARRIVES);
    photo(1, ARRIVES);
    check_list("only one is left", "", 10, "4:1/3");
    photo(2, IS_LOST);
    check_list("lost again", "", 10, "1:1/2 4:2/3");
    photo(2, ARRIVES);
    photo(4, ARRIVES);
    check_list("complete", "", 10, "");
}

static void test_one_record(void **state) {
    (void)state;
    struct jc_completeness found;
    record(FIELD_B1, 2, 3, 1);
    assert_int_equal(get(7, "", &found), JC_NOT_FOUND);
    assert_int_equal(get(2, "a", &found), JC_NOT_FOUND);
    assert_int_equal(get(2, "b", &found), JC_OK);
    assert_string_equal(found.record->team_id, "b");

    assert_null(only_blob()->received_at);
    assert_null(only_blob()->upload_begun_at);
    photo(3, IS_BEGUN);
    assert_non_null(only_blob()->upload_begun_at);
    field.now_ms++;
    CHECK("its time is over", !only_blob()->upload_begun_at);
    photo(3, ARRIVES);
    assert_non_null(only_blob()->received_at);
    assert_null(only_blob()->deleted_at);
}

static void test_deleted_under_retention(void **state) {
    (void)state;
    record(FIELD_B1, 2, 3, 1);
    CHECK("not there", !is_settled(3));
    photo(3, ARRIVES);
    photo(3, IS_DELETED);
    check_list("not missing", "", 10, "");
    CHECK("not asked for again", is_settled(3));
    assert_non_null(only_blob()->received_at);
    assert_non_null(only_blob()->deleted_at);
    assert_string_equal(only_blob()->deleted_why, "保存期满");

    record(FIELD_A1, 5, 3, 1);
    check_list("a later record misses it", "", 10, "5:1/1");
    CHECK("asked for", !is_settled(3));
    assert_non_null(only_blob()->deleted_at);
    photo(3, ARRIVES);
    check_list("it lives again", "", 10, "");
    assert_null(only_blob()->deleted_at);
    CHECK_INT("its row", jc_test_number(field.db, "SELECT COUNT(*) FROM blob WHERE deleted_ms IS NULL"), 1);
}

#define IN_FIELD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest TESTS[] = {
        IN_FIELD(test_lists),
        IN_FIELD(test_one_record),
        IN_FIELD(test_deleted_under_retention),
    };
    return cmocka_run_group_tests(TESTS, NULL, NULL);
}
